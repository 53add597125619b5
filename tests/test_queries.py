import re
import time
from unicodedata import normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.queries import MOST_REPEATS, parse_query
from analysis.query_parts import Choice, Condition, Filter, Frame, Repeat, Run, TextPattern, TokenTest, Words

ANY = TokenTest((), 0)


def bare(node):
    """The tree without the columns: nested tuples of class names and contents."""
    if isinstance(node, tuple):
        return tuple(bare(part) for part in node)
    if hasattr(node, "__dataclass_fields__"):
        kept = [name for name in node.__dataclass_fields__ if name not in ("column", "place")]
        return (type(node).__name__, *(bare(getattr(node, name)) for name in kept))
    return node


def words(*exact, wild=()):
    return Words(exact, tuple(wild), 0)


def test(*options):
    return TokenTest(tuple(tuple(Condition(*condition, 0) for condition in option) for option in options), 0)


test.__test__ = False


@pytest.mark.parametrize(
    ("source", "root"),
    [
        ("净化", words("净化")),
        ("  净化\t", words("净化")),
        ("网络|环境", words("网络", "环境")),
        ("网络|网络", words("网络")),
        ("净*", words(wild=["净.*"])),
        ("?化", words(wild=[".化"])),
        ("净化|?化|净*", words("净化", wild=[".化", "净.*"])),
        ("a.b*", words(wild=[r"a\.b.*"])),
        (r"\?", words("?")),
        (r"\*\|\/\(\)", words("*|/()")),
        ("U.S.", words("U.S.")),
        ("3:1", words("3:1")),
        ("std::vector", words("std::vector")),
        ("a\\", words("a\\")),
        ("净化 网络", Run((words("净化"), words("网络")))),
        ("打击 []{0,3} 犯罪", Run((words("打击"), Repeat(ANY, 0, 3), words("犯罪")))),
        ("a []", Run((words("a"), ANY))),
        ("a []?", Run((words("a"), Repeat(ANY, 0, 1)))),
        ("a []*", Run((words("a"), Repeat(ANY, 0, MOST_REPEATS)))),
        ("[]+", Repeat(ANY, 1, MOST_REPEATS)),
        ("很{1,3}", Repeat(words("很"), 1, 3)),
        ("很{2}", Repeat(words("很"), 2, 2)),
        ("很{2,}", Repeat(words("很"), 2, MOST_REPEATS)),
        ("a 很{,2}", Run((words("a"), Repeat(words("很"), 0, 2)))),
        ("很{ 1 , 3 }", Repeat(words("很"), 1, 3)),
        ("(a b | c)", Choice((Run((words("a"), words("b"))), words("c")))),
        ("(a|b | c)", Choice((words("a", "b"), words("c")))),
        ("(a)", words("a")),
        ("((a b))", Run((words("a"), words("b")))),
        ("(a b)+", Repeat(Run((words("a"), words("b"))), 1, MOST_REPEATS)),
        ("(a (b | c d))", Run((words("a"), Choice((words("b"), Run((words("c"), words("d")))))))),
        ('[word="a"]', test([("a", False, False)])),
        ('[ word = "a" ]', test([("a", False, False)])),
        ('[word!="a"]', test([("a", True, False)])),
        ('[word="a" %c]', test([("a", False, True)])),
        ('[word="a" & word!="b"]', test([("a", False, False), ("b", True, False)])),
        ('[word="a" | word="b" & word!="c"]', test([("a", False, False)], [("b", False, False), ("c", True, False)])),
        ('"purif.*" %c', test([("purif.*", False, True)])),
        ('"purif.*"%c', test([("purif.*", False, True)])),
        (r'"a\"b"', test([('a"b', False, False)])),
        (r'"a\.b"', test([(r"a\.b", False, False)])),
        ('"a"? b', Run((Repeat(test([("a", False, False)]), 0, 1), words("b")))),
        ("/净化.{0,4}网络/", TextPattern("净化.{0,4}网络", 0)),
        (r"/a\/b/", TextPattern("a/b", 0)),
        (r"/\d+/", TextPattern(r"\d+", 0)),
        ("/a/{1}", Repeat(TextPattern("a", 0), 1, 1)),
        ("<purification.network>", Frame("purification.network", 0)),
        ("< minors >", Frame("minors", 0)),
        ("净化 <minors>", Run((words("净化"), Frame("minors", 0)))),
        ("<minors>{2}", Repeat(Frame("minors", 0), 2, 2)),
        ("净化<minors>", Run((words("净化"), Frame("minors", 0)))),
        ("within", words("within")),
        ("act within", Run((words("act"), words("within")))),
        ("act within the law", Run((words("act"), words("within"), words("the"), words("law")))),
        (r"act \within reason", Run((words("act"), words("within"), words("reason")))),
        ("cafe\u0301", words("caf\u00e9")),
    ],
)
def test_each_construct_is_what_the_table_says(source, root):
    query = parse_query(source)
    assert bare(query.root) == bare(root)
    assert (query.within, query.filters) == ("", ())


