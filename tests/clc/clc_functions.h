/* SPDX-License-Identifier: MIT */
/*
 * Which built-in functions are compared, read by OpenCL C and by C. X(call, ulp): OpenCL's bound of
 * float, 0 for exact ones, with x, y, z for the arguments, and n for a small integer.
 */
#define CLC_EXACT(X)                                                                   \
    X(x + y) X(x - y) X(x * y) X(x * y + z) X(-x)                                      \
    X(ceil(x)) X(floor(x)) X(fabs(x)) X(rint(x)) X(round(x)) X(trunc(x))               \
    X(copysign(x, y)) X(fdim(x, y)) X(fmax(x, y)) X(fmin(x, y)) X(fma(x, y, z))        \
    X(min(x, y)) X(max(x, y)) X(clamp(x, min(y, z), max(y, z))) X(sign(x))             \
    X(step(x, y)) X(maxmag(x, y)) X(minmag(x, y)) X(fmod(x, y)) X(logb(x))             \
    X(nextafter(x, y)) X(ldexp(x, n)) X(fract(x, &second)) X(second)                   \
    X(modf(x, &second)) X(second) X(frexp(x, &whole)) X(whole) X(ilogb(x))             \
    X(isnan(x)) X(isinf(x)) X(isfinite(x)) X(isnormal(x)) X(signbit(x) != 0)           \
    X(isequal(x, y)) X(isnotequal(x, y)) X(isgreater(x, y)) X(isgreaterequal(x, y))    \
    X(isless(x, y)) X(islessequal(x, y)) X(islessgreater(x, y)) X(isordered(x, y))     \
    X(isunordered(x, y)) X(bitselect(x, y, z))                                         \
    X(convert_int_sat(x)) X(convert_uchar_sat_rte(x)) X(convert_ulong_sat(x))          \
    X(convert_short_sat_rte(x)) X(convert_long_sat(x)) X(convert_uint_sat(x))          \
    X(convert_char_sat(x)) X(convert_ushort_sat(x))                                    \
    X(min(v, w).x) X(max(v, x).y) X(floor(v).z) X(fabs(v).w) X(isless(v, w).y)         \
    X(any(isless(v, w))) X(all(isnan(v))) X(v.hi.x) X(v.lo.y) X(v.s3)                  \
    X(vload3(0, part).z) X(length(cross(v, v)))

#define CLC_BOUNDED(X)                                                                 \
    X(x / y, 2.5) X(sqrt(fabs(x)), 3) X(rsqrt(fabs(x)), 2) X(mad(x, y, z), 1e9)        \
    X(acos(x), 4) X(acosh(x), 4) X(acospi(x), 5) X(asin(x), 4) X(asinh(x), 4)          \
    X(asinpi(x), 5) X(atan(x), 5) X(atan2(x, y), 6) X(atan2pi(x, y), 6) X(atanh(x), 5) \
    X(atanpi(x), 5) X(cbrt(x), 2) X(cos(x), 4) X(cosh(x), 4) X(cospi(x), 4) X(erf(x), 16) \
    X(erfc(x), 16) X(exp(x), 3) X(exp2(x), 3) X(exp10(x), 3) X(expm1(x), 3)            \
    X(hypot(x, y), 4) X(log(x), 3) X(log2(x), 3) X(log10(x), 3) X(log1p(x), 2)         \
    X(pow(x, y), 16) X(powr(x, y), 16) X(pown(x, n), 16) X(rootn(x, n), 16)            \
    X(remainder(x, y), 0) X(sin(x), 4) X(sincos(x, &second), 4) X(second, 4)           \
    X(sinh(x), 4) X(sinpi(x), 4) X(tan(x), 5) X(tanh(x), 5) X(tanpi(x), 6)             \
    X(tgamma(x), 16) X(degrees(x), 2) X(radians(x), 2)                                 \
    X(length(v), 5) X(distance(v, w), 6) X(normalize(v).y, 4)
