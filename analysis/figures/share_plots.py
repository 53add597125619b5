"""Plots of how much text, or how many hits, topics take: a finished table in, Axes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.errors import Fault, raise_faults, shown
from analysis.figures.panels import (
    COLUMN,
    Measure,
    lines_over_time,
    need,
    own_type,
)
from analysis.figures.style import MARKERS, style
from analysis.figures.topic_marks import (
    dots,
    name_rows,
    others,
    repeated,
    rows_of,
    too_many,
    topic_names,
)
from analysis.selection import canonical_value

__all__ = ["plot_comparison", "plot_prevalence", "plot_topic_frames"]


def plot_prevalence(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    events: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Any:
    """Shares of topics over time with their intervals, one small panel per topic, each on its own scale.

    Parameters
    ----------
    table
        One row per group, topic and period: group columns, if any, which become lines; ``topic, label,
        period, documents, share, low, high``; ``few``, if points are to be hollow where it is true; and ``stable``:
        where it is false the topic is called unstable.
    ax
        Draw everything into this Axes instead; topics then become lines, at most seven.
    events
        Dates (``2018-07-01``) with a label: thin verticals.
    labels
        What a reader calls each label or group value.

    Returns the Axes drawn into: one if ``ax`` was given or there is one topic, otherwise an array of
    them. Periods without documents leave a gap; what could not be placed in time is said in words.

    Raises
    ------
    MissingStep
        If ``table`` is not what topic_prevalence gives.
    InputError
        For more than 100 topics or seven lines in a panel, no dated period, or events where periods are no dates.
    """
    needed = ("topic", "label", "period", "documents", "share", "low", "high")
    need(table, needed, "topic_prevalence(topics)")
    called = table.assign(label=[(labels or {}).get(str(label), label) for label in table["label"]])
    names = topic_names("plot_prevalence", called, 44, 1)
    columns = 1 if ax is not None or len(names) <= 3 else 4
    measure = Measure("plot_prevalence", "topic", "share", "share of the text (%)", lambda v: f"{100 * v:.3g}")
    named = table.assign(topic=table["topic"].map(names))
    return lines_over_time(named, ax, measure, events=events, labels=labels, columns=columns)


def plot_topic_frames(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    least: float = 0.0,
    labels: Mapping[str, str] | None = None,
) -> Any:
    """In which topics a frame is named: the share of its hits that falls into each, with its interval.

    Parameters
    ----------
    table
        One row per frame and topic: ``frame, topic, label, hits, share, low, high``, and ``stable`` if it is known;
        ``hits`` are all of the frame's.
    ax
        Draw all frames into this Axes instead, with a marker each, at most seven.
    least
        Topics whose share of a frame's hits is smaller (or not known) are not drawn there; how many, is said.
        In one Axes a topic is drawn if it has that share in some frame.
    labels
        What a reader calls each frame.

    Topics stand in the order of their shares. The number of the frame's hits stands above its own panel.
    Returns the Axes drawn into: one if ``ax`` was given or there is one frame, otherwise an array of them.

    Raises
    ------
    MissingStep
        If ``table`` is not what topic_frames gives.
    InputError
        For more than 100 topics or seven frames, two rows of one frame and topic, or a bound that is no share.
    """
    needed = ("frame", "topic", "label", "hits", "share", "low", "high")
    need(table, needed, "topic_frames(topics, tallies)")
    frames = list(dict.fromkeys(table["frame"]))
    faults = too_many("plot_topic_frames", "frames", len(frames), len(MARKERS))
    faults += repeated("plot_topic_frames", table, ["frame", "topic"])
    if isinstance(least, bool) or not isinstance(least, int | float | np.number) or not 0 <= least <= 1:
        faults.append(Fault("plot_topic_frames", "least", shown(least), "a share, 0 to 1"))
    raise_faults("plot_topic_frames", faults)
    names = topic_names("plot_topic_frames", table, 40, 1)
    called = {frame: (labels or {}).get(frame, frame) for frame in frames}
    with style():
        if ax is not None:
            own_type(ax)
            rows = rows_of(table, least)
            for i, frame in enumerate(frames):
                aside = 0.7 * ((i + 0.5) / len(frames) - 0.5)
                dots(ax, table[table["frame"] == frame], rows, aside, i, called[frame])
            name_rows(ax, [names[topic] for topic in rows], others(table, rows, least))
            ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
            drawn = [ax]
        else:
            drawn = _frame_panels(table, called, names, least)
        drawn[-1].set_xlim(left=0)
        drawn[-1].set_xlabel("share of the frame's hits\n(lines: intervals)")
    return drawn[0] if len(drawn) == 1 else np.array(drawn)


def _frame_panels(table: pd.DataFrame, called: Mapping[str, str], names: Mapping[Any, str], least: float) -> list[Axes]:
    parts = {frame: table[table["frame"] == frame] for frame in called}
    rows = {frame: rows_of(part, least) for frame, part in parts.items()}
    heights = [len(rows[frame]) + (len(rows[frame]) < len(parts[frame])) + 1 for frame in called]
    _, grid = plt.subplots(
        len(called),
        1,
        sharex=True,
        squeeze=False,
        figsize=(COLUMN, 0.4 + 0.25 * len(called) + 0.145 * sum(heights)),
        height_ratios=heights,
    )
    for panel, (frame, part) in zip(grid[:, 0], parts.items(), strict=True):
        dots(panel, part, rows[frame], 0.0, 0, called[frame])
        name_rows(panel, [names[topic] for topic in rows[frame]], others(part, rows[frame], least))
        panel.set_title(f"{called[frame]} ({part['hits'].iloc[0]:,} hits)")
    return list(grid[:, 0])


def plot_comparison(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    group: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """How much more text each topic takes in a second group of documents, with its interval; 0 is no difference.

    Parameters
    ----------
    table
        One row per topic: ``topic, label, difference, low, high``, and ``stable`` if it is known. Topics stand in the
        table's order: sort it as you would have it read.
    group
        A column whose values have a marker each, below one another in the row of their topic: one fit and several,
        two pairs of periods. At most seven.
    labels
        What a reader calls each value of ``group``.

    A topic that is not ``stable`` in some row is called unstable. Returns the Axes.

    Raises
    ------
    MissingStep
        If ``table`` is not what compare_prevalence gives.
    InputError
        For more than 100 topics or seven groups, or two rows of one group and topic.
    """
    need(
        table, ("topic", "label", "difference", "low", "high", *filter(None, [group])), "compare_prevalence(topics, …)"
    )
    of_each = pd.Series("", index=table.index) if group is None else table[group].map(canonical_value)
    groups = list(dict.fromkeys(of_each))
    faults = too_many("plot_comparison", "groups", len(groups), len(MARKERS))
    faults += repeated("plot_comparison", table, ["topic", *filter(None, [group])])
    raise_faults("plot_comparison", faults)
    names = topic_names("plot_comparison", table, 40, 1)
    rows = list(names)
    with style():
        if ax is None:
            height = 0.55 + (0.1 + 0.075 * len(groups)) * len(rows) + 0.2 * (group is not None)
            _, ax = plt.subplots(figsize=(COLUMN, height))
        else:
            own_type(ax)
        ax.axvline(0, color="#777777", linewidth=0.7, linestyle=(0, (3, 2)))
        for i, name in enumerate(groups):
            aside = 0.7 * ((i + 0.5) / len(groups) - 0.5)
            said = None if group is None else str((labels or {}).get(name, name or "(none)"))
            dots(ax, table[of_each == name], rows, aside, i, said, "difference")
        name_rows(ax, list(names.values()), "")
        if group is not None:
            ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:+.3g}" if v else "0"))
        ax.set_xlabel("difference of shares of the text,\npercentage points (lines: intervals)")
    return ax
