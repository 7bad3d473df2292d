/* SPDX-License-Identifier: MIT */
/* More CPU workers than there may be cores. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu:3",
    });
}
