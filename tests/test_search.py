import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_matcher import reference

from analysis.corpus import Corpus
from analysis.counts import count
from analysis.errors import InputError, MissingStep
from analysis.lexicon import make_lexicon
from analysis.search import find, tally
from analysis.segmentation import segment


def corpus_of(*texts, language="zh"):
    return Corpus(
        pd.DataFrame(
            {
                "id": [f"d{i}" for i in range(len(texts))],
                "date": ["2021-05-07"] * len(texts),
                "language": [language] * len(texts),
                "text": list(texts),
            }
        )
    )


def spans(text, frame, language="zh", claimed=False):
    hits = find(corpus_of(text, language=language), make_lexicon({"f": frame}), claimed=claimed)
    return hits["text"].tolist()


def zh(terms, friends=()):
    return {"terms": {"zh": list(terms)}, "false_friends": {"zh": list(friends)}}


def en(terms, friends=()):
    return {"terms": {"en": list(terms)}, "false_friends": {"en": list(friends)}}


@pytest.mark.parametrize(
    ("text", "frame", "expected"),
    [
        ("净化网络环境", zh(["净化 ... 网络"]), ["净化网络"]),
        ("净化一二三四网络", zh(["净化 ... 网络"]), ["净化一二三四网络"]),
        ("净化一二三四五网络", zh(["净化 ... 网络"]), []),
        ("净化一二三四五网络", zh(["净化 ...5 网络"]), ["净化一二三四五网络"]),
        ("净化，网络", zh(["净化 ... 网络"]), []),
        ("净化、网络", zh(["净化 ... 网络"]), ["净化、网络"]),
        ("净化\n网络", zh(["净化 ... 网络"]), []),
        ("政治生态不断净化", zh(["净化 <> 政治生态"]), ["政治生态不断净化"]),
        ("净化政治生态", zh(["净化 <> 政治生态"]), ["净化政治生态"]),
        ("净化净化网络", zh(["净化 ... 网络"]), ["净化净化网络"]),
        ("净化网络网络", zh(["净化 ... 网络", "网络"]), ["净化网络网络"]),
        ("水质净化厂和净化网络", zh(["净化"], ["水质净化", "净化厂"]), ["净化"]),
        ("空气净化网络", zh(["净化 ... 网络"], ["空气净化"]), []),
        ("净化", zh(["(净化|净)", "净"]), ["净化"]),
        ("两个一百年", zh(["百年", "一百年"], ["两个一百年"]), []),
        ("建省六十周年", zh(["建(省|市) ...6 周年"]), ["建省六十周年"]),
        ("建市100周年", zh(["建(省|市) ...6 周年"]), ["建市100周年"]),
    ],
)
def test_chinese_rules_by_hand(text, frame, expected):
    assert spans(text, frame) == expected


@pytest.mark.parametrize(
    ("text", "frame", "expected"),
    [
        ("Minority views of a MINOR.", en(["minor"]), ["MINOR"]),
        ("Purifying and purified, unpurified", en(["purif*"]), ["Purifying", "purified"]),
        ("purify the whole of our online space", en(["purif* ... online"]), ["purify the whole of our online"]),
        ("purify a b c d e online", en(["purif* ... online"]), ["purify a b c d e online"]),
        ("purify a b c d e f online", en(["purif* ... online"]), []),
        ("purify 1,500 online", en(["purif* ...1 online"]), []),
        ("purify state-of-the-art online", en(["purif* ...1 online"]), ["purify state-of-the-art online"]),
        ("purify, online", en(["purif* ... online"]), []),
        ("purified water for minors", en(["purif*", "minors"], ["purified water"]), ["minors"]),
        ("protect minors' rights", en(["minors ... rights"]), ["minors' rights"]),
        (
            "children’s books, the cultural\u00a0market",
            en(["children's", "cultural market"]),
            ["children’s", "cultural\u00a0market"],
        ),
        ("online-purified", en(["purif* <> online"]), ["online-purified"]),
    ],
)
def test_english_rules_by_hand(text, frame, expected):
    assert spans(text, frame, "en") == expected


def test_claimed_lists_what_false_friends_took():
    assert spans("建水质净化厂，净化网络", zh(["净化"], ["水质净化", "净化厂"]), claimed=True) == ["水质净化"]
    assert spans("建水质净化厂", zh(["净化"], ["水质净化厂", "水质净化"]), claimed=True) == ["水质净化厂"]


