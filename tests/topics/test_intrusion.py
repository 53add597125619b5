import io
import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from small_corpora import corpus_of

from analysis.counts import Counts, count
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.segmentation import segment
from analysis.topics.intrusion import score_topic_intrusion, score_word_intrusion, topic_intrusion, word_intrusion
from analysis.topics.model import Topics, top_columns

#: Four topics with six words each, of 24.
WORDS = tuple(f"{theme}{i}" for theme in ("河", "网", "minor", "年") for i in range(6))


def hand_made(weights=None, shares=None, tokens=None, words=WORDS):
    if weights is None:
        weights = np.kron(np.eye(4), np.array([6, 5, 4, 3, 2, 1])) + 0.01
    weights = np.asarray(weights, dtype=np.float64)
    weights = weights / weights.sum(axis=1, keepdims=True)
    k, features = weights.shape
    if shares is None:  # each topic once the largest, once the second, …
        shares = np.array([np.roll(np.arange(k)[::-1], i) for i in range(k)]) / max(k * (k - 1) / 2, 1)
    shares = np.array(shares, dtype=np.float64)
    units = len(shares)
    tokens = [50] * units if tokens is None else tokens
    matrix = np.zeros((units, features), dtype=np.int32)
    matrix[:, 0] = tokens
    documents = pd.DataFrame({"id": [f"d{i}" for i in range(units)], "date": pd.Timestamp("2021-05-07")})
    table = pd.DataFrame({"document": documents["id"], "unit": 0, "start": 0, "end": 4})
    recipe = {"counts": "sha256:0", "engine": "hand", "n_topics": k, "seed": 0, "options": {}, "converged": True}
    return Topics(
        Counts(sparse.csr_array(matrix), words[:features], documents, table, {"units": "blocks"}),
        weights,
        shares,
        recipe,
    )


@contextmanager
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TifaWarning)
        yield


def choices(row, kind):
    return [row[c] for c in row.index if c.startswith(f"{kind}_")]


# ------------------------------------------------------------------- questions about words


def test_word_questions_and_their_key():
    questions, key = word_intrusion(hand_made())
    assert questions.columns.tolist() == ["item", *(f"word_{i}" for i in range(1, 7))]
    assert key.columns.tolist() == ["item", "topic", "intruder", *(f"word_{i}" for i in range(1, 7))]
    assert questions["item"].tolist() == key["item"].tolist() == [1, 2, 3, 4]
    assert sorted(key["topic"]) == [0, 1, 2, 3]
    for _, row in key.iterrows():
        own = WORDS[6 * row["topic"] : 6 * row["topic"] + 5]
        assert sorted(choices(row, "word")) == sorted([*own, row["intruder"]])
        assert row["intruder"] not in WORDS[6 * row["topic"] : 6 * row["topic"] + 6]
        assert row["intruder"][-1] in "01234"  # among the five foremost of its own topic
    assert questions.drop(columns="item").equals(key[questions.columns[1:]])


def test_the_seed_decides_all():
    first, second, other = (word_intrusion(hand_made(), seed=s)[1] for s in (0, 0, 1))
    assert first.equals(second)
    assert not first.equals(other)
    made = [topic_intrusion(hand_made(), documents=4, n=2, seed=s)[1] for s in (0, 0, 1)]
    assert made[0].equals(made[1])
    assert not made[0].equals(made[2])


def test_items_and_places_are_shuffled():
    keys = [word_intrusion(hand_made(), seed=s)[1] for s in range(60)]
    assert {key["topic"][0] for key in keys} == {0, 1, 2, 3}
    places = [choices(row, "word").index(row["intruder"]) for key in keys for _, row in key.iterrows()]
    assert set(places) == set(range(6))
    assert np.bincount(places).min() > 20  # of 240; 40 are expected


def test_a_word_is_foreign_once_if_there_are_others():
    for seed in range(20):
        assert word_intrusion(hand_made(), seed=seed)[1]["intruder"].is_unique


