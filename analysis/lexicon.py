"""Frames, their terms and their false friends."""

from __future__ import annotations

import itertools
import os
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import Fault, TifaError, raise_faults, shown
from analysis.files import resolve
from analysis.patterns import Pattern, parse_pattern
from analysis.provenance import digest

__all__ = ["Frame", "Lexicon", "make_lexicon", "read_lexicon"]

LANGUAGES = ("zh", "en")
_ABOUT = ("title", "description", "version", "licence")
_FIELDS = ("label", "definition", "terms", "false_friends")
_NAME = re.compile(r"\w+")
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")


@dataclass(frozen=True)
class Frame:
    """A frame or a sub-frame: ``purification`` or ``purification.network``.

    ``terms`` and ``false_friends`` are compiled patterns in the order of the
    file, of both languages.
    """

    name: str
    label: Mapping[str, str]
    definition: str
    terms: tuple[Pattern, ...]
    false_friends: tuple[Pattern, ...]

    @property
    def top(self) -> str:
        """The frame that this one belongs to.

        >>> Frame("minors.protection", {}, "", (), ()).top
        'minors'
        """
        return self.name.partition(".")[0]


@dataclass(frozen=True, eq=False, repr=False)
class Lexicon:
    """Frames with their sub-frames, in the order of the file.

    ``frames`` holds one `Frame` per frame and sub-frame; ``digest`` covers
    names, terms and false friends, not labels or comments.
    """

    name: str
    frames: tuple[Frame, ...]
    digest: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all frames and sub-frames that have terms."""
        return tuple(f.name for f in self.frames if f.terms)

    @property
    def tops(self) -> tuple[str, ...]:
        """The names of the frames, sub-frames left out."""
        return tuple(dict.fromkeys(f.top for f in self.frames))

    def label(self, name: str, language: str = "en") -> str:
        """What a reader calls the frame ``name``; the name itself if it has no label.

        >>> make_lexicon({"minors": ["未成年人"]}).label("minors")
        'minors'
        """
        return next((f.label.get(language, f.name) for f in self.frames if f.name == name), name)

    def __repr__(self) -> str:
        terms = sum(len(f.terms) for f in self.frames)
        friends = sum(len(f.false_friends) for f in self.frames)
        return f"<Lexicon {self.name}: {', '.join(self.tops)}; {terms} terms, {friends} false friends>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(f.name)}</td><td>{escape(f.label.get('zh', ''))} {escape(f.label.get('en', ''))}</td>"
            f"<td>{escape(f.definition)}</td><td>{len(f.terms)}</td></tr>"
            for f in self.frames
        )
        return f"<p>{escape(repr(self)[1:-1])}</p><table><tr><th>frame</th><th>label</th><th>definition</th><th>terms</th></tr>{rows}</table>"


def read_lexicon(name: str | os.PathLike[str] = "frames") -> Lexicon:
    """Read a lexicon by its name in ``corpus/lexicons/`` or by its path.

    The file is TOML, a table for each frame and, inside it, for each sub-frame:
    ``label`` (zh, en), ``definition``, ``terms.zh``, ``terms.en``,
    ``false_friends.zh``, ``false_friends.en``. The pattern language is described
    in `analysis.patterns`.

    Raises
    ------
    TifaError
        If there is no such file.
    InputError
        Naming file, line, frame and pattern of every fault: a term that stands
        twice in a frame, a frame without terms, a pattern that does not parse,
        an unknown field.
    """
    path = resolve(name, "corpus/lexicons", endings=(".toml", ""))
    if path.is_dir():
        raise TifaError(f"{path} is a folder; a lexicon is one TOML file.")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise_faults(
            f"lexicon {path}", [Fault(f"{path}, line {line}", "", "bytes that are not UTF-8", "a file saved as UTF-8")]
        )
    except tomllib.TOMLDecodeError as error:
        raise_faults(f"lexicon {path}", [Fault(str(path), "TOML", str(error), '[frame] and terms.zh = ["…", "…"]')])
    return _build(data, path.stem, str(path), text.split("\n"))


def make_lexicon(frames: Mapping[str, Any], name: str = "ad hoc") -> Lexicon:
    """A lexicon made on the spot, in the form of the file.

    A frame may also be a plain list of terms: each is taken as Chinese if it
    holds a Chinese character, as English otherwise.

    >>> make_lexicon({"purification": ["净化", "purif*"]})
    <Lexicon ad hoc: purification; 2 terms, 0 false friends>
    """
    if not isinstance(frames, Mapping):
        raise_faults(
            f"lexicon {name}",
            [Fault(name, "frames", f"a {type(frames).__name__}", 'names and their terms, {"frame": ["term", …]}')],
        )
    data = {}
    for frame, content in frames.items():
        if not isinstance(content, Mapping) and isinstance(content, Iterable):
            terms: dict[str, list[str]] = {"zh": [], "en": []}
            for term in [content] if isinstance(content, str) else content:
                terms["zh" if re.search(r"[\u3400-\u9fff]", str(term)) else "en"].append(term)
            content = {"terms": terms}
        data[frame] = content
    return _build(data, name, name, [])


def _build(data: Mapping[str, Any], name: str, where: str, lines: list[str]) -> Lexicon:
    faults: list[Fault] = []
    frames: list[Frame] = []
    for key, value in data.items():
        if isinstance(value, Mapping):
            sound = len(faults)
            _collect(str(key), str(key), value, where, lines, frames, faults, top=True)
            if len(faults) == sound and not any(f.terms for f in frames if f.top == str(key)):
                faults.append(
                    Fault(
                        _at(where, lines, key, ""),
                        f"frame {key}",
                        "no terms",
                        "terms.zh or terms.en, here or in a sub-frame",
                    )
                )
        elif key not in _ABOUT:
            faults.append(
                Fault(
                    _at(where, lines, "", key),
                    key,
                    shown(value),
                    f"a frame (a table with terms), or one of {', '.join(_ABOUT)}",
                )
            )
    if not frames and not faults:
        faults.append(Fault(where, "frames", "none", "at least one table with terms"))
    for top in dict.fromkeys(f.top for f in frames):
        _repeated([f for f in frames if f.top == top], where, lines, faults)
    raise_faults(
        f"lexicon {where}", faults, "The pattern language is described in analysis/patterns.py and in notebook 04."
    )
    content = [
        [f.name, [[p.language, p.source] for p in f.terms], [[p.language, p.source] for p in f.false_friends]]
        for f in frames
    ]
    return Lexicon(name, tuple(frames), digest(content))


def _collect(
    key: str,
    name: str,
    value: Mapping[str, Any],
    where: str,
    lines: list[str],
    frames: list[Frame],
    faults: list[Fault],
    *,
    top: bool,
) -> None:
    place, sound = _at(where, lines, name, ""), len(faults)
    if not _NAME.fullmatch(key):
        faults.append(Fault(place, "frame", shown(key), "a name of letters, digits and _"))
    children = {}
    for field, content in value.items():
        if field in _FIELDS:
            continue
        if top and isinstance(content, Mapping):
            children[field] = content
        else:
            faults.append(
                Fault(
                    _at(where, lines, name, field),
                    f"frame {name}",
                    f"a field {field!r}",
                    ", ".join(_FIELDS) + (", or a sub-frame" if top else ""),
                )
            )
    label = value.get("label", {})
    label = {"zh": label, "en": label} if isinstance(label, str) else label
    if not isinstance(label, Mapping) or not all(isinstance(v, str) for v in label.values()):
        faults.append(
            Fault(_at(where, lines, name, "label"), f"frame {name}, label", shown(label), '{ zh = "…", en = "…" }')
        )
        label = {}
    definition = value.get("definition", "")
    if not isinstance(definition, str):
        faults.append(
            Fault(_at(where, lines, name, "definition"), f"frame {name}, definition", shown(definition), "a text")
        )
    terms = _patterns(name, "terms", value, where, lines, faults)
    friends = _patterns(name, "false_friends", value, where, lines, faults)
    if not top and not terms and len(faults) == sound:
        faults.append(Fault(place, f"sub-frame {name}", "no terms", "terms.zh or terms.en"))
    frames.append(Frame(name, dict(label), str(definition), terms, friends))
    for child, content in children.items():
        _collect(str(child), f"{name}.{child}", content, where, lines, frames, faults, top=False)


def _patterns(
    name: str, field: str, value: Mapping[str, Any], where: str, lines: list[str], faults: list[Fault]
) -> tuple[Pattern, ...]:
    given = value.get(field, {})
    if (
        not isinstance(given, Mapping)
        or not set(given) <= set(LANGUAGES)
        or not all(isinstance(v, list) for v in given.values())
    ):
        faults.append(
            Fault(
                _at(where, lines, name, field),
                f"frame {name}, {field}",
                shown(given),
                f"{field}.zh and {field}.en, each a list of patterns",
            )
        )
        return ()
    patterns = []
    for language in LANGUAGES:
        for source in given.get(language, []):
            try:
                if not isinstance(source, str):
                    raise ValueError("something that is not text")
                patterns.append(parse_pattern(unicodedata.normalize("NFC", source), language))
            except ValueError as error:
                faults.append(
                    Fault(
                        _at(where, lines, name, source),
                        f"frame {name}, {field}.{language}",
                        f"{shown(source)}: {error}",
                        "a pattern",
                    )
                )
    return tuple(patterns)


def _repeated(members: list[Frame], where: str, lines: list[str], faults: list[Fault]) -> None:
    """A term that stands twice in one frame, its sub-frames included."""
    first: dict[tuple[str, str], str] = {}
    for frame in members:
        for kind, patterns in (("terms", frame.terms), ("false_friends", frame.false_friends)):
            for pattern in patterns:
                key = (pattern.language, pattern.source)
                if key in first:
                    faults.append(
                        Fault(
                            _at(where, lines, frame.name, pattern.source, last=True),
                            f"frame {frame.name}, {kind}.{pattern.language}",
                            f"{shown(pattern.source)} a second time (first in {first[key]})",
                            "each pattern once in a frame",
                        )
                    )
                first.setdefault(key, f"{frame.name}, {kind}")


def _at(where: str, lines: list[str], frame: str, what: Any, *, last: bool = False) -> str:
    """``where``, with the line on which ``what`` stands in the table ``frame``, if it can be told."""
    headers = [(i, m[1].replace(" ", "")) for i, line in enumerate(lines) if (m := _HEADER.match(line))]
    own = {frame, *(f"{frame}.{field}" for field in _FIELDS)}
    tables = [
        (i, following) for (i, name), (following, _) in itertools.pairwise([*headers, (len(lines), "")]) if name in own
    ]
    within = [i for first, end in tables for i in range(first, end)] or range(len(lines))
    text = str(what)
    # As a string of its own before as a part of another.
    for form in (f'"{text}"', f"'{text}'", text) if text else ():
        found = [i for i in within if form in lines[i]]
        if found:
            return f"{where}, line {found[-1 if last else 0] + 1}"
    return f"{where}, line {tables[0][0] + 1}" if tables else where


def ties(lexicon: Lexicon) -> list[tuple[str, str, str]]:
    """``(frame, term, winner)`` for terms that can never win: same literals, later in the file.

    Where two terms of a frame match the same words, the one that stands first
    in the file takes them. `tifa check` reports the terms for which this is so
    whenever they match at all.
    """
    lost = []
    for top in lexicon.tops:
        seen: dict[tuple[str, Any], str] = {}
        for frame in lexicon.frames:
            if frame.top != top:
                continue
            for pattern in frame.terms:
                if len(pattern.steps) != 1:
                    continue
                for literal in pattern.steps[0].literals:
                    key = (pattern.language, literal)
                    if key in seen:
                        lost.append((frame.name, pattern.source, seen[key]))
                    seen.setdefault(key, f"{frame.name}: {pattern.source}")
    return list(dict.fromkeys(lost))


def lexicon_path(name: str) -> Path:
    """Where the lexicon ``name`` is kept."""
    return resolve(name, "corpus/lexicons", endings=(".toml", ""))


def selected(lexicon: Lexicon, frames: Iterable[str] | None) -> tuple[str, ...]:
    """The top frames that ``frames`` (or all) belong to, checked against the lexicon."""
    wanted = lexicon.tops if frames is None else tuple(dict.fromkeys(str(f).partition(".")[0] for f in frames))
    known = set(lexicon.tops)
    raise_faults(
        f"lexicon {lexicon.name}",
        [Fault("frames", "name", shown(f), ", ".join(lexicon.tops)) for f in wanted if f not in known],
    )
    return wanted
