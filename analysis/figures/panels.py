"""What plots share: a check of their tables, labels that fit, and lines over time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase
from textwrap import wrap
from typing import Any, NamedTuple
from unicodedata import east_asian_width

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.figures.style import COLOURS, LINES, MARKERS, style

__all__ = [
    "COLUMN",
    "PAGE",
    "Measure",
    "breadth",
    "fitted",
    "lines_over_time",
    "need",
    "note_below",
    "own_type",
    "panel_grid",
]

#: Widths of a journal's column and page, in inches.
COLUMN, PAGE = 3.35, 6.7


def need(table: pd.DataFrame, columns: Sequence[str], step: str) -> None:
    """Refuse what is no table, lacks a column or has no rows; ``step`` is what makes the table."""
    if not isinstance(table, pd.DataFrame):
        raise MissingStep(f"a plot takes a finished table, not {shown(table)}: {step} makes it.")
    lacking = [c for c in columns if c not in table]
    if lacking:
        raise MissingStep(f"the table to plot has no column {', '.join(lacking)}: {step} makes it.")
    if not len(table):
        raise_faults("plot", [Fault("plot", "table", "no rows", "at least one")])


def fitted(text: object, width: int, lines: int = 1, end: str = "") -> str:
    """``text`` and ``end`` in at most ``lines`` lines of ``width`` places, of which a Chinese character takes two.

    Lines end at a space where one is near; an ellipsis before ``end`` stands for what does not fit. A dollar
    sign starts no formula.

    >>> fitted("净化网络环境 network", 9), fitted("净化网络环境", 12, lines=2, end=" (unstable)")
    ('净化网络…', '净化网络环境\\n(unstable)')
    """
    said = str(text).replace(r"\$", "$")  # it may have been fitted before
    found = _wrapped(said + end, width)
    if len(found) > lines:
        found = _wrapped(said, width)[:lines]
        found[-1] = found[-1][: _reach(found[-1], width - 1 - len(end))].rstrip() + "…" + end
    return "\n".join(found).replace("$", r"\$")


def _wrapped(text: str, width: int) -> list[str]:
    rest = " ".join(text.split())
    found = [] if rest else [""]
    while rest:
        n = _reach(rest, width)
        if n < len(rest):
            space = rest.rfind(" ", 0, n + 1)
            inside_a_word = all(breadth(c) == 1 and c != " " for c in rest[n - 1 : n + 1])
            n = space if space > 0 and (inside_a_word or 3 * space >= n) else n
        found.append(rest[:n].rstrip())
        rest = rest[n:].lstrip()
    return found


def _reach(text: str, width: int) -> int:
    """How many characters fit, at least one."""
    ends = np.cumsum([breadth(character) for character in text])
    return max(1, int(np.searchsorted(ends, width, side="right")))


def breadth(text: str) -> int:
    """How many places ``text`` takes: two for a Chinese character, else one."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def own_type(ax: Axes) -> None:
    """Give an Axes that was made elsewhere our fonts, so that Chinese labels can be read in it."""
    family = plt.rcParams["font.family"]
    ax.tick_params(labelfontfamily=family)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontfamily(family)