@pytest.mark.parametrize("unit", ["sentence", "clause", "paragraph"])
def test_a_unit_may_follow(unit):
    assert parse_query(f"a b within {unit}").within == unit
    assert parse_query(f"a within  {unit} :: year=2020").within == unit
    assert parse_query(f'"a" within {unit}::year=2020').filters[0].column == "year"


@pytest.mark.parametrize(
    ("source", "filters"),
    [
        ("year=2018", [("year", "is", ("2018",))]),
        ("year = 2018", [("year", "is", ("2018",))]),
        ("year!=2018", [("year", "is not", ("2018",))]),
        ("year=2018..2020", [("year", "between", ("2018", "2020"))]),
        ("date = 2018-07 .. 2020", [("date", "between", ("2018-07", "2020"))]),
        ("place=北京|上海", [("place", "is", ("北京", "上海"))]),
        ("place = 北京 | 上海", [("place", "is", ("北京", "上海"))]),
        ('title="a b"|c', [("title", "is", ("a b", "c"))]),
        (r'title="a\"b"', [("title", "is", ('a"b',))]),
        ("url=https://x.y/z?a", [("url", "is", ("https://x.y/z?a",))]),
        ("a=1 & b!=2&c=3", [("a", "is", ("1",)), ("b", "is not", ("2",)), ("c", "is", ("3",))]),
    ],
)
def test_conditions_may_follow(source, filters):
    for joint in (" :: ", "::"):
        query = parse_query(f"净化{joint}{source}")
        assert [(f.column, f.kind, f.values) for f in query.filters] == filters
        assert bare(query.root) == bare(words("净化"))
    assert isinstance(query.filters[0], Filter)


