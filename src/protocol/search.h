/* SPDX-License-Identifier: MIT */
/*
 * Searches (yoke_first_into(), yoke_any_into()): which blocks need not be computed any more.
 *
 *     step                                        process       if it dies here
 *     the block's copies = what the arrays hold;  worker        the block is dealt out again, as any
 *     claim = block, TAKEN                                      tile, and its copies are filled again
 *     claim = block, RUNNING; the kernel stores   worker        the same
 *     claim = block, COMMITTED                    worker        its copies are complete; what it has
 *                                                               found is not known: blocks behind it
 *                                                               are computed for nothing
 *     `found` = block, if it is the first so far  worker        it is known
 *     a block behind it: COMMITTED, not computed  any worker    before: dealt out again, and left again
 *     the job has ended well: the arrays = the    application   the pool ends too
 *     copies of the first block that has found
 *     something
 *
 * A block is only known to have found something when it is not computed again. Should it be all the
 * same, since its mark was lost, and find nothing then, the job fails: others were left out.
 */
#ifndef YK_PROTOCOL_SEARCH_H
#define YK_PROTOCOL_SEARCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"

/* Whether a block has to be computed, as far as is known. */
static inline bool yk_search_wants(const yk_job *job, uint64_t block)
{
    const uint64_t found = atomic_load_explicit(&job->found, memory_order_relaxed);

    return found == 0 || block + 1 == found ||
           (job->launch.search == YK_SEARCH_FIRST && block + 1 < found);
}

/* A block, which was committed, has found something. */
static inline void yk_search_note(yk_job *job, uint64_t block)
{
    uint64_t found = atomic_load(&job->found);

    while ((found == 0 || (job->launch.search == YK_SEARCH_FIRST && block + 1 < found)) &&
           !atomic_compare_exchange_weak(&job->found, &found, block + 1)) {
    }
}

#endif
