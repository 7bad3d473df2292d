/* SPDX-License-Identifier: MIT */
#include "sys/topology.h"

#include <hwloc.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/call_guard.h"
#include "sys/cgroup.h"
#include "sys/elf.h"

/* Higher than any core number of hwloc: a CPU whose core is not known. */
#define UNKNOWN_CORE UINT32_C(0x80000000)

enum { MASK_FIRST_BYTES = 128, MASK_MOST_BYTES = 1 << 20 };

/* ---- affinity ---- */

/* The process's mask in a block of *bytes bytes, which the caller frees; NULL on failure. The
 * kernel refuses blocks that are smaller than its own mask. */
static cpu_set_t *affinity_mask(size_t *bytes)
{
    for (*bytes = MASK_FIRST_BYTES; *bytes <= MASK_MOST_BYTES; *bytes *= 2) {
        cpu_set_t *mask = calloc(1, *bytes);

        if (mask != NULL && sched_getaffinity(0, *bytes, mask) == 0) {
            return mask;
        }
        free(mask);
        if (mask == NULL || errno != EINVAL) {
            return NULL;
        }
    }
    return NULL;
}

static size_t list_mask(const cpu_set_t *mask, size_t bytes, yk_cpu *cpus)
{
    size_t count = 0;

    for (uint32_t i = 0; i < bytes * 8; i++) {
        if (CPU_ISSET_S(i, bytes, mask)) {
            cpus[count++] = (yk_cpu){.os_index = i};
        }
    }
    return count;
}

/* A new array of the CPUs in the mask; NULL on failure. */
static yk_cpu *affinity_list(size_t *count)
{
    size_t bytes;
    cpu_set_t *mask = affinity_mask(&bytes);
    yk_cpu *cpus = NULL;

    *count = 0;
    if (mask != NULL && CPU_COUNT_S(bytes, mask) > 0) {
        cpus = calloc((size_t)CPU_COUNT_S(bytes, mask), sizeof *cpus);
    }
    if (cpus != NULL) {
        *count = list_mask(mask, bytes, cpus);
    }
    free(mask);
    return cpus;
}

/* The bytes of a mask with all these CPUs. The kernel takes masks that are smaller than its own. */
static size_t affinity_bytes(const yk_cpu *cpus, size_t count)
{
    size_t bytes = MASK_FIRST_BYTES;

    for (size_t i = 0; i < count; i++) {
        while (bytes * 8 <= cpus[i].os_index) {
            bytes *= 2;
        }
    }
    return bytes;
}

bool yk_bind_cpus(const yk_cpu *cpus, size_t count)
{
    const size_t bytes = affinity_bytes(cpus, count);
    cpu_set_t *mask = bytes <= MASK_MOST_BYTES ? calloc(1, bytes) : NULL;
    bool bound;

    for (size_t i = 0; i < count && mask != NULL; i++) {
        CPU_SET_S(cpus[i].os_index, bytes, mask);
    }
    bound = mask != NULL && sched_setaffinity(0, bytes, mask) == 0;
    free(mask);
    return bound;
}

int yk_current_cpu(void)
{
    return sched_getcpu();
}

bool yk_bind_cpu(uint32_t os_index)
{
    return yk_bind_cpus(&(yk_cpu){.os_index = os_index}, 1);
}

/* ---- what the whole process may use ---- */

static void mask_add_threads(cpu_set_t *mask, size_t bytes)
{
    YK_NOT_CANCELLED;
    DIR *tasks = opendir("/proc/self/task");
    cpu_set_t *one = calloc(1, bytes);
    const struct dirent *entry;

    while (tasks != NULL && one != NULL && (entry = readdir(tasks)) != NULL) {
        const pid_t thread = (pid_t)atoi(entry->d_name);

        memset(one, 0, bytes);
        if (thread > 0 && sched_getaffinity(thread, bytes, one) == 0) {
            CPU_OR_S(bytes, mask, mask, one);
        }
    }
    free(one);
    if (tasks != NULL) {
        (void)closedir(tasks);
    }
}

static void mask_add_place(cpu_set_t *mask, size_t bytes, const int *cpus, int count)
{
    for (int i = 0; i < count; i++) {
        if (cpus[i] >= 0 && (size_t)cpus[i] < bytes * 8) {
            CPU_SET_S((size_t)cpus[i], bytes, mask);
        }
    }
}

/* An OpenMP library has places if it binds threads. */
static void mask_add_places(cpu_set_t *mask, size_t bytes)
{
    static const char *const names[] = {"libgomp.", "libomp.", "libiomp5.", NULL};
    int (*places)(void) = (int (*)(void))yk_elf_find_function(names, "omp_get_num_places");
    int (*size)(int) =
        (int (*)(int))yk_elf_find_function(names, "omp_get_place_num_procs");
    void (*list)(int, int *) =
        (void (*)(int, int *))yk_elf_find_function(names, "omp_get_place_proc_ids");
    const int count = places != NULL && size != NULL && list != NULL ? places() : 0;

    for (int i = 0; i < count; i++) {
        const int cpus = size(i);
        int *ids = cpus > 0 ? calloc((size_t)cpus, sizeof *ids) : NULL;

        if (ids != NULL) {
            list(i, ids);
            mask_add_place(mask, bytes, ids, cpus);
        }
        free(ids);
    }
}

