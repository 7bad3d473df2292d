/* SPDX-License-Identifier: MIT */
/* How arrays lie in memory: borders and ghost planes, tiles, padded rows, boxes; outputs of
 * which items write a part. First the usual forms, then arguments drawn at random. */
#include "suite.h"

/* ---- ghost planes: range.begin is 1 ---- */

enum {
    GHOST_SIDE = 12,
    GHOST_ROW = GHOST_SIDE + 2,
    GHOST_PLANE = GHOST_ROW * GHOST_ROW
};

static const char heat_source[] =
    "#define AT(z, y, x) (((z) * 14 + (y)) * 14 + (x))\n"
    "__kernel void heat(__global int *out, __global const int *in)\n"
    "{ size_t x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);\n"
    "  out[AT(z, y, x)] = in[AT(z - 1, y, x)] + 2 * in[AT(z + 1, y, x)]\n"
    "    + 3 * in[AT(z, y - 1, x)] + 4 * in[AT(z, y + 1, x)]\n"
    "    + 5 * in[AT(z, y, x - 1)] + 6 * in[AT(z, y, x + 1)]; }\n";

static size_t ghost_at(size_t z, size_t y, size_t x)
{
    return (z * GHOST_ROW + y) * GHOST_ROW + x;
}

static void heat(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const suite_box box = suite_box_of(span);

    for (size_t z = box.begin[2]; z < box.end[2]; z++) {
        for (size_t y = box.begin[1]; y < box.end[1]; y++) {
            for (size_t x = box.begin[0]; x < box.end[0]; x++) {
                out[ghost_at(z, y, x)] =
                    in[ghost_at(z - 1, y, x)] + 2 * in[ghost_at(z + 1, y, x)] +
                    3 * in[ghost_at(z, y - 1, x)] + 4 * in[ghost_at(z, y + 1, x)] +
                    5 * in[ghost_at(z, y, x - 1)] + 6 * in[ghost_at(z, y, x + 1)];
            }
        }
    }
}

static void ghost_planes(suite_run *run)
{
    const size_t plane = GHOST_PLANE * sizeof(int32_t);
    const yoke_range inside =
        yoke_range_from(yoke_range_3d(GHOST_SIDE, GHOST_SIDE, GHOST_SIDE), 1, 1, 1);
    int32_t *a = suite_ints(run, GHOST_ROW * GHOST_PLANE, 0);
    int32_t *b = suite_ints(run, GHOST_ROW * GHOST_PLANE, 4);

    suite_map(run, 0, inside, yoke_out_some(b, plane),
              yoke_in_halo(a, plane, 1, 1, YOKE_EDGE_PRESENT));
    suite_map(run, 0, inside, yoke_inout(a, plane),
              yoke_in_halo(b, plane, 1, 1, YOKE_EDGE_PRESENT));
    suite_map(run, 0, inside, yoke_out_some(b, plane),
              yoke_arg_of(yoke_in_halo(a, plane, 1, 1, YOKE_EDGE_CLIPPED), GHOST_ROW));
}

/* Rows of the volume: the same in y, where a part consists of a row of each plane. */
static void ghost_rows(suite_run *run)
{
    const size_t row = GHOST_ROW * sizeof(int32_t);
    const size_t plane = GHOST_PLANE * sizeof(int32_t);
    const yoke_range inside = yoke_range_split(
        yoke_range_from(yoke_range_3d(GHOST_SIDE, GHOST_SIDE, GHOST_SIDE), 1, 1, 1),
        YOKE_SPLIT_Y);
    int32_t *a = suite_ints(run, GHOST_ROW * GHOST_PLANE, 4);
    int32_t *b = suite_ints(run, GHOST_ROW * GHOST_PLANE, 0);

    suite_map(run, 0, inside, yoke_arg_strided(yoke_out_some(b, row), GHOST_ROW, plane),
              yoke_arg_strided(yoke_in_halo(a, row, 1, 1, YOKE_EDGE_PRESENT), GHOST_ROW,
                               plane));
}

/* ---- a halo in front of the kernel's pointer ---- */

static const char behind_source[] =
    "__kernel void behind(__global int *out, __global const int *in)\n"
    "{ int i = (int)get_global_id(0); out[i] = in[i - 3] * 2 + in[i + 1] - in[i]; }\n";

