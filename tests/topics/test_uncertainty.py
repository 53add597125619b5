import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from topic_models import MEANS, covered, drawn_shares, drawn_sizes, refitted, simulated_corpora, topics_of

from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.intervals import moderated, resampled_sums
from analysis.topics.model import Topics
from analysis.topics.prevalence import topic_prevalence
from analysis.topics.uncertainty import (
    borrowed,
    combined,
    correction,
    design_effect,
    document_tokens,
    effective_documents,
    matched_shares,
    share_limits,
    warn_of_one_fit,
)

ONE = topics_of([[0.8, 0.2, 0.0], [0.1, 0.3, 0.6]])


def limits(share, n=100.0, effect=1.0, degrees=0.0, level=0.95):
    """Limits of one share in one fit, or of several fits' (a list)."""
    shares = np.atleast_1d(np.asarray(share, dtype=float))[:, None]
    found = share_limits(
        shares, np.full(shares.shape, float(effect)), np.array([float(n)]), np.array([float(degrees)]), level=level
    )
    return tuple(float(v[0]) for v in found)


# ------------------------------------------------------------------- several fits


def test_topics_of_other_fits_are_put_in_the_order_of_the_first():
    other = refitted(ONE, [[0.6, 0.4, 0.0], [0.2, 0.2, 0.6]], order=[2, 0, 1])
    first, shares, stable = matched_shares("f", [ONE, other])
    assert first is ONE
    assert [s.tolist() for s in shares] == [ONE.unit_shares.tolist(), [[0.6, 0.4, 0.0], [0.2, 0.2, 0.6]]]
    assert stable.tolist() == [True] * 3


def test_a_topic_that_does_not_return_is_told():
    weights = ONE.term_weights.copy()
    weights[1] = weights[0]  # its words are another's now
    lost = Topics(ONE.counts, weights, ONE.unit_shares.copy(), ONE.recipe)
    kept = refitted(ONE)
    assert matched_shares("f", [ONE, lost])[2].tolist() == [True, False, True]
    assert matched_shares("f", [ONE, kept, lost])[2].tolist() == [True, False, True]  # one of two is too few
    assert matched_shares("f", [ONE, kept, kept, kept, kept, lost])[2].all()  # four of five are enough


def test_one_fit_is_said_and_several_are_not():
    for given_ in (ONE, [ONE], (m for m in [ONE])):
        with pytest.warns(TifaWarning, match="One fit: .* another seed"):
            warn_of_one_fit(matched_shares("f", given_)[2])
    warn_of_one_fit(matched_shares("f", (ONE, refitted(ONE)))[2])


@pytest.mark.parametrize("given_", [None, 3, "topics", [ONE, "topics"], pd.DataFrame({"share": [1.0]}), ONE.counts])
def test_what_is_no_model_names_the_step(given_):
    with pytest.raises(MissingStep, match=r"f takes Topics, not \w+: fit_topics\(counts, 20\)"):
        matched_shares("f", given_)


def test_fits_of_other_counts_or_numbers_of_topics_are_refused_all_at_once():
    longer = topics_of(ONE.unit_shares, tokens=200)
    fewer = topics_of([[0.8, 0.2], [0.4, 0.6]], matrix=ONE.counts.matrix.toarray())
    with pytest.raises(InputError) as caught:
        matched_shares("f", [ONE, longer, refitted(ONE), fewer])
    assert [fault.field for fault in caught.value.faults] == ["topics, fit 2", "topics, fit 4"]
    assert "accepted: one like the first, Topics: 3 by hand" in str(caught.value)
    with pytest.raises(InputError, match="topics: received none; accepted: one fit, or several"):
        matched_shares("f", [])


def test_tokens_of_documents_are_summed_over_their_units():
    topics = topics_of(
        [[1.0, 0.0], [0.5, 0.5], [0.25, 0.75], [0.0, 0.0]],
        tokens=[10, 30, 60, 0],
        document=[1, 1, 0, 2],
        place=["x"] * 3,
    )
    table, tokens, faults = document_tokens("f", topics, [topics.unit_shares, topics.unit_shares[:, ::-1]], ["place"])
    assert table["id"].tolist() == ["d000", "d001"]  # the third holds no feature
    assert tokens.tolist() == [[[15, 45], [25, 15]], [[45, 15], [15, 25]]]
    assert not faults
    assert str(document_tokens("f", topics, [topics.unit_shares], ["town"])[2][0]) == (
        "f, column: received 'town'; accepted: id, date, language, place"
    )


# ------------------------------------------------------------------- Rubin's rules


