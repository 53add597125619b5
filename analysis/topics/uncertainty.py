"""How sure a topic's share is: documents drawn again, and the model fitted again.

A share comes with two doubts. Other documents might have been written: whole documents, or clusters of
them, are drawn again. And the same documents leave room for other topics: a fit with another seed splits
them otherwise. With M fits whose topics are matched, the variance w of a share within a fit and b between
the fits, the variance is w + (1 + 1/M) b, as between multiple imputations (Rubin 1987), and the degrees of
freedom are Welch's and Satterthwaite's. stm's ``estimateEffect`` draws from the posterior of one fit
instead, which knows nothing of other optima.

The variance tells how many *effective documents* there are, each wholly of one topic or of another, that would
leave as much doubt, and the limits are the exact binomial ones for so many (Korn & Graubard 1998, Survey
Methodology 24, 193-201), as rates have gamma limits for effective hits (`analysis.intervals`). Normal limits of a share
or of its logit are too narrow, or so wide that they say nothing, where few documents hold a topic; the simulations in
``tests/topics/test_uncertainty.py`` measure what is used instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.errors import Fault, raise_faults, shown, warn
from analysis.intervals import LEAST_FREEDOM, moderated
from analysis.sampling import summed
from analysis.topics.alignment import align_topics
from analysis.topics.model import Topics, check_topics

__all__ = [
    "LEAST_SHARE",
    "borrowed",
    "combined",
    "correction",
    "design_effect",
    "document_tokens",
    "effective_documents",
    "matched_shares",
    "share_limits",
    "warn_of_one_fit",
]

Floats = NDArray[np.float64]

#: A share or limit below this, or as near to 1, is taken as 0, or 1.
LEAST_SHARE = 1e-9
#: Documents that are all alike are at most so many effective ones.
_MOST = 1e12


def matched_shares(subject: str, topics: Topics | Sequence[Topics]) -> tuple[Topics, list[Floats], pd.Series]:
    """The first of several fits, the unit shares of all of them with their topics in its order, and ``stable``:
    whether each topic returns often enough (`analysis.topics.alignment.align_topics`); unknown with one fit.

    Raises
    ------
    MissingStep
        If one of them is no `Topics`.
    InputError
        If they were fitted to other counts, or have other numbers of topics.
    """
    models = list(topics) if isinstance(topics, Iterable) else [topics]
    if not models:
        raise_faults(subject, [Fault(subject, "topics", "none", "one fit, or several of the same counts")])
    for model in models:
        check_topics(subject, model)
    first = models[0]
    faults = [
        Fault(
            subject, f"topics, fit {i}", repr(m)[1:-1], f"one like the first, {repr(first)[1:-1]}, of the same counts"
        )
        for i, m in enumerate(models[1:], start=2)
        if m.counts.digest != first.counts.digest or m.n_topics != first.n_topics
    ]
    raise_faults(subject, faults)
    if len(models) == 1:
        return first, [first.unit_shares], pd.Series(pd.NA, range(first.n_topics), dtype="boolean", name="stable")
    alignment = align_topics(models)
    matches = [part.sort_values("topic")["match"].to_numpy() for _, part in alignment.groupby("run")]
    shares = [m.unit_shares[:, match] for m, match in zip(models[1:], matches, strict=True)]
    stable = alignment.groupby("topic")["stable"].first().astype("boolean")
    return first, [first.unit_shares, *shares], stable


def warn_of_one_fit(stable: pd.Series) -> None:
    """Say what is left out where one fit was given, and `matched_shares` could not tell what is ``stable``."""
    if stable.isna().any():
        warn(
            "One fit: the intervals know nothing of what another seed would have found. Pass several, "
            "fit_runs(counts, 20, seeds=5)."
        )


def document_tokens(
    subject: str, first: Topics, shares: list[Floats], columns: list[str]
) -> tuple[pd.DataFrame, Floats, list[Fault]]:
    """The documents that hold a feature, by id; their tokens of each topic in each fit (fits × documents × topics);
    and a fault for each of ``columns`` that the documents lack.
    """
    table = first.counts.documents.sort_values("id", kind="stable", ignore_index=True)
    code = pd.Index(table["id"]).get_indexer(first.counts.units["document"])
    tokens = np.stack([summed(first.unit_tokens[:, None] * s, code, len(table)) for s in shares])
    held = tokens[0].sum(axis=1) > 0
    faults = [Fault(subject, "column", shown(c), ", ".join(map(str, table.columns))) for c in columns if c not in table]
    return table[held].reset_index(drop=True), tokens[:, held], faults


def combined(estimates: Floats, within: Floats, degrees: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, variance and degrees of freedom of M fits' estimates (first axis) with their variances.

    The variance is the mean of ``within`` plus (1 + 1/M) times the variance of the estimates between
    fits; degrees of freedom by Welch and Satterthwaite: (w + b)² / (w² / ``degrees`` + b² / (M − 1)). Without
    variance they are ``degrees``; ``degrees`` of 0 say that the variance within is no estimate, but known.

    >>> mean, variance, freedom = combined(np.array([[1.0], [3.0]]), np.array([[1.0], [1.0]]), np.array([10.0]))
    >>> mean.tolist(), variance.tolist(), freedom.round(2).tolist()
    ([2.0], [4.0], [1.76])
    """
    m = estimates.shape[0]
    inside = within.mean(axis=0)
    between = (1 + 1 / m) * estimates.var(axis=0, ddof=1) if m > 1 else np.zeros_like(inside)
    total = inside + between
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(degrees > 0, inside**2 / degrees, 0.0) + (between**2 / (m - 1) if m > 1 else 0.0)
        freedom = np.where(parts > 0, total**2 / parts, np.where((total > 0) | (degrees == 0), np.inf, degrees))
    return np.asarray(estimates.mean(axis=0)), np.asarray(total), np.asarray(freedom)


