#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A process that the library has executed never reaches main(), whatever becomes of what it is
# to find there: environment, descriptors, the letter's seals, the library itself.
set -eu
build=$(pwd)
include=$YOKE_SOURCE/include
work=$(mktemp -d "$build/start_once.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
if nm -D "$build/libyoke.so" | grep -q __asan_init; then
    echo "the library needs its sanitizer's run-time in every host"
    exit 77
fi

cat > harm.c <<'END'
/* What a library of the program's does in its constructor, before yoke's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
static int is(const char *harm)
{
    const char *text = getenv("HARM");
    return text != NULL && strcmp(text, harm) == 0;
}
static void replace_descriptors(const char *path)
{
    const int file = open(path, O_RDWR | O_CREAT, 0600);
    for (int fd = 3; fd < 100; fd++)
        if (fd != file && fcntl(fd, F_GETFD) != -1) (void)dup2(file, fd);
}
__attribute__((constructor)) static void harm(void)
{
    char text[64];
    if (getenv("YOKE_SPAWN") == NULL) return; /* the application */
    if (is("clear")) (void)clearenv();
    if (is("unset")) (void)unsetenv("YOKE_SPAWN");
    if (is("number")) (void)setenv("YOKE_SPAWN", "7", 1);
    if (is("text")) {
        (void)snprintf(text, sizeof text, "%010d:%s", (int)getpid(), "99999999999");
        (void)setenv("YOKE_SPAWN", text, 1);
    }
    if (is("close")) for (int fd = 3; fd < 100; fd++) (void)close(fd);
    if (is("null")) replace_descriptors("/dev/null");
    if (is("file")) replace_descriptors("other");
    if (is("again")) { /* as programs do that change what they run under */
        (void)unsetenv("LD_PRELOAD");
        (void)setenv("HARM", "none", 1);
        char *const arguments[] = {"host", NULL};
        (void)execv("./host", arguments);
    }
}
/* In the application: memory files that the system seals as well. */
int memfd_create(const char *name, unsigned flags)
{
    int fd = (int)syscall(SYS_memfd_create, name, flags & ~8u);
    if (fd >= 0 && is("seals") && (flags & MFD_ALLOW_SEALING) != 0 &&
        (fchmod(fd, 0600) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC) != 0)) _exit(8);
    return fd;
}
END
cat > host.c <<'END'
#define _GNU_SOURCE
#include <yoke/yoke.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int count_mains(void)
{
    const int fd = open("mains", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "m", 1) != 1) _exit(7);
    const int mains = (int)lseek(fd, 0, SEEK_END);
    (void)close(fd);
    return mains;
}
typedef yoke_status creator(yoke_pool **, const yoke_pool_options *, size_t);
int main(void)
{
    yoke_pool *pool;
    const yoke_pool_options options = {
        .devices = "cpu:1", .start = YOKE_START_SPAWN, .start_timeout = 20};
    if (count_mains() > 3) _exit(9); /* there is no end to it */
    const char *user = getenv("USER_CHANGES");
    if (user != NULL && seteuid(65534) != 0) return 6;
#ifdef LATE
    void *library = dlopen(LATE, RTLD_NOW);
    if (library == NULL) return 5;
    creator *create = (creator *)dlsym(library, "yoke_pool_create_sized");
    const char *(*error)(const yoke_pool *) =
        (const char *(*)(const yoke_pool *))dlsym(library, "yoke_pool_error");
    yoke_status (*close_it)(yoke_pool *) =
        (yoke_status (*)(yoke_pool *))dlsym(library, "yoke_pool_close");
    (void)count_mains();
#else
    creator *create = yoke_pool_create_sized;
    const char *(*error)(const yoke_pool *) = yoke_pool_error;
    yoke_status (*close_it)(yoke_pool *) = yoke_pool_close;
#endif
    const yoke_status status = create(&pool, &options, sizeof options);
    printf("%d %s\n", (int)status, status == YOKE_OK ? "" : error(NULL));
    return status == YOKE_OK ? close_it(pool) != YOKE_OK : 0;
}
END
cc -shared -fPIC harm.c -o libharm.so
cc -I"$include" host.c -o host -L. -Wl,--no-as-needed -lharm -L"$build" -lyoke \
    -Wl,-rpath,"$build" -Wl,-rpath,"$work"
