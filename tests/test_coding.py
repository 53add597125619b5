import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.coding import compare_hits, disagreements, read_truth
from analysis.corpus import Corpus
from analysis.errors import InputError, TifaError
from analysis.lexicon import make_lexicon
from analysis.search import find

CORPUS = Corpus(
    pd.DataFrame(
        {"id": ["a", "b"], "date": ["2020", "2021"], "language": "zh", "text": ["净化网络环境。", "保护未成年人。"]}
    )
)


def hits_of(*rows):
    return pd.DataFrame(rows, columns=["document", "frame", "start", "end"]).assign(text="x")


def truth_of(*rows):
    return pd.DataFrame(rows, columns=["document", "label", "start", "end"]).assign(text="x")


def test_precision_and_recall_by_hand():
    hits = hits_of(("a", "p.net", 0, 4), ("a", "p", 10, 12), ("b", "p", 0, 2), ("b", "m", 5, 9))
    truth = truth_of(("a", "p.law", 3, 6), ("b", "p", 2, 4), ("b", "m", 5, 9), ("b", "m", 20, 24), ("b", "y", 0, 1))
    result = compare_hits(hits, truth).set_index("frame")
    assert result.loc["p"].tolist() == pytest.approx([3, 2, 1, 1 / 3, 1 / 2, 2 / 5], rel=1e-5)
    assert result.loc["m"].tolist() == pytest.approx([1, 2, 1, 1, 1 / 2, 2 / 3], rel=1e-5)
    assert result.loc["y", ["found", "true", "recall", "f1"]].tolist() == [0, 1, 0, 0]
    assert np.isnan(result.loc["y", "precision"])


def test_sub_frames_must_agree_only_if_asked():
    hits, truth = hits_of(("a", "p.net", 0, 4)), truth_of(("a", "p.law", 0, 4))
    assert compare_hits(hits, truth)["matched"].tolist() == [1]
    result = compare_hits(hits, truth, sub_frames=True)
    assert result[["frame", "matched"]].to_numpy().tolist() == [["p.law", 0], ["p.net", 0]]


def test_spans_that_touch_share_no_character():
    assert compare_hits(hits_of(("a", "p", 0, 2)), truth_of(("a", "p", 2, 4)))["matched"].tolist() == [0]
    assert compare_hits(hits_of(("a", "p", 3, 3)), truth_of(("a", "p", 2, 4)))["matched"].tolist() == [0]


def test_each_instance_is_matched_once():
    assert compare_hits(hits_of(("a", "p", 0, 2), ("a", "p", 2, 4)), truth_of(("a", "p", 0, 4)))[
        "matched"
    ].tolist() == [1]


def test_only_frames_are_compared():
    truth = truth_of(("a", "p", 0, 2), ("a", "p", 5, 7)).assign(kind=["frame", "false_friend"])
    assert compare_hits(hits_of(("a", "p", 0, 2)), truth)[["true", "matched"]].to_numpy().tolist() == [[1, 1]]
    assert len(disagreements(hits_of(("a", "p", 0, 2)), truth)) == 0


def test_nothing_found_and_nothing_there():
    none = find(CORPUS, make_lexicon({"p": ["百年"]}))
    assert compare_hits(none, truth_of(("a", "p", 0, 2)))[["found", "true"]].to_numpy().tolist() == [[0, 1]]
    assert compare_hits(hits_of(("a", "p", 0, 2)), truth_of())[["found", "true"]].to_numpy().tolist() == [[1, 0]]
    assert len(compare_hits(none, truth_of())) == len(disagreements(none, truth_of())) == 0


SPANS = st.lists(
    st.tuples(st.sampled_from("ab"), st.just("p"), st.integers(0, 12), st.integers(1, 5)).map(
        lambda s: (*s[:3], s[2] + s[3])
    ),
    max_size=7,
)


def most_pairs(hits, truth):
    """The size of a maximum matching, by SciPy."""
    shared = [[a[0] == b[0] and max(a[2], b[2]) < min(a[3], b[3]) for b in truth] for a in hits]
    if not hits or not truth:
        return 0
    return int((sparse.csgraph.maximum_bipartite_matching(sparse.csr_matrix(shared)) >= 0).sum())


@settings(max_examples=150, deadline=None)
@given(SPANS, SPANS)
def test_no_other_pairing_matches_more(hits, truth):
    result = compare_hits(hits_of(*hits), truth_of(*truth))
    assert result["matched"].sum() == most_pairs(hits, truth)


@settings(max_examples=60, deadline=None)
@given(SPANS, SPANS)
def test_turned_round_precision_is_recall(hits, truth):
    one = compare_hits(hits_of(*hits), truth_of(*truth))
    two = compare_hits(hits_of(*truth), truth_of(*hits))
    assert one["precision"].equals(two["recall"])
    assert one["f1"].equals(two["f1"])


@settings(max_examples=60, deadline=None)
@given(SPANS, SPANS)
def test_disagreements_are_what_was_not_matched(hits, truth):
    # Tables joined from parts may repeat their index.
    table = hits_of(*hits).set_axis([0] * len(hits))
    result, counts = disagreements(table, truth_of(*truth)), compare_hits(table, truth_of(*truth))
    matched = counts["matched"].sum()
    assert (result["kind"] == "spurious").sum() == len(hits) - matched
    assert (result["kind"] == "missed").sum() == len(truth) - matched


def test_missing_columns_are_named_for_both_tables():
    with pytest.raises(InputError) as caught:
        compare_hits(hits_of().drop(columns="end"), truth_of().drop(columns=["label", "start"]))
    assert [f.received for f in caught.value.faults] == ["no column end", "no column label, start"]
    with pytest.raises(InputError, match="hits, columns: received no column text"):
        disagreements(hits_of().drop(columns="text"), truth_of())


def truth_file(tmp_path, content):
    path = tmp_path / "truth.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


HEAD = "document,kind,label,start,end,value,text\n"


def test_annotations_of_the_corpus_are_read(tmp_path):
    path = truth_file(tmp_path, HEAD + "a,frame,p,0,2,,净化\nb,frame,m,2,6,,未成年人\nelsewhere,frame,p,0,2,,净化\n")
    truth = read_truth(CORPUS, path)
    assert truth[["document", "label", "start", "end", "value"]].to_numpy().tolist() == [
        ["a", "p", 0, 2, ""],
        ["b", "m", 2, 6, ""],
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + "a,frame,p,1,3,,净化\n", "a 1–3, text: received '化网'; accepted: '净化'\nThe annotations belong"),
        (HEAD + "a,frame,p,,2,,净化\n", "start: received offsets that are missing"),
        (HEAD + "a,frame,p,0,2.5,,净化\n", "end: received offsets that are missing or not whole"),
        ("document,start\na,0\n", "no column kind"),
        (HEAD.encode() + "a,frame,p,0,2,,净化\n".encode("gb18030"), "a CSV saved as UTF-8"),
        ("", "a CSV saved as UTF-8"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(tmp_path, content, message):
    with pytest.raises(InputError) as caught:
        read_truth(CORPUS, truth_file(tmp_path, content))
    assert message in str(caught.value)


def test_a_corpus_without_annotations_says_what_they_look_like(tmp_path):
    with pytest.raises(TifaError, match=r"There is no .*document, kind, label, start, end"):
        read_truth(CORPUS, tmp_path)