@settings(deadline=None, max_examples=60)
@given(k=st.integers(2, 6), features=st.integers(4, 40), n=st.integers(2, 5), seed=st.integers(0, 2**32))
def test_an_intruder_is_low_here_and_high_elsewhere(k, features, n, seed):
    assume(features > n)
    weights = np.random.default_rng(seed).dirichlet(np.full(features, 0.2), size=k)
    topics = hand_made(weights, words=tuple(f"w{i:02}" for i in range(features)))
    tops = top_columns(topics.term_weights, n)
    try:
        with quiet():
            questions, key = word_intrusion(topics, n=n, seed=seed)
    except InputError as error:
        assert "none that makes a question" in str(error)
        return
    assert key["topic"].is_unique
    for _, row in key.iterrows():
        words = choices(row, "word")
        assert len(set(words)) == n + 1
        own = topics.term_weights[row["topic"]]
        i = topics.counts.vocabulary.index(row["intruder"])
        assert own[i] <= np.median(own)
        assert own[i] < own[tops[row["topic"]]].min()
        assert any(i in tops[j] for j in range(k) if j != row["topic"])
    assert len(questions) == len(key)


def test_topics_that_make_no_question_are_named():
    weights = np.kron(np.eye(4), np.array([6, 5, 4, 3, 2, 1])) + 0.0
    weights[1, 7:12] = 0  # one word
    shares = np.eye(4)
    shares[3] = [1, 0, 0, 0]  # the last topic ran dry
    with pytest.warns(TifaWarning, match="No question about topics 1, 3: too few words"):
        _, key = word_intrusion(hand_made(weights, shares))
    assert sorted(key["topic"]) == [0, 2]
    # Nor are they where intruders come from.
    assert set(key["intruder"].str[:-1]) == {"河", "minor"}


def test_topics_that_are_alike_make_no_question():
    with pytest.raises(InputError, match="none that makes a question; accepted: topics that differ"):
        word_intrusion(hand_made(np.tile(np.arange(24, 0, -1), (3, 1))))


def test_bad_options_of_word_questions():
    with pytest.raises(InputError, match="2 faults") as caught:
        word_intrusion(hand_made(), n=1, seed=-1)
    assert "n: received 1; accepted: a whole number, at least 2" in str(caught.value)
    with pytest.raises(InputError, match="received 1 topic; accepted: at least 2"):
        word_intrusion(hand_made(np.ones((1, 24))))
    with pytest.raises(InputError, match="n: received 5; accepted: at most 4: the vocabulary has 5 words"):
        word_intrusion(hand_made(np.ones((2, 5))))
    with pytest.raises(MissingStep, match="takes Topics, not DataFrame"):
        word_intrusion(pd.DataFrame())


# ------------------------------------------------------------------- questions about topics


def test_topic_questions_and_their_key():
    shares = [[0.5, 0.3, 0.2, 0.0], [0.0, 0.2, 0.3, 0.5]]
    questions, key = topic_intrusion(hand_made(shares=shares), documents=2)
    numbers = [f"topic_{i}" for i in range(1, 5)]
    assert questions.columns.tolist() == ["item", "document", "unit", *numbers]
    assert key.columns.tolist() == ["item", "document", "unit", "intruder", *numbers]
    assert sorted(questions["document"]) == ["d0", "d1"]
    for (_, asked), (_, row) in zip(questions.iterrows(), key.iterrows(), strict=True):
        foreign = {"d0": 3, "d1": 0}[row["document"]]
        assert row[f"topic_{row['intruder']}"] == foreign
        assert sorted(choices(row, "topic")) == [0, 1, 2, 3]
        assert asked[f"topic_{row['intruder']}"].split()[:6] == list(WORDS[6 * foreign : 6 * foreign + 6])
        assert all(len(text.split()) == 8 for text in choices(asked, "topic"))


