"""Scores of two-by-two tables: against published numbers, other programs, base R, brute force, and by properties."""

import json
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import association as scores
from analysis.association import MEASURES, benjamini_hochberg, p_value
from analysis.errors import InputError

REFERENCES = Path(__file__).parent / "references"
BY_R = json.loads((REFERENCES / "association.json").read_text(encoding="utf-8"))
TABLES = tuple(np.array(BY_R["tables"]).T)
UCS = pd.read_csv(REFERENCES / "association_ucs.tsv", sep="\t", comment="#")

#: The name in the reference file, the function, its options.
OPTIONS = [
    ("log_likelihood", scores.log_likelihood, {}),
    ("log_likelihood_2_cells", scores.log_likelihood, {"cells": 2}),
    ("log_likelihood_signed", scores.log_likelihood, {"signed": True}),
    ("bic", scores.bic, {}),
    ("chi_squared", scores.chi_squared, {}),
    ("chi_squared_clamped", scores.chi_squared, {"yates": "clamped"}),
    ("chi_squared_plain", scores.chi_squared, {"yates": "plain"}),
    ("chi_squared_small", scores.chi_squared, {"yates": "small"}),
    ("fisher_greater", scores.fisher_exact, {}),
    ("fisher_less", scores.fisher_exact, {"side": "less"}),
    ("fisher_two_sided", scores.fisher_exact, {"side": "two-sided"}),
    ("mi", scores.mi, {}),
    ("mi", scores.pmi, {}),
    ("mi2", scores.mi2, {}),
    ("mi3", scores.mi3, {}),
    ("local_mi", scores.local_mi, {}),
    ("npmi", scores.npmi, {}),
    ("t_score", scores.t_score, {}),
    ("z_score", scores.z_score, {}),
    ("dice", scores.dice, {}),
    ("log_dice", scores.log_dice, {}),
    ("delta_p_collocate", scores.delta_p_collocate, {}),
    ("delta_p_node", scores.delta_p_node, {}),
    ("min_sensitivity", scores.min_sensitivity, {}),
    ("odds_ratio_haldane", scores.odds_ratio, {}),
    ("odds_ratio_always", scores.odds_ratio, {"zeros": "always"}),
    ("odds_ratio_none", scores.odds_ratio, {"zeros": "none"}),
    ("log_ratio", scores.log_ratio, {}),
    ("log_ratio_none", scores.log_ratio, {"zeros": "none"}),
    ("conservative_log_ratio", scores.conservative_log_ratio, {}),
    ("conservative_log_ratio_sidak", scores.conservative_log_ratio, {"correction": "sidak"}),
    ("conservative_log_ratio_none", scores.conservative_log_ratio, {"correction": "none"}),
    ("conservative_log_ratio_normal", scores.conservative_log_ratio, {"interval": "normal"}),
    ("percent_difference_half", scores.percent_difference, {}),
    ("percent_difference_none", scores.percent_difference, {"zeros": "none"}),
    ("simple_maths", scores.simple_maths, {}),
]


@pytest.mark.parametrize(("name", "measure", "options"), OPTIONS, ids=[f"{o[0]}-{o[1].__name__}" for o in OPTIONS])
def test_numbers_of_base_r(name, measure, options):
    expected = np.array(BY_R["scores"][name])
    # G² as books write it loses digits to subtraction, ours does not: see the next test
    least = 1e-300 if "fisher" in name else 1e-9 if measure in (scores.log_likelihood, scores.bic) else 1e-13
    np.testing.assert_allclose(measure(*TABLES, **options), expected, rtol=2e-11, atol=least)


def test_log_likelihood_keeps_its_digits_next_to_independence():
    a, r1, c1, n = 7_001, 1_000_000, 700_000, 100_000_000
    with localcontext(prec=60):
        cells = [Decimal(v) for v in (a, r1 - a, c1 - a, n - r1 - c1 + a)]
        expected = [Decimal(r * c) / n for r in (r1, n - r1) for c in (c1, n - c1)]
        exact = float(2 * sum(o * (o / e).ln() for o, e in zip(cells, expected, strict=True)))
    assert float(scores.log_likelihood(a, r1, c1, n)) == pytest.approx(exact, rel=1e-12)


