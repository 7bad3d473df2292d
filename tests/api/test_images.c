/* SPDX-License-Identifier: MIT */
/* Image and sampler arguments: bit for bit as with a host that has one device and one launch, on
 * every kind of device; what is refused; devices that stand aside. */
#include <stdlib.h>
#include <string.h>

#include "raw_host.h"

enum {
    W = 67,
    H = 41,
    FROM_W = 40,
    FROM_H = 30,
    GAP = 48, /* behind each row */
    BYTES = 64 * 1024,
};

#define EDGE                                                                             \
    "const sampler_t edge = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | "  \
    "CLK_FILTER_NEAREST;\n"

static const char blur_source[] =
    "__kernel void blur(__write_only image2d_t to, __read_only image2d_t from, float amount)\n"
    "{ " EDGE
    "  int2 at = (int2)((int)get_global_id(0), (int)get_global_id(1)); float4 sum = 0.0f;\n"
    "  for (int y = -2; y <= 2; y++) for (int x = -2; x <= 2; x++)\n"
    "    sum += read_imagef(from, edge, at + (int2)(x, y)) * (float)((3 - abs(x)) * (3 - "
    "abs(y)));\n"
    "  float4 own = read_imagef(from, edge, at);\n"
    "  write_imagef(to, at, own + (own - sum / 81.0f) * amount); }\n";

static const char resize_source[] =
    "__kernel void resize(__write_only image2d_t to, __read_only image2d_t from, sampler_t how)\n"
    "{ int2 at = (int2)((int)get_global_id(0), (int)get_global_id(1));\n"
    "  float2 size = (float2)((float)get_image_width(to), (float)get_image_height(to));\n"
    "  float2 part = (convert_float2(at) + 0.5f) / size;\n"
    "  write_imagef(to, at, read_imagef(from, how, part)); }\n";

static const char volume_source[] =
    "__kernel void volume(__global float *to, __read_only image3d_t from)\n"
    "{ " EDGE
    "  int4 at = (int4)((int)get_global_id(0), (int)get_global_id(1), (int)get_global_id(2), "
    "0);\n"
    "  float sum = 0.0f;\n"
    "  for (int z = -1; z <= 1; z++) for (int x = -1; x <= 1; x++)\n"
    "    sum += read_imagef(from, edge, at + (int4)(x, 0, z, 0)).x;\n"
    "  to[(at.z * get_image_height(from) + at.y) * get_image_width(from) + at.x] = sum; }\n";

static const char layers_source[] =
    "__kernel void layers(__write_only image2d_array_t to, __read_only image2d_array_t from)\n"
    "{ " EDGE
    "  int4 at = (int4)((int)get_global_id(0), (int)get_global_id(1), (int)get_global_id(2), "
    "0);\n"
    "  write_imageui(to, at, read_imageui(from, edge, at) + (uint)at.z); }\n";

static const char lines_source[] =
    "__kernel void lines(__write_only image1d_array_t to, __read_only image1d_array_t from)\n"
    "{ " EDGE
    "  int2 at = (int2)((int)get_global_id(0), (int)get_global_id(1));\n"
    "  write_imagei(to, at, read_imagei(from, edge, at + (int2)(1, 0)) - at.y); }\n";

static const char points_source[] =
    "__kernel void points(__write_only image1d_t to, __read_only image1d_t from)\n"
    "{ " EDGE
    "  int at = (int)get_global_id(0);\n"
    "  write_imagei(to, at, read_imagei(from, edge, at - 1) + read_imagei(from, edge, at + 1)); "
    "}\n";

static const char change_source[] =
    "__kernel void change(read_write image2d_t picture)\n"
    "{ int2 at = (int2)((int)get_global_id(0), (int)get_global_id(1));\n"
    "  uint4 was = read_imageui(picture, at);\n"
    "  write_imageui(picture, at, was * 3u + (uint4)((uint)at.x, (uint)at.y, 1u, 2u)); }\n";

/* ---- the cases ---- */

typedef struct image_case {
    const char *name; /* of the kernel */
    unsigned dimensions;
    size_t size[3];
    size_t (*list)(yoke_arg *args, unsigned char *to, unsigned char *from);
    const char *source;
    const char *build_options;
    bool is_changed; /* `to` is read, too */
    bool is_float; /* a pixel of `from` is floats */
} image_case;

