import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.counts import Counts
from analysis.errors import InputError, MissingStep, TifaError
from analysis.topics.labels import read_labels, write_labels
from analysis.topics.model import Topics

#: Three topics with ten words each, of 30.
WORDS = tuple(f"{theme}{i}" for theme in ("河", "网", "minor") for i in range(10))


def hand_made(weights=None, seed=0, labels=(), words=WORDS):
    if weights is None:
        weights = np.zeros((3, 30))
        for k in range(3):
            weights[k, 10 * k : 10 * k + 10] = np.arange(20, 10, -1)
    weights = np.asarray(weights, dtype=np.float64)
    weights = weights / weights.sum(axis=1, keepdims=True)
    k, features = weights.shape
    documents = pd.DataFrame({"id": [f"d{i}" for i in range(k)]})
    units = pd.DataFrame({"document": documents["id"], "unit": 0, "start": 0, "end": 9})
    matrix = sparse.csr_array(np.ones((k, features), dtype=np.int32))
    recipe = {"counts": "sha256:0", "engine": "hand", "n_topics": k, "seed": seed, "options": {}, "converged": True}
    return Topics(Counts(matrix, words, documents, units, {"units": "blocks"}), weights, np.eye(k), recipe, labels)


def reordered(topics, order):
    """The same model on a machine that numbers its topics otherwise."""
    weights, shares = topics.term_weights[order], topics.unit_shares[:, order]
    return Topics(topics.counts, weights, shares, topics.recipe)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.toml"


# ------------------------------------------------------------------- there and back


def test_what_is_written(path):
    assert write_labels(hand_made(), {2: ("minors", "all words say so"), 0: "河流"}, path, who="A. B.") == path
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert content == {
        "model": "3 topics by hand, seed 0, in 3 blocks",
        "digest": hand_made().digest,
        "who": "A. B.",
        "labels": [
            {"topic": 0, "label": "河流", "why": "", "terms": [f"河{i}" for i in range(10)]},
            {"topic": 2, "label": "minors", "why": "all words say so", "terms": [f"minor{i}" for i in range(10)]},
        ],
    }
    assert "河流" in path.read_text(encoding="utf-8")  # no escapes where a reader wants words


def test_labels_are_set_in_a_copy(path):
    topics = hand_made(labels=("", "kept", ""))
    found = read_labels(topics, write_labels(topics, {0: "河流"}, path, who="A. B."))
    assert found.labels == ("河流", "kept", "")
    assert found.names == ("河流", "kept", "minor0 minor1 minor2")
    assert topics.labels == ("", "kept", "")
    assert found.term_weights is topics.term_weights
    assert found.digest == topics.digest


def test_a_path_may_be_text_and_its_folder_be_new(tmp_path):
    write_labels(hand_made(), {np.int64(1): "网络"}, str(tmp_path / "new" / "labels.toml"), who="A. B.")
    assert read_labels(hand_made(), str(tmp_path / "new" / "labels.toml")).labels == ("", "网络", "")


def test_a_file_mended_by_hand_may_begin_with_a_mark(path):
    write_labels(hand_made(), {1: "网络"}, path, who="A. B.")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_labels(hand_made(), path).labels == ("", "网络", "")


LINES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda t: t.strip() and t.splitlines() == [t]
)
REASONS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\"'\\\n\r\t\x7f\0#[]=”")))


@settings(deadline=None)
@given(labels=st.dictionaries(st.integers(0, 2), st.tuples(LINES, REASONS), min_size=1), who=LINES)
def test_any_label_and_reason_survives(tmp_path_factory, labels, who):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    write_labels(hand_made(), labels, path, who=who)
    assert read_labels(hand_made(), path).labels == tuple(labels.get(k, ("",))[0] for k in range(3))
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {entry["topic"]: (entry["label"], entry["why"]) for entry in content["labels"]} == labels
    assert content["who"] == who


def test_long_labels_quotes_and_lines_survive(path):
    label = "“清朗”行动与未成年人网络保护 “Clear and Bright” " * 40
    why = 'Read 12 passages.\nTwo say "治理"; one doesn\'t \\ at all.\n'
    topics = hand_made()
    write_labels(topics, {0: (label, why)}, path, who="Ā. 王")
    assert read_labels(topics, path).labels[0] == label
    assert tomllib.loads(path.read_text(encoding="utf-8"))["labels"][0]["why"] == why


# ------------------------------------------------------------------- found by their terms


def test_a_renumbered_topic_is_found(path):
    write_labels(hand_made(), {0: "河流", 2: "minors"}, path, who="A. B.")
    moved = reordered(hand_made(), [2, 0, 1])
    assert moved.digest == hand_made().digest
    assert read_labels(moved, path).labels == ("minors", "河流", "")


