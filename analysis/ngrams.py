"""N-grams and skip-grams of any length: which sequences of words recur, how often and in how many documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.errors import Fault, MissingStep, raise_faults, shown, warn
from analysis.near_words import near_words
from analysis.positions import UNITS, stretches, word_types
from analysis.provenance import round_significant
from analysis.sequences import Sequences, skipping, unbroken
from analysis.tokens import Tokens

__all__ = ["ngrams"]

Ids = NDArray[np.int32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: From so many words on, the longest stretch is looked up first.
_FAR = 32
_COLUMNS = ("ngram", "n", "frequency", "documents", "per_million")


def ngrams(
    tokens: Tokens,
    n: int | Sequence[int] = 3,
    *,
    minimum: int = 2,
    minimum_documents: int = 1,
    skip: int = 0,
    containing: str | Iterable[str] | None = None,
    within: str | None = None,
    across: bool = False,
    words_only: bool = True,
) -> pd.DataFrame:
    """Every sequence of ``n`` words that occurs at least ``minimum`` times: one row per n-gram.

    Columns: ``ngram``, its words joined by one space; ``n``; ``frequency``, at how many
    places it stands (places that overlap count each: 好 好 好 holds 好 好 twice);
    ``documents``, how many hold it; ``per_million`` = 10⁶ · frequency / words of the
    corpus (all its tokens that were not removed, with ``words_only=False``). Sorted by n, then
    by frequency, the most frequent first, then word by word as the vocabulary is sorted.

    **What ends a sequence.** A removed token (id −1) does, and so does, with ``words_only``, a token without a
    letter, mark or number: 净化，网络 holds no 2-gram 净化 网络. So does the end of the statement.

    **Skip-grams** (Guthrie et al. 2006, A closer look at skip-gram modelling, LREC): with ``skip=k`` n words in
    their order with at most k words left out in all between the first and the last. What is left out must be
    words as well: no skip-gram jumps over what ends a sequence. ``frequency`` counts the ways to choose the
    places, so that 好 好 好 holds 好 好 three times with ``skip=1``. A stretch of L words holds
    Σₛ C(s + n − 2, n − 2) · max(L − n − s + 1, 0) skip-grams, s = 0 … k, n ≥ 2.

    **Cost.** Exact: nothing is hashed or sampled. At most ⌈log₂ n⌉ rounds sort the places that are left, however
    long the n-grams. Memory beyond the tokens is about 30 bytes a token; up to 70, the table among
    them, with ``minimum=1``. Skip-grams go through a slice of the first words at a time, in
    about as much memory and some 400 MB; their time grows with the C(n − 1 + k, k) ways to leave words out.

    Parameters
    ----------
    n
        How many words, at least 1; or several numbers, for one table of all of them.
    minimum
        The least ``frequency``. With 1 the table is as long as the corpus has n-grams.
    minimum_documents
        The least ``documents``.
    skip
        How many words may be left out in all.
    containing
        A word, or several, of the vocabulary: only n-grams that hold at least one of them.
    within
        ``sentence``, ``clause`` or ``paragraph``: what n-grams do not go beyond either.
    across
        N-grams run on from each statement into the next, as CWB counts; unless something else ends them
        there, these are sequences that nobody wrote. They count for the document in which they begin.
    words_only
        Whether punctuation breaks n-grams. With False it is part of them like any word.

    Raises
    ------
    MissingStep
        If ``tokens`` is not `Tokens`.
    InputError
        For numbers out of range, an unknown word in ``containing`` (near ones are offered), an unknown
        ``within``, or statements in several languages, which share no count per million.

    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> text = ["净化网络环境，净化网络环境", "净化网络"]
    >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a", "b"], "date": "2021", "language": "zh", "text": text})))
    >>> ngrams(tokens, 2)[["ngram", "frequency", "documents"]].values.tolist()
    [['净化 网络', 3, 2], ['网络 环境', 2, 1]]
    >>> ngrams(tokens, 2, skip=1, containing="环境")[["ngram", "frequency"]].values.tolist()
    [['净化 环境', 2], ['网络 环境', 2]]
    """
    if not isinstance(tokens, Tokens):
        raise MissingStep(f"ngrams takes Tokens, not {type(tokens).__name__}: segment(corpus) makes them.")
    lengths = _lengths(n)
    wanted = [containing] if isinstance(containing, str) else None if containing is None else list(containing)
    raise_faults("ngrams", _faults(tokens, n, lengths, minimum, minimum_documents, skip, within, across, wanted))
    counted = word_types(tokens) if words_only else np.ones(len(tokens.vocabulary), dtype=bool)
    words = np.append(counted, False)[tokens.ids]  # a removed token, −1, finds the False
    opens = _opens(tokens, within, across)
    possible, skip = lengths, int(skip)
    if lengths[-1] + skip > _FAR:  # what goes beyond the longest stretch costs nothing
        longest = _longest(words, opens)
        possible, skip = [length for length in lengths if length <= longest], min(skip, longest)
    codes = np.where(words, tokens.ids, np.int32(-1))
    held = None
    if wanted is not None:
        held = np.isin(np.asarray(tokens.vocabulary, dtype=object), wanted)
        codes[~_near(tokens.ids, held, max(possible, default=0) + skip)] = -1
    rows = np.repeat(np.arange(len(tokens.documents), dtype=np.int32), np.diff(tokens.document_offsets))
    least = max(int(minimum), int(minimum_documents))  # what stands in so many documents stands so often
    found = (
        skipping(codes, rows, opens, possible, least, skip) if skip else unbroken(codes, rows, opens, possible, least)
    )
    none = Sequences(np.zeros((0, 1), np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    tables = []
    for length, sequences in chain(found, ((length, none) for length in lengths[len(possible) :])):
        keep = sequences.documents >= minimum_documents
        if held is not None:
            keep &= held[sequences.words].any(axis=1)
        tables.append(_table(tokens.vocabulary, sequences.where(keep), length, int(words.sum())))
        if tables[-1].empty:
            longest = _longest(words, opens)
            nowhere = f"no {within or ('corpus' if across else 'document')} holds so many on end (the longest stretch has {longest:,})"
            few = f"none stands {minimum:,} times" if minimum > 1 else "none stands"
            few += f" in {minimum_documents:,} documents" if minimum_documents > 1 else ""
            few += " and holds a word of those to be contained" if held is not None else ""
            warn(f"There are no sequences of {length:,} words: {nowhere if length > longest else few}.")
    return pd.concat(tables, ignore_index=True)


def _lengths(n: int | Sequence[int]) -> list[int]:
    """The lengths that are asked for, ascending; none if that is no whole number or list of such."""
    asked = [n] if isinstance(n, int | np.integer) else list(n) if isinstance(n, Iterable) else []
    whole = all(isinstance(i, int | np.integer) and not isinstance(i, bool) and i >= 1 for i in asked)
    return sorted({int(i) for i in asked}) if whole else []


def _faults(
    tokens: Tokens,
    n: object,
    lengths: list[int],
    minimum: object,
    minimum_documents: object,
    skip: object,
    within: object,
    across: object,
    wanted: list[str] | None,
) -> list[Fault]:
    faults = []
    if not lengths:
        faults.append(Fault("ngrams", "n", shown(n), "a whole number of at least 1, or several"))
    for name, value, low in (("minimum", minimum, 1), ("minimum_documents", minimum_documents, 1), ("skip", skip, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
            faults.append(Fault("ngrams", name, shown(value), f"a whole number of at least {low}"))
    if within is not None and within not in UNITS:
        faults.append(Fault("ngrams", "within", shown(within), f"{', '.join(UNITS)}, or None for the statement"))
    if not isinstance(across, bool):
        faults.append(Fault("ngrams", "across", shown(across), "True or False"))
    if wanted is not None and not wanted:
        faults.append(Fault("ngrams", "containing", "no word", "a word of the vocabulary, several, or None for all"))
    known = set(tokens.vocabulary) if wanted else set()
    for word in wanted or ():
        if word not in known:
            near = near_words(word, tokens.vocabulary, most=3)
            accepted = f"a word of the vocabulary, such as {', '.join(near)}" if near else "a word of the vocabulary"
            faults.append(Fault("ngrams", "containing", shown(word), accepted))
    languages = sorted(set(tokens.documents["language"])) if "language" in tokens.documents else []
    if len(languages) > 1:
        accepted = "statements in one language: segment(corpus.select(language=…))"
        faults.append(Fault("tokens", "language", ", ".join(languages), accepted))
    return faults


def _opens(tokens: Tokens, within: str | None, across: bool) -> Mask:
    """Which tokens no n-gram may reach from before."""
    opens = np.zeros(len(tokens), dtype=bool)
    if within is not None:
        numbers = stretches(tokens, within)
        opens[1:] = numbers[1:] != numbers[:-1]
    if not across:
        begins = tokens.document_offsets[:-1]
        opens[begins[begins < len(tokens)]] = True
    return opens


def _longest(words: Mask, opens: Mask) -> int:
    """The most words on end."""
    stretch = np.cumsum(opens | ~words)[words]
    return int(np.bincount(stretch).max(initial=0))


def _near(ids: Ids, held: Mask, reach: int) -> Mask:
    """Which tokens are less than ``reach`` away from one that is ``held``: no other is in an n-gram with it."""
    places = np.flatnonzero(np.append(held, False)[ids])
    change = np.zeros(ids.size + 1, dtype=np.int32)
    np.add.at(change, np.maximum(places - reach + 1, 0), 1)
    np.add.at(change, np.minimum(places + reach, ids.size), -1)
    near: Mask = np.cumsum(change[:-1], dtype=np.int32) > 0
    return near


def _table(vocabulary: tuple[str, ...], found: Sequences, length: int, size: int) -> pd.DataFrame:
    order = np.argsort(-found.frequency, kind="stable")
    words = pa.array(vocabulary, pa.large_string())
    columns = [words.take(pa.array(found.words[order, i])) for i in range(found.words.shape[1])]
    joined = pc.binary_join_element_wise(*columns, pa.scalar(" ", pa.large_string()))
    frequency = found.frequency[order]
    different, which = np.unique(frequency, return_inverse=True)
    per_million = round_significant(1e6 * different / max(size, 1))
    return pd.DataFrame(
        {
            "ngram": pd.Series(joined.to_pandas(), dtype="str"),
            "n": np.full(order.size, length, dtype=np.int64),
            "frequency": frequency,
            "documents": found.documents[order],
            "per_million": per_million[which],
        },
        columns=list(_COLUMNS),
    )
