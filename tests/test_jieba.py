"""The fast segmenter is jieba, token by token: real, generated and constructed text."""

import os
import subprocess
import sys
import threading

import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.boundaries import sentences
from analysis.corpus_files import read_corpus
from analysis.dictionary import read_dictionary
from analysis.segmenters import jieba, jieba_reference

#: New words, words that override the dictionary (rarer and more frequent), ASCII, mixed, and words that never apply.
USER_WORDS = {
    "": (),
    "new": (("护苗行动", 50), ("净网", 500), ("云泽省", 20)),
    "overriding": (("净化", 10_000_000), ("的", 1), ("环境", 2), ("未成年人", 3), ("网络", 90_000)),
    "mixed": (("5G网络", 40), ("A-10", 90), ("C++", 5), ("GDP增速", 8), ("㐀字", 40), ("净网·护苗", 7), ("9", 400)),
    "shipped": read_dictionary("official"),
}
CASES = [(words, hmm) for words in USER_WORDS for hmm in (True, False)]

# What the two programs treat differently stands here more often than in any text.
PIECES = st.one_of(
    st.sampled_from("净化网络环境未成年人保护扫黄打非周年的了在和是云泽省长邓颖超"),
    st.sampled_from(
        ["净化", "网络", "未成年人", "建党", "周年", "5G网络", "A-10", "C++", "T恤", "AT&T", "㐀字", "净网·护苗"]
    ),
    st.sampled_from("0123456789abcXYZ+#&._%-"),
    st.sampled_from(
        ["1.5", "12.5%", "1.2.3", "2010-2020", "No.5", "a_b", "e-mail", "..", "%%", "-1", "3.", ".3", "%5"]
    ),
    st.sampled_from("，。；：！？、“”（）《》—…· \t\n\r\u3000\u2028\x85"),
    st.sampled_from(
        "\u9fd5\u9fd6\u9fff\u3400\u4dbf\uf900\ufaff\U00020000\U0002a6df\U0002f800\U00030000\ue000é𝟘٣９Ａ％"
    ),
    st.characters(exclude_categories=["Cs"]),
    st.integers(0x4E00, 0x9FD5).map(chr),
    st.builds(lambda character, times: character * times, st.sampled_from("一人天层年9A"), st.integers(2, 5)),
)
MIXED = st.lists(PIECES, max_size=30).map("".join)


@pytest.mark.parametrize(("words", "hmm"), CASES)
@settings(max_examples=250, deadline=None)
@given(text=MIXED)
@example("3Z2%3.24Z%")
@example("增长1.2.3个百分点，A-10型10_64号")
@example("鿲鿿鿲價鿹鿣净化")
@example("㒯㓫净化网络")
@example("\r\n\r \n")
@example("一一一净0")  # two ways of cutting are equally likely: the last bit of a logarithm decides
def test_generated_text_is_cut_as_jieba_cuts_it(words, hmm, text):
    fast, slow = (module.make(USER_WORDS[words], hmm) for module in (jieba, jieba_reference))
    assert fast(text) == slow(text)


@pytest.mark.parametrize(
    "words", [*USER_WORDS.values(), (("云泽省", 20),), (("B超", 9),), (("a", 10**8),)], ids=lambda words: len(words)
)
def test_ties_are_broken_as_jieba_breaks_them(words):
    """Every doubled word three to six times its character: 一一|一 or 一|一一."""
    fast, slow = (module.make(words, False) for module in (jieba, jieba_reference))
    frequencies, _ = jieba_reference._shipped()
    doubled = [word for word, n in frequencies.items() if n and len(word) == 2 and word[0] == word[1]]
    assert len(doubled) > 900
    for word in doubled[::3]:
        for times in range(3, 7):
            text = f"{word[0] * times}净"
            assert fast(text) == slow(text)


def test_what_jieba_counts_twice_is_made_up_for():
    frequencies, total = jieba_reference._shipped()
    assert total - sum(frequencies.values()) == jieba._COUNTED_TWICE


@pytest.mark.parametrize(("words", "hmm"), CASES)
def test_the_demo_corpus_is_cut_as_jieba_cuts_it(words, hmm):
    fast, slow = (module.make(USER_WORDS[words], hmm) for module in (jieba, jieba_reference))
    for text in read_corpus("demo").table["text"]:
        assert fast(text) == slow(text)


@pytest.mark.parametrize("name", ["gwr_central_zh", "gwr_local_zh", "mfa_press_zh", "us_presidents_en"])
@pytest.mark.parametrize(("words", "hmm"), [("", True), ("mixed", True), ("overriding", False)])
def test_real_text_is_cut_as_jieba_cuts_it(shared, name, words, hmm):
    """A sample of about a megabyte of each; benchmarks/exactness.py compares all of it."""
    table = pyarrow.parquet.read_table(shared / "corpora" / name / "documents.parquet", columns=["text"])
    texts = table.column("text").to_pylist()
    fast, slow = (module.make(USER_WORDS[words], hmm) for module in (jieba, jieba_reference))
    size, seen = 0, 0
    for text in texts[:: max(1, len(texts) // 25)]:
        assert fast(text) == slow(text)
        seen += len(sentences(text))
        size += len(text)
        if size > 350_000:
            break
    assert seen > 500


def test_long_text_without_a_break_stays_linear():
    text = "净化A-1" * 40_000
    assert "".join(jieba.make()(text)) == text


def test_only_the_blocks_that_need_it_go_to_jieba():
    text = "增长6.5%，达到500亿元。A-10型，鿿字，GDP与5G。仁杖仁杖仁杖，和谐和睦和平和顺的和。"
    cut = jieba._cutter(()).cut
    assert [text[a:b] for a, b in jieba._routed(text, True, cut)] == ["A-10型", "鿿字", "仁杖仁杖仁杖"]
    assert [text[a:b] for a, b in jieba._routed(text, False, cut)] == ["鿿字"]


REPEATED = st.lists(st.sampled_from("周仁杖同研浊楹炭兰四媚春"), min_size=1, max_size=4, unique=True).flatmap(
    lambda few: st.lists(st.sampled_from(few), min_size=3, max_size=14).map("".join)
)


@settings(max_examples=1500, deadline=None)
@given(text=REPEATED)
@example("周周周周周")
@example("仁杖仁杖仁杖")
@example("同研研研浊楹")
@example("炭炭炭炭兰")
@example("四媚春媚春四")
def test_equally_likely_guesses_are_jiebas(text):
    assert jieba.make()(text) == jieba_reference.make()(text)


def test_different_dictionaries_in_one_process_and_in_threads_do_not_meet():
    text = "开展净网护苗行动，净化网络环境。" * 50
    expected = {name: jieba_reference.make(words)(text) for name, words in USER_WORDS.items()}
    assert len({tuple(e) for e in expected.values()}) > 1
    wrong = []

    def work(name):
        for _ in range(20):
            if jieba.make(USER_WORDS[name])(text) != expected[name]:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in [*USER_WORDS, *reversed(USER_WORDS)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_nothing_is_written_to_the_temporary_folder(tmp_path):
    program = (
        "from analysis.segmenters import jieba, jieba_reference\n"
        "jieba.make((('净网', 5),))('净网A-10'), jieba_reference.make()('净化')\n"
        "import jieba as plain\n"
        "assert not plain.dt.initialized and not plain.dt.FREQ"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())
