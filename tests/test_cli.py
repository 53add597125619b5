import os
import subprocess
import sys

import pandas as pd
import pytest
from command_line import ROOT, tifa, tifa_here


@pytest.fixture
def project(tmp_path):
    """A project of its own, so that nothing is written into this one."""
    (tmp_path / "corpus" / "lexicons").mkdir(parents=True)
    (tmp_path / "corpus" / "sources.toml").write_text("", encoding="utf-8")
    (tmp_path / "corpus" / "lexicons" / "frames.toml").write_text(
        '[minors]\nterms.zh = ["未成年人"]\n', encoding="utf-8"
    )
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "2021-05-07 通报.txt").write_text("关于保护未成年人的通报\n保护未成年人。", encoding="utf-8")
    (texts / "2022-06-01 通报.txt").write_text("关于保护未成年人的通报\n各地落实。", encoding="utf-8")
    (texts / "没有日期.txt").write_text("没有。", encoding="utf-8")
    return tmp_path


def test_help_lists_the_commands():
    result = tifa("--help")
    assert result.returncode == 0
    for command in ("check", "new", "find", "rates", "ratio", "topics", "choose", "figures", "verify"):
        assert command in result.stdout


def test_check_passes_what_ships():
    for name, words in (("demo", "constructed texts"), ("frames", "terms")):
        result = tifa("check", name)
        assert result.returncode == 0, result.stderr
        assert words in result.stdout
        assert "no faults" in result.stdout


def test_check_lists_every_fault_without_a_traceback(tmp_path):
    (tmp_path / "statements.csv").write_text(
        "id,date,language,text\na,2021-02-30,zh,净化\na,2021,fr,\n", encoding="utf-8"
    )
    result = tifa_here("check", tmp_path)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for words in ("2021-02-30", "'fr'", "zh or en", "row 1", "row 2", "an empty text", "already"):
        assert words in result.stderr
    (tmp_path / "bad.toml").write_text('[a]\nterms.zh = ["(净化"]\n', encoding="utf-8")
    result = tifa_here("check", tmp_path / "bad.toml")
    assert result.returncode == 1
    assert "line 2" in result.stderr


def test_new_makes_a_corpus_and_says_what_it_could_not_use(project):
    result = tifa_here("new", "press", project / "texts", cwd=project, TIFA_HOME=str(project))
    assert result.returncode == 0, result.stderr
    assert "set aside: 1 of 3" in result.stderr
    assert "没有日期.txt" in result.stderr
    assert (project / "corpus" / "own" / "press" / "report.csv").is_file()
    result = tifa_here("check", "press", cwd=project, TIFA_HOME=str(project))
    assert "2 documents" in result.stdout
    result = tifa_here("new", "press", project / "texts", cwd=project, TIFA_HOME=str(project))
    assert result.returncode == 1
    assert "--overwrite" in result.stderr
    result = tifa_here("new", "../press", project / "texts", cwd=project, TIFA_HOME=str(project))
    assert result.returncode == 1
    assert not (project / "corpus" / "press").exists()
    result = tifa_here("rates", "press", cwd=project, TIFA_HOME=str(project))
    assert result.returncode == 0
    assert "2021" in result.stdout


def test_new_writes_nothing_if_nothing_can_be_used(project):
    (project / "texts" / "2021-05-07 通报.txt").unlink()
    (project / "texts" / "2022-06-01 通报.txt").unlink()
    result = tifa_here("new", "press", project / "texts", cwd=project, TIFA_HOME=str(project))
    assert result.returncode == 1
    assert "nothing was written" in result.stderr
    assert not (project / "corpus" / "own" / "press").exists()


def test_find_and_rates_write_tables(tmp_path):
    result = tifa_here("find", "demo", "--language", "zh", "-f", "minors", "-o", tmp_path / "hits.csv")
    assert result.returncode == 0, result.stderr
    hits = pd.read_csv(tmp_path / "hits.csv")
    assert list(hits.columns) == ["document", "frame", "term", "start", "end", "text"]
    assert hits["frame"].str.startswith("minors").all()
    assert "constructed" in result.stderr
    result = tifa_here("rates", "demo", "--by", "year", "-o", tmp_path / "rates.csv")
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(tmp_path / "rates.csv")
    assert set(table["language"]) == {"zh", "en"}
    assert set(table["frame"]) == {"purification", "minors", "anniversary", "children", "youth"}


