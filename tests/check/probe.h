/* SPDX-License-Identifier: MIT */
/*
 * A kernel that does what its arguments declare, and at one item, if it is told to, something
 * else. In both forms.
 *
 *     probe(target, result, fault)    result: 4 bytes per item, written
 */
#ifndef CHECK_PROBE_H
#define CHECK_PROBE_H

#include <stdint.h>

#include "support/yoke_test.h"
#include "yoke/yoke.h"

enum {
    PROBE_NOTHING = 0,
    PROBE_READ = 1,    /* of a byte that counts for the result */
    PROBE_LOOK = 2,    /* of a byte that does not */
    PROBE_WRITE = 3,   /* of a byte */
    PROBE_REWRITE = 4, /* ... with the value that it has */
    PROBE_SKIP = 5,    /* the byte of its own part is not written */
};

/* What an item does. 64-bit numbers, as in OpenCL C. */
typedef struct probe_fault {
    int64_t kind;
    int64_t item;   /* that misbehaves; of a work-group the first */
    int64_t offset; /* of the byte, from the target's pointer */
    /* What it writes of the target, if that is only written: its part, where part 0 is at
     * `first`. */
    int64_t writes;
    int64_t bytes;
    int64_t first;
    int64_t blocks; /* 0: one */
    int64_t stride;
    int64_t group; /* items of a part's work-group; 0: it is an item's */
    int64_t split;
    int64_t pitch; /* 0: bytes */
} probe_fault;

extern const char probe_source[];
yoke_native probe_native;

/* A job with one fault, and what is said of it. */
typedef struct probe_case {
    const char *name;
    yoke_arg (*target)(unsigned char *array); /* how the array is declared */
    yoke_range range;                         /* {0}: 40 items */
    size_t group;
    bool round_up;
    bool lends;
    bool stages;
    probe_fault fault;
    const char *said; /* of the target, in the error; NULL: there is none */
    bool of_source;   /* only the source does it */
} probe_case;

/* Runs the cases with the kernel's function, then with its source. */
void probe_run_all(const probe_case *cases, size_t count, bool of_source);

#endif
