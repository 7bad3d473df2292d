#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The `yoke` command from outside: arrays made and checked by numpy, wrong input of
# every kind, and what is left behind. YOKE is the command to test.
set -u
. "$(dirname "$0")/run_support.sh"
mkdir "$folder/odd 'folder"

cat > "$folder/kernels.h" <<'CL'
#define TWICE(x) ((x) + (x))
CL
cp "$folder/kernels.h" "$folder/odd 'folder/"
cat > "$folder/kernels.cl" <<'CL'
#include "kernels.h"
typedef struct { char c; int i; } pair;

__kernel void saxpy(__global float *z, __global const float *x, __global const float *y,
                    float a)
{
    size_t i = get_global_id(0);
    z[i] = a * x[i] + y[i];
}
__kernel void twice(__global int *x)
{
    size_t i = get_global_id(0);
    x[i] = TWICE(x[i]);
}
__kernel void rows(__global float *z, __global const float *x, int width)
{
    size_t i = get_global_id(1) * width + get_global_id(0);
    z[i] = x[i] + 1000 * get_global_id(1);
}
__kernel void columns(__global float *z, __global const float *x, int height)
{
    size_t i = get_global_id(0) * height + get_global_id(1);
    z[i] = 2 * x[i];
}
__kernel void planes(__global int *z)
{
    size_t x = get_global_id(0), y = get_global_id(1), p = get_global_id(2);
    z[(p * get_global_size(1) + y) * get_global_size(0) + x] = 100 * p + 10 * y + x;
}
__kernel void sums(__global float *sums, __global const float *x, __local float *part,
                   int n)
{
    size_t l = get_local_id(0), i = get_global_id(0);
    part[l] = i < n ? x[i] : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (l == 0) {
        float sum = 0;
        for (size_t k = 0; k < get_local_size(0); k++) sum += part[k];
        sums[get_group_id(0)] = sum;
    }
}
__kernel void bounded(__global float *z, int n)
{
    int i = get_global_id(0);
    if (i < n) z[i] = i;
}
__kernel void inner(__global float *z, __global const float *x)
{
    size_t i = get_global_id(0);
    z[i] = x[i + 2] - x[i];
}
__kernel void shifted(__global float *z) { size_t i = get_global_id(0) + 3; z[i] = i; }
__kernel void red(__global float *x, int colour)
{
    int i = 2 * get_global_id(0) + colour;
    (void)i;
    x[get_global_id(0)] += 0 * x[0] + colour;
}
__kernel void histogram(__global uint *bins, __global const uchar *x)
{
    atomic_inc(&bins[x[get_global_id(0)]]);
}
__kernel void reverse(__global int *x, int n)
{
    int i = get_global_id(0), t = x[i];
    x[i] = x[n - 1 - i];
    x[n - 1 - i] = t;
}
__kernel void types(__global double *z, char c, uchar uc, short s, ushort us, int i,
                    uint ui, long l, ulong ul, float f, double d, float4 f4, int3 i3, pair p)
{
    double v[] = {c, uc, s, us, i, ui, l, ul, f, d, f4.x, f4.w, i3.z, p.i};
    z[get_global_id(0)] = v[get_global_id(0)];
}
__kernel void optional(__global int *z, __global const int *x, __global int *count)
{
    size_t i = get_global_id(0);
    z[i] = x != 0 ? x[i] : -1;
    if (count != 0) count[i] = 1;
}
__kernel void slow(__global uint *z, uint n)
{
    uint x = get_global_id(0);
    for (uint i = 0; i < n; i++) x = x * 1664525u + 1013904223u + (x >> 16);
    z[get_global_id(0)] = x;
}
CL
cp "$folder/kernels.cl" "$folder/odd 'folder/"
echo '__kernel void valued(__global int *z) { z[get_global_id(0)] = VALUE; }' \
    > "$folder/valued.cl"
echo '__kernel void broken(__global float *x) { x[0] = missing_name; }' \
    > "$folder/broken.cl"
cp "$folder/broken.cl" "$folder/odd 'folder/"
K=$folder/kernels.cl

