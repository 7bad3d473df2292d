/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "shm/arena.h"

enum { WINDOW = 64 << 20, MOST = 200, LARGE = 2 << 20 };

static yk_arena arena;
static yk_error error;

static int open_arena(void **state)
{
    yk_mapping mapping;

    (void)state;
    yk_error_clear(&error);
    return yk_mapping_create(&mapping, "test arena", WINDOW, WINDOW, &error) ==
                       YOKE_OK &&
                   yk_arena_init(&arena, mapping, false, &error) == YOKE_OK
               ? 0
               : -1;
}

static int close_arena(void **state)
{
    yk_arena_fini(&arena);
    return yt_test_teardown(state);
}

/* What allocations take; empty slabs are kept. */
static uint64_t used(const yk_arena *of)
{
    return yk_arena_used(of) - of->slabs.empty * YK_SLAB_BYTES;
}

static size_t alignment_of(size_t bytes)
{
    return bytes >= LARGE ? LARGE : bytes > YK_MAX_SHARING ? 4096 : bytes > 64 ? 128 : 64;
}

typedef struct piece {
    unsigned char *memory;
    size_t bytes;
    unsigned char fill;
} piece;

static bool is_filled(const unsigned char *memory, size_t bytes, unsigned char value)
{
    return bytes == 0 ||
           (memory[0] == value && memcmp(memory, memory + 1, bytes - 1) == 0);
}

static size_t random_size(void)
{
    switch (rand() % 4) {
    case 0:
        return 1 + (size_t)(rand() % 100);
    case 1:
        return 1 + (size_t)(rand() % 20000);
    case 2:
        return 4096 * (1 + (size_t)(rand() % 50));
    default:
        return 1 + (size_t)(rand() % (5 << 20));
    }
}

/* Touching the ends is enough to notice that allocations overlap or are not zero. */
static void fill_ends(const piece *p)
{
    const size_t end = p->bytes < 64 ? p->bytes : 64;

    memset(p->memory, p->fill, end);
    memset(p->memory + p->bytes - end, p->fill, end);
}

static bool ends_are(const piece *p, unsigned char value)
{
    const size_t end = p->bytes < 64 ? p->bytes : 64;

    return is_filled(p->memory, end, value) &&
           is_filled(p->memory + p->bytes - end, end, value);
}

static bool alloc_piece(piece *p)
{
    p->bytes = random_size();
    p->fill = (unsigned char)(1 + rand() % 255);
    p->memory = yk_arena_alloc(&arena, p->bytes, &error);
    if (p->memory == NULL) {
        assert_int_equal(error.status, YOKE_ENOMEM);
        return false;
    }
    assert_int_equal((uintptr_t)p->memory % alignment_of(p->bytes), 0);
    assert_true(ends_are(p, 0));
    fill_ends(p);
    return true;
}

static void free_piece(piece *p)
{
    assert_true(ends_are(p, p->fill));
    assert_ok(yk_arena_free(&arena, p->memory, &error));
    assert_true(ends_are(p, 0)); /* in this process, and in every other */
    p->memory = NULL;
}

static void test_random_use(void **state)
{
    piece pieces[MOST] = {{NULL, 0, 0}};
    size_t failed = 0;
    void *all;

    (void)state;
    srand(1);
    for (int step = 0; step < 20000; step++) {
        piece *p = &pieces[rand() % MOST];

        if (p->memory != NULL) {
            free_piece(p);
        } else {
            failed += !alloc_piece(p);
        }
        assert_true(yk_arena_valid(&arena));
    }
    assert_true(failed > 0); /* the window was full at times */
    for (size_t i = 0; i < MOST; i++) {
        if (pieces[i].memory != NULL) {
            free_piece(&pieces[i]);
        }
    }
    assert_true(yk_arena_valid(&arena));
    assert_int_equal(used(&arena), 0);
    /* No fragments are left: the whole window can be had again, and given back. */
    all = yk_arena_alloc(&arena, WINDOW, &error);
    assert_non_null(all);
    assert_null(yk_arena_alloc(&arena, 1, &error));
    memset(all, 1, LARGE);
    assert_true(yk_mapping_resident(&arena.mapping) >= LARGE);
    assert_ok(yk_arena_free(&arena, all, &error));
    assert_int_equal(yk_mapping_resident(&arena.mapping), 0);
}