static yoke_image picture(unsigned width, unsigned height, yoke_channels channels,
                          yoke_channel_type type)
{
    yoke_image image = {
        .width = width, .height = height, .channels = channels, .type = type};

    image.row_pitch = yoke_image_row_pitch(image) + GAP;
    return image;
}

static size_t list_blur(yoke_arg *args, unsigned char *to, unsigned char *from)
{
    const yoke_image image = picture(W, H, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_UNORM8);

    args[0] = yoke_arg_image(yoke_out(to, 0), image);
    args[1] = yoke_arg_image(yoke_in_halo(from, 0, 2, 2, YOKE_EDGE_CLIPPED), image);
    args[2] = yoke_scalar(0.7f);
    return 3;
}

static size_t list_resize(yoke_arg *args, unsigned char *to, unsigned char *from)
{
    const yoke_image large = picture(W, H, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_FLOAT);
    const yoke_image small = picture(FROM_W, FROM_H, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_FLOAT);

    args[0] = yoke_arg_image(yoke_out(to, 0), large);
    args[1] = yoke_arg_scaled(
        yoke_arg_image(yoke_in_halo(from, 0, 2, 2, YOKE_EDGE_CLIPPED), small), FROM_H, H);
    args[2] = yoke_sampler(YOKE_ADDRESSING_CLAMP_TO_EDGE, YOKE_FILTER_LINEAR, true);
    return 3;
}

static size_t list_volume(yoke_arg *args, unsigned char *to, unsigned char *from)
{
    yoke_image image = picture(20, 7, YOKE_CHANNELS_R, YOKE_CHANNEL_FLOAT);

    image.depth = 11;
    image.slice_pitch = 9 * image.row_pitch;
    args[0] = yoke_out(to, 20 * 7 * 4);
    args[1] = yoke_arg_image(yoke_in_halo(from, 0, 1, 1, YOKE_EDGE_CLIPPED), image);
    return 2;
}

static size_t list_layers(yoke_arg *args, unsigned char *to, unsigned char *from)
{
    yoke_image image = picture(20, 7, YOKE_CHANNELS_R, YOKE_CHANNEL_UINT16);

    image.layers = 11;
    image.slice_pitch = 8 * image.row_pitch;
    args[0] = yoke_arg_image(yoke_out(to, 0), image);
    args[1] = yoke_arg_image(yoke_in(from, 0), image);
    return 2;
}

static size_t list_lines(yoke_arg *args, unsigned char *to, unsigned char *from)
{
    yoke_image image = picture(50, 0, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_INT16);

    image.layers = 17;
    args[0] = yoke_arg_image(yoke_out(to, 0), image);
    args[1] = yoke_arg_image(yoke_in(from, 0), image);
    return 2;
}

static size_t list_points(yoke_arg *args, unsigned char *to, unsigned char *from)
{
    const yoke_image image = {
        .width = 1000, .channels = YOKE_CHANNELS_R, .type = YOKE_CHANNEL_INT32};

    args[0] = yoke_arg_image(yoke_out(to, 0), image);
    args[1] = yoke_arg_image(yoke_in_halo(from, 0, 1, 1, YOKE_EDGE_CLIPPED), image);
    return 2;
}

static size_t list_change(yoke_arg *args, unsigned char *to, unsigned char *from)
{
    (void)from;
    args[0] = yoke_arg_image(yoke_inout(to, 0),
                             picture(W, H, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_UINT32));
    return 1;
}

