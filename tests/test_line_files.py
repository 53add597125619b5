"""Lines of a concordance as files: what is written is read again by other programs."""

import re
import sys
import xml.etree.ElementTree as ET

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.concordance import kwic
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep, TifaError, TifaWarning
from analysis.line_files import write_lines
from analysis.queries import parse_query
from analysis.segmentation import segment

TEI = "{http://www.tei-c.org/ns/1.0}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
HOSTILE = "<script>window.hacked = 1</script>]]>&amp;\"'"
SAFE = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)


def corpus_of(*texts, constructed=False):
    table = {"id": [f"d{i}" for i in range(len(texts))], "date": ["2021", "2021-05-07", "2021-05"][: len(texts)]}
    about = {"constructed": True} if constructed else None
    return Corpus(pd.DataFrame(table | {"language": "zh", "text": texts, "place": "京"}), about=about)


CORPUS = corpus_of("继续净化网络", "purify; 净化", "一，净化\r\n二")
TOKENS = segment(CORPUS)
LINES = kwic(TOKENS, "净化", corpus=CORPUS, columns="place")


def written(folder, ending, lines=LINES, query="净化", tokens=TOKENS, **options):
    return write_lines(lines, folder / f"lines{ending}", query=query, tokens=tokens, **options)


def with_node(node, **columns):
    return LINES.head(1).assign(node=node, **columns)


# --------------------------------------------------------------------------------- CSV


def test_csv_is_a_plain_table_with_its_provenance(tmp_path):
    table = pd.read_csv(written(tmp_path, ".csv", query="  净化 "), keep_default_na=False, dtype={"date": str})
    assert table[list(LINES.columns)].to_numpy().tolist() == LINES.to_numpy().tolist()
    assert set(table["query"]) == {"净化"}
    assert set(table["query_digest"]) == {parse_query("净化").digest}
    assert set(table["corpus_digest"]) == {CORPUS.digest}
    assert set(table["tokens_digest"]) == {TOKENS.digest}
    assert set(table["constructed"]) == {False}


def test_the_same_lines_are_the_same_bytes(tmp_path):
    for ending in (".csv", ".html", ".xml"):
        one = written(tmp_path, ending).read_bytes()
        assert written(tmp_path, ending, overwrite=True).read_bytes() == one


# ------------------------------------------------------------------------------- Excel


def test_a_workbook_has_the_lines_and_what_they_are_of(tmp_path):
    book = openpyxl.load_workbook(written(tmp_path, ".XLSX"))
    head, *rows = book["lines"].iter_rows()
    assert [c.value for c in head] == list(LINES.columns)
    assert [[c.value or "" for c in row] for row in rows] == LINES.replace("\r\n二", "\n二").to_numpy().tolist()
    assert all(row[3].font.bold and not row[2].font.bold for row in rows)
    assert rows[0][2].alignment.horizontal == "right"
    about = dict(book["about"].values)
    assert about["Query"] == "净化"
    assert about["Lines"] == "3"
    assert about["Digest of the query"] == parse_query("净化").digest
    assert about["Digest of the corpus"] == CORPUS.digest


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/c calc'!A1", "#N/A", "#REF!", "1", "TRUE", "2021-05"]
)
def test_text_in_a_workbook_is_text(tmp_path, text):
    book = openpyxl.load_workbook(written(tmp_path, ".xlsx", with_node(text, left=text, place=text), query="净化"))
    for cell in (book["lines"][2][2], book["lines"][2][3], book["lines"][2][7]):
        assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)


def test_more_than_a_cell_holds_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"line 1, left: received 32,768 characters; accepted: at most 32,767"):
        written(tmp_path, ".xlsx", LINES.head(1).assign(left="x" * 32_768))
    assert list(tmp_path.iterdir()) == []
    book = openpyxl.load_workbook(written(tmp_path, ".xlsx", LINES.head(1).assign(left="x" * 32_767)))
    assert len(book["lines"]["C2"].value) == 32_767


def test_without_openpyxl_the_way_to_get_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(TifaError, match=r"pip install 'tifa\[ingest\]'"):
        written(tmp_path, ".xlsx")
    assert list(tmp_path.iterdir()) == []
    written(tmp_path, ".html")


# -------------------------------------------------------------------------------- HTML


