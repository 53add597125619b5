import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from small_corpora import ANY_TEXT, corpus_of

from analysis.counts import Counts, count
from analysis.errors import InputError, MissingStep
from analysis.segmentation import segment
from analysis.topics.describing import enough_tokens, representative_documents, topic_terms, topic_words_in_context
from analysis.topics.exclusivity import frex, lift, score
from analysis.topics.model import Topics

RECIPE = {"counts": "sha256:0", "engine": "hand", "n_topics": 2, "seed": 0, "options": {}, "converged": True}

WORDS = ("文化", "河流", "治理", "环境", "网络")
WEIGHTS = np.array([[0.1, 0.0, 0.2, 0.35, 0.35], [0.0, 0.5, 0.4, 0.1, 0.0]])
# Four units of two documents: of 40, 40, 60 and 2 tokens.
MATRIX = [[2, 0, 4, 17, 17], [0, 20, 16, 4, 0], [3, 20, 17, 10, 10], [0, 0, 0, 1, 1]]
SHARES = np.array([[1.0, 0.0], [0.0, 1.0], [0.4, 0.6], [1.0, 0.0]])


def hand_made(**documents):
    table = pd.DataFrame(
        {
            "id": ["a", "b"],
            "date": pd.to_datetime(["2021-05-07", "2020-03-01"]),
            "date_precision": ["day", "month"],
            **documents,
        }
    )
    units = pd.DataFrame(
        {"document": ["a", "a", "b", "b"], "unit": [0, 1, 0, 1], "start": [0, 80, 0, 120], "end": [80, 160, 120, 124]}
    )
    counts = Counts(sparse.csr_array(np.array(MATRIX, dtype=np.int32)), WORDS, table, units, {"units": "blocks"})
    return Topics(counts, WEIGHTS.copy(), SHARES.copy(), RECIPE, ("网络环境", ""))


def fitted(corpus, weights, shares, **options):
    """Topics of the counts of a corpus, with weights given by word and shares by unit."""
    counts = count(segment(corpus), **options)
    matrix = np.array([[row.get(word, 0) for word in counts.vocabulary] for row in weights], dtype=np.float64)
    return Topics(counts, matrix, np.array(shares, dtype=np.float64), RECIPE | {"n_topics": len(weights)})


# ------------------------------------------------------------------- terms


def test_terms_by_probability():
    found = topic_terms(hand_made(), n=3)
    assert found.columns.tolist() == ["topic", "label", "rank", "term", "weight", "value"]
    assert found.drop(columns="value").to_numpy().tolist() == [
        [0, "网络环境", 1, "环境", 0.35],  # of equal weight with the next, and before it in the vocabulary
        [0, "网络环境", 2, "网络", 0.35],
        [0, "网络环境", 3, "治理", 0.2],
        [1, "河流 治理 环境", 1, "河流", 0.5],
        [1, "河流 治理 环境", 2, "治理", 0.4],
        [1, "河流 治理 环境", 3, "环境", 0.1],
    ]
    assert (found["value"] == found["weight"]).all()


def test_terms_without_weight_are_none():
    for by in ("probability", "frex", "lift", "score"):
        found = topic_terms(hand_made(), by=by, n=99)
        assert sorted(found.loc[found["topic"] == 1, "term"]) == ["河流", "治理", "环境"]
        assert found.groupby("topic").size().tolist() == [4, 3]
        assert np.isfinite(found["value"]).all()


@pytest.mark.parametrize("by", ["frex", "lift", "score"])
def test_values_are_those_of_the_measures(by):
    tokens = np.array(MATRIX).sum(axis=0)
    scores = {"frex": frex(WEIGHTS, counts=tokens), "lift": lift(WEIGHTS, tokens), "score": score(WEIGHTS)}[by]
    found = topic_terms(hand_made(), by=by)
    assert found["value"].tolist() == pytest.approx(
        [scores[k, WORDS.index(w)] for k, w in zip(found["topic"], found["term"], strict=True)], rel=1e-5
    )
    for _, rows in found.groupby("topic"):
        assert rows["value"].is_monotonic_decreasing
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))


def test_balance_is_the_weight_of_exclusivity():
    tokens = np.array(MATRIX).sum(axis=0)
    found = topic_terms(hand_made(), by="frex", balance=1, topic=0)
    expected = frex(WEIGHTS, balance=1, counts=tokens)[0]
    assert found["value"].tolist() == pytest.approx([expected[WORDS.index(w)] for w in found["term"]], rel=1e-5)


