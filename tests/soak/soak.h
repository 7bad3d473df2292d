/* SPDX-License-Identifier: MIT */
/*
 * The soak: pools of all kinds do random work for a long time, while a thread of each kills
 * its processes. Every result is compared with a plain loop's.
 *
 * A *round* makes one to three pools, runs *clients* (threads of the application) on them and
 * closes them; after it nothing may be left. A client takes one *row* of the table in
 * test_soak.c after the other; one pass through a row is a *turn*. All that is drawn follows
 * from the seed and the round's number.
 */
#ifndef SOAK_H
#define SOAK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "yoke/yoke.h"

enum { SOAK_POOLS = 3, SOAK_CLIENTS = 4, SOAK_NAME_BYTES = 64 };

/* ---- what is drawn ---- */

typedef struct soak_random {
    uint64_t state;
} soak_random;

static inline uint64_t soak_bits(soak_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* At least low, at most high. */
static inline uint32_t soak_between(soak_random *random, uint32_t low, uint32_t high)
{
    return low + (uint32_t)(soak_bits(random) % (high - low + 1));
}

static inline bool soak_chance(soak_random *random, uint32_t percent)
{
    return soak_bits(random) % 100 < percent;
}

/* ---- pools and clients ---- */

typedef struct soak_pool soak_pool;
typedef struct soak_client soak_client;

/* What a pool must be like for a row. */
typedef enum soak_needs {
    SOAK_ANY = 0,
    SOAK_CPU = 1,    /* native functions run on a core */
    SOAK_SOURCE = 2, /* sources run somewhere */
    SOAK_DEVICE = 4, /* an OpenCL device */
    SOAK_ALONE = 8   /* the pool has one client */
} soak_needs;

typedef struct soak_row {
    const char *name;
    unsigned weight;
    unsigned needs; /* of soak_needs */
    void (*act)(soak_client *client);
    bool awaited; /* known to be wrong today: only run if it is named */
} soak_row;

/* Forms of a kernel. */
enum { SOAK_NATIVE = 0, SOAK_SOURCES = 1, SOAK_BOTH = 2, SOAK_FORMS = 3 };

/* Work-group size of the kernel `groups`. */
enum { SOAK_GROUP = 16 };

struct soak_client {
    soak_pool *home;
    unsigned number;
    pthread_t thread;
    soak_random random;
    const soak_row *row;
    unsigned long turn;
    uint32_t turn_key;      /* drawn for each turn */
    uint32_t killed_before; /* of the pool, when the turn began */
    uint32_t hard_before;
    bool excused;                /* something failed in this turn, as it may */
    bool must_end;               /* the pool is of no more use */
    char note[200];              /* more about the turn, for messages */
    _Atomic(const char *) doing; /* the call it is in */
    _Atomic int64_t since_ms;    /* when the turn began */
    atomic_bool ended;
};

struct soak_pool {
    yoke_pool *pool;
    unsigned number;
    /* What it is like. */
    char devices[SOAK_NAME_BYTES];
    yoke_start start;
    uint64_t items_per_process;
    bool discrete; /* YOKE_FORCE_DISCRETE */
    bool has_cpu, has_fake, has_opencl;
    bool has_sources; /* kernels are made with sources, too */
    bool breaks;      /* its supervisor will be killed */
    bool terminates;  /* it is ended by yoke_pool_terminate() */
    unsigned client_count;
    soak_client clients[SOAK_CLIENTS];
    yoke_kernel *mix[SOAK_FORMS];
    yoke_kernel *groups[SOAK_FORMS];
    /* The killer. */
    pthread_t killer;
    bool has_killer;
    soak_random killer_random;
    unsigned pause_ms;       /* between two kills, about */
    bool kills_hard;         /* with signals that look like crashes */
    atomic_uint killed;      /* all signals that kill, counted before they are sent */
    atomic_uint killed_hard; /* those of them that look like a crash */
    atomic_bool broken;      /* so is the supervisor's; the time is broken_ms */
    _Atomic int64_t broken_ms;
    atomic_bool stop;
    atomic_bool has_unread; /* jobs that no one holds may have failed, as they may */
};

/* ---- what the command line says ---- */

typedef struct soak_settings {
    uint64_t seed;
    double seconds;
    unsigned first_round;
    unsigned rounds;     /* 0: until the time is over */
    const char *devices; /* of all pools; NULL: drawn */
    bool kills;
    bool is_loud;
    bool has_segments; /* blocks may lie in named segments */
    bool has_unkept;   /* pools are closed behind failures that nothing has reported */
} soak_settings;

extern soak_settings soak_set;

/* ---- judging: soak_judge.c ---- */

/*
 * The call of a client must succeed; false if it did not and need not have: its pool's
 * supervisor was killed, or workers were so often that a job may fail. Else the program ends
 * and says how it can be repeated.
 */
#define SOAK(client, call) (SOAK_OR(client, YOKE_OK, call) == YOKE_OK)

/* The same, where one more status is right. */
#define SOAK_OR(client, allowed, call)                                                 \
    (soak_enter((client), #call), soak_judge((client), (call), (allowed), #call, NULL))

void soak_enter(soak_client *client, const char *call);
yoke_status soak_judge(soak_client *client, yoke_status status, yoke_status allowed,
                       const char *call, const char *text);

/* Waits for a future, judges how it ended, and gives it back. */
yoke_status soak_finish(soak_client *client, yoke_future *future, yoke_status allowed);

/* Something is wrong: says what, and how to repeat it, and ends the program. */
_Noreturn void soak_wrong(const soak_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same where no client is concerned; `work range` may be NULL. */
_Noreturn void soak_wrong_pool(const soak_pool *home, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether processes of its pool were killed since the turn began, or may just be. */
bool soak_was_hit(const soak_client *client);

/* Whether items of its jobs may have been given up; whether any job may have failed. */
bool soak_may_crash(const soak_client *client);
bool soak_may_fail(const soak_client *client);

/* What is being done in this round: for messages and the watchdog. */
void soak_judge_round(unsigned round, soak_pool *pools, size_t count);

/* Ends the program if a client is stuck. */
void soak_watch(void);

/* The program's own calls may take so long from now on; 0: it makes none. */
void soak_watch_main(const char *what, unsigned seconds);

/* A failure that may be: the turn's results are not looked at. */
void soak_excuse(soak_client *client, yoke_status status);

/* How many failures of a kind were excused so far. */
unsigned long soak_excused(yoke_status status);

int64_t soak_now_ms(void);
void soak_sleep_ms(unsigned ms);

/* ---- pools: soak_pool.c ---- */

/* Draws what the pool is like, and opens it. False if its devices are not there. */
bool soak_pool_open(soak_pool *home, unsigned number, soak_random *random);

/* Closes or terminates it, with jobs under way. Its clients have ended. */
void soak_pool_end(soak_pool *home);

/* A form in which a kernel of this pool can run. */
unsigned soak_form(soak_client *client);

/* Leaves options as they are or changes them, in ways that change no result. */
void soak_draw_options(soak_client *client, yoke_map_options *options);

/* Whether a pool is what a row needs. */
bool soak_suits(const soak_pool *home, const soak_row *row);

/* ---- killing: soak_killer.c ---- */

/* Must be called first in main(): gives all processes of this program a mark, for which it
 * may execute the program again. */
void soak_mark(char **argv);

void soak_killer_start(soak_pool *home);
void soak_killer_stop(soak_pool *home);

/* Signals sent so far. */
typedef struct soak_kills {
    atomic_ulong killed, stopped, supervisors;
} soak_kills;

extern soak_kills soak_kill_count;

/* ---- memory: soak_memory.c ---- */

typedef enum soak_place {
    SOAK_POOL_MEMORY,
    SOAK_SEGMENT, /* named */
    SOAK_PLAIN    /* the application's own */
} soak_place;

typedef struct soak_block {
    soak_place place;
    void *pointer;
    size_t bytes;
    yoke_shm *shm;
} soak_block;

/* Zeroed memory; it is checked whether it is. False: excused. */
bool soak_take(soak_client *client, soak_block *block, soak_place place, size_t bytes);

/* Pool memory or a segment. */
soak_place soak_draw_place(soak_client *client);

/* Gives it back. No job may use it any more; a block that was never taken is zeros. */
void soak_give(soak_client *client, soak_block *block);

/* A name that no one else uses. */
void soak_segment_name(char name[SOAK_NAME_BYTES]);

/* Names that this program has left. */
void soak_unlink_all(void);

/* ---- mixing: soak_mix.c ---- */

/* How a job's items read and write: see soak_mix.c. */
typedef enum soak_reads {
    SOAK_READ_OWN,
    SOAK_READ_CLIPPED,
    SOAK_READ_PERIODIC,
    SOAK_READ_WHOLE,
    SOAK_READ_PRESENT, /* neighbours outside the range are there */
    SOAK_READS
} soak_reads;

typedef enum soak_writes {
    SOAK_WRITE_OUT,
    SOAK_WRITE_INOUT,
    SOAK_WRITE_UPDATE,
    SOAK_WRITE_SOME, /* of the bytes of a part; the others stay */
    SOAK_WRITE_OUT_WHOLE,
    SOAK_WRITE_INOUT_WHOLE,
    SOAK_WRITES
} soak_writes;

/* One element that is written. */
typedef struct soak_element {
    uint32_t key; /* not changed, but by SOAK_WRITE_OUT */
    uint32_t value;
} soak_element;

/* What a job computes; the source has the same struct. */
typedef struct soak_mix {
    uint32_t begin[3], size[3];
    uint32_t step[3];   /* elements from one id to the next */
    uint32_t height[3]; /* ids there is room for, from 0 */
    uint32_t dimensions, split;
    uint32_t width;                   /* elements of a work-item */
    uint32_t block;                   /* what a part is, in elements: so many, */
    uint32_t blocks;                  /* so often, */
    uint32_t stride;                  /* so far from each other */
    uint32_t pitch;                   /* from one part to the next */
    uint32_t parts;                   /* that an update may read, from 0 */
    uint32_t edge, count;             /* the parts among which halos stay */
    uint32_t reads, writes;           /* soak_reads, soak_writes */
    uint32_t before, after;           /* neighbours that are read */
    uint32_t read_shift, write_shift; /* parts, as yoke_arg_at() has it */
    uint32_t
        read_stride; /* numbers per element that is read: 1, or 2 of a soak_element */
    uint32_t total;  /* elements of either array */
    uint32_t salt, rounds;
} soak_mix;

yoke_native soak_mix_native;    /* written, read, soak_mix */
yoke_native soak_groups_native; /* a sum per group, read, local, count, salt */
extern const char soak_source[];

uint32_t soak_scramble(uint32_t value, uint32_t rounds);

/* Numbers that follow from their places and the salt. */
void soak_fill(uint32_t *numbers, size_t count, uint32_t salt);

/* A line of elements; each reads its own number and writes itself. */
soak_mix soak_mix_line(uint32_t count, uint32_t salt);

/* Draws shape and forms. */
void soak_mix_draw(soak_client *client, soak_mix *mix);

/* Draws forms for a shape that is drawn. */
void soak_mix_draw_forms(soak_client *client, soak_mix *mix, bool any_write);

yoke_range soak_mix_range(const soak_mix *mix, bool names_split);
yoke_arg soak_mix_read(const soak_mix *mix, const void *numbers);
yoke_arg soak_mix_write(const soak_mix *mix, void *elements);

/* Computes it here, in a plain loop. */
void soak_mix_here(const soak_mix *mix, soak_element *elements, const void *numbers);

/* Elements are as expected, or the program ends. */
void soak_mix_check(const soak_client *client, const soak_mix *mix,
                    const soak_element *elements, const soak_element *expected);

void soak_mix_describe(const soak_mix *mix, char *text, size_t bytes);

/* ---- jobs that are under way when their pool ends: soak_maps.c ---- */

typedef struct soak_parting soak_parting;

soak_parting *soak_parting_begin(soak_client *client);
void soak_parting_end(soak_client *client, soak_parting *self, yoke_status allowed);

/* ---- the rows ---- */

void soak_row_map(soak_client *client);
void soak_row_groups(soak_client *client);
void soak_row_chain(soak_client *client);
/* Submits a job that fails, without a future; false: excused. */
bool soak_fail_unkept(soak_client *client, yoke_kernel *kernel,
                      const soak_block *block);

/* A kernel for that, and what it writes. */
bool soak_take_failure(soak_client *client, yoke_kernel **kernel, soak_block *block);

void soak_row_fail(soak_client *client);
void soak_row_unkept(soak_client *client);
void soak_row_timeout(soak_client *client);
void soak_row_items(soak_client *client);
void soak_row_items_segment(soak_client *client);
void soak_row_starmap(soak_client *client);
void soak_row_apply(soak_client *client);
void soak_row_device(soak_client *client);
void soak_row_stream(soak_client *client);
void soak_row_stream_kernel(soak_client *client);
void soak_row_reduce(soak_client *client);
void soak_row_reduce_map(soak_client *client);
void soak_row_memory(soak_client *client);
void soak_row_segments(soak_client *client);
void soak_row_process(soak_client *client);
void soak_row_process_segment(soak_client *client);
void soak_row_process_signal(soak_client *client);
void soak_row_queue(soak_client *client);
void soak_row_producers(soak_client *client);
void soak_row_lock(soak_client *client);
void soak_row_pipe(soak_client *client);
void soak_row_kernels(soak_client *client);
void soak_row_header(soak_client *client);
void soak_row_pool(soak_client *client);

#endif
