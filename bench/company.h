/* SPDX-License-Identifier: MIT */
/* Processes that only keep cores busy, as other programs do on a desktop or a shared machine. */
#ifndef BENCH_COMPANY_H
#define BENCH_COMPANY_H

/* Starts so many, or as many as there is room for. */
void company_start(unsigned count);

/* Ends them. */
void company_stop(void);

#endif
