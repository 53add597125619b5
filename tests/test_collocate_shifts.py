import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest
from query_oracle import tokens_of
from small_corpora import corpus_of

from analysis.collocate_shifts import _p_values, _quotient, collocate_shifts
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.segmentation import segment

SPANS = {"before": "2010", "after": "2020"}
ALL = {**SPANS, "minimum": 1, "minimum_documents": 1, "resamples": 100}


def dated(before, after, **columns):
    documents = [text.split() for text in [*before, *after]]
    dates = pd.to_datetime(["2010-01-01"] * len(before) + ["2020-01-01"] * len(after))
    return tokens_of(documents, date=dates, **columns)


def small(**columns):
    """Before: 4 matches of n; after: 5."""
    return dated(["n a b", "n a", "n , b n", "c d"], ["n a", "n c", "n c n", "n d x x x x x a"], **columns)


def test_a_small_table_by_hand():
    table = collocate_shifts(small(), "n", window=2, **ALL).set_index("collocate")
    assert table[["before", "after"]].T.to_dict("list") == {
        "a": [2, 1],
        "b": [2, 0],
        "c": [0, 2],
        "d": [0, 1],
        "x": [0, 1],
    }
    assert table["before_share"].to_dict() == pytest.approx({"a": 50, "b": 50, "c": 0, "d": 0, "x": 0})
    assert table["after_share"].to_dict() == pytest.approx({"a": 20, "b": 0, "c": 40, "d": 20, "x": 20})
    assert table["ratio"].to_dict() == pytest.approx({"a": 0.4, "b": 0, "c": np.inf, "d": np.inf, "x": np.inf})
    assert (table["tests"] == 5).all()
    assert (table["change"] == "").all()
    assert table["p"].between(0, 1).all()
    assert (table["p_adjusted"] >= table["p"]).all()


def test_what_is_compared_stands_near_often_enough_in_both_spans_together():
    assert set(collocate_shifts(small(), "n", **ALL | {"minimum": 3})["collocate"]) == {"a"} | {"x"}
    assert set(collocate_shifts(small(), "n", **ALL | {"minimum_documents": 2})["collocate"]) == {"a", "b", "c"}
    others = dated(["n a"], ["n a"], place=["p", "q"])
    assert len(collocate_shifts(others, "n", **ALL | {"minimum": 3})) == 0


def test_before_and_after_exchanged_turn_the_ratio_over():
    rng = np.random.default_rng(5)
    words = [["n", *rng.choice(list("abcd"), 3)] for _ in range(60)]
    dates = pd.to_datetime(["2010-01-01"] * 30 + ["2020-01-01"] * 30)
    tokens = tokens_of(words, date=dates)
    one = collocate_shifts(tokens, "n", **ALL | {"resamples": 1000}).set_index("collocate").sort_index()
    other = (
        collocate_shifts(
            tokens, "n", before="2020", after="2010", minimum=1, minimum_documents=1, resamples=1000, seed=1
        )
        .set_index("collocate")
        .sort_index()
    )
    assert one["before"].tolist() == other["after"].tolist()
    assert one["ratio"].to_numpy() == pytest.approx(1 / other["ratio"].to_numpy(), rel=1e-4)
    assert one["low"].to_numpy() == pytest.approx(1 / other["high"].to_numpy(), rel=0.1)  # other draws
    assert one["p"].to_numpy() == pytest.approx(other["p"].to_numpy(), abs=0.05)
    turned = {"gained": "lost", "lost": "gained", "": ""}
    assert one["change"].tolist() == [turned[c] for c in other["change"]]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("null", [1.0, 2.5])
def test_p_is_one_less_the_level_where_a_limit_is_the_null_ratio(level, null):
    table = pd.DataFrame(
        {
            "low": [null, null / 7, null, 0.0, 0.0],
            "high": [null * 9, null, np.inf, null, np.inf],
            "before_size": [30, 30, 30, 30, 30],
            "after_size": [70, 70, 70, 70, 70],
        }
    )

    def p_of(low, high):
        here = table.assign(low=low, high=high)
        return _p_values(here, (low / null).to_numpy(), (high / null).to_numpy(), level, null, null)

    assert p_of(table["low"], table["high"]) == pytest.approx([1 - level] * 4 + [1], rel=1e-9)
    assert (p_of(table["low"] * 1.1, table["high"] * 0.9)[[0, 2, 3]] < 1 - level).all()
    assert (p_of(table["low"] * 0.9, table["high"] * 1.1)[[0, 2, 3]] > 1 - level).all()


