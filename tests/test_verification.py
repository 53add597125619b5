import shutil

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from figure_on_disk import one_figure

from analysis.errors import TifaError
from analysis.figures.saving import read_manifest
from analysis.verification import close_tables, compare_figures, verified


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


def topic_table(shares, labels=("a", "b", "c"), topics=(0, 1, 2)):
    rows = [
        (t, label, year, s) for t, label, by_year in zip(topics, labels, shares, strict=True) for year, s in by_year
    ]
    return pd.DataFrame(rows, columns=["topic", "label", "period", "share"])


FIRST = topic_table([[(2020, 0.5), (2021, 0.4)], [(2020, 0.3), (2021, 0.35)], [(2020, 0.2), (2021, np.nan)]])


def test_small_differences_are_close_and_large_ones_are_not():
    near, far = (FIRST.assign(share=FIRST["share"] + d) for d in (0.009, 0.011))
    assert close_tables(FIRST, near, tolerance=0.02)  # of the largest share, 0.5
    assert not close_tables(FIRST, far, tolerance=0.02)
    assert not close_tables(FIRST, FIRST.fillna(0.2), tolerance=0.5)
    assert not close_tables(FIRST, FIRST.iloc[:-1], tolerance=0.5)
    assert not close_tables(FIRST, FIRST.rename(columns={"share": "low"}), tolerance=0.5)
    assert close_tables(FIRST, FIRST.assign(share=FIRST["share"].to_numpy()), tolerance=1e-9)


def test_topics_are_matched_whatever_their_numbers():
    swapped = FIRST.assign(topic=FIRST["topic"].map({0: 2, 1: 0, 2: 1})).sort_values("topic", kind="stable")
    assert close_tables(FIRST, swapped.reset_index(drop=True), tolerance=0.01)
    other = swapped.assign(label=swapped["label"].map({"a": "b", "b": "c", "c": "a"})).reset_index(drop=True)
    assert not close_tables(FIRST, other, tolerance=0.01)
    assert not close_tables(FIRST, FIRST.assign(topic=7), tolerance=0.5)


def test_a_bound_may_be_passed_by_a_hair():
    first = pd.DataFrame({"topic": [0, 1], "similarity": [0.703, 0.95], "stable": [True, True]})
    assert close_tables(first, first.assign(similarity=[0.699, 0.95], stable=[False, True]), tolerance=0.01)
    assert not close_tables(first, first.assign(similarity=[0.5, 0.95], stable=[False, True]), tolerance=0.01)


def test_rows_of_topics_in_the_order_of_their_shares_are_matched_too():
    ranked = pd.DataFrame({"topic": [1, 0, 2], "share": [0.401, 0.4, 0.1], "term": ["x", "y", "z"]})
    turned = pd.DataFrame({"topic": [0, 1, 2], "share": [0.402, 0.4, 0.1], "term": ["y", "x", "z"]})
    assert close_tables(ranked, turned, tolerance=0.02)


def test_some_texts_may_differ_and_no_more():
    many = pd.DataFrame({"topic": range(10), "terms": list("abcdefghij"), "share": np.arange(10) / 10})
    one, two = (many.assign(terms=list(t)) for t in ("abcdefghiX", "abcdefghXX"))
    assert close_tables(many, one, tolerance=0.1)
    assert not close_tables(many, two, tolerance=0.1)


def test_infinite_numbers_agree_with_themselves_alone():
    table = pd.DataFrame({"ratio": [1.0, np.inf]})
    assert close_tables(table, table.copy(), tolerance=0.01)
    assert not close_tables(table, pd.DataFrame({"ratio": [1.0, 2.0]}), tolerance=0.01)


@pytest.mark.parametrize(("tolerance", "said"), [(0.1, "close"), (None, "differs")])
def test_a_figure_saved_with_a_tolerance_may_be_close(tmp_path, tolerance, said):
    for folder, n in (("a", 1.0), ("b", 1.01)):
        one_figure(tmp_path / folder, table=pd.DataFrame({"topic": [0], "share": [n]}), tolerance=tolerance)
    table = compare_figures(tmp_path / "a", tmp_path / "b")
    assert row(table)[0] == said
    assert row(table)[3] == ("differs" if tolerance is None else "same")
    assert verified(table).tolist() == [tolerance is not None]
    assert read_manifest(tmp_path / "a")["one"].get("tolerance") == tolerance
