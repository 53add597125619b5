"""jieba itself: what the fast segmenter must equal, and what it asks about the rare block."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import lru_cache

from analysis.segmenters.base import Pieces

__all__ = ["APPLIES", "ASCII_CLASS", "HAN_CLASS", "make", "shipped_frequencies", "tokenizer"]

with warnings.catch_warnings():
    # jieba 0.42.1 asks for pkg_resources and holds unescaped backslashes; both are
    # harmless, and only these two warnings of its import are silenced.
    warnings.filterwarnings("ignore", message=".*pkg_resources.*")
    warnings.filterwarnings("ignore", message=".*invalid escape sequence.*")
    import jieba

Entries = tuple[tuple[str, int], ...]

#: The characters that jieba joins to words, as they stand in a class of a regular expression.
ASCII_CLASS = r"A-Za-z0-9+#&._%\-"
HAN_CLASS = "\u4e00-\u9fd5"
#: Words that jieba can cut at all.
APPLIES = re.compile(f"[{ASCII_CLASS}{HAN_CLASS}]+")


@lru_cache(maxsize=1)
def _shipped() -> tuple[dict[str, int], int]:
    """jieba's own dictionary, read once a process; no cache file is written anywhere."""
    own = jieba.Tokenizer()
    frequencies, total = own.gen_pfdict(own.get_dict_file())
    return frequencies, total


def shipped_frequencies(words: Iterable[str]) -> dict[str, int]:
    """The frequencies that jieba's own dictionary gives those of ``words`` that it holds.

    >>> shipped_frequencies(["净化", "净网行动"])
    {'净化': 422}
    """
    wanted = set(words)
    found = {}
    if wanted:
        with jieba.Tokenizer().get_dict_file() as lines:
            for line in lines:
                word, frequency = line.decode("utf-8").split(" ")[:2]
                if word in wanted:
                    found[word] = int(frequency)
    return found


@lru_cache(maxsize=8)
def tokenizer(words: Entries) -> jieba.Tokenizer:
    """A tokenizer of its own for this set of user words; no other one is touched."""
    own = jieba.Tokenizer()
    frequencies, total = _shipped()
    own.FREQ, own.total = dict(frequencies), total
    own.initialized = True
    for word, frequency in words:
        own.add_word(word, frequency)
    return own


def make(dictionary: Iterable[tuple[str, int]] = (), hmm: bool = True) -> Pieces:
    """A segmenter that is jieba 0.42.1 itself, about ten times slower than `jieba`.

    The options are those of `analysis.segmenters.jieba.make`.

    >>> make()("净化网络环境")
    ['净化', '网络', '环境']
    """
    own = tokenizer(tuple(sorted(dictionary)))

    def pieces(text: str) -> list[str]:
        return own.lcut(text, HMM=hmm)  # type: ignore[no-any-return]

    return pieces
