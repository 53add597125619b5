import json
from collections import Counter
from math import log2
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from query_oracle import tokens_of
from small_corpora import corpus_of

from analysis import association
from analysis.collocation import collocates
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.matching import match
from analysis.queries import parse_query
from analysis.segmentation import segment
from analysis.tokens import Tokens
from analysis.windows import near_matches

PROGRAMS = json.loads((Path(__file__).parent / "references" / "collocation_programs.json").read_text(encoding="utf-8"))
ALL = {"minimum": 1, "minimum_documents": 1, "repelled": True}


def near(tokens, node, sides, **options):
    options = {"overlap": "each", "nodes": "in", "across": False, "words_only": True} | options
    return near_matches(tokens, match(tokens, node), sides, "", **options)


# ------------------------------------------------------------- other programs


@pytest.mark.parametrize(("texts", "words_only"), [("plain", True), ("texts", False)])
def test_conc_counts_and_scores_alike(texts, words_only):
    """conc 0.1.13: a position counts for each node, nodes are collocates, log-likelihood has two cells.

    Its log Dice takes the number of nodes for the first margin and the frequency with the nodes for the second.
    """
    tokens = segment(corpus_of(*PROGRAMS[texts], language="en"), "spaces")
    frequency = Counter(" ".join(PROGRAMS[texts]).split())
    reports = PROGRAMS["conc_words" if words_only else "conc_all_tokens"]
    assert len(reports) == 16
    for report in reports:
        sides = tuple(report["window"]) if isinstance(report["window"], list) else (report["window"],) * 2
        table = near(tokens, report["node"], sides, words_only=words_only)
        chosen = np.flatnonzero(table.observed)
        hits = len(match(tokens, report["node"]))
        scores = association.log_likelihood(
            table.observed[chosen], table.size, table.text[chosen], table.total, cells=2
        )
        assert [tokens.vocabulary[i] for i in chosen] == list(report["collocates"])
        for i, score in zip(chosen, scores, strict=True):
            observed, in_text, log_likelihood, log_dice = report["collocates"][tokens.vocabulary[i]]
            assert (table.observed[i], frequency[tokens.vocabulary[i]]) == (observed, in_text)
            assert score == pytest.approx(log_likelihood, rel=1e-9, abs=1e-9)
            if observed <= min(hits, in_text):  # more is no table of two by two
                mine = association.log_dice(observed, hits, in_text, tokens.ids.size * 10)
                assert mine == pytest.approx(log_dice, rel=1e-12)


@pytest.mark.parametrize(("texts", "words_only"), [("plain", True), ("texts", False)])
def test_the_table_shows_what_conc_reports(texts, words_only):
    tokens = segment(corpus_of(*PROGRAMS[texts], language="en"), "spaces")
    for report in PROGRAMS["conc_words" if words_only else "conc_all_tokens"]:
        window = tuple(report["window"]) if isinstance(report["window"], list) else report["window"]
        options = {"window": window, "overlap": "each", "nodes": "in", "words_only": words_only}
        measures = {"log_likelihood": {"cells": 2}}
        table = collocates(tokens, report["node"], measures=measures, **options, **ALL)
        mine = {row.collocate: [row.observed, row.log_likelihood] for row in table.itertuples()}
        theirs = {word: [row[0], row[2]] for word, row in report["collocates"].items()}
        assert mine.keys() == theirs.keys()
        for word, values in theirs.items():
            assert mine[word] == pytest.approx(values, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("size", [2, 4])
def test_nltk_counts_pairs_in_the_window_to_the_right_of_the_first(size):
    """NLTK 3.10.4, BigramCollocationFinder.from_words: window_size=w is a window of (0, w − 1) here, and text runs on.

    Its scores take the pairs / (w − 1) for o11, the frequencies of the words for the margins, and all tokens for n.
    """
    pairs = PROGRAMS["nltk_pairs"]
    tokens = segment(corpus_of(*PROGRAMS["plain"], language="en"), "spaces")
    frequency, n = Counter(pairs["words"]), len(pairs["words"])
    assert n == len(tokens)
    names = [association.log_likelihood, association.mi, association.t_score, association.chi_squared, association.dice]
    seen = 0
    for node in tokens.vocabulary:
        table = near(tokens, node, (0, size - 1), across=True)
        for i in np.flatnonzero(table.observed):
            word = tokens.vocabulary[i]
            count, *scores = pairs["pairs"][str(size)][f"{node} {word}"]
            assert table.observed[i] == count
            margins = (count / (size - 1), frequency[node], frequency[word], n)
            assert [float(m(*margins)) for m in names] == pytest.approx(scores, rel=1e-6, abs=1e-8)
            seen += 1
    assert seen == len(pairs["pairs"][str(size)])


FCM_TEXT = "A D A C E A D F E B A C E D"
#: quanteda/quanteda, tests/testthat/test-fcm.R, "ordered setting: window" (window = 3, features A to F).
FCM_ORDERED = [
    *([2, 0, 3, 3, 3, 1], [1, 0, 1, 0, 1, 0], [1, 0, 0, 2, 2, 0]),
    *([1, 1, 1, 0, 2, 1], [2, 1, 1, 2, 0, 1], [1, 1, 0, 0, 1, 0]),
]
FCM_UNORDERED = [
    *([4, 1, 4, 4, 5, 2], [1, 0, 1, 1, 2, 1], [4, 1, 0, 3, 3, 0]),
    *([4, 1, 3, 0, 4, 1], [5, 2, 3, 4, 0, 2], [2, 1, 0, 1, 2, 0]),
]


@pytest.mark.parametrize(("sides", "matrix"), [((0, 3), FCM_ORDERED), ((3, 3), FCM_UNORDERED)])
def test_quanteda_counts_co_occurrences_alike(sides, matrix):
    tokens = tokens_of([FCM_TEXT.split()])
    assert [near(tokens, f'"{letter}"', sides).observed.tolist() for letter in "ABCDEF"] == matrix


# ------------------------------------------------------------- by hand

TABLE = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "date": "2021",
        "language": "en",
        "place": ["x", "x", ""],
        "text": ["n a b . a c", "n a , d", "b n a d d d d d"],
    }
)


