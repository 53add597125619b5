import gc
import itertools
import weakref

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from query_oracle import tokens_of
from small_corpora import corpus_of

from analysis import boundaries, positions
from analysis.errors import InputError
from analysis.positions import (
    bisected,
    document_bounds,
    document_rows,
    folded_words,
    places_of,
    postings,
    spelled,
    stretch_bounds,
    stretches,
    word_types,
)
from analysis.segmentation import segment
from analysis.tokens import Tokens

documents_ = st.lists(st.lists(st.sampled_from(["a", "b", "c", "，", None]), max_size=8), max_size=4)


# ------------------------------------------------------------- places


@settings(deadline=None)
@given(documents_)
@example([])
@example([[], []])
@example([[None, None]])
def test_postings_list_every_place_of_every_word(documents):
    tokens = tokens_of(documents)
    flat = [word for words in documents for word in words]
    places, offsets = postings(tokens)
    assert offsets.size == len(tokens.vocabulary) + 1
    for number, word in enumerate(tokens.vocabulary):
        expected = [i for i, other in enumerate(flat) if other == word]
        assert places[offsets[number] : offsets[number + 1]].tolist() == expected
        assert places_of(tokens, np.array([number])).tolist() == expected
    both = np.arange(len(tokens.vocabulary))
    assert places_of(tokens, both).tolist() == [i for i, word in enumerate(flat) if word is not None]
    assert places_of(tokens, both[:0]).tolist() == []
    assert not places.flags.writeable
    assert postings(tokens) is postings(tokens)


def test_what_is_kept_goes_with_the_tokens():
    tokens = tokens_of([["a", "b"]])
    kept = weakref.ref(tokens)
    postings(tokens)
    stretches(tokens, "sentence")
    del tokens
    gc.collect()
    assert kept() is None


def test_rows_and_bounds_of_documents_pass_over_empty_ones():
    tokens = tokens_of([[], ["a", "b"], [], [], ["c"], []])
    places = np.array([0, 1, 2])
    assert document_rows(tokens, places).tolist() == [1, 1, 4]
    low, high = document_bounds(tokens, places)
    assert (low.tolist(), high.tolist()) == ([0, 0, 2], [2, 2, 3])
    assert document_rows(tokens, places[:0]).tolist() == []


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-3, 9), max_size=6).map(sorted), max_size=4), st.data())
def test_bisected_searches_each_stretch_alone(parts, data):
    values = np.array([v for part in parts for v in part], dtype=np.int32)
    ends = np.cumsum([0, *map(len, parts)])
    asked = data.draw(st.lists(st.tuples(st.integers(0, len(parts) - 1), st.integers(-5, 12)))) if parts else []
    low, high = (np.array([ends[i + step] for i, _ in asked], dtype=np.int64) for step in (0, 1))
    targets = np.array([t for _, t in asked], dtype=np.int64)
    for side in ("left", "right"):
        found = bisected(values, low, high, targets, side)
        assert found.tolist() == [int(ends[i] + np.searchsorted(parts[i], t, side)) for i, t in asked]
    assert low.tolist() == [ends[i] for i, _ in asked]  # what is given stays as it is


def test_words_hold_a_letter_a_mark_or_a_number():
    words = ["净化", "a", "3", "３", "①", "x\u030c", "\u0301", "م", "𠮷", "，", "。。。", "—", "℃", "+", "U.S.", "%"]
    tokens = tokens_of([words])
    expected = {"净化", "a", "3", "３", "①", "x\u030c", "\u0301", "م", "𠮷", "U.S."}
    assert {w for w, is_word in zip(tokens.vocabulary, word_types(tokens), strict=True) if is_word} == expected
    assert word_types(tokens_of([])).tolist() == []


def test_words_that_differ_in_case_alone_are_found_together():
    tokens = tokens_of([["Net", "net", "NET", "children’s", "children's", "ß", "ss"]])
    known = {form: [tokens.vocabulary[i] for i in numbers] for form, numbers in folded_words(tokens).items()}
    assert known["net"] == ["NET", "Net", "net"]
    assert known["children's"] == ["children's", "children’s"]
    assert (known["ß"], known["ss"]) == (["ß"], ["ss"])


