/* SPDX-License-Identifier: MIT */
#include "launch/check_between.h"

#include <stdlib.h>

#include "base/bits.h"
#include "launch/check_offsets.h"
#include "shm/work_range.h"

/* Begins and ends of the items with these numbers. */
typedef struct between_table {
    const void *begins;
    const void *ends;
    size_t bytes; /* of one of them */
    yk_part_run numbers;
} between_table;

/* What a look at all of them has shown. */
typedef struct between_look {
    uint64_t low;  /* the least begin of items that have parts; UINT64_MAX: no item has */
    uint64_t high; /* the greatest end */
    bool ascends;   /* neither begins nor ends descend */
    bool is_ordered; /* the parts of each item lie behind those of all items before it */
    bool has_gaps;  /* ordered: there are parts between them */
} between_look;

/* An item's parts. */
typedef struct between_run {
    uint64_t begin;
    uint64_t end;
    uint64_t item;
} between_run;

static between_run between_of(const between_table *table, uint64_t item)
{
    return table->bytes == 4
               ? (between_run){((const uint32_t *)table->begins)[item],
                               ((const uint32_t *)table->ends)[item], item}
               : (between_run){((const uint64_t *)table->begins)[item],
                               ((const uint64_t *)table->ends)[item], item};
}

static yoke_status between_fail_backwards(const between_run *run, yk_error *error)
{
    return yk_fail(error, YOKE_EINVAL,
                   "the parts of item %llu begin at %llu and end at %llu, before they begin",
                   (unsigned long long)run->item, (unsigned long long)run->begin,
                   (unsigned long long)run->end);
}

static yoke_status between_examine(between_look *look, const between_table *table,
                                   yk_error *error)
{
    between_run before = {0, 0, 0};

    *look = (between_look){.low = UINT64_MAX, .ascends = true, .is_ordered = true};
    for (uint64_t item = table->numbers.begin; item < table->numbers.end; item++) {
        const between_run run = between_of(table, item);

        if (run.begin > run.end) {
            return between_fail_backwards(&run, error);
        }
        look->ascends &= run.begin >= before.begin && run.end >= before.end;
        before = run;
        if (run.begin < run.end) {
            look->is_ordered &= run.begin >= look->high;
            look->has_gaps |= look->low != UINT64_MAX && run.begin > look->high;
            look->low = yk_min(look->low, run.begin);
            look->high = yk_max(look->high, run.end);
        }
    }
    return YOKE_OK;
}

/* ---- parts that are written ---- */

