import contextlib
import errno
import hashlib
import http.server
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from analysis import sources
from analysis.corpus_files import read_corpus
from analysis.errors import InputError, MissingStep, TifaError
from analysis.sources import FetchError, fetch, read_sources

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FOLDER = "报告 50%#1/云泽省"
PLACES = f"folder,place,place_en,slug,issuer,level,type\n{FOLDER},云泽,Yunze,yunze,云泽省人民政府,province,province\n"
REPORT = "——{0}年1月8日在云泽省人民代表大会会议上\n\n省长 云某\n\n各位代表：\n\n**一、{1}年工作回顾**\n\n好。\n\n**二、{0}年主要任务**\n\n净化网络环境。\n"
YEARS = range(2014, 2024)


class Server(http.server.ThreadingHTTPServer):
    """Serves what `files` holds; `faults` says what to do instead, request by request of one path."""

    daemon_threads = True

    def __init__(self):
        self.files, self.faults, self.log = {}, defaultdict(list), []
        self.pause, self.busy, self.most_busy, self.lock = 0.0, 0, 0, threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request, client_address):
        pass  # clients that leave are part of the tests


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        with server.lock:
            server.log.append(self.path)
            server.busy += 1
            server.most_busy = max(server.most_busy, server.busy)
        try:
            time.sleep(server.pause)
            path = unquote(self.path.partition("?")[0]).partition(COMMIT + "/")[2]
            faults = server.faults[path]
            self.answer(path, faults.pop(0) if faults else "")
        finally:
            with server.lock:
                server.busy -= 1

    def answer(self, path, fault):
        body = self.server.files.get(path)
        if fault.isdigit() or body is None:
            return self.send_error(int(fault or 404))
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return self.connection.close()
        if fault == "slow":
            time.sleep(1)
        if fault == "redirect":
            self.send_response(302)
            self.send_header("Location", self.path + "?again")
            return self.end_headers()
        self.send_response(200)
        if fault != "without length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        body = {"wrong": body[:-1] + b"!", "short": body[:20], "without length": body[:20]}.get(fault, body)
        return self.wfile.write(body)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("TIFA_MIRROR", raising=False)
    monkeypatch.setattr(sources, "_PAUSES", (0.0, 0.0, 0.0, 0.0))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path, server, monkeypatch):
    """A project of its own that registers ten constructed reports, on `server`."""
    corpus = tmp_path / "corpus"
    for folder in ("checksums", "work-reports"):
        (corpus / folder).mkdir(parents=True)
    (corpus / "work-reports" / "places.csv").write_text(PLACES, encoding="utf-8")
    (corpus / "work-reports" / "corrections.toml").write_text("", encoding="utf-8")
    server.files = {f"{FOLDER}/{y}.md": REPORT.format(y, y - 1).encode() for y in YEARS}
    lines = (f"{hashlib.sha256(b).hexdigest()}  {p}\n" for p, b in server.files.items())
    (corpus / "checksums" / "work-reports.txt").write_text("".join(lines), encoding="utf-8")
    register(corpus, f"http://127.0.0.1:{server.server_port}/owner/repository/{COMMIT}/")
    monkeypatch.setenv("TIFA_HOME", str(tmp_path))
    return corpus


def register(corpus, base):
    (corpus / "sources.toml").write_text(
        f'[work-reports]\ntitle = "Reports"\ndescription = "Constructed."\nrepository = "https://example.org/r"\n'
        f'commit = "{COMMIT}"\nbase = "{base}"\nchecksums = "checksums/work-reports.txt"\nadapter = "work_reports"\n'
        'licence = "none"\ncitation = "Nobody (2026)."\n',
        encoding="utf-8",
    )


def path_of(year):
    return f"{FOLDER}/{year}.md"


def fetched(corpus):
    return corpus / "fetched" / "work-reports"


def left_over(corpus):
    return [p for p in corpus.rglob("*") if p.name.endswith(".part") or p.name.startswith(".new")]


def requests_for(server, year):
    return sum(unquote(line).split("?")[0].endswith(path_of(year)) for line in server.log)


# ------------------------------------------------------------------------ what comes


