"""Topics to look through in JupyterLab: their terms, their passages, the text. No network is needed."""

from __future__ import annotations

import re
from html import escape
from itertools import pairwise
from typing import Any

import ipywidgets
import numpy as np

from analysis.corpus import Corpus
from analysis.patterns import fold
from analysis.segmenters.english import make as english_pieces
from analysis.topics.describing import passage_texts, representative_documents, topic_terms
from analysis.topics.model import Topics, check_topics

__all__ = ["browse_topics"]

_TERMS = 15
_PASSAGES = 10
#: How many words of a passage are shown where its text is not here.
_WORDS = 60
#: Of a longer text only the surroundings of the passage are shown: more would make every click slow.
_LONGEST = 60_000
_CRITERIA = {
    "probability": "Most frequent in the topic; others may share them.",
    "frex": "Frequent in the topic and rare in the others.",
}
_CUT = "<i>[…]</i>"

# Colours are those of JupyterLab's theme where it has one for the purpose. The animation opens a text at its passage:
# it snaps there, and is let go at once.
_STYLE = """<style>
@keyframes tifa-topics-place { from, to { scroll-snap-type: y mandatory; } }
.tifa-topics { max-width: 78em; font-variant-numeric: tabular-nums; color: var(--jp-ui-font-color1, #222);
.widget-box { overflow: visible; margin: 0; }
.widget-hbox { flex-flow: row wrap; align-items: stretch; gap: 14px 20px; padding-top: 10px; }
.widget-vbox { flex: 3 1 30em; min-width: 0; gap: 4px; &:nth-child(odd) { flex: 2 1 24em; } }
.widget-hbox .jupyter-widgets:not(.widget-box, button) { width: auto; height: auto; margin: 0; }
.widget-html-content { line-height: 1.5; flex: 1; min-width: 0; color: inherit; }
.widget-text { label { flex: 1; text-align: left; color: inherit; font-weight: 600; } input { flex: 0 0 4.5em; } }
.widget-select { flex: 1; align-items: stretch; } select { flex: 1; padding: 2px; }
option { padding: 2px 4px; overflow: hidden; text-overflow: ellipsis; }
.widget-toggle-button { width: auto; margin: 0; box-shadow: none; &.mod-active { background: #0072b2; color: #fff; } }
table { width: 100%; border-collapse: collapse; white-space: nowrap; } td, th { padding: 0 8px 0 0; }
th { font-weight: 400; text-align: left; } .tifa-number { text-align: right; width: 1%; padding-right: 14px; }
.tifa-term { max-width: 12em; } .tifa-term, bdi { overflow: hidden; text-overflow: ellipsis; }
.tifa-bar { width: 27%; i { display: block; height: .75em; background: #0072b2; } .tifa-second { background: #e69f00; } }
.tifa-bar div, .tifa-here { background: var(--jp-layout-color2, #eee); } .tifa-quiet { color: var(--jp-ui-font-color2, #555); }
.tifa-text { height: 21em; overflow-y: auto; overflow-wrap: anywhere; font-size: 14px; margin: 4px 0; padding: 4px 10px;
  border: 1px solid var(--jp-border-color1, #bbb); animation: tifa-topics-place .2s; p { margin: 0 0 8px; } }
.tifa-running { white-space: pre-wrap; line-height: 1.8; } .tifa-place { display: inline-block; color: #0072b2; scroll-snap-align: start; }
mark { background: #fde68a; color: #111; text-decoration: underline #b45309; text-underline-offset: 3px; }
.tifa-words { display: grid; grid-template-columns: repeat(auto-fill, minmax(9em, 1fr)); gap: 0 1.5em;
  span { display: flex; justify-content: space-between; gap: 1em; white-space: nowrap; } }
}</style>"""


