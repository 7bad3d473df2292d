/* SPDX-License-Identifier: MIT */
/* How a worker's process is entered. This header is all that the supervisor includes of the
 * worker's side. */
#ifndef YK_WORKER_WORKER_MAIN_H
#define YK_WORKER_WORKER_MAIN_H

#include <stdint.h>

#include "protocol/control.h"
#include "protocol/segment_view.h"
#include "sys/topology.h"

/* Exit codes of a worker process. */
enum {
    YK_WORKER_EXIT_OK = 0,
    YK_WORKER_EXIT_START = 1,
    YK_WORKER_EXIT_DEVICE = 2,
    YK_WORKER_EXIT_LEFT = 3 /* a function of the program did not return */
};

/* The main function of the process: returns its exit code when the pool closes. cpus: what it is
 * bound to, as many as its cpu_count; NULL if its `cpu` says that. */
int yk_worker_main(yk_control *control, yk_segment_view *attachments, uint32_t slot,
                   const int undo_files[YK_MAX_LANES], const yk_cpu *cpus);

#endif
