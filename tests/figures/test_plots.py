import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from analysis.errors import InputError, MissingStep
from analysis.figures.plots import plot_bars, plot_coverage, plot_hits, plot_rates, plot_ratios
from analysis.figures.style import COLOURS


def rates_table(periods=("2019", "2020", "2022"), frames=("minors",), **columns):
    rows = [
        {
            "frame": f,
            "period": p,
            "documents": 9,
            "hits": 12,
            "size": 1000,
            "per_million": 100.0 * (i + 1),
            "low": 50.0,
            "high": 400.0,
            "document_share": 0.5,
            "few": i == 0,
        }
        for f in frames
        for i, p in enumerate(periods)
    ]
    return pd.DataFrame(rows).assign(**columns)


def markers(ax, face):
    return [
        line
        for line in ax.lines
        if line.get_marker() not in ("None", "", None)
        and line.get_linestyle() == "None"
        and (line.get_markerfacecolor() == "white") == (face == "hollow")
    ]


def test_few_points_are_hollow_and_a_missing_period_is_a_gap():
    ax = plot_rates(rates_table())
    line = ax.lines[0]
    assert line.get_ydata()[0] == 100.0
    assert np.isnan(line.get_ydata()[2])
    assert [m.get_ydata().tolist() for m in markers(ax, "hollow")] == [[100.0]]
    assert np.nansum(markers(ax, "full")[0].get_ydata()) == 500.0
    assert [t.get_text() for t in ax.get_xticklabels()] == ["2019", "2020", "2021", "2022"]
    assert ax.get_ylim()[0] == 0


def test_one_panel_a_frame_and_events_in_each():
    axes = plot_rates(
        rates_table(frames=("minors", "youth")), events={"2021-07-01": "百年"}, labels={"minors": "未成年人"}
    )
    assert len(axes) == 2
    assert [ax.get_title(loc="left") for ax in axes] == ["未成年人", "youth"]
    for ax in axes:
        verticals = [line for line in ax.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
        assert verticals[0].get_xdata()[0] == pytest.approx(2.0, abs=0.02)  # the middle of 2021, the third year
    assert "百年" in axes[-1].get_xlabel()


def test_given_axes_take_all_frames_as_lines():
    _, ax = plt.subplots()
    assert plot_rates(rates_table(frames=("minors", "youth")), ax) is ax
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["minors", "youth"]
    assert ax.get_ylabel() == "hits per million characters"


def test_groups_become_lines_that_differ_in_more_than_colour():
    table = pd.concat([rates_table().assign(office=o) for o in ("a", "b")])[["office", *rates_table().columns]]
    ax = plot_rates(table)
    first, second = (line for line in ax.lines if line.get_linestyle() != "None")
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        (("2019Q4", "2020Q1", "2021Q2"), ["2020", "2021"]),
        (("2020-11", "2021-02"), ["2020-11", "2020-12", "2021-01", "2021-02"]),
    ],
)
def test_quarters_and_months(periods, expected):
    ax = plot_rates(rates_table(periods))
    assert [t.get_text() for t in ax.get_xticklabels()] == expected


def test_what_is_unplaced_is_said():
    table = rates_table(("2019", "2020", "unplaced"))
    assert any("not placed in time: 9" in t.get_text() for t in plot_rates(table).texts)


def test_periods_that_are_no_dates_stand_in_the_order_of_their_labels():
    ax = plot_rates(rates_table(("1998–2003 spring", "1954–1975 autumn")))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1954–1975 autumn", "1998–2003 spring"]


def test_a_ratio_whose_group_has_no_name_is_drawn_too():
    table = pd.DataFrame({"label": ["a", "b", "c"], "ratio": 2.0, "low": 1.0, "high": 3.0, "g": ["x", None, None]})
    ax = plot_ratios(table, group="g")
    assert sum(len(line.get_xdata()) for line in ax.get_lines() if line.get_marker() not in ("None", None)) == 3
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["x", "(none)"]


def test_bad_tables_name_the_step_that_makes_them():
    with pytest.raises(MissingStep, match=r"rates\(tallies, documents\)"):
        plot_rates(pd.DataFrame({"frame": ["a"]}))
    with pytest.raises(MissingStep, match="finished table"):
        plot_rates("minors")
    with pytest.raises(InputError, match="at least one"):
        plot_rates(rates_table().iloc[:0])
    with pytest.raises(InputError, match="no dated period"):
        plot_rates(rates_table(("unplaced",)))
    with pytest.raises(InputError, match="no events where periods are no dates"):
        plot_rates(rates_table(("spring", "autumn")), events={"2021-07-01": "x"})
    many = pd.concat([rates_table().assign(g=str(i)) for i in range(len(COLOURS) + 1)])
    with pytest.raises(InputError, match="select fewer"):
        plot_rates(many[["g", *rates_table().columns]])


def test_hits_show_every_document_and_those_with_hits():
    table = pd.DataFrame(
        {
            "document": ["a", "b", "a", "b"],
            "date": pd.to_datetime(["2014-01-01", "2020-01-01"] * 2),
            "frame": ["m", "m", "y", "y"],
            "hits": [0, 4, 1, 0],
        }
    )
    ax = plot_hits(table, labels={"m": "minors"})
    assert [len(c.get_offsets()) for c in ax.collections] == [2, 1, 2, 1]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["y", "minors"]


