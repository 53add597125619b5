from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.agreement import compare_segmenters
from analysis.corpus import Corpus
from analysis.errors import InputError, MissingStep
from analysis.lexicon import make_lexicon
from analysis.search import find
from analysis.segmentation import segment
from analysis.tokens import Tokens


def corpus_of(*texts, language="zh"):
    ids = [f"d{i}" for i in range(len(texts))]
    return Corpus(pd.DataFrame({"id": ids, "date": "2021-05-07", "language": language, "text": list(texts)}))


def tokens_of(*cut, **recipe):
    """A corpus, and tokens of it for each way of cutting: ``净化/网络 。`` has a space before the stop."""
    texts = [[t.replace("/", "") for t in way] for way in cut]
    assert all(t == texts[0] for t in texts)
    corpus = corpus_of(*texts[0])
    return corpus, {f"way {n}": made_by_hand(corpus, way, **recipe) for n, way in enumerate(cut)}


def made_by_hand(corpus, way, **recipe):
    spans = [spans_of(text) for text in way]
    flat = [(a, b, t.replace("/", "")[a:b]) for s, t in zip(spans, way, strict=True) for a, b in s]
    vocabulary = tuple(sorted({w for _, _, w in flat}))
    return Tokens(
        np.array([vocabulary.index(w) for _, _, w in flat], dtype=np.int32),
        np.array([a for a, _, _ in flat], dtype=np.int32),
        np.array([b for _, b, _ in flat], dtype=np.int32),
        np.cumsum([0, *map(len, spans)]).astype(np.int64),
        np.zeros(len(flat), dtype=bool),
        vocabulary,
        corpus.table.drop(columns="text"),
        {"corpus": corpus.digest, "segmenters": {"zh": "by hand"}} | recipe,
    )


def spans_of(text):
    """``净化/网络 。`` → (0, 2), (2, 4), (5, 6)."""
    spans, at = [], 0
    for word in text.split(" "):
        for piece in filter(None, word.split("/")):
            spans.append((at, at + len(piece)))
            at += len(piece)
        at += 1
    return spans


def test_the_bakeoffs_numbers_by_hand():
    # Two of the segmenter's four words are among the reference's three.
    corpus, tokens = tokens_of(["保护/未成年人/。"], ["保护/未/成年人/。"])
    row = compare_segmenters(corpus, tokens).agreement.iloc[0]
    assert row.to_dict() == {
        "reference": "way 0",
        "segmenter": "way 1",
        "documents": 1,
        "reference_words": 3,
        "segmenter_words": 4,
        "agreed_words": 2,
        "word_precision": 2 / 4,
        "word_recall": 2 / 3,
        "word_f1": 4 / 7,
        "reference_boundaries": 2,
        "segmenter_boundaries": 3,
        "agreed_boundaries": 2,
        "boundary_precision": 2 / 3,
        "boundary_recall": 1.0,
        "boundary_f1": 4 / 5,
    }


def test_a_word_with_both_boundaries_but_one_more_inside_is_not_agreed():
    corpus, tokens = tokens_of(["净化/网络/环境"], ["净化/网/络/环境"])
    row = compare_segmenters(corpus, tokens).agreement.iloc[0]
    assert row["agreed_words"] == 2
    assert row["agreed_boundaries"] == 2


def test_the_same_offsets_in_different_statements_are_different_places():
    corpus, tokens = tokens_of(["净化/网络", "净化网络"], ["净化网络", "净化/网络"])
    row = compare_segmenters(corpus, tokens).agreement.iloc[0]
    assert row["agreed_words"] == row["agreed_boundaries"] == 0


def test_white_space_is_a_boundary_that_nobody_can_miss():
    corpus, tokens = tokens_of(["净化 网络", "环境"], ["净化 网/络", "环境"])
    row = compare_segmenters(corpus, tokens).agreement.iloc[0]
    assert (row["reference_boundaries"], row["segmenter_boundaries"]) == (0, 1)
    assert (row["agreed_words"], row["word_f1"]) == (2, 4 / 7)
    assert (row["boundary_precision"], row["boundary_f1"]) == (0, 0)
    assert np.isnan(row["boundary_recall"])


