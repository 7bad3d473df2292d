/* SPDX-License-Identifier: MIT */
#include "opencl/pocl_lock.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/settings.h"

/* PoCL compiles differently for launches below this many items in every dimension. */
enum { LARGE = 65535 };

static bool put_path(char *path, size_t bytes, const char *folder, const char *below)
{
    const int length = snprintf(path, bytes, "%s%s", folder, below);

    return length > 0 && (size_t)length < bytes;
}

static bool find_folder(char *path, size_t bytes)
{
    const char *folder;

    if ((folder = yk_env_text("POCL_CACHE_DIR")) != NULL) {
        return put_path(path, bytes, folder, "");
    }
    if ((folder = yk_env_text("XDG_CACHE_HOME")) != NULL) {
        return put_path(path, bytes, folder, "/pocl/kcache");
    }
    if ((folder = yk_env_text("HOME")) != NULL) {
        return put_path(path, bytes, folder, "/.cache/pocl/kcache");
    }
    return false;
}

void yk_pocl_cache_folder(char *path, size_t bytes)
{
    if (!find_folder(path, bytes) || !yk_make_folder(path)) {
        path[0] = '\0';
    }
}

void yk_pocl_lock(const yk_cl_device *device, yk_lock_file *lock, unsigned seconds)
{
    *lock = YK_LOCK_FILE_NONE;
    if (device->build_lock[0] != '\0') {
        (void)yk_lock_file_take(lock, device->build_lock, seconds * YK_NS_PER_S);
    }
}

static bool is_large(const yk_cl_piece *piece)
{
    return yk_max(yk_max(piece->global[0], piece->global[1]), piece->global[2]) >=
           LARGE;
}

static bool is_at_zero(const yk_cl_piece *piece)
{
    return piece->offset[0] == 0 && piece->offset[1] == 0 && piece->offset[2] == 0;
}

/* What was compiled for any offset also serves at zero; the same is true of the size. */
static bool pocl_warm_serves(const yk_cl_warm *warm, const yk_cl_piece *piece)
{
    return memcmp(warm->local, piece->local, sizeof warm->local) == 0 &&
           (!warm->at_zero || is_at_zero(piece)) && (warm->large || !is_large(piece));
}

bool yk_pocl_is_cold(const yk_cl_device *device, const yk_cl_variant *variant,
                     const yk_cl_piece *piece)
{
    if (device->build_lock[0] == '\0') {
        return false;
    }
    for (size_t i = 0; i < variant->warm_count; i++) {
        if (pocl_warm_serves(&variant->warm[i], piece)) {
            return false;
        }
    }
    return true;
}

void yk_pocl_set_warm(yk_cl_variant *variant, const yk_cl_piece *piece)
{
    yk_cl_warm warm = {.at_zero = is_at_zero(piece), .large = is_large(piece)};

    memcpy(warm.local, piece->local, sizeof warm.local);
    if (variant->warm_count == YK_CL_MAX_WARM) {
        variant->warm_count = 0;
    }
    variant->warm[variant->warm_count++] = warm;
}

size_t yk_pocl_warm_up_items(const yk_cl_piece *piece, unsigned split)
{
    yk_cl_piece least = *piece;

    least.global[split] = piece->local[split];
    if (is_large(piece) && !is_large(&least)) {
        return (size_t)yk_round_up(LARGE, piece->local[split]);
    }
    return piece->local[split];
}
