/* SPDX-License-Identifier: MIT */
#include "opencl/cl_prefix.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct text_buffer {
    char *text;
    size_t length;
} text_buffer;

static void cl_prefix_add(text_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void cl_prefix_add(text_buffer *buffer, const char *format, ...)
{
    const size_t room = YK_CL_PREFIX_BYTES - buffer->length;
    va_list list;
    int length;

    va_start(list, format);
    length = vsnprintf(buffer->text + buffer->length, room, format, list);
    va_end(list);
    buffer->length += length > 0 && (size_t)length < room ? (size_t)length : 0;
}

/* Adds a function that returns a constant for each dimension. */
static void add_table(text_buffer *buffer, const char *name, const uint64_t value[3],
                      unsigned beyond)
{
    cl_prefix_add(buffer,
                  "static inline size_t %s(uint d) { return d == 0u ? (size_t)%" PRIu64
                  "ul : d == 1u ? (size_t)%" PRIu64 "ul : d == 2u ? (size_t)%" PRIu64
                  "ul : (size_t)%uul; }\n",
                  name, value[0], value[1], value[2], beyond);
}

static void add_sizes(text_buffer *buffer, const yk_cl_variant_key *key)
{
    add_table(buffer, "yk_global_size", key->size, 1);
    add_table(buffer, "yk_num_groups", key->groups, 1);
    cl_prefix_add(buffer, "static inline size_t yk_linear_id(void) { return "
                          "((get_global_id(2) - yk_begin(2)) * yk_global_size(1) + "
                          "(get_global_id(1) - yk_begin(1))) * yk_global_size(0) + "
                          "(get_global_id(0) - yk_begin(0)); }\n"
                          "#define get_global_size(d) yk_global_size(d)\n"
                          "#define get_num_groups(d) yk_num_groups(d)\n"
                          "#define get_global_linear_id() yk_linear_id()\n");
}

void yk_cl_prefix_write(const yk_cl_variant_key *key, char text[YK_CL_PREFIX_BYTES])
{
    text_buffer buffer = {.text = text};

    text[0] = '\0';
    add_table(&buffer, "yk_begin", key->begin, 0);
    cl_prefix_add(&buffer,
                  "static inline size_t yk_group_id(uint d) { return get_group_id(d) + "
                  "(get_global_offset(d) - yk_begin(d)) / get_local_size(d); }\n");
    if (key->sized != 0) {
        add_sizes(&buffer, key);
        cl_prefix_add(&buffer, "#define get_global_offset(d) yk_begin(d)\n");
    }
    cl_prefix_add(&buffer, "#define get_group_id(d) yk_group_id(d)\n#line 1\n");
}
