/* SPDX-License-Identifier: MIT */
/* Files that arrays are read from and written to: what is written is read again, orders are
 * converted, and whatever is wrong with a file, the readers answer and stay inside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/formats/array_file.h"
#include "cli/formats/format.h"
#include "cli/formats/npy.h"

typedef struct bytes {
    unsigned char at[16384];
    size_t size;
} bytes;

static yk_shape shape_of(const char *element, unsigned axes, size_t x, size_t y,
                         size_t z)
{
    yk_shape shape = {.element = yk_element_named(element, strlen(element)),
                      .axes = axes,
                      .shape = {x, y, z}};
    yk_complaint complaint;

    assert_true(yk_shape_measure(&shape, &complaint));
    return shape;
}

/* The copy has the exact size, so that a sanitizer sees reads beyond it. */
static bool read_bytes(yk_array_file *file, const void *from, size_t size,
                       const char *member, const yk_shape *raw, yk_complaint *complaint)
{
    yk_content content = {.size = size, .memory = malloc(size + (size == 0))};

    assert_non_null(content.memory);
    memcpy(content.memory, from, size);
    content.bytes = content.memory;
    complaint->text[0] = '\0';
    return yk_array_file_read(file, content, member, raw, complaint);
}

static void expect_array(const void *from, size_t size, const char *member,
                         const yk_shape *wanted, const void *elements)
{
    unsigned char loaded[4096];
    yk_complaint complaint;
    yk_array_file file;

    if (!read_bytes(&file, from, size, member, NULL, &complaint)) {
        fail_msg("%s", complaint.text);
    }
    assert_ptr_equal(file.shape.element, wanted->element);
    assert_int_equal(file.shape.axes, wanted->axes);
    assert_memory_equal(file.shape.shape, wanted->shape, wanted->axes * sizeof(size_t));
    assert_true(file.shape.bytes <= sizeof loaded);
    assert_true(yk_array_file_load(&file, loaded, &complaint));
    assert_memory_equal(loaded, elements, wanted->bytes);
    yk_array_file_close(&file);
    yk_array_file_close(&file);
}

static void expect_unreadable(const void *from, size_t size, const char *member,
                              const yk_shape *raw, const char *why)
{
    yk_complaint complaint;
    yk_array_file file;

    assert_false(read_bytes(&file, from, size, member, raw, &complaint));
    if (strstr(complaint.text, why) == NULL) {
        fail_msg("'%s' does not say '%s'", complaint.text, why);
    }
}

/* What a format writes. */
static void write_bytes(bytes *to, const char *name, const yk_shape *shape,
                        const void *elements)
{
    const int descriptor = memfd_create("array", 0);
    yk_complaint complaint = {""};
    const yk_format *format = yk_format_of_name(name, &complaint);
    ssize_t size;

    assert_true(descriptor >= 0);
    assert_non_null(format);
    if (!format->write(descriptor, shape, elements, &complaint)) {
        fail_msg("%s: %s", name, complaint.text);
    }
    size = pread(descriptor, to->at, sizeof to->at, 0);
    assert_true(size > 0);
    to->size = (size_t)size;
    assert_int_equal(close(descriptor), 0);
}

static const uint8_t small[48] = {0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255};
static const uint16_t wide[48] = {0, 1, 255, 256, 257, 65535, 0x1234};

static bool has_png(void)
{
#ifdef YOKE_CLI_PNG
    return true;
#else
    return false;
#endif
}

static void what_is_written_is_read(void **state)
{
    static const char *const names[] = {"a.npy", "a", "a.PNG", "a.ppm", "b.raw/a.pgm"};
    bytes file;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const bool is_pnm = strstr(names[i], ".p") != NULL;

        if (strstr(names[i], "PNG") != NULL && !has_png()) {
            continue;
        }
        for (unsigned channels = 1; channels <= 4; channels++) {
            const unsigned axes = channels == 1 ? 2 : 3;
            const yk_shape shape8 = shape_of("uint8", axes, 3, 4, channels);
            const yk_shape shape16 = shape_of("uint16", axes, 4, 3, channels);

            if (is_pnm && channels % 2 == 0) {
                continue;
            }
            write_bytes(&file, names[i], &shape8, small);
            expect_array(file.at, file.size, NULL, &shape8, small);
            write_bytes(&file, names[i], &shape16, wide);
            expect_array(file.at, file.size, NULL, &shape16, wide);
        }
    }
}