def test_fetch_brings_the_files_and_read_corpus_finds_their_statements(place, server):
    told = []
    corpus = fetch("work-reports", progress=lambda *step: told.append(step))
    assert corpus.documents["id"].tolist() == [f"yunze-{y}" for y in YEARS]
    assert [step[:2] for step in told] == [(n, 10) for n in range(11)]
    assert {step[2] for step in told[1:]} == set(server.files)
    read = read_corpus("work-reports")
    assert read.digest == corpus.digest
    assert read.about["selections"]["panel"] == {"level": "province", "year": list(range(2003, 2024))}
    assert COMMIT in read.about["provenance"]
    parts = pd.read_csv(fetched(place) / "parts.csv")
    assert parts[parts["document"] == "yunze-2014"]["part"].tolist() == ["opening", "review", "plan"]
    assert pd.read_csv(fetched(place) / "set_aside.csv").empty
    assert {p: (fetched(place) / "files" / p).read_bytes() for p in server.files} == server.files
    assert not left_over(place)


def test_addresses_are_quoted(place, server):
    fetch("work-reports")
    assert (
        f"/owner/repository/{COMMIT}/%E6%8A%A5%E5%91%8A%2050%25%231/%E4%BA%91%E6%B3%BD%E7%9C%81/2014.md" in server.log
    )


def test_what_is_there_is_not_fetched_again(place, server):
    first = fetch("work-reports")
    server.log.clear()
    assert fetch("work-reports").digest == first.digest
    assert server.log == []


def test_a_file_that_was_changed_on_disk_is_fetched_again(place, server):
    fetch("work-reports")
    server.log.clear()
    (fetched(place) / "files" / path_of(2020)).write_text("各位代表：", encoding="utf-8")
    fetch("work-reports")
    assert len(server.log) == requests_for(server, 2020) == 1


def test_no_more_than_four_connections_at_once(place, server):
    server.pause = 0.05
    fetch("work-reports")
    assert 2 <= server.most_busy <= 4


@pytest.mark.parametrize("fault", ["500", "503", "429", "408", "reset", "short", "without length", "wrong"])
def test_what_may_pass_is_tried_again(place, server, fault):
    server.faults[path_of(2016)] = [fault]
    assert len(fetch("work-reports")) == 10
    assert requests_for(server, 2016) == 2
    assert len(server.log) == 11


def test_another_address_is_followed(place, server):
    server.faults[path_of(2016)] = ["redirect"]
    assert len(fetch("work-reports")) == 10
    assert sum(line.endswith("?again") for line in server.log) == 1


def test_no_answer_in_time_is_tried_again(place, server, monkeypatch):
    monkeypatch.setattr(sources, "_TIMEOUT", (5, 0.3))
    server.faults[path_of(2016)] = ["slow"]
    assert len(fetch("work-reports")) == 10
    assert requests_for(server, 2016) == 2


# ---------------------------------------------------------------------- what does not


def test_every_file_that_does_not_come_is_named_and_the_rest_kept(place, server):
    server.faults[path_of(2015)] = ["404"]
    server.faults[path_of(2018)] = ["wrong"] * 2
    server.faults[path_of(2021)] = ["500"] * 5
    with pytest.raises(FetchError) as caught:
        fetch("work-reports")
    message = str(caught.value)
    assert message.startswith("fetching work-reports: 3 of 10 files could not be brought")
    assert "2015.md: received status 404 from http://127.0.0.1" in message
    expected = hashlib.sha256(server.files[path_of(2018)]).hexdigest()
    size = len(server.files[path_of(2018)])
    received = hashlib.sha256(server.files[path_of(2018)][:-1] + b"!").hexdigest()
    assert f"2018.md: received {size} bytes with SHA-256 {received}; expected: SHA-256 {expected}" in message
    assert "2021.md: received status 500" in message
    assert "--mirror FOLDER" in message
    assert "7 files are there and verified; `tifa fetch work-reports` goes on from there." in message
    assert [f.where for f in caught.value.faults] == [path_of(y) for y in (2015, 2018, 2021)]
    assert [requests_for(server, y) for y in (2015, 2018, 2021)] == [1, 2, 5]
    assert not left_over(place)
    with pytest.raises(MissingStep, match="`tifa fetch work-reports` brings the texts"):
        read_corpus("work-reports")
    server.log.clear()
    assert len(fetch("work-reports")) == 10
    assert len(server.log) == 3


def test_the_message_lists_ten_and_counts_the_rest(place, server):
    server.files.clear()
    more = "".join(f"{'0' * 64}  {FOLDER}/{y}.md\n" for y in range(1950, 2000))
    (place / "checksums" / "work-reports.txt").write_text(more, encoding="utf-8")
    with pytest.raises(FetchError) as caught:
        fetch("work-reports", workers=1)
    assert len(caught.value.faults) == 25  # the host has nothing: enough was asked
    assert str(caught.value).count("received status 404") == 10
    assert "… and 15 more" in str(caught.value)
    assert "25 more were not tried after that." in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.faults) == (str(caught.value), caught.value.faults)