def test_variances_within_and_between_fits_by_hand():
    # Three fits: mean 4, within 2; between 4, times 1 + 1/3; 22/3 in all.
    mean, variance, freedom = combined(
        np.array([[2.0], [4.0], [6.0]]), np.array([[1.0], [2.0], [3.0]]), np.array([9.0])
    )
    assert mean.tolist() == [4]
    assert variance == pytest.approx([2 + 16 / 3])
    assert freedom == pytest.approx([(22 / 3) ** 2 / (4 / 9 + (16 / 3) ** 2 / 2)])


def test_one_fit_has_its_own_variance_and_freedom():
    found = combined(np.array([[0.5, 0.1]]), np.array([[0.2, 0.3]]), np.array([7.0, 0.0]))
    assert [v.tolist() for v in found] == [[0.5, 0.1], [0.2, 0.3], [7.0, np.inf]]


def test_the_freedom_of_several_fits_is_rubins_where_the_variance_within_is_known():
    # Rubin (1987): (M − 1) (1 + w / ((1 + 1/M) b))².
    estimates, within = np.array([[1.0], [2.0], [4.0], [5.0]]), np.full((4, 1), 3.0)
    between = 1.25 * estimates.var(ddof=1)
    assert combined(estimates, within, np.array([0.0]))[2] == pytest.approx([3 * (1 + 3 / between) ** 2])


def test_without_variance_the_freedom_is_that_of_the_documents():
    found = combined(np.array([[0.0, 0.0]]), np.array([[0.0, 0.0]]), np.array([7.0, 0.0]))
    assert found[2].tolist() == [7.0, np.inf]


# ------------------------------------------------------------------- design effects

EIGHT = np.array([0.1, 0.15, 0.2, 0.2, 0.3, 0.35, 0.4, 0.7])


def effect_of(shares, resamples=40_000):
    """Design effect of documents of one size."""
    values = np.column_stack([shares, np.ones(len(shares))]) * 50
    draws = resampled_sums(values, resamples, np.random.default_rng(0))
    return float(design_effect(draws, np.array([[np.mean(shares)]]), values[:, 1])[0, 0])


def test_documents_of_one_size_have_the_variance_of_a_mean():
    # s² / n, with n − 1 below the sum of squares: the resamples alone would give 7/8 of it.
    p = EIGHT.mean()
    assert effect_of(EIGHT) == pytest.approx(EIGHT.var(ddof=1) / (p * (1 - p)), rel=0.02)


def test_documents_wholly_of_one_topic_or_another_are_tosses_of_a_coin():
    assert effect_of(np.array([1.0, 0, 0, 0, 1, 0, 0, 1])) == pytest.approx(8 / 7, rel=0.02)


def test_documents_that_are_all_alike_do_not_vary():
    assert effect_of(np.full(8, 0.25)) == pytest.approx(0, abs=1e-20)


def test_one_document_or_a_topic_without_a_share_tell_nothing():
    draws = np.array([[5.0, 10.0], [5.0, 10.0]])
    five = np.full(5, 2.0)
    assert design_effect(draws, np.array([[0.5]]), np.array([10.0, 0.0])).tolist() == [[1]]
    assert design_effect(draws * [0, 1], np.array([[0.0]]), five).tolist() == [[1]]
    assert design_effect(draws * [2, 1], np.array([[1.0]]), five).tolist() == [[1]]


def test_draws_without_text_are_left_out():
    draws = np.array([[2.5, 10.0], [0.0, 0.0], [5.0, 10.0], [7.5, 10.0]])
    assert design_effect(draws, np.array([[0.5]]), np.full(5, 2.0)).tolist() == [[1.5625]]
    assert design_effect(draws[:2], np.array([[0.5]]), np.full(5, 2.0)).tolist() == [[1]]


def test_documents_are_at_least_one_effective_document():
    # A document of one token is a third of what is drawn, and next to nothing of the share.
    values = np.array([[1.0, 1.0], [0.0, 500.0], [0.0, 400.0]])
    draws = resampled_sums(values, 1000, np.random.default_rng(0))
    assert design_effect(draws, np.array([[1 / 901]]), values[:, 1]).tolist() == [[3]]


def test_the_correction_is_n_over_n_less_one_for_units_of_one_size():
    for n in (2, 7, 100):
        assert correction(np.full(n, 3.0)) == pytest.approx(n / (n - 1))
        assert correction(np.append(np.full(n, 3.0), [0.0, 0.0])) == correction(np.full(n, 3.0))
    # Parts 1/2, 1/4, 1/4: squares 3/8, cubes 5/32.
    assert correction(np.array([2.0, 1.0, 1.0])) == pytest.approx(0.375 / (0.375 - 0.3125 + 0.140625))
    assert correction(np.array([1e6, 1.0, 1.0])) == pytest.approx(3)  # twice 3/2


