import pickle
import re
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import query_oracle as oracle
from hypothesis import example, given, settings
from hypothesis import strategies as st
from query_oracle import tokens_of
from small_corpora import corpus_of

from analysis import matching
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep, TifaError, TifaWarning
from analysis.lexicon import make_lexicon
from analysis.matching import match
from analysis.positions import stretches
from analysis.queries import parse_query
from analysis.query_parts import TextPattern, nodes
from analysis.search import find
from analysis.segmentation import segment
from analysis.tokens import Tokens


def found(tokens, query, **options):
    """(row, first, last) of the matches, places counted within the document."""
    hits = match(tokens, query, **options)
    begin = tokens.document_offsets[hits.row]
    return list(zip(hits.row.tolist(), (hits.first - begin).tolist(), (hits.last - begin).tolist(), strict=True))


def spaced(*texts, language="en", **columns):
    corpus = corpus_of(*texts, language=language, **columns)
    return corpus, segment(corpus, "spaces")


def texts_of(tokens, query, corpus, **options):
    hits = match(tokens, query, corpus=corpus, **options)
    texts = corpus.table["text"].tolist()
    return [texts[row][a:b] for row, a, b in zip(hits.row, hits.start, hits.end, strict=True)]


# ------------------------------------------------------------- against the oracle

WORDS = ["a", "b", "ab", "B", "."]
documents_ = st.lists(st.lists(st.sampled_from([*WORDS, "a", "b", None]), max_size=9), min_size=1, max_size=3)
quantity = st.sampled_from(["{1}", "{2}", "{0,1}", "{1,2}", "{0,3}", "{2,}", "{,2}"])
short = st.sampled_from(["", "", "?", "*", "+", "{0,2}", "{2}"])
word = st.sampled_from(["a", "b", "A", "ab", "B", "a|b", "a*", "?b", "*b|a", "\\.", "?"])
tests = st.sampled_from(
    [
        "[]",
        '[word="a|b"]',
        '[word!="a"]',
        '[word="a.*" & word!="ab"]',
        '[word="A" %c | word="\\."]',
        '[word!="a" & word!="b" | word="a"]',
        '"b"',
        '"b" %c',
        '"(?:a|b)+"',
    ]
)


def _parts(inner):
    sequence = st.lists(inner, min_size=1, max_size=3).map(" ".join)
    group = st.lists(sequence, min_size=1, max_size=3).map(lambda options: f"({' | '.join(options)})")
    return st.tuples(group, short).map("".join)


_PART = st.one_of(
    st.tuples(word, st.one_of(st.just(""), st.just(""), quantity)).map("".join),
    st.tuples(tests, short).map("".join),
)
QUERIES = st.lists(st.recursive(_PART, _parts, max_leaves=5), min_size=1, max_size=4).map(" ".join)


def parsed(source):
    try:
        return parse_query(source)
    except InputError as error:
        assert "empty passage" in str(error) or "a query for up to" in str(error)
        return None


@pytest.mark.filterwarnings("ignore:No token is")
@settings(max_examples=250, deadline=None)
@given(documents_, QUERIES)
@example([["a", "b", "a", "b", "a"]], "(a b){1,2} []* a")
@example([[None, "a", None]], "[] a []")
@example([["a"], [], ["b"]], "a b")
@example([["a", "a", "b"]], '("a"? "b"?)+ b')
@example([["a"] * 5], "a{1,2}")
@example([["b", "a", "a", "a"]], "b (a{0,1}){2,3}")
@example([["a", "b", "b"]], '"a"* (b{2} | ab)')
@example([["a", "b", "ab"]], "(a b | a) (ab | b ab)")
def test_matches_are_the_leftmost_longest_of_all_ways_to_match(documents, source):
    query = parsed(source)
    if query is None:
        return
    expected = oracle.matches(query, documents)
    assert found(tokens_of(documents), query) == expected
    assert found(tokens_of(documents, glued=range(100)), query) == expected  # with or without white space between