def test_the_log_of_fishers_p_says_how_small_it_is():
    for side, name in (("greater", "fisher_log_greater"), ("less", "fisher_log_less")):
        logs = scores.fisher_exact(*TABLES, side=side, log=True)
        np.testing.assert_allclose(logs, BY_R["scores"][name], rtol=1e-11, atol=1e-14)
    assert scores.fisher_exact(*TABLES).min() == 0  # under 1e-308, where logs are needed
    assert np.isfinite(scores.fisher_exact(*TABLES, log=True)).all()


@pytest.mark.parametrize(
    ("column", "measure", "options", "factor"),
    [
        ("am.Dice", scores.dice, {}, 1),
        ("am.Fisher.pv", scores.fisher_exact, {"log": True}, -1 / np.log(10)),
        ("am.MI", scores.mi, {"base": 10}, 1),
        ("am.MI2", scores.mi2, {"base": 10}, 1),
        ("am.MI3", scores.mi3, {"base": 10}, 1),
        ("am.MS", scores.min_sensitivity, {}, 1),
        ("am.chi.squared", scores.chi_squared, {"signed": True}, 1),
        ("am.chi.squared.corr", scores.chi_squared, {"signed": True, "yates": "plain"}, 1),
        ("am.local.MI", scores.local_mi, {"base": 10}, 1),
        ("am.log.likelihood", scores.log_likelihood, {"signed": True}, 1),
        ("am.odds.ratio", scores.odds_ratio, {"log": True, "zeros": "none"}, 1 / np.log(10)),
        ("am.odds.ratio.disc", scores.odds_ratio, {"log": True, "zeros": "always"}, 1 / np.log(10)),
        ("am.t.score", scores.t_score, {}, 1),
        ("am.z.score", scores.z_score, {}, 1),
    ],
)
def test_numbers_of_the_ucs_toolkit(column, measure, options, factor):
    ours = measure(UCS["f"], UCS["f1"], UCS["f2"], UCS["N"], **options) * factor
    least = 1e-9 if measure is scores.log_likelihood else 1e-14
    np.testing.assert_allclose(ours, UCS[column], rtol=2e-12, atol=least)


def test_the_relative_risk_of_ucs_has_rows_and_columns_exchanged():
    ours = scores.log_ratio(UCS["f"], UCS["f2"], UCS["f1"], UCS["N"]) * np.log10(2)
    np.testing.assert_allclose(ours, UCS["am.relative.risk"], rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "measure", "options"),
    [
        ("lr", scores.log_ratio, {}),
        ("lrc", scores.conservative_log_ratio, {"tests": 599}),
        ("lrc.normal", scores.conservative_log_ratio, {"tests": 599, "interval": "normal"}),
        ("clr", scores.conservative_log_ratio, {"tests": 599, "interval": "normal", "level": 0.99}),
    ],
)
def test_log_ratios_of_cqpweb_and_evert(column, measure, options):
    gold = pd.read_csv(REFERENCES / "association_log_ratio.tsv", sep="\t", comment="#")
    ours = measure(gold["f"], 168329, gold["f2"], 19720567, **options)
    np.testing.assert_allclose(ours, gold[column], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("column", "measure", "options"),
    [
        ("log_likelihood", scores.log_likelihood, {"cells": 2}),
        ("bic", scores.bic, {"cells": 2}),
        ("percent_difference", scores.percent_difference, {"zeros": "tiny"}),
        ("log_ratio", scores.log_ratio, {}),
        ("odds_ratio", scores.odds_ratio, {"zeros": "none"}),
    ],
)
def test_keyness_as_two_programs_print_it(column, measure, options):
    printed = pd.read_csv(REFERENCES / "association_keyness.tsv", sep="\t", comment="#", dtype={column: str}).dropna(
        subset=[column]
    )
    a, b, r1, r2 = (printed[name].to_numpy() for name in ("target", "reference", "r1", "r2"))
    ours = measure(a, r1, a + b, r1 + r2, **options)
    for value, text in zip(ours, printed[column], strict=True):
        if "e" in text:
            assert f"{value:.6e}" == text
        else:
            assert f"{value:.{len(text.partition('.')[2])}f}" == text


