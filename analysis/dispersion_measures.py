"""How evenly words stand in the parts of a corpus: pure arithmetic on frequencies and sizes of parts.

All measures of parts are called ``measure(frequencies, sizes)``. ``frequencies`` says how
often a word stands in each part: one number per part for one word, or a table, dense or
sparse, of parts × words. ``sizes`` has one number per part: how many words the part
holds. One number comes back for one word, else one for each word. With v the frequency
of a word in a part, f in all parts, s the part's share of all sizes, n the number of
parts, and x = v / size the relative frequency in a part:

===============  ===================================  ========  ===============  =========
measure          formula                              even      one part alone   n = 1
===============  ===================================  ========  ===============  =========
`part_range`     parts with v > 0                     n         1                1
`juilland_d`     1 − sd(x) / (mean(x) · √(n − 1))     1         0                undefined
`carroll_d2`     entropy of x / Σx, over log n        1         0                undefined
`rosengren_s`    (Σ √(s · v))² / f                    1         s                1
`gries_dp`       ½ Σ \\|v / f − s\\|                    0         1 − s            0
`dp_norm`        DP / (1 − min s)                     0         ≤ 1              undefined
`kl_divergence`  Σ v / f · log₂(v / f / s)            0         log₂(1 / s)      0
===============  ===================================  ========  ===============  =========

Note the directions: 1 is even for D, D2 and S, 0 is even for DP, its norm and the
divergence. *Undefined* is NaN, and so is every measure but the range of a word that
stands nowhere. A part of size 0 is no part: it counts in no n. `arf` needs no parts but
the places of the words.

No measure of parts tells frequency and dispersion apart: a word that stands once is in
one part, whatever its nature. Compare words of like frequency (Gries 2008; 2022,
*Journal of Second Language Studies* 5(2)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.contingency import numbers
from analysis.errors import Fault, raise_faults, shown

__all__ = [
    "MEASURES",
    "arf",
    "carroll_d2",
    "dp_norm",
    "gries_dp",
    "juilland_d",
    "kl_divergence",
    "part_range",
    "rosengren_s",
]

Floats = NDArray[np.float64]


def part_range(frequencies: Any, sizes: Any) -> Any:
    """In how many parts the word stands: a whole number from 0.

    Source: Keniston (1920), *Hispania* 3(2), 85–96.

    >>> int(part_range([1, 2, 3, 0, 5], [9, 10, 10, 10, 11]))
    4
    """
    cells = _cells(frequencies, sizes)
    return cells.result(cells.ranges, 0.0)


def juilland_d(frequencies: Any, sizes: Any) -> Any:
    """Juilland's D: 1 − V / √(n − 1), with V = sd(x) / mean(x). From 0, one part alone, to 1, even.

    x are relative frequencies, so that parts may differ in size; with equal parts D is that
    of the frequencies themselves. sd is that of the population (divided by n), as in
    Carroll (1970), Gries (2008, 2020) and the programs that follow them; with that of a sample
    (n − 1) D could fall below 0. NaN where the word stands nowhere or there is one part.

    With many parts D comes close to 1 for nearly all words: Biber et al. (2016),
    *International Journal of Corpus Linguistics* 21(4), 439–464.

    Source: Juilland & Chang-Rodríguez (1964), *Frequency Dictionary of Spanish Words*.

    >>> round(float(juilland_d([0, 4, 3, 2, 1], [10, 10, 10, 10, 10])), 4)
    0.6464
    """
    cells = _cells(frequencies, sizes)
    if cells.n == 1:
        return cells.result(np.nan)
    relative = cells.frequency / cells.size[cells.part]
    mean = cells.summed(relative) / cells.n
    # Squares of differences, not a difference of squares: an even word shall have exactly 1.
    squares = cells.summed((relative - cells.each(mean)) ** 2) + (cells.n - cells.ranges) * mean**2
    return cells.result(np.maximum(1 - np.sqrt(squares / cells.n) / mean / np.sqrt(cells.n - 1), 0.0))


def carroll_d2(frequencies: Any, sizes: Any) -> Any:
    """Carroll's D2: the entropy of x / Σx over its greatest value, log n. From 0, one part alone, to 1, even.

    x are relative frequencies; a part without the word adds 0. The base of the logarithm
    (2 here) cancels out. NaN where the word stands nowhere or there is one part.

    Source: Carroll (1970), *ETS Research Bulletin Series* 1970(2), 1–15.

    >>> round(float(carroll_d2([2, 1, 1, 1, 0], [10, 10, 10, 10, 10])), 4)
    0.8277
    """
    cells = _cells(frequencies, sizes)
    if cells.n == 1:
        return cells.result(np.nan)
    relative = cells.frequency / cells.size[cells.part]
    proportion = relative / cells.each(cells.summed(relative))
    return cells.result(np.abs(cells.summed(proportion * np.log2(proportion))) / np.log2(cells.n))


def rosengren_s(frequencies: Any, sizes: Any) -> Any:
    """Rosengren's S: (Σ √(s · v))² / f. From the smallest s, one part alone, to 1, even.

    The parts are weighted by their share s of all sizes; with equal parts that is the
    (Σ √v)² / (n · f) of the textbooks. NaN where the word stands nowhere.

    Source: Rosengren (1971), *Études de linguistique appliquée* 1, 103–127; with sizes: Gries (2020).

    >>> round(float(rosengren_s([1, 2, 3, 4, 5], [10, 10, 10, 10, 10])), 3)
    0.937
    """
    cells = _cells(frequencies, sizes)
    roots = cells.summed(np.sqrt(cells.share[cells.part] * cells.frequency))
    return cells.result(np.minimum(roots**2 / cells.total, 1.0))


def gries_dp(frequencies: Any, sizes: Any) -> Any:
    """Gries's deviation of proportions, DP: ½ Σ |v / f − s|. From 0, even, to 1 − s, one part of share s alone.

    The least share of the word's tokens that would have to move to another part for the word to be
    even. NaN where the word stands nowhere. Some programs print 1 − DP (the R package tlda), where 1 is even.

    Source: Gries (2008), *International Journal of Corpus Linguistics* 13(4), 403–437.

    >>> round(float(gries_dp([1, 2, 3, 4, 5], [9, 10, 10, 10, 11])), 4)
    0.18
    """
    cells = _cells(frequencies, sizes)
    return cells.result(_dp(cells))


def dp_norm(frequencies: Any, sizes: Any) -> Any:
    """DP over the greatest value that it can have, 1 − min s: from 0, even, to 1, the smallest part alone.

    NaN where the word stands nowhere or there is one part. The norm of Gries (2008), DP over
    1 − 1/n, was wrong for parts of unequal size and is corrected here.

    Source: Lijffijt & Gries (2012), *International Journal of Corpus Linguistics* 17(1), 147–149.

    >>> round(float(dp_norm([2, 1, 0], [10, 10, 10])), 6)
    0.5
    """
    cells = _cells(frequencies, sizes)
    return cells.result(_dp(cells) / (1 - cells.share.min()) if cells.n > 1 else np.nan)


def kl_divergence(frequencies: Any, sizes: Any) -> Any:
    """Kullback–Leibler divergence of the word's shares from those of the parts: Σ v / f · log₂(v / f / s), in bits.

    From 0, even, to log₂(1 / s), one part of share s alone; a part without the word adds 0.
    NaN where the word stands nowhere. Later works by Gries map it onto 0 … 1, by 1 − e⁻ᴷᴸ (2021)
    or KL / (1 + KL) (2024); this is the divergence itself.

    Source: Gries (2020), Analyzing dispersion, in *A Practical Handbook of Corpus Linguistics*, 99–118.

    >>> round(float(kl_divergence([1, 2, 3, 4, 5], [9, 10, 10, 10, 11])), 3)
    0.137
    """
    cells = _cells(frequencies, sizes)
    part = cells.frequency / cells.each(cells.total)
    return cells.result(np.maximum(cells.summed(part * np.log2(part / cells.share[cells.part])), 0.0))


def arf(ids: Any, n_words: int) -> Floats:
    """Average reduced frequency of each word, from its places: 1 / v · Σ min(d, v), with v = N / f.

    d are the f distances from one occurrence of the word to the next; the last one goes
    round to the first as if the text were a ring, so that they add up to N. From 1, all
    occurrences in one heap (more exactly 1 + (f − 1) · f / N), to f, evenly spaced. It depends
    on the order of the documents, not on where they are cut.

    Parameters
    ----------
    ids
        Whole numbers, one per place of the running text: which word stands there. −1 is a
        place that is no word (a removed token): it counts in N and in distances.
    n_words
        How many words there are: ``ids`` are below it.

    Returns
    -------
    float64, one per word; NaN for a word that stands nowhere. Time grows linearly with the text,
    memory is about 50 bytes a place.

    Source: Savický & Hlaváčová (2002), *Journal of Quantitative Linguistics* 9(3), 215–231.

    >>> arf([0, 1, 0, 1, 1, 1], 3).round(3).tolist()
    [1.667, 3.333, nan]
    """
    places = np.asarray(ids)
    if places.ndim != 1 or (places.size and (places.dtype.kind not in "iu" or places.max() >= n_words)):
        accepted = f"whole numbers below n_words ({n_words:,}), one per place; −1 for no word"
        raise_faults("arf", [Fault("arf", "ids", shown(places.tolist()), accepted)])
    n = places.size
    kept = places >= 0
    # The places of each word, in order: a counting sort, which a change of sparse format is.
    starts = np.concatenate([[0], np.cumsum(kept)])
    table = sparse.csr_array((np.ones(int(starts[-1]), np.bool_), places[kept], starts), shape=(n, n_words)).tocsc()
    place, ends = table.indices.astype(np.int64), table.indptr.astype(np.int64)
    frequency = np.diff(ends)
    there = np.flatnonzero(frequency)
    distance = np.empty(place.size, dtype=np.int64)
    distance[1:] = np.diff(place)
    first, last = ends[there], ends[there + 1] - 1
    distance[first] = place[first] + n - place[last]
    window = n / frequency[there]
    result = np.full(n_words, np.nan)
    if there.size:
        near = np.minimum(distance, np.repeat(window, frequency[there]))
        result[there] = np.add.reduceat(near, first) / window
    return result


#: The measures of parts by name, in the order in which they are shown.
MEASURES: Mapping[str, Callable[[Any, Any], Any]] = {
    "juilland_d": juilland_d,
    "carroll_d2": carroll_d2,
    "rosengren_s": rosengren_s,
    "gries_dp": gries_dp,
    "dp_norm": dp_norm,
    "kl_divergence": kl_divergence,
}


@dataclass(frozen=True)
class _Cells:
    """The pairs of part and word with a frequency above 0, word after word."""

    frequency: Floats
    part: NDArray[np.integer[Any]]
    there: NDArray[np.integer[Any]]  # words that stand somewhere
    first: NDArray[np.integer[Any]]  # the first pair of each of them
    total: Floats  # their frequencies
    size: Floats
    shape: tuple[int, ...]

    @property
    def n(self) -> int:
        return self.size.size

    @property
    def share(self) -> Floats:
        share: Floats = self.size / self.size.sum()
        return share

    @property
    def ranges(self) -> NDArray[np.integer[Any]]:
        return np.diff(self.first, append=self.frequency.size)

    def summed(self, values: Floats) -> Floats:
        """Sum of ``values``, one per pair, for each word that stands somewhere."""
        result: Floats = np.add.reduceat(values, self.first) if self.first.size else np.zeros(0)
        return result

    def each(self, values: Floats) -> Floats:
        """``values``, one per word that stands somewhere, for each of its pairs."""
        return np.repeat(values, self.ranges)

    def result(self, values: Any, elsewhere: float = np.nan) -> Any:
        """``values`` of the words that stand somewhere, ``elsewhere`` for others, in the shape of the frequencies."""
        full = np.full(self.shape, elsewhere)
        full.reshape(-1)[self.there] = values
        return full[()]


def _dp(cells: _Cells) -> Floats:
    # Differences add up to 0: half of their absolute sum is the sum of those above 0, and
    # those stand where the word does.
    return cells.summed(np.maximum(cells.frequency / cells.each(cells.total) - cells.share[cells.part], 0.0))


def _cells(frequencies: Any, sizes: Any) -> _Cells:
    (size,) = numbers("dispersion", {"sizes": sizes})
    if sparse.issparse(frequencies):
        shape: tuple[int, ...] = frequencies.shape[1:]
        table = frequencies.tocsc()
    else:
        dense = np.atleast_1d(numbers("dispersion", {"frequencies": frequencies})[0])
        shape = dense.shape[1:]
        table = sparse.csc_array(dense.reshape(len(dense), math.prod(shape)))
    if not (table.has_canonical_format and table.data.all()):
        table = table.copy()  # which SciPy may change; the caller's arrays stay as they are
        table.sum_duplicates()
        table.eliminate_zeros()
    frequency, part, n_parts = table.data, table.indices, table.shape[0]
    faults = []
    if size.ndim != 1 or size.size != n_parts or not n_parts:
        faults.append(Fault("dispersion", "sizes", f"{size.size} for {n_parts} parts", "one number for each part"))
    elif not (np.isfinite(size).all() and (size >= 0).all() and size.any()):
        faults.append(Fault("dispersion", "sizes", "sizes below 0, missing, or all 0", "numbers of at least 0"))
    elif not size.all() and not size[part].all():
        accepted = "frequency 0 where the size is 0"
        faults.append(Fault("dispersion", "sizes", "a word in a part of size 0", accepted))
    if not 0 <= frequency.min(initial=0) <= frequency.max(initial=0) < np.inf:  # NaN is neither
        accepted = "how often the word stands in each part"
        faults.append(Fault("dispersion", "frequencies", "frequencies below 0 or missing", accepted))
    raise_faults("dispersion", faults)
    if not size.all():
        part = (np.cumsum(size > 0) - 1)[part]
        size = size[size > 0]
    there = np.flatnonzero(np.diff(table.indptr))
    first = table.indptr[there]
    frequency = frequency.astype(np.float64)
    total: Floats = np.add.reduceat(frequency, first) if first.size else np.zeros(0)
    return _Cells(frequency, part, there, first, total, size, shape)
