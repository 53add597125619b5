"""The demo corpus against its design, its truth and the stories it is said to tell."""

import re
from itertools import combinations

import pandas as pd
import pytest

from analysis.boundaries import sentences
from analysis.change import rate_ratio
from analysis.coding import compare_hits, disagreements, read_truth
from analysis.corpus_files import read_corpus
from analysis.files import home
from analysis.lexicon import read_lexicon
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.trends import rates

TERM_FRAMES = ("purification", "minors", "anniversary")


@pytest.fixture(scope="module")
def corpus():
    return read_corpus("demo")


@pytest.fixture(scope="module")
def chinese(corpus):
    return corpus.select(language="zh")


@pytest.fixture(scope="module")
def truth(corpus):
    return read_truth(corpus)


@pytest.fixture(scope="module")
def lexicon():
    return read_lexicon("frames")


@pytest.fixture(scope="module")
def hits(corpus, lexicon):
    return find(corpus, lexicon)


@pytest.fixture(scope="module")
def tallies(chinese, lexicon):
    return tally(find(chinese, lexicon))


def of_language(table, corpus, language):
    ids = set(corpus.select(language=language).table["id"])
    return table[table["document"].isin(ids)]


def test_size_offices_years_and_translations(corpus, chinese):
    table = chinese.table
    assert len(table) >= 160
    lengths = table["text"].str.replace("\n", "").str.len()
    assert lengths.between(150, 500).all()
    assert f"of {lengths.min()} to {lengths.max()} characters" in (home() / "corpus" / "README.md").read_text("utf-8")
    assert (table["date"].dt.year.min(), table["date"].dt.year.max()) == (2014, 2023)
    assert table["issuer"].nunique() == table["office"].nunique() == 12
    assert table["issuer"].str.startswith("云泽省").all()
    english = corpus.select(language="en").table
    assert len(english) >= 80
    assert set(english["translation_of"]) <= set(table["id"])
    assert corpus.constructed
    assert "constructed" in repr(corpus)


def test_every_truth_offset_slices_to_its_words(corpus, truth):
    texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    assert all(
        texts[d][a:b] == t
        for d, a, b, t in zip(truth["document"], truth["start"], truth["end"], truth["text"], strict=True)
    )
    assert not truth.duplicated(["document", "kind", "label", "start", "end"]).any()
    assert set(truth["kind"]) == {
        "frame",
        "false_friend",
        "not_the_frame",
        "formula",
        "boilerplate",
        "reprint",
        "figure",
        "figure_differs",
        "theme",
        "swallowed",
    }


def test_statements_that_are_not_linked_share_no_sentence(corpus, truth):
    reprints = truth[truth["kind"] == "reprint"]
    linked = {frozenset(pair) for pair in zip(reprints["document"], reprints["label"], strict=True)}
    origin = dict(zip(reprints["document"], reprints["label"], strict=True))
    seen: dict[str, list[str]] = {}
    for identifier, text in zip(corpus.table["id"], corpus.table["text"], strict=True):
        for start, end in sentences(text):
            plain = re.sub(r"\W", "", text[start:end])
            if len(plain) > 3:
                seen.setdefault(plain, []).append(identifier)
    shared = {
        (a, b, sentence)
        for sentence, holders in seen.items()
        for a, b in combinations(sorted(set(holders)), 2)
        if frozenset((a, b)) not in linked and origin.get(a, a) != origin.get(b, b)
    }
    assert not shared


def test_every_hit_lies_on_something_marked(corpus, truth, lexicon, hits):
    claimed = find(corpus, lexicon, claimed=True)
    for found, kinds in ((hits, ("frame", "not_the_frame")), (claimed, ("false_friend",))):
        marked = truth[truth["kind"].isin(kinds)]
        marked = marked.assign(top=marked["label"].str.partition(".")[0])
        joined = found.assign(top=found["frame"].astype(str).str.partition(".")[0]).merge(
            marked, on=["document", "top"], suffixes=("", "_true")
        )
        joined = joined[(joined["start"] < joined["end_true"]) & (joined["start_true"] < joined["end"])]
        assert len(joined[["document", "frame", "start", "end"]].drop_duplicates()) == len(found)


def test_where_the_lexicon_is_right_counts_are_those_of_the_truth(corpus, truth, hits):
    """Sub-frame by sub-frame: hits are instances but for those that `disagreements` lists."""
    instances = truth[truth["kind"] == "frame"]
    parted = disagreements(hits, truth)
    for language in ("zh", "en"):
        mine, theirs, apart = (of_language(t, corpus, language) for t in (hits, instances, parted))
        found = mine["frame"].astype(str).value_counts()
        true = theirs["label"].value_counts()
        spurious = apart[apart["kind"] == "spurious"]["frame"].value_counts()
        missed = apart[apart["kind"] == "missed"]["frame"].value_counts()
        right = found.sub(spurious, fill_value=0)
        there = true.sub(missed, fill_value=0)
        pd.testing.assert_series_equal(
            right.sort_index(), there.reindex(right.index).sort_index().fillna(0), check_names=False
        )


