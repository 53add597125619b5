"""The command, run as a user runs it."""

import io
import os
import subprocess
import sys
import warnings
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

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


def tifa_here(*arguments, cwd=ROOT, **environment):
    """The same in this process, which spares starting one: what it printed, and how it ended."""
    printed, said = io.StringIO(), io.StringIO()
    ended = 0
    elsewhere = (warnings.catch_warnings(), redirect_stdout(printed), redirect_stderr(said), chdir(cwd))
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for context in elsewhere:
            stack.enter_context(context)
        patch.setattr(sys, "argv", ["tifa", *map(str, arguments)])
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as exit_:
            ended = int(exit_.code or 0)
    return subprocess.CompletedProcess(arguments, ended, printed.getvalue(), said.getvalue())
