from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from topic_models import refitted, topics_of

from analysis.errors import InputError, MissingStep
from analysis.topics.alignment import align_topics, matching, similarities, topic_stability


def model(*weights, words=None, seed=0, labels=(), **recipe):
    """A model of one unit a topic, with these term weights; each topic is brought to a sum of 1."""
    rows = np.array(weights, dtype=float)
    topics = topics_of(
        np.eye(len(rows)), weights=rows / rows.sum(axis=1, keepdims=True), seed=seed, labels=labels, vocabulary=words
    )
    return replace(topics, recipe=dict(topics.recipe) | recipe)


#: Three topics; the first two share a word.
FIRST = model([4, 3, 0, 0], [0, 3, 4, 0], [0, 0, 0, 1])


# ------------------------------------------------------------------- by hand


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_a_permuted_copy_matches_with_its_permutation(order):
    table = align_topics([FIRST, refitted(FIRST, order=order)])
    assert [order[match] for match in table["match"]] == [0, 1, 2]
    assert table["similarity"].tolist() == [1, 1, 1]
    assert table["returns"].all()
    assert table["stable"].all()
    assert table["return_share"].tolist() == [1, 1, 1]


def test_the_columns_of_an_alignment():
    other = replace(FIRST, recipe=dict(FIRST.recipe) | {"engine": "lda", "seed": 9}, labels=("x", "y", "z"))
    table = align_topics([model([4, 3, 0, 0], [0, 3, 4, 0], [0, 0, 0, 1], labels=("a", "b", "")), other, FIRST])
    assert list(table.columns) == [
        *("topic", "label", "run", "engine", "seed", "n_topics", "match", "similarity", "returns"),
        *("return_share", "stable"),
    ]
    assert table[["topic", "run"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 1], [1, 2], [2, 1], [2, 2]]
    assert table["label"].tolist() == ["a", "a", "b", "b", *["w03 w00 w01"] * 2]  # those of the first model
    assert table["engine"].tolist() == ["lda", "hand"] * 3
    assert table["seed"].tolist() == [9, 0] * 3
    assert table["n_topics"].tolist() == [3] * 6


def test_similarity_is_the_cosine_by_hand():
    table = align_topics([model([3, 4, 0]), model([4, 3, 0])])
    assert table["similarity"].tolist() == [0.96]  # 24 / 25
    assert align_topics([model([1, 0, 0]), model([0, 1, 1])])["similarity"].tolist() == [0]


def test_matching_is_for_the_greatest_sum_not_for_the_first_comer():
    # The second topic is most like the first one there, but the first has no other of its kind.
    first = model([1, 0, 0], [6, 8, 0])
    other = model([8, 6, 0], [0, 1, 0])
    match, similarity = matching(first, other)
    assert match.tolist() == [0, 1]
    assert similarity == pytest.approx([0.8, 0.8])  # and not 0.96 with 0


def test_other_numbers_of_topics():
    table = align_topics([FIRST, model([0, 0, 0, 1], [4, 3, 0, 0])])
    assert table["match"].tolist() == [1, -1, 0]
    assert table["similarity"].tolist() == [1, 0, 1]
    assert table["returns"].tolist() == [True, False, True]
    more = align_topics([model([0, 0, 0, 1], [4, 3, 0, 0]), FIRST])
    assert more["match"].tolist() == [2, 0]
    assert more["similarity"].tolist() == [1, 1]
    assert align_topics([FIRST, model([1, 0, 0, 0])])["match"].tolist() == [0, -1, -1]


def test_other_vocabularies_are_matched_by_name():
    first = model([3, 4, 0], [0, 0, 1], words=("games", "rivers", "water"))
    other = model([0, 1, 0, 0], [0, 0, 3, 4], words=("dams", "water", "games", "rivers"))
    table = align_topics([first, other])
    assert table["match"].tolist() == [1, 0]
    assert table["similarity"].tolist() == [1, 1]
    partly = model([0, 4, 3], words=("aa", "rivers", "zz"))
    assert align_topics([first, partly])["similarity"].tolist()[0] == 0.64  # 4 · 4 of 25
    nothing = align_topics([first, model([1, 2], words=("xx", "yy"))])
    assert nothing["similarity"].tolist() == [0, 0]
    assert not nothing["returns"].any()


def runs_that(*returns):
    """A model of a topic, and others in which it returns or does not."""
    return [model([1, 0]), *(model([1, 0] if one else [0, 1], seed=i) for i, one in enumerate(returns, start=1))]


@pytest.mark.parametrize(
    ("returns", "least_share", "stable"),
    [
        ([True] * 4 + [False], 0.8, True),  # 4 of 5
        ([True] * 3 + [False] * 2, 0.8, False),
        ([True] * 3 + [False] * 2, 0.6, True),  # 3 of 5
        ([True] * 7 + [False] * 3, 0.7, True),
        ([True] * 2 + [False], 2 / 3, True),
        ([True, False], 0.5, True),
        ([False, False], 0, True),
        ([True, True], 1, True),
        ([True] * 9 + [False], 1, False),
    ],
)
def test_the_edge_of_stability(returns, least_share, stable):
    table = align_topics(runs_that(*returns), least_share=least_share)
    assert (table["stable"] == stable).all()
    assert table["return_share"].iloc[0] == pytest.approx(np.mean(returns), abs=1e-6)
    assert table["returns"].tolist() == returns