def test_sub_frames_compete_but_frames_do_not():
    lexicon = make_lexicon(
        {
            "p": {"network": {"terms": {"zh": ["净化 ... 网络"]}}, "rest": {"terms": {"zh": ["净化"]}}},
            "n": ["网络"],
        }
    )
    hits = find(corpus_of("净化网络"), lexicon)
    assert hits[["frame", "text"]].to_numpy().tolist() == [["p.network", "净化网络"], ["n", "网络"]]
    assert list(hits["frame"].cat.categories) == ["p", "p.network", "p.rest", "n"]


def test_of_two_terms_with_one_span_the_first_in_the_file_wins():
    lexicon = make_lexicon({"f": {"a": {"terms": {"zh": ["净化 ... 文化"]}}, "b": {"terms": {"zh": ["净化文化"]}}}})
    assert find(corpus_of("净化文化"), lexicon)["frame"].tolist() == ["f.a"]


def test_a_statement_is_searched_in_its_own_language():
    lexicon = make_lexicon({"f": ["净化", "purif*"]})
    table = pd.DataFrame(
        {"id": ["a", "b"], "date": ["2021"] * 2, "language": ["zh", "en"], "text": ["净化 purify", "净化 purify"]}
    )
    assert find(Corpus(table), lexicon)["text"].tolist() == ["净化", "purify"]


def test_no_hits_gives_an_empty_table_that_knows_the_frames():
    hits = find(corpus_of("一二三"), make_lexicon({"f": ["净化"]}))
    assert list(hits.columns) == ["document", "frame", "term", "start", "end", "text"]
    assert len(hits) == 0
    assert list(hits["frame"].cat.categories) == ["f"]
    assert list(tally(hits).columns) == ["document", "frame", "term", "hits"]


def test_wrong_input_names_the_missing_step():
    with pytest.raises(MissingStep, match="read_corpus"):
        find(pd.DataFrame(), make_lexicon({"f": ["净化"]}))
    with pytest.raises(InputError, match="read_lexicon"):
        find(corpus_of("净化"), {"f": ["净化"]})
    with pytest.raises(InputError, match="accepted: f"):
        find(corpus_of("净化"), make_lexicon({"f": ["净化"]}), frames=["g"])
    with pytest.raises(MissingStep, match="find"):
        tally(pd.DataFrame({"document": ["a"]}))


# ------------------------------------------------------------- hits of each unit


def hits_at(*places):
    """Hits of the frame f: the document and where each starts."""
    table = pd.DataFrame(places, columns=["document", "start"])
    return table.assign(
        frame=pd.Categorical(["f"] * len(table), categories=["f", "g"]), term="净化", end=table.start + 2
    )


def units_of(*spans):
    table = pd.DataFrame(spans, columns=["document", "start", "end"])
    return table.assign(unit=table.groupby("document").cumcount())


def tallied(hits, units):
    return tally(hits, units=units)[["document", "unit", "hits"]].to_numpy().tolist()


def test_a_hit_belongs_to_the_unit_in_which_it_starts():
    units = units_of(("a", 0, 7), ("a", 7, 12), ("b", 0, 9))
    hits = hits_at(("a", 0), ("a", 6), ("a", 7), ("a", 11), ("b", 7))
    table = tally(hits, units=units)
    assert table.to_numpy().tolist() == [["a", 0, "f", "净化", 2], ["a", 1, "f", "净化", 2], ["b", 0, "f", "净化", 1]]
    assert table.columns.tolist() == ["document", "unit", "frame", "term", "hits"]
    assert list(table["frame"].cat.categories) == ["f", "g"]
    assert (table["unit"].dtype, table["hits"].dtype) == ("int64", "int64")


def test_units_of_other_documents_and_in_any_order_change_nothing():
    units = units_of(("z", 0, 99), ("a", 0, 7), ("a", 7, 12), ("b", 0, 9), ("c", 0, 9))
    hits = hits_at(("c", 8), ("a", 8), ("a", 6))
    assert tallied(hits, units) == [["a", 0, 1], ["a", 1, 1], ["c", 0, 1]]
    assert tallied(hits, units.iloc[::-1]) == tallied(hits, units)
    assert tallied(hits, units.set_index("document", drop=False)) == tallied(hits, units)
    assert tallied(hits.iloc[::-1], units) == tallied(hits, units)


