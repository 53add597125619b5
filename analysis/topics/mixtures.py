"""Units as mixtures of topics: the fitting that `nmf-kl` and `seeded` share, and the scoring that all engines share.

The model says that a token of unit d is the feature w with probability
Σ over topics of θ(d, k) φ(k, w). Its maximum likelihood is that of probabilistic latent semantic
analysis and, up to scale, the factorisation of the counts with the smallest Kullback-Leibler
divergence (Ding, Li & Peng 2008). It is found by expectation maximisation, which never lets the
likelihood fall: both factors are renewed from one pass over the counts that are not zero.

Arithmetic is in single precision, which halves time and memory, and in one thread: the same seed
gives the same numbers in any process on one machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixture", "completion", "fit_mixture", "fold_in", "halves"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

#: Counts that are worked on at once: what they need fits into a processor's cache.
_CHUNK = 1 << 14
#: Below this a product of two probabilities is taken as this, so that no division is by zero.
_LEAST = 1e-30


class Mixture(NamedTuple):
    """What was fitted.

    ``tokens`` (topics × features) are the expected tokens of each feature in each topic,
    ``shares`` (units × topics) sum to 1 in each unit that has tokens and are 0 elsewhere;
    ``log_likelihood`` is the mean over tokens, in nats, before each step.
    """

    tokens: Floats
    shares: Floats
    log_likelihood: tuple[float, ...]
    converged: bool


def fit_mixture(
    matrix: Any,
    n_topics: int,
    rng: np.random.Generator,
    *,
    fixed: Floats | None = None,
    iterations: int = 200,
    tolerance: float = 1e-4,
) -> Mixture:
    """Fit ``n_topics`` topics to the counts ``matrix`` (CSR, units × features).

    From a random start each step takes θ(d, k) ∝ Σ_w n(d, w) p(k | d, w) and
    φ(k, w) ∝ Σ_d n(d, w) p(k | d, w), where p(k | d, w) ∝ θ(d, k) φ(k, w).

    ``fixed`` (topics × features) is a part of φ that no step changes, for topics that are to stay about given
    words: a row that sums to s leaves 1 − s of the topic to be learned, from the tokens that this part
    explains, (φ − fixed) / φ of each. Such a topic starts with the words of the units that hold its fixed ones, and
    all units with equal shares; rows of zeros are topics like any other. None by default.

    It has converged when a step raises the mean log-likelihood of a token by less than ``tolerance`` nats, and ends
    at the latest after ``iterations``.

    >>> from scipy import sparse
    >>> found = fit_mixture(sparse.csr_array([[4, 4, 0, 0], [0, 0, 6, 2]]), 2, np.random.default_rng(0))
    >>> sorted(found.tokens.round(2).tolist()), found.converged
    ([[0.0, 0.0, 6.0, 2.0], [4.0, 4.0, 0.0, 0.0]], True)
    """
    counts = matrix.astype(np.float32)
    size = float(counts.sum(dtype=np.float64))
    units, features = counts.shape
    rows = np.repeat(np.arange(units, dtype=np.int32), np.diff(counts.indptr))
    ratio = counts.copy()
    theta = rng.gamma(1.0, 1.0, (units, n_topics)).astype(np.float32)
    phi = rng.gamma(1.0, 1.0, (features, n_topics)).astype(np.float32)
    phi /= phi.sum(axis=0)
    learned = phi
    if fixed is not None:
        theta[:] = 1.0
        still = fixed.T.astype(np.float32)
        free = 1 - still.sum(axis=0)
        learned[:, free < 1] = _surroundings(counts, still[:, free < 1])
        phi = still + free * learned
    theta *= (np.asarray(counts.sum(axis=1)).ravel() / theta.sum(axis=1))[:, None]
    trace: list[float] = []
    converged = False
    for _ in range(iterations):
        trace.append(_ratios(counts, rows, theta, phi, ratio) / size)
        if len(trace) > 1 and trace[-1] - trace[-2] < tolerance:
            converged = True
            break
        renewed = learned * (ratio.T @ theta)
        theta *= ratio @ phi
        # theta keeps the scale of tokens; phi is a distribution in each topic. A topic may run dry: it stays as it is.
        total = renewed.sum(axis=0)
        learned = np.where(total > 0, renewed / np.where(total > 0, total, 1), learned).astype(np.float32)
        phi = learned if fixed is None else still + free * learned
    if not converged:
        _ratios(counts, rows, theta, phi, ratio)  # those there are were made before the last step
    # The expected tokens, from the last ratios: they sum to the counts.
    tokens = (phi * (ratio.T @ theta)).T.astype(np.float64)
    return Mixture(tokens, _normalised(theta), tuple(trace), converged)


def _surroundings(counts: Any, still: Singles) -> Singles:
    """The words of the units that hold fixed ones (a column a topic), and a little of every word."""
    holding = (counts @ (still > 0).astype(np.float32) > 0).astype(np.float32)
    near = np.asarray(counts.T @ holding)
    whole = np.asarray(counts.sum(axis=0)).reshape(-1, 1)
    return np.asarray(0.9 * near / np.maximum(near.sum(axis=0), 1) + 0.1 * whole / whole.sum(), dtype=np.float32)


def _ratios(counts: Any, rows: NDArray[np.int32], theta: Singles, phi: Singles, ratio: Any) -> float:
    """Fill ``ratio`` with n(d, w) / Σ_k θ(d, k) φ(k, w), and return the log-likelihood of all tokens."""
    likelihood = 0.0
    scale = np.maximum(theta.sum(axis=1), _LEAST)
    for first in range(0, counts.nnz, _CHUNK):
        part = slice(first, first + _CHUNK)
        expected = np.einsum("ij,ij->i", theta[rows[part]], phi[counts.indices[part]])
        np.maximum(expected, _LEAST, out=expected)
        n = counts.data[part]
        ratio.data[part] = n / expected
        # A sum of NumPy's, not a product of BLAS, whose last digits depend on the number of threads.
        likelihood += float((n * np.log(expected / scale[rows[part]], dtype=np.float64)).sum())
    return likelihood


def _normalised(theta: Any) -> Floats:
    values = np.asarray(theta, dtype=np.float64)
    total = values.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(values, total, out=np.zeros_like(values), where=total > 0))


def fold_in(matrix: Any, weights: Floats, *, alpha: float = 0.1, iterations: int = 50) -> Floats:
    """Shares of known topics in the units of ``matrix`` (units × topics), the topics unchanged.

    Expectation maximisation with ``alpha`` pseudo-tokens of every topic in each unit, from equal
    shares: θ(d, k) ∝ α + Σ_w n(d, w) p(k | d, w). A unit without tokens has equal shares.

    >>> from scipy import sparse
    >>> weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> fold_in(sparse.csr_array([[9, 0], [5, 5]]), weights, alpha=0.5).round(3).tolist()
    [[0.95, 0.05], [0.5, 0.5]]
    """
    counts = matrix.astype(np.float32)
    rows = np.repeat(np.arange(counts.shape[0], dtype=np.int32), np.diff(counts.indptr))
    phi = np.ascontiguousarray(weights.T, dtype=np.float32)
    theta = np.ones((counts.shape[0], weights.shape[0]), dtype=np.float32)
    ratio = counts.copy()
    for _ in range(iterations):
        _ratios(counts, rows, theta, phi, ratio)
        theta = theta * (ratio @ phi) + np.float32(alpha)
    return _normalised(theta)


def halves(matrix: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """The tokens of each unit dealt into two halves at random, each token by the toss of a coin.

    >>> from scipy import sparse
    >>> first, second = halves(sparse.csr_array([[3, 0, 40]]), np.random.default_rng(0))
    >>> (first + second).toarray().tolist()
    [[3, 0, 40]]
    """
    first, second = matrix.copy(), matrix.copy()
    first.data = rng.binomial(matrix.data, 0.5).astype(matrix.data.dtype)
    second.data = matrix.data - first.data
    first.eliminate_zeros()
    second.eliminate_zeros()
    return first, second


def completion(
    tokens: Floats, matrix: Any, rng: np.random.Generator, *, alpha: float = 0.1, smoothing: float = 0.01
) -> float:
    """Held-out perplexity by document completion: how surprising one half of each unit is, given the other.

    The tokens of each unit that the model has not seen (``matrix``) are dealt into two halves; the
    first tells its shares θ (`fold_in`), and the perplexity is that of the second,
    exp(−Σ n(d, w) log Σ_k θ(d, k) φ(k, w) / Σ n(d, w)) (Wallach et al. 2009 discuss the idea).
    ``tokens`` (topics × features) are expected tokens; each gets ``smoothing`` more, so that a
    feature that a topic lacks is no impossibility. The same for all engines, whatever they call a loss.

    NaN if the second half holds no token.

    >>> from scipy import sparse
    >>> even = np.full((2, 4), 5.0)
    >>> round(completion(even, sparse.csr_array([[3, 5, 2, 2]]), np.random.default_rng(0)), 6)
    4.0
    """
    weights = tokens + smoothing
    weights /= weights.sum(axis=1, keepdims=True)
    first, second = halves(matrix, rng)
    shares = fold_in(first, weights, alpha=alpha)
    size = float(second.sum(dtype=np.float64))
    if not size:
        return float("nan")
    rows = np.repeat(np.arange(second.shape[0], dtype=np.int32), np.diff(second.indptr))
    theta, phi = shares.astype(np.float32), np.ascontiguousarray(weights.T, dtype=np.float32)
    likelihood = _ratios(second.astype(np.float32), rows, theta, phi, second.astype(np.float32))
    return float(np.exp(-likelihood / size))
