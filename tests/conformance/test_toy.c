/* SPDX-License-Identifier: MIT */
/* Devices of a kind that a test adds: see tests/kinds. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "toy:3",
    });
}
