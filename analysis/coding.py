"""What was found against what people (or a constructed truth) say is there."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from analysis.corpus import Corpus
from analysis.errors import Fault, TifaError, raise_faults, shown
from analysis.files import resolve
from analysis.provenance import round_significant

__all__ = ["compare_hits", "disagreements", "read_truth"]

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
    try:
        truth = pd.read_csv(
            file, dtype={"document": str, "kind": str, "label": str, "value": str, "text": str}, keep_default_na=False
        )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise_faults(str(file), [Fault(str(file), "", str(error), "a CSV saved as UTF-8")])
    lacking = [c for c in TRUTH_COLUMNS if c not in truth]
    raise_faults(str(file), [Fault(str(file), "columns", f"no column {c}", ", ".join(TRUTH_COLUMNS)) for c in lacking])
    raise_faults(
        str(file),
        [
            Fault(str(file), c, "offsets that are missing or not whole numbers", "0, 1, 2, …")
            for c in ("start", "end")
            if len(truth) and not pd.api.types.is_integer_dtype(truth[c])
        ],
    )
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
    _check_columns("compare_hits", hits, truth)
    if "kind" in truth:
        truth = truth[truth["kind"] == "frame"]
    found, true = hits["frame"].astype(str), truth["label"].astype(str)
    if not sub_frames:
        found, true = found.str.split(".").str[0], true.str.split(".").str[0]
    rows = []
    for frame in sorted(set(found) | set(true)):
        mine, theirs = hits[(found == frame).to_numpy()], truth[(true == frame).to_numpy()]
        matched = len(_pairs(mine, theirs))
        n, m = len(mine), len(theirs)
        rows.append(
            (frame, n, m, matched, matched / n if n else np.nan, matched / m if m else np.nan, 2 * matched / (n + m))
        )
    result = pd.DataFrame(rows, columns=["frame", "found", "true", "matched", "precision", "recall", "f1"])
    return round_significant(result)


def disagreements(hits: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Where hits and instances part: one row per hit or instance without a partner.

    Columns: ``document``; ``kind``, ``missed`` (an instance that no hit overlaps)
    or ``spurious`` (a hit that no instance overlaps); ``frame``; ``start``, ``end``,
    ``text``. Partners are found as in `compare_hits`, within the frame.

    >>> hits = pd.DataFrame({"document": "a", "frame": "minors", "start": [0, 9], "end": [4, 13], "text": "未成年人"})
    >>> truth = pd.DataFrame({"document": "a", "label": "minors", "start": [2, 20], "end": [6, 22], "text": ["年人的事", "少年"]})
    >>> disagreements(hits, truth)[["kind", "start"]].to_numpy().tolist()
    [['spurious', 9], ['missed', 20]]
    """
    _check_columns("disagreements", hits, truth, "text")
    if "kind" in truth:
        truth = truth[truth["kind"] == "frame"]
    found = hits.assign(frame=hits["frame"].astype(str)).reset_index(drop=True)
    true = truth.assign(frame=truth["label"].astype(str)).reset_index(drop=True)
    parts = []
    for frame in sorted({f.partition(".")[0] for f in [*found["frame"], *true["frame"]]}):
        mine, theirs = (t[t["frame"].str.split(".").str[0] == frame] for t in (found, true))
        pairs = _pairs(mine, theirs)
        parts.append(mine.drop(index=[a for a, _ in pairs]).assign(kind="spurious"))
        parts.append(theirs.drop(index=[b for _, b in pairs]).assign(kind="missed"))
    columns = ["document", "kind", "frame", "start", "end", "text"]
    result = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    return result.sort_values(["document", "start", "end"], ignore_index=True)


def _check_columns(subject: str, hits: pd.DataFrame, truth: pd.DataFrame, *more: str) -> None:
    faults = []
    for name, table, label in (("hits", hits, "frame"), ("truth", truth, "label")):
        columns = ("document", label, "start", "end", *more)
        lacking = [c for c in columns if c not in table]
        if lacking:
            faults.append(Fault(name, "columns", f"no column {', '.join(lacking)}", ", ".join(columns)))
    raise_faults(subject, faults, "find(corpus, lexicon) makes hits, read_truth(corpus) reads the truth.")


def _pairs(hits: pd.DataFrame, truth: pd.DataFrame) -> list[tuple[Any, Any]]:
    """The most pairs (index of the hit, index of the instance) that overlap, each used once.

    Hits are taken by their ends, and each gets the instance that ends first:
    for spans on a line this greedy choice cannot be bettered.
    """
    pairs = []
    by_document = dict(list(truth.groupby("document", sort=False)))
    for document, mine in hits.sort_values(["end", "start"]).groupby("document", sort=False):
        if document not in by_document:
            continue
        theirs = by_document[document]
        free = list(zip(theirs.index, theirs["start"], theirs["end"], strict=True))
        for index, start, end in zip(mine.index, mine["start"], mine["end"], strict=True):
            sharing = [span for span in free if max(start, span[1]) < min(end, span[2])]
            if sharing:
                chosen = min(sharing, key=lambda span: span[2])
                free.remove(chosen)
                pairs.append((index, chosen[0]))
    return pairs
