/* SPDX-License-Identifier: MIT */
/* Standard output, whose failures are the command's. */
#ifndef YK_CLI_OUTPUT_H
#define YK_CLI_OUTPUT_H

/* To be called first: no file that is opened later takes the place of a standard stream that is
 * closed, and a write to one whose reader is gone fails instead of ending the program. */
void yk_output_prepare(void);

/* To be called last: writes out what was printed, and says so if it cannot be written. The
 * exit code: `code`, or YK_EXIT_FAILED in place of YK_EXIT_OK. */
int yk_output_finish(const char *title, int code);

#endif
