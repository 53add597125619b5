import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from small_corpora import corpus_of

from analysis.counts import Counts, count
from analysis.errors import InputError, MissingStep, TifaError
from analysis.segmentation import segment
from analysis.vocabulary import read_stopwords, trim, trim_report

ROOT = Path(__file__).parents[1]


def counts_of(features, language="zh"):
    """Counts in which each feature stands as often in each unit as its list says; every unit is a document."""
    words = sorted(features)
    matrix = sparse.csr_array(np.array([features[word] for word in words], dtype=np.int32).T)
    names = [f"d{i}" for i in range(matrix.shape[0])]
    languages = [language] * len(names) if isinstance(language, str) else language
    return Counts(
        matrix,
        tuple(words),
        pd.DataFrame({"id": names, "date": pd.Timestamp("2021-05-07"), "language": languages}),
        pd.DataFrame({"document": names, "unit": 0, "start": 0, "end": 9}),
        {"tokens": "some", "units": "documents"},
    )


#: Four units; after each feature the rule that takes it away under the bounds of the first test.
EACH_RULE = {
    "。": [3, 1, 2, 0],  # punctuation
    "2021": [1, 0, 1, 0],  # numerals
    "三百": [0, 2, 0, 0],  # numerals, and rare
    "网": [1, 1, 0, 0],  # short
    "的": [4, 4, 4, 4],  # short, and a stop word
    "但是": [1, 1, 0, 0],  # stop words
    "罕见": [0, 0, 5, 0],  # rare
    "常见": [1, 1, 1, 1],  # frequent
    "净化": [2, 0, 0, 1],
    "环境": [1, 1, 0, 1],
}


def left(features, **options):
    return set(trim(counts_of(features), **options).vocabulary)


# ------------------------------------------------------------------- the rules


def test_every_rule_by_hand_in_its_order():
    trimmed = trim(counts_of(EACH_RULE), least_units=2, most_share=0.75, least_length=2)
    assert trimmed.vocabulary == ("净化", "环境")
    assert trimmed.matrix.toarray().tolist() == [[2, 1], [0, 1], [0, 0], [1, 1]]
    report = trim_report(trimmed)
    assert report[["rule", "features", "tokens"]].to_numpy().tolist() == [
        ["before", 10, 45],
        ["punctuation", 9, 39],
        ["numerals", 7, 35],
        ["short", 5, 17],
        ["stop words", 4, 15],
        ["rare", 3, 10],
        ["frequent", 2, 6],
    ]
    assert report["token_share"].tolist() == [round(n / 45, 6) for n in (45, 39, 35, 17, 15, 10, 6)]


def test_by_default_punctuation_numerals_and_stop_words_go():
    assert left(EACH_RULE) == {"网", "罕见", "常见", "净化", "环境"}


def test_bounds_are_inclusive():
    features = {"甲甲": [1, 1, 0, 0], "乙乙": [1, 1, 1, 0], "丙丙": [1, 1, 1, 1], "丁丁": [9, 0, 0, 0]}
    assert left(features, least_units=2) == {"甲甲", "乙乙", "丙丙"}
    assert left(features, most_share=0.75) == {"甲甲", "乙乙", "丁丁"}
    assert left(features, most_share=0.5) == {"甲甲", "丁丁"}
    assert left(features, most_share=1) == left(features, least_units=0) == set(features)
    assert left(features, least_length=2) == set(features)


def test_units_are_counted_not_tokens_and_a_stored_zero_is_none():
    stored = sparse.csr_array(
        (
            np.array([9, 1, 0, 1, 0, 2], dtype=np.int32),  # 甲甲 stands in one unit, and twice as a zero
            np.array([0, 1, 0, 1, 0, 1]),
            np.array([0, 2, 4, 6]),
        ),
        shape=(3, 2),
    )
    counts = replace(counts_of({"甲甲": [9, 0, 0], "乙乙": [1, 1, 2]}), matrix=stored, vocabulary=("甲甲", "乙乙"))
    assert trim(counts, least_units=2).vocabulary == ("乙乙",)
    assert trim(counts, most_share=0.5).vocabulary == ("甲甲",)


def test_features_that_stand_nowhere_are_not_counted_before():
    trimmed = trim(counts_of({"净化": [1, 2], "无处": [0, 0]}), least_units=0)
    assert trimmed.vocabulary == ("净化",)
    assert trim_report(trimmed).to_numpy().tolist()[0] == ["before", 1, 3, 1.0]


