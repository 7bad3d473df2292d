/* SPDX-License-Identifier: MIT */
/* Streams: order, the window, errors, and memory that does not grow. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2,fake:1x0.5/private");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- sources and functions ---- */

/* Numbers, so many of them. */
typedef struct source {
    size_t count;
    size_t made;
    size_t taken; /* by the test */
    size_t most;  /* made and not taken, at most so far */
    int last;     /* what it returns behind the last one */
    size_t after; /* calls behind the last one */
    yoke_stream *stream;
    yoke_status inner; /* of a call on its own stream */
} source;

static int make_number(void *item, size_t index, void *context)
{
    source *self = context;

    if (self->stream != NULL) {
        void *result;

        self->inner = yoke_stream_next(self->stream, &result, 0);
    }
    if (self->made == self->count) {
        self->after++;
        return self->last;
    }
    if (index != self->made++) {
        return -100;
    }
    *(uint64_t *)item = index;
    self->most =
        self->made - self->taken > self->most ? self->made - self->taken : self->most;
    return 1;
}

static int square(yoke_task *task)
{
    const uint64_t x = *(const uint64_t *)task->input;

    if (task->index != x) {
        return yoke_task_fail(task, 3, "it has number %zu", task->index);
    }
    *(uint64_t *)task->output = x * x;
    return 0;
}

static int look(yoke_task *task)
{
    return task->output == NULL && task->output_bytes == 0 ? 0 : 1;
}

static int refuse_some(yoke_task *task)
{
    return task->index == 1234 ? yoke_task_fail(task, 6, "a bad one") : square(task);
}

static int crash_some(yoke_task *task)
{
    if (task->index == 77) {
        abort();
    }
    return square(task);
}

static int die_sometimes(yoke_task *task)
{
    _Atomic uint32_t *deaths = *(void *const *)task->context;

    if (task->index % 1000 == 500 && atomic_fetch_add(deaths, 1) < 5) {
        (void)raise(SIGKILL);
    }
    return square(task);
}

static int hold(yoke_task *task)
{
    const api_gate *gate = *(void *const *)task->context;

    while (atomic_load(&gate->open) == 0) {
        (void)usleep(100);
    }
    return square(task);
}

static const yoke_stream_options squares = {
    .function = square, .input_bytes = 8, .output_bytes = 8};

/* Takes all results, in order or not, and checks that each item has one. */
static void take_all(yoke_stream *stream, source *from, bool ordered)
{
    unsigned char *seen = calloc(from->count + 1, 1);
    void *result = NULL;

    for (size_t i = 0; i < from->count; i++) {
        size_t index;

        assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
        assert_non_null(result);
        index = yoke_stream_index(stream);
        assert_true(index < from->count && (!ordered || index == i));
        assert_int_equal(seen[index]++, 0);
        assert_true(*(uint64_t *)result == (uint64_t)index * index);
        from->taken++;
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(yoke_stream_next(stream, &result, 60));
        assert_null(result);
    }
    assert_int_equal(from->after, 1);
    free(seen);
}

/* ---- results ---- */

static void run(const yoke_stream_options *options, size_t count, bool ordered,
                size_t window)
{
    source from = {.count = count};
    yoke_stream_options all = *options;
    yoke_stream *stream = NULL;

    all.unordered = !ordered;
    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &all, make_number, &from));
    assert_int_equal(from.made + from.after, 0); /* lazy */
    take_all(stream, &from, ordered);
    assert_true(from.most <= window);
    yoke_stream_destroy(stream);
}

static void test_all_come(void **state)
{
    static const size_t counts[] = {0, 1, 2, 63, 64, 65, 5000};
    yoke_stream_options options = squares;

    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (int ordered = 0; ordered < 2; ordered++) {
            options.window = options.chunk = 0;
            run(&options, counts[c], ordered != 0, SIZE_MAX);
            options.window = 1;
            run(&options, counts[c] < 100 ? counts[c] : 100, ordered != 0, 1);
            options.window = 10;
            options.chunk = 3;
            run(&options, counts[c], ordered != 0, 10);
            options.window = 1000;
            run(&options, counts[c], ordered != 0, 1000);
            options.chunk = 1000;
            run(&options, counts[c], ordered != 0, 1000);
        }
    }
}

