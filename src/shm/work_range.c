/* SPDX-License-Identifier: MIT */
#include "shm/work_range.h"

bool yk_work_range_valid(uint64_t word)
{
    const yk_tiles tiles = yk_work_range_unpack(word);

    return tiles.begin <= tiles.end && tiles.end <= YK_MAX_TILES;
}

yk_tiles yk_work_range_peek(const yk_work_range *work_range, uint32_t generation)
{
    const uint64_t word = atomic_load(work_range);

    return yk_work_range_is_of(word, generation) ? yk_work_range_unpack(word)
                                                 : (yk_tiles){0, 0};
}

void yk_work_range_set(yk_work_range *work_range, uint32_t generation, yk_tiles tiles)
{
    atomic_store_explicit(work_range, yk_work_range_pack(generation, tiles),
                          memory_order_relaxed);
}

static uint32_t at_most(uint32_t count, uint32_t max_count)
{
    return count < max_count ? count : max_count;
}

bool yk_work_range_take_front(yk_work_range *work_range, uint32_t generation,
                              uint32_t max_count, yk_tiles *taken)
{
    uint64_t word = atomic_load(work_range);

    while (yk_work_range_is_of(word, generation)) {
        yk_tiles rest = yk_work_range_unpack(word);

        *taken = (yk_tiles){rest.begin,
                            rest.begin + at_most(yk_tiles_count(rest), max_count)};
        if (yk_tiles_count(*taken) == 0) {
            return false;
        }
        rest.begin = taken->end;
        if (atomic_compare_exchange_weak(work_range, &word,
                                         yk_work_range_pack(generation, rest))) {
            return true;
        }
    }
    return false;
}

bool yk_work_range_take_back(yk_work_range *work_range, uint32_t generation,
                             uint32_t max_count, yk_tiles *taken)
{
    uint64_t word = atomic_load(work_range);

    while (yk_work_range_is_of(word, generation)) {
        yk_tiles rest = yk_work_range_unpack(word);

        *taken =
            (yk_tiles){rest.end - at_most(yk_tiles_count(rest), max_count), rest.end};
        if (yk_tiles_count(*taken) == 0) {
            return false;
        }
        rest.end = taken->begin;
        if (atomic_compare_exchange_weak(work_range, &word,
                                         yk_work_range_pack(generation, rest))) {
            return true;
        }
    }
    return false;
}

bool yk_work_range_refill(yk_work_range *work_range, uint32_t generation,
                          yk_tiles tiles)
{
    uint64_t word = atomic_load(work_range);

    while (yk_work_range_is_of(word, generation)) {
        if (yk_tiles_count(yk_work_range_unpack(word)) != 0) {
            return false;
        }
        if (atomic_compare_exchange_weak(work_range, &word,
                                         yk_work_range_pack(generation, tiles))) {
            return true;
        }
    }
    return false;
}
