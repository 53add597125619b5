"""Topics that are known by some of their terms, beside others that are free.

The likeliest mixture under a Dirichlet prior (`analysis.topics.mixtures.fit_mixture`): the anchors of a
topic get pseudo-tokens in it, before any text is read. A topic without anchors is free. The texts can
overrule the anchors, and a term that is an anchor of one topic may stand in others too; how many
pseudo-tokens hold against the texts is ``strength``. keyATM (Eshima, Imai & Sasaki 2024) has the same aim
and another model, in which a token is drawn from the anchors or from all words.
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
    strength: float = 0.01,
    iterations: int = 200,
    tolerance: float = 1e-4,
) -> Fit:
    """Fit topics of which the first are anchored.

    ``anchors`` are the columns of the anchors of topics 0, 1, …. Those of one topic share
    ``strength`` times all tokens of ``matrix`` as pseudo-tokens, in proportion to how often each
    occurs, so that none becomes more typical of the topic than it is of the texts.
    """
    frequency = np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()
    prior = np.zeros((n_topics, matrix.shape[1]))
    for topic, columns in enumerate(anchors):
        mine = list(columns)
        prior[topic, mine] = strength * frequency.sum() * frequency[mine] / frequency[mine].sum()
    return as_fit(fit_mixture(matrix, n_topics, rng, prior=prior, iterations=iterations, tolerance=tolerance))
