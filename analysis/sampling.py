"""What resampling documents needs: checked inputs, hits per document, periods, units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.dates import parse_date
from analysis.errors import Fault, MissingStep, raise_faults, shown, warn
from analysis.selection import canonical_value

__all__ = [
    "PERIODS",
    "UNPLACED",
    "check_clusters",
    "check_groups",
    "check_numbers",
    "checked_inputs",
    "date_span",
    "frame_names",
    "grouped_rows",
    "hit_matrix",
    "period_labels",
    "sampling_units",
    "summed",
]

PERIODS = {"year": "Y", "quarter": "Q", "month": "M"}
#: Which precisions of a date can be placed into which periods.
_PLACEABLE = {"year": ("day", "month", "year"), "quarter": ("day", "month"), "month": ("day", "month")}
#: The period of statements whose date is less exact than the period.
UNPLACED = "unplaced"
#: Fewer clusters than this are said; fewer than LEAST_CLUSTERS are refused.
FEW_CLUSTERS = 20
LEAST_CLUSTERS = 5

Floats = NDArray[np.float64]


def checked_inputs(
    subject: str, tallies: pd.DataFrame, documents: pd.DataFrame, base: str, columns: list[str], cluster: str | None
) -> tuple[pd.DataFrame, list[Fault]]:
    needed = [c for c in ("document", "frame", "hits") if not isinstance(tallies, pd.DataFrame) or c not in tallies]
    if needed:
        raise MissingStep(f"tallies lack the column {', '.join(needed)}: tally(find(corpus, lexicon)) makes them.")
    if not isinstance(documents, pd.DataFrame):
        raise MissingStep(
            f"documents are a {type(documents).__name__}: pass corpus.documents, tokens.documents or counts.documents."
        )
    lacking = [c for c in ("id", "date", "language") if c not in documents]
    if lacking:
        raise MissingStep(
            f"documents lack the column {', '.join(lacking)}: pass corpus.documents, tokens.documents or counts.documents."
        )
    if base not in documents:
        step = (
            "segment(corpus) makes it, in tokens.documents" if base == "tokens" else "Corpus(table).documents holds it"
        )
        raise MissingStep(f"documents have no column {base!r} to divide by: {step}.")
    faults = [
        Fault(subject, "column", shown(c), ", ".join(map(str, documents.columns)))
        for c in (*columns, *([cluster] if cluster else []))
        if c not in documents
    ]
    table = documents.sort_values("id", kind="stable", ignore_index=True)
    if not len(table):
        faults.append(Fault(subject, "documents", "none", "at least one"))
    if table["id"].duplicated().any():
        faults.append(
            Fault(
                subject,
                "documents",
                f"the id {table.loc[table['id'].duplicated(), 'id'].iloc[0]!r} twice",
                "each id once",
            )
        )
    languages = sorted(map(str, set(table["language"])))
    if len(languages) > 1 and "language" not in columns:
        faults.append(
            Fault(
                subject,
                "documents",
                f"statements in {' and '.join(languages)}",
                'one language, or groups=("language",): sizes of two languages cannot be pooled',
            )
        )
    dates = _moments(table["date"])
    if dates is None:
        faults.append(
            Fault(
                subject,
                "documents.date",
                "dates that are missing, bare numbers or in a time zone",
                "dates as in corpus.documents",
            )
        )
    else:
        table["date"] = dates
    if not _countable(table[base]):
        faults.append(
            Fault(
                subject,
                base,
                "sizes that are missing, negative or not whole numbers",
                "a whole number of at least 0 for each document",
            )
        )
    counted = tallies["hits"]
    if len(counted) and not _countable(counted):
        faults.append(
            Fault(
                subject,
                "tallies.hits",
                "counts that are missing, negative or not whole numbers",
                "whole numbers of at least 0",
            )
        )
    if not faults and len(tallies) and not tallies["document"].isin(set(table["id"])).any():
        warn(
            f"None of the documents that the tallies name ({tallies['document'].iloc[0]!r} is one) is among these "
            f"{len(table)}: all counts are zero. That is right for a selection without hits, and wrong if tallies "
            "and documents come from two corpora."
        )
    return table, faults


def _moments(column: pd.Series) -> pd.Series | None:
    """``column`` as dates without a zone, or None if it holds anything else."""
    if pd.api.types.is_string_dtype(column) or column.dtype == object:
        column = pd.to_datetime(column.astype(str), format="ISO8601", errors="coerce")
    if not pd.api.types.is_datetime64_dtype(column.dtype) or column.isna().any():
        return None
    return column


def _countable(column: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(column) or column.isna().any():
        return False
    return bool(((column >= 0) & (column < np.inf) & (column % 1 == 0)).all()) and column.dtype != bool


def check_numbers(subject: str, faults: list[Fault], level: float, resamples: int, seed: int) -> None:
    if not isinstance(level, float | np.floating) or not 0 < level < 1:
        faults.append(Fault(subject, "level", shown(level), "a number between 0 and 1, such as 0.95"))
    if not isinstance(resamples, int | np.integer) or resamples < 100:
        faults.append(Fault(subject, "resamples", shown(resamples), "a whole number, at least 100"))
    if not isinstance(seed, int | np.integer) or seed < 0:
        faults.append(Fault(subject, "seed", shown(seed), "a whole number, at least 0"))


def check_groups(subject: str, faults: list[Fault], groups: list[str], columns: Iterable[str]) -> None:
    for name in sorted(set(groups) & set(columns)):
        faults.append(
            Fault(subject, "groups", shown(name), "a column with another name: the result has one of that name")
        )


def frame_names(subject: str, tallies: pd.DataFrame, frames: Iterable[str] | None) -> list[str]:
    column = tallies["frame"]
    known = (
        list(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else sorted(set(map(str, column)))
    )
    if frames is None:
        # A frame that only holds sub-frames has no tallies of its own; its name is for sums.
        names = [n for n in known if not any(other.startswith(n + ".") for other in known) or (column == n).any()]
        if not names:
            raise MissingStep("tallies know no frame: tally(find(corpus, lexicon)) does, even where nothing is found.")
        return names
    names = [frames] if isinstance(frames, str) else list(dict.fromkeys(map(str, frames)))
    if isinstance(column.dtype, pd.CategoricalDtype):
        reachable = {part for n in known for part in (n, n.partition(".")[0])}
        raise_faults(
            subject,
            [Fault(subject, "frames", shown(n), ", ".join(sorted(reachable))) for n in names if n not in reachable],
        )
    raise_faults(subject, [] if names else [Fault(subject, "frames", "none", "at least one, or None for all")])
    return names


def hit_matrix(tallies: pd.DataFrame, table: pd.DataFrame, names: list[str]) -> Floats:
    """Hits of each document (rows of ``table``) in each frame, sub-frames summed."""
    row = pd.Index(table["id"]).get_indexer(tallies["document"].to_numpy(dtype=object))
    label, known = pd.factorize(tallies["frame"].astype(object).to_numpy())
    value, known_rows = tallies["hits"].to_numpy(dtype=np.float64), (row >= 0) & (label >= 0)
    cells = (value[known_rows], (row[known_rows], label[known_rows]))
    counted = sparse.coo_array(cells, shape=(len(table), max(len(known), 1))).tocsr()
    column: dict[str, list[int]] = {}
    for j, name in enumerate(names):
        column.setdefault(name, []).append(j)
    # A label counts for its own name and for every frame that it is a sub-frame of.
    heads = [[str(k).rsplit(".", cut)[0] for cut in range(str(k).count(".") + 1)] for k in known]
    pairs = [(i, j) for i, parts in enumerate(heads) for part in dict.fromkeys(parts) for j in column.get(part, ())]
    members = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    belongs = sparse.coo_array((np.ones(len(pairs)), tuple(members.T)), shape=(counted.shape[1], len(names)))
    summed_up: Floats = (counted @ belongs.tocsr()).toarray()
    return summed_up


def _precision(table: pd.DataFrame) -> pd.Series:
    return table["date_precision"].astype(str) if "date_precision" in table else pd.Series("day", index=table.index)


def period_labels(table: pd.DataFrame, by: str) -> NDArray[Any]:
    """The period of each document: from its date, or what a column of another name says."""
    if by == "all":
        return np.full(len(table), "all", dtype=object)
    if by not in PERIODS:
        return np.array([canonical_value(value) or UNPLACED for value in table[by]], dtype=object)
    labels: NDArray[Any] = pd.to_datetime(table["date"]).dt.to_period(PERIODS[by]).astype(str).to_numpy(dtype=object)
    labels[~_precision(table).isin(_PLACEABLE[by]).to_numpy()] = UNPLACED
    return labels


def date_span(given: str | tuple[str, str]) -> tuple[pd.Timestamp, pd.Timestamp]:
    ends = tuple(given) if isinstance(given, tuple | list) else (given, given)
    if len(ends) != 2:
        raise ValueError("one date, or a pair of them")
    steps = {"day": pd.DateOffset(days=1), "month": pd.DateOffset(months=1), "year": pd.DateOffset(years=1)}
    (first, _), (last, precision) = parse_date(ends[0]), parse_date(ends[1])
    start, stop = pd.Timestamp(first), pd.Timestamp(last) + steps[precision] - pd.Timedelta(microseconds=1)
    if stop < start:
        raise ValueError("a span whose end is not before its beginning")
    return start, stop


def grouped_rows(table: pd.DataFrame, groups: list[str]) -> list[tuple[tuple[Any, ...], NDArray[np.int64]]]:
    if not groups:
        return [((), np.arange(len(table)))]
    # As objects: a missing value of a categorical column would lose its documents.
    found = table[groups].astype(object).groupby(groups, sort=True, dropna=False).indices
    return [(key if isinstance(key, tuple) else (key,), np.asarray(members)) for key, members in found.items()]


def sampling_units(table: pd.DataFrame, cluster: str | None) -> tuple[NDArray[np.int64], int]:
    """The sampling unit of each document: itself with its translations, or its cluster."""
    if cluster is not None:
        codes, names = pd.factorize(table[cluster].astype(object).where(table[cluster].notna(), "(none)"), sort=True)
        return codes.astype(np.int64), len(names)
    origin = table["id"].astype(object)
    if "translation_of" in table:
        given = table["translation_of"].astype(object)
        origin = origin.where(given.isna() | (given == ""), given)
    codes, names = pd.factorize(origin)
    return codes.astype(np.int64), len(names)


def check_clusters(subject: str, n: int, cluster: str) -> None:
    if n < LEAST_CLUSTERS:
        raise_faults(
            subject,
            [
                Fault(
                    subject,
                    f"cluster {cluster!r}",
                    f"{n} clusters",
                    f"at least {LEAST_CLUSTERS}; with fewer leave cluster out and say so",
                )
            ],
        )
    if n < FEW_CLUSTERS:
        warn(
            f"{n} clusters ({cluster}) are few: the intervals use Student's t with {n - 1} degrees of freedom; under {FEW_CLUSTERS} they remain rough."
        )


def summed(values: Floats, codes: NDArray[np.int64], n: int) -> Floats:
    result = np.zeros((n, values.shape[1]))
    np.add.at(result, codes, values)
    return result
