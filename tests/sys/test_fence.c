/* SPDX-License-Identifier: MIT */
#include "sys/fence.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "support/yoke_test.h"

enum { PAGES = 8 };

static size_t page;

static void make(yk_fence *fence)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    *fence = (yk_fence){.base = NULL};
    assert_true(yk_fence_create(fence, PAGES * page));
}

static unsigned char look(const unsigned char *at)
{
    return *(const volatile unsigned char *)at;
}

static void put(unsigned char *at, unsigned char byte)
{
    *(volatile unsigned char *)at = byte;
}

static void accesses_are_recorded(void **state)
{
    yk_fence fence;
    yk_trespass first;

    (void)state;
    make(&fence);
    assert_true(yk_fence_set(&fence, page, page, YK_FENCE_OPEN));
    assert_true(yk_fence_set(&fence, 2 * page, page, YK_FENCE_READ));
    yk_fences_arm();
    put(fence.base + page, 7);
    (void)look(fence.base + 2 * page);
    assert_false(yk_fences_settle(&first));
    (void)look(fence.base + 3 * page + 5);
    put(fence.base + page - 1, 1);
    assert_true(yk_fences_settle(&first));
    assert_ptr_equal(first.fence, &fence);
    assert_ptr_equal(first.address, fence.base + 3 * page + 5);
    assert_false(first.is_write);
    put(fence.base + 3 * page + 5, 1); /* closed again */
    assert_true(yk_fences_settle(&first));
    assert_ptr_equal(first.address, fence.base + 3 * page + 5);
    assert_true(first.is_write);
    put(fence.base + 2 * page + 9, 1);
    assert_true(yk_fences_settle(&first));
    assert_true(first.is_write);
    assert_false(yk_fences_settle(&first));
    yk_fences_disarm();
    yk_fence_destroy(&fence);
}

static void pages_show_what_is_there(void **state)
{
    static const unsigned char there[] = "something";
    yk_fence fence;
    yk_trespass first;

    (void)state;
    make(&fence);
    fence.shown = there;
    fence.shown_at = fence.base + 2 * page - 4; /* over a page's end */
    fence.shown_bytes = sizeof there;
    yk_fences_arm();
    for (size_t i = 0; i < sizeof there; i++) {
        assert_int_equal(look(fence.shown_at + i), there[i]);
    }
    assert_int_equal(look(fence.shown_at - 1), 0);
    assert_true(yk_fences_settle(&first));
    yk_fences_disarm();
    yk_fence_destroy(&fence);
}

/* More than are remembered: the program goes on, and the first one is known. */
static void many_accesses(void **state)
{
    enum { MANY = 2000 };
    yk_fence fence = {.base = NULL};
    yk_trespass first;

    (void)state;
    page = (size_t)sysconf(_SC_PAGESIZE);
    assert_true(yk_fence_create(&fence, MANY * page));
    yk_fences_arm();
    for (size_t i = 0; i < MANY; i++) {
        put(fence.base + i * page + 3, 1);
    }
    assert_true(yk_fences_settle(&first));
    assert_ptr_equal(first.address, fence.base + 3);
    put(fence.base + 100 * page, 1);
    assert_true(yk_fences_settle(&first));
    assert_ptr_equal(first.address, fence.base + 100 * page);
    yk_fences_disarm();
    yk_fence_destroy(&fence);
}

static int crash_elsewhere(void *arg)
{
    yk_fence fence = {.base = NULL};
    volatile unsigned char *const nowhere = arg;

    if (!yk_fence_create(&fence, PAGES * (size_t)sysconf(_SC_PAGESIZE))) {
        return 1;
    }
    (void)signal(SIGSEGV, SIG_DFL);
    yk_fences_arm();
    *nowhere = 1;
    return 0;
}

static void other_crashes_stay(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(crash_elsewhere, (void *)8, 20), -SIGSEGV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(accesses_are_recorded),
        yt_unit_test(pages_show_what_is_there),
        yt_unit_test(many_accesses),
        yt_unit_test(other_crashes_stay),
    };

    return yt_run_group(tests);
}
