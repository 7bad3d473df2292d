/* SPDX-License-Identifier: MIT */
#include "shm/residency.h"

#include "base/bits.h"

size_t yk_residency_size(uint64_t bytes)
{
    return sizeof(yk_residency) +
           (size_t)yk_div_up(bytes, YK_RESIDENCY_PAGE) * sizeof(yk_page_state);
}

void yk_residency_init(yk_residency *table, uint64_t id, uint64_t address,
                       uint64_t bytes)
{
    table->id = id;
    table->address = address;
    table->bytes = bytes;
    table->count = yk_div_up(bytes, YK_RESIDENCY_PAGE);
}

yk_pages yk_residency_touched(const yk_residency *table, uint64_t low, uint64_t high)
{
    return (yk_pages){
        (low - table->address) / YK_RESIDENCY_PAGE,
        yk_div_up(high - table->address, YK_RESIDENCY_PAGE),
    };
}

yk_pages yk_residency_covered(const yk_residency *table, uint64_t low, uint64_t high)
{
    const uint64_t first = yk_div_up(low - table->address, YK_RESIDENCY_PAGE);
    const uint64_t end = high - table->address == table->bytes
                             ? table->count
                             : (high - table->address) / YK_RESIDENCY_PAGE;

    return (yk_pages){first, yk_max(first, end)};
}

/* The only writer of a whole page needs no atomic step, which would cost as much as
 * transferring a part of the page. */
static void raise_whole(yk_page_state *page)
{
    const uint64_t now = atomic_load_explicit(&page->version, memory_order_relaxed);

    atomic_store_explicit(&page->version, now + 1, memory_order_release);
    atomic_store_explicit(&page->holder, 0, memory_order_release);
}

static void raise_piece(yk_page_state *page)
{
    (void)atomic_fetch_add_explicit(&page->version, 1, memory_order_acq_rel);
}

void yk_residency_raise(yk_residency *table, uint64_t low, uint64_t high)
{
    const yk_pages touched = yk_residency_touched(table, low, high);
    const yk_pages covered = yk_residency_covered(table, low, high);

    for (uint64_t b = touched.first; b < touched.end; b++) {
        if (b >= covered.first && b < covered.end) {
            raise_whole(&table->pages[b]);
        } else {
            raise_piece(&table->pages[b]);
        }
    }
}

uint64_t yk_residency_bytes(const yk_residency *table, yk_pages pages,
                            uint64_t *address)
{
    const uint64_t begin = pages.first * YK_RESIDENCY_PAGE;

    *address = table->address + begin;
    return yk_min(pages.end * YK_RESIDENCY_PAGE, table->bytes) - begin;
}

void yk_residency_hold(yk_residency *table, uint64_t low, uint64_t high,
                       uint64_t holder)
{
    const yk_pages covered = yk_residency_covered(table, low, high);

    for (uint64_t b = covered.first; b < covered.end; b++) {
        atomic_store_explicit(&table->pages[b].holder, holder, memory_order_release);
    }
}

bool yk_residency_next_held(const yk_residency *table, yk_pages pages, uint64_t holder,
                            yk_pages *run)
{
    uint64_t b = pages.first;

    while (b < pages.end && yk_residency_holder(table, b) != holder) {
        b++;
    }
    run->first = b;
    while (b < pages.end && yk_residency_holder(table, b) == holder) {
        b++;
    }
    run->end = b;
    return run->first < run->end;
}

void yk_residency_mark_written(yk_residency *table, yk_pages pages)
{
    for (uint64_t b = pages.first; b < pages.end; b++) {
        atomic_store_explicit(&table->pages[b].holder, 0, memory_order_release);
    }
}

void yk_residency_drop(yk_residency *table, uint64_t page, uint64_t holder)
{
    if (yk_residency_holder(table, page) == holder) {
        raise_piece(&table->pages[page]);
        (void)atomic_compare_exchange_strong(&table->pages[page].holder, &holder, 0);
    }
}

bool yk_residency_valid(const yk_residency *table, uint64_t address, uint64_t bytes)
{
    return table->id != 0 && table->address == address && table->bytes == bytes &&
           table->count == yk_div_up(bytes, YK_RESIDENCY_PAGE);
}