def test_a_hit_in_a_passage_without_a_token_of_its_own_belongs_to_the_unit_before():
    """净化网络 is cut 净化 / 网络, so that of four passages of one character the first and the third are units."""
    parts = pd.DataFrame({"document": "d0", "part": list("0123"), "start": range(4), "end": range(1, 5)})
    corpus = corpus_of("净化网络")
    units = count(segment(corpus), units="blocks", parts=parts).units
    assert units[["unit", "start", "end"]].to_numpy().tolist() == [[0, 0, 1], [1, 2, 3]]
    assert tallied(find(corpus, make_lexicon({"f": ["化网"]})), units) == [["d0", 0, 1]]


def test_no_hits_have_no_units():
    hits = find(corpus_of("一二三"), make_lexicon({"f": ["净化"]}))
    for units in (units_of(("d0", 0, 3)), units_of()):
        table = tally(hits, units=units)
        assert table.columns.tolist() == ["document", "unit", "frame", "term", "hits"]
        assert len(table) == 0
        assert list(table["frame"].cat.categories) == ["f"]


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([("c", 3)], "hits, c: received hits, and no unit"),
        ([("a", 12)], "hits, a: received a hit that starts at 12; accepted: one from 0 to below 12"),
        ([("a", 10**12)], "a hit that starts at 1000000000000"),
        ([("b", 4)], "hits, b: received a hit that starts at 4; accepted: one from 5 to below 9"),
        ([("a", -1)], "a hit that starts at -1"),
        ([("a", 1), ("c", 3), ("a", 13), ("a", 14), ("b", 9), ("b", 6)], "tally: 3 faults"),
    ],
)
def test_a_hit_in_no_unit_is_never_lost_silently(places, message):
    units = units_of(("a", 0, 7), ("a", 7, 12), ("b", 5, 9))
    with pytest.raises(InputError, match=message) as caught:
        tally(hits_at(*places), units=units)
    assert "must be those of the texts that were searched" in str(caught.value)


def test_a_hit_before_the_only_unit_is_not_in_it():
    with pytest.raises(InputError, match="from 5 to below 9"):
        tally(hits_at(("b", 4)), units=units_of(("b", 5, 9)))


def test_what_is_no_table_of_units_is_refused():
    hits, units = hits_at(("a", 1)), units_of(("a", 0, 7), ("a", 7, 12))
    with pytest.raises(InputError, match="units, a: received 0 to 8, then 7; accepted: units behind one another"):
        tally(hits, units=units.assign(end=[8, 12]))
    with pytest.raises(InputError, match="units behind one another"):
        tally(hits, units=pd.concat([units, units]))
    with pytest.raises(InputError, match=r"units\.end.*whole numbers"):
        tally(hits, units=units.assign(end=[7, None]))
    with pytest.raises(InputError, match=r"hits\.start.*whole numbers"):
        tally(hits.assign(start=0.5), units=units)
    with pytest.raises(MissingStep, match="lack the column unit, end: count"):
        tally(hits, units=units[["document", "start"]])
    with pytest.raises(MissingStep, match="no column start"):
        tally(hits.drop(columns="start"), units=units)
    with pytest.raises(MissingStep, match=r"pass counts\.units"):
        tally(hits, units=count(segment(corpus_of("净化"))))
    with pytest.raises(MissingStep, match="lack the column document"):
        tally(hits, units="blocks")


@st.composite
def hits_and_units(draw):
    """Documents cut anywhere, some of their passages no units (never the first or the last), and hits."""
    places, spans = [], []
    for document in draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True)):
        cuts = sorted(draw(st.sets(st.integers(1, 29), max_size=6)))
        passages = list(zip([0, *cuts], [*cuts, 30], strict=True))
        kept = [draw(st.booleans()) or i in (0, len(passages) - 1) for i in range(len(passages))]
        spans += [(document, *span) for span, keep in zip(passages, kept, strict=True) if keep]
        places += [(document, start) for start in draw(st.lists(st.integers(0, 29), max_size=8))]
    return hits_at(*draw(st.permutations(places))), units_of(*spans)


