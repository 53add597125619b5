import json
from dataclasses import replace

import numpy as np
import pytest
from small_corpora import corpus_of

from analysis.counts import count
from analysis.errors import InputError, MissingStep, TifaError
from analysis.segmentation import segment
from analysis.topics.fitting import fit_topics
from analysis.topics.storing import read_topics, write_topics
from analysis.vocabulary import trim

TEXTS = ("净化网络环境", "网络环境清朗", "河流治理工程", "治理河流")


@pytest.fixture(scope="module")
def counts():
    return count(segment(corpus_of(*TEXTS)))


@pytest.fixture
def topics(counts):
    return fit_topics(counts, 2)


@pytest.fixture
def folder(topics, tmp_path):
    write_topics(topics, tmp_path / "model")
    return tmp_path / "model"


def files(folder):
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------- there and back


def test_what_is_written_is_read(counts, topics, tmp_path):
    topics = replace(topics, labels=("网络 net", ""))
    path = write_topics(topics, tmp_path / "deep" / "model")
    assert path == tmp_path / "deep" / "model" / "topics.json"
    assert files(path.parent) == ["topics.json", "topics.npz"]
    again = read_topics(path.parent, counts)
    assert again.term_weights.tobytes() == topics.term_weights.tobytes()
    assert again.unit_shares.tobytes() == topics.unit_shares.tobytes()
    assert not again.term_weights.flags.writeable
    assert again.labels == topics.labels
    assert dict(again.recipe) == dict(topics.recipe)
    assert again.digest == topics.digest
    assert again.topics.equals(topics.topics)
    assert again.documents.equals(topics.documents)
    assert "网络 net" in path.read_text(encoding="utf-8")  # to be read by a person, too


def test_counts_may_be_those_before_or_after_trimming(counts, topics, folder):
    assert read_topics(folder, counts).counts.digest == topics.counts.digest
    assert read_topics(folder, topics.counts).counts is topics.counts
    assert read_topics(str(folder), trim(counts)).digest == topics.digest


@pytest.mark.parametrize("engine", ["nmf", "lda", "seeded"])
def test_every_engine_can_be_kept(engine, counts, tmp_path):
    anchors = {"anchors": {"网络": ["网络"], "河": "河流"}} if engine == "seeded" else {}
    topics = fit_topics(counts, 2, engine, **anchors)
    write_topics(topics, tmp_path)
    again = read_topics(tmp_path, counts)
    assert dict(again.recipe) == dict(topics.recipe)
    assert again.labels == topics.labels
    assert again.converged == topics.converged


def test_another_model_is_not_written_over(counts, topics, folder):
    write_topics(replace(topics, labels=("renamed", "")), folder)  # the same recipe: what a reader called it may change
    assert read_topics(folder, counts).labels == ("renamed", "")
    other = fit_topics(counts, 2, "nmf", seed=7)
    with pytest.raises(TifaError, match=r"holds another model \(engine nmf-kl, n_topics 2, seed 0\). Choose another"):
        write_topics(other, folder)
    (folder / "topics.json").write_text("{", encoding="utf-8")  # what cannot be read is nobody's model
    write_topics(other, folder)
    assert read_topics(folder, counts).digest == other.digest


def test_options_of_numpy_can_be_kept(counts, tmp_path):
    topics = fit_topics(counts, np.int64(2), seed=np.int32(1), iterations=np.int64(90), tolerance=np.float32(0.5))
    write_topics(topics, tmp_path)
    assert read_topics(tmp_path, counts).digest == topics.digest


def test_an_empty_folder_will_do(topics, tmp_path):
    write_topics(topics, tmp_path)
    assert files(tmp_path) == ["topics.json", "topics.npz"]


# ------------------------------------------------------------------- nothing half done


def test_a_recipe_that_cannot_be_written_leaves_what_was_there(counts, topics, folder):
    wrong = replace(topics, recipe=dict(topics.recipe) | {"notes": {"what": object()}})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_topics(wrong, folder)
    assert read_topics(folder, counts).digest == topics.digest


def test_a_writing_that_was_cut_short_is_no_model(counts, topics, folder, monkeypatch):
    def full(*args, **arrays):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        write_topics(topics, folder)
    # The arrays are still the old ones, but nothing vouches for them.
    assert files(folder) == ["topics.npz"]
    with pytest.raises(MissingStep, match=r"There is no model at .*: write_topics\(topics, folder\) writes one"):
        read_topics(folder, counts)


