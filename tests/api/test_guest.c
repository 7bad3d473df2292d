/* SPDX-License-Identifier: MIT */
/* The application has a pool, and so has a library that it loads. */
#include <dlfcn.h>
#include <string.h>

#include "api_setup.h"

typedef int guest_call(void);
typedef int guest_call_with(void *pool);

typedef struct guest {
    void *library;
    guest_call *open;
    guest_call *work;
    guest_call *close;
    guest_call_with *refuses;
} guest;

static void find(const guest *self, const char *name, void *function)
{
    void *address = dlsym(self->library, name);

    assert_non_null(address);
    memcpy(function, &address, sizeof address);
}

static guest load(void)
{
    guest self = {.library = dlopen(YOKE_GUEST, RTLD_NOW | RTLD_LOCAL)};

    if (self.library == NULL) {
        fail_msg("%s", dlerror());
    }
    find(&self, "guest_open", (void *)&self.open);
    find(&self, "guest_work", (void *)&self.work);
    find(&self, "guest_close", (void *)&self.close);
    find(&self, "guest_refuses", (void *)&self.refuses);
    return self;
}

static void unload(const guest *self)
{
    assert_int_equal(dlclose(self->library), 0);
}

static void test_application_first(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    guest other = load();

    (void)state;
    assert_int_equal(other.open(), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(other.work(), 0);
        api_check_works(pool);
    }
    assert_int_equal(other.refuses(pool), 0);
    api_check_works(pool);
    api_close(pool);
    assert_int_equal(other.work(), 0);
    assert_int_equal(other.close(), 0);
    unload(&other);
}

static void test_library_first(void **state)
{
    guest other = load();
    yoke_pool *pool;

    (void)state;
    assert_int_equal(other.open(), 0);
    pool = api_open("cpu:2");
    api_check_works(pool);
    assert_int_equal(other.work(), 0);
    assert_int_equal(other.close(), 0);
    api_check_works(pool);
    api_close(pool);
    unload(&other);
}

/* It is gone when the application forks again: nothing of it may be called then. */
static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void test_library_comes_and_goes(void **state)
{
    yoke_pool *pool = api_open("cpu:1");

    (void)state;
    for (int i = 0; i < 3; i++) {
        guest other = load();

        assert_int_equal(other.open(), 0);
        assert_int_equal(other.work(), 0);
        assert_int_equal(other.close(), 0);
        unload(&other);
        assert_int_equal(yt_in_child(do_nothing, NULL, 30), 0);
        api_check_works(pool);
    }
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_application_first),
        yt_unit_test(test_library_first),
        yt_unit_test(test_library_comes_and_goes),
    };

    return yt_run_group(tests);
}
