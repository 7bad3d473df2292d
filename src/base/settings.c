/* SPDX-License-Identifier: MIT */
#include "base/settings.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#include "base/parse.h"

typedef enum setting_type { TYPE_text, TYPE_flag, TYPE_size } setting_type;

static const struct {
    const char *name;
    setting_type type;
    const char *standard;
} settings[YK_SETTINGS] = {
#define YK_SETTING_ENTRY(identifier, name, type, standard, help)                       \
    [identifier] = {name, TYPE_##type, standard},
    YK_SETTING_TABLE(YK_SETTING_ENTRY) YK_SETTING_TEST_TABLE(YK_SETTING_ENTRY)
#undef YK_SETTING_ENTRY
};

const char *yk_env_text(const char *name)
{
    const char *const text = getenv(name);

    return text != NULL && text[0] != '\0' ? text : NULL;
}

bool yk_setting_is_set(yk_setting setting)
{
    return yk_env_text(settings[setting].name) != NULL;
}

const char *yk_setting_text(yk_setting setting)
{
    const char *const text = yk_env_text(settings[setting].name);

    if (text != NULL) {
        return text;
    }
    return settings[setting].standard[0] != '\0' ? settings[setting].standard : NULL;
}

void yk_setting_prefix(yk_setting setting, yk_error *error)
{
    const char *const text = yk_env_text(settings[setting].name);

    if (text != NULL) {
        yk_error_prefix(error, "%s=%s: ", settings[setting].name, text);
    }
}

static bool setting_parse_flag(const char *text, bool *value)
{
    static const char *const words[][2] = {
        {"0", "1"}, {"no", "yes"}, {"off", "on"}, {"false", "true"}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (unsigned answer = 0; answer < 2; answer++) {
            if (strcasecmp(text, words[i][answer]) == 0) {
                *value = answer == 1;
                return true;
            }
        }
    }
    return false;
}

yoke_status yk_setting_flag(yk_setting setting, bool *value, yk_error *error)
{
    yoke_status status = YOKE_OK;

    assert(settings[setting].type == TYPE_flag);
    if (!setting_parse_flag(yk_setting_text(setting), value)) {
        status = yk_fail(error, YOKE_EINVAL, "not a valid flag; write 1 or 0");
        yk_setting_prefix(setting, error);
    }
    return status;
}

yoke_status yk_setting_bytes(yk_setting setting, uint64_t *bytes, yk_error *error)
{
    yoke_status status = YOKE_OK;

    assert(settings[setting].type == TYPE_size);
    if (!yk_parse_bytes(yk_setting_text(setting), bytes)) {
        status = yk_fail(error, YOKE_EINVAL,
                         "not a valid size; write a number of bytes, such as 4096, "
                         "512M or 2G");
        yk_setting_prefix(setting, error);
    }
    return status;
}
