"""How rich the vocabulary of a text is: pure arithmetic on the tokens of one text, or of many at once.

All measures are called ``measure(ids)``. ``ids`` are whole numbers from 0, one per token, in the order
of the text: the same number for the same word. One number comes back. `Texts` are many texts
one after another; for them one number comes back for each.

==========  ================================================  =======  ==================  ==============
measure     what                                              diverse  longer text         undefined (NaN)
==========  ================================================  =======  ==================  ==============
`ttr`       types / tokens                                    1        falls               no token
`msttr`     mean TTR of segments of 100 tokens                1        as it was           no token
`mattr`     mean TTR of all windows of 100 tokens             1        as it was           no token
`mtld`      tokens until the TTR is below 0.72                high     nearly as it was    no repetition
`hd_d`      TTR expected in 42 tokens drawn from the text     1        nearly as it was    under 42 tokens
`yule_k`    10⁴ · (Σ f² − N) / N²                             0        nearly as it was    no token
`maas`      (log N − log V) / log² N                          0        changes             under 2 tokens
==========  ================================================  =======  ==================  ==============

N are the tokens, V the types, f the frequency of a type. Texts of unequal length must not be compared by
TTR or Maas's a² (Tweedie & Baayen 1998, *Computers and the Humanities* 32, 323–352; McCarthy & Jarvis 2010).
What is a token is decided before: programs differ in letter case and punctuation more than in formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.errors import Fault, raise_faults, shown

__all__ = ["MEASURES", "Texts", "hd_d", "maas", "mattr", "msttr", "mtld", "ttr", "yule_k"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 128


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts one after another: text i is ``ids[offsets[i]:offsets[i + 1]]``.

    What the measures share is worked out once: some 40 bytes a token, in time that grows linearly.

    >>> ttr(Texts(np.array([0, 1, 0, 2, 2]), np.array([0, 3, 5]))).round(3).tolist()
    [0.667, 0.5]
    """

    ids: NDArray[np.integer[Any]]
    offsets: Ints

    def __post_init__(self) -> None:
        ids, offsets = np.asarray(self.ids), np.asarray(self.offsets, dtype=np.int64)
        faults = []
        if ids.ndim != 1 or (ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0)):
            accepted = "whole numbers from 0, one per token; leave removed tokens (−1) out"
            faults.append(Fault("diversity", "ids", shown(ids.tolist()), accepted))
        if (
            offsets.ndim != 1
            or not offsets.size
            or offsets[0] != 0
            or offsets[-1] != ids.size
            or (np.diff(offsets) < 0).any()
        ):
            accepted = f"ascending numbers from 0 to {ids.size}"
            faults.append(Fault("diversity", "offsets", shown(offsets.tolist()), accepted))
        raise_faults("diversity", faults)
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "offsets", offsets)

    @cached_property
    def lengths(self) -> Ints:
        """Tokens of each text."""
        return np.diff(self.offsets)

    @cached_property
    def text(self) -> NDArray[np.int32]:
        """The text that each token is in."""
        return np.repeat(np.arange(self.lengths.size, dtype=np.int32), self.lengths)

    @cached_property
    def _sorted(self) -> NDArray[np.integer[Any]]:
        """The places of the tokens, type after type, each in order."""
        ids = self.ids
        if ids.size and ids.max() > 2 * ids.size + 1_000_000:
            ids = np.unique(ids, return_inverse=True)[1]
        # A counting sort, which a change of sparse format is.
        shape = (ids.size, int(ids.max(initial=-1)) + 1)
        table = sparse.csr_array((np.ones(ids.size, dtype=np.bool_), ids, np.arange(ids.size + 1)), shape=shape)
        return np.asarray(table.tocsc().indices) if ids.size else np.zeros(0, dtype=np.int64)

    @cached_property
    def places(self) -> NDArray[np.integer[Any]]:
        """0, 1, … for each token, in numbers as small as will do: that is most of the speed."""
        return np.arange(self.ids.size, dtype=np.int32 if self.ids.size < 2**30 else np.int64)

    @cached_property
    def previous(self) -> NDArray[np.integer[Any]]:
        """Where each token's type stood before, in its own text or an earlier one; −1 for nowhere."""
        place, kind = self._sorted, self.ids[self._sorted]
        again = np.flatnonzero(kind[1:] == kind[:-1]) + 1
        before = np.full(self.ids.size, -1, dtype=self.places.dtype)
        before[place[again]] = place[again - 1]
        return before

    def each(self, values: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
        """``values``, one per text, for each of its tokens."""
        return np.repeat(values.astype(self.places.dtype), self.lengths)

    @cached_property
    def frequencies(self) -> tuple[NDArray[np.int32], Ints]:
        """For each type of each text: the text, and how often the type stands in it."""
        place = self._sorted
        text, kind = self.text[place], self.ids[place]
        first = np.flatnonzero(np.append(True, (text[1:] != text[:-1]) | (kind[1:] != kind[:-1]))[: place.size])
        return text[first], np.diff(first, append=place.size)

    @cached_property
    def types(self) -> Ints:
        """Types of each text."""
        return np.bincount(self.frequencies[0], minlength=self.lengths.size)

    @cached_property
    def hapaxes(self) -> Ints:
        """Types of each text that stand in it once."""
        text, frequency = self.frequencies
        return np.bincount(text[frequency == 1], minlength=self.lengths.size)

    def summed(self, values: NDArray[Any]) -> Floats:
        """Sum of ``values``, one per token, over each text. Of whole numbers it is exact up to 2⁵³."""
        total: Floats = np.bincount(self.text, weights=values, minlength=self.lengths.size).astype(np.float64)
        return total


def ttr(ids: Any) -> Any:
    """Type–token ratio: types / tokens, V / N. From 1, no word twice, towards 0; NaN without a token.

    It falls as a text goes on, whatever its style: only texts of one length compare.

    >>> float(ttr([0, 1, 0, 2]))
    0.75
    """
    texts, one = _texts(ids)
    with np.errstate(invalid="ignore"):
        return _result(texts.types / texts.lengths, one)


def msttr(ids: Any, *, window: int = 100) -> Any:
    """Mean segmental TTR: the mean of the TTR of segments of ``window`` tokens, side by side.

    What is left after the last full segment is dropped, as in koRpus, quanteda.textstats and (by default)
    LexicalRichness. A text shorter than one segment gets its TTR, which is no MSTTR: compare with care.

    Source: Johnson (1944), *Psychological Monographs* 56(2), 1–15.

    >>> float(msttr([0, 1, 0, 1, 2, 2, 0, 1], window=3))
    0.6666666666666666
    """
    texts, one = _texts(ids)
    width = _widths(texts, window)
    start, length = texts.each(texts.offsets[:-1]), texts.each(width)
    segment = start + (texts.places - start) // length * length
    used = texts.lengths // np.maximum(width, 1) * width
    new = (texts.previous < segment) & (texts.places < texts.each(texts.offsets[:-1] + used))
    with np.errstate(invalid="ignore"):
        return _result(texts.summed(new) / used, one)


def mattr(ids: Any, *, window: int = 100) -> Any:
    """Moving-average TTR: the mean of the TTR of all windows of ``window`` tokens.

    A text shorter than one window gets its TTR, as in quanteda.textstats and TAALED, which is no MATTR:
    compare with care. Time does not depend on the window: a token adds a type to those windows that
    hold it and not its predecessor of the same type, and these are counted, not visited.

    Default windows differ: 100 here, in koRpus and LexicalRichness; 50 in TAALED; 500 in Wordless.

    Source: Covington & McFall (2010), *Journal of Quantitative Linguistics* 17(2), 94–100.

    >>> float(mattr([0, 0, 1, 0, 0, 1, 0], window=2))
    0.8333333333333334
    """
    texts, one = _texts(ids)
    width = _widths(texts, window)
    first = np.maximum(texts.places - texts.each(width - 1), texts.each(texts.offsets[:-1]))
    first = np.maximum(first, texts.previous + 1)
    last = np.minimum(texts.places, texts.each(texts.offsets[1:] - width))
    windows = np.maximum(last - first + 1, 0)
    with np.errstate(invalid="ignore"):
        return _result(texts.summed(windows) / (width * (texts.lengths - width + 1)), one)


def mtld(ids: Any, *, threshold: float = 0.72, least: int = 1, closes: str = "below", average: str = "lengths") -> Any:
    """Measure of textual lexical diversity: the mean number of tokens that keep the TTR up to ``threshold``.

    Reading on, a *factor* ends where the TTR of the tokens since the last one falls below the
    threshold. What is left at the end counts as the part (1 − TTR) / (1 − threshold) of a factor. MTLD is tokens /
    factors; the text is read forwards and backwards, and the mean of both returned. NaN for a text without
    repetition, which has no factor (LexicalRichness gives its length, TAALED 0), and without a token. A text of less
    than one factor is extrapolated: 93 words of 91 types have an MTLD of over 1,000, which says little.

    Programs differ by a few per cent. Tested against: koRpus (``average="factors"``), LexicalRichness 0.5.1
    (``closes="at"``), TAALED 0.32 ``mtldo`` and lexical-diversity 0.1.1 (``least=10``; in both the last token of a text
    closes no factor but ends a part of one, which may pass 1). TAALED's ``mtld`` is the mean length of the factors of
    both directions, another number.

    Parameters
    ----------
    threshold
        Between 0 and 1; 0.660 to 0.750 were tried by the authors.
    least
        The fewest tokens of a factor.
    closes
        ``below``: a factor ends when the TTR is below the threshold; ``at``: when it has reached it.
    average
        Of the two directions: ``lengths``, tokens / factors of each; ``factors``, tokens over the mean of the factors.

    Source: McCarthy & Jarvis (2010), *Behavior Research Methods* 42(2), 381–392.

    >>> round(float(mtld([0, 1, 2, 3, 1, 4, 5, 1, 2, 6])), 4)
    10.0
    """
    texts, one = _texts(ids)
    faults = []
    if not isinstance(threshold, float | np.floating) or not 0 < threshold < 1:
        faults.append(Fault("mtld", "threshold", shown(threshold), "a number between 0 and 1, such as 0.72"))
    for field, choice, known in (("closes", closes, ("below", "at")), ("average", average, ("lengths", "factors"))):
        if choice not in known:
            faults.append(Fault("mtld", field, shown(choice), " or ".join(known)))
    raise_faults("mtld", [*faults, *_whole("least", least, "mtld")])
    forwards = _factors(texts.previous, texts.offsets, threshold, least, closes == "at")
    n = texts.ids.size
    # Backwards, the token before is the next one.
    following = np.full_like(texts.previous, -1)
    again = np.flatnonzero(texts.previous >= 0)
    following[n - 1 - texts.previous[again]] = n - 1 - again
    backwards = _factors(following, n - texts.offsets[::-1], threshold, least, closes == "at")[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if average == "factors":
            value = texts.lengths / ((forwards + backwards) / 2)
        else:
            value = (texts.lengths / forwards + texts.lengths / backwards) / 2
    return _result(np.where((forwards > 0) & (backwards > 0), value, np.nan), one)


def hd_d(ids: Any, *, sample: int = 42) -> Any:
    """HD-D: the TTR that is expected when ``sample`` tokens are drawn from the text without replacement.

    That is Σ (1 − C(N − f, s) / C(N, s)) / s over the types: the probability that a type is drawn at all
    (hypergeometric), summed and divided by the sample s. koRpus reports the sum, 42 times as much;
    LexicalRichness, TAALED and Wordless this mean. From 1 / s to 1; NaN where a text has fewer tokens than s.

    Source: McCarthy & Jarvis (2007), *Language Testing* 24(4), 459–488; (2010), see `mtld`.

    >>> round(float(hd_d([0, 0, 1, 2], sample=2)), 4)
    0.9167
    """
    raise_faults("hd_d", _whole("sample", sample, "hd_d"))
    texts, one = _texts(ids)
    text, frequency = texts.frequencies
    long = texts.lengths[text] >= sample
    text, frequency = text[long], frequency[long]
    # Most types of a text share their frequency with others: each pair of frequency and length is worked out once.
    most = int(frequency.max(initial=0)) + 1
    pairs, which = np.unique(texts.lengths[text] * most + frequency, return_inverse=True)
    tokens, often = np.divmod(pairs, most)
    # C(N − f, s) / C(N, s) is the product of 1 − f / (N − k), k from 0 to s − 1; it holds a 0 where N − f < s.
    absent = np.ones(pairs.size)
    for k in range(sample):
        absent *= 1 - often / (tokens - k)
    drawn = np.bincount(text, weights=(1 - absent)[which], minlength=texts.lengths.size) / sample
    return _result(np.where(texts.lengths >= sample, drawn, np.nan), one)


def yule_k(ids: Any) -> Any:
    """Yule's characteristic K: 10⁴ · (Σ f² − N) / N². From 0, no word twice, to 10⁴ · (1 − 1/N), one word alone.

    Higher is *less* diverse. 10⁻⁴ · K is the probability that two tokens drawn with replacement are two places
    of one type. It hardly depends on the length of a text, and is mostly about its most frequent words. NaN without a
    token.

    Source: Yule (1944), *The Statistical Study of Literary Vocabulary*, with the 10⁴ of his book.

    >>> float(yule_k([0, 0, 1, 2]))
    1250.0
    """
    texts, one = _texts(ids)
    text, frequency = texts.frequencies
    squares = np.bincount(text, weights=frequency.astype(np.float64) ** 2, minlength=texts.lengths.size)
    with np.errstate(invalid="ignore"):
        return _result(1e4 * (squares - texts.lengths) / texts.lengths.astype(np.float64) ** 2, one)


def maas(ids: Any, *, base: float = 10.0) -> Any:
    """Maas's a²: (log N − log V) / log² N. From 0, no word twice; higher is *less* diverse.

    The base matters: with natural logarithms (``base=math.e``; LexicalRichness, Wordless) the number is smaller by
    the factor ln 10 = 2.303 than with base 10 (here, TAALED). koRpus and quanteda.textstats report a, the root,
    with base 10. NaN under 2 tokens.

    Source: Maas (1972), *Zeitschrift für Literaturwissenschaft und Linguistik* 2(8).

    >>> round(float(maas([0, 1, 0, 1, 0, 1, 0, 1])), 6)
    0.738206
    """
    if not isinstance(base, int | float | np.number) or isinstance(base, bool) or not base > 1:
        raise_faults("maas", [Fault("maas", "base", shown(base), "a number above 1, such as 10")])
    texts, one = _texts(ids)
    with np.errstate(divide="ignore", invalid="ignore"):
        tokens, types = np.log(texts.lengths) / np.log(base), np.log(texts.types) / np.log(base)
        value = (tokens - types) / tokens**2
    return _result(np.where(texts.lengths > 1, value, np.nan), one)


#: The measures by name, in the order in which they are shown.
MEASURES: Mapping[str, Callable[..., Any]] = {
    "ttr": ttr,
    "msttr": msttr,
    "mattr": mattr,
    "mtld": mtld,
    "hd_d": hd_d,
    "yule_k": yule_k,
    "maas": maas,
}


def _texts(ids: Any) -> tuple[Texts, bool]:
    if isinstance(ids, Texts):
        return ids, False
    array = np.asarray(ids)
    return Texts(array, np.array([0, array.size])), True


def _result(values: Floats, one: bool) -> Any:
    return values[0] if one else values


def _whole(field: str, value: object, subject: str) -> list[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        return [Fault(subject, field, shown(value), "a whole number of at least 1 token")]
    return []


def _widths(texts: Texts, window: int) -> Ints:
    """The window of each text, no longer than the text."""
    raise_faults("diversity", _whole("window", window, "diversity"))
    return np.minimum(texts.lengths, window)


def _factors(previous: NDArray[np.integer[Any]], offsets: Ints, threshold: float, least: int, at: bool) -> Floats:
    """Factors of each text, the part of one at its end included.

    All texts are read at once, up to `_CHUNK` tokens at a time or to the end of the next factor: per million tokens a
    twentieth of a second where they are in many texts, three quarters of one where they are all in one.
    """
    factors = np.zeros(offsets.size - 1)
    left = np.flatnonzero(np.diff(offsets))  # the texts that are still being read
    start, end = (ends[left].astype(previous.dtype) for ends in (offsets[:-1], offsets[1:]))  # of factor and text
    here, types = start.copy(), np.zeros_like(start)  # the next token; types of the factor up to it
    while left.size:
        place = here[:, None] + np.arange(min(_CHUNK, int((end - here).max())), dtype=here.dtype)
        inside = place < end[:, None]
        new = (previous[np.minimum(place, previous.size - 1)] < start[:, None]) & inside
        seen = types[:, None] + np.cumsum(new, axis=1, dtype=here.dtype)
        length = place - start[:, None] + 1
        ratio = seen / length
        closed = ((ratio <= threshold) if at else (ratio < threshold)) & (length >= least) & inside
        row, column = np.arange(left.size), closed.argmax(axis=1)
        ends = closed[row, column]
        factors[left[ends]] += 1
        here = np.where(ends, place[row, column] + 1, np.minimum(place[:, -1] + 1, end))
        start, types = np.where(ends, here, start), np.where(ends, 0, seen[:, -1])
        done = here == end
        rest = done & (start < end)
        factors[left[rest]] += (1 - types[rest] / (end - start)[rest]) / (1 - threshold)
        left, start, end, here, types = (v[~done] for v in (left, start, end, here, types))
    return factors