def test_passages_come_with_their_text():
    corpus = corpus_of("净化网络", "治理河流")
    topics = hand_made(shares=[[0.9, 0.1], [0.2, 0.8]], weights=np.kron(np.eye(2), [3, 2, 1]))
    questions, key = topic_intrusion(topics, documents=2, n=1, corpus=corpus)
    assert questions.columns.tolist() == ["item", "document", "unit", "text", "topic_1", "topic_2"]
    assert dict(zip(questions["document"], questions["text"], strict=True)) == {"d0": "净化网络", "d1": "治理河流"}
    assert "text" not in key
    with pytest.raises(InputError, match="These are other texts"):
        topic_intrusion(topics, n=1, corpus=corpus_of("净化网"))
    with pytest.raises(MissingStep, match="takes a Corpus, not str"):
        topic_intrusion(topics, n=1, corpus="demo")


def test_short_passages_are_not_asked_about():
    topics = hand_made(shares=np.tile([0.6, 0.3, 0.1, 0.0], (5, 1)), tokens=[2, 29, 30, 40, 100])
    with pytest.warns(TifaWarning, match="3 passages instead of 20: no others have 30 tokens and 2 topics"):
        questions, _ = topic_intrusion(topics, n=2)
    assert sorted(questions["document"]) == ["d2", "d3", "d4"]
    questions, _ = topic_intrusion(topics, n=2, documents=1, least_tokens=100)
    assert questions["document"].tolist() == ["d4"]
    with pytest.raises(InputError, match="received 101; accepted: at most 100"):
        topic_intrusion(topics, n=2, least_tokens=101)


def test_passages_hold_the_topics_they_are_asked_about():
    """A share of less than one token is no topic of the passage, nor is one that no other is below."""
    topics = hand_made(shares=[[0.9, 0.1, 0, 0], [0.99, 0.01, 0, 0], [0.25] * 4, [1, 0, 0, 0]])
    with pytest.warns(TifaWarning, match="1 passages instead of 4"):
        questions, _ = topic_intrusion(topics, n=2, documents=4)
    assert questions["document"].tolist() == ["d0"]
    with pytest.raises(InputError, match="no passage of at least 30 tokens that holds 3 topics and lacks another"):
        topic_intrusion(topics, n=3)


def test_topics_without_tokens_or_words_of_their_own_are_no_choice():
    weights = np.kron(np.eye(4), np.array([6, 5, 4, 3, 2, 1]))
    weights[2] = weights[1]
    shares = np.tile([0.6, 0.2, 0.2, 0.0], (3, 1))  # the last ran dry, the third shows the words of the second
    _, key = topic_intrusion(hand_made(weights, shares), n=1, documents=3)
    assert key[["topic_1", "topic_2"]].max(axis=None) == 1
    with pytest.raises(InputError, match="n: received 2; accepted: fewer than the 2 topics that have tokens and words"):
        topic_intrusion(hand_made(weights, shares), n=2, documents=3)


