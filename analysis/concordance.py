"""Key words in context: every place where a query matches, with what stands around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.corpus import Corpus
from analysis.dates import written_date
from analysis.errors import Fault, TifaError, raise_faults, shown, warn
from analysis.lexicon import Lexicon
from analysis.matching import Matches, check_tokens, match
from analysis.patterns import fold
from analysis.positions import bisected, spelled, stretch_bounds, stretches, word_types
from analysis.query_parts import Query
from analysis.sampling import PERIODS, period_labels
from analysis.selection import canonical_value
from analysis.tokens import Tokens

__all__ = ["LINE_COLUMNS", "kwic", "places"]

LINE_COLUMNS = ("document", "date", "left", "node", "right", "start", "end")
#: What the context of a line is measured in.
CONTEXTS = ("tokens", "characters", "sentences")

#: More tokens than this in all lines together would fill the memory.
_MOST_HELD = 300_000_000

Ints = NDArray[np.int64]


def kwic(
    tokens: Tokens,
    query: str | Query,
    *,
    corpus: Corpus | None = None,
    lexicon: Lexicon | None = None,
    context: int | tuple[int, int] = 10,
    unit: str = "tokens",
    sort: str | Sequence[str] = (),
    columns: str | Sequence[str] = (),
    sample: int | None = None,
    per: str | None = None,
    seed: int = 0,
    seconds: float = 10.0,
) -> pd.DataFrame:
    """Every match of a query with its context: one row per hit, in the order of the texts.

    Columns: ``document``; ``date`` as it was written (2021 stays 2021); ``left``, ``node``, ``right``; ``start``
    and ``end``, the offsets of the node in the statement's text; then the ``columns`` of metadata asked for.
    The context never leaves the statement. With ``corpus`` the three are cut from the text as it stands; without,
    they are spelled from the tokens: white space is then one space, a removed token ``…``, and text that was
    folded when it was cut stays folded.

    A query that finds nothing gives a table without rows; a warning names words that stand nowhere, and those
    that come near.

    Parameters
    ----------
    query
        In the language of `analysis.queries`: ``净化``, ``打击 []{0,3} 犯罪``, ``/净化.{0,4}网络/``, ``<minors>``, …
    corpus, lexicon
        The texts that were cut, and a lexicon: what ``/…/`` and ``<frame>`` need.
    context
        How much on each side, or a pair (left, right).
    unit
        ``tokens`` (punctuation is one too); ``characters``; ``sentences``: 0 for the rest of the sentence that the
        node stands in, 1 for one more on each side.
    sort
        What to sort by, in this order: ``left1`` (the token right before the node), ``left2``, …, ``right1``, …,
        ``node``, ``date``, ``document``, any column of the documents; ``-date`` for the last first. Words sort by code
        point without regard to case, beyond the statement comes first; equal lines stay in the order of the texts.
    columns
        Columns of ``tokens.documents`` to add.
    sample
        So many lines, drawn at random without replacement; with ``per`` so many of each period (``year``,
        ``quarter``, ``month``) or value of a column, all of them where there are no more, which a warning says.
    seed
        Of the sample: the same seed draws the same lines.
    seconds
        How long regular expressions may take.

    Raises
    ------
    MissingStep, InputError
        As `analysis.matching.match`; also for options that are not as above, all of them at once.
    TifaError
        If the lines would hold more text than the memory does.

    >>> from analysis.segmentation import segment
    >>> table = pd.DataFrame({"id": ["a", "b"], "date": ["2020", "2021-05-07"], "language": "zh",
    ...     "text": ["继续净化网络环境。", "净化文化环境，保护未成年人。"]})
    >>> kwic(segment(Corpus(table)), "净化", context=2, sort="-date")[["document", "date", "left", "node", "right"]].values.tolist()
    [['b', '2021-05-07', '', '净化', '文化环境'], ['a', '2020', '继续', '净化', '网络环境']]
    """
    check_tokens("kwic", tokens)
    columns, keys = listed(columns), listed(sort)
    sides = _checked(tokens, context, unit, keys, columns, sample, per, seed)
    found = match(tokens, query, corpus=corpus, lexicon=lexicon, seconds=seconds, caller="kwic")
    if sample is not None:
        found = found.take(_drawn(tokens, found, sample, per, seed))
    if keys and len(found):
        found = found.take(_order(tokens, found, keys, corpus))
    left, node, right = _texts(tokens, found, corpus, sides, unit)
    documents = tokens.documents
    lines = pd.DataFrame(
        {
            "document": documents["id"].array.take(found.row),
            "date": _written(documents, found.row),
            "left": left,
            "node": node,
            "right": right,
            "start": found.start,
            "end": found.end,
        }
    )
    for column in columns:
        lines[column] = documents[column].array.take(found.row)
    return lines


def places(
    tokens: Tokens,
    queries: str | Query | Sequence[str | Query],
    *,
    corpus: Corpus | None = None,
    lexicon: Lexicon | None = None,
) -> pd.DataFrame:
    """How far into its statement each hit stands: one row per hit, for `analysis.figures.reading_plots.plot_dispersion`.

    Columns: ``term`` (the query), ``document``, ``date`` as written, ``position`` (the words before it in the
    statement), ``size`` (the words of the statement). Words are tokens that hold a letter, a mark or a number.

    >>> from analysis.segmentation import segment
    >>> corpus = Corpus(pd.DataFrame({"id": ["a"], "date": "2021", "language": "zh", "text": ["保护，净化。净化"]}))
    >>> places(segment(corpus), "净化").values.tolist()
    [['净化', 'a', '2021', 1, 3], ['净化', 'a', '2021', 2, 3]]
    """
    check_tokens("places", tokens)
    asked = [queries] if isinstance(queries, Query) else listed(queries)
    raise_faults("places", [] if asked else [Fault("places", "queries", "none", "at least one")])
    documents = tokens.documents
    parts: list[pd.DataFrame] = []
    for query in asked:
        found = match(tokens, query, corpus=corpus, lexicon=lexicon, caller="places")
        if not parts:
            is_word = np.append(word_types(tokens), False)[tokens.ids]
            before = np.concatenate([[0], np.cumsum(is_word)])
            begins = before[tokens.document_offsets]
        parts.append(
            pd.DataFrame(
                {
                    "term": str(query),
                    "document": documents["id"].array.take(found.row),
                    "date": _written(documents, found.row),
                    "position": before[found.first] - begins[found.row],
                    "size": np.diff(begins)[found.row],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _written(documents: pd.DataFrame, row: Ints) -> pd.Series:
    """The dates of the rows as they were written, no more exact than that."""
    distinct, place = np.unique(row, return_inverse=True)
    exact = documents["date_precision"].array.take(distinct) if "date_precision" in documents else "day"
    precision = np.full(distinct.size, exact) if isinstance(exact, str) else np.asarray(exact)
    dates = documents["date"].to_numpy()[distinct]
    days = dates.astype("datetime64[D]")
    if (days == dates).all():  # no times of day: all at once
        length = np.select([precision == "year", precision == "month"], [4, 7], 10)
        texts = [day[:n] for day, n in zip(np.datetime_as_string(days).tolist(), length.tolist(), strict=True)]
    else:
        texts = [written_date(pd.Timestamp(date), p) for date, p in zip(dates, precision.tolist(), strict=True)]
    return pd.Series(pd.array(texts, dtype="str").take(place))


def _checked(
    tokens: Tokens,
    context: int | tuple[int, int],
    unit: str,
    keys: Sequence[str],
    columns: Sequence[str],
    sample: int | None,
    per: str | None,
    seed: int,
) -> tuple[int, int]:
    """The context on each side, once all options have been found to be in order."""
    faults = []
    known = list(map(str, tokens.documents.columns))
    most = int(np.iinfo(np.int32).max)  # no statement has more of any unit: offsets are that large
    sides = tuple(context) if isinstance(context, tuple | list) else (context, context)
    if len(sides) != 2 or not all(_whole(side) for side in sides):
        faults.append(Fault("kwic", "context", shown(context), "a whole number of at least 0, or a pair of them"))
    if unit not in CONTEXTS:
        faults.append(Fault("kwic", "unit", shown(unit), ", ".join(CONTEXTS)))
    for key in keys:
        name = str(key).removeprefix("-")
        if name not in (*known, "node", "document") and not re.fullmatch(r"(left|right)[1-9]\d?", name):
            accepted = f"left1, right1, …, node, document, or one of {', '.join(known)}"
            faults.append(Fault("kwic", "sort", shown(key), accepted))
    for column in columns:
        if column not in known or column in LINE_COLUMNS:
            others = ", ".join(c for c in known if c not in LINE_COLUMNS)
            faults.append(Fault("kwic", "columns", shown(column), others))
    if sample is not None and not (_whole(sample) and sample > 0):
        faults.append(Fault("kwic", "sample", shown(sample), "a whole number of at least 1, or None for all"))
    if per is not None and per not in (*PERIODS, *known):
        faults.append(Fault("kwic", "per", shown(per), ", ".join([*PERIODS, *known])))
    if per is not None and sample is None:
        faults.append(Fault("kwic", "sample", "None", f"how many lines of each {per}"))
    if not _whole(seed):
        faults.append(Fault("kwic", "seed", shown(seed), "a whole number of at least 0"))
    raise_faults("kwic", faults)
    return min(int(sides[0]), most), min(int(sides[1]), most)


def listed(values: Any) -> list[Any]:
    """The values as a list, each once: one alone, several, or what is neither, which a check will refuse."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [values]
    several = list(values)
    try:
        return list(dict.fromkeys(several))
    except TypeError:  # of what cannot be a name
        return several


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 0)


