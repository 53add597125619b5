import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import SETTINGS, simulated_clusters, simulated_documents, simulated_tallies, true_rates
from scipy import stats

from analysis.change import rate_ratio
from analysis.errors import TifaWarning
from analysis.intervals import gamma_limits, moderated, ratio_limits, resampled_sums, unit_weights
from analysis.trends import rates

COUNTS = st.integers(0, 3000)
EFFECTS = st.floats(0.1, 30)


# Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936), 437–442, as tables of
# the exact limits give them; 4 also in the manual of R's survival::cipoisson (1.089865, 10.24153).
@pytest.mark.parametrize(
    ("hits", "low", "high"),
    [
        (0, 0.0, 3.689),
        (1, 0.0253, 5.572),
        (2, 0.242, 7.225),
        (3, 0.619, 8.767),
        (4, 1.089865, 10.24153),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (20, 12.217, 30.888),
        (50, 37.111, 65.919),
        (100, 81.364, 121.627),
    ],
)
def test_independent_hits_get_garwoods_published_limits(hits, low, high):
    assert np.array(gamma_limits(hits, 1.0)) == pytest.approx([low, high], abs=6e-4)


@given(hits=st.integers(1, 3000), level=st.floats(0.5, 0.999))
def test_each_limit_leaves_out_half_of_the_rest(hits, level):
    low, high = gamma_limits(hits, 1.0, level=level)
    assert stats.poisson.sf(hits - 1, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert stats.poisson.cdf(hits, high) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(before=COUNTS, after=COUNTS, level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_ratio_limits_are_those_of_the_exact_binomial(before, after, level):
    if before + after == 0:
        assert ratio_limits(0, 0, 1.0, level=level) == (0, np.inf)
        return
    share = stats.binomtest(after, before + after).proportion_ci(level, "exact")
    low, high = ratio_limits(before, after, 1.0, level=level)
    assert low == pytest.approx(share.low / (1 - share.low), rel=1e-6)
    assert high == pytest.approx(share.high / (1 - share.high) if share.high < 1 else np.inf, rel=1e-6)


@given(before=COUNTS, after=COUNTS, effect=EFFECTS)
def test_ratio_limits_turn_over_with_their_sides(before, after, effect):
    low, high = ratio_limits(before, after, effect)
    turned_low, turned_high = ratio_limits(after, before, effect)
    assert turned_low == pytest.approx(1 / high if np.isfinite(high) and high > 0 else 0, rel=1e-6)
    assert low == pytest.approx(1 / turned_high if np.isfinite(turned_high) and turned_high > 0 else 0, rel=1e-6)


@given(hits=COUNTS, effect=EFFECTS)
def test_limits_enclose_the_hits_and_widen_with_effect_level_and_doubt(hits, effect):
    low, high = gamma_limits(hits, effect)
    assert low <= hits <= high
    for wider in (
        gamma_limits(hits, effect, level=0.99),
        gamma_limits(hits, effect, degrees=5),
        gamma_limits(hits, 2 * effect),
    ):
        assert wider[0] <= low + 1e-9
        assert wider[1] >= high - 1e-9


@pytest.mark.parametrize("effect", [0.0, 1.0, 50.0, np.nan])
def test_no_hits_are_never_certain(effect):
    assert np.array(gamma_limits(0, effect)) == pytest.approx([0, 3.688879])


def test_a_design_effect_below_a_half_is_a_half():
    assert gamma_limits(10, 0.01) == gamma_limits(10, 0.5)
    assert ratio_limits(10, 20, 0.01) == ratio_limits(10, 20, 0.5)


def test_a_design_effect_of_four_is_a_quarter_of_the_hits():
    low, high = gamma_limits(40, 4.0)
    assert [low / 4, high / 4] == pytest.approx(np.array(gamma_limits(10, 1.0)))
    assert ratio_limits(40, 80, 4.0) == ratio_limits(10, 20, 1.0)


def test_each_draw_takes_as_many_units_as_there_are():
    weights = unit_weights(7, 200, np.random.default_rng(0))
    assert weights.shape == (200, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.25)


def test_resampled_sums_have_the_variance_of_a_sum():
    values = np.array([[0.0], [1.0], [5.0], [2.0]])
    drawn = resampled_sums(values, 40_000, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(8, abs=0.1)
    assert drawn.var() == pytest.approx(4 * values.var(), rel=0.05)


def test_chunks_do_not_change_what_is_drawn(monkeypatch):
    values = np.arange(12.0).reshape(6, 2)
    whole = resampled_sums(values, 50, np.random.default_rng(3))
    monkeypatch.setattr("analysis.intervals._CHUNK_CELLS", 30)
    assert (resampled_sums(values, 50, np.random.default_rng(3)) == whole).all()


@settings(deadline=None)
@given(st.lists(st.tuples(EFFECTS, st.integers(0, 60)), min_size=1, max_size=6))
def test_borrowing_stays_between_what_was_seen(rows):
    effect, freedom = np.array(rows, dtype=float).T[:, :, None]
    drawn, degrees = moderated(effect, freedom)
    known = effect[freedom > 0] if freedom.any() else np.ones(1)
    assert ((drawn >= known.min() - 1e-9) & (drawn <= known.max() + 1e-9)).all()
    assert ((degrees >= freedom) & (degrees <= freedom + 10)).all()


# ------------------------------------------------------------------- simulations

CORPORA = 500


def covered(table, truth):
    """Share of the intervals that hold the truth, for each frame."""
    return ((table["low"] <= truth) & (truth <= table["high"])).groupby(table["frame"]).mean()


def assert_nominal(shares, least=0.90, most=0.99):
    assert 0.93 <= shares.mean() <= 0.97, shares.to_dict()
    assert shares.between(least, most).all(), shares.to_dict()


@pytest.mark.parametrize("documents", [20, 40, 100])
def test_95_percent_intervals_of_rates_cover_95_percent(documents):
    rng = np.random.default_rng(documents)
    table = simulated_documents(rng, CORPORA, documents)
    result = rates(simulated_tallies(rng, table), table, by="all", groups=("corpus",), resamples=400)
    assert len(result) == CORPORA * len(SETTINGS)
    assert_nominal(covered(result, true_rates(result["frame"])))


def test_95_percent_intervals_of_ratios_cover_95_percent():
    shares = {}
    for before, after in ((20, 20), (40, 40), (20, 100)):
        rng = np.random.default_rng(before + after)
        tables = [simulated_documents(rng, CORPORA, n, y) for n, y in ((before, "2020"), (after, "2021"))]
        tallies = [simulated_tallies(rng, t, factor=f) for t, f in zip(tables, (1.0, 1.5), strict=True)]
        result = rate_ratio(
            pd.concat(tallies), pd.concat(tables), before="2020", after="2021", groups=("corpus",), resamples=400
        )
        shares[f"{before}, {after}"] = covered(result, 1.5)
    assert_nominal(pd.concat(shares))


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
@pytest.mark.parametrize("clusters", [12, 30])
def test_clusters_are_covered_if_they_are_named(clusters):
    rng = np.random.default_rng(clusters)
    table, tallies = simulated_clusters(rng, CORPORA, clusters, 8)
    result = rates(tallies, table, by="all", groups=("corpus",), cluster="place", resamples=400)
    assert_nominal(covered(result, true_rates(result["frame"])))
    blind = rates(tallies, table, by="all", groups=("corpus",), resamples=100)
    assert covered(blind, true_rates(blind["frame"])).mean() < 0.9


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
@pytest.mark.parametrize("clusters", [12, 30])
def test_ratios_of_clusters_are_covered(clusters):
    rng = np.random.default_rng(clusters)
    table, tallies = simulated_clusters(rng, 300, clusters, 3, ("2020", "2021"), 1.5)
    spans = {"before": "2020", "after": "2021", "groups": ("corpus",), "cluster": "place", "resamples": 400}
    assert_nominal(
        pd.concat([covered(rate_ratio(tallies, table, within=within, **spans), 1.5) for within in (None, "place")])
    )


def test_few_documents_a_period_are_not_overconfident():
    rng = np.random.default_rng(5)
    tables = [simulated_documents(rng, 100, 5, str(2000 + y)) for y in range(8)]
    tallies = [simulated_tallies(rng, t) for t in tables]
    result = rates(pd.concat(tallies), pd.concat(tables), groups=("corpus",), resamples=400)
    shares = covered(result, true_rates(result["frame"]))
    assert shares.mean() > 0.95
    assert shares.min() > 0.88  # some five hits a period, with thrice the variance of independent ones


def test_a_few_documents_against_many_are_not_overconfident():
    rng = np.random.default_rng(8)
    tables = [simulated_documents(rng, 300, n, y) for n, y in ((4, "2020"), (60, "2021"))]
    tallies = [simulated_tallies(rng, t) for t in tables]
    result = rate_ratio(
        pd.concat(tallies), pd.concat(tables), before="2020", after="2021", groups=("corpus",), resamples=400
    )
    assert covered(result, 1.0).min() > 0.94


def test_few_clusters_are_said():
    table, tallies = simulated_clusters(np.random.default_rng(0), 1, 12, 3)
    with pytest.warns(TifaWarning, match=r"12 clusters \(place\) are few"):
        rates(tallies, table, cluster="place", resamples=100)
