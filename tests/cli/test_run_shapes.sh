#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `yoke run` with arrays that have borders, tiles of them, and outputs of which items write a
# part, against numpy; in place and on a device with memory of its own.
set -u
. "$(dirname "$0")/run_support.sh"

K=$folder/kernels.cl
cat > "$K" <<'CL'
__kernel void smooth(__global int *out, __global const int *in, int w, int h)
{
    int x = get_global_id(0), y = get_global_id(1);
    out[y * w + x] = in[max(y - 2, 0) * w + x] + 3 * in[min(y + 1, h - 1) * w + x];
}
__kernel void wrapped(__global int *out, __global const int *in, int w, int h)
{
    int x = get_global_id(0), y = get_global_id(1);
    out[y * w + x] = in[(y + h - 1) % h * w + x] - in[(y + 1) % h * w + x];
}
__kernel void valid(__global int *out, __global const int *in, int w)
{
    int x = get_global_id(0), y = get_global_id(1), sum = 0;
    for (int k = 0; k < 5; k++) sum += (k + 1) * in[(y + k) * w + x];
    out[y * w + x] = sum;
}
__kernel void inside(__global int *out, __global const int *in)
{
    size_t w = get_global_size(0) + 2, i = get_global_id(1) * w + get_global_id(0);
    out[i] = in[i - w] + 2 * in[i + w] + in[i - 1] * in[i + 1];
}
__kernel void negate(__global int *p, uint pitch)
{
    size_t i = get_global_id(1) * pitch + get_global_id(0);
    p[i] = -p[i];
}
__kernel void even(__global int *p)
{
    size_t i = get_global_id(0);
    if (i % 2 == 0) p[i] = 5 * i;
}
__kernel void copied(__global int *to, __global const int *from, uint pitch, uint from_pitch)
{
    size_t x = get_global_id(0), y = get_global_id(1);
    to[y * pitch + x] = from[y * from_pitch + x];
}
CL
"$python" - <<'PY'
import numpy as np
r = np.random.default_rng(1)
np.save("ints.npy", np.arange(100, dtype=np.int32))
np.save("field.npy", r.integers(-99, 99, (48, 36)).astype(np.int32))
np.save("other.npy", r.integers(-99, 99, (48, 36)).astype(np.int32))
PY

if ! "$YOKE" devices --tsv | grep -q '^opencl'; then
    echo "no OpenCL driver"
    exit 77
fi

