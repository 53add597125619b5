"""Sheets as people keep them, CSV or Excel, to rows of text."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from contextlib import closing
from pathlib import Path
from typing import Any

from analysis.encoding import decode
from analysis.errors import Fault, InputError, TifaError, raise_faults, shown

__all__ = ["read_sheet"]


def read_sheet(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """The rows of a sheet with their numbers, blank ones left out; the names of further sheets."""
    unread: list[str] = []
    if path.suffix.lower() == ".xlsx":
        try:
            import openpyxl
        except ImportError:
            raise TifaError("Reading Excel needs openpyxl: pip install 'tifa[ingest]'.") from None
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            with closing(book):
                values, *others = [[[_cell(c) for c in row] for row in s.iter_rows()] for s in book.worksheets]
            unread = [s.title for s, o in zip(book.worksheets[1:], others, strict=True) if any(map(any, o))]
        except Exception as error:  # openpyxl raises many kinds for a file that is none
            raise InputError(
                str(path),
                [
                    Fault(
                        str(path),
                        "Excel",
                        f"{type(error).__name__}: {error}",
                        "a readable .xlsx workbook; or save the sheet as CSV",
                    )
                ],
            ) from None
    else:
        try:
            text, _ = decode(path.read_bytes())
        except UnicodeDecodeError as error:
            raise InputError(
                str(path), [Fault(str(path), f"byte {error.start}", "bytes in an unknown encoding", "UTF-8 or GB18030")]
            ) from None
        csv.field_size_limit(2**31 - 1)
        try:
            values = list(
                csv.reader(
                    io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True
                )
            )
        except csv.Error as error:
            raise InputError(
                str(path), [Fault(str(path), "CSV", str(error), 'CSV with a header line, quoted with "')]
            ) from None
    numbered = [(i, row) for i, row in enumerate(values, start=1) if any(v.strip() for v in row)]
    if not numbered:
        return [], unread
    header = [c.strip() or f"column {i}" for i, c in enumerate(numbered[0][1], start=1)]
    faults = [
        Fault(str(path), "columns", f"{shown(c)} twice", "each column once")
        for c in dict.fromkeys(c for c in header if header.count(c) > 1)
    ]
    faults += [
        Fault(f"{path}, row {i}", "row", f"{len(row)} values", f"at most {len(header)}")
        for i, row in numbered[1:]
        if len(row) > len(header)
    ]
    raise_faults(str(path), faults)
    filled = [(i, [*row, *[""] * (len(header) - len(row))]) for i, row in numbered[1:]]
    return [(i, dict(zip(header, row, strict=True))) for i, row in filled], unread


def _cell(cell: Any) -> str:
    """A cell of Excel as text: a date no more exact than it is shown."""
    value = cell.value
    if isinstance(value, dt.date):
        # Whoever types 2021-05 gets 1 May, shown as "May-21": the day is Excel's.
        shown_as = re.sub(r'"[^"]*"|\[[^]]*\]|\\.', "", cell.number_format.lower())
        precision = "day" if "d" in shown_as else "month" if "m" in shown_as else "year"
        return value.isoformat()[: {"day": 10, "month": 7, "year": 4}[precision]]
    return "" if value is None else str(value)
