import numpy as np
import pandas as pd
import pytest
from scipy import stats
from topic_models import MEANS, drawn_shares, drawn_sizes, rearranged, refitted, topics_of

from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.topics.comparing import compare_prevalence

pytestmark = pytest.mark.filterwarnings("ignore:One fit")

COLUMNS = [
    "topic",
    "label",
    "first_documents",
    "first_share",
    "second_documents",
    "second_share",
    "difference",
    "low",
    "high",
    "ratio",
    "odds_ratio",
    "odds_low",
    "odds_high",
    "p",
    "p_adjusted",
    "tests",
    "stable",
]


def quick(topics, first="a", second="b", **options):
    return compare_prevalence(topics, first, second, **({"by": "side", "resamples": 200} | options))


def two_groups(first, second, **options):
    """The first of two topics has these shares in the documents of side a, and of side b."""
    return topics_of([[s, 1 - s] for s in [*first, *second]], side=["a"] * len(first) + ["b"] * len(second), **options)


A, B = [0.1, 0.2, 0.25, 0.3, 0.15, 0.2], [0.3, 0.5, 0.35, 0.4, 0.2, 0.35]
YEARS = topics_of(
    [[0.8, 0.2], [0.5, 0.5], [0.4, 0.6], [0.1, 0.9], [0.3, 0.7], [0.0, 1.0]],
    tokens=[100, 300, 200, 100, 100, 50],
    date=["2019-03-01", "2019-08-01", "2020-02-01", "2021-02-01", "2021-05-01", "2020-01-01"],
    date_precision=["day", "day", "month", "day", "day", "year"],
    place=["a", "b", "c", "a", "d", "b"],
    labels=["minors", ""],
)


# ------------------------------------------------------------------- shares, ratios, spans


def test_shares_difference_and_ratios_by_hand():
    table = quick(YEARS, "2019", ("2020", "2021"), by="year")
    assert table.columns.tolist() == COLUMNS
    first, second = 230 / 400, 120 / 450
    row = table.iloc[0]
    assert row[["topic", "label", "first_documents", "second_documents", "tests"]].tolist() == [0, "minors", 2, 4, 2]
    assert row["first_share"] == pytest.approx(first, rel=1e-5)
    assert row["second_share"] == pytest.approx(second, rel=1e-5)
    assert row["difference"] == pytest.approx(second - first, rel=1e-5)
    assert row["ratio"] == pytest.approx(second / first, rel=1e-5)
    assert row["odds_ratio"] == pytest.approx(second / (1 - second) / (first / (1 - first)), rel=1e-5)
    assert table["difference"].sum() == pytest.approx(0, abs=1e-5)
    assert table["label"].tolist() == ["minors", "w01 w00"]


@pytest.mark.parametrize(
    ("first", "second", "by", "documents"),
    [
        ("2019", ("2020-01", "2020-12-31"), "year", [2, 2]),
        (("2019-01", "2020-02"), "2021", "year", [3, 2]),  # not the one of which the year alone is known
        (("2019-01", "2020-02"), ("2021-01-01", "2021-05-01"), "month", [3, 2]),
        (2019, 2021, "year", [2, 2]),
        ("a", ["b", "d"], "place", [2, 3]),
        (["a", "c"], {"b"}, "place", [3, 2]),
    ],
)
def test_groups_are_spans_of_time_or_values_of_a_column(first, second, by, documents):
    row = quick(YEARS, first, second, by=by).iloc[0]
    assert row[["first_documents", "second_documents"]].tolist() == documents


def test_several_fits_are_matched_and_averaged():
    topics = two_groups(A, B)
    other = refitted(topics, topics.unit_shares + np.array([0.1, -0.1]), order=[1, 0])
    row = quick([topics, other]).iloc[0]
    assert row["first_share"] == pytest.approx(np.mean(A) + 0.05, rel=1e-5)
    assert row["odds_ratio"] == pytest.approx(
        (np.mean(B) + 0.05) / (0.95 - np.mean(B)) / ((np.mean(A) + 0.05) / (0.95 - np.mean(A))), rel=1e-5
    )


