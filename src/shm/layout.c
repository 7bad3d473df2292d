/* SPDX-License-Identifier: MIT */
#include "shm/layout.h"

#include "base/bits.h"

/* The gap between two zones, so large that a slightly wrong stride does not jump over it. */
static const uint64_t gap_bytes = (uint64_t)1 << 20;

/* More than any machine needs for queues, and for files that are open at the same time. */
static const uint64_t max_objects = (uint64_t)256 << 30;
static const uint64_t max_attachments = (uint64_t)4 << 40;

/* Up to this size an object may be as large as all allocations together, and there is room for
 * a few, whatever the size of those. */
static const uint64_t small_bytes = (uint64_t)64 << 20;
static const uint64_t min_objects = (uint64_t)16 << 20;

static void add_zone(yk_layout *layout, yk_zone_kind kind, uint64_t bytes)
{
    const uint64_t begin = layout->bytes + (bytes != 0 ? gap_bytes : 0);

    layout->zones[kind] = (yk_zone){begin, begin + bytes};
    layout->bytes = begin + bytes;
}

yk_layout yk_layout_of(uint64_t bytes, bool guarded)
{
    const uint64_t page = yk_page_size();
    const uint64_t wanted =
        yk_max(yk_max(bytes / 4, yk_min(bytes, small_bytes)), min_objects);
    const uint64_t objects = yk_round_up(yk_min(wanted, max_objects), page);
    yk_layout layout = {.zones = {[YK_ZONE_BLOCKS] = {0, bytes}}, .bytes = bytes};

    add_zone(&layout, YK_ZONE_CELLS, objects);
    /* the hub lies behind, where few objects come near: nothing lies before the first */
    add_zone(&layout, YK_ZONE_OBJECTS, objects + page);
    layout.zones[YK_ZONE_OBJECTS].end -= page;
    layout.hub = layout.zones[YK_ZONE_OBJECTS].end;
    add_zone(&layout, YK_ZONE_GUARDED, guarded ? bytes : 0);
    add_zone(&layout, YK_ZONE_SEGMENTS, yk_min(bytes, max_attachments));
    layout.bytes += gap_bytes;
    return layout;
}

static bool map_layout(yk_mapping *mapping, const yk_layout *layout)
{
    yk_part parts[YK_ZONE_SEGMENTS];
    uint32_t count = 0;

    for (uint32_t kind = 0; kind < YK_ZONE_SEGMENTS; kind++) {
        const yk_zone *zone = &layout->zones[kind];

        if (zone->begin != zone->end) {
            parts[count++] =
                (yk_part){zone->begin,
                          kind == YK_ZONE_OBJECTS ? layout->hub + yk_page_size() : zone->end,
                          kind == YK_ZONE_GUARDED};
        }
    }
    return yk_mapping_create_parts(mapping, "yoke arena", (size_t)layout->bytes, parts,
                                   count);
}

yoke_status yk_layout_map(yk_mapping *mapping, yk_layout *layout, uint64_t bytes,
                          uint64_t least, bool guarded, yk_error *error)
{
    const uint64_t page = yk_page_size();

    for (; bytes >= least; bytes /= 2) {
        bytes -= bytes % page;
        if (bytes == 0) {
            break;
        }
        *layout = yk_layout_of(bytes, guarded);
        if (map_layout(mapping, layout)) {
            return YOKE_OK;
        }
    }
    *mapping = YK_MAPPING_NONE;
    return yk_mapping_fail(error, (size_t)least);
}

bool yk_zone_holds(const yk_zone *zone, uint64_t offset, uint64_t bytes)
{
    return offset >= zone->begin && bytes <= zone->end - zone->begin &&
           offset - zone->begin <= zone->end - zone->begin - bytes;
}
