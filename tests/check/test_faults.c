/* SPDX-License-Identifier: MIT */
/*
 * Faults of every kind in every form of argument, with the function and with the source of a
 * kernel: each is found, with argument, item and byte.
 */
#include "probe.h"

static yoke_arg in4(unsigned char *a)
{
    return yoke_in(a, 4);
}
static yoke_arg in_skewed(unsigned char *a)
{
    return yoke_in(a + 20, 12);
}
static yoke_arg in_row(unsigned char *a)
{
    return yoke_in(a, 4096);
}
static yoke_arg halo(unsigned char *a)
{
    return yoke_in_halo(a, 4, 1, 1, YOKE_EDGE_CLIPPED);
}
static yoke_arg halo_row(unsigned char *a)
{
    return yoke_in_halo(a, 4096, 2, 2, YOKE_EDGE_CLIPPED);
}
static yoke_arg periodic(unsigned char *a)
{
    return yoke_in_halo(a, 4096, 1, 1, YOKE_EDGE_PERIODIC);
}
static yoke_arg halo_of_40(unsigned char *a)
{
    return yoke_arg_of(yoke_in_halo(a, 4, 1, 1, YOKE_EDGE_CLIPPED), 40);
}
static yoke_arg ghosts(unsigned char *a)
{
    return yoke_in_halo(a + 8192, 4096, 2, 1, YOKE_EDGE_PRESENT);
}
static yoke_arg padded(unsigned char *a)
{
    return yoke_arg_pitch(yoke_in(a, 60), 64);
}
static yoke_arg padded_halo(unsigned char *a)
{
    return yoke_arg_pitch(yoke_in_halo(a, 3000, 1, 1, YOKE_EDGE_CLIPPED), 4096);
}
static yoke_arg box(unsigned char *a)
{
    return yoke_arg_pitch(yoke_arg_strided(yoke_in(a, 40), 4, 100), 1000);
}
static yoke_arg tile(unsigned char *a)
{
    return yoke_arg_strided(yoke_in_whole(a, 60), 8, 256);
}
static yoke_arg update_of_60(unsigned char *a)
{
    return yoke_arg_of(yoke_inout_read_all(a, 4), 60);
}
static yoke_arg out_padded(unsigned char *a)
{
    return yoke_arg_pitch(yoke_out(a, 60), 64);
}
static yoke_arg out_some(unsigned char *a)
{
    return yoke_out_some(a, 4);
}
static yoke_arg at3(unsigned char *a)
{
    return yoke_arg_at(yoke_in(a, 4), 3);
}
static yoke_arg columns(unsigned char *a)
{
    return yoke_arg_strided(yoke_in(a, 4), 8, 256);
}
static yoke_arg far_blocks(unsigned char *a)
{
    return yoke_arg_strided(yoke_in(a, 4), 4, 12288);
}
static yoke_arg many_blocks(unsigned char *a)
{
    return yoke_arg_strided(yoke_in(a, 4), 200, 256);
}
static yoke_arg whole(unsigned char *a)
{
    return yoke_in_whole(a, 1000);
}
static yoke_arg grouped(unsigned char *a)
{
    return yoke_arg_per_group(yoke_in(a, 16));
}
static yoke_arg update(unsigned char *a)
{
    return yoke_inout_read_all(a, 4);
}
static yoke_arg update_row(unsigned char *a)
{
    return yoke_inout_read_all(a, 4096);
}
static yoke_arg inout4(unsigned char *a)
{
    return yoke_inout(a, 4);
}
static yoke_arg out4(unsigned char *a)
{
    return yoke_out(a, 4);
}
static yoke_arg out_row(unsigned char *a)
{
    return yoke_out(a, 4096);
}
static yoke_arg out_at3(unsigned char *a)
{
    return yoke_arg_at(yoke_out(a, 4), 3);
}
static yoke_arg out_columns(unsigned char *a)
{
    return yoke_arg_strided(yoke_out(a, 4), 8, 256);
}
static yoke_arg out_grouped(unsigned char *a)
{
    return yoke_arg_per_group(yoke_out(a, 16));
}
static yoke_arg out_whole(unsigned char *a)
{
    return yoke_out_whole(a, 160);
}
static yoke_arg inout_whole(unsigned char *a)
{
    return yoke_inout_whole(a, 160);
}

/* The fault of an item that writes nothing of the target, and of one that does. */
#define READS(i, o)                                                                    \
    {                                                                                  \
        .kind = PROBE_READ, .item = (i), .offset = (o)                                 \
    }
#define LOOKS(i, o)                                                                    \
    {                                                                                  \
        .kind = PROBE_LOOK, .item = (i), .offset = (o)                                 \
    }