static void behind(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];

    for (ptrdiff_t i = (ptrdiff_t)span->begin; i < (ptrdiff_t)span->end; i++) {
        out[i] = in[i - 3] * 2 + in[i + 1] - in[i];
    }
}

/* The pointers are wherever they are: at the start of a page, or near it. */
static void in_front_of_the_pointer(suite_run *run)
{
    static const size_t lead[] = {3, 4, 1023, 1024, 1027, 4096};
    int32_t *out = suite_ints(run, 3000, 0);

    for (size_t k = 0; k < sizeof lead / sizeof lead[0]; k++) {
        int32_t *in = suite_ints(run, lead[k] + 3001, k % 2 * 4);

        suite_map(run, 0, yoke_range_1d(3000), yoke_out(out, 4),
                  yoke_in_halo(in + lead[k], 4, 3, 1, YOKE_EDGE_PRESENT));
    }
}

/* ---- tiles of a picture ---- */

static const char tile_source[] =
    "__kernel void invert(__global uchar *p, const uint w, const uint pitch)\n"
    "{ __global uchar *at = p + get_global_id(1) * pitch + get_global_id(0);\n"
    "  *at = 255 - *at; }\n"
    "__kernel void mark(__global uchar *p, const uint w, const uint pitch)\n"
    "{ p[get_global_id(1) * pitch + get_global_id(0)] = (uchar)(3 * get_global_id(0)\n"
    "    + get_global_id(1)); }\n"
    "__kernel void mirror(__global uchar *to, __global const uchar *from,\n"
    "                     const uint w, const uint pitch)\n"
    "{ uint x = get_global_id(0), y = get_global_id(1);\n"
    "  to[y * pitch + w - 1 - x] = from[y * pitch + x]; }\n";

static void invert(const yoke_span *span, void *const args[])
{
    const size_t w = SUITE_VALUE(uint32_t, args[1]),
                 pitch = SUITE_VALUE(uint32_t, args[2]);

    for (size_t y = span->begin; y < span->end; y++) {
        uint8_t *row = (uint8_t *)args[0] + y * pitch;

        for (size_t x = 0; x < w; x++) {
            row[x] = (uint8_t)(255 - row[x]);
        }
    }
}

static void mark(const yoke_span *span, void *const args[])
{
    const size_t w = SUITE_VALUE(uint32_t, args[1]),
                 pitch = SUITE_VALUE(uint32_t, args[2]);

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < w; x++) {
            ((uint8_t *)args[0])[y * pitch + x] = (uint8_t)(3 * x + y);
        }
    }
}

static void mirror(const yoke_span *span, void *const args[])
{
    const uint8_t *from = args[1];
    uint8_t *to = args[0];
    const size_t w = SUITE_VALUE(uint32_t, args[2]),
                 pitch = SUITE_VALUE(uint32_t, args[3]);

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < w; x++) {
            to[y * pitch + w - 1 - x] = from[y * pitch + x];
        }
    }
}

/* Two of them share rows, and are worked on at the same time. */
static void tiles(suite_run *run)
{
    const uint32_t pitch = 544, height = 160, w = 100;
    uint8_t *picture = suite_bytes(run, (size_t)pitch * height, 0);
    uint8_t *a = picture + 30 * pitch + 350, *b = picture + 40 * pitch + 7;

    for (int step = 0; step < 3; step++) {
        suite_map(run, 0, yoke_range_2d(w, 106),
                  yoke_arg_pitch(yoke_inout(a, w), pitch), yoke_scalar(w),
                  yoke_scalar(pitch));
        suite_map(run, 1, yoke_range_2d(w, 120), yoke_arg_pitch(yoke_out(b, w), pitch),
                  yoke_scalar(w), yoke_scalar(pitch));
    }
    suite_map(run, 2, yoke_range_2d(w, 90), yoke_arg_pitch(yoke_out(b, w), pitch),
              yoke_arg_pitch(yoke_in(a, w), pitch), yoke_scalar(w), yoke_scalar(pitch));
    suite_map(run, 0, yoke_range_2d(w, 1), yoke_arg_pitch(yoke_inout(a, w), pitch),
              yoke_scalar(w), yoke_scalar(pitch));
}

