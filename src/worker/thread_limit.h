/* SPDX-License-Identifier: MIT */
/* How many threads the libraries of native functions use in a worker. */
#ifndef YK_WORKER_THREAD_LIMIT_H
#define YK_WORKER_THREAD_LIMIT_H

/*
 * Makes OpenMP and BLAS libraries of this process use at most `count` threads: those that are
 * loaded by a call, those that native functions load later by OMP_NUM_THREADS, which all of
 * them read. A choice of the program's stays: its variables, and a number that it has set by a
 * call. To be called before the process is bound to CPUs, whose number they count.
 */
void yk_thread_limit_set(unsigned count);

#endif