def _drawn(tokens: Tokens, found: Matches, sample: int, per: str | None, seed: int) -> Ints:
    """Which matches are in the sample, in the order of the texts."""
    rng = np.random.default_rng(seed)
    if per is None:
        return np.sort(rng.permutation(len(found))[:sample])
    table = tokens.documents.reset_index(drop=True)
    labels = np.asarray(period_labels(table, per), dtype=object)[found.row]
    chosen, short = [], []
    for label in sorted(set(labels), key=str):
        members = np.flatnonzero(labels == label)
        if members.size < sample:
            short.append(f"{label} ({members.size})")
        chosen.append(rng.permutation(members)[:sample])
    if short:
        listed = ", ".join(short[:10]) + (" …" if len(short) > 10 else "")
        warn(
            f"kwic: fewer than {sample} lines in {len(short)} of {len(chosen)} groups, of which all are taken: {listed}."
        )
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *chosen]))


def _order(tokens: Tokens, found: Matches, keys: Sequence[str], corpus: Corpus | None) -> Ints:
    """The matches sorted by the keys, equal ones in the order of the texts."""
    first, after = tokens.document_offsets[found.row], tokens.document_offsets[found.row + 1]
    ranks = []
    for key in keys:
        name = str(key).removeprefix("-")
        if contextual := re.fullmatch(r"(left|right)(\d+)", name):
            steps = int(contextual[2])
            at = found.first - steps if contextual[1] == "left" else found.last + steps - 1
            inside = (at >= first) & (at < after)
            ids = np.where(inside, tokens.ids[np.where(inside, at, 0)], -1)
            values = _ranked(ids, lambda i: fold(tokens.vocabulary[i]) if i >= 0 else "")
        elif name == "node":
            texts = _texts(tokens, found, corpus, (0, 0), "characters")[1].tolist()
            values = np.unique(np.array(list(map(fold, texts)), dtype=object), return_inverse=True)[1]
        else:
            column = tokens.documents["id" if name == "document" else name]
            if not _sortable(column):
                column = column.map(canonical_value).replace("", None)
            values = pd.factorize(column.where(column.notna()), sort=True)[0][found.row]
        ranks.append(-values if str(key).startswith("-") else values)
    return np.lexsort(ranks[::-1])


