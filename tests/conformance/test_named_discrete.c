/* SPDX-License-Identifier: MIT */
/* Named segments on an OpenCL device that takes copies. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "opencl:pocl",
        .driver = "pocl",
        .copies = true,
        .environment = {{"YOKE_FORCE_DISCRETE", "1"}},
        .named = true,
    });
}
