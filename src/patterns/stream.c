/* SPDX-License-Identifier: MIT */
#include "patterns/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "patterns/parts_by.h"
#include "pool/pool.h"
#include "pool/submit.h"

/* A result may be so near that going to sleep takes longer. */
static const uint64_t spin_ns = 50000;
static const uint64_t poll_ns = 100 * (uint64_t)YK_NS_PER_MS;

/* ---- creating ---- */

static bool stream_add_area(uint64_t bytes, uint64_t count, uint64_t *sum)
{
    uint64_t total;

    return yk_mul(bytes, count, &total) &&
           yk_add(total, YK_STREAM_ALIGNMENT - 1, &total) &&
           yk_add(*sum, total / YK_STREAM_ALIGNMENT * YK_STREAM_ALIGNMENT, sum);
}

static bool has_own_output(const yk_stream_layout *layout)
{
    return layout->output_bytes != 0 &&
           (layout->output_arg < 0 || layout->output_arg != layout->input_arg);
}

static void place_slots(yoke_stream *stream, uint64_t slot_bytes, uint64_t input_area)
{
    for (size_t i = 0; i < stream->layout.slots; i++) {
        yk_stream_slot *slot = &stream->slots[i];

        slot->input = (unsigned char *)stream->memory + i * slot_bytes;
        slot->output =
            has_own_output(&stream->layout) ? slot->input + input_area : slot->input;
    }
}

static yoke_status stream_take_memory(yoke_stream *stream, yk_error *error)
{
    const yk_stream_layout *layout = &stream->layout;
    uint64_t input_area = 0;
    uint64_t slot_bytes = 0;
    uint64_t total;
    bool fits = stream_add_area(layout->input_bytes, layout->chunk, &input_area);

    slot_bytes = input_area;
    if (has_own_output(layout)) {
        fits =
            fits && stream_add_area(layout->output_bytes, layout->chunk, &slot_bytes);
    }
    if (!fits || !yk_mul(slot_bytes, layout->slots, &total)) {
        return yk_fail(error, YOKE_EINVAL,
                       "size overflow: the window needs more than 2^64 bytes");
    }
    stream->memory = yk_arena_alloc(&stream->pool->arena, (size_t)total, error);
    if (stream->memory == NULL) {
        yk_error_prefix(error, "the window: ");
        return YOKE_ENOMEM;
    }
    place_slots(stream, slot_bytes, input_area);
    return YOKE_OK;
}

/* Room for statuses, if failed items do not end the stream. */
static yoke_status stream_take_statuses(yoke_stream *stream, yk_error *error)
{
    const yk_stream_layout *layout = &stream->layout;

    if (stream->options.on_failure != YOKE_ON_FAILURE_KEEP) {
        return YOKE_OK;
    }
    stream->statuses = calloc(layout->slots * layout->chunk, sizeof *stream->statuses);
    if (stream->options.kernel == NULL) {
        stream->texts = calloc(layout->slots, sizeof *stream->texts);
    }
    if (stream->statuses == NULL ||
        (stream->options.kernel == NULL && stream->texts == NULL)) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < layout->slots; i++) {
        stream->slots[i].statuses = stream->statuses + i * layout->chunk;
        stream->slots[i].texts = stream->texts != NULL ? &stream->texts[i] : NULL;
    }
    return YOKE_OK;
}

static void stream_free(yoke_stream *stream)
{
    free(stream->failure_text);
    free(stream->devices);
    free(stream->statuses);
    free(stream->texts);
    yk_handle_free(stream);
}

