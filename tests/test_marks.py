"""Marks of a reader: kept, read again, never lost."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.concordance import kwic
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.marks import COLUMNS, count_marks, mark_file, read_marks, write_marks
from analysis.queries import parse_query
from analysis.segmentation import segment

TEXTS = ("净化网络，净化空气", "继续净化\n市场", "Purify  the net; purify  the air")


def corpus_of(*texts, name="press"):
    languages = ["en" if text.isascii() else "zh" for text in texts]
    table = {"id": [f"d{i}" for i in range(len(texts))], "date": "2021", "language": languages, "text": list(texts)}
    return Corpus(pd.DataFrame(table), name=name)


CORPUS = corpus_of(*TEXTS)
TOKENS = segment(CORPUS)
LINES = kwic(TOKENS, "净化", corpus=CORPUS)


def saved(folder, marks, notes=None, lines=LINES, corpus=CORPUS, query="净化", **options):
    """The file with these marks (and notes) of the lines."""
    columns = {"mark": marks} if notes is None else {"mark": marks, "note": notes}
    return write_marks(lines.assign(**columns), query, corpus, folder=folder, **options)


def marks_of(folder, lines=LINES, corpus=CORPUS, query="净化", **options):
    return read_marks(lines, query, corpus, folder=folder, **options)[["mark", "note"]].to_numpy().tolist()


def rows_of(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def edited(path, *changes):
    """The file after a person has replaced these words in it."""
    text = path.read_text(encoding="utf-8-sig")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


# ----------------------------------------------------------------------- kept and read


def test_marks_and_notes_come_back(tmp_path):
    path = saved(tmp_path, ["network", "", "market"], ["sure", 'a "b",\n=c', ""])
    assert marks_of(tmp_path) == [["network", "sure"], ["", 'a "b",\n=c'], ["market", ""]]
    assert path == mark_file("净化", CORPUS, folder=tmp_path)
    assert path.stem == parse_query("净化").digest[7:23]
    first = rows_of(path)[0]
    assert tuple(first) == COLUMNS
    assert list(first.values()) == [
        "净化", parse_query("净化").digest, CORPUS.digest, "d0", "0", "2", "净化", "network", "sure",
    ]  # fmt: skip


def test_nothing_kept_is_empty(tmp_path):
    assert marks_of(tmp_path) == [["", ""]] * 3
    assert list(tmp_path.iterdir()) == []
    assert marks_of(tmp_path, LINES.head(0)) == []


def test_the_rest_of_the_lines_stays(tmp_path):
    lines = LINES.assign(mark="x", note="y", place="z")
    read = read_marks(lines, "净化", CORPUS, folder=tmp_path)
    assert read.drop(columns=["mark", "note"]).equals(lines.drop(columns=["mark", "note"]))
    assert set(read["mark"]) == {""}
    assert set(lines["mark"]) == {"x"}


def test_a_sample_keeps_the_marks_of_other_lines(tmp_path):
    saved(tmp_path, ["a", "b", "c"])
    saved(tmp_path, ["new"], lines=LINES.iloc[[1]])
    assert [m for m, _ in marks_of(tmp_path)] == ["a", "new", "c"]
    assert marks_of(tmp_path, LINES.iloc[[2, 1]]) == [["c", ""], ["new", ""]]


def test_empty_takes_out(tmp_path):
    saved(tmp_path, ["a", "b", "c"], ["x", "y", ""])
    path = saved(tmp_path, ["", np.nan, None], ["", "still", None])
    assert marks_of(tmp_path) == [["", ""], ["", "still"], ["", ""]]
    assert len(rows_of(path)) == 1
    saved(tmp_path, ["", "", ""], ["", " \n", ""])
    assert rows_of(path) == []
    assert marks_of(tmp_path) == [["", ""]] * 3
    saved(tmp_path, ["a", "", ""])  # and anew


def test_without_notes_the_notes_stay(tmp_path):
    saved(tmp_path, ["a", "b", ""], ["x", "y", "z"])
    saved(tmp_path, ["c", "", ""])
    assert marks_of(tmp_path) == [["c", "x"], ["", "y"], ["", "z"]]


def test_however_it_is_spaced_it_is_the_same_query(tmp_path):
    lines = kwic(TOKENS, "净化 网络", corpus=CORPUS)
    saved(tmp_path, ["a"], lines=lines, query="净化 网络")
    assert marks_of(tmp_path, lines, query=parse_query(" 净化   网络")) == [["a", ""]]
    assert marks_of(tmp_path) == [["", ""]] * 3


def test_two_coders_have_a_file_each(tmp_path):
    saved(tmp_path, ["a", "", ""], coder="Lin")
    saved(tmp_path, ["b", "", ""], coder="Wu")
    assert marks_of(tmp_path)[0] == ["", ""]
    assert marks_of(tmp_path, coder="Lin")[0] == ["a", ""]
    assert marks_of(tmp_path, coder="Wu")[0] == ["b", ""]
    with pytest.raises(InputError, match="name of a coder"):
        saved(tmp_path, ["a", "", ""], coder="../Lin")


def test_the_file_stands_beside_the_corpus(tmp_path, monkeypatch):
    monkeypatch.setenv("TIFA_HOME", str(tmp_path))
    path = write_marks(LINES.assign(mark="a"), "净化", CORPUS)
    assert path.parent == tmp_path / "corpus" / "own" / "marks" / "press"
    assert set(read_marks(LINES, "净化", CORPUS)["mark"]) == {"a"}
    with pytest.raises(InputError, match="name of a corpus"):
        mark_file("净化", corpus_of("净化", name="../x"))


def test_lines_spelled_from_tokens_are_the_same_lines(tmp_path):
    for fold in (False, True):
        tokens = segment(CORPUS, fold=fold) if fold else TOKENS
        lines = kwic(tokens, "purify the")
        path = saved(tmp_path, ["net", "air"], lines=lines, query="purify the")
        assert [r["node"] for r in rows_of(path)] == ["Purify  the", "purify  the"]


def test_the_same_marks_are_the_same_bytes(tmp_path):
    one = saved(tmp_path, ["a", "b", "c"]).read_bytes()
    assert saved(tmp_path, ["b", "a", "c"], lines=LINES.iloc[[1, 0, 2]]).read_bytes() == one
    assert one.startswith(b"\xef\xbb\xbfquery,")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "'", "''x", "'x", "- a\n- b"])
def test_no_text_is_a_formula(tmp_path, text):
    corpus = corpus_of(f"净化{text}网络")
    query = f"/(?s)(?<=净化).{{{len(text)}}}/"
    lines = kwic(segment(corpus), query, corpus=corpus)
    path = saved(tmp_path, [text.split("\n")[0]], [text], lines=lines, corpus=corpus, query=query)
    assert marks_of(tmp_path, lines, corpus, query) == [[text.split("\n")[0], text]]
    for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_a_spreadsheet_may_save_it_in_its_own_encoding(tmp_path):
    path = saved(tmp_path, ["网络", "空气", "市场"])
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("gb18030"))
    assert [m for m, _ in marks_of(tmp_path)] == ["网络", "空气", "市场"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=80, deadline=None)
@given(st.lists(TEXT, min_size=3, max_size=3), st.lists(TEXT, min_size=3, max_size=3))
def test_any_mark_and_note_comes_back(tmp_path_factory, marks, notes):
    from unicodedata import normalize

    folder = tmp_path_factory.mktemp("marks")
    marks = [" ".join(mark.split()) for mark in marks]
    saved(folder, marks, notes)
    saved(folder, marks[:1], notes[:1], lines=LINES.head(1))
    assert marks_of(folder) == [[normalize("NFC", t).strip() for t in pair] for pair in zip(marks, notes, strict=True)]


# ----------------------------------------------------------------- texts that have changed


def test_marks_that_no_longer_fit_are_named_and_stay(tmp_path):
    path = saved(tmp_path, ["a", "b", "c"])
    changed = corpus_of("新。" + TEXTS[0], *TEXTS[1:])
    lines = kwic(segment(changed), "净化", corpus=changed)
    with pytest.warns(TifaWarning, match=r"2 marks no longer fit .* stay in .*d0 0–2: '净化', now '新。'; d0 5–7"):
        assert marks_of(tmp_path, lines, changed) == [["", ""], ["", ""], ["c", ""]]
    # A newer mark at the place of an older one, and an empty one: neither takes it out.
    saved(tmp_path, ["new", "", ""], lines=lines, corpus=changed)
    assert [(r["start"], r["node"], r["mark"]) for r in rows_of(path)] == [
        ("0", "净化", "a"),
        ("2", "净化", "new"),
        ("5", "净化", "b"),
    ]
    with pytest.warns(TifaWarning, match="1 mark no longer fits"):
        assert [m for m, _ in marks_of(tmp_path)] == ["a", "b", ""]


def test_words_of_two_versions_may_stand_at_one_place(tmp_path):
    saved(tmp_path, ["old", "", ""])
    changed = corpus_of("打击网络，净化空气", *TEXTS[1:])
    lines = kwic(segment(changed), "打击|净化", corpus=changed)
    old = mark_file("净化", CORPUS, folder=tmp_path)
    query = parse_query("打击|净化")
    text = old.read_text(encoding="utf-8-sig").replace(parse_query("净化").digest, query.digest)
    mark_file(query, changed, folder=tmp_path).write_text(text, encoding="utf-8")
    path = saved(tmp_path, ["new", "", ""], lines=lines, corpus=changed, query=query)
    assert [(r["node"], r["mark"]) for r in rows_of(path)] == [("净化", "old"), ("打击", "new")]
    with pytest.warns(TifaWarning, match="1 mark no longer fits"):
        assert marks_of(tmp_path, lines, changed, query)[0] == ["new", ""]


def test_marks_of_statements_elsewhere_are_counted_and_stay(tmp_path):
    path = saved(tmp_path, ["a", "b", "c"])
    part = CORPUS.select(id=["d1"])
    lines = kwic(segment(part), "净化", corpus=part)
    with pytest.warns(TifaWarning, match="2 marks are of statements that this corpus does not hold, and stay in"):
        assert marks_of(tmp_path, lines, part) == [["c", ""]]
    saved(tmp_path, [""], lines=lines, corpus=part)
    assert [r["mark"] for r in rows_of(path)] == ["a", "b"]


# --------------------------------------------------------------------------- bad input


def test_lines_of_other_texts_are_refused_all_at_once(tmp_path):
    lines = LINES.assign(document=["d0", "d0", "x"], start=[1, 5, 3], end=[3, 7, 5], mark="a").iloc[[0, 1, 2, 1]]
    with pytest.raises(InputError) as caught:
        write_marks(lines, "净化", CORPUS, folder=tmp_path)
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("node", "'净化'"),
        ("document", "'x'"),
        ("", "the same line twice"),
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mark", ["x" * 61, "a\nb", "a\u2028b"])
def test_marks_are_short(tmp_path, mark):
    with pytest.raises(InputError, match="one line of at most 60 characters"):
        saved(tmp_path, [mark, "", ""])


def test_what_is_too_early_names_the_step(tmp_path):
    with pytest.raises(MissingStep, match=r"lines lack the column mark: read_marks"):
        write_marks(LINES, "净化", CORPUS, folder=tmp_path)
    with pytest.raises(MissingStep, match=r"lines lack the column end: kwic"):
        read_marks(LINES.drop(columns="end"), "净化", CORPUS, folder=tmp_path)
    with pytest.raises(MissingStep, match=r"pass the Corpus, not Tokens"):
        read_marks(LINES, "净化", TOKENS, folder=tmp_path)
    with pytest.raises(InputError, match="lines, start: received values of the type float64; accepted: whole numbers"):
        read_marks(LINES.assign(start=0.5), "净化", CORPUS, folder=tmp_path)


FAULTS = [
    ([(",mark,note", ",label,note")], ["no column mark", "an unknown column 'label'"]),
    ([(",mark,note", ",mark,note,more")], ["an unknown column 'more'"]),
    ([("d0,0,2", "d0,O,2"), ("d0,5,7", "d0,5,7.0")], ["'O'", "'7.0'"]),
    ([("d0,0,2", "d0,-1,2")], ["'-1'"]),
    ([("d0,0,2", "d0,0,3"), ("d1,2,4", ",2,4")], ["0 to 3", "nothing"]),
    ([("d0,0,2", "d0,1,3")], ["'净化'"]),
    ([("d0,0,2,净化", "d0,0,2,网络")], ["'网络'"]),
    ([("d0,5,7", "d0,0,2")], ["'净化' at d0 0–2 twice"]),
    ([("净化,sha256:2", "净化,sha256:3")], ["'sha256:3"]),
    ([("d0,0,2,净化,a", "d0,0,2,净化," + "a" * 61)], ["'" + "a" * 59]),
    ([("d0,0,2,净化,a,", 'd0,0,2,净化,"a')], ["unexpected end of data"]),
    ([("d0,0,2,净化,a,", "d0,0,2,净化,a,,,,")], ["12 values"]),
]


@pytest.mark.parametrize(("changes", "received"), FAULTS)
def test_a_damaged_file_is_refused_with_all_its_faults_and_stays(tmp_path, changes, received):
    path = edited(saved(tmp_path, ["a", "b", "c"]), *changes)
    before = path.read_bytes()
    for attempt in (lambda: marks_of(tmp_path), lambda: saved(tmp_path, ["x", "", ""])):
        with pytest.raises(InputError) as caught:
            attempt()
        assert len(caught.value.faults) == len(received)
        assert all(f.received.startswith(r) for f, r in zip(caught.value.faults, received, strict=True))
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe\x80", b"no marks\n", "净化\n".encode("gb18030")])
def test_what_is_no_such_file_is_refused(tmp_path, content):
    path = mark_file("净化", CORPUS, folder=tmp_path)
    path.write_bytes(content)
    with pytest.raises(InputError):
        saved(tmp_path, ["x", "", ""])
    assert path.read_bytes() == content


def test_a_person_may_edit_it(tmp_path):
    path = edited(saved(tmp_path, ["a", "b", "c"]), ("净化,a,", "净化, 网络 ,因为"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("净化,b,", "净化,,") + "\n\n", encoding="utf-8")
    assert marks_of(tmp_path) == [["网络", "因为"], ["", ""], ["c", ""]]


# ------------------------------------------------------------------------------ counts


def test_marks_are_counted():
    lines = pd.concat([LINES, LINES], ignore_index=True).assign(mark=["b", " a", "a", None, "", "c"])
    assert count_marks(lines).to_numpy().tolist() == [
        ["a", 2, 2, 0.333333],
        ["b", 1, 1, 0.166667],
        ["c", 1, 1, 0.166667],
        ["", 2, 1, 0.333333],
    ]
    assert count_marks(lines.head(0)).empty
    assert list(count_marks(lines.head(0)).columns) == ["mark", "lines", "documents", "share"]
    with pytest.raises(MissingStep, match="lines lack the column mark"):
        count_marks(LINES)


def test_many_lines_are_quick(tmp_path):
    corpus = corpus_of("净化，" * 10_000)
    lines = kwic(segment(corpus), "净化", corpus=corpus)
    saved(tmp_path, ["a"] * len(lines), lines=lines, corpus=corpus)
    assert set(read_marks(lines, "净化", corpus, folder=tmp_path)["mark"]) == {"a"}
