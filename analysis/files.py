"""Where things live, and writing them whole."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from analysis.errors import Fault, InputError, TifaError, shown

__all__ = ["check_name", "exchange", "home", "put_folder", "resolve", "write_whole", "written_folder", "written_whole"]


def home() -> Path:
    """The folder that holds ``corpus/``, ``notebooks/`` and ``figures/``.

    ``TIFA_HOME`` if it is set, else the nearest parent of the working folder
    that holds ``corpus/sources.toml``.

    Raises
    ------
    TifaError
        If neither names such a folder.
    """
    given = os.environ.get("TIFA_HOME")
    if given:
        folder = Path(given).expanduser()
        if not folder.is_dir():
            raise TifaError(f"TIFA_HOME is {given!r}, which is not a folder; set it to the folder that holds corpus/.")
        return folder.resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "corpus" / "sources.toml").is_file():
            return folder
    raise TifaError(
        f"No project found: neither {here} nor a folder above it holds corpus/sources.toml. "
        "Work inside the project, set TIFA_HOME to it, or give a path instead of a name."
    )


def resolve(name: str | os.PathLike[str], *folders: str, endings: tuple[str, ...] = ("",)) -> Path:
    """The path that ``name`` stands for.

    A path that exists is taken as it is. Otherwise ``name`` is looked for in
    each of ``folders`` under `home`, with each of ``endings``.

    Raises
    ------
    TifaError
        If nothing is found; the message lists what is there.
    """
    try:
        path = Path(name).expanduser()
        if path.exists():
            return path
    except (OSError, RuntimeError, ValueError) as error:  # too long, ~ of nobody, NUL
        raise TifaError(f"{shown(str(name))} is no path: {error}.") from None
    if path.is_absolute() or len(path.parts) != 1:
        raise TifaError(f"There is no {path}. Check the path; a name alone is looked for under corpus/.")
    root = home()
    for folder in folders:
        for ending in endings:
            candidate = root / folder / f"{name}{ending}"
            if candidate.exists():
                return candidate
    there = [
        entry
        for folder in folders
        if (root / folder).is_dir()
        for entry in (root / folder).iterdir()
        if not entry.name.startswith(".") and (entry.suffix in endings if endings != ("",) else entry.is_dir())
    ]
    corpora = [entry for entry in there if (entry / "corpus.toml").is_file()]
    names = sorted({entry.name for entry in corpora or there})
    near = get_close_matches(str(name), names, n=1)
    raise TifaError(
        f"There is no {str(name)!r}, neither as a path nor under {', '.join(folders)}. "
        + (f"Did you mean {near[0]!r}? " if near else "")
        + f"There is: {', '.join(names) if names else 'nothing yet'}."
    )


def check_name(name: str, what: str) -> str:
    """``name`` if it can safely be the name of a file in the folder meant for it.

    Raises `InputError` for anything that could leave that folder or hide in it.

    >>> check_name("05_rates", "figure")
    '05_rates'
    """
    if (
        not isinstance(name, str)
        or not name
        or len(name.encode("utf-8", "replace")) > 200
        or name != name.strip()
        or name.startswith((".", "-", "~"))
        or any(c in '/\\:*?"<>|' or not c.isprintable() for c in name)
    ):
        raise InputError(
            f"name of a {what}",
            [Fault(what, "name", shown(name), 'a file name without / \\ : * ? " < > |, not beginning with . - ~')],
        )
    return name


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; renamed to ``path`` at the end.

    If the block raises, or the process is killed, the old file stays as it was.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", suffix=".part", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write ``content`` (text as UTF-8 with ``\\n``) to ``path``, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return Path(path)


@contextmanager
def written_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary folder beside ``path`` to write into; it takes the place of ``path`` at the end.

    If the block raises, or the process is killed, what stood at ``path`` stays as it was.
    """
    place = Path(path).resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{place.name[:80]}.", suffix=".part", dir=place.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        put_folder(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def put_folder(temporary: Path, place: Path) -> None:
    """Put the folder ``temporary`` in the place of ``place``, which is whole at every moment."""
    if not place.exists():
        temporary.replace(place)
    elif not exchange(temporary, place):
        old = temporary.with_suffix(".old")
        place.replace(old)
        try:
            temporary.replace(place)
        except BaseException:
            old.replace(place)
            raise
        shutil.rmtree(old)


def exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step that cannot be seen half done; False if the system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, swap = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
    return rename is not None and rename(here, os.fsencode(first), here, os.fsencode(second), swap) == 0


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value
