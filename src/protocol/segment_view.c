/* SPDX-License-Identifier: MIT */
#include "protocol/segment_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/text.h"
#include "protocol/fault_point.h"
#include "sys/access.h"
#include "sys/futex.h"
#include "sys/process.h"
#include "sys/wakeup.h"

/* The view of this process; NULL in the application and in what it forks. */
static yk_segment_view *adopted;

/* The maximum number of times that an access is tried again although all is attached, since
 * other threads may have attached it meanwhile. After that it counts as an access that the
 * memory does not allow. */
enum { MAX_REFUSALS = 1000 };

bool yk_segment_view_init(yk_segment_view *view, yk_control *control, yk_mapping arena,
                          pid_t owner)
{
    *view = (yk_segment_view){.control = control,
                              .arena = arena,
                              .owner = owner,
                              .process = yk_process_self(),
                              .seen = &control->detached_seen};
    if (control->guards != 0) {
        view->blocks = calloc(YK_MAX_GUARDED, sizeof *view->blocks);
    }
    return control->guards == 0 || view->blocks != NULL;
}

/* A fault point of processes; of the supervisor elsewhere. */
static void segment_view_visit(const yk_segment_view *view, uint32_t point)
{
    (void)point;
    if (view == adopted) {
        YK_FAULT_POINT_WHOEVER(view->control, point);
    } else {
        YK_FAULT_POINT_WHOEVER(view->control, YK_FAULT_SUPERVISOR_VIEW);
    }
}

/* ---- its lock ---- */

/* In a forked process the lock may belong to a thread that does not exist there: then it is
 * free. */
static void segment_view_lock(yk_segment_view *view)
{
    const pid_t self = yk_process_self();
    pid_t holder = 0;

    while (!atomic_compare_exchange_strong(&view->lock, &holder, self)) {
        if (holder != self &&
            atomic_compare_exchange_strong(&view->lock, &holder, self)) {
            return;
        }
        holder = 0;
        yk_yield();
    }
}

static void segment_view_unlock(yk_segment_view *view)
{
    atomic_store(&view->lock, 0);
}

/* Outside signal handlers: blocks signals, so that no handler of this thread waits for the
 * lock. */
static void segment_view_enter(yk_segment_view *view, yk_signals *before)
{
    yk_signals_block(before);
    segment_view_lock(view);
}

static void segment_view_leave(yk_segment_view *view, const yk_signals *before)
{
    segment_view_unlock(view);
    yk_signals_restore(before);
}

/* ---- segments; with the lock ---- */

/* Copies an entry of the table. False if it changes meanwhile. */
static bool read_segment(const yk_attachment *entry, yk_attachment *attachment)
{
    const uint64_t id = atomic_load(&entry->id);

    memcpy(attachment, entry, sizeof *attachment);
    attachment->name[sizeof attachment->name - 1] = '\0';
    atomic_thread_fence(memory_order_seq_cst);
    return id != 0 && atomic_load(&entry->id) == id &&
           atomic_load(&attachment->id) == id;
}

static uint32_t attachment_slots(const yk_segment_view *view)
{
    return (uint32_t)yk_min(atomic_load(&view->control->attachment_slots),
                            YK_MAX_ATTACHMENTS);
}

static bool segment_view_cover(yk_segment_view *view, const yk_attachment *attachment)
{
    const bool read_only = attachment->read_only != 0;
    int fd = yk_segment_borrow(&attachment->segment, view->owner, attachment->name,
                               read_only);
    bool covered;
    int code;

    if (fd < 0) {
        return false;
    }
    covered = yk_mapping_overlay(&view->arena, attachment->offset,
                                 (size_t)attachment->span, fd, read_only);
    code = errno;
    yk_fd_close(&fd);
    errno = code;
    return covered;
}

