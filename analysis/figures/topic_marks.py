"""What plots of topics are put together from: names, circles with numbers, cells, rows of dots, fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from analysis.errors import Fault, raise_faults
from analysis.figures.panels import fitted
from analysis.figures.style import COLOURS, LINES, MARKERS

__all__ = [
    "apart",
    "cells",
    "circles",
    "dots",
    "fits",
    "foot",
    "name_rows",
    "others",
    "repeated",
    "rows_of",
    "run_names",
    "too_many",
    "topic_names",
    "unstable_topics",
    "window",
]

_MOST_TOPICS = 100


def topic_names(caller: str, table: pd.DataFrame, width: int, lines: int) -> dict[Any, str]:
    """Number and label of each topic, in the table's order, `fitted`; unstable ones are called so."""
    first, unstable = table.drop_duplicates("topic"), unstable_topics(table)
    raise_faults(caller, too_many(caller, "topics", len(first), _MOST_TOPICS))
    names = {}
    for topic, label in zip(first["topic"].tolist(), first["label"].tolist(), strict=True):
        said = str(topic) if pd.isna(label) else f"{topic} {label}"
        names[topic] = fitted(said, width, lines, " (unstable)" if topic in unstable else "")
    return names


def unstable_topics(table: pd.DataFrame) -> set[Any]:
    """Topics whose ``stable`` is false; none where the table does not say, or it is not known."""
    known = table[table["stable"].notna()] if "stable" in table else table[:0]
    return set(known.loc[~known["stable"].astype(bool), "topic"]) if len(known) else set()


def too_many(caller: str, what: str, n: int, most: int) -> list[Fault]:
    """A fault if there are more than can be drawn."""
    return [Fault(caller, "table", f"{n} {what}", f"at most {most}; select fewer")] if n > most else []


def repeated(caller: str, table: pd.DataFrame, columns: list[str]) -> list[Fault]:
    """A fault if a pair that should stand in one row stands in several."""
    twice = table[table.duplicated(columns)]
    if not len(twice):
        return []
    received = ", ".join(f"{c} {twice[c].iloc[0]}" for c in columns) + " twice"
    return [Fault(caller, "table", received, f"one row per {' and '.join(columns)}")]


def foot(ax: Axes, text: str) -> None:
    """A note below ``ax`` whose x axis has its labels above."""
    ax.annotate(
        text,
        (1, 0),
        xycoords="axes fraction",
        xytext=(0, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=6,
    )


def window(centres: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], float]:
    """The lower left and the upper right corner of a plane with these ``centres``, and how far they spread."""
    low, high = centres.min(axis=0), centres.max(axis=0)
    spread = float((high - low).max())
    margin = 0.14 * spread if spread > 0 else 0.5
    return low - margin, high + margin, spread or 1.0


def circles(ax: Axes, topics: NDArray[Any], values: NDArray[Any], dashed: NDArray[Any]) -> None:
    """A numbered circle for each topic, at x and y and with an area for its size, the columns of ``values``."""
    centres, sizes = values[:, :2], values[:, 2]
    _, _, span = window(centres)
    radii = 0.09 * span * np.sqrt(sizes / max(float(sizes.max()), 1e-12))
    for i in np.argsort(-radii, kind="stable").tolist():  # the small ones on top
        line: Any = (0, (3, 2)) if dashed[i] else "-"
        circle = Circle(tuple(centres[i]), radii[i], linestyle=line, linewidth=0.8, edgecolor="#444444")
        circle.set_facecolor((0.75, 0.75, 0.75, 0.45))
        ax.add_patch(circle)
    _numbers(ax, topics, centres, radii, span)
    ax.margins(0.05 if len(np.unique(centres, axis=0)) > 1 else 2)
    ax.autoscale_view()
    ax.set_aspect("equal", adjustable="datalim")  # so the Axes keeps its place beside a key


def _numbers(ax: Axes, topics: NDArray[Any], centres: NDArray[Any], radii: NDArray[Any], span: float) -> None:
    """The number of each topic in its circle or near it, where no other number stands and no smaller circle is.

    Small circles come first: in a large one there is room beside the number of a small one on top of it.
    """
    turns = np.pi * (0.25 + np.arange(8) / 4)
    around = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    room = np.array([0.034, 0.027]) * span  # what a number of two digits takes up
    taken = np.empty((0, 2))
    order = np.argsort(radii, kind="stable")
    for done, i in enumerate(order.tolist()):
        inside = [0.0, 0.5, 0.75] if radii[i] >= 0.045 * span else [0.0] if radii[i] >= 0.02 * span else []
        rings = [part * radii[i] for part in inside] + [radii[i] + far * span for far in (0.02, 0.045, 0.07, 0.1)]
        steps = np.concatenate([centres[i] + ring * around for ring in rings])
        clear = [p for p in steps if (np.abs(taken - p) >= room).any(axis=1).all()]
        smaller = order[:done]
        own = [p for p in clear if (np.hypot(*(centres[smaller] - p).T) > radii[smaller]).all()]
        place = (own or clear or [steps[0]])[0]
        taken = np.vstack([taken, place])
        if np.hypot(*(place - centres[i])) > radii[i] + 0.03 * span:
            ax.plot(*zip(centres[i], place, strict=True), color="#777777", linewidth=0.4, zorder=2)
        behind = {"facecolor": "white", "alpha": 0.6, "linewidth": 0, "pad": 0.4}
        ax.annotate(str(topics[i]), tuple(place), ha="center", va="center", fontsize=6, bbox=behind)


