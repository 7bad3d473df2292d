/* SPDX-License-Identifier: MIT */
/* A made-up machine: a temporary folder with files like those of /proc and /sys. */
#ifndef TREE_H
#define TREE_H

enum { TREE_PATH_BYTES = 512 };

typedef struct tree {
    char root[64];
} tree;

/* Group fixtures of one test: *state is the tree. */
int tree_setup(void **state);
int tree_teardown(void **state);

/* Writes a file, "/proc/self/cgroup", and the folders it lies in. Fails the test if
 * that does not work. */
void tree_write(const tree *machine, const char *path, const char *text);

#endif