#: Printed numbers, to the digits printed: four cells o11, o12, o21, o22.
PUBLISHED = [
    # Dunning (1993), Accurate methods, p. 72: -2 log lambda of a bigram seen 10 times; p. 73: chi-squared of another
    (scores.log_likelihood, {}, (10, 0, 3, 31764), "167.23"),
    (scores.chi_squared, {}, (3, 0, 0, 31774), "31777"),
    # Pedersen (1996), Fishing for exactness, p. 10: Fisher's tea; both, left and right side, and chi-squared corrected
    (scores.fisher_exact, {"side": "two-sided"}, (1, 3, 3, 1), "0.486"),
    (scores.fisher_exact, {"side": "less"}, (1, 3, 3, 1), "0.243"),
    (scores.fisher_exact, {"side": "greater"}, (1, 3, 3, 1), "0.986"),
    (scores.chi_squared, {"yates": "clamped"}, (1, 3, 3, 1), "0.500"),
    # Gries (2013), 50-something years, p. 144: "of course", both directions
    (scores.delta_p_collocate, {}, (5610, 168938, 2257, 10233063), "0.032"),
    (scores.delta_p_node, {}, (5610, 168938, 2257, 10233063), "0.697"),
    # Church & Hanks (1990), p. 24: "doctors ... honorary", I(x, y)
    (scores.mi, {}, (8, 1105 - 8, 44 - 8, 15000000 - 1105 - 44 + 8), "11.3"),
    # Bouma (2009), p. 36: only together, independent, never together
    (scores.npmi, {}, (10, 0, 0, 90), "1"),
    (scores.npmi, {}, (1, 9, 9, 81), "0"),
    (scores.npmi, {}, (0, 10, 10, 80), "-1"),
    # Smadja et al. (1996), p. 13
    (scores.dice, {}, (130, 3121 - 130, 143 - 130, 100000), "0.08"),
    # Pedersen & Bruce (1996), p. 12
    (scores.min_sensitivity, {}, (17, 240, 1001, 1298742), "0.016699"),
    # Manning & Schuetze (1999), pp. 164-165, "new companies": 0.999932
    (scores.t_score, {}, (8, 15828 - 8, 4675 - 8, 14307668 - 15828 - 4675 + 8), "0.999932"),
    # Pojanapunya & Watson Todd (2016), p. 154
    (scores.odds_ratio, {}, (16217, 2796938 - 16217, 735, 2087946 - 735), "16.6"),
    # Gabrielatos & Marchi (2011), slide 18
    (scores.percent_difference, {}, (206523, 959641 - 206523, 178174, 1562358 - 178174), "88.7"),
    # Kilgarriff (2009), Simple maths for keywords; constant 1
    (scores.simple_maths, {}, (35, 112289776 - 35, 263, 1559716979 - 263), "1.1224"),
]


@pytest.mark.parametrize(("measure", "options", "cells", "printed"), PUBLISHED)
def test_printed_numbers(measure, options, cells, printed):
    a, b, c, d = cells
    digits = len(printed.partition(".")[2])
    ours = float(measure(a, a + b, a + c, a + b + c + d, **options))
    assert f"{round(ours, digits) + 0.0:.{digits}f}" == printed


