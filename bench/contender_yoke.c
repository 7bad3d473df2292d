/* SPDX-License-Identifier: MIT */
/* yoke, through its public interface. */
#include <stdio.h>
#include <string.h>

#include <yoke/yoke.h>

#include "contender.h"
#include "loops_source.h"
#include "yoke_calls.h"

enum { MOST_ARGS = LOOP_ARRAYS + 3, MOST_WORKERS = 512 };

static yoke_pool *pool;
static yoke_kernel *kernel;

/* The native forms: arrays, then width, height and work, as the OpenCL forms take them. */
static loop_data native_data(void *const args[], size_t arrays)
{
    loop_data data = {.width = *(const uint32_t *)args[arrays],
                      .height = *(const uint32_t *)args[arrays + 1],
                      .work = *(const uint32_t *)args[arrays + 2]};

    for (size_t k = 0; k < arrays; k++) {
        data.array[k] = args[k];
    }
    return data;
}

#define NATIVE_FORM(name, arrays)                                                      \
    static void native_##name(const yoke_span *span, void *const args[])               \
    {                                                                                  \
        const loop_data data = native_data(args, arrays);                              \
        loop_##name(span->begin, span->end, &data);                                    \
    }
LOOP_TABLE(NATIVE_FORM)
#undef NATIVE_FORM

static yoke_native *native_form(loop_body *body)
{
#define NATIVE_ENTRY(name, arrays) {loop_##name, native_##name},
    static const struct {
        loop_body *body;
        yoke_native *native;
    } forms[] = {LOOP_TABLE(NATIVE_ENTRY)};
#undef NATIVE_ENTRY
    size_t k = 0;

    while (forms[k].body != body) {
        k++;
    }
    return forms[k].native;
}

static void check(yoke_status status, const char *doing)
{
    if (status != YOKE_OK) {
        contender_fail("yoke, %s: %s: %s", doing, yoke_strerror(status),
                       yoke_pool_error(pool));
    }
}

static bool wants_opencl(const task *t)
{
    return strstr(t->setting->devices, "opencl") != NULL;
}

static void open_pool(const task *t)
{
    const yoke_pool_options options = {.devices = t->setting->devices,
                                       .wait_ready =
                                           strcmp(t->setting->devices, "cpu") != 0};
    const yoke_status status = yoke_pool_create(&pool, &options);

    if (status == YOKE_ENODEVICE) {
        contender_skip("there is no such device");
    }
    check(status, "creating a pool");
}

static void close_pool(void)
{
    yoke_kernel_destroy(kernel);
    kernel = NULL;
    check(yoke_pool_close(pool), "closing the pool");
    pool = NULL;
}

static void *alloc(size_t bytes)
{
    void *memory = yoke_alloc(pool, bytes);

    if (memory == NULL) {
        check(YOKE_ENOMEM, "allocating");
    }
    return memory;
}

/* The source goes with it only where a device needs it: what runs on the cores is the
 * function that all contenders call. */
static void prepare(const task *t)
{
    if (t->w->call != CALL_MAP) {
        return;
    }
    const yoke_kernel_options options = {
        .name = t->w->kernel,
        .source = wants_opencl(t) ? loops_source : NULL,
        .native = native_form(t->w->body),
    };

    check(yoke_kernel_create(&kernel, pool, &options), "creating a kernel");
}

static yoke_arg array_arg(const workload *w, void *array, array_role role)
{
    const size_t bytes = workload_item_bytes(w);

    switch (role) {
    case ROLE_OUT:
        return yoke_out(array, bytes);
    case ROLE_INOUT:
        return yoke_inout(array, bytes);
    case ROLE_HALO:
        return yoke_in_halo(array, bytes, w->halo, w->halo, YOKE_EDGE_CLIPPED);
    case ROLE_WHOLE:
        return yoke_in_whole(array, workload_array_bytes(w));
    case ROLE_IN:
    case ROLE_NONE:
        break;
    }
    return yoke_in(array, bytes);
}

static size_t add_scalars(yoke_arg *args, size_t count, const loop_data *data)
{
    args[count++] = yoke_scalar(data->width);
    args[count++] = yoke_scalar(data->height);
    args[count++] = yoke_scalar(data->work);
    return count;
}

static yoke_range range_of(const workload *w)
{
    return w->dimensions == 2 ? yoke_range_2d(w->width, w->items)
                              : yoke_range_1d(w->items);
}

static void submit(const task *t, unsigned step, yoke_future **future)
{
    const yoke_map_options options = {
        .recovery = t->setting->unsaved ? YOKE_RECOVER_NONE : YOKE_RECOVER_DEFAULT,
        .caller_helps = t->setting->helps && future == NULL,
        .chunk = t->w->chunk,
    };
    const loop_data data = workload_step(t->w, t->arrays, step);
    yoke_arg args[MOST_ARGS];
    size_t count = 0;

    for (; count < workload_arrays(t->w); count++) {
        args[count] = array_arg(t->w, data.array[count], t->w->role[count]);
    }
    count = add_scalars(args, count, &data);
    check(future == NULL
              ? yoke_map_with(pool, kernel, range_of(t->w), &options, args, count)
              : yoke_map_async(future, pool, kernel, range_of(t->w), &options, args,
                               count),
          "mapping");
}

/* Steps go into the queue all at once; the last one's end is waited for. */
static void run(const task *t)
{
    if (t->w->call != CALL_MAP) {
        yoke_call(pool, t);
        return;
    }
    if (t->w->steps == 0 || t->w->waits) {
        unsigned step = 0;

        do {
            submit(t, step, NULL);
        } while (++step < t->w->steps);
        return;
    }
    yoke_future *last = NULL;
    for (unsigned step = 0; step < t->w->steps; step++) {
        yoke_future_destroy(last);
        submit(t, step, &last);
    }
    check(yoke_future_wait(last, YOKE_FOREVER), "waiting");
    yoke_future_destroy(last);
}

static void fill_array(const task *t, yoke_kernel *filler, size_t k)
{
    const loop_data data = workload_filled(t->w, t->arrays, k);
    yoke_arg args[MOST_ARGS] = {yoke_out(t->arrays[k], workload_item_bytes(t->w))};
    const size_t count = add_scalars(args, 1, &data);

    if (filler == NULL) {
        workload_fill(t->w)(0, t->w->items, &data);
        return;
    }
    check(yoke_map_with(pool, filler, yoke_range_1d(t->w->items), NULL, args, count),
          "touching the memory");
}

/* Without a core in the pool the program itself touches the arrays. */
static void fill(const task *t)
{
    const yoke_kernel_options options = {.name = "fill",
                                         .native = native_form(workload_fill(t->w))};
    yoke_kernel *filler;
    const yoke_status status = yoke_kernel_create(&filler, pool, &options);

    if (status != YOKE_ENODEVICE) {
        check(status, "creating a kernel");
    }
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        fill_array(t, filler, k);
    }
    yoke_kernel_destroy(filler);
}

static size_t processes(pid_t *pids, size_t capacity)
{
    yoke_worker_info workers[MOST_WORKERS];
    size_t count, running = 0;

    check(yoke_pool_workers(pool, workers, MOST_WORKERS, &count), "asking for workers");
    for (size_t i = 0; i < count && i < MOST_WORKERS && running < capacity; i++) {
        if (workers[i].pid > 0) {
            pids[running++] = workers[i].pid;
        }
    }
    return running;
}

const contender contender_ops = {
    .open = open_pool,
    .close = close_pool,
    .alloc = alloc,
    .prepare = prepare,
    .fill = fill,
    .run = run,
    .processes = processes,
};
