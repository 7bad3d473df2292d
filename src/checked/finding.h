/* SPDX-License-Identifier: MIT */
/* The findings of the checking mode, and their texts. */
#ifndef YK_CHECKED_FINDING_H
#define YK_CHECKED_FINDING_H

#include <stdint.h>

#include "base/error.h"
#include "checked/image.h"
#include "launch/kernel.h"
#include "launch/launch.h"

typedef enum yk_finding_kind {
    YK_FOUND_READ,      /* of a byte that is not declared as read */
    YK_FOUND_WRITE,     /* ... as written */
    YK_FOUND_UNWRITTEN, /* a byte that has to be written was not written */
} yk_finding_kind;

typedef struct yk_finding {
    yk_finding_kind kind;
    uint32_t index; /* of the argument, from 0 */
    int64_t offset; /* of the byte, from the argument's pointer */
    uint64_t count; /* unwritten: how many there are */
    yk_unit unit;
} yk_finding;

/* YOKE_ECHECK, with a text: the argument, what its items do, and what declaration would be
 * right. `parameters`: of the kernel's source; count -1: not known. */
yoke_status yk_finding_report(const yk_finding *finding, const yk_launch *launch,
                              const yk_parameter *parameters, int parameter_count,
                              yk_error *error);

#endif