@settings(deadline=None, max_examples=60)
@given(k=st.integers(2, 6), n=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_the_intruder_has_the_lowest_share(k, n, seed):
    assume(n < k)
    rng = np.random.default_rng(seed)
    topics = hand_made(
        rng.dirichlet(np.full(30, 0.2), size=k),
        rng.dirichlet(np.full(k, 0.5), size=12),
        words=tuple(f"w{i:02}" for i in range(30)),
    )
    try:
        with quiet():
            questions, key = topic_intrusion(topics, n=n, seed=seed, documents=8)
    except InputError as error:
        assert "no passage" in str(error)
        return
    assert not key[["document", "unit"]].duplicated().any()
    for (_, row), (_, asked) in zip(key.iterrows(), questions.iterrows(), strict=True):
        shares = topics.unit_shares[int(row["document"][1:])]
        numbers = choices(row, "topic")
        foreign = numbers.pop(row["intruder"] - 1)
        assert sorted(numbers) == sorted(np.argsort(-shares)[:n])
        assert shares[foreign] < shares[numbers].min()
        assert shares[foreign] <= np.median(np.sort(shares)[: k - n])
        assert len(set(choices(asked, "topic"))) == n + 1
    answers = pd.DataFrame({"coder": "A", "item": key["item"], "answer": key["intruder"]})
    assert (score_topic_intrusion(answers, key, topics)["log_odds"] == 0).all()
    for choice in range(1, n + 2):
        assert (score_topic_intrusion(answers.assign(answer=choice), key, topics)["log_odds"] <= 0).all()


def test_bad_options_of_topic_questions():
    with pytest.raises(InputError, match="3 faults"):
        topic_intrusion(hand_made(), documents=0, n=0, seed="a")
    with pytest.raises(InputError, match="n: received 4; accepted: fewer than the 4 topics"):
        topic_intrusion(hand_made(), n=4)
    with pytest.raises(MissingStep, match="takes Topics, not Counts"):
        topic_intrusion(hand_made().counts)


# ------------------------------------------------------------------- scores of words


WORD_KEY = pd.DataFrame(
    {
        "item": [1, 2],
        "topic": [1, 0],
        "intruder": ["河流", "minors"],
        **{f"word_{i}": [a, b] for i, (a, b) in enumerate(zip("净网清朗", "abcd", strict=True), start=1)},
        "word_5": ["河流", "e"],
        "word_6": ["明", "minors"],
    }
)


def answered(*rows):
    return pd.DataFrame(rows, columns=["coder", "item", "answer"])


def test_word_scores_by_hand():
    rows = [(f"c{i}", 1, "河流") for i in range(8)] + [("c8", 1, "净"), ("c9", 1, "明")]
    found = score_word_intrusion(answered(*rows), WORD_KEY)
    assert found.columns.tolist() == ["topic", "answers", "right", "precision", "low", "high", "chance", "above_chance"]
    assert found["topic"].tolist() == [0, 1]
    # Wilson (1927): (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964, p = 0.8, n = 10
    z, p, n = 1.959963984540054, 0.8, 10
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    limits = [(p + z**2 / (2 * n) + sign * half) / (1 + z**2 / n) for sign in (-1, 1)]
    row = found.iloc[1]
    assert row[["answers", "right", "precision"]].tolist() == [10, 8, 0.8]
    assert row[["low", "high"]].tolist() == pytest.approx(limits, rel=1e-5)
    assert row[["low", "high"]].tolist() == pytest.approx([0.4902, 0.9433], abs=5e-5)
    assert row["chance"] == pytest.approx(1 / 6, rel=1e-5)
    assert row["above_chance"]


def test_a_topic_without_answers_says_nothing():
    row = score_word_intrusion(answered(("A", 1, "河流")), WORD_KEY).iloc[0]
    assert row[["answers", "right", "low", "high"]].tolist() == [0, 0, 0, 1]
    assert np.isnan(row["precision"])
    assert not row["above_chance"]


def test_one_right_answer_is_not_above_chance_of_two():
    key = WORD_KEY[["item", "topic", "intruder", "word_5", "word_6"]].rename(
        columns={"word_5": "word_1", "word_6": "word_2"}
    )
    found = score_word_intrusion(answered(("A", 1, "河流")), key)
    assert found["chance"].tolist() == [0.5, 0.5]
    assert found["above_chance"].tolist() == [False, False]


def test_a_higher_level_is_wider():
    answers = answered(("A", 1, "河流"), ("B", 1, "净"))
    narrow, wide = (score_word_intrusion(answers, WORD_KEY, level=x).iloc[1] for x in (0.5, 0.99))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]
    for level in (0, 1, "0.95", True):
        with pytest.raises(InputError, match="level: received"):
            score_word_intrusion(answers, WORD_KEY, level=level)


