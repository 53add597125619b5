import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from topic_models import drawn_shares, rearranged, refitted, topics_of

from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.topics.prevalence import topic_prevalence
from analysis.topics.uncertainty import share_limits

pytestmark = pytest.mark.filterwarnings("ignore:One fit")

COLUMNS = ["topic", "label", "period", "documents", "tokens", "share", "low", "high", "few", "stable"]


def quick(topics, *args, **kwargs):
    return topic_prevalence(topics, *args, **({"resamples": 100} | kwargs))


def shares_of(table):
    """``{period: [shares of the topics]}``"""
    return {p: part.sort_values("topic")["share"].tolist() for p, part in table.groupby("period")}


def of_one_size(shares, **options):
    """Two topics, the first with these shares in documents of 100 tokens."""
    return topics_of([[s, 1 - s] for s in shares], **options)


BLOCKS = topics_of(
    [[1.0, 0.0, 0.0], [0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.2, 0.2, 0.6], [0.0, 0.0, 0.0]],
    tokens=[10, 30, 60, 100, 0],
    document=[0, 0, 1, 2, 3],
    date=["2020-05-07", "2020-05-07", "2021-02-03", "2021-02-03"],
    place=["a", "b", "a", "b"],
    labels=["minors", "", ""],
)


# ------------------------------------------------------------------- shares


def test_shares_are_those_of_tokens_over_the_blocks_of_a_period():
    table = quick(BLOCKS)
    assert table.columns.tolist() == COLUMNS
    assert shares_of(table) == {"2020": [0.25, 0.675, 0.075], "2021": [0.2, 0.2, 0.6]}
    assert table["topic"].tolist() == [0, 0, 1, 1, 2, 2]
    assert table["period"].tolist() == ["2020", "2021"] * 3
    assert table["label"].tolist() == ["minors"] * 2 + ["w01 w00 w02"] * 2 + ["w02 w00 w01"] * 2
    assert table.loc[table["topic"] == 1, ["documents", "tokens"]].to_numpy().tolist() == [[2, 100], [1, 100]]
    assert table["few"].all()


def test_all_of_it_is_the_share_of_all_tokens():
    assert quick(BLOCKS, "all")["share"].tolist() == pytest.approx(BLOCKS.sizes.tolist(), rel=1e-5)


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("year", ["2020", "2021"]),
        ("quarter", ["2020Q2", "2021Q1"]),
        ("month", ["2020-05", "2021-02"]),
        ("all", ["all"]),
        ("place", ["a", "b"]),
    ],
)
def test_periods(by, periods):
    assert quick(BLOCKS, by)["period"].unique().tolist() == periods


def test_dates_too_rough_for_the_period_and_empty_values_are_unplaced_and_last():
    topics = of_one_size(
        [0.1, 0.2, 0.9],
        date=["2020-02-01", "2020-01-01", "2019-01-01"],
        date_precision=["day", "year", "month"],
        term=["B", None, "A"],
    )
    assert {p: s[0] for p, s in shares_of(quick(topics, "month")).items()} == {
        "2020-02": 0.1,
        "unplaced": 0.2,
        "2019-01": 0.9,
    }
    table = quick(topics, "term")
    assert table["period"].unique().tolist() == ["A", "B", "unplaced"]
    assert shares_of(table)["unplaced"] == [0.2, 0.8]


def test_groups_are_worked_out_apart():
    topics = of_one_size([0.1, 0.2, 0.3, 0.4], place=["a", "b", "a", "b"], kind=["x", "x", "x", None])
    table = quick(topics, groups=("place",))
    assert table.columns.tolist() == ["place", *COLUMNS]
    assert table[["place", "topic", "share"]].to_numpy().tolist() == [
        ["a", 0, 0.2],
        ["a", 1, 0.8],
        ["b", 0, 0.3],
        ["b", 1, 0.7],
    ]
    assert quick(topics, groups="place").equals(table)
    both = quick(topics, groups=("place", "kind"))  # a missing value is a group: nothing is lost
    assert both["documents"].sum() == 2 * 4
    assert both.loc[both["kind"].isna(), "share"].tolist() == [0.4, 0.6]


