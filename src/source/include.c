/* SPDX-License-Identifier: MIT */
#include "source/include.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "source/expander.h"

void yk_whole_source_fini(yk_whole_source *whole)
{
    free(whole->source);
    free(whole->options);
    memset(whole, 0, sizeof *whole);
}

static void read_clock(yk_expander *x)
{
    const time_t now = time(NULL);
    struct tm parts = {.tm_mday = 1};

    (void)localtime_r(&now, &parts);
    (void)strftime(x->date, sizeof x->date, "\"%b %e %Y\"", &parts);
    (void)strftime(x->time, sizeof x->time, "\"%H:%M:%S\"", &parts);
}

static void define_options(yk_expander *x)
{
    const yk_build_options *const options = x->options;

    for (size_t i = 0; i < options->defined.count; i++) {
        yk_conditions_define(x->conditions, options->defined.list[i]);
        if (x->has_numbers) {
            yk_number_definition(x, options->defined.list[i]);
        }
    }
    for (size_t i = 0; i < options->undefined.count; i++) {
        yk_conditions_undefine(x->conditions, options->undefined.list[i]);
    }
}

static void write_source(yk_expander *x, const char *source)
{
    yk_frame frame = {
        .at = source,
        .line = 1,
        .folder = YK_NO_FOLDER,
        .name = {.kind = YK_TOKEN_END},
    };

    define_options(x);
    for (size_t i = 0; i < x->options->files.count; i++) {
        yk_include_first(x, &frame, x->options->files.list[i]);
    }
    yk_put_line(x, &frame, 1);
    yk_expand(x, &frame);
}

static yoke_status fail_expansion(const yk_expander *x, bool is_written,
                                  const char *noun, yk_error *error)
{
    if (x->is_too_large) {
        return yk_fail(error, YOKE_EINVAL,
                       "%s: the files that its source includes exceed %d MiB", noun,
                       YK_MAX_INCLUDED_BYTES >> 20);
    }
    if (x->conditions->is_too_deep) {
        return yk_fail(error, YOKE_EINVAL, "%s: #if is nested more than %d deep", noun,
                       YK_MAX_GROUPS);
    }
    return is_written && !x->headers.is_short_of_memory &&
                   !x->conditions->macros.is_short_of_memory
               ? YOKE_OK
               : yk_fail(error, YOKE_ENOMEM,
                         "%s: cannot allocate memory for its source", noun);
}

/* One pass over the source. */
static yoke_status expand_source(yk_expander *x, char **text, const char *source,
                                 const char *noun, yk_error *error)
{
    size_t length;
    bool is_written = false;
    yoke_status status;

    *text = NULL;
    x->is_changed = false;
    x->file_macro_count = 0;
    x->line_count = 0;
    x->conditions = calloc(1, sizeof *x->conditions);
    x->out = open_memstream(text, &length);
    if (x->conditions == NULL || x->out == NULL) {
        status = yk_fail(error, YOKE_ENOMEM,
                         "%s: cannot allocate memory for its source", noun);
    } else {
        write_source(x, source);
        is_written = ferror(x->out) == 0;
        status = fail_expansion(x, is_written, noun, error);
    }
    if (x->out != NULL) {
        (void)fclose(x->out);
    }
    if (x->conditions != NULL) {
        yk_conditions_fini(x->conditions);
        free(x->conditions);
    }
    return status;
}

static yoke_status expand_twice(yk_expander *x, char **text, const char *source,
                                const char *noun, yk_error *error)
{
    yoke_status status = expand_source(x, text, source, noun, error);

    if (status == YOKE_OK && x->needs_numbers) {
        free(*text);
        x->has_numbers = true;
        status = expand_source(x, text, source, noun, error);
    }
    if (status == YOKE_OK && !x->is_changed) {
        free(*text);
        *text = strdup(source);
        status = *text != NULL ? YOKE_OK : yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    return status;
}

yoke_status yk_whole_source_make(yk_whole_source *whole, const char *source,
                                 const char *options, const char *noun, yk_error *error)
{
    yk_build_options read;
    yk_expander x = {
        .options = &read,
        .max_bytes = (long)strlen(source) + YK_MAX_INCLUDED_BYTES,
    };
    yoke_status status = YOKE_OK;

    memset(whole, 0, sizeof *whole);
    if (!yk_build_options_read(&read, options)) {
        status = yk_fail(error, YOKE_ENOMEM,
                         "%s: cannot allocate memory for its options", noun);
    } else {
        read_clock(&x);
        yk_headers_init(&x.headers, &read);
        status = expand_twice(&x, &whole->source, source, noun, error);
        yk_headers_fini(&x.headers);
        free(x.file_macros);
    }
    whole->options = read.rest;
    read.rest = NULL;
    yk_build_options_fini(&read);
    if (status != YOKE_OK) {
        yk_whole_source_fini(whole);
    }
    return status;
}
