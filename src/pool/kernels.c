/* SPDX-License-Identifier: MIT */
#include "pool/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pool/pool.h"
#include "pool/trace.h"
#include "protocol/bells.h"
#include "protocol/device_kinds.h"
#include "source/include.h"
#include "source/source.h"
#include "source/source_file.h"
#include "source/promise.h"
#include "source/variable.h"
#include "sys/elf.h"

/* Work-items of a work-group; far beyond any device, and sums of them do not overflow.
 */
static const size_t max_in_group = (size_t)1 << 31;

static const double max_seconds = 1e9;

/* ---- checks ---- */

static bool group_fits(const size_t group[3])
{
    size_t room = max_in_group;

    for (unsigned d = 0; d < 3; d++) {
        room /= group[d] > 0 ? group[d] : 1;
    }
    return room > 0;
}

static yoke_status kernel_check_options(const yoke_kernel_options *options,
                                        yk_error *error)
{
    const bool has_source = options->source != NULL || options->source_file != NULL;

    if (!has_source && options->native == NULL) {
        return yk_fail(
            error, YOKE_EINVAL,
            "a kernel has a source, a native function or both: neither given");
    }
    if (options->source != NULL && options->source_file != NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "a kernel has .source or .source_file: both given");
    }
    if (has_source &&
        (options->name == NULL || options->name[0] == '\0')) {
        return yk_fail(error, YOKE_EINVAL,
                       "a kernel with source needs the name of its __kernel function");
    }
    if (options->name != NULL && strlen(options->name) >= YK_KERNEL_NAME_BYTES) {
        return yk_fail(error, YOKE_EINVAL, "the kernel's name is longer than %d bytes",
                       YK_KERNEL_NAME_BYTES - 1);
    }
    if (options->group[0] == 0 && (options->group[1] != 0 || options->group[2] != 0)) {
        return yk_fail(error, YOKE_EINVAL,
                       "work-group size %zu x %zu x %zu: the first is 0",
                       options->group[0], options->group[1], options->group[2]);
    }
    if (!group_fits(options->group)) {
        return yk_fail(
            error, YOKE_EINVAL,
            "work-group size %zu x %zu x %zu: that is more than %zu work-items",
            options->group[0], options->group[1], options->group[2], max_in_group);
    }
    if (options->parameters > YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EINVAL,
                       ".parameters is %zu: the maximum is %d",
                       options->parameters, YK_MAX_ARGS);
    }
    if (!(yk_clock_is_time(options->build_timeout) &&
          options->build_timeout <= max_seconds)) {
        return yk_fail(error, YOKE_EINVAL,
                       "build_timeout is a number of seconds from 0 to %g, or "
                       "YOKE_FOREVER",
                       max_seconds);
    }
    if (!(yk_clock_is_time(options->timeout) && options->timeout <= max_seconds)) {
        return yk_fail(error, YOKE_EINVAL,
                       "timeout is a number of seconds from 0 to %g, or YOKE_FOREVER",
                       max_seconds);
    }
    return YOKE_OK;
}

static yoke_status locate_native(const yoke_pool *pool, yk_kernel *kernel,
                                 yoke_native *native, yk_error *error)
{
    yk_any_function *function = (yk_any_function *)native;
    yoke_status status;

    if (native == NULL) {
        return YOKE_OK;
    }
    status =
        yk_function_locate(&kernel->native, function, "the native function", error);
    /* A program that was executed again has the same file, even if that has no name now. */
    if (status == YOKE_OK && pool->method == YOKE_START_SPAWN &&
        kernel->native.object[0] != '\0' && yk_elf_is_stale(function)) {
        status =
            yk_fail(error, YOKE_EINVAL,
                    "the native function's library, %s, was deleted or replaced since "
                    "it was loaded: the pool's processes, which were spawned, cannot "
                    "load it",
                    kernel->native.object);
    }
    return status;
}

/* ---- the announcement ---- */

static const char *store_text(yoke_pool *pool, const char *text, yk_error *error)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = yk_arena_alloc(&pool->store, bytes, error);

    if (copy != NULL) {
        memcpy(copy, text, bytes);
    }
    return copy;
}

static void free_texts(yoke_pool *pool, yk_kernel *kernel)
{
    if (kernel->source != NULL) {
        (void)yk_arena_free(&pool->store, kernel->source, NULL);
    }
    if (kernel->build_options != NULL) {
        (void)yk_arena_free(&pool->store, kernel->build_options, NULL);
    }
    memset(kernel, 0, sizeof *kernel);
}

