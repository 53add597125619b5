"""What stands in the same units: held against loops over the definitions, and against windows as wide as the statement."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.collocation import collocates
from analysis.cooccurrence import cooccurrence_shifts, cooccurrences
from analysis.corpus import Corpus
from analysis.counts import Counts, count
from analysis.errors import InputError, MissingStep
from analysis.segmentation import segment
from analysis.vocabulary import trim

WORDS = ["净化", "网络", "环境", "，", "文化"]


def counts_of(texts, units="documents", size=500, **columns):
    ids = [f"d{i}" for i in range(len(texts))]
    table = {"id": ids, "date": "2021", "language": "zh", "text": texts} | columns
    return count(segment(Corpus(pd.DataFrame(table)), "spaces"), units=units, size=size)


def test_units_that_hold_both_are_counted_by_hand():
    counts = counts_of(["净化 网络 网络 净化", "净化 环境", "发展 网络", "发展 ， 环境"])
    found = cooccurrences(counts, "净化", minimum=1, minimum_documents=1, measures=["mi", "dice"], repelled=True)
    # 2 of 4 units hold 净化, 2 hold 网络, 1 both, however often; 发展 stands in none of them.
    assert found.set_index("collocate").loc["网络"].tolist() == [1, 1.0, 1, 0.0, 0.5]
    assert set(found["collocate"]) == {"网络", "环境"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), min_size=2, max_size=8), st.booleans())
def test_counts_are_those_of_a_loop_over_units(texts, words_only):
    counts = counts_of([" ".join(words) for words in texts], office=["ab"[i % 2] for i in range(len(texts))])
    units = [set(words) for words in texts]
    held = [i for i, unit in enumerate(units) if "净化" in unit]
    if not held:
        return
    found = cooccurrences(
        counts, "净化", minimum=1, minimum_documents=1, words_only=words_only, repelled=True, spread="office"
    )
    expected = {}
    for word in set().union(*(units[i] for i in held)) - {"净化"} - ({"，"} if words_only else set()):
        both = [i for i in held if word in units[i]]
        chance = len(held) * sum(word in unit for unit in units) / len(units)
        expected[word] = (len(both), pytest.approx(chance, rel=1e-5), len(both), len({i % 2 for i in both}))
    columns = ["observed", "expected", "documents", "office_values"]
    assert {row.collocate: tuple(getattr(row, c) for c in columns) for row in found.itertuples()} == expected


def test_blocks_are_units_of_their_own_and_documents_stay_documents():
    text = "净化 网络 。\n" + "发展 经济 。\n" * 3 + "净化 环境 。"
    counts = counts_of([text, text], units="blocks", size=5)
    found = cooccurrences(counts, "净化", minimum=1, minimum_documents=1, measures=["mi"]).set_index("collocate")
    assert len(counts.units) > 4
    assert found.loc["网络", ["observed", "documents"]].tolist() == [2, 2]
    whole = cooccurrences(counts_of([text, text]), "净化", minimum=1, minimum_documents=1, repelled=True)
    assert "经济" in set(whole["collocate"])
    assert "经济" not in set(found.index)


def test_several_words_count_as_one_and_are_no_collocates_of_it():
    counts = counts_of(["净化 环境", "文化 环境", "网络 净化 文化", "网络"])
    found = cooccurrences(counts, ["净化", "文化"], minimum=1, minimum_documents=1, measures=["mi"], repelled=True)
    assert dict(zip(found["collocate"], found["observed"], strict=True)) == {"环境": 2, "网络": 1}


def test_documents_agree_with_windows_as_wide_as_a_statement():
    texts = ["净化 网络", "净化 环境", "网络 环境", "文化 净化 网络"]
    corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    tokens = segment(corpus, "spaces")
    options = {"minimum": 1, "minimum_documents": 1, "measures": ["mi"], "repelled": True}
    near = collocates(tokens, "净化", window=99, **options).set_index("collocate")["documents"]
    together = cooccurrences(count(tokens), "净化", **options).set_index("collocate")["documents"]
    assert near.to_dict() == together.to_dict() == {"网络": 2, "环境": 1, "文化": 1}


DATES = ["2010"] * 4 + ["2020"] * 4
SHIFTING = [
    "净化 社会",
    "净化 社会 网络",
    "净化 社会",
    "净化 风气",
    "净化 网络",
    "净化 网络 社会",
    "净化 网络",
    "发展 网络",
]


def test_shifts_are_shares_of_the_units_that_hold_the_word():
    counts = counts_of(SHIFTING, date=DATES)
    shifts = cooccurrence_shifts(counts, "净化", before="2010", after="2020", minimum=1, minimum_documents=1)
    row = shifts.set_index("collocate").loc["网络"]
    assert row[["before", "after"]].tolist() == [1, 3]
    assert row[["before_share", "after_share"]].tolist() == [25.0, 100.0]
    assert row["ratio"] == 4.0
    assert row["low"] < 4 < row["high"]
    assert row["text_ratio"] == np.inf  # the one other unit, of 2020, holds it; there is none of 2010
    assert (shifts["tests"] == len(shifts)).all()


def test_against_the_text_divides_by_what_the_other_units_do():
    others = ["发展 网络", "发展", "发展", "发展"], ["发展 网络", "发展 网络", "发展", "发展"]
    texts = [*SHIFTING[:4], *others[0], *SHIFTING[4:7], *others[1]]
    counts = counts_of(texts, date=["2010"] * 8 + ["2020"] * 7)
    options = {"before": "2010", "after": "2020", "words": ["网络"], "minimum_documents": 1}
    plain = cooccurrence_shifts(counts, "净化", **options).iloc[0]
    beyond = cooccurrence_shifts(counts, "净化", against="text", **options).iloc[0]
    assert plain["text_ratio"] == beyond["text_ratio"] == 2.0
    assert beyond["ratio"] == plain["ratio"]
    assert beyond["beyond"] == pytest.approx(plain["ratio"] / 2)
    assert beyond["beyond_low"] < plain["low"] / 2 < beyond["beyond"]
    assert beyond["p"] > plain["p"]


def test_clusters_are_drawn_as_wholes():
    places = [f"p{i % 5}" for i in range(len(SHIFTING) * 4)]
    counts = counts_of(SHIFTING * 4, date=DATES * 4, place=places)
    options = {"before": "2010", "after": "2020", "words": ["网络"]}
    drawn = cooccurrence_shifts(counts, "净化", **options).iloc[0]
    with pytest.warns(UserWarning, match="5 clusters"):
        clustered = cooccurrence_shifts(counts, "净化", cluster="place", **options).iloc[0]
    assert clustered["ratio"] == drawn["ratio"]
    assert (clustered["low"], clustered["high"]) != (drawn["low"], drawn["high"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"word": "净画"}, "received '净画'; accepted: 净化"),
        ({"word": []}, "received none; accepted: at least one feature"),
        ({"minimum": 0, "minimum_documents": -1}, "minimum_documents: received -1"),
        ({"measures": ["likelihood"]}, "received 'likelihood'"),
        ({"rank_by": "mi", "measures": ["dice"]}, "rank_by: received 'mi'; accepted: dice"),
        ({"spread": "place"}, "spread: received 'place'"),
    ],
)
def test_faults_name_what_there_is(options, words):
    counts = counts_of(["净化 网络", "净化 环境"])
    with pytest.raises(InputError, match=words):
        cooccurrences(counts, **{"word": "净化"} | options)


def test_what_is_no_counts_or_of_two_languages_is_refused():
    table = {"id": ["a", "b"], "date": "2021", "language": ["zh", "en"], "text": ["净化", "purify"]}
    tokens = segment(Corpus(pd.DataFrame(table)))
    with pytest.raises(MissingStep, match="read_counts reads those that ship"):
        cooccurrences(tokens, "净化")
    with pytest.raises(InputError, match="statements in en and zh"):
        cooccurrences(count(tokens), "净化")


def test_trimmed_counts_and_a_word_that_is_everywhere():
    counts = trim(counts_of(["净化 网络", "净化 环境", "净化 网络 文化"]), least_units=2)
    found = cooccurrences(counts, "净化", minimum=1, minimum_documents=1, measures=["mi", "npmi", "log_ratio"])
    assert found["collocate"].tolist() == ["网络"]
    assert found["mi"].tolist() == [0.0]


def test_a_stored_zero_is_no_occurrence():
    texts = ["净化 网络", "净化 环境", "发展 网络", "净化 网络 环境", "发展 环境", "净化"]
    counts = counts_of(texts, date=["2010", "2010", "2010", "2020", "2020", "2020"])
    dense = counts.matrix.toarray()
    units, features = dense.shape
    cells = (dense.ravel(), np.tile(np.arange(features), units), np.arange(units + 1) * features)
    filled = Counts(
        sparse.csr_array(cells, shape=dense.shape), counts.vocabulary, counts.documents, counts.units, counts.recipe
    )
    least = {"minimum": 1, "minimum_documents": 1}
    spans = {"before": "2010", "after": "2020", "resamples": 100}
    for table in (
        lambda c: cooccurrences(c, "净化", repelled=True, **least),
        lambda c: cooccurrence_shifts(c, "净化", **spans, **least),
    ):
        pd.testing.assert_frame_equal(table(filled), table(counts))


def test_punctuation_among_the_words_is_told_unless_it_counts():
    counts = counts_of(["净化 网络 ，"] * 3 + ["净化 ，"] * 3, date=["2010"] * 3 + ["2020"] * 3)
    options = {"before": "2010", "after": "2020", "words": ["，"], "resamples": 100}
    with pytest.raises(InputError, match="words_only=False"):
        cooccurrence_shifts(counts, "净化", **options)
    assert cooccurrence_shifts(counts, "净化", words_only=False, **options)["before"].tolist() == [3]
