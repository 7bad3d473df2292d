/* SPDX-License-Identifier: MIT */
/* The type and text of a C++ exception, read without C++, by the Itanium C++ ABI, which all
 * compilers for Linux follow. */
#ifndef YK_SYS_CXX_EXCEPTION_H
#define YK_SYS_CXX_EXCEPTION_H

#include <unwind.h>

#include "base/error.h"

/* For a caught exception: copies its type and what() to `error`, then frees it. If the
 * exception is of another language, the text says so. Returns YOKE_EKERNEL. */
yoke_status yk_exception_end(struct _Unwind_Exception *exception, yk_error *error);

#endif