def test_chosen_topics_are_rows_of_the_same_table():
    whole = quick(BLOCKS)
    assert quick(BLOCKS, chosen=[2, 0]).equals(whole[whole["topic"] != 1].reset_index(drop=True))
    assert quick(BLOCKS, chosen=1).equals(whole[whole["topic"] == 1].reset_index(drop=True))


def test_several_fits_are_matched_and_averaged():
    other = refitted(BLOCKS, BLOCKS.unit_shares[:, [1, 2, 0]], order=[2, 1, 0])
    # What the second fit has of the first topic is what the first has of the second, and so on.
    assert shares_of(quick([BLOCKS, other]))["2020"] == pytest.approx([(0.25 + 0.675) / 2, 0.375, 0.1625])


def test_documents_without_tokens_are_not_counted():
    assert quick(BLOCKS, "all")["documents"].unique().tolist() == [3]


@st.composite
def models(draw):
    n = draw(st.integers(1, 10))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shares = drawn_shares(rng, [0.1, 0.3, 0.6], draw(st.sampled_from([0.05, 2.0, 50.0])), n)
    return topics_of(
        shares,
        tokens=rng.integers(1, 300, n),
        date=[f"{y}-05-07" for y in draw(st.lists(st.integers(2019, 2021), min_size=n, max_size=n))],
    )


@settings(max_examples=30, deadline=None)
@given(models())
def test_topics_share_all_of_the_text_and_limits_hold_their_shares(topics):
    table = quick(topics)
    assert table.groupby("period")["share"].sum().to_numpy() == pytest.approx(1, abs=1e-5)
    assert (table["low"] <= table["share"]).all()
    assert (table["share"] <= table["high"]).all()
    assert table["low"].min() >= 0
    assert table["high"].max() <= 1
    inner = table[table["share"].between(1e-4, 1 - 1e-4)]
    assert (inner["low"] < inner["high"]).all()


@settings(max_examples=30, deadline=None)
@given(models(), st.integers(0, 1000))
def test_the_order_of_documents_and_units_does_not_matter(topics, seed):
    moved = rearranged(topics, np.random.default_rng(seed))
    pd.testing.assert_frame_equal(quick(topics), quick(moved), rtol=1e-4, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(models())
def test_a_higher_level_is_wider(topics):
    narrow, wide = (quick(topics, level=level) for level in (0.8, 0.99))
    assert (wide["low"] <= narrow["low"]).all()
    assert (wide["high"] >= narrow["high"]).all()
    inner = wide["share"].between(1e-4, 1 - 1e-4) & (narrow["high"] < 0.999)
    assert ((wide["high"] - wide["low"])[inner] > (narrow["high"] - narrow["low"])[inner]).all()


# ------------------------------------------------------------------- intervals

SIX = [0.1, 0.2, 0.25, 0.3, 0.5, 0.15]


def test_documents_of_one_size_have_the_limits_of_a_mean():
    # n / (n − 1) times the variance of the resamples is s² / n; Student's t has n − 1 degrees of freedom.
    p, n = np.mean(SIX), len(SIX)
    widening = stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975)
    effective = p * (1 - p) / (np.var(SIX, ddof=1) / n) / widening**2
    row = topic_prevalence(of_one_size(SIX), resamples=40_000).iloc[0]
    assert row["low"] == pytest.approx(stats.beta.ppf(0.025, effective * p, effective * (1 - p) + 1), rel=0.01)
    assert row["high"] == pytest.approx(stats.beta.ppf(0.975, effective * p + 1, effective * (1 - p)), rel=0.01)


def test_long_documents_count_for_more():
    topics = topics_of([[s, 1 - s] for s in SIX], tokens=[10, 20, 30, 900, 40, 20])
    row = quick(topics).iloc[0]
    assert row["share"] == pytest.approx(np.average(SIX, weights=[10, 20, 30, 900, 40, 20]), rel=1e-5)


