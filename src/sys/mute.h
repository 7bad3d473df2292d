/* SPDX-License-Identifier: MIT */
/* Discards standard output for a while: for repeated runs of a function. */
#ifndef YK_SYS_MUTE_H
#define YK_SYS_MUTE_H

/* From here to yk_output_unmute() printed text is discarded. Either call flushes first. Calls
 * do not nest. If there is no free descriptor, the text is printed. */
void yk_output_mute(void);
void yk_output_unmute(void);

#endif
