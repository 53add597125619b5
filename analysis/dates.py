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
_CHINESE_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
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
    (re.compile(r"(?<!\d)((?:19|20)\d\d)年(\d{1,2})月(\d{1,2})[日号]"), (1, 2, 3)),
    (re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? ({_MONTH})\.?,? ((?:19|20)\d\d)\b", re.I), (3, 2, 1)),
    (re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? ((?:19|20)\d\d)\b", re.I), (3, 1, 2)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)年(\d{1,2})月"), (1, 2)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)[-./_](\d\d)(?![-./_\d])"), (1, 2)),
    (re.compile(rf"\b({_MONTH})\.? ((?:19|20)\d\d)\b", re.I), (2, 1)),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)(?:年|(?!\d))"), (1,)),
)
_CHINESE_DATE = re.compile(
    r"[〇零一二三四五六七八九]{4}年(?:(?:十[一二]?|[一二三四五六七八九])月(?:(?:二十|三十|十)?[一二三四五六七八九]?[日号])?)?"
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
        return (value.to_pydatetime() if isinstance(value, pd.Timestamp) else value), "day"
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
    if precision != "day":
        return f"{date:%Y-%m}" if precision == "month" else f"{date:%Y}"
    return f"{date:%Y-%m-%d}" if date == date.normalize() else date.isoformat()


def find_date(value: str, *, search: bool = False) -> str:
    """The date in ``value`` as YYYY, YYYY-MM or YYYY-MM-DD, or nothing."""
    value = _CHINESE_DATE.sub(_arabic, value)
    try:
        moment, precision = parse_date(value.strip())
        return {"day": f"{moment:%Y-%m-%d}", "month": f"{moment:%Y-%m}", "year": f"{moment:%Y}"}[precision]
    except ValueError:
        pass
    if re.search(r"[T ]\d{1,2}:\d{2}.*([+-]\d{2}:?\d{2}|Z)\s*$", value):
        return ""
    for pattern, order in _DATES:
        match = (pattern.search if search else pattern.match)(value.strip())
        if match is None:
            continue
        parts = [match[i] for i in order]
        numbers = [
            _MONTHS.get(p.lower()) or next((n for m, n in _MONTHS.items() if m[:3] == p.lower()[:3]), 0)
            if p.isalpha()
            else int(p)
            for p in parts
        ]
        written = "-".join(f"{n:04d}" if i == 0 else f"{n:02d}" for i, n in enumerate(numbers))
        try:
            parse_date(written)
        except ValueError:
            continue
        return written
    return ""


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
        number(p) if re.fullmatch(r"[〇零一二三四五六七八九十]+", p) else p
        for p in re.split(r"([年月日号])", match.group())
    )