"$python" - <<'PY'
import numpy as np
r = np.random.default_rng(1)
np.save("x.npy", r.random(1000, dtype=np.float32))
np.save("y.npy", r.random(1000, dtype=np.float32))
np.save("d.npy", r.random(1000))
np.save("image.npy", np.arange(12 * 8, dtype=np.float32).reshape(8, 12))
np.save("ints.npy", np.arange(100, dtype=np.int32))
np.save("bytes.npy", r.integers(0, 256, 10000).astype(np.uint8))
np.save("objects.npy", np.array([None] * 1000, dtype=object))
np.save("nothing.npy", np.zeros((0, 3), np.float32))
np.save("half.npy", np.ones(1000, np.float16))
np.save("points.npy", np.float32(3))
open("short.npy", "wb").write(open("x.npy", "rb").read()[:-1])
open("garbage.npy", "wb").write(bytes(range(256)))
for version in ((2, 0), (3, 0)):
    with open("v%d.npy" % version[0], "wb") as f:
        np.lib.format.write_array(f, np.load("x.npy"), version)
PY

echo "-- help, version, devices"
works --help
grep -q 'devices' "$folder/out" || fail "--help names no commands"
works --version
grep -Eq '^yoke [0-9]+\.[0-9]+\.[0-9]+$' "$folder/out" || fail "--version"
works run --help
grep -q -- '--round-up' "$folder/out" || fail "run --help names no options"
works devices --devices cpu
grep -Eq '^cpu0 +ready' "$folder/out" ||
    fail "devices shows no CPU: $(cat "$folder/out")"
OCL_ICD_VENDORS=$folder/arrays works devices --devices cpu
grep -Eq '^cpu0 +ready' "$folder/out" || fail "devices without OpenCL"
refused 2 'no command' frobnicate
refused 2 'unexpected argument' devices now
refused 1 'nonsense' devices --devices nonsense

if ! "$YOKE" run "$K" twice --range 100 -q inout:ints.npy=probe.npy \
    2> "$folder/err"; then
    if ! "$YOKE" devices --tsv | grep -q '^opencl'; then
        echo "no OpenCL driver: the rest is skipped"
        [ $failures = 0 ] && exit 77 || exit 1
    fi
    cat "$folder/err"
    exit 1
fi
rm -f probe.npy

echo "-- kinds of arrays"
run "$K" saxpy --range 1000 out:z.npy:float32:1000 items:x.npy items:y.npy float32:2
numpy '(L("z") == np.float32(2) * L("x") + L("y")).all() and L("z").dtype == "float32"'
run "$K" saxpy --range 1000 out:z2.npy:float32:10x100 in:v2.npy in:v3.npy float32:0.5
numpy 'np.array_equal(L("z2").ravel(), np.float32(1.5) * L("x"))'
run "$K" rows --range 12,8 out:r.npy:float32:8x12 items:image.npy int32:12
numpy '(L("r") == L("image") + 1000 * np.arange(8)[:, None]).all()'
run "$K" rows --range 12,8 --group 4,2 out:r2.npy:float32:8x12 items:image.npy int32:12
numpy '(L("r2") == L("r")).all()'
run "$K" columns --range 12,8 --split x out:c.npy:float32:12x8 \
    items/each=8:image.npy int32:8
numpy '(L("c").ravel() == 2 * L("image").ravel()).all()'
run "$K" planes --range 4,3,5 out:p.npy:int32:5x3x4
numpy '(L("p") == np.arange(5)[:, None, None] * 100 + np.arange(3)[:, None] * 10
    + np.arange(4)).all()'
run "$K" histogram --range 10000 out-whole:h.npy:uint32:256 in:bytes.npy
numpy '(L("h") == np.bincount(L("bytes"), minlength=256)).all()'
run "$K" reverse --range 50 inout-whole:ints.npy=reversed.npy int32:100
numpy '(L("reversed") == np.arange(100)[::-1]).all()'
run "$K" red --range 1000 update:x.npy=red.npy int32:1
numpy '(L("red") == L("x") + 1).all()'

echo "-- results in place and elsewhere, repetitions"
cp ints.npy c.npy
chmod 640 c.npy
run "$K" twice --range 100 inout:c.npy=c2.npy
numpy '(L("c") == np.arange(100)).all() and (L("c2") == 2 * np.arange(100)).all()'
run "$K" twice --range 100 inout:c.npy
numpy '(L("c") == 2 * np.arange(100)).all()'
[ "$(stat -c %a c.npy)" = 640 ] || fail "the result's permissions changed"
run "$K" twice --range 100 --repeat 5 inout:c.npy
numpy '(L("c") == 4 * np.arange(100)).all()'
run "$K" histogram --range 10000 --repeat 3 out-whole:h.npy:uint32:256 in:bytes.npy
numpy '(L("h") == np.bincount(L("bytes"), minlength=256)).all()'
ln -s c.npy link.npy
run "$K" twice --range 100 inout:link.npy
[ -L link.npy ] || fail "the link was replaced"
numpy '(L("c") == 8 * np.arange(100)).all()'
cp x.npy self.npy
run "$K" saxpy --range 1000 out:self.npy:float32:1000 in:self.npy items:y.npy float32:2
numpy '(L("self") == np.float32(2) * L("x") + L("y")).all()'
works run "$K" saxpy --range 1000 --repeat 3 out:z.npy:float32:1000 items:x.npy \
    items:y.npy float32:2