def browse_topics(topics: Topics, corpus: Corpus | None = None) -> Any:
    """Topics to look through in JupyterLab, as an ipywidgets widget; show it as the last line of a cell.

    Four panels: the topics; the largest passages of the chosen one; its terms, by probability or FREX, each with its
    share of the topic and, by the model, the topic's share of it; the text of the passage, or of the whole statement with
    the passage set off, with these terms marked (whole words in English, in Chinese any occurrence of the characters).
    Without a corpus, as with counts that ship, the words of the passage whose likeliest topic there is the chosen one
    stand in for the text, with their counts and the way to get it. Constructed texts are marked as such. Nothing that is
    shown is taken as HTML, nothing is loaded from elsewhere, and what takes time is worked out when the widget is made
    (some seconds for 40 topics in 30,000 units). By keyboard: Tab, arrow keys in the fields for numbers and in the
    text, Space on buttons; in lists JupyterLab takes the arrow keys for its cells.

    Parameters
    ----------
    corpus
        The texts that were counted, or a corpus that holds them.

    Raises
    ------
    MissingStep
        If ``topics`` or ``corpus`` are something else.
    InputError
        If the corpus lacks a document, or its texts are not those that were counted.

    >>> import pandas as pd
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> type(browse_topics(fit_topics(count(segment(corpus)), 2), corpus)).__name__
    'VBox'
    """
    check_topics("browse_topics", topics)
    return _Browser(topics, corpus).box


