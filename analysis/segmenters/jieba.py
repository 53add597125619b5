"""jieba, with a tokenizer of its own for every set of user words."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import lru_cache

from analysis.segmenters.base import Pieces

__all__ = ["make"]

with warnings.catch_warnings():
    # jieba 0.42.1 asks for pkg_resources and holds unescaped backslashes; both are
    # harmless, and only these two warnings of its import are silenced.
    warnings.filterwarnings("ignore", message=".*pkg_resources.*")
    warnings.filterwarnings("ignore", message=".*invalid escape sequence.*")
    import jieba


@lru_cache(maxsize=1)
def _shipped() -> tuple[dict[str, int], int]:
    """jieba's own dictionary, read once; nothing is cached in a shared folder."""
    tokenizer = jieba.Tokenizer()
    frequencies, total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    return frequencies, total


@lru_cache(maxsize=8)
def _tokenizer(words: tuple[tuple[str, int], ...]) -> jieba.Tokenizer:
    tokenizer = jieba.Tokenizer()
    frequencies, total = _shipped()
    tokenizer.FREQ, tokenizer.total, tokenizer.initialized = dict(frequencies), total, True
    for word, frequency in words:
        tokenizer.add_word(word, frequency)
    return tokenizer


def make(dictionary: Iterable[tuple[str, int]] = (), hmm: bool = True) -> Pieces:
    """A segmenter that cuts as jieba 0.42.1 does.

    ``dictionary`` holds user words with their frequencies; each frequency is at
    least 1, because a frequency of 0 would change jieba for the whole process.
    ``hmm`` lets jieba guess words that are in no dictionary.

    >>> make()("净化网络环境")
    ['净化', '网络', '环境']
    """
    tokenizer = _tokenizer(tuple(sorted(dictionary)))

    def pieces(text: str) -> list[str]:
        return tokenizer.lcut(text, HMM=hmm)  # type: ignore[no-any-return]

    return pieces
