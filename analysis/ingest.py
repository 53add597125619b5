"""Her own material: a folder of texts, or a sheet, to statements."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.boundaries import count_characters
from analysis.corpus import LANGUAGES, OPTIONAL, REQUIRED, Corpus
from analysis.dates import find_date
from analysis.encoding import decode, mojibake
from analysis.errors import Fault, InputError, TifaError, shown
from analysis.front_matter import split_front_matter
from analysis.sheets import read_sheet

__all__ = ["Ingested", "ingest"]

_TEXTS = (".txt", ".md")
_SHEETS = (".csv", ".tsv", ".xlsx")
#: What people call the columns of a sheet.
_NAMES = {
    "id": ("id", "编号", "序号", "no", "number"),
    "date": ("date", "日期", "发布日期", "发文日期", "发布时间", "published", "publication_date", "时间", "day"),
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
    of trust. In a line of running text only a full date counts, not a month or
    year that is spoken of. The title is the first short line, else the file name.
    The language is Chinese where most letters are. Files may be UTF-8, UTF-16 or
    GB18030.

    From a sheet: one row per statement; columns are recognised by the names
    people give them (日期, 标题, 正文 …); unknown ones are kept. Of a workbook
    the first sheet is read. Where no source is stated, it is the file or row.

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
    _link_translations(rows)
    report = pd.DataFrame([{k: r.get(k, "") for k in _REPORT} | {"source": r["place"]} for r in rows])
    good = [r for r in rows if not r["problem"]]
    if not good:
        return Ingested(None, report)
    extra = list(dict.fromkeys(k for r in good for k in r["extra"]))
    table = pd.DataFrame(
        [
            {
                **{c: r.get(c, "") for c in (*REQUIRED, *OPTIONAL)},
                "source": r.get("source") or r["place"],
                **{k: r["extra"].get(k, "") for k in extra},
            }
            for r in good
        ]
    )
    return Ingested(
        Corpus(
            table,
            name,
            {"title": name, "constructed": False, "provenance": f"made from {_readable(source.resolve().name)}"},
        ),
        report,
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
    sheets = [p for p in files if p.suffix.lower() in _SHEETS and not p.name.startswith("~$")]
    paths, bare = _names(texts, folder)
    about: dict[Path, dict[str, Any]] = {}
    for sheet in sheets:
        rows, unread = read_sheet(sheet)
        yield from (_aside(f"{_readable(sheet.name)}, sheet {name}", "only the first sheet is read") for name in unread)
        if not rows:
            yield _aside(_readable(sheet.relative_to(folder)), "a sheet without rows")
        elif not any(_column(c) == "file" for c in rows[0][1]):
            reason = "no column `file`: it does not say which file it is about; give its own path to read it alone"
            yield _aside(_readable(sheet.relative_to(folder)), reason)
            continue
        for number, row in rows:
            named = next((v for k, v in row.items() if _column(k) == "file" and v.strip()), "").strip()
            meant = _meant(named, paths, bare)
            if len(meant) == 1 and meant[0] not in about:
                about[meant[0]] = {"_sheet": _readable(sheet.name), **row}
                continue
            reason = (
                "the sheet names no file here"
                if not named
                else "the sheet names a file that is not in the folder"
                if not meant
                else f"the sheet names {named!r}, which is {len(meant)} files; give the folder too"
                if len(meant) > 1
                else "the sheet names this file a second time"
            )
            yield _aside(f"{_readable(sheet.name)}, row {number}: {named}", reason)
    for path in files:
        relative = _readable(path.relative_to(folder))
        if path in sheets:
            continue
        if path.suffix.lower() not in _TEXTS:
            yield _aside(relative, f"a {_readable(path.suffix) or 'nameless'} file; .txt and .md are read")
            continue
        yield _one_file(path, relative, about.get(path, {}))


def _aside(place: str, problem: str) -> dict[str, Any]:
    return {"place": place, "problem": problem, "extra": {}}


def _names(texts: list[Path], folder: Path) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    """The files by their path in the folder and by their bare name, each with and without its ending."""
    paths: dict[str, list[Path]] = {}
    bare: dict[str, list[Path]] = {}
    for path in texts:
        relative = path.relative_to(folder)
        for names, keys in ((paths, (relative, relative.with_suffix(""))), (bare, (relative.name, relative.stem))):
            for key in keys:
                names.setdefault(_key(_readable(key)), []).append(path)
    return paths, bare


def _meant(named: str, paths: dict[str, list[Path]], bare: dict[str, list[Path]]) -> list[Path]:
    """The files that a name in a sheet may stand for, whatever folders stand before it."""
    parts = _key(named.replace("\\", "/")).split("/")
    tails = ("/".join(parts[i:]) for i in range(len(parts)))
    return next((paths[tail] for tail in tails if tail in paths), bare.get("/".join(parts), []))


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _readable(name: str | Path) -> str:
    """A file's name as text, even where it is in GB18030, as in old archives."""
    data = os.fsencode(name.as_posix() if isinstance(name, Path) else name)
    try:
        return decode(data)[0]
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _one_file(path: Path, relative: str, sheet: dict[str, Any]) -> dict[str, Any]:
    stem = _readable(path.stem)
    record: dict[str, Any] = {"place": relative, "stem": stem, "file_name": stem, "extra": {}, "problem": ""}
    try:
        text, record["encoding"] = decode(path.read_bytes())
    except UnicodeDecodeError as error:
        return record | {"problem": f"neither UTF-8, UTF-16 nor GB18030 (byte {error.start}); save it as UTF-8"}
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, Any] = {}
    if path.suffix.lower() == ".md" and text.startswith("---"):
        try:
            fields, text = split_front_matter(text)
        except ValueError as error:
            return record | {"problem": str(error)}
    for origin, given in (
        (str(sheet.get("_sheet", "")), {k: v for k, v in sheet.items() if k != "_sheet"}),
        ("front matter", fields),
    ):
        _take(record, given, origin)
    text = text.strip("\n")
    if fields.get("text") and text.strip():
        return record | {"problem": "a text both in the front matter and below it"}
    return record | {"text": text or fields.get("text", "").strip("\n")}


