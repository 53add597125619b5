"""Rebuilding every figure elsewhere and comparing it with the one committed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from analysis.errors import TifaError
from analysis.figures.saving import figures_folder, read_manifest, stale_files
from analysis.notebooks import list_notebooks, run_all

__all__ = ["close_tables", "compare_figures", "verified", "verify"]


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
    ``differs`` or ``missing``; ``provenance`` (the manifest's entries). A table that was saved with a
    tolerance, and is not the same but within it, is ``close``; its entry then need not name the same table.
    """
    if not committed.is_dir():
        raise TifaError(f"There is no folder {committed} with figures to compare; `make figures` writes them.")
    ours, theirs = read_manifest(committed), read_manifest(rebuilt)
    rows = []
    for name in sorted(set(ours) | set(theirs)):
        pngs, csvs = [[f / f"{name}{ending}" for f in (committed, rebuilt)] for ending in (".png", ".csv")]
        table = _same(csvs, lambda a, b: a.read_bytes() == b.read_bytes())
        entries = [dict(manifest.get(name, {})) for manifest in (ours, theirs)]
        tolerance = entries[0].get("tolerance")
        if table == "differs" and tolerance and close_tables(*map(pd.read_csv, csvs), tolerance=tolerance):
            table = "close"
            for entry in entries:
                entry["table"] = None
        rows.append(
            (
                name,
                table,
                _same(pngs, _same_pixels),
                _same(pngs, lambda a, b: a.read_bytes() == b.read_bytes()),
                "missing" if not all(entries) else "same" if entries[0] == entries[1] else "differs",
            )
        )
    rows += [(name, "not in the manifest", "", "", "missing") for name in stale_files(committed)]
    return pd.DataFrame(rows, columns=["figure", "table", "pixels", "bytes", "provenance"])


def verified(table: pd.DataFrame) -> pd.Series:
    """Which figures of what `compare_figures` gives are as they should be: the same, or close where that is allowed."""
    same = (table[["table", "pixels", "bytes", "provenance"]] == "same").all(axis=1)
    return same | ((table["table"] == "close") & (table["provenance"] == "same"))


def close_tables(first: pd.DataFrame, second: pd.DataFrame, *, tolerance: float) -> bool:
    """Whether two tables of topics say the same but for small differences.

    They have the same columns and as many rows. Where there is a column ``topic`` the topics of the second are
    first renumbered so that they agree best with those of the first, and its rows brought into that order. Then
    every number lies within ``tolerance`` times the largest of its column in the first (in absolute value),
    gaps stand in the same places, and at most a share ``tolerance`` of the texts of a column differ. Truth values
    are not compared: they follow from numbers by a bound, near which a small difference turns them over.

    >>> first = pd.DataFrame({"topic": [0, 1], "share": [0.6, 0.4]})
    >>> close_tables(first, pd.DataFrame({"topic": [0, 1], "share": [0.41, 0.59]}), tolerance=0.05)
    True
    """
    if list(first.columns) != list(second.columns) or len(first) != len(second):
        return False
    if "topic" in first:
        if sorted(first["topic"]) != sorted(second["topic"]):
            return False
        second = _renumbered(first, second)
    disagreement = _disagreement(first.drop(columns="topic", errors="ignore"), second, tolerance)
    return all(share <= (tolerance if is_text else 0.0) for share, is_text in disagreement)


def _disagreement(first: pd.DataFrame, second: pd.DataFrame, tolerance: float) -> list[tuple[float, bool]]:
    """For each column of ``first`` but truth values the share of its cells that disagree, and whether it is text."""
    found = []
    for column in first:
        a, b = first[column].to_numpy(), second[column].to_numpy()
        if a.dtype.kind == b.dtype.kind == "b":
            continue
        is_text = a.dtype.kind not in "iufb" or b.dtype.kind not in "iufb"
        if is_text:
            apart = pd.Series(a).fillna("").astype(str).to_numpy() != pd.Series(b).fillna("").astype(str).to_numpy()
        else:
            a, b = a.astype(np.float64), b.astype(np.float64)
            span = np.abs(a[np.isfinite(a)]).max(initial=0.0)
            with np.errstate(invalid="ignore"):  # the difference of two infinities
                apart = ~((np.abs(a - b) <= tolerance * span) | (a == b) | (np.isnan(a) & np.isnan(b)))
        found.append((float(np.mean(apart)), is_text))
    return found


def _renumbered(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``second`` with its topics numbered as those of ``first`` that they are most like."""
    topics = sorted(set(first["topic"]))
    parts = [{t: table[table["topic"] == t].reset_index(drop=True) for t in topics} for table in (first, second)]
    cost = np.full((len(topics), len(topics)), 1e9)
    for i, t in enumerate(topics):
        for j, u in enumerate(topics):
            a, b = parts[0][t].drop(columns="topic"), parts[1][u]
            if len(a) == len(b):
                cost[i, j] = sum(share for share, _ in _disagreement(a, b, 0.02)) + _distance(a, b)
    rows, columns = linear_sum_assignment(cost)
    matched = {topics[i]: parts[1][topics[j]].assign(topic=topics[i]) for i, j in zip(rows, columns, strict=True)}
    # Each topic's rows, one after the other, take the places that the topic's rows have in the first table.
    place = np.concatenate([np.flatnonzero((first["topic"] == t).to_numpy()) for t in topics])
    lengths_agree = all(len(matched[t]) == len(parts[0][t]) for t in topics)
    together = pd.concat([matched[t] for t in topics], ignore_index=True)
    return together.iloc[np.argsort(place)].reset_index(drop=True) if lengths_agree else second


def _distance(a: pd.DataFrame, b: pd.DataFrame) -> float:
    """Sum of the absolute differences of the numbers of two small tables, each column by its own size."""
    total = 0.0
    for column in a:
        x, y = a[column], b[column]
        if x.dtype.kind == "f" and y.dtype.kind == "f":
            total += float((x - y).abs().sum() / max(float(x.abs().sum()), 1e-12))
    return total


def _same(paths: list[Path], agree: Callable[[Path, Path], bool]) -> str:
    if not all(p.is_file() for p in paths):
        return "missing"
    return "same" if agree(*paths) else "differs"


def _same_pixels(first: Path, second: Path) -> bool:
    a, b = matplotlib.image.imread(first), matplotlib.image.imread(second)
    return a.shape == b.shape and bool(np.array_equal(a, b))
