/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/formats/array_file.h"
#include "cli/formats/npy.h"

enum { FILE_BYTES = 4096 };

/* A file with this dictionary, version and room for elements; its size. */
static size_t make_file(unsigned char *file, unsigned version, const char *dictionary,
                        size_t elements)
{
    const size_t prefix = version == 1 ? 10 : 12;
    const size_t length = strlen(dictionary);

    memset(file, 0, FILE_BYTES);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (unsigned char)version;
    file[8] = (unsigned char)(length & 0xff);
    file[9] = (unsigned char)(length >> 8);
    memcpy(file + prefix, dictionary, length);
    assert_true(prefix + length + elements <= FILE_BYTES);
    return prefix + length + elements;
}

/* The copy has the file's exact size, so that a sanitizer sees reads beyond it. */
static bool parse(yk_npy *array, const unsigned char *file, size_t size,
                  yk_complaint *complaint)
{
    unsigned char *copy = malloc(size + (size == 0));
    bool good;

    assert_non_null(copy);
    memcpy(copy, file, size);
    good = yk_npy_parse(array, copy, size, complaint);
    free(copy);
    return good;
}

static void expect(const char *dictionary, size_t elements, const char *description)
{
    unsigned char file[FILE_BYTES];
    yk_complaint complaint = {""};
    yk_npy array;
    char text[256];

    for (unsigned version = 1; version <= 3; version++) {
        const size_t size = make_file(file, version, dictionary, elements);

        if (!parse(&array, file, size, &complaint)) {
            fail_msg("%s: %s", dictionary, complaint.text);
        }
        yk_shape_describe(text, sizeof text, &array.shape);
        assert_string_equal(text, description);
        assert_int_equal(array.offset, size - elements);
        assert_int_equal(array.shape.bytes, elements);
    }
}

static void expect_refused(const char *dictionary, size_t elements, const char *why)
{
    unsigned char file[FILE_BYTES];
    yk_complaint complaint = {""};
    yk_npy array;
    const size_t size = make_file(file, 1, dictionary, elements);

    if (parse(&array, file, size, &complaint)) {
        fail_msg("%s was accepted", dictionary);
    }
    if (strstr(complaint.text, why) == NULL) {
        fail_msg("%s: '%s' does not say '%s'", dictionary, complaint.text, why);
    }
}

#define HEADER(descr, order, shape)                                                    \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

static void headers(void **state)
{
    (void)state;
    expect(HEADER("'<f4'", "False", "(3, 4)") "   \n", 48, "float32, 3x4");
    expect(HEADER("'<c16'", "False", "(2,)"), 32, "complex128, 2");
    expect(HEADER("'|b1'", "False", "(5,)"), 5, "bool, 5");
    expect(HEADER("'<f8'", "False", "()"), 8, "float64, 0-dimensional");
    expect(HEADER("'=u2'", "False", "(1, 1, 3)"), 6, "uint16, 1x1x3");
    expect(HEADER("'>u1'", "False", "(4,)"), 4, "uint8, 4");
    expect(HEADER("'<i8'", "False", "(2L, 1L)"), 16, "int64, 2x1");
    expect(HEADER("'<f2'", "True", "(1, 7)"), 14, "float16, 1x7");
    expect(HEADER("'<f4'", "False", "(0, 9223372036854775807)"), 0,
           "float32, 0x9223372036854775807");
    expect(HEADER("'<f4'", "True", "(2, 3)"), 24, "float32, 2x3");
    expect(HEADER("'>f4'", "False", "(1,)"), 4, "float32, 1");
    expect("{\"shape\":(2,),\"descr\":\"<f4\",\"fortran_order\":False}", 8,
           "float32, 2");
}

