import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import files
from analysis.errors import InputError, TifaError
from analysis.files import (
    check_name,
    exchange,
    home,
    put_folder,
    resolve,
    write_whole,
    written_folder,
    written_whole,
)

BAD_NAMES = [
    "",
    " a",
    "a ",
    ".",
    "..",
    ".hidden",
    "-rf",
    "~",
    "../x",
    "a/b",
    "/etc/passwd",
    "a\\b",
    "C:x",
    "a\0b",
    "a\nb",
    "a\tb",
    "a*",
    "a?",
    'a"b',
    "<a>",
    "a|b",
    "\ud800",
    "a\u202eb",
    "a\u2028b",
    "名" * 67,
    None,
    5,
]


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "corpus" / "own" / "mine").mkdir(parents=True)
    (tmp_path / "corpus" / "sources.toml").touch()
    (tmp_path / "corpus" / "lexicons").mkdir()
    (tmp_path / "corpus" / "lexicons" / "frames.toml").touch()
    monkeypatch.setenv("TIFA_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_could_leave_or_hide_in_its_folder_is_refused(name):
    with pytest.raises(InputError, match="name of a figure") as caught:
        check_name(name, "figure")
    assert [(f.where, f.field) for f in caught.value.faults] == [("figure", "name")]


@pytest.mark.parametrize("name", ["05_rates", "年度 报告", "a.b", "é", "名" * 66])
def test_a_plain_name_is_handed_back(name):
    assert check_name(name, "figure") == name


@given(st.text(st.characters(), max_size=12))
def test_an_accepted_name_is_one_visible_part_of_a_path(name):
    try:
        check_name(name, "figure")
    except InputError:
        return
    path = Path("folder") / name
    assert path.parent == Path("folder")
    assert path.name == name
    assert not name.startswith(".")
    os.fsencode(name)


def test_home_is_what_the_environment_says(project):
    assert home() == project.resolve()


def test_home_is_found_from_a_folder_deep_inside(project, monkeypatch):
    monkeypatch.delenv("TIFA_HOME")
    monkeypatch.chdir(project / "corpus" / "own" / "mine")
    assert home() == project.resolve()


def test_home_that_is_no_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TIFA_HOME", str(tmp_path / "gone"))
    with pytest.raises(TifaError, match="gone.*not a folder"):
        home()


def test_no_home_says_what_marks_one(monkeypatch, tmp_path):
    monkeypatch.delenv("TIFA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TifaError, match=r"corpus/sources\.toml"):
        home()


def test_a_path_comes_before_a_name(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project / "corpus")
    assert resolve("own", "corpus/own") == Path("own")


def test_a_name_is_looked_for_in_each_folder(project):
    assert resolve("mine", "corpus", "corpus/own") == project / "corpus" / "own" / "mine"
    assert resolve("frames", "corpus/lexicons", endings=(".toml",)).name == "frames.toml"


def test_a_name_that_is_not_there_lists_what_is(project):
    with pytest.raises(TifaError, match="no 'mien'.*There is: mine"):
        resolve("mien", "corpus/own")
    with pytest.raises(TifaError, match="nothing yet"):
        resolve("mien", "corpus/gone")


@pytest.mark.parametrize("name", ["../own/gone", "/gone", "a/b", "~nobody-of-this-name/x", "a\0b", "x" * 5000])
def test_a_path_that_is_not_there_is_not_looked_for_elsewhere(project, name):
    with pytest.raises(TifaError):
        resolve(name, "corpus/own")


def test_text_is_written_as_it_is(tmp_path):
    path = write_whole(tmp_path / "new" / "a.txt", "净化\n\r\n")
    assert path.read_bytes() == "净化\n\r\n".encode()
    assert write_whole(path, b"\xff").read_bytes() == b"\xff"


def test_a_failing_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    target = write_whole(tmp_path / "a.csv", "old")

    def fail():
        with written_whole(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        fail()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path):
    target = write_whole(tmp_path / "a.csv", "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "half \ud800")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_killed_write_leaves_the_old_file_whole(tmp_path):
    target = write_whole(tmp_path / "a.csv", "old")
    script = (
        "import os, sys\n"
        "from analysis.files import exchange, written_whole\n"
        "with written_whole(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os._exit(9)\n"
    )
    root = Path(__file__).parents[1]
    ended = subprocess.run([sys.executable, "-c", script, str(target)], cwd=root, check=False, timeout=60)
    assert ended.returncode == 9
    assert target.read_text() == "old"
    left = set(os.listdir(tmp_path)) - {"a.csv"}
    assert len(left) == 1
    assert all(name.startswith(".") for name in left)


def test_nothing_stands_under_the_name_until_the_end(tmp_path):
    target = tmp_path / "a.csv"
    with written_whole(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        assert temporary.parent == tmp_path
    assert target.read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be replaced elsewhere")
def test_who_is_reading_the_old_file_reads_it_to_its_end(tmp_path):
    target = write_whole(tmp_path / "a.csv", "old")
    with open(target) as stream:
        write_whole(target, "new")
        assert stream.read() == "old"
    assert target.read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_mode_is_that_of_the_old_file_or_the_usual_one(tmp_path):
    old = write_whole(tmp_path / "a", "1")
    usual = tmp_path / "usual"
    usual.touch()
    assert old.stat().st_mode == usual.stat().st_mode
    old.chmod(0o600)
    assert write_whole(old, "2").stat().st_mode & 0o777 == 0o600


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="a"):
        write_whole(tmp_path / "a", "x")
    assert os.listdir(tmp_path) == ["a"]


def test_two_folders_are_exchanged_in_one_step(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").exists()
    assert not exchange(tmp_path / "a", tmp_path / "nowhere")
    assert (tmp_path / "a" / "b").exists()


def folder_of(path, content):
    path.mkdir()
    (path / "a").write_text(content)
    return path


@pytest.fixture(params=["in one step", "in two steps"])
def steps(request, monkeypatch):
    """As where the system can exchange two folders at once, and where it cannot."""
    if request.param == "in two steps":
        monkeypatch.setattr(files, "exchange", lambda first, second: False)


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("old", [None, "empty", "full"])
def test_a_folder_takes_the_place_of_what_stood_there(tmp_path, old):
    place = tmp_path / "deep" / "place"
    if old:
        place.mkdir(parents=True)
    if old == "full":
        (place / "old").write_text("old")
    with written_folder(place) as folder:
        (folder / "new").write_text("new")
        assert folder.parent == place.parent
        assert not (place / "new").exists()
    assert os.listdir(place) == ["new"]
    assert os.listdir(place.parent) == ["place"]


@pytest.mark.usefixtures("steps")
def test_a_failing_folder_leaves_the_old_one_and_no_rubbish(tmp_path):
    place = folder_of(tmp_path / "place", "old")

    def fail():
        with written_folder(place) as folder:
            (folder / "half").touch()
            raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        fail()
    assert os.listdir(place) == ["a"]
    assert os.listdir(tmp_path) == ["place"]


@pytest.mark.usefixtures("steps")
def test_a_folder_that_cannot_be_put_leaves_the_old_one(tmp_path):
    place = folder_of(tmp_path / "place", "old")
    with pytest.raises(OSError, match="gone"):
        put_folder(tmp_path / "gone", place)
    assert (place / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["place"]


def test_a_killed_folder_leaves_the_old_one_whole(tmp_path):
    place = folder_of(tmp_path / "place", "old")
    script = (
        "import os, sys\n"
        "from analysis.files import written_folder\n"
        "with written_folder(sys.argv[1]) as folder:\n"
        "    (folder / 'half').touch()\n"
        "    os._exit(9)\n"
    )
    root = Path(__file__).parents[1]
    ended = subprocess.run([sys.executable, "-c", script, str(place)], cwd=root, check=False, timeout=60)
    assert ended.returncode == 9
    assert os.listdir(place) == ["a"]
    left = set(os.listdir(tmp_path)) - {"place"}
    assert len(left) == 1
    assert all(name.startswith(".") for name in left)
    with written_folder(place) as folder:  # what was left is in nobody's way
        (folder / "b").touch()
    assert os.listdir(place) == ["b"]
    assert set(os.listdir(tmp_path)) - {"place"} == left


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_folder_has_the_usual_mode_and_a_long_name_fits(tmp_path):
    (tmp_path / "usual").mkdir()
    with written_folder(tmp_path / ("名" * 80)):
        pass
    assert (tmp_path / ("名" * 80)).stat().st_mode == (tmp_path / "usual").stat().st_mode
