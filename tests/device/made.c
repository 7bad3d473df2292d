/* SPDX-License-Identifier: MIT */
#include "made.h"

#include <stdio.h>
#include <string.h>

#include "support/yoke_test.h"
#include "sys/elf.h"

void made_kernel(yk_kernel *kernel, uint64_t id, const char *name,
                 yoke_native *function)
{
    memset(kernel, 0, sizeof *kernel);
    kernel->id = id;
    (void)snprintf(kernel->name, sizeof kernel->name, "%s", name);
    assert_true(yk_elf_locate((yk_any_function *)function, kernel->native.object,
                                 sizeof kernel->native.object, &kernel->native.place));
}

void made_launch(yk_launch *launch, const yk_kernel *kernel, uint64_t id,
                 uint64_t begin, uint64_t size)
{
    memset(launch, 0, sizeof *launch);
    launch->id = id;
    launch->kernel_id = kernel->id;
    launch->dimensions = 1;
    launch->begin[0] = begin;
    for (unsigned d = 0; d < 3; d++) {
        launch->size[d] = 1;
        launch->group[d] = kernel->group[d];
    }
    launch->size[0] = size;
}

yk_arg *made_array(yk_launch *launch, void *array, uint64_t bytes, uint32_t access,
                   uint32_t parts)
{
    yk_arg *arg = &launch->args[launch->arg_count++];

    *arg = (yk_arg){
        .kind = YK_ARG_ARRAY,
        .access = access,
        .parts = parts,
        .address = (uint64_t)(uintptr_t)array,
        .bytes = bytes,
        .blocks = 1,
    };
    return arg;
}

yk_arg *made_scalar(yk_launch *launch, const void *value, size_t bytes)
{
    uint64_t used = 0;
    yk_arg *arg;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        if (launch->args[i].kind == YK_ARG_SCALAR) {
            used = (launch->args[i].value + launch->args[i].bytes + 15) / 16 * 16;
        }
    }
    assert_true(used + bytes <= YK_LAUNCH_VALUE_BYTES);
    memcpy(launch->values + used, value, bytes);
    arg = &launch->args[launch->arg_count++];
    *arg = (yk_arg){.kind = YK_ARG_SCALAR, .bytes = bytes, .value = used};
    return arg;
}

yk_arg *made_local(yk_launch *launch, size_t bytes)
{
    yk_arg *arg = &launch->args[launch->arg_count++];

    *arg = (yk_arg){.kind = YK_ARG_LOCAL, .bytes = bytes};
    return arg;
}
