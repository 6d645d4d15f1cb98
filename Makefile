# Một Lần: everything starts here. `make help` lists the targets.
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
RUN := PYTHONPATH=. $(BIN)/python
MOTLAN := $(RUN) -m gateway
# also where the environment forbids it: without compiled modules each start of a command takes a second
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# the licences that DEPENDENCIES allow in the product: permissive ones and MPL-2.0
LICENCES := MIT;MIT License;MIT-0;BSD License;BSD-2-Clause;BSD-3-Clause;Apache Software License;Apache License 2.0;Apache-2.0;Python Software Foundation License;PSF-2.0;ISC;ISC License (ISCL);Mozilla Public License 2.0 (MPL 2.0);MPL-2.0
BENCH := $(if $(QUICK),--quick,)

.DEFAULT_GOAL := help
.PHONY: help demo test serve check schemas screenshots format licences chaos mutants bench replay lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

demo: $(VENV)/.base ## set up what is missing, start sandbox and gateway, show the main job, stop
	$(MOTLAN) demo

serve: $(VENV)/.base ## gateway and sandbox on fixed local ports, until Ctrl-C
	$(MOTLAN) serve --with-sandbox

test: $(VENV)/.dev ## set up what is missing, run all tests but the slow ones
	$(RUN) -m pytest -n 5 -m "not slow and not network" $(addprefix --ignore=,$(WITHOUT))

check: $(VENV)/.dev licences ## format, lint, types, import contracts, dependencies, licences, links, Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy gateway adapters tests
	PYTHONPATH=. $(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/hadolint Dockerfile
	$(RUN) -m pytest -q tests/architecture

schemas: $(VENV)/.dev ## export openapi.json and the configuration schemas from the code
	$(BIN)/python -m tests.architecture.export_schemas

screenshots: $(VENV)/.dev ## take the pictures of README from the running product; `make screenshots ONLY="start kit"` takes some
	$(RUN) -m tests.browser.screenshots $(ONLY)

format: $(VENV)/.dev ## rewrite the code as `make check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

licences: $(VENV)/.dev
	@$(BIN)/pip-licenses --from=mixed --partial-match --allow-only="$(LICENCES)" --format=csv \
	  --packages $$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/\1/p' requirements/base.txt requirements/postgres.txt requirements/tsa.txt requirements/pades.txt | sort -u) >/dev/null \
	  && echo "licences: all in the allow-list"

chaos: $(VENV)/.dev ## the long fault runs (minutes)
	$(RUN) -m pytest -n 3 -m "slow and not network" --no-header $$(grep -rlF mark.slow tests --include='test_*.py')

mutants: $(VENV)/.dev ## break one line after another, the tests must notice; `make mutants QUICK=12` takes so many by chance
	$(RUN) -m tests.mutants $(if $(QUICK),--quick $(QUICK),)

bench: $(VENV)/.dev ## the measurements; `make bench QUICK=1` stays under a minute
	@if command -v npm >/dev/null && [ ! -d tests/bench/peers/node/node_modules ]; then \
	  npm install --prefix tests/bench/peers/node --no-audit --no-fund --no-package-lock --silent || true; fi
	$(RUN) -m tests.bench.run $(BENCH)
	@if [ -z "$(QUICK)" ]; then $(RUN) -m tests.bench.promises && $(RUN) -m tests.bench.tokens && $(RUN) -m tests.bench.relay && $(RUN) -m tests.bench.logins && $(RUN) -m tests.bench.logins --store valkey && $(RUN) -m tests.bench.streams && $(RUN) -m tests.bench.pages; fi

replay: $(VENV)/.dev ## the answers of the release before, byte for byte, and both side by side; `make replay BASE=<commit>` compares with another
	$(RUN) -m tests.replay $(if $(BASE),--base $(BASE),)
	$(RUN) -m tests.replay.side_by_side $(BASE)

lock: $(VENV)/.dev ## resolve requirements/*.in again (needs the `uv` command)
	cd requirements && \
	lock="uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --python-version 3.11 --no-header --no-annotate --quiet" && \
	$$lock base.in -o base.txt && \
	$$lock -c base.txt base.in postgres.in -o postgres.txt && \
	$$lock -c postgres.txt base.in tsa.in -o tsa.txt && \
	$$lock -c postgres.txt base.in pades.in -o pades.txt && \
	$$lock -c postgres.txt -c tsa.txt -c pades.txt base.in postgres.in tsa.in pades.in dev.in -o dev.txt && \
	$$lock -c dev.txt build.in -o build.txt

clean: ## remove what the other targets made
	rm -rf $(VENV) .state artefacts build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache tests/bench/peers/node/node_modules tests/interop/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is new enough makes the environment; the stamps make the second run fast.
$(BIN)/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if command -v $$python >/dev/null && $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then chosen=$$python; break; fi; done; \
	if [ -z "$$chosen" ]; then echo "Python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)" >&2; exit 2; fi; \
	if ! $$chosen -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$chosen cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; fi; \
	echo "setting up $(VENV) with $$($$chosen --version)" && $$chosen -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "the environment could not be made; on Debian: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.base: requirements/base.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "installing what the gateway needs (once)"
	@$(PIP) --require-hashes -r requirements/base.txt
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "installing what tests and checks need (once)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
