import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from topic_models import counts_of, topics_of

from analysis.errors import InputError, MissingStep
from analysis.tokens import Tokens
from analysis.topics.coherence import c_v, document_frequencies, npmi, uci, umass, window_frequencies
from analysis.topics.exclusivity import diversity, effective_number, exclusivity, frex
from analysis.topics.quality import topic_agreement, topic_quality

COLUMNS = [
    "topic",
    "label",
    "share",
    "umass",
    "uci",
    "npmi",
    "c_v",
    "missing",
    "exclusivity",
    "frex",
    "effective_documents",
    "diversity",
]
WORDS = ("净化", "河流", "治理", "环境", "网络")
MATRIX = np.array(
    [[3, 0, 1, 2, 5], [1, 2, 0, 0, 4], [0, 4, 2, 1, 0], [0, 1, 3, 0, 1], [2, 0, 0, 3, 0], [1, 1, 1, 0, 2]]
)
WEIGHTS = np.array([[0.3, 0.05, 0.05, 0.2, 0.4], [0.1, 0.4, 0.35, 0.1, 0.05]])
SHARES = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8], [0.8, 0.2], [0.6, 0.4]])
MODEL = topics_of(
    SHARES, weights=WEIGHTS, matrix=MATRIX, vocabulary=WORDS, document=[0, 0, 1, 1, 2, 2], labels=["net", ""]
)
TOPS = [[4, 0, 3], [1, 2, 0]]


def tokens_of(*texts, vocabulary=WORDS):
    """Tokens of texts whose words are told apart by blanks; _ stands for one that was removed."""
    words = [text.split() for text in texts]
    place = {w: i for i, w in enumerate(vocabulary)} | {"_": -1}
    ids = np.array([place[w] for text in words for w in text], dtype=np.int32)
    starts = np.arange(ids.size, dtype=np.int32)
    offsets = np.cumsum([0, *map(len, words)]).astype(np.int64)
    documents = pd.DataFrame({"id": [f"d{i}" for i in range(len(texts))]})
    return Tokens(
        ids, starts, starts + 1, offsets, np.zeros(ids.size, dtype=bool), tuple(vocabulary), documents, {"corpus": "x"}
    )


# ------------------------------------------------------------------- measures of each topic


def test_columns_and_what_the_model_says_itself():
    table = topic_quality(MODEL, top=3)
    assert table.columns.tolist() == COLUMNS
    assert table["topic"].tolist() == [0, 1]
    assert table["label"].tolist() == ["net", "河流 治理 净化"]
    assert table["share"].tolist() == pytest.approx(MODEL.sizes.tolist(), rel=1e-5)
    assert table["missing"].tolist() == [0, 0]


def test_measures_are_those_of_the_arrays():
    table = topic_quality(MODEL, top=3)
    joint, n = document_frequencies(MODEL.counts.matrix, range(5))
    for measure, found in (("umass", umass), ("uci", uci), ("npmi", npmi), ("c_v", c_v)):
        given_ = (joint,) if measure == "umass" else (joint, n)
        assert table[measure].tolist() == pytest.approx([found(*given_, top) for top in TOPS], rel=1e-5)
    assert table["exclusivity"].tolist() == pytest.approx(exclusivity(WEIGHTS, top=3).tolist(), rel=1e-5)
    scores = frex(WEIGHTS, counts=MATRIX.sum(axis=0))
    assert table["frex"].tolist() == pytest.approx([scores[k, top].mean() for k, top in enumerate(TOPS)], rel=1e-5)
    documents = (MATRIX.sum(axis=1)[:, None] * SHARES).reshape(3, 2, 2).sum(axis=1)
    assert table["effective_documents"].tolist() == pytest.approx(effective_number(documents).tolist(), rel=1e-5)
    assert table["diversity"].tolist() == [diversity(WEIGHTS)] * 2


def test_npmi_by_hand():
    # 净化 in 4 of 6 units, 网络 in 4, both in 3: log((3/6) / (4/6 · 4/6)) / −log(3/6).
    table = topic_quality(MODEL, top=2)
    assert table["npmi"][0] == pytest.approx(np.log(0.5 / (4 / 9)) / np.log(2), rel=1e-5)
    assert table["umass"][0] == pytest.approx(np.log((3 + 1) / 4), abs=1e-9)


def test_more_terms_than_there_are_features_are_all_of_them():
    assert topic_quality(MODEL, top=5).equals(topic_quality(MODEL, top=50))
    assert topic_quality(MODEL, top=5).equals(topic_quality(MODEL))


# ------------------------------------------------------------------- references


