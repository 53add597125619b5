import json
import operator
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest
from scipy import sparse

from analysis.errors import InputError, TifaError
from analysis.topics.engines import gibbs, lda, nmf, seeded
from analysis.topics.engines.base import ENGINES, PACKAGES, Fit, engine_options, load_engine
from analysis.workers import mapped

needs_tomotopy = pytest.mark.skipif(find_spec("tomotopy") is None, reason="the extra `topics` is not installed")
ALL = [pytest.param(name, marks=needs_tomotopy if name == "gibbs" else ()) for name in ENGINES]
WORDS, UNITS = 6, 10


def planted(themes, *, seed=0, tokens=30):
    """Units in which only words of one theme stand: ten for each theme, six words each."""
    rng = np.random.default_rng(seed)
    dense = np.zeros((themes * UNITS, themes * WORDS), dtype=np.int32)
    for theme in range(themes):
        block = rng.multinomial(tokens, np.full(WORDS, 1 / WORDS), UNITS)
        dense[theme * UNITS : (theme + 1) * UNITS, theme * WORDS : (theme + 1) * WORDS] = block
    return sparse.csr_array(dense)


def mixed(seed=0):
    """Units of unequal lengths in which all words stand: nothing to find."""
    rng = np.random.default_rng(seed)
    dense = rng.poisson(1.5, (12, 9)) * rng.integers(1, 4, (12, 1))
    dense[:, 0] += 1
    return sparse.csr_array(dense.astype(np.int32))


def engine(name):
    """The engine; `seeded` with anchors, which it needs."""
    return partial(load_engine(name), anchors=[[0, 1]]) if name == "seeded" else load_engine(name)


def fitted(name, matrix, n_topics, seed=0, **options):
    return engine(name)(matrix, n_topics, np.random.default_rng(seed), **options)


def bits(found):
    return found.tokens.tobytes(), found.shares.tobytes(), found.converged, dict(found.notes)


# ------------------------------------------------------------------- what they find


@pytest.mark.parametrize("seed", range(4))  # with some seeds a likelihood has a hill on which two themes share a topic
@pytest.mark.parametrize("themes", [2, 3])
@pytest.mark.parametrize("name", ALL)
def test_separate_themes_are_found(name, themes, seed):
    matrix = planted(themes)
    found = fitted(name, matrix, themes, seed)
    topic = found.shares.argmax(axis=1).reshape(themes, UNITS)
    assert (topic == topic[:, :1]).all()
    assert sorted(topic[:, 0]) == list(range(themes))
    assert found.shares.max(axis=1).min() > 0.9
    weights = (found.tokens / found.tokens.sum(axis=1, keepdims=True))[topic[:, 0]]
    truth = matrix.toarray().reshape(themes, UNITS, -1).sum(axis=1)
    assert weights == pytest.approx(truth / truth.sum(axis=1, keepdims=True), abs=0.05)
    assert found.tokens.sum(axis=1)[topic[:, 0]] == pytest.approx(np.full(themes, 300), rel=0.02)


@pytest.mark.parametrize("name", ALL)
def test_one_topic_is_the_whole_text(name):
    matrix = mixed()
    found = fitted(name, matrix, 1)
    assert (found.shares == 1).all()
    if name != "nmf":  # whose loss weighs words by their rarity
        assert found.tokens[0] == pytest.approx(matrix.toarray().sum(axis=0), rel=1e-3)


# ------------------------------------------------------------------- the contract


@pytest.mark.parametrize("n_topics", [1, 2, 5, 12])
@pytest.mark.parametrize("make", [planted, mixed])
@pytest.mark.parametrize("name", ALL)
def test_every_engine_keeps_the_contract(name, make, n_topics):
    matrix = make(2)
    found = fitted(name, matrix, n_topics, iterations=30)
    assert isinstance(found, Fit)
    assert found.tokens.shape == (n_topics, matrix.shape[1])
    assert found.shares.shape == (matrix.shape[0], n_topics)
    for array in (found.tokens, found.shares):
        assert array.dtype == np.float64
        assert np.isfinite(array).all()
        assert (array >= 0).all()
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(matrix.shape[0]), abs=1e-9)
    assert found.tokens.sum() == pytest.approx(matrix.sum(), rel=1e-3)
    assert found.converged is None if name == "gibbs" else isinstance(found.converged, bool)
    assert found.converged is None or "iterations=" in found.advice
    assert found.notes["iterations"] <= 30
    assert json.loads(json.dumps(dict(found.notes))) == dict(found.notes)  # plain values


@pytest.mark.parametrize("name", [given for given in ALL if given.values != ("nmf",)])  # whose loss is no likelihood
def test_each_word_has_as_many_tokens_in_all_topics_as_in_the_texts(name):
    matrix = mixed()
    found = fitted(name, matrix, 3)
    assert found.tokens.sum(axis=0) == pytest.approx(matrix.toarray().sum(axis=0), abs=0.05)


