/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stddef.h>

static const struct {
    yoke_status status;
    const char *text;
} table[] = {
#define YK_ENTRY(name, value, text) {name, text},
    YOKE_STATUS_TABLE(YK_ENTRY)
#undef YK_ENTRY
};

const char *yk_status_text(yoke_status status)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == status) {
            return table[i].text;
        }
    }
    return "unknown status";
}
