"""Segmentation against jieba in the same run: throughput, from a Parquet file to tokens on disk, memory, opening.

python benchmarks/segmentation.py corpus.parquet    (by default the demo corpus, repeated)
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from analysis import Corpus, Tokens, read_corpus, write_corpus
from analysis.segmenters import jieba, jieba_reference

RUNS = 3

#: Each whole run is a process of its own, so that its peak memory is its own.
WHOLE = """
import json, sys, time
from pathlib import Path
from analysis import read_corpus, segment
def memory(what):
    return 1024 * int(Path("/proc/self/status").read_text().partition(what + ":")[2].split()[0])
begun = time.perf_counter()
corpus = read_corpus(sys.argv[1])
held = memory("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is that of segmenting, not of reading
tokens = segment(corpus, folder=sys.argv[2], processes=int(sys.argv[3]), progress=False)
arrays = sum(getattr(tokens, n).nbytes for n in ("ids", "starts", "ends", "line_starts", "document_offsets"))
print(json.dumps({"all": time.perf_counter() - begun, "held": held, "peak": memory("VmHWM"), "arrays": arrays}))
"""


def megabytes(texts: list[str]) -> float:
    return sum(len(text.encode()) for text in texts) / 1e6


def throughput(texts: list[str]) -> float:
    """Median ratio of jieba's time to ours on about five megabytes, the same tokens; prints each run."""
    sample = texts[:: max(1, round(megabytes(texts) / 5))]
    fast, slow = jieba.make(), jieba_reference.make()
    if any(fast(text) != slow(text) for text in sample):
        sys.exit("the two programs differ: see benchmarks/exactness.py")
    ratios = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        for text in sample:
            fast(text)
        middle = time.perf_counter()
        for text in sample:
            slow(text)
        end = time.perf_counter()
        ratios.append((end - middle) / (middle - begun))
        size = megabytes(sample)
        print(
            f"  {size / (middle - begun):6.1f} MB/s against {size / (end - middle):5.2f} of jieba: {ratios[-1]:.1f} times"
        )
    return statistics.median(ratios)


def whole(path: Path, folder: Path, processes: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WHOLE, str(path), str(folder), str(processes)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        if len(sys.argv) > 1:
            path = Path(sys.argv[1])
        else:
            table = read_corpus("demo").select(language="zh").documents.drop(columns=["characters", "translation_of"])
            copies = [table.assign(id=table["id"] + f"-{i}") for i in range(200)]
            path = write_corpus(Corpus(pd.concat(copies), "repeated"), Path(scratch) / "corpus", format="parquet")
            path = path / "statements.parquet"
        texts = read_corpus(path).table["text"].tolist()
        size = megabytes(texts)
        print(f"{path}: {len(texts):,} texts, {size:.1f} MB of UTF-8")
        print("throughput, Chinese to tokens:")
        ratio = throughput(texts)
        slow, begun = jieba_reference.make(), time.perf_counter()
        sample = texts[:: max(1, round(size / 2))]
        for text in sample:
            slow(text)
        plain = megabytes(sample) / (time.perf_counter() - begun)
        print(f"  median: {ratio:.1f} times jieba")
        print("end to end, Parquet to tokens on disk:")
        for processes in (1, 2):
            runs = [whole(path, Path(scratch) / f"t{processes}{i}", processes) for i in range(RUNS)]
            speed = statistics.median(size / run["all"] for run in runs)
            last = runs[-1]
            print(f"  {processes} process(es): {speed:.1f} MB/s, {speed / plain:.1f} times what jieba alone cuts")
            grown = last["peak"] - last["held"]
            print(
                f"    memory beyond the corpus in memory ({last['held'] / 1e6:.0f} MB): {grown / 1e6:.0f} MB, "
                f"{grown / last['arrays']:.2f} times the arrays ({last['arrays'] / 1e6:.0f} MB)"
            )
        begun = time.perf_counter()
        tokens = Tokens.load(Path(scratch) / "t10")
        print(f"opening: {1e3 * (time.perf_counter() - begun):.1f} ms for {tokens!r}")


if __name__ == "__main__":
    main()
