"""N-grams against the definition, against NLTK's counts (tests/references/ngrams_nltk.py) and Guthrie et al. 2006."""

import dataclasses
import json
from collections import Counter, defaultdict
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpora import corpus_of

from analysis import sequences
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.ngrams import ngrams
from analysis.segmentation import segment

NLTK = json.loads((Path(__file__).parent / "references" / "ngrams_nltk.json").read_text(encoding="utf-8"))
REMOVED = "丁"


def cut(*texts, language="zh"):
    """Every character a token; 丁 is removed and keeps its place."""
    tokens = segment(corpus_of(*texts, language=language), "characters")
    ids = np.array(tokens.ids)
    ids[[tokens.vocabulary[i] == REMOVED for i in tokens.ids.tolist()]] = -1
    return dataclasses.replace(tokens, ids=ids)


def by_definition(texts, n, skip=0, across=False, words_only=True, lines=False):
    """Frequencies and documents, by looking at every choice of places."""
    frequency, documents = Counter(), defaultdict(set)
    whole = [("".join(texts), 0)] if across else list(zip(texts, range(len(texts)), strict=True))
    owner = [i for i, text in enumerate(texts) for c in text if not c.isspace()]
    for text, document in whole:
        pieces = text.split("\n") if lines else [text]
        for piece in pieces:
            tokens = [c for c in piece if not c.isspace()]
            for places in combinations(range(len(tokens)), n):
                between = tokens[places[0] : places[-1] + 1]
                if len(between) - n > skip or REMOVED in between or (words_only and "，" in between):
                    continue
                gram = tuple(tokens[p] for p in places)
                frequency[gram] += 1
                documents[gram].add(owner[places[0]] if across else document)
    return {gram: (times, len(documents[gram])) for gram, times in frequency.items()}


def as_found(table):
    return {
        tuple(gram.split(" ")): (f, d)
        for gram, f, d in table[["ngram", "frequency", "documents"]].itertuples(index=False)
    }


TEXT = st.text(st.sampled_from("甲甲乙乙丙丁， \n"), min_size=1, max_size=14).filter(lambda t: t.strip())
TEXTS = st.lists(TEXT, min_size=1, max_size=4)


@pytest.mark.filterwarnings("ignore:There are no sequences")
@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 7), st.integers(1, 4), st.integers(1, 3), st.booleans(), st.sampled_from([2, 5, 1 << 17]))
def test_n_grams_are_those_of_the_definition(texts, n, minimum, minimum_documents, words_only, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "_BLOCK", block)
        chosen = {"minimum": minimum, "minimum_documents": minimum_documents, "words_only": words_only}
        found = as_found(ngrams(cut(*texts), n, **chosen))
    expected = by_definition(texts, n, words_only=words_only)
    assert found == {g: (f, d) for g, (f, d) in expected.items() if f >= minimum and d >= minimum_documents}


@pytest.mark.filterwarnings("ignore:There are no sequences")
@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.sampled_from([1, 6, 4_000_000]))
def test_skip_grams_are_those_of_the_definition(texts, n, skip, minimum, held):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "_SLICE", held)
        found = as_found(ngrams(cut(*texts), n, skip=skip, minimum=minimum))
    assert found == {g: (f, d) for g, (f, d) in by_definition(texts, n, skip).items() if f >= minimum}


@pytest.mark.filterwarnings("ignore:There are no sequences")
@settings(max_examples=80, deadline=None)
@given(TEXTS, st.integers(1, 6), st.integers(0, 2), st.sampled_from(["甲", "乙", ["乙", "丙"]]))
def test_containing_keeps_what_holds_one_of_the_words(texts, n, skip, wanted):
    texts = [*texts, "甲乙丙"]
    tokens = cut(*texts)
    whole = ngrams(tokens, n, minimum=1, skip=skip)
    keep = np.array([bool(set(gram.split(" ")) & set(wanted)) for gram in whole["ngram"]], dtype=bool)
    part = ngrams(tokens, n, minimum=1, skip=skip, containing=wanted)
    pd.testing.assert_frame_equal(part, whole[keep].reset_index(drop=True))


@pytest.mark.filterwarnings("ignore:There are no sequences")
@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(1, 5), st.integers(0, 2))
def test_what_n_grams_stay_within(texts, n, skip):
    tokens = cut(*texts)
    chosen = {"minimum": 1, "skip": skip}
    assert as_found(ngrams(tokens, n, across=True, **chosen)) == by_definition(texts, n, skip, across=True)
    assert as_found(ngrams(tokens, n, within="paragraph", **chosen)) == by_definition(texts, n, skip, lines=True)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(2, 5), st.integers(1, 4))