def test_lift_favours_rare_words_unless_they_must_be_frequent():
    # 文化 stands 5 times, all of it in the first topic.
    assert topic_terms(hand_made(), by="lift", topic=0)["term"].iloc[0] == "文化"
    found = topic_terms(hand_made(), by="lift", topic=0, least_tokens=6)
    assert "文化" not in found["term"].tolist()
    assert found["rank"].tolist() == [1, 2, 3]


def test_topics_are_chosen():
    assert topic_terms(hand_made(), topic=1, n=1)["term"].tolist() == ["河流"]
    assert topic_terms(hand_made(), topic=[1, 0], n=1)["topic"].tolist() == [1, 0]


def test_bad_options_of_terms_are_named_at_once():
    with pytest.raises(InputError) as caught:
        topic_terms(hand_made(), by="weight", n=0, least_tokens=-1, balance=2)
    message = str(caught.value)
    assert "4 faults" in message
    assert "by: received 'weight'; accepted: probability, frex, lift, score" in message
    assert "n: received 0; accepted: a whole number, at least 1" in message
    assert "least_tokens: received -1" in message
    assert "balance: received 2; accepted: from 0 (frequency) to 1 (exclusivity)" in message


def test_no_term_is_that_frequent():
    with pytest.raises(InputError, match="received 1,000; accepted: at most 40, the tokens of the most frequent term"):
        topic_terms(hand_made(), least_tokens=1000)


@pytest.mark.parametrize("topic", [2, -1, "0", True, []])
def test_there_is_no_such_topic(topic):
    for function in (topic_terms, representative_documents):
        with pytest.raises(InputError, match="accepted: 0 to 1|at least one"):
            function(hand_made(), topic=topic)


@pytest.mark.parametrize(
    "function", [topic_terms, representative_documents, lambda t: topic_words_in_context(t, corpus_of("净化"), 0)]
)
def test_topics_are_the_step_before(function):
    with pytest.raises(MissingStep, match="takes Topics, not Counts"):
        function(hand_made().counts)


# ------------------------------------------------------------------- passages


def test_passages_by_share_then_tokens():
    found = representative_documents(hand_made(), n=9, least_tokens=0)
    assert found.columns.tolist() == [
        "topic",
        "label",
        "rank",
        "document",
        "unit",
        "date",
        "share",
        "tokens",
        "start",
        "end",
    ]
    assert found.drop(columns=["label"]).to_numpy().tolist() == [
        [0, 1, "a", 0, "2021-05-07", 1.0, 40, 0, 80],
        [0, 2, "b", 1, "2020-03", 1.0, 2, 120, 124],  # two tokens, of one topic by chance
        [0, 3, "b", 0, "2020-03", 0.4, 60, 0, 120],
        [1, 1, "a", 1, "2021-05-07", 1.0, 40, 80, 160],
        [1, 2, "b", 0, "2020-03", 0.6, 60, 0, 120],
    ]
    assert found["label"].tolist() == ["网络环境"] * 3 + ["河流 治理 环境"] * 2


def test_short_passages_are_left_out_by_default():
    found = representative_documents(hand_made(), topic=0)
    assert found[["document", "unit"]].to_numpy().tolist() == [["a", 0], ["b", 0]]


def test_how_many_tokens_are_enough():
    assert enough_tokens("f", np.array([10.0, 20, 100, 0, 0]), None) == 20  # the median of those that hold any
    assert enough_tokens("f", np.array([100.0, 200]), None) == 30
    assert enough_tokens("f", np.array([0.0]), None) == 1
    assert enough_tokens("f", np.array([5.0]), 5) == 5
    with pytest.raises(InputError, match="received 6; accepted: at most 5, the tokens of the longest passage"):
        enough_tokens("f", np.array([5.0]), 6)
    with pytest.raises(InputError, match="received 2.5; accepted: a whole number, at least 0"):
        enough_tokens("f", np.array([5.0]), 2.5)


@given(st.lists(st.integers(0, 300), min_size=1).filter(any))
def test_half_of_the_passages_are_long_enough(tokens):
    array = np.array(tokens, dtype=np.float64)
    least = enough_tokens("f", array, None)
    assert 1 <= least <= 30
    assert (array >= least).sum() * 2 >= (array > 0).sum()