static char *stream_copy_text(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

/* Everything that options point to becomes the stream's. */
static yoke_status take_options(yoke_stream *stream, const yoke_stream_options *options,
                                yk_error *error)
{
    stream->options = *options;
    if (options->arg_count > 0) {
        memcpy(stream->args, options->args, options->arg_count * sizeof *options->args);
        stream->options.args = stream->args;
    }
    if (options->context_bytes > 0) {
        memcpy(stream->context, options->context, options->context_bytes);
        stream->options.context = stream->context;
    }
    stream->options.devices = stream->devices = stream_copy_text(options->devices);
    if (options->devices != NULL && stream->devices == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    return YOKE_OK;
}

static void change_users(yoke_stream *stream, bool more)
{
    if (stream->options.kernel != NULL) {
        yk_pool_lock(stream->pool);
        if (more) {
            stream->options.kernel->users++;
        } else {
            yk_kernel_release_locked(stream->options.kernel);
        }
        yk_pool_unlock(stream->pool);
    }
}

yoke_status yk_stream_create(yoke_stream **result, yoke_pool *pool, bool ordered,
                             const yoke_stream_options *options,
                             yoke_stream_source *next, void *context, yk_error *error)
{
    yoke_stream *stream = yk_handle_alloc(YK_HANDLE_STREAM, sizeof *stream);
    yoke_status status;

    *result = NULL;
    if (stream == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    stream->pool = pool;
    stream->pool_serial = yk_handle_serial(pool);
    stream->ordered = ordered;
    stream->next = next;
    stream->next_context = context;
    status = yk_stream_plan(&stream->layout, pool, options, error);
    if (status == YOKE_OK) {
        status = take_options(stream, options, error);
    }
    if (status == YOKE_OK) {
        status = stream_take_statuses(stream, error);
    }
    if (status == YOKE_OK) {
        change_users(stream, true);
        status = stream_take_memory(stream, error);
        if (status != YOKE_OK) {
            change_users(stream, false);
        }
    }
    if (status != YOKE_OK) {
        stream_free(stream);
        return status;
    }
    yk_handle_open(stream);
    *result = stream;
    return YOKE_OK;
}

/* ---- a slot becomes a job ---- */

static yoke_status submit_function(yoke_stream *stream, const yk_stream_slot *slot,
                                   yoke_future **future, yk_error *error)
{
    const yoke_stream_options *options = &stream->options;
    const yoke_arg args[2] = {yoke_in(slot->input, options->input_bytes),
                              yoke_out(slot->output, options->output_bytes)};
    const yoke_task_options task_options = {.devices = options->devices,
                                            .timeout = options->timeout,
                                            .context = options->context,
                                            .context_bytes = options->context_bytes,
                                            .on_device = options->on_device,
                                            .no_wait = true,
                                            .on_failure = options->on_failure,
                                            .item_timeout = options->item_timeout,
                                            .item_status = slot->statuses};
    yk_request request = {
        .function = options->function,
        .range = yoke_range_1d(slot->count),
        .args = args,
        .arg_count = options->output_bytes != 0 ? 2 : 1,
        .task = {.input = 1,
                 .output = options->output_bytes != 0 ? 2 : 0,
                 .first = slot->first},
        .item_texts = slot->texts,
    };

    yk_tasks_take_options(&request, &task_options);
    return yk_tasks_submit(future, stream->pool, &request, error);
}

static yoke_status submit_kernel(yoke_stream *stream, const yk_stream_slot *slot,
                                 yoke_future **future, yk_error *error)
{
    const yk_stream_layout *layout = &stream->layout;
    yk_request request = {
        .kernel = stream->options.kernel,
        .range = stream->options.range,
        .options = {.devices = stream->options.devices,
                    .timeout = stream->options.timeout,
                    .stage = true,
                    .no_wait = true},
        .args = stream->args,
        .arg_count = stream->options.arg_count,
    };

    /* The copy is the submission's when it returns: one slot after the other uses it. */
    stream->args[layout->input_arg].pointer = slot->input;
    if (layout->output_arg >= 0) {
        stream->args[layout->output_arg].pointer = slot->output;
    }
    return yk_parts_by_submit(future, stream->pool, &request, error);
}

/* The slot is as before if a callback that is called meanwhile does not return. */
static yoke_status stream_submit(yoke_stream *stream, yk_stream_slot *slot,
                                 yk_error *error)
{
    yoke_future *future = NULL;
    const yoke_status status = stream->options.kernel != NULL
                                   ? submit_kernel(stream, slot, &future, error)
                                   : submit_function(stream, slot, &future, error);

    if (status == YOKE_EAGAIN) {
        return status; /* the items stay where they are */
    }
    slot->future = future;
    slot->state = status == YOKE_OK ? YK_SLOT_RUNNING : YK_SLOT_EMPTY;
    stream->filling = NULL;
    return status;
}

/* ---- the end of it all ---- */

static void cancel_all(yoke_stream *stream)
{
    for (size_t i = 0; i < stream->layout.slots; i++) {
        if (stream->slots[i].state == YK_SLOT_RUNNING) {
            yk_future_cancel(stream->slots[i].future);
        }
    }
}

/* From here on there is only this error. */
static yoke_status stream_fail(yoke_stream *stream, yoke_status status, yk_error *error)
{
    stream->failure = status;
    stream->failure_text = strdup(yk_error_text(error));
    cancel_all(stream);
    return status;
}

static yoke_status stream_fail_job(yoke_stream *stream, const yk_stream_slot *slot,
                                   yk_error *error)
{
    yoke_future *future = slot->future;

    future->told = true;
    yk_fail(error, future->status, "%s", future->error != NULL ? future->error : "");
    if (stream->options.kernel != NULL) {
        yk_error_prefix(error, "item %zu of the stream: ", slot->first);
    }
    return stream_fail(stream, future->status, error);
}

static yoke_status fail_source(yoke_stream *stream, yk_error *error)
{
    if (stream->source_is_left) {
        yk_fail(
            error, YOKE_EKERNEL,
            "the source of the stream has not returned for item %zu: it was left by "
            "an exception or longjmp(), or its thread was ended",
            stream->made);
    } else {
        yk_fail(error, YOKE_EKERNEL,
                "the source of the stream returned %d for item %zu",
                stream->source_code, stream->made);
    }
    return stream_fail(stream, YOKE_EKERNEL, error);
}

/* ---- filling ---- */

typedef struct source_call {
    const yoke_stream *stream;
    void *item;
    int code;
} source_call;

static void call_source(void *context)
{
    source_call *call = context;
    const yoke_stream *stream = call->stream;

    call->code = stream->next(call->item, stream->made, stream->next_context);
}

/* Only the source knows whether it would go on with this item or the next, so there are no more
 * items. The results of those before are handed out, then the error. */
static void undo_source(void *left, uint64_t unused)
{
    yoke_stream *stream = left;

    (void)unused;
    stream->is_exhausted = true;
    stream->source_is_left = true;
    stream->source_code = -1;
}

/* Callbacks may come meanwhile: it may take its time, and wait for jobs of its own. */
static int ask_source(yoke_stream *stream, void *item)
{
    source_call call = {.stream = stream, .item = item};

    yk_hold(undo_source, stream, 0);
    yk_call_out(stream->pool, false, call_source, &call);
    yk_hold_end();
    return call.code;
}

/* Asks the source for items until the slot is full or there are no more. */
static void fill_slot(yoke_stream *stream, yk_stream_slot *slot)
{
    while (slot->count < stream->layout.chunk && !stream->is_exhausted) {
        const int code =
            ask_source(stream, slot->input + slot->count * stream->layout.input_bytes);

        if (code > 0) {
            slot->count++;
            stream->made++;
        } else {
            stream->is_exhausted = true;
            stream->source_code = code;
        }
    }
}

static bool stream_slot_has_ended(yk_stream_slot *slot)
{
    return slot->state == YK_SLOT_RUNNING && yk_future_is_done(slot->future);
}

/* The slot whose results come next; NULL: they are not ready. */
static yk_stream_slot *find_ready(yoke_stream *stream)
{
    if (stream->ordered) {
        yk_stream_slot *slot = &stream->slots[stream->take];

        return stream_slot_has_ended(slot) ? slot : NULL;
    }
    /* In turns, so that each comes up. */
    for (size_t i = 0; i < stream->layout.slots; i++) {
        yk_stream_slot *slot =
            &stream->slots[(stream->take + i) % stream->layout.slots];

        if (stream_slot_has_ended(slot)) {
            return slot;
        }
    }
    return NULL;
}

/* In order slots are filled in turns; else whichever is empty. */
static yk_stream_slot *find_empty(yoke_stream *stream)
{
    for (size_t i = 0; i < stream->layout.slots; i++) {
        yk_stream_slot *slot =
            &stream->slots[(stream->fill + i) % stream->layout.slots];

        if (slot->state == YK_SLOT_EMPTY) {
            stream->fill = (size_t)(slot - stream->slots + 1) % stream->layout.slots;
            return slot;
        }
        if (stream->ordered) {
            return NULL;
        }
    }
    return NULL;
}

/* The slot that the source is to fill; NULL: there is none. An item stays there until it has
 * become a job. */
static yk_stream_slot *slot_to_fill(yoke_stream *stream)
{
    if (stream->filling == NULL && !stream->is_exhausted) {
        stream->filling = find_empty(stream);
        if (stream->filling != NULL) {
            stream->filling->first = stream->made;
            stream->filling->count = 0;
        }
    }
    return stream->filling;
}

/* What the source takes is not the wait's. */
static void fill_slot_aside(yoke_stream *stream, yk_stream_slot *slot,
                            uint64_t *deadline)
{
    const uint64_t begun = yk_clock_ns();
    uint64_t took;

    fill_slot(stream, slot);
    took = yk_clock_ns() - begun;
    *deadline = took < UINT64_MAX - *deadline ? *deadline + took : UINT64_MAX;
}

/* Fills empty slots until a result is there, which comes first, or a job cannot be submitted yet. */
static yoke_status stream_fill(yoke_stream *stream, yk_stream_slot **ready,
                               uint64_t *deadline, yk_error *error)
{
    *ready = find_ready(stream);
    while (*ready == NULL) {
        yk_stream_slot *slot = slot_to_fill(stream);
        yoke_status status = YOKE_OK;

        if (slot == NULL) {
            return YOKE_OK;
        }
        fill_slot_aside(stream, slot, deadline);
        if (slot->count > 0) {
            status = stream_submit(stream, slot, error);
        } else {
            stream->filling = NULL;
        }
        if (status == YOKE_EAGAIN) {
            yk_error_clear(error);
            *ready = find_ready(stream);
            return YOKE_OK;
        }
        if (status != YOKE_OK) {
            yk_error_prefix(error, "items from %zu of the stream: ", slot->first);
            return stream_fail(stream, status, error);
        }
        *ready = find_ready(stream);
    }
    return YOKE_OK;
}

/* ---- taking ---- */

static void stream_slot_give_back(yk_stream_slot *slot)
{
    if (slot->future != NULL) {
        yk_future_let_go(slot->future);
        slot->future = NULL;
    }
}

/* Whether a job's failure is that of its items, which does not end the stream. */
static bool stream_outlives(const yoke_stream *stream, yoke_status status)
{
    return stream->statuses != NULL &&
           (status == YOKE_EPARTIAL || status == YOKE_EKERNEL ||
            status == YOKE_ECRASHED || status == YOKE_EDEADLINE);
}

/* A job has ended: its results are handed out, unless it failed. */
static yoke_status open_slot(yoke_stream *stream, yk_stream_slot *slot, yk_error *error)
{
    const yoke_status ended = slot->future->status;
    yoke_status status = YOKE_OK;

    if (ended != YOKE_OK && !stream_outlives(stream, ended)) {
        status = stream_fail_job(stream, slot, error);
        slot->state = YK_SLOT_EMPTY;
    } else {
        slot->state = YK_SLOT_READY;
        stream->open = slot;
        stream->given = 0;
        stream->take = (stream->take + 1) % stream->layout.slots;
        if (stream->statuses != NULL && slot->texts == NULL) {
            slot->statuses[0] = ended; /* a kernel's: the job is the item */
        }
    }
    if (slot->state == YK_SLOT_EMPTY || ended == YOKE_OK) {
        stream_slot_give_back(slot);
    }
    return status;
}

/* The failure of one item of a job that has failed. */
static yoke_status stream_fail_item(const yk_stream_slot *slot, size_t item,
                                    yk_error *error)
{
    const yoke_status status = slot->statuses[item];
    yoke_future *future = slot->future;
    const char *text = slot->texts != NULL ? yk_item_explained(slot->texts, item) : "";

    future->told = true;
    if (text[0] != '\0') {
        return yk_fail(error, status, "%s", text);
    }
    text = future->status == status && future->error != NULL ? future->error
                                                             : yoke_strerror(status);
    return yk_fail(error, status, "item %zu of the stream: %s", slot->first + item, text);
}

static yoke_status give_next(yoke_stream *stream, void **result, yk_error *error)
{
    const yk_stream_slot *slot = stream->open;
    const uint64_t bytes = stream->layout.output_bytes != 0
                               ? stream->layout.output_bytes
                               : stream->layout.input_bytes;
    const size_t item = stream->given++;

    stream->index = slot->first + item;
    if (slot->statuses != NULL && slot->statuses[item] != YOKE_OK) {
        return stream_fail_item(slot, item, error);
    }
    *result = slot->output + item * bytes;
    return YOKE_OK;
}

/* What was given last is not looked at any more. */
static void close_open(yoke_stream *stream)
{
    if (stream->open != NULL && stream->given == stream->open->count) {
        stream_slot_give_back(stream->open);
        stream->open->state = YK_SLOT_EMPTY;
        stream->open = NULL;
    }
}

static bool is_anything_running(const yoke_stream *stream)
{
    for (size_t i = 0; i < stream->layout.slots; i++) {
        if (stream->slots[i].state == YK_SLOT_RUNNING) {
            return true;
        }
    }
    return false;
}

/* The oldest that runs: it is the one to make haste with. */
static const yk_stream_slot *first_running(const yoke_stream *stream)
{
    for (size_t i = 0; i < stream->layout.slots; i++) {
        const yk_stream_slot *slot =
            &stream->slots[(stream->take + i) % stream->layout.slots];

        if (slot->state == YK_SLOT_RUNNING) {
            return slot;
        }
    }
    return NULL;
}

/* Waits until the pool changes, or a while. YOKE_ESTOPPED. That it is broken, the jobs say. */
static yoke_status wait_for_change(yoke_stream *stream, uint32_t ticket,
                                   uint64_t limit_ns, yk_error *error)
{
    yk_eventcount *changed = &stream->pool->control->changed;
    const yk_stream_slot *slot = first_running(stream);

    if (!yk_eventcount_spin(changed, ticket, yk_min(limit_ns, spin_ns))) {
        if (slot != NULL && !slot->future->collected) {
            yk_job_wake_all(stream->pool->control, slot->future->ref);
        }
        yk_guard_cancel_point();
        yk_eventcount_wait(changed, ticket, limit_ns);
        if (yk_pool_is_alive(stream->pool)) {
            return yk_pool_check(stream->pool, error);
        }
    }
    return YOKE_OK;
}

/* The next slot with results. NULL with YOKE_OK: that was all. */
static yoke_status wait_ready(yoke_stream *stream, yk_stream_slot **ready,
                              uint64_t deadline, yk_error *error)
{
    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&stream->pool->control->changed);
        yoke_status status = stream_fill(stream, ready, &deadline, error);
        uint64_t now;

        if (status != YOKE_OK || *ready != NULL) {
            return status;
        }
        if (!is_anything_running(stream) && stream->filling == NULL) {
            return stream->source_code < 0 ? fail_source(stream, error) : YOKE_OK;
        }
        now = yk_clock_ns();
        if (now >= deadline) {
            return yk_fail(error, YOKE_ETIMEDOUT, "no result is ready yet");
        }
        status = wait_for_change(stream, ticket, yk_min(deadline - now, poll_ns), error);
        if (status != YOKE_OK) {
            return status;
        }
    }
}

static yoke_status stream_take_next(yoke_stream *stream, void **result, double seconds,
                                    yk_error *error)
{
    yk_stream_slot *ready = NULL;
    yoke_status status;

    if (stream->failure != YOKE_OK) {
        return yk_fail(error, stream->failure, "%s",
                       stream->failure_text != NULL ? stream->failure_text : "");
    }
    close_open(stream);
    if (stream->open == NULL) {
        status = wait_ready(stream, &ready, yk_clock_deadline(seconds), error);
        if (status == YOKE_OK && ready != NULL) {
            status = open_slot(stream, ready, error);
        }
        if (status != YOKE_OK) {
            return status;
        }
    }
    stream->is_over = stream->open == NULL;
    return stream->is_over ? YOKE_OK : give_next(stream, result, error);
}

yoke_status yk_stream_next(yoke_stream *stream, void **result, double seconds,
                           yk_error *error)
{
    yoke_status status;

    yk_guard_settle();
    if (stream->busy) {
        return yk_fail(error, YOKE_EBUSY,
                       "a call on this stream is under way: its source, or another "
                       "thread, cannot ask it for results");
    }
    stream->busy = true;
    yk_hold(yk_stream_undo, stream, 0);
    status = stream_take_next(stream, result, seconds, error);
    yk_hold_end();
    stream->busy = false;
    return status;
}

void yk_stream_undo(void *left, uint64_t unused)
{
    yoke_stream *stream = left;

    (void)unused;
    stream->busy = false;
}

/* ---- giving it back ---- */

/* If it does not end, since the supervisor is stopped, the window stays allocated until the end of
 * the pool. */
static void stream_end_job(yoke_future *future)
{
    if (yk_future_wait(future, -1, NULL) != YOKE_OK) {
        yk_future_forsake(future);
    }
}

void yk_stream_destroy(yoke_stream *stream, bool has_pool)
{
    stream->busy = true; /* for callbacks that come while it waits */
    if (has_pool) {
        cancel_all(stream);
        for (size_t i = 0; i < stream->layout.slots; i++) {
            if (stream->slots[i].state == YK_SLOT_RUNNING) {
                stream_end_job(stream->slots[i].future);
            }
            if (stream->failure != YOKE_OK && stream->slots[i].future != NULL) {
                stream->slots[i].future->told = true; /* by the stream's one error */
            }
            stream_slot_give_back(&stream->slots[i]);
        }
        change_users(stream, false);
        (void)yk_free(stream->pool, stream->memory, NULL);
    }
    for (size_t i = 0; i < stream->layout.slots; i++) {
        yoke_future *left = stream->slots[i].future;

        if (left != NULL && left->pool == NULL) {
            yk_future_release_locked(left); /* the pool was closed */
        }
    }
    stream_free(stream);
}