grep -q 'median of 3' "$folder/out" || fail "no median: $(cat "$folder/out")"
[ -s "$folder/err" ] && fail "a progress bar without a terminal"

echo "-- parts of groups, offsets, rounding up"
for group in 64 100; do
    groups=$(((1000 + group - 1) / group))
    run "$K" sums --range 1000 --group $group --round-up \
        out/group:s.npy:float32:$groups in:x.npy local:$((4 * group)) int32:1000
    numpy "np.allclose(L('s'), np.add.reduceat(L('x'), np.arange(0, 1000, $group)))"
done
run "$K" bounded --range 1000 --group 64 --round-up out:b.npy:float32:1000 int32:1000
numpy '(L("b") == np.arange(1000)).all()'
run "$K" inner --range 998 out:i.npy@1:float32:1000 in:x.npy
numpy '(L("i")[1:-1] == L("x")[2:] - L("x")[:-2]).all()'
numpy ' L("i")[0] == 0 == L("i")[-1]'
run "$K" shifted --range 10 out/at=3:s.npy:float32:20
numpy '(L("s") == [i if 3 <= i < 13 else 0 for i in range(20)]).all()'
run "$K" saxpy --range 900 out:o.npy:float32:900 items:x.npy@100 \
    items:y.npy@50 float32:1
numpy '(L("o") == L("x")[100:] + L("y")[50:950]).all()'

echo "-- absent arrays, chunks, figures of each worker"
run "$K" optional --range 100 out:a.npy:int32:100 items:ints.npy null
numpy '(L("a") == L("ints")).all()'
run "$K" optional --range 100 out:a.npy:int32:100 null out:n.npy:int32:100
numpy '(L("a") == -1).all() and (L("n") == 1).all()'
works run "$K" twice --range 100 --chunk 10 --stats --devices cpu:1 inout:ints.npy=chunks.npy
numpy '(L("chunks") == 2 * L("ints")).all()'
grep -Eq '^  cpu0 +100 +100 % +(1[0-9]|[2-9][0-9]|100) ' "$folder/out" ||
    fail "no 10 chunks of 100 items: $(cat "$folder/out")"
works run "$K" twice --range 100 --devices cpu:1 inout:ints.npy=chunks.npy
grep -q CHUNKS "$folder/out" && fail "figures of workers without --stats"
refused 1 'or null' run "$K" twice --range 100 int32:5
refused 1 'null given' run "$K" types --range 14 out:t.npy:float64:14 null uint8:200 \
    int16:-300 uint16:60000 int32:-70000 uint32:4000000000 int64:-5000000000 \
    uint64:9007199254740992 float32:1.5 float64:0.1 float32x4:1,2,3,4 int32x3:5,6,7 \
    bytes:0000000008000000
refused 2 '--chunk' run "$K" twice --range 100 --chunk 0 inout:ints.npy
refused 2 'exclude' run "$K" twice --range 100 --stats -q inout:ints.npy

echo "-- values"
run "$K" types --range 14 out:t.npy:float64:14 int8:-1 uint8:200 int16:-300 \
    uint16:60000 int32:-70000 uint32:4000000000 int64:-5000000000 uint64:9007199254740992 \
    float32:1.5 float64:0.1 float32x4:1,2,3,4 int32x3:5,6,7 bytes:0000000008000000
numpy 'L("t").tolist() == [-1, 200, -300, 60000, -70000, 4e9, -5e9, 2**53, 1.5, 0.1,
    1, 4, 7, 8]'
run "$folder/valued.cl" valued --range 4 --build '-DVALUE=7' out:v.npy:int32:4
numpy '(L("v") == 7).all()'
run "$folder/odd 'folder/kernels.cl" twice --range 100 inout:ints.npy=odd.npy
numpy '(L("odd") == 2 * np.arange(100)).all()'

echo "-- devices"
lists="cpu cpu:1"
"$YOKE" devices --tsv --devices cpu | grep -q 'Portable Computing' &&
    lists="$lists opencl:pocl cpu,opencl:pocl"
