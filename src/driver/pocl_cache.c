/* SPDX-License-Identifier: MIT */
#include "driver/pocl_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "base/text.h"
#include "sys/lock_file.h"

/* PoCL 3.1 fails an assertion if this variable is set to nothing. */
void yk_pocl_mend_environment(void)
{
    if (yk_env_text("POCL_CACHE_DIR") == NULL) {
        (void)unsetenv("POCL_CACHE_DIR");
    }
}

static bool put_path(char path[YK_POCL_FOLDER_BYTES], const char *folder,
                     const char *below)
{
    const int length = snprintf(path, YK_POCL_FOLDER_BYTES, "%s%s", folder, below);

    return length > 0 && length < YK_POCL_FOLDER_BYTES;
}

/* As PoCL finds it. */
static bool find_folder(char path[YK_POCL_FOLDER_BYTES])
{
    const char *folder;

    if ((folder = yk_env_text("POCL_CACHE_DIR")) != NULL) {
        return put_path(path, folder, "");
    }
    if ((folder = yk_env_text("XDG_CACHE_HOME")) != NULL) {
        return put_path(path, folder, "/pocl/kcache");
    }
    if ((folder = getenv("HOME")) != NULL) {
        return put_path(path, folder, "/.cache/pocl/kcache");
    }
    return put_path(path, "/tmp", "/pocl/kcache");
}

/* False with errno. The path is complete all the same, unless it is too long. */
static bool prepare_folder(char path[YK_POCL_FOLDER_BYTES])
{
    if (!find_folder(path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return yk_make_folder(path) && yk_is_writable_folder(path);
}

void yk_pocl_cache_folder(char path[YK_POCL_FOLDER_BYTES])
{
    if (!prepare_folder(path)) {
        path[0] = '\0';
    }
}

void yk_pocl_cache_problem(char *text, size_t bytes)
{
    char path[YK_POCL_FOLDER_BYTES];

    text[0] = '\0';
    if (!prepare_folder(path)) {
        yk_text_format(text, bytes,
                       "PoCL cannot write its cache folder '%s': %s; set POCL_CACHE_DIR "
                       "to a folder that can be written",
                       path, strerror(errno));
    }
}