static int between_compare(const void *a, const void *b)
{
    const between_run *x = a;
    const between_run *y = b;

    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* In the order of the array, without items that have no parts. */
static size_t between_sort(between_run *runs, const between_table *table)
{
    size_t count = 0;

    for (uint64_t item = table->numbers.begin; item < table->numbers.end; item++) {
        runs[count] = between_of(table, item);
        count += runs[count].begin < runs[count].end;
    }
    qsort(runs, count, sizeof *runs, between_compare);
    return count;
}

static yoke_status between_check_sorted(between_look *look, const between_run *runs,
                                        size_t count, yk_error *error)
{
    for (size_t i = 1; i < count; i++) {
        if (runs[i].begin < runs[i - 1].end) {
            return yk_fail(error, YOKE_EINVAL,
                           "items %llu and %llu both have part %llu of an array that is written",
                           (unsigned long long)yk_min(runs[i - 1].item, runs[i].item),
                           (unsigned long long)yk_max(runs[i - 1].item, runs[i].item),
                           (unsigned long long)runs[i].begin);
        }
        look->has_gaps |= runs[i].begin > runs[i - 1].end;
    }
    return YOKE_OK;
}

static yoke_status between_check_scattered(between_look *look, const between_table *table,
                                           yk_error *error)
{
    const uint64_t items = table->numbers.end - table->numbers.begin;
    between_run *runs;
    yoke_status status;

    if (items > YK_MAX_TILES) {
        return yk_fail(error, YOKE_EINVAL,
                       "the parts that %llu items write overlap, or are in another order than the "
                       "items: then at most %d items are possible",
                       (unsigned long long)items, YK_MAX_TILES);
    }
    runs = malloc((items + 1) * sizeof *runs);
    if (runs == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    look->has_gaps = false;
    status = between_check_sorted(look, runs, between_sort(runs, table), error);
    free(runs);
    return status;
}

/* ---- in a launch ---- */

static between_table between_table_of(const yk_launch *launch, const yk_arg *to,
                                      const yoke_arg *arg)
{
    /* The map is not set yet: these are the numbers of the items, or groups. */
    return (between_table){
        .begins = arg->offsets,
        .ends = arg->ends,
        .bytes = arg->offset_bytes,
        .numbers = yk_footprint_owned(launch, to),
    };
}

/* A table that a function has filled in begins with the first item. */
static yoke_status between_list(yk_launch *launch, const yk_arg *to,
                                const yk_launch_input *input, const between_table *table,
                                bool is_made, yk_error *error)
{
    const void *const both[] = {table->begins, table->ends};
    yk_part_run numbers = table->numbers;
    yoke_status status = YOKE_OK;

    for (int i = 0; i < 2 && status == YOKE_OK; i++) {
        const char *at = both[i];

        if (is_made) {
            at += table->numbers.begin * table->bytes;
            numbers = (yk_part_run){0, table->numbers.end - table->numbers.begin};
        }
        status = yk_check_offset_size(input, at, table->bytes, error);
        if (status == YOKE_OK) {
            status = yk_list_offsets(launch, to, input, at, table->bytes, numbers, error);
        }
    }
    return status;
}

static void between_set(yk_arg *to, const between_table *table, const between_look *look)
{
    const bool is_empty = look->low == UINT64_MAX;

    to->map = YK_MAP_BETWEEN;
    to->offset_bytes = (uint32_t)table->bytes;
    to->offsets = (uint64_t)(uintptr_t)table->begins;
    to->ends = (uint64_t)(uintptr_t)table->ends;
    to->offsets_low = is_empty ? 0 : look->low;
    to->offsets_high = is_empty ? 0 : look->high;
    to->flags |= look->ascends ? YK_ARG_ASCENDS : 0U;
    to->flags |= look->is_ordered ? 0U : YK_ARG_SCATTERED;
    /* No item writes what is between: it is there before, and goes back as it was. */
    if (to->access == YK_WRITE && look->has_gaps) {
        to->flags |= YK_ARG_LEAVES_SOME;
    }
}

yoke_status yk_check_between(yk_launch *launch, yk_arg *to, const yk_launch_input *input,
                             const yoke_arg *arg, yk_error *error)
{
    const between_table table = between_table_of(launch, to, arg);
    between_look look;
    yoke_status status =
        between_list(launch, to, input, &table, arg->parts_function != NULL, error);

    if (status == YOKE_OK) {
        status = between_examine(&look, &table, error);
    }
    if (status == YOKE_OK && (to->access & YK_WRITE) != 0 && !look.is_ordered) {
        status = between_check_scattered(&look, &table, error);
    }
    if (status == YOKE_OK) {
        between_set(to, &table, &look);
    }
    return status;
}

/* ---- blocks ---- */

static yoke_status scattered_check(const yk_launch *launch, const yk_arg *arg, yk_error *error)
{
    const uint64_t group = yk_max(launch->group[launch->split], 1);
    const uint64_t items = arg->parts == YK_PARTS_GROUP ? group : 1;

    if (items % group != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "the parts that items write are in another order than the items, which a "
                       "work-group of %llu of them cannot do; parts per work-group "
                       "(yoke_arg_per_group()) can be in any order",
                       (unsigned long long)group);
    }
    if (launch->block_items != 0 && launch->block_items != items) {
        return yk_fail(error, YOKE_EINVAL,
                       "the parts that items write are in another order than the items, beside "
                       "an array that blocks of %llu items add into: yoke_arg_copies() with the "
                       "number of items makes blocks of one",
                       (unsigned long long)launch->block_items);
    }
    return YOKE_OK;
}

yoke_status yk_check_scattered(yk_launch *launch, yk_error *error)
{
    for (uint32_t i = 0; i < launch->arg_count && launch->whole == 0; i++) {
        const yk_arg *arg = &launch->args[i];
        yoke_status status;

        if (arg->kind != YK_ARG_ARRAY || (arg->access & YK_WRITE) == 0 ||
            (arg->flags & YK_ARG_SCATTERED) == 0) {
            continue;
        }
        status = scattered_check(launch, arg, error);
        if (status != YOKE_OK) {
            yk_error_prefix(error, "argument %u: ", i + 1);
            return status;
        }
        launch->block_items = arg->parts == YK_PARTS_GROUP ? launch->group[launch->split] : 1;
    }
    return YOKE_OK;
}
