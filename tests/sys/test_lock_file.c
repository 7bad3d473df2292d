/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/lock_file.h"

static const uint64_t at_once = 0;
static const uint64_t long_time = UINT64_C(20000000000);

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/yoke-lock-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void lock_excludes_until_released(void **state)
{
    yk_lock_file first;
    yk_lock_file second;

    (void)state;
    assert_true(yk_lock_file_take(&first, folder, at_once));
    assert_false(yk_lock_file_take(&second, folder, at_once));
    assert_int_equal(second.fd, -1);
    yk_lock_file_release(&second);
    yk_lock_file_release(&first);
    assert_int_equal(first.fd, -1);
    assert_true(yk_lock_file_take(&second, folder, at_once));
    yk_lock_file_release(&second);
}

static void what_is_missing_cannot_be_locked(void **state)
{
    yk_lock_file lock;

    (void)state;
    assert_false(yk_lock_file_take(&lock, "/nonexistent/folder", at_once));
    assert_int_equal(lock.fd, -1);
    lock = YK_LOCK_FILE_NONE;
    yk_lock_file_release(&lock);
}

typedef struct holder {
    int taken[2];
} holder;

/* Takes the lock, says so, and waits to be killed. */
static int hold(void *arg)
{
    const holder *const h = arg;
    yk_lock_file lock;

    if (!yk_lock_file_take(&lock, folder, at_once) || write(h->taken[1], "x", 1) != 1) {
        return 1;
    }
    for (;;) {
        (void)pause();
    }
}

static void death_gives_the_lock_back(void **state)
{
    yk_lock_file lock;
    holder h;
    char byte;
    int pid;

    (void)state;
    assert_int_equal(pipe(h.taken), 0);
    pid = yt_start_child(hold, &h);
    assert_int_equal(read(h.taken[0], &byte, 1), 1);
    assert_false(yk_lock_file_take(&lock, folder, at_once));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_true(yk_lock_file_take(&lock, folder, long_time));
    yk_lock_file_release(&lock);
    assert_int_equal(yt_wait_child(pid, 20), -SIGKILL);
    (void)close(h.taken[0]);
    (void)close(h.taken[1]);
}

static void folders_are_made_with_their_parents(void **state)
{
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/a/b", folder);
    assert_true(yk_make_folder(path));
    assert_int_equal(access(path, W_OK), 0);
    assert_true(yk_make_folder(path));
    assert_int_equal(rmdir(path), 0);
    (void)snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(rmdir(path), 0);
    assert_false(yk_make_folder(""));
    assert_false(yk_make_folder("/dev/null/x"));
    assert_false(yk_make_folder("/dev/null"));
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(lock_excludes_until_released),
        in_folder(death_gives_the_lock_back),
        in_folder(folders_are_made_with_their_parents),
        yt_unit_test(what_is_missing_cannot_be_locked),
    };

    return yt_run_group(tests);
}
