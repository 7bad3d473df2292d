/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the examples: ending on errors, waiting with a progress line, pictures, the
 * summary.
 */
#ifndef EXAMPLE_SUPPORT_H
#define EXAMPLE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yoke/yoke.h>

#include "kernels.h"

/* A pool on the devices that YOKE_DEVICES names, all of them ready; ends the program if
 * the pool cannot be created. */
yoke_pool *example_pool(void);

/* Closes the pool; ends the program if something failed that no call has reported. */
void example_close(yoke_pool *pool);

/* Memory of the pool; ends the program if there is none left. */
void *example_alloc(yoke_pool *pool, size_t bytes);

/* A sample kernel, source and host form; ends the program if it does not build. */
yoke_kernel *example_kernel(yoke_pool *pool, const char *name);

/* Ends the program with the pool's explanation unless status is YOKE_OK. */
void example_check(yoke_pool *pool, yoke_status status, const char *doing);

/* Waits for a job and gives its future back, with a progress line if stderr is a
 * terminal; ends the program if the job failed. */
void example_wait(yoke_future *future, const char *doing);

/* The progress line itself, for loops over many jobs. */
void example_progress(const char *doing, double part);

/* Seconds since some fixed moment. */
double example_seconds(void);

/* The number in an option's argument; ends the program unless it is between low and
 * high. */
unsigned long example_number(const char *text, const char *option, unsigned long low,
                             unsigned long high);

/* An 8-bit picture: rows from the top, channels (1 grey, 3 red, green, blue)
 * interleaved. */
typedef struct example_picture {
    uint8_t *pixels; /* from malloc() */
    size_t width;
    size_t height;
    size_t channels;
} example_picture;

/* Reads any PNG file as grey or colour; transparent parts become white. Ends the
 * program if it cannot be read. */
example_picture example_picture_read(const char *path);

/* Writes a PNG file; ends the program if that fails. */
void example_picture_write(const char *path, const uint8_t *pixels, size_t width,
                           size_t height, size_t channels);

/* Prints the line that ./examples/run collects and returns the program's exit status.
 */
int example_summary(yoke_pool *pool, const char *name, const char *size, double seconds,
                    bool ok);

#endif