@pytest.mark.parametrize("name", ALL)
def test_what_is_given_is_not_changed(name):
    matrix = mixed()
    before = [array.copy() for array in (matrix.data, matrix.indices, matrix.indptr)]
    fitted(name, matrix, 3, iterations=5)
    assert all((a == b).all() for a, b in zip(before, (matrix.data, matrix.indices, matrix.indptr), strict=True))


def test_every_engine_is_described_and_has_its_packages():
    assert set(ENGINES) == set(PACKAGES)
    for name in ENGINES:
        assert ENGINES[name]
        assert engine_options(name)["iterations"] >= 100


def test_options_are_those_of_the_function():
    assert engine_options("nmf-kl") == {"iterations": 200, "tolerance": 1e-4}
    assert set(engine_options("lda")) == {"alpha", "beta", "iterations", "tolerance"}
    assert set(engine_options("gibbs")) == {"alpha", "beta", "iterations"}
    assert set(engine_options("seeded")) == {"anchors", "strength", "iterations", "tolerance"}


@pytest.mark.parametrize("name", ["", "NMF", "nmf_kl", "base", "os", None, 3, ["nmf"], {"nmf"}], ids=str)
def test_an_unknown_engine_is_refused_with_those_there_are(name):
    for function in (load_engine, engine_options):
        with pytest.raises(InputError, match="engine: received .*; accepted: nmf-kl, nmf, lda, gibbs, seeded"):
            function(name)


# ------------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_bits_here(name):
    assert bits(fitted(name, mixed(), 4, 3)) == bits(fitted(name, mixed(), 4, 3))


@pytest.mark.parametrize("name", ALL)
def test_another_seed_starts_elsewhere(name):
    matrix = mixed()
    first, other = (fitted(name, matrix, 4, seed, iterations=3) for seed in (0, 1))
    assert not np.allclose(first.tokens, other.tokens, rtol=1e-3)


def test_the_same_seed_gives_the_same_bits_in_other_processes(monkeypatch):
    names = [name for name in ENGINES if name != "gibbs" or find_spec("tomotopy")]
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    jobs = [(engine(name), mixed(), 4, np.random.default_rng(3)) for name in names]
    there = dict(mapped(operator.call, jobs, processes=2))
    for number, name in enumerate(names):
        assert bits(there[number]) == bits(fitted(name, mixed(), 4, 3)), name


# ------------------------------------------------------------------- their own options


def test_fewer_iterations_are_not_converged():
    for name in ("nmf-kl", "nmf", "lda", "seeded"):
        found = fitted(name, mixed(), 4, iterations=2, **({"tolerance": 1e-12} if name != "lda" else {}))
        assert (found.converged, found.notes["iterations"]) == (False, 2)
        assert fitted(name, mixed(), 2, iterations=5000, tolerance=1e-2).converged is True


@pytest.mark.parametrize("name", ["lda", pytest.param("gibbs", marks=needs_tomotopy)])
def test_priors_spread_topics_and_words(name):
    matrix = planted(2)
    sharp, flat = (fitted(name, matrix, 2, alpha=alpha).shares.max(axis=1).mean() for alpha in (0.01, 1.0))
    assert sharp > flat
    alone = fitted(name, matrix, 2, alpha=0.01).shares.max(axis=1)
    assert alone == pytest.approx((30 + 0.01) / (30 + 0.02), abs=1e-3) if name == "gibbs" else alone.min() > 0.99


@pytest.mark.parametrize("seed", range(3))
def test_the_words_of_lda_are_expected_tokens_without_the_prior(seed):
    matrix = mixed()
    for beta in (0.01, 0.5):
        found = lda.fit(matrix, 3, np.random.default_rng(seed), beta=beta)
        assert found.tokens.sum(axis=0) == pytest.approx(matrix.toarray().sum(axis=0), rel=0.01)


@needs_tomotopy
def test_the_words_of_gibbs_are_whole_tokens():
    matrix = mixed()
    for beta in (0.01, 1.0):
        found = gibbs.fit(matrix, 3, np.random.default_rng(0), beta=beta)
        assert found.tokens == pytest.approx(np.rint(found.tokens), abs=0.01)


@needs_tomotopy
def test_gibbs_keeps_its_columns_in_their_places():
    # tomotopy sorts its words by how frequent they are: the rarest stands first here, and last there.
    matrix = sparse.csr_array(np.array([[1, 2, 30, 4], [1, 2, 3, 40]], dtype=np.int32))
    assert np.rint(gibbs.fit(matrix, 2, np.random.default_rng(0)).tokens.sum(axis=0)).tolist() == [2, 4, 33, 44]


