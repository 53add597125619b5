"""Factorisation with the Kullback-Leibler loss, which is the likeliest mixture of topics: the default.

scikit-learn's ``NMF(beta_loss="kullback-leibler", solver="mu")`` minimises the same loss. The steps of
`analysis.topics.mixtures` renew both factors from one pass over the counts where scikit-learn's take two,
and reach the same held-out perplexity in a quarter of the time or less (``benchmarks/topics.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.topics.engines.base import Fit
from analysis.topics.mixtures import Mixture, fit_mixture

__all__ = ["as_fit", "fit"]


def fit(matrix: Any, n_topics: int, rng: np.random.Generator, *, iterations: int = 200, tolerance: float = 1e-4) -> Fit:
    """Fit topics; ``iterations`` and ``tolerance`` as in `analysis.topics.mixtures.fit_mixture`."""
    return as_fit(fit_mixture(matrix, n_topics, rng, iterations=iterations, tolerance=tolerance))


def as_fit(found: Mixture) -> Fit:
    """A mixture as what engines return."""
    return Fit(
        found.tokens,
        found.shares,
        found.converged,
        "raise iterations=, or tolerance= (nats a token and step)",
        {"iterations": len(found.log_likelihood), "log_likelihood": round(found.log_likelihood[-1], 4)},
    )
