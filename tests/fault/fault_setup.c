/* SPDX-License-Identifier: MIT */
#include "fault_setup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Items at the front are heavier, so that the workers have something to steal. */
enum { LIGHT_ROUNDS = 50, HEAVY_ROUNDS = 600 };

typedef struct item {
    uint32_t key; /* never changed */
    uint32_t value;
} item;

struct ft_job {
    yoke_pool *pool;
    yoke_kernel *kernel;
    ft_kind kind;
    size_t items;
    item *array;
    uint32_t *n; /* how many items: two kinds read it in the pool's memory */
    unsigned times;
};

const char *const ft_kind_names[FT_KINDS] = {"out", "inout", "update", "some", "tile"};

static const char *const kernel_names[FT_KINDS] = {"fill", "change", "gather", "renew",
                                                   "change_apart"};

/* Items with gaps between them: so far apart, in items. */
enum { APART = 3 };

static const char source[] =
    "typedef struct item { uint key; uint value; } item;\n"
    "uint mix(uint v, uint rounds)\n"
    "{ for (uint r = 0; r < rounds; r++) { v ^= v << 13; v ^= v >> 17; v ^= v << 5; }\n"
    "  return v; }\n"
    "uint rounds_of(uint i, uint n) { return i < n / 4 ? 600 : 50; }\n"
    "__kernel void fill(__global item *a, uint n)\n"
    "{ uint i = get_global_id(0); item x; x.key = i * 7 + 1;\n"
    "  x.value = mix(x.key, rounds_of(i, n)); a[i] = x; }\n"
    "__kernel void change(__global item *a, uint n)\n"
    "{ uint i = get_global_id(0);\n"
    "  a[i].value += mix(a[i].key, rounds_of(i, n)); }\n"
    "__kernel void gather(__global item *a, uint n)\n"
    "{ uint i = get_global_id(0);\n"
    "  a[i].value += mix(a[(i * 31 + 5) % n].key, rounds_of(i, n)); }\n"
    "__kernel void renew(__global item *a, uint n)\n"
    "{ uint i = get_global_id(0); if (i % 3 != 0) a[i].value = mix(i * 7 + 1, "
    "  rounds_of(i, n)); }\n"
    "__kernel void change_apart(__global const item *a, uint n, __global item *b)\n"
    "{ uint i = get_global_id(0); item x = a[3 * i];\n"
    "  x.value += mix(x.key, rounds_of(i, n)); b[3 * i] = x; }\n";

uint32_t ft_mix(uint32_t v, unsigned rounds)
{
    for (unsigned r = 0; r < rounds; r++) {
        v ^= v << 13;
        v ^= v >> 17;
        v ^= v << 5;
    }
    return v;
}

static unsigned rounds_of(uint32_t i, uint32_t n)
{
    return i < n / 4 ? HEAVY_ROUNDS : LIGHT_ROUNDS;
}

static uint32_t key_of(uint32_t i)
{
    return i * 7 + 1;
}

static uint32_t other_of(uint32_t i, uint32_t n)
{
    return (i * 31 + 5) % n;
}

static void fill(const yoke_span *span, void *const args[])
{
    item *a = args[0];
    const uint32_t n = *(const uint32_t *)args[1];

    for (uint32_t i = (uint32_t)span->begin; i < span->end; i++) {
        a[i] = (item){key_of(i), ft_mix(key_of(i), rounds_of(i, n))};
    }
}

static void change(const yoke_span *span, void *const args[])
{
    item *a = args[0];
    const uint32_t n = *(const uint32_t *)args[1];

    for (uint32_t i = (uint32_t)span->begin; i < span->end; i++) {
        a[i].value += ft_mix(a[i].key, rounds_of(i, n));
    }
}

static void gather(const yoke_span *span, void *const args[])
{
    item *a = args[0];
    const uint32_t n = *(const uint32_t *)args[1];

    for (uint32_t i = (uint32_t)span->begin; i < span->end; i++) {
        a[i].value += ft_mix(a[other_of(i, n)].key, rounds_of(i, n));
    }
}

