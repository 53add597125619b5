"""Topic models whose weights and shares are made by hand, and simulated ones whose true shares are known."""

import hashlib

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.counts import Counts
from analysis.topics.model import Topics

#: True shares in simulated corpora; the first topic is rare.
MEANS = np.array([0.03, 0.1, 0.22, 0.65])


def counts_of(matrix, *, vocabulary=None, document=None, units="blocks", **columns):
    """Counts of ``matrix`` (units × features); ``document`` is the number of each unit's document (one each).

    ``columns`` are columns of the documents d000, d001, …
    """
    matrix = np.asarray(matrix, dtype=np.int32)
    rows = np.arange(len(matrix)) if document is None else np.asarray(document)
    names = [f"d{i:03d}" for i in range(rows.max() + 1)]
    table = pd.DataFrame({"document": [names[i] for i in rows]})
    table["unit"] = table.groupby("document").cumcount()
    table["start"], table["end"] = 100 * table["unit"], 100 * table["unit"] + 100
    dates = pd.to_datetime(columns.pop("date", ["2020-05-07"] * len(names)))
    content = hashlib.sha256(matrix.tobytes() + rows.astype(np.int64).tobytes()).hexdigest()
    return Counts(
        sparse.csr_array(matrix),
        tuple(f"w{i:02d}" for i in range(matrix.shape[1])) if vocabulary is None else tuple(vocabulary),
        pd.DataFrame({"id": names, "date": dates, "language": "zh"} | columns),
        table,
        {"tokens": content, "units": units},
    )


def topics_of(shares, *, tokens=100, weights=None, matrix=None, seed=0, labels=(), **options):
    """Topics with these ``shares`` (units × topics), in units of so many ``tokens``; a unit without any has none.

    Each topic is a word of its own, unless there are ``weights``; ``options`` are those of `counts_of`.
    """
    shares = np.array(shares, dtype=np.float64)
    weights = np.eye(shares.shape[1]) if weights is None else np.array(weights, dtype=np.float64)
    if matrix is None:
        matrix = np.zeros((len(shares), weights.shape[1]), dtype=np.int32)
        matrix[:, 0] = tokens
    counts = counts_of(matrix, **options)
    shares[np.asarray(counts.matrix.sum(axis=1)).ravel() == 0] = 0
    recipe = {"counts": counts.digest, "engine": "hand", "n_topics": shares.shape[1], "seed": seed, "options": {}}
    return Topics(counts, weights, shares, recipe, labels)


def refitted(topics, shares=None, *, order=None, seed=1):
    """Another fit of the same counts: with these ``shares``, its topics in another ``order``."""
    order = np.arange(topics.n_topics) if order is None else np.asarray(order)
    shares = topics.unit_shares if shares is None else np.asarray(shares, dtype=np.float64)
    recipe = dict(topics.recipe) | {"seed": seed}
    return Topics(topics.counts, topics.term_weights[order], shares[:, order], recipe)


def rearranged(topics, rng):
    """The same model, its documents and its units in another order."""
    counts = topics.counts
    units, documents = rng.permutation(len(counts.units)), rng.permutation(len(counts.documents))
    moved = Counts(
        counts.matrix[units],
        counts.vocabulary,
        counts.documents.iloc[documents].reset_index(drop=True),
        counts.units.iloc[units].reset_index(drop=True),
        dict(counts.recipe),
    )
    return Topics(moved, topics.term_weights.copy(), topics.unit_shares[units], dict(topics.recipe))


def drawn_shares(rng, mean, concentration, *size):
    """Dirichlet shares around ``mean`` (…, topics): the lower the concentration, the more each is of one topic."""
    mean = np.broadcast_to(mean, (*size, np.shape(mean)[-1])) if size else np.asarray(mean)
    found = rng.gamma(mean * concentration + 1e-12, 1.0) + 1e-300
    return found / found.sum(axis=-1, keepdims=True)


def drawn_sizes(rng, n):
    """Tokens of ``n`` documents: lognormal around 400."""
    return np.maximum(rng.lognormal(np.log(400), 0.6, n), 10).astype(int)


def simulated_corpora(rng, corpora, documents, *, periods=1, concentration=5.0, mean=MEANS, **columns):
    """One model of ``corpora`` (a column) with so many ``documents`` in each of so many ``periods`` (years)."""
    n = corpora * documents
    years = np.repeat(np.arange(periods), n)
    return topics_of(
        drawn_shares(rng, mean, concentration, n * periods),
        tokens=drawn_sizes(rng, n * periods),
        corpus=np.tile(np.repeat(np.arange(corpora), documents), periods),
        date=[f"{2000 + y}-05-07" for y in years],
        **columns,
    )


def covered(table, truth):
    """Share of the intervals that hold the truth, for each topic."""
    return ((table["low"] <= truth) & (truth <= table["high"])).groupby(table["topic"]).mean().to_numpy()