NUMERALS = (
    *("2021", "3.5%", "12%", "5‰", "1,500.5", "2021-05-07", "3/4", "9:30", "１２", "０", "第3", "第2021"),
    *("三百", "第三", "十", "二〇二一", "二零二一", "一百二十三万", "两千", "两", "亿", "十六", "十五", "第十四"),
)
NO_NUMERALS = (
    *(
        "十一五",
        "十二五",
        "十三五",
        "十四五",
        "十五五",
        "第",
        "三农",
        "两会",
        "百年",
        "一带一路",
        "5G",
        "1st",
        "COVID-19",
    ),
    *("2021年", "三百个", "H2O", "③", "Ⅷ", "one", "hundred"),
)


@pytest.mark.parametrize("word", NUMERALS)
def test_numerals_go_unless_they_are_wanted(word):
    features = {word: [1, 1], "净化": [1, 0]}
    assert left(features, stopwords=False) == {"净化"}
    assert left(features, stopwords=False, numerals=True) == {word, "净化"}


@pytest.mark.parametrize("word", NO_NUMERALS)
def test_what_holds_a_number_is_no_numeral(word):
    assert left({word: [1, 1], "净化": [1, 0]}, stopwords=False) == {word, "净化"}


@pytest.mark.parametrize("mark", ["。", "，", "%", "——", "……", "$", "+", "😀", "《", "'"])
def test_punctuation_always_goes(mark):
    features = {mark: [1, 1], "净化": [1, 0]}
    assert left(features, keep=[mark], numerals=True, stopwords=False) == {"净化"}


def test_keep_spares_from_all_rules_but_punctuation():
    bounds = {"least_units": 2, "most_share": 0.75, "least_length": 2}
    kept = ["2021", "三百", "网", "的", "但是", "罕见", "常见"]
    assert left(EACH_RULE, **bounds, keep=kept) == {*kept, "净化", "环境"}
    assert left(EACH_RULE, **bounds, keep=[*kept, "。"]) == {*kept, "净化", "环境"}
    assert left(EACH_RULE, **bounds, keep="罕见") == {"罕见", "净化", "环境"}
    assert left(EACH_RULE, **bounds, keep=(word for word in ["的"])) == {"的", "净化", "环境"}
    assert left(EACH_RULE | {"无处": [0] * 4}, **bounds, keep=["无处"]) == {"净化", "环境"}


# ------------------------------------------------------------------- stop words


def test_stop_words_in_every_form(tmp_path):
    features = {"净化": [1], "但是": [1], "网络": [1], "环境": [1]}
    path = tmp_path / "mine.txt"
    path.write_text("# my own\n净化 环境 # two\n\n环境\n", encoding="utf-8")
    assert left(features) == left(features, stopwords="zh") == {"净化", "网络", "环境"}
    assert left(features, stopwords=False) == left(features, stopwords=[]) == set(features)
    for mine in (
        path,
        str(path),
        ["净化", "环境"],
        {"净化", "环境"},
        iter(("净化", "环境")),
        pd.Series(["净化", "环境"]),
    ):
        assert left(features, stopwords=mine) == {"但是", "网络"}
    assert left(features, stopwords=["没有"]) == set(features)


def test_english_stop_words_without_regard_to_case():
    features = {"The": [1], "the": [1], "THE": [1], "Minors": [1], "don’t": [1], "don't": [1], "2021": [1], "1st": [1]}
    english = counts_of(features, language="en")
    assert trim(english).vocabulary == ("1st", "Minors")
    assert trim(english, stopwords=["MINORS", "1ST"]).vocabulary == ("THE", "The", "don't", "don’t", "the")
    assert "Minors" in trim(english, stopwords="zh").vocabulary


def test_words_are_compared_in_one_normal_form(tmp_path):
    features = counts_of({unicodedata.normalize("NFC", "café"): [1], "tea": [1]}, language="en")
    written = unicodedata.normalize("NFD", "café")
    (tmp_path / "drinks.txt").write_text(written, encoding="utf-8")
    assert trim(features, stopwords=[written]).vocabulary == ("tea",)
    assert trim(features, stopwords=tmp_path / "drinks.txt").vocabulary == ("tea",)


def test_a_signature_of_utf_8_is_no_part_of_the_first_word(tmp_path):
    path = tmp_path / "saved-by-notepad.txt"
    path.write_bytes("\ufeff净化 网络".encode())
    assert read_stopwords(path) == ("净化", "网络")


def test_stop_word_files_that_cannot_be_read(tmp_path):
    with pytest.raises(TifaError, match=r"There is no 'german'.*There is: en.txt, zh.txt"):
        read_stopwords("german")
    with pytest.raises(TifaError, match="There is no .*nowhere"):
        trim(counts_of({"净化": [1]}), stopwords=tmp_path / "nowhere.txt")
    (tmp_path / "gbk.txt").write_bytes("净化".encode("gbk"))
    with pytest.raises(TifaError, match=r"gbk.txt is not UTF-8 .*at byte 0\): save it as UTF-8"):
        read_stopwords(tmp_path / "gbk.txt")
    with pytest.raises(TifaError, match="is a folder; stop words are one text file"):
        read_stopwords(tmp_path)