struct yk_cpus_before {
    size_t bytes;
    cpu_set_t *mask;
};

yk_cpus_before *yk_cpus_widen(void)
{
    yk_cpus_before *before = calloc(1, sizeof *before);
    cpu_set_t *all = NULL;
    bool changed = false;

    if (before != NULL && (before->mask = affinity_mask(&before->bytes)) != NULL) {
        all = malloc(before->bytes);
    }
    if (all != NULL) {
        memcpy(all, before->mask, before->bytes);
        mask_add_threads(all, before->bytes);
        mask_add_places(all, before->bytes);
        changed = memcmp(all, before->mask, before->bytes) != 0 &&
                  sched_setaffinity(0, before->bytes, all) == 0;
    }
    free(all);
    if (!changed) {
        yk_cpus_forget(before);
    }
    return changed ? before : NULL;
}

void yk_cpus_restore(yk_cpus_before *before)
{
    if (before != NULL) {
        (void)sched_setaffinity(0, before->bytes, before->mask);
    }
    yk_cpus_forget(before);
}

void yk_cpus_forget(yk_cpus_before *before)
{
    if (before != NULL) {
        free(before->mask);
    }
    free(before);
}

void yk_cpus_explain(char *text, size_t bytes)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t machine = online > 0 ? (size_t)online : 1;
    const size_t quota = yk_cpu_quota("");
    size_t allowed;

    free(affinity_list(&allowed));
    text[0] = '\0';
    if (quota < machine && quota < allowed) {
        (void)snprintf(text, bytes, "the control group's quota is %zu of %zu CPUs", quota,
                       machine);
    } else if (allowed > 0 && allowed < machine) {
        (void)snprintf(text, bytes, "the affinity mask or cpuset has %zu of %zu CPUs",
                       allowed, machine);
    }
}

/* ---- quota ---- */

static size_t quota_cpus(uint64_t quota, uint64_t period)
{
    return period == 0 ? SIZE_MAX : (size_t)(quota / period + (quota % period != 0));
}

/* Version 2: "max 100000" or "150000 100000". */
static size_t group_quota(const yk_cgroup *group)
{
    char text[64];
    uint64_t quota;
    uint64_t period;

    if (!yk_cgroup_text(group, "cpu.max", text, sizeof text) ||
        sscanf(text, "%" SCNu64 " %" SCNu64, &quota, &period) != 2) {
        return SIZE_MAX;
    }
    return quota_cpus(quota, period);
}

static size_t group_quota_v1(const yk_cgroup *group)
{
    uint64_t quota;
    uint64_t period;

    if (!yk_cgroup_number(group, "cpu.cfs_quota_us", &quota) ||
        !yk_cgroup_number(group, "cpu.cfs_period_us", &period)) {
        return SIZE_MAX;
    }
    return quota_cpus(quota, period);
}

static size_t min_quota(yk_cgroup *group, size_t (*quota_of)(const yk_cgroup *))
{
    size_t least = SIZE_MAX;

    do {
        const size_t quota = quota_of(group);

        least = quota < least ? quota : least;
    } while (yk_cgroup_up(group));
    return least;
}

size_t yk_cpu_quota(const char *root)
{
    yk_cgroup group;
    size_t quota = SIZE_MAX;
    size_t quota_v1 = SIZE_MAX;

    if (yk_cgroup_find(root, NULL, &group)) {
        quota = min_quota(&group, group_quota);
    }
    if (yk_cgroup_find(root, "cpu", &group)) {
        quota_v1 = min_quota(&group, group_quota_v1);
    }
    quota = quota < quota_v1 ? quota : quota_v1;
    return quota > 0 ? quota : 1;
}

/* ---- cores ---- */

static bool topology_describe(hwloc_topology_t topology, const char *synthetic)
{
    static const hwloc_obj_type_t kept[] = {HWLOC_OBJ_PACKAGE, HWLOC_OBJ_CORE};

    /* Asking each CPU by its cpuid instruction takes milliseconds. */
    (void)hwloc_topology_set_components(
        topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
    if (hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE) !=
        0) {
        return false;
    }
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        (void)hwloc_topology_set_type_filter(topology, kept[i],
                                             HWLOC_TYPE_FILTER_KEEP_ALL);
    }
    return synthetic == NULL || hwloc_topology_set_synthetic(topology, synthetic) == 0;
}

/* hwloc loads its plugins, one of which loads OpenCL and thereby every driver. */
static bool init_without_plugins(hwloc_topology_t *topology)
{
    static const char name[] = "HWLOC_PLUGINS_PATH";
    const char *before = getenv(name);
    char *copy = before == NULL ? NULL : strdup(before);
    bool done;

    if (setenv(name, "/nonexistent", 1) != 0) {
        free(copy);
        return false;
    }
    done = hwloc_topology_init(topology) == 0;
    if (copy != NULL) {
        (void)setenv(name, copy, 1);
    } else {
        (void)unsetenv(name);
    }
    free(copy);
    return done;
}

