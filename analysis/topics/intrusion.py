"""Do people see what the model sees? Tests in which a coder finds what does not belong.

Chang, Boyd-Graber, Gerrish, Wang & Blei (2009), Reading tea leaves: how humans interpret topic models
(NIPS 22). In word intrusion one of six words is no word of the topic; in topic intrusion one of four
topics is not in the passage. Coders get the questions, never the key; at least two should answer all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from analysis.corpus import Corpus
from analysis.errors import Fault, MissingStep, raise_faults, shown, warn
from analysis.provenance import round_significant
from analysis.selection import canonical_value
from analysis.topics.describing import enough_tokens, number_faults, passage_texts
from analysis.topics.fitting import whole_number
from analysis.topics.model import Topics, check_topics, top_columns

__all__ = ["score_topic_intrusion", "score_word_intrusion", "topic_intrusion", "word_intrusion"]

#: How many words show a topic in topic intrusion.
SHOWN = 8
#: Tokens that every topic is given when logarithms of shares are taken, for shares may be 0.
SMOOTHING = 0.5


def word_intrusion(topics: Topics, *, n: int = 5, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Questions in which one word does not belong, and their key: one row per topic each, in shuffled order.

    Columns of the questions: ``item`` (1, 2, …), ``word_1`` to ``word_6`` (n + 1), shuffled: the topic's ``n``
    weightiest words and an intruder. Columns of the key: ``item, topic, intruder``, and the words again.

    The intruder is drawn from the ``n`` weightiest words of the other topics. In this topic its weight is at most
    the median of the vocabulary's, and below that of the words shown, so that it belongs elsewhere and is not
    merely rare; a word is the intruder twice only where there is no other. A topic is left out, and a warning
    says so, if it has fewer than ``n`` words or no tokens, or if no other topic has such a word. The same seed
    gives the same questions.

    Raises
    ------
    MissingStep
        If ``topics`` is something else.
    InputError
        For an impossible number, fewer than two topics, a vocabulary of ``n`` words or fewer, or if no topic
        makes a question.

    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> questions, key = word_intrusion(topics, n=2, seed=3)
    >>> questions.columns.tolist(), len(questions)
    (['item', 'word_1', 'word_2', 'word_3'], 2)
    >>> key.query("topic == 0")["intruder"].item() in ("治理", "河流")
    True
    """
    subject = "word_intrusion"
    check_topics(subject, topics)
    faults = number_faults(subject, n=(n, 2), seed=(seed, 0))
    if topics.n_topics < 2:
        faults.append(Fault(subject, "topics", "1 topic", "at least 2: an intruder comes from another topic"))
    features = topics.term_weights.shape[1]
    if not faults and features <= n:
        faults.append(Fault(subject, "n", shown(n), f"at most {features - 1}: the vocabulary has {features} words"))
    raise_faults(subject, faults)
    rng = np.random.default_rng(int(seed))
    tops = top_columns(topics.term_weights, int(n))
    good = [topics.sizes[k] > 0 and topics.term_weights[k, tops[k, -1]] > 0 for k in range(topics.n_topics)]
    rows, skipped = [], []
    used: list[int] = []  # a word that is foreign time and again is known for it
    for k in rng.permutation(topics.n_topics).tolist():
        weights = topics.term_weights[k]
        pool = np.unique([i for j in range(topics.n_topics) if j != k and good[j] for i in tops[j].tolist()])
        pool = pool.astype(np.int64)
        pool = pool[(weights[pool] <= np.median(weights)) & (weights[pool] < weights[tops[k, -1]])]
        if not good[k] or not pool.size:
            skipped.append(k)
            continue
        fresh = pool[~np.isin(pool, used)]
        intruder = int(rng.choice(fresh if fresh.size else pool))
        used.append(intruder)
        shuffled = rng.permutation([*tops[k].tolist(), intruder]).tolist()
        rows.append((k, *(topics.counts.vocabulary[i] for i in (intruder, *shuffled))))
    if not rows:
        accepted = "topics that differ in their first words, or a smaller n"
        raise_faults(subject, [Fault(subject, "topics", "none that makes a question", accepted)])
    if skipped:
        left_out = ", ".join(map(str, sorted(skipped)))
        warn(f"No question about topics {left_out}: too few words of their own, or none of another topic that is rare.")
    words = [f"word_{i}" for i in range(1, int(n) + 2)]
    key = pd.DataFrame(rows, columns=["topic", "intruder", *words])
    key.insert(0, "item", np.arange(1, len(key) + 1))
    return key[["item", *words]].copy(), key


