/* SPDX-License-Identifier: MIT */
/*
 * What a kernel's source asks of the range it runs in, found by looking at its words:
 * comments and strings do not count. What the preprocessor makes up (##) or brings in of a
 * driver's own (what #include is left in a whole source) cannot be seen.
 */
#ifndef YK_SOURCE_SOURCE_H
#define YK_SOURCE_SOURCE_H

#include <stdbool.h>

#include "source/lexer.h"

/* Whether it may ask for the extent or offset of its launch (get_global_size(),
 * get_num_groups(), get_global_offset(), get_global_linear_id()): it must be built for
 * its range, or not be split. True if part of the source cannot be seen. */
bool yk_source_asks_sizes(const char *source);

/* Whether it may ask for its work-group's number. True if part of it cannot be seen. */
bool yk_source_asks_groups(const char *source);

/* Whether it is seen to depend on work-groups: their number or size, local ids, local
 * memory, barriers. False if nothing of that is seen. */
bool yk_source_uses_groups(const char *source);

/* Whether the word is a function whose answer for a range differs from that for a piece. */
bool yk_source_is_size_word(yk_token word);

#endif
