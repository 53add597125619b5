"""The commands `tifa topics` and `tifa choose`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from analysis.arguments import CorpusName, LanguageChoice, Output, Selection, chosen_corpus
from analysis.counts import Counts, count
from analysis.errors import Fault, InputError, MissingStep, shown
from analysis.features import read_counts
from analysis.lexicon import read_lexicon
from analysis.printing import err, say_constructed, show
from analysis.provenance import round_significant
from analysis.segmentation import segment
from analysis.topics.choosing import choose_topics
from analysis.topics.engines.base import ENGINES
from analysis.topics.fitting import fit_topics
from analysis.topics.storing import write_topics
from analysis.vocabulary import trim

__all__ = ["choose_command", "topics_command"]

Engine = Annotated[str, typer.Option(help=f"{', '.join(ENGINES)}.")]
LeastUnits = Annotated[int, typer.Option(help="Leave out words that stand in fewer blocks.")]
Anchors = Annotated[str | None, typer.Option(help="For seeded: a lexicon whose frames are topics.")]
MostShare = Annotated[float, typer.Option(help="Leave out words that stand in a larger share of the blocks.")]


def topics_command(
    corpus: CorpusName,
    number: Annotated[int, typer.Option("--number", "-k", help="How many topics.")] = 20,
    engine: Engine = "nmf-kl",
    seed: Annotated[int, typer.Option(help="Of the random start.")] = 0,
    anchors: Anchors = None,
    least_units: LeastUnits = 1,
    most_share: MostShare = 1.0,
    select: Selection = None,
    language: LanguageChoice = None,
    model: Annotated[Path | None, typer.Option(help="A folder to keep the model in.")] = None,
    output: Output = None,
) -> None:
    """Fit topics to the blocks of a corpus, or to its shipped counts: one row per topic, with its terms."""
    words = _anchors("topics", engine, anchors)
    counts = _blocks(corpus, select, language, least_units, most_share)
    topics = fit_topics(counts, number, engine, seed=seed, **words)
    say_constructed(topics.constructed)
    if model is not None:
        err.print(escape(f"model kept in {write_topics(topics, model).parent}"))
    show(round_significant(topics.topics), output)


def choose_command(
    corpus: CorpusName,
    numbers: Annotated[str, typer.Option(help="Of topics: 5:40:5 (from, to, step), or 10,20,30.")] = "5:40:5",
    seeds: Annotated[int, typer.Option(help="How many seeds for each number.")] = 5,
    engine: Engine = "nmf-kl",
    anchors: Anchors = None,
    least_units: LeastUnits = 1,
    most_share: MostShare = 1.0,
    select: Selection = None,
    language: LanguageChoice = None,
    folder: Annotated[Path | None, typer.Option(help="Keep each finished fit here, and go on from it.")] = None,
    processes: Annotated[int | None, typer.Option(help="How many; by default all cores where that pays.")] = None,
    output: Output = None,
) -> None:
    """What several numbers of topics give: perplexity, coherence, exclusivity, stability; one row per number and seed."""
    tried, words = _numbers(numbers), _anchors("choose", engine, anchors)
    counts = _blocks(corpus, select, language, least_units, most_share)
    table = choose_topics(counts, tried, seeds=seeds, engine=engine, folder=folder, processes=processes, **words)
    say_constructed(counts.constructed)
    show(table, output)


def _numbers(text: str) -> list[int]:
    try:
        if ":" not in text:
            return [int(part) for part in text.split(",")]
        first, last, *step = (int(part) for part in text.split(":"))
        numbers = list(range(first, last + 1, *step))
    except (ValueError, TypeError):
        numbers = []
    if not numbers:
        raise InputError("choose", [Fault("choose", "--numbers", shown(text), "5:40:5 (from, to, step), or 10,20,30")])
    return numbers


def _anchors(command: str, engine: str, lexicon: str | None) -> dict[str, Any]:
    """The anchors that the engine takes, as an option of the fit."""
    if (lexicon is None) != (engine != "seeded"):
        received, accepted = ("none", "a lexicon, such as frames") if lexicon is None else (lexicon, "--engine seeded")
        raise InputError(command, [Fault(command, "--anchors", received, accepted)])
    return {"anchors": read_lexicon(lexicon)} if lexicon else {}


def _blocks(name: str, selection: str | None, language: str | None, least_units: int, most_share: float) -> Counts:
    """The trimmed counts of a corpus' blocks: those that ship with it, or of its texts."""
    try:
        counts = read_counts(name)
    except MissingStep:
        counts = count(segment(chosen_corpus(name, selection, language)), units="blocks")
    else:
        counts = counts.select(selection) if selection else counts
        counts = counts.select(language=language) if language else counts
    languages = sorted(set(counts.documents["language"]))
    if len(languages) > 1:
        accepted = f"one of {', '.join(languages)}: topics of two languages are the languages"
        raise InputError(name, [Fault(name, "--language", "none", accepted)])
    return trim(counts, least_units=least_units, most_share=most_share)
