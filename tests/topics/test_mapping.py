import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from topic_models import topics_of

from analysis.errors import MissingStep
from analysis.topics.mapping import distances, topic_map


def model(weights, sizes=None):
    weights = np.asarray(weights, dtype=float)
    shares = np.full(len(weights), 1 / len(weights)) if sizes is None else sizes
    return topics_of([shares], weights=weights)


@st.composite
def weights(draw, most=6):
    shape = (draw(st.integers(1, most)), draw(st.integers(1, 7)))
    values = draw(arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.0, 1e-9, 0.2, 1.0, 1.0, 30.0])))
    values[np.arange(shape[0]), draw(st.lists(st.integers(0, shape[1] - 1), min_size=shape[0], max_size=shape[0]))] += 1
    return values / values.sum(axis=1, keepdims=True)


# ------------------------------------------------------------------- distances


def test_the_distance_by_hand():
    # (½, ½) and (1, 0): H(¾, ¼) − (1 + 0) / 2 bits.
    halfway = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert distances(np.array([[0.5, 0.5], [1.0, 0.0]]))[0, 1] == pytest.approx(np.sqrt(halfway - 0.5))


@settings(deadline=None)
@given(weights())
def test_distances_are_scipys_and_those_of_a_metric(found):
    table = distances(found)
    expected = [[jensenshannon(p, q, base=2) for q in found] for p in found]
    # The root makes of a divergence that is rounded to 1e-15 a distance of 3e-8.
    assert table**2 == pytest.approx(np.nan_to_num(expected) ** 2, abs=1e-9)
    assert (table == table.T).all()
    assert (np.diag(table) == 0).all()
    assert ((table >= 0) & (table <= 1)).all()
    for through in range(len(found)):
        assert (table <= table[:, [through]] + table[[through], :] + 1e-7).all()


def test_words_in_common_and_none():
    found = distances(np.array([[0.5, 0.5, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.3, 0.7]]))
    assert found.tolist() == pytest.approx(np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]]))
    assert found[0, 1] == 0


# ------------------------------------------------------------------- the map


def test_columns_and_sizes():
    table = topic_map(model([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]], [0.5, 0.2, 0.3]))
    assert table.columns.tolist() == ["topic", "label", "x", "y", "size", "explained"]
    assert table["topic"].tolist() == [0, 1, 2]
    assert table["label"].tolist() == ["w00 w01 w02", "w01 w00 w02", "w02 w00 w01"]
    assert table["size"].tolist() == [0.5, 0.2, 0.3]
    assert table["explained"].nunique() == 1


def test_one_topic_stands_in_the_middle():
    table = topic_map(model([[0.5, 0.5]]))
    assert table[["x", "y", "explained"]].to_numpy().tolist() == [[0, 0, 1]]


def test_two_topics_stand_as_far_apart_as_they_are():
    rows = np.array([[0.5, 0.5], [1.0, 0.0]])
    table = topic_map(model(rows))
    half = distances(rows)[0, 1] / 2
    assert table["x"].tolist() == pytest.approx([half, -half], rel=1e-5)
    assert table["y"].tolist() == [0, 0]
    assert table["explained"].tolist() == [1, 1]


def test_three_topics_without_a_word_in_common_are_a_triangle():
    table = topic_map(model(np.eye(3)))
    places = table[["x", "y"]].to_numpy()
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert apart == pytest.approx(1 - np.eye(3), abs=1e-5)
    assert table["explained"].tolist() == [1, 1, 1]


def test_four_topics_without_a_word_in_common_need_three_dimensions():
    assert topic_map(model(np.eye(4)))["explained"].tolist() == pytest.approx([2 / 3] * 4, rel=1e-5)


def test_topics_that_are_all_alike_stand_in_one_place():
    table = topic_map(model(np.tile([0.2, 0.3, 0.5], (4, 1))))
    assert (table[["x", "y"]] == 0).all(axis=None)
    assert table["explained"].tolist() == [1] * 4


def test_topics_on_one_line_leave_y_at_nothing():
    # Two topics, each named twice: all the distance there is lies on one line.
    table = topic_map(model(np.repeat([[0.6, 0.4], [0.1, 0.9]], 2, axis=0)))
    assert (table["y"] == 0).all()
    assert table["x"][0] == table["x"][1] == -table["x"][2] == -table["x"][3] > 0


@settings(deadline=None, max_examples=60)
@given(weights())
def test_places_are_centred_and_never_farther_apart_than_the_topics(found):
    table = topic_map(model(found))
    places = table[["x", "y"]].to_numpy()
    assert places.sum(axis=0) == pytest.approx([0, 0], abs=1e-4)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert (apart <= distances(found) + 1e-4).all()
    assert ((table["explained"] >= 0) & (table["explained"] <= 1)).all()
    for axis in ("x", "y"):
        far = table[axis].abs()
        assert (table[axis][far >= far.max() - 1e-5] >= 0).any()  # of those equally far, but for rounding, one


@pytest.mark.parametrize("seed", range(40))
def test_signs_do_not_hang_on_the_last_digit(seed):
    # Pairs of topics that mirror each other: on every axis two stand equally far from 0, but for rounding.
    half = np.random.default_rng(seed).dirichlet(np.ones(6), 2)
    table = topic_map(model(np.vstack([half, half[::-1, ::-1]])))
    for axis in ("x", "y"):
        assert table[axis][table[axis].abs().round(6).idxmax()] > 0


def test_no_model_names_the_step():
    with pytest.raises(MissingStep, match=r"topic_map takes Topics, not list: fit_topics"):
        topic_map([model(np.eye(2))])
