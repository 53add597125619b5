"""Dates no more exact than they were written, read strictly or found in running text."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pandas as pd

__all__ = ["find_date", "parse_date", "written_date"]

_DATE = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,6})?)(Z|[+-]\d{2}:?\d{2})?)?)?)?"
)
_ACCEPTED_DATE = "YYYY, YYYY-MM or YYYY-MM-DD, a day that exists, without a time zone"
_CHINESE_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_MONTHS = {
    m: i
    for i, m in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
}
_MONTH = "|".join(_MONTHS) + "|" + "|".join(m[:3] for m in _MONTHS) + "|sept"
_DATES = (
    (re.compile(r"(?<!\d)((?:19|20)\d\d)[-./_ ](\d{1,2})[-./_ ](\d{1,2})(?!\d)"), (1, 2, 3)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)"), (1, 2, 3)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]"), (1, 2, 3)),
    (re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\.?,? ((?:19|20)\d\d)\b", re.I | re.A), (3, 2, 1)),
    (re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? ((?:19|20)\d\d)\b", re.I | re.A), (3, 1, 2)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)\s*年\s*(\d{1,2})\s*月"), (1, 2)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)[-./_](\d\d)(?![-./_\d])"), (1, 2)),
    (re.compile(rf"\b({_MONTH})\.? ((?:19|20)\d\d)\b", re.I | re.A), (2, 1)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)"), (1,)),
)
_ZONED = re.compile(r"[T ]\d{1,2}:\d{2}[\d:.]*\s*(?:[+-]\d{2}(?::?\d{2})?|Z|UTC|GMT)\s*$")
_CHINESE_DATE = re.compile(
    r"[〇○零一二三四五六七八九]{4}年(?:(?:十[一二]?|[一二三四五六七八九])月(?:(?:二十|三十|十)?[一二三四五六七八九]?[日号])?)?"
)


def parse_date(value: Any) -> tuple[dt.datetime, str]:
    """A date and its precision (day, month or year), read from what was written.

    Raises ``ValueError`` with what is accepted, for anything that is not a day,
    month or year that exists, and for any date with a time zone or offset.

    >>> parse_date("2021-05")
    (datetime.datetime(2021, 5, 1, 0, 0), 'month')
    """
    if isinstance(value, pd.Timestamp | dt.datetime):
        if pd.isna(value) or value.tzinfo is not None:
            raise ValueError(_ACCEPTED_DATE)
        return (value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value), "day"
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day), "day"
    match = _DATE.fullmatch(str(value).strip()) if value is not None else None
    if match is None or match[5]:
        raise ValueError(_ACCEPTED_DATE)
    precision = "day" if match[3] else "month" if match[2] else "year"
    try:
        day = dt.datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1))
        if match[4]:
            day = dt.datetime.combine(day, dt.time.fromisoformat(match[4]))
    except ValueError as error:
        raise ValueError(f"{_ACCEPTED_DATE} ({error})") from None
    return day, precision


def written_date(date: pd.Timestamp, precision: str) -> str:
    """A date as it is written: no more exact than it is known."""
    written: str = date.isoformat()  # not strftime, which leaves out the zeros of the year 0987
    if precision != "day":
        return written[:7] if precision == "month" else written[:4]
    return written.removesuffix("T00:00:00")


def find_date(value: str, *, search: bool = False) -> str:
    """The date in ``value`` as YYYY, YYYY-MM or YYYY-MM-DD, or nothing.

    ``value`` begins with the date or, with ``search``, holds it anywhere. A day or
    month that does not exist gives nothing, not its year; so does a time with a zone.

    >>> find_date("二〇二一年五月七日"), find_date("7 May 2021"), find_date("2021-02-30")
    ('2021-05-07', '2021-05-07', '')
    """
    value = _CHINESE_DATE.sub(_arabic, value).strip()
    try:
        moment, precision = parse_date(value)
        return moment.isoformat()[: {"day": 10, "month": 7, "year": 4}[precision]]
    except ValueError:
        pass
    if _ZONED.search(value):
        return ""
    if not search:
        value = re.sub(r"^(\d{4})[-./](\d)$", r"\1-0\2", value)  # 2021-5, where it can only be a month
    wrong: list[tuple[int, int]] = []
    for pattern, order in _DATES:
        for match in pattern.finditer(value):
            if (match.start() and not search) or any(a < match.end() and match.start() < b for a, b in wrong):
                continue
            numbers = [int(p) if p.isdecimal() else _month(p) for p in (match[i] for i in order)]
            written = "-".join(f"{n:02d}" for n in numbers)
            try:
                parse_date(written)
            except ValueError:
                wrong.append(match.span())
                continue
            return written
    return ""


def _month(name: str) -> int:
    return next(n for m, n in _MONTHS.items() if m[:3] == name.lower()[:3])


def _arabic(match: re.Match[str]) -> str:
    """二〇二一年五月七日 → 2021年5月7日."""

    def number(text: str) -> str:
        if "十" in text:
            tens, _, ones = text.partition("十")
            return str(
                (int(tens.translate(_CHINESE_DIGITS)) if tens else 1) * 10
                + (int(ones.translate(_CHINESE_DIGITS)) if ones else 0)
            )
        return text.translate(_CHINESE_DIGITS)

    return "".join(
        number(p) if re.fullmatch(r"[〇○零一二三四五六七八九十]+", p) else p
        for p in re.split(r"([年月日号])", match.group())
    )
