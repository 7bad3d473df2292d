/* SPDX-License-Identifier: MIT */
/* PNG by libpng: 8 and 16 bits, one to four channels. Fewer bits and palettes become 8 bits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/formats/format.h"

bool yk_png_recognizes(const unsigned char *bytes, size_t size)
{
    return size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

bool yk_png_accepts(const yk_shape *shape, yk_complaint *complaint)
{
    size_t size[3];

#ifndef YOKE_CLI_PNG
    (void)size;
    (void)shape;
    return yk_complain(complaint,
                       "this yoke was built without libpng, so it writes no PNG files; "
                       ".pgm and .ppm it does");
#else
    return yk_picture_measure(shape, 4, size, complaint);
#endif
}

#ifndef YOKE_CLI_PNG

bool yk_png_read(yk_array_file *file, const char *member, yk_complaint *complaint)
{
    (void)file;
    (void)member;
    return yk_complain(complaint,
                       "this is a PNG file, and this yoke was built without libpng "
                       "(Debian, Ubuntu: apt install libpng-dev, and build again)");
}

bool yk_png_write(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint)
{
    (void)descriptor;
    (void)elements;
    return yk_png_accepts(shape, complaint);
}

#else

#include <png.h>

/* What the functions that libpng calls need. */
typedef struct png_job {
    yk_complaint *complaint;
    const unsigned char *at; /* the file, while it is read */
    size_t left;
    int descriptor; /* while it is written */
    size_t size[3]; /* height, width, channels */
    unsigned bits;
    unsigned char *pixels;
    png_bytep *rows;
} png_job;

static _Noreturn void png_failed(png_structp png, png_const_charp text)
{
    png_job *job = png_get_error_ptr(png);

    (void)yk_complain(job->complaint,
                      "the PNG file is damaged, or cannot be written: %s", text);
    png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void png_take_bytes(png_structp png, png_bytep to, size_t count)
{
    png_job *job = png_get_io_ptr(png);

    if (count > job->left) {
        png_error(png, "it is cut short");
    }
    memcpy(to, job->at, count);
    job->at += count;
    job->left -= count;
}

static void png_put_bytes(png_structp png, png_bytep from, size_t count)
{
    const png_job *job = png_get_io_ptr(png);

    if (!yk_format_write_all(job->descriptor, from, count)) {
        png_error(png, strerror(errno));
    }
}

static void png_flush_nothing(png_structp png)
{
    (void)png;
}

/* ---- reading ---- */

/* Every picture becomes one of 8 or 16 bits, in the machine's byte order. */
static void png_set_conversions(png_structp png, png_infop info)
{
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(png);
    }
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY &&
        png_get_bit_depth(png, info) < 8) {
        png_set_expand_gray_1_2_4_to_8(png);
    }
    if (png_get_valid(png, info, PNG_INFO_tRNS) != 0) {
        png_set_tRNS_to_alpha(png);
    }
    if (png_get_bit_depth(png, info) == 16) {
        png_set_swap(png);
    }
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

/* Compression makes pixels at most 1032 times as small, so memory is not taken on the word of a
 * damaged header. */
static void png_check_size(png_structp png, png_job *job, size_t row_bytes)
{
    enum { MAX_RATIO = 1100 * 32 }; /* pixels of 1 bit become four bytes at most */

    size_t all;

    if (__builtin_mul_overflow(row_bytes, job->size[0], &all) ||
        all / MAX_RATIO > job->left) {
        png_error(png, "it is cut short");
    }
}

static void png_read_pixels(png_structp png, png_infop info, png_job *job)
{
    size_t row_bytes;

    png_set_read_fn(png, job, png_take_bytes);
    png_read_info(png, info);
    png_set_conversions(png, info);
    job->size[0] = png_get_image_height(png, info);
    job->size[1] = png_get_image_width(png, info);
    job->size[2] = png_get_channels(png, info);
    job->bits = png_get_bit_depth(png, info);
    row_bytes = png_get_rowbytes(png, info);
    png_check_size(png, job, row_bytes);
    job->pixels = malloc(row_bytes * job->size[0]);
    job->rows = malloc(job->size[0] * sizeof *job->rows);
    if (job->pixels == NULL || job->rows == NULL) {
        png_error(png, "out of memory");
    }
    for (size_t y = 0; y < job->size[0]; y++) {
        job->rows[y] = job->pixels + y * row_bytes;
    }
    png_read_image(png, job->rows);
    png_read_end(png, NULL);
}

/* Nothing that is changed after setjmp() is a local variable. */
static bool png_decode(png_job *job)
{
    png_structp png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, job, png_failed, png_warned);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    volatile bool good = false;

    if (info == NULL) {
        (void)yk_complain(job->complaint, "out of memory");
    } else if (setjmp(png_jmpbuf(png)) == 0) {
        png_read_pixels(png, info, job);
        good = true;
    }
    png_destroy_read_struct(&png, &info, NULL);
    free(job->rows);
    return good;
}

bool yk_png_read(yk_array_file *file, const char *member, yk_complaint *complaint)
{
    png_job job = {.complaint = complaint};

    (void)member;
    if (!yk_content_load(&file->content, complaint)) {
        return false;
    }
    job.at = file->content.bytes;
    job.left = file->content.size;
    if (!png_decode(&job) ||
        !yk_picture_shape(&file->shape, job.size, job.bits, complaint)) {
        free(job.pixels);
        return false;
    }
    yk_content_replace(&file->content, job.pixels, file->shape.bytes);
    return true;
}

/* ---- writing ---- */

static void png_write_pixels(png_structp png, png_infop info, png_job *job,
                             const unsigned char *from)
{
    static const int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                  PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    const size_t row_bytes = job->size[1] * job->size[2] * (job->bits / 8);

    png_set_write_fn(png, job, png_put_bytes, png_flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)job->size[1], (png_uint_32)job->size[0],
                 (int)job->bits, colours[job->size[2] - 1], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    if (job->bits == 16) {
        png_set_swap(png);
    }
    for (size_t y = 0; y < job->size[0]; y++) {
        png_write_row(png, from + y * row_bytes);
    }
    png_write_end(png, NULL);
}

bool yk_png_write(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint)
{
    png_job job = {.complaint = complaint, .descriptor = descriptor};
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, png_failed, png_warned);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    volatile bool good = false;

    job.bits = 8 * shape->element->bytes;
    if (info == NULL) {
        (void)yk_complain(complaint, "out of memory");
    } else if (yk_picture_measure(shape, 4, job.size, complaint) &&
               setjmp(png_jmpbuf(png)) == 0) {
        png_write_pixels(png, info, &job, elements);
        good = true;
    }
    png_destroy_write_struct(&png, &info);
    return good;
}

#endif
