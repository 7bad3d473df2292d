# SPDX-License-Identifier: MIT
"""What process.c does, in Python: processes with shared memory, one of them a daemon.

    process.py [PROCESSES [LIMIT]]
"""
import sys
import time
from multiprocessing import Process, RawArray, Value
from multiprocessing.connection import wait


def is_prime(n):
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return n == 2 or (n > 2 and n % 2 == 1)


def count_primes(results, number, begin, end):
    results[number] = sum(is_prime(n) for n in range(begin, end))


def beat(beats):
    while True:
        beats.value += 1
        time.sleep(0.01)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    limit = int(sys.argv[2]) if len(sys.argv) > 2 else 2000000
    results = RawArray("Q", count)
    beats = Value("Q", 0, lock=False)
    daemon = Process(target=beat, args=(beats,), name="beat", daemon=True)
    daemon.start()
    processes = [Process(target=count_primes,
                         args=(results, i, limit * i // count, limit * (i + 1) // count))
                 for i in range(count)]
    for process in processes:
        process.start()
    left = {process.sentinel: process for process in processes}
    while left:
        for first in wait(left):
            process = left.pop(first)
            process.join()
            assert process.exitcode == 0, process.name
    print(f"{sum(results)} primes below {limit}")
    daemon.terminate()
    daemon.join()
    print(f"the daemon beat {beats.value} times and ended with {daemon.exitcode}")