static yoke_status kernel_describe(yoke_pool *pool, yk_kernel *kernel,
                                   const yoke_kernel_options *options, yk_error *error)
{
    memset(kernel, 0, sizeof *kernel);
    kernel->cpu_form = (uint32_t)options->cpu_form;
    kernel->parameter_count = (uint32_t)options->parameters;
    strcpy(kernel->name, options->name != NULL ? options->name : "(native)");
    for (unsigned d = 0; d < 3; d++) {
        kernel->group[d] = options->group[d];
    }
    if (options->source != NULL) {
        kernel->asks_sizes = yk_source_asks_sizes(options->source);
        kernel->source = store_text(pool, options->source, error);
        kernel->build_options = store_text(pool, options->build_options, error);
        if (kernel->source == NULL || kernel->build_options == NULL) {
            return YOKE_ENOMEM;
        }
    }
    return locate_native(pool, kernel, options->native, error);
}

static uint32_t kernel_find_slot_locked(const yoke_pool *pool)
{
    uint32_t slot = 0;

    while (slot < YK_MAX_KERNELS && pool->kernels.by_slot[slot] != NULL) {
        slot++;
    }
    return slot;
}

/* Drops the task function that has not been used for longest and is not in use: its slot is
 * free then. False if there is none. */
static bool kernel_evict_function_locked(yoke_pool *pool)
{
    yoke_kernel *oldest = NULL;

    for (uint32_t slot = 0; slot < YK_MAX_KERNELS; slot++) {
        yoke_kernel *kernel = pool->kernels.task_kernels[slot];

        if (kernel != NULL && kernel->users == 1 &&
            (oldest == NULL || kernel->last_use < oldest->last_use)) {
            oldest = kernel;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    pool->kernels.task_kernels[oldest->slot] = NULL;
    yk_kernel_release_locked(oldest);
    return true;
}

/* What a kernel is made of: what a user describes, or a task function. */
typedef struct recipe {
    const yoke_kernel_options *options;
    const yk_kernel *task; /* NULL: options say all */
    yk_promises promises;  /* of the options' source */
} recipe;

static yoke_status describe_any(yoke_pool *pool, yk_kernel *kernel, recipe from,
                                yk_error *error)
{
    yoke_status status;

    if (from.task != NULL) {
        *kernel = *from.task;
        return YOKE_OK;
    }
    status = kernel_describe(pool, kernel, from.options, error);
    kernel->promises = from.promises;
    return status;
}

static yoke_status kernel_announce(yoke_kernel *kernel, recipe from, yk_error *error)
{
    yoke_pool *pool = kernel->pool;
    yk_control *control = pool->control;
    yk_kernel_slot *slot = &control->kernels[kernel->slot];
    const yoke_status status = describe_any(pool, &slot->kernel, from, error);

    if (status != YOKE_OK) {
        free_texts(pool, &slot->kernel);
        return status;
    }
    slot->kernel.id = kernel->id;
    slot->build_timeout_ns = kernel->build_timeout_ns;
    slot->kernel.needs_double = kernel->needs_double;
    slot->kernel.is_own = kernel->tolerant;
    atomic_store(&slot->parameters_state, 0);
    for (uint32_t i = 0; i != YK_NO_SLOT; i = yk_slot_next(control, i)) {
        atomic_store(&control->workers[i].builds[kernel->slot].speed, 0);
        atomic_store(&control->workers[i].builds[kernel->slot].usual, 0);
        atomic_store(&control->workers[i].builds[kernel->slot].usual_ns, 0);
        atomic_store(&control->workers[i].builds[kernel->slot].usual_items, 0);
    }
    yk_trace_announced_locked(pool, &slot->kernel);
    if (kernel->slot >= atomic_load(&control->kernel_slots)) {
        atomic_store(&control->kernel_slots, kernel->slot + 1);
    }
    atomic_store(&slot->id, kernel->id);
    atomic_fetch_add(&control->kernel_changes, 1);
    yk_control_wake_workers(control);
    return YOKE_OK;
}

static yoke_status kernel_add(yoke_kernel *kernel, recipe from, yk_error *error)
{
    yoke_pool *pool = kernel->pool;
    yoke_status status;

    yk_pool_lock(pool);
    yk_kernels_sweep_locked(pool);
    kernel->slot = kernel_find_slot_locked(pool);
    while (kernel->slot == YK_MAX_KERNELS && kernel_evict_function_locked(pool)) {
        kernel->slot = kernel_find_slot_locked(pool);
    }
    if (kernel->slot == YK_MAX_KERNELS) {
        status = yk_fail(error, YOKE_EBUSY,
                         "a pool has at most %d kernels at a time, functions called as "
                         "tasks and built-in reductions included",
                         YK_MAX_KERNELS);
    } else {
        kernel->id = pool->next_id++;
        kernel->users = 1;
        status = kernel_announce(kernel, from, error);
    }
    if (status == YOKE_OK) {
        pool->kernels.by_slot[kernel->slot] = kernel;
    }
    yk_pool_unlock(pool);
    return status;
}

/* ---- builds ---- */

/* What the workers of one driver make of a kernel. */
typedef struct class_answer {
    bool waiting; /* no answer yet */
    bool runs;    /* a worker can run it */
    int failed;   /* a worker that cannot build it, -1: none */
    int unsuited; /* a worker that runs no such kernels, -1: none */
} class_answer;

static class_answer ask_class(const yoke_kernel *kernel, uint32_t class)
{
    const yk_control *control = kernel->pool->control;
    const uint32_t count = yk_worker_count(control);
    class_answer result = {.failed = -1, .unsuited = -1};

    for (uint32_t i = 0; i < count; i++) {
        const yk_worker *worker = &control->workers[i];
        const uint32_t state = atomic_load(&worker->state);
        const uint32_t build = yk_build_of(worker, kernel->slot, kernel->id);

        if (worker->driver_class != class || state == YK_WORKER_GIVEN_UP) {
            continue;
        }
        result.runs |= build == YK_BUILD_READY || build == YK_BUILD_STALE;
        result.failed = build == YK_BUILD_FAILED ? (int)i : result.failed;
        result.unsuited = build == YK_BUILD_UNSUITABLE ? (int)i : result.unsuited;
        /* Drivers that are still coming up are not waited for. */
        result.waiting |= build <= YK_BUILD_RUNNING && state != YK_WORKER_STARTING;
    }
    if (result.runs || result.failed >= 0) {
        result.waiting = false;
    }
    return result;
}

static uint32_t class_count(const yk_control *control)
{
    return yk_device_kinds_end() + control->driver_count;
}

static class_answer ask_all(const yoke_kernel *kernel)
{
    const yk_control *control = kernel->pool->control;
    class_answer all = {.failed = -1, .unsuited = -1};

    for (uint32_t class = 0; class < class_count(control); class ++) {
        const class_answer one = ask_class(kernel, class);

        all.waiting |= one.waiting;
        all.runs |= one.runs;
        all.failed = one.failed >= 0 ? one.failed : all.failed;
        all.unsuited = one.unsuited >= 0 ? one.unsuited : all.unsuited;
    }
    return all;
}

/* Whether a worker that is starting may run it. */
static bool may_come(const yk_control *control)
{
    const uint32_t count = yk_worker_count(control);

    if (atomic_load(&control->discovery) == YK_DISCOVERY_RUNNING) {
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&control->workers[i].state) == YK_WORKER_STARTING) {
            return true;
        }
    }
    return false;
}

