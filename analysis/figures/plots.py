"""Plots: a finished table in, Axes out. Nothing is computed here but places on paper."""

from __future__ import annotations

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

__all__ = ["plot_bars", "plot_hits", "plot_rates", "plot_ratios"]

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
    axis = _periods(placed["period"].unique()).sort_values()
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


def _panel(ax: Axes, table: pd.DataFrame, groups: list[str], axis: pd.PeriodIndex, labels: Mapping[str, str]) -> None:
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
    full = pd.period_range(axis[0], axis[-1], freq=axis.freq)
    for i, (key, part) in enumerate(parts):
        names = [labels.get(str(k), str(k)) for k in (key if isinstance(key, tuple) else (key,))]
        line = part.set_index(_periods(part["period"]))[["per_million", "low", "high", "few"]].reindex(full)
        x = np.arange(len(full)) + (0.12 * (i - (len(parts) - 1) / 2) if len(parts) > 1 else 0.0)
        y, low, high = (line[c].to_numpy(dtype=float) for c in ("per_million", "low", "high"))
        colour, few = COLOURS[i], line["few"].fillna(False).to_numpy(dtype=bool)
        if len(parts) == 1:
            ax.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
            alone = ~np.isnan(y) & np.isnan(np.r_[np.nan, y[:-1]]) & np.isnan(np.r_[y[1:], np.nan])
            ax.vlines(x[alone], low[alone], high[alone], color=colour, alpha=0.35, linewidth=2.5)
        else:
            ax.vlines(x, low, high, color=colour, alpha=0.55, linewidth=0.8)
        ax.plot(x, y, color=colour, linestyle=LINES[i], label=", ".join(names))
        ax.plot(x[~few], y[~few], linestyle="none", marker=MARKERS[i], color=colour, clip_on=False)
        ax.plot(
            x[few],
            y[few],
            linestyle="none",
            marker=MARKERS[i],
            clip_on=False,
            markerfacecolor="white",
            markeredgecolor=colour,
            markeredgewidth=0.8,
        )
    # A period with next to no text has a bound that would flatten all others: cut it, and say so.
    top, most = 1.05 * float(np.nanmax(table["high"])), 2.4 * float(np.nanmax(table["per_million"]))
    ax.set_ylim(0, most if 0 < most < top else top)
    if 0 < most < top:
        ax.annotate("bands cut at the top", (1, 1.02), xycoords="axes fraction", ha="right", va="bottom", fontsize=5.5)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    if len(parts) > 1:
        ax.legend(loc="upper left", handlelength=2.4)


def _periods(labels: Any) -> pd.PeriodIndex:
    """Labels such as 2021, 2021Q3 and 2021-07 as periods; the label says which they are."""
    labels = [str(label) for label in labels]
    kind = "Q" if "Q" in labels[0] else "M" if "-" in labels[0] else "Y"
    try:
        return pd.PeriodIndex(labels, freq=kind)
    except ValueError:
        raise_faults(
            "plot_rates",
            [Fault("plot_rates", "period", shown(labels[0]), "years, quarters or months, as rates gives them")],
        )
        raise


def _time_axis(ax: Axes, axis: pd.PeriodIndex) -> None:
    full = pd.period_range(axis[0], axis[-1], freq=axis.freq)
    step = max(1, int(np.ceil(len(full) / 10)))
    per_year = {"Y": 1, "Q": 4, "M": 12}[axis.freqstr[0]]
    if per_year > 1 and len(full) > per_year:
        years = [i for i, p in enumerate(full) if (p.quarter if per_year == 4 else p.month) == 1]
        years = years[:: max(1, int(np.ceil(len(years) / 10)))]
        ax.set_xticks(years, [str(full[i].year) for i in years])
    else:
        ax.set_xticks(range(0, len(full), step), [str(p) for p in full[::step]])
    ax.set_xlim(-0.6, len(full) - 0.4)


def _events(ax: Axes, events: Mapping[str, str], axis: pd.PeriodIndex) -> None:
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
    table: pd.DataFrame, ax: Axes | None = None, *, label: str = "label", labels: Mapping[str, str] | None = None
) -> Axes:
    """Ratios of rates with their intervals, a row each, on a logarithmic scale.

    ``table`` has the column ``label`` names, and ``ratio, low, high`` as
    `analysis.trends.rate_ratio` gives them. The vertical at 1 means no change.
    Returns the Axes.
    """
    _need(table, (label, "ratio", "low", "high"), "rate_ratio(tallies, documents, before=…, after=…)")
    names = [str((labels or {}).get(v, v)) for v in table[label]]
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(3.35, 0.65 + 0.26 * len(table)))
        finite = table.replace([np.inf, -np.inf], np.nan)
        values = finite[["ratio", "low", "high"]].to_numpy(dtype=float)
        shown_values = values[np.isfinite(values) & (values > 0)]
        left, right = (
            (min(shown_values.min(), 1) / 1.4, max(shown_values.max(), 1) * 1.4) if shown_values.size else (0.5, 2)
        )
        y = np.arange(len(table))[::-1]
        low = np.where(values[:, 1] > 0, values[:, 1], left)
        high = np.where(np.isfinite(values[:, 2]), values[:, 2], right)
        ax.axvline(1, color="#777777", linewidth=0.7, linestyle=(0, (3, 2)))
        ax.hlines(y, low, high, color="#000000", linewidth=1.0)
        known = np.isfinite(values[:, 0]) & (values[:, 0] > 0)
        ax.plot(values[known, 0], y[known], linestyle="none", marker="o", color="#000000")
        ax.set_xscale("log")
        ax.set_xlim(left, right)
        ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if left <= t <= right]
        ax.set_xticks(ticks, [f"{t:g}×" for t in ticks])
        ax.minorticks_off()
        ax.set_yticks(y, names)
        ax.set_ylim(-0.6, len(table) - 0.4)
        ax.grid(visible=False)
        ax.set_xlabel("rate after as a multiple of the rate before\n(lines: intervals)")
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
