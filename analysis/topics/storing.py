"""Keeping a fitted model: its numbers in a folder, to be read again beside the counts it was fitted to."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from analysis.counts import Counts
from analysis.errors import Fault, InputError, MissingStep, TifaError, raise_faults, shown
from analysis.files import write_whole, written_whole
from analysis.topics.model import Topics, check_topics, recipe_digest
from analysis.vocabulary import trim

__all__ = ["read_topics", "write_topics"]

_ABOUT, _ARRAYS = "topics.json", "topics.npz"
#: What reading a damaged file may raise; RuntimeError if it seems to be encrypted or of a later kind.
_DAMAGES = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
_AGAIN = "Write it again with write_topics(topics, folder)."


def write_topics(topics: Topics, folder: str | os.PathLike[str]) -> Path:
    """Write a model into ``folder``: its recipe and labels as JSON, its weights and shares as NumPy arrays.

    The counts are not among them: they are where they came from. Another machine finds a slightly
    different model from the same recipe; a paper's is the one that was kept.

    Raises
    ------
    MissingStep
        If ``topics`` is something else.
    TifaError
        If the folder holds other files than those of a model, or another model: the same recipe may be written again.
    """
    check_topics("write_topics", topics)
    target = Path(folder)
    others = [p.name for p in target.iterdir() if p.name not in (_ABOUT, _ARRAYS)] if target.is_dir() else []
    if others:
        raise TifaError(
            f"{target} holds other files ({', '.join(sorted(others)[:5])}). Choose a folder for the model alone."
        )
    kept = _recipe_in(target)
    if kept and recipe_digest(kept) != topics.digest:
        said = ", ".join(f"{name} {kept[name]}" for name in ("engine", "n_topics", "seed") if name in kept)
        raise TifaError(f"{target} holds another model ({said}). Choose another folder, or remove that one.")
    target.mkdir(parents=True, exist_ok=True)
    about = {"recipe": dict(topics.recipe), "labels": list(topics.labels)}
    text = json.dumps(about, ensure_ascii=False, indent=1) + "\n"
    # What was there is void from here on: topics.json is written last and vouches for the arrays.
    (target / _ABOUT).unlink(missing_ok=True)
    with written_whole(target / _ARRAYS) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, term_weights=topics.term_weights, unit_shares=topics.unit_shares)
    return write_whole(target / _ABOUT, text)


def _recipe_in(folder: Path) -> dict[str, Any]:
    """The recipe of the model in ``folder``; none where there is no model that could be read."""
    try:
        return dict(json.loads((folder / _ABOUT).read_text(encoding="utf-8"))["recipe"])
    except _DAMAGES:
        return {}


def read_topics(folder: str | os.PathLike[str], counts: Counts) -> Topics:
    """The model that `write_topics` wrote, with the counts that it was fitted to.

    ``counts`` are the trimmed ones; those that were not trimmed are, as `analysis.topics.fitting.fit_topics` does.

    Raises
    ------
    MissingStep
        If ``folder`` holds no model, or ``counts`` are something else.
    InputError
        If the counts are others than those that were fitted, or a file is damaged.
    """
    if not isinstance(counts, Counts):
        raise MissingStep(f"read_topics takes the Counts that were fitted, not {type(counts).__name__}.")
    path = Path(folder) / _ABOUT
    if not path.is_file():
        raise MissingStep(f"There is no model at {Path(folder)}: write_topics(topics, folder) writes one.")
    subject = f"topics at {Path(folder)}"
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        recipe, labels = dict(about["recipe"]), [str(label) for label in about["labels"]]
        fitted = str(recipe["counts"])
        # Opened here: NumPy leaves a file open that it cannot read.
        with open(Path(folder) / _ARRAYS, "rb") as stream, np.load(stream) as stored:
            weights, shares = stored["term_weights"], stored["unit_shares"]
    except _DAMAGES as error:
        fault = Fault(str(path.parent), "", f"{type(error).__name__}: {error}", "what write_topics wrote")
        raise InputError(subject, [fault], _AGAIN) from None
    if "trimmed" not in counts.recipe:
        counts = trim(counts)
    faults = []
    if counts.digest != fitted:
        faults.append(Fault("read_topics", "counts", counts.digest, f"{fitted}, trimmed with the same bounds"))
    elif weights.shape != (len(labels), counts.matrix.shape[1]) or shares.shape != (
        counts.matrix.shape[0],
        len(labels),
    ):
        received = shown((weights.shape, shares.shape))
        faults.append(Fault(str(path.parent), "arrays", received, f"{len(labels)} topics of these counts"))
    raise_faults(subject, faults, _AGAIN if faults and counts.digest == fitted else "")
    return Topics(counts, weights, shares, recipe, tuple(labels))
