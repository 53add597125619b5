import codecs
import datetime as dt
import os
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.corpus_files import read_corpus, write_corpus
from analysis.errors import InputError, TifaError
from analysis.ingest import ingest

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
TEXT = "云泽省举行新闻发布会\n净化网络环境，保护未成年人。"
DAMAGED = (TEXT * 3).encode().decode("gb18030", "ignore")

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/samples is not here")


@pytest.fixture
def folder(tmp_path):
    """A folder of one good statement; called with more files, it holds these too."""

    def make(files=None, good=True):
        place = tmp_path / "hers"
        for name, content in {**({"2021-05-07.txt": TEXT} if good else {}), **(files or {})}.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place

    return make


def workbook(path, *rows, **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, more in sheets.items():
        sheet = book.create_sheet(title)
        for row in more:
            sheet.append(row)
    book.save(path)
    return path


def problems(result):
    return dict(zip(result.set_aside["source"], result.set_aside["problem"], strict=True))


def one(result):
    assert problems(result) == {}
    return result.corpus.documents.iloc[0]


# ------------------------------------------------------------------ what is no material


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TifaError, match="There is no .*gone"):
        ingest(tmp_path / "gone")


def test_another_language_is_refused(folder):
    with pytest.raises(InputError, match="received 'fr'; accepted: zh or en"):
        ingest(folder(), language="fr")


@pytest.mark.parametrize(
    ("files", "received"),
    [({}, "nothing"), ({"a.pdf": "x", "b.docx": "x"}, ".docx, .pdf"), ({".hidden.txt": "x"}, "nothing")],
)
def test_a_folder_without_texts_is_refused(folder, files, received):
    place = folder(files, good=False)
    place.mkdir(exist_ok=True)
    with pytest.raises(InputError) as caught:
        ingest(place)
    assert caught.value.faults[0].received == received


def test_another_kind_of_file_is_refused(folder):
    with pytest.raises(InputError, match=r"a \.pdf file; accepted: a folder, or"):
        ingest(folder({"a.pdf": "x"}) / "a.pdf")


# ------------------------------------------------------------------ encodings


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("gb18030"), "gb18030"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.replace("\n", "\r\n").encode(), "utf-8"),
        (TEXT.replace("\n", "\r").encode(), "utf-8"),
        (f"\n\n{TEXT}\n".encode(), "utf-8"),
    ],
)
def test_every_encoding_gives_the_same_text(folder, data, encoding):
    result = ingest(folder({"2021-05-07.txt": data}))
    assert one(result)["text"] == TEXT
    assert result.report["encoding"].tolist() == [encoding]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff\x00\xff", "neither UTF-8, UTF-16 nor GB18030 (byte 0)"),
        (b"plain\xff", "neither UTF-8, UTF-16 nor GB18030 (byte 5)"),
        (TEXT.encode("utf-16")[:-1], "neither UTF-8, UTF-16 nor GB18030"),
        ("Plain words.".encode("utf-16-le"), "NUL characters"),
        (DAMAGED, "damaged characters at 0"),
        ("净化\ufffd网络", "damaged characters at 2"),
        ("", "no text"),
        (" \n\u3000\n", "no text"),
        ("\ufeff", "no text"),
    ],
)
def test_what_cannot_be_read_is_set_aside_with_its_reason(folder, data, problem):
    result = ingest(folder({"2021-05-08.txt": data}))
    assert list(problems(result)) == ["2021-05-08.txt"]
    assert problems(result)["2021-05-08.txt"].startswith(problem)
    assert len(result.corpus) == 1


def test_a_text_over_ten_megabytes_is_set_aside_unless_allowed(folder):
    place = folder({"2021-05-08.txt": "净" * 3_333_334})
    assert problems(ingest(place)) == {"2021-05-08.txt": "10.0 MB, more than 10 MB (--max-megabytes raises the limit)"}
    assert len(ingest(place, max_megabytes=11).corpus) == 2


