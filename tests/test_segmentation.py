import contextlib
import os
import pickle
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpora import ANY_TEXT, corpus_of

from analysis import segmentation
from analysis.corpus import Corpus
from analysis.cutting import cut_part
from analysis.errors import InputError, MissingStep, TifaError
from analysis.segmentation import segment
from analysis.segmenters.base import PACKAGES, SEGMENTERS, load_segmenter
from analysis.tokens import Tokens

ROOT = Path(__file__).parents[1]
ARRAYS = ("ids", "starts", "ends", "document_offsets", "line_starts")
HERE = [name for name in SEGMENTERS if name not in PACKAGES or name in ("jieba", "jieba-reference")]


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of twelve characters, so that a few statements make several."""
    monkeypatch.setattr(segmentation, "_PART", 12)


def twelve(**columns):
    texts = [f"第{n}条，净化网络环境\n保护未成年人{n}。" for n in range(12)]
    return corpus_of(*texts, **columns)


def same(first, second):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert getattr(first, name).dtype == getattr(second, name).dtype
    assert first.vocabulary == second.vocabulary
    pd.testing.assert_frame_equal(first.documents, second.documents)
    assert first.digest == second.digest


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


# ---------------------------------------------------------------- what is a token


@pytest.mark.parametrize(("segmenter", "language"), [(s, SEGMENTERS[s][0]) for s in HERE])
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


def test_sizes_count_letters_marks_and_numbers():
    documents = segment(corpus_of("净化，网络 2021！", "。")).documents
    assert documents["characters"].tolist() == [8, 0]
    assert documents["tokens"].tolist() == [3, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=6), st.sampled_from(["zh", "en"]))
def test_sizes_are_counted_over_all_parts(texts, language):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmentation, "_PART", 10)
        tokens = segment(corpus_of(*texts, language=language))
    expected = [
        sum(any(unicodedata.category(c)[0] in "LMN" for c in word) for word in tokens.words(identifier))
        for identifier in tokens.documents["id"]
    ]
    assert tokens.documents["tokens"].tolist() == expected
    assert list(tokens.vocabulary) == sorted({w for d in tokens.documents["id"] for w in tokens.words(d)})


def test_line_starts():
    tokens = segment(corpus_of("净化\n 网络 环境", "一"))
    assert [tokens.vocabulary[i] for i in tokens.ids[tokens.line_starts]] == ["净化", "网络", "一"]


def test_segmentation_swallows_a_framing_term():
    assert segment(corpus_of("优化网络环境保护未成年人")).words("d0") == ["优化", "网络", "环境保护", "未成年人"]


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


def test_wrong_input_names_the_missing_step():
    with pytest.raises(MissingStep, match="read_corpus"):
        segment(["净化"])
    for processes in (0, -1, 1.5, True, "2"):
        with pytest.raises(InputError, match="processes"):
            segment(corpus_of("净化"), processes=processes)


# ------------------------------------------------------------------- dictionaries


def test_dictionaries_do_not_influence_each_other():
    corpus = corpus_of("开展净网护苗行动")
    words = {None: ["开展", "净", "网", "护", "苗", "行动"]}
    a, b = {"净网": 500, "护苗": 500}, {"护苗": 500}
    words |= {"a": ["开展", "净网", "护苗", "行动"], "b": ["开展", "净", "网", "护苗", "行动"]}
    digests = {}
    for name in (None, "a", "b", "a", None, "b"):
        tokens = segment(corpus, dictionary={"a": a, "b": b}.get(name), hmm=False)
        assert tokens.words("d0") == words[name]
        assert digests.setdefault(name, tokens.recipe_digest) == tokens.recipe_digest
    assert len(set(digests.values())) == 3
    backwards = segment(corpus, dictionary=dict(reversed(a.items())), hmm=False)
    assert backwards.recipe_digest == digests["a"]


def test_the_recipe_names_what_decides():
    corpus = corpus_of("开展净网护苗行动")
    options = [{}, {"hmm": False}, {"dictionary": {"净网": 5}}, {"dictionary": {"净网": 6}}, {"fold": True}]
    options += [{"segmenter": "characters"}, {"segmenter": "jieba-reference"}]
    assert len({segment(corpus, **o).recipe_digest for o in options}) == len(options)
    for o in options:
        recipe = segment(corpus, **o).recipe
        assert dict(pickle.loads(pickle.dumps(recipe))) == dict(recipe)


# -------------------------------------------------------------------------- fold


def test_fold_makes_one_token_of_upper_and_lower_case():
    text = "Children and children’s CHILDREN. İstanbul STRASSE Straße ΣΟΦΟΣ σοφος"
    plain, folded = (segment(corpus_of(text, language="en"), fold=f) for f in (False, True))
    for name in ("starts", "ends", "line_starts", "document_offsets"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(folded, name))
    words = folded.words("d0")
    assert words[:5] == ["children", "and", "children's", "children", "."]
    assert words[5:8] == ["İstanbul", "strasse", "straße"]
    assert words[8] == words[9]
    assert len(folded.vocabulary) < len(plain.vocabulary)
    assert [len(w) for w in words] == (folded.ends - folded.starts).tolist()


@settings(max_examples=80, deadline=None)
@given(ANY_TEXT, st.sampled_from(["zh", "en"]))
def test_fold_keeps_every_length(text, language):
    folded = segment(corpus_of(text, language=language), fold=True)
    assert [len(w) for w in folded.words("d0")] == (folded.ends - folded.starts).tolist()
    assert list(folded.vocabulary) == sorted(set(folded.vocabulary))
    assert set(folded.ids.tolist()) == set(range(len(folded.vocabulary)))


# -------------------------------------------------------------- parts and processes


@settings(max_examples=50, deadline=None)
@given(st.lists(ANY_TEXT, min_size=2, max_size=6), st.integers(1, 5), st.integers(1, 60))
def test_halves_and_the_whole_have_the_same_tokens(texts, at, part):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmentation, "_PART", part)
        corpus = corpus_of(*texts)
        whole = segment(corpus)
        ids = corpus.table["id"].tolist()
        for some in filter(None, (ids[:at], ids[at:])):
            shard = segment(corpus.select(id=some))
            for identifier in some:
                assert shard.words(identifier) == whole.words(identifier)


def test_two_processes_make_the_same_tokens_and_files(small_parts, tmp_path):
    corpus = twelve()
    one = segment(corpus, processes=1)
    same(one, segment(corpus, processes=2))
    for processes in (1, 2):
        same(one, segment(corpus, folder=tmp_path / str(processes), processes=processes))
    monolith = one.save(tmp_path / "saved")
    assert contents(tmp_path / "1") == contents(tmp_path / "2") == contents(monolith)


def test_a_process_that_dies_leaves_no_tokens_and_the_next_run_does_it(small_parts, tmp_path, monkeypatch):
    import worker_jobs

    monkeypatch.setattr(segmentation, "cut_part", worker_jobs.cut_until)
    with pytest.raises(TifaError, match="kept where a folder was given.*processes=1"):
        segment(twelve(), folder=tmp_path / "t", processes=2)
    assert not (tmp_path / "t").exists()
    monkeypatch.undo()
    monkeypatch.setattr(segmentation, "_PART", 12)
    same(segment(twelve(), folder=tmp_path / "t", processes=1), segment(twelve()))
    assert os.listdir(tmp_path) == ["t"]


# --------------------------------------------------------- interrupted and resumed

KILLED = """
import os, sys
sys.path[:0] = [{tests!r}]
from analysis import segmentation
from small_corpora import corpus_of
import test_segmentation
segmentation._PART = 12
really, calls = segmentation.cut_part, []
def cut(*arguments):
    calls.append(1)
    if len(calls) > {after}:
        os.kill(os.getpid(), 9)
    return really(*arguments)
