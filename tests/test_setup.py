"""What a fresh machine reads first: requirements, environment, Makefile, README."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from rattler import MatchSpec

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def declared():
    return {r.name.lower(): r.specifier for r in map(Requirement, PROJECT["dependencies"])}


def test_environment_has_the_packages_and_bounds_of_the_project():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = [d for d in dependencies if isinstance(d, str)]
    pip = next(d["pip"] for d in dependencies if isinstance(d, dict))
    specs = {s.split()[0].lower(): s for s in conda}
    found = {
        name: Requirement(spec.replace(" ", "", 1)).specifier
        for name, spec in specs.items()
        if name not in ("python", "pip")
    }
    found |= {r.name.lower(): r.specifier for r in (Requirement(p) for p in pip if not p.startswith("-"))}
    assert found == declared()
    assert specs["python"] == f"python {PROJECT['requires-python']}"
    assert pip[-1] == "--editable ."
    for spec in conda:
        assert MatchSpec(spec).name is not None


def test_the_lock_pins_every_requirement_by_hash_and_names_no_index():
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry
    assert "://" not in LOCK
    assert "index-url" not in LOCK
    pinned = {re.match(r"[a-z0-9._-]+", e)[0] for e in entries}
    extras = [
        Requirement(r).name.lower()
        for extra in ("dev", "ingest", "topics")
        for r in PROJECT["optional-dependencies"][extra]
    ]
    assert {*declared(), *extras} <= {p.replace("_", "-") for p in pinned}
    for entry in entries:
        name, version = re.match(r"([a-z0-9._-]+)==([^\s;\\]+)", entry).groups()
        if name in declared():
            assert declared()[name].contains(version), entry.splitlines()[0]


def test_extras_are_those_of_the_design():
    assert set(PROJECT["optional-dependencies"]) == {"topics", "ingest", "lac", "scale", "site", "dev"}


@pytest.mark.parametrize("python", ["no-such-python", "/bin/false"])
def test_a_wrong_python_gets_one_sentence(python, tmp_path):
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    result = subprocess.run(
        ["make", "-s", "figures", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "Tifa needs Python 3.11, 3.12 or 3.13" in result.stdout
    assert not (tmp_path / ".venv").exists()


def test_the_readme_prints_what_it_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) == readme.count("```python") == 3
    for code, output in blocks:
        result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert [line.rstrip() for line in result.stdout.splitlines()] == [line.rstrip() for line in output.splitlines()]
        assert len([line for line in code.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "corpus/README.md",
        "corpus/work-reports/README.md",
        "corpus/demo/TRUTH.md",
        "figures/README.md",
        "CHANGELOG.md",
        "docs/queries.md",
        "docs/conventions.md",
    ],
)
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_nothing_of_this_machine_is_in_the_project():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    hosts = "|".join(h.replace(".", r"\.") for h in ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.com"))
    for name in listed:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".yml", ".ipynb", ".lock", ".cff", "") and path.is_file():
            assert not re.search(hosts, path.read_text(encoding="utf-8", errors="replace")), name
