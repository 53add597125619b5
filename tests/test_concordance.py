import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_oracle import tokens_of
from small_corpora import corpus_of

from analysis import boundaries, concordance
from analysis.concordance import LINE_COLUMNS, kwic, places
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep, TifaError, TifaWarning
from analysis.matching import match
from analysis.queries import parse_query
from analysis.segmentation import segment
from analysis.tokens import Tokens

TEXTS = [
    "继续净化网络环境。保护未成年人，净化文化环境！打击一切犯罪。",
    "净化市场。\n第二段：全面净化。",
    "开展整治，坚决打击一切犯罪，净化社会的风气",
]
TABLE = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "date": ["2020", "2021-05", "2021-05-07"],
        "language": "zh",
        "place": ["北京", "", "天津"],
        "rank": [3, 1, None],
        "mixed": [3, "3a", None],
        "several": [["x"], [1, 2], None],
        "text": TEXTS,
    }
)


def cut(table=TABLE):
    corpus = Corpus(table)
    return corpus, segment(corpus)


def lists(lines, *columns):
    return lines[list(columns)].to_numpy().tolist()


# ------------------------------------------------------------- context


@pytest.mark.parametrize("context", [0, 1, 3, (0, 2), (4, 0), 100, 10**30])
def test_tokens_on_each_side_are_those_of_the_statement(context):
    corpus, tokens = cut()
    left, right = context if isinstance(context, tuple) else (context, context)
    lines, found = kwic(tokens, "净化", corpus=corpus, context=context), match(tokens, "净化")
    assert len(lines) == 5
    for line, row, first in zip(lines.itertuples(), found.row, found.first, strict=True):
        low, high = tokens.document_offsets[row : row + 2]
        begin, stop = max(int(first) - left, low), min(int(first) + 1 + right, high)
        text = TEXTS[row]
        assert line.left == text[tokens.starts[begin] : line.start]
        assert line.right == text[line.end : tokens.ends[stop - 1]]
        assert (line.node, text[line.start : line.end]) == ("净化", "净化")
        assert line.document == "abc"[row]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["净化", "打击 一切 犯罪", "/化.{1,3}环/", "[]", "。"]))
def test_characters_on_each_side_are_sliced_from_the_text(left, right, query):
    corpus, tokens = cut()
    lines = kwic(tokens, query, corpus=corpus, context=(left, right), unit="characters")
    assert len(lines)
    text = dict(zip("abc", TEXTS, strict=True))
    for line in lines.itertuples():
        t = text[line.document]
        assert line.left == t[max(line.start - left, 0) : line.start]
        assert line.node == t[line.start : line.end]
        assert line.right == t[line.end : line.end + right]


@pytest.mark.parametrize("context", [0, 1, (1, 0), (0, 2), 50])
def test_sentences_on_each_side_are_whole(context):
    corpus, tokens = cut()
    left, right = context if isinstance(context, tuple) else (context, context)
    for line in kwic(tokens, "净化|犯罪", corpus=corpus, context=context, unit="sentences").itertuples():
        text = TEXTS["abc".index(line.document)]
        spans = boundaries.sentences(text)
        at = next(i for i, (a, b) in enumerate(spans) if a <= line.start < b)
        begin, stop = spans[max(at - left, 0)][0], spans[min(at + right, len(spans) - 1)][1]
        assert line.left + line.node + line.right == text[begin:stop]


@pytest.mark.parametrize("unit", concordance.CONTEXTS)
@pytest.mark.parametrize("context", [0, 2, (7, 1), 100])
def test_with_and_without_the_corpus_lines_are_alike_where_there_is_no_white_space(unit, context):
    corpus, tokens = cut(TABLE.iloc[[0, 2]])
    for query in ("净化", "打击 一切 犯罪", "[]", "[]{3}"):
        with_text = kwic(tokens, query, corpus=corpus, unit=unit, context=context)
        pd.testing.assert_frame_equal(kwic(tokens, query, unit=unit, context=context), with_text)


def test_without_the_corpus_white_space_is_one_space_and_removed_tokens_are_dots():
    tokens = tokens_of([["the", None, "clean", "net", "."]], glued=[4])
    assert lists(kwic(tokens, "clean"), "left", "node", "right") == [["the …", "clean", "net."]]
    assert lists(kwic(tokens, "clean", context=2, unit="characters"), "left", "right") == [["…", "ne"]]
    corpus = corpus_of("the  a\n clean   net.", language="en")
    assert lists(kwic(segment(corpus), "clean"), "left", "right") == [["the a", "net."]]
    assert lists(kwic(segment(corpus), "clean", corpus=corpus), "left", "right") == [["the  a\n ", "   net."]]