/* 0, or errno. ESTALE: by now the entry is of another segment, or of none. */
static int attach_segment(yk_segment_view *view, uint32_t slot)
{
    yk_attachment attachment;
    int problem = 0;

    if (!read_segment(&view->control->attachments[slot], &attachment)) {
        return ESTALE;
    }
    if (view->attachments[slot].id == attachment.id) {
        return 0;
    }
    if (view->attachments[slot].id != 0) { /* detach it first */
        return EBUSY;
    }
    if (!segment_view_cover(view, &attachment)) {
        problem = errno;
    } else {
        segment_view_visit(view, YK_FAULT_SEGMENT_ATTACHED);
        view->attachments[slot] =
            (yk_seen_range){attachment.id, attachment.offset, attachment.span};
    }
    return problem;
}

static bool detach_segments(yk_segment_view *view)
{
    const uint32_t slots = attachment_slots(view);

    for (uint32_t i = 0; i < slots; i++) {
        yk_seen_range *had = &view->attachments[i];

        if (had->id == 0 || had->id == atomic_load(&view->control->attachments[i].id)) {
            continue;
        }
        if (!yk_mapping_remove_overlay(&view->arena, had->offset, (size_t)had->span)) {
            return false;
        }
        segment_view_visit(view, YK_FAULT_SEGMENT_DETACHED);
        had->id = 0;
    }
    return true;
}

static void attach_segments(yk_segment_view *view)
{
    const uint32_t slots = attachment_slots(view);

    for (uint32_t i = 0; i < slots; i++) {
        (void)attach_segment(view, i);
    }
}

/* ---- guarded allocations; with the lock ---- */

static const yk_guard_table *guards_of(const yk_segment_view *view)
{
    return (const yk_guard_table *)(uintptr_t)view->control->guards;
}

static uint32_t guards_used(const yk_segment_view *view)
{
    return view->blocks == NULL
               ? 0
               : (uint32_t)yk_min(atomic_load(&guards_of(view)->used), YK_MAX_GUARDED);
}

static void shut_blocks(yk_segment_view *view)
{
    const uint32_t used = guards_used(view);

    for (uint32_t i = 0; i < used; i++) {
        yk_seen_range *had = &view->blocks[i];

        if (had->id != 0 && had->id != atomic_load(&guards_of(view)->entries[i].id)) {
            (void)yk_mapping_shut(&view->arena, had->offset, (size_t)had->span);
            had->id = 0;
        }
    }
}

static void open_block(yk_segment_view *view, uint32_t number,
                       const yk_guarded_allocation *block)
{
    if (yk_mapping_open(&view->arena, block->begin,
                        (size_t)(block->end - block->begin))) {
        view->blocks[number - 1] =
            (yk_seen_range){block->id, block->begin, block->end - block->begin};
    }
}

static void open_blocks(yk_segment_view *view)
{
    const uint32_t used = guards_used(view);
    yk_guarded_allocation block;

    for (uint32_t number = 1; number <= used; number++) {
        if (yk_guard_get(guards_of(view), number, &block) && block.id != 0 &&
            view->blocks[number - 1].id == 0) {
            open_block(view, number, &block);
        }
    }
}

/* Freed ones first: other allocations may lie there now. */
static void bring_blocks(yk_segment_view *view)
{
    uint64_t changes;

    if (view->blocks == NULL) {
        return;
    }
    changes = atomic_load(&guards_of(view)->changes);
    if (changes != view->guard_changes) {
        shut_blocks(view);
        open_blocks(view);
        view->guard_changes = changes;
    }
}

/* ---- detaching and attaching ---- */

static yoke_status segment_view_drop_closed(yk_segment_view *view, yk_error *error)
{
    const uint64_t closed = atomic_load(&view->control->segments_closed);

    if (closed == view->closed) {
        return YOKE_OK;
    }
    if (!detach_segments(view)) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot unmap a closed segment: %s",
                       strerror(errno));
    }
    view->closed = closed;
    if (view->process == yk_process_self()) {
        atomic_store(view->seen, closed);
        segment_view_visit(view, YK_FAULT_DETACHED_SEEN);
        yk_eventcount_signal(
            &view->control->changed); /* the application may wait for a range */
    }
    return YOKE_OK;
}

