"""Two-by-two tables and the exact distribution of their first cell: against sums over all tables, and by symmetry."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from analysis.contingency import (
    check_choices,
    checked_tables,
    deviance,
    expected_cells,
    log_point,
    log_tail,
    log_two_sided,
    observed_cells,
)
from analysis.errors import InputError


@st.composite
def margins(draw, most=400):
    n = draw(st.integers(1, most))
    return draw(st.integers(0, n)), draw(st.integers(0, n)), n


def every_table(r, c, n):
    k = np.arange(max(0, r + c - n), min(r, c) + 1, dtype=np.float64)
    return (k, *(np.full(k.shape, float(v)) for v in (r, c, n)))


@settings(max_examples=150, deadline=None)
@given(margins())
def test_points_are_scipys_and_add_up_to_one(sizes):
    r, c, n = sizes
    points = np.exp(log_point(*every_table(r, c, n)))
    assert points.sum() == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(points, stats.hypergeom(n, c, r).pmf(every_table(r, c, n)[0]), rtol=1e-9, atol=1e-300)


@settings(max_examples=150, deadline=None)
@given(margins())
def test_tails_are_sums_of_points_and_leave_nothing_out(sizes):
    tables = every_table(*sizes)
    points = np.exp(log_point(*tables))
    upper, lower = (np.exp(log_tail(*tables, upper=upper)) for upper in (True, False))
    np.testing.assert_allclose(upper, np.minimum(points[::-1].cumsum()[::-1], 1), rtol=1e-10)
    np.testing.assert_allclose(upper + lower - points, 1, rtol=1e-11)
    assert (log_tail(*tables) <= 0).all()


@settings(max_examples=150, deadline=None)
@given(margins(most=80))
def test_two_sided_is_all_that_is_no_more_probable(sizes):
    tables = every_table(*sizes)
    points = np.exp(log_point(*tables))
    total = [points[points <= own * (1 + 1e-7)].sum() for own in points]
    np.testing.assert_allclose(np.exp(log_two_sided(*tables)), np.minimum(total, 1), rtol=1e-10)


def test_beyond_the_support_there_is_nothing():
    r, c, n = (np.array([v, v]) for v in (10.0, 20.0, 100.0))
    assert log_tail(np.array([11.0, 0.0]), r, c, n).tolist() == [-np.inf, 0.0]
    assert log_tail(np.array([10.0, -1.0]), r, c, n, upper=False).tolist() == [0.0, -np.inf]


def test_huge_counts():
    """A standard deviation of 11,180 round a mean of 5e8: the normal distribution, corrected for continuity."""
    k, r, c, n = (np.array([float(v)]) for v in (5e8 + 30_000, 1e9, 1e9, 2e9))
    deviation = np.sqrt(1e9 * 0.25 * 1e9 / (2e9 - 1))
    upper = float(log_tail(k, r, c, n)[0])
    assert upper == pytest.approx(special.log_ndtr(-(30_000 - 0.5) / deviation), rel=1e-6)
    assert float(log_two_sided(k, r, c, n)[0]) == pytest.approx(upper + np.log(2), rel=1e-9)


def test_more_tables_than_are_worked_on_at_once():
    k = np.tile([0.0, 3.0, 7.0, 20.0], 5000)
    sizes = (np.full(k.shape, v) for v in (100.0, 200.0, 3000.0))
    r, c, n = sizes
    for result in (log_tail(k, r, c, n), log_tail(k, r, c, n, upper=False), log_two_sided(k, r, c, n)):
        np.testing.assert_allclose(result, np.tile(result[:4], 5000), rtol=1e-13)
        assert result.shape == k.shape


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9), st.floats(1e-3, 1e9))
def test_deviance_is_what_it_is_written_as(observed, expected):
    """To 60 digits; the way it is written loses what the sum of its terms is smaller than they are."""
    with localcontext(prec=60):
        o, e = Decimal(observed), Decimal(expected)
        written = float((o * (o / e).ln() if o else o) - (o - e))
    value = float(deviance(np.float64(observed), np.float64(expected)))
    assert value == pytest.approx(written, rel=1e-12)
    assert value >= 0


def test_deviance_next_to_expectation():
    """o²-expansion: (o − e)²/(2e) to first order, where subtraction would leave rounding errors alone."""
    assert float(deviance(np.float64(1e12 + 1), np.float64(1e12))) == pytest.approx(0.5e-12, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.integers(0, 100)] * 4).filter(sum))
def test_cells_have_their_margins(cells):
    a, b, c, d = cells
    tables = checked_tables("test", a, a + b, a + c, sum(cells))
    assert [float(v) for v in observed_cells(*tables)] == [a, b, c, d]
    expected = [float(v) for v in expected_cells(*tables[1:])]
    assert sum(expected) == pytest.approx(sum(cells))
    assert expected[0] + expected[1] == pytest.approx(a + b)
    assert expected[0] + expected[2] == pytest.approx(a + c)


def test_margins_that_were_computed_may_be_off_by_rounding():
    share = 0.1 + 0.2
    checked_tables("test", share, 0.3, 0.3, 1.0)
    with pytest.raises(InputError, match="o11"):
        checked_tables("test", 1e9 + 1, 1e9, 1e9, 2e9)


def test_choices_are_told_apart_by_type():
    check_choices("test", ("signed", True, (True, False)), ("cells", 4, (4, 2)))
    with pytest.raises(InputError, match="2 faults") as caught:
        check_choices("test", ("signed", 1, (True, False)), ("cells", "4", (4, 2)))
    assert [fault.received for fault in caught.value.faults] == ["1", "'4'"]
