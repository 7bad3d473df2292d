/* SPDX-License-Identifier: MIT */
#include "pool/guest_view.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "sys/wakeup.h"

static yoke_status drop(yk_guest_view *view, uint32_t slot, yk_error *error)
{
    if (!yk_mapping_uncover(&view->arena, view->mapped[slot].offset,
                            (size_t)view->mapped[slot].span)) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot unmap a closed segment: %s",
                       strerror(errno));
    }
    view->mapped[slot].id = 0;
    return YOKE_OK;
}

yoke_status yk_guest_view_drop(yk_guest_view *view, yk_error *error)
{
    const uint32_t closed = atomic_load(&view->control->guests_closed);
    yoke_status status = YOKE_OK;

    if (closed == view->closed) {
        return YOKE_OK;
    }
    for (uint32_t i = 0; i < YK_MAX_GUESTS && status == YOKE_OK; i++) {
        if (view->mapped[i].id != 0 &&
            view->mapped[i].id != atomic_load(&view->control->guests[i].id)) {
            status = drop(view, i, error);
        }
    }
    if (status == YOKE_OK) {
        view->closed = closed;
    }
    return status;
}

static yoke_status cover(yk_guest_view *view, const yk_guest *guest, yk_error *error)
{
    const bool read_only = guest->read_only != 0;
    int fd = yk_segment_borrow(&guest->segment, view->owner, guest->name, read_only);
    bool covered;
    int code;

    if (fd < 0) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "cannot get the %s '%s' from process %d: %s",
                       yk_segment_noun(guest->name), guest->name, (int)view->owner, strerror(errno));
    }
    covered = yk_mapping_cover(&view->arena, guest->offset, (size_t)guest->span, fd,
                               read_only);
    code = errno;
    yk_fd_close(&fd);
    return covered ? YOKE_OK
                   : yk_fail(error, YOKE_EUNSUPPORTED,
                             "cannot map the %s '%s': %s",
                             yk_segment_noun(guest->name), guest->name, strerror(code));
}

/* A job that is not collected uses it: the table's entry is and stays the argument's. */
static yoke_status map_arg(yk_guest_view *view, const yk_arg *arg, yk_error *error)
{
    const uint32_t slot = (uint32_t)arg->guest - 1;
    const yk_guest *guest = &view->control->guests[slot];
    yoke_status status;

    if (view->mapped[slot].id == arg->block_id) {
        return YOKE_OK;
    }
    if (atomic_load(&guest->id) != arg->block_id) {
        return yk_fail(error, YOKE_EUNSUPPORTED, "the shared memory was closed");
    }
    status = cover(view, guest, error);
    if (status == YOKE_OK) {
        view->mapped[slot].id = arg->block_id;
        view->mapped[slot].offset = guest->offset;
        view->mapped[slot].span = guest->span;
    }
    return status;
}

yoke_status yk_guest_view_map(yk_guest_view *view, const yk_launch *launch,
                              yk_error *error)
{
    yoke_status status = yk_guest_view_drop(view, error);

    for (uint32_t i = 0; status == YOKE_OK && i < launch->arg_count; i++) {
        if (launch->args[i].guest != 0) {
            status = map_arg(view, &launch->args[i], error);
        }
    }
    return status;
}

void yk_guest_view_find_short(const yk_guest_view *view, const yk_launch *launch,
                              char *text, size_t bytes)
{
    yk_text_copy(text, bytes, "");
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_guest *guest;
        uint64_t now;

        if (launch->args[i].guest == 0) {
            continue;
        }
        guest = &view->control->guests[launch->args[i].guest - 1];
        now = yk_segment_size_now(&guest->segment, view->owner, guest->name);
        if (now < guest->segment.bytes) {
            yk_text_format(text, bytes,
                           "somebody has cut the %s '%s' from %llu bytes to %llu",
                           yk_segment_noun(guest->name), guest->name, (unsigned long long)guest->segment.bytes,
                           (unsigned long long)now);
            return;
        }
    }
}
