/* SPDX-License-Identifier: MIT */
#include "checked/finding.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "launch/footprint.h"

enum { SENTENCE_BYTES = 1024, NEAR_ITEMS = 1 << 20 };

typedef struct sentence {
    char text[SENTENCE_BYTES];
    size_t used;
} sentence;

static void sentence_add(sentence *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void sentence_add(sentence *to, const char *format, ...)
{
    va_list list;
    int written;

    va_start(list, format);
    written = vsnprintf(to->text + to->used, sizeof to->text - to->used, format, list);
    va_end(list);
    to->used =
        yk_min(to->used + (size_t)(written > 0 ? written : 0), sizeof to->text - 1);
}

/* ---- the items of a finding ---- */

static bool is_one(const yk_finding *finding, const yk_launch *launch)
{
    return finding->unit.end - finding->unit.begin <=
           yk_max(launch->group[launch->split], 1);
}

/* "item 5", "work-group 1 (items 64 to 127)" or "items 0 to 15" */
static void sentence_add_items(sentence *to, const yk_finding *finding,
                               const yk_launch *launch)
{
    const uint64_t begin = finding->unit.begin;
    const uint64_t end = finding->unit.end;
    const uint64_t group = launch->group[launch->split];

    if (end - begin == 1) {
        sentence_add(to, "item %" PRIu64, begin);
    } else if (end - begin <= group) {
        sentence_add(to, "work-group %" PRIu64 " (items %" PRIu64 " to %" PRIu64 ")",
                     (begin - launch->begin[launch->split]) / group, begin, end - 1);
    } else {
        sentence_add(to, "items %" PRIu64 " to %" PRIu64, begin, end - 1);
    }
}

static bool extent_has(const yk_extent *extent, uint64_t address)
{
    const yk_extent byte = yk_extent_run(address, 1);

    return extent->bytes > 0 && yk_extents_meet(extent, &byte);
}

static bool finding_item_owns(const yk_launch *launch, const yk_arg *arg, uint64_t item,
                              uint64_t address)
{
    const yk_extent own = yk_footprint_own(launch, arg, item, item + 1);

    return extent_has(&own, address);
}

/* Finds the item that owns a byte, among the nearby ones. False: none of them does. */
static bool find_owner(const yk_finding *finding, const yk_launch *launch,
                       uint64_t address, uint64_t *item)
{
    const yk_arg *arg = &launch->args[finding->index];
    const uint64_t first = launch->begin[launch->split];
    const uint64_t last = first + launch->size[launch->split];

    if (arg->parts == YK_PARTS_WHOLE) {
        return false;
    }
    for (uint64_t i = 0; i < NEAR_ITEMS; i++) {
        if (finding->unit.begin + i < last &&
            finding_item_owns(launch, arg, finding->unit.begin + i, address)) {
            *item = finding->unit.begin + i;
            return true;
        }
        if (finding->unit.begin >= first + i &&
            finding_item_owns(launch, arg, finding->unit.begin - i, address)) {
            *item = finding->unit.begin - i;
            return true;
        }
    }
    return false;
}

static bool is_inside(const yk_finding *finding, uint64_t item)
{
    return item >= finding->unit.begin && item < finding->unit.end;
}

/* ---- what ---- */

/* The pointer that the unit's items get. */
static uint64_t finding_pointer(const yk_finding *finding, const yk_launch *launch)
{
    const yk_arg *arg = &launch->args[finding->index];

    return arg->address + yk_footprint_shift(launch, arg, finding->unit.begin);
}

static void add_extent(sentence *to, const yk_extent *extent, uint64_t pointer)
{
    const int64_t from = (int64_t)(extent->address - pointer);

    sentence_add(to, "bytes %" PRId64 " to %" PRId64, from,
                 from + (int64_t)extent->bytes - 1);
    if (extent->blocks > 1) {
        sentence_add(to, ", repeated every %" PRIu64 " bytes, %" PRIu64 " times",
                     extent->stride, extent->blocks);
    }
    if (extent->planes > 1) {
        sentence_add(to, "%s every %" PRIu64 " bytes, %" PRIu64 " times",
                     extent->blocks > 1 ? ", all of it repeated" : ", repeated",
                     extent->plane_stride, extent->planes);
    }
}

/* "(bytes 0 to 4095 and bytes 8192 to 12287)" */
static void add_declared(sentence *to, const yk_finding *finding,
                         const yk_launch *launch)
{
    const yk_arg *arg = &launch->args[finding->index];
    yk_extent all[YK_MAX_EXTENTS];
    const size_t count = finding->kind == YK_FOUND_READ
                             ? yk_footprint_read(launch, arg, finding->unit.begin,
                                                 finding->unit.end, all)
                             : yk_footprint_write(launch, arg, finding->unit.begin,
                                                  finding->unit.end, all);

    sentence_add(to, "(");
    for (size_t i = 0; i < count; i++) {
        sentence_add(to, "%s", i > 0 ? " and " : "");
        add_extent(to, &all[i], finding_pointer(finding, launch));
    }
    sentence_add(to, "%s)", count == 0 ? "none" : "");
}

/* Adds where an offset lies: before the array, after it, or in the part of an item. */
static void add_place(sentence *to, const yk_finding *finding, const yk_launch *launch)
{
    const yk_arg *arg = &launch->args[finding->index];
    const uint64_t address = arg->address + (uint64_t)finding->offset;
    uint64_t low;
    uint64_t high;
    uint64_t item;

    yk_footprint_span(launch, arg, &low, &high);
    sentence_add(to, "byte %" PRId64,
                 (int64_t)(address - finding_pointer(finding, launch)));
    if ((arg->flags & YK_ARG_COPIES) != 0) {
        return; /* what is around a copy belongs to the library */
    }
    if (finding->offset < 0 && address < low) {
        sentence_add(to, ", before the start of the array");
    } else if (address >= high) {
        sentence_add(to, ", after the last part of the array");
    } else if (!find_owner(finding, launch, address, &item)) {
        return;
    } else if (is_inside(finding, item)) {
        sentence_add(to, " of its own part");
    } else {
        sentence_add(to, " (part of item %" PRIu64 ")", item);
    }
}

/* ---- what would be right ---- */

/* The halo that would contain the byte: parts before and after. False: no halo would, or the
 * owner of the byte is not known. */
static bool find_halo(const yk_finding *finding, const yk_launch *launch,
                      uint64_t *before, uint64_t *after)
{
    const yk_arg *arg = &launch->args[finding->index];
    uint64_t item;

    *before = arg->halo_before;
    *after = arg->halo_after;
    if (!find_owner(finding, launch, arg->address + (uint64_t)finding->offset, &item) ||
        is_inside(finding, item)) {
        return false;
    }
    if (item < finding->unit.begin) {
        *before = yk_max(*before, finding->unit.begin - item);
    } else {
        *after = yk_max(*after, item - finding->unit.begin);
    }
    return true;
}

/* Adds the call that would declare the halo. */
static void suggest_halo(sentence *to, const yk_arg *arg, uint64_t before,
                         uint64_t after)
{
    const bool is_present = arg->before > 0 || arg->after > 0;
    const uint64_t both = yk_max(before, after);

    sentence_add(to,
                 "; yoke_in_halo(p, %" PRIu64 ", %" PRIu64 ", %" PRIu64
                 ", YOKE_EDGE_%s) would declare it",
                 arg->bytes, is_present ? before : both, is_present ? after : both,
                 is_present                            ? "PRESENT"
                 : (arg->flags & YK_ARG_PERIODIC) != 0 ? "PERIODIC"
                                                       : "CLIPPED");
}

static void suggest_read(sentence *to, const yk_finding *finding,
                         const yk_launch *launch)
{
    const yk_arg *arg = &launch->args[finding->index];
    const bool can_have_halo = arg->parts == YK_PARTS_ITEM && arg->blocks <= 1 &&
                               arg->map == YK_MAP_SAME &&
                               launch->group[launch->split] <= 1 &&
                               is_one(finding, launch);
    uint64_t before;
    uint64_t after;

    if (arg->parts == YK_PARTS_WHOLE || (arg->flags & YK_ARG_READS_ALL) != 0 ||
        !find_halo(finding, launch, &before, &after)) {
        return;
    }
    if (arg->access != YK_READ) {
        sentence_add(to, "; yoke_inout_read_all() would declare it");
    } else if (can_have_halo) {
        suggest_halo(to, arg, before, after);
    } else {
        sentence_add(to, "; yoke_in_whole() would declare it");
    }
}

static void describe_read(sentence *to, const yk_finding *finding,
                          const yk_launch *launch, const char *s)
{
    const yk_arg *arg = &launch->args[finding->index];
    const yk_extent own =
        yk_footprint_own(launch, arg, finding->unit.begin, finding->unit.end);
    const bool is_own = extent_has(&own, arg->address + (uint64_t)finding->offset);

    sentence_add(to, " read%s ", s);
    add_place(to, finding, launch);
    if (is_own && arg->access == YK_WRITE) {
        sentence_add(
            to, ", which is declared as written but not as read; %s would declare both",
            arg->parts == YK_PARTS_WHOLE ? "yoke_inout_whole()" : "yoke_inout()");
        return;
    }
    sentence_add(to, ", which is outside the bytes declared as read ");
    add_declared(to, finding, launch);
    suggest_read(to, finding, launch);
}

static void describe_write(sentence *to, const yk_finding *finding,
                           const yk_launch *launch, const char *s)
{
    const yk_arg *arg = &launch->args[finding->index];

    sentence_add(to, " write%s ", s);
    add_place(to, finding, launch);
    if ((arg->flags & YK_ARG_BY_POINTER) != 0) {
        sentence_add(to, ", but yoke_uses() declares the memory as read only; "
                         "YOKE_ACCESS_READ_WRITE would declare it as written, too");
        return;
    }
    if ((arg->access & YK_WRITE) == 0) {
        sentence_add(to, ", but the array is declared as read-only; yoke_inout() and "
                         "yoke_inout_read_all() declare an array as written, too");
        return;
    }
    sentence_add(to, ", which is outside the bytes declared as written ");
    add_declared(to, finding, launch);
}

static void describe_unwritten(sentence *to, const yk_finding *finding,
                               const yk_launch *launch, const char *s)
{
    sentence_add(to, " leave%s ", s);
    add_place(to, finding, launch);
    if (finding->count > 1) {
        sentence_add(to, " and %" PRIu64 " more bytes", finding->count - 1);
    }
    sentence_add(to,
                 " as %s, but yoke_out() declares that every byte of a part is "
                 "written; yoke_out_some() would allow that",
                 finding->count > 1 ? "they were" : "it was");
}

yoke_status yk_finding_report(const yk_finding *finding, const yk_launch *launch,
                              const yk_parameter *parameters, int parameter_count,
                              yk_error *error)
{
    const char *s = is_one(finding, launch) ? "s" : "";
    sentence text = {.used = 0};

    sentence_add(&text, "argument %" PRIu32, yk_launch_number(launch, finding->index));
    if ((int)finding->index < parameter_count &&
        parameters[finding->index].name[0] != '\0') {
        sentence_add(&text, " (%s)", parameters[finding->index].name);
    }
    sentence_add(&text, ": ");
    sentence_add_items(&text, finding, launch);
    switch (finding->kind) {
    case YK_FOUND_READ:
        describe_read(&text, finding, launch, s);
        break;
    case YK_FOUND_WRITE:
        describe_write(&text, finding, launch, s);
        break;
    case YK_FOUND_UNWRITTEN:
        describe_unwritten(&text, finding, launch, s);
        break;
    }
    return yk_fail(error, YOKE_ECHECK, "%s", text.text);
}
