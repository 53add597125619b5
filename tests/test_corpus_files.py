import csv
import datetime as dt
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.corpus import Corpus
from analysis.corpus_files import FORMATS, read_corpus, write_corpus
from analysis.errors import InputError, TifaError

ROOT = Path(__file__).parents[1]
GOOD = "---\nid: a\ndate: 2021-05-07\nlanguage: zh\n---\n净化网络。\n"
DAMAGED = "净化网络环境，保护未成年人，各部门要高度重视。".encode().decode("gb18030", "ignore")


def write(folder, **files):
    """Files by name, a double underscore for a slash and a single one for a dot."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def faults(path, **options):
    with pytest.raises(InputError) as caught:
        read_corpus(path, **options)
    assert all(f.where and f.received and f.accepted for f in caught.value.faults)
    return [(f.where.removeprefix(f"{path}").lstrip("/"), f.field, f.received) for f in caught.value.faults]


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def small(**columns):
    good = {"id": ["a", "b"], "date": ["2021-05-07", "2021"], "language": ["zh", "en"], "text": ["一", "two"]}
    return Corpus(pd.DataFrame({**good, **columns}, dtype=object), "small", {"title": "Small", "constructed": True})


# ------------------------------------------------------------------ where a corpus may lie


def test_a_folder_of_statements_is_read(tmp_path):
    write(tmp_path, corpus_toml='name = "mine"\ntitle = "Mine"\n', statements__a_md=GOOD)
    corpus = read_corpus(tmp_path)
    assert (corpus.name, corpus.about["title"], corpus.constructed) == ("mine", "Mine", False)
    row = corpus.documents.iloc[0]
    assert (row["id"], row["date"], row["text"]) == ("a", pd.Timestamp("2021-05-07"), "净化网络。")


def test_a_bare_folder_and_a_single_file_are_read(tmp_path):
    write(tmp_path, a_md=GOOD, readme_txt="not a statement")
    assert read_corpus(tmp_path).digest == read_corpus(tmp_path / "a.md").digest


def test_the_id_is_the_file_name_where_none_is_given(tmp_path):
    write(tmp_path, statements__x_md=GOOD.replace("id: a\n", ""))
    assert read_corpus(tmp_path).documents["id"].tolist() == ["x"]


def test_a_name_is_looked_for_under_corpus(tmp_path, monkeypatch):
    write(tmp_path, corpus__sources_toml="", corpus__own__mine__a_md=GOOD)
    monkeypatch.setenv("TIFA_HOME", str(tmp_path))
    assert read_corpus("mine").name == "mine"
    with pytest.raises(TifaError, match="There is: mine, own"):
        read_corpus("mein")


@pytest.mark.parametrize("name", ["../gone", "/gone", "a\0b", "gone/../../x"])
def test_a_missing_folder_is_named(name):
    with pytest.raises(TifaError):
        read_corpus(name)


def test_an_empty_folder_is_refused(tmp_path):
    assert faults(tmp_path) == [("", "statements", "neither")]


def test_a_folder_of_no_statements_is_refused(tmp_path):
    (tmp_path / "statements").mkdir()
    assert faults(tmp_path) == [("statements", "statements", "no statements")]


@pytest.mark.parametrize("content", ["", "id,date,language,text\n"])
def test_a_sheet_without_rows_is_refused(tmp_path, content):
    write(tmp_path, statements_csv=content)
    assert faults(tmp_path) == [("statements.csv", "statements", "no statements")]


def test_statements_in_two_places_are_refused(tmp_path):
    write(tmp_path, statements__a_md=GOOD, statements_csv="id\n")
    assert faults(tmp_path) == [("", "statements", "statements and statements.csv")]


def test_a_file_called_statements_is_no_folder_of_them(tmp_path):
    write(tmp_path, statements="x")
    assert faults(tmp_path) == [("", "statements", "neither")]


def test_another_kind_of_file_is_refused(tmp_path):
    write(tmp_path, a_docx="x")
    with pytest.raises(InputError, match=r"a \.docx file; accepted: \.md, \.csv, \.jsonl, \.parquet"):
        read_corpus(tmp_path / "a.docx")


def test_nothing_among_the_statements_is_passed_over(tmp_path):
    write(tmp_path, statements__a_md=GOOD, statements__b_txt="二", statements__2021__c_md=GOOD)
    write(tmp_path, statements___DS="Finder's")
    (tmp_path / "statements" / "d.md").mkdir()
    assert faults(tmp_path) == [
        ("statements/2021", "file", "a folder"),
        ("statements/b.txt", "file", "a .txt file"),
        ("statements/d.md", "file", "a folder"),
    ]


# ------------------------------------------------------------------ corpus.toml


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"title = ", "TOML"),
        (b"title = '\xff'", "TOML"),
        (b"a = " + b"[" * 20000, "TOML"),
        (b"constructed = 'yes'", "constructed"),
        (b"constructed = 1", "constructed"),
    ],
)
def test_a_faulty_corpus_toml_is_refused(tmp_path, content, field):
    write(tmp_path, corpus_toml=content, statements__a_md=GOOD)
    assert [f[:2] for f in faults(tmp_path)] == [("corpus.toml", field)]


def test_the_mark_of_windows_editors_is_no_fault(tmp_path):
    write(tmp_path, corpus_toml=b"\xef\xbb\xbfname = 'mine'\r\n", statements__a_md=b"\xef\xbb\xbf" + GOOD.encode())
    assert read_corpus(tmp_path).name == "mine"


# ------------------------------------------------------------------ all faults at once


def test_every_file_and_field_that_is_wrong_is_listed(tmp_path):
    statement = "---\nid: {}\ndate: {}\nlanguage: {}\n---\n{}\n"
    write(
        tmp_path,
        corpus_toml="constructed = 'yes'",
        statements__bytes_md=b"---\nid: x\n---\n\xff",
        statements__case_md=statement.format("A", "2021", "zh", "一"),
        statements__damaged_md=statement.format("damaged", "2021", "zh", DAMAGED),
        statements__date_md=statement.format("date", "2021-02-30", "zh", "一"),
        statements__first_md=statement.format("a", "2021", "zh", "一"),
        statements__language_md=statement.format("language", "2021", "fr", "一"),
        statements__open_md="---\nid: open\n",
        statements__slash_md=statement.format("../x", "2021", "zh", "一"),
        statements__text_md=statement.format("text", "2021", "zh", " "),
        statements__zone_md=statement.format("zone", "2021-05-07T10:00:00+08:00", "zh", "一"),
    )
    found = faults(tmp_path)
    assert sorted(f[:2] for f in found) == [
        ("corpus.toml", "constructed"),
        ("statements/bytes.md", "byte 14"),
        ("statements/damaged.md", "text"),
        ("statements/date.md", "date"),
        ("statements/first.md", "id"),
        ("statements/language.md", "language"),
        ("statements/open.md", "front matter"),
        ("statements/slash.md", "id"),
        ("statements/text.md", "text"),
        ("statements/zone.md", "date"),
    ]
    assert ("statements/date.md", "date", "'2021-02-30'") in found
    assert ("statements/slash.md", "id", "'../x'") in found


def test_an_unknown_original_is_listed_with_the_other_faults(tmp_path):
    write(
        tmp_path,
        statements_csv="id,date,language,text,translation_of\na,2021,zh,一,\nb,2021,en,two,a\nc,soon,en,three,gone\n",
    )
    assert faults(tmp_path) == [
        ("statements.csv, row 3", "translation_of", "'gone'"),
        ("statements.csv, row 3", "date", "'soon'"),
    ]


def test_missing_columns_are_named_with_those_that_are_there(tmp_path):
    write(tmp_path, statements_csv="编号,日期\na,2021\n")
    assert [f[2] for f in faults(tmp_path)] == [
        f"no column {c} among 编号, 日期" for c in ("id", "date", "language", "text")
    ]


# ------------------------------------------------------------------ size and encoding


def test_a_statement_over_ten_megabytes_is_refused_unless_allowed(tmp_path):
    write(tmp_path, statements__a_md=GOOD + "x" * 10_000_001)
    assert faults(tmp_path) == [("statements/a.md", "text", "10.0 MB")]
    assert len(read_corpus(tmp_path, max_megabytes=11)) == 1


def test_size_is_measured_in_bytes_not_characters(tmp_path):
    write(tmp_path, statements__a_md=GOOD.replace("净化网络。", "净" * 40))
    assert faults(tmp_path, max_megabytes=119e-6) == [("statements/a.md", "text", "0.0 MB")]
    assert len(read_corpus(tmp_path, max_megabytes=120e-6)) == 1


@pytest.mark.parametrize("name", ["statements__a_md", "statements_csv", "statements_jsonl", "corpus_toml"])
def test_invalid_utf8_is_refused_with_its_place(tmp_path, name):
    write(tmp_path, **{"statements__a_md": GOOD} if name == "corpus_toml" else {}, **{name: b"# \xff\n"})
    [(where, field, received)] = faults(tmp_path)
    assert where == name.replace("__", "/").replace("_", ".")
    assert field == "byte 2" or (field, name) == ("TOML", "corpus_toml")
    assert "xff" in received


def test_gb18030_is_refused_with_the_way_out(tmp_path):
    write(tmp_path, statements__a_md=GOOD.encode("gb18030"))
    with pytest.raises(InputError, match="`tifa new` also reads GB18030"):
        read_corpus(tmp_path)


@pytest.mark.parametrize("text", [DAMAGED, "净化网络。" + DAMAGED, "净化\ufffd网络"])
def test_damaged_text_is_refused(tmp_path, text):
    write(tmp_path, statements__a_md=GOOD.replace("净化网络。", text))
    [(where, field, received)] = faults(tmp_path)
    assert (where, field) == ("statements/a.md", "text")
    assert received.startswith("damaged characters at ")


# ------------------------------------------------------------------ front matter


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:os.system ['touch {}']",
        "!!python/object/apply:subprocess.check_call [[touch, '{}']]",
        "!!python/object/apply:builtins.eval [\"open('{}', 'w')\"]",
    ],
)
def test_python_hidden_in_front_matter_does_not_run(tmp_path, tag):
    trace = tmp_path / "ran"
    write(tmp_path, statements__a_md=GOOD.replace("id: a", "id: " + tag.format(trace)))
    [(where, field, received)] = faults(tmp_path)
    assert (where, field) == ("statements/a.md", "front matter")
    assert "tag:yaml.org,2002:python" in received
    assert not trace.exists()


def test_a_text_both_in_the_front_matter_and_below_is_refused(tmp_path):
    write(tmp_path, statements__a_md=GOOD.replace("id: a", "id: a\ntext: 一"))
    assert faults(tmp_path) == [("statements/a.md", "text", "a text both in the front matter and below it")]


def test_line_ends_of_windows_are_read(tmp_path):
    write(tmp_path, statements__a_md=GOOD.replace("。", "。\n二").replace("\n", "\r\n"))
    assert read_corpus(tmp_path).documents["text"].tolist() == ["净化网络。\n二"]


# ------------------------------------------------------------------ CSV, JSON Lines, Parquet


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("id,date,language,text\na,2021,zh\n", ("statements.csv, row 1", "row", "3 values")),
        ("id,date,language,text\na,2021,zh,一,二\n", ("statements.csv, row 1", "row", "5 values")),
        ('id,date,language,text\na,2021,zh,"一\n', ("statements.csv, line 2", "CSV", "unexpected end of data")),
        ("id,date,language,text,text\na,2021,zh,一,二\n", ("statements.csv", "columns", "'text' twice")),
        (
            "id,date,language,text\na,2021-05-07T10:00Z,zh,一\n",
            ("statements.csv, row 1", "date", "'2021-05-07T10:00Z'"),
        ),
    ],
)
def test_a_faulty_csv_is_refused_with_its_row(tmp_path, content, found):
    write(tmp_path, statements_csv=content)
    [(where, field, received)] = faults(tmp_path)
    assert (where, field, received) == found


ROW = {"id": "a", "date": "2021", "language": "zh", "text": "一"}


@pytest.mark.parametrize(
    ("line", "field", "received"),
    [
        ("{", "JSON", "Expecting property name"),
        ("[1]", "JSON", "[1]"),
        ("[]", "JSON", "[]"),
        ("5", "JSON", "5"),
        ("null", "JSON", "None"),
        ("[" * 100_000, "JSON", "recursion"),
        ('{"x": ' + "9" * 5000 + "}", "JSON", "digits"),
        (json.dumps(ROW)[:-1] + ', "id": "b"}', "columns", "'id' twice"),
        (json.dumps({**ROW, "x": [1]}), "x", "a list or an object"),
        (json.dumps({**ROW, "x": {"y": 1}}), "x", "a list or an object"),
        (json.dumps({**ROW, "x": {}}), "x", "a list or an object"),
        (json.dumps({**ROW, "date": "2021-05-07T10:00:00+08:00"}), "date", "+08:00"),
        (json.dumps({**ROW, "text": "\ud800"}), "text", "a lone surrogate (U+D800) at character 0"),
        (json.dumps({**ROW, "office": "\ud800"}), "office", "a lone surrogate"),
        (json.dumps({**ROW, "\ud800": "x"}), "JSON", "a lone surrogate in the name of a field"),
    ],
)
def test_a_faulty_json_line_is_refused_with_its_number(tmp_path, line, field, received):
    write(tmp_path, statements_jsonl=json.dumps({**ROW, "id": "good"}) + "\n\n" + line + "\n")
    [found] = faults(tmp_path)
    assert found[:2] == ("statements.jsonl, line 3", field)
    assert received in found[2]


def test_a_list_where_a_date_should_be_is_no_crash(tmp_path):
    write(tmp_path, statements_jsonl=json.dumps({**ROW, "date": [], "text": ["一"], "id": {}}))
    assert {f[1] for f in faults(tmp_path)} == {"id", "date", "text"}


def test_numbers_in_json_lines_are_read_beside_gaps(tmp_path):
    big = 2**60 + 1
    rows = [{**ROW, "date": 2021, "number": big, "id": 1}, {**ROW, "id": 2}]
    write(tmp_path, statements_jsonl="\n".join(map(json.dumps, rows)))
    documents = read_corpus(tmp_path).documents
    assert documents["id"].tolist() == ["1", "2"]
    assert documents["date_precision"].tolist() == ["year", "year"]
    assert str(documents["number"][0]) == str(big)


def parquet(path, table):
    pyarrow.parquet.write_table(table, path)
    return path


def test_dates_in_parquet_are_read_and_those_with_a_zone_refused(tmp_path):
    path = tmp_path / "statements.parquet"
    for dates in (pa.array([dt.date(2021, 5, 7)]), pa.array([dt.datetime(2021, 5, 7)], pa.timestamp("ns"))):
        parquet(path, pa.table({**{k: [v] for k, v in ROW.items()}, "date": dates}))
        assert read_corpus(path).documents["date"].tolist() == [pd.Timestamp("2021-05-07")]
    zoned = pa.array([dt.datetime(2021, 5, 7)], pa.timestamp("us", "Asia/Shanghai"))
    parquet(path, pa.table({**{k: [v] for k, v in ROW.items()}, "date": zoned}))
    assert [f[:2] for f in faults(path)] == [(", row 1", "date")]


def test_what_is_no_parquet_is_refused(tmp_path):
    write(tmp_path, statements_parquet=b"PAR1 no")
    assert [f[:2] for f in faults(tmp_path)] == [("statements.parquet", "Parquet")]


def test_lists_and_doubled_columns_in_parquet_are_refused(tmp_path):
    path = parquet(tmp_path / "statements.parquet", pa.table({**{k: [v] for k, v in ROW.items()}, "x": [[1]]}))
    assert faults(path) == [("", "x", "a column of lists or structures")]
    parquet(path, pa.Table.from_arrays([pa.array(["a"])] * 2, names=["id", "id"]))
    assert ("", "columns", "'id' twice") in faults(path)


# ------------------------------------------------------------------ writing and reading back

TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"),
        st.sampled_from("\n\r\t \u2028\x85\ufeff-:#'\"\\|>净e\u0301"),
    ),
    max_size=12,
)
TRICKY = st.sampled_from(
    [
        "no",
        "1e3",
        "~",
        "#",
        "'",
        '"',
        "---",
        "...",
        "a: b",
        "- a",
        "<<",
        "null",
        "0x1F",
        "2021-01-01",
        "=",
        "!!int 5",
        "&a",
    ]
)
VALUE = st.one_of(TEXT, TRICKY, st.booleans(), st.integers(), st.floats(), st.none(), st.dates(), st.just(pd.NaT))
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "date": st.sampled_from(["2021-05-07", "2021-05", "2021", "0987", "2021-05-07T10:30:00"]),
            "language": st.sampled_from(["zh", "en"]),
            "text": st.one_of(TEXT, st.tuples(TRICKY, TEXT).map("\n".join)).filter(str.strip),
            "title": st.one_of(TEXT, TRICKY),
            "mood": VALUE,
            "no": VALUE,
        }
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=STATEMENTS)
def test_every_format_gives_the_same_corpus_back(tmp_path, rows):
    corpus = Corpus(pd.DataFrame([{"id": f"d{i}", **row} for i, row in enumerate(rows)], dtype=object), "c")
    for kind in FORMATS:
        again = read_corpus(write_corpus(corpus, tmp_path / kind, format=kind, overwrite=True))
        assert again.documents["text"].tolist() == corpus.documents["text"].tolist(), kind
        assert again.documents["date_precision"].tolist() == corpus.documents["date_precision"].tolist(), kind
        assert again.documents["characters"].tolist() == corpus.documents["characters"].tolist(), kind
        assert again.documents["title"].tolist() == corpus.documents["title"].tolist(), kind
        assert again.digest == corpus.digest, kind


@pytest.mark.parametrize("kind", FORMATS)
def test_mixed_kinds_in_one_column_survive(tmp_path, kind):
    corpus = small(mixed=[1, "a"], lists=[[1], None], big=[2**70, 1.5], when=[pd.Timestamp("2021"), None])
    assert read_corpus(write_corpus(corpus, tmp_path / "c", format=kind)).digest == corpus.digest


ABOUT = {
    "title": 'a "quoted" \\ title\n\x7f\x00',
    "constructed": True,
    "version": 2,
    "share": 0.5,
    "made": dt.date(2026, 11, 1),
    "authors": ["甲", "乙"],
    "funding": {"by whom?": "nobody", "amount": 0},
    "a key with spaces": "x",
}


def test_what_a_corpus_says_about_itself_survives(tmp_path):
    corpus = Corpus(small().documents, "名 = 1", ABOUT | {"name": "another", "nothing": None})
    again = read_corpus(write_corpus(corpus, tmp_path / "c"))
    assert again.name == "名 = 1"
    assert dict(again.about) == {"name": "名 = 1", **ABOUT}
    assert again.constructed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(about=st.dictionaries(TEXT, st.one_of(TEXT, st.booleans(), st.integers(-(2**62), 2**62)), max_size=3))
def test_any_text_about_a_corpus_survives(tmp_path, about):
    about = {k: v for k, v in about.items() if k not in ("constructed", "excerpt")}
    again = read_corpus(write_corpus(Corpus(small().documents, "c", about), tmp_path / "c", overwrite=True))
    assert dict(again.about) == about | {"name": "c"}


@pytest.mark.parametrize("kind", FORMATS)
def test_translations_without_their_originals_can_be_kept(tmp_path, kind):
    corpus = small(translation_of=["", "a"])
    english = corpus.select(language="en")
    again = read_corpus(write_corpus(english, tmp_path / "en", format=kind))
    assert again.digest == english.digest
    assert again.about["excerpt"] is True
    assert "excerpt" not in read_corpus(write_corpus(corpus, tmp_path / "both", format=kind)).about


def test_markdown_is_for_people_to_read(tmp_path):
    write_corpus(small(title=["净化", ""]).select(language="zh"), tmp_path / "c")
    assert (tmp_path / "c" / "statements" / "a.md").read_text() == (
        "---\nid: a\ndate: 2021-05-07\nlanguage: zh\ntitle: 净化\n---\n一\n"
    )


def test_csv_has_one_row_a_statement(tmp_path):
    write_corpus(small(title=["净化", ""]), tmp_path / "c", format="csv")
    with open(tmp_path / "c" / "statements.csv", encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["id", "date", "language", "title", "text"],
            ["a", "2021-05-07", "zh", "净化", "一"],
            ["b", "2021", "en", "", "two"],
        ]


@pytest.mark.parametrize("kind", ["md", "csv", "jsonl"])
def test_writing_twice_gives_the_same_bytes(tmp_path, kind):
    paths = [write_corpus(small(), tmp_path / name, format=kind) for name in "ab"]
    first, second = (
        {str(p.relative_to(f)): p.read_bytes() for p in sorted(f.rglob("*")) if p.is_file()} for f in paths
    )
    assert first == second


def test_another_format_is_refused(tmp_path):
    with pytest.raises(InputError, match="'xlsx'; accepted: md, csv, jsonl, parquet"):
        write_corpus(small(), tmp_path / "c", format="xlsx")
    assert names(tmp_path) == []


def test_a_corpus_that_is_there_is_not_replaced_unasked(tmp_path):
    write_corpus(small(), tmp_path / "c")
    with pytest.raises(TifaError, match="overwrite=True"):
        write_corpus(small(title=["x", "y"]), tmp_path / "c")
    assert read_corpus(tmp_path / "c").digest == small().digest


def test_a_folder_that_is_no_corpus_is_never_replaced(tmp_path):
    (tmp_path / "thesis.doc").write_text("ten years of work")
    for target in (tmp_path, tmp_path / "thesis.doc"):
        with pytest.raises(TifaError, match="left alone"):
            write_corpus(small(), target, overwrite=True)
    assert (tmp_path / "thesis.doc").read_text() == "ten years of work"


def test_replacing_a_corpus_keeps_what_else_lies_there(tmp_path):
    target = write_corpus(small(), tmp_path / "c", format="csv")
    write(target, notes__n_txt="mine", statements_xlsx="hers", README_md="read me")
    write_corpus(small(title=["x", "y"]), target, format="md", overwrite=True)
    assert sorted(p.name for p in target.iterdir()) == [
        "README.md",
        "corpus.toml",
        "notes",
        "statements",
        "statements.xlsx",
    ]
    assert (target / "notes" / "n.txt").read_text() == "mine"
    assert (target / "statements.xlsx").read_text() == "hers"
    assert read_corpus(target).documents["title"].tolist() == ["x", "y"]
    assert names(tmp_path) == ["c"]


def test_a_linked_folder_is_replaced_behind_its_link(tmp_path):
    write_corpus(small(), tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    write_corpus(small(title=["x", "y"]), tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert read_corpus(tmp_path / "real").documents["title"].tolist() == ["x", "y"]
    assert names(tmp_path) == ["link", "real"]


@pytest.mark.parametrize("failing", ["with_front_matter", "toml_text", "_written_rows"])
def test_a_failing_write_leaves_the_old_corpus_whole(tmp_path, monkeypatch, failing):
    target = write_corpus(small(), tmp_path / "c")
    write(target, notes_txt="mine")

    def fail(*args):
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(f"analysis.corpus_files.{failing}", fail)
    with pytest.raises(RuntimeError, match="disk on fire"):
        write_corpus(small(title=["x", "y"]), target, overwrite=True)
    assert read_corpus(target).digest == small().digest
    assert (target / "notes.txt").read_text() == "mine"
    assert names(tmp_path) == ["c"]


@pytest.mark.parametrize("step", [1, 2])
def test_a_failing_exchange_leaves_the_old_corpus_whole(tmp_path, monkeypatch, step):
    target = write_corpus(small(), tmp_path / "c")
    write(target, notes_txt="mine")
    replace, steps = Path.replace, []

    def fail(self, other):
        steps.append(other)
        if len(steps) == step:
            raise OSError("no")
        return replace(self, other)

    # A system that cannot exchange two folders in one step renames twice.
    monkeypatch.setattr("analysis.files.exchange", lambda *_: False)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no"):
        write_corpus(small(title=["x", "y"]), target, overwrite=True)
    monkeypatch.undo()
    assert read_corpus(target).digest == small().digest
    assert (target / "notes.txt").read_text() == "mine"
    assert names(tmp_path) == ["c"]


def test_a_killed_write_leaves_the_old_corpus_whole(tmp_path):
    target = write_corpus(small(), tmp_path / "c")
    write(target, notes_txt="mine")
    (tmp_path / "other.pickle").write_bytes(pickle.dumps(small(title=["x", "y"])))
    script = (
        "import os, pickle, sys\n"
        "from pathlib import Path\n"
        "from analysis import corpus_files\n"
        "plain = corpus_files.with_front_matter\n"
        "corpus_files.with_front_matter = lambda row: plain(row) if row['id'] == 'a' else os._exit(9)\n"
        "corpus = pickle.loads(Path(sys.argv[2]).read_bytes())\n"
        "corpus_files.write_corpus(corpus, sys.argv[1], overwrite=True)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(target), str(tmp_path / "other.pickle")], cwd=ROOT, check=False, timeout=60
    )
    assert ended.returncode == 9
    assert read_corpus(target).digest == small().digest
    assert (target / "notes.txt").read_text() == "mine"
    assert [n for n in names(tmp_path) if not n.startswith(".")] == ["c", "other.pickle"]


def test_nothing_is_written_outside_the_folder(tmp_path):
    for identifier in ("../x", "/x", "a/../../x", "a\0b", ".."):
        with pytest.raises(InputError):
            small(id=["a", identifier])
    inside = tmp_path / "inside"
    write_corpus(small(id=["a..b", "%2e%2e%2fx"]), inside)
    assert names(tmp_path) == ["inside"]
    assert names(inside / "statements") == ["%2e%2e%2fx.md", "a..b.md"]


def test_the_demo_corpus_is_the_same_in_every_format(tmp_path):
    demo = read_corpus(ROOT / "corpus" / "demo")
    for kind in ("csv", "jsonl", "parquet"):
        again = read_corpus(write_corpus(demo, tmp_path / kind, format=kind))
        assert again.digest == demo.digest
        assert again.constructed
