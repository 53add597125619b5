"""Which words of a vocabulary a test of a query accepts, and which words of it stand nowhere."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np
import regex
from numpy.typing import NDArray

from analysis.errors import Fault, InputError, shown, warn
from analysis.near_words import near_words
from analysis.patterns import fold
from analysis.positions import folded_words, postings
from analysis.query_parts import Condition, Node, TokenTest, Words
from analysis.tokens import Tokens

__all__ = ["Stopwatch", "WordTests"]

Ints = NDArray[np.int64]
#: More seconds than this the engine of regular expressions cannot count.
_LONGEST = 1e6
#: How much of an unknown word, or of an expression, a warning shows.
_MOST_SHOWN = 100


class Stopwatch:
    """How long the regular expressions of one query may still take; then the query is refused."""

    def __init__(self, caller: str, seconds: float) -> None:
        self.caller, self.seconds, self.left = caller, seconds, seconds

    def timed(self, work: Callable[[float], object], expression: str, column: int) -> object:
        """What ``work`` gives, which is told how long it may take."""
        began = time.monotonic()
        try:
            return work(min(max(self.left, 1e-3), _LONGEST))
        except TimeoutError:
            received = f"{shown(expression)}, stopped after {self.seconds:g} seconds"
            accepted = "an expression without repeats inside repeats, such as (a+)+; or more `seconds`"
            raise InputError(self.caller, [Fault("query", f"column {column + 1}", received, accepted)]) from None
        except MemoryError:  # of an expression that calls itself without an end
            received = f"{shown(expression)}, which takes more memory than there is"
            accepted = "an expression that does not call itself, such as (a(?1))"
            raise InputError(self.caller, [Fault("query", f"column {column + 1}", received, accepted)]) from None
        finally:
            self.left -= time.monotonic() - began


class WordTests:
    """The words that the tests of a query accept, as numbers in the vocabulary."""

    def __init__(self, tokens: Tokens, watch: Stopwatch) -> None:
        self.tokens, self.watch = tokens, watch
        self.unknown: dict[str, str] = {}  # with the expression that would find it in the text
        self.found: dict[Node, Ints] = {}

    def mask(self, node: Words | TokenTest) -> NDArray[np.bool_]:
        """Which words a test accepts; the last entry is that of a removed token, −1."""
        accepted = np.zeros(len(self.tokens.vocabulary) + 1, dtype=bool)
        accepted[self.kinds(node)] = True
        return accepted

    def kinds(self, node: Words | TokenTest) -> Ints:
        """The numbers of the words that a test accepts, ascending."""
        if node not in self.found:
            found = self._words(node) if isinstance(node, Words) else self._tested(node)
            self.found[node] = np.array(sorted(found), dtype=np.int64)
        return self.found[node]

    def number(self, node: Words | TokenTest) -> int:
        """How many tokens a test accepts."""
        offsets, kinds = postings(self.tokens).offsets, self.kinds(node)
        return int((offsets[kinds + 1] - offsets[kinds]).sum())

    def say_unknown(self, matched: bool) -> None:
        """Name the words that stand nowhere, with those that come near."""
        words = list(self.unknown)
        if not words:
            return
        said = []
        frequency = np.diff(postings(self.tokens).offsets)
        for word in words[:3]:
            near = near_words(word, self.tokens.vocabulary, frequency)
            short = word if len(word) <= _MOST_SHOWN else f"{word[:_MOST_SHOWN]}…"
            said.append(f"{short} (near: {', '.join(near)})" if near else short)
        more = f" and {len(words) - 3:,} more" if len(words) > 3 else ""
        alone = "" if matched else " Nothing is found."
        passage = self.unknown[words[0]] if len(self.unknown[words[0]]) <= _MOST_SHOWN else "…"
        warn(
            f"No token is {', '.join(said)}{more}.{alone} A word may have been cut otherwise: "
            f"/{passage}/, with corpus=corpus, searches the text itself."
        )

    def _words(self, node: Words) -> set[int]:
        known = folded_words(self.tokens)
        found: set[int] = set()
        for word in node.exact:
            numbers = known.get(fold(word))
            if numbers is None:
                self.unknown[word] = _as_passage(regex.escape(word))
            else:
                found.update(numbers)
        for wildcard in node.wildcards:
            numbers = self._in_lines(fold(wildcard), node.column)
            if not numbers:
                self.unknown[_as_written(wildcard)] = _as_passage(wildcard)
            found.update(numbers)
        return found

    def _tested(self, node: TokenTest) -> set[int]:
        if not node.options:
            return set(range(len(self.tokens.vocabulary)))
        found: set[int] = set()
        for conditions in node.options:
            accepted = set(range(len(self.tokens.vocabulary)))
            for condition in conditions:
                accepted &= self._condition(condition)
            found |= accepted
        return found

    def _condition(self, condition: Condition) -> set[int]:
        vocabulary = self.tokens.vocabulary
        alternatives = condition.pattern.split("|")
        unknown: list[str] = []
        # Plain alternatives are looked up: ten thousand of them as an expression would be tried one by one.
        if not condition.any_case and not any(regex.escape(a) != a or not a for a in alternatives):
            wanted = set(alternatives)
            found = {number for number, word in enumerate(vocabulary) if word in wanted}
            unknown = sorted(wanted - {vocabulary[i] for i in found})
        else:
            expression = f"(?i:{condition.pattern})" if condition.any_case else condition.pattern
            entries = ((word, [number]) for number, word in enumerate(vocabulary))
            found = set(self._fitting(expression, entries, condition.column))
            unknown = [] if found else [condition.pattern]
        if condition.differs:
            return set(range(len(vocabulary))) - found
        self.unknown |= {word: _as_passage(word) for word in unknown}
        return found

    @cached_property
    def _lines(self) -> tuple[str, Ints, list[list[int]]]:
        """The folded words as lines of one text, where each begins, and the numbers of the words of each."""
        known = folded_words(self.tokens)
        lengths = np.fromiter(map(len, known), dtype=np.int64, count=len(known)) + 1
        return "\n".join(known), np.cumsum(lengths) - lengths, list(known.values())

    def _in_lines(self, wildcard: str, column: int) -> list[int]:
        """The numbers of the words that a wildcard fits: it never goes on over the end of a line."""
        if "\n" in wildcard:
            return []
        text, begins, numbers = self._lines
        finditer = regex.compile(f"(?m)^(?:{wildcard})$").finditer

        def work(seconds: float) -> list[int]:
            return [hit.start() for hit in finditer(text, timeout=seconds)]

        starts = self.watch.timed(work, _as_written(wildcard), column)
        lines = np.searchsorted(begins, np.array(starts, dtype=np.int64)).tolist()
        return [number for line in lines for number in numbers[line]]

    def _fitting(self, expression: str, entries: Iterable[tuple[str, list[int]]], column: int) -> list[int]:
        """The numbers of the entries whose word the expression matches as a whole."""
        fits = regex.compile(expression).fullmatch

        def work(seconds: float) -> list[int]:
            until, found = time.monotonic() + seconds, []
            for word, numbers in entries:
                left = until - time.monotonic()
                if left < 0:
                    raise TimeoutError
                if fits(word, timeout=max(left, 1e-3)):
                    found.extend(numbers)
            return found

        return self.watch.timed(work, expression, column)  # type: ignore[return-value]


def _as_passage(expression: str) -> str:
    """The expression as it is written between slashes."""
    return re.sub(r"\\.|/", lambda m: "\\/" if m[0] == "/" else m[0], expression, flags=re.DOTALL)


def _as_written(wildcard: str) -> str:
    """The wildcard of a query that became this expression."""
    return re.sub(r"\\(.)|\.\*|\.", lambda m: m[1] or ("*" if m[0] == ".*" else "?"), wildcard, flags=re.DOTALL)
