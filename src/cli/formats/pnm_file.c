/* SPDX-License-Identifier: MIT */
/* PGM and PPM, binary (P5, P6) and plain (P2, P3), as described in pgm(5) and ppm(5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/formats/format.h"

enum { MAX_VALUE_8 = 255, MAX_VALUE_16 = 65535 };

typedef struct pnm_reader {
    const unsigned char *at;
    const unsigned char *end;
    size_t size[3]; /* height, width, channels */
    size_t max;     /* the value of full brightness */
    bool is_plain;  /* numbers are text */
} pnm_reader;

bool yk_pnm_recognizes(const unsigned char *bytes, size_t size)
{
    return size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
           strchr(" \t\n\r\v\f#", bytes[2]) != NULL && bytes[2] != '\0';
}

static bool pnm_is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* White space and comments, which end with their line. */
static void pnm_skip_space(pnm_reader *reader)
{
    while (reader->at < reader->end &&
           (pnm_is_space(*reader->at) || *reader->at == '#')) {
        if (*reader->at == '#') {
            while (reader->at < reader->end && *reader->at != '\n') {
                reader->at++;
            }
        } else {
            reader->at++;
        }
    }
}

/* A number up to `most`. */
static bool pnm_take_number(pnm_reader *reader, size_t most, size_t *number)
{
    const unsigned char *start;

    pnm_skip_space(reader);
    start = reader->at;
    *number = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
        *number = *number * 10 + (size_t)(*reader->at++ - '0');
        if (*number > most) {
            return false;
        }
    }
    return reader->at > start;
}

static bool pnm_read_header(pnm_reader *reader, yk_complaint *complaint)
{
    static const size_t max_side = (size_t)1 << 31;
    const unsigned char kind = reader->at[1];

    if (kind != '2' && kind != '3' && kind != '5' && kind != '6') {
        return yk_complain(complaint,
                           "P%c files are not read; PGM (P2, P5) and PPM (P3, P6) are",
                           kind);
    }
    reader->is_plain = kind < '5';
    reader->size[2] = kind == '3' || kind == '6' ? 3 : 1;
    reader->at += 2;
    if (!pnm_take_number(reader, max_side, &reader->size[1]) || reader->size[1] == 0 ||
        !pnm_take_number(reader, max_side, &reader->size[0]) || reader->size[0] == 0) {
        return yk_complain(complaint,
                           "the header is damaged: width and height are not there");
    }
    if (!pnm_take_number(reader, MAX_VALUE_16, &reader->max) || reader->max == 0) {
        return yk_complain(
            complaint,
            "the header is damaged: the value of full brightness is not a number "
            "from 1 to %d",
            MAX_VALUE_16);
    }
    if (reader->at == reader->end || !pnm_is_space(*reader->at)) {
        return yk_complain(complaint, "the file is cut short in its header");
    }
    reader->at++;
    return true;
}

/* The next value; false if it is larger than the maximum, or no number. */
static bool pnm_take_value(pnm_reader *reader, size_t *value)
{
    if (reader->is_plain) {
        return pnm_take_number(reader, reader->max, value);
    }
    *value = *reader->at++;
    if (reader->max > MAX_VALUE_8) {
        *value = *value << 8 | *reader->at++;
    }
    return *value <= reader->max;
}

/* Values up to 255 or 65535, whatever the file's full brightness is. */
static bool pnm_decode(pnm_reader *reader, const yk_shape *shape, unsigned char *to,
                       yk_complaint *complaint)
{
    const size_t full = shape->element->bytes == 1 ? MAX_VALUE_8 : MAX_VALUE_16;

    for (size_t i = 0; i < shape->count; i++) {
        size_t value;

        if (!pnm_take_value(reader, &value)) {
            return yk_complain(complaint, "value %zu of %zu is not a number up to %zu",
                               i, shape->count, reader->max);
        }
        value = (value * full + reader->max / 2) / reader->max;
        if (full == MAX_VALUE_8) {
            to[i] = (unsigned char)value;
        } else {
            memcpy(to + 2 * i, &(unsigned short){(unsigned short)value}, 2);
        }
    }
    return true;
}

static bool pnm_replace(yk_array_file *file, pnm_reader *reader,
                        yk_complaint *complaint)
{
    unsigned char *decoded = malloc(file->shape.bytes);

    if (decoded == NULL) {
        return yk_complain(complaint, "out of memory");
    }
    if (!pnm_decode(reader, &file->shape, decoded, complaint)) {
        free(decoded);
        return false;
    }
    yk_content_replace(&file->content, decoded, file->shape.bytes);
    return true;
}

bool yk_pnm_read(yk_array_file *file, const char *member, yk_complaint *complaint)
{
    pnm_reader reader = {.max = 0};
    size_t least;

    (void)member;
    if (!yk_content_load(&file->content, complaint)) {
        return false;
    }
    reader.at = file->content.bytes;
    reader.end = reader.at + file->content.size;
    if (!pnm_read_header(&reader, complaint) ||
        !yk_picture_shape(&file->shape, reader.size, reader.max > MAX_VALUE_8 ? 16 : 8,
                          complaint)) {
        return false;
    }
    /* In text a value takes a digit and a space; the last one has none. */
    least = reader.is_plain ? 2 * file->shape.count - 1 : file->shape.bytes;
    if ((size_t)(reader.end - reader.at) < least) {
        return yk_complain(
            complaint,
            "the file is cut short: %zux%zu values need %zu bytes at least, and "
            "%zu are there",
            reader.size[0], reader.size[1] * reader.size[2], least,
            (size_t)(reader.end - reader.at));
    }
    if (!reader.is_plain && (reader.max == MAX_VALUE_8 || reader.max == MAX_VALUE_16)) {
        file->offset = (size_t)(reader.at - file->content.bytes);
        file->is_swapped = reader.max == MAX_VALUE_16;
        return true;
    }
    return pnm_replace(file, &reader, complaint);
}

/* ---- writing ---- */

bool yk_pnm_accepts(const yk_shape *shape, yk_complaint *complaint)
{
    size_t size[3];

    if (!yk_picture_measure(shape, 3, size, complaint)) {
        return false;
    }
    return size[2] != 2 ||
           yk_complain(complaint, "PGM has one channel, PPM has three; PNG can "
                                  "have two");
}

/* Big-endian, a row at a time. */
static bool pnm_write_rows(int descriptor, const size_t size[3],
                           const unsigned char *from)
{
    const size_t bytes = size[1] * size[2] * 2;
    unsigned char *row = malloc(bytes);
    bool good = row != NULL;

    for (size_t y = 0; y < size[0] && good; y++, from += bytes) {
        for (size_t i = 0; i < bytes; i += 2) {
            row[i] = from[i + 1];
            row[i + 1] = from[i];
        }
        good = yk_format_write_all(descriptor, row, bytes);
    }
    free(row);
    return good;
}

bool yk_pnm_write(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint)
{
    char header[96];
    size_t size[3];
    int length;
    bool good;

    if (!yk_picture_measure(shape, 3, size, complaint)) {
        return false;
    }
    length = snprintf(header, sizeof header, "P%c\n%zu %zu\n%d\n",
                      size[2] == 3 ? '6' : '5', size[1], size[0],
                      shape->element->bytes == 1 ? MAX_VALUE_8 : MAX_VALUE_16);
    good = yk_format_write_all(descriptor, header, (size_t)length) &&
           (shape->element->bytes == 1
                ? yk_format_write_all(descriptor, elements, shape->bytes)
                : pnm_write_rows(descriptor, size, elements));
    return good || yk_format_complain_write(complaint);
}
