import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from small_corpora import corpus_of
from topic_models import counts_of, topics_of

from analysis.counts import count
from analysis.errors import InputError, MissingStep
from analysis.segmentation import segment
from analysis.topics.fitting import fit_topics
from analysis.topics.model import Topics, check_topics, group_tokens, share_table, top_columns

#: Two topics over four features, in two units of d000, one of d001 and an empty one of d002.
WEIGHTS = [[0.5, 0.25, 0.25, 0.0], [0.0, 0.125, 0.125, 0.75]]
SHARES = [[1.0, 0.0], [0.5, 0.5], [0.25, 0.75], [0.0, 0.0]]
MATRIX = [[2, 1, 1, 0], [4, 2, 0, 6], [0, 2, 2, 4], [0, 0, 0, 0]]


def made(**options):
    given = {"weights": WEIGHTS, "matrix": MATRIX, "document": [0, 0, 1, 2]} | options
    return topics_of(SHARES, **given)


# ------------------------------------------------------------------- tables by hand


def test_sizes_are_shares_of_all_tokens():
    topics = made()
    assert topics.unit_tokens.tolist() == [4, 12, 8, 0]
    assert topics.sizes.tolist() == [0.5, 0.5]  # 4 + 6 + 2 and 0 + 6 + 6 of 24
    assert topics.n_topics == 2


def test_the_share_of_a_document_is_that_of_its_tokens():
    table = made().documents
    assert list(table.columns) == ["document", "topic", "share"]
    assert table["document"].tolist() == ["d000"] * 2 + ["d001"] * 2 + ["d002"] * 2
    assert table["topic"].tolist() == [0, 1] * 3
    # (4 · 1 + 12 · 0.5) / 16: the longer unit counts for more than the shorter one
    assert table["share"].tolist()[:4] == [0.625, 0.375, 0.25, 0.75]
    assert table["share"].isna().tolist() == [False] * 4 + [True] * 2


def test_units_in_their_order():
    table = made().units
    assert list(table.columns) == ["document", "unit", "topic", "share"]
    assert table[["document", "unit"]].drop_duplicates().to_numpy().tolist() == [
        ["d000", 0],
        ["d000", 1],
        ["d001", 0],
        ["d002", 0],
    ]
    assert table["share"].tolist() == [1, 0, 0.5, 0.5, 0.25, 0.75, 0, 0]
    assert table["topic"].tolist() == [0, 1] * 4


def test_terms_from_the_weightiest_and_equal_ones_in_the_order_of_the_vocabulary():
    table = made().terms
    assert table.to_numpy().tolist() == [
        [0, 1, "w00", 0.5],
        [0, 2, "w01", 0.25],
        [0, 3, "w02", 0.25],
        [0, 4, "w03", 0.0],
        [1, 1, "w03", 0.75],
        [1, 2, "w01", 0.125],
        [1, 3, "w02", 0.125],
        [1, 4, "w00", 0.0],
    ]
    assert table.groupby("topic")["weight"].sum().tolist() == [1, 1]


def test_topics_by_hand():
    table = made(labels=("water", "")).topics
    assert list(table.columns) == [
        *("topic", "label", "share", "tokens", "effective_documents", "npmi", "exclusivity", "terms")
    ]
    assert table["label"].tolist() == ["water", "w03 w01 w02"]
    assert table["share"].tolist() == [0.5, 0.5]
    assert table["tokens"].tolist() == [12, 12]
    # tokens of the first topic in the documents: 10, 2, 0; of the second 6, 6, 0
    entropy = -(10 / 12 * np.log(10 / 12) + 2 / 12 * np.log(2 / 12))
    assert table["effective_documents"].tolist() == pytest.approx([np.exp(entropy), 2])
    assert table["terms"].tolist() == ["w00 w01 w02", "w03 w01 w02"]  # words without a weight are no terms


def test_documents_in_any_order_of_their_units():
    topics = topics_of([[1, 0], [0, 1], [0.5, 0.5]], tokens=[10, 30, 10], document=[1, 0, 1])
    assert topics.documents["share"].tolist() == [0, 1, 0.75, 0.25]


