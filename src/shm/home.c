/* SPDX-License-Identifier: MIT */
#include "shm/home.h"

bool yk_home_valid(uint64_t word)
{
    const yk_tiles tiles = yk_home_unpack(word);

    return tiles.begin <= tiles.end && tiles.end <= YK_MAX_TILES;
}

yk_tiles yk_home_peek(const yk_home *home, uint32_t generation)
{
    const uint64_t word = atomic_load(home);

    return yk_home_is_of(word, generation) ? yk_home_unpack(word) : (yk_tiles){0, 0};
}

void yk_home_set(yk_home *home, uint32_t generation, yk_tiles tiles)
{
    atomic_store_explicit(home, yk_home_pack(generation, tiles), memory_order_relaxed);
}

static uint32_t at_most(uint32_t count, uint32_t most)
{
    return count < most ? count : most;
}

bool yk_home_take_front(yk_home *home, uint32_t generation, uint32_t most,
                        yk_tiles *taken)
{
    uint64_t word = atomic_load(home);

    while (yk_home_is_of(word, generation)) {
        yk_tiles rest = yk_home_unpack(word);

        *taken =
            (yk_tiles){rest.begin, rest.begin + at_most(yk_tiles_count(rest), most)};
        if (yk_tiles_count(*taken) == 0) {
            return false;
        }
        rest.begin = taken->end;
        if (atomic_compare_exchange_weak(home, &word, yk_home_pack(generation, rest))) {
            return true;
        }
    }
    return false;
}

bool yk_home_take_back(yk_home *home, uint32_t generation, uint32_t most,
                       yk_tiles *taken)
{
    uint64_t word = atomic_load(home);

    while (yk_home_is_of(word, generation)) {
        yk_tiles rest = yk_home_unpack(word);

        *taken = (yk_tiles){rest.end - at_most(yk_tiles_count(rest), most), rest.end};
        if (yk_tiles_count(*taken) == 0) {
            return false;
        }
        rest.end = taken->begin;
        if (atomic_compare_exchange_weak(home, &word, yk_home_pack(generation, rest))) {
            return true;
        }
    }
    return false;
}

bool yk_home_refill(yk_home *home, uint32_t generation, yk_tiles tiles)
{
    uint64_t word = atomic_load(home);

    while (yk_home_is_of(word, generation)) {
        if (yk_tiles_count(yk_home_unpack(word)) != 0) {
            return false;
        }
        if (atomic_compare_exchange_weak(home, &word,
                                         yk_home_pack(generation, tiles))) {
            return true;
        }
    }
    return false;
}
