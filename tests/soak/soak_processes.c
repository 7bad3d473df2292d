/* SPDX-License-Identifier: MIT */
/* Processes that work on the pool's memory and on segments by pointer. They may be killed, and
 * then must be known as killed; what they have said they have done is done. */
#include "soak.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Joins a process; false if it was killed, or if that is not known. */
static bool end_process(soak_client *client, yoke_process *process, int expected)
{
    int code = 1000;
    bool is_whole = false;

    if (SOAK(client, yoke_process_wait(process, NULL, YOKE_FOREVER)) &&
        SOAK(client, yoke_process_wait(process, &code, 0))) {
        is_whole = code == expected;
        if (!is_whole && !(code < 0 && soak_was_hit(client))) {
            soak_wrong(client, "a process ended with %d, not %d", code, expected);
        }
    }
    yoke_process_destroy(process);
    return is_whole;
}

/* ---- sums of arrays and segments ---- */

enum { RUNS = 8 };

typedef struct order {
    uint32_t *numbers; /* read, then changed */
    uint32_t count, salt;
    uint64_t *sums; /* RUNS of them */
} order;

static uint64_t run_order(const order *self)
{
    uint64_t sum = 0;

    for (uint32_t run = 0; run < RUNS; run++) {
        for (uint32_t i = 0; i < self->count; i++) {
            sum = sum * 31 + soak_scramble(self->numbers[i] + run, 1);
            self->numbers[i] += run + self->salt;
        }
        self->sums[run] = sum;
    }
    return sum;
}

static int exit_code_of(uint64_t sum)
{
    return (int)(sum % 200) + 1;
}

static int serve_order(void *argument, size_t bytes)
{
    return bytes == sizeof(order) ? exit_code_of(run_order(argument)) : 250;
}

static void check_order(soak_client *client, const order *self, const order *expected)
{
    for (uint32_t run = 0; run < RUNS; run++) {
        if (self->sums[run] != expected->sums[run]) {
            soak_wrong(client,
                       "run %u of a process over %u numbers gives %llx, not %llx", run,
                       self->count, (unsigned long long)self->sums[run],
                       (unsigned long long)expected->sums[run]);
        }
    }
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->numbers[i] != expected->numbers[i]) {
            soak_wrong(client,
                       "number %u of %u that a process has changed is %u, not %u", i,
                       self->count, self->numbers[i], expected->numbers[i]);
        }
    }
}

static void run_process(soak_client *client, soak_place place)
{
    const uint32_t count = soak_between(&client->random, 1, 5000);
    soak_block numbers = {.pointer = NULL}, sums = {.pointer = NULL};
    order mine = {.count = count, .salt = client->turn_key};
    order expected = {.count = count,
                      .salt = client->turn_key,
                      .numbers = malloc(count * sizeof(uint32_t)),
                      .sums = malloc(RUNS * sizeof(uint64_t))};
    const yoke_process_options options = {.daemon = soak_chance(&client->random, 30)};
    yoke_process *process = NULL;

    if (soak_take(client, &numbers, place, count * sizeof(uint32_t)) &&
        soak_take(client, &sums, place, RUNS * sizeof(uint64_t))) {
        mine.numbers = numbers.pointer;
        mine.sums = sums.pointer;
        for (uint32_t i = 0; i < count; i++) {
            mine.numbers[i] = expected.numbers[i] = soak_scramble(i + mine.salt, 1);
        }
        const uint64_t sum = run_order(&expected);

        if (SOAK(client, yoke_process_start(&process, client->home->pool, serve_order,
                                            &mine, sizeof mine, &options)) &&
            end_process(client, process, exit_code_of(sum))) {
            check_order(client, &mine, &expected);
        }
    }
    soak_give(client, &numbers);
    soak_give(client, &sums);
    free(expected.numbers);
    free(expected.sums);
}

void soak_row_process(soak_client *client)
{
    run_process(client, SOAK_POOL_MEMORY);
}

void soak_row_process_segment(soak_client *client)
{
    run_process(client, SOAK_SEGMENT);
}

/* ---- processes that are ended ---- */

static int wait_for_ever(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    while (pause() != 0) {
    }
    return 98;
}

