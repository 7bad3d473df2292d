/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Native functions whose arguments have names and types, instead of args[0], args[1] and so on.
 * For compilers with GNU extensions (gcc, clang). yoke.h does not include it.
 */
#ifndef YOKE_NATIVE_H
#define YOKE_NATIVE_H

#include "detail/native_arguments.h"
#include "kernel.h"

/**
 * Begins the definition of a native function (yoke_native) with the given parameters. Each is a pair
 * of type and name: a pointer for an array or local, any other type for a scalar. The body sees
 * them, and `span`:
 *
 *     YOKE_NATIVE_FUNCTION(saxpy, (float *, z), (const float *, x), (float, a))
 *     {
 *         for (size_t i = span->begin; i < span->end; i++) {
 *             z[i] = a * x[i];
 *         }
 *     }
 *
 * It also defines the constant `saxpy_parameters`, for yoke_kernel_options.parameters: maps with
 * another number of arguments are refused. At most 24 parameters. The types are not compared with
 * those of the arguments.
 */
#define YOKE_NATIVE_FUNCTION(name, ...)                                                \
    static inline void name##_body(                                                    \
        const yoke_span *span YOKE_NATIVE_EACH(YOKE_NATIVE_DECLARE, __VA_ARGS__));     \
    enum { name##_parameters = YOKE_NATIVE_COUNT(__VA_ARGS__) };                       \
    YOKE_NATIVE_LINKAGE yoke_native name;                                              \
    void name(const yoke_span *span, void *const args[])                               \
    {                                                                                  \
        name##_body(span YOKE_NATIVE_EACH(YOKE_NATIVE_PASS, __VA_ARGS__));             \
    }                                                                                  \
    static inline void name##_body(                                                    \
        const yoke_span *span YOKE_NATIVE_EACH(YOKE_NATIVE_DECLARE, __VA_ARGS__))

#endif
