"""Keywords: by hand, against other programs, under exchange and reordering; coverage of the limits; bad input."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import MEAN_SIZE, SETTINGS
from scipy import sparse

from analysis import association
from analysis.corpus import Corpus
from analysis.counts import Counts, count
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.intervals import ratio_limits, ratio_p
from analysis.keyness import keywords
from analysis.keyness_uncertainty import RatioSide, log_ratio_limits
from analysis.segmentation import segment
from analysis.vocabulary import trim

PROGRAMS = json.loads((Path(__file__).parent / "references/keyness_programs.json").read_text(encoding="utf-8"))


def counts_of(texts, *, first=0, vocabulary=None, recipe=(), **columns):
    """Counts of documents d000, d001, …, each given as ``{feature: hits}``."""
    words = tuple(sorted({w for text in texts for w in text})) if vocabulary is None else tuple(vocabulary)
    dense = np.array([[text.get(w, 0) for w in words] for text in texts], dtype=np.int32).reshape(
        len(texts), len(words)
    )
    return counts_from(sparse.csr_array(dense), words, first=first, recipe=recipe, **columns)


def counts_from(matrix, vocabulary, *, first=0, recipe=(), **columns):
    n = matrix.shape[0]
    ids = [f"d{first + i:03d}" for i in range(n)]
    documents = pd.DataFrame({"id": ids, "date": pd.Timestamp("2020-01-01"), "language": "zh"} | columns)
    units = pd.DataFrame({"document": ids, "unit": 0, "start": 0, "end": 1})
    return Counts(matrix, vocabulary, documents, units, {"tokens": "t", "units": "documents"} | dict(recipe))


def pair_of(target, reference, **options):
    words = sorted({w for text in (*target, *reference) for w in text})
    return counts_of(target, vocabulary=words, **options), counts_of(
        reference, vocabulary=words, first=len(target), **options
    )


def key(target, reference, **options):
    """All features with a hit, both sides, few draws: unless ``options`` say otherwise."""
    loose = {"side": "both", "minimum_hits": 1, "minimum_documents": 1, "resamples": 100}
    return keywords(target, reference, **(loose | options))


@st.composite
def sides(draw, least=2):
    hits = st.dictionaries(st.sampled_from("甲乙丙丁戊"), st.sampled_from([1, 1, 2, 7, 40]), max_size=4)
    both = [draw(st.lists(hits, min_size=least, max_size=6)) for _ in range(2)]
    return pair_of(*([{"常": draw(st.integers(1, 300)), **text} for text in side] for side in both))


# ------------------------------------------------------------------------ by hand


def test_a_small_table_by_hand():
    table = key(*pair_of([{"x": 3, "a": 1}, {"x": 6}], [{"x": 8, "b": 2}, {"b": 10, "x": 0}])).set_index("feature")
    assert table[["target", "reference"]].loc[["x", "a", "b"]].to_numpy().tolist() == [[9, 8], [1, 0], [0, 12]]
    assert table.loc["x", ["target_per_million", "reference_per_million"]].tolist() == [900_000, 400_000]
    assert table.loc["x", "effect"] == pytest.approx(np.log2(0.9 / 0.4), rel=1e-5)
    assert table.loc["a", "effect"] == pytest.approx(np.log2(0.1 / (0.5 / 20)), rel=1e-5)
    assert table.loc["b", "effect"] == pytest.approx(np.log2((0.5 / 10) / 0.6), rel=1e-5)
    assert table["exclusive"].to_dict() == {"x": "", "a": "target", "b": "reference"}
    assert table.loc[["x", "a", "b"], "documents"].tolist() == [2, 1, 2]
    assert table.loc["x", ["target_documents", "reference_documents"]].tolist() == [2, 1]
    assert (table["tests"] == 3).all()
    assert table.loc["x", "log_likelihood"] == pytest.approx(float(association.log_likelihood(9, 10, 17, 30)), rel=1e-5)


def test_columns_and_their_order():
    table = key(*pair_of([{"x": 3}], [{"x": 1}, {"x": 2}]), measures=("chi_squared", "mi"))
    assert list(table) == [
        "feature", "target", "reference", "target_per_million", "reference_per_million", "effect", "low", "high",
        "documents", "target_documents", "reference_documents", "chi_squared", "mi", "text_dispersion", "p_adjusted",
        "tests", "exclusive",
    ]  # fmt: skip


def test_one_document_a_side_gets_the_exact_limits_of_independent_hits():
    with pytest.warns(TifaWarning, match="One document on each side tells nothing"):
        table = key(*pair_of([{"x": 20, "o": 1980}], [{"x": 10, "o": 990}])).set_index("feature")
    low, high = ratio_limits(10, 20, 1.0)
    assert table.loc["x", ["low", "high"]].tolist() == pytest.approx([np.log2(low / 2), np.log2(high / 2)], rel=1e-5)
    assert table.loc["x", "effect"] == 0


@pytest.mark.parametrize(("side", "infinite", "finite"), [("target", "high", "low"), ("reference", "low", "high")])
def test_exclusive_words_have_one_finite_limit(side, infinite, finite):
    texts = [{"o": 100, "x": n} for n in (2, 3, 4, 3)], [{"o": 100}] * 4
    row = key(*pair_of(*(texts if side == "target" else texts[::-1]))).set_index("feature").loc["x"]
    sign = 1 if side == "target" else -1
    assert row["exclusive"] == side
    assert row[infinite] == sign * np.inf
    assert 0 < sign * row[finite] < sign * row["effect"] < 6
    assert row["effect"] == pytest.approx(sign * np.log2((12 / 412) / (0.5 / 400)), rel=1e-5)


def test_half_a_hit_does_not_turn_the_sign():
    # One hit in 3,000 words, none in 10: half a hit in 10 would be far more often.
    pair = pair_of([{"o": 10}] * 2, [{"o": 999}] * 2 + [{"o": 1001, "x": 1}])
    for sign, sides_of in ((-1, pair), (1, pair[::-1])):
        row = key(*sides_of).set_index("feature").loc["x"]
        assert row["effect"] == 0
        assert row["exclusive"] == ("reference" if sign < 0 else "target")
        assert row["documents"] == 1
        assert row["low" if sign < 0 else "high"] == sign * np.inf
        assert "x" not in set(key(*sides_of, side="target")["feature"])


def test_limits_come_from_documents_and_not_from_words():
    even = key(*pair_of([{"x": 4, "o": 996}] * 10, [{"x": 2, "o": 998}] * 10)).set_index("feature").loc["x"]
    lumped = [{"x": 20, "o": 980}] * 2 + [{"o": 1000}] * 8
    lumpy = key(*pair_of(lumped, [{"x": 2, "o": 998}] * 10)).set_index("feature").loc["x"]
    assert even[["effect", "log_likelihood"]].tolist() == lumpy[["effect", "log_likelihood"]].tolist()
    assert lumpy["high"] - lumpy["low"] > 2 * (even["high"] - even["low"])
    assert even["low"] > 0 > lumpy["low"]
    assert even["p_adjusted"] < 0.01 < 0.05 < lumpy["p_adjusted"]


def test_one_talkative_document_makes_no_keyword():
    # One document of thirty says 甲 200 times; each of them says 乙 two or three times, twice as often as in the reference.
    rng = np.random.default_rng(0)
    target = [{"乙": int(n), "常": 400} for n in rng.integers(3, 6, 30)]
    reference = [
        {"乙": int(n), "甲": int(m), "常": 400}
        for n, m in zip(rng.integers(1, 4, 30), rng.integers(0, 2, 30), strict=True)
    ]
    target[0]["甲"] = 200
    table = keywords(*pair_of(target, reference), minimum_documents=1)
    by_evidence = keywords(*pair_of(target, reference), minimum_documents=1, rank_by="log_likelihood")
    assert by_evidence["feature"].iloc[0] == "甲"
    assert table["feature"].tolist() == ["乙", "甲"]
    rows = table.set_index("feature")
    assert rows.loc["乙", "low"] > 0 > rows.loc["甲", "low"]
    assert rows.loc["甲", "p_adjusted"] > 0.05 > rows.loc["乙", "p_adjusted"]
    assert rows.loc["甲", "text_dispersion"] < 0 <= rows.loc["乙", "text_dispersion"]
    assert "甲" not in set(keywords(*pair_of(target, reference))["feature"]), "three documents are the least"


# --------------------------------------------------------- published, and other programs


def program_counts():
    """The texts that keylexbundles counted; it takes all words as the size, of which a four-gram has four."""
    target, reference = PROGRAMS["target"], PROGRAMS["reference"]
    return [
        counts_of(
            texts,
            vocabulary="abcdefg",
            first=10 * i,
            recipe={"trimmed": []},
            tokens=[4 * sum(text.values()) for text in texts],
        )
        for i, texts in enumerate((target, reference))
    ]


@pytest.mark.parametrize("side", ["target", "reference"])
def test_text_dispersion_is_that_of_keylexbundles(side):
    pair = program_counts()
    table = key(*(pair if side == "target" else pair[::-1]), measures={"log_likelihood": {"cells": 2, "signed": True}})
    rows = table.set_index("feature")
    theirs = PROGRAMS["keylexbundles"][side]
    assert theirs
    for feature, numbers in theirs.items():
        assert rows.loc[feature, "text_dispersion"] == pytest.approx(numbers["dispersion"], rel=1e-5)
        assert rows.loc[feature, "log_likelihood"] == pytest.approx(numbers["frequency"], rel=1e-5)


def test_fightin_words_are_those_of_scattertext():
    theirs = PROGRAMS["scattertext"]
    table = key(*program_counts(), measures={"log_odds_dirichlet": {"prior": theirs["prior"]}}).set_index("feature")
    y = table[["target", "reference"]].to_numpy(dtype=float).T
    y = y + theirs["prior"] * y.sum(axis=0) / y.sum()
    kept = (1 / y).sum(axis=0)
    full = kept + (1 / (y.sum(axis=1, keepdims=True) - y)).sum(axis=0)  # all four terms, as there
    ours = dict(zip(table.index, table["log_odds_dirichlet"] * np.sqrt(kept / full), strict=True))
    assert ours == pytest.approx(theirs["zeta"], rel=1e-5)


# quanteda.textstats, tests/testthat/test-textstat_keyness.R: "basic textstat_keyness works on two rows" (chi-squared
# with Yates's correction), "basic textstat_keyness lr works on two rows" (likelihood ratio without correction).
QUANTEDA = "a a a b b c c c c c c d e f g h h", "a a b c c d d d d e f h"


@pytest.mark.filterwarnings("ignore:One document on each side")
@pytest.mark.parametrize(("measure", "order"), [("log_likelihood", "cgbhaefd"), ("chi_squared", "gcbhaefd")])
def test_the_order_is_that_of_quanteda(measure, order):
    pair = pair_of(*([{w: text.split().count(w) for w in set(text.split())}] for text in QUANTEDA))
    table = key(*pair, measures={measure: {"signed": True}}).set_index("feature").sort_index()
    assert table.loc["a", ["target", "reference"]].tolist() == [3, 2]
    a, b, c, d = table["target"], table["reference"], 17 - table["target"], 12 - table["reference"]
    if measure == "chi_squared":
        # quanteda corrects only where |ad - bc| is at least n / 2 (and some cell expects less than 5, as here).
        corrected = key(*pair, measures={measure: {"signed": True, "yates": "plain"}}).set_index("feature").sort_index()
        table[measure] = table[measure].where((a * d - b * c).abs() < 29 / 2, corrected[measure])
    # In the order of the alphabet where equal, as quanteda has it.
    assert "".join(table.sort_values(measure, ascending=False, kind="stable").index) == order


# ---------------------------------------------------------------------- properties


@settings(max_examples=25, deadline=None)
@given(sides())
def test_columns_are_the_measures_of_their_counts(pair):
    names = ["log_likelihood", "chi_squared", "fisher_exact", "log_ratio", "percent_difference", "simple_maths", "bic"]
    table = key(*pair, measures=names, resamples=0)
    sizes = [int(c.matrix.sum()) for c in pair]
    hits = table["target"] + table["reference"]
    assert hits.sum() == sum(sizes)
    for name in names:
        score = association.MEASURES[name](table["target"], sizes[0], hits, sum(sizes))
        assert table[name].to_numpy() == pytest.approx(score, rel=1e-5, abs=1e-9, nan_ok=True)
    shared = table[table["exclusive"] == ""]
    assert shared["effect"].to_numpy() == pytest.approx(shared["log_ratio"].to_numpy(), rel=1e-5)
    assert table[["low", "high", "p_adjusted"]].isna().all(axis=None)


@settings(max_examples=25, deadline=None)
@given(sides())
def test_exchanged_sides_turn_signs(pair):
    one = key(*pair).set_index("feature").sort_index()
    two = key(*pair[::-1]).set_index("feature").sort_index()
    assert one["effect"].to_numpy() == pytest.approx(-two["effect"].to_numpy(), rel=1e-5)
    assert one["low"].to_numpy() == pytest.approx(-two["high"].to_numpy(), rel=1e-4, abs=1e-9)
    assert one["p_adjusted"].to_numpy() == pytest.approx(two["p_adjusted"].to_numpy(), rel=1e-4)
    assert one["text_dispersion"].to_numpy() == pytest.approx(-two["text_dispersion"].to_numpy(), rel=1e-5, abs=1e-9)
    assert one["log_likelihood"].to_numpy() == pytest.approx(two["log_likelihood"].to_numpy(), rel=1e-5, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(sides())
def test_limits_enclose_the_effect_and_rank_the_features(pair):
    table = key(*pair)
    assert ((table["low"] <= table["effect"]) & (table["effect"] <= table["high"])).all()
    assert ((table["p_adjusted"] > 0) & (table["p_adjusted"] <= 1)).all()
    on_target = (table["effect"] > 0) | ((table["effect"] == 0) & (table["target"] > 0))
    bound = np.where(on_target, table["low"], -table["high"])
    assert (bound < np.inf).all()
    assert (bound[1:] <= bound[:-1]).all()
    sure = (table["low"] > 0) | (table["high"] < 0)
    assert sure.tolist() == sorted(sure, reverse=True), "those whose limits enclose 0 come last"
    wide = key(*pair, level=0.99).set_index("feature").loc[table["feature"]]
    assert (wide["low"].to_numpy() <= table["low"].to_numpy()).all()
    assert (wide["high"].to_numpy() >= table["high"].to_numpy()).all()


@settings(max_examples=25, deadline=None)
@given(sides(), st.randoms())
def test_the_order_of_documents_does_not_matter(pair, random):
    shuffled = []
    for counts in pair:
        rows = random.sample(range(len(counts.documents)), len(counts.documents))
        shuffled.append(
            Counts(
                counts.matrix[rows],
                counts.vocabulary,
                counts.documents.iloc[rows].reset_index(drop=True),
                counts.units.iloc[rows].reset_index(drop=True),
                counts.recipe,
            )
        )
    pd.testing.assert_frame_equal(key(*pair), key(*shuffled))


@settings(max_examples=25, deadline=None)
@given(sides())
def test_features_are_matched_by_name(pair):
    def narrowed(counts):
        used = np.flatnonzero(np.asarray(counts.matrix.sum(axis=0)).ravel())
        return counts_from(
            counts.matrix[:, used], tuple(counts.vocabulary[i] for i in used), first=int(counts.documents["id"][0][1:])
        )

    pd.testing.assert_frame_equal(key(*pair), key(*map(narrowed, pair)))


@settings(max_examples=25, deadline=None)
@given(sides(least=3))
def test_asking_for_some_features_changes_only_the_tests(pair):
    whole = key(*pair).set_index("feature")
    part = key(*pair, features=["常"]).set_index("feature")
    assert part["tests"].tolist() == [1]
    same = ["target", "target_per_million", "effect", "low", "high", "log_likelihood"]
    assert part.loc["常", same].tolist() == pytest.approx(whole.loc["常", same].tolist(), rel=1e-5)
    assert part.loc["常", "p_adjusted"] <= whole.loc["常", "p_adjusted"] * (1 + 1e-5)


@settings(max_examples=25, deadline=None)
@given(sides())
def test_blocks_count_as_their_documents(pair):
    def halved(counts):
        dense = counts.matrix.toarray()
        half = dense // 2
        units = counts.units.loc[counts.units.index.repeat(2)].reset_index(drop=True)
        matrix = sparse.csr_array(np.stack([half, dense - half], axis=1).reshape(-1, dense.shape[1]))
        return Counts(matrix, counts.vocabulary, counts.documents, units, dict(counts.recipe) | {"units": "blocks"})

    pd.testing.assert_frame_equal(key(*pair), key(*map(halved, pair)))


@settings(max_examples=60)
@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.6, 20), st.floats(0.2, 5))
def test_the_test_and_the_limits_agree_where_nothing_is_estimated(before, after, effect, expected):
    p = float(ratio_p(before, after, effect, expected=expected))
    low, high = ratio_limits(before, after, effect)
    if abs(p - 0.05) > 1e-9:
        assert (p < 0.05) == (not low <= expected <= high)


def test_seeds():
    pair = pair_of([{"x": n, "o": 50} for n in (1, 5, 0, 9)], [{"x": n, "o": 50} for n in (1, 2, 0, 3)])
    one, again, other = (key(*pair, seed=seed).set_index("feature") for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert one.loc["x", "low"] != other.loc["x", "low"]
    assert one.loc["x", "low"] == pytest.approx(other.loc["x", "low"], rel=0.3)


# -------------------------------------------------------------------- options


def test_rules_leave_out_what_they_say_and_count_the_tests():
    target = [{"x": 3, "y": 1, "，": 9, "z": 6}, {"x": 3, "y": 1, "，": 9}, {"x": 3, "w": 1, "，": 9}]
    reference = [{"x": 2, "y": 4, "，": 2}, {"x": 2, "y": 4, "，": 2}, {"x": 2, "y": 4}]
    pair = pair_of(target, reference)
    names = {
        options: sorted(keywords(*pair, side="both", **dict(options))["feature"])
        for options in ((), (("words_only", False),), (("minimum_documents", 1),), (("minimum_hits", 15),))
    }
    assert list(names.values()) == [["x", "y"], ["x", "y", "，"], ["x", "y", "z"], ["x"]]
    assert keywords(*pair, side="both")["tests"].tolist() == [2, 2]
    words = keywords(*pair, side="both").set_index("feature")
    every = keywords(*pair, side="both", words_only=False).set_index("feature")
    assert words.loc["x", "target_per_million"] == pytest.approx(1e6 * 9 / 18, rel=1e-5)
    assert every.loc["x", "target_per_million"] == pytest.approx(1e6 * 9 / 45, rel=1e-5)


def test_sides_of_the_table():
    pair = pair_of([{"a": 9, "b": 1, "c": 5}] * 4, [{"a": 1, "b": 9, "c": 5}] * 4)
    assert {side: key(*pair, side=side)["feature"].tolist() for side in ("target", "reference")} == {
        "target": ["a"],
        "reference": ["b"],
    }
    both = key(*pair)
    assert both["feature"].tolist() == ["a", "b", "c"]
    assert (both["tests"] == 3).all()
    assert key(*pair, side="target")["tests"].tolist() == [3]


def test_a_side_without_key_features_is_an_empty_table():
    table = key(*pair_of([{"a": 5}] * 3, [{"a": 5}] * 3), side="target")
    assert not len(table)
    assert "p_adjusted" in table


def test_order_by_a_column():
    pair = pair_of([{"a": 9, "b": 1, "c": 50}] * 4, [{"a": 1, "b": 12, "c": 50}] * 4)

    def order(rank_by, **options):
        return "".join(key(*pair, rank_by=rank_by, measures=("log_likelihood", "simple_maths"), **options)["feature"])

    assert order("log_likelihood") == "bac"
    assert order("effect") == order("simple_maths") == "bac"
    assert order("target") == "cab"
    assert order("feature") == "abc"
    assert order("p_adjusted")[-1] == "c"
    assert order(None, resamples=0) == "bac"
    logs = key(*pair, side="target", measures={"odds_ratio": {"log": True}}, rank_by="odds_ratio")
    assert logs["odds_ratio"].tolist() == sorted(logs["odds_ratio"], reverse=True)
    assert logs["odds_ratio"].min() < 1 < logs["odds_ratio"].max()


def test_documents_on_both_sides_are_said():
    target = counts_of([{"a": 9, "b": 1}] * 3 + [{"a": 5, "b": 5}])
    reference = counts_of([{"a": 5, "b": 5}] + [{"a": 1, "b": 9}] * 3, first=3)
    with pytest.warns(TifaWarning, match="1 of the 4 documents of the reference stand in the target as well"):
        kept = key(target, reference)
    left_out = key(target, reference, overlap="leave_out")
    assert kept["reference"].sum() == 40
    assert left_out["reference"].sum() == 30
    assert left_out["effect"].abs().min() > kept["effect"].abs().min()
    with pytest.raises(InputError, match='1 of the 4 documents .*; accepted: .* or overlap="leave_out"'):
        key(target, reference, overlap="refuse")
    with pytest.raises(InputError, match="4 of the 4 documents"):
        key(target, target, overlap="leave_out")


def test_clusters_are_drawn_as_wholes():
    # Five documents of one place say the same: as documents they are many, as places they are few.
    rng = np.random.default_rng(1)
    places = np.repeat([f"p{i:02d}" for i in range(24)], 5)
    hits = [np.repeat(rng.poisson(mean * rng.gamma(1, 1, 24)), 5) for mean in (6, 4)]
    sides_of = [[{"x": int(h), "o": 500} for h in side] for side in hits]
    apart = pair_of(*sides_of)
    target, reference = pair_of(*sides_of, place=places)
    rows = [key(*apart), key(target, reference, cluster="place")]
    alone, clustered = (r.set_index("feature").loc["x"] for r in rows)
    assert alone["effect"] == clustered["effect"]
    assert clustered["high"] - clustered["low"] > 1.5 * (alone["high"] - alone["low"])


def test_what_a_place_says_on_both_sides_is_no_doubt():
    # Places differ tenfold, but each doubles: drawn together they tell the ratio well, drawn apart they do not.
    rates = [2, 4, 8, 20, 3, 6, 12, 30, 2, 5] * 3
    places = [f"p{i:02d}" for i in range(30)]
    target, reference = pair_of(
        [{"x": 2 * n, "o": 1000 - 2 * n} for n in rates], [{"x": n, "o": 1000 - n} for n in rates], place=places
    )
    together, apart = (key(target, reference, cluster=c).set_index("feature").loc["x"] for c in ("place", None))
    assert together["high"] - together["low"] < 0.7 * (apart["high"] - apart["low"])
    assert together["low"] < 1 < together["high"]


def test_few_clusters_are_said_and_too_few_refused():
    target, reference = pair_of([{"x": 3}] * 6, [{"x": 2, "o": 1}] * 6, place=[f"p{i}" for i in range(6)])
    with pytest.warns(TifaWarning, match="6 clusters"):
        key(target, reference, cluster="place")
    with pytest.raises(InputError, match="4 clusters"):
        key(*pair_of([{"x": 3}] * 4, [{"x": 2}] * 4, place=list("abcd")), cluster="place")


def test_translations_are_drawn_with_their_originals():
    def sides_with(origin):
        return pair_of([{"x": n, "o": 90} for n in (9, 9, 1, 1, 5, 5)], [{"x": 2, "o": 98}] * 6, **origin)

    alone = key(*sides_with({})).set_index("feature").loc["x"]
    target, reference = sides_with({})
    target.documents["translation_of"] = ["", "d000", "", "d002", "", "d004"]
    joined = key(target, reference).set_index("feature").loc["x"]
    assert joined["high"] - joined["low"] > alone["high"] - alone["low"]


def test_counts_of_two_sources_are_said():
    texts = [{"a": 2, "b": 1}] * 3
    target = counts_of(texts)
    other = counts_of(texts, first=3, recipe={"tokens": "u"})
    with pytest.warns(TifaWarning, match="two sets of tokens"):
        key(target, other)

    def with_recipe(counts, **recipe):
        about = {"recipe": {"corpus": counts.recipe["tokens"], "segmenters": {"zh": "jieba"}} | recipe}
        return Counts(counts.matrix, counts.vocabulary, counts.documents, counts.units, counts.recipe, about)

    with pytest.warns(TifaWarning, match=r"cut differently \(dictionary\)"):
        key(with_recipe(target, dictionary=[]), with_recipe(other, dictionary=[["净网", 5]]))
    key(with_recipe(target, hmm=True), with_recipe(other, hmm=True))  # cut alike: nothing to say


def test_trimmed_counts_keep_the_size_of_their_texts():
    texts = ["净化网络，净化环境", "的网络环境"] * 3
    table = {"id": list("abcdef"), "date": ["2020"] * 3 + ["2021"] * 3, "language": "zh", "text": texts}
    counts = count(segment(Corpus(pd.DataFrame(table))))
    trimmed = trim(counts)

    def halves(c):
        return c.select(until="2020"), c.select(since="2021")

    whole = key(*halves(counts)).set_index("feature")
    part = key(*halves(trimmed)).set_index("feature")
    assert "的" in whole.index
    assert "的" not in part.index
    columns = ["target", "target_per_million", "effect", "log_likelihood", "low", "high"]
    assert part[columns].to_numpy() == pytest.approx(whole.loc[part.index, columns].to_numpy(), rel=1e-5)
    first, second = halves(counts)
    with pytest.raises(InputError, match="trimmed counts whose vocabularies differ"):
        key(trim(first, least_units=2), trim(second, least_units=3))


# -------------------------------------------------------------------- bad input


def test_what_is_no_counts_is_a_step_too_early():
    counts = counts_of([{"a": 1}])
    with pytest.raises(MissingStep, match="takes Counts as target, not list: count"):
        keywords(["a"], counts)
    with pytest.raises(MissingStep, match="as reference"):
        keywords(counts, None)


def test_all_faults_at_once():
    pair = pair_of([{"净化": 3}], [{"净网": 2}])
    with pytest.raises(InputError) as caught:
        keywords(
            *pair, measures=["loglikelihood"], side="left", rank_by="keyness", features=["净化器"], minimum_documents=0,
            minimum_hits=1.5, overlap="?", cluster="place", level=95, resamples=10, seed=-1,
        )  # fmt: skip
    said = {fault.field: fault.accepted for fault in caught.value.faults}
    assert list(said) == [
        "measures", "rank_by", "level", "resamples", "seed", "side", "overlap", "minimum_documents", "minimum_hits",
        "target, cluster", "reference, cluster", "features",
    ]  # fmt: skip
    assert said["features"] == "净化"
    assert said["measures"].startswith("log_likelihood, chi_squared")


def test_unknown_options_of_a_measure():
    with pytest.raises(InputError, match="measures, log_likelihood: received 'yates'; accepted: cells, signed"):
        keywords(*pair_of([{"a": 1}], [{"a": 1}]), measures={"log_likelihood": {"yates": True}})


def test_two_languages_are_refused():
    target = counts_of([{"a": 3}])
    with pytest.raises(InputError, match="statements in en and zh"):
        keywords(target, counts_of([{"a": 3}], first=1, language="en"))
    with pytest.raises(InputError, match="statements in en and zh"):
        keywords(target, counts_of([{"a": 3}] * 2, first=1, language=["zh", "en"]))


def test_sides_without_words_are_refused():
    words = counts_of([{"a": 3, "，": 1}])
    empty = counts_of([{"a": 0, "，": 5}], first=1)
    with pytest.raises(InputError, match="target: received no words"):
        keywords(empty, words)
    with pytest.raises(InputError, match="reference: received no words"):
        keywords(words, empty)
    nothing = counts_of([], vocabulary=["a", "，"])
    with pytest.raises(InputError, match="reference: received no documents"):
        keywords(words, nothing)


def test_no_feature_left_says_what_each_rule_left():
    pair = pair_of([{"a": 3, "，": 9, "c": 4}], [{"b": 2, "，": 9}])
    with pytest.raises(InputError, match=r"with hits 4, words 3, minimum_hits 0, minimum_documents 0"):
        keywords(*pair)
    with pytest.raises(InputError, match=r"words 3, features 1, minimum_hits 1, minimum_documents 0"):
        keywords(*pair, features=["c"], minimum_hits=4)


def test_asked_features_that_are_too_few_are_said():
    pair = pair_of([{"a": 3, "b": 1, "c": 9}] * 3, [{"a": 3, "c": 5}] * 3)
    with pytest.warns(TifaWarning, match="1 of 2 features have too few hits or documents, or are no words: b"):
        table = keywords(*pair, features=["a", "b"], side="both")
    assert table["feature"].tolist() == ["a"]
    with pytest.raises(InputError, match="features: received none"):
        keywords(*pair, features=[])


def test_a_vocabulary_of_one():
    table = key(*pair_of([{"a": 3}] * 3, [{"a": 7}] * 3), measures=("log_likelihood", "mi"))
    assert table[["feature", "effect", "log_likelihood", "p_adjusted"]].to_numpy().tolist() == [["a", 0.0, 0.0, 1.0]]
    assert table["text_dispersion"].tolist() == [0.0]


def test_a_feature_in_no_document_is_no_row():
    pair = [counts_of([{"a": 3}] * 3, vocabulary="abz"), counts_of([{"a": 3, "b": 1}] * 3, vocabulary="abz", first=3)]
    assert set(key(*pair)["feature"]) == {"a", "b"}


def test_a_prior_for_each_word():
    pair = pair_of([{"a": 3, "b": 1}] * 2, [{"a": 2, "b": 2}] * 2)
    named = key(*pair, measures={"log_odds_dirichlet": {"prior": {"a": 5.0, "b": 3.0}}})
    scaled = key(*pair, measures={"log_odds_dirichlet": {"prior": 8.0}})  # the pooled counts are 10 and 6
    pd.testing.assert_frame_equal(named, scaled)
    default = key(*pair, measures="log_odds_dirichlet").set_index("feature")
    mean = key(*pair, measures={"log_odds_dirichlet": {"prior": 4.0}}).set_index("feature")
    pd.testing.assert_frame_equal(default, mean)
    with pytest.raises(InputError, match="prior"):
        key(*pair, measures={"log_odds_dirichlet": {"prior": {"a": 5.0}}})


# ------------------------------------------------------------------ the draws


@pytest.mark.parametrize(("documents", "degrees"), [(6, 20), (60, 138)])
def test_the_variance_of_the_draws_is_that_of_a_ratio_of_sums(documents, degrees):
    rng = np.random.default_rng(3)
    sizes = rng.integers(900, 1100, documents).astype(float)
    hits = rng.poisson(sizes / 50 * rng.gamma(1, 1, documents))
    side = RatioSide(sparse.csr_array(hits[:, None]), sizes, np.arange(documents))
    # Linearised: each document's hits less those expected of its size; n / (n - 1) for the mean that is estimated.
    relative = (hits - hits.sum() * sizes / sizes.sum()) / hits.sum()
    effect = (relative**2).sum() * documents / (documents - 1) * hits.sum()
    low, high, _ = log_ratio_limits(side, side, resamples=4000)
    for factor in (0.92, 1.08):  # without n / (n - 1) six documents would miss this by far
        limit = np.log2(ratio_limits(hits.sum(), hits.sum(), factor * effect, degrees=degrees)[1])
        assert (limit < high[0]) == (factor < 1)
    assert low[0] == pytest.approx(-high[0], rel=1e-9)


def test_chunks_do_not_change_the_limits(monkeypatch):
    rng = np.random.default_rng(4)
    side = RatioSide(sparse.csr_array(rng.poisson(2, (8, 30))), np.full(8, 100.0), np.arange(8))
    whole = log_ratio_limits(side, side, resamples=200)
    monkeypatch.setattr("analysis.keyness_uncertainty._CHUNK_CELLS", 90)
    for one, two in zip(whole, log_ratio_limits(side, side, resamples=200), strict=True):
        assert one == pytest.approx(two, rel=1e-9)


@pytest.mark.parametrize("together", [False, True])
def test_draws_without_text_are_left_out(together):
    sizes = np.array([100.0, 0.0, 0.0])
    side = RatioSide(sparse.csr_array([[5], [0], [0]]), sizes, np.arange(3))
    with pytest.warns(TifaWarning, match="of 100 draws held no text of a side"):
        low, high, _ = log_ratio_limits(side, side, together=together, resamples=100)
    assert low < 0 < high


def simulated(rng, documents, factor, per_setting=150):
    """Documents of lognormal sizes; features lump as in SETTINGS, with ``factor`` times the rate; the rest is one word."""
    sizes = np.maximum(rng.lognormal(np.log(800), 0.6, documents), 30)
    columns = []
    for mean, shape in SETTINGS.values():
        expected = factor * mean * sizes[:, None] / MEAN_SIZE * np.ones(per_setting)
        if shape is not None:
            expected = expected * rng.gamma(shape, 1 / shape, expected.shape)
        columns.append(rng.poisson(expected))
    rest = (1000 * sizes).astype(int)  # so many other words that the features do not change the sizes
    return sparse.csr_array(np.column_stack([*columns, rest]).astype(np.int32))


@pytest.mark.parametrize(("target", "reference"), [(20, 20), (20, 100), (60, 60)])
def test_95_percent_intervals_cover_95_percent(target, reference):
    rng = np.random.default_rng(target + reference)
    factor = 1.5
    sides_of = [simulated(rng, target, factor), simulated(rng, reference, 1.0)]
    names = [f"{setting}-{i:03d}" for setting in SETTINGS for i in range(150)]
    vocabulary = (*names, "rest")
    pair = [counts_from(m, vocabulary, first=i * 500) for i, m in enumerate(sides_of)]
    table = key(*pair, resamples=400)
    table = table[table["feature"] != "rest"]
    truth = np.log2(factor)
    held = (table["low"] <= truth) & (truth <= table["high"])
    shares = held.groupby(table["feature"].str.partition("-")[0]).mean()
    assert len(shares) == len(SETTINGS)
    assert 0.93 <= held.mean() <= 0.975, shares.to_dict()
    assert shares.between(0.88, 0.995).all(), shares.to_dict()
    # Taking hits as independent, which is what log-likelihood does, is not enough.
    low, high = ratio_limits(table["reference"], table["target"], 1.0)
    scale = sides_of[1].sum() / sides_of[0].sum()
    lumpy = table["feature"].str.startswith("negbin").to_numpy()
    naive = ((low * scale <= factor) & (factor <= high * scale))[lumpy].mean()
    assert naive < 0.9


def test_the_rate_of_false_keywords_is_held():
    rng = np.random.default_rng(9)
    names = [f"{setting}-{i:03d}" for setting in SETTINGS for i in range(150)]
    pair = [counts_from(simulated(rng, 40, 1.0), (*names, "rest"), first=i * 500) for i in range(2)]
    table = key(*pair, resamples=400)
    assert (table["p_adjusted"] < 0.05).sum() <= 3
    assert (association.benjamini_hochberg(association.p_value(table["log_likelihood"])) < 0.05).sum() > 30


def test_log_odds_take_the_variance_that_is_asked_for():
    target, reference = (
        counts_of([{"净化": 1, "网络": 1}] * 3 + [{"净化": 1}]),
        counts_of([{"发展": 1, "网络": 1}, {"发展": 1, "净化": 1}] * 2, first=4),
    )
    scores = [
        keywords(
            target,
            reference,
            measures={"log_odds_dirichlet": {"variance": variance, "prior": 2.0}},
            side="both",
            minimum_hits=1,
            minimum_documents=1,
            resamples=0,
        ).set_index("feature")["log_odds_dirichlet"]
        for variance in ("approximate", "full")
    ]
    hits = {"净化": (4, 2), "发展": (0, 4), "网络": (3, 2)}
    full = association.log_odds_dirichlet(*zip(*hits.values(), strict=True), 2.0, variance="full")
    np.testing.assert_allclose(scores[1].loc[list(hits)], full, rtol=1e-5)
    assert (scores[0].abs() > scores[1].abs()).all()


@pytest.mark.parametrize(
    "options",
    [
        {"measures": {"log_likelihood": None}},
        {"measures": [["log_likelihood"]]},
        {"measures": None},
        {"measures": 3},
        {"features": [["净化"]]},
    ],
)
def test_measures_and_features_that_are_no_names_are_told(options):
    with pytest.raises(InputError, match="keywords, (measures|features)"):
        keywords(counts_of([{"净化": 1, "网络": 1}] * 4), counts_of([{"净化": 1}] * 4, first=4), **options)
