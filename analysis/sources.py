"""Public corpora, registered by commit, path and SHA-256: bringing them, and verifying every byte."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import threading
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from analysis.corpus import Corpus
from analysis.corpus_files import write_corpus
from analysis.errors import Fault, InputError, TifaError, raise_faults, shown
from analysis.files import check_name, home, write_whole, written_whole
from analysis.provenance import table_bytes
from analysis.work_reports import Adapted, read_work_reports

with warnings.catch_warnings():
    # requests and urllib3 add warning filters of their own when they are imported; those of the caller come back.
    import pooch
    import requests

try:
    import fcntl
except ImportError:  # not on Windows, where two runs at once are not kept apart
    fcntl = None  # type: ignore[assignment]

__all__ = ["ADAPTERS", "FetchError", "Source", "fetch", "read_sources"]

#: What makes statements of the files of a source: the folder, the paths below it → `Adapted`.
ADAPTERS: Mapping[str, Callable[[Path, Sequence[str]], Adapted]] = MappingProxyType({"work_reports": read_work_reports})

_TEXTS = ("title", "description", "repository", "licence", "citation")
_FIELDS = (*_TEXTS, "commit", "base", "checksums", "adapter")
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces of a body
_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before another attempt
_CONNECTIONS_LOST = 4  # files in a row without a connection: it is gone
_ENOUGH = 25  # files in a row that fail for whatever reason
_MOST = 10  # failures that a message lists


class FetchError(TifaError):
    """Files that could not be brought. ``faults`` lists all that were tried, the message the first of them."""

    def __init__(self, message: str, faults: Iterable[Fault]) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self), self.faults))


@dataclass(frozen=True)
class Source:
    """One entry of ``corpus/sources.toml``.

    ``base`` is the address below which every path of ``checksums`` (path →
    SHA-256 in hexadecimal) is found; ``adapter`` the name in `ADAPTERS`.
    """

    name: str
    title: str
    description: str
    repository: str
    commit: str
    base: str
    licence: str
    citation: str
    adapter: str
    checksums: Mapping[str, str]

    @property
    def layout(self) -> str:
        """The address without its scheme: how a mirror is laid out (host/owner/repository/commit)."""
        return self.base.split("://", 1)[1].rstrip("/")


# ------------------------------------------------------------------ what is registered


def read_sources() -> dict[str, Source]:
    """The corpora that ``corpus/sources.toml`` registers, by name.

    Raises
    ------
    InputError
        Listing every field that is missing, unknown or wrong, and every line of
        a list of checksums that is not a SHA-256, two spaces and a path below
        the folder.
    """
    path = home() / "corpus" / "sources.toml"
    faults: list[Fault] = []
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise TifaError(f"There is no {path}, which registers the corpora that can be fetched.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        content = {}
        faults.append(Fault(str(path), "TOML", str(error), "TOML in UTF-8"))
    sources = {}
    for name, entry in content.items():
        before = len(faults)
        fields = _entry(f"{path}, [{name}]", name, entry, faults)
        listed = (
            _read_checksums(path.parent / str(fields.get("checksums", "")), faults) if "checksums" in fields else {}
        )
        if len(faults) == before:
            sources[name] = Source(name=name, **(fields | {"checksums": MappingProxyType(listed)}))
    raise_faults(str(path), faults)
    return sources


def _entry(where: str, name: str, entry: Any, faults: list[Fault]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        faults.append(Fault(where, "", shown(entry), "a table such as [work-reports]"))
        return {}
    try:
        check_name(name, "corpus")
    except TifaError as error:
        faults += error.faults  # type: ignore[attr-defined]
    faults += [Fault(where, str(k), "an unknown field", ", ".join(_FIELDS)) for k in entry if k not in _FIELDS]
    checks = {
        "commit": (lambda v: re.fullmatch(r"[0-9a-f]{40}", v), "40 hexadecimal digits"),
        "base": (
            lambda v: re.fullmatch(r"https?://[^\s?#]+/", v) and str(entry.get("commit")) in v,
            "an address that holds the commit and ends with /",
        ),
        "checksums": (_safe, "a file below corpus/"),
        "adapter": (lambda v: v in ADAPTERS, ", ".join(ADAPTERS)),
    } | dict.fromkeys(_TEXTS, (str.strip, "a text"))
    for field, (check, accepted) in checks.items():
        if field not in entry:
            faults.append(Fault(where, field, "nothing", accepted))
        elif not isinstance(entry[field], str) or not check(entry[field]):
            faults.append(Fault(where, field, shown(entry[field]), accepted))
    return {k: v for k, v in entry.items() if k in _FIELDS}


def _safe(path: str) -> bool:
    """Whether ``path`` cannot lead out of the folder it is meant to be below."""
    pieces = path.split("/")
    return path.isprintable() and not any(
        p in ("", ".", "..") or p[0] in "~." or set(p) & set('\\:*?"<>|') for p in pieces
    )


def _read_checksums(path: Path, faults: list[Fault]) -> dict[str, str]:
    try:
        lines = path.read_bytes().decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(str(path), "checksums", str(error), "a file in UTF-8"))
        return {}
    listed: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None or not _safe(match[2]):
            faults.append(
                Fault(
                    f"{path}, line {number}",
                    "",
                    shown(line[:90], 100),
                    "a SHA-256, two spaces and a path below the folder",
                )
            )
        elif match[2] in listed:
            faults.append(Fault(f"{path}, line {number}", "path", f"{match[2]} again", "each path once"))
        else:
            listed[match[2]] = match[1]
    if not lines:
        faults.append(Fault(str(path), "checksums", "an empty file", "one line a file"))
    return listed


# --------------------------------------------------------------------------- fetching


def fetch(
    name: str,
    *,
    mirror: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    workers: int = 4,
) -> Corpus:
    """Bring the public corpus ``name``, verify every byte and make statements of it.

    The files come into ``corpus/fetched/NAME/files``; beside them ``corpus.toml``,
    ``statements.parquet`` and the tables of the source (``parts.csv``,
    ``set_aside.csv``), so that ``read_corpus(NAME)`` finds them. A file that is
    there with the right SHA-256 is not fetched again: a run that was stopped goes
    on where it was, and when all are there no network is touched.

    Parameters
    ----------
    mirror
        Where else the files are: a folder laid out host/owner/repository/commit/path,
        or an address below which they are laid out so. ``TIFA_MIRROR`` by default.
    progress
        Called with the number of files that are there, of files in all and the
        path of the last one.
    workers
        Most connections at once. A fault that may pass (no connection, a time-out,
        a body cut short, status 408, 429 or 5xx) is tried again up to four times, after
        0.5, 1, 2 and 4 seconds, a file with wrong bytes once; no other status is.

    Raises
    ------
    TifaError
        If no corpus of that name is registered, the mirror is not there, or
        another run is fetching it.
    FetchError
        Naming the files that could not be brought, what was expected and
        received, and the next step. Good files stay for the next run.
    InputError
        If ``sources.toml``, its checksums or the adapter's data are wrong.
    """
    if workers < 1:
        raise InputError("fetch", [Fault("fetch", "workers", shown(workers), "1 or more")])
    sources = read_sources()
    if name not in sources:
        raise TifaError(
            f"No corpus {shown(name)} is registered. corpus/sources.toml has: {', '.join(sources) or 'none'}."
        )
    source = sources[name]
    bring = _bringer(source, mirror)
    folder = home() / "corpus" / "fetched" / name
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    with _alone(folder.parent / f".{name}.lock", name):
        for left in files.rglob(".*.part"):  # of a run that was killed
            left.unlink()
        _complete(source, files, bring, progress or (lambda *_: None), workers)
        made = ADAPTERS[source.adapter](files, list(source.checksums))
        about = {
            "title": source.title,
            "description": source.description,
            "licence": source.licence,
            "citation": source.citation,
            "provenance": f"{source.repository} at commit {source.commit}, every file verified by its SHA-256",
            "constructed": False,
            "selections": made.selections,
        }
        corpus = Corpus(made.statements, name, about)
        _write(corpus, made, folder)
    return corpus


def _write(corpus: Corpus, made: Adapted, folder: Path) -> None:
    """Write the corpus beside its files; ``corpus.toml`` comes last and says that the rest is whole."""
    (folder / "corpus.toml").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new.", dir=folder) as temporary:
        new = write_corpus(corpus, Path(temporary) / "corpus", format="parquet")
        for table_name, table in made.tables.items():
            write_whole(folder / f"{table_name}.csv", table_bytes(table))
        (new / "statements.parquet").replace(folder / "statements.parquet")
        (new / "corpus.toml").replace(folder / "corpus.toml")


@contextmanager
def _alone(lock: Path, name: str) -> Iterator[None]:
    """Keep a second run away; the system lets go of the lock when a run ends, however it does."""
    with open(lock, "w") as stream:
        if fcntl is not None:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise TifaError(f"Another run is fetching {name}. Wait for it to end, or end it.") from None
        yield


class _Failure(Exception):
    """Why one file could not be brought; ``kind`` decides what is advised, ``passing`` whether it is tried again."""

    def __init__(self, kind: str, received: str, *, passing: bool = False) -> None:
        super().__init__(received)
        self.kind, self.received, self.passing = kind, received, passing


_NEXT = {
    "connection": "Check the connection, or name a folder that holds the files: --mirror FOLDER or TIFA_MIRROR.",
    "status": "If the address no longer has the file, name a mirror that does: --mirror FOLDER or TIFA_MIRROR.",
    "bytes": "Something on the way changes files (a proxy, a login page, a damaged mirror): use another connection or mirror.",
    "mirror": "Complete the mirror, or leave --mirror and TIFA_MIRROR out to use the network.",
    "disk": "Make room or allow writing there.",
}


class _Patience:
    """When to stop asking: after how many files in a row that did not come, by what they failed of."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self._lock, self._in_a_row = threading.Lock(), 0

    def note(self, failure: _Failure | None) -> None:
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if failure else 0
            most = {"disk": 1, "connection": _CONNECTIONS_LOST}.get(failure.kind, _ENOUGH) if failure else _ENOUGH
            if self._in_a_row >= most:
                self.gone.set()


