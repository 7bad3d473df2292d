/* SPDX-License-Identifier: MIT */
/* An OpenCL host as one writes it without the library: one device, one launch of all items. */
#ifndef RAW_HOST_H
#define RAW_HOST_H

#include "source_setup.h"

typedef struct raw_launch {
    const char *source;
    const char *build_options;
    const char *name; /* of the kernel */
    const char *driver; /* what OCL_ICD_VENDORS is to be; NULL: as it is */
    const char *platform; /* a word in the platform's name */
    unsigned dimensions;
    size_t size[3];
    size_t group[3]; /* 0: the driver chooses */
    yoke_arg args[8]; /* memory that children share; parts do not matter, only the access does */
    size_t arg_count;
} raw_launch;

/* Memory that children share, zero. */
void *raw_shared(size_t bytes);
void raw_shared_free(void *memory, size_t bytes);

/* Runs it in a child process. 0; otherwise what failed: a place in the source, or as
 * yt_in_child(). */
int raw_run(const raw_launch *launch);

#endif
