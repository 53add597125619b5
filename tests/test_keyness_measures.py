"""Log-odds with a Dirichlet prior; the effect sizes of tables are tested with the other scores, in test_association."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.keyness_measures import log_odds_difference, log_odds_dirichlet

BY_R = json.loads((Path(__file__).parent / "references" / "association.json").read_text(encoding="utf-8"))
TARGET, REFERENCE, BACKGROUND = (np.array(BY_R[name]) for name in ("target", "reference", "background"))

count_vectors = st.integers(2, 8).flatmap(
    lambda size: st.tuples(*[st.lists(st.integers(0, 50), min_size=size, max_size=size)] * 2)
)


@pytest.mark.parametrize(("prior", "name"), [(BACKGROUND, "log_odds_background"), (50.0, "log_odds_scaled")])
def test_numbers_of_base_r(prior, name):
    delta, variance = log_odds_difference(TARGET, REFERENCE, prior)
    np.testing.assert_allclose(delta, BY_R[name]["delta"], rtol=1e-12)
    np.testing.assert_allclose(variance, BY_R[name]["variance"], rtol=1e-12)
    np.testing.assert_allclose(log_odds_dirichlet(TARGET, REFERENCE, prior), BY_R[name]["z"], rtol=1e-12)
    full = log_odds_dirichlet(TARGET, REFERENCE, prior, variance="full")
    np.testing.assert_allclose(full, BY_R[name]["z_full"], rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(count_vectors, st.floats(0.1, 1000))
def test_exchanging_the_texts_turns_the_sign(vectors, prior):
    target, reference = vectors
    there = log_odds_dirichlet(reference, target, prior)
    np.testing.assert_allclose(log_odds_dirichlet(target, reference, prior), -there, rtol=1e-9, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(count_vectors)
def test_a_stronger_prior_draws_towards_no_difference(vectors):
    target, reference = (np.array(v) + 1 for v in vectors)
    weak, strong = (np.abs(log_odds_dirichlet(target, reference, prior)) for prior in (1.0, 1e9))
    assert (strong < 0.1).all()
    assert (strong <= weak + 0.1).all()


def test_equal_texts_do_not_differ():
    np.testing.assert_allclose(log_odds_dirichlet([3, 4, 0], [3, 4, 0], [1, 1, 1]), 0, atol=1e-15)


def test_words_that_nobody_used():
    z = log_odds_dirichlet([3, 4, 0], [5, 1, 0], 10.0)  # a pooled prior knows nothing of the third word
    assert np.isnan(z).tolist() == [False, False, True]
    assert np.isfinite(log_odds_dirichlet([3, 4, 0], [5, 1, 0], [1, 1, 1])).all()
    assert np.isnan(log_odds_dirichlet([0, 0], [0, 0], 1.0)).all()
    assert np.isnan(log_odds_dirichlet([5], [3], 1.0)).all()  # a vocabulary of one: its odds are infinite
    assert log_odds_dirichlet([], [], 1.0).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1, 2, 3], 1.0), "two vectors of one length"),
        (([[1, 2]], [[1, 2]], 1.0), "two vectors of one length"),
        (([1, 2], [3, 4], [1.0]), "one number, or 2 of them"),
        (([1, -2], [3, 4], 1.0), r"target: received -2.0 at 1 \(1 of 2 are so\)"),
        (([1, 2], [3, np.nan], 0.0), "2 faults"),
        (([1, 2], [3, 4], [1.0, 0.0]), "prior: received 0.0 at 1"),
        ((["a", "b"], [3, 4], 1.0), "target: received .*; accepted: numbers"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        log_odds_dirichlet(*arguments)


def test_the_variance_is_one_of_two():
    with pytest.raises(InputError, match="'approximate', 'full'"):
        log_odds_dirichlet([1, 2], [3, 4], 1.0, variance="exact")
