/* SPDX-License-Identifier: MIT */
#include "checked/compare.h"

#include <stdlib.h>
#include <string.h>

#include "checked/stretch.h"

/* The runs of a unit. The first three are always made. */
enum { FIRST, SECOND, REAL, AGAIN, MIXED };

/* How often the influence of a byte is confirmed before it is reported, with each of its two
 * values. A kernel with random results passes all confirmations by chance in one of 4^20 cases. */
enum { CONFIRMATIONS = 20 };

/* What is needed to run the unit again. */
typedef struct trial {
    yk_comparison *comparison;
    yk_check_stage *stage;
    yk_unit unit;
    yk_stage_runner *runner;
    void *context;
    yk_error *error;
} trial;

/* ---- memory ---- */

static bool comparison_grow(yk_comparison *comparison, size_t bytes)
{
    const size_t needed = (2 * YK_OUTCOMES + 2) * bytes;

    if (needed <= comparison->capacity) {
        return true;
    }
    free(comparison->memory);
    comparison->memory = malloc(needed);
    comparison->capacity = comparison->memory == NULL ? 0 : needed;
    return comparison->memory != NULL;
}

static bool comparison_prepare(yk_comparison *comparison, const yk_check_stage *stage)
{
    const size_t bytes = yk_stage_writable_bytes(stage);
    unsigned char *at;

    if (!comparison_grow(comparison, bytes)) {
        return false;
    }
    at = comparison->memory;
    comparison->bytes = bytes;
    comparison->classes = at;
    comparison->kept = at + bytes;
    at += 2 * bytes;
    for (size_t i = 0; i < YK_OUTCOMES; i++) {
        comparison->outcomes[i] = (yk_outcome){.before = at, .after = at + bytes};
        at += 2 * bytes;
    }
    yk_stage_classify(stage, comparison->classes);
    return true;
}

void yk_comparison_fini(yk_comparison *comparison)
{
    free(comparison->memory);
    *comparison = (yk_comparison){.memory = NULL};
}

/* ---- runs ---- */

/* Fills the images, runs the unit and keeps the outcome. */
static yoke_status trial_run(const trial *t, yk_filling filling, int which)
{
    yk_outcome *outcome = &t->comparison->outcomes[which];
    yoke_status status = yk_stage_fill(t->stage, filling, t->error);

    if (status != YOKE_OK) {
        return status;
    }
    yk_stage_save(t->stage, outcome->before);
    status = t->runner(t->context, t->stage, t->unit, outcome,
                       which == REAL ? t->error : NULL);
    yk_stage_save(t->stage, outcome->after);
    return status == YOKE_EDEVICE ? status : YOKE_OK;
}

static yoke_status run_plain(const trial *t, yk_filler filler, int which)
{
    return trial_run(t, (yk_filling){.below = filler, .above = filler}, which);
}

static bool has_failed(const yk_outcome *outcome)
{
    return outcome->status != YOKE_OK || outcome->has_trespassed;
}

static bool is_untouched(const yk_outcome *outcome, size_t i)
{
    return outcome->before[i] == outcome->after[i];
}

/* Marks bytes as kept: those that are not declared as written, and those that neither run with
 * poison has written. */
static void mark_kept(yk_comparison *comparison)
{
    const yk_outcome *a = &comparison->outcomes[FIRST];
    const yk_outcome *b = &comparison->outcomes[SECOND];
    size_t end;

    for (size_t at = 0; at < comparison->bytes; at = end) {
        end = yk_stretch_end(comparison->classes, at, comparison->bytes);
        if (comparison->classes[at] == YK_BYTE_FOREIGN) {
            memset(comparison->kept + at, 1, end - at);
            continue;
        }
        for (size_t i = at; i < end; i++) {
            comparison->kept[i] = is_untouched(a, i) && is_untouched(b, i);
        }
    }
}

static bool differ_in(const yk_outcome *a, const yk_outcome *b, size_t at, size_t end)
{
    for (size_t i = at; i < end; i++) {
        if (a->after[i] != b->after[i] && !(is_untouched(a, i) && is_untouched(b, i))) {
            return true;
        }
    }
    return false;
}

