"""What stands near a node more often than chance would have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd

from analysis.association import MEASURES
from analysis.concordance import listed
from analysis.corpus import Corpus
from analysis.errors import Fault, raise_faults, shown, warn
from analysis.lexicon import Lexicon
from analysis.matching import check_tokens, match
from analysis.provenance import round_significant
from analysis.query_parts import Query
from analysis.tokens import Tokens
from analysis.windows import Near, checked_sides, near_matches

__all__ = ["Measures", "collocates", "ranked_table"]

Measures = Sequence[str] | Mapping[str, Mapping[str, Any]]

_DEFAULT = ("log_likelihood", "log_dice", "mi", "log_ratio")


def collocates(
    tokens: Tokens,
    query: str | Query,
    *,
    corpus: Corpus | None = None,
    lexicon: Lexicon | None = None,
    window: int | tuple[int, int] = 5,
    within: str = "",
    measures: Measures = _DEFAULT,
    rank_by: str | None = None,
    minimum: int = 3,
    minimum_documents: int = 2,
    spread: str | Sequence[str] = (),
    words_only: bool = True,
    overlap: str = "once",
    nodes: str = "out",
    across: bool = False,
    repelled: bool = False,
    seconds: float = 10.0,
) -> pd.DataFrame:
    """Words that stand near the matches of a query: one row per collocate, the strongest first.

    Columns: ``collocate``; ``observed``, how often it stands in the windows; ``expected``, how often it would if it
    stood everywhere alike; ``documents``, the number of statements in which it does stand there; for each column
    named in ``spread`` (``issuer``, ``place``) how many different values those statements have
    (``issuer_values``); then the ``measures``, each named as its function in `analysis.association`, which has the formulas.

    The windows hold o11 occurrences of the collocate and r1 tokens, the text without the nodes c1 and n; expected
    is r1 · c1 / n. By default a window ends with its statement, a position in several windows counts once, and
    nodes are no collocates: so quanteda counts. Where positions count twice, or nodes as collocates, o11 may come
    to exceed c1, which is then taken to be o11. The text is the statements that the query's conditions leave.

    Parameters
    ----------
    query, corpus, lexicon, seconds
        As in `analysis.concordance.kwic`.
    window
        How many tokens on each side, or a pair (left, right). Punctuation and removed tokens take their places.
    within
        ``sentence``, ``clause`` or ``paragraph``: where windows end too.
    measures
        Names in `analysis.association.MEASURES`, or a mapping from names to their options:
        ``{"log_likelihood": {"cells": 2}}``.
    rank_by
        The measure to rank by, strongest first; by default the first. Ties by observed, then by the word.
    minimum, minimum_documents
        Collocates that stand there less often, or in fewer statements, are left out.
    spread
        Columns of ``tokens.documents``; empty values are no value.
    words_only
        Count words alone, here and in the text: tokens that hold a letter, a mark or a number. Else punctuation is
        a collocate too.
    overlap
        ``once``: a position in the windows of several nodes counts once; ``each``: once for each of them.
    nodes
        ``out``: a node in the window of another is no collocate; ``in``: it is.
    across
        Windows go on over the end of a statement (so CWB counts).
    repelled
        List those too that stand there less often than expected.

    Raises
    ------
    MissingStep, InputError
        As `analysis.matching.match`; also for options that are not as above, all of them at once.

    >>> from analysis.segmentation import segment
    >>> table = pd.DataFrame({"id": ["a", "b"], "date": "2021", "language": "zh",
    ...     "text": ["净化 网络 环境，保护 未成年人。", "净化 社会 环境；净化 市场 环境。"]})
    >>> found = collocates(segment(Corpus(table)), "净化", window=2, minimum=1, measures=["mi"])
    >>> found[["collocate", "observed", "expected", "documents", "mi"]].head(1).values.tolist()
    [['环境', 3, 2.25, 2, 0.415037]]
    """
    check_tokens("collocates", tokens)
    faults = table_faults("collocates", tokens.documents, measures, rank_by, spread)
    faults += [
        Fault("collocates", name, shown(value), " or ".join(choices))
        for name, value, choices in (("overlap", overlap, ("once", "each")), ("nodes", nodes, ("out", "in")))
        if value not in choices
    ]
    sides = checked_sides(tokens, "collocates", window, within, minimum, minimum_documents, faults)
    found = match(tokens, query, corpus=corpus, lexicon=lexicon, seconds=seconds, caller="collocates")
    near = near_matches(
        tokens, found, sides, within, overlap=overlap, nodes=nodes, across=across, words_only=words_only
    )
    most = int(near.observed[near.documents >= minimum_documents].max(initial=0))
    if near.size and most < minimum:
        held = f"of those in {minimum_documents:,} statements or more the most frequent stands there {most:,} times"
        warn(f"No word stands near {found.query} often enough (minimum={minimum:,}): {held}.")
    return ranked_table(
        "collocates",
        tokens.documents,
        tokens.vocabulary,
        near,
        measures=measures,
        rank_by=rank_by,
        minimum=minimum,
        minimum_documents=minimum_documents,
        spread=spread,
        repelled=repelled,
    )


def ranked_table(
    subject: str,
    documents: pd.DataFrame,
    vocabulary: Sequence[str],
    near: Near,
    *,
    measures: Measures,
    rank_by: str | None,
    minimum: int,
    minimum_documents: int,
    spread: str | Sequence[str],
    repelled: bool,
) -> pd.DataFrame:
    """The table of `collocates`, from what stands near the node."""
    raise_faults(subject, table_faults(subject, documents, measures, rank_by, spread))
    columns, asked = listed(spread), _asked(measures)
    ranked = next(iter(asked)) if rank_by is None else rank_by
    chosen = np.flatnonzero((near.observed >= minimum) & (near.documents >= minimum_documents))
    if chosen.size and near.size + int((near.text - near.observed).max()) > near.total:
        received = f"windows that hold {near.size:,} words, of {near.total:,} in the text"
        accepted = 'smaller windows, or overlap="once" with nodes="out", which count each position once'
        raise_faults(subject, [Fault(subject, "window", received, accepted)])
    expected = near.size * near.text[chosen] / max(near.total, 1)
    if not repelled:
        kept = near.observed[chosen] >= expected
        chosen, expected = chosen[kept], expected[kept]
    result = pd.DataFrame(
        {
            "collocate": pd.Series([vocabulary[i] for i in chosen.tolist()], dtype="str"),
            "observed": near.observed[chosen],
            "expected": expected,
            "documents": near.documents[chosen],
        }
    )
    for column in columns:
        result[f"{column}_values"] = near.values(documents[column])[chosen]
    for name, options in asked.items():
        result[name] = MEASURES[name](near.observed[chosen], near.size, near.text[chosen], near.total, **options)
    ascending = ranked == "fisher_exact"  # a p value: the smallest is the strongest
    order = np.lexsort((-result["observed"], result[ranked] if ascending else -result[ranked]))
    return round_significant(result.iloc[order].reset_index(drop=True))


def table_faults(
    subject: str, documents: pd.DataFrame, measures: Measures, rank_by: str | None, spread: str | Sequence[str]
) -> list[Fault]:
    """What is wrong with the options that say which columns the table has."""
    asked = _asked(measures)
    faults = [fault for name, options in asked.items() for fault in _measure_faults(subject, name, options)]
    there = list(map(str, documents.columns))
    faults += [Fault(subject, "spread", shown(c), ", ".join(there)) for c in listed(spread) if c not in there]
    if not asked or (rank_by is not None and rank_by not in asked):
        accepted = ", ".join(map(str, asked)) or "one of the measures, of which there are none"
        faults.append(Fault(subject, "rank_by", shown(rank_by), accepted))
    return faults


def _asked(measures: Measures) -> dict[str, Mapping[str, Any]]:
    if isinstance(measures, Mapping):
        return dict(measures)
    return {name if isinstance(name, str) else repr(name): {} for name in listed(measures)}


def _measure_faults(subject: str, name: str, options: object) -> list[Fault]:
    if name not in MEASURES:
        return [Fault(subject, "measures", shown(name), ", ".join(MEASURES))]
    known = [p.name for p in signature(MEASURES[name]).parameters.values() if p.kind is p.KEYWORD_ONLY]
    accepted = f"options of {name}: {', '.join(known) or 'it has none'}"
    if not isinstance(options, Mapping):
        return [Fault(subject, "measures", f"{name}: {shown(options)}", accepted)]
    return [Fault(subject, "measures", shown(option), accepted) for option in options if option not in known]