segmentation.cut_part = cut
if {assembling}:
    segmentation.describe = lambda *_: os.kill(os.getpid(), 9)
segmentation.segment(test_segmentation.twelve(), folder=sys.argv[1], processes=1, overwrite=True)
"""


def killed(folder, after=99, assembling=False):
    code = KILLED.format(tests=str(ROOT / "tests"), after=after, assembling=assembling)
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()


def counted(monkeypatch):
    calls = []

    def cut(*arguments):
        calls.append(arguments[1])
        return cut_part(*arguments)

    monkeypatch.setattr(segmentation, "cut_part", cut)
    return calls


def parts_of(folder):
    [found] = [p for p in folder.parent.iterdir() if p.name.endswith(".parts")]
    return found


def test_a_killed_run_leaves_nothing_half_and_is_taken_up(small_parts, tmp_path, monkeypatch):
    target = tmp_path / "t"
    killed(target, after=5)
    assert not target.exists()
    assert {p.name for p in parts_of(target).iterdir()} == {f"{n}{e}" for n in range(5) for e in (".npz", ".sha256")}
    calls = counted(monkeypatch)
    reports = []
    resumed = segment(twelve(), folder=target, progress=lambda *of: reports.append(of))
    assert len(calls) == 7
    assert reports == [(n, 12) for n in range(5, 13)]
    assert os.listdir(tmp_path) == ["t"]
    monkeypatch.setattr(segmentation, "cut_part", cut_part)
    same(resumed, segment(twelve()))
    segment(twelve(), folder=tmp_path / "straight")
    assert contents(target) == contents(tmp_path / "straight")


def test_killed_at_the_end_nothing_is_cut_again_and_old_tokens_stay(small_parts, tmp_path, monkeypatch):
    target = tmp_path / "t"
    old = segment(corpus_of("旧的"), folder=target)
    killed(target, assembling=True)
    same(old, Tokens.load(target, verify=True))
    left = [p for p in tmp_path.iterdir() if p.name.endswith(".part")]
    assert len(left) == 1  # a folder that was being written: hidden, and in nobody's way
    calls = counted(monkeypatch)
    same(segment(twelve(), folder=target, overwrite=True), segment(twelve()))
    assert len(calls) == 12  # all of them the second, in memory
    assert {p.name for p in tmp_path.iterdir()} == {"t", left[0].name}


@pytest.mark.parametrize("name", ["2.npz", "2.sha256"])
@pytest.mark.parametrize("damage", [b"", b"\xff\xfe rubbish", None])
def test_a_damaged_part_is_cut_again(small_parts, tmp_path, monkeypatch, name, damage):
    target = tmp_path / "t"
    killed(target, after=4)
    path = parts_of(target) / name
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    calls = counted(monkeypatch)
    resumed = segment(twelve(), folder=target)
    assert len(calls) == 9
    same(resumed, segment(twelve()))


def test_parts_of_other_work_are_not_taken(small_parts, tmp_path, monkeypatch):
    target = tmp_path / "t"
    killed(target, after=4)
    corpus = twelve()
    others = [
        (twelve(date="2022-01-01"), {}),
        (Corpus(corpus.documents.iloc[::-1]), {}),  # the same corpus, its statements in another order
        (corpus, {"hmm": False}),
        (corpus, {"dictionary": {"净网": 5}}),
        (corpus, {"segmenter": "characters"}),
    ]
    calls = counted(monkeypatch)
    for other, options in others:
        calls.clear()
        made = segment(other, folder=target, overwrite=True, **options)
        assert len(calls) == 12
        same(made, segment(other, **options))
    assert others[1][0].digest == corpus.digest
    calls.clear()
    segment(corpus, folder=target, overwrite=True)
    assert len(calls) == 8


@pytest.mark.parametrize("where", ["_keep", "describe"])
def test_a_full_disk_keeps_the_old_tokens_and_the_finished_parts(small_parts, tmp_path, monkeypatch, where):
    target = tmp_path / "t"
    old = segment(corpus_of("旧的"), folder=target)
    really, calls = getattr(segmentation, where), []

    def full(*arguments):
        calls.append(1)
        if len(calls) > 3 or where == "describe":
            raise OSError(28, "No space left on device")
        return really(*arguments)

    monkeypatch.setattr(segmentation, where, full)
    with pytest.raises(OSError, match="No space"):
        segment(twelve(), folder=target, overwrite=True)
    same(old, Tokens.load(target, verify=True))
    monkeypatch.setattr(segmentation, where, really)
    cut = counted(monkeypatch)
    segment(twelve(), folder=target, overwrite=True)
    assert len(cut) == {"_keep": 9, "describe": 0}[where]
    assert os.listdir(tmp_path) == ["t"]


def test_a_disk_that_is_really_full_raises_and_does_not_crash(tmp_path):
    """On a file system of 600 kB, where mapped files would end the process."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs privileges that are not here")
    try:
        with pytest.raises(OSError, match="No space"):
            segment(corpus_of("净化网络环境。" * 20_000), folder=small / "t")
        assert not (small / "t").exists()
    finally:
        subprocess.run(["umount", small], check=True)


