/* SPDX-License-Identifier: MIT */
/* What a call may answer while processes are killed, the watchdog, and how the program ends
 * when something is wrong. */
#include "soak.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A turn that takes longer hangs, unless the machine has more to do than it can. */
enum { TURN_SECONDS = 120, BROKEN_SECONDS = 30 };

static struct {
    unsigned round;
    soak_pool *pools;
    size_t count;
    const char *main_call;
    atomic_ulong excuses[32]; /* by minus the status */
} present;

int64_t soak_now_ms(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void soak_sleep_ms(unsigned ms)
{
    const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&time, NULL);
}

void soak_judge_round(unsigned round, soak_pool *pools, size_t count)
{
    present.round = round;
    present.pools = pools;
    present.count = count;
}

unsigned long soak_excused(yoke_status status)
{
    return atomic_load(&present.excuses[-status & 31]);
}

void soak_excuse(soak_client *client, yoke_status status)
{
    (void)atomic_fetch_add(&present.excuses[-status & 31], 1);
    client->excused = true;
    client->must_end |=
        status == YOKE_EBROKEN || status == YOKE_ENODEVICE || status == YOKE_EBUILD;
}

/* ---- the end ---- */

static void print_pool(const soak_pool *home)
{
    (void)fprintf(
        stderr,
        "pool %u: devices \"%s\", %s%s%s, %u clients, a kill each %u ms%s, %u "
        "killed (%u as by a crash)%s%s\n",
        home->number, home->devices, home->start == YOKE_START_SPAWN ? "spawn" : "fork",
        home->discrete ? ", copies forced" : "",
        home->items_per_process > 0 ? ", items_per_process" : "", home->client_count,
        home->pause_ms, home->kills_hard ? ", also by SIGSEGV and SIGABRT" : "",
        atomic_load(&home->killed), atomic_load(&home->killed_hard),
        home->breaks ? ", its supervisor is to be killed" : "",
        atomic_load(&home->broken) ? " (was)" : "");
}

static void print_line_of(const char *what, int thread)
{
    char path[64], line[160] = "";
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread, what);
    file = fopen(path, "re");
    if (file != NULL) {
        (void)fgets(line, sizeof line, file);
        (void)fclose(file);
    }
    line[strcspn(line, "\n")] = '\0';
    (void)fprintf(stderr, " %s %s", what, line);
}

/* Where each thread of the application is, as far as the system says. */
static void print_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)fprintf(stderr, "thread %s:", entry->d_name);
            print_line_of("wchan", atoi(entry->d_name));
            print_line_of("syscall", atoi(entry->d_name));
            (void)fputc('\n', stderr);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

static void print_client(const soak_client *client)
{
    const char *doing = atomic_load(&client->doing);

    (void)fprintf(stderr, "  client %u, turn %lu: %s for %.1f s, in %.60s\n",
                  client->number, client->turn,
                  client->row != NULL ? client->row->name : "nothing",
                  1e-3 * (double)(soak_now_ms() - atomic_load(&client->since_ms)),
                  atomic_load(&client->ended) ? "nothing: it has ended"
                  : doing != NULL             ? doing
                                              : "?");
}

static void print_all(void)
{
    for (size_t p = 0; p < present.count; p++) {
        const soak_pool *home = &present.pools[p];

        print_pool(home);
        for (unsigned i = 0; i < home->client_count; i++) {
            print_client(&home->clients[i]);
        }
    }
    if (present.main_call != NULL) {
        (void)fprintf(stderr, "main thread: %s\n", present.main_call);
    }
    print_threads();
}

/* Ends the program; with YOKE_SOAK_HOLD it stops, for a debugger. */
static _Noreturn void end_wrong(void)
{
    print_all();
    (void)fprintf(stderr, "repeat it: --seed 0x%llx --round %u\n",
                  (unsigned long long)soak_set.seed, present.round);
    (void)fflush(NULL);
    if (getenv("YOKE_SOAK_HOLD") != NULL) {
        (void)raise(SIGSTOP);
    }
    soak_unlink_all();
    _exit(1);
}

/* Only one thread says what is wrong. */
static void begin_wrong(void)
{
    static atomic_bool has_begun;

    if (atomic_exchange(&has_begun, true)) {
        for (;;) {
            (void)pause();
        }
    }
    (void)fflush(NULL);
}

void soak_wrong(const soak_client *client, const char *format, ...)
{
    va_list list;

    begin_wrong();
    (void)fprintf(
        stderr, "WRONG: round %u, pool %u, client %u, turn %lu, %s: ", present.round,
        client->home->number, client->number, client->turn, client->row->name);
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fprintf(stderr, "\n%s%s", client->note, client->note[0] != '\0' ? "\n" : "");
    end_wrong();
}

