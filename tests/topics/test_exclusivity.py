import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.topics.exclusivity import diversity, effective_number, exclusivity, frex, lift, score

REFERENCES = Path(__file__).resolve().parents[1] / "references"
BASE_R = {
    name: np.array(value) if isinstance(value, list) else value
    for name, value in json.loads((REFERENCES / "exclusivity.json").read_text(encoding="utf-8")).items()
}
WEIGHTS, COUNTS = BASE_R["weights"], BASE_R["counts"]


# ------------------------------------------------------------------- base R's numbers, equal to stm's


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("frex_half", frex(WEIGHTS)),
        ("frex_exclusive", frex(WEIGHTS, balance=0.7)),
        ("frex_shrunk_half", frex(WEIGHTS, counts=COUNTS)),
        ("frex_shrunk_frequent", frex(WEIGHTS, balance=0.2, counts=COUNTS)),
        ("lift", lift(WEIGHTS, COUNTS)),
        ("score_stm", score(WEIGHTS, smoothing=0)),
        ("score_lda", score(WEIGHTS)),
        ("exclusivity_10", exclusivity(WEIGHTS)),
        ("exclusivity_3", exclusivity(WEIGHTS, top=3, balance=0.5)),
    ],
)
def test_numbers_are_those_of_r(name, found):
    assert found == pytest.approx(BASE_R[name], rel=1e-12, abs=1e-15)


def test_the_reference_has_ties_and_shrinkage():
    assert (WEIGHTS[:, 1] == WEIGHTS[:, 2]).all()
    assert np.unique(WEIGHTS[0]).size < WEIGHTS.shape[1] - 1
    assert not np.allclose(BASE_R["frex_half"], BASE_R["frex_shrunk_half"])


# ------------------------------------------------------------------- by hand


def test_frex_by_hand():
    weights = [[0.6, 0.2, 0.2, 0.0], [0.0, 0.4, 0.1, 0.5]]
    exclusive = np.array([[4, 2, 3, 1], [1, 3, 2, 4]]) / 4  # shares 1, 1/3, 2/3, 0 and 0, 2/3, 1/3, 1
    frequent = np.array([[4, 2.5, 2.5, 1], [1, 3, 2, 4]]) / 4
    assert frex(weights) == pytest.approx(2 / (1 / exclusive + 1 / frequent))
    assert frex(weights, balance=1) == pytest.approx(exclusive)
    assert frex(weights, balance=0) == pytest.approx(frequent)


def test_shares_that_only_rounding_tells_apart_are_equal():
    weights = np.array([[0.1, 0.3, 0.6], [0.2, 0.6, 0.2]])
    shares = weights / weights.sum(axis=0)
    assert shares[0, 0] != shares[0, 1]  # both are a third
    assert frex(weights, balance=1).tolist() == [[0.5, 0.5, 1.0], [2.5 / 3, 2.5 / 3, 1 / 3]]


def test_words_seen_once_tell_nothing_about_exclusivity():
    weights = [[0.5, 0.3, 0.1, 0.1], [0.1, 0.3, 0.6, 0.0]]
    # The last word seems to be the first topic's alone; shrunk, it is as even as the second.
    assert frex(weights, balance=1)[0].tolist() == [0.75, 0.5, 0.25, 1.0]
    assert frex(weights, balance=1, counts=[90, 80, 70, 1])[0].tolist() == [1.0, 2.5 / 4, 0.25, 2.5 / 4]


def test_lift_and_score_by_hand():
    weights = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]])
    assert lift(weights, [0.25, 0.25, 0.5]) == pytest.approx(np.log([[2, 1, 0.5], [0.5, 0.5, 1.5]]))
    assert lift(weights, [25, 25, 50]) == pytest.approx(lift(weights, [0.25, 0.25, 0.5]))
    middle = np.sqrt(weights[0] * weights[1])
    assert score(weights, smoothing=0) == pytest.approx(weights * np.log(weights / middle))


