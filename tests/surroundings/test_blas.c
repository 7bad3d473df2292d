/* SPDX-License-Identifier: MIT */
/*
 * Native functions that call a BLAS with threads, OpenBLAS in both of its forms: loaded before the
 * pool is created, used before, or loaded by the function. YOKE_TEST_BLAS may name others.
 */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yoke/yoke.h>

#include "support/yoke_test.h"

enum { SIZE = 96, ITEMS = 24, ROW_MAJOR = 101, AS_IT_IS = 111, SKIPPED = 77 };

typedef void multiply_function(int order, int a_form, int b_form, int m, int n, int k,
                               double alpha, const double *a, int lda, const double *b,
                               int ldb, double beta, double *c, int ldc);
typedef int number_function(void);

static const char *library; /* its path */
static multiply_function *multiply;
static number_function *thread_number;

static bool load(void)
{
    void *const handle = dlopen(library, RTLD_NOW);
    void *addresses[2];

    if (handle == NULL) {
        return false;
    }
    addresses[0] = dlsym(handle, "cblas_dgemm");
    addresses[1] = dlsym(handle, "openblas_get_num_threads");
    memcpy(&multiply, &addresses[0], sizeof multiply);
    memcpy(&thread_number, &addresses[1], sizeof thread_number);
    return multiply != NULL && thread_number != NULL;
}

/* The sum of a product's first row, all of whose elements are SIZE times `value`. */
static double use(double value)
{
    static double a[SIZE * SIZE];
    static double b[SIZE * SIZE];
    static double c[SIZE * SIZE];
    double sum = 0;

    for (size_t i = 0; i < SIZE * SIZE; i++) {
        a[i] = value;
        b[i] = 1;
    }
    multiply(ROW_MAJOR, AS_IT_IS, AS_IT_IS, SIZE, SIZE, SIZE, 1, a, SIZE, b, SIZE, 0, c,
             SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        sum += c[i];
    }
    return sum;
}

static void sum_products(const yoke_span *span, void *const args[])
{
    double *sums = args[0];
    int *numbers = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        const bool loaded = multiply != NULL || load();

        sums[i] = loaded ? use((double)i) : -1;
        numbers[i] = loaded ? thread_number() : -1;
    }
}

typedef struct setting {
    const char *devices;
    bool early;           /* the program loads the library */
    bool uses;            /* ... and uses it, so that it has threads */
    const char *variable; /* what the program says, for OMP_NUM_THREADS; NULL: nothing */
    int expected;         /* number of threads in a worker */
} setting;

static int compare(const double *sums, const int *numbers, int expected)
{
    for (int i = 0; i < ITEMS; i++) {
        if (sums[i] != (double)i * SIZE * SIZE) {
            (void)fprintf(stderr, "sum %d is %g\n", i, sums[i]);
            return 20;
        }
        if (numbers[i] != expected) {
            (void)fprintf(stderr, "%d threads, not %d\n", numbers[i], expected);
            return 21;
        }
    }
    return 0;
}

static int use_in_pool(const setting *self)
{
    yoke_pool *pool;
    yoke_kernel *kernel;
    double *sums;
    int *numbers;
    int code = 10;

    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = self->devices}) !=
        YOKE_OK) {
        return 11;
    }
    sums = yoke_alloc(pool, ITEMS * sizeof *sums);
    numbers = yoke_alloc(pool, ITEMS * sizeof *numbers);
    if (yoke_kernel_create(&kernel, pool,
                           &(yoke_kernel_options){.native = sum_products}) == YOKE_OK &&
        yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(sums, sizeof *sums),
                 yoke_out(numbers, sizeof *numbers)) == YOKE_OK) {
        code = compare(sums, numbers, self->expected);
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 12;
}

static int live(void *setting_)
{
    const setting *self = setting_;
    int code;

    if (self->variable != NULL && setenv("OMP_NUM_THREADS", self->variable, 1) != 0) {
        return 1;
    }
    if (self->early && !load()) {
        return 2;
    }
    if (self->uses && use(1) != SIZE * SIZE) {
        return 3;
    }
    code = use_in_pool(self);
    /* The program's own threads are as they were. */
    return code == 0 && self->uses && use(2) != 2 * SIZE * SIZE ? 4 : code;
}

static glob_t found;

/* With each library. */
static void check(setting self)
{
    for (size_t i = 0; i < found.gl_pathc; i++) {
        library = found.gl_pathv[i];
        print_message("%s, %s\n", library, self.devices);
        assert_int_equal(yt_in_child(live, &self, 60), 0);
    }
}

static void test_number_of_threads(void **state)
{
    (void)state;
    check((setting){.devices = "cpu:2", .early = true, .expected = 1});
    check((setting){.devices = "cpu:2", .early = true, .uses = true, .expected = 1});
    check((setting){.devices = "cpu:2", .expected = 1});
}

static void test_choice_of_the_program(void **state)
{
    (void)state;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        print_message("skipped: there is one CPU\n");
        return;
    }
    check((setting){.devices = "cpu:1x2", .early = true, .expected = 2});
    check((setting){.devices = "cpu:2", .early = true, .variable = "2", .expected = 2});
}

int main(void)
{
    const struct CMUnitTest tests[] = {yt_unit_test(test_number_of_threads),
                                       yt_unit_test(test_choice_of_the_program)};
    const char *const other = getenv("YOKE_TEST_BLAS"); /* a pattern */
    int code;

    (void)unsetenv("OMP_NUM_THREADS");
    (void)unsetenv("OPENBLAS_NUM_THREADS");
    if (glob(other != NULL ? other : "/usr/lib/*/openblas-*/libopenblas.so.0", 0, NULL,
             &found) != 0) {
        (void)puts("skipped: OpenBLAS is not installed");
        return SKIPPED;
    }
    code = yt_run_group(tests);
    globfree(&found);
    return code;
}
