import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from topic_models import drawn_shares, topics_of

from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.topics.confounding import topic_confounding

COLUMNS = ["topic", "label", "factor", "levels", "documents", "r_squared", "adjusted"]


def of_shares(shares, **options):
    """Two topics, the first with these shares in documents of 100 tokens."""
    return topics_of([[s, 1 - s] for s in shares], **options)


def many(rng, documents=40, **columns):
    places, years = rng.integers(0, 4, documents), rng.integers(2019, 2022, documents)
    shares = drawn_shares(rng, [0.2, 0.3, 0.5], 5.0, documents)
    names = {"place": [f"p{i}" for i in places], "date": [f"{y}-05-07" for y in years]}
    return topics_of(shares, **names, **columns), shares, places, years


def quiet(topics, by, **options):
    return topic_confounding(topics, by, **({"warn_above": 1.0} | options))


def test_the_share_between_places_by_hand():
    # Means 0.2, 0.5 about 0.35: 4 · 0.15² = 0.09 between; 0.02 + 0.02 within.
    topics = of_shares([0.1, 0.3, 0.4, 0.6], place=list("aabb"))
    table = quiet(topics, "place")
    assert table.columns.tolist() == COLUMNS
    assert table["r_squared"].tolist() == pytest.approx([0.09 / 0.13] * 2, rel=1e-5)
    assert table["adjusted"].tolist() == pytest.approx([1 - (0.04 / 0.13) * 3 / 2] * 2, rel=1e-5)
    assert table[["topic", "label", "factor", "levels", "documents"]].to_numpy().tolist() == [
        [0, "w00 w01", "place", 2, 4],
        [1, "w01 w00", "place", 2, 4],
    ]


def test_documents_count_once_each_whatever_their_length():
    shares = [[0.1, 0.9], [0.3, 0.7], [0.4, 0.6], [0.9, 0.1], [0.5, 0.5]]
    topics = topics_of(shares, tokens=[10, 900, 50, 10, 40], document=[0, 1, 2, 3, 3], place=list("aabb"))
    last = (0.9 * 10 + 0.5 * 40) / 50
    alone = of_shares([0.1, 0.3, 0.4, last], place=list("aabb"))
    assert quiet(topics, "place")["r_squared"].tolist() == quiet(alone, "place")["r_squared"].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_one_factor_is_the_eta_squared_of_the_analysis_of_variance(seed):
    topics, shares, places, _ = many(np.random.default_rng(seed))
    table = quiet(topics, ["place"])
    for row in table.itertuples():
        groups = [shares[places == p, row.topic] for p in np.unique(places)]
        f = stats.f_oneway(*groups).statistic
        between, within = len(groups) - 1, len(shares) - len(groups)
        assert row.r_squared == pytest.approx(f * between / (f * between + within), rel=1e-5)
        # What is adjusted compares mean squares: 1 − (SSW / (n − k)) / (SST / (n − 1)).
        ssw = sum(((g - g.mean()) ** 2).sum() for g in groups)
        mean_square = ((shares[:, row.topic] - shares[:, row.topic].mean()) ** 2).sum() / (len(shares) - 1)
        assert row.adjusted == pytest.approx(1 - ssw / within / mean_square, rel=1e-4, abs=1e-6)


def test_all_factors_together_are_the_additive_model():
    topics, shares, places, years = many(np.random.default_rng(5))
    table = quiet(topics, ("place", "year")).set_index(["factor", "topic"])
    design = np.column_stack(
        [
            np.ones(40),
            *(places == p for p in (1, 2, 3)),
            *(years == y for y in (2020, 2021)),
        ]  # the first of each left out
    ).astype(float)
    for topic in range(3):
        y = shares[:, topic]
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        explained = 1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum()
        row = table.loc[("place + year", topic)]
        assert row["r_squared"] == pytest.approx(explained, rel=1e-5)
        assert row["adjusted"] == pytest.approx(1 - (1 - explained) * 39 / 34, rel=1e-5)
        assert row["levels"] == 6  # 4 + 3, less the one that both share
        for factor in ("place", "year"):
            assert row["r_squared"] >= table.loc[(factor, topic), "r_squared"]
    assert table.index.get_level_values("factor").unique().tolist() == ["place", "year", "place + year"]
    assert table.loc[("place", 0), "levels"] == 4
    assert table.loc[("year", 0), "levels"] == 3


def test_rows_stand_topic_by_topic():
    table = quiet(many(np.random.default_rng(0))[0], ("place", "year"))
    assert table["topic"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert table["factor"].tolist() == ["place", "year", "place + year"] * 3


def test_factors_that_say_the_same_together_say_no_more():
    topics, *_ = many(np.random.default_rng(2))
    twin = topics_of(
        topics.unit_shares, place=topics.counts.documents["place"], region=topics.counts.documents["place"]
    )
    table = quiet(twin, ("place", "region")).set_index(["factor", "topic"])
    assert table.loc["place + region"].equals(table.loc["place"])


def test_periods_of_dates_are_factors_and_rough_dates_a_value_of_their_own():
    dates = ["2020-02-01", "2020-05-01", "2020-05-02", "2020-01-01", "2021-02-01", "2021-02-03"]
    topics = of_shares([0.1, 0.2, 0.4, 0.3, 0.7, 0.5], date=dates, date_precision=["day"] * 3 + ["year"] + ["day"] * 2)
    levels = {f: quiet(topics, f)["levels"][0] for f in ("year", "quarter", "month")}
    assert levels == {"year": 2, "quarter": 4, "month": 4}


def test_a_factor_that_means_nothing_explains_nothing_on_average():
    # Over all orders of the documents R² is (levels − 1) / (n − 1) on average, and what is adjusted 0.
    rng = np.random.default_rng(3)
    place = np.repeat(list("abcd"), 5)
    shares = rng.beta(0.5, 2, 20)
    found = [quiet(of_shares(rng.permutation(shares), place=place), "place").iloc[0] for _ in range(250)]
    assert np.mean([f["r_squared"] for f in found]) == pytest.approx(3 / 19, abs=0.016)
    assert np.mean([f["adjusted"] for f in found]) == pytest.approx(0, abs=0.019)
    assert min(f["adjusted"] for f in found) < 0


def test_a_place_that_decides_the_share_explains_all():
    table = quiet(of_shares([0.1, 0.1, 0.7, 0.7, 0.4, 0.4], place=list("aabbcc")), "place")
    assert table[["r_squared", "adjusted"]].to_numpy().tolist() == [[1, 1], [1, 1]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=9, max_size=9), st.floats(0.01, 0.98))
