/* SPDX-License-Identifier: MIT */
#include "suite_oclgrind.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char driver[] = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";

bool suite_oclgrind_is_installed(void)
{
    return access(driver, R_OK) == 0;
}

bool suite_oclgrind_set_up(void)
{
    return setenv("OCL_ICD_VENDORS", driver, 1) == 0 &&
           setenv("OCLGRIND_DATA_RACES", "1", 1) == 0 &&
           setenv("OCLGRIND_CHECK_API", "1", 1) == 0;
}

/* Several processes write to it. */
static int make_file(void)
{
    char path[] = "/tmp/yoke-oclgrind-XXXXXX";
    const int file = mkostemp(path, O_APPEND | O_CLOEXEC);

    if (file >= 0) {
        (void)unlink(path);
    }
    return file;
}

yoke_status suite_oclgrind_create(yoke_pool **pool, const yoke_pool_options *options,
                                  int *findings)
{
    const int file = make_file();
    const int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    yoke_status status = YOKE_ESYSTEM;

    *pool = NULL;
    *findings = file;
    (void)fflush(stderr);
    if (file >= 0 && own >= 0 && dup2(file, STDERR_FILENO) >= 0) {
        status = yoke_pool_create(pool, options);
        (void)dup2(own, STDERR_FILENO);
    }
    (void)close(own);
    return status;
}

size_t suite_oclgrind_read(int findings, char *text, size_t bytes)
{
    const ssize_t length = pread(findings, text, bytes - 1, 0);

    text[length > 0 ? length : 0] = '\0';
    (void)close(findings);
    return length > 0 ? (size_t)length : 0;
}