def test_answers_may_come_back_from_a_file():
    topics = hand_made()
    _, key = word_intrusion(topics)
    answers = pd.DataFrame({"coder": 1, "item": key["item"], "answer": " " + key["intruder"] + " "})
    again, key_again = (pd.read_csv(io.StringIO(table.to_csv(index=False))) for table in (answers, key))
    assert (score_word_intrusion(again, key_again)["precision"] == 1).all()
    again["item"] = again["item"].astype(float)  # as pandas has it where a row lacks one
    assert (score_word_intrusion(again, key)["precision"] == 1).all()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 2), st.integers(1, 6)), min_size=1, unique_by=lambda a: a[:2])
)
def test_precision_is_a_share_within_its_interval(rows):
    key = WORD_KEY.set_index("item")
    answers = answered(*((f"c{c}", item, key.loc[item, f"word_{word}"]) for c, item, word in rows))
    found = score_word_intrusion(answers, WORD_KEY)
    assert found["answers"].sum() == len(rows)
    some = found[found["answers"] > 0]
    assert ((some["low"] <= some["precision"] + 1e-6) & (some["precision"] <= some["high"] + 1e-6)).all()
    assert score_word_intrusion(answers.iloc[::-1], WORD_KEY).equals(found)


# ------------------------------------------------------------------- scores of topics


def test_topic_scores_by_hand():
    topics = hand_made(shares=[[0.62, 0.3, 0.08, 0.0], [0.5, 0.3, 0.2, 0.0]])
    key = pd.DataFrame(
        {"item": [1, 2], "document": ["d0", "d1"], "unit": 0, "intruder": [2, 1]}
        | {f"topic_{i + 1}": pair for i, pair in enumerate([(0, 3), (3, 0), (1, 1), (2, 2)])}
    )
    answers = answered(("A", 1, 2), ("B", 1, "1"), ("C", 1, "topic_3"), ("A", 2, "topic_1"))
    found = score_topic_intrusion(answers, key, topics)
    assert found.columns.tolist() == ["item", "document", "unit", "answers", "right", "log_odds"]
    # 50 tokens, half a token to each topic: 0.5 of the intruder, 31.5 and 15.5 of the topics chosen.
    expected = (0 + np.log(0.5 / 31.5) + np.log(0.5 / 15.5)) / 3
    assert found.drop(columns="log_odds").to_numpy().tolist() == [[1, "d0", 0, 3, 1], [2, "d1", 0, 1, 1]]
    assert found["log_odds"].tolist() == pytest.approx([expected, 0], rel=1e-5)


def test_an_item_without_answers_has_no_odds():
    topics = hand_made()
    _, key = topic_intrusion(topics, n=1, documents=2)
    found = score_topic_intrusion(answered(("A", 2, key["intruder"][1])), key, topics)
    assert found["answers"].tolist() == [0, 1]
    assert np.isnan(found["log_odds"][0])
    assert found["log_odds"][1] == 0


def test_a_mistake_weighs_less_in_a_short_passage():
    topics = hand_made(shares=[[0.9, 0.1], [0.9, 0.1]], weights=np.kron(np.eye(2), [2, 1]), tokens=[10, 1000])
    _, key = topic_intrusion(topics, n=1, documents=2, least_tokens=1)
    answers = answered(*(("A", item, 3 - right) for item, right in zip(key["item"], key["intruder"], strict=True)))
    odds = score_topic_intrusion(answers, key, topics).set_index("document")["log_odds"]
    assert odds["d0"] == pytest.approx(np.log(1.5 / 9.5), rel=1e-5)
    assert odds["d1"] == pytest.approx(np.log(100.5 / 900.5), rel=1e-5)
    assert odds["d1"] < odds["d0"] < 0


def test_the_key_of_another_model_is_refused():
    topics = hand_made(shares=[[0.6, 0.2, 0.2, 0.0], [0.0, 0.2, 0.2, 0.6]])
    _, key = topic_intrusion(topics, documents=2)
    renumbered = hand_made(shares=topics.unit_shares[:, ::-1])
    with pytest.raises(
        InputError, match="an intruder whose share is not the smallest; accepted: the key of this model"
    ):
        score_topic_intrusion(answered(("A", 1, 1)), key, renumbered)
    bad = key.assign(document=["d0", "zz"], topic_1=[9, 0], intruder=[1, 7])
    with pytest.raises(InputError) as caught:
        score_topic_intrusion(answered(("A", 1, 1)), bad, topics)
    assert len(caught.value.faults) == 2
    assert "a passage and topics of this model" in str(caught.value)
    with pytest.raises(InputError, match="intruder: received 7; accepted: 1 to 4"):
        score_topic_intrusion(answered(("A", 1, 1)), key.assign(intruder=7), topics)