def test_the_examples_of_quantedas_own_tests():
    """d1 = b*7 a*3, d2 = a*7 b*2: chi2, lr and exact must equal R's there; pmi is a natural logarithm."""
    a, r1, c1, n = 3, 10, 10, 19
    square = [[3, 7], [7, 2]]
    plain = stats.chi2_contingency(square, correction=False)
    corrected = stats.chi2_contingency(square, correction=True)
    ratio = stats.chi2_contingency(square, correction=False, lambda_="log-likelihood")
    assert scores.chi_squared(a, r1, c1, n) == pytest.approx(plain.statistic, rel=1e-13)
    assert scores.chi_squared(a, r1, c1, n, yates="small") == pytest.approx(corrected.statistic, rel=1e-13)
    assert scores.log_likelihood(a, r1, c1, n) == pytest.approx(ratio.statistic, rel=1e-13)
    assert p_value(scores.log_likelihood(a, r1, c1, n)) == pytest.approx(ratio.pvalue, rel=1e-12)
    assert scores.fisher_exact(a, r1, c1, n, side="two-sided") == pytest.approx(
        stats.fisher_exact(square)[1], rel=1e-12
    )
    assert scores.pmi(3, 17, 5, 29, base=np.e) == pytest.approx(np.log(3 * 29 / (5 * 17)))


def test_yates_where_it_overshoots():
    """quanteda's tests note for c(3, 2, 14, 10): R's chisq.test 1.6e-31, the uncapped correction 0.1851001."""
    table = (3, 17, 5, 29)
    assert float(scores.chi_squared(*table, yates="plain")) == pytest.approx(0.1851001, abs=5e-8)
    assert float(scores.chi_squared(*table, yates="clamped")) == 0
    assert scores.chi_squared(*table, yates="small") == scores.chi_squared(*table)


@st.composite
def tables(draw, most=200):
    """Any possible table, empty rows and columns included."""
    cells = draw(st.tuples(*[st.integers(0, most)] * 4).filter(lambda cells: sum(cells) > 0))
    a, b, c, d = cells
    return a, a + b, a + c, a + b + c + d


@settings(max_examples=200, deadline=None)
@given(tables(most=25), st.sampled_from(["greater", "less", "two-sided"]))
def test_fisher_by_adding_up_every_table(table, side):
    a, r1, c1, n = table
    least, most = max(0, r1 + c1 - n), min(r1, c1)
    p = stats.hypergeom(n, c1, r1).pmf(np.arange(least, most + 1))
    own = p[a - least]
    total = {"greater": p[a - least :], "less": p[: a - least + 1], "two-sided": p[p <= own * (1 + 1e-7)]}[side].sum()
    assert float(scores.fisher_exact(a, r1, c1, n, side=side)) == pytest.approx(min(total, 1), rel=1e-10)


SYMMETRIC = [
    name
    for name in MEASURES
    if name
    not in (
        "delta_p_collocate",
        "delta_p_node",
        "log_ratio",
        "conservative_log_ratio",
        "percent_difference",
        "simple_maths",
    )
]


@settings(max_examples=100, deadline=None)
@given(tables())
def test_exchanging_rows_and_columns(table):
    a, r1, c1, n = table
    for name in SYMMETRIC:
        np.testing.assert_allclose(MEASURES[name](a, r1, c1, n), MEASURES[name](a, c1, r1, n), rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(scores.delta_p_collocate(a, r1, c1, n), scores.delta_p_node(a, c1, r1, n))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_independence_is_no_association(p, q, x, y):
    """Cells p·x, p·y, q·x, q·y: rows and columns say nothing of each other."""
    table = (p * x, p * (x + y), (p + q) * x, (p + q) * (x + y))
    for name in ("log_likelihood", "chi_squared", "mi", "pmi", "local_mi", "npmi", "t_score", "z_score", "log_ratio"):
        assert float(MEASURES[name](*table)) == pytest.approx(0, abs=1e-9), name
    for name in ("delta_p_collocate", "delta_p_node", "conservative_log_ratio", "percent_difference"):
        assert float(MEASURES[name](*table)) == pytest.approx(0, abs=1e-9), name
    assert float(scores.odds_ratio(*table)) == pytest.approx(1)
    assert float(scores.simple_maths(*table)) == pytest.approx(1)
    assert float(scores.bic(*table)) == pytest.approx(-np.log(table[-1]), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 60))
