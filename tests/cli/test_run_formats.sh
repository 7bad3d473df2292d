#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `yoke run` with pictures, raw files, archives, other orders and standard input.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/run_support.sh"

K=$folder/kernels.cl
cat > "$K" <<'CL'
__kernel void edges(__global const uchar *in, __global uchar *out)
{
    int x = get_global_id(0), y = get_global_id(1), w = get_global_size(0);
    int left = in[y * w + max(x - 1, 0)], right = in[y * w + min(x + 1, w - 1)];
    out[y * w + x] = abs(left - right);
}
__kernel void swapped(__global const uchar4 *in, __global uchar4 *out)
{
    size_t i = get_global_id(1) * get_global_size(0) + get_global_id(0);
    out[i] = in[i].zyxw;
}
__kernel void brighter(__global ushort *p)
{
    p[get_global_id(0)] += 1000;
}
__kernel void sum(__global const float *a, __global const float *b, __global float *out)
{
    size_t i = get_global_id(0);
    out[i] = a[i] + b[i];
}
CL
"$python" - <<'PY'
import numpy as np
r = np.random.default_rng(1)
np.save("gray.npy", r.integers(0, 256, (24, 32)).astype(np.uint8))
np.save("colour.npy", r.integers(0, 256, (24, 32, 4)).astype(np.uint8))
np.save("fine.npy", r.integers(0, 60000, (6, 8)).astype(np.uint16))
f = r.random((4, 5), dtype=np.float32)
np.save("f.npy", f)
np.save("fortran.npy", np.asfortranarray(f))
np.save("big.npy", f.astype(">f4"))
np.savez("several.npz", f=f, g=2 * f)
np.savez_compressed("one.npz", f=f)
f.tofile("f.raw")
with open("gray.pgm", "wb") as file:
    file.write(b"P5 32 24 255\n" + np.load("gray.npy").tobytes())
PY
if ! "$YOKE" devices --tsv | grep -q '^opencl'; then
    echo "no OpenCL driver"
    exit 77
fi
run1() { run --devices cpu:1 "$@"; }
"$python" -c 'import numpy as n; n.save("rgb.npy", n.load("colour.npy")[:, :, :3].copy())'
EDGES='np.abs(np.pad(L("gray").astype(int), ((0, 0), (1, 1)), "edge")[:, :-2]
    - np.pad(L("gray").astype(int), ((0, 0), (1, 1)), "edge")[:, 2:])'

run1 "$K" edges --range gray.pgm in:gray.pgm out:e.npy
numpy '(L("e") == '"$EDGES"').all() and L("e").dtype == "uint8"'
run1 "$K" edges --range - in:- out:e2.npy:uint8 < gray.pgm
numpy '(L("e2") == L("e")).all()'
# The command in README.md, with a picture of another kind.
sobel=$here/../../kernels/sobel.cl
run1 "$sobel" sobel --range e.npy out:sobel.pgm:uint8 in:rgb.npy uint32:x uint32:y uint32:3
[ "$(head -c 12 sobel.pgm | tr '\n' ' ')" = 'P5 32 24 255' ] || fail "no picture"
run1 "$K" sum --range 20 items:fortran.npy items:big.npy out:s.npy
numpy '(L("s") == 2 * L("f")).all()'
run1 "$K" sum --range 20 items:f.raw:float32 items:f.raw:float32:4x5 out:s.raw:float32
cmp -s s.raw <("$python" -c 'import numpy as n, sys; sys.stdout.buffer.write(n.load("s.npy").tobytes())') ||
    fail "s.raw is not 2 f"

if ldd "$YOKE" | grep -q libpng; then
    run1 "$K" edges --range gray.pgm items:gray.pgm out:e.png --check
    run1 "$K" edges --range e.png in:gray.pgm out:e3.npy
    numpy '(L("e3") == L("e")).all()'
    run1 "$K" swapped --range 32,24 items:colour.npy out:c.png
    run1 "$K" swapped --range c.png items:c.png out:c.npy
    numpy '(L("c") == L("colour")).all()'
    run1 "$K" brighter --range 48 inout:fine.npy=fine.png
    run1 "$K" brighter --range 48 inout:fine.png
    run1 "$K" brighter --range 48 inout:fine.png=fine2.npy
    numpy '(L("fine2") == L("fine") + 3000).all()'
    head -c 60 e.png > short.png
    refused 1 'short.png: the PNG file is damaged' run "$K" edges --range gray.pgm in:short.png out:n.npy
else
    refused 1 'without libpng' run "$K" edges --range gray.pgm in:gray.pgm out:n.png
fi
if ldd "$YOKE" | grep -q libzip; then
    run1 "$K" sum --range 20 items:several.npz/f items:one.npz out:z.npy
    numpy '(L("z") == 2 * L("f")).all()'
    refused 1 'FILE.npz/NAME is one of them: f, g' run "$K" sum --range 20 items:several.npz \
        items:one.npz out:n.npy
    refused 1 "no array 'h'; it has f, g" run "$K" sum --range 20 items:several.npz/h \
        items:one.npz out:n.npy
    refused 1 'only read' run "$K" brighter --range 20 inout:one.npz
else
    refused 1 'without libzip' run "$K" sum --range 20 items:one.npz items:f.npy out:n.npy
fi

refused 1 "'.jpg' cannot be written" run "$K" edges --range gray.pgm in:gray.pgm out:n.jpg
refused 1 'a picture has uint8' run "$K" sum --range 20 items:f.npy items:f.npy out:n.pgm
refused 1 'says type and shape itself' run "$K" sum --range 20 items:f.npy:float32:20 \
    items:f.npy out:n.npy
refused 1 'takes 84 bytes, and the file has 80' run "$K" sum --range 21 items:f.raw:float32:21 \
    items:f.npy out:n.npy
refused 1 'need their type and shape, FILE:TYPE:SHAPE' run "$K" sum --range 20 items:f.raw \
    items:f.npy out:n.npy
refused 1 'the picture has 1 channel' run "$K" swapped --range gray.pgm items:gray.pgm out:n.npy
refused 1 'none is' run "$K" brighter --range 48 out:n.npy
refused 1 '--range: none.png: No such file' run "$K" edges --range none.png in:gray.pgm out:n.npy
refused 1 'standard input is empty' run "$K" edges --range - in:- out:n.npy < /dev/null
refused 2 "'-=RESULT'" run "$K" brighter --range 48 inout:-

[ $failures = 0 ] && echo "all right"
exit $((failures > 0))
