"""Reading one statement with its frames marked in the text."""

from __future__ import annotations

import html
import itertools
from dataclasses import dataclass

import pandas as pd

from analysis.corpus import Corpus
from analysis.errors import Fault, InputError, MissingStep, raise_faults, shown

__all__ = ["Reading", "highlight"]

# Backgrounds of different lightness and underlines of different kinds: legible in grey.
_LOOKS = (
    ("#fde68a", "solid"),
    ("#bfdbfe", "dotted"),
    ("#fecaca", "dashed"),
    ("#d9f99d", "double"),
    ("#e9d5ff", "wavy"),
    ("#e5e7eb", "solid"),
)


@dataclass(frozen=True)
class Reading:
    """One statement and the spans to mark in it; shows itself in a notebook or as text.

    ``spans`` are ``(start, end, label)``, in order; they may overlap.
    """

    title: str
    source: str
    text: str
    spans: tuple[tuple[int, int, str], ...]
    constructed: bool

    def __repr__(self) -> str:
        parts = [f"{self.title} ({self.source})", ""]
        body = "".join(f"[{words}|{', '.join(labels)}]" if labels else words for words, labels in self._pieces())
        mark = ["", "(constructed text)"] if self.constructed else []
        return "\n".join([*parts, body, *mark])

    def _repr_html_(self) -> str:
        frames = list(dict.fromkeys(label.partition(".")[0] for _, _, label in self.spans))
        looks = {frame: _LOOKS[i % len(_LOOKS)] for i, frame in enumerate(frames)}
        body = []
        for words, labels in self._pieces():
            words = html.escape(words).replace("\n", "<br>")
            if labels:
                colour, line = looks[labels[0].partition(".")[0]]
                words = (
                    f'<span style="background:{colour};color:#111;text-decoration:underline {line} #333;text-underline-offset:3px">{words}</span>'
                    f'<sub style="color:#555">{html.escape(", ".join(labels))}</sub>'
                )
            body.append(words)
        mark = " <i>Constructed text: it says nothing about any real body.</i>" if self.constructed else ""
        return (
            f'<div style="max-width:42em;line-height:2"><b>{html.escape(self.title)}</b><br>'
            f'<span style="color:#555">{html.escape(self.source)}.{mark}</span><p>{"".join(body)}</p></div>'
        )

    def _pieces(self) -> list[tuple[str, list[str]]]:
        """The text cut wherever a span begins or ends, with the labels that cover each piece."""
        cuts = sorted({0, len(self.text), *(s for s, _, _ in self.spans), *(e for _, e, _ in self.spans)})
        return [
            (self.text[a:b], [label for s, e, label in self.spans if s <= a and b <= e])
            for a, b in itertools.pairwise(cuts)
        ]


def highlight(corpus: Corpus, hits: pd.DataFrame, document: str) -> Reading:
    """One statement of ``corpus`` with its hits marked.

    ``hits`` has the columns ``document, start, end`` and ``frame`` (or ``label``,
    as annotations have it). Raises `InputError` if there is no such statement or
    a hit lies outside its text. A statement without a title is named by its id.

    >>> table = pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化网络。"]})
    >>> highlight(Corpus(table), pd.DataFrame({"document": ["a"], "frame": ["purification"], "start": [0], "end": [2]}), "a")
    a (2021)
    <BLANKLINE>
    [净化|purification]网络。
    """
    rows = corpus.table[corpus.table["id"] == document]
    if not len(rows):
        raise InputError(
            "highlight", [Fault(f"corpus {corpus.name}", "document", shown(document), "an id in corpus.documents")]
        )
    row = rows.iloc[0]
    label = "frame" if "frame" in hits else "label"
    lacking = [c for c in ("document", "start", "end", label) if c not in hits]
    if lacking:
        raise MissingStep(
            f"hits lack the column {', '.join(lacking)}: find(corpus, lexicon) makes them (tallies no longer know where)."
        )
    mine = hits[hits["document"].astype(str) == document].sort_values(["start", "end"])
    spans = tuple((int(s), int(e), str(f)) for s, e, f in zip(mine["start"], mine["end"], mine[label], strict=True))
    outside = [span for span in spans if not 0 <= span[0] <= span[1] <= len(row["text"])]
    raise_faults(
        "highlight",
        [
            Fault(f"{document} {s}–{e}", f, "a span outside the text", f"offsets from 0 to {len(row['text'])}")
            for s, e, f in outside
        ],
        "The hits belong to another version of the text.",
    )
    written = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[row["date_precision"]]
    source = ", ".join(p for p in (row["issuer"], f"{row['date']:{written}}") if p)
    return Reading(row["title"] or document, source, row["text"], spans, corpus.constructed)