def test_a_folder_with_other_files_is_left_alone(topics, tmp_path):
    (tmp_path / "paper.tex").write_text("mine")
    (tmp_path / "notes").mkdir()
    with pytest.raises(TifaError, match=r"holds other files \(notes, paper.tex\). Choose a folder for the model alone"):
        write_topics(topics, tmp_path)
    assert files(tmp_path) == ["notes", "paper.tex"]


# ------------------------------------------------------------------- bad cases


def test_other_counts_are_refused(counts, topics, folder):
    more = count(segment(corpus_of(*TEXTS, "又一篇")))
    for other in (
        more,
        counts.select(id=["d0", "d1"]),
        trim(counts, least_length=2, stopwords=False),
        trim(trim(counts)),
    ):
        with pytest.raises(InputError, match=rf"counts: received sha256:.*; accepted: {topics.counts.digest}, trimmed"):
            read_topics(folder, other)


def test_what_is_one_step_too_early(counts, topics, folder, tmp_path):
    for wrong in (None, topics, "counts"):
        with pytest.raises(MissingStep, match="takes the Counts that were fitted, not"):
            read_topics(folder, wrong)
    with pytest.raises(MissingStep, match="write_topics takes Topics, not Counts"):
        write_topics(counts, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    for nowhere in (tmp_path / "nowhere", tmp_path, folder / "topics.json"):
        with pytest.raises(MissingStep, match="There is no model at"):
            read_topics(nowhere, counts)


def damages(content):
    yield b""
    for length in (1, 10, 100, len(content) // 2, len(content) - 1):
        yield content[:length]
    yield b"what is this"
    yield b"{}"
    at = len(content) // 3  # in the numbers, not in a header
    yield content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def test_damaged_arrays_are_refused(counts, folder):
    path = folder / "topics.npz"
    for damaged in damages(path.read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"accepted: what write_topics wrote\nWrite it again with write_topics"):
            read_topics(folder, counts)
    with open(path, "wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(InputError, match="what write_topics wrote"):
        read_topics(folder, counts)
    path.unlink()
    with pytest.raises(InputError, match="FileNotFoundError"):
        read_topics(folder, counts)


def test_a_damaged_byte_is_refused_or_harmless(counts, topics, folder):
    path = folder / "topics.npz"
    content = path.read_bytes()
    refused = 0
    for at in range(0, len(content), 2):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            again = read_topics(folder, counts)
        except InputError:
            refused += 1
        else:
            assert again.term_weights.tobytes() == topics.term_weights.tobytes()
            assert again.unit_shares.tobytes() == topics.unit_shares.tobytes()
    assert refused > len(content) / 8


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "null", "[]", "3", '"text"', "{}", '{"recipe": {}, "labels": []}', '{"recipe": 3, "labels": []}'),
        *('{"recipe": {"counts": "x"}}', '{"labels": ["a", "b"]}', '{"recipe": {"counts": "x"}, "labels": null}'),
    ],
)
def test_a_foreign_description_is_refused(text, counts, folder):
    (folder / "topics.json").write_text(text)
    with pytest.raises(InputError, match="what write_topics wrote"):
        read_topics(folder, counts)


def test_bytes_that_are_no_text_are_refused(counts, folder):
    (folder / "topics.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match="UnicodeDecodeError"):
        read_topics(folder, counts)


def test_arrays_of_another_model_are_refused(counts, topics, folder):
    shapes = [((3, 7), (4, 3)), ((2, 6), (4, 2)), ((2, 7), (3, 2)), ((2, 7), (4, 3)), ((14,), (4, 2))]
    assert (topics.term_weights.shape, topics.unit_shares.shape) == ((2, 7), (4, 2))
    for weights, shares in shapes:
        np.savez(folder / "topics.npz", term_weights=np.ones(weights), unit_shares=np.ones(shares))
        with pytest.raises(InputError, match=r"arrays: received .*; accepted: 2 topics of these counts"):
            read_topics(folder, counts)


def test_labels_are_as_many_as_topics(counts, folder):
    about = json.loads((folder / "topics.json").read_text(encoding="utf-8"))
    (folder / "topics.json").write_text(json.dumps(about | {"labels": ["one"]}), encoding="utf-8")
    with pytest.raises(InputError, match="accepted: 1 topics of these counts"):
        read_topics(folder, counts)
