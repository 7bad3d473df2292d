/* SPDX-License-Identifier: MIT */
/**
 * @file
 * OpenCL C in a C file: the text of a kernel is its native form, too.
 *
 *     #include <yoke/clc.h>
 *     #include "saxpy.cl"
 *     YOKE_CLC_FUNCTION(saxpy, saxpy_native, __global float *, __global const float *, float)
 *
 * That is a file of its own, in C11 or later, compiled by gcc or clang: this header gives words such
 * as `global`, and names such as min() and select(), the meaning of OpenCL C, and switches off
 * warnings that such text gives. Include it after all others. yoke.h does not include it.
 *
 * Results of integers, and of + - * / of floating point, are those of an OpenCL device, bit by bit;
 * a * b + c is not contracted. Other functions are within OpenCL's bounds. With -fno-math-errno
 * compilers make vector code of sqrt() and the like. What is undefined in OpenCL C may be undefined
 * otherwise here: a division by 0 ends the process. Shifts by the width of the type or more are
 * defined in OpenCL C, and are not here.
 *
 * It has scalars and vectors, work-item functions, mathematical, integer, common, geometric and
 * relational functions, conversions (without a mode, and _sat, _rte, _sat_rte), as_*, vload and
 * vstore. It does not have local memory, barriers, atomics, images, half and printf of vectors;
 * what it knows of that is an error that says so. C has no vector literals, and writing
 * (float4)(x, y, z, w) is an error: write make_float4(x, y, z, w), and for OpenCL
 *
 *     #ifndef YOKE_CLC
 *     #define make_float4 (float4)
 *     #endif
 *
 * With clang, vectors have members, swizzles and operators. With gcc they have the members x y z w,
 * s0 to sF, lo and hi, and no operators.
 */
#ifndef YOKE_CLC_H
#define YOKE_CLC_H

#ifdef __cplusplus
#error "yoke/clc.h is for C, not for C++: OpenCL C is a kind of C. Compile the kernel in a .c file."
#endif
#if !defined(__GNUC__)
#error "yoke/clc.h needs gcc or clang: it uses statement expressions and vector types."
#endif
#if __STDC_VERSION__ < 201112L
#error "yoke/clc.h needs C11 or later (-std=c11): it uses _Generic."
#endif
#ifdef __FAST_MATH__
#error "yoke/clc.h gives other results with -ffast-math. Compile this file without it."
#endif

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if CHAR_MIN == 0
#error "yoke/clc.h: char is signed in OpenCL C. Compile this file with -fsigned-char."
#endif

#include "native.h"
#include "yoke.h" /* before its words change their meaning */

/** Defined while OpenCL C is compiled as C. */
#define YOKE_CLC 1

/* a * b + c is two roundings. Text written for OpenCL C is not written for these warnings; what C
 * would only warn about and OpenCL C refuses is an error. */
#ifdef __clang__
#pragma clang fp contract(off)
#pragma clang diagnostic error "-Wcomma" /* (float4)(x, y, z, w) would be (float4)(w) */
#else
#pragma GCC optimize("fp-contract=off")
#endif
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wfloat-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wmissing-braces"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wattributes"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wunknown-attributes"
#pragma clang diagnostic ignored "-Wunused-function"
#endif
#pragma GCC diagnostic error "-Wimplicit-function-declaration"
#pragma GCC diagnostic error "-Wincompatible-pointer-types"

#include "detail/clc_types.h"

#include "detail/clc_float.h"
#include "detail/clc_integer.h"

#include "detail/clc_convert.h"
#include "detail/clc_vector.h"

#include "detail/clc_names.h"

#include "detail/clc_conversions.h"

#include "detail/clc_words.h"

#include "detail/clc_items.h"

/**
 * Makes a native function of a kernel's function: `name` is that of the kernel, `native_name` that
 * of the function, the rest are the types of the kernel's parameters, as they are written there.
 * Other types are a compile-time error. It also defines the constant `native_name_parameters`, for
 * yoke_kernel_options.parameters. At most 24 parameters.
 *
 * Work-items run one after another. A kernel created with a work-group size has that here; otherwise
 * each work-item is a group.
 */
#define YOKE_CLC_FUNCTION(name, native_name, ...)                                      \
    _Static_assert(__builtin_types_compatible_p(__typeof__(name), void(__VA_ARGS__)),  \
                   "YOKE_CLC_FUNCTION(" #name "): these are not the types of the kernel's " \
                   "parameters");                                                      \
    enum { native_name##_parameters = YOKE_NATIVE_COUNT(__VA_ARGS__) };                \
    extern yoke_native native_name;                                                    \
    void native_name(const yoke_span *span, void *const args[])                        \
    YOKE_CLC_RUN(name, __VA_ARGS__)

#endif