def test_a_topic_that_is_everywhere_the_same_is_explained_by_nothing(tokens, share):
    # Divided by their tokens, blocks leave shares that differ by rounding; that is no variance.
    topics = topics_of(
        [[share, 1 - share - 0.01, 0.01]] * 9, tokens=tokens, document=[0, 0, 1, 1, 2, 2, 3, 3, 4], place=list("aabbb")
    )
    table = topic_confounding(topics, "place")
    assert (table["r_squared"] == 0).all()
    assert table["adjusted"].tolist() == pytest.approx([1 - 4 / 3] * 3, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000))
def test_what_is_explained_is_a_share_and_what_is_adjusted_no_more(seed):
    table = quiet(many(np.random.default_rng(seed), 15)[0], ("place", "year"))
    assert table["r_squared"].between(0, 1).all()
    assert (table["adjusted"] <= table["r_squared"] + 1e-9).all()


def test_documents_without_tokens_are_left_out():
    topics = of_shares([0.1, 0.3, 0.4, 0.6, 0.5], tokens=[100, 100, 100, 100, 0], place=list("aabbc"))
    table = quiet(topics, "place")
    assert table[["levels", "documents"]].to_numpy().tolist() == [[2, 4]] * 2
    assert table["r_squared"][0] == pytest.approx(0.09 / 0.13, rel=1e-5)


def test_topics_that_are_places_or_eras_are_named_in_a_warning():
    rng = np.random.default_rng(0)
    place = np.repeat(list("abcd"), 10)
    local = np.where(place == "a", 0.5, 0.1) + rng.normal(0, 0.01, 40)
    theme = rng.uniform(0.1, 0.3, 40)
    shares = np.column_stack([local, theme, 1 - local - theme])
    topics = topics_of(shares, place=place, date=["2020-05-07", "2021-05-07"] * 20, labels=["", "minors", ""])
    with pytest.warns(TifaWarning) as caught:
        table = topic_confounding(topics)
    (said,) = [str(w.message) for w in caught]
    high = table[(table["factor"] == "place") & (table["adjusted"] > 0.5)]
    assert high["topic"].tolist() == [0, 2]
    assert said.startswith(
        "2 of 3 topics are explained mostly by one factor (adjusted R² above 0.5): 0 (w00 w01 w02): place 1.00; 2 (w02"
    )
    assert "minors" not in said
    assert "place + year" not in said


def test_the_bound_of_the_warning_is_hers():
    topics = of_shares([0.1, 0.3, 0.4, 0.6], place=list("aabb"))  # adjusted 0.54
    with pytest.warns(TifaWarning, match="adjusted R² above 0.5"):
        topic_confounding(topics, "place")
    topic_confounding(topics, "place", warn_above=0.6)


def test_labels_are_those_of_the_topics():
    assert quiet(of_shares([0.1, 0.3, 0.4, 0.6], place=list("aabb"), labels=["net", ""]), "place")["label"][0] == "net"


# ------------------------------------------------------------------- what is refused


def test_a_factor_of_one_value_or_of_one_for_each_document_is_refused():
    topics = of_shares([0.1, 0.3, 0.4, 0.6], place=["a"] * 4, kind=list("abab"))
    with pytest.raises(InputError) as caught:
        topic_confounding(topics, ("place", "id", "kind"))
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("place", "1 values in 4 documents"),
        ("id", "4 values in 4 documents"),
    ]
    assert "accepted: at least 2, and fewer than documents" in str(caught.value)


def test_unknown_columns_and_bounds_are_named_at_once():
    with pytest.raises(InputError) as caught:
        topic_confounding(of_shares([0.1, 0.2]), ("town", "year", "era"), warn_above=50)
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("by", "'town'"),
        ("by", "'era'"),
        ("warn_above", "50"),
    ]
    assert "accepted: year, quarter, month, id, date, language" in str(caught.value)
    with pytest.raises(InputError, match="by: received none; accepted: at least one column"):
        topic_confounding(of_shares([0.1, 0.2]), ())
    with pytest.raises(InputError, match="warn_above: received 'half'; accepted: a number between 0 and 1"):
        topic_confounding(of_shares([0.1, 0.2]), warn_above="half")


def test_no_model_names_the_step():
    with pytest.raises(MissingStep, match=r"topic_confounding takes Topics, not list: fit_topics"):
        topic_confounding([of_shares([0.1, 0.2])])