def test_a_folded_text_stays_folded_without_the_corpus():
    corpus = corpus_of("The Clean Net", language="en")
    tokens = segment(corpus, fold=True)
    assert lists(kwic(tokens, "Clean"), "left", "node", "right") == [["the", "clean", "net"]]
    assert lists(kwic(tokens, "clean", corpus=corpus), "left", "node", "right") == [["The ", "Clean", " Net"]]


def test_a_passage_is_cut_at_its_own_characters():
    corpus, tokens = cut()
    lines = kwic(tokens, "/化网/", corpus=corpus, context=2, unit="characters")
    assert lists(lines, "left", "node", "right") == [["续净", "化网", "络环"]]
    corpus = corpus_of("净化  网络", "a ", "b", language="zh")
    assert lists(kwic(segment(corpus), "/ +/", corpus=corpus, context=1), "left", "node", "right") == [
        ["净化", "  ", "网络"],
        ["a", " ", ""],
    ]


# ------------------------------------------------------------- order


def test_lines_come_in_the_order_of_the_texts_unless_they_are_sorted():
    _, tokens = cut()
    assert kwic(tokens, "净化")["document"].tolist() == ["a", "a", "b", "b", "c"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("right1", ["。", "市场", "文化", "社会", "网络"]),
        ("-right1", ["网络", "社会", "文化", "市场", "。"]),
        ("right2", ["。", "市场", "网络", "文化", "社会"]),
        ("right99", ["网络", "文化", "市场", "。", "社会"]),
        ("left1", ["市场", "。", "网络", "文化", "社会"]),
        ("document", ["网络", "文化", "市场", "。", "社会"]),
        ("-document", ["社会", "市场", "。", "网络", "文化"]),
        ("date", ["网络", "文化", "市场", "。", "社会"]),
        ("-date", ["社会", "市场", "。", "网络", "文化"]),
        ("place", ["市场", "。", "网络", "文化", "社会"]),
        ("rank", ["社会", "市场", "。", "网络", "文化"]),
        ("-rank", ["网络", "文化", "市场", "。", "社会"]),
        ("mixed", ["社会", "网络", "文化", "市场", "。"]),
        ("several", ["社会", "网络", "文化", "市场", "。"]),
        ("node", ["网络", "文化", "市场", "。", "社会"]),
        (["-place", "right1"], ["社会", "文化", "网络", "。", "市场"]),
        (["date", "-right1"], ["网络", "文化", "市场", "。", "社会"]),
        ((), ["网络", "文化", "市场", "。", "社会"]),
    ],
)
def test_lines_are_sorted_by_words_dates_and_metadata(sort, expected):
    _, tokens = cut()
    lines = kwic(tokens, "净化", sort=sort, context=1)
    assert lines["right"].tolist() == expected


def test_words_sort_without_regard_to_case_and_beyond_the_statement_comes_first():
    tokens = tokens_of([["b", "x"], ["B", "x"], ["a", "x"], ["x"], ["A", "x"], [None, "x"]])
    assert kwic(tokens, "x", sort="left1")["left"].tolist() == ["", "…", "a", "A", "b", "B"]
    assert kwic(tokens, "x", sort="-left1")["left"].tolist() == ["b", "B", "a", "A", "", "…"]


def test_passages_sort_by_themselves_and_not_by_the_tokens_they_touch():
    corpus = corpus_of("美乙丙", "净甲丙", "净甲丁")
    tokens = segment(corpus, "spaces")
    assert kwic(tokens, "/[甲乙]./", corpus=corpus, sort="node")["node"].tolist() == ["乙丙", "甲丁", "甲丙"]
    corpus = corpus_of("a ", "b c", language="en")
    tokens = segment(corpus, "spaces")
    assert kwic(tokens, "/ /", corpus=corpus, sort="right1")["document"].tolist() == ["d0", "d1"]


# ------------------------------------------------------------- samples


def many():
    years = [*["2019"] * 3, *["2020"] * 20, *["2021-03-05"] * 30]
    return segment(corpus_of(*["净化网络。净化"] * len(years), date=years, place=["北京", *["天津"] * 52]))