def test_ratios_without_a_bound_are_drawn_to_the_edge():
    table = pd.DataFrame({"label": ["a", "b"], "ratio": [2.0, np.inf], "low": [0.5, 1.5], "high": [8.0, np.inf]})
    ax = plot_ratios(table)
    assert ax.get_xscale() == "log"
    ends = [segment[:, 0].tolist() for segment in ax.collections[0].get_segments()]
    assert ends[0] == [0.5, 8.0]
    assert ends[1][1] == ax.get_xlim()[1]
    with pytest.raises(MissingStep, match="rate_ratio"):
        plot_ratios(pd.DataFrame({"label": ["a"]}))


def test_ratios_of_a_group_stand_below_one_another():
    table = pd.DataFrame(
        {
            "label": ["a", "b", "a", "b"],
            "way": ["pooled", "pooled", "inside", "inside"],
            "ratio": [2.0, 1.0, 1.5, 3.0],
            "low": [1.0, 0.5, 0.75, 2.0],
            "high": [4.0, 2.0, 3.0, 6.0],
        }
    )
    ax = plot_ratios(table, group="way", labels={"inside": "inside offices", "a": "minors"})
    assert [t.get_text() for t in ax.get_yticklabels()] == ["minors", "b"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["pooled", "inside offices"]
    pooled, inside = (line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() != "None")
    assert [pooled.get_xdata().tolist(), inside.get_xdata().tolist()] == [[2.0, 1.0], [1.5, 3.0]]
    assert pooled.get_marker() != inside.get_marker()
    places = [ax.get_yticks()[0], pooled.get_ydata()[0], inside.get_ydata()[0]]
    assert inside.get_ydata()[0] < places[0] < pooled.get_ydata()[0]  # around the place of its label
    spans = [[segment.tolist() for segment in c.get_segments()] for c in ax.collections]
    assert spans[1][1] == [[2.0, inside.get_ydata()[1]], [6.0, inside.get_ydata()[1]]]
    with pytest.raises(InputError, match="8 groups; accepted: at most 7"):
        plot_ratios(pd.concat([table.head(1).assign(way=str(i)) for i in range(8)]), group="way")
    with pytest.raises(MissingStep, match="no column way"):
        plot_ratios(table.drop(columns="way"), group="way")


def test_limits_that_are_not_those_of_the_ratio_are_refused():
    # A table of compare_prevalence: its limits are those of the difference.
    table = pd.DataFrame({"label": ["a"], "ratio": 1.5, "difference": 0.01, "low": -0.01, "high": 0.03})
    with pytest.raises(InputError, match="ratio 1.5, low -0.01, high 0.03; accepted: limits of the ratio; plot_comp"):
        plot_ratios(table)


def coverage_table():
    """Two places, three years; b lacks 2004, and nothing was expected of a in 2003."""
    return pd.DataFrame(
        {"place": ["b", "b", "b", "a", "a"], "year": [2003, 2004, 2005, 2004, 2005], "n": [1, 0, 2, 1, 1]}
    )


def test_coverage_shows_what_is_there_what_is_missing_and_leaves_the_rest_blank():
    ax = plot_coverage(coverage_table(), row="place", period="year", value="n")
    squares, circles = (c.get_offsets().tolist() for c in ax.collections)
    assert squares == [[2003, 1], [2005, 1], [2004, 0], [2005, 0]]
    assert circles == [[2004, 1]]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]  # from below: the table's first is on top
    assert ax.get_xlabel() == "squares: in the corpus; circles: missing; blank: nothing expected"


def test_coverage_says_only_what_is_to_be_seen():
    whole = coverage_table().query("year == 2005")
    assert plot_coverage(whole, row="place", period="year", value="n").get_xlabel() == "squares: in the corpus"
    _, ax = plt.subplots()
    lacking = coverage_table().query("place == 'b'").rename(columns={"n": "documents"})
    assert plot_coverage(lacking, ax, row="place", period="year") is ax
    assert ax.get_xlabel() == "squares: in the corpus; circles: missing"


def test_coverage_refuses_a_table_without_years():
    with pytest.raises(MissingStep, match="no column documents"):
        plot_coverage(coverage_table(), row="place", period="year")
    with pytest.raises(InputError, match="'2003' in the column year; accepted: years as whole numbers"):
        plot_coverage(coverage_table().astype({"year": str}), row="place", period="year", value="n")


def test_bars_carry_their_numbers():
    ax = plot_bars(
        pd.DataFrame({"office": ["a", "b"], "n": [3, 1234]}),
        label="office",
        value="n",
        xlabel="statements",
        marked=["b"],
    )
    assert [t.get_text() for t in ax.texts] == ["3", "1,234"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]


def test_plotting_leaves_her_settings_alone():
    before = dict(plt.rcParams)
    backend = plt.get_backend()
    plot_rates(rates_table(frames=("minors", "youth")))
    assert dict(plt.rcParams) == before
    assert plt.get_backend() == backend
