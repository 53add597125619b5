import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.topics import coherence
from analysis.topics.coherence import c_v, document_frequencies, npmi, uci, umass, window_frequencies

REFERENCES = Path(__file__).resolve().parents[1] / "references"
GENSIM = json.loads((REFERENCES / "coherence_gensim.json").read_text(encoding="utf-8"))
BASE_R = json.loads((REFERENCES / "exclusivity.json").read_text(encoding="utf-8"))


def numbered(lines):
    """Token ids, offsets and vocabulary of documents written as words with spaces between."""
    texts = [line.split() for line in lines]
    vocabulary = sorted({word for text in texts for word in text})
    ids = np.array([vocabulary.index(word) for text in texts for word in text], dtype=np.int32)
    return ids, np.cumsum([0, *map(len, texts)]), vocabulary


def document_matrix(ids, offsets, size):
    return sparse.csr_array((np.ones(ids.size, dtype=np.int32), ids, offsets), shape=(offsets.size - 1, size))


def by_enumeration(ids, offsets, columns, window):
    """The same windows, one after another."""
    joint, n = np.zeros((len(columns), len(columns)), dtype=np.int64), 0
    for start, end in pairwise(offsets.tolist()):
        for first in range(start, max(start, end - window) + 1):
            held = set(ids[first : min(first + window, end)].tolist())
            holds = np.array([column in held for column in columns], dtype=np.int64)
            joint, n = joint + np.outer(holds, holds), n + 1
    return joint, n


# ------------------------------------------------------------------- gensim's numbers, and stm's


def test_umass_is_gensims():
    ids, offsets, vocabulary = numbered(GENSIM["documents"])
    joint, n = document_frequencies(document_matrix(ids, offsets, len(vocabulary)), np.arange(len(vocabulary)))
    assert n == 12
    for topic, expected in zip(GENSIM["topics"], GENSIM["u_mass"], strict=True):
        words = [vocabulary.index(word) for word in topic.split()]
        assert umass(joint, words, aggregate="mean", smoothing=n * 1e-12) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("reference", GENSIM["windows"], ids=lambda reference: f"window of {reference['window']}")
def test_window_measures_are_gensims(reference):
    ids, offsets, vocabulary = numbered(GENSIM["documents"])
    joint, n = window_frequencies(ids, offsets, np.arange(len(vocabulary)), reference["window"])
    for name, measure in (("c_uci", uci), ("c_npmi", npmi), ("c_v", c_v)):
        for topic, expected in zip(GENSIM["topics"], reference[name], strict=True):
            words = [vocabulary.index(word) for word in topic.split()]
            assert measure(joint, n, words, epsilon=1e-12) == pytest.approx(expected, rel=1e-11), (name, topic)


@pytest.mark.parametrize("top", [4, 10])
def test_umass_is_stms_semantic_coherence(top):
    weights, documents = np.array(BASE_R["weights"]), sparse.csr_array(np.array(BASE_R["documents"], dtype=np.int32))
    top_words = np.argsort(-weights, axis=1, kind="stable")[:, :top]
    columns = list(dict.fromkeys(top_words.ravel().tolist()))  # in the order in which they first appear
    joint, _ = document_frequencies(documents, columns)
    found = [
        umass(joint, sorted(columns.index(word) for word in topic), smoothing=0.01, base_smoothing=0.01)
        for topic in top_words
    ]
    assert found == pytest.approx(BASE_R[f"semantic_coherence_{top}"], rel=1e-12)


def test_what_gensim_counts_otherwise():
    repeated = GENSIM["departures"]["repeated"]
    ids, offsets, vocabulary = numbered(repeated["documents"])
    joint, n = window_frequencies(ids, offsets, np.arange(len(vocabulary)), repeated["window"])
    assert n == 4
    assert dict(zip(vocabulary, np.diag(joint).tolist(), strict=True)) == repeated["windows_holding"] | {"a": 3}
    assert repeated["windows_holding"]["a"] == 1

    everywhere = GENSIM["departures"]["everywhere"]
    ids, offsets, _ = numbered(everywhere["documents"])
    joint, n = window_frequencies(ids, offsets, [0, 1], everywhere["window"])
    assert everywhere["c_npmi"] == [-1]
    assert npmi(joint, n, [0, 1], epsilon=1e-12) == npmi(joint, n, [0, 1]) == 0


