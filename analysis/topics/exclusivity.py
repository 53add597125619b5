"""Which words tell topics apart, and how far topics differ: pure arithmetic on arrays.

``weights`` is always topics × features, each row the probabilities of the words given the topic:
finite, not negative, summing to 1 (to 10⁻⁴). All logarithms are natural. Equal values keep the
order of the features; a word of weight 0 is never among a topic's top words. FREX ranks shares of
topics that agree to about 12 digits as equal, so that no rounding error in the sum over topics,
and no order of the topics, breaks a tie.

Roberts, Stewart & Tingley's R package stm is where these numbers are mostly read; its source was
read for what follows, and `tests/references/exclusivity.R` holds the formulas in base R.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = ["diversity", "effective_number", "exclusivity", "frex", "lift", "score"]

Floats = NDArray[np.float64]


def frex(weights: ArrayLike, *, balance: float = 0.5, counts: ArrayLike | None = None) -> Floats:
    """Frequency and exclusivity of each word in each topic (topics × features), above 0, at most 1.

    1 / (``balance`` / E + (1 − ``balance``) / F): the harmonic mean of two ranks within the topic,
    each as a share of the number of features (1 for the highest; equal values share the mean of
    their ranks). F ranks the weights; E ranks the share of the word's weights that lies in the
    topic, β(k, v) / Σ over topics of β(k, v). It is stm's approximation to Bischof & Airoldi (2012),
    Summarizing topical content with word frequency and exclusivity.

    ``balance`` is the weight of exclusivity: stm's ``frexw`` in ``exclusivity``, but 1 − ``w`` in
    its ``calcfrex``.

    The shares of a rare word are extreme by chance. With ``counts`` (features; how often each word
    stands in the corpus) they are drawn towards 1 / K, K topics, as by stm's ``js.estimate``: with
    λ = Σ p(1 − p) / (count − 1) / Σ (p − 1/K)², at most 1, the share is λ / K + (1 − λ) p, and 1 / K
    for a count of 1 or less (after Hausser & Strimmer 2009, Entropy inference and the James-Stein
    estimator, with application to nonlinear gene association networks).

    Edge cases: a word without weight in any topic has the share 0 (stm: NaN), whatever its count.
    With one topic all words are equally exclusive.

    >>> frex([[0.5, 0.4, 0.1], [0.1, 0.4, 0.5]]).round(3).tolist()
    [[1.0, 0.667, 0.333], [0.333, 0.667, 1.0]]
    >>> frex([[0.5, 0.4, 0.1], [0.1, 0.4, 0.5]], counts=[1, 50, 60]).round(3).tolist()
    [[0.909, 0.741, 0.333], [0.4, 0.571, 1.0]]
    """
    beta = _distributions(weights)
    if not 0 <= balance <= 1:
        raise ValueError(f"balance: received {balance!r}; accepted: from 0 (frequency) to 1 (exclusivity)")
    total = beta.sum(axis=0)
    share = np.divide(beta, total, out=np.zeros(beta.shape), where=total > 0)
    if counts is not None:
        share = np.where(total > 0, _shrunk(share, _per_feature("counts", counts, beta)), 0.0)
    features = beta.shape[1]
    exclusive = stats.rankdata(_rounded(share), axis=1) / features
    frequent = stats.rankdata(beta, axis=1) / features
    return np.asarray(1 / (balance / exclusive + (1 - balance) / frequent))


def lift(weights: ArrayLike, probabilities: ArrayLike) -> Floats:
    """Log lift of each word in each topic (topics × features): log(β(k, v) / p(v)).

    p(v) is the word's share of the corpus; ``probabilities`` may be shares or counts, which are
    divided by their sum. As stm's ``calclift``, which cites Taddy (2012), On estimation and
    selection for topic models. Rare words have the highest lifts.

    Edge cases: a weight of 0 gives −∞. A word with a weight must occur: refused otherwise.

    >>> lift([[0.5, 0.5, 0.0], [0.1, 0.4, 0.5]], [2, 4, 4]).round(3).tolist()
    [[0.916, 0.223, -inf], [-0.693, 0.0, 0.223]]
    """
    beta = _distributions(weights)
    shares = _per_feature("probabilities", probabilities, beta)
    absent = (shares == 0) & (beta > 0).any(axis=0)
    if absent.any():
        raise ValueError(
            f"probabilities: received 0 for {absent.sum()} words that have weight in a topic, "
            f"the first at {int(absent.argmax())}; accepted: a share above 0"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(beta) - np.log(shares / shares.sum())
    return np.where(beta > 0, logs, -np.inf)


def score(weights: ArrayLike, *, smoothing: float = 1e-5) -> Floats:
    """Score of each word in each topic (topics × features): its weight, times how far it exceeds the mean topic's.

    β(k, v) · (log(β(k, v) + s) − mean over topics of log(β(k, v) + s)), s = ``smoothing``. This is
    the score of R's lda, ``top.topic.words(by.score = TRUE)``, with its s = 10⁻⁵; stm's
    ``calcscore`` has s = 0, for weights that are all above 0.

    Edge cases: a weight of 0 scores 0. Without smoothing a word that some topics lack scores +∞ in
    those that have it.

    >>> score([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]], smoothing=0).round(3).tolist()
    [[0.173, 0.173, 0.0], [-0.087, -0.087, inf]]
    >>> score([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]).round(3).tolist()
    [[0.173, 0.173, 0.0], [-0.087, -0.087, 2.705]]
    """
    beta = _distributions(weights)
    if not smoothing >= 0:
        raise ValueError(f"smoothing: received {smoothing!r}; accepted: a number that is not negative")
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(beta + smoothing)
        return np.where(beta > 0, beta * (logs - logs.mean(axis=0)), 0.0)


def exclusivity(weights: ArrayLike, *, top: int = 10, balance: float = 0.7) -> Floats:
    """How exclusive each topic's top words are (topics): the sum of their `frex`, as stm's ``exclusivity``.

    The ``top`` words are the weightiest; ``balance`` is the weight of exclusivity; no shrinkage.

    Edge cases: fewer words with weight than ``top`` give a sum over fewer, at most their number.

    >>> exclusivity([[0.5, 0.4, 0.1], [0.1, 0.4, 0.5]], top=2).round(3).tolist()
    [1.667, 1.667]
    """
    beta = _distributions(weights)
    order, held = _top(beta, top)
    return np.asarray(np.where(held, np.take_along_axis(frex(beta, balance=balance), order, axis=1), 0.0).sum(axis=1))


def diversity(weights: ArrayLike, *, top: int = 25) -> float:
    """Share of distinct words among the top words of all topics, above 0, at most 1.

    1 if no two topics share one of their ``top`` weightiest words, 1 / K if all K topics have the
    same (Dieng, Ruiz & Blei 2020, Topic modeling in embedding spaces).

    Edge cases: topics with fewer words with weight than ``top`` bring the words they have.

    >>> diversity([[0.5, 0.4, 0.1], [0.1, 0.4, 0.5]], top=2)
    0.75
    """
    order, held = _top(_distributions(weights), top)
    return float(np.unique(order[held]).size / held.sum())


def effective_number(shares: ArrayLike) -> Floats:
    """Over how many rows each column is spread (columns): from 1, all in one row, to the number of rows, evenly.

    exp(−Σ p log p), p the column divided by its sum, 0 · log 0 = 0: the exponential of the entropy,
    which is the same number whatever the base of both. With documents × topics, the effective
    number of documents of a topic: a topic that is one document has about 1.

    Edge cases: a column of zeros has 0.

    >>> effective_number([[0.5, 1.0, 0.0], [0.5, 0.0, 0.0]]).tolist()
    [2.0, 1.0, 0.0]
    """
    values = np.asarray(shares, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(f"shares: received shape {values.shape}; accepted: a matrix, finite and not negative")
    total = values.sum(axis=0)
    p = np.divide(values, total, out=np.zeros(values.shape), where=total > 0)
    logs = np.log(p, out=np.zeros(p.shape), where=p > 0)
    return np.where(total > 0, np.exp(-(p * logs).sum(axis=0)), 0.0)


def _shrunk(share: Floats, counts: Floats) -> Floats:
    """Shares of topics (topics × features), drawn towards equal ones where the word is rare."""
    even = 1 / share.shape[0]
    variance = (share * (1 - share)).sum(axis=0) / np.where(counts > 1, counts - 1, 1)
    distance = ((share - even) ** 2).sum(axis=0)
    towards = np.minimum(np.divide(variance, distance, out=np.ones(distance.shape), where=distance > 0), 1.0)
    towards[counts <= 1] = 1.0
    return np.asarray(towards * even + (1 - towards) * share)


def _rounded(values: Floats) -> Floats:
    """Values to 40 binary digits."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(mantissa, 40)), exponent - 40))