/* No more items are made than fit, however long none are taken. */
static void test_back_pressure(void **state)
{
    yoke_stream_options options = squares;
    api_gate *gate = api_gate_create(pool);
    source from = {.count = 1000};
    yoke_stream *stream = NULL;
    void *result = &from;

    (void)state;
    options.function = hold;
    options.context = &gate;
    options.context_bytes = sizeof gate;
    options.window = 12;
    options.chunk = 4;
    options.devices = "cpu";
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, make_number, &from));
    assert_status(yoke_stream_next(stream, &result, 0), YOKE_ETIMEDOUT);
    assert_null(result);
    assert_status(yoke_stream_next(stream, &result, 0.01), YOKE_ETIMEDOUT);
    assert_int_equal(from.made, 12);
    api_gate_open(gate);
    take_all(stream, &from, true);
    assert_int_equal(from.most, 12);
    yoke_stream_destroy(stream);
}

static void test_without_output(void **state)
{
    const yoke_stream_options options = {.function = look, .input_bytes = 8};
    source from = {.count = 300};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, make_number, &from));
    for (size_t i = 0; i < 300; i++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
        assert_true(*(uint64_t *)result == i);
    }
    assert_ok(yoke_stream_next(stream, &result, 60));
    assert_null(result);
    yoke_stream_destroy(stream);
}

/* ---- kernels ---- */

enum { WIDTH = 64, HEIGHT = 48, CELLS = WIDTH * HEIGHT, ROW = WIDTH * 4 };

static int make_frame(void *item, size_t index, void *context)
{
    uint32_t *cells = item;

    for (uint32_t i = 0; i < CELLS; i++) {
        cells[i] = (uint32_t)index + i;
    }
    return index < *(size_t *)context;
}

/* A row, and its upper neighbour's first cell, times a number of the table's. */
static void mix_rows(const yoke_span *span, void *const args[])
{
    const uint32_t *in = args[0];
    uint32_t *out = args[1];
    const uint32_t factor = ((const uint32_t *)args[2])[1] + *(const uint32_t *)args[3];

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < WIDTH; x++) {
            out[y * WIDTH + x] =
                factor * in[y * WIDTH + x] + in[(y > 0 ? y - 1 : 0) * WIDTH];
        }
    }
}

static void negate(const yoke_span *span, void *const args[])
{
    uint32_t *cells = args[0];

    for (size_t i = span->begin * WIDTH; i < span->end * WIDTH; i++) {
        cells[i] = ~cells[i];
    }
}

static void check_mixed(const uint32_t *out, uint32_t frame)
{
    for (uint32_t i = 0; i < CELLS; i++) {
        const uint32_t y = i / WIDTH;

        assert_int_equal(out[i],
                         7 * (frame + i) + frame + (y > 0 ? (y - 1) * WIDTH : 0));
    }
}

static void test_frames(void **state)
{
    size_t frames = 200;
    uint32_t table[2] = {0, 4};
    yoke_kernel *kernel = api_kernel(pool, "mix_rows", mix_rows);
    const yoke_arg args[] = {yoke_in_halo(NULL, ROW, 1, 1, YOKE_EDGE_CLIPPED),
                             yoke_out_stream(ROW), yoke_in_whole(table, sizeof table),
                             yoke_scalar(3)};
    yoke_stream_options options = {.kernel = kernel,
                                   .range = yoke_range_2d(WIDTH, HEIGHT),
                                   .args = args,
                                   .arg_count = 4};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        options.unordered = ordered == 0;
        assert_ok_pool(
            pool, yoke_stream_create(&stream, pool, &options, make_frame, &frames));
        for (size_t i = 0; i < frames; i++) {
            assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
            assert_true(!ordered || yoke_stream_index(stream) == i);
            check_mixed(result, (uint32_t)yoke_stream_index(stream));
        }
        assert_ok(yoke_stream_next(stream, &result, 60));
        assert_null(result);
        yoke_stream_destroy(stream);
    }
    yoke_kernel_destroy(kernel);
}

