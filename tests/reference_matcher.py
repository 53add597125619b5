"""The span rules of lexicons, written again with the POSIX matching of `regex`.

Slow and short: two leftmost-longest passes a frame, one for the false friends and
one for the terms, on a text in which everything that ends a clause, and then
everything that is claimed, has become a line end. Nothing of `analysis.search`
is used.
"""

import regex

WORD = r"[\p{L}\p{M}\p{N}_]"
CLAUSE_END = regex.compile(r"[，。；：！？\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|[,;:.!?](?=[\s”’\"')\]）》」』】]|$)")


def part(text, english):
    """One part of a pattern, brackets and word endings included."""
    out = "".join(
        f"(?:{'|'.join(regex.escape(a.strip() if not english else a) for a in piece[1:-1].split('|'))})"
        if piece.startswith("(")
        else regex.escape(piece)
        for piece in regex.split(r"(\([^()]*\))", text.strip())
    )
    out = out.replace(r"\*", f"{WORD}*")
    return f"(?<!{WORD})(?:{out})(?!{WORD})" if english else out


def expression(pattern, english):
    """A pattern of the lexicon as a regular expression."""
    pieces = regex.split(r"\s+(\.\.\.\d*|<>\d*)\s+", pattern)
    result = part(pieces[0], english)
    for operator, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        most = operator.lstrip(".<>") or ("5" if english else "4")
        gap = rf"[^\n]{{0,{most}}}"
        if english:
            other = rf"(?:(?!{WORD})[^\n])"
            gap = rf"(?:{other}+(?:{WORD}+(?:['’-]{WORD}+)*{other}+){{0,{most}}})"
        right = part(piece, english)
        result = f"(?:{result}{gap}{right}|{right}{gap}{result})" if operator[0] == "<" else f"(?:{result}{gap}{right})"
    return result


def folded(text):
    """Without letter case; typographic apostrophes, hyphens and spaces are the plain ones."""
    text = text.translate({0x2019: "'", 0x2010: "-", 0x2011: "-", 0xA0: " "})
    return "".join(f if len(f := c.casefold()) == 1 else c for c in text)


def reference(text, language, false_friends, terms):
    """``(claimed spans, hits)`` of one frame; a hit is (start, end, index of the term)."""
    english = language == "en"
    masked = CLAUSE_END.sub("\n", folded(text) if english else text)
    source = [folded(p) if english else p for p in [*false_friends, *terms]]
    friends = [expression(p, english) for p in source[: len(false_friends)]]
    wanted = [expression(p, english) for p in source[len(false_friends) :]]
    claimed = [m.span() for m in regex.finditer("(?p)(?:" + "|".join(friends) + ")", masked)] if friends else []
    for start, end in claimed:
        masked = masked[:start] + "\n" * (end - start) + masked[end:]
    hits = []
    for match in regex.finditer("(?p)(?:" + "|".join(wanted) + ")", masked) if wanted else ():
        start, end = match.span()
        first = next(i for i, p in enumerate(wanted) if regex.compile(p).fullmatch(masked, start, end))
        hits.append((start, end, first))
    return claimed, hits
