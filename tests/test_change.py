from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import documents_of, tallies_of

from analysis.change import rate_ratio
from analysis.errors import InputError, TifaWarning
from analysis.intervals import ratio_limits


def ratio(tallies, documents, before="2020", after="2021", **kwargs):
    return rate_ratio(tallies, documents, before=before, after=after, **({"resamples": 200} | kwargs))


def years(*given):
    return [f"{year}-05-07" for year in given]


def table_of(*rows):
    """``(year, issuer, size, hits)`` of each document, as tallies and documents."""
    dates, issuers, sizes, hits = zip(*rows, strict=True)
    return tallies_of(f=hits), documents_of(sizes, years(*dates), issuer=list(issuers))


@st.composite
def corpora(draw):
    document = st.tuples(
        st.sampled_from([2020, 2021]), st.sampled_from("abc"), st.integers(1, 5000), st.sampled_from([0, 0, 1, 3, 40])
    )
    fixed = [(year, "a", draw(st.integers(1, 5000)), draw(st.integers(0, 9))) for year in (2020, 2021)]
    return table_of(*fixed, *draw(st.lists(document, max_size=10)))


def test_the_pooled_ratio_by_hand():
    row = ratio(*table_of((2020, "a", 400, 6), (2020, "a", 600, 4), (2021, "a", 2000, 40))).iloc[0]
    assert row[["before_documents", "before_hits", "before_size", "before_per_million"]].tolist() == [2, 10, 1000, 1e4]
    assert row[["after_documents", "after_hits", "after_size", "after_per_million"]].tolist() == [1, 40, 2000, 2e4]
    assert row["ratio"] == 2
    assert row["low"] < 2 < row["high"]


def test_one_document_a_span_gets_the_exact_limits_of_independent_hits():
    row = ratio(*table_of((2020, "a", 1000, 10), (2021, "a", 2000, 20))).iloc[0]
    low, high = ratio_limits(10, 20, 1.0)
    assert row[["low", "high"]].tolist() == pytest.approx([low / 2, high / 2], rel=1e-5)


@pytest.mark.parametrize(
    ("before", "after", "counted"),
    [
        ("2019", "2021", (1, 4)),
        ("2020", "2021", (2, 4)),
        (("2019", "2020"), "2021", (3, 4)),
        (("2019-12-31", "2020-07-01"), "2021-05", (3, 1)),
        ("2021-01", ("2021-05-08", "2021-12"), (1, 1)),
        ("2021-05-07", "2020", (1, 2)),
    ],
)
def test_spans_count_the_documents_between_their_ends(before, after, counted):
    dates = ["2019-12-31", "2020-01-01", "2020-07-01", "2021-01-31", "2021-05-07", "2021-12-31", "2021-01-01"]
    precision = ["day"] * 6 + ["year"]
    row = ratio(tallies_of(f=[1] * 7), documents_of([10] * 7, dates, date_precision=precision), before, after).iloc[0]
    assert (row["before_documents"], row["after_documents"]) == counted


@pytest.mark.parametrize(("before", "counted"), [("2020", 3), (("2020-05", "2020-12"), 1), ("2020-05-01", 0)])
def test_a_rough_date_counts_only_if_all_of_it_lies_inside(before, counted):
    dates = ["2020-01-01", "2020-05-01", "2020-01-01", "2020-05-01", "2021-01-01"]
    documents = documents_of([10] * 5, dates, date_precision=["year", "month", "day", "day", "day"])
    inside = documents.iloc[[0, 1, 2, 4]]
    if counted:
        assert ratio(tallies_of(f=[1] * 5), inside, before)["before_documents"].tolist() == [counted]
    else:
        with pytest.raises(InputError, match="holds no text"):
            ratio(tallies_of(f=[1] * 5), inside, before)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (("2019", "2021"), "2021", "two spans that do not overlap"),
        ("2020", "2020-05", "two spans that do not overlap"),
        ("2020-13", "2021", "before: received '2020-13'; accepted: YYYY"),
        ("2020", ("2021", "2022", "2023"), "after: received .*; accepted: one date, or a pair"),
        (("2020", "2019"), "2021", "not before its beginning"),
        (
            "2018",
            "2021",
            "before: received '2018', which holds no text; accepted: a span within 2020-05-07 to 2021-05-07",
        ),
    ],
)
def test_spans_that_make_no_comparison_are_refused(before, after, message):
    with pytest.raises(InputError, match=message):
        ratio(*table_of((2020, "a", 10, 1), (2021, "a", 10, 1)), before, after)


