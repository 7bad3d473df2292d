/* SPDX-License-Identifier: MIT */
#include "source/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static yoke_status source_file_fail(const char *path, int code, const char *noun,
                                    yk_error *error)
{
    return yk_fail(error, code == ENOENT || code == ENOTDIR ? YOKE_ENOENT : YOKE_ESYSTEM,
                   "%s: the source file '%s' cannot be read: %s", noun, path,
                   strerror(code));
}

/* An #include of a file that cannot be read would be an error of the compiler. */
static yoke_status source_file_check(const char *path, const char *noun, yk_error *error)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int code = fd < 0 ? errno : 0;

    if (strpbrk(path, "\"\n\\") != NULL) {
        code = EINVAL;
    } else if (fd >= 0 && fstat(fd, &about) != 0) {
        code = errno;
    } else if (fd >= 0 && S_ISDIR(about.st_mode)) {
        code = EISDIR;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (code == EINVAL) {
        return yk_fail(error, YOKE_EINVAL,
                       "%s: the name of the source file has a quotation mark, backslash or "
                       "line end: '%s'",
                       noun, path);
    }
    return code == 0 ? YOKE_OK : source_file_fail(path, code, noun, error);
}

yoke_status yk_source_file_open(yk_source_file *file, const char *path, const char *options,
                                const char *noun, yk_error *error)
{
    const char *const slash = strrchr(path, '/');
    const int folder = slash == NULL ? 0 : slash == path ? 1 : (int)(slash - path);
    const yoke_status status = source_file_check(path, noun, error);

    memset(file, 0, sizeof *file);
    if (status != YOKE_OK) {
        return status;
    }
    if (asprintf(&file->source, "#include \"%s\"\n", path) < 0) {
        file->source = NULL;
    }
    if (asprintf(&file->options, "%s -I \"%.*s\"", options, folder > 0 ? folder : 1,
                 folder > 0 ? path : ".") < 0) {
        file->options = NULL;
    }
    if (file->source == NULL || file->options == NULL) {
        yk_source_file_close(file);
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    return YOKE_OK;
}

void yk_source_file_close(yk_source_file *file)
{
    free(file->source);
    free(file->options);
    memset(file, 0, sizeof *file);
}