def test_the_lexicon_is_not_perfect(corpus, truth, hits):
    for language in ("zh", "en"):
        table = compare_hits(of_language(hits, corpus, language), of_language(truth, corpus, language)).set_index(
            "frame"
        )
        assert 1 - table["matched"].sum() / table["true"].sum() >= 0.15
        assert 1 - table["matched"].sum() / table["found"].sum() >= 0.10


def test_design_is_what_was_planted(chinese, truth):
    design = pd.read_csv(home() / "corpus" / "demo" / "design.csv")
    reprints = set(truth.loc[truth["kind"] == "reprint", "document"])
    documents = chinese.table[~chinese.table["id"].isin(reprints)]
    planted = truth[truth["kind"].isin(["frame", "false_friend", "not_the_frame"])]
    rows = design[(design["label"] == "purification.network") | (design["office"] == "juvenile")]
    assert len(rows) >= 24
    for row in rows.itertuples():
        inside = documents[(documents["office"] == row.office) & documents["date"].between(row.start, row.end)]
        label = planted["label"] if "." in row.label else planted["label"].str.partition(".")[0]
        n = (planted["document"].isin(inside["id"]) & (label == row.label) & (planted["kind"] == row.kind)).sum()
        assert n == round(row.per_statement * len(inside)), row


def test_network_purification_rises_inside_every_office(chinese, tallies):
    table = rate_ratio(
        tallies,
        chinese.documents,
        before=("2014", "2018-06"),
        after=("2018-07", "2023"),
        frames=["purification.network"],
        groups=["office"],
    )
    assert len(table) == 12
    assert (table["after_per_million"] > table["before_per_million"]).all()


def test_minors_rise_by_composition_alone(chinese, tallies):
    spans = {"before": ("2014", "2020-09"), "after": ("2020-10", "2023"), "frames": ["minors"]}
    pooled = rate_ratio(tallies, chinese.documents, **spans).iloc[0]
    within = rate_ratio(tallies, chinese.documents, **spans, within="office").iloc[0]
    assert pooled["low"] > 1
    assert within["low"] < 1 < within["high"]
    counts = (
        chinese.table.assign(late=chinese.table["date"] >= "2020-10-01").groupby(["office", "late"]).size().unstack()
    )
    assert counts.loc["juvenile", True] > 4 * counts.loc["juvenile", False]
    assert (counts.drop("juvenile")[True] < counts.drop("juvenile")[False]).all()


def test_anniversaries_peak_twice(chinese, tallies):
    commemorations = tallies[tallies["frame"] != "anniversary.centenary_goal"]
    spans = {"late 2019": ("2019-07", "2019-12"), "mid 2021": ("2021-05", "2021-08")}
    for span in spans.values():
        ratio = rate_ratio(
            commemorations, chinese.documents, before=("2014", "2019-06"), after=span, frames=["anniversary"]
        ).iloc[0]
        assert ratio["low"] > 1


def test_youth_never_changes(chinese, tallies):
    yearly = rates(tallies, chinese.documents, frames=["youth"])
    level = 1e6 * yearly["hits"].sum() / yearly["size"].sum()
    assert ((yearly["low"] < level) & (level < yearly["high"])).sum() >= 9
    ratio = rate_ratio(
        tallies, chinese.documents, before=("2014", "2018"), after=("2019", "2023"), frames=["youth"]
    ).iloc[0]
    assert ratio["low"] < 1 < ratio["high"]


def test_false_friends_stand_where_the_story_puts_them(chinese, truth):
    friends = of_language(truth[truth["kind"] == "false_friend"], chinese, "zh").merge(
        chinese.table[["id", "date"]], left_on="document", right_on="id"
    )
    floods = friends[friends["label"] == "anniversary.flood"]
    assert set(floods["date"].dt.year) == {2016, 2020, 2021}
    assert len(floods) >= 20
    assert friends.loc[friends["label"] == "anniversary.upheaval", "date"].min().year >= 2018
    physical = friends[friends["label"] == "purification.physical"].groupby(friends["date"].dt.year).size()
    assert (physical.reindex(range(2014, 2024), fill_value=0) > 0).sum() >= 9
    assert friends["text"].str.contains("打非治违").sum() >= 10
    english = truth[(truth["kind"] == "false_friend") & truth["document"].str.endswith("-en")]["text"].str.lower()
    for word in ("minorit", "once-in-a-century", "water purification|purified water"):
        assert english.str.contains(word).any(), word


