/* SPDX-License-Identifier: MIT */
/*
 * Devices that decline: why a worker does not run a kernel, or did not run a job of it. The
 * worker writes the reason, or the supervisor does after it has reaped the worker. The
 * application reads it.
 */
#ifndef YK_PROTOCOL_ASIDE_H
#define YK_PROTOCOL_ASIDE_H

#include <stdbool.h>

#include "protocol/control.h"

/* Records why the worker does not run the kernel in this slot. If YOKE_LOG is set, and unless
 * this is by design, one line on standard error reports each reason once. */
void yk_aside_note(yk_control *control, uint32_t worker_slot, uint32_t kernel_slot,
                   bool by_design, const char *text);

/* Reads that reason; "" if there is none. */
void yk_aside_read(const yk_control *control, uint32_t worker_slot,
                   uint32_t kernel_slot, uint64_t kernel_id, char text[YK_ASIDE_BYTES]);

#endif
