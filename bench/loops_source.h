/* SPDX-License-Identifier: MIT */
/* The text of loops.cl. */
#ifndef BENCH_LOOPS_SOURCE_H
#define BENCH_LOOPS_SOURCE_H

extern const char sample_source_loops[];
#define loops_source sample_source_loops

#endif