def test_a_topic_that_one_group_lacks_has_ratios_without_an_end():
    table = quick(two_groups([0.0] * 6, [0.1, 0.0, 0.2, 0.1, 0.0, 0.3])).set_index("topic")
    row = table.loc[0]
    assert row[["first_share", "ratio", "odds_ratio", "odds_high"]].tolist() == [0, np.inf, np.inf, np.inf]
    assert 0 < row["odds_low"] < 10
    assert row["low"] < 0 < row["difference"] < row["high"]
    assert 0.01 < row["p"] < 0.2
    assert table.loc[1, ["odds_ratio", "odds_low"]].tolist() == [0, 0]
    row = quick(two_groups([0.1, 0.0, 0.2, 0.1, 0.0, 0.3], [0.0] * 6)).iloc[0]
    assert row[["ratio", "odds_ratio", "odds_low"]].tolist() == [0, 0, 0]
    assert 0.1 < row["odds_high"] < np.inf


def test_a_topic_that_neither_group_has_says_nothing():
    row = quick(two_groups([0.0] * 6, [0.0] * 8)).iloc[0]
    assert row[["ratio", "odds_ratio"]].isna().all()
    assert row[["difference", "odds_low", "odds_high", "p"]].tolist() == [0, 0, np.inf, 1]
    assert row["low"] == pytest.approx(-(1 - 0.025 ** (1 / 6)), rel=1e-5)
    assert row["high"] == pytest.approx(1 - 0.025 ** (1 / 8), rel=1e-5)


def test_two_documents_wholly_of_one_topic_against_two_of_the_other_are_no_proof():
    row = quick(two_groups([0.0, 0.0], [1.0, 1.0])).iloc[0]
    assert row[["difference", "ratio", "odds_ratio"]].tolist() == [1, np.inf, np.inf]
    assert row["p"] > 0.05
    assert row["low"] < 0


# ------------------------------------------------------------------- limits and p


def exact(share, n, degrees):
    n = n / (stats.t.ppf(0.975, degrees) / stats.norm.ppf(0.975)) ** 2
    return stats.beta.ppf(0.025, n * share, n * (1 - share) + 1), stats.beta.ppf(0.975, n * share + 1, n * (1 - share))


def test_limits_and_p_by_hand():
    # Documents of one size; each side borrows the other's design effect, with ten degrees of freedom at most.
    first, second = np.mean(A), np.mean(B)
    coin = np.array([first * (1 - first), second * (1 - second)])
    effect = np.array([np.var(A, ddof=1), np.var(B, ddof=1)]) / coin
    own = 5 * np.minimum(coin / coin.mean(), 1)
    degrees = own + own[::-1]
    effect = (own * effect + own[::-1] * effect[::-1]) / degrees
    n = 6 / effect
    l1, u1 = exact(first, n[0], degrees[0])
    l2, u2 = exact(second, n[1], degrees[1])
    row = quick(two_groups(A, B), resamples=40_000).iloc[0]
    assert row["low"] == pytest.approx(second - first - np.hypot(second - l2, u1 - first), rel=0.02)
    assert row["high"] == pytest.approx(second - first + np.hypot(u2 - second, first - l1), rel=0.02)
    l1, u1, l2, u2, s1, s2 = (np.log(v / (1 - v)) for v in (l1, u1, l2, u2, first, second))
    assert np.log(row["odds_low"]) == pytest.approx(s2 - s1 - np.hypot(s2 - l2, u1 - s1), rel=0.02)
    assert np.log(row["odds_high"]) == pytest.approx(s2 - s1 + np.hypot(u2 - s2, s1 - l1), rel=0.02)
    mean = np.average([first, second], weights=n)
    t = (second - first) / np.sqrt(mean * (1 - mean) * (1 / n).sum())
    assert row["p"] == pytest.approx(2 * stats.t.sf(t, (1 / n).sum() ** 2 / (1 / n**2 / degrees).sum()), rel=0.05)


def test_groups_that_change_places_turn_everything_over():
    topics = two_groups(A, B)
    one, other = quick(topics, resamples=20_000).iloc[0], quick(topics, "b", "a", resamples=20_000).iloc[0]
    assert other["difference"] == -one["difference"]
    assert [other["low"], other["high"]] == pytest.approx([-one["high"], -one["low"]], rel=0.02)
    assert [other["odds_low"], other["odds_high"]] == pytest.approx(
        [1 / one["odds_high"], 1 / one["odds_low"]], rel=0.02
    )
    assert other["p"] == pytest.approx(one["p"], rel=0.05)


