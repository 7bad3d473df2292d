/* SPDX-License-Identifier: MIT */
#include "supervisor/crash_symbols.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/process.h"
#include "sys/wakeup.h"

/* Debug information of large programs takes long to read. The supervisor waits meanwhile. */
static const uint64_t find_limit_ns = 2 * YK_NS_PER_S;

/* A search that was late is repeated at the next crash, so many times in all. */
enum { MAX_LATE_SEARCHES = 4, KEPT_SYMBOLS = 64 };

typedef struct kept_symbol {
    uint64_t offset;
    bool is_call; /* the place is behind a call */
    char path[YK_CRASH_PATH_BYTES]; /* "": the entry is free */
    yk_symbol symbol;
} kept_symbol;

static kept_symbol kept[KEPT_SYMBOLS];
static uint32_t kept_next;
static uint32_t late_searches;

/* ---- what is looked up ---- */

typedef struct symbol_search {
    const yk_crash *crash;
    uint32_t frames[YK_CRASH_FRAMES];
    uint32_t count;
    int ends[2]; /* of the pipe for the results */
} symbol_search;

static const char *crash_path_of(const yk_crash *crash, uint32_t frame)
{
    const uint32_t object = atomic_load(&crash->frames[frame].object);

    return object == 0 || object > YK_CRASH_OBJECTS ? "" : crash->objects[object - 1];
}

/* The instruction behind a call may be another function's, or another line's. */
static uint64_t crash_offset_of(const yk_crash *crash, uint32_t frame)
{
    return crash->frames[frame].offset - (frame > 0 ? 1 : 0);
}

static kept_symbol *symbols_find_kept(const yk_crash *crash, uint32_t frame)
{
    for (uint32_t i = 0; i < KEPT_SYMBOLS; i++) {
        if (kept[i].offset == crash->frames[frame].offset &&
            kept[i].is_call == (frame > 0) &&
            strcmp(kept[i].path, crash_path_of(crash, frame)) == 0) {
            return &kept[i];
        }
    }
    return NULL;
}

/* Also what was not found, so that it is not looked up again. */
static void symbols_keep(const yk_crash *crash, uint32_t frame, const yk_symbol *symbol)
{
    kept_symbol *entry = &kept[kept_next++ % KEPT_SYMBOLS];

    entry->offset = crash->frames[frame].offset;
    entry->is_call = frame > 0;
    yk_text_copy(entry->path, sizeof entry->path, crash_path_of(crash, frame));
    entry->symbol = *symbol;
}

/* ---- the process that looks them up ---- */

typedef struct symbol_message {
    uint64_t frame;
    yk_symbol symbol;
} symbol_message;

/* A pipe writes that much in one piece. */
static_assert(sizeof(symbol_message) < 512, "is written in one piece");

static bool symbols_send(const symbol_search *search, uint32_t frame,
                         const yk_symbol *symbol)
{
    const symbol_message message = {frame, *symbol};

    return write(search->ends[1], &message, sizeof message) == sizeof message;
}

/* First all functions, which are quickly found, then the lines: of the outermost frame first, which
 * is the program's. */
static int symbols_child(void *context)
{
    const symbol_search *search = context;
    yk_symbol symbols[YK_CRASH_FRAMES] = {{.line = 0}};

    for (uint32_t i = 0; i < search->count; i++) {
        const uint32_t frame = search->frames[i];

        yk_symbol_find_function(crash_path_of(search->crash, frame),
                                crash_offset_of(search->crash, frame), &symbols[i]);
        if (!symbols_send(search, frame, &symbols[i])) {
            return 1;
        }
    }
    for (uint32_t i = search->count; i-- > 0;) {
        const uint32_t frame = search->frames[i];

        yk_symbol_find_line(crash_path_of(search->crash, frame),
                            crash_offset_of(search->crash, frame), &symbols[i]);
        if (!symbols_send(search, frame, &symbols[i])) {
            return 1;
        }
    }
    return 0;
}

/* False: there is nothing more, or not in time. */
static bool symbols_receive(const symbol_search *search, uint64_t deadline,
                            yk_symbol *symbols)
{
    const uint64_t now = yk_clock_ns();
    symbol_message message;

    if (now >= deadline || !yk_fd_wait_one(search->ends[0], deadline - now) ||
        read(search->ends[0], &message, sizeof message) != sizeof message ||
        message.frame >= YK_CRASH_FRAMES) {
        return false;
    }
    symbols[message.frame] = message.symbol;
    return true;
}

static void symbols_run(symbol_search *search, yk_symbol *symbols)
{
    const uint64_t deadline = yk_clock_ns() + find_limit_ns;
    const pid_t pid = yk_process_fork(symbols_child, search);
    int status;

    yk_fd_close(&search->ends[1]);
    if (pid <= 0) {
        return;
    }
    while (symbols_receive(search, deadline, symbols)) {
    }
    yk_process_kill(pid);
    /* One that the system holds cannot be waited for: it is reaped with the others, later. */
    (void)yk_process_reap(pid, yk_clock_ns() < deadline, &status);
    if (yk_clock_ns() >= deadline && ++late_searches < MAX_LATE_SEARCHES) {
        return; /* the machine may just be busy */
    }
    for (uint32_t i = 0; i < search->count; i++) {
        symbols_keep(search->crash, search->frames[i], &symbols[search->frames[i]]);
    }
}

void yk_crash_find_symbols(const yk_crash *crash, uint32_t wanted,
                           yk_symbol symbols[YK_CRASH_FRAMES])
{
    const uint32_t count =
        (uint32_t)yk_min(atomic_load(&crash->frame_count), YK_CRASH_FRAMES);
    symbol_search search = {.crash = crash};

    memset(symbols, 0, YK_CRASH_FRAMES * sizeof *symbols);
    for (uint32_t i = 0; i < count; i++) {
        const kept_symbol *known = symbols_find_kept(crash, i);

        if ((wanted >> i & 1) == 0 || crash_path_of(crash, i)[0] == '\0') {
            continue;
        }
        if (known != NULL) {
            symbols[i] = known->symbol;
        } else {
            search.frames[search.count++] = i;
        }
    }
    if (search.count > 0 && yk_pipe_create(search.ends)) {
        symbols_run(&search, symbols);
        yk_fd_close(&search.ends[0]);
    }
}