def cut():
    return segment(Corpus(TABLE), "spaces")


def test_a_small_table_by_hand():
    """Windows of 2: a b | a | b, a d. The text without nodes has 14 words: a 4, b 2, c 1, d 6 … 13."""
    table = collocates(cut(), "n", window=2, measures=["mi", "log_likelihood"], spread="place", **ALL)
    assert table["collocate"].tolist() == ["b", "a", "d"]
    rows = table.set_index("collocate")
    assert rows["observed"].to_dict() == {"a": 3, "b": 2, "d": 1}
    assert rows["documents"].to_dict() == {"a": 3, "b": 2, "d": 1}
    assert rows["place_values"].to_dict() == {"a": 1, "b": 1, "d": 0}
    size, total, text = 6, 13, {"a": 4, "b": 2, "d": 6}
    for word, frequency in text.items():
        expected = size * frequency / total
        assert rows.loc[word, "expected"] == pytest.approx(expected, rel=1e-5)
        assert rows.loc[word, "mi"] == pytest.approx(log2(rows.loc[word, "observed"] / expected), abs=1e-5)
    assert list(table.columns) == [
        "collocate",
        "observed",
        "expected",
        "documents",
        "place_values",
        "mi",
        "log_likelihood",
    ]


def test_what_stands_there_less_often_than_expected_is_listed_if_asked_for():
    assert collocates(cut(), "n", window=2, minimum=1, minimum_documents=1)["collocate"].tolist() == ["b", "a"]
    assert "d" in set(collocates(cut(), "n", window=2, **ALL)["collocate"])


def test_punctuation_takes_its_place_and_is_a_collocate_if_asked_for():
    assert "," not in set(collocates(cut(), "n", window=3, **ALL)["collocate"])
    table = collocates(cut(), "n", window=3, words_only=False, **ALL).set_index("collocate")
    assert table.loc[[",", "."], "observed"].tolist() == [1, 1]
    assert table.loc["a", "expected"] == pytest.approx(10 * 4 / 15, rel=1e-5)


def test_the_text_is_that_of_the_statements_that_conditions_leave():
    table = collocates(cut(), "n :: place=x", window=1, measures="mi", **ALL).set_index("collocate")
    assert table["observed"].to_dict() == {"a": 2}
    assert table.loc["a", "expected"] == pytest.approx(2 * 3 / 6, rel=1e-5)


def test_ties_are_ranked_by_observed_and_then_by_the_word():
    tokens = tokens_of([["n", "c", "n", "a", "n", "b", "x", "y", "n", "d", "d"]])
    table = collocates(tokens, "n", window=(0, 1), measures="mi", **ALL)
    assert table["collocate"].tolist() == ["a", "b", "c", "d"]


def test_the_strongest_come_first_whatever_the_measure():
    tokens = cut()
    for name in association.MEASURES:
        options = {"log_odds_dirichlet": {}}.get(name, {})
        table = collocates(tokens, "n", window=2, measures={name: options, "mi": {}}, rank_by=name, **ALL)
        values = table[name].to_numpy()
        values = values[~np.isnan(values)]
        assert (np.diff(values) >= 0).all() if name == "fisher_exact" else (np.diff(values) <= 0).all(), name
    table = collocates(tokens, "n", window=2, measures=["mi", "t_score"], rank_by="t_score", **ALL)
    assert table["t_score"].is_monotonic_decreasing


