"""How often a frame is named, over time and by group, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults, shown, warn
from analysis.intervals import gamma_limits, moderated, resampled_sums
from analysis.provenance import round_significant
from analysis.sampling import (
    PERIODS,
    UNPLACED,
    check_clusters,
    check_groups,
    check_numbers,
    checked_inputs,
    frame_names,
    grouped_rows,
    hit_matrix,
    period_labels,
    sampling_units,
    summed,
)

__all__ = ["document_hits", "rates"]

_FEW_HITS, _FEW_DOCUMENTS = 10, 5

_COLUMNS = (
    "frame",
    "period",
    "documents",
    "hits",
    "size",
    "per_million",
    "low",
    "high",
    "document_share",
    "few",
)

Floats = NDArray[np.float64]


def rates(
    tallies: pd.DataFrame,
    documents: pd.DataFrame,
    by: str = "year",
    base: str = "characters",
    groups: Sequence[str] = (),
    cluster: str | None = None,
    frames: Iterable[str] | None = None,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Hits per million, with intervals: one row per group, frame and period.

    Columns: the ``groups``, then ``frame``; ``period`` (``2021``, ``2021Q3``,
    ``2021-07``, or ``unplaced`` for statements whose date is less exact than the
    period); ``documents`` and their ``size``; ``hits``; ``per_million``
    = 10⁶ · hits / size; ``low`` and ``high``; ``document_share``, the share of the
    documents with at least one hit; ``few``, true where there are under 10
    hits, under 5 documents, or over half of the hits come from one document (one
    cluster): such a point should be read in the statements, not in the curve.

    A frame without hits is a row of zeros; a period without documents has no row.

    **Intervals** treat the document as the sampling unit: ``resamples`` times the
    documents of a period are drawn again with replacement, which tells the
    variance of the rate and so its design effect, the variance over that of as
    many independent hits. Since few documents tell little about that, a period
    borrows from the other periods of the same frame and group as if they were
    ten more documents. Hits are then given gamma limits for the effective number
    of hits (`analysis.intervals.gamma_limits` has the formula). Zero hits
    get [0, 10⁶ · −ln(α/2) / size]: 3.69 hits at 95 %. One document alone, with no
    other period to borrow from, gets the limits of independent hits. Where a
    translation and its original, or two translations of one original, stand in
    one group, they are drawn together.

    Parameters
    ----------
    tallies
        ``document, frame, term, hits``, as `analysis.search.tally` gives them.
    documents
        One row per document: ``id, date, language`` and the ``base``; also
        ``date_precision`` and ``translation_of`` where known. Only these
        documents are counted, so that a selection of them is one of the hits.
    by
        ``year``, ``quarter`` or ``month`` of the date; ``all`` for one period; or a
        column of ``documents`` of another name whose values are the periods (terms
        of office), in the order of their labels. Where it is empty the period is
        ``unplaced``.
    base
        The size that hits are divided by: ``characters`` or ``tokens``.
    groups
        Columns of ``documents``; each combination is worked out apart. Languages
        are never pooled: with statements in two languages, ``language`` must be
        a group.
    cluster
        A column of ``documents`` whose values (places, issuers) are drawn as
        wholes, across all periods. Draws in which a period has no text are left
        out and counted in a warning. Fewer than 20 clusters are said in a warning
        and given Student's t; fewer than 5 are refused.
    frames
        Names of frames (``purification``, which sums its sub-frames) and
        sub-frames (``purification.network``). By default every label that
        ``tallies`` knows, as it stands there.
    level, resamples, seed
        Of the intervals.

    Raises
    ------
    MissingStep
        If a column of ``tallies`` or ``documents`` is missing, naming the step that makes it.
    InputError
        For mixed languages, unknown names, or too few clusters.

    >>> documents = pd.DataFrame({"id": ["a", "b"], "date": pd.to_datetime(["2020-01-01", "2021-01-01"]),
    ...     "language": "zh", "characters": [1000, 2000]})
    >>> tallies = pd.DataFrame({"document": ["b"], "frame": ["minors"], "term": ["未成年人"], "hits": [4]})
    >>> rates(tallies, documents)[["period", "hits", "per_million", "low", "high"]].values.tolist()
    [['2020', 0, 0.0, 0.0, 3688.88], ['2021', 4, 2000.0, 544.933, 5120.79]]
    """
    groups = [groups] if isinstance(groups, str) else list(dict.fromkeys(groups))
    table, faults = checked_inputs("rates", tallies, documents, base, groups, cluster)
    if by not in (*PERIODS, "all") and (by not in documents or by in groups):
        accepted = f"{', '.join(PERIODS)}, all, or a column of documents that is no group"
        faults.append(Fault("rates", "by", shown(by), accepted))
    check_groups("rates", faults, groups, _COLUMNS)
    check_numbers("rates", faults, level, resamples, seed)
    raise_faults("rates", faults)
    names = frame_names("rates", tallies, frames)
    table["_period"] = period_labels(table, by)
    hits = hit_matrix(tallies, table, names)
    rng = np.random.default_rng(seed)
    rows: list[pd.DataFrame] = []
    for key, members in grouped_rows(table, groups):
        rows.append(
            _group_rates(table.iloc[members], hits[members], names, base, cluster, level, resamples, rng).assign(
                **dict(zip(groups, key, strict=True))
            )
        )
    result = pd.concat(rows, ignore_index=True)[[*groups, *_COLUMNS]]
    return round_significant(result)