# ------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("name", "text", "date", "precision", "origin"),
    [
        ("2021-05-07 Press conference.txt", "Some words.", "2021-05-07", "day", "file name"),
        ("report_20210507.txt", "Some words.", "2021-05-07", "day", "file name"),
        ("2021年5月公报.txt", "公报。", "2021-05-01", "month", "file name"),
        ("报告二〇二一年.txt", "报告。", "2021-01-01", "year", "file name"),
        ("a.txt", "Notice\n7 May 2021\nSome words.", "2021-05-07", "day", "first lines"),
        ("a.txt", "公告\n二〇二一年五月七日\n正文。", "2021-05-07", "day", "first lines"),
        ("a.txt", "公告\n发布时间：2021 年 5 月 7 日\n正文。", "2021-05-07", "day", "first lines"),
        ("a.txt", "2021年政府工作报告\n正文。", "2021-01-01", "year", "first lines"),
        ("a.txt", "May 2021 bulletin\nSome words.", "2021-05-01", "month", "first lines"),
        ("a.txt", "一\n二\n三\n四\n于2021年5月7日召开新闻发布会，通报了有关情况。", "2021-05-07", "day", "first lines"),
        ("2020-01-01.txt", "公告\n2021-05-07\n正文。", "2020-01-01", "day", "file name"),
    ],
)
def test_a_date_is_found_in_the_name_or_the_first_lines(folder, name, text, date, precision, origin):
    result = ingest(folder({name: text}, good=False))
    row = one(result)
    assert (row["date"], row["date_precision"]) == (pd.Timestamp(date), precision)
    assert result.report["date_from"].tolist() == [origin]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "Some words of May 7th."),
        ("a.txt", "一\n二\n三\n四\n五\n2021年5月7日"),
        ("2021-02-30.txt", "No such day."),
        ("a.txt", "At the meeting, a reporter asked: In November 2020, what was done?"),
        ("a.txt", "2019年以来，全国公安机关坚决贯彻落实中央决策部署，深入推进各项工作，取得了明显的成效。"),
        ("a.txt", "10:00 " + "x" * 300 + " 2021-05-07"),
    ],
)
def test_a_date_is_never_invented(folder, name, text):
    result = ingest(folder({name: text}, good=False))
    assert result.corpus is None
    assert problems(result)[name].startswith("no date in a sheet, front matter, the file name or the first five lines")


@pytest.mark.parametrize(
    "date", ["soon", "2021-02-30", "5/7/2021", "2021-05-07T10:00:00Z", "2021-05-07 10:00:00+08:00", "44323"]
)
def test_a_stated_date_that_is_none_is_not_replaced_by_another(folder, date):
    result = ingest(folder({"2020-01-01.md": f"---\ndate: '{date}'\n---\n正文。"}, good=False))
    assert problems(result) == {"2020-01-01.md": f"a date that is none: {date}"}


# ------------------------------------------------------------------ title, language, id


@pytest.mark.parametrize(
    ("text", "title", "origin"),
    [
        (TEXT, "云泽省举行新闻发布会", "first line"),
        ("# A heading\n\nSome words.", "A heading", "first line"),
        ("Only one line", "2021-05-07", "file name"),
        ("这一行是正文。\n第二行。", "2021-05-07", "file name"),
        ("x" * 121 + "\nSome words.", "2021-05-07", "file name"),
    ],
)
def test_the_title_is_the_first_short_line_or_the_file_name(folder, text, title, origin):
    result = ingest(folder({"2021-05-07.txt": text}))
    assert (one(result)["title"], result.report["title_from"][0]) == (title, origin)
    assert one(result)["text"] == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (TEXT, "zh"),
        ("Some words.", "en"),
        ("The word 净化 alone.", "en"),
        ("他说 OK，净化网络。", "zh"),
        ("12345", "en"),
    ],
)
def test_the_language_is_told_from_the_letters(folder, text, language):
    assert one(ingest(folder({"2021-05-07.txt": text})))["language"] == language


def test_the_language_asked_for_comes_first(folder):
    assert one(ingest(folder(), language="en"))["language"] == "en"


