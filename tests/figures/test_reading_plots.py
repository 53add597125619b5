"""What is drawn of places, keywords, shifts and dispersion: by labels, limits and counts."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.text import Text
from topic_tables import draw, foot, names_of_rows, points, said

from analysis.errors import InputError, MissingStep
from analysis.figures.reading_marks import spread
from analysis.figures.reading_plots import (
    plot_collocate_shifts,
    plot_dispersion,
    plot_dispersion_frequency,
    plot_keywords,
)


def places_table(**columns):
    """Two words in two statements of ten words, the later one first."""
    rows = [("净化", "b", "2021-03", 4, 10), ("净化", "a", "2019-01-02", 0, 10), ("minors", "b", "2021-03", 9, 10)]
    return pd.DataFrame(rows, columns=["term", "document", "date", "position", "size"]).assign(**columns)


def documents_table():
    dates = pd.to_datetime(["2019-01-02", "2020-01-01", "2021-03-01"])
    return pd.DataFrame({"id": ["a", "empty", "b"], "date": dates, "tokens": [10, 20, 10], "office": ["x", "y", "x"]})


def ticks(ax):
    """x of each hit and the top of its track, in the order of drawing; the white gaps are none."""
    lines = [c for c in ax.collections if isinstance(c, LineCollection) and c.get_zorder() >= 2]
    return [(float(x), float(np.floor(y))) for c in lines for (x, y), _ in c.get_segments()]


def gaps(ax):
    lines = [c for c in ax.collections if isinstance(c, LineCollection) and c.get_zorder() < 2]
    return [float(segment[0][0]) for c in lines for segment in c.get_segments()]


def overlaps(ax):
    """Pairs of labels of which one covers the other, and labels that are cut by the edge of the figure."""
    draw(ax)
    labels = list(ax.texts)
    for axis, (low, high) in ((ax.xaxis, sorted(ax.get_xlim())), (ax.yaxis, sorted(ax.get_ylim()))):
        labels += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    # As Text, without the line that leads from an annotation to its point.
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in labels if text.get_text()]
    paper = ax.figure.bbox
    pairs = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
    cut = [n for n, b in boxes if b.x0 < paper.x0 - 1 or b.x1 > paper.x1 + 1 or b.y0 < -1 or b.y1 > paper.y1 + 1]
    return pairs, cut


# Dispersion: the barcode


def test_each_statement_has_a_strip_by_date_and_each_word_a_track_with_its_hits():
    ax = draw(plot_dispersion(places_table()))[0]
    assert names_of_rows(ax) == ["a", "b"]
    assert said(ax)[:5] == ["1", "1", "0", "1", "hits"]  # 净化 in a and b, minors in a and b
    assert ticks(ax) == [(45.0, 2.0), (5.0, 0.0), (95.0, 3.0)]  # a half word on, in a hundred parts of ten words
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["净化", "minors"]
    assert ax.get_xlim() == (0, 100)
    assert "only documents that have hits" in foot([ax])
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_documents_without_hits_keep_their_strip():
    ax = draw(plot_dispersion(places_table(), documents=documents_table(), labels={"empty": "空"}))[0]
    assert names_of_rows(ax) == ["a", "空", "b"]
    assert said(ax)[:3] == ["1", "0", "1"]
    assert len(ax.patches) == 3
    assert "only documents" not in foot([ax])


def test_words_are_a_scale_on_which_strips_differ():
    ax = draw(plot_dispersion(places_table(), documents=documents_table(), scale="words"))[0]
    assert [bar.get_width() for bar in ax.patches] == [10, 20, 10]
    assert ax.get_xlim() == (0, 20)
    assert sorted(x for x, _ in ticks(ax)) == [0.5, 4.5, 9.5]


def test_terms_run_over_all_statements_and_years_are_named_where_they_begin():
    ax = draw(plot_dispersion(places_table(), documents=documents_table(), rows="term"))[0]
    assert names_of_rows(ax) == ["净化", "minors"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["2019", "2020", "2021"]
    assert ax.get_xticks().tolist() == [0, 25, 75]
    assert sorted(x for x, _ in ticks(ax)) == [0.5 / 0.4, 34.5 / 0.4, 39.5 / 0.4]
    assert sorted(gaps(ax)) == [25, 25, 75, 75]
    assert ax.get_legend() is None


def test_periods_and_columns_put_statements_one_after_the_other():
    by_office = draw(plot_dispersion(places_table(), documents=documents_table(), rows="office"))[0]
    assert names_of_rows(by_office) == ["x", "y"]
    assert gaps(by_office) == [50]  # b begins after a
    assert sorted(x for x, _ in ticks(by_office)) == [2.5, 72.5, 97.5]
    years = draw(plot_dispersion(places_table(), documents=documents_table(), rows="year"))[0]
    assert names_of_rows(years) == ["2019", "2020", "2021"]


def test_a_date_less_exact_than_the_period_is_unplaced():
    ax = plot_dispersion(places_table(date=["2021", "2019-01-02", "2021"]), rows="month")
    assert names_of_rows(ax) == ["2019-01", "unplaced"]


def test_in_one_statement_terms_are_the_rows():
    ax = draw(plot_dispersion(places_table().query("document == 'b'")))[0]
    assert names_of_rows(ax) == ["净化", "minors"]
    assert "words of the document" in ax.get_xlabel()


def many_places(documents=500, hits=1, size=1000):
    rows = [
        ("净化", f"d{i:03}", "2021", p % size, size)
        for i in range(documents)
        for p in range(0, 7 * hits * (1 + i % 2), 7)
    ]
    return pd.DataFrame(rows, columns=["term", "document", "date", "position", "size"])


def test_what_is_not_drawn_is_said():
    ax = draw(plot_dispersion(many_places(), most=30))[0]
    assert len(names_of_rows(ax)) == 30
    assert set(said(ax)[:30]) == {"2"}, "those with the most hits"
    assert "30 of 500 documents, those with the most hits; 690 hits in the others" in foot([ax])
    assert names_of_rows(ax)[:2] == ["d001", "d003"]


def test_hits_that_would_merge_are_shaded_and_that_is_said():
    dense = places_table().iloc[[0] * 30].assign(position=[*range(20), *range(500, 600, 10)], size=1000)
    ax = draw(plot_dispersion(dense))[0]
    shades = [c for c in ax.collections if isinstance(c, PolyCollection) and not isinstance(c, LineCollection)]
    tones = np.concatenate([c.get_facecolor()[:, 3] for c in shades])
    assert len(tones) == 12  # two hundredths with ten hits, ten with one
    assert (sorted(tones)[0], sorted(tones)[-1]) == pytest.approx((0.25, 1))
    assert not ticks(ax)
    assert "shading: hits in each hundredth of the strip, palest 1, darkest 10" in foot([ax])
    few = pd.concat([places_table().iloc[[0] * 6], many_places(100, 2, 10).assign(position=[0, 5, 0, 5, 0, 5] * 50)])
    assert "each tick is a hit (some merge: up to 6 in a hundredth of the strip)" in foot([plot_dispersion(few)])


def test_a_place_at_the_very_end_stays_in_its_strip():
    ax = plot_dispersion(places_table(position=10))
    assert {x for x, _ in ticks(ax)} == {100}


def test_places_that_cannot_be_are_refused_all_at_once():
    with pytest.raises(MissingStep, match=r"no column position: places\(tokens, …\)"):
        plot_dispersion(places_table().drop(columns="position"))
    with pytest.raises(InputError, match="at least one"):
        plot_dispersion(places_table().iloc[:0])
    with pytest.raises(MissingStep, match="no column tokens: segment"):
        plot_dispersion(places_table(), documents=documents_table().drop(columns="tokens"))
    with pytest.raises(InputError) as caught:
        plot_dispersion(places_table(position=11), rows="week", scale="lines", most=0, documents=documents_table())
    assert [f.field for f in caught.value.faults] == ["most", "rows", "scale", "position"]
    assert "year, quarter, month, office" in str(caught.value)
    with pytest.raises(InputError, match="none called b"):
        plot_dispersion(places_table(), documents=documents_table().iloc[:2])
    with pytest.raises(InputError, match="9 words of b, of which places says 10"):
        plot_dispersion(places_table(), documents=documents_table().assign(tokens=[10, 20, 9]))
    with pytest.raises(InputError, match="a twice"):
        plot_dispersion(places_table(), documents=documents_table().assign(id=["a", "a", "b"]))
    with pytest.raises(InputError, match="8 terms in a strip; accepted: at most 7"):
        plot_dispersion(pd.concat([places_table().assign(term=str(i)) for i in range(8)]))
    with pytest.raises(InputError, match="date"):
        plot_dispersion(places_table(date="spring"))


# Keywords


WORDS = ("净化", "social credit system", "未成年人", "百年", "小康", "countryside", "下岗", "三讲")


def keywords_table(**columns):
    effect = np.array([3.0, 2, 1, 0.5, -0.5, -1, -2, -3])
    table = {
        "feature": WORDS,
        "effect": effect,
        "low": effect - 0.75,
        "high": effect + 0.75,
        "documents": range(1000, 1008),
    }
    return pd.DataFrame({**table, "exclusive": ""}).assign(**columns)


def intervals(ax):
    return [c.get_segments()[0][:, 0].tolist() for c in ax.collections]


def test_keywords_stand_on_their_sides_with_their_intervals_and_documents():
    ax = draw(plot_keywords(keywords_table(), n=3, target="2013–2026", reference="1990–2012"))[0]
    assert names_of_rows(ax) == ["净化", "social credit system", "未成年人", "小康", "countryside", "下岗"]
    assert said(ax) == [
        "1,000",
        "1,001",
        "1,002",
        "1,004",
        "1,005",
        "1,006",
        "documents",
        "more in 2013–2026 →",
        "← more in 1990–2012",
    ]
    assert intervals(ax)[0] == [2.25, 3.75]
    assert [p.get_xdata().tolist() for p in points(ax)] == [[3], [2], [1], [-0.5], [-1], [-2]]
    assert ax.get_xlabel().replace("\n", " ") == "times as frequent in 2013–2026 as in 1990–2012"
    assert "above 3 of 4 words; below 3 of 4 words" in foot([ax])
    assert "hollow" not in foot([ax])
    assert "arrow" not in foot([ax])


def test_the_axis_of_keywords_is_named_in_multiples():
    ax = draw(plot_keywords(keywords_table()))[0]
    named = dict(zip(ax.get_xticks().tolist(), [t.get_text() for t in ax.get_xticklabels()], strict=True))
    assert named[0] == "1"
    assert set(named.items()) <= {(-3, "⅛"), (-2, "¼"), (-1, "½"), (0, "1"), (1, "2"), (2, "4"), (3, "8"), (-4, "1/16")}
    assert len(named) >= 3


def test_intervals_that_hold_no_difference_are_dashed_and_grey():
    ax = plot_keywords(keywords_table())
    styles = {c.get_segments()[0][:, 0].mean(): c.get_linestyle()[0][1] for c in ax.collections}
    assert [styles[x] is not None for x in (3, 1, 0.5, -0.5, -1)] == [False, False, True, True, False]
    assert points(ax)[3].get_color() == "#808080"
    assert "dashed" in foot([ax])
    assert "dashed" not in foot([plot_keywords(keywords_table().query("abs(effect) >= 1"))])


def test_words_of_one_side_alone_are_hollow_and_have_an_arrow_where_there_is_no_bound():
    table = keywords_table(exclusive=["target", *[""] * 6, "reference"])
    table.loc[0, "high"], table.loc[7, "low"] = np.inf, -np.inf
    ax = draw(plot_keywords(table))[0]
    arrows = {line.get_marker(): line for line in points(ax) if line.get_marker() in "<>"}
    assert arrows[">"].get_xdata()[0] == ax.get_xlim()[1]
    assert arrows["<"].get_xdata()[0] == ax.get_xlim()[0]
    assert ax.get_xlim()[1] > 3.75
    assert [p.get_xdata().tolist() for p in points(ax, True)] == [[3], [-3]]
    assert "arrow: it goes on; hollow: words that the other side lacks" in foot([ax])
    draw(plot_keywords(table.assign(effect=np.sign(table["effect"]) * np.inf, low=-np.inf, high=np.inf)))


def test_one_wide_interval_does_not_flatten_the_others():
    table = keywords_table()
    table.loc[0, "high"] = 60
    ax = plot_keywords(table)
    assert ax.get_xlim()[1] < 10
    assert "arrow" in foot([ax])


def test_without_intervals_dots_alone_are_drawn():
    ax = draw(plot_keywords(keywords_table(low=np.nan, high=np.nan)))[0]
    assert "no intervals were made" in foot([ax])
    assert len(points(ax)) == 8


@pytest.mark.parametrize("rows", [1, 500])
def test_one_keyword_and_five_hundred(rows):
    effect = np.linspace(4, -3.9, rows)
    table = pd.DataFrame(
        {"feature": [f"净化{i}" for i in range(rows)], "effect": effect, "low": effect - 1, "high": effect + 1}
    )
    ax = draw(plot_keywords(table.assign(documents=3), n=15))[0]
    assert len(names_of_rows(ax)) == min(rows, 30)
    assert overlaps(ax) == ([], [])
    assert ("of 253 words" in foot([ax])) == (rows == 500)


def test_words_on_neither_side_are_counted():
    table = keywords_table(effect=[3.0, 2, 1, 0, np.nan, -1, -2, -3])
    assert "2 words on neither side" in foot([plot_keywords(table)])


def test_keywords_that_cannot_be_drawn():
    with pytest.raises(MissingStep, match=r"no column low: keywords\(target, reference\)"):
        plot_keywords(keywords_table().drop(columns="low"))
    with pytest.raises(InputError, match="at least one"):
        plot_keywords(keywords_table().iloc[:0])
    with pytest.raises(InputError) as caught:
        plot_keywords(keywords_table(feature="净化", effect=0.0, low=9.0), n=61)
    assert [f.field for f in caught.value.faults] == ["n", "table", "low, high", "effect"]


# Shifts of collocates


def shifts_table(**columns):
    """One gained, one lost, one steady, one that is new."""
    table = {
        "collocate": ["网络", "环境", "社会", "$new$"],
        "before_share": [8.0, 31.0, 14.0, 0.0],
        "after_share": [33.0, 12.0, 13.0, 0.25],
        "ratio": [4.1, 0.4, 0.93, np.inf],
        "low": [2.0, 0.2, 0.5, 0.9],
        "high": [8.0, 0.8, 1.6, np.inf],
    }
    return pd.DataFrame(table).assign(**columns)


def lines(ax):
    return [(line.get_ydata().tolist(), line.get_color()) for line in ax.lines]


def test_shifts_go_from_share_to_share_and_look_like_what_they_are():
    ax = draw(plot_collocate_shifts(shifts_table(), before="2003–2012", after="2013–2026"))[0]
    assert [pair for pair, _ in lines(ax)] == [[8, 33], [31, 12], [14, 13], [0, 0.25]]
    colours = [colour for _, colour in lines(ax)]
    assert len(set(colours)) == 3
    assert colours[2] == colours[3]
    styles = [line.get_linestyle() for line in ax.lines]
    assert styles == ["-", "--", ":", ":"]
    assert said(ax)[:2] == ["2003–2012", "2013–2026"]
    assert said(ax)[2:] == [
        "网络  8.0",
        "环境  31",
        "社会  14",
        r"\$new\$  0",
        "33  网络",
        "12  环境",
        "13  社会",
        r"0.25  \$new\$",
    ]
    assert [t.get_text() for t in ax.figure.legends[0].get_texts()] == ["more often", "less often", "no clear change"]


def test_a_corrected_change_goes_before_the_interval():
    ax = plot_collocate_shifts(shifts_table(change=["", "lost", "", "gained"]))
    assert {tuple(pair): line.get_linestyle() for (pair, _), line in zip(lines(ax), ax.lines, strict=True)} == {
        (0, 0.25): "-",
        (31, 12): "--",
        (8, 33): ":",
        (14, 13): ":",
    }
    assert "corrected" in foot([ax])
    assert "interval" in foot([plot_collocate_shifts(shifts_table())])


def test_on_a_logarithmic_scale_equal_ratios_are_equally_steep():
    table = shifts_table(before_share=[8.0, 4.0, 1.0, 0.0], after_share=[16.0, 8.0, 2.0, 4.0])
    ax = draw(plot_collocate_shifts(table, scale="log"))[0]
    assert sorted(b - a for (a, b), _ in lines(ax)) == pytest.approx([1, 1, 1, 3])
    assert "heights: logarithmic" in foot([ax])
    draw(plot_collocate_shifts(table.assign(before_share=0.0, after_share=0.0), scale="log"))


@pytest.mark.parametrize(("rows", "n", "scale"), [(1, 12, "log"), (12, 12, "log"), (500, 40, "linear")])
def test_labels_of_shifts_keep_clear_of_one_another(rows, n, scale):
    names = [f"净化网络环境与未成年人{i}" if i % 2 else f"the internet and its {i}" for i in range(rows)]
    shares = np.full(rows, 2.0), np.linspace(0, 3, rows)
    table = pd.DataFrame(
        {"collocate": names, "before_share": shares[0], "after_share": shares[1], "low": 0.5, "high": 2}
    )
    ax = plot_collocate_shifts(table, n=n, scale=scale)
    assert overlaps(ax) == ([], [])
    assert len(ax.lines) == min(rows, n)
    assert ("40 of 500 collocates" in foot([ax])) == (rows == 500)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=9))
def test_spread_places_keep_their_order_their_distance_and_the_edge(values):
    found = spread(np.array(values), 1.0, 0.0, 10.0)
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 1 - 1e-9).all()
    assert found.min() >= -1e-9
    assert found.max() <= 10 + 1e-9
    apart = np.sort(values)
    if (np.diff(apart) >= 1).all():
        assert found == pytest.approx(values)


def test_shifts_that_cannot_be_drawn():
    with pytest.raises(MissingStep, match=r"no column after_share: collocate_shifts"):
        plot_collocate_shifts(shifts_table().drop(columns="after_share"))
    with pytest.raises(InputError, match="at least one"):
        plot_collocate_shifts(shifts_table().iloc[:0])
    with pytest.raises(InputError) as caught:
        plot_collocate_shifts(shifts_table(collocate="网络", low=9.0, before_share=-1.0), n=0, scale="root")
    assert [f.field for f in caught.value.faults] == ["n", "table", "low, high", "scale", "before_share, after_share"]
    with pytest.raises(InputError, match="no number"):
        plot_collocate_shifts(shifts_table(before_share=np.nan))
    missing = shifts_table(after_share=[33.0, np.nan, 13, 0.25])
    assert "without a share: 环境" in foot(draw(plot_collocate_shifts(missing)))


# Dispersion against frequency


def dispersion_table(rows=40):
    frequency = np.round(np.geomspace(1, 20000, rows))
    even = np.linspace(0.98, 0.05, rows)
    names = ["净化", "minors", "$的$", *(f"w{i}" for i in range(rows))][:rows]
    table = {
        "feature": names,
        "frequency": frequency,
        "dp_norm": even,
        "juilland_d": 1 - even,
        "arf": frequency * (1 - even) + 1,
    }
    return pd.DataFrame(table)


def test_words_are_points_and_those_chosen_have_their_names():
    ax = draw(plot_dispersion_frequency(dispersion_table(), labelled=["净化", "$的$"], labels={"净化": "净化 purify"}))[
        0
    ]
    assert [len(c.get_offsets()) for c in ax.collections] == [40, 2]
    assert ax.collections[1].get_offsets()[0].tolist() == [1, 0.98]
    assert sorted(said(ax)) == [r"\$的\$", "净化 purify"]
    assert ax.get_xscale() == "log"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "10", "100", "1,000", "10,000"]
    assert foot([ax]) == "40 words"


def test_the_axis_says_which_end_is_even():
    said_of = {
        m: plot_dispersion_frequency(dispersion_table(), measure=m).get_ylabel() for m in ("dp_norm", "juilland_d")
    }
    assert said_of["dp_norm"] == "DPnorm\n← evenly spread      in few parts →"
    assert said_of["juilland_d"] == "Juilland's D\n← in few parts      evenly spread →"
    arf = draw(plot_dispersion_frequency(dispersion_table(), measure="arf"))[0]
    assert arf.get_yscale() == "log"


def test_a_measure_that_is_bounded_is_shown_whole():
    low, high = plot_dispersion_frequency(dispersion_table().iloc[10:12]).get_ylim()
    assert low < 0
    assert high > 1


def test_very_many_words_are_shaded_cells():
    ax = draw(plot_dispersion_frequency(dispersion_table(4000), labelled=["minors"]))[0]
    counts = ax.collections[0].get_array()
    assert counts.sum() == 4000
    assert foot([ax]) == f"cells: 4,000 words, darkest {counts.max():.0f} in one"
    assert [t.get_text() for t in ax.get_xticklabels()][:2] == ["1", "10"]
    draw(plot_dispersion_frequency(dispersion_table(4000), measure="arf"))


@pytest.mark.parametrize(("rows", "chosen"), [(1, slice(1)), (3, slice(3)), (500, slice(0, 500, 20)), (500, slice(15))])
def test_labels_of_words_keep_clear_of_one_another(rows, chosen):
    """Also those of fifteen words that stand on one another in a corner."""
    table = dispersion_table(rows)
    ax = plot_dispersion_frequency(table, labelled=table["feature"].iloc[chosen])
    assert overlaps(ax) == ([], [])
    assert foot([ax]).startswith(f"{rows} word")


def test_words_without_a_value_are_counted_and_named():
    table = dispersion_table().assign(dp_norm=lambda t: t["dp_norm"].where(t.index > 0))
    ax = draw(plot_dispersion_frequency(table, labelled=["净化", "minors"]))[0]
    assert foot([ax]) == "39 words; 1 without a value or frequency; not drawn: 净化"
    assert said(ax) == ["minors"]


def test_unknown_words_and_measures_are_refused_with_what_is_near():
    with pytest.raises(InputError, match="'minor'; accepted: a word of the table, such as minors"):
        plot_dispersion_frequency(dispersion_table(), labelled=["minor"])
    with pytest.raises(InputError, match="'dp'; accepted: range, juilland_d"):
        plot_dispersion_frequency(dispersion_table(), measure="dp")
    with pytest.raises(MissingStep, match=r"no column carroll_d2: dispersion\(counts"):
        plot_dispersion_frequency(dispersion_table(), measure="carroll_d2")
    with pytest.raises(InputError, match="31 words; accepted: at most 30"):
        plot_dispersion_frequency(dispersion_table(), labelled=dispersion_table()["feature"].iloc[:31])
    with pytest.raises(InputError, match="no value"):
        plot_dispersion_frequency(dispersion_table().assign(dp_norm=np.nan))
    with pytest.raises(InputError, match="at least one"):
        plot_dispersion_frequency(dispersion_table().iloc[:0])


# All


PLOTS = (
    (plot_dispersion, places_table),
    (plot_keywords, keywords_table),
    (plot_collocate_shifts, shifts_table),
    (plot_dispersion_frequency, dispersion_table),
)


@pytest.mark.parametrize(("plot", "table"), PLOTS)
def test_they_draw_into_a_given_axes_and_leave_settings_and_table_alone(plot, table):
    _, ax = plt.subplots(figsize=(6, 6), layout="constrained")
    before, given_table = dict(plt.rcParams), table()
    assert plot(given_table, ax) is ax
    assert dict(plt.rcParams) == before
    pd.testing.assert_frame_equal(given_table, table())
    assert ax.figure._supxlabel is None
    assert "\n" in ax.get_xlabel(), "notes stand below the axis"
    draw(ax)


@pytest.mark.parametrize(("plot", "table"), PLOTS)
def test_no_label_covers_another_or_is_cut(plot, table):
    assert overlaps(plot(table())) == ([], [])