static yoke_status segment_view_bring_opened(yk_segment_view *view, yk_error *error)
{
    const uint64_t opened = atomic_load(&view->control->segments_opened);
    const yoke_status status = segment_view_drop_closed(view, error);

    if (status == YOKE_OK && opened != view->opened) {
        attach_segments(view);
        view->opened = opened;
    }
    bring_blocks(view);
    return status;
}

static bool has_news(const yk_segment_view *view)
{
    return atomic_load(&view->control->segments_closed) != view->closed ||
           atomic_load(&view->control->segments_opened) != view->opened ||
           (view->blocks != NULL &&
            atomic_load(&guards_of(view)->changes) != view->guard_changes);
}

yoke_status yk_segment_view_detach_closed(yk_segment_view *view, yk_error *error)
{
    yk_signals before;
    yoke_status status;

    if (atomic_load(&view->control->segments_closed) == view->closed) {
        return YOKE_OK;
    }
    segment_view_enter(view, &before);
    status = segment_view_drop_closed(view, error);
    segment_view_leave(view, &before);
    return status;
}

yoke_status yk_segment_view_attach_all(yk_segment_view *view, yk_error *error)
{
    yk_signals before;
    yoke_status status;

    if (!has_news(view)) {
        return YOKE_OK;
    }
    segment_view_enter(view, &before);
    status = segment_view_bring_opened(view, error);
    segment_view_leave(view, &before);
    return status;
}

void yk_segment_view_refresh(void)
{
    if (adopted != NULL) {
        (void)yk_segment_view_attach_all(adopted, NULL);
    }
}

/* The job that uses it has not been collected, so the table's entry is the argument's and stays
 * so. */
static yoke_status map_arg(yk_segment_view *view, const yk_arg *arg, yk_error *error)
{
    const uint32_t slot = (uint32_t)arg->attachment - 1;
    yk_signals before;
    int problem;

    if (slot >= YK_MAX_ATTACHMENTS) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "the shared memory was closed");
    }
    if (view->attachments[slot].id == arg->block_id) {
        return YOKE_OK;
    }
    segment_view_enter(view, &before);
    problem = attach_segment(view, slot);
    segment_view_leave(view, &before);
    if (problem == 0 && view->attachments[slot].id == arg->block_id) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_EUNSUPPORTED,
                   "cannot attach the %s '%s' of process %d: %s",
                   yk_segment_noun(view->control->attachments[slot].name),
                   view->control->attachments[slot].name, (int)view->owner,
                   problem == 0 ? "it was closed" : strerror(problem));
}

yoke_status yk_segment_view_attach_launch(yk_segment_view *view,
                                          const yk_launch *launch, yk_error *error)
{
    yoke_status status = yk_segment_view_attach_all(view, error);

    for (uint32_t i = 0; status == YOKE_OK && i < yk_launch_array_count(launch); i++) {
        if (launch->args[i].attachment != 0) {
            status = map_arg(view, &launch->args[i], error);
        }
    }
    return status;
}

/* ---- refused accesses: in a signal handler ---- */

/* Whether to try the access again although all is attached. */
static bool may_try_again(yk_segment_view *view, uint64_t address)
{
    if (atomic_exchange(&view->refused, address) != address) {
        atomic_store(&view->refusals, 0);
    }
    return atomic_fetch_add(&view->refusals, 1) < MAX_REFUSALS;
}

static bool seen_range_holds(const yk_seen_range *range, uint64_t offset)
{
    return range->id != 0 && offset >= range->offset &&
           offset - range->offset < range->span;
}

