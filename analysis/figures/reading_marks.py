"""What plots of reading are put together from: effects with intervals, clouds of points, labels that keep clear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from analysis.errors import Fault, shown
from analysis.figures.panels import breadth, fitted, note_below
from analysis.figures.style import LINES

__all__ = [
    "beside",
    "draw_cloud",
    "draw_effects",
    "label_ends",
    "label_points",
    "limit_faults",
    "name_doublings",
    "say_of",
    "spread",
    "whole_number",
]

Floats = NDArray[np.float64]

#: Above this many points a cloud would be one grey blot.
_MANY_POINTS = 3000
#: What the mark of constructed texts takes from the height of a figure when it is saved, in points.
_FOOT = 9.4


def whole_number(caller: str, option: str, value: object, most: int) -> list[Fault]:
    """A fault if an option is no whole number from 1 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= most:
        return [Fault(caller, option, shown(value), f"a whole number, 1 to {most}")]
    return []


def limit_faults(caller: str, table: pd.DataFrame, name: str) -> list[Fault]:
    """A fault if some limits are the wrong way round."""
    wrong = table[table["low"] > table["high"]]
    if not len(wrong):
        return []
    received = "low {:g}, high {:g} of {}".format(*wrong[["low", "high"]].iloc[0], wrong[name].iloc[0])
    return [Fault(caller, "low, high", received, "limits, the lower first")]


def say_of(ax: Axes, own: bool, axis: str, notes: list[str]) -> None:
    """What the x axis is, and notes: at the foot of a figure of our own, below the axis in an Axes that was given."""
    said = "; ".join(note for note in notes if note)
    figure: Any = ax.get_figure(root=True)
    places = int(figure.get_figwidth() * 13) if own else int(ax.bbox.width / figure.dpi * 20)
    ax.set_xlabel(fitted(axis, places, 3) if own else f"{fitted(axis, places, 3)}\n{fitted(said, places, 8)}")
    if own:
        note_below(ax, said, 6)


def beside(ax: Axes, text: str, y: float) -> None:
    """A number at the right of the line at ``y``."""
    place: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    ax.annotate(text, (1, y), (4, 0), va="center", fontsize=6, **place)


def draw_effects(ax: Axes, y: Floats, effect: Floats, low: Floats, high: Floats, hollow: NDArray[np.bool_]) -> bool:
    """A dot with its interval on each line of ``y``, on an axis of powers of two; whether some go on beyond it."""
    holds = (low <= 0) & (high >= 0)
    known = effect[np.isfinite(effect)]
    least, most = min([0.0, *known.tolist()]), max([0.0, *known.tolist()])
    reach = max(1.0, 0.6 * (most - least))  # one wide interval would flatten all others
    limits = np.r_[low, high, 0.0][np.isfinite(np.r_[low, high, 0.0])]
    left = max(float(limits.min()), least - reach)
    right = min(float(limits.max()), most + reach)
    left, right = min(left, least) - 0.06 * reach, max(right, most) + 0.06 * reach
    if np.isneginf(np.r_[low, effect]).any():
        left -= 0.3 * reach
    if np.isposinf(np.r_[high, effect]).any():
        right += 0.3 * reach
    ax.axvline(0, color="#777777", linewidth=0.7, zorder=1)
    for i, line in enumerate(y.tolist()):
        colour = "#808080" if holds[i] else "black"
        ends = np.clip([low[i], high[i]], left, right)
        ax.hlines(line, *ends, color=colour, linewidth=1.0, linestyle=LINES[1] if holds[i] else "-")
        arrow: Any = {"color": colour, "markersize": 3.6, "clip_on": False, "markeredgewidth": 0}
        if low[i] < left:
            ax.plot(left, line, marker="<", **arrow)
        if high[i] > right:
            ax.plot(right, line, marker=">", **arrow)
        face = "white" if hollow[i] else colour
        at = float(np.clip(effect[i], left, right))
        ax.plot(at, line, marker="o", color=colour, markerfacecolor=face, markeredgewidth=0.8, zorder=3)
    ax.set_xlim(left, right)
    return bool((low < left).any() or (high > right).any())


def name_doublings(ax: Axes) -> None:
    """Name powers of two on an axis of their logarithms, as many as have room."""
    left, right = ax.get_xlim()
    room = _paper_size(ax)[0] / (right - left)
    for step in range(1, 100):
        powers = [k for k in range(int(np.ceil(left)), int(np.floor(right)) + 1) if k % step == 0]
        names = [_power_of_two(k) for k in powers]
        if 3.7 * (max(map(breadth, names), default=0) + 1.5) <= room * step:
            break
    ax.set_xticks(powers, names)


