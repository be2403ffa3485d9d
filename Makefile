# Each target does all its own set-up in .venv, from the pinned constraints, and is quick the second time.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
DEMO_ARGS ?=

.PHONY: help demo test check bench docs clean

help: ## Show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/.base ## A whole Slack in your browser, with the bot in it
	@$(BIN)/llm-copilot demo $(DEMO_ARGS)

test: $(VENV)/.dev ## Run every test (those on PostgreSQL too, where one answers)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

check: $(VENV)/.dev ## Lint, types, import rules, docs
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/llm-copilot docs check && $(BIN)/llm-copilot manifest check && $(BIN)/llm-copilot check config

bench: $(VENV)/.bench ## Measure, beside a peer or a limit in the same run (BENCH_DATA=… names the public data sets)
	@$(BIN)/python -m tests.benchmarks

docs: $(VENV)/.dev ## Write the generated reference anew
	@$(BIN)/llm-copilot docs build

$(VENV)/.bench: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@

clean: ## Remove what the targets made
	rm -rf $(VENV) .demo build *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A pip that says nothing for a minute looks like one that hangs, so each says what it is about.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "llm-copilot needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the bot (about half a minute, once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the bot and what tests it (about a minute, once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.base
