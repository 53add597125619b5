"""Lines of a concordance as people read them: the nodes below each other, on a terminal, in JupyterLab, on paper."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.query_parts import Query
from analysis.selection import canonical_value

__all__ = [
    "CONSTRUCTED",
    "NEEDED",
    "STYLE",
    "AlignedLines",
    "Line",
    "align_lines",
    "check_lines",
    "language_attribute",
    "line_rows",
    "lines_html",
    "one_line",
    "visible_signs",
    "width_of",
]

#: What makes a table one of lines.
NEEDED = ("document", "date", "left", "node", "right", "start", "end")
CONSTRUCTED = "Constructed texts: they say nothing about any real body."

_CUT = "…"
#: Document, date and further columns are cut to so many places on a terminal.
_SOURCE_WIDTH = 24
_LINE_ENDS = set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
# White space as it is shown, then what moves the cursor or reorders the line: as a picture, or as its number.
_SIGNS = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], 0xFFFD)
    | {code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
)
_SIGNS_OF_TEXT = {code: sign for code, sign in _SIGNS.items() if chr(code) not in "\t\n\r"}
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_CHINESE = re.compile(r"[\u2e80-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff65\U00020000-\U0003ffff]")

# The class is named twice: JupyterLab's own rules for tables in output are to yield.
STYLE = """<style>
.tifa-lines.tifa-lines { font-variant-numeric: tabular-nums; }
.tifa-lines.tifa-lines table { width: 100%; table-layout: auto; border-collapse: collapse; margin: 4px 0; }
.tifa-lines.tifa-lines th, .tifa-lines.tifa-lines td { padding: 1px 6px; text-align: left; vertical-align: baseline; font-weight: 400; border: 0; }
.tifa-lines.tifa-lines th { color: #555; border-bottom: 1px solid #999; }
.tifa-lines.tifa-lines .tifa-number, .tifa-lines.tifa-lines .tifa-left { text-align: right; }
.tifa-lines.tifa-lines .tifa-source { color: #555; min-width: 8em; }
.tifa-lines.tifa-lines .tifa-left, .tifa-lines.tifa-lines .tifa-right { width: 32%; padding: 1px 0; }
.tifa-lines.tifa-lines .tifa-node b { font-weight: 700; text-decoration: underline; text-underline-offset: 3px; }
.tifa-lines.tifa-lines .tifa-number, .tifa-lines.tifa-lines .tifa-source:nth-child(-n+3) { white-space: nowrap; min-width: 0; }
.tifa-lines.tifa-lines .tifa-source bdi { overflow-wrap: break-word; }
.tifa-lines.tifa-lines div bdi, .tifa-lines.tifa-lines b bdi { white-space: pre-wrap; overflow-wrap: anywhere; }
.tifa-lines.tifa-aligned td.tifa-source { white-space: nowrap; max-width: 11em; overflow: hidden; text-overflow: ellipsis; min-width: 0; }
.tifa-lines.tifa-aligned td.tifa-left, .tifa-lines.tifa-aligned td.tifa-right { width: 50%; max-width: 0; }
.tifa-lines.tifa-aligned td.tifa-left div, .tifa-lines.tifa-aligned td.tifa-right div { display: flex; overflow: hidden; }
.tifa-lines.tifa-aligned td.tifa-left div { justify-content: flex-end; }
.tifa-lines.tifa-aligned div bdi, .tifa-lines.tifa-aligned b bdi { flex: none; white-space: pre; }
@media print {
  .tifa-lines.tifa-lines { font-size: 8.5pt; color: #000; }
  .tifa-lines.tifa-lines th, .tifa-lines.tifa-lines .tifa-source { color: #333; }
  .tifa-lines.tifa-lines thead { display: table-header-group; }
  .tifa-lines.tifa-lines tr { break-inside: avoid; }
  .tifa-lines.tifa-aligned td.tifa-source { max-width: 7em; }
  .tifa-lines.tifa-aligned td.tifa-left div, .tifa-lines.tifa-aligned td.tifa-right div { display: block; }
  .tifa-lines.tifa-aligned div bdi { white-space: pre-wrap; }
}
</style>"""


class Line(NamedTuple):
    """One line to show: its number, what tells where it is from, and its three parts."""

    number: int
    sources: tuple[str, ...]
    left: str
    node: str
    right: str


@dataclass(frozen=True)
class AlignedLines:
    """Lines of a concordance with their nodes below each other; shows itself in a notebook or as text.

    ``total`` is how many lines there are, of which ``lines`` holds the first; ``headings`` name their ``sources``;
    ``width`` is the width of the context on each side and ``ambiguous`` that of ambiguous characters, in places.
    """

    lines: tuple[Line, ...]
    headings: tuple[str, ...]
    total: int
    query: str
    width: int
    ambiguous: int
    constructed: bool

    def __repr__(self) -> str:
        head = self._said() + (f" ({CONSTRUCTED})" if self.constructed else "") + "."
        if not self.lines:
            return head
        numbers = len(f"{self.lines[-1].number:,}")
        columns = [
            _padded([one_line(line.sources[i]) for line in self.lines], self.ambiguous)
            for i in range(len(self.headings))
        ]
        body = []
        for i, line in enumerate(self.lines):
            left, node, right = self._cut(line)
            space = " " * (self.width - width_of(left, self.ambiguous))
            source = "  ".join(column[i] for column in columns)
            body.append(
                f"{line.number:>{numbers},}  {source}  {space}{_isolated(left)}[{_isolated(node)}]{_isolated(right)}"
            )
        return "\n".join([head, "", *(text.rstrip() for text in body)])

    def _repr_html_(self) -> str:
        said = f"<b>{escape(one_line(self._said()))}.</b>"
        mark = f" <b>{CONSTRUCTED}</b>" if self.constructed else ""
        cut = [Line(line.number, line.sources, *self._cut(line)) for line in self.lines]
        return f"{STYLE}<div class='tifa-lines tifa-aligned'><p>{said}{mark}</p>{lines_html(cut, self.headings)}</div>"

    def _said(self) -> str:
        found = f"{self.total:,} line{'' if self.total == 1 else 's'}"
        of = f" of {_isolated(one_line(self.query))}" if self.query else ""
        return found + of + (f"; the first {len(self.lines):,} are shown" if len(self.lines) < self.total else "")

    def _cut(self, line: Line) -> tuple[str, str, str]:
        """The three parts, no wider than there is room for them; what is cut is told by …"""
        left, node, right = map(one_line, line[2:])
        return (
            _fitting(left[::-1], self.width, self.ambiguous, backwards=True)[::-1],
            _fitting(node, self.width, self.ambiguous),
            _fitting(right, self.width, self.ambiguous),
        )


def align_lines(
    lines: pd.DataFrame,
    *,
    query: str | Query = "",
    width: int = 40,
    constructed: bool = False,
    most: int = 50,
    ambiguous: int = 1,
) -> AlignedLines:
    """The lines of a concordance with their nodes below each other, to look at.

    On a terminal the node stands in brackets and always begins at the same place: Chinese characters are two places wide,
    combining marks none, tabs and line ends are shown (``¶``), control characters become signs (``␀``), and text that
    runs from right to left is isolated, so that it cannot reorder the line. In JupyterLab and on paper the left context
    ends where the node begins, which is bold and underlined. Columns of metadata stand at the left, numbers count the
    lines of the table. What is cut ends in ``…``.

    Parameters
    ----------
    query
        What the lines are of; it is named above them.
    width
        The places for the context on each side.
    constructed
        Whether the texts were made up (``corpus.constructed``), which is then said.
    most
        How many lines are shown; the heading tells how many there are.
    ambiguous
        The places of characters such as ``“ ” … ·``, of which Unicode leaves open whether they are one or two wide:
        2 for a terminal with a Chinese font. Emoji joined to one (families, flags) may be narrower than they are counted.

    Raises
    ------
    MissingStep
        If the table has no lines: `analysis.concordance.kwic` makes them.
    InputError
        For options that are not as above, all of them at once.

    >>> lines = pd.DataFrame({"document": ["a", "b"], "date": ["2020", "2021-05-07"], "left": ["继续", "a "],
    ...     "node": "净化", "right": ["网络环境。", ""], "start": [2, 2], "end": [4, 4]})
    >>> align_lines(lines, query="净化", width=8)
    2 lines of 净化.
    <BLANKLINE>
    1  a  2020            继续[净化]网络环…
    2  b  2021-05-07        a [净化]
    """
    check_lines("align_lines", lines)
    faults = [
        Fault("align_lines", name, shown(value), f"a whole number of at least {least}")
        for name, value, least in (("width", width, 4), ("most", most, 1))
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least
    ]
    if ambiguous not in (1, 2):
        faults.append(Fault("align_lines", "ambiguous", shown(ambiguous), "1 or 2"))
    raise_faults("align_lines", faults)
    headings, rows = line_rows(lines.head(most))
    return AlignedLines(tuple(rows), headings, len(lines), str(query), int(width), ambiguous, bool(constructed))


def check_lines(subject: str, lines: pd.DataFrame, *more: str) -> None:
    """Refuse what are no lines of a concordance."""
    if not isinstance(lines, pd.DataFrame):
        raise MissingStep(f"{subject} takes lines, not {type(lines).__name__}: kwic(tokens, query) makes them.")
    lacking = [column for column in (*NEEDED, *more) if column not in lines]
    if lacking:
        raise MissingStep(f"lines lack the column {', '.join(lacking)}: kwic(tokens, query) makes them.")
    faults = [
        Fault("lines", "columns", f"{shown(column)} twice", "each column once")
        for column in dict.fromkeys(lines.columns[lines.columns.duplicated()])
    ]
    raise_faults(subject, faults)


def line_rows(lines: pd.DataFrame, *, first: int = 1) -> tuple[tuple[str, ...], list[Line]]:
    """The headings of what tells where lines are from (document, date, further columns), and the lines."""
    headings = ("document", "date", *(str(column) for column in lines.columns if column not in NEEDED))
    further = [column for column in lines.columns if column not in NEEDED]
    sources = zip(*(map(canonical_value, lines[column]) for column in ("document", "date", *further)), strict=True)
    parts = zip(*(_texts(lines[column]) for column in ("left", "node", "right")), strict=True)
    rows = [Line(first + i, source, *part) for i, (source, part) in enumerate(zip(sources, parts, strict=True))]
    return headings, rows


def _texts(column: pd.Series) -> list[str]:
    """The parts of lines as text, with the white space that is at their ends."""
    return ["" if pd.isna(value) else str(value) for value in column]


def lines_html(lines: Iterable[Line], headings: Sequence[str]) -> str:
    """The lines as an HTML table without a style; nothing in them is taken as HTML."""
    head = "".join(f"<th>{escape(one_line(heading))}</th>" for heading in headings)
    body = "".join(
        f"<tr><td class='tifa-number'>{line.number:,}</td>"
        + "".join(f"<td class='tifa-source'>{_bdi(source)}</td>" for source in line.sources)
        + f"<td class='tifa-left' align='right'{(said := language_attribute(line.left + line.node + line.right))}>"
        f"<div>{_bdi(line.left)}</div></td><td class='tifa-node'{said}><b><u>{_bdi(line.node)}</u></b></td>"
        f"<td class='tifa-right'{said}><div>{_bdi(line.right)}</div></td></tr>\n"
        for line in lines
    )
    return (
        f"<table><thead><tr><th class='tifa-number'>line</th>{head}<th class='tifa-left'>left</th>"
        f"<th class='tifa-node'>node</th><th class='tifa-right'>right</th></tr></thead>\n<tbody>{body}</tbody></table>"
    )


def _bdi(text: str) -> str:
    return f"<bdi>{escape(one_line(text))}</bdi>"


def language_attribute(text: str) -> str:
    """The attribute that lets a browser choose the forms of characters that are written in China.

    >>> language_attribute("净化 the net"), language_attribute("purify")
    (' lang="zh-Hans"', ' lang="en"')
    """
    return ' lang="zh-Hans"' if _CHINESE.search(text) else ' lang="en"'


def visible_signs(text: str) -> str:
    """``text`` with control characters as signs; tabs and line ends stay.

    >>> visible_signs("a\\x00b\\u202ec\\n")
    'a␀b⟨U+202E⟩c\\n'
    """
    return text.translate(_SIGNS_OF_TEXT)


def one_line(text: str) -> str:
    """``text`` in one line: line ends become ``¶``, other white space one space, control characters signs.

    >>> one_line("净化\\r\\n\\t网络\\t\\x07")
    '净化¶网络 ␇'
    """
    spaced = re.sub(r"\s+", lambda found: "¶" if _LINE_ENDS.intersection(found[0]) else " ", text)
    return spaced.translate(_SIGNS)


def width_of(text: str, ambiguous: int = 1) -> int:
    """How many places ``text`` takes on a terminal.

    >>> width_of("净化"), width_of("e\\u0301"), width_of("“”"), width_of("“”", ambiguous=2)
    (4, 1, 2, 4)
    """
    return sum(_place(character, ambiguous) for character in text)


def _place(character: str, ambiguous: int) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    kind = unicodedata.east_asian_width(character)
    return 2 if kind in "WF" else ambiguous if kind == "A" else 1


def _fitting(text: str, width: int, ambiguous: int, *, backwards: bool = False) -> str:
    """As much of the beginning of ``text`` as fits, with a sign where some is missing.

    ``backwards`` for a text that was turned round: its combining marks stand before what they belong to.
    """
    longest = 4 * width  # combining marks take no place: there may be more characters than places
    if len(text) <= longest and width_of(text, ambiguous) <= width:
        return text
    room, taken, kept = width - _place(_CUT, ambiguous), 0, text[:longest]
    for i, character in enumerate(kept):
        taken += _place(character, ambiguous)
        if taken > room:
            kept = kept[:i]
            break
    while backwards and kept and not _place(kept[-1], ambiguous):
        kept = kept[:-1]
    return kept + _CUT


def _padded(texts: Sequence[str], ambiguous: int) -> list[str]:
    cut = [_fitting(text, _SOURCE_WIDTH, ambiguous) for text in texts]
    widest = max(width_of(text, ambiguous) for text in cut)
    return [_isolated(text) + " " * (widest - width_of(text, ambiguous)) for text in cut]


def _isolated(text: str) -> str:
    """``text`` so that none of its letters can move what stands beside it."""
    if text.isascii() or not _RIGHT_TO_LEFT.intersection(map(unicodedata.bidirectional, text)):
        return text
    return _ISOLATE + text + _END_ISOLATE
