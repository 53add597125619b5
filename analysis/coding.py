"""What was found against what people (or a constructed truth) say is there."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from analysis.corpus import Corpus
from analysis.errors import Fault, InputError, TifaError, raise_faults, shown
from analysis.files import resolve
from analysis.provenance import round_significant

__all__ = ["compare_hits", "read_truth"]

TRUTH_COLUMNS = ("document", "kind", "label", "start", "end")


def read_truth(corpus: Corpus, path: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """The annotations that come with a corpus: one row per annotated instance.

    Columns: ``document``, ``kind`` (``frame``, ``false_friend``, …: what the
    corpus' datasheet lists), ``label``, ``start``, ``end`` (offsets into the
    statement's text), ``value``, ``text`` (the words at these offsets). Only
    the instances of statements in ``corpus`` are given.

    Parameters
    ----------
    path
        The CSV file; by default ``truth.csv`` in the folder of the corpus.

    Raises
    ------
    TifaError
        If there is no such file.
    InputError
        If an offset does not slice to its ``text``: the texts have changed since.
    """
    file = resolve(corpus.name, "corpus", "corpus/own") / "truth.csv" if path is None else resolve(path, "corpus")
    if not file.is_file():
        raise TifaError(
            f"There is no {file}. Give the path of the annotations, a CSV with the columns {', '.join(TRUTH_COLUMNS)}."
        )
    truth = pd.read_csv(
        file, dtype={"document": str, "kind": str, "label": str, "value": str, "text": str}, keep_default_na=False
    )
    lacking = [c for c in TRUTH_COLUMNS if c not in truth]
    raise_faults(str(file), [Fault(str(file), "columns", f"no column {c}", ", ".join(TRUTH_COLUMNS)) for c in lacking])
    texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    truth = truth[truth["document"].isin(texts)].reset_index(drop=True)
    if "text" in truth:
        faults = [
            Fault(f"{file}, {d} {a}–{b}", "text", shown(texts[d][a:b]), shown(t))
            for d, a, b, t in zip(truth["document"], truth["start"], truth["end"], truth["text"], strict=True)
            if texts[d][a:b] != t
        ]
        raise_faults(str(file), faults, "The annotations belong to another version of the texts.")
    return truth


def compare_hits(hits: pd.DataFrame, truth: pd.DataFrame, *, sub_frames: bool = False) -> pd.DataFrame:
    """How far the hits of a lexicon are the instances of a frame: one row per frame.

    Columns: ``frame``; ``found``, the hits; ``true``, the instances; ``matched``,
    pairs of the two that share a character, each used once; ``precision`` =
    matched / found; ``recall`` = matched / true; ``f1``, their harmonic mean
    2·matched / (found + true). Where a denominator is zero there is no number.

    Parameters
    ----------
    hits
        ``document, frame, start, end``, as `analysis.search.find` gives them.
    truth
        ``document, label, start, end`` and, if present, ``kind``, of which only
        ``frame`` rows are taken.
    sub_frames
        Whether the sub-frame must agree as well, and rows are for sub-frames.

    >>> hits = pd.DataFrame({"document": "a", "frame": "minors", "start": [0, 9], "end": [4, 13]})
    >>> truth = pd.DataFrame({"document": "a", "label": "minors", "start": [2, 20], "end": [6, 22]})
    >>> compare_hits(hits, truth).values.tolist()
    [['minors', 2, 2, 1, 0.5, 0.5, 0.5]]
    """
    for name, table, columns in (
        ("hits", hits, ("document", "frame", "start", "end")),
        ("truth", truth, ("document", "label", "start", "end")),
    ):
        lacking = [c for c in columns if c not in table]
        if lacking:
            raise InputError(
                "compare_hits", [Fault(name, "columns", f"no column {', '.join(lacking)}", ", ".join(columns))]
            )
    if "kind" in truth:
        truth = truth[truth["kind"] == "frame"]
    found, true = hits["frame"].astype(str), truth["label"].astype(str)
    if not sub_frames:
        found, true = found.str.partition(".")[0], true.str.partition(".")[0]
    rows = []
    for frame in sorted(set(found) | set(true)):
        mine, theirs = hits[(found == frame).to_numpy()], truth[(true == frame).to_numpy()]
        matched = _matched(mine, theirs)
        n, m = len(mine), len(theirs)
        rows.append(
            (frame, n, m, matched, matched / n if n else np.nan, matched / m if m else np.nan, 2 * matched / (n + m))
        )
    result = pd.DataFrame(rows, columns=["frame", "found", "true", "matched", "precision", "recall", "f1"])
    return round_significant(result)


def _matched(hits: pd.DataFrame, truth: pd.DataFrame) -> int:
    """The most pairs that overlap, each side used once: spans in order, earliest end first."""
    matched = 0
    by_document = dict(list(truth.sort_values(["start", "end"]).groupby("document", sort=False)))
    for document, mine in hits.sort_values(["end", "start"]).groupby("document", sort=False):
        open_spans = (
            list(zip(*(by_document[document][c] for c in ("start", "end")), strict=True))
            if document in by_document
            else []
        )
        for start, end in zip(mine["start"], mine["end"], strict=True):
            sharing = [s for s in open_spans if s[0] < end and start < s[1]]
            if sharing:
                open_spans.remove(min(sharing, key=lambda s: s[1]))
                matched += 1
    return matched
