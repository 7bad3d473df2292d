/* SPDX-License-Identifier: MIT */
/* The pools of a round: what they are like, how they begin and end. */
#include "soak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The allocators of sanitizers do not survive a fork of a process with threads. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

static const struct device_choice {
    const char *devices;
    unsigned weight;
    bool discrete;
} choices[] = {
    {"cpu:1", 10, false},
    {"cpu:2", 20, false},
    {"cpu:3", 15, false},
    {"cpu", 10, false},
    {"fake:2x0.5/private", 6, false},
    {"cpu:1,fake:1x0.5/private", 14, false},
    {"cpu:2,fake:2x0.3", 5, false},
    {"opencl:pocl", 5, false},
    {"opencl:pocl", 3, true},
    {"cpu:1,opencl:pocl", 6, false},
    {"cpu:1,opencl:pocl", 4, true},
    {"cpu:1,fake:1x0.7/private,opencl:pocl", 4, true},
};

enum { CHOICES = sizeof choices / sizeof *choices };

static const struct device_choice *draw_choice(soak_random *random)
{
    unsigned sum = 0, drawn;

    for (unsigned i = 0; i < CHOICES; i++) {
        sum += choices[i].weight;
    }
    drawn = soak_between(random, 0, sum - 1);
    for (unsigned i = 0; i < CHOICES; i++) {
        if (drawn < choices[i].weight) {
            return &choices[i];
        }
        drawn -= choices[i].weight;
    }
    return &choices[0];
}

static void draw_devices(soak_pool *home, soak_random *random)
{
    const struct device_choice *choice = draw_choice(random);

    (void)snprintf(home->devices, sizeof home->devices, "%s",
                   soak_set.devices != NULL ? soak_set.devices : choice->devices);
    home->discrete = soak_set.devices == NULL && choice->discrete;
    home->has_cpu = strstr(home->devices, "cpu") != NULL;
    home->has_fake = strstr(home->devices, "fake") != NULL;
    home->has_opencl = strstr(home->devices, "opencl") != NULL;
    home->has_sources = home->has_opencl || (home->has_cpu && soak_chance(random, 30));
}

/* Drivers take their time, so their processes are killed less often. */
static void draw_kills(soak_pool *home, soak_random *random)
{
    static const unsigned pauses[] = {0, 200, 100, 50, 20, 8};

    home->pause_ms = pauses[soak_between(random, 0, 5)];
    if (home->has_sources && home->pause_ms > 0) {
        home->pause_ms = soak_between(random, 300, 1200);
    }
    home->kills_hard = soak_chance(random, 30);
    home->breaks = home->pause_ms > 0 && soak_chance(random, 12);
    home->killer_random.state = soak_bits(random);
}

static void draw(soak_pool *home, soak_random *random)
{
    draw_devices(home, random);
    draw_kills(home, random);
    home->start = soak_chance(random, 50) ? YOKE_START_SPAWN : YOKE_START_FORK;
    home->items_per_process =
        soak_chance(random, 15) ? soak_between(random, 1000, 300000) : 0;
    home->client_count =
        soak_chance(random, 30) ? 1 : soak_between(random, 2, SOAK_CLIENTS);
    home->terminates = soak_chance(random, 10);
    for (unsigned i = 0; i < home->client_count; i++) {
        home->clients[i].home = home;
        home->clients[i].number = i;
        home->clients[i].random.state = soak_bits(random);
    }
}

/* ---- kernels that all clients use ---- */

static void make_kernel(soak_pool *home, yoke_kernel **kernel, const char *name,
                        yoke_native *native, unsigned form, size_t group)
{
    const yoke_kernel_options options = {.name = name,
                                         .source =
                                             form != SOAK_NATIVE ? soak_source : NULL,
                                         .native = form != SOAK_SOURCES ? native : NULL,
                                         .group = {group, 0, 0}};
    const yoke_status status = yoke_kernel_create(kernel, home->pool, &options);

    if (status != YOKE_OK) {
        soak_wrong_pool(home, "yoke_kernel_create(%s, form %u): %s: %s", name, form,
                        yoke_strerror(status), yoke_pool_error(home->pool));
    }
}

static bool has_form(const soak_pool *home, unsigned form)
{
    switch (form) {
    case SOAK_NATIVE:
        return home->has_cpu || home->has_fake;
    case SOAK_SOURCES:
        return home->has_sources && (home->has_cpu || home->has_opencl);
    default:
        return home->has_sources;
    }
}

