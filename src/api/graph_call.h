/* SPDX-License-Identifier: MIT */
/* What the calls check whose options may name a graph. */
#ifndef YK_API_GRAPH_CALL_H
#define YK_API_GRAPH_CALL_H

#include <stdbool.h>

#include "base/error.h"
#include "yoke/graph.h"

/* Whether a call on the pool may record a job in the graph. */
yoke_status yk_call_check_graph(const yoke_graph *graph, const yoke_pool *pool,
                                bool wants_future, yk_error *error);

#endif
