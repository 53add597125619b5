import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.boundaries import sentences
from analysis.segmenters.english import ABBREVIATIONS, NUMBERED, make

pieces = make()


def words(text):
    return [p for p in pieces(text) if not p.isspace()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # hyphens and apostrophes
        ("anti-pornography, state-of-the-art", "anti-pornography | , | state-of-the-art"),
        ("non‑profit and anti‐drug", "non‑profit | and | anti‐drug"),
        ("anti- and pro-reform", "anti | - | and | pro-reform"),
        ("children's children’s don't O'Neill", "children's | children’s | don't | O'Neill"),
        ("the minors' rights, 'net' ’90s", "the | minors | ' | rights | , | ' | net | ' | ’ | 90s"),
        ("the 1980's and 1980s", "the | 1980's | and | 1980s"),
        ("R&D at AT&T & Co", "R&D | at | AT&T | & | Co"),
        # numbers
        ("1,500.5 of 12% and 1.5, 5‰", "1,500.5 | of | 12% | and | 1.5 | , | 5‰"),
        ("30, 40. 1,", "30 | , | 40 | . | 1 | ,"),
        ("2021-05-07 3/4 7/5/2021 9:30 1990-1991", "2021-05-07 | 3/4 | 7/5/2021 | 9:30 | 1990-1991"),
        ("$600 -5 +5 10%-15%", "$ | 600 | - | 5 | + | 5 | 10% | - | 15%"),
        ("the 5th of 1½ m² (COVID-19)", "the | 5th | of | 1½ | m² | ( | COVID-19 | )"),
        ("a 12-year-old, 1.5-fold 20.5kg", "a | 12-year-old | , | 1.5-fold | 20.5kg"),
        ("and/or HIV/AIDS a:b 1;2", "and | / | or | HIV | / | AIDS | a | : | b | 1 | ; | 2"),
        # points
        ("It protects minors.", "It | protects | minors | ."),
        ("in the U.S. It is", "in | the | U.S. | It | is"),
        ("the U.S.-led, non-U.S. U.S.A U.N.’s", "the | U.S.-led | , | non-U.S. | U.S.A | U.N.’s"),
        ("e.g. at 9 a.m., i.e. now; a Ph.D.", "e.g. | at | 9 | a.m. | , | i.e. | now | ; | a | Ph.D."),
        ("Mr. Gov. (Dr. X), etc.", "Mr. | Gov. | ( | Dr. | X | ) | , | etc."),
        ("No. 5 and Nos. 5 to 7, Art. 3", "No. | 5 | and | Nos. | 5 | to | 7 | , | Art. | 3"),
        ("He said No. Then Art. Dec. 1", "He | said | No | . | Then | Art | . | Dec. | 1"),
        ("J. M. Smith, J.M.Smith, H. R. 3", "J. | M. | Smith | , | J. | M. | Smith | , | H. | R. | 3"),
        ("It was I. Then plan B.", "It | was | I | . | Then | plan | B | ."),
        ("of the nation.The next", "of | the | nation | . | The | next"),
        ("Well... no…… -- so—and — now——", "Well | ... | no | …… | -- | so | — | and | — | now | ——"),
        ("1. First", "1 | . | First"),
        # quotes, addresses, tags
        ("“Purify” 'it' \"now\"!?", "“ | Purify | ” | ' | it | ' | \" | now | \" | ! | ?"),
        ("See https://a.cn/b?c=1&d=(2), ok", "See | https://a.cn/b?c=1&d=(2 | ) | , | ok"),
        ("(www.a.cn/x_y-z.html). <http://a.cn/>", "( | www.a.cn/x_y-z.html | ) | . | < | http://a.cn/ | >"),
        ("https://a.cn，净 http:// www.", "https://a.cn | ， | 净 | http | : | / | / | www | ."),
        ("to a.b+c@d-e.gov.cn. a@b", "to | a.b+c@d-e.gov.cn | . | a | @ | b"),
        ("#minors @office #1 # x", "#minors | @office | # | 1 | # | x"),
        ("snake_case __ a_1", "snake_case | __ | a_1"),
        # other letters and signs
        ("café cafe\u0301 naïve Straße İx mi\u00adnors", "café | cafe\u0301 | naïve | Straße | İx | mi\u00adnors"),
        ("the 净网2021 campaign (净化)", "the | 净 | 网 | 2021 | campaign | ( | 净 | 化 | )"),
        ("カナ かな ไทย 한국어 Россия", "カ | ナ | か | な | ไ | ท | ย | 한국어 | Россия"),
        ("👨‍👩‍👧👍🏽❤️‍🔥🇨🇳🇺🇳1️⃣", "👨‍👩‍👧 | 👍🏽 | ❤️‍🔥 | 🇨🇳 | 🇺🇳 | 1️⃣"),
        ("100€ §5 °C • item", "100 | € | § | 5 | ° | C | • | item"),
        ("a\u00a0b\r\n\u2028c", "a | b | c"),
    ],
)
def test_examples_by_hand(text, expected):
    assert words(text) == expected.split(" | ")
    assert "".join(pieces(text)) == text