static void what_cannot_be_written(void **state)
{
    const yk_shape floats = shape_of("float32", 2, 3, 4, 0);
    const yk_shape line = shape_of("uint8", 1, 3, 0, 0);
    const yk_shape many = shape_of("uint8", 3, 3, 4, 5);
    const yk_shape four = shape_of("uint8", 3, 3, 4, 4);
    yk_complaint complaint;

    (void)state;
    assert_null(yk_format_of_name("a.jpg", &complaint));
    assert_non_null(strstr(complaint.text, "'.jpg' cannot be written"));
    assert_null(yk_format_of_name("a.npz", &complaint));
    assert_null(yk_format_of_name("a.", &complaint));
    assert_non_null(yk_format_of_name("folder.jpg/a", &complaint));
    assert_non_null(yk_format_of_name("a.bin", &complaint));
    assert_false(yk_pnm_accepts(&floats, &complaint));
    assert_non_null(strstr(complaint.text, "uint8 or uint16"));
    assert_false(yk_pnm_accepts(&line, &complaint));
    assert_false(yk_pnm_accepts(&four, &complaint));
    assert_int_equal(yk_png_accepts(&four, &complaint), has_png());
    assert_false(yk_png_accepts(&many, &complaint));
}

/* ---- orders ---- */

static size_t make_npy(unsigned char *to, const char *descr, const char *order,
                       const char *shape, const void *elements, size_t size)
{
    const int length = snprintf((char *)to + 10, 256,
                                "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n",
                                descr, order, shape);

    memcpy(to, "\x93NUMPY\x01\0", 8);
    to[8] = (unsigned char)length;
    to[9] = 0;
    memcpy(to + 10 + length, elements, size);
    return 10 + (size_t)length + size;
}

static void orders_are_converted(void **state)
{
    static const uint16_t fortran[] = {111, 211, 121, 221, 131, 231,
                                       112, 212, 122, 222, 132, 232};
    static const uint16_t c[] = {111, 112, 121, 122, 131, 132,
                                 211, 212, 221, 222, 231, 232};
    const yk_shape box = shape_of("uint16", 3, 2, 3, 2);
    const yk_shape row = shape_of("complex64", 1, 1, 0, 0);
    const yk_shape pair = shape_of("uint32", 2, 1, 2, 0);
    unsigned char file[512];
    size_t size;

    (void)state;
    size = make_npy(file, "<u2", "True", "(2, 3, 2)", fortran, sizeof fortran);
    expect_array(file, size, NULL, &box, c);
    size = make_npy(file, ">u4", "True", "(1, 2)", "\0\0\0\1\x10\x20\x30\x40", 8);
    expect_array(file, size, NULL, &pair, (uint32_t[]){1, 0x10203040});
    size = make_npy(file, ">c8", "False", "(1,)", "\x3f\x80\0\0\xc0\0\0\0", 8);
    expect_array(file, size, NULL, &row, (float[]){1, -2});
}

/* ---- PGM and PPM ---- */

static void expect_text(const char *text, const yk_shape *shape, const void *elements)
{
    expect_array(text, strlen(text), NULL, shape, elements);
}

static void plain_pictures(void **state)
{
    const yk_shape gray = shape_of("uint8", 2, 2, 3, 0);
    const yk_shape colour = shape_of("uint8", 3, 1, 2, 3);
    const yk_shape fine = shape_of("uint16", 2, 1, 2, 0);

    (void)state;
    expect_text("P2\n# a comment\n3 2\n255\n0 1 2\n253 254 255\n", &gray,
                (uint8_t[]){0, 1, 2, 253, 254, 255});
    expect_text("P2 3 2 15 0 1 2 13 14 15", &gray,
                (uint8_t[]){0, 17, 34, 221, 238, 255});
    expect_text("P3 2 1 1 1 0 1 0 1 0", &colour, (uint8_t[]){255, 0, 255, 0, 255, 0});
    expect_text("P2 2 1 1000 1000 500", &fine, (uint16_t[]){65535, 32768});
    expect_text("P5 3 2 255 abcdef and more", &gray, "abcdef");
    expect_array("P5 3 2 3 \0\1\2\3\0\1", 15, NULL, &gray,
                 (uint8_t[]){0, 85, 170, 255, 0, 85});
}

