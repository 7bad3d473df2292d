/* SPDX-License-Identifier: MIT */
#include "opencl/cl_transfer.h"

#include <string.h>

#include "launch/lent.h"
#include "opencl/cl_move.h"
#include "opencl/cl_resident.h"
#include "opencl/cl_staging.h"
#include "opencl/image/cl_image.h"

/* What to move, argument by argument. */
typedef struct move_list {
    size_t count;
    uint64_t bytes;
    struct move {
        size_t index; /* of the argument */
        yk_extent extent;
    } moves[2 * YK_MAX_ARGS * YK_MAX_EXTENTS];
} move_list;

static unsigned char *cl_transfer_pointer_to(uint64_t address)
{
    return (unsigned char *)(uintptr_t)address;
}

static void add_moves(move_list *list, size_t index, const yk_extent *extents,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (extents[i].bytes > 0) {
            list->moves[list->count++] = (struct move){index, extents[i]};
            list->bytes += yk_extent_bytes(&extents[i]);
        }
    }
}

static bool is_copied(const yk_cl_device *device, size_t index)
{
    return device->launch->args[index].kind == YK_ARG_ARRAY &&
           device->bindings[index].memory == YK_CL_COPY;
}

static bool is_common(const yk_arg *arg)
{
    return arg->parts == YK_PARTS_WHOLE || (arg->flags & YK_ARG_READS_ALL) != 0;
}

static void add_common(const yk_cl_device *device, move_list *list)
{
    const yk_launch *const launch = device->launch;
    const uint64_t begin = launch->begin[launch->split];
    const uint64_t end = begin + launch->size[launch->split];

    for (size_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *const arg = &launch->args[i];
        yk_extent extents[YK_MAX_EXTENTS];

        if (is_copied(device, i) && is_common(arg)) {
            add_moves(list, i, extents,
                      yk_footprint_load(launch, arg, begin, end, extents));
        }
    }
}

/* Own parts of what is changed in place are sent again, since a repeated chunk starts from
 * them. */
static size_t extents_to_send(const yk_launch *launch, const yk_arg *arg,
                              uint64_t begin, uint64_t end,
                              yk_extent extents[YK_MAX_EXTENTS])
{
    if (!is_common(arg)) {
        return yk_footprint_load(launch, arg, begin, end, extents);
    }
    if (arg->parts == YK_PARTS_WHOLE || !yk_arg_is_changed_in_place(arg)) {
        return 0;
    }
    extents[0] = yk_footprint_own(launch, arg, begin, end);
    return 1;
}

static void cl_transfer_add_items(const yk_cl_device *device, uint64_t begin,
                                  uint64_t end, move_list *list)
{
    const yk_launch *const launch = device->launch;

    for (size_t i = 0; i < launch->arg_count; i++) {
        yk_extent extents[YK_MAX_EXTENTS];

        if (is_copied(device, i)) {
            add_moves(list, i, extents,
                      extents_to_send(launch, &launch->args[i], begin, end, extents));
        }
    }
}

/* Copies between the window and staging memory, where pieces follow each other. */
static void copy_staged(unsigned char *staged, const yk_extent *extent,
                        yk_cl_direction direction)
{
    for (uint64_t k = 0; k < yk_extent_pieces(extent); k++) {
        unsigned char *const there = cl_transfer_pointer_to(yk_extent_piece(extent, k));

        memcpy(direction == YK_CL_TO_DEVICE ? staged : there,
               direction == YK_CL_TO_DEVICE ? there : staged, (size_t)extent->bytes);
        staged += extent->bytes;
    }
}

static yk_cl_host host_of(const yk_extent *extent, unsigned char *staged)
{
    if (staged != NULL) {
        return (yk_cl_host){staged, extent->bytes, extent->bytes * extent->blocks};
    }
    return (yk_cl_host){cl_transfer_pointer_to(extent->address), extent->stride,
                        extent->plane_stride};
}

/* Staging memory is worth its copies only for devices to which everything is copied. */
static void open_staging(const yk_cl_device *device, const yk_cl_lane *lane,
                         yk_cl_staging *staging, uint64_t bytes)
{
    if (device->memory == YK_CL_COPY) {
        yk_cl_staging_reset(device, lane, staging, bytes);
    }
}

/* The copies of a block have a buffer of their own, which the kernel gets: OpenCL leaves undefined what
 * happens if one lane uses it while another uses the buffer of which it is a part. */
