/* SPDX-License-Identifier: MIT */
/*
 * A device that checks what kernels do to their arguments. Another device computes, piece by
 * piece, in images of the arrays. See docs/architecture.md, "Checking".
 */
#include "checked/checked.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "checked/compare.h"
#include "checked/finding.h"
#include "checked/pointed.h"
#include "checked/stage.h"
#include "checked/unit_size.h"
#include "sys/fence.h"
#include "sys/wakeup.h"

typedef struct check_device {
    yk_device base;
    yk_device *inner;
    bool is_source; /* the inner device runs source */
    const yk_kernel *kernel;
    const yk_launch *launch; /* that was begun; NULL: none */
    uint64_t launch_id;
    uint64_t last_id;            /* given to a launch of the inner device */
    const yk_check_stage *begun; /* the stage that the inner device runs; NULL: none */
    uint64_t unit_items;         /* run at a time */
    yk_check_stage *stages[YK_PLACES]; /* NULL: not used yet */
    yk_comparison comparison;
    yk_pointed pointed;
    yk_unit passing; /* the chunk that is passed through */
    yk_error scratch;
} check_device;

/* Launches of the inner device have ids that no job has. */
static const uint64_t first_id = UINT64_C(1) << 62;

static check_device *check_of(yk_device *device)
{
    return (check_device *)(void *)device;
}

/* ---- as the inner device does ---- */

static yoke_status check_inner(const check_device *check, yk_error *error)
{
    yk_device_info info;

    check->inner->ops->describe(check->inner, &info);
    if (!info.shares_memory || info.max_block_bytes != 0) {
        return yk_fail(
            error, YOKE_EUNSUPPORTED,
            "the checking mode needs a driver that accepts any pointer; %s does "
            "not",
            info.driver);
    }
    return YOKE_OK;
}

static void check_close(yk_device *device);

static const yk_device_ops check_ops;

yoke_status yk_check_open(yk_device **device, const yk_device_kind *inner,
                          const yk_device_config *config, yk_error *error)
{
    check_device *check = calloc(1, sizeof *check);
    yoke_status status;

    *device = NULL;
    if (check == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "cannot allocate memory for a device");
    }
    check->base.ops = &check_ops;
    check->is_source = (inner->traits & YK_TRAIT_RUNS_FUNCTIONS) == 0;
    check->last_id = first_id;
    status = inner->ops->open(&check->inner, config, error);
    if (status == YOKE_OK) {
        status = check_inner(check, error);
    }
    if (status != YOKE_OK) {
        check_close(&check->base);
        return status;
    }
    *device = &check->base;
    return YOKE_OK;
}

static void check_describe(const yk_device *device, yk_device_info *info)
{
    const check_device *check = (const check_device *)(const void *)device;

    check->inner->ops->describe(check->inner, info);
    info->lanes = 1;
}

static yoke_status check_build(yk_device *device, const yk_kernel *kernel,
                               yk_error *error)
{
    yk_device *inner = check_of(device)->inner;

    return inner->ops->build(inner, kernel, error);
}

static int check_parameters(yk_device *device, const yk_kernel *kernel,
                            yk_parameter parameters[YK_MAX_ARGS])
{
    yk_device *inner = check_of(device)->inner;

    return inner->ops->parameters(inner, kernel, parameters);
}

static void check_forget(yk_device *device, uint64_t kernel_id)
{
    yk_device *inner = check_of(device)->inner;

    inner->ops->forget(inner, kernel_id);
}

/* ---- a launch ---- */

static void check_end(yk_device *device)
{
    check_device *check = check_of(device);

    check->inner->ops->end(check->inner);
    for (size_t i = 0; i < YK_PLACES; i++) {
        if (check->stages[i] != NULL) {
            yk_stage_fini(check->stages[i]);
        }
        free(check->stages[i]);
        check->stages[i] = NULL;
    }
    yk_pointed_fini(&check->pointed);
    check->begun = NULL;
    check->launch = NULL;
}