@pytest.mark.filterwarnings("ignore:There are no sequences")
def test_a_stretch_holds_as_many_skip_grams_as_the_formula_says(length, n, skip):
    words = [chr(0x4E10 + i) for i in range(length)]  # all different, and none of them 丁
    found = ngrams(cut("".join(words)), n, skip=skip, minimum=1)
    expected = sum(comb(s + n - 2, n - 2) * max(length - n - s + 1, 0) for s in range(skip + 1))
    assert len(found) == found["frequency"].sum() == expected


@pytest.mark.filterwarnings("ignore:There are no sequences")
@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 4))
def test_counts_of_two_corpora_add_up(first, second, n):
    one, two, both = (
        ngrams(cut(*texts), n, minimum=1).set_index("ngram") for texts in (first, second, [*first, *second])
    )
    for column in ("frequency", "documents"):
        summed = one[column].add(two[column], fill_value=0).astype(int)
        pd.testing.assert_series_equal(both[column].sort_index(), summed.sort_index(), check_index_type=False)


def test_the_example_of_guthrie_and_others():
    """Guthrie et al. 2006, section 2, list the 2-skip-bi-grams and 2-skip-tri-grams of this sentence."""
    tokens = segment(corpus_of("Insurgents killed in ongoing fighting", language="en"))
    pairs = set(ngrams(tokens, 2, skip=2, minimum=1)["ngram"])
    assert pairs == {
        *("Insurgents killed", "Insurgents in", "Insurgents ongoing", "killed in", "killed ongoing"),
        *("killed fighting", "in ongoing", "in fighting", "ongoing fighting"),
    }
    triples = set(ngrams(tokens, 3, skip=2, minimum=1)["ngram"])
    assert triples == {
        *("Insurgents killed in", "Insurgents killed ongoing", "Insurgents killed fighting", "Insurgents in ongoing"),
        *("Insurgents in fighting", "Insurgents ongoing fighting", "killed in ongoing", "killed in fighting"),
        *("killed ongoing fighting", "in ongoing fighting"),
    }


@pytest.fixture(scope="module")
def nltk_tokens():
    return segment(corpus_of(*NLTK["texts"]), "spaces")


@pytest.mark.parametrize("n", NLTK["ngrams"])
def test_n_grams_are_as_nltk_counts_them(nltk_tokens, n):
    found = ngrams(nltk_tokens, int(n), minimum=1)
    assert dict(zip(found["ngram"], found["frequency"], strict=True)) == NLTK["ngrams"][n]


@pytest.mark.parametrize("asked", NLTK["skipgrams"])
def test_skip_grams_are_as_nltk_counts_them(nltk_tokens, asked):
    n, skip = map(int, asked.split(", "))
    found = ngrams(nltk_tokens, n, skip=skip, minimum=1)
    assert dict(zip(found["ngram"], found["frequency"], strict=True)) == NLTK["skipgrams"][asked]


def test_the_table():
    tokens = segment(corpus_of("净化网络环境，净化网络环境。", "净化网络。", "环境"))
    table = ngrams(tokens, (3, 1, 2), minimum=1)
    assert table.to_numpy(dtype=object).tolist() == [
        ["净化", 1, 3, 2, 333333.0],
        ["环境", 1, 3, 2, 333333.0],
        ["网络", 1, 3, 2, 333333.0],
        ["净化 网络", 2, 3, 2, 333333.0],
        ["网络 环境", 2, 2, 1, 222222.0],
        ["净化 网络 环境", 3, 2, 1, 222222.0],
    ]
    assert list(table.columns) == ["ngram", "n", "frequency", "documents", "per_million"]
    with_marks = ngrams(tokens, 2, words_only=False)
    assert with_marks["ngram"].tolist() == ["净化 网络", "网络 环境"]
    assert with_marks["per_million"].tolist() == [pytest.approx(3e6 / 12, rel=1e-5), pytest.approx(2e6 / 12, rel=1e-5)]


def test_sentences_end_n_grams_also_where_punctuation_is_a_word():
    tokens = segment(corpus_of("The minors. The minors", language="en"))
    assert "minors . The" in set(ngrams(tokens, 3, minimum=1, words_only=False)["ngram"])
    found = ngrams(tokens, 3, minimum=1, words_only=False, within="sentence")
    assert found["ngram"].tolist() == ["The minors ."]


def test_n_grams_across_statements_count_where_they_begin():
    tokens = cut("甲乙", "丙", "甲乙")
    table = ngrams(tokens, 3, minimum=1, across=True)
    assert table[["ngram", "documents"]].to_numpy().tolist() == [["丙 甲 乙", 1], ["乙 丙 甲", 1], ["甲 乙 丙", 1]]
    with pytest.warns(TifaWarning, match="no paragraph holds so many"):
        assert ngrams(tokens, 3, minimum=1, across=True, within="paragraph").empty
    with pytest.warns(TifaWarning, match="no corpus holds so many"):
        assert ngrams(tokens, 6, minimum=1, across=True).empty