@pytest.mark.parametrize("n", [1, 2, 12])
def test_no_share_has_the_stated_limit_and_so_has_the_whole(n):
    table = quick(of_one_size([0.0] * n)).set_index("topic")
    bound = 1 - 0.025 ** (1 / n)
    assert table.loc[0, ["share", "low", "high"]].tolist() == pytest.approx([0, 0, bound], rel=1e-5)
    assert table.loc[1, ["share", "low", "high"]].tolist() == pytest.approx([1, 1 - bound, 1], rel=1e-5)
    at = quick(of_one_size([0.0] * n), level=0.8).iloc[0]
    assert at["high"] == pytest.approx(1 - 0.1 ** (1 / n), rel=1e-5)


def test_a_period_without_a_topic_has_a_limit_by_how_documents_of_other_periods_vary():
    rng = np.random.default_rng(0)
    even, lumped = rng.normal(0.3, 0.05, 20), rng.permutation([1.0] * 6 + [0.0] * 14)
    highs = []
    for later in (even, lumped):
        topics = of_one_size([*[0.0] * 20, *later], date=["2020-05-07"] * 20 + ["2021-05-07"] * 20)
        row = quick(topics).iloc[0]
        assert row[["share", "low"]].tolist() == [0, 0]
        highs.append(row["high"])
    # Documents of one topic or another are 20 tosses of a coin (20/19 for their variance), of which ten degrees are borrowed.
    widening = (stats.t.ppf(0.975, 10) / stats.norm.ppf(0.975)) ** 2
    assert highs[1] == pytest.approx(1 - 0.025 ** (20 / 19 * widening / 20), rel=0.15)
    assert highs[0] < 0.01


def test_one_document_says_next_to_nothing():
    row = quick(of_one_size([0.3])).iloc[0]
    found = share_limits(np.array([[0.3]]), np.ones((1, 1)), np.ones(1), np.zeros(1))
    assert row[["share", "low", "high"]].tolist() == pytest.approx([v[0] for v in found], rel=1e-5)
    assert row["low"] < 0.001
    assert row["high"] > 0.98
    assert row["few"]


def test_one_document_among_periods_borrows_how_theirs_vary():
    dates = ["2020-05-07"] * 12 + ["2021-05-07"]
    even = quick(of_one_size([*np.linspace(0.25, 0.35, 12), 0.3], date=dates)).query("topic == 0 and period == '2021'")
    lumped = quick(of_one_size([1.0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0.3], date=dates)).query(
        "topic == 0 and period == '2021'"
    )
    assert 0.1 < even["low"].item() < 0.3 < even["high"].item() < 0.6
    assert lumped["high"].item() - lumped["low"].item() > 0.9


def test_two_documents_have_limits_with_students_t_of_four_degrees():
    row = topic_prevalence(of_one_size([0.2, 0.4]), resamples=20_000).iloc[0]
    effective = 0.21 / 0.01 / (stats.t.ppf(0.975, 4) / stats.norm.ppf(0.975)) ** 2
    assert row["low"] == pytest.approx(stats.beta.ppf(0.025, effective * 0.3, effective * 0.7 + 1), rel=0.03)
    assert row["few"]


def test_few_are_under_five_documents():
    dates = ["2020-05-07"] * 4 + ["2021-05-07"] * 5
    assert quick(of_one_size([0.3] * 9, date=dates)).loc[[0, 1], "few"].tolist() == [True, False]


def test_more_documents_are_surer():
    widths = []
    for times in (1, 4, 16):
        row = quick(of_one_size(SIX * times)).iloc[0]
        widths.append(row["high"] - row["low"])
    assert widths[0] > 1.9 * widths[1] > 1.9 * 1.8 * widths[2]


def test_identical_fits_are_as_one_and_fits_that_disagree_are_wider():
    topics = of_one_size(SIX * 4)
    one = quick(topics)
    same = quick([topics, refitted(topics, order=[1, 0]), refitted(topics, seed=2)])
    assert one["stable"].isna().all()
    assert same["stable"].all()
    pd.testing.assert_frame_equal(one.drop(columns="stable"), same.drop(columns="stable"), rtol=1e-4)
    width = (one["high"] - one["low"])[0]
    for apart in (0.03, 0.06, 0.12):
        others = [refitted(topics, topics.unit_shares + np.array([s, -s])) for s in (apart, -apart / 2, -apart / 2)]
        row = quick([topics, *others]).iloc[0]
        assert row["share"] == pytest.approx(one["share"][0])
        assert row["high"] - row["low"] > 1.02 * width
        width = row["high"] - row["low"]