static void test_find(void **state)
{
    char *a = yk_arena_alloc(&arena, 5000, &error);
    char *c = yk_arena_alloc(&arena, 1, &error);
    yk_allocation allocation;
    uint64_t id;

    (void)state;
    assert_true(yk_arena_find(&arena, a, &allocation));
    id = allocation.id;
    assert_int_equal(allocation.bytes, 5000);
    assert_true(yk_arena_find(&arena, a + 4999, &allocation) && allocation.id == id);
    assert_true(yk_arena_find(&arena, c, &allocation) && allocation.id != id);
    assert_false(yk_arena_find(&arena, c + 4096, &allocation));
    assert_false(yk_arena_find(&arena, &allocation, &allocation));
    assert_true(yk_arena_contains(&arena, c + 4096));
    assert_false(yk_arena_contains(&arena, (char *)arena.mapping.base + WINDOW));
    assert_false(yk_arena_contains(&arena, (char *)arena.mapping.base - 1));
    assert_ok(yk_arena_free(&arena, a, &error));
    assert_false(yk_arena_find(&arena, a, &allocation));
    assert_ptr_equal(yk_arena_alloc(&arena, 4097, &error), a);
    assert_true(yk_arena_find(&arena, a, &allocation) && allocation.id != id);
}

static void test_users(void **state)
{
    char *a = yk_arena_alloc(&arena, 100, &error);
    const uint64_t address = (uint64_t)(uintptr_t)a;
    yk_allocation allocation;

    (void)state;
    assert_true(yk_arena_find(&arena, a, &allocation));
    yk_arena_use(&arena, address + 50, allocation.id, 1);
    yk_arena_use(&arena, address, allocation.id, 1);
    yk_arena_use(&arena, address, allocation.id + 7, -1); /* of a allocation that is gone */
    assert_status(yk_arena_free(&arena, a, &error), YOKE_EBUSY);
    assert_contains(error.text, "2 job(s)");
    yk_arena_use(&arena, address, allocation.id, -1);
    assert_status(yk_arena_free(&arena, a, &error), YOKE_EBUSY);
    yk_arena_use(&arena, address, allocation.id, -1);
    assert_status(yk_arena_free(&arena, a + 1, &error), YOKE_EINVAL);
    assert_ok(yk_arena_free(&arena, a, &error));
    assert_status(yk_arena_free(&arena, a, &error), YOKE_EINVAL);
}

/* Segments have addresses here, and memory elsewhere. */
static void test_segments(void **state)
{
    yk_allocation allocation;
    yk_allocation found;
    char *a = yk_arena_attach(&arena, 5000, 7, true, &allocation, &error);
    char *b = yk_arena_alloc(&arena, 4096, &error);

    (void)state;
    assert_non_null(a);
    assert_true(yk_arena_find(&arena, a + 4999, &found));
    assert_true(found.id == allocation.id && found.attachment == 7 && found.read_only);
    assert_true(found.offset == allocation.offset && found.span == 8192);
    assert_int_equal(arena.reserved, 8192);
    assert_int_equal(used(&arena), 8192 + 4096);
    assert_true(yk_arena_valid(&arena));
    assert_status(yk_arena_free(&arena, a, &error), YOKE_EINVAL);
    assert_contains(error.text, "yoke_shm_close");
    assert_status(yk_arena_detach(&arena, b, 1, &error), YOKE_EINVAL);
    yk_arena_use(&arena, (uint64_t)(uintptr_t)a, allocation.id, 1);
    assert_status(yk_arena_detach(&arena, a, 1, &error), YOKE_EBUSY);
    yk_arena_use(&arena, (uint64_t)(uintptr_t)a, allocation.id, -1);
    assert_ok(yk_arena_detach(&arena, a, 1, &error));
    assert_false(yk_arena_find(&arena, a, &found));
    assert_status(yk_arena_detach(&arena, a, 1, &error), YOKE_EINVAL);
    assert_int_equal(yk_arena_resting(&arena), 8192);
    assert_true(yk_arena_valid(&arena));
    yk_arena_wake(&arena, 1);
    assert_int_equal(arena.reserved, 0);
    assert_null(yk_arena_attach(&arena, 0, 1, false, &allocation, &error));
    assert_int_equal(error.status, YOKE_EINVAL);
    assert_null(yk_arena_attach(&arena, WINDOW + 1, 1, false, &allocation, &error));
    assert_int_equal(error.status, YOKE_ENOMEM);
    assert_ok(yk_arena_free(&arena, b, &error));
    assert_true(yk_arena_valid(&arena));
}