def test_all_faults_are_listed_at_once():
    tallies, documents = table_of((2020, "a", 10, 1), (2021, "a", 10, 1))
    with pytest.raises(InputError) as caught:
        ratio(tallies, documents, "?", "!", groups=("no",), within="where", level=2, resamples=1)
    assert [f.field for f in caught.value.faults] == ["column", "column", "level", "resamples", "before", "after"]
    with pytest.raises(InputError, match="2 faults"):
        ratio(tallies, documents, "2018", "2019")
    with pytest.raises(InputError, match="groups: received 'ratio'"):
        ratio(tallies, documents.assign(ratio=1), groups=("ratio",))


def test_no_hits_on_a_side():
    zeros, some = [0] * 5, [3, 4, 1, 0, 2]
    tallies = tallies_of(none_before=zeros + some, none_after=some + zeros, none=zeros + zeros)
    result = ratio(tallies, documents_of([1000] * 10, years(*[2020] * 5, *[2021] * 5))).set_index("frame")
    assert result.loc["none_before", ["ratio", "high"]].tolist() == [np.inf, np.inf]
    assert 0.1 < result.loc["none_before", "low"] < 2
    assert result.loc["none_after", ["ratio", "low"]].tolist() == [0, 0]
    assert 0.5 < result.loc["none_after", "high"] < 10
    assert np.isnan(result.loc["none", "ratio"])
    assert result.loc["none", ["low", "high"]].tolist() == [0, np.inf]


def test_a_group_without_text_in_a_span_has_no_ratio():
    tallies, documents = table_of((2020, "a", 10, 1), (2020, "b", 10, 1), (2021, "b", 10, 1))
    row = ratio(tallies, documents, groups=("issuer",)).set_index("issuer").loc["a"]
    assert np.isnan(row["ratio"])
    assert np.isnan(row["after_per_million"])
    assert row[["low", "high"]].tolist() == [0, np.inf]


# a, b: hits after and before; S₂, S₁: sizes after and before.
STRATA = {"北京": (30, 10, 1000, 500), "上海": (4, 20, 200, 1500), "天津": (0, 7, 900, 800)}


