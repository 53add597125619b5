"""The browser of a concordance without a browser: which lines are shown, what a control does, what is kept."""

import re
import subprocess
import sys
import threading
import time
import warnings

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from checked_html import words_of
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpora import ANY_TEXT

from analysis.concordance import kwic
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep
from analysis.lexicon import make_lexicon
from analysis.marks import mark_file, read_marks, write_marks
from analysis.segmentation import segment
from analysis.widgets.concordance_browser import browse_concordance
from analysis.widgets.events import Events
from analysis.widgets.line_choice import MARKS, Filters, LineChoice, Texts

TEXTS = [
    "净化网络环境，净化空气。",
    "继续净化文化市场。\n保护未成年人，净化网络。",
    "打击犯罪。净化心灵。",
]
HOSTILE = "<script>hacked()</script><img src=x onerror='hacked()'>"


def corpus_of(texts=TEXTS, language="zh", about=None, **columns):
    dates = [["2019", "2020-05", "2021-05-07"][i % 3] for i in range(len(texts))]
    table = {"id": [f"d{i}" for i in range(len(texts))], "date": dates, "language": language, "text": texts}
    return Corpus(pd.DataFrame(table | columns), about=about)


CORPUS = corpus_of(title=["通知", "", ""], office=["网信办", "网信办", "公安"])
LEXICON = make_lexicon({"net": ["净化 ... 网络"], "minors": ["未成年人"]})


#: What is shown for characters that would move or reorder others.
SIGNS = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
    | {code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
)


