/* SPDX-License-Identifier: MIT */
/* Jobs of any shape: one kernel whose items read and write in the way a struct says, in both
 * forms, and what is to come out. Integers only, so that all devices agree. */
#include "soak.h"

#include <stdio.h>

static const char *const read_names[SOAK_READS] = {"own", "clipped", "periodic",
                                                   "whole", "present"};
static const char *const write_names[SOAK_WRITES] = {
    "out", "inout", "update", "some", "out whole", "inout whole"};

uint32_t soak_scramble(uint32_t value, uint32_t rounds)
{
    for (uint32_t r = 0; r < rounds; r++) {
        value ^= value << 13;
        value ^= value >> 17;
        value ^= value << 5;
        value += 0x9e3779b9u;
    }
    return value;
}

void soak_fill(uint32_t *numbers, size_t count, uint32_t salt)
{
    for (size_t i = 0; i < count; i++) {
        numbers[i] = soak_scramble((uint32_t)i * 13 + salt, 1);
    }
}

const char soak_source[] =
    "typedef struct mix {\n"
    "    uint begin[3], size[3], step[3], height[3];\n"
    "    uint dimensions, split, width, block, blocks, stride, pitch, parts;\n"
    "    uint edge, count, reads, writes, before, after;\n"
    "    uint read_shift, write_shift, read_stride, total, salt, rounds;\n"
    "} mix_of;\n"
    "typedef struct element { uint key, value; } element;\n"
    "uint scramble(uint v, uint rounds)\n"
    "{\n"
    "    for (uint r = 0; r < rounds; r++) {\n"
    "        v ^= v << 13; v ^= v >> 17; v ^= v << 5; v += 0x9e3779b9u;\n"
    "    }\n"
    "    return v;\n"
    "}\n"
    "uint number(const mix_of *m, __global const uint *numbers, uint e)\n"
    "{\n"
    "    e += m->read_shift * m->step[m->split];\n"
    "    return numbers[e * m->read_stride + m->read_stride - 1];\n"
    "}\n"
    "uint gather(const mix_of *m, __global const uint *numbers, uint e, uint id)\n"
    "{\n"
    "    const int low = (int)m->edge, count = (int)m->count;\n"
    "    uint sum = 0;\n"
    "    if (m->reads == 0) return number(m, numbers, e);\n"
    "    if (m->reads == 3)\n"
    "        return number(m, numbers, e) +\n"
    "               number(m, numbers, scramble(e + m->salt, 2) % m->total);\n"
    "    for (int d = -(int)m->before; d <= (int)m->after; d++) {\n"
    "        int other = (int)id + d;\n"
    "        if (m->reads == 1 && (other < low || other >= low + count)) continue;\n"
    "        if (m->reads == 2) other = low + (other - low + 8 * count) % count;\n"
    "        sum = sum * 31 +\n"
    "              number(m, numbers, (uint)((int)e + (other - (int)id) *\n"
    "                                            (int)m->step[m->split]));\n"
    "    }\n"
    "    return sum;\n"
    "}\n"
    "uint another(const mix_of *m, uint e)\n"
    "{\n"
    "    const uint drawn = scramble(e, 1), in = drawn / m->parts;\n"
    "    return drawn % m->parts * m->pitch + in % m->blocks * m->stride +\n"
    "           in / m->blocks % m->block;\n"
    "}\n"
    "void put(const mix_of *m, __global element *to, uint e, uint v)\n"
    "{\n"
    "    const uint i = m->writes >= 4 ? m->total - 1 - e\n"
    "                                  : e + m->write_shift * m->step[m->split];\n"
    "    if (m->writes == 3 && (v & 1) != 0) return;\n"
    "    if (m->writes == 0 || m->writes == 3 || m->writes == 4) {\n"
    "        to[i].key = e * 7 + m->salt; to[i].value = v;\n"
    "    } else if (m->writes == 2) {\n"
    "        to[i].value += v + to[another(m, e)].key;\n"
    "    } else {\n"
    "        to[i].value = to[i].value * 5 + v + to[i].key;\n"
    "    }\n"
    "}\n"
    "__kernel void mix(__global element *to, __global const uint *numbers, mix_of m)\n"
    "{\n"
    "    const uint x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);\n"
    "    const uint id = m.split == 0 ? x : m.split == 1 ? y : z;\n"
    "    const uint e = x * m.step[0] + y * m.step[1] + z * m.step[2];\n"
    "    for (uint k = 0; k < m.width; k++) {\n"
    "        put(&m, to, e + k,\n"
    "            scramble(gather(&m, numbers, e + k, id) ^ m.salt, m.rounds));\n"
    "    }\n"
    "}\n"
    "__kernel void groups(__global uint *sums, __global const uint *x,\n"
    "                     __local uint *part, uint n, uint salt)\n"
    "{\n"
    "    const uint l = get_local_id(0), i = get_global_id(0);\n"
    "    part[l] = i < n ? scramble(x[i] + salt, 3) : 0;\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    if (l == 0) {\n"
    "        uint sum = 0;\n"
    "        for (uint k = 0; k < get_local_size(0); k++) sum = sum * 17 + part[k];\n"
    "        sums[get_group_id(0)] = sum;\n"
    "    }\n"
    "}\n";

