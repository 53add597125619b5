import os
import signal
import subprocess
import sys
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from topic_models import counts_of

from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.features import read_counts
from analysis.files import home
from analysis.topics import choosing
from analysis.topics.choosing import choose_topics
from analysis.topics.fitting import fit_quietly, fit_topics
from analysis.topics.mixtures import completion
from analysis.topics.quality import topic_quality

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ["n_topics", "seed", "perplexity", "npmi", "c_v", "exclusivity", "diversity", "stability", "converged"]


def planted(themes=3, documents=30, words=6, tokens=60):
    """Documents of one theme each, with words that stand in no other."""
    rng = np.random.default_rng(0)
    dense = np.zeros((documents, themes * words), dtype=int)
    for document in range(documents):
        first = document % themes * words
        dense[document, first : first + words] = rng.multinomial(tokens, np.full(words, 1 / words))
    return counts_of(dense)


@pytest.fixture(scope="module")
def counts():
    return planted()


@pytest.fixture
def fits(monkeypatch):
    """The numbers and seeds that were fitted, as they are."""
    done = []

    def counting(train, unseen, n_topics, engine, seed, options, really=choosing._fitted):
        done.append((n_topics, seed))
        return really(train, unseen, n_topics, engine, seed, options)

    monkeypatch.setattr(choosing, "_fitted", counting)
    return done


def message(*given, **options):
    with pytest.raises(InputError) as error:
        choose_topics(*given, **options)
    return str(error.value)


# ------------------------------------------------------------------- the table


def test_one_row_for_each_number_and_seed(counts):
    table = choose_topics(counts, [3, 2], seeds=[5, 1])
    assert list(table.columns) == COLUMNS
    assert table[["n_topics", "seed"]].to_numpy().tolist() == [[2, 1], [2, 5], [3, 1], [3, 5]]
    assert table.index.tolist() == [0, 1, 2, 3]
    assert table["converged"].tolist() == [True] * 4
    assert table.drop(columns="converged").notna().all(axis=None)
    assert choose_topics(counts, 2, seeds=2)[["n_topics", "seed"]].to_numpy().tolist() == [[2, 0], [2, 1]]
    assert len(choose_topics(counts, [2, 2, np.int64(2)], seeds=[0, 0])) == 1


def test_perplexity_falls_to_the_number_of_themes(counts):
    table = choose_topics(counts, [1, 2, 3], seeds=4)
    best = table.groupby("n_topics")["perplexity"].min()
    # With one topic each of 18 words surprises alike; who knows the themes is left with the six of one.
    assert best[1] == pytest.approx(18, rel=0.2)
    assert best[3] == pytest.approx(6, rel=0.1)
    assert best[1] > best[2] * 1.2 > best[3] * 1.4
    assert table.loc[table["n_topics"] == 1, "stability"].tolist() == [1] * 4
    assert table.groupby("n_topics")["stability"].max()[3] > 0.6


def test_the_numbers_are_those_of_the_parts(counts):
    table = choose_topics(counts, [2], seeds=1, held_out=0.3, split_seed=4, iterations=300)
    names = counts.documents["id"].to_numpy(dtype=object)
    unseen = np.random.default_rng(4).choice(names, 9, replace=False)
    inside = counts.units["document"].isin(unseen).to_numpy()
    train = choosing.trim(counts).select(id=[name for name in names if name not in unseen])
    topics = fit_topics(train, 2, iterations=300)
    quality = topic_quality(topics)
    for measure in ("npmi", "c_v", "exclusivity", "diversity"):
        assert table[measure].iloc[0] == pytest.approx(quality[measure].mean(), rel=1e-5)
    tokens = topics.term_weights * (topics.sizes * topics.unit_tokens.sum())[:, None]
    expected = completion(tokens, counts.matrix[inside], np.random.default_rng(0))
    assert table["perplexity"].iloc[0] == pytest.approx(expected, rel=1e-5)