void soak_row_process_signal(soak_client *client)
{
    yoke_process *process = NULL;
    const bool is_polite = soak_chance(&client->random, 50);
    struct pollfd end = {.events = POLLIN};

    if (!SOAK(client, yoke_process_start(&process, client->home->pool, wait_for_ever,
                                         NULL, 0, NULL))) {
        return;
    }
    if (soak_chance(&client->random, 50)) {
        soak_sleep_ms(soak_between(&client->random, 0, 5));
    }
    (void)(is_polite ? SOAK(client, yoke_process_terminate(process))
                     : SOAK(client, yoke_process_kill(process)));
    if (soak_chance(&client->random, 50)) {
        soak_enter(client, "poll() for a process");
        end.fd = yoke_process_fd(process);
        if (end.fd >= 0) {
            (void)poll(&end, 1, -1);
        }
    }
    (void)end_process(client, process, is_polite ? -SIGTERM : -SIGKILL);
}

/* ---- producers ---- */

enum { PRODUCERS = 3, MOST_MESSAGE = 100 };

typedef struct production {
    yoke_queue *queue;
    uint32_t producer, count;
} production;

typedef struct message {
    uint32_t producer, number;
    unsigned char text[MOST_MESSAGE];
} message;

static size_t message_bytes(uint32_t number)
{
    return offsetof(message, text) + number % MOST_MESSAGE;
}

static int produce(void *argument, size_t bytes)
{
    const production *mine = argument;
    message next = {.producer = mine->producer};

    if (bytes != sizeof *mine) {
        return 250;
    }
    for (next.number = 0; next.number < mine->count; next.number++) {
        for (uint32_t i = 0; i < next.number % MOST_MESSAGE; i++) {
            next.text[i] = (unsigned char)(next.number + i);
        }
        if (yoke_queue_put(mine->queue, &next, message_bytes(next.number),
                           YOKE_FOREVER) != YOKE_OK) {
            return 251;
        }
    }
    return 7;
}

static void check_message(soak_client *client, const message *got, size_t bytes,
                          uint32_t next[PRODUCERS])
{
    if (got->producer >= PRODUCERS || got->number != next[got->producer] ||
        bytes != message_bytes(got->number)) {
        soak_wrong(client, "a message of %zu bytes is number %u of producer %u, not %u",
                   bytes, got->number, got->producer,
                   got->producer < PRODUCERS ? next[got->producer] : 0);
    }
    for (uint32_t i = 0; i < got->number % MOST_MESSAGE; i++) {
        if (got->text[i] != (unsigned char)(got->number + i)) {
            soak_wrong(client, "message %u of producer %u has a wrong byte %u",
                       got->number, got->producer, i);
        }
    }
    next[got->producer]++;
}

static bool any_alive(yoke_process *const processes[PRODUCERS])
{
    for (int p = 0; p < PRODUCERS; p++) {
        if (processes[p] != NULL && yoke_process_is_alive(processes[p])) {
            return true;
        }
    }
    return false;
}

/* Takes messages until all processes have ended and none is left. */
static void consume(soak_client *client, yoke_queue *queue,
                    yoke_process *const processes[PRODUCERS], uint32_t next[PRODUCERS])
{
    for (;;) {
        const bool was_alive = any_alive(processes);
        message got;
        size_t bytes = sizeof got;
        const yoke_status status =
            SOAK_OR(client, YOKE_ETIMEDOUT, yoke_queue_get(queue, &got, &bytes, 0.05));

        if (status == YOKE_OK) {
            check_message(client, &got, bytes, next);
        } else if (status != YOKE_ETIMEDOUT || !was_alive) {
            return;
        }
    }
}

void soak_row_producers(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const yoke_queue_options options = {.capacity =
                                            soak_between(&client->random, 400, 20000)};
    production orders[PRODUCERS];
    yoke_process *processes[PRODUCERS] = {NULL};
    uint32_t next[PRODUCERS] = {0};
    yoke_queue *queue = NULL;

    if (!SOAK(client, yoke_queue_create(&queue, pool, &options))) {
        return;
    }
    for (uint32_t p = 0; p < PRODUCERS && !client->must_end; p++) {
        orders[p] = (production){queue, p, soak_between(&client->random, 0, 400)};
        (void)SOAK(client, yoke_process_start(&processes[p], pool, produce, &orders[p],
                                              sizeof orders[p], NULL));
    }
    consume(client, queue, processes, next);
    for (uint32_t p = 0; p < PRODUCERS; p++) {
        if (processes[p] != NULL && end_process(client, processes[p], 7) &&
            next[p] != orders[p].count) {
            soak_wrong(client, "of %u messages of producer %u there were %u",
                       orders[p].count, p, next[p]);
        }
    }
    (void)SOAK(client, yoke_queue_destroy(queue));
}

