/* SPDX-License-Identifier: MIT */
/* Chunks cut into launches: every item in exactly one, every launch legal. */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "opencl/cl_shape.h"

enum { MOST_ITEMS = 1 << 16, TRIALS = 1000 };

static unsigned char *marks;

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static uint64_t pick(uint64_t *state, uint64_t low, uint64_t high)
{
    return low + next_random(state) % (high - low + 1);
}

static void random_launch(uint64_t *state, yk_launch *launch)
{
    static const uint64_t most[4][3] = {
        {0}, {30000, 1, 1}, {5000, 12, 1}, {300, 12, 12}};

    memset(launch, 0, sizeof *launch);
    launch->dimensions = (uint32_t)pick(state, 1, 3);
    launch->split = (uint32_t)pick(state, 0, launch->dimensions - 1);
    launch->round_up = pick(state, 0, 1) != 0;
    for (unsigned d = 0; d < 3; d++) {
        launch->size[d] = pick(state, 1, most[launch->dimensions][d]);
        launch->begin[d] = d < launch->dimensions ? pick(state, 0, 100) : 0;
    }
    if (pick(state, 0, 1) != 0) {
        for (unsigned d = 0; d < 3; d++) {
            launch->group[d] = d < launch->dimensions ? pick(state, 1, 8) : 1;
            if (launch->round_up == 0) {
                launch->size[d] =
                    yk_max(1, launch->size[d] / launch->group[d]) * launch->group[d];
            }
        }
    }
}

/* Marks the piece's items that lie in the range; padding is left out. */
static void mark(const yk_launch *launch, const yk_cl_piece *piece)
{
    for (uint64_t z = 0; z < piece->global[2]; z++) {
        for (uint64_t y = 0; y < piece->global[1]; y++) {
            for (uint64_t x = 0; x < piece->global[0]; x++) {
                const uint64_t at[3] = {x + piece->offset[0] - launch->begin[0],
                                        y + piece->offset[1] - launch->begin[1],
                                        z + piece->offset[2] - launch->begin[2]};

                if (at[0] < launch->size[0] && at[1] < launch->size[1] &&
                    at[2] < launch->size[2]) {
                    marks[(at[2] * launch->size[1] + at[1]) * launch->size[0] +
                          at[0]]++;
                }
            }
        }
    }
}

static void check_legal(const yk_cl_piece *piece, const yk_cl_group_limits *limits,
                        bool is_given)
{
    for (unsigned d = 0; d < 3; d++) {
        assert_true(piece->global[d] > 0);
        assert_true(piece->local[d] > 0);
        assert_int_equal(piece->global[d] % piece->local[d], 0);
        assert_true(is_given || piece->local[d] <= limits->items[d]);
    }
    assert_true(is_given ||
                piece->local[0] * piece->local[1] * piece->local[2] <= limits->group);
}

static void check_launch(uint64_t *state, const yk_launch *launch,
                         const yk_cl_group_limits *limits, bool uniform)
{
    const unsigned d = launch->split;
    const uint64_t end = launch->begin[d] + launch->size[d];
    const uint64_t grain = yk_max(1, launch->group[d]);
    const size_t items = (size_t)(launch->size[0] * launch->size[1] * launch->size[2]);
    yk_cl_shape shape;

    yk_cl_shape_choose(&shape, launch, limits, uniform);
    memset(marks, 0, items);
    for (uint64_t at = launch->begin[d]; at < end;) {
        const uint64_t next = yk_min(end, at + grain * pick(state, 1, 500));
        yk_cl_piece pieces[YK_CL_MAX_PIECES];
        const size_t count = yk_cl_shape_cut(&shape, launch, at, next, pieces);

        assert_between(count, 1, YK_CL_MAX_PIECES);
        for (size_t i = 0; i < count; i++) {
            check_legal(&pieces[i], limits, launch->group[0] != 0);
            assert_true(!uniform || memcmp(pieces[i].local, pieces[0].local,
                                           sizeof pieces[0].local) == 0);
            mark(launch, &pieces[i]);
        }
        at = next;
    }
    for (size_t i = 0; i < items; i++) {
        assert_int_equal(marks[i], 1);
    }
}

static void every_item_is_launched_once(void **state)
{
    static yk_launch launch;
    uint64_t seed = 42;

    (void)state;
    for (int i = 0; i < TRIALS; i++) {
        const yk_cl_group_limits limits = {
            .group = pick(&seed, 1, 1024),
            .items = {pick(&seed, 1, 1024), pick(&seed, 1, 1024), pick(&seed, 1, 64)},
            .wanted = 64,
        };

        random_launch(&seed, &launch);
        check_launch(&seed, &launch, &limits, pick(&seed, 0, 1) != 0);
    }
}

static void check_shape(const yk_launch *launch, bool uniform, const uint64_t local[3])
{
    const yk_cl_group_limits limits = {1024, {1024, 1024, 64}, 64};
    yk_cl_shape shape;

    yk_cl_shape_choose(&shape, launch, &limits, uniform);
    for (unsigned d = 0; d < 3; d++) {
        assert_int_equal(shape.local[d], local[d]);
    }
}

static void groups_suit_the_device(void **state)
{
    yk_launch launch = {.dimensions = 1, .size = {100000, 1, 1}};

    (void)state;
    check_shape(&launch, false, (const uint64_t[]){64, 1, 1});
    check_shape(&launch, true, (const uint64_t[]){1, 1, 1});
    launch = (yk_launch){.dimensions = 2, .split = 1, .size = {1920, 1080, 1}};
    check_shape(&launch, false, (const uint64_t[]){64, 1, 1});
    launch.size[0] = 1021; /* prime, and fits into a group */
    check_shape(&launch, false, (const uint64_t[]){1021, 1, 1});
    launch.size[0] = 4099; /* prime, and does not */
    check_shape(&launch, false, (const uint64_t[]){64, 1, 1});
    launch.size[0] = 4;
    check_shape(&launch, false, (const uint64_t[]){4, 16, 1});
    launch.group[0] = 2;
    launch.group[1] = 3;
    launch.group[2] = 1;
    check_shape(&launch, false, (const uint64_t[]){2, 3, 1});
}

static int make_marks(void **state)
{
    (void)state;
    marks = malloc(MOST_ITEMS * 4);
    return marks == NULL;
}

static int drop_marks(void **state)
{
    (void)state;
    free(marks);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(every_item_is_launched_once),
        yt_unit_test(groups_suit_the_device),
    };

    return yt_run_group_with(tests, make_marks, drop_marks);
}
