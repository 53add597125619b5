"""What a reader does to controls, one thing after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

__all__ = ["Events"]


class Events:
    """Calls functions when controls are used, and not when a program sets them.

    JupyterLab can let several controls be answered at once, in threads of their own: here each waits for its turn.
    """

    def __init__(self) -> None:
        self._turn, self._quiet = RLock(), False

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Set controls without a call."""
        with self._turn:
            before, self._quiet = self._quiet, True
            try:
                yield
            finally:
                self._quiet = before

    def changed(self, control: Any, then: Callable[[], Any]) -> None:
        """Call ``then`` whenever the value of the control is another."""
        control.observe(lambda _: self._answer(then), "value")

    def clicked(self, button: Any, then: Callable[[], Any]) -> None:
        """Call ``then`` whenever the button is pressed."""
        button.on_click(lambda _: self._answer(then))

    def _answer(self, then: Callable[[], Any]) -> None:
        with self._turn:
            if not self._quiet:
                then()
