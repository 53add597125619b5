"""Plots: a finished table in, Axes out. Nothing is computed here but places on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.ticker import MaxNLocator

from analysis.errors import Fault, raise_faults, shown
from analysis.figures.panels import Measure, lines_over_time, need
from analysis.figures.style import COLOURS, LINES, MARKERS, style
from analysis.selection import canonical_value

__all__ = ["plot_bars", "plot_coverage", "plot_hits", "plot_rates", "plot_ratios"]

_RATES = ("frame", "period", "documents", "hits", "size", "per_million", "low", "high", "document_share", "few")


def plot_rates(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    events: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    unit: str = "characters",
) -> Any:
    """Rates over time with their intervals, one small panel per frame.

    Parameters
    ----------
    table
        What `analysis.trends.rates` gives. Group columns, if any, become lines.
    ax
        Draw everything into this Axes instead; frames then become lines.
    events
        Dates (``2018-07-01``) with a label: thin verticals.
    labels
        What a reader calls each frame or group value.
    unit
        What ``size`` counts, for the label of the y axis.

    Returns the Axes drawn into: one if ``ax`` was given or there is one frame,
    otherwise an array of them. Points marked ``few`` are hollow; periods without
    documents leave a gap; what could not be placed in time is said in words.
    """
    need(table, _RATES, "rates(tallies, documents)")
    measure = Measure("plot_rates", "frame", "per_million", f"hits per million {unit}", lambda v: f"{v:,.0f}")
    return lines_over_time(table, ax, measure, events=events, labels=labels)


def plot_hits(table: pd.DataFrame, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None) -> Axes:
    """A rug of documents over time: a faint tick for each, a mark where the frame is named.

    ``table`` has one row per document and frame: ``document, date, frame, hits``
    (`analysis.trends.document_hits` gives it). The larger the mark, the more hits.
    Returns the Axes.
    """
    need(table, ("document", "date", "frame", "hits"), "document_hits(tallies, documents)")
    labels = dict(labels or {})
    frames = list(dict.fromkeys(table["frame"]))
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(3.35, 0.6 + 0.42 * len(frames)))
        for row, frame in enumerate(reversed(frames)):
            part = table[table["frame"] == frame]
            with_hits = part[part["hits"] > 0]
            ax.scatter(part["date"], np.full(len(part), row - 0.28), marker="|", s=9, linewidths=0.4, color="#9a9a9a")
            ax.scatter(
                with_hits["date"],
                np.full(len(with_hits), row + 0.08),
                s=5 * with_hits["hits"],
                marker=MARKERS[frames.index(frame) % len(MARKERS)],
                facecolors="none",
                edgecolors=COLOURS[frames.index(frame) % len(COLOURS)],
                linewidths=0.7,
            )
        ax.set_yticks(range(len(frames)), [labels.get(f, f) for f in reversed(frames)])
        ax.set_ylim(-0.6, len(frames) - 0.4)
        ax.grid(visible=False)
        ax.tick_params(axis="y", length=0)
        span = (table["date"].max() - table["date"].min()).days / 365.25
        if span > 2:
            ax.xaxis.set_major_locator(YearLocator(max(1, round(span / 5))))
            ax.xaxis.set_major_formatter(DateFormatter("%Y"))
        ax.set_xlabel("grey: every statement\nmarks: those with hits, larger for more")
    return ax


def plot_ratios(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    label: str = "label",
    labels: Mapping[str, str] | None = None,
    group: str | None = None,
) -> Axes:
    """Ratios of rates with their intervals, a line of the page for each label, on a logarithmic scale.

    ``table`` has the column ``label`` names, and ``ratio, low, high`` as
    `analysis.trends.rate_ratio` gives them. The vertical at 1 means no change.
    With ``group``, a column, the rows of one label stand below one another, each
    group with its own marker and line, named in a key. Returns the Axes.
    """
    needed = (label, "ratio", "low", "high", *([group] if group else []))
    need(table, needed, "rate_ratio(tallies, documents, before=…, after=…)")
    names = list(table[label].astype(object)) if group is None else list(dict.fromkeys(table[label].astype(object)))
    members = None if group is None else table[group].map(canonical_value)  # a missing name is a name too
    groups = [None] if members is None else list(dict.fromkeys(members))
    faults = []
    if len(groups) > len(MARKERS):
        faults.append(Fault("plot_ratios", "group", f"{len(groups)} groups", f"at most {len(MARKERS)}"))
    outside = table[(table["ratio"] < table["low"]) | (table["ratio"] > table["high"])]
    if len(outside):
        received = "ratio {:g}, low {:g}, high {:g}".format(*outside[["ratio", "low", "high"]].iloc[0])
        accepted = "limits of the ratio; plot_comparison draws what compare_prevalence gives"
        faults.append(Fault("plot_ratios", "table", received, accepted))
    raise_faults("plot_ratios", faults)
    with style():
        if ax is None:
            _, ax = plt.subplots(
                figsize=(3.35, 0.65 + (0.17 + 0.09 * len(groups)) * len(names) + 0.2 * (group is not None))
            )
        values = table[["ratio", "low", "high"]].replace([np.inf, -np.inf], np.nan).to_numpy(dtype=float)
        drawn = values[np.isfinite(values) & (values > 0)]
        left, right = (min(drawn.min(), 1) / 1.4, max(drawn.max(), 1) * 1.4) if drawn.size else (0.5, 2)
        low = np.where(values[:, 1] > 0, values[:, 1], left)
        high = np.where(np.isfinite(values[:, 2]), values[:, 2], right)
        known = np.isfinite(values[:, 0]) & (values[:, 0] > 0)
        ax.axvline(1, color="#777777", linewidth=0.7, linestyle=(0, (3, 2)))
        for i, name in enumerate(groups):
            mine = np.ones(len(table), bool) if members is None else (members == name).to_numpy()
            line = (
                np.arange(len(table))
                if group is None
                else np.array([names.index(v) for v in table[label].astype(object)])
            )
            y = len(names) - 1 - line + 0.22 * ((len(groups) - 1) / 2 - i)
            ax.hlines(y[mine], low[mine], high[mine], color=COLOURS[i], linewidth=1.0, linestyle=LINES[i])
            said = None if name is None else str((labels or {}).get(name, name or "(none)"))
            ax.plot(
                values[mine & known, 0],
                y[mine & known],
                linestyle=LINES[i],
                linewidth=0,
                color=COLOURS[i],
                marker=MARKERS[i],
                label=said,
            )
        if group is not None:
            ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
        ax.set_xscale("log")
        ax.set_xlim(left, right)
        steps = (1,) if right > 300 * left else (1, 2, 5)
        ticks = [t for e in range(-6, 7) for s in steps if left <= (t := float(f"{s}e{e}")) <= right]
        ax.set_xticks(ticks, [f"{t:g}×" for t in ticks])
        ax.minorticks_off()
        ax.set_yticks(np.arange(len(names))[::-1], [str((labels or {}).get(v, v)) for v in names])
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.grid(visible=False)
        ax.set_xlabel("rate after as a multiple of the rate before\n(lines: intervals)")
    return ax


def plot_coverage(
    table: pd.DataFrame, ax: Axes | None = None, *, row: str, period: str, value: str = "documents"
) -> Axes:
    """What a corpus holds and lacks: one line of marks per ``row``, one place per ``period`` (a year).

    ``table`` has one row per pair that should be there; where ``value`` is above
    zero the mark is a filled square, where it is zero an open circle. Pairs that
    are not in the table are left blank: nothing was expected there. Rows stand in
    the order of the table. Returns the Axes.
    """
    need(table, (row, period, value), "a table with one row per pair")
    if not pd.api.types.is_integer_dtype(table[period]):
        received = f"{shown(table[period].iloc[0])} in the column {period}"
        raise_faults("plot_coverage", [Fault("plot_coverage", "period", received, "years as whole numbers")])
    names = list(dict.fromkeys(table[row].astype(str)))
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(6.7, 0.6 + 0.135 * len(names)))
        line = {name: len(names) - 1 - i for i, name in enumerate(names)}
        x, y = table[period].to_numpy(), table[row].astype(str).map(line).to_numpy()
        there = (table[value] > 0).to_numpy()
        ax.scatter(x[there], y[there], s=7, marker="s", color="#555555", linewidths=0)
        ax.scatter(x[~there], y[~there], s=13, marker="o", facecolors="none", edgecolors="#000000", linewidths=0.7)
        ax.set_yticks(range(len(names)), list(reversed(names)), fontsize=6)
        ax.set_ylim(-0.8, len(names) - 0.2)
        ax.set_xlim(x.min() - 0.8, x.max() + 0.8)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
        ax.grid(visible=False)
        ax.tick_params(axis="y", length=0)
        said = ["squares: in the corpus"]
        if not there.all():
            said.append("circles: missing")
        if len(set(zip(x.tolist(), y.tolist(), strict=True))) < len(names) * len(set(x.tolist())):
            said.append("blank: nothing expected")
        ax.set_xlabel("; ".join(said))
    return ax


def plot_bars(
    table: pd.DataFrame, ax: Axes | None = None, *, label: str, value: str, xlabel: str, marked: Sequence[str] = ()
) -> Axes:
    """Horizontal bars, one per row of ``table``, with their numbers; ``marked`` ones are dark.

    Returns the Axes.
    """
    need(table, (label, value), "a table with these columns")
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(3.35, 0.6 + 0.19 * len(table)))
        y = np.arange(len(table))[::-1]
        dark = table[label].isin(list(marked)).to_numpy()
        ax.barh(y, table[value], color=np.where(dark, "#444444", "#c4c4c4"), edgecolor="#444444", linewidth=0.5)
        for place, number in zip(y.tolist(), table[value].tolist(), strict=True):
            ax.annotate(
                f"{number:,.4g}", (number, place), xytext=(2, 0), textcoords="offset points", va="center", fontsize=6
            )
        ax.set_yticks(y, table[label].astype(str))
        ax.margins(x=0.12)
        ax.grid(visible=False)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(xlabel)
    return ax
