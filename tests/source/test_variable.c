/* SPDX-License-Identifier: MIT */
/* Variables of a source that no split job may have, and all the declarations beside them
 * that it may. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/yoke_test.h"

#include "source/variable.h"

typedef struct variable_case {
    const char *source;
    const char *name; /* of the variable that kernels can change; NULL: there is none */
    const char *options;
} variable_case;

static const variable_case cases[] = {
    /* Global memory, in all the ways in which it is asked for. */
    {"__global int counter;", "counter", ""},
    {"global int counter = 3;", "counter", ""},
    {"static global int counter;", "counter", ""},
    {"global static int counter;", "counter", ""},
    {"int counter;", "counter", ""},
    {"unsigned int counter = 0;", "counter", ""},
    {"atomic_int counter = ATOMIC_VAR_INIT(0);", "counter", ""},
    {"int table[4] = {1, 2, 3, 4};", "table", ""},
    {"int a[2], b;", "a", ""},
    {"__constant int a = 1; int b;", "b", ""},
    {"const int a = 1; float4 b = (float4)(0);", "b", ""},
    {"struct state { int a; } s;", "s", ""},
    {"struct { int a; } s;", "s", ""},
    {"struct state { int a; }; __global struct state s;", "s", ""},
    {"struct state { int a; }; struct state s = {1};", "s", ""},
    {"typedef struct { int a; } state; state s;", "s", ""},
    {"typedef __global int shared; shared counter;", "counter", ""},
    {"volatile __global int counter;", "counter", ""},
    {"__attribute__((aligned(16))) __global int counter;", "counter", ""},
    {"__global int counter __attribute__((aligned(16)));", "counter", ""},
    {"int (*rows)[4];", "rows", ""},
    {"extern int counter;", "counter", ""},
    {"__glo\\\nbal int counter;", "counter", ""},
    {"/* x */ __global /* y */ int\ncounter /* z */;", "counter", ""},
    /* With parentheses around the name. */
    {"__global int (counter);", "counter", ""},
    {"int (counter) = 0;", "counter", ""},
    {"unsigned int ((counter))[4];", "counter", ""},
    {"uint4 (counter);", "counter", ""},
    {"typedef struct { int a; } state; state (s);", "s", ""},
    {"struct state { int a; }; struct state (s);", "s", ""},
    {"struct { int a; } (s);", "s", ""},
    {"int f(int), (counter);", "counter", ""},
    {"int (*const (p))[4] = 0;", NULL, ""},
    {"__constant int (a) = 1;", NULL, ""},
    {"int (f)(int a) { return a; }", NULL, ""},
    {"__global int (*f(__global int *a))[4];", NULL, ""},
    {"__kernel void (f)(__global int *a);", NULL, ""},
    {"typedef int (number); int f(number);", NULL, ""},
    {"_Static_assert(sizeof(int) == 4, \"4\");", NULL, ""},
    {"KERNEL(f)\n{ int n; }", NULL, ""},
    {"void f(int a) { int (n); n = a; }", NULL, ""},
    /* A pointer is in global memory, whatever it points to. */
    {"__global int *p;", "p", ""},
    {"__constant int *p;", "p", ""},
    {"const int *p;", "p", ""},
    {"const char *text = \"a, b; {c\";", "text", ""},
    {"const int *const p = 0;", NULL, ""},
    {"__global int *__constant p = 0;", NULL, ""},
    {"const int n = 1, *p;", "p", ""},
    /* Within functions. */
    {"__kernel void f(__global int *o) { static int n; o[0] = n++; }", "n", ""},
    {"void g(void) { { static global int n[3]; } }", "n", ""},
    {"void g(void) { global static int n; }", "n", ""},
    {"void g(void) { static const int n = 1; static __constant int m = 2; }", NULL, ""},
    {"void g(void) { int n = 0; __local int l; for (int i = 0; i < n; i++) { n *= i; } "
     "}",
     NULL, ""},
    {"void g(void) { h(({ static __global int n; n++; })); }", "n", ""},
    {"void g(void) { int a = ({ int b; static int n = 1; n; }); }", "n", ""},
    {"void g(void) { int (^b)(void) = ^{ static int n[3]; return n[0]; }; }", "n", ""},
    {"void g(void) { h(({ static const int n = 1; n; })); }", NULL, ""},
    {"void g(void) { h(({ __constant static int n = 1; int m = n; m; })); }", NULL, ""},
    {"void g(int a[static 4], int b[const static 2]);", NULL, ""},
    {"int (^b)(int) = ^(int a) { return a; };", NULL, ""},
    {"int f(int a) { return a; } int counter;", "counter", ""},
    {"int f(int a) { int b[2] = {1, 2}; return b[0]; } int counter;", "counter", ""},
    {"int f(int a) { switch (a) { case 1: return 2; default: break; } return 0; } int "
     "x;",
     "x", ""},
    /* What cannot change is no harm. */
    {"__constant int a = 1;", NULL, ""},
    {"constant float t[2][2] = {{1, 2}, {3, 4}};", NULL, ""},
    {"const int a = 1;", NULL, ""},
    {"int const a = 1;", NULL, ""},
    {"static const float4 t[] = {(float4)(1), (float4)(2)};", NULL, ""},
    {"__global const int t[2] = {1, 2};", NULL, ""},
    {"struct { int a; } const s = {1};", NULL, ""},
    {"typedef __constant int fixed; fixed a = 1;", NULL, ""},
    {"typedef const int fixed; fixed a[2] = {1, 2};", NULL, ""},
    {"constexpr int a = 1;", NULL, ""},
    {"sampler_t s = CLK_FILTER_NEAREST;", NULL, ""},
    /* And what is no variable. */
    {"", NULL, ""},
    {";", NULL, ""},
    {"int f(int a);", NULL, ""},
    {"static inline float f(__global float *a, int b);", NULL, ""},
    {"__kernel void f(__global int *a) { a[get_global_id(0)] = 1; }", NULL, ""},
    {"kernel __attribute__((reqd_work_group_size(8, 1, 1))) void f(global int *a) {}",
     NULL, ""},
    {"struct state;", NULL, ""},
    {"struct state { int a; float b[3]; };", NULL, ""},
    {"enum e { A, B = 3 };", NULL, ""},
    {"enum { A, B };", NULL, ""},
    {"typedef struct state { int a; } state, *pointer;", NULL, ""},
    {"typedef int numbers[4];", NULL, ""},
    {"typedef __global int *pointer;", NULL, ""},
    {"_Pragma(\"OPENCL EXTENSION x : enable\") void f(void);", NULL, ""},
    {"#pragma OPENCL EXTENSION cl_khr_fp64 : enable\nvoid f(void);", NULL, ""},
    {"// __global int counter;", NULL, ""},
    {"/* int counter; */ __constant char c = ';';", NULL, ""},
    {"__constant char text[] = \"int counter;\";", NULL, ""},
    /* Behind macros. */
    {"#define SHARED __global\nSHARED int counter;", "counter", ""},
    {"#define SHARED __constant\nSHARED int counter = 1;", NULL, ""},
    {"#define DECLARE(t, n) __global t n\nDECLARE(int, counter);", "counter", ""},
    {"#define DECLARE(t, n) __constant t n = 1\nDECLARE(int, counter);", NULL, ""},
    {"#define JOIN(a, b) a##b\n__global int JOIN(coun, ter);", "counter", ""},
    {"#define LIST(X) X(a) X(b)\n#define ONE(n) __global int n;\nLIST(ONE)", "a", ""},
    {"#define LIST(X) X(a) X(b)\n#define ONE(n) void n(void);\nLIST(ONE)", NULL, ""},
    {"#define TABLE {1, \\\n 2}\nint table[2] = TABLE;", "table", ""},
    {"#define KERNEL(n) __kernel void n(__global int *o)\nKERNEL(f) { o[0] = 1; }",
     NULL, ""},
    {"#define EACH(...) __VA_ARGS__\nEACH(int a, b;)", "a", ""},
    {"#define f(x) f(x)\nint f(int a) { return a; }\n", NULL, ""},
    {"SPACE int counter;", "counter", "-DSPACE=__global"},
    {"SPACE int counter = 1;", NULL, "-D SPACE=__constant"},
    {"#ifdef COUNT\nint counter;\n#endif", "counter", "-DCOUNT"},
    {"#ifdef COUNT\nint counter;\n#endif", NULL, ""},
    {"#if LEVEL > 2\nint counter;\n#endif", NULL, "-DLEVEL=2"},
    {"#if LEVEL > 2\nint counter;\n#endif", "counter", "-DLEVEL=3"},
    {"#ifdef cl_khr_fp64\nint counter;\n#endif", "counter", ""},
    {"#ifndef __OPENCL_VERSION__\n#define __global\nint counter;\n#endif", NULL, ""},
    {"#ifdef __OPENCL_VERSION__\nint counter;\n#endif", "counter", ""},
    {"#ifdef __cplusplus\nint counter;\n#endif", NULL, ""},
    {"#if __OPENCL_C_VERSION__ >= 200\nint counter;\n#endif", "counter", ""},
    /* Macros that branches define differently. */
    {"#ifdef __X\n#define Q __global\n#else\n#define Q __constant\n#endif\n"
     "Q int counter;",
     "counter", ""},
    {"#ifdef __X\n#define Q __constant\n#else\n#define Q __global\n#endif\n"
     "Q int counter;",
     "counter", ""},
    {"#if __OPENCL_C_VERSION__ >= 300\n#define DECLARE\n"
     "#elif __OPENCL_C_VERSION__ >= 200\n#define DECLARE int counter;\n"
     "#else\n#define DECLARE\n#endif\nDECLARE",
     "counter", ""},
    {"#ifdef __X\n#define Q __constant\n#endif\n"
     "#ifndef __X\n#define Q const\n#endif\nQ int counter = 1;",
     NULL, ""},
    {"#define Q static\n#ifdef __X\n#undef Q\n#define Q\n#endif\n"
     "void f(void) { Q int n; }",
     "n", ""},
    {"#ifdef cl_khr_fp64\n#define N(n) int n;\nstruct s { N(a) };\n#undef N\n"
     "#define N(n) void n(void);\nN(a)\n#endif",
     NULL, ""},
    /* Functions of which conditions choose the head. */
    {"#ifdef __X\nvoid f(int a) {\n#else\nvoid f(float a) {\n#endif\n}\nint counter;",
     "counter", ""},
    {"#ifdef __X\nvoid f(int a) {\n#else\nvoid f(float a) {\n#endif\nint n; }", NULL,
     ""},
    {"#ifdef __X\n__global\n#else\n__constant\n#endif\nint counter;", "counter", ""},
    {"#ifdef __X\n__constant\n#else\n__global\n#endif\nint counter;", "counter", ""},
};

