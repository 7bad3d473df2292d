/* SPDX-License-Identifier: MIT */
#include "cli/formats/content.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 1 << 16 };

/* ---- standard input ---- */

/* Kept until the end of the program: two arguments may be the same input. */
static struct {
    unsigned char *bytes;
    size_t size;
    bool is_read;
} standard_input;

static bool content_grow(size_t *capacity, yk_complaint *complaint)
{
    const size_t wanted = *capacity == 0 ? FIRST_BYTES : *capacity * 2;
    unsigned char *more = realloc(standard_input.bytes, wanted);

    if (more == NULL) {
        return yk_complain(complaint, "out of memory");
    }
    standard_input.bytes = more;
    *capacity = wanted;
    return true;
}

static bool read_standard_input(yk_complaint *complaint)
{
    size_t capacity = 0;
    ssize_t count;

    do {
        if (standard_input.size == capacity && !content_grow(&capacity, complaint)) {
            return false;
        }
        count = read(STDIN_FILENO, standard_input.bytes + standard_input.size,
                     capacity - standard_input.size);
        if (count < 0 && errno != EINTR) {
            return yk_complain(complaint, "standard input: %s", strerror(errno));
        }
        standard_input.size += count > 0 ? (size_t)count : 0;
    } while (count != 0);
    standard_input.is_read = true;
    return true;
}

static bool open_standard_input(yk_content *content, yk_complaint *complaint)
{
    if (!standard_input.is_read && !read_standard_input(complaint)) {
        return false;
    }
    if (standard_input.size == 0) {
        return yk_complain(complaint, "standard input is empty");
    }
    content->bytes = standard_input.bytes;
    content->size = standard_input.size;
    return true;
}

/* ---- files ---- */

static bool map_file(yk_content *content, int descriptor, yk_complaint *complaint)
{
    struct stat status;

    if (fstat(descriptor, &status) != 0) {
        return yk_complain(complaint, "%s", strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return yk_complain(complaint,
                           "this is not a regular file; '-' reads standard input");
    }
    if (status.st_size == 0) {
        return yk_complain(complaint, "the file is empty");
    }
    content->size = (size_t)status.st_size;
    content->mapping = mmap(NULL, content->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (content->mapping == MAP_FAILED) {
        content->mapping = NULL;
        return yk_complain(complaint, "the file cannot be mapped: %s", strerror(errno));
    }
    content->bytes = content->mapping;
    return true;
}

bool yk_content_open(yk_content *content, const char *path, yk_complaint *complaint)
{
    int descriptor;
    bool good;

    memset(content, 0, sizeof *content);
    if (strcmp(path, "-") == 0) {
        return open_standard_input(content, complaint);
    }
    /* Without O_NONBLOCK a FIFO would wait for its writer. */
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return yk_complain(complaint, "%s", strerror(errno));
    }
    good = map_file(content, descriptor, complaint);
    (void)close(descriptor);
    return good;
}

void yk_content_close(yk_content *content)
{
    if (content->mapping != NULL) {
        (void)munmap(content->mapping, content->size);
    }
    free(content->memory);
    memset(content, 0, sizeof *content);
}

void yk_content_replace(yk_content *content, void *memory, size_t size)
{
    yk_content_close(content);
    *content = (yk_content){.bytes = memory, .size = size, .memory = memory};
}

/* ---- pages that are lost ---- */

static sigjmp_buf page_lost;

static void on_bus_error(int number)
{
    siglongjmp(page_lost, number);
}

bool yk_content_guard(void (*read)(void *context), void *context)
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
        read(context);
    }
    (void)sigaction(SIGBUS, &previous, NULL);
    return good;
}

typedef struct content_copy {
    void *to;
    const yk_content *from;
} content_copy;

static void copy_content(void *context)
{
    const content_copy *copy = context;

    memcpy(copy->to, copy->from->bytes, copy->from->size);
}

bool yk_content_load(yk_content *content, yk_complaint *complaint)
{
    content_copy copy = {NULL, content};

    if (content->mapping == NULL) {
        return true;
    }
    copy.to = malloc(content->size);
    if (copy.to == NULL) {
        return yk_complain(complaint, "out of memory");
    }
    if (!yk_content_guard(copy_content, &copy)) {
        free(copy.to);
        return yk_complain(complaint,
                           "the file became shorter while it was read, or its "
                           "disk failed");
    }
    yk_content_replace(content, copy.to, content->size);
    return true;
}
