"""Every code point is a piece: no segmentation at all, for comparison."""

from __future__ import annotations

from analysis.segmenters.base import Pieces

__all__ = ["make"]


def make() -> Pieces:
    """A segmenter into single code points.

    >>> make()("净化A")
    ['净', '化', 'A']
    """
    return list
