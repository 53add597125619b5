"""The same work done by Tifa and by a peer, in one run: medians of paired ratios."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import Corpus, find, rates, read_corpus, read_lexicon, segment
from analysis.segmenters.base import load_segmenter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from reference_matcher import CLAUSE_END, expression  # noqa: E402, RUF100


def paired(ours: Callable[[], object], peer: Callable[[], object], runs: int = 5) -> tuple[float, float]:
    """Median seconds of ours, and median of peer / ours, over runs in turn (one warm-up)."""
    ours(), peer()
    times, ratios = [], []
    for _ in range(runs):
        start = time.perf_counter()
        ours()
        middle = time.perf_counter()
        peer()
        times.append(middle - start)
        ratios.append((time.perf_counter() - middle) / (middle - start))
    return statistics.median(times), statistics.median(ratios)


def repeated(corpus: Corpus, times: int) -> Corpus:
    table = corpus.documents.drop(columns=["characters", "date_precision", "translation_of"])
    return Corpus(pd.concat([table.assign(id=table["id"] + f"-{i}") for i in range(times)]), "repeated")


def reference_find(corpus: Corpus, frames: list[tuple[object, object]]) -> int:
    hits = 0
    for text in corpus.table["text"]:
        plain = CLAUSE_END.sub("\n", text)
        for friends, terms in frames:
            masked = friends.sub(lambda m: "\n" * len(m.group()), plain) if friends else plain
            hits += sum(1 for _ in terms.finditer(masked))
    return hits


def main() -> None:
    import regex

    corpus = read_corpus("demo").select(language="zh")
    lexicon = read_lexicon("frames")
    large = repeated(corpus, 40)
    size = int(large.table["text"].str.len().sum())
    compiled = []
    for top in lexicon.tops:
        members = [f for f in lexicon.frames if f.top == top]
        friends, terms = (
            "|".join(expression(p.source, False) for f in members for p in getattr(f, kind) if p.language == "zh")
            for kind in ("false_friends", "terms")
        )
        compiled.append((regex.compile(f"(?p)(?:{friends})") if friends else None, regex.compile(f"(?p)(?:{terms})")))
    assert len(find(large, lexicon)) == reference_find(large, compiled)
    seconds, ratio = paired(lambda: find(large, lexicon), lambda: reference_find(large, compiled), 3)
    print(
        f"find      {size / 1e6:.1f} M characters, {3 * size / seconds / 1e6:.0f} MB of UTF-8 a second; {ratio:.0f} times the reference matcher's speed"
    )

    rng = np.random.default_rng(0)
    n, frames = 3000, [f"f{i}" for i in range(30)]
    documents = pd.DataFrame(
        {
            "id": [f"d{i:04d}" for i in range(n)],
            "language": "zh",
            "characters": rng.integers(300, 3000, n),
            "date": pd.Timestamp("2012-01-01") + pd.to_timedelta(rng.integers(0, 3652, n), unit="D"),
        }
    )
    hits = rng.poisson(0.5, (n, 30))
    tallies = pd.DataFrame(
        {"document": np.repeat(documents["id"].to_numpy(), 30), "frame": frames * n, "term": "x", "hits": hits.ravel()}
    )
    quarter = documents["date"].dt.to_period("Q").astype(str).to_numpy()

    def loop() -> list[np.ndarray]:
        spread = []
        for period in np.unique(quarter):
            h, s = hits[quarter == period], documents["characters"].to_numpy()[quarter == period]
            draws = np.empty((2000, 30))
            for b in range(2000):
                drawn = rng.integers(0, len(s), len(s))
                draws[b] = h[drawn].sum(axis=0) / s[drawn].sum()
            spread.append(draws.std(axis=0))
        return spread

    seconds, ratio = paired(lambda: rates(tallies, documents, by="quarter", frames=frames), loop, 3)
    print(
        f"rates     2,000 resamples of 3,000 documents × 30 frames × 40 quarters in {seconds:.2f} s; {ratio:.1f} times the loop's speed"
    )

    cut = load_segmenter("jieba")
    seconds, ratio = paired(lambda: segment(corpus), lambda: [cut(t) for t in corpus.table["text"]])
    print(f"segment   {ratio:.2f} times the speed of jieba alone (offsets, ids and sizes are the rest)")


if __name__ == "__main__":
    main()
