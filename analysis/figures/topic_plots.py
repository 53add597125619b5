"""Plots of topics: a finished table in, Axes out. Nothing is computed here but places on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults, shown
from analysis.figures.panels import (
    COLUMN,
    PAGE,
    breadth,
    fitted,
    need,
    note_below,
    own_type,
    panel_grid,
)
from analysis.figures.style import style
from analysis.figures.topic_marks import (
    apart,
    cells,
    circles,
    fits,
    foot,
    repeated,
    run_names,
    too_many,
    topic_names,
    unstable_topics,
    window,
)

__all__ = [
    "plot_stability",
    "plot_topic_map",
    "plot_topic_numbers",
    "plot_topic_terms",
]

_MOST_TERMS = 30
_MOST_RUNS = 20


def plot_topic_terms(table: pd.DataFrame, *, columns: int = 4) -> NDArray[Any]:
    """The weightiest terms of each topic as bars, one small panel per topic, all on one scale.

    Parameters
    ----------
    table
        One row per topic and term: ``topic, label, rank, term, weight``, and ``stable`` if it is known.
        Eight terms or so of each topic can be read; 30 is the most.
    columns
        How many panels stand side by side; the figure grows downwards.

    A topic that is not ``stable`` is called unstable in its title, and its bars are hollow. A weight that
    is missing leaves its term without a bar. Returns the array of Axes, in the table's order.

    Raises
    ------
    MissingStep
        If ``table`` is not what topic_terms gives.
    InputError
        For more than 100 topics or 30 terms of one, or columns that are no number from 1 to 6.
    """
    need(table, ("topic", "label", "rank", "term", "weight"), "topic_terms(topics)")
    most = int(table.groupby("topic").size().max())
    faults = too_many("plot_topic_terms", "terms in a panel", most, _MOST_TERMS)
    if isinstance(columns, bool) or not isinstance(columns, int) or not 1 <= columns <= 6:
        faults.append(Fault("plot_topic_terms", "columns", shown(columns), "a whole number, 1 to 6"))
    raise_faults("plot_topic_terms", faults)
    columns = min(columns, table["topic"].nunique())
    width = (COLUMN if columns < 3 else PAGE) / columns - 0.12
    names = topic_names("plot_topic_terms", table, int(19 * width), 2)
    unstable = unstable_topics(table)
    with style():
        _, panels = panel_grid(len(names), columns, 0.36 + 0.105 * most, sharex=True)
        for panel, (topic, name) in zip(panels, names.items(), strict=True):
            part = table[table["topic"] == topic].sort_values("rank", kind="stable")
            face, edge = ("white", "#888888") if topic in unstable else ("#cfcfcf", "#cfcfcf")
            panel.barh(range(len(part)), part["weight"], height=0.84, linewidth=0.6, color=face, edgecolor=edge)
            for y, term in enumerate(part["term"]):  # on the bars, where the whole width is theirs
                panel.annotate(
                    fitted(term, int(21 * width)), (0, y), (2, 0), textcoords="offset points", va="center", fontsize=6
                )
            panel.set_ylim(most - 0.4, -0.6)
            panel.set_yticks([])
            panel.grid(visible=False)
            panel.set_title(name, fontsize=6.5)
        panels[0].set_xlim(left=0)
        panels[0].xaxis.set_major_locator(MaxNLocator(3))
        said = "; hollow: unstable topics" if unstable else ""
        note_below(panels[0], f"weight of the term in its topic{said}", 6.5)
    return np.array(panels)


def plot_topic_map(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Topics as circles on a plane, numbered; the key beside it says what they are called.

    ``table`` has one row per topic: ``topic, label, x, y, size``, and if they are known ``stable`` and
    ``explained``, the share of the distances' variance that the plane keeps. The area of a circle is
    proportional to ``size``, the topic's share of the text; a dashed circle is an unstable topic. Numbers
    that would cover one another stand beside their circles. A topic without a place or size is named
    below the plane. Returns the Axes.

    Raises
    ------
    MissingStep
        If ``table`` is not what topic_map gives.
    InputError
        For more than 100 topics, two rows of one, or none that has a place.
    """
    need(table, ("topic", "label", "x", "y", "size"), "topic_map(topics)")
    raise_faults("plot_topic_map", repeated("plot_topic_map", table, ["topic"]))
    values = table[["x", "y", "size"]].to_numpy(dtype=float)
    there = np.isfinite(values).all(axis=1) & (values[:, 2] >= 0)
    if not there.any():
        raise_faults("plot_topic_map", [Fault("plot_topic_map", "x, y, size", "no number", "at least one topic's")])
    keys = 1 if len(table) <= 50 else 2
    names = list(topic_names("plot_topic_map", table, 44 // keys + keys, 1).values())
    rows = -(-len(names) // keys)
    with style():
        if ax is None:
            low, high, _ = window(values[there, :2])
            beside = 0.046 * max(breadth(name) for name in names) if keys == 1 else 2.6
            tall = (PAGE - 0.2 - beside) * float(np.divide(*(high - low)[::-1]))
            _, ax = plt.subplots(figsize=(PAGE, 0.45 + max(min(tall, 4.8), 0.115 * rows)))
        topics = table["topic"].to_numpy()[there]
        circles(ax, topics, values[there], np.isin(topics, list(unstable_topics(table))))
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(_map_note(table, table["topic"][~there].tolist()), fontsize=6.5)
        place: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "linespacing": 1.35}
        for i in range(keys):
            said = "\n".join(names[i * rows : (i + 1) * rows])
            ax.annotate(said, (1, 1), (6 + 92 * i, 0), va="top", fontsize=6, **place)
    return ax


def _map_note(table: pd.DataFrame, left_out: list[Any]) -> str:
    said = ["distance: how unlike the words are", "area: share of the text"]
    if unstable_topics(table):
        said.append("dashed: unstable")
    if "explained" in table and pd.notna(table["explained"].iloc[0]):
        said.append(f"the plane keeps {table['explained'].iloc[0]:.0%} of the distances' variance")
    if left_out:
        said.append(f"without a place: {', '.join(map(str, left_out))}")
    return fitted("; ".join(said), 80, 4)


_NUMBERS = {
    "perplexity": "held-out perplexity (lower is better)",
    "npmi": "coherence NPMI (higher is better)",
    "c_v": "coherence C_V (higher is better)",
    "exclusivity": "exclusivity of terms (higher is better)",
    "diversity": "diversity of top terms (higher is better)",
    "stability": "stability over seeds (higher is better)",
}


def plot_topic_numbers(table: pd.DataFrame) -> NDArray[Any]:
    """What several numbers of topics give, one small panel per measure. No number is marked as the best.

    ``table`` has one row per number of topics and seed: ``n_topics, seed, perplexity, npmi, c_v,
    exclusivity, diversity, stability``, and ``converged`` if it is known. Open points are the fits, one per
    seed; those that had not converged are crosses; the line runs through the means. A measure without any
    value is left out. Returns the array of Axes.

    Raises
    ------
    MissingStep
        If ``table`` is not what choose_topics gives.
    InputError
        If no measure has a value.
    """
    need(table, ("n_topics", "seed", *_NUMBERS), "choose_topics(counts)")
    measures = [m for m in _NUMBERS if table[m].notna().any()]
    if not measures:
        raise_faults("plot_topic_numbers", [Fault("plot_topic_numbers", "table", "no value", "at least one measure's")])
    failed = "converged" in table and table["converged"].eq(False).any()
    with style():
        columns = min(3, len(measures))
        _, panels = panel_grid(len(measures), columns, 1.45, sharex=True)
        for panel, measure in zip(panels, measures, strict=True):
            fits(panel, table[table[measure].notna()], measure)
            panel.set_title(_NUMBERS[measure], fontsize=6.5)
            panel.yaxis.set_major_locator(MaxNLocator(4))
            panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}" if v >= 100 else f"{v:.4g}"))
        numbers = sorted(set(table["n_topics"].tolist()))
        panels[0].set_xticks(apart(numbers))
        crosses = "; ×: had not converged" if failed else ""
        for panel in panels[-columns:]:
            panel.set_xlabel("number of topics")
        note_below(panels[0], f"open points: the fits, one per seed; line: their mean{crosses}", 6.5)
    return np.array(panels)


def plot_stability(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Which topics come back in which run: a matrix of topics and runs, darker for more alike.

    ``table`` has one row per topic and other run: ``topic, label, run, engine, seed, n_topics, match,
    similarity, returns, return_share, stable``. Each cell has its similarity as a number; it is crossed
    out where the topic does not return, and “none” where no topic was left to match. Runs are named by
    what differs between them: the seed, the engine, the number of topics. The last column is the share of
    runs in which the topic returns; topics that are not ``stable`` are called unstable. Returns the Axes.

    Raises
    ------
    MissingStep
        If ``table`` is not what align_topics gives.
    InputError
        For more than 100 topics or 20 runs, or two rows of one topic and run.
    """
    needed = ("topic", "label", "run", "engine", "seed", "n_topics", "match", "similarity", "returns", "return_share")
    need(table, (*needed, "stable"), "align_topics(models)")
    runs = table.drop_duplicates("run").sort_values("run")
    faults = too_many("plot_stability", "runs", len(runs), _MOST_RUNS)
    raise_faults("plot_stability", [*faults, *repeated("plot_stability", table, ["topic", "run"])])
    narrow = len(runs) <= 4
    names = topic_names("plot_stability", table, 34 if narrow else 48, 1)
    kind, called = run_names(runs)
    head = 0.35 if kind else 0.056 * max(len(name) for name in [*called, "returns in"])
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(COLUMN if narrow else PAGE, 0.4 + head + 0.155 * len(names)))
        own_type(ax)
        _matrix(ax, table, {topic: i for i, topic in enumerate(names)}, {run: i for i, run in enumerate(runs["run"])})
        ax.xaxis.tick_top()
        ax.xaxis.set_label_position("top")
        places = [*range(len(runs)), len(runs) + 0.1]
        ax.set_xticks(places, [*called, "returns in"], rotation=0 if kind else 90)
        ax.set_xlabel(kind)
        ax.set_yticks(range(len(names)), list(names.values()), fontsize=6)
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        foot(ax, "grey and number: how like its words are (cosine);\ncrossed out: does not return; last: share of runs")
    return ax


def _matrix(ax: Axes, table: pd.DataFrame, row: Mapping[Any, int], column: Mapping[Any, int]) -> None:
    """The cells, and beside each row the share of runs."""
    grid = np.full((len(row), len(column)), np.nan)
    y, x = table["topic"].map(row).to_numpy(), table["run"].map(column).to_numpy()
    grid[y, x] = table["similarity"].to_numpy(dtype=float)
    edges = np.arange(len(column) + 1) - 0.5, np.arange(len(row) + 1) - 0.5
    mesh = ax.pcolormesh(*edges, grid, cmap="Greys", vmin=0, vmax=1.35, edgecolors="white", linewidth=0.8)
    cells(ax, table, x.tolist(), y.tolist(), mesh)
    for place, share in enumerate(table.drop_duplicates("topic")["return_share"]):
        said = "?" if pd.isna(share) else f"{share:.0%}"
        ax.annotate(said, (len(column) + 0.1, place), ha="center", va="center", fontsize=6)
    ax.set_xlim(-0.5, len(column) + 0.6)
    ax.set_ylim(len(row) - 0.5, -0.5)
