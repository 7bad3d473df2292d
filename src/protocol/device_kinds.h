/* SPDX-License-Identifier: MIT */
/*
 * The kinds of devices. A kind is a folder with an entry, yk_NAME_kind (see device/kind.h), and
 * one line here. Its place in the list, from 1, is its number in shared memory and
 * yoke_worker_info.kind, so new kinds are added at the end.
 */
#ifndef YK_PROTOCOL_DEVICE_KINDS_H
#define YK_PROTOCOL_DEVICE_KINDS_H

#include <stdint.h>

#include "device/device.h"
#include "device/kind.h"

/* Tests add a kind of their own. */
#ifndef YOKE_MORE_DEVICE_KINDS
#define YOKE_MORE_DEVICE_KINDS(X)
#endif

/* X(name in capitals, name). */
#define YK_DEVICE_KINDS(X)                                                               \
    X(NATIVE, native)                                                                    \
    X(OPENCL, opencl)                                                                    \
    X(FAKE, fake)                                                                        \
    YOKE_MORE_DEVICE_KINDS(X)

/* The end is for device_kinds.c alone. Other code asks yk_device_kinds_end(), so that for a
 * list with more kinds only that file has to be compiled again. */
#define YK_DEVICE_NUMBER(NUMBER, name) YK_DEVICE_##NUMBER,
enum { YK_DEVICE_NONE, YK_DEVICE_KINDS(YK_DEVICE_NUMBER) YK_DEVICE_KINDS_END };
#undef YK_DEVICE_NUMBER

#define YK_DEVICE_ENTRY(NUMBER, name) extern const yk_device_kind yk_##name##_kind;
YK_DEVICE_KINDS(YK_DEVICE_ENTRY)
#undef YK_DEVICE_ENTRY

/* One more than the number of the last kind. */
uint32_t yk_device_kinds_end(void);

/* A kind's entry; NULL if the number (YK_DEVICE_...) is not that of a kind. */
const yk_device_kind *yk_device_kind_at(uint32_t kind);

/* Whether devices of a kind have to be found by asking drivers. */
bool yk_device_kind_has_drivers(uint32_t kind);

/* The first kind that has all these traits; YK_DEVICE_NONE if there is none. */
uint32_t yk_device_kind_with(uint32_t traits);

/* Sets the error text why a worker that borrows a device for sources has none: see
 * explain_no_source. */
void yk_device_explain_no_source(const char *loaded, yk_error *error);

/* Opens a device, wrapped by the checking mode if the configuration says so. */
yoke_status yk_device_open(yk_device **device, const yk_device_config *config,
                           yk_error *error);

#endif
