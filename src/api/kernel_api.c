/* SPDX-License-Identifier: MIT */
#include "yoke/kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/call.h"
#include "api/valid.h"
#include "device/native/native.h"
#include "pool/pool.h"

static_assert((int)YK_PARAMETER_UNKNOWN == (int)YOKE_PARAMETER_UNKNOWN,
              "as in yoke_parameter_kind");
static_assert((int)YK_PARAMETER_ARRAY == (int)YOKE_PARAMETER_ARRAY,
              "as in yoke_parameter_kind");
static_assert((int)YK_PARAMETER_SCALAR == (int)YOKE_PARAMETER_SCALAR,
              "as in yoke_parameter_kind");
static_assert((int)YK_PARAMETER_LOCAL == (int)YOKE_PARAMETER_LOCAL,
              "as in yoke_parameter_kind");
static_assert((int)YK_PARAMETER_IMAGE == (int)YOKE_PARAMETER_IMAGE,
              "as in yoke_parameter_kind");
static_assert((int)YK_PARAMETER_SAMPLER == (int)YOKE_PARAMETER_SAMPLER,
              "as in yoke_parameter_kind");

yoke_status yoke_kernel_create_sized(yoke_kernel **kernel, yoke_pool *pool,
                                     const yoke_kernel_options *options, size_t size)
{
    yoke_kernel_options all;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (kernel != NULL) {
        *kernel = NULL;
    }
    if (status == YOKE_OK && (kernel == NULL || options == NULL)) {
        status = yk_fail(&error, YOKE_EINVAL, "%s is NULL",
                         kernel == NULL ? "`kernel`" : "`options`");
    }
    if (status == YOKE_OK) {
        status = yk_call_take(&all, YK_CALL_STRUCT(yoke_kernel_options), options, size,
                              &error);
    }
    if (status == YOKE_OK) {
        status = yk_kernel_create(kernel, pool, &all, &error);
    }
    return yk_call_end(pool, status, &error);
}

static void copy_parameter(yoke_parameter_info *to, const yk_parameter *from)
{
    to->kind = (yoke_parameter_kind)from->kind;
    to->bytes = from->bytes;
    to->may_write = from->may_write != 0;
    (void)snprintf(to->name, sizeof to->name, "%s", from->name);
    (void)snprintf(to->type, sizeof to->type, "%s", from->type);
}

/* Whether the kernel may be asked, and of which pool it is. */
static yoke_status kernel_check(const yoke_kernel *kernel, const yoke_pool **pool,
                                yk_error *error)
{
    yoke_status status;

    yk_error_clear(error);
    *pool = NULL;
    status = yk_valid_check(kernel, YK_HANDLE_KERNEL, error);
    if (status != YOKE_OK) {
        return status;
    }
    *pool = kernel->pool;
    return yk_call_check(*pool, error);
}

yoke_status yoke_kernel_destroy(yoke_kernel *kernel)
{
    const yoke_pool *pool;
    yk_error error;
    yoke_status status;

    if (kernel == NULL) {
        return YOKE_OK;
    }
    status = kernel_check(kernel, &pool, &error);
    if (status == YOKE_OK && yk_handle_shut(kernel)) {
        yk_kernel_release(kernel);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_kernel_parameters_sized(const yoke_kernel *kernel,
                                         yoke_parameter_info *parameters,
                                         size_t capacity, size_t *count, size_t size)
{
    const yk_kernel_slot *slot;
    const yoke_pool *pool;
    yk_error error;
    yoke_status status = kernel_check(kernel, &pool, &error);

    if (count == NULL || (parameters == NULL && capacity > 0)) {
        return yk_call_fail(pool, YOKE_EINVAL, "`count` or `parameters` is NULL");
    }
    *count = 0;
    if (status != YOKE_OK) {
        return yk_call_end(pool, status, &error);
    }
    slot = &pool->control->kernels[kernel->slot];
    if (atomic_load(&slot->parameters_state) != 2) {
        return yk_call_fail(pool, YOKE_EUNSUPPORTED,
                            "no driver has reported the kernel's parameters");
    }
    *count = slot->parameter_count > 0 && slot->parameter_count <= YK_MAX_ARGS
                 ? (size_t)slot->parameter_count
                 : 0;
    for (size_t i = 0; i < *count && i < capacity; i++) {
        yoke_parameter_info info = {.kind = YOKE_PARAMETER_UNKNOWN};

        copy_parameter(&info, &slot->parameters[i]);
        yk_call_give_elements((char *)parameters + i * size, size, &info, sizeof info,
                              1);
    }
    return YOKE_OK;
}

yoke_status yoke_kernel_workers_sized(const yoke_kernel *kernel,
                                      yoke_kernel_worker_info *workers, size_t capacity,
                                      size_t *count, size_t size)
{
    yoke_kernel_worker_info *infos = NULL;
    const yoke_pool *pool;
    size_t total = 0;
    yk_error error;
    yoke_status status = kernel_check(kernel, &pool, &error);

    if (status == YOKE_OK && workers == NULL && capacity > 0) {
        status = yk_fail(&error, YOKE_EINVAL, "`workers` is NULL");
    }
    if (status == YOKE_OK) {
        infos = calloc(YK_MAX_WORKERS, sizeof *infos);
        if (infos == NULL) {
            status = yk_fail(&error, YOKE_ENOMEM, "out of memory");
        }
    }
    if (status == YOKE_OK) {
        total = yk_pool_describe_kernel(kernel, infos);
        yk_call_give_elements(workers, size, infos, sizeof *infos,
                              total < capacity ? total : capacity);
    }
    if (count != NULL) {
        *count = total;
    }
    free(infos);
    return yk_call_end(pool, status, &error);
}

void yoke_span_fail(const yoke_span *span, int code, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    yk_native_fail(span, code, format, list);
    va_end(list);
}
