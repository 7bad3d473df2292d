/* SPDX-License-Identifier: MIT */
#include "source/source.h"

#include <stddef.h>

#include "source/lexer.h"

/* The words to search for, and whether text that cannot be seen counts as found. */
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

static const char *const image_words[] = {
    "image1d_t",       "image2d_t",       "image3d_t",
    "image1d_array_t", "image2d_array_t", "image1d_buffer_t",
};

static const char *const include_words[] = {"include", "include_next", "import"};

#define WORDS(list) (list), sizeof(list) / sizeof(list)[0]

static bool source_is_one_of(yk_token word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (yk_token_is(word, words[i])) {
            return true;
        }
    }
    return false;
}

/* Whether the token pastes words together or includes another file. */
static bool hides_text(yk_token token, const char *behind)
{
    return token.kind == YK_TOKEN_PASTE ||
           (token.kind == YK_TOKEN_HASH &&
            source_is_one_of(yk_lex(&behind), WORDS(include_words)));
}

static bool source_contains(const char *source, const word_list *list)
{
    yk_token token;

    while ((token = yk_lex(&source)).kind != YK_TOKEN_END) {
        if ((token.kind == YK_TOKEN_WORD &&
             source_is_one_of(token, list->words, list->count)) ||
            (list->opaque && hides_text(token, source))) {
            return true;
        }
    }
    return false;
}

bool yk_source_names_images(const char *source)
{
    return source_contains(source, &(word_list){WORDS(image_words), false});
}

bool yk_source_is_size_word(yk_token word)
{
    return source_is_one_of(word, WORDS(size_words)) ||
           source_is_one_of(word, WORDS(group_words));
}

bool yk_source_asks_sizes(const char *source)
{
    return source_contains(source, &(word_list){WORDS(size_words), true});
}

bool yk_source_asks_groups(const char *source)
{
    return source_contains(source, &(word_list){WORDS(group_words), true});
}

bool yk_source_uses_groups(const char *source)
{
    return source_contains(source, &(word_list){WORDS(group_uses), false});
}