/* ---- the native form ---- */

static uint32_t number(const soak_mix *m, const uint32_t *numbers, uint32_t e)
{
    e += m->read_shift * m->step[m->split];
    return numbers[e * m->read_stride + m->read_stride - 1];
}

static uint32_t gather(const soak_mix *m, const uint32_t *numbers, uint32_t e,
                       uint32_t id)
{
    const int low = (int)m->edge, count = (int)m->count;
    uint32_t sum = 0;

    if (m->reads == SOAK_READ_OWN) {
        return number(m, numbers, e);
    }
    if (m->reads == SOAK_READ_WHOLE) {
        return number(m, numbers, e) +
               number(m, numbers, soak_scramble(e + m->salt, 2) % m->total);
    }
    for (int d = -(int)m->before; d <= (int)m->after; d++) {
        int other = (int)id + d;

        if (m->reads == SOAK_READ_CLIPPED && (other < low || other >= low + count)) {
            continue;
        }
        if (m->reads == SOAK_READ_PERIODIC) {
            other = low + (other - low + 8 * count) % count;
        }
        sum = sum * 31 +
              number(m, numbers,
                     (uint32_t)((int)e + (other - (int)id) * (int)m->step[m->split]));
    }
    return sum;
}

/* An element of any part. */
static uint32_t another(const soak_mix *m, uint32_t e)
{
    const uint32_t drawn = soak_scramble(e, 1), in = drawn / m->parts;

    return drawn % m->parts * m->pitch + in % m->blocks * m->stride +
           in / m->blocks % m->block;
}

static void put(const soak_mix *m, soak_element *to, uint32_t e, uint32_t v)
{
    const uint32_t i = m->writes >= SOAK_WRITE_OUT_WHOLE
                           ? m->total - 1 - e
                           : e + m->write_shift * m->step[m->split];

    if (m->writes == SOAK_WRITE_SOME && (v & 1) != 0) {
        return;
    }
    if (m->writes == SOAK_WRITE_OUT || m->writes == SOAK_WRITE_SOME ||
        m->writes == SOAK_WRITE_OUT_WHOLE) {
        to[i] = (soak_element){e * 7 + m->salt, v};
    } else if (m->writes == SOAK_WRITE_UPDATE) {
        to[i].value += v + to[another(m, e)].key;
    } else {
        to[i].value = to[i].value * 5 + v + to[i].key;
    }
}

/* The items [begin, end) of the split dimension. */
static void mix_span(const soak_mix *m, soak_element *to, const uint32_t *numbers,
                     uint32_t begin, uint32_t end)
{
    uint32_t low[3], high[3];

    for (unsigned d = 0; d < 3; d++) {
        low[d] = d == m->split ? begin : m->begin[d];
        high[d] = d == m->split ? end : m->begin[d] + m->size[d];
    }
    for (uint32_t z = low[2]; z < high[2]; z++) {
        for (uint32_t y = low[1]; y < high[1]; y++) {
            for (uint32_t x = low[0]; x < high[0]; x++) {
                const uint32_t e = x * m->step[0] + y * m->step[1] + z * m->step[2];
                const uint32_t id = m->split == 0 ? x : m->split == 1 ? y : z;

                for (uint32_t k = 0; k < m->width; k++) {
                    put(m, to, e + k,
                        soak_scramble(gather(m, numbers, e + k, id) ^ m->salt,
                                      m->rounds));
                }
            }
        }
    }
}

