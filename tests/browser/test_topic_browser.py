"""The topic browser as a scholar meets it: in JupyterLab, in a real Chromium, with no other host to ask."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

NOTEBOOK = "topics.ipynb"
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
CELLS = [
    """
import warnings
import pandas as pd
from analysis.corpus import Corpus
from analysis.corpus_files import read_corpus
from analysis.counts import count
from analysis.features import read_counts
from analysis.segmentation import segment
from analysis.topics.fitting import fit_topics
from analysis.topics.model import Topics
from analysis.widgets.topic_browser import browse_topics
warnings.simplefilter("ignore")  # that few iterations do not converge
""",
    """
corpus = read_corpus("demo").select(language="zh")
browse_topics(fit_topics(count(segment(corpus), units="blocks", size=200), 6, iterations=30), corpus)
""",
    """
browse_topics(fit_topics(read_counts("work-reports").select("central"), 8, iterations=30))
""",
    f"""
hostile = {HOSTILE!r}
table = {{"id": ["a", "b"], "date": "2021", "language": "en", "title": hostile, "place": hostile}}
corpus = Corpus(pd.DataFrame(table | {{"text": [hostile + " minors online " * 9, "rivers and lakes " * 9 + hostile]}}))
topics = fit_topics(count(segment(corpus)), 2)
browse_topics(Topics(topics.counts, topics.term_weights, topics.unit_shares, topics.recipe, (hostile, hostile)), corpus)
""",
]


@pytest.fixture(scope="module")
def lab_options(tmp_path_factory, write_notebook):
    """JupyterLab in a folder of its own; the corpora are found through TIFA_HOME."""
    folder = tmp_path_factory.mktemp("topics")
    write_notebook(folder / NOTEBOOK, CELLS)
    return str(folder)


@pytest.fixture(scope="module")
def browsers(page, asked, run_all):
    """The three browsers of the notebook, once it was run."""
    run_all(NOTEBOOK)
    found = page.locator(".tifa-topics")
    expect(found).to_have_count(3, timeout=180_000)
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=60_000)
    assert page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    return found


class Browser:
    """The parts of one browser."""

    def __init__(self, box):
        self.box = box
        self.topics, self.passages = box.locator("select").first, box.locator("select").last
        self.topic_number, self.passage_number = box.locator("input").first, box.locator("input").last
        self.terms, self.text = box.locator("table"), box.locator(".tifa-text")
        self.heading = box.locator("b", has_text="Topic ")

    def button(self, name):
        return self.box.get_by_role("button", name=name)

    def state(self):
        """What the panels say."""
        passages = self.passages.locator("option").all_inner_texts()
        return self.terms.inner_text(), passages, self.text.inner_text()

    def show(self):
        self.box.evaluate("box => box.scrollIntoView({block: 'start'})")


def test_another_topic_changes_terms_passages_and_text(page, browsers, screenshot):
    demo = Browser(browsers.nth(0))
    demo.show()
    expect(demo.box).to_contain_text("Constructed texts: they say nothing about any real body.")
    expect(demo.text.locator("mark").first).to_be_visible()
    screenshot("topic_browser_demo")
    before = demo.state()
    demo.topics.locator("option").nth(3).click()
    expect(demo.heading).to_have_text("Topic 3")
    expect(demo.text).not_to_have_text(before[2], use_inner_text=True)
    after = demo.state()
    assert all(a != b for a, b in zip(before, after, strict=True))
    terms = set(demo.terms.locator(".tifa-term").all_inner_texts())
    assert set(demo.text.locator("mark").all_inner_texts()) <= terms
    expect(demo.topic_number).to_have_value("3")


def test_another_passage_and_other_terms(page, browsers, screenshot):
    demo = Browser(browsers.nth(0))
    before = demo.state()
    demo.passages.locator("option").nth(4).click()
    expect(demo.passage_number).to_have_value("5")
    expect(demo.text).not_to_have_text(before[2], use_inner_text=True)
    assert demo.state()[:2] == before[:2]
    demo.button("FREX").click()
    expect(demo.box).to_contain_text("rare in the others")
    assert demo.terms.inner_text() != before[0]
    demo.button("Whole statement").click()
    expect(demo.text.locator(".tifa-here")).to_be_visible()
    demo.show()
    screenshot("topic_browser_demo_frex")


def test_counts_that_ship_are_browsed_without_texts(page, browsers, screenshot):
    reports = Browser(browsers.nth(1))
    reports.show()
    expect(reports.text).to_contain_text("tifa fetch work-reports")
    before = reports.state()
    reports.topics.locator("option").nth(5).click()
    expect(reports.heading).to_have_text("Topic 5")
    expect(reports.text).not_to_have_text(before[2], use_inner_text=True)
    assert all(a != b for a, b in zip(before, reports.state(), strict=True))
    assert reports.box.locator(".tifa-words span").count() > 5
    expect(reports.box).not_to_contain_text("Constructed")
    screenshot("topic_browser_reports")


def test_it_can_be_used_by_keyboard(page, browsers):
    reports = Browser(browsers.nth(1))
    reports.topic_number.fill("0")
    reports.topic_number.press("Enter")
    expect(reports.heading).to_have_text("Topic 0")
    reports.topic_number.press("ArrowUp")
    expect(reports.heading).to_have_text("Topic 1")
    reports.topic_number.press("Tab")
    page.keyboard.press("Tab")
    expect(reports.button("FREX")).to_be_focused()
    page.keyboard.press("Space")
    expect(reports.box).to_contain_text("rare in the others")
    page.keyboard.press("Tab")
    expect(reports.passage_number).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(reports.passage_number).to_have_value("2")
    page.wait_for_function("list => list.selectedIndex === 1", arg=reports.passages.element_handle())
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(reports.text).to_be_focused()
    assert reports.text.evaluate("text => text.scrollTop") == 0
    page.keyboard.press("ArrowDown")
    page.wait_for_function("text => text.scrollTop > 0", arg=reports.text.element_handle())


def test_nothing_is_wider_than_its_place(page, browsers):
    wide = "box => [...box.querySelectorAll('div, select')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className)"
    for i in range(3):
        assert browsers.nth(i).evaluate(wide) == []


def test_hostile_texts_are_words(page, browsers, screenshot):
    hostile = Browser(browsers.nth(2))
    hostile.show()
    for number in ("0", "1"):
        hostile.topic_number.fill(number)
        hostile.topic_number.press("Enter")
        expect(hostile.heading).to_have_text(f"Topic {number}: {HOSTILE}")
        expect(hostile.text).to_contain_text("<script>")
    assert hostile.box.locator("script, img").count() == 0
    assert page.evaluate("window.hacked") is None
    assert HOSTILE in hostile.topics.locator("option").first.inner_text().replace("\u00a0", " ")
    screenshot("topic_browser_hostile")


def test_no_other_host_is_asked(browsers, asked):
    hosts = {urlsplit(address).hostname for address in asked if urlsplit(address).scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}
