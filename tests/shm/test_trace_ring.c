/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <pthread.h>
#include <stdlib.h>

#include "shm/trace_ring.h"

enum { RINGS = 3, CAPACITY = 64, EVENTS = 400000 };

static yk_trace *create(void)
{
    yk_trace *trace = calloc(1, yk_trace_bytes(RINGS, CAPACITY));

    assert_non_null(trace);
    yk_trace_init(trace, RINGS, CAPACITY);
    return trace;
}

/* All of its fields say the same. */
static yk_trace_event event_number(uint64_t n)
{
    return (yk_trace_event){.begin_ns = n,
                            .end_ns = n,
                            .first = n,
                            .last = n,
                            .job = n,
                            .sent = n,
                            .received = n,
                            .kind = (uint32_t)n,
                            .lane = (uint32_t)n};
}

static bool is_whole(const yk_trace_event *event)
{
    const uint64_t n = event->begin_ns;

    return event->end_ns == n && event->first == n && event->last == n &&
           event->job == n && event->sent == n && event->received == n &&
           event->kind == (uint32_t)n && event->lane == (uint32_t)n;
}

static void add(yk_trace *trace, uint32_t ring, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n < to; n++) {
        const yk_trace_event event = event_number(n);

        yk_trace_add(trace, ring, &event);
    }
}

static void expect(const yk_trace *trace, uint32_t ring, uint64_t from, uint64_t to)
{
    yk_trace_event events[CAPACITY];
    const size_t count = yk_trace_copy(trace, ring, events);

    assert_int_equal(count, to - from);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(events[i].begin_ns, from + i);
        assert_true(is_whole(&events[i]));
    }
}

static void test_order(void **state)
{
    yk_trace *trace = create();

    (void)state;
    expect(trace, 0, 0, 0);
    add(trace, 1, 1, 4);
    expect(trace, 0, 0, 0);
    expect(trace, 1, 1, 4);
    expect(trace, 2, 0, 0);
    assert_int_equal(yk_trace_lost(trace, 1), 0);
    free(trace);
}

/* The place of the oldest may be half overwritten at any moment: it does not count. */
static void test_wraps(void **state)
{
    yk_trace *trace = create();

    (void)state;
    add(trace, 2, 0, CAPACITY - 1);
    expect(trace, 2, 0, CAPACITY - 1);
    add(trace, 2, CAPACITY - 1, CAPACITY);
    expect(trace, 2, 1, CAPACITY);
    assert_int_equal(yk_trace_lost(trace, 2), 0);
    add(trace, 2, CAPACITY, 1000);
    expect(trace, 2, 1000 - CAPACITY + 1, 1000);
    assert_int_equal(yk_trace_lost(trace, 2), 1000 - CAPACITY);
    expect(trace, 1, 0, 0);
    free(trace);
}

/* What began before is of an earlier trace, even if it arrives later. */
static void test_clear(void **state)
{
    yk_trace *trace = create();

    (void)state;
    add(trace, 0, 0, 10);
    yk_trace_clear(trace, 100);
    expect(trace, 0, 0, 0);
    add(trace, 0, 50, 60);
    expect(trace, 0, 0, 0);
    add(trace, 0, 100, 105);
    expect(trace, 0, 100, 105);
    free(trace);
}

static void *add_all(void *trace)
{
    add(trace, 0, 0, EVENTS);
    return NULL;
}

static void test_read_while_written(void **state)
{
    yk_trace *trace = create();
    yk_trace_event events[CAPACITY];
    pthread_t thread;
    uint64_t last = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, add_all, trace), 0);
    while (last + 1 < EVENTS) {
        const size_t count = yk_trace_copy(trace, 0, events);

        for (size_t i = 0; i < count; i++) {
            assert_true(is_whole(&events[i]));
            assert_true(i == 0 || events[i].begin_ns == events[i - 1].begin_ns + 1);
            last = events[i].begin_ns;
        }
    }
    (void)pthread_join(thread, NULL);
    free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_read_while_written),
    };

    return yt_run_group(tests);
}