static void test_frames_in_place(void **state)
{
    size_t frames = 100;
    yoke_kernel *kernel = api_kernel(pool, "negate", negate);
    const yoke_arg arg = yoke_inout(NULL, ROW);
    const yoke_stream_options options = {.kernel = kernel,
                                         .range = yoke_range_2d(WIDTH, HEIGHT),
                                         .args = &arg,
                                         .arg_count = 1,
                                         .window = 2};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, make_frame, &frames));
    yoke_kernel_destroy(kernel); /* the stream has it */
    for (uint32_t f = 0; f < frames; f++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
        for (uint32_t i = 0; i < CELLS; i++) {
            assert_int_equal(((uint32_t *)result)[i], ~(f + i));
        }
    }
    yoke_stream_destroy(stream);
}

/* ---- time ---- */

/* Takes longer than the test waits. */
static int make_slowly(void *item, size_t index, void *context)
{
    (void)usleep(1200000);
    return make_number(item, index, context);
}

static int take_a_moment(yoke_task *task)
{
    (void)usleep(20000);
    return square(task);
}

/* The source's time is not the caller's: the result of what it made is waited for. */
static void test_slow_source(void **state)
{
    yoke_stream_options options = squares;
    source from = {.count = 1};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    options.function = take_a_moment;
    options.window = 1;
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, make_slowly, &from));
    assert_ok_pool(pool, yoke_stream_next(stream, &result, 1.0));
    assert_non_null(result);
    yoke_stream_destroy(stream);
}

/* ---- beside each other ---- */

static int wait_a_little(yoke_task *task)
{
    if (task->index % 100 == 0) {
        (void)usleep(500);
    }
    return square(task);
}

/* Streams that have more chunks together than there can be jobs: one is not taken from for
 * long, the others and the pool go on. */
static void test_many_streams(void **state)
{
    enum { STREAMS = 5, COUNT = 3000 };
    yoke_stream_options options = squares;
    source from[STREAMS];
    yoke_stream *streams[STREAMS];

    (void)state;
    options.function = wait_a_little;
    options.window = 48 * 7;
    options.chunk = 7;
    for (size_t i = 0; i < STREAMS; i++) {
        from[i] = (source){.count = COUNT};
        options.unordered = i % 2 != 0;
        assert_ok_pool(pool, yoke_stream_create(&streams[i], pool, &options,
                                                make_number, &from[i]));
    }
    for (size_t k = 0; k < COUNT; k++) {
        for (size_t i = k < COUNT / 2 ? 1 : 0; i < STREAMS; i++) {
            void *result = NULL;
            uint64_t index;

            assert_ok_pool(pool, yoke_stream_next(streams[i], &result, 60));
            index = yoke_stream_index(streams[i]);
            assert_true(*(uint64_t *)result == index * index);
            from[i].taken++;
        }
        if (k % 1000 == 0) {
            api_check_works(pool);
        }
    }
    for (size_t i = 0; i < STREAMS; i++) {
        yoke_stream_destroy(streams[i]); /* the first still has some */
    }
}

/* ---- errors ---- */

/* Just so many results come; then this error, again and again. */
static void fails_after(const yoke_stream_options *options, source *from, size_t right,
                        yoke_status status, const char *words)
{
    yoke_stream *stream = NULL;
    void *result = NULL;
    size_t came = 0;
    yoke_status got;

    assert_ok_pool(pool, yoke_stream_create(&stream, pool, options, make_number, from));
    while ((got = yoke_stream_next(stream, &result, 60)) == YOKE_OK && result != NULL) {
        came++;
    }
    assert_int_equal(got, status);
    assert_null(result);
    assert_contains(yoke_pool_error(pool), words);
    assert_int_equal(came, right);
    assert_refused(pool, yoke_stream_next(stream, &result, 0), status, words);
    yoke_stream_destroy(stream);
    api_check_works(pool);
}