void soak_mix_native(const yoke_span *span, void *const args[])
{
    mix_span(args[2], args[0], args[1], (uint32_t)span->begin, (uint32_t)span->end);
}

void soak_mix_here(const soak_mix *mix, soak_element *elements, const void *numbers)
{
    mix_span(mix, elements, numbers, mix->begin[mix->split],
             mix->begin[mix->split] + mix->size[mix->split]);
}

void soak_groups_native(const yoke_span *span, void *const args[])
{
    uint32_t *sums = args[0];
    const uint32_t *x = args[1];
    const uint32_t n = *(const uint32_t *)args[3], salt = *(const uint32_t *)args[4];

    for (size_t first = span->begin; first < span->end; first += SOAK_GROUP) {
        uint32_t sum = 0;

        for (size_t i = first; i < first + SOAK_GROUP; i++) {
            sum = sum * 17 + (i < n ? soak_scramble(x[i] + salt, 3) : 0);
        }
        sums[first / SOAK_GROUP] = sum;
    }
}

/* ---- shapes ---- */

/* Sizes, and gaps in the dimensions that may have some. */
static void draw_sizes(soak_random *random, soak_mix *mix, const bool may_begin[3],
                       const bool may_pad[3])
{
    static const uint32_t most[] = {0, 4000, 70, 18};

    for (unsigned d = 0; d < 3; d++) {
        const bool is_used = d < mix->dimensions;

        mix->size[d] = is_used ? soak_between(random, 1, most[mix->dimensions]) : 1;
        if (is_used && may_begin[d] && soak_chance(random, 40)) {
            mix->begin[d] = soak_between(random, 1, 9);
        }
        mix->height[d] = mix->begin[d] + mix->size[d];
        if (is_used && may_pad[d]) {
            mix->height[d] += soak_between(random, 0, 4);
        }
    }
}

/* What a part is: without the gaps inside it if it is `tight`, else with them. */
static void set_parts(soak_mix *mix, bool is_tight)
{
    const unsigned split = mix->split;
    const bool is_last = split + 1 == mix->dimensions;
    uint32_t used[3]; /* elements that belong to a step of each dimension */

    used[0] = mix->width;
    for (unsigned d = 1; d < 3; d++) {
        used[d] = mix->step[d - 1] * (mix->begin[d - 1] + mix->size[d - 1]);
    }
    mix->pitch = mix->step[split];
    mix->block = is_tight ? used[split] : mix->step[split];
    mix->blocks = 1;
    mix->stride = is_last ? mix->step[split] : mix->step[split + 1];
    for (unsigned d = split + 1; d < mix->dimensions; d++) {
        mix->blocks *= mix->height[d];
    }
    if (is_tight && is_last && split == 2 && mix->step[1] != used[1]) {
        mix->block = used[1]; /* rows with gaps between them */
        mix->blocks = mix->begin[1] + mix->size[1];
        mix->stride = mix->step[1];
    }
}

/* A shape whose items may write all of their parts, or one with any gaps. */
static void draw_shape(soak_random *random, soak_mix *mix, bool is_full)
{
    const unsigned split = soak_between(random, 0, mix->dimensions - 1);
    bool may_begin[3], may_pad[3];

    mix->split = soak_chance(random, 60) ? mix->dimensions - 1 : split;
    mix->width = mix->dimensions == 1 ? soak_between(random, 1, 3) : 1;
    for (unsigned d = 0; d < 3; d++) {
        /* A part of the first of three dimensions is blocks of equal distance. */
        const bool is_even = mix->split == 0 && mix->dimensions == 3 && d == 1;

        may_begin[d] = d == mix->split || !is_full;
        may_pad[d] = d <= mix->split || (!is_full && !is_even);
    }
    draw_sizes(random, mix, may_begin, may_pad);
    mix->step[0] = mix->width;
    if (mix->dimensions == 1 && soak_chance(random, 30)) {
        mix->step[0] += soak_between(random, 1, 3);
    }
    mix->step[1] = mix->step[0] * mix->height[0];
    mix->step[2] = mix->step[1] * mix->height[1];
    mix->total = mix->step[mix->dimensions - 1] * mix->height[mix->dimensions - 1];
    set_parts(mix, is_full || soak_chance(random, 70));
}

