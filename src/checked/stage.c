/* SPDX-License-Identifier: MIT */
#include "checked/stage.h"

#include <string.h>

static bool has_image(const yk_check_stage *stage, uint32_t i)
{
    return stage->images[i].arg != NULL;
}

yoke_status yk_stage_init(yk_check_stage *stage, const yk_launch *launch,
                          yk_image_place place, yk_error *error)
{
    yoke_status status = YOKE_OK;

    stage->shared = launch;
    stage->place = place;
    memcpy(&stage->launch, launch, sizeof *launch);
    for (uint32_t i = 0; i < launch->arg_count && status == YOKE_OK; i++) {
        if (launch->args[i].kind == YK_ARG_ARRAY) {
            status = yk_image_init(&stage->images[i], launch, i, error);
            stage->launch.args[i].table =
                0; /* what is written there changes no array */
            stage->launch.args[i].block_id = 0;
        }
    }
    if (status != YOKE_OK) {
        yk_stage_fini(stage);
    }
    return status;
}

void yk_stage_fini(yk_check_stage *stage)
{
    for (uint32_t i = 0; i < YK_MAX_ARGS; i++) {
        yk_image_fini(&stage->images[i]);
    }
    stage->shared = NULL;
}

yoke_status yk_stage_freeze(yk_check_stage *stage, yk_error *error)
{
    yoke_status status = YOKE_OK;

    for (uint32_t i = 0; i < stage->launch.arg_count && status == YOKE_OK; i++) {
        if (has_image(stage, i)) {
            status = yk_image_freeze(&stage->images[i], error);
        }
    }
    return status;
}

yoke_status yk_stage_open(yk_check_stage *stage, yk_unit unit, bool *has_moved,
                          yk_error *error)
{
    uint64_t position = 0;
    yoke_status status = YOKE_OK;

    *has_moved = false;
    for (uint32_t i = 0; i < stage->launch.arg_count && status == YOKE_OK; i++) {
        yk_image *image = &stage->images[i];
        uint64_t *address = &stage->launch.args[i].address;

        if (has_image(stage, i)) {
            status = yk_image_open(image, unit, stage->place, error);
            image->first_position = position;
            position += yk_image_positions(image);
            *has_moved |= *address != (uint64_t)(uintptr_t)image->pointer;
            *address = (uint64_t)(uintptr_t)image->pointer;
        }
    }
    return status;
}

yoke_status yk_stage_fill(yk_check_stage *stage, yk_filling filling, yk_error *error)
{
    yoke_status status = YOKE_OK;

    for (uint32_t i = 0; i < stage->launch.arg_count && status == YOKE_OK; i++) {
        if (has_image(stage, i)) {
            status = yk_image_fill(&stage->images[i], filling, error);
        }
    }
    return status;
}

uint64_t yk_stage_positions(const yk_check_stage *stage)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < stage->launch.arg_count; i++) {
        total += yk_image_positions(&stage->images[i]);
    }
    return total;
}

const yk_image *yk_stage_image_of(const yk_check_stage *stage, uint64_t position)
{
    const yk_image *found = NULL;

    for (uint32_t i = 0; i < stage->launch.arg_count; i++) {
        const yk_image *image = &stage->images[i];

        if (yk_image_positions(image) > 0 && image->first_position <= position) {
            found = image;
        }
    }
    return found;
}

const yk_image *yk_stage_image_with(const yk_check_stage *stage, const yk_fence *fence)
{
    for (uint32_t i = 0; i < stage->launch.arg_count; i++) {
        if (&stage->images[i].fence == fence) {
            return &stage->images[i];
        }
    }
    return NULL;
}

/* ---- what the kernel wrote ---- */

size_t yk_stage_writable_bytes(const yk_check_stage *stage)
{
    size_t total = 0;

    for (uint32_t i = 0; i < stage->launch.arg_count; i++) {
        total += yk_image_writable_bytes(&stage->images[i]);
    }
    return total;
}

void yk_stage_save(const yk_check_stage *stage, unsigned char *to)
{
    for (uint32_t i = 0; i < stage->launch.arg_count; i++) {
        yk_image_save(&stage->images[i], to);
        to += yk_image_writable_bytes(&stage->images[i]);
    }
}

void yk_stage_classify(const yk_check_stage *stage, unsigned char *to)
{
    for (uint32_t i = 0; i < stage->launch.arg_count; i++) {
        yk_image_classify(&stage->images[i], to);
        to += yk_image_writable_bytes(&stage->images[i]);
    }
}

const yk_image *yk_stage_saved_image(const yk_check_stage *stage, size_t *at)
{
    uint32_t i = 0;

    while (*at >= yk_image_writable_bytes(&stage->images[i])) {
        *at -= yk_image_writable_bytes(&stage->images[i++]);
    }
    return &stage->images[i];
}
