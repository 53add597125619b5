"""A matcher of queries that is slow and short: it tries every way to match, then keeps the leftmost-longest.

It walks the parsed tree over lists of words; nothing of `analysis.matching` is used. A removed token is None.
"""

import re

import numpy as np
import pandas as pd
import regex

from analysis.query_parts import Choice, Frame, Repeat, Run, TextPattern, TokenTest, Words
from analysis.tokens import Tokens


def tokens_of(documents, language="en", lines=(), glued=(), **columns):
    """Tokens made by hand: documents are lists of words, None for a removed token.

    A space stands before every token but those whose number is in ``glued``; ``lines`` are the numbers of tokens that
    begin a line, besides the first of each document.
    """
    vocabulary = sorted({word for words in documents for word in words if word is not None})
    number = {word: i for i, word in enumerate(vocabulary)} | {None: -1}
    ids, starts, ends, opens, offsets = [], [], [], [], [0]
    for words in documents:
        at = 0
        for i, word in enumerate(words):
            at += bool(i) and len(ids) not in glued
            opens.append(i == 0 or len(ids) in lines)
            ids.append(number[word])
            starts.append(at)
            at += len(word) if word is not None else 1
            ends.append(at)
        offsets.append(len(ids))
    count = len(documents)
    table = pd.DataFrame(
        {
            "id": [f"d{i}" for i in range(count)],
            "date": pd.to_datetime(["2021-05-07"] * count),
            "date_precision": "day",
            "language": language,
            "tokens": [sum(bool(re.search(r"\w", word or "")) for word in words) for words in documents],
        }
        | columns
    )
    arrays = [np.array(values, dtype=np.int32) for values in (ids, starts, ends)]
    return Tokens(
        *arrays,
        document_offsets=np.array(offsets, dtype=np.int64),
        line_starts=np.array(opens, dtype=bool),
        vocabulary=tuple(vocabulary),
        documents=table,
        recipe={"corpus": "sha256:made by hand"},
    )


def accepted(node, word):
    """Whether a test of one token accepts the word."""
    if isinstance(node, TokenTest) and not node.options:
        return True
    if word is None:
        return False
    if isinstance(node, Words):
        low = word.lower().replace("’", "'")
        exact = any(low == w.lower().replace("’", "'") for w in node.exact)
        return exact or any(regex.fullmatch(w.lower(), low) for w in node.wildcards)
    return any(
        all(bool(regex.fullmatch(c.pattern, word, regex.I if c.any_case else 0)) != c.differs for c in conditions)
        for conditions in node.options
    )


def reached(node, words, at, spans=None):
    """Every place that a match of the node may end at, if it begins at ``at``; ``spans`` are those of passages."""
    if isinstance(node, Words | TokenTest):
        return {at + 1} if at < len(words) and accepted(node, words[at]) else set()
    if isinstance(node, TextPattern | Frame):
        return {last for first, last in spans[node] if first == at}
    if isinstance(node, Choice):
        return set().union(*(reached(option, words, at, spans) for option in node.options))
    if isinstance(node, Run):
        places = {at}
        for part in node.parts:
            places = set().union(*(reached(part, words, place, spans) for place in places))
        return places
    assert isinstance(node, Repeat)
    found, places = set(), {at}
    for times in range(node.most + 1):
        if times >= node.least:
            found |= places
        before, places = places, set().union(*(reached(node.part, words, place, spans) for place in places))
        if places == before:  # so it stays, whatever is repeated
            return found | (places if node.most > times else set())
    return found


def matches(query, documents, *, spans=None, unit=None, rows=None):
    """(document, first, last) of all matches, places counted within the document.

    ``spans``: of each document, from node to the tokens that passages touch. ``unit``: of each document the number of
    the unit of each token.
    """
    found = []
    for row, words in enumerate(documents):
        if rows is not None and row not in rows:
            continue
        here = None if spans is None else spans[row]
        ways = [(at, to) for at in range(len(words)) for to in reached(query.root, words, at, here) if to > at]
        if unit is not None:
            ways = [(at, to) for at, to in ways if unit[row][at] == unit[row][to - 1]]
        after = 0
        for at, to in sorted(ways, key=lambda way: (way[0], -way[1])):
            if at >= after:
                found.append((row, at, to))
                after = to
    return found