def test_formulae_are_born_peak_and_die(chinese, truth):
    formulae = of_language(truth[truth["kind"] == "formula"], chinese, "zh").merge(
        chinese.table[["id", "date"]], left_on="document", right_on="id"
    )
    by_year = formulae.groupby(["label", formulae["date"].dt.year]).size().unstack(fill_value=0)
    assert set(by_year.index) == {"every_trade", "every_household", "one_more_mile"}
    assert by_year.loc["every_trade", [2016, 2017]].sum() > by_year.loc["every_trade"].sum() / 2
    assert by_year.loc["every_trade", 2020:].sum() == by_year.loc["every_household", :2017].sum() == 0
    assert by_year.loc["one_more_mile"].idxmax() == 2019
    assert by_year.loc["one_more_mile", 2022:].sum() == 0
    assert formulae.groupby("label")["text"].nunique().eq(1).all()


def test_reprints_and_look_alikes(chinese, truth):
    reprints, alike = truth[truth["kind"] == "reprint"], truth[truth["kind"] == "boilerplate"]
    assert 0.12 <= len(reprints) / len(chinese) <= 0.18
    assert 0.12 <= alike["document"].nunique() / len(chinese) <= 0.18
    table = chinese.table.set_index("id")
    for copy, source in zip(reprints["document"], reprints["label"], strict=True):
        assert table.loc[copy, "date"] > table.loc[source, "date"]
        assert table.loc[copy, "office"] != table.loc[source, "office"]
        assert table.loc[copy, "text"] != table.loc[source, "text"]
        shared = set(shingles(table.loc[copy, "text"])) & set(shingles(table.loc[source, "text"]))
        assert len(shared) > 0.5 * len(set(shingles(table.loc[source, "text"])))
    assert alike.groupby("label")["text"].nunique().eq(1).all()


def shingles(text, n=8):
    return [text[i : i + n] for i in range(len(text) - n + 1)]


def test_claimed_figures(chinese, truth):
    figures = truth[truth["kind"] == "figure"]
    assert of_language(figures, chinese, "zh")["document"].nunique() >= 60
    assert figures["value"].str.fullmatch(r"-?\d+(\.\d+)?( (over|near|about|under))?").all()
    zh_words = "".join(of_language(figures, chinese, "zh")["text"])
    for word in "余近超万亿%":
        assert word in zh_words, word
    assert (figures["label"] == "percent_change").any()
    assert len(truth[truth["kind"] == "figure_differs"]) == 5


def test_themes_cross_offices_and_years(chinese, truth):
    themes = of_language(truth[truth["kind"] == "theme"], chinese, "zh").merge(
        chinese.table[["id", "date", "office"]], left_on="document", right_on="id"
    )
    assert themes["label"].nunique() == 5
    assert (themes.groupby("label")["office"].nunique() >= 8).all()
    assert (themes.groupby("label")["date"].agg(lambda d: d.dt.year.nunique()) >= 8).all()
    mixed = themes.groupby("document")["label"].nunique()
    assert 0.35 <= (mixed > 1).mean() <= 0.45
    assert set(mixed.index) == set(chinese.table["id"])


def test_segmentation_swallows_the_marked_terms(chinese, truth):
    swallowed = truth[truth["kind"] == "swallowed"]
    assert len(swallowed) >= 15
    tokens = segment(chinese)
    for i, document in enumerate(tokens.documents["id"]):
        first, last = tokens.document_offsets[i], tokens.document_offsets[i + 1]
        starts, ends = set(tokens.starts[first:last].tolist()), set(tokens.ends[first:last].tolist())
        for start, end in swallowed.loc[swallowed["document"] == document, ["start", "end"]].itertuples(index=False):
            assert start not in starts or end not in ends


def test_no_real_office_or_leader_is_named(corpus):
    real = "公安部(?!门)|国务院|中央网信办|教育部(?!门)|文化和旅游部|北京|上海|广东|浙江|江苏|河南|习近平|Beijing|Shanghai|State Council|Xi Jinping"
    found = corpus.table[corpus.table["text"].str.contains(real) | corpus.table["title"].str.contains(real)]
    assert found["id"].tolist() == []


def test_the_datasheet_says_what_it_must():
    text = (home() / "corpus" / "README.md").read_text(encoding="utf-8")
    for words in ("machine", "no native reader", "must not be inferred", "14", "2026"):
        assert words in text


def test_english_marks_begin_and_end_with_words(corpus, truth):
    texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    english = truth[truth["document"].str.endswith("-en")]
    assert len(english) > 500
    for row in english.itertuples():
        text = f" {texts[row.document]} "
        for before, after in ((row.start, row.start + 1), (row.end, row.end + 1)):
            assert not (text[before].isalnum() and text[after].isalnum()), (row.document, row.text)
