"""Counting sequences of numbers, whole or with gaps: exact, in memory that is bounded, on arrays alone.

A corpus is ``codes``, a number at each place, −1 where a sequence breaks, with ``opens``, the places that no
sequence may reach from before, and ``rows``, the document of each place, ascending.

Sequences are numbered, not hashed: a long one is a tuple of the numbers of shorter ones that cover it, the
last of which may overlap the one before, and tuples are told apart by sorting them. A sequence is at most as
frequent as its parts are, so what is rarer than the least is left out at every length (the principle of Agrawal
& Srikant 1994, Fast algorithms for mining association rules, VLDB 20), and each round doubles the length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sequences", "skipping", "unbroken"]

Ids = NDArray[np.int32]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]

#: Places that are looked at together, few enough for a processor's cache.
_BLOCK = 1 << 17
#: Occurrences of sequences with gaps that are held at once.
_SLICE = 4_000_000


class Sequences(NamedTuple):
    """Sequences of one length in the order of their words: the words, one row each, how often, in how many documents."""

    words: Ids
    frequency: Ints
    documents: Ints

    def where(self, keep: Mask) -> Sequences:
        return Sequences(self.words[keep], self.frequency[keep], self.documents[keep])


class _Level(NamedTuple):
    """The sequences of ``length`` words that are frequent, numbered in the order of their words.

    ``codes`` holds at each place the number of the sequence that begins there, or −1; ``first`` a place of each.
    """

    length: int
    codes: Ids
    first: Ints

    def key(self, at: slice, shifts: Sequence[int], opens: Mask) -> tuple[Ints, Keys]:
        """Of the places in ``at`` those at which sequences begin at all ``shifts``, and their numbers as one number."""
        start, stop = at.start, at.stop
        good = self.codes[start:stop] >= 0
        for shift in shifts[1:]:
            good &= self.codes[start + shift : stop + shift] >= 0
            good &= ~opens[start + shift : stop + shift]  # parts that touch may lie on two sides of a boundary
        places = np.flatnonzero(good) + start
        key = self.codes[places].astype(np.uint64)
        for shift in shifts[1:]:
            key *= np.uint64(self.first.size)
            key += self.codes[places + shift].astype(np.uint64)
        return places, key

    def values(self, shifts: Sequence[int]) -> int:
        return int(self.first.size ** len(shifts))


def unbroken(codes: Ids, rows: Ids, opens: Mask, lengths: Sequence[int], least: int) -> Iterator[tuple[int, Sequences]]:
    """For each of ``lengths``, ascending, the sequences that occur at least ``least`` times.

    Memory beyond the arguments: some 20 bytes a place where most sequences fall below ``least``; with 1, some 40
    and what is given back. Numbers that do not fit into 64 bits together are sorted another way, several times slower.

    >>> codes, rows = np.array([0, 1, 2, -1, 0, 1, 0, 1], dtype=np.int32), np.array([0, 0, 0, 0, 0, 0, 1, 1], dtype=np.int32)
    >>> opens = np.array([False] * 6 + [True, False])
    >>> [(n, found.words.tolist(), found.frequency.tolist()) for n, found in unbroken(codes, rows, opens, [1, 2, 3], 2)]
    [(1, [[0], [1]], [3, 3]), (2, [[0, 1]], [3]), (3, [], [])]
    """
    frequency = _frequencies(codes)
    known = np.flatnonzero(frequency >= least)
    number = np.full(frequency.size + 1, -1, dtype=np.int32)  # one more: for −1
    number[known] = np.arange(known.size)
    level = _Level(1, number[codes], known)
    n_rows = int(rows[-1]) + 1 if rows.size else 0
    for length in lengths:
        while True:
            shifts = _shifts(level.length, length)
            if len(shifts) <= 2 or _fits(level.values(shifts), n_rows):
                break
            level = _longer(level, opens, least)
        yield length, _tallied(codes, level, shifts, opens, rows, n_rows, length, least)


def _frequencies(codes: Ids) -> Ints:
    """How often each number occurs; block by block, since counting makes a copy of eight bytes a place."""
    frequency = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    for block in _blocks(codes.size):
        part = codes[block]
        frequency += np.bincount(part[part >= 0], minlength=frequency.size)
    return frequency


def _shifts(part: int, length: int) -> list[int]:
    """Where sequences of ``part`` words begin that cover ``length``; the last may overlap the one before."""
    return [*range(0, length - part, part), length - part]


def _fits(values: int, places: int) -> bool:
    """Whether one of ``values`` and one of ``places`` go together into 64 bits."""
    return max(values - 1, 0).bit_length() + max(places - 1, 0).bit_length() <= 64


def _blocks(size: int) -> Iterator[slice]:
    return (slice(at, min(at + _BLOCK, size)) for at in range(0, size, _BLOCK))


def _longer(level: _Level, opens: Mask, least: int) -> _Level:
    """The frequent sequences of twice the length: pairs of frequent ones that touch."""
    length, shifts = 2 * level.length, [0, level.length]
    size = max(level.codes.size - length + 1, 0)
    keys, places = np.empty(size, dtype=np.uint64), np.empty(size, dtype=np.int32 if size < 2**31 else np.int64)
    end = 0
    for block in _blocks(size):
        at, key = level.key(block, shifts, opens)
        keys[end : end + at.size], places[end : end + at.size] = key, at
        end += at.size
    order, begins = _grouped(keys[:end], level.values(shifts))
    del keys
    sizes = np.diff(begins, append=end)
    frequent = sizes >= least
    numbers = np.where(frequent, np.cumsum(frequent) - 1, -1).astype(np.int32)
    by_place = np.empty(end, dtype=np.int32)
    by_place[order] = np.repeat(numbers, sizes)
    first = places[order[begins[frequent]]].astype(np.int64)
    level.codes.fill(-1)  # its numbers are used up
    level.codes[places[:end]] = by_place
    return _Level(length, level.codes, first)


def _grouped(key: Keys, values: int) -> tuple[NDArray[Any], Ints]:
    """The places of ``key`` in the order of its values, ascending within one, and where each value begins.

    A value and its place share one number of 64 bits where they fit, since sorting numbers is several
    times faster than sorting their places. ``key`` is used up.
    """
    if _fits(values, key.size):
        bits = max(key.size - 1, 0).bit_length()
        key <<= np.uint64(bits)
        key |= np.arange(key.size, dtype=np.uint64)
        key.sort()
        order = (key & np.uint64((1 << bits) - 1)).astype(np.int32 if bits < 32 else np.int64)
        key >>= np.uint64(bits)
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
    return order, _begins(key)


def _begins(values: NDArray[Any]) -> Ints:
    """Where in ``values`` each run of equal ones begins."""
    begins = np.ones(values.size, dtype=bool)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def _tallied(
    ids: Ids, level: _Level, shifts: list[int], opens: Mask, rows: Ids, n_rows: int, length: int, least: int
) -> Sequences:
    """The frequent sequences of ``length`` words, each the sequences of ``level`` at all ``shifts``."""
    size = max(level.codes.size - length + 1, 0)
    keys = np.empty(size, dtype=np.uint64)
    fits = _fits(level.values(shifts), n_rows)
    documents = np.empty(0 if fits else size, dtype=np.int32)
    bits, end = np.uint64(max(n_rows - 1, 0).bit_length() if fits else 0), 0
    for block in _blocks(size):
        at, key = level.key(block, shifts, opens)
        if fits:  # the document stands in the last bits, so that one sort brings both in order
            key <<= bits
            key |= rows[at].astype(np.uint64)
        else:
            documents[end : end + at.size] = rows[at]
        keys[end : end + at.size] = key
        end += at.size
    keys = keys[:end]
    if fits:
        keys.sort()
        pairs = _begins(keys)
    else:
        order = np.argsort(keys, kind="stable")
        keys, documents = keys[order], documents[order]
        pairs = np.union1d(_begins(keys), _begins(documents))
    values = keys[pairs] >> bits
    del keys
    groups = _begins(values)
    frequency = np.diff(pairs[groups], append=end)
    frequent = frequency >= least
    rest, parts = values[groups[frequent]], []
    for _ in shifts:
        rest, number = np.divmod(rest, np.uint64(max(level.first.size, 1)))
        parts.append(number.astype(np.int64))
    words = np.empty((rest.size, length), dtype=np.int32)
    for shift, number in zip(reversed(shifts), parts, strict=True):
        place = level.first[number]
        words[:, shift : shift + level.length] = (
            place[:, None] if level.length == 1 else ids[place[:, None] + np.arange(level.length)]
        )
    return Sequences(words, frequency[frequent], np.diff(groups, append=pairs.size)[frequent])


# With gaps


def skipping(
    codes: Ids, rows: Ids, opens: Mask, lengths: Sequence[int], least: int, skip: int
) -> Iterator[tuple[int, Sequences]]:
    """As `unbroken`, with up to ``skip`` places left out of each sequence in all; none of them a break.

    The sequences of a few first words at a time: 4 million occurrences, or those of one word where they are more,
    at about 100 bytes each, beside 20 bytes a place.

    >>> codes, rows = np.array([0, 1, 2, 0, 2], dtype=np.int32), np.zeros(5, dtype=np.int32)
    >>> [(f.words.tolist(), f.frequency.tolist()) for _, f in skipping(codes, rows, np.zeros(5, dtype=bool), [2], 2, 1)]
    [([[0, 2]], [2])]
    """
    runs = np.cumsum(opens | (codes < 0), dtype=np.int32)
    frequency = _frequencies(codes)
    for length in lengths:
        ways = comb(length - 1 + skip, skip)
        # A place is in so many sequences at most: of a word that has too few places even so there are none.
        enough = _reaching(frequency, ways, least)
        kept = np.where(np.append(enough, False)[codes], codes, np.int32(-1))
        at = np.flatnonzero(kept >= 0)
        order, begins = _grouped(kept[at].astype(np.uint64), enough.size)
        at = at[order]
        sizes = np.diff(begins, append=at.size)
        share = np.cumsum(sizes * min(ways, _SLICE)) // _SLICE
        parts = [Sequences(np.zeros((0, length), np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64))]
        cuts = [*begins[_begins(share)].tolist(), at.size] if at.size else [0]
        for start, end in pairwise(cuts):
            parts.append(_from_places(np.sort(at[start:end]), kept, runs, rows, length, skip, least, enough.size))
        yield length, Sequences(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _reaching(sizes: Ints, ways: int, least: int) -> Mask:
    """Which ``sizes`` times ``ways``, of which there may be more than 64 bits hold, are at least ``least``."""
    reaching: Mask = sizes * float(min(ways, least)) >= least
    return reaching


def _from_places(
    first: Ints, codes: Ids, runs: Ids, rows: Ids, length: int, skip: int, least: int, n_words: int
) -> Sequences:
    """The sequences that begin at one of the places ``first``, ascending: all places of some words."""
    last, used = first, np.zeros(first.size, dtype=np.int64)
    words = np.zeros((1, 0), dtype=np.int32)
    number = np.zeros(first.size, dtype=np.int64)
    for n in range(1, length + 1):
        if n > 1:
            following = last[:, None] + 1 + np.arange(skip + 1)
            free = (np.arange(skip + 1) <= skip - used[:, None]) & (following < codes.size)
            following[~free] = 0
            free &= (codes[following] >= 0) & (runs[following] == runs[last][:, None])
            which, left_out = np.nonzero(free)
            last, first, number = following[which, left_out], first[which], number[which]
            used = used[which] + left_out
        key = number.astype(np.uint64) * np.uint64(n_words) + codes[last].astype(np.uint64)
        order, begins = _grouped(key.copy(), len(words) * n_words)
        sizes = np.diff(begins, append=order.size)
        # A sequence goes on in at most so many ways: where all of them together are too few, it is left out.
        frequent = _reaching(sizes, comb(length - n + skip, skip), least)
        before, word = np.divmod(key[order[begins[frequent]]].astype(np.int64), n_words)
        words = np.column_stack([words[before], word.astype(np.int32)])
        numbers = np.where(frequent, np.cumsum(frequent) - 1, -1)
        number = np.empty(order.size, dtype=np.int64)
        number[order] = np.repeat(numbers, sizes)
        kept = np.flatnonzero(number >= 0)
        first, last, used, number = first[kept], last[kept], used[kept], number[kept]
    n_rows = int(rows.max(initial=0)) + 1
    pairs = np.unique(number * n_rows + rows[first])  # of a sequence and a document
    documents = np.bincount(pairs // n_rows, minlength=len(words)).astype(np.int64)
    return Sequences(words, np.bincount(number, minlength=len(words)).astype(np.int64), documents)
