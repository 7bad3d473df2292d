/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "yoke/pool.h"

enum { COLUMNS = 7, CELL = 288, WIDEST = 40 };

static const char *const headings[COLUMNS] = {
    "NAME", "STATE", "MEMORY", "SHARED", "DEVICE", "DRIVER", "WHY",
};

typedef struct table_row {
    char cell[COLUMNS][CELL];
} table_row;

static const char help[] =
    "usage: yoke devices [OPTIONS]\n"
    "\n"
    "Lists the devices of this machine: which of them a pool uses, and why or why "
    "not.\n"
    "\n"
    "options:\n"
    "  --devices D  as if these devices were asked for (default: $YOKE_DEVICES, else\n"
    "               cpu,gpu)\n"
    "  --tsv        one line for each device, its columns separated by tabs,\n"
    "               nothing shortened\n"
    "  -h, --help   show this help\n"
    "\n"
    "columns:\n"
    "  NAME    what --devices and YOKE_DEVICES take for an OpenCL device (opencl:1), "
    "or\n"
    "          the name of a CPU's worker\n"
    "  STATE   ready, starting, failed or unused\n"
    "  MEMORY  the device's memory\n"
    "  SHARED  whether it works in place on the program's memory, without copies\n"
    "  DEVICE, DRIVER, WHY\n";

static const char *state_name(yoke_worker_state state)
{
    switch (state) {
    case YOKE_WORKER_STARTING:
        return "starting";
    case YOKE_WORKER_READY:
        return "ready";
    case YOKE_WORKER_FAILED:
        return "failed";
    case YOKE_WORKER_UNUSED:
        return "unused";
    }
    return "?";
}

static void format_bytes(char *text, uint64_t bytes)
{
    static const char units[] = " KMGTPE";
    double amount = (double)bytes;
    size_t unit = 0;

    for (; amount >= 1024 && unit + 2 < sizeof units; unit++) {
        amount /= 1024;
    }
    if (bytes == 0) {
        strcpy(text, "-");
    } else if (unit == 0) {
        (void)snprintf(text, CELL, "%.0f B", amount);
    } else {
        (void)snprintf(text, CELL, "%.*f %ciB", amount < 10 ? 1 : 0, amount,
                       units[unit]);
    }
}

/* A cell holds one line without tabs, and no control characters of a driver's. */
static void set_cell(char *cell, const char *text)
{
    size_t length = 0;

    for (; *text != '\0' && length + 1 < CELL; text++) {
        cell[length++] = (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text;
    }
    cell[length] = '\0';
    if (length == 0) {
        strcpy(cell, "-");
    }
}

/* Cuts a text that would make its column too wide, not inside a UTF-8 character. */
static void devices_shorten_cell(char *cell)
{
    size_t length = WIDEST - 3;

    if (strlen(cell) > WIDEST) {
        while (length > 0 && ((unsigned char)cell[length] & 0xc0) == 0x80) {
            length--;
        }
        strcpy(cell + length, "...");
    }
}

static void fill_row(table_row *row, const yoke_worker_info *info)
{
    const bool known = info->state == YOKE_WORKER_READY;

    if (info->kind == YOKE_WORKER_OPENCL && info->opencl_index >= 0) {
        (void)snprintf(row->cell[0], CELL, "opencl:%d", info->opencl_index);
    } else {
        set_cell(row->cell[0], info->name);
    }
    set_cell(row->cell[1], state_name(info->state));
    format_bytes(row->cell[2], info->memory_bytes);
    set_cell(row->cell[3], info->shares_memory ? "yes" : known ? "no" : "-");
    set_cell(row->cell[4], info->device);
    set_cell(row->cell[5], info->driver);
    set_cell(row->cell[6], info->reason);
}

static void devices_print_row(const table_row *row, const size_t width[COLUMNS],
                              bool tsv)
{
    for (int i = 0; i + 1 < COLUMNS; i++) {
        if (tsv) {
            printf("%s\t", row->cell[i]);
        } else {
            printf("%-*s  ", (int)width[i], row->cell[i]);
        }
    }
    printf("%s\n", row->cell[COLUMNS - 1]);
}

static void print_rows(const table_row *rows, size_t count, bool tsv)
{
    size_t width[COLUMNS] = {0};

    for (size_t i = 0; i < count; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            const size_t length = strlen(rows[i].cell[j]);

            width[j] = length > width[j] ? length : width[j];
        }
    }
    for (size_t i = 0; i < count; i++) {
        devices_print_row(&rows[i], width, tsv);
    }
}

static bool has_opencl(const yoke_worker_info *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (workers[i].kind == YOKE_WORKER_OPENCL) {
            return true;
        }
    }
    return false;
}

static bool devices_print_workers(const yoke_worker_info *workers, size_t count,
                                  bool tsv)
{
    table_row *rows = calloc(count + 1, sizeof *rows);

    if (rows == NULL) {
        return false;
    }
    for (int i = 0; i < COLUMNS; i++) {
        set_cell(rows[0].cell[i], headings[i]);
    }
    for (size_t i = 0; i < count; i++) {
        fill_row(&rows[i + 1], &workers[i]);
        if (!tsv) {
            devices_shorten_cell(rows[i + 1].cell[4]);
            devices_shorten_cell(rows[i + 1].cell[5]);
        }
    }
    print_rows(rows, count + 1, tsv);
    free(rows);
    if (!tsv && !has_opencl(workers, count)) {
        printf("\nNo OpenCL device was found.\n");
    }
    return true;
}

static bool list_pool(yoke_pool *pool, bool tsv)
{
    size_t count = 0;
    yoke_worker_info *workers;
    bool good;

    if (yoke_pool_workers(pool, NULL, 0, &count) != YOKE_OK) {
        return false;
    }
    workers = calloc(count + 1, sizeof *workers);
    if (workers == NULL) {
        return false;
    }
    good = yoke_pool_workers(pool, workers, count, NULL) == YOKE_OK &&
           devices_print_workers(workers, count, tsv);
    free(workers);
    return good;
}

static int list_devices(const char *devices, bool tsv, const char *title)
{
    const yoke_pool_options pool_options = {
        .devices = devices,
        .wait_ready = true,
        .discover = true,
    };
    yoke_pool *pool = NULL;
    bool good;

    if (yoke_pool_create(&pool, &pool_options) != YOKE_OK) {
        fprintf(stderr, "%s: %s\n", title, yoke_pool_error(NULL));
        return YK_CLI_FAILED;
    }
    good = list_pool(pool, tsv);
    if (!good) {
        const char *text = yoke_pool_error(pool);

        fprintf(stderr, "%s: %s\n", title, text[0] != '\0' ? text : "out of memory");
    }
    if (yoke_pool_close(pool) != YOKE_OK && good) {
        fprintf(stderr, "%s: %s\n", title, yoke_pool_error(NULL));
        good = false;
    }
    return good ? YK_CLI_OK : YK_CLI_FAILED;
}

int yk_devices_command(int argc, char **argv)
{
    const char *devices = NULL;
    bool tsv = false;
    const yk_cli_option table[] = {
        {"devices", NULL, &devices},
        {"tsv", &tsv, NULL},
        {NULL, NULL, NULL},
    };
    int status;

    if (!yk_cli_options_read(table, help, argc, argv, &status)) {
        return status;
    }
    return list_devices(devices, tsv, argv[0]);
}