static void test_failures(void **state)
{
    yoke_stream_options options = squares;

    (void)state;
    options.window = 100;
    options.chunk = 10;
    options.function = refuse_some;
    fails_after(&options, &(source){.count = 5000}, 1230, YOKE_EKERNEL,
                "item 1234: code 6: a bad one");
    options.function = crash_some;
    options.devices = "cpu";
    fails_after(&options, &(source){.count = 5000}, 70, YOKE_ECRASHED,
                "items [77, 78)");
    options.function = square;
    fails_after(&options, &(source){.count = 123, .last = -9}, 123, YOKE_EKERNEL,
                "returned -9 for item 123");
    fails_after(&options, &(source){.count = 0, .last = -1}, 0, YOKE_EKERNEL,
                "returned -1 for item 0");
}

static void test_deaths(void **state)
{
    yoke_stream_options options = squares;
    void *deaths = yoke_alloc(pool, 4);

    (void)state;
    options.function = die_sometimes;
    options.context = &deaths;
    options.context_bytes = sizeof deaths;
    options.devices = "cpu";
    run(&options, 3000, true, SIZE_MAX);
    assert_true(*(uint32_t *)deaths >= 3);
    assert_ok(yoke_free(deaths));
}

static int hang(yoke_task *task)
{
    (void)task;
    while (pause() != 0) {
    }
    return 0;
}

static void test_timeout(void **state)
{
    yoke_stream_options options = squares;

    (void)state;
    options.function = hang;
    options.timeout = 0.05;
    options.devices = "cpu";
    fails_after(&options, &(source){.count = 50}, 0, YOKE_EDEADLINE, "time limit");
}

static void test_inner_calls(void **state)
{
    source from = {.count = 100};
    yoke_stream *stream = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &squares, make_number, &from));
    from.stream = stream;
    take_all(stream, &from, true);
    assert_int_equal(from.inner, YOKE_EBUSY);
    yoke_stream_destroy(stream);
}

/* Given up in the middle, with items under way. */
static void test_destroyed_early(void **state)
{
    source from = {.count = 100000};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    for (int i = 0; i < 20; i++) {
        from.made = 0;
        assert_ok_pool(pool,
                       yoke_stream_create(&stream, pool, &squares, make_number, &from));
        for (int k = 0; k < i; k++) {
            assert_ok(yoke_stream_next(stream, &result, 60));
        }
        yoke_stream_destroy(stream);
    }
    yoke_stream_destroy(NULL);
    yoke_stream_destroy(stream); /* again: nothing happens */
    assert_refused(NULL, yoke_stream_next(stream, &result, 0), YOKE_ECLOSED, "destroyed");
    assert_int_equal(yoke_stream_index(stream), 0);
}

static int use_in_child(void *arg)
{
    void *result;

    return yoke_stream_next(arg, &result, 0) == YOKE_EINVAL ? 0 : 1;
}

static void test_pool_is_gone(void **state)
{
    yoke_pool *first = pool;
    source from = {.count = 1000};
    yoke_stream *stream = NULL;
    void *result = NULL;

    (void)state;
    pool = api_open("cpu:1");
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &squares, make_number, &from));
    assert_ok(yoke_stream_next(stream, &result, 60));
    assert_int_equal(yt_in_child(use_in_child, stream, 30), 0);
    assert_ok(yoke_pool_close(pool));
    assert_status(yoke_stream_next(stream, &result, 60), YOKE_ECLOSED);
    yoke_stream_destroy(stream);
    pool = first;
}