static yoke_status kernel_conclude(const yoke_kernel *kernel,
                                   class_answer result, yk_error *error)
{
    const yk_control *control = kernel->pool->control;
    const yk_kernel *described = &control->kernels[kernel->slot].kernel;
    const char *noun = yk_kernel_noun(described);
    const char *name = described->name;

    if (result.failed >= 0 && !(result.runs && kernel->tolerant)) {
        const yk_worker *worker = &control->workers[result.failed];

        return yk_fail(error, YOKE_EBUILD, "%s '%s' does not build on %s: %.*s", noun,
                       name, worker->name, (int)sizeof worker->log - 1, worker->log);
    }
    if (!result.runs) {
        const char *log =
            result.unsuited >= 0 ? control->workers[result.unsuited].log : "";

        return yk_fail(error, YOKE_ENODEVICE, "no worker can run %s '%s'%s%s", noun,
                       name, log[0] != '\0' ? ": " : "", log);
    }
    return YOKE_OK;
}

/* Whether a kernel needs no answer: any worker on the host can call a task function, as soon
 * as it comes to it, and they may all be busy with long tasks now. */
static bool is_sure_to_run(const yk_control *control, recipe from)
{
    const uint32_t count = from.task != NULL ? yk_worker_count(control) : 0;

    for (uint32_t i = 0; i < count; i++) {
        const yk_worker *worker = &control->workers[i];

        if (atomic_load(&worker->state) != YK_WORKER_GIVEN_UP &&
            yk_worker_calls_tasks(worker, from.task)) {
            return true;
        }
    }
    return false;
}

