/* SPDX-License-Identifier: MIT */
/*
 * Streams: texts that are made one after the other, and a film whose frames go through a
 * kernel. In both cases only a window of items is in memory at a time.
 *
 * stream.py beside this file does the same in Python, whose imap() makes all items at once,
 * however slowly they are taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char usage[] = "usage: stream [FRAMES]\n"
                            "Counts letters in a stream of texts, then brightens the "
                            "frames of a film (default 200).\n";

/* ---- texts, and a function ---- */

enum { TEXTS = 20000, TEXT_BYTES = 256 };

typedef struct letters {
    uint32_t vowels;
    uint32_t others;
} letters;

/* The next text, or the end. In a real program it is read from somewhere. */
static int make_text(void *item, size_t index, void *context)
{
    (void)context;
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        ((char *)item)[i] = (char)('a' + (index * 31 + i * i) % 26);
    }
    return index < TEXTS;
}

static letters count_text(const char *text)
{
    letters count = {0, 0};

    for (size_t i = 0; i < TEXT_BYTES; i++) {
        const bool vowel = strchr("aeiou", text[i]) != NULL;

        count.vowels += vowel;
        count.others += !vowel;
    }
    return count;
}

static int count_letters(yoke_task *task)
{
    *(letters *)task->output = count_text(task->input);
    return 0;
}

static bool stream_texts(yoke_pool *pool)
{
    const yoke_stream_options options = {.function = count_letters,
                                         .input_bytes = TEXT_BYTES,
                                         .output_bytes = sizeof(letters),
                                         .unordered = true};
    yoke_stream *stream = NULL;
    void *result = NULL;
    size_t vowels = 0;
    size_t expected = 0;
    char text[TEXT_BYTES];

    example_check(pool, yoke_stream_create(&stream, pool, &options, make_text, NULL),
                  "opening the stream of texts");
    do {
        example_check(pool, yoke_stream_next(stream, &result, YOKE_FOREVER),
                      "counting letters");
        vowels += result != NULL ? ((const letters *)result)->vowels : 0;
    } while (result != NULL);
    yoke_stream_destroy(stream);
    for (size_t i = 0; i < TEXTS; i++) {
        (void)make_text(text, i, NULL);
        expected += count_text(text).vowels;
    }
    printf("%zu vowels in %d texts\n", vowels, TEXTS);
    return vowels == expected;
}

/* ---- frames, and a kernel ---- */

enum { WIDTH = 1280, HEIGHT = 720, ROW = WIDTH, FRAME = ROW * HEIGHT };

static const char brighten_cl[] =
    "__kernel void brighten(__global const uchar *in, __global uchar *out, uint by)\n"
    "{\n"
    "    size_t i = get_global_id(1) * get_global_size(0) + get_global_id(0);\n"
    "    out[i] = (uchar)min((uint)in[i] + by, 255u);\n"
    "}\n";

static void brighten(const yoke_span *span, void *const args[])
{
    const uint8_t *in = args[0];
    uint8_t *out = args[1];
    const uint32_t by = *(const uint32_t *)args[2];

    for (size_t i = span->begin * WIDTH; i < span->end * WIDTH; i++) {
        out[i] = (uint8_t)(in[i] + by < 255 ? in[i] + by : 255);
    }
}

static int make_frame(void *item, size_t index, void *context)
{
    memset(item, (int)(index % 256), FRAME);
    return index < *(const size_t *)context;
}

static bool stream_frames(yoke_pool *pool, size_t frames)
{
    const uint32_t by = 30;
    const yoke_arg args[] = {yoke_in_stream(ROW), yoke_out_stream(ROW),
                             yoke_scalar(by)};
    yoke_stream_options options = {
        .range = yoke_range_2d(WIDTH, HEIGHT), .args = args, .arg_count = 3};
    yoke_stream *stream = NULL;
    void *result = NULL;
    bool ok = true;

    example_check(pool,
                  yoke_kernel_create(&options.kernel, pool,
                                     &(yoke_kernel_options){.name = "brighten",
                                                            .source = brighten_cl,
                                                            .native = brighten}),
                  "brighten");
    example_check(pool,
                  yoke_stream_create(&stream, pool, &options, make_frame, &frames),
                  "opening the film");
    for (size_t i = 0; i < frames; i++) {
        const size_t bright = i % 256 + by < 255 ? i % 256 + by : 255;
        const uint8_t *frame;

        example_check(pool, yoke_stream_next(stream, &result, YOKE_FOREVER),
                      "brightening");
        frame = result;
        ok = ok && frame != NULL && frame[0] == bright && frame[FRAME - 1] == bright;
        example_progress("brightening", (double)(i + 1) / (double)frames);
    }
    example_check(pool, yoke_stream_next(stream, &result, YOKE_FOREVER),
                  "the film's end");
    yoke_stream_destroy(stream);
    yoke_kernel_destroy(options.kernel);
    return ok && result == NULL;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    const size_t frames =
        argc > 1 ? example_number(argv[1], "FRAMES", 1, 1000000) : 200;
    yoke_pool *pool = example_pool();
    const double start = example_seconds();
    const bool texts_ok = stream_texts(pool);
    const bool frames_ok = stream_frames(pool, frames);
    const double seconds = example_seconds() - start;

    char size[48];
    snprintf(size, sizeof size, "%d texts, %zu frames", TEXTS, frames);
    const int result =
        example_summary(pool, "stream", size, seconds, texts_ok && frames_ok);
    example_close(pool);
    return result;
}
