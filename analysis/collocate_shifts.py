"""Which collocates a node gained and lost over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, stats

from analysis.association import benjamini_hochberg
from analysis.change import rate_ratio
from analysis.concordance import listed
from analysis.corpus import Corpus
from analysis.errors import Fault, raise_faults, shown
from analysis.lexicon import Lexicon
from analysis.matching import check_tokens, match
from analysis.near_words import near_words
from analysis.positions import document_rows, places_of, word_types
from analysis.provenance import round_significant
from analysis.query_parts import Query
from analysis.sampling import date_span
from analysis.selection import date_extent
from analysis.tokens import Tokens
from analysis.windows import Near, checked_sides, near_matches

__all__ = ["collocate_shifts", "shift_table"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Collocates whose changes are worked out at once.
_CHUNK = 500


def collocate_shifts(
    tokens: Tokens,
    query: str | Query,
    *,
    before: str | tuple[str, str],
    after: str | tuple[str, str],
    corpus: Corpus | None = None,
    lexicon: Lexicon | None = None,
    window: int | tuple[int, int] = 5,
    within: str = "",
    minimum: int = 5,
    minimum_documents: int = 3,
    words: Sequence[str] | None = None,
    against: str = "node",
    cluster: str | None = None,
    stratum: str | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    seconds: float = 10.0,
) -> pd.DataFrame:
    """Which collocates a node gained and lost: one row per collocate, the surest change first.

    Columns: ``collocate``; ``before`` and ``after``, how often it stands in the windows in each span of time;
    ``before_share`` and ``after_share``, the same per hundred matches of the node; ``ratio`` of the two shares,
    with ``low`` and ``high``; ``text_ratio``, the ratio of the collocate's frequency in the rest of the text, outside
    the windows, after over before; ``p``, two-sided, that there is no change, read off the limits; ``p_adjusted``
    by Benjamini and Hochberg (1995) over the ``tests`` collocates that were compared; ``change``: ``gained`` or
    ``lost`` where p_adjusted is below 1 − ``level``, else empty.

    A share asks what the node is used with when it is used: how often the node itself is used does not move it.
    The limits draw whole statements again, or clusters of them, as `analysis.change.rate_ratio` does for frames;
    the node's matches take the place of the text's size. Where a collocate stands on one side alone the ratio is
    infinite or 0, and one of the limits tells how little that may mean.

    A word that has become frequent everywhere has become frequent near the node too. ``against="text"`` asks whether
    the node gained it *more* than the rest of the text did, and adds ``beyond`` = ratio / text_ratio with
    ``beyond_low`` and ``beyond_high``; p and change are then those of ``beyond``. Its limits are made of those of the two
    ratios (Zou & Donner 2008, *Statistics in Medicine* 27(10), the method of variance estimates recovery, on
    logarithms), as if these varied apart; where clusters say both more often together they are too wide. Where the rest has the word in
    one span alone nothing can be said: no quotient, and p is 1; look at ``before`` and ``after``.

    Parameters
    ----------
    before, after
        Spans of time as in `analysis.change.rate_ratio`: ``"2019"`` or ``("2003", "2010")``.
    minimum, minimum_documents
        Collocates with fewer co-occurrences in both spans together, or in fewer statements, are not compared.
    words
        Compare these alone, whatever their number.
    against
        ``node`` or ``text``, as above.
    cluster
        A column of the documents whose values are drawn as wholes.
    stratum
        A column: the ratio inside each of its values, pooled (``within`` of `analysis.change.rate_ratio`).

    Raises
    ------
    MissingStep, InputError
        As `analysis.collocation.collocates` and `analysis.change.rate_ratio`; if the node stands in one of the spans alone, or in none.

    >>> from analysis.segmentation import segment
    >>> texts = ["净化 社会 环境", "净化 社会 风气", "净化 网络 环境", "净化 网络 空间"]
    >>> table = pd.DataFrame({"id": list("abcd"), "date": ["2010", "2011", "2020", "2021"], "language": "zh", "text": texts})
    >>> shifts = collocate_shifts(segment(Corpus(table)), "净化", before=("2010", "2011"), after=("2020", "2021"),
    ...     minimum=2, minimum_documents=1)
    >>> shifts.set_index("collocate").loc["环境", ["before_share", "after_share", "ratio"]].tolist()
    [50.0, 50.0, 1.0]
    """
    subject = "collocate_shifts"
    check_tokens(subject, tokens)
    sides = checked_sides(tokens, subject, window, within, minimum, minimum_documents)
    found = match(tokens, query, corpus=corpus, lexicon=lexicon, seconds=seconds, caller=subject)
    near = near_matches(tokens, found, sides, within, overlap="once", nodes="out", across=False, words_only=True)
    kinds = _compared(tokens, subject, near, words, minimum, minimum_documents)
    raise_faults(
        subject,
        []
        if len(found)
        else [Fault(subject, "query", f"{found.query}, which matches nothing", "a query with matches")],
    )
    matched = np.bincount(found.row, minlength=len(tokens.documents))
    places = places_of(tokens, kinds)
    ones = np.ones(places.size, dtype=np.int64)
    cells = (ones, (document_rows(tokens, places), tokens.ids[places]))
    text = sparse.coo_array(cells, shape=(len(tokens.documents), len(tokens.vocabulary))).tocsr()[:, kinds]
    is_word = np.append(word_types(tokens), False)[tokens.ids]  # a removed token, −1, finds the False
    sizes = np.diff(np.concatenate([[0], np.cumsum(is_word)])[tokens.document_offsets])
    windows = np.bincount(near.cells // near.types, minlength=len(tokens.documents))
    return shift_table(
        tokens.documents.assign(_nodes=matched).iloc[found.rows],
        tokens.documents["id"],
        tokens.vocabulary,
        near.cells,
        kinds,
        (text, sizes - windows),
        against=against,
        least=0 if words is not None else minimum,
        spans={"before": before, "after": after},
        options={"cluster": cluster, "within": stratum, "level": level, "resamples": resamples, "seed": seed},
    )


def shift_table(
    documents: pd.DataFrame,
    ids: pd.Series,
    vocabulary: Sequence[str],
    cells: Ints,
    kinds: Ints,
    text: tuple[sparse.csr_array, Ints],
    *,
    against: str,
    least: int,
    spans: Mapping[str, Any],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """The table of `collocate_shifts`, from what stands near the node.

    ``documents`` hold the node's matches in ``_nodes``; ``cells`` are row in ``ids`` · number of types + type, one for
    each co-occurrence; ``kinds`` are the types to compare, of which those with fewer than ``least`` co-occurrences in
    both ``spans`` together are left out; ``text`` is how often each of them stands in each of the ``ids``, near the node
    or not, and the sizes of the rest; ``options`` are those of `analysis.change.rate_ratio`.
    """
    if against not in ("node", "text"):
        raise_faults("shifts", [Fault("shifts", "against", shown(against), "node or text")])
    types = len(vocabulary)
    pairs, hits = np.unique(cells[np.isin(cells % types, kinds)], return_counts=True)
    # As names of frames a number each: in a word a dot would mean a sub-frame.
    names = {int(kind): f"c{i:07}" for i, kind in enumerate(kinds.tolist())}
    tallies = pd.DataFrame(
        {
            "document": ids.to_numpy(dtype=object)[pairs // types],
            "frame": [names[kind] for kind in (pairs % types).tolist()],
            "term": "",
            "hits": hits,
        }
    )
    _check_spans(documents, spans)
    frames = list(names.values()) or ["none"]  # so that the options are checked
    columns = {kind: column for column, kind in enumerate(names)}
    near_cells = (
        hits,
        (pairs // types, np.array([columns[kind] for kind in (pairs % types).tolist()], dtype=np.int64)),
    )
    rows = pd.Index(ids).get_indexer(documents["id"])
    rest = (text[0] - sparse.coo_array(near_cells, shape=text[0].shape).tocsr())[rows]
    documents = documents.assign(_rest=text[1][rows])
    table = _ratios(tallies, documents, "_nodes", frames, spans, options).iloc[: len(names)]
    result = pd.DataFrame(
        {
            "collocate": pd.Series([vocabulary[kind] for kind in names], dtype="str"),
            "before": table["before_hits"].astype(np.int64),
            "after": table["after_hits"].astype(np.int64),
            "before_share": table["before_per_million"] / 1e4,
            "after_share": table["after_per_million"] / 1e4,
            "ratio": table["ratio"],
            "low": table["low"],
            "high": table["high"],
            "text_ratio": _text_ratio(documents, rest, text[1][rows], spans),
        }
    )
    result = result[result["before"] + result["after"] >= least]
    level = float(options["level"])
    table = table.loc[result.index]
    limits, null = (result["low"].to_numpy(), result["high"].to_numpy()), (1.0, 1.0)
    rising = result["ratio"].to_numpy() > 1
    if against == "text":
        cells_of_rest = rest.tocoo()
        others = pd.DataFrame(
            {
                "document": documents["id"].to_numpy(dtype=object)[cells_of_rest.row],
                "frame": np.array(frames, dtype=object)[cells_of_rest.col],
                "term": "",
                "hits": cells_of_rest.data.astype(np.int64),
            }
        )
        elsewhere = _ratios(others, documents, "_rest", frames, spans, options).iloc[: len(names)].loc[result.index]
        beyond, low, high = _quotient(table, elsewhere)
        result = result.assign(beyond=beyond, beyond_low=low, beyond_high=high)
        limits, null = (low, high), (elsewhere["low"].to_numpy(), elsewhere["high"].to_numpy())
        rising = beyond > 1
    p = _p_values(table, *limits, level, *null)
    if against == "text":
        p = np.where(np.isnan(beyond), 1.0, p)
    adjusted = benjamini_hochberg(p)
    change = np.where(adjusted < 1 - level, np.where(rising, "gained", "lost"), "")
    result = result.assign(p=p, p_adjusted=adjusted, tests=len(result), change=pd.array(change, dtype="str"))
    order = np.lexsort((-(result["before"] + result["after"]), result["p"]))
    return round_significant(result.iloc[order].reset_index(drop=True))


def _check_spans(documents: pd.DataFrame, spans: Mapping[str, Any]) -> None:
    """Refuse spans in which the node does not stand; what is no span `rate_ratio` refuses."""
    faults = []
    for name, span in spans.items():
        try:
            inside = _inside(documents, span)
        except ValueError:
            return
        if not documents["_nodes"].to_numpy()[inside].sum():
            received = f"{shown(span)}, in which the node does not stand"
            faults.append(Fault("shifts", name, received, "a span with matches of the query"))
    raise_faults("shifts", faults)


def _inside(documents: pd.DataFrame, span: Any) -> Ints:
    """The rows of the documents whose date, as exact as it is, lies in the span."""
    first, last = date_extent(documents)
    since, until = date_span(span)
    return np.flatnonzero(((first >= since) & (last <= until)).to_numpy())


def _text_ratio(documents: pd.DataFrame, text: sparse.csr_array, sizes: Ints, spans: Mapping[str, Any]) -> Floats:
    """How many times as frequent each word is in the rest of the text of the second span as in that of the first."""
    shares = []
    for span in (spans["before"], spans["after"]):
        inside = _inside(documents, span)
        shares.append(np.asarray(text[inside].sum(axis=0), dtype=np.float64).ravel() / max(sizes[inside].sum(), 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = shares[1] / shares[0]
    return ratio


def _ratios(
    tallies: pd.DataFrame,
    documents: pd.DataFrame,
    base: str,
    frames: list[str],
    spans: Mapping[str, Any],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """The ratios of all ``frames``, a number of them at once."""
    parts = [
        rate_ratio(tallies, documents, base=base, frames=frames[i : i + _CHUNK], **spans, **options)
        for i in range(0, len(frames), _CHUNK)
    ]
    return pd.concat(parts, ignore_index=True)


def _quotient(near: pd.DataFrame, elsewhere: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """The ratio near the node over that elsewhere, with its limits; no number where either does not exist."""
    with np.errstate(divide="ignore", invalid="ignore"):
        (n, n_low, n_high), (e, e_low, e_high) = (
            [np.log(table[name].to_numpy(dtype=float)) for name in ("ratio", "low", "high")]
            for table in (near, elsewhere)
        )
        middle = n - e
        low = np.exp(middle - np.hypot(n - n_low, e_high - e))
        high = np.exp(middle + np.hypot(n_high - n, e - e_low))
        # On one side alone: what its one limit leaves, at the far limit of the rest.
        low = np.where(np.isposinf(n), np.exp(n_low - e_high), low)
        high = np.where(np.isposinf(n), np.inf, high)
        low = np.where(np.isneginf(n), 0.0, low)
        high = np.where(np.isneginf(n), np.exp(n_high - e_low), high)
    known = np.isfinite(e) & ~np.isnan(n)
    beyond, low, high = (np.where(known, values, np.nan) for values in (np.exp(middle), low, high))
    return beyond, np.where(np.isnan(low) & known, 0.0, low), np.where(np.isnan(high) & known, np.inf, high)


def _p_values(table: pd.DataFrame, low: Floats, high: Floats, level: float, least: Any, most: Any) -> Floats:
    """Two-sided p of no change, read off the limits at ``level``.

    Between two limits the logarithm of the ratio is taken as normal, and no change is 1. Where a collocate stands
    on one side alone there is one limit in ``table``, that of a binomial share with all hits on that side, π = (α/2)^(1/a): it
    tells the effective hits a, and with them p = 2 · π₀^a, where π₀ is the share of that side if the ratio were
    ``most`` (all hits after) or ``least`` (all before). No hits: p is 1.
    """
    here_low, here_high = table["low"].to_numpy(dtype=float), table["high"].to_numpy(dtype=float)
    sizes = table["after_size"].to_numpy(dtype=float), table["before_size"].to_numpy(dtype=float)
    tail = (1 - level) / 2
    z = stats.norm.ppf(1 - tail)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        both = (here_low > 0) & np.isfinite(here_high)
        sure = both & (low > 0) & np.isfinite(high)
        middle, width = np.log(low * high) / 2, np.log(high / low) / (2 * z)
        p = np.where(sure, 2 * stats.norm.sf(np.abs(middle) / width), 1.0)
        for alone, limit, expected, here, there in (
            ((here_low > 0) & ~both, here_low, most, *sizes),
            (np.isfinite(here_high) & ~both, 1 / here_high, 1 / np.asarray(least, dtype=float), *sizes[::-1]),
        ):
            odds, under_null = limit * here / there, expected * here / there
            effective = np.log(tail) / np.log(odds / (1 + odds))
            p = np.where(alone, np.minimum(2 * (under_null / (1 + under_null)) ** effective, 1.0), p)
    return np.nan_to_num(p, nan=1.0)


def _compared(
    tokens: Tokens, subject: str, near: Near, words: Sequence[str] | None, minimum: int, minimum_documents: int
) -> Ints:
    """The types whose shift is worked out."""
    if words is None:
        return np.flatnonzero((near.observed >= minimum) & (near.documents >= minimum_documents))
    known = {word: number for number, word in enumerate(tokens.vocabulary)}
    asked = listed(words)
    faults = [] if asked else [Fault(subject, "words", "none", "at least one, or None for all")]
    is_word = word_types(tokens)
    for word in asked:
        if isinstance(word, str) and word in known:
            if not is_word[known[word]]:
                faults.append(Fault(subject, "words", shown(word), "words: punctuation is no collocate here"))
        else:
            close = ", ".join(near_words(word, tokens.vocabulary)) or "a word of the tokens"
            faults.append(Fault(subject, "words", shown(word), close))
    raise_faults(subject, faults)
    return np.array([known[word] for word in asked], dtype=np.int64)