@pytest.mark.parametrize(("documents", "spread"), [(5, 0.6), (10, 1.0), (20, 0.6), (20, 1.5)])
def test_the_variance_of_documents_of_unequal_size_is_not_too_small(documents, spread):
    rng = np.random.default_rng(documents)
    drawn, true = [], []
    for _ in range(600):
        sizes = rng.lognormal(0, spread, documents)
        shares = rng.normal(0.5, 0.1, documents)
        draws = resampled_sums(np.column_stack([shares * sizes, sizes]), 100, rng)
        drawn.append(design_effect(draws, np.array([[0.5]]), sizes).item() * 0.25 / documents)
        true.append(0.01 * (sizes**2).sum() / sizes.sum() ** 2)
    assert 0.93 < np.mean(drawn) / np.mean(true) < 1.25


# ------------------------------------------------------------------- borrowing


def test_periods_with_one_share_borrow_as_those_of_rates():
    effect, freedom = np.array([[0.8], [0.2], [0.5]]), np.array([[4.0], [30.0], [0.0]])
    found = borrowed(effect[None], np.full((1, 3, 1), 0.3), freedom)
    plain = moderated(effect, freedom)
    assert found[0][0].tolist() == plain[0].tolist()
    assert found[1].tolist() == plain[1].tolist()


def test_a_period_in_which_a_topic_is_rare_borrows_the_more():
    # s (1 − s) is 0.09, 0.21, 0.21, their mean 0.17: the first period counts for 9/17 of its 17 degrees.
    shares = np.array([0.1, 0.3, 0.7])[None, :, None]
    effect, freedom = borrowed(np.array([0.01, 0.4, 0.6])[None, :, None], shares, np.array([[17.0], [10.0], [30.0]]))
    first = (9 * 0.01 + 10 * (10 * 0.4 + 30 * 0.6) / 40) / 19
    second = (10 * 0.4 + 10 * (9 * 0.01 + 30 * 0.6) / 39) / 20
    assert effect[0, :2, 0] == pytest.approx([first, second])
    assert freedom[:, 0] == pytest.approx([19, 20, 40])


def test_a_period_without_a_topic_has_the_effect_of_the_others_and_never_counts_for_them():
    shares = np.array([0.0, 0.3, 0.3])[None, :, None]
    effect, freedom = borrowed(np.array([1.0, 0.2, 0.2])[None, :, None], shares, np.array([[0.0], [10.0], [10.0]]))
    assert effect[0, :, 0].tolist() == pytest.approx([0.2, 0.2, 0.2])
    assert freedom[:, 0].tolist() == [10, 20, 20]


def test_what_nobody_has_is_not_borrowed():
    effect, freedom = borrowed(np.ones((2, 3, 1)), np.zeros((2, 3, 1)), np.zeros((3, 1)))
    assert (effect == 1).all()
    assert (freedom == 0).all()
    effect, freedom = borrowed(np.full((1, 1, 1), 0.3), np.full((1, 1, 1), 0.1), np.array([[6.0]]))
    assert (effect.item(), freedom.item()) == (0.3, 6)


def test_the_freedom_of_several_fits_is_that_of_the_least_sure():
    shares = np.array([[[0.3], [0.3]], [[0.01], [0.3]]])
    alone = [borrowed(np.full((1, 2, 1), 0.2), s[None], np.array([[8.0], [8.0]]))[1] for s in shares]
    together = borrowed(np.full((2, 2, 1), 0.2), shares, np.array([[8.0], [8.0]]))[1]
    assert together.tolist() == np.minimum(*alone).tolist()


# ------------------------------------------------------------------- limits

SHARES = st.floats(0, 1)
SIZES = st.integers(1, 500)


# Clopper & Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
# Biometrika 26 (1934), 404–413, as tables of the exact 95 % limits give them.
@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [
        (0.0, 10, 0.0, 0.3085),
        (0.1, 10, 0.0025, 0.4450),
        (0.5, 10, 0.1871, 0.8129),
        (0.9, 10, 0.5550, 0.9975),
        (0.05, 20, 0.0013, 0.2487),
        (0.1, 100, 0.0490, 0.1762),
    ],
)
def test_tosses_of_a_coin_get_the_published_limits(share, n, low, high):
    assert limits(share, n) == pytest.approx((share, low, high), abs=6e-5)


