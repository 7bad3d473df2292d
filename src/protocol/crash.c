/* SPDX-License-Identifier: MIT */
#include "protocol/crash.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#include "protocol/control.h"
#include "protocol/fault_point.h"
#include "sys/call_guard.h"
#include "sys/process.h"
#include "sys/signals.h"
#include "sys/wakeup.h"

/* ---- which functions were called ---- */

typedef struct crash_walk {
    yk_crash *crash;
    uint64_t pc;
    uint64_t starts[2]; /* where the functions of the last two frames begin */
    uint32_t count;
    bool is_inside; /* the frames of the handler have passed */
} crash_walk;

/* The last frame is the guard's by which the library calls the program. The one before it may be
 * the library's, too, and calls the program's function. */
static void crash_end_walk(crash_walk *walk, uint64_t guarded)
{
    walk->count--;
    if (walk->count > 1 && walk->starts[1] == guarded) {
        walk->count--;
    }
    walk->crash->has_last = walk->count > 0;
}

/* At a frame the unwinder reports where the frame before it begins. */
static _Unwind_Reason_Code crash_see_frame(struct _Unwind_Context *context, void *argument)
{
    crash_walk *walk = argument;
    const uint64_t address = _Unwind_GetIP(context);
    uintptr_t guarded;

    walk->is_inside = walk->is_inside || address == walk->pc;
    if (!walk->is_inside) {
        return _URC_NO_REASON;
    }
    if (walk->count > 0 && yk_guard_has_frame(_Unwind_GetCFA(context), &guarded)) {
        crash_end_walk(walk, guarded);
        return _URC_END_OF_STACK;
    }
    if (address == 0 || walk->count == YK_CRASH_FRAMES) {
        return _URC_END_OF_STACK;
    }
    walk->crash->frames[walk->count++].address = address;
    walk->starts[1] = walk->starts[0];
    walk->starts[0] = _Unwind_GetRegionStart(context);
    return _URC_NO_REASON;
}

static void crash_walk_stack(yk_crash *crash, const yk_fatal *fatal)
{
    crash_walk walk = {.crash = crash, .pc = fatal->pc};

    (void)_Unwind_Backtrace(crash_see_frame, &walk);
    if (walk.count == 0 || fatal->caller != 0) {
        crash->frames[0].address = fatal->pc;
        walk.count = 1;
    }
    if (fatal->caller != 0) { /* from where no code is the unwinder finds no way */
        crash->frames[walk.count++].address = fatal->caller;
        crash->has_last = 1;
    }
    atomic_store(&crash->frame_count, walk.count);
}

/* ---- in which files they are ---- */

/* A line of /proc/self/maps, such as
 *     55d1c8a00000-55d1c8a02000 r-xp 00001000 fe:01 1311 /usr/bin/program */
typedef struct crash_line {
    uint64_t begin;
    uint64_t end;
    uint64_t offset;
    bool has_code;
    const char *path; /* "": none */
} crash_line;

/* Reads a hexadecimal number and the character behind it. */
static uint64_t crash_read_number(const char **text)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;

    for (; **text != '\0'; (*text)++) {
        const char *digit = strchr(digits, **text);

        if (digit == NULL) {
            (*text)++;
            break;
        }
        value = value << 4 | (uint64_t)(digit - digits);
    }
    return value;
}

static crash_line crash_parse(const char *text)
{
    crash_line line = {.begin = crash_read_number(&text)};

    line.end = crash_read_number(&text);
    line.has_code = strnlen(text, 3) == 3 && text[2] == 'x';
    text += strcspn(text, " ");
    text += strspn(text, " ");
    line.offset = crash_read_number(&text);
    line.path = strchr(text, '/');
    line.path = line.path != NULL ? line.path : "";
    return line;
}

/* The object's number; 0: there are too many. */
static uint32_t crash_object(yk_crash *crash, const char *path)
{
    for (uint32_t i = 0; i < YK_CRASH_OBJECTS; i++) {
        char *object = crash->objects[i];

        if (object[0] == '\0') {
            memcpy(object, path, strnlen(path, YK_CRASH_PATH_BYTES - 1));
        }
        if (strncmp(object, path, YK_CRASH_PATH_BYTES - 1) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void crash_place_frames(yk_crash *crash, const char *text)
{
    const crash_line line = crash_parse(text);
    const uint32_t count = atomic_load(&crash->frame_count);

    for (uint32_t i = 0; i < count && line.has_code && line.path[0] != '\0'; i++) {
        yk_crash_frame *frame = &crash->frames[i];

        if (frame->address >= line.begin && frame->address < line.end) {
            frame->offset = frame->address - line.begin + line.offset;
            atomic_store(&frame->object, crash_object(crash, line.path));
        }
    }
}

/* Line by line. What does not fit into the buffer is cut off. */
static void crash_read_maps(yk_crash *crash)
{
    static char text[8192]; /* not on the handler's stack */
    const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t count;

    while (fd >= 0 && (count = read(fd, text + length, sizeof text - 1 - length)) > 0) {
        char *line = text;
        char *end;

        length += (size_t)count;
        text[length] = '\0';
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            crash_place_frames(crash, line);
            line = end + 1;
        }
        length -= (size_t)(line - text);
        length = length < sizeof text - 1 ? length : 0;
        memmove(text, line, length);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* ---- the record ---- */

static void crash_describe(yk_crash *crash, const yk_fatal *fatal, int problem)
{
    crash->signal = fatal->number;
    crash->cause = fatal->cause;
    crash->kind = fatal->kind;
    crash->address = fatal->address;
    crash->problem = problem;
    crash->sender = fatal->sender != yk_process_self() ? fatal->sender : 0;
    atomic_store(&crash->state, YK_CRASH_COMPLETE);
}

void yk_crash_record(yk_control *control, yk_crash *crash, const yk_fatal *fatal,
                     int problem)
{
    uint32_t none = YK_CRASH_NONE;

    if (!atomic_compare_exchange_strong(&crash->state, &none, YK_CRASH_WRITING)) {
        yk_hang_now(); /* until the first one ends the process */
    }
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_CRASH_WRITING);
    crash_describe(crash, fatal, problem);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_CRASH_COMPLETE);
    crash_walk_stack(crash, fatal);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_CRASH_WALKED);
    crash_read_maps(crash);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_CRASH_PLACED);
}

void yk_crash_reset(yk_crash *crash)
{
    atomic_store(&crash->frame_count, 0);
    crash->has_last = 0;
    for (uint32_t i = 0; i < YK_CRASH_FRAMES; i++) {
        atomic_store(&crash->frames[i].object, 0);
    }
    for (uint32_t i = 0; i < YK_CRASH_OBJECTS; i++) {
        memset(crash->objects[i], 0, YK_CRASH_PATH_BYTES);
    }
    atomic_store(&crash->state, YK_CRASH_NONE);
}