static void damaged_pictures(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"P1 1 1 0", "P1 files are not read"},
        {"P4 1 1 x", "P4 files are not read"},
        {"P7\nWIDTH", "P7 files are not read"},
        {"P5 ", "width and height"},
        {"P5 3", "width and height"},
        {"P5 0 2 255 ", "width and height"},
        {"P5 -3 2 255 ", "width and height"},
        {"P5 99999999999 2 255 ", "width and height"},
        {"P5 3 2 0 ", "full brightness"},
        {"P5 3 2 65536 ", "full brightness"},
        {"P5 3 2", "full brightness"},
        {"P5 3 2 255", "cut short in its header"},
        {"P5 3 2 255 abcde", "cut short: 2x3 values need 6 bytes"},
        {"P5 2147483648 2147483648 255 abc", "cut short"},
        {"P5 2147483648 2147483648 65535 abc", "too big"},
        {"P6 3 2 255 abcdef", "need 18 bytes"},
        {"P5 2 1 3 ab", "value 0 of 2 is not a number up to 3"},
        {"P2 2 1 9 1 x", "value 1 of 2"},
        {"P2 2 1 9 1 10", "value 1 of 2"},
        {"P2 9 9 9 1", "cut short"},
        {"hello", "not an .npy, .npz, PNG, PGM or PPM file"},
        {"", "not an .npy"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_unreadable(cases[i].text, strlen(cases[i].text), NULL, NULL,
                          cases[i].why);
    }
}

/* ---- raw files ---- */

static void raw_elements(void **state)
{
    const yk_shape shape = shape_of("float32", 2, 2, 3, 0);
    const yk_shape line = {.element = shape.element};
    yk_complaint complaint;
    yk_array_file file;
    unsigned char npy[512];
    size_t size;

    (void)state;
    assert_true(read_bytes(&file, small, 24, NULL, &shape, &complaint));
    assert_int_equal(file.shape.axes, 2);
    yk_array_file_close(&file);
    assert_true(read_bytes(&file, small, 24, NULL, &line, &complaint));
    assert_int_equal(file.shape.axes, 1);
    assert_int_equal(file.shape.count, 6);
    yk_array_file_close(&file);
    expect_unreadable(small, 25, NULL, &shape, "takes 24 bytes, and the file has 25");
    expect_unreadable(small, 23, NULL, &shape, "takes 24 bytes, and the file has 23");
    expect_unreadable(small, 25, NULL, &line, "takes 24 bytes, and the file has 25");
    size = make_npy(npy, "<f4", "False", "(6,)", small, 24);
    expect_unreadable(npy, size, NULL, &line, "says type and shape itself");
    expect_unreadable(npy, size, "x", NULL, "not an .npz file");
}

/* ---- whatever is wrong ---- */

/* One array `x`, stored, as numpy.savez() writes it; made by hand, for libzip to read. */
static void make_npz(bytes *to)
{
    static const unsigned char local[30] = {'P', 'K', 3, 4, 20, 0,    0,
                                            0,   0,   0, 0, 0,  0x21, 0};
    static const unsigned char central[46] = {'P', 'K', 1, 2, 20, 0, 20,   0,
                                              0,   0,   0, 0, 0,  0, 0x21, 0};
    static const unsigned char end[22] = {'P', 'K', 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 51};
    unsigned char npy[512];
    const uint32_t size = (uint32_t)make_npy(npy, "<u1", "False", "(48,)", small, 48);
    const uint32_t start = 30 + 5 + size;
    uint32_t crc = ~0U;

    for (size_t i = 0; i < size; i++) {
        crc ^= npy[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1)));
        }
    }
    crc = ~crc;
    memset(to, 0, sizeof *to);
    memcpy(to->at, local, 30);
    memcpy(to->at + 14, (uint32_t[]){crc, size, size}, 12);
    to->at[26] = 5;
    memcpy(to->at + 30, "x.npy", 5);
    memcpy(to->at + 35, npy, size);
    memcpy(to->at + start, central, 46);
    memcpy(to->at + start + 16, (uint32_t[]){crc, size, size}, 12);
    to->at[start + 28] = 5;
    memcpy(to->at + start + 46, "x.npy", 5);
    memcpy(to->at + start + 51, end, 22);
    memcpy(to->at + start + 51 + 16, &start, 4);
    to->size = start + 51 + 22;
}

