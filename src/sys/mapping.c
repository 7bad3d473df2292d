/* SPDX-License-Identifier: MIT */
#include "sys/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/call_guard.h"
#include "sys/elf.h"
#include "sys/wakeup.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
enum { LOCK_ON_FAULT = 1 }; /* MLOCK_ONFAULT, which older C libraries do not have */

/*
 * Far from where the kernel places programs, libraries, heaps and stacks on 64-bit
 * Linux, 4 TiB apart, and inside the application's part of AddressSanitizer's memory
 * layout.
 */
static const uintptr_t first_hint = (uintptr_t)0x200000000000;
static const uintptr_t hint_step = (uintptr_t)1 << 42;
enum { HINT_COUNT = 48 };

size_t yk_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Nothing in such a file is ever executed. If vm.memfd_noexec is 2, the system creates only
 * files with this flag; Linux before 6.3 does not know the flag. */
static int mapping_create_file(const char *name, unsigned flags)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL | flags);

    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create(name, MFD_CLOEXEC | flags);
    }
    return yk_fd_move_up(fd);
}

/* MFD_NOEXEC_SEAL allows seals to be added. Files that are written to must have none. */
int yk_memory_file(const char *name)
{
    YK_NOT_CANCELLED;
    const int fd = mapping_create_file(name, 0);

    if (fd >= 0) {
        (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL);
    }
    return fd;
}

int yk_memory_file_to_seal(const char *name)
{
    return mapping_create_file(name, MFD_ALLOW_SEALING);
}

/* ftruncate() beyond RLIMIT_FSIZE would raise SIGXFSZ instead of failing. */
static bool fits_file_limit(size_t size)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           size <= limit.rlim_cur;
}

/* Whether the system allocates all pages of what this process maps: the program has called
 * mlockall(MCL_FUTURE). With MCL_ONFAULT, too, it does not. */
static bool is_locked_ahead(void)
{
    const size_t bytes = yk_page_size();
    unsigned char resident = 0;
    void *page =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        return false;
    }
    if (mincore(page, bytes, &resident) != 0) {
        resident = 0;
    }
    (void)munmap(page, bytes);
    return (resident & 1U) != 0;
}

/* Pages that are used are locked, as the program has asked; others are not allocated. */
static void lock_on_fault(void *base, size_t size)
{
    if (syscall(SYS_mlock2, base, size, LOCK_ON_FAULT) != 0) {
        (void)munlock(base, size); /* before Linux 4.4 */
    }
}

/* A part of the file, of which no page is allocated. Pages that cannot be accessed are not
 * allocated, whatever is locked. */
static void *map_sparse_file(void *address, size_t size, int protection,
                             int more_flags, int fd, off_t offset)
{
    const bool is_locked = is_locked_ahead();
    void *base = mmap(address, size, is_locked ? PROT_NONE : protection,
                      MAP_SHARED | MAP_NORESERVE | more_flags, fd, offset);

    if (base != MAP_FAILED && is_locked) {
        lock_on_fault(base, size);
        if (mprotect(base, size, protection) != 0) {
            const int problem = errno;

            (void)munmap(base, size);
            errno = problem;
            return MAP_FAILED;
        }
    }
    return base;
}

/* Maps the file or, with -1, memory that cannot be accessed. */
static void *map_at(void *address, int fd, size_t size, int more_flags)
{
    return fd < 0
               ? mmap(address, size, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | more_flags, -1, 0)
               : map_sparse_file(address, size, PROT_READ | PROT_WRITE, more_flags,
                                 fd, 0);
}

/* Valgrind's books are fast only for low addresses, which it prefers. Other tools end a process
 * that maps memory elsewhere than where the system places it. */
static bool uses_hints(void)
{
    return !yk_elf_has_valgrind() && !yk_elf_has_address_rules();
}

static void *map_at_hint(int fd, size_t size)
{
    for (unsigned i = 0; i < HINT_COUNT && uses_hints(); i++) {
        void *hint = (void *)(first_hint + i * hint_step);
        void *base = map_at(hint, fd, size, MAP_FIXED_NOREPLACE);

        if (base == hint) {
            return base;
        }
        if (base != MAP_FAILED) {
            (void)munmap(base, size);
        }
    }
    return map_at(NULL, fd, size, 0);
}

