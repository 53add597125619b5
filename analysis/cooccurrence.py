"""What stands in the same statements or blocks as a word, where there are counts and no texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.boundaries import are_words
from analysis.collocate_shifts import shift_table
from analysis.collocation import Measures, ranked_table
from analysis.counts import Counts
from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.near_words import near_words
from analysis.windows import Near

__all__ = ["cooccurrence_shifts", "cooccurrences"]

Ints = NDArray[np.int64]


def cooccurrences(
    counts: Counts,
    word: str | Sequence[str],
    *,
    measures: Measures = ("log_likelihood", "log_dice", "mi", "log_ratio"),
    rank_by: str | None = None,
    minimum: int = 3,
    minimum_documents: int = 2,
    spread: str | Sequence[str] = (),
    words_only: bool = True,
    repelled: bool = False,
) -> pd.DataFrame:
    """Words that stand in the same units as a word: one row per word, the strongest first.

    This is textual co-occurrence (Evert 2008): the window is the unit, a whole statement or a block of about 500
    characters, and a word stands in it or not, however often. So it can be told from counts that ship
    without their texts; what stands *next* to the word only `analysis.collocation.collocates` knows. The larger the unit,
    the looser the company.

    Columns as there: ``collocate``; ``observed``, the units that hold both; ``expected``; ``documents`` that hold such a
    unit; ``…_values`` for each column in ``spread``; the ``measures``, from r1 units that hold the word, c1 that
    hold the collocate and all n units.

    Parameters
    ----------
    word
        A feature of the counts, or several that count as one.
    measures, rank_by, minimum, minimum_documents, spread, words_only, repelled
        As in `analysis.collocation.collocates`.

    Raises
    ------
    MissingStep
        If ``counts`` are no `Counts`.
    InputError
        For a word that is no feature (those that come near are named), statements in two languages, or options that are
        not as there.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> texts = ["净化 网络 环境", "净化 网络", "发展 经济", "发展 环境"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> found = cooccurrences(count(segment(corpus)), "净化", minimum=1, minimum_documents=1, measures=["mi"])
    >>> found[["collocate", "observed", "expected", "mi"]].values.tolist()
    [['网络', 2, 1.0, 1.0], ['环境', 1, 1.0, 0.0]]
    """
    near, _ = _near_units("cooccurrences", counts, word, words_only, minimum, minimum_documents)
    return ranked_table(
        "cooccurrences",
        counts.documents,
        counts.vocabulary,
        near,
        measures=measures,
        rank_by=rank_by,
        minimum=minimum,
        minimum_documents=minimum_documents,
        spread=spread,
        repelled=repelled,
    )


def cooccurrence_shifts(
    counts: Counts,
    word: str | Sequence[str],
    *,
    before: str | tuple[str, str],
    after: str | tuple[str, str],
    minimum: int = 5,
    minimum_documents: int = 3,
    words: Sequence[str] | None = None,
    against: str = "node",
    words_only: bool = True,
    cluster: str | None = None,
    stratum: str | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Which words a word gained and lost as company in its units: one row per word, the surest change first.

    Columns and options as in `analysis.collocate_shifts.collocate_shifts`, with units that hold the word in the place of
    matches of a query: the shares are per hundred of them.

    Raises
    ------
    MissingStep, InputError
        As `cooccurrences` and `analysis.change.rate_ratio`.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> texts = ["净化 社会", "净化 风气", "净化 网络", "净化 网络"]
    >>> table = pd.DataFrame({"id": list("abcd"), "date": ["2010", "2011", "2020", "2021"], "language": "zh", "text": texts})
    >>> shifts = cooccurrence_shifts(count(segment(Corpus(table))), "净化", before=("2010", "2011"), after=("2020", "2021"),
    ...     minimum=2, minimum_documents=1)
    >>> shifts[["collocate", "before", "after", "before_share", "after_share"]].values.tolist()
    [['网络', 0, 2, 0.0, 100.0]]
    """
    subject = "cooccurrence_shifts"
    near, rows = _near_units(subject, counts, word, words_only, minimum, minimum_documents)
    if words is None:
        kinds = np.flatnonzero((near.observed >= minimum) & (near.documents >= minimum_documents))
    else:
        kinds = _numbers(subject, counts, words)
        if words_only:
            faults = [
                Fault(subject, "words", shown(counts.vocabulary[i]), "words, or words_only=False for punctuation too")
                for i in kinds[~are_words([counts.vocabulary[i] for i in kinds.tolist()])].tolist()
            ]
            raise_faults(subject, faults)
    return shift_table(
        counts.documents.assign(_nodes=np.bincount(rows, minlength=len(counts.documents))),
        counts.documents["id"],
        counts.vocabulary,
        near.cells,
        kinds,
        _units_of(counts, kinds, rows),
        against=against,
        least=0 if words is not None else minimum,
        spans={"before": before, "after": after},
        options={"cluster": cluster, "within": stratum, "level": level, "resamples": resamples, "seed": seed},
    )


def _near_units(
    subject: str, counts: Counts, word: str | Sequence[str], words_only: bool, minimum: int, minimum_documents: int
) -> tuple[Near, Ints]:
    """What stands in the units that hold the word, and the row of the statement of each of these units."""
    if not isinstance(counts, Counts):
        step = "count(segment(corpus)) makes them, read_counts reads those that ship"
        raise MissingStep(f"{subject} takes Counts, not {type(counts).__name__}: {step}.")
    faults = [
        Fault(subject, name, shown(value), "a whole number of at least 1")
        for name, value in (("minimum", minimum), ("minimum_documents", minimum_documents))
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1
    ]
    languages = sorted(set(map(str, counts.documents["language"])))
    if len(languages) > 1:
        received = f"statements in {' and '.join(languages)}"
        faults.append(Fault(subject, "counts", received, 'counts of one language: counts.select(language="zh")'))
    raise_faults(subject, faults)
    node = _numbers(subject, counts, word)
    types = len(counts.vocabulary)
    holds = _holding(counts.matrix)
    eligible = are_words(counts.vocabulary) if words_only else np.ones(types, dtype=bool)
    eligible[node] = False
    held = np.flatnonzero(holds[:, node].sum(axis=1) > 0)
    row_of = pd.Index(counts.documents["id"]).get_indexer(counts.units["document"])
    near = holds[held]
    rows = np.repeat(row_of[held], np.diff(near.indptr))
    kept = eligible[near.indices]
    pairs = (rows * types + near.indices)[kept].astype(np.int64)
    observed = np.bincount(near.indices[kept], minlength=types)
    documents = np.bincount(np.unique(pairs) % max(types, 1), minlength=types)
    text = np.bincount(holds.indices, minlength=types) * eligible
    return Near(observed, text, documents, int(held.size), holds.shape[0], pairs, types), row_of[held]


def _units_of(counts: Counts, kinds: Ints, rows: Ints) -> tuple[sparse.csr_array, Ints]:
    """How many units of each document hold each of the types, and how many of its units do not hold the word."""
    row = pd.Index(counts.documents["id"]).get_indexer(counts.units["document"])
    holds = _holding(counts.matrix[:, kinds]).tocoo()
    cells = (np.ones(holds.nnz, dtype=np.int64), (row[holds.row], holds.col))
    n = len(counts.documents)
    units = np.bincount(row, minlength=n) - np.bincount(rows, minlength=n)
    return sparse.coo_array(cells, shape=(len(counts.documents), kinds.size)).tocsr(), units


def _holding(matrix: sparse.csr_array) -> sparse.csr_array:
    """Ones where a word stands in a unit; a stored zero is none."""
    holds = matrix.astype(np.int64)  # a copy
    holds.sum_duplicates()
    holds.eliminate_zeros()
    holds.data[:] = 1
    return holds


def _numbers(subject: str, counts: Counts, words: str | Sequence[str]) -> Ints:
    """The columns of the words."""
    known = {word: number for number, word in enumerate(counts.vocabulary)}
    asked = [words] if isinstance(words, str) else list(dict.fromkeys(words))
    faults = [
        Fault(subject, "word", shown(word), ", ".join(near_words(word, counts.vocabulary)) or "a feature")
        for word in asked
        if word not in known
    ]
    raise_faults(subject, faults if asked else [Fault(subject, "word", "none", "at least one feature")])
    return np.array([known[word] for word in asked], dtype=np.int64)