def limits_of(*rows):
    return pd.DataFrame(rows, columns=["ratio", "low", "high"])


def test_the_limits_of_a_quotient_are_made_of_those_of_both():
    near = limits_of((6.0, 3.0, 12.0), (6.0, 3.0, 12.0), (6.0, 6.0, 6.0))
    known = limits_of((2.0, 2.0, 2.0), (2.0, 1.0, 4.0), (2.0, 1.0, 4.0))
    beyond, low, high = _quotient(near, known)
    assert beyond.tolist() == pytest.approx([3, 3, 3])
    # Known for sure: both limits divided. Alike on the logarithm: √2 as far. The other way round: turned.
    assert low.tolist() == pytest.approx([1.5, 3 * 2 ** -(2**0.5), 1.5])
    assert high.tolist() == pytest.approx([6, 3 * 2 ** (2**0.5), 6])
    turned = _quotient(*(limits_of(*(1 / t[["ratio", "high", "low"]]).to_numpy()) for t in (near, known)))
    assert turned[0] == pytest.approx(1 / beyond)
    assert turned[1] == pytest.approx(1 / high)
    assert turned[2] == pytest.approx(1 / low)


def test_a_quotient_of_what_stands_on_one_side_alone_has_one_limit_or_none():
    near = limits_of((np.inf, 4.0, np.inf), (0.0, 0.0, 0.5), (2.0, 1.0, 4.0), (np.nan, 0.0, np.inf))
    elsewhere = limits_of((1.0, 0.5, 2.0), (1.0, 0.5, 2.0), (np.inf, 3.0, np.inf), (1.0, 0.5, 2.0))
    beyond, low, high = _quotient(near, elsewhere)
    assert (low[0], high[0]) == (2.0, np.inf)
    assert (low[1], high[1]) == (0.0, 1.0)
    assert np.isnan([beyond[2], low[2], high[2], beyond[3]]).all()


def test_limits_of_what_is_beyond_the_text_hold_the_truth():
    """Words that rise alike near the node and elsewhere: about one limit in twenty, or fewer, leaves 1 out."""
    rng = np.random.default_rng(5)
    outside = total = 0
    for _ in range(4):
        texts = []
        for rate in [0.1] * 40 + [0.2] * 40:
            share = rng.gamma(2, rate / 2, 12)  # documents differ in how they like a word
            near = [f"w{i}" for i in range(12) if rng.random() < share[i]]
            far = [f"w{i}" for i in range(12) for _ in range(rng.poisson(4 * share[i]))]
            texts.append(" ".join(["n", *near, "."] + ["x"] * 30 + far))
        tokens = dated(texts[:40], texts[40:])
        table = collocate_shifts(tokens, "n", window=(0, 12), within="sentence", against="text", **ALL)
        table = table[table["collocate"].str.startswith("w") & np.isfinite(table["beyond"])]
        outside += int(((table["beyond_low"] > 1) | (table["beyond_high"] < 1)).sum())
        total += len(table)
    assert total > 40
    assert outside <= 0.12 * total


def test_one_sided_limits_agree_with_the_exact_binomial():
    """Hits on one side alone, independent: p is twice the probability that all fall there."""
    before = ["n x"] * 40
    after = ["n y a"] * 8 + ["n z"] * 32
    table = collocate_shifts(dated(before, after), "n", words=["a"], **ALL).iloc[0]
    assert (table["before"], table["after"], table["ratio"]) == (0, 8, np.inf)
    effective = 8  # a design effect below 1 is not believed
    assert table["p"] == pytest.approx(2 * 0.5**effective, rel=0.6)
    assert table["low"] > 1


def simulated(rng, ratio, documents=80, types=250):
    """Each document has one node, and each collocate with a chance of 0.3 (before), times ``ratio`` (after)."""
    names = np.array([f"w{i:03}" for i in range(types)])
    words = []
    for span in (0, 1):
        chance = 0.3 * ratio**span
        words += [["n", *names[rng.random(types) < chance]] for _ in range(documents)]
    dates = pd.to_datetime(["2010-01-01"] * documents + ["2020-01-01"] * documents)
    return tokens_of(words, date=dates)


