"""Lines of a query to read in JupyterLab: sorted, filtered, in their statements, with marks. No network is needed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import escape
from typing import Any

import ipywidgets

from analysis.concordance import CONTEXTS
from analysis.corpus import Corpus
from analysis.errors import Fault, MissingStep, TifaError, TifaWarning, raise_faults, shown, warn
from analysis.files import check_name
from analysis.lexicon import Lexicon
from analysis.line_layout import CONSTRUCTED, STYLE, Line, lines_html, one_line
from analysis.matching import check_texts
from analysis.queries import parse_query
from analysis.segmentation import segment
from analysis.selection import canonical_value
from analysis.tokens import Tokens
from analysis.widgets.concordance_html import CONCORDANCE_STYLE, fault_html, found_html, statement_html
from analysis.widgets.events import Events
from analysis.widgets.line_choice import FRAME_PLACES, MARKS, Filters, LineChoice, Texts
from analysis.widgets.marking import Marking

__all__ = ["browse_concordance"]

#: How much context there is at first, in each unit.
_CONTEXT = {"tokens": 15, "characters": 30, "sentences": 0}
_EXAMPLES = "净化   打击 []{0,3} 犯罪   /净化.{0,4}网络/   <minors>   净* within sentence :: year=2018..2020"
_ANY, _NONE = "any", "(none)"

#: Statement and offsets of a line.
Place = tuple[str, int, int]


def browse_concordance(
    corpus: Corpus,
    tokens: Tokens | None = None,
    lexicon: Lexicon | None = None,
    query: str = "",
    *,
    columns: str | tuple[str, ...] | list[str] = (),
    page: int = 25,
    coder: str = "",
    folder: str | os.PathLike[str] | None = None,
) -> Any:
    """A concordance to read in JupyterLab, as an ipywidgets widget; show it as the last line of a cell.

    A query (Enter runs it) lists its lines, page by page. They can be sorted by up to three keys, kept to where a frame
    of the lexicon is at the node or in the context, to years, to a value of a column or of the marks, and to a sample,
    which is drawn from what the filters leave. A click on a line opens its statement at that place; all hits of the
    query are marked there. Each line can get a mark and a note; Save keeps them, as `analysis.marks.write_marks`
    does, and until then they are held here (a star in the list tells so). A faulty query is shown with the place of the
    fault. Nothing that is shown is taken as HTML, nothing is loaded from elsewhere. By keyboard: Tab, Enter in the query,
    arrow keys in the fields for line and page, Space on buttons.

    Parameters
    ----------
    tokens
        The tokens of the corpus; ``segment(corpus)`` by default.
    lexicon
        What ``<frame>`` and the filter by frames need.
    query
        The first query; `analysis.queries` describes the language.
    columns
        Columns of metadata to show in the list.
    page
        The lines of a page.
    coder, folder
        Whose marks, and where they are kept; see `analysis.marks.write_marks`.

    Raises
    ------
    MissingStep
        If ``corpus``, ``tokens`` or ``lexicon`` are something else.
    InputError
        If the tokens are not those of the corpus, or the options are not as above.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"id": ["a"], "date": "2021", "language": "zh", "text": ["继续净化网络"]})
    >>> type(browse_concordance(Corpus(table), query="净化")).__name__
    'VBox'
    """
    if not isinstance(corpus, Corpus):
        raise MissingStep(
            f"browse_concordance takes a Corpus, not {type(corpus).__name__}: read_corpus(name) reads one."
        )
    if tokens is not None and not isinstance(tokens, Tokens):
        raise MissingStep(f"browse_concordance takes Tokens, not {type(tokens).__name__}: segment(corpus) makes them.")
    if lexicon is not None and not isinstance(lexicon, Lexicon):
        raise MissingStep(f"browse_concordance takes a Lexicon, not {type(lexicon).__name__}: read_lexicon reads one.")
    listed = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    known = [c for c in corpus.table.columns if c not in ("id", "date", "text")]
    faults = [Fault("browse_concordance", "columns", shown(c), ", ".join(known)) for c in listed if c not in known]
    if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page <= 100:
        faults.append(Fault("browse_concordance", "page", shown(page), "a whole number from 1 to 100"))
    raise_faults("browse_concordance", faults)
    if coder:
        check_name(coder, "coder")
    if tokens is None:
        tokens = segment(corpus)
    check_texts("browse_concordance", tokens, corpus)
    return _Browser(Texts(corpus, tokens, lexicon), query, listed, page, coder=coder, folder=folder).box


class _Browser:
    """The controls, the panels, and what they show."""

    def __init__(self, texts: Texts, query: str, columns: list[str], size: int, **kept: Any) -> None:
        self.texts, self.size, self.columns = texts, size, columns
        self.metadata = {row["id"]: row for row in texts.tokens.documents.to_dict("records")}
        self.constructed = texts.corpus.constructed or texts.tokens.constructed
        self.choice: LineChoice | None = None
        self.at, self.asked, self.events = 0, "", Events()
        self.warned: list[str] = []
        self.marking = Marking(
            texts.corpus, self.events, **kept, saved=self._saved, onward=lambda: self._go(self.at + 1)
        )
        self._make_controls(query)
        self._make_panels()
        self.box = ipywidgets.VBox([ipywidgets.HTML(STYLE + CONCORDANCE_STYLE + self._head()), *self._rows()])
        self.box.add_class("tifa-concordance")
        self._search()

    # The controls

    def _make_controls(self, query: str) -> None:
        years = sorted({int(year) for year in self.texts.years})
        number = {"continuous_update": False}
        self.query = ipywidgets.Text(query, placeholder=_EXAMPLES, continuous_update=False, tooltip="Query")
        self.run = ipywidgets.Button(description="Search", button_style="primary")
        keys = [("as in the texts", ""), *self.texts.sort_keys]
        self.sort = [ipywidgets.Dropdown(options=keys, description=name) for name in ("Sort by", "then", "then")]
        self.context = ipywidgets.BoundedIntText(_CONTEXT["tokens"], min=0, max=200, description="Context", **number)
        self.unit = ipywidgets.Dropdown(options=CONTEXTS, tooltip="Unit of the context")
        self.frame = ipywidgets.Dropdown(
            options=[(_ANY, ""), *((f, f) for f in self.texts.frames)], description="Frame"
        )
        self.frame_place = ipywidgets.Dropdown(options=FRAME_PLACES, tooltip="Where a hit of the frame is")
        self.frame_place.layout.display = "none"
        self.since = ipywidgets.BoundedIntText(years[0], min=years[0], max=years[-1], description="Years", **number)
        self.until = ipywidgets.BoundedIntText(years[-1], min=years[0], max=years[-1], description="to", **number)
        names = [(_ANY, ""), *((c, c) for c in self.texts.columns), ("mark", MARKS)]
        self.column = ipywidgets.Dropdown(options=names, description="Only where")
        self.value = ipywidgets.Dropdown(options=[("", "")], tooltip="Value of the column")
        self.value.layout.display = "none"
        self.sample = ipywidgets.BoundedIntText(
            0, min=0, max=10**6, description="Sample", tooltip="So many lines, drawn at random; 0: all", **number
        )
        self.seed = ipywidgets.BoundedIntText(0, min=0, max=10**6, description="seed", **number)
        changed = self.events.changed
        for control in (self.query, *self.sort):
            changed(control, self._search)
        self.events.clicked(self.run, self._search_again)
        changed(self.context, self._change_context)
        changed(self.unit, self._change_unit)
        changed(self.column, self._change_column)
        changed(self.frame, self._change_frame)
        for control in (self.frame_place, self.since, self.until, self.value, self.sample, self.seed):
            changed(control, self._filter)

    def _make_panels(self) -> None:
        self.said, self.table, self.statement = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.statement.add_class("tifa-statement")
        self.buttons = [ipywidgets.Button(tabbable=False) for _ in range(self.size)]
        for i, button in enumerate(self.buttons):
            self.events.clicked(button, partial(self._go_on_page, i))
        over = ipywidgets.VBox(self.buttons).add_class("tifa-over")
        self.list = ipywidgets.VBox([self.table, over]).add_class("tifa-list")
        number = {"continuous_update": False, "min": 1, "max": 1}
        self.line = ipywidgets.BoundedIntText(1, description="Line", **number)
        self.page = ipywidgets.BoundedIntText(1, description="Page", **number)
        self.before = ipywidgets.Button(description="◀", tooltip="The page before")
        self.after = ipywidgets.Button(description="▶", tooltip="The next page")
        self.pages = ipywidgets.HTML()
        self.events.changed(self.line, lambda: self._go(self.line.value - 1))
        self.events.changed(self.page, lambda: self._go((self.page.value - 1) * self.size))
        self.events.clicked(self.before, lambda: self._go((self.at // self.size - 1) * self.size))
        self.events.clicked(self.after, lambda: self._go((self.at // self.size + 1) * self.size))

    def _rows(self) -> list[Any]:
        years, frame = _group(self.since, self.until), _group(self.frame, self.frame_place)
        frame.layout.display = None if self.texts.frames else "none"
        years.layout.display = "none" if self.since.min == self.since.max else None
        #: What there is only where there are lines.
        self.parts = [
            self.list,
            _row(_group(self.before, self.page, self.pages, self.after), self.line),
            ipywidgets.HBox([self.statement, self.marking.box]).add_class("tifa-below"),
        ]
        return [
            _row(self.query.add_class("tifa-query"), self.run),
            _row(_group(*self.sort), _group(self.context, self.unit)),
            _row(frame, years, _group(self.column, self.value), _group(self.sample, self.seed)),
            self.said,
            *self.parts,
        ]

    def _head(self) -> str:
        about = self.texts.corpus.about
        title = escape(one_line(str(about.get("title") or self.texts.corpus.name)))
        mark = f" <b>{CONSTRUCTED}</b>" if self.constructed else ""
        return f"<b>{title}</b> <span class='tifa-quiet'>{len(self.metadata):,} statements.</span>{mark}"

    # What is found

    def _change_unit(self) -> None:
        with self.events.quietly():
            self.context.value = _CONTEXT[self.unit.value]
        self._change_context()

    def _change_context(self) -> None:
        """Search again; what stands around a line does not change which line is read."""
        self._search(self._place() if self.query.value == self.asked else None)

    def _search_again(self) -> None:
        if self.choice is None or self.query.value != self.asked:  # else leaving the field has run it
            self._search()

    def _search(self, place: Place | None = None) -> None:
        """Run the query, then go to the line at ``place``, or to the first."""
        self.asked = self.query.value
        if not self.asked.strip():
            self._show_none("<span class='tifa-quiet'>Write a query and press Enter.</span>")
            return
        self.said.value = "<span class='tifa-quiet'>Searching …</span>"
        self.warned = []
        try:
            with _recorded(self.warned):
                self.choice = self._lines()
        except TifaError as error:
            self._show_none(fault_html(error, self.asked))
            return
        self._fill_values()
        self._filter(place)

    def _lines(self) -> LineChoice:
        """The lines of the query, with their marks."""
        query = parse_query(self.asked)
        sort = tuple(key.value for key in self.sort if key.value)
        choice = LineChoice.of(self.texts, query, context=self.context.value, unit=self.unit.value, sort=sort)
        try:
            choice.lines = self.marking.read(choice.lines, query)
        except (TifaError, OSError) as error:
            warn(f"The marks cannot be read. {error}")
            choice.lines = choice.lines.assign(mark="", note="")
        return choice

    def _saved(self) -> None:
        """Show the marks as they are kept."""
        if self.choice is not None and self.marking.query is not None:
            self.choice.lines = self.marking.read(self.choice.lines, self.marking.query)
            self._fill_values()
            self._show_page()
            self._show_line()

    def _change_frame(self) -> None:
        self.frame_place.layout.display = None if self.frame.value else "none"
        self._filter()

    def _change_column(self) -> None:
        self._fill_values()
        self._filter()

    def _fill_values(self) -> None:
        """Offer the values of the column, with the lines that have them; the one that was chosen stays if it can."""
        column, chosen = self.column.value, self.value.value
        values = self.choice.values(column) if column and self.choice is not None else []
        if column and chosen not in dict(values):
            values = [*values, (chosen, 0)] if chosen else values
        with self.events.quietly():
            self.value.options = [(f"{one_line(v) or _NONE} ({n:,})", v) for v, n in values] or [("", "")]
            offered = [v for v, _ in values]
            self.value.value = chosen if chosen in offered else (offered or [""])[0]
            self.value.layout.display = None if column else "none"

    def _filter(self, place: Place | None = None) -> None:
        if self.choice is None:
            return
        first, last = sorted((self.since.value, self.until.value))
        # Of a column without any value there is nothing to choose.
        column = self.column.value if self.value.options[0][0] else ""
        filters = Filters(
            frame=self.frame.value,
            frame_place=self.frame_place.value,
            years=None if (first, last) == (self.since.min, self.since.max) else (first, last),
            column=column,
            value=self.value.value,
            sample=self.sample.value,
            seed=self.seed.value,
        )
        self.choice.filter(filters)
        self.said.value = found_html(self.choice, filters, len(self.metadata), self.warned)
        self._go(self._position(place), anew=True)

    # Where the reader is

    def _place(self) -> Place | None:
        """Statement and offsets of the line that is read."""
        if self.choice is None or not self.choice.shown.size:
            return None
        line = self.choice.lines.iloc[self.choice.shown[self.at]]
        return str(line["document"]), int(line["start"]), int(line["end"])

    def _position(self, place: Place | None) -> int:
        if place is None or self.choice is None:
            return 0
        lines = self.choice.lines.iloc[self.choice.shown]
        same = (lines["document"] == place[0]) & (lines["start"] == place[1]) & (lines["end"] == place[2])
        return int(same.to_numpy().argmax()) if same.any() else 0

    def _show_none(self, why: str) -> None:
        self.said.value, self.choice = why, None
        self._go(0, anew=True)

    def _go_on_page(self, i: int) -> None:
        self._go(self.at // self.size * self.size + i, scroll=False)

    def _go(self, to: int, *, anew: bool = False, scroll: bool = True) -> None:
        """Go to a line of those shown, and scroll the list to it, unless a click on it has led there."""
        n = 0 if self.choice is None else int(self.choice.shown.size)
        to = min(max(to, 0), max(n - 1, 0))
        if to == self.at and not anew:
            return
        self.at = to
        with self.events.quietly():
            for field, number, most in (
                (self.line, to + 1, n),
                (self.page, to // self.size + 1, -(-n // self.size)),
            ):
                field.max, field.disabled = max(most, 1), not n
                field.value = number
            self.pages.value = f"of {max(self.page.max, 1):,}"
            self.before.disabled = self.page.value == 1
            self.after.disabled = self.page.value == self.page.max
        for part in self.parts:
            part.layout.display = None if n else "none"
        self._show_page()
        self._show_line()
        if scroll:
            odd = "tifa-odd" in self.list._dom_classes
            self.list.remove_class("tifa-odd" if odd else "tifa-even").add_class("tifa-even" if odd else "tifa-odd")

    # What is shown

    def _show_page(self) -> None:
        first = self.at // self.size * self.size
        choice = self.choice
        rows = choice.lines.iloc[choice.shown[first : first + self.size]].to_dict("records") if choice else []
        headings = ("mark", "document", "date", *self.columns)
        lines = []
        for i, row in enumerate(rows):
            known = self.metadata[row["document"]]
            further = (canonical_value(known.get(column)) for column in self.columns)
            sources = (self.marking.label(row), row["document"], row["date"], *further)
            lines.append(Line(first + i + 1, sources, row["left"], row["node"], row["right"]))
        self.table.value = f"<div class='tifa-lines tifa-aligned'>{lines_html(lines, headings)}</div>" if lines else ""
        for i, button in enumerate(self.buttons):
            display = None if i < len(lines) else "none"
            if button.layout.display != display:
                button.layout.display = display
            tooltip = f"Read line {first + i + 1}"
            if i < len(lines) and button.tooltip != tooltip:
                button.tooltip = tooltip
            chosen = first + i == self.at and i < len(lines)
            if chosen != ("tifa-chosen" in button._dom_classes):
                (button.add_class if chosen else button.remove_class)("tifa-chosen")

    def _show_line(self) -> None:
        """The statement of the line that is read, and its mark."""
        choice = self.choice
        if choice is None or not choice.shown.size:
            self.statement.value = ""
            self.marking.show(None)
            return
        line = choice.lines.iloc[choice.shown[self.at]].to_dict()
        document = line["document"]
        same = (choice.lines["document"] == document).to_numpy(dtype=bool)
        spans = choice.lines.loc[same, ["start", "end"]].sort_values("start")
        self.statement.value = statement_html(
            self.texts.text[document],
            self.metadata[document],
            line,
            list(spans.itertuples(index=False, name=None)),
            constructed=self.constructed,
        )
        self.marking.show(line, self.at + 1, choice.lines["mark"].unique())


def _row(*parts: Any) -> Any:
    return ipywidgets.HBox(parts).add_class("tifa-row")


def _group(*parts: Any) -> Any:
    return ipywidgets.HBox(parts).add_class("tifa-group")


@contextmanager
def _recorded(said: list[str]) -> Iterator[None]:
    """Take up what Tifa warns of, to show it; other warnings go their way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TifaWarning)
        try:
            yield
        finally:
            said += [str(w.message) for w in caught if issubclass(w.category, TifaWarning)]
    for other in caught:
        if not issubclass(other.category, TifaWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
