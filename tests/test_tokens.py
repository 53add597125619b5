import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corpus import Corpus
from analysis.counts import count
from analysis.dictionary import read_dictionary
from analysis.errors import InputError, MissingStep
from analysis.segmentation import segment
from analysis.segmenters.base import SEGMENTERS, load_segmenter


def corpus_of(*texts, language="zh"):
    return Corpus(
        pd.DataFrame(
            {
                "id": [f"d{i}" for i in range(len(texts))],
                "date": "2021-05-07",
                "language": language,
                "text": list(texts),
            }
        )
    )


ANY_TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("净化网络未成年人 \n\r\t\u3000\u2028é𠮷😀a.9%-'")
    ),
    min_size=1,
    max_size=40,
).filter(lambda t: t.strip())


@pytest.mark.parametrize(("segmenter", "language"), [(s, ls[0]) for s, ls in SEGMENTERS.items() if s != "lac"])
@settings(max_examples=150, deadline=None)
@given(text=ANY_TEXT)
def test_offsets_slice_back_to_the_text_exactly(segmenter, language, text):
    corpus = corpus_of(text, language=language)
    stored = corpus.table["text"].iloc[0]
    tokens = segment(corpus, segmenter)
    for i, start, end in zip(tokens.ids.tolist(), tokens.starts.tolist(), tokens.ends.tolist(), strict=True):
        assert stored[start:end] == tokens.vocabulary[i]
        assert not stored[start:end].isspace()
    covered = "".join(stored[s:e] for s, e in zip(tokens.starts, tokens.ends, strict=True))
    pieces = load_segmenter(segmenter)(stored)
    assert "".join(pieces) == stored
    assert covered == "".join(p for p in pieces if not p.isspace())
    assert (np.diff(tokens.starts) > 0).all()
    assert tokens.document_offsets.tolist() == [0, len(tokens)]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(ANY_TEXT, min_size=1, max_size=5), size=st.integers(1, 30), language=st.sampled_from(["zh", "en"])
)
def test_blocks_sum_to_their_statement(texts, size, language):
    tokens = segment(corpus_of(*texts, language=language))
    whole, blocks = count(tokens), count(tokens, units="blocks", size=size)
    summed = pd.DataFrame(blocks.matrix.toarray()).groupby(blocks.units["document"].to_numpy(), sort=False).sum()
    assert (summed.to_numpy() == whole.matrix.toarray()).all()
    assert int(whole.matrix.sum()) == len(tokens)


def test_blocks_are_cut_at_sentence_ends():
    text = "净化网络环境。" * 3 + "保护未成年人！"
    blocks = count(segment(corpus_of(text)), units="blocks", size=12)
    assert [text[s:e] for s, e in zip(blocks.units["start"], blocks.units["end"], strict=True)] == [
        "净化网络环境。净化网络环境。",
        "净化网络环境。保护未成年人！",
    ]


def test_sizes_count_letters_marks_and_numbers():
    documents = segment(corpus_of("净化，网络 2021！", "。")).documents
    assert documents["characters"].tolist() == [8, 0]
    assert documents["tokens"].tolist() == [3, 0]


def test_line_starts():
    tokens = segment(corpus_of("净化\n 网络 环境", "一"))
    assert [tokens.vocabulary[i] for i in tokens.ids[tokens.line_starts]] == ["净化", "网络", "一"]


def test_segmentation_swallows_a_framing_term():
    assert segment(corpus_of("优化网络环境保护未成年人")).words("d0") == ["优化", "网络", "环境保护", "未成年人"]


def test_dictionaries_do_not_influence_each_other():
    plain = segment(corpus_of("开展净网护苗行动"), hmm=False)
    taught = segment(corpus_of("开展净网护苗行动"), dictionary={"净网": 500, "护苗": 500}, hmm=False)
    again = segment(corpus_of("开展净网护苗行动"), hmm=False)
    assert taught.words("d0") == ["开展", "净网", "护苗", "行动"]
    assert plain.words("d0") == again.words("d0") == ["开展", "净", "网", "护", "苗", "行动"]
    assert plain.recipe_digest == again.recipe_digest != taught.recipe_digest


def test_each_language_has_its_segmenter():
    table = pd.DataFrame(
        {"id": ["a", "b"], "date": "2021", "language": ["zh", "en"], "text": ["净化网络", "Purify the network."]}
    )
    tokens = segment(Corpus(table))
    assert tokens.words("a") == ["净化", "网络"]
    assert tokens.words("b") == ["Purify", "the", "network", "."]
    with pytest.raises(InputError, match="1 statements in en"):
        segment(Corpus(table), "jieba")
    with pytest.raises(InputError, match="jieba, english, characters"):
        segment(Corpus(table), "thulac")


def test_arrays_are_read_only_and_everything_pickles():
    tokens = segment(corpus_of("净化网络"))
    counts = count(tokens)
    for array in (tokens.ids, tokens.starts, counts.matrix.data):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    copy = pickle.loads(pickle.dumps(tokens))
    assert copy.words("d0") == tokens.words("d0")
    assert copy.digest == tokens.digest
    assert pickle.loads(pickle.dumps(counts)).digest == counts.digest
    assert tokens.ids.dtype == tokens.starts.dtype == np.int32
    assert tokens.document_offsets.dtype == np.int64
    assert counts.matrix.dtype == np.int32


def test_wrong_input_names_the_missing_step():
    with pytest.raises(MissingStep, match="read_corpus"):
        segment(["净化"])
    with pytest.raises(MissingStep, match="segment"):
        count(corpus_of("净化"))
    with pytest.raises(InputError, match="documents or blocks") as caught:
        count(segment(corpus_of("净化")), units="pages", size=0)
    assert len(caught.value.faults) == 2


def test_a_dictionary_needs_explicit_frequencies(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("# mine\n净网 100\n护苗\n清朗 0\n净网 5\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_dictionary(path)
    assert [f.where.rpartition(" ")[2] for f in caught.value.faults] == ["3", "4", "5"]
    path.write_text("净网 100\n护苗 7 # term\n", encoding="utf-8")
    assert read_dictionary(path) == (("净网", 100), ("护苗", 7))


def test_the_shipped_dictionary_keeps_its_words_whole():
    entries = read_dictionary("official")
    words = [word for word, _ in entries]
    tokens = segment(corpus_of("，".join(words)), dictionary="official", hmm=False)
    assert [w for w in tokens.words("d0") if w != "，"] == words
    cut = segment(corpus_of("，".join(words)), hmm=False).words("d0")
    assert "打非治违" not in cut
    assert "净网" not in cut


def test_importing_and_cutting_change_no_global_setting():
    code = (
        "import logging, os, warnings, pandas, matplotlib, locale, scipy.stats, scipy.sparse\n"
        "def state():\n"
        "    return (list(warnings.filters), dict(matplotlib.rcParams), pandas.options.display.max_rows,\n"
        "            locale.setlocale(locale.LC_ALL), dict(os.environ), logging.root.level)\n"
        "before = state()\n"
        "import analysis\n"
        "table = pandas.DataFrame({'id': ['a'], 'date': ['2021'], 'language': ['zh'], 'text': ['净网行动']})\n"
        "analysis.segment(analysis.Corpus(table), dictionary={'净网': 99})\n"
        "assert state() == before\n"
        "import jieba\n"
        "assert (jieba.dt.initialized, len(jieba.dt.FREQ)) == (False, 0)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
