"""Rebuilding every figure elsewhere and comparing it with the one committed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd

from analysis.errors import TifaError
from analysis.figures.saving import figures_folder, read_manifest, stale_files
from analysis.notebooks import list_notebooks, run_all

__all__ = ["compare_figures", "verify"]


def verify(progress: Callable[[int, int, str], None], *, folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Run all notebooks with a temporary figures folder and compare: one row per figure.

    Columns as in `compare_figures`.
    """
    committed = Path(folder) if folder is not None else figures_folder()
    with tempfile.TemporaryDirectory(prefix="tifa-verify-") as temporary:
        run_all(list_notebooks(), progress, figures=temporary)
        return compare_figures(committed, Path(temporary))


def compare_figures(committed: Path, rebuilt: Path) -> pd.DataFrame:
    """How the figures in two folders agree: one row per figure.

    Columns: ``figure``; ``table`` (the CSV files are equal), ``pixels`` (the PNGs
    show the same), ``bytes`` (the PNG files are equal), each ``same``,
    ``differs`` or ``missing``; ``provenance`` (the manifest's entries).
    """
    if not committed.is_dir():
        raise TifaError(f"There is no folder {committed} with figures to compare; `make figures` writes them.")
    ours, theirs = read_manifest(committed), read_manifest(rebuilt)
    rows = []
    for name in sorted(set(ours) | set(theirs)):
        pngs, csvs = [[f / f"{name}{ending}" for f in (committed, rebuilt)] for ending in (".png", ".csv")]
        rows.append(
            (
                name,
                _same(csvs, lambda a, b: a.read_bytes() == b.read_bytes()),
                _same(pngs, _same_pixels),
                _same(pngs, lambda a, b: a.read_bytes() == b.read_bytes()),
                "missing"
                if name not in ours or name not in theirs
                else "same"
                if ours[name] == theirs[name]
                else "differs",
            )
        )
    rows += [(name, "not in the manifest", "", "", "missing") for name in stale_files(committed)]
    return pd.DataFrame(rows, columns=["figure", "table", "pixels", "bytes", "provenance"])


def _same(paths: list[Path], agree: Callable[[Path, Path], bool]) -> str:
    if not all(p.is_file() for p in paths):
        return "missing"
    return "same" if agree(*paths) else "differs"


def _same_pixels(first: Path, second: Path) -> bool:
    a, b = matplotlib.image.imread(first), matplotlib.image.imread(second)
    return a.shape == b.shape and bool(np.array_equal(a, b))
