# One command each. A fresh machine needs Python 3.11, pip and make; everything else is made here.
#
#   make demo        the whole service on this machine, until Ctrl-C
#   make demo-code   what the authenticator apps of the demo's staff show now
#   make demo-once   the same once, on free ports; exit status 0 only if the report reconciles
#   make test        lint, types and all tests, with the journeys in a real browser
#   make check       the quick part: lint, types, tests without a browser
#   make bench-staff the staff panel over a million customers: pages, searches, query plans (minutes)
#   make bench       measure what the design promises (docs/performance.md); ARGS="throughput": one of it
#   make chaos       campaigns while everything is killed; SEED=7 replays one
#   make leak-scan   live a customer's days, then search everything that is left behind
#   make fuzz        feed every parser with what nobody should send, for ten minutes
#   make lock        resolve the dependencies anew into requirements.lock

PYTHON ?= python3
VENV := .venv
# Programs are run as modules: their start-up scripts would break when the folder is moved.
RUN := $(VENV)/bin/python -m
READY := $(VENV)/.ready
PO := $(wildcard whatstr/translations/*/LC_MESSAGES/*.po whatstr/translations/*/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)
# Arguments for a single run, for instance: make demo ARGS="--port 8000"
ARGS ?=
# Tests wait as much as they work: three processes for two cores. A module stays on one of them, with
# servers and databases of its own; in the order of the folders, since the longest have few tests.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder

# uv does not read pip's settings: an index that was set for pip is passed on.
ifneq ($(strip $(PIP_INDEX_URL)),)
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of processes: where Python may not keep what it compiled, each compiles anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-code demo-once test check fast bench chaos leak-scan lint types env translations lock clean bench-staff
.DEFAULT_GOAL := demo
.DELETE_ON_ERROR:

demo: env
	@$(RUN) flask whatstr demo $(ARGS)

demo-code: env
	@$(RUN) flask whatstr demo-code $(ARGS)

demo-once: env
	@$(RUN) flask whatstr demo --once $(ARGS)

# The fast tests first, and beside them the types, which are work for one core. The browser has a run
# of its own: its driver keeps an event loop in the main thread. Without Chromium the rest still runs;
# under CI=true that is a failure.
test: env lint
	@$(MAKE) --no-print-directory -j 2 types fast
	@if $(RUN) whatstr.local.chromium; then $(RUN) pytest -m browser $(PARALLEL) $(ARGS); else \
	  $(RUN) whatstr.local.chromium --missing; [ "$$CI" != true ]; fi

check: env lint
	@$(MAKE) --no-print-directory -j 2 types fast

fast: $(READY)
	@$(RUN) pytest -m "not browser" $(PARALLEL) $(ARGS)

# A line of JSON for each (docs/performance.md); exit status 0 only when every bar is reached.
bench: env
	@$(RUN) benchmarks $(ARGS)

bench-staff: env
	@$(RUN) benchmarks.staff $(ARGS)

# Thirty seeds of up to 20,000 rows within ten minutes; a seed can be replayed. The last line is JSON;
# exit status 0 only when all were run, nobody was lost, reached twice or reached against their will,
# nothing is left unknown and every report is true.
SEED ?=
chaos: env
	@$(RUN) tests.chaos.run $(if $(SEED),--seed $(SEED)) $(ARGS)

# The last line is JSON; exit status 0 only when nothing is found. ARGS is the number of contacts.
leak-scan: env
	@$(RUN) tests.leaks.run $(ARGS)

# The last line is JSON; exit status 0 only without crash and hang. ARGS="--minutes 10 --seed 1"
fuzz: env
	@$(RUN) tests.fuzz.run $(ARGS)

lint: $(READY)
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .

types: $(READY)
	@$(RUN) mypy

env: $(READY)
	@$(MAKE) --no-print-directory translations

# Each step is skipped when its result is newer than what it is made from.
$(READY): requirements.lock requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "WhatsTR needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>/dev/null || echo missing)." \
	       "Install it, or name it: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { \
	  echo "WhatsTR needs pip for '$(PYTHON)' (on Debian: apt-get install python3-pip)." >&2; \
	  exit 1; }
	@$(VENV)/bin/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear --without-pip $(VENV)
	@echo "Preparing the environment in $(VENV) (once; about a minute) …"
	@$(PYTHON) -m pip --python $(VENV)/bin/python install --quiet --require-hashes \
	  --only-binary :all: --requirement requirements-uv.txt
	@$(VENV)/bin/uv pip sync --quiet --python $(VENV)/bin/python --require-hashes requirements.lock
	@touch $@

translations: $(MO)
	@:

%.mo: %.po
	@$(RUN) babel.messages.frontend --quiet compile --input-file $< --output-file $@.$$$$ \
	  --locale $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<))) && mv $@.$$$$ $@

lock: $(READY)
	@$(VENV)/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis $(MO)
