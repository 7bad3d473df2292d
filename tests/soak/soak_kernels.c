/* SPDX-License-Identifier: MIT */
/* Kernels that come and go, headers that change between them, and pools inside a pool's
 * turn. */
#include "soak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ITEMS = 512 };

/* ---- kernels made for one job ---- */

static void check_all(soak_client *client, const uint32_t *numbers, uint32_t term,
                      const char *what)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (numbers[i] != i * 3 + term) {
            soak_wrong(client, "%s: item %u is %u, not %u", what, i, numbers[i],
                       i * 3 + term);
        }
    }
}

static void run_variant(soak_client *client, yoke_kernel *kernel, uint32_t term,
                        const char *what)
{
    yoke_map_options options = {.chunk = soak_between(&client->random, 1, 64)};
    soak_block out = {.pointer = NULL};

    if (soak_take(client, &out, SOAK_POOL_MEMORY, ITEMS * sizeof(uint32_t)) &&
        SOAK(client,
             yoke_map_with(client->home->pool, kernel, yoke_range_1d(ITEMS), &options,
                           YOKE_ARGS(yoke_out(out.pointer, sizeof(uint32_t)))))) {
        check_all(client, out.pointer, term, what);
    }
    soak_give(client, &out);
}

/* The same text with other build options is another kernel; a text with an error is refused. */
void soak_row_kernels(soak_client *client)
{
    static const char good[] =
        "__kernel void variant(__global uint *out)\n"
        "{ uint i = get_global_id(0); out[i] = i * 3 + TERM; }\n";
    static const char bad[] = "__kernel void variant(__global uint *out) { oops }\n";
    yoke_kernel *kernels[3] = {NULL};
    uint32_t terms[3];
    char build_options[32];

    for (int i = 0; i < 3 && !client->must_end; i++) {
        terms[i] = soak_between(&client->random, 1, 4);
        (void)snprintf(build_options, sizeof build_options, "-DTERM=%u", terms[i]);
        (void)SOAK(client, yoke_kernel_create(
                               &kernels[i], client->home->pool,
                               &(yoke_kernel_options){.name = "variant",
                                                      .source = good,
                                                      .build_options = build_options}));
    }
    for (int i = 0; i < 3 && !client->excused; i++) {
        run_variant(client, kernels[i], terms[i], "a kernel with build options");
    }
    for (int i = 0; i < 3; i++) {
        yoke_kernel_destroy(kernels[i]);
    }
    if (!client->excused && client->home->has_opencl) {
        yoke_kernel *kernel = NULL;

        if (SOAK_OR(client, YOKE_EBUILD,
                    yoke_kernel_create(
                        &kernel, client->home->pool,
                        &(yoke_kernel_options){.name = "variant", .source = bad})) ==
            YOKE_OK) {
            soak_wrong(client, "a kernel with an error in its source was built");
        }
    }
}

/* ---- headers that change ---- */

typedef struct library {
    char folder[SOAK_NAME_BYTES];
    char header[SOAK_NAME_BYTES + 16];
    char build_options[SOAK_NAME_BYTES + 16];
} library;

static bool library_begin(library *self)
{
    const char *parent = getenv("TMPDIR");

    (void)snprintf(self->folder, sizeof self->folder, "%.30s/yoke_soak_XXXXXX",
                   parent != NULL ? parent : "/tmp");
    if (mkdtemp(self->folder) == NULL) {
        return false;
    }
    (void)snprintf(self->header, sizeof self->header, "%s/common.h", self->folder);
    (void)snprintf(self->build_options, sizeof self->build_options, "-I %s",
                   self->folder);
    return true;
}

static void library_end(const library *self)
{
    (void)unlink(self->header);
    (void)rmdir(self->folder);
}

static void write_header(const library *self, uint32_t term)
{
    FILE *file = fopen(self->header, "we");

    if (file != NULL) {
        (void)fprintf(file, "#define TERM %u\n", term);
        (void)fclose(file);
    }
}

/* Each kernel stays what its header said when it was created, also after replacements. */
void soak_row_header(soak_client *client)
{
    static const char source[] =
        "#include \"common.h\"\n"
        "__kernel void variant(__global uint *out)\n"
        "{ uint i = get_global_id(0); out[i] = i * 3 + TERM; }\n";
    enum { KERNELS = 3 };
    yoke_kernel *kernels[KERNELS] = {NULL};
    uint32_t terms[KERNELS];
    library shelf;

    if (!library_begin(&shelf)) {
        return;
    }
    for (int i = 0; i < KERNELS && !client->excused; i++) {
        terms[i] = soak_between(&client->random, 1, 4);
        write_header(&shelf, terms[i]);
        if (!SOAK(client,
                  yoke_kernel_create(
                      &kernels[i], client->home->pool,
                      &(yoke_kernel_options){.name = "variant",
                                             .source = source,
                                             .build_options = shelf.build_options}))) {
            break;
        }
        write_header(&shelf, 1000);
        for (int k = 0; k <= i && !client->excused; k++) {
            run_variant(client, kernels[k], terms[k], "a kernel whose header changes");
        }
    }
    for (int i = 0; i < KERNELS; i++) {
        yoke_kernel_destroy(kernels[i]);
    }
    library_end(&shelf);
}

/* ---- pools ---- */

static void triple(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t term = *(const uint32_t *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (uint32_t)i * 3 + term;
    }
}

/* A pool that comes and goes while others work, and threads are there. */
void soak_row_pool(soak_client *client)
{
    const yoke_pool_options options = {
        .devices = "cpu:1", .arena_bytes = (size_t)1 << 30, .start = YOKE_START_SPAWN};
    const uint32_t term = client->turn_key;
    yoke_pool *pool = NULL;
    yoke_kernel *kernel = NULL;
    uint32_t *numbers;
    yoke_status status;

    soak_enter(client, "yoke_pool_create() in a turn");
    status = yoke_pool_create(&pool, &options);
    if (status != YOKE_OK) {
        soak_wrong(client, "yoke_pool_create(): %s: %s", yoke_strerror(status),
                   yoke_pool_error(NULL));
    }
    numbers = yoke_alloc(pool, ITEMS * sizeof *numbers);
    status = yoke_kernel_create(
        &kernel, pool, &(yoke_kernel_options){.name = "triple", .native = triple});
    if (numbers == NULL || status != YOKE_OK) {
        soak_wrong(client, "in a pool of its own: %s", yoke_pool_error(pool));
    }
    status = yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(numbers, 4),
                      yoke_scalar(term));
    if (status != YOKE_OK) {
        soak_wrong(client, "yoke_map() in a pool of its own: %s: %s",
                   yoke_strerror(status), yoke_pool_error(pool));
    }
    check_all(client, numbers, term, "a pool of its own");
    status = soak_chance(&client->random, 50) ? yoke_pool_close(pool)
                                              : yoke_pool_terminate(pool);
    if (status != YOKE_OK) {
        soak_wrong(client, "closing a pool of its own: %s", yoke_strerror(status));
    }
}
