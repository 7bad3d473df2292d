# SPDX-License-Identifier: MIT
"""What batch.c does, in Python: parameter sets of which some fail, and a report.

    batch.py [SETS] [SECONDS]
"""
import os
import sys
from multiprocessing import Array, Process, cpu_count
from multiprocessing.pool import ThreadPool

ERROR = 3


def set_of(i):
    if i % 50 == 7:
        return i, 0
    if i in (11, 23):
        return i, 1 if i == 11 else 2
    return i + 1, 100003 + 2 * i


def find_cycle(c, m):
    if m == 0:
        raise ValueError("the modulus is 0")
    if m == 1:
        os.abort()
    power = length = 1
    slow = 2
    fast = (slow * slow + c) % m
    while slow != fast or m == 2:
        if power == length:
            slow = fast
            power *= 2
            length = 0
        fast = (fast * fast + c) % m
        length += 1
    return length


def run(i, lengths):
    try:
        lengths[i] = find_cycle(*set_of(i))
    except ValueError:
        sys.exit(ERROR)


def outcome(i):
    """Runs a set in a process, which may end as it likes."""
    process = Process(target=run, args=(i, lengths))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.kill()
        process.join()
        return "did not end"
    return {0: "done", ERROR: "an error"}.get(process.exitcode, "crashed")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    limit = float(sys.argv[2]) if len(sys.argv) > 2 else 2
    lengths = Array("Q", count, lock=False)
    with ThreadPool(cpu_count()) as threads:
        outcomes = threads.map(outcome, range(count), chunksize=1)
    for i, text in enumerate(outcomes):
        if text != "done":
            print(f"set {i}: {text}")
    longest = max(range(count), key=lambda i: lengths[i])
    print(f"{outcomes.count('done')} of {count} sets are done; "
          f"the longest cycle has set {longest}: {lengths[longest]}")
