import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from analysis.corpus import Corpus
from analysis.corpus_files import write_corpus
from analysis.counts import count
from analysis.errors import InputError, MissingStep, TifaError, TifaWarning
from analysis.features import read_counts, read_parts, read_tallies, write_features
from analysis.lexicon import make_lexicon, read_lexicon
from analysis.provenance import table_bytes
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.trends import document_hits, rates

ROOT = Path(__file__).resolve().parents[1] / "corpus" / "work-reports"


def lexicon(label="p", terms=("净化网络", "净化"), other="order"):
    purification = {"label": {"en": label}, "false_friends": {"zh": ["“净化”"]}, "network": {"terms": {"zh": [*terms]}}}
    return make_lexicon({"purification": purification, "minors": ["未成年人"], other: ["秩序"]}, "mine")


LEXICON = lexicon()
TEXTS = ["净化网络环境。保护未成年人。\n“净化”，净化！", "保护未成年人，NA。", "第一段\n\n净化网络。"]
PARTS = pd.DataFrame(
    {
        "document": ["a", "a", "c", "c"],
        "part": ["review", "plan", "opening", "plan"],
        "start": [0, 7, 0, 3],
        "end": [7, len(TEXTS[0]), 3, len(TEXTS[2])],
    }
)


def corpus():
    return Corpus(
        pd.DataFrame(
            {
                "id": ["a", "b", "c"],
                "date": ["2020-01-02", "2021-03", "2022"],
                "language": "zh",
                "place": ["北京", "NA", ""],
                "year": [2020, 2021, 2022],
                "share": [0.5, None, 1.25],
                "real": [True, False, True],
                "text": TEXTS,
            }
        ),
        "three",
        {"title": "Three", "selections": {"late": {"year": [2021, 2022]}}, "constructed": True},
    )


def by_name(tallies):
    return tallies.astype({"frame": "str"})


def same_counts(one, other):
    assert one.vocabulary == other.vocabulary
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(one.matrix, name), getattr(other.matrix, name))
    pd.testing.assert_frame_equal(one.units, other.units)
    pd.testing.assert_frame_equal(one.documents, other.documents.drop(columns="sha256", errors="ignore"))
    assert one.digest == other.digest


@pytest.mark.parametrize("parts", [None, PARTS])
@pytest.mark.parametrize("block", [4, 500])
def test_what_is_read_is_what_would_be_counted(tmp_path, monkeypatch, parts, block):
    monkeypatch.setattr("analysis.features.BLOCK", block)
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON, parts=parts)
    tokens = segment(corpus())
    same_counts(count(tokens, units="blocks", size=block, parts=parts), read_counts(folder))
    same_counts(count(tokens), read_counts(folder, units="documents"))
    counted = tally(find(corpus(), LEXICON))
    read = read_tallies(folder, LEXICON)
    assert read.astype({"frame": str}).equals(counted.astype({"frame": str}))
    assert list(read["frame"].cat.categories) == ["purification", "purification.network", "minors", "order"]
    claimed = read_tallies(folder, LEXICON, claimed=True)
    assert claimed.astype({"frame": str}).to_numpy().tolist() == [["a", "purification", "“净化”", 1]]
    blocks = read_tallies(folder, LEXICON, units="blocks")
    units = count(tokens, units="blocks", size=block, parts=parts).units
    pd.testing.assert_frame_equal(by_name(blocks), by_name(tally(find(corpus(), LEXICON), units=units)))
    lost = read_tallies(folder, LEXICON, claimed=True, units="blocks")
    pd.testing.assert_frame_equal(by_name(lost), by_name(tally(find(corpus(), LEXICON, claimed=True), units=units)))
    documents = read_counts(folder).documents
    by_year = rates(read, documents, frames=["purification", "order"])
    assert by_year.equals(rates(counted, corpus().documents, frames=["purification", "order"]))
    assert documents["sha256"].tolist() == [hashlib.sha256(t.encode()).hexdigest() for t in TEXTS]
    assert read_counts(folder).select("late").documents["id"].tolist() == ["b", "c"]
    assert read_counts(folder).constructed


