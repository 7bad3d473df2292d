/* SPDX-License-Identifier: MIT */
/* Descriptors to wait on together: bells, pipes whose end of file reports a death, pidfds. */
#ifndef YK_SYS_WAKEUP_H
#define YK_SYS_WAKEUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The same file under a number that is not a standard stream's, closed on exec; -1 on failure.
 * The given descriptor is closed if it is another one; -1 stays -1. A program may have closed
 * its standard streams, and text is printed to whatever file gets their numbers.
 */
int yk_fd_move_up(int fd);

/* Closes the descriptor on exec from now on. */
void yk_fd_close_on_exec(int fd);

/* A bell that any process may ring; -1 on failure. Closed on exec. */
int yk_bell_create(void);
void yk_bell_ring(int fd);
void yk_bell_clear(int fd);

/* A pipe, closed on exec: ends[0] reads, ends[1] writes. */
bool yk_pipe_create(int ends[2]);

/* Closes a descriptor and sets it to -1. */
void yk_fd_close(int *fd);

/* Maximum number of descriptors to wait on together. */
enum { YK_MAX_WAIT_FDS = 1024 };

/* Waits until one of the descriptors can be read or has hung up, at most timeout_ns
 * (UINT64_MAX: no limit). ready[i] is set for each of those. Negative descriptors are ignored. */
void yk_fd_wait(const int *fds, bool *ready, size_t count, uint64_t timeout_ns);

/* Waits for one descriptor. False after a timeout. */
bool yk_fd_wait_one(int fd, uint64_t timeout_ns);

/* A descriptor that can be read as long as one of the others can, or has hung up; -1 on
 * failure. Closed on exec. */
int yk_fd_set_create(const int *fds, size_t count);

/* Removes a descriptor from the set. */
void yk_fd_set_remove(int set, int fd);

/* ---- standard output ---- */

/* Discards standard output for a while: for repeated runs of a function. */

/* From here to yk_output_unmute() printed text is discarded. Both calls flush first. Calls do
 * not nest. If there is no free descriptor, the text is printed. */
void yk_output_mute(void);
void yk_output_unmute(void);

#endif
