"""How much more often a frame is named after than before, pooled or within strata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults, shown, warn
from analysis.intervals import ratio_limits, resampled_sums, shared_variance, side_effects
from analysis.provenance import round_significant
from analysis.sampling import (
    check_clusters,
    check_groups,
    check_numbers,
    checked_inputs,
    date_span,
    frame_names,
    grouped_rows,
    hit_matrix,
    sampling_units,
    summed,
)
from analysis.selection import date_extent

__all__ = ["rate_ratio"]

#: A limit beyond this says that there is none.
_BOUNDLESS = 1e6
_COLUMNS = (
    "frame",
    *(f"{span}_{what}" for span in ("before", "after") for what in ("documents", "hits", "size", "per_million")),
    "ratio",
    "low",
    "high",
    "strata",
)

Floats = NDArray[np.float64]


def rate_ratio(
    tallies: pd.DataFrame,
    documents: pd.DataFrame,
    *,
    before: str | tuple[str, str],
    after: str | tuple[str, str],
    base: str = "characters",
    groups: Sequence[str] = (),
    cluster: str | None = None,
    within: str | None = None,
    frames: Iterable[str] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """How many times as often after as before: one row per group and frame.

    Columns: the ``groups``, then ``frame``; for both spans ``before_documents,
    before_hits, before_size, before_per_million`` and the same for ``after_``;
    ``ratio`` = after / before; ``low``, ``high``; ``strata`` (with ``within``).

    The interval: documents (or clusters) are drawn again, which tells the relative
    variance of the rate of each span; over that of independent hits, 1 / h, it is
    the span's design effect; the limits are the exact conditional ones for the
    effective hits (`analysis.intervals.ratio_limits`). A span of few documents or
    few hits borrows from the other span (`analysis.intervals.side_effects`). No hits before give a
    ratio and an upper limit of infinity, no hits after 0, none at all no ratio.
    Limits above a million or below a millionth are given as infinity and 0.

    With ``within`` the ratio is that *inside* each value of a column (an issuer,
    a place), pooled as by Mantel and Haenszel: Σ a·S₁/(S₁+S₂) over Σ b·S₂/(S₁+S₂),
    where in each stratum a and b are the hits after and before, S₂ and S₁ the
    sizes after and before. A stratum without text in one of the spans tells
    nothing about change and drops out of ratio and limits, though its hits are
    listed. The pooled ratio also answers to who
    publishes more; the ratio within does not. Compare the two.

    Parameters
    ----------
    before, after
        Spans of time: a year, month or day (``"2019"``, ``"2019-07"``), or a pair
        of them, both included. A statement whose date is less exact counts only
        if its whole month or year lies inside.
    base, groups, cluster, frames, level, resamples, seed
        As in `rates`.

    Raises
    ------
    MissingStep, InputError
        As in `rates`; also for spans that overlap, are empty or hold no text.

    >>> documents = pd.DataFrame({"id": ["a", "b"], "date": pd.to_datetime(["2020-01-01", "2021-01-01"]),
    ...     "language": "zh", "characters": [1000, 2000]})
    >>> tallies = pd.DataFrame({"document": ["a", "b"], "frame": "minors", "term": "未成年人", "hits": [10, 40]})
    >>> rate_ratio(tallies, documents, before="2020", after="2021")[["ratio", "low", "high"]].values.tolist()
    [[2.0, 0.982874, 4.48493]]
    """
    groups = [groups] if isinstance(groups, str) else list(dict.fromkeys(groups))
    needed = [*groups, *([within] if within else [])]
    table, faults = checked_inputs("rate_ratio", tallies, documents, base, needed, cluster)
    check_groups("rate_ratio", faults, groups, _COLUMNS)
    check_numbers("rate_ratio", faults, level, resamples, seed)
    spans, given = {}, {"before": before, "after": after}
    for name, ends in given.items():
        try:
            spans[name] = date_span(ends)
        except ValueError as error:
            faults.append(Fault("rate_ratio", name, shown(ends), str(error)))
    if len(spans) == 2 and spans["before"][0] <= spans["after"][1] and spans["after"][0] <= spans["before"][1]:
        faults.append(Fault("rate_ratio", "before and after", f"{before} and {after}", "two spans that do not overlap"))
    raise_faults("rate_ratio", faults)
    names = frame_names("rate_ratio", tallies, frames)
    first, last = date_extent(table)
    side = np.full(len(table), -1)
    for code, name in enumerate(("before", "after")):
        side[((first >= spans[name][0]) & (last <= spans[name][1])).to_numpy()] = code
        if not table[base].to_numpy()[side == code].sum():
            whole = f"{first.min():%Y-%m-%d} to {last.max():%Y-%m-%d}"
            faults.append(
                Fault("rate_ratio", name, f"{shown(given[name])}, which holds no text", f"a span within {whole}")
            )
    raise_faults("rate_ratio", faults)
    table, side = table.iloc[side >= 0], side[side >= 0]
    hits = hit_matrix(tallies, table, names)
    rng = np.random.default_rng(seed)
    rows = [
        _group_ratio(table.iloc[m], hits[m], side[m], names, base, cluster, within, level, resamples, rng).assign(
            **dict(zip(groups, key, strict=True))
        )
        for key, m in grouped_rows(table, groups)
    ]
    result = pd.concat(rows, ignore_index=True)
    return round_significant(result[[*groups, *(c for c in result.columns if c not in groups)]])


def _group_ratio(
    table: pd.DataFrame,
    hits: Floats,
    side: NDArray[np.int64],
    names: list[str],
    base: str,
    cluster: str | None,
    within: str | None,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    size = table[base].to_numpy(dtype=np.float64)
    strata, n_strata = sampling_units(table, within) if within else (np.zeros(len(table), dtype=np.int64), 1)
    units, n_units = sampling_units(table, cluster)
    if cluster is not None:
        check_clusters("rate_ratio", n_units, cluster)
    n_frames = len(names)
    columns = np.column_stack([hits, size])
    cell = (side * n_strata + strata).astype(np.int64)
    totals = summed(columns, cell, 2 * n_strata).reshape(2, n_strata, n_frames + 1)
    used: NDArray[np.bool_] = np.all(totals[:, :, -1] > 0, axis=0)
    if cluster is not None:
        by_cell = summed(columns, units * 2 * n_strata + cell, n_units * 2 * n_strata).reshape(n_units, -1)
        draws = resampled_sums(by_cell, resamples, rng).reshape(resamples, 2, n_strata, n_frames + 1)
        empty = int(((draws[..., -1].sum(axis=2) <= 0) & (totals[:, :, -1].sum(axis=1) > 0)).sum())
        if empty:
            warn(f"{empty} of {2 * resamples} draws held no text of a span and were left out.")
        free = np.array([np.unique(units[side == code]).size - 1.0 for code in (0, 1)])
        drawn_units = free + 1
    else:
        draws, drawn_units, free = _draw_within_cells(columns, cell, units, used, resamples, rng)
    counted = totals[:, used, :-1].sum(axis=1)
    weighted = _weighted(totals[None], pooled=within is None)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = weighted[1] / weighted[0]
        shrinkage = np.where(free > 0, drawn_units / np.maximum(free, 1), 1.0)
    if not used.any():
        before, after, degrees = np.ones(n_frames), np.ones(n_frames), np.full(n_frames, np.inf)
    elif cluster is None:
        variance = np.zeros((2, n_frames))
        for code in (0, 1):
            alone = np.broadcast_to(totals, draws.shape).copy()
            alone[:, code] = draws[:, code]
            relative = _relative(alone, weighted, pooled=within is None)
            variance[code] = shrinkage[code] * np.nanvar(relative[code] / relative[1 - code], axis=0, ddof=1)
        before, after, degrees = side_effects(variance, counted, free)
    else:
        relative = _relative(draws, weighted, pooled=within is None)
        apart = shrinkage[:, None] * np.nanvar(relative, axis=1, ddof=1)
        before, after, _ = side_effects(apart, counted, free)
        joint = shrinkage.max() * np.nanvar(relative[1] - relative[0], axis=0, ddof=1)
        shared = shared_variance(joint, apart, counted, free)
        before, after, degrees = before * shared, after * shared, np.full(n_frames, n_units - 1.0)
    low, high = ratio_limits(counted[0], counted[1], (before, after), level=level, degrees=degrees)
    scale = _scale(totals[:, used], ratio)
    sizes = totals[:, :, -1].sum(axis=1)
    result: dict[str, Any] = {"frame": names}
    for code, name in enumerate(("before", "after")):
        result |= {
            f"{name}_documents": int((side == code).sum()),
            f"{name}_hits": totals[code, :, :-1].sum(axis=0).astype(np.int64),
            f"{name}_size": int(sizes[code]),
            f"{name}_per_million": 1e6 * totals[code, :, :-1].sum(axis=0) / sizes[code] if sizes[code] else np.nan,
        }
    with np.errstate(over="ignore"):
        low, high = low * scale, np.where(np.isfinite(high), high * scale, np.inf)
    result |= {
        "ratio": ratio,
        "low": np.where(low < 1 / _BOUNDLESS, 0.0, low),
        "high": np.where(high > _BOUNDLESS, np.inf, high),
    }
    if within:
        result["strata"] = int(used.sum())
    return pd.DataFrame(result)


def _relative(draws: Floats, weighted: Floats, *, pooled: bool) -> Floats:
    """What was drawn as a multiple of what was observed, which stays finite in draws without hits."""
    drawn = _weighted(draws, pooled=pooled)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weighted[:, None] > 0, drawn / weighted[:, None], 1.0)


def _scale(totals: Floats, ratio: Floats) -> Floats:
    """What a ratio of hits is multiplied by for a ratio of rates.

    Without hits in one span it is told by the hits that the rates of the other
    would lead one to expect there.
    """
    (before, after), (size_before, size_after) = totals[:, :, :-1], totals[:, :, -1:]
    hits_before, hits_after = before.sum(axis=0), after.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = hits_before / (before * size_after / size_before).sum(axis=0)
        backward = (after * size_before / size_after).sum(axis=0) / hits_after
        both = ratio * hits_before / hits_after
    scale = np.where(hits_before > 0, np.where(hits_after > 0, both, forward), backward)
    return np.where(hits_before + hits_after > 0, scale, 1.0)


def _draw_within_cells(
    columns: Floats,
    cell: NDArray[np.int64],
    units: NDArray[np.int64],
    used: NDArray[np.bool_],
    resamples: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Documents drawn again within each span (and stratum): the design that was observed.

    Also, for each span, how many were drawn and how many of them were free to vary.
    """
    draws = np.zeros((resamples, 2 * used.size, columns.shape[1]))
    drawn_units, free = np.zeros(2), np.zeros(2)
    for c in np.unique(cell).tolist():
        code, stratum = divmod(c, used.size)
        if not used[stratum]:
            continue
        inside = cell == c
        found, members = np.unique(units[inside], return_inverse=True)
        draws[:, c] = resampled_sums(summed(columns[inside], members, found.size), resamples, rng)
        drawn_units[code] += found.size
        free[code] += found.size - 1
    return draws.reshape(resamples, 2, used.size, -1), drawn_units, free


def _weighted(totals: Floats, *, pooled: bool) -> Floats:
    """Rates before and after, or the two Mantel–Haenszel sums: spans × draws × frames."""
    hits, sizes = totals[..., :-1], totals[..., -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        if pooled:
            return np.moveaxis(hits.sum(axis=2) / sizes.sum(axis=2), 1, 0)
        whole = sizes.sum(axis=1, keepdims=True)
        weights = np.where(whole > 0, sizes[:, ::-1] / whole, 0.0)
        return np.moveaxis((hits * weights).sum(axis=2), 1, 0)
