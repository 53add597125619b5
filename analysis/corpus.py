"""The corpus: statements with their metadata, validated once, then frozen."""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from analysis.boundaries import count_characters
from analysis.dates import parse_date, written_date
from analysis.encoding import surrogates
from analysis.errors import Fault, InputError, raise_faults, shown, warn
from analysis.selection import canonical_value, date_extent, plain_text, selected_rows

__all__ = ["LANGUAGES", "OPTIONAL", "REQUIRED", "Corpus"]

REQUIRED = ("id", "date", "language", "text")
OPTIONAL = ("title", "issuer", "speaker", "source", "url", "translation_of")
LANGUAGES = ("zh", "en")
#: Columns that are worked out, not read: they are never written.
DERIVED = ("date_precision", "characters")

_BAD_IN_ID = re.compile(r'[\s/\\*?"<>|\x00-\x1f\x7f]')


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """A corpus of official statements: one row per statement in ``documents``.

    Parameters
    ----------
    documents
        Columns ``id, date, language, text`` are required; ``title, issuer,
        speaker, source, url, translation_of`` are filled with empty strings
        where absent; any further column is kept. ``date`` is a date or a text
        such as ``2021-05-07``, ``2021-05`` or ``2021``: what was written decides
        ``date_precision`` (day, month, year). Text is normalised to NFC.
    name
        What the corpus is called in tables and figures.
    about
        What its ``corpus.toml`` says: title, description, licence, citation,
        provenance, ``constructed`` (true if the texts were made up).

    Raises
    ------
    InputError
        Naming every row and field that is wrong, what was received and what
        is accepted.

    Examples
    --------
    >>> corpus = Corpus(pd.DataFrame({"id": ["a", "b"], "date": ["2021-05-07", "2021"],
    ...     "language": ["zh", "zh"], "text": ["净化网络环境。", "保护未成年人。"]}), name="two")
    >>> corpus
    <Corpus two: 2 documents, 12 characters (zh 2), 2021, 0 issuers>
    >>> corpus.documents[["id", "date_precision", "characters"]].values.tolist()
    [['a', 'day', 6], ['b', 'year', 6]]
    """

    table: pd.DataFrame = field(metadata={"private": True})
    name: str
    about: Mapping[str, Any]
    digest: str

    def __init__(self, documents: pd.DataFrame, name: str = "corpus", about: Mapping[str, Any] | None = None) -> None:
        table = _validated(documents, name)
        self._fill(table, name, about or {})

    def _fill(self, table: pd.DataFrame, name: str, about: Mapping[str, Any]) -> None:
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "about", MappingProxyType(dict(about)))
        object.__setattr__(self, "digest", _digest(table))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.table, self.name, dict(self.about)))

    @property
    def documents(self) -> pd.DataFrame:
        """One row per statement, as a copy that is yours to change."""
        return self.table.copy()

    @property
    def constructed(self) -> bool:
        """Whether the texts were made up for teaching and testing."""
        return bool(self.about.get("constructed", False))

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        mark = ", constructed texts" if self.constructed else ""
        return f"<Corpus {self.name}: {self._summary()}{mark}>"

    def _summary(self) -> str:
        table = self.table
        languages = ", ".join(f"{k} {v:,}" for k, v in table["language"].value_counts().sort_index().items())
        written = _written_dates(table)
        starts, ends = date_extent(table)
        first, last = written[int(starts.argmin())][:10], written[int(ends.argmax())][:10]
        issuers = table.loc[table["issuer"] != "", "issuer"].nunique()
        span = first if first == last else f"{first} to {last}"
        return (
            f"{len(table):,} documents, {int(table['characters'].sum()):,} characters ({languages}), "
            f"{span}, {issuers} issuers"
        )

    def _repr_html_(self) -> str:
        title = html.escape(str(self.about.get("title", self.name)))
        mark = " <b>Constructed texts: they say nothing about any real body.</b>" if self.constructed else ""
        head = self.table[["id", "date", "language", "issuer", "title", "characters"]].head(5)
        rows = head.assign(date=_written_dates(self.table.head(5))).to_html(index=False, border=0)
        return f"<p><b>{title}</b>: {html.escape(self._summary())}.{mark}</p>{rows}"

    def select(
        self, selection: str | None = None, *, since: str | None = None, until: str | None = None, **columns: Any
    ) -> Corpus:
        """The statements whose metadata are as asked, as a corpus of its own.

        ``selection`` is the name of one that the corpus brings along (``panel``;
        ``about["selections"]`` lists them, each with the keywords that it stands
        for); what else is asked narrows it. ``since`` and ``until`` are dates such
        as ``2018-07-01``, ``2018-07`` or ``2018``; both ends are included, and the
        whole month or year is meant where no day is given. A statement dated less
        exactly than a bound can tell apart is kept only if its whole month or year
        lies within. Every other keyword is a column with one value or a list of
        them; ``2021`` and ``"2021"`` are the same value, as they are in a file.

        Raises
        ------
        InputError
            For a selection, column or value that is not there, or if nothing is left.

        >>> table = pd.DataFrame({"id": ["a", "b"], "date": ["2017-12-31", "2018-01-01"],
        ...     "language": ["zh", "zh"], "text": ["一", "二"]})
        >>> Corpus(table).select(since="2018").documents.id.tolist()
        ['b']
        >>> Corpus(table, about={"selections": {"old": {"until": "2017"}}}).select("old").documents.id.tolist()
        ['a']
        """
        named = self.about.get("selections", {})
        keep = selected_rows(self.table, f"corpus {self.name}", named, selection, since, until, columns)
        selected = object.__new__(Corpus)  # valid rows stay valid: no need to check them again
        selected._fill(self.table[keep].reset_index(drop=True), self.name, self.about)
        return selected


