"""Topics as places on a plane: those with like words stand near each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.provenance import round_significant
from analysis.topics.model import Topics, check_topics

__all__ = ["distances", "topic_map"]

Floats = NDArray[np.float64]

#: A distance below this is the root of a divergence that is rounding.
_NOTHING = 1e-7


def topic_map(topics: Topics) -> pd.DataFrame:
    """A place for each topic: one row per topic.

    Columns: ``topic, label``; ``x, y``; ``size``, the topic's share of all tokens; ``explained``, the share of the
    distances' variance that two dimensions keep (the same in each row): where it is small, look at the distances.

    Distances (`distances`) are laid out by classical scaling (Torgerson 1952; principal coordinates): x is the
    direction in which topics differ most. Signs are fixed so that the point farthest from 0 on each axis (the first
    of several) is positive. One or two topics, or topics that are all alike, leave y (and x) at 0.

    Raises
    ------
    MissingStep
        If ``topics`` is something else.
    """
    check_topics("topic_map", topics)
    squared = distances(topics.term_weights) ** 2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    order = np.argsort(-values, kind="stable")[:2]
    places = np.zeros((topics.n_topics, 2))
    places[:, : order.size] = vectors[:, order] * np.sqrt(np.maximum(values[order], 0.0))
    places[np.abs(places) < _NOTHING] = 0.0
    farthest = (np.abs(places) / _NOTHING).round().argmax(axis=0)  # the first of those that only rounding tells apart
    places *= np.where(places[farthest, np.arange(2)] < 0, -1.0, 1.0)
    spread = np.maximum(values, 0.0)
    explained = spread[order].sum() / spread.sum() if spread.sum() > 1e-12 else 1.0
    return round_significant(
        pd.DataFrame(
            {
                "topic": np.arange(topics.n_topics),
                "label": topics.names,
                "x": places[:, 0],
                "y": places[:, 1],
                "size": topics.sizes,
                "explained": explained,
            }
        )
    )


def distances(weights: Floats) -> Floats:
    """Jensen-Shannon distance of every two rows: 0 for the same words, 1 for none in common.

    The square root of the divergence H((p + q) / 2) − (H(p) + H(q)) / 2 in bits (Lin 1991; its root is a metric).

    >>> distances(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])).round(6).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    n = weights.shape[0]
    own = np.array([_entropy(row) for row in weights])
    found = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            found[i, j] = _entropy((weights[i] + weights[j]) / 2) - (own[i] + own[j]) / 2
    return np.asarray(np.sqrt(np.clip(found + found.T, 0.0, 1.0)))


def _entropy(p: Floats) -> float:
    held = p[p > 0]
    return float(-(held * np.log2(held)).sum())
