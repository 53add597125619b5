"""Is the fast segmenter jieba, token by token? Whole corpora, both modes, with and without user words.

python benchmarks/exactness.py corpus.parquet …     (by default the demo corpus)
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet

from analysis.boundaries import sentences
from analysis.corpus_files import read_corpus
from analysis.dictionary import read_dictionary
from analysis.segmenters import jieba, jieba_reference

#: New words, words that override the dictionary (rarer and more frequent), mixed ones and one that never applies.
ODD = (("政府", 3), ("环境", 90_000), ("的", 10), ("5G网络", 50), ("A-10", 99), ("净化", 10**7), ("㐀字", 40))


def texts(path: str) -> list[str]:
    if path.endswith(".parquet"):
        return pyarrow.parquet.read_table(path, columns=["text"]).column("text").to_pylist()
    return read_corpus(path).table["text"].tolist()


def main() -> None:
    user = (*read_dictionary("official"), *ODD)
    print(f"{'corpus':40} {'user words':>10} {'HMM':>5} {'sentences':>10} {'differ':>7} {'routed blocks':>14}")
    for path in sys.argv[1:] or ["demo"]:
        for words in ((), user):
            for hmm in (True, False):
                fast, slow = jieba.make(words, hmm), jieba_reference.make(words, hmm)
                count = differ = routed = 0
                for text in texts(path):
                    parts = sentences(text)
                    count += len(parts)
                    routed += len(jieba._routed(text, hmm, jieba._cutter(tuple(sorted(words))).cut))
                    if fast(text) != slow(text):
                        differ += max(1, sum(fast(text[a:b]) != slow(text[a:b]) for a, b in parts))
                name = Path(path).parent.name if path.endswith(".parquet") else path
                print(f"{name:40} {len(words):>10} {hmm!s:>5} {count:>10,} {differ:>7} {routed:>14,}", flush=True)


if __name__ == "__main__":
    main()
