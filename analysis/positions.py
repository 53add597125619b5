"""Where tokens stand: the places of each word, the sentences and clauses they are in, the text they spell.

What is worked out once for `Tokens` (places of all words: 4 bytes a token; numbers of sentences:
4 bytes a token for each unit that is asked for) is kept as long as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from analysis.boundaries import are_words
from analysis.errors import Fault, InputError, shown
from analysis.patterns import fold
from analysis.tokens import Tokens

__all__ = [
    "UNITS",
    "Postings",
    "bisected",
    "document_bounds",
    "document_rows",
    "folded_words",
    "places_of",
    "postings",
    "spelled",
    "stretch_bounds",
    "stretches",
    "word_types",
]

Ints = NDArray[np.int64]
#: What a match or a window may be kept within, besides the statement.
UNITS = ("sentence", "clause", "paragraph")

_FULL_ENDS, _CLOSERS = "。！？!?…", "”’\"'）》」』】)]"
_STOP_CLOSERS = "”’\"')]"
_CLAUSE_ENDS, _ASCII_CLAUSE_ENDS, _CLAUSE_CLOSING = "，。；：！？", ",;:.!?", "”’\"')]）》」』】"
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Gov|Sen|Rep|St|No|Nos|Art|vs|etc|al|e\.g|i\.e|cf|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b(?:\w\.)*\w)$"
)

#: Tokens spelled at once: enough to forget the overhead, little memory.
_BATCH = 4_000_000

_kept: WeakKeyDictionary[Tokens, dict[str, Any]] = WeakKeyDictionary()


def _once(tokens: Tokens, name: str, make: Callable[[], Any]) -> Any:
    known = _kept.setdefault(tokens, {})
    if name not in known:
        known[name] = make()
    return known[name]


class Postings(NamedTuple):
    """All places in the order of the words: those of word i are ``places[offsets[i]:offsets[i + 1]]``, ascending."""

    places: NDArray[np.int32]
    offsets: Ints


def postings(tokens: Tokens) -> Postings:
    """The places of every word; worked out once. Removed tokens stand nowhere.

    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> import pandas as pd
    >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化网络，净化"]})))
    >>> postings(tokens).places.tolist(), postings(tokens).offsets.tolist(), tokens.vocabulary
    ([0, 3, 1, 2], [0, 2, 3, 4], ('净化', '网络', '，'))
    """

    def make() -> Postings:
        n, words = len(tokens), len(tokens.vocabulary)
        # A counting sort: of a matrix of ones, words × places, the columns row by row.
        cells = (np.ones(n, dtype=np.int8), (tokens.ids + 1, np.arange(n, dtype=np.int32)))
        ordered = sparse.coo_array(cells, shape=(words + 1, max(n, 1))).tocsr()
        removed = int(ordered.indptr[1])
        places = ordered.indices[removed:]
        places.flags.writeable = False
        return Postings(places, ordered.indptr[1:].astype(np.int64) - removed)

    found: Postings = _once(tokens, "postings", make)
    return found


def places_of(tokens: Tokens, words: Ints) -> Ints:
    """The places of any of the words (numbers in the vocabulary), ascending."""
    places, offsets = postings(tokens)
    if words.size == 1:
        return places[offsets[words[0]] : offsets[words[0] + 1]].astype(np.int64)
    parts = [places[offsets[w] : offsets[w + 1]] for w in words.tolist()]
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int32), *parts])).astype(np.int64)


def document_rows(tokens: Tokens, places: Ints) -> Ints:
    """The row of ``tokens.documents`` that each place lies in."""
    return np.searchsorted(tokens.document_offsets, places, side="right") - 1


def document_bounds(tokens: Tokens, places: Ints) -> tuple[Ints, Ints]:
    """The first place of the document of each place, and the first after it."""
    rows = document_rows(tokens, places)
    return np.asarray(tokens.document_offsets[rows]), np.asarray(tokens.document_offsets[rows + 1])


def bisected(values: NDArray[np.int32], low: Ints, high: Ints, targets: Ints, side: str) -> Ints:
    """``low + searchsorted(values[low:high], target, side)`` for each target, within its own stretch.

    >>> bisected(np.array([1, 4, 6, 1, 2]), np.array([0, 3]), np.array([3, 5]), np.array([4, 2]), "left").tolist()
    [1, 4]
    """
    low, high = np.array(low, dtype=np.int64), np.array(high, dtype=np.int64)
    while np.any(low < high):
        open_ = low < high
        middle = (low + high) // 2
        at = values[np.where(open_, middle, 0)]
        beyond = (at < targets) if side == "left" else (at <= targets)
        low, high = np.where(open_ & beyond, middle + 1, low), np.where(open_ & ~beyond, middle, high)
    return low


def word_types(tokens: Tokens) -> NDArray[np.bool_]:
    """Which entries of the vocabulary are words: they hold a letter, a mark or a number."""

    found: NDArray[np.bool_] = _once(tokens, "word_types", lambda: are_words(tokens.vocabulary))
    return found


def folded_words(tokens: Tokens) -> dict[str, list[int]]:
    """The numbers of the words that are the same but for the case of letters, by their folded form."""

    def make() -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, word in enumerate(tokens.vocabulary):
            found.setdefault(fold(word), []).append(number)
        return found

    folded: dict[str, list[int]] = _once(tokens, "folded", make)
    return folded


# Sentences, clauses, paragraphs


def stretches(tokens: Tokens, unit: str) -> NDArray[np.int32]:
    """The number of the sentence, clause or paragraph that each token is in, counted through the whole corpus.

    The rules are those of `analysis.boundaries`, read off the tokens: a sentence ends after ``。！？!?…``
    with what closes a quotation, after a full stop before white space that belongs to no known
    abbreviation, and at line ends; a clause after ``，。；：！？``, after ``, ; : . ! ?`` before white space or
    what closes a quotation, and at line ends. A paragraph is a line.

    Raises
    ------
    InputError
        For another unit.

    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> import pandas as pd
    >>> text = "净化网络。“好！”\\n开始，结束"
    >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": [text]})))
    >>> stretches(tokens, "sentence").tolist(), stretches(tokens, "clause").tolist()
    ([0, 0, 0, 1, 1, 1, 1, 2, 2, 2], [0, 0, 0, 1, 1, 1, 2, 3, 3, 4])
    """
    if unit not in UNITS:
        raise InputError("within", [Fault("within", "unit", shown(unit), ", ".join(UNITS))])

    def make() -> NDArray[np.int32]:
        numbers = np.cumsum(_opens(tokens, unit), dtype=np.int32) - np.int32(1)
        numbers.flags.writeable = False
        return numbers

    found: NDArray[np.int32] = _once(tokens, unit, make)
    return found


def stretch_bounds(tokens: Tokens, unit: str) -> Ints:
    """The place at which each sentence, clause or paragraph begins, and the number of tokens at the end."""

    def make() -> Ints:
        numbers = stretches(tokens, unit)
        begins = np.flatnonzero(np.diff(numbers, prepend=np.int32(-1)))
        return np.append(begins, len(tokens)).astype(np.int64)

    found: Ints = _once(tokens, f"{unit} bounds", make)
    return found


def _opens(tokens: Tokens, unit: str) -> NDArray[np.bool_]:
    """Which tokens are the first of their sentence, clause or paragraph."""
    opens = np.array(tokens.line_starts)
    offsets = tokens.document_offsets[:-1]
    opens[offsets[offsets < len(tokens)]] = True
    if unit == "paragraph" or not len(tokens):
        return opens
    gap = _gaps(tokens) | opens
    words, ids = (*tokens.vocabulary, ""), tokens.ids

    def are(test: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Which tokens are so; a removed one, −1, is read as an empty word."""
        return np.fromiter(map(test, words), dtype=bool, count=len(words))[ids]

    if unit == "clause":
        ends = are(lambda w: w[-1:] in _CLAUSE_ENDS and w != "")
        ascii_ends = are(lambda w: w[-1:] in _ASCII_CLAUSE_ENDS and w != "")
        closing = are(lambda w: w[:1] in _CLAUSE_CLOSING and w != "")
        opens[1:] |= ends[:-1] | (ascii_ends[:-1] & (gap[1:] | closing[1:]))
        return opens
    closer = are(lambda w: w != "" and not w.strip(_CLOSERS))
    full = are(lambda w: w.rstrip(_CLOSERS)[-1:] in _FULL_ENDS and w.rstrip(_CLOSERS) != "")
    alone = are(lambda w: w != "" and not w.strip(_FULL_ENDS))
    # What a closing mark follows, with nothing but closing marks and no white space between.
    place = np.arange(len(tokens), dtype=np.int32)
    head = np.maximum.accumulate(np.where(closer & ~gap, np.int32(0), place))
    done = full[head]
    opens[1:] |= done[:-1] & (gap[1:] | ~(closer[1:] | (alone[1:] & alone[:-1])))
    stop = are(lambda w: w.rstrip(_STOP_CLOSERS).endswith("."))
    if not stop.any():
        return opens
    single = are(lambda w: w.rstrip(_STOP_CLOSERS) == ".")
    bodies = [w.rstrip(_STOP_CLOSERS).removesuffix(".") for w in words]
    known = np.array([_ABBREVIATION.search(body) is not None for body in bodies])[ids]
    # A letter or digit right before its token may make an abbreviation none.
    glued = np.array([bool(body) and _ABBREVIATION.search(f"x{body}") is not None for body in bodies])[ids]
    lettered = are(lambda w: w[-1:].isalnum() or w[-1:] == "_")
    known = np.where(~gap & np.concatenate([[False], lettered[:-1]]), glued, known)
    before = np.concatenate([[False], known[:-1] & ~stop[:-1]]) & ~gap
    stops = are(lambda w: w != "" and not w.strip("." + _STOP_CLOSERS))
    run = stops & np.concatenate([[False], stop[:-1]]) & ~gap  # of several stops
    narrow = are(lambda w: w != "" and not w.strip(_STOP_CLOSERS))
    # Where a quotation or a bracket closes, the sentence ends after an abbreviation too.
    closed = are(lambda w: w[-1:] in _STOP_CLOSERS and w != "") | np.concatenate([(narrow & ~gap)[1:], [False]])
    ended = stop & (run | closed | ~np.where(single, before, known))
    head = np.maximum.accumulate(np.where(narrow & ~gap, np.int32(0), place))
    opens[1:] |= ended[head][:-1] & gap[1:]
    return opens


