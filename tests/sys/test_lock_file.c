/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/lock_file.h"

static const uint64_t at_once = 0;
static const uint64_t long_time = UINT64_C(20000000000);

static char folder[64];
static char path[96];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/yoke-lock-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/locks", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void a_key_excludes_until_released(void **state)
{
    yk_lock_file first;
    yk_lock_file second;

    (void)state;
    assert_true(yk_lock_file_open(&first, path));
    assert_true(yk_lock_file_open(&second, path));
    assert_true(yk_lock_file_take(&first, 100, at_once));
    assert_false(yk_lock_file_try(&second, 100));
    assert_false(yk_lock_file_take(&second, 100, at_once));
    yk_lock_file_release(&second, 100);
    assert_false(yk_lock_file_try(&second, 100));
    yk_lock_file_release(&first, 100);
    assert_true(yk_lock_file_take(&second, 100, at_once));
    yk_lock_file_close(&second);
    assert_int_equal(second.fd, -1);
    assert_true(yk_lock_file_try(&first, 100));
    yk_lock_file_close(&first);
}

static void keys_do_not_exclude_each_other(void **state)
{
    static const uint64_t keys[] = {0, 4, 1 << 20, UINT64_MAX - 8, UINT64_MAX};
    yk_lock_file files[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_true(yk_lock_file_open(&files[i], path));
        assert_true(yk_lock_file_try(&files[i], keys[i]));
    }
    for (size_t i = 0; i < 5; i++) {
        yk_lock_file_close(&files[i]);
    }
}

static void what_is_missing_cannot_be_locked(void **state)
{
    yk_lock_file lock;

    (void)state;
    assert_false(yk_lock_file_open(&lock, "/nonexistent/folder/locks"));
    assert_int_equal(lock.fd, -1);
    assert_false(yk_lock_file_try(&lock, 1));
    assert_false(yk_lock_file_take(&lock, 1, long_time));
    assert_false(yk_lock_file_is_noted(&lock, 1));
    yk_lock_file_note(&lock, 1);
    yk_lock_file_release(&lock, 1);
    yk_lock_file_close(&lock);
}

static void notes_are_of_a_key_and_stay(void **state)
{
    yk_lock_file lock;

    (void)state;
    assert_true(yk_lock_file_open(&lock, path));
    assert_false(yk_lock_file_is_noted(&lock, 0));
    assert_false(yk_lock_file_is_noted(&lock, 77));
    yk_lock_file_note(&lock, 77);
    yk_lock_file_note(&lock, 0);
    yk_lock_file_close(&lock);
    assert_true(yk_lock_file_open(&lock, path));
    assert_true(yk_lock_file_is_noted(&lock, 77));
    assert_true(yk_lock_file_is_noted(&lock, 0));
    assert_false(yk_lock_file_is_noted(&lock, 78));
    assert_false(yk_lock_file_is_noted(&lock, 77 + YK_LOCK_PLACES));
    yk_lock_file_note(&lock, 77 + YK_LOCK_PLACES); /* the same place */
    assert_false(yk_lock_file_is_noted(&lock, 77));
    assert_true(yk_lock_file_try(&lock, 77)); /* notes are not locks */
    yk_lock_file_close(&lock);
}

typedef struct holder {
    int taken[2];
} holder;

/* Takes the lock, says so, and waits to be killed. */
static int hold(void *arg)
{
    const holder *const h = arg;
    yk_lock_file lock;

    if (!yk_lock_file_open(&lock, path) || !yk_lock_file_take(&lock, 5, at_once) ||
        write(h->taken[1], "x", 1) != 1) {
        return 1;
    }
    for (;;) {
        (void)pause();
    }
}

static int start_holder(holder *h)
{
    char byte;
    int pid;

    assert_int_equal(pipe(h->taken), 0);
    pid = yt_start_child(hold, h);
    assert_int_equal(read(h->taken[0], &byte, 1), 1);
    return pid;
}

static void end_holder(const holder *h, int pid)
{
    assert_int_equal(yt_wait_child(pid, 20), -SIGKILL);
    (void)close(h->taken[0]);
    (void)close(h->taken[1]);
}

static void death_gives_the_lock_back(void **state)
{
    yk_lock_file lock;
    holder h;
    int pid;

    (void)state;
    pid = start_holder(&h);
    assert_true(yk_lock_file_open(&lock, path));
    assert_false(yk_lock_file_take(&lock, 5, at_once));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_true(yk_lock_file_take(&lock, 5, long_time));
    yk_lock_file_close(&lock);
    end_holder(&h, pid);
}

/* Takes the lock of a holder, who is then killed: this process waits in the queue. */
static int wait_in_line(void *arg)
{
    yk_lock_file lock;

    (void)arg;
    return yk_lock_file_open(&lock, path) && yk_lock_file_take(&lock, 5, long_time) ? 0
                                                                                    : 1;
}

/* Whether that many wait for locks of the file, as the system sees it. */
static bool are_waiting(void *arg)
{
    unsigned count = 0;
    char inode[32];
    char line[256];
    struct stat status;
    FILE *const file = fopen("/proc/locks", "re");

    if (file == NULL || stat(path, &status) != 0) {
        return false;
    }
    (void)snprintf(inode, sizeof inode, ":%lu ", (unsigned long)status.st_ino);
    while (fgets(line, sizeof line, file) != NULL) {
        count += strstr(line, "->") != NULL && strstr(line, inode) != NULL;
    }
    (void)fclose(file);
    return count == *(unsigned *)arg;
}

static void waiters_sleep_until_the_holder_dies(void **state)
{
    holder h;
    int pids[3];
    int pid;

    (void)state;
    pid = start_holder(&h);
    for (unsigned i = 0; i < 3; i++) {
        unsigned count = i + 1;

        pids[i] = yt_start_child(wait_in_line, NULL);
        assert_true(yt_wait_until(are_waiting, &count, 20));
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(yt_wait_child(pids[i], 20), 0);
    }
    end_holder(&h, pid);
}

static void a_wait_ends_in_time(void **state)
{
    struct sigaction before;
    struct sigaction after;
    yk_lock_file lock;
    holder h;
    int pid;

    (void)state;
    pid = start_holder(&h);
    assert_int_equal(sigaction(SIGURG, NULL, &before), 0);
    assert_true(yk_lock_file_open(&lock, path));
    assert_false(yk_lock_file_take(&lock, 5, UINT64_C(300000000)));
    yk_lock_file_close(&lock);
    assert_int_equal(sigaction(SIGURG, NULL, &after), 0);
    assert_ptr_equal((void *)before.sa_handler, (void *)after.sa_handler);
    assert_int_equal(kill(pid, SIGKILL), 0);
    end_holder(&h, pid);
}

static void folders_are_made_with_their_parents(void **state)
{
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
        in_folder(a_key_excludes_until_released),
        in_folder(keys_do_not_exclude_each_other),
        in_folder(notes_are_of_a_key_and_stay),
        in_folder(waiters_sleep_until_the_holder_dies),
        in_folder(a_wait_ends_in_time),
        in_folder(death_gives_the_lock_back),
        in_folder(folders_are_made_with_their_parents),
        yt_unit_test(what_is_missing_cannot_be_locked),
    };

    return yt_run_group(tests);
}
