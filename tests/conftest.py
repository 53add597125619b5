import os
from pathlib import Path

import matplotlib as mpl
import pytest

ROOT = Path(__file__).resolve().parents[1]
mpl.use("Agg")


@pytest.fixture(scope="session", autouse=True)
def _home():
    """Names resolve in this checkout, wherever the tests are started from."""
    os.environ["TIFA_HOME"] = str(ROOT)


@pytest.fixture(autouse=True)
def _no_open_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


@pytest.fixture(scope="session")
def shared():
    """Real corpora and samples beside the checkout; tests that want them skip without."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder ../shared with real corpora and samples")
    return folder
