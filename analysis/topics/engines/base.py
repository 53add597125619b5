"""The contract of a topic engine, and the list of those there are.

An engine is a function ``fit(matrix, n_topics, rng, **options)``. It is given CSR counts (units ×
features, int32) in which every unit and every feature has a token, the number of topics and a
random generator, and returns a `Fit`. Whatever its model is, it gives its topics as expected tokens,
so that all engines can be compared by one scorer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Fault, InputError, shown

__all__ = ["ENGINES", "PACKAGES", "Fit", "engine_options", "load_engine"]

#: Name → what it is, in a line.
ENGINES: Mapping[str, str] = {
    "nmf-kl": "factorisation with the Kullback-Leibler loss: the likeliest mixture of topics, no priors",
    "nmf": "factorisation of tf-idf weights with the Frobenius loss (scikit-learn)",
    "lda": "latent Dirichlet allocation, variational (scikit-learn)",
    "gibbs": "latent Dirichlet allocation, collapsed Gibbs sampling (tomotopy; extra `topics`)",
    "seeded": "nmf-kl with terms that keep a share of some topics",
}

#: The packages whose versions decide what an engine gives.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "nmf-kl": ("numpy", "scipy"),
    "nmf": ("numpy", "scipy", "scikit-learn"),
    "lda": ("numpy", "scipy", "scikit-learn"),
    "gibbs": ("tomotopy",),
    "seeded": ("numpy", "scipy"),
}


@dataclass(frozen=True, eq=False)
class Fit:
    """What an engine found.

    Attributes
    ----------
    tokens
        Topics × features, at least 0: the expected tokens of each feature in each topic.
    shares
        Units × topics, rows sum to 1.
    converged
        Whether the engine's own rule says that it is done; None where it has none (sampling).
    advice
        What to change if it has not.
    notes
        How it went: iterations and the like, plain values.
    """

    tokens: NDArray[np.float64]
    shares: NDArray[np.float64]
    converged: bool | None
    advice: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)


def load_engine(name: str) -> Callable[..., Fit]:
    """The function ``fit`` of the engine ``name``.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise InputError("fit_topics", [Fault("fit_topics", "engine", shown(name), ", ".join(ENGINES))])
    fit: Callable[..., Fit] = import_module(f"analysis.topics.engines.{name.replace('-', '_')}").fit
    return fit


def engine_options(name: str) -> dict[str, Any]:
    """The options of the engine ``name`` with their defaults.

    >>> engine_options("nmf-kl")
    {'iterations': 200, 'tolerance': 0.0001}
    """
    parameters = inspect.signature(load_engine(name)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
