/* SPDX-License-Identifier: MIT */
/* A program that locks its memory, as programs with real-time threads do. */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <yoke/yoke.h>

#include "support/yoke_test.h"
#include "surroundings_setup.h"

#if defined(__SANITIZE_ADDRESS__)
#define IGNORES_LOCKS true /* AddressSanitizer makes mlockall() do nothing */
#elif defined(__has_feature)
#define IGNORES_LOCKS __has_feature(address_sanitizer)
#else
#define IGNORES_LOCKS false
#endif

enum { ITEMS = 10000, NOT_ALLOWED = 50, NOT_ROOT = 65534 };
enum { MAX_KIB = 256 << 10 };

static long read_kib(const char *key)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            kib = strtol(line + strlen(key), NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

/* A small arena, so that the machine survives a library that lets all of it be allocated. */
static int live_locked(void *flags)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    yoke_pool *pool;
    int code;

    (void)setrlimit(RLIMIT_MEMLOCK, &all);
    if (IGNORES_LOCKS || mlockall(*(int *)flags) != 0) {
        return NOT_ALLOWED;
    }
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                     .arena_bytes = (size_t)1 << 30}) !=
        YOKE_OK) {
        (void)fprintf(stderr, "%s\n", yoke_pool_error(NULL));
        return 1;
    }
    code = surroundings_use(pool, ITEMS);
    if (code == 0 && read_kib("RssShmem:") > MAX_KIB) {
        code = 2;
    }
    if (code == 0 && read_kib("VmLck:") <= MAX_KIB) {
        code = 3; /* what is used is no longer locked */
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 4;
}

static void test_unused_memory(void **state)
{
    int flags[] = {MCL_FUTURE, MCL_CURRENT | MCL_FUTURE};

    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const int code = yt_in_child(live_locked, &flags[i], 60);

        if (code == NOT_ALLOWED) {
            print_message("skipped: memory cannot be locked here\n");
            return;
        }
        assert_int_equal(code, 0);
    }
}

/* As a user without privileges. */
static int live_limited(void *unused)
{
    const struct rlimit little = {(rlim_t)4 << 20, (rlim_t)4 << 20};
    yoke_pool *pool;

    (void)unused;
    if (IGNORES_LOCKS || setrlimit(RLIMIT_MEMLOCK, &little) != 0 || mlockall(MCL_FUTURE) != 0) {
        return NOT_ALLOWED;
    }
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOT_ROOT) != 0 ||
                           setuid(NOT_ROOT) != 0)) {
        return NOT_ALLOWED;
    }
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1"}) != YOKE_ENOMEM) {
        return 1;
    }
    if (strstr(yoke_pool_error(NULL), "(ulimit -l) is 4194304 bytes") == NULL) {
        (void)fprintf(stderr, "%s\n", yoke_pool_error(NULL));
        return 2;
    }
    return 0;
}

static void test_limit(void **state)
{
    const int code = yt_in_child(live_limited, NULL, 60);

    (void)state;
    if (code == NOT_ALLOWED) {
        print_message("skipped: memory cannot be locked here\n");
        return;
    }
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {yt_unit_test(test_unused_memory),
                                       yt_unit_test(test_limit)};

    return yt_run_group(tests);
}
