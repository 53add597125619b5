"""Reference numbers for keyness, made by two other programs.

In an environment of its own (neither is a dependency of this project):

    pip install keylexbundles==0.1.3 scattertext==0.2.2 six future
    python tests/references/keyness_programs.py > tests/references/keyness_programs.json

keylexbundles (Larsson, Kim & Egbert 2025, Research Methods in Applied Linguistics 4(3), 100245) counts four-grams: the
texts below say each four-gram as a sentence of four words, so that it counts what stands here once each.
scattertext's informative prior divides by all four terms of the variance, where equation 20 of Monroe et al. keeps two.
"""

import contextlib
import csv
import io
import json
import tempfile
from pathlib import Path

import keylexbundles
import numpy as np
import pandas as pd
from scattertext.termsignificance.LogOddsRatioInformativeDirichletPiror import LogOddsRatioInformativeDirichletPrior

# Each text: how often it says each feature.
TARGET = [
    {"a": 3, "b": 1, "c": 2},
    {"a": 1, "b": 2, "d": 9},
    {"a": 2, "c": 1},
    {"a": 4, "e": 1, "f": 2},
    {"b": 1, "e": 2},
]
REFERENCE = [
    {"a": 1, "c": 4, "g": 2},
    {"c": 2, "e": 1},
    {"b": 3, "c": 1, "f": 1},
    {"c": 5},
    {"a": 1, "e": 3, "g": 1},
    {"f": 1},
]


def bundle(feature):
    return " ".join(f"{feature}{i}" for i in range(4))


def written(folder, texts):
    folder.mkdir()
    for i, text in enumerate(texts):
        said = [bundle(f) for f, times in text.items() for _ in range(times)]
        (folder / f"{i}.txt").write_text(". ".join(said), encoding="utf-8")
    return str(folder)


with tempfile.TemporaryDirectory() as name:
    home = Path(name)
    table = {}
    for side, texts in (("target", (TARGET, REFERENCE)), ("reference", (REFERENCE, TARGET))):
        folders = [written(home / f"{side}-{i}", t) for i, t in enumerate(texts)]
        with contextlib.redirect_stdout(io.StringIO()):
            keylexbundles.compute_keyness(*folders, str(home / "out.csv"))
        rows = list(csv.reader((home / "out.csv").open(encoding="utf-8")))
        table[side] = {row[0][0]: {"frequency": float(row[1]), "dispersion": float(row[2])} for row in rows[1:]}

features = sorted({f for text in TARGET + REFERENCE for f in text})
counts = [np.array([sum(t.get(f, 0) for t in side) for f in features], dtype=float) for side in (TARGET, REFERENCE)]
priors = pd.Series(counts[0] + counts[1], index=features)
zeta = LogOddsRatioInformativeDirichletPrior(priors, sigma=10, scale_type="word").get_zeta_i_j_given_separate_counts(
    *counts
)

print(
    json.dumps(
        {
            "target": TARGET,
            "reference": REFERENCE,
            "keylexbundles": table,
            "scattertext": {"prior": 10, "zeta": dict(zip(features, zeta.tolist(), strict=True))},
        },
        indent=1,
    )
)
