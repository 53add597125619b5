"""Do the words of a topic go together? Pure arithmetic on arrays: counts of documents or windows, then scores.

`document_frequencies` and `window_frequencies` return ``joint``, in how many documents (windows)
each two of m words both stand (m × m, int64; on the diagonal, in how many a word stands), and
``n``, how many there are. Counts of parts of a corpus add up. The measures take them, and as
``words`` the positions in ``joint`` of one topic's words, the weightiest first. All logarithms are
natural. What holds for every measure:

- A word that stands in no document (window) says nothing: its pairs are undefined, and left out.
- Fewer than two words that occur, one word or none, give NaN.
- A word named twice is refused, for it would praise the topic. Two words that only stand together
  are two words.
- The order of the words matters to `umass` alone.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["c_v", "document_frequencies", "npmi", "uci", "umass", "window_frequencies"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Whole documents are counted together until they hold this many tokens; that bounds the memory.
_BATCH_TOKENS = 2_000_000

#: Pairs of overlapping stretches that are held at one time.
_CHUNK_PAIRS = 1_000_000


def document_frequencies(matrix: Any, columns: ArrayLike) -> tuple[Integers, int]:
    """In how many documents each two words both stand: ``joint`` (m × m) and ``n``, the number of documents.

    ``matrix`` is CSR, units × features (its arrays are left as they are), ``columns`` the m
    features, each once. A unit holds a word if its entry is not 0; empty units count in ``n``.

    >>> from scipy import sparse
    >>> joint, n = document_frequencies(sparse.csr_array([[2, 1, 0], [1, 0, 5], [0, 0, 1]]), [0, 1])
    >>> joint.tolist(), n
    ([[2, 1], [1, 1]], 3)
    """
    n, features = matrix.shape
    holds = matrix[:, _positions("columns", columns, features)]  # a copy
    holds.sum_duplicates()
    holds.data = (holds.data != 0).astype(np.int64)
    return (holds.T @ holds).toarray().astype(np.int64), int(n)


def window_frequencies(
    ids: NDArray[np.int32], document_offsets: NDArray[np.int64], columns: ArrayLike, window: int
) -> tuple[Integers, int]:
    """In how many sliding windows each two words both stand: ``joint`` (m × m) and ``n``, the number of windows.

    A window of ``window`` tokens moves over each document one token at a time, never from one into
    the next: L tokens make max(1, L − ``window`` + 1) windows. So a document that is shorter than
    the window, or empty, is one window. A window counts once, however often it holds a word
    (boolean sliding window: Röder, Both & Hinneburg 2015, Exploring the space of topic coherence
    measures).

    ``ids`` are token ids (n_tokens), −1 where a token was removed, which keeps its place;
    ``document_offsets`` (n_documents + 1) say where documents start and end; ``columns`` are the
    m ids, each once.

    gensim 4.4 forgets a word that leaves its window although it stands in it once more, and so
    counts too few windows wherever a word is repeated; otherwise it counts the same.

    >>> ids = np.array([0, 1, 2, 0, 1], dtype=np.int32)
    >>> joint, n = window_frequencies(ids, np.array([0, 4, 5]), [0, 1], window=2)
    >>> joint.tolist(), n  # 01, 12, 20 | 1
    ([[2, 1], [1, 3]], 4)
    """
    ids, offsets = np.asarray(ids), np.asarray(document_offsets)
    wanted = _positions("columns", columns)
    if window < 1 or window != int(window):
        raise ValueError(f"window: received {window!r}; accepted: a whole number of tokens, at least 1")
    if offsets.ndim != 1 or not offsets.size or offsets[0] or offsets[-1] != ids.size or (np.diff(offsets) < 0).any():
        raise ValueError(
            f"document_offsets: received {offsets.tolist()[:6]} for {ids.size} tokens; "
            "accepted: from 0 to the number of tokens, never falling"
        )
    # The last cell, which is also cell −1, stands for all other tokens.
    size = int(wanted.max(initial=-1)) + 1
    word_of = np.full(size + 1, -1, dtype=np.int64)
    word_of[wanted] = np.arange(wanted.size)
    joint = np.zeros(wanted.size**2)
    n, first = 0, 0
    while first < offsets.size - 1:
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + _BATCH_TOKENS, side="right")) - 1)
        words = word_of[np.clip(ids[offsets[first] : offsets[last]], -1, size)]
        n += _add_windows(joint, wanted.size, words, offsets[first : last + 1] - offsets[first], int(window))
        first = last
    square = np.rint(joint).astype(np.int64).reshape(wanted.size, wanted.size)
    return square + square.T - np.diag(np.diag(square)), n


def _add_windows(joint: Floats, m: int, words: Integers, offsets: Integers, window: int) -> int:
    """Add the windows of some documents to ``joint`` (m · m, each pair in one of its two cells); return their number.

    Windows are numbered through. A token stands in a stretch of them; the stretches of one word
    are joined where they touch, and what two words share is the overlap of their stretches.
    """
    windows = np.maximum(np.diff(offsets) - window + 1, 1)
    before = np.cumsum(windows) - windows
    at = np.flatnonzero(words >= 0)
    if not at.size:
        return int(windows.sum())
    order = np.argsort(words[at], kind="stable")
    at, word = at[order], words[at][order]
    document = np.searchsorted(offsets, at, side="right") - 1
    place = at - offsets[document]
    low = before[document] + np.maximum(place - window + 1, 0)
    high = before[document] + np.minimum(place, windows[document] - 1)

    apart = (word[1:] != word[:-1]) | (low[1:] > high[:-1] + 1)
    starts = np.concatenate([[0], np.flatnonzero(apart) + 1])
    ends = np.concatenate([starts[1:] - 1, [at.size - 1]])
    word, low, high = word[starts], low[starts], high[ends]
    joint += np.bincount(word * (m + 1), weights=high - low + 1, minlength=m * m)

    order = np.argsort(low, kind="stable")
    word, low, high = word[order], low[order], high[order]
    # Whatever starts within a stretch comes directly after it.
    partners = np.searchsorted(low, high, side="right") - np.arange(low.size) - 1
    reached = np.cumsum(partners)
    first = 0
    while first < low.size:
        done = reached[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(reached, done + _CHUNK_PAIRS, side="right")))
        left = np.repeat(np.arange(first, last), partners[first:last])
        right = left + 1 + np.arange(left.size) - (reached - partners)[left] + done
        overlap = np.minimum(high[left], high[right]) - low[right] + 1
        joint += np.bincount(word[left] * m + word[right], weights=overlap, minlength=m * m)
        first = last
    return int(windows.sum())


def umass(
    joint: Integers,
    words: ArrayLike,
    *,
    smoothing: float = 1.0,
    base_smoothing: float = 0.0,
    aggregate: Literal["sum", "mean"] = "sum",
) -> float:
    """UMass coherence of one topic: how likely its words are in documents that hold its weightier words.

    Σ over words m = 2 … M and l < m of log((D(m, l) + ``smoothing``) / (D(l) + ``base_smoothing``)),
    where D counts documents and l ranks before m: the sum over pairs, smoothed by one document
    (Mimno, Wallach, Talley, Leenders & McCallum 2011, Optimizing semantic coherence in topic
    models). It is at most M(M − 1)/2 · log 2 and usually below 0; higher is more coherent.

    One name, several numbers: Röder, Both & Hinneburg (2015) and gensim take the mean over pairs
    and add 10⁻¹² to the probability: ``aggregate="mean", smoothing=n * 1e-12`` for n documents.
    stm adds 0.01 to both counts, ``smoothing=0.01, base_smoothing=0.01``, and gives a pair the
    order in which the words first appear among all topics' top words.

    Edge cases, beside the module's: a sum over fewer pairs is nearer to 0, so compare topics of as
    many words that occur. Without smoothing, words that never meet give −∞.

    >>> joint, n = np.array([[4, 2, 0], [2, 2, 0], [0, 0, 1]]), 6
    >>> round(umass(joint, [0, 1, 2]), 6)  # log(3/4) + log(1/4) + log(1/2)
    -2.367124
    >>> round(umass(joint, [0, 1, 2], aggregate="mean", smoothing=n * 1e-12), 6)
    -18.150371
    """
    if aggregate not in ("sum", "mean"):
        raise ValueError(f"aggregate: received {aggregate!r}; accepted: 'sum' or 'mean'")
    _accept_not_negative("smoothing", smoothing)
    _accept_not_negative("base_smoothing", base_smoothing)
    counts = _among(joint, words)
    if len(counts) < 2:
        return float("nan")
    later, earlier = np.tril_indices(len(counts), -1)
    with np.errstate(divide="ignore"):
        pairs = np.log(counts[later, earlier] + smoothing) - np.log(np.diag(counts)[earlier] + base_smoothing)
    return float(pairs.sum() if aggregate == "sum" else pairs.mean())


def uci(joint: Integers, n: int, words: ArrayLike, *, epsilon: float = 1e-12) -> float:
    """UCI coherence of one topic: the mean pointwise mutual information of its pairs of words.

    Mean over pairs of log((p(i, j) + ``epsilon``) / (p(i) · p(j))), where p are shares of the ``n``
    windows (usually of 10 tokens) or documents (Newman, Lau, Grieser & Baldwin 2010, Automatic
    evaluation of topic coherence; with 10⁻¹² as in gensim).

    Edge cases, beside the module's: what words that never meet add is made by ``epsilon`` (−27.6,
    less the logarithms of their own shares) and dominates the mean; with 0 it is −∞.

    >>> joint = np.array([[4, 2, 0], [2, 2, 0], [0, 0, 1]])
    >>> round(uci(joint, 8, [0, 1]), 6)  # log 2: together twice as often as by chance
    0.693147
    """
    _accept_not_negative("epsilon", epsilon)
    counts = _among(joint, words, n)
    if len(counts) < 2:
        return float("nan")
    single = np.log(np.diag(counts) / n)
    with np.errstate(divide="ignore"):
        values = np.log(counts / n + epsilon) - single[:, None] - single
    return float(values[np.tril_indices(len(counts), -1)].mean())


def npmi(joint: Integers, n: int, words: ArrayLike, *, epsilon: float = 0.0) -> float:
    """NPMI coherence of one topic: the mean normalised pointwise mutual information of its pairs of words.

    Mean over pairs of log(p(i, j) / (p(i) · p(j))) / −log p(i, j), where p are shares of the ``n``
    windows or documents: 1 if two words only stand together, 0 if they are independent, −1 if they
    never meet (Bouma 2009, Normalized (pointwise) mutual information in collocation extraction).

    Conventions: by default words that never meet get the limit, −1. With ``epsilon`` > 0 it is
    added to each p(i, j); ``epsilon=1e-12`` gives gensim's numbers, in which such words get
    −1 − log(p(i) · p(j)) / 27.6, more for rare words. Two words that both stand in every window are
    as independent as they are inseparable (0 / 0): they get 0, where gensim says −1.

    >>> joint = np.array([[4, 2, 0], [2, 2, 0], [0, 0, 1]])
    >>> round(npmi(joint, 8, [0, 1]), 6), npmi(joint, 8, [0, 2])
    (0.5, -1.0)
    >>> round(npmi(joint, 8, [0, 2], epsilon=1e-12), 6)
    -0.899657
    """
    _accept_not_negative("epsilon", epsilon)
    values = _npmi(_among(joint, words, n), n, epsilon)
    if len(values) < 2:
        return float("nan")
    return float(values[np.tril_indices(len(values), -1)].mean())


def c_v(joint: Integers, n: int, words: ArrayLike, *, epsilon: float = 1e-12) -> float:
    """C_V coherence of one topic: how alike the company is that its words keep within the topic.

    Each word is a vector of its NPMI (as in `npmi`, with ``epsilon``; γ = 1) with all the topic's
    words, itself included; the mean over words of the cosine of that vector and the sum of all of
    them (segmentation S-one-set, cosine, arithmetic mean: Röder, Both & Hinneburg 2015, Exploring
    the space of topic coherence measures; windows of 110 tokens).

    Known weakness: words that never meet have alike vectors, so that a topic of them can score
    higher than one whose words meet now and then; the authors' own program Palmetto advises against
    C_V. Never report it alone.

    Conventions: ``epsilon`` is 10⁻¹² here, as in gensim, since the numbers hang on it; 0 gives words
    that never meet −1. A word in every window has NPMI 0 with all words and itself (gensim: −1 with
    itself). A vector of zeros is at right angles to all others: cosine 0.

    >>> joint = np.array([[4, 2, 0], [2, 2, 0], [0, 0, 1]])
    >>> round(c_v(joint, 8, [0, 1]), 6)  # vectors (1, 0.5) and (0.5, 1)
    0.948683
    """
    _accept_not_negative("epsilon", epsilon)
    vectors = _npmi(_among(joint, words, n), n, epsilon)
    if len(vectors) < 2:
        return float("nan")
    total = vectors.sum(axis=0)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(total)
    return float(np.divide(vectors @ total, lengths, out=np.zeros(len(vectors)), where=lengths > 0).mean())


def _npmi(counts: Integers, n: int, epsilon: float) -> Floats:
    """NPMI of every two of the words, all of which occur (k × k)."""
    single = np.log(np.diag(counts) / n)
    share = counts / n + epsilon
    together = np.log(share, out=np.zeros(share.shape), where=share > 0)
    values = np.divide(
        single[:, None] + single - together, together, out=np.zeros(share.shape), where=(together != 0) & (counts < n)
    )
    return np.where(share > 0, values, -1.0)


def _among(joint: Integers, words: ArrayLike, n: int | None = None) -> Integers:
    """The counts among the words that occur, in their order (k × k)."""
    joint = np.asarray(joint)
    if joint.ndim != 2 or joint.shape[0] != joint.shape[1]:
        raise ValueError(f"joint: received shape {joint.shape}; accepted: words × words")
    if n is not None and joint.size and n < joint.max():
        raise ValueError(f"n: received {n}, but a word stands in {joint.max()}; accepted: the number of all of them")
    chosen = _positions("words", words, len(joint))
    chosen = chosen[np.diag(joint)[chosen] > 0]
    return joint[np.ix_(chosen, chosen)]


def _positions(name: str, values: ArrayLike, limit: int | None = None) -> Integers:
    """Whole numbers from 0 to below ``limit``, each once."""
    array = np.asarray(values)
    if not array.size:
        array = array.astype(np.int64)
    bounds = "not negative" if limit is None else f"from 0 to {limit - 1}"
    if (
        array.ndim != 1
        or array.dtype.kind not in "iu"
        or (array < 0).any()
        or (limit is not None and (array >= limit).any())
        or np.unique(array).size < array.size
    ):
        raise ValueError(f"{name}: received {array.tolist()!r}; accepted: whole numbers, {bounds}, each once")
    return array.astype(np.int64)


def _accept_not_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name}: received {value!r}; accepted: a number that is not negative")
