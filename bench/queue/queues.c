/* SPDX-License-Identifier: MIT */
/* queues alone BYTES ROOM TIMES: puts a message and gets it again, in one process.
 * queues pass BYTES ROOM TIMES: one process puts, another gets; counted is the time between
 * what the latter gets, without the first tenth.
 * queues lock TIMES: takes a lock that nobody else wants, and gives it back.
 * Prints lines of what, by whom and nanoseconds a time: yoke's, a POSIX message queue's if
 * the system grants one with so much room, a robust mutex's. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <yoke/yoke.h>

enum { LONGEST = 8192 };

/** A queue of whatever kind, and what is to be done with it. */
struct exchange {
    bool (*put)(const struct exchange *exchange, const char *message);
    bool (*get)(const struct exchange *exchange, char *message);
    yoke_queue *queue;
    mqd_t posix;
    size_t bytes, room, times;
    double *each; /* the result, where all processes see it */
};

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static bool put_yoke(const struct exchange *exchange, const char *message)
{
    return yoke_queue_put(exchange->queue, message, exchange->bytes, YOKE_FOREVER) ==
           YOKE_OK;
}

static bool get_yoke(const struct exchange *exchange, char *message)
{
    return yoke_queue_get(exchange->queue, message, NULL, YOKE_FOREVER) == YOKE_OK;
}

static bool put_posix(const struct exchange *exchange, const char *message)
{
    return mq_send(exchange->posix, message, exchange->bytes, 0) == 0;
}

static bool get_posix(const struct exchange *exchange, char *message)
{
    return mq_receive(exchange->posix, message, exchange->bytes, NULL) ==
           (ssize_t)exchange->bytes;
}

static bool put_number(const struct exchange *exchange, char *message, size_t number)
{
    memcpy(message, &number, sizeof number);
    return exchange->put(exchange, message);
}

static bool get_number(const struct exchange *exchange, char *message, size_t number)
{
    size_t found;

    if (!exchange->get(exchange, message)) {
        return false;
    }
    memcpy(&found, message, sizeof found);
    return found == number;
}

static int alone(void *argument, size_t bytes)
{
    const struct exchange *exchange = argument;
    char message[LONGEST] = "";
    const double begin = now();

    (void)bytes;
    for (size_t i = 0; i < exchange->times; i++) {
        if (!put_number(exchange, message, i) || !get_number(exchange, message, i)) {
            return 1;
        }
    }
    *exchange->each = (now() - begin) / (double)exchange->times;
    return 0;
}

static int produce(void *argument, size_t bytes)
{
    const struct exchange *exchange = argument;
    char message[LONGEST] = "";

    (void)bytes;
    for (size_t i = 0; i < exchange->times; i++) {
        if (!put_number(exchange, message, i)) {
            return 1;
        }
    }
    return 0;
}

static int consume(void *argument, size_t bytes)
{
    const struct exchange *exchange = argument;
    const size_t first = exchange->times / 10;
    char message[LONGEST];
    double begin = 0;

    (void)bytes;
    for (size_t i = 0; i < exchange->times; i++) {
        if (!get_number(exchange, message, i)) {
            return 1;
        }
        if (i == first) {
            begin = now();
        }
    }
    *exchange->each = (now() - begin) / (double)(exchange->times - first - 1);
    return 0;
}

static bool ended_well(yoke_process *process)
{
    int code = 1;

    return yoke_process_wait(process, NULL, YOKE_FOREVER) == YOKE_OK &&
           yoke_process_wait(process, &code, 0) == YOKE_OK && code == 0;
}

static bool pass_yoke(yoke_pool *pool, const struct exchange *exchange)
{
    yoke_process *consumer = NULL, *producer = NULL;

    return yoke_process_start(&consumer, pool, consume, exchange, sizeof *exchange,
                              NULL) == YOKE_OK &&
           yoke_process_start(&producer, pool, produce, exchange, sizeof *exchange,
                              NULL) == YOKE_OK &&
           ended_well(producer) && ended_well(consumer);
}

static bool pass_posix(struct exchange *exchange)
{
    yoke_process_function *const functions[] = {consume, produce};
    bool well = true;

    for (int i = 0; i < 2; i++) {
        const pid_t process = fork();

        if (process == 0) {
            _exit(functions[i](exchange, sizeof *exchange));
        }
        well = process > 0 && well;
    }
    for (int i = 0, status; i < 2; i++) {
        well = wait(&status) > 0 && status == 0 && well;
    }
    return well;
}