static bool locate_cpu(hwloc_topology_t topology, yk_cpu *cpu)
{
    const hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(topology, cpu->os_index);
    hwloc_obj_t core = NULL;
    hwloc_obj_t package = NULL;

    if (pu != NULL) {
        core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
        package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, pu);
    }
    cpu->core = core != NULL ? core->logical_index : UNKNOWN_CORE | cpu->os_index;
    cpu->package = package != NULL ? package->logical_index : 0;
    return core != NULL;
}

static bool locate_all(hwloc_topology_t topology, yk_cpu *cpus, size_t count)
{
    bool known = true;

    for (size_t i = 0; i < count; i++) {
        known = locate_cpu(topology, &cpus[i]) && known;
    }
    return known;
}

bool yk_cpus_locate(const char *synthetic, yk_cpu *cpus, size_t count)
{
    hwloc_topology_t topology;
    bool known = false;

    for (size_t i = 0; i < count; i++) {
        cpus[i].core = UNKNOWN_CORE | cpus[i].os_index;
        cpus[i].package = 0;
    }
    if (!init_without_plugins(&topology)) {
        return false;
    }
    if (topology_describe(topology, synthetic) && hwloc_topology_load(topology) == 0) {
        known = locate_all(topology, cpus, count);
    }
    hwloc_topology_destroy(topology);
    return known;
}

static int by_core(const void *left, const void *right)
{
    const yk_cpu *a = left;
    const yk_cpu *b = right;

    if (a->core != b->core) {
        return a->core < b->core ? -1 : 1;
    }
    return (a->os_index > b->os_index) - (a->os_index < b->os_index);
}

void yk_cpus_sort_by_core(yk_cpu *cpus, size_t count)
{
    qsort(cpus, count, sizeof *cpus, by_core);
}

/* Moves to `out` those CPUs of sorted cores whose turn it is, one per core. */
static size_t take_turn(const yk_cpu *cpus, size_t count, size_t turn, yk_cpu *out)
{
    size_t taken = 0;
    size_t place = 0;

    for (size_t i = 0; i < count; i++) {
        place = i > 0 && cpus[i].core == cpus[i - 1].core ? place + 1 : 0;
        if (place == turn) {
            out[taken++] = cpus[i];
        }
    }
    return taken;
}

void yk_cpus_sort(yk_cpu *cpus, size_t count)
{
    yk_cpu *sorted = calloc(count > 0 ? count : 1, sizeof *sorted);
    size_t done = 0;

    if (sorted == NULL) {
        return;
    }
    memcpy(sorted, cpus, count * sizeof *cpus);
    qsort(sorted, count, sizeof *sorted, by_core);
    for (size_t turn = 0; done < count; turn++) {
        done += take_turn(sorted, count, turn, cpus + done);
    }
    free(sorted);
}

size_t yk_cpus(yk_cpu *cpus, size_t capacity)
{
    const size_t quota = yk_cpu_quota("");
    size_t count;
    yk_cpu *all = affinity_list(&count);

    if (all == NULL) {
        if (capacity > 0) {
            cpus[0] = (yk_cpu){0};
        }
        return 1;
    }
    (void)yk_cpus_locate(NULL, all, count);
    yk_cpus_sort(all, count);
    count = quota < count ? quota : count;
    for (size_t i = 0; i < count && i < capacity; i++) {
        cpus[i] = all[i];
    }
    free(all);
    return count;
}

/* ---- name ---- */

/* The text after "model name : " in a line, or NULL. */
static const char *model_in_line(const char *line)
{
    static const char key[] = "model name";
    const char *colon;

    if (strncmp(line, key, sizeof key - 1) != 0) {
        return NULL;
    }
    colon = strchr(line, ':');
    return colon == NULL ? NULL : colon + 1 + strspn(colon + 1, " \t");
}

bool yk_cpu_model_in(const char *path, char *name, size_t bytes)
{
    YK_NOT_CANCELLED;
    FILE *file = fopen(path, "re");
    char line[512];
    const char *model = NULL;

    if (file == NULL) {
        return false;
    }
    while (model == NULL && fgets(line, sizeof line, file) != NULL) {
        model = model_in_line(line);
    }
    (void)fclose(file);
    if (model == NULL || model[0] == '\n' || model[0] == '\0') {
        return false;
    }
    (void)snprintf(name, bytes, "%.*s", (int)strcspn(model, "\n"), model);
    return true;
}

void yk_cpu_model(char *name, size_t bytes)
{
    struct utsname machine;

    if (yk_cpu_model_in("/proc/cpuinfo", name, bytes)) {
        return;
    }
    (void)snprintf(name, bytes, "%s",
                   uname(&machine) == 0 ? machine.machine : "unknown processor");
}