@pytest.mark.parametrize(("stated", "language"), [("English", "en"), ("中文", "zh"), ("ZH-CN", "zh"), ("en", "en")])
def test_a_stated_language_is_understood(folder, stated, language):
    assert (
        one(ingest(folder({"a.md": f"---\ndate: 2021\nlanguage: {stated}\n---\n一"}, good=False)))["language"]
        == language
    )


def test_an_unknown_language_is_set_aside(folder):
    result = ingest(folder({"a.md": "---\ndate: 2021\nlanguage: fr\n---\nDes mots."}))
    assert problems(result) == {"a.md": "language 'fr'; zh and en are read"}


def test_same_names_in_subfolders_get_ids_of_their_own(folder):
    result = ingest(folder({"a/x.txt": "2021\n一", "b/x.txt": "2021\n二", "b/X.md": "2021\n三"}, good=False))
    assert (
        sorted(result.corpus.documents["id"]) == ["X-2", "x", "x-3"]
        or len({i.lower() for i in result.corpus.documents["id"]}) == 3
    )
    assert dict(zip(result.report["source"], result.corpus.documents["text"], strict=True)) == {
        "a/x.txt": "2021\n一",
        "b/X.md": "2021\n三",
        "b/x.txt": "2021\n二",
    }


@pytest.mark.parametrize(
    ("stated", "identifier"),
    [
        ("../../x", "x"),
        ("/etc/passwd", "etc-passwd"),
        ("a b\tc", "a-b-c"),
        ("..", "statement"),
        ("~/.ssh", "ssh"),
        ("a\\b*c?", "a-b-c"),
        ("e\u0301", "é"),
        ("号" * 100, "号" * 40),
    ],
)
def test_an_id_is_made_safe(folder, tmp_path, stated, identifier):
    result = ingest(folder({"a.md": f"---\nid: '{stated}'\ndate: 2021\n---\n一"}, good=False))
    assert one(result)["id"] == identifier
    write_corpus(result.corpus, tmp_path / "out" / "c")
    assert os.listdir(tmp_path / "out" / "c" / "statements") == [f"{identifier}.md"]
    assert sorted(os.listdir(tmp_path)) == ["hers", "out"]


def test_composed_and_decomposed_names_get_ids_of_their_own(folder):
    result = ingest(
        folder({"a.md": "---\nid: é\ndate: 2021\n---\n一", "b.md": "---\nid: e\u0301\ndate: 2021\n---\n二"}, good=False)
    )
    assert result.corpus.documents["id"].tolist() == ["é", "é-2"]


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="file names here must be Unicode")
def test_a_file_name_in_an_old_encoding_is_read(folder):
    place = folder(good=False)
    place.mkdir()
    (place / os.fsdecode("2021年发布会.txt".encode("gb18030"))).write_text(TEXT)
    (place / os.fsdecode(b"2021\xff.txt")).write_text(TEXT)
    result = ingest(place)
    assert problems(result) == {}
    assert "2021年发布会.txt" in result.report["source"].tolist()
    assert "2021年发布会" in result.corpus.documents["id"].tolist()
    assert result.report.to_csv().encode()


def test_a_statement_may_be_one_file(folder):
    assert one(ingest(folder() / "2021-05-07.txt"))["text"] == TEXT


# ------------------------------------------------------------------ front matter


def test_front_matter_is_taken_over(folder):
    head = "---\nid: own\ndate: 2021-05\ntitle: 题\nissuer: 局\nspeaker: 人\nurl: http://x\nmood: calm\n---\n"
    row = one(ingest(folder({"2020-01-01.md": head + TEXT}, good=False)))
    assert row[["id", "date_precision", "title", "issuer", "speaker", "url", "mood", "text"]].tolist() == [
        "own",
        "month",
        "题",
        "局",
        "人",
        "http://x",
        "calm",
        TEXT,
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\ndate: 2021\n一", "not closed"),
        ("---\ndate: [2021]\n---\n一", "not one text"),
        ("---\ndate: 2021\ndate: 2022\n---\n一", "stands twice"),
        ("---\nid: !!python/object/apply:os.system ['exit 1']\n---\n一", "not plain YAML"),
        ("---\ndate: 2021\n---\n", "no text"),
        ("---\ndate: 2021\ntext: 一\n---\n二", "a text both in the front matter and below it"),
    ],
)
def test_faulty_front_matter_is_set_aside(folder, text, problem):
    assert problem in problems(ingest(folder({"a.md": text})))["a.md"]


