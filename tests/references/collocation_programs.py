"""Collocations by conc and by NLTK: writes collocation_programs.json. `pip install conc nltk`, then run this file.

The texts were written for this project; tokens stand between spaces. conc cuts with a blank spaCy tokenizer here, which
finds the same tokens in them: its own needs a model that only tells it how to cut, and nothing about collocates.
"""

import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import conc.corpus
import spacy
from conc.collocates import Collocates
from conc.corpus import Corpus
from nltk.collocations import BigramAssocMeasures, BigramCollocationFinder

TEXTS = [
    "the office will protect the rights of minors and the office will protect the network",
    "clean the network and protect minors ; the clean network serves minors , and minors serve the clean network",
    "the province will clean the rivers ; the office of the province will protect the rivers and the rights of minors",
    "minors minors and rights",
    "protect minors",
]
PLAIN = [text.replace(" ;", "").replace(" ,", "") for text in TEXTS]
WINDOWS = [1, 3, (0, 2), (4, 1)]
NODES = ["minors", "protect", "the network", "rivers"]


def blank(self, *_, **__):
    self._nlp = spacy.blank("en")


conc.corpus.Corpus._init_spacy_model = blank


def by_conc(texts, exclude_punctuation):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "texts.csv"
        source.write_text("text\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
        corpus = Corpus("texts", "").build_from_csv(source_path=str(source), save_path=folder, text_column="text")
        report = Collocates(corpus)
        found = []
        for node in NODES:
            for window in WINDOWS:
                table = report.collocates(
                    node,
                    context_length=window,
                    min_collocate_frequency=1,
                    page_size=0,
                    exclude_punctuation=exclude_punctuation,
                ).to_frame()
                rows = {
                    row["token"]: [row["collocate_frequency"], row["frequency"], row["log_likelihood"], row["logdice"]]
                    for row in table.iter_rows(named=True)
                }
                found.append({"node": node, "window": window, "collocates": dict(sorted(rows.items()))})
        return found


MEASURES = ("likelihood_ratio", "pmi", "student_t", "chi_sq", "dice")


def by_nltk():
    words = " ".join(PLAIN).split()
    found = {}
    for size in (2, 4):
        finder = BigramCollocationFinder.from_words(words, window_size=size)
        scores = {m: dict(finder.score_ngrams(getattr(BigramAssocMeasures, m))) for m in MEASURES}
        found[size] = {
            " ".join(pair): [n, *(scores[m][pair] for m in MEASURES)] for pair, n in sorted(finder.ngram_fd.items())
        }
    return {"words": words, "measures": MEASURES, "pairs": found}


answer = {
    "conc": version("conc"),
    "nltk": version("nltk"),
    "spacy": version("spacy"),
    "texts": TEXTS,
    "plain": PLAIN,
    "conc_words": by_conc(PLAIN, True),
    "conc_all_tokens": by_conc(TEXTS, False),
    "nltk_pairs": by_nltk(),
}
Path(__file__).with_suffix(".json").write_text(
    json.dumps(answer, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
)
