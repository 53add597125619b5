import hashlib
import re
import unicodedata

import pandas as pd
import pytest

from analysis.corpus import Corpus
from analysis.errors import InputError
from analysis.sources import read_sources
from analysis.work_reports import read_work_reports, similarity

YUNZE, STATE = "报告/云泽省", "报告/国"
PLACES = (
    "folder,place,place_en,slug,issuer,level,type\n"
    f"{STATE},全国,Country,central,国务院,central,state\n"
    f"{YUNZE},云泽,Yunze,yunze,云泽省人民政府,province,province\n"
)
WORK = "净化网络环境，保护未成年人，办好周年庆典。" * 20


def report(year, words=WORK):
    return f"——{year}年1月8日在云泽省会议上\n\n省长 云某\n\n各位代表：\n\n一、{year - 1}年工作回顾\n\n{year}{words}\n\n二、{year}年主要任务\n"


@pytest.fixture
def adapt(tmp_path):
    """Write ``files`` (path → content) and ``corrections``, and adapt them."""

    def run(files, corrections="", places=PLACES):
        (tmp_path / "places.csv").write_text(places, encoding="utf-8")
        (tmp_path / "corrections.toml").write_text(corrections, encoding="utf-8")
        for path, content in files.items():
            target = tmp_path / "files" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_work_reports(tmp_path / "files", list(files), data=tmp_path)

    return run


def correction(year, field, was, now):
    quoted = [str(v) if isinstance(v, int) else f'"{v}"' for v in (was, now)]
    return f'[[correction]]\npath = "{YUNZE}/{year}.md"\nfield = "{field}"\nwas = {quoted[0]}\nnow = {quoted[1]}\nreason = "Why."\n'


def test_one_row_a_report_in_the_order_of_places_and_years(adapt):
    made = adapt(
        {f"{YUNZE}/2024.md": report(2024), f"{YUNZE}/2023.md": report(2023), f"{STATE}/1964-part.md": report(1964)}
    )
    assert made.statements["id"].tolist() == ["central-1964-part", "yunze-2023", "yunze-2024"]
    row = made.statements.iloc[1].to_dict()
    assert row.pop("text").startswith("各位代表：\n一、2022年工作回顾")
    assert row == {
        "id": "yunze-2023",
        "date": "2023-01-08",
        "language": "zh",
        "title": "政府工作报告",
        "issuer": "云泽省人民政府",
        "speaker": "云某",
        "source": f"{YUNZE}/2023.md",
        "url": "",
        "level": "province",
        "place": "云泽",
        "place_en": "Yunze",
        "type": "province",
        "year": 2023,
        "genre": "report",
        "variant": "",
        "abridged": False,
        "date_from": "text",
    }
    assert len(Corpus(made.statements)) == 3


def test_parts_are_offsets_into_the_text(adapt):
    made = adapt({f"{YUNZE}/2024.md": report(2024)})
    text = made.statements["text"][0]
    parts = made.tables["parts"]
    assert list(parts.columns) == ["document", "part", "start", "end"]
    assert [(p.part, text[p.start : p.end].split("\n")[0]) for p in parts.itertuples()] == [
        ("opening", "各位代表："),
        ("review", "一、2023年工作回顾"),
        ("plan", "二、2024年主要任务"),
    ]


def test_a_date_that_is_not_known_is_the_year(adapt):
    made = adapt({f"{YUNZE}/2024.md": "---\nsource: https://example.org/202402/t20240213_1.html\n---\n各位代表：\n"})
    assert made.statements[["date", "date_from"]].to_numpy().tolist() == [["2024", "year"]]