@settings(deadline=None)
@given(order=st.permutations(range(5)), seed=st.integers(0, 99), named=st.sets(st.integers(0, 4), min_size=1))
def test_labels_follow_their_topics(tmp_path_factory, order, seed, named):
    path = tmp_path_factory.getbasetemp() / "follow.toml"
    rng = np.random.default_rng(seed)
    topics = hand_made(rng.dirichlet(np.full(50, 0.1), size=5), words=tuple(f"w{i:02}" for i in range(50)))
    write_labels(topics, {k: f"label {k}" for k in named}, path, who="A. B.")
    found = read_labels(reordered(topics, order), path)
    assert found.labels == tuple(f"label {k}" if k in named else "" for k in order)


def drifted(kept):
    """The first topic with ``kept`` of its first ten words still among them, in place of the others 网 and minor."""
    weights = np.array(hand_made().term_weights)
    weights[0] = 0
    weights[0, :kept] = 2
    weights[0, [10 + 2 * i for i in range(5)] + [20 + 2 * i for i in range(5)]] = 1
    return hand_made(weights)


def test_six_of_ten_are_enough(path):
    write_labels(hand_made(), {0: "河流"}, path, who="A. B.")
    assert read_labels(drifted(6), path).labels == ("河流", "", "")


def test_a_vanished_topic_is_refused_with_the_nearest(path):
    write_labels(hand_made(), {0: "河流", 1: "网络"}, path, who="A. B.")
    with pytest.raises(InputError) as caught:
        read_labels(drifted(5), path)
    message = str(caught.value)
    assert "1 fault" in message
    assert (
        "label '河流' of topic 0, terms: received 5 of them in the nearest topic, 0 (河0 河1 河2 河3 河4 网0" in message
    )
    assert "accepted: at least 6 of: 河0 河1 河2 河3 河4 河5 河6 河7 河8 河9" in message
    assert "name them again" in message


def test_two_labels_cannot_have_one_topic(path):
    """Two topics that were alike and have become one: the label that fits better keeps it."""
    weights = np.zeros((3, 30))
    weights[0, :10] = weights[1, 2:12] = weights[2, 20:] = 1
    write_labels(hand_made(weights), {0: "河", 1: "河与网"}, path, who="A. B.")
    weights[1] = 0
    weights[1, 12:20] = 1
    with pytest.raises(InputError, match="label '河与网' of topic 1.*8 of them in the nearest topic, 0.*which another"):
        read_labels(hand_made(weights), path)


def test_as_many_labels_as_possible_find_a_topic(path):
    """The first label fits topic 0 best, but the second fits no other: ten and four words would be more than six and six."""
    weights = np.zeros((3, 30))
    weights[0, :10] = 1
    weights[1, [0, 1, 2, 3, 4, 5, 10, 11, 12, 13]] = 1
    weights[2, 20:] = 1
    write_labels(hand_made(weights), {0: "A", 1: "B"}, path, who="A. B.")
    weights[1] = 0
    weights[1, [6, 7, 8, 9, 0, 1, 10, 11, 16, 17]] = 1
    assert read_labels(hand_made(weights), path).labels == ("B", "A", "")


def test_alike_topics_keep_their_numbers(path):
    weights = np.ones((3, 10))
    topics = hand_made(weights, words=WORDS[:10])
    write_labels(topics, {2: "third", 0: "first"}, path, who="A. B.")
    assert read_labels(topics, path).labels == ("first", "", "third")


def test_fewer_words_than_ten(path):
    weights = np.zeros((2, 12))
    weights[0, :3] = weights[1, 5:12] = 1
    topics = hand_made(weights, words=WORDS[:12])
    write_labels(topics, {0: "three"}, path, who="A. B.")
    # Words without weight are no words of the topic.
    assert tomllib.loads(path.read_text(encoding="utf-8"))["labels"][0]["terms"] == ["河0", "河1", "河2"]
    weights[0, 2] = 0
    assert read_labels(hand_made(weights, words=WORDS[:12]), path).labels == ("three", "")  # two of three
    weights[0, 1] = 0
    with pytest.raises(InputError, match="accepted: at least 2 of: 河0 河1 河2"):
        read_labels(hand_made(weights, words=WORDS[:12]), path)


def test_another_model_is_named(path):
    write_labels(hand_made(), {0: "河流"}, path, who="A. B.")
    with pytest.raises(InputError) as caught:
        read_labels(hand_made(seed=1), path)
    message = str(caught.value)
    assert "1 fault" in message
    assert "received labels of 3 topics by hand, seed 0, in 3 blocks, digest 'sha256:" in message
    assert "accepted: those of 3 topics by hand, seed 1, in 3 blocks, digest 'sha256:" in message


# ------------------------------------------------------------------- bad labels, bad files


