# Two commands do all: `make train` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

# Without compiled bytecode every import costs about twice as much.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install train life test check format lock clean

$(VENV)/.installed: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check "uv==$$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.lock)"
	VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet --no-deps --require-hashes --compile-bytecode -r requirements.lock
	@touch $@

install: $(VENV)/.installed  ## everything the lock file pins, into .venv

life: install  ## a whole year of flights in minutes: served, watched, retrained, and what that was worth
	$(RUN) -m benchmarks.life

train: install  ## train the built-in flights project on its real rows
	$(RUN) run.py --pipeline training --project flights --stack local

test: install  ## all tests, doctests among them
	$(RUN) -m pytest -n 2 --dist loadgroup -q

check: install  ## what a change must pass: form, types, import contracts, tests
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(MAKE) test

format: install  ## bring the code into its form
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

PIN := $(VENV)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
LEFT_OUT = $$(sed -n 's/^\# without \([a-z-]*\):.*/--no-emit-package \1/p' service/requirements.in)

lock: install  ## pin anew what pyproject.toml and the serving image ask for, without any index address
	$(PIN) --group dev pyproject.toml -o requirements.lock
	$(PIN) --constraint requirements.lock $(LEFT_OUT) service/requirements.in -o service/requirements.lock

clean:  ## forget all local state, the environment excepted
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