static void types_that_cannot_be_used(void **state)
{
    (void)state;
    expect_refused(HEADER("'|O'", "False", "(1,)"), 8, "type '|O'");
    expect_refused(HEADER("'<U5'", "False", "(1,)"), 20, "type '<U5'");
    expect_refused(HEADER("'|S5'", "False", "(1,)"), 5, "type '|S5'");
    expect_refused(HEADER("'<M8[ns]'", "False", "(1,)"), 8, "type '<M8[ns]'");
    expect_refused(HEADER("'<f16'", "False", "(1,)"), 16, "type '<f16'");
    expect_refused(HEADER("[('x', '<f4')]", "False", "(1,)"), 4, "structures");
    expect_refused(HEADER("''", "False", "(1,)"), 4, "cannot be used");
}

static void damaged_headers(void **state)
{
    (void)state;
    expect_refused("", 0, "damaged");
    expect_refused("{", 0, "damaged");
    expect_refused("{}", 0, "missing");
    expect_refused("{'descr': '<f4'", 0, "damaged");
    expect_refused("{'descr': '<f4", 0, "damaged");
    expect_refused("{'descr': '<f4', 'shape': (1,)}", 4, "missing");
    expect_refused(HEADER("'<f4'", "Maybe", "(1,)"), 4, "neither True nor False");
    expect_refused(HEADER("'<f4'", "False", "3"), 4, "tuple");
    expect_refused(HEADER("'<f4'", "False", "(3)"), 12, "tuple");
    expect_refused(HEADER("'<f4'", "False", "(3 4)"), 48, "tuple");
    expect_refused(HEADER("'<f4'", "False", "(-3,)"), 12, "tuple");
    expect_refused(HEADER("'<f4'", "False", "(3,"), 12, "damaged");
    expect_refused(HEADER("'<f4'", "False", "(,)"), 12, "tuple");
    expect_refused("{'descr': '<f4' 'shape': (1,)}", 4, "damaged");
    expect_refused("{'extra': 1, 'descr': '<f4'}", 4, "other keys");
    expect_refused("{'descr': '<f4', 'descr': '<f4'}", 4, "other keys");
}

static void sizes_that_are_not_there(void **state)
{
    (void)state;
    expect_refused(HEADER("'<f4'", "False", "(3, 4)"), 47,
                   "takes 48 bytes, 47 are there");
    expect_refused(HEADER("'<f8'", "False", "(4294967296, 4294967296)"), 0, "too big");
    expect_refused(HEADER("'<f8'", "False", "(2305843009213693952,)"), 0, "too big");
    expect_refused(HEADER("'<f4'", "False", "(99999999999999999999,)"), 0, "tuple");
    expect_refused(HEADER("'|u1'", "False", "(9223372036854775807,)"), 8, "cut short");
}

static void files_that_are_no_arrays(void **state)
{
    unsigned char file[FILE_BYTES];
    const size_t size = make_file(file, 2, HEADER("'<f4'", "False", "(2,)"), 8);
    yk_complaint complaint;
    yk_npy array;

    (void)state;
    assert_true(parse(&array, file, size, &complaint));
    for (size_t cut = 0; cut < size; cut++) {
        assert_false(parse(&array, file, cut, &complaint));
    }
    file[11] = 0xff;
    assert_false(parse(&array, file, size, &complaint));
    assert_non_null(strstr(complaint.text, "cut short in its header"));
    file[6] = 4;
    assert_false(parse(&array, file, size, &complaint));
    assert_non_null(strstr(complaint.text, "version 4.0"));
    file[0] = 'x';
    assert_false(parse(&array, file, size, &complaint));
    assert_non_null(strstr(complaint.text, "not an .npy file"));
}

/* Whatever single byte is wrong, the parser answers and stays inside the file. */
static void any_damaged_byte(void **state)
{
    unsigned char file[FILE_BYTES];
    const size_t size = make_file(file, 1, HEADER("'<f4'", "False", "(2, 3)"), 24);
    yk_complaint complaint;
    yk_npy array;

    (void)state;
    for (size_t i = 0; i < size - 24; i++) {
        const unsigned char right = file[i];

        for (unsigned value = 0; value < 256; value++) {
            file[i] = (unsigned char)value;
            if (parse(&array, file, size, &complaint)) {
                assert_true(array.offset + array.shape.bytes <= size);
            }
        }
        file[i] = right;
    }
}