def test_tallies_of_blocks_by_hand(tmp_path):
    """Of the first text the passage `review` ends behind 净化网络环境。 and `plan` holds the rest."""
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON, parts=PARTS)
    assert (folder / "tallies.csv").read_text(encoding="utf-8").splitlines() == [
        "document,unit,frame,term,hits",
        "a,0,purification.network,净化网络,1",
        "a,1,purification.network,净化,1",
        "a,1,minors,未成年人,1",
        "b,0,minors,未成年人,1",
        "c,1,purification.network,净化网络,1",
    ]
    assert (folder / "claimed.csv").read_text(encoding="utf-8").splitlines() == [
        "document,unit,frame,term,hits",
        "a,1,purification,“净化”,1",
    ]
    blocks = read_tallies(folder, LEXICON, units="blocks")
    assert blocks.columns.tolist() == ["document", "unit", "frame", "term", "hits"]
    assert list(blocks["frame"].cat.categories) == ["purification", "purification.network", "minors", "order"]
    assert read_counts(folder).units.merge(blocks)["part"].tolist() == ["review", "plan", "plan", "", "plan"]


@pytest.mark.parametrize("by", ["year", "month"])
def test_rates_of_block_tallies_are_those_of_document_tallies(tmp_path, monkeypatch, by):
    monkeypatch.setattr("analysis.features.BLOCK", 4)
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON, parts=PARTS)
    documents = read_counts(folder).documents
    blocks, whole = read_tallies(folder, LEXICON, units="blocks"), read_tallies(folder, LEXICON)
    pd.testing.assert_frame_equal(rates(blocks, documents, by=by), rates(whole, documents, by=by))
    pd.testing.assert_frame_equal(document_hits(blocks, documents), document_hits(whole, documents))


@pytest.mark.parametrize("units", ["documents", "blocks"])
def test_tallies_without_a_hit_know_their_columns(tmp_path, units):
    none = make_lexicon({"f": ["没有"]}, "none")
    tallies = read_tallies(write_features(corpus(), tmp_path / "f", lexicon=none), none, units=units)
    unit = ["unit"] if units == "blocks" else []
    assert tallies.columns.tolist() == ["document", *unit, "frame", "term", "hits"]
    assert len(tallies) == 0
    assert tallies["hits"].dtype == "int64"
    assert list(tallies["frame"].cat.categories) == ["f"]


@pytest.mark.parametrize("units", ["documents", "blocks"])
def test_tallies_of_an_earlier_version_are_to_be_made_again(tmp_path, units):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    old, path = (folder / "tallies.csv").read_bytes(), folder / "corpus.toml"
    new = table_bytes(read_tallies(folder, LEXICON))
    (folder / "tallies.csv").write_bytes(new)
    digests = (hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest())
    path.write_text(path.read_text(encoding="utf-8").replace(*digests), encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)tallies\.csv, column: received no unit.*tifa features") as caught:
        read_tallies(folder, LEXICON, units=units)
    assert len(caught.value.faults) == 1
    assert len(read_tallies(folder, LEXICON, claimed=True, units=units)) == 1


def test_a_passage_that_cuts_the_last_word_leaves_the_old_features(tmp_path):
    """络 is no token of its own: its passage is no unit, and nothing tells that 网络 goes beyond the unit before."""
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    cut = Corpus(corpus().documents.drop(columns="characters").assign(text=["净化网络", "一", "二"]), "cut")
    parts = pd.DataFrame({"document": "a", "part": ["x", "y"], "start": [0, 3], "end": [3, 4]})
    with pytest.raises(InputError, match="hits, a: received a hit that starts at 3; accepted: one from 0 to below 3"):
        write_features(cut, folder, lexicon=make_lexicon({"f": ["络"]}), parts=parts)
    assert len(read_tallies(folder, LEXICON)) == 5


def test_blocks_end_where_parts_end():
    counts = count(segment(corpus()), units="blocks", size=500, parts=PARTS)
    assert counts.units[["document", "part", "start", "end"]].to_numpy().tolist() == [
        ["a", "review", 0, 7],
        ["a", "plan", 7, len(TEXTS[0])],
        ["b", "", 0, len(TEXTS[1])],
        ["c", "opening", 0, 3],
        ["c", "plan", 3, len(TEXTS[2])],
    ]


@pytest.mark.parametrize("spans", [[(1, 24)], [(0, 7), (8, 24)], [(0, 9), (7, 24)], [(0, 7)]])
def test_parts_that_do_not_cover_a_statement_are_refused(spans):
    parts = pd.DataFrame([("a", "x", start, end) for start, end in spans], columns=["document", "part", "start", "end"])
    with pytest.raises(InputError, match="each beginning where the last ended"):
        count(segment(corpus()), units="blocks", parts=parts)
    with pytest.raises(InputError, match="no part"):
        count(segment(corpus()), units="blocks", parts=parts.drop(columns="part"))


