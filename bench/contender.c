/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "contender.h"

enum { MOST_PROCESSES = 512 };

void contender_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void contender_skip(const char *why)
{
    printf("skip %s\n", why);
    exit(EXIT_SUCCESS);
}

void *contender_pages(size_t bytes)
{
    void *pages =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        contender_fail("no memory for %zu bytes", bytes);
    }
    madvise(pages, bytes, MADV_HUGEPAGE);
    return pages;
}

size_t contender_cut(const workload *w, size_t p, size_t parts)
{
    return w->items * p / parts;
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The largest difference between two results, relative to the largest value. */
static double float_error(const float *got, const float *wanted, size_t count)
{
    double error = 0, largest = 1e-30;

    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)wanted[i]));
        error = fmax(error, fabs((double)got[i] - (double)wanted[i]));
    }
    return error / largest;
}

static void compare(const workload *w, const void *got, const void *wanted)
{
    const size_t bytes = workload_array_bytes(w);

    if (w->tolerance <= 0) {
        if (memcmp(got, wanted, bytes) != 0) {
            contender_fail("%s: the result is wrong", w->name);
        }
        return;
    }
    const double error = float_error(got, wanted, bytes / sizeof(float));
    if (!(error <= (double)w->tolerance)) {
        contender_fail("%s: the result is wrong by %g", w->name, error);
    }
}

static void publish(int file, const void *result, size_t bytes)
{
    const char *from = result;

    while (bytes > 0) {
        const ssize_t written = write(file, from, bytes);
        if (written <= 0) {
            contender_fail("the reference cannot be written");
        }
        from += written;
        bytes -= (size_t)written;
    }
}

/* The first contender's result is what the others' are compared with. */
static void check_result(const task *t)
{
    const size_t bytes = workload_array_bytes(t->w);
    const int file = t->setting->reference;

    if (file < 0 || workload_arrays(t->w) == 0) {
        return;
    }
    const void *result = t->arrays[workload_result(t->w)];
    if (lseek(file, 0, SEEK_END) == 0) {
        publish(file, result, bytes);
        return;
    }
    void *wanted = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
    if (wanted == MAP_FAILED) {
        contender_fail("the reference cannot be read");
    }
    compare(t->w, result, wanted);
    munmap(wanted, bytes);
}

static void prepare(task *t)
{
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        t->arrays[k] = contender_ops.alloc(workload_array_bytes(t->w));
    }
    if (contender_ops.prepare != NULL) {
        contender_ops.prepare(t);
    }
    if (workload_arrays(t->w) > 0) {
        contender_ops.fill(t);
    }
    contender_ops.run(t);
    check_result(t);
}

static double time_start(const task *t)
{
    contender_ops.close();
    const double start = now_ns();

    contender_ops.open(t);
    if (contender_ops.prepare != NULL) {
        contender_ops.prepare(t);
    }
    contender_ops.run(t);
    return now_ns() - start;
}

static double time_jobs(const task *t)
{
    const unsigned batch = t->w->batch > 0 ? t->w->batch : 1;

    usleep(t->w->rest_ms * 1000);
    for (unsigned i = 0; i < t->w->warm; i++) {
        contender_ops.run(t);
    }
    const double start = now_ns();
    for (unsigned i = 0; i < batch; i++) {
        contender_ops.run(t);
    }
    return (now_ns() - start) / batch;
}

static FILE *open_smaps(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        contender_fail("%s cannot be read", path);
    }
    return file;
}

/* Whether an array lies in the mapping that this line of smaps begins. */
static bool holds_array(const task *t, uintptr_t begin, uintptr_t end)
{
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        const uintptr_t at = (uintptr_t)t->arrays[k];
        if (begin <= at && at < end) {
            return true;
        }
    }
    return false;
}

/* Some entries of a process's smaps, in MiB, of the mappings with the arrays or of all
 * others. `entries` is a list of names with their colons. */
static double mapped_mib(const task *t, pid_t pid, const char *entries, bool of_arrays)
{
    FILE *file = open_smaps(pid);
    char line[512], name[64];
    uintptr_t begin, end;
    bool counts = false;
    double sum = 0, kib;

    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2) {
            counts = holds_array(t, begin, end) == of_arrays;
        } else if (counts && sscanf(line, "%63s %lf", name, &kib) == 2 &&
                   strstr(entries, name) != NULL) {
            sum += kib / 1024;
        }
    }
    fclose(file);
    return sum;
}

/* The mean of what workers have for themselves, without what they touched of the arrays. */
static double private_mib(const task *t)
{
    pid_t pids[MOST_PROCESSES];
    const size_t count = contender_ops.processes(pids, MOST_PROCESSES);
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += mapped_mib(t, pids[i], "Private_Clean: Private_Dirty:", false);
    }
    return sum / (double)count;
}

/* Every process's part of the pages of the arrays, added up, over their size. */
static double resident_part(const task *t)
{
    pid_t pids[MOST_PROCESSES];
    const size_t count = contender_ops.processes(pids, MOST_PROCESSES);
    const size_t bytes = workload_arrays(t->w) * workload_array_bytes(t->w);
    double sum = mapped_mib(t, getpid(), "Pss:", true);

    for (size_t i = 0; i < count; i++) {
        sum += mapped_mib(t, pids[i], "Pss:", true);
    }
    return sum / ((double)bytes / (1 << 20));
}

static double repetition(const task *t)
{
    switch (t->w->kind) {
    case KIND_START:
        return time_start(t);
    case KIND_PRIVATE:
        return private_mib(t);
    case KIND_RESIDENT:
        return resident_part(t);
    case KIND_JOBS:
        break;
    }
    return time_jobs(t);
}

static unsigned number(const char *text)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);

    if (*end != '\0' || value > 1 << 20) {
        contender_fail("%s is no number", text);
    }
    return (unsigned)value;
}

static setting parse(int argc, char **argv)
{
    static const struct option options[] = {{"devices", required_argument, NULL, 'd'},
                                            {"schedule", required_argument, NULL, 's'},
                                            {"workers", required_argument, NULL, 'w'},
                                            {"parts", required_argument, NULL, 'p'},
                                            {"reference", required_argument, NULL, 'r'},
                                            {"helps", no_argument, NULL, 'h'},
                                            {"unsaved", no_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    setting s = {.devices = "cpu", .schedule = "", .workers = 1, .reference = -1};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            s.devices = optarg;
            break;
        case 's':
            s.schedule = optarg;
            break;
        case 'w':
            s.workers = number(optarg);
            break;
        case 'p':
            s.parts = number(optarg);
            break;
        case 'r':
            s.reference = (int)number(optarg);
            break;
        case 'h':
            s.helps = true;
            break;
        case 'u':
            s.unsaved = true;
            break;
        default:
            exit(EXIT_FAILURE);
        }
    }
    s.workload = optind < argc ? argv[optind] : "";
    return s;
}

int main(int argc, char **argv)
{
    const setting s = parse(argc, argv);
    task t = {.w = workload_find(s.workload), .setting = &s};
    char line[16];

    if (t.w == NULL) {
        contender_fail("there is no workload \"%s\"", s.workload);
    }
    if (t.w->kind >= KIND_PRIVATE && contender_ops.processes == NULL) {
        contender_skip("its workers are no processes");
    }
    contender_ops.open(&t);
    prepare(&t);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("%.9g\n", repetition(&t));
        fflush(stdout);
    }
    contender_ops.close();
    return EXIT_SUCCESS;
}