def test_a_topic_and_all_the_others_mirror_each_other():
    table = quick(two_groups(A, B))
    assert table["difference"][1] == -table["difference"][0]
    assert table["low"][1] == pytest.approx(-table["high"][0], rel=1e-5)
    assert table["odds_low"][1] == pytest.approx(1 / table["odds_high"][0], rel=1e-4)
    assert table["p"][1] == pytest.approx(table["p"][0], rel=1e-5)


def test_limits_widen_with_level_and_narrow_with_documents():
    base = quick(two_groups(A, B)).iloc[0]
    wide, many = quick(two_groups(A, B), level=0.99).iloc[0], quick(two_groups(A * 4, B * 4)).iloc[0]
    for low, high in (("low", "high"), ("odds_low", "odds_high")):
        assert wide[low] < base[low] < many[low]
        assert many[high] < base[high] < wide[high]
    assert many["p"] < base["p"] == wide["p"]


def test_documents_that_do_not_vary_leave_no_doubt():
    row = quick(two_groups([0.2] * 4, [0.3] * 4)).iloc[0]
    assert row[["low", "high"]].tolist() == pytest.approx([0.1, 0.1], abs=1e-4)
    assert row["p"] < 1e-6
    assert quick(two_groups([0.2] * 4, [0.2] * 4))["p"].tolist() == [1, 1]


def test_a_seed_reproduces_and_order_does_not_matter():
    topics = two_groups(A, B)
    assert quick(topics, seed=1).equals(quick(topics, seed=1))
    assert not quick(topics, seed=1).equals(quick(topics, seed=2))
    moved = rearranged(topics, np.random.default_rng(3))
    pd.testing.assert_frame_equal(quick(topics), quick(moved), rtol=1e-4)


def test_fits_that_disagree_about_both_groups_alike_agree_about_the_difference():
    topics = two_groups(A * 4, B * 4)
    side = np.repeat([-1.0, 1.0], 24)[:, None]
    one = quick(topics).iloc[0]
    alike, apart = (
        quick([topics, *(refitted(topics, topics.unit_shares + by * np.array([s, -s])) for s in (0.04, -0.04))]).iloc[0]
        for by in (1.0, side)
    )
    for row in (alike, apart):
        assert row["difference"] == pytest.approx(one["difference"], rel=1e-4)
    width = one["high"] - one["low"]
    assert alike["high"] - alike["low"] < 1.7 * width
    assert apart["high"] - apart["low"] > 2.5 * width
    assert apart["p"] > 10 * alike["p"]


def test_identical_fits_are_as_one():
    topics = two_groups(A, B)
    one, same = quick(topics), quick([topics, refitted(topics, order=[1, 0])])
    assert one.pop("stable").isna().all()
    assert same.pop("stable").all()
    pd.testing.assert_frame_equal(one, same, rtol=1e-4)


# ------------------------------------------------------------------- many topics


def test_adjusted_p_is_benjaminis_and_hochbergs():
    rng = np.random.default_rng(4)
    shares = np.vstack([drawn_shares(rng, np.full(6, 1 / 6), 10, 15), drawn_shares(rng, np.arange(1, 7) / 21, 10, 15)])
    topics = topics_of(shares, side=["a"] * 15 + ["b"] * 15)
    table = quick(topics)
    p = sorted(table["p"])
    by_hand, least = {}, 1.0
    for rank in range(6, 0, -1):  # the largest first: p · tests / rank, and never more than one after it
        least = min(least, p[rank - 1] * 6 / rank)
        by_hand[p[rank - 1]] = least
    assert table["p_adjusted"].to_numpy() == pytest.approx([by_hand[v] for v in table["p"]], rel=1e-4)
    assert table["p_adjusted"].to_numpy() == pytest.approx(stats.false_discovery_control(table["p"]), rel=1e-4)
    assert (table["tests"] == 6).all()
    chosen = quick(topics, chosen=[4, 1])
    assert chosen["topic"].tolist() == [1, 4]
    assert (chosen["tests"] == 2).all()
    kept = table[table["topic"].isin([1, 4])]
    assert chosen["p"].tolist() == kept["p"].tolist()
    assert chosen["p_adjusted"].to_numpy() == pytest.approx(stats.false_discovery_control(kept["p"]), rel=1e-4)


