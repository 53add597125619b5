"""Which words mark one set of documents against another, ranked so that no single document can make a keyword."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis.association import MEASURES, benjamini_hochberg, log_likelihood, log_odds_dirichlet, log_ratio
from analysis.boundaries import are_words
from analysis.concordance import listed
from analysis.counts import Counts
from analysis.errors import Fault, MissingStep, raise_faults, shown, warn
from analysis.keyness_sides import (
    aligned,
    by_document,
    column_documents,
    column_sums,
    say_differences,
    side_faults,
    side_size,
    trimmed_sizes,
    without_overlap,
)
from analysis.keyness_uncertainty import RatioSide, log_ratio_limits
from analysis.provenance import round_significant
from analysis.sampling import check_clusters, check_numbers, sampling_units

__all__ = ["keywords"]

_SIDES = ("target", "reference", "both")
_OVERLAPS = ("warn", "leave_out", "refuse")
_COLUMNS = (
    "feature",
    "target",
    "reference",
    "target_per_million",
    "reference_per_million",
    "effect",
    "low",
    "high",
    "documents",
    "target_documents",
    "reference_documents",
)
_LAST_COLUMNS = ("text_dispersion", "p_adjusted", "tests", "exclusive")
#: Columns of which the smallest number is the most remarkable one.
_SMALLEST_FIRST = ("p_adjusted", "fisher_exact")
#: Measures that are ratios: 1 says that there is no difference.
_RATIOS = ("simple_maths", "odds_ratio")

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def keywords(
    target: Counts,
    reference: Counts,
    *,
    measures: str | Iterable[str] | Mapping[str, Mapping[str, Any]] = ("log_likelihood",),
    side: str = "target",
    rank_by: str | None = None,
    features: Iterable[str] | None = None,
    words_only: bool = True,
    minimum_documents: int = 3,
    minimum_hits: int = 5,
    overlap: str = "warn",
    cluster: str | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """What marks the documents of ``target`` against those of ``reference``: one row per feature.

    Columns:

    - ``feature``; ``target, reference``: its hits; ``target_per_million, reference_per_million``:
      per million words of the side (per million tokens, unless ``words_only``);
    - ``effect`` = log₂ (rate in the target / rate in the reference): 1 is twice as often, −1 half as
      often. Where one side has no hit, half a hit stands for them (Hardie 2014; 0 where that would turn the
      sign), and ``exclusive`` names the side that has all (``"target"``, ``"reference"``, else empty);
    - ``low, high``: its limits, from drawing whole documents again within each side (translations go
      with their original), or whole clusters across both. The variance of the drawn ratio over that of
      independent hits is the design effect; the limits are the exact conditional ones for the
      effective hits, with Student's degrees of freedom, as in `analysis.change.rate_ratio`. A side of few
      documents borrows from the other; one document on each side is said, and its words taken as independent. An
      exclusive feature has at most one finite limit; a limit beyond a factor of a million is infinite. Without
      draws (``resamples=0``) ``low``, ``high`` and ``p_adjusted`` are NaN;
    - ``target_documents, reference_documents``: how many documents hold it; ``documents``: those of the
      side on which it is key, that of the higher rate;
    - one column per measure of `analysis.association`, from the table of hits and words: these
      take words as independent, so one talkative document can make them high;
    - ``text_dispersion``: the log-likelihood of the numbers of documents that hold the feature (Egbert
      & Biber 2019, Corpora 14, 77-104), natural logarithm, with the two cells of Rayson and Garside (2000) and
      negative where a smaller share of the target's documents holds it, as the program keylexbundles
      of Larsson, Kim & Egbert (2025) gives it;
    - ``p_adjusted``: the probability of so unequal rates if they were the same, two-sided, on effective hits
      (`analysis.intervals.ratio_p`), adjusted by Benjamini and Hochberg (1995) over the ``tests`` features of both
      sides that passed the rules below. It and the limits may disagree a little.

    Order: by the limit nearer to no effect (``low`` where the effect is positive, −``high`` where it is
    negative), largest first. So a feature is ranked by the least that can be said of it, and those
    whose limits enclose 0 come last, the more so the further they reach beyond. Equal ones are sorted by name.

    Rules, in this order: with ``words_only`` features without a letter, mark or number go (they are no words
    of the sides' sizes either); then all but ``features``, if these are given; then those with fewer
    than ``minimum_hits`` on both sides together; then those with fewer than ``minimum_documents`` ``documents``.

    Blocks are summed to their documents. Counts that were trimmed keep the size of their texts (``tokens`` in
    their documents). Where the two vocabularies differ, features are matched by name.

    Parameters
    ----------
    measures
        Names, or names with their options: ``{"log_likelihood": {"cells": 2}, "log_ratio": {}}``. Those of
        `analysis.association.MEASURES`, and ``log_odds_dirichlet`` (Fightin' Words), whose ``prior`` is the number of
        words α₀ to which the pooled counts of both sides are scaled (default: as many as the mean document has),
        or a mapping with a number for each word.
    side
        Which rows: those more frequent in the ``"target"``, in the ``"reference"``, or ``"both"``.
    rank_by
        Another column to order by: the largest first, whatever its sign (of ratios their logarithm), p values smallest
        first, text by the alphabet. With ``resamples=0`` the first measure is the default.
    overlap
        Documents (by their id) that stand on both sides: ``"warn"`` keeps them on both, which draws every
        effect towards 0 (limits take the sides as independent), and says how many they are; ``"leave_out"`` takes them out of the reference;
        ``"refuse"`` raises.
    cluster
        A column of the documents of both sides, such as ``"place"``, whose values are drawn as wholes.
    level, resamples, seed
        Of the limits: their coverage, the number of draws (0, or at least 100), the seed of the draws.

    Raises
    ------
    MissingStep
        If a side is no `Counts`.
    InputError
        For a side without words, two languages, unknown names, impossible numbers, fewer than 5 clusters,
        trimmed counts whose vocabularies differ, or if the rules leave no feature.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> texts = ["净化网络", "网络环境的净化", "净化的环境", "发展环境", "发展网络", "环境的发展"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcdef"), "date": ["2020"] * 3 + ["2021"] * 3, "language": "zh", "text": texts}))
    >>> counts = count(segment(corpus))
    >>> table = keywords(counts.select(since="2021"), counts.select(until="2020"), side="both", minimum_hits=1)
    >>> table[["feature", "target", "reference", "effect", "exclusive"]].values.tolist()
    [['发展', 3, 0, 2.94753, 'target'], ['净化', 0, 3, -2.22239, 'reference']]
    """
    for name, given in (("target", target), ("reference", reference)):
        if not isinstance(given, Counts):
            raise MissingStep(
                f"keywords takes Counts as {name}, not {type(given).__name__}: count(segment(corpus)) makes them."
            )
    chosen = _chosen_measures(measures)
    asked = None if features is None else listed(features)
    if rank_by is None and not resamples:
        rank_by = next(iter(chosen), "effect")
    faults = _measure_faults(chosen, rank_by)
    check_numbers("keywords", faults, level, resamples or 100, seed)
    for option, value, accepted in (("side", side, _SIDES), ("overlap", overlap, _OVERLAPS)):
        if value not in accepted:
            faults.append(Fault("keywords", option, shown(value), ", ".join(accepted)))
    for option, least in (("minimum_documents", minimum_documents), ("minimum_hits", minimum_hits)):
        if isinstance(least, bool) or not isinstance(least, int | np.integer) or least < 1:
            faults.append(Fault("keywords", option, shown(least), "a whole number, at least 1"))
    raise_faults("keywords", [*faults, *side_faults(target, reference, cluster, asked)])
    reference = without_overlap(target, reference, overlap)
    say_differences(target, reference)
    vocabulary, matrices = aligned(target, reference)
    matrices = [by_document(counts, m) for counts, m in zip((target, reference), matrices, strict=True)]
    words = are_words(vocabulary) if words_only else np.ones(len(vocabulary), dtype=bool)
    hits = np.stack([column_sums(m) for m in matrices])
    held = np.stack([column_documents(m) for m in matrices])
    sizes = np.array([side_size(counts, h[words].sum()) for counts, h in zip((target, reference), hits, strict=True)])
    raise_faults("keywords", [Fault("keywords", _SIDES[i], "no words", "some") for i in np.flatnonzero(sizes == 0)])
    named = None if asked is None else np.isin(np.array(vocabulary, dtype=object), asked)
    kept, effect, documents = _kept(vocabulary, words, named, hits, held, sizes, minimum_hits, minimum_documents)
    hits, held = hits[:, kept], held[:, kept]
    low = high = p = np.full(kept.size, np.nan)
    if resamples:
        pair = _ratio_sides((target, reference), matrices, words, kept, cluster)
        together = cluster is not None
        low, high, p = log_ratio_limits(*pair, together=together, level=level, resamples=resamples, seed=seed)
        p = benjamini_hochberg(p)
    columns: dict[str, Any] = {
        "feature": np.array(vocabulary, dtype=object)[kept],
        "target": hits[0],
        "reference": hits[1],
        "target_per_million": 1e6 * hits[0] / sizes[0],
        "reference_per_million": 1e6 * hits[1] / sizes[1],
        "effect": effect,
        "low": low,
        "high": high,
        "documents": documents,
        "target_documents": held[0],
        "reference_documents": held[1],
    }
    for name, options in chosen.items():
        if name == "log_odds_dirichlet":
            columns[name] = _log_odds(vocabulary, matrices, words, kept, **options)
        else:
            columns[name] = MEASURES[name](hits[0], sizes[0], hits.sum(axis=0), sizes.sum(), **options)
    texts = [m.shape[0] for m in matrices]
    columns |= {
        "text_dispersion": log_likelihood(held[0], texts[0], held.sum(axis=0), sum(texts), cells=2, signed=True),
        "p_adjusted": p,
        "tests": kept.size,
        "exclusive": np.select([hits[1] == 0, hits[0] == 0], ["target", "reference"], ""),
    }
    ratios = {name for name in _RATIOS if not chosen.get(name, {}).get("log", False)}
    return _ranked(pd.DataFrame(columns), side, rank_by, ratios)


def _chosen_measures(measures: str | Iterable[str] | Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    if isinstance(measures, Mapping):
        return dict(measures)
    if not isinstance(measures, Iterable):
        return {repr(measures): {}}
    return {name if isinstance(name, str) else repr(name): {} for name in listed(measures)}


def _measure_faults(chosen: Mapping[str, Mapping[str, Any]], rank_by: str | None) -> list[Fault]:
    known = {**MEASURES, "log_odds_dirichlet": log_odds_dirichlet}
    faults = [Fault("keywords", "measures", shown(n), ", ".join(known)) for n in chosen if n not in known]
    for name in chosen.keys() & known.keys():
        takes = [o for o in signature(known[name]).parameters if o not in ("o11", "r1", "c1", "n", *_SIDES)]
        accepted = ", ".join(takes) or "no options"
        if not isinstance(chosen[name], Mapping):
            faults.append(Fault("keywords", f"measures, {name}", shown(chosen[name]), f"its options: {accepted}"))
            continue
        faults += [Fault("keywords", f"measures, {name}", shown(o), accepted) for o in chosen[name] if o not in takes]
    columns = [*_COLUMNS, *chosen, *_LAST_COLUMNS]
    if rank_by is not None and rank_by not in columns:
        faults.append(Fault("keywords", "rank_by", shown(rank_by), ", ".join(columns)))
    return faults


def _kept(
    vocabulary: tuple[str, ...],
    words: NDArray[np.bool_],
    named: NDArray[np.bool_] | None,
    hits: Integers,
    held: Integers,
    sizes: Integers,
    minimum_hits: int,
    minimum_documents: int,
) -> tuple[Integers, Floats, Integers]:
    """Which features pass the rules, with their effects and the documents of the side on which they are key."""
    counted = hits.sum(axis=0)
    left = counted > 0
    steps = [("with hits", int(left.sum()))]
    rules = [("words", words), ("features", named), ("minimum_hits", counted >= minimum_hits)]
    for name, passed in rules:
        if passed is not None:
            left = left & passed
            steps.append((name, int(left.sum())))
    kept = np.flatnonzero(left)
    effect = log_ratio(hits[0, kept], sizes[0], counted[kept], sizes.sum())
    here, there = hits[:, kept] > 0
    # Half a hit can be more than a small side would lead one to expect, and turn the sign.
    effect = np.where(there, np.where(here, effect, np.minimum(effect, 0.0)), np.maximum(effect, 0.0))
    documents = np.where(here & ((effect >= 0) | ~there), held[0, kept], held[1, kept])
    passed = documents >= minimum_documents
    steps.append(("minimum_documents", int(passed.sum())))
    if not passed.any():
        received = f"none (left: {', '.join(f'{name} {n:,}' for name, n in steps)})"
        raise_faults("keywords", [Fault("keywords", "features", received, "rules that leave some features")])
    if named is not None and passed.sum() < named.sum():
        gone = np.setdiff1d(np.flatnonzero(named), kept[passed])
        few = ", ".join(vocabulary[i] for i in gone[:5].tolist()) + (" …" if gone.size > 5 else "")
        warn(f"{gone.size} of {named.sum()} features have too few hits or documents, or are no words: {few}.")
    return kept[passed], effect[passed], documents[passed]


def _ratio_sides(
    pair: tuple[Counts, Counts],
    matrices: list[sparse.csr_array],
    words: NDArray[np.bool_],
    kept: Integers,
    cluster: str | None,
) -> list[RatioSide]:
    # In the order of their ids: the draws shall not depend on the order of the documents.
    orders = [np.argsort(c.documents["id"].to_numpy(dtype=object), kind="stable") for c in pair]
    tables = [c.documents.iloc[order] for c, order in zip(pair, orders, strict=True)]
    units, n_units = sampling_units(pd.concat(tables, ignore_index=True), cluster)
    if cluster is not None:
        check_clusters("keywords", n_units, cluster)
    drawn = np.split(units, [len(tables[0])])
    if all(np.unique(u).size == 1 for u in drawn):
        warn("One document on each side tells nothing of how documents vary: the limits take words as independent.")
    sides = []
    for counts, matrix, unit, order in zip(pair, matrices, drawn, orders, strict=True):
        sizes = trimmed_sizes(counts)
        counted = matrix @ words.astype(np.float64) if sizes is None else sizes.astype(np.float64)
        rows = matrix if np.array_equal(order, np.arange(order.size)) else matrix[order]
        sides.append(RatioSide(rows[:, kept], counted[order], unit))
    return sides


def _log_odds(
    vocabulary: tuple[str, ...],
    matrices: list[sparse.csr_array],
    words: NDArray[np.bool_],
    kept: Integers,
    prior: float | Mapping[str, float] | None = None,
    **options: Any,
) -> Floats:
    """Fightin' Words over the words of both sides; without a prior one that is as large as the mean document."""
    hits = [np.where(words, column_sums(m), 0) for m in matrices]
    present = np.flatnonzero(hits[0] + hits[1] > 0)
    alpha: Any = prior
    if prior is None:
        alpha = sum(h.sum() for h in hits) / sum(m.shape[0] for m in matrices)
    elif isinstance(prior, Mapping):
        alpha = np.array([prior.get(vocabulary[i], np.nan) for i in present.tolist()])
    scores = log_odds_dirichlet(hits[0][present], hits[1][present], alpha, **options)
    return scores[np.searchsorted(present, kept)]


def _ranked(table: pd.DataFrame, side: str, rank_by: str | None, ratios: set[str]) -> pd.DataFrame:
    effect = table["effect"].to_numpy()
    if rank_by is None:
        on_target = (effect > 0) | ((effect == 0) & (table["target"] > 0))
        order = -np.where(on_target, table["low"], -table["high"])
    elif rank_by in ("feature", "exclusive"):
        order = table[rank_by].rank(method="dense").to_numpy()
    elif rank_by in _SMALLEST_FIRST:
        order = table[rank_by].to_numpy()
    else:
        values = table[rank_by].to_numpy(dtype=np.float64)
        with np.errstate(divide="ignore"):
            order = -np.abs(np.log(values) if rank_by in ratios else values)
    rows = np.argsort(order, kind="stable")  # equal ones stay sorted by name
    if side != "both":
        rows = rows[(effect[rows] > 0) if side == "target" else (effect[rows] < 0)]
    return round_significant(table.iloc[rows].reset_index(drop=True))