/* Its rows are longer than the blocks that devices remember, and the halves of one row
 * belong to two jobs. */
static void halves(suite_run *run)
{
    const uint32_t pitch = 24000, height = 40, w = 12000;
    uint8_t *left = suite_bytes(run, (size_t)pitch * height, 0), *right = left + w;

    for (int step = 0; step < 3; step++) {
        suite_map(run, 0, yoke_range_2d(w, height),
                  yoke_arg_pitch(yoke_inout(left, w), pitch), yoke_scalar(w),
                  yoke_scalar(pitch));
        suite_map(run, 1, yoke_range_2d(w, height),
                  yoke_arg_pitch(yoke_out(right, w), pitch), yoke_scalar(w),
                  yoke_scalar(pitch));
        suite_map(run, 2, yoke_range_2d(w, height),
                  yoke_arg_pitch(yoke_out(right, w), pitch),
                  yoke_arg_pitch(yoke_in(left, w), pitch), yoke_scalar(w),
                  yoke_scalar(pitch));
    }
}

/* ---- a tile that all items read, or write anywhere in ---- */

static const char turn_source[] =
    "__kernel void turn(__global uchar *to, __global const uchar *from, const uint n,\n"
    "                   const uint pitch)\n"
    "{ uint x = get_global_id(0), y = get_global_id(1);\n"
    "  to[x * pitch + y] = from[y * pitch + n - 1 - x]; }\n";

static void turn(const yoke_span *span, void *const args[])
{
    const uint8_t *from = args[1];
    uint8_t *to = args[0];
    const size_t n = SUITE_VALUE(uint32_t, args[2]),
                 pitch = SUITE_VALUE(uint32_t, args[3]);

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < n; x++) {
            to[x * pitch + y] = from[y * pitch + n - 1 - x];
        }
    }
}

/* Column y of the result is item y's: bytes that far apart, once as parts, once whole. */
static void whole_tiles(suite_run *run)
{
    const uint32_t pitch = 700, n = 61;
    uint8_t *picture = suite_bytes(run, (size_t)pitch * n, 8);
    uint8_t *a = picture + 3, *b = a + n, *c = b + n + 5;

    suite_map(run, 0, yoke_range_2d(n, n), yoke_arg_strided(yoke_out(b, 1), n, pitch),
              yoke_arg_strided(yoke_in_whole(a, n), n, pitch), yoke_scalar(n),
              yoke_scalar(pitch));
    suite_map(run, 0, yoke_range_2d(n, n),
              yoke_arg_strided(yoke_out_whole(c, n), n, pitch),
              yoke_arg_pitch(yoke_in(b, n), pitch), yoke_scalar(n), yoke_scalar(pitch));
}

/* ---- some of its own bytes ---- */

static const char some_source[] =
    "__kernel void odd(__global int *out, __global const int *in, const int n)\n"
    "{ int i = (int)get_global_id(0);\n"
    "  if (i > 0 && i < n - 1 && (in[i] & 1) != 0) out[i] = in[i - 1] - in[i + 1]; }\n";

static void odd(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];
    const int32_t *in = args[1];
    const int32_t n = SUITE_VALUE(int32_t, args[2]);

    for (int32_t i = (int32_t)span->begin; i < (int32_t)span->end; i++) {
        if (i > 0 && i < n - 1 && (in[i] & 1) != 0) {
            out[i] = in[i - 1] - in[i + 1];
        }
    }
}

static void some_of_its_own(suite_run *run)
{
    const int32_t n = 5000;
    int32_t *a = suite_ints(run, (size_t)n, 4), *b = suite_ints(run, (size_t)n, 8);

    for (int step = 0; step < 3; step++) {
        suite_map(run, 0, yoke_range_1d((size_t)n), yoke_out_some(b, 4),
                  yoke_in_halo(a, 4, 1, 1, YOKE_EDGE_CLIPPED), yoke_scalar(n));
        suite_map(run, 0, yoke_range_1d((size_t)n), yoke_out_some(a, 4),
                  yoke_in_halo(b, 4, 1, 1, YOKE_EDGE_CLIPPED), yoke_scalar(n));
    }
}

