"""Tifa: discourse analysis of official statements in Chinese and English.

The verbs that notebooks use, handed on from the modules that define them.
Nothing inside the package imports from here.
"""

from analysis.agreement import compare_segmenters
from analysis.change import rate_ratio
from analysis.coding import compare_hits, disagreements, read_truth
from analysis.corpus import Corpus
from analysis.corpus_files import read_corpus, write_corpus
from analysis.counts import Counts, count
from analysis.features import read_counts, read_parts, read_tallies, write_features
from analysis.figures.plots import plot_bars, plot_coverage, plot_hits, plot_rates, plot_ratios
from analysis.figures.saving import save_figure
from analysis.ingest import ingest
from analysis.lexicon import Lexicon, make_lexicon, read_lexicon
from analysis.notebooks import check_answer
from analysis.reading import highlight
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.sources import fetch
from analysis.tokens import Tokens
from analysis.trends import document_hits, rates

__all__ = [
    "Corpus",
    "Counts",
    "Lexicon",
    "Tokens",
    "check_answer",
    "compare_hits",
    "compare_segmenters",
    "count",
    "disagreements",
    "document_hits",
    "fetch",
    "find",
    "highlight",
    "ingest",
    "make_lexicon",
    "plot_bars",
    "plot_coverage",
    "plot_hits",
    "plot_rates",
    "plot_ratios",
    "rate_ratio",
    "rates",
    "read_corpus",
    "read_counts",
    "read_lexicon",
    "read_parts",
    "read_tallies",
    "read_truth",
    "save_figure",
    "segment",
    "tally",
    "write_corpus",
    "write_features",
]
