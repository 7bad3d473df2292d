/* SPDX-License-Identifier: MIT */
#include "patterns/map_reduce.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/check_array.h"
#include "patterns/combine.h"
#include "patterns/run.h"
#include "pool/pool.h"
#include "sys/call_guard.h"

/* What one call is about. */
typedef struct map_reduce {
    yk_combine combine;
    yoke_arg *args; /* copied, with the library's memory in place of the placeholder */
    size_t partial; /* which is it */
} map_reduce;

/* ---- the argument ---- */

static bool map_reduce_is_partial(const yoke_arg *arg)
{
    return arg->kind == YOKE_ARG_ARRAY && arg->pointer == NULL &&
           arg->access == YOKE_ACCESS_WRITE && arg->parts != YOKE_PARTS_WHOLE;
}

static bool map_reduce_is_plain(const yoke_arg *arg)
{
    return arg->at == 0 && arg->count == 0 && arg->blocks <= 1 && !arg->leaves_some &&
           (arg->pitch == 0 || arg->pitch == arg->bytes) && !yk_arg_has_map(arg);
}

static yoke_status map_reduce_find_partial(map_reduce *map, const yoke_arg *args,
                                           size_t count, yk_error *error)
{
    size_t found = 0;

    for (size_t i = 0; args != NULL && i < count; i++) {
        if (map_reduce_is_partial(&args[i])) {
            map->partial = i;
            found++;
        }
    }
    if (found != 1) {
        return yk_fail(error, YOKE_EINVAL,
                       "%zu arguments are a yoke_out_partial(); exactly one must be",
                       found);
    }
    if (!map_reduce_is_plain(&args[map->partial]) ||
        args[map->partial].bytes != map->combine.reducer.bytes) {
        return yk_fail(
            error, YOKE_EINVAL,
            "the kernel writes partial results of %zu bytes, but the reducer "
            "combines results of %zu; both must be equal, and a kernel must "
            "write each result whole, one behind the other, from the first "
            "part on",
            args[map->partial].bytes, map->combine.reducer.bytes);
    }
    return YOKE_OK;
}

/* ---- the partial results ---- */

/* Which of them the range has. */
static yoke_status map_reduce_count_parts(map_reduce *map, const yoke_kernel *kernel,
                                          const yk_request *submission, yk_error *error)
{
    const yk_kernel *described = &kernel->pool->control->kernels[kernel->slot].kernel;
    yk_range_items items;
    yoke_status status = yk_range_count_items(&items, described, &submission->range,
                                              submission->options.round_up, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (map->args[map->partial].parts == YOKE_PARTS_GROUP) {
        map->combine.first = 0;
        map->combine.count = (size_t)items.groups;
    } else {
        map->combine.first = (size_t)items.begin;
        map->combine.count = (size_t)items.count;
    }
    return map->combine.count != 0
               ? YOKE_OK
               : yk_fail(error, YOKE_EINVAL,
                         "partial results per work-group need a kernel with a "
                         "work-group size (.group)");
}

static yoke_status map_reduce_allocate(map_reduce *map, yoke_pool *pool,
                                       yk_error *error)
{
    uint64_t bytes;

    if (!yk_mul(map->combine.first + map->combine.count, map->combine.reducer.bytes,
                &bytes)) {
        return yk_fail(error, YOKE_ENOMEM,
                       "size overflow: the partial results need more than 2^64 bytes");
    }
    map->combine.partials = yk_arena_alloc(&pool->arena, (size_t)bytes, error);
    if (map->combine.partials == NULL) {
        yk_error_prefix(error, "partial results: ");
        return YOKE_ENOMEM;
    }
    map->args[map->partial].pointer = map->combine.partials;
    return YOKE_OK;
}

/* The calling thread combines if it waits; else the thread that collects the job. The memory of
 * partial results is the job's from its submission on. */
static yoke_status map_reduce_run(map_reduce *map, yoke_future **future,
                                  yoke_pool *pool, yk_request *submission,
                                  yk_error *error)
{
    yoke_status status =
        map_reduce_count_parts(map, submission->kernel, submission, error);

    if (status == YOKE_OK) {
        status = map_reduce_allocate(map, pool, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    map->combine.by_caller = future == NULL;
    status = yk_combine_attach(submission, map->partial, pool, &map->combine, error);
    return status == YOKE_OK ? yk_run(future, pool, submission, error) : status;
}

/* ---- the call ---- */

static bool map_reduce_is_empty(const yoke_range *range)
{
    bool empty = false;

    for (unsigned d = 0; d < range->dimensions && d < 3; d++) {
        empty = empty || range->size[d] == 0;
    }
    return empty;
}

static yoke_status map_reduce_empty(const map_reduce *map, yoke_future **future,
                                    yoke_pool *pool, const yk_request *submission,
                                    yk_error *error)
{
    const yoke_reducer *reducer = &map->combine.reducer;

    if (reducer->identity == NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "the range is empty and the reducer has no identity");
    }
    memcpy(map->combine.result, reducer->identity, reducer->bytes);
    return yk_run_nothing(future, pool, submission, error);
}

static void map_reduce_undo_args(void *args, uint64_t unused)
{
    (void)unused;
    free(args);
}

static yoke_status map_reduce_submit(map_reduce *map, yoke_future **future,
                                     yoke_pool *pool, yk_request *submission,
                                     yk_error *error)
{
    yoke_status status;

    if (map_reduce_is_empty(&submission->range)) {
        return map_reduce_empty(map, future, pool, submission, error);
    }
    map->args = malloc(submission->arg_count * sizeof *map->args);
    if (map->args == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    memcpy(map->args, submission->args, submission->arg_count * sizeof *map->args);
    submission->args = map->args;
    yk_hold(map_reduce_undo_args, map->args, 0);
    status = map_reduce_run(map, future, pool, submission, error);
    yk_hold_end();
    free(map->args);
    return status;
}

yoke_status yk_map_reduce(yoke_future **future, yoke_pool *pool, yk_request *request,
                          const yoke_reducer *reducer, void *result, yk_error *error)
{
    map_reduce map = {.combine = {.reducer = *reducer, .result = result}};
    const yoke_status status =
        map_reduce_find_partial(&map, request->args, request->arg_count, error);

    return status == YOKE_OK ? map_reduce_submit(&map, future, pool, request, error)
                             : status;
}
