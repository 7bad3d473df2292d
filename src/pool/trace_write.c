/* SPDX-License-Identifier: MIT */
/* A trace as text: the Trace Event Format, JSON that Perfetto and chrome://tracing show. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "pool/trace.h"
#include "sys/call_guard.h"
#include "sys/process.h"

/* What is written, and from what. */
typedef struct writer {
    const yoke_pool *pool;
    const yk_tracer *tracer;
    FILE *file;
    unsigned pid;
    yk_traced_job *jobs;    /* a copy; collected_ns becomes the end of the last chunk */
    yk_trace_event *events; /* of one ring */
    yk_traced_kernel kernels[YK_TRACE_KERNELS];
    uint64_t began_ns;
    uint64_t lost; /* events that were overwritten */
} writer;

/* ---- JSON ---- */

/* Bytes that are no UTF-8 would make the file unreadable: they and control characters become
 * question marks. */
static void write_text(FILE *file, const char *text)
{
    (void)fputc('"', file);
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            (void)fputc('\\', file);
        }
        (void)fputc(c < 0x20 || c > 0x7e ? '?' : c, file);
    }
    (void)fputc('"', file);
}

/* In microseconds; not by way of floating point, whose comma is the locale's. */
static void write_time(FILE *file, const char *key, uint64_t ns)
{
    (void)fprintf(file, ",\"%s\":%llu.%03u", key, (unsigned long long)(ns / 1000),
                  (unsigned)(ns % 1000));
}

/* A line's beginning: what kind of event, when, on which track. */
static void begin_event(const writer *self, const char *phase, const char *category,
                        const char *name, uint64_t ns, unsigned track)
{
    (void)fprintf(self->file, ",\n{\"ph\":\"%s\",\"cat\":\"%s\",\"name\":", phase,
                  category);
    write_text(self->file, name);
    write_time(self->file, "ts", ns > self->began_ns ? ns - self->began_ns : 0);
    (void)fprintf(self->file, ",\"pid\":%u,\"tid\":%u", self->pid, track);
}

/* ---- tracks ---- */

/* Each worker has a track for each of its lanes, since chunks in flight overlap. */
static unsigned track_of(uint32_t slot, unsigned lane)
{
    return slot * YK_MAX_LANES + lane + 1;
}

static void name_track(const writer *self, uint32_t slot, unsigned lane)
{
    const yk_worker *worker = &self->pool->control->workers[slot];
    const unsigned track = track_of(slot, lane);
    char name[sizeof worker->name + sizeof worker->info.name + 32];

    (void)snprintf(
        name, sizeof name, "%s%s%s%s%s", slot == YK_CALLER ? "caller" : worker->name,
        lane > 0 ? ", next lane" : "", worker->info.name[0] != '\0' ? " (" : "",
        worker->info.name, worker->info.name[0] != '\0' ? ")" : "");
    (void)fprintf(self->file,
                  ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%u,\"tid\":%u,"
                  "\"args\":{\"name\":",
                  self->pid, track);
    write_text(self->file, name);
    (void)fprintf(self->file,
                  "}},\n{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":%u,"
                  "\"tid\":%u,\"args\":{\"sort_index\":%u}}",
                  self->pid, track, track);
}

/* ---- events ---- */

static const char *kernel_name(const writer *self, uint64_t id)
{
    const yk_traced_kernel *kernel = &self->kernels[id % YK_TRACE_KERNELS];

    return kernel->id == id ? kernel->name : "an earlier kernel";
}

static yk_traced_job *trace_job_of(const writer *self, uint64_t sequence)
{
    yk_traced_job *job = &self->jobs[sequence % YK_TRACE_JOBS];

    return job->submitted_ns != 0 && job->sequence == sequence ? job : NULL;
}

static void write_chunk(const writer *self, uint32_t slot, const yk_trace_event *event)
{
    const yk_traced_job *job = trace_job_of(self, event->job);

    begin_event(self, "X", "chunk", job != NULL ? job->name : "an earlier job",
                event->begin_ns, track_of(slot, event->lane));
    write_time(self->file, "dur", event->end_ns - event->begin_ns);
    (void)fprintf(self->file,
                  ",\"args\":{\"job\":%llu,\"first\":%llu,\"items\":%llu,"
                  "\"sent\":%llu,\"received\":%llu}}",
                  (unsigned long long)event->job, (unsigned long long)event->first,
                  (unsigned long long)(event->last - event->first),
                  (unsigned long long)event->sent, (unsigned long long)event->received);
}

static void write_build(const writer *self, uint32_t slot, const yk_trace_event *event)
{
    char name[YK_KERNEL_NAME_BYTES + 16];

    (void)snprintf(name, sizeof name, "build %s", kernel_name(self, event->job));
    begin_event(self, "X", "build", name, event->begin_ns, track_of(slot, 0));
    write_time(self->file, "dur", event->end_ns - event->begin_ns);
    (void)fputs(",\"args\":{}}", self->file);
}

/* What became of a worker's process, as the supervisor saw it. */
static void write_life(const writer *self, const yk_trace_event *event)
{
    const uint32_t slot = (uint32_t)event->first;
    char text[256] = "process started";

    if (slot >= YK_MAX_WORKERS) {
        return;
    }
    if (event->kind == YK_TRACE_DEATH) {
        yk_process_describe_exit((int)event->job, text, sizeof text);
    }
    begin_event(self, "i", "process", text, event->begin_ns, track_of(slot, 0));
    (void)fprintf(self->file, ",\"s\":\"t\",\"args\":{\"pid\":%llu}}",
                  (unsigned long long)event->last);
}

