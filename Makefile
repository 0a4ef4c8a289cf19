# The commands of this project; each makes the environment first when it is absent or out of date.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export PATH := $(CURDIR)/$(BIN):$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.DEFAULT_GOAL := help
.PHONY: help environment spark run test test-slow test-spark test-all check format lock docs results clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

environment: $(READY)  ## make .venv with every package at its locked version

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "unpump needs Python 3.11, 3.12 or 3.13 with venv; install one, or name it: make PYTHON=/path/to/python" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

spark: $(READY) $(VENV)/spark  ## add pyspark and a Java for `--engine spark` (640 MB)

$(VENV)/spark: requirements-spark.lock $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@touch $(VENV)/spark

run: $(READY)  ## train on the embedded default: prepare to register, through DVC
	dvc repro
	@unpump summary

test: $(READY)  ## the tests that take seconds
	pytest -n 2 -m "not slow"

test-slow: $(READY)  ## jobs killed and disks filled, damaged files, whole towns, minutes
	pytest -n 2 -m slow --ignore-glob='*/test_spark*' --ignore=tests/pipeline/test_serving.py

test-spark: spark  ## features, scores and audits on DuckDB and on Spark, minutes
	pytest -n 0 -rs tests/pipeline/test_spark*.py tests/pipeline/test_serving.py

test-all: $(READY)  ## every test
	pytest -n 2

check: $(READY)  ## style, types and generated files
	ruff check .
	ruff format --check .
	mypy

format: $(READY)  ## put the code into its style
	ruff check --fix .
	ruff format .

lock: $(READY)  ## resolve the dependencies again
	uv pip compile pyproject.toml --extra dev --extra benchmarks --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --extra postgres -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o deploy/requirements.lock
	python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['spark'], sep='\n')" \
	| uv pip compile - -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-spark.lock

docs: $(READY)  ## print the generated pages and dvc.yaml again
	python -m pipeline.docs

results: $(READY)  ## measure docs/results.md again (needs the real data: DATA=folder)
	python -m benchmarks.results $(if $(DATA),--data $(DATA))

clean:  ## remove what runs and tests leave behind, but not the environment
	rm -rf data/tables data/*.parquet data/references artifacts out mlflow.db mlartifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
