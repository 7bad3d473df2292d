/* SPDX-License-Identifier: MIT */
#include "patterns/parts_by.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/check.h"
#include "pool/pool.h"
#include "pool/submit.h"
#include "sys/call_guard.h"

/* Begins, then ends, of the items from `first` on. */
typedef struct parts_table {
    uint64_t *memory;
    size_t bytes;
    uint64_t first;
    uint64_t count;
} parts_table;

typedef struct parts_by {
    yk_completion completion;
    yoke_pool *pool;
    yk_completion *others; /* the request's */
    yk_range_items items;
    yoke_arg args[YK_MAX_ARGS]; /* the request's */
    parts_table tables[YK_MAX_ARGS];
    size_t table_count;
} parts_by;

static void parts_by_give_back(parts_by *self, yoke_pool *pool)
{
    for (size_t i = 0; i < self->table_count; i++) {
        yk_spares_put(&pool->spares, &pool->arena, self->tables[i].memory,
                      self->tables[i].bytes);
    }
    free(self);
}

static void parts_by_drop(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    (void)future;
    parts_by_give_back((parts_by *)completion, pool);
}

static const yk_completion_ops parts_by_ops = {.drop = parts_by_drop};

/* A function of the program was left: there is no job. */
static void undo_parts_by(void *object, uint64_t unused)
{
    parts_by *self = object;
    yoke_pool *pool = self->pool;

    (void)unused;
    yk_pool_lock(pool);
    yk_completions_drop(self->others, pool, NULL);
    parts_by_give_back(self, pool);
    yk_pool_unlock(pool);
    yk_pool_leave(pool);
}

/* ---- which items an array counts ---- */

static void parts_by_count(parts_table *table, const yk_range_items *items, const yoke_arg *arg)
{
    const bool by_group = arg->parts == YOKE_PARTS_GROUP;

    table->first = by_group || arg->from_begin ? 0 : items->begin;
    table->count = by_group ? items->groups : items->count;
}

static yoke_status parts_by_allocate(parts_table *table, yoke_pool *pool, yk_error *error)
{
    uint64_t bytes;

    if (!yk_mul(yk_max(table->count, 1), 2 * sizeof *table->memory, &bytes)) {
        return yk_fail(error, YOKE_EINVAL, "size overflow: %llu items",
                       (unsigned long long)table->count);
    }
    table->bytes = (size_t)bytes;
    yk_pool_lock(pool);
    table->memory = yk_spares_take(&pool->spares, &table->bytes);
    yk_pool_unlock(pool);
    if (table->memory == NULL) {
        table->memory = yk_arena_alloc(&pool->arena, table->bytes, error);
    }
    if (table->memory == NULL) {
        yk_error_prefix(error, "the parts of %llu items: ", (unsigned long long)table->count);
        return YOKE_ENOMEM;
    }
    return YOKE_OK;
}

/* ---- the function ---- */

typedef struct parts_call {
    const yoke_arg *arg;
    const parts_table *table;
} parts_call;

static void parts_by_call(void *context)
{
    const parts_call *call = context;
    const parts_table *table = call->table;

    for (uint64_t i = 0; i < table->count; i++) {
        size_t begin = 0;
        size_t end = 0;

        call->arg->parts_function((size_t)(table->first + i), &begin, &end,
                                  call->arg->parts_context);
        table->memory[i] = begin;
        table->memory[table->count + i] = end;
    }
}

static yoke_status parts_by_fill(parts_by *self, const parts_table *table, const yoke_arg *arg,
                                 yk_error *error)
{
    parts_call call = {arg, table};
    bool returned;

    yk_pool_enter(self->pool);
    yk_hold(undo_parts_by, self, 0);
    yk_user_callback_begin(self->pool, true);
    returned = yk_user_call(parts_by_call, &call, error);
    yk_user_callback_end();
    yk_hold_end();
    yk_pool_leave(self->pool);
    if (!returned) {
        yk_error_prefix(error, "the function that says which parts an item has: ");
    }
    return returned ? YOKE_OK : error->status;
}

/* ---- the arguments ---- */

/* The number of an earlier argument with the same items and the same function. */
static size_t parts_by_find(const parts_by *self, size_t index)
{
    const yoke_arg *arg = &self->args[index];
    size_t i = 0;

    while (i < index && (self->args[i].parts_function != arg->parts_function ||
                         self->args[i].parts_context != arg->parts_context ||
                         self->args[i].parts != arg->parts ||
                         self->args[i].from_begin != arg->from_begin)) {
        i++;
    }
    return i;
}

