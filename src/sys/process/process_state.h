/* SPDX-License-Identifier: MIT */
/* What the system says of another process. */
#ifndef YK_SYS_PROCESS_PROCESS_STATE_H
#define YK_SYS_PROCESS_PROCESS_STATE_H

#include <stdbool.h>
#include <sys/types.h>

typedef enum yk_process_state {
    YK_LOOK_UNKNOWN, /* there is no such process, or the system does not tell */
    YK_LOOK_GOES,    /* runs, or waits for something that it has asked for */
    YK_LOOK_STOPPED, /* by SIGSTOP and the like: until SIGCONT */
    YK_LOOK_TRACED,  /* a debugger holds it */
    YK_LOOK_STUCK,   /* waits inside the system, where no signal reaches it */
    YK_LOOK_DEAD     /* has ended and was not reaped */
} yk_process_state;

/* *parent may be NULL. A file of /proc is read: about 20 us. */
yk_process_state yk_process_look(pid_t pid, pid_t *parent);

#endif