def test_more_cooccurrences_score_higher(r1, c1, more):
    n = r1 + c1 + more
    a = np.arange(0, min(r1, c1) + 1)
    for name, measure in MEASURES.items():
        if name in ("log_likelihood", "chi_squared", "bic", "fisher_exact"):
            continue
        values = measure(a, r1, c1, n, **({"tests": 1} if name == "conservative_log_ratio" else {}))
        rising = a >= 1 if name == "local_mi" else a >= 0
        if name == "local_mi":  # falls to E11 / e, then rises
            rising = a * np.e >= r1 * c1 / n
        kept = values[rising & ~np.isnan(values)]
        if name in ("odds_ratio", "log_ratio", "percent_difference"):
            kept = kept[1:-1]  # what stands in for an empty cell is a choice, and not in line with the others
        assert (np.diff(kept) >= -1e-9).all(), name
    for name in ("log_likelihood", "chi_squared"):
        assert (np.diff(MEASURES[name](a, r1, c1, n, signed=True)) >= -1e-9).all()
    assert (np.diff(scores.fisher_exact(a, r1, c1, n, log=True)) <= 1e-12).all()


@settings(max_examples=100, deadline=None)
@given(tables(), st.integers(2, 50))
def test_scaling_all_cells(table, k):
    a, r1, c1, n = table
    larger = (a * k, r1 * k, c1 * k, n * k)
    same = ["mi", "pmi", "npmi", "dice", "log_dice", "min_sensitivity", "delta_p_collocate", "delta_p_node"]
    for name in same:
        np.testing.assert_allclose(MEASURES[name](*larger), MEASURES[name](*table), rtol=1e-9, atol=1e-12)
    for name in ("log_likelihood", "chi_squared", "local_mi"):
        np.testing.assert_allclose(MEASURES[name](*larger), k * MEASURES[name](*table), rtol=1e-9, atol=1e-9)
    for name in ("t_score", "z_score"):
        np.testing.assert_allclose(MEASURES[name](*larger), np.sqrt(k) * MEASURES[name](*table), rtol=1e-9, atol=1e-9)
    for name in ("log_ratio", "percent_difference", "odds_ratio"):
        np.testing.assert_allclose(
            MEASURES[name](*larger, zeros="none"), MEASURES[name](*table, zeros="none"), rtol=1e-9, atol=1e-9
        )


@settings(max_examples=200, deadline=None)
@given(tables())
def test_bounds(table):
    def inside(name, low, high):
        value = float(MEASURES[name](*table))
        assert np.isnan(value) or low <= value <= high, (name, value)

    inside("npmi", -1, 1)
    inside("dice", 0, 1)
    inside("log_dice", -np.inf, 14)
    inside("delta_p_collocate", -1, 1)
    inside("delta_p_node", -1, 1)
    inside("min_sensitivity", 0, 1)
    inside("fisher_exact", 0, 1)
    inside("log_likelihood", 0, np.inf)
    inside("percent_difference", -100, np.inf)
    assert scores.log_likelihood(*table, cells=2) <= scores.log_likelihood(*table) + 1e-12
    ordered = [float(scores.chi_squared(*table, yates=yates)) for yates in ("clamped", False)]
    assert ordered[0] <= ordered[1]


@settings(max_examples=200, deadline=None)
@given(tables(), st.sampled_from(["exact", "normal"]), st.integers(1, 10_000))
def test_the_conservative_log_ratio_lies_between_nothing_and_the_log_ratio(table, interval, tests):
    zeros = "none" if interval == "exact" else "half"
    middle = float(scores.log_ratio(*table, zeros=zeros))
    assume(not np.isnan(middle))
    bound = float(scores.conservative_log_ratio(*table, interval=interval, tests=tests))
    stricter = float(scores.conservative_log_ratio(*table, interval=interval, tests=tests + 1))
    sidak = float(scores.conservative_log_ratio(*table, interval=interval, tests=tests, correction="sidak"))
    assert abs(bound) <= abs(middle) + 1e-9
    assert bound == 0 or np.sign(bound) == np.sign(middle)
    assert abs(stricter) <= abs(bound) + 1e-12
    assert abs(bound) <= abs(sidak) + 1e-12


