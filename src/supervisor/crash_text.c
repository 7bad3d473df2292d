/* SPDX-License-Identifier: MIT */
#include "supervisor/crash_text.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/text.h"
#include "launch/footprint.h"
#include "supervisor/crash_symbols.h"
#include "sys/access.h"
#include "sys/mapping.h"
#include "sys/process.h"

enum { PLACE_BYTES = 200 + YK_SEGMENT_NAME };

typedef unsigned long long number;

/* "1 byte", "2 bytes". */
static const char *crash_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Whether the record is about the signal that has ended the process. */
static bool is_about(const yk_crash_case *what)
{
    return atomic_load(&what->crash->state) == YK_CRASH_COMPLETE &&
           yk_process_exit_code(what->status) == -what->crash->signal;
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
        } else if (problem == 0) { /* it was attached: the file has no such page */
            yk_text_format(place, PLACE_BYTES, "the %s '%.*s'",
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

/* ---- the argument ---- */

/* How far from an argument an address may be: 2^32 items of 16 bytes, which is where an index
 * that overflows leads. */
static const uint64_t argument_reach = UINT64_C(1) << 36;

/* The distance of an address from [low, high). */
static uint64_t crash_distance(uint64_t address, uint64_t low, uint64_t high)
{
    return address < low ? low - address : address < high ? 0 : address - high + 1;
}

static void name_argument(const yk_control *control, const yk_job *job, uint32_t index,
                          char *name, size_t bytes)
{
    const yk_kernel_slot *kernel = &control->kernels[job->kernel_slot];

    yk_text_format(name, bytes, "argument %u", yk_launch_number(&job->launch, index));
    if (atomic_load(&kernel->parameters_state) == 2 &&
        (int64_t)index < kernel->parameter_count) {
        const size_t length = strlen(name);

        yk_text_format(name + length, bytes - length, " (%.*s)",
                       (int)sizeof kernel->parameters[index].name,
                       kernel->parameters[index].name);
    }
}

/* The array that is nearest to the address; false if none is near. */
static bool find_argument(const yk_job *job, uint64_t address, uint32_t *index)
{
    uint64_t nearest = argument_reach;

    for (uint32_t i = 0; i < yk_min(yk_launch_array_count(&job->launch), YK_MAX_ARGS); i++) {
        uint64_t low;
        uint64_t high;
        uint64_t distance;

        if (job->launch.args[i].kind != YK_ARG_ARRAY) {
            continue;
        }
        yk_footprint_span(&job->launch, &job->launch.args[i], &low, &high);
        distance = crash_distance(address, low, high);
        if (distance < nearest) {
            nearest = distance;
            *index = i;
        }
    }
    return nearest < argument_reach;
}

static void place_argument(const yk_crash_case *what, char *text, size_t bytes)
{
    const uint64_t address = what->crash->address;
    const yk_arg *arg;
    char name[128];
    uint32_t index;
    uint64_t low;
    uint64_t high;
    uint64_t distance;

    if (what->job == NULL || !find_argument(what->job, address, &index)) {
        return;
    }
    arg = &what->job->launch.args[index];
    yk_footprint_span(&what->job->launch, arg, &low, &high);
    distance = crash_distance(address, low, high);
    name_argument(what->control, what->job, index, name, sizeof name);
    if (distance == 0) {
        yk_text_append(text, bytes, ", inside %s%s", name,
                       arg->access == YK_READ ? ", which is only read" : "");
    } else {
        yk_text_append(text, bytes, ", %llu byte%s %s %s", (number)distance,
                       crash_plural(distance), address < low ? "before" : "after", name);
    }
}

/* ---- the functions ---- */

/* The file's own name. */
static const char *crash_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static const char *crash_object_of(const yk_crash *crash, uint32_t frame)
{
    const uint32_t object = atomic_load(&crash->frames[frame].object);

    return object == 0 || object > YK_CRASH_OBJECTS ? "" : crash->objects[object - 1];
}

/* PoCL's kernels are functions of files in its cache. */
static bool is_of_pocl(const yk_symbol *symbol)
{
    return strncmp(symbol->function, "_pocl_kernel_", strlen("_pocl_kernel_")) == 0 ||
           strncmp(symbol->function, "pocl_kernel_", strlen("pocl_kernel_")) == 0;
}

static void append_call(const yk_crash *crash, uint32_t frame, const yk_symbol *symbol,
                        bool full, char *text, size_t bytes)
{
    const char *object = crash_object_of(crash, frame);
    const char *file = crash_base_name(object);

    if (is_of_pocl(symbol)) {
        yk_text_append(text, bytes, "the kernel's code, compiled by PoCL (%s+%#llx)",
                       symbol->function, (number)symbol->distance);
    } else if (symbol->function[0] != '\0' && symbol->line > 0) {
        yk_text_append(text, bytes, "%s, %s:%d", symbol->function,
                       full ? symbol->source : crash_base_name(symbol->source),
                       symbol->line);
    } else if (symbol->function[0] != '\0') {
        yk_text_append(text, bytes, "%s+%#llx (%s)", symbol->function,
                       (number)symbol->distance, full ? object : file);
    } else if (file[0] != '\0') {
        yk_text_append(text, bytes, "%s+%#llx", full ? object : file,
                       (number)crash->frames[frame].offset);
    } else if (crash->frames[frame].address == crash->address) {
        yk_text_append(text, bytes, "a call to where no code is");
    } else {
        yk_text_append(text, bytes, "code at %#llx, which is of no file",
                       (number)crash->frames[frame].address);
    }
}

static uint32_t crash_frame_count(const yk_crash *crash)
{
    return (uint32_t)yk_min(atomic_load(&crash->frame_count), YK_CRASH_FRAMES);
}

/* If the innermost function is a library's, such as memcpy(): that of the program's function, or
 * of the file with it, that called it. 0: it is its own. */
static uint32_t find_caller(const yk_crash *crash)
{
    const uint32_t count = crash_frame_count(crash);
    uint32_t frame = 0;

    if (crash->has_last == 0 || count == 0) {
        return 0;
    }
    while (strcmp(crash_object_of(crash, frame), crash_object_of(crash, count - 1)) != 0) {
        frame++;
    }
    return frame;
}

static void append_calls(const yk_crash *crash, char *text, size_t bytes)
{
    const uint32_t caller = find_caller(crash);
    yk_symbol symbols[YK_CRASH_FRAMES];

    if (crash_frame_count(crash) == 0) {
        return;
    }
    yk_crash_find_symbols(crash, 1u | 1u << caller, symbols);
    yk_text_append(text, bytes, ", in ");
    append_call(crash, 0, &symbols[0], false, text, bytes);
    if (caller > 0) {
        yk_text_append(text, bytes, ", called by ");
        append_call(crash, caller, &symbols[caller], false, text, bytes);
    }
}

void yk_crash_list_calls(const yk_crash_case *what, char *text, size_t bytes)
{
    const yk_crash *crash = what->crash;
    const uint32_t count = crash_frame_count(crash);
    yk_symbol symbols[YK_CRASH_FRAMES];

    yk_text_copy(text, bytes, "");
    if (!is_about(what) || count == 0) {
        return;
    }
    yk_crash_find_symbols(crash, UINT32_MAX, symbols);
    for (uint32_t i = 0; i < count; i++) {
        yk_text_append(text, bytes, "%s  #%u ", i > 0 ? "\n" : "", i);
        append_call(crash, i, &symbols[i], true, text, bytes);
    }
}

/* ---- all of it ---- */

static void append_access(const yk_crash_case *what, char *text, size_t bytes)
{
    static const char *const verbs[] = {"touched", "read from", "wrote to"};
    const yk_crash *crash = what->crash;
    const uint64_t base = (uint64_t)(uintptr_t)what->window;
    const uint64_t offset = crash->address - base;
    char place[PLACE_BYTES];

    yk_text_append(text, bytes, ": it %s address %#llx",
                   verbs[yk_min(crash->kind, YK_ACCESS_WRITE)], (number)crash->address);
    if (crash->cause == YK_FATAL_STACK) {
        yk_text_append(text, bytes, ", behind the end of its stack");
        return;
    }
    if (place_outer(what->control, crash->address, place) ||
        (crash->address >= base &&
         (place_block(what->control, base, offset, place) ||
          place_segment(what->control, offset, crash->problem, place) ||
          place_gap(what->control, offset, place)))) {
        yk_text_append(text, bytes, ", %s", place);
    }
    place_argument(what, text, bytes);
}

void yk_crash_explain(const yk_crash_case *what, char *text, size_t bytes)
{
    const yk_crash *crash = what->crash;

    if (!is_about(what)) {
        return;
    }
    switch (crash->cause) {
    case YK_FATAL_ACCESS:
    case YK_FATAL_STACK:
        append_access(what, text, bytes);
        break;
    case YK_FATAL_NO_ADDRESS:
        yk_text_append(text, bytes,
                       ": it used an address that the processor cannot have");
        break;
    case YK_FATAL_DIVISION:
        yk_text_append(text, bytes, ": it divided an integer by zero");
        break;
    default:
        if (crash->sender != 0) {
            yk_text_append(text, bytes, ": process %d sent it", crash->sender);
        }
        break;
    }
    append_calls(crash, text, bytes);
}