def test_documents_have_the_shares_of_the_model():
    topics = hand_made(title=["甲", "乙"])
    found = representative_documents(topics, of="documents", n=5)
    assert found.columns.tolist() == [
        "topic",
        "label",
        "rank",
        "document",
        "date",
        "share",
        "tokens",
        "start",
        "end",
        "title",
    ]
    assert found.drop(columns=["label"]).to_numpy().tolist() == [
        [0, 1, "a", "2021-05-07", 0.5, 80, 0, 160, "甲"],
        [0, 2, "b", "2020-03", 0.419355, 62, 0, 124, "乙"],
        [1, 1, "b", "2020-03", 0.580645, 62, 0, 124, "乙"],
        [1, 2, "a", "2021-05-07", 0.5, 80, 0, 160, "甲"],
    ]
    shares = topics.documents.set_index(["document", "topic"])["share"]
    assert found["share"].tolist() == pytest.approx([shares[d, k] for d, k in found[["document", "topic"]].to_numpy()])


def test_a_document_without_units_is_none():
    counts = hand_made().counts
    kept = Counts(counts.matrix[:2], WORDS, counts.documents, counts.units.iloc[:2], counts.recipe)
    found = representative_documents(Topics(kept, WEIGHTS.copy(), SHARES[:2].copy(), RECIPE), of="documents")
    assert found["document"].tolist() == ["a", "a"]
    assert found[["start", "end"]].dtypes.tolist() == [np.dtype("int64")] * 2


def test_a_topic_that_ran_dry_has_no_passage():
    topics = hand_made()
    dry = Topics(topics.counts, WEIGHTS.copy(), np.tile([1.0, 0.0], (4, 1)), RECIPE)
    assert representative_documents(dry)["topic"].unique().tolist() == [0]
    assert representative_documents(dry, topic=1).empty


def test_passages_bring_their_text():
    corpus = corpus_of("净化网络。\n治理河流。", "治理河流，清河。", title=["一", "二"])
    topics = fitted(corpus, [{"网络": 1.0}, {"河流": 1.0}], [[1, 0], [0, 1], [0, 1]], units="blocks", size=4)
    found = representative_documents(topics, corpus=corpus, n=1)
    assert found.columns.tolist()[-2:] == ["title", "text"]
    assert found[["document", "unit", "title", "text"]].to_numpy().tolist() == [
        ["d0", 0, "一", "净化网络。"],
        ["d1", 0, "二", "治理河流，清河。"],
    ]
    whole = representative_documents(topics, corpus=corpus, of="documents", topic=1, n=1)
    assert whole["text"].tolist() == ["治理河流，清河。"]


def test_other_texts_are_refused_by_name():
    topics = fitted(corpus_of("净化网络", "治理河流", "保护环境", "一二三"), [{"网络": 1.0}], [[1]] * 4)
    other = corpus_of("净化网", "治理河、", "保护环境")
    with pytest.raises(InputError) as caught:
        representative_documents(topics, corpus=other)
    message = str(caught.value)
    assert "3 faults" in message
    assert "d0, text: received a text that ends at 3; accepted: the text that was counted, up to 4" in message
    assert "d1, characters: received 3; accepted: 4, as counted" in message
    assert "document: received no d3; accepted: the texts that were counted" in message
    assert "These are other texts" in message
    with pytest.raises(InputError, match="These are other texts"):
        topic_words_in_context(topics, other, 0)


def test_a_corpus_may_hold_more():
    corpus = corpus_of("净化网络", "治理河流")
    topics = fitted(corpus.select(id="d1"), [{"河流": 1.0}], [[1]])
    assert representative_documents(topics, corpus=corpus)["text"].tolist() == ["治理河流"]


def test_bad_options_of_passages():
    with pytest.raises(InputError, match="2 faults") as caught:
        representative_documents(hand_made(), n=True, of="blocks")
    assert "of: received 'blocks'; accepted: units or documents" in str(caught.value)
    with pytest.raises(MissingStep, match="takes a Corpus, not str"):
        representative_documents(hand_made(), corpus="demo")


# ------------------------------------------------------------------- words in context


def test_chinese_terms_where_they_stand():
    corpus = corpus_of("清朗网络环境。\n网络文明", "网络环境，网络。")
    topics = fitted(corpus, [{"网络": 0.7, "环境": 0.3}], [[0.5], [1.0]])
    found = topic_words_in_context(topics, corpus, 0, width=3)
    assert found.columns.tolist() == ["topic", "term", "document", "date", "left", "node", "right", "start", "end"]
    assert found.drop(columns=["topic", "date"]).to_numpy().tolist() == [
        ["网络", "d1", "", "网络", "环境，", 0, 2],
        ["环境", "d1", "网络", "环境", "，网络", 2, 4],
        ["网络", "d1", "环境，", "网络", "。", 5, 7],
        ["网络", "d0", "清朗", "网络", "环境。", 2, 4],
        ["环境", "d0", "朗网络", "环境", "。 网", 4, 6],
        ["网络", "d0", "境。 ", "网络", "文明", 8, 10],
    ]
    assert found["date"].unique().tolist() == ["2021-05-07"]