static void what_kernels_can_change_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const variable_case *const c = &cases[i];
        const char *const wanted = c->name != NULL ? c->name : "";
        yk_variables found;

        assert_true(yk_variables_read(&found, c->source, c->options));
        if (strcmp(found.name, wanted) != 0 ||
            found.has_changeable != (c->name != NULL)) {
            fail_msg("'%s' found, not '%s', in: %s", found.name, wanted, c->source);
        }
    }
}

static void macros_within_each_other_are_followed(void **state)
{
    yk_variables found;
    char *text = NULL;
    size_t bytes;
    FILE *const to = open_memstream(&text, &bytes);

    (void)state;
    assert_non_null(to);
    fputs("#define A0 static\n", to);
    for (int i = 1; i <= 2000; i++) {
        fprintf(to, "#define A%d A%d\n", i, i - 1);
    }
    fputs("void f(void) { A500 int n; }\n", to);
    assert_int_equal(fclose(to), 0);
    assert_true(yk_variables_read(&found, text, ""));
    assert_string_equal(found.name, "n");
    memcpy(strstr(text, "A500 int n"), "A2000    n", 10); /* too deep */
    assert_true(yk_variables_read(&found, text, ""));
    assert_true(found.is_incomplete);
    free(text);
}

static void functions_that_macros_wrap_are_found(void **state)
{
    static const struct {
        const char *source, *options, *wrapped;
    } cases_of_macros[] = {
        {"#define get_group_id(d) ((int)get_group_id(d))", "", "get_group_id"},
        {"#define get_global_size(d) \\\n (int)get_global_\\\nsize(d)", "",
         "get_global_size"},
        {"#if __OPENCL_VERSION__ >= 200\n#define get_num_groups get_num_groups\n#endif",
         "", "get_num_groups"},
        {"#undef get_group_id", "", "get_group_id"},
        {"", "-D \"get_group_id(d)=(int)get_group_id(d)\"", "get_group_id"},
        {"#define get_global_id(d) ((int)get_global_id(d))", "", ""},
        {"#define group(d) ((int)get_group_id(d))", "", ""},
        {"#ifndef get_global_linear_id\n#define get_global_linear_id() "
         "get_global_id(0)\n"
         "#endif",
         "", ""},
        {"#define get_group_id(d) (get_global_id(d) / get_local_size(d))", "", ""},
        {"#ifdef __CUDACC__\n#undef get_group_id\n#endif", "", ""},
        {"#ifdef __METAL__\n#define get_group_id(d) group[d]\n#endif", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases_of_macros / sizeof cases_of_macros[0]; i++) {
        yk_variables found;

        assert_true(yk_variables_read(&found, cases_of_macros[i].source,
                                      cases_of_macros[i].options));
        assert_string_equal(found.wrapped, cases_of_macros[i].wrapped);
    }
}

static void the_place_is_that_of_the_file(void **state)
{
    static const char source[] = "#line 1 \"k.cl\"\n"
                                 "#line 1 \"inc/common.h\"\n"
                                 "\n/* two\n lines */ int\n  counter[3] =\n{1};\n"
                                 "#line 2 \"k.cl\"\n";
    yk_variables found;

    (void)state;
    assert_true(yk_variables_read(&found, source, ""));
    assert_string_equal(found.place, "line 4 of inc/common.h");
    assert_true(yk_variables_read(&found, "\n\nint counter;", ""));
    assert_string_equal(found.place, "line 3");
}

static void the_refusal_says_what_to_do(void **state)
{
    yk_error error;

    (void)state;
    yk_error_clear(&error);
    assert_int_equal(
        yk_variables_check("__constant int a = 1;", "", "kernel 'f'", &error), YOKE_OK);
    assert_int_equal(yk_variables_check("int counter;", "", "kernel 'f'", &error),
                     YOKE_EUNSUPPORTED);
    assert_contains(error.text, "kernel 'f'");
    assert_contains(error.text, "'counter' (line 1)");
    assert_contains(error.text, "yoke_inout_whole()");
    assert_int_equal(
        yk_variables_check("__kernel void f(void) { enqueue_kernel(q, 0, r, ^{}); }",
                           "", "kernel 'f'", &error),
        YOKE_EUNSUPPORTED);
    assert_contains(error.text, "enqueue_kernel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(what_kernels_can_change_is_found),
        yt_unit_test(macros_within_each_other_are_followed),
        yt_unit_test(functions_that_macros_wrap_are_found),
        yt_unit_test(the_place_is_that_of_the_file),
        yt_unit_test(the_refusal_says_what_to_do),
    };

    return yt_run_group(tests);
}
