/* SPDX-License-Identifier: MIT */
/*
 * The host forms, what merges the blocks' results, and the table. One macro makes all of
 * an operation on a type; STEP and MERGE are what differs:
 *
 *     STEP(v, w, x, y, i)      takes the element x (and y) with index i into (v, w)
 *     MERGE(v, w, v2, w2)      takes (v2, w2) into (v, w)
 */
#include <math.h>
#include <string.h>

#include "reduce/reduction.h"

enum { LANES = YK_REDUCE_LANES, RUN = YK_REDUCE_RUN, BLOCK = YOKE_REDUCE_BLOCK };

_Static_assert(RUN == 8 && BLOCK % (LANES * RUN) == 0, "runs are written out");

/* No element has been taken: above every index in a block. */
#define NO_INDEX (1 << 20)

#define NEVER(x) 0
#define IS_NAN(x) ((x) != (x))
#define BELOW(a, b) ((a) < (b))
#define ABOVE(a, b) ((a) > (b))

/* ---- merging ---- */

void yk_reduce_pairs(void *partials, size_t count, size_t bytes,
                     void (*combine)(void *into, const void *from, void *context),
                     void *context)
{
    char *first = partials;

    for (size_t step = 1; step < count; step *= 2) {
        for (size_t k = 0; k + step < count; k += 2 * step) {
            combine(first + k * bytes, first + (k + step) * bytes, context);
        }
    }
}

/* ---- the operations ---- */

/* Not every operation needs all of its parameters. */
#define UNUSED(a, b, c) (void)(a), (void)(b), (void)(c);

#define STEP_SUM(v, w, x, y, i, NAN_OF, FIRST_OF) UNUSED(w, y, i) v += (x);
#define STEP_SQUARE(v, w, x, y, i, NAN_OF, FIRST_OF) UNUSED(w, y, i) v += (x) * (x);
#define STEP_DOT(v, w, x, y, i, NAN_OF, FIRST_OF) UNUSED(w, y, i) v += (x) * (y);
#define MERGE_SUM(v, w, v2, w2, NAN_OF, FIRST_OF) UNUSED(w, w2, 0) v += (v2);

/* v + x exactly as v and the error w (Knuth). */
#define MERGE_COMPENSATED(v, w, v2, w2, NAN_OF, FIRST_OF)                              \
    {                                                                                  \
        __typeof__(v) sum_ = (v) + (v2);                                               \
        __typeof__(v) part_ = sum_ - (v);                                              \
                                                                                       \
        w += (w2) + (((v) - (sum_ - part_)) + ((v2)-part_));                           \
        v = sum_;                                                                      \
    }
#define STEP_COMPENSATED(v, w, x, y, i, NAN_OF, FIRST_OF)                              \
    {                                                                                  \
        UNUSED(y, i, 0) __typeof__(v) sum_ = (v) + (x);                                \
        __typeof__(v) part_ = sum_ - (v);                                              \
                                                                                       \
        w += ((v) - (sum_ - part_)) + ((x)-part_);                                     \
        v = sum_;                                                                      \
    }

#define MERGE_EXTREME(v, w, v2, w2, NAN_OF, FIRST_OF)                                  \
    UNUSED(w, w2, 0) v = (FIRST_OF(v2, v) | NAN_OF(v2)) ? (v2) : (v);
#define STEP_EXTREME(v, w, x, y, i, NAN_OF, FIRST_OF)                                  \
    UNUSED(y, i, 0) MERGE_EXTREME(v, w, x, 0, NAN_OF, FIRST_OF)

/* Within a run indices only grow. An element as large as the identity is not taken: if
 * all of a block are, its index stays NO_INDEX, which stands for the first. */
#define STEP_PLACE(v, w, x, y, i, NAN_OF, FIRST_OF)                                    \
    {                                                                                  \
        UNUSED(y, 0, 0) const int take_ = FIRST_OF(x, v) | (NAN_OF(x) & !NAN_OF(v));   \
                                                                                       \
        v = take_ ? (x) : (v);                                                         \
        w = take_ ? (__typeof__(w))(i) : (w);                                          \
    }
#define MERGE_PLACE(v, w, v2, w2, NAN_OF, FIRST_OF)                                    \
    {                                                                                  \
        const int same_ = ((v2) == (v)) | (NAN_OF(v2) & NAN_OF(v));                    \
        const int take_ =                                                              \
            FIRST_OF(v2, v) | (NAN_OF(v2) & !NAN_OF(v)) | (same_ & ((w2) < (w)));      \
                                                                                       \
        v = take_ ? (v2) : (v);                                                        \
        w = take_ ? (w2) : (w);                                                        \
    }