def _complete(
    source: Source,
    files: Path,
    bring: Callable[[str, Path], None],
    progress: Callable[[int, int, str], None],
    workers: int,
) -> None:
    """Bring every file that is not there as it should be."""
    missing = [p for p, sha in source.checksums.items() if not _is(files / p, sha)]
    total = len(source.checksums)
    done = total - len(missing)
    progress(done, total, "")
    patience = _Patience()
    failures: dict[str, _Failure] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            running = {
                pool.submit(_bring_one, path, source.checksums[path], files / path, bring, patience): path
                for path in missing
            }
            for future in as_completed(running):
                came, failure = future.result()
                if came:
                    done += 1
                    progress(done, total, running[future])
                elif failure:
                    failures[running[future]] = failure
        except BaseException:
            patience.gone.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failures:
        raise _error(source, failures, total - done)


def _error(source: Source, failures: Mapping[str, _Failure], lacking: int) -> FetchError:
    faults = [Fault(p, "", f.received, f"SHA-256 {source.checksums[p]}") for p, f in sorted(failures.items())]
    total, untried = len(source.checksums), lacking - len(failures)
    lines = [f"fetching {source.name}: {len(faults)} of {total} files could not be brought"]
    lines += [f"  - {f.where}: received {f.received}; expected: {f.accepted}" for f in faults[:_MOST]]
    if len(faults) > _MOST:
        lines.append(f"  … and {len(faults) - _MOST} more (all are in .faults)")
    if untried:
        lines.append(f"{untried} more were not tried after that.")
    lines += [_NEXT[kind] for kind in _NEXT if any(f.kind == kind for f in failures.values())]
    lines.append(f"{total - lacking} files are there and verified; `tifa fetch {source.name}` goes on from there.")
    return FetchError("\n".join(lines), faults)


