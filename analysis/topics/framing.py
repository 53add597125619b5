"""Which topics carry a frame: where the hits of framing terms fall."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Fault, MissingStep, raise_faults, shown, warn
from analysis.intervals import resampled_sums
from analysis.provenance import round_significant
from analysis.sampling import check_clusters, check_numbers, frame_names, sampling_units, summed
from analysis.topics.model import Topics
from analysis.topics.uncertainty import LEAST_SHARE, design_effect, matched_shares, share_limits, warn_of_one_fit

__all__ = ["topic_frames"]

Floats = NDArray[np.float64]


def topic_frames(
    topics: Topics | Sequence[Topics],
    tallies: pd.DataFrame,
    *,
    frames: Iterable[str] | None = None,
    cluster: str | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The share of each frame's hits that falls into each topic: one row per frame and topic.

    A hit is divided among the topics of the block that it stands in, by their shares there.

    Columns: ``frame, topic, label``; ``hits``, the frame's hits in all; ``share`` of them in the topic, the mean over
    the fits; ``low`` and ``high``; ``ratio``, that share over the topic's share of all text: how many times as often the
    frame is named where the topic is; ``stable``, whether the topic returns in the other fits
    (`analysis.topics.alignment.align_topics`), unknown with one. Hits in blocks without a feature belong to no topic:
    they count in ``hits`` alone, and the shares are of the others.

    Documents, or whole clusters, are drawn again for the intervals, and the fits matched, as in
    `analysis.topics.prevalence.topic_prevalence`; only documents with a hit tell where hits fall, and a frame borrows from no other,
    so that a rare topic's limits are too narrow where few documents have hits. A frame without hits has shares of NaN.

    Parameters
    ----------
    tallies
        Hits per block: ``document, unit, frame, term, hits``, from ``read_tallies(name, units="blocks")`` or
        ``tally(hits, units=counts.units)``. Per document they do where the model's units are whole documents.
        Documents that the model does not know are left out, so that a selection of counts is one of hits; if it
        knows none of them a warning says so.
    frames
        As in `analysis.trends.rates`.

    Raises
    ------
    MissingStep
        If ``tallies`` lack a column, or the unit of each hit is not known.
    InputError
        For unknown frames, columns or units, or impossible numbers.
    """
    first, shares, stable = matched_shares("topic_frames", topics)
    units = first.counts.units
    lacking = [c for c in ("document", "frame", "hits") if not isinstance(tallies, pd.DataFrame) or c not in tallies]
    if lacking:
        raise MissingStep(
            f"tallies lack the column {', '.join(lacking)}: tally(find(corpus, lexicon), units=counts.units) makes them."
        )
    whole = first.counts.recipe.get("units") == "documents"
    if "unit" not in tallies and not whole:
        raise MissingStep(
            'tallies do not say in which block a hit stands: read_tallies(name, units="blocks") or '
            "tally(find(corpus, lexicon), units=counts.units) does."
        )
    names = frame_names("topic_frames", tallies, frames)
    table = first.counts.documents.sort_values("id", kind="stable", ignore_index=True)
    faults: list[Fault] = []
    value = pd.to_numeric(tallies["hits"], errors="coerce")
    if not ((value >= 0) & (value < np.inf) & (value % 1 == 0)).all():
        received, accepted = "counts that are missing, negative or not whole numbers", "whole numbers of at least 0"
        faults.append(Fault("topic_frames", "tallies.hits", received, accepted))
    check_numbers("topic_frames", faults, level, resamples, seed)
    if cluster is not None and cluster not in table:
        faults.append(Fault("topic_frames", "cluster", shown(cluster), ", ".join(map(str, table.columns))))
    raise_faults("topic_frames", faults)
    warn_of_one_fit(stable)
    mine = tallies[tallies["document"].isin(set(units["document"]))]
    if len(tallies) and not len(mine):
        warn(
            f"None of the documents that the tallies name ({tallies['document'].iloc[0]!r} is one) is among those of the "
            "model: there are no hits. That is right for a selection without hits, and wrong if they come from two corpora."
        )
    hits = _unit_hits(mine, units, names, whole)
    code = pd.Index(table["id"]).get_indexer(units["document"])
    sampled, n_sampled = sampling_units(table, cluster)
    if cluster is not None:
        check_clusters("topic_frames", n_sampled, cluster)
    m, k = len(shares), first.n_topics
    text = np.mean([first.unit_tokens @ s for s in shares], axis=0) / first.unit_tokens.sum()
    rng = np.random.default_rng(seed)
    rows = []
    for j, name in enumerate(names):
        here = np.flatnonzero((hits[:, j] > 0) & (first.unit_tokens > 0))
        placed = [hits[here, j, None] * s[here] for s in shares]
        by_unit = summed(np.column_stack([*placed, hits[here, j]]), sampled[code[here]], n_sampled)
        by_unit = by_unit[by_unit[:, -1] > 0]  # only documents with a hit tell where hits fall
        n, total = len(by_unit), by_unit.sum(axis=0)
        share = low = high = np.full(k, np.nan)
        if n:
            found = (total[:-1] / total[-1]).reshape(m, k)
            effect = design_effect(resampled_sums(by_unit, resamples, rng), found, by_unit[:, -1])
            freedom = np.where(found.max(axis=0) > LEAST_SHARE, n - 1.0, 0.0)
            share, low, high = share_limits(found, effect, np.full(k, float(n)), freedom, level=level)
        table_row = {"frame": name, "topic": np.arange(k), "label": first.names, "hits": int(hits[:, j].sum())}
        ratio = np.divide(share, text, out=np.full(k, np.nan), where=text > 0)
        rows.append(
            pd.DataFrame(table_row | {"share": share, "low": low, "high": high, "ratio": ratio, "stable": stable})
        )
    return round_significant(pd.concat(rows, ignore_index=True))


def _unit_hits(tallies: pd.DataFrame, units: pd.DataFrame, names: list[str], whole: bool) -> Floats:
    """Hits of each frame in each unit (units × frames)."""
    key = units["document"] if whole else pd.MultiIndex.from_frame(units[["document", "unit"]])
    place = pd.Index(key)
    asked = pd.Index(tallies["document"]) if whole else pd.MultiIndex.from_frame(tallies[["document", "unit"]])
    row = place.get_indexer(asked)
    if (row < 0).any():
        lost = tallies[row < 0].iloc[0]
        received = f"unit {lost.get('unit')} of {lost['document']!r}"
        raise_faults(
            "topic_frames", [Fault("topic_frames", "tallies", received, "units of the counts that were fitted")]
        )
    found = np.zeros((len(units), len(names)))
    label = tallies["frame"].astype(str).to_numpy()
    value = tallies["hits"].to_numpy(dtype=np.float64)
    for j, name in enumerate(names):
        mine = np.array([f == name or f.startswith(name + ".") for f in label], dtype=bool)
        np.add.at(found[:, j], row[mine], value[mine])
    return found
