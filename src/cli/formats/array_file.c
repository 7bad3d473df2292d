/* SPDX-License-Identifier: MIT */
#include "cli/formats/array_file.h"

#include <string.h>

#include "cli/formats/format.h"

/* ---- opening ---- */

/* A file of plain elements is exactly as long as its shape says. */
static bool read_raw(yk_array_file *file, const yk_shape *raw, yk_complaint *complaint)
{
    const size_t size = file->content.size;

    file->format = yk_format_raw();
    file->shape = *raw;
    if (raw->axes == 0) {
        file->shape.axes = 1;
        file->shape.shape[0] = size / raw->element->bytes;
        if (!yk_shape_measure(&file->shape, complaint)) {
            return false;
        }
    }
    if (file->shape.bytes != size) {
        char what[256];

        yk_shape_describe(what, sizeof what, &file->shape);
        return yk_complain(complaint,
                           "an array of %s takes %zu bytes, and the file has %zu", what,
                           file->shape.bytes, size);
    }
    return true;
}

static bool read_recognized(yk_array_file *file, const char *member,
                            const yk_shape *raw, yk_complaint *complaint)
{
    const yk_format *format =
        yk_format_recognize(file->content.bytes, file->content.size);

    if (format == NULL && raw != NULL) {
        return read_raw(file, raw, complaint);
    }
    if (format == NULL) {
        return yk_complain(
            complaint,
            "this is not an .npy, .npz, PNG, PGM or PPM file; the elements of a "
            "raw file need their type and shape, FILE:TYPE:SHAPE");
    }
    if (raw != NULL) {
        return yk_complain(complaint,
                           "this is a file of the kind %s, which says type and shape "
                           "itself; leave them out",
                           format->name);
    }
    if (member != NULL && format->recognizes != yk_npz_recognizes) {
        return yk_complain(complaint,
                           "this is not an .npz file, and has no member '%s'", member);
    }
    file->format = format;
    return format->read(file, member, complaint);
}

bool yk_array_file_read(yk_array_file *file, yk_content content, const char *member,
                        const yk_shape *raw, yk_complaint *complaint)
{
    memset(file, 0, sizeof *file);
    file->content = content;
    if (!read_recognized(file, member, raw, complaint)) {
        yk_array_file_close(file);
        return false;
    }
    return true;
}

/* The '/' in "file.npz/name"; NULL for any other text. */
static const char *find_member(const char *path)
{
    const char *found = strstr(path, ".npz/");

    return found != NULL ? found + 4 : NULL;
}

bool yk_array_file_open(yk_array_file *file, const char *path, const yk_shape *raw,
                        yk_complaint *complaint)
{
    const char *member = find_member(path);
    yk_content content;
    char archive[4096];

    memset(file, 0, sizeof *file);
    if (member == NULL) {
        return yk_content_open(&content, path, complaint) &&
               yk_array_file_read(file, content, NULL, raw, complaint);
    }
    if ((size_t)(member - path) >= sizeof archive) {
        return yk_complain(complaint, "the name is too long");
    }
    memcpy(archive, path, (size_t)(member - path));
    archive[member - path] = '\0';
    return yk_content_open(&content, archive, complaint) &&
           yk_array_file_read(file, content, member + 1, raw, complaint);
}

bool yk_array_file_is_picture(const yk_array_file *file)
{
    return file->format != NULL && file->format->is_picture;
}

void yk_array_file_close(yk_array_file *file)
{
    yk_content_close(&file->content);
    memset(file, 0, sizeof *file);
}

/* ---- loading ---- */

typedef struct array_load {
    const yk_array_file *file;
    unsigned char *to;
} array_load;

/* Elements in Fortran order: the target is gone through in its own order, and the place in the
 * file follows, an axis at a time. */
static void load_fortran(const yk_shape *shape, const unsigned char *from,
                         unsigned char *to)
{
    const size_t bytes = shape->element->bytes;
    size_t step[YK_SHAPE_AXES];
    size_t index[YK_SHAPE_AXES] = {0};
    size_t all = bytes;

    for (unsigned i = 0; i < shape->axes; i++) {
        step[i] = all;
        all *= shape->shape[i];
    }
    for (size_t done = 0; done < shape->count; done++) {
        memcpy(to, from, bytes);
        to += bytes;
        for (unsigned i = shape->axes; i-- > 0;) {
            from += step[i];
            if (++index[i] < shape->shape[i]) {
                break;
            }
            from -= step[i] * shape->shape[i];
            index[i] = 0;
        }
    }
}

static void load_elements(void *context)
{
    const array_load *load = context;
    const yk_array_file *file = load->file;
    const unsigned char *from = file->content.bytes + file->offset;

    if (file->is_fortran) {
        load_fortran(&file->shape, from, load->to);
    } else {
        memcpy(load->to, from, file->shape.bytes);
    }
}

/* The parts of a complex number have a byte order each. */
static void swap_elements(const yk_shape *shape, unsigned char *at)
{
    const size_t bytes =
        shape->element->code == 'c' ? shape->element->bytes / 2 : shape->element->bytes;
    unsigned char *end = at + shape->bytes;

    for (; at < end; at += bytes) {
        for (size_t i = 0; i < bytes / 2; i++) {
            const unsigned char byte = at[i];

            at[i] = at[bytes - 1 - i];
            at[bytes - 1 - i] = byte;
        }
    }
}

bool yk_array_file_load(const yk_array_file *file, void *to, yk_complaint *complaint)
{
    array_load load = {file, to};

    if (!yk_content_guard(load_elements, &load)) {
        return yk_complain(complaint,
                           "the file became shorter while it was read, or its "
                           "disk failed");
    }
    if (file->is_swapped) {
        swap_elements(&file->shape, to);
    }
    return true;
}