/* Ranges of segments are used again when they have been woken, and late; the books stay short
 * however many rest. */
static void test_ranges_rest(void **state)
{
    enum { MANY = 200, GUEST = 256 << 10 };
    yk_allocation allocation;
    char *last = NULL;

    (void)state;
    for (uint64_t i = 1; i <= MANY; i++) {
        char *attachment = yk_arena_attach(&arena, GUEST, 1, false, &allocation, &error);

        assert_non_null(attachment);
        assert_true(attachment > last);
        assert_ok(yk_arena_detach(&arena, attachment, i, &error));
        assert_int_equal(yk_arena_count(&arena), 1);
        assert_int_equal(yk_arena_resting(&arena), i * GUEST);
        assert_true(yk_arena_valid(&arena));
        last = attachment;
    }
    assert_null(
        yk_arena_attach(&arena, WINDOW - MANY * GUEST + 1, 1, false, &allocation, &error));
    assert_int_equal(error.status, YOKE_ENOMEM);
    yk_arena_wake(&arena, MANY - 1); /* not the last: its neighbours rest with it */
    assert_int_equal(yk_arena_resting(&arena), MANY * GUEST);
    yk_arena_wake(&arena, MANY);
    assert_int_equal(yk_arena_count(&arena), 0);
    assert_true(yk_arena_attach(&arena, GUEST, 1, false, &allocation, &error) > (void *)last);
    assert_ptr_equal(yk_arena_attach(&arena, WINDOW / 2, 1, false, &allocation, &error),
                     arena.mapping.base);
    assert_true(yk_arena_valid(&arena));
}

/* ---- zones ---- */

/* Each kind of memory in its own, and nothing can be touched between them. */
static void test_zones(void **state)
{
    const yk_layout layout = yk_layout_of(1 << 20, true);

    (void)state;
    for (uint32_t kind = 0; kind + 1 < YK_ZONES; kind++) {
        assert_true(layout.zones[kind].end < layout.zones[kind + 1].begin);
        assert_int_equal(layout.zones[kind].end % 4096, 0);
    }
    assert_true(layout.zones[YK_ZONE_SEGMENTS].end < layout.bytes);
    assert_true(yk_zone_holds(&layout.zones[0], (1 << 20) - 8, 8));
    assert_false(yk_zone_holds(&layout.zones[0], (1 << 20) - 7, 8));
    assert_false(yk_zone_holds(&layout.zones[1], 0, 1));
    assert_false(yk_zone_holds(&layout.zones[1], layout.zones[1].begin, UINT64_MAX));
}

/* Reads a byte; the process ends if it cannot. */
static int read_byte(void *context)
{
    (void)signal(SIGSEGV, SIG_DFL); /* not the test runner's */
    return *(const volatile unsigned char *)context == 0 ? 0 : 1;
}

static bool can_be_read(const void *pointer)
{
    return yt_in_child(read_byte, (void *)(uintptr_t)pointer, 30) == 0;
}

static void test_divided(void **state)
{
    yk_arena divided;
    yk_mapping mapping;
    yk_layout layout;
    char *cells, *object, *allocation;

    (void)state;
    assert_ok(yk_layout_map(&mapping, &layout, 1 << 20, 1 << 20, false, &error));
    assert_ok(yk_arena_init(&divided, mapping, false, &error));
    yk_arena_divide(&divided, &layout);
    cells = yk_arena_alloc_object(&divided, 100, YK_ZONE_CELLS, &error);
    object = yk_arena_alloc_object(&divided, 100, YK_ZONE_OBJECTS, &error);
    allocation = yk_arena_alloc(&divided, 1 << 20, &error);
    assert_true(cells != NULL && object != NULL && allocation != NULL);
    assert_null(yk_arena_alloc(&divided, 1, &error));
    assert_contains(error.text, "YOKE_ARENA");
    memset(allocation, 1, 1 << 20);
    cells[0] = object[0] = 1;
    assert_false(can_be_read(allocation + (1 << 20)));
    assert_false(can_be_read(cells - 1));
    assert_false(can_be_read(object - 1));
    assert_false(
        can_be_read((char *)mapping.base + layout.zones[YK_ZONE_SEGMENTS].begin));
    assert_true(yk_arena_valid(&divided));
    assert_ok(yk_arena_free(&divided, allocation, &error));
    assert_true(can_be_read(allocation));
    assert_false(can_be_read(allocation + (1 << 20)));
    yk_arena_fini(&divided);
}

