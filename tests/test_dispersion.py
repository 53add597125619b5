"""Dispersion of the words of a corpus, over documents, periods, groups and slices."""

import dataclasses
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpora import corpus_of

from analysis.corpus import Corpus
from analysis.counts import count
from analysis.dispersion import dispersion
from analysis.dispersion_measures import MEASURES, arf
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.segmentation import segment

#: The corpus of Gries (2008: 406; 2020).
GRIES = (
    "b a m n i b e u p",
    "b a s a t b e w q n",
    "b c a g a b e s t a",
    "b a g h a b e a a t",
    "b a h a a b e a x a t",
)


def tokens_of(*texts, **columns):
    return segment(corpus_of(*texts, language="en", **columns))


@pytest.fixture(scope="module")
def gries():
    return tokens_of(*GRIES)


def test_the_corpus_of_gries(gries):
    # Numbers of word b: scattertext, test/test_dispersion.py; frequencies and ranges: Gries (2008: 406).
    table = dispersion(gries).set_index("feature")
    assert list(table.columns) == ["frequency", "parts", "range", *MEASURES, "arf"]
    assert table.index[:3].tolist() == ["a", "b", "e"]
    assert table.loc["a", ["frequency", "parts", "range"]].tolist() == [15, 5, 5]
    b = table.loc["b", list(MEASURES)].astype(float).round(3).to_dict()
    assert [b["juilland_d"], b["rosengren_s"]] == [0.968, 0.999]
    assert [b["gries_dp"], b["dp_norm"], b["kl_divergence"]] == [0.02, 0.024, 0.003]
    # Whatever else is measured beside it, a word has its own numbers.
    for word in table.index:
        pd.testing.assert_series_equal(dispersion(gries, word).set_index("feature").loc[word], table.loc[word])
    assert len(table) == 16
    assert table["frequency"].sum() == 50


def test_counts_and_tokens_agree(gries):
    by_counts, by_tokens = dispersion(count(gries)), dispersion(gries)
    pd.testing.assert_frame_equal(by_counts, by_tokens.drop(columns="arf"))
    blocks = count(gries, units="blocks", size=4)
    assert len(blocks.units) == 5
    pd.testing.assert_frame_equal(dispersion(blocks), by_counts)


def test_blocks_are_summed_to_their_statements():
    tokens = tokens_of("one two. two three. one one.", "two two. one three.")
    blocks = count(tokens, units="blocks", size=5)
    assert len(blocks.units) > 2
    pd.testing.assert_frame_equal(dispersion(blocks), dispersion(count(tokens)))


def test_features_come_in_the_order_asked_for(gries):
    table = dispersion(gries, ["x", "a", "x"], measures="gries_dp")
    assert table["feature"].tolist() == ["x", "a"]
    assert table["gries_dp"].tolist() == [0.78, 0.18]
    assert dispersion(gries, "a")["feature"].tolist() == ["a"]


def test_measures_come_in_the_order_asked_for(gries):
    table = dispersion(gries, "a", measures=["arf", "kl_divergence"])
    assert list(table.columns) == ["feature", "frequency", "parts", "range", "arf", "kl_divergence"]


def test_a_minimum_leaves_rare_words_out_unless_they_are_named(gries):
    assert dispersion(gries, minimum=10)["feature"].tolist() == ["a", "b"]
    assert dispersion(gries, "x", minimum=10)["frequency"].tolist() == [1]


def test_punctuation_counts_in_no_size_and_appears_only_by_name():
    plain, marked = tokens_of("a b c", "a a b d"), tokens_of("a, b, c!", "a a. b d")
    pd.testing.assert_frame_equal(dispersion(plain).drop(columns="arf"), dispersion(marked).drop(columns="arf"))
    comma = dispersion(marked, [",", "a"], measures=["gries_dp"])
    assert comma["frequency"].tolist() == [2, 3]
    assert comma["gries_dp"][0] == pytest.approx(4 / 7, rel=1e-5)  # all of it in three of seven words


def test_removed_tokens_keep_their_places_but_count_in_no_size(gries):
    ids = np.array(gries.ids)
    ids[ids == gries.vocabulary.index("b")] = -1
    removed = dataclasses.replace(gries, ids=ids)
    table = dispersion(removed, ["a", "b"]).set_index("feature")
    assert table.loc["b", "frequency"] == 0
    assert table.loc["b", list(MEASURES)].isna().all()
    assert np.isnan(table.loc["b", "arf"])
    assert table.loc["a", "arf"] == dispersion(gries, "a")["arf"][0]
    sizes = np.array([7, 8, 8, 8, 9]) / 40
    expected = np.abs(np.arange(1, 6) / 15 - sizes).sum() / 2
    assert table.loc["a", "gries_dp"] == pytest.approx(expected, rel=1e-5)


def test_periods_and_groups_are_merged_documents():
    texts = ("a a b", "a c c", "b b", "a c")
    years = ["2019-02-03", "2020-01-05", "2019-04-05", "2020-07-01"]
    tokens = tokens_of(*texts, date=years, issuer=["x", "y", "x", "y"])
    merged = dispersion(tokens_of("a a b b b", "a c c a c")).drop(columns="arf")
    for parts in ("year", "issuer"):
        pd.testing.assert_frame_equal(dispersion(tokens, parts=parts).drop(columns="arf"), merged)
    assert dispersion(tokens, parts="quarter")["parts"].tolist() == [4, 4, 4]
    assert dispersion(count(tokens), parts="month").equals(dispersion(tokens, parts="month").drop(columns="arf"))


