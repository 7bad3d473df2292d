/* SPDX-License-Identifier: MIT */
#include "sys/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/elf.h"
#include "sys/fd_reserve.h"
#include "sys/mapping.h"
#include "sys/process.h"
#include "sys/process/hidden_process.h"
#include "sys/wakeup.h"

enum { STACK_BYTES = 64 << 10 };

/* The program of this process, by a path that no other program spells in this way. The new
 * process finds the spelling in its auxiliary vector, whatever happens to its environment. */
static const char again_path[] = "/proc/self/./exe";
enum {
    /* the dot in it, which is replaced by one of these */
    MARK_AT = sizeof "/proc/self/" - 1,
    NOT_ACCEPTED = '.',
    ACCEPTED = '+', /* a copy of this library will take over */
    SETTLED = '/',
};

/* ---- arguments and environment ---- */

/* Reads a whole file under /proc, and adds a zero; NULL with errno on failure. */
static char *read_all(const char *path, size_t *bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t capacity = 4096;
    char *text = fd < 0 ? NULL : malloc(capacity);
    ssize_t got = 0;

    *bytes = 0;
    while (text != NULL && (got = read(fd, text + *bytes, capacity - 1 - *bytes)) > 0) {
        *bytes += (size_t)got;
        if (*bytes == capacity - 1) {
            char *larger = realloc(text, capacity *= 2);

            if (larger == NULL) {
                free(text);
            }
            text = larger;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (text != NULL) {
        text[*bytes] = '\0';
    }
    return text;
}

/* The consecutive strings in `text`, as an array that ends with NULL. */
static char **exec_split(char *text, size_t bytes)
{
    size_t count = 0;
    char **list;

    for (size_t at = 0; at < bytes; at += strlen(text + at) + 1) {
        count++;
    }
    list = calloc(count + 2, sizeof *list);
    if (list == NULL) {
        return NULL;
    }
    list[0] = text; /* at least a name, even if it is empty */
    count = 0;
    for (size_t at = 0; at < bytes; at += strlen(text + at) + 1) {
        list[count++] = text + at;
    }
    return list;
}

static bool is_same_variable(const char *entry, const char *variable)
{
    const size_t name = strcspn(variable, "=") + 1;

    return strncmp(entry, variable, name) == 0;
}

static bool is_replaced(const char *entry, const char *const *variables)
{
    for (; *variables != NULL; variables++) {
        if (is_same_variable(entry, *variables)) {
            return true;
        }
    }
    return false;
}

static const char **extend_environment(const char *const *variables)
{
    size_t count = 1;
    const char **list;

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        count++;
    }
    for (const char *const *entry = variables; *entry != NULL; entry++) {
        count++;
    }
    list = calloc(count, sizeof *list);
    if (list == NULL) {
        return NULL;
    }
    count = 0;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (!is_replaced(*entry, variables)) {
            list[count++] = *entry;
        }
    }
    for (; *variables != NULL; variables++) {
        list[count++] = *variables;
    }
    return list;
}

/* ---- two clones and an exec ---- */

/* Shared by three processes, of which one runs at a time. */
typedef struct execution {
    const yk_exec_request *request;
    char *text; /* of the arguments */
    char **arguments;
    const char **environment;
    pid_t pid; /* of the process that executes; -1: there is none */
    int pidfd; /* of it */
    int pidfd_error; /* errno, if there is no such descriptor */
    int error;       /* its errno, 0: it has executed */
} execution;

/* The C library's execve() wants its strings without const, but does not change them. */
static char *const *as_environment(const char **list)
{
    char *const *result;

    memcpy(&result, &list, sizeof result);
    return result;
}

/* With leading zeros. */
static void write_pid(char digits[YK_EXEC_PID_DIGITS], pid_t pid)
{
    for (unsigned i = YK_EXEC_PID_DIGITS; i-- > 0; pid /= 10) {
        digits[i] = (char)('0' + pid % 10);
    }
}

/* Called in the process that is to execute the program. */
static void execute_program(execution *self)
{
    const yk_exec_request *request = self->request;

    write_pid(request->pid, getpid());
    for (size_t i = 0; i < request->fd_count; i++) {
        (void)fcntl(request->fds[i], F_SETFD, 0);
    }
    (void)execve(again_path, self->arguments, as_environment(self->environment));
    self->error = errno;
}

