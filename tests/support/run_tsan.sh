#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a program built with ThreadSanitizer. Its shadow memory collides with the program
# on kernels that randomise addresses widely, so without randomisation where that is
# allowed.
set -u
if setarch "$(uname -m)" -R true 2>/dev/null; then
    exec setarch "$(uname -m)" -R "$@"
fi
exec "$@"