def test_c_v_praises_words_that_never_meet():
    narrow = GENSIM["windows"][0]
    now_and_then, never = (
        GENSIM["topics"].index("净化 网络 有害 信息 清理"),
        GENSIM["topics"].index("讲话 游戏 减排 心理"),
    )
    assert narrow["c_v"][never] > narrow["c_v"][now_and_then]
    assert narrow["c_npmi"][never] < narrow["c_npmi"][now_and_then]
    joint = np.diag([3, 3, 3, 3])
    assert c_v(joint, 100, [0, 1, 2, 3]) > 0.3
    assert npmi(joint, 100, [0, 1, 2, 3]) == -1


# ------------------------------------------------------------------- by hand


def test_windows_by_hand():
    ids = np.array([0, 1, 0, 2, 1, 1, -1, 0], dtype=np.int32)  # documents 0102, 1, none, 1-0
    joint, n = window_frequencies(ids, np.array([0, 4, 5, 5, 8]), [0, 1, 2, 7], window=3)
    assert n == 5  # 010, 102 | 1 | (empty) | 1-0
    assert joint.tolist() == [[3, 3, 1, 0], [3, 4, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    assert joint.dtype == np.int64


def test_a_removed_token_keeps_words_apart():
    apart, _ = window_frequencies(np.array([0, -1, 1], dtype=np.int32), np.array([0, 3]), [0, 1], window=2)
    assert apart[0, 1] == 0


def test_columns_choose_and_order_the_words():
    matrix = sparse.csr_array(np.array([[1, 0, 2, 0], [0, 3, 1, 0], [4, 0, 0, 0]], dtype=np.int32))
    joint, n = document_frequencies(matrix, [2, 0, 3])
    assert (joint.tolist(), n) == ([[2, 1, 0], [1, 2, 0], [0, 0, 0]], 3)
    assert joint.dtype == np.int64


def test_documents_are_read_only_and_stay_as_they_are():
    # A column twice in a row, and a stored zero: what SciPy would tidy up in place.
    parts = np.array([1, 2, 5, 0], dtype=np.int32), np.array([1, 1, 0, 0], dtype=np.int32), np.array([0, 3, 4])
    before = [part.copy() for part in parts]
    matrix = sparse.csr_array(parts, shape=(2, 2))
    for array in (matrix.data, matrix.indices, matrix.indptr):
        array.flags.writeable = False
    joint, n = document_frequencies(matrix, [0, 1])
    assert (joint.tolist(), n) == ([[1, 1], [1, 1]], 2)
    for part, copy in zip((matrix.data, matrix.indices, matrix.indptr), before, strict=True):
        assert (part == copy).all()


def test_measures_by_hand():
    joint, n = np.array([[4, 2, 0], [2, 2, 1], [0, 1, 1]]), 8
    assert umass(joint, [0, 1, 2]) == pytest.approx(np.log(3 / 4) + np.log(1 / 4) + np.log(2 / 2))
    assert umass(joint, [2, 1, 0]) == pytest.approx(np.log(2 / 1) + np.log(1 / 1) + np.log(3 / 2))
    assert umass(joint, [0, 1, 2], aggregate="mean") == pytest.approx(umass(joint, [0, 1, 2]) / 3)
    assert umass(joint, [0, 2], smoothing=0) == -np.inf
    pmi = [np.log(2 / 8 / (4 / 8 * 2 / 8)), np.log(1 / 8 / (2 / 8 * 1 / 8))]
    assert uci(joint, n, [0, 1, 2]) == pytest.approx((sum(pmi) + np.log(1e-12 / (4 / 8 * 1 / 8))) / 3)
    assert uci(joint, n, [0, 1, 2], epsilon=0) == -np.inf
    first, last = pmi[0] / np.log(8 / 2), pmi[1] / np.log(8 / 1)
    assert npmi(joint, n, [0, 1, 2]) == pytest.approx((first + last - 1) / 3)
    vectors = np.array([[1, first, -1], [first, 1, last], [-1, last, 1]])
    total = vectors.sum(axis=0)
    cosines = [v @ total / np.sqrt((v @ v) * (total @ total)) for v in vectors]
    assert c_v(joint, n, [0, 1, 2], epsilon=0) == pytest.approx(np.mean(cosines))


# ------------------------------------------------------------------- edges

MEASURES = {
    "umass": lambda joint, n, words, **options: umass(joint, words, **options),
    "uci": uci,
    "npmi": npmi,
    "c_v": c_v,
}
every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)


@every_measure
@pytest.mark.parametrize("words", [[], [0], [2], [0, 2], [2, 3]], ids=str)
def test_fewer_than_two_words_that_occur_are_nothing_to_judge(measure, words):
    joint = np.array([[4, 2, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert np.isnan(measure(joint, 8, words))


@every_measure
def test_words_that_do_not_occur_are_left_out(measure):
    joint = np.array([[4, 2, 0], [2, 2, 0], [0, 0, 0]])
    assert measure(joint, 8, [0, 2, 1]) == measure(joint, 8, [0, 1])


def test_words_that_only_stand_together():
    joint = np.full((3, 3), 2)
    assert npmi(joint, 8, [0, 1, 2]) == 1
    assert c_v(joint, 8, [0, 1, 2]) == pytest.approx(1)
    assert uci(joint, 8, [0, 1]) == pytest.approx(np.log(4))
    assert umass(joint, [0, 1]) == np.log(3) - np.log(2)


def test_words_in_every_window():
    joint = np.array([[8, 8, 2], [8, 8, 2], [2, 2, 2]])
    assert npmi(joint, 8, [0, 1]) == npmi(joint, 8, [0, 2]) == 0
    assert c_v(joint, 8, [0, 1]) == 0
    assert uci(joint, 8, [0, 1], epsilon=0) == 0


def test_no_columns():
    joint, n = window_frequencies(np.array([0, 1], dtype=np.int32), np.array([0, 2]), [], 2)
    assert (joint.shape, n) == ((0, 0), 1)
    joint, n = document_frequencies(sparse.csr_array((3, 2), dtype=np.int32), [])
    assert (joint.shape, n) == ((0, 0), 3)


def test_no_documents():
    joint, n = window_frequencies(np.array([], dtype=np.int32), np.array([0]), [0, 1], 2)
    assert (joint.tolist(), n) == ([[0, 0], [0, 0]], 0)
    assert np.isnan(npmi(joint, n, [0, 1]))


# ------------------------------------------------------------------- properties

DOCUMENTS = st.lists(st.lists(st.integers(-1, 4), max_size=14), min_size=1, max_size=6)
COLUMNS = st.permutations(range(6)).flatmap(lambda order: st.integers(0, 6).map(lambda m: order[:m]))


def laid_out(documents):
    ids = np.array([token for document in documents for token in document], dtype=np.int32)
    return ids, np.cumsum([0, *map(len, documents)])


@settings(deadline=None)
@given(documents=DOCUMENTS, columns=COLUMNS, window=st.integers(1, 16), batch=st.integers(1, 40))
def test_windows_are_those_of_the_enumeration(documents, columns, window, batch):
    expected, number = by_enumeration(*laid_out(documents), columns, window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coherence, "_BATCH_TOKENS", batch)
        patch.setattr(coherence, "_CHUNK_PAIRS", batch)
        joint, n = window_frequencies(*laid_out(documents), columns, window)
    assert n == number
    assert joint.tolist() == expected.tolist()


@settings(deadline=None)
@given(documents=DOCUMENTS, columns=COLUMNS, window=st.integers(1, 16), seed=st.randoms())
def test_the_order_of_documents_is_irrelevant(documents, columns, window, seed):
    shuffled = seed.sample(documents, len(documents))
    (joint, n), (again, number) = (
        window_frequencies(*laid_out(order), columns, window) for order in (documents, shuffled)
    )
    assert n == number
    assert (joint == again).all()


@settings(deadline=None)
@given(documents=DOCUMENTS, columns=COLUMNS)
def test_windows_of_whole_documents_are_the_documents(documents, columns):
    ids, offsets = laid_out([[token for token in document if token >= 0] for document in documents])
    windows, n = window_frequencies(ids, offsets, columns, window=14)
    joint, number = document_frequencies(document_matrix(ids, offsets, 6), columns)
    assert n == number == len(documents)
    assert (windows == joint).all()


@settings(deadline=None)
@given(documents=DOCUMENTS, window=st.integers(1, 16), words=COLUMNS, epsilon=st.sampled_from([0.0, 1e-12]))
def test_a_corpus_twice_is_as_coherent(documents, window, words, epsilon):
    once = window_frequencies(*laid_out(documents), np.arange(6), window)
    twice = window_frequencies(*laid_out(documents * 2), np.arange(6), window)
    assert twice[1] == 2 * once[1]
    for measure in (uci, npmi, c_v):
        value = measure(*twice, words, epsilon=epsilon)
        assert value == pytest.approx(measure(*once, words, epsilon=epsilon), abs=1e-12, nan_ok=True)


@settings(deadline=None)
@given(documents=DOCUMENTS, window=st.integers(1, 16), words=COLUMNS, seed=st.randoms())
def test_bounds_and_the_order_of_words(documents, window, words, seed):
    joint, n = window_frequencies(*laid_out(documents), np.arange(6), window)
    if np.count_nonzero(np.diag(joint)[words]) < 2:
        return
    shuffled = seed.sample(words, len(words))
    assert -1 <= npmi(joint, n, words) <= 1
    for measure, low, high in ((npmi, -1, 1), (c_v, -1, 1), (uci, -np.inf, np.log(n))):
        for epsilon in (0.0, 1e-12):
            value = measure(joint, n, words, epsilon=epsilon)
            assert low - 1e-9 <= value <= high + 1e-9
            assert value == pytest.approx(measure(joint, n, shuffled, epsilon=epsilon), abs=1e-9)
    assert umass(joint, words) <= len(words) * (len(words) - 1) / 2 * np.log(2) + 1e-9


# ------------------------------------------------------------------- bad cases

JOINT = np.array([[2, 1], [1, 3]])
OFFSETS = np.array([0, 3])
IDS = np.array([0, 1, 0], dtype=np.int32)


@pytest.mark.parametrize("words", [[0, 0], [0, 2], [-1, 0], [0.0, 1.0], [[0, 1]], [True, False]], ids=str)
@every_measure
def test_words_are_positions_each_once(measure, words):
    with pytest.raises(ValueError, match="words: received .*; accepted: whole numbers, from 0 to 1, each once"):
        measure(JOINT, 5, words)


@pytest.mark.parametrize("columns", [[0, 0], [-1, 0], [0.5]], ids=str)
def test_columns_are_features_each_once(columns):
    with pytest.raises(ValueError, match="columns: received"):
        window_frequencies(IDS, OFFSETS, columns, 2)
    with pytest.raises(ValueError, match="columns: received"):
        document_frequencies(sparse.csr_array(JOINT), columns)


def test_a_feature_that_the_matrix_lacks():
    with pytest.raises(ValueError, match=r"columns: received \[0, 2\]; accepted: whole numbers, from 0 to 1"):
        document_frequencies(sparse.csr_array(JOINT), [0, 2])


@pytest.mark.parametrize("window", [0, -1, 2.5])
def test_a_window_has_tokens(window):
    with pytest.raises(ValueError, match="window: received"):
        window_frequencies(IDS, OFFSETS, [0], window)


@pytest.mark.parametrize("offsets", [[], [0], [0, 2], [1, 3], [0, 3, 1, 3], [[0, 3]]], ids=str)
def test_offsets_cover_the_tokens(offsets):
    with pytest.raises(ValueError, match="document_offsets: received .* for 3 tokens"):
        window_frequencies(IDS, np.array(offsets, dtype=np.int64), [0], 2)


def test_counts_must_fit():
    with pytest.raises(ValueError, match="n: received 2, but a word stands in 3"):
        npmi(JOINT, 2, [0, 1])
    with pytest.raises(ValueError, match=r"joint: received shape \(1, 2\)"):
        umass(JOINT[:1], [0, 1])


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_smoothing_is_not_negative(value):
    for measure in (uci, npmi, c_v):
        with pytest.raises(ValueError, match="epsilon: received"):
            measure(JOINT, 5, [0, 1], epsilon=value)
    for option in ("smoothing", "base_smoothing"):
        with pytest.raises(ValueError, match=f"{option}: received"):
            umass(JOINT, [0, 1], **{option: value})


def test_aggregates():
    with pytest.raises(ValueError, match="aggregate: received 'median'; accepted: 'sum' or 'mean'"):
        umass(JOINT, [0, 1], aggregate="median")