@settings(deadline=None)
@given(st.integers(1, 300), st.data(), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_whole_documents_get_the_exact_binomial_limits(n, data, level):
    k = data.draw(st.integers(0, n))
    exact = stats.binomtest(k, n).proportion_ci(level, "exact")
    assert limits(k / n, n, level=level)[1:] == pytest.approx((exact.low, exact.high), abs=1e-9)


@given(SIZES, st.sampled_from([0.5, 0.95, 0.99]))
def test_no_share_and_the_whole_have_a_stated_limit(n, level):
    bound = 1 - ((1 - level) / 2) ** (1 / n)
    assert limits(0, n, level=level) == pytest.approx((0, 0, bound))
    assert limits(1, n, level=level) == pytest.approx((1, 1 - bound, 1))
    assert limits([0, 0, 0], n, level=level) == limits(0, n, level=level)


def test_what_is_nearly_nothing_has_nearly_the_limit_of_nothing():
    assert limits(1e-8, 50, 0.2, 20)[2] == pytest.approx(limits(0, 50, 0.2, 20)[2], rel=1e-4)
    assert limits(1e-8, 50)[1:] == pytest.approx(limits(0, 50)[1:], abs=1e-6)


def test_a_design_effect_of_a_quarter_makes_four_documents_of_one():
    assert limits(0.3, 25, 0.25) == pytest.approx(limits(0.3, 100))
    assert limits(0, 25, 0.25) == limits(0, 100)


def test_students_t_takes_documents_away():
    for degrees in (4, 9, 60):
        widening = (stats.t.ppf(0.975, degrees) / stats.norm.ppf(0.975)) ** 2
        assert limits(0.3, 40, degrees=degrees) == pytest.approx(limits(0.3, 40 / widening))
    assert limits(0.3, 40, degrees=1) == limits(0.3, 40, degrees=4)
    assert limits(0.3, 40, degrees=1e9) == pytest.approx(limits(0.3, 40))


@settings(deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=4), SIZES, st.floats(1e-6, 2), st.integers(0, 80))
def test_limits_hold_the_share_and_stay_between_0_and_1(shares, n, effect, degrees):
    mean, low, high = limits(shares, n, effect, degrees)
    assert mean == pytest.approx(np.mean(shares))
    assert 0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1
    mirrored = limits([1 - s for s in shares], n, effect, degrees)
    if 1e-8 < mean < 1 - 1e-8:
        assert mirrored == pytest.approx((1 - mean, 1 - high, 1 - low), abs=1e-6)


@settings(deadline=None)
@given(st.floats(0.001, 0.999), SIZES, st.floats(0.01, 1), st.integers(4, 80))
def test_limits_widen_with_level_effect_doubt_and_fewer_documents(share, n, effect, degrees):
    _, low, high = limits(share, n, effect, degrees)
    for wider in (
        limits(share, n, effect, degrees, level=0.99),
        limits(share, n, 1.5 * effect, degrees),
        limits(share, n, effect, degrees - 0.5) if degrees > 4 else limits(share, n, effect, degrees),
        limits(share, n / 2, effect, degrees),
    ):
        assert wider[1] <= low + 1e-9
        assert wider[2] >= high - 1e-9


def test_identical_fits_are_one_fit_and_others_are_wider():
    one = limits(0.2, 40, 0.3, 39)
    assert limits([0.2] * 5, 40, 0.3, 39) == pytest.approx(one)
    width = one[2] - one[1]
    for apart in (0.02, 0.05, 0.1):
        mean, low, high = limits([0.2 - apart, 0.2, 0.2 + apart, 0.2, 0.2], 40, 0.3, 39)
        assert mean == pytest.approx(0.2)
        assert high - low > 1.02 * width
        width = high - low


def test_the_order_of_fits_does_not_matter():
    assert limits([0.1, 0.2, 0.4], 40, 0.3, 9) == pytest.approx(limits([0.4, 0.1, 0.2], 40, 0.3, 9))


def test_effective_documents_by_hand():
    # Two fits of 0.2 and 0.4 in 20 documents: within 0.5 · (0.16 + 0.24) / 2 / 20, between 1.5 · 0.02.
    variance = 0.005 + 0.03
    mean, n, freedom = effective_documents(
        np.array([[0.2], [0.4]]), np.full((2, 1), 0.5), np.array([20.0]), np.array([19.0])
    )
    assert mean == pytest.approx([0.3])
    assert n == pytest.approx([0.21 / variance])
    assert freedom == pytest.approx([variance**2 / (0.005**2 / 19 + 0.03**2)])


