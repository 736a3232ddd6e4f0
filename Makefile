# Everything a user or developer runs. `make serve` and `make test` work on a machine with Python 3.11, git and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
BENCH_VENV ?= .bench-venv
DATA = ../shared/data
FIGURES = docs/figures
SHELL = bash
.SHELLFLAGS = -o pipefail -c
SOURCES = model training service tests docs
TRAINED_ON = $(addprefix $(DATA)/,train.jsonl.gz stream-train.jsonl.gz train-articles.jsonl.gz train-hard.jsonl.gz \
	train-hard-articles.jsonl.gz articles-rest.jsonl.gz) seeds/contrasts.jsonl seeds/terms.jsonl
.PHONY: serve test test-all check bench pretrained format reference docs clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --editable ".[train,parquet]" --group dev
	touch $@

# The browser of the browser tests: Debian's, where root can install it; anyone else reads in the tests what is missing.
$(VENV)/.chromium: $(VENV)/.installed
	command -v chromium || test "$$(id -u)" != 0 || ! command -v apt-get || \
		(apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium)
	touch $@

serve: $(VENV)/.installed
	$(BIN)/chude serve

test: $(VENV)/.chromium
	$(BIN)/pytest -n 3 --dist worksteal

# Also what takes minutes and rarely breaks: the refit of the shipped model, the wheel with downloaded libraries; and
# coverage, which makes each start of the program take half as long again.
test-all: $(VENV)/.chromium
	$(BIN)/pytest -n 3 --dist worksteal -m "" --cov --cov-report=term:skip-covered

check: $(VENV)/.installed
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

# Has a venv of its own, with the peers. fastText needs a C++ compiler; without it the others are measured.
$(BENCH_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --upgrade "pip>=25.1"
	$(BENCH_VENV)/bin/pip install --quiet --editable ".[train,parquet]" --group dev
	-$(BENCH_VENV)/bin/pip install --quiet --editable ".[peers]"
	-$(BENCH_VENV)/bin/pip install --quiet --editable ".[page-peers]"
	touch $@

bench: $(BENCH_VENV)/.installed
	$(BENCH_VENV)/bin/python tests/bench/bench_tagging.py report | tee $(FIGURES)/tagging.md
	$(BENCH_VENV)/bin/python tests/bench/bench_batch.py report | tee $(FIGURES)/batch.md
	PYTHONPATH=tests $(BENCH_VENV)/bin/python tests/bench/bench_service.py | tee $(FIGURES)/service.md
	$(BENCH_VENV)/bin/python tests/bench/bench_suggest.py report | tee $(FIGURES)/suggest.md
	PYTHONPATH=tests $(BENCH_VENV)/bin/python tests/bench/bench_pages.py | tee $(FIGURES)/pages.md

format: $(VENV)/.installed
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

# The parts of the documentation that follow from the code: `docs/generate/` says how.
reference: $(VENV)/.installed
	$(BIN)/cog -r -I docs -p "import cog, generate" README.md $$(grep -rl --include='*.md' '\[\[\[cog' docs)

# The documentation as a site that needs no network, at report/docs/index.html.
$(VENV)/.docs-installed: pyproject.toml $(VENV)/.installed
	$(BIN)/pip install --quiet --group docs
	touch $@

docs: $(VENV)/.docs-installed
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs report/docs

# Fit the shipped artifact, and write its figures beside those of other systems into the model card.
pretrained: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable ".[peers]"
	$(BIN)/chude train $(TRAINED_ON) --weight read:false=0.2 --weight terms.jsonl=0.2 --variants seeds/variants.toml \
		--topics seeds/topics.toml --stream $(DATA)/stream-train.jsonl.gz --stream $(DATA)/articles-rest.jsonl.gz -o model/pretrained
	$(BIN)/chude eval $(DATA)/dev.jsonl.gz --model model/pretrained $(addprefix --compare ,$(TRAINED_ON)) --topics seeds/topics.toml \
		--card model/pretrained/MODEL_CARD.md
	for natural in stream-dev articles-dev; do \
		$(BIN)/chude eval $(DATA)/$$natural.jsonl.gz --model model/pretrained \
			--card model/pretrained/MODEL_CARD.md --card-part $$natural || exit 1; done

clean:
	rm -rf $(VENV) $(BENCH_VENV) .ci-venv report .coverage .hypothesis .*_cache
