/* SPDX-License-Identifier: MIT */
#include "sys/user_call.h"

bool yk_user_call(yk_guarded *function, void *context, yk_error *error)
{
    const yk_fp_environment before = yk_fp_use_default();
    const bool well = yk_guard_catch(function, context, error);

    yk_fp_restore(before);
    return well;
}
