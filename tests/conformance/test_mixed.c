/* SPDX-License-Identifier: MIT */
/* Host forms on cores and sources on an OpenCL device, in the same job. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu,opencl:pocl",
        .driver = "pocl",
    });
}