/* Whether a part is what its item's work-items write, and nothing else. */
static bool is_full(const soak_mix *mix)
{
    uint32_t elements = mix->width;

    for (unsigned d = 0; d < mix->dimensions; d++) {
        elements *= d != mix->split ? mix->size[d] : 1;
        if (d != mix->split && mix->begin[d] != 0) {
            return false;
        }
    }
    return elements == mix->block * mix->blocks;
}

static uint32_t room_behind(const soak_mix *mix)
{
    return mix->height[mix->split] - mix->begin[mix->split] - mix->size[mix->split];
}

static bool can_read(const soak_mix *mix, uint32_t reads)
{
    return (reads != SOAK_READ_CLIPPED && reads != SOAK_READ_PERIODIC) ||
           mix->edge == 0;
}

static void draw_halo(soak_random *random, soak_mix *mix)
{
    const uint32_t begin = mix->begin[mix->split], room = room_behind(mix);

    mix->before = mix->after = soak_between(random, 0, 3);
    if (mix->reads == SOAK_READ_PRESENT) {
        mix->before = soak_between(random, 0, begin < 3 ? begin : 3);
        mix->after = soak_between(random, 0, room < 3 ? room : 3);
    }
}

void soak_mix_draw_forms(soak_client *client, soak_mix *mix, bool any_write)
{
    soak_random *random = &client->random;
    const uint32_t last = any_write ? SOAK_WRITES - 1 : SOAK_WRITE_UPDATE;
    const bool has_count = soak_chance(random, 30);

    do {
        mix->writes = soak_between(random, 0, last);
    } while (mix->writes == SOAK_WRITE_OUT && !is_full(mix));
    mix->parts = mix->begin[mix->split] + mix->size[mix->split];
    mix->edge = has_count ? 0 : mix->begin[mix->split];
    mix->count = has_count ? mix->height[mix->split] : mix->size[mix->split];
    if (has_count) {
        mix->parts = mix->count;
    }
    do {
        mix->reads = soak_between(random, 0, SOAK_READS - 1);
    } while (!can_read(mix, mix->reads));
    draw_halo(random, mix);
    mix->salt = (uint32_t)soak_bits(random);
    mix->rounds = soak_chance(random, 20) ? soak_between(random, 100, 400)
                                          : soak_between(random, 1, 30);
}

void soak_mix_draw(soak_client *client, soak_mix *mix)
{
    soak_random *random = &client->random;

    *mix = (soak_mix){.dimensions = soak_between(random, 1, 3), .read_stride = 1};
    draw_shape(random, mix, soak_chance(random, 60));
    soak_mix_draw_forms(client, mix, true);
    if (mix->reads == SOAK_READ_OWN && soak_chance(random, 50)) {
        mix->read_shift = soak_between(random, 0, room_behind(mix));
    }
    if ((mix->writes <= SOAK_WRITE_INOUT || mix->writes == SOAK_WRITE_SOME) &&
        soak_chance(random, 50)) {
        mix->write_shift = soak_between(random, 0, room_behind(mix));
    }
}

soak_mix soak_mix_line(uint32_t count, uint32_t salt)
{
    return (soak_mix){.dimensions = 1,
                      .size = {count, 1, 1},
                      .height = {count, 1, 1},
                      .step = {1, count, count},
                      .width = 1,
                      .block = 1,
                      .blocks = 1,
                      .pitch = 1,
                      .stride = 1,
                      .parts = count,
                      .count = count,
                      .read_stride = 1,
                      .total = count,
                      .salt = salt,
                      .rounds = 5};
}

yoke_range soak_mix_range(const soak_mix *mix, bool names_split)
{
    yoke_range range = {.dimensions = mix->dimensions, .size = {1, 1, 1}};

    for (unsigned d = 0; d < 3; d++) {
        range.begin[d] = mix->begin[d];
        range.size[d] = mix->size[d];
    }
    if (names_split || mix->split + 1 != mix->dimensions) {
        range.split = (yoke_split)(YOKE_SPLIT_X + mix->split);
    }
    return range;
}

/* What lies where, for an argument whose bytes are those of a block. */
static yoke_arg lay_out(const soak_mix *mix, yoke_arg arg, size_t element,
                        uint32_t shift)
{
    if (mix->blocks > 1) {
        arg = yoke_arg_strided(arg, mix->blocks, mix->stride * element);
    }
    if (mix->pitch != mix->block) {
        arg = yoke_arg_pitch(arg, mix->pitch * element);
    }
    return shift > 0 ? yoke_arg_at(arg, shift) : arg;
}

