"""How much more of the text each topic takes in one group of documents than in another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from analysis.errors import Fault, raise_faults, shown, warn
from analysis.intervals import LEAST_FREEDOM, resampled_sums
from analysis.provenance import round_significant
from analysis.sampling import PERIODS, check_clusters, check_numbers, date_span, period_labels, sampling_units, summed
from analysis.selection import canonical_value, date_extent
from analysis.topics.model import Topics, check_topics
from analysis.topics.uncertainty import (
    LEAST_SHARE,
    borrowed,
    correction,
    design_effect,
    document_tokens,
    effective_documents,
    matched_shares,
    share_limits,
    warn_of_one_fit,
)

__all__ = ["compare_prevalence"]

Floats = NDArray[np.float64]

#: Odds ratios beyond this are given as infinity, or 0.
_BOUNDLESS = 1e6
#: How many groups a message about an unknown one names.
_SAID = 40
#: Variances below this are those of sums that were rounded.
_NOTHING = 1e-18


def compare_prevalence(
    topics: Topics | Sequence[Topics],
    first: Any,
    second: Any,
    *,
    by: str = "year",
    cluster: str | None = None,
    chosen: int | str | Iterable[int | str] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """How much more text each topic takes in the second group of documents than in the first: one row per topic.

    Columns: ``topic, label``; ``first_documents, first_share, second_documents, second_share``; ``difference`` =
    second − first share, with ``low`` and ``high``; ``ratio`` = second / first; ``odds_ratio`` with ``odds_low, odds_high``;
    ``p``, two-sided, that both shares are the same; ``p_adjusted`` by Benjamini and Hochberg (1995) over the
    ``tests`` topics of this table; ``stable``, whether the topic returns in the other fits, unknown with one.

    Documents (or clusters, drawn as wholes on both sides) are drawn again and the fits matched, as in
    `topic_prevalence`; a group of few documents, or one in which a topic is rare, borrows from the other as periods do there.
    The limits of the difference and of the logarithm of the odds ratio are recovered from those of the two shares
    (Zou & Donner 2008, Statistics in Medicine 27, 1693-1702; for independent shares as by Newcombe 1998), with
    the correlation r that they have where clusters stand on both sides, or where fits shift both.
    ``p`` is Student's of the score test for effective documents (Rao & Scott 1992, Biometrics 48, 577-585):
    t = (s₂ − s₁) / √(s (1 − s) (1/n₁ + 1/n₂) q), where s is the mean of the shares weighted by their effective
    documents n, and q = 1 − 2 r e₁ e₂ / (e₁² + e₂²) what the correlation leaves of the variance, e the standard errors;
    degrees of freedom by Welch and Satterthwaite, with clusters at most their number less one. It and the limits may
    disagree a little.

    A topic without a share in the first group has a ratio and odds of infinity, in neither none; odds above a
    million or below a millionth are given as infinity and 0.

    Parameters
    ----------
    first, second
        With ``by`` a kind of period, spans of time: ``"2019"``, or a pair ``("2003", "2010")``, both ends
        included. With ``by`` a column, a value of it or several.
    topics, cluster, chosen, level, resamples, seed
        As in `topic_prevalence`.

    Raises
    ------
    MissingStep, InputError
        As in `topic_prevalence`; also for groups that overlap, or hold no document or one alone (one cluster).

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": ["2020", "2020", "2021", "2021"], "language": "zh", "text": texts}))
    >>> fits = [fit_topics(count(segment(corpus)), 2, seed=s) for s in (0, 1)]
    >>> compare_prevalence(fits, "2020", "2021")[["topic", "difference", "low", "high"]].values.round(2).tolist()
    [[0.0, -1.0, -1.0, 0.19], [1.0, 1.0, -0.19, 1.0]]
    """
    model, fitted, stable = matched_shares("compare_prevalence", topics)
    numbers = check_topics("compare_prevalence", model, chosen)
    table, tokens, faults = document_tokens("compare_prevalence", model, fitted, [cluster] if cluster else [])
    if by not in (*PERIODS, *table.columns):
        faults.append(
            Fault("compare_prevalence", "by", shown(by), f"{', '.join(PERIODS)}, or a column: {', '.join(table)}")
        )
    check_numbers("compare_prevalence", faults, level, resamples, seed)
    raise_faults("compare_prevalence", faults)
    side = _sides(table, by, {"first": first, "second": second})
    warn_of_one_fit(stable)
    inside = side >= 0
    table, tokens, side = table[inside], tokens[:, inside], side[inside]
    m, _, k = tokens.shape
    units, n_units = sampling_units(table, cluster)
    if cluster is not None:
        check_clusters("compare_prevalence", n_units, cluster)
    counted = np.array([np.unique(units[side == s]).size for s in (0, 1)], dtype=np.float64)
    if counted.min() < 2:
        kind = "documents" if cluster is None else f"clusters ({cluster})"
        received = f"{counted[0]:.0f} and {counted[1]:.0f} {kind}"
        accepted = "at least 2 in each group: one alone says nothing of how they vary"
        raise_faults("compare_prevalence", [Fault("compare_prevalence", "groups", received, accepted)])
    columns = np.column_stack([*tokens, tokens[0].sum(axis=1)])
    totals = summed(columns, side, 2)
    shares = (totals[:, :-1] / totals[:, -1:]).reshape(2, m, k).swapaxes(0, 1)
    draws = _draws(columns, side, units, resamples, np.random.default_rng(seed), whole=cluster is not None)
    sizes = [summed(columns[side == s, -1:], units[side == s], n_units).ravel() for s in (0, 1)]
    effect = np.stack([design_effect(draws[:, s], shares[:, s], sizes[s]) for s in (0, 1)], axis=1)
    freedom = np.where(shares.max(axis=0) > LEAST_SHARE, (counted - 1)[:, None], 0.0)
    effect, freedom = borrowed(effect, shares, freedom)
    covariance = _covariance(shares, draws if cluster else None, np.array([correction(v) for v in sizes]))
    if cluster is not None:  # the same on both sides: the other one adds no degrees of freedom
        freedom = np.minimum(freedom, n_units - 1)
    size = counted[:, None]
    mean, n, degrees = effective_documents(shares, effect, size, freedom)
    r = _correlation(covariance, mean * (1 - mean) / n)
    _, low, high = share_limits(shares, effect, size, freedom, level=level)
    difference = mean[1] - mean[0]
    down, up = _recovered(mean, low, high, r)
    ratio, odds, odds_low, odds_high = _ratios(mean, low, high, r)
    most = np.inf if cluster is None else n_units - 1
    p = _p_values(mean, n, r, np.where(np.isfinite(degrees), degrees, size - 1), most)
    result = pd.DataFrame(
        {
            "topic": np.arange(k),
            "label": model.names,
            "first_documents": int((side == 0).sum()),
            "first_share": mean[0],
            "second_documents": int((side == 1).sum()),
            "second_share": mean[1],
            "difference": difference,
            "low": down,
            "high": up,
            "ratio": ratio,
            "odds_ratio": odds,
            "odds_low": odds_low,
            "odds_high": odds_high,
            "p": p,
        }
    )
    result["stable"] = stable
    result = result[result["topic"].isin(numbers)].reset_index(drop=True)
    adjusted = stats.false_discovery_control(result["p"].to_numpy(), method="bh")
    last = result.pop("stable")
    return round_significant(result.assign(p_adjusted=adjusted, tests=len(result), stable=last))


def _draws(
    columns: Floats,
    side: NDArray[np.int64],
    units: NDArray[np.int64],
    resamples: int,
    rng: np.random.Generator,
    *,
    whole: bool,
) -> Floats:
    """Sums of each side (draws × sides × columns): ``whole`` units drawn on both sides at once, or each side by itself."""
    if not whole:
        parts = []
        for s in (0, 1):
            found, members = np.unique(units[side == s], return_inverse=True)
            parts.append(resampled_sums(summed(columns[side == s], members, found.size), resamples, rng))
        return np.stack(parts, axis=1)
    found, members = np.unique(units, return_inverse=True)
    cell = summed(columns, members * 2 + side, found.size * 2).reshape(found.size, -1)
    draws = resampled_sums(cell, resamples, rng).reshape(resamples, 2, -1)
    held = (draws[:, :, -1] > 0).all(axis=1)
    if not held.all():
        warn(f"{int((~held).sum())} of {resamples} draws held no text of a group and were left out.")
    return np.asarray(draws[held])


def _covariance(shares: Floats, draws: Floats | None, scale: Floats) -> Floats:
    """Covariance of the two shares: within and between the fits, which add up as variances do (`combined`).

    Units drawn on each side by itself (``draws`` are None) have none within.
    """
    m, _, k = shares.shape
    found = np.zeros(k)
    if draws is not None:
        drawn = (draws[..., :-1] / draws[..., -1:]).reshape(-1, 2, m, k)
        spread = (drawn - drawn.mean(axis=0)) * np.sqrt(scale)[:, None, None]
        found = spread.prod(axis=1).sum(axis=0).mean(axis=0) / (len(drawn) - 1)
    if m > 1:
        found = found + (1 + 1 / m) * (shares - shares.mean(axis=0)).prod(axis=1).sum(axis=0) / (m - 1)
    return np.asarray(found)


def _correlation(covariance: Floats, variance: Floats) -> Floats:
    scale = np.sqrt(variance.prod(axis=0))
    found = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > _NOTHING)
    return np.asarray(np.clip(found, -1.0, 1.0))


def _recovered(value: Floats, low: Floats, high: Floats, r: Floats) -> tuple[Floats, Floats]:
    """Limits of the second value less the first, from the limits of both (rows) and their correlation."""
    (first, second), (first_low, second_low), (first_high, second_high) = value, low, high

    def apart(a: Floats, b: Floats) -> Floats:
        return np.asarray(np.sqrt(np.maximum(a**2 + b**2 - 2 * r * a * b, 0.0)))

    difference = second - first
    return (
        difference - apart(second - second_low, first_high - first),
        difference + apart(second_high - second, first - first_low),
    )


def _ratios(mean: Floats, low: Floats, high: Floats, r: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The ratio of the shares, and that of their odds with its limits."""
    logit, logit_low, logit_high = (special.logit(np.clip(v, LEAST_SHARE, 1 - LEAST_SHARE)) for v in (mean, low, high))
    down, up = _recovered(logit, logit_low, logit_high, r)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = mean[1] / mean[0]
        odds = (mean[1] / (1 - mean[1])) / (mean[0] / (1 - mean[0]))
        down, up = np.exp(down), np.exp(up)
    more = (mean[0] <= LEAST_SHARE) | (mean[1] >= 1 - LEAST_SHARE)  # nothing holds the odds from above
    less = (mean[1] <= LEAST_SHARE) | (mean[0] >= 1 - LEAST_SHARE)
    odds = np.where(more & less, np.nan, np.where(more, np.inf, np.where(less, 0.0, odds)))
    down = np.where(less | (down < 1 / _BOUNDLESS), 0.0, down)
    up = np.where(more | (up > _BOUNDLESS), np.inf, up)
    return ratio, odds, down, up