static void check_close(yk_device *device)
{
    check_device *check = check_of(device);

    if (check == NULL) {
        return;
    }
    if (check->inner != NULL) {
        check_end(device);
        check->inner->ops->close(check->inner);
    }
    yk_comparison_fini(&check->comparison);
    free(check);
}

static bool writes_through_pointers(const yk_launch *launch)
{
    for (uint32_t i = launch->arg_count; i < yk_launch_array_count(launch); i++) {
        if ((launch->args[i].access & YK_WRITE) != 0 &&
            (launch->args[i].flags & YK_ARG_BY_POINTER) != 0) {
            return true;
        }
    }
    return false;
}

/* Tasks are called only once, since they may have other effects; so are kernels that write
 * through pointers, which lead to the arrays themselves and not to images. */
static bool is_passed_through(const check_device *check)
{
    return yk_kernel_is_task(check->kernel) || check->kernel->is_own != 0 ||
           writes_through_pointers(check->launch);
}

static yoke_status check_begin(yk_device *device, const yk_kernel *kernel,
                               const yk_launch *launch, yk_error *error)
{
    check_device *check = check_of(device);
    yoke_status status;

    if (check->launch == launch && check->launch_id == launch->id) {
        return YOKE_OK;
    }
    check_end(device);
    status = check->inner->ops->begin(check->inner, kernel, launch, error);
    if (status != YOKE_OK) {
        return status;
    }
    check->kernel = kernel;
    check->launch = launch;
    check->launch_id = launch->id;
    check->unit_items = yk_unit_choose(launch, check->is_source);
    yk_pointed_init(&check->pointed, launch);
    return YOKE_OK;
}

static yoke_status get_stage(check_device *check, yk_image_place place,
                             yk_check_stage **stage, yk_error *error)
{
    yoke_status status;

    *stage = check->stages[place];
    if (*stage != NULL) {
        return YOKE_OK;
    }
    *stage = calloc(1, sizeof **stage);
    if (*stage == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "cannot allocate memory to check a kernel");
    }
    status = yk_stage_init(*stage, check->launch, place, error);
    if (status != YOKE_OK) {
        free(*stage);
        return status;
    }
    check->stages[place] = *stage;
    return YOKE_OK;
}

/* ---- runs ---- */

/* Gives the inner device the images' addresses, unless it has them already. */
static yoke_status bind_stage(check_device *check, yk_check_stage *stage,
                              yk_error *error)
{
    if (check->begun == stage) {
        return YOKE_OK;
    }
    check->begun = stage;
    stage->launch.id = ++check->last_id;
    return check->inner->ops->begin(check->inner, check->kernel, &stage->launch, error);
}

static yoke_status open_stage(check_device *check, yk_check_stage *stage, yk_unit unit,
                              yk_error *error)
{
    bool has_moved;
    const yoke_status status = yk_stage_open(stage, unit, &has_moved, error);

    if (has_moved && check->begun == stage) {
        check->begun = NULL;
    }
    return status;
}

static yoke_status check_report(check_device *check, const yk_finding *finding,
                                yk_error *error)
{
    yk_parameter parameters[YK_MAX_ARGS];
    const int count =
        check->inner->ops->parameters(check->inner, check->kernel, parameters);

    return yk_finding_report(finding, check->launch, parameters, count, error);
}

/* After a run: whether it has written to memory that it may only read through pointers. */
static yoke_status check_pointed(check_device *check, yk_unit unit,
                                 const yk_trespass *trespass, yk_error *error)
{
    yk_finding found = {.kind = YK_FOUND_WRITE, .unit = unit};

    return yk_pointed_find(&check->pointed, trespass->address, &found.index,
                           &found.offset)
               ? check_report(check, &found, error)
               : YOKE_OK;
}