def test_what_lies_in_the_working_folder_is_not_taken_for_the_list_of_the_language(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("zh").mkdir()
    Path("en").write_text("minors", encoding="utf-8")
    assert left({"净化": [1], "但是": [1]}) == {"净化"}
    assert trim(counts_of({"minors": [1], "the": [1]}, language="en")).vocabulary == ("minors",)


#: What officials say most often is what a study may be about.
CONTENT = {
    "zh": "发展 加强 推进 推动 建设 工作 经济 社会 人民 国家 改革 开放 治理 净化 网络 环境 未成年人 周年 政府 中国 我国 全国 "
    "坚持 深化 完善 提高 实现 促进 保障 服务 管理 创新 安全 保护 教育 文化 市场 企业 农村 城市 生态 问题 重点 新",
    "en": "development strengthen promote advance work economy society people country reform opening governance purify "
    "clean internet network environment minors anniversary government china national improve safety protection new",
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_lists_hold_no_content_words(language):
    words = set(read_stopwords(language))
    assert not words & set(CONTENT[language].split())
    assert len(words) > 100


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_lists_are_plain_text(language):
    text = (ROOT / "corpus" / "stopwords" / f"{language}.txt").read_bytes().decode("utf-8")
    words = read_stopwords(language)
    assert text == unicodedata.normalize("NFC", text)
    assert "\r" not in text
    assert text.startswith("#")
    assert list(words) == sorted(set(words))
    written = r"[\u4e00-\u9fff]+" if language == "zh" else r"[a-z]+(['-][a-z]+)*\.?"
    assert [word for word in words if not re.fullmatch(written, word)] == []


# ------------------------------------------------------------------- trimmed twice, selected


def test_trimmed_twice_both_are_reported():
    once = trim(counts_of(EACH_RULE))
    twice = trim(once, least_units=3)
    assert twice.vocabulary == ("常见", "环境")
    report = trim_report(twice)
    assert report["rule"].tolist() == trim_report(once)["rule"].tolist() * 2
    assert report[:7].equals(trim_report(once))
    assert report["features"].tolist()[7:] == [5, 5, 5, 5, 5, 2, 2]
    assert report["tokens"].tolist()[7:] == [17, 17, 17, 17, 17, 7, 7]
    assert report["token_share"].iloc[-1] == round(7 / 45, 6)  # of all tokens, as in the first report
    assert trim_report(once)["rule"].size == 7


def test_trimming_a_selection_counts_its_units():
    counts = trim(counts_of({"甲甲": [1, 1, 0], "乙乙": [0, 1, 1], "丙丙": [0, 0, 3]})).select(id=["d0", "d1"])
    assert counts.vocabulary == ("丙丙", "乙乙", "甲甲")  # a selection keeps all columns
    again = trim(counts, most_share=0.5)
    assert again.vocabulary == ("乙乙",)
    assert trim_report(again)["features"].tolist()[7] == 2


# ------------------------------------------------------------------- what stays


def frozen(counts):
    return [array.tobytes() for array in (counts.matrix.data, counts.matrix.indices, counts.matrix.indptr)]


def test_units_documents_and_numbers_stay_as_they_are():
    counts = count(segment(corpus_of("净化网络的环境。", "。", "3个部门的网络，网络", place=["a", "b", "c"])))
    before, recipe = frozen(counts), dict(counts.recipe)
    documents, units = counts.documents.copy(), counts.units.copy()
    trimmed = trim(counts, least_units=1)
    assert frozen(counts) == before
    assert dict(counts.recipe) == recipe
    assert counts.documents.equals(documents)
    assert counts.units.equals(units)
    assert trimmed.documents.equals(documents)
    assert trimmed.units.equals(units)
    assert trimmed.matrix.shape[0] == 3  # a unit that holds nothing any more is still one
    assert trimmed.matrix.dtype == counts.matrix.dtype
    columns = [counts.vocabulary.index(word) for word in trimmed.vocabulary]
    assert (trimmed.matrix.toarray() == counts.matrix.toarray()[:, columns]).all()
    assert trimmed.matrix.data.flags.writeable is False
    assert {k: v for k, v in trimmed.recipe.items() if k != "trimmed"} == recipe
    assert dict(trimmed.about) == dict(counts.about)


@pytest.mark.parametrize(
    "options",
    [
        {"least_units": 2},
        {"most_share": 0.9},
        {"least_length": 2},
        {"stopwords": False},
        {"stopwords": ["净化"]},
        {"numerals": True},
        {"keep": ["2021"]},
    ],
    ids=str,
)
def test_the_digest_changes_with_every_option(options):
    counts = counts_of(EACH_RULE)
    assert trim(counts, **options).digest != trim(counts).digest != counts.digest


def test_the_same_choice_has_the_same_digest(tmp_path):
    counts = counts_of(EACH_RULE)
    assert (
        trim(counts).digest
        == trim(counts, stopwords="zh").digest
        == trim(counts, stopwords=read_stopwords("zh")).digest
    )
    assert trim(counts, stopwords=["净化", "网"]).digest == trim(counts, stopwords=("网", "净化", "网")).digest
    assert trim(counts, keep=["的", "网"]).digest == trim(counts, keep={"网", "的"}).digest
    assert trim(counts, least_units=np.int64(2)).digest == trim(counts, least_units=2).digest
    assert trim(counts, stopwords=[]).digest == trim(counts, stopwords=False).digest
    assert trim(trim(counts)).digest != trim(counts).digest


@settings(deadline=None)
@given(
    matrix=st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=1, max_size=6),
    least=st.integers(0, 4),
    most=st.sampled_from([0.2, 0.25, 1 / 3, 0.5, 2 / 3, 0.8, 1.0]),
    length=st.integers(1, 3),
)
def test_what_is_left_is_what_the_rules_leave(matrix, least, most, length):
    words = ("治", "净化", "网络", "但是", "未成年")
    columns = np.array(matrix)
    expected = {
        word
        for word, column in zip(words, columns.T, strict=True)
        if (column > 0).sum() >= max(least, 1)
        and (column > 0).sum() <= most * len(matrix)
        and len(word) >= length
        and word != "但是"
    }
    options = {"least_units": least, "most_share": most, "least_length": length}
    counts = counts_of(dict(zip(words, columns.T.tolist(), strict=True)))
    if not expected:
        with pytest.raises(InputError, match="features: received none"):
            trim(counts, **options)
        return
    trimmed = trim(counts, **options)
    assert set(trimmed.vocabulary) == expected
    last = trim_report(trimmed).iloc[-1]
    assert (last["features"], last["tokens"]) == (len(expected), trimmed.matrix.sum())


# ------------------------------------------------------------------- bad cases


def test_two_languages_need_a_list_of_her_own():
    mixed = counts_of({"净化": [1, 0], "the": [0, 1]}, language=["zh", "en"])
    with pytest.raises(InputError, match=r"stopwords: received counts in en and zh; accepted: counts in one language"):
        trim(mixed)
    assert trim(mixed, stopwords=False).vocabulary == ("the", "净化")
    assert trim(mixed, stopwords=["the"]).vocabulary == trim(mixed, stopwords="en").vocabulary == ("净化",)
    assert trim(mixed.select(language="zh")).vocabulary == ("净化",)
    silent = replace(mixed, documents=mixed.documents.drop(columns="language"))
    with pytest.raises(InputError, match="counts in no stated language"):
        trim(silent)


def test_when_nothing_is_left_every_step_is_told():
    with pytest.raises(InputError) as error:
        trim(counts_of({"。": [1, 1], "2021": [1, 0], "的": [1, 1], "罕见": [1, 0]}), least_units=2)
    told = "none (left: before 4, punctuation 3, numerals 2, short 2, stop words 1, rare 0, frequent 0)"
    assert f"features: received {told}; accepted: bounds that leave some features" in str(error.value)


def test_all_impossible_bounds_are_named_at_once():
    with pytest.raises(InputError) as error:
        trim(counts_of({"净化": [1]}), least_units=-1, most_share=0, least_length=0, keep=["没有", "也没有"])
    assert len(error.value.faults) == 5
    for said in ("least_units: received -1", "most_share: received 0", "least_length: received 0", "received '没有'"):
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("least_units", value) for value in (-1, 2.0, True, "2", None, np.nan)),
        *(("most_share", value) for value in (0, -0.1, 1.01, np.nan, "0.5", None, np.inf)),
        *(("least_length", value) for value in (0, -3, 1.5, True, None)),
        *(("keep", value) for value in (["没有"], [1], [1, "没有"], "没有")),
    ],
    ids=str,
)
def test_impossible_bounds_are_refused(option, value):
    with pytest.raises(InputError, match=f"trim, {option}: received"):
        trim(counts_of({"净化": [1]}), **{option: value})


def test_what_is_one_step_too_early():
    with pytest.raises(MissingStep, match=r"not DataFrame: count\(segment\(corpus\)\) makes them"):
        trim(pd.DataFrame())
    with pytest.raises(MissingStep, match=r"not Tokens"):
        trim(segment(corpus_of("净化")))
    for untrimmed in (counts_of({"净化": [1]}), None, pd.DataFrame()):
        with pytest.raises(MissingStep, match=r"not trimmed: trim\(counts\) does it"):
            trim_report(untrimmed)
