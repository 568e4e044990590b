# `make help` lists the targets; `make check test` is what CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MIGRATE := $(BIN)/migrate
PEERS := .bench
TOOLS := .tools

.DEFAULT_GOAL := help
.PHONY: help up psql gateway test unit check lint types imports pages declared fresh review golden generate bench bench-peers manifests dist sbom docs site format clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 13

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[embedded,dev]'
	@touch $(STAMP)

up: $(STAMP) ## Apply the gateway's schema to an embedded PostgreSQL in .migrate/
	@$(MIGRATE) up --embedded

psql: $(STAMP) ## Look inside the embedded PostgreSQL
	@$(MIGRATE) up --embedded --keep-running
	@$$($(BIN)/python -c 'from runner.server.binaries import find_binaries; print(find_binaries().folder)')/psql \
		"host=$(CURDIR)/.migrate/postgres user=postgres dbname=postgres"; \
		kill -INT $$(head -1 .migrate/postgres/postmaster.pid)

gateway: $(STAMP) ## Run the example gateway on an embedded PostgreSQL in .migrate/
	@$(BIN)/python -m examples.gateway

test: $(STAMP) ## Run all tests, on every PostgreSQL that is found
	$(BIN)/pytest -n 2 --dist worksteal

unit: $(STAMP) ## Run the tests that need no server
	$(BIN)/pytest tests/unit

check: lint types imports pages declared fresh review ## Lint, types, imports, pages, declared schema, client, our own review

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

pages: $(STAMP)
	$(BIN)/python -m docs.make --check

declared: $(STAMP)
	$(MIGRATE) verify --declared

fresh: $(STAMP)
	$(MIGRATE) generate --check

review: $(STAMP)
	@report=$$($(MIGRATE) review --all --fail-on warning) && echo "$$report" | tail -1 || { echo "$$report"; exit 1; }

generate: $(STAMP) ## Write the gateway's client anew
	$(MIGRATE) generate

golden: $(STAMP) ## Write the expected outputs of tests anew; review the difference
	GOLDEN=1 $(BIN)/pytest -q -p no:xdist tests/postgres/test_drift.py tests/postgres/test_drafts.py tests/postgres/test_client.py \
		tests/cli/test_tutorial.py

format: $(STAMP) ## Format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## Write the pages that are made from the code
	$(BIN)/python -m docs.make

site: $(STAMP) $(VENV)/.site ## Build the pages as a site in build/site
	@rm -rf build/site
	$(BIN)/python docs/website/pages.py build/pages
	$(BIN)/sphinx-build --quiet --fail-on-warning --fresh-env -c docs/website -d build/doctrees build/pages build/site
	@echo 'open build/site/index.html'

$(VENV)/.site: pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[site]'
	@touch $@

bench: $(STAMP) ## Measure, as ratios in one run, then beside the peers that are installed; only=WORKLOAD for one of those
	$(if $(only),,$(BIN)/python bench/bench.py)
	$(if $(filter-out client,$(only)),,$(BIN)/python bench/client.py)
	$(if $(filter-out store,$(only)),,$(BIN)/python bench/store.py)
	$(if $(filter-out fleet,$(only)),,$(BIN)/python bench/fleet.py)
	$(if $(filter client store fleet,$(only)),,$(BIN)/python bench/peers.py $(only))

bench-peers: $(PEERS)/.installed ## Install the peers into .bench/

$(PEERS)/.installed: bench/requirements.txt bench/package.json
	@mkdir -p $(PEERS) && cp bench/package.json $(PEERS)
	$(PYTHON) -m venv $(PEERS)/venv
	$(PEERS)/venv/bin/pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt \
		|| echo 'the Python tools could not be installed: they will be left out'
	npm install --prefix $(PEERS) --silent --no-package-lock --no-audit --no-fund --ignore-scripts \
		|| echo 'the Node tools and dbmate could not be installed: they will be left out'
	@touch $@

manifests: $(TOOLS)/deploy/.installed ## Hold the files of deploy/ and the Dockerfile against their schemas
	$(TOOLS)/deploy/bin/hadolint Dockerfile
	$(TOOLS)/deploy/bin/kubernetes-validate --strict deploy/kubernetes/*.yaml
	$(TOOLS)/deploy/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

dist: $(STAMP) ## Build wheel and sdist of the last commit, the same bytes each time, and print their sha256
	@$(BIN)/python release/dist.py

sbom: dist $(TOOLS)/release/.installed ## Write the CycloneDX bill of materials of the wheel
	@$(TOOLS)/release/bin/python release/sbom.py

$(TOOLS)/%/.installed: %/requirements.txt
	$(PYTHON) -m venv $(TOOLS)/$*
	$(TOOLS)/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

clean: ## Remove what make made, the embedded database too
	rm -rf $(VENV) $(PEERS) $(TOOLS) .migrate build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
