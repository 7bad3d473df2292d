/* SPDX-License-Identifier: MIT */
#include "ipc/pipe.h"

#include <assert.h>
#include <stddef.h>

#include "base/bits.h"
#include "base/clock.h"
#include "ipc/step.h"

/* What never changes of an end, copied: when the pipe is destroyed it reads as zeros. */
typedef struct pipe_ways {
    yk_queue *in;
    yk_queue *out;
    yk_pipe_end *other;
} pipe_ways;

static uint64_t pipe_seal_of(const yk_pipe_end *end, const pipe_ways *ways)
{
    const uint64_t words[] = {(uint64_t)(uintptr_t)ways->in,
                              (uint64_t)(uintptr_t)ways->out,
                              (uint64_t)(uintptr_t)ways->other};

    return yk_seal_of(end, words, sizeof words / sizeof words[0]);
}

/* False: something has written over it, or it was destroyed meanwhile. */
static bool pipe_get_ways(const yk_pipe_end *end, pipe_ways *ways)
{
    *ways = (pipe_ways){end->in, end->out, end->other};
    return end->object.seal == pipe_seal_of(end, ways);
}

/* ---- making ---- */

/* What may be looked at when the pipe is gone comes first: the ends, then the queues; their
 * rings follow. */
typedef struct pipe_head {
    yk_pipe_end ends[YK_PIPE_ENDS];
    yk_queue queues[YK_PIPE_ENDS];
} pipe_head;

static_assert(sizeof(pipe_head) <= 4096, "these addresses rest, see ipc/registry.h");

static uint64_t pipe_ring_bytes(const yk_queue_shape *shape)
{
    return yk_queue_bytes(shape) - sizeof(yk_queue);
}

uint64_t yk_pipe_bytes(uint64_t capacity)
{
    const yk_queue_shape shape = {.capacity = capacity};

    return yk_queue_bytes(&shape) == 0
               ? 0
               : sizeof(pipe_head) + YK_PIPE_ENDS * pipe_ring_bytes(&shape);
}

static void pipe_connect(pipe_head *head, const yk_queue_shape *shape, uint32_t way)
{
    yk_queue *queue = &head->queues[way];

    yk_queue_init_apart(queue, shape,
                        sizeof *head - offsetof(pipe_head, queues) -
                            way * sizeof *queue + way * pipe_ring_bytes(shape));
    head->ends[way].in = queue;
    head->ends[1 - way].out = queue;
}

void yk_pipe_init(yk_pipe_end *ends, uint64_t capacity, bool simplex)
{
    const yk_queue_shape shape = {.capacity = capacity};

    for (uint32_t i = 0; i < YK_PIPE_ENDS; i++) {
        yk_ipc_object_init(&ends[i].object);
        ends[i].other = &ends[1 - i];
        if (i == 0 || !simplex) {
            pipe_connect((pipe_head *)ends, &shape, i);
        }
    }
    for (uint32_t i = 0; i < YK_PIPE_ENDS; i++) {
        ends[i].object.seal = pipe_seal_of(
            &ends[i], &(pipe_ways){ends[i].in, ends[i].out, ends[i].other});
    }
}

yoke_status yk_pipe_publish(yk_pipe_end *ends, yk_ipc_registry *objects,
                            yk_arena *arena, yk_error *error)
{
    yoke_status status = YOKE_OK;

    for (uint32_t i = 0; i < YK_PIPE_ENDS && status == YOKE_OK; i++) {
        if (ends[i].in != NULL) {
            status = yk_ipc_registry_add(objects, &ends[i].in->object, YK_MAGIC_QUEUE,
                                         ends, error);
        }
        if (status == YOKE_OK) {
            status = yk_ipc_registry_add(objects, &ends[i].object, YK_MAGIC_PIPE, ends,
                                         error);
        }
    }
    if (status != YOKE_OK &&
        yk_ipc_registry_destroy(objects, arena, &ends[0].in->object, false, NULL) !=
            YOKE_OK) {
        yk_ipc_registry_drop(arena, ends);
    }
    return status;
}

/* ---- using ---- */

/* A holder that was never seen alive. */
#define PIPE_NEVER_SEEN (YK_IDENTITY_FLAG | 1)

/* The second place of a process that two threads have added at the same time. */
#define PIPE_VOID (YK_IDENTITY_FLAG | 2)