def test_ratio_prints_a_table():
    result = tifa_here(
        "ratio",
        "demo",
        "--before",
        "2014:2020-09",
        "--after",
        "2020-10:2023",
        "--language",
        "zh",
        "-f",
        "minors",
        "--within",
        "office",
    )
    assert result.returncode == 0, result.stderr
    assert "minors" in result.stdout
    assert "strata" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "nowhere"), "There is: "),
        (("rates", "demo", "--by", "week"), "year, quarter, month, all"),
        (("rates", "demo", "-f", "purity"), "purification"),
        (("find", "demo", "--lexicon", "nowhere"), "frames"),
        (("ratio", "demo", "--before", "2014:2018", "--after", "2018:2019"), "do not overlap"),
        (("find", "demo", "-o", "/proc/none/x.csv"), "/proc/none"),
    ],
)
def test_faults_end_in_one_message(arguments, words):
    result = tifa_here(*arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_outside_of_a_project_the_way_is_named(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "TIFA_HOME"} | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-m", "analysis", "check", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert result.returncode == 1
    assert "TIFA_HOME" in result.stderr


def test_student_edition(tmp_path):
    result = tifa_here("student", tmp_path)
    assert result.returncode == 0
    assert sorted(p.name[:2] for p in tmp_path.glob("*.ipynb")) == [
        "00",
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "07",
        "09",
    ]


def test_a_corpus_is_segmented_once_and_again_only_on_demand(project):
    texts = project / "texts"
    assert tifa_here("new", "mine", texts, cwd=project, TIFA_HOME=str(project)).returncode == 0
    first = tifa_here("segment", "mine", "-o", "mine.tokens", cwd=project, TIFA_HOME=str(project))
    assert first.returncode == 0, first.stderr
    assert "2 documents" in first.stdout
    again = tifa_here("segment", "mine", "-o", "mine.tokens", cwd=project, TIFA_HOME=str(project))
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert "Traceback" not in again.stderr
    assert (
        tifa_here("segment", "mine", "-o", "mine.tokens", "--overwrite", cwd=project, TIFA_HOME=str(project)).returncode
        == 0
    )


def test_features_of_an_own_corpus_go_where_they_are_asked_to(project):
    assert tifa_here("new", "mine", project / "texts", cwd=project, TIFA_HOME=str(project)).returncode == 0
    nowhere = tifa_here("features", "mine", cwd=project, TIFA_HOME=str(project))
    assert nowhere.returncode == 1
    assert "--output" in nowhere.stderr
    done = tifa_here("features", "mine", "-o", "counted", cwd=project, TIFA_HOME=str(project))
    assert done.returncode == 0, done.stderr
    assert (project / "counted" / "counts.parquet").is_file()


def test_a_selection_is_taken_or_pointed_out(project):
    assert tifa_here("new", "mine", project / "texts", cwd=project, TIFA_HOME=str(project)).returncode == 0
    with open(project / "corpus" / "own" / "mine" / "corpus.toml", "a", encoding="utf-8") as stream:
        stream.write('selections = {late = {since = "2022"}}\n')
    whole = tifa_here("rates", "mine", "--by", "all", cwd=project, TIFA_HOME=str(project))
    assert "--select takes one of its selections: late" in whole.stderr
    late = tifa_here("rates", "mine", "--by", "year", "--select", "late", cwd=project, TIFA_HOME=str(project))
    assert "2022" in late.stdout
    assert "2021" not in late.stdout
    wrong = tifa_here("rates", "mine", "--select", "early", cwd=project, TIFA_HOME=str(project))
    assert wrong.returncode == 1
    assert "accepted: late" in wrong.stderr


def test_fetching_what_is_not_registered_says_what_is(project):
    answer = tifa_here("fetch", "nothing", cwd=project, TIFA_HOME=str(project))
    assert answer.returncode == 1
    assert "No corpus 'nothing' is registered" in answer.stderr
    assert "Traceback" not in answer.stderr
