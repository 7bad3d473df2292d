/* SPDX-License-Identifier: MIT */
/* Named segments, on cores. */
#include "suite.h"

int main(void)
{
    return suite_main(&(suite_target){
        .devices = "cpu:2",
        .named = true,
    });
}
