/* SPDX-License-Identifier: MIT */
#include "sys/handle.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "sys/mapping.h"
#include "sys/process.h"

#if defined(__SANITIZE_ADDRESS__)
#define HANDLES_ARE_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HANDLES_ARE_POISONED 1
#endif
#endif

enum handle_state { NOT_VALID = 0, VALID = 1, SUSPENDED = 2 };

enum {
    MAX_REGIONS = 64,
    MAX_REGION_BYTES =
        1 << 30, /* so that positions have 32 bits, which divide faster */
    SLOT_ALIGNMENT = 64,
    LARGE_SLOT = 1 << 14 /* bytes */
};

typedef struct handle_region {
    uintptr_t base;
    size_t bytes;
} handle_region;

/* The slots of a kind. A region is twice as large as the one before, up to a limit, so there are
 * few. */
typedef struct handle_slab {
    /* Written before the count that contains them. */
    handle_region regions[MAX_REGIONS];
    uint32_t slot_bytes;
    _Atomic uint32_t region_count;
    /* Under the lock. */
    size_t fresh; /* slots of the last region that were never used */
    size_t resting;
    yk_handle *first; /* of those that rest: the one that rests for longest */
    yk_handle *last;  /* if there is a first */
} handle_slab;

static handle_slab slabs[YK_HANDLE_KINDS];

/* So many slots of a kind rest before one of them is used again; the first region has twice as
 * many. A pool takes a hundred KiB, a stream fifteen, others less than five. */
static const size_t resting_slots[YK_HANDLE_KINDS] = {
    [YK_HANDLE_POOL] = 8,      [YK_HANDLE_KERNEL] = 64, [YK_HANDLE_FUTURE] = 512,
    [YK_HANDLE_PROCESS] = 128, [YK_HANDLE_SHM] = 128,   [YK_HANDLE_STREAM] = 16,
    [YK_HANDLE_MEMBER_PROCESS] = 128, [YK_HANDLE_GRAPH] = 32,
};

static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t handles_once = PTHREAD_ONCE_INIT;
static uint64_t last_serial;

/* ---- forks ---- */

static void handles_take_lock(void)
{
    (void)pthread_mutex_lock(&handles_lock);
}

static void handles_give_lock(void)
{
    (void)pthread_mutex_unlock(&handles_lock);
}

/* A forked process finds the lock free and the slots whole. */
static void handles_hold_during_forks(void)
{
    (void)pthread_atfork(handles_take_lock, handles_give_lock, handles_give_lock);
}

/* ---- for AddressSanitizer: what no handle has may not be touched, but for its head ---- */

#ifdef HANDLES_ARE_POISONED
void __asan_poison_memory_region(const volatile void *address, size_t bytes);
void __asan_unpoison_memory_region(const volatile void *address, size_t bytes);
void __lsan_register_root_region(const void *address, size_t bytes);

static void handle_poison(yk_handle *slot, size_t bytes)
{
    __asan_poison_memory_region(slot + 1, bytes - sizeof *slot);
}

static void handle_unpoison(yk_handle *slot, size_t bytes)
{
    __asan_unpoison_memory_region(slot, bytes);
}

static void handles_note_region(const handle_region *region, size_t slot_bytes)
{
    __lsan_register_root_region((const void *)region->base, region->bytes);
    for (size_t at = 0; at < region->bytes; at += slot_bytes) {
        handle_poison((yk_handle *)(region->base + at), slot_bytes);
    }
}
#else
static void handle_poison(yk_handle *slot, size_t bytes)
{
    (void)slot;
    (void)bytes;
}

static void handle_unpoison(yk_handle *slot, size_t bytes)
{
    (void)slot;
    (void)bytes;
}

static void handles_note_region(const handle_region *region, size_t slot_bytes)
{
    (void)region;
    (void)slot_bytes;
}
#endif

/* ---- slots ---- */

/* Whether there are fresh slots now. */
static bool handles_grow_locked(handle_slab *slab, size_t first_slots)
{
    const uint32_t count = atomic_load(&slab->region_count);
    size_t bytes = first_slots * slab->slot_bytes;
    void *base;

    if (count == MAX_REGIONS) {
        return false;
    }
    if (count > 0) {
        bytes = slab->regions[count - 1].bytes;
        bytes *= bytes <= MAX_REGION_BYTES / 2 ? 2 : 1;
    }
    base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return false;
    }
    slab->regions[count] = (handle_region){(uintptr_t)base, bytes};
    slab->fresh = bytes / slab->slot_bytes;
    handles_note_region(&slab->regions[count], slab->slot_bytes);
    atomic_store_explicit(&slab->region_count, count + 1, memory_order_release);
    return true;
}

