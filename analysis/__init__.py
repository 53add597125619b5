"""Tifa: discourse analysis of official statements in Chinese and English.

The verbs that notebooks use, handed on from the modules that define them.
Nothing inside the package imports from here.
"""

from analysis.agreement import compare_segmenters
from analysis.change import rate_ratio
from analysis.coding import compare_hits, disagreements, read_truth
from analysis.collocate_shifts import collocate_shifts
from analysis.collocation import collocates
from analysis.concordance import kwic, places
from analysis.cooccurrence import cooccurrence_shifts, cooccurrences
from analysis.corpus import Corpus
from analysis.corpus_files import read_corpus, write_corpus
from analysis.counts import Counts, count
from analysis.dispersion import dispersion
from analysis.diversity import profile
from analysis.features import read_counts, read_parts, read_tallies, write_features
from analysis.figures.plots import plot_bars, plot_coverage, plot_hits, plot_rates, plot_ratios
from analysis.figures.reading_plots import (
    plot_collocate_shifts,
    plot_dispersion,
    plot_dispersion_frequency,
    plot_keywords,
)
from analysis.figures.saving import save_figure
from analysis.figures.share_plots import plot_comparison, plot_prevalence, plot_topic_frames
from analysis.figures.topic_plots import (
    plot_stability,
    plot_topic_map,
    plot_topic_numbers,
    plot_topic_terms,
)
from analysis.ingest import ingest
from analysis.keyness import keywords
from analysis.lexicon import Lexicon, make_lexicon, read_lexicon
from analysis.line_files import write_lines
from analysis.line_layout import align_lines
from analysis.marks import count_marks, read_marks, write_marks
from analysis.ngrams import ngrams
from analysis.notebooks import check_answer
from analysis.reading import highlight
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.sources import fetch
from analysis.tokens import Tokens
from analysis.topics.alignment import align_topics, topic_stability
from analysis.topics.choosing import choose_topics
from analysis.topics.comparing import compare_prevalence
from analysis.topics.confounding import topic_confounding
from analysis.topics.describing import representative_documents, topic_terms, topic_words_in_context
from analysis.topics.fitting import fit_runs, fit_topics
from analysis.topics.framing import topic_frames
from analysis.topics.intrusion import score_topic_intrusion, score_word_intrusion, topic_intrusion, word_intrusion
from analysis.topics.labels import read_labels, write_labels
from analysis.topics.mapping import topic_map
from analysis.topics.model import Topics
from analysis.topics.prevalence import topic_prevalence
from analysis.topics.quality import topic_agreement, topic_quality
from analysis.topics.storing import read_topics, write_topics
from analysis.trends import document_hits, rates
from analysis.vocabulary import trim, trim_report

__all__ = [
    "Corpus",
    "Counts",
    "Lexicon",
    "Tokens",
    "Topics",
    "align_lines",
    "align_topics",
    "check_answer",
    "choose_topics",
    "collocate_shifts",
    "collocates",
    "compare_hits",
    "compare_prevalence",
    "compare_segmenters",
    "cooccurrence_shifts",
    "cooccurrences",
    "count",
    "count_marks",
    "disagreements",
    "dispersion",
    "document_hits",
    "fetch",
    "find",
    "fit_runs",
    "fit_topics",
    "highlight",
    "ingest",
    "keywords",
    "kwic",
    "make_lexicon",
    "ngrams",
    "places",
    "plot_bars",
    "plot_collocate_shifts",
    "plot_comparison",
    "plot_coverage",
    "plot_dispersion",
    "plot_dispersion_frequency",
    "plot_hits",
    "plot_keywords",
    "plot_prevalence",
    "plot_rates",
    "plot_ratios",
    "plot_stability",
    "plot_topic_frames",
    "plot_topic_map",
    "plot_topic_numbers",
    "plot_topic_terms",
    "profile",
    "rate_ratio",
    "rates",
    "read_corpus",
    "read_counts",
    "read_labels",
    "read_lexicon",
    "read_marks",
    "read_parts",
    "read_tallies",
    "read_topics",
    "read_truth",
    "representative_documents",
    "save_figure",
    "score_topic_intrusion",
    "score_word_intrusion",
    "segment",
    "tally",
    "topic_agreement",
    "topic_confounding",
    "topic_frames",
    "topic_intrusion",
    "topic_map",
    "topic_prevalence",
    "topic_quality",
    "topic_stability",
    "topic_terms",
    "topic_words_in_context",
    "trim",
    "trim_report",
    "word_intrusion",
    "write_corpus",
    "write_features",
    "write_labels",
    "write_lines",
    "write_marks",
    "write_topics",
]
