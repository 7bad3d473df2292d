/* SPDX-License-Identifier: MIT */
/*
 * Company: other programs that run on the cores of this process. A process that waits gives its
 * core away with each sched_yield(). Alone that is right, since another process of the pool may
 * want the core, and gives it back within a microsecond. In company another program keeps it for
 * milliseconds. No system tells which of both it is, so each process notices how long it was away.
 */
#ifndef YK_SHM_COMPANY_H
#define YK_SHM_COMPANY_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this process has noticed company lately. It forgets after 0.1 to 0.4 s: later, if it was
 * there again each time that it had forgotten. Any thread. */
bool yk_company_is_seen(uint64_t now_ns);

/* One look of a loop that waits began and ended at these times. Any thread. */
void yk_company_note(uint64_t began_ns, uint64_t ended_ns);

#endif
