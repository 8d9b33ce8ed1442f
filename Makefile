# Two commands do everything: `make find DIR=path/to/photos` and `make test`. The rest is for people who work on lookalike.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
COVERED := build/coverage
FIGURES := benchmarks/results/figures.json
BUILT_FROM := pyproject.toml CMakeLists.txt $(wildcard native/*)

.PHONY: find test test-spark lint docs fuzz bench bench-accuracy micro clean

find: $(VENV)/.installed
ifdef DIR
	@dir="$(DIR)"; case "$$dir" in "~/"*) dir="$$HOME/$${dir#"~/"}";; esac; \
	  $(BIN)/lookalike find "$$dir" $(OPTIONS)
else
	@$(BIN)/python -c "import skimage" 2>/dev/null || $(BIN)/pip install --quiet ".[sample]"
	@$(BIN)/python examples/sample_set.py sample
	@$(BIN)/lookalike find sample $(OPTIONS)
endif

# With COVERAGE=1 what no test ran is listed at the end, and too much of it fails.
PYTEST := $(BIN)/python -m$(if $(COVERAGE), coverage run -m) pytest
test: $(VENV)/.test
	@rm -rf $(COVERED)
	$(PYTEST) -n auto --dist worksteal --ignore tests/spark $(OPTIONS)
	@test -n "$(OPTIONS)" || $(MAKE) --no-print-directory test-spark
ifdef COVERAGE
	@$(BIN)/coverage combine --quiet 2>$(COVERED)/halves.log || true  # what is killed while it writes leaves half a file
	@$(BIN)/coverage report
endif

# One process has the Spark session of the tests; clusters that come to harm are started by another one meanwhile. Where there
# is no Java, both say so.
FAULTS := tests/spark/test_spark_faults.py
test-spark: $(VENV)/.test
	@$(PYTEST) $(FAULTS) $(OPTIONS) >$(VENV)/faults.log 2>&1 & faults=$$!; \
	  $(PYTEST) tests/spark --ignore $(FAULTS) $(OPTIONS); ended=$$?; \
	  wait $$faults; also=$$?; cat $(VENV)/faults.log; exit $$((ended + also))

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The pages as a site, and the manual page lookalike(1); a warning fails.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -q docs build/docs/html
	$(BIN)/sphinx-build -W --keep-going -q -b man docs build/docs/man

# All targets share the time; build/fuzz keeps what they found, and the next run goes on from there.
SECONDS ?= 60
fuzz: $(VENV)/.test
	@$(BIN)/pip install --quiet --disable-pip-version-check -e ".[fuzz]" || echo "No atheris here: inputs are mutated without a look at coverage"
	$(BIN)/python fuzz/run.py all $(SECONDS) build/fuzz

# The peers live in an environment of their own.
bench: $(BENCH)/.installed
	$(BENCH)/bin/python benchmarks/peers.py --json $(FIGURES) $(OPTIONS)
	$(BENCH)/bin/python benchmarks/join.py --json $(FIGURES)
	$(BENCH)/bin/python benchmarks/verify.py --json $(FIGURES)
	$(BENCH)/bin/python benchmarks/hash.py --json $(FIGURES)
	$(BENCH)/bin/python benchmarks/fast.py --limit 100
	$(BENCH)/bin/python benchmarks/growth.py --json $(FIGURES)
	$(BENCH)/bin/python benchmarks/plan.py --json $(FIGURES)
	$(BENCH)/bin/python benchmarks/removal.py --json $(FIGURES)
	$(BENCH)/bin/python benchmarks/review.py --json $(FIGURES)
	$(BENCH)/bin/python benchmarks/publish.py --json $(FIGURES)

# What is found, what is wrongly found, and how that compares with hashes alone; some ten minutes.
bench-accuracy: $(BENCH)/.installed
	cd benchmarks && ../$(BENCH)/bin/python -m accuracy --json results/accuracy.json $(OPTIONS)

# The first call keeps its figures; later ones fail where a kernel or a hash has become 20 % slower.
micro: $(VENV)/.test
	$(BIN)/python -m pytest benchmarks/micro -q --benchmark-storage=benchmarks/results/micro --benchmark-autosave \
	  $$(test -d benchmarks/results/micro && echo --benchmark-compare --benchmark-compare-fail=median:20%) $(OPTIONS)

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "lookalike needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: $(BUILT_FROM) | $(VENV)/bin/python
	@echo "Installing lookalike and building its kernels (a minute the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

# Older versions of pip give up on what the clients of buckets and their test server ask of each other.
$(VENV)/.test: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	@$(BIN)/pip install --quiet --disable-pip-version-check -e ".[test,lint]"
	@touch $@

$(VENV)/.docs: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -e ".[docs]"
	@touch $@

$(BENCH)/.installed: $(BUILT_FROM) benchmarks/peers.txt | $(VENV)/bin/python
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/pip install --quiet --disable-pip-version-check . -r benchmarks/peers.txt
	@touch $@

clean:
	rm -rf $(VENV) $(BENCH) build sample