/* Whether two runs ended differently, as far as the bytes that are declared as written show. */
static bool outcomes_differ(const yk_comparison *comparison, int x, int y)
{
    const yk_outcome *a = &comparison->outcomes[x];
    const yk_outcome *b = &comparison->outcomes[y];
    size_t end;

    if (a->status != b->status || a->has_trespassed != b->has_trespassed) {
        return true;
    }
    for (size_t at = 0; at < comparison->bytes && !has_failed(a); at = end) {
        end = yk_stretch_end(comparison->classes, at, comparison->bytes);
        if (comparison->classes[at] != YK_BYTE_FOREIGN && differ_in(a, b, at, end)) {
            return true;
        }
    }
    return false;
}

/* ---- findings ---- */

static void set_saved(yk_finding *found, const trial *t, yk_finding_kind kind,
                      size_t at)
{
    const yk_image *image = yk_stage_saved_image(t->stage, &at);

    *found = (yk_finding){.kind = kind,
                          .index = image->index,
                          .offset = yk_image_saved_offset(image, at),
                          .count = 1,
                          .unit = t->unit};
}

/* The first byte that a run has changed and that is not declared as written; the number of
 * bytes if there is none. */
static size_t first_stray(const yk_comparison *comparison, const yk_outcome *outcome)
{
    size_t end;

    for (size_t at = 0; at < comparison->bytes; at = end) {
        end = yk_stretch_end(comparison->classes, at, comparison->bytes);
        if (comparison->classes[at] == YK_BYTE_FOREIGN &&
            memcmp(outcome->before + at, outcome->after + at, end - at) != 0) {
            while (is_untouched(outcome, at)) {
                at++;
            }
            return at;
        }
    }
    return comparison->bytes;
}

static bool find_stray_write(const trial *t, yk_finding *found)
{
    for (int which = FIRST; which <= REAL; which++) {
        const size_t at = first_stray(t->comparison, &t->comparison->outcomes[which]);

        if (at < t->comparison->bytes) {
            set_saved(found, t, YK_FOUND_WRITE, at);
            return true;
        }
    }
    return false;
}

static bool find_unwritten(const trial *t, yk_finding *found)
{
    const yk_comparison *comparison = t->comparison;
    uint64_t count = 0;
    size_t first = 0;
    size_t end;

    for (size_t at = 0; at < comparison->bytes; at = end) {
        end = yk_stretch_end(comparison->classes, at, comparison->bytes);
        for (size_t i = at; i < end && comparison->classes[at] == YK_BYTE_MUST; i++) {
            first = comparison->kept[i] != 0 && count == 0 ? i : first;
            count += comparison->kept[i];
        }
    }
    if (count > 0) {
        set_saved(found, t, YK_FOUND_UNWRITTEN, first);
        found->count = count;
    }
    return count > 0;
}

/* Whether a kernel that runs again with the same bytes has the same outcome. */
static yoke_status is_steady(const trial *t, yk_filler filler, int which, bool *steady)
{
    yoke_status status = YOKE_OK;

    *steady = true;
    for (int i = 0; i < 2 && status == YOKE_OK && *steady; i++) {
        status = run_plain(t, filler, AGAIN);
        *steady = !outcomes_differ(t->comparison, which, AGAIN);
    }
    return status;
}

/* Finds the first byte on which a result depends, by binary search. With the bytes below it as
 * in the run `other` the unit ends as with the first poison; with that byte changed, too, it
 * does not. */
static yoke_status find_cause(const trial *t, yk_filler other, uint64_t *position)
{
    uint64_t same = 0;
    uint64_t different = yk_stage_positions(t->stage);
    yoke_status status = YOKE_OK;

    while (different - same > 1 && status == YOKE_OK) {
        const uint64_t middle = same + (different - same) / 2;
        const yk_filling filling = {other, YK_FILL_FIRST, middle};

        status = trial_run(t, filling, MIXED);
        if (outcomes_differ(t->comparison, FIRST, MIXED)) {
            different = middle;
        } else {
            same = middle;
        }
    }
    *position = same;
    return status;
}