static void test_bad_arguments(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "negate", negate);
    const yoke_arg two[] = {yoke_in_stream(4), yoke_in_stream(4)};
    const yoke_arg none[] = {yoke_scalar(1)};
    const yoke_arg empty[] = {yoke_in_stream(0)};
    const yoke_arg front[] = {yoke_in_halo(NULL, 4, 1, 0, YOKE_EDGE_PRESENT)};
    const yoke_arg some[] = {yoke_out_some(NULL, 4)};
    const yoke_arg narrow[] = {yoke_arg_pitch(yoke_in(NULL, 4), 3)};
    const yoke_range range = yoke_range_1d(10);
    yoke_stream *stream = (yoke_stream *)kernel;
    source from = {.count = 1};
    void *result = &from;
    const struct {
        yoke_stream_options options;
        const char *words;
    } bad[] = {
        {{.input_bytes = 8}, "neither"},
        {{.function = square, .kernel = kernel, .input_bytes = 8}, "both"},
        {{.function = square}, "input_bytes is 0"},
        {{.function = square, .input_bytes = 8, .window = 4, .chunk = 5},
         "window of 4"},
        {{.function = square, .input_bytes = SIZE_MAX / 2}, "size overflow"},
        {{.function = square, .input_bytes = 8, .context_bytes = 8}, "`context` is NULL"},
        {{.function = square, .input_bytes = 8, .context = two, .context_bytes = 9999},
         "at most 4096"},
        {{.function = square, .input_bytes = 8, .args = two, .arg_count = 2}, "args"},
        {{.kernel = kernel, .range = range, .args = two, .arg_count = 2},
         "1 and 2 both stand"},
        {{.kernel = kernel, .range = range, .args = none, .arg_count = 1},
         "no argument stands"},
        {{.kernel = kernel, .range = range, .args = empty, .arg_count = 1}, "0 bytes"},
        {{.kernel = kernel, .range = range, .args = front, .arg_count = 1},
         "argument 1: there are no parts before the array"},
        {{.kernel = kernel, .range = range, .args = some, .arg_count = 1},
         "argument 1: a result of a stream"},
        {{.kernel = kernel, .range = range, .args = narrow, .arg_count = 1},
         "argument 1: a pitch of 3 bytes"},
        {{.kernel = kernel, .range = range, .args = two, .arg_count = 257}, "more than"},
        {{.kernel = kernel, .args = two, .arg_count = 1}, "dimension"},
        {{.kernel = kernel,
          .range = range,
          .args = two,
          .arg_count = 1,
          .chunk = 2,
          .window = 2},
         "no chunk"},
        {{.kernel = kernel,
          .range = range,
          .args = two,
          .arg_count = 1,
          .input_bytes = 4},
         "go with a function"},
        {{.kernel = (yoke_kernel *)&from}, "destroyed"},
        {{.function = square, .input_bytes = 8, .devices = "nonsense"}, "devices: "},
        {{.function = square,
          .input_bytes = 8,
          .devices = "nonsense",
          .on_device = true},
         "devices: "},
        {{.function = square, .input_bytes = 8, .timeout = -2}, "timeout is"},
        {{.kernel = kernel,
          .range = range,
          .args = two,
          .arg_count = 1,
          .devices = "nonsense"},
         "devices: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(
            pool,
            yoke_stream_create(&stream, pool, &bad[i].options, make_number, &from),
            YOKE_EINVAL, bad[i].words);
        assert_null(stream);
    }
    assert_refused(pool, yoke_stream_create(&stream, pool, &squares, NULL, NULL),
                   YOKE_EINVAL, "source, is NULL");
    assert_refused(pool, yoke_stream_create(&stream, pool, NULL, make_number, &from),
                   YOKE_EINVAL, "`options` is NULL");
    assert_refused(pool, yoke_stream_create(NULL, pool, &squares, make_number, &from),
                   YOKE_EINVAL, "`stream` is NULL");
    assert_status(yoke_stream_create(&stream, NULL, &squares, make_number, &from),
                  YOKE_EINVAL);
    assert_status(yoke_stream_next(NULL, &result, 0), YOKE_EINVAL);
    assert_int_equal(yoke_stream_index(NULL), 0);
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &squares, make_number, &from));
    assert_refused(pool, yoke_stream_next(stream, NULL, 0), YOKE_EINVAL, "is NULL");
    assert_refused(pool, yoke_stream_next(stream, &result, 0.0 / (double)from.after),
                   YOKE_EINVAL, "not a number");
    yoke_stream_destroy(stream);
    yoke_kernel_destroy(kernel);
}