/* ---- any shape ---- */

/* Which parts an item owns: see parts_of(). */
typedef struct owner {
    int map, up, down, last, first;
} owner;

enum { SAME, SCALED, MIRRORED, RAGGED };

/* What a kernel has to know of its two arrays; blocks, strides and pitches in bytes. */
typedef struct shape {
    owner in, out;
    int before, after, edge, low, high;   /* parts low .. high - 1 are there */
    int at, bytes, pitch, blocks, stride; /* of what is read */
    int to, out_bytes, out_pitch, out_blocks, out_stride; /* of what is written */
    int some, adds;
} shape;

static const char shapes_source[] =
    "typedef struct { int map, up, down, last, first; } owner;\n"
    "typedef struct { owner in, out; int before, after, edge, low, high, at, bytes, pitch,\n"
    "  blocks, stride, to, out_bytes, out_pitch, out_blocks, out_stride, some, adds; }\n"
    "  shape;\n"
    "static int2 parts_of(owner o, __global const uint *offsets, int item)\n"
    "{ int i = item - o.first;\n"
    "  if (o.map == 1) { int a = i * o.up / o.down, e = (i + 1) * o.up / o.down;\n"
    "    return (int2)(a, e > a ? e : a + 1); }\n"
    "  if (o.map == 2) return (int2)(o.last - i, o.last - i + 1);\n"
    "  if (o.map == 3) return (int2)((int)offsets[i], (int)offsets[i + 1]);\n"
    "  return (int2)(i, i + 1); }\n"
    "static int gather(__global const uchar *in, shape s, int2 own)\n"
    "{ int sum = 0;\n"
    "  for (int at = own.x - s.before; at < own.y + s.after; at++) {\n"
    "    int part = at + s.at, n = s.high - s.low, k = at - own.x;\n"
    "    if (s.edge == 1) part = s.low + ((part - s.low) % n + n) % n;\n"
    "    if (part < s.low || part >= s.high) continue;\n"
    "    for (int b = 0; b < s.blocks; b++)\n"
    "      for (int j = 0; j < s.bytes; j++)\n"
    "        sum += in[part * s.pitch + b * s.stride + j] * (k + 5 * b + j + 9); }\n"
    "  return sum; }\n"
    "static void scatter(__global uchar *out, shape s, int2 own, int sum)\n"
    "{ for (int part = own.x; part < own.y; part++)\n"
    "  for (int b = 0; b < s.out_blocks; b++)\n"
    "    for (int j = 0; j < s.out_bytes; j++) {\n"
    "      __global uchar *o = out + (part + s.to) * s.out_pitch + b * s.out_stride + "
    "j;\n"
    "      if (s.some && ((part + b + j) & 1)) continue;\n"
    "      *o = (uchar)(sum + 7 * b + 3 * j + part + (s.adds ? *o * 5 : 0)); } }\n"
    "__kernel void shapes(__global uchar *out, __global const uchar *in, const shape s,\n"
    "                     __global const uint *offsets)\n"
    "{ int item = (int)get_global_id(0);\n"
    "  scatter(out, s, parts_of(s.out, offsets, item),\n"
    "          gather(in, s, parts_of(s.in, offsets, item))); }\n"
    "__kernel void shapes_of_groups(__global uchar *out, __global const uchar *in,\n"
    "                               const shape s, __global const uint *offsets)\n"
    "{ int item = (int)get_global_id(0);\n"
    "  if (get_local_id(0) == 0)\n"
    "    scatter(out, s, parts_of(s.out, offsets, (int)get_group_id(0)),\n"
    "            gather(in, s, parts_of(s.in, offsets, item))); }\n";

typedef struct parts {
    int low, high;
} parts;

static parts parts_of(const owner *o, const uint32_t *offsets, int item)
{
    const int i = item - o->first;
    parts own = {i, i + 1};

    if (o->map == SCALED) {
        own.low = i * o->up / o->down;
        own.high = (i + 1) * o->up / o->down;
        own.high += own.high == own.low;
    } else if (o->map == MIRRORED) {
        own.low = o->last - i;
        own.high = own.low + 1;
    } else if (o->map == RAGGED) {
        own.low = (int)offsets[i];
        own.high = (int)offsets[i + 1];
    }
    return own;
}

