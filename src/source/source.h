/* SPDX-License-Identifier: MIT */
/*
 * Which functions of the range and the work-group a kernel's source may call, found by
 * searching its words; comments and strings do not count. Text that the preprocessor makes up
 * (##), or includes of a driver's own headers (an #include that is left in a whole source),
 * cannot be seen.
 */
#ifndef YK_SOURCE_SOURCE_H
#define YK_SOURCE_SOURCE_H

#include <stdbool.h>

#include "source/lexer.h"

/* Whether it may ask for the extent or offset of its launch (get_global_size(),
 * get_num_groups(), get_global_offset(), get_global_linear_id()). Then it must be built for its
 * range, or must not be split. True if part of the source cannot be seen. */
bool yk_source_asks_sizes(const char *source);

/* Whether it may ask for the number of its work-group. True if part of the source cannot be
 * seen. */
bool yk_source_asks_groups(const char *source);

/* Whether it visibly depends on work-groups: their number or size, local ids, local memory,
 * barriers. */
bool yk_source_uses_groups(const char *source);

/* Whether it visibly has images. */
bool yk_source_names_images(const char *source);

/* Whether the word is a function whose result for a range differs from that for a piece of it. */
bool yk_source_is_size_word(yk_token word);

#endif
