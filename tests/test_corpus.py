import datetime as dt
import pickle
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corpus import OPTIONAL, Corpus, canonical_value
from analysis.errors import InputError, TifaWarning

ROWS = {
    "id": ["a", "b", "c", "d"],
    "date": ["2018-06-30", "2018-07", "2018", "2019-01-01 23:59"],
    "language": ["zh", "zh", "en", "en"],
    "text": ["净化网络。", "保护未成年人。", "Purify it.", "Protect them."],
    "office": ["safety", "culture", "safety", ""],
}


def table(**columns):
    """Two good statements, with whatever columns are to be other."""
    good = {"id": ["a", "b"], "date": ["2021", "2021"], "language": ["zh", "zh"], "text": ["一", "二"]}
    return pd.DataFrame({**good, **columns}, dtype=object)


def faults(*args, **kwargs):
    with pytest.raises(InputError) as caught:
        Corpus(*args, **kwargs)
    return [(f.where, f.field, f.received, f.accepted) for f in caught.value.faults]


@pytest.fixture
def corpus():
    return Corpus(pd.DataFrame(ROWS), "four")


# ------------------------------------------------------------------ what is refused


def test_all_faults_are_listed_at_once():
    found = faults(
        pd.DataFrame(
            {
                "id": ["a", "A", "c/d", ""],
                "date": ["2021-02-30", None, "2021-05-07T10:00Z", "2021"],
                "language": ["zh", "fr", None, "zh"],
                "text": ["一", " \n", None, "\ud800"],
                "translation_of": ["a", "", "", ""],
            },
            dtype=object,
        )
    )
    assert [(where, field) for where, field, _, _ in found] == [
        ("row 2 (A)", "id"),
        ("row 3 (c/d)", "id"),
        ("row 4", "id"),
        ("row 1 (a)", "date"),
        ("row 2 (A)", "date"),
        ("row 3 (c/d)", "date"),
        ("row 2 (A)", "language"),
        ("row 3 (c/d)", "language"),
        ("row 2 (A)", "text"),
        ("row 3 (c/d)", "text"),
        ("row 4", "text"),
        ("row 1 (a)", "translation_of"),
    ]
    assert all(received and accepted for _, _, received, accepted in found)


def test_what_is_no_table_is_refused():
    assert faults([{"id": "a"}])[0][2:] == ("a list", "a pandas DataFrame, one row per statement")


def test_a_table_without_rows_is_refused():
    assert ("corpus corpus", "documents", "no statements", "at least one") in faults(table().head(0))


def test_every_missing_column_is_named_beside_those_that_are_there():
    found = faults(pd.DataFrame({"id": ["a"], "datum": ["2021"]}))
    assert [received for _, _, received, _ in found] == [
        f"no column {c} among id, datum" for c in ("date", "language", "text")
    ]


def test_a_column_that_stands_twice_is_refused():
    twice = pd.concat([table(), table()[["text"]]], axis=1)
    assert faults(twice)[0][1:3] == ("columns", "'text' twice")


@pytest.mark.parametrize("second", ["a", "A", " a "])
def test_ids_that_differ_in_case_alone_are_the_same_id(second):
    [(where, field, received, accepted)] = faults(table(id=["a", second]))
    assert (where.startswith("row 2"), field, accepted) == (True, "id", "an id that no other statement has")
    assert received.endswith("which row 1 (a) has already")


def test_ids_that_differ_in_composition_alone_are_the_same_id():
    assert faults(table(id=["é", "e\u0301"]))[0][:2] == ("row 2 (é)", "id")


@pytest.mark.parametrize(
    "identifier",
    [
        None,
        "",
        " ",
        "../x",
        "..",
        ".",
        ".hidden",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "a\0b",
        "a b",
        "a\nb",
        "a\u2028b",
        "-rf",
        "~x",
        "a*",
        "a?b",
        "<a>",
        "a|b",
        'a"b',
        "\ud800",
        "号" * 51,
    ],
)
def test_an_id_that_is_no_safe_file_name_is_refused(identifier):
    [(_, field, _, accepted)] = faults(table(id=["b", identifier]))
    assert field == "id"
    assert "without white space" in accepted


def test_other_ids_are_fine():
    assert Corpus(table(id=["2021-05-07_警", "号" * 50])).documents["id"].tolist() == ["2021-05-07_警", "号" * 50]


@pytest.mark.parametrize("language", ["fr", "ZH", "zh-cn", "", None, float("nan"), 5])
def test_an_unknown_language_is_refused(language):
    [(where, field, _, accepted)] = faults(table(language=["zh", language]))
    assert (where, field, accepted) == ("row 2 (b)", "language", "zh or en")


