/* SPDX-License-Identifier: MIT */
/*
 * clc_builtins.cl as C, by yoke/clc.h, against the same file run by PoCL: exact functions and all
 * integers bit by bit, the others within twice OpenCL's bounds, since both sides may use them.
 */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/yoke_test.h"

#include "clc_functions.h"
#include "clc_natives.h"

enum { ITEMS = 3000, WIDTH = 128 };

static yoke_pool *pool;
static char *path;

static const char *const exact_names[] = {
#define NAME(call) #call,
    CLC_EXACT(NAME)};
static const struct {
    const char *name;
    double ulp;
} bounded[] = {
#define BOUND(call, ulp) {#call, ulp},
    CLC_BOUNDED(BOUND)};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
static_assert(COUNT(exact_names) <= WIDTH && COUNT(bounded) <= WIDTH, "a row has room");

static void open_pool(void)
{
    const char *folder = getenv("YOKE_SOURCE");

    assert_true(asprintf(&path, "%s/tests/clc/clc_builtins.cl", folder != NULL ? folder : ".") > 0);
    assert_ok(yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}));
}

static void close_pool(void)
{
    free(path);
    yoke_pool_close(pool);
}

static uint64_t random_bits(void)
{
    static uint64_t state = 88172645463325252u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x9E3779B97F4A7C15u;
}

/* Small numbers as often as any bits, and the corners. */
static uint64_t random_integer(void)
{
    static const uint64_t corners[] = {0, 1, ~0ull, 0x80, 0x8000, 0x80000000u, 1ull << 63,
                                       0x7f, 0x7fff, 0x7fffffff, ~0ull >> 1, 0x8080808080808080u};
    const uint64_t choice = random_bits() >> 60;

    return choice < 4   ? corners[(random_bits() >> 32) % COUNT(corners)]
           : choice < 8 ? (random_bits() >> 58) - 32
                        : random_bits();
}

/* From -10 to 10, or of any size that squares have room for; now and then a corner. */
static double random_number(double largest)
{
    static const double corners[] = {0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-30, INFINITY, NAN};
    const uint64_t choice = random_bits() >> 59;
    const double unit = (double)(random_bits() >> 11) * 0x1p-53 * 2.0 - 1.0;

    if (choice == 0) {
        return corners[(random_bits() >> 32) % COUNT(corners)];
    }
    return choice < 20 ? unit * 10.0 : unit * exp2((double)(random_bits() >> 58) / 64.0 * largest);
}

typedef struct clc_case {
    const char *name;
    yoke_native *native;
    size_t bytes; /* of an element */
    const char *words; /* for the OpenCL compiler: which kernels are meant */
} clc_case;

static yoke_kernel *new_kernel(const yoke_kernel_options *options)
{
    yoke_kernel *kernel;
    const yoke_status status = yoke_kernel_create(&kernel, pool, options);

    if (status == YOKE_ENODEVICE) { /* no PoCL */
        close_pool();
        skip();
    }
    assert_ok_pool(pool, status);
    return kernel;
}

/* The same rows by both forms: those of the native one, and of PoCL behind them. */
static char *run_both(const clc_case *which, void *const inputs[3])
{
    char *rows = yoke_alloc(pool, (size_t)2 * ITEMS * WIDTH * which->bytes);
    yoke_kernel *kernels[2];

    kernels[0] = new_kernel(&(yoke_kernel_options){
        .name = which->name, .native = which->native, .parameters = clc_parameters});
    kernels[1] = new_kernel(
        &(yoke_kernel_options){.name = which->name,
                               .source_file = path,
                               .build_options = which->words,
                               .parameters = clc_parameters});
    for (size_t i = 0; i < 2; i++) {
        assert_ok_pool(pool, yoke_map(pool, kernels[i], yoke_range_1d(ITEMS),
                                      yoke_out(rows + i * ITEMS * WIDTH * which->bytes,
                                               WIDTH * which->bytes),
                                      yoke_in(inputs[0], which->bytes),
                                      yoke_in(inputs[1], which->bytes),
                                      yoke_in(inputs[2], which->bytes),
                                      yoke_scalar((uint32_t)WIDTH)));
        yoke_kernel_destroy(kernels[i]);
    }
    return rows;
}

