import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from topic_tables import (
    LABELS,
    comparison_table,
    draw,
    foot,
    frames_table,
    names_of_rows,
    points,
    prevalence_table,
    said,
)

from analysis.errors import InputError, MissingStep
from analysis.figures.share_plots import plot_comparison, plot_prevalence, plot_topic_frames

# Prevalence


def test_prevalence_has_a_panel_a_topic_and_gaps_where_there_is_no_period():
    axes = draw(plot_prevalence(prevalence_table(2), events={"2020-07-01": "百年"}))
    assert [ax.get_title(loc="left") for ax in axes] == ["0 网络 未成年人 净化", "1 农村 农业 农民"]
    assert axes[0].lines[0].get_ydata().tolist() == pytest.approx([0.1, 0.2, np.nan, 0.3], nan_ok=True)
    assert [t.get_text() for t in axes[-1].get_xticklabels()] == ["2019", "2020", "2021", "2022"]
    figure = axes[0].figure
    assert "a 百年" in foot(axes)
    assert "each panel on its own scale" in foot(axes)
    assert figure.get_supylabel() == "share of the text (%)"
    assert axes[0].yaxis.get_major_formatter()(0.12, 0) == "12"
    assert all("a" in said(ax) for ax in axes)
    assert not any(points(ax, face=True) for ax in axes)
    assert "hollow" not in foot(axes)


def test_few_documents_are_hollow_and_what_is_unplaced_is_said():
    table = prevalence_table(1, ("2019", "2020", "unplaced"), few=[True, False, False])
    ax = draw(plot_prevalence(table))[0]
    assert [line.get_ydata().tolist() for line in points(ax, face=True)] == [[0.1]]
    assert foot([ax]) == "hollow: few documents; not placed in time: 9 documents"
    assert ax.figure.get_supylabel() == "share of the text (%)"


def test_many_topics_stand_in_four_columns():
    axes = draw(plot_prevalence(prevalence_table(10, tuple(str(y) for y in range(2003, 2027)))))
    assert len(axes) == len(axes[0].figure.axes) == 10
    assert axes[0].figure.get_figwidth() == 6.7
    assert len({round(ax.get_position().x0, 3) for ax in axes}) == 4
    lowest = [ax for ax in axes if any(t.get_visible() and t.get_text() for t in ax.get_xticklabels())]
    assert [ax in lowest for ax in axes] == [False] * 6 + [True] * 4
    assert len(draw(plot_prevalence(prevalence_table(40)))) == 40


def test_bands_that_are_cut_have_an_arrow():
    table = prevalence_table(5)
    table.loc[1, "high"] = 9.0
    axes = draw(plot_prevalence(table))
    assert ["↑" in said(ax) for ax in axes] == [True, False, False, False, False]
    assert "arrow: bands cut at the top" in foot(axes)


def test_groups_are_lines_with_one_key_for_all_panels():
    table = pd.concat([prevalence_table(4).assign(region=r) for r in ("东部", "西部")])
    axes = draw(plot_prevalence(table[["region", *prevalence_table().columns]], labels={"西部": "West"}))
    assert len(axes) == 4
    assert all(ax.get_legend() is None for ax in axes)
    (legend,) = axes[0].figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["东部", "West"]
    looks = [(line.get_marker(), line.get_linestyle()) for line in legend.get_lines()]
    assert looks[0][0] != looks[1][0]
    assert looks[0][1] != looks[1][1]


def test_panels_that_lack_a_group_have_keys_of_their_own():
    table = pd.concat([prevalence_table(2).assign(region=r) for r in "abc"])[["region", *prevalence_table().columns]]
    axes = draw(plot_prevalence(table[~((table["topic"] == 0) & (table["region"] == "a"))]))
    assert not axes[0].figure.legends
    assert [[t.get_text() for t in ax.get_legend().get_texts()] for ax in axes] == [["a", "b", "c"], ["b", "c"]]


def test_given_axes_take_all_topics_as_lines_and_her_fonts_learn_chinese():
    _, ax = plt.subplots()
    assert plot_prevalence(prevalence_table(3), ax, labels={LABELS[1]: "乡村"}, events={"2020-07-01": "百年"}) is ax
    draw(ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()][:2] == ["0 网络 未成年人 净化", "1 乡村"]
    assert ax.get_ylabel() == "share of the text (%)"
    with pytest.raises(InputError, match="8 lines in one panel"):
        plot_prevalence(prevalence_table(8), ax)


def test_prevalence_without_numbers_is_an_empty_panel():
    table = prevalence_table(2)
    table.loc[:2, ["share", "low", "high"]] = np.nan
    axes = draw(plot_prevalence(table))
    assert not points(axes[0])
    assert points(axes[1])
    table = prevalence_table(1, low=np.nan, high=np.nan)
    assert draw(plot_prevalence(table))[0].get_ylim()[1] > 0.3


