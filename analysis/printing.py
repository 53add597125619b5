"""What the command ``tifa`` prints: tables, notes, and how far long work has come."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.errors import Fault, InputError, shown
from analysis.files import write_whole
from analysis.provenance import table_bytes

__all__ = ["err", "out", "progress", "say_constructed", "show"]

out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)
_TABLE_WIDTH = 1000


def show(table: pd.DataFrame, output: Path | None, *, most: int = 60) -> None:
    """Print the first ``most`` rows, or write the whole table into the file ``output``."""
    if output is not None:
        if output.suffix.lower() not in ("", ".csv", ".txt"):
            accepted = "a name that ends in .csv: tables are written as CSV, which every spreadsheet opens"
            raise InputError("--output", [Fault("--output", "ending", shown(output.suffix), accepted)])
        write_whole(output, table_bytes(table))
        out.print(f"{len(table):,} rows → {escape(str(output))}")
        return
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        number = table[column].dtype.kind in "if"
        drawn.add_column(str(column), justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in table.head(most).itertuples(index=False):
        drawn.add_row(*(escape(f"{v:g}" if isinstance(v, float) else str(v)) for v in row))
    # As wide as the table wants: a narrow terminal wraps lines, but no column is squeezed away.
    Console(width=_TABLE_WIDTH, highlight=False).print(drawn)
    if len(table) > most:
        out.print(f"… and {len(table) - most:,} more rows (--output FILE writes all)")


def progress(done: int, total: int, name: str) -> None:
    """Which of several pieces of work has begun."""
    err.print(f"[{done}/{total}] {escape(name)}" if name else f"[{done}/{total}] done")


def say_constructed(constructed: bool) -> None:
    """Say, beside numbers of constructed texts, that they are that."""
    if constructed:
        err.print("constructed texts: these numbers say nothing about any real body", style="yellow")
