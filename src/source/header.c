/* SPDX-License-Identifier: MIT */
#include "source/header.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/lexer.h"

enum { MAX_BYTES = 1 << 26, READ_TRIES = 16 };

void yk_headers_init(yk_headers *headers, const yk_build_options *options)
{
    *headers = (yk_headers){.options = options};
    headers->root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void yk_headers_fini(yk_headers *headers)
{
    while (headers->headers != NULL) {
        yk_header *const header = headers->headers;

        headers->headers = header->next;
        free(header);
    }
    while (headers->texts != NULL) {
        yk_header_text *const text = headers->texts;

        headers->texts = text->next;
        free(text->text);
        free(text);
    }
    if (headers->root >= 0) {
        (void)close(headers->root);
    }
}

/* ---- reading ---- */

static bool has_once(const char *text)
{
    yk_token token;

    while ((token = yk_lex(&text)).kind != YK_TOKEN_END) {
        if (token.kind == YK_TOKEN_HASH && yk_token_is(yk_lex(&text), "pragma") &&
            yk_token_is(yk_lex(&text), "once")) {
            return true;
        }
    }
    return false;
}

/* Reads all of a file, with room for two newlines and a 0. */
static char *read_bytes(int file, size_t bytes, int *code)
{
    char *const text = malloc(bytes + 3);
    size_t done = 0;
    ssize_t got = 1;

    while (text != NULL && done < bytes && got > 0) {
        got = pread(file, text + done, bytes - done, (off_t)done);
        done += got > 0 ? (size_t)got : 0;
    }
    if (text == NULL || got < 0 || done < bytes) {
        *code = text == NULL ? ENOMEM : got < 0 ? errno : EAGAIN;
        free(text);
        return NULL;
    }
    memcpy(text + bytes, "\n\n", 3);
    return text;
}

static bool is_same_moment(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A file that is being written is read again, so that the text is one version of it. */
static char *read_moment(int file, size_t *bytes, int *code)
{
    struct stat before;
    struct stat after;

    for (int i = 0; i < READ_TRIES; i++) {
        char *text;

        *code = 0;
        if (fstat(file, &before) != 0 || before.st_size > MAX_BYTES) {
            *code = before.st_size > MAX_BYTES ? EFBIG : errno;
            return NULL;
        }
        text = read_bytes(file, (size_t)before.st_size, code);
        if (text != NULL && fstat(file, &after) == 0 &&
            is_same_moment(&before, &after)) {
            *bytes = (size_t)before.st_size;
            return text;
        }
        free(text);
        if (*code != 0 && *code != EAGAIN) {
            return NULL;
        }
    }
    *code = EAGAIN;
    return NULL;
}

static yk_header_text *known_text(const yk_headers *headers, const struct stat *of)
{
    yk_header_text *text = headers->texts;

    while (text != NULL && (text->device != of->st_dev || text->inode != of->st_ino)) {
        text = text->next;
    }
    return text;
}

static yk_header_text *new_text(yk_headers *headers, int file, const struct stat *of,
                                int *code)
{
    yk_header_text *const made = calloc(1, sizeof *made);

    if (made == NULL) {
        *code = ENOMEM;
        return NULL;
    }
    made->text = read_moment(file, &made->bytes, code);
    if (made->text == NULL) {
        free(made);
        return NULL;
    }
    made->device = of->st_dev;
    made->inode = of->st_ino;
    (void)snprintf(made->once, sizeof made->once, "yk_once_%u 1", ++headers->count);
    made->is_text = memchr(made->text, '\0', made->bytes) == NULL;
    made->is_once = made->is_text && has_once(made->text);
    made->next = headers->texts;
    headers->texts = made;
    return made;
}

static yk_header_text *open_text(yk_headers *headers, const char *path, int *code)
{
    const int file =
        openat(headers->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    yk_header_text *text = NULL;
    struct stat is;

    *code = file < 0 ? errno : 0;
    if (file < 0) {
        *code = *code == ENOENT || *code == ENOTDIR ? 0 : *code;
        return NULL;
    }
    if (fstat(file, &is) != 0) {
        *code = errno;
    } else if (S_ISREG(is.st_mode)) {
        text = known_text(headers, &is);
        text = text != NULL ? text : new_text(headers, file, &is, code);
    } else if (!S_ISDIR(is.st_mode)) {
        *code = EINVAL;
    }
    (void)close(file);
    headers->is_short_of_memory |= *code == ENOMEM;
    return text;
}

/* ---- finding ---- */

static yk_header *known_header(const yk_headers *headers, const char *path)
{
    yk_header *header = headers->headers;

    while (header != NULL && strcmp(header->path, path) != 0) {
        header = header->next;
    }
    return header;
}

static yk_header *new_header(yk_headers *headers, const char *path, int *code)
{
    yk_header_text *const content = open_text(headers, path, code);
    yk_header *made;

    if (content == NULL) {
        return NULL;
    }
    made = malloc(sizeof *made + strlen(path) + 1);
    if (made == NULL) {
        headers->is_short_of_memory = true;
        return NULL;
    }
    made->content = content;
    strcpy(made->path, path);
    made->next = headers->headers;
    headers->headers = made;
    return made;
}

/* `length` is that of the folder's name; 0: the working directory. */
static yk_header *look_in(yk_headers *headers, const char *folder, size_t length,
                          const char *name, int *code)
{
    const char *const slash = length > 0 && folder[length - 1] != '/' ? "/" : "";
    yk_header *header;
    char *path;

    *code = 0;
    if (asprintf(&path, "%.*s%s%s", (int)length, folder, slash, name) < 0) {
        headers->is_short_of_memory = true;
        return NULL;
    }
    header = known_header(headers, path);
    if (header == NULL) {
        header = new_header(headers, path, code);
    }
    free(path);
    return header;
}

static yk_header_place look_beside(yk_headers *headers, const yk_header_name *name)
{
    const char *const slash = strrchr(name->includer, '/');
    const size_t length = slash != NULL ? (size_t)(slash - name->includer) + 1 : 0;
    yk_header_place place = {.folder = YK_NO_FOLDER};

    place.header = look_in(headers, name->includer, length, name->name, &place.code);
    return place;
}

static yk_header_place look_in_folders(yk_headers *headers, const yk_header_name *name)
{
    const yk_texts *const folders = &headers->options->folders;
    const size_t first = name->is_quoted ? 0 : headers->options->angled;
    yk_header_place place = {.folder = YK_NO_FOLDER};

    for (size_t i = first; i < folders->count; i++) {
        const char *const folder = folders->list[i];

        if ((int)i <= name->after) {
            continue;
        }
        place.header =
            look_in(headers, folder, strlen(folder), name->name, &place.code);
        if (place.header != NULL || place.code != 0) {
            place.folder = (int)i;
            return place;
        }
    }
    return place;
}

yk_header_place yk_headers_find(yk_headers *headers, const yk_header_name *name)
{
    yk_header_place place = {.folder = YK_NO_FOLDER};

    if (name->name[0] == '/') {
        place.header = look_in(headers, "", 0, name->name, &place.code);
        return place;
    }
    if (name->is_quoted && !name->is_next) {
        place = look_beside(headers, name);
    }
    return place.header != NULL || place.code != 0 ? place
                                                   : look_in_folders(headers, name);
}
