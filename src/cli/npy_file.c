/* SPDX-License-Identifier: MIT */
#include "cli/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/mapped_copy.h"

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

bool yk_npy_load(const yk_npy_file *file, void *to, yk_complaint *complaint)
{
    const char *from = (const char *)file->mapping + file->array.offset;

    (void)madvise(file->mapping, file->size, MADV_SEQUENTIAL);
    if (!yk_mapped_copy(to, from, file->array.bytes)) {
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
