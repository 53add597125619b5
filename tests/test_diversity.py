"""Profiles of statements, and how often their intervals hold the truth."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from small_corpora import corpus_of

from analysis.corpus import Corpus
from analysis.diversity import LEAST_WORDS, profile
from analysis.diversity_measures import MEASURES, Texts, mattr, mtld
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.segmentation import segment
from analysis.tokens import Tokens


def english(*texts, **columns):
    return segment(corpus_of(*texts, language="en", **columns))


def constructed(ids, **columns):
    """Tokens of texts given as arrays of numbers: word i is written ``w0000i``."""
    lengths = [len(one) for one in ids]
    offsets = np.cumsum([0, *lengths])
    starts = np.concatenate([7 * np.arange(n, dtype=np.int32) for n in lengths])
    return Tokens(
        ids=np.concatenate(ids).astype(np.int32),
        starts=starts,
        ends=starts + 6,
        document_offsets=offsets,
        line_starts=np.isin(np.arange(offsets[-1]), offsets[:-1]),
        vocabulary=tuple(f"w{i:05d}" for i in range(max(int(np.max(one)) for one in ids) + 1)),
        documents=pd.DataFrame(
            {
                "id": [f"d{i:04d}" for i in range(len(ids))],
                "date": pd.Timestamp("2021-05-07"),
                "language": "en",
                "tokens": lengths,
            }
            | columns
        ),
        recipe={"corpus": "constructed"},
    )


VOCABULARY, TOPICS, STAY = 3000, 25, 60
FALLING = 1 / np.arange(1, VOCABULARY + 1)


def cumulated_topics():
    """How often each word is in each topic, cumulated; the first is what all topics share."""
    rng = np.random.default_rng(1)
    weights = np.vstack([FALLING, FALLING * rng.gamma(0.3, 1, (TOPICS, VOCABULARY))])
    return np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)


def simulated(n_texts, length, rng, cumulated):
    """Texts that stay with a topic for some 60 words; every second word is one that all topics share."""
    shape = (n_texts, length)
    turns = rng.random(shape) < 1 / STAY
    turns[:, 0] = True
    begun = np.maximum.accumulate(np.where(turns, np.arange(length), 0), axis=1)
    topic = np.take_along_axis(rng.integers(1, TOPICS + 1, shape), begun, axis=1)
    topic[rng.random(shape) < 0.5] = 0
    draws, words = rng.random(shape), np.zeros(shape, dtype=np.int32)
    for k in range(TOPICS + 1):
        here = topic == k
        words[here] = np.searchsorted(cumulated[k], draws[here])
    return np.minimum(words, VOCABULARY - 1)


def texts_of(words):
    return Texts(words.ravel(), np.arange(len(words) + 1) * words.shape[1])


@pytest.mark.parametrize(("length", "least"), [(500, 0.82), (1000, 0.89)])
def test_intervals_of_a_statement_hold_the_mean_of_others_like_it(length, least):
    rng = np.random.default_rng(length)
    cumulated = cumulated_topics()
    truth = {name: np.mean(m(texts_of(simulated(500, length, rng, cumulated)))) for name, m in MEASURES.items()}
    table = profile(constructed(list(simulated(200, length, rng, cumulated))))
    for name, true in truth.items():
        held = (table[f"{name}_low"] <= true) & (true <= table[f"{name}_high"])
        assert least <= held.mean() <= 0.99, name


def test_drawing_blocks_with_replacement_would_not():
    # Why statements are not bootstrapped: blocks that are drawn twice repeat all their words.
    rng = np.random.default_rng(7)
    cumulated = cumulated_topics()
    words = simulated(40, 1000, rng, cumulated)
    truth, spread = (f(MEASURES["ttr"](texts_of(simulated(400, 1000, rng, cumulated)))) for f in (np.mean, np.std))
    held, shift = 0, []
    for one in words:
        starts = rng.integers(0, 951, (100, 20))
        redrawn = one[(starts[:, :, None] + np.arange(50)).reshape(100, -1)]
        values = MEASURES["ttr"](texts_of(redrawn))
        low, high = np.quantile(values, [0.025, 0.975])
        held += low <= truth <= high
        shift.append(values.mean() - MEASURES["ttr"](one))
    assert held == 0
    assert np.mean(shift) < -5 * spread


def test_intervals_of_a_group_hold_the_mean_of_all_documents():
    # 200 groups of 8 documents of one speaker each, speakers differing in how varied they are: skewed.
    rng = np.random.default_rng(3)
    exponents = 0.4 + rng.gamma(2, 0.25, 1600)
    ids = [rng.choice(400, 150, p=(w := np.arange(1, 401.0) ** -e) / w.sum()) for e in exponents]
    tokens = constructed(ids, speaker=np.repeat([f"s{i:03d}" for i in range(200)], 8))
    table = profile(tokens, by="speaker", measures=["mattr", "mtld", "yule_k"], resamples=300)
    every = profile(tokens, by="all", measures=["mattr", "mtld", "yule_k"], resamples=100)
    for name, least in (("mattr", 0.88), ("mtld", 0.88), ("yule_k", 0.7)):  # K is far more skewed
        held = (table[f"{name}_low"] <= every[name][0]) & (every[name][0] <= table[f"{name}_high"])
        assert least <= held.mean() <= 0.99, name


LONG = constructed([np.arange(700) % 90, np.arange(1200) ** 2 % 211, np.arange(120) % 50])


def test_values_are_those_of_the_measures():
    table = profile(LONG).set_index("document")
    assert table[["tokens", "types"]].to_numpy().tolist()[0] == [700, 90]
    ids = LONG.ids[700:1900]
    for name, measure in MEASURES.items():
        assert table.loc["d0001", name] == pytest.approx(measure(ids), rel=1e-5)
    assert (table[["mattr_low", "mtld_low"]].to_numpy()[:2] <= table[["mattr", "mtld"]].to_numpy()[:2]).all()
    without = profile(LONG, intervals=False)
    limits = [c for c in table if c.endswith(("_low", "_high"))]
    assert len(limits) == 2 * len(MEASURES)
    pd.testing.assert_frame_equal(table.drop(columns=[*limits, "short"]).reset_index(), without.drop(columns="short"))


def test_an_interval_is_that_of_the_jackknife():
    # 1,200 words: five blocks of 240; t of 4 degrees of freedom is 2.776, at 99 % 4.604.
    ids = LONG.ids[700:1900]

    def error(measure):
        left = [measure(np.delete(ids, np.s_[i : i + 240])) for i in range(0, 1200, 240)]
        return np.sqrt(4 / 5 * np.square(left - np.mean(left)).sum())

    row, wider = (profile(LONG, measures=["mattr", "mtld"], level=level).iloc[1] for level in (0.95, 0.99))
    for limits, t in ((row, 2.7764451), (wider, 4.6040949)):
        assert limits["mattr_low"] == pytest.approx(mattr(ids) - t * error(mattr), rel=1e-5)
        ratio = np.exp(t * error(mtld) / mtld(ids))
        assert [limits["mtld_low"], limits["mtld_high"]] == pytest.approx(
            [mtld(ids) / ratio, mtld(ids) * ratio], rel=1e-5
        )


def test_limits_stay_where_the_measure_can_be():
    rng = np.random.default_rng(0)
    table = profile(constructed([rng.integers(0, 5000, 500) for _ in range(20)]))
    assert (table["hd_d_high"] <= 1).all()
    assert (table["yule_k_low"] >= 0).all()


def test_what_a_statement_is_too_short_for_is_said():
    tokens = constructed([np.arange(30) % 7, np.arange(60), np.arange(300) % 150, np.arange(700) % 90])
    table = profile(tokens)
    assert table["short"].tolist() == [
        "msttr, mattr: under 100 words; hd_d: under 42 words; intervals: under 500 words",
        "msttr, mattr: under 100 words; mtld: no word stands twice; intervals: under 500 words",
        "intervals: under 500 words",
        "",
    ]
    assert table[["msttr", "mattr", "hd_d"]].isna().to_numpy().tolist() == [
        [True] * 3,
        [True, True, False],
        [False] * 3,
        [False] * 3,
    ]
    assert table["ttr"].tolist() == pytest.approx([7 / 30, 1, 0.5, 9 / 70], rel=1e-5)
    assert table["ttr_low"].isna().tolist() == [True, True, True, False]


def test_an_interval_needs_a_statement_that_is_long_enough_without_a_block():
    table = profile(constructed([np.arange(LEAST_WORDS) % 90]), window=450)
    assert table["mattr"].notna().all()
    assert table["mattr_low"].isna().all()
    assert table["mtld_low"].notna().all()


def test_documents_without_words():
    table = profile(english("!", "a b a")).set_index("document")
    assert table.loc["d0", ["tokens", "types", "hapaxes"]].tolist() == [0, 0, 0]
    assert table.loc["d0", list(MEASURES)].isna().all()
    assert table.loc["d0", "short"].startswith("ttr, msttr, mattr, mtld, hd_d, yule_k, maas: no words")
    assert profile(english("!", "?"))["ttr"].isna().all()
    assert profile(english("!"), by="all")["mattr"].isna().all()


def test_punctuation_removed_tokens_and_letter_case_make_no_types():
    tokens = english("The net, the Net; a net!")
    assert profile(tokens)[["tokens", "types", "hapaxes"]].to_numpy().tolist() == [[6, 3, 1]]
    assert profile(tokens, case_sensitive=True)["types"].tolist() == [5]
    ids = np.array(tokens.ids)
    ids[ids == tokens.vocabulary.index("net")] = -1
    assert profile(dataclasses.replace(tokens, ids=ids))[["tokens", "types"]].to_numpy().tolist() == [[4, 3]]
    assert profile(english("the net the net a net"))["ttr"].equals(profile(tokens)["ttr"])


def test_groups_are_means_over_documents_not_words_in_one_heap():
    rng = np.random.default_rng(5)
    ids = [rng.integers(0, 200, n) for n in (150, 900, 400, 60)]
    tokens = constructed(ids, date=pd.to_datetime(["2020-01-02", "2020-05-06", "2021-01-01", "2021-02-02"]))
    table = profile(tokens, by="year", window=100).set_index("period")
    assert table["documents"].tolist() == [2, 2]
    assert table.loc["2020", "mattr"] == pytest.approx(np.mean([mattr(i) for i in ids[:2]]), rel=1e-5)
    assert table.loc["2020", "types"] == len(set(ids[0].tolist()) | set(ids[1].tolist()))
    assert table.loc["2021", "mattr"] == pytest.approx(mattr(ids[2]), rel=1e-5)
    assert table.loc["2021", "short"] == "msttr: 1 of 2 documents; mattr: 1 of 2 documents"
    assert np.isnan(table.loc["2021", "mattr_low"])
    assert table.loc["2021", "yule_k_low"] < table.loc["2021", "yule_k"] < table.loc["2021", "yule_k_high"]
    assert "ttr" not in table
    assert "maas" not in table


def test_an_interval_of_a_group_is_that_of_student():
    ids = [np.arange(200) % n for n in (40, 60, 80, 90, 95)]
    row = profile(constructed(ids), by="all", measures="mattr", resamples=20000).iloc[0]
    values = np.array([0.4, 0.6, 0.8, 0.9, 0.95])
    half = 2.7764451 * values.std(ddof=1) / np.sqrt(5)
    assert row["mattr"] == pytest.approx(0.73)
    assert [row["mattr"] - row["mattr_low"], row["mattr_high"] - row["mattr"]] == pytest.approx(
        [half, 1 - 0.73], rel=0.02
    )


def test_translations_and_clusters_are_drawn_together():
    ids = [np.arange(200) % n for n in (40, 40, 60, 60, 90, 90)]
    apart = profile(constructed(ids), by="all", measures="mattr").iloc[0]
    pairs = constructed(ids, translation_of=["", "d0000", "", "d0002", "", "d0004"])
    together = profile(pairs, by="all", measures="mattr").iloc[0]
    assert together["mattr"] == apart["mattr"]
    assert together["mattr_low"] < apart["mattr_low"]
    with pytest.warns(TifaWarning, match="6 clusters"):
        clustered = profile(constructed(ids, place=list("abcdef")), by="all", measures="mattr", cluster="place").iloc[0]
    assert clustered["mattr_low"] == apart["mattr_low"]
    with pytest.raises(InputError, match="3 clusters; accepted: at least 5"):
        profile(constructed(ids, place=list("aabbcc")), by="all", cluster="place")


def test_a_seed_reproduces_and_another_does_not():
    ids = [np.arange(200) % n for n in (40, 60, 90)]
    one, same, other = (profile(constructed(ids), by="all", seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert one["mattr_low"][0] != other["mattr_low"][0]
    assert one["mattr"][0] == other["mattr"][0]


def test_rough_dates_are_a_row_of_their_own():
    tokens = english("a b", "a c", "b c", date=["2020", "2021-03", "2021-03-05"])
    with pytest.warns(TifaWarning, match="ttr change with the length"):
        table = profile(tokens, by="month", measures=["ttr"], resamples=100)
    assert table[["period", "documents"]].to_numpy().tolist() == [["2021-03", 2], ["unplaced", 1]]


def test_languages_share_no_row():
    rows = {"id": ["a", "b"], "date": "2021", "language": ["zh", "en"], "text": ["净化网络净化", "purify the net"]}
    tokens = segment(Corpus(pd.DataFrame(rows)))
    with pytest.raises(InputError, match="statements in en and zh"):
        profile(tokens, by="year")
    assert profile(tokens)["tokens"].tolist() == [3, 3]
    assert profile(tokens, by="language")["period"].tolist() == ["en", "zh"]


def test_all_faults_are_listed_at_once():
    with pytest.raises(InputError) as caught:
        profile(LONG, by="week", measures=["ttr", "vocd"], window=0, cluster="no", level=95, resamples=3, seed=-1)
    fields = [f.field for f in caught.value.faults]
    assert fields == ["measures", "window", "by", "cluster", "level", "resamples", "seed"]
    with pytest.raises(InputError, match="measures: received none"):
        profile(LONG, measures=[])
    with pytest.raises(InputError, match="none where each document has a row of its own"):
        profile(LONG, cluster="language")


def test_a_missing_step_is_named():
    with pytest.raises(MissingStep, match=r"segment\(corpus\)"):
        profile(corpus_of("净化"))
