"""The browser of a concordance as a scholar meets it: in JupyterLab, in a real Chromium, with no other host to ask."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest
from playwright.sync_api import expect

NOTEBOOK = "concordance.ipynb"
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
REPORTS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "gwr_central_zh" / "documents.parquet"
CELLS = [
    """
import pandas as pd
from analysis.corpus import Corpus
from analysis.corpus_files import read_corpus
from analysis.concordance import kwic
from analysis.lexicon import read_lexicon
from analysis.line_layout import align_lines
from analysis.segmentation import segment
from analysis.widgets.concordance_browser import browse_concordance
""",
    """
corpus = read_corpus("demo").select(language="zh")
browse_concordance(corpus, None, read_lexicon("frames"), "净化", columns="office", folder="marks")
""",
    f"""
hostile = {HOSTILE!r}
texts = [f"净化{{hostile}}净化\\x00\\u202e网络", f"שלום 净化 עולם{{hostile}}"]
table = {{"id": ["a", "b"], "date": "2021", "language": "zh", "title": hostile, "office": [hostile, "x"], "text": texts}}
browse_concordance(Corpus(pd.DataFrame(table), about={{"title": hostile}}), query="净化", columns="office", folder="marks")
""",
    """
texts = [f"第{i}号。" + "".join(f"继续净化网络环境第{j}次，" for j in range(400)) for i in range(40)]
table = {"id": [f"n{i}" for i in range(40)], "date": [str(1980 + i) for i in range(40)], "language": "zh", "text": texts}
browse_concordance(Corpus(pd.DataFrame(table)), query="净化", folder="marks")
""",
    """
lines = kwic(segment(corpus), "净化 []{0,2} 网络|市场", corpus=corpus, context=25, columns="office")
align_lines(lines, query="净化 []{0,2} 网络|市场", constructed=True, most=12)
""",
    f"""
import os
if os.path.exists({str(REPORTS)!r}):
    reports = pd.read_parquet({str(REPORTS)!r}).drop(columns="date_precision")
    display(browse_concordance(Corpus(reports, name="reports"), None, read_lexicon("frames"), "净化", folder="marks"))