@pytest.mark.filterwarnings("ignore:No token is")
@settings(max_examples=100, deadline=None)
@given(documents_, QUERIES, st.sampled_from(["sentence", "clause", "paragraph"]), st.sets(st.integers(0, 20)))
def test_all_of_a_match_lies_within_the_unit(documents, source, unit, lines):
    query = parsed(f"{source} within {unit}")
    if query is None:
        return
    tokens = tokens_of(documents, lines=lines)
    numbers = stretches(tokens, unit)
    units = [numbers[a:b] for a, b in zip(tokens.document_offsets, tokens.document_offsets[1:], strict=False)]
    assert found(tokens, query) == oracle.matches(query, documents, unit=units)


@pytest.mark.filterwarnings("ignore:No token is")
@settings(max_examples=80, deadline=None)
@given(documents_, QUERIES, st.sets(st.integers(0, 2), min_size=1))
def test_conditions_leave_the_other_statements_out(documents, source, rows):
    rows = {row for row in rows if row < len(documents)}
    query = parsed(f"{source} :: kept=yes")
    if query is None or not rows:
        return
    tokens = tokens_of(documents, kept=["yes" if row in rows else "no" for row in range(len(documents))])
    assert found(tokens, query) == oracle.matches(query, documents, rows=rows)
    assert match(tokens, query).rows.tolist() == sorted(rows)


texts_ = st.lists(st.sampled_from(["a", "b", "ab", "aab", "."]), min_size=1, max_size=7).map(" ".join)
passages = st.sampled_from(["/a/", "/a b/", "/b a+/", "/b . a/", "/ /", "/[ab]+ ?a/", "/\\./", "/ab|a/"])
SEQUENCES = st.lists(st.one_of(passages, passages, _PART), min_size=1, max_size=3).map(" ".join)
GROUPS = st.one_of(SEQUENCES, st.lists(SEQUENCES, min_size=2, max_size=2).map(lambda o: f"({' | '.join(o)})"))


@pytest.mark.filterwarnings("ignore:No token is")
@settings(max_examples=150, deadline=None)
@given(st.lists(texts_, min_size=1, max_size=2), st.lists(GROUPS, min_size=1, max_size=2).map(" ".join))
@example(["a b ab"], "/b a/ ab")
@example(["a b ab", "a"], "(/a b/ | a) []{0,1}")
def test_passages_of_text_stand_for_the_tokens_that_they_touch(texts, source):
    query = parsed(source)
    if query is None:
        return
    corpus, tokens = spaced(*texts)
    patterns = {node for node in nodes(query.root) if isinstance(node, TextPattern)}
    if isinstance(query.root, TextPattern):
        expected = [(row, *m.span()) for row, text in enumerate(texts) for m in re.finditer(query.root.pattern, text)]
        hits = match(tokens, query, corpus=corpus)
        assert list(zip(hits.row.tolist(), hits.start.tolist(), hits.end.tolist(), strict=True)) == expected
        return
    words, spans = [text.split() for text in texts], []
    for text in texts:
        places = [m.span() for m in re.finditer(r"\S+", text)]
        here = {}
        for node in patterns:
            touched = [
                [i for i, (a, b) in enumerate(places) if a < m.end() and b > m.start()]
                for m in re.finditer(node.pattern, text)
            ]
            here[node] = {(t[0], t[-1] + 1) for t in touched if t}
        spans.append(here)
    assert found(tokens, query, corpus=corpus) == oracle.matches(query, words, spans=spans)


# ------------------------------------------------------------- by hand


def test_a_passage_within_tokens_has_its_own_characters():
    corpus, tokens = spaced("净化网络 环境", language="zh")
    hits = match(tokens, "/化网/", corpus=corpus)
    assert (hits.start.tolist(), hits.end.tolist(), hits.first.tolist(), hits.last.tolist()) == ([1], [3], [0], [1])
    hits = match(tokens, "/化网/ 环境", corpus=corpus)
    assert (hits.start.tolist(), hits.end.tolist()) == ([0], [7])


