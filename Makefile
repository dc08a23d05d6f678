# The one vocabulary of tasks: what people type, what the README says, what CI calls.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
CODE := src pipelines flows tests benchmarks notebooks
STUDIO := src/kantor/studio
READY := $(VENV)/.ready
PYTHON ?= python3
# Where the environment was made. A clone that was moved or copied does not use the other place's.
MADE_IN := $(file <$(READY))
ifneq ($(MADE_IN),$(CURDIR))
MOVED := $(MADE_IN)
endif
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
# To the shell as they are typed: make expands nothing in them, and the shell runs nothing.
export COMPOSE_MELODY := $(value MELODY)
export COMPOSE_OUT := $(value OUT)
export COMPOSE_FORMAT := $(value FORMAT)
unexport MELODY OUT FORMAT
override STYLE := $(value STYLE)
export STYLE

.PHONY: help repro style register data hands-on hands-on-pages test test-short test-long lint vendor pictures format compose gallery studio serve bench bench-quality extras lock clean
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What must be there before anything is installed.
ground:
	@command -v git >/dev/null || { echo "make: git is missing; on Debian: sudo apt install git" >&2; exit 1; }
	@test -e .git || { echo "make: no .git here, and DVC needs one: clone the repository instead of unpacking a download, or run this first: git init && git add . && git commit -m Begin" >&2; exit 1; }
	@test -x $(BIN)/python || command -v "$(PYTHON)" >/dev/null || { echo "make: $(PYTHON) is missing; on Debian: sudo apt install python3 python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "make: $$("$(PYTHON)" --version) is not 3.11 to 3.13; name another: make repro PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) has no venv; on Debian: sudo apt install python3-venv" >&2; exit 1; }

