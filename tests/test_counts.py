import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpora import ANY_TEXT, corpus_of

from analysis.counts import count
from analysis.errors import InputError, MissingStep
from analysis.segmentation import segment
from analysis.tokens import Tokens


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(ANY_TEXT, min_size=1, max_size=5), size=st.integers(1, 30), language=st.sampled_from(["zh", "en"])
)
def test_blocks_sum_to_their_statement(texts, size, language):
    tokens = segment(corpus_of(*texts, language=language))
    whole, blocks = count(tokens), count(tokens, units="blocks", size=size)
    summed = pd.DataFrame(blocks.matrix.toarray()).groupby(blocks.units["document"].to_numpy(), sort=False).sum()
    assert (summed.to_numpy() == whole.matrix.toarray()).all()
    assert int(whole.matrix.sum()) == len(tokens)


def test_blocks_are_cut_at_sentence_ends():
    text = "净化网络环境。" * 3 + "保护未成年人！"
    blocks = count(segment(corpus_of(text)), units="blocks", size=12)
    assert [text[s:e] for s, e in zip(blocks.units["start"], blocks.units["end"], strict=True)] == [
        "净化网络环境。净化网络环境。",
        "净化网络环境。保护未成年人！",
    ]


@pytest.mark.parametrize("units", ["documents", "blocks"])
def test_counting_changes_no_token(units, tmp_path):
    # SciPy sums duplicates in place: in arrays of its own, it must be.
    tokens = segment(corpus_of("网络净化，净化网络，净化。" * 20, "环境网络环境"))
    before = [np.array(getattr(tokens, name)) for name in ("ids", "starts", "ends", "document_offsets")]
    counts = count(tokens, units=units)
    assert counts.matrix.max() > 1
    for name, array in zip(("ids", "starts", "ends", "document_offsets"), before, strict=True):
        np.testing.assert_array_equal(getattr(tokens, name), array)
    tokens.save(tmp_path / "t")
    mapped = Tokens.load(tmp_path / "t", verify=True)
    assert (count(mapped, units=units).matrix != counts.matrix).nnz == 0
    Tokens.load(tmp_path / "t", verify=True)


def test_removed_tokens_are_not_counted():
    tokens = segment(corpus_of("净化网络净化", "净化"))
    ids = np.where(tokens.ids == tokens.vocabulary.index("净化"), -1, tokens.ids).astype(np.int32)
    fewer = Tokens(
        ids,
        tokens.starts,
        tokens.ends,
        tokens.document_offsets,
        tokens.line_starts,
        tokens.vocabulary,
        tokens.documents,
        tokens.recipe,
    )
    assert count(fewer).matrix.toarray().tolist() == [[0, 1], [0, 0]]
    assert fewer.words("d0") == ["", "网络", ""]


def test_arrays_are_read_only_and_counts_pickle():
    counts = count(segment(corpus_of("净化网络")))
    with pytest.raises(ValueError, match="read-only"):
        counts.matrix.data[0] = 7
    assert counts.matrix.dtype == np.int32
    assert pickle.loads(pickle.dumps(counts)).digest == counts.digest


def test_wrong_input_names_the_missing_step():
    with pytest.raises(MissingStep, match="segment"):
        count(corpus_of("净化"))
    with pytest.raises(InputError, match="documents or blocks") as caught:
        count(segment(corpus_of("净化")), units="pages", size=0)
    assert len(caught.value.faults) == 2
