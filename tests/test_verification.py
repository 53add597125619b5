import shutil

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from figure_on_disk import one_figure

from analysis.errors import TifaError
from analysis.verification import compare_figures


@pytest.fixture
def pair(tmp_path):
    one_figure(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    return tmp_path / "a", tmp_path / "b"


def row(table):
    return table.set_index("figure").loc["one", ["table", "pixels", "bytes", "provenance"]].tolist()


def test_equal_folders_are_the_same(pair):
    assert row(compare_figures(*pair)) == ["same"] * 4


def test_bytes_pixels_and_tables_are_told_apart(pair):
    a, b = pair
    image = matplotlib.image.imread(b / "one.png")
    matplotlib.image.imsave(b / "one.png", image)
    assert row(compare_figures(a, b)) == ["same", "same", "differs", "same"]
    image = np.array(image)
    image[0, 0, :3] = 0
    matplotlib.image.imsave(b / "one.png", image)
    assert row(compare_figures(a, b)) == ["same", "differs", "differs", "same"]
    (b / "one.csv").write_text("office,n\n甲,4\n", encoding="utf-8")
    assert row(compare_figures(a, b))[0] == "differs"


def test_what_is_missing_is_said(pair):
    a, b = pair
    (b / "one.png").unlink()
    assert row(compare_figures(a, b)) == ["same", "missing", "missing", "same"]
    (a / "old.png").write_bytes(b"")
    table = compare_figures(a, b)
    assert table.iloc[-1].tolist()[:2] == ["old.png", "not in the manifest"]
    with pytest.raises(TifaError, match="make figures"):
        compare_figures(a / "nowhere", b)
    assert isinstance(table, pd.DataFrame)
