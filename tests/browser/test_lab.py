"""JupyterLab as a reader meets it: `make lab`, a notebook, Run All, in a real Chromium."""

import pytest
from playwright.sync_api import expect


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
def test_a_notebook_runs_to_its_end(page, run_all, screenshot, name, words):
    run_all(name)
    expect(page.locator(".jp-OutputArea-output", has_text=words)).to_be_visible(timeout=180_000)
    assert page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    screenshot(name[:2])


def test_frames_are_marked_in_the_text_and_constructed_is_said(page, run_all):
    run_all("00_read_one_statement.ipynb")
    marked = page.locator(".jp-RenderedHTMLCommon span", has_text="网络空间更加清朗").first
    expect(marked).to_be_attached(timeout=120_000)
    assert "underline" in marked.evaluate("e => getComputedStyle(e).textDecorationLine")
    expect(page.locator(".jp-RenderedHTMLCommon", has_text="Constructed text").first).to_be_attached()