# Scripts of a relocatable environment find it from where they stand; the rest is made anew.
$(READY): requirements.lock requirements-uv.lock pyproject.toml $(if $(MOVED),ground) | ground
	@$(if $(MOVED),echo "$(VENV) was made in $$(cat $@); mending it for this place")
	@grep -qsx 'relocatable = true' $(VENV)/pyvenv.cfg && $(BIN)/python -c '' 2>/dev/null || rm -rf $(VENV)
	@if test -x $(BIN)/python; then $(BIN)/python -m venv --without-pip $(VENV); else "$(PYTHON)" -m venv $(VENV); fi
	@echo 'relocatable = true' >> $(VENV)/pyvenv.cfg
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$(realpath "$$0")")/python" -m pip "$$@"' | tee $(BIN)/pip > $(BIN)/pip3
	@rm -f $(BIN)/pip3.*
	@echo "installing the locked requirements into $(VENV)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@# A path from where the file lies can be read in every locale, and wherever the repository is.
	@for path in $(VENV)/lib/python3*/site-packages/*kantor.pth; do echo ../../../../src > "$$path"; done
	@test ! -s mlflow.db || $(BIN)/python -m kantor.registry relocate
	@pwd -P > $@

repro: data ## Train, evaluate and register a model from the chorales; say what was made
	@$(BIN)/python -B -m kantor.service.pipeline dvc repro || { $(BIN)/python -B -m kantor.files; exit 1; }
	@$(BIN)/python -m kantor.registry
	@$(BIN)/python -m kantor.service.git_changes

style: $(READY) ## Make the model of a style: make style STYLE=classical (or palestrina, pop, rock, jazz)
	@$(BIN)/kantor data --style "$$STYLE"
	@$(BIN)/python -B -m kantor.service.pipeline --style "$$STYLE" || { $(BIN)/python -B -m kantor.files; exit 1; }
	@$(BIN)/python -m kantor.registry style "$$STYLE"
	@$(BIN)/python -m kantor.service.git_changes

register: $(READY) ## Register what is built as the challenger: make register [EXPERIMENT=name]
	@$(BIN)/python -B -m kantor.service.pipeline sh -c '{ test -z "$$EXPERIMENT" || dvc exp apply "$$EXPERIMENT"; } && dvc repro evaluate && dvc repro -fs register'
	@$(BIN)/python -m kantor.registry
	@$(BIN)/python -m kantor.service.git_changes

data: $(READY) ## Bring data/ to its pin: from a DVC remote, else from the music21 package
	@$(BIN)/kantor data

# A sync of the environment takes the extra away again. Nothing of JupyterLab's asks another site.
JUPYTER = $(BIN)/jupyter-lab
$(JUPYTER): $(READY)
	@echo "installing JupyterLab into $(VENV)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock -r requirements-hands-on.lock
	@touch $@

hands-on: data $(JUPYTER) ## Open the lessons in JupyterLab: from a melody to a model of your own
	@$(BIN)/jupytext --quiet --sync --set-kernel python3 notebooks/[0-9]*.py
	@JUPYTER_CONFIG_PATH=notebooks/jupyter exec $(BIN)/jupyter-lab

hands-on-pages: $(READY) ## Run the lessons and write docs/hands-on anew: all, or LESSONS="02_game_of_two"
	@$(BIN)/python notebooks/render.py $(LESSONS)

# Checking types keeps one core busy for a minute: the tests need not wait for it.
test: $(READY) ## Lint, check types, run the tests but for the long ones
	@$(MAKE) --no-print-directory --old-file=$(READY) --jobs 2 lint test-short
	@command -v chromium chromium-browser >/dev/null || echo "no Chromium here: the tests of pages in a browser are left out, in make test-long too"

test-short: $(READY) ## Run the tests but for the long ones, without lint
	@$(BIN)/pytest -m "not long" --numprocesses 2 --dist worksteal

# Real programs and pages on a busy machine: what failed may try once more, by itself.
TWICE = $(BIN)/pytest -m long --timeout 900 $(1) || { test $$? = 1 && echo "once more: what failed" && $(BIN)/pytest -m long --timeout 900 $(1) --last-failed --last-failed-no-failures none; }

test-long: $(READY) ## Run the long tests: pages in a real browser, kills, whole lines
	@$(call TWICE,--ignore tests/browser --numprocesses 2 --dist worksteal)
	@$(call TWICE,tests/browser)

lint: $(READY) ## Check style and types (of Studio's page where npm is there)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy
	@if command -v npm >/dev/null; then \
	  test -x $(STUDIO)/node_modules/.bin/tsc || npm --prefix $(STUDIO) ci --silent --no-audit --no-fund || exit 1; \
	  $(STUDIO)/node_modules/.bin/tsc -p $(STUDIO)/jsconfig.json; \
	else echo "no npm: the types of Studio's page were not checked"; fi

vendor: $(READY) ## Bring Studio's third-party scripts to the versions in its package.json
	@npm --prefix $(STUDIO) install --silent --no-audit --no-fund
	@$(BIN)/python tests/studio/vendor.py

pictures: $(READY) ## Make the pictures of docs/studio.md anew, with the champion
	@$(BIN)/kantor studio --no-browser --port 8499 & studio=$$!; \
	KANTOR_TEST_BROWSER=1 KANTOR_STUDIO=http://localhost:8499 KANTOR_PICTURES=docs/studio \
	$(BIN)/pytest tests/browser/test_pictures.py; code=$$?; kill $$studio; exit $$code

format: $(READY) ## Put the code into shape
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

compose: $(READY) ## Harmonise melodies: make compose MELODY="a.mid b.musicxml" [OUT=folder] [FORMAT=mid,wav]
	@test -n "$$COMPOSE_MELODY" || { echo 'make compose: name a melody: make compose MELODY=tune.mid' >&2; exit 2; }
	@set -- $$COMPOSE_MELODY; test ! -e "$$COMPOSE_MELODY" || set -- "$$COMPOSE_MELODY"; \
	for name in "$$@"; do test -e "$$name" || { printf 'make compose: no file %s; one name with spaces stands alone, as in MELODY="my song.mid"; for several use kantor compose "my song.mid" "b.mid"\n' "$$name" >&2; exit 2; }; done; \
	$(BIN)/kantor compose --out "$$COMPOSE_OUT" $${COMPOSE_FORMAT:+--format "$$COMPOSE_FORMAT"} -- "$$@"

gallery: $(READY) ## The same six melodies in every style that was made, on one page to hear
	@$(BIN)/kantor gallery

studio: $(READY) ## Open Studio in the browser: play a melody, hear it harmonised
	@exec $(BIN)/kantor studio

serve: $(READY) ## Run it all: Studio, Prefect, MLflow, the flows with their schedules
	@exec $(BIN)/python flows/serve.py

bench: $(READY) ## Measure speed, as ratios taken side by side
	@$(BIN)/python benchmarks/training.py
	@$(BIN)/python benchmarks/composing.py
	@$(BIN)/python benchmarks/starting.py

bench-quality: $(READY) ## Train the workshop's network and ours for equal times; compare them
	@$(BIN)/python benchmarks/quality.py

extras: $(READY) ## Install what several machines may need as well: drivers for S3 and PostgreSQL
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock -r requirements-extras.lock

# Each lock of an extra holds what the first lock does not, in versions that go with it.
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --group dev
BESIDE = awk 'NR == FNR {if (/^[a-z]/) known[$$1]; next} /^[a-z]/ {new = !($$1 in known)} new' requirements.lock -

lock: $(READY) ## Resolve the requirements anew: versions and hashes
	@$(COMPILE) --extra full -o requirements.lock
	@grep -A99 '^uv==' requirements.lock | awk 'NR > 1 && /^[a-z]/ {exit} {print}' > requirements-uv.lock
	@$(COMPILE) --extra full --extra dask --extra postgres --extra s3 -c requirements.lock | $(BESIDE) > requirements-extras.lock
	@$(COMPILE) --extra full --extra hands-on -c requirements.lock | $(BESIDE) > requirements-hands-on.lock

clean: ## Remove what was made: build, reports, compositions, caches (not data, models, environment)
	@git clean -qfdX -- reports  # but for what is in git
	@rm -rf build compositions .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find src pipelines tests benchmarks flows notebooks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
