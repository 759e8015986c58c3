# The one door for people and CI. `make` alone runs what CI runs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
EXAMPLES := README.md docs api cli connectwise domain journal projections simulator telemetry workers

.DEFAULT_GOAL := help
.PHONY: help run story test test-browser browser-speed screens browser panel panel-types check check-panel conformance torture servers machines hostile audit bench lock format clean

help: ## Explain every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("PSA Ledger needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)

# The panel: Node comes from a wheel, so that Python alone builds it; again when something in web/ is newer.
PANEL := api/panel_files/index.html
WITH_NODE := PATH="$$PWD/$(BIN):$$PATH"
PANEL_PACKAGES := web/node_modules/.package-lock.json

$(PANEL_PACKAGES): web/package-lock.json web/.npmrc | $(INSTALLED)
	@echo "installing the panel's packages …"
	@$(WITH_NODE) npm ci --prefix web --silent --ignore-scripts
	@touch $(PANEL_PACKAGES)

$(PANEL): $(PANEL_PACKAGES) $(shell find web -type f -not -path 'web/node_modules/*')
	@echo "building the panel …"
	@$(WITH_NODE) npm run --prefix web --silent build -- --logLevel warn

panel: $(INSTALLED) $(PANEL) ## Build the web panel, if something of it is newer than the last build

panel-types: $(INSTALLED) $(PANEL_PACKAGES) ## Print the types of the panel's operations again
	@$(BIN)/python -m api.schema
	@$(WITH_NODE) npm run --prefix web --silent generate

run: $(INSTALLED) $(PANEL) ## Set up and start everything on embedded PostgreSQL, with a demo MSP
	@exec $(BIN)/psa-ledger up

story: $(INSTALLED) ## Drive the whole flow over HTTP against the running system
	@exec $(BIN)/psa-ledger story

# Files stay whole, so that what a file sets up once is set up once; four at most, since each brings a PostgreSQL.
SPREAD := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# One process more than there are cores: a third of the quick tests' time is waiting, for the disk and for servers.
QUICKLY := --numprocesses $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))') --dist loadfile --no-loadscope-reorder
PIECEWISE := --numprocesses auto --maxprocesses 4 --dist worksteal
# A browser, an API, a worker and a PostgreSQL in each process: on two cores a third one makes it slower.
BROWSERS := --numprocesses 2 --dist worksteal

test: $(INSTALLED) $(PANEL) ## Set up and pass all quick tests
	@$(BIN)/python -m pytest -m "not long" --ignore=tests/web $(QUICKLY)

browser: ## Install the browser that the panel is tested with, from Debian's packages
	@command -v "$${CHROMIUM:-chromium}" > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium > /dev/null; }

test-browser: $(INSTALLED) $(PANEL) ## Use the panel in a browser, by mouse and by keyboard
	@$(BIN)/python -m pytest -m "not long" tests/web $(BROWSERS) --tracing retain-on-failure --screenshot only-on-failure --output .test-results

browser-speed: $(INSTALLED) $(PANEL) ## Measure how soon the panel's pages are there (wants a quiet machine)
	@$(BIN)/python -m pytest -m long tests/web

screens: $(INSTALLED) $(PANEL) ## Write pictures of every page to tests/web/screens, in both themes and three widths
	@$(BIN)/python -m pytest -q tests/web/screens.py

check-panel: $(INSTALLED) $(PANEL_PACKAGES) $(PANEL) ## The same for the web panel: format, lint, types, printed files, rules
	@$(WITH_NODE) npm run --prefix web --silent lint
	@$(WITH_NODE) npm run --prefix web --silent types
	@$(WITH_NODE) npm run --prefix web --silent generate -- --check
	@$(WITH_NODE) npm run --prefix web --silent test -- --test-reporter dot

check: $(INSTALLED) check-panel ## Format, lint, types, imports, schema and documents; no tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -p no:cacheprovider --doctest-modules --doctest-glob='*.md' $(EXAMPLES)

format: $(INSTALLED) $(PANEL_PACKAGES) ## Rewrite the sources in the one format
	@$(WITH_NODE) npm run --prefix web --silent format
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
	@STEPS=$(STEPS) SEED=$(SEED) $(BIN)/python -m pytest -m "long or tortured" $(PIECEWISE) tests/torture tests/model tests/syncing tests/cli/test_story.py \
	  tests/workers/test_every_fault.py tests/workers/test_every_number_is_proven.py tests/projections/test_as_of.py \
	  tests/cli/test_verifying_exports.py tests/api/test_nothing_of_others.py

# What `make test` runs too can be left out: KINDS=long.
KINDS ?= long or not long

SERVERS := redis-server rabbitmq-server prometheus iproute2
servers: ## Install the servers that the ledger is tested with, from Debian's packages
	@dpkg-query --show $(SERVERS) > /dev/null 2>&1 || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(SERVERS) > /dev/null; }

machines: $(INSTALLED) ## Alerts fired by their causes, every broker, standbys and hosts cut off (as root)
	@$(BIN)/python -m pytest -m "$(KINDS)" $(SPREAD) tests/monitoring tests/machines tests/workers/test_brokers.py

LOAD_SECONDS ?= 10
HOSTILE_INPUTS ?= 800
hostile: $(INSTALLED) ## The corpus, the role matrix, canaries, faults of our own side and load, at length (LOAD_SECONDS=, HOSTILE_INPUTS=)
	@LOAD_SECONDS=$(LOAD_SECONDS) HOSTILE_INPUTS=$(HOSTILE_INPUTS) $(BIN)/python -m pytest -m "$(KINDS)" tests/hostile

audit: $(INSTALLED) ## List licences, check the lock, and ask the public databases for known vulnerabilities (needs the internet)
	@$(BIN)/python -m tests.hostile.licences
	@$(BIN)/python -m pytest -q tests/hostile/test_supply_chain.py
	@test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit && \
	  $(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	@$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

bench: $(INSTALLED) ## Measure every promise and print figure, limit and ratio
	@$(BIN)/python -m bench

lock: $(INSTALLED) ## Resolve the dependencies again, leaving out releases younger than a week
	@test -x $(VENV)/lock/bin/uv || $(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@$(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%d)" \
	  --group dev pyproject.toml -o requirements.lock

clean: ## Remove what was installed and the demo's data (stop `make run` first)
	@rm -rf $(VENV) .data web/node_modules api/panel_files .test-results