/* Waits for a change, unless the limit has passed. */
static yoke_status kernel_wait(yoke_pool *pool, uint32_t ticket, const yk_limit *limit,
                               const char *waits_for, yk_error *error)
{
    const yoke_status status = yk_limit_check(limit, waits_for, error);

    return status != YOKE_OK ||
                   yk_pool_wait_change_until(pool, ticket, yk_limit_left(limit))
               ? status
               : yk_pool_check(pool, error);
}

static yoke_status wait_for_builds(yoke_kernel *kernel, const yk_limit *limit,
                                   yk_error *error)
{
    yk_control *control = kernel->pool->control;
    yoke_status status = YOKE_OK;

    while (status == YOKE_OK) {
        const uint32_t ticket = yk_eventcount_ticket(&control->changed);
        const class_answer result = ask_all(kernel);
        const bool hope = !result.runs && result.failed < 0 && may_come(control);

        if (!result.waiting && !hope) {
            return kernel_conclude(kernel, result, error);
        }
        status = kernel_wait(kernel->pool, ticket, limit,
                             "workers have not built its kernel yet", error);
    }
    return status;
}

/* ---- turns ---- */

/* What takes long is done by one thread at a time. YOKE_OK: it is this thread's turn. */
static yoke_status kernel_take_turn(yoke_pool *pool, bool *taken, const yk_limit *limit,
                                    yk_error *error)
{
    yoke_status status = YOKE_OK;

    yk_pool_lock(pool);
    while (status == YOKE_OK && *taken) {
        const uint32_t ticket = yk_eventcount_ticket(&pool->control->changed);

        yk_pool_unlock(pool);
        status = kernel_wait(pool, ticket, limit, "another thread creates a kernel", error);
        yk_pool_lock(pool);
    }
    *taken = *taken || status == YOKE_OK;
    yk_pool_unlock(pool);
    return status;
}

static void kernel_end_turn(yoke_pool *pool, bool *taken)
{
    yk_pool_lock(pool);
    *taken = false;
    yk_pool_unlock(pool);
    yk_eventcount_signal(&pool->control->changed);
}

/* What the program says of the function, against what a compiler says of the source. */
static yoke_status kernel_compare_parameters(const yoke_kernel *kernel, yk_error *error)
{
    const yk_kernel_slot *slot = &kernel->pool->control->kernels[kernel->slot];
    const uint32_t said = slot->kernel.parameter_count;

    if (said == 0 || atomic_load(&slot->parameters_state) != 2 ||
        slot->parameter_count == (int)said) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_EINVAL,
                   "kernel '%s': its source has %d parameter(s), .parameters says %u",
                   slot->kernel.name, slot->parameter_count, said);
}

/* A kernel that needs no answer of workers needs no turn. */
static yoke_status kernel_add_and_build(yoke_kernel *kernel, recipe from,
                                        const yk_limit *limit, yk_error *error)
{
    yoke_pool *pool = kernel->pool;
    const bool is_sure = is_sure_to_run(pool->control, from);
    yoke_status status =
        is_sure ? YOKE_OK
                : kernel_take_turn(pool, &pool->kernels.building, limit, error);

    if (status != YOKE_OK) {
        yk_handle_free(kernel);
        return status;
    }
    status = kernel_add(kernel, from, error);
    if (status != YOKE_OK) {
        yk_handle_free(kernel);
    } else if (!is_sure) {
        status = wait_for_builds(kernel, limit, error);
        if (status == YOKE_OK) {
            status = kernel_compare_parameters(kernel, error);
        }
        if (status != YOKE_OK) {
            yk_kernel_release(kernel);
        }
    }
    if (!is_sure) {
        kernel_end_turn(pool, &pool->kernels.building);
    }
    return status;
}

