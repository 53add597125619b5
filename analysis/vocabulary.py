"""Which features a method shall see: chosen by stated rules, with what each rule took away."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.boundaries import code_points, in_classes
from analysis.counts import Counts
from analysis.errors import Fault, MissingStep, TifaError, raise_faults, shown
from analysis.files import home, resolve
from analysis.patterns import fold
from analysis.provenance import digest

__all__ = ["read_stopwords", "trim", "trim_report"]

#: 十三五 and its like are names of plans, not numbers: as a number it would be ill-formed.
_PLAN = re.compile(r"十[一二三四五]五")
_NUMERAL = re.compile(r"第?[〇零一二三四五六七八九十百千万亿两]+|第?[\d.,%％‰:：/～~+-]*\d[\d.,%％‰:：/～~+-]*")
_KEY = "trimmed"


def trim(
    counts: Counts,
    *,
    least_units: int = 1,
    most_share: float = 1.0,
    least_length: int = 1,
    stopwords: bool | str | os.PathLike[str] | Iterable[str] = True,
    numerals: bool = False,
    keep: Iterable[str] = (),
) -> Counts:
    """Counts of those features that a method shall see; the units and documents stay as they are.

    The rules, in the order in which they are applied and reported by `trim_report`:

    1. *punctuation*: features without a letter, mark or number go, always;
    2. *numerals*: unless ``numerals``, so do numbers in digits (``2021``, ``3.5%``) and in
       Chinese (``三百``, ``第三``), but not the names of plans (``十三五``);
    3. *short*: those of fewer than ``least_length`` characters;
    4. *stop words*: with True those of ``corpus/stopwords`` for the language of the counts;
       or a name there, a path, or the words themselves; False for none. Letter case does not matter;
    5. *rare*: those that stand in fewer than ``least_units`` units;
    6. *frequent*: those that stand in more than ``most_share`` of the units.

    ``keep`` are features that stay in spite of rules 2 to 6. Counts that were trimmed
    before are trimmed further; both reports are kept.

    Raises
    ------
    MissingStep
        If ``counts`` are no `Counts`.
    InputError
        For an impossible bound, counts in two languages with ``stopwords=True``, or if no feature is left.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> texts = {"id": ["a", "b"], "date": "2021", "language": "zh", "text": ["净化网络的环境。", "3个部门的网络"]}
    >>> trim(count(segment(Corpus(pd.DataFrame(texts))))).vocabulary
    ('净化', '环境', '网络', '部门')
    """
    if not isinstance(counts, Counts):
        raise MissingStep(f"trim takes Counts, not {type(counts).__name__}: count(segment(corpus)) makes them.")
    kept_words = {keep} if isinstance(keep, str) else set(keep)
    faults = []
    if not _whole(least_units) or least_units < 0:
        faults.append(Fault("trim", "least_units", shown(least_units), "a whole number of units, at least 0"))
    if not isinstance(most_share, int | float | np.number) or not 0 < most_share <= 1:
        faults.append(Fault("trim", "most_share", shown(most_share), "a share of the units, above 0 and at most 1"))
    if not _whole(least_length) or least_length < 1:
        faults.append(Fault("trim", "least_length", shown(least_length), "a whole number of characters, at least 1"))
    unknown = sorted(kept_words - set(counts.vocabulary), key=str)
    faults += [Fault("trim", "keep", shown(word), "a feature of these counts") for word in unknown]
    raise_faults("trim", faults)
    stopped = _stopwords(counts, stopwords)
    words = counts.vocabulary
    units = np.bincount(counts.matrix.indices[counts.matrix.data > 0], minlength=len(words))
    most = most_share * counts.matrix.shape[0]
    rules: list[tuple[str, Callable[[int], bool]]] = [
        ("punctuation", lambda i: not in_classes(code_points(words[i]), "LMN").any()),
        ("numerals", lambda i: not numerals and bool(_NUMERAL.fullmatch(words[i])) and not _PLAN.fullmatch(words[i])),
        ("short", lambda i: len(words[i]) < least_length),
        ("stop words", lambda i: fold(words[i]) in stopped),
        ("rare", lambda i: bool(units[i] < least_units)),
        ("frequent", lambda i: bool(units[i] > most)),
    ]
    tokens = np.asarray(counts.matrix.sum(axis=0)).ravel().astype(np.int64)
    left: NDArray[np.int64] = np.flatnonzero(units > 0)
    report = [["before", int(left.size), int(tokens.sum())]]
    for name, away in rules:
        spared = kept_words if name != "punctuation" else set()
        left = np.array([i for i in left.tolist() if words[i] in spared or not away(i)], dtype=np.int64)
        report.append([name, int(left.size), int(tokens[left].sum())])
    if not left.size:
        steps = ", ".join(f"{name} {n:,}" for name, n, _ in report)
        raise_faults("trim", [Fault("trim", "features", f"none (left: {steps})", "bounds that leave some features")])
    options = {
        "least_units": int(least_units),
        "most_share": float(most_share),
        "least_length": int(least_length),
        "stopwords": digest(sorted(stopped)) if stopped else "",
        "numerals": bool(numerals),
        "keep": sorted(kept_words),
    }
    earlier = list(counts.recipe.get(_KEY, ()))
    return Counts(
        counts.matrix[:, left],
        tuple(words[i] for i in left.tolist()),
        counts.documents,
        counts.units,
        dict(counts.recipe) | {_KEY: [*earlier, options | {"report": report}]},
        counts.about,
    )


def trim_report(counts: Counts) -> pd.DataFrame:
    """What trimming left: one row per rule, in their order.

    Columns: ``rule`` (``before`` in the first row), ``features`` and ``tokens`` that were
    left after it, ``token_share`` of all tokens, punctuation included. Counts that were
    trimmed twice have the rows of both.

    Raises
    ------
    MissingStep
        If the counts were not trimmed.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> texts = {"id": ["a"], "date": "2021", "language": "zh", "text": ["净化网络的环境。"]}
    >>> trim_report(trim(count(segment(Corpus(pd.DataFrame(texts)))))).values.tolist()[-1]
    ['frequent', 3, 3, 0.6]
    """
    steps = counts.recipe.get(_KEY, ()) if isinstance(counts, Counts) else ()
    if not steps:
        raise MissingStep("these counts were not trimmed: trim(counts) does it.")
    table = pd.DataFrame([row for step in steps for row in step["report"]], columns=["rule", "features", "tokens"])
    return table.assign(token_share=(table["tokens"] / table["tokens"].iloc[0]).round(6))


def read_stopwords(name: str | os.PathLike[str]) -> tuple[str, ...]:
    """The stop words of ``corpus/stopwords/NAME.txt``, or of a file, sorted and folded.

    White space parts words, ``#`` begins a comment.

    Raises
    ------
    TifaError
        If there is no such file, it is a folder, or it is not UTF-8.

    >>> "的" in read_stopwords("zh"), "the" in read_stopwords("en"), "发展" in read_stopwords("zh")
    (True, True, False)
    """
    path: Path = resolve(name, "corpus/stopwords", endings=(".txt",))
    if path.is_dir():
        raise TifaError(f"{path} is a folder; stop words are one text file.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise TifaError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8.") from None
    return tuple(sorted({_folded(word) for line in lines for word in line.partition("#")[0].split()}))


def _stopwords(counts: Counts, given: bool | str | os.PathLike[str] | Iterable[str]) -> frozenset[str]:
    if given is False or given is None:
        return frozenset()
    if given is not True:
        named = isinstance(given, str | os.PathLike)
        return frozenset(read_stopwords(given) if named else map(_folded, given))  # type: ignore[arg-type]
    languages = sorted(set(counts.documents["language"].astype(str))) if "language" in counts.documents else []
    if len(languages) != 1:
        accepted = "counts in one language (select one), or stopwords=False or a list of your own"
        received = f"counts in {' and '.join(languages) or 'no stated language'}"
        raise_faults("trim", [Fault("trim", "stopwords", received, accepted)])
    # The path, for what lies in the working folder may be called zh or en as well.
    return frozenset(read_stopwords(home() / "corpus" / "stopwords" / f"{languages[0]}.txt"))


def _folded(word: str) -> str:
    return fold(unicodedata.normalize("NFC", word))


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
