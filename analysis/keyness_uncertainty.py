"""How sure a log ratio of two frequencies is, for thousands of features: documents drawn again on both sides.

The arithmetic is that of `analysis.change.rate_ratio`: drawing whole documents (or clusters) again
tells the variance of the ratio; over that of independent hits it is the design effect; the limits are
the exact conditional ones for the effective hits. Here it runs on sparse counts, so that a
whole vocabulary is done at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.errors import warn
from analysis.intervals import ratio_limits, ratio_p, shared_variance, side_effects, unit_weights

__all__ = ["RatioSide", "log_ratio_limits"]

#: A limit beyond this, a factor of a million, says that there is none.
_BOUNDLESS = np.log2(1e6)
#: Cells of the largest array that a chunk of draws makes (8 bytes each).
_CHUNK_CELLS = 8_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RatioSide:
    """One side of a comparison: ``hits`` (documents × features), ``sizes`` of the documents, and their ``units``.

    ``units`` are the numbers of what is drawn: documents with their translations, or clusters, which are
    numbered alike on both sides.
    """

    hits: sparse.csr_array
    sizes: Floats
    units: NDArray[np.int64]


def log_ratio_limits(
    target: RatioSide,
    reference: RatioSide,
    *,
    together: bool = False,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[Floats, Floats, Floats]:
    """Lower and upper limit of log₂ (rate in the target / rate in the reference) of each feature, and its p.

    Units are drawn again within each side, and (``together``) across both, which keeps what the two sides
    share where the same cluster stands on both. The relative variance of each side's rate over that of
    independent hits, 1 / h, is its design effect; a side of few hits borrows from the other. With both,
    `analysis.intervals.ratio_limits` and `analysis.intervals.ratio_p` do the rest. A feature without hits on one side has one infinite limit,
    without any hits both; a limit beyond a factor of a million is infinite too. A draw without text on a side
    is left out, and said. Memory: both matrices once more as floats, and up to five arrays of 8 million numbers
    (or of one draw of all features, if these are more).

    >>> side = RatioSide(sparse.csr_array([[12], [8]]), np.array([1000.0, 1000.0]), np.arange(2))
    >>> low, high, p = log_ratio_limits(side, side)
    >>> low.round(2).tolist(), high.round(2).tolist(), p.tolist()
    ([-1.22], [1.22], [1.0])
    """
    sides = (target, reference)
    hits = np.stack([np.asarray(side.hits.sum(axis=0), dtype=np.float64).ravel() for side in sides])
    size_ratio = reference.sizes.sum() / target.sizes.sum()
    drawn = np.array([np.unique(side.units).size for side in sides], dtype=np.float64)
    free = drawn - 1
    correction = np.where(free > 0, drawn / np.maximum(free, 1), 1.0)
    variances = np.zeros_like(hits)
    for code, side in enumerate(sides):
        _, units = np.unique(side.units, return_inverse=True)
        n_units = int(drawn[code])
        grouped = _by_unit(RatioSide(side.hits, side.sizes, units), n_units)
        variances[code] = correction[code] * _variance([grouped], n_units, resamples, seed)
    before, after, degrees = side_effects(variances[::-1], hits[::-1], free[::-1])
    if together:
        n_units = int(max(side.units.max() for side in sides)) + 1
        by_cluster = [_by_unit(side, n_units) for side in sides]
        joint = correction.max() * _variance(by_cluster, n_units, resamples, seed)
        shared = shared_variance(joint, variances, hits, free)
        # Clusters that stand on both sides cancel in the ratio; but of a word that one of them says, all cancels,
        # and that is no knowledge. As far as a word is one cluster's (Σ share²) nothing is taken as shared.
        alone = np.max([shares.power(2).sum(axis=1) for shares, _ in by_cluster], axis=0)
        shared = alone + (1 - alone) * shared
        before, after = before * shared, after * shared
        degrees = np.full(before.size, n_units - 1.0)
    low, high = ratio_limits(hits[1], hits[0], (before, after), level=level, degrees=degrees)
    with np.errstate(divide="ignore", over="ignore"):
        low, high = np.log2(low * size_ratio), np.log2(high * size_ratio)
    low, high = np.where(low < -_BOUNDLESS, -np.inf, low), np.where(high > _BOUNDLESS, np.inf, high)
    return low, high, ratio_p(hits[1], hits[0], (before, after), expected=1 / size_ratio, degrees=degrees)


def _by_unit(side: RatioSide, n_units: int) -> tuple[sparse.csr_array, Floats]:
    """Each feature's hits as shares of all its hits (features × units), and the sizes of the units likewise."""
    hits = sparse.csr_array(side.hits.T).astype(np.float64)
    if not np.array_equal(side.units, np.arange(n_units)):
        rows = np.arange(side.units.size)
        member = sparse.csr_array((np.ones(rows.size), (rows, side.units)), shape=(rows.size, n_units))
        hits = sparse.csr_array(hits @ member)
    totals = np.asarray(hits.sum(axis=1)).ravel()
    hits.data /= np.repeat(totals, np.diff(hits.indptr))
    sizes = np.bincount(side.units, weights=side.sizes, minlength=n_units)
    return hits, sizes / sizes.sum()


def _variance(sides: list[tuple[sparse.csr_array, Floats]], n_units: int, resamples: int, seed: int) -> Floats:
    """Variance over the draws of the relative rate, or of the difference of both sides' relative rates.

    A relative rate (drawn over observed) stays finite in draws without hits, where a logarithm would not.
    """
    # Each side begins with the seed: the variances of both are told apart, so exchanging the sides only turns signs.
    rng = np.random.default_rng(seed)
    features = sides[0][0].shape[0]
    rows = max(1, min(resamples, _CHUNK_CELLS // max(features, n_units, 1)))
    first, second, used = np.zeros(features), np.zeros(features), 0
    observed = [np.diff(hits.indptr) > 0 for hits, _ in sides]
    for done in range(0, resamples, rows):
        weights = unit_weights(n_units, min(rows, resamples - done), rng)
        sizes = [weights @ shares for _, shares in sides]
        full = np.all([size > 0 for size in sizes], axis=0)
        weights = weights[full]
        change: Any = 0.0
        for sign, (hits, _), size, seen in zip((1, -1), sides, sizes, observed, strict=False):
            relative = hits @ np.ascontiguousarray((weights / size[full, None]).T)
            relative[~seen] = 1.0
            relative -= 1.0
            change = relative if sign > 0 else np.subtract(change, relative, out=change)
        used += int(full.sum())
        first += change.sum(axis=1)
        second += np.einsum("ij,ij->i", change, change)
    if used < resamples:
        warn(f"{resamples - used} of {resamples} draws held no text of a side and were left out.")
    if used < 2:
        return np.full(features, np.nan)
    return np.maximum(second - first**2 / used, 0.0) / (used - 1)
