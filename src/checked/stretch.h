/* SPDX-License-Identifier: MIT */
/* Runs of equal bytes. Data that is compared mostly consists of a few long runs. */
#ifndef YK_CHECKED_STRETCH_H
#define YK_CHECKED_STRETCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The end of the run of equal bytes that begins at `at`; at < count. */
static inline size_t yk_stretch_end(const unsigned char *bytes, size_t at, size_t count)
{
    const unsigned char value = bytes[at];
    const uint64_t same = value * UINT64_C(0x0101010101010101);
    uint64_t word;

    while (at + sizeof word <= count) {
        memcpy(&word, bytes + at, sizeof word);
        if (word != same) {
            break;
        }
        at += sizeof word;
    }
    while (at < count && bytes[at] == value) {
        at++;
    }
    return at;
}

#endif