ALPHABET = [
    *"abzABZéßñжЖωди中净カひ한ไ0123459½²٣",
    *" \n\r\t\u3000\u00a0\u2028",
    *".,;:!?'’‘“”\"-‐‑–—…/&%‰#@_()[]<>$€+=*·•\\|~",
    *"\u0301\u0308\u00ad\u200d\u200b\ufeff\ufe0f",
    *"👨👩👧👍🏽❤🔥🇨🇳",
    *("Mr.", "No. 5", "U.S.", "Ph.D.", "http://", "www.", "a@b.cn", "'s", "...", "--", "1,500"),
]
TEXT = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(ALPHABET), max_size=25).map("".join),
)


@settings(max_examples=1500, deadline=None)
@given(TEXT)
@example("\ud800a\x00")
def test_the_pieces_are_the_text_and_none_mixes_white_space_with_other_characters(text):
    found = pieces(text)
    assert "".join(found) == text
    assert all(p.isspace() or not any(c.isspace() for c in p) for p in found)
    assert all(found)


# UAX #29, rule by rule, in the words of its property Word_Break (without the rules for Hebrew quotation marks).
# The boundaries of `regex` itself, (?w)\b, are not these: in é'a it cuts before a if é is two code points.
EXTEND = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*"
LETTERS = rf"(?:\p{{WB=ALetter}}{EXTEND}(?:[\p{{WB=MidLetter}}\p{{WB=MidNumLet}}']{EXTEND}(?=\p{{WB=ALetter}}))?)+"
DIGITS = rf"(?:\p{{WB=Numeric}}{EXTEND}(?:[\p{{WB=MidNum}}\p{{WB=MidNumLet}}']{EXTEND}(?=\p{{WB=Numeric}}))?)+"
KATAKANA = rf"(?:\p{{WB=Katakana}}{EXTEND})+"
LINE = rf"(?:\p{{WB=ExtendNumLet}}{EXTEND})"
RUN = rf"(?:(?:{LETTERS}|{DIGITS})+|{KATAKANA})"
UAX_29 = regex.compile(
    r"\r\n|[\p{WB=CR}\p{WB=LF}\p{WB=Newline}]"
    rf"|(?:\p{{WB=WSegSpace}}+{EXTEND}"
    rf"|{LINE}*{RUN}(?:{LINE}+{RUN})*{LINE}*|{LINE}+"
    rf"|\p{{WB=Regional_Indicator}}{EXTEND}\p{{WB=Regional_Indicator}}{EXTEND}"
    rf"|.{EXTEND})(?:(?<=\u200d)\p{{Extended_Pictographic}}{EXTEND})*",
    regex.DOTALL,
)


def unicode_boundaries(text):
    """Where UAX #29 ends a word; runs of white space made one."""
    ends = {0} | {m.end() for m in UAX_29.finditer(text)}
    return {i for i in ends if not (0 < i < len(text) and text[i - 1].isspace() and text[i].isspace())}


def boundaries(text):
    ends = [0]
    for piece in pieces(text):
        ends.append(ends[-1] + len(piece))
    return set(ends)


