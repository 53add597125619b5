"""How good topics are: coherent, exclusive, spread; and whether they are the themes that somebody marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.counts import Counts
from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.provenance import round_significant
from analysis.tokens import Tokens
from analysis.topics.coherence import c_v, document_frequencies, npmi, uci, umass, window_frequencies
from analysis.topics.exclusivity import diversity, effective_number, exclusivity, frex
from analysis.topics.fitting import whole_number
from analysis.topics.model import TOP, Topics, check_topics, group_tokens, top_columns

__all__ = ["topic_agreement", "topic_quality"]

#: Tokens in a sliding window, as Röder, Both & Hinneburg (2015) name their measures.
WINDOWS = {"uci": 10, "npmi": 10, "c_v": 110}


def topic_quality(
    topics: Topics, *, reference: Counts | Tokens | None = None, top: int = TOP, window: int | None = None
) -> pd.DataFrame:
    """Measures of each topic's ``top`` weightiest terms: one row per topic.

    Columns: ``topic, label, share`` (of all tokens); the coherences ``umass, uci, npmi, c_v``
    (`analysis.topics.coherence` has the formulas), higher is better; ``missing``, how many of the terms the reference
    lacks (pairs with them are left out); ``exclusivity`` as in stm and ``frex``, the mean FREX of the terms
    (`analysis.topics.exclusivity`); ``effective_documents``, over how many documents the topic is spread;
    ``diversity``, the share of distinct words among the 25 weightiest of all topics, one number for the whole model.

    Parameters
    ----------
    reference
        Where terms are looked for together: other `Counts`, whose units are the documents; or `Tokens`, over
        which windows slide, of 10 tokens for ``uci`` and ``npmi`` and 110 for ``c_v`` as these measures are
        defined (``umass`` takes whole documents). By default the units that were fitted, which flatters a model
        and ranks its topics all the same.
    top
        How many terms of each topic.
    window
        One size for all sliding windows instead.

    Coherence says that terms stand together, not that a topic means something: read passages.

    Raises
    ------
    MissingStep
        If ``topics`` or ``reference`` are something else.
    InputError
        For an impossible number, or a reference that knows none of the terms.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topic_quality(fit_topics(count(segment(corpus)), 2), top=2)[["topic", "npmi"]].values.tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    check_topics("topic_quality", topics)
    faults = [
        Fault("topic_quality", name, shown(value), f"a whole number, at least {least}")
        for name, value, least in (("top", top, 2), ("window", window, 2))
        if value is not None and (not whole_number(value) or value < least)
    ]
    if window is not None and not isinstance(reference, Tokens):
        faults.append(Fault("topic_quality", "window", shown(window), "reference=tokens, over which windows can slide"))
    raise_faults("topic_quality", faults)
    tops = top_columns(topics.term_weights, int(top))
    columns, places = np.unique(tops, return_inverse=True)
    rows = places.reshape(tops.shape)
    words = [topics.counts.vocabulary[c] for c in columns.tolist()]
    joint = {m: _frequencies(topics, reference, words, m, window) for m in ("umass", *WINDOWS)}
    occurs = np.diag(joint["umass"][0]) > 0
    if not occurs.any():
        raise_faults(
            "topic_quality", [Fault("topic_quality", "reference", "none of the terms", "texts with the topics' terms")]
        )
    codes = pd.Index(topics.counts.documents["id"]).get_indexer(topics.counts.units["document"])
    scores = frex(topics.term_weights, counts=np.asarray(topics.counts.matrix.sum(axis=0), dtype=np.float64))
    table = pd.DataFrame(
        {
            "topic": np.arange(topics.n_topics),
            "label": topics.names,
            "share": topics.sizes,
            "umass": [umass(joint["umass"][0], row) for row in rows],
            "uci": [uci(*joint["uci"], row) for row in rows],
            "npmi": [npmi(*joint["npmi"], row) for row in rows],
            "c_v": [c_v(*joint["c_v"], row) for row in rows],
            "missing": (~occurs[rows]).sum(axis=1),
            "exclusivity": exclusivity(topics.term_weights, top=int(top)),
            "frex": np.take_along_axis(scores, tops, axis=1).mean(axis=1),
            "effective_documents": effective_number(group_tokens(topics, codes, len(topics.counts.documents))),
            "diversity": diversity(topics.term_weights),
        }
    )
    return round_significant(table)


