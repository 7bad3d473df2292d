/* SPDX-License-Identifier: MIT */
/* A device that keeps arrays from map to map, beside a core that changes them too. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu:1,opencl:pocl",
        .driver = "pocl",
        .lends = true,
        .environment = {{"YOKE_FORCE_DISCRETE", "1"}},
    });
}