static int gather(const uint8_t *in, const shape *s, parts own)
{
    int sum = 0;

    for (int at = own.low - s->before; at < own.high + s->after; at++) {
        const int n = s->high - s->low, k = at - own.low;
        int part = at + s->at;

        if (s->edge == YOKE_EDGE_PERIODIC) {
            part = s->low + ((part - s->low) % n + n) % n;
        }
        for (int b = 0; b < s->blocks && part >= s->low && part < s->high; b++) {
            for (int j = 0; j < s->bytes; j++) {
                sum += in[part * s->pitch + b * s->stride + j] * (k + 5 * b + j + 9);
            }
        }
    }
    return sum;
}

static void scatter_part(uint8_t *out, const shape *s, int part, int sum)
{
    for (int b = 0; b < s->out_blocks; b++) {
        for (int j = 0; j < s->out_bytes; j++) {
            uint8_t *o = out + (part + s->to) * s->out_pitch + b * s->out_stride + j;

            if (!s->some || ((part + b + j) & 1) == 0) {
                *o = (uint8_t)(sum + 7 * b + 3 * j + part + (s->adds ? *o * 5 : 0));
            }
        }
    }
}

static void scatter(uint8_t *out, const shape *s, parts own, int sum)
{
    for (int part = own.low; part < own.high; part++) {
        scatter_part(out, s, part, sum);
    }
}

static void shapes(const yoke_span *span, void *const args[])
{
    const shape *s = args[2];
    const uint32_t *offsets = args[3];

    for (int item = (int)span->begin; item < (int)span->end; item++) {
        scatter(args[0], s, parts_of(&s->out, offsets, item),
                gather(args[1], s, parts_of(&s->in, offsets, item)));
    }
}

static void shapes_of_groups(const yoke_span *span, void *const args[])
{
    const shape *s = args[2];
    const uint32_t *offsets = args[3];
    const int first = (int)span->range.begin[0], group = (int)span->group[0];

    for (int item = (int)span->begin; item < (int)span->end; item += group) {
        scatter(args[0], s, parts_of(&s->out, offsets, (item - first) / group),
                gather(args[1], s, parts_of(&s->in, offsets, item)));
    }
}

/* ---- drawing them ---- */

static uint32_t drawn;

static int draw(int least, int most)
{
    drawn = drawn * UINT32_C(1664525) + UINT32_C(1013904223);
    return least + (int)((drawn >> 8) % (uint32_t)(most - least + 1));
}

typedef struct layout {
    int bytes, pitch, blocks, stride;
} layout;

/* Parts one behind the other or with gaps, of one block or of several; these between the
 * parts or the parts between them. */
static layout draw_layout(int count)
{
    layout l = {.bytes = draw(1, 24), .blocks = 1};

    l.pitch = draw(0, 1) == 0 ? l.bytes : l.bytes + draw(1, 40);
    if (draw(0, 2) == 0) {
        l.blocks = draw(2, 4);
        if (draw(0, 1) == 0) {
            l.stride = (count - 1) * l.pitch + l.bytes + draw(0, 9);
        } else {
            l.stride = l.bytes + draw(0, 9);
            l.pitch = (l.blocks - 1) * l.stride + l.bytes + draw(0, 9);
        }
    }
    return l;
}

static yoke_arg lay_out(yoke_arg arg, const layout *l)
{
    if (l->blocks > 1) {
        arg = yoke_arg_strided(arg, (size_t)l->blocks, (size_t)l->stride);
    }
    return l->pitch != l->bytes ? yoke_arg_pitch(arg, (size_t)l->pitch) : arg;
}

/* An array with room for the parts low to high - 1; the address of part 0. */
static uint8_t *make_parts(suite_run *run, const layout *l, int low, int high)
{
    const int bytes =
        (high > low ? high - low - 1 : 0) * l->pitch + (l->blocks - 1) * l->stride +
        l->bytes;

    return (uint8_t *)suite_bytes(run, (size_t)bytes, (size_t)draw(0, 9)) -
           low * l->pitch;
}

