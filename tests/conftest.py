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


@pytest.fixture(scope="session")
def work_reports(shared, tmp_path_factory):
    """The work reports, fetched from the mirror into a folder of their own, and their parts."""
    from analysis.features import read_parts
    from analysis.sources import fetch

    home = tmp_path_factory.mktemp("home")
    (home / "corpus").mkdir()
    for name in ("sources.toml", "checksums", "work-reports", "lexicons"):
        (home / "corpus" / name).symlink_to(ROOT / "corpus" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIFA_HOME", str(home))
        return fetch("work-reports", mirror=shared / "mirror"), read_parts("work-reports")