#define WRITES(i, o)                                                                   \
    {                                                                                  \
        .kind = PROBE_WRITE, .item = (i), .offset = (o)                                \
    }
#define REWRITES(i, o)                                                                 \
    {                                                                                  \
        .kind = PROBE_REWRITE, .item = (i), .offset = (o)                              \
    }
#define OF_OUT(k, i, o, n, ...)                                                        \
    {                                                                                  \
        .kind = (k), .item = (i), .offset = (o), .writes = 1, .bytes = (n),            \
        __VA_ARGS__                                                                    \
    }
#define FROM_5                                                                         \
    {                                                                                  \
        .dimensions = 1, .begin = {5, 0, 0}, .size = { 30, 1, 1 }                      \
    }
#define COLUMNS .blocks = 8, .stride = 256

static const probe_case reads[] = {
    {"in: next", in4, .fault = READS(7, 32),
     .said = "item 7 reads byte 32 (part of item 8), which is outside the bytes "
             "declared as read (bytes 28 to 31); "
             "yoke_in_halo(p, 4, 1, 1, YOKE_EDGE_CLIPPED) would declare it"},
    {"in: next, not used", in4, .fault = LOOKS(7, 32), .said = "item 7 reads byte 32 "},
    {"in: last byte before", in4, .fault = READS(7, 27),
     .said = "item 7 reads byte 27 "},
    {"in: before, not used", in4, .fault = LOOKS(7, 27),
     .said = "item 7 reads byte 27 "},
    {"in: before the array", in4, .fault = LOOKS(0, -1),
     .said = "item 0 reads byte -1, before the start of the array"},
    {"in: behind the array", in4, .fault = LOOKS(39, 160),
     .said = "item 39 reads byte 160, after the last part of the array"},
    {"in: far", in4, .fault = LOOKS(7, 50000),
     .said = "item 7 reads byte 50000, after the last part"},
    {"in: a pointer inside", in_skewed, .fault = LOOKS(7, 96),
     .said = "item 7 reads byte 96 (part of item 8)"},
    {"in: a row", in_row, .fault = LOOKS(5, 24576),
     .said = "item 5 reads byte 24576 (part of item 6)"},
    {"in: a row, inside of it", in_row, .fault = LOOKS(5, 24570)},
    {"halo", halo, .fault = LOOKS(7, 36),
     .said =
         "item 7 reads byte 36 (part of item 9), which is outside the bytes declared "
         "as read (bytes 24 to 35); yoke_in_halo(p, 4, 2, 2, YOKE_EDGE_CLIPPED) would"},
    {"halo: inside", halo, .fault = LOOKS(7, 35)},
    {"halo: before", halo, .fault = LOOKS(7, 23), .said = "item 7 reads byte 23 "},
    {"halo: first item", halo, .fault = LOOKS(0, -4),
     .said = "item 0 reads byte -4, bef"},
    {"halo: last item", halo, .fault = LOOKS(39, 160),
     .said = "item 39 reads byte 160, after the last part"},
    {"halo of rows", halo_row, .fault = LOOKS(5, 8 * 4096),
     .said = "item 5 reads byte 32768 (part of item 8)"},
    {"periodic: first item", periodic, .fault = LOOKS(0, 2 * 4096),
     .said = "item 0 reads byte 8192 (part of item 2), which is outside the bytes "
             "declared as read (bytes 0 to 8191 and bytes 159744 to 163839)"},
    {"periodic: first item, other end", periodic, .fault = LOOKS(0, 39 * 4096 - 1),
     .said = "item 0 reads byte 159743 (part of item 38)"},
    {"periodic: last item", periodic, .fault = LOOKS(39, 4096),
     .said = "item 39 reads byte 4096 (part of item 1)"},
    {"periodic: last item, other end", periodic, .fault = LOOKS(39, 38 * 4096 - 1),
     .said = "item 39 reads byte 155647 (part of item 37)"},
    {"periodic: inside", periodic, .fault = LOOKS(39, 4095)},
    {"at 3", at3, .fault = LOOKS(7, 39),
     .said = "item 7 reads byte 39 (part of item 6)"},
    {"at 3: inside", at3, .fault = LOOKS(7, 40)},
    {"at 3: as if it were not", at3, .fault = READS(7, 28),
     .said = "reads byte 28 (part"},
    {"columns: the next one", columns, .fault = READS(7, 512 + 32),
     .said = "item 7 reads byte 544 (part of item 8), which is outside the bytes "
             "declared as read (bytes 28 to 31, repeated every 256 bytes, 8 times)"},
    {"columns: between them", columns, .fault = READS(7, 512 + 200),
     .said = "byte 712,"},
    {"columns: behind", columns, .fault = LOOKS(39, 7 * 256 + 160),
     .said = "byte 1952, after the last part"},
    {"columns: inside", columns, .fault = READS(7, 512 + 28)},
    {"far blocks: the next one", far_blocks, .fault = LOOKS(7, 12288 + 8192),
     .said = "item 7 reads byte 20480, which"},
    {"many blocks", many_blocks, .fault = READS(7, 100 * 256 + 33),
     .said = "item 7 reads byte 25633 (part of item 8)"},
    {"whole: behind", whole, .fault = READS(7, 1000),
     .said = "reads byte 1000, after the last part"},
    {"whole: far behind", whole, .fault = LOOKS(7, 1063),
     .said = "reads byte 1063, after the last part"},
    {"whole: inside", whole, .fault = LOOKS(7, 999)},
    {"work-group", grouped, .group = 4, .fault = LOOKS(8, 48),
     .said = "work-group 2 (items 8 to 11) reads byte 48 (part of item 12)"},
    {"work-group: inside", grouped, .group = 4, .fault = LOOKS(8, 47)},
    {"update: behind", update, .fault = READS(7, 160),
     .said = "item 7 reads byte 160, after the last part"},
    {"update: inside", update, .fault = LOOKS(7, 159)},
    {"inout: next", inout4, .fault = LOOKS(7, 32),
     .said =
         "item 7 reads byte 32 (part of item 8), which is outside the bytes declared "
         "as read (bytes 28 to 31); yoke_inout_read_all() would declare it"},
    {"lent", in4, .lends = true, .fault = LOOKS(7, 32),
     .said = "item 7 reads byte 32 "},
    {"staged", in4, .stages = true, .fault = LOOKS(7, 32),
     .said = "item 7 reads byte 32 "},
    {"two dimensions, rows", halo_row, .range = {.dimensions = 2, .size = {16, 40, 1}},
     .fault = {.kind = PROBE_LOOK, .item = 5, .offset = 8 * 4096, .split = 1},
     .said = "item 5 reads byte 32768 (part of item 8)"},
    {"two dimensions, columns", in4,
     .range = {.dimensions = 2, .size = {40, 16, 1}, .split = YOKE_SPLIT_X},
     .fault = LOOKS(7, 32), .said = "item 7 reads byte 32 (part of item 8)"},
    {"a range that begins at 5", halo_of_40, .range = FROM_5, .fault = LOOKS(5, 15),
     .said = "item 5 reads byte 15, which is outside the bytes declared as read (bytes "
             "16 to 27)"},
    {"a range that begins at 5: inside", halo_of_40, .range = FROM_5,
     .fault = LOOKS(5, 16)},
    {"ghosts: first item", ghosts, .fault = LOOKS(0, -8193),
     .said = "item 0 reads byte -8193, before the start of the array"},
    {"ghosts: in front, inside", ghosts, .fault = LOOKS(0, -8192)},
    {"ghosts: last item", ghosts, .fault = LOOKS(39, 41 * 4096),
     .said = "item 39 reads byte 167936, after the last part of the array"},
    {"ghosts: another's", ghosts, .fault = LOOKS(7, 9 * 4096),
     .said = "item 7 reads byte 36864 (part of item 9), which is outside the bytes "
             "declared as read (bytes 20480 to 36863); "
             "yoke_in_halo(p, 4096, 2, 2, YOKE_EDGE_PRESENT) would declare it"},
    {"padded: the gap", padded, .fault = LOOKS(7, 508),
     .said = "item 7 reads byte 508, which is outside the bytes declared as read "
             "(bytes 448 to 507)"},
    {"padded: inside", padded, .fault = LOOKS(7, 507)},
    {"padded halo: a gap inside", padded_halo, .fault = READS(7, 7 * 4096 + 3500),
     .said = "item 7 reads byte 32172, which is outside"},
    {"padded halo: behind", padded_halo, .fault = LOOKS(7, 8 * 4096 + 3000),
     .said = "item 7 reads byte 35768, which is outside the bytes declared as read "
             "(bytes 24576 to 27575, repeated every 4096 bytes, 3 times)"},
    {"box: between rows", box, .fault = READS(7, 7145),
     .said = "item 7 reads byte 7145, "},
    {"box: behind", box, .fault = LOOKS(7, 7340),
     .said = "item 7 reads byte 7340, which"},
    {"tile: between rows", tile, .fault = READS(7, 316),
     .said = "item 7 reads byte 316, "},
    {"tile: inside", tile, .fault = READS(7, 300)},
    {"update of 60", update_of_60, .fault = READS(7, 240),
     .said = "reads byte 240, after the last part"},
    {"update of 60: inside", update_of_60, .fault = LOOKS(7, 239)},
};

