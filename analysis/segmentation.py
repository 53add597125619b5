"""Text to integer tokens with source offsets: all of a corpus, part by part."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.boundaries import code_points, in_classes
from analysis.corpus import Corpus
from analysis.cutting import Part, cut_part
from analysis.dictionary import read_dictionary
from analysis.errors import Fault, InputError, MissingStep, raise_faults, shown
from analysis.files import write_whole, written_folder, written_whole
from analysis.patterns import fold as folded
from analysis.progress import Report, progress_bar
from analysis.provenance import digest
from analysis.segmenters.base import JIEBA, PACKAGES, SEGMENTERS, WHOLE, language_of
from analysis.tokens import Tokens, check_target, describe
from analysis.workers import cores, mapped

__all__ = ["segment"]

#: Characters of text a part holds: enough to forget the overhead, little memory.
_PART = 2_000_000
#: Where all texts of a part are cut at once more of them cost little memory and save words to number again.
_WHOLE_PART = 6_000_000
#: Below so many characters starting a second process costs more than it saves.
_PAYS = 8_000_000


def segment(
    corpus: Corpus,
    segmenter: str | None = None,
    dictionary: str | os.PathLike[str] | Mapping[str, int] | None = None,
    hmm: bool = True,
    *,
    fold: bool = False,
    folder: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    processes: int | None = None,
    progress: bool | Report | None = None,
) -> Tokens:
    """Cut every statement into tokens that know where they came from.

    Parameters
    ----------
    segmenter
        ``jieba`` (Chinese; token by token what jieba 0.42.1 gives, about ten
        times faster), ``jieba-reference`` (jieba itself), ``lac`` (Chinese;
        a neural one, slow, which the extra ``tifa[lac]`` installs), ``english``,
        ``characters`` (any language), ``spaces`` (any language, for text that is cut already: tokens
        stand between white space). By default each statement's language
        decides; a segmenter that is named refuses statements of other languages.
    dictionary
        User words for jieba: a name in ``corpus/dictionaries/``, a path, or a
        mapping from word to frequency. Frequencies are explicit, at least 1.
    hmm
        Whether jieba may guess words that are in no dictionary.
    fold
        Whether upper and lower case are one: Children and children the same
        token. Offsets and lengths stay as they are in the text.
    folder
        Write the tokens there while they are made (see `Tokens.save`), and give
        them back mapped from the files. A run that was interrupted goes on where
        it stopped when it is asked for again with the same corpus and options.
    overwrite
        Whether tokens that stand in ``folder`` may be replaced.
    processes
        How many to use. By default as many as there are processors if there is
        text enough for that to pay, else one. The tokens are the same.
    progress
        Show a bar; by default where somebody can see it and the corpus is large.
        Or a function that is called with (parts done, parts).

    Raises
    ------
    MissingStep
        If ``corpus`` is not a `Corpus`.
    InputError
        For an unknown segmenter, a wrong language, or a faulty dictionary.
    TifaError
        If ``folder`` holds something already, or a process died.

    >>> import pandas as pd
    >>> corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化 网络。"]}))
    >>> tokens = segment(corpus)
    >>> tokens.words("a"), tokens.starts.tolist(), tokens.ends.tolist()
    (['净化', '网络', '。'], [0, 3, 5], [2, 5, 6])
    """
    if not isinstance(corpus, Corpus):
        raise MissingStep(
            f"segment takes a Corpus, not {type(corpus).__name__}: make one with read_corpus or Corpus(table)."
        )
    if processes is not None and (isinstance(processes, bool) or not isinstance(processes, int) or processes < 1):
        raise InputError("segment", [Fault("segment", "processes", shown(processes), "a whole number of at least 1")])
    plan = _planned(corpus, segmenter, dictionary, hmm, fold)
    target = None if folder is None else Path(folder)
    if target is not None:
        check_target(target, overwrite=overwrite)
    large = plan.size >= _PAYS
    if processes is None:
        processes = cores() if large and not plan.whole else 1
    kept = None
    if target is not None:
        place = target.resolve()
        kept = place.parent / f".{place.name[:50]}.{plan.digest}.parts"
    with progress_bar(
        f"cutting {corpus.name}", show=progress if progress is not None else (None if large else False)
    ) as report:
        parts = _cut(plan, kept, processes, report)
        tokens = _assembled(corpus, plan, parts, target, overwrite)
    if kept is not None:
        shutil.rmtree(kept, ignore_errors=True)
    return tokens


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is to be cut how: the texts, where the parts begin, the engines, the recipe."""

    table: pd.DataFrame
    size: int
    bounds: list[int]
    engines: dict[str, tuple[str, dict[str, Any]]]
    recipe: dict[str, Any]
    fold: bool
    whole: bool

    @property
    def digest(self) -> str:
        """Names the folder of finished parts, so that only parts of the same work are taken up again."""
        # The corpus has the same digest in whatever order its statements stand, the parts have not.
        return digest([self.recipe, self.bounds, self.table["id"]]).removeprefix("sha256:")[:16]