def test_corrections_are_made_and_marked(adapt):
    made = adapt(
        {f"{YUNZE}/2022.md": report(2023), f"{YUNZE}/2024.md": report(2025)},
        correction(2022, "year", 2022, 2023)
        + correction(2024, "date", "2025-01-08", "2024-01")
        + correction(2024, "speaker", "云某", "泽某")
        + correction(2024, "genre", "report", "plan"),
    )
    columns = ["id", "year", "date", "date_from", "speaker", "genre"]
    assert made.statements[columns].to_numpy().tolist() == [
        ["yunze-2023", 2023, "2023-01-08", "text", "云某", "report"],
        ["yunze-2024", 2024, "2024-01", "correction", "泽某", "plan"],
    ]


def test_a_correction_that_applies_no_more_is_refused(adapt):
    with pytest.raises(InputError) as caught:
        adapt(
            {f"{YUNZE}/2024.md": report(2024)},
            correction(2024, "speaker", "泽某", "云某某") + correction(2023, "speaker", "泽某", "云某某"),
        )
    message = str(caught.value)
    assert f"{YUNZE}/2024.md, correction of speaker: received '云某' in the file; accepted: '泽某'" in message
    assert "no longer applies" in message
    assert f"{YUNZE}/2023.md, correction: received no such file" in message


def test_lines_are_cut_only_where_they_are_the_ones_meant(adapt):
    files = {f"{YUNZE}/2024.md": report(2024) + "\n重复一遍。\n\n重复一遍。"}
    cut = '[[cut]]\npath = "{}/2024.md"\nfirst = 6\nlast = 6\nsha256 = "{}"\nreason = "Twice."\n'
    digest = hashlib.sha256("重复一遍。".encode()).hexdigest()
    text = adapt(files, cut.format(YUNZE, digest)).statements["text"][0]
    assert text.count("重复一遍。") == 1
    assert text.endswith("二、2024年主要任务\n重复一遍。")
    with pytest.raises(InputError, match=f"cut of lines 6 to 6: received lines with SHA-256 {digest}"):
        adapt(files, cut.format(YUNZE, "0" * 64))


def test_a_repeated_file_is_set_aside_and_listed(adapt):
    files = {f"{YUNZE}/2024.md": report(2024), f"{YUNZE}/2023.md": report(2024)}
    repeat = f'[[repeat]]\npath = "{YUNZE}/2023.md"\nsame_as = "{YUNZE}/2024.md"\nreason = "Filed twice."\n'
    made = adapt(files, correction(2023, "year", 2023, 2024) + repeat)
    assert made.statements["id"].tolist() == ["yunze-2024"]
    assert made.tables["set_aside"].to_numpy().tolist() == [
        [f"{YUNZE}/2023.md", "yunze-2024", "yunze-2024", 1.0, "Filed twice."]
    ]
    with pytest.raises(InputError, match=r"repeat: received similarity 0\.\d\d to .*2024.md; accepted: at least 0\.9"):
        adapt(files | {f"{YUNZE}/2023.md": report(2023, "另有新篇，" * 40)}, repeat)


def test_two_reports_of_a_place_and_year_are_refused(adapt):
    with pytest.raises(InputError, match=r"2024.md, year: received 2024, as in .*2023.md; accepted: one report"):
        adapt(
            {f"{YUNZE}/2023.md": report(2024), f"{YUNZE}/2024.md": report(2024)}, correction(2023, "year", 2023, 2024)
        )


def test_every_file_that_is_not_understood_is_named(adapt):
    with pytest.raises(InputError) as caught:
        adapt(
            {
                "报告/别处/2024.md": report(2024),
                f"{YUNZE}/README.md": report(2024),
                f"{YUNZE}/2019.md": b"\xb9\xab\xb8\xe6",
                f"{YUNZE}/2020.md": "",
                f"{YUNZE}/2021.md": "各位代表：\n\n| 表 |",
                f"{YUNZE}/2022.md": report(2031),
            }
        )
    named = [(f.where.rpartition("/")[2], f.field) for f in caught.value.faults]
    assert named == [
        ("2024.md", "path"),
        ("README.md", "path"),
        ("2019.md", "file"),
        ("2020.md", "file"),
        ("2021.md", "file"),
        ("2022.md", "date"),
    ]
    assert "accepted: a date from 2021-10 to the end of 2022, or a correction" in str(caught.value)


