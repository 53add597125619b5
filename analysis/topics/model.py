"""What a topic model found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.counts import Counts
from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.provenance import Recipe, digest
from analysis.topics.coherence import document_frequencies, npmi
from analysis.topics.exclusivity import effective_number, exclusivity

__all__ = ["TOP", "Topics", "check_topics", "recipe_digest", "share_table", "top_columns"]

Floats = NDArray[np.float64]

#: How many terms stand for a topic where measures and tables need some.
TOP = 10
#: How many name it where it has no label.
_NAMING = 3
#: How many labels a message about an unknown one names.
_SAID = 20


@dataclass(frozen=True, eq=False, repr=False)
class Topics:
    """What a topic model found in counts.

    Topics are numbered from 0, the largest first; anchored ones first of all, in the order given.

    Attributes
    ----------
    counts
        The `Counts` that were fitted, trimmed; their units are blocks, as a rule.
    term_weights
        Topics × features, float64, read-only: the share of each feature among the topic's tokens; rows sum to 1.
    unit_shares
        Units × topics, float64, read-only: the share of each topic among the unit's tokens. Rows sum
        to 1; those of units that hold no feature are 0, and these units weigh nothing anywhere.
    recipe
        How it was made: counts, engine, number of topics, seed, options; versions and ``notes`` of how it went.
    labels
        What a reader called each topic; empty where she has not (`analysis.topics.labels`).
    """

    counts: Counts
    term_weights: Floats
    unit_shares: Floats
    recipe: Mapping[str, Any]
    labels: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for array in (self.term_weights, self.unit_shares):
            array.flags.writeable = False
        object.__setattr__(self, "recipe", Recipe(self.recipe))
        object.__setattr__(self, "labels", tuple(self.labels) or ("",) * self.term_weights.shape[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.counts, self.term_weights, self.unit_shares, dict(self.recipe), self.labels))

    def __repr__(self) -> str:
        kind = self.counts.recipe.get("units", "units")
        state = "" if self.converged is not False else ", not converged"
        return (
            f"<Topics: {self.n_topics} by {self.recipe['engine']}, seed {self.recipe['seed']}, "
            f"in {self.unit_shares.shape[0]:,} {kind}{state}>"
        )

    @property
    def n_topics(self) -> int:
        """How many topics there are."""
        return int(self.term_weights.shape[0])

    @property
    def converged(self) -> bool | None:
        """Whether the fit came to its end by its own rule; None for sampling, which has none."""
        value = self.recipe.get("converged")
        return None if value is None else bool(value)

    @property
    def constructed(self) -> bool:
        """Whether the texts were made up for teaching and testing."""
        return self.counts.constructed

    @property
    def digest(self) -> str:
        """Digest of the counts and of all that was chosen; not of the numbers, which differ a little between machines."""
        return recipe_digest(self.recipe)

    @cached_property
    def unit_tokens(self) -> Floats:
        """How many tokens of the model's features each unit holds."""
        return np.asarray(self.counts.matrix.sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def sizes(self) -> Floats:
        """The share of each topic among all tokens; they sum to 1."""
        tokens = self.unit_tokens @ self.unit_shares
        return np.asarray(tokens / tokens.sum())

    @property
    def names(self) -> tuple[str, ...]:
        """The label of each topic, or its first three terms where it has none."""
        tops = top_columns(self.term_weights, _NAMING)
        words = self.counts.vocabulary
        return tuple(
            label or " ".join(words[i] for i in row) for label, row in zip(self.labels, tops.tolist(), strict=True)
        )

    @property
    def terms(self) -> pd.DataFrame:
        """One row per topic and term, the weightiest first: ``topic, rank, term, weight``.

        ``rank`` begins with 1; the weights of a topic sum to 1.
        """
        order = top_columns(self.term_weights, self.term_weights.shape[1])
        words = np.array(self.counts.vocabulary, dtype=object)
        return pd.DataFrame(
            {
                "topic": np.repeat(np.arange(self.n_topics), order.shape[1]),
                "rank": np.tile(np.arange(1, order.shape[1] + 1), self.n_topics),
                "term": words[order.ravel()],
                "weight": np.take_along_axis(self.term_weights, order, axis=1).ravel(),
            }
        )

    @property
    def documents(self) -> pd.DataFrame:
        """One row per document and topic: ``document, topic, share``.

        The share of a document is that of its units' tokens, Σ tokens · share / Σ tokens; NaN for a
        document that holds no feature.
        """
        names = self.counts.documents["id"]
        codes = pd.Index(names).get_indexer(self.counts.units["document"])
        return share_table(self, codes, names.to_numpy(dtype=object), "document")

    @property
    def units(self) -> pd.DataFrame:
        """One row per unit and topic: ``document, unit, topic, share``."""
        table = self.counts.units[["document", "unit"]]
        repeated = table.loc[table.index.repeat(self.n_topics)].reset_index(drop=True)
        return repeated.assign(
            topic=np.tile(np.arange(self.n_topics), len(table)), share=np.asarray(self.unit_shares).ravel()
        )

    @property
    def topics(self) -> pd.DataFrame:
        """One row per topic: ``topic, label, share, tokens, effective_documents, npmi, exclusivity, terms``.

        ``share`` is the topic's share of all tokens; ``effective_documents`` says over how many
        documents it is spread (`analysis.topics.exclusivity.effective_number`); ``npmi`` and
        ``exclusivity`` are those of its ten weightiest terms, in the model's own units
        (`analysis.topics.quality.topic_quality` has more measures and other references);
        ``terms`` are the ten, or as many as have a weight. A topic that ran dry has no tokens and tells nothing.
        """
        tops = top_columns(self.term_weights, TOP)
        columns, places = np.unique(tops, return_inverse=True)
        joint, n = document_frequencies(self.counts.matrix, columns)
        codes = pd.Index(self.counts.documents["id"]).get_indexer(self.counts.units["document"])
        tokens = group_tokens(self, codes, len(self.counts.documents))
        words = self.counts.vocabulary
        return pd.DataFrame(
            {
                "topic": np.arange(self.n_topics),
                "label": self.names,
                "share": self.sizes,
                "tokens": tokens.sum(axis=0),
                "effective_documents": effective_number(tokens),
                "npmi": [npmi(joint, n, row) for row in places.reshape(tops.shape)],
                "exclusivity": exclusivity(self.term_weights, top=TOP),
                "terms": [
                    " ".join(words[i] for i in row if weights[i] > 0)
                    for row, weights in zip(tops.tolist(), self.term_weights, strict=True)
                ],
            }
        )


def recipe_digest(recipe: Mapping[str, Any]) -> str:
    """The digest of a model with this recipe."""
    chosen = ("counts", "engine", "n_topics", "seed", "options")
    return digest({k: recipe[k] for k in chosen if k in recipe})


def top_columns(scores: Floats, n: int) -> NDArray[np.int64]:
    """The columns of the ``n`` highest scores of each row, the highest first; equal ones in the order of the columns."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, : min(n, scores.shape[1])]
    return np.asarray(order, dtype=np.int64)


def group_tokens(topics: Topics, codes: NDArray[Any], n: int) -> Floats:
    """Expected tokens of each topic in each of ``n`` groups of units (groups × topics); a code below 0 is none."""
    inside = codes >= 0
    members = sparse.csr_array(
        (topics.unit_tokens[inside], (codes[inside], np.flatnonzero(inside))), shape=(n, codes.size)
    )
    return np.asarray(members @ topics.unit_shares)


def share_table(topics: Topics, codes: NDArray[Any], names: NDArray[Any], column: str) -> pd.DataFrame:
    """The shares of topics in groups of units: one row per group and topic."""
    tokens = group_tokens(topics, codes, names.size)
    total = tokens.sum(axis=1, keepdims=True)
    shares = np.divide(tokens, total, out=np.full_like(tokens, np.nan), where=total > 0)
    return pd.DataFrame(
        {
            column: np.repeat(names, topics.n_topics),
            "topic": np.tile(np.arange(topics.n_topics), names.size),
            "share": shares.ravel(),
        }
    )


def check_topics(subject: str, topics: Any, chosen: Any = None) -> list[int]:
    """The numbers of the ``chosen`` topics, which are numbers or labels (all by default); ``topics`` must be `Topics`.

    Raises
    ------
    MissingStep
        If ``topics`` is something else.
    InputError
        If one is neither the number nor the label of one of its topics, or the label of two.
    """
    if not isinstance(topics, Topics):
        raise MissingStep(f"{subject} takes Topics, not {type(topics).__name__}: fit_topics(counts, 20) makes them.")
    if chosen is None:
        return list(range(topics.n_topics))
    asked = list(chosen) if isinstance(chosen, Iterable) and not isinstance(chosen, str) else [chosen]
    known: dict[Any, int] = {name: topic for topic, name in enumerate(topics.names) if topics.names.count(name) == 1}
    numbers = [known.get(one) if isinstance(one, str) else one for one in asked]
    some = ", ".join(list(known)[:_SAID]) + (" …" if len(known) > _SAID else "")
    accepted = f"0 to {topics.n_topics - 1}, or a label: {some}"
    faults = [
        Fault(subject, "topic", shown(one), accepted)
        for one, n in zip(asked, numbers, strict=True)
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n not in range(topics.n_topics)
    ]
    raise_faults(subject, faults or ([] if numbers else [Fault(subject, "topics", "none", "at least one")]))
    return [int(n) for n in numbers]  # type: ignore[arg-type]
