/* SPDX-License-Identifier: MIT */
/* A library that changes the floating-point environment as it is loaded, as those compiled
 * with -Ofast do. */
#include <fenv.h>

#include "yoke/kernel.h"

__attribute__((constructor)) static void change_environment(void)
{
    (void)fesetround(FE_DOWNWARD);
}

__attribute__((visibility("default"))) yoke_native fast_library_kernel;

void fast_library_kernel(const yoke_span *span, void *const *args)
{
    int *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = fegetround();
    }
}