def test_the_order_of_fits_after_the_first_does_not_matter():
    topics = of_one_size(SIX, date=["2020-05-07", "2021-05-07"] * 3)
    others = [
        refitted(topics, np.abs(topics.unit_shares - [[s, -s]]), seed=i) for i, s in enumerate((0.05, 0.09, 0.02))
    ]
    one, other = quick([topics, *others]), quick([topics, *others[::-1]])
    pd.testing.assert_frame_equal(one, other, rtol=1e-5)


def test_a_seed_reproduces_and_another_does_not():
    topics = of_one_size(SIX)
    assert quick(topics, seed=1).equals(quick(topics, seed=1))
    one, two = quick(topics, seed=1), quick(topics, seed=2)
    assert one["high"][0] != two["high"][0]
    assert one["high"][0] == pytest.approx(two["high"][0], rel=0.2)
    assert one["share"].equals(two["share"])


def test_translations_are_drawn_with_their_originals():
    shares = [0.9, 0.9, 0.1, 0.1, 0.6, 0.6, 0.3, 0.3, 0.8, 0.8, 0.2, 0.2]
    originals = [f"d{i - 1:03d}" if i % 2 else "" for i in range(12)]
    apart = topic_prevalence(of_one_size(shares)).iloc[0]
    together = topic_prevalence(of_one_size(shares, translation_of=originals)).iloc[0]
    assert together["documents"] == 12
    assert together["high"] - together["low"] > 1.3 * (apart["high"] - apart["low"])
    pairs = topic_prevalence(of_one_size(shares[::2])).iloc[0]
    assert together[["low", "high"]].tolist() == pytest.approx(pairs[["low", "high"]].tolist(), rel=1e-5)


# ------------------------------------------------------------------- clusters


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_clusters_of_one_document_are_documents():
    topics = of_one_size(SIX, place=list("abcdef"))
    pd.testing.assert_frame_equal(quick(topics), quick(topics, cluster="place"))


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_documents_alike_within_their_clusters_are_less_sure():
    shares = np.repeat(SIX, 5)
    topics = of_one_size(shares, place=np.repeat(list("abcdef"), 5))
    apart, together = quick(topics).iloc[0], quick(topics, cluster="place").iloc[0]
    assert apart["share"] == together["share"]
    assert together["documents"] == 30
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])


def test_few_clusters_are_said_and_fewer_refused():
    topics = of_one_size(np.linspace(0.1, 0.5, 24), place=[f"p{i % 12}" for i in range(24)], kind=list("abcd") * 6)
    with pytest.warns(TifaWarning, match=r"12 clusters \(place\) are few: .* 11 degrees of freedom"):
        quick(topics, cluster="place")
    with pytest.raises(InputError, match="cluster 'kind': received 4 clusters; accepted: at least 5"):
        quick(topics, cluster="kind")


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_draws_without_text_are_counted_in_a_warning():
    topics = of_one_size([*SIX, 0.4], date=["2020-05-07"] * 6 + ["2021-05-07"], place=list("abcdefa"))
    with pytest.warns(TifaWarning, match=r"\d+ of 200 draws held no text of a period"):
        quick(topics, cluster="place")


@pytest.mark.filterwarnings("ignore:.*clusters.*are few", "ignore:.*draws held no text")
def test_a_period_of_one_cluster_borrows_and_is_never_certain():
    dates = ["2020-05-07"] * 6 + ["2021-05-07"] * 2
    topics = of_one_size([1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.3, 0.3], date=dates, place=list("abcdefaa"))
    row = quick(topics, cluster="place").query("topic == 0 and period == '2021'").iloc[0]
    assert row["high"] - row["low"] > 0.9


# ------------------------------------------------------------------- panels

PANEL = of_one_size(
    [0.1, 0.2, 0.6, 0.3, 0.4, 0.5, 0.7, 0.9, 0.8],
    date=["2020-05-07"] * 4 + ["2021-05-07"] * 4 + ["2021-01-01"],
    place=["a", "b", "c", "a", "a", "b", "d", "", "a"],
    date_precision=["day"] * 9,
)


