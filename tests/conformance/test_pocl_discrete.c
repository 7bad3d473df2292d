/* SPDX-License-Identifier: MIT */
/* The same, as if it had memory of its own. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "opencl:pocl",
        .driver = "pocl",
        .copies = true,
        .environment = {{"YOKE_FORCE_DISCRETE", "1"}},
    });
}
