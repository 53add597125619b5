"""Plots of reading and measuring: a finished table in, Axes out. Nothing is computed here but places on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.errors import Fault, raise_faults, shown
from analysis.figures.panels import COLUMN, PAGE, fitted, need, own_type
from analysis.figures.reading_marks import (
    beside,
    draw_cloud,
    draw_effects,
    label_ends,
    label_points,
    limit_faults,
    name_doublings,
    say_of,
    whole_number,
)
from analysis.figures.strips import draw_strips, fullest, in_order, strip_faults, strips_of, year_ticks
from analysis.figures.style import COLOURS, LINES, style
from analysis.figures.topic_marks import repeated, too_many
from analysis.sampling import PERIODS

__all__ = ["plot_collocate_shifts", "plot_dispersion", "plot_dispersion_frequency", "plot_keywords"]


def plot_dispersion(
    places: pd.DataFrame,
    ax: Axes | None = None,
    *,
    rows: str | None = None,
    documents: pd.DataFrame | None = None,
    scale: str = "share",
    labels: Mapping[str, str] | None = None,
    most: int = 40,
) -> Axes:
    """Where in the text words stand: a strip for each document with a tick for each hit, and the hits at the right.

    Parameters
    ----------
    places
        One row per hit: ``term, document, date, position, size``, the position being the words before the hit
        in its document and the size the words of the document. With several terms (at most seven, unless they are
        the rows) each strip has one below the other.
    rows
        What has a strip: ``"document"``; ``"term"``; ``"year"``, ``"quarter"`` or ``"month"``; or a column of
        ``documents``. In all but the first the documents stand one after the other, by date. Without it: documents,
        or terms if all hits are in one document.
    documents
        All documents, ``id, date, tokens``: those without hits then have their strip, or their part of one.
        Without it only documents that have hits are shown, which is said.
    scale
        ``"share"``: every strip is as long as the others; ``"words"``: as long as its words are many.
    labels
        What a reader calls each document, term or value of the column.
    most
        If there are more strips, or tracks in strips of several terms, those with the most hits are drawn; how many are
        left out is said. Periods are all drawn.

    Where ticks would merge (over a twentieth of the hits stand with more than five in a hundredth of a strip) all
    strips are shaded instead, darker for more hits. That is said, as is a smaller crowd. Returns the Axes.

    Raises
    ------
    MissingStep
        If ``places`` or ``documents`` is not such a table.
    InputError
        For other rows, more than seven terms in a strip, positions that are not in their documents, and documents
        that lack one of ``places`` or have another size.
    """
    caller, labels = "plot_dispersion", labels or {}
    need(places, ("term", "document", "date", "position", "size"), "places(tokens, …)")
    if documents is not None:
        need(documents, ("id", "date", "tokens"), "segment(corpus), as its documents,")
    alone = documents is None and len(set(places["document"])) == 1
    rows = rows or ("term" if alone else "document")
    faults = whole_number(caller, "most", most, 100)
    columns = [] if documents is None else [str(c) for c in documents if c not in ("id", "date", "tokens")]
    if rows not in (known := ["document", "term", *PERIODS, *columns]):
        faults.append(Fault(caller, "rows", shown(rows), ", ".join(known)))
    if scale not in ("share", "words"):
        faults.append(Fault(caller, "scale", shown(scale), "share or words"))
    terms = list(dict.fromkeys(places["term"]))
    if rows != "term":
        faults += too_many(caller, "terms in a strip", len(terms), len(COLOURS))
    raise_faults(caller, faults + strip_faults(caller, places, documents))
    tracks = 1 if rows == "term" else len(terms)
    table = in_order(caller, places, documents)
    strips = strips_of(places, table, rows)
    # Of periods none is left out: one that is missing would not be missed on an axis of time.
    kept = fullest(strips, len(strips.names) if rows in PERIODS else max(1, most // tracks))
    left_out, of_all = len(strips.strip), len(strips.names)
    strips = strips.keep(kept)
    left_out -= len(strips.strip)
    own = ax is None
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(PAGE, 0.85 + 0.2 * (tracks > 1) + 0.115 * len(kept) * (tracks + 0.4)))
        else:
            own_type(ax)
        said = [draw_strips(ax, strips, tracks, scale == "share")]
        names = [fitted(labels.get(name, name), 40) for name in strips.names]
        ax.set_yticks(np.arange(len(names)) * (tracks + 0.4) + tracks / 2, names, fontsize=6)
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False)
        ax.spines["left"].set_visible(False)
        ax.annotate("hits", (1, 1), (4, 1), xycoords="axes fraction", textcoords="offset points", fontsize=6)
        if tracks > 1:
            look: Any = {"linestyle": "none", "marker": "|", "markersize": 6, "markeredgewidth": 1.2}
            keys = [fitted(labels.get(str(term), term), 24) for term in terms]
            handles = [Line2D([], [], color=c, label=key, **look) for key, c in zip(keys, COLOURS, strict=False)]
            ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(terms), borderaxespad=0.3)
            said.append("terms in each strip: from the top, in the order of the key")
        if documents is None:
            said.append("only documents that have hits")
        if len(kept) < of_all:
            what = rows if rows in ("document", "term", *PERIODS) else "strip"
            said.append(f"{len(kept)} of {of_all:,} {what}s, those with the most hits; {left_out:,} hits in the others")
        if scale == "words":
            ax.xaxis.set_major_locator(MaxNLocator(5))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
            axis = "words from the beginning"
        elif rows == "term" and year_ticks(ax, strips):
            axis = "words of all documents, by date; each year is named where it begins"
        else:
            ax.set_xticks(range(0, 101, 25), ["beginning", "25%", "50%", "75%", "end"])
            one = rows == "document" or len(table) == 1
            axis = f"place among the words of {'the document' if one else 'the strip, its documents by date'}"
        say_of(ax, own, axis, said)
    return ax


def plot_keywords(
    keywords: pd.DataFrame,
    ax: Axes | None = None,
    *,
    n: int = 15,
    target: str = "target",
    reference: str = "reference",
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """How many times as frequent keywords are, with intervals: those of the target above, of the reference below.

    Parameters
    ----------
    keywords
        One row per word: ``feature, effect, low, high, documents``, the effect and its limits being logarithms to
        base 2; and ``exclusive``, if words that one side lacks are to be hollow. On each side the first ``n`` of
        the table are drawn, in its order.
    n
        How many words of each side, 1 to 60.
    target, reference
        What a reader calls the two sides.
    labels
        What a reader calls a word.

    The number at the right is ``documents``. A dashed grey line is an interval that holds “as frequent”; an arrow
    stands where it goes on beyond the paper, or has no bound. Words without an effect, or with one of 0, are on
    neither side and are counted below. Returns the Axes.

    Raises
    ------
    MissingStep
        If ``keywords`` is not what keywords gives.
    InputError
        For two rows of one word, limits the wrong way round, or no word with an effect.
    """
    caller = "plot_keywords"
    need(keywords, ("feature", "effect", "low", "high", "documents"), "keywords(target, reference)")
    effect, low, high = (keywords[c].to_numpy(dtype=float) for c in ("effect", "low", "high"))
    faults = whole_number(caller, "n", n, 60) + repeated(caller, keywords, ["feature"])
    faults += limit_faults(caller, keywords, "feature")
    if not (np.abs(effect) > 0).any():
        faults.append(Fault(caller, "effect", "no value but 0", "a word that is more frequent on one side"))
    raise_faults(caller, faults)
    above, below = np.flatnonzero(effect > 0), np.flatnonzero(effect < 0)
    drawn = np.r_[above[:n], below[:n]]
    y = np.arange(len(drawn)) + 1.3 * (effect[drawn] < 0) * (len(above) > 0)
    own = ax is None
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(COLUMN, 1.2 + 0.145 * (y[-1] + 1)))
        else:
            own_type(ax)
        hollow = np.zeros(len(drawn), dtype=bool)
        if "exclusive" in keywords:
            hollow = keywords["exclusive"].isin(["target", "reference"]).to_numpy()[drawn]
        low, high = low[drawn], high[drawn]
        beyond = draw_effects(ax, y, effect[drawn], low, high, hollow)
        for line, documents in zip(y.tolist(), keywords["documents"].to_numpy()[drawn].tolist(), strict=True):
            beside(ax, f"{documents:,.0f}", line)
        ax.annotate("documents", (1, 1), (0, 2), xycoords="axes fraction", textcoords="offset points", fontsize=6)
        row: Any = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 6.5, "color": "#444444"}
        row["bbox"] = {"facecolor": "white", "linewidth": 0, "pad": 0.8}
        if len(above):
            ax.annotate(fitted(f"more in {target}", 30, end=" →"), (1, -1.1), ha="right", **row)
        if len(below):
            at = y[len(above[:n])] - 1.1
            ax.annotate(
                "← " + fitted(f"more in {reference}", 28), (0, at), xytext=(3, 0), textcoords="offset points", **row
            )
        names = [str(name) for name in keywords["feature"].to_numpy()[drawn]]
        ax.set_yticks(y, [fitted((labels or {}).get(name, name), 26) for name in names])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(y[-1] + 0.6, -1.7)
        name_doublings(ax)
        ax.grid(visible=False)
        said = [f"above {len(above[:n])} of {len(above):,} words"] if len(above) else []
        if len(below):
            said.append(f"below {len(below[:n])} of {len(below):,} words")
        said.append("lines: intervals" if not np.isnan(low).all() else "no intervals were made")
        if ((low <= 0) & (high >= 0)).any():
            said.append("dashed: the interval holds 1, as frequent")
        if beyond:
            said.append("arrow: it goes on")
        if hollow.any():
            said.append("hollow: words that the other side lacks")
        if neither := len(keywords) - len(above) - len(below):
            said.append(f"{neither:,} words on neither side")
        say_of(ax, own, f"times as frequent in {target} as in {reference}", said)
    return ax


def plot_collocate_shifts(
    shifts: pd.DataFrame,
    ax: Axes | None = None,
    *,
    n: int = 12,
    before: str = "before",
    after: str = "after",
    scale: str = "linear",
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """Which words go with the node more or less often than before: a line for each, from its share to its share.

    Parameters
    ----------
    shifts
        One row per collocate: ``collocate, before_share, after_share`` (per hundred hits of the node) and ``low,
        high``, the limits of the ratio of both; and ``change`` (``gained``, ``lost`` or empty), if it is known. The
        first ``n`` of the table are drawn.
    n
        How many collocates, 1 to 40.
    before, after
        What a reader calls the two spans of time.
    scale
        ``"linear"``, or ``"log"``: equal ratios are then equally steep, small shares stand apart, and a share of 0
        stands at the foot.
    labels
        What a reader calls a collocate.

    A collocate that is gained has a solid black line, one that is lost a dashed line, the others a dotted grey one.
    Without the column ``change`` it is gained where the interval of the ratio lies above 1, lost where it lies below.
    A collocate without a share is named at the foot. Returns the Axes.

    Raises
    ------
    MissingStep
        If ``shifts`` is not what collocate_shifts gives.
    InputError
        For two rows of one collocate, shares that are none, limits the wrong way round, or no collocate with both
        shares.
    """
    caller = "plot_collocate_shifts"
    need(shifts, ("collocate", "before_share", "after_share", "low", "high"), "collocate_shifts(…)")
    shares = shifts[["before_share", "after_share"]].to_numpy(dtype=float)
    faults = whole_number(caller, "n", n, 40) + repeated(caller, shifts, ["collocate"])
    faults += limit_faults(caller, shifts, "collocate")
    if scale not in ("linear", "log"):
        faults.append(Fault(caller, "scale", shown(scale), "linear or log"))
    if (wrong := (shares < 0) | np.isinf(shares)).any():
        faults.append(Fault(caller, "before_share, after_share", f"{shares[wrong][0]:g}", "shares, 0 or more"))
    if not (there := ~np.isnan(shares).any(axis=1)).any():
        faults.append(Fault(caller, "before_share, after_share", "no number", "at least one collocate with both"))
    raise_faults(caller, faults)
    first = shifts.iloc[:n]
    part, shares = first[there[:n]], shares[:n][there[:n]]
    names = [str((labels or {}).get(str(name), name)) for name in part["collocate"]]
    corrected = "change" in part
    if corrected:
        gain, loss = part["change"].eq("gained").to_numpy(dtype=bool), part["change"].eq("lost").to_numpy(dtype=bool)
    else:
        gain, loss = (part["low"] > 1).to_numpy(), (part["high"] < 1).to_numpy()
    looks: list[tuple[str, Any, str, Any, float]] = [
        ("more often", gain, "black", "-", 1.4),
        ("less often", loss, COLOURS[1], LINES[1], 1.4),
        ("no clear change", ~gain & ~loss, "#a0a0a0", LINES[3], 1.1),
    ]
    own = ax is None
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(COLUMN, 1.15 + max(1.6, 0.19 * len(part))))
        else:
            own_type(ax)
        heights, low, high = shares, 0.0, float(shares.max(initial=0)) or 1.0
        if scale == "log" and shares.any():
            floor = shares[shares > 0].min() / (2 if (shares == 0).any() else 1)
            heights = np.log2(np.maximum(shares, floor))
            low, high = float(heights.min()), max(float(heights.max()), float(heights.min()) + 1)
        ax.set(xlim=(0, 1), ylim=(low - 0.04 * (high - low), high + 0.04 * (high - low)), xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[["bottom"]].set_visible(False)
        ax.spines[["right"]].set_visible(True)
        keys = []
        for text, mine, colour, line, width in looks:
            marker: Any = {"marker": "o", "markersize": 2.6, "clip_on": False, "linewidth": width, "linestyle": line}
            for pair in heights[mine].tolist():
                ax.plot((0, 1), pair, color=colour, **marker)
            if mine.any():  # in the key; an empty line would claim the corner of the page as its place
                keys.append(Line2D([], [], color=colour, label=text, **marker))
        if own:
            figure: Any = ax.figure
            figure.legend(handles=keys, loc="outside upper left", ncols=3, handlelength=2.6, columnspacing=1.0)
        else:
            ax.legend(handles=keys, loc="lower center", bbox_to_anchor=(0.5, 1.08), handlelength=2.6)
        place: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
        ax.annotate(fitted(before, 22), (0, 1), (-2, 4), ha="right", **place)
        ax.annotate(fitted(after, 22), (1, 1), (2, 4), ha="left", **place)
        said = ["solid, dashed: the interval of the ratio lies above, below 1"]
        if corrected:
            said = ["solid, dashed: gained, lost, corrected for the number of collocates tested"]
        if scale == "log":
            said.append("heights: logarithmic")
        if len(first) < len(shifts):
            said.insert(0, f"{len(first)} of {len(shifts):,} collocates")
        if not there[:n].all():
            said.append(f"without a share: {', '.join(map(str, first['collocate'][~there[:n]]))}")
        say_of(ax, own, "hits with this word nearby, per hundred", said)
        tones = np.select([gain, loss], ["black", COLOURS[1]], "#707070").tolist()
        label_ends(ax, [fitted(name, 18) for name in names], shares, heights, tones)
    return ax


#: What each measure is called, whether its highest values are the even ones, and whether it lies within 0 and 1.
_MEASURES = {
    "range": ("range (parts that hold the word)", True, False),
    "juilland_d": ("Juilland's D", True, True),
    "carroll_d2": ("Carroll's D₂", True, True),
    "rosengren_s": ("Rosengren's S", True, True),
    "gries_dp": ("Gries's DP", False, True),
    "dp_norm": ("DPnorm", False, True),
    "kl_divergence": ("KL divergence (bits)", False, False),
    "arf": ("average reduced frequency", True, False),
}


def plot_dispersion_frequency(
    dispersion: pd.DataFrame,
    ax: Axes | None = None,
    *,
    measure: str = "dp_norm",
    labelled: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """How evenly words are spread, against how frequent they are; the axis says which end is even.

    Parameters
    ----------
    dispersion
        One row per word: ``feature, frequency`` and the column ``measure`` names.
    measure
        ``range``, ``juilland_d``, ``carroll_d2``, ``rosengren_s``, ``gries_dp``, ``dp_norm``, ``kl_divergence``
        or ``arf``. The first and the last have a logarithmic scale, as the frequency has.
    labelled
        The words to be named, at most 30; names keep clear of one another unless very many words stand in one place.
    labels
        What a reader calls a word.

    Above 3,000 words, cells are shaded by how many words fall into each. Words without a value or frequency cannot
    be drawn: how many, and those of ``labelled``, is said. Returns the Axes.

    Raises
    ------
    MissingStep
        If ``dispersion`` is not what dispersion gives, or has no such measure.
    InputError
        For another measure, words that are not in the table, more than 30 of them, or no word with a value.
    """
    caller = "plot_dispersion_frequency"
    if measure not in _MEASURES:
        raise_faults(caller, [Fault(caller, "measure", shown(measure), ", ".join(_MEASURES))])
    need(dispersion, ("feature", "frequency", measure), f'dispersion(counts, measures=["{measure}"])')
    labelled = [labelled] if isinstance(labelled, str) else list(dict.fromkeys(labelled))
    rows = dict(zip(dispersion["feature"].astype(str), range(len(dispersion)), strict=True))
    faults = repeated(caller, dispersion, ["feature"])
    for word in (word for word in labelled if word not in rows):
        near = get_close_matches(str(word), rows, n=3)
        meant = f"a word of the table{', such as ' + ', '.join(near) if near else ''}"
        faults.append(Fault(caller, "labelled", shown(word), meant))
    if len(labelled) > 30:
        faults.append(Fault(caller, "labelled", f"{len(labelled)} words", "at most 30"))
    spoken, even_above, bounded = _MEASURES[measure]
    logarithmic = measure in ("range", "arf")
    points = dispersion[["frequency", measure]].to_numpy(dtype=float)
    there = np.isfinite(points).all(axis=1) & (points[:, 0] > 0) & ((points[:, 1] > 0) | (not logarithmic))
    if not there.any():
        faults.append(Fault(caller, measure, "no value", "at least one word's"))
    raise_faults(caller, faults)
    own = ax is None
    with style():
        if ax is None:
            _, ax = plt.subplots(figsize=(COLUMN, 2.9))
        else:
            own_type(ax)
        x, y = points[there].T
        below, above = ("in few parts", "evenly spread") if even_above else ("evenly spread", "in few parts")
        said = [draw_cloud(ax, x, y, logarithmic, bounded)]
        ax.set_ylabel(f"{spoken}\n← {below}      {above} →")
        if without := len(dispersion) - len(x):
            said.append(f"{without:,} without a value or frequency")
        named = [word for word in labelled if there[rows[word]]]
        if unnamed := [str(word) for word in labelled if word not in named]:
            said.append(f"not drawn: {', '.join(unnamed)}")
        say_of(ax, own, "frequency (hits)", said)
        if named:
            chosen = points[[rows[word] for word in named]]
            ax.scatter(chosen[:, 0], chosen[:, 1], s=11, color="black", edgecolors="white", linewidths=0.4, zorder=3)
            texts = [fitted((labels or {}).get(str(word), word), 22) for word in named]
            label_points(ax, chosen, texts, 6.5)
    return ax
