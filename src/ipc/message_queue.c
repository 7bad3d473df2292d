/* SPDX-License-Identifier: MIT */
#include "ipc/message_queue.h"

#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "ipc/step.h"

/* Which bell a waiter waits for. */
enum { ROOM = 0, FILLED = 1 };

/* What threads wait for: bits of `awaited`. */
typedef enum yk_queue_wish {
    WANTS_ROOM = 1,
    WANTS_MESSAGE = 2,
    WANTS_END = 4
} yk_queue_wish;

enum { WORD = 8, FREE_AGAIN = 1 };

static const uint64_t largest = UINT64_C(1) << 46;

/* ---- shape ---- */

static uint64_t power_of_two(uint64_t bytes)
{
    uint64_t power = 64;

    while (power < bytes) {
        power *= 2;
    }
    return power;
}

static uint64_t limit_of(const yk_queue_shape *shape)
{
    const uint64_t stride = yk_round_up(shape->item_bytes, WORD);

    if (shape->item_bytes == 0) {
        return shape->capacity > largest ? 0 : yk_round_up(shape->capacity, WORD);
    }
    return shape->item_bytes > largest || shape->capacity > largest / stride
               ? 0
               : stride * shape->capacity;
}

static uint64_t takers_bytes(const yk_queue_shape *shape)
{
    return shape->joinable ? YK_MAX_TAKERS * sizeof(yk_queue_taker) : 0;
}

uint64_t yk_queue_bytes(const yk_queue_shape *shape)
{
    const uint64_t limit = limit_of(shape);

    return limit == 0 ? 0
                      : sizeof(yk_queue) + takers_bytes(shape) + power_of_two(limit);
}

void yk_queue_init(yk_queue *queue, const yk_queue_shape *shape)
{
    yk_queue_init_apart(queue, shape, sizeof *queue);
}

/* ---- what it is known to be ---- */

/* A queue during a call: the fields that never change, as they were sealed. */
typedef struct yk_queue_use {
    yk_queue *queue;
    uint64_t item_bytes;
    uint64_t limit;
    uint64_t ring_bytes;
    uint64_t ring;
    uint64_t takers;
} yk_queue_use;

static uint64_t queue_seal_of(const yk_queue_use *use)
{
    const uint64_t words[] = {use->item_bytes, use->limit, use->ring_bytes, use->ring,
                              use->takers};

    return yk_seal_of(use->queue, words, sizeof words / sizeof words[0]);
}

static yk_queue_use queue_describe(const yk_queue *queue)
{
    return (yk_queue_use){(yk_queue *)(uintptr_t)queue,
                          queue->item_bytes,
                          queue->limit,
                          queue->ring_bytes,
                          queue->ring,
                          queue->takers};
}

/* YOKE_EDAMAGED: none of its fields may be used. */
static yoke_status begin_use(yk_queue_use *use, const yk_queue *queue)
{
    *use = queue_describe(queue);
    return queue->object.seal == queue_seal_of(use)
               ? YOKE_OK
               : yk_ipc_object_damaged(&queue->object);
}

void yk_queue_init_apart(yk_queue *queue, const yk_queue_shape *shape, uint64_t offset)
{
    yk_queue_use use;

    yk_ipc_object_init(&queue->object);
    queue->item_bytes = shape->item_bytes;
    queue->limit = limit_of(shape);
    queue->ring_bytes = power_of_two(queue->limit);
    queue->takers = shape->joinable ? offset : 0;
    queue->ring = offset + takers_bytes(shape);
    use = queue_describe(queue);
    queue->object.seal = queue_seal_of(&use);
}

uint64_t yk_queue_longest(const yk_queue *queue)
{
    return queue->item_bytes != 0 ? queue->item_bytes : queue->limit - WORD;
}

/* ---- the ring ---- */

