/* SPDX-License-Identifier: MIT */
/* What a C++ exception says, without C++: by the Itanium C++ ABI, which all compilers for
 * Linux follow. */
#ifndef YK_SYS_CXX_EXCEPTION_H
#define YK_SYS_CXX_EXCEPTION_H

#include <unwind.h>

#include "base/error.h"

/* The exception was caught: takes its type and what() into `error`, then frees it. Of another
 * language: that it was one. YOKE_EKERNEL. */
yoke_status yk_exception_end(struct _Unwind_Exception *exception, yk_error *error);

#endif
