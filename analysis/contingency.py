"""Two-by-two tables, checked, and the exact distribution of their first cell.

A table is given by its first cell and its margins, as arrays that broadcast::

                     collocate   other
    node's windows     o11        o12      r1
    elsewhere          o21        o22      r2
                       c1         c2       n

For keywords the rows are the target and the reference, the first column the word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.errors import Fault, raise_faults, shown

__all__ = [
    "check_choices",
    "checked_tables",
    "deviance",
    "expected_cells",
    "log_point",
    "log_tail",
    "log_two_sided",
    "numbers",
    "observed_cells",
]

Floats = NDArray[np.float64]

#: The largest relative rounding of margins that were computed and not counted.
_SLACK = 1e-12

#: Log-factorials below this are looked up, above it Stirling's series has full precision.
_SMALL = 16

#: Tables whose tails are added up at once: as many as stay in the processor's cache.
_AT_ONCE = 4096

#: Tables whose probability is larger than that of the observed one by no more than this
#: share count as equally probable in a two-sided test, as in R's `fisher.test`.
_EQUALLY_PROBABLE = 1e-7


def check_choices(subject: str, *choices: tuple[str, object, Iterable[object]]) -> None:
    """Refuse options (name, received, accepted values) that are not among those accepted, all at once."""
    raise_faults(
        subject,
        [
            Fault(subject, name, shown(received), ", ".join(repr(value) for value in accepted))
            for name, received, accepted in choices
            if not any(received is value or (type(received) is type(value) and received == value) for value in accepted)
        ],
    )


def numbers(subject: str, given: Mapping[str, ArrayLike]) -> list[Floats]:
    """The values of ``given`` as float64 arrays; all that are no numbers are refused by name.

    >>> numbers("test", {"target": [1, 2]})
    [array([1., 2.])]
    """
    arrays, faults = [], []
    for name, values in given.items():
        try:
            arrays.append(np.asarray(values, dtype=np.float64))
        except (TypeError, ValueError):
            faults.append(Fault(subject, name, shown(values), "numbers"))
    raise_faults(subject, faults)
    return arrays


def checked_tables(
    subject: str, o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, whole: bool = False
) -> tuple[Floats, Floats, Floats, Floats]:
    """The four arrays, broadcast to one shape, as float64; impossible tables are refused.

    A table is possible if 0 ≤ ``o11`` ≤ min(``r1``, ``c1``), ``r1`` + ``c1`` − ``o11`` ≤ ``n`` and
    ``n`` > 0. ``whole``: only whole numbers. Raises `InputError` with one fault per broken condition, which says
    how many tables break it and shows the first.

    >>> [v.tolist() for v in checked_tables("test", [1, 2], 5, [3, 4], 10)]
    [[1.0, 2.0], [5.0, 5.0], [3.0, 4.0], [10.0, 10.0]]
    """
    given = {"o11": o11, "r1": r1, "c1": c1, "n": n}
    arrays, faults = numbers(subject, given), []
    try:
        a, r, c, total = np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(given, arrays, strict=True))
        raise_faults(subject, [Fault(subject, "shapes", shapes, "shapes that broadcast to one")])
    slack = _SLACK * (0.0 if whole else 1.0)
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(a) & np.isfinite(r) & np.isfinite(c) & np.isfinite(total)
        broken = {
            "a number that is missing or infinite": (~finite, "finite numbers"),
            "n": (finite & (total <= 0), "more than 0"),
            "o11": (finite & ((a < 0) | (a > np.minimum(r, c) * (1 + slack))), "0 to the smaller of r1 and c1"),
            "o22": (finite & (r + c - a > total * (1 + slack)), "r1 + c1 − o11 at most n"),
        }
        if whole:
            fraction = (a % 1 != 0) | (r % 1 != 0) | (c % 1 != 0) | (total % 1 != 0)
            broken["a fraction"] = (finite & fraction, "whole numbers")
    for field, (bad, accepted) in broken.items():
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            values = ", ".join(
                f"{name} = {array[first]:.12g}" for name, array in zip(given, (a, r, c, total), strict=True)
            )
            place = f"table {first[0] if len(first) == 1 else first}" if first else "the table"
            faults.append(Fault(place, field, f"{values} ({bad.sum():,} of {bad.size:,} tables are so)", accepted))
    raise_faults(subject, faults, "Rows and columns must be counted over the same tokens as the first cell.")
    return a, r, c, total


def observed_cells(a: Floats, r: Floats, c: Floats, n: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The four observed cells o11, o12, o21, o22, none below 0.

    >>> [float(v) for v in observed_cells(*(np.float64(v) for v in (10, 30, 20, 100)))]
    [10.0, 20.0, 10.0, 60.0]
    """
    return a, np.maximum(r - a, 0.0), np.maximum(c - a, 0.0), np.maximum(n - r - c + a, 0.0)


