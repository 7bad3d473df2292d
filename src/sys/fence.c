/* SPDX-License-Identifier: MIT */
#include "sys/fence.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_OPENED = 256 };

/* A page that an access has opened, and its mode before. */
typedef struct opened_page {
    yk_fence *fence;
    size_t page;
    unsigned char mode;
} opened_page;

static const int signals[] = {SIGSEGV, SIGBUS};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

/* The fences of this process; the handler reads and writes them. */
static yk_fence *fences;
static atomic_flag handling = ATOMIC_FLAG_INIT; /* one thread at a time */
static opened_page opened[MAX_OPENED];
static size_t opened_count;
static bool has_first;
static yk_trespass first_trespass;
static struct sigaction before[SIGNALS];
static bool is_armed;
static size_t page_bytes;

static int protection_of(yk_fence_mode mode)
{
    static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};

    return protections[mode];
}

/* ---- fences ---- */

/* The same pages a second time. */
static void *map_again(void *base, size_t bytes)
{
    void *again = mremap(base, 0, bytes, MREMAP_MAYMOVE);

    if (again != MAP_FAILED && mprotect(base, bytes, PROT_NONE) != 0) {
        (void)munmap(again, bytes);
        again = MAP_FAILED;
    }
    return again;
}

/* A mode for each page, at first CLOSED. NULL: there is no memory. */
static void *map_modes(size_t bytes)
{
    void *modes = mmap(NULL, bytes / page_bytes + 1, PROT_READ | PROT_WRITE,
                       MAP_ANONYMOUS | MAP_NORESERVE | MAP_PRIVATE, -1, 0);

    return modes == MAP_FAILED ? NULL : modes;
}

static bool map_pages(yk_fence *fence, size_t bytes)
{
    const int flags = MAP_ANONYMOUS | MAP_NORESERVE;
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_SHARED, -1, 0);
    void *inner = base == MAP_FAILED ? MAP_FAILED : map_again(base, bytes);
    void *modes = inner == MAP_FAILED ? NULL : map_modes(bytes);

    if (modes == NULL) {
        if (inner != MAP_FAILED) {
            (void)munmap(inner, bytes);
        }
        if (base != MAP_FAILED) {
            (void)munmap(base, bytes);
        }
        return false;
    }
    *fence = (yk_fence){.base = base, .inner = inner, .bytes = bytes, .modes = modes};
    return true;
}

static void fence_link(yk_fence *fence)
{
    fence->next = fences;
    fences = fence;
}

static void fence_unlink(yk_fence *fence)
{
    yk_fence **link = &fences;

    while (*link != fence) {
        link = &(*link)->next;
    }
    *link = fence->next;
}

bool yk_fence_create(yk_fence *fence, size_t bytes)
{
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    if (!map_pages(fence, bytes)) {
        return false;
    }
    (void)madvise(fence->base, bytes, MADV_DONTDUMP);
    (void)madvise(fence->inner, bytes, MADV_DONTDUMP);
    fence_link(fence);
    return true;
}

unsigned char *yk_fence_inner(const yk_fence *fence, const unsigned char *at)
{
    return fence->inner + (at - fence->base);
}

void yk_fence_destroy(yk_fence *fence)
{
    if (fence->base == NULL) {
        return;
    }
    fence_unlink(fence);
    (void)munmap(fence->base, fence->bytes);
    (void)munmap(fence->inner, fence->bytes);
    (void)munmap(fence->modes, fence->bytes / page_bytes + 1);
    *fence = (yk_fence){.base = NULL};
}

static bool has_mode(const yk_fence *fence, size_t offset, size_t bytes,
                     yk_fence_mode mode)
{
    for (size_t page = offset / page_bytes; page < (offset + bytes) / page_bytes;
         page++) {
        if (fence->modes[page] != mode) {
            return false;
        }
    }
    return true;
}

bool yk_fence_set(yk_fence *fence, size_t offset, size_t bytes, yk_fence_mode mode)
{
    if (has_mode(fence, offset, bytes, mode)) {
        return true; /* a system call takes longer than most kernels */
    }
    if (mprotect(fence->base + offset, bytes, protection_of(mode)) != 0) {
        return false;
    }
    memset(fence->modes + offset / page_bytes, (int)mode, bytes / page_bytes);
    return true;
}

bool yk_fence_watch(yk_fence *fence, void *base, size_t bytes)
{
    unsigned char *modes;

    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    modes = map_modes(bytes);
    if (modes == NULL) {
        return false;
    }
    *fence = (yk_fence){.base = base, .bytes = bytes, .modes = modes, .is_watch = true};
    memset(modes, YK_FENCE_OPEN, bytes / page_bytes);
    if (!yk_fence_set(fence, 0, bytes, YK_FENCE_READ)) {
        (void)munmap(modes, bytes / page_bytes + 1);
        *fence = (yk_fence){.base = NULL};
        return false;
    }
    fence_link(fence);
    return true;
}

