"""How much of the text each topic takes, over time and by group, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults, shown, warn
from analysis.intervals import resampled_sums
from analysis.provenance import round_significant
from analysis.sampling import (
    PERIODS,
    UNPLACED,
    check_clusters,
    check_groups,
    check_numbers,
    grouped_rows,
    period_labels,
    sampling_units,
    summed,
)
from analysis.selection import canonical_value
from analysis.topics.model import Topics, check_topics
from analysis.topics.uncertainty import (
    LEAST_SHARE,
    borrowed,
    design_effect,
    document_tokens,
    matched_shares,
    share_limits,
    warn_of_one_fit,
)

__all__ = ["topic_prevalence"]

Floats = NDArray[np.float64]

_COLUMNS = ("topic", "label", "period", "documents", "tokens", "share", "low", "high", "few", "stable")
_FEW_DOCUMENTS = 5


def topic_prevalence(
    topics: Topics | Sequence[Topics],
    by: str = "year",
    *,
    groups: Sequence[str] = (),
    cluster: str | None = None,
    panel: str | None = None,
    chosen: int | str | Iterable[int | str] | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The share of the text that each topic takes in each period: one row per group, topic and period.

    Columns: the ``groups``, then ``topic, label``; ``period`` (``unplaced`` where a date is less exact than it);
    ``documents`` and their ``tokens`` (of the model's features); ``share``, Σ tokens · share over the blocks /
    Σ tokens, the mean over the fits; ``low`` and ``high``; ``few``, true under 5 documents;
    ``stable``, whether the topic returns in the other fits (`analysis.topics.alignment.align_topics`), unknown with one.

    **Intervals** hold two doubts: documents, or whole clusters across all periods, are drawn again; and with
    several fits, their topics matched, the variance between fits is added as between multiple imputations. The limits
    are the exact binomial ones for as many *effective documents*, each wholly of one topic or of another, as would
    leave that doubt (`analysis.topics.uncertainty.share_limits`). A period of few documents, or one in
    which a topic is rare, borrows from how documents vary in the other periods, as in `analysis.trends.rates`; a share of 0 has a
    limit above it, never [0, 0]. Where there is no other period, limits of 95 % hold a rare topic that few documents carry
    less often: one of 3 % in ten documents about 80 times of 100, in thirty 88. With one fit a warning says what is left
    out; with two or three the limits are still too narrow. What lies between fits does not shrink as fits are added: the
    limits are for what another fit would find, not for the mean that stands in ``share``. They are intervals of a share
    that a model assigns, not of how much was *said* of a theme.

    Parameters
    ----------
    topics
        One fit, or several of the same counts and number of topics; numbers and labels are those of the first.
    by
        ``year``, ``quarter``, ``month``, ``all``, or a column of the documents.
    groups
        Columns of the documents; each combination apart.
    cluster
        A column whose values (places) are drawn as wholes; fewer than 20 are warned of, fewer than 5 refused.
        Draws in which a period has no text are left out and counted in a warning.
    panel
        A column (``place``): only those of its values that have a document in every period are kept, so that
        no curve moves because others report. What is left out is said in a warning; so are documents that are
        not placed in time, or have no value.
    chosen
        Numbers or labels of topics; all by default. The shares are of all text in any case.
    level, resamples, seed
        Of the intervals.

    Raises
    ------
    MissingStep
        If ``topics`` are something else.
    InputError
        For unknown columns, impossible numbers, fits of other counts, too few clusters, or a panel without a member.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": ["2020", "2020", "2021", "2021"], "language": "zh", "text": texts}))
    >>> fits = [fit_topics(count(segment(corpus)), 2, seed=s) for s in (0, 1)]
    >>> topic_prevalence(fits, chosen=[0])[["period", "share"]].round(3).values.tolist()
    [['2020', 1.0], ['2021', 0.0]]
    """
    first, shares, stable = matched_shares("topic_prevalence", topics)
    numbers = check_topics("topic_prevalence", first, chosen)
    groups = [groups] if isinstance(groups, str) else list(dict.fromkeys(groups))
    table, tokens, faults = document_tokens(
        "topic_prevalence", first, shares, [*groups, *filter(None, (cluster, panel))]
    )
    if by not in (*PERIODS, "all") and (by not in table or by in groups):
        faults.append(
            Fault(
                "topic_prevalence",
                "by",
                shown(by),
                f"{', '.join(PERIODS)}, all, or a column that is no group: {', '.join(table)}",
            )
        )
    check_groups("topic_prevalence", faults, groups, _COLUMNS)
    check_numbers("topic_prevalence", faults, level, resamples, seed)
    raise_faults("topic_prevalence", faults)
    warn_of_one_fit(stable)
    labels = period_labels(table, by)
    if panel is not None:
        kept = _balanced(table, labels, panel)
        table, tokens, labels = table[kept], tokens[:, kept], labels[kept]
    rng = np.random.default_rng(seed)
    rows = []
    for key, members in grouped_rows(table, groups):
        found = _group(table.iloc[members], tokens[:, members], labels[members], cluster, level, resamples, rng)
        found["label"] = np.array(first.names, dtype=object)[found["topic"]]
        found["stable"] = found["topic"].map(stable).astype("boolean")
        rows.append(found[found["topic"].isin(numbers)].assign(**dict(zip(groups, key, strict=True))))
    return round_significant(pd.concat(rows, ignore_index=True)[[*groups, *_COLUMNS]])


