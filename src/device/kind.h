/* SPDX-License-Identifier: MIT */
/*
 * A kind of device: all that the library knows about it, besides its operations, as data. Each
 * kind's folder has one such entry; protocol/device_kinds.h lists them. Other code asks for a
 * trait or calls through the entry, and names no kind.
 */
#ifndef YK_DEVICE_KIND_H
#define YK_DEVICE_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/device.h"

/* Traits of the workers of a kind. */
enum {
    YK_TRAIT_RUNS_FUNCTIONS = 1 << 0,  /* native functions, in the worker's own process */
    YK_TRAIT_COMPILES_SOURCE = 1 << 1, /* kernels' sources, for its own device */
    YK_TRAIT_BORROWS_SOURCE = 1 << 2,  /* sources run on a second device: control->source */
    YK_TRAIT_PER_CPU = 1 << 3,         /* one worker per CPU, unless a number is given */
    YK_TRAIT_YIELDS_CORE = 1 << 4,     /* it is parked if its core serves another device */
    YK_TRAIT_NEEDS_CORE = 1 << 5,      /* its process keeps a core busy, unless it is the CPU */
    YK_TRAIT_NEVER_BREAKS = 1 << 6,    /* deaths are the kernel's fault; it is never given up
                                          for them, and no job is left to other workers */
    YK_TRAIT_RECYCLES = 1 << 7,        /* its process ends after .items_per_process items, or
                                          past .memory_per_process bytes */
    YK_TRAIT_SUITS_WHOLE_JOBS = 1 << 8, /* it is preferred for jobs that are not split, and
                                           takes what it has to itself in large chunks */
    YK_TRAIT_CAN_BE_CHECKED = 1 << 9,   /* the checking mode may wrap its device */
    YK_TRAIT_IS_CALLER = 1 << 10, /* the application's thread that helps is one of these */
};

enum {
    YK_MAX_DEVICE_KINDS = 16,
    YK_MAX_DRIVERS = 16,
    YK_MAX_DRIVER_DEVICES = 16,
    YK_MAX_SELECTED = 256, /* maximum number of workers of one part of the device string */
};

/* ---- the device string ---- */

/* A part of the device string: "cpu:2", "opencl:pocl". */
typedef struct yk_selector {
    uint32_t kind;     /* YK_DEVICE_...; set by the caller of parse */
    uint32_t count;    /* kinds without discovery: how many workers; 0: one per CPU */
    uint32_t required; /* a pool is not created unless some device matches */
    uint32_t width;    /* YK_TRAIT_PER_CPU: CPUs of each worker; 0: one */
    char reason[32];  /* of a worker that it selects */
    yk_kind_data own; /* kinds without discovery: what their workers open */
} yk_selector;

/* A word of the device string. */
typedef struct yk_device_word {
    const char *word; /* "opencl" */

    /* Fills in a selector that is zeroed except for its kind. `detail` is what follows the
     * colon, and may be changed; NULL: nothing. YOKE_EINVAL with an error text that says what
     * is expected. */
    yoke_status (*parse)(yk_selector *selector, char *detail, yk_error *error);
} yk_device_word;

/* ---- discovery ---- */

enum {
    YK_HARDWARE_CPU = 1,
    YK_HARDWARE_GPU = 2,
    YK_HARDWARE_ACCELERATOR = 3,
    YK_HARDWARE_OTHER = 4,
};

/* An installed driver. */
typedef struct yk_driver {
    uint32_t kind;        /* YK_DEVICE_...; set by the caller of drivers */
    uint32_t lends_cores; /* it computes on the calling thread: for YK_TRAIT_BORROWS_SOURCE */
    char path[256];       /* how it is opened, and named in texts */
    char library[256];    /* the library that it loads */
} yk_driver;

/* A device that a driver has reported. */
typedef struct yk_found_device {
    uint32_t type; /* YK_HARDWARE_... */
    uint32_t has_double;
    uint64_t memory_bytes;
    char name[128];
    char platform[128];
    char version[128];
    yk_kind_data own; /* which of the driver's devices it is */
} yk_found_device;

/* A device that selectors are compared with. */
typedef struct yk_candidate {
    uint32_t kind; /* YK_DEVICE_... */
    int32_t index; /* among the devices of the kind */
    uint32_t type; /* YK_HARDWARE_... */
    const char *driver;
    const char *platform;
    const char *device;
} yk_candidate;

/* Finding the devices of a kind by asking their drivers. */
typedef struct yk_device_discovery {
    /* Lists the installed drivers without loading any, in a fixed order. Called in the
     * supervisor. */
    size_t (*drivers)(yk_driver drivers[YK_MAX_DRIVERS]);

    /* Loads one driver and lists its devices; called in a process that ends afterwards. A
     * driver without devices is YOKE_OK with a count of 0, and an error text. */
    yoke_status (*devices)(const yk_driver *driver,
                           yk_found_device devices[YK_MAX_DRIVER_DEVICES],
                           size_t *count, yk_error *error);

    /* Whether a selector of this kind picks a device of this kind. */
    bool (*matches)(const yk_selector *selector, const yk_candidate *candidate);

    /* Whether this process has loaded a driver, or another library of a device that a driver
     * may share; if so, the file's name. They do not work after a fork. Called in the
     * supervisor. NULL: they do. */
    bool (*has_driver)(char *name, size_t bytes);
    bool (*has_runtime)(char *name, size_t bytes);

    /* Sets the error text why workers with YK_TRAIT_BORROWS_SOURCE cannot run sources: the
     * driver that was loaded before the fork, or, if that is "", that there is none. NULL: no
     * driver lends cores. */
    void (*explain_no_source)(const char *loaded, yk_error *error);

    const char *no_driver; /* for errors: "no OpenCL driver is installed" */
} yk_device_discovery;

/* ---- the entry ---- */

typedef struct yk_device_kind {
    const char *name;            /* its workers have this name and a number: "fake0" */
    const yk_device_word *words; /* of the device string; the last is {NULL, NULL} */
    const char *grammar;         /* the same for error texts: "cpu, cpu:N" */
    const yk_device_ops *ops;
    uint32_t traits;    /* YK_TRAIT_... */
    uint32_t max_lanes; /* maximum number of chunks in flight of its devices */
    const yk_device_discovery *discovery; /* NULL: there are as many as requested */
} yk_device_kind;

/* ---- for parsers ---- */

/* A whole number from 0 to the end of the text. */
bool yk_selector_number(const char *text, uint64_t *value);

/* Whether a text contains another, which is in lower case. */
bool yk_selector_contains(const char *text, const char *lower);

#endif
