import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.dates import find_date, parse_date, written_date

EAST = dt.timezone(dt.timedelta(hours=8))


@pytest.mark.parametrize(
    ("value", "moment", "precision"),
    [
        ("2021-05-07", dt.datetime(2021, 5, 7), "day"),
        (" 2021-05-07\n", dt.datetime(2021, 5, 7), "day"),
        ("2021-05", dt.datetime(2021, 5, 1), "month"),
        ("2021", dt.datetime(2021, 1, 1), "year"),
        (2021, dt.datetime(2021, 1, 1), "year"),
        ("2020-02-29", dt.datetime(2020, 2, 29), "day"),
        ("2021-05-07 10:30", dt.datetime(2021, 5, 7, 10, 30), "day"),
        ("2021-05-07T10:30:15.25", dt.datetime(2021, 5, 7, 10, 30, 15, 250000), "day"),
        (dt.date(2021, 5, 7), dt.datetime(2021, 5, 7), "day"),
        (dt.datetime(2021, 5, 7, 10), dt.datetime(2021, 5, 7, 10), "day"),
        (pd.Timestamp("2021-05-07"), dt.datetime(2021, 5, 7), "day"),
        (pd.Timestamp("2021-05-07T00:00:00.000000001"), dt.datetime(2021, 5, 7), "day"),
        (np.datetime64("2021-05"), dt.datetime(2021, 5, 1), "month"),
        (pd.Period("2021-05", "M"), dt.datetime(2021, 5, 1), "month"),
    ],
)
def test_a_date_is_as_exact_as_it_was_written(value, moment, precision):
    assert parse_date(value) == (moment, precision)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "soon",
        "nan",
        float("nan"),
        pd.NaT,
        True,
        20210507,
        "20210507",
        "21-05-07",
        "2021-5-7",
        "2021/05/07",
        "07.05.2021",
        "2021-02-29",
        "2021-13",
        "2021-00-01",
        "2021-05-32",
        "0000",
        "2021-05-07 25:00",
        "2021-05-07 10",
        "2021-05-07 noon",
        "-2021",
        "2021-05-07\n2022",
        ["2021"],
    ],
)
def test_what_is_no_date_is_refused_with_what_is_accepted(value):
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        parse_date(value)


@pytest.mark.parametrize(
    "value",
    [
        "2021-05-07T10:00:00Z",
        "2021-05-07T10:00Z",
        "2021-05-07 10:00:00+08:00",
        "2021-05-07T10:00+0800",
        "2021-05-07T10:00:00-00:00",
        "2021-05-07Z",
        "2021-05-07+08:00",
        dt.datetime(2021, 5, 7, tzinfo=EAST),
        pd.Timestamp("2021-05-07", tz="UTC"),
    ],
)
def test_a_zone_is_refused(value):
    with pytest.raises(ValueError, match="without a time zone"):
        parse_date(value)


@pytest.mark.parametrize(
    "written", ["2021-05-07", "2021-05", "2021", "0987-01-02", "0987", "9999", "2021-05-07T10:30:00"]
)
def test_a_date_is_written_as_it_was_read(written):
    moment, precision = parse_date(written)
    assert written_date(pd.Timestamp(moment), precision) == written


@given(st.datetimes(dt.datetime(1, 1, 1)), st.sampled_from(["day", "month", "year"]))
def test_writing_and_reading_never_makes_a_date_finer(moment, precision):
    read, again = parse_date(written_date(pd.Timestamp(moment).as_unit("us"), precision))
    assert again == precision
    assert read.year == moment.year
    assert read == moment or precision != "day"
    assert (read.month, read.day) == {"day": (moment.month, moment.day), "month": (moment.month, 1)}.get(
        precision, (1, 1)
    )