@pytest.mark.parametrize(
    ("date", "received"),
    [
        ("2021-02-29", "'2021-02-29'"),
        ("soon", "'soon'"),
        (None, "no date"),
        ("", "no date"),
        (float("nan"), "no date"),
        (pd.NaT, "no date"),
        (pd.Timestamp("2021-05-07", tz="Asia/Shanghai"), "'2021-05-07 00:00:00+08:00'"),
        (dt.datetime(2021, 5, 7, tzinfo=dt.UTC), "'2021-05-07 00:00:00+00:00'"),
        ("2021-05-07T00:00:00+08:00", "'2021-05-07T00:00:00+08:00'"),
        (["2021"], "\"['2021']\""),
    ],
)
def test_a_date_that_is_none_or_has_a_zone_is_refused(date, received):
    [found] = faults(table(date=["2021", date]))
    assert found[:3] == ("row 2 (b)", "date", received)
    assert "without a time zone" in found[3]


def test_a_whole_column_with_a_zone_is_refused():
    dates = pd.to_datetime(["2021-05-07", "2021-05-08"]).tz_localize("Asia/Shanghai")
    assert [f[:2] for f in faults(table().assign(date=dates))] == [("row 1 (a)", "date"), ("row 2 (b)", "date")]


def test_a_lone_surrogate_is_refused_wherever_it_stands():
    assert faults(table(text=["一", "二\udc80"]))[0][2] == "a lone surrogate (U+DC80) at character 1"
    assert faults(table(title=["", "\ud800"]))[0][:3] == ("row 2 (b)", "title", "a lone surrogate")
    assert faults(table(office=["", "\ud800"]))[0][:3] == ("row 2 (b)", "office", "a lone surrogate")
    odd = table()
    odd[5] = "x"
    odd.columns = pd.Index([*odd.columns[:-1], "\ud800"], dtype=object)
    assert faults(odd)[0][1:3] == ("columns", "a lone surrogate in '\\ud800'")


def test_a_text_of_spaces_is_empty():
    assert faults(table(text=["一", "\u3000 \n"]))[0][:3] == ("row 2 (b)", "text", "an empty text")


# ------------------------------------------------------------------ what is kept


def test_text_and_metadata_are_composed():
    documents = Corpus(table(text=["cafe\u0301", "二"], title=["e\u0301", ""], id=["e\u0301", "b"])).documents
    assert documents.loc[0, ["text", "title", "id"]].tolist() == ["café", "é", "é"]


def test_text_keeps_its_white_space():
    assert Corpus(table(text=["\n 一 \r\n", "二"])).documents["text"][0] == "\n 一 \r\n"


def test_characters_are_letters_marks_and_numbers():
    assert Corpus(table(text=["净化，2021。", "二"])).documents["characters"].tolist() == [6, 1]


def test_optional_columns_are_there_and_empty():
    documents = Corpus(table()).documents
    assert (documents[list(OPTIONAL)] == "").all(axis=None)


def test_further_columns_are_kept_as_they_are_whatever_they_are_called():
    documents = Corpus(table(size=[1, 2]).rename(columns={"size": 0}))
    assert documents.documents["0"].tolist() == [1, 2]


def test_gaps_do_not_change_large_numbers():
    big = 2**60 + 1
    documents = Corpus(table(number=[big, None])).documents
    assert canonical_value(documents["number"][0]) == str(big)


def test_whole_numbers_beside_gaps_are_dates_and_ids_again():
    frame = pd.DataFrame({"id": [1.0, 2.0], "date": [2021.0, 2022.0], "language": "zh", "text": ["一", "二"]})
    documents = Corpus(frame).documents
    assert documents["id"].tolist() == ["1", "2"]
    assert documents["date_precision"].tolist() == ["year", "year"]


