import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_matcher import reference

from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep
from analysis.lexicon import make_lexicon
from analysis.search import find, tally


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