def test_identical_cuttings_agree_wholly():
    corpus = corpus_of("净化网络环境，保护未成年人。", "扫黄打非 2021")
    again = [{"segmenter": "jieba", "label": "again"}, {"label": "by language"}]
    compared = compare_segmenters(corpus, ["jieba", *again])
    scores = [c for c in compared.agreement if c.endswith(("precision", "recall", "f1"))]
    assert (compared.agreement[scores] == 1).all(axis=None)
    assert list(compared.agreement["segmenter"]) == ["again", "by language"]
    assert compared.words.empty
    assert list(compared.words) == [
        "segmenter",
        "word",
        "reference_count",
        "segmenter_count",
        "cut_otherwise",
        "other_cutting",
        "times",
    ]
    assert compared.frames.empty
    assert compared.terms.empty
    assert list(compared.frames) == ["segmenter", "frame", "text_hits", "on_boundaries", "one_token", "cut"]


def test_the_words_that_differ():
    corpus, tokens = tokens_of(
        ["环境/保护/未成年人/的/保护", "环境/保护/法", "环境/保护"],
        ["环境保护/未成年人/的/保护", "环境保护/法", "环/境保/护"],
    )
    words = compare_segmenters(corpus, tokens).words
    # 保护 stands four times in the reference: one is agreed, two lie in 环境保护, one is cut 境保/护.
    assert words.to_dict("records") == [
        {
            "segmenter": "way 1",
            "word": "保护",
            "reference_count": 4,
            "segmenter_count": 1,
            "cut_otherwise": 3,
            "other_cutting": "环境保护",
            "times": 2,
        },
        {
            "segmenter": "way 1",
            "word": "环境",
            "reference_count": 3,
            "segmenter_count": 0,
            "cut_otherwise": 3,
            "other_cutting": "环境保护",
            "times": 2,
        },
    ]
    other = compare_segmenters(corpus, tokens, reference="way 1").words
    assert other[["segmenter", "word", "cut_otherwise", "other_cutting"]].to_numpy().tolist() == [
        ["way 0", "环境保护", 2, "环境/保护"],
        ["way 0", "境保", 1, "环境/保护"],
        ["way 0", "护", 1, "保护"],
        ["way 0", "环", 1, "环境"],
    ]
    assert len(compare_segmenters(corpus, tokens, reference="way 1", most=2).words) == 2


def test_framing_terms_on_tokens():
    corpus, tokens = tokens_of(
        ["环境保护/未成年人", "净/网/行动/，/净网/净网", "净网/络"],
        ["环境/保护/未成年/人", "净网/行动/，/净网/净网", "净/网络"],
    )
    lexicon = make_lexicon({"minors": ["未成年人"], "nets": ["净网", "环境"], "unseen": ["扫黄打非"]})
    compared = compare_segmenters(corpus, tokens, lexicon=lexicon)
    columns = ["segmenter", "frame", "text_hits", "on_boundaries", "one_token", "cut"]
    assert compared.frames[columns].to_numpy().tolist() == [
        ["way 0", "minors", 1, 1, 1, 0],
        ["way 0", "nets", 5, 4, 3, 1],
        ["way 0", "unseen", 0, 0, 0, 0],
        ["way 1", "minors", 1, 1, 0, 0],
        ["way 1", "nets", 5, 4, 4, 1],
        ["way 1", "unseen", 0, 0, 0, 0],
    ]
    assert compared.terms[["segmenter", "term", *columns[2:], "cutting", "times"]].to_numpy().tolist() == [
        ["way 0", "未成年人", 1, 1, 1, 0, "未成年人", 1],
        ["way 0", "净网", 4, 4, 3, 0, "净网", 3],
        ["way 0", "环境", 1, 0, 0, 1, "环境保护", 1],
        ["way 1", "未成年人", 1, 1, 0, 0, "未成年/人", 1],
        ["way 1", "净网", 4, 3, 3, 1, "净网", 3],
        ["way 1", "环境", 1, 1, 1, 0, "环境", 1],
    ]


def test_a_lexicon_that_finds_nothing_gives_zeros():
    compared = compare_segmenters(
        corpus_of("一"), ["jieba", "characters"], lexicon=make_lexicon({"minors": ["未成年人"]})
    )
    assert compared.frames.to_numpy().tolist() == [
        ["jieba", "minors", 0, 0, 0, 0],
        ["characters", "minors", 0, 0, 0, 0],
    ]
    assert compared.terms.empty
    assert list(compared.terms)[:3] == ["segmenter", "frame", "term"]


