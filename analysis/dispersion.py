"""Is a word spread over the whole corpus, or at home in a few statements?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.boundaries import are_words
from analysis.counts import Counts, count
from analysis.dispersion_measures import MEASURES, arf, part_range
from analysis.errors import Fault, MissingStep, raise_faults, shown, warn
from analysis.near_words import near_words
from analysis.provenance import round_significant
from analysis.sampling import PERIODS, UNPLACED, period_labels
from analysis.tokens import Tokens

__all__ = ["dispersion"]

_STEP = "Counts do not know where in a statement a word stands: pass Tokens, which segment(corpus) makes."


def dispersion(
    data: Counts | Tokens,
    features: Iterable[str] | None = None,
    *,
    parts: str = "documents",
    slices: int = 100,
    measures: Sequence[str] | None = None,
    minimum: int = 1,
) -> pd.DataFrame:
    """How evenly each feature stands in the parts of the corpus: one row per feature.

    Columns: ``feature``; ``frequency``, in all parts; ``parts``, how many there are; ``range``,
    in how many of them it stands; then one column per measure, named as its function in
    `analysis.dispersion_measures`, which has formulas, directions and sources: ``juilland_d``,
    ``carroll_d2`` and ``rosengren_s`` are 1 for an even feature, ``gries_dp``, ``dp_norm`` and
    ``kl_divergence`` (bits) are 0; ``arf`` is a frequency, at most the feature's own.
    NaN for a feature that stands nowhere (frequency 0).

    A part's **size** is the number of its words that are counted: tokens that hold a letter, a mark
    or a number. Punctuation and removed tokens do not count in it, and of trimmed counts only what
    was left does. For ``arf`` the text is one ring of all tokens, in the order of the documents,
    in which punctuation and removed tokens keep their places.

    Most features of a corpus are rare, and a rare feature cannot be even: read the measures beside
    features of like frequency (see ``minimum``), not against a fixed limit.

    Parameters
    ----------
    data
        `Counts` (blocks are summed to their statements) or `Tokens`.
    features
        Those to be measured, in this order. By default all words that stand at least ``minimum``
        times, the most frequent first; punctuation only where it is asked for by name.
    parts
        ``documents``; ``year``, ``quarter`` or ``month`` of their dates; ``equal``, slices of the running
        text (of Tokens) with the same number of words, to within one, in the order of the documents and
        whatever their ends; or a column of the documents whose values are the parts (issuers,
        places). Documents that belong to no part (a date less exact than the period, an empty
        value) are left out and named in a warning, and so are parts without a word.
    slices
        How many, with ``parts="equal"``.
    measures
        Names of measures. By default all; ``arf`` only of Tokens.
    minimum
        Features of a lower frequency are left out, unless ``features`` names them.

    Raises
    ------
    MissingStep
        If ``data`` is neither, or is Counts where places of words are needed.
    InputError
        For unknown features (near ones are offered), measures or parts, statements in more than one
        language, or a corpus of one part.

    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> texts = {"id": ["a", "b"], "date": "2021", "language": "zh", "text": ["网络环境，净化净化。", "网络环境网络净化"]}
    >>> counts = count(segment(Corpus(pd.DataFrame(texts))))
    >>> dispersion(counts, measures=["gries_dp"]).values.tolist()
    [['净化', 3, 2, 2, 0.166667], ['网络', 3, 2, 2, 0.166667], ['环境', 2, 2, 2, 0.0]]
    """
    if not isinstance(data, Counts | Tokens):
        raise MissingStep(
            f"dispersion takes Counts or Tokens, not {type(data).__name__}: count(segment(corpus)) makes Counts."
        )
    names = _measure_names(data, measures)
    faults = _faults(data, parts, slices, names, minimum)
    wanted = None if features is None else [features] if isinstance(features, str) else list(dict.fromkeys(features))
    if wanted is not None:
        faults += _unknown(wanted, data.vocabulary)
    raise_faults("dispersion", faults)
    placed = _placed(data, parts)
    table = _slices(data, slices) if isinstance(data, Tokens) and parts == "equal" else _summed(data, placed)
    words = are_words(data.vocabulary)
    sizes = np.asarray((table @ words.astype(np.int64)), dtype=np.int64)
    table, sizes = _filled(table.tocsr(), sizes, parts)
    frequency = np.asarray(table.sum(axis=0), dtype=np.int64)
    if wanted is None:
        chosen = np.flatnonzero(words & (frequency >= max(minimum, 1)))
        chosen = chosen[np.argsort(-frequency[chosen], kind="stable")]  # the vocabulary is sorted already
    else:
        number = {word: i for i, word in enumerate(data.vocabulary)}
        chosen = np.array([number[word] for word in wanted], dtype=np.int64)
    columns, shown_at = table.tocsc(), chosen
    if 2 * chosen.size < frequency.size:  # else it is cheaper to measure all of them
        columns, shown_at = columns[:, chosen], np.arange(chosen.size)
    result = {
        "feature": np.array(data.vocabulary, dtype=object)[chosen],
        "frequency": frequency[chosen],
        "parts": np.full(chosen.size, sizes.size),
        "range": part_range(columns, sizes)[shown_at].astype(np.int64),
    }
    for name in names:
        if name == "arf":
            result[name] = arf(_ids(data, placed), len(data.vocabulary))[chosen]
        else:
            result[name] = MEASURES[name](columns, sizes)[shown_at]
    return pd.DataFrame(round_significant(pd.DataFrame(result)))


def _measure_names(data: Counts | Tokens, measures: Sequence[str] | None) -> list[str]:
    if measures is None:
        return [*MEASURES, *(["arf"] if isinstance(data, Tokens) else [])]
    return [measures] if isinstance(measures, str) else list(dict.fromkeys(measures))


def _faults(data: Counts | Tokens, parts: str, slices: int, names: list[str], minimum: int) -> list[Fault]:
    if isinstance(data, Counts) and (parts == "equal" or "arf" in names):
        raise MissingStep(f"{'Equal slices need' if parts == 'equal' else 'arf needs'} Tokens. {_STEP}")
    known = [*MEASURES, "arf"]
    faults = [Fault("dispersion", "measures", shown(n), ", ".join(known)) for n in names if n not in known]
    languages = sorted(set(map(str, data.documents["language"])))
    if len(languages) > 1:
        accepted = 'one language: .select(language="zh") takes the statements of one'
        faults.append(Fault("dispersion", "documents", f"statements in {' and '.join(languages)}", accepted))
    if parts not in ("documents", "equal", *PERIODS) and parts not in data.documents:
        accepted = f"documents, equal, {', '.join(PERIODS)}, or a column: {', '.join(map(str, data.documents.columns))}"
        faults.append(Fault("dispersion", "parts", shown(parts), accepted))
    for field, value, least in (("slices", slices, 2), ("minimum", minimum, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            faults.append(Fault("dispersion", field, shown(value), f"a whole number of at least {least}"))
    return faults


def _unknown(wanted: list[str], vocabulary: tuple[str, ...]) -> list[Fault]:
    if not wanted:
        return [Fault("dispersion", "features", "none", "at least one, or None for all words")]
    known = set(vocabulary)
    faults = []
    for word in wanted:
        if word not in known:
            near = near_words(word, vocabulary, most=3)
            accepted = (
                f"a feature of these; near it: {', '.join(near)}"
                if near
                else "a feature of these, of which none is near"
            )
            faults.append(Fault("dispersion", "features", shown(word), accepted))
    return faults


def _placed(data: Counts | Tokens, parts: str) -> NDArray[np.int64]:
    """The number of the part that each document belongs to; −1 where it belongs to none."""
    documents = data.documents
    if parts in ("documents", "equal"):
        return np.arange(len(documents))
    labels = period_labels(documents, parts)
    without = labels == UNPLACED
    if without.any():
        named = ", ".join(map(str, documents["id"][without].head(10)))
        more = f" and {int(without.sum()) - 10} more" if without.sum() > 10 else ""
        why = f"a date less exact than the {parts}" if parts in PERIODS else f"no {parts}"
        warn(f"{int(without.sum())} of {len(documents)} documents have {why} and belong to no part: {named}{more}.")
    codes = pd.factorize(pd.Series(labels, dtype=object).where(~without), sort=True)[0]
    return np.asarray(codes, dtype=np.int64)


def _summed(data: Counts | Tokens, placed: NDArray[np.int64]) -> sparse.csr_array:
    """Counts of parts × features."""
    counts = count(data) if isinstance(data, Tokens) else data
    row = pd.Index(counts.documents["id"]).get_indexer(counts.units["document"].to_numpy(dtype=object))
    part = placed[row]
    if np.array_equal(part, np.arange(part.size)):
        return counts.matrix
    inside = np.flatnonzero(part >= 0)
    shape = (int(placed.max(initial=-1)) + 1, part.size)
    gathering = sparse.csr_array((np.ones(inside.size, dtype=np.int64), (part[inside], inside)), shape=shape)
    return gathering @ counts.matrix


def _slices(tokens: Tokens, slices: int) -> sparse.csr_array:
    """Counts of slices × features; what is no word belongs to the slice of the word before it."""
    kept = tokens.ids >= 0
    ids = tokens.ids[kept]
    number = np.cumsum(are_words(tokens.vocabulary)[ids]) - 1
    total = int(number[-1]) + 1 if ids.size else 0
    ends = np.searchsorted(number, [total * i // slices for i in range(slices)])
    ends[0] = 0  # what stands before the first word
    matrix = sparse.csr_array(
        (np.ones(ids.size, dtype=np.int32), ids, np.append(ends, ids.size)), shape=(slices, len(tokens.vocabulary))
    )
    matrix.sum_duplicates()
    return matrix


def _filled(
    table: sparse.csr_array, sizes: NDArray[np.int64], parts: str
) -> tuple[sparse.csr_array, NDArray[np.int64]]:
    """The parts that hold a word; at least two."""
    empty = int((sizes == 0).sum())
    if empty and empty < sizes.size:
        warn(f"{empty} of {sizes.size} parts ({parts}) hold no word and are left out.")
    if sizes.size - empty < 2:
        received = f"{sizes.size - empty} with words"
        accepted = 'at least 2; parts="equal" cuts the running text of Tokens into slices'
        raise_faults("dispersion", [Fault("dispersion", "parts", received, accepted)])
    return (table[np.flatnonzero(sizes)], sizes[sizes > 0]) if empty else (table, sizes)


def _ids(data: Counts | Tokens, placed: NDArray[np.int64]) -> NDArray[np.int32]:
    """The running text of the documents that belong to a part."""
    if not isinstance(data, Tokens):  # refused before
        raise MissingStep(_STEP)
    if (placed >= 0).all():
        return data.ids
    return data.ids[np.repeat(placed >= 0, np.diff(data.document_offsets))]