def test_a_topic_is_named_by_its_first_terms_until_it_has_a_label():
    assert made().names == ("w00 w01 w02", "w03 w01 w02")
    assert made().labels == ("", "")
    assert made(labels=("", "net")).names == ("w00 w01 w02", "net")
    assert topics_of([[1.0, 0.0], [0.0, 1.0]]).names == ("w00 w01", "w01 w00")


def test_a_fit_gives_the_tables_it_says():
    texts = ["rivers dams water", "games web", "rivers dams", "web games screens games"]
    topics = fit_topics(count(segment(corpus_of(*texts, language="en")), units="blocks", size=10), 2)
    lengths = topics.unit_tokens
    shares = topics.documents["share"].to_numpy().reshape(-1, 2)
    codes = topics.counts.units["document"].str[1:].astype(int).to_numpy()
    for document in range(4):
        mine = codes == document
        assert shares[document] == pytest.approx(lengths[mine] @ topics.unit_shares[mine] / lengths[mine].sum())
    assert topics.topics["tokens"].sum() == pytest.approx(lengths.sum())
    assert topics.topics["share"].tolist() == pytest.approx((topics.topics["tokens"] / lengths.sum()).tolist())


def test_one_topic_and_a_topic_that_ran_dry():
    one = topics_of([[1.0], [1.0]])
    assert one.sizes.tolist() == [1]
    assert one.documents["share"].tolist() == [1, 1]
    assert len(one.topics) == 1
    dry = topics_of([[1.0, 0.0], [1.0, 0.0]], weights=[[0.5, 0.5], [0.5, 0.5]], matrix=[[1, 1], [2, 1]])
    assert dry.topics["share"].tolist() == [1, 0]
    assert dry.topics["effective_documents"].tolist()[1] == 0


# ------------------------------------------------------------------- the type


def test_arrays_are_read_only_and_attributes_stay():
    topics = made()
    for array in (topics.term_weights, topics.unit_shares):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        topics.labels = ("a", "b")
    with pytest.raises(TypeError):
        topics.recipe["seed"] = 9


def test_tables_are_hers_to_change():
    topics = made()
    for name in ("documents", "units", "terms", "topics"):
        before = getattr(topics, name)
        before.iloc[:, -1] = before.iloc[0, -1]
        before["more"] = 1
        assert "more" not in getattr(topics, name)
    assert topics.unit_shares.tolist() == SHARES
    assert topics.term_weights.tolist() == WEIGHTS


def test_it_survives_pickling():
    topics = made(labels=("water", "net"))
    again = pickle.loads(pickle.dumps(topics))
    assert (again.term_weights == topics.term_weights).all()
    assert (again.unit_shares == topics.unit_shares).all()
    assert not again.term_weights.flags.writeable
    assert not again.unit_shares.flags.writeable
    assert again.labels == topics.labels
    assert dict(again.recipe) == dict(topics.recipe)
    assert again.digest == topics.digest
    assert again.counts.digest == topics.counts.digest
    assert again.topics.equals(topics.topics)


def test_repr():
    fitted = fit_topics(count(segment(corpus_of("rivers dams", "web games", language="en"))), 2, seed=7)
    assert repr(fitted) == "<Topics: 2 by nmf-kl, seed 7, in 2 documents>"
    assert repr(made(units="blocks")) == "<Topics: 2 by hand, seed 0, in 4 blocks>"
    stopped = replace(fitted, recipe=dict(fitted.recipe) | {"converged": False})
    assert repr(stopped) == "<Topics: 2 by nmf-kl, seed 7, in 2 documents, not converged>"


def test_convergence_is_known_or_not():
    topics = made()
    for said, known in ((None, None), (True, True), (False, False), (np.False_, False)):
        assert replace(topics, recipe=dict(topics.recipe) | {"converged": said}).converged is known
    assert topics.converged is None


def test_constructed_texts_are_told_from_real_ones():
    counts = counts_of(MATRIX)
    for constructed in (True, False):
        recipe = dict(counts.recipe) | ({"constructed": True} if constructed else {})
        assert replace(made(), counts=replace(counts, recipe=recipe)).constructed is constructed


