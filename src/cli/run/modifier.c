/* SPDX-License-Identifier: MIT */
#include "cli/run/modifier.h"

#include <string.h>

#include "cli/number.h"

/* "N" or "N,M" up to `end`; how many numbers, or 0. */
static int scan_pair(const char *text, const char *end, size_t pair[2])
{
    text = yk_scan_size(text, &pair[0]);
    if (text == NULL || text == end) {
        return text == NULL ? 0 : 1;
    }
    text = *text == ',' ? yk_scan_size(text + 1, &pair[1]) : NULL;
    return text == end ? 2 : 0;
}

static bool scan_one(const char *text, const char *end, size_t least, size_t *value)
{
    size_t pair[2];

    if (scan_pair(text, end, pair) != 1 || pair[0] < least) {
        return false;
    }
    *value = pair[0];
    return true;
}

static bool take_at(yk_argument *argument, const char *value, const char *end)
{
    argument->by_axis = true;
    return scan_one(value, end, 0, &argument->at);
}

static bool take_halo(yk_argument *argument, const char *value, const char *end)
{
    size_t pair[2];
    const int count = scan_pair(value, end, pair);

    if (count == 0) {
        return false;
    }
    argument->has_halo = true;
    argument->halo_before = pair[0];
    argument->halo_after = pair[count - 1];
    return true;
}

static bool take_edge(yk_argument *argument, const char *value, const char *end)
{
    static const char *const names[] = {"clipped", "periodic", "present"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == (size_t)(end - value) &&
            memcmp(names[i], value, (size_t)(end - value)) == 0) {
            argument->edge = (yoke_edge)i;
            return true;
        }
    }
    return false;
}

static bool take_columns(yk_argument *argument, const char *value, const char *end)
{
    size_t pair[2];

    if (scan_pair(value, end, pair) != 2 || pair[1] == 0) {
        return false;
    }
    argument->first_column = pair[0];
    argument->columns = pair[1];
    return true;
}

static bool modifier_take_each(yk_argument *argument, const char *value,
                               const char *end)
{
    return scan_one(value, end, 1, &argument->each);
}

static bool take_pitch(yk_argument *argument, const char *value, const char *end)
{
    return scan_one(value, end, 1, &argument->pitch);
}

static bool take_strided(yk_argument *argument, const char *value, const char *end)
{
    size_t pair[2];

    if (scan_pair(value, end, pair) != 2 || pair[0] == 0 || pair[1] == 0) {
        return false;
    }
    argument->blocks = pair[0];
    argument->stride = pair[1];
    return true;
}

static bool modifier_take_axis(yk_argument *argument, const char *value,
                               const char *end)
{
    argument->has_axis = true;
    return scan_one(value, end, 0, &argument->axis);
}

static bool take_scaled(yk_argument *argument, const char *value, const char *end)
{
    size_t pair[2] = {0, 1};

    argument->is_scaled = true;
    if (value == end) {
        return true;
    }
    if (scan_pair(value, end, pair) == 0 || pair[0] == 0 || pair[1] == 0) {
        return false;
    }
    argument->scale_up = pair[0];
    argument->scale_down = pair[1];
    return true;
}

static bool take_ragged(yk_argument *argument, const char *value, const char *end)
{
    size_t number;

    if (scan_one(value, end, 1, &number)) {
        argument->ragged_argument = number;
    } else {
        argument->ragged_file = strndup(value, (size_t)(end - value));
    }
    return value != end &&
           (argument->ragged_argument != 0 || argument->ragged_file != NULL);
}

static bool take_group(yk_argument *argument, const char *value, const char *end)
{
    argument->per_group = true;
    return value == end;
}

static bool take_mirrored(yk_argument *argument, const char *value, const char *end)
{
    argument->mirrored = true;
    return value == end;
}

static bool take_from_offset(yk_argument *argument, const char *value, const char *end)
{
    argument->from_offset = true;
    return value == end;
}

/* Words with '=' need a value; of those without, only "scaled" may have one. */
static const struct {
    const char *name;
    bool (*take)(yk_argument *argument, const char *value, const char *end);
} modifiers[] = {
    {"group", take_group},         {"at=", take_at},
    {"halo=", take_halo},          {"edge=", take_edge},
    {"columns=", take_columns},    {"each=", modifier_take_each},
    {"pitch=", take_pitch},        {"strided=", take_strided},
    {"axis=", modifier_take_axis}, {"scaled=", take_scaled},
    {"scaled", take_scaled},       {"mirrored", take_mirrored},
    {"ragged=", take_ragged},      {"from-offset", take_from_offset},
};

