/* SPDX-License-Identifier: MIT */
/*
 * Part of yoke/clc.h: the words of OpenCL C that C does not have, and those that are refused.
 */
#ifndef YOKE_CLC_WORDS_H
#define YOKE_CLC_WORDS_H

/* Kernels are compiled into the loop that runs them. */
#define __kernel static inline __attribute__((always_inline, unused))
#define kernel __kernel
#define __global
#define global
#define __constant const
#define constant const
#define __private
#define private
#define __read_only
#define __write_only
#define __read_write

#define cl_khr_fp64 1
#define __ENDIAN_LITTLE__ 1
#define prefetch(p, n) ((void)0)

#undef MAXFLOAT
#define MAXFLOAT FLT_MAX
#define M_E_F 2.71828182845904523536f
#define M_LOG2E_F 1.44269504088896340736f
#define M_LOG10E_F 0.434294481903251827651f
#define M_LN2_F 0.693147180559945309417f
#define M_LN10_F 2.30258509299404568402f
#define M_PI_F 3.14159265358979323846f
#define M_PI_2_F 1.57079632679489661923f
#define M_PI_4_F 0.785398163397448309616f
#define M_1_PI_F 0.318309886183790671538f
#define M_2_PI_F 0.636619772367581343076f
#define M_2_SQRTPI_F 1.12837916709551257390f
#define M_SQRT2_F 1.41421356237309504880f
#define M_SQRT1_2_F 0.707106781186547524401f
#ifndef M_PI /* strict C has none of these */
#define M_E 2.71828182845904523536
#define M_LOG2E 1.44269504088896340736
#define M_LOG10E 0.434294481903251827651
#define M_LN2 0.693147180559945309417
#define M_LN10 2.30258509299404568402
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.785398163397448309616
#define M_1_PI 0.318309886183790671538
#define M_2_PI 0.636619772367581343076
#define M_2_SQRTPI 1.12837916709551257390
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.707106781186547524401
#endif

/* An error with a sentence, wherever the word stands. */
#define YOKE_CLC_REFUSE(text) _Pragma(#text)
#define YOKE_CLC_NO_LOCAL YOKE_CLC_REFUSE(GCC error "yoke/clc.h: local memory is not supported: write a native function by hand for this kernel")
#define YOKE_CLC_NO_BARRIER YOKE_CLC_REFUSE(GCC error "yoke/clc.h: barriers are not supported, work-items run one after another: write a native function by hand for this kernel")
#define YOKE_CLC_NO_ATOMIC YOKE_CLC_REFUSE(GCC error "yoke/clc.h: atomic functions are not supported")
#define YOKE_CLC_NO_IMAGE YOKE_CLC_REFUSE(GCC error "yoke/clc.h: images are not supported")
#define YOKE_CLC_NO_HALF YOKE_CLC_REFUSE(GCC error "yoke/clc.h: half is not supported")
#define YOKE_CLC_NO_SHUFFLE YOKE_CLC_REFUSE(GCC error "yoke/clc.h: shuffle() is not supported")
#define __local YOKE_CLC_NO_LOCAL
#define local YOKE_CLC_NO_LOCAL
#define barrier(...) YOKE_CLC_NO_BARRIER
#define work_group_barrier(...) YOKE_CLC_NO_BARRIER
#define mem_fence(...) YOKE_CLC_NO_BARRIER
#define read_mem_fence(...) YOKE_CLC_NO_BARRIER
#define write_mem_fence(...) YOKE_CLC_NO_BARRIER
#define async_work_group_copy(...) YOKE_CLC_NO_BARRIER
#define async_work_group_strided_copy(...) YOKE_CLC_NO_BARRIER
#define wait_group_events(...) YOKE_CLC_NO_BARRIER
#define atomic_add(...) YOKE_CLC_NO_ATOMIC
#define atom_add(...) YOKE_CLC_NO_ATOMIC
#define atomic_sub(...) YOKE_CLC_NO_ATOMIC
#define atom_sub(...) YOKE_CLC_NO_ATOMIC
#define atomic_xchg(...) YOKE_CLC_NO_ATOMIC
#define atom_xchg(...) YOKE_CLC_NO_ATOMIC
#define atomic_inc(...) YOKE_CLC_NO_ATOMIC
#define atom_inc(...) YOKE_CLC_NO_ATOMIC
#define atomic_dec(...) YOKE_CLC_NO_ATOMIC
#define atom_dec(...) YOKE_CLC_NO_ATOMIC
#define atomic_cmpxchg(...) YOKE_CLC_NO_ATOMIC
#define atom_cmpxchg(...) YOKE_CLC_NO_ATOMIC
#define atomic_min(...) YOKE_CLC_NO_ATOMIC
#define atom_min(...) YOKE_CLC_NO_ATOMIC
#define atomic_max(...) YOKE_CLC_NO_ATOMIC
#define atom_max(...) YOKE_CLC_NO_ATOMIC
#define atomic_and(...) YOKE_CLC_NO_ATOMIC
#define atom_and(...) YOKE_CLC_NO_ATOMIC
#define atomic_or(...) YOKE_CLC_NO_ATOMIC
#define atom_or(...) YOKE_CLC_NO_ATOMIC
#define atomic_xor(...) YOKE_CLC_NO_ATOMIC
#define atom_xor(...) YOKE_CLC_NO_ATOMIC
#define image1d_t YOKE_CLC_NO_IMAGE int
#define image2d_t YOKE_CLC_NO_IMAGE int
#define image3d_t YOKE_CLC_NO_IMAGE int
#define image2d_array_t YOKE_CLC_NO_IMAGE int
#define sampler_t YOKE_CLC_NO_IMAGE int
#define half YOKE_CLC_NO_HALF float
#define vload_half(...) YOKE_CLC_NO_HALF
#define vload_half2(...) YOKE_CLC_NO_HALF
#define vload_half4(...) YOKE_CLC_NO_HALF
#define vload_half8(...) YOKE_CLC_NO_HALF
#define vload_half16(...) YOKE_CLC_NO_HALF
#define vstore_half(...) YOKE_CLC_NO_HALF
#define vstore_half2(...) YOKE_CLC_NO_HALF
#define vstore_half4(...) YOKE_CLC_NO_HALF
#define vstore_half8(...) YOKE_CLC_NO_HALF
#define vstore_half16(...) YOKE_CLC_NO_HALF
#define shuffle(...) YOKE_CLC_NO_SHUFFLE
#define shuffle2(...) YOKE_CLC_NO_SHUFFLE

#endif
