/* SPDX-License-Identifier: MIT */
#include "cli/run/run_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/formats/array_file.h"
#include "cli/number.h"

enum {
    OPTION_RANGE = 256,
    OPTION_OFFSET,
    OPTION_GROUP,
    OPTION_SPLIT,
    OPTION_ROUND_UP,
    OPTION_BUILD,
    OPTION_DEVICES,
    OPTION_REPEAT,
    OPTION_TIMEOUT,
    OPTION_BUILD_TIMEOUT,
    OPTION_CHECK,
    OPTION_CHUNK,
    OPTION_STATS
};

static const char short_options[] = "hq";

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"range", required_argument, NULL, OPTION_RANGE},
    {"offset", required_argument, NULL, OPTION_OFFSET},
    {"group", required_argument, NULL, OPTION_GROUP},
    {"split", required_argument, NULL, OPTION_SPLIT},
    {"round-up", no_argument, NULL, OPTION_ROUND_UP},
    {"build", required_argument, NULL, OPTION_BUILD},
    {"devices", required_argument, NULL, OPTION_DEVICES},
    {"repeat", required_argument, NULL, OPTION_REPEAT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"build-timeout", required_argument, NULL, OPTION_BUILD_TIMEOUT},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"chunk", required_argument, NULL, OPTION_CHUNK},
    {"stats", no_argument, NULL, OPTION_STATS},
    {"quiet", no_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

/* X[,Y[,Z]], none of them below `least`; how many there are, or 0. */
static unsigned parse_sizes(size_t sizes[3], const char *text, size_t least)
{
    unsigned count = 0;

    while (count < 3) {
        text = yk_scan_size(text, &sizes[count]);
        if (text == NULL || sizes[count] < least) {
            return 0;
        }
        count++;
        if (*text == '\0') {
            return count;
        }
        if (*text++ != ',') {
            return 0;
        }
    }
    return 0;
}

static bool set_range(yk_run_options *options, const char *text,
                      yk_complaint *complaint)
{
    size_t size[3] = {1, 1, 1};
    const unsigned dimensions = parse_sizes(size, text, 1);

    if (dimensions == 0 && strspn(text, "0123456789,") == strlen(text)) {
        return yk_complain(complaint,
                           "--range: '%s' is not one to three sizes above 0, X[,Y[,Z]]",
                           text);
    }
    options->range_file = dimensions == 0 ? text : NULL;
    options->range.dimensions = dimensions;
    memcpy(options->range.size, size, sizeof size);
    return true;
}

static bool set_offset(yk_run_options *options, const char *text,
                       yk_complaint *complaint)
{
    size_t offset[3] = {0, 0, 0};

    options->offset_count = parse_sizes(offset, text, 0);
    if (options->offset_count == 0) {
        return yk_complain(
            complaint, "--offset: '%s' is not one to three numbers, X[,Y[,Z]]", text);
    }
    memcpy(options->range.begin, offset, sizeof offset);
    return true;
}

static bool set_group(yk_run_options *options, const char *text,
                      yk_complaint *complaint)
{
    size_t group[3] = {1, 1, 1};

    options->group_count = parse_sizes(group, text, 1);
    if (options->group_count == 0) {
        return yk_complain(complaint,
                           "--group: '%s' is not one to three sizes above 0, X[,Y[,Z]]",
                           text);
    }
    memcpy(options->group, group, sizeof group);
    return true;
}

static bool set_split(yk_run_options *options, const char *text,
                      yk_complaint *complaint)
{
    static const char names[] = "xyz";
    const char *found = strlen(text) == 1 ? strchr(names, text[0]) : NULL;

    if (found == NULL) {
        return yk_complain(complaint, "--split: '%s' is not x, y or z", text);
    }
    options->range.split = (yoke_split)(YOKE_SPLIT_X + (int)(found - names));
    return true;
}

static bool set_repeat(yk_run_options *options, const char *text,
                       yk_complaint *complaint)
{
    enum { MOST = 1000000 };

    if (!yk_parse_size(text, &options->repeat) || options->repeat == 0 ||
        options->repeat > MOST) {
        return yk_complain(complaint, "--repeat: '%s' is not a number from 1 to %d",
                           text, MOST);
    }
    return true;
}

static bool set_chunk(yk_run_options *options, const char *text, yk_complaint *complaint)
{
    return (yk_parse_size(text, &options->chunk) && options->chunk > 0) ||
           yk_complain(complaint, "--chunk: '%s' is not a number of items above 0", text);
}

static bool set_seconds(double *seconds, const char *option, const char *text,
                        yk_complaint *complaint)
{
    static const double most = 1e9;
    char *end;

    *seconds = strtod(text, &end);
    return (end != text && *end == '\0' && *seconds > 0 && *seconds <= most) ||
           yk_complain(complaint, "%s: '%s' is not a number of seconds above 0 and up "
                                  "to %g",
                       option, text, most);
}

static bool set_option(yk_run_options *options, int option, const char *value,
                       yk_complaint *complaint)
{
    switch (option) {
    case OPTION_RANGE:
        return set_range(options, value, complaint);
    case OPTION_GROUP:
        return set_group(options, value, complaint);
    case OPTION_OFFSET:
        return set_offset(options, value, complaint);
    case OPTION_SPLIT:
        return set_split(options, value, complaint);
    case OPTION_REPEAT:
        return set_repeat(options, value, complaint);
    case OPTION_TIMEOUT:
        return set_seconds(&options->timeout, "--timeout", value, complaint);
    case OPTION_BUILD_TIMEOUT:
        return set_seconds(&options->build_timeout, "--build-timeout", value,
                           complaint);
    case OPTION_ROUND_UP:
        options->round_up = true;
        return true;
    case OPTION_BUILD:
        if (options->build != NULL) {
            return yk_complain(complaint, "--build: give all options at once");
        }
        options->build = value;
        return true;
    case OPTION_DEVICES:
        options->devices = value;
        return true;
    case OPTION_CHUNK:
        return set_chunk(options, value, complaint);
    case OPTION_STATS:
        options->stats = true;
        return true;
    case OPTION_CHECK:
        options->check = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    default:
        return false;
    }
}

static bool check_group(const yk_run_options *options, yk_complaint *complaint)
{
    static const char names[] = "xyz";
    const yoke_range *range = &options->range;

    if (options->group_count == 0) {
        return !options->round_up ||
               yk_complain(complaint, "--round-up needs a work-group size: --group");
    }
    if (options->group_count != range->dimensions) {
        return yk_complain(complaint, "--group has %u sizes and --range has %u",
                           options->group_count, range->dimensions);
    }
    for (unsigned i = 0; i < range->dimensions && !options->round_up; i++) {
        if (range->size[i] % options->group[i] != 0) {
            return yk_complain(complaint,
                               "--range: %zu in %c is not a multiple of --group's %zu; "
                               "with --round-up the launch is padded, for kernels that "
                               "test their ids",
                               range->size[i], names[i], options->group[i]);
        }
    }
    return true;
}

/* Whether the sizes fit each other. */
static bool check_dimensions(const yk_run_options *options, yk_complaint *complaint)
{
    const yoke_range *range = &options->range;

    if ((unsigned)range->split > range->dimensions) {
        return yk_complain(complaint, "--split: the range has only %u dimension%s",
                           range->dimensions, range->dimensions == 1 ? "" : "s");
    }
    if (options->offset_count != 0 && options->offset_count != range->dimensions) {
        return yk_complain(complaint, "--offset has %u numbers and --range has %u",
                           options->offset_count, range->dimensions);
    }
    return check_group(options, complaint);
}

static bool run_options_check(const yk_run_options *options, yk_complaint *complaint)
{
    if (options->range.dimensions == 0 && options->range_file == NULL) {
        return yk_complain(complaint, "--range is missing");
    }
    if (options->quiet && options->stats) {
        return yk_complain(complaint, "--quiet and --stats exclude each other");
    }
    return options->range_file != NULL || check_dimensions(options, complaint);
}

/* A work-item for each pixel of a picture, else for each element; x is the last axis. */
static bool range_of_file(yoke_range *range, const yk_array_file *file,
                          yk_complaint *complaint)
{
    const unsigned axes = yk_array_file_is_picture(file) ? 2 : file->shape.axes;

    if (axes == 0 || axes > 3 || file->shape.count == 0) {
        return yk_complain(complaint,
                           "a range has one to three dimensions, none of them empty; "
                           "the array has other axes: give the sizes");
    }
    range->dimensions = axes;
    for (unsigned i = 0; i < axes; i++) {
        range->size[i] = file->shape.shape[axes - 1 - i];
    }
    return true;
}

bool yk_run_options_find_range(yk_run_options *options, yk_complaint *complaint)
{
    yk_array_file file;
    bool good;

    if (options->range_file == NULL) {
        return true;
    }
    good = yk_array_file_open(&file, options->range_file, NULL, complaint);
    if (good) {
        good = range_of_file(&options->range, &file, complaint);
        yk_array_file_close(&file);
    }
    return good ? check_dimensions(options, complaint)
                : yk_complain_about(complaint, "--range: %s", options->range_file);
}

/* FILE KERNEL ARG... */
static bool set_words(yk_run_options *options, int count, char **words,
                      yk_complaint *complaint)
{
    if (count < 2) {
        return yk_complain(complaint, count == 0 ? "FILE.cl and KERNEL are missing"
                                                 : "KERNEL is missing");
    }
    options->file = words[0];
    options->kernel = words[1];
    options->arguments = words + 2;
    options->argument_count = (size_t)count - 2;
    return true;
}

bool yk_run_options_parse(yk_run_options *options, int argc, char **argv,
                          yk_complaint *complaint)
{
    int option;

    memset(options, 0, sizeof *options);
    options->repeat = 1;
    complaint->text[0] = '\0';
    while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) !=
           -1) {
        if (option == 'h') {
            options->help = true;
            return true;
        }
        if (!set_option(options, option, optarg, complaint)) {
            return false;
        }
    }
    return set_words(options, argc - optind, argv + optind, complaint) &&
           run_options_check(options, complaint);
}