/* Around the parts of n items from `first` on: what else is there. */
static void draw_halo(shape *s, int first, int n)
{
    s->edge = draw(YOKE_EDGE_CLIPPED, YOKE_EDGE_PRESENT);
    s->before = draw(0, 3);
    s->after = draw(0, 3);
    s->low = 0;
    s->high = first + n + draw(0, 3);
    if (s->edge == YOKE_EDGE_PRESENT) {
        s->low = first - s->before;
        s->high = first + n + s->after;
    }
}

/* Which parts are whose, for items from `begin` on; for what is written, no two have the same. */
static owner draw_owner(int begin, int n, bool is_written)
{
    owner o = {.map = draw(0, 1) * draw(SAME, RAGGED), .down = draw(1, 5)};

    o.up = draw(is_written ? o.down : 1, 7);
    o.first = draw(0, 2) == 0 ? begin : 0;
    o.last = begin + n - 1 - o.first + draw(0, 1) * draw(1, 4);
    return o;
}

/* An argument whose items own these parts. */
static yoke_arg give_to(yoke_arg arg, const owner *o, const uint32_t *offsets)
{
    if (o->first != 0) {
        arg = yoke_arg_from_begin(arg);
    }
    if (o->map == MIRRORED) {
        return yoke_arg_of(yoke_arg_mirrored(arg), (size_t)o->last + 1);
    }
    return o->map == SCALED   ? yoke_arg_scaled(arg, (size_t)o->up, (size_t)o->down)
           : o->map == RAGGED ? yoke_arg_ragged(arg, offsets)
                              : arg;
}

/* All that n items own: the parts of the first and of the last and what is between. */
static parts all_owned(const owner *o, const uint32_t *offsets, int begin, int n)
{
    const parts a = parts_of(o, offsets, begin), b = parts_of(o, offsets, begin + n - 1);

    return o->map == MIRRORED ? (parts){b.low, a.high} : (parts){a.low, b.high};
}

enum { MAX_ITEMS = 160 };

static uint32_t *draw_offsets(suite_run *run)
{
    uint32_t *offsets = suite_bytes(run, (MAX_ITEMS + 1) * sizeof *offsets, 0);

    offsets[0] = (uint32_t)draw(0, 3);
    for (int i = 1; i <= MAX_ITEMS; i++) {
        offsets[i] = offsets[i - 1] + (uint32_t)(draw(0, 1) * draw(0, 4));
    }
    return offsets;
}

static yoke_arg draw_input(suite_run *run, shape *s, const uint32_t *offsets, int begin,
                           int n)
{
    const owner own = draw_owner(begin, n, false);
    const parts all = all_owned(&own, offsets, begin, n);
    const int at = own.map != MIRRORED && draw(0, 2) == 0 ? draw(1, 3) : 0;
    const bool has_halo = draw(0, 3) > 0;
    yoke_arg arg;
    layout l;

    *s = (shape){.in = own, .at = at, .low = all.low + at, .high = all.high + at};
    if (has_halo) {
        draw_halo(s, all.low + at, all.high - all.low);
    }
    if (own.map == MIRRORED && has_halo && s->edge == YOKE_EDGE_PRESENT) {
        s->edge = YOKE_EDGE_CLIPPED;
    }
    if (own.map == MIRRORED) {
        s->low = 0;
        s->high = own.last + 1;
    }
    l = draw_layout(s->high - s->low);
    s->bytes = l.bytes, s->pitch = l.pitch, s->blocks = l.blocks, s->stride = l.stride;
    /* The kernel's pointer is that of part 0, or of the first that there is. */
    if (s->low > 0 && draw(0, 1) == 0) {
        s->low = 0;
    }
    arg =
        yoke_in(make_parts(run, &l, s->low < 0 ? s->low : 0, s->high), (size_t)l.bytes);
    if (has_halo) {
        arg.edge = (yoke_edge)s->edge;
        arg.halo_before = (size_t)s->before;
        arg.halo_after = (size_t)s->after;
        if (s->edge != YOKE_EDGE_PRESENT) {
            arg = yoke_arg_of(arg, (size_t)s->high);
        }
    }
    return give_to(lay_out(yoke_arg_at(arg, (size_t)at), &l), &own, offsets);
}

