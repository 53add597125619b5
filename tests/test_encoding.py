import codecs
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.corpus_files import read_corpus
from analysis.encoding import decode, mojibake, mostly_chinese, surrogates

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT.parent / "shared" / "samples" / "mojibake-work-reports.txt"
SENTENCE = "净化网络环境，保护未成年人。"
#: The lines of the sample that were seen, by eye, to turn into rubbish.
DAMAGED_YEARS = {"1955", "1982", "2007", "2008"}

needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="../shared/samples is not here")


def read_as_gbk(text):
    return text.encode().decode("gb18030", "ignore")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (SENTENCE.encode(), "utf-8"),
        (SENTENCE.encode("utf-8-sig"), "utf-8-sig"),
        (SENTENCE.encode("gb18030"), "gb18030"),
        (SENTENCE.encode("gbk"), "gb18030"),
        (SENTENCE.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + SENTENCE.encode("utf-16-be"), "utf-16"),
        (codecs.BOM_UTF16_LE + SENTENCE.encode("utf-16-le"), "utf-16"),
    ],
)
def test_each_encoding_is_told_and_its_mark_removed(data, name):
    assert decode(data) == (SENTENCE, name)


def test_plain_ascii_and_nothing_are_utf8():
    assert decode(b"plain") == ("plain", "utf-8")
    assert decode(b"") == ("", "utf-8")


@given(st.text())
def test_all_utf8_is_read_as_utf8(text):
    assert decode(b"x" + text.encode())[0] == "x" + text


@given(st.text(st.sampled_from("净化网络环境保护未成年人，。、国家人民政府2021 "), min_size=1))
def test_common_chinese_in_gb18030_is_read(text):
    assert decode((SENTENCE + text).encode("gb18030"))[0] == SENTENCE + text


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfd\xfc",
        b"caf\xe9 and na\xefve",
        "“quoted” and more".encode("cp1252"),
        "Привет, мир".encode("cp1251"),
        "日本語の文章です".encode("shift_jis"),
        SENTENCE.encode()[:-1],
        SENTENCE.encode("gb18030") + b"\xff",
        SENTENCE.encode("gb18030") + b"\x00",
        SENTENCE.encode("utf-16-le") + b"\xff\x00",
        SENTENCE.encode("utf-16")[:-1],
    ],
)
def test_bytes_in_no_known_encoding_are_refused(data):
    with pytest.raises(UnicodeDecodeError):
        decode(data)


def test_the_first_bad_byte_is_told():
    with pytest.raises(UnicodeDecodeError) as caught:
        decode(b"abc\xff\xfd")
    assert caught.value.start == 3


def test_mostly_chinese_looks_at_common_characters():
    assert mostly_chinese(SENTENCE)
    assert not mostly_chinese("plain")
    assert not mostly_chinese("")
    assert not mostly_chinese(read_as_gbk(SENTENCE))
    assert mostly_chinese("净化网络环境龘靐 plain")
    assert not mostly_chinese("净化网络龘靐龘靐")


def test_utf8_read_as_gbk_is_found_where_it_begins():
    damaged = read_as_gbk(SENTENCE)
    start, end = mojibake("clean, " + damaged + " clean")
    assert ("clean, " + damaged)[start:end] == damaged


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        SENTENCE,
        "€100，净化。",
        "銆",
        "涓流，锛铁，鐨字",
        "龘靐齉爩鱻麤龗灪吁",
        "中華人民共和國國務院關於環境保護的決定",
        "café naïve",
    ],
)
def test_clean_text_is_left_alone(text):
    assert mojibake(text) is None


@pytest.mark.parametrize("text", ["净化\ufffd网络", "\ufffd", "café \ufffd"])
def test_lost_bytes_are_damage(text):
    start, end = mojibake(text)
    assert text[start:end] == "\ufffd"


def test_the_first_of_two_damages_is_named():
    damaged = read_as_gbk(SENTENCE)
    assert mojibake("\ufffd" + damaged) == (0, 1)
    assert mojibake(damaged + "。\ufffd")[0] == 0


@given(st.text(st.sampled_from("净化网络环境保护未成年人的一在和，。、国家政府涓銆锛鐨"), min_size=0, max_size=200))
@example("涓銆锛鐨" * 5)
def test_undamaged_chinese_is_never_called_damaged(text):
    # Unless it *is* what the accident makes: its bytes read as UTF-8 then.
    try:
        text.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        assert mojibake(text) is None


@given(st.text(st.sampled_from("净化网络环境保护未成年人国家政府建设发展"), min_size=8, max_size=60))
def test_the_accident_is_found_in_any_chinese_text_with_punctuation(text):
    assert mojibake(read_as_gbk(text + "，" + text + "。")) is not None


def test_the_demo_corpus_is_clean():
    texts = read_corpus(ROOT / "corpus" / "demo").documents["text"]
    assert len(texts) > 50
    assert [t for t in texts if mojibake(t)] == []


@needs_sample
def test_damaged_reports_are_told_from_clean_ones():
    lines = [line.split("\t", 1) for line in SAMPLE.read_text(encoding="utf-8").split("\n") if line.strip()]
    assert len(lines) == 9
    assert {year for year, text in lines if mojibake(text)} == DAMAGED_YEARS


@needs_sample
def test_damaged_reports_are_told_without_the_mark_of_lost_bytes():
    lines = [line.split("\t", 1) for line in SAMPLE.read_text(encoding="utf-8").split("\n") if line.strip()]
    assert {year for year, text in lines if mojibake(text.replace("\ufffd", ""))} == DAMAGED_YEARS


@needs_sample
def test_the_damage_begins_where_the_text_stops_making_sense():
    line = next(t for t in SAMPLE.read_text(encoding="utf-8").split("\n") if t.startswith("1955"))
    start, _ = mojibake(line)
    assert mojibake(line[:start]) is None
    assert mostly_chinese(line[start - 400 : start - 50])
    assert not mostly_chinese(line[start + 50 : start + 400])


@given(st.text(st.characters(), max_size=30))
def test_the_first_lone_surrogate_is_found(text):
    at = surrogates(text)
    if at < 0:
        text.encode("utf-8")
    else:
        text[:at].encode("utf-8")
        assert 0xD800 <= ord(text[at]) <= 0xDFFF