def test_stability_is_the_mean_over_the_other_seeds(counts):
    two = choose_topics(counts, [3], seeds=[0, 1])["stability"]
    assert two.iloc[0] == two.iloc[1]  # each is the other's only peer
    three = choose_topics(counts, [3], seeds=[0, 1, 2])["stability"]
    pairs = [choose_topics(counts, [3], seeds=pair)["stability"].iloc[0] for pair in ([0, 1], [0, 2], [1, 2])]
    expected = [(pairs[0] + pairs[1]) / 2, (pairs[0] + pairs[2]) / 2, (pairs[1] + pairs[2]) / 2]
    assert three.tolist() == pytest.approx(expected, rel=1e-5)


def test_one_seed_has_no_stability(counts):
    assert choose_topics(counts, [2, 3], seeds=1)["stability"].isna().all()
    assert choose_topics(counts, [2], seeds=[7])["stability"].isna().all()


def test_the_same_arguments_give_the_same_table(counts):
    first = choose_topics(counts, [2, 3], seeds=2)
    pd.testing.assert_frame_equal(first, choose_topics(counts, [3, 2], seeds=range(2)))
    other = choose_topics(counts, [2, 3], seeds=2, split_seed=1)
    assert (other["perplexity"] != first["perplexity"]).any()
    # Each fit is for itself: among others it is the same.
    alone = choose_topics(counts, [3], seeds=[1]).iloc[0]
    row = first.query("n_topics == 3 and seed == 1").iloc[0]
    assert row.drop("stability").equals(alone.drop("stability"))


def test_several_processes_give_the_same_table(counts):
    pd.testing.assert_frame_equal(
        choose_topics(counts, [2, 3], seeds=2, processes=1), choose_topics(counts, [2, 3], seeds=2, processes=2)
    )


def test_engine_and_options_are_passed_on(counts, monkeypatch):
    asked = []

    def watched(train, n_topics, engine, seed, options):
        asked.append((n_topics, engine, seed, options))
        return fit_quietly(train, n_topics, engine, seed, options)

    monkeypatch.setattr(choosing, "fit_quietly", watched)
    choose_topics(counts, [2], seeds=1, engine="lda", alpha=0.2, iterations=50)
    assert asked == [(2, "lda", 0, {"alpha": 0.2, "iterations": 50})]
    asked.clear()
    choose_topics(counts, [2], seeds=1, engine="seeded", anchors={"a": ["w00"]})
    assert asked == [(2, "seeded", 0, {"anchors": {"a": ["w00"]}})]


def test_what_the_fits_warned_of_is_said_once(counts):
    anchors = {"a": ["w00", "no such word"]}
    with pytest.warns(TifaWarning) as caught:
        choose_topics(counts, [2, 3], seeds=2, engine="seeded", anchors=anchors, iterations=2)
    said = [str(w.message) for w in caught]
    assert [s.partition(" ")[0] for s in said] == ["Anchors", "4"]
    assert "no such word" in said[0]
    assert "did not converge (n_topics 2, 3)" in said[1]


def test_counts_are_trimmed_and_not_changed(counts):
    before = [array.tobytes() for array in (counts.matrix.data, counts.matrix.indices, counts.matrix.indptr)]
    assert "trimmed" not in counts.recipe
    table = choose_topics(counts, [2], seeds=1)
    assert [a.tobytes() for a in (counts.matrix.data, counts.matrix.indices, counts.matrix.indptr)] == before
    pd.testing.assert_frame_equal(table, choose_topics(choosing.trim(counts), [2], seeds=1))