static void too_many_axes(void **state)
{
    char dictionary[1024] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";

    (void)state;
    for (int i = 0; i < YK_SHAPE_AXES + 1; i++) {
        strcat(dictionary, "1, ");
    }
    strcat(dictionary, ")}");
    expect_refused(dictionary, 4, "more than 64 axes");
}

static void written_headers_can_be_read(void **state)
{
    static const size_t shapes[][3] = {{7, 0, 0}, {7, 5, 0}, {7, 5, 3}};
    char header[YK_NPY_HEADER_BYTES + 512];
    yk_complaint complaint;
    yk_npy again;

    (void)state;
    for (unsigned axes = 0; axes <= 3; axes++) {
        yk_shape array = {.element = yk_element_named("int16", 5), .axes = axes};
        size_t length;

        memcpy(array.shape, shapes[axes > 0 ? axes - 1 : 0], sizeof shapes[0]);
        assert_true(yk_shape_measure(&array, &complaint));
        length = yk_npy_header(header, &array);
        assert_int_equal(length % 64, 0);
        assert_int_equal(header[length - 1], '\n');
        assert_true(yk_npy_parse(&again, header, length + array.bytes, &complaint));
        assert_int_equal(again.offset, length);
        assert_int_equal(again.shape.axes, axes);
        assert_memory_equal(again.shape.shape, array.shape, axes * sizeof(size_t));
        assert_ptr_equal(again.shape.element, array.element);
    }
}

static void the_longest_header_fits(void **state)
{
    char header[YK_NPY_HEADER_BYTES];
    yk_shape array = {.element = yk_element_named("complex128", 10),
                      .axes = YK_SHAPE_AXES};
    size_t length;

    (void)state;
    for (unsigned i = 0; i < YK_SHAPE_AXES; i++) {
        array.shape[i] = SIZE_MAX;
    }
    length = yk_npy_header(header, &array);
    assert_true(length <= sizeof header);
    assert_non_null(memchr(header, '}', length));
}

static void files(void **state)
{
    char folder[] = "/tmp/yoke-test-XXXXXX";
    char path[64];
    unsigned char content[FILE_BYTES];
    const size_t size = make_file(content, 1, HEADER("'<f4'", "False", "(2,)"), 8);
    yk_complaint complaint;
    yk_array_file file;
    float values[2];
    FILE *stream;

    (void)state;
    memcpy(content + size - 8, (float[]){1, 2}, 8);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a.npy", folder);
    assert_false(yk_array_file_open(&file, path, NULL, &complaint));
    assert_string_equal(complaint.text, "No such file or directory");
    assert_false(yk_array_file_open(&file, folder, NULL, &complaint));
    assert_non_null(strstr(complaint.text, "this is not a regular file"));
    stream = fopen(path, "w");
    assert_non_null(stream);
    (void)fclose(stream);
    assert_false(yk_array_file_open(&file, path, NULL, &complaint));
    assert_string_equal(complaint.text, "the file is empty");
    stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(content, 1, size, stream), size);
    (void)fclose(stream);
    assert_true(yk_array_file_open(&file, path, NULL, &complaint));
    assert_true(yk_array_file_load(&file, values, &complaint));
    assert_true(values[0] == 1 && values[1] == 2);
    assert_int_equal(truncate(path, 0), 0);
    assert_false(yk_array_file_load(&file, values, &complaint));
    assert_non_null(strstr(complaint.text, "became shorter"));
    yk_array_file_close(&file);
    yk_array_file_close(&file);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(yk_array_file_open(&file, path, NULL, &complaint));
    assert_non_null(strstr(complaint.text, "this is not a regular file"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(types_that_cannot_be_used),
        cmocka_unit_test(damaged_headers),
        cmocka_unit_test(sizes_that_are_not_there),
        cmocka_unit_test(files_that_are_no_arrays),
        cmocka_unit_test(any_damaged_byte),
        cmocka_unit_test(too_many_axes),
        cmocka_unit_test(written_headers_can_be_read),
        cmocka_unit_test(the_longest_header_fits),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
