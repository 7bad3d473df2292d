/* SPDX-License-Identifier: MIT */
/*
 * Poison: what the checking mode writes where an argument does not declare that bytes are read.
 * The bytes depend on the argument and the place, so that a copy of them is not mistaken for
 * them. There are two kinds, which differ in every byte: large positive and tiny negative
 * numbers if they are read as floating point.
 */
#ifndef YK_CHECKED_POISON_H
#define YK_CHECKED_POISON_H

#include <stddef.h>
#include <stdint.h>

typedef enum yk_poison_kind {
    YK_POISON_FIRST = 0,
    YK_POISON_SECOND = 1
} yk_poison_kind;

/* Poisons `count` bytes of an argument from `offset` on, counted from its pointer. */
void yk_poison_fill(unsigned char *bytes, size_t count, uint32_t argument,
                    int64_t offset, yk_poison_kind kind);

#endif