def cells(ax: Axes, table: pd.DataFrame, x: list[int], y: list[int], mesh: Any) -> None:
    """Number each cell, and cross out those of topics that do not return."""
    rows = zip(x, y, table["similarity"], table["match"], table["returns"], strict=True)
    for place, line, similarity, match, returns in rows:
        if pd.isna(similarity):
            continue
        colour = "white" if similarity > 0.8 else "black"
        if not returns and match >= 0:
            for slope in (0.45, -0.45):
                ax.plot((place - 0.47, place + 0.47), (line - slope, line + slope), color=colour, linewidth=0.4)
        said = "none" if match < 0 else f"{similarity:.2f}"
        behind = {"facecolor": mesh.cmap(mesh.norm(similarity)), "linewidth": 0, "pad": 0.5}
        ax.annotate(said, (place, line), ha="center", va="center", fontsize=6, color=colour, bbox=behind)


def run_names(runs: pd.DataFrame) -> tuple[str, list[str]]:
    """What the runs are told apart by, and the name of each."""
    spoken = {"engine": "{}", "n_topics": "{} topics", "seed": "seed {}"}
    differ = [c for c in spoken if len(set(runs[c])) > 1] or ["seed"]
    if differ == ["seed"]:
        return "run with the seed", [str(seed) for seed in runs["seed"]]
    return "", [", ".join(spoken[c].format(run[c]) for c in differ) for run in runs.to_dict("records")]


def rows_of(table: pd.DataFrame, least: float) -> list[Any]:
    """The topics to draw, that with the largest share first."""
    highest = table.groupby("topic", sort=False)["share"].max().sort_values(ascending=False, kind="stable")
    return [topic for topic, share in highest.items() if share >= least]


def dots(
    ax: Axes, table: pd.DataFrame, rows: list[Any], aside: float, i: int, label: str | None, value: str = "share"
) -> None:
    """A dot with its interval for each of the ``rows``, in the look that is number ``i``."""
    part = table[table["topic"].isin(rows)]
    y = part["topic"].map({topic: place for place, topic in enumerate(rows)}).to_numpy(dtype=float) + aside
    ax.hlines(y, part["low"], part["high"], color=COLOURS[i], linewidth=1.0, linestyle=LINES[i])
    ax.plot(part[value], y, linestyle="none", color=COLOURS[i], marker=MARKERS[i], label=label, clip_on=False)


def others(table: pd.DataFrame, rows: list[Any], least: float) -> str:
    """How many topics are not drawn, and why, in words; nothing if all are."""
    n = table["topic"].nunique() - len(rows)
    what = f"{n} {'other' if rows else 'topic'}{'' if n == 1 else 's'}"
    unknown = table["share"].isna().any()
    why = [f"below {100 * least:.3g}%"] * (least > 0) + ["without a share"] * bool(unknown)
    return f"{what} {' or '.join(why)}" if n else ""


def name_rows(ax: Axes, names: list[str], others: str) -> None:
    """Name the rows, the first on top, and below them the ``others`` that are not drawn."""
    said = [*names, others] if others else names
    ax.set_yticks(range(len(said)), said, fontsize=6)
    ax.set_ylim(len(said) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0%}"))


def fits(ax: Axes, table: pd.DataFrame, measure: str) -> None:
    """A line through the means of a measure, and a point for each fit; a cross where it had not converged."""
    means = table.groupby("n_topics")[measure].mean()
    ax.plot(means.index, means.to_numpy(), color="black", linewidth=0.9)
    failed = table["converged"].eq(False) if "converged" in table else pd.Series(False, index=table.index)
    look: Any = {"linestyle": "none", "color": "#555555", "markerfacecolor": "none", "markeredgewidth": 0.6}
    for part, marker, size in ((table[~failed], "o", 3.0), (table[failed], "x", 4.0)):
        if len(part):
            ax.plot(part["n_topics"], part[measure], marker=marker, markersize=size, **look)


def apart(numbers: list[Any]) -> list[Any]:
    """Those of the sorted ``numbers`` whose labels can stand side by side."""
    least, kept = 0.09 * (numbers[-1] - numbers[0]), numbers[:1]
    for number in numbers[1:]:
        if number - kept[-1] >= least:
            kept.append(number)
    return kept