def _sortable(column: pd.Series) -> bool:
    try:
        pd.factorize(column.dropna(), sort=True)
        column.dropna().sort_values()
    except (TypeError, ValueError):  # of lists, or of numbers beside texts
        return False
    return True


def _ranked(codes: Ints, name: Callable[[int], str]) -> Ints:
    """For each code the rank of its name among those that occur."""
    distinct, place = np.unique(codes, return_inverse=True)
    names = np.array([name(int(code)) for code in distinct], dtype=object)
    return np.unique(names, return_inverse=True)[1][place]


def _texts(
    tokens: Tokens, found: Matches, corpus: Corpus | None, sides: tuple[int, int], unit: str
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """The text to the left of each match, of the match and to the right."""
    if not len(found):
        return _text_column([]), _text_column([]), _text_column([])
    begin, stop = _window(tokens, found, sides, unit)
    if (held := int((stop - begin).sum())) > _MOST_HELD:
        raise TifaError(f"The lines would hold {held:,} tokens: ask for less context, or for a sample of the lines.")
    if corpus is None:
        left, node, right = (
            spelled(tokens, a, b) for a, b in ((begin, found.first), (found.first, found.last), (found.last, stop))
        )
        if unit == "characters":
            left, right = (
                pc.utf8_slice_codeunits(left, -sides[0], None) if sides[0] else pc.utf8_slice_codeunits(left, 0, 0),
                pc.utf8_slice_codeunits(right, 0, sides[1]),
            )
        return _text_column(left), _text_column(node), _text_column(right)
    distinct, place = np.unique(found.row, return_inverse=True)
    at = pd.Index(corpus.table["id"]).get_indexer(tokens.documents["id"].iloc[distinct])
    known = corpus.table["text"].iloc[at].tolist()
    if unit == "characters":
        begins, stops = np.maximum(found.start - sides[0], 0), found.end + sides[1]
    else:
        begins = np.where(begin < found.first, tokens.starts[np.minimum(begin, len(tokens) - 1)], found.start)
        stops = np.where(stop > found.last, tokens.ends[stop - 1], found.end)
    texts = [known[i] for i in place.tolist()]
    cuts = [values.tolist() for values in (begins, found.start, found.end, stops)]
    parts = ([t[a:b] for t, a, b in zip(texts, *pair, strict=True)] for pair in pairwise(cuts))
    left, node, right = map(_text_column, parts)
    return left, node, right


def _text_column(texts: Any) -> pd.Series:
    return pd.Series(pd.array(texts, dtype="str"))


def _window(tokens: Tokens, found: Matches, sides: tuple[int, int], unit: str) -> tuple[Ints, Ints]:
    """The first token of the context and the one after its last, within the statement."""
    first, after = tokens.document_offsets[found.row], tokens.document_offsets[found.row + 1]
    if unit == "tokens":
        return np.maximum(found.first - sides[0], first), np.minimum(found.last + sides[1], after)
    if unit == "characters":
        # A token has at least one character, so that no more than so many are needed.
        low, high = np.maximum(found.first - sides[0], first), np.minimum(found.last + sides[1], after)
        begin = bisected(tokens.ends, low, np.maximum(found.first, low), found.start - sides[0], "right")
        stop = bisected(tokens.starts, np.minimum(found.last, high), high, found.end + sides[1], "left")
        return begin, stop
    numbers, bounds = stretches(tokens, "sentence"), stretch_bounds(tokens, "sentence")
    here = numbers[np.minimum(found.first, len(tokens) - 1)].astype(np.int64)
    there = numbers[np.clip(found.last - 1, 0, len(tokens) - 1)].astype(np.int64)
    begin = np.maximum(bounds[np.maximum(here - sides[0], 0)], first)
    stop = np.minimum(bounds[np.minimum(np.maximum(there, here) + 1 + sides[1], bounds.size - 1)], after)
    return np.minimum(begin, found.first), np.maximum(stop, found.last)
