"""Strips of running words with the places of hits in them: which hit is where on paper, and drawing them."""

from __future__ import annotations

from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.dates import parse_date
from analysis.errors import Fault, raise_faults
from analysis.figures.reading_marks import beside
from analysis.figures.style import COLOURS
from analysis.figures.topic_marks import apart
from analysis.sampling import UNPLACED, period_labels

__all__ = ["Strips", "draw_strips", "fullest", "in_order", "strip_faults", "strips_of", "year_ticks"]

Floats = NDArray[np.float64]

#: Into how many parts a strip is cut where hits stand too close for a tick each, and how many ticks have room in one.
_SHADES, _ROOM = 100, 5


class Strips(NamedTuple):
    """Where the hits of each strip stand.

    ``names`` and ``lengths`` (words) of the strips; of each hit its ``strip``, its ``track`` in it and its ``place``
    (words); of each document its ``document_strip``, where it ``starts`` there (words) and its ``dates``.
    """

    names: list[str]
    lengths: Floats
    strip: NDArray[np.int64]
    track: NDArray[np.int64]
    place: Floats
    document_strip: NDArray[np.int64]
    starts: Floats
    dates: pd.Series

    def keep(self, chosen: NDArray[np.int64]) -> Strips:
        """Those ``chosen``, in their order."""
        new = np.full(len(self.names), -1)
        new[chosen] = np.arange(len(chosen))
        strip, document_strip = new[self.strip], new[self.document_strip]
        hits, documents = strip >= 0, document_strip >= 0
        return Strips(
            [self.names[i] for i in chosen.tolist()],
            self.lengths[chosen],
            strip[hits],
            self.track[hits],
            self.place[hits],
            document_strip[documents],
            self.starts[documents],
            self.dates[documents],
        )


def strip_faults(caller: str, places: pd.DataFrame, documents: pd.DataFrame | None) -> list[Fault]:
    """What is wrong with positions, and with documents that are not those of the hits."""
    faults = []
    outside = places[~((places["position"] >= 0) & (places["position"] <= places["size"]))]
    if len(outside):
        received = "{} of {} words in {}".format(*outside[["position", "size", "document"]].iloc[0])
        faults.append(Fault(caller, "position", received, "words before the hit, at most the size of its document"))
    if documents is None:
        return faults
    twice = documents["id"][documents["id"].duplicated()]
    if len(twice):
        return [*faults, Fault(caller, "documents", f"{twice.iloc[0]} twice", "one row per document")]
    tokens = places["document"].astype(object).map(documents.set_index("id")["tokens"])
    if (lacking := tokens.isna()).any():
        received = f"none called {places['document'][lacking].iloc[0]}"
        faults.append(Fault(caller, "documents", received, "all that the hits are in"))
    if (other := ~lacking & (tokens != places["size"])).any():
        first = places[other].iloc[0]
        received = f"{tokens[other].iloc[0]:.0f} words of {first['document']}, of which places says {first['size']}"
        faults.append(Fault(caller, "documents", received, "those of the same tokens"))
    return faults


def in_order(caller: str, places: pd.DataFrame, documents: pd.DataFrame | None) -> pd.DataFrame:
    """The documents to be drawn, by date, with ``id, date, size``; without ``documents``, those that have hits."""
    if documents is None:
        first = places.drop_duplicates("document")
        table = pd.DataFrame({"id": first["document"], "date": first["date"], "size": first["size"]})
    else:
        table = documents.assign(size=documents["tokens"])
    if not pd.api.types.is_datetime64_dtype(table["date"]):
        try:
            read = {date: parse_date(date) for date in dict.fromkeys(table["date"])}
        except ValueError as error:
            raise_faults(caller, [Fault(caller, "date", "another date", str(error))])
        table["date_precision"] = [read[date][1] for date in table["date"]]
        table["date"] = pd.to_datetime([read[date][0] for date in table["date"]])
    return table.sort_values("date", kind="stable", na_position="last", ignore_index=True)


def strips_of(places: pd.DataFrame, documents: pd.DataFrame, rows: str) -> Strips:
    """One strip for each document, term, period or value of a column, its documents one after the other."""
    terms = list(dict.fromkeys(places["term"]))
    term = places["term"].map({name: i for i, name in enumerate(terms)}).to_numpy(dtype=np.int64)
    document = places["document"].astype(object).map(dict(zip(documents["id"], range(len(documents)), strict=True)))
    document = document.to_numpy(dtype=np.int64)
    sizes = documents["size"].to_numpy(dtype=float)
    if rows == "document":
        names, group = documents["id"].astype(str).tolist(), np.arange(len(documents))
    elif rows == "term":  # one strip of all documents, drawn again for each term
        names, group = [str(name) for name in terms], np.zeros(len(documents), dtype=np.int64)
    else:
        labels = period_labels(documents, rows).astype(str)
        names = sorted(set(labels), key=lambda name: (name == UNPLACED, name))
        group = pd.Series(labels).map({name: i for i, name in enumerate(names)}).to_numpy(dtype=np.int64)
    lengths: Floats = np.bincount(group, sizes, minlength=len(names)).astype(np.float64)
    before = pd.Series(sizes).groupby(group).cumsum().to_numpy() - sizes
    place = before[document] + np.minimum(places["position"].to_numpy(dtype=float) + 0.5, sizes[document])
    dates = documents["date"]
    if rows != "term":
        return Strips(names, lengths, group[document], term, place, group, before, dates)
    each, n = np.repeat(np.arange(len(names)), len(documents)), len(names)
    everything = np.full(n, sizes.sum())
    return Strips(names, everything, term, 0 * term, place, each, np.tile(before, n), pd.Series(dates.to_list() * n))