/* Maps the parts of a mapping whose range is still empty. */
static bool map_parts(const yk_mapping *mapping)
{
    for (uint32_t i = 0; i < mapping->part_count; i++) {
        const yk_part *part = &mapping->parts[i];
        const int protection = part->shut != 0 ? PROT_NONE : PROT_READ | PROT_WRITE;

        if (map_sparse_file((char *)mapping->base + part->begin,
                            part->end - part->begin, protection, MAP_FIXED, mapping->fd,
                            (off_t)part->begin) == MAP_FAILED) {
            return false;
        }
    }
    return true;
}

/* The end of its last part. */
static size_t file_bytes(const yk_mapping *mapping)
{
    return mapping->part_count == 0
               ? mapping->size
               : (size_t)mapping->parts[mapping->part_count - 1].end;
}

bool yk_mapping_reserve(yk_mapping *mapping, size_t size)
{
    void *base =
        mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    *mapping = YK_MAPPING_NONE;
    if (base == MAP_FAILED) {
        return false;
    }
    mapping->base = base;
    mapping->size = size;
    return true;
}

/* The file could not be created, or may not be mapped, however little memory it takes. */
static bool is_refused(int code)
{
    return code == EPERM || code == EACCES || code == ENOSYS || code == EMFILE ||
           code == ENFILE;
}

yoke_status yk_mapping_fail(yk_error *error, size_t bytes)
{
    const int code = errno;
    struct rlimit limit;

    if (!fits_file_limit(bytes)) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot map %zu bytes of shared memory: the limit of file sizes "
                       "(ulimit -f) is lower",
                       bytes);
    }
    if (is_refused(code)) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot create shared memory: %s",
                       strerror(code));
    }
    if (code == ENOMEM && getrlimit(RLIMIT_AS, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY) {
        return yk_fail(
            error, YOKE_ENOMEM,
            "cannot map %zu bytes of shared memory: the limit of address space "
            "(ulimit -v) is %llu bytes",
            bytes, (unsigned long long)limit.rlim_cur);
    }
    if (code == EAGAIN && getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot map %zu bytes of shared memory: the program locks its "
                       "memory (mlockall), and the limit of locked memory (ulimit -l) is %llu "
                       "bytes; create the pool before mlockall(), or raise the limit",
                       bytes, (unsigned long long)limit.rlim_cur);
    }
    return yk_fail(error, YOKE_ENOMEM, "cannot map %zu bytes of shared memory: %s",
                   bytes, strerror(code));
}

static bool try_size(yk_mapping *mapping, size_t size)
{
    YK_NOT_CANCELLED;
    void *base;

    if (!fits_file_limit(size) || ftruncate(mapping->fd, (off_t)size) != 0) {
        return false;
    }
    base = map_at_hint(mapping->fd, size);
    if (base == MAP_FAILED) {
        return false;
    }
    (void)madvise(base, size, MADV_DONTDUMP);
    mapping->base = base;
    mapping->size = size;
    return true;
}

yoke_status yk_mapping_create(yk_mapping *mapping, const char *name, size_t size,
                              size_t least, yk_error *error)
{
    yoke_status status;

    *mapping = YK_MAPPING_NONE;
    mapping->fd = yk_memory_file(name);
    if (mapping->fd < 0) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot create shared memory: %s",
                       strerror(errno));
    }
    for (size_t bytes = size; bytes >= least; bytes /= 2) {
        bytes -= bytes % yk_page_size();
        if (bytes != 0 && try_size(mapping, bytes)) {
            return YOKE_OK;
        }
    }
    status = yk_mapping_fail(error, least);
    yk_mapping_destroy(mapping);
    return status;
}

bool yk_mapping_create_parts(yk_mapping *mapping, const char *name, size_t size,
                             const yk_part *parts, uint32_t count)
{
    *mapping =
        (yk_mapping){.fd = yk_memory_file(name), .part_count = count, .size = size};
    memcpy(mapping->parts, parts, count * sizeof *parts);
    if (mapping->fd >= 0 && fits_file_limit(file_bytes(mapping)) &&
        ftruncate(mapping->fd, (off_t)file_bytes(mapping)) == 0) {
        mapping->base = map_at_hint(-1, size);
        mapping->base = mapping->base == MAP_FAILED ? NULL : mapping->base;
    }
    if (mapping->base == NULL || !map_parts(mapping)) {
        const int code = errno;

        yk_mapping_destroy(mapping);
        errno = code;
        return false;
    }
    (void)madvise(mapping->base, size, MADV_DONTDUMP);
    return true;
}