class _Browser:
    """The controls, the panels, and what they show."""

    def __init__(self, topics: Topics, corpus: Corpus | None) -> None:
        self.topics, counts = topics, topics.counts
        self.texts = None if corpus is None else passage_texts("browse_topics", topics, corpus)
        self.constructed = topics.constructed or (corpus is not None and corpus.constructed)
        self.terms = {by: dict(list(topic_terms(topics, by=by, n=_TERMS).groupby("topic"))) for by in _CRITERIA}
        self.passages = list(representative_documents(topics, n=_PASSAGES).itertuples(index=False))
        self.column = {term: i for i, term in enumerate(counts.vocabulary)}
        self.metadata = {row["id"]: row for row in counts.documents.to_dict("records")}
        self.units = counts.units.groupby("document", sort=False).indices
        self.whole_only = counts.recipe.get("units") == "documents"
        self.kind = "statement" if self.whole_only else "passage"
        self.language = str(next(iter(self.metadata.values())).get("language", ""))
        # Lets a browser choose the forms of Chinese characters that are written in China.
        self.attribute = f' lang="{"zh-Hans" if self.language == "zh" else "en"}"' if self.language else ""
        self.topic, number = _listed("Topics: number, share, label or first terms", self._topic_lines(), 0)
        self.passage, self.place = _listed(f"{self.kind.capitalize()}s: share of the topic, date, source", [], 1)
        self.by = ipywidgets.ToggleButtons(options=[("Probability", "probability"), ("FREX", "frex")])
        self.whole = ipywidgets.ToggleButtons(options=[("Passage", False), ("Whole statement", True)])
        if self.whole_only:
            self.whole.layout.display = "none"
        self.table, self.reading = ipywidgets.HTML(), ipywidgets.HTML()
        self.topic.observe(self._choose_topic, "value")
        self.by.observe(self._show, "value")
        for control in (self.passage, self.whole):
            control.observe(self._show_text, "value")
        self._choose_topic()
        parts = (number, self.topic), (self.by, self.table), (self.place, self.passage), (self.whole, self.reading)
        panels = ipywidgets.HBox([ipywidgets.VBox(part) for part in parts])
        self.box = ipywidgets.VBox([ipywidgets.HTML(_STYLE + self._head()), panels]).add_class("tifa-topics")

    def _head(self) -> str:
        topics, counts = self.topics, self.topics.counts
        units = f"{len(counts.units):,} {escape(str(counts.recipe.get('units', 'units')))}"
        return (
            (f"<b>{escape(str(counts.about['title']))}</b><br>" if counts.about.get("title") else "")
            + f"{topics.n_topics} topic{'' if topics.n_topics == 1 else 's'} by {escape(str(topics.recipe['engine']))}, "
            f"seed {escape(str(topics.recipe['seed']))}, in {'' if self.whole_only else f'{units} of '}{len(counts.documents):,} statements."
            + (" The fit did not converge." if topics.converged is False else "")
            + (" <b>Constructed texts: they say nothing about any real body.</b>" if self.constructed else "")
        )

    def _topic_lines(self) -> list[tuple[str, int]]:
        shares, labels = self.topics.sizes, self.topics.labels
        names = [name if labels[k] or shares[k] else "no tokens" for k, name in enumerate(self.topics.names)]
        width = len(str(len(names) - 1))
        return [(_line(f"{k:>{width}}  {shares[k]:5.1%}", name), k) for k, name in enumerate(names)]

    def _known(self, row: Any, field: str) -> str:
        value = self.metadata[row.document].get(field, "")
        return " ".join(value.split()) if isinstance(value, str) else ""

    def _choose_topic(self, _: Any = None) -> None:
        lines = []
        for i, row in enumerate(self.passages):
            if row.topic == self.topic.value:
                part = f"passage {row.unit + 1}" if len(self.units[row.document]) > 1 else ""
                source = (self._known(row, "place"), self._known(row, "title") or row.document, part)
                lines.append((_line(f"{row.share:6.1%}  {row.date}", " · ".join(filter(None, source))), i))
        self.passage.options = lines
        self.passage.index = 0 if lines else None  # where nothing was chosen before, nothing is by itself
        self.place.max, self.place.disabled = max(len(lines), 1), not lines
        self._show()

    def _show(self, _: Any = None) -> None:
        self._show_terms()
        self._show_text()

    def _shown_terms(self) -> list[Any]:
        topic = self.topic.value
        found = self.terms[self.by.value].get(topic) if self.topics.sizes[topic] else None
        return [] if found is None else list(found.itertuples(index=False))

    def _show_terms(self) -> None:
        topic, rows = self.topic.value, self._shown_terms()
        head = f"<b>Topic {topic}{f': {escape(self.topics.labels[topic])}' if self.topics.labels[topic] else ''}</b>"
        if not rows:
            self.table.value = f"{head}<p>It has no tokens: it ran dry and tells nothing.</p>"
            return
        tokens = self.topics.term_weights[:, [self.column[row.term] for row in rows]] * self.topics.sizes[:, None]
        most = max(row.weight for row in rows)
        body = "".join(
            f'<tr><td class="tifa-term" title="{escape(row.term)}">{escape(row.term)}</td>'
            f"{_bar('first', row.weight / most, f'{row.weight:.2%}')}{_bar('second', share, f'{share:.0%}')}</tr>"
            for row, share in zip(rows, (tokens[topic] / tokens.sum(axis=0)).tolist(), strict=True)
        )
        self.table.value = (
            f'{head} <span class="tifa-quiet">{_CRITERIA[self.by.value]}</span><table{self.attribute}><tr class="tifa-quiet"><th>term</th>'
            '<th colspan="2" title="The part of the topic that is this term">share of the topic</th>'
            f'<th colspan="2" title="The part of the term that is this topic">share of the term</th></tr>{body}</table>'
        )

    def _show_text(self, _: Any = None) -> None:
        if self.passage.value is None:
            self.reading.value = "<p>No passage of enough tokens holds this topic.</p>"
            return
        row = self.passages[self.passage.value]
        title = self._known(row, "title") or row.document
        known = (row.document, row.date, self._known(row, "place"), self._known(row, "issuer"))
        part = "" if self.whole_only else f"passage {row.unit + 1} of {len(self.units[row.document])}, "
        said = " · ".join(p for p in known if p and p != title)
        kind = "statement" if self.whole.value else self.kind
        body = self._words(row, kind) if self.texts is None else self._text(row, self.texts[row.document])
        note = "" if self.texts is None or self.language == "en" else ", also within longer words"
        # The attribute keeps JupyterLab from taking the arrow keys, so that they scroll.
        self.reading.value = (
            f'<b{self.attribute}>{escape(title)}</b><br><span class="tifa-quiet">{escape(said)} · {part}'
            f"{row.tokens:,} tokens of the model, {row.share:.1%} of this topic.</span>"
            f"{' <b>Constructed text.</b>' if self.constructed else ''}"
            f'<div class="tifa-text" tabindex="0" data-lm-suppress-shortcuts="true" role="region" aria-label="The {kind}">{body}</div>'
            f'<span class="tifa-quiet">Marked: the terms above{note}.</span>'
        )

    def _text(self, row: Any, text: str) -> str:
        """The passage, or the statement with the passage set off, with the terms marked."""
        terms = [shown.term for shown in self._shown_terms()]
        around, limit = (_LONGEST // 2, len(text)) if self.whole.value else (0, row.end)
        end = min(row.end, row.start + _LONGEST)
        cuts = (max(row.start - around, 0), row.start, end, min(end + around, limit))
        before, here, after = (_marked(text[a:b], terms, self.language) for a, b in pairwise(cuts))
        if around:
            here = f'<span class="tifa-place">▸</span><span class="tifa-here">{here}</span>'
            before = (_CUT if cuts[0] else "") + before
        body = (before + here + after).strip() + (_CUT if cuts[3] < limit else "")
        return f'<div class="tifa-running"{self.attribute}>{body}</div>'

    def _words(self, row: Any, kind: str) -> str:
        """How to get the text, and the words of the passage or statement whose likeliest topic there is this one."""
        topic, weights, counts = row.topic, self.topics.term_weights, self.topics.counts
        units = self.units[row.document]
        if kind == "passage":
            units = units[counts.units["unit"].to_numpy()[units] == row.unit]
        cells = counts.matrix[units].tocoo()
        tokens = self.topics.unit_shares[units][cells.row].T * weights[:, cells.col]
        mine = (tokens.argmax(axis=0) == topic) & (tokens[topic] > 0)
        found = np.bincount(cells.col[mine], weights=cells.data[mine], minlength=weights.shape[1]).astype(np.int64)
        words = np.flatnonzero(found)
        shown = words[np.lexsort((-weights[topic, words], -found[words]))][:_WORDS].tolist()
        listed = {self.column[term.term] for term in self._shown_terms()}
        spelled = [(_mark if i in listed else escape)(counts.vocabulary[i]) for i in shown]
        body = "".join(f"<span><bdi>{word}</bdi>{found[i]}</span>" for word, i in zip(spelled, shown, strict=True))
        way = "give the corpus that was counted as well: <code>browse_topics(topics, corpus)</code>."
        if counts.about.get("features") and counts.about.get("name"):
            name = escape(str(counts.about["name"]))
            way = f'bring the texts with <code>tifa fetch {name}</code> on the command line, then give them as well: <code>browse_topics(topics, read_corpus("{name}"))</code>.'
        return (
            f'<p>The text is not here, only counts of its words. To read it, {way}</p><p class="tifa-quiet">{found.sum():,} '
            f"tokens of this {kind} are of words ({words.size:,}) whose likeliest topic here is this one"
            f"{f'; the {_WORDS} most frequent' if words.size > _WORDS else ''}:</p>"
            f'<div class="tifa-words"{self.attribute}>{body}</div>'
        )


def _marked(text: str, terms: list[str], language: str) -> str:
    """``text`` as HTML with the terms marked; of several at one place the longest."""
    folded = sorted({fold(term) for term in terms}, key=len, reverse=True)
    if language == "en":
        return "".join(_mark(p) if fold(p) in folded else escape(p) for p in english_pieces()(text))
    pieces, end = [], 0
    for found in re.finditer("|".join(map(re.escape, folded)) or r"(?!)", fold(text)):
        pieces += [escape(text[end : found.start()]), _mark(text[found.start() : found.end()])]
        end = found.end()
    return "".join([*pieces, escape(text[end:])])


def _mark(words: str) -> str:
    return f"<mark>{escape(words)}</mark>"


def _bar(kind: str, share: float, said: str) -> str:
    return f'<td class="tifa-bar"><div><i class="tifa-{kind}" style="width:{share:.1%}"></i></div></td><td class="tifa-number">{said}</td>'


def _line(numbers: str, name: str) -> str:
    """A line of a list; spaces as wide as a figure keep numbers below each other."""
    return f"{numbers}  ".replace(" ", "\u2007") + name


def _listed(what: str, lines: list[tuple[str, int]], first: int) -> tuple[Any, Any]:
    """A list, and a field for the number of its line, from ``first``, which reaches it by keyboard."""
    listed = ipywidgets.Select(options=lines, rows=min(max(len(lines), _PASSAGES), 16), tooltip=what, tabbable=False)
    number = ipywidgets.BoundedIntText(description=what, value=first, min=first, max=max(first, first + len(lines) - 1))

    def to_list(change: Any) -> None:
        if change.new - first < len(listed.options):
            listed.index = change.new - first

    def to_number(change: Any) -> None:
        if change.new is not None:
            number.max = max(number.max, change.new + first)
            number.value = change.new + first

    number.observe(to_list, "value")
    listed.observe(to_number, "index")
    return listed, number