static uint64_t queue_word_get(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* What was stored before is visible to every process that sees this, even if this one dies
 * between the two. */
static void queue_word_set(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
    YK_STEP();
}

static char *queue_at(const yk_queue_use *use, uint64_t position)
{
    return (char *)use->queue + use->ring + (position & (use->ring_bytes - 1));
}

/* The number of bytes from a position to the end of the ring, at most `bytes`. */
static uint64_t in_one_piece(const yk_queue_use *use, uint64_t position, uint64_t bytes)
{
    const uint64_t rest = use->ring_bytes - (position & (use->ring_bytes - 1));

    return bytes < rest ? bytes : rest;
}

static void queue_copy_in(const yk_queue_use *use, uint64_t position, const char *data,
                          uint64_t bytes)
{
    const uint64_t first = in_one_piece(use, position, bytes);

    memcpy(queue_at(use, position), data, first);
    YK_STEP();
    if (first < bytes) {
        memcpy(queue_at(use, position + first), data + first, bytes - first);
    }
}

static void queue_copy_out(const yk_queue_use *use, uint64_t position, char *data,
                           uint64_t bytes)
{
    const uint64_t first = in_one_piece(use, position, bytes);

    memcpy(data, queue_at(use, position), first);
    YK_STEP();
    if (first < bytes) {
        memcpy(data + first, queue_at(use, position + first), bytes - first);
    }
}

/* Positions are multiples of a word, so a length is never split. */
static uint64_t length_at(const yk_queue_use *use, uint64_t position)
{
    uint64_t bytes = use->item_bytes;

    if (bytes == 0) {
        memcpy(&bytes, queue_at(use, position), sizeof bytes);
    }
    return bytes;
}

static uint64_t queue_room_of(const yk_queue_use *use, uint64_t bytes)
{
    return yk_round_up(bytes, WORD) + (use->item_bytes == 0 ? WORD : 0);
}

/* With the lock: whether the positions are possible. */
static bool has_valid_positions(const yk_queue_use *use)
{
    const uint64_t head = queue_word_get(&use->queue->head);
    const uint64_t inside = queue_word_get(&use->queue->tail) - head;
    const uint64_t unit =
        use->item_bytes != 0 ? queue_room_of(use, use->item_bytes) : WORD;

    return inside <= use->limit && head % WORD == 0 && inside % unit == 0;
}

/* With the lock, between valid positions: the length of the message there, if the rest can hold
 * it. */
static bool get_length(const yk_queue_use *use, uint64_t position, uint64_t *bytes)
{
    const uint64_t rest = queue_word_get(&use->queue->tail) - position;

    *bytes = length_at(use, position);
    return *bytes <= use->limit && queue_room_of(use, *bytes) <= rest;
}

/* UINT64_MAX: the messages do not fit between the positions, or are more than `max_count`. */
static uint64_t count_messages(const yk_queue_use *use, uint64_t max_count)
{
    const uint64_t tail = queue_word_get(&use->queue->tail);
    uint64_t position = queue_word_get(&use->queue->head);
    uint64_t count = 0;
    uint64_t bytes;

    if (!has_valid_positions(use)) {
        return UINT64_MAX;
    }
    if (use->item_bytes != 0) {
        return (tail - position) / queue_room_of(use, use->item_bytes);
    }
    while (position != tail && count <= max_count &&
           get_length(use, position, &bytes)) {
        position += queue_room_of(use, bytes);
        count++;
    }
    return position == tail ? count : UINT64_MAX;
}

/* The number of messages according to the counts. */
static uint64_t queue_message_count(const yk_queue_use *use)
{
    return queue_word_get(&use->queue->put_count) -
           queue_word_get(&use->queue->got_count);
}

bool yk_queue_valid(const yk_queue *queue)
{
    yk_queue_use use;

    return begin_use(&use, queue) == YOKE_OK && has_valid_positions(&use) &&
           use.limit <= use.ring_bytes &&
           count_messages(&use, queue_message_count(&use)) == queue_message_count(&use);
}

/* ---- the lock ---- */

static yk_queue_taker *takers_of(const yk_queue_use *use)
{
    return (yk_queue_taker *)(uintptr_t)((char *)use->queue + use->takers);
}

/* Undoes taking a message that is still in the queue. */
static void repair_taking(const yk_queue_use *use)
{
    yk_queue *queue = use->queue;
    const uint64_t taking = queue_word_get(&queue->taking);

    if (use->takers != 0 && taking != 0 && taking <= YK_MAX_TAKERS &&
        queue->taking_head == queue_word_get(&queue->head)) {
        takers_of(use)[taking - 1].outstanding = queue->taking_count;
    }
    queue_word_set(&queue->taking, 0);
}

/* After a death the counts are wrong by at most one. */
static void queue_repair(const yk_queue_use *use)
{
    yk_queue *queue = use->queue;
    uint64_t count;

    repair_taking(use);
    count = count_messages(use, queue_message_count(use) + 1);
    if (count != UINT64_MAX) {
        queue_word_set(&queue->put_count, queue_word_get(&queue->got_count) + count);
    }
    queue->awaited = 0;
    yk_ipc_object_repair_bell(&queue->object, ROOM);
    yk_ipc_object_repair_bell(&queue->object, FILLED);
}

static yoke_status queue_enter(const yk_queue_use *use, uint64_t deadline)
{
    yk_queue *queue = use->queue;
    yoke_status status =
        yk_object_enter(&queue->object, yk_identity_thread(), deadline);

    YK_STEP();
    if (status == YOKE_EOWNERDEAD) {
        queue_repair(use);
        status = YOKE_OK;
    }
    if (status == YOKE_OK && !has_valid_positions(use)) {
        yk_ipc_object_unlock(&queue->object);
        status = yk_ipc_object_damaged(&queue->object);
    }
    return status;
}

/* Clears these wishes. Whether any thread had them. */
static bool queue_answer(yk_queue *queue, uint32_t wishes)
{
    const bool awaited = (queue->awaited & wishes) != 0;

    queue->awaited &= ~wishes;
    return awaited;
}

static void queue_leave(yk_queue *queue, bool ring, unsigned bell)
{
    YK_STEP();
    yk_ipc_object_unlock(&queue->object);
    YK_STEP();
    if (ring) {
        yk_ipc_object_ring(&queue->object, bell);
    }
}

/* With the lock, which it releases: sleeps until the wish may be fulfilled. */
static yoke_status queue_wait_for(yk_queue *queue, yk_waiting *waiting,
                                  yk_queue_wish wish)
{
    const unsigned bell = wish == WANTS_MESSAGE ? FILLED : ROOM;
    const uint32_t ticket = yk_eventcount_ticket(&queue->object.bells[bell]);

    if (waiting->deadline != YK_AT_ONCE) {
        queue->awaited |= (uint32_t)wish;
    }
    queue_leave(queue, false, 0);
    return yk_waiting_sleep(waiting, bell, ticket);
}

/* ---- messages taken and not done ---- */

/* An entry without a valid signature does not count. */
static bool queue_taker_lives(const yk_queue_taker *taker)
{
    return taker->process > FREE_AGAIN && taker->check == ~taker->process &&
           yk_identity_process_lives(taker->process);
}

static void write_off(yk_queue *queue, yk_queue_taker *taker)
{
    queue->lost += taker->outstanding;
    taker->outstanding = 0;
}

/* Writes off the messages of dead processes. All other counts stay. */
static void write_off_dead(const yk_queue_use *use)
{
    yk_queue_taker *takers = takers_of(use);

    for (uint32_t i = 0; i < YK_MAX_TAKERS; i++) {
        if (takers[i].outstanding != 0 && !queue_taker_lives(&takers[i])) {
            write_off(use->queue, &takers[i]);
        }
    }
}

static void free_dead(const yk_queue_use *use)
{
    yk_queue_taker *takers = takers_of(use);

    for (uint32_t i = 0; i < YK_MAX_TAKERS; i++) {
        if (takers[i].process > FREE_AGAIN && !queue_taker_lives(&takers[i])) {
            write_off(use->queue, &takers[i]);
            takers[i].process = FREE_AGAIN;
        }
    }
}

/* The entry of a process or, with `create`, one that it may have. NULL: there is none. */
static yk_queue_taker *find_taker(const yk_queue_use *use, yk_identity process,
                                  bool create)
{
    yk_queue_taker *takers = takers_of(use);
    yk_queue_taker *vacant = NULL;

    for (uint32_t i = 0; i < YK_MAX_TAKERS; i++) {
        yk_queue_taker *taker = &takers[(process + i) % YK_MAX_TAKERS];

        if (taker->process == process) {
            return taker;
        }
        if (taker->process <= FREE_AGAIN && vacant == NULL) {
            vacant = taker;
        }
        if (taker->process == 0) {
            break;
        }
    }
    return create ? vacant : NULL;
}

static yk_queue_taker *taker_for(const yk_queue_use *use)
{
    const yk_identity self = yk_identity_process();
    yk_queue_taker *taker = find_taker(use, self, true);

    if (taker == NULL) {
        free_dead(use);
        taker = find_taker(use, self, true);
    }
    if (taker != NULL && taker->process != self) {
        *taker = (yk_queue_taker){.outstanding = 0};
        taker->process = self;
    }
    if (taker != NULL) {
        taker->check = ~self;
    }
    return taker;
}

static uint64_t count_outstanding(const yk_queue_use *use)
{
    const yk_queue_taker *takers = takers_of(use);
    uint64_t count = 0;

    for (uint32_t i = 0; i < YK_MAX_TAKERS; i++) {
        count += takers[i].outstanding;
    }
    return count;
}

static bool is_done(const yk_queue_use *use)
{
    return queue_word_get(&use->queue->head) == queue_word_get(&use->queue->tail) &&
           count_outstanding(use) == 0;
}

/* ---- put ---- */

/* With the lock. YOKE_EAGAIN: there is no room. */
static yoke_status put_now(const yk_queue_use *use, const void *data, uint64_t bytes)
{
    yk_queue *queue = use->queue;
    const uint64_t tail = queue_word_get(&queue->tail);
    const uint64_t room = queue_room_of(use, bytes);
    uint64_t position = tail;

    if (atomic_load(&queue->closed) != 0) {
        return YOKE_ECLOSED;
    }
    if (room > use->limit - (tail - queue_word_get(&queue->head))) {
        return YOKE_EAGAIN;
    }
    if (use->item_bytes == 0) {
        memcpy(queue_at(use, position), &bytes, sizeof bytes);
        position += WORD;
    }
    if (bytes != 0) {
        queue_copy_in(use, position, data, bytes);
    }
    queue_word_set(&queue->tail, tail + room);
    queue_word_set(&queue->put_count, queue_word_get(&queue->put_count) + 1);
    return YOKE_OK;
}

yoke_status yk_queue_put(yk_queue *queue, const void *data, uint64_t bytes,
                         uint64_t deadline)
{
    yk_waiting waiting = yk_waiting_start(&queue->object, deadline);
    yk_queue_use use;
    yoke_status status = begin_use(&use, queue);

    if (status != YOKE_OK) {
        return status;
    }
    if (use.item_bytes != 0 ? bytes != use.item_bytes : bytes > use.limit - WORD) {
        return YOKE_EINVAL;
    }
    for (;;) {
        status = queue_enter(&use, deadline);

        if (status != YOKE_OK) {
            return status;
        }
        status = put_now(&use, data, bytes);
        if (status != YOKE_EAGAIN) {
            queue_leave(queue, status == YOKE_OK && queue_answer(queue, WANTS_MESSAGE),
                        FILLED);
            return status;
        }
        status = queue_wait_for(queue, &waiting, WANTS_ROOM);
        if (status != YOKE_OK) {
            return status;
        }
    }
}

/* ---- get ---- */

static yoke_status no_message(yk_queue *queue)
{
    return atomic_load(&queue->closed) != 0 ? YOKE_ECLOSED : YOKE_EAGAIN;
}

static void begin_taking(const yk_queue_use *use, yk_queue_taker *taker)
{
    yk_queue *queue = use->queue;

    queue->taking_head = queue_word_get(&queue->head);
    queue->taking_count = taker->outstanding;
    queue_word_set(&queue->taking, (uint64_t)(taker - takers_of(use)) + 1);
    taker->outstanding++;
    YK_STEP();
}

/* With the lock. YOKE_EAGAIN: there is no message. */
static yoke_status get_now(const yk_queue_use *use, void *data, uint64_t *bytes)
{
    yk_queue *queue = use->queue;
    const uint64_t head = queue_word_get(&queue->head);
    const uint64_t room = *bytes;
    yk_queue_taker *taker = NULL;

    if (head == queue_word_get(&queue->tail)) {
        return no_message(queue);
    }
    if (!get_length(use, head, bytes)) {
        *bytes = room;
        return yk_ipc_object_damaged(&queue->object);
    }
    if (room < *bytes) {
        return YOKE_EINVAL;
    }
    if (use->takers != 0 && (taker = taker_for(use)) == NULL) {
        return YOKE_EBUSY;
    }
    if (*bytes != 0) {
        queue_copy_out(use, head + (use->item_bytes == 0 ? WORD : 0), data, *bytes);
    }
    if (taker != NULL) {
        begin_taking(use, taker);
    }
    queue_word_set(&queue->head, head + queue_room_of(use, *bytes));
    if (taker != NULL) {
        queue_word_set(&queue->taking, 0);
    }
    queue_word_set(&queue->got_count, queue_word_get(&queue->got_count) + 1);
    return YOKE_OK;
}

yoke_status yk_queue_get(yk_queue *queue, void *data, uint64_t *bytes,
                         uint64_t deadline)
{
    yk_waiting waiting = yk_waiting_start(&queue->object, deadline);
    yk_queue_use use;
    yoke_status status = begin_use(&use, queue);

    if (status != YOKE_OK) {
        return status;
    }
    for (;;) {
        status = queue_enter(&use, deadline);

        if (status != YOKE_OK) {
            return status;
        }
        status = get_now(&use, data, bytes);
        if (status != YOKE_EAGAIN) {
            queue_leave(queue, status == YOKE_OK && queue_answer(queue, WANTS_ROOM),
                        ROOM);
            return status;
        }
        status = queue_wait_for(queue, &waiting, WANTS_MESSAGE);
        if (status != YOKE_OK) {
            return status;
        }
    }
}

yoke_status yk_queue_poll(yk_queue *queue, uint64_t deadline)
{
    yk_waiting waiting = yk_waiting_start(&queue->object, deadline);
    yk_queue_use use;
    yoke_status status = begin_use(&use, queue);

    if (status != YOKE_OK) {
        return status;
    }
    for (;;) {
        status = queue_enter(&use, deadline);

        if (status != YOKE_OK) {
            return status;
        }
        status = queue_word_get(&queue->head) != queue_word_get(&queue->tail)
                     ? YOKE_OK
                     : no_message(queue);
        if (status != YOKE_EAGAIN) {
            queue_leave(queue, false, 0);
            return status;
        }
        status = queue_wait_for(queue, &waiting, WANTS_MESSAGE);
        if (status != YOKE_OK) {
            return status;
        }
    }
}

/* ---- waiting for it among others ---- */

yk_eventcount *yk_queue_bell(yk_queue *queue)
{
    return &queue->object.bells[FILLED];
}

bool yk_queue_seems_ready(const yk_queue *queue)
{
    return atomic_load(&queue->head) != atomic_load(&queue->tail) ||
           atomic_load(&queue->closed) != 0;
}

yoke_status yk_queue_link(yk_queue *queue)
{
    yk_queue_use use;
    yoke_status status = begin_use(&use, queue);

    if (status == YOKE_OK) {
        status = queue_enter(&use, YK_AT_ONCE);
    }
    if (status != YOKE_OK) {
        return status;
    }
    /* First, since the queue is closed without its lock. */
    yk_eventcount_link(yk_queue_bell(queue));
    YK_STEP();
    status = queue_word_get(&queue->head) != queue_word_get(&queue->tail)
                 ? YOKE_OK
                 : no_message(queue);
    if (status == YOKE_EAGAIN) {
        queue->awaited |= WANTS_MESSAGE;
    }
    queue_leave(queue, false, 0);
    return status;
}

/* ---- the rest ---- */

/* Both counts at the same moment: `got` did not change while `put` was read. After too many
 * attempts, in a queue that others use all the time, an approximate number will do. */
uint64_t yk_queue_size(const yk_queue *queue)
{
    enum { TURNS = 1000 };
    yk_queue_use use;
    uint64_t got, put;
    int turn = 0;

    if (begin_use(&use, queue) != YOKE_OK) {
        return 0;
    }
    do {
        got = atomic_load(&queue->got_count);
        YK_STEP();
        put = atomic_load(&queue->put_count);
    } while (atomic_load(&queue->got_count) != got && ++turn < TURNS);
    /* Until it is repaired, the counts may be wrong by one after a death. */
    return put > got ? yk_min(put - got, use.limit / WORD) : 0;
}

void yk_queue_close(yk_queue *queue)
{
    atomic_store(&queue->closed, 1);
    YK_STEP();
    yk_ipc_object_ring(&queue->object, ROOM);
    yk_ipc_object_ring(&queue->object, FILLED);
}

yoke_status yk_queue_abort(yk_queue *queue)
{
    yk_queue_use use;
    yoke_status status = begin_use(&use, queue);

    if (status != YOKE_OK) {
        return status;
    }
    yk_queue_close(queue);
    status = queue_enter(&use, YK_FOR_EVER);
    if (status != YOKE_OK) {
        return status;
    }
    queue_word_set(&queue->head, queue_word_get(&queue->tail));
    queue_word_set(&queue->got_count, queue_word_get(&queue->put_count));
    queue_leave(queue, queue_answer(queue, WANTS_END), ROOM);
    return YOKE_OK;
}

/* Whether all may be done: it is not while there are messages, or while this process has some
 * left. */
static bool may_be_done(const yk_queue *queue, const yk_queue_taker *taker)
{
    return queue_word_get(&queue->head) == queue_word_get(&queue->tail) &&
           taker->outstanding == 0;
}

yoke_status yk_queue_task_done(yk_queue *queue)
{
    yk_queue_use use;
    yoke_status status = begin_use(&use, queue);
    yk_queue_taker *taker;

    if (status == YOKE_OK) {
        status = use.takers == 0 ? YOKE_EINVAL : queue_enter(&use, YK_FOR_EVER);
    }
    if (status != YOKE_OK) {
        return status;
    }
    taker = find_taker(&use, yk_identity_process(), false);
    if (taker == NULL || taker->outstanding == 0) {
        status = YOKE_EINVAL;
    } else {
        taker->outstanding--;
    }
    queue_leave(queue,
                status == YOKE_OK && may_be_done(queue, taker) &&
                    queue_answer(queue, WANTS_END),
                ROOM);
    return status;
}

/* With the lock, when all is done. */
static yoke_status queue_report_lost(yk_queue *queue, uint64_t *lost)
{
    *lost = queue->lost - queue->told;
    queue->told = queue->lost;
    return *lost == 0 ? YOKE_OK : YOKE_ELOST;
}

yoke_status yk_queue_join(yk_queue *queue, uint64_t deadline, uint64_t *lost)
{
    yk_waiting waiting = yk_waiting_start(&queue->object, deadline);
    /* when to check next for dead processes, which takes time with the lock held */
    uint64_t next_check = 0;
    yk_queue_use use;
    yoke_status status = begin_use(&use, queue);

    *lost = 0;
    if (status != YOKE_OK || use.takers == 0) {
        return status != YOKE_OK ? status : YOKE_EINVAL;
    }
    for (;;) {
        status = queue_enter(&use, deadline);

        if (status != YOKE_OK) {
            return status;
        }
        if (!is_done(&use) && yk_clock_ns() >= next_check) {
            write_off_dead(&use);
            next_check = yk_clock_ns() + (uint64_t)YK_POLL_MS * YK_NS_PER_MS;
        }
        if (is_done(&use)) {
            status = queue_report_lost(queue, lost);
            queue_leave(queue, false, 0);
            return status;
        }
        status = queue_wait_for(queue, &waiting, WANTS_END);
        if (status != YOKE_OK) {
            return status;
        }
    }
}