def test_english_words_are_whole():
    text = "Minors and minorities: MINORS’ rights, anti-minors, the minor's minors."
    corpus = corpus_of(text, language="en")
    topics = fitted(corpus, [{"minors": 1.0}], [[1.0]])
    found = topic_words_in_context(topics, corpus, 0, width=6)
    assert found["node"].tolist() == ["Minors", "MINORS", "minors"]
    assert found["right"].tolist() == [" and m", "’ righ", "."]
    assert [text[a:b] for a, b in found[["start", "end"]].to_numpy()] == found["node"].tolist()


def test_only_the_passage_is_searched_and_the_document_is_shown():
    corpus = corpus_of("网络文明。\n网络环境。")
    topics = fitted(corpus, [{"网络": 1.0}, {"环境": 1.0}], [[0, 1.0], [1.0, 0]], units="blocks", size=4)
    found = topic_words_in_context(topics, corpus, 0)
    assert found[["left", "node", "right", "start"]].to_numpy().tolist() == [["网络文明。 ", "网络", "环境。", 6]]


def test_as_many_passages_and_terms_as_asked():
    corpus = corpus_of("网络环境", "网络环境", "网络环境")
    topics = fitted(corpus, [{"网络": 0.6, "环境": 0.4}], [[1.0]] * 3)
    found = topic_words_in_context(topics, corpus, 0, n=2, terms=1, width=0)
    assert found[["document", "term", "left", "right"]].to_numpy().tolist() == [
        ["d0", "网络", "", ""],
        ["d1", "网络", "", ""],
    ]


def test_a_term_within_a_term():
    corpus = corpus_of("网络环境", "网络", "环境")
    counts = count(segment(corpus))
    both = Counts(
        sparse.csr_array(np.array([[1, 0], [0, 1], [0, 1]], dtype=np.int32)),
        ("网络环境", "网络"),
        counts.documents,
        counts.units,
        counts.recipe,
    )
    topics = Topics(both, np.array([[0.4, 0.6]]), np.ones((3, 1)), RECIPE)
    found = topic_words_in_context(topics, corpus, 0, n=1)
    assert found[["term", "start", "end"]].to_numpy().tolist() == [["网络", 0, 2], ["网络环境", 0, 4]]


def test_no_occurrence_is_an_empty_table():
    corpus = corpus_of("网络")
    topics = fitted(corpus, [{"网络": 1.0}, {"网络": 1.0}], [[1.0, 0.0]])
    found = topic_words_in_context(topics, corpus, 1)
    assert found.empty
    assert found.columns.tolist() == ["topic", "term", "document", "date", "left", "node", "right", "start", "end"]


@settings(deadline=None)
@given(text=ANY_TEXT, language=st.sampled_from(["zh", "en"]), width=st.integers(0, 5))
def test_every_line_is_a_piece_of_its_text(text, language, width):
    corpus = corpus_of(text, language=language)
    counts = count(segment(corpus))
    if not counts.vocabulary:
        return
    weights = np.full((1, len(counts.vocabulary)), 1 / len(counts.vocabulary))
    topics = Topics(counts, weights, np.ones((1, 1)), RECIPE)
    found = topic_words_in_context(topics, corpus, 0, terms=99, width=width)
    stored = corpus.table["text"].iloc[0]
    assert set(found["term"]) == set(counts.vocabulary)
    for row in found.itertuples():
        assert len(row.node) == row.end - row.start
        around = stored[max(row.start - width, 0) : row.end + width]
        assert [a for a in row.left + row.node + row.right if a != " "] == [a for a in around if not a.isspace()]
        assert len(row.left) == min(width, row.start)
        assert len(row.right) == min(width, len(stored) - row.end)
    assert found["start"].is_monotonic_increasing


@pytest.mark.parametrize("topic", [1, None, [0], "0"])
def test_words_of_one_topic(topic):
    corpus = corpus_of("网络")
    with pytest.raises(InputError, match="accepted: 0 to 0"):
        topic_words_in_context(fitted(corpus, [{"网络": 1.0}], [[1.0]]), corpus, topic)


def test_bad_options_of_words_in_context():
    corpus = corpus_of("网络")
    topics = fitted(corpus, [{"网络": 1.0}], [[1.0]])
    with pytest.raises(InputError, match="3 faults"):
        topic_words_in_context(topics, corpus, 0, n=0, terms=0, width=-1)
    with pytest.raises(MissingStep, match="takes a Corpus, not Counts"):
        topic_words_in_context(topics, topics.counts, 0)
