"""Measures of dispersion against printed numbers, other programs and their limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.dispersion_measures import (
    MEASURES,
    arf,
    carroll_d2,
    dp_norm,
    gries_dp,
    juilland_d,
    kl_divergence,
    part_range,
    rosengren_s,
)
from analysis.errors import InputError

EQUAL = [100] * 5
REFERENCE = json.loads((Path(__file__).parent / "references" / "dispersion.json").read_text(encoding="utf-8"))
ALL = {"part_range": part_range, **MEASURES}
EVEN = {"juilland_d": 1, "carroll_d2": 1, "rosengren_s": 1, "gries_dp": 0, "dp_norm": 0, "kl_divergence": 0}


def test_numbers_printed_in_the_literature():
    # Carroll (1970: 13, 14); Gries (2008: 407, 410, 416); Lijffijt & Gries (2012: 148). The pages are
    # those named in Wordless, tests/tests_measures/test_measures_dispersion.py.
    assert round(carroll_d2([2, 1, 1, 1, 0], EQUAL), 4) == 0.8277
    assert round(juilland_d([0, 4, 3, 2, 1], EQUAL), 4) == 0.6464
    assert round(rosengren_s([1, 2, 3, 4, 5], EQUAL), 3) == 0.937
    assert gries_dp([3, 3, 3], [10, 10, 10]) == 0
    assert dp_norm([2, 1, 0], [10, 10, 10]) == pytest.approx(0.5, rel=1e-15)
    letters = "bamnibeupkbasatbewqnbcagabestabaghabeaatbahaabeaxa"
    assert arf([ord(c) - 97 for c in letters], 26)[0] == pytest.approx(10.8, rel=1e-15)


def test_usage_coefficients_printed_in_the_literature():
    # U = D · f: Carroll (1970: 14) 6.46 and Engwall (1974: 122) 4.609; KF = S · f: Rosengren (1971: 117) 8.86,
    # Engwall (1974: 122) 5.863, Gries (2008: 409) 14.053; Um = f · D2 + (1 − D2) · f / n: Carroll (1970: 13) 4.31,
    # Engwall 6.424, Gries 14.108. Pages as in Wordless, tests/tests_measures/test_measures_adjusted_freq.py.
    def um(v):
        d2 = carroll_d2(v, EQUAL)
        return sum(v) * d2 + (1 - d2) * sum(v) / 5

    assert round(10 * juilland_d([0, 4, 3, 2, 1], EQUAL), 2) == 6.46
    assert round(8 * juilland_d([4, 2, 1, 1, 0], EQUAL), 3) == 4.609
    assert round(9 * rosengren_s([2, 2, 2, 2, 1], EQUAL), 2) == 8.86
    assert round(8 * rosengren_s([4, 2, 1, 1, 0], EQUAL), 3) == 5.863
    assert round(15 * rosengren_s([1, 2, 3, 4, 5], EQUAL), 3) == 14.053
    assert [round(um([2, 1, 1, 1, 0]), 2), round(um([4, 2, 1, 1, 0]), 3)] == [4.31, 6.424]
    assert round(um([1, 2, 3, 4, 5]), 3) == 14.108


def test_numbers_of_tlda():
    # tlda (Sönning), README.md: ALLEMAND in the tenths of Lyne (1985: 85, 299). Its DP is 1 − DP, its DKL 1 / (1 + KL).
    word = [2, 0, 1, 1, 3, 0, 3, 0, 0, 0]
    sizes = [8143, 8058, 8271, 8125, 7959, 7941, 8146, 8001, 8003, 7930]
    assert round(part_range(word, sizes) / 10, 7) == 0.5
    assert round(juilland_d(word, sizes), 7) == 0.6038797
    assert round(carroll_d2(word, sizes), 7) == 0.6521444
    assert round(rosengren_s(word, sizes), 7) == 0.4763652
    assert round(gries_dp(word, sizes), 7) == 0.4990705
    assert round(1 / (1 + kl_divergence(word, sizes)), 7) == 0.4665078


def test_numbers_of_scattertext():
    # scattertext, test/test_dispersion.py: words b, i, q, x in the corpus of Gries (2020), five parts of unequal size.
    table = np.array([[2, 1, 0, 0], [2, 0, 1, 0], [2, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 1]])
    sizes = [9, 10, 10, 10, 11]
    assert part_range(table, sizes).tolist() == [5, 1, 1, 1]
    assert juilland_d(table, sizes).round(3).tolist() == [0.968, 0, 0, 0]
    assert rosengren_s(table, sizes).round(3).tolist() == [0.999, 0.18, 0.2, 0.22]
    assert gries_dp(table, sizes).round(3).tolist() == [0.02, 0.82, 0.8, 0.78]
    assert dp_norm(table, sizes).round(3).tolist() == [0.024, 1, 0.976, 0.951]
    assert kl_divergence(table, sizes).round(3).tolist() == [0.003, 2.474, 2.322, 2.184]


@pytest.mark.parametrize("case", REFERENCE["parts"])
@pytest.mark.parametrize("name", ALL)
def test_definitions_in_base_r(case, name):
    assert ALL[name](case["v"], case["s"]) == pytest.approx(case[name], rel=1e-13, abs=1e-15)


def test_reduced_frequencies_in_base_r():
    letters = sorted(set(REFERENCE["tokens"]))
    found = arf([letters.index(c) for c in REFERENCE["tokens"]], len(letters))
    assert dict(zip(letters, found, strict=True)) == pytest.approx(REFERENCE["arf"], rel=1e-14)


@st.composite
def tables(draw, least=2):
    n_parts, n_words = draw(st.integers(least, 8)), draw(st.integers(1, 5))
    cells = st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 17]), min_size=n_words, max_size=n_words)
    table = np.array(draw(st.lists(cells, min_size=n_parts, max_size=n_parts)))
    rest = draw(st.lists(st.integers(1, 60), min_size=n_parts, max_size=n_parts))
    return table, table.sum(axis=1) + rest


def same(name, one, two):
    return ALL[name](*one) == pytest.approx(ALL[name](*two), rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(tables(), st.randoms())
def test_neither_the_order_of_parts_nor_their_scale_matters(case, random):
    table, sizes = case
    order = list(range(len(sizes)))
    random.shuffle(order)
    for name in ALL:
        assert same(name, case, (table[order], sizes[order]))
        assert same(name, case, (table, 3 * sizes))
        assert name == "part_range" or same(name, case, (2 * table, 2 * sizes))
        assert name == "part_range" or same(name, case, (2 * table, sizes))


@settings(max_examples=30, deadline=None)
@given(tables())
def test_every_part_twice_changes_only_what_knows_the_number_of_parts(case):
    table, sizes = case
    twice = np.concatenate([table, table]), np.concatenate([sizes, sizes])
    for name in ("rosengren_s", "gries_dp", "kl_divergence"):
        assert same(name, case, twice)
    assert (part_range(*twice) == 2 * part_range(*case)).all()


@settings(max_examples=30, deadline=None)
@given(tables(least=3))
def test_merged_parts_are_never_less_even(case):
    table, sizes = case
    merged = np.vstack([table[:1] + table[1:2], table[2:]]), np.append(sizes[0] + sizes[1], sizes[2:])
    stands = table.sum(axis=0) > 0
    for name in ("gries_dp", "kl_divergence"):
        assert (ALL[name](*merged) <= ALL[name](*case) + 1e-12)[stands].all()
    assert (rosengren_s(*merged) >= rosengren_s(*case) - 1e-12)[stands].all()


@settings(max_examples=30, deadline=None)
@given(tables())
def test_bounds(case):
    table, sizes = case
    stands = table.sum(axis=0) > 0
    share = sizes / sizes.sum()
    for name in MEASURES:
        values = MEASURES[name](*case)
        assert np.isnan(values[~stands]).all()
        assert (values[stands] >= 0).all()
        if name != "kl_divergence":
            assert (values[stands] <= 1 + 1e-12).all()
    assert (gries_dp(*case)[stands] <= 1 - share.min() + 1e-12).all()
    assert (kl_divergence(*case)[stands] <= -np.log2(share.min()) + 1e-12).all()
    # Pinsker's inequality ties the two.
    assert (2 * gries_dp(*case)[stands] ** 2 <= np.log(2) * kl_divergence(*case)[stands] + 1e-12).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=30), st.integers(1, 9))
def test_an_even_word(sizes, times):
    for name, even in EVEN.items():
        assert MEASURES[name](times * np.array(sizes), sizes) == pytest.approx(even, abs=1e-7)


@pytest.mark.parametrize(("part", "share"), [(0, 0.1), (1, 0.3), (2, 0.6)])
def test_a_word_in_one_part(part, share):
    word = np.zeros(3)
    word[part] = 8
    sizes = [10, 30, 60]
    assert [juilland_d(word, sizes), carroll_d2(word, sizes)] == pytest.approx([0, 0], abs=1e-12)
    assert rosengren_s(word, sizes) == pytest.approx(share)
    assert gries_dp(word, sizes) == pytest.approx(1 - share)
    assert dp_norm(word, sizes) == pytest.approx((1 - share) / 0.9)
    assert kl_divergence(word, sizes) == pytest.approx(-np.log2(share))


def test_one_part_and_no_occurrence():
    assert [float(m([4], [9])) for m in (rosengren_s, gries_dp, kl_divergence)] == [1, 0, 0]
    assert all(np.isnan(m([4], [9])) for m in (juilland_d, carroll_d2, dp_norm))
    assert all(np.isnan(m([0, 0], [9, 3])) for m in MEASURES.values())
    assert part_range([0, 0], [9, 3]) == 0


def test_parts_without_size_are_no_parts():
    for name in ALL:
        assert ALL[name]([1, 0, 4], [5, 0, 9]) == ALL[name]([1, 4], [5, 9])


@settings(max_examples=30, deadline=None)
@given(tables())
def test_sparse_tables_give_the_numbers_of_dense_ones_and_stay_as_they_are(case):
    table, sizes = case
    rows = sparse.csr_array(table)
    before = rows.data.tobytes(), rows.indices.tobytes()
    rows.data.flags.writeable = rows.indices.flags.writeable = False
    for name in ALL:
        whole = ALL[name](table, sizes)
        assert np.array_equal(ALL[name](rows, sizes), whole, equal_nan=True)
        assert np.array_equal(ALL[name](sparse.csc_matrix(table), sizes), whole, equal_nan=True)
        assert ALL[name](table[:, 0], sizes) == pytest.approx(whole[0], nan_ok=True)
    assert (rows.data.tobytes(), rows.indices.tobytes()) == before


def test_cells_in_two_halves_and_cells_of_zero_are_what_they_add_up_to():
    halves = sparse.csc_array(([1, 2, 0, 4], [2, 2, 1, 0], [0, 4]), shape=(3, 1))
    for name in ALL:
        assert ALL[name](halves, [10, 20, 30]) == ALL[name]([4, 0, 3], [10, 20, 30])
    assert halves.data.tolist() == [1, 2, 0, 4]


@pytest.mark.parametrize(
    ("frequencies", "sizes", "field"),
    [
        ([1, 2], [3, 4, 5], "sizes"),
        ([], [], "sizes"),
        ([1, 2], [3, -4], "sizes"),
        ([1, 2], [3, np.nan], "sizes"),
        ([0, 0], [0, 0], "sizes"),
        ([1, 2], [3, 0], "sizes"),
        ([1, -2], [3, 4], "frequencies"),
        ([1, np.nan], [3, 4], "frequencies"),
        ([1, np.inf], [3, 4], "frequencies"),
    ],
)
@pytest.mark.parametrize("measure", ALL.values())
def test_impossible_tables_are_refused(frequencies, sizes, field, measure):
    with pytest.raises(InputError, match=f"dispersion, {field}: received"):
        measure(frequencies, sizes)


def brute_force_arf(ids, word):
    places = [i for i, w in enumerate(ids) if w == word]
    window = len(ids) / len(places)
    following = [*places[1:], places[0] + len(ids)]
    return sum(min(b - a, window) for a, b in zip(places, following, strict=True)) / window


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-1, 4), max_size=40), st.integers(0, 40))
def test_reduced_frequency_is_that_of_the_definition_and_of_the_ring(ids, turn):
    found = arf(np.array(ids, dtype=np.int32), 6)
    for word in range(6):
        if word not in ids:
            assert np.isnan(found[word])
            continue
        assert found[word] == pytest.approx(brute_force_arf(ids, word))
        assert 1 - 1e-12 <= found[word] <= ids.count(word) + 1e-12
    turned = np.roll(np.array(ids, dtype=np.int32), turn)
    assert arf(turned, 6) == pytest.approx(found, nan_ok=True)


def test_reduced_frequency_of_even_and_heaped_words():
    even = np.full(60, -1)
    even[::6] = 0
    assert arf(even, 1).tolist() == [10]
    heap = np.full(60, -1)
    heap[20:30] = 0
    assert arf(heap, 1) == pytest.approx([1 + 9 * 10 / 60])


@pytest.mark.parametrize("ids", [[0, 1, 5], [0.5], ["a"], [[0]], None])
def test_arf_refuses_what_are_no_numbers_of_words(ids):
    with pytest.raises(InputError, match="below n_words"):  # beyond it SciPy would write outside its arrays
        arf(ids, 3)


@pytest.mark.parametrize(("frequencies", "sizes"), [(["a"], [1]), ([1, 2], ["x", 1]), (None, None), (5, [1, 2])])
def test_what_are_no_numbers_is_told(frequencies, sizes):
    with pytest.raises(InputError, match="dispersion, (frequencies|sizes)"):
        gries_dp(frequencies, sizes)