static yoke_status kernel_make(yoke_kernel **result, const yoke_kernel *model,
                               recipe from, const yk_limit *limit, yk_error *error)
{
    yoke_kernel *kernel = yk_handle_alloc(YK_HANDLE_KERNEL, sizeof *kernel);
    yoke_status status;

    *result = NULL;
    if (kernel == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    memcpy(&kernel->handle + 1, &model->handle + 1,
           sizeof *kernel - sizeof kernel->handle);
    status = kernel_add_and_build(kernel, from, limit, error);
    if (status == YOKE_OK) {
        *result = kernel;
    }
    return status;
}

/* Files are read now, in the caller's thread and without a lock: see source/include.h. */
static yoke_status make_whole(yk_whole_source *whole, yoke_kernel_options *options,
                              yk_error *error)
{
    char noun[YK_KERNEL_NAME_BYTES + 16];
    const char *source = options->source;
    const char *words = options->build_options != NULL ? options->build_options : "";
    yk_source_file file = {NULL, NULL};
    yoke_status status = YOKE_OK;

    memset(whole, 0, sizeof *whole);
    if (source == NULL && options->source_file == NULL) {
        return YOKE_OK;
    }
    (void)snprintf(noun, sizeof noun, "kernel '%s'", options->name);
    if (source == NULL) {
        status = yk_source_file_open(&file, options->source_file, words, noun, error);
        source = file.source;
        words = file.options;
    }
    if (status == YOKE_OK) {
        status = yk_whole_source_make(whole, source, words, noun, error);
    }
    yk_source_file_close(&file);
    options->source = whole->source;
    options->build_options = whole->options;
    return status != YOKE_OK
               ? status
               : yk_variables_check(whole->source, whole->options, noun, error);
}

static yoke_status create_of_source(yoke_kernel **kernel, const yoke_kernel *model,
                                    const yoke_kernel_options *given,
                                    const yk_limit *limit, yk_error *error)
{
    yoke_kernel_options options = *given;
    recipe from = {.options = &options};
    yk_whole_source whole;
    yoke_status status = make_whole(&whole, &options, error);

    if (status == YOKE_OK && options.source != NULL &&
        !yk_promises_read(&from.promises, options.source, options.build_options,
                          options.name)) {
        status = yk_fail(error, YOKE_ENOMEM, "kernel '%s': cannot allocate memory for its source",
                         options.name);
    }
    if (status == YOKE_OK) {
        status = kernel_make(kernel, model, from, limit, error);
    }
    yk_whole_source_fini(&whole);
    return status;
}

yoke_status yk_kernel_create(yoke_kernel **kernel, yoke_pool *pool,
                             const yoke_kernel_options *options, yk_error *error)
{
    const uint64_t begun = yk_clock_ns();
    yk_limit limit = YK_NO_LIMIT;
    yoke_kernel model = {.pool = pool};
    yoke_status status = kernel_check_options(options, error);

    *kernel = NULL;
    if (status != YOKE_OK) {
        return status;
    }
    model.build_timeout_ns =
        options->build_timeout > 0 ? (uint64_t)(options->build_timeout * 1e9) : 0;
    if (options->timeout > 0) {
        limit = (yk_limit){begun + (uint64_t)(options->timeout * 1e9), YOKE_ETIMEDOUT,
                           "the kernel's .timeout ended before it was created"};
    }
    status = create_of_source(kernel, &model, options, &limit, error);
    if (status == YOKE_OK) {
        yk_handle_open(*kernel);
    }
    return status;
}

static yoke_kernel *kernel_find_own(yoke_pool *pool, size_t number)
{
    yoke_kernel *own;

    yk_pool_lock(pool);
    own = pool->kernels.own[number];
    yk_pool_unlock(pool);
    return own;
}

yoke_status yk_kernel_get_own(yoke_kernel **kernel, yoke_pool *pool, size_t number,
                              const yoke_kernel_options *options, bool needs_double,
                              const yk_limit *limit, yk_error *error)
{
    const yoke_kernel model = {
        .pool = pool, .needs_double = needs_double, .tolerant = true};
    yoke_status status;

    *kernel = kernel_find_own(pool, number);
    if (*kernel != NULL) {
        return YOKE_OK;
    }
    status = kernel_take_turn(pool, &pool->kernels.making_own, limit, error);
    if (status != YOKE_OK) {
        return status;
    }
    *kernel = kernel_find_own(pool, number); /* another thread may have made it */
    if (*kernel == NULL) {
        status = create_of_source(kernel, &model, options, limit, error);
    }
    yk_pool_lock(pool);
    pool->kernels.own[number] = *kernel;
    yk_pool_unlock(pool);
    kernel_end_turn(pool, &pool->kernels.making_own);
    return status;
}

/* ---- task functions as kernels ---- */

static bool kernel_is_same_function(const yk_kernel *a, const yk_kernel *b)
{
    return a->task == b->task && a->native.place.offset == b->native.place.offset &&
           strcmp(a->native.object, b->native.object) == 0;
}

/* The kernel of this function, with one user more; NULL if there is none. */
static yoke_kernel *kernel_find_function_locked(yoke_pool *pool,
                                                const yk_kernel *described)
{
    for (uint32_t slot = 0; slot < YK_MAX_KERNELS; slot++) {
        yoke_kernel *kernel = pool->kernels.task_kernels[slot];

        if (kernel != NULL &&
            kernel_is_same_function(&pool->control->kernels[slot].kernel, described)) {
            kernel->users++;
            kernel->last_use = ++pool->kernels.task_uses;
            return kernel;
        }
    }
    return NULL;
}

static yoke_kernel *kernel_find_function(yoke_pool *pool, const yk_kernel *described)
{
    yoke_kernel *kernel;

    yk_pool_lock(pool);
    kernel = kernel_find_function_locked(pool, described);
    yk_pool_unlock(pool);
    return kernel;
}

static yoke_status kernel_make_function(yoke_kernel **kernel, yoke_pool *pool,
                                        const yk_kernel *described,
                                        const yk_limit *limit, yk_error *error)
{
    const yoke_kernel model = {.pool = pool};
    const yoke_status status =
        kernel_make(kernel, &model, (recipe){.task = described}, limit, error);

    if (status == YOKE_OK) {
        yk_pool_lock(pool);
        (*kernel)->users++; /* the pool's */
        (*kernel)->last_use = ++pool->kernels.task_uses;
        pool->kernels.task_kernels[(*kernel)->slot] = *kernel;
        yk_pool_unlock(pool);
    }
    return status;
}

yoke_status yk_kernel_of_function(yoke_kernel **kernel, yoke_pool *pool,
                                  const yk_kernel *described, const yk_limit *limit,
                                  yk_error *error)
{
    yoke_status status;

    *kernel = kernel_find_function(pool, described);
    if (*kernel != NULL) {
        return YOKE_OK;
    }
    status = kernel_take_turn(pool, &pool->kernels.making_task, limit, error);
    if (status != YOKE_OK) {
        return status;
    }
    *kernel =
        kernel_find_function(pool, described); /* another thread may have made it */
    if (*kernel == NULL) {
        status = kernel_make_function(kernel, pool, described, limit, error);
    }
    kernel_end_turn(pool, &pool->kernels.making_task);
    return status;
}

/* ---- the end ---- */

static bool is_being_built(const yk_control *control, uint64_t word)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&control->workers[i].building) == word) {
            return true;
        }
    }
    return false;
}