# ------------------------------------------------------------------- bad answers


def test_every_bad_answer_is_named():
    answers = answered(
        ("A", 1, "河流"),
        ("A", 1, "净"),
        ("B", 3, "净"),
        ("B", 2, "净"),
        ("", 2, "a"),
        ("C", None, "a"),
        ("C", 2, np.nan),
    )
    with pytest.raises(InputError) as caught:
        score_word_intrusion(answers, WORD_KEY)
    accepted = "one of a, b, c, d, e, minors; leave out what was not answered"
    assert [str(fault) for fault in caught.value.faults] == [
        "answers, row 2, item: received '1' by 'A' once more; accepted: one answer per coder",
        "answers, row 3, item: received '3'; accepted: an item of the key",
        f"answers, row 4, answer: received '净'; accepted: {accepted}",
        "answers, row 5, coder: received none; accepted: a name or initials",
        "answers, row 6, item: received none; accepted: an item of the key",
        f"answers, row 7, answer: received none; accepted: {accepted}",
    ]


@pytest.mark.parametrize("answer", [0, 5, "topic_5", "topic_", "", "河流", 1.5])
def test_choices_are_numbered(answer):
    topics = hand_made()
    _, key = topic_intrusion(topics, documents=1)
    with pytest.raises(InputError, match="accepted: one of topic_1, topic_2, topic_3, topic_4"):
        score_topic_intrusion(answered(("A", 1, answer)), key, topics)


def test_tables_are_checked():
    topics = hand_made()
    _, key = topic_intrusion(topics, n=1, documents=2)
    for score, its_key in (
        (score_word_intrusion, WORD_KEY),
        (lambda answers, key: score_topic_intrusion(answers, key, topics), key),
    ):
        good = answered(("A", 1, 1))
        with pytest.raises(InputError, match="answers, rows: received none"):
            score(good.iloc[:0], its_key)
        with pytest.raises(InputError, match="2 faults\n.*no column coder; accepted: coder, item, answer"):
            score(good[["item"]], its_key)
        with pytest.raises(MissingStep, match="takes answers as a table, not list"):
            score([1], its_key)
        with pytest.raises(MissingStep, match="takes the key as a table, not dict"):
            score(good, {})
        with pytest.raises(InputError, match="key, rows: received none"):
            score(good, its_key.iloc[:0])
        with pytest.raises(InputError, match="key, item: received 1 twice"):
            score(good, its_key.assign(item=1))
    with pytest.raises(InputError, match="no column topic; .*\n.*no column word_1"):
        score_word_intrusion(good, key.drop(columns=["document"]))
    with pytest.raises(InputError, match="no column document"):
        score_topic_intrusion(good, WORD_KEY, topics)
    with pytest.raises(MissingStep, match="takes Topics, not DataFrame"):
        score_topic_intrusion(good, key, key)


def test_real_counts_make_both_tests():
    corpus = corpus_of(
        "The river office cleaned the river.", "Minors use networks; networks protect minors.", language="en"
    )
    counts = count(segment(corpus, fold=True))
    weights = counts.matrix.toarray() / counts.matrix.sum(axis=1)[:, None]
    topics = Topics(counts, np.asarray(weights), np.array([[0.9, 0.1], [0.1, 0.9]]), hand_made().recipe)
    questions, _ = word_intrusion(topics, n=2)
    assert len(questions) == 2
    with pytest.warns(TifaWarning, match="2 passages instead of 20"):
        asked, _ = topic_intrusion(topics, n=1, corpus=corpus)
    assert sorted(asked["text"]) == sorted(corpus.table["text"])
