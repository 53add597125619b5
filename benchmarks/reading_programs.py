"""One program of the reading benchmark, in a process of its own: does the jobs that it is asked for, and times them.

`benchmarks/reading.py` starts it as ``python reading_programs.py NAME FOLDER`` and writes one job a line to it; what
comes back is one line of JSON: seconds, peak of resident memory, and what the job found. ``FOLDER`` holds the same
texts for every program, cut already, tokens between spaces and lines. Nothing here but `Tifa` needs this project.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import sys
import time
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NODE, RARE = os.environ.get("TIFA_BENCHMARK_WORDS", "等,净化").split(",")
TERMS = [
    "净化",
    "网络",
    "环境",
    "未成年人",
    "青少年",
    "儿童",
    "妇女",
    "老年人",
    "周年",
    "纪念",
    "法治",
    "法律",
    "安全",
    "稳定",
    "治理",
    "整治",
    "打击",
    "犯罪",
    "文化",
    "教育",
    "健康",
    "信息",
    "互联网",
    "创新",
    "改革",
    "开放",
    "脱贫",
    "生态",
    "污染",
    "共同富裕",
]
WINDOW, LEAST = 5, 5
#: The keyness jobs compare reports of this year and later with those before.
SPLIT = "2013"


def lines_digest(left: Any, node: Any, right: Any) -> str:
    """Of the lines as a set: however sorted, white space at the ends left out."""
    lines = sorted(f"{a.strip()}|{b}|{c.strip()}" for a, b, c in zip(left, node, right, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def top(words: Any, values: Any, n: int = 10) -> str:
    """The strongest, with five digits of their values."""
    pairs = sorted(zip((float(f"{v:.5g}") for v in values), words, strict=True), reverse=True)[:n]
    return hashlib.sha256(repr([v for v, _ in pairs]).encode()).hexdigest()[:6] + f" {pairs[0][1]} {pairs[0][0]:.5g}"


class Program:
    """A program with the texts; what is made in `build` serves the other jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = pd.read_parquet(folder / "texts.parquet")
        self.year = self.table["date"].str[:4].to_numpy(dtype=object).astype(str)
        self.late = self.year >= SPLIT


