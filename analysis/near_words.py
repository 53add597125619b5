"""Words that may have been meant by one that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

__all__ = ["near_words"]


def near_words(word: object, vocabulary: Sequence[str], frequency: Any = None, most: int = 5) -> list[str]:
    """Words of the vocabulary that hold ``word``, are like it, or lie in it.

    Of those that hold it the most frequent come first, where ``frequency`` tells (one number per word).

    >>> near_words("purifies", ["purified", "purify", "the"])
    ['purified', 'purify']
    >>> near_words("未成年", ["未", "未成年人", "成年", "网络"])
    ['未成年人', '成年']
    """
    text = str(word)
    holding = [i for i, known in enumerate(vocabulary) if text and text in known and len(text) < len(known)]
    if frequency is not None:
        holding.sort(key=lambda i: -int(frequency[i]))
    # Two characters of which one is the same are half alike.
    alike = get_close_matches(text, vocabulary, n=most, cutoff=0.5 if len(text) < 3 else 0.6) if len(text) <= 50 else []
    parts = {text[a:b] for a in range(len(text)) for b in range(a + 2, len(text) + 1)} if len(text) <= 20 else set()
    inside = sorted(parts.intersection(vocabulary), key=lambda known: (-len(known), known))
    found = [vocabulary[i] for i in holding[:most]]
    return list(dict.fromkeys([*found[: most - 2], *alike, *inside, *found]))[:most]
