"""Sentence, clause and paragraph offsets of a text, for everyone.

All offsets count code points of the text as it is stored, so that
``text[start:end]`` gives the passage back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "are_words",
    "block_ends",
    "clause_ends",
    "code_points",
    "count_characters",
    "in_classes",
    "paragraphs",
    "sentences",
]

Points = NDArray[np.uint32]
Mask = NDArray[np.bool_]

_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_CLAUSE_ENDS = "，。；：！？" + _LINE_ENDS
_ASCII_CLAUSE_ENDS = ",;:.!?"
_CLOSING = "”’\"')]）》」』】"


def code_points(text: str) -> Points:
    """The code points of ``text``, one number each; lone surrogates pass."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


#: A bit for the first letter of the Unicode class of each code point, 0 where it has not been asked for yet.
_BITS = {letter: np.uint8(1 << i) for i, letter in enumerate("LMNPSZC")}
_known = np.zeros(0x110000, dtype=np.uint8)


def in_classes(points: Points, classes: str) -> Mask:
    """Which of ``points`` belong to a Unicode class whose first letter is in ``classes``.

    >>> in_classes(code_points("净a1，"), "LMN").tolist()
    [True, True, True, False]
    """
    found = _known[points]
    if not found.all():
        new = np.unique(points[found == 0])
        _known[new] = [_BITS[unicodedata.category(chr(point))[0]] for point in new.tolist()]
        found = _known[points]
    mask: Mask = (found & np.bitwise_or.reduce([_BITS[letter] for letter in classes])) != 0
    return mask


def count_characters(text: str) -> int:
    """The size of ``text``: its code points of Unicode classes L, M and N.

    Letters, marks and numbers count; punctuation, symbols and white space do not.

    >>> count_characters("净化网络，2021年。")
    9
    """
    return int(in_classes(code_points(text), "LMN").sum())


def are_words(vocabulary: Sequence[str]) -> Mask:
    """Which tokens are words: they hold at least one letter, mark or number.

    >>> are_words(("净化", "，", "5%")).tolist()
    [True, False, True]
    """
    lengths = np.fromiter(map(len, vocabulary), dtype=np.int64, count=len(vocabulary))
    counted = np.concatenate([[0], np.cumsum(in_classes(code_points("".join(vocabulary)), "LMN"))])
    ends = np.cumsum(lengths)
    holds: Mask = counted[ends] > counted[ends - lengths]
    return holds


def _one_of(points: Points, characters: str) -> Mask:
    return np.isin(points, code_points(characters))


def clause_ends(points: Points) -> Mask:
    """Which of ``points`` end a clause.

    A clause ends at ``，。；：！？`` and at line ends, not at ``、``. The ASCII
    marks ``, ; : . ! ?`` end one only before white space, a closing quotation
    mark or bracket, or the end of the text, so that 1,500 and U.S stay whole.
    """
    ends = _one_of(points, _CLAUSE_ENDS)
    ascii_ends = np.flatnonzero(_one_of(points, _ASCII_CLAUSE_ENDS))
    if ascii_ends.size:
        padded = np.append(points, np.uint32(0x0A))
        following = padded[ascii_ends + 1]
        space = np.isin(following, code_points(_CLOSING)) | _is_space(following)
        ends[ascii_ends[space]] = True
    return ends


def _is_space(points: Points) -> Mask:
    unique, inverse = np.unique(points, return_inverse=True)
    return np.array([chr(p).isspace() for p in unique.tolist()], dtype=bool)[inverse]


_SENTENCE_END = re.compile(
    r"[。！？!?…]+[”’\"'）》」』】)\]]*"
    r"|\.+[”’\"')\]]*(?=\s|$)"
    rf"|[{_LINE_ENDS}]+"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Gov|Sen|Rep|St|No|Nos|Art|vs|etc|al|e\.g|i\.e|cf|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b(?:\w\.)*\w)$"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """``(start, end)`` of each sentence, without the white space around it.

    A sentence ends at ``。！？!?…`` with what closes a quotation after it, at
    a line end, and at a full stop before white space, unless the stop belongs
    to a known abbreviation or follows a single letter or digit (U.S., No. 5, 1.).

    >>> text = "净化网络。“保护未成年人！”\\nSee No. 5 of the U.S. list. Done"
    >>> [text[a:b] for a, b in sentences(text)]
    ['净化网络。', '“保护未成年人！”', 'See No. 5 of the U.S. list.', 'Done']
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if (
            match.group()[0] == "."
            and len(match.group()) == 1
            and _ABBREVIATION.search(text, max(start, match.start() - 12), match.start())
        ):
            continue
        _append_stripped(spans, text, start, match.end())
        start = match.end()
    _append_stripped(spans, text, start, len(text))
    return spans


def paragraphs(text: str) -> list[tuple[int, int]]:
    """``(start, end)`` of each line that is not blank, without the white space around it."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in re.finditer(rf"[{_LINE_ENDS}]+", text):
        _append_stripped(spans, text, start, match.start())
        start = match.end()
    _append_stripped(spans, text, start, len(text))
    return spans


def _append_stripped(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    passage = text[start:end]
    left = len(passage) - len(passage.lstrip())
    right = len(passage.rstrip())
    if right > left:
        spans.append((start + left, start + right))


def block_ends(text: str, size: int) -> list[int]:
    """Offsets at which ``text`` is cut into blocks of about ``size`` characters.

    Blocks are cut at sentence ends only; their number is the text's
    `count_characters` divided by ``size``, rounded, at least one; each cut is
    the sentence end nearest to the ideal place. The last offset is ``len(text)``.
    """
    counted = np.concatenate([[0], np.cumsum(in_classes(code_points(text), "LMN"))])
    total = int(counted[-1])
    wanted = max(1, round(total / size))
    ends = np.array([end for _, end in sentences(text)][:-1], dtype=np.int64)
    if wanted == 1 or ends.size == 0:
        return [len(text)]
    ideal = total * np.arange(1, wanted) / wanted
    # Of sentence ends with nothing counted between them ("…"), the last: what follows no letter opens no block.
    last = np.append(np.diff(counted[ends]) > 0, True)
    ends = ends[last]
    sizes = counted[ends]
    right = np.minimum(np.searchsorted(sizes, ideal), ends.size - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(sizes[left] - ideal) <= np.abs(sizes[right] - ideal), left, right)
    return [*np.unique(ends[nearest]).tolist(), len(text)]
