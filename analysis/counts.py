"""How often each feature stands in each unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.boundaries import block_ends
from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.provenance import Recipe, digest
from analysis.selection import selected_rows
from analysis.tokens import Tokens

__all__ = ["Counts", "count", "unit_rows"]


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
        ``start``, ``end`` (offsets into its text); ``part`` where the passages of
        the statements are known. Whole statements, or blocks.
    recipe
        How the counts were made.
    about
        What the ``corpus.toml`` of counts that were read says, ``selections`` among it.
    """

    matrix: sparse.csr_array
    vocabulary: tuple[str, ...]
    documents: pd.DataFrame
    units: pd.DataFrame
    recipe: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for array in (self.matrix.data, self.matrix.indices, self.matrix.indptr):
            array.flags.writeable = False
        object.__setattr__(self, "recipe", Recipe(self.recipe))
        object.__setattr__(self, "about", Recipe(self.about))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.matrix, self.vocabulary, self.documents, self.units, self.recipe, self.about))

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

    def select(
        self, selection: str | None = None, *, since: str | None = None, until: str | None = None, **columns: Any
    ) -> Counts:
        """The counts of the statements whose metadata are as asked.

        The arguments are those of `analysis.corpus.Corpus.select`. The vocabulary
        stays as it is: the columns of a selection and of the whole agree.

        >>> from analysis.corpus import Corpus
        >>> from analysis.segmentation import segment
        >>> corpus = Corpus(pd.DataFrame({"id": ["a", "b"], "date": ["2020", "2021"], "language": "zh", "text": ["净化", "网络"]}))
        >>> chosen = count(segment(corpus)).select(since="2021")
        >>> chosen.documents["id"].tolist(), chosen.matrix.toarray().tolist()
        (['b'], [[0, 1]])
        """
        named = self.about.get("selections", {})
        keep = selected_rows(self.documents, "counts", named, selection, since, until, columns)
        kept = set(self.documents["id"][keep])
        rows = np.flatnonzero(self.units["document"].isin(kept).to_numpy())
        documents = self.documents[keep].reset_index(drop=True)
        return Counts(
            self.matrix[rows],
            self.vocabulary,
            documents,
            self.units.iloc[rows].reset_index(drop=True),
            dict(self.recipe) | {"documents": digest(sorted(kept))},
            self.about,
        )