def test_a_panel_keeps_places_with_a_document_in_every_period():
    with pytest.warns(
        TifaWarning, match=r"Panel of 2 values of place: 3 of 9 documents were left out \(\(none\), c, d\)"
    ):
        table = quick(PANEL, panel="place")
    assert {p: s[0] for p, s in shares_of(table).items()} == {"2020": 0.2, "2021": pytest.approx(17 / 30, rel=1e-5)}
    assert table["documents"].tolist() == [3, 3] * 2


def test_documents_without_a_place_are_no_member_of_a_panel():
    topics = of_one_size([0.1, 0.2, 0.3, 0.4], date=["2020-05-07", "2021-05-07"] * 2, place=["a", "a", None, None])
    with pytest.warns(TifaWarning, match=r"Panel of 1 values of place: 2 of 4 documents .* \(\(none\)\)"):
        assert quick(topics, panel="place")["documents"].tolist() == [1] * 4


def test_a_panel_has_no_documents_that_are_not_placed_in_time():
    topics = of_one_size([0.1, 0.2, 0.3], date=["2020-05-07", "2020-06-07", "2020-01-01"], place=["a"] * 3,
                         date_precision=["day", "day", "year"])  # fmt: skip
    with pytest.warns(TifaWarning, match=r"1 of 3 documents were left out \(not placed in time\)"):
        assert quick(topics, "month", panel="place")["period"].unique().tolist() == ["2020-05", "2020-06"]


def test_a_balanced_panel_says_nothing(recwarn):
    topics = of_one_size([0.1, 0.2, 0.3, 0.4], date=["2020-05-07", "2021-05-07"] * 2, place=["a", "a", "b", "b"])
    assert quick(topics, panel="place").equals(quick(topics))
    assert all("One fit" in str(w.message) for w in recwarn)


def test_a_panel_without_a_member_is_refused():
    topics = of_one_size([0.1, 0.2], date=["2020-05-07", "2021-05-07"], place=["a", "b"])
    with pytest.raises(InputError, match="panel 'place': received no value with a document in each of the 2 periods"):
        quick(topics, panel="place")


# ------------------------------------------------------------------- what is refused


def test_no_model_names_the_step():
    with pytest.raises(MissingStep, match=r"topic_prevalence takes Topics, not Counts: fit_topics"):
        topic_prevalence(BLOCKS.counts)


def test_all_faults_are_listed_at_once():
    with pytest.raises(InputError) as caught:
        topic_prevalence(
            BLOCKS, "week", groups=("town", "label"), cluster="no", panel="none", level=95, resamples=10, seed=-1
        )
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("column", "'town'"),
        ("column", "'label'"),
        ("column", "'no'"),
        ("column", "'none'"),
        ("by", "'week'"),
        ("groups", "'label'"),
        ("level", "95"),
        ("resamples", "10"),
        ("seed", "-1"),
    ]
    assert all(fault.where == "topic_prevalence" and fault.accepted for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chosen": [0, 3]}, "topic: received 3; accepted: 0 to 2"),
        ({"chosen": []}, "topics: received none; accepted: at least one"),
        ({"chosen": "minor"}, "topic: received 'minor'; accepted: 0 to 2, or a label: minors"),
        ({"by": "place", "groups": "place"}, "by: received 'place'; accepted: year, quarter, month, all, or a column"),
        ({"level": np.nan}, "level: received nan; accepted: a number between 0 and 1"),
        ({"resamples": 200.5}, "resamples: received 200.5; accepted: a whole number, at least 100"),
        ({"seed": None}, "seed: received None; accepted: a whole number"),
    ],
)
def test_what_cannot_be_is_named(options, message):
    with pytest.raises(InputError, match=message):
        topic_prevalence(BLOCKS, **options)


def test_inputs_are_left_as_they_were():
    documents, shares = BLOCKS.counts.documents.copy(), BLOCKS.unit_shares.copy()
    quick(BLOCKS)
    pd.testing.assert_frame_equal(BLOCKS.counts.documents, documents)
    assert (BLOCKS.unit_shares == shares).all()