def test_whole_documents_are_kept_from_the_fits(monkeypatch):
    counts = counts_of(np.random.default_rng(0).poisson(2, (20, 8)) + 1, document=np.arange(20) // 4)
    seen = []

    def watched(train, unseen, *rest, really=choosing._fitted):
        seen.append((train, unseen))
        return really(train, unseen, *rest)

    monkeypatch.setattr(choosing, "_fitted", watched)
    choose_topics(counts, [2, 3], seeds=2, held_out=0.4)
    for train, unseen in seen:
        assert len(train.documents) == 3
        assert train.matrix.shape[0] == 12
        assert unseen.shape[0] == 8
        assert train.units["document"].nunique() == 3
    assert len({tuple(train.documents["id"]) for train, _ in seen}) == 1  # the same for all


def test_where_nothing_is_left_to_predict_there_is_no_perplexity():
    dense = np.zeros((6, 4), dtype=int)
    dense[:5] = np.random.default_rng(0).poisson(3, (5, 4)) + 1
    counts = counts_of(dense)
    for split in range(20):
        held = np.random.default_rng(split).choice(counts.documents["id"].to_numpy(dtype=object), 1, replace=False)[0]
        if held == "d005":
            break
    assert np.isnan(choose_topics(counts, [2], seeds=1, held_out=0.1, split_seed=split)["perplexity"].iloc[0])


# ------------------------------------------------------------------- warnings


def test_fits_that_did_not_converge_are_said_once(counts):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = choose_topics(counts, [2, 3, 4], seeds=2, iterations=2, tolerance=0)
    assert not table["converged"].any()
    assert len(said) == 1
    assert said[0].category is TifaWarning
    assert str(said[0].message) == ("6 of 6 fits did not converge (n_topics 2, 3, 4): raise iterations= or tolerance=.")
    assert said[0].filename == __file__


def test_sampling_is_not_said_not_to_converge(counts):
    if find_spec("tomotopy") is None:
        pytest.skip("the extra `topics` is not installed")
    assert choose_topics(counts, [2], seeds=1, engine="gibbs", iterations=5)["converged"].tolist() == [True]


# ------------------------------------------------------------------- a folder to come back to


def test_what_is_in_the_folder_is_not_done_again(counts, tmp_path, fits):
    first = choose_topics(counts, [2, 3], seeds=2, folder=tmp_path / "search")
    assert len(fits) == 4
    kept = sorted(path.name for path in (tmp_path / "search").iterdir())
    assert kept == ["search.json", *(f"topics-{n}-seed-{seed}.npz" for n in (2, 3) for seed in (0, 1))]
    fits.clear()
    again = choose_topics(counts, [2, 3], seeds=2, folder=tmp_path / "search", progress=False)
    assert fits == []
    pd.testing.assert_frame_equal(first, again)
    more = choose_topics(counts, [2, 3, 4], seeds=3, folder=str(tmp_path / "search"))
    assert sorted(fits) == [(2, 2), (3, 2), (4, 0), (4, 1), (4, 2)]
    pd.testing.assert_frame_equal(more, choose_topics(counts, [2, 3, 4], seeds=3))
    fits.clear()
    assert len(choose_topics(counts, [3], seeds=[1], folder=tmp_path / "search")) == 1  # fewer than there are
    assert fits == []


@pytest.mark.parametrize(
    "other", [{"held_out": 0.3}, {"split_seed": 1}, {"engine": "nmf"}, {"iterations": 150}], ids=str
)
def test_another_search_in_the_folder_is_refused(counts, tmp_path, other, fits):
    choose_topics(counts, [2], seeds=1, folder=tmp_path)
    fits.clear()
    assert "or another folder" in message(counts, [2], seeds=1, folder=tmp_path, **other)
    assert "search: received 'sha256:" in message(planted(2), [2], seeds=1, folder=tmp_path)
    assert fits == []


def test_a_search_that_was_refused_leaves_the_folder_to_the_next(counts, tmp_path):
    assert "option: received 'iteration'" in message(counts, [2], seeds=1, folder=tmp_path, iteration=300)
    assert len(choose_topics(counts, [2], seeds=1, folder=tmp_path, iterations=300)) == 1


def test_a_folder_with_other_files_is_refused(counts, tmp_path):
    (tmp_path / "paper.tex").write_text("mine")
    assert "received a folder with other files; accepted: an empty or a new one" in message(
        counts, [2], seeds=1, folder=tmp_path
    )
    assert [path.name for path in tmp_path.iterdir()] == ["paper.tex"]


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "3", "{}", '{"search": null}', '{"search": "other"}'])
def test_a_damaged_description_of_the_search_is_refused(counts, tmp_path, text):
    choose_topics(counts, [2], seeds=1, folder=tmp_path)
    (tmp_path / "search.json").write_text(text)
    assert "search.json, search: received" in message(counts, [2], seeds=1, folder=tmp_path)


