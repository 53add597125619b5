"""Counts of n-grams and skip-grams by NLTK: writes ngrams_nltk.json. `pip install nltk`, then run this file.

The texts were written for this project. A token of punctuation ends a stretch; n-grams are counted in each
stretch of each text with `nltk.util.ngrams`, skip-grams with `nltk.util.skipgrams`.
"""

import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from nltk.util import ngrams, skipgrams

TEXTS = [
    "净化 网络 环境 ， 保护 未成年人 。 净化 网络 环境 ， 净化 社会 文化 环境 。 继续 净化 网络 文化 环境 。",
    "the office protects the minors , and the office protects the network . the office of the province protects the minors",
    "保护 保护 保护 未成年人 保护 保护 。 保护",
]


def stretches(text):
    found = [[]]
    for token in text.split():
        if token in "，。,.":
            found.append([])
        else:
            found[-1].append(token)
    return found


def counted(grams):
    every = Counter(" ".join(gram) for text in TEXTS for stretch in stretches(text) for gram in grams(stretch))
    return dict(sorted(every.items()))


plain = {n: counted(lambda stretch, n=n: ngrams(stretch, n)) for n in (1, 2, 3, 4, 5)}
skipping = {
    f"{n}, {k}": counted(lambda stretch, n=n, k=k: skipgrams(stretch, n, k)) for n in (2, 3, 4) for k in (1, 2, 3)
}
answer = {"nltk": version("nltk"), "texts": TEXTS, "ngrams": plain, "skipgrams": skipping}
Path(__file__).with_suffix(".json").write_text(
    json.dumps(answer, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
)
