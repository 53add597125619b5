import warnings

import matplotlib as mpl
import pytest
from matplotlib import font_manager
from matplotlib import pyplot as plt

from analysis.figures.style import COLOURS, FONT_NAME, LINES, MARKERS, style


def test_her_settings_come_back():
    before = dict(mpl.rcParams)
    with style():
        assert mpl.rcParams["font.family"] == ["DejaVu Sans", FONT_NAME]
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert dict(mpl.rcParams) == before


def test_our_look_does_not_depend_on_hers():
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30}), style():
        assert mpl.rcParams["axes.facecolor"] != "red"
        assert mpl.rcParams["font.size"] == 7


def test_the_chinese_font_is_found_under_our_name():
    with style():
        path = font_manager.findfont(FONT_NAME, fallback_to_default=False)
    assert path.endswith("NotoSansSC-Regular.ttf")


def test_a_glyph_that_no_font_has_is_an_error():
    with style():
        figure, ax = plt.subplots()
        ax.set_title("\U0001f9ff\ue000")
        with pytest.raises(UserWarning, match="Glyph"):
            figure.canvas.draw()


def test_chinese_is_drawn_without_a_warning():
    with style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure, ax = plt.subplots()
        ax.set_title("净化网络环境 — 未成年人 “百年”")
        figure.canvas.draw()


def luminance(colour):
    red, green, blue = mpl.colors.to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_neighbouring_looks_differ_in_grey():
    assert len(COLOURS) == len(MARKERS) == len(LINES)
    assert len(set(MARKERS)) == len(MARKERS)
    for i in range(3):
        assert abs(luminance(COLOURS[i]) - luminance(COLOURS[i + 1])) > 0.05 or LINES[i] != LINES[i + 1]