def test_words_of_one_side_only_are_finite_by_default():
    table = ([40, 0, 5], [1000, 1000, 1000], [40, 40, 5], [5000, 5000, 5000])
    for name in ("log_ratio", "conservative_log_ratio", "percent_difference", "odds_ratio", "simple_maths"):
        assert np.isfinite(MEASURES[name](*table)).all(), name
    assert scores.log_ratio(*table, zeros="none").tolist() == [np.inf, -np.inf, np.inf]
    assert scores.percent_difference(5, 1000, 5, 5000, zeros="tiny") == pytest.approx(100 * (0.005 - 1e-18) / 1e-18)


def test_against_everything_the_log_ratio_is_mi():
    ours = scores.log_ratio(*TABLES, zeros="none", against="everything")
    np.testing.assert_allclose(ours, scores.mi(*TABLES), rtol=1e-12, atol=1e-12)


def test_empty_rows_and_columns_are_no_evidence_and_no_strength():
    empty = ([0, 0, 5, 5, 9], [0, 5, 5, 9, 9], [5, 0, 9, 5, 9], [9, 9, 9, 9, 9])  # r1, c1, c2, r2, and all of it
    for name in ("log_likelihood", "chi_squared", "t_score", "z_score"):
        np.testing.assert_allclose(MEASURES[name](*empty), 0, atol=1e-15)
    for side in ("greater", "less", "two-sided"):
        assert scores.fisher_exact(*empty, side=side).tolist() == [1, 1, 1, 1, 1]
    for name in (
        "mi",
        "pmi",
        "mi2",
        "mi3",
        "npmi",
        "log_ratio",
        "conservative_log_ratio",
        "odds_ratio",
        "min_sensitivity",
    ):
        assert np.isnan(MEASURES[name](*empty)[:2]).all(), name
    assert scores.mi(*empty)[2:].tolist() == [0, 0, 0]
    assert np.isnan(scores.odds_ratio(*empty)).all()
    assert scores.npmi(9, 9, 9, 9) == 1
    assert np.isnan(scores.dice(0, 0, 0, 9))


def test_arrays_of_nothing_give_arrays_of_nothing():
    for name, measure in MEASURES.items():
        result = measure([], [], [], [])
        assert result.shape == (0,), name
        assert result.dtype == np.float64
    for side in ("less", "two-sided"):
        assert scores.fisher_exact([], 5, [], 9, side=side).shape == (0,)
    assert benjamini_hochberg([]).shape == (0,)
    assert p_value([]).shape == (0,)


def test_shapes_broadcast_and_small_integers_do_not_overflow():
    counts = np.array([[30], [5]], dtype=np.int32)
    for name, measure in MEASURES.items():
        result = measure(counts, np.int32(100_000), np.array([40_000, 50_000, 60_000], dtype=np.int32), 10**9)
        assert result.shape == (2, 3), name
        assert result.dtype == np.float64
        assert not np.isnan(result).any()
        assert measure(30, 1000, 40, 10_000).shape == ()
    assert scores.mi(np.int32(3000), np.int32(100_000), np.int32(100_000), np.int32(10**9)) == pytest.approx(
        np.log2(300)
    )


def test_every_measure_is_a_table_column_of_its_own_name():
    assert all(measure.__name__ == name for name, measure in MEASURES.items())
    assert set(MEASURES) <= set(scores.__all__)
    assert all(measure.__doc__ for measure in MEASURES.values())
    with pytest.raises(TypeError):
        MEASURES["mine"] = scores.mi


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (([1, 9, 8], 5, 20, 100), r"table 1, o11: received o11 = 9, r1 = 5, c1 = 20, n = 100 \(2 of 3 tables are so\)"),
        ((9, 20, 5, 100), "the table, o11"),
        ((-1, 5, 5, 100), "0 to the smaller of r1 and c1"),
        ((1, 60, 60, 100), "r1 . c1 . o11 at most n"),
        ((np.nan, 5, 5, 100), "missing or infinite"),
        ((1, 5, 5, np.inf), "missing or infinite"),
        ((0, 0, 0, 0), "n: received"),
        (([[1, 9]], 5, 20, 100), r"table \(0, 1\)"),
        (([1, 2], [1, 2, 3], 5, 100), r"shapes: received o11 \(2,\), r1 \(3,\)"),
        (("one", 5, 5, 100), "o11: received 'one'; accepted: numbers"),
    ],
)
def test_impossible_tables_are_named(table, message):
    for measure in MEASURES.values():
        with pytest.raises(InputError, match=message):
            measure(*table)


