/* SPDX-License-Identifier: MIT */
#include "cli/run/kernel_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_BYTES = 1 << 26 };

/* Makes the compiler's messages name the file. */
static void write_line_directive(FILE *to, const char *path)
{
    fputs("#line 1 \"", to);
    for (; *path != '\0'; path++) {
        if (*path == '"' || *path == '\\') {
            fputc('\\', to);
        }
        fputc((unsigned char)*path < ' ' ? '?' : *path, to);
    }
    fputs("\"\n", to);
}

static bool copy_file(FILE *to, FILE *from, yk_complaint *complaint)
{
    char part[4096];
    size_t total = 0;
    size_t length;

    while ((length = fread(part, 1, sizeof part, from)) > 0) {
        total += length;
        if (memchr(part, '\0', length) != NULL) {
            return yk_complain(complaint, "this is not text");
        }
        if (total > SOURCE_BYTES) {
            return yk_complain(complaint, "the file is too big for a kernel's source");
        }
        (void)fwrite(part, 1, length, to);
    }
    return !ferror(from) || yk_complain(complaint, "%s", strerror(errno));
}

static bool kernel_file_read_text(yk_kernel_file *source, const char *path,
                                  yk_complaint *complaint)
{
    size_t length = 0;
    FILE *from = fopen(path, "re");
    FILE *to = NULL;
    bool good;

    if (from == NULL) {
        return yk_complain(complaint, "%s", strerror(errno));
    }
    to = open_memstream(&source->text, &length);
    if (to == NULL) {
        (void)fclose(from);
        return yk_complain(complaint, "out of memory");
    }
    write_line_directive(to, path);
    good = copy_file(to, from, complaint);
    (void)fclose(from);
    if (fclose(to) != 0 && good) {
        good = yk_complain(complaint, "out of memory");
    }
    return good;
}

static char *absolute_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder;
    char *absolute;

    if (slash == NULL) {
        return realpath(".", NULL);
    }
    folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    absolute = folder != NULL ? realpath(folder, NULL) : NULL;
    free(folder);
    return absolute;
}

/* The library reads the included files and takes the option away, so compilers do not see what
 * the folder is called. */
static bool write_options(yk_kernel_file *source, const char *given, const char *folder)
{
    size_t length;
    FILE *to = open_memstream(&source->build_options, &length);

    if (to == NULL) {
        return false;
    }
    fprintf(to, "%s%s-I\"", given, *given != '\0' ? " " : "");
    for (; *folder != '\0'; folder++) {
        if (*folder == '"' || *folder == '\\') {
            fputc('\\', to);
        }
        fputc(*folder, to);
    }
    fputc('"', to);
    return fclose(to) == 0;
}

/* Whether the folder may matter. A word too many does no harm. */
static bool may_include(const yk_kernel_file *source, const char *given)
{
    return strstr(source->text, "include") != NULL || strstr(given, "include") != NULL;
}

static bool kernel_file_set_options(yk_kernel_file *source, const char *path,
                                    const char *given, yk_complaint *complaint)
{
    char *folder;
    bool good;

    if (!may_include(source, given)) {
        source->build_options = strdup(given);
        return source->build_options != NULL || yk_complain(complaint, "out of memory");
    }
    folder = absolute_folder(path);
    good = folder != NULL || yk_complain(complaint, "%s", strerror(errno));
    if (good && !write_options(source, given, folder)) {
        good = yk_complain(complaint, "out of memory");
    }
    free(folder);
    return good;
}

bool yk_kernel_file_read(yk_kernel_file *source, const char *path,
                         const char *build_options, yk_complaint *complaint)
{
    memset(source, 0, sizeof *source);
    if (!kernel_file_read_text(source, path, complaint) ||
        !kernel_file_set_options(source, path,
                                 build_options != NULL ? build_options : "",
                                 complaint)) {
        return yk_complain_about(complaint, "%s", path);
    }
    return true;
}

void yk_kernel_file_fini(yk_kernel_file *source)
{
    free(source->text);
    free(source->build_options);
    memset(source, 0, sizeof *source);
}
