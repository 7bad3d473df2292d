/* SPDX-License-Identifier: MIT */
#include "checked/image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "checked/poison.h"
#include "checked/stretch.h"
#include "sys/mapping.h"

enum {
    ALIGNMENT =
        64, /* on which a kernel may rely when it reads more than its item's bytes */
    MAX_PIECES = 32, /* maximum number of blocks of an extent with runs of their own */
};

/* Room around an array: an access that misses the array by at most this is found. */
static const uint64_t min_margin = (uint64_t)16 << 20;
static const uint64_t max_margin = (uint64_t)1 << 30;

/* A larger image gives its pages back when it closes them. */
static const uint64_t keep_bytes = (uint64_t)64 << 20;

static uint64_t page_bytes(void)
{
    static uint64_t bytes; /* of this system: it does not change */

    if (bytes == 0) {
        bytes = yk_page_size();
    }
    return bytes;
}

static unsigned char *array_at(uint64_t address)
{
    return (unsigned char *)(uintptr_t)address;
}

/* ---- which bytes ---- */

static void find_extents(yk_image *image, yk_unit unit)
{
    image->read_count = yk_footprint_read(image->launch, image->arg, unit.begin,
                                          unit.end, image->reads);
    image->has_write = yk_footprint_write(image->launch, image->arg, unit.begin,
                                          unit.end, &image->write) != 0;
}

/* All extents of a unit, sorted by address. Returns how many. */
static size_t all_extents(const yk_image *image, yk_extent all[YK_MAX_EXTENTS + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < image->read_count + (image->has_write ? 1 : 0); i++) {
        const yk_extent one = i < image->read_count ? image->reads[i] : image->write;
        size_t at = count++;

        for (; at > 0 && all[at - 1].address > one.address; at--) {
            all[at] = all[at - 1];
        }
        all[at] = one;
    }
    return count;
}

/* ---- memory ---- */

yoke_status yk_image_init(yk_image *image, const yk_launch *launch, uint32_t index,
                          yk_error *error)
{
    uint64_t low;
    uint64_t high;
    uint64_t margin;

    image->launch = launch;
    image->index = index;
    image->arg = &launch->args[index];
    yk_footprint_span(launch, image->arg, &low, &high);
    low = yk_min(low, image->arg->address);
    margin = yk_min(yk_max(high - low, min_margin), max_margin);
    margin = yk_round_up(margin, page_bytes());
    image->lead = (size_t)margin;
    image->origin = low - low % page_bytes();
    if (!yk_fence_create(&image->fence,
                         (size_t)(2 * margin + 4 * page_bytes() +
                                  yk_round_up(high - low, page_bytes())))) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot reserve address space to check argument %" PRIu32,
                       index + 1);
    }
    return YOKE_OK;
}

void yk_image_fini(yk_image *image)
{
    yk_fence_destroy(&image->fence);
    free(image->frozen);
    *image = (yk_image){.arg = NULL};
}

/* The array from which the image is filled: in its place, or frozen. */
static const unsigned char *content_at(const yk_image *image, uint64_t address)
{
    return image->frozen != NULL ? image->frozen + (address - image->frozen_from)
                                 : array_at(address);
}

yoke_status yk_image_freeze(yk_image *image, yk_error *error)
{
    const yk_arg *arg = image->arg;
    uint64_t high;

    if ((arg->flags & YK_ARG_READS_ALL) == 0 || (arg->access & YK_WRITE) == 0) {
        return YOKE_OK;
    }
    yk_footprint_span(image->launch, arg, &image->frozen_from, &high);
    if (image->frozen == NULL) {
        image->frozen = malloc((size_t)(high - image->frozen_from));
    }
    if (image->frozen == NULL) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot allocate memory to check argument %" PRIu32,
                       image->index + 1);
    }
    memcpy(image->frozen, array_at(image->frozen_from),
           (size_t)(high - image->frozen_from));
    image->has_content = false;
    return YOKE_OK;
}

/* ---- places ---- */

unsigned char *yk_image_at(const yk_image *image, uint64_t address)
{
    return image->pointer + (int64_t)(address - image->arg->address);
}

int64_t yk_image_offset(const yk_image *image, const unsigned char *at)
{
    return at - image->pointer;
}

/* Whether the declared bytes may lie exactly at the edge of a page. They may not if the kernel
 * can rely on the alignment of vectors in them. */
static bool is_exact(const yk_image *image, yk_unit unit)
{
    return unit.is_one && image->arg->parts != YK_PARTS_WHOLE &&
           (image->arg->flags & YK_ARG_READS_ALL) == 0;
}

bool yk_image_has_more_places(const yk_image *image, yk_unit unit)
{
    yk_image probe = *image;
    yk_extent all[YK_MAX_EXTENTS + 1];

    find_extents(&probe, unit);
    return all_extents(&probe, all) > 1;
}