def fullest(strips: Strips, most: int) -> NDArray[np.int64]:
    """The ``most`` strips with the most hits, in their order."""
    hits = np.bincount(strips.strip, minlength=len(strips.names))
    return np.sort(np.argsort(-hits, kind="stable")[:most])


def draw_strips(ax: Axes, strips: Strips, tracks: int, share: bool) -> str:
    """Draw strips from the top, with ``tracks`` in each and their hits at the right; say how hits are drawn.

    Where many ticks would merge, all strips are shaded instead; where a few do, that is said.
    """
    scale = 100 / np.maximum(strips.lengths, 1) if share else np.ones(len(strips.names))
    ends = strips.lengths * scale
    widest = 100.0 if share else max(float(ends.max()), 1.0)
    top: Floats = np.linspace(0, (len(strips.names) - 1) * (tracks + 0.4), len(strips.names))
    ax.barh(top + tracks / 2, ends, height=tracks, color="#f0f0f0", linewidth=0)
    x, y = strips.place * scale[strips.strip], top[strips.strip] + strips.track
    part = np.clip((x / widest * _SHADES).astype(np.int64), 0, _SHADES - 1)
    parts, hits = np.unique(np.stack([strips.strip, strips.track, part]), axis=1, return_counts=True)
    crowded = hits[hits > _ROOM].sum()
    if shaded := crowded > 0.05 * hits.sum():
        _shade(ax, top, parts, hits, widest / _SHADES)
    else:
        for i in range(tracks):
            mine = strips.track == i
            look: Any = {"color": COLOURS[i], "alpha": 0.75, "linewidth": 0.7}
            ax.vlines(x[mine], y[mine] + 0.04, y[mine] + 0.96, **look)
    inside, gaps = strips.starts > 0, ""
    if inside.any() and np.bincount(strips.document_strip).max() <= 40:
        of = strips.document_strip[inside]
        ax.vlines(
            strips.starts[inside] * scale[of], top[of], top[of] + tracks, color="white", linewidth=0.8, zorder=1.5
        )
        gaps = "; white: a new document begins"
    for i in range(tracks):
        mine = np.bincount(strips.strip[strips.track == i], minlength=len(strips.names))
        for line, n in zip(top + i + 0.5, mine.tolist(), strict=True):
            beside(ax, f"{n:,}", line)
    ax.set_ylim(top[-1] + tracks + 0.3, -0.3)
    ax.set_xlim(0, widest)
    whole = "strip" if share else "longest strip"
    if not shaded:
        merged = f" (some merge: up to {hits.max()} in a hundredth of the {whole})" if crowded else ""
        return "each tick is a hit" + merged + gaps
    return f"shading: hits in each hundredth of the {whole}, palest 1, darkest {hits.max():,}" + gaps


def _shade(ax: Axes, top: Floats, parts: NDArray[np.int64], hits: NDArray[np.int64], width: float) -> None:
    """A mark for each part that holds hits, the darker the more; the palest can still be seen."""
    tone = 0.25 + 0.75 * (hits - 1) / max(int(hits.max()) - 1, 1)
    for strip, track in np.unique(parts[:2], axis=1).T.tolist():
        mine = (parts[0] == strip) & (parts[1] == track)
        colours = [mpl.colors.to_rgba(COLOURS[track], t) for t in tone[mine].tolist()]
        spans = [(x * width, width) for x in parts[2][mine].tolist()]
        ax.broken_barh(spans, (top[strip] + track + 0.04, 0.92), facecolors=colours, linewidth=0, zorder=2)


def year_ticks(ax: Axes, strips: Strips) -> bool:
    """Name years where they begin in strips of all documents; false if there are not several."""
    mine = strips.document_strip == 0
    years = pd.to_datetime(strips.dates[mine.tolist()]).dt.year.to_numpy()
    starts = strips.starts[mine] / max(float(strips.lengths[0]), 1) * 100
    begins = np.flatnonzero(np.r_[True, years[1:] != years[:-1]] & ~np.isnan(years))
    if len(begins) < 2:
        return False
    kept = apart([*starts[begins].tolist(), 100.0])
    named = {float(starts[i]): f"{years[i]:.0f}" for i in begins.tolist()}
    ax.set_xticks([at for at in kept if at in named], [named[at] for at in kept if at in named])
    return True
