#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a command in a copy of the working tree, in a root folder of another Debian release:
#
#   ./tests/root.sh SUITE COMMAND [ARGUMENT...]     such as: ./tests/root.sh trixie ./tests/run
#
# The root is made once, with debootstrap, in build/root/SUITE, from the mirror that this
# machine's apt uses. It and what was built in it are kept. The command has a mount and a process
# namespace of its own: when it ends, for whatever reason, nothing of it is mounted or runs. The
# copy is /yoke in there, so its builds are in build/root/SUITE/yoke/build.
#
# It has to be run as root, and needs the network the first time. Exit status 77: this machine
# cannot make such a root, and a line says why; else the command's.
set -eu
cd "$(dirname "$0")/.."
. cmake/packages.sh

suite=${1:?which release of Debian}
shift
root=$PWD/build/root/$suite

root_skip() {
    echo "No root of $suite: $1" >&2
    exit 77
}

# The mirror from which this machine has its own packages.
root_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

# As apt does, which knows of a proxy by its own settings.
root_debootstrap() {
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    env ${proxy:+"http_proxy=$proxy"} debootstrap --variant=minbase "$@"
}

root_make() {
    local mirror part=$root.part
    yoke_has_commands apt-get || root_skip "this machine has no apt, which would name a mirror"
    yoke_has_commands debootstrap || yoke_apt_install debootstrap >&2 || true
    yoke_has_commands debootstrap || root_skip "debootstrap is missing"
    mirror=$(root_mirror)
    [ -n "$mirror" ] || root_skip "apt has no mirror of Debian (apt-get update may give it one)"
    echo "== Making a root of $suite in $root"
    rm -rf "$part"
    mkdir -p "$part"
    if ! root_debootstrap "$suite" "$part" "$mirror" >"$root.log" 2>&1; then
        tail -n 5 "$root.log" >&2
        root_skip "debootstrap failed; all of it is in $root.log"
    fi
    # This root need not survive a power failure.
    echo force-unsafe-io >"$part/etc/dpkg/dpkg.cfg.d/unsafe-io"
    mv "$part" "$root"
}

# What belongs to the tree, with its times, so that only what has changed is built again.
root_copy_tree() {
    mkdir -p "$root/yoke"
    find "$root/yoke" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard |
            while IFS= read -r -d '' file; do
                [ ! -e "$file" ] || printf '%s\0' "$file"
            done | tar -c --null -T - -f -
    else
        tar -c --exclude='./build*' -f - .
    fi | tar -x -C "$root/yoke" -f -
}

# Runs in the namespaces: mounts, and changes into the root.
root_enter='
    root=$1
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
    mount -t tmpfs -o mode=1777 tmp "$root/tmp"
    chroot "$root" dpkg --configure -a # what an earlier run may have left half done
    chroot "$root" /bin/sh -c '\''cd /yoke && "$@"'\'' sh "$@"
    exit $?
'

[ "$(id -u)" -eq 0 ] || root_skip "this has to be run as root"
unshare --mount --pid --fork true 2>/dev/null ||
    root_skip "no new mount and process namespaces are allowed here"
mkdir -p build/root
exec 9>"$root.lock"
flock -n 9 || { echo "Waiting for another run in the root of $suite" >&2 && flock 9; }
[ -d "$root" ] || root_make
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
apt-config dump Acquire >"$root/etc/apt/apt.conf.d/90acquire" # proxies
root_copy_tree
echo "== In the root of $suite: $*"
kept=()
while IFS='=' read -r name value; do
    [[ $name =~ ^(YOKE_(TEST|WERROR)|.*_proxy$|TERM$|CCACHE_) ]] && kept+=("$name=${!name}")
done < <(env)
unshare --mount --propagation private --pid --fork --kill-child bash -euc "$root_enter" sh "$root" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "${kept[@]}" "$@" 9>&-
