"""The two sides of a comparison of frequencies: checked, in one order of features, summed to documents."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.counts import Counts
from analysis.errors import Fault, raise_faults, shown, warn
from analysis.near_words import near_words
from analysis.provenance import canonical

__all__ = [
    "aligned",
    "by_document",
    "column_documents",
    "column_sums",
    "say_differences",
    "side_faults",
    "side_size",
    "trimmed_sizes",
    "without_overlap",
]

Integers = NDArray[np.int64]


def side_faults(target: Counts, reference: Counts, cluster: str | None, asked: list[str] | None) -> list[Fault]:
    """What makes two sides, or names of features, impossible to compare."""
    faults = []
    for name, counts in (("target", target), ("reference", reference)):
        if cluster is not None and cluster not in counts.documents:
            columns = ", ".join(map(str, counts.documents))
            faults.append(Fault("keywords", f"{name}, cluster", shown(cluster), columns))
        if not len(counts.documents):
            faults.append(Fault("keywords", name, "no documents", "at least one"))
    languages = sorted({str(v) for counts in (target, reference) for v in set(counts.documents["language"])})
    if len(languages) > 1:
        received = f"statements in {' and '.join(languages)}"
        accepted = 'one language on both sides: counts.select(language="…")'
        faults.append(Fault("keywords", "target and reference", received, accepted))
    if target.vocabulary != reference.vocabulary and any("trimmed" in c.recipe for c in (target, reference)):
        received = "trimmed counts whose vocabularies differ, so that what was trimmed would pass for absent"
        faults.append(Fault("keywords", "target and reference", received, "trim(counts) first, then select both sides"))
    if asked is not None:
        known = {*target.vocabulary, *reference.vocabulary}
        faults += [] if asked else [Fault("keywords", "features", "none", "at least one, or None for all")]
        for word in asked:
            if not isinstance(word, str) or word not in known:
                # Looking for likeness is slow: only among what shares a character.
                near = ", ".join(near_words(word, sorted(known), most=3)) or "features of the counts"
                faults.append(Fault("keywords", "features", shown(word), near))
    return faults


def without_overlap(target: Counts, reference: Counts, overlap: str) -> Counts:
    """The reference; with ``overlap="leave_out"`` without the documents of the target."""
    mine = set(target.documents["id"].tolist())
    shared = np.array([identifier in mine for identifier in reference.documents["id"].tolist()], dtype=bool)
    if not shared.any():
        return reference
    said = f"{int(shared.sum())} of the {len(shared)} documents of the reference stand in the target as well"
    if overlap == "warn":
        warn(f'{said}: this draws every effect towards 0. overlap="leave_out" takes them out of the reference.')
        return reference
    if overlap == "refuse" or shared.all():
        accepted = "a reference of other documents" + ("" if shared.all() else ', or overlap="leave_out"')
        raise_faults("keywords", [Fault("keywords", "reference", said, accepted)])
    rows = np.flatnonzero(~reference.units["document"].isin(set(reference.documents["id"][shared])).to_numpy())
    return Counts(
        reference.matrix[rows],
        reference.vocabulary,
        reference.documents[~shared].reset_index(drop=True),
        reference.units.iloc[rows].reset_index(drop=True),
        reference.recipe,
        reference.about,
    )


def say_differences(target: Counts, reference: Counts) -> None:
    """Warn of what makes counts of two sources hard to compare: other segmenters, dictionaries, versions."""
    if target.recipe.get("tokens") == reference.recipe.get("tokens"):
        return
    recipes = [dict(counts.about.get("recipe", {})) for counts in (target, reference)]
    if not all(recipes):
        warn(
            "Target and reference come from two sets of tokens. Words compare only if both were cut alike: by the "
            "same segmenter, version and dictionary. Segment one corpus and select both sides from its counts to be sure."
        )
        return
    names = sorted({*recipes[0], *recipes[1]} - {"corpus", "constructed"})
    differing = [n for n in names if canonical(recipes[0].get(n)) != canonical(recipes[1].get(n))]
    if differing:
        warn(f"Target and reference were cut differently ({', '.join(differing)}): some words are key for that alone.")


def aligned(target: Counts, reference: Counts) -> tuple[tuple[str, ...], list[sparse.csr_array]]:
    """The features of both sides, and both matrices in their order."""
    if target.vocabulary is reference.vocabulary or target.vocabulary == reference.vocabulary:
        return target.vocabulary, [target.matrix, reference.matrix]
    vocabulary = tuple(sorted({*target.vocabulary, *reference.vocabulary}))
    place = {word: i for i, word in enumerate(vocabulary)}
    matrices = []
    for counts in (target, reference):
        column = np.array([place[word] for word in counts.vocabulary], dtype=np.int32)
        m = counts.matrix
        matrices.append(sparse.csr_array((m.data, column[m.indices], m.indptr), shape=(m.shape[0], len(vocabulary))))
    return vocabulary, matrices


def by_document(counts: Counts, matrix: sparse.csr_array) -> sparse.csr_array:
    """Documents × features without stored zeros: units are summed to their documents."""
    row = pd.Index(counts.documents["id"]).get_indexer(counts.units["document"])
    if not np.array_equal(row, np.arange(len(counts.documents))):
        ones = np.ones(row.size, dtype=np.int32)
        member = sparse.csr_array((ones, (row, np.arange(row.size))), shape=(len(counts.documents), row.size))
        matrix = sparse.csr_array(member @ matrix)
    if not matrix.data.all():
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    return matrix


def column_sums(matrix: sparse.csr_array) -> Integers:
    """Hits of each feature."""
    # In the matrix's own type, which spares SciPy a converted copy, unless the sums might not fit.
    wide = matrix.data.sum(dtype=np.int64) > np.iinfo(matrix.dtype).max
    ones = np.ones(matrix.shape[0], dtype=np.int64 if wide else matrix.dtype)
    return np.asarray(ones @ matrix).astype(np.int64)


def column_documents(matrix: sparse.csr_array) -> Integers:
    """How many rows hold each feature, of a matrix without stored zeros."""
    held = sparse.csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)
    return column_sums(held)


def trimmed_sizes(counts: Counts) -> Integers | None:
    """Words of each document, where counts were trimmed and do not tell."""
    if "trimmed" in counts.recipe and "tokens" in counts.documents:
        sizes: Integers = counts.documents["tokens"].to_numpy(dtype=np.int64)
        return sizes
    return None


def side_size(counts: Counts, counted: int) -> int:
    """How many words a side has, of which ``counted`` are in its matrix."""
    sizes = trimmed_sizes(counts)
    return int(counted if sizes is None else sizes.sum())