bool yk_mapping_restore(const yk_mapping *mapping)
{
    void *base = map_at(mapping->base, mapping->part_count == 0 ? mapping->fd : -1,
                        mapping->size, MAP_FIXED_NOREPLACE);

    if (base == MAP_FAILED) {
        return false;
    }
    if (base != mapping->base) { /* kernels before 4.17 treat the address as a hint */
        (void)munmap(base, mapping->size);
        errno = EEXIST;
        return false;
    }
    if (!map_parts(mapping)) {
        return false;
    }
    (void)madvise(base, mapping->size, MADV_DONTDUMP);
    return true;
}

void yk_mapping_forget_fd(yk_mapping *mapping)
{
    YK_NOT_CANCELLED;
    if (mapping->fd >= 0) {
        (void)close(mapping->fd);
        mapping->fd = -1;
    }
}

void yk_mapping_destroy(yk_mapping *mapping)
{
    if (mapping->base != NULL) {
        (void)munmap(mapping->base, mapping->size);
    }
    yk_mapping_forget_fd(mapping);
    *mapping = YK_MAPPING_NONE;
}

void yk_mapping_punch(const yk_mapping *mapping, size_t offset, size_t bytes)
{
    YK_NOT_CANCELLED;
    if (fallocate(mapping->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)offset, (off_t)bytes) != 0) {
        memset((char *)mapping->base + offset, 0, bytes);
    }
}

bool yk_mapping_overlay(const yk_mapping *mapping, uint64_t offset, size_t bytes,
                        int fd, bool read_only)
{
    void *const at = (char *)mapping->base + offset;

    if (mmap(at, bytes, read_only ? PROT_READ : PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, 0) == MAP_FAILED) {
        return false;
    }
    (void)madvise(at, bytes, MADV_DONTDUMP);
    return true;
}

/* With the flags of the surrounding mapping, so that the system joins them again. */
bool yk_mapping_remove_overlay(const yk_mapping *mapping, uint64_t offset, size_t bytes)
{
    void *const at = (char *)mapping->base + offset;

    if (map_at(at, -1, bytes, MAP_FIXED) == MAP_FAILED) {
        return false;
    }
    (void)madvise(at, bytes, MADV_DONTDUMP);
    return true;
}

bool yk_mapping_open(const yk_mapping *mapping, uint64_t offset, size_t bytes)
{
    return mprotect((char *)mapping->base + offset, bytes, PROT_READ | PROT_WRITE) == 0;
}

bool yk_mapping_shut(const yk_mapping *mapping, uint64_t offset, size_t bytes)
{
    return mprotect((char *)mapping->base + offset, bytes, PROT_NONE) == 0;
}

uint64_t yk_mapping_resident(const yk_mapping *mapping)
{
    struct stat status;

    return fstat(mapping->fd, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

bool yk_file_write(int fd, const void *data, size_t bytes, uint64_t offset)
{
    YK_NOT_CANCELLED;
    const char *from = data;

    while (bytes > 0) {
        const ssize_t done = pwrite(fd, from, bytes, (off_t)offset);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        from += done;
        bytes -= (size_t)done;
        offset += (uint64_t)done;
    }
    return true;
}

bool yk_file_read(int fd, void *data, size_t bytes, uint64_t offset)
{
    YK_NOT_CANCELLED;
    char *to = data;

    while (bytes > 0) {
        const ssize_t done = pread(fd, to, bytes, (off_t)offset);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        to += done;
        bytes -= (size_t)done;
        offset += (uint64_t)done;
    }
    return true;
}

void *yk_memory_map(size_t bytes)
{
    YK_NOT_CANCELLED;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void yk_memory_unmap(void *memory, size_t bytes)
{
    YK_NOT_CANCELLED;

    if (memory != NULL) {
        (void)munmap(memory, bytes);
    }
}

void *yk_file_map(int fd, size_t bytes)
{
    YK_NOT_CANCELLED;
    void *memory;

    if (fd < 0 || fallocate(fd, 0, 0, (off_t)bytes) != 0) {
        return NULL;
    }
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    (void)madvise(memory, bytes, MADV_DONTDUMP);
    return memory;
}

void yk_file_trim(int fd, uint64_t keep)
{
    YK_NOT_CANCELLED;
    struct stat status;

    if (fstat(fd, &status) == 0 && (uint64_t)status.st_size > keep) {
        (void)!ftruncate(fd, (off_t)keep);
    }
}
