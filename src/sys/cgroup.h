/* SPDX-License-Identifier: MIT */
/*
 * The control groups of this process, version 1 and 2. A limit may be set on any group from the
 * process's own up to the root of the mount, so the search goes upwards.
 *
 * `root` is put before /proc and the mount points: "" for the machine itself, or a folder with
 * made-up files for tests.
 */
#ifndef YK_SYS_CGROUP_H
#define YK_SYS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { YK_CGROUP_PATH_BYTES = 1024 };

typedef struct yk_cgroup {
    char folder[YK_CGROUP_PATH_BYTES];
    size_t mount_length; /* length of the mount point, with which the folder begins */
} yk_cgroup;

/* Finds the process's own group. controller: NULL for version 2, else the name of the
 * version 1 controller, "cpu" or "memory". False if there is none. */
bool yk_cgroup_find(const char *root, const char *controller, yk_cgroup *group);

/* Moves to the parent; false at the mount point. */
bool yk_cgroup_up(yk_cgroup *group);

/* Reads a file of the group as text. False if there is none or it is empty. */
bool yk_cgroup_text(const yk_cgroup *group, const char *file, char *text, size_t bytes);

/* Reads a file with one number. False if there is none or it says "max" or "-1". */
bool yk_cgroup_number(const yk_cgroup *group, const char *file, uint64_t *number);

/* Reads a small file whole, cut if it does not fit. False if it cannot be read or is
 * empty. */
bool yk_read_text(const char *path, char *text, size_t bytes);

/* The number after a key at the start of a line: "inactive_file 4096". False if the key is
 * missing. */
bool yk_text_number(const char *text, const char *key, uint64_t *number);

#endif