def test_documents_without_a_part_are_named_in_a_warning():
    tokens = tokens_of("a b", "a a", "b a b", date=["2019-02", "2020", "2021-03-04"], issuer=["x", "", "y"])
    for parts in ("month", "issuer"):
        with pytest.warns(TifaWarning, match=r"1 of 3 documents have .* and belong to no part: d1\."):
            table = dispersion(tokens, parts=parts).set_index("feature")
        assert table.loc["a", ["frequency", "parts"]].tolist() == [2, 2]
        assert table.loc["a", "arf"] == pytest.approx(arf([0, 1, 1, 0, 1], 2)[0])


def test_parts_without_words_are_said():
    with pytest.warns(TifaWarning, match=r"1 of 3 parts \(documents\) hold no word"):
        table = dispersion(tokens_of("a b", "!", "a"))
    assert table["parts"].tolist() == [2, 2]


def test_slices_have_as_many_words_to_within_one():
    tokens = tokens_of("a, b. c d e", "f g h. i j k")
    table = dispersion(tokens, ["a", ",", ".", "f", "k"], parts="equal", slices=3, measures=["gries_dp"])
    # Slices of 3, 4, 4 words: "a, b. c" | "d e f g" | "h. i j k"
    assert table["parts"].tolist() == [3] * 5
    assert table["range"].tolist() == [1, 1, 2, 1, 1]
    assert table["gries_dp"].tolist() == pytest.approx([1 - 3 / 11, 1 - 3 / 11, 4 / 11, 7 / 11, 7 / 11], rel=1e-5)


def test_what_stands_before_the_first_word_is_in_the_first_slice():
    table = dispersion(tokens_of("! ! a b"), ["!", "a"], parts="equal", slices=2, measures="gries_dp")
    assert table[["frequency", "range"]].to_numpy().tolist() == [[2, 1], [1, 1]]
    assert table["gries_dp"].tolist() == [0.5, 0.5]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=6, max_size=40), st.integers(2, 6), st.integers(1, 3))
def test_slices_do_not_know_where_documents_end(words, slices, documents):
    whole = tokens_of(" ".join(words))
    cuts = [len(words) * i // documents for i in range(documents + 1)]
    cut = tokens_of(*(" ".join(words[a:b]) for a, b in pairwise(cuts)))
    one, two = (dispersion(t, parts="equal", slices=slices) for t in (whole, cut))
    pd.testing.assert_frame_equal(one, two)
    assert one["frequency"].sum() == len(words)
    assert (one["range"] <= np.minimum(slices, one["frequency"])).all()


def test_more_slices_than_words_are_said():
    with pytest.warns(TifaWarning, match=r"7 of 10 parts \(equal\) hold no word"):
        assert dispersion(tokens_of("a b c"), parts="equal", slices=10)["parts"].tolist() == [3, 3, 3]


def test_near_words_are_offered(gries):
    tokens = tokens_of("minors and networks", "purify the network")
    with pytest.raises(InputError, match="'minor'; accepted: a feature of these; near it: minors") as caught:
        dispersion(tokens, ["minor", "network", "qqq"])
    assert [f.received for f in caught.value.faults] == ["'minor'", "'qqq'"]
    assert "none is near" in caught.value.faults[1].accepted


def test_all_faults_are_listed_at_once(gries):
    with pytest.raises(InputError) as caught:
        dispersion(gries, [], parts="weeks", slices=1, measures=["dp"], minimum=-1)
    assert [f.field for f in caught.value.faults] == ["measures", "parts", "slices", "minimum", "features"]


def test_languages_are_not_pooled():
    corpus = Corpus(
        pd.DataFrame(
            {"id": ["a", "b"], "date": "2021", "language": ["zh", "en"], "text": ["净化网络", "purify the net"]}
        )
    )
    counts = count(segment(corpus))
    with pytest.raises(InputError, match="statements in en and zh"):
        dispersion(counts)


def test_one_document_is_one_part(gries):
    tokens = tokens_of("a b a b")
    with pytest.raises(InputError, match=r"parts: received 1 with words; .*parts=\"equal\""):
        dispersion(tokens)
    assert dispersion(tokens, parts="equal", slices=2, measures="gries_dp")["gries_dp"].tolist() == [0, 0]
    with pytest.raises(InputError, match="parts: received 0 with words"):
        dispersion(tokens_of("!", "?"))


def test_a_vocabulary_of_one():
    table = dispersion(tokens_of("a a a", "a"))
    assert table[["frequency", "range", "juilland_d", "gries_dp", "arf"]].to_numpy().tolist() == [[4, 2, 1, 0, 4]]


def test_a_missing_step_is_named(gries):
    with pytest.raises(MissingStep, match=r"count\(segment\(corpus\)\)"):
        dispersion(corpus_of("净化"))
    with pytest.raises(MissingStep, match=r"Equal slices need Tokens.*segment\(corpus\)"):
        dispersion(count(gries), parts="equal")
    with pytest.raises(MissingStep, match="arf needs Tokens"):
        dispersion(count(gries), measures=["arf"])


def test_a_selection_is_a_corpus_of_its_own(gries):
    counts = count(gries)
    chosen = counts.select(id=["d0", "d1"])
    with_absent = dispersion(chosen, ["a", "x"]).set_index("feature")
    assert with_absent.loc["x", "frequency"] == 0
    assert with_absent.loc["x", list(MEASURES)].isna().all()
    assert "x" not in set(dispersion(chosen)["feature"])
    assert counts.matrix.sum() == 50
