"""Government Work Reports: a public repository's Markdown files to statements and their parts."""

from __future__ import annotations

import csv
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import Fault, InputError, raise_faults, shown
from analysis.files import home
from analysis.report_files import read_report
from analysis.report_parts import parts

__all__ = ["PART_COLUMNS", "SET_ASIDE_COLUMNS", "Adapted", "read_work_reports", "selections", "similarity"]

PART_COLUMNS = ("document", "part", "start", "end")
SET_ASIDE_COLUMNS = ("source", "id", "same_as", "similarity", "reason")
_LEAST_ALIKE = 0.9  # similarity of a file that is set aside to the one it repeats
_CORRECTED = ("year", "date", "speaker", "genre", "title", "url")


@dataclass(frozen=True, eq=False)
class Adapted:
    """What an adapter makes of fetched files: ``statements`` for a `Corpus`, and tables that go with them."""

    statements: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    selections: Mapping[str, Mapping[str, Any]]


def read_work_reports(folder: Path, paths: Sequence[str], *, data: Path | None = None) -> Adapted:
    """The Government Work Reports among ``paths`` (below ``folder``) as statements, with their parts.

    ``statements`` has one row per report, in the order of ``places.csv`` and the
    years: ``id`` (``central-1954``, ``jiangsu-2023``), ``date`` (as exact as it
    is known), ``language``, ``title``, ``issuer``, ``speaker`` (empty where the
    file names none), ``source`` (the path in the repository), ``url``, ``level``
    (central, province), ``place``, ``place_en``, ``type`` (of the place),
    ``year`` (of the report, a whole number), ``genre`` (report; plan, budget or
    agriculture for six that stood in for one), ``variant`` (of a report that is
    there in two versions), ``abridged``, ``date_from`` and ``text``. What the
    text is, and what stays out of it, is told by `report_files.read_report`.

    ``date`` is the day (or month) of the session from the lines above the text
    (``date_from`` "text"), from the file's title or a picture's caption
    ("title", "caption") or from ``corrections.toml`` ("correction"); else the
    report's year alone ("year"), never the day on which a web page was posted.

    ``tables`` are ``parts`` (one row per part of a report: ``document, part,
    start, end``; see `report_parts.parts`) and ``set_aside`` (one row per file
    that repeats another: ``source, id, same_as, similarity, reason``).

    Parameters
    ----------
    data
        The folder with ``places.csv`` and ``corrections.toml``;
        ``corpus/work-reports`` by default.

    Raises
    ------
    InputError
        Listing every file whose folder, name or text is not understood, and
        every correction that does not apply to what is there.
    """
    data = home() / "corpus" / "work-reports" if data is None else data
    faults: list[Fault] = []
    places = _read_places(data / "places.csv")
    known = _read_corrections(data / "corrections.toml")
    rows: dict[str, dict[str, Any]] = {}
    for path in paths:
        row = _row(folder, path, places, faults)
        if row is not None:
            rows[path] = row
    _absent(known, paths, faults)
    _correct(rows, known["correction"], faults)
    _cut(rows, known["cut"], faults)
    for row in rows.values():
        row["id"] = "-".join(p for p in (row["slug"], str(row["year"]), row["variant"]) if p)
    aside = _set_aside(rows, known["repeat"], faults)
    seen: dict[str, str] = {}
    for path, row in rows.items():
        if row["id"] in seen:
            accepted = "one report a place and year; set one aside in corrections.toml if it repeats the other"
            faults.append(Fault(path, "year", f"{row['year']}, as in {seen[row['id']]}", accepted))
        seen.setdefault(row["id"], path)
    raise_faults("work reports", faults, "These files or corpus/work-reports/ have changed; bring them together again.")
    order = {place["slug"]: number for number, place in enumerate(places.values())}
    in_order = sorted(rows.values(), key=lambda row: (order[row["slug"]], row["year"], row["variant"]))
    statements = pd.DataFrame(in_order).drop(columns="slug")
    found = [
        (row.id, part, start, end)
        for row in statements.itertuples(index=False)
        for start, end, part in parts(row.text, row.year)
    ]
    tables = {"parts": pd.DataFrame(found, columns=list(PART_COLUMNS)), "set_aside": aside}
    return Adapted(statements, tables, selections(statements))