def design_effect(draws: Floats, shares: Floats, sizes: Floats) -> Floats:
    """Variance of drawn shares over that of as many tosses of a coin as there are units (fits × topics).

    ``draws`` (resamples × (fits · topics + 1)) are tokens of each topic in each fit, and of all topics
    together in the last column; ``shares`` (fits × topics) what was observed; ``sizes`` the units' tokens (those
    without any are none). At most the number of units, which is then one effective document. A single unit tells
    nothing: 1.

    >>> draws = np.array([[2.5, 10.0], [5.0, 10.0], [7.5, 10.0]])
    >>> design_effect(draws, np.array([[0.5]]), np.full(5, 2.0)).tolist()
    [[1.5625]]
    """
    m, k = shares.shape
    n = int((sizes > 0).sum())
    held = draws[:, -1] > 0
    if n < 2 or held.sum() < 2:
        return np.ones((m, k))
    drawn = (draws[held, :-1] / draws[held, -1:]).reshape(-1, m, k)
    variance = drawn.var(axis=0, ddof=1) * correction(sizes)
    coin = shares * (1 - shares) / n
    effect = np.divide(variance, coin, out=np.ones_like(coin), where=coin > 1e-12)
    return np.asarray(np.minimum(effect, n))


def correction(sizes: Floats) -> float:
    """What the variance of resamples is multiplied by, for units vary less about the share that they make up themselves.

    With w, a unit's part of all tokens, Σ w² / (Σ w² − 2 Σ w³ + (Σ w²)²), which undoes that exactly for a sum of units that
    vary alike: n / (n − 1) for n units of one size. At most twice that, for in resamples a unit that outweighs the others
    is there or is not, and they vary as much as they should.

    >>> round(correction(np.array([3.0, 3.0, 3.0, 3.0])), 6), round(correction(np.array([1.0, 1.0, 1.0, 2.0])), 6)
    (1.333333, 1.535088)
    """
    n = int((sizes > 0).sum())
    w = sizes / sizes.sum()
    square = (w**2).sum()
    left = square - 2 * (w**3).sum() + square**2
    return float(square / max(left, square * (n - 1) / (2 * n)))


