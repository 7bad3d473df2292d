/* SPDX-License-Identifier: MIT */
#include "protocol/selection.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "driver/discovery.h"

enum { MAX_COUNT = 256 };

static const char grammar[] =
    "known are cpu, cpu:N, gpu, opencl, opencl:NUMBER, opencl:NAME, fake:NxSPEED";

/* A whole number from 0 to the end of the text. */
static bool selection_parse_number(const char *text, uint64_t *value)
{
    char *end;

    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    *value = strtoull(text, &end, 10);
    return *end == '\0';
}

static yoke_status parse_cpu(yk_selector *selector, char *detail, yk_error *error)
{
    uint64_t count;

    selector->kind = YK_SELECT_CPU;
    if (detail == NULL) {
        return YOKE_OK;
    }
    if (!selection_parse_number(detail, &count) || count < 1 || count > MAX_COUNT) {
        return yk_fail(error, YOKE_EINVAL,
                       "\"cpu:%s\": a number of workers from 1 to %d is expected",
                       detail, MAX_COUNT);
    }
    selector->count = (uint32_t)count;
    return YOKE_OK;
}

static yoke_status parse_gpu(yk_selector *selector, char *detail, yk_error *error)
{
    selector->kind = YK_SELECT_GPU;
    if (detail != NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "\"gpu:%s\": name a device as opencl:NUMBER or opencl:NAME",
                       detail);
    }
    return YOKE_OK;
}

static yoke_status parse_opencl(yk_selector *selector, char *detail, yk_error *error)
{
    uint64_t index;

    selector->kind = YK_SELECT_OPENCL;
    if (detail == NULL) {
        return YOKE_OK;
    }
    if (detail[0] == '\0' || strlen(detail) >= sizeof selector->text) {
        return yk_fail(error, YOKE_EINVAL,
                       "\"opencl:%s\": a device number or part of a name is expected",
                       detail);
    }
    if (selection_parse_number(detail, &index) && index < INT32_MAX) {
        selector->index = (int32_t)index;
        return YOKE_OK;
    }
    for (size_t i = 0; detail[i] != '\0'; i++) {
        selector->text[i] = (char)tolower((unsigned char)detail[i]);
    }
    return YOKE_OK;
}

static yoke_status parse_fake_trait(yk_selector *selector, const char *trait,
                                    yk_error *error)
{
    const struct {
        const char *name;
        uint64_t *value;
    } faults[] = {
        {"crash=", &selector->crash_at},
        {"hang=", &selector->hang_at},
        {"fail=", &selector->fail_at},
    };

    if (strcmp(trait, "private") == 0) {
        selector->discrete = 1;
        return YOKE_OK;
    }
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const size_t length = strlen(faults[i].name);

        if (strncmp(trait, faults[i].name, length) == 0 &&
            selection_parse_number(trait + length, faults[i].value)) {
            return YOKE_OK;
        }
    }
    return yk_fail(error, YOKE_EINVAL,
                   "a fake device has no trait \"%s\": known are private, crash=N, "
                   "hang=N, fail=N",
                   trait);
}

/* COUNTxSPEED, both optional. */
static bool parse_fake_size(yk_selector *selector, char *text)
{
    char *by = strchr(text, 'x');
    uint64_t count = 1;

    if (by != NULL) {
        *by = '\0';
        if (!yk_parse_double(by + 1, &selector->speed)) {
            return false;
        }
    }
    if (text[0] != '\0' && !selection_parse_number(text, &count)) {
        return false;
    }
    selector->count = (uint32_t)count;
    return count >= 1 && count <= MAX_COUNT && selector->speed > 0 &&
           selector->speed <= 1;
}

static yoke_status parse_fake(yk_selector *selector, char *detail, yk_error *error)
{
    char *rest = detail;
    char *size = strsep(&rest, "/");
    char *trait;

    selector->kind = YK_SELECT_FAKE;
    selector->count = 1;
    selector->speed = 1;
    if (size != NULL && !parse_fake_size(selector, size)) {
        return yk_fail(
            error, YOKE_EINVAL,
            "a fake device is fake:COUNTxSPEED with a count from 1 to %d and "
            "0 < speed <= 1, such as fake:4x0.25",
            MAX_COUNT);
    }
    while ((trait = strsep(&rest, "/")) != NULL) {
        const yoke_status status = parse_fake_trait(selector, trait, error);

        if (status != YOKE_OK) {
            return status;
        }
    }
    return YOKE_OK;
}

static const struct {
    const char *name;
    yoke_status (*parse)(yk_selector *selector, char *detail, yk_error *error);
} kinds[] = {
    {"cpu", parse_cpu},
    {"gpu", parse_gpu},
    {"opencl", parse_opencl},
    {"fake", parse_fake},
};

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

static yoke_status parse_one(yk_selector *selector, char *word, yk_error *error)
{
    char *detail = word;
    const char *kind = strsep(&detail, ":");

    memset(selector, 0, sizeof *selector);
    selector->index = -1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i].name) == 0) {
            return kinds[i].parse(selector, detail, error);
        }
    }
    return yk_fail(error, YOKE_EINVAL, "unknown device \"%s\": %s", kind, grammar);
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

bool yk_selection_wants_opencl(const yk_selection *selection)
{
    return yk_selection_has(selection, YK_SELECT_GPU) ||
           yk_selection_has(selection, YK_SELECT_OPENCL);
}

static bool selection_contains(const char *text, const char *lower)
{
    const size_t length = strlen(lower);

    for (; *text != '\0'; text++) {
        size_t i = 0;

        while (i < length &&
               tolower((unsigned char)text[i]) == (unsigned char)lower[i]) {
            i++;
        }
        if (i == length) {
            return true;
        }
    }
    return false;
}

bool yk_selector_matches(const yk_selector *selector, const yk_candidate *candidate)
{
    if (selector->kind == YK_SELECT_GPU) {
        return candidate->type == YK_OPENCL_GPU ||
               candidate->type == YK_OPENCL_ACCELERATOR;
    }
    if (selector->kind != YK_SELECT_OPENCL) {
        return false;
    }
    if (selector->index >= 0) {
        return selector->index == candidate->index;
    }
    return selector->text[0] == '\0' ||
           selection_contains(candidate->driver, selector->text) ||
           selection_contains(candidate->platform, selector->text) ||
           selection_contains(candidate->device, selector->text);
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
