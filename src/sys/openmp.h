/* SPDX-License-Identifier: MIT */
/* OpenMP in processes that are forked from a program that has used it. */
#ifndef YK_SYS_OPENMP_H
#define YK_SYS_OPENMP_H

/*
 * In a process that was forked from one with several threads: parallel regions run on one
 * thread. GNU's libgomp does not notice a fork, and would wait for threads that do not exist in
 * the child. Others (LLVM's, Intel's) notice, and need nothing.
 *
 * Ending the threads before the fork (omp_pause_resource_all) does not help: the program would
 * lose its threadprivate variables with them.
 */
void yk_openmp_run_alone(void);

#endif
