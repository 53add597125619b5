"""Small tables of documents and tallies, and simulated corpora whose true rate is known."""

import numpy as np
import pandas as pd

#: The mean size of a simulated document: lognormal around 800 characters.
MEAN_SIZE = 800 * np.exp(0.6**2 / 2)

#: Frames of simulated corpora: mean hits of a document, and the shape of the gamma
#: distribution that its rate follows (none: Poisson; else negative-binomial counts).
SETTINGS = {
    "poisson_0.5": (0.5, None),
    "poisson_1": (1.0, None),
    "poisson_2": (2.0, None),
    "negbin_0.5": (0.5, 1.0),
    "negbin_1": (1.0, 0.5),
    "negbin_2": (2.0, 1.0),
    "negbin_2_skewed": (2.0, 0.5),
}


def true_rates(frames):
    return frames.map({name: 1e6 * mean / MEAN_SIZE for name, (mean, _) in SETTINGS.items()})


def documents_of(sizes, dates="2020-01-01", **columns):
    """Documents d000, d001, … in Chinese, unless ``columns`` say otherwise."""
    return pd.DataFrame(
        {
            "id": [f"d{i:03d}" for i in range(len(sizes))],
            "date": pd.to_datetime([dates] * len(sizes) if isinstance(dates, str) else list(dates)),
            "language": "zh",
            "characters": list(sizes),
        }
        | columns
    )


def tallies_of(**frames):
    """Tallies of documents d000, d001, …: for each frame the hits of one document after the other."""
    rows = [
        (f"d{i:03d}", frame.replace("__", "."), "x", hits)
        for frame, counts in frames.items()
        for i, hits in enumerate(counts)
        if hits
    ]
    table = pd.DataFrame(rows, columns=["document", "frame", "term", "hits"]).astype({"hits": "int64"})
    names = [frame.replace("__", ".") for frame in frames]
    return table.assign(frame=pd.Categorical(table["frame"], categories=names))


def simulated_documents(rng, corpora, documents, year="2020"):
    n = corpora * documents
    return pd.DataFrame(
        {
            "id": [f"{year}-{i:07d}" for i in range(n)],
            "date": pd.Timestamp(f"{year}-01-01"),
            "language": "zh",
            "characters": np.maximum(rng.lognormal(np.log(800), 0.6, n), 30).astype(int),
            "corpus": np.repeat(np.arange(corpora), documents),
        }
    )


def simulated_tallies(rng, table, settings=SETTINGS, factor=1.0):
    """Hits in proportion to the sizes; ``factor`` (one number, or one a document) multiplies the rate."""
    parts = []
    for frame, (mean, shape) in settings.items():
        expected = factor * mean * table["characters"].to_numpy() / MEAN_SIZE
        if shape is not None:
            expected = expected * rng.gamma(shape, 1 / shape, len(table))
        parts.append(
            pd.DataFrame({"document": table["id"], "frame": frame, "term": "x", "hits": rng.poisson(expected)})
        )
    return pd.concat(parts, ignore_index=True)


def simulated_clusters(rng, corpora, clusters, documents, years=("2020",), ratio=1.0):
    """Documents in clusters that share a gamma effect (shape 4) across all years; see `simulated_tallies`."""
    parts = [simulated_documents(rng, corpora, clusters * documents, year) for year in years]
    place = np.tile(np.repeat(np.arange(clusters), documents), corpora)
    effect = rng.gamma(4.0, 1 / 4.0, (corpora, clusters))
    tallies = []
    for i, part in enumerate(parts):
        part["place"] = place
        factor = effect[part["corpus"].to_numpy(), place] * (ratio if i else 1.0)
        tallies.append(simulated_tallies(rng, part, {"negbin_1": (1.0, 2.0)}, factor))
    return pd.concat(parts, ignore_index=True), pd.concat(tallies, ignore_index=True)
