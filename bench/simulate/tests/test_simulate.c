/* SPDX-License-Identifier: MIT */
/* The policy in simulated pools: nothing is lost, and little time. */
#include "support/yoke_test.h"

#include "scenario.h"

static sim_result run(sim_scenario scenario)
{
    const sim_result result = sim_scenario_run(&scenario, 1);
    char name[64];

    sim_scenario_name(&scenario, name, sizeof name);
    print_message("%-30s %.3f, first job %.3f, %.3f times as fast as the best worker\n",
                  name, result.steady, result.first, result.alone);
    return result;
}

/* Whoever slows down or dies. */
static void test_every_tile_once(void **state)
{
    static const sim_kind kinds[] = {SIM_EQUAL, SIM_SERVER, SIM_TENTH};
    static const size_t workers[] = {2, 9, 27};

    (void)state;
    for (int fate = 0; fate < SIM_FATES; fate++) {
        for (int shape = 0; shape < SIM_SHAPES; shape++) {
            for (int kind = 0; kind < 3; kind++) {
                const sim_result result = run((sim_scenario){
                    .kind = kinds[kind],
                    .workers = workers[(shape + kind) % 3],
                    .ms = 2,
                    .shape = (sim_shape)shape,
                    .items = 5000,
                    .fate = (sim_fate)fate,
                });

                assert_true(result.once);
            }
        }
    }
}

static void test_thousand_unlike_workers(void **state)
{
    const sim_scenario scenario = {.kind = SIM_UNLIKE,
                                   .workers = 1024,
                                   .ms = 100,
                                   .shape = SIM_EVEN,
                                   .run = SIM_KNOWN};

    (void)state;
    assert_true(run(scenario).steady <= 1.03);
}

static void test_never_slower_than_the_best_alone(void **state)
{
    static const double ms[] = {0.1, 1, 10};

    (void)state;
    for (int kind = 0; kind < SIM_KINDS; kind++) {
        for (size_t i = 0; i < sizeof ms / sizeof *ms; i++) {
            const sim_result result = run((sim_scenario){.kind = (sim_kind)kind,
                                                         .workers = 2,
                                                         .ms = ms[i],
                                                         .shape = SIM_EVEN,
                                                         .items = 100000});

            assert_true(result.alone >= 0.98);
        }
    }
}

static void test_same_seed_same_result(void **state)
{
    const sim_scenario scenario = {
        .kind = SIM_SERVER, .workers = 27, .ms = 10, .shape = SIM_ROWS};
    const sim_result one = run(scenario);
    const sim_result other = run(scenario);

    (void)state;
    assert_true(one.steady == other.steady && one.first == other.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_tile_once),
        cmocka_unit_test(test_thousand_unlike_workers),
        cmocka_unit_test(test_never_slower_than_the_best_alone),
        cmocka_unit_test(test_same_seed_same_result),
    };

    return yt_run_group(tests);
}
