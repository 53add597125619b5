"""English words with their inner apostrophes, hyphens and points."""

from __future__ import annotations

import re

from analysis.segmenters.base import Pieces

__all__ = ["make"]

# Tried from the top: abbreviations with points (U.S.), numbers (1,500.5, 12%),
# words with inner apostrophes and hyphens (children's, anti-pornography),
# white space, and any other single character.
_PIECE = re.compile(
    r"(?:[^\W\d_]\.){2,}"
    r"|\d+(?:[.,]\d+)*%?"
    r"|\w+(?:['’\-]\w+)*"
    r"|\s+"
    r"|.",
    re.DOTALL,
)


def make() -> Pieces:
    """A segmenter for English.

    >>> [p for p in make()("The U.S. report: 1,500 minors' rights, anti-pornography.") if p != " "]
    ['The', 'U.S.', 'report', ':', '1,500', 'minors', "'", 'rights', ',', 'anti-pornography', '.']
    """
    return _PIECE.findall
