# SPDX-License-Identifier: MIT
"""What tasks.c does, in Python: a map over inputs, and calls with callbacks.

    tasks.py [N]
"""
import sys
from multiprocessing import Pool

PARTS = 256


def is_prime(n):
    if n < 4:
        return n > 1
    if n % 2 == 0:
        return False
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return True


def count_primes(part):
    return sum(is_prime(n) for n in range(*part))


def find_twins(part):
    return [n for n in range(*part) if is_prime(n) and is_prime(n + 2)]


if __name__ == "__main__":
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 2000000
    parts = [(limit * i // PARTS, limit * (i + 1) // PARTS) for i in range(PARTS)]
    twins = []
    with Pool() as pool:
        counts = pool.map(count_primes, parts, chunksize=1)
        for part in parts:
            pool.apply_async(find_twins, (part,), callback=twins.extend,
                             error_callback=print)
        pool.close()
        pool.join()
    print(f"{sum(counts)} primes below {limit}, {len(twins)} pairs")
