/* SPDX-License-Identifier: MIT */
/*
 * A kernel as every process of a pool sees it. It lies in shared memory; the application writes
 * it before it announces the kernel. From then on it is read-only.
 */
#ifndef YK_LAUNCH_KERNEL_H
#define YK_LAUNCH_KERNEL_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "source/promise.h"
#include "sys/elf.h"

enum {
    YK_KERNEL_NAME_BYTES = 128,
    YK_ELF_PATH_BYTES = 512,
    YK_MAX_ARGS = 256,
};

/* A function as a place in a loaded object: the same in every process that has the object. */
typedef struct yk_function {
    char object[YK_ELF_PATH_BYTES]; /* path; "" is the program itself */
    yk_elf_place place;             /* offset 0: no function */
} yk_function;

/* Finds the place of a function of this process. YOKE_EINVAL, with `noun` in the text, if it is
 * not in any object. */
static inline yoke_status yk_function_locate(yk_function *where,
                                             yk_any_function *function,
                                             const char *noun, yk_error *error)
{
    return yk_elf_locate(function, where->object, sizeof where->object, &where->place)
               ? YOKE_OK
               : yk_fail(error, YOKE_EINVAL,
                         "%s is not in the program or a loaded library", noun);
}

enum {
    YK_TASK_NONE = 0,   /* a yoke_native */
    YK_TASK_HOST = 1,   /* a yoke_task_function */
    YK_TASK_DEVICE = 2, /* ... that needs the handles of an OpenCL device */
};

typedef struct yk_kernel {
    uint64_t id; /* never used twice in a pool; 0: none */
    uint64_t group[3]; /* work-group size, all zero if the kernel has none */
    const char *source; /* OpenCL C in shared memory, 0-terminated; NULL: none */
    const char *build_options; /* in shared memory; never NULL where source is not */
    yk_function native;
    uint32_t asks_sizes; /* the source may call get_global_size() and the like */
    uint32_t cpu_form;   /* yoke_form */
    uint32_t task;       /* YK_TASK_...: what the native function is */
    uint32_t needs_double; /* devices without double precision cannot run the source */
    uint32_t parameter_count; /* as declared by the program; 0: not declared */
    uint32_t is_own;          /* the library's own: it does what it declares */
    yk_promises promises; /* of its source's parameters */
    char name[YK_KERNEL_NAME_BYTES];
} yk_kernel;

static_assert(sizeof(yk_kernel) == 8 + 24 + 16 + 528 + 24 + 64 + 128, "no padding");
static_assert((int)YK_MAX_ARGS == 64 * (int)YK_PROMISE_WORDS, "a bit for each parameter");

static inline bool yk_kernel_has_native(const yk_kernel *kernel)
{
    return kernel->native.place.offset != 0;
}

static inline bool yk_kernel_has_source(const yk_kernel *kernel)
{
    return kernel->source != 0;
}

static inline bool yk_kernel_has_group(const yk_kernel *kernel)
{
    return kernel->group[0] != 0;
}

static inline bool yk_kernel_is_task(const yk_kernel *kernel)
{
    return kernel->task != YK_TASK_NONE;
}

/* Its kind, as error texts name it. */
static inline const char *yk_kernel_noun(const yk_kernel *kernel)
{
    return yk_kernel_is_task(kernel) ? "task" : "kernel";
}

enum {
    YK_PARAMETER_UNKNOWN,
    YK_PARAMETER_ARRAY,
    YK_PARAMETER_SCALAR,
    YK_PARAMETER_LOCAL,
    YK_PARAMETER_IMAGE,
    YK_PARAMETER_SAMPLER,
};

/* One parameter of a kernel's source, reported by a driver that built it. */
typedef struct yk_parameter {
    uint32_t kind;
    uint32_t bytes; /* of a scalar of a built-in type; 0: unknown */
    uint32_t may_write; /* array: its type is known not to be const; image: it may be written */
    uint32_t shape;     /* image: YK_SHAPE_2D and so on */
    uint32_t access;    /* image: YK_READ | YK_WRITE; 0: unknown */
    char name[64];
    char type[64];
} yk_parameter;

#endif
