# Two commands for users (demo, test) and one for developers (check); each makes the environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REPORT ?= demo
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Libraries whose rows the tests run for real, without what they require: torchvision would bring its own torch with
# CUDA. Their compiled operators may not fit the torch that is there; tests/torchvision_shim.py gets along without.
ALONE := torchvision timm kornia kornia_rs
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

.PHONY: demo test check lint clean

demo: $(VENV)/.runtime
	$(BIN)/difflint demo --report $(REPORT)

test: $(VENV)/.test
	$(PYTEST) $(ARGS)

check: $(VENV)/.dev lint
	$(PYTEST) $(ARGS)

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
	$(if $(filter-out runtime,$(EXTRA)),$(PIP) --no-deps $(ALONE))
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
