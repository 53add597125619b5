"""Uncertainty of rates and of ratios of rates: pure arithmetic on arrays.

The sampling unit is the document, or a cluster of documents, never the token.
Resampling whole units tells how variable a rate is; the ratio of that variance
to the variance of independent hits (Poisson) is the *design effect*. The
interval is then the exact Poisson interval (Garwood 1936) for the *effective*
number of hits, the hits divided by the design effect, as gamma limits are used
for rates of weighted counts (Fay & Feuer 1997). Percentiles of the resamples
themselves are too narrow when a period holds few documents or few hits, and
have no width at all when it holds none; simulations in
``tests/test_intervals.py`` measure the coverage of what is used instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

__all__ = [
    "gamma_limits",
    "moderated",
    "ratio_limits",
    "ratio_p",
    "resampled_sums",
    "shared_variance",
    "side_effects",
    "unit_weights",
]

Floats = NDArray[np.float64]

#: Hits that repeat alike in every document vary less than independent hits do;
#: no interval is drawn narrower than this share of the Poisson variance allows.
LEAST_DESIGN_EFFECT = 0.5

#: Student's t is not taken below these degrees of freedom: under them its quantiles
#: swamp everything the documents say, and the point is marked `few` anyway.
LEAST_FREEDOM = 4

#: Degrees of freedom that a design effect borrows, at most, from its neighbours.
BORROWED = 10

_CHUNK_CELLS = 8_000_000


def unit_weights(n_units: int, resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each unit is drawn: ``resamples`` rows of ``n_units`` counts.

    Each row draws ``n_units`` units with replacement, so it sums to ``n_units``.

    >>> unit_weights(4, 2, np.random.default_rng(0)).sum(axis=1).tolist()
    [4.0, 4.0]
    """
    drawn = rng.integers(0, n_units, size=(resamples, n_units))
    drawn += np.arange(resamples)[:, None] * n_units
    return np.bincount(drawn.ravel(), minlength=resamples * n_units).reshape(resamples, n_units).astype(np.float64)