def test_prevalence_takes_seasons_and_refuses_events_there():
    seasons = prevalence_table(5, ("spring", "autumn"))
    assert [t.get_text() for t in draw(plot_prevalence(seasons))[-1].get_xticklabels()] == ["autumn", "spring"]
    with pytest.raises(InputError, match="plot_prevalence, events"):
        plot_prevalence(seasons, events={"2020-01-01": "x"})
    with pytest.raises(InputError, match="no dated period"):
        plot_prevalence(prevalence_table(1, ("unplaced",)))


# Frames


def test_topics_of_a_frame_stand_in_the_order_of_their_shares():
    ax = draw(plot_topic_frames(frames_table(), labels={"minors": "未成年人"}))[0]
    assert [name.split()[0] for name in names_of_rows(ax)] == ["1", "3", "0", "2"]
    assert ax.get_title(loc="left") == "未成年人 (1,234 hits)"
    (dots,) = points(ax)
    shares = dict(zip(dots.get_ydata().tolist(), dots.get_xdata().tolist(), strict=True))
    assert shares == {0: 0.6, 1: 0.29, 2: 0.1, 3: 0.01}
    spans = {s[0, 1]: s[:, 0].tolist() for s in ax.collections[0].get_segments()}
    assert spans[0] == pytest.approx([0.3, 0.65])
    assert ax.get_xlim()[0] == 0
    assert ax.get_xlim()[1] > 0.65
    assert r"river \$works\$" in names_of_rows(ax)[1]


def test_small_shares_are_not_drawn_but_counted():
    table = frames_table(("minors", "youth", "none"))
    table.loc[4, "share"] = np.nan
    table.loc[table["frame"] == "none", ["share", "low", "high"]] = np.nan
    first, second, third = draw(plot_topic_frames(table, least=0.2))
    assert names_of_rows(first)[-1] == "2 others below 20%"
    assert names_of_rows(second)[-1] == "2 others below 20% or without a share"
    assert names_of_rows(third) == ["4 topics below 20% or without a share"]
    assert len(points(first)[0].get_xdata()) == 2
    assert first.get_xlim() == second.get_xlim()
    assert first.get_position().height > third.get_position().height
    assert names_of_rows(draw(plot_topic_frames(frames_table(), least=0.05))[0])[-1] == "1 other below 5%"


def test_frames_in_one_axes_have_a_marker_each():
    _, ax = plt.subplots()
    table = frames_table(("minors", "youth"), stable=False)
    assert plot_topic_frames(table, ax, least=0.2, labels={"youth": "青年"}) is ax
    draw(ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["minors", "青年"]
    minors, youth = points(ax)
    assert minors.get_marker() != youth.get_marker()
    assert minors.get_ydata()[0] < youth.get_ydata()[0]
    assert names_of_rows(ax)[-1] == "2 others below 20%"
    assert all(name.endswith("(unstable)") for name in names_of_rows(ax)[:2])


def test_frames_refuse_bounds_that_are_no_shares_and_say_all_faults():
    with pytest.raises(InputError) as caught:
        plot_topic_frames(pd.concat([frames_table(tuple("abcdefgh"))] * 2), least=2)
    assert [fault.received for fault in caught.value.faults] == ["8 frames", "frame a, topic 0 twice", "2"]
    assert len(draw(plot_topic_frames(frames_table(shares=[0.025] * 40)))) == 1


# Comparison


def test_differences_stand_about_nothing_in_the_order_of_the_table():
    ax = draw(plot_comparison(comparison_table(3, stable=pd.array([True, False, pd.NA], dtype="boolean"))))[0]
    assert names_of_rows(ax)[0].startswith("0 ")
    assert [name.endswith("(unstable)") for name in names_of_rows(ax)] == [False, True, False]
    (drawn,) = points(ax)
    assert drawn.get_xdata().tolist() == pytest.approx([-0.02, 0.005, 0.03])
    assert drawn.get_ydata().tolist() == [0, 1, 2]
    spans = [s[:, 0].tolist() for s in ax.collections[0].get_segments()]
    assert spans[0] == pytest.approx([-0.04, -0.01])
    ticks = [t.get_text() for t in ax.get_xticklabels()]
    assert "0" in ticks
    assert any(t.startswith("+") for t in ticks)
    assert ax.get_legend() is None


def test_groups_of_differences_have_a_marker_each():
    table = pd.concat([comparison_table(2, fits="one"), comparison_table(2, fits=None)], ignore_index=True)
    _, mine = plt.subplots()
    ax = plot_comparison(table, mine, group="fits", labels={"one": "one fit"})
    assert ax is mine
    draw(ax)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["one fit", "(none)"]
    one, other = points(ax)
    assert one.get_marker() != other.get_marker()
    assert one.get_ydata()[0] < 0 < other.get_ydata()[0]
    with pytest.raises(InputError) as caught:
        plot_comparison(pd.concat([comparison_table(1, g=str(i)) for i in [*range(8), 0]]), group="g")
    assert [fault.received for fault in caught.value.faults] == ["8 groups", "topic 0, g 0 twice"]
    with pytest.raises(MissingStep, match="no column fits: compare_prevalence"):
        plot_comparison(comparison_table(), group="fits")
