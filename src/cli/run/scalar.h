/* SPDX-License-Identifier: MIT */
/* Values given as text: "int32:5", "float32x4:1,2,3,4", "bytes:00ff". */
#ifndef YK_CLI_RUN_SCALAR_H
#define YK_CLI_RUN_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/complaint.h"
#include "cli/formats/element.h"

typedef struct yk_scalar {
    const yk_element *element; /* NULL for plain bytes */
    unsigned width;            /* components */
    size_t bytes;              /* a vector of 3 takes the space of 4, as in OpenCL */
    unsigned char *data;       /* as laid out for the device */
} yk_scalar;

/* Whether type names a value: an element, with xN a vector, or "bytes". */
bool yk_scalar_is_type(const char *type, size_t length);

/* type need not end after its length; text is the value. The scalar is fini'ed by the
 * caller; it is empty on failure. */
bool yk_scalar_parse(yk_scalar *scalar, const char *type, size_t length,
                     const char *text, yk_complaint *complaint);

void yk_scalar_fini(yk_scalar *scalar);

/* IEEE 754 binary16, rounded to nearest, ties to even. */
uint16_t yk_half_from_double(double value);

#endif