/* What the second number starts from, and whether there is a second array. */
#define START_STEP_SUM 0
#define START_STEP_SQUARE 0
#define START_STEP_DOT 0
#define START_STEP_COMPENSATED 0
#define START_STEP_EXTREME 0
#define START_STEP_PLACE NO_INDEX
#define TWO_STEP_SUM 0
#define TWO_STEP_SQUARE 0
#define TWO_STEP_DOT 1
#define TWO_STEP_COMPENSATED 0
#define TWO_STEP_EXTREME 0
#define TWO_STEP_PLACE 0

/* ---- results ---- */

/* One NaN for all, +0 for zeros. */
static double float_result(double value)
{
    return isnan(value) ? (double)NAN : value + 0.0;
}

#define SET_F(result, v) (result)->value.f = float_result((double)(v))
#define SET_I(result, v) (result)->value.i = (int64_t)(v)
#define SET_U(result, v) (result)->value.u = (uint64_t)(v)
/* The element as it is. */
#define SET_F_PLACE(result, v) (result)->value.f = isnan(v) ? (double)NAN : (double)(v)

/* The same in a worker. */
#define FOLD(NAME)                                                                     \
    static void fold_##NAME(const yoke_span *span, void *const args[])                 \
    {                                                                                  \
        yoke_reduced made = {.index = 0};                                              \
                                                                                       \
        (void)span;                                                                    \
        finish_##NAME(args[1], (size_t)*(const uint64_t *)args[2], &made);             \
        memcpy(args[0], &made, sizeof made);                                           \
    }

#define FINISH_SUM(NAME, V, SET, MERGE)                                                \
    static void combine_##NAME(void *into, const void *from, void *context)            \
    {                                                                                  \
        V *a = into;                                                                   \
        const V *b = from;                                                             \
                                                                                       \
        (void)context;                                                                 \
        MERGE(a[0], a[1], b[0], b[1], IS_NAN, BELOW)                                   \
    }                                                                                  \
                                                                                       \
    static void finish_##NAME(void *partials, size_t count, yoke_reduced *result)      \
    {                                                                                  \
        const V *p = partials;                                                         \
                                                                                       \
        yk_reduce_pairs(partials, count, 2 * sizeof(V), combine_##NAME, NULL);         \
        /* The rounding error means nothing if the sum is infinite. */                 \
        SET(result, p[0] - p[0] == 0 ? p[0] + p[1] : p[0]);                            \
        result->index = 0;                                                             \
    }                                                                                  \
                                                                                       \
    FOLD(NAME)

#define FINISH_EXTREME(NAME, V, SET, NAN_OF, FIRST_OF, PLACE)                          \
    static void finish_##NAME(void *partials, size_t count, yoke_reduced *result)      \
    {                                                                                  \
        V(*p)[2] = partials;                                                           \
        size_t best = 0;                                                               \
                                                                                       \
        for (size_t b = 1; b < count; b++) {                                           \
            if (FIRST_OF(p[b][0], p[best][0]) ||                                       \
                (NAN_OF(p[b][0]) && !NAN_OF(p[best][0]))) {                            \
                best = b;                                                              \
            }                                                                          \
        }                                                                              \
        SET(result, p[best][0]);                                                       \
        result->index = 0;                                                             \
        if (PLACE) {                                                                   \
            result->index = best * BLOCK;                                              \
            result->index += p[best][1] < (V)NO_INDEX ? (uint64_t)p[best][1] : 0;      \
        }                                                                              \
    }                                                                                  \
                                                                                       \
    FOLD(NAME)

/* ---- the host form ---- */

/* Compiled for several vector widths, of which the loader selects one. The lanes keep the order
 * of operations, whatever the width. Sanitizers are not ready when the loader asks. */
#if defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&                  \
    defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) &&                           \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* A run is read row by row, which the processor does not predict: the lines of the row after
 * the next are prefetched. A prefetch does nothing where there is no memory. */
static inline void reduce_prefetch(const void *run, size_t bytes)
{
    enum { LINE = 64 };

    for (size_t at = 0; at < bytes; at += LINE) {
        __builtin_prefetch((const char *)run + 2 * bytes + at);
    }
}

#define ROW(k, V, STEP, NAN_OF, FIRST_OF)                                              \
    STEP(tv, tw, (V)a[(k)*LANES + l], (V)b[(k)*LANES + l], base + at + (k)*LANES + l,  \
         NAN_OF, FIRST_OF)