static const image_case cases[] = {
    {"blur", 2, {W, H}, list_blur, blur_source, "", false, false},
    {"resize", 2, {W, H}, list_resize, resize_source, "", false, true},
    {"volume", 3, {20, 7, 11}, list_volume, volume_source, "", false, true},
    {"layers", 3, {20, 7, 11}, list_layers, layers_source, "", false, false},
    {"lines", 2, {50, 17}, list_lines, lines_source, "", false, false},
    {"points", 1, {1000}, list_points, points_source, "", false, false},
    {"change", 2, {W, H}, list_change, change_source, "-cl-std=CL2.0", true, false},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* ---- running them ---- */

static const char *platform_of(const source_device *device)
{
    return device->driver != NULL                         ? "Oclgrind"
           : strstr(device->devices, "llvmpipe") != NULL ? "rusticl"
                                                          : "Portable";
}

static void fill_bytes(const image_case *c, unsigned char *from, unsigned char *to)
{
    for (size_t i = 0; i < BYTES; i++) {
        from[i] = (unsigned char)(i * 131 + i / 97);
        to[i] = (unsigned char)(i * 7);
    }
    for (size_t i = 0; c->is_float && i < BYTES / sizeof(float); i++) {
        ((float *)(void *)from)[i] = (float)(i * 37 % 1001) / 100.0f;
    }
}

static yoke_range range_of(const image_case *c)
{
    return c->dimensions == 1   ? yoke_range_1d(c->size[0])
           : c->dimensions == 2 ? yoke_range_2d(c->size[0], c->size[1])
                                : yoke_range_3d(c->size[0], c->size[1], c->size[2]);
}

/* What a host alone computes; false if the device cannot do it. */
static bool run_raw(const image_case *c, const source_device *device, unsigned char *to,
                    unsigned char *from)
{
    raw_launch raw = {.source = c->source,
                      .build_options = c->build_options,
                      .name = c->name,
                      .driver = device->driver,
                      .platform = platform_of(device),
                      .dimensions = c->dimensions,
                      .size = {c->size[0], c->size[1], c->size[2]}};

    raw.arg_count = c->list(raw.args, to, from);
    if (strcmp(c->name, "volume") == 0) {
        raw.args[0] = yoke_out(to, 20 * 7 * 11 * 4);
    }
    return raw_run(&raw) == 0;
}

/* What each case gives with each platform, which is found out once. */
static const unsigned char *expected_of(size_t i, const source_device *device)
{
    enum { PLATFORMS = 3 };
    static unsigned char all[PLATFORMS][CASES][BYTES];
    static enum { UNKNOWN, KNOWN, IMPOSSIBLE } states[PLATFORMS][CASES];
    const char *name = platform_of(device);
    const size_t p = name[0] == 'O' ? 0 : name[0] == 'r' ? 1 : 2;
    unsigned char *to;
    unsigned char *from;

    if (states[p][i] == UNKNOWN) {
        to = raw_shared(BYTES);
        from = raw_shared(BYTES);
        fill_bytes(&cases[i], from, to);
        states[p][i] = run_raw(&cases[i], device, to, from) ? KNOWN : IMPOSSIBLE;
        memcpy(all[p][i], to, BYTES);
        raw_shared_free(from, BYTES);
        raw_shared_free(to, BYTES);
    }
    return states[p][i] == KNOWN ? all[p][i] : NULL;
}

static yoke_kernel *build_case(yoke_pool *pool, const image_case *c)
{
    const yoke_kernel_options options = {
        .name = c->name, .source = c->source, .build_options = c->build_options};
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    return kernel;
}

/* False if no device of the pool can have such images. */
static bool map_case(yoke_pool *pool, yoke_kernel *kernel, const image_case *c,
                     const yoke_map_options *options, unsigned char *to, unsigned char *from)
{
    yoke_arg args[8];
    const size_t count = c->list(args, to, from);
    const yoke_status status = yoke_map_with(pool, kernel, range_of(c), options, args, count);

    if (status == YOKE_ENODEVICE) {
        assert_contains(yoke_pool_error(pool), "the device has no");
        return false;
    }
    assert_ok_pool(pool, status);
    return true;
}

static bool check_case(yoke_pool *pool, const image_case *c, const unsigned char *expected,
                       const yoke_map_options *options, bool is_lent)
{
    unsigned char *to = yoke_alloc(pool, BYTES);
    unsigned char *from = yoke_alloc(pool, BYTES);
    yoke_kernel *kernel = build_case(pool, c);
    bool is_possible;

    assert_true(to != NULL && from != NULL);
    fill_bytes(c, from, to);
    if (is_lent) {
        assert_ok(yoke_lend(to));
        assert_ok(yoke_lend(from));
    }
    is_possible = map_case(pool, kernel, c, options, to, from);
    if (is_lent) {
        assert_ok(yoke_reclaim(to));
        assert_ok(yoke_reclaim(from));
    }
    for (size_t i = 0; i < BYTES && is_possible; i++) {
        if (to[i] != expected[i]) {
            fail_msg("%s: byte %zu is %u, not %u", c->name, i, to[i], expected[i]);
        }
    }
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(from));
    assert_ok(yoke_free(to));
    return is_possible;
}

