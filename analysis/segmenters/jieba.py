"""jieba, token by token, at the speed of its sibling in Rust.

`rjieba` cuts. It differs from jieba 0.42.1 in four things, found by comparing
the two on generated and real text; each is set right here, and
tests/test_jieba.py holds the two equal:

1. Its guesses at unknown words keep more of a run of ASCII letters, digits and
   ``+#&._%-`` together (``1.2.3``, ``A-10``). Blocks that hold such a run, other
   than a plain number or word, are cut by jieba.
2. It counts the rarer Chinese characters (U+9FD6 and above, the extensions) as
   Chinese; jieba takes each for a sign of its own. Blocks that hold one are cut
   by jieba, and user words that hold any sign outside jieba's class, which can
   never apply there, are left out.
3. jieba's total of all frequencies, by which it divides, is larger: where a user
   word is in the dictionary already, it adds the new frequency without taking
   away the old one, and it counts a word that stands in its dictionary twice
   (B超) twice. The difference shows where two ways of cutting are equally likely
   (一一一) and the last bit decides. A private-use character that no text block can
   hold makes up for it.
4. Where two guesses at unknown words are equally likely, the two choose otherwise.
   That needs the same characters in several places of one stretch of single
   characters (周周周周周). Blocks with such a stretch are cut by jieba: one of at
   least five Chinese characters of which two repeat others.

A block is a longest run of characters that either program would cut together:
what stands outside it never changes how it is cut, so that routing is exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import rjieba

from analysis.segmenters.base import Pieces
from analysis.segmenters.jieba_reference import (
    APPLIES,
    ASCII_CLASS,
    HAN_CLASS,
    Entries,
    shipped_frequencies,
    tokenizer,
)

__all__ = ["make"]

#: Chinese to rjieba alone. Wider than its own list: routing more than needed costs time, never truth.
_RARE = "\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_RUN_OR_RARE = re.compile(f"[{ASCII_CLASS}]+|[{_RARE}]")
_ALIKE = re.compile(r"[A-Za-z0-9]+|[0-9]+(?:\.[0-9]+)?%?|[+#&._%\-]+")
_IN_BLOCK = re.compile(f"[{ASCII_CLASS}{HAN_CLASS}{_RARE}]")
_BLOCK = re.compile(f"[{ASCII_CLASS}{HAN_CLASS}{_RARE}]+")
_LONG_HAN = re.compile(f"[{HAN_CLASS}]{{5,}}")
_UNREACHABLE = "\ue000"
#: The frequency of B超, which jieba's total holds a second time.
_COUNTED_TWICE = 3


@lru_cache(maxsize=8)
def _cutter(words: Entries) -> rjieba.Jieba:
    own = rjieba.Jieba()
    applying = [(word, frequency) for word, frequency in words if APPLIES.fullmatch(word)]
    for word, frequency in applying:
        own.add_word(word, frequency, "")
    missing = sum(frequency for _, frequency in words) - sum(frequency for _, frequency in applying)
    missing += sum(shipped_frequencies(word for word, _ in applying).values())
    own.add_word(_UNREACHABLE, missing + _COUNTED_TWICE, "")
    return own


def make(dictionary: Iterable[tuple[str, int]] = (), hmm: bool = True) -> Pieces:
    """A segmenter that cuts as jieba 0.42.1 does.

    ``dictionary`` holds user words with their frequencies; each frequency is at
    least 1, because a frequency of 0 would change jieba for the whole process.
    ``hmm`` lets jieba guess words that are in no dictionary.

    >>> make()("净化网络环境，2.5%的A-10型。")
    ['净化', '网络', '环境', '，', '2.5%', '的', 'A', '-', '10', '型', '。']
    """
    words = tuple(sorted(dictionary))
    cut = _cutter(words).cut

    def pieces(text: str) -> list[str]:
        found: list[str] = []
        done = 0
        for start, end in _routed(text, hmm, cut):
            found += cut(text[done:start], hmm)
            found += tokenizer(words).lcut(text[start:end], HMM=hmm)
            done = end
        return found + cut(text[done:], hmm) if done else cut(text, hmm)

    return pieces


def _routed(text: str, hmm: bool, cut: Callable[[str, bool], list[str]]) -> list[tuple[int, int]]:
    """The blocks of ``text`` that jieba itself must cut."""
    places = [
        match.start()
        for match in _RUN_OR_RARE.finditer(text)
        if text[match.start()] >= "\x80" or (hmm and not _ALIKE.fullmatch(text, match.start(), match.end()))
    ]
    if hmm:
        places = sorted(places + _ties(text, cut))
    blocks: list[tuple[int, int]] = []
    end = 0
    for at in places:
        if at < end:
            continue
        while at > end and _IN_BLOCK.match(text, at - 1):
            at -= 1
        end = next(_BLOCK.finditer(text, at)).end()
        blocks.append((at, end))
    return blocks


def _ties(text: str, cut: Callable[[str, bool], list[str]]) -> list[int]:
    """Where runs of Chinese characters begin in which two guesses may be equally likely."""
    suspects = [run for run in _LONG_HAN.findall(text) if len(set(run)) <= len(run) - 2]
    tied: set[str] = set()
    stretch: list[str] = []
    at = 0
    # What is no word of the dictionary comes as single characters: there, and only there, jieba guesses.
    for word in cut("\n".join([*suspects, ""]), False) if suspects else ():
        if len(word) == 1 and word != "\n":
            stretch.append(word)
            continue
        if len(stretch) >= 5 and len(set(stretch)) <= len(stretch) - 2:
            tied.add(suspects[at])
        stretch.clear()
        at += word == "\n"
    return [match.start() for match in _LONG_HAN.finditer(text) if match.group() in tied] if tied else []