static const probe_case writes[] = {
    {"in", in4, .fault = WRITES(7, 28),
     .said = "item 7 writes byte 28 of its own part, but the "
             "array is declared as read-only; yoke_inout() and yoke_inout_read_all() "
             "declare"},
    {"in: the value it has", in4, .fault = REWRITES(7, 28),
     .said = "item 7 writes byte 28 "},
    {"in: another's", in4, .fault = WRITES(7, 32),
     .said = "item 7 writes byte 32 (part of"},
    {"halo", halo, .fault = WRITES(7, 32),
     .said = "item 7 writes byte 32 (part of item 8)"},
    {"columns", columns, .fault = WRITES(7, 256 + 28),
     .said = "item 7 writes byte 284 of "},
    {"columns: between them", columns, .fault = WRITES(7, 256 + 32),
     .said = "item 7 writes byte 288 (part of item 8)"},
    {"many blocks: between them", many_blocks, .fault = WRITES(7, 256 + 32),
     .said = "item 7 writes byte 288 (part of item 8)"},
    {"whole", whole, .fault = WRITES(7, 500),
     .said = "item 7 writes byte 500, but the"},
    {"work-group", grouped, .group = 4, .fault = WRITES(8, 40),
     .said = "work-group 2 (items 8 to 11) writes byte 40 of its own part"},
    {"update: another's", update, .fault = WRITES(7, 32),
     .said = "item 7 writes byte 32 (part of item 8), which is outside the bytes "
             "declared as written (bytes 28 to 31)"},
    {"update: another's row", update_row, .fault = WRITES(7, 5 * 4096 + 3),
     .said = "item 7 writes byte 20483 (part of item 5)"},
    {"update: its own", update, .fault = WRITES(7, 29)},
    {"inout: another's", inout4, .fault = WRITES(7, 27),
     .said = "item 7 writes byte 27 (part of item 6)"},
    {"inout: its own", inout4, .fault = WRITES(7, 28)},
    {"out: another's", out4, .fault = OF_OUT(PROBE_WRITE, 7, 32, 4),
     .said = "item 7 writes byte 32 (part of item 8), which is outside the bytes "
             "declared as written (bytes 28 to 31)"},
    {"out: behind", out4, .fault = OF_OUT(PROBE_WRITE, 39, 160, 4),
     .said = "item 39 writes byte 160, after the last part of the array"},
    {"out: far behind", out4, .fault = OF_OUT(PROBE_WRITE, 39, 90000, 4),
     .said = "item 39 writes byte 90000, after the last part of the array"},
    {"out: a row too far", out_row, .fault = OF_OUT(PROBE_WRITE, 3, 4 * 4096, 4096),
     .said = "item 3 writes byte 16384 (part of item 4)"},
    {"out at 3", out_at3, .fault = OF_OUT(PROBE_WRITE, 7, 28, 4, .first = 12),
     .said = "item 7 writes byte 28 (part of item 4)"},
    {"out columns: between them", out_columns,
     .fault = OF_OUT(PROBE_WRITE, 7, 512 + 27, 4, COLUMNS),
     .said = "item 7 writes byte 539 (part of item 6)"},
    {"out whole: behind", out_whole, .fault = WRITES(7, 160),
     .said = "items 0 to 39 write byte 160, after the last part of the array"},
    {"out whole: far behind", out_whole, .fault = WRITES(7, 60000),
     .said = "byte 60000, "},
    {"inout whole: behind", inout_whole, .fault = WRITES(7, 160),
     .said = "byte 160, after the last part"},
    {"out padded: the gap", out_padded,
     .fault = OF_OUT(PROBE_WRITE, 7, 509, 60, .pitch = 64),
     .said = "item 7 writes byte 509, which is outside the bytes declared as written "
             "(bytes 448 to 507)"},
    {"out some: another's", out_some, .fault = WRITES(7, 32),
     .said = "item 7 writes byte 32 (part of item 8)"},
    {"out some: its own", out_some, .fault = WRITES(7, 28)},
    {"lent out", out4, .lends = true, .fault = OF_OUT(PROBE_WRITE, 7, 32, 4),
     .said = "item 7 writes byte 32 "},
    {"staged out", out4, .stages = true, .fault = OF_OUT(PROBE_WRITE, 7, 32, 4),
     .said = "item 7 writes byte 32 "},
    {"rounded up: behind the range", out4, .group = 16, .round_up = true,
     .fault = OF_OUT(PROBE_NOTHING, -1, 0, 4), .of_source = true,
     .said = "work-group 2 (items 32 to 39) writes byte 160, after the last part of "
             "the array"},
};