def panel_grid(n: int, columns: int, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure with ``n`` panels of ``height`` inches in as many ``columns``; the last row may be shorter.

    The lowest panel of each column shows the labels of an axis that all share.
    """
    rows = -(-n // columns)
    width = COLUMN if columns < 3 else PAGE
    figure, grid = plt.subplots(rows, columns, squeeze=False, figsize=(width, 0.55 + height * rows), **options)
    panels = list(grid.ravel())
    for panel in panels[n:]:
        panel.remove()
    for panel in panels[max(0, n - columns) : n]:
        panel.tick_params(labelbottom=True)
    return figure, panels[:n]


def note_below(panel: Axes, text: str, size: float) -> None:
    """A note at the foot of the figure, clear of its right end, where constructed texts are marked."""
    figure: Any = panel.figure
    narrow = figure.get_figwidth() < PAGE
    said = fitted(text, int((310 if narrow else 520) / size), 6) + ("\n" if narrow else "")  # there, a line above it
    figure.supxlabel(said, x=0.01, ha="left", fontsize=size, color="#444444")


class Measure(NamedTuple):
    """What is drawn over time: for which plot, one panel per which column, which value, and how both are said."""

    caller: str
    by: str
    value: str
    label: str
    number: Callable[[float], str]


def lines_over_time(
    table: pd.DataFrame,
    ax: Axes | None,
    measure: Measure,
    *,
    events: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    columns: int | None = None,
) -> Any:
    """A line with its intervals in each panel, or all lines in ``ax``, as `analysis.figures.plots.plot_rates` says.

    ``table`` has group columns, if any, then ``measure.by``; ``period, documents, low, high``, the measure's
    value and, if points are to be hollow, ``few``. Where the number of ``columns`` of panels is given, the
    key of the lines stands above all of them, and what is said of all of them at the foot.
    """
    labels, events = dict(labels or {}), dict(events or {})
    groups = list(table.columns[: list(table.columns).index(measure.by)])
    placed = table[table["period"] != "unplaced"]
    if not len(placed):
        raise_faults(measure.caller, [Fault(measure.caller, "table", "no dated period", "at least one")])
    axis = _places(placed["period"])
    if events and not isinstance(axis, pd.PeriodIndex):
        raise_faults(measure.caller, [Fault(measure.caller, "events", "dates", "no events where periods are no dates")])
    with style():
        if ax is None:
            drawn, cut = _panels(placed, groups, axis, labels, measure, columns)
        else:
            own_type(ax)
            drawn, cut = [ax], [_panel(ax, placed, [*groups, measure.by], axis, labels, measure)]
            ax.set_ylabel(measure.label)
            if columns and ax.get_legend() is not None:
                ax.legend(handles=_lines_with_markers(ax), loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        for panel in drawn[-(columns or 1) :]:
            _time_axis(panel, axis, most=4 if columns and columns > 1 else 10)
        for panel in drawn:
            _events(panel, events, axis)
        first = table[measure.by].iloc[0]
        unplaced = table[(table["period"] == "unplaced") & (table[measure.by] == first)]
        left_out = int(unplaced["documents"].sum())
        unplaced_said = f"not placed in time: {left_out} documents" if left_out else ""
        if columns and ax is None:
            hollow = "hollow: few documents" if "few" in placed and placed["few"].eq(True).any() else ""
            scales = "each panel on its own scale" if len(drawn) > 1 else ""
            _say_below(drawn, [_key(events), scales, hollow, unplaced_said], cut)
        else:
            _say_beside(drawn, events, unplaced_said, cut)
    return drawn[0] if ax is not None or len(drawn) == 1 else np.array(drawn)


def _panels(
    table: pd.DataFrame,
    groups: list[str],
    axis: pd.Index,
    labels: Mapping[str, str],
    measure: Measure,
    columns: int | None,
) -> tuple[list[Axes], list[bool]]:
    """One panel for each value of ``measure.by``; and in which of them bands are cut."""
    names = list(dict.fromkeys(table[measure.by]))
    # Names of periods that are no dates are long: they stand below the last row and, if that is short, the one before.
    long = 0.06 * max(map(breadth, axis)) if columns and not isinstance(axis, pd.PeriodIndex) else 0.0
    height = 1.15 + long / -(-len(names) // (columns or 1))
    figure, drawn = panel_grid(len(names), columns or 1, height, sharex=True)
    cut = []
    small: Any = {"lines.markersize": 2.3, "lines.linewidth": 0.9} if columns and columns > 1 else {}
    for panel, name in zip(drawn, names, strict=True):
        with plt.rc_context(small):
            cut.append(_panel(panel, table[table[measure.by] == name], groups, axis, labels, measure))
        title = labels.get(name, name)
        panel.set_title(fitted(title, 26, 2) if columns and columns > 1 else title)
    lines = {tuple(panel.get_legend_handles_labels()[1]) for panel in drawn}
    if columns and groups and len(lines) == 1:  # else one key would be wrong for some: each has its own
        for legend in (panel.get_legend() for panel in drawn):
            if legend is not None:
                legend.remove()
        handles = _lines_with_markers(drawn[0])
        figure.legend(handles=handles, loc="outside upper left", ncols=3 * columns // 2 + 1, handlelength=2.8)
    figure.supylabel(measure.label, fontsize=7)
    return drawn, cut


def _lines_with_markers(ax: Axes) -> list[Any]:
    """What stands for each line in a key, told apart in grey too."""
    _, labels = ax.get_legend_handles_labels()
    looks: Any = zip(labels, COLOURS, LINES, MARKERS, strict=False)
    return [Line2D([], [], label=label, color=c, linestyle=line, marker=m) for label, c, line, m in looks]


def _panel(
    ax: Axes, table: pd.DataFrame, groups: list[str], axis: pd.Index, labels: Mapping[str, str], measure: Measure
) -> bool:
    """Draw each group's line into ``ax``; say whether bands had to be cut at its top."""
    parts = list(table.groupby(groups, sort=False, observed=True)) if groups else [((), table)]
    if len(parts) > len(COLOURS):
        received, accepted = f"{len(parts)} lines in one panel", f"at most {len(COLOURS)}; select fewer groups"
        raise_faults(measure.caller, [Fault(measure.caller, "table", received, accepted)])
    for i, (key, part) in enumerate(parts):
        names = [labels.get(str(k), str(k)) for k in (key if isinstance(key, tuple) else (key,))]
        aside = 0.12 * (i - (len(parts) - 1) / 2) if len(parts) > 1 else 0.0
        _line(ax, _on_axis(part, axis, measure), i, ", ".join(names), aside, band=len(parts) == 1)
    # A period with next to no text has a bound that would flatten all others: cut it, and say so.
    highest = _largest(table[measure.value])
    top, most = max(_largest(table["high"]), highest), 2.4 * highest
    ax.set_ylim(0, most if 0 < most < top else 1.05 * top or 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: measure.number(v)))
    if len(parts) > 1:
        ax.legend(loc="upper left", handlelength=2.4)
    return 0 < most < top