/* ---- guarded allocations ---- */

static yk_guard_table *open_guarded(yk_arena *guarded)
{
    yk_guard_table *table = calloc(1, sizeof *table);
    yk_mapping mapping;
    yk_layout layout;

    assert_non_null(table);
    assert_ok(yk_layout_map(&mapping, &layout, 256 << 20, 256 << 20, true, &error));
    assert_ok(yk_arena_init(guarded, mapping, false, &error));
    yk_arena_divide(guarded, &layout);
    guarded->guards = table;
    return table;
}

static void test_guarded(void **state)
{
    static const struct {
        size_t bytes;
        size_t slack;
    } cases[] = {{1, 15},   {16, 0},    {100, 12},   {4000, 0},
                 {4096, 0}, {4100, 12}, {5 << 20, 0}};
    yk_arena guarded;
    yk_guard_table *table = open_guarded(&guarded);
    yk_guarded_allocation found;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char *allocation = yk_arena_alloc(&guarded, cases[i].bytes, &error);
        const size_t end = cases[i].bytes + cases[i].slack;

        assert_non_null(allocation);
        assert_int_equal((uintptr_t)allocation % 16, 0);
        assert_int_equal((uintptr_t)(allocation + end) % 4096, 0);
        assert_true(is_filled(allocation, cases[i].bytes, 0));
        memset(allocation, 7, cases[i].bytes);
        assert_false(can_be_read(allocation + end));
        assert_true(yk_guard_find(
            table, (uint64_t)((char *)(allocation + end) - (char *)guarded.mapping.base),
            4096, &found));
        assert_int_equal(found.bytes, cases[i].bytes);
        assert_true(yk_arena_valid(&guarded));
        assert_ok(yk_arena_free(&guarded, allocation, &error));
        assert_false(can_be_read(allocation));
        assert_true(yk_guard_find(
            table, (uint64_t)((char *)allocation - (char *)guarded.mapping.base), 4096,
            &found));
        assert_true(found.id == 0 && found.bytes == cases[i].bytes);
    }
    yk_arena_fini(&guarded);
    free(table);
}

/* Those that the table has no room for are ordinary ones. */
static void test_too_many_guarded(void **state)
{
    enum { MORE = YK_MAX_GUARDED + 10 };
    yk_arena guarded;
    yk_guard_table *table = open_guarded(&guarded);
    char **allocations = calloc(MORE, sizeof *allocations);

    (void)state;
    assert_non_null(allocations);
    for (size_t i = 0; i < MORE; i++) {
        allocations[i] = yk_arena_alloc(&guarded, 64, &error);
        assert_non_null(allocations[i]);
        allocations[i][63] = 1;
    }
    assert_true(yk_arena_valid(&guarded));
    assert_int_equal((uintptr_t)allocations[MORE - 1] % 4096, 0);
    for (size_t i = 0; i < MORE; i++) {
        assert_ok(yk_arena_free(&guarded, allocations[i], &error));
    }
    assert_int_equal(yk_arena_count(&guarded), 0);
    yk_arena_fini(&guarded);
    free(allocations);
    free(table);
}

static void test_validity_notices_damage(void **state)
{
    yk_books *books = &arena.books[YK_ZONE_BLOCKS];
    yk_entry *entry;
    yk_entry *slab;

    (void)state;
    assert_non_null(yk_arena_alloc(&arena, 10000, &error));
    assert_non_null(yk_arena_alloc(&arena, 10000, &error));
    assert_non_null(yk_arena_alloc(&arena, 100, &error));
    assert_true(yk_arena_valid(&arena));
    entry = yk_books_at(books, 12288);
    slab = yk_books_at(books, 24576);
    assert_true(entry != NULL && slab != NULL && slab->slab != NULL);
    entry->allocation.offset -= 4096;
    assert_false(yk_arena_valid(&arena));
    entry->allocation.offset += 4096;
    entry->allocation.bytes = 1 << 20;
    assert_false(yk_arena_valid(&arena));
    entry->allocation.bytes = 10000;
    books->used++;
    assert_false(yk_arena_valid(&arena));
    books->used--;
    slab->slab->slots[0].bytes = 200;
    assert_false(yk_arena_valid(&arena));
    slab->slab->slots[0].bytes = 100;
    arena.slabs.empty++;
    assert_false(yk_arena_valid(&arena));
    arena.slabs.empty--;
    assert_true(yk_arena_valid(&arena));
}

