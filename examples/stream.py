# SPDX-License-Identifier: MIT
"""What stream.c does, in Python. Its imap() makes all items at once, however slowly results
are taken: a semaphore keeps the frames of the film from filling the memory.

    stream.py [FRAMES]
"""
import sys
from multiprocessing import Pool
from threading import Semaphore

TEXTS, TEXT_BYTES = 20000, 256
WIDTH, HEIGHT = 1280, 720
WINDOW = 16
BRIGHTER = bytes(min(value + 30, 255) for value in range(256))
SQUARES = [i * i for i in range(TEXT_BYTES)]


def make_texts():
    for index in range(TEXTS):
        yield bytes(97 + (index * 31 + square) % 26 for square in SQUARES)


def count_vowels(text):
    return sum(text.count(vowel) for vowel in b"aeiou")


def make_frames(count, room):
    for index in range(count):
        room.acquire()
        yield bytes([index % 256]) * (WIDTH * HEIGHT)


def brighten(frame):
    return frame.translate(BRIGHTER)


if __name__ == "__main__":
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    room = Semaphore(WINDOW)
    with Pool() as pool:
        vowels = sum(pool.imap_unordered(count_vowels, make_texts(), chunksize=64))
        for index, frame in enumerate(pool.imap(brighten, make_frames(frames, room))):
            assert frame[0] == frame[-1] == min(index % 256 + 30, 255)
            room.release()
    print(f"{vowels} vowels in {TEXTS} texts")
