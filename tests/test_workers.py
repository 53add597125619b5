import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import worker_jobs

from analysis import workers
from analysis.errors import InputError, TifaError
from analysis.workers import cores, mapped

ROOT = Path(__file__).parents[1]


def children():
    """The processes that this one started and that are still there, dead ones that nobody asked after among them."""
    if not Path("/proc").is_dir():
        pytest.skip("no /proc to look for processes in")
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left():
    before = children(), threading.active_count()
    yield
    assert children() <= before[0]
    assert threading.active_count() == before[1]


def test_cores_are_those_this_process_may_use():
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_batch_is_answered_under_its_number(processes):
    assert dict(mapped(worker_jobs.double, [(n,) for n in range(20)], processes=processes)) == {
        n: 2 * n for n in range(20)
    }
    assert list(mapped(worker_jobs.double, [], processes=processes)) == []


def test_one_process_works_here_and_in_order():
    assert [n for n, _ in mapped(worker_jobs.double, [(5,), (6,)])] == [0, 1]
    assert {pid for _, pid in mapped(worker_jobs.process_id, [(1,)] * 3, processes=1)} == {os.getpid()}
    # One batch needs no second process.
    assert {pid for _, pid in mapped(worker_jobs.process_id, [(1,)], processes=8)} == {os.getpid()}


def test_several_processes_are_others_and_no_more_than_asked_for():
    used = {pid for _, pid in mapped(worker_jobs.process_id, [(n,) for n in range(12)], processes=2)}
    assert len(used) == 2
    assert os.getpid() not in used


def test_batches_are_made_as_they_are_needed():
    class Batches(list):
        most = 0

        def __getitem__(self, at):
            self.most = max(self.most, at)
            return (at,)

        def __iter__(self):
            return (self[n] for n in range(len(self)))

    batches = Batches([None] * 50)
    answers = mapped(worker_jobs.double, batches, processes=2)
    next(answers)
    assert batches.most < 5
    answers.close()


@pytest.mark.parametrize("how", ["kill", "exit"])
def test_a_process_that_dies_is_told_with_a_next_step(how):
    status = {"kill": -signal.SIGKILL, "exit": 3}[how]
    with pytest.raises(TifaError, match=rf"exit status {status}\).*processes=1"):
        list(mapped(worker_jobs.die, [(n, how) for n in range(6)], processes=2))


def test_an_error_arrives_as_itself():
    with pytest.raises(InputError, match="Try 2") as caught:
        list(mapped(worker_jobs.refuse, [(n,) for n in range(4)], processes=2))
    assert caught.value.faults[0].accepted == "another"


def test_an_error_that_cannot_be_sent_is_told_all_the_same():
    with pytest.raises(TifaError, match="Awkward: 0 and more|Awkward: 1 and more"):
        list(mapped(worker_jobs.awkward, [(0,), (1,)], processes=2))


def test_an_answer_that_cannot_be_sent_is_an_error_and_no_end():
    with pytest.raises(Exception, match="lambda|pickle"):
        list(mapped(worker_jobs.unpicklable, [(0,), (1,)], processes=2))


def test_what_is_printed_there_spoils_no_answer(capfd):
    assert dict(mapped(worker_jobs.chatty, [(0,), (1,)], processes=2)) == {0: 0, 1: 1}
    out, err = capfd.readouterr()
    assert out == ""
    assert "a library that prints 1" in err


def test_large_batches_and_answers_pass_without_a_deadlock():
    data = os.urandom(3_000_000)
    answers = dict(mapped(worker_jobs.size, [(data,)] * 6, processes=2))
    assert len(answers) == 6
    assert all(answer == (len(data), data) for answer in answers.values())


def test_who_stops_early_leaves_no_process():
    before = children()
    answers = mapped(worker_jobs.sleep, [(0,), (0,), *[(30,)] * 6], processes=2)
    assert next(answers)[1] in children()
    start = time.monotonic()
    answers.close()
    assert time.monotonic() - start < 10
    assert children() <= before


