/* SPDX-License-Identifier: MIT */
/* The same program in C++, where variadic templates stand in for the macros. */
#include "consumer.c"
