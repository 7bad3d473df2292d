/* SPDX-License-Identifier: MIT */
/* Whether an argument fits the kernel parameter it is given for. */
#ifndef YK_CLI_RUN_PARAMETER_H
#define YK_CLI_RUN_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/run/argument.h"
#include "cli/run/array.h"
#include "yoke/kernel.h"

/* array: of an array argument, opened and divided; else not looked at. */
bool yk_parameter_check(const yoke_parameter_info *parameter,
                        const yk_argument *argument, const yk_array *array,
                        yk_complaint *complaint);

/* Names an argument in a message: its number, text and parameter (may be NULL). */
bool yk_parameter_complain(yk_complaint *complaint, size_t number,
                           const yk_argument *argument,
                           const yoke_parameter_info *parameter);

/* "float *z, float a" */
void yk_parameter_list(char *text, size_t size, const yoke_parameter_info *parameters,
                       size_t count);

#endif