/* CPU workers and a device with copies do all. */
static void check_device(size_t number)
{
    const source_device *device = &source_devices[number];
    const bool has_all = number == 0 || number == 2;
    yoke_pool *pool = source_open(device);
    size_t done = 0;

    for (size_t i = 0; pool != NULL && i < CASES; i++) {
        const bool is_tried = has_all || yt_is_turn(number * CASES + i, 5);
        const unsigned char *to = is_tried ? expected_of(i, device) : NULL;

        if (!is_tried) {
            continue;
        }
        if (to == NULL) {
            print_message("%s: no %s\n", device->devices, cases[i].name);
            continue;
        }
        done += check_case(pool, &cases[i], to, &(yoke_map_options){.grain = 1, .chunk = 3},
                           false);
        if (number == 2 || yt_is_turn(i, 4)) {
            (void)check_case(pool, &cases[i], to,
                             &(yoke_map_options){.recovery = YOKE_RECOVER_NONE}, true);
        }
    }
    print_message("%s (copies %s): %zu of %d\n", device->devices, device->discrete, done,
                  (int)CASES);
    if (pool != NULL) {
        api_close(pool);
    }
}

static void test_every_device(void **state)
{
    (void)state;
    for (size_t i = 0; i < SOURCE_DEVICES; i++) {
        check_device(i);
    }
}

/* ---- the program's memory, and functions ---- */

static void test_memory_outside(void **state)
{
    const image_case *c = &cases[0];
    yoke_pool *pool = source_open(&source_devices[0]);
    unsigned char *to = malloc(BYTES);
    unsigned char *from = malloc(BYTES);
    yoke_kernel *kernel;

    (void)state;
    assert_true(pool != NULL && to != NULL && from != NULL);
    kernel = build_case(pool, c);
    fill_bytes(c, from, to);
    assert_true(map_case(pool, kernel, c, &(yoke_map_options){.stage = true}, to, from));
    assert_memory_equal(to, expected_of(0, &source_devices[0]), BYTES);
    yoke_kernel_destroy(kernel);
    api_close(pool);
    free(from);
    free(to);
}

/* out image, in image, sampler */
static void copy_rows(const yoke_span *span, void *const args[])
{
    const yoke_sampling *sampling = args[2];
    const size_t pitch = W * 4 + GAP;

    for (size_t y = span->begin; y < span->end; y++) {
        memcpy((unsigned char *)args[0] + y * pitch, (unsigned char *)args[1] + y * pitch, W);
        ((unsigned char *)args[0])[y * pitch + W] =
            (unsigned char)(sampling->addressing * 16 + sampling->filter * 2 +
                            sampling->normalized);
    }
}

static void test_function(void **state)
{
    const yoke_image image = picture(W, H, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_UINT8);
    yoke_pool *pool = api_open("cpu:2,fake:1x1/private");
    yoke_kernel *kernel = api_kernel(pool, "rows", copy_rows);
    unsigned char *to = yoke_alloc(pool, BYTES);
    unsigned char *from = yoke_alloc(pool, BYTES);

    (void)state;
    assert_true(to != NULL && from != NULL);
    fill_bytes(&cases[0], from, to);
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(H),
                                  yoke_arg_image(yoke_out_some(to, 0), image),
                                  yoke_arg_image(yoke_in(from, 0), image),
                                  yoke_sampler(YOKE_ADDRESSING_REPEAT, YOKE_FILTER_LINEAR,
                                               true)));
    for (size_t y = 0; y < H; y++) {
        assert_memory_equal(to + y * (W * 4 + GAP), from + y * (W * 4 + GAP), W);
        assert_int_equal(to[y * (W * 4 + GAP) + W], 3 * 16 + 2 + 1);
    }
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* ---- checks ---- */

/* Right kernels pass; an argument that declares too little is found. */
static void test_checked(void **state)
{
    const yoke_image image = picture(W, H, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_UNORM8);
    yoke_pool *pool = NULL;
    unsigned char *there;
    yoke_kernel *kernel;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1",
                                                                      .check = true}));
    for (size_t i = 0; i < CASES; i++) {
        if (!yt_is_turn(i, 3)) {
            continue;
        }
        assert_true(check_case(pool, &cases[i], expected_of(i, &source_devices[0]), NULL, false));
    }
    kernel = build_case(pool, &cases[0]);
    there = yoke_alloc(pool, BYTES);
    assert_non_null(there);
    assert_refused(pool,
                   yoke_map(pool, kernel, yoke_range_2d(W, H),
                            yoke_arg_image(yoke_out(yoke_alloc(pool, BYTES), 0), image),
                            yoke_arg_image(yoke_in_halo(there, 0, 1, 2, YOKE_EDGE_CLIPPED),
                                           image),
                            yoke_scalar(0.7f)),
                   YOKE_ECHECK, "argument 2 (from): item 2 reads byte 0");
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* ---- devices that stand aside ---- */

