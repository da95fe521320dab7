# Filegraph. `make help` lists what there is.

# The first Python on PATH that is new enough.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
#= PORT=8000         run: the port to listen on
PORT   ?= 8000
#= NAME=             bench: one measurement alone
NAME   ?=
#= SIZE=short        bench: short or full
SIZE   ?= short
#= STACK=            demo: embedded, or production (PostgreSQL, S3, OpenFGA, two processes, nginx)
STACK  ?=
#= ARGS=             test-sqlite, test-postgresql, demo, bench: more arguments, such as ARGS="tests/schema -x",
#=                   for demo ARGS="--small --big 64M": a part of the files, and a big one of 64M instead of 1G
ARGS   ?=
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed-$(shell cat requirements/dev.txt pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
SAY    := @printf '\033[1m%s\033[0m\n'

.DEFAULT_GOAL := help
.SILENT:
.PHONY: help venv run test test-sqlite test-postgresql test-stack demo bench lint types imports format schema docs pins clean

help: ## List the targets and their arguments
	awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	printf '\nArguments, as in "make run PORT=9000", with what they are when left out:\n\n'
	awk '/^#= / { sub(/^#= /, "  "); print }' $(MAKEFILE_LIST)

venv: $(STAMP) ## Install everything into .venv, with hashes checked

$(STAMP): requirements/dev.txt pyproject.toml
	$(SAY) "Installing the pinned requirements into $(VENV): two or three minutes, once ..."
	test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	rm -f $(VENV)/.installed-*
	touch $@

run: $(STAMP) ## Prepare ./var if needed and run the server (PORT=); the first time installs, for minutes
	$(BIN)/filegraph setup --quiet
	$(BIN)/filegraph serve --port $(PORT)

test: $(STAMP) format-check lint types imports test-sqlite test-postgresql test-stack ## Everything that must pass before a change goes in
	$(SAY) "All is well."

.PHONY: format-check
format-check: $(STAMP)
	$(SAY) "Checking the format ..."
	$(BIN)/ruff format --check --quiet . || { echo "Run: make format"; exit 1; }

test-sqlite: $(STAMP) ## The tests on SQLite
	$(BIN)/python -m tests.components.openfga || test "$$CI" != true
	$(SAY) "Testing on SQLite ..."
	FILEGRAPH_TEST_DATABASE=sqlite $(BIN)/pytest -q -n 2 -m "not alone" $(ARGS)

test-postgresql: $(STAMP) ## The tests on PostgreSQL (needs its programs: Debian postgresql)
	if $(BIN)/python -m tests.components.postgresql; then \
		printf '\033[1m%s\033[0m\n' "Testing on PostgreSQL ..."; \
		FILEGRAPH_TEST_DATABASE=postgresql $(BIN)/pytest -q -n 2 -m "not alone" $(ARGS); \
	elif [ "$$CI" = true ]; then \
		exit 1; \
	fi

test-stack: $(STAMP) ## The tests of the whole production stack, which have the machine for themselves
	if $(BIN)/python -m tests.components.postgresql; then \
		printf '\033[1m%s\033[0m\n' "Testing the production stack ..."; \
		FILEGRAPH_TEST_DATABASE=postgresql $(BIN)/pytest -q -m alone $(ARGS) tests/e2e/test_production_stack.py; \
	elif [ "$$CI" = true ]; then \
		exit 1; \
	fi

demo: $(STAMP) ## Upload, list, share and download real files through a real server (STACK=)
	STACK=$(STACK) $(BIN)/python -m scripts.demo $(ARGS)

bench: $(STAMP) ## Measure against nginx and hand-written code (NAME=, SIZE=short|full)
	$(BIN)/python -m benchmarks $(if $(NAME),--name $(NAME)) --size $(SIZE) $(ARGS)

lint: $(STAMP) ## Look for mistakes
	$(SAY) "Linting ..."
	$(BIN)/ruff check --quiet .

types: $(STAMP) ## Check all types
	$(SAY) "Checking types ..."
	$(BIN)/mypy --no-error-summary

imports: $(STAMP) ## Check that imports only go down
	$(SAY) "Checking imports ..."
	$(BIN)/lint-imports --no-cache >$(VENV)/import-report 2>&1 || { cat $(VENV)/import-report; exit 1; }

format: $(STAMP) ## Format the code and mend what can be mended
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format --quiet .

schema: $(STAMP) ## Write schema.graphql anew
	$(BIN)/filegraph schema > schema.graphql.new && mv schema.graphql.new schema.graphql

docs: $(STAMP) ## Write the generated pages of docs/ anew
	$(BIN)/filegraph settings > settings.md.new && mv settings.md.new docs/reference/settings.md
	$(BIN)/python -m scripts.error_pages
	$(BIN)/python -m scripts.command_pages

pins: $(STAMP) ## Compile requirements/*.in to pinned, hashed *.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	for name in base dev; do \
		$(BIN)/uv pip compile --quiet --no-emit-index-url --generate-hashes --universal --python-version 3.11 \
			--custom-compile-command "make pins" -o requirements/$$name.txt requirements/$$name.in; \
	done

clean: ## Remove caches and the virtual environment (never ./var)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
