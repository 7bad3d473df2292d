/* SPDX-License-Identifier: MIT */
/* The sources of the sample kernels, compiled as C by yoke/clc.h: a second host form. Those with
 * local memory have none. */
#ifndef SAMPLE_CLC_FORMS_H
#define SAMPLE_CLC_FORMS_H

#include <yoke/yoke.h>

/* The host form that was made of the kernel's source, or NULL. */
yoke_native *sample_clc_form(const char *name);

#endif