def test_diversity_by_hand():
    weights = [[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.4, 0.1, 0.3, 0.2]]
    assert diversity(weights, top=1) == 2 / 3
    assert diversity(weights, top=2) == 4 / 6
    assert diversity(weights) == 4 / 12


def test_equal_weights_keep_the_order_of_the_features():
    assert diversity(np.full((5, 40), 1 / 40), top=10) == 1 / 5
    weights = np.array([[0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]])
    assert exclusivity(weights, top=2)[0] == frex(weights, balance=0.7)[0, :2].sum()


def test_effective_number_by_hand():
    found = effective_number([[1, 5, 2, 0], [1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0]])
    assert found == pytest.approx([4, 1, 2**1.5, 0])  # entropy of ½, ¼, ¼: 1.5 bits


# ------------------------------------------------------------------- words without weight


def test_words_without_weight():
    weights = [[0.7, 0.3, 0.0, 0.0], [0.0, 0.4, 0.6, 0.0]]
    assert np.isfinite(frex(weights)).all()
    assert np.isfinite(frex(weights, counts=[5, 5, 5, 0])).all()
    assert frex(weights, counts=[5, 5, 5, 0])[:, 3].tolist() == frex(weights)[:, 3].tolist()
    assert np.isneginf(lift(weights, [1, 1, 1, 0])).tolist() == [[False, False, True, True], [True, False, False, True]]
    assert np.isfinite(score(weights)).all()
    assert np.isposinf(score(weights, smoothing=0)).tolist() == [
        [True, False, False, False],
        [False, False, True, False],
    ]
    assert diversity(weights) == 3 / 4
    assert exclusivity(weights, top=3) == pytest.approx(exclusivity(weights, top=2))


def test_one_topic():
    weights = [[0.5, 0.3, 0.2]]
    assert frex(weights, balance=1).tolist() == [[2 / 3] * 3]
    assert frex(weights, balance=1, counts=[9, 5, 1]).tolist() == [[2 / 3] * 3]
    assert score(weights).tolist() == [[0, 0, 0]]
    assert diversity(weights, top=2) == 1


def test_nothing_is_changed_in_place():
    weights = WEIGHTS.copy()
    weights.flags.writeable = False
    for function in (frex, score, exclusivity, diversity, effective_number):
        function(weights)
    lift(weights, COUNTS)
    frex(weights, counts=COUNTS)
    assert (weights == WEIGHTS).all()


# ------------------------------------------------------------------- properties


@st.composite
def topics(draw):
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 9)))
    raw = draw(arrays(np.float64, shape, elements=st.one_of(st.integers(0, 4), st.floats(0, 9, width=16))))
    raw[raw.sum(axis=1) == 0, draw(st.integers(0, shape[1] - 1))] = 1.0
    return raw / raw.sum(axis=1, keepdims=True)


@settings(deadline=None)
@given(weights=topics(), seed=st.randoms(), balance=st.floats(0, 1), top=st.integers(1, 12))
def test_permuted_topics_have_permuted_numbers(weights, seed, balance, top):
    order = seed.sample(range(len(weights)), len(weights))
    shuffled = weights[order]
    counts = np.arange(weights.shape[1]) + 1
    assert frex(shuffled, balance=balance) == pytest.approx(frex(weights, balance=balance)[order])
    assert frex(shuffled, counts=counts) == pytest.approx(frex(weights, counts=counts)[order])
    assert lift(shuffled, counts) == pytest.approx(lift(weights, counts)[order])
    assert score(shuffled) == pytest.approx(score(weights)[order], abs=1e-12)
    assert exclusivity(shuffled, top=top) == pytest.approx(exclusivity(weights, top=top)[order])
    assert diversity(shuffled, top=top) == diversity(weights, top=top)
    assert effective_number(shuffled.T) == pytest.approx(effective_number(weights.T)[order])


