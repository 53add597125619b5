"""Corpora on disk: a folder of Markdown statements, CSV, JSON Lines or Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from analysis.corpus import DERIVED, OPTIONAL, Corpus
from analysis.dates import written_date
from analysis.encoding import mojibake, surrogates
from analysis.errors import Fault, InputError, MissingStep, TifaError, raise_faults, shown
from analysis.files import put_folder, resolve, written_whole
from analysis.front_matter import split_front_matter, with_front_matter
from analysis.selection import canonical_value
from analysis.toml_text import toml_text

__all__ = ["FORMATS", "read_corpus", "write_corpus"]

FORMATS = ("md", "csv", "jsonl", "parquet")
_FILE = "\0file"  # where a record stands; a name that no column of hers has


def read_corpus(name: str | os.PathLike[str], *, max_megabytes: float = 10) -> Corpus:
    """Read a corpus by its name (a folder in ``corpus/``, ``corpus/own/`` or ``corpus/fetched/``) or by its path.

    A path is a folder (``corpus.toml`` and either ``statements/*.md`` or one of
    ``statements.csv``, ``.jsonl``, ``.parquet``) or one such file. A corpus whose
    texts do not ship is read from ``corpus/fetched/``, once they were fetched.

    Parameters
    ----------
    max_megabytes
        Largest size of one statement, in millions of bytes of UTF-8. Larger
        ones are mostly files put together by mistake; raise it if yours is real.

    Raises
    ------
    TifaError
        If there is nothing of that name.
    MissingStep
        If only counts of that corpus ship and its texts were not fetched.
    InputError
        Listing every file and field that is wrong; nothing is read by halves.
    """
    path = _fetched(resolve(name, "corpus", "corpus/own", "corpus/fetched"))
    faults: list[Fault] = []
    about = _read_about(path / "corpus.toml", faults) if path.is_dir() else {}
    statements = _statements_path(path)
    records = _READERS[statements.suffix if statements.is_file() else "dir"](statements, faults)
    complete = not faults
    limit = int(max_megabytes * 1e6)
    for record in records:
        _gate(record, limit, faults)
    if not records and not faults:
        faults.append(Fault(str(statements), "statements", "no statements", "at least one"))
    table = pd.DataFrame(records, dtype=object)
    if records and complete and not about.get("excerpt"):
        _known_originals(table, faults)
    title = f"corpus at {path}"
    if faults and records:
        # What is wrong inside the statements belongs into the same list.
        try:
            Corpus(table.drop(columns=_FILE))
        except InputError as error:
            faults += _named_by_file(error.faults, table)
    raise_faults(title, faults, "Mend these and read again; `tifa check` lists them all.")
    try:
        return Corpus(table.drop(columns=_FILE), str(about.get("name", path.stem)), about)
    except InputError as error:
        raise InputError(title, _named_by_file(error.faults, table), error.next_step) from None


def _fetched(path: Path) -> Path:
    """``path``, or where its texts were fetched to if it is a corpus of which only counts ship."""
    shelf, name = path.parent, path.name
    if shelf.name == "fetched" and shelf.parent.name == "corpus":
        shelf = shelf.parent
    elif shelf.name != "corpus" or not path.is_dir() or any(path.glob("statements*")):
        return path
    fetched, register = shelf / "fetched" / name, shelf / "sources.toml"
    if (fetched / "corpus.toml").is_file():  # written last: the rest is whole
        return fetched
    if not register.is_file() or f"\n[{name}]" not in "\n" + register.read_text(encoding="utf-8", errors="replace"):
        return path
    raise MissingStep(
        f"The texts of {name} are not here: only counts of them ship with the project. "
        f"`tifa fetch {name}` brings the texts; read_counts({name!r}) and read_tallies({name!r}) read the counts."
    )


def _statements_path(path: Path) -> Path:
    if path.is_file():
        if path.suffix.lstrip(".") in FORMATS:
            return path
        raise InputError(
            str(path),
            [Fault(str(path), "file", f"a {path.suffix or 'nameless'} file", ", ".join("." + f for f in FORMATS))],
            "`tifa new NAME PATH` makes a corpus from text files or a spreadsheet.",
        )
    found = [p for p in (path / "statements",) if p.is_dir()]
    found += [p for p in (path / f"statements.{f}" for f in FORMATS[1:]) if p.is_file()]
    if len(found) == 1:
        return found[0]
    if not found and any(path.glob("*.md")) and not (path / "corpus.toml").exists():
        return path
    received = " and ".join(p.name for p in found) if found else "neither"
    raise InputError(
        f"corpus at {path}",
        [
            Fault(
                str(path),
                "statements",
                received,
                "exactly one of statements/, statements.csv, statements.jsonl, statements.parquet",
            )
        ],
        "`tifa new NAME FOLDER` makes such a folder from your own files.",
    )


def _read_about(path: Path, faults: list[Fault]) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        about = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        faults.append(Fault(str(path), "TOML", str(error), "TOML in UTF-8"))
        return {}
    if not isinstance(about.get("constructed", False), bool):
        faults.append(Fault(str(path), "constructed", shown(about["constructed"]), "true or false"))
    named = about.get("selections", {})
    if not isinstance(named, dict) or not all(isinstance(v, dict) for v in named.values()):
        faults.append(Fault(str(path), "selections", shown(named), "a table [selections.NAME] for each"))
    return about


def _decoded(path: Path, faults: list[Fault]) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(
            Fault(
                str(path),
                f"byte {error.start}",
                shown(error.object[error.start : error.start + 4]),
                "UTF-8 (`tifa new` also reads GB18030)",
            )
        )
        return None


# ---------------------------------------------------------------- Markdown with front matter


def _read_markdown(path: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    files = [path] if path.is_file() else sorted(p for p in path.glob("[!.]*.md") if p.is_file())
    if path.is_dir() and path.name == "statements":
        faults += [
            Fault(str(p), "file", "a folder" if p.is_dir() else f"a {p.suffix or 'nameless'} file", ".md files alone")
            for p in sorted(set(path.iterdir()) - set(files))
            if not p.name.startswith(".")
        ]
    records = []
    for file in files:
        text = _decoded(file, faults)
        if text is None:
            continue
        try:
            fields, body = split_front_matter(text.replace("\r\n", "\n"))
        except ValueError as error:
            faults.append(
                Fault(
                    str(file),
                    "front matter",
                    str(error),
                    "--- on the first line, `field: value` lines, --- and the text below",
                )
            )
            continue
        if "text" in fields and body.strip():
            faults.append(Fault(str(file), "text", "a text both in the front matter and below it", "one of them"))
        records.append({"id": file.stem} | fields | {"text": fields.get("text", body), _FILE: str(file)})
    return records


# ------------------------------------------------------------------------- tables


def _read_csv(path: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    text = _decoded(path, faults)
    if text is None:
        return []
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    records = []
    try:
        _once(reader.fieldnames or (), str(path), faults)
        for number, row in enumerate(reader, start=1):
            where = f"{path}, row {number}"
            if None in row:
                faults.append(
                    Fault(
                        where, "row", f"{len(row) + len(row[None]) - 1} values", f"{len(row) - 1}, one for each column"
                    )
                )
            elif None in row.values():
                faults.append(
                    Fault(
                        where,
                        "row",
                        f"{sum(v is not None for v in row.values())} values",
                        f"{len(row)}, one for each column",
                    )
                )
            else:
                records.append({**row, _FILE: where})
    except csv.Error as error:
        faults.append(
            Fault(f"{path}, line {reader.reader.line_num}", "CSV", str(error), 'CSV with a header line, quoted with "')
        )
    return records


def _read_jsonl(path: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    text = _decoded(path, faults)
    records = []
    for number, line in enumerate((text or "").split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line, object_pairs_hook=lambda pairs: pairs)
        except (ValueError, RecursionError) as error:
            faults.append(Fault(where, "JSON", str(error), "one JSON object a line"))
            continue
        if not line.lstrip().startswith("{"):
            faults.append(Fault(where, "JSON", shown(record), "one JSON object a line"))
            continue
        if any(surrogates(k) >= 0 for k, _ in record):
            faults.append(Fault(where, "JSON", "a lone surrogate in the name of a field", "Unicode text"))
            continue
        _once([k for k, _ in record], where, faults)
        nested = [k for k, v in record if isinstance(v, list)]
        faults += [Fault(where, k, "a list or an object", "one value") for k in nested]
        records.append({**dict(record), _FILE: where})
    return records


def _read_parquet(path: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        faults.append(Fault(str(path), "Parquet", str(error).split("\n")[0], "a Parquet file"))
        return []
    _once(table.schema.names, str(path), faults)
    nested = [f.name for f in table.schema if pa.types.is_nested(f.type)]
    faults += [Fault(str(path), name, "a column of lists or structures", "one value a row") for name in nested]
    return [{**row, _FILE: f"{path}, row {i + 1}"} for i, row in enumerate(table.to_pylist())]


def _once(columns: Iterable[str], where: str, faults: list[Fault]) -> None:
    """Note every column that stands twice, of which only one would be read."""
    columns = list(columns)
    faults += [
        Fault(where, "columns", f"{shown(c)} twice", "each column once")
        for c in dict.fromkeys(columns)
        if columns.count(c) > 1
    ]


_READERS: dict[str, Callable[[Path, list[Fault]], list[dict[str, Any]]]] = {
    "dir": _read_markdown,
    ".md": _read_markdown,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}


# -------------------------------------------------------------------------- gates


def _gate(record: dict[str, Any], limit: int, faults: list[Fault]) -> None:
    text = record.get("text")
    if not isinstance(text, str):
        return
    where = record[_FILE]
    if len(text) * 4 > limit:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > limit:
            faults.append(
                Fault(where, "text", f"{size / 1e6:.1f} MB", f"at most {limit / 1e6:g} MB (max_megabytes= raises it)")
            )
            return
    damaged = mojibake(text)
    if damaged:
        start, end = damaged
        faults.append(
            Fault(
                where,
                "text",
                f"damaged characters at {start}: {shown(text[start:end], 24)}",
                "readable text; this looks like UTF-8 that was read as GBK and saved: go back to the source",
            )
        )


def _known_originals(table: pd.DataFrame, faults: list[Fault]) -> None:
    if "translation_of" not in table or "id" not in table:
        return
    ids = {canonical_value(v) for v in table["id"]}
    for where, original in zip(table[_FILE], table["translation_of"], strict=True):
        if canonical_value(original) and canonical_value(original) not in ids:
            faults.append(
                Fault(where, "translation_of", shown(original), "the id of a statement in this corpus, or nothing")
            )


def _named_by_file(faults: Iterable[Fault], table: pd.DataFrame) -> list[Fault]:
    """Say "file" where the corpus could only say "row 3"."""
    named = []
    for fault in faults:
        number = fault.where.removeprefix("row ").split(" ")[0]
        file = table[_FILE].iloc[int(number) - 1] if number.isdigit() else fault.where
        named.append(Fault(str(file), fault.field, fault.received, fault.accepted))
    return named


# ------------------------------------------------------------------------ writing


_OURS = ("corpus.toml", "statements", *(f"statements.{f}" for f in FORMATS[1:]))


def write_corpus(corpus: Corpus, path: str | os.PathLike[str], *, format: str = "md", overwrite: bool = False) -> Path:
    """Write ``corpus`` as a folder: ``corpus.toml`` and its statements in ``format``.

    The folder is made beside its place and renamed, so that a corpus that was
    there stays whole until the new one is, and other files in it stay. Reading
    it back gives a corpus of the same digest, whatever the format. Where
    originals of translations were left out, ``excerpt = true`` says so.

    Raises
    ------
    TifaError
        If the folder exists and ``overwrite`` is false, or holds anything but a corpus.
    InputError
        If ``format`` is none of md, csv, jsonl, parquet.
    """
    target = Path(path)
    if format not in FORMATS:
        raise InputError("write_corpus", [Fault("write_corpus", "format", shown(format), ", ".join(FORMATS))])
    if target.exists():
        if not overwrite:
            raise TifaError(f"{target} exists already. Choose another place, or pass overwrite=True to replace it.")
        if not target.is_dir() or (any(target.iterdir()) and not (target / "corpus.toml").exists()):
            raise TifaError(f"{target} is not a corpus folder and is left alone. Choose another place.")
    place = target.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
    try:
        about = {"name": corpus.name} | dict(corpus.about) | {"name": corpus.name}
        if not set(corpus.table["translation_of"]) <= {"", *corpus.table["id"]}:
            about["excerpt"] = True
        (temporary / "corpus.toml").write_text(toml_text(about), encoding="utf-8", newline="\n")
        rows = _written_rows(corpus)
        if format == "md":
            (temporary / "statements").mkdir()
            for row in rows:
                (temporary / "statements" / f"{row['id']}.md").write_text(
                    with_front_matter(row), encoding="utf-8", newline="\n"
                )
        else:
            _write_table(rows, temporary / f"statements.{format}")
        temporary.chmod(0o755)
        if place.exists():
            # Other files that lie in the folder (a datasheet, annotations) are copied, never moved:
            # until the new folder stands in its place, the old one lacks nothing.
            for entry in place.iterdir():
                if entry.name in _OURS:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.copytree(entry, temporary / entry.name, symlinks=True)
                else:
                    shutil.copy2(entry, temporary / entry.name, follow_symlinks=False)
        put_folder(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _written_rows(corpus: Corpus) -> list[dict[str, Any]]:
    table = corpus.documents
    dates = [written_date(d, p) for d, p in zip(table["date"], table["date_precision"], strict=True)]
    table = table.drop(columns=[*DERIVED, "date"])
    table.insert(1, "date", dates)
    empty = [c for c in OPTIONAL if (table[c] == "").all()]
    return [{str(k): v for k, v in row.items()} for row in table.drop(columns=empty).to_dict("records")]


def _write_table(rows: list[dict[str, Any]], path: Path) -> None:
    with written_whole(path) as temporary:
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(pa.table({c: _arrow([row[c] for row in rows]) for c in rows[0]}), temporary)
        elif path.suffix == ".jsonl":
            lines = (json.dumps({k: _json_value(v) for k, v in row.items()}, ensure_ascii=False) for row in rows)
            temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
        else:
            values = [[v if k == "text" else canonical_value(v) for k, v in row.items()] for row in rows]
            # Python up to 3.12 leaves a lone \r outside quotes, where it would end the row.
            risky = any("\r" in v for row in (rows[0], *values) for v in row)
            with open(temporary, "w", encoding="utf-8", newline="") as stream:
                quoting: Literal[0, 1] = csv.QUOTE_ALL if risky else csv.QUOTE_MINIMAL
                csv.writer(stream, lineterminator="\n", quoting=quoting).writerows([list(rows[0]), *values])


def _json_value(value: Any) -> Any:
    plain = isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))
    return value if plain else canonical_value(value)


def _arrow(values: list[Any]) -> pa.Array:
    """``values`` as a column of their own type where Parquet has one that keeps them, else as text."""
    texts = [canonical_value(v) for v in values]
    try:
        column = pa.array(values, from_pandas=True)
        if not pa.types.is_nested(column.type) and [canonical_value(v) for v in column.to_pylist()] == texts:
            return column
    except (pa.ArrowException, OverflowError):
        pass
    return pa.array(texts)
