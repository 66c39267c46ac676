# Everything one does with this project. Each target makes .venv when it is missing and installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ELMAN_RUN ?= runs/demo

.PHONY: help demo test test-cuda lint types docs bench recipes sanitize clean

help:
	@echo "make demo    train the embedded example in about a quarter of a minute: sentences of Elman's (1991) grammar"
	@echo "make test    run all tests, with the examples of the README, the docs and the docstrings"
	@echo "make test-cuda  run the tests that need a CUDA device"
	@echo "make lint    check the style (ruff)"
	@echo "make types   check the types (pyright)"
	@echo "make docs    build the manual into docs/_build/html"
	@echo "make bench   measure speed and how far cells remember, write benchmarks/results/"
	@echo "make recipes train the movie-review recipes over three seeds (REVIEWS=folder), write benchmarks/results/"
	@echo "make sanitize run the native tests with the address and undefined-behaviour sanitizers"
	@echo "make clean   remove .venv and what was built"

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

NATIVE := CMakeLists.txt $(wildcard src/elman/native/cpp/*)

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt $(NATIVE)
	$(PIP) --editable '.[plot]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt $(NATIVE)
	$(PIP) --editable '.[dev]'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/elman demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses 2

test-cuda: $(VENV)/.dev
	ELMAN_TEST_CUDA=1 $(BIN)/python -m pytest tests/run/test_cudnn.py tests/tasks/test_on_cuda.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/basedpyright

docs: $(VENV)/.dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.layers
	$(BIN)/python -m benchmarks.drop_in
	$(BIN)/python -m benchmarks.feedback
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.translate
	$(BIN)/python -m benchmarks.memory

recipes: $(VENV)/.dev
	$(BIN)/python -m benchmarks.reviews $(REVIEWS)

# A second environment without the editable elman: the packages of the first, and elman built with the sanitizers.
SANITIZED := build/sanitize
sanitize: $(VENV)/.dev
	rm -rf $(SANITIZED)
	$(PIP) --no-deps --target $(SANITIZED)/elman --config-settings=cmake.define.ELMAN_SANITIZE=ON .
	$(PYTHON) -m venv --without-pip $(SANITIZED)/venv
	$(BIN)/python -c "import os, sysconfig as s; print(os.path.abspath('$(SANITIZED)/elman')); print(s.get_path('purelib'))" \
	    > $$(echo $(SANITIZED)/venv/lib/python*/site-packages)/paths.pth
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
	    ASAN_OPTIONS=detect_leaks=0 $(SANITIZED)/venv/bin/python -m pytest tests/native -p no:xdist -p no:cacheprovider --timeout=0

clean:
	rm -rf $(VENV) build docs/_build .pytest_cache .ruff_cache .hypothesis
