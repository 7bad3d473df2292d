/* SPDX-License-Identifier: MIT */
/*
 * The one table of the environment variables that the library reads:
 *
 *     X(identifier, name, type, default, help)
 *
 * A type is text, flag or size; the default is text, too, and "" if there is none. The
 * library's getters (base/settings.h) and `yoke --help` are made from it. A test compares
 * the guide's table with it: default and help are the same there, with links and marks added.
 */
#ifndef YK_BASE_SETTINGS_TABLE_H
#define YK_BASE_SETTINGS_TABLE_H

#define YK_SETTING_TABLE(X)                                                            \
    X(YK_SETTING_DEVICES, "YOKE_DEVICES", text, "cpu,gpu",                             \
      "the devices of a pool for which the program names none")                        \
    X(YK_SETTING_ARENA, "YOKE_ARENA", size, "1T",                                      \
      "address space for the pool's memory")                                           \
    X(YK_SETTING_START, "YOKE_START", text, "auto",                                    \
      "how pools are started, if the program does not say: fork, spawn or auto")       \
    X(YK_SETTING_FORCE_DISCRETE, "YOKE_FORCE_DISCRETE", flag, "0",                     \
      "OpenCL devices use copies, even if they share the host's memory")               \
    X(YK_SETTING_GUARD, "YOKE_GUARD", flag, "0",                                       \
      "a page that no process can access lies behind each block of yoke_alloc()")      \
    X(YK_SETTING_CHECK, "YOKE_CHECK", flag, "0",                                       \
      "kernels are checked, slowly, on CPU workers only")                              \
    X(YK_SETTING_LOG, "YOKE_LOG", text, "",                                            \
      "any text: starts, deaths and devices left out are reported on stderr")          \
    X(YK_SETTING_TRACE, "YOKE_TRACE", text, "",                                        \
      "a file to which a trace of the pool is written when it ends")                   \
    X(YK_SETTING_OPENCL_LIBRARY, "YOKE_OPENCL_LIBRARY", text, "libOpenCL.so.1",        \
      "the OpenCL loader")

/* Read only where the library is built with fault points, for its tests. */
#define YK_SETTING_TEST_TABLE(X)                                                       \
    X(YK_SETTING_FAULT, "YOKE_FAULT", text, "",                                        \
      "where a worker dies: see protocol/fault_point.h")

#endif
