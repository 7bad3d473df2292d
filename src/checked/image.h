/* SPDX-License-Identifier: MIT */
/*
 * An image: an array argument as a kernel sees it in the checking mode. It is a copy of the
 * bytes that some items declare, in address space that is otherwise inaccessible. Other bytes
 * of the same pages contain the array's own content or poison.
 *
 * Only launch/footprint.h determines which bytes are declared.
 */
#ifndef YK_CHECKED_IMAGE_H
#define YK_CHECKED_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/footprint.h"
#include "launch/launch.h"
#include "sys/fence.h"

/* Where in a page the declared bytes are placed. */
typedef enum yk_image_place {
    YK_PLACE_SAME = 0,       /* where they are in the array */
    YK_PLACE_END = 1,        /* the last of them at the end of a page */
    YK_PLACE_BEGIN = 2,      /* the first of them at the beginning of a page */
    YK_PLACE_FIRST_END = 3,  /* with more than one extent: the end of the first */
    YK_PLACE_LAST_BEGIN = 4, /* ... the beginning of the last */
    YK_PLACES = 5,
} yk_image_place;

/* Items [begin, end) that are run together. */
typedef struct yk_unit {
    uint64_t begin;
    uint64_t end;
    bool is_one; /* one item, or one work-group: no vectors are read across several */
} yk_unit;

/* What the undeclared bytes contain, and those that are only written. */
typedef enum yk_filler {
    YK_FILL_REAL = 0,  /* the array's own content */
    YK_FILL_FIRST = 1, /* poison of the first kind */
    YK_FILL_SECOND = 2,
} yk_filler;

/* Bytes whose position is below `cut` contain `below`, the others `above`. Positions number the
 * bytes of all images of a launch. */
typedef struct yk_filling {
    yk_filler below;
    yk_filler above;
    uint64_t cut;
} yk_filling;

enum { YK_IMAGE_RUNS = 132 };

/* Pages that are not closed: bytes [low, high) of the fence. */
typedef struct yk_image_run {
    size_t low;
    size_t high;
    yk_fence_mode mode;
} yk_image_run;

typedef struct yk_image {
    const yk_launch *launch;
    const yk_arg *arg; /* NULL: no array */
    uint32_t index;
    yk_fence fence;
    /* the array's address that lies at `lead` in the fence at shift 0 */
    uint64_t origin;
    size_t lead;
    unsigned char *pointer; /* the pointer that the kernel gets */
    yk_extent reads[YK_MAX_EXTENTS];
    size_t read_count;
    yk_extent write; /* if has_write */
    bool has_write;
    yk_image_run runs[YK_IMAGE_RUNS];
    size_t run_count;
    bool has_content;        /* what is read is in place */
    bool is_real;            /* ... and the array's own bytes around it */
    uint64_t first_position; /* of its first run's first byte */
    unsigned char *frozen;   /* update: the whole readable array, copied; else NULL */
    uint64_t frozen_from;    /* the address of its first byte */
} yk_image;

/* *image starts zeroed. YOKE_ENOMEM. */
yoke_status yk_image_init(yk_image *image, const yk_launch *launch, uint32_t index,
                          yk_error *error);
void yk_image_fini(yk_image *image);

/* Other chunks may change what this one reads: from here on it reads the array's present
 * content. A no-op for arrays that no other chunk can change. */
yoke_status yk_image_freeze(yk_image *image, yk_error *error);

/* Whether a place differs from the two usual ones for these items. */
bool yk_image_has_more_places(const yk_image *image, yk_unit unit);

/* Opens the pages for a unit at this place, and sets the pointer. */
yoke_status yk_image_open(yk_image *image, yk_unit unit, yk_image_place place,
                          yk_error *error);

/* Fills the open pages. */
yoke_status yk_image_fill(yk_image *image, yk_filling filling, yk_error *error);

/* The number of positions of its open pages. */
uint64_t yk_image_positions(const yk_image *image);

/* The array's byte at a position, counted from the argument's pointer. */
int64_t yk_image_offset_of(const yk_image *image, uint64_t position);

/* The image's byte for an address of the array. */
unsigned char *yk_image_at(const yk_image *image, uint64_t address);

/* The same in the other direction, as an offset from the argument's pointer. */
int64_t yk_image_offset(const yk_image *image, const unsigned char *at);

/* What a kernel may do with a byte of the pages it can write. */
enum {
    YK_BYTE_FOREIGN = 0, /* nothing: it is not declared as written */
    YK_BYTE_MUST = 1,    /* has to write it */
    YK_BYTE_MAY = 2,
};

/* The pages that the kernel can write, one after the other: the number of bytes, a copy of
 * them, and YK_BYTE_... for each. */
size_t yk_image_writable_bytes(const yk_image *image);
void yk_image_save(const yk_image *image, unsigned char *to);
void yk_image_classify(const yk_image *image, unsigned char *to);

/* The array's byte at a place in that copy, counted from the argument's pointer. */
int64_t yk_image_saved_offset(const yk_image *image, size_t at);

#endif