static yk_handle *handles_take_rested_locked(handle_slab *slab)
{
    yk_handle *slot = slab->first;

    if (slot != NULL) {
        slab->first = slot->next;
        slab->resting--;
    }
    return slot;
}

static yk_handle *handles_take_fresh_locked(handle_slab *slab)
{
    const uint32_t count = atomic_load(&slab->region_count);
    const handle_region *region = &slab->regions[count - 1];

    return (yk_handle *)(region->base + region->bytes -
                         slab->fresh-- * slab->slot_bytes);
}

static yk_handle *handles_take_locked(handle_slab *slab, size_t rest)
{
    if (slab->resting < rest &&
        (slab->fresh > 0 || handles_grow_locked(slab, 2 * rest))) {
        return handles_take_fresh_locked(slab);
    }
    return handles_take_rested_locked(slab);
}

void *yk_handle_alloc(yk_handle_kind kind, size_t bytes)
{
    handle_slab *slab = &slabs[kind];
    yk_handle *slot;
    uint64_t serial;

    if (atomic_load_explicit(&slab->region_count, memory_order_relaxed) == 0) {
        (void)pthread_once(&handles_once, handles_hold_during_forks);
    }
    (void)pthread_mutex_lock(&handles_lock);
    if (slab->slot_bytes == 0) {
        slab->slot_bytes = (uint32_t)yk_round_up(bytes, SLOT_ALIGNMENT);
    }
    slot = handles_take_locked(slab, resting_slots[kind]);
    serial = ++last_serial;
    (void)pthread_mutex_unlock(&handles_lock);
    if (slot != NULL) {
        handle_unpoison(slot, slab->slot_bytes);
        memset(slot + 1, 0, bytes - sizeof *slot);
        slot->kind = kind;
        slot->owner = yk_process_self();
        slot->serial = serial;
    }
    return slot;
}

/* The start of a slot of this kind; NULL: there is none. */
static yk_handle *handle_slot_at(const void *pointer, yk_handle_kind kind)
{
    const handle_slab *slab = &slabs[kind];
    const uint32_t count =
        atomic_load_explicit(&slab->region_count, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        const uintptr_t offset = (uintptr_t)pointer - slab->regions[i].base;

        if (offset < slab->regions[i].bytes) {
            return (uint32_t)offset % slab->slot_bytes == 0
                       ? (yk_handle *)(uintptr_t)pointer
                       : NULL;
        }
    }
    return NULL;
}

/* Of what is large only the head stays in memory. */
static void handle_give_pages_back(const yk_handle *slot, size_t bytes)
{
    const size_t page = yk_page_size();
    const uintptr_t begin = yk_round_up((uintptr_t)(slot + 1), page);
    const uintptr_t end = ((uintptr_t)slot + bytes) / page * page;

    if (end > begin) {
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
}

void yk_handle_free(void *handle)
{
    yk_handle *slot = handle;
    handle_slab *slab;

    if (slot == NULL) {
        return;
    }
    slab = &slabs[slot->kind];
    atomic_store_explicit(&slot->state, NOT_VALID, memory_order_release);
    if (slab->slot_bytes >= LARGE_SLOT) {
        handle_give_pages_back(slot, slab->slot_bytes);
    }
    handle_poison(slot, slab->slot_bytes);
    (void)pthread_mutex_lock(&handles_lock);
    slot->next = NULL;
    *(slab->first != NULL ? &slab->last->next : &slab->first) = slot;
    slab->last = slot;
    slab->resting++;
    (void)pthread_mutex_unlock(&handles_lock);
}

/* ---- states ---- */

static bool handle_change_state(void *handle, uint32_t from, uint32_t to)
{
    yk_handle *slot = handle;

    return atomic_compare_exchange_strong(&slot->state, &from, to);
}

void yk_handle_open(void *handle)
{
    (void)handle_change_state(handle, NOT_VALID, VALID);
}

bool yk_handle_shut(void *handle)
{
    return handle_change_state(handle, VALID, NOT_VALID);
}

bool yk_handle_suspend(void *handle)
{
    return handle_change_state(handle, VALID, SUSPENDED);
}

void yk_handle_resume(void *handle)
{
    (void)handle_change_state(handle, SUSPENDED, VALID);
}

bool yk_handle_is(const void *pointer, yk_handle_kind kind)
{
    const yk_handle *slot = handle_slot_at(pointer, kind);

    return slot != NULL &&
           atomic_load_explicit(&slot->state, memory_order_acquire) == VALID;
}

yk_handle_kind yk_handle_kind_of(const void *pointer)
{
    yk_handle_kind kind = YK_HANDLE_POOL;

    while (kind < YK_HANDLE_KINDS && !yk_handle_is(pointer, kind)) {
        kind++;
    }
    return kind < YK_HANDLE_KINDS ? kind : YK_HANDLE_NONE;
}
