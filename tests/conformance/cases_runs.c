/* SPDX-License-Identifier: MIT */
/* Items with any run of parts: overlapping where they are read, in any order where they are
 * written; from tables and from a function. */
#include "suite.h"

enum { ITEMS = 151, PARTS = 900 };

/* Of what is written. */
enum { GAPS = 1, SHUFFLED = 2, ADDS = 4, BY_FUNCTION = 8 };

/* Item i reads the parts r[2i] to r[2i + 1] - 1, and writes w[2i] to w[2i + 1] - 1. */
static const char runs_source[] =
    "__kernel void runs(__global uchar *out, __global const uchar *in,\n"
    "                   __global const uint *r0, __global const uint *r1,\n"
    "                   __global const uint *w0, __global const uint *w1, const int adds)\n"
    "{ size_t i = get_global_id(0); uint sum = 0;\n"
    "  for (uint k = r0[i]; k < r1[i]; k++) sum += in[k] * (k - r0[i] + 1);\n"
    "  for (uint k = w0[i]; k < w1[i]; k++)\n"
    "    out[k] = (uchar)(sum + k + (adds ? out[k] * 3u : 0u)); }\n"
    "__kernel void runs_of_groups(__global uchar *out, __global const uchar *in,\n"
    "                   __global const uint *r0, __global const uint *r1,\n"
    "                   __global const uint *w0, __global const uint *w1, const int adds)\n"
    "{ size_t g = get_group_id(0), i = get_global_id(0); uint sum = 0;\n"
    "  if (get_local_id(0) != 0) return;\n"
    "  for (uint k = r0[i]; k < r1[i]; k++) sum += in[k] * (k - r0[i] + 1);\n"
    "  for (uint k = w0[g]; k < w1[g]; k++)\n"
    "    out[k] = (uchar)(sum + k + (adds ? out[k] * 3u : 0u)); }\n";

typedef struct runs_tables {
    uint32_t *begins;
    uint32_t *ends;
} runs_tables;

static uint32_t runs_sum(void *const args[], size_t item)
{
    const uint8_t *in = args[1];
    const uint32_t *begins = args[2], *ends = args[3];
    uint32_t sum = 0;

    for (uint32_t k = begins[item]; k < ends[item]; k++) {
        sum += in[k] * (k - begins[item] + 1);
    }
    return sum;
}

static void runs_write(void *const args[], size_t number, uint32_t sum)
{
    const uint32_t *begins = args[4], *ends = args[5];
    uint8_t *out = args[0];
    const bool adds = SUITE_VALUE(int, args[6]) != 0;

    for (uint32_t k = begins[number]; k < ends[number]; k++) {
        out[k] = (uint8_t)(sum + k + (adds ? out[k] * 3U : 0U));
    }
}

static void runs(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        runs_write(args, i, runs_sum(args, i));
    }
}

static void runs_of_groups(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i += span->group[0]) {
        runs_write(args, (i - span->range.begin[0]) / span->group[0], runs_sum(args, i));
    }
}

static uint32_t runs_draw(uint32_t *state, uint32_t most)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (*state >> 8) % (most + 1);
}

static runs_tables runs_make(suite_run *run)
{
    const size_t bytes = ITEMS * sizeof(uint32_t);

    return (runs_tables){suite_bytes(run, bytes, 0), suite_bytes(run, bytes, 0)};
}

/* Any runs of an array that is read, some of them empty. */
static runs_tables runs_read(suite_run *run, uint32_t *state)
{
    const runs_tables t = runs_make(run);

    for (size_t i = 0; i < ITEMS; i++) {
        t.begins[i] = runs_draw(state, PARTS - 40);
        t.ends[i] = t.begins[i] + runs_draw(state, 3) / 3 * runs_draw(state, 40);
    }
    return t;
}

/* Runs that do not overlap, with gaps or without; in the order of the items or shuffled. */
static runs_tables runs_written(suite_run *run, uint32_t *state, bool gaps, bool shuffled)
{
    const runs_tables t = runs_make(run);
    uint32_t at = runs_draw(state, 9);

    for (size_t i = 0; i < ITEMS; i++) {
        t.begins[i] = at + (gaps ? runs_draw(state, 2) : 0);
        t.ends[i] = at = t.begins[i] + runs_draw(state, 3);
    }
    for (size_t i = ITEMS - 1; i > 0 && shuffled; i--) {
        const size_t k = runs_draw(state, (uint32_t)i);
        const uint32_t begin = t.begins[i], end = t.ends[i];

        t.begins[i] = t.begins[k], t.ends[i] = t.ends[k];
        t.begins[k] = begin, t.ends[k] = end;
    }
    return t;
}

static void runs_from_table(size_t item, size_t *begin, size_t *end, void *context)
{
    const runs_tables *t = context;

    *begin = t->begins[item];
    *end = t->ends[item];
}

static yoke_arg runs_give(yoke_arg arg, runs_tables *t, bool by_function)
{
    return by_function ? yoke_arg_by(arg, runs_from_table, t)
                       : yoke_arg_between(arg, t->begins, t->ends);
}

static void runs_map(suite_run *run, uint32_t *state, size_t kernel, unsigned kind)
{
    const bool adds = (kind & ADDS) != 0, by_function = (kind & BY_FUNCTION) != 0;
    runs_tables r = runs_read(run, state);
    runs_tables w = runs_written(run, state, (kind & GAPS) != 0, (kind & SHUFFLED) != 0);
    uint8_t *out = suite_bytes(run, PARTS, 3);
    const yoke_arg arg = runs_give(adds ? yoke_inout(out, 1) : yoke_out(out, 1), &w, by_function);
    const yoke_arg in = runs_give(yoke_in(suite_bytes(run, PARTS, 0), 1), &r, by_function);
    const size_t bytes = ITEMS * sizeof(uint32_t);

    suite_map(run, kernel, yoke_range_1d(ITEMS), kernel == 1 ? yoke_arg_per_group(arg) : arg, in,
              yoke_in_whole(r.begins, bytes), yoke_in_whole(r.ends, bytes),
              yoke_in_whole(w.begins, bytes), yoke_in_whole(w.ends, bytes),
              yoke_scalar((int)adds));
}

static void runs_in_order(suite_run *run)
{
    uint32_t state = 5;

    runs_map(run, &state, 0, 0);
    runs_map(run, &state, 0, GAPS | ADDS);
    runs_map(run, &state, 0, GAPS | BY_FUNCTION);
    runs_map(run, &state, 1, GAPS);
    runs_map(run, &state, 1, ADDS | BY_FUNCTION);
}

static void runs_in_any_order(suite_run *run)
{
    uint32_t state = 6;

    runs_map(run, &state, 0, SHUFFLED | BY_FUNCTION);
    runs_map(run, &state, 0, SHUFFLED | GAPS);
    runs_map(run, &state, 0, SHUFFLED | ADDS);
    runs_map(run, &state, 1, SHUFFLED | GAPS | BY_FUNCTION);
    runs_map(run, &state, 1, SHUFFLED | ADDS);
}

#define RUNS                                                                             \
    {                                                                                    \
        {.name = "runs", .source = runs_source, .native = runs},                         \
        {                                                                                \
            .name = "runs_of_groups", .source = runs_source, .native = runs_of_groups,   \
            .group = {8}, .round_up = true                                               \
        }                                                                                \
    }

const suite_case suite_run_cases[] = {
    {"runs in order", runs_in_order, 0, RUNS},
    {"runs in any order", runs_in_any_order, 0, RUNS},
    {0},
};