def test_the_edge_of_returning():
    pair = [model([3, 4, 0]), model([4, 3, 0])]  # 0.96
    assert align_topics(pair, returns_at=0.96)["returns"].all()
    assert not align_topics(pair, returns_at=0.961)["returns"].any()
    assert align_topics(pair, returns_at=0)["returns"].all()
    # A copy returns at 1, though its cosine may be a hair below.
    weights = np.random.default_rng(0).dirichlet(np.ones(9), 40)
    copies = [topics_of(np.eye(40), weights=weights), topics_of(np.eye(40), weights=weights)]
    assert (similarities(weights, weights).diagonal() < 1).any()
    assert align_topics(copies, returns_at=1)["returns"].all()


def test_many_runs_are_each_matched_on_their_own():
    orders = [(1, 0, 2), (2, 1, 0), (0, 2, 1)]
    table = align_topics([FIRST, *(refitted(FIRST, order=order, seed=i) for i, order in enumerate(orders))])
    for run, order in enumerate(orders, start=1):
        assert [order[match] for match in table.loc[table["run"] == run, "match"]] == [0, 1, 2]


# ------------------------------------------------------------------- similarities

WEIGHTS = arrays(np.float64, st.tuples(st.integers(1, 4), st.just(5)), elements=st.integers(0, 4).map(float))


@settings(deadline=None)
@given(first=WEIGHTS, other=WEIGHTS, factor=st.floats(0.01, 100))
def test_similarities_are_symmetric_bounded_and_blind_to_scale(first, other, factor):
    found = similarities(first, other)
    assert (found == similarities(other, first).T).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert similarities(first * factor, other) == pytest.approx(found, abs=1e-12)
    own = similarities(first, first)
    assert own.diagonal() == pytest.approx((first.sum(axis=1) > 0).astype(float))


def test_a_topic_without_weights_is_like_nothing():
    assert similarities(np.zeros((1, 3)), np.ones((2, 3))).tolist() == [[0, 0]]


@settings(deadline=None, max_examples=50)
@given(first=WEIGHTS.filter(lambda w: w.sum(axis=1).all()), other=WEIGHTS.filter(lambda w: w.sum(axis=1).all()))
def test_matching_is_one_to_one_and_the_same_from_both_sides(first, other):
    one, two = model(*first), model(*other)
    match, similarity = matching(one, two)
    there = match[match >= 0]
    assert len(set(there.tolist())) == there.size == min(len(first), len(other))
    assert (similarity[match < 0] == 0).all()
    assert similarity.sum() == pytest.approx(matching(two, one)[1].sum())


def test_nothing_is_changed():
    other = refitted(FIRST, order=(2, 0, 1))
    before = FIRST.term_weights.copy(), other.term_weights.copy()
    align_topics([FIRST, other])
    assert (FIRST.term_weights == before[0]).all()
    assert (other.term_weights == before[1]).all()


# ------------------------------------------------------------------- how stable


def test_stability_by_hand():
    others = [
        model([4, 3, 0, 0], [0, 0, 0, 1], seed=1),  # the second is gone
        model([4, 3, 0, 0], [0, 4, 3, 0], [0, 0, 0, 1], seed=2),  # and returns somewhat changed: 24 / 25
        model([0, 3, 4, 0], [1, 0, 0, 0], [0, 0, 1, 1], seed=3),  # the first at 4 / 5, the third at 1 / √2
    ]
    table = topic_stability(align_topics([FIRST, *others], returns_at=0.75, least_share=2 / 3))
    assert list(table.columns) == [
        *("topic", "label", "runs", "returned", "return_share", "similarity", "least", "stable")
    ]
    assert table["topic"].tolist() == [0, 1, 2]
    assert table["label"].tolist() == list(FIRST.names)
    assert table["runs"].tolist() == [3, 3, 3]
    assert table["returned"].tolist() == [3, 2, 2]
    assert table["return_share"].tolist() == [1, 0.666667, 0.666667]
    assert table["similarity"].tolist() == [1, 0.96, 1]  # medians
    assert table["least"].tolist() == [0.8, 0, 0.707107]
    assert table["stable"].tolist() == [True, True, True]
    assert topic_stability(align_topics([FIRST, *others]))["stable"].tolist() == [True, False, True]


def test_stability_of_many_topics_is_in_their_order():
    wide = topics_of(np.eye(12))
    table = topic_stability(align_topics([wide, refitted(wide, order=np.arange(12)[::-1])]))
    assert table["topic"].tolist() == list(range(12))
    assert table["returned"].tolist() == [1] * 12


# ------------------------------------------------------------------- bad cases


def test_what_is_no_model():
    for wrong in ([FIRST, None], [FIRST, FIRST.counts], None, pd.DataFrame(), (model for model in [FIRST, FIRST])):
        with pytest.raises(MissingStep, match="align_topics takes Topics, not"):
            align_topics(wrong)


@pytest.mark.parametrize("models", [[], [FIRST], (FIRST,), FIRST], ids=["none", "one", "tuple", "bare"])
def test_fewer_than_two_models(models):
    with pytest.raises(InputError, match="models: received [01]; accepted: at least 2, such as fits with other seeds"):
        align_topics(models)


@pytest.mark.parametrize("bound", ["returns_at", "least_share"])
@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan, True, "0.7", None])
def test_bounds_are_shares(bound, value):
    with pytest.raises(InputError, match=f"{bound}: received .*; accepted: a number between 0 and 1"):
        align_topics([FIRST, FIRST], **{bound: value})


def test_all_faults_at_once():
    with pytest.raises(InputError, match="3 faults"):
        align_topics([FIRST], returns_at=2, least_share=-1)


@pytest.mark.parametrize(
    "wrong", [None, FIRST, pd.DataFrame({"topic": [0]}), [1]], ids=["none", "model", "table", "list"]
)
def test_stability_is_that_of_an_alignment(wrong):
    with pytest.raises(MissingStep, match=r"the alignment has no column .*label.*: align_topics\(models\) makes it"):
        topic_stability(wrong)