static void test_limited_arena_refuses_too_much(void **state)
{
    yk_arena limited;
    yk_mapping mapping;

    (void)state;
    assert_ok(yk_mapping_create(&mapping, "limited", (size_t)1 << 44, 4096, &error));
    assert_ok(yk_arena_init(&limited, mapping, true, &error));
    if (limited.mapping.size == (size_t)1 << 44) {
        assert_null(yk_arena_alloc(&limited, (size_t)1 << 43, &error));
        assert_int_equal(error.status, YOKE_ENOMEM);
        assert_contains(error.text, "left");
    }
    assert_non_null(yk_arena_alloc(&limited, 4096, &error));
    assert_true(yk_arena_valid(&limited));
    yk_arena_fini(&limited);
}

#define arena_test(function)                                                           \
    cmocka_unit_test_setup_teardown(function, open_arena, close_arena)

/* What a result takes of its reservation stays; the rest is room again, and zero. */
static void test_reservation(void **state)
{
    const size_t max_count = 40 << 20;
    unsigned char *reserved = yk_arena_reserve(&arena, max_count, &error);
    unsigned char *rest;

    (void)state;
    assert_non_null(reserved);
    assert_true(yk_arena_valid(&arena));
    assert_null(yk_arena_alloc(&arena, max_count, &error));
    assert_status(yk_arena_free(&arena, reserved, &error), YOKE_EBUSY);
    memset(reserved, 7, 100000);
    yk_arena_settle(&arena, reserved, 5000, true);
    assert_true(yk_arena_valid(&arena));
    assert_int_equal(arena.reserved, 0);
    assert_true(is_filled(reserved, 5000, 7));
    assert_true(yk_mapping_resident(&arena.mapping) <= 8192);
    rest = yk_arena_alloc(&arena, max_count, &error);
    assert_non_null(rest);
    assert_true(is_filled(rest, 200000, 0));
    yk_arena_settle(&arena, rest, 0, true); /* was not reserved: nothing happens */
    assert_ok(yk_arena_free(&arena, rest, &error));
    assert_ok(yk_arena_free(&arena, reserved, &error));
    reserved = yk_arena_reserve(&arena, max_count, &error);
    yk_arena_settle(&arena, reserved, 0, false);
    assert_true(yk_arena_valid(&arena));
    assert_status(yk_arena_free(&arena, reserved, &error), YOKE_EINVAL);
    assert_null(yk_arena_reserve(&arena, (size_t)WINDOW + 1, &error));
    assert_null(yk_arena_reserve(&arena, 0, &error));
    assert_int_equal(used(&arena), 0);
}

/* ---- small allocations ---- */

