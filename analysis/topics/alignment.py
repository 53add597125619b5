"""Which topics come back: matching the topics of models across seeds, engines and numbers of topics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.provenance import round_significant
from analysis.topics.model import Topics, check_topics

__all__ = ["align_topics", "matching", "similarities", "topic_stability"]

Floats = NDArray[np.float64]

#: From this similarity on a topic is said to return; in fewer than LEAST_SHARE of the runs it is unstable.
RETURNS_AT = 0.7
LEAST_SHARE = 0.8
#: Four of five runs are 0.8, and a copy is similar to 1, whatever the last binary digits say.
_ROUNDING = 1e-9


def align_topics(
    models: Sequence[Topics], *, returns_at: float = RETURNS_AT, least_share: float = LEAST_SHARE
) -> pd.DataFrame:
    """Where each topic of the first model is in the others: one row per topic and other model.

    Columns: ``topic`` and ``label`` in the first model; ``run`` (1 for the second model, …) with its
    ``engine``, ``seed``, ``n_topics``; ``match``, the topic there, −1 if it has fewer topics and none is
    left; ``similarity``, the cosine of the two topics' term weights (0 to 1), 0 without a match;
    ``returns``, whether it is at least ``returns_at``; ``return_share`` of the runs in which the topic
    returns, and ``stable``, whether that is at least ``least_share``.

    Topics are matched one to one so that the sum of similarities is greatest (Hungarian algorithm).
    Terms are told apart by name: a term that a model does not know has no weight there.

    Raises
    ------
    MissingStep
        If one of ``models`` is no `Topics`.
    InputError
        For fewer than two models or a bound that is no share.

    >>> from analysis.counts import count
    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> models = [fit_topics(count(segment(corpus)), 2, seed=s) for s in (0, 1)]
    >>> align_topics(models)[["topic", "run", "similarity", "stable"]].values.tolist()
    [[0, 1, 1.0, True], [1, 1, 1.0, True]]
    """
    given = list(models) if isinstance(models, Sequence) else [models]
    for model in given:
        check_topics("align_topics", model)
    faults = [
        Fault("align_topics", name, shown(value), "a number between 0 and 1")
        for name, value in (("returns_at", returns_at), ("least_share", least_share))
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1
    ]
    if len(given) < 2:
        faults.append(Fault("align_topics", "models", str(len(given)), "at least 2, such as fits with other seeds"))
    raise_faults("align_topics", faults)
    first = given[0]
    rows = []
    for run, other in enumerate(given[1:], start=1):
        match, similarity = matching(first, other)
        rows.append(
            pd.DataFrame(
                {
                    "topic": np.arange(first.n_topics),
                    "label": first.names,
                    "run": run,
                    "engine": other.recipe["engine"],
                    "seed": other.recipe["seed"],
                    "n_topics": other.n_topics,
                    "match": match,
                    "similarity": similarity,
                    "returns": similarity >= returns_at - _ROUNDING,
                }
            )
        )
    table = pd.concat(rows).sort_values(["topic", "run"], kind="stable", ignore_index=True)
    share = table.groupby("topic")["returns"].transform("mean")
    return round_significant(table.assign(return_share=share, stable=share >= least_share - _ROUNDING))


def topic_stability(alignment: pd.DataFrame) -> pd.DataFrame:
    """How stable each topic is: one row per topic of the first model.

    Columns: ``topic, label``; ``runs``, the other models; ``returned``, those in which it returns;
    ``return_share``; ``similarity``, the median over the runs, and ``least``, the smallest; ``stable``.

    Raises
    ------
    MissingStep
        If ``alignment`` is not what `align_topics` gives.

    >>> alignment = pd.DataFrame({"topic": [0, 0], "label": "a", "run": [1, 2], "similarity": [0.9, 0.5],
    ...     "returns": [True, False], "return_share": 0.5, "stable": False})
    >>> topic_stability(alignment).values.tolist()
    [[0, 'a', 2, 1, 0.5, 0.7, 0.5, False]]
    """
    needed = ("topic", "label", "run", "similarity", "returns", "return_share", "stable")
    lacking = [c for c in needed if not isinstance(alignment, pd.DataFrame) or c not in alignment]
    if lacking:
        raise MissingStep(f"the alignment has no column {', '.join(lacking)}: align_topics(models) makes it.")
    grouped = alignment.groupby("topic", sort=True)
    table = pd.DataFrame(
        {
            "label": grouped["label"].first(),
            "runs": grouped["run"].nunique(),
            "returned": grouped["returns"].sum().astype("int64"),
            "return_share": grouped["return_share"].first(),
            "similarity": grouped["similarity"].median(),
            "least": grouped["similarity"].min(),
            "stable": grouped["stable"].first(),
        }
    )
    return round_significant(table.reset_index())


def matching(first: Topics, other: Topics) -> tuple[NDArray[np.int64], Floats]:
    """For each topic of ``first`` its topic in ``other`` (−1: none is left), and how similar they are."""
    cosine = similarities(*_common(first, other))
    rows, columns = linear_sum_assignment(cosine, maximize=True)
    match = np.full(first.n_topics, -1, dtype=np.int64)
    match[rows] = columns
    similarity = np.zeros(first.n_topics)
    similarity[rows] = cosine[rows, columns]
    return match, similarity


def similarities(first: Floats, other: Floats) -> Floats:
    """Cosine of each row of ``first`` with each row of ``other``: 1 for the same proportions, 0 for none in common.

    >>> similarities(np.array([[1.0, 1.0, 0.0]]), np.array([[2.0, 2.0, 0.0], [0.0, 0.0, 1.0]])).round(6).tolist()
    [[1.0, 0.0]]
    """
    scaled = []
    for weights in (first, other):
        length = np.sqrt((weights**2).sum(axis=1, keepdims=True))
        scaled.append(np.divide(weights, length, out=np.zeros_like(weights), where=length > 0))
    # einsum, not a product of BLAS: its sums are in one order, whatever the number of threads.
    return np.asarray(np.clip(np.einsum("if,jf->ij", *scaled), 0.0, 1.0))


def _common(first: Topics, other: Topics) -> tuple[Floats, Floats]:
    """The weights of both over all features of either."""
    names, known = first.counts.vocabulary, other.counts.vocabulary
    if names == known:
        return first.term_weights, other.term_weights
    union = {word: i for i, word in enumerate(dict.fromkeys((*names, *known)))}
    found = []
    for words, weights in ((names, first.term_weights), (known, other.term_weights)):
        wide = np.zeros((weights.shape[0], len(union)))
        wide[:, [union[w] for w in words]] = weights
        found.append(wide)
    return found[0], found[1]