DATES = [
    ("2021-05-07", "2021-05-07"),
    ("2021-05", "2021-05"),
    ("2021", "2021"),
    ("0987", "0987"),
    ("20210507", "2021-05-07"),
    ("2021.5.7", "2021-05-07"),
    ("2021/05/07", "2021-05-07"),
    ("2021_05_07", "2021-05-07"),
    ("2021-05-07 10:30", "2021-05-07"),
    ("2021年5月7日", "2021-05-07"),
    ("2021年05月07日 10:30", "2021-05-07"),
    ("2021 年 5 月 7 日", "2021-05-07"),
    ("2021年5月7号", "2021-05-07"),
    ("2021年5月", "2021-05"),
    ("2021 年", "2021"),
    ("二〇二一年五月七日", "2021-05-07"),
    ("二○二一年五月七日", "2021-05-07"),
    ("二零二一年十二月三十一日", "2021-12-31"),
    ("二〇二〇年十月十日", "2020-10-10"),
    ("一九四九年十月一日", "1949-10-01"),
    ("二〇二一年二月二十日", "2021-02-20"),
    ("二〇二一年五月", "2021-05"),
    ("二〇二一年", "2021"),
    ("7 May 2021", "2021-05-07"),
    ("7th May, 2021", "2021-05-07"),
    ("7th of May 2021", "2021-05-07"),
    ("May 7, 2021", "2021-05-07"),
    ("MAY 7TH 2021", "2021-05-07"),
    ("Sept. 3, 2015", "2015-09-03"),
    ("May 2021", "2021-05"),
]


@pytest.mark.parametrize(("value", "date"), DATES)
def test_a_date_is_found_however_people_write_it(value, date):
    assert find_date(value) == date
    assert find_date(value, search=True) == date


@pytest.mark.parametrize(("value", "date"), [d for d in DATES if d[0] != "0987"])
def test_a_date_is_found_inside_a_line(value, date):
    assert find_date(f"公布（{value}）。", search=True) == date
    assert find_date(f"公布（{value}）。") == ""


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2021-02-30",
        "2021-13",
        "2021-13-01",
        "20210230",
        "2021年13月",
        "2021年2月30日",
        "二〇二一年二月三十日",
        "30 February 2021",
        "May 32, 2021",
        "44323",
        "1234567",
        "120210507",
        "May 7th",
        "5月7日",
        "2021-05-07T10:00:00Z",
        "2021-05-07 10:00:00+08:00",
        "2021-05-07 10:00:00+08",
        "2021-05-07 10:00 UTC",
    ],
)
def test_a_date_is_never_invented(value):
    assert find_date(value) == ""
    assert find_date(value, search=True) == ""


def test_a_day_that_may_be_a_month_is_left_to_its_year():
    assert find_date("5/7/2021") == ""
    assert find_date("5/7/2021", search=True) == "2021"


def test_an_impossible_number_does_not_hide_the_date_after_it():
    assert find_date("No. 20219999 of 2021-05-07", search=True) == "2021-05-07"
    assert find_date("1999-99-99 2021-05-07", search=True) == "2021-05-07"


def test_a_single_digit_is_a_month_only_where_a_date_is_stated():
    assert find_date("2021-5") == "2021-05"
    assert find_date("report 2021-5", search=True) == "2021"


def test_a_clock_before_a_date_is_no_zone():
    assert find_date("10:30 2021-05-07", search=True) == "2021-05-07"


@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)))
def test_every_day_is_found_in_digits_in_chinese_and_in_english(day):
    digits = "〇一二三四五六七八九"

    def number(n):
        tens, ones = divmod(n, 10)
        return ("" if tens == 0 else "十" if tens == 1 else digits[tens] + "十") + (digits[ones] if ones else "")

    year = "".join(digits[int(c)] for c in str(day.year))
    month = dt.date(2000, day.month, 1).strftime("%B")
    for written in (
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{year}年{number(day.month)}月{number(day.day)}日",
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month[:3]} {day.year}",
    ):
        assert find_date(written) == day.isoformat(), written
        assert find_date(f"於{written}。", search=True) == day.isoformat(), written


@given(st.text(st.sampled_from("0123456789-./年月日号 二〇一十五TZ:+MayOct,"), max_size=16), st.booleans())
def test_whatever_is_found_is_a_date(text, search):
    found = find_date(text, search=search)
    if found:
        moment, precision = parse_date(found)
        assert written_date(pd.Timestamp(moment), precision) == found
