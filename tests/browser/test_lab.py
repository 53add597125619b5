"""JupyterLab as a reader meets it: `make lab`, a notebook, Run All, in a real Chromium."""

import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

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
def lab(tmp_path_factory):
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
            ["make", "-s", "lab", options],
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


def run_all(page, lab, name):
    """Open a notebook in a workspace of its own, where nothing else is open, and run it."""
    page.goto(lab.replace("/lab?", f"/lab/workspaces/{uuid.uuid4().hex}/tree/{name}?"))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.locator(".jp-NotebookPanel .jp-Toolbar", has_text="Python 3").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def test_the_contents_open_in_the_notebooks_folder(page):
    for name in ("00_read_one_statement.ipynb", "05_track_frames_over_time.ipynb"):
        expect(page.locator(".jp-DirListing-itemText", has_text=name)).to_be_visible(timeout=30_000)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("00_read_one_statement.ipynb", "Exercise 00.2: right."),
        ("02_segment_the_text.ipynb", "Exercise 02.3: right."),
        ("05_track_frames_over_time.ipynb", "Exercise 05.2: right."),
    ],
)
def test_a_notebook_runs_to_its_end(page, lab, name, words, tmp_path):
    run_all(page, lab, name)
    expect(page.locator(".jp-OutputArea-output", has_text=words)).to_be_visible(timeout=180_000)
    assert page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    target = os.environ.get("TIFA_SCREENSHOTS")
    page.screenshot(path=str(Path(target or tmp_path) / f"{name[:2]}.png"))


def test_frames_are_marked_in_the_text_and_constructed_is_said(page, lab):
    run_all(page, lab, "00_read_one_statement.ipynb")
    marked = page.locator(".jp-RenderedHTMLCommon span", has_text="网络空间更加清朗").first
    expect(marked).to_be_attached(timeout=120_000)
    assert "underline" in marked.evaluate("e => getComputedStyle(e).textDecorationLine")
    expect(page.locator(".jp-RenderedHTMLCommon", has_text="Constructed text").first).to_be_attached()