def test_without_a_connection_it_does_not_ask_for_every_file(place, server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens here
        register(place, f"http://127.0.0.1:{taken.getsockname()[1]}/owner/repository/{COMMIT}/")
        with pytest.raises(FetchError) as caught:
            fetch("work-reports", workers=1)
    assert len(caught.value.faults) == 4
    assert "6 more were not tried" in str(caught.value)
    assert "no connection" in str(caught.value)
    assert "Check the connection, or name a folder" in str(caught.value)


def test_a_full_disk_stops_at_once(place, server, monkeypatch):
    @contextlib.contextmanager
    def full(_target):
        yield Path("/dev/full")

    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    monkeypatch.setattr(sources, "written_whole", full)
    with pytest.raises(FetchError, match=r"the disk is full, writing .*2014\.md") as caught:
        fetch("work-reports", workers=1)
    assert len(caught.value.faults) == 1
    assert "Make room" in str(caught.value)


def test_a_folder_that_may_not_be_written_is_said(place, server, monkeypatch):
    @contextlib.contextmanager
    def closed(target):
        raise PermissionError(errno.EACCES, "Permission denied", str(target))
        yield

    monkeypatch.setattr(sources, "written_whole", closed)
    with pytest.raises(FetchError, match=r"Permission denied, writing"):
        fetch("work-reports", workers=1)


def test_a_number_of_connections_that_is_none_is_refused(place, server):
    with pytest.raises(InputError, match="fetch, workers: received 0; accepted: 1 or more"):
        fetch("work-reports", workers=0)
    assert server.log == []


def test_an_unknown_name_is_told_the_known_ones(place):
    with pytest.raises(TifaError, match="No corpus 'reports' is registered.*has: work-reports"):
        fetch("reports")


def test_a_second_run_at_the_same_time_is_refused(place, server):
    fcntl = pytest.importorskip("fcntl")
    (place / "fetched").mkdir()
    with open(place / "fetched" / ".work-reports.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with pytest.raises(TifaError, match="Another run is fetching work-reports"):
            fetch("work-reports")
    assert server.log == []


def test_stopping_keeps_what_came(place, server):
    def stop(done, _total, _name):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("work-reports", progress=stop, workers=1)
    assert len(server.log) < 10
    assert not left_over(place)
    came = len(list((fetched(place) / "files").rglob("*.md")))
    server.log.clear()
    fetch("work-reports")
    assert len(server.log) == 10 - came <= 7


def test_a_killed_run_leaves_nothing_half_written_and_is_resumed(place, server):
    server.pause = 0.15
    code = "from analysis.sources import fetch; fetch('work-reports', workers=2)"
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"TIFA_HOME": str(place.parent)}) as run:
        files = fetched(place) / "files"
        until = time.monotonic() + 60
        while len(list(files.rglob("[0-9]*.md"))) < 3 and time.monotonic() < until and run.poll() is None:
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    whole = {p for p, body in server.files.items() if (files / p).exists() and (files / p).read_bytes() == body}
    assert {str(p.relative_to(files)) for p in files.rglob("[0-9]*.md")} == whole
    assert 3 <= len(whole) < 10
    assert not (fetched(place) / "corpus.toml").exists()
    (files / FOLDER / ".2022.md.xyz.part").write_bytes(b"half")
    time.sleep(0.4)  # what the server still answers to the dead
    server.log.clear()
    assert len(fetch("work-reports")) == 10
    assert len(server.log) == 10 - len(whole)
    assert not left_over(place)


def test_a_corpus_half_written_is_not_taken_for_whole(place, server, monkeypatch):
    fetch("work-reports")

    def fails(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sources, "table_bytes", fails)
        with pytest.raises(OSError, match="No space"):
            fetch("work-reports")
    assert not left_over(place)
    with pytest.raises(MissingStep):
        read_corpus("work-reports")
    fetch("work-reports")
    assert len(read_corpus("work-reports")) == 10


# --------------------------------------------------------------------------- mirrors


@pytest.fixture
def mirror(tmp_path, server, place):
    folder = tmp_path / "mirror"
    for path, body in server.files.items():
        target = folder / f"127.0.0.1:{server.server_port}" / "owner" / "repository" / COMMIT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    return folder