@settings(max_examples=200, deadline=None)
@given(hits_and_units())
def test_hits_of_units_are_in_their_place_and_sum_to_those_of_documents(drawn):
    hits, units = drawn
    table = tally(hits, units=units)
    summed = table.groupby(["document", "frame", "term"], observed=True)["hits"].sum().reset_index()
    pd.testing.assert_frame_equal(summed, tally(hits))
    # Read off one by one: the last unit that starts at or before the hit.
    naive = {}
    for document, start in zip(hits["document"], hits["start"], strict=True):
        unit = units[(units["document"] == document) & (units["start"] <= start)]["unit"].max()
        naive[document, unit] = naive.get((document, unit), 0) + 1
    assert {(d, u): n for d, u, n in table[["document", "unit", "hits"]].itertuples(index=False)} == naive


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.sampled_from("净化网络，。\n a"), min_size=1, max_size=40).filter(str.strip), min_size=1))
def test_every_hit_has_its_unit_among_those_that_were_counted(texts):
    corpus = corpus_of(*texts)
    hits = find(corpus, make_lexicon({"f": zh(["净化 ... 网络", "化", "络a"])}))
    tokens = segment(corpus)
    for units in (count(tokens, units="blocks", size=4).units, count(tokens).units):
        table = tally(hits, units=units)
        assert table.groupby(["document", "term"])["hits"].sum().equals(hits.groupby(["document", "term"]).size())
        for document, unit, n in (
            table.groupby(["document", "unit"])["hits"].sum().reset_index().itertuples(index=False)
        ):
            span = units[(units["document"] == document) & (units["unit"] == unit)].iloc[0]
            mine = hits[hits["document"] == document]["start"]
            assert ((mine >= span["start"]) & (mine < span["end"])).sum() == n


ZH_PARTS = st.sampled_from(["净", "化", "净化", "化净", "网", "网络", "(净|净化|网)", "(化网|化)"])
EN_PARTS = st.sampled_from(["pure", "pur*", "net", "net*", "(net|pure net)", "pure-net", "(pure|net)", "é*"])
OPERATORS = st.sampled_from(["...", "...0", "...1", "...2", "<>", "<>1"])


@st.composite
def patterns(draw, parts):
    text = draw(parts)
    for _ in range(draw(st.integers(0, 2))):
        text += f" {draw(OPERATORS)} {draw(parts)}"
    return text


def agreement(text, language, terms, friends):
    frame = {"terms": {language: terms}, "false_friends": {language: friends}}
    corpus, lexicon = corpus_of(text, language=language), make_lexicon({"f": frame})
    stored = corpus.table["text"].iloc[0]
    claimed, hits = reference(stored, language, friends, terms)
    found = find(corpus, lexicon)
    assert list(zip(found["start"], found["end"], strict=True)) == [h[:2] for h in hits]
    assert found["term"].tolist() == [terms[h[2]] for h in hits]
    taken = find(corpus, lexicon, claimed=True)
    assert list(zip(taken["start"], taken["end"], strict=True)) == claimed
    assert all(stored[s:e] == t for s, e, t in zip(found["start"], found["end"], found["text"], strict=True))


@settings(max_examples=400, deadline=None)
@given(
    st.text(st.sampled_from("净化网络一、，。\n,; 𠮷"), min_size=1, max_size=30).filter(str.strip),
    st.lists(patterns(ZH_PARTS), min_size=1, max_size=4, unique=True),
    st.lists(patterns(ZH_PARTS), max_size=2, unique=True),
)
def test_chinese_spans_are_those_of_the_reference(text, terms, friends):
    agreement(text, "zh", terms, [f for f in friends if f not in terms])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "pure",
                "Pure",
                "net",
                "nets",
                "purer",
                "a",
                "É",
                "é",
                "'s",
                "-",
                " ",
                " ",
                ", ",
                ".",
                "\n",
                "’",
                "_",
                "9",
                "ß",
            ]
        ),
        min_size=1,
        max_size=14,
    )
    .map("".join)
    .filter(str.strip),
    st.lists(patterns(EN_PARTS), min_size=1, max_size=4, unique=True),
    st.lists(patterns(EN_PARTS), max_size=2, unique=True),
)
def test_english_spans_are_those_of_the_reference(text, terms, friends):
    agreement(text, "en", terms, [f for f in friends if f not in terms])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.sampled_from("净化网络，"), min_size=1, max_size=12), min_size=1, max_size=6))
def test_documents_never_influence_each_other(texts):
    lexicon = make_lexicon({"f": zh(["净化 ... 网络", "净"], ["化网"])})
    together = find(corpus_of(*texts), lexicon)
    alone = [find(corpus_of(t), lexicon) for t in texts]
    assert together["text"].tolist() == [t for a in alone for t in a["text"]]
    assert together["start"].tolist() == [t for a in alone for t in a["start"]]
