/* SPDX-License-Identifier: MIT */
/* A kernel's source file, and the options to build it with. */
#ifndef YK_CLI_RUN_KERNEL_FILE_H
#define YK_CLI_RUN_KERNEL_FILE_H

#include <stdbool.h>

#include "cli/complaint.h"

typedef struct yk_kernel_file {
    char *text;
    char *build_options; /* those given, and the file's folder if it may be needed */
} yk_kernel_file;

/* build_options may be NULL. */
bool yk_kernel_file_read(yk_kernel_file *source, const char *path,
                         const char *build_options, yk_complaint *complaint);

/* Only when nothing is built from it any more. Accepts one that is all zero. */
void yk_kernel_file_fini(yk_kernel_file *source);

#endif