#define NATIVE(NAME, T, V, IDENTITY, STEP, MERGE, NAN_OF, FIRST_OF)                    \
    /* A run of which rows may be missing; the last row may not be full. */            \
    static void gather_rest_##NAME(V *restrict v, V *restrict w, const T *x,           \
                                   const T *y, int count, int base)                    \
    {                                                                                  \
        V tv[LANES];                                                                   \
        V tw[LANES];                                                                   \
                                                                                       \
        for (int l = 0; l < LANES; l++) {                                              \
            tv[l] = (IDENTITY);                                                        \
            tw[l] = (V)START_##STEP;                                                   \
        }                                                                              \
        for (int i = 0; i < count; i++) {                                              \
            const int l = i % LANES;                                                   \
                                                                                       \
            (void)y;                                                                   \
            STEP(tv[l], tw[l], (V)x[i], (V)y[i], base + i, NAN_OF, FIRST_OF)           \
        }                                                                              \
        for (int l = 0; l < LANES; l++) {                                              \
            MERGE(v[l], w[l], tv[l], (tw[l]), NAN_OF, FIRST_OF)                        \
        }                                                                              \
    }                                                                                  \
                                                                                       \
    WIDE static void gather_##NAME(V *restrict v, V *restrict w, const T *x,           \
                                   const T *y, int count, int base)                    \
    {                                                                                  \
        int at = 0;                                                                    \
                                                                                       \
        for (; at + RUN * LANES <= count; at += RUN * LANES) {                         \
            const T *a = x + at;                                                       \
            const T *b = y + at;                                                       \
                                                                                       \
            reduce_prefetch(a, RUN *LANES * sizeof(T));                                \
            if (TWO_##STEP) {                                                          \
                reduce_prefetch(b, RUN *LANES * sizeof(T));                            \
            }                                                                          \
                                                                                       \
            (void)b;                                                                   \
            for (int l = 0; l < LANES; l++) {                                          \
                V tv = (IDENTITY);                                                     \
                V tw = (V)START_##STEP;                                                \
                                                                                       \
                (void)tw;                                                              \
                ROW(0, V, STEP, NAN_OF, FIRST_OF)                                      \
                ROW(1, V, STEP, NAN_OF, FIRST_OF)                                      \
                ROW(2, V, STEP, NAN_OF, FIRST_OF)                                      \
                ROW(3, V, STEP, NAN_OF, FIRST_OF)                                      \
                ROW(4, V, STEP, NAN_OF, FIRST_OF)                                      \
                ROW(5, V, STEP, NAN_OF, FIRST_OF)                                      \
                ROW(6, V, STEP, NAN_OF, FIRST_OF)                                      \
                ROW(7, V, STEP, NAN_OF, FIRST_OF)                                      \
                MERGE(v[l], w[l], tv, tw, NAN_OF, FIRST_OF)                            \
            }                                                                          \
        }                                                                              \
        if (at < count) {                                                              \
            gather_rest_##NAME(v, w, x + at, y + at, count - at, base + at);           \
        }                                                                              \
    }                                                                                  \
                                                                                       \
    static void native_##NAME(const yoke_span *span, void *const args[])               \
    {                                                                                  \
        V(*partials)[2] = args[0];                                                     \
        const uint64_t last = *(const uint64_t *)args[3];                              \
        const int full = *(const uint32_t *)args[4] != 0;                              \
        const int rest = (int)*(const uint32_t *)args[5];                              \
        const int two = TWO_##STEP;                                                    \
        const T *x = args[1];                                                          \
        const T *x_rest = args[2];                                                     \
        const T *y = two ? args[6] : args[1];                                          \
        const T *y_rest = two ? args[7] : args[2];                                     \
                                                                                       \
        for (size_t block = span->begin; block < span->end; block++) {                 \
            const size_t at = block * BLOCK;                                           \
            V v[LANES];                                                                \
            V w[LANES];                                                                \
                                                                                       \
            for (int l = 0; l < LANES; l++) {                                          \
                v[l] = (IDENTITY);                                                     \
                w[l] = (V)START_##STEP;                                                \
            }                                                                          \
            if (full) {                                                                \
                gather_##NAME(v, w, x + at, y + at, BLOCK, 0);                         \
            }                                                                          \
            if (block == last && rest > 0) {                                           \
                gather_##NAME(v, w, x_rest, y_rest, rest, full ? BLOCK : 0);           \
            }                                                                          \
            for (int half = LANES / 2; half > 0; half /= 2) {                          \
                for (int l = 0; l < half; l++) {                                       \
                    MERGE(v[l], w[l], v[l + half], w[l + half], NAN_OF, FIRST_OF)      \
                }                                                                      \
            }                                                                          \
            partials[block][0] = v[0];                                                 \
            partials[block][1] = w[0];                                                 \
        }                                                                              \
    }

