# The same commands for people and CI.  Each does what it needs first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PHOTO := examples/picosdeeuropa-gray.jpg
RESULT := out/picosdeeuropa.jpg

.PHONY: setup colorize test test-fast lint editors-folder editors-test bench plugins translations release-check clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14) and "Handtint needs Python 3.11 to 3.14; this is " + sys.version.split()[0] + ". Set PYTHON=...")'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

colorize: setup
	@$(BIN)/handtint colorize $(PHOTO) -o $(RESULT) --overwrite
	@echo "Black and white: $(PHOTO)   in colour: $(RESULT)"

# Tests compute on one thread; OpenBLAS's own would only wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

test: setup
	@$(BIN)/python -m pytest -m 'not gimp and not krita'

# Without what takes long: for the minutes between two changes.
test-fast: setup
	@$(BIN)/python -m pytest -m 'not gimp and not krita and not slow'

# The plug-ins in the real GIMP and Krita, in a Debian folder that is made once (root,
# debootstrap; two to five minutes, 1.5 GB).  HANDTINT_SHOTS=FOLDER keeps the screenshots.
DEBIAN := /var/tmp/handtint-debian13
editors-folder:
	@command -v debootstrap >/dev/null || { apt-get -q update && apt-get -qy install debootstrap debian-archive-keyring; }
	@tests/support/debian_folder.sh $(DEBIAN) build

editors-test: setup editors-folder
	@HANDTINT_DEBIAN=$(DEBIAN) HANDTINT_NEED_EDITORS=1 $(BIN)/python -m pytest -m 'gimp or krita' tests/plugins

KODAK ?= ../shared/kodak
bench: setup
	@$(BIN)/python bench/edges.py $(KODAK)
	@$(BIN)/python bench/latency.py
	@$(BIN)/python bench/memory.py

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

plugins: setup
	@$(BIN)/python plugins/package.py

# Collects the sentences of the code into the catalogs and compiles them (CONTRIBUTING.md).
translations: setup
	@$(BIN)/python tests/support/translations.py

# What a user gets from the wheel, tried in an empty environment without any network (root, or
# user namespaces).  Leaves sdist and wheel in dist/.
release-check: setup
	@$(BIN)/python tests/support/release_check.py

clean:
	rm -rf build dist out .pytest_cache .mypy_cache .ruff_cache