for devices in $lists; do
    run "$K" saxpy --range 1000 --devices $devices out:z1.npy:float32:1000 items:x.npy \
        items:y.npy float32:2
    numpy '(L("z1") == L("z")).all()'
done

echo "-- devices that stand aside"
cat > "$folder/local.cl" <<'CL'
__kernel void through(__global int *out, __local int *part)
{
    part[get_local_id(0)] = get_global_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    out[get_global_id(0)] = part[get_local_id(0)];
}
CL
export RUSTICL_ENABLE=llvmpipe
if "$YOKE" devices --tsv --devices opencl:llvmpipe > "$folder/out" 2>&1; then
    for ((i = 0; i < 50; i++)); do # cores may be through before the device looks
        works run "$folder/local.cl" through --range 64000 --group 64 --repeat 20 \
            --devices cpu:1,opencl:llvmpipe out:l.npy:int32:64000 local:300000
        grep -q '^  aside    opencl.*300000 bytes of local memory' "$folder/out" && break
    done
    [ $i -lt 50 ] || fail "no device stands aside: $(cat "$folder/out")"
fi
unset RUSTICL_ENABLE
works run "$K" twice --range 100 --devices cpu inout:ints.npy=all.npy
grep -q '^  aside' "$folder/out" &&
    fail "something stands aside: $(cat "$folder/out")"

echo "-- wrong usage"
refused 2 'FILE.cl and KERNEL are missing' run
refused 2 'KERNEL is missing' run "$K"
refused 2 '--range is missing' run "$K" twice inout:ints.npy
refused 2 "'0'" run "$K" twice --range 0 inout:ints.npy
refused 2 "'1,2,3,4'" run "$K" twice --range 1,2,3,4 inout:ints.npy
refused 2 "'99999999999999999999'" run "$K" twice \
    --range 99999999999999999999 inout:ints.npy
refused 2 'has 1 sizes and --range has 2' run "$K" rows --range 12,8 --group 4 \
    out:r.npy:float32:8x12 items:image.npy int32:12
refused 2 'not a multiple' run "$K" twice --range 100 --group 64 inout:ints.npy
refused 2 'only 1 dimension' run "$K" twice --range 100 --split y inout:ints.npy
refused 2 'x, y or z' run "$K" twice --range 100 --split w inout:ints.npy
refused 2 '--repeat' run "$K" twice --range 100 --repeat 0 inout:ints.npy
refused 2 "argument 1, 'ints.npy'" run "$K" twice --range 100 ints.npy
refused 2 'out of the range of int8' run "$K" twice --range 100 int8:128
refused 2 "unrecognized option '--frob'" run "$K" twice --frob

echo "-- wrong files"
refused 1 'missing.npy: No such file' run "$K" twice --range 100 inout:missing.npy
refused 1 'missing.cl: No such file' run missing.cl twice --range 100 inout:ints.npy
refused 1 'short.npy: the file is cut short' run "$K" red --range 1000 \
    update:short.npy int32:1
refused 1 'garbage.npy: this is not an .npy, .npz, PNG' run "$K" red --range 10 \
    update:garbage.npy int32:1
refused 1 "'|O'" run "$K" red --range 1000 update:objects.npy int32:1
refused 1 'no elements' run "$K" red --range 1 update:nothing.npy int32:1
refused 1 'not a regular file' run "$K" red --range 1 update:/dev/null int32:1
refused 1 'nowhere/z.npy' run "$K" planes --range 4,3,5 out:nowhere/z.npy:int32:5x3x4
refused 1 'not a regular file' run "$K" planes --range 4,3,5 out:/dev/full:int32:5x3x4
refused 1 'already' run "$K" saxpy --range 1000 out:n.npy:float32:1000 items:x.npy \
    inout:y.npy=./n.npy float32:2

echo "-- arguments that do not fit"
refused 1 'do not fit 7 items' run "$K" twice --range 7 inout:ints.npy
refused 1 'from part 2 on' run "$K" twice --range 99 inout:ints.npy@2
refused 1 '--group' run "$K" sums --range 1000 out/group:s9.npy:float32:10 in:x.npy \
    local:256 int32:1000
refused 1 "kernel 'saxpy' has 4 parameters" run "$K" saxpy --range 1000 \
    out:n.npy:float32:1000 items:x.npy items:y.npy
refused 1 'float32' run "$K" saxpy --range 1000 out:n.npy:float32:1000 items:d.npy \
    items:y.npy float32:2
