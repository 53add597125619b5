"""Which module may import which: only from earlier lines of ORDER, so there are no cycles."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import analysis

PACKAGE = Path(analysis.__file__).parent

ORDER = """
    errors
    files near_words provenance toml_text
    boundaries encoding dates
    intervals patterns sheets selection
    contingency
    dispersion_measures diversity_measures
    keyness_measures
    association
    corpus
    front_matter
    corpus_files
    ingest report_parts report_files
    work_reports
    sources
    progress workers
    segmenters.base
    segmenters.characters segmenters.spaces segmenters.english segmenters.jieba_reference segmenters.lac
    segmenters.jieba
    lexicon
    dictionary cutting tokens
    segmentation counts
    search
    sampling coding reading
    positions query_parts
    queries word_tests
    matching
    windows
    concordance
    trends change agreement
    collocation collocate_shifts
    cooccurrence
    keyness_sides keyness_uncertainty
    sequences
    keyness dispersion diversity ngrams
    line_layout
    line_files marks
    features
    vocabulary
    topics.coherence topics.exclusivity topics.mixtures topics.anchors
    topics.engines.base
    topics.engines.nmf_kl topics.engines.nmf topics.engines.lda topics.engines.gibbs
    topics.engines.seeded
    topics.model
    topics.fitting topics.alignment topics.labels topics.describing topics.storing
    topics.quality topics.intrusion
    topics.choosing
    topics.uncertainty topics.confounding topics.mapping
    topics.prevalence topics.comparing topics.framing
    figures.style
    figures.panels
    figures.plots figures.topic_marks figures.reading_marks figures.saving
    figures.strips figures.topic_plots figures.share_plots
    figures.reading_plots
    widgets.topic_browser widgets.line_choice widgets.events
    widgets.concordance_html widgets.marking
    widgets.concordance_browser
    notebooks
    verification
    printing
    arguments
    reading_commands topic_commands
    cli
"""
LINE = {module: number for number, line in enumerate(ORDER.split("\n")) for module in line.split()}
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name not in ("__init__.py", "__main__.py")
}


def imports(path):
    """Full names of the modules (or of what is taken from them) that the file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively, line {node.lineno}"
            yield node.module


def test_every_module_has_its_line():
    assert set(FILES) == set(LINE)


@pytest.mark.parametrize("module", FILES)
def test_modules_import_only_from_earlier_lines(module):
    inside = {name for name in imports(FILES[module]) if name.partition(".")[0] == "analysis"}
    assert "analysis" not in inside, "nothing in the package imports from analysis/__init__"
    for name in inside:
        assert LINE[name.removeprefix("analysis.")] < LINE[module], f"{module} imports {name}"


def test_only_figures_and_verification_know_matplotlib():
    users = {m for m, path in FILES.items() if any(n.split(".")[0] in ("matplotlib", "zhplot") for n in imports(path))}
    assert {m for m in users if not m.startswith("figures.")} <= {"verification"}


def test_only_widgets_know_ipywidgets():
    users = {m for m, path in FILES.items() if any(n.split(".")[0] == "ipywidgets" for n in imports(path))}
    assert {m.partition(".")[0] for m in users} == {"widgets"}


def test_subpackages_hand_nothing_on():
    for path in PACKAGE.rglob("*/__init__.py"):
        assert not list(imports(path))


def test_the_public_names_are_these():
    assert analysis.__all__ == [
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
    assert all(hasattr(analysis, name) for name in analysis.__all__)


def test_what_few_commands_need_is_not_loaded_for_all():
    heavy = ["nbformat", "nbclient", "sklearn", "ipywidgets"]
    asked = f"import analysis, sys; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert said.stdout == "[]\n"
