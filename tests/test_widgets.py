import re
import subprocess
import sys
import time

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from checked_html import words_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from small_corpora import ANY_TEXT
from topic_models import topics_of

from analysis.corpus import Corpus
from analysis.counts import Counts, count
from analysis.errors import InputError, MissingStep
from analysis.segmentation import segment
from analysis.topics.fitting import fit_topics
from analysis.topics.model import Topics
from analysis.widgets.topic_browser import browse_topics

NETWORK, RIVER = "净化网络环境。网络环境清朗。\n", "治理河流工程。河流工程完工。\n"
ZH = [NETWORK * 3, RIVER * 3, NETWORK, RIVER]
HOSTILE = "<script>hacked()</script>"


class Shown:
    """A widget as a reader meets it: its controls, and the HTML and words of its panels."""

    def __init__(self, topics, corpus=None):
        self.topics, self.box = topics, browse_topics(topics, corpus)
        head, body = self.box.children
        sides = [side.children for side in body.children]
        (self.number, self.topic), (self.by, self._terms), (self.place, self.passage), (self.whole, self._text) = sides
        self.head = words_of(head.value)

    @property
    def html(self):
        return self._terms.value + self._text.value

    @property
    def terms(self):
        return re.findall(r'<td class="tifa-term" title="[^"]*">([^<]*)</td>', self._terms.value)

    @property
    def marked(self):
        return re.findall("<mark>([^<]*)</mark>", self._text.value)

    @property
    def text(self):
        return words_of(self._text.value)

    @property
    def lists(self):
        return [label.replace("\u2007", " ") for control in (self.topic, self.passage) for label, _ in control.options]


def corpus_of(texts=ZH, language="zh", about=None, **columns):
    table = {"id": [f"d{i}" for i in range(len(texts))], "date": "2021-05-07", "language": language, "text": texts}
    return Corpus(pd.DataFrame(table | columns), about=about)


def fitted(corpus, n=2, units="blocks", size=14, **options):
    return fit_topics(count(segment(corpus), units=units, size=size), n, **options)


@pytest.fixture(scope="module")
def two():
    corpus = corpus_of(title=["关于网络", "", "", ""], place=["京", "沪", "", ""], issuer=["网信办", "", "", ""])
    topics = fitted(corpus)
    assert "网络" in topics.names[0] or "网络" in topics.names[1]
    return topics, corpus


def choose(shown, term):
    """Choose the topic in which a term has most weight."""
    shown.topic.value = int(shown.topics.term_weights[:, shown.topics.counts.vocabulary.index(term)].argmax())


# ----------------------------------------------------------------- what a click shows


def test_topics_are_listed_with_number_share_and_first_terms(two):
    shown = Shown(*two)
    assert [k for _, k in shown.topic.options] == [0, 1]
    for k, line in enumerate(shown.lists[:2]):
        assert line.split("  ")[0] == str(k)
        assert f"{two[0].sizes[k]:.1%}" in line
        assert line.endswith(two[0].names[k])
    assert shown.head == "2 topics by nmf-kl, seed 0, in 8 blocks of 4 statements."


def test_another_topic_changes_terms_passages_and_text(two):
    shown = Shown(*two)
    choose(shown, "网络")
    assert "网络" in shown.terms[:3]
    assert "d0" in shown.text
    assert {"网络", "环境"} <= set(shown.marked)
    before = shown.lists[2:]
    choose(shown, "河流")
    assert "河流" in shown.terms[:3]
    assert set(before).isdisjoint(shown.lists[2:])
    assert "河流" in shown.marked
    assert "网络" not in shown.text


def test_terms_have_bars_and_shares(two):
    shown = Shown(*two)
    topic, term = shown.topic.value, shown.terms[0]
    weights = two[0].term_weights[:, two[0].counts.vocabulary.index(term)]
    row = re.search(f">{term}</td>(.*?)</tr>", shown._terms.value)[1]
    assert re.findall(r"width:([\d.]+)%", row)[0] == "100.0"
    share = weights[topic] * two[0].sizes[topic] / (weights @ two[0].sizes)
    assert words_of(f"<table><tr>{row}</tr></table>") == f"{weights[topic]:.2%}{share:.0%}"


