/* SPDX-License-Identifier: MIT */
/* Element types: numpy's name, their code in .npy files, and the OpenCL types they fit.
 */
#ifndef YK_CLI_FORMATS_ELEMENT_H
#define YK_CLI_FORMATS_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct yk_element {
    const char *name; /* "float32" */
    char code;        /* numpy's: b bool, i signed, u unsigned, f float, c complex */
    unsigned bytes;
} yk_element;

/* By numpy's name, of which length characters count; NULL if there is none. */
const yk_element *yk_element_named(const char *name, size_t length);

/* By numpy's code and size; NULL if there is none. */
const yk_element *yk_element_coded(char code, size_t bytes);

/* The names of all elements, for messages. */
const char *yk_element_names(void);

/* A built-in OpenCL C type, as a compiler writes it: "float4*", "const unsigned int *".
 */
typedef struct yk_cl_type {
    char code;      /* i, u or f */
    unsigned bytes; /* of one component */
    unsigned width; /* components; 1 for a scalar */
    bool pointer;
} yk_cl_type;

/* False if it is no built-in type of numbers. */
bool yk_cl_type_parse(yk_cl_type *type, const char *text);

/* Whether an array of these elements can be passed as a pointer to the type. Integers
 * of one size fit each other whatever their sign; complex numbers fit pairs of floats.
 */
bool yk_element_fits_pointer(const yk_element *element, const yk_cl_type *type);

/* Whether width of them can be passed by value as the type. */
bool yk_element_fits_value(const yk_element *element, unsigned width,
                           const yk_cl_type *type);

/* Names the elements that fit, "int32 or uint32"; with the vector width for a value. */
void yk_element_fitting(char *text, size_t size, const yk_cl_type *type);

#endif
