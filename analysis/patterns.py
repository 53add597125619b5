"""The pattern language of lexicons, parsed and expanded into literals.

======================  ==========================================================
``净化``                 these characters; in English these words, whole, in any case
``建(省|市)``            one of several
``purif*``              English words that begin so
``净化 ... 网络``        both in this order in one clause, at most 4 characters
                        (English: 5 words) between them
``建党 ...6 周年``       the same with at most 6 between
``净化 <> 政治生态``     both in either order, the same distance (``<>6`` sets it)
======================  ==========================================================

Operators stand between spaces and are read from left to right, so that
``A ... B <> C`` is (A ... B) <> C. A clause ends at ``，。；：！？`` and at line ends
(see `analysis.boundaries.clause_ends`), not at ``、``.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from analysis.boundaries import clause_ends, code_points, in_classes

__all__ = ["DEFAULT_GAP", "Literal", "Pattern", "Step", "fold", "parse_pattern"]

#: Most characters (zh) or words (en) between two parts, unless the pattern says.
DEFAULT_GAP = {"zh": 4, "en": 5}
_MOST_GAP = 50
_MOST_LENGTH = 200
#: Typographic variants that English texts use for one another.
_ALIKE = {"’": "'", "‐": "-", "‑": "-", "\u00a0": " "}
_MOST_LITERALS = 2000
_OPERATOR = re.compile(r"(?:^|\s+)(\.\.\.|<>)(\d*)(?:\s+|$)")


@dataclass(frozen=True)
class Literal:
    """Folded text to look for; ``prefix`` if any word ending may follow (``purif*``)."""

    text: str
    prefix: bool = False


@dataclass(frozen=True)
class Step:
    """One part of a pattern: its literals, and how it hangs on what stands before.

    ``either`` if it may also come first; ``gap`` is the most that may stand between.
    Both mean nothing for the first part.
    """

    literals: tuple[Literal, ...]
    gap: int = 0
    either: bool = False


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern: what was written, its language and its steps."""

    source: str
    language: str
    steps: tuple[Step, ...]


def fold(text: str) -> str:
    """``text`` without the difference of letter case, character by character.

    The length never changes, so offsets stay true; a letter whose folded form
    is longer (``ß``) is left as it is. A typographic apostrophe, hyphen or
    no-break space becomes the plain one.

    >>> fold("Minors' RIGHTS in der Straße")
    "minors' rights in der straße"
    """
    folded = text.casefold()
    if len(folded) == len(text) and text.isascii():
        return folded
    return text.translate({ord(c): _folded(c) for c in set(text)})


def _folded(character: str) -> str:
    if character in _ALIKE:
        return _ALIKE[character]
    folded = character.casefold()
    return folded if len(folded) == 1 else character


def parse_pattern(source: str, language: str) -> Pattern:
    """Parse one pattern of a lexicon.

    Raises ``ValueError`` that says what is wrong and what is accepted.

    >>> parse_pattern("净化 ... (网络|网上)", "zh").steps[1]
    Step(literals=(Literal(text='网络', prefix=False), Literal(text='网上', prefix=False)), gap=4, either=False)
    """
    if not source or source != source.strip():
        raise ValueError("an empty pattern, or one with white space around it")
    if len(source) > _MOST_LENGTH:
        raise ValueError(f"{len(source)} characters; a pattern has at most {_MOST_LENGTH}")
    parts = _OPERATOR.split(source)
    steps = [Step(_literals(parts[0], language))]
    for operator, digits, part in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        gap = int(digits) if digits else DEFAULT_GAP[language]
        if gap > _MOST_GAP:
            raise ValueError(f"a distance of {gap}; at most {_MOST_GAP} can stand between two parts")
        steps.append(Step(_literals(part, language), gap, operator == "<>"))
    return Pattern(source, language, tuple(steps))


def _literals(part: str, language: str) -> tuple[Literal, ...]:
    part = part.strip()
    if not part:
        raise ValueError("an operator (... or <>) with nothing on one side")
    if "..." in part or "<>" in part:
        raise ValueError("an operator (... or <>) that does not stand between spaces")
    choices: list[list[str]] = []
    for piece in re.split(r"(\([^()]*\))", part):
        if piece.startswith("(") and piece.endswith(")"):
            alternatives = piece[1:-1].split("|")
            if not all(a.strip() if language == "zh" else a for a in alternatives):
                raise ValueError(f"an empty alternative in {piece}")
            choices.append([a.strip() if language == "zh" else a for a in alternatives])
        elif any(c in piece for c in "()|"):
            raise ValueError("brackets that do not pair, are nested, or a | outside of them; write (a|b)")
        elif piece:
            choices.append([piece])
    total = 1
    for alternatives in choices:
        total *= len(alternatives)
    if total > _MOST_LITERALS:
        raise ValueError(f"{total} combinations of alternatives; at most {_MOST_LITERALS}")
    found = dict.fromkeys("".join(words) for words in itertools.product(*choices))
    return tuple(_literal(text, language) for text in found)


def _literal(text: str, language: str) -> Literal:
    prefix = text.endswith("*")
    body = text.removesuffix("*")
    if "*" in body:
        raise ValueError(
            f"a * inside {text!r}; it stands at the end of an English word, and `purif* ...0 water` goes on from there"
        )
    if prefix and language != "en":
        raise ValueError(f"a * in {text!r}; word endings are for English, Chinese matches any characters anyway")
    if not body.strip():
        raise ValueError("a pattern without a character to look for")
    if clause_ends(code_points(body))[:-1].any() or clause_ends(code_points(body + "x"))[-2]:
        raise ValueError(f"a clause end inside {text!r}; patterns match within one clause")
    if language == "en":
        word = in_classes(code_points(body), "LMN")
        edges = [bool(word[0]) or body[0] == "_", bool(word[-1]) or body[-1] == "_"]
        if not all(edges):
            raise ValueError(f"{text!r} does not begin and end with a letter or digit; English matches whole words")
    return Literal(fold(body) if language == "en" else body, prefix)
