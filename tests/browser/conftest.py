"""JupyterLab, started by `make lab`, and a page of a real Chromium that has it open."""

import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def lab_options():
    """What `make lab` is told as well: nothing, or in a module with a fixture of its own, such as the folder to open."""
    return ""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, lab_options):
    """The address of a JupyterLab started by `make lab`."""
    home = tmp_path_factory.mktemp("jupyter")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "TIFA_FIGURES": str(home / "figures"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    options = "LAB=--no-browser --port=0 --ip=127.0.0.1 --allow-root --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"
    log = home / "log.txt"
    with log.open("w") as stream:
        process = subprocess.Popen(
            ["make", "-s", "lab", f"{options} {lab_options}"],
            cwd=ROOT,
            env=environment,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    found, deadline = None, time.monotonic() + 120
    while found is None and time.monotonic() < deadline:
        time.sleep(0.2)
        found = re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+", log.read_text())
        assert process.poll() is None, log.read_text()
    assert found, log.read_text()
    address = found[0]
    yield address
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def page(lab):
    if CHROMIUM is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(lab)
        page.wait_for_selector("#jp-main-dock-panel", timeout=90_000)
        yield page
        browser.close()


@pytest.fixture(scope="module")
def asked(page):
    """The addresses that the page asked for."""
    found = []
    page.on("request", lambda request: found.append(request.url))
    page.on("websocket", lambda socket: found.append(socket.url))
    return found


@pytest.fixture(scope="session")
def write_notebook():
    """Write a notebook of code cells."""

    def write(path, sources):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)

    return write


@pytest.fixture(scope="module")
def run_all(page, lab):
    """Open a notebook in a workspace of its own, where nothing else is open, and run it."""

    def run(name):
        page.goto(lab.replace("/lab?", f"/lab/workspaces/{uuid.uuid4().hex}/tree/{name}?"))
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.locator(".jp-NotebookPanel .jp-Toolbar", has_text="Python 3").wait_for(timeout=60_000)
        # A kernel that is still starting runs nothing, and says nothing.
        page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    return run


@pytest.fixture
def screenshot(page, tmp_path):
    """Keep what the page looks like in the folder TIFA_SCREENSHOTS, where that is set."""

    def take(name):
        page.screenshot(path=str(Path(os.environ.get("TIFA_SCREENSHOTS") or tmp_path) / f"{name}.png"))

    return take