static void renew(const yoke_span *span, void *const args[])
{
    item *a = args[0];
    const uint32_t n = *(const uint32_t *)args[1];

    for (uint32_t i = (uint32_t)span->begin; i < span->end; i++) {
        if (i % 3 != 0) {
            a[i].value = ft_mix(key_of(i), rounds_of(i, n));
        }
    }
}

static void change_apart(const yoke_span *span, void *const args[])
{
    const item *a = args[0];
    const uint32_t n = *(const uint32_t *)args[1];
    item *b = args[2];

    for (uint32_t i = (uint32_t)span->begin; i < span->end; i++) {
        const item old = a[APART * i];

        b[APART * i] =
            (item){old.key, old.value + ft_mix(old.key, rounds_of(i, n))};
    }
}

static yoke_native *const natives[FT_KINDS] = {fill, change, gather, renew,
                                               change_apart};

/* ---- pools ---- */

yoke_pool *ft_pool(const char *devices, const char *fault)
{
    const yoke_pool_options options = {
        .devices = devices, .wait_ready = true, .arena_bytes = (size_t)1 << 30};
    yoke_pool *pool = NULL;
    yoke_status status;

    if (fault != NULL) {
        (void)setenv("YOKE_FAULT", fault, 1);
    }
    status = yoke_pool_create(&pool, &options);
    (void)unsetenv("YOKE_FAULT");
    assert_ok_pool(NULL, status);
    return pool;
}

void ft_look(yoke_pool *pool, ft_workers *workers)
{
    assert_ok(yoke_pool_workers(pool, workers->info, FT_MAX_WORKERS, &workers->count));
    assert_true(workers->count <= FT_MAX_WORKERS);
}

yoke_worker_info ft_worker(yoke_pool *pool, const char *name)
{
    ft_workers workers;

    ft_look(pool, &workers);
    for (size_t i = 0; i < workers.count; i++) {
        if (strncmp(workers.info[i].name, name, strlen(name)) == 0) {
            return workers.info[i];
        }
    }
    fail_msg("no worker \"%s\"", name);
    return workers.info[0];
}

unsigned ft_restarts(yoke_pool *pool)
{
    ft_workers workers;
    unsigned restarts = 0;

    ft_look(pool, &workers);
    for (size_t i = 0; i < workers.count; i++) {
        restarts += workers.info[i].restarts;
    }
    return restarts;
}

typedef struct hope {
    yoke_pool *pool;
    unsigned restarts;
} hope;

static bool has_recovered(void *arg)
{
    const hope *self = arg;
    ft_workers workers;

    ft_look(self->pool, &workers);
    for (size_t i = 0; i < workers.count; i++) {
        const yoke_worker_info *info = &workers.info[i];

        /* A device that failed twice in a row may have been given up, a core never. */
        if (info->state == YOKE_WORKER_STARTING ||
            (info->state == YOKE_WORKER_FAILED && info->kind == YOKE_WORKER_CPU)) {
            return false;
        }
    }
    return ft_restarts(self->pool) >= self->restarts;
}

bool ft_recovers(yoke_pool *pool, unsigned restarts)
{
    hope self = {pool, restarts};

    return yt_wait_until(has_recovered, &self, 10);
}

void ft_close(yoke_pool *pool)
{
    assert_ok_pool(NULL, yoke_pool_close(pool));
    assert_true(yt_nothing_alive());
}

/* ---- jobs ---- */

/* What no item writes. */
enum { GAP = 0x5eed };

static size_t step_of(const ft_job *job)
{
    return job->kind == FT_TILE ? APART : 1;
}