def test_all_that_is_wrong_with_tables_is_said_at_once():
    with pytest.raises(InputError) as caught:
        scores.mi([np.nan, 9, 1], [5, 5, 60], [5, 5, 60], [100, 100, 100])
    assert [fault.field for fault in caught.value.faults] == ["a number that is missing or infinite", "o11", "o22"]


def test_fisher_counts_whole_things():
    with pytest.raises(InputError, match="whole numbers"):
        scores.fisher_exact(2.5, 5, 5, 100)
    assert scores.log_likelihood(2.5, 5, 5, 100) > 0


@pytest.mark.parametrize(
    ("measure", "options", "message"),
    [
        (scores.log_likelihood, {"cells": 3}, "cells: received 3; accepted: 4, 2"),
        (scores.log_likelihood, {"cells": 3, "signed": 1}, "2 faults"),
        (scores.bic, {"cells": 1}, "accepted: 4, 2"),
        (scores.chi_squared, {"yates": True}, "accepted: False, 'plain', 'clamped', 'small'"),
        (scores.fisher_exact, {"side": "both"}, "'greater', 'less', 'two-sided'"),
        (scores.mi, {"base": 1}, "base"),
        (scores.mi3, {"base": -2}, "base"),
        (scores.odds_ratio, {"zeros": "half"}, "'haldane', 'always', 'none'"),
        (scores.log_ratio, {"zeros": "haldane", "against": "all"}, "2 faults"),
        (scores.conservative_log_ratio, {"level": 1.0, "tests": 0}, "2 faults"),
        (scores.conservative_log_ratio, {"correction": "holm"}, "'bonferroni', 'sidak', 'none'"),
        (scores.conservative_log_ratio, {"interval": "wald"}, "'exact', 'normal'"),
        (scores.percent_difference, {"zeros": "one"}, "'half', 'tiny', 'none'"),
        (scores.simple_maths, {"constant": -1, "per": 0}, "2 faults"),
    ],
)
def test_options_that_are_not_there(measure, options, message):
    with pytest.raises(InputError, match=message):
        measure(3, 10, 10, 100, **options)


def test_p_values_and_their_logs():
    np.testing.assert_allclose(p_value(BY_R["statistic"]), BY_R["p_value"], rtol=1e-12)
    np.testing.assert_allclose(p_value(BY_R["statistic"], log=True), BY_R["log_p_value"], rtol=1e-12)
    np.testing.assert_array_equal(p_value([-3.84, np.nan]), p_value([3.84, np.nan]))


def test_benjamini_and_hochberg():
    np.testing.assert_allclose(benjamini_hochberg(BY_R["p"]), BY_R["benjamini_hochberg"], rtol=1e-14)
    with pytest.raises(InputError, match="0 to 1"):
        benjamini_hochberg([0.5, 1.5])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.randoms())
def test_adjusted_p_values_keep_the_order_and_never_fall(p, random):
    adjusted = benjamini_hochberg(p)
    assert (adjusted >= np.array(p) - 1e-15).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    places = random.sample(range(len(p)), len(p))
    np.testing.assert_allclose(benjamini_hochberg(np.array(p)[places]), adjusted[places], rtol=1e-12)
    np.testing.assert_array_equal(benjamini_hochberg([*p, np.nan])[:-1], adjusted)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("mi", "base", "x"),
        ("local_mi", "base", None),
        ("conservative_log_ratio", "level", "x"),
        ("conservative_log_ratio", "tests", "x"),
        ("simple_maths", "constant", None),
        ("simple_maths", "per", "x"),
    ],
)
def test_options_that_are_no_numbers_are_told(name, option, value):
    with pytest.raises(InputError, match=option):
        MEASURES[name](3, 10, 5, 100, **{option: value})