/* As if the table began with item 0. */
static const void *parts_by_base(const parts_table *table, uint64_t column)
{
    return (const void *)((uintptr_t)(table->memory + column * table->count) -
                          (uintptr_t)(table->first * sizeof *table->memory));
}

static yoke_status parts_by_make(parts_by *self, size_t index, yk_error *error)
{
    yoke_arg *arg = &self->args[index];
    parts_table *table = &self->tables[self->table_count];
    const size_t same = parts_by_find(self, index);
    yoke_status status;

    if (arg->offsets != NULL || arg->ends != NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array can be ragged or divided by a function, not both");
    }
    if (same < index) {
        arg->offsets = self->args[same].offsets;
        arg->ends = self->args[same].ends;
        arg->offset_bytes = self->args[same].offset_bytes;
        return YOKE_OK;
    }
    parts_by_count(table, &self->items, arg);
    status = parts_by_allocate(table, self->pool, error);
    if (status != YOKE_OK) {
        return status;
    }
    self->table_count++;
    arg->offsets = parts_by_base(table, 0);
    arg->ends = parts_by_base(table, 1);
    arg->offset_bytes = sizeof *table->memory;
    return parts_by_fill(self, table, arg, error);
}

static yoke_status parts_by_make_all(parts_by *self, const yk_request *request,
                                     yk_error *error)
{
    yoke_status status = YOKE_OK;

    self->others = request->completions;
    for (size_t i = 0; i < request->arg_count && status == YOKE_OK; i++) {
        if (self->args[i].kind == YOKE_ARG_ARRAY && self->args[i].parts_function != NULL) {
            status = parts_by_make(self, i, error);
            if (status != YOKE_OK) {
                yk_error_prefix(error, "argument %zu: ", i + 1);
            }
        }
    }
    return status;
}

static yoke_status parts_by_create(parts_by **result, yoke_pool *pool, yk_request *request,
                                   yk_error *error)
{
    parts_by *self = calloc(1, sizeof *self);

    *result = self;
    if (self == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    self->completion.ops = &parts_by_ops;
    self->pool = pool;
    memcpy(self->args, request->args, request->arg_count * sizeof *self->args);
    return YOKE_OK;
}

/* More arguments than are possible are refused later, unread. */
static bool parts_by_are_in(const yk_request *request)
{
    const size_t count =
        request->args != NULL && request->arg_count <= YK_MAX_ARGS ? request->arg_count : 0;

    for (size_t i = 0; i < count; i++) {
        if (request->args[i].parts_function != NULL) {
            return true;
        }
    }
    return false;
}

yoke_status yk_parts_by_attach(yoke_pool *pool, yk_request *request, yk_error *error)
{
    const yk_kernel *kernel;
    parts_by *self;
    yoke_status status;

    if (!parts_by_are_in(request)) {
        return YOKE_OK;
    }
    kernel = &pool->control->kernels[request->kernel->slot].kernel;
    status = parts_by_create(&self, pool, request, error);
    if (status == YOKE_OK) {
        status = yk_range_count_items(&self->items, kernel, &request->range,
                                      request->options.round_up, error);
    }
    if (status == YOKE_OK) {
        status = parts_by_make_all(self, request, error);
    }
    if (status == YOKE_OK) {
        request->args = self->args;
        yk_completion_attach(&request->completions, &self->completion);
        return YOKE_OK;
    }
    if (self != NULL) {
        yk_pool_lock(pool);
        parts_by_give_back(self, pool);
        yk_pool_unlock(pool);
    }
    yk_error_prefix(error, "%s '%s': ", yk_kernel_noun(kernel), kernel->name);
    return status;
}

yoke_status yk_parts_by_submit(yoke_future **future, yoke_pool *pool, yk_request *request,
                               yk_error *error)
{
    const yoke_status status = yk_parts_by_attach(pool, request, error);

    if (status == YOKE_OK) {
        return yk_submit(future, pool, request, error);
    }
    *future = NULL;
    yk_pool_lock(pool);
    yk_completions_drop(request->completions, pool, NULL);
    yk_pool_unlock(pool);
    return status;
}