def test_without_a_change_few_collocates_seem_to_change():
    table = collocate_shifts(simulated(np.random.default_rng(1), 1.0), "n", window=300, **SPANS, resamples=400)
    assert len(table) == 250
    assert 0.01 <= (table["p"] < 0.05).mean() <= 0.08
    covered = ((table["low"] <= 1) & (table["high"] >= 1)).mean()
    assert 0.91 <= covered <= 0.995
    assert (table["change"] != "").sum() <= 2
    agreeing = (table["p"] < 0.05) == ((table["low"] > 1) | (table["high"] < 1))
    assert agreeing.mean() > 0.99


def test_a_change_lies_within_its_limits_and_is_found():
    table = collocate_shifts(simulated(np.random.default_rng(2), 2.0), "n", window=300, **SPANS, resamples=400)
    assert ((table["low"] <= 2) & (table["high"] >= 2)).mean() >= 0.92
    assert (table["change"] == "gained").mean() > 0.8
    assert not (table["change"] == "lost").any()
    assert table["p"].is_monotonic_increasing


def test_words_are_compared_alone_whatever_their_number():
    table = collocate_shifts(small(), "n", words=["c", "a"], window=1, **SPANS, resamples=100)
    assert set(table["collocate"]) == {"a", "c"}
    assert (table["tests"] == 2).all()
    table = collocate_shifts(small(), "n", words="d", window=1, **SPANS, resamples=100)
    assert table[["before", "after"]].to_numpy().tolist() == [[0, 1]]
    table = collocate_shifts(small(), "n", words=["b", "x"], window=(0, 1), **SPANS, resamples=100)
    assert table[["before", "after", "p"]].to_numpy().tolist() == [[0, 0, 1.0], [0, 0, 1.0]]
    assert table["ratio"].isna().all()


def test_unknown_words_are_named_with_those_that_come_near():
    tokens = segment(corpus_of("净化未成年人网络", "净化未成年人网络", date=["2010", "2020"]))
    with pytest.raises(InputError) as caught:
        collocate_shifts(tokens, "净化", words=["未成年", "网络", "网", 5], **ALL)
    received = {fault.received: fault.accepted for fault in caught.value.faults}
    assert list(received) == ["'未成年'", "'网'", "5"]
    assert received["'未成年'"] == "未成年人"
    assert received["'网'"] == "网络"


@pytest.mark.parametrize(
    ("words", "message"), [([], "at least one"), (5, "received 5"), ([","], "punctuation is no collocate")]
)
def test_words_that_are_none_are_refused(words, message):
    with pytest.raises(InputError, match=f"words.*{message}"):
        collocate_shifts(small(), "n", words=words, **ALL)


def test_a_node_that_is_missing_from_a_span_is_named():
    with pytest.raises(InputError, match="before: received '2010', in which the node does not stand"):
        collocate_shifts(small(), "n d", **ALL)
    with pytest.raises(InputError, match="after: received '2015', in which the node does not stand"):
        collocate_shifts(small(), "n", before="2010", after="2015", minimum=100)
    with pytest.raises(InputError, match="d n, which matches nothing"):
        collocate_shifts(small(), "d n", **ALL)
    with pytest.warns(TifaWarning, match="Nothing"), pytest.raises(InputError, match="matches nothing"):
        collocate_shifts(small(), "zz", **ALL)


def test_options_are_refused_even_where_nothing_is_left_to_compare():
    few = {"minimum": 1000}
    assert len(collocate_shifts(small(), "n", **SPANS, **few)) == 0
    for options, message in (
        ({"before": "soon", "after": "2020"}, "before: received 'soon'"),
        ({**SPANS, "level": 2}, "level"),
        ({**SPANS, "resamples": 1}, "resamples"),
        ({**SPANS, "cluster": "town"}, "town"),
        ({**SPANS, "window": 0, "minimum": 0}, "2 faults"),
        ({"before": "2010", "after": ("2010", "2020")}, "do not overlap"),
    ):
        with pytest.raises(InputError, match=message):
            collocate_shifts(small(), "n", **few | options)
    with pytest.raises(MissingStep, match="collocate_shifts takes Tokens, not NoneType"):
        collocate_shifts(None, "n", **SPANS)


def test_a_table_without_rows_has_the_types_of_one_with_rows():
    full = collocate_shifts(small(), "n", **ALL)
    empty = collocate_shifts(small(), "n", **ALL | {"minimum": 1000})
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_conditions_leave_statements_out():
    tokens = small(place=["p", "p", "p", "q", "p", "p", "p", "q"])
    table = collocate_shifts(tokens, "n :: place=p", window=2, **ALL).set_index("collocate")
    assert table.loc["c", "after_share"] == pytest.approx(50)
    assert "d" not in table.index


