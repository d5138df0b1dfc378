# make demo | run | test | lint | bench: each sets up .venv first; a second call starts in seconds.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo run test lint bench lock clean
.DEFAULT_GOAL := demo

$(VENV)/.run: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $@

demo: $(VENV)/.run
	$(BIN)/duluan demo

run: $(VENV)/.run
	$(BIN)/duluan up

# What is killed and timed as a whole product runs alone; all else runs on every core, a file on one of them.
test: $(VENV)/.dev
	$(BIN)/pytest -m "not slow" --numprocesses auto --maxprocesses 4 --dist loadfile
	$(BIN)/pytest -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench

LOCK := uv pip compile pyproject.toml --extra build --extra postgresql --extra semantic --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --universal --python-version 3.11 --quiet

lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