def test_a_page_stands_alone(tmp_path):
    page = written(tmp_path, ".html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>Concordance: 净化</title>" in page
    for said in ("净化", "3", parse_query("净化").digest, CORPUS.digest, TOKENS.digest):
        assert f"<dd>{said}</dd>" in page
    assert page.count("<b><u><bdi>净化</bdi></u></b>") == 3
    assert not re.search(r"https?:|url\(|@import|src=|<script|onstructed", page)
    assert "@media print" in page
    assert "<bdi>¶二</bdi>" in page


def test_nothing_is_taken_as_html(tmp_path):
    lines = with_node(HOSTILE, left=HOSTILE, right=HOSTILE, date=HOSTILE, **{"</th><script>": HOSTILE})
    page = written(tmp_path, ".html", lines, query=f'"{HOSTILE[:30]}"').read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("&lt;script&gt;window.hacked = 1&lt;/script&gt;]]&gt;&amp;amp;") == 5


def test_nothing_is_cut(tmp_path):
    page = written(tmp_path, ".html", LINES.head(1).assign(left="很长" * 9_000)).read_text(encoding="utf-8")
    assert "很长" * 9_000 in page


# --------------------------------------------------------------------------------- TEI


def test_tei_has_a_header_and_an_item_for_each_line(tmp_path):
    root = ET.parse(written(tmp_path, ".xml")).getroot()
    assert root.tag == f"{TEI}TEI"
    header = root.find(f"{TEI}teiHeader/{TEI}fileDesc")
    assert [child.tag.removeprefix(TEI) for child in header] == ["titleStmt", "publicationStmt", "sourceDesc"]
    said = [p.text for p in header.find(f"{TEI}sourceDesc")]
    assert {"Query: 净化", "Lines: 3", f"Digest of the corpus: {CORPUS.digest}"} <= set(said)
    items = root.findall(f"{TEI}text/{TEI}body/{TEI}list/{TEI}item")
    assert [item.get("n") for item in items] == ["1", "2", "3"]
    third = items[2]
    assert third.get(LANGUAGE) == "zh-Hans"
    assert [child.tag.removeprefix(TEI) for child in third] == ["bibl", "seg", "hi", "seg"]
    bibl, left, node, right = third
    assert [child.tag.removeprefix(TEI) for child in bibl] == ["idno", "date", "biblScope", "note"]
    assert (bibl[0].text, bibl[1].get("when"), bibl[1].text) == ("d2", "2021-05", "2021-05")
    assert (bibl[2].get("from"), bibl[2].get("to")) == ("2", "4")
    assert (bibl[3].get("n"), bibl[3].text) == ("place", "京")
    assert (left.text, node[0].text, right.text) == ("一，", "净化", "\r\n二")
    assert (left.get("type"), node[0].get("type"), right.get("type")) == ("left", "node", "right")


def test_constructed_texts_are_marked_in_every_file(tmp_path):
    corpus = corpus_of("净化网络", constructed=True)
    tokens = segment(corpus)
    lines = kwic(tokens, "净化")
    said = "Constructed texts: they say nothing about any real body."
    for ending in (".html", ".xml"):
        assert said in written(tmp_path, ending, lines, tokens=tokens).read_text(encoding="utf-8")
    assert f'<note type="constructed">{said}</note>' in (tmp_path / "lines.xml").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(written(tmp_path, ".xlsx", lines, tokens=tokens))
    assert dict(book["about"].values)["Constructed"] == said
    assert pd.read_csv(written(tmp_path, ".csv", lines, tokens=tokens))["constructed"].tolist() == [True]


def test_dates_that_are_none_have_no_form_of_tei(tmp_path):
    lines = LINES.assign(date=["spring", "2021-13", ""])
    root = ET.parse(written(tmp_path, ".xml", lines)).getroot()
    assert [d.attrib for d in root.iter(f"{TEI}date")] == [{}, {}, {}]


def test_what_xml_cannot_hold_is_replaced_and_said(tmp_path):
    lines = with_node("a\x00b\ufffe", left="\x1b[31m", right=pd.Series(["\ud800"], dtype=object))
    with pytest.warns(TifaWarning, match=r"4 characters that the format cannot hold .* became U\+FFFD"):
        root = ET.parse(written(tmp_path, ".xml", lines)).getroot()
    assert [s.text for s in root.iter(f"{TEI}seg")] == ["\ufffd[31m", "a\ufffdb\ufffd", "\ufffd"]
    with pytest.warns(TifaWarning, match=r"4 characters"):
        book = openpyxl.load_workbook(written(tmp_path, ".xlsx", lines))
    assert book["lines"]["D2"].value == "a\ufffdb\ufffd"


@settings(max_examples=80, deadline=None)
@given(SAFE, SAFE, SAFE)
def test_any_text_comes_back_from_tei(tmp_path_factory, left, node, right):
    folder = tmp_path_factory.mktemp("tei")
    lines = with_node(node, left=f"\r\n\t{left}", right=right, place=right, **{node or "x": left})
    root = ET.parse(written(folder, ".xml", lines)).getroot()
    assert [s.text or "" for s in root.iter(f"{TEI}seg")] == [f"\r\n\t{left}", node, right]


@settings(max_examples=30, deadline=None)
@given(SAFE, SAFE)
def test_any_text_comes_back_from_a_workbook(tmp_path_factory, left, node):
    book = openpyxl.load_workbook(written(tmp_path_factory.mktemp("book"), ".xlsx", with_node(node, left=left)))
    row = book["lines"][2]
    assert [row[2].value or "", row[3].value or ""] == [left, node]


# -------------------------------------------------------------------------- no lines, many


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".html", ".xml"])
def test_no_lines_make_a_file_without_lines(tmp_path, ending):
    path = written(tmp_path, ending, LINES.head(0))
    if ending == ".csv":
        assert len(pd.read_csv(path)) == 0
    elif ending == ".xlsx":
        assert openpyxl.load_workbook(path)["lines"].max_row == 1
    else:
        text = path.read_text(encoding="utf-8")
        assert "净化" in text
        assert "<item" not in text
        assert "tifa-node'><b>" not in text