def test_statements_that_were_written_are_read_again(folder, tmp_path):
    first = ingest(folder({"2021-05-08.txt": "一\n二", "2021-05-09.txt": "One\ntwo"})).corpus
    again = ingest(write_corpus(first, tmp_path / "c") / "statements").corpus
    assert again.digest == first.digest


def test_a_text_inside_the_front_matter_is_read(folder):
    assert one(ingest(folder({"a.md": '---\ndate: 2021\ntext: "\\n一"\n---\n'}, good=False)))["text"] == "一"


def test_translations_follow_ids_that_were_changed(folder, tmp_path):
    files = {
        "a.md": "---\nid: no 1\ndate: 2021\n---\n一",
        "b.md": "---\nid: no 2\ndate: 2021\ntranslation_of: no 1\n---\nOne.",
    }
    corpus = ingest(folder(files, good=False)).corpus
    assert corpus.documents["translation_of"].tolist() == ["", "no-1"]
    assert read_corpus(write_corpus(corpus, tmp_path / "c")).digest == corpus.digest


def test_translations_of_nothing_here_are_set_aside(folder):
    files = {
        "a.md": "---\nid: a\ndate: soon\n---\n一",
        "b.md": "---\nid: b\ndate: 2021\ntranslation_of: a\n---\nOne.",
        "c.md": "---\nid: c\ndate: 2021\ntranslation_of: b\n---\nOne again.",
        "d.md": "---\nid: d\ndate: 2021\ntranslation_of: d\n---\nTwo.",
    }
    result = ingest(folder(files))
    assert list(problems(result)) == ["a.md", "b.md", "c.md", "d.md"]
    assert problems(result)["c.md"] == "translation_of names 'b', which is no other statement here"
    assert len(result.corpus) == 1


# ------------------------------------------------------------------ a sheet among the files


def test_a_sheet_among_the_files_says_more_than_they_do(folder):
    place = folder(
        {
            "2020-01-01.md": "---\ntitle: theirs\nissuer: 局\n---\n一",
            "list.csv": "文件名,发布日期,标题,mood\n2020-01-01.md,2021-05-07,hers,calm\n",
        },
        good=False,
    )
    result = ingest(place)
    row = one(result)
    assert row[["title", "issuer", "mood"]].tolist() == ["hers", "局", "calm"]
    assert (row["date"], result.report["date_from"][0]) == (pd.Timestamp("2021-05-07"), "list.csv")


@pytest.mark.parametrize("named", ["x.txt", "x", "X.TXT", "./x.txt", "C:\\docs\\x.txt", "/home/her/x.txt"])
def test_a_sheet_may_name_a_file_in_many_ways(folder, named):
    place = folder({"x.txt": TEXT, "list.tsv": f"file\tdate\n{named}\t2021-05-07\n"}, good=False)
    assert one(ingest(place))["date"] == pd.Timestamp("2021-05-07")


def test_files_of_one_name_are_told_apart_by_their_folder(folder):
    place = folder(
        {"a/x.txt": "一", "b/x.txt": "二", "list.csv": "file,date\na/x.txt,2021-05-07\nb\\x.txt,2021-05-08\n"},
        good=False,
    )
    result = ingest(place)
    assert problems(result) == {}
    assert dict(zip(result.corpus.documents["text"], result.corpus.documents["date"].dt.day, strict=True)) == {
        "一": 7,
        "二": 8,
    }