def _frequencies(
    topics: Topics, reference: Counts | Tokens | None, words: list[str], measure: str, window: int | None
) -> tuple[NDArray[np.int64], int]:
    """In how many documents or windows of the reference each two words stand together; absent words in none."""
    source = topics.counts if reference is None else reference
    if not isinstance(source, Counts | Tokens):
        raise MissingStep(
            f"a reference is Counts or Tokens, not {type(source).__name__}: segment(corpus) makes Tokens."
        )
    place = {word: i for i, word in enumerate(source.vocabulary)}
    known = [i for i, word in enumerate(words) if word in place]
    columns = np.array([place[words[i]] for i in known], dtype=np.int64)
    if isinstance(source, Counts):
        found, n = document_frequencies(source.matrix, columns)
    else:
        longest = int(np.diff(source.document_offsets).max(initial=1))  # a window of this size is the whole document
        size = longest if measure == "umass" else window or WINDOWS[measure]
        found, n = window_frequencies(source.ids, source.document_offsets, columns, max(size, 1))
    joint = np.zeros((len(words), len(words)), dtype=np.int64)
    joint[np.ix_(known, known)] = found
    return joint, n


def topic_agreement(topics: Topics, themes: pd.Series) -> pd.DataFrame:
    """How well topics agree with themes that are known: one row.

    ``themes`` has one label per unit of ``topics.counts.units``, in their order (its column ``part``,
    say); units without a label (empty or missing) or without a feature are left out. Each unit is taken to be of its
    largest topic.

    Columns: ``engine, n_topics, seed``; ``units`` compared; ``themes``, how many there are; ``rand``,
    the adjusted Rand index (1 for the same partition, about 0 by chance; Hubert & Arabie 1985); ``nmi``, the normalised mutual
    information (arithmetic mean of the entropies); ``purity``, the share of units whose theme is the
    most frequent one of their topic, which grows with the number of topics by itself.

    Raises
    ------
    MissingStep
        If ``topics`` is something else, or ``themes`` are a whole table.
    InputError
        If there is not one label per unit, or no unit has one.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> topic_agreement(topics, pd.Series(["net", "net", "river", "river"]))[["rand", "nmi", "purity"]].values.tolist()
    [[1.0, 1.0, 1.0]]
    """
    # Imported here: scikit-learn takes longer to import than all of Tifa, and only this function needs it.
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    check_topics("topic_agreement", topics)
    if isinstance(themes, pd.DataFrame):
        raise MissingStep("topic_agreement takes one label for each unit, not DataFrame: a column of it, table[name].")
    labels = pd.Series(themes).reset_index(drop=True)
    units = topics.unit_shares.shape[0]
    if len(labels) != units:
        received = f"{len(labels):,} labels"
        raise_faults(
            "topic_agreement", [Fault("topic_agreement", "themes", received, f"one for each of the {units:,} units")]
        )
    given = labels.notna() & (labels.astype(str) != "") & (topics.unit_tokens > 0)
    if not given.any():
        raise_faults("topic_agreement", [Fault("topic_agreement", "themes", "no label", "at least one")])
    theme, names = pd.factorize(labels[given].astype(str), sort=True)
    topic = topics.unit_shares[given.to_numpy()].argmax(axis=1)
    crossed = np.zeros((topics.n_topics, len(names)), dtype=np.int64)
    np.add.at(crossed, (topic, theme), 1)
    row = {
        "engine": topics.recipe["engine"],
        "n_topics": topics.n_topics,
        "seed": topics.recipe["seed"],
        "units": int(given.sum()),
        "themes": len(names),
        "rand": float(adjusted_rand_score(theme, topic)),
        "nmi": float(normalized_mutual_info_score(theme, topic)),
        "purity": float(crossed.max(axis=1).sum() / given.sum()),
    }
    return round_significant(pd.DataFrame([row]))
