/* SPDX-License-Identifier: MIT */
#include "source/build_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options with a value, which is in the same word or the next one. */
typedef enum option_kind {
    OPTION_OTHER,
    OPTION_QUOTED_FOLDER, /* folders, in the order of the search */
    OPTION_FOLDER,
    OPTION_SYSTEM_FOLDER,
    OPTION_LAST_FOLDER,
    OPTION_FILE,
    OPTION_DEFINE,
    OPTION_UNDEFINE,
} option_kind;

static const struct {
    const char *name;
    option_kind kind;
    bool is_separate; /* the value is always the next word */
} known[] = {
    {"-include", OPTION_FILE, true},
    {"-iquote", OPTION_QUOTED_FOLDER, false},
    {"-isystem", OPTION_SYSTEM_FOLDER, false},
    {"-idirafter", OPTION_LAST_FOLDER, false},
    {"-I", OPTION_FOLDER, false},
    {"-D", OPTION_DEFINE, false},
    {"-U", OPTION_UNDEFINE, false},
};

/* One option as it stands in the text, with its value. */
typedef struct option {
    option_kind kind;
    const char *begin;
    const char *end;
    const char *value; /* with its quotes; for known options */
} option;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_spaces(const char *at)
{
    while (is_space(*at)) {
        at++;
    }
    return at;
}

/* Quotes protect spaces; a backslash protects the next character. */
static const char *word_end(const char *at)
{
    char quote = '\0';

    for (; *at != '\0' && (quote != '\0' || !is_space(*at)); at++) {
        if (*at == '\\' && quote != '\'' && at[1] != '\0') {
            at++;
        } else if (*at == quote) {
            quote = '\0';
        } else if (quote == '\0' && (*at == '"' || *at == '\'')) {
            quote = *at;
        }
    }
    return at;
}

static char *build_option_unquoted(const char *begin, const char *end)
{
    char *const text = malloc((size_t)(end - begin) + 1);
    char *to = text;
    char quote = '\0';

    for (const char *at = begin; text != NULL && at < end; at++) {
        if (*at == '\\' && quote != '\'' && at + 1 < end &&
            strchr(" \t\"'\\", at[1]) != NULL) {
            *to++ = *++at;
        } else if (*at == quote) {
            quote = '\0';
        } else if (quote == '\0' && (*at == '"' || *at == '\'')) {
            quote = *at;
        } else {
            *to++ = *at;
        }
    }
    if (text != NULL) {
        *to = '\0';
    }
    return text;
}

/* Drivers treat quotes differently; -DNAME="x" is a string for most. */
static char *macro_value(const char *begin, const char *end)
{
    const char *const equals = memchr(begin, '=', (size_t)(end - begin));

    if (equals != NULL && end - equals > 2 && equals[1] == '"' && end[-1] == '"' &&
        memchr(equals, '\\', (size_t)(end - equals)) == NULL) {
        return strndup(begin, (size_t)(end - begin));
    }
    return build_option_unquoted(begin, end);
}

/* -DNAME is NAME 1, -DNAME=x is NAME x. */
static char *build_option_definition(const char *begin, const char *end)
{
    char *const value = macro_value(begin, end);
    char *const equals = value != NULL ? strchr(value, '=') : NULL;
    char *text = NULL;

    if (equals != NULL) {
        *equals = ' ';
        return value;
    }
    if (value != NULL && asprintf(&text, "%s 1", value) < 0) {
        text = NULL;
    }
    free(value);
    return text;
}

static option next_option(const char *at)
{
    option found = {OPTION_OTHER, at, word_end(at), NULL};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const size_t length = strlen(known[i].name);

        if (strncmp(at, known[i].name, length) != 0 ||
            (known[i].is_separate && at + length != found.end)) {
            continue;
        }
        found.kind = known[i].kind;
        found.value = at + length;
        if (found.value == found.end) {
            found.value = skip_spaces(found.end);
            found.end = word_end(found.value);
        }
        return found;
    }
    return found;
}

/* Takes over the text. False if it is NULL. */
static bool add_text(yk_texts *texts, char *text)
{
    char **const more =
        text != NULL ? realloc((void *)texts->list, (texts->count + 1) * sizeof(char *))
                     : NULL;

    if (more == NULL) {
        free(text);
        return false;
    }
    texts->list = more;
    texts->list[texts->count++] = text;
    return true;
}

static bool is_folder_option(option_kind kind)
{
    return kind >= OPTION_QUOTED_FOLDER && kind <= OPTION_LAST_FOLDER;
}

static bool add_folders(yk_build_options *options, const char *text, option_kind kind)
{
    bool good = true;

    for (const char *at = skip_spaces(text); *at != '\0' && good;) {
        const option found = next_option(at);

        if (found.kind == kind) {
            good = add_text(&options->folders,
                            build_option_unquoted(found.value, found.end));
        }
        at = skip_spaces(found.end);
    }
    return good;
}

static bool take_option(yk_build_options *options, const option *found, FILE *rest)
{
    if (found->kind == OPTION_FILE) {
        return add_text(&options->files,
                        build_option_unquoted(found->value, found->end));
    }
    if (is_folder_option(found->kind)) {
        return true;
    }
    fprintf(rest, "%s%.*s", ftell(rest) > 0 ? " " : "",
            (int)(found->end - found->begin), found->begin);
    if (found->kind == OPTION_DEFINE) {
        return add_text(&options->defined,
                        build_option_definition(found->value, found->end));
    }
    return found->kind != OPTION_UNDEFINE ||
           add_text(&options->undefined,
                    build_option_unquoted(found->value, found->end));
}

static bool read_others(yk_build_options *options, const char *text)
{
    size_t length;
    FILE *const rest = open_memstream(&options->rest, &length);
    bool good = rest != NULL;

    for (const char *at = skip_spaces(text); *at != '\0' && good;) {
        const option found = next_option(at);

        good = take_option(options, &found, rest);
        at = skip_spaces(found.end);
    }
    return rest != NULL && fclose(rest) == 0 && good;
}

bool yk_build_options_read(yk_build_options *options, const char *text)
{
    bool good = true;

    memset(options, 0, sizeof *options);
    for (int kind = OPTION_QUOTED_FOLDER; kind <= OPTION_LAST_FOLDER && good; kind++) {
        good = add_folders(options, text, (option_kind)kind);
        if (kind == OPTION_QUOTED_FOLDER) {
            options->angled = options->folders.count;
        }
    }
    return good && read_others(options, text);
}

static void free_option_texts(yk_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->list[i]);
    }
    free((void *)texts->list);
}

void yk_build_options_fini(yk_build_options *options)
{
    free(options->rest);
    free_option_texts(&options->folders);
    free_option_texts(&options->files);
    free_option_texts(&options->defined);
    free_option_texts(&options->undefined);
    memset(options, 0, sizeof *options);
}
