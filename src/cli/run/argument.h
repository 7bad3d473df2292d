/* SPDX-License-Identifier: MIT */
/* One ARG of `yoke run`: what is given for one kernel parameter. */
#ifndef YK_CLI_RUN_ARGUMENT_H
#define YK_CLI_RUN_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/shape.h"
#include "cli/run/scalar.h"
#include "yoke/arg.h"
#include "yoke/range.h"

/* What a kernel does with an array; the word before the colon. */
typedef struct yk_array_use {
    const char *name; /* "inout-whole" */
    yoke_access access;
    yoke_parts parts;
    bool reads_all;
    bool leaves_some;
} yk_array_use;

typedef struct yk_argument {
    const char *text; /* as given */
    yoke_arg_kind kind;

    /* arrays */
    const yk_array_use *use;
    bool per_group;      /* parts belong to work-groups (/group) */
    bool by_axis;        /* a part is one index of the first axis, and there may be more of them
                          * than items (@N, /at=N) */
    size_t first;        /* the pointer is the start of this part (@N) */
    size_t at;           /* item i owns part i + at, counted from the pointer (/at=N) */
    bool from_offset;    /* items are counted from the range's offset (/from-offset) */
    size_t halo_before;  /* neighbours that are read too (/halo=B,A) */
    size_t halo_after;
    bool has_halo;       /* /halo= was given, of 0 parts perhaps */
    yoke_edge edge;      /* of the halo (/edge=) */
    size_t first_column; /* of a tile (/columns=X,W) */
    size_t columns;      /* 0: all of them */
    bool has_axis;       /* a part is one index of this axis (/axis=N) */
    size_t axis;
    size_t each;         /* elements of a part, or of one block of it (/each=N); 0: not given */
    size_t pitch;        /* elements from part to part (/pitch=N); 0: not given */
    size_t blocks;       /* of a part (/strided=B,S); 0: not given */
    size_t stride;       /* elements from block to block */
    bool mirrored;       /* item i owns part n - 1 - i (/mirrored) */
    bool is_scaled;      /* /scaled */
    size_t scale_up;     /* 0: as many parts as there are to as many items */
    size_t scale_down;
    size_t ragged_argument; /* this argument, counted from 1, has the offsets (/ragged=N); or 0 */
    char *ragged_file;      /* this file has them (/ragged=FILE); or NULL */
    bool is_created;        /* not read from a file */
    char *file;             /* to read, or to create; "-" is standard input */
    char *result;           /* to write; NULL if nothing is written */
    yk_shape given;         /* FILE:TYPE:SHAPE, of a file that is created or of raw elements. No
                             * axes: FILE:TYPE; no element either: FILE */

    yk_scalar scalar;
    unsigned range_axis; /* the value is the range's size in this dimension, counted from 1
                          * (int32:x); 0: it was given */
    size_t local_bytes;
} yk_argument;

/* Parses text, which must outlive the argument. */
bool yk_argument_parse(yk_argument *argument, const char *text,
                       yk_complaint *complaint);

/* Gives the argument its value if that is a size of the range. */
bool yk_argument_set_range(yk_argument *argument, const yoke_range *range,
                           yk_complaint *complaint);

void yk_argument_fini(yk_argument *argument);

/* Whether the array is read from a file. */
bool yk_argument_is_read(const yk_argument *argument);

#endif
