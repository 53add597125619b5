import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference_tables import documents_of, tallies_of

from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.sampling import (
    check_clusters,
    date_span,
    frame_names,
    grouped_rows,
    hit_matrix,
    period_labels,
    sampling_units,
    summed,
)


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("2019", "2019-01-01", "2019-12-31 23:59:59.999999"),
        ("2020-02", "2020-02-01", "2020-02-29 23:59:59.999999"),
        ("2021-05-07", "2021-05-07", "2021-05-07 23:59:59.999999"),
        (("2019-07", "2021"), "2019-07-01", "2021-12-31 23:59:59.999999"),
        (["2019", "2019-03-02"], "2019-01-01", "2019-03-02 23:59:59.999999"),
        (2019, "2019-01-01", "2019-12-31 23:59:59.999999"),
        (pd.Timestamp("2019-04-05"), "2019-04-05", "2019-04-05 23:59:59.999999"),
    ],
)
def test_spans_take_in_both_ends(given, first, last):
    assert date_span(given) == (pd.Timestamp(first), pd.Timestamp(last))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("2019-13", "YYYY"),
        ("in 2019", "YYYY"),
        (None, "YYYY"),
        (("2018", "2019", "2020"), "a pair"),
        (("2020", "2019"), "not before its beginning"),
    ],
)
def test_what_is_no_span_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        date_span(given)


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("year", ["2020", "2020", "2021"]),
        ("quarter", ["2020Q2", "2020Q1", "unplaced"]),
        ("month", ["2020-05", "2020-02", "unplaced"]),
        ("all", ["all", "all", "all"]),
    ],
)
def test_a_date_is_placed_only_where_it_is_exact_enough(by, labels):
    dates = ["2020-05-07", "2020-02-01", "2021-01-01"]
    table = documents_of([1, 1, 1], dates, date_precision=["day", "month", "year"])
    assert period_labels(table, by).tolist() == labels


def test_a_column_of_another_name_says_the_periods():
    table = documents_of([1, 1, 1], ["2020-05-07"] * 3, term=["1998–2003", "", 7.0])
    assert period_labels(table, "term").tolist() == ["1998–2003", "unplaced", "7"]


def test_sub_frames_are_summed_and_names_that_only_begin_alike_are_not():
    tallies = tallies_of(p=[1, 0], p__a=[2, 5], p__b=[4, 0], pq=[8, 8])
    hits = hit_matrix(tallies, documents_of([1, 1]), ["p", "p.a", "pq"])
    assert hits.tolist() == [[7, 2, 8], [5, 5, 8]]


def test_hits_of_other_documents_are_left_out():
    assert hit_matrix(tallies_of(f=[1, 2, 4]), documents_of([1, 1]), ["f"]).tolist() == [[1], [2]]


def test_a_frame_that_only_holds_sub_frames_has_no_row_unless_asked_for():
    tallies = tallies_of(p=[0], p__a=[1], p__b=[0], q=[0])
    assert frame_names("rates", tallies, None) == ["p.a", "p.b", "q"]
    assert frame_names("rates", tallies, "p") == ["p"]
    assert frame_names("rates", tallies, ["q", "p", "q"]) == ["q", "p"]
    assert frame_names("rates", tallies_of(p=[1], p__a=[1]), None) == ["p", "p.a"]


def test_unknown_frames_and_no_frames_are_refused():
    with pytest.raises(InputError, match="rates, frames: received 'minor'; accepted: minors"):
        frame_names("rates", tallies_of(minors=[1]), ["minor"])
    with pytest.raises(InputError, match="at least one"):
        frame_names("rates", tallies_of(minors=[1]), [])
    with pytest.raises(MissingStep, match="tally"):
        frame_names("rates", tallies_of(minors=[0]).astype({"frame": object}), None)


def test_translations_are_one_unit_with_their_original():
    table = documents_of([1] * 6, translation_of=["", "d000", None, "lost", "lost", ""])
    codes, n = sampling_units(table, None)
    assert codes.tolist() == [0, 0, 1, 2, 2, 3]
    assert n == 4


def test_documents_without_a_cluster_are_one_cluster():
    codes, n = sampling_units(documents_of([1] * 4, place=["北京", None, "上海", np.nan]), "place")
    assert n == 3
    assert codes[1] == codes[3]
    assert len({codes[0], codes[1], codes[2]}) == 3


def test_groups_take_every_row_once_missing_values_too():
    table = documents_of([1] * 4, issuer=["a", None, "b", None])
    rows = grouped_rows(table, ["issuer"])
    assert sorted(np.concatenate([m for _, m in rows]).tolist()) == [0, 1, 2, 3]
    assert [m.tolist() for _, m in rows] == [[0], [2], [1, 3]]
    assert [(k, m.tolist()) for k, m in grouped_rows(table, [])] == [((), [0, 1, 2, 3])]


def test_clusters_are_refused_under_five_and_few_under_twenty():
    with pytest.raises(InputError, match="received 4 clusters; accepted: at least 5"):
        check_clusters("rates", 4, "place")
    with pytest.warns(TifaWarning, match="4 degrees of freedom"):
        check_clusters("rates", 5, "place")
    check_clusters("rates", 20, "place")


def test_values_are_summed_by_code():
    assert summed(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 3).tolist() == [[2], [0], [5]]


def hits_one_by_one(tallies, table, names):
    """Hits from the definition: a label counts for a name that it is, or that it is a sub-frame of."""
    result = np.zeros((len(table), len(names)))
    for document, label, hits in zip(tallies["document"], tallies["frame"], tallies["hits"], strict=True):
        for i, known in enumerate(table["id"]):
            for j, name in enumerate(names):
                if known == document and (label == name or str(label).startswith(name + ".")):
                    result[i, j] += hits
    return result


FRAMES = st.sampled_from(["p", "p.a", "p.a.b", "p.ab", "pq", "p..a", "q", "q.a", ".", "a b"])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["d000", "d001", "d002", "lost"]), FRAMES, st.integers(0, 9))),
    st.lists(FRAMES, max_size=5),
    st.booleans(),
    st.integers(0, 3),
)
@example([], ["p"], True, 2)
@example([("d000", "p.a", 1)], [], False, 1)
@example([("d000", "p.a", 1)], ["p", "p", "p.a"], True, 1)
def test_hits_are_those_of_the_definition(rows, names, categorical, documents):
    tallies = pd.DataFrame(rows, columns=["document", "frame", "hits"]).astype({"hits": "int64"})
    if categorical:
        tallies = tallies.assign(frame=pd.Categorical(tallies["frame"]))
    table = documents_of([1] * documents)
    found = hit_matrix(tallies, table, names)
    assert found.shape == (documents, len(names))
    assert found.dtype == np.float64
    assert found.tolist() == hits_one_by_one(tallies, table, names).tolist()


def test_tallies_without_a_frame_count_for_none():
    tallies = pd.DataFrame({"document": ["d000", "d000"], "frame": ["p", None], "hits": [1, 2]})
    assert hit_matrix(tallies, documents_of([1]), ["p", "None", "nan"]).tolist() == [[1, 0, 0]]


def test_fractions_of_hits_are_summed():
    tallies = pd.DataFrame({"document": "d000", "frame": ["p.a", "p.b"], "hits": [0.25, 0.5]})
    assert hit_matrix(tallies, documents_of([1]), ["p"]).tolist() == [[0.75]]