def test_a_damaged_fit_is_refused_by_name(counts, tmp_path):
    choose_topics(counts, [2], seeds=2, folder=tmp_path)
    path = tmp_path / "topics-2-seed-1.npz"
    content = path.read_bytes()
    at = len(content) // 3
    flipped = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
    for damaged in (
        b"",
        b"what is this",
        content[:10],
        content[:100],
        content[: len(content) // 2],
        content[:-1],
        flipped,
    ):
        path.write_bytes(damaged)
        text = message(counts, [2], seeds=2, folder=tmp_path)
        assert "topics-2-seed-1.npz: received" in text
        assert "accepted: a fit that was kept; delete it" in text
    for arrays in ({"weights": np.ones((2, 18))}, {"row": "{"}, {"row": "{}"}):
        np.savez(path, **arrays)
        assert "a fit that was kept; delete it" in message(counts, [2], seeds=2, folder=tmp_path)
    with open(path, "wb") as stream:
        np.save(stream, np.ones(2))
    assert "a fit that was kept; delete it" in message(counts, [2], seeds=2, folder=tmp_path)
    path.unlink()  # as the message says
    assert len(choose_topics(counts, [2], seeds=2, folder=tmp_path)) == 2


# ------------------------------------------------------------------- Ctrl-C


def stop_after(finished):
    """A callback that interrupts as Ctrl-C does, when so many fits are done."""

    def report(done, total):
        if done == finished:
            raise KeyboardInterrupt

    return report


def test_stopped_in_the_middle_what_is_finished_is_handed_back(counts, tmp_path):
    with pytest.warns(TifaWarning, match="Stopped after 2 of 6 fits: the table has these"):
        table = choose_topics(counts, [1, 2, 3], seeds=2, progress=stop_after(2), folder=tmp_path)
    assert len(table) == 2
    assert table["seed"].tolist() == [0, 0]  # the first seed of all numbers comes first
    whole = choose_topics(counts, [1, 2, 3], seeds=2, folder=tmp_path)
    pd.testing.assert_frame_equal(whole, choose_topics(counts, [1, 2, 3], seeds=2))
    stopped = table.drop(columns="stability").merge(whole.drop(columns="stability"))
    assert len(stopped) == 2  # the very rows


def test_stopped_without_a_folder(counts):
    with pytest.warns(TifaWarning, match="Stopped after 1 of 4 fits"):
        assert len(choose_topics(counts, [2, 3], seeds=2, progress=stop_after(1))) == 1


def test_stopped_before_anything_is_finished_it_is_an_interrupt(counts, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        choose_topics(counts, [2, 3], seeds=2, progress=stop_after(0), folder=tmp_path)
    assert len(choose_topics(counts, [2, 3], seeds=1, folder=tmp_path)) == 2


def test_progress_counts_the_fits_with_those_that_were_there(counts, tmp_path):
    choose_topics(counts, [2], seeds=2, folder=tmp_path)
    told = []
    choose_topics(counts, [2, 3], seeds=2, folder=tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 4), (3, 4), (4, 4)]


PROGRAM = """
import signal, sys, warnings
from importlib.util import find_spec, module_from_spec
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may have set it aside
sys.modules["analysis"] = module_from_spec(find_spec("analysis"))  # without all that it hands on, which takes seconds
import numpy as np
from topic_models import counts_of
from analysis.topics.choosing import choose_topics
counts = counts_of(np.random.default_rng(0).poisson(1.0, (40, 30)))
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    table = choose_topics(counts, [3], seeds=3000, folder=sys.argv[1], processes=int(sys.argv[2]), tolerance=0.01)
print(len(table), [str(w.message) for w in said])
"""


def test_a_real_interrupt_keeps_what_is_finished(tmp_path, fits):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    searches = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), str(processes)],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        searches.append((folder, program))
    counts = counts_of(np.random.default_rng(0).poisson(1.0, (40, 30)))
    for folder, program in searches:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("*.npz"))) < 3 and program.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to all of them
        told, errors = program.communicate(timeout=60)
        assert program.returncode == 0, errors
        kept = sorted(int(path.stem.rpartition("-")[2]) for path in folder.glob("*.npz"))
        assert 3 <= len(kept) < 3000
        assert f"Stopped after {told.split()[0]} of 3000 fits" in told
        assert len(kept) in (int(told.split()[0]), int(told.split()[0]) - 1)  # or stopped while the last was written
        assert all(not path.name.startswith(".") for path in folder.iterdir())  # nothing half written
        options = {"folder": folder, "tolerance": 0.01}
        assert len(choose_topics(counts, [3], seeds=kept, **options)) == len(kept)
        assert fits == []  # the next search begins where this one ended
        choose_topics(counts, [3], seeds=[*kept, 3000], **options)
        assert fits == [(3, 3000)]
        fits.clear()


