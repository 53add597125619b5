"""A bar for work that takes longer than a breath."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["Report", "progress_bar"]

#: What long work calls as it goes on: ``report(done, total)``.
Report = Callable[[int, int], None]


def _quiet(done: int, total: int) -> None:
    """Where no bar is wanted."""


@contextmanager
def progress_bar(title: str, *, show: bool | Report | None = None) -> Iterator[Report]:
    """A function ``report(done, total)`` that draws a bar on standard error, in a notebook below the cell.

    ``show`` is True or False, or a function of your own to be called instead.
    By default there is a bar where somebody can see it: in a terminal or a
    notebook, but not in a file or a pipe.
    """
    if callable(show):
        yield show
        return
    console = Console(stderr=True)
    if not (show if show is not None else (console.is_terminal or "ipykernel" in sys.modules)):
        yield _quiet
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    vanishes = console.is_terminal or console.is_jupyter  # in a file, where it was asked for, its last state stays
    with Progress(*columns, console=console, transient=vanishes) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
