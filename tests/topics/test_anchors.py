import numpy as np
import pytest

from analysis.topics.anchors import doubtful_anchors


def said(*tokens, **named):
    return doubtful_anchors(np.array(tokens, dtype=np.float64), named)


def test_topics_that_hold_their_anchors_and_more_are_not_doubted():
    assert said([5, 5, 0], [0, 1, 9], a=[0], b=[2]) == []
    assert said([1, 99], [0, 5], a=[0]) == []  # a hundredth is enough
    assert said([5, 5], [1, 2]) == []  # nothing anchored


def test_anchors_that_are_elsewhere():
    assert said([2, 5], [3, 0], a=[0]) == [
        "Most occurrences of their anchors are in other topics: a (40 %). Raise strength=, or take other anchors."
    ]
    assert said([3, 5], [3, 0], a=[0]) == []


def test_a_topic_of_anchors_alone():
    (text,) = said([9, 10, 1, 1], [0, 0, 5, 5], a=[0, 1])
    assert text == "There is little but the anchors in a (90 %). Lower strength=, or take more anchors."


def test_anchors_that_are_a_trace():
    (text,) = said([1, 0, 200], [0, 1, 300], a=[0], b=[1])
    assert text == "The anchors are less than 1 % of a (0.5 %), b (0.33 %): read the terms before you call it so."


def test_each_topic_is_said_once():
    texts = said([1, 0, 0, 0], [9, 5, 0, 0], [0, 0, 1, 999], a=[0], b=[1], c=[2])
    assert [text.partition(":")[0] for text in texts] == [
        "Most occurrences of their anchors are in other topics",
        "The anchors are less than 1 % of c (0.1 %)",
    ]


@pytest.mark.filterwarnings("error")
def test_a_topic_that_ran_dry():
    assert said([0, 0], [3, 4], a=[0]) == [
        "Most occurrences of their anchors are in other topics: a (0 %). Raise strength=, or take other anchors."
    ]
