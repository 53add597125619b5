"""The command ``tifa``: the same functions, from files to files."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from analysis.arguments import CorpusName, FrameNames, LanguageChoice, LexiconName, Output, Selection, chosen_corpus
from analysis.change import rate_ratio
from analysis.corpus_files import FORMATS, read_corpus, write_corpus
from analysis.errors import InputError, TifaError, TifaWarning
from analysis.features import read_parts, write_features
from analysis.figures.saving import figures_folder, stale_files, write_gallery
from analysis.files import check_name, home, resolve, write_whole
from analysis.ingest import ingest
from analysis.lexicon import read_lexicon, ties
from analysis.notebooks import list_notebooks, run_all, student_edition
from analysis.printing import err, out, progress, say_constructed, show
from analysis.progress import progress_bar
from analysis.provenance import table_bytes
from analysis.reading_commands import (
    collocates_command,
    dispersion_command,
    diversity_command,
    keywords_command,
    kwic_command,
    ngrams_command,
)
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.segmenters.base import SEGMENTERS
from analysis.sources import fetch
from analysis.topic_commands import choose_command, topics_command
from analysis.trends import rates
from analysis.verification import verified, verify

__all__ = ["app", "main"]

app = typer.Typer(
    help="Discourse analysis of official statements in Chinese and English.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command; a fault ends in one message and a non-zero exit, without a traceback."""
    warnings.showwarning = lambda message, *_args, **_named: err.print(f"note: {escape(str(message))}", style="yellow")
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", TifaWarning)
    try:
        app()
    except TifaError as error:
        err.print(escape(str(error)), style="red")
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("stopped", style="red")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        err.print(escape(f"{error.filename or 'a file'}: {error.strerror or error}"), style="red")
        sys.exit(1)


@app.command()
def check(
    path: Annotated[str, typer.Argument(help="A corpus (folder, file or name) or a lexicon (.toml file or name).")],
    max_megabytes: Annotated[float, typer.Option(help="Largest size of one statement.")] = 10,
) -> None:
    """Validate a corpus or a lexicon and list every fault: file, field, received, accepted."""
    try:
        if path.endswith(".toml") or (not Path(path).exists() and _is_lexicon(path)):
            lexicon = read_lexicon(path)
            out.print(escape(repr(lexicon)[1:-1]))
            for frame, term, winner in ties(lexicon):
                out.print(escape(f"note: in {frame}, {term} matches words that {winner}, earlier in the file, takes"))
        else:
            out.print(escape(repr(read_corpus(path, max_megabytes=max_megabytes))[1:-1]))
    except InputError as error:
        err.print(
            escape(f"{error.subject}: {len(error.faults)} fault{'' if len(error.faults) == 1 else 's'}"), style="red"
        )
        for fault in error.faults:
            err.print(escape(f"  - {fault}"))
        if error.next_step:
            err.print(escape(error.next_step))
        raise typer.Exit(1) from None
    out.print("no faults")


def _is_lexicon(name: str) -> bool:
    try:
        resolve(name, "corpus/lexicons", endings=(".toml",))
    except TifaError:
        return False
    return True


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What to call the corpus: corpus/own/NAME.")],
    source: Annotated[Path, typer.Argument(help="A folder of .txt or .md files, or one .csv or .xlsx sheet.")],
    language: Annotated[str | None, typer.Option(help="zh or en, if it should not be told from the text.")] = None,
    format: Annotated[str, typer.Option(help=f"How to write it: {', '.join(FORMATS)}.")] = "md",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a corpus of that name.")] = False,
    max_megabytes: Annotated[float, typer.Option(help="Largest size of one statement.")] = 10,
) -> None:
    """Make corpus/own/NAME from your own texts, showing what was understood and what was not."""
    check_name(name, "corpus")
    target = home() / "corpus" / "own" / name
    if (home() / "corpus" / name).exists():
        raise TifaError(
            f"corpus/{name} ships with the project, and names are looked up there first. Choose another name."
        )
    if target.exists() and not overwrite:
        raise TifaError(f"{target} exists already. Choose another name, or pass --overwrite to replace it.")
    result = ingest(source, name, language=language, max_megabytes=max_megabytes)
    good = result.report[result.report["problem"] == ""]
    if len(good):
        show(good[["source", "date", "date_from", "language", "title", "characters"]], None)
    aside = result.set_aside
    if len(aside):
        err.print(f"set aside: {len(aside)} of {len(result.report)}", style="yellow")
        for row in aside.itertuples(index=False):
            err.print(escape(f"  - {row.source}: {row.problem}"))
    if result.corpus is None:
        raise TifaError("Nothing could be used, so nothing was written. Mend what is listed above and try again.")
    write_corpus(result.corpus, target, format=format, overwrite=overwrite)
    write_whole(target / "report.csv", table_bytes(result.report))
    out.print(escape(f"{result.corpus!r}"[1:-1]))
    out.print(escape(f"written to {target} (what was understood: report.csv); next: tifa rates {name} --by year"))


