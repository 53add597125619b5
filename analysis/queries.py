"""The query language of concordances, parsed once.

===============================  ==============================================================
``净化``  ``minors``               this token; in any case of letters
``网络|环境``  ``净*``  ``?化``     one of several; ``*`` for any characters, ``?`` for one
``打击 []{0,3} 犯罪``             one behind the other; ``[]`` is any token, here up to three
``(打击 犯罪 | 维护 秩序)``        one of several sequences
``[word="网.*" & word!="网络"]``  a regular expression that the whole token matches (CQL)
``"purif.*" %c``                 the same, short; ``%c``: in any case of letters
``很{1,3}``  ``[]?``  ``(…)+``      so often; ``?`` ``*`` ``+`` only after ``]`` ``)`` ``"`` ``>``
``/净化.{0,4}网络/``              a regular expression on the text itself
``<purification.network>``       a hit of a frame or sub-frame of a lexicon
``… within sentence``            all of it in one sentence, clause or paragraph
``… :: year=2018..2020 & place=北京|上海``  only in statements with such metadata
===============================  ==============================================================

A match never leaves its statement. Of matches that overlap the leftmost counts, of those that begin
together the longest. ``docs/queries.md`` has examples with what they find.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category, east_asian_width, normalize

import regex

from analysis.encoding import surrogates
from analysis.errors import Fault, InputError, shown
from analysis.query_parts import (
    Choice,
    Condition,
    Filter,
    Frame,
    Node,
    Query,
    Repeat,
    Run,
    TextPattern,
    TokenTest,
    Words,
    least_tokens,
    most_tokens,
)

__all__ = ["MOST_REPEATS", "parse_query"]

#: The most that ``*``, ``+`` and ``{n,}`` stand for, and the largest number in ``{n,m}``.
MOST_REPEATS = 100
_MOST_LENGTH = 500_000
_MOST_DEPTH = 50
#: Repeats of repeats multiply; longer matches would take more time than anybody has.
_MOST_TOKENS = 50_000
_SPECIAL = set('[](){}<>"/|')


def parse_query(source: str) -> Query:
    """The query that ``source`` says; the table above is the language.

    Outside quotation marks a backslash takes the next character as it is (``\\?``, ``\\/``).

    Raises
    ------
    InputError
        With the column of the fault (counted from 1, in the query as it is shown: in the Unicode form NFC, as texts
        are) and what was expected there.

    >>> parse_query('净化 []{0,3} "网络|环境" within sentence').within
    'sentence'
    >>> parse_query("打击 []{3,1} 犯罪")
    Traceback (most recent call last):
        ...
    analysis.errors.InputError: query: 1 fault
      - query, column 6: received '{3,1}'; accepted: a number, then one that is not smaller: {1,3}
      打击 []{3,1} 犯罪
             ^
    """
    if not isinstance(source, str):
        raise InputError("query", [Fault("query", "", f"a {type(source).__name__}", 'a text, such as "净化"')])
    return _parsed(normalize("NFC", source))


@lru_cache(maxsize=64)
def _parsed(source: str) -> Query:
    return _Parser(source).query()


def _width(character: str) -> int:
    """How many columns of a screen a character takes."""
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


class _Parser:
    """Reads a query from left to right; ``at`` is the place of the next character."""

    def __init__(self, source: str) -> None:
        self.source, self.at, self.depth = source, 0, 0

    # What is wrong, and where

    def fault(self, received: str, accepted: str, at: int | None = None) -> InputError:
        place = self.at if at is None else at
        start = max(0, place - 40)
        line = re.sub(r"[\s\ud800-\udfff]", " ", self.source[start : place + 40])  # one line that can be printed
        wide = sum(map(_width, line[: place - start]))
        return InputError(
            "query", [Fault("query", f"column {place + 1}", received, accepted)], f"  {line}\n  {' ' * wide}^"
        )

    def unexpected(self, accepted: str) -> InputError:
        rest = self.source[self.at :]
        return self.fault(shown(rest[:1]) if rest else "the end of the query", accepted)

    # Small steps

    def peek(self, text: str) -> bool:
        return self.source.startswith(text, self.at)

    def space(self) -> None:
        while self.at < len(self.source) and self.source[self.at].isspace():
            self.at += 1

    def take(self, text: str) -> bool:
        if self.peek(text):
            self.at += len(text)
            return True
        return False

    def pattern(self, expression: str) -> re.Match[str] | None:
        found = re.compile(expression).match(self.source, self.at)
        if found:
            self.at = found.end()
        return found

    # The whole

    def query(self) -> Query:
        if len(self.source) > _MOST_LENGTH:
            raise self.fault(f"{len(self.source):,} characters", f"at most {_MOST_LENGTH:,}", 0)
        if (lone := surrogates(self.source)) >= 0:
            raise self.fault(f"a lone surrogate (U+{ord(self.source[lone]):04X})", "Unicode text", lone)
        root = self.run(top=True)
        within, filters = "", []
        if found := self.pattern(r"within\s+(\w*)"):
            within = found[1]
            if within not in ("sentence", "clause", "paragraph"):
                raise self.fault(shown(within), "sentence, clause or paragraph", found.start(1))
        self.space()
        if self.take("::"):
            filters.append(self.filter())
            while self.take("&"):
                filters.append(self.filter())
        if self.at < len(self.source):
            expected = "& and a further condition, or the end" if filters else ":: and a condition, or the end"
            raise self.unexpected(expected)
        if least_tokens(root) == 0:
            raise self.fault("a query that an empty passage would match", "at least one part that must be there", 0)
        if (most := most_tokens(root)) > _MOST_TOKENS:
            raise self.fault(f"a query for up to {most:,} tokens", f"at most {_MOST_TOKENS:,}: fewer repeats", 0)
        written = self.source.strip()
        if (len(written) - len(written.rstrip("\\"))) % 2:  # white space behind a backslash is meant as it stands
            written = self.source.lstrip()[: len(written) + 1]
        return Query(written, root, within, tuple(filters))

    def ended(self) -> bool:
        self.space()
        ends = self.at == len(self.source) or self.peek(")") or self.peek("::")
        return ends or re.compile(r"within\s+\w+\s*(::|$)").match(self.source, self.at) is not None

    def run(self, top: bool = False) -> Node:
        parts: list[Node] = []
        while not self.ended():
            if self.peek("|"):
                if top:
                    accepted = "alternatives without a space (网络|环境), or in brackets (打击 犯罪 | 维护 秩序)"
                    raise self.fault("'|'", accepted)
                break
            parts.append(self.repeated())
        if top and self.peek(")"):
            raise self.fault("')'", "a ( before it")
        if not parts:
            raise self.unexpected('a word, [word="…"], [], (…), "…", /…/ or <frame>')
        return parts[0] if len(parts) == 1 else Run(tuple(parts))

    def repeated(self) -> Node:
        begin = self.at
        node, quantified = self.atom()
        signs = r"[?*+]|\{[^}]*\}?" if quantified else r"\{[^}]*\}?"
        found = self.pattern(signs)
        if not found:
            return node
        least, most = self.numbers(found)
        if isinstance(node, TextPattern) and (least, most) != (1, 1):
            raise self.fault(shown(found[0]), "a regular expression that says itself how often: /(…){2}/", begin)
        return Repeat(node, least, most)

    def numbers(self, found: re.Match[str]) -> tuple[int, int]:
        """How often at least and at most."""
        said, start = found[0], found.start()
        if said in "?*+":
            return {"?": (0, 1), "*": (0, MOST_REPEATS), "+": (1, MOST_REPEATS)}[said]
        numbers = re.fullmatch(r"\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}", said)
        if not numbers or not (numbers[1] or numbers[3]) or (numbers[3] and not numbers[2]):
            raise self.fault(shown(said), "{3}, {1,3}, {2,} or {,3}", start)
        least = int(numbers[1] or 0)
        most = int(numbers[3]) if numbers[3] else (MOST_REPEATS if numbers[2] else least)
        if max(least, most) > MOST_REPEATS:
            raise self.fault(shown(said), f"at most {MOST_REPEATS} times", start)
        if most < least:
            raise self.fault(shown(said), "a number, then one that is not smaller: {1,3}", start)
        return least, most

    # Parts

    def atom(self) -> tuple[Node, bool]:
        """One part, and whether ``? * +`` after it say how often."""
        if self.take("("):
            return self.choice(), True
        if self.take("["):
            return self.test(), True
        if self.peek('"'):
            place = self.at
            condition = Condition(self.quoted(), False, self.any_case(), place)
            return TokenTest(((self.compiled(condition),),), place), True
        if self.peek("/"):
            return self.expression(), True
        if self.peek("<"):
            return self.frame(), True
        return self.words(), False

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise self.fault("'('", f"at most {_MOST_DEPTH} brackets within each other", self.at - 1)
        begin = self.at - 1
        options = [self.run()]
        while self.take("|"):
            options.append(self.run())
        if not self.take(")"):
            if self.at == len(self.source):
                raise self.fault("'(' without an end", "a ) that closes it", begin)
            raise self.unexpected("| or )")
        self.depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def test(self) -> Node:
        place = self.at - 1
        self.space()
        options: list[tuple[Condition, ...]] = []
        if self.take("]"):
            return TokenTest((), place)
        while True:
            conditions = [self.condition(place)]
            while self.take("&"):
                conditions.append(self.condition(place))
            options.append(tuple(conditions))
            if not self.take("|"):
                break
        if not self.take("]"):
            if self.at == len(self.source):
                raise self.fault("'[' without an end", "a ] that closes it", place)
            raise self.unexpected("& or | and a further condition, or ]")
        return TokenTest(tuple(options), place)

    def condition(self, opened: int) -> Condition:
        self.space()
        place = self.at
        if self.at == len(self.source):
            raise self.fault("'[' without an end", 'word="…" and a ] that closes it', opened)
        name = self.pattern(r"\w+")
        if not name or name[0] != "word":
            raise self.fault(shown(name[0]) if name else shown(self.source[self.at :][:1]), 'word="…"', place)
        self.space()
        sign = self.pattern("!?=")
        if not sign:
            raise self.unexpected("= or !=")
        self.space()
        if not self.peek('"'):
            raise self.unexpected('a regular expression in quotation marks: "网络|环境"')
        at = self.at
        condition = Condition(self.quoted(), sign[0] == "!=", self.any_case(), at)
        self.space()
        return self.compiled(condition)

    def any_case(self) -> bool:
        return self.pattern(r"\s*%c") is not None

    def quoted(self) -> str:
        begin = self.at
        found = self.pattern(r'"((?:[^"\\]|\\.)*)"')
        if not found:
            raise self.fault("a quotation mark without its end", 'a second " (inside, write \\")', begin)
        if not found[1]:
            raise self.fault('""', "a regular expression between the quotation marks", begin)
        return found[1].replace('\\"', '"')

    def compiled(self, condition: Condition) -> Condition:
        """The condition, once its expression has been tried."""
        self.tried(condition.pattern, condition.column)
        return condition

    def tried(self, expression: str, begin: int) -> None:
        """Refuse an expression that is none; it stands behind the sign at ``begin``, which it has after backslashes."""
        try:
            regex.compile(expression)
        except (regex.error, OverflowError, RecursionError) as error:
            place = begin + 1
            for _ in range(getattr(error, "pos", None) or 0):
                place += 2 if self.source.startswith("\\" + self.source[begin], place) else 1
            said = getattr(error, "msg", None) or str(error)
            raise self.fault(f"{shown(expression)}: {said}", "a regular expression", place) from None

    def expression(self) -> Node:
        begin = self.at
        found = self.pattern(r"/((?:[^/\\]|\\.)*)/")
        if not found:
            raise self.fault("a / without its end", "a second / (inside, write \\/)", begin)
        if not found[1]:
            raise self.fault("'//'", "a regular expression between the slashes", begin)
        expression = found[1].replace("\\/", "/")
        self.tried(expression, begin)
        return TextPattern(expression, begin)

    def frame(self) -> Node:
        begin = self.at
        found = self.pattern(r"<\s*([\w.-]+)\s*>")
        if not found:
            raise self.fault(shown(self.source[begin : begin + 20]), "<frame> or <frame.sub_frame>", begin)
        return Frame(found[1], begin)

    def words(self) -> Node:
        begin = self.at
        exact: list[str] = []
        wildcards: list[str] = []
        while True:
            literal, expression, wild = self.word()
            if wild:
                wildcards.append(expression)
            else:
                exact.append(literal)
            if not self.take("|"):
                break
            if self.at == len(self.source) or self.source[self.at].isspace():
                accepted = "a word right after it: 网络|环境 (with spaces only in brackets)"
                raise self.fault("a | with nothing after it", accepted, self.at - 1)
        return Words(tuple(dict.fromkeys(exact)), tuple(dict.fromkeys(wildcards)), begin)

    def word(self) -> tuple[str, str, bool]:
        """One word as it stands, as a regular expression, and whether it holds wildcards."""
        begin = self.at
        literal, expression, wild = "", "", False
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "\\" and self.at + 1 < len(self.source):
                self.at += 1
                character = self.source[self.at]
                literal, expression = literal + character, expression + regex.escape(character)
            elif character in "*?":
                wild = True
                literal, expression = literal + character, expression + (".*" if character == "*" else ".")
            elif character.isspace() or character in _SPECIAL or (self.peek("::") and self.filtered()):
                break
            else:
                literal, expression = literal + character, expression + regex.escape(character)
            self.at += 1
        if self.at == begin:
            raise self.unexpected("a word (\\ before a sign that is meant as it stands)")
        return literal, expression, wild

    def filtered(self) -> bool:
        """Whether conditions on metadata begin here."""
        return re.compile(r"::\s*\w+\s*(!?=|[<>])").match(self.source, self.at) is not None

    # Metadata

    def filter(self) -> Filter:
        self.space()
        place = self.at
        name = self.pattern(r"[^\W\d]\w*")
        if not name:
            raise self.unexpected("the name of a column: year=2021, place=北京|上海")
        self.space()
        sign = self.pattern("!?=")
        if not sign:
            raise self.unexpected("= or !=")
        first = self.value()
        if self.take(".."):
            if sign[0] == "!=":
                raise self.fault("'..'", "one value or several with |, after !=", self.at - 2)
            return Filter(name[0], "between", (first, self.value()), place)
        values = [first]
        while self.take("|"):
            values.append(self.value())
        self.space()
        return Filter(name[0], "is" if sign[0] == "=" else "is not", tuple(values), place)

    def value(self) -> str:
        self.space()
        if self.peek('"'):
            value = self.quoted()
        else:
            found = self.pattern(r"(?:(?!\.\.)[^\s|&])+")
            if not found:
                raise self.unexpected('a value: 2021, 北京, or "with spaces"')
            value = found[0]
        self.space()
        return value
