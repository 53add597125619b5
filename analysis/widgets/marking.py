"""The panel in which a reader marks lines: a label and a note for each, held here until they are saved."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import ipywidgets
import pandas as pd

from analysis.corpus import Corpus
from analysis.errors import TifaError, TifaWarning
from analysis.line_layout import one_line, visible_signs
from analysis.marks import read_marks, write_marks
from analysis.query_parts import Query
from analysis.widgets.events import Events

__all__ = ["Marking"]

Place = tuple[str, int, int]
#: So many of the marks in use are proposed.
_PROPOSED = 50


class Marking:
    """The fields for mark and note, and what was entered into them.

    ``saved`` is called after each saving, ``onward`` when the reader wants the next line.
    """

    def __init__(
        self,
        corpus: Corpus,
        events: Events,
        *,
        coder: str,
        folder: str | os.PathLike[str] | None,
        saved: Callable[[], None],
        onward: Callable[[], None],
    ) -> None:
        self.corpus, self.coder, self.folder, self.saved = corpus, coder, folder, saved
        self.onward = onward
        self.query: Query | None = None
        self.line: Mapping[Any, Any] | None = None
        #: Not saved yet: of each query (by its digest) the lines by their place, with node, mark and note.
        self.drafts: dict[str, dict[Place, tuple[str, str, str]]] = {}
        self.sources: dict[str, str] = {}
        self.events = events
        self.heading, self.said = ipywidgets.HTML(), ipywidgets.HTML()
        self.mark = ipywidgets.Combobox(placeholder="mark: a short label", ensure_option=False, tooltip="Mark")
        self.note = ipywidgets.Textarea(placeholder="note", tooltip="Note")
        self.save = ipywidgets.Button(description="Save")
        self.save_next = ipywidgets.Button(description="Save, next line", button_style="primary")
        for field in (self.mark, self.note):
            events.changed(field, self._draft)
        events.clicked(self.save, self.keep)
        events.clicked(self.save_next, self._keep_and_go)
        buttons = ipywidgets.HBox([self.save, self.save_next]).add_class("tifa-group")
        self.box = ipywidgets.VBox([self.heading, self.mark, self.note, buttons, self.said]).add_class("tifa-marking")

    def read(self, lines: pd.DataFrame, query: Query) -> pd.DataFrame:
        """The lines with what was kept of them; what is entered from now on is of this query."""
        self.query = query
        self.sources[query.digest] = query.source
        return read_marks(lines, query, self.corpus, coder=self.coder, folder=self.folder)

    def show(self, line: Mapping[Any, Any] | None, number: int = 0, known: Iterable[str] = ()) -> None:
        """Show the mark and the note of a line; ``known`` are marks to propose."""
        self.line, proposed = line, tuple(sorted(filter(None, known))[:_PROPOSED])
        with self.events.quietly():
            for control in (self.mark, self.note, self.save, self.save_next):
                control.disabled = line is None
            self.heading.value = "" if line is None else f"<b>Line {number:,}</b>"
            self.mark.value, self.note.value = ("", "") if line is None else self._words(line)
            if self.mark.options != proposed:
                self.mark.options = proposed
        self._tell()

    def label(self, line: Mapping[Any, Any]) -> str:
        """What the list says of a line: its mark, ✎ for a note alone; a star if it is not saved."""
        mark, note = self._words(line)
        draft = _place(line) in self._mine()
        return (mark.strip() or ("✎" if note.strip() else "")) + (" *" if draft else "")

    def keep(self) -> bool:
        """Keep all that was entered for this query; false if that cannot be."""
        drafts = self._mine()
        if self.query is None or not drafts:
            self._tell("There is nothing new to save.")
            return self.query is not None
        columns = ["document", "start", "end", "node", "mark", "note"]
        lines = pd.DataFrame([(*place, *words) for place, words in drafts.items()], columns=columns)
        lines = lines.assign(date="", left="", right="")
        try:
            path = write_marks(lines, self.query, self.corpus, coder=self.coder, folder=self.folder)
        except (TifaError, OSError) as error:
            self.said.value = f"<div class='tifa-fault'>{escape(visible_signs(str(error)))}</div>"
            return False
        drafts.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TifaWarning)  # of marks that no longer fit: told when the lines were found
            self.saved()
        self._tell(f"Saved in {escape(str(path))}.")
        return True

    def _keep_and_go(self) -> None:
        if self.keep():
            said = self.said.value
            self.onward()
            self.said.value = said

    def _mine(self) -> dict[Place, tuple[str, str, str]]:
        return {} if self.query is None else self.drafts.setdefault(self.query.digest, {})

    def _words(self, line: Mapping[Any, Any]) -> tuple[str, str]:
        draft = self._mine().get(_place(line))
        return (line["mark"], line["note"]) if draft is None else draft[1:]

    def _draft(self) -> None:
        if self.line is None:
            return
        if (self.mark.value.strip(), self.note.value.strip()) == (self.line["mark"], self.line["note"]):
            self._mine().pop(_place(self.line), None)
        else:
            self._mine()[_place(self.line)] = (self.line["node"], self.mark.value, self.note.value)
        self._tell()

    def _tell(self, said: str = "") -> None:
        unsaved = [f"{len(d):,} of {one_line(self.sources[digest])}" for digest, d in self.drafts.items() if d]
        words = [said] if said else []
        words += [f"Not saved yet: {escape('; '.join(unsaved))}."] if unsaved else []
        self.said.value = f"<span class='tifa-quiet'>{'<br>'.join(words)}</span>" if words else ""


def _place(line: Mapping[Any, Any]) -> Place:
    return str(line["document"]), int(line["start"]), int(line["end"])
