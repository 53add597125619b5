"""The commands that read and measure: `tifa kwic`, `collocates`, `keywords`, `dispersion`, `diversity` and `ngrams`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from analysis.arguments import CorpusName, LanguageChoice, LexiconName, Output, Selection, chosen_corpus
from analysis.association import MEASURES
from analysis.collocation import collocates
from analysis.concordance import kwic
from analysis.corpus import Corpus
from analysis.counts import Counts, count
from analysis.dispersion import dispersion
from analysis.diversity import profile
from analysis.errors import Fault, InputError, MissingStep, shown
from analysis.features import read_counts
from analysis.keyness import keywords
from analysis.lexicon import read_lexicon
from analysis.line_files import write_lines
from analysis.line_layout import align_lines, one_line, width_of
from analysis.ngrams import ngrams
from analysis.printing import out, say_constructed, show
from analysis.queries import parse_query
from analysis.query_parts import Frame, nodes
from analysis.segmentation import segment
from analysis.selection import condition_rows
from analysis.tokens import Tokens

__all__ = [
    "collocates_command",
    "dispersion_command",
    "diversity_command",
    "keywords_command",
    "kwic_command",
    "ngrams_command",
]

QueryText = Annotated[
    str, typer.Argument(help="Such as 净化, '打击 []{0,3} 犯罪' or '/净化.{0,4}网络/'; docs/queries.md.")
]
Within = Annotated[str, typer.Option(help="Where windows end too: sentence, clause or paragraph.")]
Measure = Annotated[list[str] | None, typer.Option("--measure", "-m", help=f"May be repeated: {', '.join(MEASURES)}.")]
Cluster = Annotated[str | None, typer.Option(help="A column whose values are resampled as wholes.")]
Seed = Annotated[int, typer.Option(help="Of the random draws.")]
_DEFAULT_MEASURES = ("log_likelihood", "log_dice", "mi", "log_ratio")


def kwic_command(
    corpus: CorpusName,
    query: QueryText,
    lexicon: LexiconName = "frames",
    context: Annotated[int, typer.Option(help="How much on each side.")] = 20,
    unit: Annotated[str, typer.Option(help="tokens, characters or sentences.")] = "characters",
    sort: Annotated[
        list[str] | None, typer.Option(help="left1, right1, node, date, a column; - before it for the last first.")
    ] = None,
    sample: Annotated[int | None, typer.Option(help="So many lines, drawn at random.")] = None,
    per: Annotated[str | None, typer.Option(help="So many of each: year, quarter, month or a column.")] = None,
    seed: Seed = 0,
    select: Selection = None,
    language: LanguageChoice = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a .csv, .xlsx, .html or .xml (TEI) file here.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Every place where a query matches, with its context: one line per hit."""
    words = read_lexicon(lexicon) if any(isinstance(n, Frame) for n in nodes(parse_query(query).root)) else None
    chosen = chosen_corpus(corpus, select, language)
    tokens = segment(chosen)
    lines = kwic(
        tokens,
        query,
        corpus=chosen,
        lexicon=words,
        context=context,
        unit=unit,
        sort=sort or (),
        sample=sample,
        per=per,
        seed=seed,
    )
    if output is not None:
        say_constructed(chosen.constructed)
        path = write_lines(lines, output, query=query, tokens=tokens, overwrite=overwrite)
        out.print(escape(f"{len(lines):,} lines → {path}"))
        return
    # As wide as the lines want: a narrow terminal may wrap them, but nothing is cut away.
    wide = Console(width=1000, highlight=False, soft_wrap=True, file=sys.stdout)
    width = 2 * context if unit == "characters" else 60
    widest = max((width_of(one_line(text)) for side in ("left", "right") for text in lines[side].head(60)), default=0)
    width = max(min(width, widest), 10)
    aligned = align_lines(lines, query=query, width=width, constructed=chosen.constructed, most=60)
    wide.print(escape(repr(aligned)))


def collocates_command(
    corpus: CorpusName,
    query: QueryText,
    lexicon: LexiconName = "frames",
    window: Annotated[int, typer.Option(help="Tokens on each side.")] = 5,
    within: Within = "",
    measure: Measure = None,
    minimum: Annotated[int, typer.Option(help="Leave out words that stand there less often.")] = 3,
    minimum_documents: Annotated[int, typer.Option(help="Leave out those of fewer statements.")] = 2,
    spread: Annotated[list[str] | None, typer.Option(help="A column: how many of its values; may be repeated.")] = None,
    select: Selection = None,
    language: LanguageChoice = None,
    output: Output = None,
) -> None:
    """Words that stand near the matches of a query more often than chance would have it."""
    words = read_lexicon(lexicon) if any(isinstance(n, Frame) for n in nodes(parse_query(query).root)) else None
    chosen, tokens = _cut(corpus, select, language)
    table = collocates(
        tokens,
        query,
        corpus=chosen,
        lexicon=words,
        window=window,
        within=within,
        measures=measure or _DEFAULT_MEASURES,
        minimum=minimum,
        minimum_documents=minimum_documents,
        spread=spread or (),
    )
    say_constructed(chosen.constructed)
    show(table, output)