def _largest(values: pd.Series) -> float:
    known = values.to_numpy(dtype=float)
    return float(np.max(known[~np.isnan(known)], initial=0.0))


def _on_axis(part: pd.DataFrame, axis: pd.Index, measure: Measure) -> pd.DataFrame:
    """``value, low, high, few`` for every place of the axis; NaN where the table has no row."""
    dated = isinstance(axis, pd.PeriodIndex)
    index = pd.PeriodIndex(part["period"].astype(str), freq=axis.freq) if dated else part["period"].astype(str)
    chosen = part.assign(value=part[measure.value], few=part.get("few", False))[["value", "low", "high", "few"]]
    return chosen.set_index(index).reindex(axis)


def _line(ax: Axes, line: pd.DataFrame, i: int, label: str, aside: float, *, band: bool) -> None:
    x = np.arange(len(line)) + aside
    y, low, high = (line[c].to_numpy(dtype=float) for c in ("value", "low", "high"))
    colour, few = COLOURS[i], line["few"].fillna(False).to_numpy(dtype=bool)
    if band:
        ax.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
        alone = ~np.isnan(y) & np.isnan(np.r_[np.nan, y[:-1]]) & np.isnan(np.r_[y[1:], np.nan])
        ax.vlines(x[alone], low[alone], high[alone], color=colour, alpha=0.35, linewidth=2.5)
    else:
        ax.vlines(x, low, high, color=colour, alpha=0.55, linewidth=0.8)
    ax.plot(x, y, color=colour, linestyle=LINES[i], label=label)
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


def _say_beside(drawn: list[Axes], events: Mapping[str, str], unplaced: str, cut: list[bool]) -> None:
    """In and below panels that have the width of a column: there is room."""
    for panel in (panel for panel, is_cut in zip(drawn, cut, strict=True) if is_cut):
        note = panel.annotate(
            "bands cut at the top", (1, 1.02), xycoords="axes fraction", ha="right", va="bottom", fontsize=5.5
        )
        note.set_in_layout(False)  # beside the title there is room; it must not move the panels
    if events:
        drawn[-1].set_xlabel("\n".join(wrap(_key(events), 58)), fontsize=6, color="#444444")
    if unplaced:
        drawn[-1].annotate(unplaced, (1, 0.98), xycoords="axes fraction", ha="right", va="top", fontsize=6)


def _say_below(drawn: list[Axes], notes: list[str], cut: list[bool]) -> None:
    """At the foot of many small panels; an arrow marks those whose bands are cut."""
    for panel in (panel for panel, is_cut in zip(drawn, cut, strict=True) if is_cut):
        panel.annotate("↑", (1, 1), xycoords="axes fraction", ha="right", va="top", fontsize=6)
    line = "; ".join(note for note in [*notes, "arrow: bands cut at the top" if any(cut) else ""] if note)
    if line:
        note_below(drawn[0], line, 6)


def _key(events: Mapping[str, str]) -> str:
    return "; ".join(f"{letter} {label}" for letter, label in zip(ascii_lowercase, events.values(), strict=False))


_DATED = re.compile(r"\d{4}(?:Q[1-4]|-(?:0[1-9]|1[0-2]))?")


def _places(labels: pd.Series) -> pd.Index:
    """All places of the x axis: every year, quarter or month of the span, or the labels, sorted."""
    names = list(dict.fromkeys(labels.astype(str)))
    if not all(_DATED.fullmatch(name) and len(name) == len(names[0]) for name in names):
        return pd.Index(sorted(names))  # as rates orders them; the first group may lack some
    kind = "Q" if "Q" in names[0] else "M" if "-" in names[0] else "Y"
    periods = pd.PeriodIndex(names, freq=kind)
    return pd.period_range(periods.min(), periods.max(), freq=kind)


def _time_axis(ax: Axes, axis: pd.Index, most: int) -> None:
    """Name at most ``most`` periods, or the years among them."""
    ax.set_xlim(-0.6, len(axis) - 0.4)
    if not isinstance(axis, pd.PeriodIndex):
        names = list(axis)[:: 1 if most > 4 else -(-len(axis) // 8)]
        ax.set_xticks([list(axis).index(n) for n in names], names, rotation=35, ha="right", rotation_mode="anchor")
        return
    step = max(1, int(np.ceil(len(axis) / most)))
    per_year = {"Y": 1, "Q": 4, "M": 12}[axis.freqstr[0]]
    if per_year > 1 and len(axis) > per_year:
        years = [i for i, p in enumerate(axis) if (p.quarter if per_year == 4 else p.month) == 1]
        years = years[:: max(1, int(np.ceil(len(years) / most)))]
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
