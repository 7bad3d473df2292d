/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/elf.h"

/* Part of the C library, but not loaded by any program here. */
#define RARE_LIBRARY "libBrokenLocale.so.1"
#define RARE_FUNCTION "__ctype_get_mb_cur_max"

static int writable_data = 1;

static int answer(void)
{
    return 42;
}

static yk_any_function *symbol(void *handle, const char *name)
{
    yk_any_function *function = NULL;
    void *address = dlsym(handle, name);

    memcpy(&function, &address, sizeof function);
    return function;
}

static void functions_of_the_program(void **state)
{
    char path[64] = "unset";
    yk_elf_place place = {0, 0};
    yk_any_function *found;

    (void)state;
    assert_true(yk_elf_locate((yk_any_function *)answer, path, sizeof path, &place));
    assert_string_equal(path, "");
    assert_true(place.offset != 0);
    found = yk_elf_find(path, place);
    assert_true(found == (yk_any_function *)answer);
    assert_int_equal(((int (*)(void))found)(), 42);
}

static void functions_of_a_loaded_library(void **state)
{
    yk_any_function *function = symbol(RTLD_DEFAULT, "_cmocka_run_group_tests");
    char path[512];
    yk_elf_place place;

    (void)state;
    assert_non_null(function);
    assert_true(yk_elf_locate(function, path, sizeof path, &place));
    assert_non_null(strstr(path, "libcmocka"));
    assert_true(path[0] == '/');
    assert_true(yk_elf_find(path, place) == function);
}

static void libraries_are_loaded_again(void **state)
{
    void *handle = dlopen(RARE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    yk_any_function *found;
    char path[512];
    yk_elf_place place;

    (void)state;
    if (handle == NULL) {
        skip();
    }
    assert_true(
        yk_elf_locate(symbol(handle, RARE_FUNCTION), path, sizeof path, &place));
    assert_int_equal(dlclose(handle), 0);
    assert_null(dlopen(RARE_LIBRARY, RTLD_NOW | RTLD_NOLOAD));

    found = yk_elf_find(path, place);
    assert_non_null(found);
    handle = dlopen(RARE_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(handle);
    assert_true(found == symbol(handle, RARE_FUNCTION));
    assert_int_equal(((size_t(*)(void))found)(), MB_CUR_MAX);

    assert_int_equal(dlclose(handle), 0);
    assert_int_equal(dlclose(handle), 0);
}

static void what_is_no_function_is_refused(void **state)
{
    int *on_the_heap = malloc(sizeof *on_the_heap);
    const void *const places[] = {NULL, &writable_data, on_the_heap, &on_the_heap,
                                  (const void *)(uintptr_t)8};
    char path[64];
    yk_elf_place place;

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        yk_any_function *function;

        memcpy(&function, &places[i], sizeof function);
        assert_false(yk_elf_locate(function, path, sizeof path, &place));
    }
    free(on_the_heap);
}

static void paths_that_do_not_fit_are_refused(void **state)
{
    yk_any_function *function = symbol(RTLD_DEFAULT, "_cmocka_run_group_tests");
    char path[8] = "before";
    yk_elf_place place;

    (void)state;
    assert_false(yk_elf_locate(function, path, sizeof path, &place));
    assert_string_equal(path, "before");
}

static void what_is_not_there_is_not_found(void **state)
{
    char path[64];
    yk_elf_place place;
    yk_elf_place elsewhere;

    (void)state;
    assert_true(yk_elf_locate((yk_any_function *)answer, path, sizeof path, &place));
    assert_null(yk_elf_find("/nonexistent/library.so", place));
    assert_null(yk_elf_find("/etc/passwd", place));
    elsewhere = place;
    elsewhere.offset = UINT64_C(1) << 46;
    assert_null(yk_elf_find("", elsewhere));
    elsewhere.offset = UINT64_MAX;
    assert_null(yk_elf_find("", elsewhere));
}

/* Another build of an object has its functions elsewhere. */
static void other_builds_are_refused(void **state)
{
    yk_elf_place place;
    yk_elf_place other;
    char path[512];

    (void)state;
    assert_true(yk_elf_locate((yk_any_function *)answer, path, sizeof path, &place));
    assert_true(yk_elf_locate(symbol(RTLD_DEFAULT, "_cmocka_run_group_tests"), path,
                                 sizeof path, &other));
    assert_true(place.identity != other.identity);
    place.identity = other.identity;
    assert_null(yk_elf_find("", place));
}

static void loaded_libraries_are_known(void **state)
{
    static const char *const here[] = {"libnowhere", "libc.so", NULL};
    static const char *const nowhere[] = {"libnowhere", "c.so", NULL};

    char name[8] = "before";

    (void)state;
    assert_false(yk_elf_is_loaded(nowhere, name, sizeof name));
    assert_string_equal(name, "before");
    assert_true(yk_elf_is_loaded(here, name, sizeof name));
    assert_string_equal(name, "libc.so");
}

static void files_still_there_are_not_stale(void **state)
{
    (void)state;
    assert_false(
        yk_elf_is_stale((yk_any_function *)files_still_there_are_not_stale));
    assert_false(yk_elf_is_stale((yk_any_function *)qsort));
    assert_false(yk_elf_is_stale(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_the_program),
        cmocka_unit_test(functions_of_a_loaded_library),
        cmocka_unit_test(libraries_are_loaded_again),
        cmocka_unit_test(what_is_no_function_is_refused),
        cmocka_unit_test(paths_that_do_not_fit_are_refused),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(other_builds_are_refused),
        cmocka_unit_test(loaded_libraries_are_known),
        cmocka_unit_test(files_still_there_are_not_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
