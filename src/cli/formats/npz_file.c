/* SPDX-License-Identifier: MIT */
/* Members of NumPy's .npz files, which are ZIP archives of .npy files, by libzip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/formats/format.h"

bool yk_npz_recognizes(const unsigned char *bytes, size_t size)
{
    return size >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0;
}

#ifndef YOKE_CLI_ZIP

bool yk_npz_read(yk_array_file *file, const char *member, yk_complaint *complaint)
{
    (void)file;
    (void)member;
    return yk_complain(complaint,
                       "this is an .npz file, and this yoke was built without libzip "
                       "(Debian, Ubuntu: apt install libzip-dev, and build again)");
}

#else

#include <zip.h>

enum { NAME_BYTES = 256, LIST_BYTES = 1024 };

static bool npz_complain(yk_complaint *complaint, const char *text)
{
    return yk_complain(complaint, "the .npz file is damaged: %s", text);
}

/* The names of all members, without ".npy". */
static void npz_list(char list[LIST_BYTES], zip_t *archive)
{
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    size_t used = 0;

    list[0] = '\0';
    for (zip_int64_t i = 0; i < count && used < LIST_BYTES; i++) {
        const char *name = zip_get_name(archive, (zip_uint64_t)i, 0);
        size_t length = name != NULL ? strlen(name) : 0;

        if (length > 4 && strcmp(name + length - 4, ".npy") == 0) {
            length -= 4;
        }
        used +=
            (size_t)snprintf(list + used, LIST_BYTES - used, "%s%.*s",
                             i > 0 ? ", " : "", (int)length, name != NULL ? name : "");
    }
}

/* By its name, with or without ".npy"; without a name the only one. -1: it is not there. */
static zip_int64_t npz_find(zip_t *archive, const char *member, yk_complaint *complaint)
{
    char name[NAME_BYTES];
    char list[LIST_BYTES];
    zip_int64_t index = -1;

    if (member == NULL && zip_get_num_entries(archive, 0) == 1) {
        return 0;
    }
    npz_list(list, archive);
    if (member == NULL) {
        (void)yk_complain(
            complaint, "the file has several arrays; FILE.npz/NAME is one of them: %s",
            list);
        return -1;
    }
    if (snprintf(name, sizeof name, "%s.npy", member) < (int)sizeof name) {
        index = zip_name_locate(archive, name, 0);
    }
    if (index < 0) {
        index = zip_name_locate(archive, member, 0);
    }
    if (index < 0) {
        (void)yk_complain(complaint, "the file has no array '%s'; it has %s", member,
                          list);
    }
    return index;
}

/* The size of a member that can be read. Compression makes it at most 1032 times as small, so
 * memory is not taken on the word of a damaged entry. */
static bool npz_measure(zip_t *archive, zip_uint64_t index, size_t *size,
                        yk_complaint *complaint)
{
    enum { MAX_RATIO = 1100 };

    zip_stat_t status;

    if (zip_stat_index(archive, index, 0, &status) != 0) {
        return npz_complain(complaint, zip_strerror(archive));
    }
    if ((status.valid & ZIP_STAT_SIZE) == 0 ||
        (status.valid & ZIP_STAT_COMP_SIZE) == 0 ||
        status.size / MAX_RATIO > status.comp_size || status.size == 0) {
        return npz_complain(complaint, "the size of the array is wrong");
    }
    if ((status.valid & ZIP_STAT_COMP_METHOD) != 0 &&
        status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE) {
        return yk_complain(complaint,
                           "the array is compressed by method %u; numpy stores or "
                           "deflates",
                           status.comp_method);
    }
    *size = (size_t)status.size;
    return true;
}

/* All of it, and its end: the checksum is compared there. */
static bool npz_copy(zip_file_t *from, unsigned char *to, size_t size,
                     yk_complaint *complaint)
{
    unsigned char more;
    size_t done = 0;

    while (done < size) {
        const zip_int64_t count = zip_fread(from, to + done, size - done);

        if (count < 0) {
            return npz_complain(complaint, zip_file_strerror(from));
        }
        if (count == 0) {
            return npz_complain(complaint, "the array is cut short");
        }
        done += (size_t)count;
    }
    if (zip_fread(from, &more, 1) != 0) {
        return npz_complain(complaint, "the array's checksum or size is wrong");
    }
    return true;
}

static void *npz_extract(zip_t *archive, const char *member, size_t *size,
                         yk_complaint *complaint)
{
    const zip_int64_t index = npz_find(archive, member, complaint);
    zip_file_t *from;
    unsigned char *to;

    if (index < 0 || !npz_measure(archive, (zip_uint64_t)index, size, complaint)) {
        return NULL;
    }
    from = zip_fopen_index(archive, (zip_uint64_t)index, 0);
    if (from == NULL) {
        (void)npz_complain(complaint, zip_strerror(archive));
        return NULL;
    }
    to = malloc(*size);
    if (to == NULL) {
        (void)yk_complain(complaint, "out of memory");
    } else if (!npz_copy(from, to, *size, complaint)) {
        free(to);
        to = NULL;
    }
    (void)zip_fclose(from);
    return to;
}

static zip_t *npz_open(const yk_content *content, yk_complaint *complaint)
{
    zip_error_t error;
    zip_source_t *source;
    zip_t *archive = NULL;

    zip_error_init(&error);
    source = zip_source_buffer_create(content->bytes, content->size, 0, &error);
    if (source != NULL) {
        archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    }
    if (archive == NULL) {
        (void)npz_complain(complaint, zip_error_strerror(&error));
        zip_source_free(source);
    }
    zip_error_fini(&error);
    return archive;
}

bool yk_npz_read(yk_array_file *file, const char *member, yk_complaint *complaint)
{
    zip_t *archive;
    void *extracted;
    size_t size = 0;

    if (!yk_content_load(&file->content, complaint)) {
        return false;
    }
    archive = npz_open(&file->content, complaint);
    if (archive == NULL) {
        return false;
    }
    extracted = npz_extract(archive, member, &size, complaint);
    zip_discard(archive);
    if (extracted == NULL) {
        return false;
    }
    yk_content_replace(&file->content, extracted, size);
    return yk_npy_file_read(file, NULL, complaint) ||
           yk_complain_about(complaint, "the member");
}

#endif
