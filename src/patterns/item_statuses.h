/* SPDX-License-Identifier: MIT */
/* How each item of a job has ended, for jobs that go on past items that fail. */
#ifndef YK_PATTERNS_ITEM_STATUSES_H
#define YK_PATTERNS_ITEM_STATUSES_H

#include "base/error.h"
#include "launch/request.h"
#include "protocol/item_table.h"

/* The job of the request gets an item table. When it has ended, a status per item is in
 * request->item_status, and reasons are in request->item_texts, unless these are NULL. */
yoke_status yk_item_statuses_attach(yk_request *request, yk_error *error);

#endif