@settings(deadline=None)
@given(weights=topics(), balance=st.floats(0, 1), top=st.integers(1, 12))
def test_bounds(weights, balance, top):
    k, features = weights.shape
    for scores in (frex(weights, balance=balance), frex(weights, balance=balance, counts=np.ones(features))):
        assert ((scores >= (1 - 1e-12) / features) & (scores <= 1 + 1e-12)).all()
    held = np.minimum((weights > 0).sum(axis=1), top)
    sums = exclusivity(weights, top=top, balance=balance)
    assert ((sums > 0) & (sums <= held + 1e-12)).all()
    assert 1 / k <= diversity(weights, top=top) <= 1
    spread = effective_number(weights)
    nothing = weights.sum(axis=0) == 0
    assert (spread[nothing] == 0).all()
    assert ((spread[~nothing] >= 1 - 1e-12) & (spread[~nothing] <= k + 1e-9)).all()
    assert np.isfinite(score(weights)).all()
    assert not np.isnan(score(weights, smoothing=0)).any()
    assert not np.isnan(lift(weights, np.ones(features))).any()


@settings(deadline=None)
@given(weights=topics(), factor=st.floats(0.01, 100))
def test_only_proportions_of_shares_matter(weights, factor):
    assert effective_number(weights * factor) == pytest.approx(effective_number(weights))
    ones = np.ones(weights.shape[1])
    assert lift(weights, ones * factor) == pytest.approx(lift(weights, ones))


# ------------------------------------------------------------------- bad cases

FUNCTIONS = {
    "frex": frex,
    "lift": lambda weights: lift(weights, [1, 1]),
    "score": score,
    "exclusivity": exclusivity,
    "diversity": diversity,
}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[0.5, 0.5], [0.7, 0.7]], "1 rows that are no probabilities, the first at 1"),
        ([[1.5, -0.5], [0.7, 0.3]], "1 rows that are no probabilities, the first at 0"),
        ([[np.nan, 1.0], [np.inf, 0.0]], "2 rows that are no probabilities"),
        ([[0.0, 0.0]], "1 rows"),
        ([0.5, 0.5], r"received shape \(2,\)"),
        (np.zeros((0, 2)), r"received shape \(0, 2\)"),
    ],
)
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_weights_are_probabilities(function, weights, message):
    with pytest.raises(ValueError, match=f"weights: received {message}.*; accepted:|weights: {message}; accepted:"):
        function(weights)


@pytest.mark.parametrize("counts", [[1], [1, -1], [1, np.nan], [0, 0], [[1, 1]]], ids=str)
def test_there_is_a_number_for_each_feature(counts):
    with pytest.raises(ValueError, match="counts: received .* accepted: 2 numbers, one per feature"):
        frex([[0.5, 0.5]], counts=counts)
    with pytest.raises(ValueError, match="probabilities: received .* accepted: 2 numbers"):
        lift([[0.5, 0.5]], counts)


def test_words_with_weight_occur():
    with pytest.raises(ValueError, match="received 0 for 1 words that have weight in a topic, the first at 1"):
        lift([[0.5, 0.5, 0.0]], [1, 0, 0])


@pytest.mark.parametrize("balance", [-0.1, 1.1, np.nan])
def test_balance_is_a_share(balance):
    for function in (frex, exclusivity):
        with pytest.raises(ValueError, match="balance: received"):
            function([[0.5, 0.5]], balance=balance)


@pytest.mark.parametrize("top", [0, -3, 2.5])
def test_top_is_a_number_of_words(top):
    for function in (exclusivity, diversity):
        with pytest.raises(ValueError, match="top: received"):
            function([[0.5, 0.5]], top=top)


def test_smoothing_is_not_negative():
    with pytest.raises(ValueError, match="smoothing: received -1"):
        score([[0.5, 0.5]], smoothing=-1)


@pytest.mark.parametrize("shares", [[1, 2], [[-1.0]], [[np.nan]]], ids=str)
def test_shares_are_a_matrix(shares):
    with pytest.raises(ValueError, match="shares: received shape"):
        effective_number(shares)
