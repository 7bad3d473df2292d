/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/run/argument.h"
#include "cli/run/array.h"
#include "cli/run/division.h"
#include "cli/run/parameter.h"

static void parse(yk_argument *argument, const char *text)
{
    yk_complaint complaint = {""};

    if (!yk_argument_parse(argument, text, &complaint)) {
        fail_msg("%s: %s", text, complaint.text);
    }
}

static void expect_refused(const char *text, const char *why)
{
    yk_complaint complaint = {""};
    yk_argument argument;

    if (yk_argument_parse(&argument, text, &complaint)) {
        yk_argument_fini(&argument);
        fail_msg("%s was accepted", text);
    }
    if (strstr(complaint.text, why) == NULL) {
        fail_msg("%s: '%s' does not say '%s'", text, complaint.text, why);
    }
}

static void expect_file(const char *text, const char *file, const char *result)
{
    yk_argument argument;

    parse(&argument, text);
    assert_int_equal(argument.kind, YOKE_ARG_ARRAY);
    assert_string_equal(argument.file, file);
    if (result != NULL) {
        assert_non_null(argument.result);
        assert_string_equal(argument.result, result);
    } else {
        assert_null(argument.result);
    }
    yk_argument_fini(&argument);
}

static void files_and_results(void **state)
{
    (void)state;
    expect_file("in:a.npy", "a.npy", NULL);
    expect_file("in:a=b.npy", "a=b.npy", NULL);
    expect_file("items:C:/a b.npy", "C:/a b.npy", NULL);
    expect_file("inout:c.npy", "c.npy", "c.npy");
    expect_file("inout:c.npy=r.npy", "c.npy", "r.npy");
    expect_file("inout:c.npy@3=r.npy", "c.npy", "r.npy");
    expect_file("update:run=3/c.npy=run=4/c.npy", "run=3/c.npy", "run=4/c.npy");
    expect_file("inout-whole:c=r", "c", "r");
    expect_file("out:c.npy:float32:4", "c.npy", "c.npy");
    expect_file("out:odd:name.npy@2:float32:4", "odd:name.npy", "odd:name.npy");
    expect_file("in:me@home.npy", "me@home.npy", NULL);
    expect_file("in:@5@7", "@5", NULL);
}

static void modifiers(void **state)
{
    yk_argument argument;

    (void)state;
    parse(&argument, "out/group:p.npy:float32:48");
    assert_true(argument.per_group);
    assert_false(argument.by_axis);
    yk_argument_fini(&argument);
    parse(&argument, "items:a.npy@3");
    assert_true(argument.by_axis && argument.first == 3 && argument.at == 0);
    yk_argument_fini(&argument);
    parse(&argument, "update/at=2:a.npy");
    assert_true(argument.by_axis && argument.first == 0 && argument.at == 2);
    yk_argument_fini(&argument);
    parse(&argument, "inout/group/at=2:a.npy");
    assert_true(argument.by_axis && argument.per_group && argument.at == 2);
    yk_argument_fini(&argument);
    parse(&argument, "items/halo=1/ragged=a/b.npy:a.npy");
    assert_string_equal(argument.ragged_file, "a/b.npy");
    yk_argument_fini(&argument);
    parse(&argument, "items/from-offset/mirrored/each=3/pitch=4:a.npy");
    assert_true(argument.from_offset && argument.mirrored);
    assert_true(argument.each == 3 && argument.pitch == 4);
    yk_argument_fini(&argument);
    expect_refused("items/at=2:a.npy@1", "exclude");
    expect_refused("items/axis=1/each=2:a.npy", "exclude");
    expect_refused("items/columns=1,2/each=2:a.npy", "exclude");
    expect_refused("items/scaled/mirrored:a.npy", "exclude");
    expect_refused("items/mirrored/at=1:a.npy", "exclude");
    expect_refused("items/mirrored/ragged=1:a.npy", "exclude");
    expect_refused("items/scaled/halo=1/edge=present:a.npy", "does not go");
    expect_refused("in/each=2:a.npy", "not divided");
    expect_refused("in/mirrored:a.npy", "not divided");
    expect_refused("in/from-offset:a.npy", "not divided");
    expect_refused("items/mirrored=1:a.npy", "not known");
    expect_refused("items/each=0:a.npy", "not known");
    expect_refused("items/scaled=0:a.npy", "not known");
    expect_refused("items/scaled=1,2,3:a.npy", "not known");
    expect_refused("items/ragged=:a.npy", "not known");
    expect_refused("items/ragged=a/b.npy", "KIND:VALUE");
    expect_refused("in/group:a.npy", "not divided");
    expect_refused("inout-whole/at=1:a.npy", "not divided");
    expect_refused("out/grp:a.npy:float32:4", "'/grp' is not known");
    expect_refused("out/at=:a.npy:float32:4", "not known");
    expect_refused("out/at=1x:a.npy:float32:4", "not known");
    expect_refused("items:a.npy@99999999999999999999", "too big");
}

