import re
import statistics
from pathlib import Path

import nbformat
import pytest

from analysis.errors import TifaError
from analysis.files import home
from analysis.notebooks import check_answer, list_notebooks, run_notebook, student_edition

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


def cells(path, kind):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def names(path):
    return path.stem


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_no_outputs_are_committed(path):
    for cell in cells(path, "code"):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_a_notebook_is_prose_that_happens_to_run(path):
    code = [c.source for c in cells(path, "code")]
    lines = [len(c.splitlines()) for c in code]
    words = sum(len(c.source.split()) for c in cells(path, "markdown"))
    assert len(code) <= 25
    assert statistics.median(lines) <= 3
    assert words >= 10 * sum(lines)
    joined = "\n".join(code)
    assert not re.search(r"^\s*def ", joined, re.MULTILINE)
    assert "pip install" not in joined
    assert not re.search(r"[\"'](/[^/\"']+/[^\"'\s]|[A-Z]:\\)", joined)  # "/净化/" is a query, no path
    assert all(not re.match(r"\s*(import|from) ", line) for c in code[1:] for line in c.splitlines())
    assert max(lines) <= 10


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_a_notebook_opens_with_its_question_and_closes_with_exercises(path):
    opening = cells(path, "markdown")[0].source
    for words in ("**Question.**", "**For whom:**", "**Time:**", "**Needed before:**", "**Corpus:**"):
        assert words in opening
    assert "constructed" in opening
    tags = [t for c in nbformat.read(path, as_version=4).cells for t in c.metadata.get("tags", [])]
    assert tags.count("exercise") in (2, 3)
    assert "Further reading" in cells(path, "markdown")[-1].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_the_solved_edition_runs_and_its_checks_pass(path, tmp_path):
    notebook = run_notebook(path, figures=tmp_path)
    checks = [c for c in notebook.cells if "check" in c.metadata.get("tags", [])]
    assert checks
    for cell in checks:
        assert "right." in cell.outputs[0]["data"]["text/plain"]
    saved = [
        c for c in notebook.cells if "save_figure(" in c.source and c.cell_type == "code" and "import" not in c.source
    ]
    assert len(list(tmp_path.glob("*.png"))) == len(saved)
    for cell in saved:  # the reader sees every figure below its cell
        assert [o for o in cell.outputs if "image/png" in o.get("data", {})], cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_the_unsolved_edition_fails_its_checks_with_a_helpful_word(path, tmp_path):
    notebook = nbformat.read(student_edition(path, tmp_path), as_version=4)
    tagged = [(c.metadata["tags"][0], c.source) for c in notebook.cells if c.metadata.get("tags")]
    assert all(source.startswith("answer = ...") for tag, source in tagged if tag == "solution")
    solved = [c.source for c in cells(path, "code") if "solution" in c.metadata.get("tags", [])]
    text = "\n".join(c.source for c in notebook.cells)
    assert not any(s in text for s in solved)
    for source in (s for tag, s in tagged if tag == "check"):
        exercise = re.search(r'"(\d\d\.\d)"', source)[1]
        with pytest.raises(TifaError, match=rf"Exercise {exercise} has no answer yet. .{{20,}}"):
            check_answer(exercise, ...)


def test_an_unsolved_notebook_stops_at_its_first_check(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks" / "student"
    path = student_edition(NOTEBOOKS[0], folder)
    with pytest.raises(TifaError, match="Exercise 00.1 has no answer yet"):
        run_notebook(path, figures=tmp_path)


def test_answers_are_compared_as_they_are_rounded(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text(
        '["1"]\nanswer = 0.33\ndigits = 2\nhint = "Look."\n["2"]\nanswer = ["a", "b"]\nhint = "Look."\n["3"]\nanswer = "2019Q4"\nhint = "Look."\n',
        encoding="utf-8",
    )
    assert check_answer("1", 1 / 3, answers=path) == "Exercise 1: right."
    assert check_answer("2", ("b", "a"), answers=path).endswith("right.")
    assert check_answer("3", "2019Q4", answers=path).endswith("right.")
    for exercise, wrong in (("1", 0.34), ("1", "0.33"), ("1", True), ("2", ["a"]), ("2", "a"), ("3", "2019Q3")):
        with pytest.raises(TifaError, match="is not it. Look."):
            check_answer(exercise, wrong, answers=path)
    with pytest.raises(TifaError, match="accepted: 1, 2, 3"):
        check_answer("4", 1, answers=path)
    with pytest.raises(TifaError, match="nowhere"):
        check_answer("1", 1, answers=tmp_path / "nowhere.toml")
    path.write_text('["1"]\nanswer = 1\n', encoding="utf-8")
    with pytest.raises(TifaError, match="exercise 1, hint"):
        check_answer("1", 1, answers=path)
    path.write_text("[", encoding="utf-8")
    with pytest.raises(TifaError, match="not TOML"):
        check_answer("1", 1, answers=path)


def notebook_of(*cells_and_tags):
    notebook = nbformat.v4.new_notebook()
    for source, *tags in cells_and_tags:
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags} if tags else {}))
    return notebook


def test_faulty_notebooks_are_named(tmp_path):
    nbformat.write(notebook_of(("1 / 0",)), tmp_path / "a.ipynb")
    with pytest.raises(TifaError, match="a.ipynb, cell 1 failed: ZeroDivisionError"):
        run_notebook(tmp_path / "a.ipynb")
    nbformat.write(notebook_of(("import time; time.sleep(60)",)), tmp_path / "slow.ipynb")
    with pytest.raises(TifaError, match="more than 1 seconds"):
        run_notebook(tmp_path / "slow.ipynb", timeout=1)
    nbformat.write(notebook_of(("import os; os._exit(1)",)), tmp_path / "dead.ipynb")
    with pytest.raises(TifaError, match="its kernel died"):
        run_notebook(tmp_path / "dead.ipynb")
    nbformat.write(notebook_of(("x = 1", "solution"), ("check", "check")), tmp_path / "b.ipynb")
    with pytest.raises(TifaError, match="must follow each other"):
        student_edition(tmp_path / "b.ipynb", tmp_path / "out")
    (tmp_path / "c.ipynb").write_text("no json", encoding="utf-8")
    with pytest.raises(TifaError, match="not a notebook"):
        run_notebook(tmp_path / "c.ipynb")
    with pytest.raises(TifaError, match="no notebook"):
        run_notebook(tmp_path / "d.ipynb")
    with pytest.raises(TifaError, match="no notebooks in"):
        list_notebooks(tmp_path / "out")


def test_the_list_is_in_order():
    assert [p.name[:2] for p in list_notebooks()] == ["00", "01", "02", "03", "04", "05", "06", "07", "09"]
    assert (home() / "notebooks" / "answers.toml").is_file()
