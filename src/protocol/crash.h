/* SPDX-License-Identifier: MIT */
/*
 * What a process records about the signal that ends it, in its signal handler, for the supervisor
 * to describe: the access, and which functions were called. It calls nothing that allocates.
 *
 *     step                                        process    if it dies here
 *     state = WRITING; another thread that        worker,    only the signal is known
 *     crashes meanwhile waits for the end         process
 *     signal, access, the instruction; COMPLETE   the same   the text has no functions
 *     frames, with their addresses; frame_count   the same   the text has addresses only
 *     of each frame: the file and the offset      the same   the text has what is complete
 *     there; object
 *     the signal ends the process                 the same
 *     reap; what is there becomes the text        supervisor the pool is broken
 *
 * The handler has some seconds. The system lets another signal end the process if the handler
 * itself makes a bad access, such as to a stack that was written over: that is one of the rows.
 */
#ifndef YK_PROTOCOL_CRASH_H
#define YK_PROTOCOL_CRASH_H

#include <stdatomic.h>
#include <stdint.h>

#include "sys/access.h"

enum {
    YK_CRASH_FRAMES = 16,
    YK_CRASH_OBJECTS = 6,
    YK_CRASH_PATH_BYTES = 256,
};

enum { YK_CRASH_NONE = 0, YK_CRASH_COMPLETE = 1, YK_CRASH_WRITING = 2 };

/* A call that had not returned. */
typedef struct yk_crash_frame {
    uint64_t address; /* the instruction; of a caller: the one behind its call */
    uint64_t offset;  /* of it in the object's file */
    _Atomic uint32_t object; /* its number in `objects`, from 1; 0: no file, or not known */
    uint32_t reserved;
} yk_crash_frame;

typedef struct yk_crash {
    /* YK_CRASH_...; supervisor: NONE, before the process exists */
    _Atomic uint32_t state;
    int32_t signal;
    uint32_t cause; /* yk_fatal_cause */
    uint32_t kind;  /* yk_access_kind */
    uint64_t address;
    /* errno of attaching a named segment there; 0: there was none to attach */
    int32_t problem;
    int32_t sender; /* the process that sent the signal; 0: none did */
    _Atomic uint32_t frame_count;
    /* the last frame is the function that the library called; 0: frames may be missing */
    uint32_t has_last;
    yk_crash_frame frames[YK_CRASH_FRAMES];            /* the innermost first */
    char objects[YK_CRASH_OBJECTS][YK_CRASH_PATH_BYTES]; /* paths; "" behind the last */
} yk_crash;

struct yk_control;

/* In the signal handler. problem: as in the record. */
void yk_crash_record(struct yk_control *control, yk_crash *crash, const yk_fatal *fatal,
                     int problem);

/* Supervisor, before the process exists. */
void yk_crash_reset(yk_crash *crash);

#endif
