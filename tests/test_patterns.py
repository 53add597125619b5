import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.patterns import Literal, Step, fold, parse_pattern


def literals(source, language="zh", step=0):
    return [x.text for x in parse_pattern(source, language).steps[step].literals]


@pytest.mark.parametrize(
    ("source", "language", "expected"),
    [
        ("净化", "zh", ["净化"]),
        ("建(省|市)", "zh", ["建省", "建市"]),
        ("(建|设)(省|市)", "zh", ["建省", "建市", "设省", "设市"]),
        ("( 省 | 市 )", "zh", ["省", "市"]),
        ("(a|a)b", "zh", ["ab"]),
        ("百 年", "zh", ["百 年"]),
        ("Minor", "en", ["minor"]),
        ("(water|air)(-| )purif*", "en", ["water-purif", "water purif", "air-purif", "air purif"]),
        ("CÉLÈBRE", "en", ["célèbre"]),
    ],
)
def test_alternatives_are_written_out(source, language, expected):
    assert literals(source, language) == expected


@pytest.mark.parametrize(
    ("source", "language", "steps"),
    [
        ("甲 ... 乙", "zh", [(4, False)]),
        ("a ... b", "en", [(5, False)]),
        ("甲 ...6 乙", "zh", [(6, False)]),
        ("甲 ...0 乙", "zh", [(0, False)]),
        ("甲 <> 乙", "zh", [(4, True)]),
        ("甲 <>50 乙", "zh", [(50, True)]),
        ("甲 ... 乙 <>2 丙", "zh", [(4, False), (2, True)]),
        ("甲   ...\u3000乙", "zh", [(4, False)]),
    ],
)
def test_operators_carry_their_distance(source, language, steps):
    assert [(s.gap, s.either) for s in parse_pattern(source, language).steps[1:]] == steps


def test_a_star_is_a_prefix_of_its_own_literal_only():
    assert parse_pattern("(purif*|clean) ... net*", "en").steps == (
        Step((Literal("purif", True), Literal("clean"))),
        Step((Literal("net", True),), 5, False),
    )


@pytest.mark.parametrize(
    ("source", "language", "message"),
    [
        ("", "zh", "an empty pattern"),
        (" 净化", "zh", "white space around it"),
        ("净化\n", "zh", "white space around it"),
        ("甲 ...51 乙", "zh", "a distance of 51; at most 50"),
        ("... 乙", "zh", "nothing on one side"),
        ("甲 <>", "zh", "nothing on one side"),
        ("甲...乙", "zh", "does not stand between spaces"),
        ("甲 ...6乙", "zh", "does not stand between spaces"),
        ("甲<> 乙", "zh", "does not stand between spaces"),
        ("甲 ... ... 乙", "zh", "an operator"),
        ("建(省|)", "zh", "an empty alternative"),
        ("建()", "zh", "an empty alternative"),
        ("建( |市)", "zh", "an empty alternative"),
        ("(a|)b", "en", "an empty alternative"),
        ("(净化", "zh", "brackets that do not pair"),
        ("(省|市", "zh", "brackets that do not pair"),
        ("省)市", "zh", "brackets that do not pair"),
        ("建(省|(市|县))", "zh", "brackets that do not pair, are nested"),
        ("省|市", "zh", r"a \| outside"),
        ("(a|b|c|d|e|f|g)" * 4, "en", "2401 combinations"),
        ("pur*ify", "en", r"a \* inside"),
        ("(a*|b)c", "en", r"a \* inside"),
        ("净化*", "zh", "word endings are for English"),
        ("*", "en", "without a character"),
        ("净化，网络", "zh", "a clause end inside"),
        ("净化。", "zh", "a clause end inside"),
        ("purify, net", "en", "a clause end inside"),
        ("-water", "en", "begin and end with a letter"),
        ("water-", "en", "begin and end with a letter"),
        ("(net| pure)", "en", "begin and end with a letter"),
        ("“", "en", "begin and end with a letter"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(source, language, message):
    with pytest.raises(ValueError, match=message):
        parse_pattern(source, language)


@given(st.text(st.sampled_from("净化a b()|*.<>1，-"), max_size=12), st.sampled_from(["zh", "en"]))
def test_any_text_parses_or_is_refused(source, language):
    try:
        pattern = parse_pattern(source, language)
    except ValueError:
        return
    assert all(x.text for step in pattern.steps for x in step.literals)
    assert not any(c in x.text for step in pattern.steps for x in step.literals for c in "()|*")


@given(st.text())
def test_folding_keeps_every_offset_and_folds_once(text):
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
    assert all(
        f == c or unicodedata.category(c)[0] in "LMNS" or c in "’‐‑\u00a0" for c, f in zip(text, folded, strict=True)
    )