def test_documents_that_are_all_alike_leave_next_to_no_doubt():
    mean, low, high = limits(0.3, 10, 0.0, 9)
    assert low == pytest.approx(0.3, abs=1e-5)
    assert high == pytest.approx(0.3, abs=1e-5)
    assert low <= mean <= high


# ------------------------------------------------------------------- simulations

CORPORA = 400


def prevalence(topics, **options):
    return topic_prevalence(topics, groups=("corpus",), resamples=200, **options)


@pytest.mark.filterwarnings("ignore:One fit")
@pytest.mark.parametrize("concentration", [3, 20])
@pytest.mark.parametrize("documents", [10, 30, 100])
def test_95_percent_intervals_cover_95_percent(documents, concentration):
    rng = np.random.default_rng(documents)
    table = prevalence(simulated_corpora(rng, CORPORA, documents, concentration=concentration))
    shares = covered(table, MEANS[table["topic"]])
    assert 0.925 <= shares[1:].mean() <= 0.975, shares
    assert ((shares[1:] > 0.9) & (shares[1:] < 0.99)).all(), shares
    # A topic of 3 % that one document in ten holds: ten documents may not show it at all, and nothing says what they lack.
    assert shares[0] > {10: 0.68, 30: 0.83, 100: 0.9}[documents], shares


@pytest.mark.filterwarnings("ignore:One fit")
@pytest.mark.parametrize(("documents", "concentration"), [(5, 5), (10, 2), (20, 2), (20, 20), (60, 5)])
def test_periods_that_borrow_are_covered_however_rare_the_topic(documents, concentration):
    rng = np.random.default_rng(documents)
    table = prevalence(simulated_corpora(rng, 60, documents, periods=8, concentration=concentration))
    shares = covered(table, MEANS[table["topic"]])
    assert ((shares > 0.92) & (shares < 0.995)).all(), shares


@pytest.mark.filterwarnings("ignore:One fit", "ignore:.*clusters.*are few")
@pytest.mark.parametrize("clusters", [12, 30])
def test_clusters_are_covered_if_they_are_named(clusters):
    rng = np.random.default_rng(clusters)
    places = drawn_shares(rng, MEANS, 10.0, CORPORA * clusters)
    shares = 0.7 * places.repeat(6, axis=0) + 0.3 * drawn_shares(rng, MEANS, 10.0, CORPORA * clusters * 6)
    topics = topics_of(
        shares,
        tokens=drawn_sizes(rng, len(shares)),
        corpus=np.repeat(np.arange(CORPORA), clusters * 6),
        place=np.tile(np.arange(clusters).repeat(6), CORPORA),
    )
    table = prevalence(topics, by="all", cluster="place")
    found = covered(table, MEANS[table["topic"]])
    assert ((found[1:] > 0.91) & (found[1:] < 0.98)).all(), found
    assert found[0] > 0.85, found
    blind = prevalence(topics, by="all")
    assert covered(blind, MEANS[blind["topic"]]).mean() < 0.75


def shifted(shares, by):
    found = shares * np.exp(by)
    return found / found.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("scatter", [0.05, 0.3])
def test_a_fit_that_might_have_been_is_covered_if_others_are_given(scatter):
    # Each fit splits the documents in its own way; the truth is one more of them, in all that might be written.
    rng = np.random.default_rng(1)
    fits, documents = 5, 25
    written = drawn_shares(rng, MEANS, 10.0, CORPORA * documents)
    ways = rng.normal(0, scatter, (fits + 1, CORPORA, 1, 4))
    truth = shifted(drawn_shares(rng, MEANS, 10.0, 4000), ways[-1]).mean(axis=1)
    found = [shifted(written.reshape(CORPORA, documents, 4), way).reshape(-1, 4) for way in ways[:-1]]
    corpus = np.repeat(np.arange(CORPORA), documents)
    first = topics_of(found[0], tokens=drawn_sizes(rng, len(corpus)), corpus=corpus)
    models = [first, *(refitted(first, s, order=rng.permutation(4), seed=i) for i, s in enumerate(found[1:], start=1))]
    table = prevalence(models)
    shares = covered(table, truth[table["corpus"], table["topic"]])
    assert ((shares > 0.91) & (shares < 0.98)).all(), shares
    if scatter > 0.1:
        with pytest.warns(TifaWarning, match="One fit"):
            alone = prevalence(first)
        assert covered(alone, truth[alone["corpus"], alone["topic"]]).mean() < 0.75
