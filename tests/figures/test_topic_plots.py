import logging

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.patches import Circle
from topic_tables import (
    LABELS,
    MEASURES,
    comparison_table,
    draw,
    foot,
    frames_table,
    map_table,
    names_of_rows,
    numbers_table,
    prevalence_table,
    said,
    stability_table,
    terms_table,
)

from analysis.errors import InputError, MissingStep
from analysis.figures.panels import breadth, fitted
from analysis.figures.share_plots import plot_comparison, plot_prevalence, plot_topic_frames
from analysis.figures.topic_plots import (
    plot_stability,
    plot_topic_map,
    plot_topic_numbers,
    plot_topic_terms,
)

# Terms


def test_terms_have_a_panel_each_with_a_bar_for_every_term():
    axes = draw(plot_topic_terms(terms_table(5, 4)))
    assert len(axes) == len(axes[0].figure.axes) == 5
    assert [len(ax.patches) for ax in axes] == [4] * 5
    assert [bar.get_width() for bar in axes[0].patches] == pytest.approx([0.1, 0.05, 0.1 / 3, 0.025])
    assert said(axes[0]) == ["净化1", "净化2", "净化3", "净化4"]
    assert axes[0].get_title(loc="left") == "0 网络 未成年人 净化"
    assert axes[0].get_ylim()[0] > axes[0].get_ylim()[1], "the weightiest term is on top"
    assert {ax.get_xlim() for ax in axes} == {axes[0].get_xlim()}, "one scale"
    assert axes[0].get_xlim()[0] == 0


def test_terms_of_unstable_topics_are_hollow_and_called_so():
    table = terms_table(3, stable=[True] * 4 + [False] * 4 + [True] * 4)
    axes = draw(plot_topic_terms(table))
    faces = [{mpl.colors.to_hex(bar.get_facecolor()) for bar in ax.patches} for ax in axes]
    assert faces == [{"#cfcfcf"}, {"#ffffff"}, {"#cfcfcf"}]
    assert ["(unstable)" in ax.get_title(loc="left") for ax in axes] == [False, True, False]
    assert "hollow" in foot(axes)
    assert "hollow" not in foot(plot_topic_terms(terms_table()))


def test_ranks_order_the_terms_and_a_missing_weight_leaves_its_term():
    table = terms_table(1, 3).iloc[::-1].assign(weight=[0.1, np.nan, 0.3])
    ax = draw(plot_topic_terms(table))[0]
    assert said(ax) == ["净化1", "净化2", "净化3"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.3, np.nan, 0.1], nan_ok=True)
    draw(plot_topic_terms(table.assign(weight=np.nan)))


def test_forty_topics_make_a_longer_figure_not_smaller_panels():
    few, many = plot_topic_terms(terms_table(8, 8)), plot_topic_terms(terms_table(40, 8))
    height, tall = (axes[0].figure.get_figheight() for axes in (few, many))
    assert len(draw(many)) == 40
    assert tall > 4 * height
    assert plot_topic_terms(terms_table(4), columns=2)[0].figure.get_figwidth() == 3.35


def test_titles_stay_in_their_panels():
    axes = draw(plot_topic_terms(terms_table(5, 4, label=LABELS[2], stable=False)))
    for ax in axes:
        title = ax.get_title(loc="left")
        assert title.endswith("(unstable)")
        assert title.count("\n") == 1
        extent = ax._left_title.get_window_extent()
        assert extent.x1 <= ax.figure.bbox.x1
        assert extent.x1 <= ax.bbox.x1 + 12


# Map


def circles(ax):
    return [patch for patch in ax.patches if isinstance(patch, Circle)]


def test_the_area_of_a_circle_is_its_share():
    ax = draw(plot_topic_map(map_table()))[0]
    radii = {tuple(np.round(c.center, 6)): c.radius for c in circles(ax)}
    assert len(radii) == 5
    areas = np.array([radii[tuple(np.round(p, 6))] for p in map_table()[["x", "y"]].to_numpy()]) ** 2
    assert areas / areas[0] == pytest.approx([1, 2, 3, 4, 5])
    assert ax.get_aspect() == 1
    assert not len(ax.get_xticks()) + len(ax.get_yticks())
    assert ax.get_xlabel().startswith("distance: how unlike the words are; area: share of the text")


def test_the_key_names_every_number_of_the_map():
    ax = draw(plot_topic_map(map_table(3, stable=[True, False, True], explained=0.314)))[0]
    *numbers, key = said(ax)
    assert sorted(numbers) == ["0", "1", "2"]
    assert key.split("\n")[:2] == ["0 网络 未成年人 净化", "1 农村 农业 农民 (unstable)"]
    assert key.split("\n")[2].endswith("…")
    assert sorted(c.get_linestyle() == "-" for c in circles(ax)) == [False, True, True]
    assert "dashed: unstable" in ax.get_xlabel()
    assert "keeps 31%" in ax.get_xlabel()
    assert "dashed" not in plot_topic_map(map_table()).get_xlabel()


