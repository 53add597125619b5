"""How strongly two things go together: scores of two-by-two tables, arrays in, float64 array out.

Every measure is ``name(o11, r1, c1, n)`` with options by keyword; the four arrays broadcast. For collocations the rows
are the windows around a node and the rest of the text, the first column the collocate; for keywords the rows are target
and reference, the first column the word (`analysis.contingency` draws the table). E11 = r1 · c1 / n is what
independence would give.

Impossible tables raise `InputError`. Where a row or a column is empty nothing can be associated: test
statistics are then 0 and their p values 1, and measures of strength NaN where they divide by it.

`MEASURES` names them all, those of `analysis.keyness_measures` included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from analysis.contingency import (
    check_choices,
    checked_tables,
    deviance,
    expected_cells,
    log_tail,
    log_two_sided,
    observed_cells,
)
from analysis.errors import Fault, raise_faults, shown
from analysis.keyness_measures import (
    conservative_log_ratio,
    log_odds_difference,
    log_odds_dirichlet,
    log_ratio,
    odds_ratio,
    percent_difference,
    simple_maths,
)

__all__ = [
    "MEASURES",
    "benjamini_hochberg",
    "bic",
    "chi_squared",
    "conservative_log_ratio",
    "delta_p_collocate",
    "delta_p_node",
    "dice",
    "fisher_exact",
    "local_mi",
    "log_dice",
    "log_likelihood",
    "log_odds_difference",
    "log_odds_dirichlet",
    "log_ratio",
    "mi",
    "mi2",
    "mi3",
    "min_sensitivity",
    "npmi",
    "odds_ratio",
    "p_value",
    "percent_difference",
    "pmi",
    "simple_maths",
    "t_score",
    "z_score",
]

Floats = NDArray[np.float64]


def log_likelihood(
    o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, cells: int = 4, signed: bool = False
) -> Floats:
    """G², the log-likelihood ratio: 2 · Σ O · ln(O / E) over the cells. 0 where nothing is associated.

    ``cells=4`` sums over the whole table (Dunning 1993; UCS; quanteda with correction off, cwb-ccc);
    ``cells=2`` over o11 and o21 only (Rayson & Garside 2000; their log-likelihood calculator, conc), which is never
    more, and less where a word makes up a good part of a text. ``signed=True`` gives −G² where o11 is below E11.

    An empty cell adds 0. Natural logs. `p_value` turns it into a p value. It grows with the size of the texts: it
    is evidence, not strength, and evidence only if tokens were independent.

    Source: Dunning, T. (1993), Computational Linguistics 19(1); Rayson, P. & Garside, R. (2000), Comparing corpora
    using frequency profiling.

    >>> log_likelihood([30, 5], 1000, [40, 40], 10_000).round(4).tolist()
    [96.0355, 0.2606]
    >>> log_likelihood([30, 5, 2], 1000, 40, 10_000, cells=2, signed=True).round(4).tolist()
    [95.2755, 0.2595, -1.3365]
    """
    check_choices("log_likelihood", ("cells", cells, (4, 2)), ("signed", signed, (True, False)))
    a, r, c, total = checked_tables("log_likelihood", o11, r1, c1, n)
    observed, expected = observed_cells(a, r, c, total), expected_cells(r, c, total)
    chosen = range(4) if cells == 4 else (0, 2)
    score = np.asarray(2 * sum(deviance(observed[i], expected[i]) for i in chosen))
    return np.where(a < expected[0], -score, score) if signed else score


def chi_squared(
    o11: ArrayLike,
    r1: ArrayLike,
    c1: ArrayLike,
    n: ArrayLike,
    *,
    yates: bool | str = False,
    signed: bool = False,
) -> Floats:
    """Pearson's χ²: Σ (|O − E| − y)² / E over the four cells; |O − E| is the same in all of them.

    ``yates=False``: y = 0 (SciPy and R with correction off). ``"plain"``: y = 0.5 always, which overshoots where
    |O − E| is below 0.5 (UCS's chi.squared.corr). ``"clamped"``: y = min(0.5, |O − E|), so that such tables give 0 (R's
    and SciPy's default). ``"small"``: y = 0.5 where an expected count is below 5 and |O − E| at least 0.5, else 0
    (quanteda's default). ``signed=True`` gives the negative where o11 is below E11 (quanteda, UCS). 0 where a row or
    column is empty.

    Source: Pearson (1900); Yates (1934); Evert, S. (2005), The Statistics of Word Cooccurrences, Stuttgart.

    >>> [float(chi_squared(30, 1000, 40, 10_000, yates=y).round(4)) for y in (False, "plain", "clamped", "small")]
    [188.5319, 181.3504, 181.3504, 181.3504]
    """
    check_choices(
        "chi_squared", ("yates", yates, (False, "plain", "clamped", "small")), ("signed", signed, (True, False))
    )
    a, r, c, total = checked_tables("chi_squared", o11, r1, c1, n)
    expected = expected_cells(r, c, total)
    least = np.minimum.reduce(expected)
    distance = np.abs(a - expected[0])
    if yates == "small":
        distance = np.where((least < 5) & (distance >= 0.5), distance - 0.5, distance)
    elif yates:
        distance = np.maximum(distance - 0.5, 0.0 if yates == "clamped" else -0.5)
    score = np.where(least > 0, distance**2 * sum(1 / np.where(least > 0, e, 1.0) for e in expected), 0.0)
    return np.where(a < expected[0], -score, score) if signed else score


def bic(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, cells: int = 4) -> Floats:
    """G² − ln n: the evidence for a difference after the Bayesian information criterion, one degree of freedom.

    Below 0 the evidence is for no difference; above 2 positive, above 6 strong, above 10 very strong for one (Kass &
    Raftery 1995). ``cells`` as in `log_likelihood`; ``cells=2`` is Rayson's calculator. Natural logs.

    Source: Wilson, A. (2013), Embracing Bayes factors for key item analysis; Gabrielatos, C. (2018), Keyness analysis.

    >>> bic([30, 5], 1000, 40, 10_000).round(4).tolist()
    [86.8252, -8.9498]
    """
    check_choices("bic", ("cells", cells, (4, 2)))
    return np.asarray(log_likelihood(o11, r1, c1, n, cells=cells) - np.log(np.asarray(n, dtype=np.float64)))


def fisher_exact(
    o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, side: str = "greater", log: bool = False
) -> Floats:
    """Fisher's exact test: a p value, from the hypergeometric distribution of o11 with all margins fixed.

    ``side="greater"``: P(X ≥ o11), attraction; ``"less"``: P(X ≤ o11), repulsion; ``"two-sided"``: the probability of
    all tables that are no more probable than this one, as R's fisher.test defines it. ``log=True``: its natural
    logarithm, which says how small p is where p itself is under 10⁻³⁰⁸ and so 0. 1 where a row or column is empty.
    Counts must be whole.

    Source: Fisher (1922); Pedersen (1996), Fishing for exactness; probabilities after Loader (2000).

    >>> fisher_exact([3, 4], 4, 4, 8).round(6).tolist(), fisher_exact(3, 4, 4, 8, side="two-sided").round(6).tolist()
    ([0.242857, 0.014286], 0.485714)
    >>> fisher_exact(5000, 10_000, 6000, 1_000_000, log=True).round(1).tolist()
    -21853.2
    """
    check_choices("fisher_exact", ("side", side, ("greater", "less", "two-sided")), ("log", log, (True, False)))
    tables = checked_tables("fisher_exact", o11, r1, c1, n, whole=True)
    flat = [np.ravel(values) for values in tables]
    logs = log_two_sided(*flat) if side == "two-sided" else log_tail(*flat, upper=side == "greater")
    logs = logs.reshape(tables[0].shape)
    return np.asarray(logs if log else np.exp(logs))


def mi(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, base: float = 2.0) -> Floats:
    """Mutual information of one pair: log(o11 / E11), to ``base`` 2 (Church & Hanks 1990); UCS's MI is to base 10.

    0 for independence, −∞ where o11 is 0, NaN where a margin is 0. High for rare words that met once.

    Source: Church, K. W. & Hanks, P. (1990), Computational Linguistics 16(1).

    >>> mi([30, 4, 0], 1000, 40, 10_000).round(4).tolist()
    [2.9069, 0.0, -inf]
    """
    return _power_mi("mi", 1, o11, r1, c1, n, base)


def pmi(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, base: float = 2.0) -> Floats:
    """Pointwise mutual information: the same as `mi`, under the name that computational linguistics gives it.

    >>> pmi(30, 1000, 40, 10_000).round(4).tolist()
    2.9069
    """
    return _power_mi("pmi", 1, o11, r1, c1, n, base)


def mi2(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, base: float = 2.0) -> Floats:
    """log(o11² / E11): MI that favours rare words less (Daille 1994). Limits as in `mi`; independence is not 0.

    >>> mi2(30, 1000, 40, 10_000).round(4).tolist()
    7.8138
    """
    return _power_mi("mi2", 2, o11, r1, c1, n, base)


def mi3(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, base: float = 2.0) -> Floats:
    """log(o11³ / E11): as `mi2`, more so (Daille 1994; Oakes 1998).

    >>> mi3(30, 1000, 40, 10_000).round(4).tolist()
    12.7207
    """
    return _power_mi("mi3", 3, o11, r1, c1, n, base)


@np.errstate(divide="ignore", invalid="ignore")
def local_mi(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, *, base: float = 2.0) -> Floats:
    """o11 · log(o11 / E11): what the pair adds to the mutual information of all pairs. 0 where o11 is 0.

    Source: Evert, S. (2005), The Statistics of Word Cooccurrences; base 10 there and in UCS.

    >>> local_mi([30, 0], 1000, 40, 10_000).round(4).tolist()
    [87.2067, 0.0]
    """
    a = checked_tables("local_mi", o11, r1, c1, n)[0]
    return np.where(a > 0, a * _power_mi("local_mi", 1, o11, r1, c1, n, base), 0.0)


@np.errstate(divide="ignore", invalid="ignore")
def npmi(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """Normalised PMI: ln(o11 / E11) / −ln(o11 / n), from −1 (never together) over 0 to 1 (only together); any base.

    Limits: −1 where o11 is 0, 1 where o11 = n. NaN where a margin is 0.

    Source: Bouma, G. (2009), Normalized (pointwise) mutual information in collocation extraction.

    >>> npmi([30, 4, 0, 40], 1000, 40, 10_000).round(4).tolist(), npmi(9, 9, 9, 9).tolist()
    ([0.3469, 0.0, -1.0, 0.417], 1.0)
    """
    a, r, c, total = checked_tables("npmi", o11, r1, c1, n)
    score = np.log(a / (r * c / total)) / -np.log(a / total)
    score = np.where(a == 0, -1.0, np.where(a >= total, 1.0, np.clip(score, -1.0, 1.0)))
    return np.where((r > 0) & (c > 0), score, np.nan)


@np.errstate(divide="ignore", invalid="ignore")
def t_score(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """(o11 − E11) / √o11. Favours frequent pairs. −∞ where o11 is 0 and E11 is not, 0 where both are.

    Source: Church, K. W., Gale, W., Hanks, P. & Hindle, D. (1991), Using statistics in lexical analysis.

    >>> t_score([30, 1], 1000, 40, 10_000).round(4).tolist()
    [4.7469, -3.0]
    """
    a, r, c, total = checked_tables("t_score", o11, r1, c1, n)
    difference = a - r * c / total
    return np.where(difference == 0, 0.0, difference / np.sqrt(a))


@np.errstate(divide="ignore", invalid="ignore")
def z_score(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """(o11 − E11) / √E11. Favours rare pairs. 0 where E11 is 0.

    Source: Berry-Rogghe (1973) with this denominator after Dennis (1965) and Evert (2005); Berry-Rogghe's own one is
    √(E11 · (1 − p)), which differs little for rare words.

    >>> z_score([30, 1], 1000, 40, 10_000).round(4).tolist()
    [13.0, -1.5]
    """
    a, r, c, total = checked_tables("z_score", o11, r1, c1, n)
    expected = r * c / total
    return np.where(expected > 0, (a - expected) / np.sqrt(expected), 0.0)


@np.errstate(divide="ignore", invalid="ignore")
def dice(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """2 · o11 / (r1 + c1), from 0 to 1. Does not depend on n. NaN where both margins are 0.

    Source: Dice (1945); Smadja, F., McKeown, K. & Hatzivassiloglou, V. (1996), Computational Linguistics 22(1).

    >>> dice(30, 1000, 40, 10_000).round(6).tolist()
    0.057692
    """
    a, r, c, _ = checked_tables("dice", o11, r1, c1, n)
    return np.asarray(2 * a / (r + c))


@np.errstate(divide="ignore", invalid="ignore")
def log_dice(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """14 + log₂ of `dice`: at most 14; one unit is twice as strong. −∞ where o11 is 0, NaN where both margins are 0.

    r1 decides the scale: Rychlý takes the frequency of the node itself; with r1 the size of its windows
    the values are lower by up to log₂ of the window's width.

    Source: Rychlý, P. (2008), A lexicographer-friendly association score, RASLAN.

    >>> log_dice([30, 0], 1000, 40, 10_000).round(4).tolist()
    [9.8845, -inf]
    """
    a, r, c, _ = checked_tables("log_dice", o11, r1, c1, n)
    return np.asarray(14 + np.log2(2 * a / (r + c)))


@np.errstate(divide="ignore", invalid="ignore")
def delta_p_collocate(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """ΔP(collocate | node) = o11 / r1 − o21 / r2: how much the node (the row) raises the chance of the collocate.

    From −1 to 1, 0 for independence. NaN where a row is empty. Gries calls it ΔP(2|1) where the node is the first word.

    Source: Gries, S. Th. (2013), 50-something years of work on collocations, IJCL 18(1).

    >>> delta_p_collocate(5610, 174_548, 7_867, 10_409_868).round(3).tolist()
    0.032
    """
    a, r, c, total = checked_tables("delta_p_collocate", o11, r1, c1, n)
    return np.asarray(a / r - np.maximum(c - a, 0.0) / (total - r))


@np.errstate(divide="ignore", invalid="ignore")
def delta_p_node(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """ΔP(node | collocate) = o11 / c1 − o12 / c2: how much the collocate (the column) raises the chance of the node.

    As `delta_p_collocate` with rows and columns exchanged. NaN where a column is empty.

    >>> delta_p_node(5610, 174_548, 7_867, 10_409_868).round(3).tolist()
    0.697
    """
    a, r, c, total = checked_tables("delta_p_node", o11, r1, c1, n)
    return np.asarray(a / c - np.maximum(r - a, 0.0) / (total - c))


@np.errstate(divide="ignore", invalid="ignore")
def min_sensitivity(o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike) -> Floats:
    """The smaller of o11 / r1 and o11 / c1, from 0 to 1. NaN where a margin is 0.

    Source: Pedersen, T. & Bruce, R. (1996), What to infer from a description.

    >>> min_sensitivity(30, 1000, 40, 10_000).tolist()
    0.03
    """
    a, r, c, _ = checked_tables("min_sensitivity", o11, r1, c1, n)
    return np.asarray(np.minimum(a / r, a / c))


def p_value(statistic: ArrayLike, *, log: bool = False) -> Floats:
    """p of G² or χ² with one degree of freedom; signs are ignored. NaN stays.

    ``log=True``: its natural logarithm, exact also where p is under 10⁻³⁰⁸. p counts tokens as independent, which words
    in texts are not: it is for comparison with other programs, not for a claim.

    >>> p_value([3.841458820694124, -6.6348966010212145]).round(6).tolist(), p_value(15_000, log=True).round(2).tolist()
    ([0.05, 0.01], -7505.03)
    """
    root = np.sqrt(np.abs(np.asarray(statistic, dtype=np.float64)))
    return np.asarray(np.log(2) + special.log_ndtr(-root) if log else special.erfc(root / np.sqrt(2)))


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """p values adjusted so that rejecting those under q expects a share of at most q false among the rejected.

    The i-th smallest of m becomes the minimum over j ≥ i of m · p(j) / j, at most 1. NaN stays and is no test. Raises
    `InputError` for values outside 0 to 1.

    Source: Benjamini, Y. & Hochberg, Y. (1995), JRSS B 57.

    >>> benjamini_hochberg([0.01, 0.04, 0.03, np.nan]).round(4).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    values = np.asarray(p, dtype=np.float64)
    bad = (values < 0) | (values > 1)
    if bad.any():
        received = f"{shown(float(values[bad][0]))} ({bad.sum():,} of {values.size:,} are so)"
        raise_faults("benjamini_hochberg", [Fault("benjamini_hochberg", "p", received, "0 to 1")])
    adjusted = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    if known.any():
        adjusted[known] = stats.false_discovery_control(values[known], method="bh")
    return adjusted


@np.errstate(divide="ignore", invalid="ignore")
def _power_mi(
    subject: str, power: int, o11: ArrayLike, r1: ArrayLike, c1: ArrayLike, n: ArrayLike, base: float
) -> Floats:
    if not isinstance(base, int | float | np.number) or not (0 < base < np.inf and base != 1):
        raise_faults(subject, [Fault(subject, "base", shown(base), "a positive number other than 1, such as 2 or 10")])
    a, r, c, total = checked_tables(subject, o11, r1, c1, n)
    score = (power * np.log(a) - np.log(r) - np.log(c) + np.log(total)) / np.log(base)
    return np.where((r > 0) & (c > 0), score, np.nan)


#: Every measure of a table, by name, in the order of the documentation.
MEASURES: Mapping[str, Callable[..., Floats]] = MappingProxyType(
    {
        measure.__name__: measure
        for measure in (
            log_likelihood,
            chi_squared,
            fisher_exact,
            mi,
            mi2,
            mi3,
            local_mi,
            pmi,
            npmi,
            t_score,
            z_score,
            dice,
            log_dice,
            delta_p_collocate,
            delta_p_node,
            min_sensitivity,
            odds_ratio,
            log_ratio,
            conservative_log_ratio,
            percent_difference,
            simple_maths,
            bic,
        )
    }
)
