/* SPDX-License-Identifier: MIT */
/* What the library in guest.c can do; 0 if it went well. */
#ifndef GUEST_H
#define GUEST_H

int guest_open(void);
int guest_work(void); /* a job and a process */
int guest_close(void);

/* A pool of the program is not one of its own. */
int guest_refuses(void *pool);

#endif
