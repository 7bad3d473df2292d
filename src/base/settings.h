/* SPDX-License-Identifier: MIT */
/*
 * Settings from environment variables. A variable that is set to an empty text counts as unset.
 * Every error text begins with "NAME=VALUE: ".
 */
#ifndef YK_BASE_SETTINGS_H
#define YK_BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/settings_table.h"

typedef enum yk_setting {
#define YK_SETTING_ENTRY(identifier, name, type, standard, help) identifier,
    YK_SETTING_TABLE(YK_SETTING_ENTRY) YK_SETTING_TEST_TABLE(YK_SETTING_ENTRY)
#undef YK_SETTING_ENTRY
        YK_SETTINGS,
} yk_setting;

/* Whether the variable is set. */
bool yk_setting_is_set(yk_setting setting);

/* The variable's text, borrowed from the environment, or its default; NULL without both. */
const char *yk_setting_text(yk_setting setting);

/* 1, yes, on, true or 0, no, off, false. YOKE_EINVAL leaves *value as it is. */
yoke_status yk_setting_flag(yk_setting setting, bool *value, yk_error *error);

/* As yk_parse_bytes() reads it. YOKE_EINVAL leaves *bytes as it is. */
yoke_status yk_setting_bytes(yk_setting setting, uint64_t *bytes, yk_error *error);

/* Puts "NAME=VALUE: " before an error's text, if the variable is set. */
void yk_setting_prefix(yk_setting setting, yk_error *error);

/* A variable of other programs (OCL_ICD_VENDORS, HOME): borrowed from the environment, NULL
 * if it is unset or empty. */
const char *yk_env_text(const char *name);

#endif
