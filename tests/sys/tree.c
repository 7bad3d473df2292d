/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

int tree_setup(void **state)
{
    tree *machine = calloc(1, sizeof *machine);

    if (machine == NULL) {
        return -1;
    }
    (void)snprintf(machine->root, sizeof machine->root, "/tmp/yoke-tree-XXXXXX");
    if (mkdtemp(machine->root) == NULL) {
        free(machine);
        return -1;
    }
    *state = machine;
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int kind,
                        struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

int tree_teardown(void **state)
{
    tree *machine = *state;
    const int failed = nftw(machine->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

    free(machine);
    return failed;
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
}

void tree_write(const tree *machine, const char *path, const char *text)
{
    char full[TREE_PATH_BYTES];
    FILE *file;

    (void)snprintf(full, sizeof full, "%s%s", machine->root, path);
    make_folders(full);
    file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}
