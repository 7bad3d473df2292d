/* SPDX-License-Identifier: MIT */
/* Named segments on an OpenCL device that works in place, beside a core. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu:1,opencl:pocl",
        .driver = "pocl",
        .named = true,
    });
}