/* ---- workers that put ---- */

static void report_items(const yoke_span *span, void *const args[])
{
    yoke_queue *queue = *(yoke_queue *const *)args[1];
    uint32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        const uint32_t number = (uint32_t)i;

        out[i] = soak_scramble(number, 5);
        if (yoke_queue_put(queue, &number, sizeof number, YOKE_FOREVER) != YOKE_OK) {
            yoke_span_fail(span, 1, "the queue is closed");
            return;
        }
    }
}

/* An item that was computed twice is reported twice; none is left out. */
static void take_reports(soak_client *client, yoke_queue *queue, yoke_future *future,
                         unsigned char *seen, uint32_t count)
{
    for (;;) {
        void *const things[] = {future, queue};
        size_t first = 0;
        uint32_t number;
        yoke_status status;
        bool was_done;

        if (!SOAK(client, yoke_wait_any(things, 2, &first, YOKE_FOREVER, NULL))) {
            return;
        }
        was_done = first == 0;
        status = SOAK_OR(client, YOKE_ETIMEDOUT, yoke_queue_get(queue, &number, NULL, 0));

        if (status == YOKE_OK && number >= count) {
            soak_wrong(client, "a worker reports item %u of %u", number, count);
        }
        if (status == YOKE_OK) {
            seen[number] = 1;
        } else if (status != YOKE_ETIMEDOUT || was_done) {
            return;
        }
    }
}

static void check_reports(soak_client *client, const unsigned char *seen,
                          const uint32_t *results, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!seen[i] || results[i] != soak_scramble(i, 5)) {
            soak_wrong(client, "item %u of %u was %s", i, count,
                       seen[i] ? "computed wrongly" : "not reported");
        }
    }
}

void soak_row_queue(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    const uint32_t count = soak_between(&client->random, 1, 1500);
    const yoke_queue_options options = {.item_bytes = sizeof(uint32_t),
                                        .capacity =
                                            soak_between(&client->random, 1, 600)};
    unsigned char *seen = calloc(count, 1);
    soak_block out = {.pointer = NULL};
    yoke_queue *queue = NULL;
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;

    if (SOAK(client,
             yoke_kernel_create(&kernel, pool,
                                &(yoke_kernel_options){.name = "report_items",
                                                       .native = report_items})) &&
        SOAK(client, yoke_queue_create(&queue, pool, &options)) &&
        soak_take(client, &out, soak_draw_place(client), count * 4) &&
        SOAK(client,
             yoke_map_async(&future, pool, kernel, yoke_range_1d(count), NULL,
                            YOKE_ARGS(yoke_out(out.pointer, 4), yoke_scalar(queue))))) {
        take_reports(client, queue, future, seen, count);
        if (soak_finish(client, future, YOKE_OK) == YOKE_OK && !client->excused) {
            check_reports(client, seen, out.pointer, count);
        }
    }
    (void)SOAK(client, yoke_queue_destroy(queue));
    soak_give(client, &out);
    yoke_kernel_destroy(kernel);
    free(seen);
}

/* ---- a lock that protects a counter ---- */

typedef struct counters {
    uint64_t total; /* changed with the lock alone */
    uint64_t taken_over;
    uint64_t done[PRODUCERS];
} counters;

typedef struct counting {
    yoke_mutex *lock;
    counters *shared;
    uint32_t number, times;
} counting;

static int count_up(void *argument, size_t bytes)
{
    const counting *mine = argument;
    volatile uint64_t *total = &mine->shared->total;

    if (bytes != sizeof *mine) {
        return 250;
    }
    for (uint32_t i = 0; i < mine->times; i++) {
        const yoke_status status = yoke_mutex_lock(mine->lock, YOKE_FOREVER);
        uint64_t before;

        if (status != YOKE_OK && status != YOKE_EOWNERDEAD) {
            return 251;
        }
        before = *total;
        if (i % 64 == 0) {
            (void)usleep(100);
        }
        *total = before + 1;
        mine->shared->done[mine->number]++;
        mine->shared->taken_over += status == YOKE_EOWNERDEAD;
        if (yoke_mutex_unlock(mine->lock) != YOKE_OK) {
            return 252;
        }
    }
    return 9;
}