def test_ten_thousand_lines(tmp_path):
    lines = pd.concat([LINES] * 3_334, ignore_index=True)
    root = ET.parse(written(tmp_path, ".xml", lines)).getroot()
    assert sum(1 for _ in root.iter(f"{TEI}item")) == 10_002
    assert written(tmp_path, ".html", lines).read_text(encoding="utf-8").count("<tr>") == 10_003


# --------------------------------------------------------------------------- bad input


def test_another_ending_lists_the_four(tmp_path):
    with pytest.raises(InputError, match=r"ending: received '\.docx'; accepted: \.csv, \.xlsx, \.html, \.xml"):
        written(tmp_path, ".docx")
    with pytest.raises(InputError, match="ending: received ''"):
        written(tmp_path, "")


def test_all_faults_are_named_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        written(tmp_path, ".csv", LINES.assign(document="other", query="x", constructed=1))
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("document", "'other'"),
        ("columns", "'query'"),
        ("columns", "'constructed'"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path):
    path = written(tmp_path, ".csv")
    before = path.read_bytes()
    with pytest.raises(TifaError, match="is there already: choose another name, or overwrite=True"):
        written(tmp_path, ".csv", LINES.head(1))
    assert path.read_bytes() == before
    assert len(pd.read_csv(written(tmp_path, ".csv", LINES.head(1), overwrite=True))) == 1


def test_what_is_too_early_names_the_step(tmp_path):
    with pytest.raises(MissingStep, match=r"lines lack the column start: kwic"):
        written(tmp_path, ".csv", LINES.drop(columns="start"))
    with pytest.raises(MissingStep, match=r"takes Tokens, not Corpus: segment\(corpus\)"):
        written(tmp_path, ".csv", tokens=CORPUS)
    with pytest.raises(InputError, match="column 1"):
        written(tmp_path, ".csv", query="[")


def test_a_folder_and_offsets_that_are_none_are_told(tmp_path):
    (tmp_path / "lines.csv").mkdir()
    with pytest.raises(TifaError, match=r"lines\.csv is a folder"):
        write_lines(LINES, tmp_path / "lines.csv", query="净化", tokens=TOKENS, overwrite=True)
    for ending in (".csv", ".xlsx", ".html", ".xml"):
        with pytest.raises(InputError, match="lines, start"):
            write_lines(LINES.assign(start=float("nan")), tmp_path / f"x{ending}", query="净化", tokens=TOKENS)
