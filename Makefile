# Everything the project does, one word each. `make help` lists the words.
PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
DATA ?= synthetic
PRESET ?= tiny
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Notebooks run in their own folder, so the data folder has to be absolute.
ifdef D3T_DATA
override D3T_DATA := $(abspath $(D3T_DATA))
export D3T_DATA
endif
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup test house wheel notebooks pytest tables bench docs readme clean
.NOTPARALLEL:
say = @printf '\n\033[1m==> %s\033[0m\n'

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20
	@printf '\n  Options: DATA=%s PRESET=%s PYTHON=%s JOBS=%s D3T_DATA=%s\n' '$(DATA)' '$(PRESET)' '$(PYTHON)' '$(JOBS)' '$(or $(D3T_DATA),~/.d3t_nb/data)'

setup: $(READY) ## make .venv and install the package for development

$(READY): settings.ini setup.py constraints.txt
	$(say) 'Making $(VENV) and installing d3t_nb[dev] (once; about 6 GB with the GPU libraries of torch)'
	@$(PYTHON) tools/make_venv.py $(VENV)
	time $(BIN)/python -m pip install --quiet --progress-bar off -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip check
	touch $@

test: house wheel notebooks pytest ## what has to pass before a change goes in: modules in sync, notebooks clean, wheel, nbdev_test, pytest

house: $(READY) ## modules in sync with the notebooks, notebooks and README clean, links and import order (seconds)
	$(say) 'The house: modules in sync, notebooks clean, README in sync, links resolve'
	$(BIN)/python -m pytest -q tests/test_house.py

wheel: $(READY) ## the built wheel beside the newest fastai and fastcore, in a bare environment
	$(say) 'The wheel: installed beside the newest fastai and fastcore, one forward pass'
	time $(BIN)/python tools/try_wheel.py

notebooks: $(READY) ## run every notebook as a test
	$(say) 'The notebooks: nbdev_test'
	time OMP_NUM_THREADS=1 timeout -k 10 $(or $(NB_TIMEOUT),600) $(BIN)/nbdev_test --n_workers $(JOBS) --do_print --timing

pytest: $(READY) ## the tests under tests/
	$(say) 'The tests: pytest'
	OMP_NUM_THREADS=$(JOBS) $(BIN)/python -m pytest tests

tables: $(READY) ## train what tables 4 and 5 compare and print both (DATA=synthetic PRESET=tiny)
	$(BIN)/d3t_tables --data $(DATA) --preset $(PRESET)

bench: $(READY) ## speed and memory against the naive versions
	$(BIN)/d3t_bench

readme: $(READY) ## README.md from nbs/index.ipynb
	$(BIN)/python tools/readme.py

docs: $(READY) ## the site in _docs (needs Quarto: https://quarto.org)
	@command -v quarto >/dev/null || { echo 'make docs needs Quarto: https://quarto.org/docs/get-started'; exit 2; }
	$(BIN)/nbdev_docs
	$(BIN)/python tools/readme.py

clean: ## remove what can be made again; results/ stays
	rm -rf build dist _docs _proc *.egg-info .pytest_cache $(VENV) .venv-wheel