/* Frees a kernel without users, unless a worker is still building it: its texts are
 * needed until then. */
static void kernel_try_free_locked(yoke_kernel *kernel)
{
    yoke_pool *pool = kernel->pool;

    if (!pool->liveness.broken &&
        is_being_built(pool->control, kernel->id << 8 | kernel->slot)) {
        return;
    }
    free_texts(pool, &pool->control->kernels[kernel->slot].kernel);
    pool->kernels.by_slot[kernel->slot] = NULL;
    yk_handle_free(kernel);
}

void yk_kernel_release_locked(yoke_kernel *kernel)
{
    if (--kernel->users == 0) {
        /* Workers check the id again after they have announced that they build it. */
        atomic_store(&kernel->pool->control->kernels[kernel->slot].id, 0);
        kernel_try_free_locked(kernel);
    }
}

void yk_kernel_release(yoke_kernel *kernel)
{
    yoke_pool *pool = kernel->pool;

    yk_pool_lock(pool);
    yk_kernel_release_locked(kernel);
    yk_pool_unlock(pool);
}

void yk_kernels_sweep_locked(yoke_pool *pool)
{
    for (uint32_t slot = 0; slot < YK_MAX_KERNELS; slot++) {
        if (pool->kernels.by_slot[slot] != NULL &&
            pool->kernels.by_slot[slot]->users == 0) {
            kernel_try_free_locked(pool->kernels.by_slot[slot]);
        }
    }
}

void yk_kernel_table_fini(yk_kernel_table *table)
{
    for (uint32_t i = 0; i < YK_MAX_KERNELS; i++) {
        yk_handle_free(table->by_slot[i]);
    }
}