def test_an_interrupt_from_the_terminal_is_left_to_the_caller():
    answers = mapped(worker_jobs.sleep, [(0,), (0,), (0.5,), (0.5,)], processes=2)
    used = {next(answers)[1], next(answers)[1]}
    for process in used:
        os.kill(process, signal.SIGINT)
    assert {process for _, process in answers} <= used


def test_a_second_process_that_cannot_be_started_leaves_no_first(monkeypatch):
    started = []

    def start(really=workers._start):
        if started:
            raise OSError("no more processes")
        started.append(really())
        return started[0]

    monkeypatch.setattr(workers, "_start", start)
    with pytest.raises(OSError, match="no more"):
        list(mapped(worker_jobs.double, [(1,), (2,)], processes=2))
    assert started[0].returncode is not None


def test_it_works_from_a_thread():
    answers = {}
    thread = threading.Thread(
        target=lambda: answers.update(mapped(worker_jobs.double, [(n,) for n in range(8)], processes=2))
    )
    thread.start()
    thread.join(60)
    assert answers == {n: 2 * n for n in range(8)}


PROGRAM = """
from analysis.workers import mapped
from worker_jobs import double
print(dict(sorted(mapped(double, [(1,), (2,), (3,)], processes=2))))
"""


def run(arguments, tmp_path, **options):
    environment = (
        os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])} | options.pop("env", {})
    )
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.mark.parametrize("how", ["script", "-c", "stdin", "-I"])
def test_a_script_needs_no_guard(how, tmp_path):
    (tmp_path / "script.py").write_text(PROGRAM)
    isolated = f"import sys; sys.path += [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n{PROGRAM}"
    arguments = {"script": ["script.py"], "-c": ["-c", PROGRAM], "stdin": ["-"], "-I": ["-I", "-c", isolated]}[how]
    done = run(arguments, tmp_path, input=PROGRAM if how == "stdin" else None)
    assert (done.stdout, done.stderr) == ("{0: 2, 1: 4, 2: 6}\n", "")


def test_files_in_the_working_folder_do_not_stand_in_for_modules(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "script.py").write_text(PROGRAM)
    for name in ("analysis.py", "pickle.py", "worker_jobs.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong module')\n")
    done = run(["bin/script.py"], tmp_path)
    assert (done.stdout, done.stderr) == ("{0: 2, 1: 4, 2: 6}\n", "")


def test_modules_beside_the_script_are_found_there(tmp_path):
    (tmp_path / "a:b").mkdir()
    (tmp_path / "a:b" / "hers.py").write_text("def triple(n):\n    return 3 * n\n")
    (tmp_path / "a:b" / "script.py").write_text(PROGRAM.replace("worker_jobs", "hers").replace("double", "triple"))
    done = run(["a:b/script.py"], tmp_path)
    assert (done.stdout, done.stderr) == ("{0: 3, 1: 6, 2: 9}\n", "")


def test_the_package_is_found_after_the_folder_was_changed(tmp_path):
    program = f"import os, analysis.workers, worker_jobs; os.chdir({str(tmp_path)!r})\n{PROGRAM}"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("{0: 2, 1: 4, 2: 6}\n", "")


def running(group):
    """Processes of the process group that are not dead."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc to look for processes in")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_or_killed_program_leaves_no_process(sent, tmp_path):
    program = (
        "from analysis.workers import mapped\nfrom worker_jobs import sleep\n"
        "for done in mapped(sleep, [(0,), (0,), (3,), (3,)], processes=2):\n    print('one', flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "one\n"
    assert len(running(process.pid)) == 3
    if sent == signal.SIGINT:  # as a terminal does: to all of them
        os.killpg(process.pid, sent)
    else:
        process.kill()
    deadline = time.monotonic() + 30
    while running(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running(process.pid) == []
    _, errors = process.communicate()
    if sent == signal.SIGINT:
        assert errors.count("KeyboardInterrupt") == 1