def count(tokens: Tokens, *, units: str = "documents", size: int = 500, parts: pd.DataFrame | None = None) -> Counts:
    """Count the tokens of each statement, or of each block of about ``size`` characters.

    Blocks are cut at sentence ends (see `analysis.boundaries.block_ends`) and
    sum to their statement. Removed tokens (id −1) are not counted.

    Parameters
    ----------
    parts
        Passages of the statements: one row per passage, ``document``, ``part``
        (what it is called), ``start``, ``end``; behind one another and without a
        gap in each statement. Blocks then end where a passage ends, and ``units``
        says which ``part`` each belongs to; a statement without rows has one passage
        without a name.

    Raises
    ------
    MissingStep
        If ``tokens`` is not `Tokens`.
    InputError
        If ``units`` is neither documents nor blocks, ``size`` is below 1, or
        ``parts`` do not cover a statement.

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
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        faults.append(Fault("count", "size", shown(size), "a whole number of at least 1 character"))
    raise_faults("count", faults)
    passages = _passages(tokens, parts)
    if units == "documents":
        last = np.concatenate([[0], tokens.ends])[np.maximum(tokens.document_offsets[1:], 0)]
        table = pd.DataFrame({"document": tokens.documents["id"].to_numpy(), "unit": 0, "start": 0, "end": last})
        offsets = tokens.document_offsets
    else:
        table, offsets = _blocks(tokens, int(size), passages)
    removed = np.flatnonzero(tokens.ids < 0)
    ids = np.delete(tokens.ids, removed)  # a copy, which SciPy may change
    ends = offsets - np.searchsorted(removed, offsets)
    ends = ends.astype(np.int32) if ids.size < np.iinfo(np.int32).max else ends
    ones = np.ones(ids.size, dtype=np.int32)
    # By way of columns: their rows come out in order, which costs less than sorting each row.
    columns = sparse.csr_array((ones, ids, ends), shape=(len(table), len(tokens.vocabulary))).tocsc()
    columns.has_sorted_indices = True
    columns.sum_duplicates()
    matrix = columns.tocsr()
    matrix.has_canonical_format = True
    return Counts(
        matrix,
        tokens.vocabulary,
        tokens.documents,
        table,
        {"tokens": tokens.digest, "units": units}
        | ({"size": size} if units == "blocks" else {})
        | ({"constructed": True} if tokens.constructed else {}),
    )


def unit_rows(subject: str, units: pd.DataFrame, documents: pd.Series, starts: pd.Series) -> NDArray[np.int64]:
    """For each hit (its document, where it starts) the row of ``units`` that holds it.

    Units are half-open: one that ends at 7 does not hold what starts at 7. A passage in which
    no token begins is no unit; a hit that starts there starts within a token of the unit before,
    and belongs to that one. ``units`` may be those of more documents, in any order.

    Raises
    ------
    MissingStep
        If ``units`` is no table of units.
    InputError
        If units of a document overlap, a document has none, or a hit starts before its first or
        beyond its last: the units are then those of other texts.

    >>> units = pd.DataFrame({"document": "a", "unit": [0, 1], "start": [0, 7], "end": [7, 12]})
    >>> unit_rows("tally", units, pd.Series(["a", "a"]), pd.Series([6, 7])).tolist()
    [0, 1]
    """
    if isinstance(units, Counts):
        raise MissingStep(f"{subject} takes the table of units, not the Counts that hold it: pass counts.units.")
    columns = ("document", "unit", "start", "end")
    lacking = [c for c in columns if not isinstance(units, pd.DataFrame) or c not in units]
    if lacking:
        raise MissingStep(
            f'units lack the column {", ".join(lacking)}: count(segment(corpus), units="blocks").units has them.'
        )
    faults = [
        Fault(subject, name, "values that are no whole numbers", "offsets into the text")
        for name, values in (("units.start", units["start"]), ("units.end", units["end"]), ("hits.start", starts))
        if not _whole(values)
    ]
    raise_faults(subject, faults)
    code, found = pd.factorize(units["document"].to_numpy(dtype=object))
    names = pd.Index(found)
    order = np.lexsort((units["start"].to_numpy(dtype=np.int64), code))
    code = code[order]
    begin, end = (units[c].to_numpy(dtype=np.int64)[order] for c in ("start", "end"))
    followed = np.append(code[1:] == code[:-1], False)  # by another unit of the same document
    faults = [
        Fault("units", str(names[code[i]]), f"{begin[i]} to {end[i]}, then {begin[i + 1]}", "units behind one another")
        for i in np.flatnonzero(followed[:-1] & (begin[1:] < end[:-1])).tolist()
    ]
    raise_faults(subject, faults)
    wanted = names.get_indexer(documents.to_numpy(dtype=object))
    place = starts.to_numpy(dtype=np.int64)
    # All documents as one long text, in which each has a stretch that none of its offsets leaves.
    stretch = 1 + max(begin.max(initial=0), place.max(initial=0))
    at = np.searchsorted(code * stretch + begin, wanted * stretch + place, side="right") - 1
    held = (wanted >= 0) & (at >= 0)
    held[held] = code[at[held]] == wanted[held]
    held[held] = followed[at[held]] | (place[held] < end[at[held]])
    faults = []
    for i in np.flatnonzero(~held)[~documents[~held].duplicated().to_numpy()].tolist():
        mine = wanted[i] == code
        accepted = f"one from {begin[mine].min()} to below {end[mine].max()}" if mine.any() else "a document with units"
        received = f"a hit that starts at {place[i]}" if mine.any() else "hits, and no unit"
        faults.append(Fault("hits", str(documents.iloc[i]), received, accepted))
    raise_faults(
        subject,
        faults,
        "Units must be those of the texts that were searched, and of all of them; for a part take its hits alone: "
        'hits[hits["document"].isin(units["document"])].',
    )
    rows: NDArray[np.int64] = order[at]
    return rows


def _whole(values: pd.Series) -> bool:
    numbers = pd.api.types.is_numeric_dtype(values) and not values.isna().any()
    return not len(values) or bool(numbers and (values % 1 == 0).all())


Passages = dict[str, list[tuple[int, int, str]]]


def _passages(tokens: Tokens, parts: pd.DataFrame | None) -> Passages | None:
    """``(start, end, part)`` of each passage of each document, checked."""
    if parts is None:
        return None
    lacking = [c for c in ("document", "part", "start", "end") if c not in parts]
    raise_faults("count", [Fault("parts", "column", f"no {c}", "document, part, start, end") for c in lacking])
    for column in ("start", "end"):
        if not _whole(parts[column]):
            raise_faults("count", [Fault("parts", column, "values that are no whole numbers", "offsets into the text")])
    if parts[["document", "part"]].isna().any(axis=None):
        raise_faults("count", [Fault("parts", "document, part", "missing values", "a name, or an empty text")])
    found: Passages = {}
    for row in parts.sort_values(["document", "start"], kind="stable").itertuples(index=False):
        found.setdefault(str(row.document), []).append((int(row.start), int(row.end), str(row.part)))
    faults = []
    for i, identifier in enumerate(tokens.documents["id"].tolist()):
        first, last = tokens.document_offsets[i], tokens.document_offsets[i + 1]
        text_end = int(tokens.ends[last - 1]) if last > first else 0
        spans = found.setdefault(identifier, [(0, text_end, "")])
        begins, ends = [s[0] for s in spans], [s[1] for s in spans]
        if begins != [0, *ends[:-1]] or any(b > e for b, e, _ in spans) or ends[-1] < text_end:
            accepted = f"passages from 0 to {text_end} or beyond, each beginning where the last ended"
            faults.append(Fault("parts", identifier, shown([(b, e) for b, e, _ in spans]), accepted))
    raise_faults("count", faults)
    return found


def _blocks(tokens: Tokens, size: int, passages: Passages | None) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The units of block counts, and the token at which each begins."""
    rows: list[tuple[str, int, str, int, int]] = []
    offsets = [np.zeros(1, dtype=np.int64)]
    words = np.array([*tokens.vocabulary, " "], dtype=object)
    for i, identifier in enumerate(tokens.documents["id"].tolist()):
        first, last = tokens.document_offsets[i], tokens.document_offsets[i + 1]
        starts = np.asarray(tokens.starts[first:last])
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
        spans = [(0, len(text), "")] if passages is None else passages[identifier]
        cuts = [
            (start + a, start + b, part)
            for start, end, part in spans
            for a, b in pairwise([0, *block_ends(text[start:end], size)])
        ]
        # A passage in which no token begins is no unit.
        after = np.searchsorted(starts, np.array([b for _, b, _ in cuts], dtype=np.int64))
        filled = np.flatnonzero(np.diff(after, prepend=0)).tolist()
        rows += [(identifier, n, cuts[i][2], cuts[i][0], cuts[i][1]) for n, i in enumerate(filled)]
        offsets.append(first + after[filled])
    table = pd.DataFrame(rows, columns=["document", "unit", "part", "start", "end"])
    return (table.drop(columns="part") if passages is None else table), np.concatenate(offsets)
