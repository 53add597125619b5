import hashlib
import json

import matplotlib.image
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from analysis.corpus import Corpus
from analysis.errors import InputError
from analysis.figures.plots import plot_bars
from analysis.figures.saving import read_manifest, save_figure, stale_files, write_gallery


def corpus(constructed=True):
    table = pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化"]})
    return Corpus(table, "small", {"constructed": constructed})


TABLE = pd.DataFrame({"office": ["甲", "乙"], "n": [3.0, 1.23456789]})


def draw():
    return plot_bars(TABLE, label="office", value="n", xlabel="陈述").figure


def save(folder, name="one", **options):
    return save_figure(
        draw(),
        name,
        **{"table": TABLE, "inputs": [corpus()], "caption": "Two bars.", "folder": folder, "parameters": {"seed": 0}}
        | options,
    )


def sums(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_the_same_call_gives_the_same_bytes(tmp_path):
    save(tmp_path / "a")
    with plt.rc_context({"axes.facecolor": "red", "svg.hashsalt": "other", "font.size": 20}):
        save(tmp_path / "b")
    assert sums(tmp_path / "a") == sums(tmp_path / "b")
    assert set(sums(tmp_path / "a")) == {"one.png", "one.svg", "one.pdf", "one.csv", "manifest.json"}


def test_provenance_is_in_the_manifest_and_in_every_picture(tmp_path):
    save(tmp_path)
    entry = read_manifest(tmp_path)["one"]
    assert entry["constructed"] is True
    assert entry["inputs"] == {"small": corpus().digest}
    assert entry["parameters"] == {"seed": 0}
    assert json.loads(Image.open(tmp_path / "one.png").text["Comment"]) == {"one": entry}
    assert corpus().digest in (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert corpus().digest.encode() in (tmp_path / "one.pdf").read_bytes()
    for ending in ("png", "svg", "pdf"):
        content = (tmp_path / f"one.{ending}").read_bytes()
        assert b"CreationDate" not in content


def test_the_table_is_rounded_to_six_digits(tmp_path):
    save(tmp_path)
    assert (tmp_path / "one.csv").read_text(encoding="utf-8") == "office,n\n甲,3.0\n乙,1.23457\n"


def test_constructed_corpora_are_marked_in_the_picture(tmp_path):
    save(tmp_path / "made")
    save(tmp_path / "real", inputs=[corpus(constructed=False)])
    assert "Constructed" in (tmp_path / "made" / "one.svg").read_text(encoding="utf-8")
    a, b = (matplotlib.image.imread(tmp_path / f / "one.png") for f in ("made", "real"))
    assert (a != b).any()
    figure = draw()
    save_figure(figure, "again", table=TABLE, inputs=[corpus()], folder=tmp_path)
    save_figure(figure, "again", table=TABLE, inputs=[corpus()], folder=tmp_path)
    assert sum("Constructed" in t.get_text() for t in figure.texts) == 1


def test_bad_input_writes_nothing(tmp_path):
    target = tmp_path / "figures"
    for name in ("../x", "a/b", "", ".hidden", "x\0y"):
        with pytest.raises(InputError, match="figure"):
            save(target, name)
    with pytest.raises(InputError) as caught:
        save_figure("no figure", "x", table=pd.DataFrame(), inputs=["demo"], folder=target)
    assert {f.field for f in caught.value.faults} == {"inputs", "fig", "table"}
    with pytest.raises(InputError, match="at least the corpus"):
        save(target, inputs=[])
    assert not target.exists()


def test_a_missing_glyph_stops_before_anything_is_replaced(tmp_path):
    save(tmp_path)
    before = sums(tmp_path)
    figure = draw()
    figure.axes[0].set_title("\ue000")
    with pytest.raises(UserWarning, match="Glyph"):
        save_figure(figure, "one", table=TABLE, inputs=[corpus()], folder=tmp_path)
    assert sums(tmp_path) == before


def test_a_broken_manifest_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="manifest.json"):
        save(tmp_path)


def test_gallery_and_stale_files(tmp_path):
    save(tmp_path, "05_one")
    text = write_gallery(tmp_path).read_text(encoding="utf-8")
    assert "![05_one](05_one.png)" in text
    assert "Two bars." in text
    assert "Constructed" in text
    assert "05_track_frames_over_time.ipynb" in text
    (tmp_path / "old.png").write_bytes(b"")
    assert stale_files(tmp_path) == ["old.png"]
