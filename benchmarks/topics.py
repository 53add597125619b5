"""Topic engines of Tifa and of its peers on one matrix: time to a held-out perplexity, coherence, memory, growth.

``.venv/bin/python benchmarks/topics.py`` uses the shipped counts of the work reports. Peers that are not
installed are said (``pip install gensim``). Every fit runs in a process of its own, one after the other, in
one thread unless its name says otherwise; one scorer serves all: held-out perplexity by document completion
(`analysis.topics.mixtures.completion`) and NPMI of the ten top words in the fitted blocks.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.counts import Counts
from analysis.features import read_counts
from analysis.topics.coherence import document_frequencies, npmi
from analysis.topics.engines.base import load_engine
from analysis.topics.mixtures import completion
from analysis.topics.model import top_columns
from analysis.vocabulary import trim

ALPHA, BETA = 0.1, 0.01
#: Runs of growing length: each is about half as long again as the one before.
LADDER = (5, 8, 12, 18, 27, 40, 60, 90, 135, 200)


def tifa(name: str, **options: Any) -> Callable[[Any, int, int, int], np.ndarray]:
    """One of Tifa's engines, run for exactly so many iterations (the rule to stop earlier is off)."""

    def run(matrix: Any, n_topics: int, iterations: int, seed: int) -> np.ndarray:
        fit = load_engine(name)
        return fit(matrix, n_topics, np.random.default_rng(seed), iterations=iterations, **options).tokens

    return run


def sklearn_nmf(matrix: Any, n_topics: int, iterations: int, seed: int) -> np.ndarray:
    from sklearn.decomposition import NMF

    model = NMF(n_topics, beta_loss="kullback-leibler", solver="mu", max_iter=iterations, tol=0, random_state=seed)
    amount = model.fit_transform(matrix.astype(np.float64))
    return model.components_ * amount.sum(axis=0)[:, None]


def sklearn_lda(method: str) -> Callable[[Any, int, int, int], np.ndarray]:
    """scikit-learn's LDA: its defaults (online), or batch learning with the priors of the others."""

    def run(matrix: Any, n_topics: int, iterations: int, seed: int) -> np.ndarray:
        from sklearn.decomposition import LatentDirichletAllocation

        priors = {} if method == "online" else {"doc_topic_prior": ALPHA, "topic_word_prior": BETA}
        chosen = {"learning_method": method, "max_iter": iterations, "random_state": seed}
        model = LatentDirichletAllocation(n_topics, **chosen, **priors).fit(matrix)
        return model.components_

    return run


def tomotopy(workers: int) -> Callable[[Any, int, int, int], np.ndarray]:
    def run(matrix: Any, n_topics: int, iterations: int, seed: int) -> np.ndarray:
        import tomotopy as tp

        model = tp.LDAModel(k=n_topics, alpha=ALPHA, eta=BETA, seed=seed)
        names = np.array([str(i) for i in range(matrix.shape[1])], dtype=object)
        for i in range(matrix.shape[0]):
            part = slice(matrix.indptr[i], matrix.indptr[i + 1])
            model.add_doc(np.repeat(names[matrix.indices[part]], matrix.data[part]).tolist())
        model.train(iterations, workers=workers)
        columns = [int(w) for w in model.used_vocabs]
        tokens = np.zeros((n_topics, matrix.shape[1]))
        for k, size in enumerate(model.get_count_by_topics()):
            tokens[k, columns] = np.asarray(model.get_topic_word_dist(k)) * size
        return tokens

    return run


def gensim_lda(matrix: Any, n_topics: int, iterations: int, seed: int) -> np.ndarray:
    from gensim.matutils import Sparse2Corpus
    from gensim.models import LdaModel

    corpus = Sparse2Corpus(matrix.T.tocsc(), documents_columns=True)
    words = {i: str(i) for i in range(matrix.shape[1])}
    model = LdaModel(
        corpus, n_topics, words, passes=iterations, random_state=seed, alpha=ALPHA, eta=BETA, eval_every=None
    )
    return np.asarray(model.state.get_lambda(), dtype=np.float64)


#: Name → function, and how many passes of its own one step of the ladder stands for.
ENGINES: dict[str, tuple[Callable[[Any, int, int, int], np.ndarray], float]] = {
    "Tifa nmf-kl": (tifa("nmf-kl", tolerance=-1.0), 1),
    "Tifa gibbs": (tifa("gibbs"), 1),
    "Tifa lda": (tifa("lda", tolerance=0.0), 0.5),
    "Tifa nmf": (tifa("nmf", tolerance=0.0), 2),
    "tomotopy, 1 worker": (tomotopy(1), 1),
    "tomotopy, 2 workers": (tomotopy(2), 1),
    "scikit-learn NMF, KL": (sklearn_nmf, 1),
    "scikit-learn LDA, batch": (sklearn_lda("batch"), 0.5),
    "scikit-learn LDA, defaults": (sklearn_lda("online"), 0.1),
    "gensim LdaModel": (gensim_lda, 0.1),
}


def one(name: str, data: Path, n_topics: int, iterations: int, seed: int, answer: Path) -> None:
    """In a process of its own: fit, and write the topics, the seconds and the peak of memory."""
    run, _ = ENGINES[name]
    with data.open("rb") as stream:
        train = pickle.load(stream)["train"]
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is that of the fit
    start = time.perf_counter()
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tokens = run(train, n_topics, iterations, seed)
        except ImportError as error:
            answer.write_bytes(pickle.dumps({"missing": str(error)}))
            return
    seconds = time.perf_counter() - start
    peak = (resident("VmHWM") - before) / 1024
    answer.write_bytes(pickle.dumps({"tokens": tokens, "seconds": seconds, "megabytes": peak}))


