"""Her own material: a folder of texts, or a sheet, to statements."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.corpus import LANGUAGES, OPTIONAL, REQUIRED, Corpus
from analysis.corpus_files import split_front_matter
from analysis.dates import find_date
from analysis.encoding import decode, mojibake
from analysis.errors import Fault, InputError, TifaError, raise_faults, shown

__all__ = ["Ingested", "ingest"]

_TEXTS = (".txt", ".md")
_SHEETS = (".csv", ".tsv", ".xlsx")
#: What people call the columns of a sheet.
_NAMES = {
    "id": ("id", "编号", "序号", "no", "number"),
    "date": ("date", "日期", "时间", "发布日期", "发布时间", "发文日期", "published", "publication_date", "day"),
    "language": ("language", "lang", "语言"),
    "title": ("title", "标题", "题目", "名称", "headline"),
    "issuer": (
        "issuer",
        "发布机构",
        "发文机关",
        "机构",
        "单位",
        "部门",
        "organisation",
        "organization",
        "ministry",
        "office",
        "body",
    ),
    "speaker": ("speaker", "发言人", "讲话人", "author", "作者"),
    "source": ("source", "来源", "出处"),
    "url": ("url", "link", "链接", "网址", "地址"),
    "translation_of": ("translation_of",),
    "text": ("text", "正文", "内容", "全文", "content", "body_text", "fulltext", "full_text"),
    "file": ("file", "filename", "file_name", "path", "文件", "文件名"),
}


@dataclass(frozen=True, eq=False)
class Ingested:
    """What became of her material.

    ``corpus`` holds the statements that could be understood, or is None if there
    are none; ``report`` has one row per file or row: ``source, id, date,
    date_from, title, title_from, language, encoding, characters, problem`` — an
    empty ``problem`` means that it is in the corpus.
    """

    corpus: Corpus | None
    report: pd.DataFrame

    @property
    def set_aside(self) -> pd.DataFrame:
        """The rows of the report that are not in the corpus, each with its reason."""
        return self.report[self.report["problem"] != ""]


def ingest(
    path: str | os.PathLike[str], name: str = "own", *, language: str | None = None, max_megabytes: float = 10
) -> Ingested:
    """Make statements of a folder of ``.txt`` and ``.md`` files, or of one CSV or Excel sheet.

    From a folder: metadata stand in a CSV or Excel sheet among the files (with a
    column ``file``), in Markdown front matter, in file names
    (``2021-05-07 Press conference.txt``) or in the first five lines, in this order
    of trust. The title is the first short line, else the file name. The language
    is Chinese where most letters are. Files may be UTF-8, UTF-16 or GB18030.

    From a sheet: one row per statement; columns are recognised by the names
    people give them (日期, 标题, 正文 …); unknown ones are kept.

    Nothing is dropped silently: whatever cannot be used is in ``set_aside`` with
    its reason. A date is never invented.

    Raises
    ------
    TifaError
        If there is no such path, or Excel support is missing (with the command).
    InputError
        If the folder holds no text, or the sheet has no column that is the text.
    """
    source = Path(path).expanduser()
    if not source.exists():
        raise TifaError(f"There is no {source}. Give a folder of .txt or .md files, or one .csv or .xlsx sheet.")
    if language is not None and language not in LANGUAGES:
        raise InputError("ingest", [Fault("ingest", "language", shown(language), " or ".join(LANGUAGES))])
    records = list(_from_folder(source) if source.is_dir() else _from_sheet(source))
    taken: set[str] = set()
    rows = [_understood(r, language, int(max_megabytes * 1e6), taken) for r in records]
    report = pd.DataFrame([{k: r.get(k, "") for k in _REPORT} for r in rows], columns=list(_REPORT))
    good = [r for r in rows if not r["problem"]]
    if not good:
        return Ingested(None, report)
    extra = list(dict.fromkeys(k for r in good for k in r["extra"]))
    table = pd.DataFrame(
        [
            {**{c: r.get(c, "") for c in (*REQUIRED, *OPTIONAL)}, **{k: r["extra"].get(k, "") for k in extra}}
            for r in good
        ]
    )
    return Ingested(
        Corpus(table, name, {"title": name, "constructed": False, "provenance": f"made from {source.name}"}), report
    )


_REPORT = ("source", "id", "date", "date_from", "title", "title_from", "language", "encoding", "characters", "problem")


# -------------------------------------------------------------------- where things come from


def _from_folder(folder: Path) -> Iterator[dict[str, Any]]:
    files = sorted(
        p
        for p in folder.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts)
    )
    texts = [p for p in files if p.suffix.lower() in _TEXTS]
    if not texts:
        listed = ", ".join(sorted({p.suffix or p.name for p in files})[:8]) or "nothing"
        raise InputError(
            f"folder {folder}",
            [Fault(str(folder), "files", listed, ".txt or .md files, one statement each")],
            "For one sheet with all statements, give the path of the .csv or .xlsx file itself.",
        )
    about: dict[str, dict[str, Any]] = {}
    sheets = [p for p in files if p.suffix.lower() in _SHEETS]
    for sheet in sheets:
        for row in _rows(sheet):
            named = {_column(k): v for k, v in row.items() if k}
            if named.get("file"):
                about[Path(str(named["file"]).replace("\\", "/")).name.lower()] = {"_sheet": sheet.name, **row}
    names = [p.name.lower() for p in texts]
    for key in sorted(set(about) - {*names, *(p.stem.lower() for p in texts)}):
        yield {
            "source": f"{about[key]['_sheet']}: {key}",
            "problem": "the sheet names a file that is not in the folder",
            "extra": {},
        }
    for path in files:
        relative = str(path.relative_to(folder))
        if path in sheets:
            continue
        if path.suffix.lower() not in _TEXTS:
            yield {
                "source": relative,
                "problem": f"a {path.suffix or 'nameless'} file; .txt and .md are read",
                "extra": {},
            }
            continue
        yield _one_file(path, relative, about.get(path.name.lower()) or about.get(path.stem.lower()) or {})


def _one_file(path: Path, relative: str, sheet: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"source": relative, "stem": path.stem, "extra": {}, "problem": ""}
    try:
        text, record["encoding"] = decode(path.read_bytes())
    except UnicodeDecodeError as error:
        return record | {"problem": f"neither UTF-8 nor GB18030 (byte {error.start}); save it as UTF-8"}
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, Any] = {}
    if path.suffix.lower() == ".md" and text.startswith("---"):
        try:
            fields, text = split_front_matter(text)
        except ValueError as error:
            return record | {"problem": str(error)}
    for origin, given in (
        ("front matter", fields),
        (str(sheet.get("_sheet", "")), {k: v for k, v in sheet.items() if k != "_sheet"}),
    ):
        _take(record, given, origin)
    return record | {"text": text.strip("\n")}


def _from_sheet(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix.lower() in _TEXTS:
        yield _one_file(path, path.name, {})
        return
    if path.suffix.lower() not in _SHEETS:
        raise InputError(
            str(path),
            [
                Fault(
                    str(path), "file", f"a {path.suffix or 'nameless'} file", "a folder, or a .csv, .tsv or .xlsx sheet"
                )
            ],
        )
    rows = _rows(path)
    columns = [c for row in rows[:1] for c in row]
    if not rows or "text" not in {_column(c) for c in columns}:
        raise InputError(
            f"sheet {path}",
            [
                Fault(
                    str(path),
                    "columns",
                    ", ".join(columns) or "none",
                    "one of them the text: " + ", ".join(_NAMES["text"]),
                )
            ],
            "Name the column that holds the statements `text`.",
        )
    for number, row in enumerate(rows, start=2):
        record: dict[str, Any] = {
            "source": f"{path.name}, row {number}",
            "stem": f"{path.stem}-{number}",
            "extra": {},
            "problem": "",
            "encoding": "",
        }
        _take(record, row, path.name)
        record["text"] = str(record.get("text", "")).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        yield record


def _rows(path: Path) -> list[dict[str, str]]:
    if path.suffix.lower() == ".xlsx":
        try:
            import openpyxl
        except ImportError:
            raise TifaError("Reading Excel needs openpyxl: pip install 'tifa[ingest]'.") from None
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
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
        values = [
            ["" if v is None else f"{v:%Y-%m-%d}" if hasattr(v, "strftime") else str(v) for v in row]
            for row in book.worksheets[0].iter_rows(values_only=True)
        ]
        book.close()
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
    values = [row for row in values if any(v.strip() for v in row)]
    if not values:
        return []
    header = [c.strip() for c in values[0]]
    long = [i for i, row in enumerate(values[1:], start=2) if len(row) > len(header)]
    raise_faults(
        str(path),
        [Fault(f"{path}, row {i}", "row", f"{len(values[i - 1])} values", f"at most {len(header)}") for i in long],
    )
    return [dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=True)) for row in values[1:]]


def _column(name: str) -> str:
    """The field that a column name means, or the name itself."""
    plain = re.sub(r"[\s\-]+", "_", name.strip().lower())
    return next((field for field, names in _NAMES.items() if plain in names), name.strip())


def _take(record: dict[str, Any], given: dict[str, Any], origin: str) -> None:
    for key, value in given.items():
        field, value = _column(key), str(value).strip()
        if not value or field == "file":
            continue
        if field in (*REQUIRED, *OPTIONAL):
            if not record.get(field):
                record[field] = value
                record[f"{field}_from"] = origin
        else:
            record["extra"].setdefault(field, value)


# ---------------------------------------------------------------------- understanding


def _understood(record: dict[str, Any], language: str | None, limit: int, taken: set[str]) -> dict[str, Any]:
    """Fill what can be found; say what is missing in ``problem``."""
    if record["problem"]:
        return record
    text = record["text"]
    problems = []
    if not text.strip():
        return record | {"problem": "no text"}
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        problems.append(f"{size / 1e6:.1f} MB, more than {limit / 1e6:g} MB (--max-megabytes raises the limit)")
    damaged = mojibake(text)
    if damaged:
        problems.append(
            f"damaged characters at {damaged[0]} (UTF-8 read as GBK?): {text[damaged[0] : damaged[1]][:12]}"
        )
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if record.get("date"):
        found = find_date(record["date"])
        if found:
            record["date"] = found
        else:
            problems.append(f"a date that is none: {record['date']}")
    else:
        for origin, candidate in (
            ("file name", record.get("stem", "")),
            *(("first lines", line[:200]) for line in lines[:5]),
        ):
            found = find_date(candidate, search=True)
            if found:
                record["date"], record["date_from"] = found, origin
                break
        else:
            problems.append("no date in a sheet, front matter, file name or the first five lines")
    if not record.get("title"):
        first = lines[0].lstrip("# ").strip()
        short = len(first) <= (40 if _chinese(first) else 120) and not re.search(r"[。！？.!?;；]$", first)
        record["title"], record["title_from"] = (
            (first, "first line") if short and len(lines) > 1 else (record.get("stem", ""), "file name")
        )
    stated = record.get("language", "").lower()
    record["language"] = (
        language
        or {
            "chinese": "zh",
            "中文": "zh",
            "zh-cn": "zh",
            "english": "en",
            "英文": "en",
            "en-us": "en",
            "en-gb": "en",
        }.get(stated, stated)
        or ("zh" if _chinese(text) else "en")
    )
    if record["language"] not in LANGUAGES:
        problems.append(f"language {record['language']!r}; zh and en are read")
    record["id"] = _identifier(record.get("id") or record.get("stem") or "statement", taken)
    record["characters"] = len(text)
    return record | {"problem": "; ".join(problems)}


def _chinese(text: str) -> bool:
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    return han * 2 >= len(re.findall(r"[^\W\d_]", text)) and han > 0


def _identifier(wanted: str, taken: set[str]) -> str:
    """A file-safe id like ``wanted`` that is not taken yet."""
    base = re.sub(r'[\s/\\:*?"<>|\x00-\x1f\x7f]+', "-", wanted.strip()).strip("-.~") or "statement"
    base = base.encode("utf-8")[:120].decode("utf-8", "ignore")
    identifier, number = base, 2
    while identifier.casefold() in taken:
        identifier, number = f"{base}-{number}", number + 1
    taken.add(identifier.casefold())
    return identifier
