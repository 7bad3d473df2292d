/* SPDX-License-Identifier: MIT */
#include "suite_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static char header[128];

bool suite_folder_make(void)
{
    FILE *file;
    bool ok;

    (void)snprintf(folder, sizeof folder, "/tmp/yoke-suite-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return false;
    }
    (void)snprintf(header, sizeof header, "%s/suite_shift.h", folder);
    file = fopen(header, "we");
    if (file == NULL) {
        return false;
    }
    ok = fputs("#define SUITE_SHIFT 12345\n", file) >= 0;
    return fclose(file) == 0 && ok;
}

void suite_folder_remove(void)
{
    (void)unlink(header);
    (void)rmdir(folder);
}

const char *suite_folder_options(const char *options)
{
    static char text[256];
    const char *const at = options != NULL ? strchr(options, '@') : NULL;

    if (at == NULL) {
        return options;
    }
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - options), options, folder,
                   at + 1);
    return text;
}