FAULTS = [
    ("", 1, "a word"),
    ("   ", 4, "a word"),
    ("()", 2, "a word"),
    ("( | a)", 3, "a word"),
    ("(a | )", 6, "a word"),
    ("(a", 1, "closes it"),
    ("b ((a | b)", 3, "closes it"),
    ("a)", 2, "a ( before it"),
    (")", 1, "a ( before it"),
    ("a ]", 3, "a word"),
    ("a }", 3, "a word"),
    ("a > b", 3, "a word"),
    ("a | b", 3, "alternatives without a space"),
    ("| b", 1, "alternatives without a space"),
    ("a| b", 2, "a word right after it"),
    ("a|", 2, "a word right after it"),
    ("a||b", 3, "a word"),
    ("[", 1, "closes it"),
    ('a [word="b"', 3, "closes it"),
    ("[word]", 6, "= or !="),
    ("[word=a]", 7, "in quotation marks"),
    ('[lemma="a"]', 2, "word="),
    ('[word="a" word="b"]', 11, "& or |"),
    ('[word="a" & ]', 13, "word="),
    ("[!]", 2, "word="),
    ('[word=""]', 7, "between the quotation marks"),
    ('a "b', 3, 'a second "'),
    ('""', 1, "between the quotation marks"),
    ('"a(b"', 5, "a regular expression"),
    ('x "a[b"', 7, "a regular expression"),
    ('[word="*"]', 8, "a regular expression"),
    (r'"\"\"a(b"', 9, "a regular expression"),
    (r"/\/\\\/a(b/", 11, "a regular expression"),
    ("/a", 1, "a second /"),
    ("a //", 3, "between the slashes"),
    ("/a(b/", 5, "a regular expression"),
    ("a /b/{2}", 3, "says itself how often"),
    ("/b/?", 1, "says itself how often"),
    ("<", 1, "<frame>"),
    ("a <b c>", 3, "<frame>"),
    ("<>", 1, "<frame>"),
    ("打击 []{3,1} 犯罪", 6, "not smaller"),
    ("a{101}", 2, "at most 100 times"),
    ("a{1,101}", 2, "at most 100 times"),
    ("a{x}", 2, "{3}, {1,3}"),
    ("a{}", 2, "{3}, {1,3}"),
    ("a{,}", 2, "{3}, {1,3}"),
    ("a{1 2}", 2, "{3}, {1,3}"),
    ("a{1", 2, "{3}, {1,3}"),
    ("a{2}{3}", 5, "a word"),
    ("[]*", 1, "at least one part"),
    ("a{0}", 1, "at least one part"),
    ("(a{0,1} | b)", 1, "at least one part"),
    ("((((a){100}){100}){100}){100}", 1, "fewer repeats"),
    ("a within word", 10, "sentence, clause or paragraph"),
    ("within sentence", 1, "a word"),
    ("a :: ", 6, "the name of a column"),
    ("a ::", 5, "the name of a column"),
    ("a :: 3=4", 6, "the name of a column"),
    ("a :: year", 10, "= or !="),
    ("a :: year<3", 10, "= or !="),
    ("a :: year=", 11, "a value"),
    ("a :: year= & b=1", 12, "a value"),
    ("a :: year=1..", 14, "a value"),
    ("a :: year!=1..2", 13, "one value or several"),
    ("a :: year=1 b=2", 13, "& and a further condition"),
    ("a :: year=1 within sentence", 13, "& and a further condition"),
    ('a :: year="x', 11, 'a second "'),
    ("(" * 51 + "a" + ")" * 51, 51, "at most 50 brackets"),
    ("a \ud800", 3, "Unicode text"),
]


@pytest.mark.parametrize(("source", "column", "accepted"), FAULTS)
def test_every_fault_is_named_with_its_column(source, column, accepted):
    with pytest.raises(InputError) as caught:
        parse_query(source)
    (fault,) = caught.value.faults
    assert fault.field == f"column {column}"
    assert accepted in fault.accepted
    str(caught.value).encode("utf-8")  # can be printed


@pytest.mark.parametrize(
    ("before", "columns", "width"),
    [
        ("净化", 2, 4),
        ("ｎｅｔ", 3, 6),
        ("x\u030c", 2, 1),
        ("cafe\u0301", 4, 4),
        ("\u1112\u1161\u11ab", 1, 2),
        ("𠮷", 1, 2),
        ("a\u200b", 2, 1),
        ("حم", 2, 2),
    ],
)
def test_the_column_counts_characters_and_the_sign_stands_under_it(before, columns, width):
    """Characters that take no room or twice as much, and those that become one with what stands before."""
    with pytest.raises(InputError) as caught:
        parse_query(f"{before} ]")
    assert caught.value.faults[0].field == f"column {columns + 2}"
    shown, sign = str(caught.value).split("\n")[-2:]
    assert shown.endswith(" ]")
    assert sign == " " * (2 + width + 1) + "^"


def test_a_long_query_is_shown_around_the_fault():
    with pytest.raises(InputError) as caught:
        parse_query("净化\n" * 1000 + "] " + "网络 " * 1000)
    shown, sign = str(caught.value).split("\n")[-2:]
    assert len(shown) <= 82
    assert caught.value.faults[0].field == "column 3001"
    assert sum(2 if c > "一" else 1 for c in shown[: shown.index("]")]) == sign.index("^")


