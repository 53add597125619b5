"""How many topics: what several numbers give, side by side, over several seeds."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from analysis.counts import Counts
from analysis.errors import Fault, InputError, MissingStep, raise_faults, shown, warn
from analysis.files import write_whole, written_whole
from analysis.progress import Report, progress_bar
from analysis.provenance import digest, round_significant
from analysis.topics.alignment import similarities
from analysis.topics.fitting import LITTLE, NOT_CONVERGED, fit_quietly, whole_number
from analysis.topics.mixtures import completion
from analysis.topics.model import TOP
from analysis.topics.quality import topic_quality
from analysis.vocabulary import trim
from analysis.workers import cores, mapped

__all__ = ["choose_topics"]

_COLUMNS = ("n_topics", "seed", "perplexity", "npmi", "c_v", "exclusivity", "diversity", "stability", "converged")
_SEARCH = "search.json"
#: What reading a damaged file may raise; RuntimeError if it seems to be encrypted or of a later kind.
_DAMAGES = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def choose_topics(
    counts: Counts,
    numbers: Iterable[int] = range(5, 41, 5),
    *,
    engine: str = "nmf-kl",
    seeds: int | Iterable[int] = 5,
    held_out: float = 0.2,
    split_seed: int = 0,
    processes: int | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool | Report | None = None,
    **options: Any,
) -> pd.DataFrame:
    """What several numbers of topics give: one row per number and seed.

    Columns: ``n_topics, seed``; ``perplexity``, held-out, by document completion
    (`analysis.topics.mixtures.completion`), lower is better; ``npmi`` and ``c_v``, the mean coherence of the
    topics' ten top terms in the units that were fitted; ``exclusivity`` (stm's, mean) and ``diversity``, higher
    is better; ``stability``, how like its topics are to those of the other seeds (mean cosine of matched topics;
    NaN with one seed); ``converged``.

    The measures disagree, as they should: perplexity falls as long as topics find something to tell apart,
    coherence and exclusivity like few or many, and stability says what another seed would leave standing. A perplexity
    above the number of features, which is that of a blind guess, says that the unseen documents use words that the others
    lack (`analysis.vocabulary.trim` takes ``least_units``). No
    number is marked as the best: there is none apart from a question.

    Parameters
    ----------
    numbers
        Of topics. Each is fitted with every seed.
    engine, options
        As in `analysis.topics.fitting.fit_topics`.
    seeds
        The seeds, or how many (0, 1, …).
    held_out
        The share of whole documents that is kept from the fits, drawn with ``split_seed``; the same for all.
    processes
        How many fits at a time; by default all cores where that pays.
    folder
        Where each finished fit is kept. Called again with the same arguments, what is there is not done again.
    progress
        As in `analysis.segmentation.segment`.

    Ctrl-C ends the search early: the table then has what is finished, and a warning says how much that is.

    Raises
    ------
    MissingStep
        If ``counts`` are no `Counts`.
    InputError
        For impossible numbers, seeds or shares, a folder that holds another search, or what `fit_topics` refuses.
    """
    if not isinstance(counts, Counts):
        raise MissingStep(
            f"choose_topics takes Counts, not {type(counts).__name__}: count(segment(corpus)) makes them."
        )
    chosen, drawn = _checked(numbers, seeds, held_out, split_seed, processes)
    if "trimmed" not in counts.recipe:
        counts = trim(counts)
    train, unseen = _split(counts, held_out, split_seed)
    # The first seed of all numbers comes first: a search that is ended early has seen every number.
    # The largest number leads: if it is too large for these counts, nothing has been done in vain.
    tasks = [(n, seed) for seed in drawn for n in sorted(chosen, reverse=True)]
    identity = {
        "counts": counts.digest,
        "engine": engine,
        "held_out": held_out,
        "split_seed": split_seed,
        "options": options,
    }
    kept = _Kept(folder, digest(identity))
    done = {task: found for task in tasks if (found := kept.read(*task)) is not None}
    left = [task for task in tasks if task not in done]
    work = train.matrix.nnz * sum(n for n, _ in left)
    many = processes or (cores() if work > LITTLE else 1)
    batches = [(train, unseen, n, engine, seed, options) for n, seed in left]
    stopped = False
    try:
        with progress_bar("choosing topics", show=progress) as report:
            report(len(done), len(tasks))
            for number, found in mapped(_fitted, batches, processes=many):
                done[left[number]] = found
                kept.write(*left[number], found)
                report(len(done), len(tasks))
    except KeyboardInterrupt:
        if not done:
            raise
        stopped = True
    if stopped:
        warn(f"Stopped after {len(done)} of {len(tasks)} fits: the table has these.")
    return _table(done)


Found = tuple[dict[str, Any], NDArray[np.float32]]


def _fitted(train: Counts, unseen: Any, n_topics: int, engine: str, seed: int, options: dict[str, Any]) -> Found:
    """The row of one fit, and its term weights."""
    topics, said = fit_quietly(train, n_topics, engine, seed, options)
    quality = topic_quality(topics, top=TOP)
    tokens = topics.term_weights * (topics.sizes * topics.unit_tokens.sum())[:, None]
    row = {
        "perplexity": completion(tokens, unseen, np.random.default_rng(0)),
        **{name: float(quality[name].mean()) for name in ("npmi", "c_v", "exclusivity", "diversity")},
        "converged": topics.converged is not False,
        "said": [message for message in said if not message.startswith(NOT_CONVERGED)],
    }
    return row, topics.term_weights.astype(np.float32)


def _table(done: dict[tuple[int, int], Found]) -> pd.DataFrame:
    rows = []
    for (n, seed), (row, weights) in sorted(done.items()):
        others = [w for (m, other), (_, w) in done.items() if m == n and other != seed]
        rows.append({"n_topics": n, "seed": seed, **row, "stability": _likeness(weights, others)})
    table = round_significant(pd.DataFrame(rows)[list(_COLUMNS)])
    # What the fits warned of is said once.
    for message in dict.fromkeys(m for row, _ in done.values() for m in row.get("said", ())):
        warn(message)
    failed = sorted(set(table.loc[~table["converged"], "n_topics"]))
    if failed:
        many = int((~table["converged"]).sum())
        warn(
            f"{many} of {len(table)} fits did not converge (n_topics {', '.join(map(str, failed))}): "
            "raise iterations= or tolerance=."
        )
    return table


def _likeness(weights: NDArray[np.float32], others: list[NDArray[np.float32]]) -> float:
    found = []
    for other in others:
        cosine = similarities(weights.astype(np.float64), other.astype(np.float64))
        found.append(float(cosine[linear_sum_assignment(cosine, maximize=True)].mean()))
    return float(np.mean(found)) if found else float("nan")


def _checked(
    numbers: Iterable[int], seeds: int | Iterable[int], held_out: float, split_seed: int, processes: int | None
) -> tuple[list[int], list[int]]:
    faults = []
    chosen = _several(numbers)
    wrong = [n for n in chosen if not whole_number(n) or n < 1]
    if wrong or not chosen:
        faults.append(Fault("choose_topics", "numbers", shown(wrong or chosen), "whole numbers of topics, at least 1"))
    drawn = _several(range(seeds) if whole_number(seeds) else seeds)  # type: ignore[arg-type]
    if not drawn or any(not whole_number(s) or s < 0 for s in drawn):
        faults.append(
            Fault("choose_topics", "seeds", shown(seeds), "a number of seeds, or whole numbers of at least 0")
        )
    if isinstance(held_out, bool) or not isinstance(held_out, int | float | np.number) or not 0 < held_out < 1:
        faults.append(Fault("choose_topics", "held_out", shown(held_out), "a share of the documents, between 0 and 1"))
    if not whole_number(split_seed) or split_seed < 0:
        faults.append(Fault("choose_topics", "split_seed", shown(split_seed), "a whole number, at least 0"))
    if processes is not None and (not whole_number(processes) or processes < 1):
        faults.append(Fault("choose_topics", "processes", shown(processes), "a whole number, at least 1"))
    raise_faults("choose_topics", faults)
    return [int(n) for n in chosen], [int(s) for s in drawn]


def _several(values: Any) -> list[Any]:
    return list(dict.fromkeys(values)) if isinstance(values, Iterable) else [values]


def _split(counts: Counts, held_out: float, seed: int) -> tuple[Counts, Any]:
    """The counts of the documents to fit, and the matrix of the others."""
    names = counts.documents["id"].to_numpy(dtype=object)
    n = max(1, round(held_out * names.size))
    if names.size - n < 1:
        received = f"{names.size}, of which held_out={held_out} keeps {n} from the fits"
        accepted = "at least 2, and a share of them that leaves some to fit"
        raise_faults("choose_topics", [Fault("choose_topics", "documents", received, accepted)])
    unseen = set(np.random.default_rng(seed).choice(names, n, replace=False).tolist())
    inside = counts.units["document"].isin(unseen).to_numpy()
    return counts.select(id=[name for name in names.tolist() if name not in unseen]), counts.matrix[inside]


class _Kept:
    """Finished fits in a folder, or nowhere."""

    def __init__(self, folder: str | os.PathLike[str] | None, identity: str) -> None:
        self.folder = None if folder is None else Path(folder)
        self.identity = identity
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / _SEARCH
        if path.is_file():
            try:
                known = json.loads(path.read_text(encoding="utf-8"))["search"]
            except (ValueError, KeyError, TypeError):
                known = "a file that is not of this kind"
            if known != identity:
                accepted = f"{identity}, or another folder"
                raise InputError("choose_topics", [Fault(str(path), "search", shown(known, 90), accepted)])
        elif any(self.folder.iterdir()):
            raise InputError(
                "choose_topics", [Fault(str(self.folder), "", "a folder with other files", "an empty or a new one")]
            )

    def _path(self, n: int, seed: int) -> Path:
        return Path(self.folder or ".") / f"topics-{n}-seed-{seed}.npz"

    def read(self, n: int, seed: int) -> Found | None:
        if self.folder is None or not self._path(n, seed).is_file():
            return None
        try:
            # Opened here: NumPy leaves a file open that it cannot read.
            with open(self._path(n, seed), "rb") as stream, np.load(stream) as stored:
                return json.loads(str(stored["row"])), stored["weights"]
        except _DAMAGES as error:
            fault = Fault(
                str(self._path(n, seed)), "", f"{type(error).__name__}: {error}", "a fit that was kept; delete it"
            )
            raise InputError("choose_topics", [fault]) from None

    def write(self, n: int, seed: int, found: Found) -> None:
        if self.folder is None:
            return
        # Only now is the folder this search's: one whose options were refused leaves it to the next.
        if not (self.folder / _SEARCH).is_file():
            write_whole(self.folder / _SEARCH, json.dumps({"search": self.identity}) + "\n")
        row, weights = found
        with written_whole(self._path(n, seed)) as temporary, open(temporary, "wb") as stream:
            np.savez_compressed(stream, row=json.dumps(row), weights=weights)