def _written_dates(table: pd.DataFrame) -> list[str]:
    return [written_date(d, p) for d, p in zip(table["date"], table["date_precision"], strict=True)]


def _validated(documents: pd.DataFrame, name: str) -> pd.DataFrame:
    if not isinstance(documents, pd.DataFrame):
        raise InputError(
            f"corpus {name}",
            [Fault("documents", "", f"a {type(documents).__name__}", "a pandas DataFrame, one row per statement")],
        )
    columns = [str(c) for c in documents.columns]
    faults = [
        Fault(f"corpus {name}", "columns", f"no column {c} among {', '.join(columns)[:200]}", ", ".join(REQUIRED))
        for c in REQUIRED
        if c not in columns
    ]
    faults += [
        Fault(f"corpus {name}", "columns", f"{c!r} twice", "each column once")
        for c in dict.fromkeys(c for c in columns if columns.count(c) > 1)
    ]
    faults += [
        Fault(f"corpus {name}", "columns", f"a lone surrogate in {shown(c)}", "Unicode text")
        for c in columns
        if surrogates(c) >= 0
    ]
    if not len(documents):
        faults.append(Fault(f"corpus {name}", "documents", "no statements", "at least one"))
    raise_faults(f"corpus {name}", faults)

    # As objects, so that no value changes on the way: a gap would make floats of large numbers.
    table = pd.DataFrame(dict(zip(columns, documents.to_dict("list").values(), strict=True)), dtype=object)
    ids = [unicodedata.normalize("NFC", plain_text(v)).strip() for v in table["id"]]
    where = [f"row {i + 1}" + (f" ({identifier})" if identifier else "") for i, identifier in enumerate(ids)]
    faults += _id_faults(ids, where)
    dates, precisions, faulty = _dates(table, where)
    faults += faulty
    languages = [plain_text(v).strip() for v in table["language"]]
    faults += [
        Fault(w, "language", shown(v), " or ".join(LANGUAGES))
        for w, v in zip(where, languages, strict=True)
        if v not in LANGUAGES
    ]
    texts = []
    for w, value in zip(where, table["text"], strict=True):
        text = unicodedata.normalize("NFC", plain_text(value))
        at = surrogates(text)
        if not text.strip():
            faults.append(Fault(w, "text", "an empty text", "a text; leave the statement out if it is lost"))
        elif at >= 0:
            faults.append(
                Fault(
                    w,
                    "text",
                    f"a lone surrogate (U+{ord(text[at]):04X}) at character {at}",
                    "Unicode text; read the source again in its right encoding",
                )
            )
        texts.append(text)
    plain = {
        c: [unicodedata.normalize("NFC", plain_text(v)).strip() for v in table[c]] if c in table else [""] * len(table)
        for c in OPTIONAL
    }
    extra = {c: table[c].tolist() for c in table.columns if c not in (*REQUIRED, *OPTIONAL, *DERIVED)}
    for column, values in {**plain, **extra}.items():
        faults += [
            Fault(w, column, "a lone surrogate", "Unicode text")
            for w, v in zip(where, values, strict=True)
            if surrogates(canonical_value(v)) >= 0
        ]
    faults += [
        Fault(w, "translation_of", "its own id", "the id of the original, or nothing")
        for w, i, t in zip(where, ids, plain["translation_of"], strict=True)
        if t and t == i
    ]
    raise_faults(f"corpus {name}", faults, "Mend these and read again; nothing was taken over.")

    result = pd.DataFrame(
        {
            "id": ids,
            "date": pd.Series(dates, dtype="datetime64[us]"),
            "date_precision": precisions,
            "language": languages,
            **plain,
            **{c: _as_found(values) for c, values in extra.items()},
            "text": texts,
            "characters": [count_characters(t) for t in texts],
        }
    )
    return result.astype({"characters": "int64"})