def test_rows_of_a_sheet_that_fit_no_file_are_listed(folder):
    place = folder(
        {
            "a/x.txt": "2021\n一",
            "b/x.txt": "2021\n二",
            "list.csv": "file,date\n2021-05-07.txt,2021-05-07\n2021-05-07.txt,2021-05-08\ngone.txt,2021\n,2022\nx.txt,2020\n",
            "other.csv": "id,text\n1,words\n",
            "empty.csv": "file,date\n",
        }
    )
    assert problems(ingest(place)) == {
        "list.csv, row 3: 2021-05-07.txt": "the sheet names this file a second time",
        "list.csv, row 4: gone.txt": "the sheet names a file that is not in the folder",
        "list.csv, row 5: ": "the sheet names no file here",
        "list.csv, row 6: x.txt": "the sheet names 'x.txt', which is 2 files; give the folder too",
        "other.csv": "no column `file`: it does not say which file it is about; give its own path to read it alone",
        "empty.csv": "a sheet without rows",
    }


def test_other_files_are_listed_and_hidden_ones_are_not(folder):
    place = folder({"a.pdf": "x", "b": "x", "~$list.xlsx": "x", ".DS_Store": "x", ".git/x.txt": "x"})
    assert problems(ingest(place)) == {
        "a.pdf": "a .pdf file; .txt and .md are read",
        "b": "a nameless file; .txt and .md are read",
        "~$list.xlsx": "a .xlsx file; .txt and .md are read",
    }


def test_an_excel_sheet_among_the_files_is_read(folder):
    place = folder({"x.txt": TEXT}, good=False)
    workbook(place / "list.xlsx", ["文件", "日期"], ["x.txt", dt.datetime(2021, 5, 7)])
    assert one(ingest(place))["date"] == pd.Timestamp("2021-05-07")


# ------------------------------------------------------------------ one sheet


def sheet(tmp_path, content, name="list.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


CHINESE = (
    "编号,发布日期,标题,发文机关,正文,备注\n甲1,2021年5月7日,题,局,净化网络。,x\n甲2,2021-05,,局,保护未成年人。,\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_columns_are_understood(tmp_path, encoding):
    documents = ingest(sheet(tmp_path, CHINESE.encode(encoding))).corpus.documents
    assert documents[["id", "date_precision", "title", "issuer", "text", "备注"]].to_numpy().tolist() == [
        ["甲1", "day", "题", "局", "净化网络。", "x"],
        ["甲2", "month", "", "局", "保护未成年人。", ""],
    ]


def test_the_number_of_a_row_is_never_its_date(tmp_path):
    result = ingest(sheet(tmp_path, "text\n" + "Some words.\n" * 2030, "minutes-2021.csv"))
    assert result.corpus is None
    assert len(result.set_aside) == 2030


def test_a_stated_source_is_kept_and_another_is_the_file(tmp_path):
    result = ingest(sheet(tmp_path, "date,text,来源\n2021,一,新华社\n2021,二,\n"))
    assert result.corpus.documents["source"].tolist() == ["新华社", "list.csv, row 3"]
    assert result.report["source"].tolist() == ["list.csv, row 2", "list.csv, row 3"]


def test_rows_are_numbered_as_she_sees_them(tmp_path):
    result = ingest(sheet(tmp_path, 'date,text\n2021,一\n\n ,\nsoon,"二"\n2021,\n'))
    assert problems(result) == {"list.csv, row 5": "a date that is none: soon", "list.csv, row 6": "no text"}
    assert result.corpus.documents["id"].tolist() == ["list-2"]


def test_of_two_dates_the_better_named_is_taken_and_the_other_kept(tmp_path):
    row = one(ingest(sheet(tmp_path, "时间,发布日期,text\n10:00,2021-05-07,一\n")))
    assert (row["date"], row["时间"]) == (pd.Timestamp("2021-05-07"), "10:00")


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ("日期,标题\n2021,题\n", "日期, 标题"),
        ("", "none"),
        ("text,text,date\n一,二,2021\n", "'text' twice"),
        ("text,date\n一,2021,x\n", "3 values"),
        ('text,date\n"一,2021\n', "unexpected end of data"),
        (b"text,date\n\xff\xfd\xfc,2021\n", "bytes in an unknown encoding"),
    ],
)
def test_a_faulty_sheet_is_refused(tmp_path, content, received):
    with pytest.raises(InputError) as caught:
        ingest(sheet(tmp_path, content))
    assert [f.received for f in caught.value.faults] == [received]