def test_a_passage_of_white_space_touches_no_token():
    corpus, tokens = spaced("a  b", "a ", "b")
    hits = match(tokens, "/ +/", corpus=corpus)
    assert (hits.row.tolist(), hits.start.tolist(), hits.end.tolist()) == ([0, 1], [1, 1], [3, 2])
    assert (hits.first == hits.last).all()
    assert match(tokens, "/ +/ within sentence", corpus=corpus).row.tolist() == [0]
    assert len(match(tokens, "/ +/ b", corpus=corpus)) == 0


def test_frames_stand_in_sequences_with_their_sub_frames():
    texts = ("坚决 净化 网络 环境 。 继续 净化 市场", "净化 网络 。 打击 犯罪")
    corpus = corpus_of(*texts, language="zh", index=[7, 7])  # a column of this name is one like any other
    tokens = segment(corpus, "spaces")
    lexicon = make_lexicon(
        {
            "purification": {"network": {"terms": {"zh": ["网络"]}}, "market": {"terms": {"zh": ["市场"]}}},
            "crime": ["犯罪"],
        }
    )
    assert len(find(corpus, lexicon)) == 4
    options = {"corpus": corpus, "lexicon": lexicon}
    assert found(tokens, "净化 <purification>", **options) == [(0, 1, 3), (0, 6, 8), (1, 0, 2)]
    assert found(tokens, "净化 <purification.network>", **options) == [(0, 1, 3), (1, 0, 2)]
    assert found(tokens, "(净化 <purification.network> | 打击 <crime>) []?", **options) == [
        (0, 1, 4),
        (1, 0, 3),
        (1, 3, 5),
    ]
    assert found(tokens, "<purification> []{0,3} <purification>", **options) == []
    assert found(tokens, "<purification> []{0,4} <purification>", **options) == [(0, 2, 8)]
    assert texts_of(tokens, "<crime>", corpus, lexicon=lexicon) == ["犯罪"]
    with pytest.raises(InputError, match=r"query, column 4: received 'crimes'; accepted: crime, "):
        match(tokens, "打击 <crimes>", **options)


def test_letters_case_apostrophes_and_hyphens_are_those_of_the_lexicons():
    corpus, tokens = spaced("Children’s rights", "CHILDREN'S well‑being", "children")
    assert found(tokens, "children's") == found(tokens, "Children’S") == [(0, 0, 1), (1, 0, 1)]
    assert found(tokens, "well-being") == [(1, 1, 2)]
    assert found(tokens, "children*") == [(0, 0, 1), (1, 0, 1), (2, 0, 1)]
    assert found(tokens, '"children.s" %c') == [(0, 0, 1), (1, 0, 1)]
    with pytest.warns(TifaWarning, match=r"No token is children\.s"):
        assert found(tokens, '"children.s"') == []
    assert found(segment(corpus, "spaces", fold=True), '[word="children\'s"]') == [(0, 0, 1), (1, 0, 1)]


def test_right_to_left_and_combining_characters():
    corpus, tokens = spaced("حماية الأطفال", "cafe\u0301 x\u030c", language="en")
    assert texts_of(tokens, "حماية الأطفال", corpus) == ["حماية الأطفال"]
    assert texts_of(tokens, "cafe\u0301", corpus) == texts_of(tokens, "café", corpus) == ["café"]
    assert texts_of(tokens, "x\u030c", corpus) == ["x\u030c"]
    assert texts_of(tokens, "x?", corpus) == ["x\u030c"]


