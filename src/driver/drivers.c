/* SPDX-License-Identifier: MIT */
#include "driver/drivers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/settings.h"
#include "sys/elf.h"

static const char system_folder[] = "/etc/OpenCL/vendors";
static const char nvidia_library[] = "libnvidia-opencl.so.1";

/* Folders where containers and distributions put the library. */
static const char *const library_folders[] = {
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
};

typedef struct driver_list {
    yk_opencl_driver *drivers;
    size_t count;
} driver_list;

static bool has_suffix(const char *text, const char *suffix)
{
    const size_t length = strlen(text);
    const size_t tail = strlen(suffix);

    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static bool path_fits(int length, size_t bytes)
{
    return length > 0 && (size_t)length < bytes;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The file's first word or words, without space around them. */
static bool read_first_line(const char *path, char *line, size_t bytes)
{
    FILE *const file = fopen(path, "re");
    char *begin;
    size_t length;
    bool ok;

    if (file == NULL) {
        return false;
    }
    ok = fgets(line, (int)bytes, file) != NULL;
    (void)fclose(file);
    if (!ok) {
        return false;
    }
    begin = line + strspn(line, " \t\r\n");
    length = strlen(begin);
    while (length > 0 && strchr(" \t\r\n", begin[length - 1]) != NULL) {
        length--;
    }
    memmove(line, begin, length);
    line[length] = '\0';
    return length > 0;
}

bool yk_opencl_driver_library(const char *path, char *library, size_t bytes)
{
    if (has_suffix(path, ".icd")) {
        return read_first_line(path, library, bytes);
    }
    return path_fits(snprintf(library, bytes, "%s", path), bytes);
}

static bool is_listed(const driver_list *list, const char *library)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->drivers[i].library, library) == 0) {
            return true;
        }
    }
    return false;
}

static void add_driver(driver_list *list, const char *path)
{
    yk_opencl_driver driver = {0};
    const char *file;

    if (list->count == YK_MAX_DRIVERS ||
        !path_fits(snprintf(driver.path, sizeof driver.path, "%s", path),
                   sizeof driver.path) ||
        !yk_opencl_driver_library(path, driver.library, sizeof driver.library) ||
        is_listed(list, driver.library)) {
        return;
    }
    file = strrchr(driver.library, '/');
    driver.is_pocl = strstr(file != NULL ? file : driver.library, "pocl") != NULL;
    list->drivers[list->count++] = driver;
}

static int is_icd(const struct dirent *entry)
{
    return has_suffix(entry->d_name, ".icd");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void drivers_add_folder(driver_list *list, const char *folder)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, is_icd, by_name);
    char path[512];

    for (int i = 0; i < count; i++) {
        if (path_fits(snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name),
                      sizeof path)) {
            add_driver(list, path);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}

/* An .icd file without a folder is searched for in the system's folder first. */
static void add_setting(driver_list *list, const char *vendors)
{
    char path[512];

    if (is_folder(vendors)) {
        drivers_add_folder(list, vendors);
        return;
    }
    if (strchr(vendors, '/') == NULL && has_suffix(vendors, ".icd") &&
        path_fits(snprintf(path, sizeof path, "%s/%s", system_folder, vendors),
                  sizeof path) &&
        access(path, R_OK) == 0) {
        vendors = path;
    }
    add_driver(list, vendors);
}

static bool has_nvidia(const driver_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strstr(list->drivers[i].library, "nvidia") != NULL) {
            return true;
        }
    }
    return false;
}

static void add_nvidia_from(driver_list *list, const char *folder)
{
    char path[512];

    if (!has_nvidia(list) && folder[0] == '/' &&
        path_fits(snprintf(path, sizeof path, "%s/%s", folder, nvidia_library),
                  sizeof path) &&
        access(path, R_OK) == 0) {
        add_driver(list, path);
    }
}

/* Containers often have the library but no .icd file for it. */
static void add_nvidia(driver_list *list)
{
    const char *const setting = yk_env_text("LD_LIBRARY_PATH");
    char *const folders = setting != NULL ? strdup(setting) : NULL;
    char *rest = folders;
    const char *folder;

    while ((folder = strsep(&rest, ":")) != NULL) {
        add_nvidia_from(list, folder);
    }
    free(folders);
    for (size_t i = 0; i < sizeof library_folders / sizeof library_folders[0]; i++) {
        add_nvidia_from(list, library_folders[i]);
    }
}

size_t yk_opencl_drivers_in(const char *vendors,
                            yk_opencl_driver drivers[YK_MAX_DRIVERS])
{
    driver_list list = {.drivers = drivers};

    add_setting(&list, vendors);
    return list.count;
}

/* The installed drivers, and the names of drivers that may have been loaded otherwise. */
bool yk_opencl_has_driver(char *name, size_t bytes)
{
    static const char *const known[] = {"libpocl",       "libnvidia-opencl",
                                        "libMesaOpenCL", "libRusticlOpenCL",
                                        "libigdrcl",     "libamdocl",
                                        "libintelocl",   "liboclgrind",
                                        "libclvk",       NULL};
    yk_opencl_driver drivers[YK_MAX_DRIVERS];
    const char *names[YK_MAX_DRIVERS + 1];
    const size_t count = yk_opencl_drivers(drivers);

    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(drivers[i].library, '/');

        names[i] = slash != NULL ? slash + 1 : drivers[i].library;
    }
    names[count] = NULL;
    return yk_elf_is_loaded(known, name, bytes) || yk_elf_is_loaded(names, name, bytes);
}

bool yk_opencl_has_runtime(char *name, size_t bytes)
{
    static const char *const known[] = {"libcuda.so", "libamdhip64", "libhsa-runtime64",
                                        "libze_loader", NULL};

    return yk_opencl_has_driver(name, bytes) || yk_elf_is_loaded(known, name, bytes);
}

size_t yk_opencl_drivers(yk_opencl_driver drivers[YK_MAX_DRIVERS])
{
    const char *const vendors = yk_env_text("OCL_ICD_VENDORS");
    driver_list list = {.drivers = drivers};

    if (vendors != NULL) {
        return yk_opencl_drivers_in(vendors, drivers);
    }
    drivers_add_folder(&list, system_folder);
    add_nvidia(&list);
    return list.count;
}
