/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/complaint.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/run/argument.h"
#include "cli/run/array.h"
#include "cli/run/kernel_file.h"
#include "cli/run/parameter.h"
#include "cli/run/run_options.h"
#include "cli/run/summary.h"
#include "yoke/yoke.h"

#define LOOK_SECONDS 0.1

enum { PARAMETERS_TEXT = 512 };

/* One run of the command; everything may be half-built when it is finished. */
typedef struct run_state {
    const char *title; /* of the command, in messages */
    yk_run_options options;
    yk_argument *arguments;
    yk_array *arrays; /* one for each argument, zero where that is no array */
    yk_kernel_file source;
    yoke_pool *pool;
    yoke_kernel *kernel;
    yoke_arg *args;
    double *times;
    yk_progress progress;
    int signal;
    yk_complaint complaint;
    const char *long_text; /* a text of the library's that no complaint could hold */
} run_state;

static double run_clock(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static bool library_failed(run_state *run)
{
    run->long_text = yoke_pool_error(run->pool);
    return false;
}

static bool parse_arguments(run_state *run)
{
    const size_t count = run->options.argument_count;

    run->arguments = calloc(count + 1, sizeof *run->arguments);
    run->arrays = calloc(count + 1, sizeof *run->arrays);
    run->args = calloc(count + 1, sizeof *run->args);
    run->times = calloc(run->options.repeat, sizeof *run->times);
    if (run->arguments == NULL || run->arrays == NULL || run->args == NULL ||
        run->times == NULL) {
        return yk_complain(&run->complaint, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = run->options.arguments[i];

        if (!yk_argument_parse(&run->arguments[i], text, &run->complaint)) {
            return yk_complain_about(&run->complaint, "argument %zu, '%s'", i + 1,
                                     text);
        }
    }
    return true;
}

static bool argument_failed(run_state *run, size_t i,
                            const yoke_parameter_info *parameter)
{
    return yk_parameter_complain(&run->complaint, i + 1, &run->arguments[i], parameter);
}

/* Two arguments may not write one file. */
static bool check_results(run_state *run)
{
    for (size_t i = 0; i < run->options.argument_count; i++) {
        const char *target = run->arrays[i].result.target;

        for (size_t j = 0; j < i && target != NULL; j++) {
            const char *other = run->arrays[j].result.target;

            if (other != NULL && strcmp(target, other) == 0) {
                (void)yk_complain(&run->complaint,
                                  "%s is the result of argument %zu already", target,
                                  j + 1);
                return argument_failed(run, i, NULL);
            }
        }
    }
    return true;
}

/* Offsets that are another argument: an array that is only read. */
static bool check_ragged(run_state *run, size_t i)
{
    const size_t number = run->arguments[i].ragged_argument;
    const yk_array *offsets;

    if (number == 0) {
        return true;
    }
    offsets = number <= run->options.argument_count ? &run->arrays[number - 1] : NULL;
    if (offsets == NULL || offsets->argument == NULL ||
        offsets->argument->use->access != YOKE_ACCESS_READ) {
        return yk_complain(&run->complaint,
                           "/ragged=%zu: argument %zu is not an array that is read",
                           number, number);
    }
    return yk_array_check_offsets(&run->arrays[i], &offsets->shape, &run->complaint) ||
           yk_complain_about(&run->complaint, "/ragged=%zu", number);
}

/* The first array that was read; NULL: none. */
static const yk_shape *first_read(const run_state *run)
{
    for (size_t i = 0; i < run->options.argument_count; i++) {
        if (run->arrays[i].file.format != NULL) {
            return &run->arrays[i].shape;
        }
    }
    return NULL;
}

/* Those that are read first: what is created may be like them. */
static bool open_files(run_state *run, bool created)
{
    for (size_t i = 0; i < run->options.argument_count; i++) {
        if (run->arguments[i].kind == YOKE_ARG_ARRAY &&
            run->arguments[i].is_created == created &&
            !yk_array_open(&run->arrays[i], &run->arguments[i], &run->options.range,
                           created ? first_read(run) : NULL, &run->complaint)) {
            return argument_failed(run, i, NULL);
        }
    }
    return true;
}

/* The range, and values that are its sizes. */
static bool find_range(run_state *run)
{
    if (!yk_run_options_find_range(&run->options, &run->complaint)) {
        return false;
    }
    for (size_t i = 0; i < run->options.argument_count; i++) {
        if (!yk_argument_set_range(&run->arguments[i], &run->options.range,
                                   &run->complaint)) {
            return argument_failed(run, i, NULL);
        }
    }
    return true;
}

static bool open_arrays(run_state *run)
{
    if (!open_files(run, false) || !open_files(run, true)) {
        return false;
    }
    for (size_t i = 0; i < run->options.argument_count; i++) {
        if (run->arrays[i].argument != NULL &&
            !yk_array_divide(&run->arrays[i], &run->options.range, run->options.group,
                             &run->complaint)) {
            return argument_failed(run, i, NULL);
        }
    }
    for (size_t i = 0; i < run->options.argument_count; i++) {
        if (!check_ragged(run, i)) {
            return argument_failed(run, i, NULL);
        }
    }
    return check_results(run);
}

static bool start_pool(run_state *run)
{
    const yoke_pool_options options = {
        .devices = run->options.devices,
        .wait_ready = true,
        .check = run->options.check,
    };

    return yoke_pool_create(&run->pool, &options) == YOKE_OK || library_failed(run);
}

static bool build_kernel(run_state *run)
{
    yoke_kernel_options options = {
        .name = run->options.kernel,
        .source = run->source.text,
        .build_options = run->source.build_options,
        .build_timeout = run->options.build_timeout,
    };

    bool good;

    memcpy(options.group, run->options.group, sizeof options.group);
    yk_progress_init(&run->progress, run->pool, run->options.quiet, run->options.repeat);
    yk_progress_watch(&run->progress);
    good = yoke_kernel_create(&run->kernel, run->pool, &options) == YOKE_OK;
    yk_progress_clear(&run->progress);
    return good || library_failed(run);
}

/* A kernel that writes to what is only read does so on some devices, and there its results
 * are lost. Most that could do not: it is a warning. */
static void warn_of_writes(const run_state *run, const yoke_parameter_info *parameters,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const yk_argument *argument = &run->arguments[i];

        if (parameters[i].may_write && argument->kind == YOKE_ARG_ARRAY &&
            argument->use->access == YOKE_ACCESS_READ) {
            fprintf(stderr,
                    "%s: warning: argument %zu, '%s', is only read, but parameter '%s %s' "
                    "of kernel '%s' is not const: what the kernel writes there is not "
                    "kept (inout: would keep it; --check finds out)\n",
                    run->title, i + 1, argument->text, parameters[i].type,
                    parameters[i].name, run->options.kernel);
        }
    }
}

static bool run_compare_parameters(run_state *run,
                                   const yoke_parameter_info *parameters, size_t count)
{
    const size_t given = run->options.argument_count;

    if (given != count) {
        char list[PARAMETERS_TEXT];

        yk_parameter_list(list, sizeof list, parameters, count);
        return yk_complain(&run->complaint,
                           "%zu argument%s given, but kernel '%s' has %zu parameter%s: "
                           "(%s)",
                           given, given == 1 ? "" : "s", run->options.kernel, count,
                           count == 1 ? "" : "s", list);
    }
    for (size_t i = 0; i < count; i++) {
        if (!yk_parameter_check(&parameters[i], &run->arguments[i], &run->arrays[i],
                                &run->complaint)) {
            return argument_failed(run, i, &parameters[i]);
        }
    }
    warn_of_writes(run, parameters, count);
    return true;
}

/* Where no driver tells the parameters, the library and the device have the last word.
 */
static bool run_check_parameters(run_state *run)
{
    size_t count = 0;
    yoke_parameter_info *parameters;
    bool good;

    if (yoke_kernel_parameters(run->kernel, NULL, 0, &count) != YOKE_OK) {
        return true;
    }
    parameters = calloc(count + 1, sizeof *parameters);
    if (parameters == NULL) {
        return yk_complain(&run->complaint, "out of memory");
    }
    good = yoke_kernel_parameters(run->kernel, parameters, count, &count) != YOKE_OK ||
           run_compare_parameters(run, parameters, count);
    free(parameters);
    return good;
}

static bool load_arrays(run_state *run)
{
    for (size_t i = 0; i < run->options.argument_count; i++) {
        if (run->arrays[i].argument != NULL &&
            !yk_array_load(&run->arrays[i], run->pool, &run->complaint)) {
            return argument_failed(run, i, NULL);
        }
    }
    return true;
}

static yoke_arg run_array_arg(const run_state *run, size_t i)
{
    const yk_array *array = &run->arrays[i];
    const size_t number = array->argument->ragged_argument;
    yk_offsets offsets = array->offsets;

    if (number != 0) {
        offsets = (yk_offsets){run->arrays[number - 1].memory,
                               run->arrays[number - 1].shape.element->bytes};
    }
    return yk_division_arg(&array->division, array->argument, array->memory, offsets);
}

static yoke_arg run_arg(const run_state *run, size_t i)
{
    const yk_argument *argument = &run->arguments[i];

    switch (argument->kind) {
    case YOKE_ARG_ARRAY:
        return run_array_arg(run, i);
    case YOKE_ARG_LOCAL:
        return yoke_local(argument->local_bytes);
    case YOKE_ARG_NULL:
        return yoke_null();
    default:
        return yoke_scalar_bytes(argument->scalar.data, argument->scalar.bytes);
    }
}

static bool load_arguments(run_state *run)
{
    if (!load_arrays(run)) {
        return false;
    }
    for (size_t i = 0; i < run->options.argument_count; i++) {
        run->args[i] = run_arg(run, i);
    }
    return true;
}

static bool reset_arrays(run_state *run)
{
    for (size_t i = 0; i < run->options.argument_count; i++) {
        if (run->arrays[i].argument != NULL &&
            !yk_array_reset(&run->arrays[i], &run->complaint)) {
            return argument_failed(run, i, NULL);
        }
    }
    return true;
}

/* Waits for the job, showing how far it is; false if a signal came first. */
static bool run_await(run_state *run, yoke_future *future, size_t repetition,
                      double start, yoke_status *status)
{
    while ((*status = yoke_future_wait(future, LOOK_SECONDS)) == YOKE_ETIMEDOUT) {
        if (yk_interrupt_pending() != 0) {
            return false;
        }
        yk_progress_show(&run->progress, repetition, yoke_future_progress(future),
                         run_clock() - start);
    }
    return true;
}

static bool job_failed(run_state *run, yoke_future *future, yoke_status status)
{
    const char *text = yoke_future_error(future);

    yk_progress_clear(&run->progress);
    return yk_complain(&run->complaint, "%s",
                       text[0] != '\0' ? text : yoke_strerror(status));
}

static bool run_repetition(run_state *run, size_t repetition)
{
    const yoke_map_options options = {.round_up = run->options.round_up,
                                      .timeout = run->options.timeout,
                                      .chunk = run->options.chunk};
    const double start = run_clock();
    yoke_future *future = NULL;
    yoke_status status;
    bool good;

    if (yoke_map_async(&future, run->pool, run->kernel, run->options.range, &options,
                       run->args, run->options.argument_count) != YOKE_OK) {
        return library_failed(run);
    }
    good = run_await(run, future, repetition, start, &status);
    run->times[repetition] = run_clock() - start;
    if (good && status != YOKE_OK) {
        good = job_failed(run, future, status);
    }
    yoke_future_destroy(future);
    return good;
}

static bool run_all(run_state *run)
{
    bool good = true;

    yk_interrupt_hold(true);
    for (size_t i = 0; i < run->options.repeat && good; i++) {
        good = (i == 0 || reset_arrays(run)) && run_repetition(run, i);
    }
    yk_interrupt_hold(false);
    yk_progress_clear(&run->progress);
    run->signal = yk_interrupt_pending();
    return good && run->signal == 0;
}

static bool commit_results(run_state *run)
{
    bool good = true;

    yk_interrupt_block(true);
    for (size_t i = 0; i < run->options.argument_count && good; i++) {
        if (run->arrays[i].result.temporary != NULL) {
            good = yk_result_commit(&run->arrays[i].result, &run->complaint) ||
                   argument_failed(run, i, NULL);
        }
    }
    yk_interrupt_block(false);
    return good;
}

static bool write_results(run_state *run)
{
    for (size_t i = 0; i < run->options.argument_count; i++) {
        yk_array *array = &run->arrays[i];

        if (array->result.target != NULL &&
            !yk_result_write(&array->result, &array->shape, array->memory,
                             &run->complaint)) {
            return argument_failed(run, i, NULL);
        }
    }
    return commit_results(run);
}

static bool run_execute(run_state *run)
{
    return find_range(run) && open_arrays(run) &&
           yk_kernel_file_read(&run->source, run->options.file, run->options.build,
                               &run->complaint) &&
           start_pool(run) && build_kernel(run) && run_check_parameters(run) &&
           load_arguments(run) && run_all(run) && write_results(run);
}

/* Whether nothing came to light in the end, such as output of the kernel's that was lost. */
static bool close_pool(run_state *run)
{
    yoke_status status;

    yoke_kernel_destroy(run->kernel);
    status =
        run->signal != 0 ? yoke_pool_terminate(run->pool) : yoke_pool_close(run->pool);
    run->pool = NULL;
    return status == YOKE_OK || library_failed(run);
}

static void run_fini(run_state *run)
{
    for (size_t i = 0; run->arrays != NULL && i < run->options.argument_count; i++) {
        yk_array_fini(&run->arrays[i]);
    }
    for (size_t i = 0; run->arguments != NULL && i < run->options.argument_count; i++) {
        yk_argument_fini(&run->arguments[i]);
    }
    yk_kernel_file_fini(&run->source);
    free(run->arguments);
    free(run->arrays);
    free(run->args);
    free(run->times);
}

static void print_failure(const run_state *run, const char *title)
{
    if (run->signal != 0) {
        fprintf(stderr, "%s: interrupted\n", title);
    } else if (run->long_text != NULL) {
        fprintf(stderr, "%s: %s\n", title, run->long_text);
    } else {
        fprintf(stderr, "%s: %s\n", title, run->complaint.text);
    }
}

static int run_and_report(run_state *run, const char *title)
{
    const bool good = run_execute(run);

    if (!good) {
        print_failure(run, title);
    } else if (!run->options.quiet) {
        yk_summary_print(&run->options, run->arrays, run->pool, run->kernel,
                         run->times);
    }
    if (!close_pool(run) && good) {
        print_failure(run, title);
        return YK_CLI_FAILED;
    }
    return run->signal != 0 ? YK_CLI_SIGNAL + run->signal
           : good           ? YK_CLI_OK
                            : YK_CLI_FAILED;
}

static int wrong_usage(const run_state *run, const char *title)
{
    if (run->complaint.text[0] != '\0') {
        fprintf(stderr, "%s: %s\n", title, run->complaint.text);
    }
    fprintf(stderr, "See '%s --help'.\n", title);
    return YK_CLI_USAGE;
}

int yk_run_command(int argc, char **argv)
{
    run_state run = {0};
    int code;

    run.title = argv[0];
    yk_interrupt_watch();
    if (!yk_run_options_parse(&run.options, argc, argv, &run.complaint)) {
        return wrong_usage(&run, argv[0]);
    }
    if (run.options.help) {
        yk_run_print_help(stdout);
        return YK_CLI_OK;
    }
    code = parse_arguments(&run) ? run_and_report(&run, argv[0])
                                 : wrong_usage(&run, argv[0]);
    run_fini(&run);
    return code;
}
