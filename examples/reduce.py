# SPDX-License-Identifier: MIT
"""What reduce.c does, in Python with numpy: each process reduces a part of an array in
shared memory. The last bits of such sums depend on the number of parts.

    reduce.py [N]
"""
import sys
from multiprocessing import Pool, shared_memory

import numpy as np

PARTS = 16


def reduce_part(name, n, begin, end):
    memory = shared_memory.SharedMemory(name)
    x = np.ndarray(n, np.float32, memory.buf)[begin:end]
    place = int(x.argmax())
    result = (float(x.sum(dtype=np.float64)), float(np.square(x, dtype=np.float64).sum()),
              float(x[place]), begin + place)
    del x
    memory.close()
    return result


def fill(x):
    """Whole numbers from 0 to 999, in the order of reduce.c."""
    state = 1
    step = 1 << 16
    # State number i of the generator is factors[i] * state + terms[i].
    factors, terms = np.empty(step, np.uint32), np.empty(step, np.uint32)
    factor, term = 1, 0
    for i in range(step):
        factor = factor * 1664525 % 2**32
        term = (term * 1664525 + 1013904223) % 2**32
        factors[i], terms[i] = factor, term
    for begin in range(0, len(x), step):
        states = factors * np.uint32(state) + terms
        part = x[begin:begin + step]
        part[:] = ((states >> 8) % 1000)[:len(part)]
        state = int(states[-1])
    x[len(x) // 3] = 1000


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 24
    memory = shared_memory.SharedMemory(create=True, size=n * 4)
    try:
        x = np.ndarray(n, np.float32, memory.buf)
        fill(x)
        with Pool() as pool:
            parts = pool.starmap(reduce_part, [(memory.name, n, n * i // PARTS,
                                                n * (i + 1) // PARTS)
                                               for i in range(PARTS)])
        mean = sum(part[0] for part in parts) / n
        squares = sum(part[1] for part in parts)
        greatest, place = max((part[2], -part[3]) for part in parts)
        del x
    finally:
        memory.close()
        memory.unlink()
    print(f"mean {mean:.6g}, deviation {max(0, squares / n - mean * mean) ** 0.5:.6g}, "
          f"greatest {greatest:g} at {-place}")
