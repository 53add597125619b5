"""What the browser of a concordance shows, as HTML: its style, a faulty query, a statement with its hits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from unicodedata import normalize

from analysis.errors import InputError, TifaError
from analysis.line_layout import language_attribute, one_line, visible_signs
from analysis.selection import canonical_value
from analysis.widgets.line_choice import Filters, LineChoice

__all__ = ["CONCORDANCE_STYLE", "fault_html", "found_html", "statement_html"]

#: Of a longer statement only the surroundings of the line are shown: more would make every click slow.
_LONGEST = 60_000
_CUT = "<i>[…]</i>"

# Colours are those of JupyterLab's theme where it has one for the purpose. A row of the table is as high as the button over
# it, which a click on the line meets. The animations open a statement at its line, and the list where a field or button has
# led to: it snaps there, and is let go at once. That it may happen again, the list's has two names.
CONCORDANCE_STYLE = """<style>
@keyframes tifa-concordance-place { from, to { scroll-snap-type: y mandatory; } }
@keyframes tifa-concordance-odd { from, to { scroll-snap-type: y mandatory; } }
@keyframes tifa-concordance-even { from, to { scroll-snap-type: y mandatory; } }
.tifa-concordance { max-width: 90em; color: var(--jp-ui-font-color1, #222); gap: 6px;
.widget-box { overflow: visible; margin: 0; } .widget-html { margin: 0; height: auto; }
.widget-html-content { line-height: 1.5; color: inherit; min-width: 0; flex: 1; }
.widget-label { width: auto; min-width: 0; color: inherit; padding-right: 4px; } .widget-inline-hbox { width: auto; margin: 0; }
.widget-button { width: auto; margin: 0; box-shadow: none; } .tifa-quiet { color: var(--jp-ui-font-color2, #555); }
.tifa-row { flex-flow: row wrap; align-items: center; gap: 6px 14px; } .tifa-group { gap: 4px; align-items: center; }
.tifa-query { flex: 1 1 30em; input { font-size: 15px; } } .widget-dropdown select { width: auto; min-width: 4em; max-width: 13em; }
.widget-text input[type="number"] { width: 4.6em; flex: none; }
.tifa-fault { border-left: 4px solid #c0392b; padding: 2px 10px; white-space: pre-wrap; overflow-wrap: anywhere; }
.tifa-asked { font-size: 16px; padding-bottom: 1.2em; }
.tifa-at { position: relative; display: inline-block; min-width: .5em; white-space: pre; background: #fecaca; color: #111;
  &::after { content: "^"; position: absolute; left: 0; top: 1.25em; color: #c0392b; font-weight: 700; } }
.tifa-warned { border-left: 4px solid #e69f00; padding: 2px 10px; overflow-wrap: anywhere; }
.tifa-list { position: relative; max-height: 390px; overflow: hidden auto; border: 1px solid var(--jp-border-color1, #bbb);
  &.tifa-odd { animation: tifa-concordance-odd .2s; } &.tifa-even { animation: tifa-concordance-even .2s; }
  table { margin: 0; font-size: 14px; } tr { background: none; } td { vertical-align: top; }
  th { position: sticky; top: 0; z-index: 1; height: 28px; padding: 0 6px; vertical-align: middle; color: var(--jp-ui-font-color2, #555);
    background: var(--jp-layout-color1, #fff); border: 0; box-shadow: inset 0 -1px var(--jp-border-color1, #bbb); }
  td { height: 24px; padding: 0 6px; line-height: 24px; } td.tifa-left, td.tifa-right, td.tifa-node { padding: 0; }
  td > * { display: block; height: 24px; line-height: 24px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  td.tifa-left > div, td.tifa-right > div { display: flex; } td.tifa-source { max-width: 12em; color: var(--jp-ui-font-color2, #555); }
  td.tifa-source:nth-child(2) { max-width: 8em; color: inherit; font-weight: 600; } td.tifa-node > b { max-width: 22em; padding: 0 5px; }
  tbody tr:nth-child(even) { background: var(--jp-layout-color2, #f3f3f3); } }
.tifa-over { position: absolute; left: 0; right: 0; top: 28px; gap: 0; .widget-button { flex: none; width: 100%; height: 24px; padding: 0;
  background: none; border: 0; border-left: 3px solid transparent; &:hover { background: rgb(0 114 178 / 9%); }
  &:focus-visible { outline: 2px solid #0072b2; outline-offset: -2px; }
  &.tifa-chosen { background: rgb(0 114 178 / 16%); border-left-color: #0072b2; scroll-snap-align: center; } } }
.tifa-below { flex-flow: row wrap; align-items: stretch; gap: 8px 20px; } .tifa-statement { flex: 3 1 32em; min-width: 0; }
.tifa-marking { flex: 1 1 16em; gap: 4px; .widget-text, .widget-textarea { width: 100%; }
  .widget-textarea { flex: 1; min-height: 7em; textarea { height: 100%; } } }
.tifa-text { height: 19em; overflow-y: auto; overflow-wrap: anywhere; white-space: pre-wrap; font-size: 15px; line-height: 1.8;
  margin: 4px 0; padding: 4px 10px; border: 1px solid var(--jp-border-color1, #bbb); animation: tifa-concordance-place .2s; }
.tifa-place { display: inline-block; width: 1px; height: 1em; margin-right: -1px; scroll-snap-align: center; }
mark { background: none; color: inherit; text-decoration: underline dotted; text-underline-offset: 3px; }
mark.tifa-here { background: #fde68a; color: #111; font-weight: 700; text-decoration: underline #b45309; }
}</style>"""


def fault_html(error: TifaError, query: str) -> str:
    """What is wrong; of a query also where, with a caret below the place."""
    faults = error.faults if isinstance(error, InputError) else ()
    columns = [int(c[1]) for f in faults if (c := re.search(r"column (\d+)$", f"{f.where}, {f.field}".rstrip(", ")))]
    if not columns or len(columns) < len(faults):
        return f"<div class='tifa-fault'>{_shown(str(error))}</div>"
    at, query = columns[0] - 1, normalize("NFC", query)
    before, here, after = (escape(one_line(part)) for part in (query[:at], query[at : at + 1], query[at + 1 :]))
    said = "\n".join(
        f"Column {column}: received {_shown(fault.received)}; accepted: {_shown(fault.accepted)}"
        for column, fault in zip(columns, faults, strict=True)
    )
    return (
        f"<div class='tifa-fault'><div class='tifa-asked'{language_attribute(query)}>"
        f"{before}<span class='tifa-at'>{here or ' '}</span>{after}</div>{said}</div>"
    )


def _shown(text: str) -> str:
    return escape(visible_signs(text))


def found_html(choice: LineChoice, filters: Filters, statements: int, warned: Sequence[str]) -> str:
    """How many hits there are, how many of them are shown and why, and what was warned of."""
    n, held = len(choice.lines), choice.lines["document"].nunique()
    said = f"<b>{n:,} hit{'' if n == 1 else 's'}</b> in {held:,} of {statements:,} statements"
    if choice.kept < n:
        said += f" · {f'{choice.kept:,}' if choice.kept else 'none'} as the filters ask"
    if choice.drawn < choice.kept:
        said += f" · {choice.drawn:,} of these drawn at random, seed {filters.seed}"
    elif filters.sample and choice.kept:
        said += f" · no more than the sample of {filters.sample:,}: all are here"
    return f"<span>{said}.</span>" + "".join(f"<div class='tifa-warned'>{_shown(text)}</div>" for text in warned)


def statement_html(
    text: str, metadata: Mapping[Any, Any], line: Mapping[Any, Any], hits: list[tuple[int, int]], *, constructed: bool
) -> str:
    """The statement of a line with all its hits marked, to be opened at the line."""
    document = str(line["document"])
    title = canonical_value(metadata.get("title")) or document
    parts = (document, line["date"], *(canonical_value(metadata.get(c)) for c in ("place", "issuer", "speaker")))
    said = " · ".join(dict.fromkeys(one_line(str(p)) for p in parts if p and p != title))
    here = (int(line["start"]), int(line["end"]))
    mark = " <b>Constructed text.</b>" if constructed else ""
    # The attribute keeps JupyterLab from taking the arrow keys, so that they scroll.
    return (
        f"<b{language_attribute(title)}><bdi>{escape(one_line(title))}</bdi></b><br><span class='tifa-quiet'>"
        f"{escape(said)} · hit {hits.index(here) + 1:,} of {len(hits):,} here.</span>{mark}"
        "<div class='tifa-text' tabindex='0' data-lm-suppress-shortcuts='true' role='region' "
        f"aria-label='The statement'{language_attribute(text[:2000])}>{_marked(text, hits, here)}</div>"
    )


def _marked(text: str, hits: list[tuple[int, int]], here: tuple[int, int]) -> str:
    """The statement with its hits marked, of a long one what is around the line."""
    low, high = max(here[0] - _LONGEST // 2, 0), min(here[1] + _LONGEST // 2, len(text))
    pieces, done = [_CUT if low else ""], low
    for start, end in hits:
        if start < low or end > high or start < done:
            continue
        pieces.append(_shown(text[done:start]))
        found = f"<bdi>{_shown(text[start:end])}</bdi>"
        if (start, end) == here:
            pieces.append(f"<span class='tifa-place'></span><mark class='tifa-here'>{found}</mark>")
        else:
            pieces.append(f"<mark>{found}</mark>")
        done = end
    return "".join([*pieces, _shown(text[done:high]), _CUT if high < len(text) else ""])
