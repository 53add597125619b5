"""Counting on arrays: the same however it is done in pieces, and with numbers too large for 64 bits."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import sequences
from analysis.sequences import Sequences, skipping, unbroken

CODES = st.lists(st.tuples(st.integers(-1, 3), st.booleans(), st.booleans()), max_size=25)


def arrays(places):
    """Codes, rows and opens of places that are (code, whether a document begins, whether something else opens)."""
    codes = np.array([code for code, _, _ in places], dtype=np.int32)
    begins = np.array([begin for _, begin, _ in places], dtype=bool)
    rows = np.cumsum(begins, dtype=np.int32)
    return codes, rows, begins | np.array([opens for _, _, opens in places], dtype=bool)


def plainly(codes, rows, opens, n, least, skip=0):
    found = defaultdict(list)
    for places in combinations(range(codes.size), n):
        first, last = places[0], places[-1]
        inside = codes[first : last + 1]
        if last - first + 1 - n <= skip and (inside >= 0).all() and not opens[first + 1 : last + 1].any():
            found[tuple(codes[list(places)].tolist())].append(rows[first])
    return {words: (len(at), len(set(at))) for words, at in found.items() if len(at) >= least}


def as_dict(found):
    keys = [tuple(words) for words in found.words.tolist()]
    assert keys == sorted(set(keys))
    return dict(zip(keys, zip(found.frequency.tolist(), found.documents.tolist(), strict=True), strict=True))


@pytest.mark.parametrize("fits", [True, False])
@settings(max_examples=150, deadline=None)
@given(CODES, st.sets(st.integers(1, 9), min_size=1), st.integers(1, 3), st.integers(1, 30))
def test_unbroken_sequences(fits, places, lengths, least, block):
    codes, rows, opens = arrays(places)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "_BLOCK", block)
        if not fits:
            patch.setattr(sequences, "_fits", lambda values, places: False)
        found = dict(unbroken(codes, rows, opens, sorted(lengths), least))
    assert set(found) == lengths
    for n, sequence in found.items():
        assert as_dict(sequence) == plainly(codes, rows, opens, n, least)


@pytest.mark.parametrize("fits", [True, False])
@settings(max_examples=100, deadline=None)
@given(CODES, st.integers(1, 4), st.integers(0, 3), st.integers(1, 3), st.integers(1, 40))
def test_sequences_with_gaps(fits, places, n, skip, least, held):
    codes, rows, opens = arrays(places)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "_SLICE", held)
        if not fits:
            patch.setattr(sequences, "_fits", lambda values, places: False)
        [(_, found)] = skipping(codes, rows, opens, [n], least, skip)
    assert as_dict(found) == plainly(codes, rows, opens, n, least, skip)


def test_what_goes_into_64_bits():
    assert sequences._fits(2**32, 2**32)
    assert not sequences._fits(2**32 + 1, 2**32)
    assert sequences._fits(2**64, 1)
    assert sequences._fits(0, 0)


@pytest.mark.parametrize("n_rows", [2, 2**31 - 1])
def test_many_documents_and_many_words(n_rows):
    """Four words of 17 bits with a document of 31 do not go together; the counts are the same."""
    rng = np.random.default_rng(0)
    codes = np.tile(rng.permutation(100_000).astype(np.int32), 2)
    rows = np.repeat(np.array([0, n_rows - 1], dtype=np.int32), codes.size // 2)
    opens = np.zeros(codes.size, dtype=bool)
    opens[codes.size // 2] = True
    for n, found in unbroken(codes, rows, opens, [1, 4, 7], 2):
        assert (found.words.shape, set(found.frequency), set(found.documents)) == ((100_001 - n, n), {2}, {2})
        assert found.words.dtype == np.int32


def test_nothing_at_all():
    nothing = np.zeros(0, dtype=np.int32)
    for found in (
        next(unbroken(nothing, nothing, nothing.astype(bool), [3], 1)),
        next(skipping(nothing, nothing, nothing.astype(bool), [3], 1, 2)),
    ):
        assert found[0] == 3
        assert isinstance(found[1], Sequences)
        assert found[1].words.shape == (0, 3)
