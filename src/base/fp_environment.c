/* SPDX-License-Identifier: MIT */
#include "base/fp_environment.h"

#if defined(__x86_64__)

enum {
    DEFAULT_MXCSR =
        0x1f80,          /* to nearest, nothing flushed to zero, no traps, no flags */
    DEFAULT_X87 = 0x37f, /* the same, and 64 bits of precision */
    X87_FLAGS = 0x3f
};

/* What FNSTENV stores. */
typedef struct x87_state {
    uint16_t control, unused_1;
    uint16_t status, unused_2;
    uint32_t rest[5];
} x87_state;

static yk_fp_environment read_environment(void)
{
    yk_fp_environment now;
    uint16_t status;

    __asm__ volatile("stmxcsr %0\n\tfnstcw %1\n\tfnstsw %2"
                     : "=m"(now.mxcsr), "=m"(now.x87_control), "=a"(status));
    now.x87_flags = status & X87_FLAGS;
    return now;
}

static void write_x87(uint16_t control, uint16_t flags)
{
    x87_state state;

    __asm__ volatile("fnstenv %0" : "=m"(state) : : "memory");
    state.control = control;
    state.status = (uint16_t)((state.status & ~(X87_FLAGS | 0x8080)) | flags);
    __asm__ volatile("fldenv %0" : : "m"(state) : "memory");
}

static void fp_environment_change(yk_fp_environment now, yk_fp_environment wanted)
{
    if (now.mxcsr != wanted.mxcsr) {
        __asm__ volatile("ldmxcsr %0" : : "m"(wanted.mxcsr));
    }
    if (now.x87_control != wanted.x87_control || now.x87_flags != wanted.x87_flags) {
        write_x87(wanted.x87_control, wanted.x87_flags);
    }
    /* MMX code that has not ended leaves no room on the stack of x87: long double would be
     * NaN. */
    __asm__ volatile("emms" : : : "memory");
}

yk_fp_environment yk_fp_use_default(void)
{
    const yk_fp_environment before = read_environment();

    fp_environment_change(before, (yk_fp_environment){DEFAULT_MXCSR, DEFAULT_X87, 0});
    return before;
}

void yk_fp_restore(yk_fp_environment before)
{
    fp_environment_change(read_environment(), before);
}

#elif defined(__aarch64__)

static yk_fp_environment read_environment(void)
{
    yk_fp_environment now;

    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr"
                     : "=r"(now.control), "=r"(now.status));
    return now;
}

static void fp_environment_change(yk_fp_environment now, yk_fp_environment wanted)
{
    if (now.control != wanted.control) {
        __asm__ volatile("msr fpcr, %0" : : "r"(wanted.control));
    }
    if (now.status != wanted.status) {
        __asm__ volatile("msr fpsr, %0" : : "r"(wanted.status));
    }
}

yk_fp_environment yk_fp_use_default(void)
{
    const yk_fp_environment before = read_environment();

    fp_environment_change(before, (yk_fp_environment){0, 0});
    return before;
}

void yk_fp_restore(yk_fp_environment before)
{
    fp_environment_change(read_environment(), before);
}

#else

yk_fp_environment yk_fp_use_default(void)
{
    yk_fp_environment before;

    (void)fegetenv(&before.all);
    (void)fesetenv(FE_DFL_ENV);
    return before;
}

void yk_fp_restore(yk_fp_environment before)
{
    (void)fesetenv(&before.all);
}

#endif
