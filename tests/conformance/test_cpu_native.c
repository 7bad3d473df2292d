/* SPDX-License-Identifier: MIT */
/* Host forms on cores. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu",
    });
}
