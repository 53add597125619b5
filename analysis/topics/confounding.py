"""How much of a topic is where and when a text was written, and not what it is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults, shown, warn
from analysis.provenance import round_significant
from analysis.sampling import PERIODS, period_labels
from analysis.topics.model import Topics, check_topics, group_tokens

__all__ = ["topic_confounding"]

Floats = NDArray[np.float64]


def topic_confounding(
    topics: Topics, by: Sequence[str] = ("place", "year"), *, warn_above: float = 0.5
) -> pd.DataFrame:
    """How much of each topic's share in the documents place, year and the like explain: one row per topic and factor.

    Columns: ``topic, label``; ``factor``, each of ``by`` and, with several, all of them together (``place + year``);
    ``levels``, how many values it has; ``documents``; ``r_squared``, the share of the variance of the documents'
    shares between the factor's values (for all together, of the additive model, ordinary least squares);
    ``adjusted`` for the number of values, 1 − (1 − R²) (n − 1) / (n − levels), which is 0 on average where the factor
    means nothing and may be below.

    A topic of which one factor alone explains more than ``warn_above`` (adjusted) is named in a warning: it may be
    a place or an era rather than a theme, and a curve of it shows who was reporting. R² cannot tell a change of attention
    from one of vocabulary: the passages can. Documents without a feature are left out.

    Parameters
    ----------
    by
        Columns of the documents, or ``year``, ``quarter``, ``month`` of their dates.

    Raises
    ------
    MissingStep
        If ``topics`` is something else.
    InputError
        For an unknown column, a factor of one value or of one for each document, or a bound that is no share.
    """
    check_topics("topic_confounding", topics)
    factors = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    table = topics.counts.documents
    faults = [
        Fault("topic_confounding", "by", shown(f), f"{', '.join(PERIODS)}, {', '.join(map(str, table.columns))}")
        for f in factors
        if f not in PERIODS and f not in table
    ]
    if isinstance(warn_above, bool) or not isinstance(warn_above, int | float | np.number) or not 0 <= warn_above <= 1:
        faults.append(Fault("topic_confounding", "warn_above", shown(warn_above), "a number between 0 and 1"))
    raise_faults(
        "topic_confounding",
        faults or ([] if factors else [Fault("topic_confounding", "by", "none", "at least one column")]),
    )
    codes = pd.Index(table["id"]).get_indexer(topics.counts.units["document"])
    tokens = group_tokens(topics, codes, len(table))
    total = tokens.sum(axis=1)
    held = total > 0
    shares = tokens[held] / total[held, None]
    n = int(held.sum())
    dummies = {f: _dummies(period_labels(table, f)[held]) for f in factors}
    faults = [
        Fault("topic_confounding", f, f"{d.shape[1]} values in {n} documents", "at least 2, and fewer than documents")
        for f, d in dummies.items()
        if not 2 <= d.shape[1] < n
    ]
    raise_faults("topic_confounding", faults)
    rows = []
    together = {" + ".join(factors): np.column_stack(list(dummies.values()))} if len(factors) > 1 else {}
    for name, design in (dummies | together).items():
        explained, rank = _explained(design, shares)
        with np.errstate(divide="ignore", invalid="ignore"):
            adjusted = np.where(n > rank, 1 - (1 - explained) * (n - 1) / (n - rank), np.nan)
        rows.append(
            pd.DataFrame(
                {
                    "topic": np.arange(topics.n_topics),
                    "label": topics.names,
                    "factor": name,
                    "levels": design.shape[1] if name in dummies else rank,
                    "documents": n,
                    "r_squared": explained,
                    "adjusted": adjusted,
                }
            )
        )
    result = round_significant(pd.concat(rows).sort_values("topic", kind="stable", ignore_index=True))
    high = result[(result["adjusted"] > warn_above) & result["factor"].isin(factors)]
    if len(high):
        said = "; ".join(f"{r.topic} ({r.label}): {r.factor} {r.adjusted:.2f}" for r in high.itertuples(index=False))
        warn(
            f"{high['topic'].nunique()} of {topics.n_topics} topics are explained mostly by one factor (adjusted R² above "
            f"{warn_above:g}): {said}. They follow who reports or when; whether they are a theme as well, their passages tell."
        )
    return result


def _dummies(labels: NDArray[np.object_]) -> Floats:
    codes, names = pd.factorize(labels, sort=True)
    found = np.zeros((labels.size, len(names)))
    found[np.arange(labels.size), codes] = 1.0
    return found


def _explained(design: Floats, shares: Floats) -> tuple[Floats, int]:
    """R² of each column of ``shares`` on ``design``, and the rank of the design (its constant among it)."""
    coefficients, _, rank, _ = np.linalg.lstsq(design, shares, rcond=None)
    residual = ((shares - design @ coefficients) ** 2).sum(axis=0)
    total = ((shares - shares.mean(axis=0)) ** 2).sum(axis=0)
    # What is left of a share that is everywhere the same is rounding.
    varies = total > len(shares) * 1e-24
    share = np.divide(residual, total, out=np.ones_like(total), where=varies)
    return np.clip(1 - share, 0.0, 1.0), int(rank)