def resampled_sums(values: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Column sums of ``values`` (units × columns) over resampled units.

    Returns ``resamples`` rows. Works in chunks, so memory stays bounded however
    many units there are.
    """
    n_units = values.shape[0]
    rows = max(1, min(resamples, _CHUNK_CELLS // max(n_units, 1)))
    parts = [unit_weights(n_units, min(rows, resamples - done), rng) @ values for done in range(0, resamples, rows)]
    return np.concatenate(parts)


def moderated(effect: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Design effects drawn towards those of the other rows, with their degrees of freedom.

    A handful of documents says little about how hits cluster. The other periods of
    the same frame (rows; frames are columns) say more, and count as up to ten
    further degrees of freedom: (f·d + k·d̄) / (f + k), where d̄ is the mean design
    effect of the others. Where nothing is known the design effect is 1.

    >>> effect, freedom = moderated(np.array([[4.0], [1.0], [1.0]]), np.array([[5.0], [50.0], [0.0]]))
    >>> effect.round(3).tolist(), freedom.tolist()
    ([[2.0], [1.273], [1.273]], [[15.0], [55.0], [10.0]])
    """
    others = freedom.sum(axis=0) - freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(others > 0, ((freedom * effect).sum(axis=0) - freedom * effect) / others, 1.0)
        weight = np.minimum(others, BORROWED)
        drawn = np.where(freedom + weight > 0, (freedom * effect + weight * mean) / (freedom + weight), 1.0)
    return drawn, freedom + weight


def side_effects(variance: Floats, hits: Floats, free: Any) -> tuple[Floats, Floats, Floats]:
    """Design effects of the two sides of a ratio of rates, and the degrees of freedom of its logarithm.

    ``variance`` is the relative variance of the rate of each side (rows: before, after; columns are frames or
    words) when its units are drawn again, ``hits`` its hits, ``free`` the units less one. The design effect of a
    side is that variance over that of independent hits, 1 / hits. How much is known of it grows with the units, but h
    hits tell no more of how they clump than h − 1: a single hit beside the four hundred of one talkative place
    says nothing of how such hits come. What a side lacks to ten degrees of freedom it borrows from the other, as far
    as that has them: (f·d + k·d′) / (f + k). The degrees of freedom are those of Welch and Satterthwaite, from the units.

    >>> before, after, degrees = side_effects(np.array([[1.0], [1.0]]), np.array([[1.0], [400.0]]), np.array([14, 14]))
    >>> before.tolist(), after.tolist(), degrees.round(1).tolist()
    ([400.0], [400.0], [14.1])
    """
    freedom = np.asarray(free, dtype=np.float64).reshape(2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where((hits > 0) & (freedom > 0), variance * hits, 1.0)
        known = np.clip(np.minimum(freedom, hits - 1), 0.0, None)
        lacking = np.minimum(np.clip(BORROWED - known, 0.0, None), known[::-1])
        weight = known + lacking
        effect = np.where(weight > 0, (known * own + lacking * own[::-1]) / weight, 1.0)
        effect = np.where(freedom > 0, effect, np.maximum(effect, 1.0))  # one unit alone: at least independent hits
        parts = np.where(hits > 0, effect / hits, 0.0)
        units = np.where(hits > 0, np.maximum(weight, freedom), weight)
        weighed = np.where(units > 0, parts**2 / units, 0.0).sum(axis=0)
        degrees = np.where(weighed > 0, parts.sum(axis=0) ** 2 / weighed, np.inf)
    return effect[0], effect[1], degrees


def shared_variance(joint: Floats, apart: Floats, hits: Floats, free: Any) -> Floats:
    """What both sides share when whole clusters are drawn across both, as a factor of their design effects.

    The relative variance of the ratio, ``joint``, over the sum of those of the sides, ``apart``; 1 where a side has
    no hits, or one cluster alone, and tells nothing.

    >>> shared_variance(np.array([0.1]), np.array([[0.1], [0.1]]), np.array([[9.0], [9.0]]), np.array([5, 5])).tolist()
    [0.5]
    """
    total = apart.sum(axis=0)
    told = (hits > 0).all(axis=0) & (np.asarray(free) > 0).all() & (total > 0)
    return np.where(told, joint / np.where(told, total, 1.0), 1.0)


def gamma_limits(hits: Any, design_effect: Any, *, level: float = 0.95, degrees: Any = np.inf) -> tuple[Floats, Floats]:
    """Lower and upper limit of the expected number of hits.

    With h hits, design effect d, effective hits e = h / (d·c²) and scale
    s = h / e, the limits are s·G(α/2; e) and s·G(1 − α/2; e + 1), where G is
    the quantile of the gamma distribution with that shape and scale 1 and
    α = 1 − ``level``. c = t / z, the quantile of Student's t with ``degrees``
    degrees of freedom (at least 4) over the normal one, widens the interval for the
    design effect's own uncertainty.

    Edge cases: zero hits give [0, −ln(α/2)] (3.689 hits at 95 %), whatever the
    design effect. A design effect below 0.5 is taken as 0.5.

    With d = 1 and ``degrees`` infinite these are Garwood's limits:

    >>> low, high = gamma_limits(np.array([0.0, 10.0]), 1.0)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 4.795], [3.689, 18.39])
    """
    hits, effect, df = (np.asarray(v, dtype=np.float64) for v in (hits, design_effect, degrees))
    tail = (1 - level) / 2
    widening = stats.t.ppf(1 - tail, np.maximum(df, LEAST_FREEDOM)) / stats.norm.ppf(1 - tail)
    effect = np.maximum(np.nan_to_num(effect, nan=1.0), LEAST_DESIGN_EFFECT) * widening**2
    scale = np.where(hits > 0, effect, 1.0)
    effective = hits / scale
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, stats.gamma.ppf(tail, np.maximum(effective, 1e-300)), 0.0) * scale
        high = stats.gamma.ppf(1 - tail, effective + 1) * scale
    return low, high


def ratio_limits(
    before: Any, after: Any, design_effect: Any, *, level: float = 0.95, degrees: Any = np.inf
) -> tuple[Floats, Floats]:
    """Limits of the ratio of two expected numbers of hits, ``after`` over ``before``.

    With effective hits a and b (hits divided by the design effect, widened for
    ``degrees`` as in `gamma_limits`) the limits are
    a / (b + 1) · F(α/2; 2a, 2b + 2) and (a + 1) / b · F(1 − α/2; 2a + 2, 2b):
    the exact conditional interval for two Poisson counts, on effective counts.
    Multiply by size before / size after for a ratio of rates. ``design_effect`` may be a
    pair, (before, after); the limits are then multiplied by that of after over that of before.

    Edge cases: no hits after give a lower limit of 0, no hits before an upper
    limit of infinity, no hits at all [0, ∞]. With hits on one side only a design
    effect below 1 is taken as 1: nothing is known of how the other side varies.

    >>> low, high = ratio_limits(np.array([10.0]), np.array([20.0]), 1.0)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.894], [4.785])
    """
    b, a, df = (np.asarray(v, dtype=np.float64) for v in (before, after, degrees))
    tail = (1 - level) / 2
    widening = stats.t.ppf(1 - tail, np.maximum(df, LEAST_FREEDOM)) / stats.norm.ppf(1 - tail)
    scales = [scale * widening**2 for scale in _scales(b, a, design_effect)]
    a, b, between = a / scales[1], b / scales[0], scales[1] / scales[0]
    tiny = 1e-300
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(a > 0, a / (b + 1) * stats.f.ppf(tail, np.maximum(2 * a, tiny), 2 * b + 2), 0.0)
        high = np.where(b > 0, (a + 1) / b * stats.f.ppf(1 - tail, 2 * a + 2, np.maximum(2 * b, tiny)), np.inf)
    return low * between, high * between


def _scales(before: Floats, after: Floats, design_effect: Any) -> tuple[Floats, Floats]:
    """What the hits of each side are divided by."""
    pair = design_effect if isinstance(design_effect, tuple) else (design_effect, design_effect)
    least = np.where((after > 0) & (before > 0), LEAST_DESIGN_EFFECT, 1.0)
    first, second = (np.maximum(np.nan_to_num(np.asarray(e, dtype=np.float64), nan=1.0), least) for e in pair)
    return first, second


def ratio_p(
    before: Any, after: Any, design_effect: Any, *, expected: Any = 1.0, degrees: Any = np.inf
) -> NDArray[np.float64]:
    """Probability, two-sided, of hits so unequal if their true ratio, ``after`` over ``before``, is ``expected``.

    The exact conditional test of two Poisson counts on the effective hits of `ratio_limits`: with
    a and b of them and π = expected / (1 + expected), twice the smaller tail, I(π; a, b + 1) or
    I(1 − π; b, a + 1), where I is the regularised incomplete beta function; at most 1. The
    normal quantile of that tail is then referred to Student's t with ``degrees`` degrees of freedom.
    With infinitely many the test and the limits agree exactly, with few they may differ a little.

    Edge cases: no hits at all give 1. The tail is not taken below 1e-300.

    >>> ratio_p(np.array([10.0, 0.0]), np.array([30.0, 0.0]), 1.0).round(5).tolist()
    [0.00222, 1.0]
    """
    b, a, ratio, df = (np.asarray(v, dtype=np.float64) for v in (before, after, expected, degrees))
    scales = _scales(b, a, design_effect)
    ratio = ratio * scales[0] / scales[1]
    a, b, share = a / scales[1], b / scales[0], ratio / (1 + ratio)
    tiny = 1e-300
    more = np.where(a > 0, special.betainc(np.maximum(a, tiny), b + 1, share), 1.0)
    fewer = np.where(b > 0, special.betainc(np.maximum(b, tiny), a + 1, 1 - share), 1.0)
    quantile = special.ndtri(np.clip(np.minimum(more, fewer), tiny, 0.5))
    df = np.maximum(df, LEAST_FREEDOM)
    tail = np.where(np.isinf(df), special.ndtr(quantile), special.stdtr(np.minimum(df, 1e9), quantile))
    return np.asarray(np.minimum(2 * tail, 1.0))