static void members_of_archives(void **state)
{
    const yk_shape shape = shape_of("uint8", 1, 48, 0, 0);
    bytes file;

    (void)state;
#ifndef YOKE_CLI_ZIP
    make_npz(&file);
    expect_unreadable(file.at, file.size, "x", NULL, "without libzip");
    skip();
#endif
    make_npz(&file);
    expect_array(file.at, file.size, "x", &shape, small);
    expect_array(file.at, file.size, "x.npy", &shape, small);
    expect_array(file.at, file.size, NULL, &shape, small);
    expect_unreadable(file.at, file.size, "y", NULL, "no array 'y'; it has x");
    expect_unreadable(file.at, file.size - 30, "x", NULL, "damaged");
    file.at[30 + 5 + 100] ^= 1;
    expect_unreadable(file.at, file.size, "x", NULL, "damaged");
}

/* A damaged file is read or refused with words. YOKE_FUZZ_ROUNDS: for longer runs by hand. */
static void damage(const bytes *right, uint32_t *seed)
{
    const char *text = getenv("YOKE_FUZZ_ROUNDS");
    const long rounds = text != NULL ? strtol(text, NULL, 10) : 1500;
    bytes wrong;

    for (long round = 0; round < rounds; round++) {
        yk_complaint complaint;
        yk_array_file file;
        uint32_t draw[10];

        for (size_t i = 0; i < 10; i++) {
            *seed = *seed * 1664525U + 1013904223U;
            draw[i] = *seed >> 8;
        }
        wrong = *right;
        for (size_t i = 0; i < 1 + draw[0] % 4; i++) {
            wrong.at[draw[1 + i] % wrong.size] = (unsigned char)(draw[5 + i] >> 4);
        }
        if (draw[9] % 3 == 0) {
            wrong.size = draw[9] / 3 % wrong.size;
        }
        if (read_bytes(&file, wrong.at, wrong.size, NULL, NULL, &complaint)) {
            unsigned char *to = malloc(file.shape.bytes + 1);

            assert_non_null(to);
            assert_true(yk_array_file_load(&file, to, &complaint));
            free(to);
            yk_array_file_close(&file);
        } else {
            assert_true(complaint.text[0] != '\0');
        }
    }
}

static void any_damage(void **state)
{
    static const char *const names[] = {"a.npy", "a.ppm", "a.png"};
    static const char plain[] = "P3 # plain\n2 2 99\n1 2 3 4 5 6 7 8 9 10 11 12\n";
    const yk_shape shape8 = shape_of("uint8", 3, 4, 4, 3);
    const yk_shape shape16 = shape_of("uint16", 3, 4, 4, 3);
    bytes right = {.size = sizeof plain - 1};
    uint32_t seed = 1;

    (void)state;
    memcpy(right.at, plain, right.size);
    damage(&right, &seed);
    for (size_t i = 0; i < (has_png() ? 3 : 2); i++) {
        write_bytes(&right, names[i], &shape8, small);
        damage(&right, &seed);
        write_bytes(&right, names[i], &shape16, wide);
        damage(&right, &seed);
    }
    right.size = make_npy(right.at, ">u2", "True", "(4, 2, 6)", wide, sizeof wide);
    damage(&right, &seed);
    make_npz(&right);
    damage(&right, &seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(orders_are_converted),
        cmocka_unit_test(plain_pictures),
        cmocka_unit_test(damaged_pictures),
        cmocka_unit_test(raw_elements),
        cmocka_unit_test(members_of_archives),
        cmocka_unit_test(any_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
