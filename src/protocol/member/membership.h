/* SPDX-License-Identifier: MIT */
/*
 * The pool of which this process is a part: a worker, or a process of the program's. Calls on the
 * pool that need nothing of the application's private memory work in it, too. The pool itself is
 * known there by the address of the application's handle, which is only compared.
 */
#ifndef YK_PROTOCOL_MEMBER_MEMBERSHIP_H
#define YK_PROTOCOL_MEMBER_MEMBERSHIP_H

#include "base/error.h"
#include "protocol/control.h"
#include "protocol/process_slot.h"

/* Each pool in a process of another multiplies processes, so functions that create pools in which
 * they run again have to end somewhere. */
enum { YK_MAX_DEPTH = 4 };

typedef struct yk_membership {
    yk_control *control;
    uint32_t starter; /* how it signs the processes that it starts: YK_STARTER_... */
} yk_membership;

/* This process becomes a part of a pool, before any function of the program runs in it. What was
 * inherited from the process that forked it is forgotten. */
void yk_membership_begin(yk_control *control, uint32_t starter);

/* A pool that this process creates is one in another: notes which, and in a worker limits how many
 * CPUs it selects unless that was said. YOKE_EUNSUPPORTED: there are too many around it. */
yoke_status yk_membership_note_outer(yk_control *inner, yk_error *error);

/* The membership of this process in that pool; NULL: it has none. A process that a member has
 * forked by itself is no member. */
const yk_membership *yk_membership_in(const void *pool);

#endif
