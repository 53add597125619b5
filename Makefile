# Two commands: `make figures`, then `make test`. PYTHON=… chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: help figures test lint lab verify student test-browser lock clean

help:
	@echo "make figures   run every notebook on the embedded corpora and write figures/"
	@echo "make test      run the tests (notebooks included)"
	@echo "make lab       open JupyterLab in notebooks/"
	@echo "make verify    rebuild every figure elsewhere and compare it with the one committed"
	@echo "make student   write the notebooks without their solutions into notebooks/student"
	@echo "make lint      ruff and mypy; make test-browser: JupyterLab in Chromium; make lock: a new requirements.lock"
	@echo "make clean     remove the environment and what was built"

$(READY): requirements.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "Tifa needs Python 3.11, 3.12 or 3.13, and there is no '$(PYTHON)' here: install it, or name yours with PYTHON=/path/to/python3.12."; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Tifa needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1): name another with PYTHON=/path/to/python3.12."; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "'$(PYTHON)' lacks venv or pip: install them (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	@echo "Making the environment in $(VENV) (once; a minute or two) …"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

figures: $(READY)
	@$(BIN)/tifa figures

test: $(READY)
	@$(BIN)/python -m pytest -q

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/mypy

lab: $(READY)
	@$(BIN)/jupyter lab --notebook-dir=notebooks $(LAB)

verify: $(READY)
	@$(BIN)/tifa verify

student: $(READY)
	@$(BIN)/tifa student

test-browser: $(READY)
	@$(BIN)/python -m pytest -q -o addopts="--strict-markers --import-mode=importlib -ra" tests/browser

# For maintainers: needs uv. No index address goes into the file. LOCK=--upgrade takes newer versions too.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra dev --extra ingest --extra topics \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header $(LOCK) -o requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis notebooks/student
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