/* Whether that byte, and no other, decides how the unit ends, in each of several runs. */
static yoke_status confirm_cause(const trial *t, yk_filler other, uint64_t position,
                                 bool *is_sure)
{
    yoke_status status = YOKE_OK;

    *is_sure = true;
    for (int i = 0; i < 2 * CONFIRMATIONS && status == YOKE_OK && *is_sure; i++) {
        const bool is_other = i % 2 != 0;
        const yk_filling filling = {other, YK_FILL_FIRST, position + is_other};

        status = trial_run(t, filling, MIXED);
        *is_sure = outcomes_differ(t->comparison, FIRST, MIXED) == is_other;
    }
    return status;
}

static yoke_status find_influence(const trial *t, yk_filler other, int which,
                                  bool *is_found, yk_finding *found)
{
    uint64_t position;
    const yk_image *image;
    bool steady;
    bool sure = false;
    yoke_status status = is_steady(t, YK_FILL_FIRST, FIRST, &steady);

    if (status == YOKE_OK && steady) {
        status = is_steady(t, other, which, &steady);
    }
    if (status != YOKE_OK || !steady) {
        return status;
    }
    status = find_cause(t, other, &position);
    if (status == YOKE_OK) {
        status = confirm_cause(t, other, position, &sure);
    }
    image = yk_stage_image_of(t->stage, position);
    *is_found = status == YOKE_OK && sure && image != NULL;
    if (*is_found) {
        *found = (yk_finding){.kind = YK_FOUND_READ,
                              .index = image->index,
                              .offset = yk_image_offset_of(image, position),
                              .unit = t->unit};
    }
    return status;
}

void yk_finding_from(yk_finding *found, const yk_check_stage *stage, yk_unit unit,
                     const yk_trespass *trespass)
{
    const yk_image *image = yk_stage_image_with(stage, trespass->fence);

    *found = (yk_finding){.kind = trespass->is_write ? YK_FOUND_WRITE : YK_FOUND_READ,
                          .index = image->index,
                          .offset = yk_image_offset(image, trespass->address),
                          .count = 1,
                          .unit = unit};
}

/* A dependency on poison comes first: it may be the cause of everything else. */
static yoke_status trial_judge(const trial *t, bool *is_found, yk_finding *found)
{
    yk_comparison *comparison = t->comparison;
    const yk_outcome *real = &comparison->outcomes[REAL];
    yoke_status status = YOKE_OK;

    if (real->has_trespassed) {
        yk_finding_from(found, t->stage, t->unit, &real->trespass);
        *is_found = true;
        return YOKE_OK;
    }
    mark_kept(comparison);
    if (outcomes_differ(comparison, FIRST, SECOND)) {
        status = find_influence(t, YK_FILL_SECOND, SECOND, is_found, found);
    } else if (outcomes_differ(comparison, FIRST, REAL)) {
        status = find_influence(t, YK_FILL_REAL, REAL, is_found, found);
    }
    if (status == YOKE_OK && !*is_found) {
        *is_found = find_stray_write(t, found) || find_unwritten(t, found);
    }
    return status;
}

yoke_status yk_compare_unit(yk_comparison *comparison, yk_check_stage *stage,
                            yk_unit unit, yk_stage_runner *runner, void *context,
                            bool *is_found, yk_finding *found, yk_error *error)
{
    const trial t = {comparison, stage, unit, runner, context, error};
    yoke_status status;

    *is_found = false;
    if (!comparison_prepare(comparison, stage)) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot allocate memory to check what is written");
    }
    status = run_plain(&t, YK_FILL_FIRST, FIRST);
    if (status == YOKE_OK) {
        status = run_plain(&t, YK_FILL_SECOND, SECOND);
    }
    if (status == YOKE_OK) {
        status = run_plain(&t, YK_FILL_REAL, REAL);
    }
    if (status == YOKE_OK && comparison->outcomes[REAL].status != YOKE_OK) {
        return comparison->outcomes[REAL].status; /* the kernel reports it itself */
    }
    return status == YOKE_OK ? trial_judge(&t, is_found, found) : status;
}