/* A yk_stage_runner. */
static yoke_status run_unit(void *context, yk_check_stage *stage, yk_unit unit,
                            yk_outcome *outcome, yk_error *error)
{
    check_device *check = context;
    const bool is_repeated = error == NULL;

    error = error != NULL ? error : &check->scratch;
    outcome->status = bind_stage(check, stage, error);
    if (is_repeated) {
        yk_output_mute();
    }
    if (outcome->status == YOKE_OK) {
        outcome->status = yk_device_run(check->inner, unit.begin, unit.end, error);
    }
    outcome->has_trespassed = yk_fences_settle(&outcome->trespass);
    if (outcome->has_trespassed &&
        yk_pointed_has(&check->pointed, outcome->trespass.fence)) {
        outcome->has_trespassed = false;
        outcome->status = check_pointed(check, unit, &outcome->trespass, error);
    }
    if (is_repeated) {
        yk_output_unmute();
    }
    return outcome->status;
}

static yk_unit unit_at(const check_device *check, uint64_t begin, uint64_t end)
{
    const uint64_t one = yk_max(check->launch->group[check->launch->split], 1);

    return (yk_unit){begin, yk_min(end, begin + check->unit_items),
                     check->unit_items == one};
}

/* Runs the unit in pages beside which no others are open, at a place where an access next to
 * what is declared hits a closed page. */
static yoke_status run_fenced(check_device *check, yk_check_stage *stage, yk_unit unit,
                              yk_error *error)
{
    const yk_filling real = {YK_FILL_REAL, YK_FILL_REAL, 0};
    yk_outcome outcome = {.status = YOKE_OK};
    yk_finding found;
    yoke_status status = open_stage(check, stage, unit, error);

    if (status == YOKE_OK) {
        status = yk_stage_fill(stage, real, error);
    }
    if (status == YOKE_OK) {
        status = run_unit(check, stage, unit, &outcome, error);
    }
    if (!outcome.has_trespassed) {
        return status;
    }
    yk_finding_from(&found, stage, unit, &outcome.trespass);
    return check_report(check, &found, error);
}

static bool needs_place(const check_device *check, yk_image_place place, yk_unit unit)
{
    const yk_check_stage *stage = check->stages[YK_PLACE_END];

    if (place == YK_PLACE_END || place == YK_PLACE_BEGIN) {
        return true;
    }
    for (uint32_t i = 0; i < check->launch->arg_count; i++) {
        if (stage->images[i].arg != NULL &&
            yk_image_has_more_places(&stage->images[i], unit)) {
            return true;
        }
    }
    return false;
}

static yoke_status run_all_fenced(check_device *check, yk_image_place place,
                                  uint64_t begin, uint64_t end, yk_error *error)
{
    yk_check_stage *stage;
    yoke_status status = get_stage(check, place, &stage, error);

    if (status == YOKE_OK) {
        status = yk_stage_freeze(stage, error);
    }
    for (uint64_t at = begin; at < end && status == YOKE_OK; at += check->unit_items) {
        const yk_unit unit = unit_at(check, at, end);

        if (needs_place(check, place, unit)) {
            status = run_fenced(check, stage, unit, error);
        }
    }
    return status;
}

static yoke_status compare_one(check_device *check, yk_check_stage *stage, yk_unit unit,
                               yk_error *error)
{
    yk_finding found;
    bool is_found = false;
    yoke_status status = open_stage(check, stage, unit, error);

    if (status == YOKE_OK) {
        status = yk_compare_unit(&check->comparison, stage, unit, run_unit, check,
                                 &is_found, &found, error);
    }
    return status == YOKE_OK && is_found ? check_report(check, &found, error) : status;
}

static yoke_status compare_all(check_device *check, uint64_t begin, uint64_t end,
                               yk_error *error)
{
    yk_check_stage *stage;
    yoke_status status = get_stage(check, YK_PLACE_SAME, &stage, error);

    if (status == YOKE_OK) {
        status = yk_stage_freeze(stage, error);
    }
    for (uint64_t at = begin; at < end && status == YOKE_OK; at += check->unit_items) {
        status = compare_one(check, stage, unit_at(check, at, end), error);
    }
    return status;
}

