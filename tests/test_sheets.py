import datetime as dt

import openpyxl
import pytest

from analysis.errors import InputError
from analysis.sheets import read_sheet


def test_csv_rows_keep_their_numbers_and_blank_ones_are_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("日期,正文\n\n2021,净化\n,\n2022,未成年人\n".encode("gb18030"))
    assert read_sheet(path) == ([(3, {"日期": "2021", "正文": "净化"}), (5, {"日期": "2022", "正文": "未成年人"})], [])


def test_excel_dates_are_no_more_exact_than_they_are_shown(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["date", "text"])
    for shown_as in ("yyyy-mm-dd", "mmm-yy", "yyyy"):
        book.active.append([dt.date(2021, 5, 1), "净化"])
        book.active.cell(book.active.max_row, 1).number_format = shown_as
    book.create_sheet("more").append(["x"])
    book.save(tmp_path / "a.xlsx")
    rows, unread = read_sheet(tmp_path / "a.xlsx")
    assert [row["date"] for _, row in rows] == ["2021-05-01", "2021-05", "2021"]
    assert unread == ["more"]


@pytest.mark.parametrize(
    ("content", "words"),
    [("a,a\n1,2\n", "'a' twice"), ("a\n1,2\n", "2 values; accepted: at most 1"), ('a\n"1\n', "quoted with")],
)
def test_faulty_sheets_are_named(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_sheet(path)


def test_a_workbook_that_is_none_is_named(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(InputError, match="a readable .xlsx workbook"):
        read_sheet(tmp_path / "a.xlsx")