def test_matches_that_overlap_leave_the_leftmost():
    tokens = tokens_of([["a"] * 5])
    assert found(tokens, "a a") == [(0, 0, 2), (0, 2, 4)]
    assert found(tokens, "a{2,3}") == [(0, 0, 3), (0, 3, 5)]
    assert found(tokens, '"a"+') == [(0, 0, 5)]
    assert found(tokens, "[]") == [(0, i, i + 1) for i in range(5)]


def test_what_is_left_of_the_rarest_part_is_found_by_growing_to_the_left():
    tokens = tokens_of([["a", "a", "a", "c"], ["a", "c", "a", "a"]])
    assert found(tokens, "a{1,2} c") == [(0, 1, 4), (1, 0, 2)]
    assert found(tokens, '[]{2} c "a"?') == [(0, 1, 4)]


def test_characters_of_a_match_are_those_from_its_first_token_to_its_last():
    _, tokens = spaced("继续  净化 网络")
    hits = match(tokens, "继续 净化")
    assert (hits.start.tolist(), hits.end.tolist()) == ([0], [6])
    assert len(hits.take(np.array([], dtype=int))) == 0
    assert hits.take(np.array([True])).start.tolist() == [0]


# ------------------------------------------------------------- conditions on metadata

TABLE = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "date": ["2018", "2018-07", "2018-07-15", "2020-01-01"],
        "language": "zh",
        "place": ["北京", "上海", "", "北京"],
        "size": [1, 2, 10, 30],
        "text": "净化",
    }
)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("year=2018", [0, 1, 2]),
        ("year=2018|2020", [0, 1, 2, 3]),
        ("year!=2018", [3]),
        ("year=2018..2019", [0, 1, 2]),
        ("year=2018..2020", [0, 1, 2, 3]),
        ("date=2018-07", [1, 2]),
        ("date=2018-07-15", [2]),
        ("month=2018-07", [1, 2]),
        ("date!=2018-07", [0, 3]),
        ("date=2018-07..2020-01-01", [1, 2, 3]),
        ("since=2018-07-02", [2, 3]),
        ("until=2018-07", [1, 2]),
        ("place=北京", [0, 3]),
        ("place=北京|上海", [0, 1, 3]),
        ("place!=北京", [1, 2]),
        ("size=2..10", [1, 2]),
        ("size=2", [1]),
        ("place=北京 & year=2020", [3]),
        ("place != 北京 & date=2018", [1, 2]),
        ('place="北京"', [0, 3]),
    ],
)
def test_metadata_are_asked_for_in_the_query(condition, rows):
    tokens = segment(Corpus(TABLE))
    assert match(tokens, f"净化 :: {condition}").row.tolist() == rows
    assert match(tokens, f"净化::{condition}").rows.tolist() == rows


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("town=北京", r"column 7.*received 'town'; accepted: id, date"),
        ("place=天津", r"column 7.*天津"),
        ("place=北京 & year=20x8", r"column 18.*20x8.*YYYY"),
        ("place=上海 & year=2020", "conditions that leave no statement"),
        ("since=2018|2019", "since"),
        ("year=2021", "conditions that leave no statement"),
        ("date=2020..2018", "conditions that leave no statement"),
    ],
)
def test_conditions_that_cannot_be_met_are_refused(condition, message):
    with pytest.raises(InputError, match=re.compile(message, re.DOTALL)):
        match(segment(Corpus(TABLE)), f"净化 :: {condition}")


# ------------------------------------------------------------- what is said


def test_unknown_words_are_named_with_those_that_come_near():
    tokens = segment(corpus_of("保护未成年人，未成年人网络"))
    with pytest.warns(TifaWarning) as caught:
        assert len(match(tokens, "未成年")) == 0
    (said,) = [str(w.message) for w in caught]
    assert said.startswith("No token is 未成年 (near: 未成年人)")
    assert "Nothing is found" in said
    with pytest.warns(TifaWarning, match="No token is 青年") as caught:
        assert len(match(tokens, "网络|青年")) == 1
    assert "Nothing is found" not in str(caught[0].message)
    with pytest.warns(TifaWarning, match=r"No token is x1, x2, x3 and 9,997 more\."):
        match(tokens, "(" + " | ".join(f"x{i}" for i in range(1, 10_001)) + " | 网络)")


