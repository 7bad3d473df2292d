/* SPDX-License-Identifier: MIT */
/*
 * The ends of pipes that a process is started with: they are in its argument. The application
 * finds them before it starts the process, so that no end counts as gone before the process
 * holds it (ipc/pipe.h).
 */
#ifndef YK_IPC_PIPE_GRANTS_H
#define YK_IPC_PIPE_GRANTS_H

#include "ipc/pipe.h"

/* How much of an argument, or of the pool's memory that it points to, is read. */
enum { YK_PIPE_GRANT_BYTES = 4096 };

typedef struct yk_pipe_grants {
    yk_pipe_end **ends;
    size_t count;
} yk_pipe_grants;

/* Finds the ends among the first words of an argument: of its `bytes` bytes, or with 0 bytes, the pointer
 * itself and the memory of the arena that it points to. Each expects a holder from now on.
 * YOKE_ENOMEM: none does. */
yoke_status yk_pipe_grants_begin(yk_pipe_grants *grants, yk_ipc_registry *objects,
                                 yk_arena *arena, const void *argument, size_t bytes,
                                 yk_error *error);

/* The same without the application's books, in a process that has the arena at that address: of the
 * bytes of the argument alone. */
yoke_status yk_pipe_grants_begin_in(yk_pipe_grants *grants, const void *arena,
                                    const yk_layout *layout, const void *argument,
                                    size_t bytes, yk_error *error);

/* The process with this identity holds them. 0: it has ended, is unknown, or was not started. */
void yk_pipe_grants_end(yk_pipe_grants *grants, yk_identity process, bool ended);

#endif
