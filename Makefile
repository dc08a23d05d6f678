# The one vocabulary of tasks: what people type, what the README says, what CI calls.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3
# Stages are started by DVC: they find this environment first on the path.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DO_NOT_TRACK := true
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
export UV_COMPILE_BYTECODE := 1
# A shell may forbid what makes imports three times as fast.
unexport PYTHONDONTWRITEBYTECODE

OUT ?= compositions
FORMAT ?= mid,png,wav

.PHONY: help repro data test test-long lint format compose serve bench bench-quality extras lock clean
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@echo "installing the locked requirements into $(VENV)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

repro: data ## Train, evaluate and register a model from the chorales; say what was made
	@$(BIN)/python -B -m kantor.service.pipeline dvc repro || { $(BIN)/python -B -m kantor.files; exit 1; }
	@$(BIN)/python -m kantor.registry

data: $(READY) ## Bring data/ to its pin: from a DVC remote, else from the music21 package
	@$(BIN)/kantor data

test: lint ## Lint, check types, run the tests but for the long ones
	@$(BIN)/pytest -m "not long"

test-long: $(READY) ## Run the long tests: pages in a real browser, kills, whole lines
	@$(BIN)/pytest -m long

lint: $(READY) ## Check style and types
	@$(BIN)/ruff check src pipelines flows tests benchmarks
	@$(BIN)/ruff format --check src pipelines flows tests benchmarks
	@$(BIN)/mypy

format: $(READY) ## Put the code into shape
	@$(BIN)/ruff check --fix src pipelines flows tests benchmarks
	@$(BIN)/ruff format src pipelines flows tests benchmarks

compose: $(READY) ## Harmonise melodies: make compose MELODY="a.mid b.musicxml" [OUT=folder] [FORMAT=mid,wav]
	@test -n "$(MELODY)" || { echo 'make compose: name a melody: make compose MELODY=tune.mid' >&2; exit 2; }
	@$(BIN)/kantor compose $(MELODY) --out $(OUT) --format $(FORMAT)

serve: $(READY) ## Run it all: Prefect, MLflow, the flows with their schedules, a front page
	@exec $(BIN)/python flows/serve.py

bench: $(READY) ## Measure speed, as ratios taken side by side
	@$(BIN)/python benchmarks/training.py
	@$(BIN)/python benchmarks/composing.py
	@$(BIN)/python benchmarks/starting.py

bench-quality: $(READY) ## Train the workshop's network and ours for equal times; compare them
	@$(BIN)/python benchmarks/quality.py

extras: $(READY) ## Install what several machines may need as well: drivers for S3 and PostgreSQL
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock -r requirements-extras.lock

lock: $(READY) ## Resolve the requirements anew: versions and hashes
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --group dev -o requirements.lock
	@grep -A99 '^uv==' requirements.lock | awk 'NR > 1 && /^[a-z]/ {exit} {print}' > requirements-uv.lock
	@# Of the extras only what the lock does not hold already, in versions that go with it.
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --group dev --all-extras -c requirements.lock | awk 'NR == FNR {if (/^[a-z]/) known[$$1]; next} /^[a-z]/ {new = !($$1 in known)} new' requirements.lock - > requirements-extras.lock

clean: ## Remove what was made: build, reports, compositions, caches (not data, models, environment)
	@rm -rf build reports compositions .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find src pipelines tests benchmarks flows -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
