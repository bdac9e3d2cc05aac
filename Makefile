# Two commands do everything: `make repro` and `make test`. Each sets up what it needs.
PYTHON ?= python3.11
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL ?= 3
export DVC_NO_ANALYTICS := 1

.PHONY: repro test demo setup check serve clean pins
.DEFAULT_GOAL := repro

repro: setup        ## collect, train, evaluate and report everything that has changed
	@dvc repro --keep-going
	@echo "The report is ready: $(CURDIR)/reports/index.html"

test: setup         ## every test: units, the graph in the tiny profile, the pages in Chromium
	@pytest --numprocesses logical --maxprocesses 4 --dist loadgroup

demo: setup         ## time series to its report with one seed and three models, for a first look; in build/demo
	@rm -rf build/demo && git clone --quiet . build/demo
	@cd build/demo && dvc exp run --set-param 'timeseries.training.seeds=[1]' --set-param timeseries.training.epochs=12 \
		--set-param '~runs.timeseries-bilstm' --set-param '~runs.timeseries-gru_matched' report@timeseries
	@cd build/demo && python -m pipelines site

setup: .venv/ready  ## the environment, from the pins

# Without dependencies, for the pins name every one but two: pyaudio, which tinysoundfont asks for and only its player needs, and
# matplotlib, which music21 asks for and only its drawings need (and with which shap takes a second longer to import).
.venv/ready: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.txt
	@touch $@

check: setup        ## style and types, as CI runs them
	@ruff check .
	@ruff format --check .
	@mypy

serve: setup        ## the report on http://127.0.0.1:8000
	@python -m http.server --bind 127.0.0.1 --directory reports 8000

clean:              ## everything that can be made again, the environment included
	rm -rf .venv .work build reports artifacts data/raw data/prepared data/validated .pytest_cache .mypy_cache .ruff_cache

pins: setup         ## requirements.in -> requirements.txt, for every platform
	@python -m pip install --quiet uv
	@printf '%s; sys_platform == "never"\n' matplotlib pyaudio | uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header \
		--override - requirements.in --output-file requirements.txt