@app.command("fetch")
def fetch_command(
    name: Annotated[str, typer.Argument(help="A corpus that corpus/sources.toml registers, such as work-reports.")],
    mirror: Annotated[
        str | None, typer.Option(help="A folder that holds the files, or another address (TIFA_MIRROR by default).")
    ] = None,
) -> None:
    """Bring a public corpus into corpus/fetched and verify every byte of it."""
    with progress_bar(f"fetching {name}") as report:
        corpus = fetch(name, mirror=mirror, progress=lambda done, total, _: report(done, total))
    out.print(escape(f"{corpus!r}"[1:-1]))
    first = next(iter(corpus.about.get("selections", {})), None)
    asked = f" --select {first}" if first else ""
    out.print(escape(f"in {home() / 'corpus' / 'fetched' / name}; next: tifa rates {name}{asked} --by year"))


@app.command("features")
def features_command(
    name: Annotated[
        str, typer.Argument(help="A corpus whose texts are here, such as work-reports once it is fetched.")
    ],
    lexicon: LexiconName = "frames",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A folder; corpus/NAME for a fetched corpus.")
    ] = None,
) -> None:
    """Extract what may ship without the texts: counts per block, tallies of a lexicon, metadata."""
    corpus = read_corpus(name)
    fetched = (home() / "corpus" / "fetched" / name / "corpus.toml").is_file() if output is None else False
    if output is None and not fetched:
        raise TifaError(f"{name} is not a fetched corpus; name a folder for its features with --output.")
    target = output if output is not None else home() / "corpus" / name
    say_constructed(corpus.constructed)
    write_features(corpus, target, lexicon=lexicon, parts=read_parts(name))
    sizes = {path.name: path.stat().st_size for path in sorted(target.iterdir()) if path.is_file()}
    for file in ("corpus.toml", "documents.csv", "counts.parquet", "tallies.csv", "claimed.csv"):
        out.print(escape(f"{target / file}: {sizes[file] / 1e6:.2f} MB"))


@app.command("segment")
def segment_command(
    corpus: CorpusName,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write the tokens into.")],
    segmenter: Annotated[
        str | None, typer.Option(help=f"{', '.join(SEGMENTERS)}; by default the language decides.")
    ] = None,
    dictionary: Annotated[
        str | None, typer.Option(help="User words for jieba: a name in corpus/dictionaries, or a path.")
    ] = None,
    hmm: Annotated[bool, typer.Option("--hmm/--no-hmm", help="Whether jieba may guess unknown words.")] = True,
    fold: Annotated[bool, typer.Option("--fold", help="Take upper and lower case as one.")] = False,
    select: Selection = None,
    language: LanguageChoice = None,
    processes: Annotated[int | None, typer.Option(help="How many; by default all that pay.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace tokens that are there.")] = False,
) -> None:
    """Cut a corpus into tokens and write them; a run that was interrupted goes on where it stopped."""
    chosen = chosen_corpus(corpus, select, language)
    tokens = segment(
        chosen,
        segmenter,
        dictionary,
        hmm,
        fold=fold,
        folder=output,
        overwrite=overwrite,
        processes=processes,
    )
    say_constructed(chosen.constructed)
    out.print(escape(f"{tokens!r}"[1:-1]))
    out.print(escape(f"in {output}, {tokens.digest}; Tokens.load({str(output)!r}) opens them"))


@app.command("find")
def find_command(
    corpus: CorpusName,
    lexicon: LexiconName = "frames",
    frame: FrameNames = None,
    select: Selection = None,
    language: LanguageChoice = None,
    claimed: Annotated[bool, typer.Option("--claimed", help="What false friends took instead.")] = False,
    output: Output = None,
) -> None:
    """Where the terms of a lexicon stand: one row per hit."""
    chosen = chosen_corpus(corpus, select, language)
    words = read_lexicon(lexicon)
    hits = find(chosen, words, frames=frame, claimed=claimed)
    if frame:
        wanted = tuple(frame)
        hits = hits[[str(f) in wanted or any(str(f).startswith(w + ".") for w in wanted) for f in hits["frame"]]]
    say_constructed(chosen.constructed)
    show(hits, output)


