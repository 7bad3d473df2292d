/* SPDX-License-Identifier: MIT */
/* Standard output that goes nowhere for a while: of runs of a function that are repeated. */
#ifndef YK_SYS_MUTE_H
#define YK_SYS_MUTE_H

/* From here to yk_output_unmute() what is printed is lost. In either call all that was printed
 * before is flushed. Calls do not nest. If there is no descriptor to be had, it is not. */
void yk_output_mute(void);
void yk_output_unmute(void);

#endif
