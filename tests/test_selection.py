import pandas as pd
import pytest
from reference_tables import documents_of

from analysis.corpus import Corpus
from analysis.corpus_files import read_corpus, write_corpus
from analysis.counts import count
from analysis.errors import InputError
from analysis.segmentation import segment
from analysis.selection import condition_rows, date_extent

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


DATED = pd.DataFrame(
    {
        "date": pd.to_datetime(["2019-01-01", "2020-05-01", "2020-05-07", "2021-01-01"]),
        "date_precision": ["year", "month", "day", "day"],
        "place": ["北京", "天津", None, "北京"],
        "size": [3, 20, 100, None],
        "code": ["3", "3a", "20", "100"],
        "mixed": [3, "3", 3.0, True],
    },
    index=[9, 7, 5, 3],
)


@pytest.mark.parametrize(
    ("column", "kind", "values", "kept"),
    [
        ("date", "is", ("2020-05",), [1, 2]),
        ("date", "is", ("2020-05-07",), [2]),
        ("date", "is", ("2020-05-01",), []),
        ("date", "is not", ("2020-05",), [0, 3]),
        ("date", "is", ("2019", "2021"), [0, 3]),
        ("date", "between", ("2019", "2020-05"), [0, 1, 2]),
        ("date", "between", ("2019-02", "2021"), [1, 2, 3]),
        ("date", "between", ("2021", "2019"), []),
        ("year", "is", ("2020",), [1, 2]),
        ("year", "between", ("2020", "2021"), [1, 2, 3]),
        ("month", "is", ("2020-05",), [1, 2]),
        ("since", "is", ("2020-05-02",), [2, 3]),
        ("until", "is", ("2020-05-31",), [0, 1, 2]),
        ("until", "is", ("2020-05-30",), [0, 2]),
        ("place", "is", ("北京",), [0, 3]),
        ("place", "is", ("天津", "北京"), [0, 1, 3]),
        ("place", "is not", ("北京",), [1, 2]),
        ("size", "is", ("20",), [1]),
        ("size", "between", ("3", "20"), [0, 1]),
        ("code", "between", ("3", "3z"), [0, 1]),
        ("mixed", "is", ("3",), [0, 1, 2]),
    ],
)
def test_conditions_keep_these_rows(column, kind, values, kept):
    rows = condition_rows(DATED, "here", column, kind, values)
    assert rows.index.equals(DATED.index)
    assert rows.dtype == bool
    assert rows.to_numpy().nonzero()[0].tolist() == kept


def test_a_column_of_its_own_comes_before_the_date():
    assert condition_rows(TABLE.assign(date=pd.Timestamp("1999-01-01")), "here", "year", "is", ("2020",)).tolist() == [
        False,
        True,
        False,
    ]
    numbers = pd.DataFrame({"n": ["9", "10", "11"]})
    assert condition_rows(numbers, "here", "n", "between", ("9", "10")).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("column", "kind", "values", "message"),
    [
        ("town", "is", ("x",), "here, column: received 'town'; accepted: date, date_precision, place"),
        ("place", "is", ("上海",), "上海"),
        ("place", "is not", ("上海",), "上海"),
        ("date", "is", ("soon",), "'soon'"),
        ("year", "between", ("2020", "20x1"), "'20x1'"),
        ("since", "is not", ("2020",), "since= and one date"),
        ("until", "is", ("2020", "2021"), "until= and one date"),
    ],
)
def test_conditions_that_cannot_be_are_refused(column, kind, values, message):
    with pytest.raises(InputError, match=f"1 fault\n.*{message}"):
        condition_rows(DATED, "here", column, kind, values)
