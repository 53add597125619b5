import pandas as pd
import pytest
from reference_tables import documents_of

from analysis.corpus import Corpus
from analysis.corpus_files import read_corpus, write_corpus
from analysis.counts import count
from analysis.errors import InputError
from analysis.segmentation import segment
from analysis.selection import date_extent

TABLE = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "date": ["2019", "2020-05-01", "2021"],
        "language": "zh",
        "place": ["北京", "天津", "北京"],
        "year": [2019, 2020, 2021],
        "text": ["净化", "净化网络", "网络"],
    }
)
SELECTIONS = {"north": {"place": ["北京"]}, "late": {"since": "2020", "year": [2020, 2021]}, "wrong": {"town": "x"}}


def test_a_date_means_its_whole_month_or_year():
    table = documents_of([1, 1, 1], ["2020-02-01", "2020-02-01", "2020-01-01"], date_precision=["day", "month", "year"])
    first, last = date_extent(table)
    assert first.equals(table["date"])
    assert last.dt.strftime("%m-%d").tolist() == ["02-01", "02-29", "12-31"]


def corpus():
    return Corpus(TABLE, "three", {"selections": SELECTIONS})


def ids(chosen):
    return chosen.documents["id"].tolist()


def test_a_named_selection_stands_for_its_keywords_and_can_be_narrowed():
    assert ids(corpus().select("north")) == ["a", "c"]
    assert ids(corpus().select("late")) == ["b", "c"]
    assert ids(corpus().select("late", place="北京")) == ["c"]
    assert ids(corpus().select("north").select("late")) == ["c"]


def test_selections_survive_writing_in_every_format(tmp_path):
    for kind in ("md", "csv", "jsonl", "parquet"):
        again = read_corpus(write_corpus(corpus(), tmp_path / kind, format=kind))
        assert again.about["selections"] == SELECTIONS
        assert ids(again.select("late")) == ["b", "c"]


def test_counts_are_selected_as_their_corpus_is():
    tokens = segment(corpus())
    blocks = count(tokens, units="blocks", size=1)
    chosen = blocks.select(place="北京")
    alone = count(segment(corpus().select(place="北京")), units="blocks", size=1)
    assert ids(chosen) == ["a", "c"]
    assert chosen.units["document"].tolist() == alone.units["document"].tolist()
    assert chosen.vocabulary == blocks.vocabulary
    assert chosen.matrix.sum() == alone.matrix.sum()
    assert chosen.digest != blocks.digest


def test_what_is_not_there_is_named_all_at_once():
    with pytest.raises(InputError, match="'south'.*north, late, wrong"):
        corpus().select("south")
    with pytest.raises(InputError, match="'town'"):
        corpus().select("wrong")
    with pytest.raises(InputError) as caught:
        corpus().select("south", place="上海", since="soon", colour="red")
    assert {f.field for f in caught.value.faults} == {"selection", "place", "since", "column"}
    with pytest.raises(InputError, match="no selections"):
        Corpus(TABLE).select("north")
    with pytest.raises(InputError, match="leaves nothing"):
        corpus().select("late", place="天津", since="2021")


@pytest.mark.parametrize("selections", ['"north"', "[1]", '{north = "北京"}'])
def test_a_corpus_whose_selections_are_no_tables_is_refused(tmp_path, selections):
    folder = write_corpus(Corpus(TABLE), tmp_path / "c", format="csv")
    with open(folder / "corpus.toml", "a", encoding="utf-8") as stream:
        stream.write(f"selections = {selections}\n")
    with pytest.raises(InputError, match="selections"):
        read_corpus(folder)
