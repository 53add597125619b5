"""Lines of a concordance as people read them."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.concordance import kwic
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep
from analysis.line_layout import align_lines, one_line, visible_signs, width_of
from analysis.segmentation import segment

HOSTILE = "<script>window.hacked = 1</script>&amp;\"'"
ANY = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("净化 \n\t\u3000\u2028é\u0301א\u202e\u2066😀\u200d\x00\x07[]<&>\"'"),
    ),
    max_size=30,
)
TAGS = {"div", "p", "b", "u", "table", "thead", "tbody", "tr", "th", "td", "bdi", "style"}


def lines_of(*rows, **columns):
    """Lines of (left, node, right)."""
    table = pd.DataFrame(list(rows), columns=["left", "node", "right"], dtype="str")
    table.insert(0, "document", [f"d{i}" for i in range(len(rows))])
    table.insert(1, "date", "2021-05-07")
    return table.assign(start=0, end=table["node"].str.len(), **columns)


class Cells(HTMLParser):
    """The cells of a table; any element or attribute that is not ours is refused."""

    def __init__(self, html):
        super().__init__()
        self.cells, self.open = [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= {"class", "align", "lang"}, attrs
        self.open.append(tag)
        if tag in ("td", "th", "p"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.cells and "style" not in self.open:
            self.cells[-1] += data


def cells_of(html):
    return [cell.strip("\n") for cell in Cells(html).cells]


def body_of(aligned):
    """The lines on a terminal, without the heading and the signs that isolate."""
    return [line.replace("\u2068", "").replace("\u2069", "") for line in repr(aligned).split("\n")[2:]]


# ---------------------------------------------------------------------------- terminal


def test_the_node_begins_at_one_place_whatever_stands_before():
    rows = [
        ("继续", "净化", "网络"),
        ("a ", "purify", " the"),
        ("cafe\u0301 ", "净", ""),
        ("", "x", "y"),
        ("x" * 99, "a", ""),
    ]
    lines = body_of(align_lines(lines_of(*rows), width=10))
    assert {width_of(line.partition("[")[0]) for line in lines} == {width_of("1  d0  2021-05-07  ") + 10}
    assert lines[0].endswith("      继续[净化]网络")
    assert lines[4].endswith("  …xxxxxxxxx[a]")


def test_what_is_cut_is_told_and_no_wider_than_its_place():
    line = body_of(align_lines(lines_of(("一二三四五六", "七八九十一二三", "一二三四五六七")), width=8))[0]
    assert line.endswith("  …四五六[七八九…]一二三…")
    ambiguous = body_of(align_lines(lines_of(("“”“”“”", "x", "")), width=8, ambiguous=2))[0]
    assert ambiguous.endswith("  …”“”[x]")


def test_a_cut_leaves_no_mark_without_its_letter():
    line = body_of(align_lines(lines_of(("abe\u0301cd", "x", "")), width=4))[0]
    assert line.endswith(" …e\u0301cd[x]")
    line = body_of(align_lines(lines_of(("ae\u0301bcd", "x", "")), width=4))[0]
    assert line.endswith(" …bcd[x]")


def test_what_moves_the_cursor_is_shown():
    assert one_line("a\r\n\tb \u3000c\x00\x1b[31m\x7f\x85") == "a¶b c␀␛[31m␡¶"
    assert one_line("\u202e\u2066\ud800\x9b") == "⟨U+202E⟩⟨U+2066⟩\ufffd\ufffd"
    assert visible_signs("a\tb\r\nc\x00") == "a\tb\r\nc␀"


def test_text_from_right_to_left_is_isolated():
    said = repr(align_lines(lines_of(("שלום", "עולם", "abc")), width=8))
    assert "\u2068שלום\u2069[\u2068עולם\u2069]abc" in said
    assert "\u2068" not in repr(align_lines(lines_of(("净化", "a", "b"))))


def test_heading_says_number_query_and_constructed():
    lines = lines_of(*[("a", "b", "c")] * 1234)
    said = repr(align_lines(lines, query="净\n化", constructed=True, most=3))
    assert said.startswith(
        "1,234 lines of 净¶化; the first 3 are shown (Constructed texts: they say nothing about any real body.)."
    )
    assert len(said.split("\n")) == 5
    assert repr(align_lines(lines.head(1))).startswith("1 line.\n")
    assert repr(align_lines(lines.head(0), query="x")) == "0 lines of x."


def test_metadata_stand_at_the_left_below_each_other():
    lines = body_of(
        align_lines(lines_of(("a", "b", "c"), ("a", "b", "c"), place=["北京", None], n=[1.0, 23.0]), width=4)
    )
    assert lines == ["1  d0  2021-05-07  北京  1      a[b]c", "2  d1  2021-05-07        23     a[b]c"]


def test_numbers_count_the_lines():
    lines = body_of(align_lines(lines_of(*[("a", "b", "c")] * 10), width=4))
    assert lines[0].startswith(" 1  d0")
    assert lines[9].startswith("10  d9")


# -------------------------------------------------------------------------------- HTML


def test_html_has_the_same_lines():
    aligned = align_lines(lines_of(("继续", "净化", "网络"), place="京"), query="净化", constructed=True)
    cells = cells_of(aligned._repr_html_())
    assert cells[0] == "1 line of 净化. Constructed texts: they say nothing about any real body."
    assert cells[1:] == [
        "line",
        "document",
        "date",
        "place",
        "left",
        "node",
        "right",
        "1",
        "d0",
        "2021-05-07",
        "京",
        "继续",
        "净化",
        "网络",
    ]
    assert "<b><u><bdi>净化</bdi></u></b>" in aligned._repr_html_()


def test_nothing_is_taken_as_html():
    lines = lines_of((HOSTILE, HOSTILE, HOSTILE), **{"</th><i>": HOSTILE}).assign(document=HOSTILE, date=HOSTILE)
    html = align_lines(lines, query=HOSTILE, width=200)._repr_html_()
    assert cells_of(html).count(HOSTILE) == 6
    assert "1 line of " + HOSTILE + "." in cells_of(html)
    assert "</th><i>" in cells_of(html)


def test_nothing_is_loaded_and_nothing_runs():
    html = align_lines(lines_of(("a", "b", "c")))._repr_html_()
    assert not re.search(r"https?:|url\(|@import|src=|<script|\bon\w+=", html)
    assert "@media print" in html


def test_chinese_is_called_chinese():
    html = align_lines(lines_of(("继续", "a", "b"), ("a", "b", "c")))._repr_html_()
    assert html.count('lang="zh-Hans"') == html.count('lang="en"') == 3


@settings(max_examples=150, deadline=None)
@given(ANY, ANY, ANY, st.integers(4, 12), st.sampled_from([1, 2]))
def test_any_text_keeps_to_its_place(left, node, right, width, ambiguous):
    aligned = align_lines(lines_of((left, node, right), place=node), width=width, ambiguous=ambiguous)
    lines = repr(aligned).split("\n")
    assert len(lines) == 3
    assert not set(lines[2]) & set("\n\r\t\x00\x1b\u202d\u202e\u2066\u2067\u2028\u2029")
    lines[2].encode("utf-8")
    cells = cells_of(aligned._repr_html_())
    assert len(cells) == 1 + 7 + 7
    for cell in cells[-3:]:
        assert width_of(cell, ambiguous) <= width


@settings(max_examples=100, deadline=None)
@given(ANY, ANY)
def test_widths_add_up(one, two):
    assert width_of(one) + width_of(two) == width_of(one + two)
    assert width_of(one) <= width_of(one, ambiguous=2) <= 2 * len(one)


# --------------------------------------------------------------------------- bad input


def test_lines_of_a_query_are_shown():
    corpus = Corpus(pd.DataFrame({"id": ["a"], "date": "2021", "language": "zh", "text": ["继续净化网络"]}))
    assert "继续[净化]网络" in repr(align_lines(kwic(segment(corpus), "净化"), query="净化"))


def test_what_are_no_lines_names_the_step():
    with pytest.raises(MissingStep, match=r"lines lack the column node, end: kwic\(tokens, query\) makes them"):
        align_lines(lines_of(("a", "b", "c")).drop(columns=["node", "end"]))
    with pytest.raises(MissingStep, match=r"takes lines, not Corpus|takes lines, not list"):
        align_lines([])
    twice = pd.concat([lines_of(("a", "b", "c"))] * 2, axis=1)
    with pytest.raises(InputError, match="'node' twice"):
        align_lines(twice)


def test_all_faulty_options_are_named_at_once():
    with pytest.raises(InputError) as caught:
        align_lines(lines_of(("a", "b", "c")), width=3, most=True, ambiguous=0)
    assert [fault.field for fault in caught.value.faults] == ["width", "most", "ambiguous"]


def test_missing_parts_are_empty():
    lines = lines_of(("a", "b", "c"))
    lines["right"] = [None]
    assert body_of(align_lines(lines, width=4))[0].endswith("a[b]")


def test_many_and_long_lines_are_quick():
    lines = lines_of(*[("很长的" * 5_000, "净化", "x" * 20_000)] * 200)
    assert len(repr(align_lines(lines, most=200))) < 60_000
    assert len(align_lines(lines, most=200)._repr_html_()) < 150_000


def test_numbers_of_numpy_are_numbers():
    lines = lines_of(("a", "净化", "b"), ("c", "净化", "d"))
    assert repr(align_lines(lines, width=np.int64(8), most=np.int64(1))) == repr(align_lines(lines, width=8, most=1))
