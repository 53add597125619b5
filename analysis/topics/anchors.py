"""Terms that topics are known by, and whether the topics that were found are about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.counts import Counts
from analysis.errors import Fault, raise_faults, shown, warn
from analysis.lexicon import Lexicon
from analysis.patterns import fold

__all__ = ["anchor_columns", "doubtful_anchors"]

#: Below this share of an anchored topic, its anchors are an accident of it.
_TRACE = 0.01
#: Above this share, the topic is its anchors.
_NOTHING_ELSE = 0.9


def anchor_columns(
    anchors: Lexicon | Mapping[str, Iterable[str]], counts: Counts, features: NDArray[np.int64], n_topics: int
) -> dict[str, list[int]]:
    """Name → columns, among the ``features`` of ``counts``, of the anchors of a topic.

    Of a `Lexicon`, the single-token terms of each top frame; of a mapping, what it says. Terms that are no feature are
    named in a warning, those of a lexicon are not.

    Raises
    ------
    InputError
        For a topic without any anchor among the features, for two with the same, for more topics than ``n_topics``, or
        for no topic.
    """
    if isinstance(anchors, Lexicon):
        language = str(counts.documents["language"].iloc[0]) if "language" in counts.documents else "zh"
        given: dict[str, list[str]] = {top: [] for top in anchors.tops}
        spelled: dict[str, list[str]] = {}  # a lexicon's terms are folded, features are as they were written
        for feature in features.tolist():
            spelled.setdefault(fold(counts.vocabulary[feature]), []).append(counts.vocabulary[feature])
        for frame in anchors.frames:
            terms = (p for p in frame.terms if p.language == language and len(p.steps) == 1)
            for literal in (one for p in terms for one in p.steps[0].literals):
                given[frame.top] += spelled.get(literal.text, [literal.text])
    elif isinstance(anchors, Mapping):
        given = {
            str(name): list(terms) if isinstance(terms, Iterable) and not isinstance(terms, str) else [terms]
            for name, terms in anchors.items()
        }
    else:
        accepted = "a lexicon, or a mapping of names to terms"
        raise_faults("fit_topics", [Fault("fit_topics", "anchors", shown(anchors), accepted)])
    place = {counts.vocabulary[feature]: column for column, feature in enumerate(features.tolist())}
    found = {name: list(dict.fromkeys(place[t] for t in terms if t in place)) for name, terms in given.items()}
    faults = [
        Fault("fit_topics", f"anchors of {name}", shown(given[name]), "at least one that is a feature of the counts")
        for name, columns in found.items()
        if not columns
    ]
    seen: dict[frozenset[int], str] = {}
    for name, columns in found.items():
        first = seen.setdefault(frozenset(columns), name)
        if columns and first != name:
            accepted = "terms that tell the two topics apart"
            faults.append(Fault("fit_topics", f"anchors of {first} and {name}", "the same features", accepted))
    if len(found) > n_topics or not found:
        faults.append(Fault("fit_topics", "anchors", f"{len(found)} topics", f"1 to {n_topics} (n_topics)"))
    raise_faults("fit_topics", faults)
    lacking = {name: [t for t in dict.fromkeys(terms) if t not in place] for name, terms in given.items()}
    if not isinstance(anchors, Lexicon) and any(lacking.values()):
        said = "; ".join(f"{name}: {', '.join(map(str, terms))}" for name, terms in lacking.items() if terms)
        warn(f"Anchors that are no features of the counts were left out ({said}).")
    return found


def doubtful_anchors(tokens: NDArray[np.float64], named: Mapping[str, Iterable[int]]) -> list[str]:
    """What a reader of the first topics should know of their names, in sentences.

    ``tokens`` (topics × features) are the expected tokens of a fit, ``named`` what `anchor_columns` gave. Said are
    topics in which fewer than half of the occurrences of their anchors lie, topics that are little but their anchors, and those
    of which the anchors are less than a hundredth: they are what stands about the anchors.

    >>> doubtful_anchors(np.array([[5.0, 0, 1], [0, 3, 995]]), {"web": [0], "rivers": [1]})
    ['The anchors are less than 1 % of rivers (0.3 %): read the terms before you call it so.']
    """
    held, share = {}, {}
    for topic, (name, columns) in enumerate(named.items()):
        mine = list(columns)
        here = tokens[topic, mine].sum()
        held[name], share[name] = here / tokens[:, mine].sum(), here / max(tokens[topic].sum(), 1e-300)
    said = {
        "Most occurrences of their anchors are in other topics: {}. Raise strength=, or take other anchors.": {
            name: value for name, value in held.items() if value < 1 / 2
        },
        "There is little but the anchors in {}. Lower strength=, or take more anchors.": {
            name: value for name, value in share.items() if value > _NOTHING_ELSE and held[name] >= 1 / 2
        },
        "The anchors are less than 1 % of {}: read the terms before you call it so.": {
            name: value for name, value in share.items() if value < _TRACE and held[name] >= 1 / 2
        },
    }
    return [
        sentence.format(", ".join(f"{name} ({float(f'{100 * value:.2g}'):g} %)" for name, value in those.items()))
        for sentence, those in said.items()
        if those
    ]