/* The address that is to be at the end or beginning of a page. */
static uint64_t edge_of(const yk_extent *all, size_t count, yk_image_place place)
{
    switch (place) {
    case YK_PLACE_END:
        return yk_extent_end(&all[count - 1]);
    case YK_PLACE_FIRST_END:
        return yk_extent_end(&all[0]);
    case YK_PLACE_LAST_BEGIN:
        return all[count - 1].address;
    default:
        return all[0].address;
    }
}

/* How far the array is shifted within its page, 0 to PAGE - 1. */
static uint64_t shift_for(const yk_image *image, yk_unit unit, yk_image_place place)
{
    yk_extent all[YK_MAX_EXTENTS + 1];
    const size_t count = all_extents(image, all);
    uint64_t shift;

    if (place == YK_PLACE_SAME || count == 0) {
        return 0;
    }
    shift = (page_bytes() - edge_of(all, count, place) % page_bytes()) % page_bytes();
    if (is_exact(image, unit)) {
        return shift;
    }
    if (place == YK_PLACE_BEGIN || place == YK_PLACE_LAST_BEGIN) {
        return yk_round_up(shift, ALIGNMENT) % page_bytes();
    }
    return shift - shift % ALIGNMENT;
}

/* ---- pages ---- */

static size_t page_of(const yk_image *image, uint64_t address)
{
    const size_t at = (size_t)(yk_image_at(image, address) - image->fence.base);

    return at - at % page_bytes();
}

static void add_run(yk_image *image, uint64_t low, uint64_t high, yk_fence_mode mode)
{
    const yk_image_run run = {page_of(image, low),
                              page_of(image, high - 1) + page_bytes(), mode};
    yk_image_run *last =
        image->run_count > 0 ? &image->runs[image->run_count - 1] : NULL;

    if (last != NULL && last->mode == mode && run.low <= last->high &&
        run.high >= last->low) {
        last->low = (size_t)yk_min(last->low, run.low);
        last->high = (size_t)yk_max(last->high, run.high);
    } else {
        image->runs[image->run_count++] = run;
    }
}

/* Many blocks are one run, including their gaps. */
static void add_runs(yk_image *image, const yk_extent *extent, yk_fence_mode mode)
{
    if (extent->bytes == 0) {
        return;
    }
    if (yk_extent_pieces(extent) > MAX_PIECES) {
        add_run(image, extent->address, yk_extent_end(extent), mode);
        return;
    }
    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        const uint64_t low = yk_extent_piece(extent, k);

        add_run(image, low, low + extent->bytes, mode);
    }
}

static bool close_runs(yk_image *before)
{
    const bool discards = before->fence.bytes - 2 * before->lead > keep_bytes;
    bool closed = true;

    for (size_t i = 0; i < before->run_count; i++) {
        const yk_image_run *run = &before->runs[i];

        closed &= yk_fence_set(&before->fence, run->low, run->high - run->low,
                               YK_FENCE_CLOSED);
        if (discards) {
            yk_fence_discard(&before->fence, run->low, run->high - run->low);
        }
    }
    return closed;
}

/* What an access outside the open pages reads: the allocation's own bytes. */
static void show_array(yk_image *image)
{
    image->fence.shown = array_at(image->arg->block_address);
    image->fence.shown_bytes = (size_t)image->arg->block_bytes;
    image->fence.shown_at = yk_image_at(image, image->arg->block_address);
}

static void add_read_runs(yk_image *image)
{
    for (size_t i = 0; i < image->read_count; i++) {
        add_runs(image, &image->reads[i], YK_FENCE_READ);
    }
}

static void add_all_runs(yk_image *image)
{
    image->run_count = 0;
    add_read_runs(image);
    if (image->has_write) {
        add_runs(image, &image->write, YK_FENCE_OPEN);
    }
}

static bool has_runs_of(const yk_image *a, const yk_image *b)
{
    for (size_t i = 0; i < a->run_count; i++) {
        if (a->runs[i].low != b->runs[i].low || a->runs[i].high != b->runs[i].high ||
            a->runs[i].mode != b->runs[i].mode) {
            return false;
        }
    }
    return a->run_count == b->run_count;
}

/* Opens the pages of another unit, all of which have to be filled. They are often those of the
 * last unit. */
static bool open_others(yk_image *image, yk_image *before, unsigned char *pointer)
{
    image->pointer = pointer;
    image->has_content = false;
    show_array(image);
    add_all_runs(image);
    return has_runs_of(image, before) || close_runs(before);
}

/* Keeps what is read, but lets another part of it be written. */
static bool move_write(yk_image *image)
{
    bool done = true;

    for (size_t i = 0; i < image->run_count; i++) {
        const yk_image_run *run = &image->runs[i];

        done &=
            run->mode != YK_FENCE_OPEN ||
            yk_fence_set(&image->fence, run->low, run->high - run->low, YK_FENCE_READ);
    }
    image->run_count = 0;
    add_read_runs(image);
    add_runs(image, &image->write, YK_FENCE_OPEN);
    return done;
}

