/* SPDX-License-Identifier: MIT */
/* Image and sampler arguments: whether the description is consistent, and fits the array and the
 * parameter. */
#ifndef YK_LAUNCH_CHECK_IMAGE_H
#define YK_LAUNCH_CHECK_IMAGE_H

#include <stdbool.h>

#include "launch/check.h"
#include "launch/pixels.h"

bool yk_arg_is_image(const yoke_arg *arg);

/* Fills in *pixels from the description alone. */
yoke_status yk_check_pixels(yk_pixels *pixels, const yoke_arg *arg, yk_error *error);

/* Whether the parts of a checked array are pixels of the image. */
yoke_status yk_check_image_parts(const yk_launch *launch, const yk_arg *to,
                                 const yk_pixels *pixels, yk_error *error);

/* Whether an image parameter takes the image: its kind, and what is done with it. */
yoke_status yk_check_image_parameter(const yoke_arg *arg, const yk_parameter *parameter,
                                     yk_error *error);

yoke_status yk_check_sampler(const yoke_arg *arg, yk_error *error);

#endif
