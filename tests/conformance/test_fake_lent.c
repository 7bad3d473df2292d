/* SPDX-License-Identifier: MIT */
/* Devices with memory of their own that keep arrays from map to map. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "fake:3x1/private",
        .copies = true,
        .lends = true,
    });
}