/* ---- all operations of a type ---- */

#define SUMS(TYPE, T, V, SET)                                                          \
    NATIVE(sum_##TYPE, T, V, 0, STEP_SUM, MERGE_SUM, NEVER, BELOW)                     \
    NATIVE(square_##TYPE, T, V, 0, STEP_SQUARE, MERGE_SUM, NEVER, BELOW)               \
    NATIVE(dot_##TYPE, T, V, 0, STEP_DOT, MERGE_SUM, NEVER, BELOW)                     \
    FINISH_SUM(sum_##TYPE, V, SET, MERGE_SUM)

#define COMPENSATED(TYPE, T)                                                           \
    NATIVE(compensated_##TYPE, T, T, 0, STEP_COMPENSATED, MERGE_COMPENSATED, NEVER,    \
           BELOW)                                                                      \
    FINISH_SUM(compensated_##TYPE, T, SET_F, MERGE_COMPENSATED)

#define EXTREMES(TYPE, T, GREATEST, LEAST, NAN_OF, SET, SET_PLACE)                     \
    NATIVE(min_##TYPE, T, T, GREATEST, STEP_EXTREME, MERGE_EXTREME, NAN_OF, BELOW)     \
    NATIVE(max_##TYPE, T, T, LEAST, STEP_EXTREME, MERGE_EXTREME, NAN_OF, ABOVE)        \
    NATIVE(argmin_##TYPE, T, T, GREATEST, STEP_PLACE, MERGE_PLACE, NAN_OF, BELOW)      \
    NATIVE(argmax_##TYPE, T, T, LEAST, STEP_PLACE, MERGE_PLACE, NAN_OF, ABOVE)         \
    FINISH_EXTREME(min_##TYPE, T, SET, NAN_OF, BELOW, 0)                               \
    FINISH_EXTREME(max_##TYPE, T, SET, NAN_OF, ABOVE, 0)                               \
    FINISH_EXTREME(argmin_##TYPE, T, SET_PLACE, NAN_OF, BELOW, 1)                      \
    FINISH_EXTREME(argmax_##TYPE, T, SET_PLACE, NAN_OF, ABOVE, 1)

SUMS(float, float, float, SET_F)
SUMS(double, double, double, SET_F)
SUMS(int32, int32_t, uint64_t, SET_I)
SUMS(int64, int64_t, uint64_t, SET_I)
SUMS(uint32, uint32_t, uint64_t, SET_U)
SUMS(uint64, uint64_t, uint64_t, SET_U)
COMPENSATED(float, float)
COMPENSATED(double, double)
EXTREMES(float, float, INFINITY, -INFINITY, IS_NAN, SET_F, SET_F_PLACE)
EXTREMES(double, double, (double)INFINITY, -(double)INFINITY, IS_NAN, SET_F,
         SET_F_PLACE)
EXTREMES(int32, int32_t, INT32_MAX, INT32_MIN, NEVER, SET_I, SET_I)
EXTREMES(int64, int64_t, INT64_MAX, INT64_MIN, NEVER, SET_I, SET_I)
EXTREMES(uint32, uint32_t, UINT32_MAX, 0, NEVER, SET_U, SET_U)
EXTREMES(uint64, uint64_t, UINT64_MAX, 0, NEVER, SET_U, SET_U)

/* ---- the table ---- */

/* Build options of the source for a type: the elements, the sums, and which extremes there are. */
#define WORDS_float(KIND, V) "-DYK_T=float -DYK_V=float -DYK_FLOATS" KIND
#define WORDS_double(KIND, V)                                                          \
    "-DYK_T=double -DYK_V=double -DYK_FLOATS -DYK_DOUBLES" KIND
#define WORDS_int32(KIND, V) "-DYK_T=int -DYK_V=" V("int") KIND
#define WORDS_int64(KIND, V) "-DYK_T=long -DYK_V=" V("long") KIND
#define WORDS_uint32(KIND, V) "-DYK_T=uint -DYK_V=" V("uint") KIND
#define WORDS_uint64(KIND, V) "-DYK_T=ulong -DYK_V=" V("ulong") KIND
#define SUM_TYPE(own) "ulong"
#define OWN_TYPE(own) own
#define LEAST_float " -DYK_FIRST=(-INFINITY)"
#define GREATEST_float " -DYK_FIRST=INFINITY"
#define LEAST_double LEAST_float
#define GREATEST_double GREATEST_float
#define LEAST_int32 " -DYK_FIRST=INT_MIN"
#define GREATEST_int32 " -DYK_FIRST=INT_MAX"
#define LEAST_int64 " -DYK_FIRST=LONG_MIN"
#define GREATEST_int64 " -DYK_FIRST=LONG_MAX"
#define LEAST_uint32 " -DYK_FIRST=0"
#define GREATEST_uint32 " -DYK_FIRST=UINT_MAX"
#define LEAST_uint64 " -DYK_FIRST=0"
#define GREATEST_uint64 " -DYK_FIRST=ULONG_MAX"

#define IS_DOUBLE_float false
#define IS_DOUBLE_double true
#define IS_DOUBLE_int32 false
#define IS_DOUBLE_int64 false
#define IS_DOUBLE_uint32 false
#define IS_DOUBLE_uint64 false

#define ENTRY(NAME, TYPE, T, V, NATIVE_NAME, FINISH, KIND, WORD, IDENTITY, TWO)        \
    {                                                                                  \
        .name = "yoke_" NAME "_" #TYPE, .fold_name = "yoke_" NAME "_" #TYPE "_fold",   \
        .build_options = WORDS_##TYPE(" -DYK_NAME=yoke_" NAME "_" #TYPE KIND, WORD),   \
        .native = native_##NATIVE_NAME##_##TYPE, .finish = finish_##FINISH##_##TYPE,   \
        .fold = fold_##FINISH##_##TYPE,                                                \
        .element_bytes = sizeof(T), .partial_bytes = 2 * sizeof(V),                    \
        .needs_double = IS_DOUBLE_##TYPE, .has_identity = IDENTITY, .takes_two = TWO,  \
    }

#define SUM_ENTRY(NAME, TYPE, T, V, NATIVE_NAME, FINISH, KIND, TWO)                    \
    ENTRY(NAME, TYPE, T, V, NATIVE_NAME, FINISH, " -DYK_" KIND, SUM_TYPE, true, TWO)
#define EXTREME_ENTRY(NAME, TYPE, T, WHICH, KIND)                                      \
    ENTRY(#NAME, TYPE, T, T, NAME, NAME, WHICH##_##TYPE " -DYK_" KIND, OWN_TYPE,       \
          false, false)

#define ENTRIES(TYPE, T, V)                                                            \
    SUM_ENTRY("sum", TYPE, T, V, sum, sum, "SUM", false),                              \
        SUM_ENTRY("sum_of_squares", TYPE, T, V, square, sum, "SQUARES", false),        \
        EXTREME_ENTRY(min, TYPE, T, GREATEST, "EXTREME -DYK_BELOW"),                   \
        EXTREME_ENTRY(max, TYPE, T, LEAST, "EXTREME"),                                 \
        EXTREME_ENTRY(argmin, TYPE, T, GREATEST, "PLACE -DYK_BELOW"),                  \
        EXTREME_ENTRY(argmax, TYPE, T, LEAST, "PLACE"),                                \
        SUM_ENTRY("dot", TYPE, T, V, dot, sum, "DOT", true)

enum { OPERATIONS = 7, TYPES = 6 };

/* By type, by operation; then the compensated sums. */
static const yk_reduction table[YK_REDUCTION_COUNT] = {
    ENTRIES(float, float, float),
    ENTRIES(double, double, double),
    ENTRIES(int32, int32_t, uint64_t),
    ENTRIES(int64, int64_t, uint64_t),
    ENTRIES(uint32, uint32_t, uint64_t),
    ENTRIES(uint64, uint64_t, uint64_t),
    SUM_ENTRY("sum_compensated", float, float, float, compensated, compensated,
              "COMPENSATED", false),
    SUM_ENTRY("sum_compensated", double, double, double, compensated, compensated,
              "COMPENSATED", false),
};

_Static_assert((int)OPERATIONS == (int)YOKE_REDUCE_DOT,
               "sums are 1, products the last");
_Static_assert((int)TYPES == (int)YOKE_TYPE_UINT64, "float is 1, uint64 the last");
_Static_assert(OPERATIONS *TYPES + 2 == YK_REDUCTION_COUNT, "all are there");

const yk_reduction *yk_reduction_find(yoke_reduce_operation operation, yoke_type type)
{
    const unsigned o = (unsigned)operation - 1;
    const unsigned t = (unsigned)type - 1;

    if (operation == YOKE_REDUCE_SUM_COMPENSATED && t < 2) {
        return &table[OPERATIONS * TYPES + t];
    }
    return o < OPERATIONS && t < TYPES ? &table[t * OPERATIONS + o] : NULL;
}

size_t yk_reduction_index(const yk_reduction *reduction)
{
    return (size_t)(reduction - table);
}
