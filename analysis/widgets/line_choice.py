"""Which lines of a concordance a reader has chosen: found, filtered, drawn, in order. No widget is needed for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.concordance import kwic
from analysis.corpus import Corpus
from analysis.lexicon import Lexicon
from analysis.query_parts import Query
from analysis.search import find
from analysis.selection import canonical_value
from analysis.tokens import Tokens

__all__ = ["FRAME_PLACES", "MARKS", "Filters", "LineChoice", "Texts"]

#: Stands for the column of the reader's own marks, which no column of the statements is called.
MARKS = "\x00mark"
#: Where a hit of a frame may be.
FRAME_PLACES = ("at the node", "not at the node", "in the context", "not in the context")
#: A column with more values than this is none to choose from a list.
_MOST_VALUES = 500
_NOT_CHOSEN_FROM = {"id", "date", "date_precision", "title", "text", "url", "characters", "tokens", "translation_of"}
#: No statement is longer, so that row and offset make one number.
_LONGEST = 1 << 40

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Filters:
    """What is asked of the lines; as it is at first, of none anything."""

    frame: str = ""
    frame_place: str = FRAME_PLACES[0]
    years: tuple[int, int] | None = None
    column: str = ""
    value: str = ""
    sample: int = 0
    seed: int = 0


class _Hits(NamedTuple):
    """Where a frame's hits begin and end, row and offset in one number, in order."""

    starts: Ints
    ends: Ints


class Texts:
    """The texts and what is asked of them again and again."""

    def __init__(self, corpus: Corpus, tokens: Tokens, lexicon: Lexicon | None) -> None:
        self.corpus, self.tokens, self.lexicon = corpus, tokens, lexicon
        self.rows = pd.Index(tokens.documents["id"])
        years = pd.to_datetime(tokens.documents["date"]).dt.year
        self.years: Ints = years.to_numpy(dtype=np.int64)
        self.text = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
        self.columns = {
            str(column): values
            for column in tokens.documents.columns
            if column not in _NOT_CHOSEN_FROM
            and 1 < len(set(values := [canonical_value(v) for v in tokens.documents[column]])) <= _MOST_VALUES
        }
        self._hits: dict[str, _Hits] = {}

    @property
    def frames(self) -> list[str]:
        """The frames and sub-frames of the lexicon, in its order."""
        if self.lexicon is None:
            return []
        names = [part for f in self.lexicon.frames for part in (f.name.partition(".")[0], f.name)]
        return list(dict.fromkeys(names))

    @property
    def sort_keys(self) -> list[tuple[str, str]]:
        """What lines can be sorted by: what it is called, and the key of `analysis.concordance.kwic`."""
        places = ((1, "1st"), (2, "2nd"), (3, "3rd"))
        sides = [(f"{said} to the {side}", f"{side}{i}") for side in ("left", "right") for i, said in places]
        dates = [("date, first to last", "date"), ("date, last to first", "-date")]
        return [*sides, ("node", "node"), *dates, ("document", "document"), *((c, c) for c in self.columns)]

    def hits(self, frame: str) -> _Hits:
        """Where the hits of a frame stand; they do not overlap."""
        if frame not in self._hits and self.lexicon is not None:
            found = find(self.corpus, self.lexicon, frames=[frame])
            names = found["frame"].astype(str)
            found = found[(names == frame) | names.str.startswith(f"{frame}.")]
            row = self.rows.get_indexer(found["document"]).astype(np.int64) * _LONGEST
            starts, ends = row + found["start"].to_numpy(), row + found["end"].to_numpy()
            order = np.argsort(starts, kind="stable")
            self._hits[frame] = _Hits(starts[order], ends[order])
        return self._hits[frame]


class LineChoice:
    """The lines of a query, all of them, and which are shown."""

    def __init__(self, texts: Texts, lines: pd.DataFrame) -> None:
        self.texts, self.lines = texts, lines
        self.row: Ints = texts.rows.get_indexer(lines["document"]).astype(np.int64)
        self.kept = self.drawn = len(lines)
        self.shown: Ints = np.arange(len(lines))

    @classmethod
    def of(
        cls, texts: Texts, query: str | Query, *, context: int, unit: str, sort: tuple[str, ...], seconds: float = 10.0
    ) -> LineChoice:
        """The lines of a query, sorted."""
        options = {"context": context, "unit": unit, "sort": sort, "seconds": seconds}
        found = kwic(texts.tokens, query, corpus=texts.corpus, lexicon=texts.lexicon, **options)  # type: ignore[arg-type]
        return cls(texts, found)

    def filter(self, filters: Filters) -> None:
        """Show the lines that are as asked, in their order; of them a sample, if one is asked for.

        Without other filters a sample holds the same lines as that of `analysis.concordance.kwic` with this seed.
        """
        keep = np.ones(len(self.lines), dtype=bool)
        if filters.years is not None:
            years = self.texts.years[self.row]
            keep &= (years >= filters.years[0]) & (years <= filters.years[1])
        if filters.column == MARKS:
            keep &= (self.lines["mark"] == filters.value).to_numpy(dtype=bool)
        elif filters.column:
            values = np.array(self.texts.columns[filters.column], dtype=object)
            keep &= (values == filters.value)[self.row]
        if filters.frame:
            keep &= self._in_frame(filters.frame, filters.frame_place)
        self.kept = int(keep.sum())
        if filters.sample and filters.sample < self.kept:
            # Drawn in the order of the texts, so that the sample is the same however the lines are sorted.
            in_texts = np.lexsort((self.lines["start"].to_numpy(), self.row))
            candidates = in_texts[keep[in_texts]]
            drawn = np.random.default_rng(filters.seed).permutation(candidates.size)[: filters.sample]
            keep = np.zeros(len(self.lines), dtype=bool)
            keep[candidates[drawn]] = True
        self.shown = np.flatnonzero(keep)
        self.drawn = self.shown.size

    def _in_frame(self, frame: str, place: str) -> NDArray[np.bool_]:
        """Which lines have a hit of the frame, in whole or in part, at their node or in their context."""
        hits = self.texts.hits(frame)
        start, end = (self.row * _LONGEST + self.lines[side].to_numpy() for side in ("start", "end"))
        if place.endswith("context"):
            start = start - self.lines["left"].str.len().to_numpy(dtype=np.int64)
            end = end + self.lines["right"].str.len().to_numpy(dtype=np.int64)
        if not hits.starts.size:
            touched = np.zeros(start.size, dtype=bool)
        else:
            first = np.searchsorted(hits.ends, start, side="right")
            begins = hits.starts[np.minimum(first, hits.starts.size - 1)]
            touched = (first < hits.starts.size) & (begins < end)
        return ~touched if place.startswith("not") else touched

    def values(self, column: str) -> list[tuple[str, int]]:
        """The values of a column of the statements (or of the marks) with their lines, the most frequent first."""
        if column == MARKS:
            found = self.lines["mark"]
        else:
            found = pd.Series(np.array(self.texts.columns[column], dtype=object)[self.row], dtype=object)
        counts = found.value_counts()
        return sorted(((str(value), int(n)) for value, n in counts.items()), key=lambda pair: (-pair[1], pair[0]))
