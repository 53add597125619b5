import pandas as pd
import pytest
from command_line import tifa, tifa_here


def test_lines_are_printed_below_each_other_and_written(tmp_path):
    asked = ("kwic", "demo", "净化 []{0,2} 网络", "--language", "zh", "--sample", "5", "--sort", "right1")
    result = tifa(*asked)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("5 lines of 净化 []{0,2} 网络 (Constructed texts")
    assert sum("[净化网络]" in line for line in lines) == 5
    for ending in ("csv", "html", "xml"):
        written = tifa_here(*asked, "-o", tmp_path / f"lines.{ending}")
        assert written.returncode == 0, written.stderr
        assert "5 lines →" in written.stdout
        assert "constructed texts" in written.stderr
    assert len(pd.read_csv(tmp_path / "lines.csv")) == 5
    again = tifa_here(*asked, "-o", tmp_path / "lines.csv")
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert tifa_here(*asked, "-o", tmp_path / "lines.csv", "--overwrite").returncode == 0


def test_a_frame_is_found_with_the_lexicon():
    result = tifa_here(
        "kwic", "demo", "<minors> :: office=juvenile", "--language", "en", "--unit", "tokens", "--context", "3"
    )
    assert result.returncode == 0, result.stderr
    assert "[minors]" in result.stdout


def test_collocates_have_measures_and_offices(tmp_path):
    options = ("--within", "clause", "--spread", "office", "-m", "log_dice", "-m", "mi", "-o", tmp_path / "c.csv")
    result = tifa_here("collocates", "demo", "净化", "--language", "zh", *options)
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(tmp_path / "c.csv")
    assert list(table.columns[-3:]) == ["office_values", "log_dice", "mi"]
    assert table["log_dice"].is_monotonic_decreasing
    assert "网络" in set(table["collocate"].head(3))


def test_keywords_of_shipped_counts_and_of_texts(tmp_path):
    shipped = tifa_here(
        *(
            "keywords",
            "work-reports",
            "--select",
            "panel",
            "--target",
            "year=2024..2026",
            "--reference",
            "year=2003..2005",
        ),
        *("--resamples", "100", "--side", "target", "-o", tmp_path / "k.csv"),
    )
    assert shipped.returncode == 0, shipped.stderr
    table = pd.read_csv(tmp_path / "k.csv")
    assert (table["effect"] > 0).all()
    assert "高质量" in set(table["feature"].head(50))
    texts = tifa_here("keywords", "demo", "--language", "zh", "--target", "office=juvenile", "--resamples", "0")
    assert texts.returncode == 0, texts.stderr
    assert "未成年人" in texts.stdout


def test_dispersion_diversity_and_ngrams(tmp_path):
    spread = tifa_here("dispersion", "work-reports", "--select", "panel", "--feature", "净化", "--feature", "发展")
    assert spread.returncode == 0, spread.stderr
    assert [line.split()[:4] for line in spread.stdout.splitlines()[1:]] == [
        ["净化", "155", "732", "125"],
        ["发展", "78271", "732", "732"],
    ]
    varied = tifa_here("diversity", "demo", "--language", "zh", "--by", "year", "-o", tmp_path / "d.csv")
    assert varied.returncode == 0, varied.stderr
    assert pd.read_csv(tmp_path / "d.csv")["period"].tolist() == list(range(2014, 2024))
    formulas = tifa_here("ngrams", "demo", "--language", "zh", "-n", "4", "-o", tmp_path / "n.csv")
    assert formulas.returncode == 0, formulas.stderr
    assert (pd.read_csv(tmp_path / "n.csv")["n"] == 4).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("collocates", "demo", "净化"), "--language: received none; accepted: one of en, zh"),
        (("collocates", "demo", "净化", "--language", "zh", "-o", "table.xlsx"), "ending: received '.xlsx'"),
        (("kwic", "demo", "净化 [", "--language", "zh"), "column 4: received '[' without an end"),
        (("kwic", "demo", "净化", "--language", "zh", "--sort", "middle"), "sort: received 'middle'"),
        (("kwic", "demo", "净化", "--language", "zh", "-o", "lines.docx"), ".csv, .xlsx, .html, .xml"),
        (("collocates", "demo", "净化", "--language", "zh", "-m", "likelihood"), "measures: received 'likelihood'"),
        (("collocates", "demo", "净化", "--language", "zh", "--window", "0"), "window: received 0"),
        (("keywords", "demo", "--language", "zh", "--target", "year=1900"), "received 'year=1900'"),
        (("keywords", "demo", "--language", "zh", "--target", "yeer=2020"), "received 'yeer'"),
        (("keywords", "demo", "--language", "zh", "--target", "year=2000..2030"), "statement for the reference"),
        (("dispersion", "demo", "--language", "zh", "--feature", "净画"), "received '净画'"),
        (("ngrams", "demo", "--language", "zh", "-n", "0"), "n: received 0"),
    ],
)
def test_faults_end_in_one_message(arguments, words):
    result = tifa_here(*arguments)
    assert result.returncode == 1, result.stdout
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_lines_may_be_of_two_languages():
    result = tifa_here("kwic", "demo", "净化|purif*", "--sample", "8")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("8 lines of 净化|purif*")


def test_a_word_that_stands_nowhere_is_answered_with_others():
    result = tifa_here("kwic", "demo", "未成年保护", "--language", "zh")
    assert result.returncode == 0
    assert result.stdout.startswith("0 lines of 未成年保护")
    assert "near: " in result.stderr
    assert "未成年人" in result.stderr


def test_lines_of_a_boundless_context_are_no_wider_than_their_texts():
    options = ["kwic", "demo", "净化", "--language", "zh", "--sample", "3", "--context"]
    wide = tifa_here(*options, 10**11)
    assert wide.returncode == 0
    assert max(map(len, wide.stdout.splitlines())) < 5000
