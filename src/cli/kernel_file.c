/* SPDX-License-Identifier: MIT */
#include "cli/kernel_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"

enum { SOURCE_BYTES = 1 << 26, LINK_TRIES = 1000 };

static const char plain_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+-";

/* Compilers split their options at spaces and differ in what quotes mean to them. */
static bool kernel_file_is_plain(const char *path)
{
    return path[strspn(path, plain_characters)] == '\0';
}

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

static char *link_name(int number)
{
    const char *folder = getenv("TMPDIR");
    char *name;

    if (folder == NULL || folder[0] != '/' || !kernel_file_is_plain(folder)) {
        folder = "/tmp";
    }
    return asprintf(&name, "%s/yoke-%ld-%d", folder, (long)getpid(), number) < 0 ? NULL
                                                                                 : name;
}

static bool link_folder(yk_kernel_file *source, const char *folder,
                        yk_complaint *complaint)
{
    for (int i = 0; i < LINK_TRIES; i++) {
        char *name = link_name(i);
        bool made;

        if (name == NULL) {
            break;
        }
        yk_interrupt_block(true);
        made = symlink(folder, name) == 0;
        if (made) {
            source->link = name;
            (void)yk_interrupt_remove(name);
        }
        yk_interrupt_block(false);
        if (made) {
            return true;
        }
        free(name);
        if (errno != EEXIST) {
            break;
        }
    }
    return yk_complain(complaint, "its folder cannot be put on the include path: %s",
                       strerror(errno));
}

static bool write_options(yk_kernel_file *source, const char *given, const char *folder)
{
    given = given != NULL ? given : "";
    if (asprintf(&source->build_options, "%s%s-I%s", given, *given != '\0' ? " " : "",
                 folder) < 0) {
        source->build_options = NULL;
        return false;
    }
    return true;
}

static bool kernel_file_add_folder(yk_kernel_file *source, const char *path,
                                   const char *given, yk_complaint *complaint)
{
    char *folder = absolute_folder(path);
    bool good = folder != NULL || yk_complain(complaint, "%s", strerror(errno));

    if (good && !kernel_file_is_plain(folder)) {
        good = link_folder(source, folder, complaint);
    }
    if (good &&
        !write_options(source, given, source->link != NULL ? source->link : folder)) {
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
        !kernel_file_add_folder(source, path, build_options, complaint)) {
        return yk_complain_about(complaint, "%s", path);
    }
    return true;
}

void yk_kernel_file_fini(yk_kernel_file *source)
{
    if (source->link != NULL) {
        (void)unlink(source->link);
        yk_interrupt_keep(source->link);
    }
    free(source->text);
    free(source->build_options);
    free(source->link);
    memset(source, 0, sizeof *source);
}
