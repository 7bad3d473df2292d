/* SPDX-License-Identifier: MIT */
/*
 * What a worker's process is compiling, and since when. Compilers may take long, print, and take
 * their process down, and some compile inside the call that launches a kernel. So devices note
 * here when they call one. The note is in shared memory and outlives the process, and so is what
 * the compiler prints meanwhile.
 */
#ifndef YK_DEVICE_COMPILING_H
#define YK_DEVICE_COMPILING_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    YK_COMPILING_NOTHING = 0,
    YK_COMPILING_PROGRAM = 1, /* from its source */
    /* it waits for another process that compiles the same program into the same cache */
    YK_COMPILING_WAIT = 2,
    /* the first launch of a shape, in which the driver compiles and then runs the kernel */
    YK_COMPILING_LAUNCH = 3,
};

/* Writer: the worker; the supervisor once it has reaped it. */
typedef struct yk_compiling {
    _Atomic uint64_t since; /* clock, of the outermost step; 0: nothing; written last */
    _Atomic uint32_t step;  /* YK_COMPILING_... */
    uint32_t reserved;
} yk_compiling;

/* Where this process notes what it compiles, and what it calls after each note (NULL: nothing).
 * What compilers print on standard error also goes to the end of `file`, from `offset` on; -1:
 * only to standard error. Without this call there are no notes. */
void yk_compiling_use(yk_compiling *note, int file, uint64_t offset,
                      void (*noted)(void *context), void *context);

/* Notes a step. Returns the step before it, for the call that ends it. */
uint32_t yk_compiling_enter(uint32_t step);
void yk_compiling_leave(uint32_t before);

#endif
