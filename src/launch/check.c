/* SPDX-License-Identifier: MIT */
#include "launch/check.h"

#include "base/text.h"
#include "launch/alias.h"
#include "launch/check_between.h"
#include "launch/check_copies.h"
#include "launch/check_used.h"
#include "launch/footprint.h"

/* What the items of the whole range access of an argument, or only what they write. */
typedef struct touched {
    yk_extent extents[YK_MAX_EXTENTS];
    size_t count;
} touched;

static touched written_of(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t first = launch->begin[launch->split];
    touched t;

    t.count = yk_footprint_write(launch, arg, first,
                                 first + launch->size[launch->split], t.extents);
    return t;
}

/* What is read and written counts as read; there is a separate extent for what is only written. */
static touched touched_of(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t first = launch->begin[launch->split];
    touched t;

    if ((arg->access & YK_READ) == 0) {
        return written_of(launch, arg);
    }
    t.count = yk_footprint_read(launch, arg, first, first + launch->size[launch->split],
                                t.extents);
    return t;
}

static bool sets_meet(const touched *a, const touched *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            if (yk_extents_meet(&a->extents[i], &b->extents[k])) {
                return true;
            }
        }
    }
    return false;
}

/* Whether the first argument writes what the second accesses. */
static bool arg_disturbs(const yk_launch *a, const yk_arg *x, const yk_launch *b,
                         const yk_arg *y)
{
    touched written;
    touched other;

    if ((x->access & YK_WRITE) == 0) {
        return false;
    }
    written = written_of(a, x);
    other = touched_of(b, y);
    return sets_meet(&written, &other);
}

bool yk_args_conflict(const yk_launch *a, const yk_arg *x, const yk_launch *b,
                      const yk_arg *y)
{
    return x->kind == YK_ARG_ARRAY && y->kind == YK_ARG_ARRAY &&
           (arg_disturbs(a, x, b, y) || arg_disturbs(b, y, a, x));
}

void yk_parameter_label(const yk_parameter *parameter, size_t index,
                        char text[YK_PARAMETER_LABEL_BYTES])
{
    if (parameter == NULL || parameter->name[0] == '\0') {
        yk_text_format(text, YK_PARAMETER_LABEL_BYTES, "parameter %zu", index + 1);
    } else {
        yk_text_format(text, YK_PARAMETER_LABEL_BYTES, "parameter %zu ('%s', %s)", index + 1,
                       parameter->name, parameter->type);
    }
}

/* The compiler may rely on it that no other parameter is the same memory. Found here, so that all
 * devices say the same, also those that run a native form. */
static yoke_status check_promise(const yk_launch_input *input, uint32_t index,
                                 uint32_t other, yk_error *error)
{
    const yk_promises *promises = &input->kernel->promises;
    const bool is_constant = yk_promise_has(promises->constant, index);
    char label[YK_PARAMETER_LABEL_BYTES];

    if (!is_constant && !yk_promise_has(promises->restricted, index)) {
        return YOKE_OK;
    }
    yk_parameter_label((int)index < input->parameter_count ? &input->parameters[index] : NULL,
                       index, label);
    return yk_fail(error, YOKE_EINVAL,
                   "%s is declared %s, so argument %u cannot be the same array, one of "
                   "them read and one written; declare it __global without restrict",
                   label, is_constant ? "__constant" : "restrict", other + 1);
}

/* What is used but not passed follows the arguments. */
static yoke_status check_pair(const yk_launch *launch, const yk_launch_input *input,
                              uint32_t first, uint32_t second, yk_error *error)
{
    yoke_status status;

    if (second >= launch->arg_count) {
        return yk_used_refuse_overlap(launch, first, second, error);
    }
    status = yk_alias_check(launch, first, second, error);
    if (status == YOKE_OK) {
        status = check_promise(input, first, second, error);
    }
    return status == YOKE_OK ? check_promise(input, second, first, error) : status;
}

static yoke_status check_overlap(yk_launch *launch, const yk_launch_input *input,
                                 yk_error *error)
{
    bool has_aliases = false;
    yoke_status status = YOKE_OK;

    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        for (uint32_t j = 0; j < i && status == YOKE_OK; j++) {
            if (yk_args_conflict(launch, &launch->args[j], launch, &launch->args[i])) {
                status = check_pair(launch, input, j, i, error);
                has_aliases = true;
            }
        }
    }
    if (status == YOKE_OK && has_aliases) {
        yk_alias_join(launch);
    }
    return status;
}

static yoke_status check_count(const yk_launch_input *input, yk_error *error)
{
    const int expected = input->parameter_count;
    const size_t declared = input->kernel->parameter_count;
    size_t passed;

    if (input->request->arg_count > YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EINVAL,
                       "%zu arguments given; at most %d are allowed",
                       input->request->arg_count, YK_MAX_ARGS);
    }
    if (input->request->arg_count > 0 && input->request->args == NULL) {
        return yk_fail(error, YOKE_EINVAL, "`args` is NULL");
    }
    passed = yk_request_passed(input->request);
    if (declared != 0 && passed != declared) {
        return yk_fail(error, YOKE_EINVAL,
                       "%zu argument(s) given, the kernel takes %zu (.parameters)", passed,
                       declared);
    }
    if (expected >= 0 && passed != (size_t)expected) {
        return yk_fail(error, YOKE_EINVAL, "%zu argument(s) given, the kernel takes %d",
                       passed, expected);
    }
    return YOKE_OK;
}

static bool writes_whole(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && arg->parts == YK_PARTS_WHOLE &&
           (arg->access & YK_WRITE) != 0;
}

/* What is used but not passed is listed behind the arguments: those by pointer first, so that all
 * have the numbers of the call. */
static yoke_status fill_args(yk_launch *launch, const yk_launch_input *input, yk_error *error)
{
    const size_t count = input->request->arg_count;
    const size_t passed = launch->arg_count;
    size_t values_used = 0;
    yoke_status status = YOKE_OK;

    for (size_t i = passed; i < count && status == YOKE_OK; i++) {
        status = yk_launch_fill_pointed(launch, i, input, error);
    }
    for (size_t i = 0; i < passed && status == YOKE_OK; i++) {
        status = yk_launch_fill_arg(launch, i, input, &values_used, error);
    }
    launch->value_bytes = values_used;
    for (size_t i = 0; i < count && status == YOKE_OK; i++) {
        launch->whole |= writes_whole(&launch->args[i]);
    }
    if (status == YOKE_OK) {
        yk_check_search(launch);
        status = yk_check_scattered(launch, error);
    }
    return status;
}

yoke_status yk_launch_fill(yk_launch *launch, const yk_launch_input *input,
                           yk_error *error)
{
    yoke_status status = yk_launch_fill_range(launch, input->kernel, &input->request->range,
                                              input->request->options.round_up, error);

    launch->arg_count = 0;
    launch->used_count = 0;
    if (status == YOKE_OK) {
        status = check_count(input, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    launch->kernel_id = input->kernel->id;
    launch->whole = 0;
    launch->block_items = 0;
    launch->arg_count = (uint32_t)yk_request_passed(input->request);
    launch->task = input->request->task;
    status = fill_args(launch, input, error);
    return status == YOKE_OK ? check_overlap(launch, input, error) : status;
}
