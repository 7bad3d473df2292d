/* SPDX-License-Identifier: MIT */
#include "checked/poison.h"

#include <string.h>

#include "base/bits.h"

enum { WORD = 8 };

/* The finalizer of MurmurHash3, public domain. */
static uint64_t poison_mix(uint64_t key)
{
    key ^= key >> 33;
    key *= UINT64_C(0xff51afd7ed558ccd);
    key ^= key >> 33;
    key *= UINT64_C(0xc4ceb9fe1a85ec53);
    return key ^ key >> 33;
}

/* Every second byte is 0x48 to 0x4b. As the last byte of a little-endian floating-point number
 * it makes the number at least 2^17 (a double 2^129), so that its other bytes count, too, when
 * it is added to what a kernel usually has. */
static uint64_t poison_word(uint32_t argument, int64_t index, yk_poison_kind kind)
{
    const uint64_t random =
        poison_mix((uint64_t)index ^ (uint64_t)(argument + 1) << 48);
    const uint64_t word =
        (random & UINT64_C(0x03ff03ff03ff03ff)) | UINT64_C(0x4800480048004800);

    return kind == YK_POISON_FIRST ? word : ~word;
}

void yk_poison_fill(unsigned char *bytes, size_t count, uint32_t argument,
                    int64_t offset, yk_poison_kind kind)
{
    const int64_t end = offset + (int64_t)count;

    while (offset < end) {
        const int64_t index = offset >> 3; /* rounds down, before the pointer, too */
        const size_t skip = (size_t)(offset - index * WORD);
        const size_t here = (size_t)yk_min(WORD - skip, (uint64_t)(end - offset));
        const uint64_t word = poison_word(argument, index, kind);

        memcpy(bytes, (const unsigned char *)&word + skip, here);
        bytes += here;
        offset += (int64_t)here;
    }
}
