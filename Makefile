# Foretune: `make demo` shows it, `make test` proves it, `make install` only installs.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STORY  ?= handbook
MODEL  ?= smollm2-135m
DEMO   := demo/$(STORY)-$(MODEL)
FORETUNE := $(abspath $(BIN))/foretune

.PHONY: install demo test lint lock clean
.DELETE_ON_ERROR:

install: $(STAMP)

# torch's file differs between machines (CPU, CUDA, ROCm), so it carries no hash and is a step of its own,
# which also brings the libraries that a GPU build wants; all else it needs is in the lock file.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Foretune needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) install --quiet torch==2.13.0
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/foretune models get all-minilm-l6-v2 smollm2-135m rampart
	touch $@

demo: install
	@test -d examples/$(STORY) || { echo "There is no example called $(STORY): STORY can be handbook or voice."; exit 2; }
	$(FORETUNE) models get $(MODEL)
	test -f $(DEMO)/foretune.toml || $(FORETUNE) new $(DEMO) --from examples/$(STORY)/plan.toml --set engine.model=$(MODEL)
	test ! -f examples/$(STORY)/questions.csv || cp examples/$(STORY)/questions.csv $(DEMO)/questions.csv
	$(FORETUNE) -C $(DEMO) add $(abspath examples/$(STORY)/documents)
	$(FORETUNE) -C $(DEMO) run
	@echo "This was the small version: thirty pairs, a pilot of ten, the model $(MODEL)."
	@echo "For the full one: set pairs.limit = 0 and tuning.run = \"full\" in $(DEMO)/foretune.toml,"
	@echo "and run: $(BIN)/foretune -C $(DEMO) run"

test: install
	$(BIN)/lint-imports --no-cache
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: install
	$(BIN)/lint-imports --no-cache
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) demo
