"""Saving a figure with the table behind it and the digests of what it was made from."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from analysis.errors import Fault, InputError, TifaError, raise_faults, shown
from analysis.figures.style import style
from analysis.files import check_name, home, write_whole
from analysis.provenance import canonical, digest, table_bytes

__all__ = ["figures_folder", "read_manifest", "save_figure", "write_gallery"]

MANIFEST = "manifest.json"
_COMMITTED = (".png", ".csv")


def figures_folder() -> Path:
    """Where figures are written: ``TIFA_FIGURES`` if set, else ``figures/`` of the project."""
    given = os.environ.get("TIFA_FIGURES")
    return Path(given) if given else home() / "figures"


def save_figure(
    fig: Figure,
    name: str,
    *,
    table: pd.DataFrame,
    inputs: Iterable[Any],
    caption: str = "",
    parameters: Mapping[str, Any] | None = None,
    tolerance: float | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Path:
    """Write ``fig`` as PNG, SVG and PDF, ``table`` as CSV, and an entry in ``manifest.json``.

    Parameters
    ----------
    table
        The finished table that was drawn; rounded to six significant digits.
    inputs
        What the figure was made from: things that have a ``digest`` (corpora,
        lexicons, tokens, counts). If one of them is a constructed corpus, the
        figure says so at its foot.
    caption
        One or two sentences for the gallery.
    parameters
        What was chosen on the way (periods, base, seed, …).
    tolerance
        For what differs a little between machines (topic models): how far apart two tables may lie, topics
        matched, to count as close (`analysis.verification.close_tables`). Other tables must be the same.
    folder
        Another folder than ``figures/``, such as ``figures/own`` for your own.

    The same fonts, table and parameters give the same bytes with the versions
    of ``requirements.lock``: no time, no host and no library version is written.
    The manifest's entry is also embedded in the PNG (Comment), the SVG
    (description) and the PDF (Subject). Returns the path of the PNG,
    seen from the working folder.

    Raises
    ------
    InputError
        For a name that is no file name, an empty table, or inputs without a digest.
    """
    check_name(name, "figure")
    items: list[Any] = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    faults = [
        Fault("save_figure", "inputs", shown(i), "a corpus, lexicon, tokens or counts: something with a digest")
        for i in items
        if not isinstance(getattr(i, "digest", None), str)
    ]
    if not items:
        faults.append(Fault("save_figure", "inputs", "none", "at least the corpus that the figure shows"))
    if not isinstance(fig, Figure):
        faults.append(Fault("save_figure", "fig", shown(fig), "a Figure (ax.figure of what a plot returned)"))
    if not isinstance(table, pd.DataFrame) or not len(table):
        faults.append(Fault("save_figure", "table", "nothing", "the table that was drawn"))
    if tolerance is not None and not 0 < tolerance < 1:
        faults.append(Fault("save_figure", "tolerance", shown(tolerance), "a number between 0 and 1, or none"))
    raise_faults("save_figure", faults, "")
    constructed = any(bool(getattr(i, "constructed", False)) for i in items)
    data = table_bytes(table)
    entry = {
        "caption": caption,
        "constructed": constructed,
        "inputs": _named_digests(items),
        "lock": _lock_digest(),
        "parameters": canonical(dict(parameters or {})),
        "table": digest(data.decode("utf-8")),
    } | ({} if tolerance is None else {"tolerance": tolerance})
    target = Path(folder) if folder is not None else figures_folder()
    target.mkdir(parents=True, exist_ok=True)
    provenance = json.dumps({name: entry}, ensure_ascii=True, sort_keys=True)
    with style():
        if constructed:
            _say_constructed(fig)
        for ending, metadata in (
            ("png", {"Software": None, "Comment": provenance}),
            ("svg", {"Date": None, "Creator": None, "Description": provenance}),
            ("pdf", {"CreationDate": None, "Producer": None, "Creator": None, "Subject": provenance}),
        ):
            buffer = io.BytesIO()
            fig.savefig(buffer, format=ending, metadata=metadata)
            write_whole(target / f"{name}.{ending}", buffer.getvalue())
    write_whole(target / f"{name}.csv", data)
    manifest = read_manifest(target)
    manifest[name] = entry
    write_whole(target / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return Path(os.path.relpath(target / f"{name}.png"))


def _named_digests(items: list[Any]) -> dict[str, str]:
    """Name → digest; a second input of the same name gets a number."""
    found: dict[str, str] = {}
    for item in items:
        name = base = getattr(item, "name", type(item).__name__.lower())
        number = 2
        while name in found and found[name] != item.digest:
            name, number = f"{base} ({number})", number + 1
        found[name] = item.digest
    return found


def _say_constructed(fig: Figure) -> None:
    """Put the mark at the foot, once, and keep the axes clear of it."""
    if getattr(fig, "_tifa_marked", False):
        return
    fig._tifa_marked = True  # type: ignore[attr-defined]
    foot = 0.13 / fig.get_figheight()
    engine: Any = fig.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, foot, 1, 1 - foot))
    fig.text(
        0.995,
        0.01,
        "Constructed texts: nothing here is about a real body.",
        ha="right",
        va="bottom",
        fontsize=5,
        color="#555555",
    )


def _lock_digest() -> str:
    try:
        lock = home() / "requirements.lock"
    except TifaError:  # outside of a project there is no lock to name
        return ""
    return digest(lock.read_text(encoding="utf-8")) if lock.is_file() else ""


def read_manifest(folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """The entries of ``manifest.json``: figure name → what it was made from."""
    path = (Path(folder) if folder is not None else figures_folder()) / MANIFEST
    if not path.exists():
        return {}
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            str(path),
            [
                Fault(
                    str(path),
                    "JSON",
                    str(error),
                    "the manifest that save_figure writes; delete it and run `make figures`",
                )
            ],
        ) from None
    if not isinstance(manifest, dict):
        raise InputError(str(path), [Fault(str(path), "JSON", shown(manifest), "an object")])
    return manifest


def write_gallery(folder: str | os.PathLike[str] | None = None) -> Path:
    """Write ``README.md`` beside the figures: each with its caption, table and notebook."""
    target = Path(folder) if folder is not None else figures_folder()
    manifest = read_manifest(target)
    notebooks = {p.name[:2]: p.name for p in sorted((home() / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
    lines = [
        "# Figures",
        "",
        "Written by the notebooks (`make figures`); do not edit. Each picture has its table as CSV beside it,",
        "and [manifest.json](manifest.json) names the digests of what it was made from; the same entry is",
        "embedded in the picture. `make verify` rebuilds all of them elsewhere and compares. SVG and PDF are",
        "built, not committed.",
        "",
    ]
    for name, entry in sorted(manifest.items()):
        mark = " **Constructed texts.**" if entry.get("constructed") else ""
        notebook = notebooks.get(name[:2])
        source = f" · notebook: [{notebook}](../notebooks/{notebook})" if notebook else ""
        lines += [
            f"## {name}",
            "",
            f"![{name}]({name}.png)",
            "",
            f"{entry.get('caption', '')}{mark}",
            "",
            f"[table]({name}.csv){source}",
            "",
        ]
    return write_whole(target / "README.md", "\n".join(lines).rstrip("\n") + "\n")


def stale_files(folder: Path) -> list[str]:
    """Pictures and tables in ``folder`` that no manifest entry names."""
    names = set(read_manifest(folder))
    return sorted(p.name for p in folder.iterdir() if p.suffix in _COMMITTED and p.stem not in names)
