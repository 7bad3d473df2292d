/* SPDX-License-Identifier: MIT */
/* Intended crashes, for fake devices with faults; and what drivers and their compilers do to the
 * whole process: signals and standard error. */
#ifndef YK_SYS_SIGNALS_H
#define YK_SYS_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* Ends this process by SIGSEGV, whatever handlers are installed. */
noreturn void yk_crash_now(void);

/* Never returns and uses no CPU. */
noreturn void yk_hang_now(void);

/* Blocks the signals by which a terminal, a user or a batch system asks a process to end, in
 * this thread and in the threads and programs that it starts from now on. */
void yk_signals_block_requests(void);

/* ---- SIGFPE ---- */

/*
 * PoCL handles SIGFPE in the whole process and continues after an integer division by zero, as
 * OpenCL C requires. A native function that divides by zero in the same process has to crash
 * nevertheless.
 */

/* Before a driver is loaded, and after it was: keeps the handler that it has installed, and
 * restores the one that was there before. */
void yk_fpe_handler_note(void);
void yk_fpe_handler_keep(void);

/* Installs the driver's handler, or the one before it. Cheap if it is installed already. */
void yk_fpe_handler_use(bool of_driver);

/* ---- standard error ---- */

/* What this process and those that it starts print on standard error, kept in a file. */
typedef struct yk_capture {
    int file;        /* a memory file; -1: nothing is captured */
    uint64_t offset; /* where the text begins, behind all else in the file */
    int original;    /* standard error, while it is captured */
} yk_capture;

/* From now on standard error is the file. A no-op without a file, or if the file may not become
 * that large. */
void yk_capture_start(yk_capture *capture);

/* Standard error is what it was, and gets the text. A no-op if it was not captured. */
void yk_capture_stop(yk_capture *capture);

/* After the process has died: writes to this process's standard error what that one could not,
 * and puts the end of the text, in whole lines, into `text`. Forgets it. */
void yk_capture_collect(int file, uint64_t offset, char *text, size_t bytes);

#endif
