/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#include <string.h>

#include "clc_forms.h"

/* Made from the .cl files by the build: sample_source_saxpy[] and so on. */
#define DECLARE_SOURCE(kernel, file, x, y, z) extern const char sample_source_##file[];
SAMPLE_KERNEL_TABLE(DECLARE_SOURCE)

#define TABLE_ENTRY(kernel, file, x, y, z)                                             \
    {#kernel, sample_source_##file, sample_##kernel, {x, y, z}},

const sample_kernel sample_kernels[] = {
    SAMPLE_KERNEL_TABLE(TABLE_ENTRY){NULL, NULL, NULL, {0, 0, 0}}};

const sample_kernel *sample_kernel_find(const char *name)
{
    for (const sample_kernel *kernel = sample_kernels; kernel->name != NULL; kernel++) {
        if (strcmp(kernel->name, name) == 0) {
            return kernel;
        }
    }
    return NULL;
}

yoke_status sample_kernel_create(yoke_kernel **kernel, yoke_pool *pool,
                                 const char *name, unsigned forms)
{
    const sample_kernel *sample = sample_kernel_find(name);

    *kernel = NULL;
    if (sample == NULL) {
        return YOKE_EINVAL;
    }
    yoke_kernel_options options = {.name = sample->name};
    options.source = (forms & SAMPLE_SOURCE) != 0 ? sample->source : NULL;
    options.native = (forms & SAMPLE_NATIVE) != 0 ? sample->native : NULL;
    if ((forms & SAMPLE_CLC) != 0) {
        yoke_native *clc = sample_clc_form(name);
        options.native = clc != NULL ? clc : sample->native;
    }
    memcpy(options.group, sample->group, sizeof options.group);
    return yoke_kernel_create(kernel, pool, &options);
}