static void created_arrays(void **state)
{
    yk_argument argument;

    (void)state;
    parse(&argument, "out:c.npy:complex128:2x3x4");
    assert_string_equal(argument.given.element->name, "complex128");
    assert_int_equal(argument.given.axes, 3);
    assert_int_equal(argument.given.shape[2], 4);
    assert_int_equal(argument.given.bytes, 24 * 16);
    yk_argument_fini(&argument);
    parse(&argument, "out:c.npy:float32");
    assert_string_equal(argument.given.element->name, "float32");
    assert_int_equal(argument.given.axes, 0);
    assert_true(argument.is_created);
    yk_argument_fini(&argument);
    parse(&argument, "out:c.png");
    assert_null(argument.given.element);
    assert_string_equal(argument.result, "c.png");
    yk_argument_fini(&argument);
    parse(&argument, "inout:c.raw@2:int16:3x4=r.png");
    assert_string_equal(argument.file, "c.raw");
    assert_string_equal(argument.result, "r.png");
    assert_true(argument.by_axis && argument.first == 2 && !argument.is_created);
    assert_int_equal(argument.given.bytes, 24);
    yk_argument_fini(&argument);
    parse(&argument, "out-some:c.raw:int16=r.raw");
    assert_true(!argument.is_created && argument.given.element != NULL);
    yk_argument_fini(&argument);
    expect_refused("in:c.npy:float31", "'float31' is not an element type");
    expect_refused("in:c:float31:4", "'float31' is not an element type");
    expect_refused("out:-:float32:4", "standard input");
    expect_refused("inout:-", "'-=RESULT'");
    expect_refused("out:c.npy:float31:4", "'float31' is not an element type");
    expect_refused("out:c.npy:float32:", "not a shape");
    expect_refused("out:c.npy:float32:4x", "not a shape");
    expect_refused("out:c.npy:float32:4X5", "not a shape");
    expect_refused("out:c.npy:float32:-4", "not a shape");
    expect_refused("out:c.npy:float32:4294967296x4294967296", "too big");
    expect_refused("out:c.npy:float64:1152921504606846976", "too big");
    expect_refused("out::float32:4", "name is missing");
}

