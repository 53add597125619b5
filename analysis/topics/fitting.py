"""From counts to topics."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.counts import Counts
from analysis.errors import Fault, MissingStep, TifaWarning, raise_faults, shown, warn
from analysis.lexicon import Lexicon
from analysis.progress import Report, progress_bar
from analysis.topics.anchors import anchor_columns, doubtful_anchors
from analysis.topics.engines.base import PACKAGES, engine_options, load_engine
from analysis.topics.model import Topics
from analysis.vocabulary import trim
from analysis.workers import cores, mapped

__all__ = ["LITTLE", "NOT_CONVERGED", "fit_quietly", "fit_runs", "fit_topics", "whole_number"]

_MOST_TOPICS = 1000
#: Less work than this (counts that are not zero × topics × fits) is done before other processes have started.
LITTLE = 200_000_000
#: How the warning of a fit that did not converge begins.
NOT_CONVERGED = "The fit did not converge"
#: Whole documents of more tokens than this hold many themes at once.
_LONG = 1500


def fit_topics(
    counts: Counts,
    n_topics: int,
    engine: str = "nmf-kl",
    *,
    seed: int = 0,
    anchors: Lexicon | Mapping[str, Iterable[str]] | None = None,
    **options: Any,
) -> Topics:
    """Fit ``n_topics`` topics to counts.

    Parameters
    ----------
    counts
        What `analysis.counts.count` or `analysis.features.read_counts` gives, in one language; blocks
        rather than long documents, whose topics follow their places and times. Counts that were not
        trimmed are (`analysis.vocabulary.trim` with its defaults: punctuation, numerals and stop words go).
    engine
        ``nmf-kl`` (the default), ``nmf``, ``lda``, ``gibbs`` (needs the extra ``topics``) or ``seeded``;
        `analysis.topics.engines.base.ENGINES` says what each is.
    seed
        Of the random start. The same seed gives the same topics in any process on one machine; between
        machines they agree after matching (`analysis.topics.alignment.align_topics`) but for small differences.
    anchors
        For ``seeded``: the terms that the first topics are known by, name → terms; the name becomes the
        topic's label. Of a `Lexicon`, each frame becomes a topic, known by those of its terms that are
        features. Terms that are no feature are named in a warning, and so are topics that hold less than half of the
        occurrences of their anchors, little else, or less than 1 % of them (`analysis.topics.anchors.doubtful_anchors`).
    options
        Of the engine: ``iterations``, ``tolerance``, ``alpha``, ``beta``, ``strength`` (of anchors, above 0 and below 1:
        the share of their topic that they have), as it has them (`analysis.topics.engines.base.engine_options`).

    A fit that did not converge is said in a warning, with what to change; so are units that hold no feature.

    Raises
    ------
    MissingStep
        If ``counts`` are no `Counts`.
    InputError
        For counts that are negative, no whole numbers, all zero, all alike, of one feature or in two languages;
        for more topics than units or features; for an unknown engine or option.
    TifaError
        If the engine needs a package that is not installed, with the command that installs it.

    >>> import pandas as pd
    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": ["a", "b", "c", "d"], "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> topics.documents.query("share > 0.5")[["document", "topic"]].values.tolist()
    [['a', 0], ['b', 0], ['c', 1], ['d', 1]]
    """
    if not isinstance(counts, Counts):
        raise MissingStep(f"fit_topics takes Counts, not {type(counts).__name__}: count(segment(corpus)) makes them.")
    _check_counts(counts)
    chosen = engine_options(engine)  # raises for an engine that there is not
    faults = [
        Fault("fit_topics", "option", shown(name), ", ".join(n for n in chosen if n != "anchors"))
        for name in options
        if name not in chosen or name == "anchors"
    ]
    faults += _number_faults(engine, options)
    if (anchors is None) == (engine == "seeded"):
        accepted = (
            "the terms that some topics are known by" if engine == "seeded" else 'none; engine="seeded" takes them'
        )
        faults.append(Fault("fit_topics", "anchors", "none" if anchors is None else shown(anchors), accepted))
    if not whole_number(seed) or seed < 0:
        faults.append(Fault("fit_topics", "seed", shown(seed), "a whole number, at least 0"))
    if not whole_number(n_topics) or not 1 <= n_topics <= _MOST_TOPICS:
        faults.append(Fault("fit_topics", "n_topics", shown(n_topics), f"a whole number, 1 to {_MOST_TOPICS:,}"))
    raise_faults("fit_topics", faults)
    if "trimmed" not in counts.recipe:
        counts = trim(counts)
    matrix, units, features = _filled(counts)
    _check_size(matrix, int(n_topics))
    if counts.recipe.get("units") == "documents" and matrix.sum() > _LONG * units.size:
        warn(
            f"These units are whole documents of {matrix.sum() / units.size:,.0f} tokens: topics of long documents follow "
            'their places and times rather than themes. count(tokens, units="blocks") cuts them.'
        )
    if units.size < counts.matrix.shape[0]:
        none = counts.matrix.shape[0] - units.size
        warn(f"{none:,} of {counts.matrix.shape[0]:,} units hold none of the features; they have no topics.")
    named = anchor_columns(anchors, counts, features, int(n_topics)) if anchors is not None else {}
    given = options | ({"anchors": [list(columns) for columns in named.values()]} if named else {})
    fit = load_engine(engine)
    with threadpool_limits(limits=1):
        found = fit(matrix, int(n_topics), np.random.default_rng(int(seed)), **given)
    if found.converged is False:
        warn(f"{NOT_CONVERGED} ({found.notes['iterations']} iterations): {found.advice}.")
    for sentence in doubtful_anchors(found.tokens, named):
        warn(sentence)
    size = found.tokens.sum(axis=1)
    # The largest in the units' shares, which tables show; with priors the topics' tokens may be ordered otherwise.
    share = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel() @ found.shares
    free = np.arange(len(named), int(n_topics))
    order = np.concatenate([np.arange(len(named)), free[np.argsort(-share[free], kind="stable")]]).astype(np.int64)
    weights = np.zeros((int(n_topics), counts.matrix.shape[1]))
    spread = np.full_like(found.tokens, 1 / features.size)  # a topic that ran dry has no words of its own
    weights[:, features] = np.divide(found.tokens, size[:, None], out=spread, where=size[:, None] > 0)[order]
    shares = np.zeros((counts.matrix.shape[0], int(n_topics)))
    shares[units] = found.shares[:, order]
    said = {
        name: value.item() if isinstance(value, np.generic) else value  # a recipe can be written as JSON
        for name, value in (chosen | options).items()
        if name != "anchors"
    }
    if named:
        said["anchors"] = {name: [counts.vocabulary[features[c]] for c in columns] for name, columns in named.items()}
    recipe = {
        "counts": counts.digest,
        "engine": engine,
        "n_topics": int(n_topics),
        "seed": int(seed),
        "options": said,
        "versions": {package: version(package) for package in PACKAGES[engine]},
        "converged": found.converged,
        "notes": dict(found.notes),
    }
    labels = (*named, *[""] * (int(n_topics) - len(named)))
    return Topics(counts, weights, shares, recipe, labels)


def fit_runs(
    counts: Counts,
    n_topics: int,
    engine: str = "nmf-kl",
    *,
    seeds: int | Iterable[int] = 5,
    processes: int | None = None,
    progress: bool | Report | None = None,
    **options: Any,
) -> list[Topics]:
    """Fit the same topics with several seeds, to see what another seed would have found.

    The list, in the order of the ``seeds`` (or 0, 1, …, if it is their number), is what
    `analysis.topics.alignment.align_topics`, `analysis.topics.prevalence.topic_prevalence` and others take;
    each is what `fit_topics` gives for that seed. ``processes`` at a time, by default all cores.

    Raises
    ------
    MissingStep, InputError, TifaError
        As `fit_topics`; also for no seed at all.

    >>> import pandas as pd
    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> [run.recipe["seed"] for run in fit_runs(count(segment(corpus)), 2, seeds=[3, 1])]
    [3, 1]
    """
    drawn: list[Any] = list(range(seeds)) if whole_number(seeds) else list(dict.fromkeys(seeds))  # type: ignore[arg-type]
    if not drawn:
        raise_faults("fit_runs", [Fault("fit_runs", "seeds", shown(seeds), "at least one seed")])
    if isinstance(counts, Counts) and "trimmed" not in counts.recipe:
        counts = trim(counts)
    # Other processes are worth their start only for work that takes longer than it.
    work = counts.matrix.nnz * n_topics * len(drawn) if isinstance(counts, Counts) and whole_number(n_topics) else 0
    many = processes or (cores() if work > LITTLE else 1)
    batches = [(counts, n_topics, engine, seed, options) for seed in drawn]
    found: dict[int, Topics] = {}
    said: dict[str, None] = {}
    with progress_bar("fitting topics", show=progress) as report:
        for number, (topics, messages) in mapped(fit_quietly, batches, processes=many):
            found[number] = replace(topics, counts=counts)  # one copy of the counts serves all
            said |= dict.fromkeys(messages)
            report(len(found), len(drawn))
    for message in said:
        warn(message)
    return [found[number] for number in range(len(drawn))]


def fit_quietly(
    counts: Counts, n_topics: int, engine: str, seed: int, options: dict[str, Any]
) -> tuple[Topics, list[str]]:
    """A fit with what it warned of, which another process could only print."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TifaWarning)
        topics = fit_topics(counts, n_topics, engine, seed=seed, **options)
    return topics, [str(w.message) for w in caught if issubclass(w.category, TifaWarning)]


