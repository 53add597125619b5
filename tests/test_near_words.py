import time

import pytest

from analysis.near_words import near_words


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("未成年", ["未成年人", "未成年人保护法"]),
        ("未成年人网络", ["未成年人", "网络"]),
        ("净画", ["净化"]),
        ("purifies", ["purified", "purify"]),
        ("qqq", []),
        ("网络", ["网络化"]),
        ("", []),
        (17, []),
    ],
)
def test_near_words_hold_it_are_like_it_or_lie_in_it(word, near):
    vocabulary = ("purified", "purify", "净化", "未成年人", "未成年人保护法", "网络", "网络化", "，")
    found = near_words(word, vocabulary)
    assert [w for w in near if w not in found] == []
    if not near and word:
        assert found == []


def test_of_those_that_hold_it_the_most_frequent_come_first():
    vocabulary = [f"净化{sign}" for sign in "甲乙丙丁"]
    assert near_words("净化", vocabulary, [1, 9, 3, 7], most=3)[0] == "净化乙"


def test_a_very_long_one_takes_no_time_and_no_more_than_asked_are_given():
    vocabulary = [f"word{i}" for i in range(5000)]
    began = time.monotonic()
    assert near_words("x" * 100_000, vocabulary) == []
    assert time.monotonic() - began < 1
    assert len(near_words("word", vocabulary)) == 5
