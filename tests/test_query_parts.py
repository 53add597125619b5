import pickle

import pytest

from analysis.queries import parse_query
from analysis.query_parts import TextPattern, Words, least_tokens, most_tokens, nodes


@pytest.mark.parametrize(
    ("source", "least", "most"),
    [
        ("a", 1, 1),
        ("a b c", 3, 3),
        ("a []{0,3} b", 2, 5),
        ("(a b | c d e)", 2, 3),
        ("(a b | c){2,3}", 2, 6),
        ("(a b{0,1}){1,2} c", 2, 5),
        ("/x/ <y>", 2, 2),
        ('"a"+', 1, 100),
    ],
)
def test_how_many_tokens_a_match_has(source, least, most):
    root = parse_query(source).root
    assert (least_tokens(root), most_tokens(root)) == (least, most)


def test_all_parts_are_listed():
    found = nodes(parse_query('a (b | [word="c"]{2} /d/) <e>').root)
    assert [type(n).__name__ for n in found] == [
        *("Run", "Words", "Choice", "Words", "Run", "Repeat", "TokenTest", "TextPattern", "Frame"),
    ]
    assert TextPattern("d", 21) in found


def test_a_query_says_itself_and_pickles():
    query = parse_query("  a b :: x=1 ")
    assert str(query) == "a b :: x=1"
    again = pickle.loads(pickle.dumps(query))
    assert again == query
    assert again.digest == query.digest


def test_the_digest_does_not_hang_on_columns_but_on_the_column_of_metadata():
    assert parse_query("a").root == Words(("a",), (), 0)
    assert parse_query(" a").root != parse_query("a").root
    assert parse_query(" a").digest == parse_query("a").digest
    assert parse_query("a :: b=1").digest != parse_query("a :: c=1").digest
