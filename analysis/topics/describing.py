"""What topics are about: their terms by four criteria, their passages, and the terms in these passages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.corpus import Corpus
from analysis.dates import written_date
from analysis.errors import Fault, MissingStep, raise_faults, shown
from analysis.patterns import fold
from analysis.provenance import round_significant
from analysis.segmenters.english import make as english_pieces
from analysis.topics.exclusivity import frex, lift, score
from analysis.topics.model import TOP, Topics, check_topics, group_tokens, top_columns

__all__ = [
    "enough_tokens",
    "number_faults",
    "passage_texts",
    "representative_documents",
    "topic_terms",
    "topic_words_in_context",
]

Floats = NDArray[np.float64]

#: Shares of passages with fewer tokens are extreme by chance.
LEAST_TOKENS = 30
_CRITERIA = ("probability", "frex", "lift", "score")


def topic_terms(
    topics: Topics,
    *,
    by: str = "probability",
    n: int = TOP,
    topic: int | str | Iterable[int | str] | None = None,
    least_tokens: int = 0,
    balance: float = 0.5,
) -> pd.DataFrame:
    """The ``n`` foremost terms of topics: one row per topic and term, the foremost first.

    Columns: ``topic, label, rank`` (from 1), ``term``, ``weight`` (the share of the term among the topic's
    tokens) and ``value``, by which terms are ranked. Equal values are ranked by weight, then in the order of
    the vocabulary. Terms without weight in a topic are none of its terms, so that it may have fewer than ``n``.

    Parameters
    ----------
    by
        ``probability``, the weight itself: frequent terms, which topics share; ``frex``, frequent and
        exclusive (with stm's shrinkage by the counts that were fitted); ``lift``, the logarithm of how much
        more frequent the term is in the topic than in these counts; ``score``, the weight times its log
        ratio to the mean topic's. Formulas and sources stand in `analysis.topics.exclusivity`.
    topic
        A number or label, or several; all by default.
    least_tokens
        How often a term must stand in the counts. Lift favours rare words, the rarest most, and FREX does to
        a lesser extent: a word that occurs twice, in one passage, is on top of any list by lift. The values
        are those of the whole vocabulary; rare terms are left out of the list alone.
    balance
        For ``frex``, the weight of exclusivity.

    Raises
    ------
    MissingStep
        If ``topics`` is something else.
    InputError
        For an unknown criterion or topic, an impossible number, or if no term is as frequent as asked.

    >>> from analysis.corpus import Corpus
    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> topic_terms(topics, n=2, topic=0)[["rank", "term", "weight"]].values.tolist()
    [[1, '环境', 0.333333], [2, '网络', 0.333333]]
    >>> topic_terms(topics, by="lift", topic=0, least_tokens=2)["term"].tolist()
    ['环境', '网络']
    """
    numbers = check_topics("topic_terms", topics, topic)
    faults = [] if by in _CRITERIA else [Fault("topic_terms", "by", shown(by), ", ".join(_CRITERIA))]
    faults += number_faults("topic_terms", n=(n, 1), least_tokens=(least_tokens, 0))
    if isinstance(balance, bool) or not isinstance(balance, int | float | np.number) or not 0 <= balance <= 1:
        faults.append(Fault("topic_terms", "balance", shown(balance), "from 0 (frequency) to 1 (exclusivity)"))
    raise_faults("topic_terms", faults)
    weights = topics.term_weights
    tokens = np.asarray(topics.counts.matrix.sum(axis=0), dtype=np.float64).ravel()
    if least_tokens > tokens.max():
        accepted = f"at most {tokens.max():,.0f}, the tokens of the most frequent term"
        raise_faults("topic_terms", [Fault("topic_terms", "least_tokens", f"{least_tokens:,}", accepted)])
    values = _values(by, weights, tokens, float(balance))
    names = topics.names
    rows: list[tuple[Any, ...]] = []
    for k in numbers:
        order = np.lexsort((-weights[k], -values[k]))
        order = order[(weights[k, order] > 0) & (tokens[order] >= least_tokens)][: int(n)]
        rows += [
            (k, names[k], rank, topics.counts.vocabulary[i], weights[k, i], values[k, i])
            for rank, i in enumerate(order.tolist(), start=1)
        ]
    return round_significant(pd.DataFrame(rows, columns=["topic", "label", "rank", "term", "weight", "value"]))


def representative_documents(
    topics: Topics,
    *,
    topic: int | str | Iterable[int | str] | None = None,
    n: int = 3,
    of: str = "units",
    corpus: Corpus | None = None,
    least_tokens: int | None = None,
) -> pd.DataFrame:
    """The passages in which topics are largest: one row per topic and passage, the largest share first.

    Columns: ``topic, label, rank`` (from 1); ``document``; ``unit`` (not for whole documents); ``date``, as
    exactly as it is known; ``share`` of the topic; ``tokens`` of the model's features in the passage;
    ``start, end`` in the document's text; ``title`` where the metadata have one; ``text`` of the passage where a
    corpus is given. Equal shares (to six digits) are ranked by tokens, the more the higher, then in the order
    of the counts. A passage without the topic stands for nothing, so that a topic may have fewer than ``n``.

    Parameters
    ----------
    topic
        A number or label, or several; all by default.
    of
        ``units``, the passages that were fitted, or whole ``documents``, whose shares are those of
        ``topics.documents``.
    corpus
        The texts that were counted, or a corpus that holds them; shipped counts do without.
    least_tokens
        How many tokens a passage must have: one of three tokens easily is of one topic alone. By default 30, or
        the median of the passages if that is lower, so that at least half of them can be shown.

    Raises
    ------
    MissingStep
        If ``topics`` or ``corpus`` are something else.
    InputError
        For an unknown topic, an impossible number, or a corpus that holds other texts.

    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> found = representative_documents(topics, n=1, corpus=corpus)
    >>> found[["topic", "document", "date", "share", "text"]].values.tolist()
    [[0, 'a', '2021', 1.0, '净化网络环境'], [1, 'c', '2021', 1.0, '河流治理工程']]
    """
    subject = "representative_documents"
    numbers = check_topics(subject, topics, topic)
    faults = number_faults(subject, n=(n, 1))
    if of not in ("units", "documents"):
        faults.append(Fault(subject, "of", shown(of), "units or documents"))
    raise_faults(subject, faults)
    texts = None if corpus is None else passage_texts(subject, topics, corpus)
    table, shares = _passages(topics, of)
    tokens = table["tokens"].to_numpy()
    enough = tokens >= enough_tokens(subject, tokens, least_tokens)
    shares = round_significant(shares)
    names = topics.names
    parts = []
    for k in numbers:
        order = np.lexsort((-tokens, -shares[:, k]))
        order = order[enough[order] & (shares[order, k] > 0)][: int(n)]
        parts.append(
            table.iloc[order].assign(topic=k, label=names[k], rank=np.arange(1, order.size + 1), share=shares[order, k])
        )
    # Offsets of documents without a unit are missing; such documents are not among these.
    result = pd.concat(parts, ignore_index=True).astype({"tokens": "int64", "start": "int64", "end": "int64"})
    if texts is not None:
        spans = zip(result["document"], result["start"], result["end"], strict=True)
        result["text"] = pd.Series([texts[d][a:b] for d, a, b in spans], dtype=object)
    first = ["topic", "label", "rank", "document", "unit", "date", "share", "tokens", "start", "end", "title", "text"]
    return result[[c for c in first if c in result]]


def topic_words_in_context(
    topics: Topics, corpus: Corpus, topic: int | str, *, n: int = 10, terms: int = TOP, width: int = 20
) -> pd.DataFrame:
    """A topic's terms where they stand in its most representative passages: one row per occurrence.

    Columns: ``topic, term, document, date, left, node, right, start, end``. ``node`` is the term as it stands
    in the text at ``start`` to ``end``; ``left`` and ``right`` are up to ``width`` characters around it, which may
    reach beyond the passage but not beyond the document, with white space shown as spaces. Rows are in the order
    of `representative_documents` and, within a passage, of the text; at one place the weightier term is first.

    Letter case does not matter. In English whole words are meant, as the segmenter gives them; in Chinese
    any occurrence of the characters, so that a term is also found within longer words.

    Parameters
    ----------
    topic
        A number or label.
    n
        How many passages.
    terms
        How many of the topic's weightiest terms.

    Raises
    ------
    MissingStep
        If ``topics`` or ``corpus`` are something else.
    InputError
        For an unknown topic, an impossible number, or a corpus that holds other texts.

    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> lines = topic_words_in_context(topics, corpus, 0, terms=1)
    >>> lines[["term", "document", "left", "node", "right"]].values.tolist()
    [['环境', 'a', '净化网络', '环境', ''], ['环境', 'b', '网络', '环境', '清朗']]
    """
    subject = "topic_words_in_context"
    number = check_topics(subject, topics, [topic])[0]
    raise_faults(subject, number_faults(subject, n=(n, 1), terms=(terms, 1), width=(width, 0)))
    texts = passage_texts(subject, topics, corpus)
    passages = representative_documents(topics, topic=number, n=n)
    languages = dict(zip(corpus.table["id"], corpus.table["language"], strict=True))
    columns = top_columns(topics.term_weights[[number]], int(terms))[0]
    words = [topics.counts.vocabulary[i] for i in columns.tolist() if topics.term_weights[number, i] > 0]
    rows: list[tuple[Any, ...]] = []
    for row in passages.itertuples(index=False):
        text = texts[row.document]
        passage = text[row.start : row.end]
        edges = {0, *accumulate(map(len, english_pieces()(passage)))} if languages[row.document] == "en" else None
        found = [(row.start + a, i, row.start + b) for i, w in enumerate(words) for a, b in _found(passage, w, edges)]
        for a, i, b in sorted(found):
            pieces = (text[max(a - int(width), 0) : a], text[a:b], text[b : b + int(width)])
            left, node, right = (re.sub(r"\s", " ", piece) for piece in pieces)
            rows.append((number, words[i], row.document, row.date, left, node, right, a, b))
    names = ["topic", "term", "document", "date", "left", "node", "right", "start", "end"]
    return pd.DataFrame(rows, columns=names)


def number_faults(subject: str, **numbers: tuple[Any, int]) -> list[Fault]:
    """Faults of numbers, each given with the least that is accepted, that are no whole numbers or too small."""
    return [
        Fault(subject, name, shown(value), f"a whole number, at least {least}")
        for name, (value, least) in numbers.items()
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least
    ]


def _values(by: str, weights: Floats, tokens: Floats, balance: float) -> Floats:
    """The score of each term in each topic by one of the criteria."""
    if by == "frex":
        return frex(weights, balance=balance, counts=tokens)
    if by == "lift":
        return lift(weights, tokens)
    return score(weights) if by == "score" else weights


def passage_texts(subject: str, topics: Topics, corpus: Any) -> dict[str, str]:
    """The texts of the documents that were fitted, by id, if ``corpus`` holds them and not others.

    Raises `MissingStep` if it is no corpus, and `InputError` naming each document that it lacks, or
    whose text is too short or of another number of characters than the one that was counted.
    """
    if not isinstance(corpus, Corpus):
        raise MissingStep(f"{subject} takes a Corpus, not {type(corpus).__name__}: read_corpus(name) reads one.")
    table, documents = corpus.table.set_index("id"), topics.counts.documents.set_index("id")
    texts, sizes = table["text"].to_dict(), table["characters"].to_dict()
    counted = documents["characters"].to_dict() if "characters" in documents else sizes
    ends = topics.counts.units.groupby("document", sort=False)["end"].max().to_dict()
    faults = []
    for identifier, end in ends.items():
        if identifier not in texts:
            faults.append(Fault(f"corpus {corpus.name}", "document", f"no {identifier}", "the texts that were counted"))
        elif len(texts[identifier]) < end:
            received = f"a text that ends at {len(texts[identifier]):,}"
            faults.append(Fault(identifier, "text", received, f"the text that was counted, up to {end:,}"))
        elif sizes[identifier] != counted.get(identifier, sizes[identifier]):
            received = f"{sizes[identifier]:,}"
            faults.append(Fault(identifier, "characters", received, f"{counted[identifier]:,}, as counted"))
    raise_faults(subject, faults, "These are other texts than those that were counted, or another state of them.")
    return {identifier: texts[identifier] for identifier in ends}


def enough_tokens(subject: str, tokens: Floats, given: int | None) -> int:
    """How many tokens a passage must have: what is ``given``, else 30 or the median of the passages if that is lower.

    Passages without tokens do not count. Raises `InputError` for a number that none of them reaches.

    >>> enough_tokens("f", np.array([0, 5, 7, 200]), None), enough_tokens("f", np.array([40, 50]), None)
    (7, 30)
    """
    most = int(tokens.max(initial=0))
    if given is None:
        return min(LEAST_TOKENS, int(np.median(tokens[tokens > 0]))) if most else 1
    faults = number_faults(subject, least_tokens=(given, 0))
    if not faults and given > most:
        faults = [Fault(subject, "least_tokens", f"{given:,}", f"at most {most:,}, the tokens of the longest passage")]
    raise_faults(subject, faults)
    return int(given)


def _passages(topics: Topics, of: str) -> tuple[pd.DataFrame, Floats]:
    """``document, (unit,) start, end, tokens, date, (title)`` of each passage, and its shares of topics."""
    documents, units = topics.counts.documents, topics.counts.units
    codes = pd.Index(documents["id"]).get_indexer(units["document"])
    if of == "units":
        table = units[["document", "unit", "start", "end"]].assign(tokens=topics.unit_tokens)
        shares = np.asarray(topics.unit_shares)
    else:
        spans = units.groupby("document").agg(start=("start", "min"), end=("end", "max"))
        table = spans.reindex(documents["id"]).rename_axis("document").reset_index()
        inside = codes >= 0
        tokens = np.bincount(codes[inside], weights=topics.unit_tokens[inside], minlength=len(documents))
        table["tokens"] = tokens
        per_topic = group_tokens(topics, codes, len(documents))
        shares = np.divide(per_topic, tokens[:, None], out=np.zeros_like(per_topic), where=tokens[:, None] > 0)
        codes = np.arange(len(documents))
    precision = documents["date_precision"] if "date_precision" in documents else ["day"] * len(documents)
    dates = [written_date(pd.Timestamp(d), p) for d, p in zip(documents["date"], precision, strict=True)]
    table = table.assign(date=np.array(dates, dtype=object)[codes])
    if "title" in documents:
        table = table.assign(title=documents["title"].to_numpy(dtype=object)[codes])
    return table.reset_index(drop=True), shares


def _found(passage: str, word: str, edges: set[int] | None) -> Iterator[tuple[int, int]]:
    """Where ``word`` stands in ``passage``, none overlapping the one before; between ``edges`` where there are any."""
    text, wanted = fold(passage), fold(word)
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        found = edges is None or (at in edges and end in edges)
        if found:
            yield at, end
        at = text.find(wanted, end if found else at + 1)