def test_several_hundred_words():
    text = "".join(chr(0x4E10 + i % 90) for i in range(700))
    table = ngrams(cut(text, text), 600, minimum=4, minimum_documents=2)
    assert table["n"].eq(600).all()
    assert table["ngram"].str.split(" ").str.len().eq(600).all()
    # The text repeats itself every ninety places: of its 101 places the first eleven come a second time.
    assert sorted(table["frequency"]) == [4] * 11
    assert len(ngrams(cut(text, text), 600, minimum=2)) == 90


def test_a_word_that_stands_everywhere():
    table = ngrams(cut("甲" * 50, "甲" * 3), (1, 2, 40, 50), minimum=1)
    assert table["frequency"].tolist() == [53, 51, 11, 1]
    assert table["documents"].tolist() == [2, 2, 1, 1]


def test_n_grams_longer_than_any_document_are_none_and_that_is_said():
    tokens = cut("甲乙，丙", "甲乙")
    with pytest.warns(TifaWarning, match=r"no document holds so many on end \(the longest stretch has 2\)"):
        table = ngrams(tokens, 3, minimum=1)
    assert table.empty
    assert list(table.columns) == ["ngram", "n", "frequency", "documents", "per_million"]
    for options, said in (
        ({"minimum": 3}, r"none stands 3 times\.$"),
        ({"minimum_documents": 3}, r"none stands 2 times in 3 documents\.$"),
        ({"minimum": 1, "containing": "丙"}, r"none stands and holds a word of those to be contained\.$"),
    ):
        with pytest.warns(TifaWarning, match=said):
            assert ngrams(tokens, 2, **options).empty
    with pytest.warns(TifaWarning, match="sequences of 3 words"):
        assert ngrams(tokens, (2, 3))["n"].tolist() == [2]


def test_nothing_but_punctuation_or_removed_tokens():
    for text in ("，，，", REMOVED * 3):
        for skip in (0, 2):
            with pytest.warns(TifaWarning, match="longest stretch has 0"):
                assert ngrams(cut(text), 1, minimum=1, skip=skip).empty
    assert ngrams(cut("，，，"), 2, words_only=False)["frequency"].tolist() == [2]


def test_bad_input_is_named_all_at_once():
    tokens = segment(corpus_of("净化网络环境"))
    with pytest.raises(InputError) as caught:
        ngrams(
            tokens,
            0,
            minimum=0,
            minimum_documents=True,
            skip=-1,
            within="page",
            across=1,
            containing=["净化", "网路", "网罗"],
        )
    fields = [fault.field for fault in caught.value.faults]
    assert fields == ["n", "minimum", "minimum_documents", "skip", "within", "across", "containing", "containing"]
    assert "such as 网络" in str(caught.value)
    for n in (True, 1.5, "3", [], [2, 0], None, [2, True]):
        with pytest.raises(InputError, match="ngrams, n"):
            ngrams(tokens, n)
    with pytest.raises(InputError, match="no word"):
        ngrams(tokens, containing=[])
    with pytest.raises(MissingStep, match=r"segment\(corpus\)"):
        ngrams("净化 网络")


def test_two_languages_share_no_table():
    tokens = segment(corpus_of("净化", "minors", language=["zh", "en"]))
    with pytest.raises(InputError, match="en, zh"):
        ngrams(tokens, 1)


def test_more_ways_than_64_bits_hold_lose_nothing():
    codes = np.array([*range(10), -1] * 3, dtype=np.int32)
    rows, opens = np.zeros(codes.size, dtype=np.int32), np.zeros(codes.size, dtype=bool)
    assert comb(10 - 1 + 500, 500) * 3 > 2**63
    ((_, found),) = sequences.skipping(codes, rows, opens, [10], 3, 500)
    assert found.words.tolist() == [list(range(10))]
    assert found.frequency.tolist() == [3]


def test_lengths_and_gaps_beyond_the_longest_stretch_cost_nothing():
    tokens = cut("净化网。净化", "化网")
    with pytest.warns(TifaWarning, match="the longest stretch has 3"):
        table = ngrams(tokens, [2, 10**9], minimum=1)
    pd.testing.assert_frame_equal(table, ngrams(tokens, 2, minimum=1))
    far = ngrams(tokens, 2, skip=10**9, minimum=1, containing="网")
    pd.testing.assert_frame_equal(far, ngrams(tokens, 2, skip=1, minimum=1, containing="网"))
