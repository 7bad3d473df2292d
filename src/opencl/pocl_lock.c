/* SPDX-License-Identifier: MIT */
#include "opencl/pocl_lock.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "device/compiling.h"
#include "driver/pocl_cache.h"

/* PoCL compiles differently for launches below this many items in every dimension. */
enum { LARGE = 65535 };

/* A process that has waited for so long builds beside the one it has waited for. Shorter while
 * the device is opened, which must end within the pool's .start_timeout. */
static const uint64_t wait_ns = 10 * YK_NS_PER_S;
static const uint64_t opening_wait_ns = 2 * YK_NS_PER_S;

void yk_pocl_open(yk_cl_device *device)
{
    char folder[YK_POCL_FOLDER_BYTES];
    char path[YK_POCL_FOLDER_BYTES + 16];

    device->is_pocl = true;
    yk_pocl_cache_folder(folder);
    if (folder[0] != '\0') {
        (void)snprintf(path, sizeof path, "%s/yoke.lock", folder);
        (void)yk_lock_file_open(&device->builders, path);
    }
}

void yk_pocl_close(yk_cl_device *device)
{
    yk_lock_file_close(&device->builders);
}

/* ---- locks ---- */

/* FNV-1a. What differs in two programs must not make one wait for the other; what is the same in
 * two must. */
static uint64_t hash_more(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    } while (*text++ != '\0');
    return hash;
}

static uint64_t lock_key(const yk_cl_device *device, const yk_cl_program *program)
{
    uint64_t key = UINT64_C(14695981039346656037);

    key = hash_more(key, device->info.driver);
    key = hash_more(key, device->info.name);
    key = hash_more(key, program->options);
    return hash_more(key, program->text);
}

static void wait_for_builder(const yk_cl_device *device, uint64_t key)
{
    const uint32_t before = yk_compiling_enter(YK_COMPILING_WAIT);

    (void)yk_lock_file_take(&device->builders, key,
                            device->is_open ? wait_ns : opening_wait_ns);
    yk_compiling_leave(before);
}

uint64_t yk_pocl_lock(const yk_cl_device *device, const yk_cl_program *program,
                      bool again)
{
    const uint64_t key = lock_key(device, program);

    if (device->builders.fd < 0 ||
        (!again && yk_lock_file_is_noted(&device->builders, key))) {
        return key;
    }
    if (!yk_lock_file_try(&device->builders, key)) {
        wait_for_builder(device, key);
    }
    if (!again && yk_lock_file_is_noted(&device->builders, key)) {
        yk_lock_file_release(&device->builders, key); /* the other process has built it */
    }
    return key;
}

void yk_pocl_unlock(const yk_cl_device *device, uint64_t key, bool built)
{
    if (built && !yk_lock_file_is_noted(&device->builders, key)) {
        yk_lock_file_note(&device->builders, key);
    }
    yk_lock_file_release(&device->builders, key);
}

/* ---- launches ---- */

static yk_cl_warm warmth_of(const yk_cl_piece *piece)
{
    yk_cl_warm warm;

    memset(&warm, 0, sizeof warm);
    memcpy(warm.local, piece->local, sizeof warm.local);
    warm.at_zero =
        piece->offset[0] == 0 && piece->offset[1] == 0 && piece->offset[2] == 0;
    warm.large = yk_max(yk_max(piece->global[0], piece->global[1]),
                        piece->global[2]) >= LARGE;
    return warm;
}

bool yk_pocl_is_cold(const yk_cl_device *device, const yk_cl_variant *variant,
                     const yk_cl_piece *piece)
{
    const yk_cl_warm warm = warmth_of(piece);

    if (!device->is_pocl) {
        return false;
    }
    for (size_t i = 0; i < variant->warm_count; i++) {
        if (memcmp(&variant->warm[i], &warm, sizeof warm) == 0) {
            return false;
        }
    }
    return true;
}

void yk_pocl_set_warm(yk_cl_variant *variant, const yk_cl_piece *piece)
{
    if (variant->warm_count == YK_CL_MAX_WARM) {
        variant->warm_count = 0;
    }
    variant->warm[variant->warm_count++] = warmth_of(piece);
}