def test_a_mirror_folder_stands_in_for_the_network(place, server, mirror, monkeypatch):
    first = fetch("work-reports", mirror=mirror)
    monkeypatch.setenv("TIFA_MIRROR", str(mirror))
    (fetched(place) / "files" / path_of(2014)).unlink()
    assert fetch("work-reports").digest == first.digest
    assert server.log == []


def test_a_mirror_may_be_an_address(place, server):
    layout = read_sources()["work-reports"].layout
    fetch("work-reports", mirror=f"http://127.0.0.1:{server.server_port}/elsewhere/")
    assert len(server.log) == 10
    assert all(line.startswith(f"/elsewhere/{layout}/") for line in server.log)


def test_a_mirror_that_lacks_or_changes_a_file_is_said(place, server, mirror):
    lacking, changed = (next(mirror.rglob(f"{y}.md")) for y in (2017, 2019))
    lacking.unlink()
    changed.write_bytes(changed.read_bytes() + b"\n")
    with pytest.raises(FetchError) as caught:
        fetch("work-reports", mirror=mirror)
    assert f"2017.md: received No such file or directory: {lacking}" in str(caught.value)
    assert f"2019.md: received {changed.stat().st_size} bytes with SHA-256" in str(caught.value)
    assert "Complete the mirror" in str(caught.value)
    assert "8 files are there and verified" in str(caught.value)
    assert server.log == []


def test_a_mirror_of_something_else_is_refused(place, server, tmp_path):
    with pytest.raises(TifaError, match=r"holds no folder 127\.0\.0\.1:\d+/owner/repository/0123"):
        fetch("work-reports", mirror=tmp_path)


# ------------------------------------------------------------------ what is registered


def test_every_wrong_field_is_named_at_once(place):
    (place / "sources.toml").write_text(
        '[a]\ntitle = " "\ncommit = "main"\nbase = "ftp://x/"\nchecksums = "../secret"\nadapter = "magic"\nmood = "good"\n'
        "[b]\n"
        'c = 1\n["../d"]\ne = 1\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_sources()
    named = {(f.where.rpartition(", ")[2], f.field) for f in caught.value.faults}
    fields = [
        "title",
        "commit",
        "base",
        "checksums",
        "adapter",
        "mood",
        "description",
        "repository",
        "licence",
        "citation",
    ]
    assert {("[a]", field) for field in fields} <= named
    assert ("[b]", "c") in named
    assert ("[b]", "commit") in named
    assert ("corpus", "name") in named


@pytest.mark.parametrize("text", ["[a", b"\xff\xfe", 'a = "text"'])
def test_a_register_that_is_none_is_refused(place, text):
    (place / "sources.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError):
        read_sources()


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd",
        "/etc/passwd",
        "a/../../b",
        "a//b",
        "./a",
        ".git/config",
        "C:/a",
        "a\\..\\b",
        "~/a",
        "a\x1fb",
        "a/",
    ],
)
def test_no_path_of_a_list_leaves_the_folder(place, path):
    listed = place / "checksums" / "work-reports.txt"
    listed.write_text(f"{'0' * 64}  good.md\n{'0' * 64}  {path}\n", encoding="utf-8", newline="")
    with pytest.raises(InputError) as caught:
        fetch("work-reports")
    assert next(f.where for f in caught.value.faults) == f"{listed}, line 2"


def test_every_wrong_line_of_a_list_is_named(place):
    zeros = "0" * 64
    listed = place / "checksums" / "work-reports.txt"
    listed.write_text(f"{zeros}  a.md\n{zeros} b.md\nxyz  c.md\n\n{zeros}  a.md\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_sources()
    assert [f.where.rpartition(" ")[2] for f in caught.value.faults] == ["2", "3", "4", "5"]
    assert caught.value.faults[3].received == "a.md again"
    listed.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="an empty file"):
        read_sources()
    listed.unlink()
    with pytest.raises(InputError, match="No such file"):
        read_sources()


def test_no_register_no_corpora(place):
    (place / "sources.toml").unlink()
    with pytest.raises(TifaError, match="which registers the corpora"):
        read_sources()


def test_the_register_of_the_project_is_right():
    source = read_sources()["work-reports"]
    assert len(source.checksums) == 874
    assert list(source.checksums) == sorted(source.checksums, key=lambda path: path.encode())
    assert source.layout == f"raw.githubusercontent.com/lawtext/gov/{source.commit}"