static bool has_count(const soak_mix *mix)
{
    return mix->edge != mix->begin[mix->split] || mix->count != mix->size[mix->split];
}

yoke_arg soak_mix_read(const soak_mix *mix, const void *numbers)
{
    const size_t number = sizeof(uint32_t) * mix->read_stride;
    const size_t block = mix->block * number;
    yoke_arg arg;

    switch (mix->reads) {
    case SOAK_READ_WHOLE:
        return yoke_in_whole(numbers, mix->total * number);
    case SOAK_READ_CLIPPED:
        arg = yoke_in_halo(numbers, block, mix->before, mix->before, YOKE_EDGE_CLIPPED);
        break;
    case SOAK_READ_PERIODIC:
        arg =
            yoke_in_halo(numbers, block, mix->before, mix->before, YOKE_EDGE_PERIODIC);
        break;
    case SOAK_READ_PRESENT:
        arg = yoke_in_halo(numbers, block, mix->before, mix->after, YOKE_EDGE_PRESENT);
        break;
    default:
        arg = yoke_in(numbers, block);
    }
    if (has_count(mix) &&
        (mix->reads == SOAK_READ_CLIPPED || mix->reads == SOAK_READ_PERIODIC)) {
        arg = yoke_arg_of(arg, mix->count);
    }
    return lay_out(mix, arg, number, mix->read_shift);
}

yoke_arg soak_mix_write(const soak_mix *mix, void *elements)
{
    const size_t element = sizeof(soak_element);
    const size_t block = mix->block * element;

    switch (mix->writes) {
    case SOAK_WRITE_OUT_WHOLE:
        return yoke_out_whole(elements, mix->total * element);
    case SOAK_WRITE_INOUT_WHOLE:
        return yoke_inout_whole(elements, mix->total * element);
    case SOAK_WRITE_UPDATE:
        return lay_out(
            mix,
            has_count(mix)
                ? yoke_arg_of(yoke_inout_read_all(elements, block), mix->parts)
                : yoke_inout_read_all(elements, block),
            element, 0);
    case SOAK_WRITE_INOUT:
        return lay_out(mix, yoke_inout(elements, block), element, mix->write_shift);
    case SOAK_WRITE_SOME:
        return lay_out(mix, yoke_out_some(elements, block), element, mix->write_shift);
    default:
        return lay_out(mix, yoke_out(elements, block), element, mix->write_shift);
    }
}

void soak_mix_describe(const soak_mix *mix, char *text, size_t bytes)
{
    (void)snprintf(
        text, bytes,
        "%uD, split %u, begin %u %u %u, size %u %u %u, height %u %u %u, "
        "width %u, parts of %u times %u each %u, pitch %u, reads %s %u..%u "
        "shift %u, ends %u+%u, writes %s shift %u, of %u, salt %u, rounds %u",
        mix->dimensions, mix->split, mix->begin[0], mix->begin[1], mix->begin[2],
        mix->size[0], mix->size[1], mix->size[2], mix->height[0], mix->height[1],
        mix->height[2], mix->width, mix->blocks, mix->block, mix->stride, mix->pitch,
        read_names[mix->reads], mix->before, mix->after, mix->read_shift, mix->edge,
        mix->count, write_names[mix->writes], mix->write_shift, mix->parts, mix->salt,
        mix->rounds);
}

void soak_mix_check(const soak_client *client, const soak_mix *mix,
                    const soak_element *elements, const soak_element *expected)
{
    uint32_t wrong = 0, first = 0;
    char text[400];

    for (uint32_t e = mix->total; e-- > 0;) {
        if (elements[e].key != expected[e].key ||
            elements[e].value != expected[e].value) {
            wrong++;
            first = e;
        }
    }
    if (wrong > 0) {
        soak_mix_describe(mix, text, sizeof text);
        soak_wrong(client,
                   "%u of %u elements are wrong; element %u is {%u, %u}, not {%u, %u}\n"
                   "  %s",
                   wrong, mix->total, first, elements[first].key, elements[first].value,
                   expected[first].key, expected[first].value, text);
    }
}
