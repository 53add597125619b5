"""The tokens of a corpus: integers with source offsets, in memory or mapped from files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api.types import is_object_dtype

from analysis.errors import Fault, InputError, TifaError, raise_faults, shown
from analysis.files import written_folder
from analysis.provenance import Recipe, digest
from analysis.selection import canonical_value

__all__ = ["Tokens"]

Ids = NDArray[np.int32]
_ARRAYS = {
    "ids": np.dtype(np.int32),
    "starts": np.dtype(np.int32),
    "ends": np.dtype(np.int32),
    "document_offsets": np.dtype(np.int64),
    "line_starts": np.dtype(np.bool_),
}
_FILES = (*(f"{name}.npy" for name in _ARRAYS), "vocabulary.arrow", "documents.arrow")
_ABOUT = "tokens.json"
_FORMAT = 1
_AGAIN = "Segment the corpus again; nothing was taken over."


@dataclass(frozen=True, eq=False, repr=False)
class Tokens:
    """The tokens of a corpus: integers, with the place in the text that each came from.

    Attributes
    ----------
    ids
        int32, one per token: its place in ``vocabulary``, or −1 for a token that
        was removed and keeps its place.
    starts, ends
        int32, one per token: character offsets into the statement's text.
    document_offsets
        int64, one more than there are statements: the tokens of statement i are
        ``ids[document_offsets[i]:document_offsets[i + 1]]``.
    line_starts
        bool, one per token: whether it is the first of its line.
    vocabulary
        The distinct tokens, sorted.
    documents
        The statements' metadata without the texts; ``characters`` and ``tokens``
        are their sizes (tokens that hold at least one letter, mark or number).
    recipe
        How the tokens were made; see ``recipe_digest``. It pickles.

    Punctuation is a token, white space is not: a gap between the end of one token
    and the start of the next is white space, and ``line_starts`` tells whether a
    line ended in it. All arrays are read-only.
    """

    ids: Ids
    starts: Ids
    ends: Ids
    document_offsets: NDArray[np.int64]
    line_starts: NDArray[np.bool_]
    vocabulary: tuple[str, ...]
    documents: pd.DataFrame
    recipe: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            getattr(self, name).flags.writeable = False
        object.__setattr__(self, "recipe", Recipe(self.recipe))

    def __reduce__(self) -> tuple[Any, ...]:
        arrays = tuple(np.asarray(getattr(self, name)) for name in _ARRAYS)
        return (type(self), (*arrays, self.vocabulary, self.documents, self.recipe))

    def __len__(self) -> int:
        return int(self.ids.size)

    def __repr__(self) -> str:
        return f"<Tokens: {len(self):,} tokens, {len(self.vocabulary):,} types, {len(self.documents):,} documents>"

    @cached_property
    def recipe_digest(self) -> str:
        """Digest of the segmenters, versions, dictionary and options."""
        return digest(self.recipe)

    @property
    def digest(self) -> str:
        """Digest of the corpus these tokens came from and of the recipe."""
        return digest([self.recipe["corpus"], self.recipe_digest])

    @property
    def constructed(self) -> bool:
        """Whether the texts were made up for teaching and testing."""
        return bool(self.recipe.get("constructed", False))

    def words(self, document: str) -> list[str]:
        """The tokens of one statement, in order; a removed one is an empty string.

        >>> from analysis.segmentation import segment
        >>> from analysis.corpus import Corpus
        >>> tokens = segment(Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化网络。"]})))
        >>> tokens.words("a")
        ['净化', '网络', '。']
        """
        places = np.flatnonzero((self.documents["id"] == document).to_numpy())
        if not places.size:
            raise InputError(
                "words", [Fault("tokens", "document", shown(document), "an id of a statement in .documents")]
            )
        first, last = self.document_offsets[places[0]], self.document_offsets[places[0] + 1]
        return [self.vocabulary[i] if i >= 0 else "" for i in self.ids[first:last].tolist()]

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the tokens as a folder of files that `load` maps into memory.

        ``ids.npy``, ``starts.npy``, ``ends.npy``, ``document_offsets.npy`` and
        ``line_starts.npy`` are NumPy arrays; ``vocabulary.arrow`` (column ``word``)
        and ``documents.arrow`` are Arrow files, which R, Julia and others read too;
        ``tokens.json`` holds the recipe, and the size and SHA-256 of each file.
        The folder appears whole or not at all. A column of ``documents`` that
        mixes kinds of values (3, ``"3a"``) is kept as text.

        Raises
        ------
        TifaError
            If there is something at ``path`` and ``overwrite`` is false, or it is
            not a folder of tokens, or holds more than tokens.
        """
        target = Path(path)
        check_target(target, overwrite=overwrite)
        with written_folder(target) as folder:
            for name in _ARRAYS:
                np.save(folder / f"{name}.npy", getattr(self, name))
            describe(folder, self.vocabulary, self.documents, self.recipe)
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, verify: bool = False) -> Tokens:
        """The tokens that `save` wrote, with their arrays mapped from the files.

        Opening reads the vocabulary and the metadata alone; of the arrays the
        operating system reads what is used. The size of every file is checked.

        Parameters
        ----------
        verify
            Read every file and compare its SHA-256 with the one noted when it was written.

        Raises
        ------
        TifaError
            If there is no such folder, or it is not one of tokens.
        InputError
            Naming every file that is missing, cut short or (with ``verify``) changed.
        """
        folder = Path(path)
        about = _about(folder)
        _check_files(folder, about["files"], verify=verify)
        arrays, vocabulary, documents = _content(folder)
        return cls(**arrays, vocabulary=vocabulary, documents=documents, recipe=about["recipe"])


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse to write tokens where something else stands."""
    if target.exists():
        if not overwrite:
            raise TifaError(f"{target} exists already. Choose another place, or pass overwrite=True to replace it.")
        there = {entry.name for entry in target.iterdir()} if target.is_dir() else set()
        if not target.is_dir() or (there and _ABOUT not in there):
            raise TifaError(f"{target} is not a folder of tokens and is left alone. Choose another place.")
        others = sorted(name for name in there - {*_FILES, _ABOUT} if not name.startswith("."))
        if others:
            raise TifaError(
                f"{target} holds more than tokens ({', '.join(others[:10])}) and is left alone. "
                "Move that away, or choose another place."
            )


def describe(folder: Path, vocabulary: tuple[str, ...], documents: pd.DataFrame, recipe: Mapping[str, Any]) -> None:
    """Write beside the arrays in ``folder`` what makes them tokens."""
    _write_arrow(pa.table({"word": pa.array(vocabulary, pa.string())}), folder / "vocabulary.arrow")
    _write_arrow(pa.Table.from_pandas(_storable(documents), preserve_index=False), folder / "documents.arrow")
    files = {}
    for name in _FILES:
        with open(folder / name, "rb") as stream:
            files[name] = {
                "bytes": (folder / name).stat().st_size,
                "sha256": hashlib.file_digest(stream, "sha256").hexdigest(),
            }
    about = {"format": _FORMAT, "recipe": dict(recipe), "files": files}
    (folder / _ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")


def _about(folder: Path) -> dict[str, Any]:
    path = folder / _ABOUT
    if not path.is_file():
        raise TifaError(f"There are no tokens at {folder}: tokens.save(path) and `tifa segment` write such a folder.")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        known = about["format"] == _FORMAT and isinstance(about["recipe"], dict) and "corpus" in about["recipe"]
        known = known and set(about["files"]) == set(_FILES)
        known = known and all(isinstance(f["bytes"], int) and f["sha256"] for f in about["files"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"tokens at {folder}",
            [Fault(str(path), "JSON", f"{type(error).__name__}: {error}", "what save wrote")],
            _AGAIN,
        ) from None
    if not known:
        raise InputError(
            f"tokens at {folder}",
            [Fault(str(path), "format", shown(about.get("format")), f"format {_FORMAT}, with recipe and files")],
            "Segment the corpus again: these files were written by another version, or changed.",
        )
    return dict(about)


def _check_files(folder: Path, files: Mapping[str, Any], *, verify: bool) -> None:
    faults = []
    for name in _FILES:
        path, noted = folder / name, files[name]
        if not path.is_file():
            faults.append(Fault(str(path), "", "no file", f"{noted['bytes']:,} bytes"))
        elif path.stat().st_size != noted["bytes"]:
            faults.append(Fault(str(path), "size", f"{path.stat().st_size:,} bytes", f"{noted['bytes']:,} bytes"))
        elif verify:
            with open(path, "rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != noted["sha256"]:
                faults.append(Fault(str(path), "SHA-256", found, noted["sha256"]))
    raise_faults(f"tokens at {folder}", faults, _AGAIN)


def _content(folder: Path) -> tuple[dict[str, NDArray[Any]], tuple[str, ...], pd.DataFrame]:
    """The arrays, mapped, with the vocabulary and the documents; all of one mould."""
    faults: list[Fault] = []
    arrays: dict[str, NDArray[Any]] = {}
    tables: dict[str, pa.Table] = {}
    for name, dtype in _ARRAYS.items():
        path = folder / f"{name}.npy"
        try:
            arrays[name] = np.load(path, mmap_mode="r")
        except (ValueError, SyntaxError, EOFError, TokenError) as error:  # what NumPy says of a header it cannot read
            faults.append(Fault(str(path), "header", str(error).split("\n")[0], f"an array of {dtype}"))
            continue
        if arrays[name].dtype != dtype or arrays[name].ndim != 1:
            received = f"{arrays[name].dtype}, {arrays[name].ndim} dimensions"
            faults.append(Fault(str(path), "type", received, f"{dtype}, 1 dimension"))
    for name, column in (("vocabulary", "word"), ("documents", "id")):
        path = folder / f"{name}.arrow"
        try:
            with pa.memory_map(str(path)) as source:
                tables[name] = pa.ipc.open_file(source).read_all()
                tables[name].column(column)
        except (pa.ArrowException, OSError, KeyError) as error:
            faults.append(Fault(str(path), "Arrow", str(error).split("\n")[0], f"a table with a column {column}"))
    raise_faults(f"tokens at {folder}", faults, _AGAIN)
    offsets = arrays["document_offsets"]
    expected = dict.fromkeys(("ids", "starts", "ends", "line_starts"), int(offsets[-1]) if offsets.size else 0)
    expected["document_offsets"] = len(tables["documents"]) + 1
    raise_faults(
        f"tokens at {folder}",
        [
            Fault(str(folder / f"{name}.npy"), "length", f"{arrays[name].size:,}", f"{size:,}")
            for name, size in expected.items()
            if arrays[name].size != size
        ],
        _AGAIN,
    )
    return arrays, tuple(tables["vocabulary"].column("word").to_pylist()), _restored(tables["documents"])


def _storable(documents: pd.DataFrame) -> pd.DataFrame:
    """``documents`` with every column as Arrow can hold it, else as text."""
    table = documents.copy(deep=False)
    for name in filter(lambda name: is_object_dtype(table[name]), table.columns):
        values = table[name].tolist()
        try:
            kept = pa.array(values, from_pandas=True).to_pylist()
        except (pa.ArrowException, OverflowError):
            kept = []
        texts = [canonical_value(v) for v in values]
        if [canonical_value(v) for v in kept] != texts:
            table[name] = texts
    return table


def _restored(table: pa.Table) -> pd.DataFrame:
    documents: pd.DataFrame = table.to_pandas()
    for column in (table.schema.pandas_metadata or {}).get("columns", []):
        if column["numpy_type"] == "object":  # whole numbers stay whole beside a gap, and lists stay lists
            values = table.column(column["field_name"]).to_pylist()
            documents[column["name"]] = pd.Series(values, dtype=object)
    return documents


def _write_arrow(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
