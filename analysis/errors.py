"""What went wrong, what was received, and what to do next."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Fault", "InputError", "MissingStep", "TifaError", "TifaWarning", "raise_faults", "shown", "warn"]


class TifaError(Exception):
    """Any error that Tifa raises on purpose; its message is meant to be read."""


class MissingStep(TifaError, ValueError):
    """The input is one step too early; the message names the missing step."""


class TifaWarning(UserWarning):
    """Something a scholar should know before she uses a number."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    ``where`` is a file, a row or a frame; ``field`` the name of what is wrong
    in it (may be empty); ``received`` what stood there; ``accepted`` what may.
    """

    where: str
    field: str
    received: str
    accepted: str

    def __str__(self) -> str:
        place = f"{self.where}, {self.field}" if self.field else self.where
        return f"{place}: received {self.received}; accepted: {self.accepted}"


class InputError(TifaError, ValueError):
    """An input was refused. ``faults`` lists every reason, not only the first."""

    def __init__(self, subject: str, faults: Iterable[Fault], next_step: str = "") -> None:
        self.subject = subject
        self.faults = tuple(faults)
        self.next_step = next_step
        super().__init__(self._message())

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.subject, self.faults, self.next_step))

    def _message(self, most: int = 20) -> str:
        n = len(self.faults)
        lines = [f"{self.subject}: {n} fault{'' if n == 1 else 's'}"]
        lines += [f"  - {fault}" for fault in self.faults[:most]]
        if n > most:
            lines.append(f"  … and {n - most} more (all are in .faults; `tifa check` prints them)")
        if self.next_step:
            lines.append(self.next_step)
        return "\n".join(lines)


def raise_faults(subject: str, faults: Iterable[Fault], next_step: str = "") -> None:
    """Raise one `InputError` with all ``faults``, or do nothing if there are none."""
    faults = tuple(faults)
    if faults:
        raise InputError(subject, faults, next_step)


def shown(value: object, most: int = 60) -> str:
    """``value`` as an error message shows it: quoted, one line, shortened.

    >>> shown("a" * 100, most=8)
    "'aaaaaaa…"
    """
    text = repr(value)
    return text if len(text) <= most else text[:most] + "…"


def warn(message: str) -> None:
    """Give a `TifaWarning` that points at the line of hers that led to it, not at ours."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("analysis."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, TifaWarning, stacklevel=level)