unsigned soak_form(soak_client *client)
{
    unsigned form;

    do {
        form = soak_between(&client->random, 0, SOAK_FORMS - 1);
    } while (!has_form(client->home, form));
    return form;
}

static void make_kernels(soak_pool *home)
{
    for (unsigned form = 0; form < SOAK_FORMS; form++) {
        if (has_form(home, form)) {
            make_kernel(home, &home->mix[form], "mix", soak_mix_native, form, 0);
            make_kernel(home, &home->groups[form], "groups", soak_groups_native, form,
                        SOAK_GROUP);
        }
    }
}

/* ---- beginning and end ---- */

bool soak_pool_open(soak_pool *home, unsigned number, soak_random *random)
{
    yoke_pool_options options = {.arena_bytes = (size_t)8 << 30};
    yoke_status status;

    memset(home, 0, sizeof *home);
    home->number = number;
    draw(home, random);
    options.devices = home->devices;
    options.start = IS_SANITIZED && number > 0 ? YOKE_START_SPAWN : home->start;
    options.items_per_process = home->items_per_process;
    options.wait_ready = !home->has_cpu || soak_chance(random, 50);
    if (home->discrete) {
        (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    }
    soak_watch_main("yoke_pool_create()", 120);
    status = yoke_pool_create(&home->pool, &options);
    (void)unsetenv("YOKE_FORCE_DISCRETE");
    if (status == YOKE_ENODEVICE && home->has_opencl) {
        return false;
    }
    if (status != YOKE_OK) {
        soak_wrong_pool(home, "yoke_pool_create(\"%s\"): %s: %s", home->devices,
                        yoke_strerror(status), yoke_pool_error(NULL));
    }
    home->start = yoke_pool_start_method(home->pool);
    soak_watch_main("yoke_kernel_create()", 240);
    make_kernels(home);
    soak_watch_main(NULL, 0);
    return true;
}

/* A job that fails, of which only the pool's end can tell. */
static bool leave_failure(soak_client *client)
{
    soak_block block = {.pointer = NULL};
    yoke_kernel *kernel = NULL;

    return soak_set.has_unkept && client->home->has_cpu &&
           soak_chance(&client->random, 40) &&
           soak_take_failure(client, &kernel, &block) &&
           soak_fail_unkept(client, kernel, &block);
}

static void judge_end(soak_pool *home, yoke_status status, bool has_failure)
{
    const bool is_broken = status == YOKE_EBROKEN && atomic_load(&home->broken);
    const bool is_failure = status == YOKE_EKERNEL && has_failure;

    if (status == YOKE_OK && has_failure && !home->terminates) {
        soak_wrong_pool(home,
                        "a job failed before it was closed, and that said success");
    }
    if (status != YOKE_OK && !is_broken && !is_failure &&
        !atomic_load(&home->has_unread)) {
        soak_wrong_pool(home, "closing it: %s: %s", yoke_strerror(status),
                        yoke_pool_error(NULL));
    }
}

void soak_pool_end(soak_pool *home)
{
    static const soak_row parting_row = {.name = "the pool's end"};
    soak_client *client = &home->clients[0];
    soak_parting *parting;
    bool has_failure;
    yoke_status status;

    soak_watch_main("closing a pool", 120);
    client->row = &parting_row;
    client->excused = false;
    parting = soak_parting_begin(client);
    has_failure = leave_failure(client);
    status = home->terminates ? yoke_pool_terminate(home->pool)
                              : yoke_pool_close(home->pool);
    judge_end(home, status, has_failure);
    soak_parting_end(client, parting, home->terminates ? YOKE_ECANCELED : YOKE_OK);
    soak_watch_main(NULL, 0);
}

bool soak_suits(const soak_pool *home, const soak_row *row)
{
    return ((row->needs & SOAK_CPU) == 0 || home->has_cpu) &&
           ((row->needs & SOAK_SOURCE) == 0 || home->has_sources) &&
           ((row->needs & SOAK_DEVICE) == 0 || home->has_opencl) &&
           ((row->needs & SOAK_ALONE) == 0 || home->client_count == 1);
}

void soak_draw_options(soak_client *client, yoke_map_options *options)
{
    soak_random *random = &client->random;

    options->chunk = soak_chance(random, 30) ? soak_between(random, 1, 200) : 0;
    options->grain = soak_chance(random, 15) ? soak_between(random, 1, 100) : 0;
    options->timeout = soak_chance(random, 20) ? 600 : 0;
    if (client->home->has_cpu && client->home->has_opencl && soak_chance(random, 10)) {
        options->devices = "cpu";
    }
}