static bool take_modifier(yk_argument *argument, const char *text, const char *end,
                          yk_complaint *complaint)
{
    for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++) {
        const size_t length = strlen(modifiers[i].name);

        if ((size_t)(end - text) >= length &&
            memcmp(text, modifiers[i].name, length) == 0 &&
            modifiers[i].take(argument, text + length, end)) {
            return true;
        }
    }
    return yk_complain(
        complaint,
        "'/%.*s' is not known; /group, /each=N, /axis=N, /at=N, /halo=N, "
        "/halo=B,A, /edge=clipped, /edge=periodic, /edge=present, "
        "/columns=X,W, /pitch=N, /strided=B,S, /scaled, /scaled=UP,DOWN, "
        "/mirrored, /ragged=FILE, /ragged=N and /from-offset are",
        (int)(end - text), text);
}

/* ---- which go together ---- */

static bool is_flat(const yk_argument *argument)
{
    return argument->each != 0 || argument->pitch != 0 || argument->blocks != 0;
}

static bool is_mapped(const yk_argument *argument)
{
    return argument->is_scaled || argument->mirrored ||
           argument->ragged_argument != 0 || argument->ragged_file != NULL;
}

static bool check_undivided(const yk_argument *argument, yk_complaint *complaint)
{
    if (argument->use->parts != YOKE_PARTS_WHOLE ||
        !(argument->per_group || argument->by_axis || argument->has_axis ||
          argument->from_offset || is_flat(argument) || is_mapped(argument))) {
        return true;
    }
    return yk_complain(
        complaint,
        "'%s' is not divided into parts; of the words with '/' it takes only "
        "/columns=X,W; all go with items, out, out-some, inout and update",
        argument->use->name);
}

static bool check_neighbours(const yk_argument *argument, yk_complaint *complaint)
{
    if ((argument->has_halo || argument->edge != YOKE_EDGE_CLIPPED) &&
        (argument->use->access != YOKE_ACCESS_READ ||
         argument->use->parts == YOKE_PARTS_WHOLE || argument->per_group)) {
        return yk_complain(complaint, "/halo and /edge go with 'items' only");
    }
    if (argument->edge != YOKE_EDGE_CLIPPED && !argument->has_halo) {
        return yk_complain(complaint, "/edge needs a halo; /halo=N is missing");
    }
    return true;
}

static bool check_exclusions(const yk_argument *argument, yk_complaint *complaint)
{
    const bool ragged = argument->ragged_argument != 0 || argument->ragged_file != NULL;

    if (argument->has_axis + is_flat(argument) + (argument->columns != 0) > 1) {
        return yk_complain(complaint,
                           "/axis, /columns, and /each with /pitch and /strided "
                           "exclude each other: each says what a part is");
    }
    if (argument->is_scaled + argument->mirrored + ragged > 1) {
        return yk_complain(complaint,
                           "/scaled, /mirrored and /ragged exclude each other: each "
                           "says which parts an item has");
    }
    if (argument->edge == YOKE_EDGE_PRESENT && (argument->is_scaled || ragged)) {
        return yk_complain(complaint,
                           "/edge=present does not go with /scaled and /ragged");
    }
    if (argument->mirrored && argument->at != 0) {
        return yk_complain(complaint,
                           "/mirrored and /at=N exclude each other; FILE@N begins "
                           "with part N");
    }
    return true;
}

/* ---- the text ---- */

/* A file's name has slashes: /ragged=FILE goes on up to the colon. */
static const char *modifier_end(const char *text)
{
    static const char ragged[] = "ragged=";

    return text +
           strcspn(text, strncmp(text, ragged, sizeof ragged - 1) == 0 ? ":" : "/:");
}

bool yk_modifiers_take(yk_argument *argument, const char *text, const char *end,
                       yk_complaint *complaint)
{
    while (text < end) {
        const char *next = modifier_end(text + 1);

        if (!take_modifier(argument, text + 1, next, complaint)) {
            return false;
        }
        text = next;
    }
    return check_undivided(argument, complaint) &&
           check_neighbours(argument, complaint) &&
           check_exclusions(argument, complaint);
}