def test_bad_labels_are_named_at_once(path):
    labels = {0: "", 1: ("two\nlines", "why"), 2: ("good", None), 3: "unknown", "0": "x", 1.5: 7}
    with pytest.raises(InputError) as caught:
        write_labels(hand_made(), labels, path, who=" ")
    message = str(caught.value)
    assert "who: received ' '; accepted: a text on one line, not empty" in message
    assert "label of topic 0, label: received ''" in message
    assert "label of topic 2, why: received None; accepted: a text, which may be empty" in message
    assert "label of topic 3, topic: received 3; accepted: 0 to 2" in message
    assert "label of topic '0', topic: received '0'" in message
    assert "label of topic 1.5, topic: received 1.5" in message
    assert "label of topic 1.5, label: received 7" in message
    assert not path.exists()


@pytest.mark.parametrize("label", ["  ", "a\n", "a\u2028b", "\ud800", None, ("a", "b", "c"), ("", "why"), ["a"]])
def test_labels_are_one_line(path, label):
    with pytest.raises(InputError, match="label of topic 0, label: received"):
        write_labels(hand_made(), {0: label}, path, who="A. B.")


def test_reasons_are_text(path):
    with pytest.raises(InputError, match="why: received '.ud800'"):
        write_labels(hand_made(), {0: ("a", "\ud800")}, path, who="A. B.")


def test_there_are_labels(path):
    with pytest.raises(InputError, match="labels: received none; accepted: at least one"):
        write_labels(hand_made(), {}, path, who="A. B.")
    with pytest.raises(MissingStep, match="not as list"):
        write_labels(hand_made(), ["a", "b", "c"], path, who="A. B.")


def test_a_bad_label_leaves_the_old_file(path):
    write_labels(hand_made(), {0: "河流"}, path, who="A. B.")
    before = path.read_bytes()
    with pytest.raises(InputError):
        write_labels(hand_made(), {9: "x"}, path, who="A. B.")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["labels.toml"]


def test_every_fault_of_a_file_is_named(path):
    path.write_text(
        f"""
        digest = "{hand_made().digest}"
        who = ""
        [[labels]]
        topic = 0
        label = "  "
        terms = []
        [[labels]]
        topic = 7
        label = "x"
        why = 3
        terms = ["a", "a"]
        [[labels]]
        topic = 1
        label = "x"
        why = ""
        terms = ["a"]
        [[labels]]
        topic = 1
        label = "y"
        why = ""
        terms = ["a", 1]
        """,
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_labels(hand_made(), path)
    assert [str(fault).removeprefix(f"{path}, ") for fault in caught.value.faults] == [
        "who: received ''; accepted: a text on one line, not empty",
        "[[labels]] 1, label: received '  '; accepted: a text on one line, not empty",
        "[[labels]] 1, why: received nothing; accepted: a text, which may be empty",
        "[[labels]] 1, terms: received []; accepted: the topic's terms, 1 to 10, each once",
        "[[labels]] 2, topic: received 7; accepted: 0 to 2",
        "[[labels]] 2, why: received 3; accepted: a text, which may be empty",
        "[[labels]] 2, terms: received ['a', 'a']; accepted: the topic's terms, 1 to 10, each once",
        "[[labels]] 4, terms: received ['a', 1]; accepted: the topic's terms, 1 to 10, each once",
        "[[labels]] 4, topic: received 1, which has a label already; accepted: each topic once",
    ]


@pytest.mark.parametrize("labels", ["", "labels = []", "labels = 3", "labels = ['a']", "[labels]\ntopic = 0"])
def test_a_file_without_labels(path, labels):
    path.write_text(f'digest = "{hand_made().digest}"\nwho = "A. B."\n{labels}', encoding="utf-8")
    with pytest.raises(InputError, match=r"labels: received .*; accepted: tables headed \[\[labels\]\]"):
        read_labels(hand_made(), path)


def test_the_digest_must_be_there(path):
    path.write_text('who = "A. B."\n[[labels]]\ntopic = 0\nlabel = "a"\nwhy = ""\nterms = ["河0"]', encoding="utf-8")
    with pytest.raises(InputError, match="1 fault\n.*digest: received nothing; accepted: the digest of the model"):
        read_labels(hand_made(), path)


@pytest.mark.parametrize("content", [b"label = ", b'who = "\xff"', "标签".encode("gbk"), b"topic\n0\n"])
def test_a_file_that_is_no_toml(path, content):
    path.write_bytes(content)
    with pytest.raises(InputError, match="TOML: received .*; accepted: TOML in UTF-8"):
        read_labels(hand_made(), path)


def test_there_is_no_such_file(path):
    with pytest.raises(TifaError, match="There is no file .*labels.toml. write_labels"):
        read_labels(hand_made(), path)
    with pytest.raises(TifaError, match="There is no file"):
        read_labels(hand_made(), path.parent)


def test_topics_are_the_step_before(path):
    with pytest.raises(MissingStep, match="write_labels takes Topics, not Counts"):
        write_labels(hand_made().counts, {0: "a"}, path, who="A. B.")
    with pytest.raises(MissingStep, match="read_labels takes Topics, not Counts"):
        read_labels(hand_made().counts, path)