def _p_values(mean: Floats, n: Floats, r: Floats, degrees: Floats, most: float) -> Floats:
    """The score test that two shares are one, for effective documents; at ``most`` so many degrees of freedom."""
    share = (n * mean).sum(axis=0) / n.sum(axis=0)
    single = mean * (1 - mean) / n
    both = np.divide(np.sqrt(single.prod(axis=0)), single.sum(axis=0), out=np.zeros_like(r), where=r != 0)
    variance = share * (1 - share) * (1 / n).sum(axis=0) * (1 - 2 * r * both)
    freedom = np.minimum((1 / n).sum(axis=0) ** 2 / (1 / n**2 / degrees).sum(axis=0), most)
    difference = np.abs(mean[1] - mean[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(difference > 0, difference / np.sqrt(variance), 0.0)
    return np.asarray(2 * stats.t.sf(statistic, np.maximum(freedom, LEAST_FREEDOM)))


def _sides(table: pd.DataFrame, by: str, given: dict[str, Any]) -> NDArray[np.int64]:
    """0 for documents of the first group, 1 for those of the second, −1 for others."""
    side = np.full(len(table), -1, dtype=np.int64)
    faults = []
    for code, (name, asked) in enumerate(given.items()):
        if by in PERIODS:
            try:
                start, stop = date_span(asked)
            except (ValueError, TypeError) as error:
                faults.append(Fault("compare_prevalence", name, shown(asked), str(error)))
                continue
            first, last = date_extent(table)
            mine = ((first >= start) & (last <= stop)).to_numpy()
        else:
            several = isinstance(asked, list | tuple | set | frozenset | range | pd.Series | np.ndarray)
            wanted = {canonical_value(v) for v in (asked if several else [asked])}
            mine = table[by].map(canonical_value).isin(wanted).to_numpy()
        if not mine.any():
            there = sorted(
                set(period_labels(table, "year") if by in PERIODS else table[by].map(canonical_value)) - {""}
            )
            some = ", ".join(map(str, there[:_SAID])) + (" …" if len(there) > _SAID else "")
            received = f"{shown(asked)}, which holds no document"
            faults.append(Fault("compare_prevalence", name, received, f"a group with documents; there are {some}"))
        if (side[mine] >= 0).any():
            faults.append(
                Fault(
                    "compare_prevalence",
                    "first and second",
                    f"{shown(given['first'])} and {shown(asked)}",
                    "groups that do not overlap",
                )
            )
        side[mine] = code
    raise_faults("compare_prevalence", faults)
    return side
