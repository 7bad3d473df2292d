/* SPDX-License-Identifier: MIT */
/*
 * Devices that stand aside: why a worker does not run a kernel, or did not run a job of it.
 * The worker writes the reason, or the supervisor after it has reaped the worker; the
 * application reads it.
 */
#ifndef YK_PROTOCOL_ASIDE_H
#define YK_PROTOCOL_ASIDE_H

#include <stdbool.h>

#include "protocol/control.h"

/* Keeps why the worker stands aside from the kernel in this slot. With YOKE_LOG, and unless it
 * does so by design, a line on standard error says it, once for each reason. */
void yk_aside_note(yk_control *control, uint32_t worker_slot, uint32_t kernel_slot,
                   bool by_design, const char *text);

/* That reason; "" if there is none. */
void yk_aside_read(const yk_control *control, uint32_t worker_slot,
                   uint32_t kernel_slot, uint64_t kernel_id, char text[YK_ASIDE_BYTES]);

#endif