def keywords_command(
    corpus: CorpusName,
    target: Annotated[
        str, typer.Option(help="Which statements: conditions such as year=2019..2026 or 'place=北京 & since=2020'.")
    ],
    reference: Annotated[str | None, typer.Option(help="Against which; by default against all the others.")] = None,
    side: Annotated[str, typer.Option(help="More frequent in the target, the reference, or both.")] = "both",
    measure: Measure = None,
    cluster: Cluster = None,
    minimum: Annotated[int, typer.Option(help="Leave out words with fewer hits.")] = 5,
    minimum_documents: Annotated[int, typer.Option(help="Leave out those of fewer statements.")] = 3,
    resamples: Annotated[int, typer.Option(help="Of the documents, for the intervals; 0 for none.")] = 1000,
    seed: Seed = 0,
    select: Selection = None,
    language: LanguageChoice = None,
    output: Output = None,
) -> None:
    """What marks some statements against others, ranked by the least that documents vouch for: one row per word."""
    counts = _counts(corpus, select, language)
    inside = _meeting(counts, target, "--target")
    rest = ~inside if reference is None else _meeting(counts, reference, "--reference")
    ids = counts.documents["id"]
    if not rest.any():
        accepted = "conditions that leave at least one statement for the reference"
        raise InputError("keywords", [Fault("keywords", "--target", shown(target), accepted)])
    table = keywords(
        counts.select(id=ids[inside].tolist()),
        counts.select(id=ids[rest].tolist()),
        side=side,
        measures=measure or ("log_likelihood",),
        cluster=cluster,
        minimum_hits=minimum,
        minimum_documents=minimum_documents,
        resamples=resamples,
        seed=seed,
    )
    say_constructed(counts.constructed)
    show(table, output)


def dispersion_command(
    corpus: CorpusName,
    feature: Annotated[list[str] | None, typer.Option(help="A word; may be repeated; by default all.")] = None,
    parts: Annotated[str, typer.Option(help="documents, year, quarter, month, equal, or a column.")] = "documents",
    minimum: Annotated[int, typer.Option(help="Leave out words that are rarer.")] = 10,
    select: Selection = None,
    language: LanguageChoice = None,
    output: Output = None,
) -> None:
    """How evenly words stand in the parts of a corpus: one row per word."""
    data: Counts | Tokens = _counts(corpus, select, language) if parts != "equal" else _cut(corpus, select, language)[1]
    say_constructed(data.constructed)
    show(dispersion(data, feature or None, parts=parts, minimum=minimum), output)


def diversity_command(
    corpus: CorpusName,
    by: Annotated[str, typer.Option(help="documents, year, quarter, month, all, or a column.")] = "documents",
    window: Annotated[int, typer.Option(help="Words, of the measures that take stretches of equal length.")] = 100,
    cluster: Cluster = None,
    seed: Seed = 0,
    select: Selection = None,
    language: LanguageChoice = None,
    output: Output = None,
) -> None:
    """How varied the words of statements are, with intervals: one row per statement, period or group."""
    chosen, tokens = _cut(corpus, select, language)
    table = profile(tokens, by=by, window=window, cluster=cluster, seed=seed)
    say_constructed(chosen.constructed)
    show(table, output)


def ngrams_command(
    corpus: CorpusName,
    n: Annotated[int, typer.Option("-n", help="Words of a sequence.")] = 3,
    minimum: Annotated[int, typer.Option(help="Leave out sequences that are rarer.")] = 3,
    minimum_documents: Annotated[int, typer.Option(help="Leave out those of fewer statements.")] = 2,
    skip: Annotated[int, typer.Option(help="Words that may be left out between the first and the last.")] = 0,
    containing: Annotated[str | None, typer.Option(help="Only those with this word.")] = None,
    select: Selection = None,
    language: LanguageChoice = None,
    output: Output = None,
) -> None:
    """Sequences of words that come back: one row per sequence."""
    chosen, tokens = _cut(corpus, select, language)
    table = ngrams(tokens, n, minimum=minimum, minimum_documents=minimum_documents, skip=skip, containing=containing)
    say_constructed(chosen.constructed)
    show(table, output)


def _cut(name: str, selection: str | None, language: str | None) -> tuple[Corpus, Tokens]:
    """The chosen statements, and their tokens; of one language, since windows and words of two do not mix."""
    chosen = chosen_corpus(name, selection, language)
    _one_language(name, sorted(set(chosen.table["language"])))
    return chosen, segment(chosen)


def _counts(name: str, selection: str | None, language: str | None) -> Counts:
    """Counts of whole statements: those that ship with the corpus, or of its texts."""
    try:
        counts = read_counts(name, units="documents")
    except MissingStep:
        counts = count(_cut(name, selection, language)[1])
    else:
        counts = counts.select(selection) if selection else counts
        counts = counts.select(language=language) if language else counts
    _one_language(name, sorted(set(counts.documents["language"])))
    return counts


def _one_language(name: str, languages: list[str]) -> None:
    if len(languages) > 1:
        accepted = f"one of {', '.join(languages)}: words of two languages are not compared"
        raise InputError(name, [Fault(name, "--language", "none", accepted)])


def _meeting(counts: Counts, conditions: str, option: str) -> Any:
    """Which documents meet the conditions, written as after the :: of a query."""
    table, inside = counts.documents, None
    for f in parse_query(f"x :: {conditions}").filters:
        rows = condition_rows(table, f"keywords {option}", f.column, f.kind, f.values).to_numpy(dtype=bool)
        inside = rows if inside is None else inside & rows
    if inside is None or not inside.any():
        accepted = "conditions that at least one statement meets"
        raise InputError("keywords", [Fault("keywords", option, shown(conditions), accepted)])
    return inside
