/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"
#include "tree.h"

enum { MANY = 4096 };

static void number_cpus(yk_cpu *cpus, size_t count)
{
    memset(cpus, 0, count * sizeof *cpus);
    for (size_t i = 0; i < count; i++) {
        cpus[i].os_index = (uint32_t)i;
    }
}

static void check_order(const yk_cpu *cpus, const uint32_t *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(cpus[i].os_index, expected[i]);
    }
}

static void cores_come_before_their_second_threads(void **state)
{
    static const uint32_t expected[] = {0, 2, 4, 6, 8, 10, 12, 14,
                                        1, 3, 5, 7, 9, 11, 13, 15};
    yk_cpu cpus[16];

    (void)state;
    number_cpus(cpus, 16);
    assert_true(yk_cpus_locate("pack:2 core:4 pu:2", cpus, 16));
    assert_int_equal(cpus[15].package, 1);
    assert_int_equal(cpus[15].core, 7);
    assert_int_equal(cpus[14].core, 7);
    assert_int_equal(cpus[13].core, 6);
    yk_cpus_sort(cpus, 16);
    check_order(cpus, expected, 16);
}

/* As most systems number them: first threads 0 to 3, second 4 to 7. */
static void system_numbers_may_be_interleaved(void **state)
{
    static const uint32_t expected[] = {0, 1, 2, 3, 4, 5, 6, 7};
    yk_cpu cpus[8];

    (void)state;
    number_cpus(cpus, 8);
    assert_true(yk_cpus_locate("core:4 pu:2(indexes=0,4,1,5,2,6,3,7)", cpus, 8));
    assert_int_equal(cpus[4].core, 0);
    yk_cpus_sort(cpus, 8);
    check_order(cpus, expected, 8);
}

static void a_mask_leaves_gaps(void **state)
{
    static const uint32_t expected[] = {0, 5, 6, 1, 7};
    yk_cpu cpus[] = {{.os_index = 7},
                     {.os_index = 1},
                     {.os_index = 0},
                     {.os_index = 6},
                     {.os_index = 5}};

    (void)state;
    assert_true(yk_cpus_locate("pack:2 core:2 pu:2", cpus, 5));
    yk_cpus_sort(cpus, 5);
    check_order(cpus, expected, 5);
}

static void cores_may_differ_in_threads(void **state)
{
    static const uint32_t expected[] = {0, 4, 8, 1, 2, 3};
    yk_cpu cpus[] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {4, 1, 0}, {8, 2, 0}};

    (void)state;
    yk_cpus_sort(cpus, 6);
    check_order(cpus, expected, 6);
}

static void unknown_cpus_are_cores_of_their_own(void **state)
{
    static const uint32_t expected[] = {0, 2, 98, 99, 1};
    yk_cpu cpus[] = {{.os_index = 99},
                     {.os_index = 98},
                     {.os_index = 0},
                     {.os_index = 1},
                     {.os_index = 2}};

    (void)state;
    assert_false(yk_cpus_locate("core:2 pu:2", cpus, 5));
    assert_int_not_equal(cpus[0].core, cpus[1].core);
    yk_cpus_sort(cpus, 5);
    check_order(cpus, expected, 5);
}

static void without_a_topology_the_mask_is_used(void **state)
{
    static const uint32_t expected[] = {0, 1, 2, 3};
    yk_cpu cpus[4];

    (void)state;
    number_cpus(cpus, 4);
    assert_false(yk_cpus_locate("no such machine", cpus, 4));
    yk_cpus_sort(cpus, 4);
    check_order(cpus, expected, 4);
}

static void big_machines_have_thousands(void **state)
{
    static yk_cpu cpus[MANY];

    (void)state;
    number_cpus(cpus, MANY);
    assert_true(yk_cpus_locate("pack:16 core:128 pu:2", cpus, MANY));
    yk_cpus_sort(cpus, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(cpus[i].core, i % (MANY / 2));
    }
    assert_int_equal(cpus[MANY - 1].os_index, MANY - 1);
}

static void hwloc_leaves_the_environment_alone(void **state)
{
    yk_cpu cpu = {0};

    (void)state;
    assert_int_equal(setenv("HWLOC_PLUGINS_PATH", "/mine", 1), 0);
    (void)yk_cpus_locate("core:1 pu:1", &cpu, 1);
    assert_string_equal(getenv("HWLOC_PLUGINS_PATH"), "/mine");
    assert_int_equal(unsetenv("HWLOC_PLUGINS_PATH"), 0);
    (void)yk_cpus_locate("core:1 pu:1", &cpu, 1);
    assert_null(getenv("HWLOC_PLUGINS_PATH"));
}

static void quotas_are_read(void **state)
{
    static const struct {
        const char *text;
        size_t cpus;
    } table[] = {
        {"max 100000\n", SIZE_MAX}, {"100000 100000\n", 1}, {"150000 100000\n", 2},
        {"10000 100000\n", 1},      {"0 100000\n", 1},      {"400000 100000\n", 4},
        {"400000 0\n", SIZE_MAX},   {"", SIZE_MAX},         {"lots\n", SIZE_MAX},
    };
    const tree *machine = *state;

    assert_true(yk_cpu_quota(machine->root) == SIZE_MAX);
    tree_write(machine, "/proc/self/cgroup", "0::/job\n");
    tree_write(machine, "/proc/self/mountinfo",
               "29 23 0:26 / /cg rw shared:4 - cgroup2 cgroup2 rw\n");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tree_write(machine, "/cg/job/cpu.max", table[i].text);
        if (yk_cpu_quota(machine->root) != table[i].cpus) {
            fail_msg("\"%s\" gives %zu", table[i].text, yk_cpu_quota(machine->root));
        }
    }
}

