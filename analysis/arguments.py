"""Arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from analysis.corpus import Corpus
from analysis.corpus_files import read_corpus
from analysis.printing import err

__all__ = ["CorpusName", "FrameNames", "LanguageChoice", "LexiconName", "Output", "Selection", "chosen_corpus"]

Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write a CSV here instead of printing.")]
LexiconName = Annotated[str, typer.Option("--lexicon", "-l", help="A lexicon in corpus/lexicons, or a path.")]
LanguageChoice = Annotated[str | None, typer.Option("--language", help="Only statements in zh or en.")]
Selection = Annotated[str | None, typer.Option("--select", help="A selection that the corpus names, such as panel.")]
CorpusName = Annotated[str, typer.Argument(help="A corpus: its name, or the path of its folder or file.")]
FrameNames = Annotated[list[str] | None, typer.Option("--frame", "-f", help="A frame or sub-frame; may be repeated.")]


def chosen_corpus(name: str, selection: str | None, language: str | None) -> Corpus:
    """The corpus ``name``, or its documents of a selection and a language; a note names selections if none is asked for."""
    corpus = read_corpus(name)
    if selection is not None:
        corpus = corpus.select(selection)
    elif names := ", ".join(corpus.about.get("selections", {})):
        err.print(
            escape(f"note: all of {name}, unlike texts pooled; --select takes one of its selections: {names}"),
            style="yellow",
        )
    return corpus.select(language=language) if language else corpus