static bool report(const char *what, const struct exchange *exchange, const char *whose)
{
    return printf("%s, %zu bytes, room for %zu\t%s\t%.1f\n", what, exchange->bytes,
                  exchange->room, whose, *exchange->each) > 0;
}

static bool with_yoke(struct exchange exchange, const char *what, yoke_pool *pool)
{
    const yoke_queue_options options = {.item_bytes = exchange.bytes,
                                        .capacity = exchange.room};

    exchange.put = put_yoke;
    exchange.get = get_yoke;
    exchange.each = yoke_alloc(pool, sizeof *exchange.each);
    return exchange.each != NULL &&
           yoke_queue_create(&exchange.queue, pool, &options) == YOKE_OK &&
           (what[0] == 'a' ? alone(&exchange, 0) == 0 : pass_yoke(pool, &exchange)) &&
           report(what, &exchange, "yoke");
}

/** A queue without a name; -1 if the system does not grant it. */
static mqd_t posix_queue(size_t bytes, size_t room)
{
    struct mq_attr limits = {.mq_maxmsg = (long)room, .mq_msgsize = (long)bytes};
    char name[64];

    (void)snprintf(name, sizeof name, "/yoke-bench-%d", (int)getpid());
    const mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &limits);

    if (queue != (mqd_t)-1) {
        (void)mq_unlink(name);
    }
    return queue;
}

static bool with_posix(struct exchange exchange, const char *what)
{
    exchange.put = put_posix;
    exchange.get = get_posix;
    exchange.posix = posix_queue(exchange.bytes, exchange.room);
    if (exchange.posix == (mqd_t)-1) {
        return true;
    }
    exchange.each = mmap(NULL, sizeof *exchange.each, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return exchange.each != MAP_FAILED &&
           (what[0] == 'a' ? alone(&exchange, 0) == 0 : pass_posix(&exchange)) &&
           report(what, &exchange, "POSIX queue");
}

static bool lock_yoke(yoke_pool *pool, size_t times)
{
    yoke_mutex *lock = NULL;

    if (yoke_mutex_create(&lock, pool, NULL) != YOKE_OK) {
        return false;
    }
    const double begin = now();

    for (size_t i = 0; i < times; i++) {
        if (yoke_mutex_lock(lock, YOKE_FOREVER) != YOKE_OK ||
            yoke_mutex_unlock(lock) != YOKE_OK) {
            return false;
        }
    }
    return printf("lock\tyoke\t%.1f\n", (now() - begin) / (double)times) > 0;
}

static bool lock_mutex(size_t times)
{
    pthread_mutex_t *mutex = mmap(NULL, sizeof *mutex, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t kind;

    if (mutex == MAP_FAILED || pthread_mutexattr_init(&kind) != 0 ||
        pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED) != 0 ||
        pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST) != 0 ||
        pthread_mutex_init(mutex, &kind) != 0) {
        return false;
    }
    const double begin = now();

    for (size_t i = 0; i < times; i++) {
        if (pthread_mutex_lock(mutex) != 0 || pthread_mutex_unlock(mutex) != 0) {
            return false;
        }
    }
    return printf("lock\trobust mutex\t%.1f\n", (now() - begin) / (double)times) > 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const bool lock = strcmp(what, "lock") == 0;
    struct exchange exchange = {.times =
                                    argc > 2 ? strtoul(argv[argc - 1], NULL, 10) : 0};
    yoke_pool *pool = NULL;

    if (argc == 5 && (strcmp(what, "alone") == 0 || strcmp(what, "pass") == 0)) {
        exchange.bytes = strtoul(argv[2], NULL, 10);
        exchange.room = strtoul(argv[3], NULL, 10);
    }
    if (exchange.times < 20 ||
        (!lock && (exchange.bytes < sizeof(size_t) || exchange.bytes > LONGEST))) {
        fprintf(stderr,
                "usage: queues alone|pass BYTES ROOM TIMES, queues lock TIMES\n");
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1"}) != YOKE_OK ||
        !(lock ? lock_yoke(pool, exchange.times) : with_yoke(exchange, what, pool))) {
        fprintf(stderr, "yoke: %s\n", yoke_pool_error(pool));
        return 1;
    }
    (void)yoke_pool_close(pool);
    if (!(lock ? lock_mutex(exchange.times) : with_posix(exchange, what))) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        return 1;
    }
    return 0;
}