def document_hits(tallies: pd.DataFrame, documents: pd.DataFrame, frames: Iterable[str] | None = None) -> pd.DataFrame:
    """Hits of each document in each frame: one row per document and frame, zeros included.

    Columns: ``document, date, frame, hits``. ``frames`` as in `rates`.

    >>> documents = pd.DataFrame({"id": ["a"], "date": pd.to_datetime(["2020-01-01"]), "language": "zh", "characters": [9]})
    >>> tallies = pd.DataFrame({"document": ["a"], "frame": ["minors"], "term": ["未成年人"], "hits": [4]})
    >>> document_hits(tallies, documents)[["document", "frame", "hits"]].values.tolist()
    [['a', 'minors', 4]]
    """
    languages = documents["language"].unique() if "language" in documents else []
    needed = ["language"] if len(languages) > 1 else []
    table, faults = checked_inputs("document_hits", tallies, documents, "characters", needed, None)
    raise_faults("document_hits", faults)
    names = frame_names("document_hits", tallies, frames)
    table = table.sort_values(["date", "id"], kind="stable", ignore_index=True)
    hits = hit_matrix(tallies, table, names).astype(np.int64)
    return pd.DataFrame(
        {
            "document": np.tile(table["id"].to_numpy(dtype=object), len(names)),
            "date": np.tile(table["date"].to_numpy(), len(names)),
            "frame": np.repeat(names, len(table)),
            "hits": hits.T.ravel(),
        }
    )


def _group_rates(
    table: pd.DataFrame,
    hits: Floats,
    names: list[str],
    base: str,
    cluster: str | None,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    size = table[base].to_numpy(dtype=np.float64)
    labels = table["_period"].to_numpy()
    periods = sorted(set(labels), key=lambda p: (p == UNPLACED, p))
    place = {p: i for i, p in enumerate(periods)}
    code = np.array([place[p] for p in labels])
    units, n_units = sampling_units(table, cluster)
    if cluster is not None:
        check_clusters("rates", n_units, cluster)
        drawn_hits, drawn_size = _draw_clusters(hits, size, code, units, n_units, len(periods), resamples, rng)
    shape = (len(periods), len(names))
    total, effect, shares, few = np.zeros(shape), np.ones(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    text, documents, degrees = np.zeros(len(periods)), np.zeros(len(periods), dtype=np.int64), np.zeros(len(periods))
    for i in range(len(periods)):
        inside = code == i
        h, s = hits[inside], size[inside]
        within, members = np.unique(units[inside], return_inverse=True)
        grouped = summed(h, members, within.size)
        total[i], text[i], documents[i] = h.sum(axis=0), s.sum(), inside.sum()
        if cluster is None:
            draws = resampled_sums(np.column_stack([grouped, summed(s[:, None], members, within.size)]), resamples, rng)
            sums, sizes = draws[:, :-1], draws[:, -1]
        else:
            sums, sizes = drawn_hits[:, i], drawn_size[:, i]
        degrees[i] = within.size - 1
        effect[i] = _design_effect(sums, sizes, total[i], text[i], int(degrees[i]))
        shares[i] = (h > 0).mean(axis=0)
        few[i] = (total[i] < _FEW_HITS) | (documents[i] < _FEW_DOCUMENTS) | (grouped.max(axis=0) > total[i] / 2)
    freedom = np.broadcast_to(degrees[:, None], shape)
    if cluster is None:
        effect, freedom = moderated(effect, np.where(total > 0, freedom, 0.0))
    low, high = gamma_limits(total, effect, level=level, degrees=np.where(freedom > 0, freedom, np.inf))
    with np.errstate(divide="ignore", invalid="ignore"):
        per = np.where(text > 0, 1e6 / text, np.nan)[:, None]
    frames = [
        pd.DataFrame(
            {
                "frame": name,
                "period": periods,
                "documents": documents,
                "hits": total[:, j].astype(np.int64),
                "size": text.astype(np.int64),
                "per_million": (total * per)[:, j],
                "low": (low * per)[:, j],
                "high": (high * per)[:, j],
                "document_share": shares[:, j],
                "few": few[:, j],
            }
        )
        for j, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)


def _design_effect(sums: Floats, sizes: Floats, total: Floats, text: float, degrees: int) -> Floats:
    """Variance of the resampled rate over that of as many independent hits."""
    if degrees < 1 or not text:
        return np.ones_like(total)
    drawn = sizes > 0
    if drawn.sum() < 2:
        return np.ones_like(total)
    rate = sums[drawn] / sizes[drawn, None]
    # n/(n−1) undoes the shrinkage of a resample of n units.
    variance = rate.var(axis=0, ddof=1) * (degrees + 1) / degrees
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, variance / (total / text**2), 1.0)


def _draw_clusters(
    hits: Floats,
    size: Floats,
    code: NDArray[np.int64],
    units: NDArray[np.int64],
    n_units: int,
    n_periods: int,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Hits and sizes of every period when whole clusters are drawn: draws × periods (× frames)."""
    cell = units * n_periods + code
    n_frames = hits.shape[1]
    by_cell = summed(np.column_stack([hits, size]), cell, n_units * n_periods).reshape(n_units, -1)
    draws = resampled_sums(by_cell, resamples, rng).reshape(resamples, n_periods, n_frames + 1)
    empty = int((draws[:, :, -1] <= 0).sum())
    if empty:
        warn(f"{empty} of {resamples * n_periods} draws held no text of a period and were left out.")
    return draws[:, :, :-1], draws[:, :, -1]