def expected_cells(r: Floats, c: Floats, n: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The four cells that independence of rows and columns would give, row total · column total / n.

    >>> [float(v) for v in expected_cells(*(np.float64(v) for v in (30, 20, 100)))]
    [6.0, 24.0, 14.0, 56.0]
    """
    return r * c / n, r * (n - c) / n, (n - r) * c / n, (n - r) * (n - c) / n


def deviance(observed: Floats, expected: Floats) -> Floats:
    """o·ln(o/e) − (o − e), without the loss of digits where o is close to e (Loader 2000); 0·ln 0 is 0.

    With v = (o − e)/(o + e) it is 2·o·(artanh v − v) + (o − e)·v; the bracket is a power series for small v.

    >>> deviance(np.array([0.0, 3.0, 3.0]), np.array([2.0, 3.0, 6.0])).round(6).tolist()
    [2.0, 0.0, 0.920558]
    """
    o, e = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.where(o + e > 0, (o - e) / (o + e), 0.0)
        w = v * v
        series = np.zeros_like(w)
        for power in range(17, 1, -2):
            series = w * (1.0 / power + series)
        close = 2 * o * v * series + (o - e) * v
        far = special.xlogy(o, np.where(o > 0, o / e, 1.0)) - (o - e)
    return np.asarray(np.where(np.abs(v) < 0.1, close, far))


def _excess(count: Floats) -> Floats:
    """ln(x!) − x·ln x + x: what Stirling's x·ln x − x leaves out, 0 at x = 0."""
    x = np.maximum(count, _SMALL)
    square = x * x
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / x
    large = 0.5 * np.log(2 * np.pi * x) + series
    small = np.arange(_SMALL, dtype=np.float64)
    table = special.gammaln(small + 1) - special.xlogy(small, small) + small
    return np.asarray(np.where(count < _SMALL, table[np.minimum(count, _SMALL - 1).astype(np.int64)], large))


def log_point(k: Floats, r: Floats, c: Floats, n: Floats) -> Floats:
    """Natural log of the hypergeometric probability that the first cell is ``k``, the margins fixed.

    ln P = Σ h(margins) − h(n) − Σ h(cells) − G²/2 with h(x) = ln x! − x·ln x + x and G² the log-likelihood ratio
    of the table: no large numbers are subtracted, whatever the counts.

    >>> round(float(np.exp(log_point(*(np.float64(v) for v in (3, 4, 4, 8))))), 14), round(16 / 70, 14)
    (0.22857142857143, 0.22857142857143)
    """
    observed, expected = observed_cells(k, r, c, n), expected_cells(r, c, n)
    margins = _excess(r) + _excess(n - r) + _excess(c) + _excess(n - c) - _excess(n)
    return margins - sum(_excess(o) + deviance(o, e) for o, e in zip(observed, expected, strict=True))


def _log_far_tail(k: Floats, r: Floats, c: Floats, n: Floats) -> Floats:
    """ln P(first cell ≥ k) for k not below the mean: the terms fall, and are added until they add nothing."""
    total = np.ones_like(k)
    for first in range(0, k.size, _AT_ONCE):
        block = slice(first, first + _AT_ONCE)
        total[block] = _far_sums(k[block], r[block], c[block], (n - r - c)[block])
    return log_point(k, r, c, n) + np.log(total)


def _far_sums(k: Floats, r: Floats, c: Floats, rest: Floats) -> Floats:
    """Σ P(j) / P(k) over j ≥ k, from the ratios of neighbouring terms."""
    total, place = np.ones_like(k), np.arange(k.size)
    last, added, done = np.ones_like(k), np.ones_like(k), 0
    while place.size:
        width = 16 * max(1, min(256, _AT_ONCE // place.size))
        j = (k[place] + done)[:, None] + np.arange(width)
        row, column, other = (v[place][:, None] for v in (r, c, rest))
        ratios = (row - j) * (column - j) / ((j + 1) * (other + j + 1))  # 0 at the end of the support: so is all beyond
        terms = last[:, None] * np.cumprod(ratios, axis=1)
        added, last, done = added + terms.sum(axis=1), terms[:, -1], done + width
        total[place] = added
        going = last > added * 1e-17 * np.maximum(1 - ratios[:, -1], 0.0)
        place, last, added = place[going], last[going], added[going]
    return total


def log_tail(k: Floats, r: Floats, c: Floats, n: Floats, *, upper: bool = True) -> Floats:
    """Natural log of the hypergeometric P(first cell ≥ ``k``), or ≤ ``k`` with ``upper=False``.

    Arrays of one dimension. The tail that is away from the mean is added up, the other is one minus it.

    >>> arrays = [np.array([float(v)]) for v in (3, 4, 4, 8)]
    >>> np.exp(log_tail(*arrays)).round(12).tolist(), round(17 / 70, 12)
    ([0.242857142857], 0.242857142857)
    """
    if not upper:  # o12 is at least r − k, and its column is the other one
        return log_tail(r - k, r, n - c, n)
    least, most = np.maximum(r + c - n, 0.0), np.minimum(r, c)
    result = np.where(k > most, -np.inf, 0.0)
    inside = (k > least) & (k <= most)
    far = inside & (k >= r * c / n)
    near = inside & ~far
    result[far] = _log_far_tail(k[far], r[far], c[far], n[far])
    below = _log_far_tail((r - k + 1)[near], r[near], (n - c)[near], n[near])  # P(first cell ≤ k − 1)
    result[near] = np.log1p(-np.minimum(np.exp(below), 1.0))
    return np.minimum(result, 0.0)


def log_two_sided(k: Floats, r: Floats, c: Floats, n: Floats) -> Floats:
    """Natural log of the probability of all tables no more probable than ``k``, two-sided as in R's `fisher.test`.

    Arrays of one dimension.

    >>> arrays = [np.array([float(v)]) for v in (3, 4, 4, 8)]
    >>> np.exp(log_two_sided(*arrays)).round(12).tolist(), round(34 / 70, 12)
    ([0.485714285714], 0.485714285714)
    """
    blocks = [slice(first, first + _AT_ONCE) for first in range(0, k.size, _AT_ONCE)]
    return np.concatenate([np.empty(0), *(_two_sided(k[b], r[b], c[b], n[b]) for b in blocks)])


def _two_sided(k: Floats, r: Floats, c: Floats, n: Floats) -> Floats:
    limit = log_point(k, r, c, n) + np.log1p(_EQUALLY_PROBABLE)
    least, most = np.maximum(r + c - n, 0.0), np.minimum(r, c)
    mode = np.clip(np.floor((r + 1) * (c + 1) / (n + 2)), least, most)
    # On its own side k is not too probable; what lies beyond the support is not either.
    above = _edge(mode, np.where(k >= mode, k, most + 1), limit, r, c, n)
    below = _edge(mode, np.where(k <= mode, k, least - 1), limit, r, c, n)
    tails = np.logaddexp(log_tail(above, r, c, n), log_tail(below, r, c, n, upper=False))
    return np.asarray(np.where(below >= above, 0.0, np.minimum(tails, 0.0)))


def _edge(inner: Floats, outer: Floats, limit: Floats, r: Floats, c: Floats, n: Floats) -> Floats:
    """The first cell from ``inner`` (the mode) towards ``outer`` (not too probable) whose ln P is ≤ ``limit``."""
    step = np.sign(outer - inner)
    before = np.where(step == 0, inner, outer - step)  # often the answer is outer itself
    near = log_point(before, r, c, n) > limit
    start = np.where(near, before, inner)
    done = ~near & (log_point(inner, r, c, n) <= limit)
    width = np.where(done, 0.0, np.abs(outer - start))  # start is too probable, start + step·width is not
    while (wide := np.flatnonzero(width > 1)).size:
        half = np.floor(width[wide] / 2)
        middle = start[wide] + step[wide] * half
        probable = log_point(middle, r[wide], c[wide], n[wide]) > limit[wide]
        start[wide] = np.where(probable, middle, start[wide])
        width[wide] = np.where(probable, width[wide] - half, half)
    return np.asarray(start + step * width)