/* Each death may have left one count without its other half. */
static void check_counters(soak_client *client, const counters *shared, unsigned deaths)
{
    uint64_t sum = 0;

    for (int p = 0; p < PRODUCERS; p++) {
        sum += shared->done[p];
    }
    if (shared->total < sum || shared->total > sum + deaths ||
        shared->taken_over > deaths) {
        soak_wrong(client,
                   "%llu counted with a lock, of %llu, with %u deaths; taken over %llu",
                   (unsigned long long)shared->total, (unsigned long long)sum, deaths,
                   (unsigned long long)shared->taken_over);
    }
}

void soak_row_lock(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    yoke_process *processes[PRODUCERS] = {NULL};
    soak_block block = {.pointer = NULL};
    unsigned deaths = 0;
    counting mine = {.times = soak_between(&client->random, 1, 400)};

    if (soak_take(client, &block, SOAK_POOL_MEMORY, sizeof(counters)) &&
        SOAK(client, yoke_mutex_create(&mine.lock, pool, NULL))) {
        mine.shared = block.pointer;
        for (uint32_t p = 0; p < PRODUCERS && !client->must_end; p++) {
            mine.number = p;
            (void)SOAK(client, yoke_process_start(&processes[p], pool, count_up, &mine,
                                                  sizeof mine, NULL));
        }
        for (uint32_t p = 0; p < PRODUCERS; p++) {
            if (processes[p] != NULL) {
                deaths += !end_process(client, processes[p], 9);
            }
        }
        if (!client->excused) {
            check_counters(client, block.pointer, deaths);
        }
        (void)SOAK(client, yoke_mutex_destroy(mine.lock));
    }
    soak_give(client, &block);
}

/* ---- a pipe to and fro ---- */

static int answer(void *argument, size_t bytes)
{
    yoke_pipe *end = *(yoke_pipe *const *)argument;
    uint32_t number;
    size_t length;
    yoke_status status;

    (void)bytes;
    for (;;) {
        length = sizeof number;
        status = yoke_pipe_recv(end, &number, &length, YOKE_FOREVER);
        if (status != YOKE_OK) {
            return status == YOKE_ECLOSED ? 11 : 251;
        }
        number = soak_scramble(number, 3);
        status = yoke_pipe_send(end, &number, sizeof number, YOKE_FOREVER);
        if (status != YOKE_OK) {
            return status == YOKE_ECLOSED ? 11 : 252;
        }
    }
}

/* Asks until the other end has gone, if it was killed. */
static void ask(soak_client *client, yoke_pipe *end, unsigned questions)
{
    for (uint32_t i = 0; i < questions && !client->excused; i++) {
        const uint32_t number = i + client->turn_key;
        const yoke_status gone = soak_was_hit(client) ? YOKE_ECLOSED : YOKE_OK;
        uint32_t reply = 0;
        size_t length = sizeof reply;
        yoke_status status;

        if (SOAK_OR(client, gone,
                    yoke_pipe_send(end, &number, sizeof number, YOKE_FOREVER)) !=
            YOKE_OK) {
            return;
        }
        /* An end that was not used yet is waited for, also if its process is gone. */
        soak_enter(client, "yoke_pipe_recv()");
        do {
            status = yoke_pipe_recv(end, &reply, &length, 0.2);
        } while (status == YOKE_ETIMEDOUT && !soak_was_hit(client));
        if (status != YOKE_OK) {
            if (!soak_was_hit(client) ||
                (status != YOKE_ECLOSED && status != YOKE_ETIMEDOUT)) {
                (void)soak_judge(client, status, YOKE_OK, "yoke_pipe_recv()", NULL);
            }
            return;
        }
        if (reply != soak_scramble(number, 3)) {
            soak_wrong(client, "the answer to %u is %u", number, reply);
        }
    }
}

void soak_row_pipe(soak_client *client)
{
    yoke_pool *pool = client->home->pool;
    yoke_pipe *ends[2] = {NULL, NULL};
    yoke_process *process = NULL;

    if (!SOAK(client, yoke_pipe_create(ends, pool, NULL))) {
        return;
    }
    if (SOAK(client, yoke_process_start(&process, pool, answer, &ends[1],
                                        sizeof ends[1], NULL))) {
        ask(client, ends[0], soak_between(&client->random, 0, 200));
        (void)SOAK(client, yoke_pipe_shutdown(ends[0]));
        (void)end_process(client, process, 11);
    }
    (void)SOAK(client, yoke_pipe_destroy(ends[0]));
}
