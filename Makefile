# Two commands for users (demo, test) and one for developers (check); each makes the environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REPORT ?= demo
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check lint clean

demo: $(VENV)/.runtime
	$(BIN)/difflint demo --report $(REPORT)

test: $(VENV)/.test
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev lint
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(REPORT) dist

# One stamp for each extra: pip runs again only when what it installs from has changed.
$(VENV)/.runtime: EXTRA = runtime
$(VENV)/.test: EXTRA = test
$(VENV)/.dev: EXTRA = dev
$(VENV)/.runtime $(VENV)/.test $(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable ".[$(EXTRA)]"
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
