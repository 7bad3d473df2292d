/* SPDX-License-Identifier: MIT */
/*
 * The bootstrap block: what is handed to a process that executes the program for a pool. That
 * is a spawned supervisor or, if the program has loaded a device's driver, a process that opens
 * drivers. The block is a sealed memory file. It says where the pool's memory is to be mapped,
 * from which descriptors, and what the process is to be. The block's own descriptor is in the
 * environment variable YOKE_SPAWN, after the new process's pid: a process that merely inherits
 * the variable has another pid, and ignores it.
 */
#ifndef YK_PROTOCOL_BOOTSTRAP_H
#define YK_PROTOCOL_BOOTSTRAP_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "protocol/control.h"
#include "sys/elf.h"

/* What the supervisor is started with. It owns the descriptors. */
enum {
    YK_MEMORY_CONTROL,
    YK_MEMORY_ARENA, /* kept by every process of the pool */
    YK_MEMORY_STORE,
    YK_MEMORY_TABLES,
    YK_MEMORIES
};

typedef struct yk_supervisor_start {
    yk_control *control;
    yk_mapping memory[YK_MEMORIES];
    const void *pool; /* the application's handle, which is meaningless here */
    pid_t application;
    uint32_t threads; /* threads of the application, if the supervisor was forked */
    /* read end: end of file when the application has ended or executed another program */
    int life;
    int alive;     /* write end: held open by every process of the pool */
    int others[2]; /* the application's ends of these two: to be closed */
} yk_supervisor_start;

#define YK_BOOTSTRAP_VARIABLE "YOKE_SPAWN"
#define YK_BOOTSTRAP_PRELOAD "LD_PRELOAD"
#define YK_BOOTSTRAP_MAGIC "yoke start letter"

/* What the process is to be. */
typedef enum yk_role {
    YK_ROLE_SUPERVISOR = 1,
    YK_ROLE_WORKER = 2, /* of a device with a driver, in a slot */
    YK_ROLE_PROBE = 3,  /* of a driver */
} yk_role;

/* The same in all builds. */
typedef struct yk_bootstrap_head {
    char magic[24];
    /* Whether both are of the same build: */
    uint64_t bootstrap_bytes;
    uint64_t control_bytes;
    yk_elf_place constructor; /* of the copy of the library that is to take over */
    /* Its path, put in front of LD_PRELOAD. "": it is part of the program, nothing was put
     * there. */
    char library[PATH_MAX];
} yk_bootstrap_head;

typedef struct yk_bootstrap {
    yk_bootstrap_head head;
    /* The path of a sanitizer's run-time, in front of the library's in LD_PRELOAD: it has to be
     * the first library of the process. "": the program has none. */
    char runtime[PATH_MAX];
    yk_supervisor_start start;
    uint32_t role;
    uint32_t index;               /* of the slot, or the driver */
    int undo_files[YK_MAX_LANES]; /* of a worker; -1: none */
} yk_bootstrap;

/* Fills in a bootstrap block without a role, to be taken over by this constructor of the
 * library. YOKE_EUNSUPPORTED if the program cannot be executed. */
yoke_status yk_bootstrap_init(yk_bootstrap *bootstrap, const yk_supervisor_start *start,
                           void (*constructor)(void), yk_error *error);

/* Executes the program in a process that is not a child of this one; as yk_exec_again(). */
pid_t yk_bootstrap_send(const yk_bootstrap *bootstrap, int *pidfd);

/* Executes the program in this process. Returns only on failure, with errno. */
void yk_bootstrap_follow(const yk_bootstrap *bootstrap);

#endif