# ------------------------------------------------------------- sentences, clauses, paragraphs


def by_boundaries(text, tokens, row, unit):
    """The number of the unit of each token, from the units' own offsets."""
    if unit == "clause":
        ends = np.flatnonzero(boundaries.clause_ends(boundaries.code_points(text))) + 1
    else:
        spans = boundaries.sentences(text) if unit == "sentence" else boundaries.paragraphs(text)
        ends = np.array([start for start, _ in spans])
    first, last = tokens.document_offsets[row : row + 2]
    return np.searchsorted(ends, tokens.starts[first:last], side="right")


def differing(texts, tokens, unit):
    """How many tokens begin a unit by one of the two and not by the other."""
    numbers, count = stretches(tokens, unit), 0
    for row, text in enumerate(texts):
        first, last = tokens.document_offsets[row : row + 2]
        opens = np.diff(numbers[first:last]) > 0
        count += int((opens != (np.diff(by_boundaries(text, tokens, row, unit)) > 0)).sum())
    return count


CONSTRUCTED = [
    "净化网络。“保护未成年人！”他说。结束",
    "为什么？！不知道……后来（净化。）再说。”“好”",
    "净化，网络；环境：社会！文化、市场。\n第二行\n\n第三行，没有句号\n第四",
    "Mr. Li met Gov. Smith in the U.S. on Jan. 5. He left. No. 5 is open.",
    'He said: "Stop." Then (he left.) She stayed... and waited. "Why?" she asked! Yes',
    "At 1,500 m, e.g. here; a:b and 3.5 etc. Then, “done.” Next line\r\nA new line.\u2028Another",
    "end.Next one. v. 2. Point 1. Then x.y.z. Stop. A. B. C",
    "净化。 网络 。环境 ！ 好 ？",
    "一……二…三",
    "a . b . c .",
    "U.S. policy. U.S.A. is. (U.S.) x",
    "“好。”“不好。”（净化！）【网络？】",
]


@pytest.mark.parametrize("unit", ["sentence", "clause", "paragraph"])
@pytest.mark.parametrize("text", CONSTRUCTED)
def test_units_are_those_of_the_text(text, unit):
    for language, segmenter in (("zh", None), ("en", None)):
        tokens = segment(corpus_of(text, language=language), segmenter)
        assert differing([text], tokens, unit) == 0, (language, tokens.words("d0"), stretches(tokens, unit))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"净。！？…”“）（，；：\n a.,!?\"'", "Mr", "U.S", "etc", "word", "12"]),
        min_size=1,
        max_size=14,
    )
)
def test_units_of_characters_are_those_of_any_text_of_chinese_signs(parts):
    text = "".join(p for p in parts if p not in (".", "Mr", "U.S", "etc"))
    if not text.strip():
        return
    tokens = segment(corpus_of(text), "characters")
    for unit in ("sentence", "clause", "paragraph"):
        assert differing([text], tokens, unit) == 0, (unit, tokens.words("d0"), stretches(tokens, unit).tolist())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_units_are_those_of_texts_of_signs_and_abbreviations_in_any_order(language):
    rng = np.random.default_rng(1)
    parts = [*"净。！？…”“）（，；：\n a.,!?\"'", "Mr", "U.S", "etc", "word", "12", "e.g", "x.", " ", "网络"]
    texts = [text for text in ("".join(rng.choice(parts, 14)) for _ in range(1500)) if text.strip()]
    corpus = corpus_of(*texts, language=language)
    tokens = segment(corpus)
    for unit in ("sentence", "clause", "paragraph"):
        assert differing(corpus.table["text"], tokens, unit) == 0


