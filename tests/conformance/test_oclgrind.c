/* SPDX-License-Identifier: MIT */
/* A simulated device that looks for races and stray accesses. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "opencl:0",
        .slow = true,
        .driver = "oclgrind",
        .checked = true,
    });
}
