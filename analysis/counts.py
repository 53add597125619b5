"""How often each feature stands in each unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.boundaries import block_ends
from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.provenance import Recipe, digest
from analysis.tokens import Tokens

__all__ = ["Counts", "count"]


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """How often each feature stands in each unit: a sparse matrix with its labels.

    Attributes
    ----------
    matrix
        CSR, int32, units × features. Its arrays are read-only; hand libraries a copy.
    vocabulary
        The features, sorted.
    documents
        The statements' metadata, with their ``characters`` and ``tokens``.
    units
        One row per unit: ``document``, ``unit`` (0, 1, … within the statement),
        ``start``, ``end`` (offsets into its text). Whole statements, or blocks.
    recipe
        How the counts were made.
    """

    matrix: sparse.csr_array
    vocabulary: tuple[str, ...]
    documents: pd.DataFrame
    units: pd.DataFrame
    recipe: Mapping[str, Any]

    def __post_init__(self) -> None:
        for array in (self.matrix.data, self.matrix.indices, self.matrix.indptr):
            array.flags.writeable = False
        object.__setattr__(self, "recipe", Recipe(self.recipe))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.matrix, self.vocabulary, self.documents, self.units, self.recipe))

    def __repr__(self) -> str:
        units, features = self.matrix.shape
        return f"<Counts: {units:,} {self.recipe.get('units', 'units')} × {features:,} features, {int(self.matrix.sum()):,} tokens>"

    @property
    def constructed(self) -> bool:
        """Whether the texts were made up for teaching and testing."""
        return bool(self.recipe.get("constructed", False))

    @property
    def digest(self) -> str:
        """Digest of the corpus these counts came from and of how they were made."""
        return digest(self.recipe)


def count(tokens: Tokens, *, units: str = "documents", size: int = 500) -> Counts:
    """Count the tokens of each statement, or of each block of about ``size`` characters.

    Blocks are cut at sentence ends (see `analysis.boundaries.block_ends`) and
    sum to their statement. Removed tokens (id −1) are not counted.

    Raises
    ------
    MissingStep
        If ``tokens`` is not `Tokens`.
    InputError
        If ``units`` is neither documents nor blocks, or ``size`` is below 1.

    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化网络，净化。"]})))
    >>> counts = count(tokens)
    >>> dict(zip(counts.vocabulary, counts.matrix.toarray()[0].tolist()))
    {'。': 1, '净化': 2, '网络': 1, '，': 1}
    """
    if not isinstance(tokens, Tokens):
        raise MissingStep(f"count takes Tokens, not {type(tokens).__name__}: segment(corpus) makes them.")
    faults = []
    if units not in ("documents", "blocks"):
        faults.append(Fault("count", "units", shown(units), "documents or blocks"))
    if size < 1:
        faults.append(Fault("count", "size", shown(size), "at least 1 character"))
    raise_faults("count", faults)
    if units == "documents":
        last = np.concatenate([[0], tokens.ends])[np.maximum(tokens.document_offsets[1:], 0)]
        table = pd.DataFrame({"document": tokens.documents["id"].to_numpy(), "unit": 0, "start": 0, "end": last})
        offsets = tokens.document_offsets
    else:
        table, offsets = _blocks(tokens, size)
    kept = tokens.ids >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[offsets]
    ids = tokens.ids[kept]  # a copy, which SciPy may sort
    ones = np.ones(ids.size, dtype=np.int32)
    matrix = sparse.csr_array((ones, ids, ends), shape=(len(table), len(tokens.vocabulary)))
    matrix.sum_duplicates()
    return Counts(
        matrix,
        tokens.vocabulary,
        tokens.documents,
        table,
        {"tokens": tokens.digest, "units": units}
        | ({"size": size} if units == "blocks" else {})
        | ({"constructed": True} if tokens.constructed else {}),
    )


def _blocks(tokens: Tokens, size: int) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The units of block counts, and the token at which each begins."""
    rows: list[tuple[str, int, int, int]] = []
    offsets = [np.zeros(1, dtype=np.int64)]
    words = np.array([*tokens.vocabulary, " "], dtype=object)
    for i, identifier in enumerate(tokens.documents["id"].tolist()):
        first, last = tokens.document_offsets[i], tokens.document_offsets[i + 1]
        starts = tokens.starts[first:last]
        # The text as far as sentences need it: the tokens at their places, line ends between.
        gaps = starts - np.concatenate([[0], tokens.ends[first:last][:-1]]) if last > first else starts
        fill = [
            ("\n" if new else " ").ljust(gap) if gap else ""
            for gap, new in zip(gaps.tolist(), tokens.line_starts[first:last].tolist(), strict=True)
        ]
        length = tokens.ends[first:last] - starts
        text = "".join(
            f + w.ljust(n) for f, w, n in zip(fill, words[tokens.ids[first:last]], length.tolist(), strict=True)
        )
        ends = block_ends(text, size)
        begins = [0, *ends[:-1]]
        rows += [(identifier, n, a, b) for n, (a, b) in enumerate(zip(begins, ends, strict=True))]
        offsets.append(first + np.searchsorted(starts, ends).astype(np.int64))
    return pd.DataFrame(rows, columns=["document", "unit", "start", "end"]), np.concatenate(offsets)