/* Runs the chunk in place, as without checks: this is the job's result. What was computed in
 * images cannot be used, since addresses differ there, and only bytes that poison reveals are
 * known to be written. */
static yoke_status run_in_place(check_device *check, uint64_t begin, uint64_t end,
                                yk_error *error)
{
    yoke_status status =
        check->inner->ops->begin(check->inner, check->kernel, check->launch, error);

    check->begun = NULL;
    if (status == YOKE_OK) {
        yk_output_mute();
        status = yk_device_run(check->inner, begin, end, error);
        yk_output_unmute();
    }
    return status;
}

/* The same, while memory that is reached through pointers cannot be written. */
static yoke_status run_in_place_fenced(check_device *check, uint64_t begin, uint64_t end,
                                       yk_error *error)
{
    yk_trespass trespass;
    yoke_status status;

    if (check->pointed.count == 0) {
        return run_in_place(check, begin, end, error);
    }
    yk_fences_arm();
    yk_pointed_shut(&check->pointed, false);
    status = run_in_place(check, begin, end, error);
    if (yk_fences_settle(&trespass) && status == YOKE_OK) {
        status = yk_pointed_has(&check->pointed, trespass.fence)
                     ? check_pointed(check, (yk_unit){begin, end, false}, &trespass, error)
                     : yk_fail(error, YOKE_ECHECK,
                               "the kernel has used an address that it got in an earlier call");
    }
    yk_fences_disarm();
    return status;
}

/* What is not checked in images runs once. */
static yoke_status pass_start(check_device *check, unsigned lane, uint64_t begin,
                              uint64_t end, yk_error *error)
{
    yoke_status status;

    if (check->pointed.count > 0) {
        yk_fences_arm();
        yk_pointed_shut(&check->pointed, false);
    }
    check->passing = (yk_unit){begin, end, false};
    status = check->inner->ops->start(check->inner, lane, begin, end, error);
    if (status != YOKE_OK) {
        yk_trespass unused;

        (void)yk_fences_settle(&unused);
        yk_fences_disarm();
    }
    return status;
}

static yoke_status pass_finish(check_device *check, unsigned lane, yk_error *error)
{
    yoke_status status = check->inner->ops->finish(check->inner, lane, error);
    yk_trespass trespass;

    if (yk_fences_settle(&trespass) && status == YOKE_OK && error != NULL) {
        status = check_pointed(check, check->passing, &trespass, error);
    }
    yk_fences_disarm();
    return status;
}

static yoke_status check_start(yk_device *device, unsigned lane, uint64_t begin,
                               uint64_t end, yk_error *error)
{
    check_device *check = check_of(device);
    yoke_status status = YOKE_OK;

    if (is_passed_through(check)) {
        return pass_start(check, lane, begin, end, error);
    }
    yk_pointed_shut(&check->pointed, true);
    /* after a driver's handlers: the driver with which it builds was loaded in begin */
    yk_fences_arm();
    yk_output_mute();
    for (int place = YK_PLACE_END; place < YK_PLACES && status == YOKE_OK; place++) {
        status = run_all_fenced(check, (yk_image_place)place, begin, end, error);
    }
    yk_output_unmute();
    if (status == YOKE_OK) {
        status = compare_all(check, begin, end, error);
    }
    yk_fences_disarm();
    return status == YOKE_OK ? run_in_place_fenced(check, begin, end, error) : status;
}

static yoke_status check_finish(yk_device *device, unsigned lane, yk_error *error)
{
    check_device *check = check_of(device);

    return is_passed_through(check) ? pass_finish(check, lane, error) : YOKE_OK;
}

static const yk_device_ops check_ops = {
    .kind = "check", /* opened by yk_check_open() alone */
    .describe = check_describe,
    .build = check_build,
    .parameters = check_parameters,
    .forget = check_forget,
    .begin = check_begin,
    .start = check_start,
    .finish = check_finish,
    .end = check_end,
    .close = check_close,
};
