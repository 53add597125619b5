"""Text that is cut already: as the plain segmenter cuts it, and as the general way of cutting numbers it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_corpora import ANY_TEXT, corpus_of

from analysis import cutting, segmentation
from analysis.boundaries import code_points
from analysis.corpus import Corpus
from analysis.cutting import Part, cut_part
from analysis.segmentation import segment
from analysis.segmenters import spaces
from analysis.tokens import Tokens

FIELDS = ("ids", "starts", "ends", "line_starts", "lengths")
ENGINES = {"zh": ("spaces", {}), "en": ("spaces", {})}
SPACED = st.text(
    st.sampled_from("甲乙a\u00e9𠮷\x01\u200b\ufeff \u3000\u00a0\u1680\u2003\n\r\t\x1c\x85\u2028"), max_size=30
)


def generally(texts):
    """Cut piece by piece, as any other segmenter is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "WHOLE", ())
        return cut_part(ENGINES, texts, ["zh"] * len(texts))


def equal(first, second):
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert getattr(first, name).dtype == getattr(second, name).dtype
    assert first.words == second.words


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(ANY_TEXT, SPACED), max_size=5))
@example([])
@example([""])
@example(["", " ", "\n", ""])
@example(["甲", "甲"])
@example(["\n甲\r\n乙\n", "乙"])
@example(["a\U0010ffff\u3000\U0010ffff"])
def test_cut_at_once_or_piece_by_piece_is_the_same(texts):
    at_once = cut_part(ENGINES, texts, ["en"] * len(texts))
    assert isinstance(at_once, Part)
    equal(at_once, generally(texts))


def test_every_white_space_is_known():
    """What Python holds for white space, no more and no less, stands between tokens."""
    every = [chr(p) for p in range(0x110000) if not 0xD800 <= p < 0xE000]
    white = [c for c in every if c.isspace()]
    assert max(map(ord, white)) <= spaces._LAST_SPACE
    part = cut_part(ENGINES, [f"a{c}b" for c in white], ["en"] * len(white))
    assert part.words == ("a", "b")
    others = "".join(c for c in every if not c.isspace())
    part = cut_part(ENGINES, [others], ["en"])
    assert part.words == (others,)
    assert code_points(part.words[0]).size == len(others)


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=6), st.booleans(), st.sampled_from([4, 12, 6_000_000]))
def test_tokens_are_the_same_whatever_the_parts(texts, fold, size):
    corpus = corpus_of(*texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmentation, "_WHOLE_PART", size)
        found = segment(corpus, "spaces", fold=fold)
        patch.setattr(cutting, "WHOLE", ())
        expected = segment(corpus, "spaces", fold=fold)
    for name in ("ids", "starts", "ends", "line_starts", "document_offsets"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        assert getattr(found, name).dtype == getattr(expected, name).dtype
    assert found.vocabulary == expected.vocabulary == tuple(sorted(found.vocabulary))
    pd.testing.assert_frame_equal(found.documents, expected.documents)
    assert found.digest == expected.digest


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT)
def test_the_pieces_are_the_text(text):
    pieces = spaces.make()(text)
    assert "".join(pieces) == text
    assert [p for p in pieces if not p.isspace()] == text.split()


def test_what_another_segmenter_cut_comes_back():
    whole = segment(corpus_of("净化网络环境，保护未成年人。\n百年", "网络。"))
    texts = [" ".join(whole.words(identifier)) for identifier in ("d0", "d1")]
    again = segment(corpus_of(*texts), "spaces")
    assert again.vocabulary == whole.vocabulary
    np.testing.assert_array_equal(again.ids, whole.ids)
    np.testing.assert_array_equal(again.document_offsets, whole.document_offsets)
    assert again.documents["tokens"].tolist() == whole.documents["tokens"].tolist()


def test_both_languages_and_lines_and_offsets():
    table = pd.DataFrame(
        {"id": ["a", "b"], "date": "2021", "language": ["zh", "en"], "text": ["净化\n网络。", "U.S. list."]}
    )
    tokens = segment(Corpus(table), "spaces")
    assert tokens.words("a") + tokens.words("b") == ["净化", "网络。", "U.S.", "list."]
    assert tokens.line_starts.tolist() == [True, True, True, False]
    assert tokens.starts.tolist() == [0, 3, 0, 5]
    assert tokens.ends.tolist() == [2, 6, 4, 10]
    assert tokens.recipe["segmenters"] == {"en": "spaces", "zh": "spaces"}
    assert tokens.digest != segment(Corpus(table), "characters").digest


def test_tokens_on_disk_and_in_two_processes(tmp_path):
    corpus = corpus_of(*(f"净化 网络{n} 环境\n保护 未成年人" for n in range(40)))
    one = segment(corpus, "spaces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmentation, "_WHOLE_PART", 100)
        two = segment(corpus, "spaces", folder=tmp_path / "tokens", processes=2)
    assert isinstance(two, Tokens)
    np.testing.assert_array_equal(one.ids, two.ids)
    np.testing.assert_array_equal(one.line_starts, two.line_starts)
    assert one.vocabulary == two.vocabulary
    assert one.digest == two.digest
