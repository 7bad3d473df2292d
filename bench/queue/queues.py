# SPDX-License-Identifier: MIT
"""As queues.c, with multiprocessing's queues and lock and the fork method; `queues.py table`
reads such lines and prints medians and ranges, and the ratio of the median to yoke's."""
import multiprocessing
import statistics
import sys
import time

context = multiprocessing.get_context("fork")


def alone(queue, message, times):
    begin = time.monotonic()
    for _ in range(times):
        queue.put(message)
        queue.get()
    return (time.monotonic() - begin) / times


def produce(queue, message, times):
    for _ in range(times):
        queue.put(message)


def consume(queue, message, times, each):
    first = times // 10
    for i in range(times):
        if len(queue.get()) != len(message):
            sys.exit(1)
        if i == first:
            begin = time.monotonic()
    each.value = (time.monotonic() - begin) / (times - first - 1)


def passed(queue, message, times):
    each = context.Value("d", 0, lock=False)
    processes = [context.Process(target=consume, args=(queue, message, times, each)),
                 context.Process(target=produce, args=(queue, message, times))]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            sys.exit("a process failed")
    return each.value


def lock(times):
    lock = context.Lock()
    begin = time.monotonic()
    for _ in range(times):
        lock.acquire()
        lock.release()
    return (time.monotonic() - begin) / times


def table():
    lines = {}
    for line in sys.stdin:
        what, whose, each = line.rstrip("\n").split("\t")
        lines.setdefault(what, {}).setdefault(whose, []).append(float(each))
    for what, figures in lines.items():
        print(what)
        yoke = statistics.median(figures["yoke"])
        for whose, each in figures.items():
            median = statistics.median(each)
            print(f"    {whose:<18}{median:9.0f} ns ({min(each):.0f} to {max(each):.0f} in "
                  f"{len(each)} rounds), ratio {median / yoke:.2f}")


if sys.argv[1] == "table":
    table()
elif sys.argv[1] == "lock":
    print(f"lock\tPython Lock\t{1e9 * lock(int(sys.argv[2])):.1f}")
else:
    size, room, times = (int(x) for x in sys.argv[2:5])
    measure = alone if sys.argv[1] == "alone" else passed
    for queue in context.SimpleQueue(), context.Queue(room):
        each = measure(queue, bytes(size), times)
        print(f"{sys.argv[1]}, {size} bytes, room for {room}\tPython "
              f"{type(queue).__name__}\t{1e9 * each:.1f}")
