/* SPDX-License-Identifier: MIT */
#include "supervisor/crash_text.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/text.h"
#include "sys/access.h"
#include "sys/mapping.h"

enum { PLACE_BYTES = 200 + YK_SEGMENT_NAME };

typedef unsigned long long number;

/* "1 byte", "2 bytes". */
static const char *crash_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static bool place_block(const yk_control *control, uint64_t window, uint64_t offset,
                        char place[PLACE_BYTES])
{
    const yk_guard_table *table = (const yk_guard_table *)(uintptr_t)control->guards;
    yk_guarded_allocation block;
    uint64_t end;

    if (table == NULL || !yk_guard_find(table, offset, yk_page_size(), &block)) {
        return false;
    }
    end = block.offset + block.bytes;
    if (offset >= end) {
        yk_text_format(place, PLACE_BYTES,
                       "%llu byte%s after the allocation of %llu bytes at %#llx",
                       (number)(offset - end + 1), crash_plural(offset - end + 1),
                       (number)block.bytes, (number)(window + block.offset));
    } else if (offset < block.offset) {
        yk_text_format(place, PLACE_BYTES,
                       "%llu byte%s before the allocation of %llu bytes at %#llx",
                       (number)(block.offset - offset),
                       crash_plural(block.offset - offset), (number)block.bytes,
                       (number)(window + block.offset));
    } else {
        yk_text_format(place, PLACE_BYTES,
                       "byte %llu of the allocation of %llu bytes at %#llx",
                       (number)(offset - block.offset), (number)block.bytes,
                       (number)(window + block.offset));
    }
    if (block.id == 0) {
        const size_t length = strlen(place);

        yk_text_format(place + length, PLACE_BYTES - length, ", which was freed");
    }
    return true;
}

static bool place_segment(const yk_control *control, uint64_t offset, int problem,
                          char place[PLACE_BYTES])
{
    if (!yk_zone_holds(&control->layout.zones[YK_ZONE_SEGMENTS], offset, 1)) {
        return false;
    }
    for (uint32_t i = 0; i < YK_MAX_ATTACHMENTS; i++) {
        const yk_attachment *attachment = &control->attachments[i];

        if (atomic_load(&attachment->id) == 0 || offset < attachment->offset ||
            offset - attachment->offset >= attachment->span) {
            continue;
        }
        if (problem == EACCES && attachment->read_only != 0) {
            yk_text_format(place, PLACE_BYTES, "the %s '%.*s', which is open read-only",
                           yk_segment_noun(attachment->name), YK_SEGMENT_NAME,
                           attachment->name);
        } else {
            yk_text_format(place, PLACE_BYTES,
                           "the %s '%.*s', which it cannot attach: %s",
                           yk_segment_noun(attachment->name), YK_SEGMENT_NAME,
                           attachment->name, strerror(problem));
        }
        return true;
    }
    yk_text_format(place, PLACE_BYTES,
                   "the pool's window for named segments, where no segment is "
                   "attached, or where a segment was closed");
    return true;
}

/* An address between two zones, or in a zone whose pages are all open. */
static bool place_gap(const yk_control *control, uint64_t offset,
                      char place[PLACE_BYTES])
{
    static const char *const names[YK_ZONES] = {
        "its memory for allocations", "its memory for values and arrays",
        "its memory for queues and other objects", "its memory for guarded allocations",
        "its window for named segments"};

    if (offset >= control->layout.bytes) {
        return false;
    }
    for (uint32_t kind = YK_ZONES; kind > 0; kind--) {
        const yk_zone *zone = &control->layout.zones[kind - 1];

        if (zone->begin != zone->end && offset >= zone->begin) {
            yk_text_format(place, PLACE_BYTES, "the pool's window, %s %s",
                           offset >= zone->end ? "behind" : "in", names[kind - 1]);
            return true;
        }
    }
    return false;
}

/* Memory of the pool in one of whose processes this pool is. */
static bool place_outer(const yk_control *control, uint64_t address,
                        char place[PLACE_BYTES])
{
    if (address < control->outer_base ||
        address - control->outer_base >= control->outer_bytes) {
        return false;
    }
    yk_text_format(place, PLACE_BYTES,
                   "memory of the pool around this one, of which a spawned pool has nothing, "
                   "and a forked one what was open when it was created");
    return true;
}

void yk_crash_explain(const yk_control *control, const void *window,
                      const yk_crash *crash, char *text, size_t bytes)
{
    static const char *const verbs[] = {"touched", "read from", "wrote to"};
    const uint64_t base = (uint64_t)(uintptr_t)window;
    const uint64_t offset = crash->address - base;
    const size_t length = strlen(text);
    char place[PLACE_BYTES];

    if (atomic_load(&crash->state) != 1) {
        return;
    }
    yk_text_format(text + length, bytes - length, ": it %s address %#llx",
                   verbs[yk_min(crash->kind, YK_ACCESS_WRITE)], (number)crash->address);
    if (place_outer(control, crash->address, place) ||
        (crash->address >= base &&
         (place_block(control, base, offset, place) ||
          place_segment(control, offset, crash->problem, place) ||
          place_gap(control, offset, place)))) {
        const size_t now = strlen(text);

        yk_text_format(text + now, bytes - now, ", %s", place);
    }
}