def test_tokens_that_appeared_meanwhile_are_not_replaced(small_parts, tmp_path, monkeypatch):
    target = tmp_path / "t"
    other = segment(corpus_of("别的"))

    def meanwhile(done, total):
        if done == total:
            other.save(target)

    with pytest.raises(TifaError, match="exists already"):
        segment(twelve(), folder=target, progress=meanwhile)
    same(other, Tokens.load(target))


def test_folders_that_are_not_there_yet_and_long_names(small_parts, tmp_path):
    deep = tmp_path / "new" / "deep" / "t"
    same(segment(twelve(), folder=deep), Tokens.load(deep))
    for name in ("名" * 80, "n" * 255):
        segment(corpus_of("净化"), folder=tmp_path / name)
        assert Tokens.load(tmp_path / name).words("d0") == ["净化"]


def test_a_name_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    segment(corpus_of("净化"), folder="t")
    assert os.listdir(tmp_path) == ["t"]
    assert Tokens.load("t").words("d0") == ["净化"]


def test_what_stands_in_the_folder_is_refused_before_any_work(tmp_path, monkeypatch):
    calls = counted(monkeypatch)
    (tmp_path / "hers").mkdir()
    (tmp_path / "hers" / "notes.txt").write_text("hers")
    with pytest.raises(TifaError, match="exists already"):
        segment(corpus_of("净化"), folder=tmp_path / "hers")
    with pytest.raises(TifaError, match="left alone"):
        segment(corpus_of("净化"), folder=tmp_path / "hers", overwrite=True)
    assert not calls
    assert [p.name for p in tmp_path.rglob("*")] == ["hers", "notes.txt"]


