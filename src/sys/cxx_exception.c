/* SPDX-License-Identifier: MIT */
#include "sys/cxx_exception.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- types, as the ABI lays them out ---- */

typedef struct type_info {
    const void *const *vtable;
    const char *name;
} type_info;

/* A class with one base, which is public and at its beginning. */
typedef struct single_base {
    type_info base;
    const type_info *parent;
} single_base;

typedef struct base_class {
    const type_info *type;
    long offset_flags;
} base_class;

typedef struct several_bases {
    type_info base;
    unsigned flags;
    unsigned count;
    base_class bases[];
} several_bases;

enum { BASE_IS_VIRTUAL = 1, BASE_IS_PUBLIC = 2, BASE_OFFSET_SHIFT = 8 };

/* The header before the thrown object; the unwinder's part is at its end. The members before
 * the type differ between libraries. */
typedef struct thrown_header {
    const type_info *type; /* GNU, dependent: the object of the primary exception */
    void (*destructor)(void *);
    void (*unexpected)(void);
    void (*terminate)(void);
    void *next;
    int handler_count;
    int handler_switch;
    const void *action;
    const void *language_data;
    void *catch_temp;
    void *adjusted;
    struct _Unwind_Exception unwind;
} thrown_header;

static const char *exception_kind_of(const type_info *type)
{
    /* The word before a vtable's functions is the type of its object. */
    return ((const type_info *)type->vtable[-1])->name;
}

static const void *find_exception(const type_info *type, const char *object);

static const void *find_in_bases(const several_bases *type, const char *object)
{
    const void *found = NULL;

    for (unsigned i = 0; found == NULL && i < type->count; i++) {
        const long flags = type->bases[i].offset_flags;
        ptrdiff_t offset = flags >> BASE_OFFSET_SHIFT;

        if ((flags & BASE_IS_VIRTUAL) != 0) {
            const char *vtable = *(const char *const *)(const void *)object;

            offset = *(const ptrdiff_t *)(const void *)(vtable + offset);
        }
        if ((flags & BASE_IS_PUBLIC) != 0) {
            found = find_exception(type->bases[i].type, object + offset);
        }
    }
    return found;
}

/* The std::exception in an object; NULL if the object is not one. */
static const void *find_exception(const type_info *type, const char *object)
{
    const char *kind = exception_kind_of(type);

    if (strcmp(type->name, "St9exception") == 0) {
        return object;
    }
    if (strcmp(kind, "N10__cxxabiv120__si_class_type_infoE") == 0) {
        return find_exception(((const single_base *)type)->parent, object);
    }
    return strcmp(kind, "N10__cxxabiv121__vmi_class_type_infoE") == 0
               ? find_in_bases((const several_bases *)type, object)
               : NULL;
}

static const char *call_what(const void *exception)
{
    typedef const char *what(const void *self);
    /* Two destructors precede it. */
    what *const *vtable = *(what *const *const *)exception;

    return vtable[2](exception);
}

/* ---- the C++ library, if it can be found ---- */

typedef void *any_pointer;
typedef void any_function(void);

/* Weak, so that they are also found in a program that is linked with the C++ library
 * statically. */
extern void *__cxa_begin_catch(void *) __attribute__((weak));
extern void __cxa_end_catch(void) __attribute__((weak));
extern char *__cxa_demangle(const char *, char *, size_t *, int *)
    __attribute__((weak));

/* Searches in the library that threw: the function may be visible only there. */
static any_pointer exception_find(const struct _Unwind_Exception *exception,
                                  any_pointer known, const char *name)
{
    any_pointer cleanup;
    any_pointer found;
    void *library;
    Dl_info info;

    memcpy(&cleanup, &exception->exception_cleanup, sizeof cleanup);
    if (known != NULL || cleanup == NULL || dladdr(cleanup, &info) == 0) {
        return known;
    }
    library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    found = library != NULL ? dlsym(library, name) : NULL;
    if (library != NULL) {
        (void)dlclose(library);
    }
    return found;
}

/* ---- a caught exception ---- */

static bool is_from(const struct _Unwind_Exception *exception, const char *vendor)
{
    const uint64_t class = exception->exception_class;

    for (int i = 0; i < 7; i++) {
        if ((char)(class >> (56 - 8 * i)) != vendor[i]) {
            return false;
        }
    }
    return (class & 0xff) <= 1;
}

static const thrown_header *header_of(const struct _Unwind_Exception *exception)
{
    return (const thrown_header *)(const void *)((const char *)exception -
                                                 offsetof(thrown_header, unwind));
}

/* The type and the object. An exception thrown by std::rethrow_exception() stands for another. */
static const type_info *open_exception(const struct _Unwind_Exception *exception,
                                       const char **object)
{
    const thrown_header *header = header_of(exception);

    *object = (const char *)(exception + 1);
    if ((exception->exception_class & 0xff) == 0) {
        return header->type;
    }
    if (is_from(exception, "GNUCC++")) {
        *object = (const char *)header->type;
        return ((const thrown_header *)(const void *)*object)[-1].type;
    }
    *object = ((const char *const *)(const void *)header)[-1];
    return header->type;
}

static void name_type(const struct _Unwind_Exception *exception, const type_info *type,
                      yk_error *error)
{
    const char *name = type->name + (type->name[0] == '*');
    char *(*demangle)(const char *, char *, size_t *, int *) = __cxa_demangle;
    any_pointer found;
    char *plain = NULL;

    memcpy(&found, &demangle, sizeof found);
    found = exception_find(exception, found, "__cxa_demangle");
    memcpy(&demangle, &found, sizeof found);
    if (demangle != NULL) {
        plain = demangle(name, NULL, NULL, NULL);
    }
    (void)yk_fail(error, YOKE_EKERNEL, "exception of type %s",
                  plain != NULL ? plain : name);
    free(plain);
}

