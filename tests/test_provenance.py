import csv
import io
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corpus import Corpus
from analysis.provenance import canonical, digest, round_significant, table_bytes

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1234567.891, 1234570.0),
        (-0.000123456789, -0.000123457),
        (0.0, 0.0),
        (2.5e-310, 2.5e-310),
        (999999.5, 1e6),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
    ],
)
def test_floats_keep_six_significant_digits(value, rounded):
    assert round_significant(value) == rounded


def test_what_is_not_a_float_stays():
    assert round_significant(123456789) == 123456789
    assert round_significant(True) is True
    assert round_significant("1.23456789") == "1.23456789"
    assert math.isnan(round_significant(math.nan))
    assert round_significant(np.array([123456789])).tolist() == [123456789]


def test_arrays_keep_their_shape():
    assert round_significant(np.full((2, 3), 1.23456789)).tolist() == [[1.23457] * 3] * 2
    assert round_significant(np.array([])).shape == (0,)


def test_a_table_is_rounded_column_by_column_whatever_the_columns_are_called():
    table = pd.DataFrame({0: [1.23456789], "n": [123456789], "t": ["a"], "c": pd.Categorical(["x"])})
    rounded = round_significant(table)
    assert rounded.to_dict("list") == {0: [1.23457], "n": [123456789], "t": ["a"], "c": ["x"]}
    assert rounded.dtypes.tolist() == table.dtypes.tolist()
    assert table[0].tolist() == [1.23456789]


def test_a_series_keeps_index_and_name():
    series = round_significant(pd.Series([1.23456789], index=["a"], name="n"))
    assert (series.index.tolist(), series.name, series.tolist()) == (["a"], "n", [1.23457])


@given(st.floats())
def test_rounding_twice_changes_nothing_more(value):
    once = round_significant(value)
    assert round_significant(once) == once or math.isnan(once)


@given(PLAIN)
def test_plain_data_is_its_own_canonical_form(value):
    assert canonical(value) == value


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=5))
def test_the_order_of_keys_is_no_content(value):
    assert digest(dict(reversed(value.items()))) == digest(value)


def test_the_same_content_has_one_digest():
    assert digest((1, 2)) == digest([1, 2]) == digest(np.array([1, 2])) == digest(pd.Series([1, 2], index=[5, 6]))
    assert digest(pd.Index([1, 2])) == digest([1, 2])
    assert digest({"b", "a", "c"}) == digest(frozenset({"c", "b", "a"}))
    assert digest(np.float64(0.1)) == digest(0.1) == digest(0.10000001)
    assert digest(-0.0) == digest(0.0)
    assert digest(np.int32(3)) == digest(3)
    assert digest(np.bool_(True)) == digest(True)


def test_other_content_has_another_digest():
    values = [None, "", 0, 1, True, False, "1", [1], {"a": 1}, {"a": "1"}, [], {}, math.nan, math.inf, 0.1, 0.10001]
    assert len({digest(v) for v in values}) == len(values)


def test_a_long_index_is_read_to_its_end():
    numbers = list(range(2000))
    other = [*numbers[:1000], 5, *numbers[1001:]]
    assert digest(pd.Index(numbers)) != digest(pd.Index(other))
    assert digest(np.array(numbers)) != digest(np.array(other))


def test_a_digest_names_its_algorithm():
    # printf '{"a":1}' | sha256sum
    assert digest({"a": 1}) == "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def test_whatever_has_a_digest_stands_for_itself():
    corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化。"]}))
    assert canonical({"corpus": corpus}) == {"corpus": corpus.digest}


def test_a_lone_surrogate_can_be_digested():
    assert digest("\ud800") != digest("?")


def test_tables_are_written_one_way():
    table = pd.DataFrame({"t": ["净化", 'a,"b'], "n": [1.23456789, np.nan], "i": [1, 2]}, index=[7, 8])
    assert table_bytes(table) == 't,n,i\n净化,1.23457,1\n"a,""b",,2\n'.encode()
    assert canonical(table) == canonical(table.reset_index(drop=True))
    assert canonical(table) != canonical(table.assign(i=[1, 3]))


def test_no_line_end_inside_a_value_ends_the_row():
    table = pd.DataFrame({"t": ["a\rb", "a\nb", 'a"b'], "n": [1.5, 2.0, np.nan]})
    rows = list(csv.reader(io.StringIO(table_bytes(table).decode(), newline=""), strict=True))
    assert rows == [["t", "n"], ["a\rb", "1.5"], ["a\nb", "2.0"], ['a"b', ""]]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30)
    | st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 8), max_size=30)
    | st.lists(st.integers(-(10**8), 10**8).map(lambda n: n / 1000), max_size=30),
    st.sampled_from([1, 3, 6, 9, 12]),
)
def test_arrays_are_rounded_as_single_numbers_are(values, digits):
    rounded = round_significant(np.array(values, dtype=np.float64), digits)
    single = np.array([round_significant(value, digits) for value in values], dtype=np.float64)
    np.testing.assert_array_equal(rounded, single)
    np.testing.assert_array_equal(np.signbit(rounded), np.signbit(single))


@pytest.mark.parametrize("base", [10.0**power for power in range(-25, 26, 5)])
def test_numbers_beside_a_half_go_to_the_side_that_text_says(base):
    halves = np.array([1.0000005, 1.2345675, 9.9999995, 4.9999945, 2.5]) * base
    near = np.concatenate([halves, np.nextafter(halves, np.inf), np.nextafter(halves, 0)])
    assert round_significant(near).tolist() == [round_significant(value) for value in near.tolist()]