def all_of(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_of(child)


class Shown:
    """A browser as a reader meets it: its controls by what they are called, and the words of its panels."""

    def __init__(self, *args, folder, **options):
        self.box = browse_concordance(*args, folder=folder, **options)
        self.head, asked, *_ = self.box.children
        self.query = asked.children[0]
        self.said = self.box.children[4]
        self.list, self.nav, below = self.box.children[5:]
        self.table, over = self.list.children
        self.buttons = over.children
        self.statement, marking = below.children
        _, self.mark, self.note, _, self.kept = marking.children

    def control(self, name):
        found = [w for w in all_of(self.box) if name in (getattr(w, "description", ""), getattr(w, "tooltip", ""))]
        assert found, name
        return found[0]

    def set(self, name, value):
        self.control(name).value = value

    def click(self, name):
        self.control(name).click()

    def search(self, query):
        self.query.value = query

    @property
    def rows(self):
        """The cells of each line that is shown."""
        rows = re.findall(r"<tr>(<td.*?)</tr>", self.table.value, re.DOTALL)
        return [[words_of(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in rows]

    @property
    def text(self):
        return words_of(self.statement.value)

    @property
    def here(self):
        return re.findall(r"<mark class='tifa-here'><bdi>(.*?)</bdi></mark>", self.statement.value, re.DOTALL)


@pytest.fixture
def shown(tmp_path):
    return Shown(CORPUS, None, LEXICON, "净化", folder=tmp_path)


# ------------------------------------------------------------------- lines and statement


def test_lines_are_those_of_kwic(shown):
    lines = kwic(segment(CORPUS), "净化", corpus=CORPUS, context=15)
    assert [row[2:] for row in shown.rows] == [
        [d, w, one.replace("\n", "¶"), n, two.replace("\n", "¶")]
        for d, w, one, n, two in lines[["document", "date", "left", "node", "right"]].to_numpy().tolist()
    ]
    assert words_of(shown.said.value) == "5 hits in 3 of 3 statements."
    assert words_of(shown.head.value) == "corpus 3 statements."


def test_a_click_opens_the_statement_with_all_its_hits(shown):
    assert shown.text.startswith("通知d0 · 2019 · hit 1 of 2 here.")
    shown.buttons[3].click()
    assert shown.text == "d12020-05 · hit 2 of 2 here." + TEXTS[1]
    assert shown.here == ["净化"]
    assert shown.statement.value.count("<mark") == 2
    assert "未成年人，<span class='tifa-place'></span><mark class='tifa-here'>" in shown.statement.value
    assert shown.control("Line").value == 4
    assert [("tifa-chosen" in b._dom_classes) for b in shown.buttons[:5]] == [False, False, False, True, False]


def test_pages(tmp_path):
    shown = Shown(CORPUS, query="净化", page=2, folder=tmp_path, columns="office")
    assert [row[0] for row in shown.rows] == ["1", "2"]
    assert shown.control("The page before").disabled
    shown.click("The next page")
    assert [row[0] for row in shown.rows] == ["3", "4"]
    assert [row[4] for row in shown.rows] == ["网信办", "网信办"]
    shown.set("Page", 3)
    assert [row[0] for row in shown.rows] == ["5"]
    assert [b.layout.display for b in shown.buttons] == [None, "none"]
    assert shown.control("The next page").disabled
    shown.set("Line", 2)
    assert [row[0] for row in shown.rows] == ["1", "2"]
    assert shown.control("Page").value == 1
    shown.set("Line", 99)
    assert shown.control("Line").value == 5
    shown.click("The page before")
    assert shown.control("Line").value == 3


def test_sorting_and_context(shown):
    shown.set("Sort by", "right1")
    assert [row[-1][:2] for row in shown.rows] == sorted(row[-1][:2] for row in shown.rows)
    shown.set("Sort by", "-date")
    assert [row[2] for row in shown.rows] == ["d2", "d1", "d1", "d0", "d0"]
    shown.set("Line", 3)
    shown.set("Context", 1)
    assert shown.rows[0][-3:] == ["。", "净化", "心灵"]
    assert shown.control("Line").value == 3  # the line that is read stays
    shown.set("Unit of the context", "sentences")
    assert shown.control("Context").value == 0
    assert shown.rows[0][-3:] == ["", "净化", "心灵。"]


def test_filters_narrow_and_say_so(shown):
    shown.set("Frame", "net")
    assert [row[2] for row in shown.rows] == ["d0", "d1"]
    assert "2 as the filters ask" in shown.said.value
    shown.set("Where a hit of the frame is", "not at the node")
    assert len(shown.rows) == 3
    shown.set("Frame", "minors")
    shown.set("Where a hit of the frame is", "in the context")
    assert [row[2] for row in shown.rows] == ["d1", "d1"]
    shown.set("Frame", "")
    shown.set("Years", 2020)
    assert [row[2] for row in shown.rows] == ["d1", "d1", "d2"]
    shown.set("to", 2020)
    assert [row[2] for row in shown.rows] == ["d1", "d1"]
    shown.set("Years", 2021)  # turned round it is the same span
    assert {row[2] for row in shown.rows} == {"d1", "d2"}
    shown.set("Years", 2019)
    shown.set("to", 2021)
    shown.set("Only where", "office")
    assert shown.control("Value of the column").options == (("网信办 (4)", "网信办"), ("公安 (1)", "公安"))
    shown.set("Value of the column", "公安")
    assert [row[2] for row in shown.rows] == ["d2"]
    shown.set("Years", 2019)
    shown.set("to", 2020)
    assert shown.rows == []
    assert "none as the filters ask" in shown.said.value
    assert shown.list.layout.display == "none"
    shown.set("Only where", "")
    shown.set("Sample", 2)
    assert len(shown.rows) == 2
    assert "2 of these drawn at random, seed 0" in shown.said.value
    shown.set("Sample", 100)
    assert "no more than the sample of 100: all are here" in shown.said.value


def test_a_column_without_values_filters_nothing(shown):
    shown.set("Only where", "office")
    shown.search("无此词语")
    shown.search("净化")
    assert len(shown.rows) == 4


def test_long_statements_are_shown_around_the_line(tmp_path):
    corpus = corpus_of(["开始。" * 30_000 + "净化" + "结束。" * 30_000])
    shown = Shown(corpus, query="净化", folder=tmp_path)
    assert shown.text.count("[…]") == 2
    assert 59_000 < len(shown.text) < 61_000


def test_constructed_texts_say_so(tmp_path):
    shown = Shown(corpus_of(about={"constructed": True, "title": "Made up"}), query="净化", folder=tmp_path)
    assert words_of(shown.head.value).endswith("Constructed texts: they say nothing about any real body.")
    assert "Constructed text." in shown.text
    shown = Shown(CORPUS, query="净化", folder=tmp_path)
    assert "onstructed" not in shown.head.value.replace(CORPUS.name, "") + shown.text


# ----------------------------------------------------------------------------- the query


def test_a_faulty_query_is_shown_with_its_place(shown):
    shown.search("净化 [word=网]")
    assert "净化 [word=<span class='tifa-at'>网</span>]" in shown.said.value
    assert words_of(shown.said.value).startswith("净化 [word=网]Column 10: received '网'")
    assert shown.rows == []
    assert shown.statement.value == ""
    assert shown.mark.disabled
    shown.search("净化 [word")
    assert "净化 [word<span class='tifa-at'> </span>" in shown.said.value
    shown.search("净化")
    assert len(shown.rows) == 5
    assert not shown.mark.disabled


def test_a_place_is_counted_in_characters_as_they_are_read(shown):
    shown.search("cafe\u0301 [x]")
    assert "caf\u00e9 [<span class='tifa-at'>x</span>]" in shown.said.value


def test_other_faults_are_shown_whole(shown):
    shown.search("<nothing>")
    assert "net" in words_of(shown.said.value)
    shown.search("净化 :: place=x")
    assert "office" in words_of(shown.said.value)
    shown.search("/(净|化)*x/")
    assert shown.rows == []
    no_lexicon = browse_concordance(CORPUS, query="<net>")
    assert "needs a lexicon" in words_of(no_lexicon.children[4].value)


def test_warnings_are_shown_and_not_given(shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown.search("净化氵")
    assert "tifa-warned" in shown.said.value
    assert words_of(shown.said.value).startswith("0 hits in 0 of 3 statements.")


def test_no_query_yet(tmp_path):
    shown = Shown(CORPUS, folder=tmp_path)
    assert words_of(shown.said.value) == "Write a query and press Enter."
    shown.set("Sort by", "node")
    shown.set("Years", 2020)
    shown.click("Save")
    assert shown.rows == []
    shown.search(" \n")
    assert words_of(shown.said.value) == "Write a query and press Enter."
    shown.search("净化")
    assert len(shown.rows) == 3


# --------------------------------------------------------------------------------- marks


def test_marks_are_kept_and_read_again(shown, tmp_path):
    shown.buttons[1].click()
    shown.mark.value, shown.note.value = " air ", "x\ny"
    assert "Not saved yet: 1 of 净化." in words_of(shown.kept.value)
    shown.buttons[2].click()
    assert (shown.mark.value, shown.note.value) == ("", "")
    assert shown.rows[1][1] == "air *"
    shown.note.value = "only a note"
    shown.click("Save, next line")
    assert [row[1] for row in shown.rows] == ["", "air", "✎", "", ""]
    assert shown.control("Line").value == 4
    assert str(mark_file("净化", CORPUS, folder=tmp_path)) in words_of(shown.kept.value)
    assert shown.mark.options == ("air",)
    lines = read_marks(kwic(segment(CORPUS), "净化", corpus=CORPUS), "净化", CORPUS, folder=tmp_path)
    assert lines[["mark", "note"]].to_numpy().tolist() == [
        ["", ""],
        ["air", "x\ny"],
        ["", "only a note"],
        ["", ""],
        ["", ""],
    ]
    again = Shown(CORPUS, query=" 净化", folder=tmp_path)
    assert [row[1] for row in again.rows] == ["", "air", "✎", "", ""]
    again.buttons[1].click()
    again.mark.value = again.note.value = ""
    again.click("Save")
    assert [row[1] for row in again.rows] == ["", "", "✎", "", ""]


def test_what_is_not_saved_is_not_lost(shown):
    shown.mark.value = "a"
    shown.set("Sort by", "-date")
    assert [row[1] for row in shown.rows] == ["", "", "", "a *", ""]
    shown.search("*犯罪")
    assert shown.rows[0][1] == ""
    assert "Not saved yet: 1 of 净化." in words_of(shown.kept.value)
    shown.click("Save")  # of this query there is nothing
    assert "nothing new" in words_of(shown.kept.value)
    shown.search("净化")
    assert [row[1] for row in shown.rows] == ["", "", "", "a *", ""]
    shown.set("Line", 4)
    assert shown.mark.value == "a"
    shown.mark.value = ""
    assert shown.rows[3][1] == "a *"  # until another line is chosen
    assert shown.kept.value == ""


def test_a_sample_keeps_the_marks_of_other_lines(shown, tmp_path):
    for i in range(5):
        shown.set("Line", i + 1)
        shown.mark.value = f"m{i}"
    shown.click("Save")
    shown.set("Sample", 2)
    shown.mark.value = "new"
    shown.click("Save")
    kept = read_marks(kwic(segment(CORPUS), "净化"), "净化", CORPUS, folder=tmp_path)["mark"].tolist()
    assert sorted(kept).count("new") == 1
    assert len(set(kept)) == 5


def test_lines_can_be_chosen_by_their_marks(shown):
    shown.mark.value = "a"
    shown.click("Save")
    shown.set("Only where", MARKS)
    assert shown.control("Value of the column").options == (("(none) (4)", ""), ("a (1)", "a"))
    assert len(shown.rows) == 4
    shown.mark.value = "b"
    shown.click("Save")  # the line stays in sight until something else is asked
    assert shown.rows[0][1] == "b"
    shown.set("Value of the column", "a")
    assert [row[1] for row in shown.rows] == ["a"]


def test_a_damaged_file_of_marks_is_said_and_stays(tmp_path):
    file = mark_file("净化", CORPUS, folder=tmp_path)
    file.write_text("damaged", encoding="utf-8")
    shown = Shown(CORPUS, query="净化", folder=tmp_path)
    assert len(shown.rows) == 5
    assert "The marks cannot be read" in words_of(shown.said.value)
    shown.mark.value = "a"
    shown.click("Save, next line")
    assert "unknown column" in words_of(shown.kept.value)
    assert shown.control("Line").value == 1
    assert file.read_text(encoding="utf-8") == "damaged"


def test_marks_that_no_longer_fit_are_said(tmp_path):
    lines = kwic(segment(CORPUS), "净化", corpus=CORPUS).assign(mark="a")
    write_marks(lines, "净化", CORPUS, folder=tmp_path)
    changed = corpus_of(["新。" + TEXTS[0], *TEXTS[1:]])
    shown = Shown(changed, query="净化", folder=tmp_path)
    assert "no longer fit" in words_of(shown.said.value)
    assert [row[1] for row in shown.rows] == ["", "", "a", "a", "a"]


def test_a_mark_that_is_too_long_is_refused_where_it_stands(shown):
    shown.mark.value = "x" * 61
    shown.click("Save")
    assert "at most 60 characters" in words_of(shown.kept.value)
    assert shown.mark.value == "x" * 61


def test_a_coder_has_marks_of_her_own(tmp_path):
    one = Shown(CORPUS, query="净化", folder=tmp_path, coder="Lin")
    one.mark.value = "a"
    one.click("Save")
    assert Shown(CORPUS, query="净化", folder=tmp_path, coder="Wu").rows[0][1] == ""
    assert Shown(CORPUS, query="净化", folder=tmp_path, coder="Lin").rows[0][1] == "a"


# -------------------------------------------------------------------- one after the other


def test_controls_that_are_used_at_once_wait_for_their_turn():
    events, field, said = Events(), ipywidgets.Text(), []
    events.changed(field, lambda: said.append(field.value))
    with events.quietly():
        field.value = "by the program"
        other = threading.Thread(target=setattr, args=(field, "value", "by the reader"))
        other.start()
        other.join(0.2)
        assert said == []
        assert other.is_alive()
    other.join(10)
    assert said == ["by the reader"]


# -------------------------------------------------------------------------- which lines


def choice_of(corpus, query="净化", lexicon=LEXICON, sort=(), **filters):
    texts = Texts(corpus, segment(corpus), lexicon)
    choice = LineChoice.of(texts, query, context=5, unit="tokens", sort=sort)
    choice.filter(Filters(**filters))
    return choice.lines.iloc[choice.shown]


@pytest.mark.parametrize("sort", [(), ("right1", "-date")])
def test_a_sample_is_that_of_kwic(sort):
    corpus = corpus_of([text * 4 for text in TEXTS])
    for seed in range(3):
        mine = choice_of(corpus, sort=sort, sample=6, seed=seed)
        theirs = kwic(segment(corpus), "净化", corpus=corpus, context=5, sort=sort, sample=6, seed=seed)
        assert mine.reset_index(drop=True).equals(theirs)


PIECES = st.lists(st.sampled_from(["净化", "网络", "，", "未成年人", "的", "\n"]), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None)
@given(st.lists(PIECES.map("".join).filter(str.strip), min_size=1, max_size=3), st.sampled_from(["net", "minors"]))
def test_frames_at_the_node_and_in_the_context_by_hand(texts, frame):
    corpus = corpus_of(texts)
    from analysis.search import find

    hits = find(corpus, LEXICON, frames=[frame])
    spans = list(hits[["document", "start", "end"]].itertuples(index=False, name=None))
    everything = choice_of(corpus, query="/./")
    for place in ("at the node", "in the context"):
        wanted = []
        for line in everything.itertuples():
            start, end = line.start, line.end
            if place == "in the context":
                start, end = start - len(line.left), end + len(line.right)
            wanted.append(any(d == line.document and s < end and start < e for d, s, e in spans))
        found = choice_of(corpus, query="/./", frame=frame, frame_place=place)
        others = choice_of(corpus, query="/./", frame=frame, frame_place=f"not {place}")
        assert found.index.tolist() == np.flatnonzero(wanted).tolist()
        assert sorted([*found.index, *others.index]) == list(range(len(everything)))


def test_columns_of_few_values_can_be_chosen_from():
    texts = Texts(CORPUS, segment(CORPUS), None)
    assert set(texts.columns) == {"office"}
    assert texts.frames == []
    many = corpus_of(["净化"] * 600, source=[f"s{i}" for i in range(600)])
    assert set(Texts(many, segment(many), None).columns) == set()


# ---------------------------------------------------------------------------- hostile


def test_nothing_is_taken_as_html(tmp_path):
    texts = [f"净化{HOSTILE}净化\x00\u202e&amp;", f"{HOSTILE}净化"]
    corpus = corpus_of(texts, title=HOSTILE, office=[HOSTILE, "x"], issuer=HOSTILE, about={"title": HOSTILE})
    shown = Shown(corpus, query="净化", columns="office", folder=tmp_path)
    assert HOSTILE in words_of(shown.head.value)
    for i in range(3):
        shown.buttons[i].click()
        assert HOSTILE in shown.text
        assert "\x00" not in shown.statement.value
    assert HOSTILE in "".join(shown.rows[0])
    shown.mark.value = shown.note.value = HOSTILE[:55]
    shown.click("Save")
    assert shown.rows[2][1] == HOSTILE[:55]
    shown.search(f'"{HOSTILE}')
    assert HOSTILE in words_of(shown.said.value)


@settings(max_examples=20, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_any_text_is_shown_as_it_is(tmp_path_factory, texts):
    corpus = corpus_of(texts)
    shown = Shown(corpus, query="/./", page=8, folder=tmp_path_factory.mktemp("marks"))
    by_id = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    for i, row in enumerate(shown.rows):
        shown.buttons[i].click()
        text = words_of(re.search(r"<div class='tifa-text'.*</div>", shown.statement.value, re.DOTALL)[0])
        assert text == by_id[row[2]].translate(SIGNS)


# --------------------------------------------------------------------------- refusals


def test_other_things_are_refused(tmp_path):
    tokens = segment(CORPUS)
    with pytest.raises(MissingStep, match="takes a Corpus, not Tokens"):
        browse_concordance(tokens)
    with pytest.raises(MissingStep, match="takes Tokens, not Corpus"):
        browse_concordance(CORPUS, CORPUS)
    with pytest.raises(MissingStep, match="takes a Lexicon, not str"):
        browse_concordance(CORPUS, tokens, "frames")
    with pytest.raises(InputError, match="the corpus that was cut"):
        browse_concordance(CORPUS.select(id=["d0"]), tokens)
    with pytest.raises(InputError) as caught:
        browse_concordance(CORPUS, tokens, columns=["office", "nothing"], page=0)
    assert [fault.field for fault in caught.value.faults] == ["columns", "page"]
    with pytest.raises(InputError, match="name of a coder"):
        browse_concordance(CORPUS, tokens, coder="../x")


def test_statements_of_two_languages_and_of_one_year(tmp_path):
    table = {"id": ["a", "b"], "date": "2021", "language": ["zh", "en"], "text": ["净化网络", "Purify the 净化 net"]}
    shown = Shown(Corpus(pd.DataFrame(table)), query="/净化/", folder=tmp_path)
    assert [row[2] for row in shown.rows] == ["a", "b"]
    assert shown.control("Only where").options[1] == ("language", "language")


# ------------------------------------------------------------------------------- cost


def test_a_click_is_quick_with_many_hits(tmp_path):
    corpus = corpus_of(["净化网络，" * 4_000] * 5)
    shown = Shown(corpus, query="净化", folder=tmp_path)
    assert "20,000 hits" in shown.said.value
    took = []
    for name, value in (("Page", 400), ("Line", 9_000), ("Page", 2), ("Line", 3), ("Page", 800)):
        start = time.perf_counter()
        shown.set(name, value)
        took.append(time.perf_counter() - start)
    assert np.median(took) < 0.2
    assert len(shown.table.value) < 30_000


def test_importing_changes_nothing():
    program = """
import analysis.topics.describing, locale, logging, sys, warnings, pandas
def state():
    return list(warnings.filters), list(logging.root.handlers), locale.setlocale(locale.LC_ALL), sys.excepthook
before = state()
import analysis.widgets.concordance_browser
assert state() == before
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_the_widget_is_plain_ipywidgets(shown):
    everything = list(all_of(shown.box))
    assert {type(w).__module__.partition(".")[0] for w in everything} == {ipywidgets.__name__}
    html = "".join(w.value for w in everything if isinstance(w, ipywidgets.HTML))
    assert not re.search(r"https?:|url\(|@import|src=|<script", html)