def test_columns_without_a_name_are_kept(tmp_path):
    row = one(ingest(sheet(tmp_path, "text,date,,\n一,2021,x,y\n")))
    assert row[["column 3", "column 4"]].tolist() == ["x", "y"]


def test_damaged_rows_are_set_aside(tmp_path):
    result = ingest(sheet(tmp_path, f'date,text\n2021,"{DAMAGED}"\n2021,一\n'))
    assert [p.split(" at")[0] for p in problems(result).values()] == ["damaged characters"]
    assert len(result.corpus) == 1


def test_excel_is_read(tmp_path):
    path = workbook(
        tmp_path / "list.xlsx",
        ["日期", "标题", "正文", "序号"],
        [dt.datetime(2021, 5, 7, 10, 30), "题", "净化网络。", 1],
        [None, None, None, None],
        ["2021年5月", None, "保护未成年人。", 2],
        [2020, "数", "二。", 3],
        [44323, "数", "三。", 4],
        [dt.time(10, 30), "时", "四。", 5],
    )
    result = ingest(path)
    assert result.corpus.documents[["id", "title", "text", "date_precision"]].to_numpy().tolist() == [
        ["1", "题", "净化网络。", "day"],
        ["2", "", "保护未成年人。", "month"],
        ["3", "数", "二。", "year"],
    ]
    assert result.corpus.documents["date"][0] == pd.Timestamp("2021-05-07")
    assert problems(result) == {
        "list.xlsx, row 6": "a date that is none: 44323",
        "list.xlsx, row 7": "a date that is none: 10:30:00",
    }


@pytest.mark.parametrize(
    ("shown", "precision"),
    [
        ("yyyy-mm-dd", "day"),
        ("[$-F800]dddd, mmmm dd, yyyy", "day"),
        ('yyyy"年"m"月"d"日"', "day"),
        ("mmm-yy", "month"),
        ('yyyy"年"m"月"', "month"),
        ("[$-804]yyyy/m", "month"),
        ("yyyy", "year"),
        ('yyyy"d"', "year"),
    ],
)
def test_a_date_from_excel_is_no_finer_than_it_is_shown(tmp_path, shown, precision):
    path = workbook(tmp_path / "list.xlsx", ["date", "text"], [dt.datetime(2021, 5, 1), "一"])
    book = openpyxl.load_workbook(path)
    book.active["A2"].number_format = shown
    book.save(path)
    assert one(ingest(path))["date_precision"] == precision


def test_further_sheets_of_a_workbook_are_listed(tmp_path):
    path = workbook(tmp_path / "list.xlsx", ["date", "text"], [2021, "一"], 二=[["date", "text"], [2021, "二"]], 三=[])
    assert problems(ingest(path)) == {"list.xlsx, sheet 二": "only the first sheet is read"}


