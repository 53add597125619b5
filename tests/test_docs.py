"""The pages of docs/: every example that they show is run."""

import doctest
import warnings
from pathlib import Path

import pytest

from analysis.errors import TifaWarning

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_give_what_they_show(page):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TifaWarning)  # examples of what is not found
        failed, tried = doctest.testfile(
            str(page), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS
        )
    assert failed == 0
    assert tried or ">>>" not in page.read_text(encoding="utf-8")
