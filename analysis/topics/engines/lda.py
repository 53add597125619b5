"""Latent Dirichlet allocation by variational inference: scikit-learn's, set to be as good as it can be.

Its defaults (online learning, priors 1 / K, 10 passes) stop far from the optimum. Here it learns from all
units at once, with sparse priors, until the bound on the training perplexity stands still. What
remains: variational inference with sparse priors finds worse optima than Gibbs sampling or the
plain mixture do, and takes longer (``benchmarks/topics.py``). It is here for comparison with published work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import LatentDirichletAllocation

from analysis.topics.engines.base import Fit

__all__ = ["fit"]

#: Passes between two looks at the bound, which cost as much as a pass.
_LOOK = 5


def fit(
    matrix: Any,
    n_topics: int,
    rng: np.random.Generator,
    *,
    alpha: float = 0.1,
    beta: float = 0.01,
    iterations: int = 100,
    tolerance: float = 1.0,
) -> Fit:
    """Fit topics with symmetric Dirichlet priors ``alpha`` (topics of a unit) and ``beta`` (features of a topic).

    It has converged when five passes lower the bound on the training perplexity by less than ``tolerance``.
    """
    model = LatentDirichletAllocation(
        n_topics,
        doc_topic_prior=alpha,
        topic_word_prior=beta,
        learning_method="batch",
        max_iter=iterations,
        evaluate_every=_LOOK,
        perp_tol=tolerance,
        n_jobs=1,
        random_state=int(rng.integers(2**31)),
    )
    # scikit-learn's own indices are 32 bits wide.
    counts = matrix.copy()
    shares = model.fit_transform(counts)
    return Fit(
        np.maximum(model.components_ - beta, 0.0),
        shares / shares.sum(axis=1, keepdims=True),
        bool(model.n_iter_ < iterations),
        "raise iterations= or tolerance= (perplexity in five passes)",
        {"iterations": int(model.n_iter_), "perplexity_bound": round(float(model.bound_), 2)},
    )