@pytest.mark.parametrize(
    ("parts", "units"),
    [
        ([("a", "x", 0, 0), ("a", "y", 0, 24)], 3),
        ([("c", "blank", 3, 5), ("c", "x", 0, 3), ("c", "y", 5, 10)], 4),
        ([("b", str(i), i, i + 1) for i in range(10)], 7),
    ],
)
def test_passages_without_tokens_are_no_units_counted_or_read(tmp_path, parts, units):
    table = pd.DataFrame(parts, columns=["document", "part", "start", "end"])
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON, parts=table)
    direct = count(segment(corpus()), units="blocks", parts=table)
    assert len(direct.units) == units
    same_counts(direct, read_counts(folder))


@pytest.mark.parametrize("change", [{"end": None}, {"start": "x"}, {"end": 9.7}, {"part": None}])
@pytest.mark.parametrize("units", ["blocks", "documents"])
def test_odd_parts_are_faults(change, units):
    parts = PARTS.astype(object)
    for column, value in change.items():
        parts.loc[1, column] = value
    with pytest.raises(InputError, match="parts"):
        count(segment(corpus()), units=units, parts=parts.infer_objects())


def test_no_text_can_be_put_together_again(tmp_path):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    assert sorted(p.name for p in folder.iterdir()) == [
        "claimed.csv",
        "corpus.toml",
        "counts.parquet",
        "documents.csv",
        "tallies.csv",
    ]
    table = pyarrow.parquet.read_table(folder / "counts.parquet").to_pandas()
    assert table.columns.tolist() == ["document", "unit", "start", "end", "feature", "count"]
    # Features stand in the order of their frequency in the corpus, whatever the order in the text.
    frequency = table.groupby("feature")["count"].sum()
    for _, block in table.groupby(["document", "unit"]):
        assert frequency[block["feature"]].is_monotonic_decreasing
    assert "text" not in pd.read_csv(folder / "documents.csv").columns
    for text in TEXTS:
        for path in folder.iterdir():
            assert text.encode() not in path.read_bytes()


def test_another_lexicon_makes_the_tallies_stale(tmp_path):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    other = lexicon(terms=("净化网络", "净化", "净网"), other="youth")
    with pytest.warns(TifaWarning, match="STALE") as caught:
        stale = read_tallies(folder, other)
    message = str(caught[0].message)
    assert "changed: purification; not counted: youth; no longer there: order" in message
    assert "tifa fetch three" in message
    assert len(stale) == len(read_tallies(folder, LEXICON))


def test_labels_and_comments_of_a_lexicon_do_not_make_tallies_stale(tmp_path):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    assert read_tallies(folder, lexicon(label="other words")).equals(read_tallies(folder, LEXICON))


@pytest.mark.parametrize("file", ["documents.csv", "counts.parquet"])
def test_a_changed_or_missing_file_is_named(tmp_path, file):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-1])
    with pytest.raises(InputError, match=f"{file}.*SHA-256"):
        read_counts(folder)
    (folder / file).unlink()
    with pytest.raises(InputError, match="no file"):
        read_counts(folder)


def test_an_interrupted_run_leaves_nothing_that_passes_for_features(tmp_path, monkeypatch):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    monkeypatch.setattr("analysis.features._write_counts", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_features(corpus(), folder, lexicon=LEXICON)
    with pytest.raises(MissingStep, match="tifa features"):
        read_counts(folder)


def test_metadata_keep_their_values_to_the_last_digit(tmp_path):
    table = corpus().documents.drop(columns=["characters", "date_precision"])
    table = table.assign(
        code=[20210507, None, 1234567], width=[39.904211, 0.30000000000000004, None], kept=[True, None, False]
    )
    odd = Corpus(table, "odd", {"selections": {"one": {"width": 0.30000000000000004}, "true": {"kept": True}}})
    folder = write_features(odd, tmp_path / "f", lexicon=LEXICON)
    counts = read_counts(folder)
    for chosen in ({"code": 20210507}, {"kept": True}, {"kept": False}, {"width": 39.904211}):
        assert counts.select(**chosen).documents["id"].tolist() == odd.select(**chosen).documents["id"].tolist()
    for name in ("one", "true"):
        assert counts.select(name).documents["id"].tolist() == odd.select(name).documents["id"].tolist()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "[",
        lambda text: 'name = "x"\nfeatures = true\n',
        lambda text: text.replace("files = {", "files = 5 #"),
        lambda text: text.replace("types = {", "types = 5 #"),
        lambda text: text.replace('id = "str"', 'id = "nosuch"'),
        lambda text: text.replace('id = "str"', 'id = "str", nothere = "str"'),
        lambda text: text.replace("selections = {", "selections = 5 #"),
        lambda text: text.replace("block = ", "blocks = "),
    ],
)
def test_a_damaged_description_is_a_fault(tmp_path, change):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    text = (folder / "corpus.toml").read_text(encoding="utf-8")
    (folder / "corpus.toml").write_text(change(text), encoding="utf-8")
    with pytest.raises(InputError, match="features|documents"):
        read_counts(folder)


