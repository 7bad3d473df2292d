/* SPDX-License-Identifier: MIT */
/* The driver: measures metric after metric and reports. */
#include <fnmatch.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "report.h"

static const char usage[] =
    "usage: yoke_bench [--quick] [--only PATTERN]... [--seconds S] [--patience S] "
    "[--out FOLDER] [--list]\n"
    "  --quick         a tenth of the time, one variant of each peer\n"
    "  --only PATTERN  metrics whose names match, such as 'saxpy*'; may be repeated\n"
    "  --seconds S     time for each metric (8)\n"
    "  --patience S    wait for a quiet machine, so long a metric (0)\n"
    "  --out FOLDER    where results.tsv and results.svg go (.)\n"
    "  --list          name the metrics\n";

enum { MOST_PATTERNS = 16, MOST_RESULTS = 512 };

typedef struct choice {
    const char *patterns[MOST_PATTERNS];
    size_t pattern_count;
    const char *folder;
    measure_limits limits;
    bool list;
} choice;

static unsigned cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Others at work make every figure doubtful. */
static void note_load(void)
{
    double load;

    if (getloadavg(&load, 1) == 1) {
        printf("%u cores, load %.2f%s\n\n", cores(), load,
               load > 0.5 ? ": the machine is busy, mind the spread" : "");
    }
}

static void add_pattern(choice *c, const char *pattern)
{
    if (c->pattern_count < MOST_PATTERNS) {
        c->patterns[c->pattern_count++] = pattern;
    }
}

static choice parse(int argc, char **argv)
{
    static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"patience", required_argument, NULL, 'p'},
                                            {"out", required_argument, NULL, 'f'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    choice c = {.folder = ".",
                .limits = {.seconds = 8, .rounds = 5, .workers = cores()}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'q':
            c.limits.seconds = 0.8;
            c.limits.rounds = 2;
            c.limits.first_variants = true;
            break;
        case 'o':
            add_pattern(&c, optarg);
            break;
        case 's':
            c.limits.seconds = atof(optarg);
            break;
        case 'p':
            c.limits.patience = atof(optarg);
            break;
        case 'f':
            c.folder = optarg;
            break;
        case 'l':
            c.list = true;
            break;
        default:
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    return c;
}

static bool is_chosen(const choice *c, const metric *m)
{
    for (size_t i = 0; i < c->pattern_count; i++) {
        if (fnmatch(c->patterns[i], m->name, 0) == 0) {
            return true;
        }
    }
    return c->pattern_count == 0;
}

static void list(const choice *c)
{
    for (const metric *m = metrics; m->name != NULL; m++) {
        if (is_chosen(c, m)) {
            printf("%-24s %s\n", m->name, m->title);
        }
    }
}

/* Returns whether every result was right. */
static bool measure_all(const choice *c, row *rows, size_t *count)
{
    bool right = true;

    note_load();
    report_head();
    for (const metric *m = metrics; m->name != NULL; m++) {
        measurement result;
        if (!is_chosen(c, m) || *count + MOST_ROWS > MOST_RESULTS) {
            continue;
        }
        measure(&result, m, &c->limits);
        report_metric(&result);
        memcpy(rows + *count, result.rows, result.count * sizeof *rows);
        *count += result.count;
        right = right && !result.failed;
    }
    return right;
}

static bool write_results(const choice *c, const row *rows, size_t count)
{
    char values[512], chart[512];

    snprintf(values, sizeof values, "%s/results.tsv", c->folder);
    snprintf(chart, sizeof chart, "%s/results.svg", c->folder);
    const bool written =
        report_values(values, rows, count) && report_chart(chart, rows, count);
    if (written) {
        printf("\nThe figures are in %s, a chart in %s\n", values, chart);
    }
    return written;
}

int main(int argc, char **argv)
{
    static row rows[MOST_RESULTS];
    const choice c = parse(argc, argv);
    size_t count = 0;

    signal(SIGPIPE, SIG_IGN);
    if (c.list) {
        list(&c);
        return EXIT_SUCCESS;
    }
    const bool right = measure_all(&c, rows, &count);
    const bool written = write_results(&c, rows, count);
    if (count == 0) {
        fputs("no metric has such a name; --list names them\n", stderr);
    }
    return right && written && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
