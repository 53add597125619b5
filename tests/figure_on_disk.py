"""A figure to save, for tests that need one on disk."""

import pandas as pd

from analysis.corpus import Corpus
from analysis.figures.plots import plot_bars
from analysis.figures.saving import save_figure

OFFICES = pd.DataFrame({"office": ["甲", "乙"], "n": [3, 1]})


def one_figure(folder, table=OFFICES, tolerance=None):
    """The bars of two offices, saved with ``table``, which need not be the one that was drawn."""
    corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化"]}), "small")
    figure = plot_bars(OFFICES, label="office", value="n", xlabel="statements").figure
    return save_figure(figure, "one", table=table, inputs=[corpus], tolerance=tolerance, folder=folder)