static yk_cl_binding cl_transfer_binding(const yk_cl_device *device, const yk_cl_lane *lane,
                                         size_t index)
{
    const yk_arg *const arg = &device->launch->args[index];
    yk_cl_binding binding = device->bindings[index];

    if (lane->copies[index] != NULL) {
        binding.store = lane->copies[index];
        binding.store_address =
            arg->address + yk_footprint_shift(device->launch, arg, lane->begin);
    }
    return binding;
}

static cl_int send_piece(yk_cl_device *device, yk_cl_lane *lane,
                         const yk_cl_binding *binding, const yk_extent *extent)
{
    unsigned char *const staged =
        yk_cl_staging_put(&lane->out, yk_extent_bytes(extent));

    if (staged != NULL) {
        copy_staged(staged, extent, YK_CL_TO_DEVICE);
    }
    device->base.sent += yk_extent_bytes(extent);
    return yk_cl_move(lane, binding, extent, host_of(extent, staged), YK_CL_TO_DEVICE);
}

/* Sends only those parts of a lent allocation that are not on the device yet. */
static cl_int send_missing(yk_cl_device *device, yk_cl_lane *lane,
                           const struct move *move)
{
    const yk_cl_binding *const binding = &device->bindings[move->index];
    const yk_residency *const table = yk_lent_table(&device->launch->args[move->index]);
    yk_mirror_walk walk = {0, 0};
    yk_extent piece;
    cl_int code = CL_SUCCESS;

    while (code == CL_SUCCESS && yk_mirror_next(&binding->resident->mirror, table,
                                                &move->extent, &walk, &piece)) {
        code = send_piece(device, lane, binding, &piece);
    }
    return code;
}

/* Pixels are moved from and to the window itself. */
static cl_int send_pixels(yk_cl_device *device, yk_cl_lane *lane,
                          const yk_cl_binding *binding, const yk_extent *extent)
{
    device->base.sent += yk_extent_bytes(extent);
    return yk_cl_image_move(lane, binding, extent, YK_CL_TO_DEVICE);
}

static cl_int send_one(yk_cl_device *device, yk_cl_lane *lane, const struct move *move)
{
    const yk_cl_binding binding = cl_transfer_binding(device, lane, move->index);

    if (binding.pixels != NULL) {
        return send_pixels(device, lane, &binding, &move->extent);
    }
    return binding.resident != NULL ? send_missing(device, lane, move)
                                    : send_piece(device, lane, &binding, &move->extent);
}

static yoke_status send_all(yk_cl_device *device, yk_cl_lane *lane,
                            const move_list *list, yk_error *error)
{
    const uint64_t sent = device->base.sent;
    cl_int code = yk_cl_residents_follow(device, lane);

    if (code == CL_SUCCESS) {
        code = yk_cl_images_follow(device, lane);
    }
    open_staging(device, lane, &lane->out, list->bytes + list->count * YK_CL_STAGED);
    for (size_t i = 0; i < list->count && code == CL_SUCCESS; i++) {
        code = send_one(device, lane, &list->moves[i]);
    }
    if (code == CL_SUCCESS && device->base.sent != sent) {
        code = yk_cl_residents_lead(device, lane);
    }
    return code == CL_SUCCESS
               ? YOKE_OK
               : yk_cl_fail(error, device->info.name, "a transfer to the device", code);
}

yoke_status yk_cl_send_common(yk_cl_device *device, yk_cl_lane *lane, yk_error *error)
{
    move_list list;

    list.count = 0;
    list.bytes = 0;
    if (device->launch->whole == 0) {
        add_common(device, &list);
    }
    return send_all(device, lane, &list, error);
}

yoke_status yk_cl_send_items(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                             uint64_t end, yk_error *error)
{
    move_list list;

    list.count = 0;
    list.bytes = 0;
    if (device->launch->whole != 0) {
        add_common(device, &list);
    }
    cl_transfer_add_items(device, begin, end, &list);
    return send_all(device, lane, &list, error);
}

/* Mapping makes the device's writes visible; in place it moves nothing. It blocks, since
 * rusticl 22.3 cannot unmap what is not mapped yet. */
static cl_int cl_transfer_show(const yk_cl_lane *lane, const yk_cl_binding *binding,
                               const yk_extent *extent, cl_mem copy)
{
    const uint64_t bytes = yk_extent_end(extent) - extent->address;
    const uint64_t begin = copy != NULL ? extent->address : binding->address;
    const cl_mem handle = copy != NULL ? copy : binding->handle;
    cl_int code;
    void *const pointer = yk_cl.clEnqueueMapBuffer(
        lane->queue, handle, CL_TRUE, CL_MAP_READ, (size_t)(extent->address - begin),
        (size_t)bytes, 0, NULL, NULL, &code);

    return pointer == NULL ? code
                           : yk_cl.clEnqueueUnmapMemObject(lane->queue, handle, pointer, 0,
                                                           NULL, NULL);
}