@pytest.mark.parametrize(
    ("corrections", "message"),
    [
        ("[[correction", "TOML in UTF-8"),
        ("[[mistake]]\na = 1", r"received 'mistake'; accepted: \[\[correction\]\]"),
        ('[[repeat]]\npath = "a"\nsame_as = "b"', r"\[\[repeat\]\] 1: received path, same_as; accepted: path, reason"),
        (correction(2024, "text", "a", "b"), "field: received 'text'; accepted: year, date, speaker"),
        (correction(2024, "year", 2024, 2025).replace("Why.", " "), "each filled"),
    ],
)
def test_corrections_that_are_none_are_refused(adapt, corrections, message):
    with pytest.raises(InputError, match=message):
        adapt({f"{YUNZE}/2024.md": report(2024)}, corrections)


def test_places_that_are_none_are_refused(adapt):
    with pytest.raises(InputError, match=r"columns: received folder, where; accepted: folder, place"):
        adapt({f"{YUNZE}/2024.md": report(2024)}, places="folder,where\n")


def test_selections_name_what_is_there(adapt):
    places = PLACES + "报告/东,东,East,east,东省人民政府,province,province\n"
    files = {f"{YUNZE}/{y}.md": report(y) for y in (2002, 2003, 2004)} | {"报告/东/2004.md": report(2004)}
    files |= {f"{STATE}/{n}.md": report(1964) for n in ("1964-part", "1964-summary")} | {
        f"{STATE}/1965.md": report(1965)
    }
    plan = correction(1965, "genre", "report", "plan").replace(YUNZE, STATE)
    made = adapt(files, plan, places=places)
    assert made.selections == {
        "central": {"level": "central", "genre": "report", "variant": ["part"]},
        "panel": {"level": "province", "year": [2003, 2004]},
        "complete": {"level": "province", "year": [2003, 2004], "place": ["云泽"]},
    }
    corpus = Corpus(made.statements)
    chosen = {name: corpus.select(**keywords).documents["id"].tolist() for name, keywords in made.selections.items()}
    assert chosen == {
        "central": ["central-1964-part"],
        "panel": ["yunze-2003", "yunze-2004", "east-2004"],
        "complete": ["yunze-2003", "yunze-2004"],
    }


def test_similarity_by_hand():
    assert similarity("净化网络环境", "净化网络环境。") == 2 / 3
    assert similarity("净化 网络\n环境", "净化网络环境") == 1.0
    assert similarity("净化", "净化") == 1.0
    assert similarity("净化", "优化") == similarity("净化网络环境", "保护未成年人") == 0.0


# ----------------------------------------------------------------- the real reports


@pytest.fixture(scope="module")
def real(shared):
    source = read_sources()["work-reports"]
    folder = shared / "mirror" / source.layout
    if not folder.is_dir():
        pytest.skip("no mirror of the work reports in ../shared")
    return read_work_reports(folder, list(source.checksums))


def test_the_reports_and_the_panel_are_as_many_as_are_known(real):
    table = real.statements
    assert table["level"].value_counts().to_dict() == {"province": 814, "central": 59}
    assert table["place"].nunique() == 32
    corpus = Corpus(table)
    panel = corpus.select(**real.selections["panel"]).documents
    assert len(panel) == 732
    assert panel["place"].nunique() == 31
    assert sorted(panel["year"].unique()) == list(range(2003, 2027))
    assert not panel.duplicated(["place", "year"]).any()
    complete = corpus.select(**real.selections["complete"]).documents
    assert len(complete) == 22 * 24
    central = corpus.select(**real.selections["central"]).documents
    assert len(central) == 52
    assert not central["year"].duplicated().any()