def _planned(
    corpus: Corpus,
    segmenter: str | None,
    dictionary: str | os.PathLike[str] | Mapping[str, int] | None,
    hmm: bool,
    fold: bool,
) -> _Plan:
    table = corpus.table
    chosen = {language: segmenter or _default(language) for language in sorted(set(table["language"]))}
    refused = [language for language, name in chosen.items() if language not in language_of(name)]
    if refused:
        count_refused = int(table["language"].isin(refused).sum())
        raise_faults(
            "segment",
            [
                Fault(
                    f"corpus {corpus.name}",
                    "segmenter",
                    f"{segmenter} for {count_refused} statements in {', '.join(refused)}",
                    f"{segmenter} for {', '.join(language_of(str(segmenter)))}; select a language, or leave the segmenter out",
                )
            ],
        )
    entries = read_dictionary(dictionary) if dictionary is not None else ()
    engines: dict[str, tuple[str, dict[str, Any]]] = {
        language: (name, {"dictionary": entries, "hmm": hmm} if name in JIEBA else {})
        for language, name in chosen.items()
    }
    recipe: dict[str, Any] = {"corpus": corpus.digest, "segmenters": chosen}
    if corpus.constructed:
        recipe["constructed"] = True
    recipe |= {package: _version(package) for name in chosen.values() for package in PACKAGES.get(name, ())}
    if set(JIEBA) & set(chosen.values()):
        recipe |= {"hmm": hmm, "dictionary": [list(e) for e in entries]}
    if fold:
        recipe["fold"] = True
    lengths = table["text"].str.len().tolist()
    whole = all(name in WHOLE for name in chosen.values())
    return _Plan(table, sum(lengths), _bounds(lengths, _WHOLE_PART if whole else _PART), engines, recipe, fold, whole)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"  # which the segmenter will say, with the command that installs it


def _default(language: str) -> str:
    return next(name for name, languages in SEGMENTERS.items() if language in languages)


def _bounds(lengths: Sequence[int], most: int) -> list[int]:
    """Where the parts begin, and the end."""
    bounds, size = [0], 0
    for i, length in enumerate(lengths, start=1):
        size += length
        if size >= most and i < len(lengths):
            bounds.append(i)
            size = 0
    return [*bounds, len(lengths)]


# -------------------------------------------------------------------------- parts


def _cut(plan: _Plan, kept: Path | None, processes: int, report: Report) -> list[Part | Path]:
    """Every part, in memory or (where they are ``kept``) as the path of its file."""
    spans = list(zip(plan.bounds[:-1], plan.bounds[1:], strict=True))
    parts: dict[int, Part | Path] = {}
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        parts = {n: path for n in range(len(spans)) if _whole(path := kept / f"{n}.npz")}
    left = [n for n in range(len(spans)) if n not in parts]
    report(len(parts), len(spans))
    batches = _Batches(plan, [spans[n] for n in left])
    with closing(mapped(cut_part, batches, processes=processes)) as done:  # also if keeping a part fails
        for at, part in done:
            number = left[at]
            parts[number] = part if kept is None else _keep(part, kept / f"{number}.npz")
            report(len(parts), len(spans))
    return [parts[n] for n in range(len(spans))]


class _Batches(Sequence[tuple[Any, ...]]):
    """The arguments of each call, made when they are asked for."""

    def __init__(self, plan: _Plan, spans: list[tuple[int, int]]) -> None:
        self._plan, self._spans = plan, spans

    def __len__(self) -> int:
        return len(self._spans)

    def __getitem__(self, at: Any) -> Any:
        first, last = self._spans[at]
        rows = self._plan.table.iloc[first:last]
        return self._plan.engines, rows["text"].tolist(), rows["language"].tolist()


_FIELDS = ("ids", "starts", "ends", "line_starts", "lengths")


def _keep(part: Part, path: Path) -> Path:
    text = np.frombuffer("".join(part.words).encode("utf-8"), dtype=np.uint8)
    widths = np.array([len(word) for word in part.words], dtype=np.int32)
    with written_whole(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, text=text, widths=widths, **{name: getattr(part, name) for name in _FIELDS})
    write_whole(path.with_suffix(".sha256"), _sha256(path))
    return path