/* 0: try again. */
static int mend_segment(yk_segment_view *view, uint64_t offset, yk_access_kind kind)
{
    const uint32_t slots = attachment_slots(view);

    for (uint32_t i = 0; i < slots; i++) {
        const yk_attachment *entry = &view->control->attachments[i];

        if (atomic_load(&entry->id) == 0 || offset < entry->offset ||
            offset - entry->offset >= entry->span) {
            continue;
        }
        if (view->attachments[i].id != atomic_load(&entry->id)) {
            /* the segment that had this slot before */
            (void)segment_view_drop_closed(view, NULL);
            return attach_segment(view, i);
        }
        return (entry->read_only != 0 && kind == YK_ACCESS_WRITE) ||
                       !may_try_again(view,
                                      (uint64_t)(uintptr_t)view->arena.base + offset)
                   ? EACCES
                   : 0;
    }
    return ENOENT;
}

static int mend_block(yk_segment_view *view, uint64_t offset)
{
    const uint32_t used = guards_used(view);
    yk_guarded_allocation block;

    for (uint32_t number = 1; number <= used; number++) {
        if (!yk_guard_get(guards_of(view), number, &block) || block.id == 0 ||
            offset < block.begin || offset >= block.end) {
            continue;
        }
        if (seen_range_holds(&view->blocks[number - 1], offset)) {
            return may_try_again(view, (uint64_t)(uintptr_t)view->arena.base + offset)
                       ? 0
                       : EACCES;
        }
        bring_blocks(view);
        return view->blocks[number - 1].id == block.id ? 0 : ENOMEM;
    }
    return ENOENT;
}

static bool segment_view_mend(void *context, uint64_t address, yk_access_kind kind)
{
    yk_segment_view *view = context;
    const yk_layout *layout = &view->control->layout;
    const uint64_t offset = address - (uint64_t)(uintptr_t)view->arena.base;
    int problem = ENOENT;

    segment_view_visit(view, YK_FAULT_REFUSED);
    if (yk_zone_holds(&layout->zones[YK_ZONE_SEGMENTS], offset, 1)) {
        segment_view_lock(view);
        problem = mend_segment(view, offset, kind);
        segment_view_unlock(view);
    } else if (yk_zone_holds(&layout->zones[YK_ZONE_GUARDED], offset, 1)) {
        segment_view_lock(view);
        problem = mend_block(view, offset);
        segment_view_unlock(view);
    }
    atomic_store(&view->problem, problem);
    return problem == 0;
}

/* Not in a process that this one has forked: the record is not about that. */
static void segment_view_note(void *context, const yk_fatal *fatal)
{
    const yk_segment_view *view = context;

    if (view->process == yk_process_self()) {
        yk_crash_record(view->control, view->crash, fatal,
                        atomic_load(&view->problem));
    }
}

void yk_segment_view_adopt(yk_segment_view *view, _Atomic uint64_t *seen,
                           yk_crash *crash)
{
    view->seen = seen;
    view->crash = crash;
    view->process = yk_process_self();
    adopted = view;
    yk_access_handle(
        &(yk_access_handlers){segment_view_mend, segment_view_note, view});
    (void)yk_segment_view_attach_all(view, NULL);
}

/* ---- in the supervisor: what has happened ---- */

void yk_segment_view_find_short(const yk_segment_view *view, const yk_launch *launch,
                                char *text, size_t bytes)
{
    yk_text_copy(text, bytes, "");
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        const yk_attachment *attachment;
        uint64_t now;

        if (launch->args[i].attachment == 0) {
            continue;
        }
        attachment = &view->control->attachments[launch->args[i].attachment - 1];
        now = yk_segment_size_now(&attachment->segment, view->owner, attachment->name);
        if (now < attachment->segment.bytes) {
            yk_text_format(
                text, bytes, "the %s '%s' was truncated from %llu bytes to %llu",
                yk_segment_noun(attachment->name), attachment->name,
                (unsigned long long)attachment->segment.bytes, (unsigned long long)now);
            return;
        }
    }
}