/* Where this process stands among the holders; NULL: it is not one of them. */
static _Atomic uint64_t *pipe_find_holder(yk_pipe_end *end, yk_identity process)
{
    for (uint32_t i = 0; i < YK_PIPE_HOLDERS; i++) {
        const uint64_t holder =
            atomic_load_explicit(&end->holders[i], memory_order_relaxed);

        if (holder == 0) {
            return NULL;
        }
        if ((holder & ~YK_IDENTITY_FLAG) == process) {
            return &end->holders[i];
        }
    }
    return NULL;
}

/* Whether another may have the place: that of a process which has died. One that has let go and
 * lives stays, so that it finds the end closed. */
static bool pipe_place_is_free(uint64_t holder)
{
    return holder == 0 || holder == PIPE_NEVER_SEEN || holder == PIPE_VOID ||
           !yk_identity_process_lives(holder);
}

/* Of two places of one process the later one is void: whoever writes that one sees the other. */
static void pipe_settle_place(yk_pipe_end *end, uint32_t place, uint64_t holder)
{
    for (uint32_t i = 0; i < place && holder != PIPE_NEVER_SEEN; i++) {
        const uint64_t other = atomic_load(&end->holders[i]);

        if ((other & ~YK_IDENTITY_FLAG) == (holder & ~YK_IDENTITY_FLAG)) {
            atomic_store(&end->holders[place], PIPE_VOID);
            return;
        }
    }
}

/* At the first unused place, so that places tell which process came first. False: all are used. */
static bool pipe_add_last(yk_pipe_end *end, uint64_t holder)
{
    for (uint32_t i = 0; i < YK_PIPE_HOLDERS; i++) {
        uint64_t unused = 0;

        if (atomic_compare_exchange_strong(&end->holders[i], &unused, holder)) {
            pipe_settle_place(end, i, holder);
            return true;
        }
    }
    return false;
}

/* False: all places are taken by living processes. */
static bool pipe_add_holder(yk_pipe_end *end, uint64_t holder)
{
    if (pipe_add_last(end, holder)) {
        return true;
    }
    for (uint32_t i = 0; i < YK_PIPE_HOLDERS; i++) {
        uint64_t before = atomic_load(&end->holders[i]);

        if (pipe_place_is_free(before) &&
            atomic_compare_exchange_strong(&end->holders[i], &before, holder)) {
            return true;
        }
    }
    return false;
}

/* Whether it lives and has not let go. Marks it if it has died. */
static bool pipe_holds_still(_Atomic uint64_t *place, uint64_t holder)
{
    if ((holder & YK_IDENTITY_FLAG) != 0) {
        return false;
    }
    if (yk_identity_process_lives(holder)) {
        return true;
    }
    (void)atomic_compare_exchange_strong(place, &holder, holder | YK_IDENTITY_FLAG);
    return false;
}

bool yk_pipe_end_is_gone(yk_pipe_end *end)
{
    const yk_identity self = yk_identity_process();
    bool had_holders = false;
    bool is_last = false; /* the calling process, of all that hold the end or held it */

    if (atomic_load(&end->closed) != 0) {
        return true;
    }
    if (atomic_load(&end->expected) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < YK_PIPE_HOLDERS; i++) {
        const uint64_t holder = atomic_load(&end->holders[i]);

        if (holder == 0) {
            break;
        }
        if (holder == PIPE_VOID) {
            continue;
        }
        if (holder != self && pipe_holds_still(&end->holders[i], holder)) {
            return false;
        }
        is_last = holder == self;
        had_holders = true;
    }
    return had_holders && !is_last;
}

yoke_status yk_pipe_begin(yk_pipe_use *use, yk_pipe_end *end)
{
    const yk_identity self = yk_identity_process();
    const _Atomic uint64_t *place;
    pipe_ways ways;

    *use = (yk_pipe_use){.end = end};
    if (!pipe_get_ways(end, &ways)) {
        return yk_ipc_object_damaged(&end->object);
    }
    use->in = ways.in;
    use->out = ways.out;
    use->other = ways.other;
    YK_STEP();
    place = pipe_find_holder(end, self);
    if (place == NULL && atomic_load(&end->closed) == 0) {
        if (!pipe_add_holder(end, self)) {
            return YOKE_EBUSY;
        }
        place = pipe_find_holder(end, self);
    }
    if (atomic_load(&end->closed) != 0 ||
        (place != NULL && (atomic_load(place) & YK_IDENTITY_FLAG) != 0)) {
        use->is_shut = true;
        return YOKE_ECLOSED;
    }
    return YOKE_OK;
}