def test_without_tomotopy_gibbs_names_the_command(monkeypatch):
    def gone(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(gibbs, "import_module", gone)
    with pytest.raises(
        TifaError, match=r"not installed \(No module named 'tomotopy'\): pip install \"tifa\[topics\]\""
    ):
        fitted("gibbs", mixed(), 2)


def test_the_start_of_nmf_depends_on_the_seed():
    matrix = planted(3)
    ends = [nmf.fit(matrix, 3, np.random.default_rng(seed), iterations=1).tokens for seed in range(4)]
    assert all(not np.allclose(a, b) for i, a in enumerate(ends) for b in ends[:i])
    # With more topics than themes each seed divides them in its own way: no topic looks more stable than it is.
    shares = [nmf.fit(matrix, 6, np.random.default_rng(seed)).shares.round(3).max(axis=0) for seed in range(3)]
    assert not np.allclose(np.sort(shares[0]), np.sort(shares[1]))


def test_a_fit_without_error_is_no_fault_of_nmf():
    # The loss is 0 but for rounding; where it is a hair below, it has no root, which warned.
    for seed in range(6):
        found = nmf.fit(sparse.csr_array([[1, 0, 1, 0], [0, 1, 0, 1]]), 2, np.random.default_rng(seed))
        assert found.shares.max(axis=1) == pytest.approx([1, 1], abs=1e-3)


def test_nmf_brings_its_weights_back_to_counts():
    # A word in every unit weighs least by its idf, and is all the same the most frequent of each theme.
    dense = planted(2).toarray()
    dense = np.hstack([dense, np.full((len(dense), 1), 20, dtype=np.int32)])
    found = nmf.fit(sparse.csr_array(dense), 2, np.random.default_rng(0))
    assert found.tokens[:, -1] == pytest.approx([200, 200], rel=0.2)
    assert found.tokens.sum() == pytest.approx(dense.sum())


# ------------------------------------------------------------------- anchors


@pytest.mark.parametrize("seed", range(3))
def test_anchored_topics_are_those_of_their_anchors_in_their_order(seed):
    found = seeded.fit(planted(3), 3, np.random.default_rng(seed), anchors=[[12, 13], [0, 1]])
    weights = found.tokens / found.tokens.sum(axis=1, keepdims=True)
    assert weights[0, 12:].sum() > 0.95
    assert weights[1, :6].sum() > 0.95
    assert weights[2, 6:12].sum() > 0.95  # the free one finds what is left


def test_the_stronger_the_anchors_the_more_of_them_is_in_their_topic():
    matrix = mixed()
    held = []
    for strength in (1e-6, 0.1, 0.5, 0.9):
        tokens = seeded.fit(matrix, 3, np.random.default_rng(0), anchors=[[2, 3]], strength=strength).tokens
        held.append(tokens[0, [2, 3]].sum() / tokens[0].sum())
    assert held == sorted(held)
    assert held[-1] > held[0] + 0.1


def test_anchors_have_their_share_of_the_topic_as_they_are_frequent(monkeypatch):
    given = {}

    def caught(matrix, n_topics, rng, *, fixed, **options):
        given["fixed"] = fixed
        return fit_mixture(matrix, n_topics, rng, fixed=fixed, **options)

    fit_mixture = seeded.fit_mixture
    monkeypatch.setattr(seeded, "fit_mixture", caught)
    matrix = sparse.csr_array(np.array([[1, 3, 6], [0, 6, 4]], dtype=np.int32))
    seeded.fit(matrix, 2, np.random.default_rng(0), anchors=[[0, 1]], strength=0.2)
    assert given["fixed"] == pytest.approx(np.array([[0.02, 0.18, 0], [0, 0, 0]]))  # 0.2, as 1 to 9


def test_an_anchored_topic_is_neither_lost_nor_nothing_but_its_anchors():
    # Rare anchors in few of many units, each beside words of one theme: the topic is that theme, whatever the seed.
    rng = np.random.default_rng(3)
    dense = np.zeros((200, 41), dtype=np.int32)
    for unit in range(200):
        theme = unit % 4
        dense[unit, theme * 10 : theme * 10 + 10] = rng.poisson(3, 10)
    dense[2:40:4, 40] = 1  # ten occurrences of the anchor, among some six thousand tokens
    for seed in range(5):
        tokens = seeded.fit(sparse.csr_array(dense), 4, np.random.default_rng(seed), anchors=[[40]]).tokens
        assert tokens[0, 40] == pytest.approx(10, abs=0.1)
        assert tokens[0, 20:30].sum() > 0.9 * (tokens[0].sum() - tokens[0, 40])
        assert tokens[0].sum() > 300


def test_the_texts_can_overrule_weak_anchors():
    # Words of two themes as anchors of one topic: a thousandth of it does not keep them together.
    matrix = planted(2, tokens=300)
    found = seeded.fit(matrix, 2, np.random.default_rng(0), anchors=[[0, 6]], strength=1e-6, tolerance=1e-9)
    assert found.tokens[0, [0, 6]].min() < 0.1 * found.tokens[0, [0, 6]].max()