static void other_arguments(void **state)
{
    yk_argument argument;
    const yoke_range plane = yoke_range_2d(64, 48);
    yk_complaint complaint = {""};

    (void)state;
    parse(&argument, "local:4096");
    assert_int_equal(argument.kind, YOKE_ARG_LOCAL);
    assert_int_equal(argument.local_bytes, 4096);
    yk_argument_fini(&argument);
    parse(&argument, "float32x4:1,2,3,4");
    assert_int_equal(argument.kind, YOKE_ARG_SCALAR);
    assert_int_equal(argument.scalar.bytes, 16);
    yk_argument_fini(&argument);
    parse(&argument, "int32:y");
    assert_true(yk_argument_set_range(&argument, &plane, &complaint));
    assert_int_equal(argument.scalar.bytes, 4);
    assert_memory_equal(argument.scalar.data, "\x30\0\0\0", 4);
    yk_argument_fini(&argument);
    parse(&argument, "uint8:z");
    assert_false(yk_argument_set_range(&argument, &plane, &complaint));
    assert_non_null(strstr(complaint.text, "only 2 dimensions"));
    yk_argument_fini(&argument);
    parse(&argument, "int32x2:x");
    assert_false(yk_argument_set_range(&argument, &plane, &complaint));
    yk_argument_fini(&argument);
    expect_refused("int32:xy", "not an integer");
    parse(&argument, "null");
    assert_int_equal(argument.kind, YOKE_ARG_NULL);
    yk_argument_fini(&argument);
    expect_refused("null:", "not a kind");
    expect_refused("local:0", "not a number of bytes");
    expect_refused("local:4k", "not a number of bytes");
    expect_refused("a.npy", "KIND:VALUE");
    expect_refused("input:a.npy", "'input' is not a kind");
    expect_refused("float:1", "'float' is not a kind");
    expect_refused("int32/group:1", "not a kind");
    expect_refused("in:", "name is missing");
    expect_refused("inout:a.npy=", "after '='");
    expect_refused("inout:=a.npy", "name is missing");
    expect_refused("", "KIND:VALUE");
    expect_refused(":", "not a kind");
    expect_refused("int32:", "not an integer");
}

static yk_shape array_of(unsigned axes, size_t x, size_t y)
{
    yk_shape array = {.element = yk_element_named("float32", 7), .axes = axes};
    yk_complaint complaint;

    array.shape[0] = x;
    array.shape[1] = y;
    assert_true(yk_shape_measure(&array, &complaint));
    return array;
}

static const size_t no_group[3] = {0, 0, 0};

static const int some_offsets[64];

static yk_offsets offsets_of(const yk_argument *argument)
{
    return argument->ragged_argument != 0 || argument->ragged_file != NULL
               ? (yk_offsets){some_offsets, sizeof some_offsets[0]}
               : (yk_offsets){NULL, 0};
}

static yoke_arg divide(const char *text, const yk_shape *array, yoke_range range,
                       const size_t group[3], char *memory)
{
    yk_complaint complaint = {""};
    yk_division division;
    yk_argument argument;
    yoke_arg arg;

    parse(&argument, text);
    if (!yk_divide(&division, &argument, array, &range, group, &complaint)) {
        yk_argument_fini(&argument);
        fail_msg("%s: %s", text, complaint.text);
    }
    arg = yk_division_arg(&division, &argument, memory, offsets_of(&argument));
    yk_argument_fini(&argument);
    return arg;
}

static void expect_indivisible(const char *text, const yk_shape *array,
                               yoke_range range, const size_t group[3], const char *why)
{
    yk_complaint complaint = {""};
    yk_division division;
    yk_argument argument;
    bool good;

    parse(&argument, text);
    good = yk_divide(&division, &argument, array, &range, group, &complaint);
    yk_argument_fini(&argument);
    assert_false(good);
    if (strstr(complaint.text, why) == NULL) {
        fail_msg("%s: '%s' does not say '%s'", text, complaint.text, why);
    }
}

static void even_parts(void **state)
{
    const yk_shape array = array_of(2, 6, 10);
    char memory[240];
    yoke_arg arg;

    (void)state;
    arg = divide("items:a", &array, yoke_range_2d(10, 6), no_group, memory);
    assert_ptr_equal(arg.pointer, memory);
    assert_int_equal(arg.bytes, 40);
    assert_int_equal(arg.parts, YOKE_PARTS_ITEM);
    assert_int_equal(arg.access, YOKE_ACCESS_READ);
    arg = divide("inout:a", &array, yoke_range_1d(60), no_group, memory);
    assert_int_equal(arg.bytes, 4);
    assert_int_equal(arg.access, YOKE_ACCESS_READ_WRITE);
    arg = divide("items:a", &array, yoke_range_1d(6), no_group, memory);
    assert_int_equal(arg.bytes, 40);
    arg = divide("in:a", &array, yoke_range_1d(7), no_group, memory);
    assert_int_equal(arg.bytes, 240);
    assert_int_equal(arg.parts, YOKE_PARTS_WHOLE);
    arg = divide("update:a", &array, yoke_range_1d(60), no_group, memory);
    assert_true(arg.reads_all);
    assert_int_equal(arg.count, 60);
    expect_indivisible(
        "items:a", &array, yoke_range_1d(7), no_group,
        "60 elements (float32, 6x10) do not fit 7 items; an array of 7 would, or "
        "one whose first axis is 7");
    expect_indivisible("items:a", &array, yoke_range_1d(120), no_group,
                       "fit 120 items");
}

