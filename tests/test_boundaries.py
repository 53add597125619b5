import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.boundaries import (
    block_ends,
    clause_ends,
    code_points,
    count_characters,
    in_classes,
    paragraphs,
    sentences,
)

ANY = st.text(
    st.one_of(st.characters(), st.sampled_from("净化网络，。！？；：、…”’）.,;:!?\"')] \n\r\u2028\u3000aU.S5é𠮷😀")),
    max_size=60,
)


def cut(spans, text):
    return [text[a:b] for a, b in spans]


@given(ANY)
def test_code_points_are_one_number_each(text):
    assert code_points(text).tolist() == [ord(c) for c in text]


@given(ANY, st.sampled_from(["L", "LMN", "Z", "PS"]))
def test_classes_are_those_of_unicode(text, classes):
    assert in_classes(code_points(text), classes).tolist() == [unicodedata.category(c)[0] in classes for c in text]


@given(ANY)
def test_characters_are_letters_marks_and_numbers(text):
    assert count_characters(text) == sum(unicodedata.category(c)[0] in "LMN" for c in text)


def test_supplementary_characters_count_once():
    assert count_characters("𠮷😀e\u0301、 1½") == 5


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("净化，网络。", ["净化，", "网络。"]),
        ("净化、网络；保护：孩子！好？", ["净化、网络；", "保护：", "孩子！", "好？"]),
        ("1,500 men, 3.5 each", ["1,500 men,", " 3.5 each"]),
        ("the U.S.A is here. Yes", ["the U.S.A is here.", " Yes"]),
        ('he said "no." then', ['he said "no.', '" then']),
        ("end.", ["end."]),
        ("at 10:30: go", ["at 10:30:", " go"]),
        ("one\ntwo\u2028three", ["one\n", "two\u2028", "three"]),
        ("净化,网络", ["净化,网络"]),
        ("", []),
    ],
)
def test_clauses_end_where_the_docstring_says(text, clauses):
    ends = [0, *(np.flatnonzero(clause_ends(code_points(text))) + 1).tolist()]
    found = [text[a:b] for a, b in zip(ends, [*ends[1:], len(text)], strict=True) if a < b]
    assert found == clauses


@given(ANY)
def test_a_clause_end_looks_at_one_character_beyond_at_most(text):
    whole = clause_ends(code_points(text))
    for i in range(len(text)):
        assert clause_ends(code_points(text[: i + 2]))[i] == whole[i]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("净化。网络！保护？好…", ["净化。", "网络！", "保护？", "好…"]),
        ("“净化。”他说。", ["“净化。”", "他说。"]),
        ("他说（好！）。再见", ["他说（好！）", "。", "再见"]),
        ("真的吗？！是。", ["真的吗？！", "是。"]),
        ("等等……再说", ["等等……", "再说"]),
        ("One. Two. Three", ["One.", "Two.", "Three"]),
        ("He said “go.” They went.", ["He said “go.”", "They went."]),
        ("Mr. Li and Dr. Wu met. They spoke.", ["Mr. Li and Dr. Wu met.", "They spoke."]),
        ("See No. 5 of the U.S. list. Done", ["See No. 5 of the U.S. list.", "Done"]),
        ("1. Clean up. 2. Protect.", ["1. Clean up.", "2. Protect."]),
        ("It grew 3.5 per cent. Good.", ["It grew 3.5 per cent.", "Good."]),
        ("Wait... Then go.", ["Wait...", "Then go."]),
        ("a line\nanother", ["a line", "another"]),
        ("  spaced。  \n\n  out  ", ["spaced。", "out"]),
        ("净化\u2028网络\u2029保护\x85好", ["净化", "网络", "保护", "好"]),
        ("", []),
        (" \n\u3000", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert cut(sentences(text), text) == expected


@pytest.mark.parametrize("split", [sentences, paragraphs])
@given(text=ANY)
def test_passages_are_in_order_tight_and_leave_only_white_space_out(split, text):
    spans = split(text)
    at = 0
    for start, end in spans:
        assert at <= start < end
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@given(ANY)
def test_no_sentence_goes_over_a_line_end(text):
    whole = paragraphs(text)
    assert all(any(a <= start and end <= b for a, b in whole) for start, end in sentences(text))
    assert all(len(text[a:b].splitlines()) == 1 for a, b in whole)


def test_paragraphs_are_lines_that_are_not_blank():
    text = "一。二。\n\n  三 \r\n\t\n四"
    assert cut(paragraphs(text), text) == ["一。二。", "三", "四"]


def plain_block_ends(text, size):
    """As the docstring has it, one cut at a time."""
    total = count_characters(text)
    wanted = max(1, round(total / size))
    ends = [end for _, end in sentences(text)][:-1]
    cuts = set()
    for k in range(1, wanted):
        ideal = total * k / wanted
        if ends:
            cuts.add(min(ends, key=lambda end: (abs(count_characters(text[:end]) - ideal), end)))
    return [*sorted(cuts), len(text)]


@given(
    st.lists(st.sampled_from(["净化。", "保护未成年人！", "No. 5 stays. ", "a\n", "好", "……", " "]), max_size=25).map(
        "".join
    ),
    st.integers(1, 30),
)
def test_blocks_are_cut_at_the_sentence_end_nearest_to_the_ideal_place(text, size):
    found = block_ends(text, size)
    expected = plain_block_ends(text, size)
    counts = [count_characters(text[:end]) for end in found]
    assert counts == [count_characters(text[:end]) for end in expected]
    assert set(found) <= {*(end for _, end in sentences(text)), len(text)}


@given(ANY, st.integers(1, 20))
def test_blocks_make_up_the_whole_text(text, size):
    ends = block_ends(text, size)
    assert ends[-1] == len(text)
    assert ends == sorted(set(ends))
    assert len(ends) <= max(1, round(count_characters(text) / size))


def test_blocks_by_hand():
    # 12 characters in blocks of about 6: the ideal place is after the 6th, which is a sentence end.
    text = "一二三。四五六。七八九。十甲乙。"
    assert block_ends(text, 6) == [8, 16]
    assert block_ends(text, 100) == [16]
    assert block_ends("没有句号的一行字" * 5, 4) == [40]
    assert block_ends("", 4) == [0]