/* This process has its own descriptor table, but the application's memory. */
static int exec_child_entry(void *context)
{
    execution *self = context;

    yk_process_raise_fd_limit(); /* so that no number is beyond the limit */
    yk_fd_replace_all(self->request->fds, self->request->fd_count);
    execute_program(self);
    return 1;
}

/* A process that executes a program sends SIGCHLD at its end, however it was cloned. So it must
 * not be the application's child, but the child of this one, which ends. */
static int exec_intermediate_entry(void *context)
{
    execution *self = context;
    _Alignas(16) char stack[STACK_BYTES];

    self->pid =
        clone(exec_child_entry, stack + sizeof stack, CLONE_VM | CLONE_VFORK, self);
    if (self->pid < 0) {
        self->error = errno;
    } else if (self->error == 0) {
        self->pidfd = yk_process_open(self->pid);
        self->pidfd_error = errno;
    }
    return 0;
}

static pid_t clone_and_execute(execution *self)
{
    self->pid = self->pidfd = -1;
    if (!yk_process_run_aside(exec_intermediate_entry, self)) {
        self->error = errno;
        yk_fd_close(&self->pidfd);
    }
    errno = self->error != 0 ? self->error : self->pidfd_error;
    return self->error == 0 ? self->pid : -1;
}

/* Allocates what an execution needs. exec_unprepare() frees it, also after a failure. */
static bool exec_prepare(execution *self, const yk_exec_request *request)
{
    size_t bytes;

    *self = (execution){.request = request};
    self->text = read_all("/proc/self/cmdline", &bytes);
    if (self->text == NULL) {
        return false;
    }
    self->arguments = exec_split(self->text, bytes);
    self->environment = extend_environment(request->variables);
    errno = ENOMEM;
    return self->arguments != NULL && self->environment != NULL;
}

static void exec_unprepare(execution *self)
{
    const int problem = errno;

    free(self->arguments);
    free(self->environment);
    free(self->text);
    errno = problem;
}

pid_t yk_exec_again(const yk_exec_request *request, int *pidfd)
{
    execution self;
    pid_t pid = -1;

    *pidfd = -1;
    if (exec_prepare(&self, request)) {
        pid = clone_and_execute(&self);
        *pidfd = self.pidfd;
    }
    exec_unprepare(&self);
    return pid;
}

void yk_exec_here(const yk_exec_request *request)
{
    execution self;

    if (exec_prepare(&self, request)) {
        execute_program(&self);
        errno = self.error;
    }
    exec_unprepare(&self);
}

/* ---- obstacles ---- */

/* The address of the program itself, and what the loader reads of it. */
typedef struct program {
    uintptr_t base;
    const ElfW(Dyn) * dynamic; /* NULL: none */
} program;

/* The first object in the list is the program. */
static int find_program(struct dl_phdr_info *object, size_t size, void *context)
{
    program *self = context;

    (void)size;
    self->base = object->dlpi_addr;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC) {
            self->dynamic =
                (const ElfW(Dyn) *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        }
    }
    return 1;
}

static program this_program(void)
{
    program self = {0, NULL};

    (void)dl_iterate_phdr(find_program, &self);
    return self;
}

const char *yk_exec_obstacle(void)
{
    if (getauxval(AT_SECURE) != 0) {
        return "the program has more privileges than its user (setuid, capabilities)";
    }
    if (getuid() != geteuid() || getgid() != getegid()) {
        return "the program's real and effective user or group differ, so the loader "
               "would not preload the library";
    }
    if (yk_elf_has_valgrind()) {
        return "valgrind cannot execute the program again; under valgrind a pool is forked "
               "(.start = YOKE_START_FORK)";
    }
    if (yk_elf_has_address_rules()) {
        return "ThreadSanitizer and MemorySanitizer do not let the library map memory at the "
               "same address once more; with them a pool is forked "
               "(.start = YOKE_START_FORK)";
    }
    if (this_program().dynamic == NULL) {
        return "the program is statically linked";
    }
    if (access("/proc/self/exe", X_OK) != 0) {
        return errno == ENOENT ? "there is no /proc/self/exe: /proc is not mounted"
                               : "this user may not execute /proc/self/exe";
    }
    return NULL;
}

/* ---- sealed files ---- */

static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

