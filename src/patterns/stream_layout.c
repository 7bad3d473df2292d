/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "launch/check.h"
#include "patterns/stream.h"
#include "pool/pool.h"
#include "pool/submit.h"

enum { ITEMS_PER_WORKER = 64, FRAMES = 4, USEFUL_SLOTS = 32 };

/* What a window takes at most if nobody says how long it is. */
static const uint64_t usual_bytes = UINT64_C(64) << 20;

/* ---- functions ---- */

static yoke_status plan_function(yk_stream_layout *layout,
                                 const yoke_stream_options *options, yk_error *error)
{
    if (options->arg_count != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "args go with a kernel, not with a function");
    }
    if (options->input_bytes == 0) {
        return yk_fail(error, YOKE_EINVAL, "input_bytes is 0");
    }
    layout->input_bytes = options->input_bytes;
    layout->output_bytes = options->output_bytes;
    return YOKE_OK;
}

/* ---- kernels ---- */

static bool is_placeholder(const yoke_arg *arg)
{
    return arg->kind == YOKE_ARG_ARRAY && arg->pointer == NULL;
}

static yoke_status stream_layout_place(int *place, uint64_t *place_bytes, int number,
                                       uint64_t bytes, const char *what,
                                       yk_error *error)
{
    if (*place >= 0) {
        return yk_fail(error, YOKE_EINVAL, "arguments %d and %d both stand for the %s",
                       *place + 1, number + 1, what);
    }
    *place = number;
    *place_bytes = bytes;
    return YOKE_OK;
}

static yoke_status plan_arg(yk_stream_layout *layout, yk_launch *launch,
                            const yoke_arg *arg, int number, yk_error *error)
{
    uint64_t bytes;
    yoke_status status = yk_launch_reach(launch, arg, &bytes, error);

    if (status != YOKE_OK) {
        yk_error_prefix(error, "argument %d: ", number + 1);
        return status;
    }
    if (arg->leaves_some) {
        return yk_fail(error, YOKE_EINVAL,
                       "argument %d: a result of a stream is new memory, of which a "
                       "kernel writes every byte (yoke_out_stream)",
                       number + 1);
    }
    if ((arg->access & YOKE_ACCESS_READ) != 0) {
        status = stream_layout_place(&layout->input_arg, &layout->input_bytes, number,
                                     bytes, "item", error);
    }
    if (status == YOKE_OK && (arg->access & YOKE_ACCESS_WRITE) != 0) {
        status = stream_layout_place(&layout->output_arg, &layout->output_bytes, number,
                                     bytes, "result", error);
    }
    return status;
}

static yoke_status check_kernel(const yoke_stream_options *options, yk_error *error)
{
    if (options->input_bytes != 0 || options->output_bytes != 0 ||
        options->context_bytes != 0 || options->on_device) {
        return yk_fail(
            error, YOKE_EINVAL,
            "input_bytes, output_bytes, context and on_device go with a function, "
            "not with a kernel");
    }
    if (options->item_timeout != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "item_timeout goes with a function: each item of a kernel is a job, "
                       "and .timeout limits its time");
    }
    if (options->chunk > 1) {
        return yk_fail(error, YOKE_EINVAL, "of a kernel each item is a job: no chunk");
    }
    if (options->args == NULL || options->arg_count > YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EINVAL, "`args` is NULL, or there are more than %d",
                       YK_MAX_ARGS);
    }
    return YOKE_OK;
}

static yoke_status plan_kernel(yk_stream_layout *layout, yoke_pool *pool,
                               const yoke_stream_options *options, yk_error *error)
{
    const yk_kernel *kernel = &pool->control->kernels[options->kernel->slot].kernel;
    yoke_status status = check_kernel(options, error);
    yk_launch launch;

    if (status == YOKE_OK) {
        status = yk_launch_fill_range(&launch, kernel, &options->range, false, error);
    }
    for (size_t i = 0; i < options->arg_count && status == YOKE_OK; i++) {
        if (is_placeholder(&options->args[i])) {
            status = plan_arg(layout, &launch, &options->args[i], (int)i, error);
        }
    }
    if (status == YOKE_OK && layout->input_arg < 0) {
        status = yk_fail(error, YOKE_EINVAL,
                         "no argument stands for the item (yoke_in_stream)");
    }
    return status;
}

/* ---- jobs ---- */

/* What is wrong with all of them is reported before the first. */
static yoke_status check_jobs(const yoke_stream_options *options, yk_error *error)
{
    const yk_request request = {
        .function = options->function,
        .options = {.devices = options->devices, .timeout = options->timeout},
        .context = options->context,
        .context_bytes = options->context_bytes,
        .on_device = options->on_device,
        .on_failure = options->on_failure,
        .item_timeout = options->item_timeout};
    yk_selection selection;
    yoke_status status = yk_map_options_check(&request.options, error);

    if (status == YOKE_OK) {
        status = options->function != NULL ? yk_tasks_check(&request, error)
                                           : yk_tasks_check_failure(&request, error);
    }
    if (status == YOKE_OK && options->devices != NULL) {
        status = yk_selection_parse(&selection, options->devices, error);
        if (status != YOKE_OK) {
            yk_error_prefix(error, "devices: ");
        }
    }
    return status;
}

/* ---- the window ---- */

static uint64_t usual_window(const yk_stream_layout *layout, const yoke_pool *pool,
                             bool is_kernel)
{
    const uint64_t workers = yk_max(yk_worker_count(pool->control), 1);
    const uint64_t fit =
        usual_bytes / yk_max(layout->input_bytes + layout->output_bytes, 1);

    return is_kernel ? (uint64_t)FRAMES
                     : yk_max(yk_min(fit, ITEMS_PER_WORKER * workers), 2 * workers);
}

static yoke_status plan_window(yk_stream_layout *layout, const yoke_pool *pool,
                               const yoke_stream_options *options, yk_error *error)
{
    const bool is_kernel = options->kernel != NULL;
    const uint64_t window =
        options->window != 0 ? options->window : usual_window(layout, pool, is_kernel);

    if (options->chunk > window) {
        return yk_fail(error, YOKE_EINVAL,
                       "a chunk of %zu items does not fit in a window of %llu",
                       options->chunk, (unsigned long long)window);
    }
    layout->chunk = is_kernel             ? 1
                    : options->chunk != 0 ? options->chunk
                                          : yk_div_up(window, USEFUL_SLOTS);
    layout->slots = yk_min(yk_max(window / layout->chunk, 1), YK_STREAM_MOST_SLOTS);
    return YOKE_OK;
}

yoke_status yk_stream_plan(yk_stream_layout *layout, yoke_pool *pool,
                           const yoke_stream_options *options, yk_error *error)
{
    yoke_status status;

    *layout = (yk_stream_layout){.input_arg = -1, .output_arg = -1};
    if ((options->function == NULL) == (options->kernel == NULL)) {
        return yk_fail(error, YOKE_EINVAL,
                       "a stream has a function or a kernel: %s given",
                       options->kernel == NULL ? "neither" : "both");
    }
    status = options->kernel != NULL ? plan_kernel(layout, pool, options, error)
                                     : plan_function(layout, options, error);
    if (status == YOKE_OK) {
        status = check_jobs(options, error);
    }
    return status == YOKE_OK ? plan_window(layout, pool, options, error) : status;
}