# ------------------------------------------------------------------- bad cases


@pytest.mark.parametrize(
    "wrong", [None, "counts", pd.DataFrame(), np.ones((3, 3))], ids=["none", "text", "table", "array"]
)
def test_what_is_one_step_too_early(wrong):
    with pytest.raises(MissingStep, match=r"choose_topics takes Counts, not .*: count\(segment\(corpus\)\) makes them"):
        choose_topics(wrong)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("numbers", value) for value in ([], [0], [-1, 2], [2.5], [True], ["5"], "5", 2.5, None, True, 0, [None])),
        *(("seeds", value) for value in (0, -1, [], [-1], [0.5], 2.5, "3", None, True, ["0"], [True])),
        *(("held_out", value) for value in (0, 1, 1.5, -0.1, np.nan, "0.2", None, True)),
        *(("split_seed", value) for value in (-1, 0.5, None, "0", True)),
        *(("processes", value) for value in (0, -1, 1.5, "2", True)),
    ],
    ids=str,
)
def test_impossible_arguments(counts, option, value, fits):
    assert f"choose_topics, {option}: received" in message(counts, **({"numbers": [2], "seeds": 1} | {option: value}))
    assert fits == []


def test_all_faults_at_once(counts):
    assert "5 faults" in message(counts, [0], seeds=0, held_out=0, split_seed=-1, processes=0)


@pytest.mark.parametrize("many", [19, 1001, 10_000])
def test_a_number_too_large_is_refused_before_the_others_are_fitted(counts, many, fits):
    assert f"n_topics: received {many}" in message(counts, [2, 3, many], seeds=2).replace(",", "")
    assert fits == [(many, 0)]


def test_documents_too_few_to_keep_some(counts):
    one = counts_of([[1, 2], [2, 1]], document=[0, 0])
    assert "documents: received 1, of which held_out=0.2 keeps 1 from the fits; accepted: at least 2" in message(
        one, [1]
    )
    five = counts.select(id=[f"d00{i}" for i in range(5)])
    assert "received 5, of which held_out=0.95 keeps 5" in message(five, [1], held_out=0.95)
    assert len(choose_topics(five, [1, 2], seeds=1, held_out=0.01)) == 2  # one is kept at least


def test_what_fit_topics_refuses(counts):
    assert "option: received 'wrong'; accepted: iterations, tolerance" in message(counts, [2], seeds=1, wrong=1)
    assert "accepted: nmf-kl, nmf, lda, gibbs, seeded" in message(counts, [2], seeds=1, engine="lsa")
    assert "anchors: received none" in message(counts, [2], seeds=1, engine="seeded")
    assert "iterations: received 0" in message(counts, [2], seeds=1, iterations=0, processes=2)


def test_the_shipped_search_can_be_made_again():
    shipped = pd.read_csv(home() / "corpus" / "work-reports" / "topic_numbers.csv")
    assert shipped["n_topics"].value_counts().to_dict() == dict.fromkeys(range(5, 41, 5), 5)
    assert shipped["converged"].all()
    panel = choosing.trim(read_counts("work-reports").select("panel"), least_units=20, most_share=0.5)
    again = choose_topics(panel, [5], seeds=1, processes=1).drop(columns="stability").iloc[0]
    # Between machines topics differ a little; between versions of the fit they should not differ more.
    for name in ("perplexity", "npmi", "c_v", "exclusivity", "diversity"):
        assert again[name] == pytest.approx(shipped[name].iloc[0], rel=0.05), name
    assert again["perplexity"] == pytest.approx(shipped["perplexity"].iloc[0], rel=0.01)
