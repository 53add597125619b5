"""Lines of a concordance as files: a plain table, a workbook, a page, TEI."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

import pandas as pd

from analysis.dates import parse_date
from analysis.errors import Fault, MissingStep, TifaError, raise_faults, shown, warn
from analysis.files import write_whole, written_whole
from analysis.line_layout import (
    CONSTRUCTED,
    NEEDED,
    STYLE,
    check_lines,
    language_attribute,
    line_rows,
    lines_html,
    one_line,
)
from analysis.provenance import table_bytes
from analysis.queries import parse_query
from analysis.query_parts import Query
from analysis.selection import canonical_value
from analysis.tokens import Tokens

__all__ = ["write_lines"]

#: Columns that a CSV has beside those of the lines: what the lines are, the same in every row.
PROVENANCE = ("query", "query_digest", "corpus_digest", "tokens_digest", "constructed")

# Characters that XML 1.0 cannot hold, however they are written.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EXCEL_ROWS, _EXCEL_CHARACTERS = 1_048_576, 32_767
_PAGE_STYLE = (
    "body { font: 15px/1.6 serif; margin: 2em auto; max-width: 90em; padding: 0 1em; }\n"
    "dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; font-size: .85em; }\n"
    "dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }\n"
    ".tifa-node { background: #fde68a; print-color-adjust: exact; }\n"
    ".tifa-lines tbody tr:nth-child(even) { background: #f6f6f6; }\n"
    "@page { size: A4 landscape; margin: 15mm; }\n"
    "@media print { body { margin: 0; max-width: none; font-size: 9pt; } }"
)


class _About(NamedTuple):
    """What the lines are of."""

    query: str
    query_digest: str
    corpus_digest: str
    tokens_digest: str
    constructed: bool

    def entries(self, lines: int) -> list[tuple[str, str]]:
        mark = [("Constructed", CONSTRUCTED)] if self.constructed else []
        return [
            ("Query", self.query),
            ("Lines", f"{lines:,}"),
            *mark,
            ("Digest of the query", self.query_digest),
            ("Digest of the corpus", self.corpus_digest),
            ("Digest of the tokens", self.tokens_digest),
        ]


def write_lines(
    lines: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    query: str | Query,
    tokens: Tokens,
    overwrite: bool = False,
) -> Path:
    """Write the lines of a concordance to a file, whole or not at all; its ending says in which form.

    ``.csv``
        A plain table in UTF-8 with the columns of the lines, then ``query``, ``query_digest``, ``corpus_digest``,
        ``tokens_digest`` and ``constructed``. It is for programs: a spreadsheet may take text that begins with
        ``=`` for a formula; for people there is
    ``.xlsx``
        a workbook of two sheets, the lines with their nodes bold, and what they are of. All text is text. Line ends
        within it are line feeds, as Excel has them. It needs
        openpyxl (``pip install 'tifa[ingest]'``).
    ``.html``
        A page that stands alone and prints well: what the lines are of, then the lines, nodes marked, nothing cut.
    ``.xml``
        TEI P5: a ``teiHeader`` that says what the lines are of, then a ``list`` with an ``item`` for each line:
        ``bibl`` (``idno``, ``date``, ``biblScope`` with the offsets of the node, a ``note`` for each further
        column, named by its ``n``), then ``seg`` of the types ``left`` and ``right``, and between them ``hi``
        with a ``seg`` of the type ``node``.

    Characters that a workbook or XML cannot hold (NUL and other control characters) are replaced by U+FFFD, and a warning
    says how many.

    Parameters
    ----------
    query, tokens
        What the lines were made of.
    overwrite
        Whether a file that is there may be written over.

    Raises
    ------
    MissingStep
        If ``lines`` are no lines or ``tokens`` no tokens.
    InputError
        For another ending, for statements that the tokens do not have, for columns that the file has itself, and for
        more than a workbook can hold.
    TifaError
        If the file is there already, or openpyxl is not.

    >>> import tempfile
    >>> from analysis.concordance import kwic
    >>> from analysis.corpus import Corpus
    >>> from analysis.segmentation import segment
    >>> corpus = Corpus(pd.DataFrame({"id": ["a"], "date": "2021", "language": "zh", "text": ["继续净化网络"]}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_lines(kwic(segment(corpus), "净化"), f"{folder}/lines.csv", query="净化", tokens=segment(corpus))
    ...     pd.read_csv(path)[["left", "node", "right", "query"]].values.tolist()
    [['继续', '净化', '网络', '净化']]
    """
    check_lines("write_lines", lines)
    if not isinstance(tokens, Tokens):
        raise MissingStep(f"write_lines takes Tokens, not {type(tokens).__name__}: segment(corpus) makes them.")
    asked = query if isinstance(query, Query) else parse_query(query)
    target = Path(path)
    faults = []
    if target.suffix.lower() not in _WRITERS:
        faults.append(Fault(str(target), "ending", shown(target.suffix), ", ".join(_WRITERS)))
    unknown = sorted(set(map(str, lines["document"])) - set(map(str, tokens.documents["id"])))
    if unknown:
        listed = ", ".join(map(shown, unknown[:10])) + (" …" if len(unknown) > 10 else "")
        faults.append(Fault("lines", "document", listed, "ids of tokens.documents: the tokens the lines were made of"))
    faults += [
        Fault("lines", "columns", shown(column), "another name: the file has a column of this one")
        for column in PROVENANCE
        if column in lines and target.suffix.lower() == ".csv"
    ]
    faults += [
        Fault("lines", column, "values that are no whole numbers", "offsets into the text")
        for column in ("start", "end")
        if not (pd.to_numeric(lines[column], errors="coerce") % 1 == 0).all()
    ]
    if target.suffix.lower() == ".xlsx" and len(lines) >= _EXCEL_ROWS:
        faults.append(Fault("lines", "", f"{len(lines):,} lines", f"at most {_EXCEL_ROWS - 1:,} in a workbook"))
    raise_faults("write_lines", faults)
    if target.is_dir():
        raise TifaError(f"{target} is a folder: choose another name.")
    if target.exists() and not overwrite:
        raise TifaError(f"{target} is there already: choose another name, or overwrite=True.")
    about = _About(asked.source, asked.digest, str(tokens.recipe.get("corpus", "")), tokens.digest, tokens.constructed)
    _WRITERS[target.suffix.lower()](lines, target, about)
    return target


def _write_csv(lines: pd.DataFrame, target: Path, about: _About) -> None:
    write_whole(target, table_bytes(lines.assign(**about._asdict())))


def _write_page(lines: pd.DataFrame, target: Path, about: _About) -> None:
    headings, rows = line_rows(lines)
    entries = "".join(f"<dt>{name}</dt><dd>{_shown(value)}</dd>\n" for name, value in about.entries(len(lines)))
    title = _shown(f"Concordance: {about.query}")
    content = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n{STYLE}\n'
        f"<style>\n{_PAGE_STYLE}\n</style>\n</head>\n<body>\n<h1{language_attribute(about.query)}>{title}</h1>\n"
        f"<dl>\n{entries}</dl>\n<div class='tifa-lines'>\n{lines_html(rows, headings)}\n</div>\n</body>\n</html>\n"
    )
    write_whole(target, content.encode("utf-8"))


def _shown(text: str) -> str:
    return escape(one_line(text))


class _Replaced:
    """Replaces characters that XML cannot hold, and counts them."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, text: str) -> str:
        replaced, number = _FORBIDDEN.subn("\ufffd", text)
        self.number += number
        return replaced

    def say(self, target: Path) -> None:
        if self.number:
            many = f"{self.number:,} characters that" if self.number > 1 else "1 character that"
            warn(f"{target}: {many} the format cannot hold (control characters) became U+FFFD; .csv keeps them.")


# TEI


def _write_tei(lines: pd.DataFrame, target: Path, about: _About) -> None:
    keep = _Replaced()

    def text(value: str) -> str:
        return xml_escape(keep(value), {"\r": "&#13;"})

    further = [column for column in lines.columns if column not in NEEDED]
    items = [_item(text, keep, line, further) for line in lines.to_dict("records")]
    body = "<list>\n" + "\n".join(f'<item n="{i}"{item}' for i, item in enumerate(items, 1)) + "\n</list>"
    mark = f'\n<notesStmt><note type="constructed">{CONSTRUCTED}</note></notesStmt>' if about.constructed else ""
    said = "\n".join(f"<p>{name}: {text(value)}</p>" for name, value in about.entries(len(lines)))
    content = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<TEI xmlns="http://www.tei-c.org/ns/1.0">\n<teiHeader>\n<fileDesc>\n'
        f"<titleStmt><title>Concordance: {text(about.query)}</title></titleStmt>\n"
        f"<publicationStmt><p>Written by Tifa.</p></publicationStmt>{mark}\n<sourceDesc>\n{said}\n</sourceDesc>\n"
        "</fileDesc>\n</teiHeader>\n<text>\n<body>\n"
        f"{body if items else '<p>No lines.</p>'}\n</body>\n</text>\n</TEI>\n"
    )
    write_whole(target, content)
    keep.say(target)


def _item(text: Callable[[str], str], keep: _Replaced, line: dict[Any, Any], further: Iterable[Any]) -> str:
    """What stands in the element of one line, from its language to its end."""
    document, date = canonical_value(line["document"]), canonical_value(line["date"])
    left, node, right = ("" if pd.isna(line[part]) else str(line[part]) for part in ("left", "node", "right"))
    notes = "".join(
        f'<note type="metadata" n={quoteattr(keep(str(column)))}>{text(canonical_value(line[column]))}</note>'
        for column in further
    )
    language = language_attribute(left + node + right).strip()
    return (
        f" xml:{language}><bibl><idno>{text(document)}</idno><date{_when(date)}>{text(date)}</date>"
        f'<biblScope unit="character" from="{int(line["start"])}" to="{int(line["end"])}"/>{notes}</bibl>'
        f'<seg type="left">{text(left)}</seg><hi rend="bold"><seg type="node">{text(node)}</seg></hi>'
        f'<seg type="right">{text(right)}</seg></item>'
    )


def _when(date: str) -> str:
    """The date in the form of TEI, which is ours, if it is one."""
    try:
        parse_date(date)
    except ValueError:
        return ""
    return f' when="{date[:10]}"'


# Excel


def _write_workbook(lines: pd.DataFrame, target: Path, about: _About) -> None:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment, Font
        from openpyxl.utils import get_column_letter
    except ImportError:
        raise TifaError(
            "Writing Excel needs openpyxl: pip install 'tifa[ingest]'. The other endings need nothing."
        ) from None
    keep, columns = _Replaced(), [str(column) for column in lines.columns]
    bold, right = Font(bold=True), Alignment(horizontal="right")
    _check_lengths(lines)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("lines")
    sheet.freeze_panes = "A2"
    widths = {"document": 24, "date": 12, "left": 50, "node": 14, "right": 50}
    for i, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = widths.get(column, 10)

    def cell(sheet: Any, value: Any, font: Any = None, alignment: Any = None) -> Any:
        made = WriteOnlyCell(sheet)
        if isinstance(value, str):
            # Not as openpyxl would have it: of what begins with = it makes a formula, of #N/A an error.
            made.value = keep(re.sub("\r\n?", "\n", value))
            made.data_type, made.quotePrefix = "s", True
        else:
            made.value = value
        if font:
            made.font = font
        if alignment:
            made.alignment = alignment
        return made

    sheet.append([cell(sheet, column, bold) for column in columns])
    looks = {"node": (bold, None), "left": (None, right)}
    for row in zip(*(map(_cell_value, lines[column]) for column in lines.columns), strict=True):
        sheet.append([cell(sheet, v, *looks.get(c, (None, None))) for c, v in zip(columns, row, strict=True)])
    second = book.create_sheet("about")
    second.column_dimensions["A"].width, second.column_dimensions["B"].width = 24, 80
    for name, value in about.entries(len(lines)):
        second.append([cell(second, name, bold), cell(second, value)])
    with written_whole(target) as temporary:
        book.save(temporary)
    keep.say(target)


def _cell_value(value: Any) -> Any:
    """A number as it is, anything else as text."""
    if isinstance(value, int | float) and not isinstance(value, bool) and pd.notna(value) and abs(value) < 2**53:
        return value
    return str(value) if isinstance(value, str) else canonical_value(value)


def _check_lengths(lines: pd.DataFrame) -> None:
    """Refuse what a cell of Excel cannot hold, of which openpyxl would leave out the rest."""
    faults = [
        Fault(f"line {i + 1}", str(column), f"{len(value):,} characters", f"at most {_EXCEL_CHARACTERS:,} in a cell")
        for column in lines.columns
        for i, value in enumerate(map(_cell_value, lines[column]))
        if isinstance(value, str) and len(value) > _EXCEL_CHARACTERS
    ]
    raise_faults("write_lines", faults, "Make lines with less context, or write .csv, .html or .xml.")


_WRITERS: dict[str, Callable[[pd.DataFrame, Path, _About], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_workbook,
    ".html": _write_page,
    ".xml": _write_tei,
}