def test_passages_are_listed_with_share_date_place_and_title_or_id(two):
    shown = Shown(*two)
    choose(shown, "网络")
    lines = shown.lists[2:]
    assert lines[0] == "100.0%  2021-05-07  京 · 关于网络 · passage 1"
    assert any(line.endswith("2021-05-07  d2") for line in lines)
    assert "关于网络" in shown.text
    assert "d0 · 2021-05-07 · 京 · 网信办 · passage 1 of 3, 6 tokens of the model, 100.0% of this topic." in shown.text


def test_the_passage_or_the_whole_statement(two):
    shown = Shown(*two)
    choose(shown, "网络")
    shown.passage.index = 1
    assert shown._text.value.count("<mark>网络</mark>") == 2
    shown.whole.value = True
    assert shown._text.value.count("<mark>网络</mark>") == 6
    here = re.search('<span class="tifa-here">(.*?)</span>', shown._text.value, re.DOTALL)[1]
    assert words_of(here).strip() == NETWORK.strip()
    assert 'aria-label="The statement"' in shown._text.value
    shown.whole.value = False
    assert "tifa-here" not in shown._text.value


def test_frex_shows_and_marks_other_terms():
    topics = {"shared": (0.3, 0.3), "alpha": (0.26, 0), "beta": (0.24, 0), "gamma": (0.2, 0), "delta": (0, 0.7)}
    corpus = corpus_of(["shared alpha beta gamma " * 9, "shared delta " * 9], language="en")
    counts = count(segment(corpus))
    weights = np.array([[topics[word][k] for word in counts.vocabulary] for k in range(2)])
    shown = Shown(Topics(counts, weights, np.eye(2), {"engine": "hand", "seed": 0}), corpus)
    assert shown.terms == ["shared", "alpha", "beta", "gamma"]
    assert "others may share" in shown.html
    shown.by.value = "frex"
    assert shown.terms == ["alpha", "beta", "shared", "gamma"]
    assert "rare in the others" in shown.html
    assert set(shown.marked) == set(shown.terms)


