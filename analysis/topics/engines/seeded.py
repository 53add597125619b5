"""Topics that are known by some of their terms, beside others that are free.

A mixture (`analysis.topics.mixtures.fit_mixture`) in which a token of an anchored topic comes with probability
``strength`` from its anchors, and else from words that are learned, as in the topics without anchors. The anchors
may stand in other topics too. keyATM (Eshima, Imai & Sasaki 2024) draws the tokens of a topic in the same two ways; it
learns the probability, with priors, where here it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.topics.engines.base import Fit
from analysis.topics.engines.nmf_kl import as_fit
from analysis.topics.mixtures import fit_mixture

__all__ = ["fit"]


def fit(
    matrix: Any,
    n_topics: int,
    rng: np.random.Generator,
    *,
    anchors: Sequence[Sequence[int]] = (),
    strength: float = 0.5,
    iterations: int = 200,
    tolerance: float = 1e-4,
) -> Fit:
    """Fit topics of which the first are anchored.

    ``anchors`` are the columns of the anchors of topics 0, 1, …. ``strength``, above 0 and below 1, is the
    share of an anchored topic that its anchors have, each as much of it as it has of their occurrences, so that none
    becomes more typical of the topic than it is of the texts. The stronger, the nearer the topic stays to the units
    that hold anchors; the weaker, the more it takes of what resembles them. Free topics alone start at random: where
    all are anchored, every seed gives the same.
    """
    frequency = np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()
    fixed = np.zeros((n_topics, matrix.shape[1]))
    for topic, columns in enumerate(anchors):
        mine = list(columns)
        fixed[topic, mine] = strength * frequency[mine] / frequency[mine].sum()
    return as_fit(fit_mixture(matrix, n_topics, rng, fixed=fixed, iterations=iterations, tolerance=tolerance))