static void exception_describe(const struct _Unwind_Exception *exception,
                               yk_error *error)
{
    const char *object;
    const type_info *type = open_exception(exception, &object);
    const void *standard = find_exception(type, object);
    const char *text = NULL;

    name_type(exception, type, error);
    if (standard != NULL) {
        text = call_what(standard);
    } else if (strcmp(type->name, "PKc") == 0 || strcmp(type->name, "Pc") == 0) {
        text = *(const char *const *)(const void *)object;
    }
    if (text != NULL) {
        yk_error_append(error, ": %s", text);
    }
}

/* As a handler does: the exception no longer counts as uncaught. */
static void free_exception(struct _Unwind_Exception *exception)
{
    void *(*begin)(void *) = __cxa_begin_catch;
    void (*end)(void) = __cxa_end_catch;
    any_pointer found[2];

    memcpy(&found[0], &begin, sizeof begin);
    memcpy(&found[1], &end, sizeof end);
    found[0] = exception_find(exception, found[0], "__cxa_begin_catch");
    found[1] = exception_find(exception, found[1], "__cxa_end_catch");
    memcpy(&begin, &found[0], sizeof begin);
    memcpy(&end, &found[1], sizeof end);
    if (begin == NULL || end == NULL) {
        _Unwind_DeleteException(exception);
        return;
    }
    (void)begin(exception);
    end();
}

yoke_status yk_exception_end(struct _Unwind_Exception *exception, yk_error *error)
{
    if (!is_from(exception, "GNUCC++") && !is_from(exception, "CLNGC++")) {
        (void)yk_fail(error, YOKE_EKERNEL, "exception of a language other than C++");
        _Unwind_DeleteException(exception);
        return YOKE_EKERNEL;
    }
    exception_describe(exception, error);
    free_exception(exception);
    return YOKE_EKERNEL;
}

/* ---- streams ---- */

typedef void *stream_flush(void *stream);

/* The symbols of one implementation of C++'s library. */
typedef struct stream_symbols {
    const char *library;
    const char *flush; /* std::ostream::flush() */
    const char *streams[2];
} stream_symbols;

static const stream_symbols stream_libraries[] = {
    {"libstdc++.so.6", "_ZNSo5flushEv", {"_ZSt4cout", "_ZSt4clog"}},
    {"libc++.so.1",
     "_ZNSt3__113basic_ostreamIcNS_11char_traitsIcEEE5flushEv",
     {"_ZNSt3__14coutE", "_ZNSt3__14clogE"}},
};

enum { STREAM_LIBRARIES = sizeof stream_libraries / sizeof stream_libraries[0] };

static stream_flush *flush_of[STREAM_LIBRARIES];
static void *streams_of[STREAM_LIBRARIES][2];

/* The program may have a copy of a variable of the library's, which is then the one in use. */
static void *stream_symbol(void *library, const char *name)
{
    void *address = dlsym(RTLD_DEFAULT, name);

    return address != NULL ? address : dlsym(library, name);
}

void yk_cxx_find_streams(void)
{
    for (unsigned i = 0; i < STREAM_LIBRARIES; i++) {
        const stream_symbols *symbols = &stream_libraries[i];
        void *library =
            flush_of[i] == NULL ? dlopen(symbols->library, RTLD_NOW | RTLD_NOLOAD) : NULL;
        void *flush;

        if (library == NULL) {
            continue;
        }
        streams_of[i][0] = stream_symbol(library, symbols->streams[0]);
        streams_of[i][1] = stream_symbol(library, symbols->streams[1]);
        flush = stream_symbol(library, symbols->flush);
        memcpy(&flush_of[i], &flush, sizeof flush);
        (void)dlclose(library);
    }
}

/* A program without C++ may have the library, such as AddressSanitizer's, and streams that nothing
 * has constructed: their table of functions is missing. */
static bool stream_is_constructed(const void *stream)
{
    return stream != NULL && *(void *const *)stream != NULL;
}

void yk_cxx_flush_streams(void)
{
    for (unsigned i = 0; i < STREAM_LIBRARIES; i++) {
        for (unsigned k = 0; flush_of[i] != NULL && k < 2; k++) {
            if (stream_is_constructed(streams_of[i][k])) {
                (void)flush_of[i](streams_of[i][k]);
            }
        }
    }
}

/* A standard stream that is /dev/null for a moment. */
typedef struct stream_aside {
    int fd;
    int kept; /* -1: it was closed */
    int flags;
} stream_aside;

static stream_aside stream_put_aside(int fd, int null)
{
    const stream_aside aside = {fd, fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
                                fcntl(fd, F_GETFD)};

    if (aside.kept >= 0) {
        (void)dup2(null, fd);
    }
    return aside;
}

static void stream_put_back(stream_aside aside)
{
    if (aside.kept >= 0) {
        (void)dup2(aside.kept, aside.fd);
        (void)fcntl(aside.fd, F_SETFD, aside.flags);
        (void)close(aside.kept);
    }
}

/* Nothing but a write empties such a buffer. */
void yk_cxx_discard_streams(void)
{
    stream_aside out, error;
    int null;

    yk_cxx_find_streams();
    if (flush_of[0] == NULL && flush_of[1] == NULL) {
        return;
    }
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0) {
        return;
    }
    out = stream_put_aside(STDOUT_FILENO, null);
    error = stream_put_aside(STDERR_FILENO, null);
    yk_cxx_flush_streams();
    stream_put_back(out);
    stream_put_back(error);
    (void)close(null);
}