/* What divides evenly, but was perhaps not meant. */
static void shapes_that_may_be_mistakes(void **state)
{
    const yk_shape flat = array_of(1, 200, 0);
    const yk_shape pairs = array_of(2, 100, 2);
    const yk_shape rows = array_of(2, 2, 100);
    const yk_shape picture = array_of(2, 48, 36);
    const yk_shape padded = array_of(2, 48, 40);
    const yk_shape rows_alone = array_of(1, 48, 0);
    const yk_shape pixels = array_of(1, 48 * 36, 0);
    const yoke_range plane = yoke_range_2d(36, 48);
    yk_shape coloured = array_of(2, 48, 36);
    yk_complaint complaint;
    char memory[1];

    (void)state;
    coloured.axes = 3;
    coloured.shape[2] = 3;
    assert_true(yk_shape_measure(&coloured, &complaint));
    expect_indivisible("items:a", &flat, yoke_range_1d(100), no_group,
                       "if 2 elements belong to each item, say so: /each=2");
    assert_int_equal(
        divide("items/each=2:a", &flat, yoke_range_1d(100), no_group, memory).bytes, 8);
    assert_int_equal(
        divide("items:a", &pairs, yoke_range_1d(100), no_group, memory).bytes, 8);
    expect_indivisible("items:a", &rows, yoke_range_1d(100), no_group, "/each=2");
    assert_int_equal(divide("items:a", &picture, plane, no_group, memory).bytes,
                     4 * 36);
    assert_int_equal(divide("items:a", &coloured, plane, no_group, memory).bytes,
                     12 * 36);
    assert_int_equal(divide("items:a", &pixels, plane, no_group, memory).bytes, 4 * 36);
    assert_int_equal(divide("items:a", &rows_alone, plane, no_group, memory).bytes, 4);
    expect_indivisible("items:a", &padded, plane, no_group, "/each=40");
    assert_int_equal(divide("items/each=40:a", &padded, plane, no_group, memory).bytes,
                     160);
    expect_indivisible(
        "items:a", &picture, yoke_range_2d(48, 36), no_group,
        "the shape 36x48 would, one for each work-item, or 36, one for each "
        "item (a shape ends with x, --range begins with it)");
    expect_indivisible("items:a", &pairs, yoke_range_1d(70), no_group, "FILE@0");
    expect_indivisible("items/each=3:a", &flat, yoke_range_1d(66), no_group,
                       "not a number of parts of 3");
    expect_indivisible("items/each=2:a", &flat, yoke_range_1d(99), no_group, "FILE@0");
    expect_indivisible("items/each=2:a", &flat, yoke_range_1d(101), no_group, "1 more");
    assert_int_equal(
        divide("items/each=2:a@1", &flat, yoke_range_1d(99), no_group, memory).bytes,
        8);
    expect_indivisible("items:a", &flat,
                       yoke_range_3d((size_t)1 << 40, (size_t)1 << 40, 100), no_group,
                       "do not fit 100 items");
}

