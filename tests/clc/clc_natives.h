/* SPDX-License-Identifier: MIT */
/* The kernels of clc_builtins.cl as native functions. */
#ifndef CLC_NATIVES_H
#define CLC_NATIVES_H

#include <yoke/yoke.h>

yoke_native clc_exact_float, clc_exact_double, clc_bounded_float, clc_bounded_double;
yoke_native clc_integer_char, clc_integer_uchar, clc_integer_short, clc_integer_ushort;
yoke_native clc_integer_int, clc_integer_uint, clc_integer_long, clc_integer_ulong;
yoke_native clc_places;

enum { clc_parameters = 5 }; /* of all but places */

#endif