def test_the_digest_covers_what_was_chosen_and_nothing_else():
    topics = made()
    same = [
        replace(topics, labels=("a", "b")),
        replace(topics, term_weights=np.full((2, 4), 0.25)),
        *(replace(topics, recipe=dict(topics.recipe) | {key: "x"}) for key in ("versions", "notes", "converged")),
    ]
    assert {model.digest for model in same} == {topics.digest}
    other = [
        replace(topics, recipe=dict(topics.recipe) | change)
        for change in ({"seed": 1}, {"engine": "lda"}, {"n_topics": 3}, {"options": {"alpha": 1}}, {"counts": "others"})
    ]
    assert len({topics.digest, *(model.digest for model in other)}) == 6


def test_the_digest_of_a_fit():
    counts = count(segment(corpus_of("rivers dams", "web games", "rivers web", language="en")))
    first = fit_topics(counts, 2)
    assert first.digest == fit_topics(counts, 2).digest == fit_topics(counts, 2, iterations=200, seed=0).digest
    others = [
        fit_topics(counts, 2, seed=1),
        fit_topics(counts, 3),
        fit_topics(counts, 2, "lda"),
        fit_topics(counts, 2, iterations=300),
        fit_topics(counts.select(id=["d0", "d1"]), 2),
    ]
    assert len({first.digest, *(model.digest for model in others)}) == 6


# ------------------------------------------------------------------- helpers


def test_the_highest_columns():
    scores = np.array([[0.1, 0.5, 0.1, 0.3], [0.25, 0.25, 0.25, 0.25]])
    assert top_columns(scores, 2).tolist() == [[1, 3], [0, 1]]
    assert top_columns(scores, 9).tolist() == [[1, 3, 0, 2], [0, 1, 2, 3]]
    assert top_columns(scores, 0).shape == (2, 0)


def test_groups_of_units():
    topics = made()
    assert group_tokens(topics, np.array([1, -1, 1, 0]), 3).tolist() == [[0, 0], [6, 6], [0, 0]]
    table = share_table(topics, np.array([1, -1, 1, 0]), np.array(["a", "b", "c"]), "group")
    assert table["group"].tolist() == ["a", "a", "b", "b", "c", "c"]
    assert table["share"].tolist()[2:4] == [0.5, 0.5]
    assert table["share"].isna().tolist() == [True, True, False, False, True, True]


def test_chosen_topics():
    topics = made()
    assert check_topics("test", topics) == [0, 1]
    assert check_topics("test", topics, 1) == check_topics("test", topics, np.int64(1)) == [1]
    assert check_topics("test", topics, (1, 0)) == check_topics("test", topics, np.array([1, 0])) == [1, 0]
    assert {type(n) for n in check_topics("test", topics, np.array([1, 0]))} == {int}
    named = made(labels=("water", ""))
    assert check_topics("test", named, "water") == [0]
    assert check_topics("test", named, ["w03 w01 w02", 0, "water"]) == [1, 0, 0]
    with pytest.raises(InputError, match=r"topic: received 'wat'; accepted: 0 to 1, or a label: water, w03 w01 w02"):
        check_topics("test", named, ["water", "wat"])
    with pytest.raises(InputError, match="received 'both'"):  # which of the two?
        check_topics("test", made(labels=("both", "both")), "both")
    for wrong in (2, -1, [0, 2], ["0"], [1.0], [True], True):
        with pytest.raises(InputError, match="test, topic: received .*; accepted: 0 to 1"):
            check_topics("test", topics, wrong)
    with pytest.raises(InputError, match="test, topics: received none; accepted: at least one"):
        check_topics("test", topics, [])
    for wrong in (None, counts_of(MATRIX), pd.DataFrame()):
        with pytest.raises(MissingStep, match=r"takes Topics, not .*: fit_topics\(counts, 20\) makes them"):
            check_topics("test", wrong)
    assert isinstance(topics, Topics)


@pytest.mark.parametrize("chosen", [1.5, "1", [0, 1.5], True])
def test_what_is_no_number_of_a_topic_is_named(chosen):
    with pytest.raises(InputError, match=r"topic: received .*; accepted: 0 to 1"):
        check_topics("a method", fit_topics(counts_of([[5, 5, 0], [0, 1, 9]]), 2), chosen)
