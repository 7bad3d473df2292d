/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Statuses, times, and the version of the library.
 *
 * Time. A call's `seconds` is the longest time that it waits: 0: it does not wait;
 * YOKE_FOREVER: without limit. A time in options is a limit, too: 0, also a field that is left
 * out, is the default that the field's comment gives; YOKE_FOREVER: no limit. Other negative
 * numbers, and NaN, are YOKE_EINVAL.
 *
 * A wait that runs out returns YOKE_ETIMEDOUT, also after 0 seconds. A job that ran past the
 * time limit in its options ends with YOKE_EDEADLINE. YOKE_EAGAIN is not about time: a call that
 * never waits found that something is not there yet. An item that ran past the time limit of items
 * has YOKE_EDEADLINE, too.
 *
 * Handles. A call that gets NULL or a handle of another kind returns YOKE_EINVAL. One that gets
 * other memory, or a handle that was destroyed or closed, returns YOKE_ECLOSED; yoke_shm_close(),
 * and a call that gets a kernel or future as an argument, YOKE_EINVAL. Nothing is read there. Of a
 * handle that was destroyed long ago, and whose place another has, the library cannot know this.
 *
 * Structs grow at their end. Each call is told how large the program's structs are, so programs
 * and libraries of different versions work together. What an older program does not know is zero,
 * the default. What an older library does not know must be zero: otherwise the program asks for
 * something that this library cannot do, and the call returns YOKE_EUNSUPPORTED. Fields that a
 * library fills in and does not know are zero, too. So initialize whole structs, by functions of
 * these headers or by initializers, and leave `reserved` fields zero: they become fields of later
 * versions.
 */
#ifndef YOKE_STATUS_H
#define YOKE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define YOKE_API __attribute__((visibility("default")))
#else
#define YOKE_API
#endif

#define YOKE_VERSION_MAJOR 0
#define YOKE_VERSION_MINOR 2
#define YOKE_VERSION_PATCH 0

/** The one table of statuses: name, value, text. */
#define YOKE_STATUS_TABLE(X)                                                             \
    X(YOKE_OK, 0, "success")                                                             \
    X(YOKE_EINVAL, -1, "invalid argument")                                               \
    X(YOKE_ENOMEM, -2, "out of memory")                                                  \
    X(YOKE_ENODEVICE, -3, "no device can do this")                                       \
    X(YOKE_EBUILD, -4, "the kernel does not build")                                      \
    X(YOKE_EKERNEL, -5, "the kernel reported a failure")                                 \
    X(YOKE_EDEVICE, -6, "the device or its driver failed")                               \
    X(YOKE_ECRASHED, -7, "the kernel crashes its worker")                                \
    X(YOKE_ETIMEDOUT, -8, "the time limit of the wait has passed")                       \
    X(YOKE_ECANCELED, -9, "the job was cancelled")                                       \
    X(YOKE_EDEPENDENCY, -10, "a job this one depends on failed")                         \
    X(YOKE_EAGAIN, -11, "not yet")                                                       \
    X(YOKE_EBUSY, -12, "in use")                                                         \
    X(YOKE_ECLOSED, -13, "closed")                                                       \
    X(YOKE_EBROKEN, -14, "broken: processes that it needs are gone")                     \
    X(YOKE_ESYSTEM, -15, "a system call failed")                                         \
    X(YOKE_EUNSUPPORTED, -16, "not supported")                                           \
    X(YOKE_ELOST, -17, "results were lost with the process that had them")               \
    X(YOKE_EEXIST, -18, "it exists already")                                             \
    X(YOKE_ENOENT, -19, "it does not exist")                                             \
    X(YOKE_EOWNERDEAD, -20, "taken over from a process that died")                       \
    X(YOKE_EDAMAGED, -21, "damaged: something has written over it")                      \
    X(YOKE_ECHECK, -22, "the kernel does not do what its arguments declare")            \
    X(YOKE_EDEADLINE, -23, "the job ran past its time limit")                      \
    X(YOKE_EPARTIAL, -24, "some items failed, the others are done")                    \
    X(YOKE_ESTOPPED, -25, "the pool's supervisor process is stopped")

/** A time to wait, or a time limit in options: without limit. */
#define YOKE_FOREVER (-1.0)

/** Result of a call: YOKE_OK, or what went wrong. */
typedef enum yoke_status {
#define YOKE_STATUS_ENTRY(name, value, text) name = (value),
    YOKE_STATUS_TABLE(YOKE_STATUS_ENTRY)
#undef YOKE_STATUS_ENTRY
} yoke_status;

/**
 * A short English text for a status; never NULL, never freed. For the details of a
 * failure see yoke_pool_error().
 */
YOKE_API const char *yoke_strerror(yoke_status status);

/** The version of the library that is loaded, such as "0.2.0". */
YOKE_API const char *yoke_version(void);

#ifdef __cplusplus
}
#endif

#endif
