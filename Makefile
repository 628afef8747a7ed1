# TourTrust. A machine with Python 3.11 or newer is enough: each target makes what it needs.
# make demo · up · test · test-full · check · bench · lock

PYTHON ?= python3
BIN := .venv/bin
TOOLS := .tools/bin
PACKAGES := libs/common gateway services/credit services/complaints services/contracts cli
SOURCES := $(addsuffix /src,$(PACKAGES))
PYPROJECTS := $(addsuffix /pyproject.toml,$(PACKAGES))
PIP_FLAGS := --quiet --disable-pip-version-check --no-input
DATABASES := gateway services/credit services/complaints services/contracts
# Else every process that a target starts would compile all sources anew.
unexport PYTHONDONTWRITEBYTECODE
empty :=
space := $(empty) $(empty)

.DEFAULT_GOAL := demo
.PHONY: install demo up test test-full check lint types architecture migrations openapi forms manifests bench lock clean

install: .venv/.installed

.venv/.installed: requirements.lock $(PYPROJECTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "TourTrust 需要 Python 3.11 或更新版本 / needs Python 3.11 or newer")'
	@echo "installing into .venv"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation $(addprefix -e ./,$(PACKAGES))
	@touch $@

.tools/.installed: tools/requirements.lock
	@echo "installing linters into .tools"
	@test -x $(TOOLS)/pip || $(PYTHON) -m venv .tools
	@$(TOOLS)/python -m pip install $(PIP_FLAGS) --require-hashes -r tools/requirements.lock
	@touch $@

# make demo stays up until Ctrl-C; make demo ONCE=1 plays the story once on a fresh folder and stops. PORT=9000 moves it.
demo: install
	@$(BIN)/tourtrust demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

up: install
	@$(BIN)/tourtrust up $(if $(PORT),--port $(PORT))

# A failed test is run once more; one that passes only then is listed as RERUN: a race to be found, not a broken build.
test: install
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --reruns 1 -m "not full"

test-full: install
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --reruns 1

check: lint types architecture migrations openapi forms manifests
	@echo "check: all passed"

lint: .tools/.installed
	@$(TOOLS)/ruff check .
	@$(TOOLS)/ruff format --check .

types: install .tools/.installed
	@$(TOOLS)/mypy --python-executable $(BIN)/python $(SOURCES) bench tools

architecture: install
	@PYTHONPATH=$(subst $(space),:,$(SOURCES)) $(BIN)/lint-imports

migrations: install
	@$(BIN)/python tools/migrations.py

openapi: install
	@$(BIN)/python tools/openapi.py --check

forms: install
	@$(BIN)/python tools/forms.py

manifests: install .tools/.installed
	@$(BIN)/python tools/manifests.py $(TOOLS)

bench: install
	@for name in startup outbox gateway rescore fact_to_score import; do $(BIN)/tourtrust bench $$name || exit 1; done

lock: .tools/.installed
	@tools/lock.sh $(TOOLS)/uv

clean:
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
