"""Reading and measuring, by Tifa and by its peers in one run: ratios within rounds, the same results, peak memory.

    python benchmarks/reading.py CORPUS.parquet --peers VENV    (a folder made by `python -m venv` into which
                                                                 conc, nltk, scattertext, scikit-learn and pyarrow
                                                                 were installed; without it the peers here are used)

The corpus is cut once with jieba, letters are made small (conc does so with every text), and documents are taken until
there are ten million tokens (`--tokens`; all with 0). Every program gets the same texts, tokens joined by spaces, a
line a line. Each is a process of its own that keeps what it built; it does a job once before it is timed
(``first``), then once in each round, one program after the other; a ratio is the peer's time over Tifa's in the same round. ``cpu`` is the processor time of all threads, which tells on a machine
that others use too; ``peak MB`` the process's, ``grown`` what the job added to what was resident before it.
What each found is printed too: the same words mean the same result. `--linear` times Tifa on all tokens as well.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reading_programs import NODE, PROGRAMS, RARE, SPLIT

#: What is done, in this order, and by whom; Tifa's job may have another name where a convention is switched.
ROWS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "build": ("texts that are cut, to tokens", [("Tifa", "build"), ("NumPy", "build"), ("NLTK", "build"), ("conc", "build")]),
    "build, read before": ("the same, of a Corpus in memory", [("Tifa", "build_of_corpus"), ("NumPy", "build")]),
    "kwic, common": (f"all lines of {NODE} as a table", [(p, "kwic_common") for p in ("Tifa", "NumPy", "NLTK", "conc")]),
    "kwic, rare": (f"all lines of {RARE} as a table", [(p, "kwic_rare") for p in ("Tifa", "NumPy", "NLTK", "conc")]),
    "collocates": (f"of {NODE}, five on each side, log-likelihood", [("Tifa", "collocates"), ("NumPy", "collocates")]),
    "collocates, as conc": ("windows that overlap count twice, two cells", [("Tifa", "collocates_as_conc"), ("conc", "collocates_as_conc")]),
    "matrix": ("documents × words", [("Tifa", "matrix"), ("NumPy", "matrix"), ("scikit-learn", "matrix")]),
    "keyness": (f"whole vocabulary, from {SPLIT} on against before", [("Tifa", "keyness"), ("NumPy", "keyness"), ("conc", "keyness")]),
    "log-odds": ("the same, Fightin' Words, on ready counts", [("Tifa", "log_odds"), ("scattertext", "log_odds")]),
    "30 terms × year": ("on what was built", [("Tifa", "terms_by_year"), ("NumPy", "terms_by_year"), ("NLTK", "terms_by_year")]),
    "dispersion": ("DP of every word", [("Tifa", "dispersion"), ("NumPy", "dispersion")]),
    **{
        f"{n}-grams": ("that stand five times, spelled", [(p, f"ngrams_{n}") for p in ("Tifa", "NumPy", "NLTK", "conc")])
        for n in (3, 4, 5)
    },
}  # fmt: skip


def prepare(path: Path, folder: Path, most: int) -> None:
    """Cut the corpus and write what every program reads, unless it is there."""
    if (folder / "texts.parquet").is_file():
        return
    from analysis import read_corpus, segment

    folder.mkdir(parents=True, exist_ok=True)
    corpus = read_corpus(path)
    tokens = segment(corpus, "jieba", fold=True)
    words = np.array(tokens.vocabulary, dtype=object)
    offsets = tokens.document_offsets
    n = len(tokens.documents) if not most else int(np.searchsorted(offsets, most, side="right")) - 1
    texts = []
    for first, last in zip(offsets[:n].tolist(), offsets[1 : n + 1].tolist(), strict=True):
        pieces = np.empty(2 * (last - first), dtype=object)
        pieces[0::2] = np.where(tokens.line_starts[first:last], "\n", " ")
        pieces[1::2] = words[tokens.ids[first:last]]
        texts.append("".join(pieces[1:].tolist()))
    table = corpus.documents.iloc[:n][["id", "language"]].reset_index(drop=True)
    table = table.assign(date=corpus.documents["date"].iloc[:n].dt.strftime("%Y-%m-%d").to_numpy(), text=texts)
    late = table["date"].str[:4] >= SPLIT
    for name, part in (("whole", table), ("late", table[late]), ("early", table[~late])):
        part.to_csv(folder / f"{name}.csv", index=False)
    table.to_parquet(folder / "texts.parquet")


class Running:
    """A program in a process of its own."""

    def __init__(self, name: str, folder: Path, python: str) -> None:
        command = [python, "-W", "ignore", str(Path(__file__).with_name("reading_programs.py")), name, str(folder)]
        paths = [str(Path(__file__).resolve().parents[1])] if name == "Tifa" else []
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        environment = os.environ | threads | {"PYTHONPATH": os.pathsep.join(paths)}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, env=environment, text=True, **pipes)

    def do(self, job: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            print(job, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return {"error": "the process ended"}
        return json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')

    def end(self) -> None:
        self.process.communicate()


def measure(running: dict[str, Running], rows: list[str], rounds: int, slow: float) -> pd.DataFrame:
    """One row per job and program: ``first`` and ``seconds`` (median), ``cpu`` (of all threads), ``ratio`` …, memory."""
    table: list[dict[str, Any]] = []
    setting = ""
    for row in rows:
        asked = [(name, job) for name, job in ROWS[row][1] if name in running]
        first, done = {}, {}
        for name, job in asked:
            first[name] = running[name].do(job + (setting if name == "conc" else ""))
            if name == "Tifa" and "-grams" in row and "found" in first[name]:
                setting = f" TIFA_BENCHMARK_NGRAMS_{row[0]}={first[name]['found']['ngrams']}"
        times: dict[str, list[float]] = {name: [] for name, _ in asked}
        worked: dict[str, list[float]] = {name: [] for name, _ in asked}
        for turn in range(rounds):
            for name, job in asked:
                # What takes long is done twice at most, in the first rounds.
                if "error" not in first[name] and (turn < 2 or first[name]["seconds"] < slow):
                    done[name] = running[name].do(job)
                    times[name].append(done[name]["seconds"])
                    worked[name].append(done[name]["cpu"])
        for name, _ in asked:
            entry: dict[str, Any] = {"job": row, "program": name}
            if "error" in first[name]:
                table.append(entry | {"found": first[name]["error"]})
                continue
            ratios = [t / own for t, own in zip(times[name], times.get("Tifa", []), strict=False)]
            entry |= {"first": first[name]["seconds"], "seconds": statistics.median(times[name])}
            entry["cpu"] = statistics.median(worked[name])
            if ratios and name != "Tifa":
                entry |= {"ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
            found = done[name]["found"]
            entry |= {"peak MB": round(done[name]["peak"] / 1e6), "grown": round(done[name]["grown"] / 1e6)}
            entry |= {"found": ", ".join(f"{k} {v}" for k, v in found.items())}
            table.append(entry)
        print(shown(pd.DataFrame([e for e in table if e["job"] == row])), flush=True)
    return pd.DataFrame(table)


def shown(table: pd.DataFrame) -> str:
    formats = {
        "first": "{:.4f}",
        "seconds": "{:.4f}",
        "cpu": "{:.4f}",
        "ratio": "{:.2f}",
        "least": "{:.2f}",
        "most": "{:.2f}",
    }
    text = table.copy()
    for column, form in formats.items():
        if column in text:
            text[column] = [form.format(v) if pd.notna(v) else "" for v in text[column]]
    return text.fillna("").to_string(index=False, justify="left") + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--peers", type=Path, help="a virtual environment that holds the peers")
    parser.add_argument("--folder", type=Path, help="where the cut texts are kept, to be used again")
    parser.add_argument("--tokens", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--slow", type=float, default=10.0, help="what takes so many seconds is timed in two rounds only"
    )
    parser.add_argument("--rows", nargs="*", default=list(ROWS), help="some of: " + ", ".join(ROWS))
    parser.add_argument("--programs", nargs="*", default=list(PROGRAMS))
    parser.add_argument("--linear", action="store_true", help="time Tifa on the whole corpus too")
    given = parser.parse_args()
    # Other jobs need what these two make.
    rows = [row for row in ROWS if row in given.rows or row in ("build", "matrix")]
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        part, whole = folder / str(given.tokens), folder / "whole"
        prepare(given.corpus, part, given.tokens)
        sizes = {part: given.programs}
        if given.linear:
            prepare(given.corpus, whole, 0)
            sizes[whole] = ["Tifa"]
        results = []
        for place, programs in sizes.items():
            texts = pd.read_parquet(place / "texts.parquet")
            print(f"{len(texts):,} documents, {sum(len(text.split()) for text in texts['text']):,} tokens\n")
            other = str(given.peers / "bin" / "python") if given.peers else sys.executable
            running = {name: Running(name, place, sys.executable if name == "Tifa" else other) for name in programs}
            try:
                results.append(measure(running, rows, given.rounds, given.slow))
            finally:
                for process in running.values():
                    process.end()
        if given.linear:
            small, large = (r[r["program"] == "Tifa"].set_index("job")[["seconds", "cpu"]] for r in results)
            print("Tifa, the whole corpus over the part:\n" + (large / small).round(2).to_string())


if __name__ == "__main__":
    main()
