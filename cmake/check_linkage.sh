#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_linkage.sh LIBRARY: what the shared library and so a program linked with it loads
# directly. No OpenCL: only a worker opens that. libgcc_s has the unwinder.
set -eu
needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
surprises=$(grep -vE '^(libhwloc|libgcc_s|libc|libm|libdl|libpthread|librt|ld-linux[^.]*)\.so' \
    <<<"$needed" || true)
if [ -n "$surprises" ]; then
    echo "the library needs:" $surprises >&2
    exit 1
fi
if ldd "$1" | grep -E 'libOpenCL|libpocl|libLLVM|not found'; then
    exit 1
fi
echo "needs:" "${needed//$'\n'/ }"