static void write_event(const writer *self, uint32_t ring, const yk_trace_event *event)
{
    switch (event->kind) {
    case YK_TRACE_CHUNK:
        write_chunk(self, ring, event);
        break;
    case YK_TRACE_BUILD:
        write_build(self, ring, event);
        break;
    default:
        write_life(self, event);
    }
}

/* A job ends with its last chunk; the application may have looked much later. */
static void learn_end(const writer *self, const yk_trace_event *event, bool *seen)
{
    yk_traced_job *job = trace_job_of(self, event->job);
    const size_t place = event->job % YK_TRACE_JOBS;

    if (job == NULL || job->collected_ns == 0) {
        return;
    }
    if (!seen[place] || event->end_ns > job->collected_ns) {
        job->collected_ns = event->end_ns;
    }
    seen[place] = true;
}

static void write_ring(writer *self, uint32_t ring, bool *seen)
{
    const yk_trace *trace = self->tracer->trace;
    const size_t count = yk_trace_copy(trace, ring, self->events);
    bool has_second_lane = false;

    self->lost += yk_trace_lost(trace, ring);
    for (size_t i = 0; i < count; i++) {
        write_event(self, ring, &self->events[i]);
        has_second_lane |= self->events[i].lane > 0;
        if (self->events[i].kind == YK_TRACE_CHUNK) {
            learn_end(self, &self->events[i], seen);
        }
    }
    if (ring < yk_worker_count(self->pool->control) ||
        (ring == YK_CALLER && count > 0)) {
        name_track(self, ring, 0);
    }
    if (has_second_lane) {
        name_track(self, ring, 1);
    }
}

static void write_job(const writer *self, const yk_traced_job *job)
{
    begin_event(self, "b", "job", job->name, job->submitted_ns, 0);
    (void)fprintf(self->file, ",\"id\":%llu,\"args\":{\"job\":%llu,\"items\":%llu}}",
                  (unsigned long long)job->sequence, (unsigned long long)job->sequence,
                  (unsigned long long)job->items);
    if (job->collected_ns == 0) {
        return; /* it has not ended, as far as the application knows */
    }
    begin_event(self, "e", "job", job->name, job->collected_ns, 0);
    (void)fprintf(self->file, ",\"id\":%llu,\"args\":{\"status\":",
                  (unsigned long long)job->sequence);
    write_text(self->file, yk_status_text(job->status));
    (void)fputs("}}", self->file);
}

static bool trace_write_all(writer *self)
{
    bool *seen = calloc(YK_TRACE_JOBS, sizeof *seen);

    if (seen == NULL) {
        return false;
    }
    (void)fprintf(self->file,
                  "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
                  "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%u,\"tid\":0,"
                  "\"args\":{\"name\":\"yoke\"}},\n"
                  "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%u,\"tid\":0,"
                  "\"args\":{\"name\":\"jobs\"}}",
                  self->pid, self->pid);
    for (uint32_t ring = 0; ring < YK_TRACE_RINGS; ring++) {
        write_ring(self, ring, seen);
    }
    for (size_t i = 0; i < YK_TRACE_JOBS; i++) {
        if (self->jobs[i].submitted_ns != 0) {
            write_job(self, &self->jobs[i]);
        }
    }
    (void)fprintf(self->file, "\n],\"otherData\":{\"overwritten\":%llu}}\n",
                  (unsigned long long)self->lost);
    free(seen);
    return true;
}

/* ---- */

/* What may change while it is written. */
static void copy_books_locked(writer *self)
{
    memcpy(self->jobs, self->tracer->jobs, YK_TRACE_JOBS * sizeof *self->jobs);
    self->began_ns = self->tracer->began_ns;
    memcpy(self->kernels, self->tracer->kernels, sizeof self->kernels);
}

static yoke_status write_file(writer *self, const char *path, yk_error *error)
{
    bool complete;

    self->file = fopen(path, "we");
    if (self->file == NULL) {
        return yk_fail(error, YOKE_ESYSTEM, "the trace cannot be written to %s: %s",
                       path, strerror(errno));
    }
    complete = trace_write_all(self);
    complete = ferror(self->file) == 0 && complete;
    if (fclose(self->file) != 0 || !complete) {
        return yk_fail(error, YOKE_ESYSTEM, "the trace in %s is not complete: %s", path,
                       strerror(errno));
    }
    return YOKE_OK;
}

yoke_status yk_trace_write(yoke_pool *pool, const char *path, yk_error *error)
{
    YK_NOT_CANCELLED;
    writer *self = calloc(1, sizeof *self);
    yoke_status status = YOKE_OK;

    if (self != NULL) {
        self->jobs = malloc(YK_TRACE_JOBS * sizeof *self->jobs);
        self->events = malloc(YK_TRACE_EVENTS * sizeof *self->events);
    }
    if (self == NULL || self->jobs == NULL || self->events == NULL) {
        status = yk_fail(error, YOKE_ENOMEM, "out of memory");
    } else {
        self->pool = pool;
        self->pid = (unsigned)yk_process_self();
        yk_pool_lock(pool);
        self->tracer = pool->tracer;
        if (pool->tracer == NULL || pool->tracer->trace == NULL) {
            status = yk_fail(error, YOKE_EINVAL, "nothing was traced in this pool");
        } else {
            copy_books_locked(self);
        }
        yk_pool_unlock(pool);
    }
    if (status == YOKE_OK) {
        status = write_file(self, path, error);
    }
    if (self != NULL) {
        free(self->jobs);
        free(self->events);
    }
    free(self);
    return status;
}