def resident(what: str) -> int:
    """Resident memory now (VmRSS) or at its peak (VmHWM), in KiB (Linux)."""
    return int(Path("/proc/self/status").read_text().partition(what + ":")[2].split()[0])


def fitted(name: str, data: Path, n_topics: int, steps: int, seed: int = 0) -> dict[str, Any]:
    iterations = max(1, round(steps * ENGINES[name][1]))
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        command = [sys.executable, __file__, "--one", name, "--data", str(data), "--answer", str(answer)]
        command += ["--topics", str(n_topics), "--iterations", str(iterations), "--seed", str(seed)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
        return pickle.loads(answer.read_bytes()) | {"iterations": iterations}


def scored(found: dict[str, Any], train: Any, unseen: Any) -> tuple[float, float]:
    tokens = found["tokens"]
    weights = tokens / np.maximum(tokens.sum(axis=1, keepdims=True), 1e-12)
    tops = top_columns(weights, 10)
    columns, places = np.unique(tops, return_inverse=True)
    joint, n = document_frequencies(train, columns)
    coherence = np.mean([npmi(joint, n, row) for row in places.reshape(tops.shape)])
    return completion(tokens, unseen, np.random.default_rng(0)), float(coherence)


def prepared(counts: Counts, share: float, folder: Path) -> tuple[Path, Any, Any]:
    """A share of the blocks to fit, all blocks of a fifth of the documents to predict."""
    rng = np.random.default_rng(0)
    documents = counts.units["document"].to_numpy()
    names = np.unique(documents)
    unseen = np.isin(documents, rng.choice(names, len(names) // 5, replace=False))
    train = counts.matrix[~unseen & (rng.random(documents.size) < share)]
    path = folder / f"{share}.pickle"
    path.write_bytes(pickle.dumps({"train": train}))
    return path, train, counts.matrix[unseen]


def with_ratios(table: pd.DataFrame, data: Path, given: argparse.Namespace) -> pd.DataFrame:
    """Time the runs that reached the target again, in rounds: the load of the machine changes, ratios within a round less."""
    reached = table[table["reached"]]
    seconds = [
        [
            fitted(name, data, given.topics, steps, given.seed)["seconds"]
            for name, steps in zip(reached["engine"], reached["steps"], strict=True)
        ]
        for _ in range(given.rounds)
    ]
    times = pd.DataFrame(seconds, columns=reached["engine"])
    ratios = times.div(times["Tifa nmf-kl"], axis=0)
    measured = pd.DataFrame(
        {"seconds": times.median(), "ratio": ratios.median(), "least": ratios.min(), "most": ratios.max()}
    )
    return table.merge(measured, left_on="engine", right_index=True, how="left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--answer", type=Path)
    parser.add_argument("--topics", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.4, help="of the blocks of the provincial panel")
    parser.add_argument("--rounds", type=int, default=5, help="timings of each engine, one engine after the other")
    given = parser.parse_args()
    if given.one:
        one(given.one, given.data, given.topics, given.iterations, given.seed, given.answer)
        return
    counts = trim(read_counts("work-reports").select("panel"), least_units=20, most_share=0.5)
    with tempfile.TemporaryDirectory() as folder:
        data, train, unseen = prepared(counts, given.share, Path(folder))
        print(f"{train.shape[0]:,} blocks × {train.shape[1]:,} features, {train.sum():,} tokens; {given.topics} topics")
        sweeps = fitted("tomotopy, 1 worker", data, given.topics, 100)
        target = round(1.005 * scored(sweeps, train, unseen)[0])
        print(f"target: perplexity {target}, half a per cent above tomotopy's after 100 sweeps\n")
        rows = []
        for name in ENGINES:
            row = None
            for steps in LADDER:
                found = fitted(name, data, given.topics, steps, given.seed)
                if "missing" in found:
                    print(f"{name}: not installed ({found['missing']})")
                    break
                perplexity, coherence = scored(found, train, unseen)
                row = (
                    name,
                    steps,
                    found["iterations"],
                    perplexity,
                    coherence,
                    found["megabytes"],
                    perplexity <= target,
                )
                if perplexity <= target:
                    break
            if row is not None:
                rows.append(row)
                print(f"{name}: {row[2]} iterations, {found['seconds']:.1f} s, perplexity {row[3]:.0f}", flush=True)
        columns = ["engine", "steps", "iterations", "perplexity", "npmi", "megabytes", "reached"]
        table = pd.DataFrame(rows, columns=columns)
        print("\n" + with_ratios(table, data, given).drop(columns="steps").round(3).to_string(index=False))
        print("\ngrowth: seconds and MB of 40 steps with 1, 2 and 4 times the blocks")
        for name in ("Tifa nmf-kl", "Tifa gibbs", "Tifa nmf", "Tifa lda"):
            sizes = [prepared(counts, share, Path(folder))[0] for share in (0.2, 0.4, 0.8)]
            found = [fitted(name, path, given.topics, 40) for path in sizes]
            seconds, memory = ([f[what] for f in found] for what in ("seconds", "megabytes"))
            print(
                f"{name:12} {' '.join(f'{s:6.1f}' for s in seconds)} s  ({seconds[2] / seconds[0]:.1f} times)", end=""
            )
            print(f"   {' '.join(f'{m:6.0f}' for m in memory)} MB")


if __name__ == "__main__":
    main()