class Tifa(Program):
    def build(self) -> Any:
        from analysis.corpus import Corpus
        from analysis.segmentation import segment

        self.tokens = segment(Corpus(self.table, "benchmark"), "spaces", progress=False)
        return {"tokens": len(self.tokens), "types": len(self.tokens.vocabulary)}

    def build_of_corpus(self) -> Any:
        from analysis.segmentation import segment

        if not hasattr(self, "corpus"):
            from analysis.corpus import Corpus

            self.corpus = Corpus(self.table, "benchmark")
            return None
        tokens = segment(self.corpus, "spaces", progress=False)
        return {"tokens": len(tokens), "types": len(tokens.vocabulary)}

    def _kwic(self, word: str) -> Any:
        from analysis.concordance import kwic

        lines = kwic(self.tokens, word, context=WINDOW)
        return lambda: {"lines": len(lines), "text": lines_digest(lines["left"], lines["node"], lines["right"])}

    def kwic_common(self) -> Any:
        return self._kwic(NODE)

    def kwic_rare(self) -> Any:
        return self._kwic(RARE)

    def _collocates(self, **options: Any) -> Any:
        from analysis.collocation import collocates

        found = collocates(self.tokens, NODE, window=WINDOW, minimum=LEAST, minimum_documents=1, **options)
        return lambda: {"log_likelihood": top(found["collocate"], found["log_likelihood"])}

    def collocates(self) -> Any:
        return self._collocates(measures=("log_likelihood",), words_only=False)

    def collocates_as_conc(self) -> Any:
        measures = {"log_likelihood": {"cells": 2}}
        return self._collocates(measures=measures, words_only=False, overlap="each", nodes="in")

    def matrix(self) -> Any:
        from analysis.counts import count

        self.counts = count(self.tokens)
        return {"cells": int(self.counts.matrix.nnz), "tokens": int(self.counts.matrix.sum())}

    def keyness(self) -> Any:
        from analysis.keyness import keywords

        if not hasattr(self, "sides"):
            ids = self.tokens.documents["id"].to_numpy()
            self.sides = [self.counts.select(id=ids[chosen].tolist()) for chosen in (self.late, ~self.late)]
        chosen = {"measures": {"log_likelihood": {"cells": 2}}, "words_only": False, "resamples": 0}
        found = keywords(*self.sides, minimum_documents=1, minimum_hits=1, **chosen)
        return lambda: {"log_likelihood": top(found["feature"], found["log_likelihood"])}

    def log_odds(self) -> Any:
        from analysis.keyness_measures import log_odds_dirichlet

        if not hasattr(self, "pair"):
            matrix = self.counts.matrix
            self.pair = [np.asarray(matrix[chosen].sum(axis=0)).ravel() for chosen in (self.late, ~self.late)]
        scores = log_odds_dirichlet(*self.pair, np.full(self.pair[0].size, 0.01), variance="full")
        return lambda: {"z": top(self.tokens.vocabulary, scores)}

    def terms_by_year(self) -> Any:
        columns = [bisect_left(self.counts.vocabulary, term) for term in TERMS]
        hits = pd.DataFrame(self.counts.matrix[:, columns].toarray(), columns=TERMS)
        found = hits.groupby(self.year).sum()
        return {"years": len(found), "hits": int(found.to_numpy().sum())}

    def dispersion(self) -> Any:
        from analysis.dispersion import dispersion

        found = dispersion(self.counts, measures=["gries_dp"])
        return lambda: {"words": len(found), "sum": round(float(found["gries_dp"].sum()), 2)}

    def _ngrams(self, n: int) -> Any:
        from analysis.ngrams import ngrams

        found = ngrams(self.tokens, n, minimum=LEAST, words_only=False)
        return {"ngrams": len(found), "places": int(found["frequency"].sum())}

    def ngrams_3(self) -> Any:
        return self._ngrams(3)

    def ngrams_4(self) -> Any:
        return self._ngrams(4)

    def ngrams_5(self) -> Any:
        return self._ngrams(5)


