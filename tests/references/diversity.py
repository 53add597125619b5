"""Reference numbers for lexical diversity, made by other programs on constructed sequences.

In an environment of its own (none of them is a dependency of this project):

    pip install lexicalrichness==0.5.1 lexical-diversity==0.1.1 taaled==0.32 "setuptools<81"
    python tests/references/diversity.py > tests/references/diversity.json

The sequences are whole numbers drawn by a seeded generator with frequencies that fall like those of words; the
programs are given them as words. Their lengths are no multiples of the segment of MSTTR, because LexicalRichness drops
the last segment even where it is full.
"""

import json
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from random import Random

from lexical_diversity import lex_div
from lexicalrichness import LexicalRichness

with redirect_stdout(sys.stderr):  # where it says which other packages it would like
    from taaled import ld

LENGTHS = (61, 147, 333, 523, 1013, 2477)
WINDOWS = (10, 25, 50)


def sequence(length, seed):
    random = Random(seed)
    return random.choices(range(600), weights=[1 / (i + 3) for i in range(600)], k=length)


def numbers(ids):
    words = [f"w{i}" for i in ids]
    rich = LexicalRichness(words, preprocessor=None, tokenizer=None)
    taaled = ld.lexdiv(words)
    return {
        "lexicalrichness": {
            "ttr": rich.ttr,
            "maas": rich.Maas,
            "yule_k": rich.yulek,
            "mtld": rich.mtld(threshold=0.72),
            "hd_d": rich.hdd(draws=42),
            "msttr": {str(w): rich.msttr(segment_window=w) for w in WINDOWS},
            "mattr": {str(w): rich.mattr(window_size=w) for w in WINDOWS},
        },
        "lexical_diversity": {
            "maas": lex_div.maas_ttr(words),
            "mtld": lex_div.mtld(words),
            "hd_d": lex_div.hdd(words),
            "msttr": {str(w): lex_div.msttr(words, window_length=w) for w in WINDOWS},
            "mattr": {str(w): lex_div.mattr(words, window_length=w) for w in WINDOWS},
        },
        "taaled": {"maas": taaled.maas, "mtldo": taaled.mtldo, "mattr": taaled.mattr, "hd_d": taaled.hdd},
    }


if __name__ == "__main__":
    versions = {name: version(name) for name in ("lexicalrichness", "lexical-diversity", "taaled")}
    texts = [{"ids": ids, "numbers": numbers(ids)} for ids in (sequence(n, seed) for seed, n in enumerate(LENGTHS))]
    lines = ",\n".join(json.dumps(text) for text in texts)
    print(f'{{"made by": {json.dumps(versions)},\n"texts": [\n{lines}\n]}}')
