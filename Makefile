# Two commands matter: `make run` and `make test`. Both call `make setup`, which costs nothing twice.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV ?= .tools/bin/uv
BIN := .venv/bin
WORKERS ?= 2

.PHONY: setup run test lint cases check bench schema clean

setup: .venv/.stamp

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8,<1'

.venv/.stamp: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet --python $(PYTHON)
	touch $@

run: setup
	$(BIN)/admission serve

test: setup
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

cases: setup
	$(BIN)/admission rules check
	$(BIN)/admission rules test

check: lint cases test

bench: setup
	$(UV) sync --frozen --quiet --python $(PYTHON) --group bench
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf .venv .tools dist node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
