import warnings

import pytest
from small_corpora import corpus_of

from analysis.dictionary import read_dictionary
from analysis.errors import InputError, TifaWarning
from analysis.segmentation import segment


def test_a_dictionary_needs_explicit_frequencies(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("# mine\n净网 100\n护苗\n清朗 0\n净网 5\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_dictionary(path)
    assert [f.where.rpartition(" ")[2] for f in caught.value.faults] == ["3", "4", "5"]
    path.write_text("净网 100\n护苗 7 # term\n", encoding="utf-8")
    assert read_dictionary(path) == (("净网", 100), ("护苗", 7))


@pytest.mark.parametrize("frequency", ["1", "1000000000", 1, 10**9])
def test_the_least_and_the_largest_frequency(frequency):
    assert read_dictionary({"净网": frequency}) == (("净网", int(frequency)),)


@pytest.mark.parametrize("frequency", [0, -1, 10**9 + 1, 10**30, 1.0, True, None, "", "5 6", "٣", "²", "1e3"])
def test_a_frequency_that_is_no_whole_number_in_its_limits_is_refused(frequency):
    with pytest.raises(InputError, match="1 to 1,000,000,000") as caught:
        read_dictionary({"净网": frequency})
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("word", ["", " ", "净 网", "净\u3000网", "净\n网", None, 5, float("nan"), "\ud800"])
def test_a_word_that_is_none_is_refused(word):
    with pytest.raises(InputError, match="word"):
        read_dictionary({word: 5})


def test_every_fault_is_told_at_once():
    with pytest.raises(InputError) as caught:
        read_dictionary({"净 网": 5, "护苗": 0, None: 3, "清朗": 9})
    assert len(caught.value.faults) == 3


def test_words_are_normalised_as_texts_are():
    with pytest.warns(TifaWarning, match="never cut é"):
        assert read_dictionary({"e\u0301": 5}) == (("é", 5),)
    with pytest.raises(InputError, match="second time"):
        read_dictionary({"e\u0301": 5, "é": 6})


def test_words_that_jieba_can_never_cut_are_kept_and_warned_of():
    with pytest.warns(TifaWarning, match="never cut 净网·护苗, 㐀字:") as caught:
        entries = read_dictionary({"净网·护苗": 5, "㐀字": 6, "A-10": 7, "网络": 8})
    assert len(caught) == 1
    assert len(entries) == 4
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert segment(corpus_of("净网·护苗"), dictionary={"净网·护苗": 10**6}).words("d0") == ["净网", "·", "护苗"]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "gbk.txt").write_bytes("净网 5".encode("gbk"))
    with pytest.raises(InputError, match="gbk.txt.*UTF-8"):
        read_dictionary(tmp_path / "gbk.txt")
    with pytest.raises(InputError, match="a folder"):
        read_dictionary(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path):
    (tmp_path / "bom.txt").write_bytes("\ufeff净网\t5\r\n\r\n护苗 6\r\n".encode())
    assert read_dictionary(tmp_path / "bom.txt") == (("净网", 5), ("护苗", 6))


def test_the_shipped_dictionary_keeps_its_words_whole():
    entries = read_dictionary("official")
    words = [word for word, _ in entries]
    tokens = segment(corpus_of("，".join(words)), dictionary="official", hmm=False)
    assert [w for w in tokens.words("d0") if w != "，"] == words
    cut = segment(corpus_of("，".join(words)), hmm=False).words("d0")
    assert "打非治违" not in cut
    assert "净网" not in cut


@pytest.mark.parametrize(
    "frequency", ["0" * 19 + "199999999999999999999", "0" * 19 + "1" + "0" * 5000, "1000000001", "0"]
)
def test_a_frequency_is_bounded_however_it_is_written(tmp_path, frequency):
    path = tmp_path / "words.txt"
    path.write_text(f"净网 {frequency}\n", encoding="utf-8")
    with pytest.raises(InputError, match="frequency of 净网"):
        read_dictionary(path)
    path.write_text("净网 0001000000000\n", encoding="utf-8")
    assert read_dictionary(path) == (("净网", 1_000_000_000),)
