"""Running notebooks, checking answers, and the student edition.

nbformat and nbclient are imported where a notebook is read or run: their
checks of addresses take a second to load, which every ``import analysis`` and
every ``tifa`` command would wait for.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import Fault, TifaError, raise_faults, shown, warn
from analysis.files import home, write_whole

if TYPE_CHECKING:
    import nbformat

__all__ = ["check_answer", "list_notebooks", "run_notebook", "student_edition"]

TAGS = ("exercise", "solution", "check")
_ANSWERS = "answers.toml"


def list_notebooks(folder: str | os.PathLike[str] | None = None) -> list[Path]:
    """The notebooks of the project, in order."""
    place = Path(folder) if folder is not None else home() / "notebooks"
    found = sorted(p for p in place.glob("*.ipynb") if not p.name.startswith("."))
    if not found:
        raise TifaError(f"There are no notebooks in {place}.")
    return found


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {k: os.environ.get(k) for k in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def run_notebook(
    path: str | os.PathLike[str], *, figures: str | os.PathLike[str] | None = None, timeout: int = 600
) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom in a fresh kernel and return it with its outputs.

    The file itself is left alone: no outputs are committed. The kernel works in
    the notebook's folder; ``figures`` is where its figures go instead of
    ``figures/``.

    Raises
    ------
    TifaError
        Naming the notebook, the cell and the error, if a cell fails.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    source = Path(path)
    notebook = _read(source)
    values = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    if figures is not None:
        values["TIFA_FIGURES"] = str(Path(figures).resolve())
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        # The kernel talks over the loopback; its warning about that would stand between the progress lines.
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(source.parent)}},
    )
    with _environment(values):
        try:
            client.execute()
        except CellExecutionError as error:
            cell = next(
                (
                    i
                    for i, c in enumerate(notebook.cells)
                    if any(o.get("output_type") == "error" for o in c.get("outputs", []))
                ),
                -1,
            )
            raise TifaError(f"{source.name}, cell {cell + 1} failed: {error.ename}: {error.evalue}") from None
        except CellTimeoutError:
            raise TifaError(f"{source.name}: a cell ran for more than {timeout} seconds and was stopped.") from None
        except DeadKernelError:
            raise TifaError(
                f"{source.name}: its kernel died (out of memory?); run it in JupyterLab to see where."
            ) from None
    return notebook


def _read(path: Path) -> nbformat.NotebookNode:
    import nbformat

    if not path.is_file():
        raise TifaError(f"There is no notebook {path}.")
    try:
        notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
        return notebook
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise TifaError(f"{path} is not a notebook: {str(error).splitlines()[0]}") from None


# ---------------------------------------------------------------------- exercises


def check_answer(exercise: str, answer: Any, *, answers: str | os.PathLike[str] | None = None) -> str:
    """Compare an answer with the stored one, rounded, and say what to look at.

    Parameters
    ----------
    exercise
        Its number, such as ``05.1``, as in ``notebooks/answers.toml``: there
        stand ``answer``, for numbers ``digits`` (decimals that must agree), and
        ``hint``.

    Raises
    ------
    TifaError
        If the answer is missing or another one; the message holds the hint.
    """
    path = Path(answers) if answers is not None else home() / "notebooks" / _ANSWERS
    if not path.is_file():
        raise TifaError(f"There is no {path} to compare answers with.")
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TifaError(f"{path} is not TOML in UTF-8: {error}") from None
    if exercise not in stored:
        raise_faults("check_answer", [Fault("check_answer", "exercise", shown(exercise), ", ".join(stored))])
    lacking = [field for field in ("answer", "hint") if field not in stored[exercise]]
    raise_faults(str(path), [Fault(f"exercise {exercise}", field, "nothing", "a value") for field in lacking])
    expected, hint = stored[exercise]["answer"], stored[exercise]["hint"]
    if answer is ... or answer is None:
        raise TifaError(f"Exercise {exercise} has no answer yet. {hint}")
    if not _agree(answer, expected, stored[exercise].get("digits", 0)):
        raise TifaError(f"Exercise {exercise}: {shown(_plain(answer))} is not it. {hint}")
    return f"Exercise {exercise}: right."


def _plain(answer: Any) -> Any:
    return answer.item() if hasattr(answer, "item") and getattr(answer, "size", 1) == 1 else answer


def _agree(answer: Any, expected: Any, digits: int) -> bool:
    answer = _plain(answer)
    if isinstance(expected, bool) or isinstance(answer, bool):
        return answer is expected
    if isinstance(expected, int | float):
        if not isinstance(answer, int | float):
            return False
        return abs(float(answer) - expected) <= 0.5 * 10.0**-digits + 1e-9
    if isinstance(expected, list):
        given = list(answer) if not isinstance(answer, str) and hasattr(answer, "__iter__") else [answer]
        return sorted(map(str, given)) == sorted(map(str, expected))
    return str(answer).strip() == str(expected)


def student_edition(path: str | os.PathLike[str], target: str | os.PathLike[str]) -> Path:
    """Write the student edition of a notebook: the same, without its solutions.

    A cell tagged ``solution`` becomes ``answer = ...`` to be filled in; cells
    tagged ``exercise`` (the question) and ``check`` stay. Figures are not saved
    over those of the project. Returns the path written.

    Raises
    ------
    TifaError
        If an exercise, its solution and its check do not follow each other.
    """
    import nbformat

    source, folder = Path(path), Path(target)
    notebook = _read(source)
    order = [t for c in notebook.cells for t in c.metadata.get("tags", []) if t in TAGS]
    if order != list(TAGS) * (len(order) // len(TAGS)):
        raise TifaError(
            f"{source.name}: exercise, solution and check cells must follow each other; found {', '.join(order)}."
        )
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            cell.source = "answer = ...  # your answer here"
    return write_whole(folder / source.name, nbformat.writes(notebook) + "\n")


def run_all(
    names: list[Path], progress: Callable[[int, int, str], None], *, figures: str | os.PathLike[str] | None = None
) -> None:
    """Run ``names`` in order, telling ``progress`` (done, all, name) before each and at the end.

    What a notebook warned of (stale tallies) is warned of here again.
    """
    for done, path in enumerate(names):
        progress(done, len(names), path.stem)
        for said in _warnings(run_notebook(path, figures=figures)):
            warn(f"{path.name}: {said}")
    progress(len(names), len(names), "")


def _warnings(notebook: nbformat.NotebookNode) -> list[str]:
    """What Tifa warned of while the notebook ran: it would stand below its cell, where no one looks now."""
    printed = "".join(o["text"] for c in notebook.cells for o in c.get("outputs", []) if o.get("name") == "stderr")
    return list(dict.fromkeys(re.findall(r"TifaWarning: (.*)", printed)))