@pytest.mark.parametrize("source", ["x\\/+", "x*y", r'"a\/\\b/c"', "?zz", '"x{2}/"', '[word="qq"]'])
def test_the_search_that_is_offered_for_an_unknown_word_is_a_query(source):
    corpus, tokens = spaced("a b")
    with pytest.warns(TifaWarning) as caught:
        match(tokens, source)
    offered = re.search(r"otherwise: (/.*/), with corpus", str(caught[0].message))[1]
    assert len(match(tokens, offered, corpus=corpus)) == 0


def test_the_warning_points_at_the_line_of_the_caller():
    with pytest.warns(TifaWarning) as caught:
        match(tokens_of([["a"]]), "zz")
    assert caught[0].filename == __file__


# ------------------------------------------------------------- what is refused


def test_missing_steps_are_named():
    corpus, tokens = spaced("a b")
    with pytest.raises(MissingStep, match=r"match takes Tokens, not Corpus: segment\(corpus\)"):
        match(corpus, "a")
    with pytest.raises(MissingStep, match=r"/…/ searches the text: pass the corpus"):
        match(tokens, "/a/")
    with pytest.raises(MissingStep, match=r"a frame is found in the text: pass the corpus"):
        match(tokens, "b <x>")
    for lexicon in (None, "frames"):
        with pytest.raises(MissingStep, match=r"<x> needs a lexicon.*read_lexicon"):
            match(tokens, "<x>", corpus=corpus, lexicon=lexicon)
    with pytest.raises(MissingStep, match="from a Corpus, not DataFrame"):
        match(tokens, "a", corpus=corpus.table)
    with pytest.raises(InputError, match="the corpus that was cut"):
        match(tokens, "a", corpus=corpus_of("a c", language="en"))


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), "1", None, True])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(InputError, match="seconds.*a number above 0"):
        match(tokens_of([["a"]]), "a", seconds=seconds)


@pytest.mark.parametrize("seconds", [1e300, float("inf"), np.float32(3), np.int64(3), 1e-9])
def test_any_time_above_nothing_will_do(seconds):
    assert len(match(tokens_of([["a"]]), '"a.*"', seconds=seconds)) == 1


def test_an_expression_that_explodes_is_stopped_and_its_column_named():
    corpus, tokens = spaced(*["a" * 60] * 50, "b")
    began = time.monotonic()
    with pytest.raises(InputError, match=r"column 3.*stopped after 0\.3 seconds.*more `seconds`"):
        match(tokens, "b /(a|aa)+c/", corpus=corpus, seconds=0.3)
    with pytest.raises(InputError, match=r"column 9.*stopped after 0\.3 seconds"):
        match(tokens, '[word = "(a|aa)+c"]', seconds=0.3)
    with pytest.raises(InputError, match=r"column 1.*stopped after 0\.3 seconds"):
        match(tokens, '"(a|aa)+c"', seconds=0.3)
    assert time.monotonic() - began < 3


def test_many_expressions_have_no_more_time_together():
    tokens = tokens_of([[f"word{i}" for i in range(20_000)]])
    began = time.monotonic()
    with pytest.raises(InputError, match=r"stopped after 0\.3 seconds"):
        match(tokens, " ".join(f'"(?:x{i}|y).*"' for i in range(1000)), seconds=0.3)
    assert time.monotonic() - began < 3
    with pytest.warns(TifaWarning):
        assert len(match(tokens, "|".join([*(f"q{i}*" for i in range(300)), "*99"]), seconds=5.0)) == 200


def test_what_a_warning_shows_of_a_long_expression_is_short():
    with pytest.warns(TifaWarning) as caught:
        match(tokens_of([["a"]]), '"' + "|".join(f"w{i}" for i in range(10_000)) + '" %c')
    assert len(str(caught[0].message)) < 400


