# The one door for people and CI. `make` alone runs what CI runs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
EXAMPLES := README.md docs api cli connectwise domain journal projections simulator telemetry workers

.DEFAULT_GOAL := help
.PHONY: help run story test check conformance torture bench lock format clean

help: ## Explain every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("PSA Ledger needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)

run: $(INSTALLED) ## Set up and start everything on embedded PostgreSQL, with a demo MSP
	@exec $(BIN)/psa-ledger up

story: $(INSTALLED) ## Drive the whole flow over HTTP against the running system
	@exec $(BIN)/psa-ledger story

test: $(INSTALLED) ## Set up and pass all quick tests
	@$(BIN)/python -m pytest -m "not long"

check: $(INSTALLED) ## Format, lint, types, imports, schema and documents; no tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -p no:cacheprovider --doctest-modules --doctest-glob='*.md' $(EXAMPLES)

format: $(INSTALLED) ## Rewrite the sources in the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

CONFORMANCE := $(VENV)/conformance
CLIENTS := tests/simulator/clients

conformance: $(INSTALLED) ## Run ConnectWise clients that nobody here wrote against the simulator
	@test -x $(CONFORMANCE)/bin/python || $(PYTHON) -m venv $(CONFORMANCE)
	@$(CONFORMANCE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(CLIENTS)/requirements.lock
	@cp $(CLIENTS)/package.json $(CLIENTS)/package-lock.json $(CLIENTS)/.npmrc $(CONFORMANCE)/
	@cd $(CONFORMANCE) && PATH="$$PWD/bin:$$PATH" npm ci --silent --ignore-scripts
	@PATH="$$PWD/$(CONFORMANCE)/bin:$$PATH" $(BIN)/python -m pytest -m long tests/simulator/test_independent_clients.py

STEPS ?= 2000
SEED ?= 0
torture: $(INSTALLED) ## Random histories, crashes and planted bugs at length (STEPS=, SEED=)
	@STEPS=$(STEPS) SEED=$(SEED) $(BIN)/python -m pytest -m "long or not long" tests/torture tests/model tests/syncing tests/cli/test_story.py \
	  tests/workers/test_every_fault.py

bench: $(INSTALLED) ## Measure every promise and print figure, limit and ratio
	@$(BIN)/python -m bench

lock: $(INSTALLED) ## Resolve the dependencies again, leaving out releases younger than a week
	@test -x $(VENV)/lock/bin/uv || $(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@$(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%d)" \
	  --group dev pyproject.toml -o requirements.lock

clean: ## Remove what was installed and the demo's data (stop `make run` first)
	@rm -rf $(VENV) .data
