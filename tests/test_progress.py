import os
import subprocess
import sys

import pytest

from analysis.progress import progress_bar

PROGRAM = """
import sys
from analysis.progress import progress_bar
with progress_bar("cutting", show={show}) as report:
    for done in range(4):
        report(done, 3)
print("done")
"""


def in_terminal(program):
    """What the program shows in a terminal of its own."""
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()


def in_pipe(program):
    environment = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)


@pytest.mark.parametrize("show", [None, True])
def test_a_terminal_shows_a_bar_and_then_clears_it(show):
    shown = in_terminal(PROGRAM.format(show=show))
    assert "cutting" in shown
    assert "100 %" in shown
    assert shown.endswith("done\r\n")


def test_no_bar_where_none_is_wanted():
    assert in_terminal(PROGRAM.format(show=False)) == "done\r\n"


@pytest.mark.parametrize("show", [None, False])
def test_a_pipe_or_a_file_gets_no_bar(show):
    done = in_pipe(PROGRAM.format(show=show))
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_bar_that_is_asked_for_goes_to_standard_error():
    done = in_pipe(PROGRAM.format(show=True))
    assert done.stdout == "done\n"
    assert "cutting" in done.stderr


def test_a_function_is_called_instead(capfd):
    calls = []
    with progress_bar("cutting", show=lambda done, total: calls.append((done, total))) as report:
        report(0, 2)
        report(2, 2)
    assert calls == [(0, 2), (2, 2)]
    assert capfd.readouterr() == ("", "")


def test_an_error_passes_through_the_bar():
    def fail():
        with progress_bar("cutting", show=True) as report:
            report(1, 2)
            raise KeyError("hers")

    with pytest.raises(KeyError, match="hers"):
        fail()