def test_other_counts_have_their_own_vocabulary_and_units():
    reference = counts_of([[1, 0, 2], [1, 3, 0], [0, 1, 1], [1, 1, 0]], vocabulary=("净化", "河流", "网络"))
    table = topic_quality(MODEL, reference=reference, top=3)
    assert table["missing"].tolist() == [1, 1]  # 环境 in the first topic, 治理 in the second
    joint, n = document_frequencies(reference.matrix, [0, 1, 2])
    assert table["npmi"].tolist() == pytest.approx([npmi(joint, n, [2, 0]), npmi(joint, n, [1, 0])], rel=1e-5)
    assert table["umass"].tolist() == pytest.approx([umass(joint, [2, 0]), umass(joint, [1, 0])], rel=1e-5)
    assert table["share"].tolist() == topic_quality(MODEL, top=3)["share"].tolist()


def test_a_word_that_the_reference_knows_but_never_holds_is_missing_too():
    reference = counts_of([[1, 0, 2], [1, 0, 0]], vocabulary=("净化", "河流", "网络"))
    table = topic_quality(MODEL, reference=reference, top=3)
    assert table["missing"].tolist() == [1, 2]
    assert np.isnan(table["npmi"][1])  # one word is left: no pair


def test_the_model_s_own_counts_are_the_default():
    assert topic_quality(MODEL, reference=MODEL.counts).equals(topic_quality(MODEL))


TEXTS = tokens_of(
    "网络 净化 _ 环境 河流 网络", "治理 河流 治理", "净化 河流 网络 环境 环境 净化 治理 _ _ _ _ _ _ 网络", "环境"
)


def test_windows_slide_over_tokens_each_measure_has_its_own():
    table = topic_quality(MODEL, reference=TEXTS, top=3)
    ids, offsets = TEXTS.ids, TEXTS.document_offsets
    for measure, found, window in (("uci", uci, 10), ("npmi", npmi, 10), ("c_v", c_v, 110)):
        joint, n = window_frequencies(ids, offsets, range(5), window)
        assert table[measure].tolist() == pytest.approx([found(joint, n, top) for top in TOPS], rel=1e-5)
    whole = np.array([[1 if w in text else 0 for w in range(5)] for text in np.split(ids, offsets[1:-1])])
    assert table["umass"].tolist() == pytest.approx([umass(whole.T @ whole, top) for top in TOPS], rel=1e-5)
    assert table["npmi"][0] != topic_quality(MODEL, reference=TEXTS, top=3, window=3)["npmi"][0]


def test_one_window_for_all_of_them():
    table = topic_quality(MODEL, reference=TEXTS, top=3, window=2)
    joint, n = window_frequencies(TEXTS.ids, TEXTS.document_offsets, range(5), 2)
    assert table["npmi"].tolist() == pytest.approx([npmi(joint, n, top) for top in TOPS], rel=1e-5)
    assert table["c_v"].tolist() == pytest.approx([c_v(joint, n, top) for top in TOPS], rel=1e-5)
    assert table["umass"].tolist() == topic_quality(MODEL, reference=TEXTS, top=3)["umass"].tolist()


def test_tokens_have_their_own_vocabulary():
    words = ("其他", "净化", "网络")
    table = topic_quality(MODEL, reference=tokens_of("网络 其他 净化", "其他 网络", "净化", vocabulary=words), top=3)
    assert table["missing"].tolist() == [1, 2]
    assert table["npmi"][0] == pytest.approx(np.log((1 / 3) / (4 / 9)) / np.log(3), rel=1e-5)


def test_a_reference_that_knows_none_of_the_terms_is_refused():
    with pytest.raises(
        InputError, match="reference: received none of the terms; accepted: texts with the topics' terms"
    ):
        topic_quality(MODEL, reference=counts_of([[1], [2]], vocabulary=("周年",)))
    with pytest.raises(InputError, match="none of the terms"):
        topic_quality(MODEL, reference=tokens_of("_ _", "_"))


# ------------------------------------------------------------------- agreement with themes


def agreement(topic, theme, topics=2, tokens=10):
    """Agreement of units that are wholly of these topics with these themes."""
    return topic_agreement(topics_of(np.eye(topics)[topic], tokens=tokens, seed=7), pd.Series(theme)).iloc[0]


def test_agreement_by_hand():
    # Topics × themes: 2 1 | 0 2. Pairs alike in both 2, in topics 4, in themes 4, of 10: (2 − 1.6) / (4 − 1.6).
    row = agreement([0, 0, 0, 1, 1], ["net", "net", "river", "river", "river"])
    assert row["rand"] == pytest.approx(1 / 6, rel=1e-5)
    assert row["purity"] == 0.8
    mutual = 0.4 * np.log(0.4 / (0.6 * 0.4)) + 0.2 * np.log(0.2 / (0.6 * 0.6)) + 0.4 * np.log(0.4 / (0.4 * 0.6))
    entropy = -(0.6 * np.log(0.6) + 0.4 * np.log(0.4))
    assert row["nmi"] == pytest.approx(mutual / entropy, rel=1e-5)
    assert row[["engine", "n_topics", "seed", "units", "themes"]].tolist() == ["hand", 2, 7, 5, 2]