# ------------------------------------------------------------------- clusters

PLACES = np.linspace(0.05, 0.75, 24)


def paired(rng, change=0.05, noise=0.01):
    """Places that keep what is theirs from side a to side b."""
    first, second = (np.clip(PLACES + c + rng.normal(0, noise, 24), 0, 1) for c in (0, change))
    return two_groups(first, second, place=[f"p{i:02d}" for i in range(24)] * 2)


def test_places_that_persist_make_the_difference_surer():
    topics = paired(np.random.default_rng(0))
    apart, together = quick(topics).iloc[0], quick(topics, cluster="place").iloc[0]
    assert apart["difference"] == together["difference"]
    assert together["high"] - together["low"] < 0.35 * (apart["high"] - apart["low"])
    assert together["odds_high"] / together["odds_low"] < apart["odds_high"] / apart["odds_low"]
    assert together["p"] < 1e-4 < 0.1 < apart["p"]


def test_places_on_one_side_each_are_no_pairs():
    topics = two_groups(PLACES, PLACES + 0.1, place=[f"p{i:02d}" for i in range(48)])
    apart, together = quick(topics, resamples=4000).iloc[0], quick(topics, cluster="place", resamples=4000).iloc[0]
    assert together[["low", "high"]].tolist() == pytest.approx(apart[["low", "high"]].tolist(), abs=0.015)


def test_draws_without_text_are_counted_in_a_warning():
    topics = two_groups(A, [0.3, 0.4], place=list("abcdefab"))
    with pytest.warns(TifaWarning) as caught:
        quick(topics, cluster="place")
    said = [str(w.message) for w in caught]
    assert any("6 clusters (place) are few" in text for text in said)
    assert any("of 200 draws held no text of a group and were left out" in text for text in said)


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_one_document_or_one_cluster_on_a_side_is_refused():
    topics = two_groups(A, [0.3], place=list("abcdefg"))
    with pytest.raises(InputError, match="groups: received 6 and 1 documents; accepted: at least 2 in each group"):
        quick(topics)
    with pytest.raises(InputError, match=r"groups: received 6 and 1 clusters \(place\); accepted: at least 2"):
        quick(topics, cluster="place")
    with pytest.raises(InputError, match=r"received 6 and 1 clusters"):
        quick(two_groups(A, [0.3, 0.4, 0.5], place=list("abcdefggg")), cluster="place")


def test_few_clusters_are_refused():
    with pytest.raises(InputError, match="cluster 'place': received 3 clusters; accepted: at least 5"):
        quick(two_groups(A, B, place=list("abc") * 4), cluster="place")


# ------------------------------------------------------------------- what is refused


def test_groups_that_overlap_or_are_empty_are_refused():
    with pytest.raises(InputError, match="first and second: received '2019' and .* groups that do not overlap"):
        quick(YEARS, "2019", ("2019", "2021"), by="year")
    with pytest.raises(InputError, match="groups that do not overlap"):
        quick(YEARS, ["a", "b"], ["b", "c"], by="place")
    with pytest.raises(InputError) as caught:
        quick(YEARS, "1999", "2050", by="year")
    assert [fault.field for fault in caught.value.faults] == ["first", "second"]
    assert "received '1999', which holds no document; accepted: a group with documents" in str(caught.value)
    with pytest.raises(InputError, match="second: received 'z', which holds no document; .*there are a, b"):
        quick(YEARS, "a", "z", by="place")


@pytest.mark.parametrize("span", ["last year", None, ("2021", "2019"), ("2019", "2020", "2021"), 3.5, "2019-13"])
def test_spans_that_are_none_are_refused(span):
    with pytest.raises(InputError, match="second: received .*; accepted: "):
        quick(YEARS, "2019", span, by="year")


def test_all_faults_are_listed_at_once():
    with pytest.raises(InputError) as caught:
        quick(YEARS, by="town", cluster="no", level=1.0, resamples=99, seed=0.5)
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("column", "'no'"),
        ("by", "'town'"),
        ("level", "1.0"),
        ("resamples", "99"),
        ("seed", "0.5"),
    ]
    assert all(fault.where == "compare_prevalence" and fault.accepted for fault in caught.value.faults)