CUT = st.lists(
    st.lists(st.sampled_from(["净", "化", "网", "络", "，", "净化", "网络", " "]), min_size=1, max_size=9).filter(
        lambda words: any(w != " " for w in words)
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(CUT, st.randoms(use_true_random=False))
def test_spans_and_cuttings_are_those_of_a_set_of_pairs(texts, random):
    joined = ["".join(words).strip() for words in texts]

    def cut(text):
        return "".join(c + random.choice(["", "/"]) for c in text)

    ways = [[cut(t) for t in joined] for _ in range(2)]
    corpus, tokens = tokens_of(*ways)
    lexicon = make_lexicon({"a": ["净化", "网络"], "b": ["化网"]})
    compared = compare_segmenters(corpus, tokens, lexicon=lexicon, most=1000)
    spans = [{(i, a, b) for i, t in enumerate(way) for a, b in spans_of(t)} for way in ways]
    inner = [{(i, b) for i, a, b in s} & {(i, a) for i, a, b in s} for s in spans]
    row = compared.agreement.iloc[0]
    for name, (theirs, ours) in {"words": spans, "boundaries": inner}.items():
        assert row[f"reference_{name}"] == len(theirs)
        assert row[f"segmenter_{name}"] == len(ours)
        assert row[f"agreed_{name}"] == len(theirs & ours)
        short = {"words": "word", "boundaries": "boundary"}[name]
        precision, recall, f1 = (row[f"{short}_{m}"] for m in ("precision", "recall", "f1"))
        assert precision == len(theirs & ours) / len(ours) if ours else np.isnan(precision)
        assert recall == len(theirs & ours) / len(theirs) if theirs else np.isnan(recall)
        if precision > 0:
            assert f1 == pytest.approx(2 * precision * recall / (precision + recall))

    def word(span):
        return joined[span[0]][span[1] : span[2]]

    def as_cut(span, way):
        i, a, b = span
        return "/".join(word(s) for s in sorted(spans[way]) if s[0] == i and s[1] < b and s[2] > a)

    others = {}
    for span in sorted(spans[0] - spans[1]):
        others.setdefault(word(span), Counter())[as_cut(span, 1)] += 1
    totals = {w: sum(c.values()) for w, c in others.items()}
    assert dict(zip(compared.words["word"], compared.words["cut_otherwise"], strict=True)) == totals
    assert list(compared.words["cut_otherwise"]) == sorted(totals.values(), reverse=True)
    for line in compared.words.itertuples():
        assert line.reference_count == sum(word(s) == line.word for s in spans[0])
        assert line.segmenter_count == sum(word(s) == line.word for s in spans[1])
        assert (line.other_cutting, line.times) == others[line.word].most_common(1)[0]

    hits = find(corpus, lexicon)
    number = {d: i for i, d in enumerate(corpus.table["id"])}
    for way in (0, 1):
        starts, ends = {(i, a) for i, a, b in spans[way]}, {(i, b) for i, a, b in spans[way]}
        for frame in ("a", "b"):
            of_frame = hits[hits["frame"] == frame]
            places = [(number[d], a, b) for d, a, b in of_frame[["document", "start", "end"]].to_numpy()]
            on = sum((i, a) in starts and (i, b) in ends for i, a, b in places)
            table = compared.frames
            line = table[(table["segmenter"] == f"way {way}") & (table["frame"] == frame)].iloc[0]
            assert list(line)[2:] == [len(places), on, sum(p in spans[way] for p in places), len(places) - on]


def test_labels_say_what_is_not_as_usual():
    corpus = corpus_of("开展净网行动")
    compared = compare_segmenters(
        corpus,
        [
            "jieba",
            {"segmenter": "jieba", "hmm": False},
            {"segmenter": "jieba", "hmm": False, "dictionary": {"净网": 500}},
            {"segmenter": "characters", "label": "one by one"},
        ],
        reference="jieba, hmm=False",
    )
    assert list(compared.agreement["segmenter"]) == ["jieba", "jieba, hmm=False, dictionary=own words", "one by one"]
    assert set(compared.agreement["reference"]) == {"jieba, hmm=False"}
    with_word = compared.words[compared.words["segmenter"].str.endswith("words")]
    assert with_word[["word", "other_cutting"]].to_numpy().tolist() == [["净", "净网"], ["网", "净网"]]


def test_english_and_two_languages():
    english = corpus_of("Don't purify.", language="en")
    compared = compare_segmenters(english, ["english", "characters"])
    assert compared.words["other_cutting"].tolist() == ["D/o/n/'/t", "p/u/r/i/f/y"]
    table = pd.DataFrame(
        {"id": ["a", "b"], "date": "2021", "language": ["zh", "en"], "text": ["净化网络", "Purify it."]}
    )
    both = compare_segmenters(Corpus(table), [{}, "characters"])
    assert both.agreement.iloc[0]["reference"] == "by language"
    assert both.agreement.iloc[0]["reference_words"] == 5


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    corpus = corpus_of("净化网络")
    with pytest.raises(InputError) as caught:
        compare_segmenters(
            corpus,
            [
                "thulac",
                "english",
                {"segmenter": "jieba", "hmmm": True, "hmm": "no"},
                {"segmenter": "characters", "hmm": True},
                {"segmenter": "jieba", "dictionary": {"净网": 0}},
                {"segmenter": "jieba", "dictionary": str(tmp_path / "absent.txt")},
                "jieba",
                {"segmenter": "jieba"},
                7,
                segment(corpus),
                {"segmenter": ["jieba"]},
            ],
            reference="gold",
            lexicon="frames",
            most=0,
        )
    message = str(caught.value)
    for part in (
        "segmenter 1, segmenter: received 'thulac'",
        "segmenter 2, segmenter: received english, which is not for zh",
        "'hmmm'",
        "segmenter 3, hmm: received 'no'; accepted: True or False",
        "segmenter 4, hmm: received with 'characters'",
        "frequency of 净网",
        "absent.txt",
        "'jieba' a second time",
        "segmenter 9: received 7",
        "segmenter 10: received <Tokens",
        "segmenter 11, segmenter: received ['jieba']",
        "reference: received 'gold'",
        "lexicon: received a str",
        "most: received 0",
    ):
        assert part in message
    assert len(caught.value.faults) == 14


@pytest.mark.parametrize("few", [["jieba"], [], {"jieba": "jieba"}, "jieba", None])
def test_at_least_two_segmenters(few):
    with pytest.raises(InputError, match="at least two"):
        compare_segmenters(corpus_of("净化"), few)


def test_tokens_must_be_those_of_the_corpus():
    corpus, other = corpus_of("净化", "网络"), corpus_of("净网")
    turned = Corpus(corpus.documents[::-1].drop(columns=["date_precision", "characters"]).assign(date="2021-05-07"))
    assert turned.digest == corpus.digest
    removed = segment(corpus)
    removed = Tokens(
        np.full_like(removed.ids, -1),
        removed.starts,
        removed.ends,
        removed.document_offsets,
        removed.line_starts,
        removed.vocabulary,
        removed.documents,
        removed.recipe,
    )
    made = {"a": segment(other), "b": segment(turned), "c": removed, "d": segment(corpus, fold=True)}
    with pytest.raises(InputError) as caught:
        compare_segmenters(corpus, made)
    assert [f.received for f in caught.value.faults] == [
        "tokens of another corpus",
        "tokens of another corpus",
        "2 removed tokens",
        "folded and unfolded tokens",
    ]
    with pytest.raises(MissingStep, match="takes a Corpus"):
        compare_segmenters(segment(corpus), ["jieba", "characters"])


def test_real_reports(shared):
    table = pd.read_parquet(shared / "corpora/gwr_central_zh/documents.parquet").tail(20)
    corpus = Corpus(table[["id", "date", "language", "text"]])
    lexicon = make_lexicon({"minors": ["未成年人"], "market": ["市场"]})
    fine = {"segmenter": "jieba", "hmm": False}
    compared = compare_segmenters(corpus, ["jieba", fine, "characters"], lexicon=lexicon)
    scores = compared.agreement.set_index("segmenter")
    assert 0.9 < scores.loc["jieba, hmm=False", "word_f1"] < 1
    assert scores.loc["characters", "boundary_recall"] == 1
    assert (compared.frames["text_hits"] == compared.frames["on_boundaries"] + compared.frames["cut"]).all()
    characters = compared.terms[compared.terms["segmenter"] == "characters"]
    assert (characters["cut"] == 0).all()
    assert (characters["one_token"] == 0).all()
    assert (compared.words.groupby("segmenter").size() == 20).all()


def test_a_segmenter_that_agrees_everywhere_leaves_the_counts_of_the_others_whole_numbers():
    corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["保护未成年人"]}))
    words = compare_segmenters(corpus, ["jieba", "jieba-reference", "characters"]).words
    assert words["times"].dtype == words["cut_otherwise"].dtype == "int64"
    none = compare_segmenters(corpus, ["jieba", "jieba-reference"]).words
    assert none["times"].dtype == "int64"
    assert none.empty