def test_the_input_stays_as_it_was():
    frame = table(date_precision=["about", ""])
    before = frame.copy(deep=True)
    with pytest.warns(TifaWarning, match="about"):
        Corpus(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_documents_is_a_copy(corpus):
    hers = corpus.documents
    hers.loc[0, "text"] = "changed"
    hers["id"] = "x"
    assert corpus.documents[["id", "text"]].to_dict("list") == {c: ROWS[c] for c in ("id", "text")}


def test_a_corpus_is_frozen(corpus):
    with pytest.raises(AttributeError):
        corpus.name = "other"
    with pytest.raises(TypeError):
        corpus.about["title"] = "other"


def test_a_corpus_pickles(corpus):
    again = pickle.loads(pickle.dumps(corpus))
    assert (again.name, again.digest, dict(again.about)) == (corpus.name, corpus.digest, dict(corpus.about))
    pd.testing.assert_frame_equal(again.documents, corpus.documents)


# ------------------------------------------------------------------ precision


def test_precision_is_read_from_what_was_written(corpus):
    assert corpus.documents["date_precision"].tolist() == ["day", "month", "year", "day"]


@pytest.mark.parametrize(
    ("date", "stated", "kept"),
    [
        ("2021-05-07", "year", "year"),
        ("2021-05-07", "month", "month"),
        ("2021", "day", "year"),
        ("2021-05", "day", "month"),
        ("2021-05", "", "month"),
        ("2021-05-07", None, "day"),
        (pd.Timestamp("2021-05-07"), "year", "year"),
    ],
)
def test_the_coarser_of_stated_and_written_precision_holds(date, stated, kept):
    documents = Corpus(table(date=[date, "2021"], date_precision=[stated, "year"])).documents
    assert documents["date_precision"][0] == kept
    first = {"day": "2021-05-07", "month": "2021-05-01", "year": "2021-01-01"}[kept]
    assert documents["date"][0] == pd.Timestamp(first)


def test_a_precision_of_another_kind_is_kept_as_a_note():
    with pytest.warns(TifaWarning, match="about"):
        documents = Corpus(table(date_precision=["about", "year"], date=["2021-05", "2021"])).documents
    assert documents["date_precision"].tolist() == ["month", "year"]
    assert documents["date_note"].tolist() == ["about", ""]


# ------------------------------------------------------------------ digest


def test_the_digest_is_of_content_not_of_form(corpus):
    shuffled = pd.DataFrame(ROWS).iloc[[2, 0, 3, 1], ::-1]
    assert Corpus(shuffled, "another name", {"title": "x"}).digest == corpus.digest
    assert Corpus(pd.DataFrame(ROWS).assign(title=None, mood="")).digest == corpus.digest


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "z"),
        ("date", "2018-06-29"),
        ("date", "2018-06"),
        ("language", "en"),
        ("text", "净化网络"),
        ("office", "x"),
        ("title", "t"),
    ],
)
def test_any_other_content_is_another_digest(corpus, column, value):
    rows = pd.DataFrame(ROWS).assign(title="")
    rows.loc[0, column] = value
    assert Corpus(rows).digest != corpus.digest


def test_the_digest_tells_where_one_value_ends():
    assert Corpus(table(title=["ab", "c"])).digest != Corpus(table(title=["a", "bc"])).digest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (np.bool_(False), "false"),
        (1.0, "1"),
        (np.float64(2.0), "2"),
        (1.5, "1.5"),
        (2**60 + 1, str(2**60 + 1)),
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (float("inf"), "inf"),
        (" e\u0301 ", "é"),
        ([1, None], "[1, None]"),
    ],
)
def test_a_value_has_one_text(value, text):
    assert canonical_value(value) == text


# ------------------------------------------------------------------ select


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [
        ({"since": "2018"}, "abcd"),
        ({"since": "2018-06-30"}, "abd"),
        ({"since": "2018-07"}, "bd"),
        ({"since": "2018-07-01"}, "bd"),
        ({"since": "2018-07-02"}, "d"),
        ({"since": "2019"}, "d"),
        ({"until": "2018"}, "abc"),
        ({"until": "2018-06"}, "a"),
        ({"until": "2018-07"}, "ab"),
        ({"until": "2018-07-31"}, "ab"),
        ({"until": "2018-07-30"}, "a"),
        ({"until": "2018-12-31"}, "abc"),
        ({"until": "2018-12-30"}, "ab"),
        ({"until": "2019-01-01"}, "abcd"),
        ({"until": "9999"}, "abcd"),
        ({"since": "2018-07", "until": "2018"}, "b"),
        ({"since": dt.date(2018, 7, 1), "until": pd.Timestamp("2018-12-31")}, "b"),
    ],
)
def test_a_rough_date_is_kept_only_if_all_of_it_lies_within(corpus, bounds, kept):
    assert corpus.select(**bounds).documents["id"].tolist() == list(kept)


def test_precision_stated_as_coarser_counts_in_select():
    rough = Corpus(table(date=["2021-05-07", "2021-06"], date_precision=["year", "month"]))
    assert rough.select(since="2021-02").documents["id"].tolist() == ["b"]


def test_columns_select_by_one_value_or_several(corpus):
    assert corpus.select(language="en").documents["id"].tolist() == ["c", "d"]
    assert corpus.select(office=["safety", "culture"], language="zh").documents["id"].tolist() == ["a", "b"]
    assert corpus.select(office={"culture"}).documents["id"].tolist() == ["b"]