cc -I"$include" -DLATE="\"$build/libyoke.so\"" host.c -o late -L. -Wl,--no-as-needed -lharm \
    -Wl,-rpath,"$work" -ldl

expect() { # WHAT WORDS MAINS COMMAND...
    local what=$1 words=$2 mains=$3 got
    shift 3
    rm -f mains
    got=$(timeout 60 "$@") || { echo "$what: failed with code $?: $got" >&2; exit 1; }
    case $got in
    *"$words"*) ;;
    *) echo "$what: \"$got\", not \"$words\"" >&2; exit 1 ;;
    esac
    [ "$(wc -c < mains)" = "$mains" ] ||
        { echo "$what: main() ran $(wc -c < mains) times, not $mains" >&2; exit 1; }
}
works="0 "
ended="-15 spawn: the program ended before"

HARM=none expect "nothing wrong" "$works" 1 ./host
HARM=seals expect "seals of the system's" "$works" 1 ./host
for harm in clear unset number text close null file; do
    HARM=$harm expect "$harm" "$ended" 1 ./host
done
# A constructor executes the program once more: it still is what it was.
HARM=again expect "executed once more" "$works" 1 ./host
# The library comes late, and is preloaded.
HARM=none expect "late" "$works" 2 ./late
for harm in clear unset number text close null file; do
    HARM=$harm expect "late, $harm" "$ended" 2 ./late
done
# ... and is not: it ends the process when it comes.
sed 's|"./host"|"./late"|' harm.c > harm_late.c
cc -shared -fPIC harm_late.c -o libharm.so
HARM=again expect "late, not preloaded" "-15 spawn: " 3 ./late
# The program named to the loader, which hides by what path it was executed.
loader=$(LC_ALL=C readelf -l host | sed -n 's/.*interpreter: \(.*\)]/\1/p')
for harm in clear unset number text close null file; do
    HARM=$harm expect "loader, $harm" "-15 spawn: " 1 "$loader" ./host
done
# Two copies of the library from the start: each leaves the other's processes to it.
guest=$build/tests/libyoke_test_guest.so
if [ -e "$guest" ]; then
    sed 's|return status == YOKE_OK ?|if (guest_open() != 0 \|\| guest_work() != 0 \|\| guest_close() != 0) return 4;\n&|
         s|^static int count|int guest_open(void), guest_work(void), guest_close(void);\n&|' host.c > both.c
    for order in "-lyoke_test_guest -lyoke" "-lyoke -lyoke_test_guest"; do
        # shellcheck disable=SC2086
        cc -I"$include" both.c -o both -L"$build" -L"$build/tests" -Wl,--no-as-needed $order \
            -Wl,-rpath,"$build" -Wl,-rpath,"$build/tests"
        YOKE_START=spawn expect "two copies, $order" "$works" 1 ./both
    done
fi
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$work"
    USER_CHANGES=1 HARM=none expect "two users" "real and effective" 1 ./host
fi

# The system itself: in a pid namespace of its own, where there is one to be had.
if ! unshare -pf --kill-child --mount-proc sh -c 'echo 1 > /proc/sys/vm/memfd_noexec' 2> /dev/null
then
    echo "vm.memfd_noexec cannot be set here: not tried"
    exit 0
fi
cc -I"$include" host.c -o host -L"$build" -lyoke -Wl,-rpath,"$build"
for level in 1 2; do
    expect "memfd_noexec=$level" "$works" 1 unshare -pf --kill-child --mount-proc \
        sh -c "echo $level > /proc/sys/vm/memfd_noexec; exec timeout 50 ./host"
done
