/* SPDX-License-Identifier: MIT */
/* The arguments of a launch as a native function gets them. */
#ifndef YK_DEVICE_NATIVE_BINDING_H
#define YK_DEVICE_NATIVE_BINDING_H

#include <stddef.h>

#include "base/error.h"
#include "launch/launch.h"

enum { YK_BINDING_ALIGNMENT = 64 };

typedef struct yk_binding {
    void *args[YK_MAX_ARGS];
    uint32_t arg_count; /* the others are NULL */
    /* values of scalars, and locals; kept, and grown when needed */
    unsigned char *scratch;
    size_t scratch_bytes;
} yk_binding;

/* Points args to arrays, and to scratch memory for scalars and locals. *binding starts zeroed. */
yoke_status yk_binding_set(yk_binding *binding, const yk_launch *launch,
                           yk_error *error);

/* Writes the scalars' values: a function may have changed its copies. */
void yk_binding_fill_scalars(yk_binding *binding, const yk_launch *launch);

/* Points the arguments of which each block of items has a copy to those of the block that begins with
 * this item. */
void yk_binding_move(yk_binding *binding, const yk_launch *launch, uint64_t begin);

void yk_binding_fini(yk_binding *binding);

#endif