static bool image_is_same_extent(const yk_extent *a, const yk_extent *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool image_reads_the_same(const yk_image *a, const yk_image *b)
{
    return a->read_count == b->read_count && a->pointer == b->pointer &&
           (a->read_count == 0 ||
            memcmp(a->reads, b->reads, a->read_count * sizeof a->reads[0]) == 0);
}

/* Opens an image for other items. `before` is its earlier state, whose runs are not needed. */
static bool open_as_needed(yk_image *image, yk_image *before, unsigned char *pointer)
{
    if (before->pointer != pointer || before->run_count == 0 ||
        before->has_write != image->has_write || !image_reads_the_same(before, image)) {
        return open_others(image, before, pointer);
    }
    if (!image->has_write || image_is_same_extent(&before->write, &image->write)) {
        return true;
    }
    return (image->arg->flags & YK_ARG_READS_ALL) != 0
               ? move_write(image)
               : open_others(image, before, pointer);
}

yoke_status yk_image_open(yk_image *image, yk_unit unit, yk_image_place place,
                          yk_error *error)
{
    yk_image before = *image;
    unsigned char *pointer;

    find_extents(image, unit);
    pointer = image->fence.base + image->lead + (image->arg->address - image->origin) +
              shift_for(image, unit, place);
    if (open_as_needed(image, &before, pointer)) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_ENOMEM,
                   "cannot reserve address space to check argument %" PRIu32,
                   image->index + 1);
}

/* ---- content ---- */

static size_t run_bytes(const yk_image_run *run)
{
    return run->high - run->low;
}

uint64_t yk_image_positions(const yk_image *image)
{
    uint64_t total = 0;

    for (size_t i = 0; i < image->run_count; i++) {
        total += run_bytes(&image->runs[i]);
    }
    return total;
}

int64_t yk_image_offset_of(const yk_image *image, uint64_t position)
{
    uint64_t left = position - image->first_position;
    size_t i = 0;

    while (left >= run_bytes(&image->runs[i])) {
        left -= run_bytes(&image->runs[i++]);
    }
    return yk_image_offset(image, image->fence.base + image->runs[i].low + left);
}

static unsigned char *inner_at(const yk_image *image, const unsigned char *at)
{
    return yk_fence_inner(&image->fence, at);
}

/* The array's content, as far as it lies in the allocation; zero elsewhere. */
static void fill_real(const yk_image *image, unsigned char *low, unsigned char *high)
{
    unsigned char *from = image->fence.shown_at;
    unsigned char *to = from + image->fence.shown_bytes;

    memset(inner_at(image, low), 0, (size_t)(high - low));
    low = low < from ? from : low;
    high = high < to ? high : to;
    if (low < high) {
        memcpy(inner_at(image, low), image->fence.shown + (low - from),
               (size_t)(high - low));
    }
}

static void fill_bytes(const yk_image *image, unsigned char *low, unsigned char *high,
                       yk_filler filler)
{
    if (filler == YK_FILL_REAL) {
        fill_real(image, low, high);
    } else {
        yk_poison_fill(inner_at(image, low), (size_t)(high - low), image->index,
                       yk_image_offset(image, low),
                       filler == YK_FILL_FIRST ? YK_POISON_FIRST : YK_POISON_SECOND);
    }
}

/* The part [low, high) of a block of what is read, from the array. */
static void copy_part(const yk_image *image, uint64_t address, uint64_t bytes,
                      const unsigned char *low, const unsigned char *high)
{
    unsigned char *at = yk_image_at(image, address);
    const unsigned char *from = content_at(image, address);
    const size_t skip = at < low ? (size_t)yk_min((uint64_t)(low - at), bytes) : 0;

    if (at + skip < high) {
        memcpy(inner_at(image, at + skip), from + skip,
               (size_t)yk_min(bytes - skip, (uint64_t)(high - (at + skip))));
    }
}

static void copy_reads(const yk_image *image, const unsigned char *low,
                       const unsigned char *high)
{
    for (size_t i = 0; i < image->read_count; i++) {
        const yk_extent *extent = &image->reads[i];

        for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
            copy_part(image, yk_extent_piece(extent, k), extent->bytes, low, high);
        }
    }
}

/* Bytes [low, high) of a run, whose first byte has this position. */
static bool image_refresh(yk_image *image, const yk_image_run *run, size_t low,
                          size_t high, yk_filling filling, uint64_t position)
{
    unsigned char *from = image->fence.base + low;
    unsigned char *to = image->fence.base + high;
    unsigned char *middle = from;

    position += low - run->low;
    if (filling.cut > position) {
        middle += yk_min(filling.cut - position, (uint64_t)(to - from));
    }
    fill_bytes(image, from, middle, filling.below);
    fill_bytes(image, middle, to, filling.above);
    copy_reads(image, from, to);
    return yk_fence_set(&image->fence, low, high - low, run->mode);
}

