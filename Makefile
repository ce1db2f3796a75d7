# Two commands: `make run` and `make test`. Everything they write is under var/.
SHELL := /bin/bash
VAR := $(abspath $(or $(HOTLINE_VAR),var))
BIN := $(VAR)/venv/bin
# A benchmark is a module that can be run; others in bench/ are what they share.
BENCHMARKS = $(patsubst bench/%.py,bench.%,$(shell grep -ls '^if __name__ == .__main__.' bench/[!_]*.py))

# Caches of the tools belong under var/ as well.
export PYTHONPYCACHEPREFIX := $(VAR)/cache/python
# Where the environment forbids that cache, each start of a service compiles everything anew: seconds, many at once a minute.
export PYTHONDONTWRITEBYTECODE :=
export RUFF_CACHE_DIR := $(VAR)/cache/ruff
export MYPY_CACHE_DIR := $(VAR)/cache/mypy
export HYPOTHESIS_STORAGE_DIRECTORY := $(VAR)/cache/hypothesis

.PHONY: help run test bench lint clean setup-run setup-test

help:
	@echo "make run    set up what is missing, then run Asterisk and the service here; Ctrl-C stops both"
	@echo "make test   set up what is missing, then every check and every test (PYTEST_ARGS='-k words' for some)"
	@echo "make bench  the benchmarks, as tables (BENCHMARKS=bench.agi for one)"
	@echo "make lint   ruff and mypy only"
	@echo "make clean  remove what set-up can make again; calls, recordings and passwords under var/ stay"

run: setup-run
	@exec $(BIN)/hotline run --with-asterisk

test: setup-test lint
	@HOTLINE_VAR=$(VAR) PYTEST_ARGS="$(PYTEST_ARGS)" tools/test

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup-test
	@for benchmark in $(BENCHMARKS); do echo "== $$benchmark"; $(BIN)/python -m $$benchmark || exit 1; done

setup-run setup-test: setup-%:
	@tools/setup/packages $*
	@tools/setup/python $*
	@tools/setup/asterisk

clean:
	rm -rf $(VAR)/venv $(VAR)/cache $(VAR)/lock-tool $(VAR)/asterisk-root $(VAR)/asterisk-staging $(VAR)/log/setup-*.log
