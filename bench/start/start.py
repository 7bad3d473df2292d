# SPDX-License-Identifier: MIT
"""As start.c, with multiprocessing.Process and the fork method."""
import multiprocessing
import statistics
import sys
import time

TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 500
MEMORY = bytearray(b"\1") * ((int(sys.argv[2]) if len(sys.argv) > 2 else 0) << 20)


def note_time(moment):
    moment.value = time.monotonic()


context = multiprocessing.get_context("fork")
moment = context.Value("d", 0, lock=False)
start, first, join = [], [], []
for _ in range(TIMES):
    process = context.Process(target=note_time, args=(moment,))
    begin = time.monotonic()
    process.start()
    start.append(time.monotonic() - begin)
    process.join()
    join.append(time.monotonic() - begin)
    first.append(moment.value - begin)
    process.close()
start, first, join = (1e6 * statistics.median(x) for x in (start, first, join))
print(f"Python  start returns {start:6.0f}  first instruction {first:6.0f}  "
      f"joined {join:6.0f} us")