def strata_table(strata=STRATA):
    rows = []
    for issuer, (after, before, size_after, size_before) in strata.items():
        rows += [(2020, issuer, size_before // 2, before // 2), (2020, issuer, size_before // 2, before - before // 2)]
        rows += [(2021, issuer, size_after // 2, after // 2), (2021, issuer, size_after // 2, after - after // 2)]
    return table_of(*rows)


def test_the_ratio_within_is_that_of_mantel_and_haenszel():
    above = sum(Fraction(a * s1, s1 + s2) for a, b, s2, s1 in STRATA.values())
    below = sum(Fraction(b * s2, s1 + s2) for a, b, s2, s1 in STRATA.values())
    assert (above, below) == (10 + Fraction(60, 17), Fraction(20, 3) + Fraction(40 + 63, 17))
    row = ratio(*strata_table(), within="issuer").iloc[0]
    assert row["ratio"] == pytest.approx(690 / 649, rel=1e-5)
    assert row["strata"] == 3
    assert row["low"] < row["ratio"] < row["high"]


def test_one_stratum_is_the_pooled_ratio():
    tallies, documents = strata_table()
    pooled = ratio(tallies, documents)
    within = ratio(tallies, documents.assign(one="x"), within="one")
    pd.testing.assert_frame_equal(within.drop(columns="strata"), pooled)


def test_a_prolific_issuer_moves_the_pooled_ratio_and_not_the_one_within():
    # One issuer names the frame ten times as often as the other, both as often after as before;
    # it publishes two statements before and eighteen after.
    rows = []
    for year, loud, quiet in ((2020, 2, 18), (2021, 18, 2)):
        rows += [(year, "loud", 1000, 20)] * loud + [(year, "quiet", 1000, 2)] * quiet
    tallies, documents = table_of(*rows)
    pooled, within = (ratio(tallies, documents, within=w, resamples=1000).iloc[0] for w in (None, "issuer"))
    assert pooled["ratio"] == pytest.approx((18 * 20 + 2 * 2) / (2 * 20 + 18 * 2), rel=1e-5)
    assert pooled["low"] > 1
    assert within["ratio"] == 1
    assert within["low"] < 1 < within["high"]


def test_strata_without_text_in_one_span_tell_nothing():
    tallies, documents = strata_table()
    more_tallies, more = strata_table(STRATA | {"重庆": (900, 0, 5000, 0)})
    more = more[more["characters"] > 0]
    one, two = ratio(tallies, documents, within="issuer"), ratio(more_tallies, more, within="issuer")
    assert two["after_hits"][0] == one["after_hits"][0] + 900
    assert two[["ratio", "low", "high", "strata"]].equals(one[["ratio", "low", "high", "strata"]])


def test_hits_in_strata_that_drop_out_do_not_make_zero_certain():
    # Inside the one issuer that speaks in both spans there are no hits after.
    rows = [(2020, "a", 1000, 1)] * 5 + [(2021, "a", 1000, 0)] * 5 + [(2021, "b", 1000, 9)] * 5
    row = ratio(*table_of(*rows), within="issuer").iloc[0]
    assert row[["ratio", "low", "strata"]].tolist() == [0, 0, 1]
    assert 0.5 < row["high"] < np.inf


def test_no_stratum_with_text_in_both_spans_gives_no_ratio():
    row = ratio(*table_of((2020, "a", 10, 5), (2021, "b", 10, 5)), within="issuer").iloc[0]
    assert np.isnan(row["ratio"])
    assert row[["low", "high", "strata"]].tolist() == [0, np.inf, 0]


def test_without_hits_after_the_limit_asks_what_the_strata_lead_one_to_expect():
    # All hits stand where hardly anything was published after: their absence there says little.
    rows = [(2020, "a", 10_000, 4)] * 5 + [(2021, "a", 10, 0)] * 5
    rows += [(2020, "b", 10, 0)] * 5 + [(2021, "b", 10_000, 0)] * 5
    assert ratio(*table_of(*rows), within="issuer")["high"][0] > 50
    assert ratio(*table_of(*rows))["high"][0] < 1


@settings(max_examples=40, deadline=None)
@given(corpora(), st.randoms(), st.sampled_from([None, "issuer"]))
def test_the_order_of_rows_does_not_matter(corpus, random, within):
    tallies, documents = corpus
    shuffled = [t.sample(frac=1, random_state=random.randrange(1000)) for t in corpus]
    pd.testing.assert_frame_equal(ratio(tallies, documents, within=within), ratio(*shuffled, within=within))


@settings(max_examples=40, deadline=None)
@given(corpora(), st.permutations("abc"))
def test_the_order_of_strata_does_not_matter(corpus, names):
    tallies, documents = corpus
    renamed = documents.assign(issuer=documents["issuer"].map(dict(zip("abc", names, strict=True))))
    one, two = (ratio(tallies, d, within="issuer").iloc[0] for d in (documents, renamed))
    assert two["ratio"] == pytest.approx(one["ratio"], rel=2e-6, nan_ok=True)
    assert two["strata"] == one["strata"]


@settings(max_examples=40, deadline=None)
@given(corpora(), st.sampled_from([None, "issuer"]))
def test_turned_round_the_ratio_is_its_reciprocal(corpus, within):
    one = ratio(*corpus, within=within).iloc[0]
    two = ratio(*corpus, "2021", "2020", within=within).iloc[0]
    with np.errstate(divide="ignore"):
        assert two["ratio"] == pytest.approx(1 / np.float64(one["ratio"]), rel=2e-5, nan_ok=True)
    assert two["after_hits"] == one["before_hits"]


@settings(max_examples=40, deadline=None)
@given(corpora(), st.sampled_from([None, "issuer"]))
def test_limits_enclose_the_ratio_and_widen_with_the_level(corpus, within):
    narrow, wide = (ratio(*corpus, within=within, level=level).iloc[0] for level in (0.8, 0.99))
    assert wide["low"] <= narrow["low"] <= narrow["high"] <= wide["high"]
    assert narrow["low"] < narrow["high"]
    if not np.isnan(narrow["ratio"]):
        assert narrow["low"] <= narrow["ratio"] * (1 + 1e-5)
        assert narrow["ratio"] <= narrow["high"] * (1 + 1e-5)


@settings(max_examples=40, deadline=None)
@given(corpora(), st.sampled_from([None, "issuer"]))
def test_doubled_sizes_change_no_ratio(corpus, within):
    tallies, documents = corpus
    doubled = ratio(tallies, documents.assign(characters=2 * documents["characters"]), within=within)
    columns = ["ratio", "low", "high"]
    assert doubled[columns].equals(ratio(tallies, documents, within=within)[columns])


def test_a_seed_reproduces():
    assert ratio(*strata_table(), seed=3).equals(ratio(*strata_table(), seed=3))
    assert not ratio(*strata_table(), seed=3).equals(ratio(*strata_table(), seed=4))


def test_groups_are_compared_apart():
    tallies, documents = strata_table()
    result = ratio(tallies, documents, groups=("issuer",)).set_index("issuer")
    assert result["ratio"].to_dict() == pytest.approx({"北京": 1.5, "上海": 1.5, "天津": 0})


def test_hits_that_lump_in_documents_are_less_sure():
    even = table_of(*[(2020, "a", 100, 2)] * 10, *[(2021, "a", 100, 4)] * 10)
    lumped = table_of(*[(2020, "a", 100, 2)] * 10, *[(2021, "a", 100, h) for h in (20, 20, *[0] * 8)])
    sure, doubtful = (ratio(*t).iloc[0] for t in (even, lumped))
    assert sure["ratio"] == doubtful["ratio"] == 2
    assert sure["low"] > 1 > doubtful["low"]


def test_limits_that_say_nothing_are_open():
    # Two documents before, with one hit between them, against a hundredfold.
    row = ratio(*table_of((2020, "a", 1000, 1), (2020, "a", 10, 0), (2021, "a", 10, 50), (2021, "a", 1000, 0))).iloc[0]
    assert row[["low", "high"]].tolist() == [0, np.inf]


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_clusters_are_drawn_as_wholes():
    # Each place doubles exactly: drawn as wholes, the places agree on the ratio.
    rows = [(y, place, 1000, k * h) for h, place in enumerate("abcdefgh", 1) for y, k in ((2020, 1), (2021, 2))] * 3
    tallies, documents = table_of(*rows)
    places = ratio(tallies, documents, cluster="issuer").iloc[0]
    apart = ratio(tallies, documents).iloc[0]
    assert places["ratio"] == apart["ratio"] == 2
    assert places["high"] - places["low"] < apart["high"] - apart["low"]


def test_few_clusters_are_said_and_fewer_refused():
    rows = [(y, place, 100, 2) for place in "abcdef" for y in (2020, 2021)]
    with pytest.warns(TifaWarning, match="6 clusters"):
        ratio(*table_of(*rows), cluster="issuer")
    with pytest.raises(InputError, match="rate_ratio, cluster 'issuer': received 3 clusters"):
        ratio(*table_of(*rows[:6]), cluster="issuer")


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_a_span_of_one_cluster_is_not_certain():
    rows = [(2020, place, 1000, 20) for place in "abcdef"] + [(2021, "a", 1000, 4)]
    with pytest.warns(TifaWarning, match="draws held no text of a span"):
        row = ratio(*table_of(*rows), cluster="issuer").iloc[0]
    low, high = ratio_limits(120, 4, 1.0)
    assert row["low"] <= 6 * low
    assert row["high"] >= 6 * high