class NumPy(Program):
    """A plain columnar layout, as one would write it in an afternoon."""

    def build(self) -> Any:
        number: dict[str, int] = {}
        parts = [
            np.fromiter((number.setdefault(w, len(number)) for w in text.split()), dtype=np.int32)
            for text in self.table["text"]
        ]
        self.ids = np.concatenate(parts)
        self.offsets = np.concatenate([[0], np.cumsum([p.size for p in parts])])
        self.number, self.words = number, np.array(list(number), dtype=object)
        self.order = np.argsort(self.ids, kind="stable").astype(np.int32)
        self.first = np.concatenate([[0], np.cumsum(np.bincount(self.ids))])
        return {"tokens": int(self.ids.size), "types": len(number)}

    def _places(self, word: str) -> Any:
        i = self.number[word]
        return self.order[self.first[i] : self.first[i + 1]].astype(np.int64)

    def _kwic(self, word: str) -> Any:
        at = self._places(word)
        row = np.searchsorted(self.offsets, at, side="right") - 1
        begin, end = np.maximum(at - WINDOW, self.offsets[row]), np.minimum(at + WINDOW + 1, self.offsets[row + 1])
        words = self.words
        left = [" ".join(words[self.ids[a:b]]) for a, b in zip(begin.tolist(), at.tolist(), strict=True)]
        right = [" ".join(words[self.ids[a + 1 : b]]) for a, b in zip(at.tolist(), end.tolist(), strict=True)]
        lines = pd.DataFrame({"document": row, "left": left, "node": word, "right": right})
        return lambda: {"lines": len(lines), "text": lines_digest(lines["left"], lines["node"], lines["right"])}

    def kwic_common(self) -> Any:
        return self._kwic(NODE)

    def kwic_rare(self) -> Any:
        return self._kwic(RARE)

    def collocates(self) -> Any:
        at = self._places(NODE)
        row = np.searchsorted(self.offsets, at, side="right") - 1
        near = np.zeros(self.ids.size, dtype=bool)
        for shift in [*range(-WINDOW, 0), *range(1, WINDOW + 1)]:
            to = at + shift
            near[to[(to >= self.offsets[row]) & (to < self.offsets[row + 1])]] = True
        near[at] = False
        observed = np.bincount(self.ids[near], minlength=self.words.size).astype(float)
        text = np.diff(self.first).astype(float)
        text[self.number[NODE]] = 0
        chosen = np.flatnonzero(observed >= LEAST)
        scores = signed_g2(observed[chosen], observed.sum(), text[chosen], text.sum())
        table = pd.DataFrame({"collocate": self.words[chosen], "observed": observed[chosen], "log_likelihood": scores})
        found = table.sort_values("log_likelihood", ascending=False)
        return lambda: {"log_likelihood": top(found["collocate"], found["log_likelihood"])}

    def matrix(self) -> Any:
        from scipy import sparse

        shape = (len(self.table), self.words.size)
        # Copies: summing duplicates writes over the arrays that it is given.
        parts = (np.ones(self.ids.size, np.int32), self.ids.copy(), self.offsets.copy())
        self.counts = sparse.csr_array(parts, shape=shape)
        self.counts.sum_duplicates()
        return {"cells": int(self.counts.nnz), "tokens": int(self.counts.sum())}

    def keyness(self) -> Any:
        if not hasattr(self, "pair"):
            self.pair = [np.asarray(self.counts[c].sum(axis=0)).ravel() for c in (self.late, ~self.late)]
        target, reference = self.pair
        both = target + reference
        size, rest = target.sum(), reference.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            first = np.where(target > 0, target * np.log(target * (size + rest) / (size * both)), 0)
            second = np.where(reference > 0, reference * np.log(reference * (size + rest) / (rest * both)), 0)
        scores = 2 * (first + second)
        kept = np.flatnonzero((target > 0) & (target * rest >= reference * size))
        table = pd.DataFrame({"feature": self.words[kept], "target": target[kept], "log_likelihood": scores[kept]})
        found = table.sort_values("log_likelihood", ascending=False)
        return lambda: {"log_likelihood": top(found["feature"], found["log_likelihood"])}

    def terms_by_year(self) -> Any:
        years, code = np.unique(self.year, return_inverse=True)
        total = 0
        for term in TERMS:
            row = np.searchsorted(self.offsets, self._places(term), side="right") - 1
            total += int(np.bincount(code[row], minlength=years.size).sum())
        return {"years": years.size, "hits": total}

    def dispersion(self) -> Any:
        if not hasattr(self, "by_word"):
            import unicodedata

            words = [any(unicodedata.category(c)[0] in "LMN" for c in w) for w in self.words]
            self.by_word = self.counts[:, np.flatnonzero(words)].tocsc().astype(np.float64)
        counts = self.by_word
        share = np.asarray(counts.sum(axis=1)).ravel()
        share = (share / share.sum())[counts.indices]
        column = np.repeat(np.arange(counts.shape[1]), np.diff(counts.indptr))
        frequency = np.bincount(column, counts.data)
        cells = np.abs(counts.data / frequency[column] - share) - share
        found = 0.5 * (np.bincount(column, cells) + 1)
        return {"words": found.size, "sum": round(float(found.sum()), 2)}

    def _ngrams(self, n: int) -> Any:
        """64-bit hashes of n-grams, sorted: two different ones may share a hash."""
        size = self.ids.size - n + 1
        key = np.zeros(size, dtype=np.uint64)
        for i in range(n):
            key *= np.uint64(0x9E3779B97F4A7C15)
            key += self.ids[i : i + size].astype(np.uint64) + np.uint64(1)
            key ^= key >> np.uint64(29)
        inside = np.ones(size, dtype=bool)
        for end in self.offsets[1:-1].tolist():
            inside[max(end - n + 1, 0) : end] = False
        at = np.flatnonzero(inside)
        _, first, frequency = np.unique(key[at], return_index=True, return_counts=True)
        kept = np.flatnonzero(frequency >= LEAST)
        texts = [" ".join(self.words[self.ids[a : a + n]]) for a in at[first[kept]].tolist()]
        table = pd.DataFrame({"ngram": texts, "frequency": frequency[kept]})
        found = table.sort_values("frequency", ascending=False)
        return {"ngrams": len(found), "places": int(found["frequency"].sum())}

    def ngrams_3(self) -> Any:
        return self._ngrams(3)

    def ngrams_4(self) -> Any:
        return self._ngrams(4)

    def ngrams_5(self) -> Any:
        return self._ngrams(5)


