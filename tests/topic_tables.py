"""Tables such as the analysis of topics gives, for the tests of their plots, and what was drawn of them."""

import io

import numpy as np
import pandas as pd

from analysis.figures.style import style

LABELS = (
    "网络 未成年人 净化",
    "农村 农业 农民",
    "非物质文化遗产保护与优秀传统文化传承发展工程",
    "river $works$",
    "生态",
)


def label(topic):
    return LABELS[topic % len(LABELS)]


def terms_table(topics=3, terms=4, **columns):
    rows = [
        {"topic": t, "label": label(t), "rank": r, "term": f"净化{r}", "weight": 0.1 / r}
        for t in range(topics)
        for r in range(1, terms + 1)
    ]
    return pd.DataFrame(rows).assign(**columns)


def map_table(topics=5, **columns):
    turns = np.linspace(0, 2 * np.pi, topics, endpoint=False)
    rows = {"topic": range(topics), "label": [label(t) for t in range(topics)], "x": np.cos(turns), "y": np.sin(turns)}
    return pd.DataFrame({**rows, "size": np.arange(1, topics + 1) / 10}).assign(**columns)


def prevalence_table(topics=2, periods=("2019", "2020", "2022"), **columns):
    rows = [
        {"topic": t, "label": label(t), "period": p, "documents": 9, "share": 0.1 * (i + 1), "low": 0.05, "high": 0.2}
        for t in range(topics)
        for i, p in enumerate(periods)
    ]
    return pd.DataFrame(rows).assign(**columns)


MEASURES = ("perplexity", "npmi", "c_v", "exclusivity", "diversity", "stability")


def numbers_table(numbers=(5, 10, 20), seeds=(0, 1), **columns):
    rows = [{"n_topics": n, "seed": s, **dict.fromkeys(MEASURES, n + s + 0.5)} for n in numbers for s in seeds]
    return pd.DataFrame(rows).assign(**columns)


def stability_table(topics=3, runs=2, **columns):
    """Topic 0 returns always, the others in the first run alone."""
    rows = [
        {
            "topic": t,
            "label": label(t),
            "run": r,
            "engine": "nmf-kl",
            "seed": r,
            "n_topics": topics,
            "match": t,
            "similarity": 0.9 if t == 0 or r == 1 else 0.4,
            "returns": t == 0 or r == 1,
            "return_share": 1.0 if t == 0 else 1 / runs,
            "stable": t == 0,
        }
        for t in range(topics)
        for r in range(1, runs + 1)
    ]
    return pd.DataFrame(rows).assign(**columns)


def frames_table(frames=("minors",), shares=(0.1, 0.6, 0.01, 0.29), **columns):
    rows = [
        {"frame": f, "topic": t, "label": label(t), "hits": 1234, "share": s, "low": s / 2, "high": s + 0.05}
        for f in frames
        for t, s in enumerate(shares)
    ]
    return pd.DataFrame(rows).assign(**columns)


def draw(drawn):
    """Draw as save_figure does: missing glyphs, collapsed panels and all other warnings are errors."""
    axes = np.ravel(drawn)
    with style():
        axes[0].figure.savefig(io.BytesIO(), format="png", dpi="figure")
    return axes


def foot(axes):
    """What is said below all panels, in one line."""
    return " ".join(axes[0].figure.get_supxlabel().split())


def points(ax, face=None):
    lines = [line for line in ax.lines if line.get_marker() not in ("None", "", None) and len(line.get_xdata())]
    return [line for line in lines if face is None or (line.get_markerfacecolor() in ("white", "none")) == face]


def said(ax):
    return [text.get_text() for text in ax.texts]


def names_of_rows(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def comparison_table(topics=3, **columns):
    rows = {"topic": range(topics), "label": [label(t) for t in range(topics)]}
    middle = np.linspace(-0.02, 0.03, topics)
    return pd.DataFrame({**rows, "difference": middle, "low": middle - 0.02, "high": middle + 0.01}).assign(**columns)