/* Columns of a matrix, structures of arrays, gaps. */
static void strided_parts(void **state)
{
    const yk_shape matrix = array_of(2, 6, 10);
    const yk_shape flat = array_of(1, 60, 0);
    char memory[240];
    yoke_arg arg;

    (void)state;
    arg = divide("items/axis=1:a", &matrix, yoke_range_1d(10), no_group, memory);
    assert_int_equal(arg.bytes, 4);
    assert_int_equal(arg.blocks, 6);
    assert_int_equal(arg.stride, 40);
    arg = divide("out/axis=0:a:float32:6", &matrix, yoke_range_1d(6), no_group, memory);
    assert_int_equal(arg.bytes, 40);
    assert_int_equal(arg.blocks, 0);
    arg = divide("items/axis=1:a@3", &matrix, yoke_range_1d(5), no_group, memory);
    assert_ptr_equal(arg.pointer, memory + 12);
    expect_indivisible("items/axis=1:a", &matrix, yoke_range_1d(9), no_group, "FILE@0");
    expect_indivisible("items/axis=2:a", &matrix, yoke_range_1d(9), no_group,
                       "axis 2 is not there");
    arg = divide("items/strided=3,20:a", &flat, yoke_range_1d(20), no_group, memory);
    assert_int_equal(arg.bytes, 4);
    assert_int_equal(arg.blocks, 3);
    assert_int_equal(arg.stride, 80);
    expect_indivisible("items/strided=3,20:a", &flat, yoke_range_1d(21), no_group,
                       "1 more");
    expect_indivisible("items/strided=4,20:a", &flat, yoke_range_1d(1), no_group,
                       "more than the array's 60 elements");
    expect_indivisible("items/strided=9223372036854775807,4:a", &flat, yoke_range_1d(1),
                       no_group, "more than the array's 60 elements");
    arg = divide("items/each=3/pitch=6:a", &flat, yoke_range_1d(10), no_group, memory);
    assert_int_equal(arg.bytes, 12);
    assert_int_equal(arg.pitch, 24);
    expect_indivisible("items/each=3/pitch=6:a", &flat, yoke_range_1d(11), no_group,
                       "1 more");
    expect_indivisible("items/each=61:a", &flat, yoke_range_1d(1), no_group,
                       "more than");
    expect_indivisible("items/each=18446744073709551615:a", &flat, yoke_range_1d(1),
                       no_group, "too many");
}

/* Items that have other parts than those of their own number. */
static void mapped_parts(void **state)
{
    const yk_shape array = array_of(2, 6, 10);
    const yk_shape offsets = {.element = yk_element_named("float64", 7), .axes = 1};
    char memory[240];
    yoke_range range = yoke_range_1d(6);
    yk_complaint complaint = {""};
    yk_array ragged = {.division = {.offsets = 5}};
    yoke_arg arg;

    (void)state;
    assert_true(divide("items/mirrored:a", &array, range, no_group, memory).mirrored);
    arg = divide("items/scaled:a", &array, yoke_range_1d(4), no_group, memory);
    assert_int_equal(arg.scale_up, 6);
    assert_int_equal(arg.scale_down, 4);
    assert_int_equal(arg.count, 6);
    arg = divide("items/scaled=2:a", &array, yoke_range_1d(3), no_group, memory);
    assert_int_equal(arg.scale_up, 2);
    assert_int_equal(arg.scale_down, 1);
    arg = divide("items/scaled=1,3:a", &array, yoke_range_1d(18), no_group, memory);
    assert_int_equal(arg.scale_down, 3);
    expect_indivisible("items/scaled=1,3:a", &array, yoke_range_1d(19), no_group,
                       "1 more");
    expect_indivisible("items/scaled=1,3:a", &array, yoke_range_1d(15), no_group,
                       "FILE@0");
    expect_indivisible("items/scaled=4294967296,1:a", &array, yoke_range_1d(15),
                       no_group, "from 1 to");
    arg = divide("items/ragged=2:a", &array, yoke_range_1d(4), no_group, memory);
    assert_ptr_equal(arg.offsets, some_offsets);
    assert_int_equal(arg.count, 6);
    assert_int_equal(arg.bytes, 40);
    range.begin[0] = 3;
    arg = divide("items/from-offset:a", &array, range, no_group, memory);
    assert_true(arg.from_begin);
    expect_indivisible("items:a", &array, range, no_group,
                       "from part 3 on would need 3");
    range.begin[0] = (size_t)-1;
    expect_indivisible("items:a", &array, range, no_group, "too big");
    expect_indivisible("items/ragged=2:a", &array, range, no_group, "too big");
    expect_indivisible("items/scaled=2,1:a", &array, range, no_group, "too big");
    assert_false(yk_array_check_offsets(&ragged, &offsets, &complaint));
    assert_non_null(strstr(complaint.text, "these are float64"));
}

