/* SPDX-License-Identifier: MIT */
/* A CPU's OpenCL device as a worker of its own. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "opencl:pocl",
        .driver = "pocl",
    });
}
