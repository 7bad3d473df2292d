/* SPDX-License-Identifier: MIT */
/* Results that stay on devices with memory of their own until another one needs them. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu:1,fake:2x1/private",
        .lends = true,
        .keeps = true,
    });
}
