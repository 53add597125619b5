"""Extracted features: what ships of a corpus whose texts may not.

A folder of features holds, and nothing else of the texts:

``documents.csv``
    One row per statement: its metadata, ``characters``, ``tokens``, and ``sha256``,
    that of its text in UTF-8, so that everyone can tell which text was counted.
``counts.parquet``
    One row per block and feature: ``document, unit, part, start, end, feature,
    count`` (``part`` where the passages of the statements are known). Blocks are
    of about 500 characters, cut at sentence ends; within a block the features
    stand in the order of their frequency in the whole corpus, so that no text
    can be put together again.
``tallies.csv``
    One row per block, frame and term: ``document, unit, frame, term, hits``
    (``unit`` is that of ``counts.parquet``), so that what is found in the counts of blocks,
    such as topics, can be held against the frames without any text.
``claimed.csv``
    The same for what false friends took instead: ``frame`` is the frame that lost
    the span, ``term`` the false friend.
``corpus.toml``
    What the corpus is, how it was cut and counted, the digests of the lexicon
    and of its frames, and the SHA-256 of the other files.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from scipy import sparse

from analysis.corpus import Corpus
from analysis.counts import Counts, count
from analysis.dates import parse_date, written_date
from analysis.errors import Fault, InputError, MissingStep, TifaError, raise_faults, shown, warn
from analysis.files import resolve, write_whole, written_whole
from analysis.lexicon import Lexicon, read_lexicon
from analysis.progress import Report
from analysis.provenance import digest, table_bytes
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.selection import canonical_value
from analysis.toml_text import toml_text

__all__ = ["read_counts", "read_parts", "read_tallies", "write_features"]

_FILES = ("documents.csv", "counts.parquet", "tallies.csv", "claimed.csv")
_TALLIES = {False: "tallies.csv", True: "claimed.csv"}
_AGAIN = "Make them again with `tifa features`, or restore the shipped files."
#: What the ``corpus.toml`` of features must hold.
_FIELDS = {
    "name": str,
    "tokens": str,
    "block": int,
    "types": dict,
    "lexicon": dict,
    "files": dict,
    "selections": dict,
}
_TYPES = ("int64", "float64", "bool", "str")
#: Taken over from what is known about the corpus itself.
_ABOUT = ("title", "description", "licence", "citation", "provenance", "constructed", "selections")
BLOCK = 500


def write_features(
    corpus: Corpus,
    folder: str | os.PathLike[str],
    *,
    lexicon: Lexicon | str | os.PathLike[str] = "frames",
    parts: pd.DataFrame | None = None,
    progress: bool | Report | None = None,
) -> Path:
    """Write the features of ``corpus`` into ``folder``: counts and tallies of a lexicon per block, metadata.

    Parameters
    ----------
    lexicon
        Whose hits are tallied: a `Lexicon`, or its name or path.
    parts
        The passages of the statements, as `analysis.counts.count` takes them.
    progress
        As in `analysis.segmentation.segment`.

    Raises
    ------
    TifaError
        If ``folder`` holds the statements of a corpus.
    InputError
        If ``parts`` do not cover a statement, or cut its last word, so that a hit starts in no block.
    """
    target = Path(folder)
    taken = [c for c in corpus.table.columns if c in ("", "sha256", "tokens")]
    if taken:
        accepted = "another name; features write sha256 and tokens themselves"
        raise InputError("features", [Fault(f"corpus {corpus.name}", "column", shown(c), accepted) for c in taken])
    if any(target.glob("statements*")) or target.name == "statements":
        raise TifaError(f"{target} belongs to a corpus with its statements. Choose another folder for its features.")
    words = lexicon if isinstance(lexicon, Lexicon) else read_lexicon(lexicon)
    hits = {file: find(corpus, words, claimed=claimed) for claimed, file in _TALLIES.items()}
    tokens = segment(corpus, progress=progress)
    counts = count(tokens, units="blocks", size=BLOCK, parts=parts)
    tallies = {file: tally(found, units=counts.units) for file, found in hits.items()}
    documents = tokens.documents.assign(
        sha256=[hashlib.sha256(text.encode("utf-8")).hexdigest() for text in corpus.table["text"]]
    )
    target.mkdir(parents=True, exist_ok=True)
    # What was there is void from here on: corpus.toml is written last and vouches for the other files.
    (target / "corpus.toml").unlink(missing_ok=True)
    write_whole(target / "documents.csv", _documents_bytes(documents))
    with written_whole(target / "counts.parquet") as temporary:
        _write_counts(counts, temporary)
    for file, table in tallies.items():
        write_whole(target / file, table_bytes(table))
    about = {k: corpus.about[k] for k in _ABOUT if k in corpus.about}
    write_whole(
        target / "corpus.toml",
        "# Extracted features: counts, no texts. Written by `tifa features`; do not edit.\n"
        + toml_text(
            {"name": corpus.name, "features": True}
            | about
            | {
                "corpus": corpus.digest,
                "tokens": tokens.digest,
                "recipe": dict(tokens.recipe),
                "block": BLOCK,
                "parts": parts is not None,
                "types": {c: _type(documents[c]) for c in documents if c != "date"},
                "lexicon": {"name": words.name, "digest": words.digest, "frames": _frame_digests(words)},
                "files": {name: _sha256(target / name) for name in _FILES},
            }
        ),
    )
    return target


def read_counts(name: str | os.PathLike[str], *, units: str = "blocks") -> Counts:
    """The counts of a corpus of which only features ship: no text is needed.

    ``units`` are ``blocks`` (of about 500 characters) or whole ``documents``,
    the sums of their blocks; both are what `analysis.counts.count` gives for the
    fetched texts. ``documents`` has one row per statement, with ``sha256``, that
    of the text that was counted; ``select("panel")`` takes a part.

    Raises
    ------
    MissingStep
        If the folder holds no features; the message says how to make them.
    InputError
        If ``units`` is neither, or a file is not the one that was written.

    >>> counts = read_counts("work-reports", units="documents")
    >>> counts.select("central").documents["id"].iloc[0]
    'central-1954'
    """
    _check_units("read_counts", units)
    folder, about = _opened(name, ("documents.csv", "counts.parquet"))
    documents = _read_documents(folder / "documents.csv", about["types"])
    table = pa.parquet.read_table(folder / "counts.parquet", read_dictionary=["document", "feature"])
    matrix, vocabulary, blocks = _read_blocks(table)
    recipe: dict[str, Any] = {"tokens": about["tokens"], "units": units}
    if about.get("constructed"):
        recipe["constructed"] = True
    if units == "blocks":
        return Counts(matrix, vocabulary, documents, blocks, recipe | {"size": about["block"]}, about)
    row = pd.Index(documents["id"]).get_indexer(blocks["document"])
    summing = sparse.csr_array(
        (np.ones(len(blocks), dtype=np.int32), (row, np.arange(len(blocks)))), shape=(len(documents), len(blocks))
    )
    whole = (summing @ matrix).astype(np.int32)
    whole.sort_indices()
    ends = blocks.groupby("document", sort=False)["end"].max().reindex(documents["id"]).to_numpy()
    wholes = pd.DataFrame({"document": documents["id"].to_numpy(), "unit": 0, "start": 0, "end": ends})
    return Counts(whole, vocabulary, documents, wholes, recipe, about)


def read_tallies(
    name: str | os.PathLike[str],
    lexicon: Lexicon | str | os.PathLike[str] = "frames",
    *,
    claimed: bool = False,
    units: str = "documents",
) -> pd.DataFrame:
    """The shipped tallies of a corpus: one row per document, frame and term.

    Columns ``document, frame, term, hits``, as `analysis.search.tally` gives them;
    ``frame`` knows all frames of the ``lexicon``, so that zeros can be shown. With
    ``claimed`` they are those of what false friends took instead
    (``find(..., claimed=True)``).

    With ``units="blocks"`` there is one row per document, unit, frame and term: ``document,
    unit, frame, term, hits``, as ``tally(hits, units=...)`` gives them for the blocks of
    ``read_counts(name)``. ``documents`` are their sums.

    The tallies belong to the lexicon that they were counted with. If yours has
    other terms or false friends, they are stale, and a warning names the frames
    that are and the way to count them anew, which needs the texts.

    Raises
    ------
    MissingStep
        If the folder holds no features.
    InputError
        If ``units`` is neither documents nor blocks, or a file is not the one that was written
        or one of an earlier version, which knew no units.

    >>> int(read_tallies("work-reports").query("frame == 'minors.protection'")["hits"].sum()) > 100
    True
    >>> read_tallies("work-reports", units="blocks").columns.tolist()
    ['document', 'unit', 'frame', 'term', 'hits']
    """
    _check_units("read_tallies", units)
    words = lexicon if isinstance(lexicon, Lexicon) else read_lexicon(lexicon)
    folder, about = _opened(name, (_TALLIES[claimed],))
    path = folder / _TALLIES[claimed]
    tallies = pd.read_csv(
        path,
        dtype={"document": str, "unit": "int64", "frame": str, "term": str, "hits": "int64"},
        keep_default_na=False,
    )
    lacking = [c for c in ("document", "unit", "frame", "term", "hits") if c not in tallies]
    raise_faults(
        f"features at {folder}",
        [Fault(str(path), "column", f"no {c}", "document, unit, frame, term, hits") for c in lacking],
        _AGAIN,
    )
    noted, now = about["lexicon"], _frame_digests(words)
    if noted["digest"] != words.digest:
        frames = {
            "changed": [f for f in now if f in noted["frames"] and now[f] != noted["frames"][f]],
            "not counted": [f for f in now if f not in noted["frames"]],
            "no longer there": [f for f in noted["frames"] if f not in now],
        }
        said = "; ".join(f"{what}: {', '.join(which)}" for what, which in frames.items() if which)
        warn(
            f"STALE TALLIES: those that ship with {about['name']} were counted with another version of the lexicon "
            f"{noted['name']} ({said or 'the order of its frames'}). Numbers of these frames are not those of your "
            f"lexicon. To count anew: `tifa fetch {about['name']}`, then tally(find(read_corpus({about['name']!r}), "
            "lexicon)) or `tifa features`."
        )
    names = dict.fromkeys([*(f.name for f in words.frames), *tallies["frame"]])
    tallies = tallies.assign(frame=pd.Categorical(tallies["frame"], categories=list(names)))
    if units == "blocks":
        return tallies
    return tallies.groupby(["document", "frame", "term"], observed=True, sort=True)["hits"].sum().reset_index()


def read_parts(name: str | os.PathLike[str]) -> pd.DataFrame | None:
    """The passages of a corpus's statements, if they came with it: one row per passage.

    Columns ``document, part, start, end`` (offsets into the statement's text),
    as `analysis.counts.count` takes them; None where the corpus brings none.
    """
    folder = resolve(name, "corpus/fetched", "corpus/own", "corpus")
    path = folder / "parts.csv"
    return pd.read_csv(path, dtype={"document": str, "part": str}, keep_default_na=False) if path.is_file() else None


# ------------------------------------------------------------------------ the files


def _opened(name: str | os.PathLike[str], files: tuple[str, ...]) -> tuple[Path, dict[str, Any]]:
    """The folder of features and what its ``corpus.toml`` says, after a look at ``files``."""
    folder = resolve(name, "corpus", "corpus/own")
    path = folder / "corpus.toml"
    try:
        about = {"selections": {}} | (tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})
    except ValueError as error:  # not TOML, or not UTF-8
        raise InputError(
            f"features at {folder}", [Fault(str(path), "TOML", str(error), "what `tifa features` wrote")], _AGAIN
        ) from None
    if about.get("features") is not True:
        raise MissingStep(
            f"There are no features at {folder}. `tifa features NAME` makes them from a corpus whose texts are here "
            "(`tifa fetch NAME` brings those that are registered); for a corpus with texts, count(segment(corpus)) counts."
        )
    faults = [
        Fault(str(path), field, shown(about.get(field, "nothing")), f"a {kind.__name__}, as `tifa features` wrote it")
        for field, kind in _FIELDS.items()
        if not isinstance(about.get(field), kind)
    ]
    if not faults:
        faults += [
            Fault(str(path), f"types.{c}", shown(t), ", ".join(_TYPES))
            for c, t in about["types"].items()
            if t not in _TYPES
        ]
        faults += [
            Fault(str(path), f"files.{file}", "nothing", "a SHA-256") for file in files if file not in about["files"]
        ]
        faults += [
            Fault(str(path), f"lexicon.{k}", "nothing", "what was written")
            for k in ("name", "digest", "frames")
            if k not in about["lexicon"]
        ]
        faults += [
            Fault(str(path), f"selections.{k}", shown(v), "a table of columns")
            for k, v in about["selections"].items()
            if not isinstance(v, dict)
        ]
    raise_faults(f"features at {folder}", faults, _AGAIN)
    faults = []
    for file in files:
        found = _sha256(folder / file) if (folder / file).is_file() else "no file"
        if found != about["files"][file]:
            faults.append(Fault(str(folder / file), "SHA-256", found, about["files"][file]))
    raise_faults(f"features at {folder}", faults, _AGAIN)
    return folder, about


def _check_units(subject: str, units: str) -> None:
    if units not in ("documents", "blocks"):
        raise InputError(subject, [Fault(subject, "units", shown(units), "documents or blocks")])


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _frame_digests(lexicon: Lexicon) -> dict[str, str]:
    """One digest per frame, its sub-frames included: names, terms and false friends, in their order."""
    content: dict[str, list[Any]] = {}
    for frame in lexicon.frames:
        terms, friends = ([[p.language, p.source] for p in ps] for ps in (frame.terms, frame.false_friends))
        content.setdefault(frame.top, []).append([frame.name, terms, friends])
    return {name: digest(frames) for name, frames in content.items()}


def _type(column: pd.Series) -> str:
    return str(column.dtype) if str(column.dtype) in _TYPES else "str"


def _documents_bytes(documents: pd.DataFrame) -> bytes:
    dates = [written_date(d, p) for d, p in zip(documents["date"], documents["date_precision"], strict=True)]
    # As text, the same that a corpus on disk has: nothing is rounded, and a selection means the same in both.
    texts = {c: dates if c == "date" else [_written(v) for v in documents[c]] for c in documents}
    return table_bytes(pd.DataFrame(texts, dtype="str"))


def _written(value: Any) -> str:
    number = isinstance(value, float) and not pd.isna(value) and not value.is_integer()
    return repr(float(value)) if number else canonical_value(value)


def _read_documents(path: Path, types: Mapping[str, str]) -> pd.DataFrame:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    lacking = [c for c in ("id", "date", *types) if c not in table]
    raise_faults(
        str(path), [Fault(str(path), "column", f"no {c}", "what `tifa features` wrote") for c in lacking], _AGAIN
    )
    dates = [parse_date(written)[0] for written in table["date"]]
    table["date"] = pd.Series(dates, dtype="datetime64[us]")
    for column, kind in types.items():
        if kind == "bool":
            table[column] = table[column] == "true"
        else:
            table[column] = (
                table[column].replace("", "nan").astype(kind) if kind == "float64" else table[column].astype(kind)
            )
    return table


def _write_counts(counts: Counts, path: Path) -> None:
    matrix, units = counts.matrix, counts.units
    frequency = np.bincount(matrix.indices, weights=matrix.data, minlength=matrix.shape[1])
    order = np.lexsort((np.arange(frequency.size), -frequency))
    rank = np.empty(frequency.size, dtype=np.int32)
    rank[order] = np.arange(frequency.size, dtype=np.int32)
    unit = np.repeat(np.arange(len(units)), np.diff(matrix.indptr))
    inside = np.lexsort((rank[matrix.indices], unit))
    columns = {
        column: _dictionary(units[column], unit)
        if units[column].dtype.kind not in "iu"
        else units[column].to_numpy(np.int32)[unit]
        for column in ("document", "unit", "part", "start", "end")
        if column in units
    }
    words = pa.array([counts.vocabulary[i] for i in order.tolist()], pa.string())
    columns["feature"] = pa.DictionaryArray.from_arrays(pa.array(rank[matrix.indices][inside]), words)
    columns["count"] = matrix.data[inside]
    # One group of rows with one dictionary, and the best compression: written once, read often.
    pa.parquet.write_table(
        pa.table(columns),
        path,
        compression="zstd",
        compression_level=19,
        row_group_size=max(1, len(unit)),
        dictionary_pagesize_limit=1 << 28,
        store_schema=False,
    )


def _dictionary(values: pd.Series, rows: np.ndarray[Any, Any]) -> pa.DictionaryArray:
    codes, names = pd.factorize(values)
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)[rows]), pa.array(names, pa.string()))


def _read_blocks(table: pa.Table) -> tuple[sparse.csr_array, tuple[str, ...], pd.DataFrame]:
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    identifier = columns["document"].indices.to_numpy()
    number = columns["unit"].to_numpy()
    begins = np.flatnonzero(np.diff(identifier, prepend=-1).astype(bool) | np.diff(number, prepend=-1).astype(bool))
    indptr = np.append(begins, identifier.size)
    words = columns["feature"].dictionary.to_pylist()
    place = np.argsort(np.argsort(np.array(words, dtype=object))).astype(np.int32)
    matrix = sparse.csr_array(
        (columns["count"].to_numpy().astype(np.int32), place[columns["feature"].indices.to_numpy()], indptr),
        shape=(begins.size, len(words)),
    )
    matrix.sort_indices()
    names = np.array(columns["document"].dictionary.to_pylist(), dtype=object)
    units = pd.DataFrame({"document": names[identifier[begins]], "unit": number[begins].astype(np.int64)})
    if "part" in columns:
        units["part"] = columns["part"].cast(pa.string()).take(pa.array(begins)).to_pylist()
    for column in ("start", "end"):
        units[column] = columns[column].to_numpy()[begins].astype(np.int64)
    return matrix, tuple(sorted(words)), units
