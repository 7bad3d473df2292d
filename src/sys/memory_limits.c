/* SPDX-License-Identifier: MIT */
#include "sys/memory_limits.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/bits.h"
#include "sys/cgroup.h"

/* The files' names in one version of control groups. */
typedef struct group_files {
    const char *controller; /* NULL: version 2 */
    const char *limit;
    const char *usage;
    const char *reclaimable; /* key in memory.stat: cached pages that can be dropped */
    const char *swap_limit;  /* NULL: swap is not limited by itself */
    const char *swap_usage;
} group_files;

enum { VERSIONS = 2 };

static const group_files files_of[VERSIONS] = {
    {NULL, "memory.max", "memory.current", "inactive_file", "memory.swap.max",
     "memory.swap.current"},
    {"memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
     NULL, NULL},
};

/* The groups of the process do not change while a pool runs. */
typedef struct group_places {
    yk_cgroup own[VERSIONS];
    bool exists[VERSIONS];
} group_places;

static group_places here;
static pthread_once_t here_once = PTHREAD_ONCE_INIT;

static void find_places(const char *root, group_places *places)
{
    for (int v = 0; v < VERSIONS; v++) {
        places->exists[v] =
            yk_cgroup_find(root, files_of[v].controller, &places->own[v]);
    }
}

static void find_here(void)
{
    find_places("", &here);
}

/* Without /proc, or before Linux 3.14: the page cache counts as used. */
static uint64_t system_available(uint64_t *swap)
{
    struct sysinfo system;

    *swap = 0;
    if (sysinfo(&system) != 0) {
        return 0;
    }
    *swap = (uint64_t)system.freeswap * system.mem_unit;
    return ((uint64_t)system.freeram + system.bufferram) * system.mem_unit + *swap;
}

/* What the machine has left, and separately its free swap. */
static uint64_t machine_available(const char *root, uint64_t *swap)
{
    char path[YK_CGROUP_PATH_BYTES];
    char text[8192];
    uint64_t available;

    (void)snprintf(path, sizeof path, "%s/proc/meminfo", root);
    if (!yk_read_text(path, text, sizeof text) ||
        !yk_text_number(text, "MemAvailable", &available)) {
        return system_available(swap);
    }
    *swap = 0;
    (void)yk_text_number(text, "SwapFree", swap);
    *swap *= 1024;
    return available * 1024 + *swap;
}

static uint64_t memory_subtract(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t swap_headroom(const yk_cgroup *group, const group_files *files,
                              uint64_t machine_swap)
{
    uint64_t limit;
    uint64_t usage = 0;

    if (files->swap_limit == NULL || machine_swap == 0) {
        return 0;
    }
    if (!yk_cgroup_number(group, files->swap_limit, &limit)) {
        return machine_swap;
    }
    (void)yk_cgroup_number(group, files->swap_usage, &usage);
    return yk_min(machine_swap, memory_subtract(limit, usage));
}

static uint64_t group_headroom(const yk_cgroup *group, const group_files *files,
                               uint64_t machine_swap)
{
    char stat[8192];
    uint64_t limit;
    uint64_t usage;
    uint64_t cached = 0;
    uint64_t room;

    if (!yk_cgroup_number(group, files->limit, &limit) ||
        !yk_cgroup_number(group, files->usage, &usage)) {
        return UINT64_MAX;
    }
    if (yk_cgroup_text(group, "memory.stat", stat, sizeof stat)) {
        (void)yk_text_number(stat, files->reclaimable, &cached);
    }
    room = memory_subtract(limit, memory_subtract(usage, yk_min(cached, usage)));
    return room + swap_headroom(group, files, machine_swap);
}

static uint64_t places_headroom(const group_places *places, uint64_t machine_swap)
{
    uint64_t least = UINT64_MAX;

    for (int v = 0; v < VERSIONS; v++) {
        yk_cgroup group = places->own[v];

        if (!places->exists[v]) {
            continue;
        }
        do {
            least = yk_min(least, group_headroom(&group, &files_of[v], machine_swap));
        } while (yk_cgroup_up(&group));
    }
    return least;
}

static uint64_t available_at(const char *root, const group_places *places)
{
    uint64_t swap;
    const uint64_t machine = machine_available(root, &swap);

    return yk_min(machine, places_headroom(places, swap));
}

uint64_t yk_memory_available_in(const char *root)
{
    group_places places;

    find_places(root, &places);
    return available_at(root, &places);
}

uint64_t yk_memory_available(void)
{
    (void)pthread_once(&here_once, find_here);
    return available_at("", &here);
}

/* Size, resident pages, and those of them that files and shared memory have. */
uint64_t yk_memory_private(void)
{
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128];
    unsigned long long resident = 0;
    unsigned long long shared = 0;
    ssize_t length;

    if (fd < 0) {
        return 0;
    }
    length = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[length > 0 ? length : 0] = '\0';
    if (sscanf(text, "%*u %llu %llu", &resident, &shared) != 2) {
        return 0;
    }
    return memory_subtract(resident, shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}
