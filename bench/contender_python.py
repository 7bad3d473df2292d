# SPDX-License-Identifier: MIT
"""multiprocessing.Pool, with numpy over shared memory where a Python user would take it.

Speaks as contender.c does. The shared memory is anonymous and inherited by the workers,
which is as fast as multiprocessing.shared_memory and does not depend on the size of
/dev/shm.
"""
import argparse
import array
import ctypes
import mmap
import multiprocessing
import os
import signal
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import numpy as np
except ImportError:
    np = None

LIBC = ctypes.CDLL(None)
MI = 1 << 20
BLOCK = 1 << 15  # elements that stay in a core's cache


def nothing(item):
    return None


def square(i):
    return i * i


def produce(count):
    return b"\1" * count


def part_of_sum(piece):
    begin, end = piece
    return float(np.sum(SHARED[1][begin:end]))


def part_of_dot(piece):
    """In blocks: all at once, a float is not enough."""
    begin, end = piece
    return sum(float(np.dot(SHARED[1][b:e], SHARED[2][b:e]))
               for b, e in blocks(begin, end, BLOCK))


def sum_squares(limit):
    return sum(i * i for i in range(limit))


def blocks(begin, end, size):
    return ((b, min(b + size, end)) for b in range(begin, end, size))


def saxpy(begin, end, z, x, y):
    for b, e in blocks(begin, end, BLOCK):
        np.multiply(x[b:e], np.float32(0.5), out=z[b:e])
        np.add(z[b:e], y[b:e], out=z[b:e])


def saxpy_inplace(begin, end, y, x):
    for b, e in blocks(begin, end, BLOCK):
        np.add(y[b:e], np.float32(0.5) * x[b:e], out=y[b:e])


def escape_times(cx, cy, limit):
    """Drops the points that have escaped, since the rest costs what is left."""
    count = np.full(cx.size, limit, dtype=np.uint32)
    index = np.arange(cx.size)
    zx, zy = np.zeros_like(cx), np.zeros_like(cy)
    for n in range(limit):
        x2, y2 = zx * zx, zy * zy
        inside = x2 + y2 <= 4
        if not inside.all():
            count[index[~inside]] = n
            index, zx, zy, cx, cy, x2, y2 = (
                v[inside] for v in (index, zx, zy, cx, cy, x2, y2))
            if index.size == 0:
                break
        zy = np.float32(2) * zx * zy + cy
        zx = x2 - y2 + cx
    return count


def mandelbrot(begin, end, count):
    width = count.shape[1]
    step = np.float32(3) / np.float32(width)
    line = np.float32(-2.25) + step * np.arange(width, dtype=np.float32)
    rows = np.float32(-1.5) + step * np.arange(begin, end, dtype=np.float32)
    cy, cx = np.meshgrid(rows, line, indexing="ij")
    count[begin:end] = escape_times(cx.ravel(), cy.ravel(), 500).reshape(cx.shape)


def nbody(begin, end, velocity, position):
    p, mass = position[:, :3].T.copy(), position[:, 3]
    for b, e in blocks(begin, end, 16):
        d = p[:, None, :] - p[:, b:e, None]
        r2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + np.float32(0.01)
        s = mass / (r2 * np.sqrt(r2))
        velocity[b:e, :3] += np.float32(1e-3) * np.einsum("ij,kij->ik", s, d)


WEIGHTS = (0.0625, 0.25, 0.375, 0.25, 0.0625)


def blur(begin, end, out, image):
    height, width = image.shape
    for b, e in blocks(begin, end, 16):
        rows = np.clip(np.arange(b - 2, e + 2), 0, height - 1)
        around = image[b - 2:e + 2] if b >= 2 and e + 2 <= height else image[rows]
        down = sum(np.float32(w) * around[i:i + e - b] for i, w in enumerate(WEIGHTS))
        padded = np.pad(down, ((0, 0), (2, 2)), mode="edge")
        np.multiply(padded[:, :width], np.float32(WEIGHTS[0]), out=out[b:e])
        for j in range(1, 5):
            out[b:e] += np.float32(WEIGHTS[j]) * padded[:, j:j + width]


