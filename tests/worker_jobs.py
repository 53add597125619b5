"""What the tests of `analysis.workers` give to other processes: a module that those can import."""

import os
import signal
import sys
import time

from analysis.errors import Fault, InputError


class Awkward(Exception):
    """Cannot be put together again from what pickle keeps of it."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def double(number):
    return 2 * number


def process_id(_):
    time.sleep(0.05)
    return os.getpid()


def die(number, how="kill"):
    if number == 1:
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(3)
    return number


def refuse(number):
    if number == 1:
        raise InputError("job", [Fault("batch", "number", "1", "another")], "Try 2.")
    return number


def awkward(number):
    raise Awkward(number, "more")


def unpicklable(number):
    return lambda: number


def chatty(number):
    # One write a line: two processes share the stream, and print writes its parts apart where it is not buffered.
    sys.stdout.write(f"a library that prints {number}\n")
    sys.stdout.flush()
    os.write(1, b"and one that writes past Python\n")
    return number


def size(data):
    return len(data), data


def sleep(seconds):
    time.sleep(seconds)
    return os.getpid()


def path(_):
    return sys.path, __file__


def cut_until(engines, texts, languages):
    """Cuts as `cut_part` does, but its process does not survive the ninth statement."""
    from analysis.cutting import cut_part

    if any("第9条" in text for text in texts):
        os.kill(os.getpid(), signal.SIGKILL)
    return cut_part(engines, texts, languages)
