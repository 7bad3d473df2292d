/* SPDX-License-Identifier: MIT */
/* A stage: a launch whose arguments are images. The kernel works on these instead of the
 * arrays. */
#ifndef YK_CHECKED_STAGE_H
#define YK_CHECKED_STAGE_H

#include "checked/image.h"
#include "device/device.h"

typedef struct yk_check_stage {
    const yk_launch *shared; /* with the arrays; NULL: not in use */
    yk_image_place place;
    yk_launch launch; /* with the images */
    yk_image images[YK_MAX_ARGS];
} yk_check_stage;

/* Images for all arrays of a launch. *stage starts zeroed. */
yoke_status yk_stage_init(yk_check_stage *stage, const yk_launch *launch,
                          yk_image_place place, yk_error *error);

/* A no-op on a zeroed one. */
void yk_stage_fini(yk_check_stage *stage);

/* At the beginning of a chunk: the chunk reads the arrays' present content, even if other
 * chunks change them. */
yoke_status yk_stage_freeze(yk_check_stage *stage, yk_error *error);

/* Opens the images for a unit. *has_moved is set if arguments are now at other addresses. */
yoke_status yk_stage_open(yk_check_stage *stage, yk_unit unit, bool *has_moved,
                          yk_error *error);

/* Fills them. */
yoke_status yk_stage_fill(yk_check_stage *stage, yk_filling filling, yk_error *error);

/* The number of positions of all images. */
uint64_t yk_stage_positions(const yk_check_stage *stage);

/* The image that contains a position. */
const yk_image *yk_stage_image_of(const yk_check_stage *stage, uint64_t position);

/* The image that a fence belongs to. */
const yk_image *yk_stage_image_with(const yk_check_stage *stage, const yk_fence *fence);

/* The pages that the kernel can write, of all images, one after the other. */
size_t yk_stage_writable_bytes(const yk_check_stage *stage);
void yk_stage_save(const yk_check_stage *stage, unsigned char *to);
void yk_stage_classify(const yk_check_stage *stage, unsigned char *to);

/* The image to which a byte of the copy belongs; *at becomes its place in that image. */
const yk_image *yk_stage_saved_image(const yk_check_stage *stage, size_t *at);

#endif
