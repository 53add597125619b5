import datetime as dt
import json
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpora import ANY_TEXT, corpus_of

from analysis.corpus import Corpus
from analysis.errors import InputError, TifaError
from analysis.segmentation import segment
from analysis.tokens import Tokens

ARRAYS = ("ids", "starts", "ends", "document_offsets", "line_starts")
FILES = (*(f"{name}.npy" for name in ARRAYS), "vocabulary.arrow", "documents.arrow")


@pytest.fixture
def tokens():
    return segment(corpus_of("净化网络\n环境，净化。", "保护未成年人"))


@pytest.fixture
def saved(tokens, tmp_path):
    return tokens.save(tmp_path / "t")


def same(first, second):
    for name in ARRAYS:
        one, other = getattr(first, name), getattr(second, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert first.vocabulary == second.vocabulary
    pd.testing.assert_frame_equal(first.documents, second.documents)
    assert first.recipe_digest == second.recipe_digest
    assert first.digest == second.digest
    assert first.constructed == second.constructed
    for identifier in first.documents["id"]:
        assert first.words(identifier) == second.words(identifier)


PRECISE = st.one_of(
    st.dates(dt.date(1000, 1, 1)).map(str),
    st.dates(dt.date(1000, 1, 1)).map(lambda d: str(d)[:7]),
    st.dates(dt.date(1000, 1, 1)).map(lambda d: str(d)[:4]),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
COLUMNS = st.sampled_from(
    [
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_infinity=False, allow_nan=False),
        st.booleans(),
        TEXTS,
        st.dates(),
        st.lists(st.integers(0, 9), max_size=2),
    ]
).flatmap(lambda values: st.lists(st.one_of(st.none(), values), min_size=4, max_size=4))


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(ANY_TEXT, min_size=4, max_size=4),
    dates=st.lists(PRECISE, min_size=4, max_size=4),
    columns=st.dictionaries(st.sampled_from(["Jahr", "年份", "level"]), COLUMNS),
    fold=st.booleans(),
)
def test_what_is_saved_is_loaded(texts, dates, columns, fold):
    table = pd.DataFrame(
        {"id": list("abcd"), "date": dates, "language": ["zh", "en", "zh", "en"], "text": texts}
        | {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    )
    made = segment(Corpus(table, about={"constructed": True}), fold=fold)
    with tempfile.TemporaryDirectory() as folder:
        loaded = Tokens.load(made.save(Path(folder) / "t"), verify=True)
        same(made, loaded)
        same(made, pickle.loads(pickle.dumps(loaded)))
        kinds = [[type(v) for v in t.documents[c]] for t in (made, loaded) for c in columns]
        assert kinds[: len(columns)] == kinds[len(columns) :]


def test_a_column_of_mixed_kinds_is_kept_as_text(tmp_path):
    odd = [3, "3a", None], [{"a": 1}, {"b": 2}, None], [1, [2], "x"], [dt.date(2021, 1, 1), "n. d.", 2**70]
    corpus = corpus_of("净", "化", "网", **{f"c{i}": pd.Series(v, dtype=object) for i, v in enumerate(odd)})
    loaded = Tokens.load(segment(corpus).save(tmp_path / "t"))
    assert loaded.documents["c0"].tolist() == ["3", "3a", ""]
    assert loaded.documents["c1"].tolist() == ["{'a': 1}", "{'b': 2}", ""]
    assert loaded.documents["c3"].tolist() == ["2021-01-01", "n. d.", str(2**70)]
    assert corpus.table["c0"].tolist() == [3, "3a", None]


def test_whole_numbers_beside_a_gap_stay_exact(tmp_path):
    corpus = corpus_of("净", "化", number=pd.Series([2**60 + 1, None], dtype=object))
    made = segment(corpus)
    loaded = Tokens.load(made.save(tmp_path / "t"))
    assert loaded.documents["number"].tolist() == made.documents["number"].tolist()


def test_removed_tokens_and_no_tokens_at_all_come_back(tokens, tmp_path):
    ids = np.where(tokens.starts == 0, -1, tokens.ids).astype(np.int32)
    rest = (tokens.vocabulary, tokens.documents, tokens.recipe)
    fewer = Tokens(ids, tokens.starts, tokens.ends, tokens.document_offsets, tokens.line_starts, *rest)
    same(fewer, Tokens.load(fewer.save(tmp_path / "fewer")))
    assert fewer.words("d1")[0] == ""
    none, no_lines = np.zeros(0, np.int32), np.zeros(0, bool)
    empty = Tokens(none, none.copy(), none.copy(), np.zeros(3, np.int64), no_lines, *rest)
    same(empty, Tokens.load(empty.save(tmp_path / "empty")))


def test_loaded_arrays_are_mapped_and_read_only(saved):
    loaded = Tokens.load(saved)
    for name in ARRAYS:
        array = getattr(loaded, name)
        assert isinstance(array, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_arrays_are_read_only_and_tokens_pickle(tokens):
    for name in ARRAYS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(tokens, name)[0] = 1
    copy = pickle.loads(pickle.dumps(tokens))
    same(tokens, copy)
    with pytest.raises(ValueError, match="read-only"):
        copy.ids[0] = 1
    assert tokens.ids.dtype == tokens.starts.dtype == tokens.ends.dtype == np.int32
    assert tokens.document_offsets.dtype == np.int64
    with pytest.raises(TypeError):
        tokens.recipe["hmm"] = False
    assert dict(pickle.loads(pickle.dumps(tokens.recipe))) == dict(tokens.recipe)


def test_tokens_of_no_statement_are_asked_for(tokens):
    with pytest.raises(InputError, match="'d9'"):
        tokens.words("d9")


# ------------------------------------------------------------------------- saving


def test_a_folder_appears_with_nothing_beside_it(saved):
    assert [p.name for p in saved.parent.iterdir()] == ["t"]
    assert {p.name for p in saved.iterdir()} == {*FILES, "tokens.json"}
    about = json.loads((saved / "tokens.json").read_text(encoding="utf-8"))
    assert about["files"]["ids.npy"]["bytes"] == (saved / "ids.npy").stat().st_size


def test_saving_twice_gives_the_same_bytes(tokens, saved, tmp_path):
    for again in (tokens.save(tmp_path / "again"), Tokens.load(saved).save(tmp_path / "loaded")):
        for name in (*FILES, "tokens.json"):
            assert (again / name).read_bytes() == (saved / name).read_bytes(), name


def test_what_stands_at_the_place_is_not_written_over(tokens, saved, tmp_path):
    for path in (saved, tmp_path / "file", tmp_path / "empty"):
        if path.name == "file":
            path.write_text("hers")
        path.mkdir(exist_ok=True) if path.name == "empty" else None
        with pytest.raises(TifaError, match="exists already.*overwrite"):
            tokens.save(path)
    assert (tmp_path / "file").read_text() == "hers"


def test_overwriting_replaces_the_whole(tokens, saved):
    (saved / "ids.npy").write_bytes(b"broken")
    other = segment(corpus_of("别的"))
    before = Tokens.load(other.save(saved, overwrite=True))
    same(other, before)
    tokens.save(saved, overwrite=True)
    same(tokens, Tokens.load(saved, verify=True))
    same(other, before)  # what is mapped stays as it was
    mapped = Tokens.load(saved)
    mapped.save(saved, overwrite=True)
    same(tokens, Tokens.load(saved, verify=True))


@pytest.mark.parametrize("what", ["file", "folder", "tokens with her notes"])
def test_overwriting_leaves_alone_what_is_not_tokens(what, tokens, saved, tmp_path):
    path = {"file": tmp_path / "a", "folder": tmp_path / "b"}.get(what, saved)
    hers = path if what == "file" else path / "notes.txt"
    hers.parent.mkdir(exist_ok=True)
    hers.write_text("hers")
    with pytest.raises(TifaError, match="left alone"):
        tokens.save(path, overwrite=True)
    assert hers.read_text() == "hers"


def test_overwriting_follows_a_link_and_keeps_it(tokens, saved, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(saved, target_is_directory=True)
    other = segment(corpus_of("别的"))
    other.save(link, overwrite=True)
    assert link.is_symlink()
    same(other, Tokens.load(saved))


def test_a_full_disk_keeps_the_old_tokens(tokens, saved, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analysis.tokens.np.save", full)
    with pytest.raises(OSError, match="No space"):
        segment(corpus_of("别的")).save(saved, overwrite=True)
    same(tokens, Tokens.load(saved, verify=True))
    assert [p.name for p in saved.parent.iterdir()] == ["t"]


def test_killed_while_saving_the_old_tokens_stay(tokens, saved):
    code = (
        "import os, sys\nimport analysis.tokens as t\nloaded = t.Tokens.load(sys.argv[1])\n"
        "t.describe = lambda *_: os._exit(9)\nloaded.save(sys.argv[1], overwrite=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(saved)], check=False, capture_output=True)
    assert done.returncode == 9, done.stderr
    same(tokens, Tokens.load(saved, verify=True))
    same(tokens, Tokens.load(tokens.save(saved, overwrite=True)))


# ------------------------------------------------------------------------ loading


def test_no_folder_and_a_foreign_one_say_what_makes_tokens(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ids.npy").touch()
    (tmp_path / "file").touch()
    for name in ("gone", "other", "file"):
        with pytest.raises(TifaError, match=rf"no tokens at .*{name}.*tokens\.save"):
            Tokens.load(tmp_path / name)


def places(caught):
    return sorted(Path(f.where).name for f in caught.value.faults)


def test_every_missing_short_and_long_file_is_named_at_once(saved):
    (saved / "ids.npy").write_bytes((saved / "ids.npy").read_bytes()[:-1])
    (saved / "ends.npy").write_bytes((saved / "ends.npy").read_bytes() + b"0")
    (saved / "starts.npy").unlink()
    (saved / "documents.arrow").write_bytes(b"")
    with pytest.raises(InputError, match="Segment the corpus again") as caught:
        Tokens.load(saved)
    assert places(caught) == ["documents.arrow", "ends.npy", "ids.npy", "starts.npy"]


@pytest.mark.parametrize("name", FILES)
def test_an_edited_byte_is_found_when_verifying(saved, name):
    data = bytearray((saved / name).read_bytes())
    data[-1 if name.endswith("npy") else len(data) // 2] ^= 1
    (saved / name).write_bytes(data)
    with pytest.raises(InputError, match="SHA-256") as caught:
        Tokens.load(saved, verify=True)
    assert places(caught) == [name]


@pytest.mark.parametrize("name", FILES)
def test_an_emptied_file_is_no_array_and_no_table(saved, name):
    (saved / name).write_bytes(bytes((saved / name).stat().st_size))
    with pytest.raises(InputError) as caught:
        Tokens.load(saved)
    assert places(caught) == [name]


def test_arrays_of_another_type_are_named_at_once(saved):
    for name, dtype in (("ids", np.float32), ("starts", ">i4"), ("ends", np.uint32)):
        content = np.load(saved / f"{name}.npy").astype(dtype)
        np.save(saved / f"{name}.npy", content)
    with pytest.raises(InputError, match="float32.*int32") as caught:
        Tokens.load(saved)
    assert places(caught) == ["ends.npy", "ids.npy", "starts.npy"]


def test_arrays_that_do_not_fit_each_other_are_refused(saved):
    # The same number of bytes, but a header that speaks of fewer tokens.
    data = (saved / "ids.npy").read_bytes()
    n = np.load(saved / "ids.npy").size
    (saved / "ids.npy").write_bytes(data.replace(f"({n},)".encode(), f"({n - 1},)".encode().ljust(len(f"({n},)"))))
    with pytest.raises(InputError, match=rf"length: received {n - 1}; accepted: {n}") as caught:
        Tokens.load(saved)
    assert places(caught) == ["ids.npy"]


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(FILES), at=st.integers(0, 127), value=st.integers(0, 255))
def test_a_byte_changed_in_a_head_is_loaded_or_refused_never_a_crash(tmp_path_factory, name, at, value):
    folder = tmp_path_factory.mktemp("heads") / "t"
    segment(corpus_of("净化网络\n环境，净化。")).save(folder)
    data = bytearray((folder / name).read_bytes())
    data[at] = value
    (folder / name).write_bytes(data)
    try:
        Tokens.load(folder)
    except InputError as error:
        assert {Path(f.where).name for f in error.faults} <= set(FILES)
    finally:
        shutil.rmtree(folder.parent)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"x"', b"null", b"3", b"{}", b'{"format": 1}', b"\xff\xfe", b"NaN"],
)
def test_a_broken_description_is_named(saved, content):
    (saved / "tokens.json").write_bytes(content)
    with pytest.raises(InputError, match="tokens.json") as caught:
        Tokens.load(saved)
    assert places(caught) == ["tokens.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": None},
        {"recipe": []},
        {"recipe": {}},
        {"files": list(FILES)},
        {"files": {}},
        {"files": dict.fromkeys(FILES)},
        {"files": {key: {"bytes": "1"} for key in FILES}},
        {"files": {key: {"bytes": 1, "sha256": "0"} for key in [*FILES, "../../secret"]}},
    ],
)
def test_a_description_of_something_else_is_refused(saved, change):
    about = json.loads((saved / "tokens.json").read_text(encoding="utf-8"))
    (saved / "tokens.json").write_text(json.dumps(about | change), encoding="utf-8")
    with pytest.raises(InputError, match="Segment the corpus again") as caught:
        Tokens.load(saved)
    assert places(caught) == ["tokens.json"]
