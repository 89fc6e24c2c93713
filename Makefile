# The commands of interface: make run, make test, make lint, make bench, make docs.
PYTHON ?= python3
BIN := .venv/bin
BUILD_BIN := .build-venv/bin
PIP_FLAGS := --quiet --disable-pip-version-check --require-hashes
PIP_COMPILE := $(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes \
	--no-emit-index-url --no-emit-find-links
ASSETS := $(wildcard frontend/package.json frontend/package-lock.json frontend/*.mjs) \
	$(shell find frontend/src -type f 2>/dev/null)
MESSAGES := $(wildcard */locale/*/LC_MESSAGES/django.po)

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench docs install messages assets lock clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/.runtime messages assets ## central on :8000 and the province on :8001 with the demo world
	@$(BIN)/python -m povfund.run

test: install messages assets ## the whole test suite, browser journeys included
	@sh tests/tools/system_packages.sh
	@$(BIN)/python -m pytest $(ARGS)

lint: install messages ## ruff, mypy, import-linter, djlint, migrations, translations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@if [ -d templates ]; then $(BIN)/djlint templates --lint --quiet; fi
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python -m povfund.messages check

format: install ## rewrite sources in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: install messages assets ## figures and ratios against the floor of the same run
	@$(BIN)/python -m bench $(ARGS)

docs: install messages ## diagrams, permission table, OpenAPI file; fails if the committed ones are stale
	@$(BIN)/python -m povfund.docs $(ARGS)

install: .venv/.runtime .venv/.dev ## .venv with the pinned dependencies

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv .venv

.venv/.runtime: requirements/runtime.txt | .venv/bin/python
	@echo "Installing the pinned dependencies ..."
	@$(BIN)/pip install $(PIP_FLAGS) -r requirements/runtime.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime | .venv/bin/python
	@echo "Installing the tools for tests and linting ..."
	@$(BIN)/pip install $(PIP_FLAGS) -r requirements/dev.txt
	@touch $@

.build-venv/.stamp: requirements/build.txt
	@echo "Installing Node for the browser assets ..."
	@test -x $(BUILD_BIN)/python || $(PYTHON) -m venv .build-venv
	@$(BUILD_BIN)/pip install $(PIP_FLAGS) -r requirements/build.txt
	@touch $@

assets: $(if $(wildcard frontend/package.json),frontend/dist/.stamp) ## browser assets from frontend/

frontend/node_modules/.stamp: frontend/package.json frontend/package-lock.json .build-venv/.stamp
	@cd frontend && PATH="$(CURDIR)/$(BUILD_BIN):$$PATH" npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

frontend/dist/.stamp: $(ASSETS) frontend/node_modules/.stamp
	@echo "Building the browser assets ..."
	@cd frontend && PATH="$(CURDIR)/$(BUILD_BIN):$$PATH" npm run --silent --no-update-notifier build
	@touch $@

messages: var/.messages ## .mo files from the .po files, without gettext

var/.messages: $(MESSAGES) .venv/.runtime
	@$(BIN)/python -m povfund.messages compile
	@mkdir -p var && touch $@

lock: .venv/.dev ## pin the requirements anew
	@for name in runtime dev build; do \
		$(PIP_COMPILE) --upgrade -o requirements/$$name.txt requirements/$$name.in; done

clean: ## forget build results (data in var/ stays)
	@rm -rf .venv .build-venv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache
