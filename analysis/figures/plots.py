"""Plots: a finished table in, Axes out. Nothing is computed here but places on paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from textwrap import wrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.errors import Fault, MissingStep, raise_faults, shown
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
    _need(table, _RATES, "rates(tallies, documents)")
    labels = dict(labels or {})
    frames = list(dict.fromkeys(table["frame"]))
    groups = list(table.columns[: list(table.columns).index("frame")])
    placed = table[table["period"] != "unplaced"]
    raise_faults("plot_rates", [] if len(placed) else [Fault("plot_rates", "table", "no dated period", "at least one")])
    axis = _axis(placed["period"])
    if events and not isinstance(axis, pd.PeriodIndex):
        raise_faults("plot_rates", [Fault("plot_rates", "events", "dates", "no events where periods are no dates")])
    with style():
        if ax is None:
            figure, panels = plt.subplots(
                len(frames), 1, sharex=True, squeeze=False, figsize=(3.35, 0.55 + 1.15 * len(frames))
            )
            for panel, frame in zip(panels[:, 0], frames, strict=True):
                _panel(panel, placed[placed["frame"] == frame], groups, axis, labels)
                panel.set_title(labels.get(frame, frame))
            drawn = panels[:, 0]
            figure.supylabel(f"hits per million {unit}", fontsize=7)
        else:
            _panel(ax, placed, [*groups, "frame"], axis, labels)
            ax.set_ylabel(f"hits per million {unit}")
            drawn = np.array([ax])
        _time_axis(drawn[-1], axis)
        for panel in drawn:
            _events(panel, events or {}, axis)
        if events:
            key = "; ".join(
                f"{letter} {label}" for letter, label in zip(ascii_lowercase, events.values(), strict=False)
            )
            drawn[-1].set_xlabel("\n".join(wrap(key, 58)), fontsize=6, color="#444444")
        unplaced = table[(table["period"] == "unplaced") & (table["frame"] == frames[0])]
        left_out = int(unplaced["documents"].sum())
        if left_out:
            drawn[-1].annotate(
                f"not placed in time: {left_out} documents",
                (1, 0.98),
                xycoords="axes fraction",
                ha="right",
                va="top",
                fontsize=6,
            )
    return drawn[0] if ax is not None or len(drawn) == 1 else drawn


def _panel(ax: Axes, table: pd.DataFrame, groups: list[str], axis: pd.Index, labels: Mapping[str, str]) -> None:
    parts = list(table.groupby(groups, sort=False, observed=True)) if groups else [((), table)]
    raise_faults(
        "plot_rates",
        [
            Fault(
                "plot_rates",
                "table",
                f"{len(parts)} lines in one panel",
                f"at most {len(COLOURS)}; select fewer groups",
            )
        ]
        if len(parts) > len(COLOURS)
        else [],
    )
    for i, (key, part) in enumerate(parts):
        names = [labels.get(str(k), str(k)) for k in (key if isinstance(key, tuple) else (key,))]
        dated = isinstance(axis, pd.PeriodIndex)
        index = pd.PeriodIndex(part["period"].astype(str), freq=axis.freq) if dated else part["period"].astype(str)
        line = part.set_index(index)[["per_million", "low", "high", "few"]].reindex(axis)
        x = np.arange(len(axis)) + (0.12 * (i - (len(parts) - 1) / 2) if len(parts) > 1 else 0.0)
        y, low, high = (line[c].to_numpy(dtype=float) for c in ("per_million", "low", "high"))
        colour, few = COLOURS[i], line["few"].fillna(False).to_numpy(dtype=bool)
        if len(parts) == 1:
            ax.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
            alone = ~np.isnan(y) & np.isnan(np.r_[np.nan, y[:-1]]) & np.isnan(np.r_[y[1:], np.nan])
            ax.vlines(x[alone], low[alone], high[alone], color=colour, alpha=0.35, linewidth=2.5)
        else:
            ax.vlines(x, low, high, color=colour, alpha=0.55, linewidth=0.8)
        ax.plot(x, y, color=colour, linestyle=LINES[i], label=", ".join(names))
        for chosen, filling in ((~few & ~np.isnan(y), colour), (few & ~np.isnan(y), "white")):
            if chosen.any():  # an empty line would claim the corner of the page as its place
                ax.plot(
                    x[chosen],
                    y[chosen],
                    linestyle="none",
                    marker=MARKERS[i],
                    clip_on=False,
                    color=colour,
                    markerfacecolor=filling,
                    markeredgewidth=0.8,
                )
    # A period with next to no text has a bound that would flatten all others: cut it, and say so.
    top, most = float(np.nanmax(table["high"])), 2.4 * float(np.nanmax(table["per_million"]))
    ax.set_ylim(0, most if 0 < most < top else 1.05 * top)
    if 0 < most < top:
        note = ax.annotate(
            "bands cut at the top", (1, 1.02), xycoords="axes fraction", ha="right", va="bottom", fontsize=5.5
        )
        note.set_in_layout(False)  # beside the title there is room; it must not move the panels
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    if len(parts) > 1:
        ax.legend(loc="upper left", handlelength=2.4)


_DATED = re.compile(r"\d{4}(?:Q[1-4]|-(?:0[1-9]|1[0-2]))?")


def _axis(labels: pd.Series) -> pd.Index:
    """All places of the x axis: every year, quarter or month of the span, or the labels, sorted."""
    names = list(dict.fromkeys(labels.astype(str)))
    if not all(_DATED.fullmatch(name) and len(name) == len(names[0]) for name in names):
        return pd.Index(sorted(names))  # as rates orders them; the first group may lack some
    kind = "Q" if "Q" in names[0] else "M" if "-" in names[0] else "Y"
    periods = pd.PeriodIndex(names, freq=kind)
    return pd.period_range(periods.min(), periods.max(), freq=kind)


def _time_axis(ax: Axes, axis: pd.Index) -> None:
    ax.set_xlim(-0.6, len(axis) - 0.4)
    if not isinstance(axis, pd.PeriodIndex):
        ax.set_xticks(range(len(axis)), list(axis), rotation=35, ha="right", rotation_mode="anchor")
        return
    step = max(1, int(np.ceil(len(axis) / 10)))
    per_year = {"Y": 1, "Q": 4, "M": 12}[axis.freqstr[0]]
    if per_year > 1 and len(axis) > per_year:
        years = [i for i, p in enumerate(axis) if (p.quarter if per_year == 4 else p.month) == 1]
        years = years[:: max(1, int(np.ceil(len(years) / 10)))]
        ax.set_xticks(years, [str(axis[i].year) for i in years])
    else:
        ax.set_xticks(range(0, len(axis), step), [str(p) for p in axis[::step]])


def _events(ax: Axes, events: Mapping[str, str], axis: pd.Index) -> None:
    """A thin vertical for each event, with a letter that the key below the panels explains."""
    for letter, date in zip(ascii_lowercase, events, strict=False):
        moment = pd.Timestamp(date)
        period = moment.to_period(axis.freq)
        share = (moment - period.start_time) / (period.end_time - period.start_time)
        x = (period - axis[0]).n + share - 0.5
        ax.axvline(x, color="#777777", linewidth=0.7, linestyle=(0, (3, 2)), zorder=0.5)
        ax.annotate(
            letter,
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, 0),
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize=6,
            color="#444444",
        )


def plot_hits(table: pd.DataFrame, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None) -> Axes:
    """A rug of documents over time: a faint tick for each, a mark where the frame is named.

    ``table`` has one row per document and frame: ``document, date, frame, hits``
    (`analysis.trends.document_hits` gives it). The larger the mark, the more hits.
    Returns the Axes.
    """
    _need(table, ("document", "date", "frame", "hits"), "document_hits(tallies, documents)")
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
    _need(table, needed, "rate_ratio(tallies, documents, before=…, after=…)")
    names = list(table[label].astype(object)) if group is None else list(dict.fromkeys(table[label].astype(object)))
    members = None if group is None else table[group].map(canonical_value)  # a missing name is a name too
    groups = [None] if members is None else list(dict.fromkeys(members))
    if len(groups) > len(MARKERS):
        raise_faults("plot_ratios", [Fault("plot_ratios", "group", f"{len(groups)} groups", f"at most {len(MARKERS)}")])
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
    _need(table, (row, period, value), "a table with one row per pair")
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
    _need(table, (label, value), "a table with these columns")
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


def _need(table: pd.DataFrame, columns: Sequence[str], step: str) -> None:
    if not isinstance(table, pd.DataFrame):
        raise MissingStep(f"a plot takes a finished table, not {shown(table)}: {step} makes it.")
    lacking = [c for c in columns if c not in table]
    if lacking:
        raise MissingStep(f"the table to plot has no column {', '.join(lacking)}: {step} makes it.")
    if not len(table):
        raise_faults("plot", [Fault("plot", "table", "no rows", "at least one")])
