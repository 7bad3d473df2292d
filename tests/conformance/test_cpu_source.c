/* SPDX-License-Identifier: MIT */
/* Kernels' source on cores. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu",
        .driver = "pocl",
        .source_only = true,
    });
}
