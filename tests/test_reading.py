import re
from html import unescape

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep
from analysis.lexicon import make_lexicon
from analysis.reading import Reading, highlight
from analysis.search import find, tally

TEXT = "净化网络环境。\n保护<未成年人>。"
CORPUS = Corpus(
    pd.DataFrame(
        {
            "id": ["a", "b"],
            "date": ["2021-05-07", "2021-05"],
            "language": "zh",
            "issuer": ["网信办", ""],
            "title": ["关于网络", ""],
            "text": [TEXT, "净化。"],
        }
    )
)


def hits_of(*spans, document="a"):
    return pd.DataFrame([(document, *s) for s in spans], columns=["document", "start", "end", "frame"])


def test_hits_are_marked_where_they_stand():
    hits = find(CORPUS, make_lexicon({"purification": ["净化 ... 网络"], "minors": ["未成年人"]}))
    assert repr(highlight(CORPUS, hits, "a")) == (
        "关于网络 (网信办, 2021-05-07)\n\n[净化网络|purification]环境。\n保护<[未成年人|minors]>。"
    )


def test_a_statement_without_title_or_issuer_is_named_by_its_id_and_date():
    assert repr(highlight(CORPUS, hits_of(), "b")) == "b (2021-05)\n\n净化。"


def test_overlapping_marks_share_their_common_part():
    reading = highlight(CORPUS, hits_of((0, 4, "p"), (2, 6, "n")), "a")
    assert "[净化|p][网络|p, n][环境|n]。" in repr(reading)


def test_annotations_are_marked_by_their_label():
    truth = hits_of((0, 2, "p.network")).rename(columns={"frame": "label"})
    assert "[净化|p.network]网络" in repr(highlight(CORPUS, truth, "a"))


def test_constructed_texts_say_so():
    corpus = Corpus(CORPUS.documents, about={"constructed": True})
    assert repr(highlight(corpus, hits_of(), "b")).endswith("(constructed text)")
    assert "Constructed text" in highlight(corpus, hits_of(), "b")._repr_html_()
    assert "onstructed" not in highlight(CORPUS, hits_of(), "b")._repr_html_()


SPANS = st.lists(
    st.tuples(st.integers(0, len(TEXT)), st.integers(0, 5), st.sampled_from(["p", "p.net", "m", "<i>"])).map(
        lambda s: (s[0], min(len(TEXT), s[0] + s[1]), s[2])
    ),
    max_size=6,
)


@settings(deadline=None)
@given(SPANS)
def test_marks_never_change_the_text(spans):
    reading = highlight(CORPUS, hits_of(*spans), "a")
    assert "".join(words for words, _ in reading._pieces()) == TEXT
    body = re.search(r"<p>(.*)</p>", reading._repr_html_())[1]
    shown = re.sub(r"<sub[^>]*>.*?</sub>", "", body).replace("<br>", "\n")
    assert unescape(re.sub(r"<[^>]+>", "", shown)) == TEXT
    assert "<i>" not in reading._repr_html_()


def test_frames_differ_in_line_and_colour_and_sub_frames_do_not():
    reading = Reading("t", "s", "abcd", ((0, 1, "p"), (1, 2, "m"), (2, 3, "p.net")), False)
    looks = re.findall(r"background:(#\w+);.*?underline (\w+)", reading._repr_html_())
    assert looks[0] == looks[2]
    assert looks[0][0] != looks[1][0]
    assert looks[0][1] != looks[1][1]


def test_wrong_input_is_named():
    with pytest.raises(InputError, match="document: received 'c'"):
        highlight(CORPUS, hits_of(), "c")
    with pytest.raises(MissingStep, match=r"lack the column start, end: find"):
        highlight(CORPUS, tally(find(CORPUS, make_lexicon({"p": ["净化"]}))), "a")
    with pytest.raises(InputError, match=r"b 2–9, p: received a span outside the text; accepted: offsets from 0 to 3"):
        highlight(CORPUS, hits_of((2, 9, "p"), document="b"), "b")