def topic_intrusion(
    topics: Topics,
    *,
    documents: int = 20,
    n: int = 3,
    seed: int = 0,
    corpus: Corpus | None = None,
    least_tokens: int | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Passages with topics of which one does not belong, and their key: one row per passage each.

    Columns of the questions: ``item`` (1, 2, …), ``document, unit``, ``text`` of the passage where a corpus is
    given, ``topic_1`` to ``topic_4`` (n + 1), shuffled: the eight weightiest words of each of the ``n`` topics
    that are largest in the passage, and of an intruder. Columns of the key: ``item, document, unit``;
    ``intruder``, which choice it is (1 to 4); ``topic_1`` to ``topic_4``, the numbers of the topics.

    Passages are drawn at random from those with enough tokens that hold ``n`` topics, each with a share of at least
    one token. The intruder is drawn from the other topics, of which those count whose share in the passage is at
    most their median and below the shares of the topics shown. Topics without tokens, and those shown by the
    same words as a topic before them, are no choices. The same seed gives the same questions.

    Parameters
    ----------
    documents
        How many passages; if there are fewer, all are taken, and a warning says so.
    corpus
        The texts that were counted. Without it coders must look up the passages.
    least_tokens
        How many tokens a passage must have; see `analysis.topics.describing.enough_tokens`.

    Raises
    ------
    MissingStep
        If ``topics`` or ``corpus`` are something else.
    InputError
        For an impossible number, fewer than ``n`` + 1 topics, a corpus of other texts, or if no passage holds
        ``n`` topics.

    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> questions, key = topic_intrusion(topics, documents=1, n=1, corpus=corpus)
    >>> questions.columns.tolist()
    ['item', 'document', 'unit', 'text', 'topic_1', 'topic_2']
    """
    subject = "topic_intrusion"
    check_topics(subject, topics)
    raise_faults(subject, number_faults(subject, documents=(documents, 1), n=(n, 1), seed=(seed, 0)))
    texts = None if corpus is None else passage_texts(subject, topics, corpus)
    displays = _displays(topics)
    usable = [k for k in range(topics.n_topics) if topics.sizes[k] > 0 and displays[k] not in displays[:k]]
    if len(usable) <= n:
        accepted = f"fewer than the {len(usable)} topics that have tokens and words of their own"
        raise_faults(subject, [Fault(subject, "n", shown(n), accepted)])
    least = enough_tokens(subject, topics.unit_tokens, least_tokens)
    rng = np.random.default_rng(int(seed))
    units = topics.counts.units
    rows: list[tuple[Any, ...]] = []
    for u in rng.permutation(np.flatnonzero(topics.unit_tokens >= max(least, 1))).tolist():
        shares = topics.unit_shares[u, usable]
        order = np.argsort(-shares, kind="stable")
        best, others = order[: int(n)], np.sort(order[int(n) :])
        pool = others[(shares[others] <= np.median(shares[others])) & (shares[others] < shares[best[-1]])]
        if not pool.size or shares[best[-1]] * topics.unit_tokens[u] < 1 - 1e-9:
            continue
        choices = [usable[i] for i in (*best.tolist(), int(rng.choice(pool)))]
        shuffled = rng.permutation(int(n) + 1).tolist()
        unit = units.iloc[u]
        text = () if texts is None else (texts[unit["document"]][unit["start"] : unit["end"]],)
        rows.append(
            (unit["document"], unit["unit"], *text, shuffled.index(int(n)) + 1, *(choices[i] for i in shuffled))
        )
        if len(rows) == documents:
            break
    if not rows:
        received = f"no passage of at least {least:,} tokens that holds {n} topics and lacks another"
        raise_faults(subject, [Fault(subject, "topics", received, "a smaller n, or fewer least_tokens")])
    if len(rows) < documents:
        warn(f"{len(rows):,} passages instead of {documents:,}: no others have {least:,} tokens and {n} topics.")
    numbers = [f"topic_{i}" for i in range(1, int(n) + 2)]
    head = ["document", "unit", *(() if texts is None else ("text",))]
    table = pd.DataFrame(rows, columns=[*head, "intruder", *numbers])
    table.insert(0, "item", np.arange(1, len(table) + 1))
    questions = table[["item", *head]].assign(**{c: [displays[k] for k in table[c].tolist()] for c in numbers})
    return questions, table[["item", "document", "unit", "intruder", *numbers]]


def score_word_intrusion(answers: pd.DataFrame, key: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """In how many answers the intruder was found: one row per topic of the key, in their order.

    ``answers`` has one row per coder and item: ``coder, item, answer`` (the word). Columns of the result:
    ``topic``; ``answers``; ``right``, how many name the intruder; ``precision`` = right / answers, the model
    precision of Chang et al. (2009); ``low, high``, its Wilson interval without continuity correction
    (Wilson 1927; `scipy.stats.binomtest`); ``chance``, what guessing gives, 1 / choices; ``above_chance``,
    whether ``low`` is above it. A topic without answers has no precision, and an interval from 0 to 1.

    The interval speaks of other coders who answer the same question; not of other words of the topic.

    Raises
    ------
    InputError
        Naming every answer that is missing or none of the words of its item, every item that is not in the key, and
        every coder who answers an item twice; for tables without rows or columns; for an impossible level.

    >>> key = pd.DataFrame({"item": [1], "topic": [0], "intruder": ["c"], "word_1": ["a"], "word_2": ["c"], "word_3": ["b"]})
    >>> answers = pd.DataFrame({"coder": ["A", "B"], "item": 1, "answer": ["c", "b"]})
    >>> score_word_intrusion(answers, key)[["precision", "low", "high", "chance"]].values.tolist()
    [[0.5, 0.0945312, 0.905469, 0.333333]]
    """
    subject = "score_word_intrusion"
    made = "word_intrusion(topics) makes the questions and the key."
    names = _choice_columns(subject, key, "word", ("item", "topic", "intruder"), made)
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise_faults(subject, [Fault(subject, "level", shown(level), "a share between 0 and 1, such as 0.95")])
    choices = {_name(row["item"]): [_name(row[c]) for c in names] for row in key.to_dict("records")}
    given = _checked(subject, answers, choices, made)
    rows: list[tuple[Any, ...]] = []
    for row in key.sort_values("topic", kind="stable").to_dict("records"):
        mine = given[given["item"] == _name(row["item"])]
        total, right = len(mine), int((mine["answer"] == _name(row["intruder"])).sum())
        found = binomtest(right, total).proportion_ci(level, method="wilson") if total else None
        low, high = (0.0, 1.0) if found is None else (float(found.low), float(found.high))
        chance = 1 / len(names)
        rows.append((row["topic"], total, right, right / total if total else np.nan, low, high, chance, low > chance))
    columns = ["topic", "answers", "right", "precision", "low", "high", "chance", "above_chance"]
    return round_significant(pd.DataFrame(rows, columns=columns))


def score_topic_intrusion(answers: pd.DataFrame, key: pd.DataFrame, topics: Topics) -> pd.DataFrame:
    """How far from the intruder the chosen topics are: one row per item of the key, in their order.

    ``answers`` has one row per coder and item: ``coder, item, answer``, the choice, as ``topic_2`` or ``2``.
    Columns of the result: ``item, document, unit``; ``answers``; ``right``, how many name the intruder;
    ``log_odds``, the topic log odds of Chang et al. (2009): the mean over coders of log θ(intruder) −
    log θ(chosen topic), natural logarithms. 0 is perfect; the lower, the larger in the passage is the topic
    that coders find foreign to it. NaN without answers.

    θ is the topic's share in the passage. Since it may be 0, each topic is given half a token:
    θ = (share · tokens + 0.5) / (tokens + 0.5 · topics), with the tokens of the passage. So mistakes weigh less
    in short passages, of whose shares less is known.

    Raises
    ------
    MissingStep
        If ``topics`` is something else.
    InputError
        Naming every answer that is missing or no choice, every item that is not in the key, and every coder who
        answers an item twice; for tables without rows or columns; if the key belongs to another model.

    >>> from analysis.counts import count
    >>> from analysis.segmentation import segment
    >>> from analysis.topics.fitting import fit_topics
    >>> texts = ["净化网络环境", "网络环境清朗", "河流治理工程", "治理河流"]
    >>> corpus = Corpus(pd.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": texts}))
    >>> topics = fit_topics(count(segment(corpus)), 2)
    >>> questions, key = topic_intrusion(topics, documents=1, n=1)
    >>> answers = pd.DataFrame({"coder": ["A", "B"], "item": 1, "answer": [key["intruder"][0], 3 - key["intruder"][0]]})
    >>> score_topic_intrusion(answers, key, topics)[["answers", "right", "log_odds"]].values.tolist()
    [[2.0, 1.0, -0.972955]]
    """
    subject = "score_topic_intrusion"
    check_topics(subject, topics)
    made = "topic_intrusion(topics) makes the questions and the key."
    names = _choice_columns(subject, key, "topic", ("item", "document", "unit", "intruder"), made)
    place = {
        unit: i
        for i, unit in enumerate(zip(*(map(_name, topics.counts.units[c]) for c in ("document", "unit")), strict=True))
    }
    records = key.to_dict("records")
    smoothed = topics.unit_shares * topics.unit_tokens[:, None] + SMOOTHING
    logs: dict[str, NDArray[np.float64]] = {}
    faults = []
    for row in records:
        where = f"key, item {_name(row['item'])}"
        at = place.get((_name(row["document"]), _name(row["unit"])))
        shown_topics = [row[c] for c in names]
        if at is None or not all(whole_number(k) and 0 <= k < topics.n_topics for k in shown_topics):
            received = f"document {row['document']}, unit {row['unit']}, topics {', '.join(map(_name, shown_topics))}"
            faults.append(Fault(where, "", received, "a passage and topics of this model"))
            continue
        if not whole_number(row["intruder"]) or not 1 <= row["intruder"] <= len(names):
            faults.append(Fault(where, "intruder", shown(row["intruder"]), f"1 to {len(names)}"))
            continue
        mine = np.log(smoothed[at, shown_topics])
        if (np.delete(mine, row["intruder"] - 1) < mine[row["intruder"] - 1]).any():
            received = "an intruder whose share is not the smallest"
            faults.append(Fault(where, "intruder", received, "the key of this model"))
        logs[_name(row["item"])] = mine
    raise_faults(subject, faults, made)
    given = _checked(subject, answers, {item: [str(i + 1) for i in range(len(names))] for item in logs}, made, "topic_")
    rows: list[tuple[Any, ...]] = []
    for row in records:
        item = _name(row["item"])
        chosen = given.loc[given["item"] == item, "answer"].astype(int).to_numpy()
        odds = logs[item][row["intruder"] - 1] - logs[item][chosen - 1]
        right = int((chosen == row["intruder"]).sum())
        rows.append(
            (row["item"], row["document"], row["unit"], chosen.size, right, odds.mean() if chosen.size else np.nan)
        )
    return round_significant(pd.DataFrame(rows, columns=["item", "document", "unit", "answers", "right", "log_odds"]))


def _displays(topics: Topics) -> list[str]:
    """The words that show each topic."""
    words, weights = topics.counts.vocabulary, topics.term_weights
    tops = top_columns(weights, SHOWN).tolist()
    return [" ".join(words[i] for i in row if weights[k, i] > 0) for k, row in enumerate(tops)]


def _name(value: Any) -> str:
    """An item, coder or answer as text, the same whether it was read as a number or as text."""
    return canonical_value(value)


def _choice_columns(subject: str, key: Any, kind: str, needed: tuple[str, ...], made: str) -> list[str]:
    """The columns of the choices in the key, which is checked for what it needs."""
    if not isinstance(key, pd.DataFrame):
        raise MissingStep(f"{subject} takes the key as a table, not {type(key).__name__}: {made}")
    names: list[str] = []
    while f"{kind}_{len(names) + 1}" in key:
        names.append(f"{kind}_{len(names) + 1}")
    lacking = [c for c in needed if c not in key] + [f"{kind}_{i}" for i in (1, 2)][len(names) :]
    faults = [Fault("key", "columns", f"no column {c}", f"{', '.join(needed)}, {kind}_1, …") for c in lacking]
    if not faults:
        faults += [] if len(key) else [Fault("key", "rows", "none", "one per item")]
        twice = sorted({_name(item) for item in key["item"][key["item"].map(_name).duplicated()]})
        faults += [Fault("key", "item", f"{item} twice", "each item once") for item in twice]
    raise_faults(subject, faults, made)
    return names


def _checked(subject: str, answers: Any, choices: Mapping[str, list[str]], made: str, prefix: str = "") -> pd.DataFrame:
    """The answers as text, without ``prefix``, if each coder answers items of the key once, by one of their choices."""
    if not isinstance(answers, pd.DataFrame):
        raise MissingStep(f"{subject} takes answers as a table, not {type(answers).__name__}: coder, item, answer.")
    columns = ("coder", "item", "answer")
    faults = [
        Fault("answers", "columns", f"no column {c}", ", ".join(columns)) for c in columns if c not in answers
    ] or ([] if len(answers) else [Fault("answers", "rows", "none", "one per coder and item")])
    raise_faults(subject, faults, made)
    given = pd.DataFrame({c: [_name(v) for v in answers[c]] for c in columns}, dtype=object)
    given["answer"] = [answer.removeprefix(prefix) for answer in given["answer"]]
    seen: set[tuple[str, str]] = set()
    for number, (coder, item, answer) in enumerate(given.itertuples(index=False), start=1):
        where = f"answers, row {number}"
        if not coder:
            faults.append(Fault(where, "coder", "none", "a name or initials"))
        if item not in choices:
            faults.append(Fault(where, "item", shown(item) if item else "none", "an item of the key"))
        elif answer not in choices[item]:
            accepted = f"one of {', '.join(prefix + c for c in choices[item])}; leave out what was not answered"
            faults.append(Fault(where, "answer", shown(answer) if answer else "none", accepted))
        if coder and (coder, item) in seen:
            faults.append(Fault(where, "item", f"{shown(item)} by {shown(coder)} once more", "one answer per coder"))
        seen.add((coder, item))
    raise_faults(subject, faults, made)
    return given
