/* SPDX-License-Identifier: MIT */
/* A host that unloads the library while threads go on that have called it. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "api_setup.h"

typedef yoke_status create_call(yoke_pool **pool, const yoke_pool_options *options,
                                size_t size);
typedef yoke_status close_call(yoke_pool *pool);

typedef struct host {
    void *library;
    create_call *create;
    close_call *close;
    pthread_barrier_t called;
    pthread_barrier_t unloaded;
} host;

static void find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);

    assert_non_null(address);
    memcpy(function, &address, sizeof address);
}

/* Leaves a text behind, which is the thread's until it ends. */
static void *fail_and_stay(void *context)
{
    host *self = context;
    const yoke_status status = self->create(NULL, NULL, 0);

    (void)pthread_barrier_wait(&self->called);
    (void)pthread_barrier_wait(&self->unloaded);
    return status == YOKE_EINVAL ? NULL : self;
}

static void test_unload(void **state)
{
    host self = {.library = dlopen(YOKE_LIBRARY, RTLD_NOW | RTLD_LOCAL)};
    yoke_pool_options options = {.devices = "cpu:1"};
    yoke_pool *pool = NULL;
    pthread_t thread;
    void *result;

    (void)state;
    assert_non_null(self.library);
    find(self.library, "yoke_pool_create_sized", (void *)&self.create);
    find(self.library, "yoke_pool_close", (void *)&self.close);
    assert_int_equal(self.create(&pool, &options, sizeof options), YOKE_OK);
    assert_int_equal(self.close(pool), YOKE_OK);
    (void)pthread_barrier_init(&self.called, NULL, 2);
    (void)pthread_barrier_init(&self.unloaded, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, fail_and_stay, &self), 0);
    (void)pthread_barrier_wait(&self.called);
    assert_int_equal(dlclose(self.library), 0);
    (void)pthread_barrier_wait(&self.unloaded);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    (void)pthread_barrier_destroy(&self.called);
    (void)pthread_barrier_destroy(&self.unloaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {yt_unit_test(test_unload)};

    return yt_run_group(tests);
}