static yoke_arg draw_output(suite_run *run, shape *s, const uint32_t *offsets, int begin,
                            int n)
{
    const owner own = draw_owner(begin, n, true);
    const int end = own.map == MIRRORED ? own.last + 1
                                        : all_owned(&own, offsets, begin, n).high;
    const layout l = draw_layout(end + 3);
    yoke_arg arg;

    s->out = own;
    s->to = own.map != MIRRORED ? draw(0, 1) * draw(1, 3) : 0;
    s->out_bytes = l.bytes, s->out_pitch = l.pitch;
    s->out_blocks = l.blocks, s->out_stride = l.stride;
    s->some = draw(0, 1);
    s->adds = draw(0, 2) == 0;
    arg = yoke_out(make_parts(run, &l, 0, end + s->to), (size_t)l.bytes);
    if (s->adds != 0) {
        arg.access = YOKE_ACCESS_READ_WRITE;
    } else if (s->some != 0) {
        arg.leaves_some = true;
    }
    return give_to(lay_out(yoke_arg_at(arg, (size_t)s->to), &l), &own, offsets);
}

static void map_shape(suite_run *run, const uint32_t *offsets)
{
    const int begin = draw(0, 1) * draw(1, 9), n = draw(1, 150);
    const yoke_range range =
        yoke_range_from(yoke_range_1d((size_t)n), (size_t)begin, 0, 0);
    const yoke_arg table = yoke_in_whole(offsets, (MAX_ITEMS + 1) * sizeof *offsets);
    shape s;
    const yoke_arg in = draw_input(run, &s, offsets, begin, n);

    if (draw(0, 4) == 0) {
        const yoke_arg out = draw_output(run, &s, offsets, 0, (n + 7) / 8);

        suite_map(run, 1, range, yoke_arg_per_group(out), in, yoke_scalar(s), table);
    } else {
        const yoke_arg out = draw_output(run, &s, offsets, begin, n);

        suite_map(run, 0, range, out, in, yoke_scalar(s), table);
    }
}

static void any_shape(suite_run *run, uint32_t seed)
{
    const uint32_t *offsets;

    drawn = seed;
    offsets = draw_offsets(run);
    for (int i = 0; i < 20; i++) {
        map_shape(run, offsets);
    }
}

static void shapes_1(suite_run *run)
{
    any_shape(run, 1);
}

static void shapes_2(suite_run *run)
{
    any_shape(run, 22);
}

static void shapes_3(suite_run *run)
{
    any_shape(run, 245822); /* a periodic halo wider than the range */
}

/* ---- the table ---- */

#define SHAPES                                                                         \
    {                                                                                  \
        {.name = "shapes", .source = shapes_source, .native = shapes},                 \
        {                                                                              \
            .name = "shapes_of_groups", .source = shapes_source,                       \
            .native = shapes_of_groups, .group = {8}, .round_up = true                 \
        }                                                                              \
    }

const suite_case suite_shape_cases[] = {
    {"ghost planes",
     ghost_planes,
     0,
     {{.name = "heat", .source = heat_source, .native = heat}}},
    {"ghost rows",
     ghost_rows,
     0,
     {{.name = "heat", .source = heat_source, .native = heat}}},
    {"a halo in front of the pointer",
     in_front_of_the_pointer,
     0,
     {{.name = "behind", .source = behind_source, .native = behind}}},
    {"tiles",
     tiles,
     0,
     {{.name = "invert", .source = tile_source, .native = invert},
      {.name = "mark", .source = tile_source, .native = mark},
      {.name = "mirror", .source = tile_source, .native = mirror}}},
    {"halves of a picture",
     halves,
     0,
     {{.name = "invert", .source = tile_source, .native = invert},
      {.name = "mark", .source = tile_source, .native = mark},
      {.name = "mirror", .source = tile_source, .native = mirror}}},
    {"tiles that are not divided",
     whole_tiles,
     0,
     {{.name = "turn", .source = turn_source, .native = turn}}},
    {"out_some",
     some_of_its_own,
     0,
     {{.name = "odd", .source = some_source, .native = odd}}},
    {"any shape, 1", shapes_1, 0, SHAPES},
    {"any shape, 2", shapes_2, 0, SHAPES},
    {"any shape, 3", shapes_3, 0, SHAPES},
    {0},
};