static void test_aside(void **state)
{
    yoke_pool *pool = source_open(&source_devices[0]);
    yoke_kernel *kernel = build_case(pool, &cases[0]);
    yoke_image image = picture(20, H, YOKE_CHANNELS_RG, YOKE_CHANNEL_UNORM8);
    unsigned char *to = yoke_alloc(pool, 1 << 20);
    unsigned char *from = yoke_alloc(pool, 1 << 20);
    yoke_status status;

    (void)state;
    assert_true(to != NULL && from != NULL);
    status = yoke_map(pool, kernel, yoke_range_2d(20, H), yoke_arg_image(yoke_out(to, 0), image),
                      yoke_arg_image(yoke_in_whole(from, 0), image), yoke_scalar(0.7f));
    if (status != YOKE_OK) {
        assert_int_equal(status, YOKE_ENODEVICE); /* PoCL 3.1 has no RG */
        assert_contains(yoke_pool_error(pool), "no image2d_t with RG UNORM8 pixels");
    }
    image = picture(100000, 2, YOKE_CHANNELS_R, YOKE_CHANNEL_UNORM8);
    assert_refused(pool,
                   yoke_map(pool, kernel, yoke_range_2d(2, 2),
                            yoke_arg_image(yoke_out_some(to, 0), image),
                            yoke_arg_image(yoke_in_whole(from, 0), image), yoke_scalar(0.7f)),
                   YOKE_ENODEVICE, "is too large");
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* ---- what is refused ---- */

typedef struct refusals {
    yoke_pool *pool;
    yoke_kernel *blur;
    unsigned char *to;
    unsigned char *from;
} refusals;

static void check_refused(const refusals *r, yoke_arg to, yoke_arg from, yoke_arg amount,
                          const char *words)
{
    assert_refused(r->pool, yoke_map(r->pool, r->blur, yoke_range_2d(W, H), to, from, amount),
                   YOKE_EINVAL, words);
}

static void refuse_parameters(const refusals *r, yoke_image image)
{
    const yoke_arg to = yoke_arg_image(yoke_out(r->to, 0), image);
    const yoke_arg from = yoke_arg_image(yoke_in_whole(r->from, 0), image);
    const yoke_arg amount = yoke_scalar(0.7f);

    check_refused(r, to, yoke_in(r->from, W * 4), amount,
                  "argument 2 (from, image2d_t): an array given, the kernel takes an image: "
                  "yoke_arg_image()");
    check_refused(r, to, from, from, "an image given, the kernel takes a scalar");
    check_refused(r, to, from, yoke_sampler(YOKE_ADDRESSING_CLAMP, YOKE_FILTER_LINEAR, false),
                  "a sampler given, the kernel takes a scalar");
    check_refused(r, to, amount, amount, "a scalar given, the kernel takes an image");
    check_refused(r, yoke_arg_image(yoke_in(r->to, 0), image), from, amount,
                  "argument 1 (to, image2d_t): the parameter is write_only");
    check_refused(r, to, yoke_arg_image(yoke_inout(r->from, 0), image), amount,
                  "the parameter is read_only");
    check_refused(r, to, yoke_arg_image(yoke_in(r->to, 0), image), amount,
                  "is one read_write parameter");
    check_refused(r, to, yoke_arg_image(yoke_local(100), image), amount,
                  "local memory given, the kernel takes an image");
    image.depth = 2;
    check_refused(r, to, yoke_arg_image(yoke_in_whole(r->from, 0), image), amount,
                  "the image is image3d_t (width 67, height 41, depth or layers 2), the kernel "
                  "takes image2d_t");
}

static void refuse_descriptions(const refusals *r, const yoke_image good)
{
    const yoke_arg to = yoke_arg_image(yoke_out(r->to, 0), good);
    const yoke_arg amount = yoke_scalar(0.7f);
    yoke_image image = good;

    image.row_pitch = W * 4 - 4;
    check_refused(r, to, yoke_arg_image(yoke_in_whole(r->from, 0), image), amount,
                  "a row pitch of 264 bytes given; a row of 67 pixels has 268 bytes");
    image.row_pitch = W * 4 + 2;
    check_refused(r, to, yoke_arg_image(yoke_in_whole(r->from, 0), image), amount,
                  "a multiple of a pixel's 4 bytes");
    image = good;
    image.type = (yoke_channel_type)11;
    check_refused(r, to, yoke_arg_image(yoke_in_whole(r->from, 16), image), amount,
                  "the image's format is not valid");
    image = good;
    image.height = 400;
    check_refused(r, to, yoke_arg_image(yoke_in(r->from, 0), image), amount,
                  "the range needs");
    image.height = H - 1;
    check_refused(r, to, yoke_arg_image(yoke_in(r->from, 0), image), amount,
                  "all parts lie in it");
    check_refused(r, to, yoke_arg_image(yoke_in(r->from, 30), good), amount,
                  "are whole pixels of 4 bytes");
    check_refused(r, to,
                  yoke_arg_image(yoke_arg_between(yoke_in(r->from, W * 4),
                                                  (const uint64_t *)(const void *)r->from,
                                                  (const uint64_t *)(const void *)r->from),
                                 good),
                  amount, "not declared by yoke_arg_between()");
    image = good;
    image.width = 0;
    check_refused(r, to, yoke_arg_image(yoke_in_whole(r->from, 16), image), amount,
                  "the image's width is 0");
}

static void check_reported(const refusals *r, yoke_kernel *resize)
{
    yoke_parameter_info infos[8];
    size_t count = 0;

    assert_ok_pool(r->pool, yoke_kernel_parameters(resize, infos, 8, &count));
    assert_int_equal(count, 3);
    assert_int_equal(infos[0].kind, YOKE_PARAMETER_IMAGE);
    assert_true(infos[0].may_write);
    assert_int_equal(infos[1].kind, YOKE_PARAMETER_IMAGE);
    assert_false(infos[1].may_write);
    assert_string_equal(infos[1].type, "image2d_t");
    assert_int_equal(infos[2].kind, YOKE_PARAMETER_SAMPLER);
}

static void test_refused(void **state)
{
    const yoke_image image = picture(W, H, YOKE_CHANNELS_RGBA, YOKE_CHANNEL_UNORM8);
    refusals r = {.pool = source_open(&source_devices[0])};
    yoke_kernel *resize = build_case(r.pool, &cases[1]);
    yoke_arg args[8];

    (void)state;
    r.blur = build_case(r.pool, &cases[0]);
    r.to = yoke_alloc(r.pool, BYTES);
    r.from = yoke_alloc(r.pool, BYTES);
    assert_true(r.to != NULL && r.from != NULL);
    check_reported(&r, resize);
    refuse_parameters(&r, image);
    refuse_descriptions(&r, image);
    (void)list_resize(args, r.to, r.from);
    args[2] = yoke_sampler(YOKE_ADDRESSING_REPEAT, YOKE_FILTER_LINEAR, false);
    assert_refused(r.pool, yoke_map(r.pool, resize, yoke_range_2d(W, H), args[0], args[1],
                                    args[2]),
                   YOKE_EINVAL, "needs normalized coordinates");
    args[2] = yoke_sampler((yoke_addressing)9, YOKE_FILTER_LINEAR, false);
    assert_refused(r.pool, yoke_map(r.pool, resize, yoke_range_2d(W, H), args[0], args[1],
                                    args[2]),
                   YOKE_EINVAL, "addressing 9");
    assert_refused(r.pool, yoke_map(r.pool, resize, yoke_range_2d(W, H), args[0], args[1],
                                    yoke_scalar(1)),
                   YOKE_EINVAL, "the kernel takes a sampler: yoke_sampler()");
    yoke_kernel_destroy(resize);
    yoke_kernel_destroy(r.blur);
    api_close(r.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_every_device), yt_unit_test(test_memory_outside),
        yt_unit_test(test_function),     yt_unit_test(test_checked),
        yt_unit_test(test_aside),        yt_unit_test(test_refused),
    };

    return yt_run_group(tests);
}
