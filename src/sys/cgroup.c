/* SPDX-License-Identifier: MIT */
#include "sys/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/call_guard.h"

bool yk_read_text(const char *path, char *text, size_t bytes)
{
    YK_NOT_CANCELLED;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t got = 0;

    if (fd < 0) {
        return false;
    }
    do {
        length += (size_t)got;
        got = read(fd, text + length, bytes - 1 - length);
    } while (got > 0);
    (void)close(fd);
    text[length] = '\0';
    return length > 0;
}

static bool number_at(const char *text, uint64_t *number)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return *text >= '0' && *text <= '9' && sscanf(text, "%" SCNu64, number) == 1;
}

bool yk_text_number(const char *text, const char *key, uint64_t *number)
{
    const size_t length = strlen(key);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 &&
            (line[length] == ' ' || line[length] == ':')) {
            return number_at(line + length + 1, number);
        }
    }
    return false;
}

/* Whether a comma-separated list has a word. */
static bool list_has(const char *list, const char *word)
{
    const size_t length = strlen(word);
    const char *at = list;

    for (;;) {
        const size_t span = strcspn(at, ",");

        if (span == length && strncmp(at, word, length) == 0) {
            return true;
        }
        if (at[span] == '\0') {
            return false;
        }
        at += span + 1;
    }
}

/* /proc/self/cgroup: "number:controllers:path", for version 2 "0::path". */
static bool own_path(FILE *file, const char *controller, char *path)
{
    YK_NOT_CANCELLED;
    char line[YK_CGROUP_PATH_BYTES];

    while (fgets(line, sizeof line, file) != NULL) {
        char *list = strchr(line, ':');
        char *end = list == NULL ? NULL : strchr(list + 1, ':');

        if (end == NULL) {
            continue;
        }
        *end = '\0';
        end[1 + strcspn(end + 1, "\n")] = '\0';
        list++;
        if (controller == NULL ? list[0] == '\0' : list_has(list, controller)) {
            (void)snprintf(path, YK_CGROUP_PATH_BYTES, "%s", end + 1);
            return true;
        }
    }
    return false;
}

/* mountinfo writes blanks in paths as \040. */
static void cgroup_unescape(char *text)
{
    char *out = text;

    while (*text != '\0') {
        unsigned code;
        int digits;

        if (text[0] == '\\' && sscanf(text + 1, "%3o%n", &code, &digits) == 1) {
            *out++ = (char)code;
            text += 1 + digits;
        } else {
            *out++ = *text++;
        }
    }
    *out = '\0';
}

typedef struct mount_line {
    char root[YK_CGROUP_PATH_BYTES];  /* the group that is mounted */
    char point[YK_CGROUP_PATH_BYTES]; /* where it is mounted */
    char type[32];
    char options[256];
} mount_line;

static bool parse_mount(const char *line, mount_line *mount)
{
    const char *rest = strstr(line, " - ");

    if (rest == NULL ||
        sscanf(rest, " - %31s %*s %255s", mount->type, mount->options) != 2 ||
        sscanf(line, "%*s %*s %*s %1023s %1023s", mount->root, mount->point) != 2) {
        return false;
    }
    cgroup_unescape(mount->root);
    cgroup_unescape(mount->point);
    return true;
}

static bool is_wanted(const mount_line *mount, const char *controller)
{
    if (controller == NULL) {
        return strcmp(mount->type, "cgroup2") == 0;
    }
    return strcmp(mount->type, "cgroup") == 0 && list_has(mount->options, controller);
}

static bool find_mount(FILE *file, const char *controller, mount_line *mount)
{
    YK_NOT_CANCELLED;
    char line[4 * YK_CGROUP_PATH_BYTES];

    while (fgets(line, sizeof line, file) != NULL) {
        if (parse_mount(line, mount) && is_wanted(mount, controller)) {
            return true;
        }
    }
    return false;
}

/* A path below the group that is mounted, relative to the mount point. A container may see its
 * group under the name that it has outside: then the mount is all there is. */
static const char *path_below(const char *path, const char *mounted)
{
    const size_t length = strcmp(mounted, "/") == 0 ? 0 : strlen(mounted);

    if (strncmp(path, mounted, length) != 0 ||
        (path[length] != '/' && path[length] != '\0') || strstr(path, "/..") != NULL) {
        return "";
    }
    return strcmp(path + length, "/") == 0 ? "" : path + length;
}

static FILE *open_proc(const char *root, const char *name)
{
    YK_NOT_CANCELLED;
    char path[YK_CGROUP_PATH_BYTES];

    if ((size_t)snprintf(path, sizeof path, "%s/proc/self/%s", root, name) >=
        sizeof path) {
        return NULL;
    }
    return fopen(path, "re");
}

static bool read_own_path(const char *root, const char *controller, char *path)
{
    YK_NOT_CANCELLED;
    FILE *file = open_proc(root, "cgroup");
    const bool found = file != NULL && own_path(file, controller, path);

    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static bool read_mount(const char *root, const char *controller, mount_line *mount)
{
    YK_NOT_CANCELLED;
    FILE *file = open_proc(root, "mountinfo");
    const bool found = file != NULL && find_mount(file, controller, mount);

    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

bool yk_cgroup_find(const char *root, const char *controller, yk_cgroup *group)
{
    char path[YK_CGROUP_PATH_BYTES];
    mount_line mount;
    size_t length;

    if (!read_own_path(root, controller, path) ||
        !read_mount(root, controller, &mount)) {
        return false;
    }
    group->mount_length = strlen(root) + strlen(mount.point);
    length = (size_t)snprintf(group->folder, sizeof group->folder, "%s%s%s", root,
                              mount.point, path_below(path, mount.root));
    return length < sizeof group->folder;
}

bool yk_cgroup_up(yk_cgroup *group)
{
    char *slash;

    if (strlen(group->folder) <= group->mount_length) {
        return false;
    }
    slash = strrchr(group->folder + group->mount_length, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

bool yk_cgroup_text(const yk_cgroup *group, const char *file, char *text, size_t bytes)
{
    char path[YK_CGROUP_PATH_BYTES + 64];

    (void)snprintf(path, sizeof path, "%s/%s", group->folder, file);
    return yk_read_text(path, text, bytes);
}

bool yk_cgroup_number(const yk_cgroup *group, const char *file, uint64_t *number)
{
    char text[64];

    return yk_cgroup_text(group, file, text, sizeof text) && number_at(text, number);
}