def borrowed(effect: Floats, shares: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Design effects drawn towards those of the other periods, with their degrees of freedom.

    ``effect`` and ``shares`` are fits × periods × topics, ``freedom`` the documents of each period less one. The
    other periods count as in `analysis.intervals.moderated`. Where a topic hardly occurs it hardly varies, whatever
    it does elsewhere: a period's effect counts for less, in the proportion of s (1 − s) to its mean over the periods,
    where that is below 1. Where nothing is known the effect is 1, and the degrees are 0.

    >>> found = borrowed(np.array([[[0.5], [1.0]]]), np.array([[[0.5], [0.0]]]), np.array([[4.0], [4.0]]))
    >>> [values.tolist() for values in found]
    [[[[0.5], [0.5]]], [[4.0], [4.0]]]
    """
    coin = shares * (1 - shares)
    mean = coin.mean(axis=1, keepdims=True)
    weight = np.minimum(np.divide(coin, mean, out=np.zeros_like(coin), where=mean > 1e-12), 1.0)
    drawn = [moderated(e, freedom * w) for e, w in zip(effect, weight, strict=True)]
    return np.stack([e for e, _ in drawn]), np.min([f for _, f in drawn], axis=0)


def effective_documents(shares: Floats, effect: Floats, size: Floats, degrees: Floats) -> tuple[Floats, Floats, Floats]:
    """The mean share of M fits, the effective documents behind it, and their degrees of freedom.

    Parameters
    ----------
    shares
        M × …, the share in each fit.
    effect
        M × …, the design effect: the variance of the share when documents are drawn again, over that of as
        many tosses of a coin, s (1 − s) / ``size``.
    size, degrees
        …, how many documents (or clusters), and the degrees of freedom of the effect; 0 where it is not known.

    With the mean share s and the variances within and between fits `combined` to v they are s (1 − s) / v; for a
    share of 0 or 1, which has no variance, ``size`` over the mean effect.

    >>> [v.tolist() for v in effective_documents(np.array([[0.2, 0.0]]), np.array([[0.5, 1.0]]), 10.0, np.array([9, 0]))]
    [[0.2, 0.0], [20.0, 10.0], [9.0, inf]]
    """
    mean, variance, freedom = combined(shares, effect * shares * (1 - shares) / size, degrees)
    inner = (mean > LEAST_SHARE) & (mean < 1 - LEAST_SHARE)
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(inner, mean * (1 - mean) / variance, size / effect.mean(axis=0))
    return mean, np.minimum(n, _MOST), freedom


def share_limits(
    shares: Floats, effect: Floats, size: Floats, degrees: Floats, *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """A share with its limits, from M fits (first axis); the parameters are those of `effective_documents`.

    With the share s and n effective documents, divided by (t / z)², the quantile of Student's t over the normal
    one (at least `analysis.intervals.LEAST_FREEDOM` degrees of freedom), the limits are those of Clopper and Pearson (1934):
    the quantiles α/2 of the beta distribution with n s and n (1 − s) + 1, and 1 − α/2 of that with n s + 1 and n (1 − s).
    For a share of 0 they are 0 and 1 − (α/2)^(1/n), for a share of 1 the other way round.

    >>> found = share_limits(np.array([[0.2], [0.2]]), np.ones((2, 1)), np.array([100.0]), np.array([99.0]))
    >>> [limit.round(3).tolist() for limit in found]
    [[0.2], [0.126], [0.293]]
    """
    mean, n, freedom = effective_documents(shares, effect, size, degrees)
    tail = (1 - level) / 2
    n = n / (stats.t.isf(tail, np.maximum(freedom, LEAST_FREEDOM)) / stats.norm.isf(tail)) ** 2
    none, all_of_it = mean <= LEAST_SHARE, mean >= 1 - LEAST_SHARE
    held = n * np.where(none, 0.0, np.where(all_of_it, 1.0, mean))
    tiny = 1e-300
    low = stats.beta.ppf(tail, np.maximum(held, tiny), n - held + 1)
    high = stats.beta.isf(tail, held + 1, np.maximum(n - held, tiny))
    return (
        mean,
        np.where(none | (low < LEAST_SHARE), 0.0, low),
        np.where(all_of_it | (high > 1 - LEAST_SHARE), 1.0, high),
    )
