# Two commands do everything: `make repro` and `make test`. Each sets up what it needs.
PYTHONS := 3.13 3.12 3.11
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL ?= 3
export DVC_NO_ANALYTICS := 1

.PHONY: repro test demo setup repository check translations serve clean pins
.DEFAULT_GOAL := repro

repro: repository setup  ## collect, train, evaluate and report everything that has changed
	@python -m pipelines runs
	@python -m flows run
	@echo "The report is ready: $(CURDIR)/reports/index.html"

# A process more than there are cores: those that test flows mostly wait.
test: repository setup  ## every test: units, the graph in the tiny profile, the pages in Chromium
	@pytest --numprocesses $$(python -c "import os; print(min(4, os.cpu_count()) + 1)") --dist loadgroup

demo: repository setup  ## every task to its complete pages with one seed and few models, for a first look; in build/demo
	@git rev-parse --quiet --verify HEAD >/dev/null || { echo "make demo works in a clone of this folder, which has no commit yet:" \
		"git add --all && git commit --message Start" >&2; exit 1; }
	@rm -rf build/demo && git clone --quiet . build/demo
	@cd build/demo && python -m pipelines profile quick && python -m flows run
	@echo "The report is ready: $(CURDIR)/build/demo/reports/index.html"

setup: .venv/ready $(BIN)/gatehouse $(BIN)/dvc  ## the environment, from the pins, with the newest supported Python; PYTHON=… names another
	@test -z "$(PYTHON)" || test "$$("$(PYTHON)" --version 2>&1)" = "$$($(BIN)/python --version)" || \
		echo "PYTHON=$(PYTHON) is not used: .venv exists and has $$($(BIN)/python --version); remove .venv to change that."

# What an interpreter says of itself: its version, or with exit status 1 why it cannot make the environment. Old Pythons have to understand it
# too. (Debian keeps ensurepip in a package of its own. On Linux all pins but tinysoundfont's on 3.13 are wheels, or pure Python.)
define USABLE
import sys
version = "%d.%d" % sys.version_info[:2]
if version not in "$(PYTHONS)".split():
    sys.exit("Python %s is none of $(PYTHONS)" % version)
import shutil
try:
    import ensurepip, venv
except ImportError:
    sys.exit("it has no modules ensurepip and venv; Debian: apt-get install python%s-venv" % version)
if version == "3.13" and not any(map(shutil.which, ["c++", "g++", "clang++"])):
    sys.exit("there is no C++ compiler, which tinysoundfont needs on Python 3.13; Debian: apt-get install g++")
print(sys.version.split()[0])
endef
export USABLE

# Each candidate is run, for a command may be there and not work: pyenv has one for every Python, enabled or not. Packages are installed
# without their dependencies, for the pins name every one but three: docopt, which only the command of num2words needs, pyaudio, which only
# the player of tinysoundfont needs, and matplotlib, which only the drawings of music21 need (and with which shap takes a second longer to
# import).
.venv/ready: requirements.txt
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { rm -rf .venv; \
		for python in $(if $(PYTHON),"$(PYTHON)",$(PYTHONS:%=python%)); do \
			said=$$("$$python" -c "$$USABLE" 2>&1) && break; \
			refused="$$refused $$python ($$(echo "$$said" | head -n 1));"; python=; \
		done; \
		test -n "$$python" || { echo "No usable Python:$$refused" \
			"install 3.11, 3.12 or 3.13 (Debian: apt-get install python3-venv), or name one: make PYTHON=/path/to/python" >&2; exit 1; }; \
		echo "Setting up .venv with $$python, which is Python $$said"; "$$python" -m venv .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.txt
	@touch $@

# A launcher instead of the entry point of an installed package: it runs the checkout that it is called in, as `python -m` does in the stages.
# An installed package would always be the checkout that it was installed from, in a copy of the project too.
$(BIN)/gatehouse: .venv/ready
	@printf '%s\n' '#!/bin/sh' \
		'test -d gatehouse || { echo "error: the current folder has no package gatehouse: go to the root of a checkout" >&2; exit 1; }' \
		'exec "$$(dirname "$$(readlink -f "$$0")")/python" -m gatehouse "$$@"' >$@
	@chmod +x $@

# DVC runs a stage as `python -m pipelines`, with the first Python in PATH, after it has removed the stage's outputs. This launcher, instead of
# that of the package, puts this environment first, activated or not.
$(BIN)/dvc: .venv/ready
	@printf '%s\n' '#!/bin/sh' \
		'bin=$$(dirname "$$(readlink -f "$$0")")' \
		'PATH=$$bin:$$PATH exec "$$bin/python" -P -m dvc "$$@"' >$@
	@chmod +x $@

# A downloaded archive has no .git, without which DVC refuses every command.
repository:
	@git rev-parse --git-dir >/dev/null 2>&1 || { echo "This folder is no Git repository, which DVC and the tests need." \
		"Here, git init makes it one; a clone is one already. (Debian: apt-get install git)" >&2; exit 1; }

check: setup        ## style and types, as CI runs them
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports

translations: setup ## the reports' other languages: takes new sentences of the code into their catalogues, and gone ones out
	@python -m pipelines.report.extraction

serve: setup        ## the report on http://127.0.0.1:8000
	@python -m pipelines serve

clean:              ## everything that can be made again, the environment included
	rm -rf .venv .work build reports artifacts data/raw data/prepared data/validated .pytest_cache .mypy_cache .ruff_cache .hypothesis

pins: setup         ## requirements.in -> requirements.txt: the same versions for every Python and platform
	@python -m pip install --quiet uv
	@printf '%s; sys_platform == "never"\n' docopt matplotlib pyaudio | uv pip compile --quiet --universal --python-version 3.11 \
		--fork-strategy fewest --no-emit-index-url --no-header --override - requirements.in --output-file requirements.txt
