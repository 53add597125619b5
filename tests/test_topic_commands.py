import pandas as pd
import pytest
from command_line import tifa, tifa_here


def test_topics_are_fitted_to_texts_and_to_shipped_counts_and_kept(tmp_path):
    result = tifa("topics", "demo", "--language", "zh", "-k", "3", "--model", tmp_path / "m", "-o", tmp_path / "t.csv")
    assert result.returncode == 0, result.stderr
    assert "constructed texts" in result.stderr
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["topic"].tolist() == [0, 1, 2]
    assert table["share"].sum() == pytest.approx(1, abs=1e-5)
    assert {p.name for p in (tmp_path / "m").iterdir()} == {"topics.json", "topics.npz"}
    shipped = tifa("topics", "work-reports", "--select", "central", "-k", "2", "--least-units", "50", "--seed", "1")
    assert shipped.returncode == 0, shipped.stderr
    assert "发展" in shipped.stdout


def test_numbers_of_topics_are_compared_and_a_search_goes_on(tmp_path):
    asked = ("choose", "demo", "--language", "zh", "--numbers", "2:4:2", "--seeds", "2", "--folder", tmp_path / "fits")
    first = tifa(*asked, "-o", tmp_path / "first.csv")
    assert first.returncode == 0, first.stderr
    table = pd.read_csv(tmp_path / "first.csv")
    assert table[["n_topics", "seed"]].to_numpy().tolist() == [[2, 0], [2, 1], [4, 0], [4, 1]]
    again = tifa(*asked, "-o", tmp_path / "again.csv")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("topics", "demo", "-k", "3"), "--language: received none; accepted: one of en, zh"),
        (("topics", "dmo"), "Did you mean 'demo'? There is: demo, work-reports."),
        (("topics", "demo", "--language", "zh", "-k", "0"), "n_topics: received 0"),
        (("topics", "demo", "--language", "zh", "--engine", "seeded"), "--anchors: received none; accepted: a lexicon"),
        (("choose", "demo", "--language", "zh", "--anchors", "frames"), "received frames; accepted: --engine seeded"),
        (("choose", "demo", "--language", "zh", "--numbers", "10:5:1"), "--numbers: received '10:5:1'"),
        (("choose", "demo", "--language", "zh", "--numbers", "5:x"), "5:40:5 (from, to, step), or 10,20,30"),
    ],
)
def test_faults_of_topic_commands_end_in_one_message(arguments, words):
    result = tifa_here(*arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr
