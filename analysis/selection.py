"""Which statements are meant: by name, by date, by metadata."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.dates import parse_date
from analysis.errors import Fault, raise_faults, shown

__all__ = ["canonical_value", "condition_rows", "date_extent", "plain_text", "selected_rows"]


def plain_text(value: Any) -> str:
    """A metadata value as text; a whole number that pandas made a float because its column has gaps is one."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if pd.api.types.is_scalar(value) and pd.isna(value) else str(value)


def canonical_value(value: Any) -> str:
    """A metadata value as text, the same for every file format.

    >>> canonical_value(2021.0), canonical_value(True), canonical_value(None)
    ('2021', 'true', '')
    """
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return unicodedata.normalize("NFC", plain_text(value)).strip()


def date_extent(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """First and last moment (of the last day) that each statement's date may mean."""
    first = pd.to_datetime(table["date"])
    last = first.copy()
    for name, offset in (("month", pd.offsets.MonthEnd(0)), ("year", pd.offsets.YearEnd(0))):
        rough = table["date_precision"].astype(str) == name if "date_precision" in table else np.zeros(len(table), bool)
        if rough.any():
            last = last.mask(rough, first + offset)
    return first, last


def selected_rows(
    table: pd.DataFrame,
    where: str,
    selections: Mapping[str, Mapping[str, Any]],
    selection: str | None,
    since: str | None,
    until: str | None,
    columns: Mapping[str, Any],
) -> pd.Series:
    """Which rows of ``table`` are as asked: those of the named ``selection`` that are as the rest says too.

    `analysis.corpus.Corpus.select` says what the arguments mean; ``where``
    names the corpus or counts in messages.
    """
    faults: list[Fault] = []
    keep = pd.Series(True, index=table.index)
    wanted = [(since, until, columns, True)]
    if selection is not None:
        if selection in selections:
            named = dict(selections[selection])
            wanted.append((named.pop("since", None), named.pop("until", None), named, False))
        else:
            names = ", ".join(selections) or "none: its corpus.toml names no selections"
            faults.append(Fault(where, "selection", shown(selection), names))
    for first, last, values, asked in wanted:
        keep &= _with_values(table, where, values, faults, asked)
        keep &= _between_dates(table, where, first, last, faults)
    if not faults and not keep.any():
        faults.append(Fault(where, "selection", "a selection that leaves nothing", "at least one statement"))
    raise_faults("select", faults, "Look at .documents to see what there is.")
    return keep


def condition_rows(table: pd.DataFrame, where: str, column: str, kind: str, values: tuple[str, ...]) -> pd.Series:
    """Which rows of ``table`` meet one condition on their metadata; there may be none.

    ``kind`` is ``is`` (one of ``values``), ``is not`` (none of them) or ``between`` (from the first to the second, both
    included; as numbers where all values are; what has none is not between). ``date``, and ``year`` and ``month`` where they are no columns, mean
    the date: ``2018-07`` is that month, and a statement dated less exactly than that is not in it. ``since`` and
    ``until`` take one date each.

    Raises
    ------
    InputError
        For a column that is not there, a date that is none, or a value that no row has.

    >>> table = pd.DataFrame({"date": pd.to_datetime(["2017-12-31", "2018-01-01"]), "place": ["a", "b"]})
    >>> condition_rows(table, "query", "year", "is", ("2018",)).tolist()
    [False, True]
    """
    dated = column in {"date", "since", "until", *({"year", "month"} - set(table.columns))}
    if not dated and column not in table:
        raise_faults(where, [Fault(where, "column", shown(column), ", ".join(map(str, table.columns)))])
    if dated:
        spans: list[tuple[str | None, str | None]] = [(value, value) for value in values]
        if kind == "between":
            spans = [(values[0], values[-1])]
        if column in ("since", "until"):
            if kind != "is" or len(values) > 1:
                accepted = f"{column}= and one date, such as 2018-07"
                raise_faults(where, [Fault(where, column, shown(values), accepted)])
            spans = [(values[0], None)] if column == "since" else [(None, values[0])]
        keep = pd.Series(False, index=table.index)
        faults: list[Fault] = []
        for since, until in spans:
            keep |= _between_dates(table, where, since, until, faults)
        raise_faults(where, dict.fromkeys(Fault(f.where, column, f.received, f.accepted) for f in faults))
        return ~keep if kind == "is not" else keep
    if kind == "between":
        low, high = values
        texts = table[column].map(canonical_value).astype(object)
        told = texts != ""
        numbers = [pd.to_numeric(pd.Series(v), errors="coerce") for v in (texts[told].tolist(), [low], [high])]
        if any(n.isna().any() for n in numbers):
            return told & texts.between(low, high)
        inside = numbers[0].between(numbers[1].iloc[0], numbers[2].iloc[0]).to_numpy(dtype=bool)
        keep = told.to_numpy(dtype=bool, copy=True)
        keep[keep] = inside
        return pd.Series(keep, index=table.index)
    faults = []
    keep = _with_values(table, where, {column: list(values)}, faults, asked=True)
    raise_faults(where, faults)
    return ~keep if kind == "is not" else keep


def _between_dates(
    table: pd.DataFrame, where: str, since: str | None, until: str | None, faults: list[Fault]
) -> pd.Series:
    """Rows whose date, as exact as it is, lies between the two, both included."""
    keep = pd.Series(True, index=table.index)
    starts, ends = date_extent(table)
    for bound, name in ((since, "since"), (until, "until")):
        if bound is None:
            continue
        try:
            moment, precision = parse_date(bound)
        except ValueError as error:
            faults.append(Fault(where, name, shown(bound), str(error)))
            continue
        day = pd.Timestamp(moment).normalize()
        keep &= (starts >= day) if name == "since" else (ends <= _last_moment(day, precision))
    return keep


def _with_values(
    table: pd.DataFrame, where: str, columns: Mapping[str, Any], faults: list[Fault], asked: bool
) -> pd.Series:
    """Rows with one of the values in each column; a value that is ``asked`` for must be there."""
    keep = pd.Series(True, index=table.index)
    for column, wanted in columns.items():
        if column not in table:
            faults.append(Fault(where, "column", shown(column), ", ".join(map(str, table.columns))))
            continue
        values = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Iterable) else list(wanted)
        there = table[column].map(canonical_value)
        present = set(there)
        absent = [v for v in values if canonical_value(v) not in present]
        if absent and asked:
            there_sorted = sorted(present)
            listed = ", ".join(there_sorted[:15]) + (" …" if len(there_sorted) > 15 else "")
            faults.append(Fault(where, column, ", ".join(map(shown, absent)), listed or "nothing"))
        keep &= there.isin([canonical_value(v) for v in values])
    return keep


def _last_moment(first: pd.Timestamp, precision: str) -> pd.Timestamp:
    last = {"day": first, "month": first + pd.offsets.MonthEnd(0), "year": first + pd.offsets.YearEnd(0)}[precision]
    return last + pd.Timedelta(days=1, microseconds=-1)
