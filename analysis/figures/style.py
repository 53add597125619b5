"""The look of figures, and Chinese type that no system font can shadow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib import font_manager

from analysis.errors import TifaError

__all__ = ["COLOURS", "LINES", "MARKERS", "style"]

FONT_NAME = "Tifa Sans SC"
#: Okabe and Ito's colours in an order that also differs in grey; markers and
#: line styles differ as well, because some greys remain alike.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#56B4E9", "#CC79A7", "#E69F00", "#009E73")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (6, 2)))


@lru_cache(maxsize=1)
def _register_font() -> str:
    """Make the Noto Sans SC that the package zhplot carries known under our own name.

    zhplot itself is not imported: its import changes settings for the whole process.
    """
    try:
        found = [f for f in files("zhplot") or () if f.name == "NotoSansSC-Regular.ttf"]
    except PackageNotFoundError:
        found = []
    if not found:
        raise TifaError("The font for Chinese type is missing: install it with `pip install zhplot==1.0.0`.")
    path = Path(str(found[0].locate()))
    entry = font_manager.FontEntry(
        fname=str(path), name=FONT_NAME, style="normal", variant="normal", weight=400, stretch="normal", size="scalable"
    )
    font_manager.fontManager.ttflist.append(entry)
    return str(path)


@contextmanager
def style() -> Iterator[None]:
    """Our settings on top of matplotlib's defaults, for one block; hers come back after it.

    A glyph that no font has is an error, not an empty box.
    """
    _register_font()
    # Let the backend start now: started inside the block, what it sets for notebooks would be undone at its end.
    plt.draw_if_interactive()
    sheet = Path(__file__).with_name("tifa.mplstyle")
    settings: Any = mpl.rc_params_from_file(sheet, use_default_template=False)
    defaults: Any = {k: v for k, v in mpl.rcParamsDefault.items() if k not in _NOT_STYLE}
    with mpl.rc_context({**defaults, **settings}), warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Glyph .* missing from")
        yield


#: Settings of the process, not of the look.
_NOT_STYLE = {
    "backend",
    "backend_fallback",
    "interactive",
    "toolbar",
    "webagg.port",
    "webagg.address",
    "webagg.open_in_browser",
    "webagg.port_retries",
    "tk.window_focus",
    "date.epoch",
    "figure.max_open_warning",
    "savefig.directory",
    "timezone",
}