@app.command("rates")
def rates_command(
    corpus: CorpusName,
    lexicon: LexiconName = "frames",
    frame: FrameNames = None,
    by: Annotated[str, typer.Option(help="year, quarter, month, all, or a column.")] = "year",
    group: Annotated[list[str] | None, typer.Option("--group", "-g", help="A column; may be repeated.")] = None,
    cluster: Annotated[str | None, typer.Option(help="A column whose values are resampled as wholes.")] = None,
    select: Selection = None,
    language: LanguageChoice = None,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    output: Output = None,
) -> None:
    """Hits per million characters with intervals: one row per group, frame and period."""
    chosen = chosen_corpus(corpus, select, language)
    words = read_lexicon(lexicon)
    groups = list(group or [])
    if len(set(chosen.table["language"])) > 1 and "language" not in groups:
        groups.insert(0, "language")
    table = rates(
        tally(find(chosen, words)),
        chosen.documents,
        by=by,
        groups=groups,
        cluster=cluster,
        frames=frame or words.tops,
        seed=seed,
    )
    say_constructed(chosen.constructed)
    show(table, output)


@app.command("ratio")
def ratio_command(
    corpus: CorpusName,
    before: Annotated[str, typer.Option(help="A span: 2018, or 2014:2018-06.")],
    after: Annotated[str, typer.Option(help="A span: 2019, or 2018-07:2023.")],
    lexicon: LexiconName = "frames",
    frame: FrameNames = None,
    within: Annotated[str | None, typer.Option(help="A column: the ratio inside each of its values, pooled.")] = None,
    cluster: Annotated[str | None, typer.Option(help="A column whose values are resampled as wholes.")] = None,
    select: Selection = None,
    language: LanguageChoice = None,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    output: Output = None,
) -> None:
    """How many times as often after as before: one row per frame."""
    chosen = chosen_corpus(corpus, select, language)
    words = read_lexicon(lexicon)
    groups = ["language"] if len(set(chosen.table["language"])) > 1 else []
    table = rate_ratio(
        tally(find(chosen, words)),
        chosen.documents,
        before=_span(before),
        after=_span(after),
        groups=groups,
        within=within,
        cluster=cluster,
        frames=frame or words.tops,
        seed=seed,
    )
    say_constructed(chosen.constructed)
    show(table, output)


def _span(text: str) -> str | tuple[str, str]:
    first, separator, last = text.partition(":")
    return (first, last) if separator else text


app.command("kwic")(kwic_command)
app.command("collocates")(collocates_command)
app.command("keywords")(keywords_command)
app.command("dispersion")(dispersion_command)
app.command("diversity")(diversity_command)
app.command("ngrams")(ngrams_command)
app.command("topics")(topics_command)
app.command("choose")(choose_command)


@app.command()
def figures() -> None:
    """Run every notebook on the embedded corpora and write figures/."""
    run_all(list_notebooks(), progress)
    gallery = write_gallery()
    for name in stale_files(figures_folder()):
        err.print(f"note: {name} is in no manifest entry; delete it if no notebook makes it any more", style="yellow")
    out.print(escape(f"figures and their tables are in {gallery.parent}; look at {gallery}"))


@app.command("verify")
def verify_command() -> None:
    """Rebuild every figure in a temporary folder and compare it with the one in figures/."""
    table = verify(progress)
    show(table, None)
    if not verified(table).all():
        raise TifaError(
            "Not all figures are the same. Byte identity is promised for requirements.lock on Linux x86-64; "
            "where only bytes differ the pictures are alike, where tables differ the numbers do."
        )
    close = int((table["table"] == "close").sum())
    said = (
        f"; {close} of topic models, which differ a little between machines, are within their tolerance"
        if close
        else ""
    )
    out.print(f"all {len(table) - close} figures are the same: tables, pixels and bytes{said}")


@app.command()
def student(
    target: Annotated[Path | None, typer.Argument(help="Where to write; notebooks/student by default.")] = None,
) -> None:
    """Write the student edition of the notebooks: the same, without the solutions."""
    folder = target if target is not None else home() / "notebooks" / "student"
    for path in list_notebooks():
        out.print(escape(str(student_edition(path, folder))))