static void parts_of_the_first_axis(void **state)
{
    const yk_shape array = array_of(2, 6, 10);
    const yk_shape point = array_of(0, 0, 0);
    char memory[240];
    yoke_arg arg;

    (void)state;
    arg = divide("items:a@2", &array, yoke_range_1d(4), no_group, memory);
    assert_ptr_equal(arg.pointer, memory + 80);
    assert_int_equal(arg.bytes, 40);
    assert_int_equal(arg.at, 0);
    arg = divide("inout/at=2:a", &array, yoke_range_1d(4), no_group, memory);
    assert_ptr_equal(arg.pointer, memory);
    assert_int_equal(arg.bytes, 40);
    assert_int_equal(arg.at, 2);
    arg = divide("update:a@2", &array, yoke_range_1d(3), no_group, memory);
    assert_int_equal(arg.count, 4);
    arg = divide("in:a@2", &array, yoke_range_1d(100), no_group, memory);
    assert_ptr_equal(arg.pointer, memory + 80);
    assert_int_equal(arg.bytes, 160);
    expect_indivisible("items:a@2", &array, yoke_range_1d(5), no_group,
                       "has 6 parts; 5 items from part 2 on would need 1 more");
    expect_indivisible("items:a@6", &array, yoke_range_1d(1), no_group, "only 6 parts");
    expect_indivisible("in:a@18446744073709551615", &array, yoke_range_1d(1), no_group,
                       "only 6 parts");
    expect_indivisible("items:a@0", &point, yoke_range_1d(1), no_group,
                       "0-dimensional");
    arg = divide("items:a", &point, yoke_range_1d(1), no_group, memory);
    assert_int_equal(arg.bytes, 4);
}

static void parts_of_groups(void **state)
{
    const size_t group[3] = {16, 4, 1};
    const yk_shape array = array_of(1, 12, 0);
    yoke_range range = yoke_range_2d(40, 10);
    char memory[48];
    yoke_arg arg;

    (void)state;
    arg = divide("out/group/each=4:a:float32:12", &array, range, group, memory);
    assert_int_equal(arg.parts, YOKE_PARTS_GROUP);
    assert_int_equal(arg.bytes, 16);
    expect_indivisible(
        "out/group:a:float32:12", &array, range, group,
        "do not fit 3 work-group rows of 3 work-groups; the shape 3x3 would");
    range.size[0] = 60;
    arg = divide("out/group:a:float32:12", &array, range, group, memory);
    assert_int_equal(arg.bytes, 16);
    range.split = YOKE_SPLIT_X;
    range.size[0] = 32;
    arg = divide("out/group/each=6:a:float32:12", &array, range, group, memory);
    assert_int_equal(arg.bytes, 24);
    expect_indivisible("out/group:a:float32:12", &array, range, no_group, "--group");
    range.size[0] = 70;
    expect_indivisible("out/group:a:float32:12", &array, range, group,
                       "fit 5 work-group rows");
}

static void the_split_dimension(void **state)
{
    yoke_range range = yoke_range_3d(5, 7, 1);

    (void)state;
    assert_int_equal(yk_range_split(&range), 2);
    assert_int_equal(yk_range_items(&range), 1);
    range.split = YOKE_SPLIT_X;
    assert_int_equal(yk_range_items(&range), 5);
    range = yoke_range_2d(1, 1);
    assert_int_equal(yk_range_split(&range), 1);
    range = yoke_range_1d(1);
    assert_int_equal(yk_range_split(&range), 0);
}

static void expect_unfit(const char *text, const yoke_parameter_info *parameter,
                         const char *why)
{
    const yk_shape shape = array_of(1, 4, 0);
    const yk_array array = {.shape = shape, .division = {.bytes = shape.bytes}};
    yk_complaint complaint = {""};
    yk_argument argument;
    bool good;

    parse(&argument, text);
    good = yk_parameter_check(parameter, &argument, &array, &complaint);
    yk_argument_fini(&argument);
    if (why == NULL) {
        assert_true(good);
        return;
    }
    assert_false(good);
    if (strstr(complaint.text, why) == NULL) {
        fail_msg("%s: '%s' does not say '%s'", text, complaint.text, why);
    }
}

