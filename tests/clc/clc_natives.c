/* SPDX-License-Identifier: MIT */
#include "clc_natives.h"

#include <yoke/clc.h>

#include "clc_builtins.cl"

#define NATIVE(name, T)                                                                \
    YOKE_CLC_FUNCTION(name##_##T, clc_##name##_##T, __global T *, __global const T *,  \
                      __global const T *, __global const T *, uint)
NATIVE(exact, float)
NATIVE(exact, double)
NATIVE(bounded, float)
NATIVE(bounded, double)
NATIVE(integer, char)
NATIVE(integer, uchar)
NATIVE(integer, short)
NATIVE(integer, ushort)
NATIVE(integer, int)
NATIVE(integer, uint)
NATIVE(integer, long)
NATIVE(integer, ulong)
YOKE_CLC_FUNCTION(places, clc_places, __global ulong *, uint, int)
