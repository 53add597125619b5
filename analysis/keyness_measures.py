"""How much more often here than there: effect sizes that compare the two rows of a table.

Rows are a target and a reference (or a node's windows and the rest), columns a word and everything else, as
`analysis.contingency` draws them: ``o11`` the word in the target, ``r1`` the size of the target, ``c1`` the word in
both, ``n`` the size of both. No score says how sure it is of documents: for that the documents have to be drawn again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.contingency import check_choices, checked_tables, numbers, observed_cells
from analysis.errors import Fault, raise_faults, shown

__all__ = [
    "conservative_log_ratio",
    "log_odds_difference",
    "log_odds_dirichlet",
    "log_ratio",
    "odds_ratio",
    "percent_difference",
    "simple_maths",
]

Floats = NDArray[np.float64]

_HALF = 0.5

#: What Gabrielatos and Marchi put in place of a relative frequency of zero.
_TINY = 1e-18


@np.errstate(divide="ignore", invalid="ignore")
def log_ratio(
    o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, zeros: str = "half", against: str = "rest"
) -> Floats:
    """log₂ of the ratio of relative frequencies: (o11 / r1) / (o21 / r2). One unit is a doubling.

    ``against="everything"`` divides by c1 / n instead, which makes it `analysis.association.mi` with base 2.

    Zero cells: ``zeros="half"`` puts 0.5 in place of a count of 0 and leaves the sizes (Hardie 2014; CQPweb;
    conc puts 0.05); ``"none"`` gives −∞ and ∞. NaN where a row or the first column is empty.

    Source: Hardie, A. (2014), Log Ratio: an informal introduction, CASS. Base 2.

    >>> log_ratio([40, 10, 0], 1000, [50, 20, 8], 5000).round(4).tolist()
    [4.0, 2.0, -2.0]
    """
    check_choices("log_ratio", ("zeros", zeros, ("half", "none")), ("against", against, ("rest", "everything")))
    a, r, c, total = checked_tables("log_ratio", o11, r1, c1, n)
    here, _, there, _ = observed_cells(a, r, c, total)
    size = total - r
    if against == "everything":
        there, size = c, total
    if zeros == "half":
        here, there = np.where(here == 0, _HALF, here), np.where(there == 0, _HALF, there)
    return np.where((c > 0) & (r > 0) & (total > r), np.log2(here / r) - np.log2(there / size), np.nan)


@np.errstate(divide="ignore", invalid="ignore")
def conservative_log_ratio(
    o11: ArrayLike,
    r1: ArrayLike,
    c1: ArrayLike,
    n: ArrayLike,
    *,
    level: float = 0.95,
    correction: str = "bonferroni",
    tests: int | None = None,
    interval: str = "exact",
) -> Floats:
    """LRC: the bound nearer to zero of the interval of `log_ratio`; 0 where the interval holds zero.

    ``interval="exact"`` (Evert 2022): given c1 occurrences, the share τ in the first row has the Clopper-Pearson limits
    of o11 in c1, and the limits of the log ratio are log₂(r2 / r1 · τ / (1 − τ)). ``"normal"`` (CQPweb's, older):
    ln ratio ± z·√(1/o11 + 1/o21 − 1/r1 − 1/r2), with 0.5 in place of a count of 0.

    ``level`` holds for all ``tests`` together: α = 1 − ``level`` becomes α / m (``correction="bonferroni"``),
    1 − (1 − α)^(1/m) (``"sidak"``) or stays (``"none"``); half of it lies on either side. Where ``tests`` is not given,
    m is the number of tables with c1 > 0: so the score of a word depends on how many others are scored with it; give
    ``tests`` when scoring a part.

    NaN where a row or the first column is empty. Words that stand in one row only have finite scores.

    Tokens are taken as independent, as in the source; where a few documents hold all the hits the bound is too bold.

    Source: Evert, S. (2022), Measuring keyness, DH2022; Hardie (2014) for ``"normal"``. Base 2.

    >>> conservative_log_ratio([40, 10, 0], 1000, [50, 20, 8], 5000).round(4).tolist()
    [2.7829, 0.282, 0.0]
    >>> conservative_log_ratio([40, 10, 0], 1000, [50, 20, 8], 5000, correction="none").round(4).tolist()
    [2.9751, 0.5794, 0.0]
    """
    subject = "conservative_log_ratio"
    check_choices(
        subject,
        ("correction", correction, ("bonferroni", "sidak", "none")),
        ("interval", interval, ("exact", "normal")),
    )
    faults = []
    if not isinstance(level, float | np.floating) or not 0 < level < 1:
        faults.append(Fault(subject, "level", shown(level), "a number between 0 and 1"))
    if tests is not None and (not isinstance(tests, int | float | np.number) or not tests >= 1):
        faults.append(Fault(subject, "tests", shown(tests), "1 or more"))
    raise_faults(subject, faults)
    a, r, c, total = checked_tables(subject, o11, r1, c1, n)
    here, _, there, _ = observed_cells(a, r, c, total)
    size = total - r
    m = max(int((c > 0).sum()) if tests is None else tests, 1)
    alpha = 1 - level
    if correction == "bonferroni":
        alpha = alpha / m
    elif correction == "sidak":
        alpha = -np.expm1(np.log1p(-alpha) / m)
    if interval == "exact":
        lower = np.where(here > 0, special.betaincinv(np.maximum(here, _HALF), there + 1, alpha / 2), 0.0)
        upper_rest = np.where(there > 0, special.betaincinv(np.maximum(there, _HALF), here + 1, alpha / 2), 0.0)
        shift = np.log2(size) - np.log2(r)
        low = shift + np.log2(lower) - np.log2(1 - lower)
        high = shift + np.log2(1 - upper_rest) - np.log2(upper_rest)
    else:
        x, y = np.where(here == 0, _HALF, here), np.where(there == 0, _HALF, there)
        middle = np.log2(x / r) - np.log2(y / size)
        error = np.sqrt(np.maximum(1 / x + 1 / y - 1 / r - 1 / size, 0.0)) * -special.ndtri(alpha / 2) / np.log(2)
        low, high = middle - error, middle + error
    score = np.where(here * size >= there * r, np.maximum(low, 0.0), np.minimum(high, 0.0))
    return np.where((c > 0) & (r > 0) & (size > 0), score, np.nan)


@np.errstate(divide="ignore", invalid="ignore")
def odds_ratio(
    o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, log: bool = False, zeros: str = "haldane"
) -> Floats:
    """(o11 · o22) / (o12 · o21); ``log=True`` gives its natural logarithm. 1 (log: 0) where nothing is associated.

    Zero cells: ``zeros="haldane"`` adds 0.5 to all four cells of a table that has an empty one; ``"always"`` to all
    tables (Haldane 1956, Anscombe 1956; UCS's odds.ratio.disc, to base 10 there); ``"none"`` gives 0 and ∞. NaN where a
    row or a column is empty.

    Source: Evert, S. (2005), The Statistics of Word Cooccurrences, Stuttgart; Pojanapunya & Watson Todd (2018).

    >>> odds_ratio([10, 10], [30, 10], 20, 100).round(4).tolist()
    [3.0, 161.0]
    """
    check_choices("odds_ratio", ("zeros", zeros, ("haldane", "always", "none")), ("log", log, (True, False)))
    a, r, c, total = checked_tables("odds_ratio", o11, r1, c1, n)
    observed = np.stack(observed_cells(a, r, c, total))
    if zeros == "always":
        observed += _HALF
    elif zeros == "haldane":
        observed += np.where((observed == 0).any(axis=0), _HALF, 0.0)
    logs = np.log(observed)
    score = logs[0] - logs[1] - logs[2] + logs[3] if log else observed[0] * observed[3] / (observed[1] * observed[2])
    return np.where((r > 0) & (c > 0) & (r < total) & (c < total), score, np.nan)


@np.errstate(divide="ignore", invalid="ignore")
def percent_difference(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, zeros: str = "half") -> Floats:
    """%DIFF: 100 · (p − q) / q with p = o11 / r1 and q = o21 / r2. 0 for no difference, −100 for a word that is absent.

    A word that the reference does not have: ``zeros="half"`` puts 0.5 in place of o21, as `log_ratio` does;
    ``"tiny"`` puts 10⁻¹⁸ in place of q (Gabrielatos & Marchi; KeynessMeasures for R), ``"none"`` gives ∞. NaN where a
    row or the first column is empty.

    Source: Gabrielatos, C. & Marchi, A. (2012), Keyness: appropriate metrics and practical issues, CADS, Bologna.

    >>> percent_difference([40, 0, 5], 1000, [50, 8, 5], 5000).round(4).tolist()
    [1500.0, -100.0, 3900.0]
    """
    check_choices("percent_difference", ("zeros", zeros, ("half", "tiny", "none")))
    a, r, c, total = checked_tables("percent_difference", o11, r1, c1, n)
    here, _, there, _ = observed_cells(a, r, c, total)
    size = total - r
    q = there / size
    if zeros != "none":
        q = np.where(there == 0, _HALF / size if zeros == "half" else _TINY, q)
    return np.where((c > 0) & (r > 0) & (size > 0), 100 * (here / r - q) / q, np.nan)


@np.errstate(divide="ignore", invalid="ignore")
def simple_maths(
    o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, constant: float = 1.0, per: float = 1e6
) -> Floats:
    """(p + k) / (q + k), with p = ``per`` · o11 / r1, q = ``per`` · o21 / r2 and k the ``constant``.

    A small constant ranks rare words high, a large one frequent words; 1, 10, 100 and 1000 per million are usual. No
    zero cases as long as the constant is positive. NaN where a row is empty.

    Source: Kilgarriff, A. (2009), Simple maths for keywords, Corpus Linguistics 2009, Liverpool; Sketch Engine.

    >>> simple_maths([40, 0], 1_000_000, [50, 8], 5_000_000).round(4).tolist()
    [11.7143, 0.3333]
    """
    faults = [
        Fault("simple_maths", name, shown(value), accepted)
        for name, value, accepted in (("constant", constant, "0 or more"), ("per", per, "more than 0"))
        if not isinstance(value, int | float | np.number) or not 0 <= value < np.inf or (name == "per" and not value)
    ]
    raise_faults("simple_maths", faults)
    a, r, c, total = checked_tables("simple_maths", o11, r1, c1, n)
    here, _, there, _ = observed_cells(a, r, c, total)
    return np.asarray((per * here / r + constant) / (per * there / (total - r) + constant))


@np.errstate(divide="ignore", invalid="ignore")
def log_odds_difference(
    target: ArrayLike, reference: ArrayLike, prior: ArrayLike, *, variance: str = "approximate"
) -> tuple[Floats, Floats]:
    """Difference of the log-odds of each word in two texts under a Dirichlet prior, and its variance.

    ``target`` and ``reference`` hold the counts y and y' of the whole vocabulary, in one order; their sums n and n' are
    the sizes. ``prior`` is α, one positive number a word (counts of a background corpus, possibly scaled), or one
    number α₀: then α = α₀ · (y + y') / (n + n'), the pooled counts scaled to sum to α₀. With α₀ = Σα

        δ = ln[(y + α) / (n + α₀ − y − α)] − ln[(y' + α) / (n' + α₀ − y' − α)],  variance ≈ 1 / (y + α) + 1 / (y' + α).

    ``variance="full"`` adds 1 / (n + α₀ − y − α) and 1 / (n' + α₀ − y' − α), what all other words contribute
    (scattertext); ``"approximate"`` is what the paper's equation 20 and Hessel's FightingWords use. Natural logs. Zero
    counts need no correction, the prior is one. NaN for a word that neither text nor prior has, and where a word is all
    there is.

    Raises `InputError` if lengths differ, a count is negative or missing, or the prior is not positive.

    Source: Monroe, B. L., Colaresi, M. P. & Quinn, K. M. (2008), Fightin' Words, Political Analysis 16(4), equations
    16 and 20.

    >>> delta, variance = log_odds_difference([30, 10, 60], [10, 10, 80], 10.0)
    >>> delta.round(4).tolist(), variance.round(4).tolist()
    ([1.2091, 0.0, -0.8869], [0.1146, 0.1818, 0.0264])
    """
    subject = "log_odds_dirichlet"
    check_choices(subject, ("variance", variance, ("approximate", "full")))
    y, other, alpha = numbers(subject, {"target": target, "reference": reference, "prior": prior})
    faults = []
    if y.ndim != 1 or y.shape != other.shape:
        faults.append(
            Fault(subject, "target, reference", f"shapes {y.shape} and {other.shape}", "two vectors of one length")
        )
    elif alpha.ndim > 0 and alpha.shape != y.shape:
        faults.append(Fault(subject, "prior", f"shape {alpha.shape}", f"one number, or {y.size:,} of them"))
    for name, values, fine, accepted in (
        ("target", y, y >= 0, "counts, 0 or more"),
        ("reference", other, other >= 0, "counts, 0 or more"),
        ("prior", alpha, alpha > 0, "numbers above 0"),
    ):
        bad = ~(fine & np.isfinite(values))
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            received = f"{np.ravel(values)[at]} at {at} ({bad.sum():,} of {bad.size:,} are so)"
            faults.append(Fault(subject, name, received, accepted))
    raise_faults(subject, faults, "A word without a prior count can be given a small one, or α₀ instead of the counts.")
    if alpha.ndim == 0:
        pooled = y + other
        alpha = alpha * pooled / pooled.sum() if pooled.any() else np.full_like(y, np.nan)
    here, there = y + alpha, other + alpha
    rest, other_rest = np.nansum(here) - here, np.nansum(there) - there
    delta = np.log(here / rest) - np.log(there / other_rest)
    spread = 1 / here + 1 / there
    if variance == "full":
        spread = spread + 1 / rest + 1 / other_rest
    known = np.isfinite(delta)
    return np.where(known, delta, np.nan), np.where(known, spread, np.nan)


def log_odds_dirichlet(
    target: ArrayLike, reference: ArrayLike, prior: ArrayLike, *, variance: str = "approximate"
) -> Floats:
    """Fightin' Words: the log-odds difference of `log_odds_difference` over its standard error, a z score.

    Positive for words of the target. Formula, zero cases, errors and source are those of `log_odds_difference`.
    Tokens are taken as independent: of texts in which words cluster, |z| > 1.96 is no test at 5 %.

    >>> log_odds_dirichlet([30, 10, 60], [10, 10, 80], 10.0).round(4).tolist()
    [3.5719, 0.0, -5.4566]
    """
    delta, spread = log_odds_difference(target, reference, prior, variance=variance)
    return np.asarray(delta / np.sqrt(spread))
