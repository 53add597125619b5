"""The command, run as a user runs it."""

import io
import os
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from analysis.cli import main

ROOT = Path(__file__).resolve().parents[1]


def tifa(*arguments, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", "analysis", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120", **environment},
        check=False,
    )


def tifa_here(*arguments):
    """The same in this process, which spares starting one: what it printed, and how it ended."""
    printed, said = io.StringIO(), io.StringIO()
    ended = 0
    with warnings.catch_warnings(), redirect_stdout(printed), redirect_stderr(said):
        before, sys.argv = sys.argv, ["tifa", *map(str, arguments)]
        try:
            main()
        except SystemExit as exit_:
            ended = int(exit_.code or 0)
        finally:
            sys.argv = before
    return subprocess.CompletedProcess(arguments, ended, printed.getvalue(), said.getvalue())