def test_no_model_and_no_topic_are_named():
    with pytest.raises(MissingStep, match=r"compare_prevalence takes Topics, not DataFrame: fit_topics"):
        quick([YEARS.documents])
    with pytest.raises(InputError, match="topic: received 2; accepted: 0 to 1"):
        quick(YEARS, chosen=[2])


# ------------------------------------------------------------------- simulations

REPLICATIONS = 250


def simulated(rng, documents, means, concentration):
    """Two groups of so many documents, their shares around two means."""
    shares = [drawn_shares(rng, m, concentration, n) for n, m in zip(documents, means, strict=True)]
    side = np.repeat(["a", "b"], documents)
    return topics_of(np.vstack(shares), tokens=drawn_sizes(rng, len(side)), side=side)


def test_p_is_uniform_where_nothing_differs():
    rng = np.random.default_rng(0)
    mean = np.full(5, 0.2)
    p = np.array([quick(simulated(rng, (25, 20), (mean, mean), 8.0))["p"] for _ in range(REPLICATIONS)])
    assert 0.035 <= (p < 0.05).mean() <= 0.07, (p < 0.05).mean()
    assert 0.08 <= (p < 0.1).mean() <= 0.125, (p < 0.1).mean()
    assert stats.kstest(p[:, 0], "uniform").pvalue > 0.05
    assert stats.kstest(p.ravel()[::2], "uniform").pvalue > 0.01


@pytest.mark.parametrize("documents", [(8, 8), (4, 60)])
def test_p_is_not_overconfident_about_rare_topics_and_few_documents(documents):
    rng = np.random.default_rng(sum(documents))
    p = np.array([quick(simulated(rng, documents, (MEANS, MEANS), 3.0))["p"] for _ in range(REPLICATIONS)])
    assert ((p < 0.05).mean(axis=0) <= 0.09).all(), (p < 0.05).mean(axis=0)
    assert ((p < 0.01).mean(axis=0) <= 0.04).all(), (p < 0.01).mean(axis=0)


MORE = np.array([0.06, 0.16, 0.22, 0.56])


@pytest.mark.parametrize(("documents", "concentration"), [((20, 20), 5.0), ((5, 60), 10.0)])
def test_95_percent_intervals_of_differences_and_odds_cover_95_percent(documents, concentration):
    rng = np.random.default_rng(sum(documents))
    odds = MORE / (1 - MORE) / (MEANS / (1 - MEANS))
    differences, ratios = [], []
    for _ in range(REPLICATIONS):
        table = quick(simulated(rng, documents, (MEANS, MORE), concentration))
        differences.append((table["low"] <= MORE - MEANS) & (table["high"] >= MORE - MEANS))
        ratios.append((table["odds_low"] <= odds) & (odds <= table["odds_high"]))
    for found in (np.mean(differences, axis=0), np.mean(ratios, axis=0)):
        assert ((found >= 0.9) & (found <= 1)).all(), found
        assert 0.93 <= found.mean() <= 0.99, found


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
@pytest.mark.parametrize("places", [10, 30])
def test_places_on_both_sides_are_neither_overconfident_nor_blind(places):
    rng = np.random.default_rng(places)
    p, held = [], []
    for _ in range(REPLICATIONS):
        own = drawn_shares(rng, MEANS, 8.0, places).repeat(2, axis=0)
        shares = [0.8 * own + 0.2 * drawn_shares(rng, MEANS, 8.0, 2 * places) for _ in "ab"]
        topics = topics_of(
            np.vstack(shares),
            tokens=drawn_sizes(rng, 4 * places),
            side=np.repeat(["a", "b"], 2 * places),
            place=np.tile(np.arange(places).repeat(2), 2),
        )
        table = quick(topics, cluster="place")
        p.append(table["p"])
        held.append((table["low"] <= 0) & (table["high"] >= 0))
    rejected, found = (np.array(p) < 0.05).mean(axis=0), np.mean(held, axis=0)
    assert (rejected <= 0.1).all(), rejected
    assert 0.02 <= rejected.mean() <= 0.08, rejected
    assert (found > 0.9).all(), found