/* Neighbours have bytes, ids, users and tables of their own. */
static void test_small(void **state)
{
    enum { MANY = 3000 };
    static char *small[MANY];
    yk_allocation first;
    yk_allocation next;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        small[i] = yk_arena_alloc(&arena, 100, &error);
        assert_non_null(small[i]);
        memset(small[i], (int)(1 + i % 255), 100);
    }
    assert_true(used(&arena) <= (uint64_t)MANY * 128 + YK_SLAB_BYTES);
    assert_true(yk_arena_find(&arena, small[0] + 99, &first));
    assert_true(yk_arena_find(&arena, small[1], &next));
    assert_true(first.id != next.id && first.bytes == 100 && first.shares_pages);
    yk_arena_use(&arena, (uint64_t)(uintptr_t)small[0], first.id, 1);
    assert_status(yk_arena_free(&arena, small[0], &error), YOKE_EBUSY);
    assert_ok(yk_arena_free(&arena, small[1], &error));
    assert_status(yk_arena_free(&arena, small[1], &error), YOKE_EINVAL);
    assert_status(yk_arena_free(&arena, small[2] + 64, &error), YOKE_EINVAL);
    assert_false(yk_arena_find(&arena, small[1], &next));
    assert_true(is_filled((unsigned char *)small[0], 100, 1));
    assert_true(is_filled((unsigned char *)small[1], 100, 0));
    assert_true(is_filled((unsigned char *)small[2], 100, 3));
    memset(small[1], 9, 100); /* a stale pointer */
    assert_ptr_equal(yk_arena_alloc(&arena, 65, &error), small[1]);
    assert_true(is_filled((unsigned char *)small[1], 128, 0));
    assert_true(yk_arena_find(&arena, small[1], &next) && next.id > first.id);
    yk_arena_use(&arena, (uint64_t)(uintptr_t)small[0], first.id, -1);
    for (size_t i = 0; i < MANY; i++) {
        assert_ok(yk_arena_free(&arena, small[(7 * i) % MANY], &error));
    }
    assert_int_equal(used(&arena), 0);
    assert_true(yk_arena_valid(&arena));
}

/* Results share pages up to a page. Slabs that become empty do not block other allocations. */
static void test_results(void **state)
{
    enum { RESULTS = 5000 };
    static void *results[RESULTS];
    void *large;

    (void)state;
    for (size_t i = 0; i < RESULTS; i++) {
        results[i] = yk_arena_alloc_result(&arena, 1 + i % 4096, &error);
        assert_non_null(results[i]);
    }
    for (size_t i = 0; i < RESULTS; i++) {
        assert_ok(yk_arena_free(&arena, results[i], &error));
    }
    assert_true(yk_arena_valid(&arena));
    assert_true(arena.slabs.empty > 0 && arena.slabs.empty <= YK_MAX_EMPTY_SLABS);
    large = yk_arena_alloc_result(&arena, 5000, &error);
    assert_non_null(large);
    assert_ok(yk_arena_free(&arena, large, &error));
    assert_non_null(yk_arena_alloc(&arena, WINDOW, &error));
    assert_int_equal(arena.slabs.empty, 0);
    assert_int_equal(yk_mapping_resident(&arena.mapping), 0);
    assert_true(yk_arena_valid(&arena));
}

/* An arena in which no slab has room: pages. */
static void test_small_in_little_room(void **state)
{
    char *most = yk_arena_alloc(&arena, WINDOW - 8192, &error);
    char *small = yk_arena_alloc(&arena, 100, &error);

    (void)state;
    assert_true(most != NULL && small != NULL);
    assert_int_equal((uintptr_t)small % 4096, 0);
    assert_non_null(yk_arena_alloc(&arena, 100, &error));
    assert_null(yk_arena_alloc(&arena, 100, &error));
    assert_int_equal(error.status, YOKE_ENOMEM);
    assert_true(yk_arena_valid(&arena));
}

/* ---- another size ---- */

static void test_resize(void **state)
{
    unsigned char *a = yk_arena_alloc(&arena, 10000, &error);
    unsigned char *b = yk_arena_alloc(&arena, 4096, &error);
    unsigned char *small = yk_arena_alloc(&arena, 100, &error);
    yk_allocation before;
    yk_allocation after;

    (void)state;
    memset(a, 5, 12288); /* also what it does not own of its last page */
    assert_true(yk_arena_find(&arena, a, &before));
    assert_false(yk_arena_resize(&arena, a, 13000)); /* b is there */
    assert_true(yk_arena_resize(&arena, a, 11000));
    assert_true(is_filled(a, 10000, 5) && is_filled(a + 10000, 2288, 0));
    assert_true(yk_arena_find(&arena, a, &after));
    assert_true(after.id > before.id && after.bytes == 11000);
    assert_true(yk_arena_resize(&arena, a, 3000));
    assert_true(is_filled(a, 3000, 5) && is_filled(a + 3000, 12288 - 3000, 0));
    assert_ok(yk_arena_free(&arena, b, &error));
    assert_true(yk_arena_resize(&arena, a, 16000));
    assert_true(is_filled(a, 3000, 5) && is_filled(a + 3000, 13000, 0));
    assert_false(yk_arena_resize(&arena, a, 100)); /* small ones have slots */
    assert_false(yk_arena_resize(&arena, a + 4096, 100));
    memset(small, 6, 100);
    assert_true(yk_arena_resize(&arena, small, 70) && yk_arena_resize(&arena, small, 128));
    assert_true(is_filled(small, 70, 6) && is_filled(small + 70, 58, 0));
    assert_false(yk_arena_resize(&arena, small, 129));
    assert_true(yk_arena_find(&arena, a, &after));
    yk_arena_use(&arena, (uint64_t)(uintptr_t)a, after.id, 1);
    assert_false(yk_arena_resize(&arena, a, 15000));
    yk_arena_use(&arena, (uint64_t)(uintptr_t)a, after.id, -1);
    yk_arena_set_table(&arena, a, 1);
    assert_false(yk_arena_resize(&arena, a, 15000));
    yk_arena_set_table(&arena, a, 0);
    assert_ok(yk_arena_free(&arena, a, &error));
    assert_true(yk_arena_valid(&arena));
}

