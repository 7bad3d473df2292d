#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `yoke run --check`, and the warning of parameters that are not const and only read.
set -u
. "$(dirname "$0")/run_support.sh"

K=$folder/kernels.cl
cat > "$K" <<'CL'
__kernel void hist(__global uint *h, __global const uchar *x)
{
    atomic_inc(&h[x[get_global_id(0)]]);
}
__kernel void blur(__global float *out, __global const float *in)
{
    const int x = get_global_id(0), y = get_global_id(1), w = get_global_size(0);
    const int above = max(y - 1, 0), below = min(y + 1, (int)get_global_size(1) - 1);

    out[y * w + x] = (in[above * w + x] + in[y * w + x] + in[below * w + x]) / 3;
}
__kernel void half_of_it(__global int *out, __global const int *in)
{
    const size_t i = get_global_id(0);

    if (i % 2 == 0) {
        out[i] = in[i];
    }
}
CL
"$python" - <<'PY'
import numpy as np
np.save("h.npy", np.zeros(256, np.uint32))
np.save("bytes.npy", (np.arange(1000) % 7).astype(np.uint8))
np.save("image.npy", np.arange(64 * 48, dtype=np.float32).reshape(48, 64))
np.save("ints.npy", np.arange(100, dtype=np.int32))
PY
if ! "$YOKE" run "$K" blur --devices cpu -q --range 64,48 out:probe.npy:float32:48x64 \
    in:image.npy 2> "$folder/err"; then
    grep -q 'no worker' "$folder/err" && exit 77
    cat "$folder/err"
    exit 1
fi

echo "-- the warning"
works run "$K" hist --devices cpu --range 1000 in:h.npy in:bytes.npy
grep -qF "warning: argument 1, 'in:h.npy', is only read, but parameter 'uint* h' of kernel \
'hist' is not const" "$folder/err" || fail "no warning: $(cat "$folder/err")"
[ "$(grep -c warning "$folder/err")" = 1 ] || fail "more warnings: $(cat "$folder/err")"
works run "$K" hist --devices cpu --range 1000 inout-whole:h.npy=h2.npy in:bytes.npy
! grep -q warning "$folder/err" || fail "a warning too many: $(cat "$folder/err")"

echo "-- what is found"
refused 1 "kernel 'hist', argument 1 (h): item " run "$K" hist --check --range 1000 in:h.npy \
    in:bytes.npy
grep -qF 'but the array is declared as read-only' "$folder/err" || fail "$(cat "$folder/err")"
refused 1 "kernel 'blur', argument 2 (in): item " run "$K" blur --check --range 64,48 \
    out:b.npy:float32:48x64 items:image.npy
grep -qF 'yoke_in_halo(p, 256, 1, 1, YOKE_EDGE_CLIPPED) would declare it' "$folder/err" ||
    fail "$(cat "$folder/err")"
refused 1 "kernel 'half_of_it', argument 1 (out): item " run "$K" half_of_it --check \
    --range 100 out:o.npy:int32:100 items:ints.npy
grep -qF ' of its own part and 3 more bytes as they were' "$folder/err" ||
    fail "$(cat "$folder/err")"

echo "-- what is right"
works run "$K" blur --check --range 64,48 out:b.npy:float32:48x64 in:image.npy
numpy '(L("b") == L("probe")).all()'
works run "$K" hist --check --range 1000 inout-whole:h.npy=h3.npy in:bytes.npy
numpy '(L("h3") == np.bincount(L("bytes"), minlength=256)).all()'
works run "$K" hist --check --range 1000 out-whole:h4.npy:uint32:256 in:bytes.npy # it counts from 0
numpy '(L("h4") == L("h3")).all()'

[ $failures = 0 ]
