#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What README.md and docs/ say is compared with the project: see check_text.py.
set -eu
python=$(command -v /usr/bin/python3 || command -v python3) || exit 77
folder=$(cd "$(dirname "$0")" && pwd)
exec "$python" "$folder/check_text.py" "$folder/../.." "${YOKE:-}"