static cl_int receive_piece(yk_cl_device *device, yk_cl_lane *lane, size_t index,
                            const yk_extent *extent, unsigned char **landed)
{
    const yk_cl_binding binding = cl_transfer_binding(device, lane, index);
    unsigned char *const staged =
        binding.pixels == NULL ? yk_cl_staging_put(&lane->in, yk_extent_bytes(extent)) : NULL;

    *landed = staged;
    device->base.received += yk_extent_bytes(extent);
    return binding.pixels != NULL
               ? yk_cl_image_move(lane, &binding, extent, YK_CL_TO_HOST)
               : yk_cl_move(lane, &binding, extent, host_of(extent, staged), YK_CL_TO_HOST);
}

/* What to receive of what was written: all of it, or the ends of what stays. */
static size_t cl_transfer_cut(const yk_cl_device *device, size_t index,
                              const yk_extent *written, yk_extent pieces[2])
{
    if (yk_cl_resident_stays(device, index)) {
        return yk_lent_ends(yk_lent_table(&device->launch->args[index]), written,
                            pieces);
    }
    pieces[0] = *written;
    return 1;
}

static cl_int receive_one(yk_cl_device *device, yk_cl_lane *lane, size_t index,
                          const yk_extent *written)
{
    yk_extent pieces[2];
    const size_t count = cl_transfer_cut(device, index, written, pieces);
    cl_int code = CL_SUCCESS;

    for (size_t i = 0; i < count && code == CL_SUCCESS; i++) {
        code = receive_piece(device, lane, index, &pieces[i], &lane->landed[index][i]);
    }
    return code;
}

/* What a chunk wrote to an argument. False if nothing has to be moved or made visible. */
static bool cl_transfer_is_written(const yk_cl_device *device, size_t index,
                                   uint64_t begin, uint64_t end, yk_extent *extent)
{
    const yk_launch *const launch = device->launch;

    return yk_footprint_write(launch, &launch->args[index], begin, end, extent) != 0 &&
           device->bindings[index].memory != YK_CL_POINTER;
}

static uint64_t bytes_to_receive(const yk_cl_device *device, uint64_t begin,
                                 uint64_t end)
{
    yk_extent extent;
    yk_extent pieces[2];
    uint64_t bytes = 0;

    for (size_t i = 0; i < device->launch->arg_count; i++) {
        if (cl_transfer_is_written(device, i, begin, end, &extent)) {
            for (size_t k = cl_transfer_cut(device, i, &extent, pieces); k-- > 0;) {
                bytes += yk_extent_bytes(&pieces[k]) + YK_CL_STAGED;
            }
        }
    }
    return bytes;
}

yoke_status yk_cl_receive(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                          uint64_t end, yk_error *error)
{
    yk_extent extent;
    cl_int code = CL_SUCCESS;

    open_staging(device, lane, &lane->in, bytes_to_receive(device, begin, end));
    memset(lane->landed, 0, sizeof lane->landed);
    for (size_t i = 0; i < device->launch->arg_count && code == CL_SUCCESS; i++) {
        if (cl_transfer_is_written(device, i, begin, end, &extent)) {
            code = is_copied(device, i)
                       ? receive_one(device, lane, i, &extent)
                       : cl_transfer_show(lane, &device->bindings[i], &extent,
                                         lane->copies[i]);
        }
    }
    return code == CL_SUCCESS ? YOKE_OK
                              : yk_cl_fail(error, device->info.name,
                                           "a transfer from the device", code);
}

static void land_one(const yk_cl_device *device, const yk_cl_lane *lane, size_t index,
                     const yk_extent *written)
{
    yk_extent pieces[2];

    for (size_t i = cl_transfer_cut(device, index, written, pieces); i-- > 0;) {
        unsigned char *const landed = lane->landed[index][i];

        if (landed != NULL) {
            copy_staged(landed, &pieces[i], YK_CL_TO_HOST);
        }
    }
}

void yk_cl_land(yk_cl_device *device, const yk_cl_lane *lane)
{
    yk_extent extent;

    for (size_t i = 0; i < device->launch->arg_count; i++) {
        if (cl_transfer_is_written(device, i, lane->begin, lane->end, &extent)) {
            land_one(device, lane, i, &extent);
        }
    }
}
