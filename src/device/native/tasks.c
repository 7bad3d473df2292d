/* SPDX-License-Identifier: MIT */
#include "device/native/tasks.h"

#include <stdio.h>
#include <string.h>

#include "launch/footprint.h"
#include "sys/call_guard.h"
#include "sys/memory_limits.h"
#include "sys/process.h"

/* What yoke_task.library points to. */
typedef struct task_state {
    yk_task_result *result; /* NULL: outputs have a place */
    char text[1024];        /* from yoke_task_fail() */
} task_state;

/* The place of an argument for an item, and its bytes there. */
static void *task_part_of(const yk_launch *launch, uint32_t index, void *bound,
                          uint64_t item, size_t *bytes)
{
    const yk_arg *arg = yk_launch_array_of(launch, &launch->args[index]);
    yk_extent own;

    *bytes = (size_t)arg->bytes;
    if (arg->kind != YK_ARG_ARRAY || arg->parts != YK_PARTS_ITEM) {
        return bound;
    }
    if (arg->map == YK_MAP_SAME && (arg->flags & YK_ARG_FROM_BEGIN) == 0) {
        return (char *)bound + arg->offset + item * yk_arg_pitch(arg);
    }
    own = yk_footprint_own(launch, arg, item, item + 1);
    *bytes = (size_t)own.bytes;
    return (char *)bound + (own.address - arg->address);
}

/* Sets the fields of the task that differ from item to item. */
static void set_item(yoke_task *task, const yk_launch *launch, void *const *args,
                     void **parts, uint64_t item)
{
    const yk_task_call *call = &launch->task;
    size_t bytes;

    task->index = (size_t)(item + call->first);
    for (uint32_t i = 0; i < call->arg_count; i++) {
        parts[i] = task_part_of(launch, i, args[i], item, &bytes);
    }
    if (call->input != 0) {
        task->input = task_part_of(launch, call->input - 1, args[call->input - 1], item,
                                   &task->input_bytes);
    }
    if (call->output != 0) {
        task->output = task_part_of(launch, call->output - 1, args[call->output - 1], item,
                                    &task->output_bytes);
        memset(task->output, 0, task->output_bytes);
    }
}

static size_t bytes_of(const yk_launch *launch, uint32_t number)
{
    return number == 0 ? 0 : (size_t)launch->args[number - 1].bytes;
}

static yoke_task begin_calls(const yk_launch *launch, void *const *args, void **parts,
                             task_state *state)
{
    const yk_task_call *call = &launch->task;

    return (yoke_task){
        .input_bytes = bytes_of(launch, call->input),
        .output_bytes = bytes_of(launch, call->output),
        .args = call->arg_count != 0 ? parts : NULL,
        .arg_count = call->arg_count,
        .context = call->context != 0 ? args[call->context - 1] : NULL,
        .context_bytes = bytes_of(launch, call->context),
        .library = state,
    };
}

/* Discards what an earlier attempt has left. */
static void begin_item(task_state *state, const yk_launch *launch)
{
    state->text[0] = '\0';
    state->result = (yk_task_result *)(uintptr_t)launch->task.result;
    if (state->result != NULL) {
        state->result->bytes = 0;
        state->result->is_large = 0;
    }
}

/* The items of a chunk, one call after the other. */
typedef struct task_calls {
    yoke_task_function *function;
    const yk_launch *launch;
    void *const *args;
    uint64_t item; /* the next one to be computed, or the one that failed */
    uint64_t end;
    int code; /* what the last call returned */
    pid_t process;
    yoke_task all;
    void *parts[YK_MAX_ARGS];
    task_state state;
} task_calls;

static void call_tasks(void *context)
{
    task_calls *self = context;

    while (self->item < self->end) {
        yoke_task task = self->all;

        set_item(&task, self->launch, self->args, self->parts, self->item);
        begin_item(&self->state, self->launch);
        /* Which items came before in this chunk depends on chance, so each starts from the
         * default. */
        (void)yk_fp_use_default();
        self->code = self->function(&task);
        yk_user_call_returned(self->process);
        if (self->code != 0) {
            return;
        }
        self->item++;
    }
}

yoke_status yk_tasks_run(yoke_task_function *function, const yk_launch *launch,
                         void *const *args, uint64_t begin, uint64_t end,
                         const yoke_task_device *device,
                         const yk_device_place *place, yk_error *error)
{
    task_calls self;
    unsigned long long item;

    self.function = function;
    self.launch = launch;
    self.args = args;
    self.item = begin;
    self.end = end;
    self.code = 0;
    self.process = yk_process_self();
    self.all = begin_calls(launch, args, self.parts, &self.state);
    self.all.device = device;
    if (place != NULL) {
        self.all.worker = place->worker;
        self.all.workers = yk_device_place_count(place);
        self.all.process = place->process;
    }
    if (!yk_user_call(call_tasks, &self, error)) {
        item = (unsigned long long)(self.item + launch->task.first);
        yk_error_prefix(error, "item %llu: ", item);
        return YOKE_EKERNEL;
    }
    item = (unsigned long long)(self.item + launch->task.first);
    return self.code == 0
               ? YOKE_OK
               : yk_fail(error, YOKE_EKERNEL, "item %llu: code %d%s%s", item, self.code,
                         self.state.text[0] != '\0' ? ": " : "", self.state.text);
}

int yk_task_fail(yoke_task *task, int code, const char *format, va_list list)
{
    task_state *state = task != NULL ? task->library : NULL;

    if (state != NULL && state->text[0] == '\0' && format != NULL &&
        vsnprintf(state->text, sizeof state->text, format, list) < 0) {
        state->text[0] = '\0';
    }
    return code != 0 ? code : 1;
}

/* ---- results ---- */

/* Moves what there is of a result to the block, where it stays from now on. */
static void move_to_block(yk_task_result *result)
{
    if (result->is_large == 0) {
        result->touched = 1; /* before anything is written there */
        memcpy((void *)(uintptr_t)result->block, result->small, result->bytes);
        result->is_large = 1;
    }
}

/* A lack of memory would end this process. Checking for it takes time, so it is done once for
 * each larger amount. */
static bool has_memory_for(const yk_task_result *result, size_t bytes)
{
    enum { STEP_BYTES = 16 << 20 };

    return bytes <= result->capacity &&
           (bytes / STEP_BYTES <= result->bytes / STEP_BYTES ||
            bytes - result->bytes <= yk_memory_available());
}

static void *place_result(yk_task_result *result, size_t bytes)
{
    if (bytes > sizeof result->small || result->is_large != 0) {
        if (!has_memory_for(result, bytes)) {
            return NULL;
        }
        move_to_block(result);
    }
    result->bytes = bytes;
    return result->is_large != 0 ? (void *)(uintptr_t)result->block : result->small;
}

void *yk_task_output(yoke_task *task, size_t bytes)
{
    task_state *state = task != NULL ? task->library : NULL;
    void *place;

    if (state == NULL) {
        return NULL;
    }
    if (state->result == NULL) {
        return bytes <= task->output_bytes ? task->output : NULL;
    }
    place = place_result(state->result, bytes);
    if (place != NULL) {
        task->output = place;
        task->output_bytes = bytes;
    }
    return place;
}
