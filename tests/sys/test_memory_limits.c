/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdio.h>
#include <sys/sysinfo.h>

#include "sys/memory_limits.h"
#include "tree.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)

#define V2_MOUNT                                                                       \
    "22 1 0:20 / /proc rw shared:1 - proc proc rw\n"                                   \
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 master:1 - cgroup2 cgroup2 rw\n"
#define V1_MOUNT                                                                       \
    "30 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"                \
    "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"

static void write_meminfo(const tree *machine, const char *available, const char *swap)
{
    char text[256];

    (void)snprintf(text, sizeof text,
                   "MemTotal:       999999 kB\nMemAvailable:   %s kB\n"
                   "SwapTotal:      55555 kB\nSwapFree:       %s kB\n",
                   available, swap);
    tree_write(machine, "/proc/meminfo", text);
}

static void the_machine_alone(void **state)
{
    const tree *machine = *state;

    write_meminfo(machine, "2048", "1024");
    assert_int_equal(yk_memory_available_in(machine->root), 3 * MIB);
}

/* Then the system itself is asked, so that no machine counts as endless. */
static void the_file_does_not_say(void **state)
{
    const tree *machine = *state;
    struct sysinfo system;
    uint64_t total;

    assert_int_equal(sysinfo(&system), 0);
    total = ((uint64_t)system.totalram + system.totalswap) * system.mem_unit;
    assert_true(yk_memory_available_in(machine->root) <= total);
    tree_write(machine, "/proc/meminfo", "MemTotal: 999999 kB\nMemFree: 1000 kB\n");
    assert_true(yk_memory_available_in(machine->root) <= total);
    assert_true(yk_memory_available_in(machine->root) > 0);
}

static void a_version_2_limit_counts(void **state)
{
    const tree *machine = *state;

    write_meminfo(machine, "1048576", "0");
    tree_write(machine, "/proc/self/cgroup", "0::/user/job\n");
    tree_write(machine, "/proc/self/mountinfo", V2_MOUNT);
    tree_write(machine, "/sys/fs/cgroup/user/job/memory.max", "104857600\n");
    tree_write(machine, "/sys/fs/cgroup/user/job/memory.current", "62914560\n");
    assert_int_equal(yk_memory_available_in(machine->root), 40 * MIB);

    tree_write(machine, "/sys/fs/cgroup/user/job/memory.stat",
               "anon 7\nfile 99999999\ninactive_anon 3\ninactive_file 10485760\n");
    assert_int_equal(yk_memory_available_in(machine->root), 50 * MIB);
}

static void the_tightest_ancestor_counts(void **state)
{
    const tree *machine = *state;

    write_meminfo(machine, "1048576", "0");
    tree_write(machine, "/proc/self/cgroup", "0::/user/job\n");
    tree_write(machine, "/proc/self/mountinfo", V2_MOUNT);
    tree_write(machine, "/sys/fs/cgroup/user/job/memory.max", "max\n");
    tree_write(machine, "/sys/fs/cgroup/user/job/memory.current", "4096\n");
    tree_write(machine, "/sys/fs/cgroup/user/memory.max", "8388608\n");
    tree_write(machine, "/sys/fs/cgroup/user/memory.current", "1048576\n");
    assert_int_equal(yk_memory_available_in(machine->root), 7 * MIB);

    tree_write(machine, "/sys/fs/cgroup/memory.max", "2097152\n");
    tree_write(machine, "/sys/fs/cgroup/memory.current", "1048576\n");
    assert_int_equal(yk_memory_available_in(machine->root), 1 * MIB);

    tree_write(machine, "/sys/fs/cgroup/memory.current", "3145728\n");
    assert_int_equal(yk_memory_available_in(machine->root), 0);
}