@pytest.mark.parametrize("asked", [2021, "2021", 2021.0, [2021]])
@pytest.mark.parametrize("stored", [[2021, 2022], ["2021", "2022"], [2021.0, 2022.0]])
def test_a_number_is_found_however_its_file_kept_it(stored, asked):
    assert Corpus(table(wave=stored)).select(wave=asked).documents["id"].tolist() == ["a"]


def test_a_selection_is_a_corpus_of_its_own(corpus):
    part = corpus.select(language="zh")
    assert part.name == "four"
    assert part.digest == Corpus(pd.DataFrame(ROWS).head(2)).digest
    assert part.documents.index.tolist() == [0, 1]
    assert len(corpus) == 4


def test_all_that_is_wrong_with_a_selection_is_said_at_once(corpus):
    with pytest.raises(InputError) as caught:
        corpus.select(since="soon", until="2021-05-07Z", office=["safty", "culture"], place="x")
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("office", "'safty'"),
        ("column", "'place'"),
        ("since", "'soon'"),
        ("until", "'2021-05-07Z'"),
    ]
    assert caught.value.faults[0].accepted == ", culture, safety"


@pytest.mark.parametrize("asked", [{"since": "2030"}, {"language": []}, {"language": "zh", "until": "2017"}])
def test_nothing_left_is_said(corpus, asked):
    with pytest.raises(InputError, match="leaves nothing"):
        corpus.select(**asked)


# ------------------------------------------------------------------ display


def test_repr_says_what_is_there(corpus):
    assert repr(corpus) == "<Corpus four: 4 documents, 29 characters (en 2, zh 2), 2018 to 2019-01-01, 0 issuers>"
    assert ", 1 issuers>" in repr(Corpus(table(issuer=["x", ""])))


@pytest.mark.parametrize(
    ("dates", "span"),
    [
        (["2021", "2021"], "2021"),
        (["2021-05", "2021-05"], "2021-05"),
        (["2021-05-07", "2021-05-07"], "2021-05-07"),
        (["2015", "2021-05-07"], "2015 to 2021-05-07"),
        (["2015-05-07", "2021-05"], "2015-05-07 to 2021-05"),
    ],
)
def test_no_display_makes_a_date_finer(dates, span):
    corpus = Corpus(table(date=dates))
    assert f", {span}, " in repr(corpus)
    html = corpus._repr_html_()
    assert f", {span}, " in html
    assert all(f"<td>{d}</td>" in html for d in dates)


def test_constructed_texts_are_marked_everywhere():
    made_up = Corpus(table(), about={"constructed": True})
    assert made_up.constructed
    assert repr(made_up).endswith("constructed texts>")
    assert "Constructed texts: they say nothing about any real body" in made_up._repr_html_()
    assert made_up.select(id="a").constructed
    assert "onstructed" not in repr(Corpus(table())) + Corpus(table())._repr_html_()


def test_hostile_titles_are_escaped():
    hostile = "<script>alert(1)</script>"
    html = Corpus(table(title=[hostile, ""], issuer=[hostile, ""]), hostile, {"title": hostile})._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3
    assert "<script" not in Corpus(table(), hostile)._repr_html_()


# ------------------------------------------------------------------ any input


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(st.characters(), max_size=6),
    st.sampled_from(["2021", "zh", "en", "a", "2021-05-07Z", pd.NaT, [1], {}, dt.date(2021, 5, 7)]),
)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.fixed_dictionaries(
            dict.fromkeys(("id", "date", "language", "text", "title", "translation_of", "x"), VALUES)
        ),
        max_size=3,
    )
)
def test_whatever_is_given_is_taken_or_refused_with_reasons(rows):
    frame = pd.DataFrame(rows, columns=["id", "date", "language", "text", "title", "translation_of", "x"], dtype=object)
    try:
        corpus = Corpus(frame)
    except InputError as error:
        assert error.faults
        assert all(f.received and f.accepted for f in error.faults)
    else:
        assert len(corpus) == len(rows)


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(str.strip), min_size=1, max_size=3)
)
def test_good_texts_pickle_to_an_equal_corpus(texts):
    corpus = Corpus(
        pd.DataFrame(
            {"id": [f"d{i}" for i in range(len(texts))], "date": "2021", "language": "zh", "text": texts, "x": texts}
        )
    )
    assert corpus.documents["text"].tolist() == [unicodedata.normalize("NFC", t) for t in texts]
    assert pickle.loads(pickle.dumps(corpus)).digest == corpus.digest
