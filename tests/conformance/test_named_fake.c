/* SPDX-License-Identifier: MIT */
/* Named segments that devices with memory of their own keep from map to map. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "fake:2x1/private",
        .copies = true,
        .lends = true,
        .named = true,
    });
}