# Text


def spelled(tokens: Tokens, first: Ints, last: Ints) -> pa.ChunkedArray:
    """The text of each stretch of tokens from ``first`` to before ``last``, as an Arrow array of texts.

    White space between tokens is one space, a removed token ``…``.

    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> import pandas as pd
    >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["en"], "text": ["Protect  the minors."]})))
    >>> spelled(tokens, np.array([0, 2]), np.array([2, 4])).to_pylist()
    ['Protect the', 'minors.']
    """
    counts = np.maximum(last - first, 0)
    words = _once(tokens, "spellings", lambda: _spellings(tokens.vocabulary))
    total = np.cumsum(counts)
    cuts = np.searchsorted(total, np.arange(0, total[-1] if total.size else 0, _BATCH), side="right")
    bounds = np.unique(np.concatenate([[0], cuts, [counts.size]])).tolist()
    parts = [_joined(tokens, first[a:b], counts[a:b], words, _gaps(tokens)) for a, b in pairwise(bounds)]
    return pa.chunked_array(parts, pa.string())


def _gaps(tokens: Tokens) -> NDArray[np.bool_]:
    """Before which tokens white space stands, or their statement begins."""

    def make() -> NDArray[np.bool_]:
        gap = np.ones(len(tokens), dtype=bool)
        np.not_equal(tokens.starts[1:], tokens.ends[:-1], out=gap[1:])
        offsets = tokens.document_offsets[:-1]
        gap[offsets[offsets < len(tokens)]] = True
        return gap

    found: NDArray[np.bool_] = _once(tokens, "gaps", make)
    return found


def _joined(tokens: Tokens, first: Ints, counts: Ints, words: pa.Array, gaps: NDArray[np.bool_]) -> pa.Array:
    stops = np.cumsum(counts)
    place = np.arange(stops[-1]) + np.repeat(first - (stops - counts), counts)
    after_gap = np.ones(place.size, dtype=bool)
    after_gap[(stops - counts)[counts > 0]] = False  # none before the first token of a stretch
    after_gap &= gaps[place]
    # Each word is there twice, alone and after a space; the last of each is what stands for a removed one.
    number = tokens.ids[place]
    number[number < 0] = len(tokens.vocabulary)
    number[after_gap] += len(tokens.vocabulary) + 1
    offsets = pa.array(np.concatenate([[0], stops]).astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, words.take(pa.array(number))), "")


def _spellings(vocabulary: tuple[str, ...]) -> pa.Array:
    words = [*vocabulary, "…"]
    return pa.array([*words, *(" " + word for word in words)], pa.string())