def test_entropies_of_themes_and_topics_are_averaged():
    row = agreement([0, 0, 1, 1], ["a", "b", "c", "d"])
    assert row["nmi"] == pytest.approx(np.log(2) / ((np.log(2) + np.log(4)) / 2), rel=1e-5)
    assert row["purity"] == 0.5


def test_each_unit_is_of_its_largest_topic():
    topics = topics_of([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
    assert topic_agreement(topics, pd.Series(["a", "b", "a"]))[["rand", "nmi", "purity"]].to_numpy().tolist() == [
        [1, 1, 1]
    ]


def test_units_without_a_label_or_a_feature_are_left_out():
    row = agreement([0, 0, 1, 1, 0, 1, 1], ["a", "a", "b", "b", "", None, "a"], tokens=[5, 5, 5, 5, 5, 5, 0])
    assert row[["units", "themes", "rand", "purity"]].tolist() == [4, 2, 1, 1]


def test_labels_may_be_a_column_a_list_or_an_array_in_the_order_of_the_units():
    topics = topics_of(np.eye(2)[[0, 1, 0]])
    labels = ["a", "b", "a"]
    for themes in (labels, np.array(labels), pd.Series(labels, index=[9, 3, 3]), pd.Series(labels, dtype="category")):
        assert topic_agreement(topics, themes)["rand"].tolist() == [1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=30), st.permutations(range(4)))
def test_agreement_knows_no_names(pairs, order):
    topic, theme = (np.array(v) for v in zip(*pairs, strict=True))
    one, other = agreement(topic, theme, 4), agreement(np.array(order)[topic], [f"theme {t}" for t in theme], 4)
    assert one.drop("seed").equals(other.drop("seed"))
    assert 0 <= one["nmi"] <= 1
    assert 0 < one["purity"] <= 1
    assert one["rand"] <= 1


# ------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 1}, "top: received 1; accepted: a whole number, at least 2"),
        ({"top": 2.5}, "top: received 2.5; accepted: a whole number"),
        ({"top": True}, "top: received True; accepted: a whole number"),
        ({"reference": TEXTS, "window": 1}, "window: received 1; accepted: a whole number, at least 2"),
        ({"reference": TEXTS, "window": "10"}, "window: received '10'; accepted: a whole number"),
        ({"window": 10}, "window: received 10; accepted: reference=tokens"),
        ({"window": 10, "reference": MODEL.counts}, "window: received 10; accepted: reference=tokens"),
    ],
)
def test_what_cannot_be_is_named(options, message):
    with pytest.raises(InputError, match=f"topic_quality, {message}"):
        topic_quality(MODEL, **options)


def test_all_faults_are_listed_at_once():
    with pytest.raises(InputError) as caught:
        topic_quality(MODEL, top=0, window=0)
    assert [fault.field for fault in caught.value.faults] == ["top", "window", "window"]


def test_what_is_no_model_or_no_reference_names_the_step():
    with pytest.raises(MissingStep, match=r"topic_quality takes Topics, not Counts: fit_topics"):
        topic_quality(MODEL.counts)
    with pytest.raises(MissingStep, match=r"a reference is Counts or Tokens, not DataFrame: segment\(corpus\)"):
        topic_quality(MODEL, reference=MODEL.counts.documents)
    with pytest.raises(MissingStep, match=r"topic_agreement takes Topics, not list: fit_topics"):
        topic_agreement([MODEL], pd.Series(list("ababab")))


@pytest.mark.parametrize(
    ("themes", "message"),
    [
        (["a"] * 5, "themes: received 5 labels; accepted: one for each of the 6 units"),
        ("network", "themes: received 1 labels; accepted: one for each of the 6 units"),
        ([""] * 6, "themes: received no label; accepted: at least one"),
        ([None] * 6, "themes: received no label; accepted: at least one"),
    ],
)
def test_labels_that_do_not_fit_the_units_are_refused(themes, message):
    with pytest.raises(InputError, match=f"topic_agreement, {message}"):
        topic_agreement(MODEL, themes)


def test_a_table_is_no_column_of_labels():
    with pytest.raises(MissingStep, match="one label for each unit, not DataFrame: a column of it"):
        topic_agreement(MODEL, MODEL.counts.units)