static void fit_for_parameters(void **state)
{
    const yoke_parameter_info floats = {YOKE_PARAMETER_ARRAY, 0, "x", "float*",
                                        .may_write = false};
    const yoke_parameter_info doubles = {YOKE_PARAMETER_ARRAY, 0, "x", "double*",
                                         .may_write = false};
    const yoke_parameter_info bodies = {YOKE_PARAMETER_ARRAY, 0, "x", "body*",
                                        .may_write = false};
    const yoke_parameter_info vectors = {YOKE_PARAMETER_ARRAY, 0, "x", "float4*",
                                         .may_write = false};
    const yoke_parameter_info wide = {YOKE_PARAMETER_ARRAY, 0, "x", "float8*",
                                      .may_write = false};
    const yoke_parameter_info real = {YOKE_PARAMETER_SCALAR, 8, "a", "double",
                                      .may_write = false};
    const yoke_parameter_info count = {YOKE_PARAMETER_SCALAR, 4, "n", "uint",
                                       .may_write = false};
    const yoke_parameter_info body = {YOKE_PARAMETER_SCALAR, 0, "b", "body",
                                      .may_write = false};
    const yoke_parameter_info vector = {YOKE_PARAMETER_SCALAR, 16, "v", "float4",
                                        .may_write = false};
    const yoke_parameter_info scratch = {YOKE_PARAMETER_LOCAL, 0, "s", "float*",
                                         .may_write = false};

    (void)state;
    expect_unfit("in:a.npy", &floats, NULL);
    expect_unfit("in:a.npy", &doubles,
                 "elements are float32; float64 or complex128 would fit (convert the "
                 "array with a.astype('float64'))");
    expect_unfit("out:a.npy:float32:4", &doubles, "float64 or complex128 would fit");
    expect_unfit("in:a.npy", &bodies, NULL);
    expect_unfit("in:a.npy", &vectors, NULL);
    expect_unfit("in:a.npy", &wide, "4 float32, which is not a whole number");
    expect_unfit("items:a.npy", &wide, "a part has 4 float32");
    expect_unfit("in:a.npy", &real,
                 "an array given, but the parameter is a value; "
                 "float64:VALUE would fit");
    expect_unfit("null", &floats, NULL);
    expect_unfit("null", &count, "null given, but the parameter is a value");
    expect_unfit("float32:1", &floats, "a value given, but the parameter is a pointer");
    expect_unfit("local:16", &floats, "__local memory given");
    expect_unfit("in:a.npy", &scratch, "local:BYTES would fit");
    expect_unfit("int32:1", &real, "int32 given; float64 would fit");
    expect_unfit("float32:1", &real, "float32 given; float64 would fit");
    expect_unfit("float64:1", &real, NULL);
    expect_unfit("int32:1", &count, NULL);
    expect_unfit("float32:1", &count, "int32 or uint32 would fit");
    expect_unfit("bytes:00000000", &count, NULL);
    expect_unfit("bytes:0000", &count, "2 bytes given; 4 would fit");
    expect_unfit("bytes:0000", &body, NULL);
    expect_unfit("float32x4:1,2,3,4", &vector, NULL);
    expect_unfit("float32x2:1,2", &vector, "float32x2 given; float32x4 would fit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_results),
        cmocka_unit_test(modifiers),
        cmocka_unit_test(created_arrays),
        cmocka_unit_test(other_arguments),
        cmocka_unit_test(even_parts),
        cmocka_unit_test(parts_of_the_first_axis),
        cmocka_unit_test(shapes_that_may_be_mistakes),
        cmocka_unit_test(strided_parts),
        cmocka_unit_test(mapped_parts),
        cmocka_unit_test(parts_of_groups),
        cmocka_unit_test(the_split_dimension),
        cmocka_unit_test(fit_for_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
