"""What a reader calls the topics, kept in a small file with who and why, and checked against the model."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from analysis.encoding import surrogates
from analysis.errors import Fault, MissingStep, TifaError, raise_faults, shown
from analysis.files import write_whole
from analysis.toml_text import toml_text
from analysis.topics.model import TOP, Topics, check_topics, top_columns

__all__ = ["read_labels", "write_labels"]

#: The share of the noted terms that a topic must still have among its own to be called by their label.
LEAST_SHARED = 0.6
_HEAD = "# What topics are called, by whom and why. read_labels(topics, path) finds each topic by its terms.\n"
_LINE = "a text on one line, not empty"


def write_labels(
    topics: Topics, labels: Mapping[int, str | tuple[str, str]], path: str | os.PathLike[str], *, who: str
) -> Path:
    """Write down what topics are called, and return the path of the file.

    The file is TOML, to be read and mended by hand: ``model`` in words, ``digest`` of the model, ``who`` named
    the topics, and for each label its ``topic``, ``label``, ``why``, and ``terms``, the topic's ten weightiest
    at the time. It is written whole or not at all; an older one at its place is replaced.

    Parameters
    ----------
    labels
        The number of a topic → its label, or label and reason; topics may stay without one.
    who
        A name or initials.

    Raises
    ------
    MissingStep
        If ``topics`` are no Topics.
    InputError
        Naming every unknown topic, and every label or name that is empty, no text, or on several lines.

    >>> import tempfile
    >>> import pandas as pd
    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_labels(topics, {0: ("网络", "两篇都讲网络环境"), 1: "河流"}, f"{folder}/labels.toml", who="A. B.")
    ...     read_labels(topics, path).names
    ('网络', '河流')
    """
    check_topics("write_labels", topics)
    if not isinstance(labels, Mapping):
        raise MissingStep(f'labels are given as {{0: "label", 1: ("label", "why")}}, not as {type(labels).__name__}.')
    faults = [] if _one_line(who) else [Fault("write_labels", "who", shown(who), _LINE)]
    if not labels:
        faults.append(Fault("write_labels", "labels", "none", "at least one"))
    entries: list[dict[str, Any]] = []
    for topic, given in labels.items():
        where = f"label of topic {shown(topic)}"
        if not _known(topic, topics):
            faults.append(Fault(where, "topic", shown(topic), f"0 to {topics.n_topics - 1}"))
        label, why = given if isinstance(given, tuple | list) and len(given) == 2 else (given, "")
        if not _one_line(label):
            faults.append(Fault(where, "label", shown(label), f"{_LINE}, or it and why"))
        if not _text(why):
            faults.append(Fault(where, "why", shown(why), "a text, which may be empty"))
        entries.append({"topic": topic, "label": label, "why": why})
    raise_faults("write_labels", faults)
    tops = _top_terms(topics)
    head = {"model": _described(topics), "digest": topics.digest, "who": who}
    tables = [
        "\n[[labels]]\n" + toml_text(entry | {"topic": int(entry["topic"]), "terms": tops[int(entry["topic"])]})
        for entry in sorted(entries, key=lambda entry: int(entry["topic"]))
    ]
    return write_whole(Path(path).expanduser(), _HEAD + toml_text(head) + "".join(tables))


def read_labels(topics: Topics, path: str | os.PathLike[str]) -> Topics:
    """The topics with the labels that `write_labels` wrote: a copy; topics without one in the file stay as they are.

    The file must belong to this model (`Topics.digest`: counts, engine, number, seed, options). Weights differ
    a little between machines, and with them the order of topics of like size. So labels are not given by number:
    each goes to the topic whose ten weightiest terms share most with those noted in the file, one to one
    (Hungarian algorithm: as many labels as possible find a topic, with as many shared terms as possible, and
    keep their number where that decides nothing), and it must share 6 of 10, or the same share of fewer.

    Raises
    ------
    MissingStep
        If ``topics`` are no Topics.
    TifaError
        If there is no such file.
    InputError
        If the file is no TOML in UTF-8; naming every field that is missing, empty or wrong, and every topic that is
        named twice or unknown; if it belongs to another model; or naming each label whose topic is not
        found, with the terms noted and those of the nearest topic.
    """
    check_topics("read_labels", topics)
    file = Path(path).expanduser()
    if not file.is_file():
        raise TifaError(f"There is no file {file}. write_labels(topics, labels, path, who=...) makes one.")
    entries = _entries(topics, file)
    tops = _top_terms(topics)
    shared = np.array([[len({*entry["terms"]} & {*top}) for top in tops] for entry in entries], dtype=np.int64)
    least = np.array([ceil(LEAST_SHARED * len(entry["terms"])) for entry in entries])
    same = np.array([[entry["topic"] == k for k in range(topics.n_topics)] for entry in entries])
    # In this order: how many labels find a topic, how many terms they share, how many keep their number.
    many = len(entries) + 1
    worth = ((shared >= least[:, None]) * (TOP * many) + shared) * many + same
    rows, columns = linear_sum_assignment(worth, maximize=True)
    faults = []
    labels = list(topics.labels)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        entry = entries[row]
        if shared[row, column] >= least[row]:
            labels[column] = entry["label"]
            continue
        nearest = int((shared[row] * 2 + same[row]).argmax())
        received = f"{shared[row, nearest]} of them in the nearest topic, {nearest} ({' '.join(tops[nearest])})"
        if shared[row, nearest] >= least[row]:
            received += ", which another label fits better"
        accepted = f"at least {least[row]} of: {' '.join(entry['terms'])}"
        faults.append(Fault(f"label {shown(entry['label'])} of topic {entry['topic']}", "terms", received, accepted))
    raise_faults(
        str(file), faults, "The model is not what it was when these topics were named: read them and name them again."
    )
    return dataclasses.replace(topics, labels=tuple(labels))


def _entries(topics: Topics, file: Path) -> list[dict[str, Any]]:
    """The labels in the file, which is checked but for their terms."""
    try:
        content = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise_faults(str(file), [Fault(str(file), "TOML", str(error), "TOML in UTF-8")])
    faults = [
        Fault(str(file), name, shown(content[name]) if name in content else "nothing", accepted)
        for name, accepted in (("digest", "the digest of the model"), ("who", _LINE))
        if not _one_line(content.get(name))
    ]
    entries = content.get("labels")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        faults.append(Fault(str(file), "labels", shown(entries) if entries else "none", "tables headed [[labels]]"))
        entries = []
    belongs = content.get("digest") in (None, topics.digest)
    seen: set[int] = set()
    for number, entry in enumerate(entries, start=1):
        where = f"{file}, [[labels]] {number}"
        fields = {
            # What the numbers of another model may be is not known here.
            "topic": (_known(entry.get("topic"), topics if belongs else None), f"0 to {topics.n_topics - 1}"),
            "label": (_one_line(entry.get("label")), _LINE),
            "why": (_text(entry.get("why")), "a text, which may be empty"),
            "terms": (_terms(entry.get("terms")), f"the topic's terms, 1 to {TOP}, each once"),
        }
        faults += [
            Fault(where, name, shown(entry[name]) if name in entry else "nothing", accepted)
            for name, (good, accepted) in fields.items()
            if not good
        ]
        if fields["topic"][0] and entry["topic"] in seen:
            faults.append(Fault(where, "topic", f"{entry['topic']}, which has a label already", "each topic once"))
        elif fields["topic"][0]:
            seen.add(entry["topic"])
    if not belongs and _one_line(content.get("digest")):
        model = content["model"] if _one_line(content.get("model")) else "a model"
        received = f"labels of {model}, digest {shown(content['digest'], most=21)}"
        accepted = f"those of {_described(topics)}, digest {shown(topics.digest, most=21)}"
        faults.append(Fault(str(file), "digest", received, accepted))
    raise_faults(str(file), faults)
    return entries


def _described(topics: Topics) -> str:
    recipe = topics.recipe
    kind = topics.counts.recipe.get("units", "units")
    return f"{topics.n_topics} topics by {recipe['engine']}, seed {recipe['seed']}, in {topics.unit_shares.shape[0]:,} {kind}"


def _top_terms(topics: Topics) -> list[list[str]]:
    """The weightiest terms of each topic, at most ten, none without weight."""
    words, weights = topics.counts.vocabulary, topics.term_weights
    tops = top_columns(weights, TOP)
    return [[words[i] for i in row if weights[k, i] > 0] for k, row in enumerate(tops.tolist())]


def _known(topic: Any, topics: Topics | None) -> bool:
    """Whether it is the number of one of the topics, or of any topic at all."""
    whole = isinstance(topic, int | np.integer) and not isinstance(topic, bool)
    return whole and topic >= 0 and (topics is None or topic < topics.n_topics)


def _text(value: Any) -> bool:
    return isinstance(value, str) and surrogates(value) < 0


def _one_line(value: Any) -> bool:
    return _text(value) and bool(value.strip()) and value.splitlines() == [value]


def _terms(value: Any) -> bool:
    given = isinstance(value, list) and all(isinstance(term, str) and term for term in value)
    return given and 1 <= len(value) <= TOP and len(set(value)) == len(value)
