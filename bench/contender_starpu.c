/* SPDX-License-Identifier: MIT */
/*
 * StarPU: the range is cut into parts, one task each; every array has one handle per
 * part, so that tasks of successive steps depend on each other part by part.
 */
#include <stdlib.h>

#include <starpu.h>

#include "contender.h"

typedef struct piece {
    loop_body *body;
    loop_data data;
    size_t begin;
    size_t end;
} piece;

static size_t parts;
static unsigned steps;
static piece *pieces; /* of all steps */
static starpu_data_handle_t *handles[LOOP_ARRAYS];
static struct starpu_codelet codelet, filler;
static struct starpu_perfmodel model = {.type = STARPU_HISTORY_BASED};
static struct starpu_perfmodel fill_model = {.type = STARPU_HISTORY_BASED,
                                             .symbol = "fill"};

static void run_piece(void *buffers[], void *argument)
{
    const piece *p = argument;

    (void)buffers;
    p->body(p->begin, p->end, &p->data);
}

static void open_workers(const task *t)
{
    struct starpu_conf conf;

    starpu_conf_init(&conf);
    conf.ncpus = (int)t->setting->workers;
    conf.ncuda = 0;
    conf.nopencl = 0;
    conf.sched_policy_name = t->setting->schedule;
    if (starpu_init(&conf) != 0) {
        contender_skip("StarPU does not start");
    }
    parts = t->setting->parts < t->w->items ? t->setting->parts : t->w->items;
    if (t->w->chunk > 0) {
        parts = t->w->items / t->w->chunk;
    }
}

/* An array that every item reads is one handle, any other one per part. */
static size_t handles_of(const workload *w, size_t k)
{
    return w->role[k] == ROLE_WHOLE ? 1 : parts;
}

static void forget_data(void)
{
    for (size_t k = 0; k < LOOP_ARRAYS && handles[k] != NULL; k++) {
        for (size_t p = 0; p < parts && handles[k][p] != NULL; p++) {
            starpu_data_unregister(handles[k][p]);
        }
        free(handles[k]);
        handles[k] = NULL;
    }
    free(pieces);
    pieces = NULL;
}

static void close_workers(void)
{
    forget_data();
    starpu_shutdown();
}

static void *need(void *memory)
{
    if (memory == NULL) {
        contender_fail("no memory");
    }
    return memory;
}

static void register_array(const task *t, size_t k)
{
    const size_t count = handles_of(t->w, k);

    handles[k] = need(calloc(parts, sizeof *handles[k]));
    for (size_t p = 0; p < count; p++) {
        const size_t begin = contender_cut(t->w, p, count);
        const size_t bytes =
            (contender_cut(t->w, p + 1, count) - begin) * workload_item_bytes(t->w);
        const uintptr_t address =
            (uintptr_t)t->arrays[k] + begin * workload_item_bytes(t->w);
        starpu_vector_data_register(&handles[k][p], STARPU_MAIN_RAM, address,
                                    (uint32_t)(bytes / sizeof(float)), sizeof(float));
    }
}

static void prepare_pieces(const task *t)
{
    steps = t->w->steps > 0 ? t->w->steps : 1;
    pieces = need(calloc(parts * (steps < 2 ? steps : 2), sizeof *pieces));
    for (size_t i = 0; i < parts * (steps < 2 ? steps : 2); i++) {
        const size_t p = i % parts;
        pieces[i] =
            (piece){t->w->body, workload_step(t->w, t->arrays, (unsigned)(i / parts)),
                    contender_cut(t->w, p, parts), contender_cut(t->w, p + 1, parts)};
    }
}

static void prepare(const task *t)
{
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        register_array(t, k);
    }
    prepare_pieces(t);
    model.symbol = t->w->name;
    codelet = (struct starpu_codelet){.cpu_funcs = {run_piece},
                                      .nbuffers = STARPU_VARIABLE_NBUFFERS,
                                      .model = &model,
                                      .name = t->w->name};
    filler = codelet;
    filler.model = &fill_model;
    filler.name = "fill";
}

/* The handles that part p of an array in this role needs. */
static unsigned add_buffers(struct starpu_data_descr *buffers, unsigned count,
                            array_role role, starpu_data_handle_t *of, size_t p)
{
    const size_t at = role == ROLE_WHOLE ? 0 : p;
    const size_t reach = role == ROLE_HALO ? 1 : 0;
    const size_t first = at > reach ? at - reach : 0;
    const size_t last = at + reach < parts ? at + reach : parts - 1;
    const enum starpu_data_access_mode mode = role == ROLE_OUT     ? STARPU_W
                                              : role == ROLE_INOUT ? STARPU_RW
                                                                   : STARPU_R;
    for (size_t q = first; q <= last; q++) {
        buffers[count++] = (struct starpu_data_descr){of[q], mode};
    }
    return count;
}

static void submit(struct starpu_codelet *what, piece *p,
                   const struct starpu_data_descr *buffers, unsigned count)
{
    struct starpu_task *one = starpu_task_create();

    one->cl = what;
    one->cl_arg = p;
    one->nbuffers = (int)count;
    for (unsigned b = 0; b < count; b++) {
        STARPU_TASK_SET_HANDLE(one, buffers[b].handle, b);
        STARPU_TASK_SET_MODE(one, buffers[b].mode, b);
    }
    if (starpu_task_submit(one) != 0) {
        contender_fail("StarPU takes no task");
    }
}

static void submit_step(const task *t, unsigned step)
{
    struct starpu_data_descr buffers[LOOP_ARRAYS * 3];

    for (size_t p = 0; p < parts; p++) {
        unsigned count = 0;
        for (size_t k = 0; k < workload_arrays(t->w); k++) {
            const size_t which = k < 2 ? (k + step) % 2 : k;
            count = add_buffers(buffers, count, t->w->role[k],
                                handles[t->w->steps > 0 ? which : k], p);
        }
        submit(&codelet, &pieces[(step % 2) * parts + p], buffers, count);
    }
}

static void run(const task *t)
{
    for (unsigned step = 0; step < steps; step++) {
        submit_step(t, step);
    }
    starpu_task_wait_for_all();
}

static void fill_array(const task *t, size_t k)
{
    piece *fills = need(calloc(parts, sizeof *fills));

    for (size_t p = 0; p < parts; p++) {
        const struct starpu_data_descr buffer = {
            handles[k][handles_of(t->w, k) == 1 ? 0 : p], STARPU_W};
        fills[p] = (piece){workload_fill(t->w), workload_filled(t->w, t->arrays, k),
                           pieces[p].begin, pieces[p].end};
        submit(&filler, &fills[p], &buffer, 1);
    }
    starpu_task_wait_for_all();
    free(fills);
}

static void fill(const task *t)
{
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        fill_array(t, k);
    }
}

const contender contender_ops = {
    .open = open_workers,
    .close = close_workers,
    .alloc = contender_pages,
    .prepare = prepare,
    .fill = fill,
    .run = run,
};
