/* SPDX-License-Identifier: MIT */
#include "kernel/source.h"

#include <stddef.h>
#include <string.h>

enum { WORD_BYTES = 64 };

/* What is looked for, and whether what cannot be seen counts as found. */
typedef struct word_list {
    const char *const *words;
    size_t count;
    bool opaque;
} word_list;

static const char *const size_words[] = {
    "get_global_size",
    "get_num_groups",
    "get_global_offset",
    "get_global_linear_id",
};

static const char *const group_words[] = {
    "get_group_id",
};

static const char *const group_uses[] = {
    "get_group_id",
    "get_num_groups",
    "get_local_id",
    "get_local_size",
    "get_local_linear_id",
    "get_enqueued_local_size",
    "barrier",
    "work_group_barrier",
    "async_work_group_copy",
    "async_work_group_strided_copy",
    "__local",
    "local",
};

static const char *const include_words[] = {"include", "include_next", "import"};

#define WORDS(list) (list), sizeof(list) / sizeof(list)[0]

/* Where the next character lies, behind line splices. */
static const char *skip_splices(const char *at)
{
    while (at[0] == '\\' && (at[1] == '\n' || (at[1] == '\r' && at[2] == '\n'))) {
        at += at[1] == '\n' ? 2 : 3;
    }
    return at;
}

static const char *step(const char *at)
{
    return *at == '\0' ? at : skip_splices(at + 1);
}

static bool begins_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_char(char c)
{
    return begins_word(c) || is_digit(c);
}

/* Copies the word at `at` (cut if too long: then it is none of ours); returns its end.
 */
static const char *take_word(const char *at, char word[WORD_BYTES])
{
    size_t length = 0;

    for (; is_word_char(*at); at = step(at)) {
        if (length < WORD_BYTES - 1) {
            word[length++] = *at;
        }
    }
    word[length] = '\0';
    return at;
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *skip_line(const char *at)
{
    while (*at != '\0' && *at != '\n') {
        at = step(at);
    }
    return at;
}

static const char *skip_comment(const char *at)
{
    at = step(step(at));
    while (*at != '\0') {
        const char *next = step(at);

        if (*at == '*' && *next == '/') {
            return step(next);
        }
        at = next;
    }
    return at;
}

/* Up to the closing quote, or the end of the line if there is none. */
static const char *skip_quoted(const char *at)
{
    const char quote = *at;

    at = step(at);
    while (*at != '\0' && *at != quote && *at != '\n') {
        at = *at == '\\' ? step(step(at)) : step(at);
    }
    return *at == quote ? step(at) : at;
}

static const char *skip_number(const char *at)
{
    while (is_word_char(*at) || *at == '.') {
        at = step(at);
    }
    return at;
}

/* Skips a comment, string or number if there is one; otherwise returns `at`. */
static const char *skip_silent(const char *at)
{
    if (*at == '/' && *step(at) == '/') {
        return skip_line(at);
    }
    if (*at == '/' && *step(at) == '*') {
        return skip_comment(at);
    }
    if (*at == '"' || *at == '\'') {
        return skip_quoted(at);
    }
    return is_digit(*at) ? skip_number(at) : at;
}

static bool is_hash(const char *at, const char **end)
{
    if (*at == '#') {
        *end = step(at);
        return true;
    }
    if (*at == '%' && *step(at) == ':') {
        *end = step(step(at));
        return true;
    }
    return false;
}

/* Whether the text behind a '#' pastes words together or brings in another file. */
static bool hides_text(const char *at)
{
    char word[WORD_BYTES];
    const char *end;

    if (is_hash(at, &end)) {
        return true;
    }
    while (*at == ' ' || *at == '\t' || (*at == '/' && *step(at) == '*')) {
        at = *at == '/' ? skip_comment(at) : step(at);
    }
    (void)take_word(at, word);
    return is_one_of(word, WORDS(include_words));
}

static bool contains(const char *source, const word_list *list)
{
    char word[WORD_BYTES];
    const char *at = skip_splices(source);

    while (*at != '\0') {
        const char *next = skip_silent(at);

        if (next != at) {
            at = next;
        } else if (begins_word(*at)) {
            at = take_word(at, word);
            if (is_one_of(word, list->words, list->count)) {
                return true;
            }
        } else if (is_hash(at, &next)) {
            if (list->opaque && hides_text(next)) {
                return true;
            }
            at = next;
        } else {
            at = step(at);
        }
    }
    return false;
}

bool yk_source_asks_sizes(const char *source)
{
    return contains(source, &(word_list){WORDS(size_words), true});
}

bool yk_source_asks_groups(const char *source)
{
    return contains(source, &(word_list){WORDS(group_words), true});
}

bool yk_source_uses_groups(const char *source)
{
    return contains(source, &(word_list){WORDS(group_uses), false});
}
