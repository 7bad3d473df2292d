/* SPDX-License-Identifier: MIT */
/* Pretended devices with poisoned memory of their own. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "fake:2x1/private",
        .copies = true,
    });
}
