import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.front_matter import split_front_matter, with_front_matter


def test_every_value_is_the_text_that_was_written():
    head = "date: 2021\na: no\nb: 1e3\nc: ~\nd: null\ne: 0x10\nf: '#'\ng: 2021-05-07\nh:\ni: .inf\nj: 12:30\nk: <<\n"
    fields, _ = split_front_matter(f"---\n{head}---\n")
    assert fields == {
        "date": "2021",
        "a": "no",
        "b": "1e3",
        "c": "~",
        "d": "null",
        "e": "0x10",
        "f": "#",
        "g": "2021-05-07",
        "h": "",
        "i": ".inf",
        "j": "12:30",
        "k": "<<",
    }


def test_empty_front_matter_is_no_fields():
    assert split_front_matter("---\n---\n一") == ({}, "一")
    assert split_front_matter("---\n# a remark\n---\n一") == ({}, "一")


def test_dashes_below_the_front_matter_belong_to_the_text():
    assert split_front_matter("---\nid: a\n---\n一\n---\n二\n")[1] == "一\n---\n二"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "first line is not ---"),
        ("id: a\n---\n", "first line is not ---"),
        (" ---\nid: a\n---\n", "first line is not ---"),
        ("---\nid: a\n", "not closed"),
        ("---\nid: a\n ---\n", "not closed"),
        ("---\nid: 'a\n---\n", "not plain YAML"),
        ("---\ntitle: a: b\n---\n", "not plain YAML"),
        ("---\n\tid: a\n---\n", "not plain YAML"),
        ("---\nid: \x07\n---\n", "not plain YAML"),
        ("---\nid: *gone\n---\n", "not plain YAML"),
        ("---\n? [a]\n: b\n---\n", "not plain YAML"),
        ("---\nid: a\n...\nid: b\n---\n", "not plain YAML"),
        ("---\na: " + "[" * 5000 + "\n---\n", "not plain YAML"),
        ("---\nid: a\nid: b\n---\n", "field id stands twice"),
        ("---\nid: a\n'id': b\n---\n", "field id stands twice"),
        ("---\n- a\n---\n", "not a list of"),
        ("---\na\n---\n", "not a list of"),
        ("---\nid: [a, b]\n---\n", "field id is not one text"),
        ("---\nid: {a: b}\n---\n", "field id is not one text"),
        ("---\nid: !!int 5\n---\n", "not plain YAML"),
        ("---\nid: !!int ''\n---\n", "not plain YAML"),
        ("---\nid: !!bool maybe\n---\n", "not plain YAML"),
        ("---\nid: !!timestamp soon\n---\n", "not plain YAML"),
        ("---\nid: !!binary aGk=\n---\n", "not plain YAML"),
        ("---\nid: !mine a\n---\n", "not plain YAML"),
    ],
)
def test_front_matter_that_is_not_plain_says_why(text, reason):
    with pytest.raises(ValueError, match=reason):
        split_front_matter(text)


def test_an_alias_bomb_is_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40)]
    with pytest.raises(ValueError, match="field a0, a1, a2 is not one text"):
        split_front_matter("---\n" + "\n".join(lines) + "\n---\n")


@given(st.text(st.sampled_from("-\n:'\"[]{}&*!|>#%@`,? ~abz\t\\\x00é净"), max_size=40))
def test_any_front_matter_is_read_or_refused_with_a_reason(head):
    fields, reason = {}, None
    try:
        fields, _ = split_front_matter(f"---\n{head}\n---\nbelow")
    except ValueError as error:
        reason = str(error)
    assert reason is None or reason.startswith("front matter ")
    assert all(isinstance(k, str) and isinstance(v, str) for k, v in fields.items())


@given(
    st.text(st.sampled_from("-\n:'\"#~ ab\t\r\x85\u2028净"), max_size=20),
    st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("\x85\u2028\u2029\ufeff\n")), max_size=9),
)
def test_what_is_written_is_read_again(text, title):
    fields, below = split_front_matter(with_front_matter({"id": "a", "title": title, "text": text}))
    assert fields.get("text", below) == text
    assert fields["id"] == "a"
    assert fields.get("title", "") == unicodedata.normalize("NFC", title).strip()


def test_a_text_that_would_not_survive_below_stands_above():
    assert with_front_matter({"id": "a", "text": "一\n\n二"}) == "---\nid: a\n---\n一\n\n二\n"
    assert split_front_matter(with_front_matter({"id": "a", "text": "\n一"})) == ({"id": "a", "text": "\n一"}, "")
    assert with_front_matter({"id": "a", "text": "一\r\n二"}) == '---\nid: a\ntext: "一\\r\\n二"\n---\n'
