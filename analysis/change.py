"""How much more often a frame is named after than before, pooled or within strata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults, shown
from analysis.intervals import ratio_limits, resampled_sums
from analysis.provenance import round_significant
from analysis.sampling import (
    check_clusters,
    check_numbers,
    checked_inputs,
    date_extent,
    date_span,
    frame_names,
    grouped_rows,
    hit_matrix,
    sampling_units,
    summed,
)

__all__ = ["rate_ratio"]

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

    The interval: documents (or clusters) are drawn again, which tells the
    variance of the log ratio; over that of independent hits, 1/h₁ + 1/h₂, it is
    the design effect; the limits are the exact conditional ones for the
    effective hits (`analysis.intervals.ratio_limits`). No hits before give a
    ratio and an upper limit of infinity, no hits after 0, none at all no ratio.

    With ``within`` the ratio is that *inside* each value of a column (an issuer,
    a place), pooled as by Mantel and Haenszel: Σ a·S₁/(S₁+S₂) over Σ b·S₂/(S₁+S₂),
    where in each stratum a and b are the hits after and before, S₂ and S₁ the
    sizes after and before. A stratum without text in one of the spans tells
    nothing about change and drops out. The pooled ratio also answers to who
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
    groups = [groups] if isinstance(groups, str) else list(groups)
    table, faults = checked_inputs(tallies, documents, base, [*groups, *([within] if within else [])], cluster)
    check_numbers(faults, level, resamples)
    spans = {}
    for name, given in (("before", before), ("after", after)):
        try:
            spans[name] = date_span(given)
        except ValueError as error:
            faults.append(Fault("rate_ratio", name, shown(given), str(error)))
    if len(spans) == 2 and spans["before"][0] <= spans["after"][1] and spans["after"][0] <= spans["before"][1]:
        faults.append(Fault("rate_ratio", "before and after", f"{before} and {after}", "two spans that do not overlap"))
    raise_faults("rate_ratio", faults)
    names = frame_names(tallies, frames)
    first, last = date_extent(table)
    side = np.full(len(table), -1)
    for code, name in enumerate(("before", "after")):
        side[((first >= spans[name][0]) & (last <= spans[name][1])).to_numpy()] = code
        if not table[base].to_numpy()[side == code].sum():
            raise_faults("rate_ratio", [Fault("rate_ratio", name, shown(spans[name]), "a span with statements in it")])
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
        check_clusters(n_units, cluster)
    n_frames = len(names)
    columns = np.column_stack([hits, size])
    cell = (side * n_strata + strata).astype(np.int64)
    totals = summed(columns, cell, 2 * n_strata).reshape(2, n_strata, n_frames + 1)
    if cluster is not None:
        by_cell = summed(columns, units * 2 * n_strata + cell, n_units * 2 * n_strata).reshape(n_units, -1)
        draws = resampled_sums(by_cell, resamples, rng).reshape(resamples, 2, n_strata, n_frames + 1)
        degrees, shrinkage = float(n_units - 1), np.full(2, n_units / (n_units - 1))
    else:
        draws, degrees, shrinkage = _draw_within_cells(columns, cell, units, n_strata, resamples, rng)
    after, before = _weighted(totals, pooled=within is None)
    after_drawn, before_drawn = _weighted_draws(draws, pooled=within is None)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = after / before
        # The linear part of the log ratio: it stays finite in draws without hits.
        relative_after = np.where(after > 0, after_drawn / after, 1.0) * np.sqrt(shrinkage[1])
        relative_before = np.where(before > 0, before_drawn / before, 1.0) * np.sqrt(shrinkage[0])
        log_ratio = relative_after - relative_before
        variance = np.nanvar(log_ratio, axis=0, ddof=1)
        counted = totals[:, :, :-1].sum(axis=1)
        independent = np.where(counted[1] > 0, 1 / counted[1], 0) + np.where(counted[0] > 0, 1 / counted[0], 0)
        effect = np.where(independent > 0, variance / independent, 1.0)
        if not np.isfinite(degrees):
            effect = np.maximum(effect, 1.0)  # nothing was drawn again: independent hits are the least to assume
        low, high = ratio_limits(counted[0], counted[1], effect, level=level, degrees=degrees)
        centre = counted[1] / counted[0]
        scale = np.where(
            np.isfinite(centre) & (centre > 0) & np.isfinite(ratio),
            ratio / centre,
            totals[0, :, -1].sum() / totals[1, :, -1].sum(),
        )
    sizes = totals[:, :, -1].sum(axis=1)
    result: dict[str, Any] = {"frame": names}
    for code, name in enumerate(("before", "after")):
        result |= {
            f"{name}_documents": int((side == code).sum()),
            f"{name}_hits": counted[code].astype(np.int64),
            f"{name}_size": int(sizes[code]),
            f"{name}_per_million": 1e6 * counted[code] / sizes[code] if sizes[code] else np.nan,
        }
    result |= {"ratio": ratio, "low": low * scale, "high": np.where(np.isfinite(high), high * scale, np.inf)}
    if within:
        result["strata"] = int(((totals[0, :, -1] > 0) & (totals[1, :, -1] > 0)).sum())
    return pd.DataFrame(result)


def _draw_within_cells(
    columns: Floats,
    cell: NDArray[np.int64],
    units: NDArray[np.int64],
    n_strata: int,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[Floats, float, Floats]:
    """Documents drawn again within each span (and stratum): the design that was observed."""
    draws = np.zeros((resamples, 2 * n_strata, columns.shape[1]))
    drawn_units = np.zeros(2)
    lost = np.zeros(2)
    for c in np.unique(cell).tolist():
        inside = cell == c
        found, members = np.unique(units[inside], return_inverse=True)
        draws[:, c] = resampled_sums(summed(columns[inside], members, found.size), resamples, rng)
        drawn_units[c // n_strata] += found.size
        lost[c // n_strata] += 1
    free = drawn_units - lost
    degrees = float(free.sum()) if free.min() >= 1 else np.inf
    return draws.reshape(resamples, 2, n_strata, -1), degrees, drawn_units / np.maximum(free, 1)


def _weighted(totals: Floats, *, pooled: bool) -> tuple[Floats, Floats]:
    after, before = _weighted_draws(totals[None], pooled=pooled)
    return after[0], before[0]


def _weighted_draws(draws: Floats, *, pooled: bool) -> tuple[Floats, Floats]:
    """Rates after and before, or the two Mantel–Haenszel sums, for every draw."""
    hits, sizes = draws[..., :-1], draws[..., -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if pooled:
            return hits[:, 1].sum(axis=1) / sizes[:, 1].sum(axis=1)[:, None], hits[:, 0].sum(axis=1) / sizes[:, 0].sum(
                axis=1
            )[:, None]
        total = sizes.sum(axis=1)
        weight_after = np.where(total > 0, sizes[:, 0] / total, 0.0)[..., None]
        weight_before = np.where(total > 0, sizes[:, 1] / total, 0.0)[..., None]
        return (hits[:, 1] * weight_after).sum(axis=1), (hits[:, 0] * weight_before).sum(axis=1)