# ------------------------------------------------------------------------ progress


def test_progress_counts_up_to_the_number_of_parts(small_parts, capfd):
    for processes in (1, 2):
        calls = []
        segment(twelve(), processes=processes, progress=lambda *of, calls=calls: calls.append(of))
        assert calls == [(n, 12) for n in range(13)]
    segment(twelve(), progress=None)
    segment(twelve(), progress=False)
    assert capfd.readouterr() == ("", "")
    segment(twelve(), progress=True)
    assert "cutting" in capfd.readouterr().err


def test_an_error_in_her_function_stops_every_process(small_parts):
    def stop(done, total):
        if done:
            raise KeyError("hers")

    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text() if children.exists() else ""
    with pytest.raises(KeyError) as caught:
        segment(twelve(), processes=2, progress=stop)
    assert (children.read_text() if children.exists() else "") == before
    assert caught.traceback  # held, and with it every frame on the way


# ------------------------------------------------------------------ in every place

PROGRAM = """
import sys
import pandas
from analysis import Corpus, segment, segmentation
segmentation._PART = 12
table = pandas.DataFrame({"id": list("abcd"), "date": "2021", "language": "zh", "text": ["净化网络环境，保护未成年人"] * 4})
print(segment(Corpus(table), processes=2, folder=sys.argv[1]))
"""


@pytest.mark.parametrize("how", ["script", "-c", "stdin"])
def test_a_script_needs_no_guard_and_nothing_is_left_in_the_temporary_folder(how, tmp_path):
    (tmp_path / "temporary").mkdir()
    (tmp_path / "script.py").write_text(PROGRAM, encoding="utf-8")
    arguments = {"script": ["script.py"], "-c": ["-c", PROGRAM], "stdin": ["-"]}[how]
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *arguments, "t"],
        cwd=tmp_path,
        env=environment,
        input=PROGRAM if how == "stdin" else None,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("<Tokens: 24 tokens, 6 types, 4 documents>\n", "")
    assert not list((tmp_path / "temporary").iterdir())
    assert sorted(os.listdir(tmp_path)) == ["script.py", "t", "temporary"]


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


# ------------------------------------------------------------------- how time grows


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


@contextlib.contextmanager
def engines_of(segmenter):
    segment(corpus_of("净化"), segmenter)  # its dictionary is read beforehand
    yield {"zh": (segmenter, {"dictionary": (), "hmm": True})}


@pytest.mark.parametrize("shape", ["many tiny statements", "one huge statement"])
def test_time_grows_with_the_text_and_no_faster(shape):
    def work(times):
        if shape == "one huge statement":
            texts = ["净化网络环境A-1，保护未成年人5%。" * (8_000 * times)]
        else:
            texts = ["净化网络环境，保护未成年人的权益。"] * (4_000 * times)
        cut_part(engines, texts, ["zh"] * len(texts))

    with engines_of("jieba") as engines:
        work(1)
        small, large = min(seconds(lambda: work(1)) for _ in range(3)), seconds(lambda: work(8))
    assert large < 8 * 3 * small  # eight times the text; quadratic would be sixty-four
