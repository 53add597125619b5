"""What a parsed query is made of; `analysis.queries` has the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.provenance import digest

__all__ = [
    "Choice",
    "Condition",
    "Filter",
    "Frame",
    "Node",
    "Query",
    "Repeat",
    "Run",
    "TextPattern",
    "TokenTest",
    "Words",
    "least_tokens",
    "most_tokens",
    "nodes",
]


@dataclass(frozen=True)
class Words:
    """A token that is one of ``exact`` or fits one of ``wildcards``, in any case of letters."""

    exact: tuple[str, ...]
    wildcards: tuple[str, ...]
    column: int


@dataclass(frozen=True)
class Condition:
    """A token that matches (or not) a regular expression as a whole."""

    pattern: str
    differs: bool
    any_case: bool
    column: int


@dataclass(frozen=True)
class TokenTest:
    """A token for which one of ``options`` holds, each a number of conditions; without options, any token."""

    options: tuple[tuple[Condition, ...], ...]
    column: int


@dataclass(frozen=True)
class TextPattern:
    """A passage of the text that matches a regular expression."""

    pattern: str
    column: int


@dataclass(frozen=True)
class Frame:
    """A hit of a frame of a lexicon; a frame's sub-frames belong to it."""

    name: str
    column: int


@dataclass(frozen=True)
class Run:
    """Parts one behind the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of several parts."""

    options: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """A part from ``least`` to ``most`` times."""

    part: Node
    least: int
    most: int


Node = Words | TokenTest | TextPattern | Frame | Run | Choice | Repeat


@dataclass(frozen=True)
class Filter:
    """What the metadata of a statement must be: ``column`` equal to one of ``values``, or not, or between two."""

    column: str
    kind: str  # "is", "is not" or "between"
    values: tuple[str, ...]
    place: int


@dataclass(frozen=True)
class Query:
    """A parsed query: ``source`` as written, what is to match, in what unit, in which statements."""

    source: str
    root: Node
    within: str
    filters: tuple[Filter, ...]

    @property
    def digest(self) -> str:
        """Digest of the query, the same however it is spaced between its parts."""
        return digest([repr(_unplaced(self.root)), self.within, repr([_unplaced(f) for f in self.filters])])

    def __str__(self) -> str:
        return self.source


def _unplaced(value: object) -> object:
    """The content of a node without the columns in which it was written."""
    if isinstance(value, tuple):
        return tuple(_unplaced(v) for v in value)
    if hasattr(value, "__dataclass_fields__"):
        kept = [name for name in value.__dataclass_fields__ if name not in ("column", "place")]
        kept += ["column"] if isinstance(value, Filter) else []
        return (type(value).__name__, *(_unplaced(getattr(value, name)) for name in kept))
    return value


def nodes(node: Node) -> Sequence[Node]:
    """The node and all that it is made of.

    >>> [type(n).__name__ for n in nodes(Repeat(TokenTest((), 0), 0, 1))]
    ['Repeat', 'TokenTest']
    """
    inner: tuple[Node, ...] = ()
    if isinstance(node, Run):
        inner = node.parts
    elif isinstance(node, Choice):
        inner = node.options
    elif isinstance(node, Repeat):
        inner = (node.part,)
    return [node, *(found for part in inner for found in nodes(part))]


def least_tokens(node: Node) -> int:
    """How many tokens a match has at least, or 1 where that is not known."""
    if isinstance(node, Run):
        return sum(map(least_tokens, node.parts))
    if isinstance(node, Choice):
        return min(map(least_tokens, node.options))
    if isinstance(node, Repeat):
        return node.least * least_tokens(node.part)
    return 1


def most_tokens(node: Node) -> int:
    """How many tokens a match has at most; a passage of text and a hit of a frame count as one.

    >>> most_tokens(Repeat(Run((TokenTest((), 0), TokenTest((), 0))), 0, 3))
    6
    """
    if isinstance(node, Run):
        return sum(map(most_tokens, node.parts))
    if isinstance(node, Choice):
        return max(map(most_tokens, node.options))
    if isinstance(node, Repeat):
        return node.most * most_tokens(node.part)
    return 1
