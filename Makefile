# make course   set up and open the course          make test   set up and run every test
# make gate     the author's proof                   make bench  how fast everything is, side by side in one run
#
# On Linux without a GPU, torch's CPU build saves several GB:
#   make course PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
PIP_FLAGS ?=
BIN := .venv/bin
READY := .venv/.ready

.PHONY: course test lint gate bench lock clean

course: $(READY)
	@$(BIN)/course site

# The environment is made anew only when the lock or the package's own description changed.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11")'
	@echo "Installing into .venv: about 2 GB, a few minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The order is the order of cost: what fails quickly fails first.
test: lint
	$(BIN)/pytest
	$(BIN)/pytest --doctest-modules course_utils app
	$(BIN)/pytest --subject solutions $(wildcard tests/ch[0-9]*)
	$(BIN)/course gate
	$(BIN)/course build --check --execute

gate: $(READY)
	$(BIN)/course gate

bench: $(READY)
	for file in bench/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

# For maintainers: write the versions of the present environment down. `+cpu` marks are dropped, so that one lock
# serves machines with and without a GPU.
lock: $(READY)
	@echo '# Exact versions of one environment in which every test passes. Made by `make lock`; ranges are in pyproject.toml.' > requirements.lock
	$(BIN)/python -m pip freeze --all --exclude-editable --exclude pip | sed 's/+cpu$$//' >> requirements.lock
	@touch $(READY)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
