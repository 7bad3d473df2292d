/* SPDX-License-Identifier: MIT */
/* What the entry of OpenCL devices puts into selectors and into devices that were found. */
#ifndef YK_OPENCL_OPENCL_KIND_H
#define YK_OPENCL_OPENCL_KIND_H

#include "device/kind.h"

/* In a selector. */
typedef struct yk_opencl_choice {
    int32_t index;    /* opencl:N; -1: not by number */
    uint32_t any_gpu; /* gpu */
    char text[64];    /* opencl:TEXT, lower case; "" for any */
} yk_opencl_choice;

static inline yk_opencl_choice yk_opencl_choice_of(const yk_kind_data *data)
{
    yk_opencl_choice choice;

    yk_kind_data_get(data, &choice, sizeof choice);
    return choice;
}

/* Which device of a driver. */
typedef struct yk_opencl_place {
    uint32_t platform; /* index among the driver's platforms */
    uint32_t device;   /* index among the platform's devices */
} yk_opencl_place;

static inline yk_opencl_place yk_opencl_place_of(const yk_kind_data *data)
{
    yk_opencl_place place;

    yk_kind_data_get(data, &place, sizeof place);
    return place;
}

#endif
