/* SPDX-License-Identifier: MIT */
/*
 * Whether a pointer that the program gives is valid: one rule for the application's handles
 * (sys/handle.h) and for the objects that processes share (ipc/ipc_object.h). The address decides
 * where that is written: in the head of a handle's slot, or, where a pool's objects are, in the
 * object's magic word. Nothing else is read, so any pointer may be asked about, in any process.
 */
#ifndef YK_API_VALID_H
#define YK_API_VALID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ipc/ipc_object.h"
#include "sys/handle.h"

/* A kind: a yk_handle_kind, or the yk_magic of a kind of objects. */

/* The kind of a valid one; 0: it is not valid. */
uint32_t yk_valid_kind(const void *pointer);

/* What the program calls the kind. */
const char *yk_valid_name(uint32_t kind);

/* Whether it is a valid one of this kind. */
bool yk_valid_is(const void *pointer, uint32_t kind);

/* The same; else fills in error: it is NULL (YOKE_EINVAL), of another kind (YOKE_EINVAL), or not
 * valid, or not any more (YOKE_ECLOSED; YOKE_EINVAL for segments). */
yoke_status yk_valid_check(const void *pointer, uint32_t kind, yk_error *error);

/* What yk_valid_check() answers of one that is not valid, also if it has become so since: never
 * YOKE_OK. */
yoke_status yk_valid_refuse(const void *pointer, uint32_t kind, yk_error *error);

/* The object there that is or was one; NULL: it does not lie where a pool's objects are in this
 * process. */
const yk_ipc_object *yk_valid_object_at(const void *pointer);

#endif