def selections(statements: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Named choices of ``statements``, as keywords of `Corpus.select`.

    ``central`` is one report a year of the State Council (no plan or budget
    reports, and of 1964 the speech rather than the agency's summary); ``panel``
    is every provincial-level unit from 2003 on, and ``complete`` those of them
    that have a report for every year.
    """
    central = statements[(statements["level"] == "central") & (statements["genre"] == "report")]
    local = statements[(statements["level"] == "province") & (statements["year"] >= 2003)]
    named: dict[str, dict[str, Any]] = {}
    if len(central):
        variants = [v for v in dict.fromkeys(central["variant"]) if v != "summary"]
        named["central"] = {"level": "central", "genre": "report", "variant": variants}
    if len(local):
        years = list(range(2003, int(local["year"].max()) + 1))
        reports = local.groupby("place", sort=False)["year"].nunique()
        named["panel"] = {"level": "province", "year": years}
        whole = [str(p) for p in reports.index if reports[p] == len(years)]
        if whole:
            named["complete"] = {"level": "province", "year": years, "place": whole}
    return named


# ------------------------------------------------------------------------------ files


_YEAR_FILE = re.compile(r"(\d{4})(?:-([a-z]+))?\.md")


def _row(folder: Path, path: str, places: Mapping[str, dict[str, str]], faults: list[Fault]) -> dict[str, Any] | None:
    parent, _, name = path.rpartition("/")
    match = _YEAR_FILE.fullmatch(name)
    if match is None or parent not in places:
        faults.append(Fault(path, "path", shown(path), "a folder of places.csv and a file such as 1954.md"))
        return None
    place, year = places[parent], int(match[1])
    try:
        report = read_report((folder / path).read_bytes().decode("utf-8-sig"), year)
    except ValueError as error:  # a UnicodeDecodeError is one
        faults.append(Fault(path, "file", str(error), "a report in Markdown and UTF-8 whose mark-up is known"))
        return None
    return {
        "id": "",
        "date": report["date"],
        "language": "zh",
        "title": report["title"],
        "issuer": place["issuer"],
        "speaker": report["speaker"],
        "source": path,
        "url": report["url"],
        "level": place["level"],
        "place": place["place"],
        "place_en": place["place_en"],
        "type": place["type"],
        "year": year,
        "genre": "report",
        "variant": match[2] or "",
        "abridged": report["abridged"],
        "date_from": report["date_from"],
        "slug": place["slug"],
        "text": report["text"],
    }


# -------------------------------------------------------------- corrections as data


_PLACE_COLUMNS = ("folder", "place", "place_en", "slug", "issuer", "level", "type")


def _read_places(path: Path) -> dict[str, dict[str, str]]:
    """What is known of the place of each folder."""
    with open(path, encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        if tuple(reader.fieldnames or ()) != _PLACE_COLUMNS:
            received = ", ".join(reader.fieldnames or ["nothing"])
            raise InputError(str(path), [Fault(str(path), "columns", received, ", ".join(_PLACE_COLUMNS))])
        return {row["folder"]: row for row in reader}


_FIELDS = {
    "correction": {"path", "field", "was", "now", "reason"},
    "cut": {"path", "first", "last", "sha256", "reason"},
    "repeat": {"path", "same_as", "reason"},
}


def _read_corrections(path: Path) -> dict[str, list[dict[str, Any]]]:
    """What is known to be wrong: fields of a file, lines that stand twice in it, files that repeat another."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(str(path), [Fault(str(path), "TOML", str(error), "TOML in UTF-8")]) from None
    faults = [
        Fault(str(path), "table", shown(kind), ", ".join(f"[[{k}]]" for k in _FIELDS))
        for kind in sorted(set(content) - set(_FIELDS))
    ]
    for kind, fields in _FIELDS.items():
        for number, entry in enumerate(content.get(kind, []), start=1):
            where = f"[[{kind}]] {number}"
            if set(entry) != fields or not str(entry["reason"]).strip():
                faults.append(
                    Fault(str(path), where, ", ".join(sorted(entry)), ", ".join(sorted(fields)) + ", each filled")
                )
            elif kind == "correction" and entry["field"] not in _CORRECTED:
                faults.append(Fault(str(path), f"{where}, field", shown(entry["field"]), ", ".join(_CORRECTED)))
    raise_faults(str(path), faults)
    return {kind: content.get(kind, []) for kind in _FIELDS}


def _absent(known: Mapping[str, list[dict[str, Any]]], paths: Iterable[str], faults: list[Fault]) -> None:
    there = set(paths)
    faults += [
        Fault(entry[field], kind, "no such file among those fetched", "a file that is there, or take the entry out")
        for kind, entries in known.items()
        for entry in entries
        for field in ("path", "same_as")
        if entry.get(field, next(iter(there), "")) not in there
    ]


def _correct(rows: dict[str, dict[str, Any]], corrections: Iterable[Mapping[str, Any]], faults: list[Fault]) -> None:
    for correction in corrections:
        path, field = correction["path"], correction["field"]
        if path in rows:
            if rows[path][field] != correction["was"]:
                faults.append(
                    Fault(
                        path,
                        f"correction of {field}",
                        f"{shown(rows[path][field])} in the file",
                        f"{shown(correction['was'])}, which is to become {shown(correction['now'])}; "
                        "the correction no longer applies: take it out or renew it",
                    )
                )
            rows[path][field] = correction["now"]
            if field == "date":
                rows[path]["date_from"] = "correction"
    for path, row in rows.items():
        row["date"] = row["date"] or str(row["year"])
        first = f"{row['year'] - 1}-10"  # some speak in the autumn or winter before
        if not (first <= row["date"] <= f"{row['year']}-12-31" or row["date"] == str(row["year"])):
            faults.append(
                Fault(path, "date", row["date"], f"a date from {first} to the end of {row['year']}, or a correction")
            )


def _cut(rows: dict[str, dict[str, Any]], cuts: Iterable[Mapping[str, Any]], faults: list[Fault]) -> None:
    """Take lines ``first`` to ``last`` (from 1) out of cleaned texts, if they are still the ones meant."""
    for cut in cuts:
        if cut["path"] in rows:
            row = rows[cut["path"]]
            lines = row["text"].split("\n")
            taken = "\n".join(lines[cut["first"] - 1 : cut["last"]])
            digest = hashlib.sha256(taken.encode("utf-8")).hexdigest()
            if digest != cut["sha256"]:
                faults.append(
                    Fault(
                        cut["path"],
                        f"cut of lines {cut['first']} to {cut['last']}",
                        f"lines with SHA-256 {digest}",
                        f"{cut['sha256']}; the cut no longer applies: take it out or renew it",
                    )
                )
            row["text"] = "\n".join(lines[: cut["first"] - 1] + lines[cut["last"] :])


def _set_aside(
    rows: dict[str, dict[str, Any]], repeats: Iterable[Mapping[str, str]], faults: list[Fault]
) -> pd.DataFrame:
    """Take the files that repeat another out of ``rows``; one row per file set aside."""
    aside = []
    for repeat in repeats:
        path, other = repeat["path"], repeat["same_as"]
        if path in rows and other in rows:
            alike = similarity(rows[path]["text"], rows[other]["text"])
            if alike < _LEAST_ALIKE:
                faults.append(
                    Fault(
                        path,
                        "repeat",
                        f"similarity {alike:.2f} to {other}",
                        f"at least {_LEAST_ALIKE}; the file repeats it no more: take the entry out",
                    )
                )
            aside.append((path, rows[path]["id"], rows[other]["id"], round(alike, 3), repeat["reason"]))
            del rows[path]
    return pd.DataFrame(aside, columns=list(SET_ASIDE_COLUMNS))


def similarity(first: str, second: str, *, width: int = 5) -> float:
    """Jaccard similarity of the sets of ``width``-character sequences of two texts, white space apart.

    Shared sequences over all sequences that occur in either; 1 for texts too
    short to hold one and equal, else 0.

    >>> similarity("净化网络环境", "净化网络环境。")  # 2 of 3
    0.6666666666666666
    """
    sets = []
    for text in (first, second):
        text = "".join(text.split())
        sets.append({text[i : i + width] for i in range(len(text) - width + 1)})
    union = len(sets[0] | sets[1])
    return len(sets[0] & sets[1]) / union if union else float("".join(first.split()) == "".join(second.split()))
