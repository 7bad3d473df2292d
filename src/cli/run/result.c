/* SPDX-License-Identifier: MIT */
#include "cli/run/result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/formats/format.h"
#include "cli/interrupt.h"

enum { ANYONE = 0666, PERMISSIONS = 0777 };

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* The place of a file that does not exist yet. */
static char *resolve_new(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    char *folder = folder_of(path);
    char *resolved = folder != NULL ? realpath(folder, NULL) : NULL;
    char *target = NULL;

    if (resolved != NULL &&
        asprintf(&target, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, name) <
            0) {
        target = NULL;
    }
    free(folder);
    free(resolved);
    return target;
}

static mode_t default_mode(void)
{
    const mode_t mask = umask(0);

    (void)umask(mask);
    return ANYONE & ~mask;
}

static bool check_folder(const yk_result *result, yk_complaint *complaint)
{
    char *folder = folder_of(result->target);
    const bool good = folder != NULL && access(folder, W_OK | X_OK) == 0;
    const int error = errno;

    free(folder);
    return good ||
           yk_complain(complaint, "no file can be made there: %s", strerror(error));
}

bool yk_result_prepare(yk_result *result, const char *path, const yk_format *format,
                       yk_complaint *complaint)
{
    struct stat status;

    memset(result, 0, sizeof *result);
    if (path[strlen(path) - 1] == '/') {
        return yk_complain(complaint, "this is the name of a folder");
    }
    result->format = format != NULL ? format : yk_format_of_name(path, complaint);
    if (result->format == NULL) {
        return false;
    }
    result->mode = default_mode();
    result->target = realpath(path, NULL);
    if (result->target == NULL && errno == ENOENT) {
        result->target = resolve_new(path);
    }
    if (result->target == NULL) {
        return yk_complain(complaint, "no file can be made there: %s", strerror(errno));
    }
    if (stat(result->target, &status) == 0) {
        if (!S_ISREG(status.st_mode)) {
            return yk_complain(complaint, "this exists and is not a regular file");
        }
        result->mode = status.st_mode & PERMISSIONS;
    }
    return check_folder(result, complaint);
}

/* Creates the temporary file; a signal finds it either not there or to be removed. */
static int create_temporary(yk_result *result, yk_complaint *complaint)
{
    char *folder = folder_of(result->target);
    int descriptor = -1;

    if (folder == NULL || asprintf(&result->temporary, "%s/.yoke-XXXXXX", folder) < 0) {
        result->temporary = NULL;
        free(folder);
        (void)yk_complain(complaint, "out of memory");
        return -1;
    }
    free(folder);
    yk_interrupt_block(true);
    descriptor = mkostemp(result->temporary, O_CLOEXEC);
    if (descriptor < 0) {
        (void)yk_complain(complaint, "no file can be made there: %s", strerror(errno));
        free(result->temporary);
        result->temporary = NULL;
    } else {
        (void)yk_interrupt_remove(result->temporary);
    }
    yk_interrupt_block(false);
    return descriptor;
}

/* Down to the disk, and closed in any case. */
static bool finish_temporary(const yk_result *result, int descriptor,
                             yk_complaint *complaint)
{
    const bool good = fchmod(descriptor, result->mode) == 0 && fsync(descriptor) == 0;
    const int error = errno;

    if (close(descriptor) != 0 && good) {
        return yk_format_complain_write(complaint);
    }
    errno = error;
    return good || yk_format_complain_write(complaint);
}

bool yk_result_write(yk_result *result, const yk_shape *array, const void *elements,
                     yk_complaint *complaint)
{
    const int descriptor = create_temporary(result, complaint);

    if (descriptor < 0) {
        return false;
    }
    if (!result->format->write(descriptor, array, elements, complaint)) {
        (void)close(descriptor);
        return false;
    }
    return finish_temporary(result, descriptor, complaint);
}

/* Makes a rename last through a power failure; some file systems cannot, and do not
 * matter. */
static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    const int descriptor =
        folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (descriptor >= 0) {
        (void)fsync(descriptor);
        (void)close(descriptor);
    }
    free(folder);
}

static void forget_temporary(yk_result *result)
{
    yk_interrupt_keep(result->temporary);
    free(result->temporary);
    result->temporary = NULL;
}

bool yk_result_commit(yk_result *result, yk_complaint *complaint)
{
    if (rename(result->temporary, result->target) != 0) {
        return yk_complain(complaint, "the file cannot be put in place: %s",
                           strerror(errno));
    }
    forget_temporary(result);
    sync_folder(result->target);
    return true;
}

void yk_result_fini(yk_result *result)
{
    if (result->temporary != NULL) {
        (void)unlink(result->temporary);
        forget_temporary(result);
    }
    free(result->target);
    memset(result, 0, sizeof *result);
}
