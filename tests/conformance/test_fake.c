/* SPDX-License-Identifier: MIT */
/* Pretended devices, slower than a core. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "fake:3x0.5",
    });
}
