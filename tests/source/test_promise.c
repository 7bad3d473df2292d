/* SPDX-License-Identifier: MIT */
/* Parameters that a source declares restrict or __constant, in all the ways of writing that. */
#include <stdio.h>
#include <string.h>

#include "support/yoke_test.h"

#include "source/promise.h"

typedef struct promise_case {
    const char *source;
    const char *options;
    uint64_t restricted; /* a bit for each of the first parameters */
    uint64_t constant;
} promise_case;

static const promise_case cases[] = {
    {"__kernel void f(__global const uint *a, __global uint *restrict b) {}", "", 2, 0},
    {"kernel void f(global int *__restrict a, constant int *b) { restrict; }", "", 1, 2},
    {"__kernel void f(__global int *a, int n) { __constant int *p; }", "", 0, 0},
    {"__kernel void g(__global int *restrict a) {} __kernel void f(__global int *a) {}", "",
     0, 0},
    {"void f(int *restrict a); __kernel void h(int a) { f(restrict); }", "", 0, 0},
    {"__kernel __attribute__((reqd_work_group_size(8, 1, 1))) void f(\n"
     "  int n, /* restrict, */ __global int *restrict a) {}",
     "", 2, 0},
    {"#define OUT(T) __global T *restrict\n__kernel void f(int n, OUT(int) a) {}", "", 2, 0},
    {"__kernel void f(__global int *R a, int n) {}", "-D R=restrict", 1, 0},
    {"__kernel void f(__global int *a, int n) {}", "-D R=restrict", 0, 0},
    {"#if 0\n__kernel void f(__global int *restrict a) {}\n#endif\n"
     "__kernel void f(__global int *a) {}",
     "", 0, 0},
    {"__kernel void f(\n#ifdef cl_khr_fp64\n int n, __constant int *a,\n#else\n int n,"
     " __global int *a,\n#endif\n __global int *restrict b) {}",
     "", 4, 2},
    {"__kernel void f(__global int (*restrict a)[4], int b[sizeof(int[2])], __constant int *c)"
     " {}",
     "", 1, 4},
    {"__kernel void f(__global int *a,\n#ifdef D\n __global int *b,\n#else\n __global int *c,\n"
     "#endif\n __global int *restrict d) {}",
     "-D D", 4, 0},
    {"__kernel void f(\n#if 1\n int a, int b,\n#elif E\n int a,\n#else\n int a,\n#endif\n"
     " __global int *restrict d) {}",
     "", 4, 0},
    {"#ifdef cl_khr_fp64\n__kernel void f(__global double *a,\n#else\n"
     "__kernel void f(__global float *a,\n#endif\n int n) { }\n"
     "__kernel void g(__global int *x, __global int *restrict y) {}",
     "", 0, 0},
    {"", "", 0, 0},
};

static void test_promises(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        yk_promises promises;

        assert_true(yk_promises_read(&promises, cases[i].source, cases[i].options, "f"));
        if (promises.restricted[0] != cases[i].restricted ||
            promises.constant[0] != cases[i].constant) {
            fail_msg("%s: %llx %llx", cases[i].source,
                     (unsigned long long)promises.restricted[0],
                     (unsigned long long)promises.constant[0]);
        }
    }
}

/* The last of as many as there can be, and those behind it. */
static void test_many_parameters(void **state)
{
    char source[8192] = "__kernel void f(int a0";
    yk_promises promises;

    (void)state;
    for (int i = 1; i < 300; i++) {
        (void)snprintf(source + strlen(source), sizeof source - strlen(source), ",%s int*%s a%d",
                       "", i >= 255 ? " restrict" : "", i);
    }
    strcat(source, ") {}");
    assert_true(yk_promises_read(&promises, source, "", "f"));
    assert_false(yk_promise_has(promises.restricted, 254));
    assert_true(yk_promise_has(promises.restricted, 255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_promises),
        yt_unit_test(test_many_parameters),
    };

    return yt_run_group(tests);
}