refused 1 "argument 2, 'items:half.npy', for parameter 'float* x'" run "$K" saxpy \
    --range 1000 out:n.npy:float32:1000 items:half.npy items:y.npy float32:2
refused 1 'float32:VALUE would fit' run "$K" saxpy --range 1000 out:n.npy:float32:1000 \
    items:x.npy items:y.npy in:x.npy
refused 1 'an array would fit' run "$K" saxpy --range 1000 out:n.npy:float32:1000 \
    items:x.npy float32:1 float32:2
refused 1 'float32 would fit' run "$K" saxpy --range 1000 out:n.npy:float32:1000 \
    items:x.npy items:y.npy float64:2
refused 1 'local:BYTES would fit' run "$K" sums --range 1000 --group 100 \
    out/group:n.npy:float32:10 in:x.npy in:x.npy int32:1000
echo '__kernel void wide(__global int *x, __read_only image2d_t picture)
    { x[get_global_id(0)] = get_image_width(picture); }' > "$folder/picture.cl"
refused 1 'only programs can pass' run "$folder/picture.cl" wide --range 100 \
    out:n.npy:int32:100 in:ints.npy

echo "-- kernels that do not build"
refused 1 'missing_name' run "$folder/broken.cl" broken --range 1 inout:points.npy
refused 1 'missing_name' run "$folder/odd 'folder/broken.cl" broken --range 1 \
    inout:points.npy
refused 1 'no_such_kernel' run "$K" no_such_kernel --range 100 inout:ints.npy
refused 1 'nonsense' run "$K" twice --devices nonsense --range 100 inout:ints.npy

echo "-- interrupted"
"$python" - "$YOKE" "$K" <<'PY' || fail "interruption"
import os, pty, select, signal, sys, time
yoke, kernel = sys.argv[1:]

def interrupt(number):
    before = sorted(os.listdir("."))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(yoke, [yoke, "run", kernel, "slow", "--range", "1000000",
                        "out:slow.npy:uint32:1000000", "uint32:10000000"])
    seen = b""
    deadline = time.monotonic() + 30
    while b"%" not in seen:
        if not select.select([terminal], [], [], deadline - time.monotonic())[0]:
            os.kill(pid, signal.SIGKILL)
            return "no progress bar: %r" % seen
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            return "ended by itself: %r" % seen
    os.kill(pid, number)
    while True:
        if not select.select([terminal], [], [], deadline - time.monotonic())[0]:
            os.kill(pid, signal.SIGKILL)
            return "did not end"
        try:
            if not os.read(terminal, 4096):
                break
        except OSError:
            break
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    if status != 128 + number:
        return "ended with %d" % status
    if sorted(os.listdir(".")) != before:
        return "left files"

for number in (signal.SIGINT, signal.SIGTERM):
    trouble = interrupt(number)
    if trouble:
        sys.exit("signal %d: %s" % (number, trouble))
PY

# Limits of time.
cat > "$folder/endless.cl" <<'CL'
__kernel void endless(__global int *x)
{
    while (*(volatile __global int *)x != 7) {}
}
CL
refused 1 "exceeded its time limit" run --quiet --timeout 1 --devices cpu:1 \
    "$folder/endless.cl" endless --range 4 out:e.npy:int32:4
refused 2 "--timeout: 'soon' is not a number of seconds" run --timeout soon \
    "$folder/endless.cl" endless --range 4 out:e.npy:int32:4
refused 2 "--build-timeout: '0' is not a number of seconds" run --build-timeout 0 \
    "$folder/endless.cl" endless --range 4 out:e.npy:int32:4
run --timeout 60 --build-timeout 60 "$K" twice --range 100 inout:c.npy=t.npy

# The same source again is the same program to the compiler, whatever its folder is called.
programs()
{
    find "${POCL_CACHE_DIR:-$HOME/.cache/pocl/kcache}" -name program.bc 2> /dev/null | wc -l
}
run "$folder/odd 'folder/kernels.cl" twice --range 100 inout:c.npy=t.npy
before=$(programs)
run "$folder/odd 'folder/kernels.cl" twice --range 100 inout:c.npy=t.npy
[ "$before" = "$(programs)" ] || fail "the compiler's cache grew in a second run"

[ -z "$(find . -name '.yoke-*')$(find "$TMPDIR" -name 'yoke-*')" ] ||
    fail "temporary files are left"
if [ $failures != 0 ]; then
    echo "$failures failed"
    exit 1
fi
echo "all right"
