"""Factorisation of tf-idf weights with the Frobenius loss: quick, and its topics' top words are coherent.

It is scikit-learn's ``NMF`` on weights as its ``TfidfTransformer`` makes them. Since the loss is not a
likelihood, it predicts unseen text worse than the other engines; rare words count for more.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer

from analysis.topics.engines.base import Fit

__all__ = ["fit"]


def fit(matrix: Any, n_topics: int, rng: np.random.Generator, *, iterations: int = 400, tolerance: float = 1e-4) -> Fit:
    """Fit topics by coordinate descent, from a random start that ``rng`` draws.

    The weights of a topic are brought back to counts: divided by each feature's idf, then scaled so
    that the topic has the tokens that the units' shares give it.
    """
    transformer = TfidfTransformer()
    weights = transformer.fit_transform(matrix.astype(np.float32))
    # scikit-learn's own non-negative SVD start hardly depends on the seed: it would make any topic look stable.
    mean = np.sqrt(weights.mean() / n_topics)
    start = [
        np.abs(mean * rng.standard_normal(shape))
        for shape in ((weights.shape[0], n_topics), (n_topics, weights.shape[1]))
    ]
    model = NMF(n_topics, init="custom", max_iter=iterations, tol=tolerance)
    # The loss of a fit without error may be a hair below 0, and scikit-learn takes its root.
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # said by fit_topics, with what to change
        amount = model.fit_transform(weights, W=start[0].astype(np.float32), H=start[1].astype(np.float32))
    topics = np.asarray(model.components_, dtype=np.float64) / transformer.idf_
    size = topics.sum(axis=1)
    amount = np.asarray(amount, dtype=np.float64) * size
    length = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    total = amount.sum(axis=1, keepdims=True)
    # A unit that no topic reaches is spread over all.
    shares = np.divide(amount, total, out=np.full_like(amount, 1 / n_topics), where=total > 0)
    tokens = np.divide(topics, size[:, None], out=np.full_like(topics, 1 / topics.shape[1]), where=size[:, None] > 0)
    return Fit(
        tokens * (length @ shares)[:, None],
        shares,
        bool(model.n_iter_ < iterations),
        "raise iterations= or tolerance=",
        {"iterations": int(model.n_iter_)},
    )