static void swap_that_a_group_may_use_counts(void **state)
{
    const tree *machine = *state;

    write_meminfo(machine, "1048576", "10240");
    tree_write(machine, "/proc/self/cgroup", "0::/job\n");
    tree_write(machine, "/proc/self/mountinfo", V2_MOUNT);
    tree_write(machine, "/sys/fs/cgroup/job/memory.max", "8388608\n");
    tree_write(machine, "/sys/fs/cgroup/job/memory.current", "0\n");
    assert_int_equal(yk_memory_available_in(machine->root), 18 * MIB);
    tree_write(machine, "/sys/fs/cgroup/job/memory.swap.max", "3145728\n");
    tree_write(machine, "/sys/fs/cgroup/job/memory.swap.current", "1048576\n");
    assert_int_equal(yk_memory_available_in(machine->root), 10 * MIB);
    tree_write(machine, "/sys/fs/cgroup/job/memory.swap.max", "1073741824\n");
    assert_int_equal(yk_memory_available_in(machine->root), 18 * MIB);
    tree_write(machine, "/sys/fs/cgroup/job/memory.swap.max", "0\n");
    assert_int_equal(yk_memory_available_in(machine->root), 8 * MIB);
}

static void version_1_limits_count(void **state)
{
    const tree *machine = *state;

    write_meminfo(machine, "1048576", "0");
    tree_write(machine, "/proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/a/b\n0::/x\n");
    tree_write(machine, "/proc/self/mountinfo", V1_MOUNT);
    tree_write(machine, "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes",
               "9223372036854771712\n");
    tree_write(machine, "/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", "4096\n");
    assert_int_equal(yk_memory_available_in(machine->root), 1024 * MIB);

    tree_write(machine, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "16777216\n");
    tree_write(machine, "/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "8388608\n");
    tree_write(machine, "/sys/fs/cgroup/memory/a/memory.stat",
               "inactive_file 1\ntotal_inactive_file 1048576\n");
    assert_int_equal(yk_memory_available_in(machine->root), 9 * MIB);
}

/* In a container the group's name may be the one outside, and the mount a part. */
static void a_mounted_part_of_the_tree(void **state)
{
    const tree *machine = *state;

    write_meminfo(machine, "1048576", "0");
    tree_write(machine, "/proc/self/mountinfo",
               "29 23 0:26 /docker/abc /sys/fs/my\\040groups rw - cgroup2 cgroup rw\n");
    tree_write(machine, "/sys/fs/my groups/memory.max", "4194304\n");
    tree_write(machine, "/sys/fs/my groups/memory.current", "1048576\n");
    tree_write(machine, "/sys/fs/my groups/in/memory.max", "2097152\n");
    tree_write(machine, "/sys/fs/my groups/in/memory.current", "0\n");

    tree_write(machine, "/proc/self/cgroup", "0::/docker/abc\n");
    assert_int_equal(yk_memory_available_in(machine->root), 3 * MIB);
    tree_write(machine, "/proc/self/cgroup", "0::/docker/abc/in\n");
    assert_int_equal(yk_memory_available_in(machine->root), 2 * MIB);
    tree_write(machine, "/proc/self/cgroup", "0::/elsewhere\n");
    assert_int_equal(yk_memory_available_in(machine->root), 3 * MIB);
    tree_write(machine, "/proc/self/cgroup", "0::/../other\n");
    assert_int_equal(yk_memory_available_in(machine->root), 3 * MIB);
}

static void nonsense_is_no_limit(void **state)
{
    const tree *machine = *state;

    write_meminfo(machine, "1024", "0");
    tree_write(machine, "/proc/self/cgroup", "garbage\n::\n0::/job\n");
    tree_write(machine, "/proc/self/mountinfo", "x\n - \na b c - d\n" V2_MOUNT);
    tree_write(machine, "/sys/fs/cgroup/job/memory.max", "\n");
    tree_write(machine, "/sys/fs/cgroup/job/memory.current", "none\n");
    assert_int_equal(yk_memory_available_in(machine->root), MIB);
}

static void this_machine_has_some(void **state)
{
    const uint64_t available = yk_memory_available();

    (void)state;
    assert_true(available > MIB);
    assert_true(available == UINT64_MAX || available < UINT64_MAX / 4);
}

#define TREE_TEST(function)                                                            \
    cmocka_unit_test_setup_teardown(function, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(the_machine_alone),
        TREE_TEST(the_file_does_not_say),
        TREE_TEST(a_version_2_limit_counts),
        TREE_TEST(the_tightest_ancestor_counts),
        TREE_TEST(swap_that_a_group_may_use_counts),
        TREE_TEST(version_1_limits_count),
        TREE_TEST(a_mounted_part_of_the_tree),
        TREE_TEST(nonsense_is_no_limit),
        cmocka_unit_test(this_machine_has_some),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
