import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpora import ANY_TEXT

from analysis.cutting import cut_part
from analysis.errors import TifaError
from analysis.segmenters import characters, english

ENGINES = {"zh": ("characters", {}), "en": ("english", {})}


def test_no_texts_are_no_tokens():
    part = cut_part(ENGINES, [], [])
    assert part.ids.size == part.lengths.size == 0
    assert part.words == ()


def test_words_are_numbered_as_they_are_met_and_white_space_is_none():
    part = cut_part(ENGINES, ["乙 甲乙", "丙\n甲"], ["zh", "zh"])
    assert part.words == ("乙", "甲", "丙")
    assert part.ids.tolist() == [0, 1, 0, 2, 1]
    assert part.starts.tolist() == [0, 2, 3, 0, 2]
    assert part.ends.tolist() == [1, 3, 4, 1, 3]
    assert part.line_starts.tolist() == [True, False, False, True, True]
    assert part.lengths.tolist() == [3, 2]
    assert [getattr(part, name).dtype for name in ("ids", "starts", "ends", "line_starts", "lengths")] == [
        np.int32,
        np.int32,
        np.int32,
        np.bool_,
        np.int64,
    ]


@pytest.mark.parametrize("end", list("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"))
def test_every_line_end_starts_a_line(end):
    assert cut_part(ENGINES, [f"a b{end} c d"], ["en"]).line_starts.tolist() == [True, False, True, False]


def test_white_space_before_the_first_and_after_the_last_token():
    part = cut_part(ENGINES, ["\n a\n", "b"], ["en", "en"])
    assert part.line_starts.tolist() == [True, True]
    assert part.starts.tolist() == [1 + 1, 0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, st.sampled_from(["zh", "en"])), max_size=6))
def test_a_batch_is_its_texts_one_by_one(rows):
    texts, languages = [t for t, _ in rows], [language for _, language in rows]
    whole = cut_part(ENGINES, texts, languages)
    at = 0
    for i, (text, language) in enumerate(rows):
        one = cut_part(ENGINES, [text], [language])
        end = at + whole.lengths[i]
        assert [whole.words[n] for n in whole.ids[at:end]] == [one.words[n] for n in one.ids]
        assert [text[a:b] for a, b in zip(whole.starts[at:end], whole.ends[at:end], strict=True)] == [
            one.words[n] for n in one.ids
        ]
        np.testing.assert_array_equal(whole.line_starts[at:end], one.line_starts)
        pieces = {"zh": characters, "en": english}[language].make()(text)
        assert one.ids.size == sum(not piece.isspace() for piece in pieces)
        at = end
    assert at == whole.ids.size
    assert len(set(whole.words)) == len(whole.words)


@pytest.mark.parametrize("change", [lambda t: [t, "x"], lambda t: [t[1:]], lambda t: []])
def test_a_segmenter_that_loses_or_adds_text_is_found_out(monkeypatch, change):
    monkeypatch.setattr(characters, "make", lambda: change)
    with pytest.raises(TifaError, match="lost or added"):
        cut_part(ENGINES, ["净化", "网络"], ["zh", "zh"])


def test_what_one_text_loses_the_next_cannot_make_up(monkeypatch):
    monkeypatch.setattr(characters, "make", lambda: {"净化": ["净"], "网络": ["化", "网络"]}.__getitem__)
    with pytest.raises(TifaError, match="lost or added"):
        cut_part(ENGINES, ["净化", "网络"], ["zh", "zh"])