def test_nothing_of_the_mark_up_is_left(real):
    for row in real.statements.itertuples():
        assert not re.search(r"[*<|\u3000\u200b\ufeff]|\]\(|^[>#-]|  |&\w+;", row.text, re.M), row.id
        assert not re.search(r"[㐀-鿿，。] [㐀-鿿，。]", row.text), row.id
        assert unicodedata.is_normalized("NFC", row.text)
        assert row.text.count("\n") >= 20
        assert 5_000 < len(row.text) < 60_000


def test_dates_are_plausible_and_no_more_exact_than_known(real):
    table = real.statements
    by_source = table["date_from"].value_counts().to_dict()
    assert by_source == {"text": 722, "year": 138, "title": 6, "caption": 5, "correction": 2}
    days = table[table["date"].str.len() == 10]
    assert len(days) == 732
    dates = pd.to_datetime(days["date"])
    assert ((dates.dt.year == days["year"]) | ((dates.dt.year == days["year"] - 1) & (dates.dt.month >= 10))).all()
    local = days[days["level"] == "province"]
    assert pd.to_datetime(local["date"]).dt.month.isin([1, 2, 3]).mean() > 0.98
    assert (table["speaker"] != "").sum() == 736
    assert table.set_index("id").loc["central-1954", "date"] == "1954-09-23"


def test_what_is_wrong_in_the_source_is_put_right(real):
    table = real.statements.set_index("id")
    assert table["genre"].value_counts().to_dict() == {"report": 867, "plan": 4, "budget": 1, "agriculture": 1}
    assert real.tables["set_aside"]["source"].tolist() == ["政府工作报告-省自治区/四川省/2019.md"]
    sichuan = table[table["place_en"] == "Sichuan"]
    assert sichuan["year"].tolist() == list(range(2004, 2027))
    assert table.loc["yunnan-2007", "text"].count("2007年省政府十件实事") == 1
    assert table[table["abridged"]].index.tolist() == [
        "central-1964-part",
        "central-1964-summary",
        "zhejiang-2013",
        "zhejiang-2020",
        "zhejiang-2021",
        "zhejiang-2022",
        "zhejiang-2023",
        "gansu-2018",
        "gansu-2019",
    ]


def test_no_other_two_reports_are_near_duplicates(real):
    sets = {}
    for row in real.statements.itertuples():  # a sample of one sequence in about fifty
        text = "".join(row.text.split())
        sets[row.id] = {text[i : i + 8] for i, c in enumerate(text) if ord(c) % 64 == 0}
    holders = {}
    for name, grams in sets.items():
        for gram in grams:
            holders.setdefault(gram, []).append(name)
    shared = pd.Series(
        [(a, b) for names in holders.values() if len(names) <= 4 for i, a in enumerate(names) for b in names[i + 1 :]]
    ).value_counts()
    alike = {pair: n / len(sets[pair[0]] | sets[pair[1]]) for pair, n in shared.items()}
    assert [pair for pair, share in alike.items() if share > 0.08] == [("central-1964-part", "central-1964-summary")]


def test_most_reports_of_the_panel_have_known_parts(real):
    parts = real.tables["parts"]
    found = parts.groupby("document")["part"].agg(set)
    panel = real.statements[(real.statements["level"] == "province") & (real.statements["year"] >= 2003)]
    ahead = panel["id"].map(found).map(lambda p: "review" in p and bool(p & {"plan", "outlook"}))
    assert ahead.sum() == 718
    assert (
        parts.groupby("document")["end"]
        .max()
        .equals(real.statements.set_index("id")["text"].str.len().sort_index().rename_axis("document").rename("end"))
    )


def test_the_digest_is_the_one_that_counts_were_made_of(real):
    assert Corpus(real.statements).digest == "sha256:fdd90f03eb812a1f9bf6d6b264fbf009010b8bc9e90ed943cac7e6e7cac9dbbb"
