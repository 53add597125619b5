"""Where a query matches: stretches of tokens, with the text that each stands for.

The rarest part of a query that must be there is looked up in the list of all places; from each of its places
the match is then grown to the right and to the left, for all places at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import regex
from numpy.typing import NDArray

from analysis.corpus import Corpus
from analysis.errors import Fault, InputError, MissingStep, TifaError, raise_faults, shown
from analysis.lexicon import Lexicon
from analysis.positions import bisected, document_rows, places_of, stretches
from analysis.queries import parse_query
from analysis.query_parts import (
    Choice,
    Frame,
    Node,
    Query,
    Repeat,
    Run,
    TextPattern,
    TokenTest,
    Words,
    least_tokens,
    nodes,
)
from analysis.search import find
from analysis.selection import condition_rows
from analysis.tokens import Tokens
from analysis.word_tests import Stopwatch, WordTests

__all__ = ["Matches", "check_texts", "check_tokens", "match"]

Ints = NDArray[np.int64]
Spans = tuple[Ints, Ints]
_NONE: Ints = np.zeros(0, dtype=np.int64)
#: More ways to match than this would fill the memory.
_MOST_PAIRS = 20_000_000


@dataclass(frozen=True, eq=False)
class Matches:
    """Where a query matches, in the order of the texts; matches do not overlap.

    ``first`` and ``last``: the tokens of match i are ``first[i]`` to before ``last[i]``; ``start`` and ``end``:
    its characters in the text of the statement in row ``row[i]`` of the documents. ``rows``: the statements that
    were searched, those whose metadata are as the query asks.
    """

    query: Query
    first: Ints
    last: Ints
    row: Ints
    start: Ints
    end: Ints
    rows: Ints

    def __len__(self) -> int:
        return int(self.first.size)

    def take(self, chosen: Ints | NDArray[np.bool_]) -> Matches:
        """Only the ``chosen`` matches."""
        parts = {name: getattr(self, name)[chosen] for name in ("first", "last", "row", "start", "end")}
        return replace(self, **parts)


def match(
    tokens: Tokens,
    query: str | Query,
    *,
    corpus: Corpus | None = None,
    lexicon: Lexicon | None = None,
    seconds: float = 10.0,
    caller: str = "match",
) -> Matches:
    """All matches of ``query``; `analysis.queries` describes the language.

    Of matches that overlap the leftmost counts, of those that begin together the longest. Words that stand
    nowhere are named in a warning with those that come near.

    Parameters
    ----------
    corpus
        The texts that were cut; needed by ``/…/`` and by frames.
    lexicon
        The lexicon that holds the frames.
    seconds
        How long regular expressions may take in all before they are stopped.

    Raises
    ------
    MissingStep
        If ``tokens`` are no `Tokens`, or the query needs texts or a lexicon that are not given.
    InputError
        For a faulty query, an unknown frame or column, a selection that leaves no statement, a regular
        expression that takes too long, or a corpus that is not the one that was cut.
    TifaError
        If the query matches in more ways than the memory holds.

    >>> import pandas as pd
    >>> from analysis.segmentation import segment
    >>> texts = ["打击网络犯罪，打击一切犯罪。", "打击 犯罪"]
    >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a", "b"], "date": "2021", "language": "zh", "text": texts})))
    >>> found = match(tokens, "打击 []{0,1} 犯罪")
    >>> found.row.tolist(), found.start.tolist(), found.end.tolist()
    ([0, 0, 1], [0, 7, 0], [6, 13, 5])
    """
    check_tokens(caller, tokens)
    if not isinstance(seconds, int | float | np.number) or isinstance(seconds, bool) or not seconds > 0:
        raise_faults(caller, [Fault(caller, "seconds", shown(seconds), "a number above 0")])
    asked = query if isinstance(query, Query) else parse_query(query)
    if corpus is not None:
        check_texts(caller, tokens, corpus)
    rows = _rows(tokens, asked, caller)
    search = _Search(tokens, corpus, lexicon, rows, asked, seconds, caller)
    first, last = search.spans(asked.root)
    row, start, end = search.characters(first, last)
    if len(rows) < len(tokens.documents):
        kept = np.isin(row, rows)
        first, last, row, start, end = (v[kept] for v in (first, last, row, start, end))
    if asked.within and first.size:
        numbers = stretches(tokens, asked.within)
        kept = numbers[np.minimum(first, numbers.size - 1)] == numbers[np.maximum(last - 1, 0)]
        first, last, row, start, end = (v[kept] for v in (first, last, row, start, end))
    chosen = _leftmost_longest(row, start, end)
    search.tests.say_unknown(bool(chosen.size))
    return Matches(asked, first[chosen], last[chosen], row[chosen], start[chosen], end[chosen], rows)


def check_tokens(caller: str, tokens: object) -> None:
    """Refuse what are no tokens."""
    if not isinstance(tokens, Tokens):
        raise MissingStep(f"{caller} takes Tokens, not {type(tokens).__name__}: segment(corpus) makes them.")


def check_texts(caller: str, tokens: Tokens, corpus: Corpus) -> None:
    """Refuse a corpus whose texts are not those that were cut."""
    if not isinstance(corpus, Corpus):
        raise MissingStep(f"{caller} takes the texts from a Corpus, not {type(corpus).__name__}.")
    if tokens.recipe.get("corpus") != corpus.digest:
        received = f"{corpus!r}, {corpus.digest[:15]}…"
        accepted = f"the corpus that was cut, {str(tokens.recipe.get('corpus'))[:15]}…"
        raise InputError(caller, [Fault(caller, "corpus", received, accepted)], "Cut this corpus: segment(corpus).")


def _rows(tokens: Tokens, query: Query, caller: str) -> Ints:
    """The statements whose metadata are as the query asks."""
    keep = np.ones(len(tokens.documents), dtype=bool)
    for f in query.filters:
        where = f"{caller}: query, column {f.place + 1}"
        keep &= condition_rows(tokens.documents, where, f.column, f.kind, f.values).to_numpy(dtype=bool)
    if not keep.any():
        received = "conditions that leave no statement" if query.filters else "tokens without a statement"
        raise_faults(caller, [Fault(caller, "query", received, "at least one statement to search")])
    return np.flatnonzero(keep)


class _Search:
    """Works out the spans of the parts of a query."""

    def __init__(
        self,
        tokens: Tokens,
        corpus: Corpus | None,
        lexicon: Lexicon | None,
        rows: Ints,
        query: Query,
        seconds: float,
        caller: str,
    ) -> None:
        self.tokens, self.corpus, self.lexicon, self.rows = tokens, corpus, lexicon, rows
        self.caller, self.watch = caller, Stopwatch(caller, seconds)
        self.tests = WordTests(tokens, self.watch)
        self.exact: tuple[Ints, Ints, Ints] | None = None
        self.spans_of: dict[Node, Spans] = {}
        for node in nodes(query.root):
            if isinstance(node, TextPattern | Frame) and node not in self.spans_of:
                self.spans_of[node] = self.in_text(node, alone=node == query.root)

    # Spans, sorted by where they begin; every way to match is one

    def spans(self, node: Node) -> Spans:
        if node in self.spans_of:
            return self.spans_of[node]
        if isinstance(node, TokenTest) and not node.options:
            places = np.arange(len(self.tokens), dtype=np.int64)
            return places, places + 1
        if isinstance(node, Words | TokenTest):
            places = places_of(self.tokens, self.tests.kinds(node))
            return places, places + 1
        if isinstance(node, Choice):
            parts = [self.spans(option) for option in node.options]
            return _union(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
        parts_of_run = _flat(node)
        counts = [self.number(part) for part in parts_of_run]
        pivot = int(np.argmin(counts))
        first, last = self.grown(*self.spans(parts_of_run[pivot]), parts_of_run[pivot + 1 :], forward=True)
        return self.grown(first, last, parts_of_run[:pivot], forward=False)

    def number(self, node: Node) -> float:
        """About how many spans the node has; infinite if it may be missing."""
        if node in self.spans_of:
            return float(self.spans_of[node][0].size)
        if isinstance(node, Repeat):
            return self.number(node.part) if node.least else np.inf
        if isinstance(node, TokenTest) and not node.options:
            return float(len(self.tokens)) + 1
        if isinstance(node, Words | TokenTest):
            return float(self.tests.number(node))
        if isinstance(node, Choice):
            return sum(map(self.number, node.options))
        return min(map(self.number, _flat(node)))

    def grown(self, first: Ints, last: Ints, parts: Sequence[Node], *, forward: bool) -> Spans:
        if not parts or not first.size:
            return first, last
        row = document_rows(self.tokens, first)
        limit = self.tokens.document_offsets[row + 1 if forward else row]
        which, place = self.step(Run(tuple(parts)), last if forward else first, np.asarray(limit), forward)
        return _union(first[which], place) if forward else _union(place, last[which])

    def step(self, node: Node, place: Ints, limit: Ints, forward: bool) -> tuple[Ints, Ints]:
        """From each place over what ``node`` matches: from which of the places, and to where."""
        if isinstance(node, Run):
            which = np.arange(place.size)
            for part in node.parts if forward else node.parts[::-1]:
                onward, place = self.step(part, place, limit, forward)
                which, limit = which[onward], limit[onward]
            return which, place
        if isinstance(node, Choice):
            found = [self.step(option, place, limit, forward) for option in node.options]
            return _distinct(np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found]))
        if isinstance(node, Repeat):
            which, limits = np.arange(place.size), limit
            reached = [(which, place)] if node.least == 0 else []
            may_be_empty = least_tokens(node.part) == 0
            for times in range(1, node.most + 1):
                onward, to = self.step(node.part, place, limits[which], forward)
                before, (which, place) = (which, place), _distinct(which[onward], to)
                if not place.size:
                    break
                # A part that may be empty keeps every place: the last round holds those before it.
                ended = may_be_empty and np.array_equal(before[0], which) and np.array_equal(before[1], place)
                if times >= node.least or ended:
                    reached = [*([] if may_be_empty else reached), (which, place)]
                    self.bounded(sum(r[0].size for r in reached))
                if ended:
                    break
            both = [np.concatenate(parts) for parts in zip((_NONE, _NONE), *reached, strict=True)]
            return _distinct(both[0], both[1])
        if node in self.spans_of:
            return self.over_spans(self.spans_of[node], place, limit, forward)
        if not isinstance(node, Words | TokenTest):
            raise TypeError(f"spans of {node} were not worked out")
        at = place if forward else place - 1
        inside = at < limit if forward else at >= limit
        which = np.flatnonzero(inside)
        if not (isinstance(node, TokenTest) and not node.options):
            which = which[self.tests.mask(node)[self.tokens.ids[at[which]]]]
        return which, place[which] + (1 if forward else -1)

    def over_spans(self, spans: Spans, place: Ints, limit: Ints, forward: bool) -> tuple[Ints, Ints]:
        near, far = spans if forward else spans[::-1]
        order = np.argsort(near, kind="stable")
        near, far = near[order], far[order]
        low, high = np.searchsorted(near, place), np.searchsorted(near, place, side="right")
        which = np.repeat(np.arange(place.size), high - low)
        self.bounded(which.size)
        index = np.arange(which.size) - np.repeat(np.cumsum(high - low) - (high - low), high - low) + low[which]
        to = far[index]
        kept = (to <= limit[which]) if forward else (to >= limit[which])
        return which[kept], to[kept]

    def bounded(self, pairs: int) -> None:
        if pairs > _MOST_PAIRS:
            raise TifaError(
                f"The query matches in {pairs:,} ways, too many for the memory: narrow its gaps, or use rarer parts."
            )

    # The text

    def in_text(self, node: TextPattern | Frame, *, alone: bool) -> Spans:
        """The tokens that each passage touches; where it is all of the query, its own characters are kept."""
        kind = "/…/ searches the text" if isinstance(node, TextPattern) else "a frame is found in the text"
        if self.corpus is None:
            raise MissingStep(f"{self.caller}: {kind}: pass the corpus that was cut, corpus=corpus.")
        if isinstance(node, TextPattern):
            row, start, end = self.expression(node, self.corpus)
        else:
            row, start, end = self.frame(node, self.corpus)
        offsets = self.tokens.document_offsets
        first = bisected(self.tokens.ends, offsets[row], offsets[row + 1], start, "right")
        last = np.maximum(bisected(self.tokens.starts, offsets[row], offsets[row + 1], end, "left"), first)
        if alone:
            self.exact = row, start, end
            return first, last
        held = last > first
        return _union(first[held], last[held])

    def expression(self, node: TextPattern, corpus: Corpus) -> tuple[Ints, Ints, Ints]:
        finditer, found = regex.compile(node.pattern).finditer, []
        texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
        ids = self.tokens.documents["id"].tolist()

        def work(seconds: float) -> None:
            until = time.monotonic() + seconds
            for row in self.rows.tolist():
                for hit in finditer(texts[ids[row]], timeout=max(until - time.monotonic(), 1e-3)):
                    if hit.end() > hit.start():
                        found.append((row, hit.start(), hit.end()))

        self.watch.timed(work, node.pattern, node.column)
        table = np.array(found, dtype=np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1], table[:, 2]

    def frame(self, node: Frame, corpus: Corpus) -> tuple[Ints, Ints, Ints]:
        if not isinstance(self.lexicon, Lexicon):
            given = "" if self.lexicon is None else f", not {type(self.lexicon).__name__}"
            raise MissingStep(f'{self.caller}: <{node.name}> needs a lexicon{given}: lexicon=read_lexicon("frames").')
        known = {f.name for f in self.lexicon.frames} | set(self.lexicon.tops)
        if node.name not in known:
            place = f"column {node.column + 1}"
            raise_faults(self.caller, [Fault("query", place, shown(node.name), ", ".join(sorted(known)))])
        hits = find(corpus, self.lexicon, frames=[node.name])
        names = hits["frame"].astype(str)
        hits = hits[(names == node.name) | names.str.startswith(f"{node.name}.")]
        row = pd.Index(self.tokens.documents["id"]).get_indexer(hits["document"].to_numpy(dtype=object))
        order = np.lexsort((hits["end"], hits["start"], row))
        return row[order].astype(np.int64), hits["start"].to_numpy()[order], hits["end"].to_numpy()[order]

    def characters(self, first: Ints, last: Ints) -> tuple[Ints, Ints, Ints]:
        """The statement of each span, and its characters there."""
        if self.exact is not None:
            return self.exact
        start, end = self.tokens.starts[first], self.tokens.ends[last - 1]
        return document_rows(self.tokens, first), start.astype(np.int64), end.astype(np.int64)


def _flat(node: Node) -> list[Node]:
    """The parts of a run, runs in it dissolved; of a part that is repeated those that must be there, one by one."""
    if isinstance(node, Run):
        return [inner for part in node.parts for inner in _flat(part)]
    if isinstance(node, Repeat) and node.least:
        rest = [Repeat(node.part, 0, node.most - node.least)] if node.most > node.least else []
        return [*(inner for _ in range(node.least) for inner in _flat(node.part)), *rest]
    return [node]


def _union(first: Ints, last: Ints) -> Spans:
    order = np.lexsort((last, first))
    first, last = first[order], last[order]
    new = np.ones(first.size, dtype=bool)
    new[1:] = (first[1:] != first[:-1]) | (last[1:] != last[:-1])
    return first[new], last[new]


def _distinct(which: Ints, place: Ints) -> Spans:
    """Each pair once, in order."""
    order = np.lexsort((place, which))
    which, place = which[order], place[order]
    new = np.ones(which.size, dtype=bool)
    new[1:] = (which[1:] != which[:-1]) | (place[1:] != place[:-1])
    return which[new], place[new]


def _leftmost_longest(row: Ints, start: Ints, end: Ints) -> Ints:
    """Which spans to keep so that none overlap: the leftmost, of those the longest."""
    ordered = np.all((row[1:] > row[:-1]) | ((row[1:] == row[:-1]) & (start[1:] >= end[:-1])))
    if ordered:
        return np.arange(row.size)
    order = np.lexsort((-end, start, row))
    kept, here, reached = [], -1, -1
    for i, r, s, e in zip(order.tolist(), row[order].tolist(), start[order].tolist(), end[order].tolist(), strict=True):
        if r != here or s >= reached:
            kept.append(i)
            here, reached = r, e
    return np.array(kept, dtype=np.int64)