@pytest.mark.parametrize("topics", [1, 2, 40, 100])
def test_all_of_a_map_is_on_the_paper(topics, caplog):
    with caplog.at_level(logging.WARNING):
        ax = draw(plot_topic_map(map_table(topics)))[0]
    assert not caplog.records
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for circle in circles(ax):
        (x, y), r = circle.center, circle.radius
        assert left < x - r < x + r < right
        assert low < y - r < y + r < high
    for text in ax.texts:
        extent = text.get_window_extent()
        assert extent.x0 >= 0
        assert extent.x1 <= ax.figure.bbox.x1 + 1
        assert extent.y0 >= -1


def test_numbers_of_topics_in_one_place_do_not_cover_one_another():
    table = map_table(6)
    table.loc[:3, ["x", "y"]] = 0.0
    ax = draw(plot_topic_map(table))[0]
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text().isdigit()]
    assert len(boxes) == 6
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    draw(plot_topic_map(map_table(4, x=0.0, y=0.0)))


def test_topics_without_a_place_are_named():
    table = map_table(4)
    table.loc[1, "x"], table.loc[2, "size"] = np.nan, np.nan
    ax = draw(plot_topic_map(table))[0]
    assert len(circles(ax)) == 2
    assert "without a place: 1, 2" in " ".join(ax.get_xlabel().split())
    assert said(ax)[-1].count("\n") == 3
    with pytest.raises(InputError, match="no number"):
        plot_topic_map(map_table(3, y=np.nan))
    with pytest.raises(InputError, match="topic 0 twice"):
        plot_topic_map(map_table(3, topic=0))


# Numbers of topics


def test_every_measure_has_a_panel_with_all_fits_and_their_means():
    axes = draw(plot_topic_numbers(numbers_table()))
    assert len(axes) == 6
    assert axes[0].get_title(loc="left") == "held-out perplexity (lower is better)"
    assert all("(higher is better)" in ax.get_title(loc="left") for ax in axes[1:])
    line, fits = axes[0].lines
    assert line.get_xydata().tolist() == [[5, 6], [10, 11], [20, 21]]
    assert fits.get_marker() == "o"
    assert fits.get_markerfacecolor() == "none"
    assert len(fits.get_xdata()) == 6
    assert axes[0].get_xticks().tolist() == [5, 10, 20]
    assert "×" not in foot(axes)


def test_fits_that_had_not_converged_are_crosses():
    axes = draw(plot_topic_numbers(numbers_table(converged=[True, True, True, True, False, True])))
    _, fits, failed = axes[2].lines
    assert failed.get_marker() == "x"
    assert failed.get_xydata().tolist() == [[20, 20.5]]
    assert len(fits.get_xdata()) == 5
    assert "×: had not converged" in foot(axes)
    assert {len(ax.lines) for ax in draw(plot_topic_numbers(numbers_table(converged=False)))} == {2}


def test_measures_without_values_are_left_out():
    axes = draw(plot_topic_numbers(numbers_table((10,), (0,), stability=np.nan, c_v=np.nan)))
    assert len(axes) == len(axes[0].figure.axes) == 4
    assert not any("stability" in ax.get_title(loc="left") for ax in axes)
    some = numbers_table()
    some.loc[0, "npmi"] = np.nan
    assert len(draw(plot_topic_numbers(some))[1].lines[1].get_xdata()) == 5
    with pytest.raises(InputError, match="no value"):
        plot_topic_numbers(numbers_table(**dict.fromkeys(MEASURES, np.nan)))


def test_numbers_that_are_close_share_no_place_on_the_axis():
    axes = draw(plot_topic_numbers(numbers_table((5, 6, 7, 50, 100))))
    assert axes[0].get_xticks().tolist() == [5, 50, 100]


# Stability


def crosses(ax):
    return len(ax.lines) / 2


def test_the_matrix_has_a_number_in_every_cell_and_the_share_beside_it():
    ax = draw(plot_stability(stability_table()))[0]
    assert said(ax)[:6] == ["0.90", "0.90", "0.90", "0.40", "0.90", "0.40"]
    assert said(ax)[6:9] == ["100%", "50%", "50%"]
    assert [text.get_color() for text in ax.texts[:4]] == ["white", "white", "white", "black"]
    assert crosses(ax) == 2
    assert names_of_rows(ax)[0] == "0 网络 未成年人 净化"
    assert all(name.endswith("(unstable)") for name in names_of_rows(ax)[1:])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "2", "returns in"]
    assert ax.get_xlabel() == "run with the seed"
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first topic is on top"


def test_runs_are_named_by_what_differs():
    table = stability_table(2, 2, engine=["nmf", "lda"] * 2, seed=0)
    assert [t.get_text() for t in draw(plot_stability(table))[0].get_xticklabels()][:2] == ["nmf", "lda"]
    ax = draw(plot_stability(table.assign(n_topics=[20, 25] * 2, seed=[0, 1] * 2)))[0]
    assert [t.get_text() for t in ax.get_xticklabels()][:2] == ["nmf, 20 topics, seed 0", "lda, 25 topics, seed 1"]
    assert ax.get_xlabel() == ""
    assert ax.xaxis.get_tightbbox().x1 <= ax.figure.bbox.x1


