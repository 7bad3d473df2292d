/* SPDX-License-Identifier: MIT */
#include "worker/thread_limit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "sys/elf.h"

/* A library that starts threads. The files' names begin with one of `files`; builds of OpenBLAS
 * with 64-bit integers have a suffix in the names of their functions. */
typedef struct threaded_library {
    const char *files[4];
    const char *variables[3]; /* with one of them the program has chosen */
    const char *set;
    const char *get;   /* NULL: cannot be asked */
    const char *procs; /* what `get` returns if the program has not set a number */
} threaded_library;

static const threaded_library libraries[] = {
    {{"libgomp.", "libomp.", "libiomp5.", NULL},
     {"OMP_NUM_THREADS"},
     "omp_set_num_threads",
     "omp_get_max_threads",
     "omp_get_num_procs"},
    {{"libopenblas", NULL},
     {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"},
     "openblas_set_num_threads",
     "openblas_get_num_threads",
     "openblas_get_num_procs"},
    {{"libopenblas", NULL},
     {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"},
     "openblas_set_num_threads64_",
     "openblas_get_num_threads64_",
     "openblas_get_num_procs64_"},
    {{"libmkl_rt.", "libmkl_core.", NULL},
     {"MKL_NUM_THREADS", "OMP_NUM_THREADS"},
     "MKL_Set_Num_Threads",
     NULL,
     NULL},
    {{"libblis", NULL},
     {"BLIS_NUM_THREADS", "OMP_NUM_THREADS"},
     "bli_thread_set_num_threads",
     NULL,
     NULL},
};

static bool has_variable(const threaded_library *library)
{
    for (const char *const *name = library->variables; *name != NULL; name++) {
        if (yk_env_text(*name) != NULL) {
            return true;
        }
    }
    return false;
}

static int ask_number(const threaded_library *library, const char *function)
{
    int (*get)(void) = NULL;

    if (function != NULL) {
        get = (int (*)(void))yk_elf_find_function(library->files, function);
    }
    return get != NULL ? get() : -1;
}

/* Whether the program has set a number by a call. By default it is the number of CPUs that the
 * library counts, or of those that it counted when it was loaded. */
static bool has_chosen(const threaded_library *library)
{
    const int number = ask_number(library, library->get);
    const int procs = ask_number(library, library->procs);

    return number > 0 && procs > 0 && number != procs &&
           number != (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* BLIS takes a long, the others an int: the same register. */
static void limit_library(const threaded_library *library, unsigned count)
{
    void (*set)(long) = NULL;

    if (has_variable(library) || has_chosen(library)) {
        return;
    }
    set = (void (*)(long))yk_elf_find_function(library->files, library->set);
    if (set != NULL) {
        set((long)count);
    }
}

void yk_thread_limit_set(unsigned count)
{
    char text[16];

    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        limit_library(&libraries[i], count);
    }
    (void)snprintf(text, sizeof text, "%u", count);
    (void)setenv("OMP_NUM_THREADS", text, 0);
}
