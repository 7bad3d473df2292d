# SPDX-License-Identifier: MIT
"""What consumers.c does, in Python: producers and consumers over a queue that is joined, and
a value with its lock. No process is killed here: a process that dies with a lock of
multiprocessing keeps it, and join() waits for ever for what a dead consumer had taken.

    consumers.py [PRODUCERS [CONSUMERS [LIMIT]]]
"""
import sys
from multiprocessing import JoinableQueue, Process, Value

PARTS = 400


def is_prime(n):
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return n == 2 or (n > 2 and n % 2 == 1)


def produce(queue, first, step):
    for part in range(first, PARTS, step):
        queue.put(part)


def consume(queue, total, limit):
    while True:
        part = queue.get()
        count = sum(is_prime(n) for n in
                    range(limit * part // PARTS, limit * (part + 1) // PARTS))
        with total.get_lock():
            total.value += count
        queue.task_done()


if __name__ == "__main__":
    producers = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    consumers = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else 2000000
    queue = JoinableQueue(64)
    total = Value("Q", 0)
    putting = [Process(target=produce, args=(queue, i, producers))
               for i in range(producers)]
    getting = [Process(target=consume, args=(queue, total, limit), daemon=True)
               for _ in range(consumers)]
    for process in putting + getting:
        process.start()
    for process in putting:
        process.join()
    queue.join()
    print(f"{total.value} primes below {limit}")
