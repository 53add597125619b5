import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from analysis.topics.mixtures import completion, fit_mixture, fold_in, halves
from analysis.workers import mapped

#: What single precision may take from a mean log-likelihood of a few nats.
ROUNDING = 1e-5


def rng(seed=0):
    return np.random.default_rng(seed)


def random_counts(seed=0, shape=(20, 15), rate=2.0):
    return sparse.csr_array(rng(seed).poisson(rate, shape).astype(np.int32))


def divergence(matrix, amounts, topics):
    """The generalised Kullback-Leibler divergence of the counts from their reconstruction, in nats."""
    counts, made = matrix.toarray().astype(float), amounts @ topics
    logs = np.log(np.divide(counts, made, out=np.ones_like(made), where=counts > 0))
    return float((counts * logs - counts + made).sum())


def factors(matrix, found):
    """Units × topics in tokens and topics × features as shares, as a factorisation has them."""
    length = np.asarray(matrix.sum(axis=1), dtype=float).reshape(-1, 1)
    return found.shares * length, found.tokens / found.tokens.sum(axis=1, keepdims=True)


def scikit_learns(matrix, start=None, seed=0, **options):
    """The factors of scikit-learn's multiplicative updates, from ``start`` or at random."""
    model = NMF(
        options.pop("n_topics", None) or start[0].shape[1],
        beta_loss="kullback-leibler",
        solver="mu",
        init="random" if start is None else "custom",
        random_state=seed,
        **options,
    )
    given_start = {} if start is None else {"W": start[0].copy(), "H": start[1].copy()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        amounts = model.fit_transform(matrix.astype(float), **given_start)
    return amounts, model.components_


COUNTS = arrays(np.int32, st.tuples(st.integers(1, 6), st.integers(1, 7)), elements=st.integers(0, 6)).filter(np.any)

# ------------------------------------------------------------------- fitting


@settings(deadline=None, max_examples=60)
@given(dense=COUNTS, n_topics=st.integers(1, 8), seed=st.integers(0, 9))
def test_the_likelihood_never_falls_and_the_books_balance(dense, n_topics, seed):
    matrix = sparse.csr_array(dense)
    found = fit_mixture(matrix, n_topics, rng(seed), iterations=40, tolerance=0)
    assert np.diff(found.log_likelihood).min(initial=0) >= -ROUNDING
    assert max(found.log_likelihood) <= ROUNDING
    check(found, matrix, n_topics)


@settings(deadline=None, max_examples=40)
@given(
    dense=COUNTS,
    n_topics=st.integers(1, 4),
    seed=st.integers(0, 9),
    strength=st.sampled_from([1e-3, 0.5, 0.99]),
    data=st.data(),
)
def test_with_a_fixed_part_the_likelihood_never_falls_either(dense, n_topics, seed, strength, data):
    matrix = sparse.csr_array(dense)
    named = data.draw(arrays(np.float64, (n_topics, dense.shape[1]), elements=st.sampled_from([0.0, 1.0])))
    assume(named.any())
    fixed = strength * named / np.maximum(named.sum(axis=1, keepdims=True), 1)
    found = fit_mixture(matrix, n_topics, rng(seed), fixed=fixed, iterations=40, tolerance=0)
    assert np.diff(found.log_likelihood).min(initial=0) >= -ROUNDING
    check(found, matrix, n_topics)


def check(found, matrix, n_topics):
    units, features = matrix.shape
    assert found.tokens.shape == (n_topics, features)
    assert found.shares.shape == (units, n_topics)
    assert found.tokens.dtype == found.shares.dtype == np.float64
    assert np.isfinite(found.tokens).all()
    assert np.isfinite(found.shares).all()
    assert (found.tokens >= 0).all()
    assert (found.shares >= 0).all()
    full = np.asarray(matrix.sum(axis=1)).ravel() > 0
    assert found.shares[full].sum(axis=1) == pytest.approx(np.ones(full.sum()), abs=1e-6)
    assert (found.shares[~full] == 0).all()
    assert found.tokens.sum(axis=0) == pytest.approx(np.asarray(matrix.sum(axis=0)).ravel(), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("iterations", [1, 2, 5, 200])
def test_expected_tokens_sum_to_the_counts_wherever_the_fit_ends(iterations):
    matrix = random_counts(3, (6, 8))
    found = fit_mixture(matrix, 3, rng(0), iterations=iterations)
    assert len(found.log_likelihood) == iterations or found.converged
    assert found.tokens.sum(axis=0) == pytest.approx(matrix.toarray().sum(axis=0), rel=1e-5)
    fixed = np.zeros((3, 8))
    fixed[0, 0] = 0.5
    found = fit_mixture(matrix, 3, rng(0), iterations=iterations, fixed=fixed)
    assert found.tokens.sum(axis=0) == pytest.approx(matrix.toarray().sum(axis=0), rel=1e-5)


def test_two_texts_without_a_word_in_common_by_hand():
    matrix = sparse.csr_array(np.array([[4, 4, 0, 0], [0, 0, 6, 2]], dtype=np.int32))
    found = fit_mixture(matrix, 2, rng(0))
    order = np.argsort(found.tokens[:, 0])
    assert found.tokens[order] == pytest.approx(np.array([[0, 0, 6, 2], [4, 4, 0, 0]]), abs=1e-3)
    assert found.shares[:, order] == pytest.approx(np.array([[0, 1], [1, 0]]), abs=1e-3)
    likelihood = (8 * np.log(1 / 2) + 6 * np.log(3 / 4) + 2 * np.log(1 / 4)) / 16
    assert found.log_likelihood[-1] == pytest.approx(likelihood, abs=1e-3)


def test_one_topic_is_all_tokens():
    matrix = random_counts(1, (4, 5))
    found = fit_mixture(matrix, 1, rng(0))
    assert found.tokens[0] == pytest.approx(matrix.toarray().sum(axis=0), rel=1e-6)
    assert found.converged
    shares = matrix.toarray().sum(axis=0) / matrix.sum()
    assert found.log_likelihood[-1] == pytest.approx(
        float(matrix.toarray().sum(axis=0) @ np.log(shares) / matrix.sum())
    )


def test_convergence_is_a_small_rise():
    matrix = random_counts()
    found = fit_mixture(matrix, 3, rng(0), iterations=5000, tolerance=1e-3)
    assert found.converged
    rises = np.diff(found.log_likelihood)
    assert rises[-1] < 1e-3
    assert (rises[:-1] >= 1e-3).all()
    assert not fit_mixture(matrix, 3, rng(0), iterations=3, tolerance=1e-6).converged
    assert not fit_mixture(matrix, 3, rng(0), iterations=1, tolerance=9).converged  # one step has no rise
    assert len(fit_mixture(matrix, 3, rng(0), iterations=9, tolerance=9).log_likelihood) == 2


class Dry:
    """Draws as a generator does, but a topic gets nothing: in the units, the first call; the second is as it is."""

    def __init__(self):
        self.rng, self.calls = rng(0), 0

    def gamma(self, shape, scale, size):
        drawn = self.rng.gamma(shape, scale, size)
        if not self.calls:
            drawn[:, 1] = 0
        self.calls += 1
        return drawn


def test_a_topic_without_tokens_makes_no_nan():
    matrix = random_counts()
    found = fit_mixture(matrix, 3, Dry())
    assert (found.tokens[1] == 0).all()
    assert (found.shares[:, 1] == 0).all()
    check(found, matrix, 3)


def test_more_topics_than_there_is_to_tell_apart():
    matrix = sparse.csr_array(np.array([[3, 0], [0, 2], [1, 0]], dtype=np.int32))
    check(fit_mixture(matrix, 9, rng(0), iterations=500, tolerance=0), matrix, 9)


def test_a_fixed_part_stays_and_the_rest_is_learned():
    # By hand: the topic is half its anchor, feature 0; the rest of it is what the one unit holds beside.
    matrix = sparse.csr_array(np.array([[2, 4, 4]], dtype=np.int32))
    found = fit_mixture(matrix, 1, rng(0), fixed=np.array([[0.5, 0.0, 0.0]]), tolerance=1e-9)
    # φ = (½, ¼, ¼): of 10 tokens it would have 5 be anchors, and the likelihood says what that costs.
    assert found.log_likelihood[-1] == pytest.approx((2 * np.log(1 / 2) + 8 * np.log(1 / 4)) / 10)
    assert found.tokens[0] == pytest.approx([2, 4, 4])  # the expected tokens are those that there are


def test_a_fixed_part_draws_its_words_and_what_stands_with_them():
    matrix = random_counts(2, (30, 10))
    fixed = np.zeros((3, 10))
    fixed[2, 4] = fixed[2, 5] = 0.4
    free, anchored = (fit_mixture(matrix, 3, rng(0), fixed=f) for f in (None, fixed))
    drawn, loose = (found.tokens[2, [4, 5]].sum() / found.tokens[:, [4, 5]].sum() for found in (anchored, free))
    assert drawn > 0.6
    assert loose < 0.4
    check(fit_mixture(matrix, 3, rng(0), fixed=np.zeros((3, 10))), matrix, 3)


def test_words_far_from_every_fixed_one_have_a_topic_too():
    # No unit holds both the anchor and the last two features, and there is no free topic to take them.
    matrix = sparse.csr_array(np.array([[3, 1, 0, 0], [0, 0, 2, 2]], dtype=np.int32))
    check(fit_mixture(matrix, 1, rng(0), fixed=np.array([[0.9, 0, 0, 0]])), matrix, 1)


def test_counts_are_worked_on_in_chunks_of_any_size(monkeypatch):
    matrix = random_counts(5, (7, 9))
    whole = fit_mixture(matrix, 3, rng(1), iterations=20, tolerance=0)
    for size in (1, 7, matrix.nnz, matrix.nnz - 1):
        monkeypatch.setattr("analysis.topics.mixtures._CHUNK", size)
        parts = fit_mixture(matrix, 3, rng(1), iterations=20, tolerance=0)
        assert parts.tokens == pytest.approx(whole.tokens, rel=1e-5)
        assert parts.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)


def test_what_is_given_is_not_changed():
    matrix, fixed = random_counts(), np.full((3, 15), 0.5 / 15)
    weights = np.full((3, 15), 1 / 15)
    before = matrix.copy()
    for array in (matrix.data, matrix.indices, matrix.indptr, fixed, weights):
        array.flags.writeable = False
    fit_mixture(matrix, 3, rng(0), fixed=fixed)
    fold_in(matrix, weights)
    halves(matrix, rng(0))
    completion(weights, matrix, rng(0))
    assert (matrix != before).nnz == 0
    assert (matrix.indices == before.indices).all()


# ------------------------------------------------------------------- beside scikit-learn


@pytest.mark.parametrize("seed", range(3))
def test_from_our_end_scikit_learn_finds_nothing_better(seed):
    matrix = random_counts(seed)
    found = fit_mixture(matrix, 3, rng(seed), iterations=3000, tolerance=1e-8)
    start = factors(matrix, found)
    ours = divergence(matrix, *start)
    theirs = divergence(matrix, *scikit_learns(matrix, start, max_iter=200, tol=0))
    assert theirs >= ours * (1 - 1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_from_scikit_learns_end_a_step_of_ours_stands_still(seed):
    """Their fixed point is one of the folding in, too: with its topics known, the shares are those it has."""
    matrix = random_counts(seed)
    amounts, topics = scikit_learns(matrix, n_topics=3, seed=seed, max_iter=1000, tol=0)
    size = topics.sum(axis=1)
    shares = amounts * size / (amounts * size).sum(axis=1, keepdims=True)
    found = fold_in(matrix, topics / size[:, None], alpha=0, iterations=2000)
    assert found == pytest.approx(shares, abs=0.02)


@pytest.mark.parametrize(("shape", "rate"), [((20, 15), 2.0), ((40, 12), 0.5), ((12, 30), 5.0)], ids=str)
def test_the_best_of_our_starts_is_as_good_as_the_best_of_scikit_learns(shape, rate):
    matrix = random_counts(7, shape, rate)
    matrix = matrix[np.flatnonzero(matrix.sum(axis=1))]
    runs = range(4)
    ours = [fit_mixture(matrix, 3, rng(s), iterations=800, tolerance=1e-8) for s in runs]
    best = min(divergence(matrix, *factors(matrix, found)) for found in ours)
    theirs = [scikit_learns(matrix, n_topics=3, seed=s, max_iter=400, tol=0) for s in runs]
    assert best <= 1.01 * min(divergence(matrix, *found) for found in theirs)


# ------------------------------------------------------------------- the same numbers


def test_the_same_seed_gives_the_same_bits_in_any_process(monkeypatch):
    matrix = random_counts(11, (300, 200), 0.7)
    assert matrix.nnz > 1 << 14  # more counts than one chunk
    fixed = np.zeros((7, 200))
    fixed[0, :3] = 0.1
    for given_part in (None, fixed):
        job = partial(fit_mixture, fixed=given_part, iterations=30)
        here = job(matrix, 7, rng(5))
        # The processes are new ones, and their libraries use one thread.
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            monkeypatch.setenv(name, "1")
        there = [found for _, found in mapped(job, [(matrix, 7, rng(5))] * 2, processes=2)]
        for found in there:
            assert found.tokens.tobytes() == here.tokens.tobytes()
            assert found.shares.tobytes() == here.shares.tobytes()
            assert found.log_likelihood == here.log_likelihood


def test_another_seed_gives_other_numbers():
    matrix = random_counts()
    first, again, other = (fit_mixture(matrix, 3, rng(seed), iterations=5) for seed in (0, 0, 1))
    assert (first.tokens == again.tokens).all()
    assert (first.shares == again.shares).all()
    assert first.log_likelihood == again.log_likelihood
    assert not np.allclose(first.tokens, other.tokens)


# ------------------------------------------------------------------- folding in


def test_folding_in_by_hand():
    apart = np.array([[1.0, 0.0], [0.0, 1.0]])
    matrix = sparse.csr_array(np.array([[9, 0], [5, 5], [0, 0], [3, 1]]))
    # (n + α) / (N + 2 α), for every token is one topic's alone
    assert fold_in(matrix, apart, alpha=0.5) == pytest.approx(
        np.array([[9.5 / 10, 0.5 / 10], [0.5, 0.5], [0.5, 0.5], [3.5 / 5, 1.5 / 5]])
    )


@pytest.mark.parametrize("seed", range(3))
def test_folding_in_recovers_known_shares(seed):
    weights = rng(seed).dirichlet(np.full(40, 0.1), 3)
    shares = rng(seed + 50).dirichlet(np.ones(3), 12)
    counts = rng(seed).multinomial(20_000, shares @ weights)
    assert fold_in(sparse.csr_array(counts), weights, alpha=0.01, iterations=200) == pytest.approx(shares, abs=0.03)


def test_words_that_no_topic_knows_tell_nothing():
    weights = np.array([[0.5, 0.5, 0.0], [0.25, 0.75, 0.0]])
    matrix = sparse.csr_array(np.array([[0, 0, 4], [2, 2, 4], [2, 2, 0]]))
    found = fold_in(matrix, weights)
    assert found[0] == pytest.approx([0.5, 0.5])
    assert found[1] == pytest.approx(found[2])


def test_folding_in_nothing():
    assert fold_in(sparse.csr_array((0, 3), dtype=np.int32), np.full((2, 3), 1 / 3)).shape == (0, 2)


# ------------------------------------------------------------------- halves and completion


@settings(deadline=None)
@given(
    dense=arrays(np.int32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 50)),
    seed=st.integers(0, 99),
)
def test_halves_sum_to_the_whole(dense, seed):
    matrix = sparse.csr_array(dense)
    first, second = halves(matrix, rng(seed))
    assert ((first + second).toarray() == dense).all()
    assert (first.toarray() >= 0).all()
    assert (second.toarray() >= 0).all()
    for half in (first, second):
        assert half.dtype == matrix.dtype
        assert (half.data > 0).all()


def test_halves_are_halves():
    first, second = halves(sparse.csr_array(np.full((20, 20), 25)), rng(1))
    assert first.sum() / 10_000 == pytest.approx(0.5, abs=0.03)
    assert first.sum() + second.sum() == 10_000
    assert (halves(random_counts(), rng(1))[0] != halves(random_counts(), rng(1))[0]).nnz == 0
    assert (halves(random_counts(), rng(1))[0] != halves(random_counts(), rng(2))[0]).nnz > 0


@pytest.mark.parametrize("features", [1, 2, 7, 40])
@pytest.mark.parametrize("n_topics", [1, 3])
def test_for_a_model_that_knows_nothing_the_perplexity_is_the_vocabulary(features, n_topics):
    matrix = sparse.csr_array(rng(features).poisson(4, (9, features)))
    for tokens in (np.full((n_topics, features), 5.0), np.zeros((n_topics, features))):
        assert completion(tokens, matrix, rng(0)) == pytest.approx(features, rel=1e-5)


def test_for_a_model_that_knows_the_themes_the_perplexity_is_that_of_one():
    tokens = np.zeros((5, 20))
    for theme in range(5):
        tokens[theme, 4 * theme : 4 * theme + 4] = 1e6
    blocks = sparse.csr_array(np.kron(np.eye(5, dtype=np.int32), np.full((1, 4), 2000, dtype=np.int32)))
    assert completion(tokens, blocks, rng(0), alpha=1e-3) == pytest.approx(4, rel=1e-3)
    assert completion(tokens.sum(axis=0, keepdims=True), blocks, rng(0)) == pytest.approx(20, rel=1e-3)


def test_completion_by_hand():
    # One word a half: the shares are those of the first half, with α = 0.1, the surprise is that of the second.
    tokens, matrix = np.array([[1.0, 0.0], [0.0, 1.0]]), sparse.csr_array(np.array([[60, 40]]))
    first, second = halves(matrix, rng(4))
    weights = np.array([[1.01, 0.01], [0.01, 1.01]]) / 1.02
    probability = fold_in(first, weights, alpha=0.1) @ weights
    seen = second.toarray()
    expected = np.exp(-(seen * np.log(probability)).sum() / seen.sum())
    assert completion(tokens, matrix, rng(4)) == pytest.approx(expected, rel=1e-5)


def test_what_a_topic_lacks_is_no_impossibility():
    found = completion(np.array([[5.0, 0.0]]), sparse.csr_array(np.array([[0, 50]])), rng(0))
    assert found == pytest.approx(5.02 / 0.01, rel=1e-5)


def test_nothing_to_complete_has_no_perplexity():
    even = np.ones((2, 3))
    assert np.isnan(completion(even, sparse.csr_array((0, 3), dtype=np.int32), rng(0)))
    assert np.isnan(completion(even, sparse.csr_array((4, 3), dtype=np.int32), rng(0)))
    one = sparse.csr_array(np.array([[1, 0, 0]]))
    dealt = [completion(even, one, rng(seed)) for seed in range(8)]  # a single token falls into either half
    assert any(np.isnan(value) for value in dealt)
    assert [value for value in dealt if not np.isnan(value)] == pytest.approx([3.0] * sum(v == v for v in dealt))


def test_completion_leaves_its_tokens():
    tokens = np.ones((2, 3))
    completion(tokens, random_counts(0, (4, 3)), rng(0))
    assert (tokens == 1).all()
