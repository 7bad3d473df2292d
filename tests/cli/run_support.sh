# SPDX-License-Identifier: MIT
# What tests of `yoke run` share: a folder for arrays, and words for what must happen. YOKE is
# the command to test. Skips the test where there is no numpy.
YOKE=${YOKE:?the command to test}
python=$(command -v /usr/bin/python3 || command -v python3) || exit 77
"$python" -c 'import numpy' 2>/dev/null || exit 77

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/arrays" "$folder/tmp"
export TMPDIR=$folder/tmp
cd "$folder/arrays" || exit 1
failures=0

fail()
{
    failures=$((failures + 1))
    echo "FAILED: $*"
}

# The command must succeed.
works()
{
    if ! "$YOKE" "$@" > "$folder/out" 2> "$folder/err"; then
        fail "yoke $*"
        cat "$folder/err"
    fi
}

# refused CODE TEXT ARGS...: the command must fail so, say so, and leave nothing.
refused()
{
    local wanted=$1 text=$2 code before
    shift 2
    before=$(ls -A . "$TMPDIR")
    "$YOKE" "$@" > "$folder/out" 2> "$folder/err"
    code=$?
    [ $code = "$wanted" ] || fail "yoke $* ended with $code, not $wanted"
    grep -qF -- "$text" "$folder/err" || fail "yoke $* does not say '$text':" \
        "$(cat "$folder/err")"
    [ "$before" = "$(ls -A . "$TMPDIR")" ] || fail "yoke $* left files"
}

# numpy EXPRESSION: must be true; L loads an array.
numpy()
{
    "$python" - "$1" <<'PY' || fail "$1"
import sys
import numpy as np
def L(name):
    return np.load(name + ".npy")
sys.exit(not eval("(" + sys.argv[1] + ")"))
PY
}

run() { works run --quiet "$@"; }