static void the_tightest_ancestor_counts(void **state)
{
    const tree *machine = *state;

    tree_write(machine, "/proc/self/cgroup", "0::/a/b/c\n");
    tree_write(machine, "/proc/self/mountinfo",
               "29 23 0:26 / /cg rw shared:4 - cgroup2 cgroup2 rw\n");
    tree_write(machine, "/cg/a/b/c/cpu.max", "500000 100000\n");
    tree_write(machine, "/cg/a/cpu.max", "250000 100000\n");
    tree_write(machine, "/cg/ab/cpu.max", "100000 100000\n");
    assert_int_equal(yk_cpu_quota(machine->root), 3);
    tree_write(machine, "/cg/cpu.max", "200000 100000\n");
    assert_int_equal(yk_cpu_quota(machine->root), 2);
}

static void version_1_quotas_count(void **state)
{
    const tree *machine = *state;

    tree_write(machine, "/proc/self/cgroup",
               "9:cpuset:/\n3:cpu,cpuacct:/job\n2:cpuacct:/wrong\n0::/\n");
    tree_write(machine, "/proc/self/mountinfo",
               "28 23 0:25 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
               "29 23 0:26 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
    tree_write(machine, "/cg/cpu/job/cpu.cfs_quota_us", "-1\n");
    tree_write(machine, "/cg/cpu/job/cpu.cfs_period_us", "100000\n");
    assert_true(yk_cpu_quota(machine->root) == SIZE_MAX);
    tree_write(machine, "/cg/cpu/job/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(yk_cpu_quota(machine->root), 3);
}

static void model_names_are_read(void **state)
{
    const tree *machine = *state;
    char path[TREE_PATH_BYTES];
    char name[32] = "";

    (void)snprintf(path, sizeof path, "%s/cpuinfo", machine->root);
    assert_false(yk_cpu_model_in(path, name, sizeof name));
    tree_write(machine, "/cpuinfo", "processor\t: 0\nmodel\t\t: 6\n");
    assert_false(yk_cpu_model_in(path, name, sizeof name));
    tree_write(machine, "/cpuinfo",
               "model\t\t: 6\nmodel name\t: Ox 2000 @ 3 GHz\nmodel name\t: Other\n");
    assert_true(yk_cpu_model_in(path, name, sizeof name));
    assert_string_equal(name, "Ox 2000 @ 3 GHz");
    assert_true(yk_cpu_model_in(path, name, 4));
    assert_string_equal(name, "Ox ");
    yk_cpu_model(name, sizeof name);
    assert_true(strlen(name) > 0);
}

/* ---- this machine, in child processes: they change their affinity ---- */

static size_t mask_count(cpu_set_t *mask)
{
    return sched_getaffinity(0, sizeof *mask, mask) == 0 ? (size_t)CPU_COUNT(mask) : 0;
}

static bool all_in_mask(const yk_cpu *cpus, size_t count, const cpu_set_t *mask)
{
    for (size_t i = 0; i < count; i++) {
        if (!CPU_ISSET(cpus[i].os_index, mask)) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (cpus[k].os_index == cpus[i].os_index) {
                return false;
            }
        }
    }
    return true;
}

static int lists_the_mask(void *arg)
{
    static yk_cpu cpus[MANY];
    cpu_set_t mask;
    const size_t allowed = mask_count(&mask);
    const size_t quota = yk_cpu_quota("");
    const size_t count = yk_cpus(cpus, MANY);

    (void)arg;
    if (allowed == 0) {
        return 1;
    }
    if (count != (allowed < quota ? allowed : quota) || yk_cpus(NULL, 0) != count) {
        return 2;
    }
    return all_in_mask(cpus, count, &mask) ? 0 : 3;
}

static int binds_to_each_cpu(void *arg)
{
    static yk_cpu cpus[MANY];
    cpu_set_t mask;
    const size_t count = yk_cpus(cpus, MANY);

    (void)arg;
    for (size_t i = 0; i < count; i++) {
        yk_cpu one;

        if (!yk_bind_cpu(cpus[i].os_index) || mask_count(&mask) != 1 ||
            !CPU_ISSET(cpus[i].os_index, &mask)) {
            return 1;
        }
        if (yk_cpus(&one, 1) != 1 || one.os_index != cpus[i].os_index) {
            return 2;
        }
    }
    return yk_bind_cpu(1U << 20) || yk_bind_cpu(UINT32_MAX) ? 3 : 0;
}

static void this_process_is_listed(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(lists_the_mask, NULL, 20), 0);
}

static void a_process_can_be_bound(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(binds_to_each_cpu, NULL, 20), 0);
}

#define TREE_TEST(function)                                                            \
    cmocka_unit_test_setup_teardown(function, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cores_come_before_their_second_threads),
        cmocka_unit_test(system_numbers_may_be_interleaved),
        cmocka_unit_test(a_mask_leaves_gaps),
        cmocka_unit_test(cores_may_differ_in_threads),
        cmocka_unit_test(unknown_cpus_are_cores_of_their_own),
        cmocka_unit_test(without_a_topology_the_mask_is_used),
        cmocka_unit_test(big_machines_have_thousands),
        cmocka_unit_test(hwloc_leaves_the_environment_alone),
        TREE_TEST(quotas_are_read),
        TREE_TEST(the_tightest_ancestor_counts),
        TREE_TEST(version_1_quotas_count),
        TREE_TEST(model_names_are_read),
        cmocka_unit_test(this_process_is_listed),
        cmocka_unit_test(a_process_can_be_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
