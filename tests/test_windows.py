import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from query_oracle import tokens_of

from analysis.errors import InputError
from analysis.matching import match
from analysis.positions import stretches
from analysis.windows import checked_sides, near_matches

documents_ = st.lists(
    st.lists(st.sampled_from(["n", "n", "a", "b", "c", "，", "。", None]), max_size=9), min_size=1, max_size=4
)


def by_hand(tokens, found, sides, within, *, overlap, nodes, across, words_only):
    """Counts from the definitions, one position after the other."""
    words = [tokens.vocabulary[i] if i >= 0 else None for i in tokens.ids]
    row_of = np.repeat(np.arange(len(tokens.documents)), np.diff(tokens.document_offsets))
    unit = stretches(tokens, within) if within else row_of
    node = {at for a, b in zip(found.first, found.last, strict=True) for at in range(a, b)}
    eligible = [w is not None and (not words_only or w.isalpha()) for w in words]
    times = dict.fromkeys(range(len(words)), 0)
    for first, last in zip(found.first, found.last, strict=True):
        for at in [*range(first - sides[0], first), *range(last, last + sides[1])]:
            inside = 0 <= at < len(words) and (across or row_of[at] == row_of[first])
            if inside and within:
                inside = unit[at] == unit[first] if at < first else unit[at] == unit[last - 1]
            if inside and eligible[at] and row_of[at] in found.rows and (nodes == "in" or at not in node):
                times[at] = times[at] + 1 if overlap == "each" else 1
    vocabulary = tokens.vocabulary
    observed = [sum(n for at, n in times.items() if words[at] == v) for v in vocabulary]
    documents = [len({row_of[at] for at, n in times.items() if n and words[at] == v}) for v in vocabulary]
    text = [
        sum(w == v and eligible[at] and at not in node and row_of[at] in found.rows for at, w in enumerate(words))
        for v in vocabulary
    ]
    return observed, documents, [max(pair) for pair in zip(text, observed, strict=True)], sum(observed), sum(text)


@settings(max_examples=300, deadline=None)
@given(
    documents_,
    st.sampled_from(["n", "n n", "n []{0,1} n", "[]", "n a", "n :: kept=1", "n|b :: kept!=1"]),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.sampled_from(["", "sentence", "clause"]),
    st.sampled_from(["once", "each"]),
    st.sampled_from(["out", "in"]),
    st.booleans(),
    st.booleans(),
)
@example([["n", "n", "a", "n"]], "n", (3, 3), "", "once", "in", False, True)
@example([["n", "a", "n"]], "n", (2, 2), "", "once", "in", False, True)
@example([["n", "a"], ["b", "c"], ["n"]], "n :: kept=1", (2, 2), "", "once", "out", True, True)
@example([[None, "n"], [], ["n", None]], "n", (4, 4), "", "each", "in", True, False)
@pytest.mark.filterwarnings("ignore:No token is")
def test_counts_are_those_of_the_definitions(documents, query, sides, within, overlap, nodes, across, words_only):
    kept = [str(1 - i % 2) for i in range(len(documents))]
    if "kept!=1" in query and len(documents) < 2:
        return
    tokens = tokens_of(documents, kept=kept)
    found = match(tokens, query)
    options = {"overlap": overlap, "nodes": nodes, "across": across and not within, "words_only": words_only}
    near = near_matches(tokens, found, sides, within, **options)
    observed, in_documents, text, size, total = by_hand(tokens, found, sides, within, **options)
    assert near.observed.tolist() == observed
    assert near.documents.tolist() == in_documents
    assert near.text.tolist() == text
    assert (near.size, near.total) == (size, total)
    values = near.values(tokens.documents["kept"])
    assert (values <= near.documents).all()
    assert ((values > 0) == (near.documents > 0)).all()


def test_different_values_of_a_column_are_counted_and_empty_ones_are_none():
    issuer = ["x", "x", "", "y"]
    tokens = tokens_of([["n", "a"], ["n", "a"], ["n", "a", "b"], ["n", "a"]], issuer=issuer, none=[None] * 4)
    near = near_matches(
        tokens, match(tokens, "n"), (2, 2), "", overlap="once", nodes="out", across=False, words_only=True
    )
    assert dict(zip(tokens.vocabulary, near.values(tokens.documents["issuer"]), strict=True)) == {
        "a": 2,
        "b": 0,
        "n": 0,
    }
    assert near.values(tokens.documents["none"]).tolist() == [0, 0, 0]


def test_a_window_is_cut_to_what_the_text_has():
    tokens = tokens_of([["a"] * 7])
    assert checked_sides(tokens, "x", (10**30, 2), "", 1, 1) == (7, 2)
    assert checked_sides(tokens, "x", np.int8(3), "clause", np.int64(2), 1) == (3, 3)


@pytest.mark.parametrize("window", [0, -1, (0, 0), (1, -1), (1,), (1, 2, 3), 1.5, "5", None, True, (1, True)])
def test_a_window_that_is_none_is_refused(window):
    with pytest.raises(InputError, match="x, window: received .*accepted: a whole number of at least 1"):
        checked_sides(tokens_of([["a"]]), "x", window, "", 1, 1)


def test_all_faults_are_named_at_once():
    tokens = tokens_of([["a"], ["b"]], language=["en", "zh"])
    with pytest.raises(InputError) as caught:
        checked_sides(tokens, "x", 0, "line", 0, True)
    assert [f.field for f in caught.value.faults] == ["window", "within", "minimum", "minimum_documents", "tokens"]
    assert "en and zh" in str(caught.value)
