/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/formats/format.h"
#include "cli/formats/npy.h"

bool yk_npy_file_recognizes(const unsigned char *bytes, size_t size)
{
    return size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0;
}

bool yk_npy_file_read(yk_array_file *file, const char *member, yk_complaint *complaint)
{
    yk_npy npy;

    (void)member;
    if (!yk_npy_parse(&npy, file->content.bytes, file->content.size, complaint)) {
        return false;
    }
    file->shape = npy.shape;
    file->offset = npy.offset;
    file->is_fortran = npy.is_fortran;
    file->is_swapped = npy.is_swapped;
    return true;
}

bool yk_npy_file_write(int descriptor, const yk_shape *shape, const void *elements,
                       yk_complaint *complaint)
{
    char header[YK_NPY_HEADER_BYTES];
    const size_t length = yk_npy_header(header, shape);

    return (yk_format_write_all(descriptor, header, length) &&
            yk_format_write_all(descriptor, elements, shape->bytes)) ||
           yk_format_complain_write(complaint);
}