def test_topics_without_a_match_and_missing_rows():
    table = stability_table(2, 2)
    table.loc[3, ["match", "similarity"]] = -1, 0.0
    ax = draw(plot_stability(table.drop(index=1)))[0]
    assert said(ax)[:3] == ["0.90", "0.90", "none"]
    assert crosses(ax) == 0
    ax = draw(plot_stability(table.assign(similarity=np.nan, return_share=np.nan)))[0]
    assert said(ax)[:2] == ["?", "?"]


def test_stability_honours_axes_and_grows_with_its_topics():
    _, ax = plt.subplots(figsize=(6.7, 4), layout="constrained")
    assert plot_stability(stability_table(), ax) is ax
    draw(ax)
    forty = draw(plot_stability(stability_table(40, 10)))[0].figure
    assert forty.get_figheight() > 6
    assert forty.get_figwidth() == 6.7
    assert draw(plot_stability(stability_table(1, 1)))[0].figure.get_figwidth() == 3.35


def test_the_matrix_refuses_what_it_cannot_show():
    with pytest.raises(InputError, match="21 runs"):
        plot_stability(stability_table(1, 21))
    with pytest.raises(InputError, match="topic 0, run 1 twice; accepted: one row per topic and run"):
        plot_stability(pd.concat([stability_table(1), stability_table(1)]))


# All of them

PLOTS = {
    "topic_terms": (plot_topic_terms, terms_table),
    "topic_map": (plot_topic_map, map_table),
    "topic_prevalence": (plot_prevalence, prevalence_table),
    "choose_topics": (plot_topic_numbers, numbers_table),
    "align_topics": (plot_stability, stability_table),
    "topic_frames": (plot_topic_frames, frames_table),
    "compare_prevalence": (plot_comparison, comparison_table),
}


@pytest.mark.parametrize("step", PLOTS)
def test_bad_tables_name_the_step_that_makes_them(step):
    plot, table = PLOTS[step]
    for column in table().columns:
        with pytest.raises(MissingStep, match=rf"no column {column}: {step}\("):
            plot(table().drop(columns=column))
    with pytest.raises(MissingStep, match=rf"finished table.*{step}\("):
        plot([1])
    with pytest.raises(InputError, match="no rows"):
        plot(table().iloc[:0])


@pytest.mark.parametrize("step", PLOTS)
def test_one_row_is_enough(step):
    plot, table = PLOTS[step]
    draw(plot(table().iloc[:1]))


@pytest.mark.parametrize("step", PLOTS)
def test_nothing_global_changes_and_the_table_is_hers(step):
    plot, table = PLOTS[step]
    before, backend, mine = dict(plt.rcParams), plt.get_backend(), table()
    plot(mine)
    assert dict(plt.rcParams) == before
    assert plt.get_backend() == backend
    pd.testing.assert_frame_equal(mine, table())


@pytest.mark.parametrize("step", [s for s in PLOTS if s != "choose_topics"])
def test_more_than_a_hundred_topics_are_refused(step):
    plot, table = PLOTS[step]
    first = table().iloc[[0] * 101].assign(topic=range(101))
    with pytest.raises(InputError, match="101 topics; accepted: at most 100; select fewer"):
        plot(first)


@pytest.mark.parametrize("step", [s for s in PLOTS if s != "choose_topics"])
@pytest.mark.parametrize("text", [np.nan, "净" * 60, "a" * 90, "$x", "净化\n网络", ""])
def test_any_label_is_drawn(step, text):
    plot, table = PLOTS[step]
    draw(plot(table().assign(label=text, stable=False)))


def test_a_glyph_that_no_font_has_is_an_error():
    with pytest.raises(UserWarning, match="Glyph"):
        draw(plot_topic_map(map_table(label="\ue000")))


@pytest.mark.parametrize("columns", [0, 7, True, 2.0, "4"])
def test_columns_are_a_small_number(columns):
    with pytest.raises(InputError, match="a whole number, 1 to 6"):
        plot_topic_terms(terms_table(), columns=columns)
    with pytest.raises(InputError, match="31 terms in a panel"):
        plot_topic_terms(terms_table(1, 31))


@pytest.mark.parametrize(
    ("text", "width", "lines", "expected"),
    [
        ("净化网络", 8, 1, "净化网络"),
        ("净化网络环境", 9, 1, "净化网络…"),
        ("净化 网络 环境", 10, 2, "净化 网络\n环境"),
        ("2 网络净化未成年人保护专项行动", 16, 2, "2 网络净化未成年\n人保护专项行动"),
        ("minors and information", 12, 2, "minors and\ninformation"),
        ("minors and information services", 12, 2, "minors and\ninformation…"),
        ("", 5, 1, ""),
        (r"5\$", 5, 1, r"5\$"),
    ],
)
def test_texts_are_fitted(text, width, lines, expected):
    assert fitted(text, width, lines) == expected
    assert max(breadth(line) for line in fitted(text, width, lines).split("\n")) <= width
