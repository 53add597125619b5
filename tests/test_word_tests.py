import time

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from query_oracle import accepted, tokens_of

from analysis.errors import InputError, TifaWarning
from analysis.queries import parse_query
from analysis.word_tests import Stopwatch, WordTests


def all_of(tokens):
    return WordTests(tokens, Stopwatch("match", 5.0))


SOURCES = st.sampled_from(
    [
        *("a", "A|b", "a*", "?b", "*", "??", "a.b", r"\*", "[]", '"a"', '"A|b"', '"a.*" %c', '[word!="a|b"]', '"a|"'),
        *('[word="a.*" & word!="ab"]', '[word!="A" %c | word="A"]', '"(?i)ab"', '"a.b|b"', '"a-b|b"', '[word!="x"]'),
    ]
)
VOCABULARY = st.lists(st.text("aAbB.*-’'净", min_size=1, max_size=4), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(VOCABULARY, SOURCES)
def test_the_words_are_those_that_the_test_accepts_one_by_one(words, source):
    tokens, node = tokens_of([[*words, None]]), parse_query(source).root
    tests = all_of(tokens)
    expected = [i for i, word in enumerate(tokens.vocabulary) if accepted(node, word)]
    assert tests.kinds(node).tolist() == expected
    assert tests.number(node) == sum(accepted(node, word) for word in words)
    mask = tests.mask(node)
    assert mask.tolist() == [*(i in expected for i in range(len(tokens.vocabulary))), False]


def test_removed_tokens_pass_no_test_of_a_word():
    tokens = tokens_of([[None, "a", None]])
    node = parse_query('[word!="b"]').root
    assert all_of(tokens).mask(node)[tokens.ids].tolist() == [False, True, False]


def test_words_that_stand_nowhere_are_kept_and_those_that_are_not_wanted_are_not():
    tokens = tokens_of([["a", "b"]])
    tests = all_of(tokens)
    for source in ("a|x", "q*?", '"y|a"', '"z.*"', '[word!="w"]', '[word!="v.*"]'):
        tests.kinds(parse_query(source).root)
    assert list(tests.unknown) == ["x", "q*?", "y", "z.*"]


def test_all_is_said_once_and_only_if_there_is_something_to_say(recwarn):
    tests = all_of(tokens_of([["a"]]))
    tests.say_unknown(True)
    assert not recwarn.list
    tests.kinds(parse_query("x|x1|x2|x3|x4").root)
    tests.say_unknown(False)
    (said,) = [str(w.message) for w in recwarn.list]
    assert said.startswith("No token is x, x1, x2 and 2 more. Nothing is found.")
    assert issubclass(recwarn.list[0].category, TifaWarning)


def test_the_time_is_that_of_all_expressions_together():
    watch = Stopwatch("match", 0.2)
    watch.timed(lambda seconds: time.sleep(0.1), "a", 0)
    assert 0 < watch.left < 0.11
    exploding = regex.compile("(a|aa)+c")
    began = time.monotonic()
    with pytest.raises(InputError, match=r"match: 1 fault\n  - query, column 8: received .*0\.2 seconds"):
        watch.timed(lambda seconds: exploding.fullmatch("a" * 100, timeout=seconds), "(a|aa)+c", 7)
    assert time.monotonic() - began < 0.5
    assert watch.timed(lambda seconds: seconds, "a", 0) <= 1e-3