@pytest.mark.parametrize("data", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_an_unreadable_workbook_is_refused(tmp_path, data):
    with pytest.raises(InputError, match="a readable .xlsx workbook; or save the sheet as CSV"):
        ingest(sheet(tmp_path, data, "list.xlsx"))


def test_a_workbook_broken_inside_is_refused(tmp_path):
    path = workbook(tmp_path / "list.xlsx", ["date", "text"], [2021, "一"])
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(broken, "w") as target:
        for item in source.namelist():
            data = source.read(item)
            target.writestr(item, data[: len(data) // 2] if item.startswith("xl/worksheets/") else data)
    with pytest.raises(InputError, match="a readable .xlsx workbook"):
        ingest(broken)


# ------------------------------------------------------------------ the whole


def test_the_report_has_every_file_and_says_what_was_understood(folder):
    result = ingest(folder({"a.txt": "no date", "b.pdf": "x", "2021-05-08 二.txt": "二，2。"}), "mine")
    assert result.report.columns.tolist() == [
        "source",
        "id",
        "date",
        "date_from",
        "title",
        "title_from",
        "language",
        "encoding",
        "characters",
        "problem",
    ]
    assert sorted(result.report["source"]) == ["2021-05-07.txt", "2021-05-08 二.txt", "a.txt", "b.pdf"]
    good = result.report[result.report["problem"] == ""]
    for column in ("id", "title", "language", "characters"):
        assert good[column].tolist() == result.corpus.documents[column].tolist()
    assert result.corpus.name == "mine"
    assert not result.corpus.constructed
    assert result.corpus.about["provenance"] == "made from hers"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(st.sampled_from("2021-05abX名 _é.~"), min_size=1, max_size=9).map(lambda s: s.strip(". ") or "x"),
        st.one_of(
            st.binary(max_size=30),
            st.text(st.sampled_from("净化2021年5月7日-\n: id\"'"), max_size=30).map(str.encode),
            st.sampled_from(["---\nid: a/b\ndate: 2021\n---\n一", "---\ntranslation_of: a\n---\n2021-05-07\n一"]).map(
                str.encode
            ),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([".txt", ".md"]),
)
def test_no_file_is_lost_whatever_it_holds(tmp_path, files, ending):
    place = tmp_path / "hers"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, data in files.items():
        (place / (name + ending)).write_bytes(data)
    result = ingest(place)
    assert sorted(result.report["source"]) == sorted(name + ending for name in files)
    assert len(result.set_aside) + (len(result.corpus) if result.corpus else 0) == len(files)
    if result.corpus:
        again = read_corpus(write_corpus(result.corpus, tmp_path / "c", overwrite=True))
        assert again.digest == result.corpus.digest


@needs_samples
def test_the_sample_statement_is_read_with_its_date(tmp_path):
    result = ingest(SAMPLES / "statement-2021-05-07.txt")
    row = one(result)
    assert (row["date"], row["language"], row["id"]) == (pd.Timestamp("2021-05-07"), "en", "statement-2021-05-07")
    assert row["text"].startswith("China News Service, May 7th. Zhang Ming")
    assert result.report["date_from"].tolist() == ["file name"]


@needs_samples
def test_the_sample_statement_has_no_date_of_its_own(tmp_path):
    shutil.copyfile(SAMPLES / "statement-2021-05-07.txt", tmp_path / "statement.txt")
    result = ingest(tmp_path / "statement.txt")
    assert problems(result)["statement.txt"].startswith("no date")


@needs_samples
def test_damaged_work_reports_are_set_aside_line_by_line(tmp_path):
    lines = (SAMPLES / "mojibake-work-reports.txt").read_text(encoding="utf-8").split("\n")
    rows = [line.split("\t", 1) for line in lines if line.strip()]
    pd.DataFrame(rows, columns=["date", "text"]).to_csv(tmp_path / "reports.csv", index=False)
    result = ingest(tmp_path / "reports.csv")
    assert result.corpus.documents["date"].dt.year.tolist() == [1954, 1981, 2009, 2012, 2019]
    assert result.set_aside["date"].tolist() == ["1955", "1982", "2007", "2008"]
    assert result.set_aside["problem"].str.startswith("damaged characters at ").all()


@pytest.mark.parametrize(
    "text",
    [
        "到2035年，我省将建成。\n净化。",
        "The 2008 crisis is over\nWe purify.",
        "第2021号文件\n内容。",
        "05/06/2020\nwords",
        "2020-2024\n年报。",
    ],
)
def test_a_year_in_passing_dates_nothing(tmp_path, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert "no date" in ingest(tmp_path).set_aside["problem"].iloc[0]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("In 1949 the republic was founded.\nBeijing, 7 May 2021\nText.", "2021-05-07"),
        ("关于2022年工作要点的通知\n2021年12月3日\n内容。", "2021-12-03"),
        ("二〇二一年六月\n保护未成年人。", "2021-06"),
    ],
)
def test_a_day_in_the_first_lines_beats_a_year_in_passing(tmp_path, text, date):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    report = ingest(tmp_path).report
    assert report["date"].tolist() == [date]
    assert report["title"].tolist() != [date]