void yk_fence_unwatch(yk_fence *fence)
{
    if (fence->base == NULL) {
        return;
    }
    (void)yk_fence_set(fence, 0, fence->bytes, YK_FENCE_OPEN);
    fence_unlink(fence);
    (void)munmap(fence->modes, fence->bytes / page_bytes + 1);
    *fence = (yk_fence){.base = NULL};
}

void yk_fence_discard(const yk_fence *fence, size_t offset, size_t bytes)
{
    (void)madvise(fence->inner + offset, bytes, MADV_REMOVE);
}

/* ---- accesses ---- */

static yk_fence *fence_at(const unsigned char *address)
{
    yk_fence *fence = fences;

    while (fence != NULL &&
           (address < fence->base || address >= fence->base + fence->bytes)) {
        fence = fence->next;
    }
    return fence;
}

/* Copies what the page is to show. Its other bytes are as they were. */
static void fill_page(const yk_fence *fence, size_t page)
{
    unsigned char *low = fence->base + page * page_bytes;
    unsigned char *high = low + page_bytes;

    memset(yk_fence_inner(fence, low), 0, page_bytes);
    if (fence->shown == NULL) {
        return;
    }
    low = low < fence->shown_at ? fence->shown_at : low;
    high = high < fence->shown_at + fence->shown_bytes
               ? high
               : fence->shown_at + fence->shown_bytes;
    if (low < high) {
        memcpy(yk_fence_inner(fence, low), fence->shown + (low - fence->shown_at),
               (size_t)(high - low));
    }
}

static void fence_remember(yk_fence *fence, size_t page, const unsigned char *address)
{
    const bool is_write = fence->modes[page] == YK_FENCE_READ;

    if (!has_first) {
        has_first = true;
        first_trespass = (yk_trespass){fence, address, is_write};
    } else if (is_write && address == first_trespass.address) {
        /* the page was opened for reading, and that was not enough */
        first_trespass.is_write = true;
    }
    if (opened_count < MAX_OPENED) {
        opened[opened_count++] = (opened_page){fence, page, fence->modes[page]};
    }
}

/* A closed page becomes readable first: if the access is a write, it comes a second time. */
static bool open_page(yk_fence *fence, const unsigned char *address)
{
    const size_t page = (size_t)(address - fence->base) / page_bytes;
    const unsigned char mode = fence->modes[page];

    if (mode == YK_FENCE_OPEN || opened_count == MAX_OPENED) {
        return false;
    }
    fence_remember(fence, page, address);
    if (mode == YK_FENCE_CLOSED) {
        fill_page(fence, page);
    }
    return yk_fence_set(fence, page * page_bytes, page_bytes,
                        mode == YK_FENCE_CLOSED ? YK_FENCE_READ : YK_FENCE_OPEN);
}

static void fence_restore_signal(int number)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i] == number) {
            (void)sigaction(number, &before[i], NULL);
        }
    }
}

/* If there are too many pages, opens everything, so that the function can complete. */
static bool open_all(yk_fence *fence)
{
    return opened_count == MAX_OPENED &&
           yk_fence_set(fence, 0, fence->bytes, YK_FENCE_OPEN);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    const unsigned char *address = info->si_addr;
    yk_fence *fence;

    (void)context;
    while (atomic_flag_test_and_set(&handling)) {
    }
    fence = address != NULL ? fence_at(address) : NULL;
    if (fence == NULL || (!open_page(fence, address) && !open_all(fence))) {
        fence_restore_signal(number); /* then the access is repeated */
    }
    atomic_flag_clear(&handling);
}

void yk_fences_arm(void)
{
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS && !is_armed; i++) {
        (void)sigaction(signals[i], &action, &before[i]);
    }
    is_armed = true;
}

void yk_fences_disarm(void)
{
    for (size_t i = 0; i < SIGNALS && is_armed; i++) {
        (void)sigaction(signals[i], &before[i], NULL);
    }
    is_armed = false;
}

static void close_opened(void)
{
    const bool all = opened_count == MAX_OPENED;

    while (opened_count > 0) {
        const opened_page *last = &opened[--opened_count];

        if (all) { /* which other pages were opened is not known: none of them is used again */
            (void)yk_fence_set(last->fence, 0, last->fence->bytes,
                               last->fence->is_watch ? YK_FENCE_READ : YK_FENCE_CLOSED);
        }
        (void)yk_fence_set(last->fence, last->page * page_bytes, page_bytes,
                           (yk_fence_mode)last->mode);
    }
}

bool yk_fences_settle(yk_trespass *first)
{
    const bool found = has_first;

    *first = first_trespass;
    close_opened();
    has_first = false;
    return found;
}