#: Between these the two agree to the letter: there is no mark that an exception speaks of.
PLAIN = [
    *"abzABZéßжЖωди中净한0123459",
    *(
        "e\u0301",
        "x\u0308\u0304",
        "净\u0301",
        "👍🏽",
        "👨\u200d👩\u200d👧",
        "❤\ufe0f\u200d🔥",
        "a\u00add",
        "🇨🇳",
        "l'e",
        "n’t",
    ),
    *(" ", "\n", "\u3000", "\u00a0"),
    *'!?(),“”"_$€+=*[]<>\\|~•',
]


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.sampled_from(PLAIN), max_size=25).map("".join))
def test_without_the_exceptions_it_is_uax_29(text):
    assert boundaries(text) == unicode_boundaries(text)


#: What stands beside a place where it joins and UAX #29 cuts, and the other way round.
ADDRESS = r"\S*(?:://|www\.|[@#])\S*"  # or a tag
ON_TOP = r"[\p{M}\p{Cf}\p{Emoji_Modifier}]"
JOINS = regex.compile(rf"{ADDRESS}|.?[-‐‑—&/:'’%‰#…½².]{ON_TOP}*.?")
CUTS = regex.compile(
    rf"{ADDRESS}|.?[.:;·‘’'_カひไ]{ON_TOP}*.?|\s{ON_TOP}|\u200d.|\d{ON_TOP}+,.|,{ON_TOP}+.", regex.DOTALL
)


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.sampled_from(ALPHABET), max_size=20).map("".join))
def test_every_departure_from_uax_29_stands_at_a_mark_that_the_table_names(text):
    ours, theirs = boundaries(text), unicode_boundaries(text)
    for place in theirs - ours:
        assert any(m.start() <= place <= m.end() for m in JOINS.finditer(text, overlapped=True)), (place, pieces(text))
    for place in ours - theirs:
        assert any(m.start() <= place <= m.end() for m in CUTS.finditer(text, overlapped=True)), (place, pieces(text))


@pytest.mark.parametrize(
    ("unit", "size"),
    [(unit, 1_000_000) for unit in ("-", "'a", ".", "1,", "1,234.5")]
    + [(unit, 200_000) for unit in ("a.", "a-", "a+", "a@", "a@a.", "a%", "www.", "http://.", "\u0301", "👨\u200d")],
)
def test_a_million_characters_come_to_an_end(unit, size):
    text = unit * (size // len(unit))
    assert sum(map(len, pieces(text))) == len(text)  # about a second; in quadratic time it would be an hour


def test_where_it_keeps_a_stop_with_its_word_no_sentence_ends():
    for abbreviation in [*ABBREVIATIONS, "U.S", "e.g", "p.m", "J"]:
        text = f"See the {abbreviation}. office here. And there."
        assert f"{abbreviation}." in words(text)
        assert len(sentences(text)) == 2, abbreviation
    for abbreviation in NUMBERED:
        text = f"See {abbreviation}. 5 here. And there."
        assert f"{abbreviation}." in words(text)
        assert len(sentences(text)) == 2, abbreviation


SENTENCE_PARTS = [
    "Mr.",
    "U.S.",
    "No.",
    "5",
    "5.",
    "J.",
    "Smith",
    "I.",
    "B.",
    "The",
    "minors.",
    "etc.",
    "e.g.",
    "Dec.",
    "p.m.",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SENTENCE_PARTS), min_size=1, max_size=12).map(" ".join))
def test_a_stop_that_stays_with_its_word_is_inside_its_sentence(text):
    ends = {end for _, end in sentences(text)} - {len(text)}
    at = 0
    for piece in pieces(text):
        at += len(piece)
        assert at not in ends or piece == ".", (piece, text)


def test_real_speeches(shared):
    import pandas as pd

    texts = pd.read_parquet(shared / "corpora/us_presidents_en/documents.parquet")["text"]
    found = [p for text in texts for p in pieces(text)]
    assert "".join(found) == "".join(texts)
    counted = pd.Series(found).value_counts()
    assert counted["U.S."] > 100
    assert counted["children's"] > 40
    assert counted["Attorney-General"] > 60
    assert not [p for p in counted.index if "--" in p.strip("-") or (p.endswith((",", ";", "-.")) and len(p) > 1)]
