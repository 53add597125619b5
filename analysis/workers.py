"""The same function over many batches, in this process or in several.

The processes are started by hand rather than with `multiprocessing`, which
would run the caller's script a second time in each of them.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, cast

from analysis.errors import TifaError

__all__ = ["cores", "mapped", "serve"]


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mapped(
    function: Callable[..., Any], batches: Sequence[tuple[Any, ...]], *, processes: int = 1
) -> Generator[tuple[int, Any], None, None]:
    """``(number of the batch, function(*batch))`` for each batch, as they come to be done.

    With one process everything happens here, in order. ``function`` must be a
    module's function and what it takes and gives must pickle. At most twice as
    many batches as processes are under way at once. An error in another
    process is raised here as it is; one whose process died is a `TifaError`.

    >>> dict(mapped(max, [(1, 2), (5, 3)]))
    {0: 2, 1: 5}
    """
    processes = min(processes, len(batches))
    if processes <= 1:
        for number, batch in enumerate(batches):
            yield number, function(*batch)
        return
    idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
    started: list[subprocess.Popen[bytes]] = []

    def call(batch: tuple[Any, ...]) -> Any:
        process = idle.get()
        try:
            return _ask(process, function, batch)
        finally:
            idle.put(process)

    pool = ThreadPoolExecutor(processes)
    try:
        for _ in range(processes):
            started.append(_start())
            idle.put(started[-1])
        waiting: dict[Future[Any], int] = {}
        for number, batch in enumerate(batches):
            waiting[pool.submit(call, batch)] = number
            if len(waiting) >= 2 * processes:
                yield from _done(waiting)
        while waiting:
            yield from _done(waiting)
    finally:
        # Also when the caller stops early: no process of ours outlives the work.
        for process in started:
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)
        for process in started:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)


def _done(waiting: dict[Future[Any], int]) -> Iterator[tuple[int, Any]]:
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future), future.result()


def _start() -> subprocess.Popen[bytes]:
    # What is imported there is what is imported here, whatever lies in the working folder; and only what the work
    # asks for, so analysis/__init__.py is not run: all that it hands on takes seconds to import.
    path = [*(p for p in sys.path if isinstance(p, str)), str(Path(__file__).resolve().parents[1])]
    program = f"""if True:
        import sys
        sys.path[:] = {path!a}
        from importlib.util import find_spec, module_from_spec
        sys.modules["analysis"] = module_from_spec(find_spec("analysis"))
        from analysis.workers import serve
        serve()
    """
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own


def _ask(process: subprocess.Popen[bytes], function: Callable[..., Any], batch: tuple[Any, ...]) -> Any:
    to, back = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
    try:
        pickle.dump((function, batch), to, protocol=5)
        to.flush()
        good, answer = pickle.load(back)  # noqa: S301 - from a process that we started, through a pipe of our own
    except (EOFError, OSError, pickle.UnpicklingError):
        raise TifaError(
            f"A process that worked on a batch ended{_status(process)}, perhaps for want of memory. "
            "What was finished is kept where a folder was given; try again with processes=1."
        ) from None
    if not good:
        raise answer
    return answer


def _status(process: subprocess.Popen[bytes]) -> str:
    try:
        return f" (exit status {process.wait(timeout=5)})"
    except subprocess.TimeoutExpired:
        return ""


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        # What was still to be sent has no reader any more: the process was ended on purpose.
        return


def serve() -> None:
    """Answer the calls that come in through standard input, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one, and it ends us
    asked, told = sys.stdin.buffer, _private_output()
    while True:
        try:
            function, batch = pickle.load(asked)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        try:
            answer = pickle.dumps((True, function(*batch)), protocol=5)
        except Exception as error:  # handed on to the caller, who raises it
            answer = pickle.dumps((False, _portable(error)))
        told.write(answer)
        told.flush()


def _portable(error: Exception) -> Exception:
    """``error`` if it survives the way to the other process, else a `TifaError` that says the same."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # whatever its class does when it is pickled
        return TifaError(f"{type(error).__name__}: {error}")
    return error


def _private_output() -> BinaryIO:
    """Standard output for the answers alone: what a library prints goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb")