/* ---- integers ---- */

static void integers_are_the_same(void **state)
{
#define INTEGER(T, U, S, bytes)                                                        \
    {"integer_" #T, clc_integer_##T, bytes,                                            \
     "-DINTEGER=" #T " -DUNSIGNED=" #U " -DSIGNED=" #S}
    static const clc_case cases[] = {
        INTEGER(char, uchar, char, 1),    INTEGER(uchar, uchar, char, 1),
        INTEGER(short, ushort, short, 2), INTEGER(ushort, ushort, short, 2),
        INTEGER(int, uint, int, 4),       INTEGER(uint, uint, int, 4),
        INTEGER(long, ulong, long, 8),    INTEGER(ulong, ulong, long, 8)};
    void *inputs[3];

    (void)state;
    open_pool();
    for (size_t k = 0; k < 3; k++) {
        uint64_t *values = inputs[k] = yoke_alloc(pool, ITEMS * 8);

        for (size_t i = 0; i < ITEMS; i++) {
            values[i] = random_integer();
        }
    }
    for (size_t c = 0; c < COUNT(cases); c++) {
        const size_t bytes = cases[c].bytes;
        const char *const rows = run_both(&cases[c], inputs);

        for (size_t i = 0; i < (size_t)ITEMS * WIDTH; i++) {
            if (memcmp(rows + i * bytes, rows + (ITEMS * (size_t)WIDTH + i) * bytes, bytes) != 0) {
                fail_msg("%s: result %zu of item %zu differs", cases[c].name, i % WIDTH, i / WIDTH);
            }
        }
        yoke_free((void *)(uintptr_t)rows);
    }
    close_pool();
}

/* ---- floating point ---- */

static double at(const char *rows, size_t i, size_t bytes)
{
    return bytes == 4 ? (double)((const float *)(const void *)rows)[i]
                      : ((const double *)(const void *)rows)[i];
}

/* How far apart, in units in the last place. Numbers that are too small to be normal count as 0,
 * which a device may make of them. */
static double distance_ulp(double a, double b, size_t bytes)
{
    const int digits = bytes == 4 ? FLT_MANT_DIG : DBL_MANT_DIG;
    const double least = bytes == 4 ? (double)FLT_MIN : DBL_MIN;
    int exponent;

    if (a == b || (isnan(a) && isnan(b))) {
        return 0.0;
    }
    if (!isfinite(a) || !isfinite(b)) {
        return INFINITY;
    }
    (void)frexp(fmax(fmax(fabs(a), fabs(b)), least), &exponent);
    return fabs(a - b) / ldexp(1.0, exponent - digits);
}

static bool is_undefined_of_nan(const char *name)
{
    return strncmp(name, "min(", 4) == 0 || strncmp(name, "max(", 4) == 0 ||
           strncmp(name, "clamp(", 6) == 0;
}

static unsigned compare_row(const clc_case *which, void *const inputs[3], const char *rows,
                            size_t item, bool is_exact)
{
    const size_t bytes = which->bytes;
    const bool has_nan = isnan(at(inputs[0], item, bytes)) || isnan(at(inputs[1], item, bytes)) ||
                         isnan(at(inputs[2], item, bytes));
    unsigned wrong = 0;

    for (size_t k = 0; k < (is_exact ? COUNT(exact_names) : COUNT(bounded)); k++) {
        const double native = at(rows, item * WIDTH + k, bytes);
        const double pocl = at(rows, (ITEMS + item) * WIDTH + k, bytes);
        const double bound = is_exact ? 0.0 : 2.0 * bounded[k].ulp;

        if (!(distance_ulp(native, pocl, bytes) <= bound) &&
            !(is_exact && has_nan && is_undefined_of_nan(exact_names[k]))) {
            wrong++;
            print_error("%s, %s: x %a, y %a, z %a: %a is not PoCL's %a\n", which->name,
                        is_exact ? exact_names[k] : bounded[k].name, at(inputs[0], item, bytes),
                        at(inputs[1], item, bytes), at(inputs[2], item, bytes), native, pocl);
        }
    }
    return wrong;
}

static void check_floats(const clc_case *which, bool is_exact)
{
    void *inputs[3];
    unsigned wrong = 0;

    for (size_t k = 0; k < 3; k++) {
        inputs[k] = yoke_alloc(pool, ITEMS * which->bytes);
        for (size_t i = 0; i < ITEMS; i++) {
            if (which->bytes == 4) {
                ((float *)inputs[k])[i] = (float)random_number(50.0);
            } else {
                ((double *)inputs[k])[i] = random_number(300.0);
            }
        }
    }
    const char *const rows = run_both(which, inputs);
    for (size_t i = 0; i < ITEMS && wrong < 40; i++) {
        wrong += compare_row(which, inputs, rows, i, is_exact);
    }
    assert_int_equal(wrong, 0);
}

static void exact_functions_are_the_same(void **state)
{
    (void)state;
    open_pool();
    check_floats(&(clc_case){"exact_float", clc_exact_float, 4, "-DREAL=float"}, true);
    check_floats(&(clc_case){"exact_double", clc_exact_double, 8, "-DREAL=double"}, true);
    close_pool();
}

static void other_functions_are_within_bounds(void **state)
{
    (void)state;
    open_pool();
    check_floats(&(clc_case){"bounded_float", clc_bounded_float, 4, "-DREAL=float"}, false);
    check_floats(&(clc_case){"bounded_double", clc_bounded_double, 8, "-DREAL=double"}, false);
    close_pool();
}

/* ---- places ---- */

enum { PLACE_ROW = 32, PLACES_X = 12, PLACES_Y = 8 };

/* The rows of all places, of which each item of the split dimension has a row of places; or, if the
 * items beyond the range write too, all of it. */
static yoke_arg places_arg(uint64_t *rows, bool whole)
{
    const size_t bytes = PLACES_X * PLACE_ROW * sizeof *rows;

    return whole ? yoke_out_whole(rows, PLACES_Y * bytes)
                 : yoke_arg_from_begin(yoke_out_some(rows, bytes));
}

/* What both forms say of each item. */
static void check_places(yoke_range range, bool whole, const yoke_map_options *options)
{
    const size_t count = PLACES_X * range.size[1];
    uint64_t *rows[2];

    open_pool();
    for (size_t i = 0; i < 2; i++) {
        yoke_kernel *kernel = new_kernel(&(yoke_kernel_options){.name = "places",
                                                                .native = i == 0 ? clc_places : NULL,
                                                                .source_file = i == 0 ? NULL : path,
                                                                .group = {4, 2, 1}});

        rows[i] = yoke_alloc(pool, PLACES_X * PLACES_Y * PLACE_ROW * sizeof **rows);
        assert_ok_pool(pool, yoke_map_with(pool, kernel, range, options,
                                           YOKE_ARGS(places_arg(rows[i], whole),
                                                     yoke_scalar((uint32_t)0xabcdef),
                                                     yoke_scalar((int32_t)-4711))));
        yoke_kernel_destroy(kernel);
    }
    for (size_t i = 0; i < count * PLACE_ROW; i++) {
        if (i / PLACE_ROW % PLACES_X < range.size[0] && rows[0][i] != rows[1][i]) {
            fail_msg("item %zu, value %zu: %ju, not %ju", i / PLACE_ROW, i % PLACE_ROW,
                     (uintmax_t)rows[0][i], (uintmax_t)rows[1][i]);
        }
    }
    close_pool();
}

static void items_know_where_they_are(void **state)
{
    (void)state;
    check_places(yoke_range_from(yoke_range_2d(12, 8), 3, 5, 0), false, NULL);
}

/* A device launches whole groups: 12 by 8 work-items. */
static void items_know_where_they_are_in_padded_ranges(void **state)
{
    const yoke_map_options padded = {.round_up = true};

    (void)state;
    check_places(yoke_range_from(yoke_range_2d(10, 8), 3, 5, 0), false, &padded);
    check_places(yoke_range_from(yoke_range_2d(9, 7), 0, 0, 0), true, &padded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(integers_are_the_same),
        yt_unit_test(exact_functions_are_the_same),
        yt_unit_test(other_functions_are_within_bounds),
        yt_unit_test(items_know_where_they_are),
        yt_unit_test(items_know_where_they_are_in_padded_ranges),
    };

    return yt_run_group(tests);
}