def signed_g2(o11: Any, r1: float, c1: Any, n: float) -> Any:
    """Log-likelihood of four cells, negative where the observed is below the expected."""
    cells = [o11, r1 - o11, c1 - o11, n - r1 - c1 + o11]
    expected = [r1 * c1 / n, r1 * (n - c1) / n, (n - r1) * c1 / n, (n - r1) * (n - c1) / n]
    with np.errstate(divide="ignore", invalid="ignore"):
        g2 = 2 * sum(np.where(o > 0, o * np.log(o / e), 0) for o, e in zip(cells, expected, strict=True))
    return np.where(o11 < expected[0], -g2, g2)


class NLTK(Program):
    def build(self) -> Any:
        from nltk.text import ConcordanceIndex, Text

        words = [w for text in self.table["text"] for w in text.split()]
        self.text = Text(words)
        self.text._concordance_index = ConcordanceIndex(self.text.tokens)
        return {"tokens": len(words)}

    def _kwic(self, word: str) -> Any:
        lines = self.text.concordance_list(word, width=60, lines=10**9)
        return {"lines": len(lines)}

    def kwic_common(self) -> Any:
        return self._kwic(NODE)

    def kwic_rare(self) -> Any:
        return self._kwic(RARE)

    def collocates(self) -> Any:
        """Pairs up to five apart, whatever the document, all words: the finder has no node."""
        raise NotImplementedError("its finder counts the pairs of all words")

    def terms_by_year(self) -> Any:
        from nltk.probability import ConditionalFreqDist

        wanted = set(TERMS)
        pairs = (
            (y, w) for y, text in zip(self.year, self.table["text"], strict=True) for w in text.split() if w in wanted
        )
        found = ConditionalFreqDist(pairs)
        return {"years": len(found), "hits": found.N()}

    def _ngrams(self, n: int) -> Any:
        from nltk.util import ngrams

        counts: Counter[tuple[str, ...]] = Counter()
        for text in self.table["text"]:
            counts.update(ngrams(text.split(), n))
        found = [(" ".join(gram), f) for gram, f in counts.items() if f >= LEAST]
        return {"ngrams": len(found), "places": sum(f for _, f in found)}

    def ngrams_3(self) -> Any:
        return self._ngrams(3)

    def ngrams_4(self) -> Any:
        return self._ngrams(4)

    def ngrams_5(self) -> Any:
        return self._ngrams(5)


class ScikitLearn(Program):
    def matrix(self) -> Any:
        from sklearn.feature_extraction.text import CountVectorizer

        found = CountVectorizer(analyzer=str.split, dtype=np.int32).fit_transform(self.table["text"])
        return {"cells": int(found.nnz), "tokens": int(found.sum())}


class Scattertext(Program):
    def log_odds(self) -> Any:
        from scattertext import LogOddsRatioUninformativeDirichletPrior

        if not hasattr(self, "pair"):
            from sklearn.feature_extraction.text import CountVectorizer

            vectorizer = CountVectorizer(analyzer=str.split, dtype=np.int32)
            matrix = vectorizer.fit_transform(self.table["text"])
            self.words = vectorizer.get_feature_names_out()
            self.pair = [np.asarray(matrix[c].sum(axis=0)).ravel() for c in (self.late, ~self.late)]
        scores = LogOddsRatioUninformativeDirichletPrior(alpha_w=0.01).get_zeta_i_j_given_separate_counts(*self.pair)
        return lambda: {"z": top(self.words, scores)}


