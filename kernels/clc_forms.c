/* SPDX-License-Identifier: MIT */
#include "clc_forms.h"

#include <string.h>

#include <yoke/clc.h>

#include "saxpy.cl"
#include "sum_squares.cl"
#include "mandelbrot.cl"
#include "gaussian.cl"
#include "sobel.cl"
#include "bilateral.cl"
#include "nbody.cl"
#include "reaction_diffusion.cl"
#include "philox.cl"

YOKE_CLC_FUNCTION(saxpy, clc_saxpy, __global float *, __global const float *,
                  __global const float *, float)
YOKE_CLC_FUNCTION(sum_squares, clc_sum_squares, __global ulong *,
                  __global const ulong *)
YOKE_CLC_FUNCTION(mandelbrot, clc_mandelbrot, __global uint *, __global float *, uint,
                  float, float, float, uint)
YOKE_CLC_FUNCTION(gaussian_rows, clc_gaussian_rows, __global float *,
                  __global const uchar *, __global const float *, uint, uint, uint)
YOKE_CLC_FUNCTION(gaussian_columns, clc_gaussian_columns, __global uchar *,
                  __global const float *, __global const float *, uint, uint, uint,
                  uint)
YOKE_CLC_FUNCTION(sobel, clc_sobel, __global uchar *, __global const uchar *, uint,
                  uint, uint)
YOKE_CLC_FUNCTION(bilateral, clc_bilateral, __global uchar *, __global const uchar *,
                  __global const uint *, __global const uint *, uint, uint, uint,
                  uint)
YOKE_CLC_FUNCTION(nbody_kick, clc_nbody_kick, __global float4 *,
                  __global const float4 *, uint, float, float)
YOKE_CLC_FUNCTION(nbody_drift, clc_nbody_drift, __global float4 *,
                  __global const float4 *, float)
YOKE_CLC_FUNCTION(nbody_energy, clc_nbody_energy, __global float *,
                  __global const float4 *, __global const float4 *, uint, float)
YOKE_CLC_FUNCTION(reaction_diffusion, clc_reaction_diffusion, __global float *,
                  __global float *, __global const float *, __global const float *,
                  uint, uint, float, float, float, float)
YOKE_CLC_FUNCTION(philox_fill, clc_philox_fill, __global uint4 *, uint4, uint2)
YOKE_CLC_FUNCTION(philox_pi, clc_philox_pi, __global uint *, uint, uint2)

static const struct {
    const char *name;
    yoke_native *native;
} forms[] = {
    {"saxpy", clc_saxpy},
    {"sum_squares", clc_sum_squares},
    {"mandelbrot", clc_mandelbrot},
    {"gaussian_rows", clc_gaussian_rows},
    {"gaussian_columns", clc_gaussian_columns},
    {"sobel", clc_sobel},
    {"bilateral", clc_bilateral},
    {"nbody_kick", clc_nbody_kick},
    {"nbody_drift", clc_nbody_drift},
    {"nbody_energy", clc_nbody_energy},
    {"reaction_diffusion", clc_reaction_diffusion},
    {"philox_fill", clc_philox_fill},
    {"philox_pi", clc_philox_pi},
};

yoke_native *sample_clc_form(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].name, name) == 0) {
            return forms[i].native;
        }
    }
    return NULL;
}
