r"""English words, numbers and marks, each with its place in the text.

The starting point is word boundaries as Unicode defines them (UAX #29). No engine
for them (regex, uniseg and ICU were tried) keeps ``anti-pornography``, ``2021-05-07``
or ``U.S.`` whole; tokenizers made for English (NLTK, Bling Fire) take ``don't``
apart; so one regular expression of the standard library does it. It is written
without backtracking, hence linear in the text.

As in UAX #29: letters, digits, marks and underscores side by side are one token
(``5th``, ``a_b``); ``'`` and ``’`` join letters (``children's``, ``don’t``), a final
one stands alone (``minors' rights`` → ``minors``, ``'``), since nothing tells it
from a closing quotation mark; ``1,500.5`` is one token; a letter keeps its combining
marks (NFC or NFD) and an emoji its modifiers and joined parts; Chinese characters
stand one by one; any other mark stands alone, so that the stop of a sentence is a
token. Beyond UAX #29:

====================================  =====================================================
one token                             because
====================================  =====================================================
``anti-pornography`` ``U.S.-led``     hyphens and ``&`` (``R&D``) join words, apostrophes
``1980's``                            join digits too
``2021-05-07`` ``3/4`` ``9:30``       so do ``/`` and ``:`` between digits
``12%`` ``5‰``                        a share is no count; ``$600`` is ``$`` and ``600``
``U.S.`` ``e.g.`` ``p.m.``            single letters with points keep the last one, also
                                      where it ends a sentence
``Mr.`` ``etc.`` ``Ph.D.`` ``Dec.``   so do known abbreviations (`ABBREVIATIONS`), and
``No. 5`` → ``No.`` ``5``             `NUMBERED` ones before a digit (``He said no.`` →
                                      ``no`` ``.``), and initials before a word
                                      (``J. Smith`` → ``J.``; not ``I``, a pronoun)
``https://a.cn/b?c=1`` ``a@b.cn``     addresses, without the punctuation that follows
``#minors`` ``@office``               tags and names of accounts
``...`` ``……`` ``--`` ``——``          an ellipsis, a dash
white space                           a run is one piece (and no token)
====================================  =====================================================

It also cuts where UAX #29 does not: at a full stop, colon, middle dot or opening
quotation mark between words (``nation.The`` is a lost space, far more often than a
name on the net), at ``;`` between digits, at the end of an address, between white
space and a mark; Japanese katakana and the letters of Thai, Lao, Khmer and Burmese
stand one by one like Chinese. Superscripts and fractions (``m²``, ``1½``) count as
letters. Where a stop stays with its word here, `analysis.boundaries.sentences` ends
no sentence.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from analysis.segmenters.base import Pieces

__all__ = ["ABBREVIATIONS", "NUMBERED", "make"]

#: Abbreviations that keep their point wherever they stand, beside single letters with points.
ABBREVIATIONS = (
    *("Mr", "Mrs", "Ms", "Dr", "Prof", "Gen", "Gov", "Sen", "Rep", "St", "vs", "etc", "al", "cf", "Ph.D"),
    *("Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec"),
)
#: Abbreviations that keep it before a digit only, since they are words as well.
NUMBERED = ("No", "Nos", "Art")

# Scripts written without spaces: South-East Asian, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u303c\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaadf"
    "\uf900-\ufaff\uff66-\uff9f\U00016fe0-\U0001b2ff\U00020000-\U0003ffff"
)


def _attached() -> str:
    """What never stands alone: combining marks, invisible controls, skin tones; as a class of a pattern."""
    # All of them lie here; a zero-width space (200B) separates words.
    places = [0xAD, *range(0x300, 0x1F400), *range(0xE0001, 0xE01F0)]
    found = [p for p in places if unicodedata.category(chr(p)) in ("Mn", "Me", "Mc", "Cf") and p != 0x200B]
    return "".join(map(chr, found)) + "\U0001f3fb-\U0001f3ff"


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    attached = f"[{_attached()}]*+"
    word_character = f"[^\\W{_UNSPACED}]"
    letter = f"[^\\W\\d_{_UNSPACED}]"
    run = f"(?:{word_character}++{attached})++"
    pointed = rf"{letter}{attached}(?:\.{letter}{attached})++(?!{word_character})\.?+"
    initial = rf"[A-HJ-Z]\.(?=[ \u00a0]?{word_character})"
    unit = f"(?:{pointed}|{initial}|{run})"
    joined = rf"{unit}(?:(?:['’&\-‐‑]|(?<=\d)[.,:/\u2044](?=\d)){unit})*+"
    known = rf"(?:{'|'.join(map(re.escape, ABBREVIATIONS))})\.(?!{word_character})"
    numbered = rf"(?:{'|'.join(NUMBERED)})\.(?=\s?\d)"
    address = r"(?:https?://|ftp://|www\.)[!#-;=?-\[\]_a-z~]*[#$%&*+\-/0-9=@A-Z_a-z~]"
    # Tried only where a run of its characters begins, or a long run would be read again and again.
    mail = r"(?<![\w.+%\-])[A-Za-z0-9][\w.+%\-]*+@[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++"
    tag = rf"(?<!\w)[#@](?={letter}){run}"
    share = rf"{joined}(?:(?<=\d)[%‰])?+"
    repeated = r"\.{2,}+|…{2,}+|-{2,}+|—{2,}+"
    emoji = "[\u2190-\u2bff\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
    flag = "[\U0001f1e6-\U0001f1ff]"
    single = rf"(?:{flag}{attached}{flag}|.){attached}(?:(?<=\u200d){emoji}{attached})*+"
    return re.compile(
        r"[A-Za-z]++(?=[ ,;])|\s++"  # nine pieces of ten, for speed: what follows would cut them the same way
        rf"|(?:{known}|{numbered}|{address}|{mail}|{tag}|{share}|{repeated}){attached}|{single}",
        re.DOTALL,
    )


def make() -> Pieces:
    """A segmenter for English; see the module for what it keeps whole.

    >>> [p for p in make()("The U.S. report No. 5: 1,500 minors' rights, anti-pornography.") if p != " "]
    ['The', 'U.S.', 'report', 'No.', '5', ':', '1,500', 'minors', "'", 'rights', ',', 'anti-pornography', '.']
    """
    return _pattern().findall