def test_options_go_to_the_measures():
    natural = collocates(cut(), "n", window=2, measures={"mi": {"base": np.e}}, **ALL)["mi"]
    assert natural.to_numpy() == pytest.approx(
        collocates(cut(), "n", window=2, measures="mi", **ALL)["mi"] * np.log(2), rel=1e-4
    )


def test_a_sequence_a_choice_and_a_passage_may_be_the_node():
    corpus = Corpus(TABLE)
    tokens = segment(corpus, "spaces")
    assert set(collocates(tokens, "n a", window=1, **ALL)["collocate"]) == {"b", "d"}
    assert set(collocates(tokens, "/n a/", corpus=corpus, window=1, **ALL)["collocate"]) == {"b", "d"}
    assert set(collocates(tokens, parse_query("n|a"), window=1, **ALL)["collocate"]) == {"b", "c", "d"}


# ------------------------------------------------------------- edges


def test_a_node_that_stands_nowhere_or_alone_has_no_collocates():
    tokens = cut()
    shape = collocates(tokens, "n", **ALL).dtypes.to_dict()
    with pytest.warns(TifaWarning, match="Nothing is found"):
        none = collocates(tokens, "zz", **ALL)
    assert (len(none), none.dtypes.to_dict()) == (0, shape)
    assert len(collocates(tokens, "n n", **ALL)) == 0
    assert len(collocates(tokens_of([["n"], ["n"]]), "n", **ALL)) == 0
    assert len(collocates(tokens_of([["n", None, "，"]]), "n", **ALL)) == 0
    assert len(collocates(tokens_of([[], [None]]), "[]", **ALL)) == 0
    assert len(collocates(tokens, "[]", **ALL)) == 0


def test_a_table_left_empty_by_the_least_numbers_says_so():
    with pytest.warns(TifaWarning, match=r"minimum=3.*in 2 statements or more the most frequent stands there 0 times"):
        assert len(collocates(tokens_of([["n", "a", "b", "a", "a"]]), "n")) == 0


def test_windows_that_hold_all_of_the_text_tell_nothing():
    table = collocates(cut(), "n", window=10**30, measures=["log_likelihood", "mi"], **ALL)
    assert table["observed"].to_numpy() == pytest.approx(table["expected"].to_numpy())
    assert table["mi"].abs().max() == table["log_likelihood"].abs().max() == 0


def test_windows_that_hold_more_than_the_text_are_refused():
    tokens = tokens_of([["n", "n", "n", "a"]])
    with pytest.raises(InputError, match="windows that hold 9 words, of 1 in the text"):
        collocates(tokens, "n", overlap="each", nodes="in", **ALL)
    assert collocates(tokens, "n", **ALL)["observed"].tolist() == [1]


def test_all_options_that_are_wrong_are_named_at_once():
    with pytest.raises(InputError) as caught:
        collocates(
            cut(),
            "n",
            window=0,
            within="line",
            measures=["mi", "no"],
            rank_by="t_score",
            spread=["town"],
            minimum=0,
            minimum_documents=1.5,
            overlap="twice",
            nodes="off",
        )
    fields = {fault.field for fault in caught.value.faults}
    assert fields == {
        *("window", "within", "measures", "rank_by", "spread", "minimum", "minimum_documents", "overlap", "nodes"),
    }


@pytest.mark.parametrize(
    ("measures", "message"),
    [
        ([], "rank_by.*of which there are none"),
        ({}, "rank_by.*of which there are none"),
        (None, "measures: received 'None'"),
        ([["mi"]], "measures"),
        ("MI", "measures: received 'MI'; accepted: .*log_likelihood"),
        ({"mi": {"bas": 3}}, "received 'bas'; accepted: options of mi: base"),
        ({"dice": {"base": 3}}, "options of dice: it has none"),
        ({"mi": None}, "received mi: None"),
    ],
)
def test_measures_that_are_none_are_refused(measures, message):
    with pytest.raises(InputError, match=message):
        collocates(cut(), "n", measures=measures)


def test_missing_steps_and_mixed_languages_are_named():
    with pytest.raises(MissingStep, match=r"collocates takes Tokens, not Corpus: segment\(corpus\)"):
        collocates(Corpus(TABLE), "n")
    mixed = tokens_of([["n", "a"], ["n", "a"]], language=["en", "zh"])
    with pytest.raises(InputError, match="statements in en and zh"):
        collocates(mixed, "n")


def test_mapped_tokens_give_the_same_table(tmp_path):
    tokens = cut()
    mapped = Tokens.load(tokens.save(tmp_path / "tokens"))
    for options in ({}, {"overlap": "each"}, {"across": True}, {"within": "sentence"}):
        pd.testing.assert_frame_equal(
            collocates(tokens, "n", window=2, **options, **ALL), collocates(mapped, "n", window=2, **options, **ALL)
        )