int yk_sealed_file(const void *data, size_t bytes)
{
    int fd = yk_memory_file_to_seal("yoke start");

    if (fd >= 0 &&
        (!yk_file_write(fd, data, bytes, 0) || fcntl(fd, F_ADD_SEALS, seals) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* The system may have added seals of its own, such as F_SEAL_EXEC. */
static bool has_seals(int fd)
{
    const int have = fcntl(fd, F_GET_SEALS);

    return have >= 0 && (have & seals) == seals;
}

bool yk_sealed_read(int fd, void *data, size_t bytes)
{
    struct stat status;

    return has_seals(fd) && fstat(fd, &status) == 0 &&
           (uint64_t)status.st_size >= bytes && yk_file_read(fd, data, bytes, 0);
}

/* ---- the new process ---- */

/* The path as the system keeps it: a loader that was executed as the program puts another path
 * into the vector that programs see. NULL: unknown. */
static char *read_original_path(void)
{
    const int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
    ElfW(auxv_t) entries[64];
    ssize_t bytes;

    if (fd < 0) {
        return NULL;
    }
    bytes = read(fd, entries, sizeof entries);
    (void)close(fd);
    for (size_t i = 0; (i + 1) * sizeof entries[0] <= (size_t)(bytes > 0 ? bytes : 0);
         i++) {
        if (entries[i].a_type == AT_EXECFN) {
            return (char *)entries[i].a_un.a_val;
        }
    }
    return NULL;
}

/* The mark in the path by which this process was executed, if this library did that. It lies on
 * the stack, where all copies of this library see it. */
static char *find_mark(void)
{
    static const char marks[] = {NOT_ACCEPTED, ACCEPTED, '\0'};
    char *paths[] = {(char *)getauxval(AT_EXECFN), read_original_path()};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i] != NULL && strlen(paths[i]) == sizeof again_path - 1 &&
            strncmp(paths[i], again_path, MARK_AT) == 0 &&
            strchr(marks, paths[i][MARK_AT]) != NULL &&
            strcmp(paths[i] + MARK_AT + 1, again_path + MARK_AT + 1) == 0) {
            return paths[i] + MARK_AT;
        }
    }
    return NULL;
}

bool yk_exec_is_again(void)
{
    return find_mark() != NULL;
}

bool yk_exec_is_accepted(void)
{
    const char *mark = find_mark();

    return mark != NULL && *mark == ACCEPTED;
}

static void set_mark(char state)
{
    char *mark = find_mark();

    if (mark != NULL) {
        *mark = state;
    }
}

void yk_exec_accept(void)
{
    set_mark(ACCEPTED);
}

void yk_exec_settle(void)
{
    set_mark(SETTLED);
}

/* ---- taking over ---- */

typedef void init_function(int argc, char **argv, char **env);

static init_function *last_init;
static void (*taker)(void);

static void run_last_and_take_over(int argc, char **argv, char **env)
{
    last_init(argc, argv, env);
    taker();
}

/* The last entry of the program's list of constructors; NULL if there is no list. */
static init_function **find_last_init(void)
{
    const program self = this_program();
    uintptr_t list = 0;
    size_t bytes = 0;

    if (self.dynamic == NULL) {
        return NULL;
    }
    for (const ElfW(Dyn) *entry = self.dynamic; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_INIT_ARRAY) {
            list = self.base + entry->d_un.d_ptr;
        } else if (entry->d_tag == DT_INIT_ARRAYSZ) {
            bytes = entry->d_un.d_val;
        }
    }
    if (list == 0 || bytes < sizeof(init_function *)) {
        return NULL;
    }
    return (init_function **)(list + bytes) - 1;
}

/* The list is read-only once the program is relocated. */
static bool make_writable(void *address)
{
    const uintptr_t page = (uintptr_t)address & ~(uintptr_t)(yk_page_size() - 1);

    return mprotect((void *)page, yk_page_size(), PROT_READ | PROT_WRITE) == 0;
}

/*
 * Constructors of libraries run before those of the program, and in a program that is linked
 * with this library statically there may be others after ours. The list of the program's is
 * the last there is, and its entries are read one by one, so its last one is replaced.
 */
bool yk_exec_take_over(void (*self)(void), void (*take_over)(void))
{
    init_function **last = find_last_init();

    if (last == NULL || (void (*)(void)) * last == self) {
        take_over();
        return true;
    }
    if (!make_writable(last)) {
        return false;
    }
    last_init = *last;
    taker = take_over;
    *last = run_last_and_take_over;
    return true;
}