def whole_number(value: Any) -> bool:
    """Whether ``value`` is a whole number, and no truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _number_faults(engine: str, options: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for name, value in options.items():
        if name == "iterations":
            if not whole_number(value) or value < 1:
                faults.append(Fault("fit_topics", name, shown(value), "a whole number, at least 1"))
        elif name in ("tolerance", "alpha", "beta", "strength"):
            number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            least = 0 if name == "tolerance" else 1e-9
            if not number or not least <= value < np.inf:
                faults.append(
                    Fault("fit_topics", name, shown(value), "a number above 0" if least else "a number, at least 0")
                )
            elif name == "strength" and value >= 1:
                faults.append(Fault("fit_topics", name, shown(value), "a number above 0 and below 1"))
            elif engine == "lda" and name in ("alpha", "beta") and value > 1:  # scikit-learn takes no more
                faults.append(
                    Fault("fit_topics", name, shown(value), 'a number from 0 to 1; engine="gibbs" takes more')
                )
    return faults


def _check_counts(counts: Counts) -> None:
    values = counts.matrix.data
    faults = []
    if values.dtype.kind not in "iu":
        if not np.isfinite(values).all() or (values % 1 != 0).any():
            faults.append(
                Fault(
                    "fit_topics",
                    "counts",
                    "values that are no whole numbers",
                    "how often each feature stands in each unit",
                )
            )
        else:
            faults.append(
                Fault(
                    "fit_topics",
                    "counts",
                    f"whole numbers kept as {values.dtype}",
                    "an integer matrix: matrix.astype(int)",
                )
            )
    if (values < 0).any():
        faults.append(
            Fault("fit_topics", "counts", f"{int((values < 0).sum()):,} negative values", "counts of at least 0")
        )
    languages = sorted(set(counts.documents["language"].astype(str))) if "language" in counts.documents else []
    if len(languages) > 1:
        accepted = "one language, such as counts.select(language='zh'): topics of two languages are the languages"
        faults.append(Fault("fit_topics", "counts", f"documents in {' and '.join(languages)}", accepted))
    if not faults and not values.any():
        faults.append(Fault("fit_topics", "counts", "no token in any unit", "counts of some text"))
    raise_faults("fit_topics", faults)


def _filled(counts: Counts) -> tuple[Any, NDArray[np.int64], NDArray[np.int64]]:
    """The counts without empty units and features, as a copy that an engine may write into; and which are left."""
    matrix = counts.matrix.copy()
    matrix.eliminate_zeros()
    units = np.flatnonzero(np.diff(matrix.indptr))
    features = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]))
    return matrix[units][:, features], units, features


def _check_size(matrix: Any, n_topics: int) -> None:
    units, features = matrix.shape
    faults = []
    if features < 2:
        faults.append(Fault("fit_topics", "counts", f"{features} feature", "at least 2; see trim_report(counts)"))
    if n_topics > units:
        accepted = f"at most {units:,}, the number of units that hold a feature"
        faults.append(Fault("fit_topics", "n_topics", f"{n_topics:,}", accepted))
    if 2 <= features < n_topics:
        faults.append(Fault("fit_topics", "n_topics", f"{n_topics:,}", f"at most {features:,}, the number of features"))
    if not faults and n_topics > 1 and _alike(matrix):
        faults.append(
            Fault(
                "fit_topics",
                "counts",
                f"{units:,} units with the same words in the same proportions",
                "texts that differ",
            )
        )
    raise_faults("fit_topics", faults)


def _alike(matrix: Any) -> bool:
    """Whether all units are multiples of one another."""
    length = np.diff(matrix.indptr)
    if (length != length[0]).any():
        return False
    shape = (matrix.shape[0], int(length[0]))
    if (matrix.indices.reshape(shape) != matrix.indices[: length[0]]).any():
        return False
    values = matrix.data.reshape(shape).astype(np.int64)
    return bool((values * values[:1, :1] == values[:, :1] * values[:1]).all())