void soak_wrong_pool(const soak_pool *home, const char *format, ...)
{
    va_list list;

    begin_wrong();
    (void)fprintf(stderr, "WRONG: round %u, ", present.round);
    if (home != NULL) {
        (void)fprintf(stderr, "pool %u, ", home->number);
    }
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
    end_wrong();
}

/* ---- judging ---- */

void soak_enter(soak_client *client, const char *call)
{
    atomic_store(&client->doing, call);
}

bool soak_was_hit(const soak_client *client)
{
    return atomic_load(&client->home->killed) != client->killed_before ||
           atomic_load(&client->home->broken);
}

/* Items that were running in two crashes, or eight kills, are given up: see
 * src/supervisor/repair.c. A kill by SIGSEGV is a crash to the library. */
bool soak_may_crash(const soak_client *client)
{
    const soak_pool *home = client->home;

    return atomic_load(&home->killed_hard) - client->hard_before >= 1 ||
           atomic_load(&home->killed) - client->killed_before >= 8;
}

/* A device that dies again and again is given up, and others may not be there; and so is a
 * build or a preparation: see src/supervisor/supervisor_deaths.c. */
static bool may_lack_devices(const soak_client *client)
{
    const soak_pool *home = client->home;
    const unsigned killed = atomic_load(&home->killed);

    if (!home->has_cpu) {
        return killed >= 2;
    }
    return home->has_sources && (killed >= 8 || atomic_load(&home->killed_hard) >= 2);
}

bool soak_may_fail(const soak_client *client)
{
    return soak_may_crash(client) || may_lack_devices(client);
}

static bool is_excused(const soak_client *client, yoke_status status)
{
    switch (status) {
    case YOKE_EBROKEN:
        return atomic_load(&client->home->broken);
    case YOKE_ECRASHED:
        return soak_may_crash(client);
    case YOKE_ENODEVICE:
    case YOKE_EDEVICE:
        return may_lack_devices(client);
    case YOKE_EBUILD:
        /* LLVM's handlers delete the compiler's files at a SIGSEGV, and return: one that was
         * sent does not come again. */
        return client->home->has_sources && atomic_load(&client->home->killed_hard) > 0;
    default:
        return false;
    }
}

yoke_status soak_judge(soak_client *client, yoke_status status, yoke_status allowed,
                       const char *call, const char *text)
{
    if (status == YOKE_OK || status == allowed) {
        return status;
    }
    if (!is_excused(client, status)) {
        soak_wrong(client, "%.100s\n  gave %d (%s): %s", call, (int)status,
                   yoke_strerror(status),
                   text != NULL ? text : yoke_pool_error(client->home->pool));
    }
    soak_excuse(client, status);
    return status;
}

yoke_status soak_finish(soak_client *client, yoke_future *future, yoke_status allowed)
{
    yoke_status status;

    soak_enter(client, "yoke_future_wait()");
    status = yoke_future_wait(future, YOKE_FOREVER);
    (void)soak_judge(client, status, allowed, "yoke_future_wait()",
                     yoke_future_error(future));
    yoke_future_destroy(future);
    return status;
}

/* ---- the watchdog ---- */

/* How much longer things take because others use the machine, too. */
static double load_factor(void)
{
    const double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double load = 0;

    if (getloadavg(&load, 1) != 1 || load < 4 * cpus) {
        return 1;
    }
    return load / (4 * cpus);
}

static void watch_client(const soak_pool *home, const soak_client *client, int64_t now)
{
    const int64_t since = atomic_load(&client->since_ms);
    const int64_t broken_since = atomic_load(&home->broken_ms);

    if (since == 0 || atomic_load(&client->ended)) {
        return;
    }
    if ((double)(now - since) > 1000 * TURN_SECONDS * load_factor()) {
        soak_wrong(client, "it hangs");
    }
    if (atomic_load(&home->broken) &&
        (double)(now - broken_since) > 1000 * BROKEN_SECONDS * load_factor()) {
        soak_wrong(client, "it goes on though the supervisor is gone");
    }
}

void soak_watch(void)
{
    const int64_t now = soak_now_ms();

    for (size_t p = 0; p < present.count; p++) {
        for (unsigned i = 0; i < present.pools[p].client_count; i++) {
            watch_client(&present.pools[p], &present.pools[p].clients[i], now);
        }
    }
}

static void at_alarm(int number)
{
    (void)number;
    soak_wrong_pool(NULL, "it hangs");
}

void soak_watch_main(const char *what, unsigned seconds)
{
    present.main_call = what;
    (void)signal(SIGALRM, at_alarm);
    (void)alarm(seconds > 0 ? (unsigned)(seconds * load_factor()) : 0);
}
