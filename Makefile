# One command a task.  `make lab` and `make test` do all of their set-up.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PY := $(BIN)/python
READY := .venv/ready
LOWEST := $(subst .venv,build/lowest,$(PY))

# JupyterLab refuses to run as root, as in a container, unless it is told to.
ROOT := $(shell test "$$(id -u 2>/dev/null)" = 0 && echo --allow-root)
FIRST := notebooks/01_one_hot_encoding.ipynb

.PHONY: lab test test-long test-lowest lint course filled notebooks models bench bench-docs site slides pdf clean help

help:
	@echo "make lab        set up, and open JupyterLab on the first notebook"
	@echo "make test       set up, and run the whole suite: style, package, notebooks, browser"
	@echo "make test-long  the heavy tests: minutes rather than seconds"
	@echo "make test-lowest  the package's tests with the lowest versions that pyproject.toml allows"
	@echo "make course     execute every notebook into build/ and print a table"
	@echo "make filled     the same with all model answers filled in, in strict mode"
	@echo "make notebooks  execute every notebook in place"
	@echo "make models     train the course's models anew, into build/models/"
	@echo "make bench      measure speed beside D2L's code and nn.RNN (ONLY=step: one part)"
	@echo "make site       build the online edition into build/site"
	@echo "make slides     build a deck of slides from each notebook into build/slides"
	@echo "make pdf        print each notebook as a PDF file into build/paper"
	@echo "make clean      remove what these commands made"

lab: $(READY)
	$(PY) -m jupyterlab $(ROOT) --LabApp.default_url=/lab/tree/$(FIRST)

test: $(READY) lint
	$(PY) -m pytest -n 2 --dist worksteal -m "not long and not browser"
	$(PY) -m pytest -m "browser and not long"

test-long: $(READY)
	$(PY) -m pytest -m long

# On Python 3.10, or the oldest that those versions were made for: make test-lowest PYTHON=...
test-lowest:
	$(PYTHON) -m venv build/lowest
	$(LOWEST) -m pip install --disable-pip-version-check --quiet uv
	$(LOWEST) -m uv pip compile --quiet --resolution lowest-direct --extra test \
	  --output-file build/lowest.txt pyproject.toml
	$(LOWEST) -m pip install --disable-pip-version-check --quiet -r build/lowest.txt --editable .
	$(LOWEST) -m pytest -n 2 --dist worksteal -m "not long and not browser"

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

course: $(READY)
	$(PY) -m tests.course build

filled: $(READY)
	$(PY) -m tests.course build/filled --filled

notebooks: $(READY)
	$(PY) -m tests.course --inplace

models: $(READY)
	$(PY) -m charrnn_helpers.models

bench: $(READY)
	$(PY) -m benchmarks $(if $(ONLY),--only $(ONLY))

bench-docs: $(READY)
	$(PY) -m benchmarks $(if $(ONLY),--only $(ONLY)) --publish

site: $(READY)
	$(PY) -m web.build

slides: $(READY)
	$(PY) -m web.slides

pdf: $(READY)
	$(PY) -m web.paper

clean:
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis *.egg-info

# A folder that was moved or copied is set up anew: its .venv points to the old place.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

$(READY): pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10))" || \
	  { echo "Python 3.10 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --disable-pip-version-check --quiet --editable ".[test]"
	@echo "$(CURDIR)" > $(READY)
