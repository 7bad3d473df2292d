/* SPDX-License-Identifier: MIT */
#include "launch/kernel.h"

yoke_status yk_function_locate(yk_function *where, yk_any_function *function,
                               const char *noun, yk_error *error)
{
    return yk_elf_locate(function, where->object, sizeof where->object, &where->place)
               ? YOKE_OK
               : yk_fail(error, YOKE_EINVAL, "%s is in no loaded program or library",
                         noun);
}
