/* SPDX-License-Identifier: MIT */
#include "protocol/selection.h"

#include <ctype.h>
#include <string.h>

#include "protocol/device_kinds.h"

static char *selection_trim(char *text)
{
    char *end;

    while (isspace((unsigned char)*text)) {
        text++;
    }
    end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1])) {
        *--end = '\0';
    }
    return text;
}

/* The kind that a word of the device string is of, and what parses it. */
static const yk_device_word *find_word(const char *text, uint32_t *kind)
{
    for (*kind = 1; *kind < yk_device_kinds_end(); ++*kind) {
        const yk_device_word *word = yk_device_kind_at(*kind)->words;

        for (; word->word != NULL; word++) {
            if (strcmp(text, word->word) == 0) {
                return word;
            }
        }
    }
    return NULL;
}

static yoke_status refuse_word(const char *text, yk_error *error)
{
    (void)yk_fail(error, YOKE_EINVAL, "unknown device \"%s\": expected ", text);
    for (uint32_t kind = 1; kind < yk_device_kinds_end(); kind++) {
        yk_error_append(error, "%s%s", kind > 1 ? ", " : "",
                        yk_device_kind_at(kind)->grammar);
    }
    return YOKE_EINVAL;
}

static yoke_status parse_one(yk_selector *selector, char *text, yk_error *error)
{
    char *detail = text;
    const yk_device_word *word;

    memset(selector, 0, sizeof *selector);
    word = find_word(strsep(&detail, ":"), &selector->kind);
    return word != NULL ? word->parse(selector, detail, error)
                        : refuse_word(text, error);
}

yoke_status yk_selection_parse(yk_selection *selection, const char *text,
                               yk_error *error)
{
    char copy[sizeof selection->text];
    char *rest = copy;
    char *word;

    memset(selection, 0, sizeof *selection);
    if (strlen(text) >= sizeof copy) {
        return yk_fail(error, YOKE_EINVAL,
                       "the list of devices is longer than %zu bytes", sizeof copy - 1);
    }
    memcpy(copy, text, strlen(text) + 1);
    memcpy(selection->text, text, strlen(text) + 1);
    while ((word = strsep(&rest, ",")) != NULL) {
        yoke_status status;

        if (selection->count == YK_MAX_SELECTORS) {
            return yk_fail(error, YOKE_EINVAL, "more than %d devices in the list",
                           YK_MAX_SELECTORS);
        }
        status = parse_one(&selection->selectors[selection->count++],
                           selection_trim(word), error);
        if (status != YOKE_OK) {
            return status;
        }
    }
    return YOKE_OK;
}

bool yk_selection_has(const yk_selection *selection, uint32_t kind)
{
    for (uint32_t i = 0; i < selection->count; i++) {
        if (selection->selectors[i].kind == kind) {
            return true;
        }
    }
    return false;
}

bool yk_selection_wants_discovery(const yk_selection *selection)
{
    for (uint32_t i = 0; i < selection->count; i++) {
        if (yk_device_kind_has_drivers(selection->selectors[i].kind)) {
            return true;
        }
    }
    return false;
}

bool yk_selection_is_discovered(const yk_selection *selection)
{
    for (uint32_t i = 0; i < selection->count; i++) {
        if (!yk_device_kind_has_drivers(selection->selectors[i].kind)) {
            return false;
        }
    }
    return true;
}

bool yk_selection_requires(const yk_selection *selection)
{
    for (uint32_t i = 0; i < selection->count; i++) {
        if (selection->selectors[i].required != 0) {
            return true;
        }
    }
    return false;
}

bool yk_selector_matches(const yk_selector *selector, const yk_candidate *candidate)
{
    return selector->kind == candidate->kind &&
           yk_device_kind_has_drivers(selector->kind) &&
           yk_device_kind_at(selector->kind)->discovery->matches(selector, candidate);
}

const yk_selector *yk_selection_pick(const yk_selection *selection,
                                     const yk_candidate *candidate)
{
    for (uint32_t i = 0; i < selection->count; i++) {
        if (yk_selector_matches(&selection->selectors[i], candidate)) {
            return &selection->selectors[i];
        }
    }
    return NULL;
}
