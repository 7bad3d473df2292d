/* SPDX-License-Identifier: MIT */
/* What the library does with C++ without being C++, by the Itanium C++ ABI, which all compilers for
 * Linux follow: the type and text of an exception, and the buffers of std::cout and std::clog. */
#ifndef YK_SYS_CXX_EXCEPTION_H
#define YK_SYS_CXX_EXCEPTION_H

#include <unwind.h>

#include "base/error.h"

/* For a caught exception: copies its type and what() to `error`, then frees it. If the
 * exception is of another language, the text says so. Returns YOKE_EKERNEL. */
yoke_status yk_exception_end(struct _Unwind_Exception *exception, yk_error *error);

/* Looks for the streams of C++'s library, if this process has loaded it. Costs a microsecond or
 * two. */
void yk_cxx_find_streams(void);

/* Writes what is in the buffers of streams that were found. They have some only after
 * std::ios::sync_with_stdio(false); otherwise what they print is in stdio's. */
void yk_cxx_flush_streams(void);

/* In a process that was forked: what its parent had in these buffers is the parent's to write. */
void yk_cxx_discard_streams(void);

#endif
