#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Keeps the public interface as it is now, for tests of later versions: its headers in
# tests/abi/VERSION/yoke, and its description in tests/abi/libyoke.abi. Run at a release.
set -eu
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^#define YOKE_VERSION_[A-Z]* \([0-9]*\)$/\1/p' include/yoke/status.h | paste -sd.)
saved=tests/abi/$version
rm -rf "$saved"
mkdir -p "$saved"
cp -r include/yoke "$saved"
tests/abi/describe.sh include tests/abi/libyoke.abi
echo "saved the interface of $version"
