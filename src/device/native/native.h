/* SPDX-License-Identifier: MIT */
/* The core of the public call by which a native function reports a failure. */
#ifndef YK_DEVICE_NATIVE_NATIVE_H
#define YK_DEVICE_NATIVE_NATIVE_H

#include <stdarg.h>

#include "yoke/kernel.h"

/* The core of yoke_span_fail(): the first failure of a span counts, from any of the function's
 * threads. A span that does not belong to a running function is ignored. */
void yk_native_fail(const yoke_span *span, int code, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

#endif
