/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <stdio.h>
#include <string.h>

enum { ARRAY_BYTES = 1 << 20, ITEMS = 40 };

const char probe_source[] =
    "typedef struct { long kind, item, offset, writes, bytes, first, blocks, stride,\n"
    "    group, split, pitch; } fault_t;\n"
    "__kernel void probe(__global uchar *target, __global uint *result, fault_t f)\n"
    "{\n"
    "    const long item = get_global_id(f.split);\n"
    "    const long part = f.group != 0 ? (item - get_global_offset(f.split)) / "
    "f.group\n"
    "                                   : item;\n"
    "    volatile __global uchar *volatile_target = target;\n"
    "    uint value = (uint)item;\n"
    "    if (get_global_id(1 - f.split) != 0) return;\n"
    "    if (item == f.item && f.kind == 1) value += 3 * (uint)target[f.offset];\n"
    "    if (f.writes && (f.group == 0 ||\n"
    "                     (item - get_global_offset(f.split)) % f.group == 0))\n"
    "        for (long b = 0; b == 0 || b < f.blocks; b++)\n"
    "            for (long k = 0; k < f.bytes; k++) {\n"
    "                const long at = f.first + part * (f.pitch ? f.pitch : f.bytes) +\n"
    "                                b * f.stride + k;\n"
    "                if (!(f.kind == 5 && at == f.offset)) target[at] = (uchar)(item + "
    "k);\n"
    "            }\n"
    "    if (item == f.item && f.kind == 2) (void)volatile_target[f.offset];\n"
    "    if (item == f.item && f.kind == 3) target[f.offset] = 77;\n"
    "    if (item == f.item && f.kind == 4)\n"
    "        volatile_target[f.offset] = volatile_target[f.offset];\n"
    "    result[item] = value;\n"
    "}\n";

static void write_part(const probe_fault *f, unsigned char *target, int64_t item,
                       int64_t part)
{
    const int64_t pitch = f->pitch != 0 ? f->pitch : f->bytes;

    for (int64_t b = 0; b == 0 || b < f->blocks; b++) {
        for (int64_t k = 0; k < f->bytes; k++) {
            const int64_t at = f->first + part * pitch + b * f->stride + k;

            if (!(f->kind == PROBE_SKIP && at == f->offset)) {
                target[at] = (unsigned char)(item + k);
            }
        }
    }
}

static void misbehave(const probe_fault *f, volatile unsigned char *target)
{
    if (f->kind == PROBE_LOOK) {
        (void)target[f->offset];
    } else if (f->kind == PROBE_WRITE) {
        target[f->offset] = 77;
    } else if (f->kind == PROBE_REWRITE) {
        target[f->offset] = target[f->offset];
    }
}

void probe_native(const yoke_span *span, void *const args[])
{
    unsigned char *target = args[0];
    uint32_t *result = args[1];
    const probe_fault *f = args[2];
    const int64_t first = (int64_t)span->range.begin[span->split];

    for (int64_t item = (int64_t)span->begin; item < (int64_t)span->end; item++) {
        const int64_t part = f->group != 0 ? (item - first) / f->group : item;
        uint32_t value = (uint32_t)item;

        if (item == f->item && f->kind == PROBE_READ) {
            value += 3U * target[f->offset];
        }
        if (f->writes && (f->group == 0 || (item - first) % f->group == 0)) {
            write_part(f, target, item, part);
        }
        if (item == f->item) {
            misbehave(f, target);
        }
        result[item] = value;
    }
}

/* ---- running ---- */

static yoke_status run(yoke_pool *pool, yoke_kernel *kernel, const probe_case *c,
                       unsigned char *array, uint32_t *result)
{
    const yoke_range range = c->range.dimensions != 0 ? c->range : yoke_range_1d(ITEMS);
    const yoke_map_options options = {.round_up = c->round_up, .stage = c->stages};

    return yoke_map_with(pool, kernel, range, &options,
                         YOKE_ARGS(c->target(array), yoke_out(result, sizeof *result),
                                   yoke_scalar(c->fault)));
}

/* Names kernel and argument, the latter as far as it has a name. */
static bool says(const char *text, const char *said)
{
    static const char *const labels[] = {"kernel 'probe', argument 1: ",
                                         "kernel 'probe', argument 1 (target): "};

    for (size_t i = 0; i < 2; i++) {
        if (strncmp(text, labels[i], strlen(labels[i])) == 0) {
            return strstr(text, said) != NULL;
        }
    }
    return false;
}

/* Whether the job ended as it should; prints it if not. */
static bool is_right(yoke_pool *pool, const probe_case *c, yoke_status status)
{
    const yoke_status wanted = c->said == NULL ? YOKE_OK : YOKE_ECHECK;
    const char *text = status == YOKE_OK ? "" : yoke_pool_error(pool);
    const bool right = status == wanted && (c->said == NULL || says(text, c->said));

    if (!right) {
        print_message("%s: %s: %s\n  wanted: %s\n", c->name, yoke_strerror(status),
                      text, c->said == NULL ? "success" : c->said);
    }
    return right;
}

static bool run_case(yoke_pool *pool, const probe_case *c, bool of_source)
{
    static unsigned char foreign[ARRAY_BYTES];
    yoke_kernel_options options = {.name = "probe", .group = {c->group}};
    unsigned char *array = c->stages ? foreign : yoke_alloc(pool, ARRAY_BYTES);
    uint32_t *result = yoke_alloc(pool, ARRAY_BYTES);
    yoke_kernel *kernel;
    bool right;

    assert_non_null(array);
    assert_non_null(result);
    memset(array, 5, ARRAY_BYTES);
    options.source = of_source ? probe_source : NULL;
    options.native = of_source ? NULL : probe_native;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    if (c->lends) {
        assert_ok_pool(pool, yoke_lend(array));
    }
    right = is_right(pool, c, run(pool, kernel, c, array, result));
    yoke_kernel_destroy(kernel);
    if (!c->stages) {
        assert_ok_pool(pool, yoke_free(array));
    }
    assert_ok_pool(pool, yoke_free(result));
    return right;
}

/* Whether source can run here at all. */
static bool has_source_worker(yoke_pool *pool)
{
    const yoke_kernel_options options = {.name = "probe", .source = probe_source};
    yoke_kernel *kernel;
    const yoke_status status = yoke_kernel_create(&kernel, pool, &options);

    yoke_kernel_destroy(kernel);
    return status != YOKE_ENODEVICE;
}

void probe_run_all(const probe_case *cases, size_t count, bool of_source)
{
    const yoke_pool_options options = {.devices = "cpu:2", .check = true};
    size_t wrong = 0;
    yoke_pool *pool;

    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    if (of_source && !has_source_worker(pool)) {
        assert_ok_pool(pool, yoke_pool_close(pool));
        skip();
    }
    for (size_t i = 0; i < count; i++) {
        if (of_source || !cases[i].of_source) {
            wrong += !run_case(pool, &cases[i], of_source);
        }
    }
    assert_ok_pool(pool, yoke_pool_close(pool));
    assert_int_equal(wrong, 0);
}
