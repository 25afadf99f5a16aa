# Two commands matter: `make run` and `make test`; both call `make setup`, which costs nothing twice.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV ?= .tools/bin/uv
BIN := .venv/bin
WORKERS ?= 2
# PYTEST: further options of pytest, such as PYTEST=--durations=25 in CI.
# SPARK=1 installs PySpark too, so that the Spark tests run; they need Java 17 as well.
# OCR=1 installs what reads scans; old Word files need LibreOffice on the machine.
SPARK_TOO := $(filter-out 0,$(SPARK))
OCR_TOO := $(filter-out 0,$(OCR))
EXTRAS := $(if $(SPARK_TOO),--extra spark) $(if $(OCR_TOO),--extra ocr)
STAMP := .venv/.stamp$(if $(SPARK_TOO),-spark)$(if $(OCR_TOO),-ocr)

# Where Python may keep no bytecode, each of the many processes of the tests compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test soak pythons bundle sbom audit fmt lint cases check bench screenshots clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) api/static/.stamp  ## install into .venv, build the pages' scripts and styles

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8,<1'

# One stamp at a time: with other extras than last time the environment is synced again.
$(STAMP): pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet --python $(PYTHON) $(EXTRAS)
	rm -f .venv/.stamp .venv/.stamp-*
	touch $@

# Scripts and styles of the pages: npm by lock file, bundled by esbuild, not committed.
api/static/.stamp: web/package-lock.json web/build.mjs $(wildcard web/src/*)
	cd web && npm ci --silent --no-audit --no-fund && node build.mjs
	touch $@

run: setup  ## start the service with demonstration accounts
	$(BIN)/admission serve --demo

# The identity provider that the login is tested against; only tests run it.
tests/oidc/node_modules/.stamp: tests/oidc/package-lock.json
	cd tests/oidc && npm ci --silent --no-audit --no-fund
	touch $@

# What generates clients from the contract; only the soak runs it.
tests/clients/.stamp: tests/clients/package-lock.json tests/clients/requirements.txt $(UV)
	cd tests/clients && npm ci --silent --no-audit --no-fund
	$(UV) venv --quiet --clear --python $(BIN)/python tests/clients/.venv
	$(UV) pip install --quiet --python tests/clients/.venv/bin/python -r tests/clients/requirements.txt
	touch $@

test: setup tests/oidc/node_modules/.stamp  ## every test but the longest; SPARK=1 with Spark, OCR=1 with scans
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(PYTEST)

# What takes long: every page in large type, the image, whole corpora, the guide, all random draws.
soak: setup tests/clients/.stamp  ## the longest tests
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m soak

# Not 3.13: durable-rules 2.0.28 calls what that Python no longer has (PyEval_CallObject).
# Not in CI, which has one Python: an environment for each is made beside .venv.
pythons: $(UV) api/static/.stamp  ## what a service rests on, under Python 3.11 and 3.12
	for python in 3.11 3.12; do \
	  UV_PROJECT_ENVIRONMENT=.venv-$$python $(UV) sync --frozen --quiet --python $$python && \
	  .venv-$$python/bin/pytest tests/values tests/reading tests/rulebook tests/judgement \
	    tests/engine/durable tests/api/database tests/api/commands/test_start.py || exit 1; done

bundle: setup  ## one archive to install from without network, for this machine; OPTIONS=--help
	$(BIN)/python -m scripts.bundle $(OPTIONS)

sbom: setup  ## a CycloneDX bill of materials, in dist/
	$(BIN)/python -m scripts.sbom

audit: setup  ## known vulnerabilities of what the service is made of; asks OSV and the npm registry
	$(BIN)/python -m scripts.audit $(OPTIONS)

fmt: setup  ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: setup  ## format, style, types and import layers, nothing changed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Five slips of Shijiazhuang's card change no answer: its floor is lower, and
# tests/cases/test_mutation.py names each of them.
# In Longchang three lines refer where a line above them refers already, and a share is never below 0 %.
cases: setup  ## check, test, cover and mutate the rulebook and every profile
	ls -d . profiles/* | xargs -P $(WORKERS) -I {} sh -c '\
	  $(BIN)/admission rules check {} && $(BIN)/admission rules test {} && \
	  $(BIN)/admission rules coverage {} --floor 1 && \
	  case {} in .) floor=0.995;; profiles/shijiazhuang) floor=0.92;; profiles/longchang) floor=0.97;; *) floor=0.99;; esac && \
	  $(BIN)/admission rules mutate {} --floor $$floor'

check: lint cases test soak  ## these four: what has to hold before a change lands

bench: setup  ## measure the engines side by side
	$(UV) sync --frozen --quiet --python $(PYTHON) $(EXTRAS) --group bench
	$(BIN)/python -m benchmarks.run

screenshots: setup  ## the pictures of the documents
	$(BIN)/python -m scripts.first_day

clean:  ## remove what was installed and built
	rm -rf .venv .tools dist web/node_modules tests/oidc/node_modules tests/clients/node_modules tests/clients/.venv tests/clients/.stamp api/static .pytest_cache .mypy_cache .ruff_cache .hypothesis
