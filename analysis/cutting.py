"""One batch of texts to integer pieces with offsets: what each process does for `segment`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import TifaError
from analysis.segmenters.base import WHOLE, load_segmenter, load_whole

__all__ = ["Part", "cut_part"]

Ids = NDArray[np.int32]
#: For each language the segmenter's name and its options.
Engines = Mapping[str, tuple[str, Mapping[str, Any]]]
_LINE_END = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, eq=False)
class Part:
    """The tokens of some statements, numbered by the part's own list of words.

    ``ids, starts, ends, line_starts`` are as in `analysis.tokens.Tokens`;
    ``lengths`` holds the number of tokens of each statement, ``words`` the
    distinct tokens in the order in which they were first met.
    """

    ids: Ids
    starts: Ids
    ends: Ids
    line_starts: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    words: tuple[str, ...]


def cut_part(engines: Engines, texts: Sequence[str], languages: Sequence[str]) -> Part:
    """Cut ``texts``, each with the engine of its language; white space is no token.

    >>> part = cut_part({"zh": ("jieba", {})}, ["净化 网络\\n净化"], ["zh"])
    >>> part.words, part.ids.tolist(), part.starts.tolist(), part.line_starts.tolist()
    (('净化', '网络'), [0, 1, 0], [0, 3, 6], [True, False, True])
    """
    names = {name for name, _ in engines.values()}
    if len(names) == 1 and names <= set(WHOLE):
        return Part(*load_whole(names.pop())(texts))
    cut = {language: load_segmenter(name, **options) for language, (name, options) in engines.items()}
    codes: defaultdict[str, int] = defaultdict()
    codes.default_factory = codes.__len__  # a new piece gets the next number
    found: list[Ids] = []
    for text, language in zip(texts, languages, strict=True):
        pieces = cut[language](text)
        found.append(np.fromiter(map(codes.__getitem__, pieces), dtype=np.int32, count=len(pieces)))
    pieces_of = np.array([len(ids) for ids in found], dtype=np.int64)
    flat = np.concatenate(found) if found else np.zeros(0, dtype=np.int32)
    del found
    words = list(codes)
    width = np.fromiter(map(len, words), dtype=np.int64, count=len(words))[flat]
    row = np.repeat(np.arange(pieces_of.size, dtype=np.int32), pieces_of)
    _same_length(width, pieces_of, texts)
    ends = np.cumsum(width)
    ends -= np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)[row]
    starts = ends - width

    space = np.array([not word or word.isspace() for word in words], dtype=bool)
    keep = ~space[flat]
    # A line starts where one ended in the white space since the last token, or a statement begins.
    breaks = space.copy()
    breaks[space] = [bool(_LINE_END.search(words[i])) for i in np.flatnonzero(space).tolist()]
    ended = np.cumsum(breaks[flat], dtype=np.int32)[keep]
    row = row[keep]
    new_line = np.ones(row.size, dtype=bool)
    new_line[1:] = (ended[1:] != ended[:-1]) | (row[1:] != row[:-1])
    renumber = (np.cumsum(~space) - 1).astype(np.int32)
    return Part(
        renumber[flat[keep]],
        starts[keep].astype(np.int32),
        ends[keep].astype(np.int32),
        new_line,
        np.bincount(row, minlength=pieces_of.size).astype(np.int64),
        tuple(word for word, blank in zip(words, space.tolist(), strict=True) if not blank),
    )


def _same_length(width: NDArray[np.int64], pieces_of: NDArray[np.int64], texts: Sequence[str]) -> None:
    """The pieces of every text must make up its length: no segmenter may lose or add anything."""
    sums = np.concatenate([[0], np.cumsum(width)])
    ends = np.cumsum(pieces_of)
    if (sums[ends] - sums[ends - pieces_of]).tolist() != [len(text) for text in texts]:
        raise TifaError("A segmenter lost or added text, so no offset can be trusted. Please report this as a fault.")
