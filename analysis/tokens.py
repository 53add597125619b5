"""Text to integer tokens with source offsets, and counting them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.boundaries import block_ends, code_points, in_classes
from analysis.corpus import Corpus
from analysis.errors import Fault, InputError, MissingStep, raise_faults, shown
from analysis.files import resolve
from analysis.provenance import digest
from analysis.segmenters.base import SEGMENTERS, language_of, load_segmenter

__all__ = ["Counts", "Tokens", "count", "read_dictionary", "segment"]

Ids = NDArray[np.int32]
_LINE_END = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, eq=False, repr=False)
class Tokens:
    """The tokens of a corpus: integers, with the place in the text that each came from.

    Attributes
    ----------
    ids
        int32, one per token: its place in ``vocabulary``, or −1 for a token that
        was removed and keeps its place.
    starts, ends
        int32, one per token: character offsets into the statement's text.
    document_offsets
        int64, one more than there are statements: the tokens of statement i are
        ``ids[document_offsets[i]:document_offsets[i + 1]]``.
    line_starts
        bool, one per token: whether it is the first of its line.
    vocabulary
        The distinct tokens, sorted.
    documents
        The statements' metadata without the texts; ``characters`` and ``tokens``
        are their sizes (tokens that hold at least one letter, mark or number).
    recipe
        How the tokens were made; see ``recipe_digest``.

    Punctuation is a token, white space is not. All arrays are read-only.
    """

    ids: Ids
    starts: Ids
    ends: Ids
    document_offsets: NDArray[np.int64]
    line_starts: NDArray[np.bool_]
    vocabulary: tuple[str, ...]
    documents: pd.DataFrame
    recipe: Mapping[str, Any]

    def __post_init__(self) -> None:
        _freeze(self.ids, self.starts, self.ends, self.document_offsets, self.line_starts)
        object.__setattr__(self, "recipe", MappingProxyType(dict(self.recipe)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            type(self),
            (
                self.ids,
                self.starts,
                self.ends,
                self.document_offsets,
                self.line_starts,
                self.vocabulary,
                self.documents,
                dict(self.recipe),
            ),
        )

    def __len__(self) -> int:
        return int(self.ids.size)

    def __repr__(self) -> str:
        return f"<Tokens: {len(self):,} tokens, {len(self.vocabulary):,} types, {len(self.documents):,} documents>"

    @cached_property
    def recipe_digest(self) -> str:
        """Digest of the segmenters, versions, dictionary and options."""
        return digest(self.recipe)

    @property
    def digest(self) -> str:
        """Digest of the corpus these tokens came from and of the recipe."""
        return digest([self.recipe["corpus"], self.recipe_digest])

    @property
    def constructed(self) -> bool:
        """Whether the texts were made up for teaching and testing."""
        return bool(self.recipe.get("constructed", False))

    def words(self, document: str) -> list[str]:
        """The tokens of one statement, in order; a removed one is an empty string.

        >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化网络。"]})))
        >>> tokens.words("a")
        ['净化', '网络', '。']
        """
        places = np.flatnonzero((self.documents["id"] == document).to_numpy())
        if not places.size:
            raise InputError(
                "words", [Fault("tokens", "document", shown(document), "an id of a statement in .documents")]
            )
        first, last = self.document_offsets[places[0]], self.document_offsets[places[0] + 1]
        return [self.vocabulary[i] if i >= 0 else "" for i in self.ids[first:last].tolist()]


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
        _freeze(self.matrix.data, self.matrix.indices, self.matrix.indptr)
        object.__setattr__(self, "recipe", MappingProxyType(dict(self.recipe)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.matrix, self.vocabulary, self.documents, self.units, dict(self.recipe)))

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


def _freeze(*arrays: NDArray[Any]) -> None:
    for array in arrays:
        array.flags.writeable = False


def segment(
    corpus: Corpus,
    segmenter: str | None = None,
    dictionary: str | os.PathLike[str] | Mapping[str, int] | None = None,
    hmm: bool = True,
) -> Tokens:
    """Cut every statement into tokens that know where they came from.

    Parameters
    ----------
    segmenter
        ``jieba`` (Chinese), ``english`` or ``characters`` (any language). By
        default each statement's language decides; a segmenter that is named
        refuses statements of other languages.
    dictionary
        User words for jieba: a name in ``corpus/dictionaries/``, a path, or a
        mapping from word to frequency. Frequencies are explicit, at least 1.
    hmm
        Whether jieba may guess words that are in no dictionary.

    Raises
    ------
    MissingStep
        If ``corpus`` is not a `Corpus`.
    InputError
        For an unknown segmenter, a wrong language, or a faulty dictionary.

    >>> corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化 网络。"]}))
    >>> tokens = segment(corpus)
    >>> tokens.words("a"), tokens.starts.tolist(), tokens.ends.tolist()
    (['净化', '网络', '。'], [0, 3, 5], [2, 5, 6])
    """
    if not isinstance(corpus, Corpus):
        raise MissingStep(
            f"segment takes a Corpus, not {type(corpus).__name__}: make one with read_corpus or Corpus(table)."
        )
    table = corpus.table
    languages = sorted(set(table["language"]))
    chosen = {language: segmenter or _default(language) for language in languages}
    refused = [language for language, name in chosen.items() if language not in language_of(name)]
    if refused:
        count_refused = int(table["language"].isin(refused).sum())
        raise_faults(
            "segment",
            [
                Fault(
                    f"corpus {corpus.name}",
                    "segmenter",
                    f"{segmenter} for {count_refused} statements in {', '.join(refused)}",
                    f"{segmenter} for {', '.join(language_of(str(segmenter)))}; select a language, or leave the segmenter out",
                )
            ],
        )
    entries = read_dictionary(dictionary) if dictionary is not None else ()
    cut = {}
    for language, name in chosen.items():
        options = {"dictionary": entries, "hmm": hmm} if name == "jieba" else {}
        cut[language] = load_segmenter(name, **options)

    codes: dict[str, int] = {}
    ids: list[Ids] = []
    starts: list[NDArray[np.int64]] = []
    ends: list[NDArray[np.int64]] = []
    for text, language in zip(table["text"].tolist(), table["language"].tolist(), strict=True):
        pieces = cut[language](text)
        found = np.fromiter((codes.setdefault(p, len(codes)) for p in pieces), dtype=np.int32, count=len(pieces))
        end = np.cumsum(np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces)))
        start = np.concatenate([[0], end[:-1]]) if len(pieces) else end
        if (end[-1] if len(pieces) else 0) != len(text):
            raise AssertionError("a segmenter lost or added text; please report this")
        ids.append(found)
        starts.append(start)
        ends.append(end)
    return _assemble(corpus, ids, starts, ends, codes, _recipe(corpus, chosen, entries, hmm))


def _default(language: str) -> str:
    return next(name for name, languages in SEGMENTERS.items() if language in languages)


def _recipe(
    corpus: Corpus, chosen: Mapping[str, str], entries: tuple[tuple[str, int], ...], hmm: bool
) -> dict[str, Any]:
    recipe: dict[str, Any] = {"corpus": corpus.digest, "segmenters": dict(chosen)}
    if corpus.constructed:
        recipe["constructed"] = True
    if "jieba" in chosen.values():
        recipe |= {"jieba": version("jieba"), "hmm": hmm, "dictionary": [list(e) for e in entries]}
    return recipe


def _assemble(
    corpus: Corpus,
    ids: list[Ids],
    starts: list[NDArray[np.int64]],
    ends: list[NDArray[np.int64]],
    codes: dict[str, int],
    recipe: dict[str, Any],
) -> Tokens:
    """Drop white space, sort the vocabulary, count sizes."""
    lengths = np.array([len(i) for i in ids], dtype=np.int64)
    flat = np.concatenate(ids)
    words = list(codes)
    space = np.array([not w or w.isspace() for w in words], dtype=bool)
    keep = ~space[flat]
    row = np.repeat(np.arange(lengths.size), lengths)
    # A line starts where one ended in the white space since the last token, or a statement begins.
    ended = np.cumsum(np.array([bool(_LINE_END.search(w)) for w in words], dtype=bool)[flat])[keep]
    row = row[keep]
    new_line = np.ones(row.size, dtype=bool)
    new_line[1:] = (ended[1:] != ended[:-1]) | (row[1:] != row[:-1])
    order = sorted((i for i in range(len(words)) if not space[i]), key=words.__getitem__)
    renumber = np.full(len(words), -1, dtype=np.int32)
    renumber[order] = np.arange(len(order), dtype=np.int32)
    vocabulary = tuple(words[i] for i in order)
    kept = renumber[flat[keep]]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=lengths.size))]).astype(np.int64)
    documents = corpus.table.drop(columns="text").copy()
    documents["tokens"] = _sizes(kept, row, vocabulary, lengths.size)
    return Tokens(
        kept,
        np.concatenate(starts)[keep].astype(np.int32),
        np.concatenate(ends)[keep].astype(np.int32),
        offsets,
        new_line,
        vocabulary,
        documents,
        recipe,
    )


def _sizes(ids: Ids, row: NDArray[np.int64], vocabulary: tuple[str, ...], n_rows: int) -> NDArray[np.int64]:
    """Tokens of each row that hold at least one letter, mark or number."""
    lengths = np.fromiter(map(len, vocabulary), dtype=np.int64, count=len(vocabulary))
    counted = in_classes(code_points("".join(vocabulary)), "LMN").astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(counted)])
    ends = np.cumsum(lengths)
    lexical = np.append(sums[ends] - sums[ends - lengths] > 0, False)  # the last serves id −1
    return np.bincount(row[lexical[ids]], minlength=n_rows).astype(np.int64)


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
    row = np.repeat(np.arange(len(table)), np.diff(offsets))
    kept = tokens.ids >= 0
    matrix = sparse.csr_array(
        (np.ones(int(kept.sum()), dtype=np.int32), (row[kept], tokens.ids[kept])),
        shape=(len(table), len(tokens.vocabulary)),
    )
    matrix.sum_duplicates()
    matrix.sort_indices()
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


def read_dictionary(dictionary: str | os.PathLike[str] | Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """User words with their frequencies, sorted.

    A file holds one word a line, with its frequency after white space; ``#``
    begins a comment. Every frequency is explicit: without one jieba works out
    its own, and the result depends on the order in which words are added.

    Raises
    ------
    InputError
        Naming each line without a frequency, with a frequency below 1, with
        white space in the word, or with a word that stands twice.

    >>> read_dictionary({"净网": 100})
    (('净网', 100),)
    """
    faults: list[Fault] = []
    entries: dict[str, int] = {}
    rows: list[tuple[str, str, str]] = []
    if isinstance(dictionary, Mapping):
        rows = [(f"dictionary, {word!r}", str(word), str(frequency)) for word, frequency in dictionary.items()]
    else:
        path = resolve(dictionary, "corpus/dictionaries", endings=(".txt", ""))
        try:
            lines = path.read_bytes().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(
                f"dictionary {path}", [Fault(str(path), f"byte {error.start}", "bytes that are not UTF-8", "UTF-8")]
            ) from None
        for number, line in enumerate(lines, start=1):
            content = line.partition("#")[0].split()
            if content:
                rows.append((f"{path}, line {number}", content[0], " ".join(content[1:])))
    for where, word, frequency in rows:
        if not word or any(c.isspace() for c in word):
            faults.append(Fault(where, "word", shown(word), "a word without white space"))
        elif not (frequency.isascii() and frequency.isdigit()) or int(frequency) < 1:
            faults.append(
                Fault(
                    where,
                    f"frequency of {word}",
                    shown(frequency) if frequency else "none",
                    "a whole number of at least 1 after the word",
                )
            )
        elif word in entries:
            faults.append(Fault(where, "word", f"{word!r} a second time", "each word once"))
        else:
            entries[word] = int(frequency)
    raise_faults("dictionary", faults)
    return tuple(sorted(entries.items()))