/* Gaps are found again, in whatever order they were made: first fit. */
static void test_gaps(void **state)
{
    enum { BLOCKS = 10 };
    char *pages[BLOCKS];
    char *large[BLOCKS];

    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        pages[i] = yk_arena_alloc(&arena, 4096, &error);
        large[i] = yk_arena_reserve(&arena, 2 * (size_t)LARGE, &error);
        assert_non_null(large[i]);
    }
    for (size_t i = BLOCKS; i-- > 0;) {
        yk_arena_settle(&arena, large[i], 4096, false);
        assert_ok(yk_arena_free(&arena, pages[i], &error));
        assert_true(yk_arena_valid(&arena));
    }
    assert_ptr_equal(yk_arena_alloc(&arena, 4096, &error), pages[0]);
    assert_ok(yk_arena_free(&arena, large[4], &error));
    assert_ptr_equal(yk_arena_reserve(&arena, 2 * (size_t)LARGE, &error),
                     large[4] - LARGE);
    assert_ok(yk_arena_free(&arena, large[2], &error));
    assert_ptr_equal(yk_arena_reserve(&arena, 2 * (size_t)LARGE, &error),
                     large[2] - LARGE);
    assert_ptr_equal(yk_arena_alloc(&arena, 4096, &error), pages[1]);
    assert_true(yk_arena_valid(&arena));
}

/* Objects are not freed like memory, and keep the addresses of their first page. */
static void test_objects(void **state)
{
    unsigned char *object =
        yk_arena_alloc_object(&arena, 1 << 20, YK_ZONE_OBJECTS, &error);
    unsigned char *next;

    (void)state;
    assert_non_null(object);
    memset(object, 1, 1 << 20);
    assert_status(yk_arena_free(&arena, object, &error), YOKE_EINVAL);
    assert_contains(error.text, "destroy it instead of freeing it");
    assert_status(yk_arena_detach(&arena, object, 1, &error), YOKE_EINVAL);
    yk_arena_shrink_object(&arena, object, 4096);
    assert_true(yk_arena_valid(&arena));
    assert_true(is_filled(object, 1 << 20, 0));
    assert_status(yk_arena_free(&arena, object, &error), YOKE_EINVAL);
    next = yk_arena_alloc(&arena, 4096, &error);
    assert_ptr_equal(next, object + 4096);
    yk_arena_shrink_object(&arena, next, 1); /* is none */
    yk_arena_free_object(&arena, next);
    assert_ok(yk_arena_free(&arena, next, &error));
    yk_arena_free_object(&arena, object);
    assert_ptr_equal(yk_arena_alloc(&arena, 4096, &error), object);
    assert_true(yk_arena_valid(&arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_random_use),
        arena_test(test_find),
        arena_test(test_users),
        arena_test(test_reservation),
        arena_test(test_small),
        arena_test(test_results),
        arena_test(test_small_in_little_room),
        arena_test(test_resize),
        arena_test(test_segments),
        arena_test(test_ranges_rest),
        arena_test(test_gaps),
        arena_test(test_objects),
        arena_test(test_validity_notices_damage),
        cmocka_unit_test(test_limited_arena_refuses_too_much),
        cmocka_unit_test(test_zones),
        yt_unit_test(test_divided),
        yt_unit_test(test_guarded),
        yt_unit_test(test_too_many_guarded),
    };

    return yt_run_group(tests);
}
