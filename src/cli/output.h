/* SPDX-License-Identifier: MIT */
/* Standard output: a failure to write it is a failure of the command. */
#ifndef YK_CLI_OUTPUT_H
#define YK_CLI_OUTPUT_H

/* To be called first. Files that are opened later then do not take the place of a closed standard
 * stream, and a write to a pipe without a reader fails instead of ending the program. */
void yk_output_prepare(void);

/* To be called last: writes out what was printed, and says so if it cannot be written. The
 * exit code: `code`, or YK_EXIT_FAILED in place of YK_EXIT_OK. */
int yk_output_finish(const char *title, int code);

#endif
