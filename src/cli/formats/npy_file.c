/* SPDX-License-Identifier: MIT */
#include "cli/formats/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map_file(yk_npy_file *file, int descriptor, yk_complaint *complaint)
{
    struct stat status;

    if (fstat(descriptor, &status) != 0) {
        return yk_complain(complaint, "%s", strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return yk_complain(complaint, "this is not a regular file");
    }
    if (status.st_size == 0) {
        return yk_complain(complaint, "the file is empty");
    }
    file->size = (size_t)status.st_size;
    file->mapping = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (file->mapping == MAP_FAILED) {
        file->mapping = NULL;
        return yk_complain(complaint, "the file cannot be mapped: %s", strerror(errno));
    }
    return true;
}

bool yk_npy_open(yk_npy_file *file, const char *path, yk_complaint *complaint)
{
    /* Without O_NONBLOCK a FIFO would wait for its writer. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good;

    memset(file, 0, sizeof *file);
    if (descriptor < 0) {
        return yk_complain(complaint, "%s", strerror(errno));
    }
    good = map_file(file, descriptor, complaint) &&
           yk_npy_parse(&file->array, file->mapping, file->size, complaint);
    (void)close(descriptor);
    if (!good) {
        yk_npy_close(file);
    }
    return good;
}

static sigjmp_buf page_lost;

static void on_bus_error(int number)
{
    siglongjmp(page_lost, number);
}

/* Copies from a mapped file; false if its pages cannot be had any more (SIGBUS). Only one thread
 * at a time. */
static bool copy_mapped(void *to, const void *from, size_t bytes)
{
    struct sigaction action;
    struct sigaction previous;
    bool good;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_bus_error;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, &previous);
    good = sigsetjmp(page_lost, 1) == 0;
    if (good) {
        memcpy(to, from, bytes);
    }
    (void)sigaction(SIGBUS, &previous, NULL);
    return good;
}

bool yk_npy_load(const yk_npy_file *file, void *to, yk_complaint *complaint)
{
    const char *from = (const char *)file->mapping + file->array.offset;

    (void)madvise(file->mapping, file->size, MADV_SEQUENTIAL);
    if (!copy_mapped(to, from, file->array.bytes)) {
        return yk_complain(complaint,
                           "the file became shorter while it was read, or its "
                           "disk failed");
    }
    return true;
}

void yk_npy_close(yk_npy_file *file)
{
    if (file->mapping != NULL) {
        (void)munmap(file->mapping, file->size);
    }
    memset(file, 0, sizeof *file);
}