def _is(path: Path, sha: str) -> bool:
    return path.is_file() and pooch.file_hash(str(path), alg="sha256") == sha


def _bring_one(
    path: str, sha: str, target: Path, bring: Callable[[str, Path], None], patience: _Patience
) -> tuple[bool, _Failure | None]:
    """Bring one file into its place: whether it came, and why not if it was tried; what may pass is tried again."""
    failure, wrong_before = None, False
    for pause in (0.0, *_PAUSES):
        patience.gone.wait(pause)
        if patience.gone.is_set():
            return False, failure
        failure = _attempt(path, sha, target, bring)
        if failure is None or not failure.passing or (failure.kind == "bytes" and wrong_before):
            break
        wrong_before |= failure.kind == "bytes"
    patience.note(failure)
    return failure is None, failure


def _attempt(path: str, sha: str, target: Path, bring: Callable[[str, Path], None]) -> _Failure | None:
    try:
        with written_whole(target) as temporary:
            bring(path, temporary)
            received = pooch.file_hash(str(temporary), alg="sha256")
            if received != sha:
                size = temporary.stat().st_size
                raise _Failure("bytes", f"{size:,} bytes with SHA-256 {received}", passing=True)
    except _Failure as failure:
        return failure
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return _Failure("disk", f"{'the disk is full' if full else error.strerror or error}, writing {target}")
    return None


def _bringer(source: Source, mirror: str | os.PathLike[str] | None) -> Callable[[str, Path], None]:
    """How a path of ``source`` gets into a file: from the network or from a mirror."""
    given = str(mirror or os.environ.get("TIFA_MIRROR", ""))
    if given.startswith(("http://", "https://")):
        return _downloader(f"{given.rstrip('/')}/{source.layout}/")
    if not given:
        return _downloader(source.base)
    folder = Path(given).expanduser() / source.layout
    if not folder.is_dir():
        raise TifaError(
            f"The mirror {given} holds no folder {source.layout}. Name the folder above the host's, or an address."
        )

    def copy(path: str, target: Path) -> None:
        original = folder / path
        try:
            content = original.read_bytes()
        except OSError as error:
            raise _Failure("mirror", f"{error.strerror or error}: {original}") from None
        target.write_bytes(content)

    return copy


def _downloader(base: str) -> Callable[[str, Path], None]:
    download = pooch.HTTPDownloader(chunk_size=2**16, timeout=_TIMEOUT)

    def get(path: str, target: Path) -> None:
        address = base + quote(path)
        try:
            download(address, str(target), None)
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if error.response is not None:
                error.response.close()
            passing = status >= 500 or status in (408, 429)
            raise _Failure("status", f"status {status} from {address}", passing=passing) from None
        except requests.RequestException as error:
            raise _Failure("connection", f"{_plainly(error)} from {address}", passing=True) from None

    return get


def _plainly(error: Exception) -> str:
    """What a failed request was, in the words of its innermost reason."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"a body cut short ({' '.join(str(error).split())[:90]})"
    return f"no connection ({type(error).__name__}: {' '.join(str(error).split())[-90:]})"
