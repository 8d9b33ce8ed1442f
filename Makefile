# Two commands do everything: `make find DIR=path/to/photos` and `make test`. The rest is for people who work on lookalike.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUILT_FROM := pyproject.toml CMakeLists.txt $(wildcard native/*)

.PHONY: find test lint bench clean

find: $(VENV)/.installed
ifdef DIR
	@dir="$(DIR)"; case "$$dir" in "~/"*) dir="$$HOME/$${dir#"~/"}";; esac; \
	  $(BIN)/lookalike find "$$dir" $(OPTIONS)
else
	@$(BIN)/python -c "import skimage" 2>/dev/null || $(BIN)/pip install --quiet ".[sample]"
	@$(BIN)/python examples/sample_set.py sample
	@$(BIN)/lookalike find sample $(OPTIONS)
endif

test: $(VENV)/.test
	$(BIN)/python -m pytest $(OPTIONS)

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/find.py $(OPTIONS)
	$(BIN)/python benchmarks/join.py
	$(BIN)/python benchmarks/hash.py
	$(BIN)/python benchmarks/fast.py --limit 100

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "lookalike needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: $(BUILT_FROM) | $(VENV)/bin/python
	@echo "Installing lookalike and building its kernels (a minute the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	@$(BIN)/pip install --quiet --disable-pip-version-check -e ".[test,lint]"
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	@$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

clean:
	rm -rf $(VENV) build sample
