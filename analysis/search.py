"""Patterns to spans: where the terms of a lexicon stand in the texts.

Terms are searched in the text itself, not in tokens, because segmentation
swallows them (环境保护未成年人 is cut 环境保护 / 未成年人). All literals are found in
one pass of an Aho-Corasick automaton over many texts at once; the parts of
patterns with gaps are then joined by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick_rs
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.boundaries import clause_ends, code_points, in_classes
from analysis.corpus import Corpus
from analysis.counts import unit_rows
from analysis.errors import Fault, InputError, MissingStep, TifaError
from analysis.lexicon import Lexicon, selected
from analysis.patterns import Literal, Pattern, fold

__all__ = ["find", "tally"]

Ints = NDArray[np.int64]
Spans = tuple[Ints, Ints]
HIT_COLUMNS = ("document", "frame", "term", "start", "end", "text")

#: Characters of text searched at once: enough to forget the overhead, little memory.
_BATCH = 4_000_000
#: More pairs than this for one pattern in one batch would fill the memory.
_MOST_PAIRS = 20_000_000
_NONE: Ints = np.zeros(0, dtype=np.int64)


def find(
    corpus: Corpus, lexicon: Lexicon, *, frames: Iterable[str] | None = None, claimed: bool = False
) -> pd.DataFrame:
    """Where the frames' terms stand: one row per hit.

    Columns: ``document`` (id), ``frame`` (``purification.network``; a categorical
    that knows all frames of the lexicon, so that later counts can show zeros),
    ``term`` (the pattern as written), ``start`` and ``end`` (offsets into the
    statement's text), ``text`` (what stands there). Rows are in the order of
    the documents, then of the offsets, then of the frames.

    Frames do not compete with each other. Within a frame and its sub-frames
    (1) false friends are matched leftmost-longest and claim their spans,
    (2) candidates that overlap a claimed span are out, (3) the rest are taken
    leftmost-longest; of two terms with the same span the first in the file wins.
    A statement is searched with the terms of its own language.

    Parameters
    ----------
    frames
        The frames to search for (a sub-frame stands for its whole frame,
        since sub-frames compete); all by default.
    claimed
        List what the false friends took instead: the same columns, ``frame``
        being the frame that lost them.

    >>> from analysis.lexicon import make_lexicon
    >>> table = pd.DataFrame({"id": ["a"], "date": ["2021-05-07"], "language": ["zh"],
    ...     "text": ["净化网络环境，保护未成年人。"]})
    >>> hits = find(Corpus(table), make_lexicon({"purification": ["净化 ... 网络"], "minors": ["未成年人"]}))
    >>> hits[["frame", "start", "end", "text"]].values.tolist()
    [['purification', 0, 4, '净化网络'], ['minors', 9, 13, '未成年人']]
    """
    if not isinstance(corpus, Corpus):
        raise MissingStep(
            f"find takes a Corpus, not {type(corpus).__name__}: make one with read_corpus or Corpus(table)."
        )
    if not isinstance(lexicon, Lexicon):
        raise InputError(
            "find", [Fault("find", "lexicon", f"a {type(lexicon).__name__}", "a Lexicon (read_lexicon, make_lexicon)")]
        )
    wanted = selected(lexicon, frames)
    parts = []
    for language in sorted(set(corpus.table["language"])):
        rows = np.flatnonzero((corpus.table["language"] == language).to_numpy())
        plan = _plan(lexicon, language, wanted)
        if not plan.literals:
            continue
        texts = corpus.table["text"].to_numpy(dtype=object)[rows]
        for first, last in _batches(texts):
            parts.append(_search(texts[first:last], rows[first:last], plan, claimed))
    return _hit_table(parts, corpus, lexicon, wanted)


def _hit_table(parts: list[pd.DataFrame], corpus: Corpus, lexicon: Lexicon, wanted: tuple[str, ...]) -> pd.DataFrame:
    empty = pd.DataFrame(
        {
            "row": _NONE,
            "frame": pd.Series([], dtype=object),
            "term": pd.Series([], dtype=object),
            "start": _NONE,
            "end": _NONE,
            "text": pd.Series([], dtype=object),
            "order": _NONE,
        }
    )
    hits = pd.concat([p for p in parts if len(p)] or [empty], ignore_index=True)
    hits = hits.sort_values(["row", "start", "end", "order"], kind="stable", ignore_index=True)
    tops = set(wanted)
    categories = [f.name for f in lexicon.frames if f.top in tops]
    return pd.DataFrame(
        {
            "document": corpus.table["id"].to_numpy(dtype=object)[hits["row"].to_numpy(dtype=np.int64)],
            "frame": pd.Categorical(hits["frame"], categories=categories),
            "term": hits["term"].astype("str"),
            "start": hits["start"].astype("int64"),
            "end": hits["end"].astype("int64"),
            "text": hits["text"].astype("str"),
        }
    ).astype({"document": "str"})


def tally(hits: pd.DataFrame, *, units: pd.DataFrame | None = None) -> pd.DataFrame:
    """How often each term was found in each document: one row per document, frame and term.

    Columns ``document, frame, term, hits``; pairs without a hit have no row, but
    ``frame`` still knows all frames, so that `analysis.trends.rates` can show zeros.

    Parameters
    ----------
    units
        The units that were counted, `analysis.counts.Counts.units`. Then one row per
        document, unit, frame and term, with the column ``unit`` behind ``document``; over the
        units of a document the hits sum to what they are without. A hit belongs to the unit in which
        it starts, even if it ends in the next; one that starts in a passage that is no unit,
        because no token begins there, to the unit before. There may be units of more documents.

    Raises
    ------
    MissingStep
        If ``hits`` are not those of `find`, or ``units`` is no table of units.
    InputError
        If a hit's document has no units or the hit starts in none of them: no hit is lost.

    >>> hits = pd.DataFrame({"document": ["a", "a"], "frame": ["minors"] * 2, "term": ["未成年人"] * 2,
    ...     "start": [0, 9], "end": [4, 13], "text": ["未成年人"] * 2})
    >>> tally(hits).values.tolist()
    [['a', 'minors', '未成年人', 2]]
    >>> units = pd.DataFrame({"document": ["a", "a"], "unit": [0, 1], "start": [0, 9], "end": [9, 20]})
    >>> tally(hits, units=units).values.tolist()
    [['a', 0, 'minors', '未成年人', 1], ['a', 1, 'minors', '未成年人', 1]]
    """
    missing = [c for c in (*HIT_COLUMNS[:3], *(["start"] if units is not None else [])) if c not in hits]
    if missing:
        raise MissingStep(
            f"tally takes the hits that find(corpus, lexicon) gives; this table has no column {', '.join(missing)}."
        )
    if units is None:
        by = ["document", "frame", "term"]
    else:
        by = ["document", "unit", "frame", "term"]
        held = unit_rows("tally", units, hits["document"], hits["start"])
        hits = hits.assign(unit=units["unit"].to_numpy()[held])
    counted = hits.groupby(by, observed=True, sort=True).size()
    return counted.rename("hits").reset_index().astype({"hits": "int64"})


# ---------------------------------------------------------------------- the plan


@dataclass(frozen=True, eq=False)
class _Plan:
    """A lexicon compiled for one language.

    ``frames`` holds, for each top frame, its false friends and its terms
    ``(pattern, name of the sub-frame, order in the file)``.
    """

    language: str
    literals: tuple[Literal, ...]
    automaton: ahocorasick_rs.AhoCorasick
    frames: tuple[tuple[str, tuple[Pattern, ...], tuple[tuple[Pattern, str, int], ...]], ...]


@lru_cache(maxsize=32)
def _plan(lexicon: Lexicon, language: str, wanted: tuple[str, ...]) -> _Plan:
    compiled = []
    order = 0
    literals: dict[Literal, None] = {}
    for top in wanted:
        friends: list[Pattern] = []
        terms: list[tuple[Pattern, str, int]] = []
        for frame in lexicon.frames:
            if frame.top != top:
                continue
            friends += [p for p in frame.false_friends if p.language == language]
            for pattern in frame.terms:
                order += 1
                if pattern.language == language:
                    terms.append((pattern, frame.name, order))
        for pattern in [*friends, *(t[0] for t in terms)]:
            literals |= dict.fromkeys(x for step in pattern.steps for x in step.literals)
        if terms:
            compiled.append((top, tuple(friends), tuple(terms)))
    found = tuple(literals)
    return _Plan(language, found, ahocorasick_rs.AhoCorasick([x.text for x in found]), tuple(compiled))


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    first, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text) + 1
        if size >= _BATCH:
            yield first, i + 1
            first, size = i + 1, 0
    if first < len(texts):
        yield first, len(texts)


# ---------------------------------------------------------------------- one batch


@dataclass(frozen=True, eq=False)
class _Buffer:
    """Texts joined by line ends (which end every clause), with their landmarks.

    ``clause`` is the number of clause ends before each offset; ``words`` (English)
    the number of words that begin before it; ``inside`` whether the offset lies
    inside a word joined by hyphens or apostrophes.
    """

    text: str
    starts: Ints
    clause: Ints
    word: NDArray[np.bool_] | None
    words: Ints | None
    inside: NDArray[np.bool_] | None
    word_end: Ints | None


def _buffer(texts: Sequence[str], language: str) -> _Buffer:
    joined = "\n".join([*texts, ""])
    lengths = np.fromiter((len(t) for t in texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate([[0], np.cumsum(lengths + 1)])
    points = code_points(joined)
    clause = np.concatenate([[0], np.cumsum(clause_ends(points))])
    if language != "en":
        return _Buffer(joined, starts, clause, None, None, None, None)
    # The points of the text itself: folding could turn a letter into another class.
    word = in_classes(points, "LMN") | (points == ord("_"))
    padded = np.concatenate([[False], word, [False, False]])
    joiner = np.concatenate([[False], np.isin(points, code_points("'’-")), [False, False]])
    # Offset i lies behind character i-1; padded[i] tells about that character.
    here, before = padded[1:-1], padded[:-2]
    joined_on = joiner[:-2] & here & np.concatenate([[False], padded[:-3]])
    begins = here & ~before & ~joined_on
    words = np.concatenate([[0], np.cumsum(begins[:-1])])
    inside = joiner[1:-1] & before & padded[2:]
    not_word = np.flatnonzero(~padded[1:-1])
    word_end = not_word[np.searchsorted(not_word, np.arange(points.size + 1))]
    return _Buffer(fold(joined), starts, clause, padded[1:-1], words, inside, word_end)


def _search(texts: Sequence[str], rows: Ints, plan: _Plan, claimed: bool) -> pd.DataFrame:
    buffer = _buffer(texts, plan.language)
    positions = _positions(buffer, plan)
    columns: dict[str, list[object]] = {"start": [], "end": [], "frame": [], "term": [], "order": []}
    for top, friends, terms in plan.frames:
        taken = [(p, top, -1) for p in friends]
        claims = _leftmost_longest(_candidates(taken, positions, buffer))
        if claimed:
            chosen, source = claims, taken
        else:
            start, end, which = _candidates(terms, positions, buffer)
            free = ~_overlaps(start, end, claims[0], claims[1])
            chosen, source = _leftmost_longest((start[free], end[free], which[free])), list(terms)
        columns["start"] += chosen[0].tolist()
        columns["end"] += chosen[1].tolist()
        for i in chosen[2].tolist():
            pattern, name, order = source[i]
            columns["frame"].append(name)
            columns["term"].append(pattern.source)
            columns["order"].append(order)
    found = pd.DataFrame(columns)
    if not len(found):
        return found
    start, end = found["start"].to_numpy(dtype=np.int64), found["end"].to_numpy(dtype=np.int64)
    at = np.searchsorted(buffer.starts, start, side="right") - 1
    found["row"] = rows[at]
    found["start"], found["end"] = start - buffer.starts[at], end - buffer.starts[at]
    found["text"] = [texts[d][s:e] for d, s, e in zip(at.tolist(), found["start"], found["end"], strict=True)]
    return found


def _positions(buffer: _Buffer, plan: _Plan) -> dict[Literal, Spans]:
    """Start and end of every occurrence of every literal, sorted by start."""
    matches = np.array(plan.automaton.find_matches_as_indexes(buffer.text, overlapping=True), dtype=np.int64).reshape(
        -1, 3
    )
    order = np.argsort(matches[:, 0], kind="stable")
    matches = matches[order]
    cuts = np.searchsorted(matches[:, 0], np.arange(len(plan.literals) + 1))
    result = {}
    for i, literal in enumerate(plan.literals):
        start, end = matches[cuts[i] : cuts[i + 1], 1], matches[cuts[i] : cuts[i + 1], 2]
        if buffer.word is not None and buffer.word_end is not None:
            whole = ~buffer.word[start - 1] | (start == 0)
            if literal.prefix:
                end = buffer.word_end[end]
            else:
                whole &= ~buffer.word[end]
            start, end = start[whole], end[whole]
        by_start = np.argsort(start, kind="stable")
        result[literal] = (start[by_start], end[by_start])
    return result


Candidates = tuple[Ints, Ints, Ints]


def _candidates(
    terms: Sequence[tuple[Pattern, str, int]], positions: dict[Literal, Spans], buffer: _Buffer
) -> Candidates:
    """All spans of all ``terms``: start, end and the index of the term."""
    starts, ends, which = [_NONE], [_NONE], [_NONE]
    for i, (pattern, _, _) in enumerate(terms):
        start, end = _spans(pattern, positions, buffer)
        starts.append(start)
        ends.append(end)
        which.append(np.full(start.size, i, dtype=np.int64))
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(which)


def _spans(pattern: Pattern, positions: dict[Literal, Spans], buffer: _Buffer) -> Spans:
    spans = _union([positions[x] for x in pattern.steps[0].literals])
    for step in pattern.steps[1:]:
        if not spans[0].size:
            break
        part = _union([positions[x] for x in step.literals])
        joined = [_join(spans, part, step.gap, buffer)]
        if step.either:
            joined.append(_join(part, spans, step.gap, buffer))
        spans = _union(joined)
    return spans


def _union(parts: Sequence[Spans]) -> Spans:
    if len(parts) == 1:
        return parts[0]
    start, end = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    order = np.lexsort((end, start))
    start, end = start[order], end[order]
    keep = np.ones(start.size, dtype=bool)
    keep[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    return start[keep], end[keep]


def _join(left: Spans, right: Spans, gap: int, buffer: _Buffer) -> Spans:
    """Spans from a ``left`` to a ``right`` that follows within the gap, in one clause."""
    (left_start, left_end), (right_start, right_end) = left, right
    if not left_start.size or not right_start.size:
        return _NONE, _NONE
    low = np.searchsorted(right_start, left_end)
    if buffer.words is None:
        high = np.searchsorted(right_start, left_end + gap, side="right")
    else:
        high = np.searchsorted(buffer.words[right_start], buffer.words[left_end] + gap, side="right")
    # No right part beyond the clause: the count of clause ends must not have grown.
    high = np.minimum(high, np.searchsorted(buffer.clause[right_start], buffer.clause[left_end], side="right"))
    counts = np.maximum(high - low, 0)
    total = int(counts.sum())
    if total > _MOST_PAIRS:
        raise TifaError(
            f"A pattern with gaps pairs up {total:,} times in {len(buffer.text):,} characters of text: its parts are "
            "too common for so wide a gap. Narrow the gap (`...2`) or use longer parts."
        )
    first = np.repeat(np.arange(left_start.size), counts)
    offset = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    second = low[first] + offset
    if buffer.words is not None and buffer.inside is not None:
        between = buffer.words[right_start[second]] - buffer.words[left_end[first]]
        # The rest of a joined word ("-water" after "purified") is a word between.
        between += buffer.inside[left_end[first]] & (right_start[second] > left_end[first] + 1)
        near = between <= gap
        first, second = first[near], second[near]
    return _union([(left_start[first], right_end[second]), (_NONE, _NONE)])


def _overlaps(start: Ints, end: Ints, claimed_start: Ints, claimed_end: Ints) -> NDArray[np.bool_]:
    """Which spans share a character with one of the claimed ones (sorted, disjoint)."""
    if not claimed_start.size:
        return np.zeros(start.size, dtype=bool)
    after = np.searchsorted(claimed_end, start, side="right")
    return (after < claimed_start.size) & (claimed_start[np.minimum(after, claimed_start.size - 1)] < end)


def _leftmost_longest(candidates: Candidates) -> Candidates:
    """Disjoint spans: the leftmost first, of those the longest, of those the first term."""
    start, end, which = candidates
    order = np.lexsort((which, -end, start))
    start, end, which = start[order], end[order], which[order]
    best = np.ones(start.size, dtype=bool)
    best[1:] = start[1:] != start[:-1]
    start, end, which = start[best], end[best], which[best]
    chosen, last = [], -1
    for i, (s, e) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        if s >= last:
            chosen.append(i)
            last = e
    return start[chosen], end[chosen], which[chosen]
