/* SPDX-License-Identifier: MIT */
#include "protocol/undo.h"

#include <string.h>

#include "launch/footprint.h"
#include "launch/lent.h"
#include "sys/mapping.h"

/* A log of at most this size keeps its pages for the next chunk. */
static const uint64_t keep_bytes = (uint64_t)64 << 20;

typedef bool transfer(const yk_undo_log *log, void *data, size_t bytes,
                      uint64_t offset);

static bool write_part(const yk_undo_log *log, void *data, size_t bytes,
                       uint64_t offset)
{
    if (log->window != NULL && offset + bytes <= YK_UNDO_WINDOW) {
        memcpy(log->window + offset, data, bytes);
        return true;
    }
    return yk_file_write(log->file, data, bytes, offset);
}

static bool read_part(const yk_undo_log *log, void *data, size_t bytes, uint64_t offset)
{
    return yk_file_read(log->file, data, bytes, offset);
}

/* Calls a function for each block of each argument that is changed in place, in the log's
 * order. */
static bool for_each_block(const yk_undo_log *log, const yk_launch *launch,
                           uint64_t begin, uint64_t end, transfer *move,
                           uint64_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        yk_extent own;

        if (!yk_arg_is_changed_in_place(&launch->args[i]) ||
            yk_footprint_write(launch, &launch->args[i], begin, end, &own) == 0) {
            continue;
        }
        for (uint64_t k = 0; k < yk_extent_pieces(&own); k++) {
            void *data = (void *)(uintptr_t)yk_extent_piece(&own, k);

            if (move != NULL && !move(log, data, own.bytes, *total)) {
                return false;
            }
            *total += own.bytes;
        }
    }
    return true;
}

uint64_t yk_undo_size(const yk_launch *launch, uint64_t begin, uint64_t end)
{
    uint64_t total;

    (void)for_each_block(NULL, launch, begin, end, NULL, &total);
    return total;
}

bool yk_undo_save(yk_undo_log *log, const yk_launch *launch, uint64_t begin,
                  uint64_t end)
{
    uint64_t total;

    if (log->window == NULL) {
        log->window = yk_file_map(log->file, YK_UNDO_WINDOW);
    }
    return for_each_block(log, launch, begin, end, write_part, &total);
}

bool yk_undo_restore(int file, const yk_launch *launch, uint64_t begin, uint64_t end)
{
    const yk_undo_log log = {.file = file};
    uint64_t total;
    bool restored;

    yk_lent_changed(launch, begin, end);
    restored = for_each_block(&log, launch, begin, end, read_part, &total);
    yk_lent_changed(launch, begin, end);
    return restored;
}

void yk_undo_trim(const yk_undo_log *log, const yk_launch *launch, uint64_t begin,
                  uint64_t end)
{
    if (yk_undo_size(launch, begin, end) > keep_bytes) {
        yk_file_trim(log->file, keep_bytes);
    }
}