def _from_sheet(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix.lower() in _TEXTS:
        yield _one_file(path, _readable(path.name), {})
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
    rows, unread = read_sheet(path)
    columns = [c for _, row in rows[:1] for c in row]
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
    yield from (_aside(f"{_readable(path.name)}, sheet {name}", "only the first sheet is read") for name in unread)
    for number, row in rows:
        record: dict[str, Any] = {
            "place": f"{_readable(path.name)}, row {number}",
            "stem": f"{_readable(path.stem)}-{number}",
            "extra": {},
            "problem": "",
            "encoding": "",
        }
        _take(record, row, _readable(path.name))
        record["text"] = str(record.get("text", "")).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        yield record


def _column(name: str) -> str:
    """The field that a column name means, or the name itself."""
    return next((field for field, names in _NAMES.items() if _plain(name) in names), name.strip())


def _plain(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _take(record: dict[str, Any], given: dict[str, Any], origin: str) -> None:
    standard = (*REQUIRED, *OPTIONAL)
    for key in sorted(given, key=_rank):
        field, value = _column(key), str(given[key]).strip()
        if not value or field == "file":
            continue
        if field not in standard:
            record["extra"].setdefault(field, value)
        elif not record.get(field):
            record[field], record[f"{field}_from"] = value, origin
        elif key not in standard and value != record[field]:
            # A second column of the same meaning (序号 beside 编号) stays under its own name.
            record["extra"].setdefault(key, value)


def _rank(column: str) -> int:
    """How well a column's name fits the field that it means: 发布日期 better than 时间."""
    names = _NAMES.get(_column(column), ())
    return names.index(_plain(column)) if _plain(column) in names else 0


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
    if "\x00" in text:
        problems.append("NUL characters (UTF-16 without its mark?); save it as UTF-8")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if record.get("date"):
        found = find_date(record["date"])
        if found:
            record["date"] = found
        else:
            problems.append(f"a date that is none: {record['date']}")
    else:
        # A day says when it was anywhere in these lines; a bare year or month ("to 2035", "No. 2021")
        # only where a line is nothing but a date, or the headline begins with it.
        for origin, found in (
            ("file name", find_date(record.get("file_name", ""), search=True)),
            *(("first lines", found) for line in lines[:5] if len(found := find_date(line[:200], search=True)) == 10),
            *(("first lines", _nothing_but_a_date(line)) for line in lines[:5]),
            ("first lines", _headed_by_a_date(lines[0])),
        ):
            if found:
                record["date"], record["date_from"] = found, origin
                break
        else:
            problems.append("no date in a sheet, front matter, the file name or the first five lines")
    if not record.get("title"):
        first = next((line for line in lines[:2] if not _nothing_but_a_date(line)), lines[0]).lstrip("# ").strip()
        if _short(first) and len(lines) > 1:
            record["title"], record["title_from"] = first, "first line"
        elif record.get("file_name"):
            record["title"], record["title_from"] = record["file_name"], "file name"
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
    record["given_id"] = record.get("id", "")
    record["id"] = _identifier(record.get("id") or record.get("stem") or "statement", taken)
    record["characters"] = count_characters(text)
    return record | {"problem": "; ".join(problems)}


def _link_translations(rows: list[dict[str, Any]]) -> None:
    """Let ``translation_of`` follow ids that had to be changed; set aside what translates nothing here."""
    changed = True
    while changed:
        changed = False
        good = [r for r in rows if not r["problem"]]
        ids = {r["id"]: r["id"] for r in good} | {r["given_id"]: r["id"] for r in reversed(good) if r["given_id"]}
        for row in good:
            original = ids.get(row.get("translation_of", ""))
            if row.get("translation_of") and original in (None, row["id"]):
                row["problem"] = f"translation_of names {row['translation_of']!r}, which is no other statement here"
                changed = True
        if not changed:
            for row in good:
                if row.get("translation_of"):
                    row["translation_of"] = ids[row["translation_of"]]


_RANGE = re.compile(r"\d{4}\s*[-–—~至到]\s*\d{4}")
_LABEL = re.compile(r"(?:发布日期|发布时间|发文日期|日期|时间|date|published)\s*[:：]\s*", re.IGNORECASE)


def _nothing_but_a_date(line: str) -> str:
    """The date that is all that ``line`` says, perhaps behind a label, or nothing."""
    rest = _LABEL.sub("", line.strip("#*（）()【】[] \t"), count=1)
    alone = re.fullmatch(r"[\d〇○零一二三四五六七八九十年月日号./\- ]+|[A-Za-z]+\.? \d{4}", rest)
    return find_date(rest) if alone and not _RANGE.match(rest) else ""


def _headed_by_a_date(line: str) -> str:
    """The date that a headline begins with (2021年政府工作报告), or nothing; a range of years is none."""
    line = line.lstrip("# ")
    return find_date(line) if _short(line) and not _RANGE.match(line) else ""


def _short(line: str) -> bool:
    """Whether ``line`` is one of a heading, not of running text."""
    return len(line) <= (40 if _chinese(line) else 120) and not re.search(r"[。！？.!?;；]$", line)


def _chinese(text: str) -> bool:
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    return han * 2 >= len(re.findall(r"[^\W\d_]", text)) and han > 0


def _identifier(wanted: str, taken: set[str]) -> str:
    """A file-safe id like ``wanted`` that is not taken yet."""
    base = re.sub(r'[\s/\\:*?"<>|\x00-\x1f\x7f]+', "-", wanted.strip()).strip("-.~") or "statement"
    base = unicodedata.normalize("NFC", base).encode("utf-8")[:120].decode("utf-8", "ignore")
    identifier, number = base, 2
    while identifier.casefold() in taken:
        identifier, number = f"{base}-{number}", number + 1
    taken.add(identifier.casefold())
    return identifier
