/* SPDX-License-Identifier: MIT */
/* Which jobs have to end before another may start. */
#ifndef YK_POOL_ORDER_H
#define YK_POOL_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/request.h"
#include "protocol/control.h"
#include "yoke/map.h"
#include "yoke/pool.h"

/* Where a job stands in a run of a graph. */
typedef struct yk_order_place {
    uint64_t run;   /* a number that no other run has or had; 0: it is not a graph's */
    uint64_t step;
    uint32_t index; /* in its step */
    bool is_known;  /* the graph knows how it is ordered with others of its step */
} yk_order_place;

/* How two jobs of a step are ordered. */
enum { YK_ORDER_FREE = 0, YK_ORDER_WAITS = 1, YK_ORDER_NEEDS = 2 };

/* A job that was recorded in a graph and is submitted once more. */
typedef struct yk_replay {
    yk_order_place place;
    const yk_launch *launch;    /* checked; NULL: the request is checked like any other */
    uint64_t lendings;          /* yk_arena_lendings() when it was */
    const unsigned char *order; /* by index of the jobs before it in its step */
    bool is_placed;             /* `allowed` is known */
    uint64_t allowed[YK_SLOT_WORDS]; /* the workers that may run it */
} yk_replay;

/* What is known of the job in a slot: a bit for each other slot. */
typedef struct yk_order_row {
    yk_job_bits behind; /* the jobs it waits for, however indirectly */
    yk_job_bits relies; /* those it needs, however indirectly */
} yk_order_row;

/* By slot. Under the pool's lock. Large, and little of it is ever touched. */
typedef struct yk_order {
    yk_order_row *rows;
    size_t slots;
} yk_order;

/* For so many slots. False: there is no memory. */
bool yk_order_init(yk_order *order, uint32_t slots);
void yk_order_fini(yk_order *order);

/* Finds what a job that is filled in has to wait for: jobs that conflict with it, and those it
 * names. */
yoke_status yk_order_find_locked(yoke_pool *pool, uint32_t slot,
                                 const yk_request *request, yk_error *error);

/* How the later of two jobs that may conflict is ordered: YK_ORDER_... */
unsigned char yk_order_of_pair(const yk_launch *earlier, const yk_launch *later);

/* Whether a job writes what the later one reads outside of workers: the offsets of its arrays. */
bool yk_order_changes_used(const yk_launch *earlier, const yk_launch *later);

/* Whether a job that is not collected yet changes what a launch uses without passing it. */
bool yk_order_changes_used_locked(const yoke_pool *pool, const yk_launch *launch);

/* Whether a job that is not collected yet adds to an array that the launch uses. It does so when it
 * lands, after its end. */
bool yk_order_adds_into_locked(const yoke_pool *pool, const yk_launch *launch);

/* Whether the launch changes what a submission that copies arrays in relies on: what it has read,
 * or an array that the launch adds into. That job would come behind this one. */
bool yk_order_overtakes_locked(const yoke_pool *pool, const yk_launch *launch);

/* A job waits for none and needs none, as far as is known. */
void yk_order_clear_locked(yoke_pool *pool, uint32_t slot);

/* The job is about to be opened: those it waits for know it. */
void yk_order_add_locked(yoke_pool *pool, uint32_t slot);

/* The job is collected. */
void yk_order_remove_locked(yoke_pool *pool, uint32_t slot);

#endif