@pytest.mark.parametrize(
    ("name", "language"), [("mfa_press_zh", "zh"), ("us_presidents_en", "en"), ("gwr_central_zh", "zh")]
)
def test_units_of_real_texts_are_those_of_the_text(shared, name, language):
    path = shared / "corpora" / name / "documents.parquet"
    if not path.exists():
        pytest.skip(f"no corpus {path}")
    table = pd.read_parquet(path, columns=["text"])
    texts = table.loc[table["text"].str.len() > 200, "text"].sample(30, random_state=0).str.slice(0, 20_000)
    corpus = corpus_of(*texts, language=language)
    tokens = segment(corpus)
    for unit in ("sentence", "clause", "paragraph"):
        assert differing(corpus.table["text"], tokens, unit) == 0, unit


@pytest.mark.parametrize("unit", ["sentence", "clause", "paragraph"])
def test_units_never_go_on_over_the_end_of_a_document(unit):
    tokens = tokens_of([["a"], [], ["b", None, "c"], [None], []])
    numbers = stretches(tokens, unit)
    assert numbers.tolist() == [0, 1, 1, 1, 2]
    assert stretch_bounds(tokens, unit).tolist() == [0, 1, 4, 5]
    assert not numbers.flags.writeable
    nothing = tokens_of([[], []])
    assert stretches(nothing, unit).tolist() == []
    assert stretch_bounds(nothing, unit).tolist() == [0]


def test_another_unit_is_refused():
    with pytest.raises(InputError, match="received 'word'; accepted: sentence, clause, paragraph"):
        stretches(tokens_of([["a"]]), "word")


# ------------------------------------------------------------- text


def by_hand(text, tokens, first, last):
    """From the text: the tokens of the stretch, with one space for the white space between them."""
    out = ""
    for i in range(first, last):
        gap = i > first and tokens.starts[i] != tokens.ends[i - 1]
        out += " " * int(gap) + (text[tokens.starts[i] : tokens.ends[i]] if tokens.ids[i] >= 0 else "…")
    return out


@pytest.mark.parametrize("batch", [1, 3, 10**6])
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["净化", "，", "网络", "a", "é", "𠮷", " ", "\n", "  "]), min_size=1, max_size=12),
    st.data(),
)
def test_spelled_gives_the_text_of_each_stretch(batch, parts, data):
    text = "".join(parts)
    if not text.strip():
        return
    tokens = segment(corpus_of(text))
    removed = data.draw(st.sets(st.integers(0, len(tokens) - 1)))
    ids = np.array([-1 if i in removed else n for i, n in enumerate(tokens.ids.tolist())], dtype=np.int32)
    arrays = (tokens.starts, tokens.ends, tokens.document_offsets, tokens.line_starts)
    tokens = Tokens(ids, *arrays, tokens.vocabulary, tokens.documents, tokens.recipe)
    pairs = list(itertools.combinations_with_replacement(range(len(tokens) + 1), 2))
    first, last = (np.array(side) for side in zip(*pairs, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(positions, "_BATCH", batch)
        found = spelled(tokens, first, last).to_pylist()
    assert found == [by_hand(text, tokens, a, b) for a, b in pairs]


def test_stretches_without_tokens_are_empty_texts():
    tokens = tokens_of([["a", "b"]])
    none = np.zeros(0, dtype=np.int64)
    assert spelled(tokens, none, none).to_pylist() == []
    assert spelled(tokens, np.array([1, 2, 1]), np.array([1, 2, 0])).to_pylist() == ["", "", ""]
    nothing = tokens_of([[]])
    assert spelled(nothing, np.array([0]), np.array([0])).to_pylist() == [""]


def test_all_of_it_works_on_mapped_tokens(tmp_path):
    tokens = segment(corpus_of("净化 网络。保护，未成年人", "结束"))
    mapped = Tokens.load(tokens.save(tmp_path / "tokens"))
    assert isinstance(mapped.ids, np.memmap)
    for a, b in zip(postings(tokens), postings(mapped), strict=True):
        assert a.tolist() == b.tolist()
    for unit in positions.UNITS:
        assert stretches(tokens, unit).tolist() == stretches(mapped, unit).tolist()
    n = np.array([len(tokens)])
    assert spelled(tokens, n * 0, n).to_pylist() == spelled(mapped, n * 0, n).to_pylist()
    assert bisected(mapped.starts, n * 0, n - 1, n * 0 + 3, "left").tolist() == [1]