/* One of the three calls: what it does at the queue, by a time. */
typedef struct pipe_call {
    const yk_pipe_use *use;
    yoke_status (*step)(const struct pipe_call *call, uint64_t deadline);
    void *data;
    const void *message;
    uint64_t *room;
    uint64_t bytes;
} pipe_call;

/* The step, in pieces short enough to notice that the other end is gone. */
static yoke_status pipe_run(const pipe_call *call, uint64_t deadline)
{
    for (;;) {
        const uint64_t piece =
            deadline == YK_AT_ONCE
                ? YK_AT_ONCE
                : yk_min(deadline, yk_clock_ns() + (uint64_t)YK_POLL_MS * YK_NS_PER_MS);
        yoke_status status = call->step(call, piece);

        if (status != YOKE_EAGAIN && status != YOKE_ETIMEDOUT) {
            return status;
        }
        if (yk_pipe_end_is_gone(call->use->other)) {
            /* What it has sent before is still received. */
            status = call->step(call, YK_AT_ONCE);
            return status == YOKE_EAGAIN ? YOKE_ECLOSED : status;
        }
        if (piece == deadline) {
            return status;
        }
        if (yk_ipc_object_is_orphan(&call->use->end->object)) {
            return YOKE_EBROKEN;
        }
    }
}

static yoke_status pipe_send_step(const pipe_call *call, uint64_t deadline)
{
    return yk_queue_put(call->use->out, call->message, call->bytes, deadline);
}

yoke_status yk_pipe_send(const yk_pipe_use *use, const void *data, uint64_t bytes,
                         uint64_t deadline)
{
    return pipe_run(
        &(pipe_call){
            .use = use, .step = pipe_send_step, .message = data, .bytes = bytes},
        deadline);
}

static yoke_status pipe_recv_step(const pipe_call *call, uint64_t deadline)
{
    return yk_queue_get(call->use->in, call->data, call->room, deadline);
}

yoke_status yk_pipe_recv(const yk_pipe_use *use, void *data, uint64_t *bytes,
                         uint64_t deadline)
{
    return pipe_run(
        &(pipe_call){.use = use, .step = pipe_recv_step, .data = data, .room = bytes},
        deadline);
}

static yoke_status pipe_poll_step(const pipe_call *call, uint64_t deadline)
{
    return yk_queue_poll(call->use->in, deadline);
}

yoke_status yk_pipe_poll(const yk_pipe_use *use, uint64_t deadline)
{
    return pipe_run(&(pipe_call){.use = use, .step = pipe_poll_step}, deadline);
}

/* This process has let go, or was never there. */
static void pipe_let_go(yk_pipe_end *end)
{
    const yk_identity self = yk_identity_process();
    _Atomic uint64_t *place = pipe_find_holder(end, self);

    if (place == NULL && pipe_add_holder(end, self | YK_IDENTITY_FLAG)) {
        place = pipe_find_holder(end, self);
    }
    if (place != NULL) {
        atomic_store(place, self | YK_IDENTITY_FLAG);
    }
}

yoke_status yk_pipe_shut(yk_pipe_end *end)
{
    pipe_ways ways;

    if (!pipe_get_ways(end, &ways)) {
        return yk_ipc_object_damaged(&end->object);
    }
    pipe_let_go(end);
    YK_STEP();
    if (!yk_pipe_end_is_gone(end)) {
        return YOKE_OK;
    }
    atomic_store(&end->closed, 1);
    YK_STEP();
    if (ways.in != NULL) {
        yk_queue_close(ways.in);
    }
    if (ways.out != NULL) {
        yk_queue_close(ways.out);
    }
    return YOKE_OK;
}

/* ---- starting processes ---- */

void yk_pipe_expect_holder(yk_pipe_end *end)
{
    atomic_fetch_add(&end->expected, 1);
}

void yk_pipe_add_expected(yk_pipe_end *end, yk_identity process, bool ended)
{
    if (!yk_ipc_object_is_open(&end->object)) {
        return;
    }
    /* It may have used the end by now, or even let go of it. */
    if (process != 0 && pipe_find_holder(end, process) == NULL) {
        (void)pipe_add_holder(end, process);
    } else if (process == 0 && ended) {
        (void)pipe_add_holder(end, PIPE_NEVER_SEEN);
    }
    atomic_fetch_sub(&end->expected, 1);
}