/* ---- memory ---- */

static size_t resident_kib(pid_t pid)
{
    char path[64];
    char line[128];
    size_t kib = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "VmRSS: %zu kB", &kib);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

/* The largest of all processes of the pool, the program's too. */
static size_t resident(void)
{
    yoke_worker_info workers[64];
    size_t count = 0;
    size_t most = resident_kib(getpid());

    assert_ok(yoke_pool_workers(pool, workers, 64, &count));
    for (size_t i = 0; i < count && i < 64; i++) {
        const size_t own = workers[i].pid != 0 ? resident_kib(workers[i].pid) : 0;

        most = own > most ? own : most;
    }
    return most;
}

static void test_million_items(void **state)
{
    enum { ITEMS = 1000000, WARM = 100000, GROWTH_KIB = 8192 };
    source from = {.count = ITEMS};
    yoke_stream_options options = squares;
    yoke_stream *stream = NULL;
    void *result = NULL;
    size_t before = 0;

    (void)state;
    options.window = 20000;
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, make_number, &from));
    for (uint64_t i = 0; i < ITEMS; i++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
        if (*(uint64_t *)result != i * i) {
            fail_msg("item %zu is wrong", (size_t)i);
        }
        before = i == WARM ? resident() : before;
    }
    assert_true(resident() <= before + GROWTH_KIB);
    yoke_stream_destroy(stream);
}

enum { FRAME = 8 << 20, FRAME_WORDS = FRAME / 8 };

static int make_large(void *item, size_t index, void *context)
{
    memset(item, (int)(index % 255), FRAME);
    return index < *(size_t *)context;
}

static void add_one(const yoke_span *span, void *const args[])
{
    const uint64_t *in = args[0];
    uint64_t *out = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in[i] + 0x0101010101010101u;
    }
}

/* STREAM_GB: how much goes through a window of 96 MB; 10 takes a while. */
static void test_large_frames(void **state)
{
    enum { WINDOW = 6, GROWTH_KIB = 16384 };
    const char *asked = getenv("STREAM_GB");
    const size_t gigabytes = asked != NULL ? (size_t)atoi(asked) : 1;
    size_t frames = gigabytes * 1000 * 1000 * 1000 / FRAME;
    yoke_kernel *kernel = api_kernel(pool, "add_one", add_one);
    const yoke_arg args[] = {yoke_in_stream(8), yoke_out_stream(8)};
    const yoke_stream_options options = {.kernel = kernel,
                                         .range = yoke_range_1d(FRAME_WORDS),
                                         .args = args,
                                         .arg_count = 2,
                                         .devices = "cpu",
                                         .window = WINDOW};
    yoke_stream *stream = NULL;
    void *result = NULL;
    const size_t before = resident();

    (void)state;
    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, make_large, &frames));
    for (size_t i = 0; i < frames; i++) {
        const unsigned char *bytes;

        assert_ok_pool(pool, yoke_stream_next(stream, &result, 60));
        bytes = result;
        assert_int_equal(bytes[0], i % 255 + 1);
        assert_int_equal(bytes[FRAME - 1], i % 255 + 1);
    }
    /* Each process has seen all of the window at most. */
    assert_true(resident() <= before + GROWTH_KIB + (2 * WINDOW * (size_t)FRAME >> 10));
    yoke_stream_destroy(stream);
    yoke_kernel_destroy(kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_come),        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_without_output),  cmocka_unit_test(test_frames),
        cmocka_unit_test(test_frames_in_place), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_many_streams),    cmocka_unit_test(test_slow_source),
        cmocka_unit_test(test_deaths),          cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_inner_calls),     cmocka_unit_test(test_destroyed_early),
        cmocka_unit_test(test_pool_is_gone),    cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_million_items),   cmocka_unit_test(test_large_frames),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