def test_a_sample_is_drawn_without_replacement_and_again_with_the_same_seed():
    tokens = many()
    whole, one = kwic(tokens, "净化"), kwic(tokens, "净化", sample=20, seed=3)
    assert len(one) == 20
    assert not one.duplicated().any()
    assert len(one.merge(whole)) == 20
    pd.testing.assert_frame_equal(one, kwic(tokens, "净化", sample=20, seed=3))
    assert lists(one, "document") != lists(kwic(tokens, "净化", sample=20, seed=4), "document")
    assert one["document"].is_monotonic_increasing or list(one.index) == list(range(20))
    pd.testing.assert_frame_equal(kwic(tokens, "净化", sample=10**30, seed=10**30), whole)


def test_every_line_is_drawn_as_often_as_any_other():
    tokens = tokens_of([["a"] * 6])
    drawn = [kwic(tokens, "a", sample=2, seed=seed)["start"].to_numpy() for seed in range(300)]
    counts = np.bincount(np.concatenate(drawn) // 2, minlength=6)
    assert (np.abs(counts - 100) < 4 * np.sqrt(100 * 4 / 6)).all()


def test_a_balanced_sample_has_as_many_lines_of_each_group_and_says_where_there_are_fewer():
    tokens = many()
    with pytest.warns(TifaWarning, match=r"fewer than 10 lines in 1 of 3 groups, of which all are taken: 2019 \(6\)"):
        lines = kwic(tokens, "净化", sample=10, per="year")
    assert lines["date"].str[:4].value_counts().to_dict() == {"2019": 6, "2020": 10, "2021": 10}
    with pytest.warns(TifaWarning, match=r"北京 \(2\)"):
        assert len(kwic(tokens, "净化", sample=3, per="place")) == 5
    assert len(kwic(tokens, "净化", sample=2, per="month")) == 4  # what is dated by the year alone is one group
    assert len(kwic(tokens, "净化 网络", sample=1, per="date_precision", sort="-date")) == 2
    assert len(kwic(tokens, "网络 网络", sample=1, per="year")) == 0


# ------------------------------------------------------------- columns


def test_the_columns_are_these_and_those_that_are_asked_for():
    _, tokens = cut()
    lines = kwic(tokens, "净化", columns=["place", "rank", "place"])
    assert list(lines.columns) == [*LINE_COLUMNS, "place", "rank"]
    assert lines["place"].tolist() == ["北京", "北京", "", "", "天津"]
    assert list(kwic(tokens, "净化", columns="several").columns) == [*LINE_COLUMNS, "several"]
    assert list(lines.index) == [0, 1, 2, 3, 4]


def test_dates_are_no_more_exact_than_they_were_written():
    assert kwic(cut()[1], "净化")["date"].tolist() == ["2020", "2020", "2021-05", "2021-05", "2021-05-07"]


@pytest.mark.parametrize("unit", concordance.CONTEXTS)
def test_a_table_without_lines_has_the_types_of_one_with_lines(unit):
    corpus, tokens = cut()
    options = {
        "columns": ["rank", "place"],
        "sort": ["right1", "-date", "node"],
        "sample": 3,
        "per": "year",
        "unit": unit,
    }
    for source in ({}, {"corpus": corpus}):
        empty = kwic(tokens, "环境 环境", **options, **source)
        with pytest.warns(TifaWarning, match="fewer than 3"):
            full = kwic(tokens, "净化", **options, **source)
        assert (len(empty), len(full)) == (0, 5)
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    with pytest.warns(TifaWarning, match="Nothing is found"):
        assert len(kwic(tokens, "青年")) == 0


# ------------------------------------------------------------- what is refused


def test_all_options_that_are_wrong_are_named_at_once():
    _, tokens = cut()
    with pytest.raises(InputError) as caught:
        kwic(
            tokens,
            "净化",
            context=-1,
            unit="words",
            sort=["left0", "town"],
            columns=["left", "x"],
            sample=0,
            per="day",
            seed=-1,
        )
    fields = [fault.field for fault in caught.value.faults]
    assert fields == ["context", "unit", "sort", "sort", "columns", "columns", "sample", "per", "seed"]


@pytest.mark.parametrize(
    "options",
    [
        *({"context": value} for value in (None, "3", 1.5, True, (1,), (1, 2, 3), (1, -1), [1, "a"])),
        *({"unit": value} for value in (None, "token", ["tokens"], 3)),
        *({"sort": value} for value in (None, 5, "left", "right0", "left100", "--date", "", ["date", 3])),
        *({"columns": value} for value in (None, 5, "node", "text", ["place", None], [["x"]])),
        *({"sample": value} for value in (-1, 1.5, "3", True)),
        *({"seed": value} for value in (None, -1, 0.5, "x")),
        {"per": "year"},
        {"sample": 2, "per": ["x"]},
    ],
)
def test_odd_options_are_refused_before_anything_is_searched(options):
    with pytest.raises(
        InputError, match=f"kwic, {next(iter(options)) if options != {'per': 'year'} else 'sample'}|per"
    ):
        kwic(cut()[1], "不认识的词", **options)


def test_what_are_no_tokens_is_named():
    corpus, tokens = cut()
    with pytest.raises(MissingStep, match="kwic takes Tokens, not Corpus"):
        kwic(corpus, "净化")
    with pytest.raises(MissingStep, match="places takes Tokens, not DataFrame"):
        places(corpus.table, "净化")
    with pytest.raises(InputError, match="the corpus that was cut"):
        kwic(tokens, "净化", corpus=corpus_of("净化"))
    with pytest.raises(InputError, match="query, column 1"):
        kwic(tokens, "")


def test_lines_that_would_fill_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr(concordance, "_MOST_HELD", 100)
    tokens = tokens_of([["a"] * 20])
    assert len(kwic(tokens, "a", context=1)) == 20
    with pytest.raises(TifaError, match="380 tokens|400 tokens"):
        kwic(tokens, "a", context=10**9)


# ------------------------------------------------------------- where hits stand


def test_places_count_words_before_the_hit_and_in_the_statement():
    _, tokens = cut()
    found = places(tokens, ["净化", "打击 一切 犯罪"])
    assert list(found.columns) == ["term", "document", "date", "position", "size"]
    words = [[w for w in tokens.words(d) if boundaries.count_characters(w)] for d in "abc"]
    for line in found.itertuples():
        mine = words["abc".index(line.document)]
        assert mine[line.position] == line.term.split()[0]
        assert line.size == len(mine) == tokens.documents.set_index("id").loc[line.document, "tokens"]
    assert found["term"].tolist() == ["净化"] * 5 + ["打击 一切 犯罪"] * 2
    assert found["date"].tolist()[:5] == kwic(tokens, "净化")["date"].tolist()


def test_places_take_one_query_several_or_parsed_ones():
    corpus, tokens = cut()
    one = places(tokens, "净化")
    pd.testing.assert_frame_equal(one, places(tokens, ["净化", "净化"]))
    pd.testing.assert_frame_equal(one, places(tokens, parse_query("净化")))
    pd.testing.assert_frame_equal(one, places(tokens, [parse_query("净化")]))
    nothing = places(tokens, ["环境 环境"])
    assert len(nothing) == 0
    assert nothing.dtypes.to_dict() == one.dtypes.to_dict()
    assert len(places(tokens, ["环境 环境", "净化"])) == 5
    assert len(places(tokens, "/\n/", corpus=corpus)) == 1
    for queries in ([], None, 5, [5]):
        with pytest.raises(InputError):
            places(tokens, queries)


def test_mapped_and_pickled_tokens_give_the_same_lines(tmp_path):
    _, tokens = cut()
    mapped = Tokens.load(tokens.save(tmp_path / "tokens"))
    for other in (mapped, pickle.loads(pickle.dumps(mapped))):
        for unit in concordance.CONTEXTS:
            pd.testing.assert_frame_equal(
                kwic(tokens, "净化", unit=unit, sort="right1", columns="place"),
                kwic(other, "净化", unit=unit, sort="right1", columns="place"),
            )
        pd.testing.assert_frame_equal(places(tokens, "净化"), places(other, "净化"))


def test_lines_of_documents_without_tokens_or_of_removed_ones_alone():
    tokens = tokens_of([[], [None], ["a"], []])
    for unit in concordance.CONTEXTS:
        lines = kwic(tokens, "[]", unit=unit, sort=["left1", "right1", "node"])
        assert lists(lines, "document", "node") == [["d2", "a"], ["d1", "…"]]
        assert len(kwic(tokens_of([[]]), "[]", unit=unit, sort="left1")) == 0
    assert places(tokens, "[]")[["position", "size"]].to_numpy().tolist() == [[0, 0], [0, 1]]