def _balanced(table: pd.DataFrame, labels: NDArray[Any], panel: str) -> NDArray[np.bool_]:
    """Which documents belong to values of ``panel`` that have a document in every period."""
    placed = labels != UNPLACED
    periods = set(labels[placed])
    value = table[panel].map(canonical_value).to_numpy(dtype=object)
    present = pd.Series(labels[placed]).groupby(value[placed]).nunique()
    whole = set(present.index[present == len(periods)]) - {""}
    if not whole:
        received = f"no value with a document in each of the {len(periods)} periods"
        raise_faults(
            "topic_prevalence",
            [Fault("topic_prevalence", f"panel {panel!r}", received, "at least one; select periods first")],
        )
    kept = np.isin(value, list(whole)) & placed
    if not kept.all():
        out = sorted(v or "(none)" for v in set(value) - whole)
        warn(
            f"Panel of {len(whole)} values of {panel}: {int((~kept).sum())} of {kept.size} documents were left out "
            f"({', '.join(map(str, out[:12])) or 'not placed in time'}{' …' if len(out) > 12 else ''})."
        )
    return np.asarray(kept)


def _group(
    table: pd.DataFrame,
    tokens: Floats,
    labels: NDArray[Any],
    cluster: str | None,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    m, _, k = tokens.shape
    periods = sorted(set(labels), key=lambda p: (p == UNPLACED, p))
    place = {p: i for i, p in enumerate(periods)}
    code = np.array([place[p] for p in labels], dtype=np.int64)
    units, n_units = sampling_units(table, cluster)
    if cluster is not None:
        check_clusters("topic_prevalence", n_units, cluster)
    size = tokens[0].sum(axis=1)
    columns = np.column_stack([*tokens, size])
    n_periods = len(periods)
    shares, effect = np.zeros((m, n_periods, k)), np.ones((m, n_periods, k))
    drawn_units, documents, text = (np.zeros(n_periods) for _ in range(3))
    if cluster is not None:
        cell = summed(columns, units * n_periods + code, n_units * n_periods).reshape(n_units, -1)
        all_draws = resampled_sums(cell, resamples, rng).reshape(resamples, n_periods, -1)
        empty = int((all_draws[:, :, -1] <= 0).sum())
        if empty:
            warn(f"{empty} of {resamples * n_periods} draws held no text of a period and were left out.")
    for i in range(n_periods):
        inside = code == i
        within, members = np.unique(units[inside], return_inverse=True)
        summed_up = summed(columns[inside], members, within.size)
        draws = resampled_sums(summed_up, resamples, rng) if cluster is None else all_draws[:, i]
        documents[i], drawn_units[i] = inside.sum(), within.size
        text[i] = summed_up[:, -1].sum()
        shares[:, i] = (summed_up.sum(axis=0)[:-1] / text[i]).reshape(m, k)
        effect[:, i] = design_effect(draws, shares[:, i], summed_up[:, -1])
    freedom = np.where(shares.max(axis=0) > LEAST_SHARE, (drawn_units - 1)[:, None], 0.0)
    effect, freedom = borrowed(effect, shares, freedom)
    if cluster is not None:  # the same in all periods: the others add no degrees of freedom
        freedom = np.minimum(freedom, n_units - 1)
    mean, low, high = share_limits(shares, effect, drawn_units[:, None], freedom, level=level)
    return pd.DataFrame(
        {
            "topic": np.repeat(np.arange(k), n_periods),
            "period": np.tile(np.array(periods, dtype=object), k),
            "documents": np.tile(documents.astype(np.int64), k),
            "tokens": np.tile(text.astype(np.int64), k),
            "share": mean.T.ravel(),
            "low": low.T.ravel(),
            "high": high.T.ravel(),
            "few": np.tile(documents < _FEW_DOCUMENTS, k),
        }
    )
