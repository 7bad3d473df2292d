/* SPDX-License-Identifier: MIT */
/*
 * Variables that a source declares outside its kernels. Those in global memory would exist once
 * per device and per process, and would keep their value from launch to launch. The result of a
 * job that is split, repeated or computed elsewhere must not depend on them.
 */
#ifndef YK_SOURCE_VARIABLE_H
#define YK_SOURCE_VARIABLE_H

#include <stdbool.h>

#include "base/error.h"

typedef struct yk_variables {
    bool has_changeable; /* there is one that kernels can change, named below */
    bool has_constants;  /* const or __constant */
    bool enqueues;       /* a kernel may start others */
    /* A work-item function that a macro of the source wraps or uncovers; "" if none. */
    char wrapped[64];
    bool is_incomplete; /* it has too many macros to be read */
    char name[64];
    char place[512]; /* "line 3 of inc/common.h" */
} yk_variables;

/* Reads variables, as far as the text shows them. False if there is no memory. */
bool yk_variables_read(yk_variables *variables, const char *source,
                       const char *options);

/* YOKE_EUNSUPPORTED for a source from which a pool cannot compute right results. */
yoke_status yk_variables_check(const char *source, const char *options,
                               const char *noun, yk_error *error);

#endif
