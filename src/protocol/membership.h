/* SPDX-License-Identifier: MIT */
/*
 * The pool of which this process is a part: a worker, or a process of the program's. Calls on the
 * pool that need nothing of the application's private memory work in it, too. The pool itself is
 * known there by the address of the application's handle, which is only compared.
 */
#ifndef YK_PROTOCOL_MEMBERSHIP_H
#define YK_PROTOCOL_MEMBERSHIP_H

#include "base/error.h"
#include "protocol/control.h"
#include "protocol/process_slot.h"

typedef struct yk_membership {
    yk_control *control;
    uint32_t starter; /* how it signs the processes that it starts: YK_STARTER_... */
} yk_membership;

/* This process becomes a part of a pool, before any function of the program runs in it. What was
 * inherited from the process that forked it is forgotten. */
void yk_membership_begin(yk_control *control, uint32_t starter);

/* The membership of this process in that pool; NULL: it has none. A process that a member has
 * forked by itself is no member. */
const yk_membership *yk_membership_in(const void *pool);

#endif