ft_job *ft_job_create(yoke_pool *pool, ft_kind kind, size_t items, bool with_source,
                      bool with_native)
{
    const yoke_kernel_options options = {.name = kernel_names[kind],
                                         .source = with_source ? source : NULL,
                                         .native = with_native ? natives[kind] : NULL};
    ft_job *job = calloc(1, sizeof *job);

    assert_non_null(job);
    job->pool = pool;
    job->kind = kind;
    job->items = items;
    assert_ok_pool(pool, yoke_kernel_create(&job->kernel, pool, &options));
    job->array = yoke_alloc(pool, items * step_of(job) * sizeof *job->array);
    job->n = yoke_alloc(pool, sizeof *job->n);
    assert_true(job->array != NULL && job->n != NULL);
    *job->n = (uint32_t)items;
    for (uint32_t i = 0; i < items * step_of(job); i++) {
        job->array[i].value = kind == FT_TILE ? GAP : 0;
    }
    for (uint32_t i = 0; i < items; i++) {
        job->array[i * step_of(job)] =
            (item){kind == FT_OUT ? 0 : key_of(i), kind == FT_SOME ? GAP : 0};
    }
    return job;
}

static yoke_arg array_of(const ft_job *job)
{
    switch (job->kind) {
    case FT_OUT:
        return yoke_out(job->array, sizeof *job->array);
    case FT_INOUT:
        return yoke_inout(job->array, sizeof *job->array);
    case FT_SOME:
        return yoke_out_some(job->array, sizeof *job->array);
    case FT_TILE:
        return yoke_arg_pitch(yoke_in(job->array, sizeof *job->array),
                              APART * sizeof *job->array);
    default:
        return yoke_inout_read_all(job->array, sizeof *job->array);
    }
}

yoke_status ft_job_submit(ft_job *job, const yoke_map_options *options,
                          yoke_future **future)
{
    const bool from_memory = job->kind == FT_OUT || job->kind == FT_INOUT;
    yoke_arg args[3] = {array_of(job),
                        from_memory ? yoke_scalar_from(job->n) : yoke_scalar(*job->n),
                        array_of(job)};

    args[2].access = YOKE_ACCESS_WRITE;
    job->times++;
    return yoke_map_async(future, job->pool, job->kernel, yoke_range_1d(job->items),
                          options, args, job->kind == FT_TILE ? 3 : 2);
}

void ft_job_expect(ft_job *job, unsigned times)
{
    job->times = times;
}

static uint32_t expected(const ft_job *job, uint32_t i)
{
    const uint32_t n = (uint32_t)job->items;
    const uint32_t from = job->kind == FT_UPDATE ? other_of(i, n) : i;
    const uint32_t one = ft_mix(key_of(from), rounds_of(i, n));

    if (job->kind == FT_SOME) {
        return i % 3 == 0 ? GAP : one;
    }
    return job->kind == FT_OUT ? one : one * job->times;
}

/* Nothing was written between the items. */
static bool gap_is_whole(const ft_job *job, uint32_t i)
{
    for (uint32_t k = 1; k < step_of(job); k++) {
        const item *gap = &job->array[i * step_of(job) + k];

        if (gap->key != 0 || gap->value != GAP) {
            return false;
        }
    }
    return true;
}

long ft_job_wrong(const ft_job *job)
{
    for (uint32_t i = 0; i < job->items; i++) {
        const item *own = &job->array[i * step_of(job)];

        if (own->key != key_of(i) || own->value != expected(job, i) ||
            !gap_is_whole(job, i)) {
            return (long)i;
        }
    }
    return -1;
}

void ft_job_run(ft_job *job, const yoke_map_options *options)
{
    yoke_future *future = NULL;

    assert_ok_pool(job->pool, ft_job_submit(job, options, &future));
    assert_ok_pool(job->pool, ft_finish(future));
    assert_int_equal(ft_job_wrong(job), -1);
}

void ft_job_destroy(ft_job *job)
{
    yoke_kernel_destroy(job->kernel);
    assert_ok(yoke_free(job->array));
    assert_ok(yoke_free(job->n));
    free(job);
}

yoke_status ft_finish(yoke_future *future)
{
    const yoke_status status = yoke_future_wait(future, FT_SECONDS);

    yoke_future_destroy(future);
    return status;
}

double ft_now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}