def _whole(path: Path) -> bool:
    note = path.with_suffix(".sha256")
    return path.is_file() and note.is_file() and note.read_bytes() == _sha256(path).encode("ascii")


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _taken(stored: Part | Path) -> Part:
    if isinstance(stored, Part):
        return stored
    with np.load(stored) as arrays:
        return Part(**{name: arrays[name] for name in _FIELDS}, words=_words(arrays))


def _listed(stored: Part | Path) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The lengths and the words alone, without reading the rest of a file."""
    if isinstance(stored, Part):
        return stored.lengths, stored.words
    with np.load(stored) as arrays:
        return arrays["lengths"], _words(arrays)


def _words(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    text = arrays["text"].tobytes().decode("utf-8")
    ends = np.cumsum(arrays["widths"]).tolist()
    return tuple(text[start:end] for start, end in zip([0, *ends], ends, strict=False))


# ------------------------------------------------------------------------ assembly


def _assembled(corpus: Corpus, plan: _Plan, parts: list[Part | Path], target: Path | None, overwrite: bool) -> Tokens:
    """One vocabulary, sorted, and the parts behind one another; in files if there is a ``target``."""
    lengths: list[NDArray[np.int64]] = []
    seen: set[str] = set()
    for stored in parts:
        of_part, words = _listed(stored)
        lengths.append(of_part)
        seen.update(words)
    forms = {word: folded(word) for word in seen} if plan.fold else {}
    vocabulary = tuple(sorted(set(forms.values()) if plan.fold else seen))
    number = {word: i for i, word in enumerate(vocabulary)}
    number |= {word: number[form] for word, form in forms.items()}
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    total = int(offsets[-1])
    lexical = _lexical(vocabulary)
    documents = corpus.table.drop(columns="text")
    sizes: list[NDArray[np.int64]] = []

    def renumbered() -> Iterator[dict[str, NDArray[Any]]]:
        parts.reverse()
        while parts:  # each is let go as soon as it has gone over
            part = _taken(parts.pop())
            ids = np.fromiter(map(number.__getitem__, part.words), dtype=np.int32, count=len(part.words))[part.ids]
            before = np.concatenate([[0], np.cumsum(lexical[ids])])  # so many words before each token
            sizes.append(np.diff(before[np.concatenate([[0], np.cumsum(part.lengths)])]))
            yield {"ids": ids, "starts": part.starts, "ends": part.ends, "line_starts": part.line_starts}

    if target is None:
        arrays: dict[str, NDArray[Any]] = {name: np.empty(total, dtype) for name, dtype in _TYPES.items()}
        at = 0
        for values in renumbered():
            for name, array in arrays.items():
                array[at : at + values["ids"].size] = values[name]
            at += values["ids"].size
        documents["tokens"] = np.concatenate(sizes)
        return Tokens(
            **arrays, document_offsets=offsets, vocabulary=vocabulary, documents=documents, recipe=plan.recipe
        )
    with written_folder(target) as folder:
        with ExitStack() as stack:
            # Written, not mapped: where the disk is full, a mapped file ends the process without a word.
            streams = {name: stack.enter_context(open(folder / f"{name}.npy", "wb")) for name in _TYPES}
            for name, dtype in _TYPES.items():
                header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (total,)}
                np.lib.format.write_array_header_1_0(streams[name], header)
            for values in renumbered():
                for name, stream in streams.items():
                    stream.write(values[name].data)
        np.save(folder / "document_offsets.npy", offsets)
        documents["tokens"] = np.concatenate(sizes)
        describe(folder, vocabulary, documents, plan.recipe)
        check_target(target, overwrite=overwrite)  # again: much time has passed
    return Tokens.load(target)


_TYPES = {
    "ids": np.dtype(np.int32),
    "starts": np.dtype(np.int32),
    "ends": np.dtype(np.int32),
    "line_starts": np.dtype(np.bool_),
}


def _lexical(vocabulary: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which words hold at least one letter, mark or number."""
    ends = np.cumsum(np.fromiter(map(len, vocabulary), dtype=np.int64, count=len(vocabulary)))
    counted = np.concatenate([[0], np.cumsum(in_classes(code_points("".join(vocabulary)), "LMN"), dtype=np.int64)])
    lexical: NDArray[np.bool_] = np.diff(counted[np.concatenate([[0], ends])]) > 0
    return lexical