echo "-- neighbours, tiles, some of its own bytes"
shapes()
{
    run "$K" smooth --range 36,48 "$@" out:smooth.npy:int32:48x36 \
        items/halo=2,1:field.npy int32:36 int32:48
    numpy '(L("smooth") == L("field")[np.maximum(np.arange(48) - 2, 0)]
        + 3 * L("field")[np.minimum(np.arange(48) + 1, 47)]).all()'
    run "$K" smooth --range 36,20 --offset 0,10 "$@" out-some:smooth.npy:int32:48x36 \
        items/halo=2,1:field.npy int32:36 int32:48
    numpy '(L("smooth")[10:30] == L("field")[8:28] + 3 * L("field")[11:31]).all()
        and not L("smooth")[:10].any() and not L("smooth")[30:].any()'
    run "$K" wrapped --range 36,48 "$@" out:wrapped.npy:int32:48x36 \
        items/halo=1/edge=periodic:field.npy int32:36 int32:48
    numpy '(L("wrapped") == np.roll(L("field"), 1, 0) - np.roll(L("field"), -1, 0)).all()'
    run "$K" valid --range 36,44 "$@" out:valid.npy:int32:44x36 \
        items/halo=0,4/edge=present:field.npy int32:36
    numpy '(L("valid") == sum((k + 1) * L("field")[k : k + 44] for k in range(5))).all()'
    run "$K" valid --range 36,40 "$@" out:valid.npy:int32:40x36 \
        items/halo=0,4/edge=present:field.npy@3 int32:36
    numpy '(L("valid") == sum((k + 1) * L("field")[3 + k : 43 + k] for k in range(5))).all()'
    run "$K" inside --range 34,46 --offset 1,1 "$@" out-some:other.npy=inside.npy \
        items/halo=1/edge=present:field.npy
    numpy '(L("inside")[1:-1, 1:-1] == L("field")[:-2, 1:-1] + 2 * L("field")[2:, 1:-1]
        + L("field")[1:-1, :-2] * L("field")[1:-1, 2:]).all()'
    numpy 'all((L("inside")[e] == L("other")[e]).all()
        for e in (0, -1, np.s_[:, 0], np.s_[:, -1]))'
    run "$K" inside --range 34,40 --offset 1,0 "$@" out-some:other.npy@4=front.npy \
        items/halo=1/edge=present:field.npy@4
    numpy '(L("front")[4:44, 1:-1] == L("field")[3:43, 1:-1] + 2 * L("field")[5:45, 1:-1]
        + L("field")[4:44, :-2] * L("field")[4:44, 2:]).all()'
    run "$K" negate --range 7,20 "$@" inout/columns=29,7:field.npy@28=tile.npy uint32:36
    numpy '(L("tile")[28:, 29:] == -L("field")[28:, 29:]).all()
        and (L("tile")[:28] == L("field")[:28]).all()
        and (L("tile")[:, :29] == L("field")[:, :29]).all()'
    run "$K" copied --range 9,30 "$@" out/columns=2,9:copied.npy@5:int32:40x12 \
        items/columns=20,9:field.npy@1 uint32:12 uint32:36
    numpy '(L("copied")[5:35, 2:11] == L("field")[1:31, 20:29]).all()
        and np.count_nonzero(L("copied")) == np.count_nonzero(L("field")[1:31, 20:29])'
    for edge in clipped periodic present ; do
        run "$K" copied --range 36,48 "$@" out:same.npy:int32:48x36 \
            items/halo=0,0/edge=$edge:field.npy uint32:36 uint32:36
        numpy '(L("same") == L("field")).all()'
    done
    run "$K" copied --range 9,30 "$@" out-whole/columns=2,9:copied2.npy@5:int32:35x12 \
        in/columns=20,9:field.npy@1 uint32:12 uint32:36
    numpy '(L("copied2") == L("copied")[:35]).all()'
    run "$K" even --range 100 "$@" --repeat 2 out-some:ints.npy=even.npy
    numpy '(L("even") == [5 * i if i % 2 == 0 else i for i in range(100)]).all()'
    run "$K" even --range 100 "$@" out-some:even2.npy:int32:100
    numpy '(L("even2") == [5 * i if i % 2 == 0 else 0 for i in range(100)]).all()'
    run "$K" negate --range 36,1 "$@" inout:field.npy@9=row.npy uint32:36
    numpy '(L("row")[9] == -L("field")[9]).all()
        and np.count_nonzero(L("row") != L("field")) == np.count_nonzero(L("field")[9])'
}
shapes
if "$YOKE" devices --tsv --devices cpu | grep -q 'Portable Computing'; then
    YOKE_FORCE_DISCRETE=1 shapes --devices opencl:pocl
fi
for odd in 'halo=1/edge=periodic' 'halo=1' ; do
    refused 1 'the kernel'"'"'s pointer' run "$K" smooth --range 36,20 \
        out:n.npy:int32:20x36 "items/$odd:field.npy@4" int32:36 int32:20
done
refused 1 'the halo needs 0 parts in front' run "$K" valid --range 36,45 \
    out:n.npy:int32:45x36 items/halo=0,4/edge=present:field.npy int32:36
refused 1 '36 columns' run "$K" negate --range 7,20 \
    inout/columns=30,7:field.npy=n.npy uint32:36
refused 1 '0 columns' run "$K" even --range 100 inout/columns=0,1:ints.npy=n.npy
refused 2 '/halo and /edge' run "$K" even --range 100 inout/halo=1:ints.npy
refused 2 '/halo=N is missing' run "$K" even --range 100 items/edge=present:ints.npy
refused 2 'is not known' run "$K" even --range 100 items/halo=1/edge=round:ints.npy
refused 2 'is not known' run "$K" even --range 100 items/halo=1,2,3:ints.npy
refused 2 'is not known' run "$K" even --range 100 items/columns=1:ints.npy
refused 2 'is not known' run "$K" even --range 100 items/halo=:ints.npy
refused 2 '--offset' run "$K" even --range 100 --offset 1,2 inout:ints.npy
refused 2 '--offset' run "$K" even --range 100 --offset x inout:ints.npy
refused 1 'missing.npy' run "$K" even --range 100 out-some:missing.npy

[ $failures = 0 ] && echo "all right"
exit $((failures > 0))