def _power_of_two(k: int) -> str:
    return {-1: "½", -2: "¼", -3: "⅛"}.get(k, f"{2**k:,}" if k >= 0 else f"1/{2**-k:,}")


def draw_cloud(ax: Axes, x: Floats, y: Floats, logarithmic: bool, bounded: bool) -> str:
    """A faint dot for each frequency and measure, which is ``logarithmic`` too, or ``bounded`` by 0 and 1, or neither.

    For very many, cells are shaded by how many fall into each. Says which of them, in words.
    """
    window = [x.min() / 1.5, x.max() * 1.7, y.min() / 1.5, y.max() * 1.7]
    if not logarithmic:
        low, high = min(float(y.min()), 0.0), max(float(y.max()), 1.0) if bounded else float(y.max()) or 1.0
        window[2:] = low - 0.05 * (high - low), high + 0.05 * (high - low)
    scale = "log" if logarithmic else "linear"
    if many := len(x) > _MANY_POINTS:
        extent = (*np.log10(window[:2]), *(np.log10(window[2:]) if logarithmic else window[2:]))
        look: Any = {"xscale": "log", "yscale": scale, "cmap": "Greys", "linewidths": 0.1, "zorder": 0.5, "mincnt": 1}
        cells = ax.hexbin(x, y, gridsize=(24, 16), extent=extent, **look)
        most = int(np.max(np.asarray(cells.get_array())))
        cells.set_norm(LogNorm(0.3, 4 * most))  # one word alone can still be seen
    else:
        ax.scatter(x, y, s=7, color="#8c8c8c", alpha=0.8 if len(x) <= 200 else 0.45, linewidths=0)
    ax.set(xscale="log", yscale=scale, xlim=window[:2], ylim=window[2:])
    _name_powers(ax.xaxis, *window[:2])
    if logarithmic:
        _name_powers(ax.yaxis, *window[2:])
    if many:
        return f"cells: {len(x):,} words, darkest {most:,} in one"
    return f"{len(x):,} word{'' if len(x) == 1 else 's'}"


def _name_powers(axis: Any, low: float, high: float) -> None:
    steps = (1,) if high > 300 * low else (1, 2, 5)
    ticks = [t for e in range(-6, 13) for s in steps if low <= (t := float(f"{s}e{e}")) <= high]
    axis.set_ticks(ticks, labels=[f"{t:,.0f}" if t >= 1 else f"{t:g}" for t in ticks])
    axis.set_minor_locator(NullLocator())


def label_ends(ax: Axes, names: Sequence[str], values: Floats, heights: Floats, tones: Sequence[str]) -> None:
    """Beside both ends of lines from x = 0 to 1: the name and the value, none on top of another."""
    low, high = ax.get_ylim()
    gap = 8.4 / (_paper_size(ax)[1] - _FOOT) * (high - low)
    line: Any = {"arrowstyle": "-", "linewidth": 0.4, "color": "#888888", "shrinkA": 0, "shrinkB": 2.5}
    for side, (align, x) in enumerate((("right", -13), ("left", 13))):
        middles = spread(heights[:, side], gap, low + gap / 2, high - gap / 2)
        for i, name in enumerate(names):
            said = _short(float(values[i, side]))
            ax.annotate(
                f"{name}  {said}" if side == 0 else f"{said}  {name}",
                (side, heights[i, side]),
                (x, middles[i]),
                textcoords=("offset points", "data"),
                ha=align,
                va="center",
                fontsize=6.5,
                color=tones[i],
                annotation_clip=False,
                arrowprops={**line, "relpos": (1 - side, 0.5)},
            )


def _short(value: float) -> str:
    """Two digits or so; nothing is called 0 that is not.

    >>> [_short(value) for value in (31.4, 4.25, 0.317, 0.00012, 0)]
    ['31', '4.2', '0.32', '0.00012', '0']
    """
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def spread(values: Floats, gap: float, low: float, high: float) -> Floats:
    """Places near ``values``, in their order, ``gap`` apart between ``low`` and ``high``: the nearest by least squares.

    Where there is no room for all they are closer, evenly.

    >>> spread(np.array([1.0, 1.0, 5.0]), 1.0, 0.0, 9.0).tolist()
    [0.5, 1.5, 5.0]
    """
    n = len(values)
    gap = min(gap, (high - low) / max(n - 1, 1))
    order = np.argsort(values, kind="stable")
    blocks: list[tuple[float, int]] = []  # mean and number of values that have to move together
    for value in (values[order] - gap * np.arange(n)).tolist():
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, size = (mean * size + other * more) / (size + more), size + more
        blocks.append((mean, size))
    placed = np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
    found = np.empty(n)
    found[order] = np.clip(placed, low, high - gap * (n - 1)) + gap * np.arange(n)
    return found