class Conc(Program):
    """conc, with spaCy's tokens taken from the white space, and all its tables at full length."""

    def _built(self, name: str) -> Any:
        import spacy
        from conc.corpus import Corpus
        from spacy.tokens import Doc

        def model(self: Any, *_: Any, **__: Any) -> None:
            self._nlp = spacy.blank("xx")
            self._nlp.max_length = 10**9
            self._nlp.tokenizer = lambda text: Doc(self._nlp.vocab, words=text.split())

        Corpus._init_spacy_model = model
        target = self.folder / f"conc-{os.getpid()}"
        shutil.rmtree(target / f"{name}.corpus", ignore_errors=True)
        target.mkdir(exist_ok=True)
        made = Corpus(name, "for the benchmark")
        return made.build_from_csv(str(self.folder / f"{name}.csv"), str(target), text_column="text")

    def build(self) -> Any:
        from conc.conc import Conc as Reports

        made = self._built("whole")
        self.reports = Reports(made)
        return {"tokens": made.token_count, "types": made.unique_tokens}

    def _kwic(self, word: str) -> Any:
        lines = self.reports.concordance(
            word, context_length=WINDOW, page_size=10**7, ignore_punctuation=False
        ).to_frame()
        return lambda: {"lines": len(lines), "text": lines_digest(lines["left"], lines["node"], lines["right"])}

    def kwic_common(self) -> Any:
        return self._kwic(NODE)

    def kwic_rare(self) -> Any:
        return self._kwic(RARE)

    def collocates_as_conc(self) -> Any:
        chosen = {"context_length": WINDOW, "min_collocate_frequency": LEAST, "page_size": 0}
        found = self.reports.collocates(NODE, exclude_punctuation=False, **chosen).to_frame()
        return lambda: {"log_likelihood": top(found["token"], found["log_likelihood"])}

    def keyness(self) -> Any:
        if not hasattr(self, "sides"):
            from conc.conc import Conc as Reports

            self.sides = Reports(self._built("late"))
            self.sides.set_reference_corpus(self._built("early"))
        chosen = {"exclude_punctuation": False, "handle_common_typographic_differences": False, "page_size": 0}
        found = self.sides.keywords(order="log_likelihood", **chosen).to_frame()
        return lambda: {"log_likelihood": top(found["token"], found["log_likelihood"])}

    def _ngrams(self, n: int) -> Any:
        # It has no minimum: a page of as many rows as reach it, so that it spells no more than is asked for.
        rows = int(os.environ.get(f"TIFA_BENCHMARK_NGRAMS_{n}", "100000"))
        found = self.reports.ngram_frequencies(ngram_length=n, page_size=rows, exclude_punctuation=False).to_frame()
        return {"ngrams": int((found["frequency"] >= LEAST).sum()), "places": int(found["frequency"].sum())}

    def ngrams_3(self) -> Any:
        return self._ngrams(3)

    def ngrams_4(self) -> Any:
        return self._ngrams(4)

    def ngrams_5(self) -> Any:
        return self._ngrams(5)

    def close(self) -> None:
        shutil.rmtree(self.folder / f"conc-{os.getpid()}", ignore_errors=True)


PROGRAMS = {
    "Tifa": Tifa,
    "NumPy": NumPy,
    "NLTK": NLTK,
    "scikit-learn": ScikitLearn,
    "scattertext": Scattertext,
    "conc": Conc,
}


def resident(what: str) -> int:
    """Resident memory now (VmRSS) or at its peak (VmHWM), in bytes (Linux)."""
    return 1024 * int(Path("/proc/self/status").read_text().partition(what + ":")[2].split()[0])


def timed(program: Program, job: str) -> dict[str, Any]:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is that of the job
    before = resident("VmRSS")
    begun, worked = time.perf_counter(), time.process_time()
    found = getattr(program, job)()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    peak = resident("VmHWM")
    found = found() if callable(found) else found
    return {"seconds": seconds, "cpu": cpu, "peak": peak, "grown": peak - before, "found": found}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes elsewhere
    program: Program | None = None
    for line in sys.stdin:
        job, _, setting = line.strip().partition(" ")
        try:
            if setting:
                name, value = setting.split("=")
                os.environ[name] = value
            program = program or PROGRAMS[sys.argv[1]](Path(sys.argv[2]))
            answer = timed(program, job)
        except Exception as error:  # said in the table
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
    if isinstance(program, Conc):
        program.close()


if __name__ == "__main__":
    main()