""",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("concordance")


@pytest.fixture(scope="module")
def lab_options(folder, write_notebook):
    """JupyterLab in a folder of its own; the corpora are found through TIFA_HOME."""
    write_notebook(folder / NOTEBOOK, CELLS)
    return str(folder)


@pytest.fixture(scope="module")
def browsers(page, asked, run_all):
    """The browsers of the notebook, once it was run."""
    run_all(NOTEBOOK)
    found = page.locator(".tifa-concordance")
    expect(found).to_have_count(4 if REPORTS.exists() else 3, timeout=120_000)
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=60_000)
    assert page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    return found


class Browser:
    """The parts of one browser."""

    def __init__(self, box):
        self.box = box
        self.query = box.locator(".tifa-query input")
        self.rows, self.over = box.locator(".tifa-list tbody tr"), box.locator(".tifa-over button:visible")
        self.text, self.here = box.locator(".tifa-text"), box.locator("mark.tifa-here")
        self.statement, self.marking = box.locator(".tifa-statement"), box.locator(".tifa-marking")
        self.mark, self.note = self.marking.locator("input"), self.marking.locator("textarea")

    def field(self, name):
        """The field or list that has this label."""
        label = self.box.locator(".widget-label", has_text=re.compile(f"^{name}$"))
        return label.locator("xpath=..").locator("input, select").first

    def button(self, name):
        return self.box.get_by_role("button", name=name, exact=True)

    def search(self, query):
        self.query.fill(query)
        self.query.press("Enter")

    def column(self, name):
        """A column of the list."""
        return self.rows.locator(f".tifa-{name}").all_inner_texts()

    def opened_at_the_line(self, page):
        """Wait until the statement is scrolled to its line."""
        inside = """text => {
            const mark = text.querySelector('.tifa-here').getBoundingClientRect(), box = text.getBoundingClientRect();
            return mark.top >= box.top && mark.bottom <= box.bottom;
        }"""
        page.wait_for_function(inside, arg=self.text.element_handle(), timeout=5_000)

    def show(self):
        self.box.evaluate("box => box.scrollIntoView({block: 'start'})")


def test_a_line_is_opened_in_its_statement(page, browsers, screenshot):
    demo = Browser(browsers.nth(0))
    demo.show()
    expect(demo.box).to_contain_text("Constructed texts: they say nothing about any real body.")
    expect(demo.box).to_contain_text("223 hits in 142 of 184 statements.")
    assert demo.rows.count() == demo.over.count() == 25
    # A click on the words of a line meets the button over them.
    place = demo.rows.nth(6).locator(".tifa-node").bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(demo.marking).to_contain_text("Line 7")
    document = demo.rows.nth(6).locator("td").nth(2).inner_text()
    expect(demo.statement).to_contain_text(f"{document} · ")
    expect(demo.statement).to_contain_text("hit 2 of 2 here. Constructed text.")
    expect(demo.here).to_have_text("净化")
    expect(demo.text.locator("mark")).to_have_count(2)
    around = demo.text.inner_text()
    left, right = (demo.rows.nth(6).locator(f".tifa-{side}").inner_text() for side in ("left", "right"))
    assert f"{left[-8:]}净化{right[:8]}" in around.replace("\n", "¶")
    screenshot("concordance_demo")


def test_rows_and_the_buttons_over_them_are_at_one_place(browsers):
    for i in range(browsers.count()):
        box = Browser(browsers.nth(i))
        rows = box.rows.evaluate_all("rows => rows.map(r => r.getBoundingClientRect()).map(r => [r.top, r.bottom])")
        over = box.over.evaluate_all("rows => rows.map(r => r.getBoundingClientRect()).map(r => [r.top, r.bottom])")
        assert rows
        assert all(
            abs(a - b) < 3 for row, button in zip(rows, over, strict=True) for a, b in zip(row, button, strict=True)
        )


def test_a_faulty_query_is_shown_with_its_place(page, browsers, screenshot):
    demo = Browser(browsers.nth(0))
    demo.search("打击 []{3,1} 犯罪")
    fault = demo.box.locator(".tifa-fault").first
    expect(fault).to_contain_text("Column 6: received '{3,1}'")
    assert demo.box.locator(".tifa-at").inner_text() == "{"
    expect(demo.rows).to_have_count(0)
    demo.show()
    screenshot("concordance_fault")
    demo.search("净化氵")
    expect(demo.box.locator(".tifa-warned")).to_contain_text("净化")
    expect(demo.box).to_contain_text("0 hits")
    demo.search("<purification.nothing>")
    expect(fault).to_contain_text("purification.network")


def test_sorting_and_filters(page, browsers, screenshot):
    demo = Browser(browsers.nth(0))
    demo.search("净化")
    expect(demo.rows).to_have_count(25)
    demo.field("Sort by").select_option("1st to the right")
    expect(demo.rows.first.locator(".tifa-right")).not_to_contain_text("网络环境，又在")
    firsts = [text[:1] for text in demo.column("right")[1:]]
    assert firsts == sorted(firsts)
    demo.field("Frame").select_option("purification.network")
    expect(demo.box).to_contain_text("as the filters ask")
    demo.field("Years").fill("2018")
    demo.field("Years").press("Enter")
    demo.field("Only where").select_option("office")
    value = demo.field("Only where").locator("xpath=../..").locator("select").last
    value.select_option(index=0)
    office = value.locator("option").first.inner_text().split()[0]
    expect(demo.rows.first.locator("td").nth(4)).to_have_text(office)
    expect(demo.rows.last.locator("td").nth(3)).to_have_text(re.compile("^20(18|19|2)"))
    demo.field("Sample").fill("2")
    demo.field("Sample").press("Enter")
    expect(demo.rows).to_have_count(2)
    expect(demo.box).to_contain_text("2 of these drawn at random, seed 0")
    demo.show()
    screenshot("concordance_filters")
    demo.field("Sample").fill("0")
    demo.field("Sample").press("Enter")
    demo.field("Only where").select_option("any")
    demo.field("Frame").select_option("any")
    demo.field("Years").fill("2014")
    demo.field("Years").press("Enter")
    expect(demo.rows).to_have_count(25)


def test_a_mark_is_kept_and_read_again(page, browsers, folder, screenshot):
    demo = Browser(browsers.nth(0))
    demo.over.nth(2).click()
    expect(demo.marking).to_contain_text("Line 3")
    demo.mark.fill("network")
    demo.note.fill("=<b>sure</b>")
    expect(demo.marking).to_contain_text("Not saved yet: 1 of 净化.")
    demo.over.nth(3).click()
    expect(demo.mark).to_have_value("")
    expect(demo.rows.nth(2).locator("td").nth(1)).to_have_text("network *")
    demo.mark.fill("physical")
    demo.button("Save, next line").click()
    expect(demo.marking).to_contain_text("Line 5")
    expect(demo.rows.nth(2).locator("td").nth(1)).to_have_text("network")
    expect(demo.rows.nth(3).locator("td").nth(1)).to_have_text("physical")
    kept = pd.read_csv(next((folder / "marks").glob("*.csv")))
    assert sorted(kept["mark"]) == ["network", "physical"]
    assert "'=<b>sure</b>" in set(kept["note"])  # no formula
    demo.show()
    screenshot("concordance_marks")
    demo.search("净化 网络")
    expect(demo.box).not_to_contain_text("223 hits")
    expect(demo.box).to_contain_text("hits in")
    assert {row.locator("td").nth(1).inner_text() for row in demo.rows.all()} == {""}
    demo.search(" 净化 ")
    expect(demo.box).to_contain_text("223 hits")
    expect(demo.rows.nth(3).locator("td").nth(1)).to_have_text("physical")
    demo.over.nth(2).click()
    expect(demo.note).to_have_value("=<b>sure</b>")


def test_it_can_be_used_by_keyboard(page, browsers):
    demo = Browser(browsers.nth(0))
    line = demo.field("Line")
    line.fill("20")
    line.press("Enter")
    expect(demo.marking).to_contain_text("Line 20")
    # The list has scrolled to the line.
    page.wait_for_function("list => list.scrollTop > 0", arg=demo.box.locator(".tifa-list").element_handle())
    line.press("ArrowUp")
    expect(demo.marking).to_contain_text("Line 21")
    page_field = demo.field("Page")
    page_field.fill("2")
    page_field.press("Enter")
    expect(demo.marking).to_contain_text("Line 26")
    demo.button("▶").focus()
    page.keyboard.press("Space")
    expect(demo.marking).to_contain_text("Line 51")
    demo.text.focus()
    page.keyboard.press("ArrowDown")
    expect(demo.marking).to_contain_text("Line 51")


def test_hostile_texts_are_words(page, browsers, screenshot):
    hostile = Browser(browsers.nth(1))
    hostile.show()
    expect(hostile.rows).to_have_count(3)
    for i in range(3):
        hostile.over.nth(i).click()
        expect(hostile.marking).to_contain_text(f"Line {i + 1}")
        expect(hostile.text).to_contain_text("<script>")
    hostile.mark.fill(HOSTILE[:50])
    hostile.button("Save").click()
    expect(hostile.rows.nth(2).locator("td").nth(1)).to_have_text(HOSTILE[:50])
    hostile.search(f'"{HOSTILE[:7]}')
    expect(hostile.box.locator(".tifa-fault").first).to_contain_text("<script")
    hostile.search("净化")
    expect(hostile.rows).to_have_count(3)
    hostile.field("Only where").select_option("office")
    expect(hostile.rows).to_have_count(2)
    assert hostile.box.locator("script, img").count() == 0
    assert page.evaluate("window.hacked") is None
    screenshot("concordance_hostile")


def test_sixteen_thousand_hits(page, browsers):
    many = Browser(browsers.nth(2))
    many.show()
    expect(many.box).to_contain_text("16,000 hits in 40 of 40 statements.")
    expect(many.box).to_contain_text("of 640")
    page_field = many.field("Page")
    page_field.fill("640")
    page_field.press("Enter")
    expect(many.rows.last.locator("td").first).to_have_text("16,000", timeout=2_000)
    many.over.last.click()
    expect(many.here).to_be_visible(timeout=2_000)
    expect(many.marking).to_contain_text("Line 16,000")
    many.opened_at_the_line(page)
    assert many.text.evaluate("text => text.scrollTop") > 0
    assert many.box.locator("*").count() < 3_000
    many.field("Sort by").select_option("date, last to first")
    expect(many.rows.first.locator("td").nth(3)).to_have_text("2019", timeout=5_000)


def test_real_reports(page, browsers, screenshot):
    if browsers.count() < 4:
        pytest.skip("no folder ../shared with real corpora")
    reports = Browser(browsers.nth(3))
    reports.search("加强 []{0,3} 建设")
    expect(reports.rows).to_have_count(25)
    expect(reports.box).not_to_contain_text("onstructed")
    reports.over.nth(9).click()
    expect(reports.marking).to_contain_text("Line 10")
    expect(reports.here).to_have_text(re.compile("^加强.*建设$"))
    reports.opened_at_the_line(page)
    reports.show()
    screenshot("concordance_reports")


def test_aligned_lines_stand_below_each_other(page, browsers, screenshot):
    table = page.locator(".jp-OutputArea-output > .tifa-lines, .jp-RenderedHTMLCommon > .tifa-lines").last
    table.evaluate("table => table.scrollIntoView({block: 'start'})")
    expect(table).to_contain_text("Constructed texts: they say nothing about any real body.")
    begins = table.locator("tbody .tifa-node u").evaluate_all("all => all.map(u => u.getBoundingClientRect().left)")
    assert len(begins) == 12
    assert max(begins) - min(begins) < 1
    style = "b => [getComputedStyle(b).fontWeight, getComputedStyle(b).textDecorationLine]"
    assert table.locator("tbody .tifa-node b").first.evaluate(style) == ["700", "underline"]
    ends = table.locator("tbody .tifa-left bdi").evaluate_all("all => all.map(b => b.getBoundingClientRect().right)")
    assert max(ends) - min(ends) < 1
    screenshot("aligned_lines")


def test_nothing_is_wider_than_its_place(page, browsers):
    wide = "box => box.scrollWidth > box.clientWidth + 1"
    for i in range(browsers.count()):
        assert not browsers.nth(i).evaluate(wide)


def test_no_other_host_is_asked(browsers, asked):
    hosts = {urlsplit(address).hostname for address in asked if urlsplit(address).scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}