def _as_found(values: list[Any]) -> pd.Series:
    """``values`` as a column of their own type, unless that would change one of them."""
    column = pd.Series(values, dtype=object)
    inferred = column.infer_objects()
    same = all(canonical_value(a) == canonical_value(b) for a, b in zip(column, inferred, strict=True))
    return inferred if same else column


def _id_faults(ids: list[str], where: list[str]) -> list[Fault]:
    faults = []
    accepted = 'a unique name without white space / \\ * ? " < > |, not beginning with . or -, at most 150 bytes'
    seen: dict[str, str] = {}
    for identifier, w in zip(ids, where, strict=True):
        folded = unicodedata.normalize("NFC", identifier).casefold()
        if (
            not identifier
            or identifier[0] in ".-~"
            or _BAD_IN_ID.search(identifier)
            or surrogates(identifier) >= 0
            or len(identifier.encode()) > 150
        ):
            faults.append(Fault(w, "id", shown(identifier), accepted))
        elif folded in seen:
            # Letters' case does not tell ids apart: some file systems cannot keep both.
            faults.append(
                Fault(
                    w,
                    "id",
                    f"{shown(identifier)}, which {seen[folded]} has already",
                    "an id that no other statement has",
                )
            )
        seen.setdefault(folded, w)
    return faults


def _dates(table: pd.DataFrame, where: list[str]) -> tuple[list[dt.datetime | None], list[str], list[Fault]]:
    dates: list[dt.datetime | None] = []
    precisions: list[str] = []
    faults: list[Fault] = []
    for w, value in zip(where, table["date"], strict=True):
        try:
            moment, precision = parse_date(value if isinstance(value, dt.date) else plain_text(value))
        except ValueError as error:
            faults.append(Fault(w, "date", shown(plain_text(value)) if plain_text(value) else "no date", str(error)))
            moment, precision = None, "day"
        dates.append(moment)
        precisions.append(precision)
    if "date_precision" in table:
        stated = [plain_text(v).strip() for v in table["date_precision"]]
        order = ("year", "month", "day")
        unknown = sorted({s for s in stated if s and s not in order})
        if unknown:
            warn(
                f"date_precision holds {', '.join(unknown)}, which is none of day, month, year: "
                "there the precision is read from the date as it is written, and the word is kept in date_note."
            )
            table["date_note"] = [s if s in unknown else "" for s in stated]
        # The coarser of what is stated and what is written: neither adds knowledge.
        precisions = [min(s if s in order else p, p, key=order.index) for s, p in zip(stated, precisions, strict=True)]
        dates = [d and _first_moment(d, p) for d, p in zip(dates, precisions, strict=True)]
    return dates, precisions, faults


def _first_moment(moment: dt.datetime, precision: str) -> dt.datetime:
    if precision == "day":
        return moment
    return dt.datetime(moment.year, moment.month if precision == "month" else 1, 1)


def _digest(table: pd.DataFrame) -> str:
    columns = sorted(c for c in table.columns if c not in (*DERIVED, "date"))
    values = {c: [canonical_value(v) if c != "text" else v for v in table[c]] for c in columns}
    values["date"] = _written_dates(table)
    order = sorted(range(len(table)), key=values["id"].__getitem__)
    result = hashlib.sha256()
    for column in sorted(values):
        if column not in REQUIRED and not any(values[column]):
            continue
        for part in (column, *(values[column][i] for i in order)):
            data = part.encode("utf-8")
            result.update(len(data).to_bytes(8, "little") + data)
    return "sha256:" + result.hexdigest()