def test_what_cannot_be_written_leaves_the_old_features(tmp_path):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    with pytest.raises(TifaError):
        write_features(corpus(), folder, lexicon=tmp_path / "no_lexicon.toml")
    assert len(read_counts(folder).documents) == 3
    taken = Corpus(corpus().documents.drop(columns="characters").assign(sha256="mine"), "taken")
    with pytest.raises(InputError, match="sha256"):
        write_features(taken, folder, lexicon=LEXICON)
    own = write_corpus(corpus(), tmp_path / "c")
    with pytest.raises(TifaError, match="with its statements"):
        write_features(corpus(), own / "statements", lexicon=LEXICON)


def test_wrong_input(tmp_path):
    folder = write_features(corpus(), tmp_path / "f", lexicon=LEXICON)
    with pytest.raises(InputError, match="documents or blocks"):
        read_counts(folder, units="pages")
    with pytest.raises(InputError, match="read_tallies, units: received 'pages'; accepted: documents or blocks"):
        read_tallies(folder, LEXICON, units="pages")
    with pytest.raises(MissingStep, match="tifa features"):
        read_counts("demo")
    with pytest.raises(TifaError, match="nowhere"):
        read_tallies("nowhere")
    with pytest.raises(TifaError, match="with its statements"):
        write_features(corpus(), write_corpus(corpus(), tmp_path / "c"), lexicon=LEXICON)
    assert read_parts("demo") is None


# ------------------------------------------------------- the features that ship


def test_the_shipped_features_are_small_and_hold_counts_alone():
    about = tomllib.loads((ROOT / "corpus.toml").read_text(encoding="utf-8"))
    sizes = {name: (ROOT / name).stat().st_size for name in (*about["files"], "corpus.toml")}
    assert sum(sizes.values()) < 15_000_000
    counts = read_counts("work-reports")
    assert len(counts.select("central").documents) == 52
    panel = counts.select("panel").documents
    assert (len(panel), panel["place"].nunique(), sorted(set(panel["year"]))) == (732, 31, list(range(2003, 2027)))
    complete = counts.select("complete").documents
    assert (len(complete), complete["place"].nunique()) == (528, 22)
    whole = read_counts("work-reports", units="documents")
    assert (whole.matrix.sum(axis=0) == counts.matrix.sum(axis=0)).all()
    assert whole.matrix.sum() == counts.matrix.sum() > 8_000_000


def test_the_shipped_tallies_belong_to_the_shipped_lexicon():
    tallies = read_tallies("work-reports", read_lexicon("frames"))  # a warning would be an error
    assert set(tallies["document"]) <= set(read_counts("work-reports").documents["id"])
    assert (tallies["hits"] > 0).all()
    assert not tallies.duplicated(["document", "frame", "term"]).any()


@pytest.mark.parametrize("claimed", [False, True])
def test_the_shipped_tallies_stand_in_the_shipped_blocks(claimed):
    blocks = read_tallies("work-reports", claimed=claimed, units="blocks")
    assert not blocks.duplicated(["document", "unit", "frame", "term"]).any()
    counts = read_counts("work-reports")
    known = set(zip(counts.units["document"], counts.units["unit"], strict=True))
    assert set(zip(blocks["document"], blocks["unit"], strict=True)) <= known
    whole = read_tallies("work-reports", claimed=claimed)
    assert blocks["hits"].sum() == whole["hits"].sum() == (300 if claimed else 4814)
    panel = counts.select("panel").documents
    pd.testing.assert_frame_equal(rates(blocks, panel, cluster="place"), rates(whole, panel, cluster="place"))


def test_the_shipped_features_are_those_of_the_fetched_texts(work_reports, tmp_path):
    """To the digit: every file that `tifa features` writes from the verified bytes is the one committed."""
    corpus, parts = work_reports
    folder = write_features(corpus, tmp_path / "features", parts=parts)
    for name in ("documents.csv", "tallies.csv", "claimed.csv", "corpus.toml"):
        assert (folder / name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8"), name
    same_counts(count(segment(corpus), units="blocks", parts=parts), read_counts("work-reports"))
    assert (folder / "counts.parquet").read_bytes() == (ROOT / "counts.parquet").read_bytes()
