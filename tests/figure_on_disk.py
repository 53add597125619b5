"""A figure to save, for tests that need one on disk."""

import pandas as pd

from analysis.corpus import Corpus
from analysis.figures.plots import plot_bars
from analysis.figures.saving import save_figure


def one_figure(folder):
    table = pd.DataFrame({"office": ["甲", "乙"], "n": [3, 1]})
    corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化"]}), "small")
    figure = plot_bars(table, label="office", value="n", xlabel="statements").figure
    return save_figure(figure, "one", table=table, inputs=[corpus], folder=folder)
