/* SPDX-License-Identifier: MIT */
#include "cli/formats/format.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const yk_format formats[] = {
    {.name = ".npy",
     .endings = ".npy",
     .recognizes = yk_npy_file_recognizes,
     .read = yk_npy_file_read,
     .write = yk_npy_file_write},
    {.name = ".npz", .recognizes = yk_npz_recognizes, .read = yk_npz_read},
    {.name = "PNG",
     .endings = ".png",
     .recognizes = yk_png_recognizes,
     .read = yk_png_read,
     .accepts = yk_png_accepts,
     .write = yk_png_write,
     .is_picture = true},
    {.name = "PGM or PPM",
     .endings = ".pgm.ppm.pnm",
     .recognizes = yk_pnm_recognizes,
     .read = yk_pnm_read,
     .accepts = yk_pnm_accepts,
     .write = yk_pnm_write,
     .is_picture = true},
    {.name = "raw", .endings = ".raw.bin", .write = yk_raw_write},
};

enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

const yk_format *yk_format_recognize(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (formats[i].recognizes != NULL && formats[i].recognizes(bytes, size)) {
            return &formats[i];
        }
    }
    return NULL;
}

const yk_format *yk_format_raw(void)
{
    return &formats[FORMAT_COUNT - 1];
}

/* Whether the ending, with its dot, is one of a list. */
static bool ending_is_listed(const char *list, const char *ending)
{
    const size_t length = strlen(ending);

    for (const char *at = list; at != NULL; at = strchr(at + 1, '.')) {
        if (strncasecmp(at, ending, length) == 0 &&
            (at[length] == '.' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

const yk_format *yk_format_of_name(const char *path, yk_complaint *complaint)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *ending = strrchr(name, '.');

    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (ending_is_listed(formats[i].endings, ending == NULL ? ".npy" : ending)) {
            return &formats[i];
        }
    }
    (void)yk_complain(
        complaint,
        "a file that ends in '%s' cannot be written; .npy, .png, .pgm, .ppm, .raw "
        "and .bin can",
        ending);
    return NULL;
}

/* ---- writing ---- */

bool yk_format_write_all(int descriptor, const void *bytes, size_t size)
{
    enum { AT_ONCE = 1 << 26 };

    const char *from = bytes;

    while (size > 0) {
        const ssize_t done = write(descriptor, from, size < AT_ONCE ? size : AT_ONCE);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return false;
        }
        from += done;
        size -= (size_t)done;
    }
    return true;
}

bool yk_format_complain_write(yk_complaint *complaint)
{
    return yk_complain(complaint, "the file cannot be written: %s", strerror(errno));
}

bool yk_raw_write(int descriptor, const yk_shape *shape, const void *elements,
                  yk_complaint *complaint)
{
    return yk_format_write_all(descriptor, elements, shape->bytes) ||
           yk_format_complain_write(complaint);
}

/* ---- pictures ---- */

bool yk_picture_measure(const yk_shape *shape, size_t channels, size_t size[3],
                        yk_complaint *complaint)
{
    const yk_element *element = shape->element;

    size[0] = shape->axes > 0 ? shape->shape[0] : 0;
    size[1] = shape->axes > 1 ? shape->shape[1] : 0;
    size[2] = shape->axes == 3 ? shape->shape[2] : 1;
    if (element->code == 'u' && element->bytes <= 2 &&
        (shape->axes == 2 || shape->axes == 3) && size[2] >= 1 && size[2] <= channels) {
        return true;
    }
    return yk_complain(
        complaint,
        "a picture has uint8 or uint16 elements and a shape of HEIGHTxWIDTH or "
        "HEIGHTxWIDTHxCHANNELS with at most %zu channels",
        channels);
}

bool yk_picture_shape(yk_shape *shape, const size_t size[3], unsigned bits,
                      yk_complaint *complaint)
{
    shape->element = yk_element_coded('u', bits / 8);
    shape->axes = size[2] == 1 ? 2 : 3;
    memcpy(shape->shape, size, 3 * sizeof *size);
    return yk_shape_measure(shape, complaint);
}