def label_points(ax: Axes, points: Floats, texts: Sequence[str], size: float) -> None:
    """Each text near its point, clear of the other texts and points; a thin line leads to one that is not beside it.

    Those with the least room are placed first. Texts keep clear both in the figure as it is and after the mark of
    constructed texts has taken some of its height.
    """
    width, height = _paper_size(ax)
    inside = (ax.transData.transform(points) - ax.bbox.p0) / ax.bbox.size
    both = [_Paper(np.array([width, tall]), inside) for tall in (height, height - _FOOT)]
    room = np.array([(_text_width(ax, text, size) + 1, 1.25 * size) for text in texts])
    turn = np.pi * np.arange(16) / 8
    towards = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    far = np.repeat([3.0, 7, 12, 18, 25, 33, 42, 52, 64, 78], len(towards))
    steps = np.tile(towards, (len(far) // len(towards), 1))
    asides = [steps * far[:, None] + (steps - 1) / 2 * room[i] for i in range(len(texts))]  # lower left corners
    near = far < 10
    free = [sum((paper.costs(i, asides[i][near], room[i]) == 0).sum() for paper in both) for i in range(len(texts))]
    for i in np.argsort(free, kind="stable").tolist():
        costs = sum(paper.costs(i, asides[i], room[i]) for paper in both)
        chosen = int(np.argmin(costs + 0.3 * far))
        for paper in both:
            paper.take(i, asides[i][chosen], room[i])
        line: Any = {"arrowstyle": "-", "linewidth": 0.4, "color": "#555555", "shrinkA": 0, "shrinkB": 1.5}
        ax.annotate(
            texts[i],
            tuple(points[i]),
            tuple(asides[i][chosen] + room[i] / 2),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            zorder=4,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.3},
            arrowprops=line if far[chosen] > 3 else None,
        )


def _text_width(ax: Axes, text: str, size: float) -> float:
    measured = ax.text(0, 0, text, fontsize=size)
    width = measured.get_window_extent().width * 72 / ax.get_figure(root=True).dpi  # type: ignore[union-attr]
    measured.remove()
    return width


class _Paper:
    """What has been placed on paper of one ``size``, in points."""

    def __init__(self, size: Floats, inside: Floats) -> None:
        self.size, self.places = size, inside * size
        self.boxes = np.concatenate([self.places - 2, self.places + 2], axis=1)  # the dots, then texts and their lines

    def costs(self, i: int, asides: Floats, room: Floats) -> Floats:
        """What each way to place the text of point ``i`` costs: covering others most, then the edge, then lines across."""
        corners = self.places[i] + asides
        boxes = np.concatenate([corners, corners + room], axis=1)
        others = np.delete(self.boxes, i, axis=0)
        line = np.concatenate([self._along(i, corner + room / 2) for corner in corners])  # each line in pieces
        crossed = _covered(line, others).reshape(len(asides), -1).sum(axis=1)
        beyond = np.maximum(0, np.c_[1 - corners, boxes[:, 2:] + 1 - self.size]).sum(axis=1)
        return np.asarray(20 * _covered(boxes, others) + 3 * crossed + 400 * beyond)

    def take(self, i: int, aside: Floats, room: Floats) -> None:
        corner = self.places[i] + aside
        line = self._along(i, corner + room / 2)
        self.boxes = np.concatenate([self.boxes, [[*corner, *(corner + room)]], line])

    def _along(self, i: int, end: Floats) -> Floats:
        """Little boxes along the line from point ``i`` to the middle of its text."""
        on = self.places[i] + np.linspace(0.1, 0.85, 9)[:, None] * (end - self.places[i])
        return np.concatenate([on - 0.7, on + 0.7], axis=1)


def _covered(boxes: Floats, others: Floats) -> Floats:
    """How much of ``others`` (x0, y0, x1, y1 in points) lies under each of ``boxes``."""
    ends = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = np.maximum(ends - np.maximum(boxes[:, None, :2], others[None, :, :2]), 0)
    return np.asarray(sides.prod(axis=2).sum(axis=1))


def _paper_size(ax: Axes) -> tuple[float, float]:
    """Width and height of ``ax`` on paper, in points, once everything but labels is in it."""
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    return ax.bbox.width * 72 / figure.dpi, ax.bbox.height * 72 / figure.dpi