def stencil(begin, end, out, grid):
    height, width = grid.shape
    for edge in {0, height - 1} & {begin, end - 1}:
        out[edge] = grid[edge]
    first, last = max(begin, 1), min(end, height - 1)
    for b, e in blocks(first, last, max(BLOCK // width, 1)):
        to, middle = out[b:e, 1:-1], grid[b:e]
        np.add(middle[:, 1:-1], middle[:, :-2], out=to)
        to += middle[:, 2:]
        to += grid[b - 1:e - 1, 1:-1]
        to += grid[b + 1:e + 1, 1:-1]
        to *= np.float32(0.2)
        out[b:e, 0], out[b:e, -1] = middle[:, 0], middle[:, -1]


class Workload:
    """As in workload.c, where each field is explained."""

    def __init__(self, body, items=2, width=1, arrays=0, batch=1, warm=0, steps=1,
                 rest=0.0, pieces=1, kind="jobs", values=None, call="map", chunk=None):
        self.body, self.items, self.width, self.arrays = body, items, width, arrays
        self.batch, self.warm, self.steps, self.rest = batch, warm, steps, rest
        self.pieces = pieces  # per worker
        self.kind = kind
        self.values = values  # a plain map over these, without arrays
        self.call, self.chunk = call, chunk
        self.dtype = "uint32" if body is mandelbrot else "float32"


LIMITS = [1000000 + i for i in range(20)]
WORKLOADS = {
    "empty": Workload(nothing, batch=200, warm=100, values=range(2)),
    "empty_rested": Workload(nothing, rest=0.1, values=range(2)),
    "start": Workload(nothing, kind="start", values=range(2)),
    "tiny_1M": Workload(square, values=range(MI)),
    "sum_squares": Workload(sum_squares, values=LIMITS),
    "items_1M": Workload(square, values=range(MI), chunk=16384),
    "imap_1M": Workload(square, values=range(MI), call="imap", chunk=1024),
    "apply_8": Workload(produce, 8, batch=200, warm=100, call="apply"),
    "apply_64M": Workload(produce, 64 * MI, warm=1, call="apply"),
    "sum_16M": Workload(part_of_sum, 16 * MI, arrays=2, warm=1, call="reduce"),
    "dot_16M": Workload(part_of_dot, 16 * MI, arrays=3, warm=1, call="reduce"),
    "saxpy_100k": Workload(saxpy, 100000, arrays=3, batch=200, warm=50),
    "saxpy_16M": Workload(saxpy, 16 * MI, arrays=3, warm=1),
    "saxpy_inplace_16M": Workload(saxpy_inplace, 16 * MI, arrays=2, warm=1),
    "mandelbrot": Workload(mandelbrot, 1024, 1024, arrays=1, pieces=32),
    "nbody": Workload(nbody, 4096, 4, arrays=2),
    "blur_16MP": Workload(blur, 4096, 4096, arrays=2, warm=1),
    "stencil_cache": Workload(stencil, 512, 512, arrays=2, steps=1000),
    "stencil_memory": Workload(stencil, 4096, 8192, arrays=2, steps=20),
    "memory_private": Workload(saxpy, 8 * MI, arrays=3, kind="private"),
    "memory_resident": Workload(saxpy, 8 * MI, arrays=3, kind="resident"),
}

SHARED = []  # arrays that the workers inherit
BODY = None


def fill(piece):
    begin, end = piece
    for k, to in enumerate(SHARED):
        width = to.size // len(to)
        for b, e in blocks(begin * width, end * width, BLOCK):
            mixed = np.arange(b + k, e + k, dtype=np.uint32) * np.uint32(2654435761)
            to.reshape(-1)[b:e] = (mixed >> 16).astype(np.float32) / np.float32(65536)


def compute(piece):
    begin, end, step = piece
    arrays = SHARED[:2][::-1] + SHARED[2:] if step % 2 else SHARED
    BODY(begin, end, *arrays)


def mapped(pid, names, of_arrays):
    """As mapped_mib() in contender.c."""
    total, counts = 0, False
    places = [a.ctypes.data for a in SHARED]
    with open(f"/proc/{pid}/smaps") as lines:
        for line in lines:
            words = line.split()
            if not words[0].endswith(":"):
                begin, end = (int(v, 16) for v in words[0].split("-"))
                counts = any(begin <= at < end for at in places) == of_arrays
            elif counts and words[0] in names:
                total += int(words[1])
    return total / 1024


def end_with_parent():
    """Pool's workers would outlive a parent that is killed."""
    LIBC.prctl(1, signal.SIGKILL)


class Contender:
    def __init__(self, workload, workers):
        self.w, self.workers, self.pool = workload, workers, None
        for _ in range(workload.arrays):
            memory = mmap.mmap(-1, 4 * workload.items * workload.width)
            flat = np.frombuffer(memory, dtype=workload.dtype)
            shape = (-1, workload.width) if workload.width > 1 else (-1,)
            SHARED.append(flat.reshape(shape))
        self.cuts = self.cut(workers * workload.pieces)
        self.open()

    def cut(self, parts):
        edges = [self.w.items * p // parts for p in range(parts + 1)]
        return list(zip(edges, edges[1:]))

    def open(self):
        context = multiprocessing.get_context("fork")
        self.pool = context.Pool(self.workers, initializer=end_with_parent)

    def close(self):
        self.pool.close()
        self.pool.join()

    def fill(self):
        self.pool.map(fill, self.cut(self.workers), chunksize=1)

    def apply(self):
        result = self.pool.apply(self.w.body, (self.w.items,))
        if len(result) != self.w.items or result[-1] != 1:
            sys.exit("the result is wrong")

    def reduce(self):
        SHARED[0][0] = sum(self.pool.map(self.w.body, self.cuts, chunksize=1))
        return SHARED[0]

    def run(self):
        if self.w.call == "apply":
            return self.apply()
        if self.w.call == "reduce":
            return self.reduce()
        if self.w.call == "imap":
            return list(self.pool.imap(self.w.body, self.w.values, self.w.chunk))
        if self.w.values is not None:
            return self.pool.map(self.w.body, self.w.values, self.w.chunk)
        for step in range(self.w.steps):
            self.pool.map(compute, [(b, e, step) for b, e in self.cuts], chunksize=1)
        return SHARED[(self.w.steps - 1) % 2]

    def time_start(self):
        self.close()
        start = time.perf_counter_ns()
        self.open()
        self.run()
        return time.perf_counter_ns() - start

    def time_jobs(self):
        time.sleep(self.w.rest)
        for _ in range(self.w.warm):
            self.run()
        start = time.perf_counter_ns()
        for _ in range(self.w.batch):
            self.run()
        return (time.perf_counter_ns() - start) / self.w.batch

    def private(self):
        pids = [p.pid for p in self.pool._pool]
        names = ("Private_Clean:", "Private_Dirty:")
        return sum(mapped(pid, names, False) for pid in pids) / len(pids)

    def resident(self):
        pids = [os.getpid()] + [p.pid for p in self.pool._pool]
        arrays = sum(a.nbytes for a in SHARED) / MI
        return sum(mapped(pid, ("Pss:",), True) for pid in pids) / arrays

    def repeat(self):
        return {"jobs": self.time_jobs, "start": self.time_start,
                "private": self.private, "resident": self.resident}[self.w.kind]()


def is_right(result, name, reference):
    if result is None or reference < 0 or os.fstat(reference).st_size == 0:
        return True
    wanted = mmap.mmap(reference, 0, prot=mmap.PROT_READ)
    if name in ("tiny_1M", "items_1M", "imap_1M"):
        return array.array("I", (v & 0xffffffff for v in result)).tobytes() == wanted[:]
    if name == "sum_squares":
        return array.array("Q", result).tobytes() == wanted[:]
    expected = np.frombuffer(wanted, dtype=result.dtype).reshape(result.shape)
    if result.dtype == np.uint32:
        return bool((result == expected).all())
    return bool(abs(result - expected).max() <= 1e-4 * abs(expected).max())


def main():
    global BODY
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--reference", type=int, default=-1)
    parser.add_argument("workload")
    options = parser.parse_args()
    workload = WORKLOADS.get(options.workload)
    if workload is None:
        return print("skip not for Python", flush=True)
    if workload.arrays > 0 and np is None:
        return print("skip numpy is not installed", flush=True)
    BODY = workload.body
    contender = Contender(workload, options.workers)
    if workload.arrays > 0:
        contender.fill()
    result = contender.run()
    if workload.body is not nothing and not is_right(result, options.workload,
                                                     options.reference):
        return print("the result is wrong", flush=True)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(contender.repeat(), flush=True)
    contender.close()


main()
