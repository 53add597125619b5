"""Text that is cut already: its tokens stand between white space.

For corpora that another program has segmented, or that were checked by hand: one line a sentence, say, tokens
joined by spaces. Whatever is no white space belongs to a token, punctuation too if nothing sets it apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.boundaries import code_points
from analysis.segmenters.base import Pieces

__all__ = ["cut_texts", "make"]

_LAST_SPACE = 0x3000
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def make() -> Pieces:
    """A segmenter at white space; a run of it is one piece.

    >>> make()("净化 网络。\\n保护")
    ['净化', ' ', '网络。', '\\n', '保护']
    """
    return re.compile(r"\s+|\S+").findall


@lru_cache(maxsize=1)
def _kinds() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of the code points up to the last white space: which are white space, which end a line."""
    characters = [chr(point) for point in range(_LAST_SPACE + 1)]
    return np.array([c.isspace() for c in characters]), np.array([c in _LINE_ENDS for c in characters])


def cut_texts(texts: Sequence[str]) -> tuple[Any, ...]:
    """The tokens of many texts at once: the fields of `analysis.cutting.Part`, as `make` would give them.

    All texts are one array of code points. A token lies between two places of white space that do not touch;
    Arrow numbers the tokens, each with the white space behind it so that they need not be copied together, and
    what differs by that alone is made one afterwards.

    >>> ids, starts, ends, line_starts, lengths, words = cut_texts(["净化 网络", "网络 净化"])
    >>> words, ids.tolist(), lengths.tolist()
    (('净化', '网络'), [0, 1, 1, 0], [2, 2])
    """
    points = code_points("\n".join(["", *texts, ""]))  # white space first, last and between
    places = np.flatnonzero((points <= 0x20) | ((points >= 0x85) & (points <= _LAST_SPACE)))
    white, ends_line = _kinds()
    places = places[white[points[places]]]
    apart = np.flatnonzero(np.diff(places) > 1)
    starts, ends = places[apart] + 1, places[apart + 1]

    first = np.cumsum([1, *(len(text) + 1 for text in texts)])  # where each text begins, and the next would
    bounds = np.searchsorted(starts, first)
    lengths = np.diff(bounds)
    lines = places[ends_line[points[places]]]
    after = np.searchsorted(starts, lines)  # the token that follows a line's end
    line_starts = np.zeros(starts.size, dtype=bool)
    line_starts[after[after < starts.size]] = True

    ids, words = _numbered(points, starts)
    begin = np.repeat(first[:-1], lengths)
    return (
        ids,
        (starts - begin).astype(np.int32),
        (ends - begin).astype(np.int32),
        line_starts,
        lengths.astype(np.int64),
        words,
    )


def _numbered(points: NDArray[np.uint32], starts: NDArray[np.int64]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Numbers for the tokens that begin at ``starts``, in the order in which they are met, and the tokens."""
    if not starts.size:
        return np.zeros(0, dtype=np.int32), ()
    offsets = pa.py_buffer(4 * np.append(starts, points.size))
    pieces = pa.Array.from_buffers(pa.large_binary(), starts.size, [None, offsets, pa.py_buffer(points)])
    encoded = pieces.dictionary_encode()
    different = encoded.dictionary
    cuts = np.frombuffer(different.buffers()[1], dtype=np.int64)[: len(different) + 1] // 4
    spelled = np.frombuffer(different.buffers()[2], dtype="<u4")[: cuts[-1]]
    white, _ = _kinds()
    kept = spelled > _LAST_SPACE
    kept[~kept] = ~white[spelled[~kept]]
    ends = np.concatenate([[0], np.cumsum(kept)])[cuts].tolist()
    text = spelled[kept].tobytes().decode("utf-32-le", "surrogatepass")
    found = [text[a:b] for a, b in pairwise(ends)]
    words = tuple(dict.fromkeys(found))
    number = dict(zip(words, range(len(words)), strict=True))
    renumber = np.fromiter(map(number.__getitem__, found), dtype=np.int32, count=len(found))
    return renumber[np.asarray(encoded.indices)], words