def test_an_expression_that_calls_itself_without_an_end_is_stopped():
    corpus, tokens = spaced("a b")
    with pytest.raises(InputError, match="column 1.*memory"):
        match(tokens, "/((?1))/", corpus=corpus)


def test_too_many_ways_to_match_are_refused(monkeypatch):
    monkeypatch.setattr(matching, "_MOST_PAIRS", 1000)
    tokens = tokens_of([["a", "b"] * 100])
    with pytest.raises(TifaError, match="too many for the memory"):
        match(tokens, "[] []{0,50} []")
    assert len(match(tokens, "[]")) == 200
    corpus, cut = spaced("a " * 100)
    with pytest.raises(TifaError, match="too many for the memory"):
        match(cut, "[]{0,40} /a/", corpus=corpus)


def test_repeats_of_parts_that_may_be_empty_come_to_an_end():
    tokens = tokens_of([["b"] + ["a"] * 150])
    began = time.monotonic()
    assert found(tokens, "b (([]{0,10}){0,10}){0,10}") == [(0, 0, 151)]
    assert found(tokens, "b ((a{0,1}){3,100}){0,100}") == [(0, 0, 151)]
    assert time.monotonic() - began < 3


# ------------------------------------------------------------- sizes and shapes


def test_documents_without_tokens_and_tokens_all_removed():
    assert found(tokens_of([[], ["a"], []]), "a") == [(1, 0, 1)]
    assert found(tokens_of([[], ["a"], [], []]), "[] within sentence") == [(1, 0, 1)]
    removed = tokens_of([[None, None]])
    assert found(removed, "[]") == [(0, 0, 1), (0, 1, 2)]
    assert found(removed, "[]{2} within clause") == [(0, 0, 2)]
    with pytest.warns(TifaWarning, match="Nothing is found"):
        assert found(removed, "a") == []
    assert found(removed, '[word!="a"]') == []
    nothing = tokens_of([[], []])
    for query in ("[]", '[word!="x"]', "[] []", "[]{1,3} within sentence"):
        assert found(nothing, query) == []
    with pytest.raises(InputError, match="tokens without a statement"):
        match(tokens_of([]), "[]")


def test_ten_thousand_alternatives_take_no_time():
    tokens = tokens_of([["a", "b", "c"] * 100])
    many = [f"w{i}" for i in range(10_000)]
    began = time.monotonic()
    for query in ("|".join([*many, "b"]), '"' + "|".join([*many, "b"]) + '"', f"({' | '.join([*many, 'b'])})"):
        with pytest.warns(TifaWarning):
            assert len(match(tokens, query)) == 100
    assert time.monotonic() - began < 10


def test_mapped_pickled_and_shared_tokens_match_alike(tmp_path):
    corpus = corpus_of("净化网络环境。打击犯罪，净化环境", "保护未成年人，净化网络")
    tokens = segment(corpus)
    mapped = Tokens.load(tokens.save(tmp_path / "tokens"))
    assert isinstance(mapped.ids, np.memmap)
    for query in ("净化", "净化 []{0,1} 环境 within sentence", "/化网/", "[]", '[word!="净化"]{2}'):
        expected = found(tokens, query, corpus=corpus)
        assert expected
        assert found(mapped, query, corpus=corpus) == expected
        assert found(pickle.loads(pickle.dumps(mapped)), query, corpus=corpus) == expected
        answers = []
        fresh = replace(tokens)  # nothing is kept for it yet

        def work(tokens=fresh, query=query, answers=answers):
            answers.append(found(tokens, query, corpus=corpus))

        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [expected] * 5


def test_a_parsed_query_does_as_well_as_its_text():
    tokens = tokens_of([["a", "b"]])
    assert match(tokens, parse_query("a b")).first.tolist() == match(tokens, "a b").first.tolist() == [0]
