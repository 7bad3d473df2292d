/* SPDX-License-Identifier: MIT */
#include "device/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

bool yk_mirror_init(yk_mirror *mirror, yk_residency *table)
{
    *mirror = (yk_mirror){.id = table->id, .table = table, .count = table->count};
    mirror->versions = calloc((size_t)table->count, sizeof *mirror->versions);
    return mirror->versions != NULL;
}

void yk_mirror_fini(yk_mirror *mirror)
{
    free(mirror->versions);
    *mirror = (yk_mirror){.id = 0};
}

bool yk_mirror_is_live(const yk_mirror *mirror)
{
    return mirror->id != 0 && mirror->table->id == mirror->id;
}

void yk_mirror_forget(yk_mirror *mirror)
{
    if (mirror->id != 0) {
        memset(mirror->versions, 0, (size_t)mirror->count * sizeof *mirror->versions);
    }
}

static bool mirror_has(const yk_mirror *mirror, const yk_residency *table,
                       uint64_t page)
{
    return mirror->versions[page] == yk_residency_version(table, page) + 1;
}

static void mirror_mark_held(yk_mirror *mirror, const yk_residency *table, uint64_t low,
                             uint64_t high)
{
    const yk_pages covered = yk_residency_covered(table, low, high);

    for (uint64_t b = covered.first; b < covered.end; b++) {
        mirror->versions[b] = yk_residency_version(table, b) + 1;
    }
}

/* The first address in [low, high), from the given one on, whose page is present, or is not. */
static uint64_t mirror_skip(const yk_mirror *mirror, const yk_residency *table,
                            uint64_t low, uint64_t high, bool while_there)
{
    while (low < high) {
        const uint64_t page = (low - table->address) / YK_RESIDENCY_PAGE;

        if (mirror_has(mirror, table, page) != while_there) {
            return low;
        }
        low = table->address + (page + 1) * YK_RESIDENCY_PAGE;
    }
    return high;
}

static bool next_run(yk_mirror *mirror, const yk_residency *table, uint64_t low,
                     uint64_t high, yk_extent *piece)
{
    const uint64_t begin = mirror_skip(mirror, table, low, high, true);
    const uint64_t end = mirror_skip(mirror, table, begin, high, false);

    *piece = yk_extent_run(begin, end - begin);
    mirror_mark_held(mirror, table, begin, end);
    return begin < end;
}

/* Rows that are shorter than a page are not worth a check each. */
static bool has_short_rows(const yk_extent *extent)
{
    return yk_extent_pieces(extent) > 1 && extent->bytes < YK_RESIDENCY_PAGE;
}

bool yk_mirror_next(yk_mirror *mirror, const yk_residency *table,
                    const yk_extent *extent, yk_mirror_walk *walk, yk_extent *piece)
{
    if (has_short_rows(extent)) {
        *piece = *extent;
        return walk->row++ == 0;
    }
    for (; walk->row < yk_extent_pieces(extent); walk->row++, walk->offset = 0) {
        const uint64_t row = yk_extent_piece(extent, walk->row);

        if (next_run(mirror, table, row + walk->offset, row + extent->bytes, piece)) {
            walk->offset = piece->address + piece->bytes - row;
            return true;
        }
    }
    return false;
}

void yk_mirror_hold(yk_mirror *mirror, const yk_residency *table,
                    const yk_extent *extent)
{
    const uint64_t rows = has_short_rows(extent) ? 0 : yk_extent_pieces(extent);

    for (uint64_t k = 0; k < rows; k++) {
        const uint64_t row = yk_extent_piece(extent, k);

        mirror_mark_held(mirror, table, row, row + extent->bytes);
    }
}