static bool is_real(yk_filling filling)
{
    return filling.below == YK_FILL_REAL && filling.above == YK_FILL_REAL;
}

/* Refreshes the undeclared bytes at the ends of a run that is only read and has its content. */
static bool refresh_ends(yk_image *image, const yk_image_run *run, yk_filling filling,
                         uint64_t position)
{
    const yk_extent *extent = &image->reads[0];
    const unsigned char *from = yk_image_at(image, extent->address);
    const bool is_tight = image->read_count == 1 &&
                          from == image->fence.base + run->low &&
                          from + extent->bytes == image->fence.base + run->high;

    if (is_tight || (is_real(filling) && image->is_real)) {
        return true;
    }
    return image_refresh(image, run, run->low, run->low + page_bytes(), filling,
                         position) &&
           image_refresh(image, run, run->high - page_bytes(), run->high, filling,
                         position);
}

static bool fill_run(yk_image *image, const yk_image_run *run, yk_filling filling,
                     uint64_t position)
{
    const bool only_ends = image->has_content && run->mode == YK_FENCE_READ &&
                           yk_extent_pieces(&image->reads[0]) == 1;

    return only_ends
               ? refresh_ends(image, run, filling, position)
               : image_refresh(image, run, run->low, run->high, filling, position);
}

yoke_status yk_image_fill(yk_image *image, yk_filling filling, yk_error *error)
{
    uint64_t position = image->first_position;

    for (size_t i = 0; i < image->run_count; i++) {
        if (!fill_run(image, &image->runs[i], filling, position)) {
            return yk_fail(error, YOKE_ENOMEM,
                           "cannot reserve address space to check argument %" PRIu32,
                           image->index + 1);
        }
        position += run_bytes(&image->runs[i]);
    }
    image->has_content = true;
    image->is_real = is_real(filling);
    return YOKE_OK;
}

/* ---- what the kernel wrote ---- */

size_t yk_image_writable_bytes(const yk_image *image)
{
    size_t total = 0;

    for (size_t i = 0; i < image->run_count; i++) {
        total += image->runs[i].mode == YK_FENCE_OPEN ? run_bytes(&image->runs[i]) : 0;
    }
    return total;
}

void yk_image_save(const yk_image *image, unsigned char *to)
{
    for (size_t i = 0; i < image->run_count; i++) {
        const yk_image_run *run = &image->runs[i];

        if (run->mode == YK_FENCE_OPEN) {
            memcpy(to, image->fence.base + run->low, run_bytes(run));
            to += run_bytes(run);
        }
    }
}

/* Whether every item has to write all of its part. */
static bool must_write(const yk_arg *arg)
{
    return (arg->access & YK_READ) == 0 && !yk_arg_leaves_some(arg);
}

/* Classifies the bytes of a run, in the copy of which the run starts at `saved`. */
static void classify_run(const yk_image *image, const yk_image_run *run,
                         unsigned char *saved)
{
    const unsigned char *low = image->fence.base + run->low;
    const unsigned char *high = image->fence.base + run->high;
    const int class = must_write(image->arg) ? YK_BYTE_MUST : YK_BYTE_MAY;

    memset(saved, YK_BYTE_FOREIGN, run_bytes(run));
    for (uint64_t k = 0; k < yk_extent_pieces(&image->write); k++) {
        const unsigned char *at = yk_image_at(image, yk_extent_piece(&image->write, k));
        const unsigned char *end = at + image->write.bytes;

        at = at < low ? low : at;
        end = end < high ? end : high;
        if (at < end) {
            memset(saved + (at - low), class, (size_t)(end - at));
        }
    }
}

void yk_image_classify(const yk_image *image, unsigned char *to)
{
    for (size_t i = 0; i < image->run_count; i++) {
        const yk_image_run *run = &image->runs[i];

        if (run->mode == YK_FENCE_OPEN) {
            classify_run(image, run, to);
            to += run_bytes(run);
        }
    }
}

/* The byte of the fence at a place in the copy. */
static size_t saved_place(const yk_image *image, size_t at)
{
    size_t i = 0;

    while (image->runs[i].mode != YK_FENCE_OPEN || at >= run_bytes(&image->runs[i])) {
        at -= image->runs[i].mode == YK_FENCE_OPEN ? run_bytes(&image->runs[i]) : 0;
        i++;
    }
    return image->runs[i].low + at;
}

int64_t yk_image_saved_offset(const yk_image *image, size_t at)
{
    return yk_image_offset(image, image->fence.base + saved_place(image, at));
}