def test_within_a_stratum_what_it_does_not_have_in_both_spans_tells_nothing():
    tokens = small(place=["p", "p", "q", "q", "p", "p", "r", "r"])
    pooled = collocate_shifts(tokens, "n", window=2, **ALL).set_index("collocate")
    inside = collocate_shifts(tokens, "n", window=2, stratum="place", **ALL).set_index("collocate")
    assert pooled.loc["a", "ratio"] == pytest.approx(0.4)
    assert inside.loc["a", "ratio"] == pytest.approx(0.5)  # 1 of 2 after, 2 of 2 before, in p alone


def test_clusters_are_drawn_as_wholes_and_the_seed_tells_the_draws():
    before, after = ["n a", "n b"] * 20, ["n a", "n a", "n b"] * 14
    place = [f"p{i % 20}" for i in range(40)] + [f"p{i % 20}" for i in range(42)]
    tokens = dated(before, after, place=place)
    one = collocate_shifts(tokens, "n", cluster="place", **ALL)
    pd.testing.assert_frame_equal(one, collocate_shifts(tokens, "n", cluster="place", **ALL))
    assert one["low"].tolist() != collocate_shifts(tokens, "n", cluster="place", seed=1, **ALL)["low"].tolist()


def test_more_words_than_are_worked_out_at_once_do_not_change_the_numbers(monkeypatch):
    tokens = simulated(np.random.default_rng(3), 1.5, documents=20, types=30)
    whole = collocate_shifts(tokens, "n", window=50, **ALL)
    monkeypatch.setattr(sys.modules[collocate_shifts.__module__], "_CHUNK", 7)
    pd.testing.assert_frame_equal(whole, collocate_shifts(tokens, "n", window=50, **ALL))


def test_a_dot_in_a_word_is_no_sub_frame():
    tokens = dated(["n U.S.", "n U"], ["n U.S.", "n U.S."])
    table = collocate_shifts(tokens, "n", **ALL).set_index("collocate")
    assert table.loc[["U", "U.S."], ["before", "after"]].to_numpy().tolist() == [[1, 0], [1, 2]]


def test_against_the_text_the_ratio_is_that_over_the_ratio_of_the_text():
    before = ["n a . a x x x", "n b . a x x x", "n a . x x x x"]
    after = ["n a . a a x x", "n a . a a x x", "n c . x x x x"]
    options = ALL | {"window": 1, "words": ["a", "b", "c"]}
    alone = collocate_shifts(dated(before, after), "n", **options).set_index("collocate")
    against = collocate_shifts(dated(before, after), "n", against="text", **options).set_index("collocate")
    assert alone.loc["a", "ratio"] == pytest.approx(1)
    assert alone.loc["a", "text_ratio"] == pytest.approx(2)  # 4 : 2 in the rest of the text, which is as long
    assert against[["ratio", "low", "high"]].equals(alone.loc[against.index, ["ratio", "low", "high"]])
    assert against.loc["a", "beyond"] == pytest.approx(0.5)
    assert against.loc["a", "beyond_low"] < alone.loc["a", "low"] / 2  # the rest of the text varies too
    assert against.loc["a", "beyond_high"] > alone.loc["a", "high"] / 2
    for word in ("b", "c"):  # not in the rest of the text of either span: nothing can be said
        assert np.isnan(against.loc[word, "beyond"])
        assert (against.loc[word, "p"], against.loc[word, "change"]) == (1, "")
    with pytest.raises(InputError, match="against: received 'x'; accepted: node or text"):
        collocate_shifts(dated(before, after), "n", against="x", **options)


def test_removed_tokens_are_no_part_of_the_rest_of_the_text():
    texts = ["净化 网络 发展 发展 经济", "净化 网络 发展 文化 文化"]
    tokens = segment(corpus_of(*texts, date=["2010", "2020"]), "spaces")
    gone = np.isin(tokens.ids, [tokens.vocabulary.index(word) for word in ("经济", "文化")])
    removed = dataclasses.replace(tokens, ids=np.where(gone, np.int32(-1), tokens.ids))
    options = {"before": "2010", "after": "2020", "window": (0, 1), "words": ["发展"], "resamples": 100}
    ratio = {tokens: (1 / 4) / (2 / 4), removed: (1 / 2) / (2 / 3)}
    for cut, expected in ratio.items():
        assert collocate_shifts(cut, "净化", **options)["text_ratio"].tolist() == [pytest.approx(expected)]
