/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include "source/source.h"

typedef struct source_case {
    const char *source;
    bool sizes;  /* yk_source_asks_sizes() */
    bool groups; /* yk_source_asks_groups() */
    bool uses;   /* yk_source_uses_groups() */
} source_case;

static const source_case cases[] = {
    {"", false, false, false},
    {"x[get_global_id(0)] = 1;", false, false, false},
    {"n = get_global_size(0);", true, false, false},
    {"n = get_global_size (0);", true, false, false},
    {"get_global_offset", true, false, false},
    {"get_global_linear_id()", true, false, false},
    {"get_num_groups(0)", true, false, true},
    {"get_group_id(0)", false, true, true},
    {"get_local_id(0)", false, false, true},
    {"void k(__local int *s)", false, false, true},
    {"barrier(CLK_LOCAL_MEM_FENCE);", false, false, true},
    {"my_get_global_size(0); get_global_size2(0); Get_global_size(0)", false, false, false},
    {"// get_global_size get_group_id\nx", false, false, false},
    {"// comment goes on \\\n get_global_size", false, false, false},
    {"/* get_global_size\n * get_group_id */ x", false, false, false},
    {"/* a */ get_global_size /* b */", true, false, false},
    {"/* not closed get_global_size", false, false, false},
    {"/* ends *\\\n/ get_global_size(0)", true, false, false},
    {"printf(\"get_global_size \\\" get_group_id\");", false, false, false},
    {"printf(\"a\"); get_group_id(0)", false, true, true},
    {"char c = '\\''; get_group_id(0)", false, true, true},
    {"#error don't\nget_group_id(0)", false, true, true},
    {"get_glo\\\nbal_size(0)", true, false, false},
    {"get_glo\\\r\nbal_size(0)", true, false, false},
    {"\\\nget_global_size(0)", true, false, false},
    {"#include \"a.h\"", true, true, false},
    {"  #  include <a.h>", true, true, false},
    {"# /* odd */ include <a.h>", true, true, false},
    {"%: include <a.h>", true, true, false},
    {"#define include_me 1", false, false, false},
    {"include(a)", false, false, false},
    {"#define P(a) get_ ## a", true, true, false},
    {"#define P(a) get_ %:%: a", true, true, false},
    {"#define P(a) #a", false, false, false},
    {"#define N get_global_size(0)", true, false, false},
    {"0xget_global_size 1.5get_group_id", false, false, false},
    {"a/b/c get_group_id", false, true, true},
    {"int xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;", false,
     false, false},
    {"\\", false, false, false},
    {"\"\\", false, false, false},
    {"/", false, false, false},
    {"#", false, false, false},
};

static void words_are_found_and_others_are_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const source_case *const c = &cases[i];

        if (yk_source_asks_sizes(c->source) != c->sizes ||
            yk_source_asks_groups(c->source) != c->groups ||
            yk_source_uses_groups(c->source) != c->uses) {
            fail_msg("%s", c->source);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(words_are_found_and_others_are_not),
    };

    return yt_run_group(tests);
}
