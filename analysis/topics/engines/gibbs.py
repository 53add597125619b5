"""Latent Dirichlet allocation by collapsed Gibbs sampling: tomotopy's, an optional extra.

One thread and tomotopy's exact scheme, so that a seed means one result on one machine. Sampling does not
converge as optimisation does: how long the chain ran is stated, and other seeds tell the rest.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np

from analysis.errors import TifaError
from analysis.topics.engines.base import Fit

__all__ = ["fit"]


def fit(
    matrix: Any,
    n_topics: int,
    rng: np.random.Generator,
    *,
    alpha: float = 0.1,
    beta: float = 0.01,
    iterations: int = 200,
) -> Fit:
    """Fit topics by ``iterations`` sweeps over all tokens; the result is the state of the last.

    ``alpha`` and ``beta`` are symmetric Dirichlet priors, kept as they are.

    Raises
    ------
    TifaError
        If tomotopy is not installed, with the command that does it.
    """
    try:
        with warnings.catch_warnings():
            # Its compiled module warns as it is imported; where warnings are errors, it would seem to be missing.
            warnings.simplefilter("ignore", DeprecationWarning)
            tomotopy = import_module("tomotopy")
    except ImportError as error:
        raise TifaError(
            f'The engine gibbs needs a package that is not installed ({error}): pip install "tifa[topics]"'
        ) from None
    model = tomotopy.LDAModel(k=n_topics, alpha=alpha, eta=beta, seed=int(rng.integers(2**31)))
    names = np.array([str(column) for column in range(matrix.shape[1])], dtype=object)
    for unit in range(matrix.shape[0]):
        inside = slice(matrix.indptr[unit], matrix.indptr[unit + 1])
        model.add_doc(np.repeat(names[matrix.indices[inside]], matrix.data[inside]).tolist())
    # The optimiser of alpha stays off: with it, topics of other seeds would differ in kind.
    model.optim_interval = 0
    model.train(iterations, workers=1, parallel=tomotopy.ParallelScheme.NONE)
    columns = np.array([int(name) for name in model.used_vocabs])
    size = np.asarray(model.get_count_by_topics(), dtype=np.float64)
    tokens = np.zeros((n_topics, matrix.shape[1]))
    for topic in range(n_topics):
        smoothed = np.asarray(model.get_topic_word_dist(topic), dtype=np.float64)
        tokens[topic, columns] = np.maximum(smoothed * (size[topic] + beta * columns.size) - beta, 0.0)
    shares = np.array([document.get_topic_dist() for document in model.docs], dtype=np.float64)
    return Fit(
        tokens,
        shares / shares.sum(axis=1, keepdims=True),
        None,
        "",
        {"iterations": iterations, "log_likelihood": round(float(model.ll_per_word), 4)},
    )
