#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `yoke run` with items that own other parts than one piece of their own number: columns, gaps,
# sparse rows, resized and mirrored arrays, ranges with an offset; against numpy, and checked
# against what the kernels access.
set -u
. "$(dirname "$0")/run_support.sh"

K=$folder/kernels.cl
cat > "$K" <<'CL'
__kernel void column_sums(__global int *sums, __global const int *m, int h, int w)
{
    int x = get_global_id(0), sum = 0;
    for (int y = 0; y < h; y++) sum += m[y * w + x];
    sums[x] = sum;
}
__kernel void product(__global float *y, __global const uint *begin,
                      __global const float *a, __global const uint *column,
                      __global const float *x)
{
    size_t i = get_global_id(0);
    float sum = 0;
    for (uint k = begin[i]; k < begin[i + 1]; k++) sum += a[k] * x[column[k]];
    y[i] = sum;
}
__kernel void lengths(__global float *y, __global const float *points, int n)
{
    int i = get_global_id(0);
    y[i] = points[i] + 10 * points[n + i] + 100 * points[2 * n + i];
}
__kernel void flipped(__global int *out, __global const int *in, int w, int h)
{
    size_t x = get_global_id(0), y = get_global_id(1);
    out[y * w + x] = in[(h - 1 - y) * w + x];
}
__kernel void halved(__global int *out, __global const int *in, int w)
{
    size_t x = get_global_id(0), y = get_global_id(1);
    out[y * w + x] = in[2 * y * w + x] + in[(2 * y + 1) * w + x];
}
__kernel void relative(__global int *out, __global const int *in)
{
    size_t i = get_global_id(0);
    out[i - get_global_offset(0)] = in[i] + (int)i;
}
__kernel void pairs(__global int *out, __global const int *in)
{
    size_t i = get_global_id(0);
    out[i] = in[2 * i] - in[2 * i + 1];
}
__kernel void extremes(__global int *out, __global const int *in)
{
    size_t g = get_group_id(0), first = g * get_local_size(0);
    if (get_local_id(0) == 0) {
        out[2 * g] = in[first];
        out[2 * g + 1] = in[first + get_local_size(0) - 1];
    }
}
CL
"$python" - <<'PY'
import numpy as np, os
r = np.random.default_rng(1)
np.save("m.npy", r.integers(-99, 99, (20, 30)).astype(np.int32))
np.save("ints.npy", r.integers(-99, 99, 200).astype(np.int32))
counts = r.integers(0, 9, 100)
os.mkdir("csr")
np.save("csr/begin.npy", np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32))
np.save("csr/bad.npy", np.arange(101, dtype=np.uint32)[::-1].copy())
np.save("csr/floats.npy", np.arange(101, dtype=np.float32))
np.save("a.npy", r.random(counts.sum(), dtype=np.float32))
np.save("column.npy", r.integers(0, 50, counts.sum()).astype(np.uint32))
np.save("x.npy", r.random(50, dtype=np.float32))
np.save("points.npy", r.random(300, dtype=np.float32))
PY
if ! "$YOKE" devices --tsv | grep -q '^opencl'; then
    echo "no OpenCL driver"
    exit 77
fi
checked() { run --check --devices cpu:2 "$@"; }

checked "$K" column_sums --range 30 out:sums.npy:int32:30 items/axis=1:m.npy int32:20 int32:30
numpy '(L("sums") == L("m").sum(0)).all()'
run --devices cpu:2 "$K" product --range 100 out:y.npy:float32:100 in:csr/begin.npy \
    items/ragged=2:a.npy items/ragged=csr/begin.npy:column.npy in:x.npy
numpy 'all(np.isclose(L("y")[i], (L("a")[b:e] * L("x")[L("column")[b:e]]).sum())
    for i, (b, e) in enumerate(zip(L("csr/begin"), L("csr/begin")[1:])))'
checked "$K" lengths --range 100 out:l.npy:float32:100 items/strided=3,100:points.npy int32:100
numpy 'np.allclose(L("l"), [1, 10, 100] @ L("points").reshape(3, 100))'
checked "$K" flipped --range 30,20 out:f.npy:int32:20x30 items/mirrored:m.npy int32:30 int32:20
numpy '(L("f") == L("m")[::-1]).all()'
checked "$K" halved --range 30,10 out:h.npy:int32:10x30 items/scaled:m.npy int32:30
numpy '(L("h") == L("m")[::2] + L("m")[1::2]).all()'
checked "$K" relative --range 50 --offset 7 out/from-offset:o.npy:int32:50 items:ints.npy
numpy '(L("o") == L("ints")[7:57] + np.arange(7, 57)).all()'
checked "$K" pairs --range 100 --chunk 7 out:p.npy:int32:100 items/each=2:ints.npy
numpy '(L("p") == L("ints")[::2] - L("ints")[1::2]).all()'
checked "$K" extremes --range 200 --group 20 out/group/each=2:e.npy:int32:20 \
    items:ints.npy
numpy '(L("e").reshape(10, 2) == L("ints").reshape(10, 20)[:, [0, 19]]).all()'

refused 1 'if 2 elements belong to each item, say so: /each=2' run "$K" pairs --range 100 \
    out:n.npy:int32:100 items:ints.npy
refused 1 'the shape 30x20 would' run "$K" flipped --range 20,30 out:n.npy:int32:30x20 \
    items:m.npy int32:30 int32:20
refused 1 'these are float32' run "$K" product --range 100 out:n.npy:float32:100 \
    in:csr/begin.npy items/ragged=2:a.npy items/ragged=csr/floats.npy:column.npy in:x.npy
refused 1 '101 offsets; 100 are needed' run "$K" product --range 99 out:n.npy:float32:99 \
    in:csr/begin.npy items/ragged=2:a.npy items/ragged=2:column.npy in:x.npy
refused 1 'argument 1 is not an array that is read' run "$K" product --range 100 \
    out:n.npy:float32:100 in:csr/begin.npy items/ragged=1:a.npy in:column.npy in:x.npy
refused 1 'argument 9 is not an array' run "$K" product --range 100 \
    out:n.npy:float32:100 in:csr/begin.npy items/ragged=9:a.npy in:column.npy in:x.npy
refused 1 'do not ascend' run "$K" product --range 100 out:n.npy:float32:100 \
    in:csr/begin.npy items/ragged=csr/bad.npy:a.npy in:column.npy in:x.npy
refused 1 'csr/none.npy: No such file' run "$K" product --range 100 out:n.npy:float32:100 \
    in:csr/begin.npy items/ragged=csr/none.npy:a.npy in:column.npy in:x.npy
refused 1 'do not fit between them' run "$K" pairs --range 99 out/strided=2,1:n.npy:int32:100 items/each=2:ints.npy@1

[ $failures = 0 ] && echo "all right"
exit $((failures > 0))
