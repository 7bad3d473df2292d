/* SPDX-License-Identifier: MIT */
/* The supervisor's part in items that each have a status: see protocol/item_table.h. */
#ifndef YK_SUPERVISOR_REPAIR_ITEMS_H
#define YK_SUPERVISOR_REPAIR_ITEMS_H

#include "protocol/job.h"

/* What the death of the worker in a slot means for the items of its claim, which was RUNNING. */
typedef struct yk_item_death {
    uint32_t slot;
    uint64_t begin; /* items */
    uint64_t end;
    uint32_t weight;  /* of this death as a strike ... */
    uint32_t maximum; /* ... and how many make an item fail */
    const char *how;
} yk_item_death;

typedef enum yk_item_verdict {
    YK_ITEMS_UNTOUCHED, /* the death was not in an item */
    YK_ITEMS_BLAMED,    /* it was, and the item will be tried again */
    YK_ITEMS_FAILED,    /* it was, and the item has failed */
} yk_item_verdict;

/* The job has an item table, and what it changes in place was restored. */
yk_item_verdict yk_repair_items(yk_control *control, yk_job_ref ref,
                                const yk_item_death *death);

/* All items of the claim fail: their content is in doubt. */
void yk_repair_fail_items(yk_control *control, yk_job_ref ref, const yk_item_death *death,
                          const char *why);

/* Reports workers whose item runs past its time limit, and notes which start is overdue. Returns
 * the time of the next check. */
uint64_t yk_repair_item_limits(yk_control *control, yk_job_ref ref,
                               void (*overdue)(uint32_t slot, void *context),
                               void *context);

#endif