def _top(beta: Floats, top: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The ``top`` weightiest words of each topic, and which of them have any weight."""
    if top < 1 or top != int(top):
        raise ValueError(f"top: received {top!r}; accepted: a whole number, at least 1")
    order = np.asarray(np.argsort(-beta, axis=1, kind="stable")[:, : int(top)])
    return order, np.take_along_axis(beta, order, axis=1) > 0


def _distributions(weights: ArrayLike) -> Floats:
    beta = np.asarray(weights, dtype=np.float64)
    if beta.ndim != 2 or not beta.size:
        raise ValueError(f"weights: received shape {beta.shape}; accepted: topics × features, at least one of each")
    wrong = ~(np.isfinite(beta) & (beta >= 0)).all(axis=1) | ~(np.abs(beta.sum(axis=1) - 1) <= 1e-4)
    if wrong.any():
        raise ValueError(
            f"weights: received {wrong.sum()} rows that are no probabilities, the first at "
            f"{int(wrong.argmax())}; accepted: finite numbers, not negative, that sum to 1"
        )
    return beta


def _per_feature(name: str, values: ArrayLike, beta: Floats) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != beta.shape[1:] or not np.isfinite(array).all() or (array < 0).any() or not array.any():
        raise ValueError(
            f"{name}: received shape {array.shape}; accepted: {beta.shape[1]} numbers, one per feature, "
            "finite, not negative, not all 0"
        )
    return array
