/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>

#include "shm/books.h"

enum { PAGE = 4096, PAGES = 2048, LARGE_PAGES = 512, MANY = 100000 };

/* An address that is not aligned to large pages. */
static const uint64_t base = (uint64_t)1 << 40 | 3 * PAGE;

/* What the books should say: for each page its entry. */
static yk_entry *model[PAGES];

static bool model_is_free(size_t first, size_t count)
{
    bool is_free = first + count <= PAGES;

    for (size_t i = first; is_free && i < first + count; i++) {
        is_free = model[i] == NULL;
    }
    return is_free;
}

static void model_set(size_t first, size_t count, yk_entry *entry)
{
    for (size_t i = first; i < first + count; i++) {
        model[i] = entry;
    }
}

static bool model_is_aligned(const yk_wish *wish, size_t page)
{
    return wish->alignment == YK_ALIGN_PAGE ||
           (base + page * PAGE) % YK_LARGE_PAGE == 0;
}

/* The first gap in which the wish fits; PAGES: there is none. */
static size_t model_find(const yk_wish *wish)
{
    const size_t count = (size_t)(wish->span / PAGE);

    for (size_t i = (size_t)(wish->from / PAGE); i + count <= wish->to / PAGE; i++) {
        if (model_is_aligned(wish, i) && model_is_free(i, count)) {
            return i;
        }
    }
    return PAGES;
}

static yk_wish random_wish(void)
{
    const uint64_t from = rand() % 3 == 0 ? (uint64_t)(rand() % PAGES) * PAGE : 0;
    const uint64_t to = rand() % 3 == 0 ? (uint64_t)(rand() % PAGES) * PAGE
                                        : (uint64_t)PAGES * PAGE;

    return (yk_wish){from, to, (uint64_t)(1 + rand() % 40) * PAGE,
                     rand() % 5 == 0 ? YK_ALIGN_LARGE : YK_ALIGN_PAGE};
}

static void add_one(yk_books *books)
{
    const yk_wish wish = random_wish();
    const size_t expected = model_find(&wish);
    uint64_t offset = 0;
    const bool found = yk_books_find_gap(books, &wish, &offset);

    assert_int_equal(found, expected != PAGES);
    if (found) {
        yk_entry *entry =
            yk_books_add(books, &(yk_allocation){.offset = offset, .span = wish.span});

        assert_int_equal(offset, expected * PAGE);
        assert_non_null(entry);
        model_set(expected, (size_t)(wish.span / PAGE), entry);
    }
}

static void change_one(yk_books *books, yk_entry *entry)
{
    const size_t first = (size_t)(entry->allocation.offset / PAGE);
    const size_t count = (size_t)(entry->allocation.span / PAGE);
    const size_t wanted = 1 + (size_t)(rand() % 40);

    model_set(first, count, NULL);
    if (rand() % 2 == 0) {
        yk_books_remove(books, entry);
    } else {
        const size_t span = model_is_free(first, wanted) ? wanted : count;

        yk_books_resize(books, entry, span * PAGE);
        model_set(first, span, entry);
    }
}

static void test_against_a_model(void **state)
{
    yk_books books = {.base = base};

    (void)state;
    srand(1);
    for (int step = 0; step < 30000; step++) {
        const size_t page = (size_t)(rand() % PAGES);
        uint64_t used = 0;

        assert_ptr_equal(yk_books_at(&books, page * PAGE + 7), model[page]);
        if (model[page] != NULL && rand() % 3 != 0) {
            change_one(&books, model[page]);
        } else {
            add_one(&books);
        }
        for (size_t i = 0; step % 100 == 0 && i < PAGES; i++) {
            used += model[i] != NULL ? PAGE : 0;
        }
        assert_true(step % 100 != 0 || used == books.used);
    }
    yk_books_clear(&books);
    assert_null(yk_books_after(&books, 0));
    assert_int_equal(books.count, 0);
}

static size_t depth_of(const yk_entry *entry)
{
    const size_t left = entry != NULL ? depth_of(entry->left) : 0;
    const size_t right = entry != NULL ? depth_of(entry->right) : 0;

    return entry != NULL ? 1 + (left > right ? left : right) : 0;
}

/* Neither order of use makes the tree deep. */
static void test_many(void **state)
{
    yk_books books = {.base = base};

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        assert_non_null(yk_books_add(
            &books, &(yk_allocation){.offset = i * 2 * PAGE, .span = PAGE}));
    }
    assert_true(depth_of(books.root) < 60);
    for (size_t i = 0; i < MANY; i += 2) { /* in order */
        yk_books_remove(&books, yk_books_at(&books, i * 2 * PAGE));
    }
    assert_true(depth_of(books.root) < 60);
    for (size_t i = MANY / 2; i-- > 0;) {
        const size_t at = 2 * (i * 7919 % (MANY / 2)) + 1;

        yk_books_remove(&books, yk_books_at(&books, at * 2 * PAGE));
    }
    assert_int_equal(books.count, 0);
    assert_int_equal(books.used, 0);
    assert_null(books.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_many),
    };

    return yt_run_group(tests);
}
