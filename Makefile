# One command a task.  `make lab` and `make test` do all of their set-up.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PY := $(BIN)/python
# Each of these files says that the packages for its commands are there.
LAB := .venv/lab
TEST := .venv/test
LOWEST := $(subst .venv,build/lowest,$(PY))

# JupyterLab refuses to run as root, as in a container, unless it is told to.
ROOT := $(shell test "$$(id -u 2>/dev/null)" = 0 && echo --allow-root)
FIRST := notebooks/01_one_hot_encoding.ipynb

PYTEST := $(PY) -m pytest -n 2 --dist loadgroup

.PHONY: lab test test-book test-long test-lowest lint course filled notebooks grids sync models bench \
  bench-docs site slides pdf browser book clean help

help:
	@echo "make lab        set up, and open JupyterLab on the first notebook"
	@echo "make test       set up, and run the whole suite: style, package, notebooks, browser"
	@echo "make test-book  only the tests that need the book, which CHARRNN_TEXT names"
	@echo "make test-long  the heavy tests: minutes rather than seconds"
	@echo "make test-lowest  the package's tests with the lowest versions that pyproject.toml allows"
	@echo "make course     execute every notebook into build/ and print a table"
	@echo "make filled     the same with all model answers filled in, in strict mode"
	@echo "make notebooks  execute every notebook in place"
	@echo "make sync       copy changed definitions from the package into the notebooks"
	@echo "make grids      draw the demos beforehand, for the online edition, into web/grids"
	@echo "make models     train the course's models and measure its records anew, into build/models/"
	@echo "make bench      measure speed beside D2L's code and nn.RNN (ONLY=step: one part)"
	@echo "make site       build the online edition into build/site"
	@echo "make slides     build a deck of slides from each notebook into build/slides"
	@echo "make pdf        print each notebook as a PDF file into build/paper"
	@echo "make browser    install a Chromium for the tests"
	@echo "make book       download the book into build/book"
	@echo "make clean      remove what these commands made"

# No question about news: the first page that opens is the first notebook.
lab: $(LAB)
	$(PY) -m jupyterlab $(ROOT) --LabApp.news_url=None --LabApp.default_url=/lab/tree/$(FIRST)

test: $(TEST) lint
	$(PYTEST) -m "not long"

test-book: $(TEST)
	$(PYTEST) -m "book and not long"

test-long: $(TEST)
	$(PY) -m pytest -m long

# On Python 3.10, or the oldest that those versions were made for: make test-lowest PYTHON=...
test-lowest:
	$(PYTHON) -m venv build/lowest
	$(LOWEST) -m pip install --disable-pip-version-check --quiet uv
	$(LOWEST) -m uv pip compile --quiet --resolution lowest-direct --extra lab --extra test \
	  --output-file build/lowest.txt pyproject.toml
	$(LOWEST) -m pip install --disable-pip-version-check --quiet -r build/lowest.txt --editable .
	$(LOWEST) -m pytest -n 2 --dist loadgroup -m "not long and not browser"

TAUGHT = $(patsubst %,charrnn_helpers/%.py,text data model counting training sampling bptt reading)

lint: $(TEST)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m ruff check --line-length 80 $(TAUGHT)
	$(PY) -m ruff format --check --line-length 80 $(TAUGHT)

course: $(TEST)
	$(PY) -m tools.course build

filled: $(TEST)
	$(PY) -m tools.course build/filled --filled

notebooks: $(TEST)
	$(PY) -m tools.course --inplace

grids: $(TEST)
	$(PY) -m tools.grids

sync: $(TEST)
	$(PY) -m tools.sync

models: $(TEST)
	$(PY) -m tools.models
	$(PY) -m tools.records

bench: $(TEST)
	$(PY) -m benchmarks $(if $(ONLY),--only $(ONLY))

bench-docs: $(TEST)
	$(PY) -m benchmarks $(if $(ONLY),--only $(ONLY)) --publish

site: $(TEST)
	$(PY) -m web.site

slides: $(TEST)
	$(PY) -m web.slides

pdf: $(TEST)
	$(PY) -m web.paper

browser: $(TEST)
	$(PY) -m playwright install --with-deps chromium

book: $(TEST)
	$(PY) -m charrnn_helpers fetch --to build/book

clean:
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis *.egg-info

# A folder that was moved or copied is set up anew: its .venv points to the old place.
ifneq ($(shell cat $(LAB) 2>/dev/null),$(CURDIR))
.PHONY: $(LAB)
endif
ifneq ($(shell cat $(TEST) 2>/dev/null),$(CURDIR))
.PHONY: $(TEST)
endif

$(LAB): EXTRAS := lab
$(TEST): EXTRAS := lab,test
$(LAB) $(TEST): pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10))" || \
	  { echo "Python 3.10 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv with the packages for: $(EXTRAS).  This happens once, and takes some"
	@echo "minutes: PyTorch alone has 200 MB or, with the libraries for GPUs, several gigabytes."
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --disable-pip-version-check --editable ".[$(EXTRAS)]"
	@echo "$(CURDIR)" | tee $(LAB) > $@
	@echo "Set up.  From now on, no network is needed."
