# Patron: `make run` serves it with demo data, `make test` tests it. `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8000
BIN = .venv/bin
PIP = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet
DEVELOPMENT = PATRON_ENV=$${PATRON_ENV:-development} PATRON_PORT=$(PORT)
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

.DEFAULT_GOAL = help
.PHONY: help run test lint audit chromium benchmark format migration lock clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
		printf 'make %-10s %s\n' "$$name" "$$what"; done

run: .venv/.installed ## serve with demo data on PORT (8000); Ctrl-C stops everything
	@$(DEVELOPMENT) $(BIN)/patron demo --if-empty
	@$(DEVELOPMENT) exec $(BIN)/patron serve

test: .venv/.tests-installed lint chromium ## check the code, run all tests, look for known holes in libraries
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
	@$(MAKE) --no-print-directory audit

lint: .venv/.tests-installed ## check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy app tables

# Fails for a known hole, not for a machine that cannot reach the list of holes.
audit: .venv/.tests-installed ## look for known holes in the locked libraries
	@said=$$($(BIN)/pip-audit --progress-spinner off --timeout 15 --disable-pip --require-hashes \
		-r requirements.txt -r requirements-dev.txt 2>&1); status=$$?; \
	unknown=$$(echo "$$said" | grep -c 'could not be audited'); \
	if [ $$status -eq 0 ]; then echo "No known holes in the locked libraries ($$unknown could not be looked up)."; \
	elif echo "$$said" | grep -q '^Found .* known vulnerabilit'; then echo "$$said"; exit 1; \
	else echo "The list of known holes cannot be reached from here: not looked."; fi

# Debian has Chromium also without the window around the page: the browser tests take far less time in it.
chromium: .venv/.tests-installed
	@found() { for name; do "$$name" --version >/dev/null 2>&1 && return 0; done; return 1; }; \
	found_any() { found chromium chromium-browser google-chrome || \
		ls "$${PLAYWRIGHT_BROWSERS_PATH:-$$HOME/.cache/ms-playwright}"/chromium* >/dev/null 2>&1; }; \
	apt() { timeout 120 apt-get -o Acquire::Retries=0 -o Acquire::http::Timeout=5 -o Acquire::https::Timeout=5 \
		"$$@" >/dev/null 2>&1; }; \
	get() { apt install --yes --no-install-recommends $$1; }; \
	found chromium-headless-shell && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests …"; \
		get chromium-headless-shell && exit 0; \
		apt update && get chromium-headless-shell && exit 0; \
		found_any || get chromium; fi; \
	found_any && exit 0; $(BIN)/playwright install chromium >/dev/null 2>&1; \
	found_any && exit 0; echo "The browser tests need Chromium, which could not be installed: install it and try again."; exit 1

benchmark: .venv/.tests-installed ## measure speed and memory against the promises
	@$(BIN)/python -m tests.benchmarks $(GROWTH)

format: .venv/.tests-installed ## put the code into its usual form
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

migration: .venv/.installed ## write a migration from changed tables: make migration WHAT="add wish lists"
	@test -n "$(WHAT)" || { echo 'Say what it does: make migration WHAT="add wish lists"'; exit 1; }
	@PICCOLO_CONF=tables.piccolo_conf $(BIN)/piccolo migrations new patron --auto --desc="$(WHAT)"
	@echo "Rename the new file in tables/migrations to patron_<date>_<what it does>.py; its ID stays."

lock: .venv/.installed ## choose the newest allowed versions of all libraries
	@$(PIP) uv
	@$(COMPILE) --upgrade pyproject.toml -o requirements.txt
	@$(COMPILE) --upgrade --group test -c requirements.txt -o requirements-dev.txt

clean: ## remove what was installed; the data folder stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Patron needs Python 3.11 or newer; name one by: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu install python3-venv,"; \
		echo "or name another Python by: make PYTHON=python3.12"; exit 1; }

.venv/.installed: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing …"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.tests-installed: requirements-dev.txt .venv/.installed
	@echo "Installing what the tests need …"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@
