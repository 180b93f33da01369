# `make` prints what there is. Every target can be run on a fresh clone.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SEEDS  ?= 0
JOBS   ?= 2
WORKERS ?= 1
# Where the sha256 of every file is known, pip takes no other one.
PLATFORM := $(shell uname -sm)
ifeq ($(PLATFORM),Linux x86_64)
LOCK := --no-deps --require-hashes -r requirements-hashed.txt
else
LOCK := -r requirements.txt
endif

# The versions that LatentQ runs on, as in pyproject.toml.
VERSIONS := 3.11 3.12
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
# A .venv that does not run, or not with the PYTHON that is asked for, is made anew.
ifneq ($(wildcard $(READY)),)
HAS := $(shell $(BIN)/python -c '$(VERSION)' 2>/dev/null)
ifeq ($(origin PYTHON),command line)
WANTED := $(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null)
else
WANTED := $(HAS)
endif
ifeq ($(and $(HAS),$(filter $(HAS),$(WANTED))),)
.PHONY: $(READY)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help setup train test report conditional benchmark ray docs notebooks features faults mutants audit lint format types ci clean

help: ## print this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# pip compiles in one process, compileall in several; the templates among the files are no Python.
$(READY): requirements.txt requirements-hashed.txt requirements-no-deps.txt constraints-build.txt pyproject.toml
	@found=$$($(PYTHON) -c '$(VERSION)' 2>/dev/null || echo none); \
	case " $(VERSIONS) " in *" $$found "*) ;; *) \
	  echo "error: PYTHON: must be one of Python $(VERSIONS), $(PYTHON) is $$found;" \
	    "make setup PYTHON=python3.11" >&2; exit 2;; esac; \
	rm -f $(READY); \
	test "$$($(BIN)/python -c '$(VERSION)' 2>/dev/null)" = "$$found" || rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "error: $(PYTHON) -m venv failed, see above; it may need the package python3-venv" >&2; exit 2; }
	PIP_CONSTRAINT=constraints-build.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements-no-deps.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -qq -j $(JOBS) $(VENV)/lib || true
	@touch $(READY)

setup: $(READY) ## create .venv and install everything pinned

train: $(READY) ## train the quantum model on MNIST
	$(BIN)/python train.py model=quantum

test: $(READY) ## run the test suite, in JOBS processes
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

report: $(READY) ## train the models (finished runs are skipped) and write the comparison
	@for seed in $(SEEDS); do \
	  $(BIN)/python train.py model=quantum seed=$$seed run.skip_finished=true || exit $$?; \
	  $(BIN)/python train.py model=quantum loss=mmd_transport seed=$$seed run.skip_finished=true \
	    autoencoder=runs/quantum-mnist-seed$$seed run.name=quantum-mmd-mnist-seed$$seed || exit $$?; \
	  $(BIN)/python train.py model=classical seed=$$seed run.skip_finished=true || exit $$?; \
	done
	$(BIN)/python -m latentq.report runs

conditional: report ## the same for the models that are given the class; the quantum one keeps its autoencoder
	@for seed in $(SEEDS); do \
	  $(BIN)/python train.py model=quantum model.conditional=true seed=$$seed run.skip_finished=true \
	    autoencoder=runs/quantum-mnist-seed$$seed || exit $$?; \
	  $(BIN)/python train.py model=classical model.conditional=true seed=$$seed run.skip_finished=true \
	    || exit $$?; \
	done
	$(BIN)/python -m latentq.report runs

benchmark: $(READY) ## time this engine against other simulators, which it installs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-peers.txt
	$(BIN)/python -W ignore -m benchmarks suite=all

ray: $(READY) ## install Ray and test the study on a cluster of two nodes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-ray.txt
	$(BIN)/python -m pytest tests/test_study_cluster.py

docs: $(READY) ## install Sphinx, build the documentation strictly, and check its links
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	$(BIN)/python -m sphinx -W --keep-going --quiet -c docs . docs/_build/html
	$(BIN)/python -m pytest --quiet tests/test_site.py

notebooks: $(READY) ## run the tutorials in docs/tutorials anew, and keep their outputs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-notebooks.txt
	$(BIN)/python -m tutorials

features: $(READY) ## train the digit classifier behind fid
	$(BIN)/python train.py model=features

faults: $(READY) ## fuzz everything that reads from outside, and kill runs at random moments
	$(BIN)/python -m tests.faults

mutants: $(READY) ## plant faults, one at a time, and see whether a test fails; ONLY=words WORKERS=2
	$(BIN)/python -m tests.mutants workers=$(WORKERS) only="$(ONLY)" out=docs/mutants.md

audit: $(READY) ## install pip-audit, and ask it for advisories on what is pinned
	.ci/audit $(BIN)/python

lint: $(READY) ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ci: test lint ## what continuous integration runs

clean: ## remove caches, not runs
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info build docs/_build docs/reference/rooms
	find . -name __pycache__ -not -path './$(VENV)/*' -exec rm -rf {} +
