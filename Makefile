# Two commands do everything on a machine with git, make, python3 >= 3.11 and a package index:
#   make demo    environment, synthetic province, run; says which page to open
#   make test    environment, every check

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
AWARDS ?= 20000
SEED ?= 0
OUT ?= out/demo
WORKERS ?= 2
# Labelled tenders, which are not part of the repository: make collusion COLLUSION=FOLDER
COLLUSION ?=
# Where the program to compare with is built, from its source package on PyPI.
CARDINAL ?= $(HOME)/.cache/graphgov-bench/ocdscardinal-0.0.8

.DEFAULT_GOAL := help
.PHONY: help env demo test lint docs bench cardinal collusion session lock neo4j clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo "make lint    format, style, types, import layers"
	@echo "make docs    write what is generated: README tables, command reference"
	@echo "make bench   seconds and memory at 10 k, 100 k and 1 M awards, how well detection holds up,"
	@echo "             and beside ocdscardinal and Neo4j where that is on the PATH (takes hours;"
	@echo "             needs 12 GB of disk); fails where detection is worse than as committed"
	@echo "make collusion  the study of labelled tenders in COLLUSION (tenders.csv, bids.csv)"
	@echo "make session run the session of README anew, with the figures measured last"
	@echo "make neo4j   a Neo4j server until Ctrl-C, data in .neo4j/ (needs Java 17 and Maven)"
	@echo "make lock    pin the newest versions that pyproject.toml allows"

env: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "GraphGov needs Python 3.11 or later. Set PYTHON=/path/to/python3."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,notebooks]'
	@touch $(READY)

demo: $(READY)
	$(BIN)/graphgov demo -o $(OUT) --awards $(AWARDS) --seed $(SEED)

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python docs/generate.py

bench: $(READY)
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python benchmarks/detection.py
	-@$(MAKE) --no-print-directory cardinal
	PATH="$(CARDINAL)/target/release:$$PATH" $(BIN)/python benchmarks/cardinal.py
	$(BIN)/python benchmarks/neo4j_store.py

cardinal: $(CARDINAL)/target/release/ocdscardinal

$(CARDINAL)/target/release/ocdscardinal: | $(READY)
	@command -v cargo >/dev/null || { echo "ocdscardinal is written in Rust: install cargo."; exit 1; }
	mkdir -p $(CARDINAL)
	$(BIN)/python -m pip download --quiet --no-deps --no-binary ocdscardinal -d $(CARDINAL) ocdscardinal==0.0.8
	tar -xzf $(CARDINAL)/ocdscardinal-0.0.8.tar.gz -C $(CARDINAL) --strip-components 1
	rm -f $(CARDINAL)/rust-toolchain.toml
	cd $(CARDINAL) && RUSTC_BOOTSTRAP=1 cargo build --release

collusion: $(READY)
	@test -n "$(COLLUSION)" || { echo "Say where the labelled tenders are: make collusion COLLUSION=FOLDER"; exit 1; }
	$(BIN)/python benchmarks/collusion.py $(COLLUSION)

session: $(READY)
	$(BIN)/python docs/generate.py --session

lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--no-annotate --no-header --quiet --upgrade -o constraints.txt

neo4j:
	@$(PYTHON) tests/servers/neo4j_server.py

clean:
	rm -rf $(VENV) dist out .mypy_cache .ruff_cache .pytest_cache