static const probe_case outputs[] = {
    {"out", out4, .fault = OF_OUT(PROBE_SKIP, 7, 30, 4),
     .said = "item 7 leaves byte 30 of its own part as it was, "
             "but yoke_out() declares that every byte of a part is written; "
             "yoke_out_some() would allow that"},
    {"out: all of it", out4, .fault = {.kind = PROBE_NOTHING},
     .said = " of its own part and 3 more bytes as they were"},
    {"out: the last byte of a row", out_row,
     .fault = OF_OUT(PROBE_SKIP, 3, 16383, 4096),
     .said = "item 3 leaves byte 16383 of"},
    {"out columns", out_columns, .fault = OF_OUT(PROBE_SKIP, 7, 512 + 31, 4, COLUMNS),
     .said = "item 7 leaves byte 543 of its own part"},
    {"out per group", out_grouped, .group = 4,
     .fault = OF_OUT(PROBE_SKIP, 8, 40, 16, .group = 4),
     .said = "work-group 2 (items 8 to 11) leaves byte 40 of its own part"},
    {"out at 3", out_at3, .fault = OF_OUT(PROBE_SKIP, 7, 41, 4, .first = 12),
     .said = "item 7 leaves byte 41 of its own part"},
    {"out per group: all written", out_grouped, .group = 4,
     .fault = OF_OUT(PROBE_NOTHING, -1, 0, 16, .group = 4)},
    {"out columns: all written", out_columns,
     .fault = OF_OUT(PROBE_NOTHING, -1, 0, 4, COLUMNS)},
    {"inout: may leave all", inout4, .fault = {.kind = PROBE_NOTHING}},
    {"update: may leave all", update, .fault = {.kind = PROBE_NOTHING}},
    {"out padded", out_padded, .fault = OF_OUT(PROBE_SKIP, 7, 507, 60, .pitch = 64),
     .said = "item 7 leaves byte 507 of its own part"},
    {"out padded: all written", out_padded,
     .fault = OF_OUT(PROBE_NOTHING, -1, 0, 60, .pitch = 64)},
    {"out some: may leave all", out_some, .fault = {.kind = PROBE_NOTHING}},
    {"out some: read", out_some, .fault = READS(7, 28),
     .said = "item 7 reads byte 28 of its own part, which is declared as written but "
             "not as read; yoke_inout() would declare both"},
    {"out whole: may leave all", out_whole, .fault = {.kind = PROBE_NOTHING}},
    {"out: read first", out4, .fault = OF_OUT(PROBE_READ, 7, 28, 4),
     .said = "item 7 reads byte 28 of its own part, which is declared as written but "
             "not as read; yoke_inout() would declare both"},
    {"out: another's read", out4, .fault = OF_OUT(PROBE_READ, 7, 32, 4),
     .said = "item 7 reads byte 32 (part of item 8)"},
    {"out: read when written", out4, .fault = OF_OUT(PROBE_LOOK, 7, 28, 4)},
    {"out whole: read", out_whole, .fault = READS(7, 100),
     .said = "items 0 to 39 read byte 100, which is declared as written but not as "
             "read; yoke_inout_whole() would declare both"},
    {"inout whole: read", inout_whole, .fault = READS(7, 100)},
    {"lent", out4, .lends = true, .fault = OF_OUT(PROBE_SKIP, 7, 30, 4),
     .said = "item 7 leaves byte 30 of its own part"},
};

#define RUN(cases, of_source)                                                          \
    probe_run_all(cases, sizeof(cases) / sizeof(cases)[0], of_source)

static void finds_reads(void **state)
{
    (void)state;
    RUN(reads, false);
}

static void finds_reads_of_source(void **state)
{
    (void)state;
    RUN(reads, true);
}

static void finds_writes(void **state)
{
    (void)state;
    RUN(writes, false);
}

static void finds_writes_of_source(void **state)
{
    (void)state;
    RUN(writes, true);
}

static void finds_what_is_not_written(void **state)
{
    (void)state;
    RUN(outputs, false);
}

static void finds_what_source_does_not_write(void **state)
{
    (void)state;
    RUN(outputs, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(finds_reads),
        yt_unit_test(finds_reads_of_source),
        yt_unit_test(finds_writes),
        yt_unit_test(finds_writes_of_source),
        yt_unit_test(finds_what_is_not_written),
        yt_unit_test(finds_what_source_does_not_write),
    };

    return yt_run_group(tests);
}