@pytest.mark.parametrize("source", [None, 5, b"a", ["a"], {"a": 1}, float("nan")])
def test_what_is_no_text_is_refused(source):
    with pytest.raises(InputError, match="accepted: a text"):
        parse_query(source)


def test_a_query_may_be_long_but_not_without_end():
    many = "|".join(f"词{i}" for i in range(10_000))
    began = time.monotonic()
    assert len(parse_query(many).root.exact) == 10_000
    assert len(parse_query(f"({many.replace('|', ' | ')})").root.options) == 10_000
    assert parse_query(f'"{many}"').root.options[0][0].pattern == many
    assert len(parse_query("a " * 10_000).root.parts) == 10_000
    assert time.monotonic() - began < 5
    with pytest.raises(InputError, match="at most 500,000"):
        parse_query("a" * 500_001)
    with pytest.raises(InputError, match="up to 60,000 tokens"):
        parse_query("a " * 60_000)
    assert parse_query("(" * 50 + "a" + ")" * 50).root == words("a").__class__(("a",), (), 50)
    with pytest.raises(InputError, match="recursion|regular expression"):
        parse_query('"' + "(" * 5000 + ")" * 5000 + '"')


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("净化 网络", "  净化   网络 "),
        ("打击 []{0,3} 犯罪", "打击 [ ]{ 0 , 3 }  犯罪"),
        ("(a b | c)", "( a b|c )".replace("b|c", "b | c")),
        ('[word="a" & word!="b"]', '[ word = "a"&word != "b" ]'),
        ("a within sentence", "a  within   sentence"),
        ("a :: year=2020 & place=x|y", "a::year = 2020&place = x | y"),
        ("a", "(a)"),
        ("a{0,2} b", "a{,2} b"),
        ('"a" %c', '"a"%c'),
        ("<a>", "< a >"),
        ("caf\u00e9", "cafe\u0301"),
    ],
)
def test_spacing_does_not_change_the_digest(one, other):
    assert parse_query(one).digest == parse_query(other).digest


def test_meaning_changes_the_digest():
    different = [
        *("a", "b", "a b", "b a", "a|b", "(a | b)", "a*", r"a\*", "[]", "a []", "a []{0,2}", "a []{0,3}", '"a"'),
        *('"a" %c', '[word!="a"]', "/a/", "<a>", "a within sentence", "a within clause", "a :: x=1", "a :: x!=1"),
        *("a :: y=1", "a :: x=1|2", "a :: x=1..2", "a :: x=1 & y=1", "a :: y=1 & x=1"),
    ]
    assert len({parse_query(source).digest for source in different}) == len(different)


# ------------------------------------------------------------- properties

SIGNS = [*'净化ab [](){}<>"/|\\?*+,.:&=!%c0123_-\n\u0301', "word", "within sentence", "::", "[word="]
ALPHABET = st.lists(st.sampled_from(SIGNS)).map("".join)


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.text(), ALPHABET))
@example('"[[a]"')
@example('"a(?i)b"')
@example(r'"\L<x>"')
@example('"(?<=a*)b"')
@example('"[a&&b]"')
@example('"(?V1)[[a]--[b]]"')
@example('"a{99999999999999999999}"')
@example('"(?#"')
@example('"(?P<a"')
@example("a\x00 \u2028]")
@example("  a\\  ")
@example("a\\\\  ")
@example("a :: b=c\\ ")
def test_any_text_is_a_query_or_is_refused(source):
    try:
        query = parse_query(source)
    except InputError as error:
        assert re.fullmatch(r"column \d+", error.faults[0].field)
        assert 1 <= int(error.faults[0].field.split()[1]) <= len(source) + 1
        str(error).encode("utf-8")
        return
    assert parse_query(str(query)).digest == query.digest


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("within")
@example("a|b*c?")
@example(' "[]" ')
@example("::x=1")
def test_a_text_behind_backslashes_means_itself(text):
    """The backslashes keep characters from being composed with those before them, not from taking their own form."""
    query = parse_query("".join("\\" + character for character in text))
    assert query.root.exact == ("".join(normalize("NFC", character) for character in text),)
    assert not query.root.wildcards