def test_only_the_terms_of_the_panel_are_marked():
    words = [f"w{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    corpus = corpus_of([" ".join(words[:40]), " ".join(words[24:])], language="en")
    shown = Shown(fitted(corpus, 1), corpus)
    assert len(shown.terms) == 15
    assert set(shown.marked) <= set(shown.terms)


def test_english_words_are_marked_whole_whatever_their_case():
    texts = [
        "Minors online. Protect the online-safety of MINORS, not a minority.\n",
        "Rivers and lakes; a river.\n",
    ] * 2
    corpus = corpus_of(texts, language="en", title="Notice")
    shown = Shown(fitted(corpus), corpus)
    choose(shown, "minority")
    assert "MINORS" in shown.marked
    assert "minor" not in shown.marked
    assert "online-safety" not in shown._text.value.replace("<mark>online-safety</mark>", "")
    assert 'lang="en"' in shown.html
    assert "longer words" not in shown.text


def test_chinese_terms_are_marked_in_longer_words_and_it_is_said(two):
    shown = Shown(*two)
    assert "also within longer words" in shown.text
    assert 'lang="zh-Hans"' in shown.html


def test_the_longest_of_two_terms_at_one_place_is_marked():
    corpus = corpus_of(["环境保护", "环境保护", "河流"])
    counts = count(segment(corpus, segmenter="characters"))
    vocabulary = ("环境", "环境保护", "河流")
    counts = Counts(counts.matrix[:, :3], vocabulary, counts.documents, counts.units, {"units": "documents"})
    topics = Topics(counts, np.array([[0.6, 0.4, 0.0]]), np.ones((3, 1)), {"engine": "hand", "seed": 0})
    shown = Shown(topics, corpus)
    assert shown.marked[0] == "环境保护"


# ------------------------------------------------------------------------- no corpus


def test_without_a_corpus_the_words_stand_in_for_the_text(two):
    shown = Shown(two[0])
    choose(shown, "网络")
    assert "The text is not here, only counts of its words." in shown.text
    assert "browse_topics(topics, corpus)" in shown.text
    assert "6 tokens of this passage are of words (4) whose likeliest topic here is this one" in shown.text
    cells = re.findall("<span><bdi>(?:<mark>)?([^<]*)(?:</mark>)?</bdi>([0-9]+)</span>", shown._text.value)
    assert dict(cells)["网络"] == "2"
    assert cells[0][1] == "2"
    assert "河流" not in dict(cells)
    shown.whole.value = True
    cells = re.findall("<span><bdi>(?:<mark>)?([^<]*)(?:</mark>)?</bdi>([0-9]+)</span>", shown._text.value)
    assert dict(cells)["网络"] == "6"


def test_words_go_to_their_likeliest_topic_in_the_passage():
    # w00 is likelier of topic 1, unless the passage nearly is topic 0.
    weights = [[0.3, 0.7, 0.0], [0.6, 0.0, 0.4]]
    topics = topics_of([[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]], matrix=[[9, 9, 0], [9, 9, 9], [9, 0, 9]], weights=weights)
    shown = Shown(topics)
    assert "18 tokens of this passage are of words (2)" in shown.text
    shown.passage.index = 1
    assert "9 tokens of this passage are of words (1)" in shown.text  # 0.6 · 0.3 < 0.4 · 0.6


def test_counts_that_ship_say_how_to_get_their_texts(two):
    counts = two[0].counts
    shipped = Counts(
        counts.matrix,
        counts.vocabulary,
        counts.documents,
        counts.units,
        counts.recipe,
        {"name": "work-reports", "features": True, "title": "Reports <of> old"},
    )
    shown = Shown(Topics(shipped, two[0].term_weights, two[0].unit_shares, two[0].recipe))
    assert "tifa fetch work-reports on the command line" in shown.text
    assert 'browse_topics(topics, read_corpus("work-reports"))' in shown.text
    assert shown.head.startswith("Reports <of> old2 topics")


def test_shipped_work_reports_can_be_browsed():
    from analysis.features import read_counts

    with pytest.warns(UserWarning, match="did not converge"):
        topics = fit_topics(read_counts("work-reports").select("central", since="2015"), 3, iterations=5)
    shown = Shown(topics)
    assert "The fit did not converge." in shown.head
    assert "tifa fetch work-reports" in shown.text
    assert "全国 · 政府工作报告 · passage" in shown.lists[3]
    assert "onstructed" not in shown.head + shown.text


# -------------------------------------------------------------------- what is peculiar


def test_constructed_texts_say_so(two):
    topics, corpus = two
    assert "onstructed" not in Shown(topics, corpus).head + Shown(topics, corpus).text
    made_up = Corpus(corpus.documents, about={"constructed": True})
    for shown in (Shown(topics, made_up), Shown(fitted(made_up))):
        assert "Constructed texts: they say nothing about any real body." in shown.head
        assert "Constructed text." in shown.text


def test_labels_are_shown_where_there_are_any(two):
    topics = two[0]
    labelled = Topics(topics.counts, topics.term_weights, topics.unit_shares, topics.recipe, ("整治", ""))
    shown = Shown(labelled)
    assert shown.lists[0].endswith("整治")
    assert shown.lists[1].endswith(topics.names[1])
    assert "<b>Topic 0: 整治</b>" in shown.html
    shown.topic.value = 1
    assert "<b>Topic 1</b>" in shown.html


def test_a_topic_without_tokens_tells_nothing():
    weights = np.full((3, 4), 0.25)
    shown = Shown(topics_of([[1.0, 0, 0], [0.7, 0.3, 0], [0.2, 0.8, 0]], weights=weights))
    shown.place.value = 3
    shown.topic.value = 2
    assert shown.lists[2].endswith("0.0%  no tokens")
    assert "It has no tokens" in shown.html
    assert not shown.terms
    assert shown.passage.options == ()
    assert shown.place.disabled
    assert "No passage of enough tokens holds this topic." in shown.text
    shown.by.value = "frex"
    shown.whole.value = True
    assert not shown.terms
    shown.topic.value = 1  # and there is one again
    assert shown.passage.index == 0
    assert not shown.place.disabled
    assert "of this topic" in shown.text


def test_one_topic():
    corpus = corpus_of()
    shown = Shown(fitted(corpus, 1), corpus)
    assert len(shown.topic.options) == 1
    assert shown.head.startswith("1 topic by")
    assert {"网络", "河流"} <= set(shown.terms)
    shown.by.value = "frex"
    assert shown.terms
    assert shown.number.max == 0


def test_whole_statements_need_no_toggle(two):
    corpus = two[1]
    shown = Shown(fitted(corpus, units="documents"), corpus)
    assert shown.whole.layout.display == "none"
    assert "passage" not in shown.text
    assert shown.place.description.startswith("Statements")
    assert shown.head == "2 topics by nmf-kl, seed 0, in 4 statements."


def test_passages_that_look_alike_are_told_apart():
    corpus = corpus_of([NETWORK] * 3 + [RIVER], title="通知")
    shown = Shown(fitted(corpus), corpus)
    choose(shown, "网络")
    assert len(set(shown.lists[2:])) == 1
    for i in range(3):
        shown.passage.index = i
        assert f"d{i} · 2021-05-07" in shown.text


def test_metadata_may_be_missing():
    topics = topics_of([[1.0, 0], [0, 1.0]])
    assert Shown(topics).lists[2] == "100.0%  2020-05-07  d000"
    unnamed = Shown(topics_of([[1.0, 0], [0, 1.0]], title=[np.nan, None], place=[3, np.nan]))
    assert unnamed.lists[2] == "100.0%  2020-05-07  d000"


def test_long_texts_are_shown_around_the_passage():
    text = "网络环境清朗。\n" * 10_000 + RIVER * 80 + "网络环境清朗。\n" * 10_000
    corpus = corpus_of([text, NETWORK])
    shown = Shown(fitted(corpus, size=500), corpus)
    choose(shown, "河流")
    shown.whole.value = True
    assert shown.text.count("[…]") == 2
    assert RIVER.strip() in shown.text
    assert 60_000 < len(shown.text) < 70_000
    with pytest.warns(UserWarning, match="whole documents"):
        topics = fitted(corpus, units="documents")
    whole = Shown(topics, corpus)
    choose(whole, "河流")
    assert whole.text.count("[…]") == 1


# ------------------------------------------------------------------------- number fields


def test_fields_for_numbers_move_the_lists_and_follow_them(two):
    shown = Shown(*two)
    assert (shown.number.min, shown.number.max, shown.number.value) == (0, 1, 0)
    shown.number.value = 1
    assert shown.topic.value == 1
    shown.topic.value = 0
    assert shown.number.value == 0
    n = len(shown.passage.options)
    assert (shown.place.min, shown.place.max, shown.place.value) == (1, n, 1)
    shown.place.value = n
    assert shown.passage.index == n - 1
    shown.passage.index = 0
    assert shown.place.value == 1
    shown.place.value = 99
    assert shown.place.value == n
    shown.topic.value = 1
    assert shown.place.value == 1


# ---------------------------------------------------------------------- hostile texts


def test_nothing_is_taken_as_html():
    texts = [f"网络环境{HOSTILE}网络<img src=x onerror=hacked()>&amp;", "河流\"'><b>治理", "网络", "河流"]
    corpus = corpus_of(
        texts, title=HOSTILE, place="</style><i>", issuer="<a href='//evil.example'>", about={"title": HOSTILE}
    )
    topics = fitted(corpus)
    topics = Topics(
        topics.counts, topics.term_weights, topics.unit_shares, topics.recipe, ("</b><script>", '"><svg/onload=1>')
    )
    for texts_of in (corpus, None):
        shown = Shown(topics, texts_of)
        for k in range(2):
            for whole in (True, False):
                shown.topic.value, shown.whole.value = k, whole
                assert "<script" not in shown.html
                assert HOSTILE in words_of(shown.html)  # as the title, and as it was written


def test_hostile_terms_are_words():
    vocabulary = ("<script>", '" onmouseover="', "&lt;", "']]>")
    topics = topics_of(
        [[1.0, 0], [0, 1.0]],
        vocabulary=vocabulary,
        matrix=[[40, 40, 0, 0], [0, 0, 40, 40]],
        weights=[[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]],
    )
    shown = Shown(topics)
    assert "<script>" in words_of(shown.html)
    shown.topic.value = 1
    assert "&lt;" in words_of(shown.html)


@settings(deadline=None, max_examples=60)
@given(st.lists(ANY_TEXT, min_size=2, max_size=4), st.sampled_from(["zh", "en"]))
def test_any_text_is_shown_as_it_is(texts, language):
    corpus = corpus_of(texts, language=language)
    counts = count(segment(corpus))
    shares = np.ones((len(texts), 1))
    weights = np.full((1, len(counts.vocabulary)), 1 / len(counts.vocabulary))
    shown = Shown(Topics(counts, weights, shares, {"engine": "hand", "seed": 0}), corpus)
    row = corpus.documents.set_index("id")["text"]
    for i, (_, _) in enumerate(shown.passage.options):
        shown.passage.index = i
        identifier = shown.text[:2]
        end = counts.units.set_index("document")["end"][identifier]
        running = words_of(
            "<div>" + re.search('tifa-running"[^>]*>(.*)</div></div>', shown._text.value, re.DOTALL)[1] + "</div>"
        )
        assert running == row[identifier][:end].strip()


# ------------------------------------------------------------------------------ refusals


def test_other_things_are_refused(two):
    topics, corpus = two
    with pytest.raises(MissingStep, match="browse_topics takes Topics, not Counts"):
        browse_topics(topics.counts)
    with pytest.raises(MissingStep, match="browse_topics takes a Corpus, not DataFrame"):
        browse_topics(topics, corpus.documents)


def test_other_texts_than_those_counted_are_refused(two):
    topics, corpus = two
    with pytest.raises(InputError, match="no d3; accepted: the texts that were counted"):
        browse_topics(topics, corpus.select(id=["d0", "d1", "d2"]))
    table = corpus.documents
    table.loc[0, "text"] += "又一句。"
    with pytest.raises(InputError, match="other texts than those that were counted"):
        browse_topics(topics, Corpus(table))


def test_a_corpus_may_hold_more(two):
    topics, corpus = two
    more = pd.concat([corpus_of(["x"], language="en", id=["e"]).documents, corpus.documents])
    assert "网络" in Shown(topics, Corpus(more)).html


# ---------------------------------------------------------------------------------- cost


def test_a_click_is_quick_with_many_topics_and_units():
    random = np.random.default_rng(0)
    units, features, k = 25_000, 3_000, 40
    matrix = sparse.random_array((units, features), density=0.01, format="csr", rng=random, dtype=np.float64)
    matrix.data = np.ones_like(matrix.data)
    document = np.arange(units) // 30
    names = np.array([f"d{i}" for i in range(document[-1] + 1)])
    table = pd.DataFrame({"document": names[document], "unit": np.arange(units) % 30, "start": 0, "end": 9})
    documents = pd.DataFrame({"id": names, "date": pd.Timestamp("2020-05-07"), "language": "zh"})
    words = tuple(f"w{i}" for i in range(features))
    counts = Counts(sparse.csr_array(matrix.astype(np.int32)), words, documents, table, {"units": "blocks"})
    weights, shares = random.dirichlet(np.full(features, 0.05), k), random.dirichlet(np.full(k, 0.1), units)
    shown = Shown(Topics(counts, weights, shares, {"engine": "hand", "seed": 0}))
    for whole in (False, True):
        shown.whole.value = whole
        took = []
        for i in range(1, 12):
            for control, name, value in (
                (shown.topic, "value", i),
                (shown.passage, "index", 3),
                (shown.by, "index", i % 2),
            ):
                start = time.perf_counter()
                setattr(control, name, value)
                took.append(time.perf_counter() - start)
        assert np.median(took) < 0.1
        assert max(took) < 0.3


def test_importing_changes_nothing():
    program = """
import analysis.topics.describing, locale, logging, sys, warnings, pandas
def state():
    return list(warnings.filters), list(logging.root.handlers), locale.setlocale(locale.LC_ALL), sys.excepthook
before = state()
import analysis.widgets.topic_browser
assert state() == before
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_the_widget_is_plain_ipywidgets(two):
    def all_of(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from all_of(child)

    kinds = {type(w).__name__ for w in all_of(browse_topics(*two))}
    assert kinds == {"VBox", "HBox", "HTML", "Select", "ToggleButtons", "BoundedIntText"}
    assert {type(w).__module__.partition(".")[0] for w in all_of(browse_topics(*two))} == {ipywidgets.__name__}
    assert not re.search(
        r"https?:|url\(|@import|src=",
        "".join(w.value for w in all_of(browse_topics(*two)) if hasattr(w, "placeholder")),
    )
