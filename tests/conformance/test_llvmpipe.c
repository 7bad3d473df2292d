/* SPDX-License-Identifier: MIT */
/* A second implementation of OpenCL. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "opencl:llvmpipe",
        .slow = true,
        .driver = "rusticl",
        .environment = {{"RUSTICL_ENABLE", "llvmpipe"}},
    });
}
