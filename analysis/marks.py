"""What a reader says of lines: a mark and a note for each, kept beside the corpus in a file that people can edit."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

import pandas as pd

from analysis.corpus import Corpus
from analysis.encoding import decode, surrogates
from analysis.errors import Fault, MissingStep, raise_faults, shown, warn
from analysis.files import check_name, home, write_whole
from analysis.line_layout import check_lines
from analysis.patterns import fold
from analysis.provenance import round_significant, table_bytes
from analysis.queries import parse_query
from analysis.query_parts import Query
from analysis.selection import plain_text
from analysis.sheets import read_sheet

__all__ = ["count_marks", "mark_file", "read_marks", "write_marks"]

COLUMNS = ("query", "query_digest", "corpus_digest", "document", "start", "end", "node", "mark", "note")
_LONGEST_MARK = 60
#: What a formula begins with in a spreadsheet; and the apostrophe, so that one that was there stays.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
#: Without it Excel takes UTF-8 for something else, and what it saves is lost.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Place = tuple[str, int, int]
#: A place and the words there: where a text has changed, marks of its older form may stand beside newer ones.
Words = tuple[str, int, int, str]


class _Mark(NamedTuple):
    """What is said of the words at one place, and in which version of the texts they stood there."""

    corpus_digest: str
    mark: str
    note: str


def write_marks(
    lines: pd.DataFrame,
    query: str | Query,
    corpus: Corpus,
    *,
    coder: str = "",
    folder: str | os.PathLike[str] | None = None,
) -> Path:
    """Keep the columns ``mark`` and ``note`` of lines, in the file that `mark_file` names.

    A mark is a short label (``network``, ``unclear``), a note any text. Where both are empty nothing is kept of a line,
    and what was kept is taken out; without a column ``note`` the notes stay as they are. Marks of lines that are not
    among these stay, so that a sample can be marked and saved.

    The file is a plain CSV, one row per line that has a mark or a note: ``query``, ``query_digest``, ``corpus_digest``
    (of the texts as they were then), ``document``, ``start``, ``end``, ``node`` (as it stands in the text), ``mark``,
    ``note``. Text that a spreadsheet would take for a formula stands behind an apostrophe there.

    Parameters
    ----------
    query
        What the lines are of. However it is spaced, it is the same query and the same file.
    corpus
        The texts that the lines are from.
    coder
        Who marks: each coder has a file of her own.
    folder
        Where the files are; by default ``corpus/own/marks/NAME`` in the project, NAME being that of the corpus.

    Raises
    ------
    MissingStep
        If there are no lines, no column ``mark``, or no corpus.
    InputError
        For lines of other texts, the same line twice, a mark of several lines or more than 60 characters, or a
        file that is damaged; all faults at once, and the file stays as it was.
    """
    check_lines("write_marks", lines)
    if "mark" not in lines:
        raise MissingStep(
            "lines lack the column mark: read_marks(lines, query, corpus) adds it, with those kept so far."
        )
    asked, file = _asked(query), mark_file(query, corpus, coder=coder, folder=folder)
    known = _read(file, asked, corpus)
    texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    faults: list[Fault] = []
    places = _places("write_marks", lines)
    marks = [_clean(value) for value in lines["mark"]]
    notes = [_clean(value) for value in lines["note"]] if "note" in lines else [None] * len(marks)
    seen: set[Place] = set()
    for i, (place, node, mark, note) in enumerate(zip(places, lines["node"], marks, notes, strict=True), 1):
        where = f"line {i} ({place[0]} {place[1]}–{place[2]})"
        text = texts.get(place[0], "")[place[1] : place[2]]
        if place in seen:
            faults.append(Fault(where, "", "the same line twice", "each line once"))
        elif place[0] not in texts:
            faults.append(Fault(where, "document", shown(place[0]), "an id in corpus.documents"))
        elif not text or not _alike(plain_text(node), text):
            faults.append(Fault(where, "node", shown(node), f"what stands in the text there: {shown(text)}"))
        if len(mark) > _LONGEST_MARK or len(mark.splitlines()) > 1:
            faults.append(Fault(where, "mark", shown(mark), f"one line of at most {_LONGEST_MARK} characters"))
        for field, value in (("mark", mark), ("note", note or "")):
            if surrogates(value) >= 0:
                faults.append(Fault(where, field, "a lone surrogate", "Unicode text"))
        seen.add(place)
        before = known.pop((*place, text), None)
        said = before.note if note is None and before else note or ""
        if mark or said:
            known[*place, text] = _Mark(corpus.digest, mark, said)
    raise_faults("write_marks", faults, "Make the lines again with kwic(tokens, query); nothing was written.")
    rows = [(asked.source, asked.digest, m.corpus_digest, *words, m.mark, m.note) for words, m in sorted(known.items())]
    table = pd.DataFrame([[_guarded(value) for value in row] for row in rows], columns=list(COLUMNS))
    return write_whole(file, _BYTE_ORDER_MARK + table_bytes(table))


def read_marks(
    lines: pd.DataFrame,
    query: str | Query,
    corpus: Corpus,
    *,
    coder: str = "",
    folder: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """The lines with the columns ``mark`` and ``note`` that `write_marks` kept, empty where there is nothing.

    A mark belongs to a line if the statement is the same, the offsets are, and the same words stand there. A warning
    names marks that no longer fit, because the texts have changed, and says how many are of statements that this corpus
    does not hold; they stay in the file.

    Parameters
    ----------
    query, corpus, coder, folder
        As for `write_marks`.

    Raises
    ------
    MissingStep
        If there are no lines or no corpus.
    InputError
        For a file that is damaged: columns that are missing or unknown, offsets that are no whole numbers or do not fit
        the words beside them, the same place twice, another query; all faults at once.
    """
    check_lines("read_marks", lines)
    file = mark_file(query, corpus, coder=coder, folder=folder)
    known = _fitting(file, _read(file, _asked(query), corpus), corpus)
    found = [known.get(place) for place in _places("read_marks", lines)]
    columns = {name: [getattr(m, name) if m else "" for m in found] for name in ("mark", "note")}
    return lines.assign(**{name: pd.array(values, dtype="str") for name, values in columns.items()})


def mark_file(
    query: str | Query, corpus: Corpus, *, coder: str = "", folder: str | os.PathLike[str] | None = None
) -> Path:
    """Where the marks of a query are kept: a file named by the query's digest, and by the coder where one is given.

    >>> corpus = Corpus(pd.DataFrame({"id": ["a"], "date": "2021", "language": "zh", "text": ["净化网络"]}))
    >>> mark_file("净化  网络", corpus, folder="m") == mark_file("净化 网络", corpus, folder="m")
    True
    >>> mark_file("净化", corpus, coder="Lin", folder="m").name
    '223aa52eb578c298-Lin.csv'
    """
    if not isinstance(corpus, Corpus):
        raise MissingStep(f"marks belong to texts: pass the Corpus, not {type(corpus).__name__}.")
    name = _asked(query).digest.removeprefix("sha256:")[:16] + (f"-{check_name(coder, 'coder')}" if coder else "")
    if folder is not None:
        return Path(folder) / f"{name}.csv"
    return home() / "corpus" / "own" / "marks" / check_name(corpus.name, "corpus") / f"{name}.csv"


def count_marks(lines: pd.DataFrame) -> pd.DataFrame:
    """How often each mark was given: one row per mark, the most frequent first, lines without a mark last.

    Columns: ``mark`` (empty for lines without), ``lines``, ``documents`` (statements with such a line), ``share`` = lines /
    all lines. The shares describe the lines that were read, no more.

    >>> lines = pd.DataFrame({"document": ["a", "a", "b", "c"], "date": "2021", "left": "", "node": "净化", "right": "",
    ...     "start": [0, 9, 0, 0], "end": [2, 11, 2, 2], "mark": ["network", "network", "physical", ""]})
    >>> count_marks(lines).values.tolist()
    [['network', 2, 1, 0.5], ['physical', 1, 1, 0.25], ['', 1, 1, 0.25]]
    """
    check_lines("count_marks", lines)
    if "mark" not in lines:
        raise MissingStep("lines lack the column mark: read_marks(lines, query, corpus) adds it.")
    marks = pd.Series([_clean(value) for value in lines["mark"]], dtype="str")
    grouped = pd.DataFrame({"mark": marks, "document": lines["document"].to_numpy()}).groupby("mark")["document"]
    table = grouped.agg(lines="size", documents="nunique").reset_index()
    table["share"] = table["lines"] / max(len(lines), 1)
    table = table.assign(unmarked=table["mark"] == "", fewer=-table["lines"])
    table = table.sort_values(["unmarked", "fewer", "mark"], ignore_index=True)
    return round_significant(table[["mark", "lines", "documents", "share"]])


def _guarded(value: str | int) -> str | int:
    """Text that a spreadsheet would take for a formula, with the apostrophe that keeps it text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _unguarded(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def _asked(query: str | Query) -> Query:
    return query if isinstance(query, Query) else parse_query(query)


def _clean(value: object) -> str:
    return normalize("NFC", plain_text(value)).strip()


def _places(subject: str, lines: pd.DataFrame) -> list[Place]:
    """The statement and the offsets of each line."""
    faults = [
        Fault("lines", column, f"values of the type {lines[column].dtype}", "whole numbers")
        for column in ("start", "end")
        if len(lines) and not pd.api.types.is_integer_dtype(lines[column])
    ]
    raise_faults(subject, faults, "Make the lines again with kwic(tokens, query).")
    return list(zip(*(lines[column].tolist() for column in ("document", "start", "end")), strict=True))


def _alike(node: str, text: str) -> bool:
    """Whether a node may be the text that tokens spell: without its white space, in any case, ``…`` for a removed token."""
    if node == text:
        return True
    parts = [re.escape(re.sub(r"\s", "", part)) for part in fold(node).split("…")]
    return re.fullmatch(".*".join(parts), re.sub(r"\s", "", fold(text)), re.DOTALL) is not None


def _read(file: Path, query: Query, corpus: Corpus) -> dict[Words, _Mark]:
    """The marks in the file, the whole of it checked."""
    if not file.exists():
        return {}
    rows, _ = read_sheet(file)
    faults: list[Fault] = []
    header = list(rows[0][1]) if rows else decode(file.read_bytes())[0].strip().split(",")
    if set(header) != set(COLUMNS):
        for column in (c for c in COLUMNS if c not in header):
            faults.append(Fault(str(file), "columns", f"no column {column}", ", ".join(COLUMNS)))
        for column in (c for c in header if c not in COLUMNS):
            faults.append(Fault(str(file), "columns", f"an unknown column {shown(column)}", ", ".join(COLUMNS)))
        raise_faults(str(file), faults, _MEND)
    texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    marks: dict[Words, _Mark] = {}
    for number, row in rows:
        where, row = f"{file}, row {number}", {column: _unguarded(value) for column, value in row.items()}
        wrong = _faults_of_row(where, row, query)
        faults += wrong
        if wrong:
            continue
        document, start, end, node = words = (row["document"], int(row["start"]), int(row["end"]), row["node"])
        if words in marks:
            faults.append(Fault(where, "", f"{shown(node)} at {document} {start}–{end} twice", "each line once"))
        elif row["corpus_digest"] == corpus.digest and texts.get(document, "")[start:end] != node:
            stands = texts[document][start:end] if document in texts else "no statement of this id"
            faults.append(Fault(where, "node", shown(node), f"what stands in the text there: {shown(stands)}"))
        marks[words] = _Mark(row["corpus_digest"], row["mark"].strip(), row["note"].strip())
    raise_faults(str(file), faults, _MEND)
    return marks


_MEND = "Mend the file, or move it away to begin anew; it stays as it is."


def _faults_of_row(where: str, row: dict[str, str], query: Query) -> list[Fault]:
    faults = [
        Fault(where, column, shown(row[column]), "a whole number of at least 0")
        for column in ("start", "end")
        if not re.fullmatch(r"[0-9]{1,10}", row[column])
    ]
    if not row["document"]:
        faults.append(Fault(where, "document", "nothing", "the id of a statement"))
    if row["query_digest"] != query.digest:
        faults.append(Fault(where, "query_digest", shown(row["query_digest"]), f"that of {shown(query.source)}"))
    if not faults and int(row["end"]) - int(row["start"]) != len(row["node"]):
        received = f"{row['start']} to {row['end']}"
        faults.append(
            Fault(where, "start, end", received, f"the {len(row['node'])} characters of {shown(row['node'])}")
        )
    if len(row["mark"].strip()) > _LONGEST_MARK or len(row["mark"].strip().splitlines()) > 1:
        accepted = f"one line of at most {_LONGEST_MARK} characters"
        faults.append(Fault(where, "mark", shown(row["mark"]), accepted))
    return faults


def _fitting(file: Path, marks: dict[Words, _Mark], corpus: Corpus) -> dict[Place, _Mark]:
    """The marks of words that still stand where they stood; of the others it is told."""
    texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    fitting: dict[Place, _Mark] = {}
    changed, elsewhere = [], 0
    for (document, start, end, node), mark in marks.items():
        if document not in texts:
            elsewhere += 1
        elif (stands := texts[document][start:end]) != node:
            changed.append(f"{document} {start}–{end}: {shown(node)}, now {shown(stands)}")
        else:
            fitting[document, start, end] = mark
    if changed:
        many = f"{len(changed)} marks no longer fit" if len(changed) > 1 else "1 mark no longer fits"
        listed = "; ".join(changed[:10]) + (" …" if len(changed) > 10 else "")
        stay = "stay" if len(changed) > 1 else "stays"
        warn(f"{many} the texts, which have changed, and {stay} in {file}: {listed}.")
    if elsewhere:
        many = f"{elsewhere} marks are" if elsewhere > 1 else "1 mark is"
        stay = "stay" if elsewhere > 1 else "stays"
        warn(f"{many} of statements that this corpus does not hold, and {stay} in {file}.")
    return fitting
