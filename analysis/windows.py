"""What stands in the windows around the matches of a query: counts, which `collocation` scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults, shown
from analysis.matching import Matches
from analysis.positions import UNITS, document_rows, postings, stretch_bounds, stretches, word_types
from analysis.selection import canonical_value
from analysis.tokens import Tokens

__all__ = ["Near", "checked_sides", "near_matches"]

Ints = NDArray[np.int64]


def checked_sides(
    tokens: Tokens,
    subject: str,
    window: int | tuple[int, int],
    within: str,
    minimum: int,
    minimum_documents: int,
    others: Sequence[Fault] = (),
) -> tuple[int, int]:
    """How far the window goes to the left and to the right, once the options, ``others`` too, are in order."""
    sides = tuple(window) if isinstance(window, tuple | list) else (window, window)
    faults = list(others)
    whole = len(sides) == 2 and all(isinstance(s, int | np.integer) and not isinstance(s, bool) for s in sides)
    if not whole or min(sides) < 0 or max(sides) < 1:
        accepted = "a whole number of at least 1, or a pair (left, right) of which one may be 0"
        faults.append(Fault(subject, "window", shown(window), accepted))
    if within not in ("", *UNITS):
        faults.append(Fault(subject, "within", shown(within), f"{', '.join(UNITS)}, or an empty text"))
    for name, value in (("minimum", minimum), ("minimum_documents", minimum_documents)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            faults.append(Fault(subject, name, shown(value), "a whole number of at least 1"))
    languages = sorted(set(map(str, tokens.documents["language"])))
    if len(languages) > 1:
        accepted = 'tokens of one language: segment(corpus.select(language="zh"))'
        faults.append(Fault(subject, "tokens", f"statements in {' and '.join(languages)}", accepted))
    raise_faults(subject, faults)
    return min(int(sides[0]), len(tokens)), min(int(sides[1]), len(tokens))


@dataclass(frozen=True, eq=False)
class Near:
    """What stands near the matches: for each type, by its number in the vocabulary.

    ``observed`` in the windows, ``text`` in all of the text, ``documents`` in which it stands in a window; ``size``
    and ``total`` are the sums. ``cells`` are row · ``types`` + number, one for each position in a window.
    """

    observed: Ints
    text: Ints
    documents: Ints
    size: int
    total: int
    cells: Ints
    types: int

    def values(self, column: pd.Series) -> Ints:
        """How many different values of the column the statements have in which each type stands in a window."""
        codes = pd.factorize(column.map(canonical_value).replace("", None))[0]
        cells = np.unique(self.cells)
        code, kind = codes[cells // self.types], cells % self.types
        known = np.unique(kind[code >= 0] * (codes.max(initial=0) + 1) + code[code >= 0])
        return np.bincount(known // (codes.max(initial=0) + 1), minlength=self.types)


def near_matches(
    tokens: Tokens,
    found: Matches,
    sides: tuple[int, int],
    within: str,
    *,
    overlap: str,
    nodes: str,
    across: bool,
    words_only: bool,
) -> Near:
    """Count what stands within ``sides`` tokens of the matches; `analysis.collocation.collocates` has the options."""
    types = len(tokens.vocabulary)
    eligible = word_types(tokens) if words_only else np.ones(types, dtype=bool)
    low, high = tokens.document_offsets[found.row], tokens.document_offsets[found.row + 1]
    if across:
        low, high = np.zeros_like(low), np.full_like(high, len(tokens))
    if within and len(found):
        numbers, bounds = stretches(tokens, within), stretch_bounds(tokens, within)
        low = np.maximum(bounds[numbers[np.minimum(found.first, len(tokens) - 1)]], low)
        high = np.minimum(bounds[numbers[np.maximum(found.last - 1, 0)] + 1], high)
    left = np.maximum(found.first - sides[0], low), found.first
    right = found.last, np.minimum(found.last + sides[1], high)
    is_node = np.zeros(len(tokens), dtype=bool)
    is_node[_expanded(found.first, found.last)[0]] = True
    if overlap == "once" and nodes == "out":
        begin = np.column_stack([left[0], right[0]]).ravel()
        stop = np.column_stack([left[1], right[1]]).ravel()
        # Windows in the order of the text: each begins where those before it have ended.
        begin = np.maximum(begin, np.concatenate([[0], np.maximum.accumulate(stop)[:-1]]) if stop.size else begin)
        place, window = _expanded(begin, stop)
        times, row = None, found.row[window // 2]
    else:
        # Nodes stand in the windows of other nodes, before and behind: each position has its number of windows.
        begin, stop = np.concatenate([left[0], right[0]]), np.concatenate([left[1], right[1]])
        held = stop > begin
        covered = np.cumsum(
            np.bincount(begin[held], minlength=len(tokens) + 1) - np.bincount(stop[held], minlength=len(tokens) + 1)
        )[:-1]
        place = np.flatnonzero(covered)
        times, row = None if overlap == "once" else covered[place], document_rows(tokens, place)
    if across:
        row = document_rows(tokens, place)
    ids = tokens.ids[place]
    kept = np.append(eligible, False)[ids]
    if across and found.rows.size < len(tokens.documents):
        kept &= np.isin(row, found.rows)
    if nodes == "out":
        kept &= ~is_node[place]
    ids, row = ids[kept].astype(np.int64), row[kept]
    weights = None if times is None else times[kept]
    observed = np.bincount(ids, weights=weights, minlength=types).astype(np.int64)
    text = _frequencies(tokens, found.rows) * eligible
    inside = tokens.ids[is_node]
    text -= np.bincount(inside[inside >= 0], minlength=types) * eligible
    total = int(text.sum())
    cells = row * types + ids
    distinct = np.sort(cells)
    distinct = distinct[np.diff(distinct, prepend=-1) > 0]
    documents = np.bincount(distinct % max(types, 1), minlength=types)
    return Near(observed, np.maximum(text, observed), documents, int(observed.sum()), total, cells, types)


def _expanded(begin: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """All places of the stretches, and the stretch of each."""
    lengths = np.maximum(stop - begin, 0)
    ends = np.cumsum(lengths)
    which = np.repeat(np.arange(lengths.size), lengths)
    return np.arange(which.size) + (begin - (ends - lengths))[which], which


def _frequencies(tokens: Tokens, rows: Ints) -> Ints:
    """How often each type stands in the statements of ``rows``."""
    if rows.size == len(tokens.documents):
        return np.diff(postings(tokens).offsets)
    offsets = tokens.document_offsets
    parts = [tokens.ids[offsets[row] : offsets[row + 1]] for row in rows.tolist()]
    ids = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    return np.bincount(ids[ids >= 0], minlength=len(tokens.vocabulary))
